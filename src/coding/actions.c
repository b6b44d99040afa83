/* Actions, as SPAIC 0.6.3 names them, and the plain ones of reinforcement learning. */
#include "coding/actions.h"

#include <math.h>
#include <string.h>

/* ---- choosing ---- */

/* The highest, the lowest index among equals. */
static size_t highest(const double *scores, size_t choices) {
    size_t best = 0;
    for (size_t c = 1; c < choices; c++)
        if (scores[c] > scores[best]) best = c;
    return best;
}

static size_t choose_highest(const hb_action *a, const double *scores, size_t choices,
                             uint64_t draw, hb_stream *stream) {
    (void)a, (void)draw, (void)stream;
    return highest(scores, choices);
}

static size_t choose_any(const hb_action *a, const double *scores, size_t choices, uint64_t draw,
                         hb_stream *stream) {
    (void)a, (void)scores, (void)draw;
    return (size_t)hb_stream_below(stream, choices);
}

/* The choice in whose part of 0 .. total a point falls; weight(c) are not negative. */
static size_t share(const double *scores, size_t choices, double (*weight)(double, double, double),
                    double top, double scale, hb_stream *stream) {
    double total = 0, sum = 0;
    for (size_t c = 0; c < choices; c++) total += weight(scores[c], top, scale);
    if (!(total > 0)) return (size_t)hb_stream_below(stream, choices);
    double point = hb_stream_uniform(stream) * total;
    size_t last = 0;
    for (size_t c = 0; c < choices; c++) {
        double part = weight(scores[c], top, scale);
        if (part > 0) last = c;
        sum += part;
        if (part > 0 && point < sum) return c;
    }
    return last; /* rounding */
}
static double rate(double score, double top, double scale) {
    (void)top, (void)scale;
    return score > 0 ? score : 0;
}
static double boltzmann(double score, double top, double scale) {
    return exp((score - top) / scale);
}

static size_t choose_rate(const hb_action *a, const double *scores, size_t choices, uint64_t draw,
                          hb_stream *stream) {
    (void)a, (void)draw;
    return share(scores, choices, rate, 0, 1, stream);
}
static size_t choose_softmax(const hb_action *a, const double *scores, size_t choices,
                             uint64_t draw, hb_stream *stream) {
    (void)draw;
    return share(scores, choices, boltzmann, scores[highest(scores, choices)],
                 hb_args_num(&a->args, "temperature"), stream);
}

/* With probability eps_end + (eps_start - eps_end) exp(-draw / eps_decay) any choice. */
static size_t choose_greedy(const hb_action *a, const double *scores, size_t choices, uint64_t draw,
                            hb_stream *stream) {
    double start = hb_args_num(&a->args, "eps_start"), end = hb_args_num(&a->args, "eps_end");
    double epsilon = end + (start - end) * exp(-(double)draw / hb_args_num(&a->args, "eps_decay"));
    bool explores = hb_stream_uniform(stream) < epsilon;
    return explores ? (size_t)hb_stream_below(stream, choices) : highest(scores, choices);
}

/* ---- tables ---- */

#define POP                                                                                        \
    { "pop_size", HB_INT, "1", 1, 1, HB_INF, 0, "neurons in a row that stand for one choice" }
#define EPSILON(start, end, decay)                                                                 \
    {"eps_start", HB_NUM, "1", start, 0, 1, 0, "probability of any choice in draw 0"},             \
        {"eps_end", HB_NUM, "1", end, 0, 1, 0, "... and after many draws"}, {                      \
        "eps_decay", HB_NUM, "draw", decay, HB_POSITIVE,                                           \
            "draws in which the difference falls to 1/e"                                           \
    }
static const hb_param_info pop_params[] = {POP};
static const hb_param_info softmax_params[] = {
    POP,
    {"temperature", HB_NUM, "1", 1, HB_POSITIVE, "the higher, the more alike are all choices"},
};
static const hb_param_info greedy_params[] = {POP, EPSILON(0.1, 0.1, 200)};
static const hb_param_info voltage_params[] = {POP, EPSILON(0.9, 0.05, 200)};

#define SPAIC  "SPAIC 0.6.3, Neuron/Actions.py"
#define SUTTON "Sutton and Barto, Reinforcement Learning, 2nd ed. 2018, section 2"
#define ACTION(id, name_, aliases_, summary_, equation_, source_, params_, score_, choose_)        \
    static const hb_component id##_component = {"action",  name_,   aliases_, summary_,            \
                                                equation_, source_, params_,  HB_COUNT(params_)};  \
    static const hb_action_ops id = {&id##_component, score_, choose_}
ACTION(pop_rate, "pop_rate_action", "pop_rate", "chooses by the share of the spikes",
       "P(c) = count[c] / sum of all counts; any choice where nothing fired", SPAIC, pop_params,
       HB_SCORE_SUM, choose_rate);
ACTION(softmax, "softmax_action", "softmax|boltzmann", "chooses by the exponential of the spikes",
       "P(c) = exp(count[c] / temperature) / sum over all",
       SUTTON ".8; " SPAIC " (there over the batch)", softmax_params, HB_SCORE_SUM, choose_softmax);
ACTION(spikes, "highest_spikes_action", "highest_spikes|argmax|greedy",
       "chooses where most spikes are", "argmax over c of count[c], the lowest among equals", SPAIC,
       pop_params, HB_SCORE_SUM, choose_highest);
ACTION(greedy, "epsilon_greedy_action", "epsilon_greedy|eps_greedy",
       "chooses where most spikes are, and now and then anything",
       "with probability eps_end + (eps_start - eps_end) exp(-draw / eps_decay) any choice, else "
       "argmax over c of count[c]",
       SUTTON ".2", greedy_params, HB_SCORE_SUM, choose_greedy);
ACTION(voltage, "highest_voltage_action", "highest_voltage",
       "chooses the highest potential of the run, and now and then anything",
       "with probability eps_end + (eps_start - eps_end) exp(-draw / eps_decay) any choice, else "
       "argmax over c of max over steps of V",
       SPAIC, voltage_params, HB_SCORE_MOST, choose_greedy);
ACTION(first, "first_spike_action", "first_spike", "chooses what fires first",
       "the lowest choice that fires in the first step with a spike; 0 where nothing fires", SPAIC,
       pop_params, HB_SCORE_FIRST, choose_highest);
ACTION(any, "random_action", "random", "chooses anything", "P(c) = 1 / choices", SPAIC, pop_params,
       HB_SCORE_SUM, choose_any);

const hb_action_ops *const hb_actions[] = {&pop_rate, &softmax, &spikes, &greedy,
                                           &voltage,  &first,   &any};
const size_t hb_action_count = HB_COUNT(hb_actions);

/* ---- from a name, from a record ---- */

hebb_status hb_action_create(hb_env *env, const char *method, const char *where,
                             const hebb_param *params, hb_action *action) {
    const hb_component *components[HB_COUNT(hb_actions)];
    memset(action, 0, sizeof *action);
    for (size_t i = 0; i < hb_action_count; i++) components[i] = hb_actions[i]->component;
    const hb_component *found =
        hb_component_find(env, "action", method, components, hb_action_count, where);
    if (!found) return HEBB_E_NAME;
    for (size_t i = 0; i < hb_action_count; i++)
        if (hb_actions[i]->component == found) action->ops = hb_actions[i];
    HEBB_TRY(hb_args_read(env, found, where, params, 0, &action->args));
    double pop = hb_args_num(&action->args, "pop_size");
    action->pop_size = pop < 4294967296.0 ? (size_t)pop : (size_t)4294967295U;
    return HEBB_OK;
}

void hb_action_free(hb_action *action) {
    if (action) hb_args_free(&action->args);
}

void hb_action_score(const hb_action *action, size_t steps, size_t batch, size_t num, size_t b,
                     const double *record, double *scores) {
    hb_score how = action->ops->score;
    size_t pop = action->pop_size;
    for (size_t c = 0; c < num / pop; c++) scores[c] = how == HB_SCORE_MOST ? -HB_INF : 0;
    for (size_t t = 0, fired = 0; t < steps && !fired; t++)
        for (size_t n = 0; n < num; n++) {
            double x = record[(t * batch + b) * num + n], *score = &scores[n / pop];
            if (how == HB_SCORE_MOST)
                *score = x > *score ? x : *score;
            else
                *score += x;
            fired |= how == HB_SCORE_FIRST && x != 0;
        }
    for (size_t c = 0; how == HB_SCORE_FIRST && c < num / pop; c++) scores[c] = scores[c] != 0;
}

size_t hb_action_choose(const hb_action *action, const double *scores, size_t choices,
                        uint64_t seed, uint64_t draw, size_t b) {
    hb_stream stream;
    hb_stream_init(&stream, seed, HB_DRAW_ACTION + ((uint32_t)(draw >> 32) << 8), (uint32_t)draw,
                   (uint32_t)b);
    return action->ops->choose(action, scores, choices, draw, &stream);
}

/* Plasticity cases: input -> layer1, perhaps with a layer of inhibition; the weights after every
 * step, rewards, traces of the neurons, what the runs leave. Each case is run step by step, in
 * pieces and in whole runs; where SPAIC's rule has a quirk (all have: it reads spikes of the step
 * before) there is only one way, compat = "spaic". */
#include <stdio.h>
#include <string.h>

#include "conformance.h"

typedef struct plastic {
    const cJSON *config;
    hebb_net *net;
    hebb_learner *learner;
    size_t runs, steps, batch, pre, post, piece;
    double dt;
    numbers input, labels; /* [run][T][B][pre], [run][B] */
} plastic;

static bool read(trial *t, plastic *p) {
    const cJSON *c = p->config;
    numbers W = golden_array(t, c, "W0");
    p->steps = golden_size(t, c, "T");
    p->batch = golden_size(t, c, "batch");
    p->dt = golden_number(t, c, "dt");
    p->input = golden_array(t, c, "input_spikes");
    if (trial_fine(t) && W.ndim != 2) return trial_problem(t, "W0 must be [post, pre]");
    p->post = W.shape[0];
    p->pre = W.shape[1];
    p->runs = p->input.shape[0];
    golden_shape(t, &p->input, "input_spikes", 4, (size_t[]){p->runs, p->steps, p->batch, p->pre});
    if (!golden_optional(c, "labels")) return trial_fine(t);
    p->labels = golden_array(t, c, "labels");
    return golden_shape(t, &p->labels, "labels", 2, (size_t[]){p->runs, p->batch});
}

/* ---- building ---- */

/* layer2 inhibits all of layer1 but the neuron that drives it. */
static void inhibit(trial *t, plastic *p, hebb_group layer1) {
    size_t n = p->post, shape[] = {n, n};
    double *to = trial_alloc(t, n * n, sizeof *to), *from = trial_alloc(t, n * n, sizeof *from);
    if (!to || !from) return;
    for (size_t i = 0; i < n * n; i++) {
        to[i] = i / n == i % n ? 22.5 : 0;
        from[i] = i / n == i % n ? 0 : -12;
    }
    hebb_group layer2 = hebb_neurons(p->net, "layer2", n, "lifstdp_ih", NULL);
    hebb_connect(p->net, "connection2", layer1, layer2, "full",
                 HEBB_P(HEBB_MATRIX("weight", to, shape, 2)));
    hebb_connect(p->net, "connection3", layer2, layer1, "full",
                 HEBB_P(HEBB_MATRIX("weight", from, shape, 2)));
}

static void reward(trial *t, plastic *p, hebb_group layer1) {
    const cJSON *about = golden_optional_object(t, p->config, "reward");
    params given = {.count = 0};
    if (!about) return;
    const char *method = golden_text(t, about, "coding_method");
    params_add_all(t, &given, about, "coding_method");
    if (trial_fine(t)) hebb_add_reward(p->net, "reward", layer1, method, given.items);
}

static void learn(trial *t, plastic *p) {
    const char *algorithm = golden_text(t, p->config, "algorithm");
    params given = {.count = 0};
    params_add_all(t, &given, golden_optional(p->config, "learner_kwargs"), NULL);
    bool normalises = trial_fine(t) && (!strcmp(algorithm, "nearest_online_STDP") ||
                                        !strcmp(algorithm, "full_online_STDP"));
    if (normalises) params_add_number(t, &given, "w_norm", golden_number(t, p->config, "w_norm"));
    if (normalises && golden_optional(p->config, "backend_runtime_at_build"))
        params_add_number(t, &given, "runtime_at_build",
                          golden_number(t, p->config, "backend_runtime_at_build"));
    if (trial_fine(t))
        trial_call(t,
                   hebb_learner_create(p->net, algorithm, HEBB_NAMES("connection1"), given.items,
                                       &p->learner),
                   "the learner");
}

/* The monitor of a member of the trace; NULL: those of rules are not seen from outside. */
static const char *monitor_of(const char *member) {
    static const struct {
        const char *member, *monitor;
    } seen[] = {{"layer1.V", "V1"},
                {"layer1.O", "O1"},
                {"layer1.theta[stay]", "theta1"},
                {"layer2.O", "O2"}};
    for (size_t i = 0; i < sizeof seen / sizeof *seen; i++)
        if (!strcmp(member, seen[i].member)) return seen[i].monitor;
    return NULL;
}

static void watch(trial *t, plastic *p) {
    const cJSON *runs = golden_member(t, p->config, "runs"), *member;
    cJSON_ArrayForEach(member, golden_optional_object(t, runs ? runs->child : NULL, "trace")) {
        const char *monitor = monitor_of(member->string);
        char target[16];
        if (!monitor) continue;
        snprintf(target, sizeof target, "%.6s", member->string);
        hebb_state_monitor(p->net, monitor, target, member->string + 7, NULL);
    }
}

static bool make(trial *t, plastic *p) {
    hebb_net_options options = hebb_net_options_default();
    params neuron = {.count = 0};
    numbers W = golden_array(t, p->config, "W0");
    const char *model = golden_text(t, p->config, "neuron");
    double strategy = golden_number(t, p->config, "build_strategy");
    options.dt = p->dt;
    options.latency = strategy == 1 ? "same_step" : "one_step";
    options.compat = t->way;
    params_add_all(t, &neuron, golden_optional(p->config, "neuron_kwargs"), NULL);
    if (!trial_fine(t) || !trial_call(t, hebb_net_create(t->ctx, &options, &p->net), "the network"))
        return false;
    hebb_group input = hebb_encoder(p->net, "input", p->pre, "null", NULL);
    hebb_group layer1 = hebb_neurons(p->net, "layer1", p->post, model, neuron.items);
    params link = {.count = 0};
    params_add_array(t, &link, "weight", &W);
    hebb_connect(p->net, "connection1", input, layer1, "full", link.items);
    if (golden_optional(p->config, "inhibition_layer") &&
        golden_number(t, p->config, "inhibition_layer") != 0)
        inhibit(t, p, layer1);
    hebb_decode(p->net, "output", layer1, "spike_counts", NULL);
    reward(t, p, layer1);
    watch(t, p);
    learn(t, p);
    return trial_fine(t) && trial_call(t, hebb_net_build(p->net), "building");
}

/* ---- running and comparing ---- */

static void compare_weights(trial *t, plastic *p, const numbers *golden, const char *what) {
    double *ours = trial_alloc(t, p->post * p->pre, sizeof *ours);
    if (ours &&
        trial_call(t, hebb_net_get(p->net, "connection1.weight", ours, p->post * p->pre), what))
        trial_compare(t, what, golden, ours, p->post * p->pre, TRACE_ERROR);
}

/* Steps first .. first + count - 1 of an array whose first dimension is the step. */
static numbers piece_of(const numbers *all, size_t first, size_t count) {
    numbers part = *all;
    size_t each = all->shape[0] ? all->count / all->shape[0] : 0;
    part.values += first * each;
    part.count = part.shape[0] ? count * each : 0;
    part.shape[0] = count;
    return part;
}

static bool steps_fit(trial *t, const plastic *p, const numbers *n, const char *what) {
    if (trial_fine(t) && (!n->ndim || n->shape[0] != p->steps))
        return trial_problem(t, "%s must have %zu steps", what, p->steps);
    return trial_fine(t);
}

/* SPAIC writes a batch's reward as a number and steps without one as a list: lists throughout. */
static numbers rewards_of(trial *t, const cJSON *list) {
    cJSON *even = cJSON_CreateArray();
    const cJSON *step;
    cJSON_ArrayForEach(step, list) {
        cJSON *row = cJSON_IsNumber(step) ? cJSON_CreateArray() : cJSON_Duplicate(step, 1);
        if (cJSON_IsNumber(step)) cJSON_AddItemToArray(row, cJSON_Duplicate(step, 1));
        cJSON_AddItemToArray(even, row);
    }
    numbers found = golden_numbers(t, even, "reward_per_step");
    cJSON_Delete(even);
    return found;
}

static void compare_rewards(trial *t, plastic *p, const cJSON *run, size_t first, size_t count,
                            const char *prefix) {
    const double *values;
    const unsigned char *given;
    size_t shape[2];
    char what[120];
    if (!golden_optional(run, "reward_per_step")) return;
    numbers all = rewards_of(t, golden_optional(run, "reward_per_step"));
    if (!steps_fit(t, p, &all, "reward_per_step")) return;
    numbers golden = piece_of(&all, first, count);
    snprintf(what, sizeof what, "%sreward from step %zu", prefix, first);
    if (trial_call(t, hebb_net_reward_values(p->net, "reward", &values, &given, shape), what))
        trial_compare(t, what, &golden, values, shape[0] * shape[1], TRACE_ERROR);
}

static void compare_traces(trial *t, plastic *p, const cJSON *run, size_t first, size_t count,
                           const char *prefix) {
    const cJSON *member;
    cJSON_ArrayForEach(member, golden_optional_object(t, run, "trace")) {
        const double *values, *times;
        const char *monitor = monitor_of(member->string);
        size_t shape[3];
        char what[120];
        if (!monitor) continue;
        numbers all = golden_numbers(t, member, member->string);
        if (!steps_fit(t, p, &all, member->string)) return;
        numbers golden = piece_of(&all, first, count);
        snprintf(what, sizeof what, "%s%s from step %zu", prefix, member->string, first);
        if (!trial_call(t, hebb_monitor_values(p->net, monitor, &values, &times, shape), what))
            return;
        bool spikes = strstr(member->string, ".O");
        trial_compare(t, what, &golden, values, shape[0] * shape[1] * shape[2],
                      spikes ? EXACT : TRACE_ERROR);
    }
}

static bool give(trial *t, plastic *p, size_t index) {
    size_t count = p->steps * p->batch * p->pre;
    float *data = trial_alloc(t, count, sizeof *data);
    for (size_t i = 0; data && i < count; i++) data[i] = (float)p->input.values[index * count + i];
    if (!data || !trial_call(t, hebb_net_input(p->net, "input", data, p->batch, p->steps * p->pre),
                             "the input"))
        return false;
    if (!p->labels.values) return true;
    return trial_call(
        t, hebb_net_reward(p->net, "reward", p->labels.values + index * p->batch, p->batch),
        "the labels");
}

static void compare_counts(trial *t, plastic *p, const cJSON *run, const char *prefix) {
    const float *predict;
    size_t batch, classes;
    char what[80];
    if (!golden_optional(run, "decoder_spike_counts") || p->piece != p->steps) return;
    numbers golden = golden_array(t, run, "decoder_spike_counts");
    snprintf(what, sizeof what, "%sdecoder_spike_counts", prefix);
    if (!trial_fine(t) ||
        !trial_call(t, hebb_net_predict(p->net, "output", &predict, &batch, &classes), what))
        return;
    double *ours = trial_alloc(t, batch * classes, sizeof *ours);
    for (size_t i = 0; ours && i < batch * classes; i++) ours[i] = (double)predict[i];
    if (ours) trial_compare(t, what, &golden, ours, batch * classes, EXACT);
}

static void run_once(trial *t, plastic *p, const cJSON *run, size_t index) {
    char prefix[32], what[80];
    snprintf(prefix, sizeof prefix, "run %zu ", index);
    numbers W = golden_array(t, run, "W_per_step");
    if (!steps_fit(t, p, &W, "W_per_step") || !give(t, p, index)) return;
    for (size_t first = 0, count; first < p->steps && trial_fine(t); first += count) {
        count = p->steps - first < p->piece ? p->steps - first : p->piece;
        double time = (double)count * p->dt;
        if (!trial_call(t, first ? hebb_net_run_continue(p->net, time) : hebb_net_run(p->net, time),
                        "the run"))
            return;
        numbers golden = piece_of(&W, first + count - 1, 1);
        snprintf(what, sizeof what, "%sW after step %zu", prefix, first + count - 1);
        compare_weights(t, p, &golden, what);
        compare_rewards(t, p, run, first, count, prefix);
        compare_traces(t, p, run, first, count, prefix);
    }
    compare_counts(t, p, run, prefix);
    if (!trial_fine(t) || !trial_call(t, hebb_learner_optim_step(p->learner), "optim_step")) return;
    bool stepped = golden_optional(run, "W_after_optim_step");
    numbers end = golden_array(t, run, stepped ? "W_after_optim_step" : "W_end");
    snprintf(what, sizeof what, "%sW after optim_step", prefix);
    compare_weights(t, p, &end, what);
}

static void run_case(trial *t, const cJSON *node, size_t piece) {
    plastic p = {.config = node};
    if (read(t, &p)) {
        const cJSON *run;
        size_t index = 0;
        p.piece = piece ? piece : p.steps;
        if (make(t, &p)) {
            if (golden_optional(node, "W_after_build")) {
                numbers built = golden_array(t, node, "W_after_build");
                compare_weights(t, &p, &built, "W_after_build");
            }
            cJSON_ArrayForEach(run, golden_member(t, node, "runs")) {
                if (trial_fine(t) && index >= p.runs)
                    trial_problem(t, "there are more runs than input_spikes");
                if (!trial_fine(t)) break;
                run_once(t, &p, run, index++);
            }
        }
    }
    hebb_net_free(p.net);
}

void run_plastic(const suite *s) {
    static const struct {
        size_t piece;
        const char *words;
    } pieces[] = {{1, "step by step"}, {5, "in pieces"}, {0, "whole runs"}};
    const cJSON *node;
    size_t index = 0;
    cJSON_ArrayForEach(node, golden_cases(s, s->root, "cases")) {
        char name[128], full[160];
        if (!golden_case(s, node, "case", index++, name, sizeof name)) continue;
        for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
            trial t;
            snprintf(full, sizeof full, "%s, %s", name, pieces[i].words);
            trial_begin(&t, s, full, "spaic");
            run_case(&t, node, pieces[i].piece);
            trial_end(&t, s->tally);
        }
    }
}

/* Encoders that draw each neuron's spikes by chance.
 *
 * poisson:   P(spike in a step) = x * unit_conversion * dt
 * bernoulli: P(spike in a step) = max_prob * x / max(1, max x)
 *
 * Source: Heeger, "Poisson model of spike generation", 2000 (one trial a step); the names and
 * defaults are SPAIC 0.6.3's. Under compat = "spaic" a 24-bit rand <= p decides, so every
 * probability is 2^-24 larger, and bernoulli's maximum is the whole batch's. */
#include "coding/coding_parts.h"
#include "coding/spike_draw.h"

static const hb_param_info poisson_params[] = {
    {"unit_conversion", HB_NUM, "1", 1.0, HB_NOT_NEGATIVE,
     "factor from a value to a rate in spikes per ms", NULL, NULL, NULL},
    {"start_time", HB_NUM, "ms", 0, 0.0, HB_INF, HB_UNSET, "no spikes in steps that end before it",
     NULL, "the start", NULL},
    {"end_time", HB_NUM, "ms", 0, 0.0, HB_INF, HB_UNSET, "no spikes in steps that end after it",
     NULL, "the end", NULL},
    {"single_test", HB_BOOL, "1", 0, HB_ANY, 0,
     "draw one train and give it to every sample and presentation", NULL, NULL, NULL},
};

static const hb_param_info bernoulli_params[] = {
    {"max_prob", HB_NUM, "1", 1.0, 0.0, 1.0, 0, "probability of a spike in a step where x is 1",
     NULL, NULL, NULL},
};

/* Neurons first .. first + count, count <= HB_DRAW_STRIP, of probabilities factor * x. */
static void encode_strip(const hb_encode_job *job, uint64_t sample, size_t first, size_t count,
                         double factor, double leak, hb_draw_span span) {
    double p[HB_DRAW_STRIP];
    uint64_t never[HB_DRAW_STRIP / 64] = {0};
    hb_lanes lanes;
    hb_draws draws;
    for (size_t k = 0; k < count; k++) p[k] = factor * (double)job->values[first + k];
    for (size_t k = 0; leak > 0 && k < count; k++) {
        never[k / 64] |= (uint64_t)(p[k] == 0) << k % 64;
        p[k] += p[k] > 0 ? leak : 0;
    }
    hb_lanes_sort(&lanes, (uint32_t)first, count, p);
    bool whole = span.begin <= job->first && span.end == job->first + job->steps;
    if (job->trains.words)
        hb_lanes_light(&lanes, count, &job->trains,
                       whole && job->first % 64 == 0 ? 0 : HB_WORDS(job->steps));
    for (size_t at = hb_draws_first(job, span); hb_draws_next(&draws, job, sample, span, &at);) {
        if (job->trains.words) {
            hb_draw_onto(&draws, &lanes, &job->trains);
            continue;
        }
        hb_draw_rows(&draws, &lanes, job->bits.words + first / 64, job->bits.stride);
        for (size_t k = 0; leak > 0 && k < HB_WORDS(count); k++)
            hb_draw_leak(&draws, first / 64 + k, never[k], &job->bits);
    }
}

static void encode_trials(const hb_encode_job *job, uint64_t sample, double factor, double leak,
                          hb_draw_span span) {
    for (size_t first = 0; first < job->num; first += HB_DRAW_STRIP) {
        size_t left = job->num - first;
        encode_strip(job, sample, first, left < HB_DRAW_STRIP ? left : HB_DRAW_STRIP, factor, leak,
                     span);
    }
}

static hebb_status encode_poisson(const hb_encoder *encoder, hb_env *env,
                                  const hb_encode_job *job) {
    (void)env;
    bool single = hb_args_num(&encoder->args, "single_test") != 0;
    double factor = hb_args_num(&encoder->args, "unit_conversion") * encoder->dt;
    encode_trials(job, single ? 0 : job->sample, factor, encoder->spaic ? 0x1p-24 : 0,
                  hb_draw_window(encoder, job));
    return HEBB_OK;
}

static hebb_status encode_bernoulli(const hb_encoder *encoder, hb_env *env,
                                    const hb_encode_job *job) {
    (void)env;
    double low, high = job->batch_max;
    if (!encoder->spaic) hb_values_range(job->values, job->num, &low, &high);
    double factor = hb_args_num(&encoder->args, "max_prob") / (high > 1 ? high : 1);
    encode_trials(job, job->sample, factor, 0, (hb_draw_span){0, job->first + job->steps});
    return HEBB_OK;
}

static const hb_component poisson_component = {
    .kind = "encoder",
    .name = "poisson",
    .aliases = "poisson_encoder",
    .summary = "spikes by chance, at a rate proportional to the value",
    .equation = "P(spike in a step) = x * unit_conversion * dt, drawn anew in every step",
    .source = "Heeger 2000, Poisson model of spike generation; SPAIC 0.6.3",
    .params = poisson_params,
    .param_count = HB_COUNT(poisson_params),
};
const hb_encoder_ops hb_encoder_poisson = {.component = &poisson_component,
                                           .emits = HB_EMITS_SPIKES,
                                           .trains = true,
                                           .encode = encode_poisson};

static const hb_component bernoulli_component = {
    .kind = "encoder",
    .name = "bernoulli",
    .summary = "a spike in each step with a probability that is the value",
    .equation = "P(spike in a step) = max_prob * x / max(1, max x); the maximum is the sample's",
    .source = "SPAIC 0.6.3",
    .params = bernoulli_params,
    .param_count = HB_COUNT(bernoulli_params),
};
const hb_encoder_ops hb_encoder_bernoulli = {.component = &bernoulli_component,
                                             .emits = HB_EMITS_SPIKES,
                                             .trains = true,
                                             .encode = encode_bernoulli};

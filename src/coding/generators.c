/* Generators: input that needs no data set.
 *
 * poisson_generator: weight * (rand < rate * unit_conversion)   (no dt in it)
 * constant_current:  the source;  sin: amp sin(2 pi t / period)
 * ramp:              amp (slope t + base)
 *
 * t is the time at the start of the step. Source: SPAIC 0.6.3, whose poisson_generator ignores
 * start_time and end_time; they are honoured here. */
#include <math.h>
#include <string.h>

#include "coding/coding_parts.h"
#include "coding/spike_draw.h"

static const hb_param_info poisson_params[] = {
    {"rate", HB_PER_UNIT, "1", 0, HB_NOT_NEGATIVE | HB_UNSET,
     "rate of the neurons, where no source is given", NULL, "the source", NULL},
    {"weight", HB_NUM, "1", 1.0, HB_ANY, 0, "value of a spike", NULL, NULL, NULL},
    {"unit_conversion", HB_NUM, "1", 0.1, HB_NOT_NEGATIVE,
     "factor from a rate to the probability in a step", NULL, NULL, NULL},
    {"start_time", HB_NUM, "ms", 0, 0.0, HB_INF, HB_UNSET, "no spikes in steps that end before it",
     NULL, "the start", NULL},
    {"end_time", HB_NUM, "ms", 0, 0.0, HB_INF, HB_UNSET, "no spikes in steps that end after it",
     NULL, "the end", NULL},
};

static const hb_param_info current_params[] = {
    {"current", HB_PER_UNIT, "1", 0, HB_ANY, HB_UNSET, "current, where no source is given", NULL,
     "the source", NULL},
};

static const hb_param_info sin_params[] = {
    {"amp", HB_NUM, "1", 1.0, HB_ANY, 0, "amplitude, where no source [amp, period] is given", NULL,
     NULL, NULL},
    {"period", HB_NUM, "ms", 0, HB_POSITIVE | HB_UNSET, "period, where no source is given", NULL,
     "the source", NULL},
};

static const hb_param_info ramp_params[] = {
    {"slope", HB_PER_UNIT, "1/ms", 0, HB_ANY, HB_UNSET, "slope, where no source is given", NULL,
     "the source", NULL},
    {"amp", HB_NUM, "1", 0.001, HB_ANY, 0, "factor on the whole", NULL, NULL, NULL},
    {"base", HB_NUM, "1", 0.0, HB_ANY, 0, "value at the start", NULL, NULL, NULL},
    {"end_time", HB_NUM, "ms", 0, 0.0, HB_INF, HB_UNSET, "silent from here on", NULL, "the end",
     NULL},
};

/* One number, or one for each neuron: from the source if there is one, else a parameter. */
typedef struct source {
    const float *values;
    size_t count;
    const hb_arg *arg;
} source;

static hebb_status source_of(const hb_encoder *encoder, hb_env *env, const hb_encode_job *job,
                             const char *name, source *from) {
    const char *generator = encoder->ops->component->name;
    from->values = job->values;
    from->count = job->values ? job->value_count : 0;
    from->arg = hb_args_get(&encoder->args, name);
    if (from->count == 1 || (from->count > 0 && from->count == job->num)) return HEBB_OK;
    if (from->count)
        return hb_fail(env, HEBB_E_SHAPE,
                       "%s: the source has %zu values; it must have 1, or one for each of the %zu "
                       "neurons",
                       generator, from->count, job->num);
    if (!from->arg->given)
        return hb_fail(env, HEBB_E_ARGUMENT, "%s needs a source, or the parameter %s", generator,
                       name);
    return HEBB_OK;
}

static double source_at(const source *from, size_t n) {
    if (from->count) return (double)from->values[from->count == 1 ? 0 : n];
    return from->arg->list && n < from->arg->count ? from->arg->list[n] : from->arg->number;
}

static hb_emits poisson_emits(const hb_encoder *encoder) {
    return hb_args_num(&encoder->args, "weight") == 1 ? HB_EMITS_SPIKES : HB_EMITS_REAL;
}

static hebb_status generate_poisson(const hb_encoder *encoder, hb_env *env,
                                    const hb_encode_job *job) {
    source rate;
    HEBB_TRY(source_of(encoder, env, job, "rate", &rate));
    double factor = hb_args_num(&encoder->args, "unit_conversion");
    double leak = encoder->spaic ? 0x1p-24 : 0; /* rand <= p */
    float weight = (float)hb_args_num(&encoder->args, "weight");
    bool spikes = poisson_emits(encoder) == HB_EMITS_SPIKES;
    hb_draw_span span = hb_draw_window(encoder, job);
    if (!spikes) memset(job->rows, 0, job->steps * job->num * sizeof(float));
    for (size_t first = 0; first < job->num; first += HB_DRAW_STRIP) {
        size_t count = job->num - first < HB_DRAW_STRIP ? job->num - first : HB_DRAW_STRIP;
        double p[HB_DRAW_STRIP];
        hb_lanes lanes;
        hb_draws draws;
        for (size_t k = 0; k < count; k++) {
            p[k] = source_at(&rate, first + k) * factor;
            if (p[k] >= 0) p[k] += leak;
        }
        hb_lanes_sort(&lanes, (uint32_t)first, count, p);
        for (size_t at = hb_draws_first(job, span);
             hb_draws_next(&draws, job, job->sample, span, &at);)
            if (spikes)
                hb_draw_rows(&draws, &lanes, job->bits.words + first / 64, job->bits.stride);
            else
                hb_draw_values(&draws, &lanes, job->rows + first, job->num, weight);
    }
    return HEBB_OK;
}

static hebb_status generate_current(const hb_encoder *encoder, hb_env *env,
                                    const hb_encode_job *job) {
    source current;
    HEBB_TRY(source_of(encoder, env, job, "current", &current));
    for (size_t n = 0; n < job->num; n++) job->rows[n] = (float)source_at(&current, n);
    return HEBB_OK;
}

static hebb_status generate_sin(const hb_encoder *encoder, hb_env *env, const hb_encode_job *job) {
    double amp = hb_args_num(&encoder->args, "amp");
    double period = hb_args_num(&encoder->args, "period");
    bool given = job->values && job->value_count;
    if (given && job->value_count != 2)
        return hb_fail(env, HEBB_E_SHAPE,
                       "sin: the source has %zu values; it must have 2, amplitude and period",
                       job->value_count);
    if (given) {
        amp = (double)job->values[0];
        period = (double)job->values[1];
    } else if (!hb_args_given(&encoder->args, "period")) {
        return hb_fail(env, HEBB_E_ARGUMENT,
                       "sin needs a source (amplitude, period), or the parameter period");
    }
    if (!(period > 0))
        return hb_fail(env, HEBB_E_RANGE, "sin: the period is %g ms; it must be above 0 ms",
                       period);
    for (size_t t = 0; t < job->steps; t++) {
        double time = (double)(job->first + t) * encoder->dt;
        float value = (float)(amp * sin(6.283185307179586 * fmod(time, period) / period));
        for (size_t n = 0; n < job->num; n++) job->rows[t * job->num + n] = value;
    }
    return HEBB_OK;
}

static hebb_status generate_ramp(const hb_encoder *encoder, hb_env *env, const hb_encode_job *job) {
    source slope;
    HEBB_TRY(source_of(encoder, env, job, "slope", &slope));
    double amp = hb_args_num(&encoder->args, "amp"), base = hb_args_num(&encoder->args, "base");
    const hb_arg *end = hb_args_get(&encoder->args, "end_time");
    double last = end->given ? floor(end->number / encoder->dt + (encoder->spaic ? 0 : 1e-6)) : 0;
    for (size_t t = 0; t < job->steps; t++) {
        double step = (double)(job->first + t), time = step * encoder->dt;
        bool silent = end->given && step >= last;
        for (size_t n = 0; n < job->num; n++)
            job->rows[t * job->num + n] =
                silent ? 0 : (float)(amp * (source_at(&slope, n) * time + base));
    }
    return HEBB_OK;
}

static const hb_component poisson_component = {
    .kind = "generator",
    .name = "poisson_generator",
    .aliases = "poisson",
    .summary = "spikes by chance, at a given rate",
    .equation = "O[t] = weight if rand < rate * unit_conversion else 0, drawn anew in every step",
    .source = "SPAIC 0.6.3",
    .params = poisson_params,
    .param_count = HB_COUNT(poisson_params),
};
const hb_encoder_ops hb_generator_poisson = {.component = &poisson_component,
                                             .emits = HB_EMITS_SPIKES,
                                             .encode = generate_poisson,
                                             .emits_of = poisson_emits};

static const hb_component current_component = {
    .kind = "generator",
    .name = "constant_current",
    .aliases = "cc_generator",
    .summary = "the same current in every step",
    .equation = "O[t] = source",
    .source = "SPAIC 0.6.3",
    .params = current_params,
    .param_count = HB_COUNT(current_params),
};
const hb_encoder_ops hb_generator_constant_current = {
    .component = &current_component, .emits = HB_EMITS_CONSTANT, .encode = generate_current};

static const hb_component sin_component = {
    .kind = "generator",
    .name = "sin",
    .aliases = "sin_generator",
    .summary = "a sine wave, the same for all neurons",
    .equation = "O[t] = amp sin(2 pi t / period); source = [amp, period]",
    .source = "SPAIC 0.6.3",
    .params = sin_params,
    .param_count = HB_COUNT(sin_params),
};
const hb_encoder_ops hb_generator_sin = {
    .component = &sin_component, .emits = HB_EMITS_REAL, .encode = generate_sin};

static const hb_component ramp_component = {
    .kind = "generator",
    .name = "ramp",
    .aliases = "ramp_generator",
    .summary = "a value that grows with time",
    .equation = "O[t] = amp (slope t + base); source = slope",
    .source = "SPAIC 0.6.3",
    .params = ramp_params,
    .param_count = HB_COUNT(ramp_params),
};
const hb_encoder_ops hb_generator_ramp = {
    .component = &ramp_component, .emits = HB_EMITS_REAL, .encode = generate_ramp};

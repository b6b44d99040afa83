/* Encoders in which a larger value spikes earlier, or more often but regularly.
 *
 * latency:          step = s (1 - (x - min) / (max - min)),  s = n - 1 or max_scale (n - 1)
 * relative_latency: step = (n - 1) scale (exp(-amp x) - min over the sample of exp(-amp x))
 * uniform:          period = amp T (bias + max - x) / ((bias + max - min) dt) steps
 *
 * n is the number of steps. Source: SPAIC 0.6.3; latency after Thorpe, Delorme and Van Rullen,
 * "Spike-based strategies for rapid processing", 2001. Minimum and maximum are the sample's and
 * spikes go to the nearest step; under compat = "spaic" they are the batch's and steps are cut
 * down, in float as there. */
#include <math.h>

#include "coding/coding_parts.h"

static const hb_param_info latency_params[] = {
    {"max_scale", HB_NUM, "1", 1.0, 0.0, 1.0, HB_UNSET | HB_ABOVE,
     "the part of the window in which the spikes lie", NULL, "1: all of it", NULL},
    {"cut_off", HB_BOOL, "1", 0, HB_ANY, 0,
     "leave out values that are at most 5 % of the sample's largest", NULL, NULL, NULL},
};

static const hb_param_info relative_params[] = {
    {"amp", HB_NUM, "1", 1.0, HB_NOT_NEGATIVE, "steepness of the exponential", NULL, NULL, NULL},
    {"scale", HB_NUM, "1", 0.9999999, 0.0, 1.0, HB_ABOVE | HB_BELOW,
     "the part of the window that the spikes may use", NULL, NULL, NULL},
};

static const hb_param_info uniform_params[] = {
    {"amp", HB_NUM, "1", 1.0, HB_POSITIVE, "factor on every period", NULL, NULL, NULL},
    {"bias", HB_NUM, "1", 0.05, HB_POSITIVE,
     "added to the distance from the maximum, so that the largest value keeps a period", NULL, NULL,
     NULL},
    {"max_time", HB_NUM, "ms", 0, 0.0, HB_INF, HB_UNSET | HB_ABOVE,
     "the period of the smallest value", NULL, "the length of the run", NULL},
};

/* Ranges side by side: no number waits for the one before. */
void hb_values_range(const float *values, size_t count, double *low, double *high) {
    enum { SIDE = 32 };
    float least[SIDE], most[SIDE];
    size_t i = 0;
    for (size_t k = 0; k < SIDE; k++) least[k] = most[k] = count ? values[0] : 0;
    for (; i + SIDE <= count; i += SIDE)
        for (size_t k = 0; k < SIDE; k++) {
            least[k] = values[i + k] < least[k] ? values[i + k] : least[k];
            most[k] = values[i + k] > most[k] ? values[i + k] : most[k];
        }
    for (; i < count; i++) {
        if (values[i] < least[0]) least[0] = values[i];
        if (values[i] > most[0]) most[0] = values[i];
    }
    for (size_t k = 1; k < SIDE; k++) {
        if (least[k] < least[0]) least[0] = least[k];
        if (most[k] > most[0]) most[0] = most[k];
    }
    *low = (double)least[0];
    *high = (double)most[0];
}

/* The sample's range, or the batch's where SPAIC takes that. */
static void job_range(const hb_encoder *encoder, const hb_encode_job *job, double *low,
                      double *high) {
    *low = job->batch_min;
    *high = job->batch_max;
    if (!encoder->spaic) hb_values_range(job->values, job->num, low, high);
}

static hebb_status encode_latency(const hb_encoder *encoder, hb_env *env,
                                  const hb_encode_job *job) {
    (void)env;
    double low, high, sample_low, sample_high;
    job_range(encoder, job, &low, &high);
    hb_values_range(job->values, job->num, &sample_low, &sample_high);
    const hb_arg *scale = hb_args_get(&encoder->args, "max_scale");
    double s = (double)(job->total - 1) * (scale->given ? scale->number : 1);
    bool cut = hb_args_num(&encoder->args, "cut_off") != 0;
    float range = (float)high - (float)low + 1e-10f;
    for (size_t n = 0; n < job->num; n++) {
        float x = job->values[n];
        if (cut && (double)x <= 0.05 * sample_high) continue;
        double place;
        if (encoder->spaic) {
            float part = (x - (float)low) / range;
            part = (float)s * (1 - part);
            place = (double)part;
        } else {
            double part = high > low ? ((double)x - low) / (high - low) : 0;
            place = floor(s * (1 - part) + 0.5);
        }
        if (place >= 0) hb_job_spike(job, (size_t)place, n);
    }
    return HEBB_OK;
}

/* The exponentials of relative_latency, less the sample's smallest, times the scale. */
typedef struct relative {
    double factor;
    float amp, least;
} relative;

static relative relative_of(const hb_encoder *encoder, const float *values, size_t num,
                            size_t total) {
    double low, high;
    relative r;
    hb_values_range(values, num, &low, &high);
    r.amp = (float)hb_args_num(&encoder->args, "amp");
    r.least = expf(-r.amp * (float)high);
    r.factor = (double)(total - 1) * hb_args_num(&encoder->args, "scale");
    return r;
}

static double relative_place(const relative *r, float x) {
    float above = expf(-r->amp * x) - r->least;
    return floor((double)((float)r->factor * above));
}

/* Steps from 4/5 of the latest one on stay empty. Only this last step depends on the batch, so
 * low and high are differences of exponentials: the number of steps is known when encoding. */
static void relative_range(const hb_encoder *encoder, const float *values, size_t batch, size_t num,
                           double *low, double *high) {
    *low = *high = 0;
    for (size_t b = 0; b < batch; b++) {
        double least, most;
        hb_values_range(values + b * num, num, &least, &most);
        relative r = relative_of(encoder, values + b * num, num, 1);
        float widest = expf(-r.amp * (float)least) - r.least;
        if ((double)widest > *high) *high = (double)widest;
    }
}

static hebb_status encode_relative(const hb_encoder *encoder, hb_env *env,
                                   const hb_encode_job *job) {
    (void)env;
    relative r = relative_of(encoder, job->values, job->num, job->total);
    double low = 0, high = job->batch_max;
    if (!encoder->spaic) relative_range(encoder, job->values, 1, job->num, &low, &high);
    double last = floor((double)((float)r.factor * (float)high));
    double cut = floor((double)(0.8f * (float)last));
    for (size_t n = 0; n < job->num; n++) {
        double place = relative_place(&r, job->values[n]);
        if (!encoder->spaic) {
            float above = expf(-r.amp * job->values[n]) - r.least;
            place = floor(r.factor * (double)above + 0.5);
        }
        if (place < cut || (!encoder->spaic && last <= 0)) hb_job_spike(job, (size_t)place, n);
    }
    return HEBB_OK;
}

static hebb_status encode_uniform(const hb_encoder *encoder, hb_env *env,
                                  const hb_encode_job *job) {
    (void)env;
    double low, high;
    job_range(encoder, job, &low, &high);
    const hb_arg *max_time = hb_args_get(&encoder->args, "max_time");
    double time = max_time->given ? max_time->number : (double)job->total * encoder->dt;
    double bias = hb_args_num(&encoder->args, "bias");
    double factor = hb_args_num(&encoder->args, "amp") * time;
    double slack = encoder->spaic ? 0 : 1e-9;
    for (size_t n = 0; n < job->num; n++) {
        double x = (double)job->values[n];
        /* The smallest value is silent, unless all are the same. */
        if (x <= low && (encoder->spaic || high > low)) continue;
        double period =
            ceil(factor * (bias + high - x) / ((bias + high - low) * encoder->dt) - slack);
        if (!(period >= 1)) period = 1;
        if (period > (double)(job->first + job->steps)) continue;
        size_t every = (size_t)period, start = job->first / every * every + every - 1;
        for (size_t step = start; step < job->first + job->steps; step += every)
            hb_job_spike(job, step, n);
    }
    return HEBB_OK;
}

static const hb_component latency_component = {
    .kind = "encoder",
    .name = "latency",
    .summary = "one spike for each neuron, the earlier the larger its value",
    .equation = "step = s (1 - (x - min) / (max - min)), s = max_scale (n - 1), n the steps of the "
                "run; minimum and maximum of the sample",
    .source = "Thorpe, Delorme and Van Rullen 2001; SPAIC 0.6.3",
    .params = latency_params,
    .param_count = HB_COUNT(latency_params),
};
const hb_encoder_ops hb_encoder_latency = {
    .component = &latency_component, .emits = HB_EMITS_SPIKES, .encode = encode_latency};

static const hb_component relative_component = {
    .kind = "encoder",
    .name = "relative_latency",
    .summary = "one spike for each neuron, placed by an exponential of its value",
    .equation = "step = (n - 1) scale (exp(-amp x) - min exp(-amp x)); spikes from 4/5 of the "
                "latest step on are left out",
    .source = "SPAIC 0.6.3",
    .params = relative_params,
    .param_count = HB_COUNT(relative_params),
};
const hb_encoder_ops hb_encoder_relative_latency = {.component = &relative_component,
                                                    .emits = HB_EMITS_SPIKES,
                                                    .encode = encode_relative,
                                                    .batch_range = relative_range};

static const hb_component uniform_component = {
    .kind = "encoder",
    .name = "uniform",
    .summary = "a regular train, the faster the larger the value",
    .equation = "period = ceil(amp max_time (bias + max - x) / ((bias + max - min) dt)) steps; the "
                "first spike after one period; the smallest value is silent",
    .source = "SPAIC 0.6.3",
    .params = uniform_params,
    .param_count = HB_COUNT(uniform_params),
};
const hb_encoder_ops hb_encoder_uniform = {
    .component = &uniform_component, .emits = HB_EMITS_SPIKES, .encode = encode_uniform};

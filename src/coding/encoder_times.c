/* Encoders of spike times that are given.
 *
 * sstb: x is the one spike time of its neuron (ms); mstb: a list of (time, neuron).
 * A spike goes to the nearest step, and to the last one if it lies less than half a step before
 * the end. Under compat = "spaic" times are cut down to steps, in float for sstb and in double for
 * mstb; mstb then counts spikes that fall together and clamps late ones to the last step.
 * Source: SPAIC 0.6.3 ("single / multiple spike to binary"). */
#include <math.h>
#include <string.h>

#include "coding/coding_parts.h"

/* The step of a time in [0, window). */
static size_t step_of(const hb_encode_job *job, double time, double dt) {
    double step = floor(time / dt + 0.5);
    return step < (double)job->total ? (size_t)step : job->total - 1;
}

static bool within(const hb_encode_job *job, double time, double dt) {
    return time < ((double)job->total - 1e-9) * dt;
}

static hebb_status encode_sstb(const hb_encoder *encoder, hb_env *env, const hb_encode_job *job) {
    for (size_t n = 0; n < job->num; n++) {
        float time = job->values[n];
        float cut = time / (float)encoder->dt;
        bool inside =
            encoder->spaic ? cut < (float)job->total : within(job, (double)time, encoder->dt);
        if (!(time >= 0) || !inside)
            return hb_fail(env, HEBB_E_RANGE,
                           "sstb: the spike time %g ms of neuron %zu is outside the run; it must "
                           "be at least 0 and below %g ms",
                           (double)time, n, (double)job->total * encoder->dt);
        hb_job_spike(job, encoder->spaic ? (size_t)cut : step_of(job, (double)time, encoder->dt),
                     n);
    }
    return HEBB_OK;
}

static hebb_status encode_mstb(const hb_encoder *encoder, hb_env *env, const hb_encode_job *job) {
    if (encoder->spaic) memset(job->rows, 0, job->steps * job->num * sizeof(float));
    for (size_t i = 0; i < job->events; i++) {
        double time = job->times[i];
        size_t n = job->neurons[i];
        if (!(time >= 0) || isinf(time))
            return hb_fail(env, HEBB_E_RANGE,
                           "mstb: the time of event %zu is %g ms; it must be a finite number of at "
                           "least 0 ms",
                           i, time);
        if (n >= job->num)
            return hb_fail(env, HEBB_E_RANGE,
                           "mstb: event %zu names neuron %zu, but there are %zu neurons", i, n,
                           job->num);
        if (!encoder->spaic) {
            if (within(job, time, encoder->dt))
                hb_job_spike(job, step_of(job, time, encoder->dt), n);
            continue;
        }
        double cut = time / encoder->dt;
        size_t step = cut < (double)job->total ? (size_t)cut : job->total - 1;
        if (step >= job->first && step - job->first < job->steps)
            job->rows[(step - job->first) * job->num + n] += 1;
    }
    return HEBB_OK;
}

static hb_emits mstb_emits(const hb_encoder *encoder) {
    return encoder->spaic ? HB_EMITS_REAL : HB_EMITS_SPIKES;
}

static const hb_component sstb_component = {
    .kind = "encoder",
    .name = "sstb",
    .summary = "one spike for each neuron at the time (ms) that is its value",
    .equation = "step = x / dt, the nearest; times must lie in the run",
    .source = "SPAIC 0.6.3",
};
const hb_encoder_ops hb_encoder_sstb = {
    .component = &sstb_component, .emits = HB_EMITS_SPIKES, .encode = encode_sstb};

static const hb_component mstb_component = {
    .kind = "encoder",
    .name = "mstb",
    .summary = "spikes at given times (ms) of given neurons",
    .equation = "step = time / dt, the nearest; spikes that fall together are one; times after the "
                "run are left out",
    .source = "SPAIC 0.6.3",
};
const hb_encoder_ops hb_encoder_mstb = {.component = &mstb_component,
                                        .emits = HB_EMITS_SPIKES,
                                        .events = true,
                                        .encode = encode_mstb,
                                        .emits_of = mstb_emits};

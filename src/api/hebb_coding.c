/* Coding without a network: encoders, generators, decoders and rewards on plain arrays. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "api/ctx.h"
#include "coding/coding.h"
#include "coding/rewards.h"

/* What the three ways in have in common. */
typedef struct request {
    const char *what; /* the public function, for sentences */
    const char *method;
    const hebb_param *params;
    double dt;
    const char *compat;
    size_t batch, num, steps;
    float *output;
    bool generator;
} request;

typedef struct input {
    const float *data; /* [batch][num] or [steps][batch][num], or a generator's source */
    size_t count;      /* of the source */
    const double *times;
    const uint32_t *neurons;
    const size_t *offsets;
} input;

/* Room for one sample. */
typedef struct work {
    float *values, *rows;
    uint64_t *words;
    size_t value_count, row_count, word_count;
} work;

static hebb_status check_sizes(hb_env *env, const char *what, size_t steps, size_t batch,
                               size_t num) {
    const char *zero = !steps ? "steps" : !batch ? "batch" : !num ? "num" : NULL;
    if (zero)
        return hb_fail(env, HEBB_E_RANGE, "%s: %s = 0 is not allowed; it must be at least 1", what,
                       zero);
    size_t most = SIZE_MAX / sizeof(double);
    if (num > UINT32_MAX / 2)
        return hb_fail(env, HEBB_E_RANGE, "%s: num = %zu is not allowed; it must be at most %u",
                       what, num, UINT32_MAX / 2);
    if (batch > most / num || steps > most / num / batch)
        return hb_fail(env, HEBB_E_SHAPE, "%s: %zu steps x %zu samples x %zu neurons is too large",
                       what, steps, batch, num);
    return HEBB_OK;
}

static hebb_status check_compat(hb_env *env, const char *what, const char *compat, bool *spaic) {
    *spaic = compat && !strcmp(compat, "spaic");
    if (compat && !*spaic && strcmp(compat, "none"))
        return hb_fail(env, HEBB_E_NAME,
                       "%s: compat = '%.80s' is not allowed; it must be none or spaic", what,
                       compat);
    return HEBB_OK;
}

static hebb_status check_request(hb_env *env, const request *r, bool *spaic) {
    if (!r->output) return hb_fail(env, HEBB_E_ARGUMENT, "%s: output is NULL", r->what);
    if (!(r->dt > 0) || isinf(r->dt))
        return hb_fail(env, HEBB_E_RANGE,
                       "%s: dt = %g is not allowed; it must be above 0 ms and finite", r->what,
                       r->dt);
    HEBB_TRY(check_compat(env, r->what, r->compat, spaic));
    return check_sizes(env, r->what, r->steps, r->batch, r->num);
}

static hebb_status check_finite(hb_env *env, const char *what, const char *name,
                                const float *values, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (!isfinite(values[i]))
            return hb_fail(env, HEBB_E_NOT_FINITE, "%s: %s[%zu] is %g; all must be finite numbers",
                           what, name, i, (double)values[i]);
    return HEBB_OK;
}

static hebb_status check_input(hb_env *env, const request *r, const hb_encoder *encoder,
                               const input *in) {
    if (encoder->ops->events && !in->offsets)
        return hb_fail(env, HEBB_E_ARGUMENT, "%s: %s takes events; use hebb_encode_events", r->what,
                       r->method);
    if (!encoder->ops->events && in->offsets)
        return hb_fail(env, HEBB_E_ARGUMENT, "%s: %s takes values, not events; use hebb_encode",
                       r->what, r->method);
    if (!in->offsets) {
        size_t count = r->batch * r->num * (encoder->ops->per_step ? r->steps : 1);
        return check_finite(env, r->what, r->generator ? "source" : "data", in->data,
                            r->generator ? in->count : count);
    }
    for (size_t b = 0; b < r->batch; b++)
        if (in->offsets[b] > in->offsets[b + 1])
            return hb_fail(env, HEBB_E_SHAPE,
                           "%s: offsets[%zu] = %zu is above offsets[%zu] = %zu; offsets must not "
                           "fall",
                           r->what, b, in->offsets[b], b + 1, in->offsets[b + 1]);
    if (in->offsets[r->batch] > in->offsets[0] && (!in->times || !in->neurons))
        return hb_fail(env, HEBB_E_ARGUMENT, "%s: %s is NULL", r->what,
                       in->times ? "neurons" : "times");
    return HEBB_OK;
}

static hebb_status make_work(hb_env *env, const request *r, const hb_encoder *encoder, work *w) {
    hb_emits emits = hb_encoder_emits(encoder);
    w->value_count = encoder->ops->per_step ? r->steps * r->num : 0;
    w->row_count = emits == HB_EMITS_REAL       ? r->steps * r->num
                   : emits == HB_EMITS_CONSTANT ? r->num
                                                : 0;
    w->word_count = emits == HB_EMITS_SPIKES ? r->steps * HB_WORDS(r->num) : 0;
    w->values = hb_calloc(env, w->value_count, sizeof(float));
    w->rows = hb_calloc(env, w->row_count, sizeof(float));
    w->words = hb_calloc(env, w->word_count, sizeof(uint64_t));
    return w->values && w->rows && w->words ? HEBB_OK : HEBB_E_MEMORY;
}

static void write_sample(const request *r, const hb_encode_job *job, hb_emits emits, size_t b) {
    for (size_t t = 0; t < r->steps; t++) {
        float *out = r->output + (t * r->batch + b) * r->num;
        const uint64_t *words = job->bits.words + t * job->bits.stride;
        const float *row = job->rows + (emits == HB_EMITS_REAL ? t * r->num : 0);
        for (size_t n = 0; n < r->num; n++)
            out[n] = emits == HB_EMITS_SPIKES ? (float)(words[n / 64] >> n % 64 & 1) : row[n];
    }
}

static hebb_status encode_sample(hb_env *env, const request *r, const hb_encoder *encoder,
                                 const input *in, work *w, hb_encode_job *job, size_t b) {
    job->sample = b;
    if (r->generator) {
        job->values = in->data;
        job->value_count = in->count;
    } else if (in->offsets) {
        job->events = in->offsets[b + 1] - in->offsets[b];
        job->times = job->events ? in->times + in->offsets[b] : NULL;
        job->neurons = job->events ? in->neurons + in->offsets[b] : NULL;
    } else if (encoder->ops->per_step) {
        for (size_t t = 0; t < r->steps; t++)
            memcpy(w->values + t * r->num, in->data + (t * r->batch + b) * r->num,
                   r->num * sizeof(float));
        job->values = w->values;
        job->value_count = w->value_count;
    } else {
        job->values = in->data + b * r->num;
        job->value_count = r->num;
    }
    memset(w->words, 0, w->word_count * sizeof(uint64_t));
    hebb_status status = encoder->ops->encode(encoder, env, job);
    if (status < 0) {
        char prefix[32];
        snprintf(prefix, sizeof prefix, "sample %zu", b);
        return r->batch > 1 ? hb_fail_in(env, status, prefix) : status;
    }
    write_sample(r, job, hb_encoder_emits(encoder), b);
    return HEBB_OK;
}

static hebb_status encode_all(hebb_ctx *ctx, const request *r, const input *in) {
    hb_env *env = &ctx->env;
    bool spaic = false;
    hb_encoder encoder;
    HEBB_TRY(check_request(env, r, &spaic));
    HEBB_TRY(hb_encoder_create(env, r->generator, r->method, r->what, r->params, r->num, r->dt,
                               spaic, &encoder));
    work w = {0};
    hebb_status status = check_input(env, r, &encoder, in);
    if (status >= 0) status = make_work(env, r, &encoder, &w);
    hb_encode_job job = {.num = r->num,
                         .steps = r->steps,
                         .total = r->steps,
                         .seed = ctx->seed,
                         .bits = {w.words, HB_WORDS(r->num)},
                         .rows = w.rows};
    if (status >= 0 && !r->generator && !in->offsets && !encoder.ops->per_step)
        hb_encoder_batch_range(&encoder, in->data, r->batch, r->num, &job.batch_min,
                               &job.batch_max);
    for (size_t b = 0; status >= 0 && b < r->batch; b++)
        status = encode_sample(env, r, &encoder, in, &w, &job, b);
    hb_free(env, w.values);
    hb_free(env, w.rows);
    hb_free(env, w.words);
    hb_encoder_free(&encoder);
    return status < 0 ? status : HEBB_OK;
}

hebb_status hebb_encode(hebb_ctx *ctx, const char *method, const hebb_param *params, double dt,
                        const char *compat, const float *data, size_t batch, size_t num,
                        size_t steps, float *output) {
    if (!ctx) return hb_null(__func__, "ctx");
    if (!data) return hb_fail(&ctx->env, HEBB_E_ARGUMENT, "hebb_encode: data is NULL");
    request r = {"hebb_encode", method, params, dt, compat, batch, num, steps, output, false};
    input in = {.data = data};
    return encode_all(ctx, &r, &in);
}

hebb_status hebb_encode_events(hebb_ctx *ctx, const char *method, const hebb_param *params,
                               double dt, const char *compat, const double *times,
                               const uint32_t *neurons, const size_t *offsets, size_t batch,
                               size_t num, size_t steps, float *output) {
    if (!ctx) return hb_null(__func__, "ctx");
    if (!offsets) return hb_fail(&ctx->env, HEBB_E_ARGUMENT, "hebb_encode_events: offsets is NULL");
    request r = {
        "hebb_encode_events", method, params, dt, compat, batch, num, steps, output, false};
    input in = {.times = times, .neurons = neurons, .offsets = offsets};
    return encode_all(ctx, &r, &in);
}

hebb_status hebb_generate(hebb_ctx *ctx, const char *method, const hebb_param *params, double dt,
                          const char *compat, const float *source, size_t source_count,
                          size_t batch, size_t num, size_t steps, float *output) {
    if (!ctx) return hb_null(__func__, "ctx");
    if (!source && source_count)
        return hb_fail(&ctx->env, HEBB_E_ARGUMENT,
                       "hebb_generate: source is NULL, but source_count is %zu", source_count);
    request r = {"hebb_generate", method, params, dt, compat, batch, num, steps, output, true};
    input in = {.data = source, .count = source_count};
    return encode_all(ctx, &r, &in);
}

hebb_status hebb_decode_record(hebb_ctx *ctx, const char *method, const hebb_param *params,
                               const double *record, size_t steps, size_t batch, size_t num,
                               double *predict, size_t capacity, size_t *count) {
    if (!ctx) return hb_null(__func__, "ctx");
    hb_env *env = &ctx->env;
    const char *what = "hebb_decode_record";
    if (!predict && !count)
        return hb_fail(env, HEBB_E_ARGUMENT, "%s: predict and count are both NULL", what);
    if (predict && !record) return hb_fail(env, HEBB_E_ARGUMENT, "%s: record is NULL", what);
    HEBB_TRY(check_sizes(env, what, steps, batch, num));
    hb_decoder decoder;
    HEBB_TRY(hb_decoder_create(env, method, what, params, num, 0.1, &decoder));
    size_t needed = hb_decoder_outputs(&decoder, steps) * batch;
    hebb_status status = HEBB_OK;
    if (count) *count = needed;
    if (predict && capacity < needed)
        status =
            hb_fail(env, HEBB_E_SHAPE, "%s: predict has room for %zu numbers, but %s gives %zu",
                    what, capacity, decoder.ops->component->name, needed);
    else if (predict)
        decoder.ops->decode(&decoder, steps, batch, record, predict);
    hb_decoder_free(&decoder);
    return status;
}

/* Adds up the last window of the record that ends with a reward, and judges it. */
static hebb_status judge_record(hb_env *env, const hb_reward *reward, const double *record,
                                size_t steps, size_t batch, const double *target,
                                size_t target_count, double *output) {
    const char *what = "hebb_reward_record";
    size_t window = steps, end = steps, row = batch * reward->num;
    if (hb_args_given(&reward->args, "dec_sample_step")) {
        window = hb_reward_every(reward);
        if (window > steps)
            return hb_fail(env, HEBB_E_RANGE,
                           "%s: dec_sample_step = %zu is not allowed for a record of %zu steps; "
                           "it must be at most that",
                           what, window, steps);
        end = steps - steps % window;
    }
    for (size_t i = (end - window) * row; i < end * row; i++)
        if (!isfinite(record[i]))
            return hb_fail(env, HEBB_E_NOT_FINITE,
                           "%s: record[%zu] is %g; all must be finite numbers", what, i, record[i]);
    double *counts = hb_calloc(env, batch * reward->classes, sizeof *counts);
    if (!counts) return HEBB_E_MEMORY;
    for (size_t t = end - window; t < end; t++)
        hb_reward_add(reward, batch, record + t * row, counts);
    hb_reward_judge(reward, window, batch, counts, target, target_count, NULL, output);
    hb_free(env, counts);
    return HEBB_OK;
}

hebb_status hebb_reward_record(hebb_ctx *ctx, const char *method, const hebb_param *params,
                               const char *compat, const double *record, size_t steps, size_t batch,
                               size_t num, const double *target, size_t target_count,
                               double *output, size_t capacity, size_t *count) {
    if (!ctx) return hb_null(__func__, "ctx");
    hb_env *env = &ctx->env;
    const char *what = "hebb_reward_record";
    bool spaic = false;
    if (!output && !count)
        return hb_fail(env, HEBB_E_ARGUMENT, "%s: reward and count are both NULL", what);
    if (output && !record) return hb_fail(env, HEBB_E_ARGUMENT, "%s: record is NULL", what);
    HEBB_TRY(check_compat(env, what, compat, &spaic));
    HEBB_TRY(check_sizes(env, what, steps, batch, num));
    hb_reward reward;
    HEBB_TRY(hb_reward_create(env, method, what, params, num, spaic, &reward));
    size_t needed = hb_reward_outputs(&reward, batch, target_count);
    hebb_status status = HEBB_OK;
    if (count) *count = needed;
    if (output && capacity < needed)
        status = hb_fail(env, HEBB_E_SHAPE, "%s: reward has room for %zu numbers, but %s gives %zu",
                         what, capacity, reward.ops->component->name, needed);
    else if (output)
        status = hb_reward_check(&reward, env, what, batch, target, target_count);
    if (output && status >= 0)
        status = judge_record(env, &reward, record, steps, batch, target, target_count, output);
    hb_reward_free(&reward);
    return status;
}

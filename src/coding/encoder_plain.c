/* Encoders that pass values on as they are.
 *
 * null: O[t] = x[t]; float: O[t] = x; constant_current: O[t] = amp x. Source: SPAIC 0.6.3. */
#include <string.h>

#include "coding/coding_parts.h"

static const hb_param_info current_params[] = {
    {"amp", HB_NUM, "1", 1.0, HB_ANY, 0, "factor on the values", NULL, NULL, NULL},
    {"input_norm", HB_BOOL, "1", 0, HB_ANY, 0,
     "first map the sample's smallest value to 0 and its largest to 1", NULL, NULL, NULL},
};

static hebb_status encode_null(const hb_encoder *encoder, hb_env *env, const hb_encode_job *job) {
    (void)encoder;
    size_t count = job->steps * job->num;
    if (job->value_count < count)
        return hb_fail(env, HEBB_E_SHAPE,
                       "null: there are values for %zu steps, but the run has %zu",
                       job->num ? job->value_count / job->num : 0, job->steps);
    if (count) memcpy(job->rows, job->values, count * sizeof(float));
    return HEBB_OK;
}

static hebb_status encode_float(const hb_encoder *encoder, hb_env *env, const hb_encode_job *job) {
    (void)encoder;
    (void)env;
    if (job->num) memcpy(job->rows, job->values, job->num * sizeof(float));
    return HEBB_OK;
}

static hebb_status encode_current(const hb_encoder *encoder, hb_env *env,
                                  const hb_encode_job *job) {
    (void)env;
    double low = 0, high = 1;
    if (hb_args_num(&encoder->args, "input_norm") != 0) {
        hb_values_range(job->values, job->num, &low, &high);
        if (encoder->spaic) low = job->batch_min, high = job->batch_max;
        if (!(high > low)) high = low + 1;
    }
    double amp = hb_args_num(&encoder->args, "amp");
    for (size_t n = 0; n < job->num; n++)
        job->rows[n] = (float)(amp * ((double)job->values[n] - low) / (high - low));
    return HEBB_OK;
}

static const hb_component null_component = {
    .kind = "encoder",
    .name = "null",
    .summary = "values for every step, passed on as they are",
    .equation = "O[t] = x[t]; x has a row for each step",
    .source = "SPAIC 0.6.3",
};
const hb_encoder_ops hb_encoder_null = {
    .component = &null_component, .emits = HB_EMITS_REAL, .per_step = true, .encode = encode_null};

static const hb_component float_component = {
    .kind = "encoder",
    .name = "float",
    .summary = "the values themselves, in every step",
    .equation = "O[t] = x",
    .source = "SPAIC 0.6.3",
};
const hb_encoder_ops hb_encoder_float = {
    .component = &float_component, .emits = HB_EMITS_CONSTANT, .encode = encode_float};

static const hb_component current_component = {
    .kind = "encoder",
    .name = "constant_current",
    .summary = "the values times a factor, in every step",
    .equation = "O[t] = amp x",
    .source = "SPAIC 0.6.3",
    .params = current_params,
    .param_count = HB_COUNT(current_params),
};
const hb_encoder_ops hb_encoder_constant_current = {
    .component = &current_component, .emits = HB_EMITS_CONSTANT, .encode = encode_current};

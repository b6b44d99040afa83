/* The tables of encoders, generators and decoders, and how one is made from its name. */
#include <string.h>

#include "coding/coding_parts.h"

const hb_encoder_ops *const hb_encoders[] = {
    &hb_encoder_poisson,
    &hb_encoder_bernoulli,
    &hb_encoder_latency,
    &hb_encoder_relative_latency,
    &hb_encoder_sstb,
    &hb_encoder_mstb,
    &hb_encoder_null,
    &hb_encoder_float,
    &hb_encoder_constant_current,
    &hb_encoder_uniform,
};
const size_t hb_encoder_count = HB_COUNT(hb_encoders);

const hb_encoder_ops *const hb_generators[] = {
    &hb_generator_poisson,
    &hb_generator_constant_current,
    &hb_generator_sin,
    &hb_generator_ramp,
};
const size_t hb_generator_count = HB_COUNT(hb_generators);

const hb_decoder_ops *const hb_decoders[] = {
    &hb_decoder_spike_counts, &hb_decoder_spike_rate,         &hb_decoder_spike_rates,
    &hb_decoder_first_spike,  &hb_decoder_time_spike_counts,  &hb_decoder_null,
    &hb_decoder_v_t,          &hb_decoder_final_step_voltage, &hb_decoder_voltage_sum,
    &hb_decoder_voltage_max,  &hb_decoder_voltage_mean,       &hb_decoder_voltage_softmax_sum,
};
const size_t hb_decoder_count = HB_COUNT(hb_decoders);

enum { MOST = 16 };

hebb_status hb_encoder_create(hb_env *env, bool generator, const char *method, const char *where,
                              const hebb_param *params, size_t num, double dt, bool spaic,
                              hb_encoder *encoder) {
    const hb_encoder_ops *const *table = generator ? hb_generators : hb_encoders;
    size_t count = generator ? hb_generator_count : hb_encoder_count;
    const hb_component *components[MOST];
    memset(encoder, 0, sizeof *encoder);
    for (size_t i = 0; i < count; i++) components[i] = table[i]->component;
    const hb_component *found = hb_component_find(env, generator ? "generator" : "encoder", method,
                                                  components, count, where);
    if (!found) return HEBB_E_NAME;
    for (size_t i = 0; i < count; i++)
        if (table[i]->component == found) encoder->ops = table[i];
    encoder->dt = dt;
    encoder->spaic = spaic;
    encoder->generator = generator;
    return hb_args_read(env, found, where, params, num, &encoder->args);
}

void hb_encoder_free(hb_encoder *encoder) {
    if (encoder) hb_args_free(&encoder->args);
}

hb_emits hb_encoder_emits(const hb_encoder *encoder) {
    return encoder->ops->emits_of ? encoder->ops->emits_of(encoder) : encoder->ops->emits;
}

void hb_encoder_batch_range(const hb_encoder *encoder, const float *values, size_t batch,
                            size_t num, double *low, double *high) {
    if (encoder->ops->batch_range)
        encoder->ops->batch_range(encoder, values, batch, num, low, high);
    else
        hb_values_range(values, batch * num, low, high);
}

/* Decoders of SPAIC that this engine cannot compute, and why. */
static const struct {
    const char *name, *why;
} unsupported[] = {
    {"time_softmax", "needs spikes with a second channel that holds their times"},
    {"spike_conv", "compares with a target record, which a decoder here has not"},
    {"complex_phase", "needs complex-valued spikes"},
    {"complex_real", "needs complex-valued spikes"},
    {"complex_freq_domain", "needs complex-valued spikes"},
};

static hebb_status check_supported(hb_env *env, const char *method, const char *where) {
    for (size_t i = 0; method && i < HB_COUNT(unsupported); i++)
        if (hb_name_matches(unsupported[i].name, NULL, method))
            return hb_fail(env, HEBB_E_UNSUPPORTED, "%s%sthe decoder %s is not supported: it %s",
                           where ? where : "", where && where[0] ? ": " : "", unsupported[i].name,
                           unsupported[i].why);
    return HEBB_OK;
}

hebb_status hb_decoder_create(hb_env *env, const char *method, const char *where,
                              const hebb_param *params, size_t num, double dt,
                              hb_decoder *decoder) {
    const hb_component *components[MOST];
    memset(decoder, 0, sizeof *decoder);
    HEBB_TRY(check_supported(env, method, where));
    for (size_t i = 0; i < hb_decoder_count; i++) components[i] = hb_decoders[i]->component;
    const hb_component *found =
        hb_component_find(env, "decoder", method, components, hb_decoder_count, where);
    if (!found) return HEBB_E_NAME;
    for (size_t i = 0; i < hb_decoder_count; i++)
        if (hb_decoders[i]->component == found) decoder->ops = hb_decoders[i];
    HEBB_TRY(hb_args_read(env, found, where, params, num, &decoder->args));
    decoder->dt = dt;
    decoder->num = num;
    size_t pop;
    double scale, bias;
    hb_decoder_linear(decoder, &pop, &scale, &bias);
    if (num % pop) {
        hb_decoder_free(decoder);
        return hb_fail(env, HEBB_E_SHAPE,
                       "%s%spop_size = %zu does not divide the %zu neurons of the target",
                       where ? where : "", where && where[0] ? ": " : "", pop, num);
    }
    decoder->classes = num / pop;
    return HEBB_OK;
}

void hb_decoder_free(hb_decoder *decoder) {
    if (decoder) hb_args_free(&decoder->args);
}

size_t hb_decoder_outputs(const hb_decoder *decoder, size_t steps) {
    return decoder->ops->whole_record ? steps * decoder->num : decoder->classes;
}

/* Decoders of spikes, and what all linear decoders share:
 *   predict[c] = scale (sum over t and the pop_size neurons of class c of w(t) x[t][n] + bias)
 * Source: SPAIC 0.6.3. */
#include <math.h>
#include <string.h>

#include "coding/coding_parts.h"

static const hb_param_info population_params[] = {
    {"pop_size", HB_INT, "1", 1.0, 1.0, HB_INF, 0, "neurons in a row that vote for one class", NULL,
     NULL, NULL},
    {"bias", HB_NUM, "1", 0.0, HB_ANY, 0, "added to each class before scaling", NULL, NULL, NULL},
    {"scale", HB_NUM, "1", 1.0, HB_ANY, 0, "factor on each class", NULL, NULL, NULL},
};

void hb_decoder_linear(const hb_decoder *decoder, size_t *pop_size, double *scale, double *bias) {
    *pop_size = 1;
    *scale = 1;
    *bias = 0;
    if (decoder->ops->component->params != population_params) return;
    *pop_size = (size_t)hb_args_num(&decoder->args, "pop_size");
    *scale = hb_args_num(&decoder->args, "scale");
    *bias = hb_args_num(&decoder->args, "bias");
}

void hb_linear_decode(const hb_decoder *decoder, size_t steps, size_t batch, const double *record,
                      double *predict) {
    size_t pop, num = decoder->num, classes = decoder->classes;
    double scale, bias;
    hb_decoder_linear(decoder, &pop, &scale, &bias);
    memset(predict, 0, batch * classes * sizeof *predict);
    for (size_t t = 0; t < steps; t++) {
        double weight = decoder->ops->time_weight(decoder, t, steps);
        if (weight == 0) continue;
        for (size_t b = 0; b < batch; b++) {
            const double *row = record + (t * batch + b) * num;
            double *out = predict + b * classes;
            for (size_t n = 0; n < num; n++) out[n / pop] += weight * row[n];
        }
    }
    for (size_t i = 0; i < batch * classes; i++) predict[i] = (predict[i] + bias) * scale;
}

void hb_linear_backward(const hb_decoder *decoder, size_t steps, size_t batch, const double *record,
                        const double *predict, const double *dpredict, double *drecord) {
    (void)record;
    (void)predict;
    size_t pop, num = decoder->num;
    double scale, bias;
    hb_decoder_linear(decoder, &pop, &scale, &bias);
    for (size_t t = 0; t < steps; t++) {
        double weight = decoder->ops->time_weight(decoder, t, steps) * scale;
        for (size_t b = 0; b < batch; b++)
            for (size_t n = 0; n < num; n++)
                drecord[(t * batch + b) * num + n] =
                    weight * dpredict[b * decoder->classes + n / pop];
    }
}

void hb_whole_decode(const hb_decoder *decoder, size_t steps, size_t batch, const double *record,
                     double *predict) {
    memcpy(predict, record, steps * batch * decoder->num * sizeof *predict);
}

void hb_whole_backward(const hb_decoder *decoder, size_t steps, size_t batch, const double *record,
                       const double *predict, const double *dpredict, double *drecord) {
    (void)record;
    (void)predict;
    memcpy(drecord, dpredict, steps * batch * decoder->num * sizeof *drecord);
}

static double weight_sum(const hb_decoder *decoder, size_t step, size_t steps) {
    (void)decoder, (void)step, (void)steps;
    return 1;
}

static double weight_mean(const hb_decoder *decoder, size_t step, size_t steps) {
    (void)decoder, (void)step;
    return 1 / (double)steps;
}

static double weight_fading(const hb_decoder *decoder, size_t step, size_t steps) {
    (void)decoder;
    return 0.1 * exp(-(double)step / (0.5 * (double)steps));
}

/* The row of the first step in which any neuron of the sample fired. */
static void decode_first(const hb_decoder *decoder, size_t steps, size_t batch,
                         const double *record, double *predict) {
    size_t num = decoder->num;
    memset(predict, 0, batch * num * sizeof *predict);
    for (size_t b = 0; b < batch; b++) {
        bool fired = false;
        for (size_t t = 0; t < steps && !fired; t++) {
            const double *row = record + (t * batch + b) * num;
            for (size_t n = 0; n < num && !fired; n++) fired = row[n] != 0;
            if (fired) memcpy(predict + b * num, row, num * sizeof *predict);
        }
    }
}

static const hb_component counts_component = {
    .kind = "decoder",
    .name = "spike_counts",
    .summary = "how often the neurons of each class fired",
    .equation = "predict[c] = scale (sum over t, n of O[t][n] + bias), n the pop_size neurons of c",
    .source = "SPAIC 0.6.3",
    .params = population_params,
    .param_count = HB_COUNT(population_params),
};
const hb_decoder_ops hb_decoder_spike_counts = {.component = &counts_component,
                                                .variable = "O",
                                                .time_weight = weight_sum,
                                                .decode = hb_linear_decode,
                                                .backward = hb_linear_backward};

static const hb_component rate_component = {
    .kind = "decoder",
    .name = "spike_rate",
    .summary = "spikes of each class in a step, averaged over the window",
    .equation = "predict[c] = scale (sum over n of mean over t of O[t][n] + bias)",
    .source = "SPAIC 0.6.3",
    .params = population_params,
    .param_count = HB_COUNT(population_params),
};
const hb_decoder_ops hb_decoder_spike_rate = {.component = &rate_component,
                                              .variable = "O",
                                              .time_weight = weight_mean,
                                              .decode = hb_linear_decode,
                                              .backward = hb_linear_backward};

static const hb_component rates_component = {
    .kind = "decoder",
    .name = "spike_rates",
    .summary = "spikes of each neuron in a step, averaged over the window",
    .equation = "predict[n] = sum over t of O[t][n] / steps",
    .source = "SPAIC 0.6.3",
};
const hb_decoder_ops hb_decoder_spike_rates = {.component = &rates_component,
                                               .variable = "O",
                                               .time_weight = weight_mean,
                                               .decode = hb_linear_decode,
                                               .backward = hb_linear_backward};

static const hb_component first_component = {
    .kind = "decoder",
    .name = "first_spike",
    .summary = "the neurons that fired in the first step in which any did; carries no gradient",
    .equation = "predict = O[t0], t0 the first step with a spike in the sample; 0 if there is none",
    .source = "SPAIC 0.6.3",
};
const hb_decoder_ops hb_decoder_first_spike = {
    .component = &first_component, .variable = "O", .decode = decode_first};

static const hb_component fading_component = {
    .kind = "decoder",
    .name = "time_spike_counts",
    .summary = "spike counts in which early spikes weigh more",
    .equation =
        "predict[n] = sum over t of 0.1 exp(-t / (0.5 steps)) O[t][n], t the step from 0 on",
    .source = "SPAIC 0.6.3",
};
const hb_decoder_ops hb_decoder_time_spike_counts = {.component = &fading_component,
                                                     .variable = "O",
                                                     .time_weight = weight_fading,
                                                     .decode = hb_linear_decode,
                                                     .backward = hb_linear_backward};

static const hb_component null_component = {
    .kind = "decoder",
    .name = "null",
    .summary = "all spikes of the window, time first",
    .equation = "predict[t][n] = O[t][n]",
    .source = "SPAIC 0.6.3",
};
const hb_decoder_ops hb_decoder_null = {.component = &null_component,
                                        .variable = "O",
                                        .decode = hb_whole_decode,
                                        .backward = hb_whole_backward,
                                        .whole_record = true};

/* Decoders of the membrane potential: readouts that need no spike of the last layer.
 *
 * final_step_voltage V[T-1]; voltage_mean: mean over t; voltage_max: max over t;
 * voltage_softmax_sum: sum over t of softmax over n; voltage_sum: V[T-1] less its batch mean.
 * Sources: SPAIC 0.6.3; max over time after Cramer et al., "The Heidelberg spiking data sets",
 * 2020; summed softmax after Yin, Corradi and Bohte, 2021. */
#include <math.h>
#include <string.h>

#include "coding/coding_parts.h"

static double weight_last(const hb_decoder *decoder, size_t step, size_t steps) {
    (void)decoder;
    return step + 1 == steps;
}

static double weight_mean(const hb_decoder *decoder, size_t step, size_t steps) {
    (void)decoder, (void)step;
    return 1 / (double)steps;
}

static double mean_of(const double *values, size_t count) {
    double sum = 0;
    for (size_t i = 0; i < count; i++) sum += values[i];
    return sum / (double)count;
}

static void decode_centred(const hb_decoder *decoder, size_t steps, size_t batch,
                           const double *record, double *predict) {
    size_t count = batch * decoder->num;
    if (!steps || !count) return;
    const double *last = record + (steps - 1) * count;
    double mean = mean_of(last, count);
    for (size_t i = 0; i < count; i++) predict[i] = last[i] - mean;
}

static void backward_centred(const hb_decoder *decoder, size_t steps, size_t batch,
                             const double *record, const double *predict, const double *dpredict,
                             double *drecord) {
    (void)record, (void)predict;
    size_t count = batch * decoder->num;
    if (!steps || !count) return;
    memset(drecord, 0, (steps - 1) * count * sizeof *drecord);
    double mean = mean_of(dpredict, count);
    for (size_t i = 0; i < count; i++) drecord[(steps - 1) * count + i] = dpredict[i] - mean;
}

/* The first step in which unit i of the count is largest. */
static size_t largest(const double *record, size_t steps, size_t count, size_t i) {
    size_t best = 0;
    for (size_t t = 1; t < steps; t++)
        if (record[t * count + i] > record[best * count + i]) best = t;
    return best;
}

static void decode_max(const hb_decoder *decoder, size_t steps, size_t batch, const double *record,
                       double *predict) {
    size_t count = batch * decoder->num;
    for (size_t i = 0; steps && i < count; i++)
        predict[i] = record[largest(record, steps, count, i) * count + i];
}

static void backward_max(const hb_decoder *decoder, size_t steps, size_t batch,
                         const double *record, const double *predict, const double *dpredict,
                         double *drecord) {
    (void)predict;
    size_t count = batch * decoder->num;
    memset(drecord, 0, steps * count * sizeof *drecord);
    for (size_t i = 0; steps && i < count; i++)
        drecord[largest(record, steps, count, i) * count + i] = dpredict[i];
}

/* Largest value of a row, and the sum of exp(value - largest). */
static void softmax_of(const double *row, size_t num, double *top, double *sum) {
    *top = row[0];
    for (size_t n = 1; n < num; n++)
        if (row[n] > *top) *top = row[n];
    *sum = 0;
    for (size_t n = 0; n < num; n++) *sum += exp(row[n] - *top);
}

static void decode_softmax(const hb_decoder *decoder, size_t steps, size_t batch,
                           const double *record, double *predict) {
    size_t num = decoder->num;
    memset(predict, 0, batch * num * sizeof *predict);
    for (size_t t = 0; num && t < steps; t++)
        for (size_t b = 0; b < batch; b++) {
            const double *row = record + (t * batch + b) * num;
            double top, sum;
            softmax_of(row, num, &top, &sum);
            for (size_t n = 0; n < num; n++) predict[b * num + n] += exp(row[n] - top) / sum;
        }
}

/* dV[n] = p[n] (d[n] - sum over m of p[m] d[m]) */
static void backward_softmax(const hb_decoder *decoder, size_t steps, size_t batch,
                             const double *record, const double *predict, const double *dpredict,
                             double *drecord) {
    (void)predict;
    size_t num = decoder->num;
    for (size_t t = 0; num && t < steps; t++)
        for (size_t b = 0; b < batch; b++) {
            const double *row = record + (t * batch + b) * num, *d = dpredict + b * num;
            double *out = drecord + (t * batch + b) * num, top, sum, mean = 0;
            softmax_of(row, num, &top, &sum);
            for (size_t n = 0; n < num; n++) {
                out[n] = exp(row[n] - top) / sum;
                mean += out[n] * d[n];
            }
            for (size_t n = 0; n < num; n++) out[n] *= d[n] - mean;
        }
}

static const hb_component last_component = {
    .kind = "decoder",
    .name = "final_step_voltage",
    .summary = "the membrane potential after the last step",
    .equation = "predict[n] = V[T-1][n]",
    .source = "SPAIC 0.6.3",
};
const hb_decoder_ops hb_decoder_final_step_voltage = {.component = &last_component,
                                                      .variable = "V",
                                                      .time_weight = weight_last,
                                                      .decode = hb_linear_decode,
                                                      .backward = hb_linear_backward};

static const hb_component centred_component = {
    .kind = "decoder",
    .name = "voltage_sum",
    .summary = "the membrane potential after the last step, less its mean over neurons and batch",
    .equation = "predict[b][n] = V[T-1][b][n] - mean over b, n of V[T-1]",
    .source = "SPAIC 0.6.3, which gave it its name",
};
const hb_decoder_ops hb_decoder_voltage_sum = {.component = &centred_component,
                                               .variable = "V",
                                               .decode = decode_centred,
                                               .backward = backward_centred};

static const hb_component whole_component = {
    .kind = "decoder",
    .name = "v_t",
    .summary = "all membrane potentials of the window, time first",
    .equation = "predict[t][n] = V[t][n]",
    .source = "SPAIC 0.6.3",
};
const hb_decoder_ops hb_decoder_v_t = {.component = &whole_component,
                                       .variable = "V",
                                       .decode = hb_whole_decode,
                                       .backward = hb_whole_backward,
                                       .whole_record = true};

static const hb_component max_component = {
    .kind = "decoder",
    .name = "voltage_max",
    .aliases = "max_over_time",
    .summary = "the largest membrane potential of each neuron; the gradient goes to the first such "
               "step",
    .equation = "predict[n] = max over t of V[t][n]",
    .source = "Cramer, Stradmann, Schemmel and Zenke 2020",
};
const hb_decoder_ops hb_decoder_voltage_max = {
    .component = &max_component, .variable = "V", .decode = decode_max, .backward = backward_max};

static const hb_component mean_component = {
    .kind = "decoder",
    .name = "voltage_mean",
    .aliases = "mean_over_time",
    .summary = "the membrane potential of each neuron, averaged over the window",
    .equation = "predict[n] = mean over t of V[t][n]",
    .source = "common practice",
};
const hb_decoder_ops hb_decoder_voltage_mean = {.component = &mean_component,
                                                .variable = "V",
                                                .time_weight = weight_mean,
                                                .decode = hb_linear_decode,
                                                .backward = hb_linear_backward};

static const hb_component softmax_component = {
    .kind = "decoder",
    .name = "voltage_softmax_sum",
    .aliases = "sum_of_softmax",
    .summary = "in each step a softmax of the membrane potentials over the neurons, summed",
    .equation = "predict[n] = sum over t of exp(V[t][n]) / sum over m of exp(V[t][m])",
    .source = "Yin, Corradi and Bohte 2021",
};
const hb_decoder_ops hb_decoder_voltage_softmax_sum = {.component = &softmax_component,
                                                       .variable = "V",
                                                       .decode = decode_softmax,
                                                       .backward = backward_softmax};

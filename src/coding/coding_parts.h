/* What the files of this room share among themselves. */
#ifndef HB_CODING_PARTS_H
#define HB_CODING_PARTS_H

#include "coding/coding.h"

extern const hb_encoder_ops hb_encoder_poisson, hb_encoder_bernoulli, hb_encoder_latency,
    hb_encoder_relative_latency, hb_encoder_sstb, hb_encoder_mstb, hb_encoder_null,
    hb_encoder_float, hb_encoder_constant_current, hb_encoder_uniform;
extern const hb_encoder_ops hb_generator_poisson, hb_generator_constant_current, hb_generator_sin,
    hb_generator_ramp;
extern const hb_decoder_ops hb_decoder_spike_counts, hb_decoder_spike_rate, hb_decoder_spike_rates,
    hb_decoder_first_spike, hb_decoder_time_spike_counts, hb_decoder_null;
extern const hb_decoder_ops hb_decoder_final_step_voltage, hb_decoder_voltage_sum, hb_decoder_v_t,
    hb_decoder_voltage_max, hb_decoder_voltage_mean, hb_decoder_voltage_softmax_sum;

/* Minimum and maximum of values[count]; 0, 0 if there are none. */
void hb_values_range(const float *values, size_t count, double *low, double *high);

/* A spike of neuron n in step `step` of the run, if the job asks for that step. */
static inline void hb_job_spike(const hb_encode_job *job, size_t step, size_t n) {
    if (step >= job->first && step - job->first < job->steps)
        job->bits.words[(step - job->first) * job->bits.stride + n / 64] |= (uint64_t)1 << n % 64;
}

/* decode and backward of all decoders with a time_weight. */
void hb_linear_decode(const hb_decoder *decoder, size_t steps, size_t batch, const double *record,
                      double *predict);
void hb_linear_backward(const hb_decoder *decoder, size_t steps, size_t batch, const double *record,
                        const double *predict, const double *dpredict, double *drecord);
/* decode and backward where predict is the record. */
void hb_whole_decode(const hb_decoder *decoder, size_t steps, size_t batch, const double *record,
                     double *predict);
void hb_whole_backward(const hb_decoder *decoder, size_t steps, size_t batch, const double *record,
                       const double *predict, const double *dpredict, double *drecord);

#endif

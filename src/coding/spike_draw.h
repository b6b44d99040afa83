/* Independent trials for each step of a neuron: the heart of the random encoders. */
#ifndef HB_SPIKE_DRAW_H
#define HB_SPIKE_DRAW_H

#include "coding/coding.h"

/* The streams of one sample: one for each lane (neuron). */
typedef struct hb_draws {
    uint32_t key[2];
    uint32_t sample[2];
} hb_draws;

/* Where the successes go: a bit of words[t * stride], or a value in row[t * stride]. */
typedef struct hb_draw_sink {
    uint64_t *words;
    float *row;
    size_t stride;
    unsigned bit;
    float value;
} hb_draw_sink;

/* Lanes from here on are free for draws that belong to no single neuron. */
#define HB_DRAW_SHARED 0x80000000u

void hb_draws_init(hb_draws *draws, const hb_encode_job *job, uint64_t sample);
/* One trial of probability p in each step of [begin, end), counted from the job's first. */
void hb_draw_train(const hb_draws *draws, uint32_t lane, double p, size_t begin, size_t end,
                   const hb_draw_sink *sink);
/* The steps, counted from the job's first, that lie in the window [start_time, end_time] (ms) of
 * the encoder's parameters; empty when begin >= end. */
void hb_draw_window(const hb_encoder *encoder, const hb_encode_job *job, size_t *begin,
                    size_t *end);
/* Trials of 2^-24 in every step for the neurons of word `index` that are set in `lanes`: what
 * `rand <= 0` does with a 24-bit rand. */
void hb_draw_leak(const hb_draws *draws, size_t index, uint64_t lanes, size_t begin, size_t end,
                  const hb_bits *bits);

#endif

/* Independent trials for each step of a neuron: the heart of the random encoders. */
#ifndef HB_SPIKE_DRAW_H
#define HB_SPIKE_DRAW_H

#include "coding/coding.h"
#include "kernels/kernels.h"

/* A train is drawn in pieces of so many steps from the start of the presentation on, each from
 * streams of its own: a run that goes on gets what one long run would have got. */
enum { HB_DRAW_PIECE = HB_DRAW_STEPS, HB_DRAW_STRIP = 512 };

/* The streams of one sample in one piece: one for each lane (neuron). */
typedef struct hb_draws {
    const hb_kernels *kernels;
    uint32_t key[2];
    uint32_t sample[2];
    size_t begin, end; /* steps of the piece to draw, counted from its first */
    size_t skip;       /* of them, those that an earlier run has had */
    size_t to;         /* step of the job that follows what is skipped */
} hb_draws;

/* Lanes from here on are free for draws that belong to no single neuron. */
#define HB_DRAW_SHARED 0x80000000u

/* Lanes from `first` on, sorted by how their trains are drawn: by gaps, some trials at a time, or
 * each by itself. Numbers are counted from the first. */
typedef struct hb_lanes {
    uint32_t first;
    uint64_t lit[HB_DRAW_STRIP / 64]; /* those that can fire */
    size_t gap_count, dense_count, alone_count;
    uint32_t gap[HB_DRAW_STRIP], gap_lane[HB_DRAW_STRIP];
    double scale[HB_DRAW_STRIP];                         /* of gaps */
    uint32_t dense[HB_DRAW_STRIP], below[HB_DRAW_STRIP]; /* 2^32 p */
    uint32_t alone[HB_DRAW_STRIP];
    double p[HB_DRAW_STRIP]; /* of those alone */
} hb_lanes;

/* Steps of the presentation. */
typedef struct hb_draw_span {
    size_t begin, end;
} hb_draw_span;

/* The piece that holds step `at` of the span, and in *at where the next one begins; false when
 * at is not below the end. Start from hb_draws_first. */
bool hb_draws_next(hb_draws *draws, const hb_encode_job *job, uint64_t sample, hb_draw_span span,
                   size_t *at);
/* Where the first piece begins that the job needs of a span. */
size_t hb_draws_first(const hb_encode_job *job, hb_draw_span span);
/* Takes `count` <= HB_DRAW_STRIP lanes of probabilities p; 0 or less: nothing. */
void hb_lanes_sort(hb_lanes *lanes, uint32_t first, size_t count, const double *p);
/* One trial in each step of a piece for all lanes that were sorted: bit t % 64 of
 * trains[lane - first][t / 64] is step t of the piece. Those of lanes that cannot fire are not
 * written; some steps before `skip` may be. */
void hb_draw_piece(const hb_draws *draws, const hb_lanes *lanes, uint64_t (*trains)[HB_DRAW_WORDS]);
/* As values: rows[t * stride + lane - first], t from the job's first step; others are left. */
void hb_draw_values(const hb_draws *draws, const hb_lanes *lanes, float *rows, size_t stride,
                    float value);
/* As rows: bits of words[t * stride + ...], t from the job's first step. */
void hb_draw_rows(const hb_draws *draws, const hb_lanes *lanes, uint64_t *words, size_t stride);
/* Marks as lit those of the lanes, `count` in all, that can fire, and clears so many words of their
 * trains ... */
void hb_lanes_light(const hb_lanes *lanes, size_t count, const hb_trains *trains, size_t words);
/* ... to which each piece is added; it takes the place of whole words, if it begins with one. */
void hb_draw_onto(const hb_draws *draws, const hb_lanes *lanes, const hb_trains *trains);
/* The steps of the presentation up to the job's end that lie in the window [start_time, end_time]
 * (ms) of the encoder's parameters; empty when begin >= end. */
hb_draw_span hb_draw_window(const hb_encoder *encoder, const hb_encode_job *job);
/* Trials of 2^-24 in every step for the neurons of word `index` that are set in `lanes`: what
 * `rand <= 0` does with a 24-bit rand. */
void hb_draw_leak(const hb_draws *draws, size_t index, uint64_t lanes, const hb_bits *bits);

#endif

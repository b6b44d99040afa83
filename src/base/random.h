/* Counter-based random numbers: Philox 4x32-10 (Salmon, Moraes, Dror and Shaw,
 * "Parallel random numbers: as easy as 1, 2, 3", SC 2011). What a stream draws
 * depends on its key and counter only, never on who draws or when. */
#ifndef HB_RANDOM_H
#define HB_RANDOM_H

#include <stddef.h>
#include <stdint.h>

void hb_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]);

typedef struct hb_stream {
    uint32_t key[2];
    uint32_t counter[4]; /* [0] counts blocks, the rest names the stream */
    uint32_t block[4];
    int left; /* unread words of block */
} hb_stream;

/* Streams with different (seed, domain, a, b) are independent. domain is one of
 * HB_DRAW_*; a and b name the object (sample, neuron, epoch, ...). */
void hb_stream_init(hb_stream *stream, uint64_t seed, uint32_t domain, uint32_t a, uint32_t b);

enum hb_draw {
    HB_DRAW_WEIGHT = 1,
    HB_DRAW_ENCODER,
    HB_DRAW_SHUFFLE,
    HB_DRAW_DATA,
    HB_DRAW_DROPOUT,
    HB_DRAW_AUGMENT,
    HB_DRAW_DELAY,
    HB_DRAW_MASK,
    HB_DRAW_RULE,
    HB_DRAW_ACTION
};

uint32_t hb_stream_u32(hb_stream *stream);
uint64_t hb_stream_below(hb_stream *stream, uint64_t n); /* uniform in [0, n), unbiased; n > 0 */
double hb_stream_uniform(hb_stream *stream);             /* in (0, 1), 53 bits, never 0 or 1 */
double hb_stream_normal(hb_stream *stream);              /* mean 0, deviation 1 */
/* Trials up to and with the first success of probability p in (0, 1]; >= 1,
 * at most UINT32_MAX. log_q = hb_log(1 - p). */
uint32_t hb_stream_gap(hb_stream *stream, double log_q);
/* Our own logarithm: the same bits on every machine and instruction set; x > 0. */
double hb_log(double x);
/* Fisher-Yates. */
void hb_shuffle(hb_stream *stream, uint64_t *items, size_t count);

#endif

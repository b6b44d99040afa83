/* Trials of probability p, one each step.
 *
 * From 1/4 on, each step compares one 32-bit word with p 2^32. Below, the gaps
 * between successes are drawn: trials up to the next success are geometric,
 *   gap = 1 + floor(log(u) / log(1 - p)),  u uniform in (0, 1).
 * Which words a neuron sees depends on (seed, encoder, sample, piece of the
 * train, neuron) alone: Philox with these in key and counter. Both kinds are exact to
 * the resolution of the words: 2^-32, and 2^-53 for probabilities below 2^-12. */
#include "coding/spike_draw.h"

#include <math.h>
#include <string.h>

enum { BLOCKS = 4, WORDS = 4 * BLOCKS };

#define DENSE 0.25
#define RARE  0x1p-12

size_t hb_draws_first(const hb_encode_job *job, hb_draw_span span) {
    size_t piece = job->first - job->first % HB_DRAW_PIECE;
    return piece > span.begin ? piece : span.begin;
}

bool hb_draws_next(hb_draws *draws, const hb_encode_job *job, uint64_t sample, hb_draw_span span,
                   size_t *at) {
    if (*at >= span.end) return false;
    size_t first = *at - *at % HB_DRAW_PIECE, end = span.end - first;
    hb_stream stream;
    hb_stream_init(&stream, job->seed, HB_DRAW_ENCODER, job->domain_id, (uint32_t)first);
    draws->kernels = hb_kernels_get();
    draws->key[0] = hb_stream_u32(&stream);
    draws->key[1] = hb_stream_u32(&stream) ^ (uint32_t)((uint64_t)first >> 32);
    draws->sample[0] = (uint32_t)sample;
    draws->sample[1] = (uint32_t)(sample >> 32);
    draws->begin = *at - first;
    draws->end = end < HB_DRAW_PIECE ? end : HB_DRAW_PIECE;
    draws->skip = job->first > first ? job->first - first : 0;
    draws->to = job->first > first ? 0 : first - job->first;
    *at = first + HB_DRAW_PIECE;
    return true;
}

/* `count` blocks in a row of one lane. */
static void draw_blocks(const hb_draws *draws, uint32_t lane, uint32_t block, size_t count,
                        uint32_t *words) {
    uint32_t blocks[BLOCKS], lanes[BLOCKS];
    for (size_t i = 0; i < count; i++) {
        blocks[i] = block + (uint32_t)i;
        lanes[i] = lane;
    }
    draws->kernels->philox(draws->key, draws->sample, blocks, lanes, count, words);
}

static inline void put(const hb_draws *draws, const hb_draw_sink *sink, size_t step) {
    if (step < draws->skip) return;
    step = draws->to + step - draws->skip;
    if (sink->words)
        sink->words[step * sink->stride] |= (uint64_t)1 << sink->bit;
    else
        sink->row[step * sink->stride] = sink->value;
}

/* -log(1 - p), also where 1 - p would lose p's digits. */
static double minus_log_q(double p) {
    if (p > 0x1p-20) return -hb_log(1 - p);
    double square = p * p;
    return p + square * 0.5;
}

/* Successes after the gaps that `count` logarithms give; false at the end of the piece. */
static bool put_gaps(const hb_draws *draws, const double *logs, size_t count, double scale,
                     size_t *step, const hb_draw_sink *sink) {
    for (size_t i = 0; i < count; i++) {
        uint64_t failures = (uint64_t)(logs[i] * scale);
        if (failures >= draws->end - *step) return false;
        *step += failures;
        put(draws, sink, (*step)++);
    }
    return true;
}

static void draw_gaps(const hb_draws *draws, uint32_t lane, uint32_t block, size_t step, double p,
                      const hb_draw_sink *sink) {
    double scale = -1 / minus_log_q(p), logs[WORDS];
    uint32_t words[WORDS];
    for (size_t count;; block += (uint32_t)count) {
        /* One block where the rest of the train will hardly ask for more. */
        count = p * (double)(draws->end - step) < 4 ? 1 : BLOCKS;
        draw_blocks(draws, lane, block, count, words);
        draws->kernels->log_uniform(words, 4 * count, logs);
        if (!put_gaps(draws, logs, 4 * count, scale, &step, sink)) return;
    }
}

/* Gaps with 53 bits for rare events, where 2^-32 would be coarse. */
typedef struct rare_gaps {
    const hb_draws *draws;
    double log_q;
    uint32_t lane, block;
    int left;
    uint32_t words[4];
} rare_gaps;

static uint64_t rare_next(rare_gaps *gaps) {
    if (!gaps->left) {
        draw_blocks(gaps->draws, gaps->lane, gaps->block++, 1, gaps->words);
        gaps->left = 2;
    }
    const uint32_t *pair = &gaps->words[4 - 2 * gaps->left--];
    uint64_t bits = ((uint64_t)pair[1] << 32 | pair[0]) >> 12;
    double u = (double)(bits << 1 | 1) * 0x1p-53;
    double failures = -hb_log(u) / gaps->log_q;
    return failures < 0x1p62 ? (uint64_t)failures : UINT64_MAX;
}

static void draw_rare(const hb_draws *draws, uint32_t lane, double p, const hb_draw_sink *sink) {
    rare_gaps gaps = {draws, minus_log_q(p), lane, 0, 0, {0}};
    for (size_t step = draws->begin, end = draws->end;;) {
        uint64_t failures = rare_next(&gaps);
        if (failures >= end - step) return;
        step += (size_t)failures;
        put(draws, sink, step++);
    }
}

/* A word of its own for each of the next `count` steps. */
static void put_trials(const hb_draws *draws, const uint32_t *words, size_t count, size_t step,
                       double p, const hb_draw_sink *sink) {
    uint64_t threshold = (uint64_t)(p * 0x1p32 + 0.5);
    if (!sink->words || step < draws->skip) {
        for (size_t i = 0; i < count; i++)
            if (words[i] < threshold) put(draws, sink, step + i);
        return;
    }
    uint64_t *word = &sink->words[(draws->to + step - draws->skip) * sink->stride];
    for (size_t i = 0; i < count; i++)
        word[i * sink->stride] |= (uint64_t)(words[i] < threshold) << sink->bit;
}

static void draw_dense(const hb_draws *draws, uint32_t lane, double p, const hb_draw_sink *sink) {
    uint32_t words[WORDS], block = 0;
    for (size_t step = draws->begin, count; step < draws->end; step += count) {
        count = draws->end - step < WORDS ? draws->end - step : WORDS;
        draw_blocks(draws, lane, block, (count + 3) / 4, words);
        block += BLOCKS;
        put_trials(draws, words, count, step, p, sink);
    }
}

void hb_draw_train(const hb_draws *draws, uint32_t lane, double p, const hb_draw_sink *sink) {
    if (!(p > 0) || draws->begin >= draws->end) return;
    if (p >= 1) {
        for (size_t step = draws->begin; step < draws->end; step++) put(draws, sink, step);
    } else if (p >= DENSE) {
        draw_dense(draws, lane, p, sink);
    } else if (p >= RARE) {
        draw_gaps(draws, lane, 0, draws->begin, p, sink);
    } else {
        draw_rare(draws, lane, p, sink);
    }
}

/* ---- many trains at once ---- */

enum { POOL = 128, MOST = 16 }; /* blocks of a batch; of a train in it */

typedef struct batch {
    uint32_t block[POOL], lane[POOL], words[4 * POOL];
    double logs[4 * POOL];
    unsigned train[64], blocks[64]; /* place in the word, blocks drawn */
    size_t count, used;
} batch;

/* Blocks that train p will most likely need; 0: it is drawn by itself. */
static size_t blocks_of(const hb_draws *draws, double p) {
    double steps = (double)(draws->end - draws->begin), mean = p * steps;
    if (!(p >= RARE) || p >= 1) return 0;
    size_t blocks = (size_t)(p >= DENSE ? (steps + 3) / 4 : (mean * 1.25 + 6) / 4);
    return p >= DENSE && blocks > MOST ? 0 : blocks > MOST ? MOST : blocks;
}

static void flush(const hb_draws *draws, batch *b, uint32_t first, const double *p,
                  hb_draw_sink *sink) {
    size_t at = 0;
    draws->kernels->philox(draws->key, draws->sample, b->block, b->lane, b->used, b->words);
    draws->kernels->log_uniform(b->words, 4 * b->used, b->logs);
    for (size_t i = 0; i < b->count; at += 4 * b->blocks[i++]) {
        unsigned k = sink->bit = b->train[i];
        size_t step = draws->begin;
        if (p[k] >= DENSE)
            put_trials(draws, b->words + at, draws->end - step, step, p[k], sink);
        else if (put_gaps(draws, b->logs + at, 4 * b->blocks[i], -1 / minus_log_q(p[k]), &step,
                          sink))
            draw_gaps(draws, first + k, b->blocks[i], step, p[k], sink);
    }
    b->count = b->used = 0;
}

void hb_draw_trains(const hb_draws *draws, uint32_t first, size_t count, const double *p,
                    uint64_t *words, size_t stride) {
    hb_draw_sink sink = {.words = words, .stride = stride};
    batch b;
    b.count = b.used = 0;
    if (draws->begin >= draws->end) return;
    for (unsigned k = 0; k < count; k++) {
        if (!(p[k] > 0)) continue;
        size_t blocks = blocks_of(draws, p[k]);
        if (!blocks) {
            sink.bit = k;
            hb_draw_train(draws, first + k, p[k], &sink);
            continue;
        }
        if (b.used + blocks > POOL) flush(draws, &b, first, p, &sink);
        for (uint32_t i = 0; i < blocks; i++, b.used++) {
            b.block[b.used] = i;
            b.lane[b.used] = first + k;
        }
        b.train[b.count] = k;
        b.blocks[b.count++] = (unsigned)blocks;
    }
    flush(draws, &b, first, p, &sink);
}

void hb_draw_leak(const hb_draws *draws, size_t index, uint64_t lanes, const hb_bits *bits) {
    if (!lanes || draws->begin >= draws->end) return;
    /* Trials for all 64 places of the word, step after step; those of other neurons are unused. */
    uint32_t lane = HB_DRAW_SHARED | (uint32_t)index;
    rare_gaps gaps = {draws, minus_log_q(0x1p-24), lane, 0, 0, {0}};
    for (uint64_t place = (uint64_t)draws->begin * 64, all = (uint64_t)draws->end * 64;; place++) {
        uint64_t failures = rare_next(&gaps);
        if (failures >= all - place) return;
        place += failures;
        uint64_t bit = (uint64_t)1 << (place & 63);
        hb_draw_sink sink = {.words = bits->words + index, .stride = bits->stride};
        sink.bit = (unsigned)(place & 63);
        if (bit & lanes) put(draws, &sink, place / 64);
    }
}

hb_draw_span hb_draw_window(const hb_encoder *encoder, const hb_encode_job *job) {
    /* Step t ends at (t+1) dt, and that is the time that must lie in the window. */
    double slack = encoder->spaic ? 0 : 1e-6;
    double from = 0, to = (double)job->first + (double)job->steps;
    if (hb_args_given(&encoder->args, "start_time")) {
        double start = ceil(hb_args_num(&encoder->args, "start_time") / encoder->dt - slack) - 1;
        if (start > from) from = start;
    }
    if (hb_args_given(&encoder->args, "end_time")) {
        double stop = floor(hb_args_num(&encoder->args, "end_time") / encoder->dt + slack);
        if (stop < to) to = stop;
    }
    if (from >= to) return (hb_draw_span){0, 0};
    return (hb_draw_span){(size_t)from, (size_t)to};
}

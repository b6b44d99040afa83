/* Trials of probability p, one each step.
 *
 * From 1/8 on, 32 steps are drawn together: Philox gives one binary digit of each of their uniform
 * numbers at a time, from the highest on, and a trial is decided by the first digit that is
 * not that of p. Below, the gaps between successes are drawn: trials up to the next success
 * are geometric,
 *   gap = 1 + floor(log(u) / log(1 - p)),  u uniform in (0, 1).
 * Which words a neuron sees depends on (seed, encoder, sample, piece of the
 * train, neuron) alone: Philox with these in key and counter. Both kinds are exact to
 * the resolution of the words: 2^-32, and 2^-53 for probabilities below 2^-12. */
#include "coding/spike_draw.h"

#include <math.h>
#include <string.h>

#define DENSE 0.125
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

/* -log(1 - p), also where 1 - p would lose p's digits. */
static double minus_log_q(double p) {
    if (p > 0x1p-20) return -hb_log(1 - p);
    double square = p * p;
    return p + square * 0.5;
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
        const hb_draws *draws = gaps->draws;
        draws->kernels->philox(draws->key, draws->sample, &gaps->block, &gaps->lane, 1,
                               gaps->words);
        gaps->block++;
        gaps->left = 2;
    }
    const uint32_t *pair = &gaps->words[4 - 2 * gaps->left--];
    uint64_t bits = ((uint64_t)pair[1] << 32 | pair[0]) >> 12;
    double u = (double)(bits << 1 | 1) * 0x1p-53;
    double failures = -hb_log(u) / gaps->log_q;
    return failures < 0x1p62 ? (uint64_t)failures : UINT64_MAX;
}

/* ---- many trains at once ---- */

enum { POOL = 128, TIMES = HB_DRAW_STEPS / 64, STRIP = HB_DRAW_STRIP };

/* A train that is drawn by its gaps. */
typedef struct gap_train {
    double p, scale;
    uint32_t lane, step; /* where the next gap begins */
    uint32_t at, blocks; /* drawn before, and in this round */
} gap_train;

/* One piece of up to STRIP trains: bit t % 64 of bits[lane / 64][t / 64][lane % 64] is step t,
 * counted from the piece's first. */
typedef struct trains {
    uint64_t bits[STRIP / 64][TIMES][64];
    gap_train gaps[STRIP];
    size_t gap_count, dense_count;
    uint32_t first;                      /* lane of the first */
    uint32_t dense[STRIP], below[STRIP]; /* trains of one trial a step, and 2^32 p */
    uint32_t block[POOL], lane[POOL], words[4 * POOL], limit[POOL], used[POOL], place[POOL];
    double logs[4 * POOL];
} trains;

static uint64_t *train_of(trains *x, uint32_t lane) { return &x->bits[lane / 64][0][lane % 64]; }

/* Steps 64 k .. of the piece that are drawn. */
static uint64_t drawn(const hb_draws *draws, size_t k) {
    size_t from = 64 * k, begin = draws->begin > from ? draws->begin - from : 0;
    if (draws->end <= from || begin >= 64) return 0;
    uint64_t bits = ~(uint64_t)0 << begin;
    return draws->end - from < 64 ? bits & (((uint64_t)1 << (draws->end - from)) - 1) : bits;
}

/* The first step of the piece that the job gets. */
static size_t wanted(const hb_draws *draws) {
    return draws->begin > draws->skip ? draws->begin : draws->skip;
}

static void draw_always(const hb_draws *draws, uint64_t *train) {
    for (size_t k = 0; k < TIMES; k++) train[64 * k] = drawn(draws, k);
}

static void draw_rare(const hb_draws *draws, uint32_t lane, double p, uint64_t *train) {
    rare_gaps gaps = {draws, minus_log_q(p), lane, 0, 0, {0}};
    for (size_t step = draws->begin, end = draws->end;; step++) {
        uint64_t failures = rare_next(&gaps);
        if (failures >= end - step) return;
        step += (size_t)failures;
        train[step / 64 * 64] |= (uint64_t)1 << step % 64;
    }
}

/* Kernels take eights. */
static size_t fill_up(trains *x, size_t count) {
    for (; count % 8; count++)
        x->block[count] = x->lane[count] = x->limit[count] = x->used[count] = 0;
    return count;
}

static void flush_trials(const hb_draws *draws, trains *x, size_t count) {
    draws->kernels->trials(draws->key, draws->sample, x->block, x->lane, x->limit, x->used,
                           fill_up(x, count), x->words);
    for (size_t i = 0; i < count; i++) {
        uint32_t half = x->block[i] / HB_TRIAL_BLOCKS;
        train_of(x, x->place[i])[half / 2 * 64] |= (uint64_t)x->words[i] << half % 2 * 32;
    }
}

/* Steps that an earlier run has had are left out. */
static void draw_dense(const hb_draws *draws, trains *x) {
    size_t count = 0;
    for (size_t half = wanted(draws) / 32; half < (draws->end + 31) / 32; half++) {
        uint32_t used = (uint32_t)(drawn(draws, half / 2) >> half % 2 * 32);
        for (size_t i = 0; i < x->dense_count; i++) {
            x->block[count] = (uint32_t)half * HB_TRIAL_BLOCKS;
            x->lane[count] = x->first + x->dense[i];
            x->limit[count] = x->below[i];
            x->used[count] = used;
            x->place[count++] = x->dense[i];
            if (count == POOL) flush_trials(draws, x, count), count = 0;
        }
    }
    if (count) flush_trials(draws, x, count);
}

/* As many blocks as train t will most likely need; pairs of them, since kernels take eights. */
static size_t ask_blocks(const hb_draws *draws, trains *x, gap_train *t, size_t used) {
    size_t blocks = (size_t)(t->p * (double)(draws->end - t->step) * 1.1 + 9) / 8 * 2;
    if (blocks > POOL) blocks = POOL;
    if (used + blocks > POOL) return 0;
    uint32_t lane = x->first + t->lane, at = t->at;
    for (size_t i = used; i < used + blocks; i += 2, at += 2) {
        x->block[i] = at, x->block[i + 1] = at + 1;
        x->lane[i] = x->lane[i + 1] = lane;
    }
    t->at += (uint32_t)blocks;
    return t->blocks = (uint32_t)blocks;
}

/* Trains whose gaps have not reached the end go through another round. */
static void draw_gaps(const hb_draws *draws, trains *x) {
    const hb_kernels *kernels = draws->kernels;
    while (x->gap_count) {
        size_t left = 0;
        for (size_t i = 0; i < x->gap_count;) {
            size_t used = 0, first = i;
            for (size_t more; i < x->gap_count; i++, used += more)
                if (!(more = ask_blocks(draws, x, &x->gaps[i], used))) break;
            kernels->philox(draws->key, draws->sample, x->block, x->lane, fill_up(x, used),
                            x->words);
            kernels->log_uniform(x->words, 4 * used, x->logs);
            const double *logs = x->logs;
            for (size_t k = first; k < i; k++) {
                gap_train *t = &x->gaps[k];
                t->step = (uint32_t)kernels->mark_gaps(logs, 4 * t->blocks, t->scale, t->step,
                                                       draws->end, train_of(x, t->lane));
                logs += 4 * t->blocks;
                if (t->step < draws->end) x->gaps[left++] = *t;
            }
        }
        x->gap_count = left;
    }
}

/* Sorts lanes by how they are drawn, and draws those that are drawn by themselves. */
static void take_lane(const hb_draws *draws, trains *x, uint32_t lane, double p) {
    uint64_t below = p < 1 ? (uint64_t)(p * 0x1p32 + 0.5) : UINT64_MAX;
    if (below > UINT32_MAX) {
        draw_always(draws, train_of(x, lane));
    } else if (p >= DENSE) {
        x->dense[x->dense_count] = lane;
        x->below[x->dense_count++] = (uint32_t)below;
    } else if (p >= RARE) {
        x->gaps[x->gap_count++] = (gap_train){.p = p, .lane = lane, .step = (uint32_t)draws->begin};
    } else {
        draw_rare(draws, x->first + lane, p, train_of(x, lane));
    }
}

static void find_scales(const hb_draws *draws, trains *x) {
    double p[64], scale[64];
    for (size_t i = 0, here; i < x->gap_count; i += here) {
        here = x->gap_count - i < 64 ? x->gap_count - i : 64;
        for (size_t k = 0; k < here; k++) p[k] = x->gaps[i + k].p;
        draws->kernels->gap_scales(p, here, scale);
        for (size_t k = 0; k < here; k++) x->gaps[i + k].scale = scale[k];
    }
}

/* Returns a word whose bit k is 1 where some of lanes 64 k .. can fire: the bits of others are not
 * written. */
static uint64_t draw(const hb_draws *draws, trains *x, size_t count, const double *p) {
    uint64_t lit = 0;
    x->gap_count = x->dense_count = 0;
    if (draws->begin >= draws->end) return 0;
    for (size_t first = 0; first < count; first += 64) {
        size_t last = count - first < 64 ? count : first + 64, some = 0;
        uint32_t lane[64];
        for (size_t k = first; k < last; k++) {
            lane[some] = (uint32_t)k;
            some += p[k] > 0;
        }
        if (!some) continue;
        lit |= (uint64_t)1 << first / 64;
        memset(x->bits[first / 64], 0, (draws->end + 63) / 64 * 64 * sizeof(uint64_t));
        for (size_t i = 0; i < some; i++) take_lane(draws, x, lane[i], p[lane[i]]);
    }
    find_scales(draws, x);
    draw_dense(draws, x);
    draw_gaps(draws, x);
    return lit;
}

void hb_draw_train(const hb_draws *draws, uint32_t lane, double p, const hb_draw_sink *sink) {
    trains x;
    x.first = lane;
    if (!draw(draws, &x, 1, &p)) return;
    for (size_t step = wanted(draws); step < draws->end; step++) {
        if (!(x.bits[0][step / 64][0] >> step % 64 & 1)) continue;
        size_t at = (draws->to + step - draws->skip) * sink->stride;
        if (sink->words)
            sink->words[at] |= (uint64_t)1 << sink->bit;
        else
            sink->row[at] = sink->value;
    }
}

void hb_draw_trains(const hb_draws *draws, uint32_t first, size_t count, const double *p,
                    uint64_t *words, size_t stride) {
    trains x;
    uint64_t turned[64];
    x.first = first;
    uint64_t lit = draw(draws, &x, count, p);
    if (!lit) return;
    size_t begin = wanted(draws), end = draws->end;
    uint64_t *to = words + (draws->to + begin - draws->skip) * stride;
    for (size_t from = begin, last; from < end; to += (last - from) * stride, from = last) {
        last = from / 64 * 64 + 64 < end ? from / 64 * 64 + 64 : end;
        for (uint64_t left = lit; left; left &= left - 1) {
            size_t w = (size_t)__builtin_ctzll(left);
            draws->kernels->turn(turned, 1, x.bits[w][from / 64], 1, 64, ~(uint64_t)0, NULL);
            for (size_t k = 0; k < last - from; k++) to[k * stride + w] |= turned[from % 64 + k];
        }
    }
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
        if (bit & lanes && place / 64 >= draws->skip)
            bits->words[(draws->to + (size_t)(place / 64) - draws->skip) * bits->stride + index] |=
                bit;
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

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

enum { POOL = 128, STRIP = HB_DRAW_STRIP, CLASSES = 32 };

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

static void draw_rare(const hb_draws *draws, uint32_t lane, double p, uint64_t *train) {
    rare_gaps gaps = {draws, minus_log_q(p), lane, 0, 0, {0}};
    for (size_t step = draws->begin, end = draws->end;; step++) {
        uint64_t failures = rare_next(&gaps);
        if (failures >= end - step) return;
        step += (size_t)failures;
        train[step / 64] |= (uint64_t)1 << step % 64;
    }
}

/* Trials of 32 steps each. */
typedef struct trials {
    size_t count;
    uint32_t block[POOL], lane[POOL], limit[POOL], used[POOL], place[POOL], words[POOL];
} trials;

static void flush_trials(const hb_draws *draws, trials *x, uint64_t (*trains)[HB_DRAW_WORDS]) {
    size_t count = x->count, whole = (count + 7) / 8 * 8; /* kernels take eights */
    for (size_t i = count; i < whole; i++) x->block[i] = x->lane[i] = x->limit[i] = x->used[i] = 0;
    draws->kernels->trials(draws->key, draws->sample, x->block, x->lane, x->limit, x->used, whole,
                           x->words);
    for (size_t i = 0; i < count; i++) {
        uint32_t half = x->block[i] / HB_TRIAL_BLOCKS;
        trains[x->place[i]][half / 2] |= (uint64_t)x->words[i] << half % 2 * 32;
    }
    x->count = 0;
}

/* Steps that an earlier run has had are left out. */
static void draw_dense(const hb_draws *draws, const hb_lanes *lanes,
                       uint64_t (*trains)[HB_DRAW_WORDS]) {
    trials x;
    x.count = 0;
    for (size_t half = wanted(draws) / 32; half < (draws->end + 31) / 32; half++) {
        uint32_t used = (uint32_t)(drawn(draws, half / 2) >> half % 2 * 32);
        for (size_t i = 0; i < lanes->dense_count; i++) {
            x.block[x.count] = (uint32_t)half * HB_TRIAL_BLOCKS;
            x.lane[x.count] = lanes->first + lanes->dense[i];
            x.limit[x.count] = lanes->below[i];
            x.used[x.count] = used;
            x.place[x.count++] = lanes->dense[i];
            if (x.count == POOL) flush_trials(draws, &x, trains);
        }
    }
    if (x.count) flush_trials(draws, &x, trains);
}

static uint64_t below_of(double p) { return p < 1 ? (uint64_t)(p * 0x1p32 + 0.5) : UINT64_MAX; }

/* Lanes that are drawn by their gaps, those of about the same p together, as their kernel likes
 * it. */
static void sort_gaps(hb_lanes *lanes, const uint32_t *place, const double *p, size_t count) {
    size_t at[CLASSES + 1] = {0};
    double sorted[STRIP];
    for (size_t i = 0; i < count; i++) at[(size_t)(p[i] * (CLASSES / DENSE)) + 1]++;
    for (size_t k = 0; k < CLASSES; k++) at[k + 1] += at[k];
    for (size_t i = 0; i < count; i++) {
        size_t to = at[(size_t)(p[i] * (CLASSES / DENSE))]++;
        lanes->gap[to] = place[i], lanes->gap_lane[to] = lanes->first + place[i];
        sorted[to] = p[i];
    }
    hb_kernels_get()->gap_scales(sorted, count, lanes->scale);
    lanes->gap_count = count;
}

void hb_lanes_sort(hb_lanes *lanes, uint32_t first, size_t count, const double *p) {
    uint32_t lit[STRIP + 1], gap[STRIP];
    double gap_p[STRIP];
    size_t lit_count = 0, gaps = 0;
    lanes->first = first;
    lanes->dense_count = lanes->alone_count = 0;
    memset(lanes->lit, 0, sizeof lanes->lit);
    for (size_t k = 0; k < count; k++) {
        lit[lit_count] = (uint32_t)k;
        lit_count += p[k] > 0;
    }
    for (size_t i = 0; i < lit_count; i++) {
        uint32_t k = lit[i];
        lanes->lit[k / 64] |= (uint64_t)1 << k % 64;
        if (p[k] < DENSE && p[k] >= RARE) {
            gap[gaps] = k, gap_p[gaps++] = p[k];
        } else if (p[k] >= DENSE && below_of(p[k]) <= UINT32_MAX) {
            lanes->dense[lanes->dense_count] = k;
            lanes->below[lanes->dense_count++] = (uint32_t)below_of(p[k]);
        } else {
            lanes->alone[lanes->alone_count] = k, lanes->p[lanes->alone_count++] = p[k];
        }
    }
    sort_gaps(lanes, gap, gap_p, gaps);
}

void hb_draw_piece(const hb_draws *draws, const hb_lanes *lanes,
                   uint64_t (*trains)[HB_DRAW_WORDS]) {
    if (draws->begin >= draws->end) {
        memset(trains, 0, STRIP * sizeof *trains);
        return;
    }
    for (size_t i = 0; i < lanes->dense_count; i++)
        memset(trains[lanes->dense[i]], 0, sizeof *trains);
    for (size_t i = 0; i < lanes->alone_count; i++) {
        uint32_t k = lanes->alone[i];
        bool always = lanes->p[i] >= RARE;
        for (size_t t = 0; t < HB_DRAW_WORDS; t++) trains[k][t] = always ? drawn(draws, t) : 0;
        if (!always) draw_rare(draws, lanes->first + k, lanes->p[i], trains[k]);
    }
    draw_dense(draws, lanes, trains);
    draws->kernels->gap_trains(draws->key, draws->sample, lanes->gap_lane, lanes->scale,
                               lanes->gap_count, draws->begin, draws->end, lanes->gap, trains);
}

void hb_draw_values(const hb_draws *draws, const hb_lanes *lanes, float *rows, size_t stride,
                    float value) {
    uint64_t trains[STRIP][HB_DRAW_WORDS];
    size_t begin = wanted(draws);
    if (begin >= draws->end) return;
    hb_draw_piece(draws, lanes, trains);
    for (size_t w = 0; w < STRIP / 64; w++)
        for (uint64_t left = lanes->lit[w]; left; left &= left - 1) {
            size_t lane = 64 * w + (size_t)__builtin_ctzll(left);
            float *to = rows + (draws->to + begin - draws->skip) * stride + lane;
            for (size_t step = begin; step < draws->end; step++, to += stride)
                if (trains[lane][step / 64] >> step % 64 & 1) *to = value;
        }
}

void hb_draw_rows(const hb_draws *draws, const hb_lanes *lanes, uint64_t *words, size_t stride) {
    uint64_t trains[STRIP][HB_DRAW_WORDS], turned[64];
    size_t begin = wanted(draws), end = draws->end;
    if (begin >= end) return;
    for (size_t w = 0; w < STRIP / 64; w++)
        if (lanes->lit[w]) memset(trains[64 * w], 0, 64 * sizeof *trains);
    hb_draw_piece(draws, lanes, trains);
    uint64_t *to = words + (draws->to + begin - draws->skip) * stride;
    for (size_t from = begin, last; from < end; to += (last - from) * stride, from = last) {
        last = from / 64 * 64 + 64 < end ? from / 64 * 64 + 64 : end;
        for (size_t w = 0; w < STRIP / 64; w++) {
            if (!lanes->lit[w]) continue;
            draws->kernels->turn(turned, 1, &trains[64 * w][from / 64], HB_DRAW_WORDS, 64,
                                 ~(uint64_t)0, NULL);
            for (size_t k = 0; k < last - from; k++) to[k * stride + w] |= turned[from % 64 + k];
        }
    }
}

void hb_lanes_light(const hb_lanes *lanes, size_t count, const hb_trains *trains, size_t words) {
    memcpy(trains->lit + lanes->first / 64, lanes->lit, HB_WORDS(count) * sizeof *trains->lit);
    size_t place = hb_lit_before(trains->lit, lanes->first), last = lanes->first + count;
    for (; words && place < hb_lit_before(trains->lit, last); place++)
        memset(trains->words + place * trains->stride, 0, words * sizeof *trains->words);
}

/* Adds a word whose first step is step `at` of the train; steps before 0 are none. */
static void add_word(uint64_t *train, int64_t at, uint64_t word) {
    if (at < 0) word = at > -64 ? word >> -at : 0, at = 0;
    if (!word) return;
    train[at / 64] |= word << at % 64;
    if (at % 64 && word >> (64 - at % 64)) train[at / 64 + 1] |= word >> (64 - at % 64);
}

void hb_draw_onto(const hb_draws *draws, const hb_lanes *lanes, const hb_trains *trains) {
    uint64_t drawn[STRIP][HB_DRAW_WORDS];
    int64_t from = (int64_t)draws->to - (int64_t)draws->skip; /* of the piece in the run */
    if (wanted(draws) >= draws->end) return;
    hb_draw_piece(draws, lanes, drawn);
    size_t words = HB_WORDS(draws->end), gone = from < 0 ? (size_t)-from / 64 : 0;
    uint64_t *train = trains->words + hb_lit_before(trains->lit, lanes->first) * trains->stride;
    for (size_t w = 0; w < STRIP / 64; w++)
        for (uint64_t left = lanes->lit[w]; left; left &= left - 1, train += trains->stride) {
            size_t lane = 64 * w + (size_t)__builtin_ctzll(left);
            for (size_t k = 0; from % 64 && k < words; k++)
                add_word(train, from + 64 * (int64_t)k, drawn[lane][k]);
            for (size_t k = gone; from % 64 == 0 && k < words; k++)
                train[from / 64 + (int64_t)k] = drawn[lane][k];
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

/* Trials of probability p, one each step.
 *
 * From 1/4 on, each step compares one 32-bit word with p 2^32. Below, the gaps
 * between successes are drawn: trials up to the next success are geometric,
 *   gap = 1 + floor(log(u) / log(1 - p)),  u uniform in (0, 1).
 * Which words a neuron sees depends on (seed, encoder, sample, piece of the
 * train, neuron) alone: Philox with these in key and counter. Both kinds are exact to
 * the resolution of the words: 2^-32, and 2^-53 for probabilities below 2^-12.
 *
 * Statements here hold one product or one sum each, so that no compiler
 * contracts them and every machine draws the same spikes. */
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

/* Words of BLOCKS blocks in a row: what hb_philox gives for each, side by side so that the
 * compiler can use vectors. */
static void draw_words(const hb_draws *draws, uint32_t lane, uint32_t block,
                       uint32_t words[WORDS]) {
    uint32_t c0[BLOCKS], c1[BLOCKS], c2[BLOCKS], c3[BLOCKS];
    uint32_t k0 = draws->key[0], k1 = draws->key[1];
    for (uint32_t i = 0; i < BLOCKS; i++) {
        c0[i] = block + i;
        c1[i] = lane;
        c2[i] = draws->sample[0];
        c3[i] = draws->sample[1];
    }
    for (int round = 0; round < 10; round++) {
        for (int i = 0; i < BLOCKS; i++) {
            uint64_t product0 = (uint64_t)0xD2511F53u * c0[i];
            uint64_t product1 = (uint64_t)0xCD9E8D57u * c2[i];
            c0[i] = (uint32_t)(product1 >> 32) ^ c1[i] ^ k0;
            c1[i] = (uint32_t)product1;
            c2[i] = (uint32_t)(product0 >> 32) ^ c3[i] ^ k1;
            c3[i] = (uint32_t)product0;
        }
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    for (int i = 0; i < BLOCKS; i++) {
        words[4 * i] = c0[i];
        words[4 * i + 1] = c1[i];
        words[4 * i + 2] = c2[i];
        words[4 * i + 3] = c3[i];
    }
}

static void draw_block(const hb_draws *draws, uint32_t lane, uint32_t block, uint32_t words[4]) {
    uint32_t counter[4] = {block, lane, draws->sample[0], draws->sample[1]};
    hb_philox(counter, draws->key, words);
}

static inline void put(const hb_draws *draws, const hb_draw_sink *sink, size_t step) {
    if (step < draws->skip) return;
    step = draws->to + step - draws->skip;
    if (sink->words)
        sink->words[step * sink->stride] |= (uint64_t)1 << sink->bit;
    else
        sink->row[step * sink->stride] = sink->value;
}

/* failures[i] = floor(-log(u) / -log(1-p)), u = (word + 1/2) 2^-32; scale = 1 / -log(1-p).
 * u 2^32 = 2^e m, m in [sqrt(1/2), sqrt(2)); log m = 2 atanh(s), s = (m-1)/(m+1), as a power
 * series: |s| < 0.172, so what is left out (s^17) is below 2^-46. */
static inline void gap_words(const uint32_t *words, int count, double scale, int32_t *failures) {
    const uint64_t offset = 0x3FE6A09E667F3BCDu - (1ull << 52);
    for (int i = 0; i < count; i++) {
        uint64_t bits = 0x4330000000000000u | words[i];
        double x, m, e;
        memcpy(&x, &bits, sizeof x);
        x -= 0x1p52;
        x += 0.5;
        memcpy(&bits, &x, sizeof bits);
        uint64_t above = bits - offset;
        uint64_t exponent = 0x4330000000000000u | (above >> 52); /* e + 1 */
        bits -= (above & 0xFFF0000000000000u) - (1ull << 52);
        memcpy(&m, &bits, sizeof m);
        memcpy(&e, &exponent, sizeof e);
        e -= 0x1p52 + 33; /* now log2 of u's power of two */
        double f = m - 1, s = f / (m + 1), z = s * s;
        double sum = z * (2.0 / 15);
        sum += 2.0 / 13;
        sum *= z;
        sum += 2.0 / 11;
        sum *= z;
        sum += 2.0 / 9;
        sum *= z;
        sum += 2.0 / 7;
        sum *= z;
        sum += 2.0 / 5;
        sum *= z;
        sum += 2.0 / 3;
        sum *= z;
        sum += 2;
        sum *= s;
        e *= 0.69314718055994530942;
        sum += e;
        sum *= -scale;
        failures[i] = (int32_t)sum;
    }
}

/* -log(1 - p), also where 1 - p would lose p's digits. */
static double minus_log_q(double p) {
    if (p > 0x1p-20) return -hb_log(1 - p);
    double square = p * p;
    return p + square * 0.5;
}

static void draw_gaps(const hb_draws *draws, uint32_t lane, double p, const hb_draw_sink *sink) {
    double scale = 1 / minus_log_q(p);
    uint32_t words[WORDS];
    int32_t failures[WORDS];
    size_t step = draws->begin, end = draws->end;
    for (uint32_t block = 0;;) {
        int count = WORDS;
        /* One block where the rest of the train will hardly ask for more. */
        if (p * (double)(end - step) < 4) {
            draw_block(draws, lane, block, words);
            gap_words(words, count = 4, scale, failures);
        } else {
            draw_words(draws, lane, block, words);
            gap_words(words, WORDS, scale, failures);
        }
        for (int i = 0; i < count; i++) {
            if ((uint64_t)failures[i] >= end - step) return;
            step += (size_t)failures[i];
            put(draws, sink, step++);
        }
        block += (uint32_t)count / 4;
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
        draw_block(gaps->draws, gaps->lane, gaps->block++, gaps->words);
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

static void draw_dense(const hb_draws *draws, uint32_t lane, double p, const hb_draw_sink *sink) {
    uint64_t threshold = (uint64_t)(p * 0x1p32 + 0.5);
    uint32_t words[WORDS];
    uint32_t block = 0;
    for (size_t step = draws->begin, end = draws->end; step < end;) {
        size_t count = end - step < WORDS ? end - step : WORDS;
        if (count > 4)
            draw_words(draws, lane, block, words);
        else
            draw_block(draws, lane, block, words);
        block += BLOCKS;
        if (sink->words && step >= draws->skip) {
            uint64_t *word = &sink->words[(draws->to + step - draws->skip) * sink->stride];
            for (size_t i = 0; i < count; i++)
                word[i * sink->stride] |= (uint64_t)(words[i] < threshold) << sink->bit;
        } else {
            for (size_t i = 0; i < count; i++)
                if (words[i] < threshold) put(draws, sink, step + i);
        }
        step += count;
    }
}

void hb_draw_train(const hb_draws *draws, uint32_t lane, double p, const hb_draw_sink *sink) {
    if (!(p > 0) || draws->begin >= draws->end) return;
    if (p >= 1) {
        for (size_t step = draws->begin; step < draws->end; step++) put(draws, sink, step);
    } else if (p >= DENSE) {
        draw_dense(draws, lane, p, sink);
    } else if (p >= RARE) {
        draw_gaps(draws, lane, p, sink);
    } else {
        draw_rare(draws, lane, p, sink);
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

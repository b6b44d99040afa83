/* Philox 4x32-10, and what is drawn from it. Source: Salmon, Moraes, Dror and
 * Shaw, SC 2011. Built without contraction of a*b+c, so that every machine
 * draws the same bits. */
#include "base/random.h"

#include <math.h>
#include <string.h>

void hb_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]) {
    uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
    uint32_t k0 = key[0], k1 = key[1];
    for (int round = 0; round < 10; round++) {
        uint64_t product0 = (uint64_t)0xD2511F53u * c0;
        uint64_t product1 = (uint64_t)0xCD9E8D57u * c2;
        c0 = (uint32_t)(product1 >> 32) ^ c1 ^ k0;
        c1 = (uint32_t)product1;
        c2 = (uint32_t)(product0 >> 32) ^ c3 ^ k1;
        c3 = (uint32_t)product0;
        k0 += 0x9E3779B9u; /* golden ratio */
        k1 += 0xBB67AE85u; /* sqrt(3) - 1 */
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
}

void hb_stream_init(hb_stream *stream, uint64_t seed, uint32_t domain, uint32_t a, uint32_t b) {
    memset(stream, 0, sizeof *stream);
    stream->key[0] = (uint32_t)seed;
    stream->key[1] = (uint32_t)(seed >> 32);
    stream->counter[1] = domain;
    stream->counter[2] = a;
    stream->counter[3] = b;
}

uint32_t hb_stream_u32(hb_stream *stream) {
    if (stream->left == 0) {
        hb_philox(stream->counter, stream->key, stream->block);
        stream->left = 4;
        /* Domains are small numbers: after 2^32 blocks the stream goes on in
         * the upper half of the domain's word. */
        if (++stream->counter[0] == 0) stream->counter[1] += 0x10000u;
    }
    return stream->block[4 - stream->left--];
}

static uint64_t stream_u64(hb_stream *stream) {
    uint64_t low = hb_stream_u32(stream);
    return low | (uint64_t)hb_stream_u32(stream) << 32;
}

uint64_t hb_stream_below(hb_stream *stream, uint64_t n) {
    if (n <= 1) return 0;
    if (n <= UINT32_MAX) {
        /* Reject the words beyond the last full multiple of n. */
        uint32_t m = (uint32_t)n, over = (uint32_t)(0u - m) % m, word;
        do word = hb_stream_u32(stream);
        while (word > UINT32_MAX - over);
        return word % m;
    }
    uint64_t over = (0u - n) % n, word;
    do word = stream_u64(stream);
    while (word > UINT64_MAX - over);
    return word % n;
}

double hb_stream_uniform(hb_stream *stream) {
    /* The odd multiples of 2^-53: symmetric, and never 0 or 1. */
    uint64_t bits = stream_u64(stream) >> 12;
    return (double)(bits << 1 | 1) * 0x1p-53;
}

double hb_stream_normal(hb_stream *stream) {
    /* Marsaglia's polar method: needs no sine, whose last bits libraries differ in. */
    double x, square;
    do {
        x = 2 * hb_stream_uniform(stream) - 1;
        double y = 2 * hb_stream_uniform(stream) - 1;
        square = x * x + y * y;
    } while (square >= 1 || square == 0);
    return x * sqrt(-2 * hb_log(square) / square);
}

uint32_t hb_stream_gap(hb_stream *stream, double log_q) {
    double u = hb_stream_uniform(stream);
    if (!(log_q < 0)) return UINT32_MAX;
    double failures = floor(hb_log(u) / log_q);
    return failures < (double)(UINT32_MAX - 1) ? 1 + (uint32_t)failures : UINT32_MAX;
}

/* x = 2^e m with m in [sqrt(1/2), sqrt(2)); log m = 2 atanh(s), s = (m-1)/(m+1),
 * summed as its power series: |s| < 0.172, so the term in s^25 is below 2^-64. */
double hb_log(double x) {
    static const double odd[] = {3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23};
    uint64_t bits;
    if (!(x > 0)) return x == 0 ? -(double)INFINITY : (double)NAN;
    if (!(x < (double)INFINITY)) return x;
    int exponent = 0;
    if (x < 0x1p-1022) {
        x *= 0x1p54;
        exponent = -54;
    }
    memcpy(&bits, &x, sizeof bits);
    exponent += (int)(bits >> 52) - 1023;
    bits = (bits & 0x000FFFFFFFFFFFFFu) | 0x3FF0000000000000u;
    double m;
    memcpy(&m, &bits, sizeof m);
    if (m >= 1.4142135623730951) {
        m *= 0.5;
        exponent++;
    }
    double f = m - 1, s = f / (2 + f), z = s * s, sum = 0;
    for (int i = 10; i >= 0; i--) sum = sum * z + 1 / odd[i];
    /* 2s = f - s f holds f exactly, so the small terms carry the rounding. */
    double small = s * (2 * z * sum - f);
    double e = (double)exponent;
    /* log(2) in two parts; e times the first is exact. */
    return e * 0x1.62e42feep-1 + (f + (small + e * 0x1.a39ef35793c76p-33));
}

void hb_shuffle(hb_stream *stream, uint64_t *items, size_t count) {
    for (size_t i = count; i > 1; i--) {
        size_t j = (size_t)hb_stream_below(stream, i);
        uint64_t swap = items[i - 1];
        items[i - 1] = items[j];
        items[j] = swap;
    }
}

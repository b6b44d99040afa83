/* For sweeps (hb_sweep): vectors of neurons whose state stays in registers over all steps, spikes
 * and windows as bits. Each instruction set has its own width; all give the same bits, for every
 * neuron is a sum of its own.
 *
 * A model writes one function for `count` vectors of neurons from number j on, `lanes` of which are
 * neurons in each (in all, or in the only one), and gives it to SWEEP. */
#ifndef HB_SWEEP_H
#define HB_SWEEP_H

#include <math.h>
#include <string.h>

#include "neurons/model.h"
#if defined(__SSE2__)
#include <immintrin.h>
#endif

#if defined(__AVX512F__)
#define VECTOR_BYTES 64
#elif defined(__AVX2__)
#define VECTOR_BYTES 32
#else
#define VECTOR_BYTES 16
#endif
#define LANES  (VECTOR_BYTES / sizeof(real))
#define INLINE static inline __attribute__((always_inline))

/* So many vectors side by side hide how long one step of one vector takes. */
enum { ABREAST = 4 };

typedef real vec __attribute__((vector_size(VECTOR_BYTES)));
typedef real loose_vec __attribute__((vector_size(VECTOR_BYTES), aligned(sizeof(real)), may_alias));
#ifdef HB_DOUBLE
typedef int64_t lane_int;
#define OF_REAL(op) op##_pd
#else
typedef int32_t lane_int;
#define OF_REAL(op) op##_ps
#endif
typedef lane_int ivec __attribute__((vector_size(VECTOR_BYTES)));

/* Which lanes: a register of bits, or a vector of 0 and -1. */
#if defined(__AVX512F__) && defined(HB_DOUBLE)
typedef __mmask8 which;
#elif defined(__AVX512F__)
typedef __mmask16 which;
#else
typedef ivec which;
#endif

INLINE vec same(real value) { return value - (vec){0}; }

INLINE uint64_t bits_of(which w) {
#if defined(__AVX512F__)
    return w;
#elif defined(__AVX2__)
    return (uint64_t)(unsigned)OF_REAL(_mm256_movemask)((vec)w);
#elif defined(__SSE2__)
    return (uint64_t)(unsigned)OF_REAL(_mm_movemask)((vec)w);
#else
    uint64_t bits = 0;
    for (size_t l = 0; l < LANES; l++) bits |= (uint64_t)(w[l] & 1) << l;
    return bits;
#endif
}
/* The lowest LANES bits. */
INLINE which which_of(uint64_t bits) {
#if defined(__AVX512F__)
    return (which)bits;
#else
    ivec own = {0};
    for (size_t l = 0; l < LANES; l++) own[l] = (lane_int)1 << l;
    return (((lane_int)bits - (ivec){0}) & own) == own;
#endif
}
INLINE which between(vec x, vec low, vec high) {
#if defined(__AVX512F__) && defined(HB_DOUBLE)
    return _mm512_mask_cmp_pd_mask(_mm512_cmp_pd_mask(x, low, _CMP_GT_OQ), x, high, _CMP_LT_OQ);
#elif defined(__AVX512F__)
    return _mm512_mask_cmp_ps_mask(_mm512_cmp_ps_mask(x, low, _CMP_GT_OQ), x, high, _CMP_LT_OQ);
#else
    return (x > low) & (x < high);
#endif
}
/* yes in those lanes, no in the others. */
INLINE vec pick(which w, vec yes, vec no) {
#if defined(__AVX512F__)
    return OF_REAL(_mm512_mask_mov)(no, w, yes);
#elif defined(__AVX2__)
    return OF_REAL(_mm256_blendv)(no, yes, (vec)w);
#else
    return (vec)((w & (ivec)yes) | (~w & (ivec)no));
#endif
}

/* The first `lanes` numbers at `from`, and zeros. */
INLINE vec load(const real *from, size_t lanes) {
    if (lanes == LANES) return *(const loose_vec *)from;
#if defined(__AVX512F__)
    return OF_REAL(_mm512_maskz_loadu)((which)((1u << lanes) - 1), from);
#else
    vec v = {0};
    for (size_t l = 0; l < lanes; l++) v[l] = from[l];
    return v;
#endif
}
INLINE void store(real *to, vec v, size_t lanes) {
    if (lanes == LANES) {
        *(loose_vec *)to = v;
        return;
    }
#if defined(__AVX512F__)
    OF_REAL(_mm512_mask_storeu)(to, (which)((1u << lanes) - 1), v);
#else
    for (size_t l = 0; l < lanes; l++) to[l] = v[l];
#endif
}

/* A coefficient's vectors at `from`; where all neurons have the same, one serves all. */
INLINE void load_coef(vec *to, const real *from, size_t count, size_t lanes, bool uniform) {
    for (size_t k = 0; k < (uniform ? 1 : count); k++)
        to[k] = uniform ? same(from[0]) : load(from + k * LANES, lanes);
}
INLINE void load_all(vec *to, const real *from, size_t count, size_t lanes) {
    for (size_t k = 0; k < count; k++) to[k] = load(from + k * LANES, lanes);
}
INLINE void load_sums(vec *to, const real *from, size_t count, size_t lanes) {
    for (size_t k = 0; k < count; k++) to[k] = from ? load(from + k * LANES, lanes) : (vec){0};
}
INLINE void store_all(real *to, const vec *from, size_t count, size_t lanes) {
    for (size_t k = 0; k < count; k++) store(to + k * LANES, from[k], lanes);
}

/* Bits of neurons j ... of a row of words. They come in order: the first ones clear the word. */
INLINE void put_bits(uint64_t *row, size_t j, uint64_t bits) {
    row[j / 64] = (j % 64 ? row[j / 64] : 0) | bits << j % 64;
}
INLINE uint64_t get_bits(const uint64_t *row, size_t j) { return row[j / 64] >> j % 64; }
INLINE uint64_t kept_bits(uint64_t bits, size_t count, size_t lanes) {
    return lanes == LANES || count > 1 ? bits : bits & (((uint64_t)1 << lanes) - 1);
}

#define SWEEP(one, s, ...)                                                                         \
    do {                                                                                           \
        size_t j_ = 0;                                                                             \
        for (; j_ + ABREAST * LANES <= (s)->n; j_ += ABREAST * LANES)                              \
            one(s, j_, ABREAST, LANES, __VA_ARGS__);                                               \
        for (; j_ < (s)->n; j_ += LANES)                                                           \
            one(s, j_, 1, (s)->n - j_ < LANES ? (s)->n - j_ : LANES, __VA_ARGS__);                 \
    } while (0)

#endif

/* Rows of at most HB_NARROW numbers added by masks, where spikes are so dense that finding them one
 * by one (narrow.body.c) costs more than a look at all. Compiled once per instruction set with
 * HB_ISA set to its name; all give the same bits, which are those of narrow.body.c: the order of
 * additions is the same.
 *
 * In the gradient sources are lanes: their bits lie beside one another in a row of spikes, which so
 * is a mask as it stands. Their sums stay in registers while the steps pass by. */
#include "kernels/body.h"
#include "kernels/kernels.h"
#include "kernels/narrow.h"
#include "kernels/products.h"
#if defined(__AVX512F__)
#include <immintrin.h>
#endif

#define LANES(type) (VECTOR_BYTES / sizeof(type))

/* add: x is added to the lanes whose bit is 1. Others keep what they have: sums begin at +0 and so
 * never are -0, the one number that adding 0 would change. put: the same where -0 may be. */
#if defined(__AVX512F__)
enum { ABREAST = 2 }; /* vectors of sources: 20 registers hold the sums of ten numbers */
typedef __mmask16 mask_f32;
typedef __mmask8 mask_f64;
INLINE mask_f32 mask_of_f32(uint64_t bits) { return (mask_f32)bits; }
INLINE mask_f64 mask_of_f64(uint64_t bits) { return (mask_f64)bits; }
INLINE vec_f32 add_f32(vec_f32 sum, mask_f32 mask, vec_f32 x) {
    return (vec_f32)_mm512_mask_add_ps((__m512)sum, mask, (__m512)sum, (__m512)x);
}
INLINE vec_f64 add_f64(vec_f64 sum, mask_f64 mask, vec_f64 x) {
    return (vec_f64)_mm512_mask_add_pd((__m512d)sum, mask, (__m512d)sum, (__m512d)x);
}
#define put_f32 add_f32
#define put_f64 add_f64
#else
enum { ABREAST = 1 };
typedef int32_t mask_f32 __attribute__((vector_size(VECTOR_BYTES)));
typedef int64_t mask_f64 __attribute__((vector_size(VECTOR_BYTES)));
#define MASK(R, type, whole)                                                                       \
    INLINE mask_##R mask_of_##R(uint64_t bits) {                                                   \
        mask_##R places;                                                                           \
        for (size_t l = 0; l < LANES(type); l++) places[l] = (whole)1 << l;                        \
        return (((whole)bits - (mask_##R){0}) & places) == places;                                 \
    }                                                                                              \
    INLINE vec_##R add_##R(vec_##R sum, mask_##R mask, vec_##R x) {                                \
        return sum + (vec_##R)((mask_##R)x & mask);                                                \
    }                                                                                              \
    INLINE vec_##R put_##R(vec_##R old, mask_##R mask, vec_##R sum) {                              \
        return (vec_##R)(((mask_##R)old & ~mask) | ((mask_##R)(old + sum) & mask));                \
    }
MASK(f32, float, int32_t)
MASK(f64, double, int64_t)
#endif

enum { MOST = 10 }; /* numbers of a row at once; wider rows go in two parts */
INLINE size_t part_of(size_t width) { return width > MOST ? (width + 1) / 2 : width; }

/* of(1), .. of(MOST): so that a compiler knows how many sums there are. */
#define FOR_SOME(some, of)                                                                         \
    switch (some) {                                                                                \
        of(1);                                                                                     \
        of(2);                                                                                     \
        of(3);                                                                                     \
        of(4);                                                                                     \
        of(5);                                                                                     \
        of(6);                                                                                     \
        of(7);                                                                                     \
        of(8);                                                                                     \
        of(9);                                                                                     \
        of(10);                                                                                    \
    }

/* The sources of one word from bit `at` on, as many as have lanes, and `some` numbers of the rows.
 * Returns those that acted. Only steps without any spike of the word are skipped: which masks are 0
 * cannot be foreseen, and few are where masks are worth their while. */
#define MASKED(R, type, vec)                                                                       \
    INLINE uint64_t mask_some_##R(type *to, const type *rows, size_t width, size_t steps,          \
                                  const uint64_t *bits, size_t stride, uint64_t kept, size_t at,   \
                                  const size_t some) {                                             \
        const uint64_t here = ((uint64_t)1 << ABREAST * LANES(type)) - 1;                          \
        vec sum[ABREAST][MOST] = {{{0}}};                                                          \
        uint64_t any = 0;                                                                          \
        for (size_t t = 0; t < steps; t++, rows += width) {                                        \
            uint64_t all = bits[t * stride] & kept, now = all >> at & here;                        \
            if (!all) continue;                                                                    \
            any |= now;                                                                            \
            for (size_t v = 0; v < ABREAST; v++) {                                                 \
                mask_##R mask = mask_of_##R(now >> v * LANES(type));                               \
                for (size_t j = 0; j < some; j++)                                                  \
                    sum[v][j] = add_##R(sum[v][j], mask, rows[j] - (vec){0});                      \
            }                                                                                      \
        }                                                                                          \
        for (size_t v = 0; v < ABREAST; v++) {                                                     \
            mask_##R mask = mask_of_##R(any >> v * LANES(type));                                   \
            for (size_t j = 0; j < some; j++) {                                                    \
                vec *sums = (vec *)(to + j * 64 + at + v * LANES(type));                           \
                *sums = put_##R(*sums, mask, sum[v][j]);                                           \
            }                                                                                      \
        }                                                                                          \
        return any << at;                                                                          \
    }                                                                                              \
    void JOIN(hb_mask_narrow_##R##_, HB_ISA)(                                                      \
        type * to, const type *rows, size_t width, size_t steps, const uint64_t *bits,             \
        size_t stride, const uint64_t *kept, size_t sources, uint64_t *acted) {                    \
        for (size_t i = 0; i < sources; i += ABREAST * LANES(type)) {                              \
            const uint64_t *word = bits + i / 64, keep = kept ? kept[i / 64] : ~(uint64_t)0;       \
            type *sums = to + i / 64 * 64 * HB_NARROW;                                             \
            uint64_t any = 0;                                                                      \
            for (size_t j = 0, some; j < width; j += some) {                                       \
                some = part_of(width) < width - j ? part_of(width) : width - j;                    \
                FOR_SOME(some, SOURCES_##R)                                                        \
            }                                                                                      \
            if (acted) acted[i / 64] |= any;                                                       \
        }                                                                                          \
    }
#define SOURCES(R, n)                                                                              \
    case n:                                                                                        \
        any |=                                                                                     \
            mask_some_##R(sums + 64 * j, rows + j, width, steps, word, stride, keep, i % 64, n);   \
        break
#define SOURCES_f32(n) SOURCES(f32, n)
#define SOURCES_f64(n) SOURCES(f64, n)

MASKED(f32, float, vec_f32)
MASKED(f64, double, vec_f64)

#if defined(__AVX512F__)
/* Crude costs of a vector of sums, of a train and each of its words, and of a spike that is found
 * in them; so many trains are one sample of all. */
enum { SUMMED = 2, WALKED = 30, FOUND = 10, SAMPLED = 8 };

/* Are masks the cheaper way? Both give the same bits. */
static bool masks_win(size_t width, size_t steps, size_t size, const uint64_t *bits, size_t stride,
                      size_t count) {
    size_t words = (steps + 63) / 64, spikes = 0, some = 0;
    size_t sums = SUMMED * (width > MOST ? width + 4 : width + 1) * ((steps * size + 63) / 64);
    size_t walked = WALKED * (words + 1);
    if (sums <= walked) return true;
    if (sums >= walked + FOUND * steps) return false;
    for (size_t k = 0; k < count; k += SAMPLED, some++)
        for (size_t w = 0; w < words; w++)
            spikes += (size_t)__builtin_popcountll(bits[k * stride + w]);
    return sums * some < walked * some + FOUND * spikes;
}

/* Forward steps are lanes and trains are masks; sums stay in registers while sources pass by. Words
 * of trains that are 0 are skipped. */
#define TRAINS(R, type, vec)                                                                       \
    INLINE void mask_steps_##R(type(*sums)[64], const type *rows, size_t width,                    \
                               const uint64_t *bits, size_t stride, const uint32_t *index,         \
                               size_t count, size_t at, const size_t abreast, const size_t some) { \
        vec sum[ABREAST][MOST];                                                                    \
        for (size_t v = 0; v < abreast; v++)                                                       \
            for (size_t j = 0; j < some; j++) sum[v][j] = *(vec *)&sums[j][at + v * LANES(type)];  \
        for (size_t k = 0; k < count; k++) {                                                       \
            const type *row = rows + index[k] * width;                                             \
            uint64_t all = bits[k * stride], now = all >> at;                                      \
            if (!all) continue;                                                                    \
            for (size_t v = 0; v < abreast; v++) {                                                 \
                mask_##R mask = mask_of_##R(now >> v * LANES(type));                               \
                for (size_t j = 0; j < some; j++)                                                  \
                    sum[v][j] = add_##R(sum[v][j], mask, row[j] - (vec){0});                       \
            }                                                                                      \
        }                                                                                          \
        for (size_t v = 0; v < abreast; v++)                                                       \
            for (size_t j = 0; j < some; j++) *(vec *)&sums[j][at + v * LANES(type)] = sum[v][j];  \
    }                                                                                              \
    static void mask_word_##R(type *to, size_t width, size_t steps, const type *rows,              \
                              const uint64_t *bits, size_t stride, const uint32_t *index,          \
                              size_t count) {                                                      \
        _Alignas(64) type sums[HB_NARROW][64] = {{0}};                                             \
        JOIN(hb_transpose_##R##_, HB_ISA)(sums[0], 64, to, width, width, steps);                   \
        for (size_t t = 0; t < steps; t += ABREAST * LANES(type))                                  \
            for (size_t j = 0, some; j < width; j += some) {                                       \
                some = part_of(width) < width - j ? part_of(width) : width - j;                    \
                if (steps - t > LANES(type))                                                       \
                    FOR_SOME(some, STEPS_##R)                                                      \
                else                                                                               \
                    FOR_SOME(some, LAST_##R)                                                       \
            }                                                                                      \
        JOIN(hb_transpose_##R##_, HB_ISA)(to, width, sums[0], 64, steps, width);                   \
    }                                                                                              \
    bool JOIN(hb_mask_trains_##R##_, HB_ISA)(type * to, size_t width, size_t steps,                \
                                             const type *rows, const uint64_t *bits,               \
                                             size_t stride, const uint32_t *index, size_t count) { \
        if (!masks_win(width, steps, sizeof(type), bits, stride, count)) return false;             \
        for (size_t t = 0; t < steps; t += 64)                                                     \
            mask_word_##R(to + t * width, width, steps - t < 64 ? steps - t : 64, rows,            \
                          bits + t / 64, stride, index, count);                                    \
        return true;                                                                               \
    }
#define STEPS(R, abreast, n)                                                                       \
    case n:                                                                                        \
        mask_steps_##R(sums + j, rows + j, width, bits, stride, index, count, t, abreast, n);      \
        break
#define STEPS_f32(n) STEPS(f32, ABREAST, n)
#define STEPS_f64(n) STEPS(f64, ABREAST, n)
#define LAST_f32(n)  STEPS(f32, 1, n)
#define LAST_f64(n)  STEPS(f64, 1, n)

TRAINS(f32, float, vec_f32)
TRAINS(f64, double, vec_f64)
#endif

/* Bits times rows of at most HB_NARROW numbers. Compiled once per instruction set with HB_ISA set
 * to its name; all give the same bits.
 *
 * So short a row fits a vector or a few, and finding the spikes costs more than adding. Bits come
 * as words of 64 steps of one source, of which SLOTS spikes at a time are taken without a branch;
 * where a word has fewer, the rest go to rows that nobody reads, or come from a row of zeros. */
#include <string.h>

#include "kernels/kernels.h"
#include "kernels/narrow.h"
#include "kernels/products.h"

#define JOIN_(a, b) a##b
#define JOIN(a, b)  JOIN_(a, b)
#define INLINE      static inline __attribute__((always_inline))
typedef float vec_f32 __attribute__((vector_size(VECTOR_BYTES), aligned(4), may_alias));
typedef double vec_f64 __attribute__((vector_size(VECTOR_BYTES), aligned(8), may_alias));

enum { SLOTS = 4 };
#define VECTORS(type) ((int)(HB_NARROW * sizeof(type) / VECTOR_BYTES))

INLINE unsigned lowest(uint64_t word, unsigned none) {
    return word ? (unsigned)__builtin_ctzll(word) : none;
}

/* Rows lie close together: what a whole vector has beyond one is the start of the next, which no
 * one minds; but nothing lies beyond the last. */
#define NARROW(R, type, vec)                                                                       \
    INLINE void load_row_##R(type *to, const type *from, size_t width, size_t left) {              \
        if (left >= HB_NARROW)                                                                     \
            for (int l = 0; l < VECTORS(type); l++) ((vec *)to)[l] = ((const vec *)from)[l];       \
        else                                                                                       \
            for (size_t j = 0; j < HB_NARROW; j++) to[j] = j < width ? from[j] : 0;                \
    }                                                                                              \
    void JOIN(hb_add_narrow_##R##_,                                                                \
              HB_ISA)(type * to, size_t width, size_t steps, const type *rows, size_t numbers,     \
                      const uint64_t *bits, size_t stride, const uint32_t *index, size_t count) {  \
        _Alignas(64) type sums[64 + SLOTS][HB_NARROW], row[HB_NARROW];                             \
        for (size_t t = 0; t < steps; t++)                                                         \
            load_row_##R(sums[t], to + t * width, width, (steps - t) * width);                     \
        memset(sums[64], 0, SLOTS * sizeof sums[0]);                                               \
        for (size_t k = 0; k < count; k++) {                                                       \
            uint64_t word = bits[index[k] * stride];                                               \
            size_t at = index[k] * width;                                                          \
            if (!word) continue;                                                                   \
            load_row_##R(row, rows + at, width, numbers - at);                                     \
            do                                                                                     \
                for (unsigned s = 0; s < SLOTS; s++, word &= word - 1) {                           \
                    vec *sum = (vec *)sums[lowest(word, 64 + s)];                                  \
                    for (int l = 0; l < VECTORS(type); l++) sum[l] += ((vec *)row)[l];             \
                }                                                                                  \
            while (word);                                                                          \
        }                                                                                          \
        for (size_t t = 0; t < steps; t++, to += width)                                            \
            if ((steps - t) * width >= HB_NARROW)                                                  \
                for (int l = 0; l < VECTORS(type); l++) ((vec *)to)[l] = ((vec *)sums[t])[l];      \
            else                                                                                   \
                for (size_t j = 0; j < width; j++) to[j] = sums[t][j];                             \
    }                                                                                              \
    void JOIN(hb_list_narrow_##R##_, HB_ISA)(type * to, size_t width, const type *rows,            \
                                             size_t numbers, const uint32_t *index,                \
                                             size_t count) {                                       \
        _Alignas(64) type sum[HB_NARROW], row[HB_NARROW];                                          \
        load_row_##R(sum, to, width, 0);                                                           \
        for (size_t k = 0; k < count; k++) {                                                       \
            size_t at = index[k] * width;                                                          \
            load_row_##R(row, rows + at, width, numbers - at);                                     \
            for (int l = 0; l < VECTORS(type); l++) ((vec *)sum)[l] += ((vec *)row)[l];            \
        }                                                                                          \
        for (size_t j = 0; j < width; j++) to[j] = sum[j];                                         \
    }                                                                                              \
    void JOIN(hb_pad_narrow_##R##_, HB_ISA)(type * to, const type *from, size_t width,             \
                                            size_t count) {                                        \
        for (size_t t = 0; t < count; t++, to += HB_NARROW) {                                      \
            load_row_##R(to, from + t * width, width, (count - t) * width);                        \
            if (t % 64 == 63 || t + 1 == count) {                                                  \
                to += (63 - t % 64 + 1) * HB_NARROW;                                               \
                memset(to, 0, HB_NARROW * sizeof(type));                                           \
            }                                                                                      \
        }                                                                                          \
    }                                                                                              \
    void JOIN(hb_gather_narrow_##R##_, HB_ISA)(type * to, const type *padded,                      \
                                               const uint64_t *bits, size_t stride, size_t words,  \
                                               uint64_t live) {                                    \
        for (; live; live &= live - 1) {                                                           \
            size_t i = (size_t)__builtin_ctzll(live);                                              \
            type *at = to + i * HB_NARROW;                                                         \
            vec sum[SLOTS][VECTORS(type)] = {{{0}}};                                               \
            for (size_t k = 0; k < words; k++) {                                                   \
                uint64_t word = bits[i * stride + k];                                              \
                const type *rows = padded + k * HB_NARROW_BLOCK;                                   \
                do                                                                                 \
                    for (int s = 0; s < SLOTS; s++, word &= word - 1) {                            \
                        const vec *row = (const vec *)(rows + lowest(word, 64) * HB_NARROW);       \
                        for (int l = 0; l < VECTORS(type); l++) sum[s][l] += row[l];               \
                    }                                                                              \
                while (word);                                                                      \
            }                                                                                      \
            for (int l = 0; l < VECTORS(type); l++)                                                \
                ((vec *)at)[l] += (sum[0][l] + sum[1][l]) + (sum[2][l] + sum[3][l]);               \
        }                                                                                          \
    }

NARROW(f32, float, vec_f32)
NARROW(f64, double, vec_f64)

/* Bits times rows of at most HB_NARROW numbers. Compiled once per instruction set with HB_ISA set
 * to its name; all give the same bits.
 *
 * So short a row fits a vector or a few, and finding the spikes costs more than adding. Bits come
 * as words of 64 steps of one source; how many spikes one holds cannot be foreseen, so that some
 * are taken without asking: FEW, or twice as many of a source that has more than MANY a word. Where
 * a word has fewer, the rest go to rows that nobody reads, or come from a row of zeros. */
#include <string.h>

#include "kernels/body.h"
#include "kernels/kernels.h"
#include "kernels/narrow.h"
#include "kernels/products.h"
#if defined(__BMI__)
#include <immintrin.h>
#endif

enum { FEW = 4, MANY = 3, SUM_BYTES = 32768 };
#define VECTORS(type) ((int)(HB_NARROW * sizeof(type) / VECTOR_BYTES))

/* The place of the lowest bit; 64: there is none. */
INLINE size_t lowest(uint64_t word) {
#if defined(__BMI__)
    return _tzcnt_u64(word);
#else
    return word ? (size_t)__builtin_ctzll(word) : 64;
#endif
}

INLINE int has_many(const uint64_t *train, size_t words) {
    size_t spikes = 0;
    for (size_t k = 0; k < words; k++) spikes += (size_t)__builtin_popcountll(train[k]);
    return spikes > MANY * words;
}

/* Masks need registers that hold them. */
#if defined(__AVX512F__)
#define MASK_TRAINS(R, ...) JOIN(hb_mask_trains_##R##_, HB_ISA)(__VA_ARGS__)
#else
#define MASK_TRAINS(R, ...) false
#endif

/* Rows lie close together: what a whole vector has beyond one is the start of the next, which no
 * one minds; but nothing lies beyond the last. */
#define NARROW(R, type, vec)                                                                       \
    INLINE void load_row_##R(type *to, const type *from, size_t width, size_t left) {              \
        if (left >= HB_NARROW)                                                                     \
            for (int l = 0; l < VECTORS(type); l++) ((vec *)to)[l] = ((const vec *)from)[l];       \
        else                                                                                       \
            for (size_t j = 0; j < HB_NARROW; j++) to[j] = j < width ? from[j] : 0;                \
    }                                                                                              \
    /* 64 rows for each word, and those that nobody reads */                                       \
    typedef type row_##R[HB_NARROW];                                                               \
    enum { ROWS_##R = 64 + 2 * FEW, WORDS_##R = SUM_BYTES / (64 * HB_NARROW * sizeof(type)) };     \
    INLINE void add_some_##R(row_##R *sums, const type *row, uint64_t *word, const size_t some) {  \
        for (size_t s = 0; s < some; s++, *word &= *word - 1) {                                    \
            size_t t = lowest(*word);                                                              \
            vec *sum = (vec *)sums[t + t / 64 * s];                                                \
            for (int l = 0; l < VECTORS(type); l++) sum[l] += ((vec *)row)[l];                     \
        }                                                                                          \
    }                                                                                              \
    INLINE void add_train_##R(row_##R *sums, const type *row, const uint64_t *train, size_t words, \
                              const size_t some) {                                                 \
        for (size_t k = 0; k < words; k++, sums += ROWS_##R) {                                     \
            uint64_t word = train[k];                                                              \
            add_some_##R(sums, row, &word, some);                                                  \
            while (word) add_some_##R(sums, row, &word, FEW);                                      \
        }                                                                                          \
    }                                                                                              \
    static void add_trains_##R(type *to, size_t width, size_t steps, const type *rows,             \
                               size_t numbers, const uint64_t *bits, size_t stride,                \
                               const uint32_t *index, size_t count) {                              \
        _Alignas(64) type sums[WORDS_##R * ROWS_##R][HB_NARROW], row[HB_NARROW];                   \
        size_t words = (steps + 63) / 64;                                                          \
        for (size_t t = 0; t < steps; t++)                                                         \
            load_row_##R(sums[t / 64 * ROWS_##R + t % 64], to + t * width, width,                  \
                         (steps - t) * width);                                                     \
        for (size_t k = 0; k < words; k++)                                                         \
            memset(sums[k * ROWS_##R + 64], 0, 2 * FEW * sizeof sums[0]);                          \
        for (size_t k = 0; k < count; k++) {                                                       \
            const uint64_t *train = bits + k * stride;                                             \
            size_t at = index[k] * width;                                                          \
            load_row_##R(row, rows + at, width, numbers - at);                                     \
            if (has_many(train, words))                                                            \
                add_train_##R(sums, row, train, words, 2 * FEW);                                   \
            else                                                                                   \
                add_train_##R(sums, row, train, words, FEW);                                       \
        }                                                                                          \
        for (size_t t = 0; t < steps; t++, to += width) {                                          \
            type *sum = sums[t / 64 * ROWS_##R + t % 64];                                          \
            if ((steps - t) * width >= HB_NARROW)                                                  \
                for (int l = 0; l < VECTORS(type); l++) ((vec *)to)[l] = ((vec *)sum)[l];          \
            else                                                                                   \
                for (size_t j = 0; j < width; j++) to[j] = sum[j];                                 \
        }                                                                                          \
    }                                                                                              \
    void JOIN(hb_add_narrow_##R##_,                                                                \
              HB_ISA)(type * to, size_t width, size_t steps, const type *rows, size_t numbers,     \
                      const uint64_t *bits, size_t stride, const uint32_t *index, size_t count) {  \
        const size_t most = 64 * WORDS_##R;                                                        \
        if (MASK_TRAINS(R, to, width, steps, rows, bits, stride, index, count)) return;            \
        for (size_t t = 0; t < steps; t += most)                                                   \
            add_trains_##R(to + t * width, width, steps - t < most ? steps - t : most, rows,       \
                           numbers, bits + t / 64, stride, index, count);                          \
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
    INLINE void gather_some_##R(vec *sum, const type *rows, uint64_t *word, const size_t some) {   \
        for (size_t s = 0; s < some; s++, *word &= *word - 1) {                                    \
            const vec *row = (const vec *)(rows + lowest(*word) * HB_NARROW);                      \
            for (int l = 0; l < VECTORS(type); l++) sum[l] += row[l];                              \
        }                                                                                          \
    }                                                                                              \
    INLINE void gather_train_##R(type *to, const type *padded, const uint64_t *train,              \
                                 size_t words, const size_t some) {                                \
        vec sum[VECTORS(type)] = {{0}};                                                            \
        for (size_t k = 0; k < words; k++, padded += HB_NARROW_BLOCK) {                            \
            uint64_t word = train[k];                                                              \
            gather_some_##R(sum, padded, &word, some);                                             \
            while (word) gather_some_##R(sum, padded, &word, FEW);                                 \
        }                                                                                          \
        for (int l = 0; l < VECTORS(type); l++) ((vec *)to)[l] += sum[l];                          \
    }                                                                                              \
    void JOIN(hb_gather_narrow_##R##_, HB_ISA)(                                                    \
        type * to, const type *padded, const uint64_t *bits, size_t words, uint64_t live) {        \
        for (; live; live &= live - 1) {                                                           \
            size_t i = (size_t)__builtin_ctzll(live);                                              \
            if (has_many(bits + i * words, words))                                                 \
                gather_train_##R(to + i * HB_NARROW, padded, bits + i * words, words, 2 * FEW);    \
            else                                                                                   \
                gather_train_##R(to + i * HB_NARROW, padded, bits + i * words, words, FEW);        \
        }                                                                                          \
    }

NARROW(f32, float, vec_f32)
NARROW(f64, double, vec_f64)

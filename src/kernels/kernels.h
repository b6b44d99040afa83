/* The hot loops: they see pointers and counts, never our structs. One body is
 * compiled once per instruction set; all give the same bits. */
#ifndef HB_KERNELS_H
#define HB_KERNELS_H

#include <stddef.h>
#include <stdint.h>

enum { HB_POSITIONS_SLACK = 16 };

typedef struct hb_kernels {
    const char *name;
    /* to[j] += sum over i of rows[index[i] * stride + j], in the order of i. */
    void (*add_rows_f32)(float *to, size_t n, const float *rows, size_t stride,
                         const uint32_t *index, size_t count);
    void (*add_rows_f64)(double *to, size_t n, const double *rows, size_t stride,
                         const uint32_t *index, size_t count);
    /* Bit j of bits: x[j] > low && x[j] < high. Bits past n are 0. */
    void (*between_f32)(const float *x, size_t n, float low, float high, uint64_t *bits);
    void (*between_f64)(const double *x, size_t n, double low, double high, uint64_t *bits);
    /* to[j] = bit j ? on : 0. */
    void (*expand_f32)(const uint64_t *bits, size_t n, float on, float *to);
    void (*expand_f64)(const uint64_t *bits, size_t n, double on, double *to);
    /* Positions of the set bits of `words` words, rising; returns how many. May write up to
     * HB_POSITIONS_SLACK entries more than it returns. */
    size_t (*positions)(const uint64_t *bits, size_t words, uint32_t *index);
    /* Philox 4x32-10 of the counters {block[i], lane[i], sample[0], sample[1]}: words[4 i ...]. */
    void (*philox)(const uint32_t key[2], const uint32_t sample[2], const uint32_t *block,
                   const uint32_t *lane, size_t count, uint32_t *words);
    /* log[i] = log((words[i] + 1/2) 2^-32) within 2^-45, the same on every machine. */
    void (*log_uniform)(const uint32_t *words, size_t count, double *log);
} hb_kernels;

/* The best table for this machine; HEBB_CPU=baseline|avx2|avx512 lowers it. */
const hb_kernels *hb_kernels_get(void);

#endif

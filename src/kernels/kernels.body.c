/* Kernel bodies. Compiled once per instruction set with HB_ISA set to its name. */
#include <string.h>

#include "kernels/kernels.h"
#if defined(__AVX512F__) || defined(__AVX2__)
#include <immintrin.h>
#endif

#define JOIN_(a, b) a##b
#define JOIN(a, b)  JOIN_(a, b)
#define TEXT_(a)    #a
#define TEXT(a)     TEXT_(a)

/* A tile of columns stays in registers while the rows pass by. */
#define TILE(type, width)                                                                          \
    for (; j + width <= n; j += width) {                                                           \
        type sum[width];                                                                           \
        memcpy(sum, to + j, sizeof sum);                                                           \
        for (size_t i = 0; i < count; i++) {                                                       \
            const type *row = rows + (size_t)index[i] * stride + j;                                \
            for (int l = 0; l < width; l++) sum[l] += row[l];                                      \
        }                                                                                          \
        memcpy(to + j, sum, sizeof sum);                                                           \
    }

static void add_rows_f32(float *to, size_t n, const float *rows, size_t stride,
                         const uint32_t *index, size_t count) {
    size_t j = 0;
    if (!count) return;
#if defined(__AVX512F__)
    for (; j + 128 <= n; j += 128) {
        __m512 s[8];
        for (int l = 0; l < 8; l++) s[l] = _mm512_loadu_ps(to + j + 16 * l);
        for (size_t i = 0; i < count; i++) {
            const float *row = rows + (size_t)index[i] * stride + j;
            for (int l = 0; l < 8; l++) s[l] = _mm512_add_ps(s[l], _mm512_loadu_ps(row + 16 * l));
        }
        for (int l = 0; l < 8; l++) _mm512_storeu_ps(to + j + 16 * l, s[l]);
    }
    for (; j < n; j += 16) {
        __mmask16 mask = n - j >= 16 ? 0xffff : (__mmask16)((1u << (n - j)) - 1);
        __m512 s = _mm512_maskz_loadu_ps(mask, to + j);
        for (size_t i = 0; i < count; i++)
            s = _mm512_add_ps(s, _mm512_maskz_loadu_ps(mask, rows + (size_t)index[i] * stride + j));
        _mm512_mask_storeu_ps(to + j, mask, s);
    }
#else
    TILE(float, 32)
    TILE(float, 8)
    TILE(float, 1)
#endif
}

static void add_rows_f64(double *to, size_t n, const double *rows, size_t stride,
                         const uint32_t *index, size_t count) {
    size_t j = 0;
    TILE(double, 16)
    TILE(double, 4)
    TILE(double, 1)
}

static void between_f32(const float *x, size_t n, float low, float high, uint64_t *bits) {
    for (size_t base = 0; base < n; base += 64) {
        size_t here = n - base < 64 ? n - base : 64, j = 0;
        uint64_t word = 0;
#if defined(__AVX512F__)
        __m512 l = _mm512_set1_ps(low), h = _mm512_set1_ps(high);
        for (; j < here; j += 16) {
            __mmask16 mask = here - j >= 16 ? 0xffff : (__mmask16)((1u << (here - j)) - 1);
            __m512 v = _mm512_maskz_loadu_ps(mask, x + base + j);
            mask = _mm512_mask_cmp_ps_mask(mask, v, l, _CMP_GT_OQ);
            word |= (uint64_t)_mm512_mask_cmp_ps_mask(mask, v, h, _CMP_LT_OQ) << j;
        }
#elif defined(__AVX2__)
        __m256 l = _mm256_set1_ps(low), h = _mm256_set1_ps(high);
        for (; j + 8 <= here; j += 8) {
            __m256 v = _mm256_loadu_ps(x + base + j);
            __m256 in =
                _mm256_and_ps(_mm256_cmp_ps(v, l, _CMP_GT_OQ), _mm256_cmp_ps(v, h, _CMP_LT_OQ));
            word |= (uint64_t)(unsigned)_mm256_movemask_ps(in) << j;
        }
#endif
        for (; j < here; j++) word |= (uint64_t)(x[base + j] > low && x[base + j] < high) << j;
        bits[base / 64] = word;
    }
}

static void between_f64(const double *x, size_t n, double low, double high, uint64_t *bits) {
    for (size_t base = 0; base < n; base += 64) {
        size_t here = n - base < 64 ? n - base : 64;
        uint64_t word = 0;
        for (size_t j = 0; j < here; j++)
            word |= (uint64_t)(x[base + j] > low && x[base + j] < high) << j;
        bits[base / 64] = word;
    }
}

static void expand_f32(const uint64_t *bits, size_t n, float on, float *to) {
    for (size_t base = 0; base < n; base += 64) {
        size_t here = n - base < 64 ? n - base : 64, j = 0;
        uint64_t word = bits[base / 64];
#if defined(__AVX512F__)
        __m512 value = _mm512_set1_ps(on);
        for (; j < here; j += 16) {
            __mmask16 mask = here - j >= 16 ? 0xffff : (__mmask16)((1u << (here - j)) - 1);
            _mm512_mask_storeu_ps(to + base + j, mask,
                                  _mm512_maskz_mov_ps((__mmask16)(word >> j), value));
        }
#endif
        for (; j < here; j++) to[base + j] = word >> j & 1 ? on : 0;
    }
}

static void expand_f64(const uint64_t *bits, size_t n, double on, double *to) {
    for (size_t j = 0; j < n; j++) to[j] = bits[j / 64] >> (j % 64) & 1 ? on : 0;
}

#if defined(__AVX512F__)
/* Sixteen places at a time, without a branch on the bits. */
static size_t positions(const uint64_t *bits, size_t words, uint32_t *index) {
    const __m512i lanes = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    size_t count = 0;
    for (size_t w = 0; w < words; w++) {
        uint64_t word = bits[w];
        if (!word) continue;
        __m512i place = _mm512_add_epi32(lanes, _mm512_set1_epi32((int)(w * 64)));
        for (int quarter = 0; quarter < 4; quarter++, word >>= 16) {
            __mmask16 mask = (__mmask16)word;
            _mm512_storeu_si512(index + count, _mm512_maskz_compress_epi32(mask, place));
            count += (size_t)__builtin_popcount(mask);
            place = _mm512_add_epi32(place, _mm512_set1_epi32(16));
        }
    }
    return count;
}
#else
static size_t positions(const uint64_t *bits, size_t words, uint32_t *index) {
    size_t count = 0;
    for (size_t w = 0; w < words; w++)
        for (uint64_t word = bits[w]; word; word &= word - 1)
            index[count++] = (uint32_t)(w * 64 + (size_t)__builtin_ctzll(word));
    return count;
}
#endif

static void scale_f32(float *values, size_t n, float factor) {
    for (size_t j = 0; j < n; j++) values[j] *= factor;
}
static void scale_f64(double *values, size_t n, double factor) {
    for (size_t j = 0; j < n; j++) values[j] *= factor;
}

const hb_kernels JOIN(hb_kernels_, HB_ISA) = {
    TEXT(HB_ISA), add_rows_f32, add_rows_f64, between_f32, between_f64,
    expand_f32,   expand_f64,   positions,    scale_f32,   scale_f64,
};

/* Kernel bodies. Compiled once per instruction set with HB_ISA set to its name. */
#include <string.h>

#include "kernels/body.h"
#include "kernels/draws.h"
#include "kernels/kernels.h"
#include "kernels/narrow.h"
#include "kernels/products.h"
#if defined(__AVX512F__) || defined(__AVX2__)
#include <immintrin.h>
#endif

#define TEXT_(a) #a
#define TEXT(a)  TEXT_(a)

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
            size_t here = (size_t)__builtin_popcount(mask);
            _mm512_storeu_si512(index + count, _mm512_maskz_compress_epi32(mask, place));
            count += here;
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

/* masked of hb_costs. Without masks or wide vectors spikes are always found. */
#if defined(__AVX512F__)
#define MASKED 0.5f
#elif defined(__AVX2__)
#define MASKED 2
#else
#define MASKED 64
#endif

#define OF_ISA(name) JOIN(hb_##name##_, HB_ISA)
const hb_kernels JOIN(hb_kernels_, HB_ISA) = {
    .name = TEXT(HB_ISA),
    .philox = OF_ISA(philox),
    .trials = OF_ISA(trials),
    .gap_scales = OF_ISA(gap_scales),
    .gap_trains = OF_ISA(gap_trains),
    .log_uniform = OF_ISA(log_uniform),
    .costs = {.listed = 1.8f,
              .looked_up = 1.2f,
              .built = 2.0f,
              .picked = 1.3f,
              .packed = 2.0f,
              .touched = 4.0f,
              .sampled = 2.5f,
              .weighed = 1.4f,
              .squeezed = 9,
              .turned = 13,
              .masked = MASKED},
    .tile_bytes = TILE_BYTES,
    .add_rows_f32 = OF_ISA(add_rows_f32),
    .add_rows_f64 = OF_ISA(add_rows_f64),
    .build_tables_f32 = OF_ISA(build_tables_f32),
    .build_tables_f64 = OF_ISA(build_tables_f64),
    .look_up_f32 = OF_ISA(look_up_f32),
    .look_up_f64 = OF_ISA(look_up_f64),
    .pick_f32 = OF_ISA(pick_f32),
    .pick_f64 = OF_ISA(pick_f64),
    .list_fours = OF_ISA(list_fours),
    .list_ones = OF_ISA(list_ones),
    .multiply_f32 = OF_ISA(multiply_f32),
    .multiply_f64 = OF_ISA(multiply_f64),
    .dots_f32 = OF_ISA(dots_f32),
    .dots_f64 = OF_ISA(dots_f64),
    .sample_f32 = OF_ISA(sample_f32),
    .sample_f64 = OF_ISA(sample_f64),
    .weigh_f32 = OF_ISA(weigh_f32),
    .weigh_f64 = OF_ISA(weigh_f64),
    .list_jumps_f32 = OF_ISA(list_jumps_f32),
    .list_jumps_f64 = OF_ISA(list_jumps_f64),
    .fade_f32 = OF_ISA(fade_f32),
    .fade_f64 = OF_ISA(fade_f64),
    .transpose_f32 = OF_ISA(transpose_f32),
    .transpose_f64 = OF_ISA(transpose_f64),
    .add_narrow_f32 = OF_ISA(add_narrow_f32),
    .add_narrow_f64 = OF_ISA(add_narrow_f64),
    .list_narrow_f32 = OF_ISA(list_narrow_f32),
    .list_narrow_f64 = OF_ISA(list_narrow_f64),
    .pad_narrow_f32 = OF_ISA(pad_narrow_f32),
    .pad_narrow_f64 = OF_ISA(pad_narrow_f64),
    .gather_narrow_f32 = OF_ISA(gather_narrow_f32),
    .gather_narrow_f64 = OF_ISA(gather_narrow_f64),
    .mask_narrow_f32 = OF_ISA(mask_narrow_f32),
    .mask_narrow_f64 = OF_ISA(mask_narrow_f64),
    .squeeze_f32 = OF_ISA(squeeze_f32),
    .squeeze_f64 = OF_ISA(squeeze_f64),
    .spread_f32 = OF_ISA(spread_f32),
    .spread_f64 = OF_ISA(spread_f64),
    .nonzero_f32 = OF_ISA(nonzero_f32),
    .nonzero_f64 = OF_ISA(nonzero_f64),
    .count = OF_ISA(count),
    .turn = OF_ISA(turn),
    .between_f32 = between_f32,
    .between_f64 = between_f64,
    .expand_f32 = expand_f32,
    .expand_f64 = expand_f64,
    .positions = positions,
};

/* Kernel bodies. Compiled once per instruction set with HB_ISA set to its name. */
#include <string.h>

#include "kernels/kernels.h"
#include "kernels/products.h"
#if defined(__AVX512F__) || defined(__AVX2__)
#include <immintrin.h>
#endif

#define JOIN_(a, b) a##b
#define JOIN(a, b)  JOIN_(a, b)
#define TEXT_(a)    #a
#define TEXT(a)     TEXT_(a)

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

/* ---- random numbers ---- */

#define PHILOX_M0 0xD2511F53u
#define PHILOX_M1 0xCD9E8D57u
#define PHILOX_W0 0x9E3779B9u
#define PHILOX_W1 0xBB67AE85u

static void philox_one(const uint32_t key[2], const uint32_t sample[2], uint32_t block,
                       uint32_t lane, uint32_t words[4]) {
    uint32_t c0 = block, c1 = lane, c2 = sample[0], c3 = sample[1], k0 = key[0], k1 = key[1];
    for (int round = 0; round < 10; round++, k0 += PHILOX_W0, k1 += PHILOX_W1) {
        uint64_t product0 = (uint64_t)PHILOX_M0 * c0, product1 = (uint64_t)PHILOX_M1 * c2;
        c0 = (uint32_t)(product1 >> 32) ^ c1 ^ k0;
        c1 = (uint32_t)product1;
        c2 = (uint32_t)(product0 >> 32) ^ c3 ^ k1;
        c3 = (uint32_t)product0;
    }
    words[0] = c0, words[1] = c1, words[2] = c2, words[3] = c3;
}

/* Counters lie in the lower halves of 64-bit lanes; the products ignore the upper ones. */
#if defined(__AVX512F__)
#define PHILOX_LANES 8
typedef __m512i philox_v;
#define V_(op)            _mm512_##op
#define V_WIDEN(from)     _mm512_cvtepu32_epi64(_mm256_loadu_si256((const __m256i *)(from)))
#define V_XOR3(a, b, c)   _mm512_ternarylogic_epi64(a, b, c, 0x96)
#define V_LOW(a)          _mm512_and_si512(a, _mm512_set1_epi64(0xffffffff))
#define V_OR(a, b)        _mm512_or_si512(a, b)
#define V_STORE(to, a, i) _mm_storeu_si128((__m128i *)(to), _mm512_extracti32x4_epi32(a, i))
#elif defined(__AVX2__)
#define PHILOX_LANES      4
typedef __m256i philox_v;
#define V_(op)            _mm256_##op
#define V_WIDEN(from)     _mm256_cvtepu32_epi64(_mm_loadu_si128((const __m128i *)(from)))
#define V_XOR3(a, b, c)   _mm256_xor_si256(_mm256_xor_si256(a, b), c)
#define V_LOW(a)          _mm256_and_si256(a, _mm256_set1_epi64x(0xffffffff))
#define V_OR(a, b)        _mm256_or_si256(a, b)
#define V_STORE(to, a, i) _mm_storeu_si128((__m128i *)(to), _mm256_extracti128_si256(a, i))
#endif

#ifdef PHILOX_LANES
static inline __attribute__((always_inline)) void
philox_lanes(const uint32_t key[2], const uint32_t sample[2], const uint32_t *block,
             const uint32_t *lane, uint32_t *words) {
    philox_v c0 = V_WIDEN(block), c1 = V_WIDEN(lane);
    philox_v c2 = V_(set1_epi32)((int)sample[0]), c3 = V_(set1_epi32)((int)sample[1]);
    uint32_t k0 = key[0], k1 = key[1];
    philox_v m0 = V_(set1_epi32)((int)PHILOX_M0), m1 = V_(set1_epi32)((int)PHILOX_M1);
    for (int round = 0; round < 10; round++, k0 += PHILOX_W0, k1 += PHILOX_W1) {
        philox_v product0 = V_(mul_epu32)(m0, c0), product1 = V_(mul_epu32)(m1, c2);
        c0 = V_XOR3(V_(srli_epi64)(product1, 32), c1, V_(set1_epi32)((int)k0));
        c2 = V_XOR3(V_(srli_epi64)(product0, 32), c3, V_(set1_epi32)((int)k1));
        c1 = product1;
        c3 = product0;
    }
    philox_v first = V_OR(V_LOW(c0), V_(slli_epi64)(c1, 32));
    philox_v second = V_OR(V_LOW(c2), V_(slli_epi64)(c3, 32));
    philox_v even = V_(unpacklo_epi64)(first, second), odd = V_(unpackhi_epi64)(first, second);
    V_STORE(words, even, 0);
    V_STORE(words + 4, odd, 0);
    V_STORE(words + 8, even, 1);
    V_STORE(words + 12, odd, 1);
#if PHILOX_LANES == 8
    V_STORE(words + 16, even, 2);
    V_STORE(words + 20, odd, 2);
    V_STORE(words + 24, even, 3);
    V_STORE(words + 28, odd, 3);
#endif
}
#endif

static void philox(const uint32_t key[2], const uint32_t sample[2], const uint32_t *block,
                   const uint32_t *lane, size_t count, uint32_t *words) {
    size_t i = 0;
#ifdef PHILOX_LANES
    for (; i + PHILOX_LANES <= count; i += PHILOX_LANES)
        philox_lanes(key, sample, block + i, lane + i, words + 4 * i);
#endif
    for (; i < count; i++) philox_one(key, sample, block[i], lane[i], words + 4 * i);
}

/* u 2^32 = 2^e m, m in [sqrt(1/2), sqrt(2)); log m = 2 atanh(s), s = (m-1)/(m+1), as a power
 * series: |s| < 0.172, so what is left out (s^17) is below 2^-46. Statements hold one product
 * or one sum each, so that no compiler contracts them. */
static void log_uniform(const uint32_t *words, size_t count, double *log) {
    const uint64_t offset = 0x3FE6A09E667F3BCDu - (1ull << 52);
    for (size_t i = 0; i < count; i++) {
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
        log[i] = sum;
    }
}

#define OF_PRODUCTS(name) JOIN(hb_##name##_, HB_ISA)
const hb_kernels JOIN(hb_kernels_, HB_ISA) = {
    .name = TEXT(HB_ISA),
    .philox = philox,
    .log_uniform = log_uniform,
    .costs = {.listed = 1.8f, .looked_up = 1.2f, .built = 2.0f, .touched = 4.0f},
    .tile_bytes = TILE_BYTES,
    .add_rows_f32 = OF_PRODUCTS(add_rows_f32),
    .add_rows_f64 = OF_PRODUCTS(add_rows_f64),
    .build_tables_f32 = OF_PRODUCTS(build_tables_f32),
    .build_tables_f64 = OF_PRODUCTS(build_tables_f64),
    .look_up_f32 = OF_PRODUCTS(look_up_f32),
    .look_up_f64 = OF_PRODUCTS(look_up_f64),
    .multiply_f32 = OF_PRODUCTS(multiply_f32),
    .multiply_f64 = OF_PRODUCTS(multiply_f64),
    .dots_f32 = OF_PRODUCTS(dots_f32),
    .dots_f64 = OF_PRODUCTS(dots_f64),
    .sample_f32 = OF_PRODUCTS(sample_f32),
    .sample_f64 = OF_PRODUCTS(sample_f64),
    .squeeze_f32 = OF_PRODUCTS(squeeze_f32),
    .squeeze_f64 = OF_PRODUCTS(squeeze_f64),
    .spread_f32 = OF_PRODUCTS(spread_f32),
    .spread_f64 = OF_PRODUCTS(spread_f64),
    .nonzero_f32 = OF_PRODUCTS(nonzero_f32),
    .nonzero_f64 = OF_PRODUCTS(nonzero_f64),
    .count = OF_PRODUCTS(count),
    .turn = OF_PRODUCTS(turn),
    .between_f32 = between_f32,
    .between_f64 = between_f64,
    .expand_f32 = expand_f32,
    .expand_f64 = expand_f64,
    .positions = positions,
};

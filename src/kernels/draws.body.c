/* Random numbers. Compiled once per instruction set with HB_ISA set to its name; all give the same
 * bits. */
#include <string.h>

#include "kernels/draws.h"
#include "kernels/kernels.h"
#if defined(__AVX512F__) || defined(__AVX2__)
#include <immintrin.h>
#endif

#define JOIN_(a, b) a##b
#define JOIN(a, b)  JOIN_(a, b)
#define INLINE      static inline __attribute__((always_inline))

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
#define V_AND(a, b)       _mm512_and_si512(a, b)
#define V_XOR(a, b)       _mm512_xor_si512(a, b)
#define V_ANDNOT(a, b)    _mm512_andnot_si512(a, b)
#define V_ANY(a)          _mm512_test_epi64_mask(a, a)
#define V_NARROW(to, a)   _mm256_storeu_si256((__m256i *)(to), _mm512_cvtepi64_epi32(a))
#define V_STORE(to, a, i) _mm_storeu_si128((__m128i *)(to), _mm512_extracti32x4_epi32(a, i))
#elif defined(__AVX2__)
#define PHILOX_LANES    4
typedef __m256i philox_v;
#define V_(op)          _mm256_##op
#define V_WIDEN(from)   _mm256_cvtepu32_epi64(_mm_loadu_si128((const __m128i *)(from)))
#define V_XOR3(a, b, c) _mm256_xor_si256(_mm256_xor_si256(a, b), c)
#define V_LOW(a)        _mm256_and_si256(a, _mm256_set1_epi64x(0xffffffff))
#define V_OR(a, b)      _mm256_or_si256(a, b)
#define V_AND(a, b)     _mm256_and_si256(a, b)
#define V_XOR(a, b)     _mm256_xor_si256(a, b)
#define V_ANDNOT(a, b)  _mm256_andnot_si256(a, b)
#define V_ANY(a)        (!_mm256_testz_si256(a, a))
#define V_NARROW(to, a)                                                                            \
    _mm_storeu_si128((__m128i *)(to), _mm256_castsi256_si128(_mm256_permutevar8x32_epi32(          \
                                          a, _mm256_setr_epi32(0, 2, 4, 6, 0, 2, 4, 6))))
#define V_STORE(to, a, i) _mm_storeu_si128((__m128i *)(to), _mm256_extracti128_si256(a, i))
#endif

/* Four words of each lane. */
#ifdef PHILOX_LANES
INLINE void philox_lanes(const uint32_t key[2], const uint32_t sample[2], philox_v block,
                         philox_v lane, philox_v c[4]) {
    philox_v c0 = block, c1 = lane;
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
    c[0] = c0, c[1] = c1, c[2] = c2, c[3] = c3;
}

INLINE void philox_words(const uint32_t key[2], const uint32_t sample[2], const uint32_t *block,
                         const uint32_t *lane, uint32_t *words) {
    philox_v c[4];
    philox_lanes(key, sample, V_WIDEN(block), V_WIDEN(lane), c);
    philox_v first = V_OR(V_LOW(c[0]), V_(slli_epi64)(c[1], 32));
    philox_v second = V_OR(V_LOW(c[2]), V_(slli_epi64)(c[3], 32));
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

/* The next four planes of trials that are `open`: those whose bit is below their digit are won,
 * those above it lost. The upper halves of open and digits are 0. */
INLINE void judge(const philox_v planes[4], philox_v *digits, philox_v *open, philox_v *won) {
    for (int k = 0; k < 4; k++) {
        philox_v digit = V_(srai_epi32)(*digits, 31);
        *digits = V_(slli_epi32)(*digits, 1);
        *won = V_OR(*won, V_ANDNOT(planes[k], V_AND(*open, digit)));
        *open = V_ANDNOT(V_XOR(planes[k], digit), *open);
    }
}

/* Lanes go on together until none is open; three blocks are nearly always enough. */
INLINE void trials_lanes(const uint32_t key[2], const uint32_t sample[2], const uint32_t *block,
                         const uint32_t *lane, const uint32_t *below, const uint32_t *used,
                         uint32_t *words) {
    philox_v at = V_WIDEN(block), who = V_WIDEN(lane), planes[3][4];
    philox_v digits = V_WIDEN(below), open = V_WIDEN(used), won = V_XOR(open, open);
    for (int k = 0; k < 3; k++)
        philox_lanes(key, sample, V_(add_epi32)(at, V_(set1_epi32)(k)), who, planes[k]);
    for (int k = 0; k < 3; k++) judge(planes[k], &digits, &open, &won);
    for (int k = 3; k < HB_TRIAL_BLOCKS && V_ANY(open); k++) {
        philox_lanes(key, sample, V_(add_epi32)(at, V_(set1_epi32)(k)), who, planes[0]);
        judge(planes[0], &digits, &open, &won);
    }
    V_NARROW(words, won);
}
#endif

void JOIN(hb_philox_, HB_ISA)(const uint32_t key[2], const uint32_t sample[2],
                              const uint32_t *block, const uint32_t *lane, size_t count,
                              uint32_t *words) {
    size_t i = 0;
#ifdef PHILOX_LANES
    for (; i + PHILOX_LANES <= count; i += PHILOX_LANES)
        philox_words(key, sample, block + i, lane + i, words + 4 * i);
#endif
    for (; i < count; i++) philox_one(key, sample, block[i], lane[i], words + 4 * i);
}

/* ---- trials of probability below / 2^32, 32 at a time ---- */

static uint32_t trials_one(const uint32_t key[2], const uint32_t sample[2], uint32_t block,
                           uint32_t lane, uint32_t below, uint32_t open) {
    uint32_t planes[4], won = 0;
    for (uint32_t k = 0; k < HB_TRIAL_BLOCKS && open; k++) {
        philox_one(key, sample, block + k, lane, planes);
        for (int i = 0; i < 4; i++, below <<= 1) {
            uint32_t digit = below >> 31 ? UINT32_MAX : 0;
            won |= open & digit & ~planes[i];
            open &= ~(planes[i] ^ digit);
        }
    }
    return won;
}

void JOIN(hb_trials_, HB_ISA)(const uint32_t key[2], const uint32_t sample[2],
                              const uint32_t *block, const uint32_t *lane, const uint32_t *below,
                              const uint32_t *used, size_t count, uint32_t *words) {
    size_t i = 0;
#ifdef PHILOX_LANES
    for (; i + PHILOX_LANES <= count; i += PHILOX_LANES)
        trials_lanes(key, sample, block + i, lane + i, below + i, used + i, words + i);
#endif
    for (; i < count; i++) words[i] = trials_one(key, sample, block[i], lane[i], below[i], used[i]);
}

/* ---- gaps ---- */

/* u 2^32 = 2^e m, m in [sqrt(1/2), sqrt(2)); log m = 2 atanh(s), s = (m-1)/(m+1), as a power
 * series: |s| < 0.172, so what is left out (s^17) is below 2^-46. Statements hold one product
 * or one sum each, so that no compiler contracts them. */
INLINE double log_of(uint32_t word) {
    const uint64_t offset = 0x3FE6A09E667F3BCDu - (1ull << 52);
    uint64_t bits = 0x4330000000000000u | word;
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
    return sum;
}

void JOIN(hb_log_uniform_, HB_ISA)(const uint32_t *words, size_t count, double *log) {
    for (size_t i = 0; i < count; i++) log[i] = log_of(words[i]);
}

/* As hb_log does it, whose power of two is 0 here; the same bits. */
void JOIN(hb_gap_scales_, HB_ISA)(const double *p, size_t count, double *scale) {
    for (size_t i = 0; i < count; i++) {
        double q = 1 - p[i], f = q - 1, s = f / (2 + f), z = s * s, sum = 1.0 / 23;
        sum = sum * z + 1.0 / 21;
        sum = sum * z + 1.0 / 19;
        sum = sum * z + 1.0 / 17;
        sum = sum * z + 1.0 / 15;
        sum = sum * z + 1.0 / 13;
        sum = sum * z + 1.0 / 11;
        sum = sum * z + 1.0 / 9;
        sum = sum * z + 1.0 / 7;
        sum = sum * z + 1.0 / 5;
        sum = sum * z + 1.0 / 3;
        scale[i] = 1 / (f + s * (2 * z * sum - f));
    }
}

typedef double eight_f64 __attribute__((vector_size(64), aligned(8), may_alias));
typedef int32_t eight_i32 __attribute__((vector_size(32), may_alias));

enum { GAPS = 64 }; /* at a time; only the successes themselves come one after another */

size_t JOIN(hb_mark_gaps_, HB_ISA)(const double *logs, size_t count, double scale, size_t step,
                                   size_t end, uint64_t *train) {
    eight_i32 some[GAPS / 8];
    const uint32_t *gaps = (const uint32_t *)(const void *)some;
    for (size_t first = 0; first < count; first += GAPS) {
        size_t here = count - first < GAPS ? count - first : GAPS;
        for (size_t i = 0; i < here; i += 8)
            some[i / 8] =
                __builtin_convertvector(*(const eight_f64 *)(logs + first + i) * scale, eight_i32);
        for (size_t i = 0; i < here; i++) {
            step += gaps[i];
            if (step >= end) return end;
            train[step & ~(size_t)63] |= (uint64_t)1 << step % 64;
            step++;
        }
    }
    return step;
}

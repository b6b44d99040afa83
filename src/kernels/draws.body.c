/* Random numbers. Compiled once per instruction set with HB_ISA set to its name; all give the same
 * bits. */
#include <string.h>

#include "kernels/body.h"
#include "kernels/draws.h"
#include "kernels/kernels.h"
#if defined(__AVX512F__) || defined(__AVX2__)
#include <immintrin.h>
#endif

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

/* Trains side by side: groups of so many; the baseline has one. */
#ifdef PHILOX_LANES
enum { LANES = PHILOX_LANES, GROUPS = 2 };
typedef double lanes_f64 __attribute__((vector_size(8 * LANES)));
typedef uint64_t lanes_u64 __attribute__((vector_size(8 * LANES)));
typedef int32_t lanes_i32 __attribute__((vector_size(4 * LANES)));
#define WHOLE(x) __builtin_convertvector(__builtin_convertvector(x, lanes_i32), lanes_u64)
#else
enum { LANES = 1, GROUPS = 1 };
typedef double lanes_f64;
typedef uint64_t lanes_u64;
#define WHOLE(x) ((uint64_t)(int32_t)(x))
#endif
enum { TRAINS = GROUPS * LANES };

INLINE lanes_u64 all_lanes(uint64_t x) { return x - (lanes_u64){0}; }

/* Bit `place` of a word; none from 64 on. */
INLINE lanes_u64 bit_at(lanes_u64 place) {
#ifdef PHILOX_LANES
    return (lanes_u64)V_(sllv_epi64)((philox_v)all_lanes(1), (philox_v)place);
#else
    return place < 64 ? (uint64_t)1 << place : 0;
#endif
}

/* Is some lane's step, which is far below 2^63, below the end? */
INLINE int any_below(lanes_u64 step, uint64_t end) {
    lanes_u64 below = step - end; /* the highest bit is 1 */
#if defined(__AVX512F__)
    return _mm512_movepi64_mask((__m512i)below) != 0;
#elif defined(__AVX2__)
    return _mm256_movemask_pd((__m256d)below) != 0;
#else
    return below >> 63 != 0;
#endif
}

#ifdef PHILOX_LANES
/* Numbers of both groups in one vector. */
typedef float both_f32 __attribute__((vector_size(8 * LANES)));
typedef int32_t both_i32 __attribute__((vector_size(8 * LANES)));
typedef uint32_t both_u32 __attribute__((vector_size(8 * LANES)));

INLINE both_f32 both(float x) { return x - (both_f32){0}; }

INLINE both_f32 least(both_f32 x, both_f32 y) {
#if defined(__AVX512F__)
    return (both_f32)_mm512_min_ps((__m512)x, (__m512)y);
#else
    return (both_f32)_mm256_min_ps((__m256)x, (__m256)y);
#endif
}

INLINE int all_negative(both_i32 x) {
#if defined(__AVX512F__)
    return _mm512_movepi32_mask((__m512i)x) == 0xffff;
#else
    return _mm256_movemask_ps((__m256)x) == 0xff;
#endif
}
#endif

INLINE void block_of_words(const uint32_t key[2], const uint32_t sample[2], uint32_t block,
                           lanes_u64 lane, lanes_u64 words[4]) {
#ifdef PHILOX_LANES
    philox_v c[4];
    philox_lanes(key, sample, (philox_v)all_lanes(block), (philox_v)lane, c);
    for (int i = 0; i < 4; i++) words[i] = (lanes_u64)V_LOW(c[i]);
#else
    uint32_t c[4];
    philox_one(key, sample, block, (uint32_t)lane, c);
    for (int i = 0; i < 4; i++) words[i] = c[i];
#endif
}

/* u 2^32 = 2^e m, m in [sqrt(1/2), sqrt(2)); log m = 2 atanh(s), s = (m-1)/(m+1), as a power
 * series: |s| < 0.172, so what is left out (s^17) is below 2^-46. Statements hold one product
 * or one sum each, so that no compiler contracts them. Four words at a time hide how long each
 * takes. */
#define FOUR for (int i = 0; i < 4; i++)
INLINE void four_logs(const lanes_u64 words[4], lanes_f64 logs[4]) {
    const uint64_t offset = 0x3FE6A09E667F3BCDu - (1ull << 52);
    static const double terms[] = {2.0 / 13, 2.0 / 11, 2.0 / 9, 2.0 / 7, 2.0 / 5, 2.0 / 3, 2};
    lanes_u64 bits[4];
    lanes_f64 e[4], s[4], z[4];
    FOUR {
        lanes_f64 x, m;
        lanes_u64 word = words[i] | 0x4330000000000000u;
        memcpy(&x, &word, sizeof x);
        x -= 0x1p52;
        x += 0.5;
        memcpy(&bits[i], &x, sizeof x);
        lanes_u64 above = bits[i] - offset;
        lanes_u64 exponent = above >> 52 | 0x4330000000000000u; /* e + 1 */
        bits[i] -= (above & 0xFFF0000000000000u) - (1ull << 52);
        memcpy(&m, &bits[i], sizeof m);
        memcpy(&e[i], &exponent, sizeof m);
        e[i] -= 0x1p52 + 33; /* now log2 of u's power of two */
        s[i] = (m - 1) / (m + 1);
    }
    FOUR z[i] = s[i] * s[i];
    FOUR logs[i] = z[i] * (2.0 / 15);
    for (size_t k = 0; k < sizeof terms / sizeof terms[0]; k++) {
        FOUR logs[i] += terms[k];
        FOUR logs[i] *= k + 1 < sizeof terms / sizeof terms[0] ? z[i] : s[i];
    }
    FOUR e[i] *= 0.69314718055994530942;
    FOUR logs[i] += e[i];
}

void JOIN(hb_log_uniform_, HB_ISA)(const uint32_t *words, size_t count, double *log) {
    for (size_t i = 0; i < count; i += 4 * LANES) {
        size_t here = count - i < 4 * LANES ? count - i : 4 * LANES;
        uint64_t some[4 * LANES] = {0};
        lanes_u64 in[4];
        lanes_f64 logs[4];
        for (size_t l = 0; l < here; l++) some[l] = words[i + l];
        memcpy(in, some, sizeof in);
        four_logs(in, logs);
        memcpy(log + i, logs, here * sizeof *log);
    }
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

typedef struct some_trains {
    lanes_u64 lane[GROUPS], step[GROUPS];
    lanes_f64 scale[GROUPS];
#ifdef PHILOX_LANES
    both_f32 scales, slack;
#endif
} some_trains;

/* floor(scale log u) of four words of each train. */
static void exact_gaps(const some_trains *x, lanes_u64 words[GROUPS][4],
                       lanes_u64 gaps[GROUPS][4]) {
    for (int g = 0; g < GROUPS; g++) {
        lanes_f64 logs[4];
        four_logs(words[g], logs);
        FOUR gaps[g][i] = WHOLE(logs[i] * x->scale[g]);
    }
}

#ifdef PHILOX_LANES
/* The same by floats, of which both groups' fill a vector: train l of the second group is number
 * 2 l + 1. Returns 0 where one may be wrong, because its product lies within SLACK (scale +
 * product) of a whole number. The logarithm's error is below SLACK / 16 (1 + |log|), and roundings
 * of scale and product add no more. 300 steps are as many as more. */
#define SLACK 0x1p-19f
INLINE int near_gaps(const some_trains *x, lanes_u64 words[GROUPS][4], lanes_u64 gaps[GROUPS][4]) {
    const int32_t offset = 0x3F3504F3 - (1 << 23);
    both_f32 s[4], z[4], e[4];
    both_i32 sure;
    FOUR {
        both_f32 u = __builtin_convertvector(
            (both_u32)((words[0][i] & 0xffffffff) | words[1][i] << 32), both_f32);
        u += 0.5f;
        both_i32 bits = (both_i32)u, above = bits - offset;
        both_f32 m = (both_f32)(bits - (above & (int32_t)0xFF800000) + (1 << 23));
        e[i] = __builtin_convertvector(above >> 23, both_f32) - 33;
        s[i] = (m - 1) / (m + 1);
    }
    FOUR z[i] = s[i] * s[i];
    FOUR s[i] *= 2 + z[i] * (2 / 3.f + z[i] * (2 / 5.f + z[i] * (2 / 7.f)));
    FOUR {
        both_f32 gap = (s[i] + e[i] * 0.693147180559945f) * x->scales;
        gap = least(gap, both(300.5f));
        both_i32 whole = __builtin_convertvector(gap, both_i32);
        both_f32 off = gap - __builtin_convertvector(whole, both_f32) - 0.5f;
        off = (both_f32)((both_i32)off & 0x7fffffff);
        off += gap * SLACK + x->slack; /* below 0: sure */
        sure = i ? sure & (both_i32)off : (both_i32)off;
        gaps[0][i] = (lanes_u64)whole & 0xffffffff;
        gaps[1][i] = (lanes_u64)whole >> 32;
    }
    return all_negative(sure);
}
#endif

INLINE void find_gaps(const some_trains *x, lanes_u64 words[GROUPS][4], lanes_u64 gaps[GROUPS][4]) {
#ifdef PHILOX_LANES
    if (near_gaps(x, words, gaps)) return;
#endif
    exact_gaps(x, words, gaps);
}

/* Words of 64 steps, until all have come to the end. A block is drawn while the one before it is
 * used, for neither waits for the other. */
INLINE void draw_together(const uint32_t key[2], const uint32_t sample[2], some_trains *x,
                          size_t end, const size_t times, lanes_u64 bits[GROUPS][HB_DRAW_WORDS]) {
    lanes_u64 next[GROUPS][4];
    int more = 1;
    for (int g = 0; g < GROUPS; g++) block_of_words(key, sample, 0, x->lane[g], next[g]);
    for (uint32_t block = 1; more; block++) {
        lanes_u64 words[GROUPS][4], gaps[GROUPS][4];
        memcpy(words, next, sizeof words);
        for (int g = 0; g < GROUPS; g++) block_of_words(key, sample, block, x->lane[g], next[g]);
        find_gaps(x, words, gaps);
        more = 0;
        for (int g = 0; g < GROUPS; g++) {
            FOUR {
                x->step[g] += gaps[g][i];
                for (size_t k = 0; k < times; k++) bits[g][k] |= bit_at(x->step[g] - 64 * k);
                x->step[g] += 1;
            }
            more |= any_below(x->step[g], end);
        }
    }
}

/* Trains `first` and on; what is left of the last vectors has come to the end before it begins. */
static some_trains take_trains(const uint32_t *lane, const double *scale, size_t here, size_t begin,
                               size_t end) {
    some_trains x;
    uint64_t own[TRAINS] = {0}, from[TRAINS];
    double scales[TRAINS] = {0};
    for (size_t l = 0; l < TRAINS; l++) from[l] = l < here ? begin : end;
    for (size_t l = 0; l < here; l++) own[l] = lane[l], scales[l] = scale[l];
    memcpy(x.lane, own, sizeof own);
    memcpy(x.step, from, sizeof from);
    memcpy(x.scale, scales, sizeof scales);
#ifdef PHILOX_LANES
    float near[TRAINS], slack[TRAINS];
    for (size_t l = 0; l < TRAINS; l++) {
        size_t at = 2 * (l % LANES) + l / LANES;
        near[at] = (float)scales[l];
        slack[at] = l < here ? -SLACK * near[at] - 0.5f : -1; /* nobody asks for its gaps */
    }
    memcpy(&x.scales, near, sizeof near);
    memcpy(&x.slack, slack, sizeof slack);
#endif
    return x;
}

void JOIN(hb_gap_trains_, HB_ISA)(const uint32_t key[2], const uint32_t sample[2],
                                  const uint32_t *lane, const double *scale, size_t count,
                                  size_t begin, size_t end, const uint32_t *place,
                                  uint64_t (*trains)[HB_DRAW_WORDS]) {
    uint64_t kept[HB_DRAW_WORDS];
    for (size_t k = 0; k < HB_DRAW_WORDS; k++)
        kept[k] = end >= 64 * k + 64 ? ~(uint64_t)0
                  : end <= 64 * k    ? 0
                                     : ((uint64_t)1 << (end - 64 * k)) - 1;
    for (size_t first = 0; first < count; first += TRAINS) {
        size_t here = count - first < TRAINS ? count - first : TRAINS;
        uint64_t bits[GROUPS][HB_DRAW_WORDS][LANES];
        lanes_u64 drawn[GROUPS][HB_DRAW_WORDS] = {{all_lanes(0)}};
        some_trains x = take_trains(lane + first, scale + first, here, begin, end);
        if (end <= 64)
            draw_together(key, sample, &x, end, 1, drawn);
        else
            draw_together(key, sample, &x, end, HB_DRAW_WORDS, drawn);
        memcpy(bits, drawn, sizeof bits);
        for (size_t l = 0; l < here; l++)
            for (size_t k = 0; k < HB_DRAW_WORDS; k++)
                trains[place[first + l]][k] = bits[l / LANES][k][l % LANES] & kept[k];
    }
}

/* Products of real numbers. Compiled once per instruction set with HB_ISA set to its name; what is
 * here is what differs between the sets, the products themselves are in multiply_real.h. */
#include <string.h>

#include "kernels/body.h"
#include "kernels/kernels.h"
#include "kernels/products.h"
#if defined(__AVX512F__) || defined(__AVX2__)
#include <immintrin.h>
#endif

/* What stays in registers: the sums of a tile, TILE_ROWS x 2 vectors, or those of SHARED products
 * of rows, each in 64 bytes of vectors. */
#if defined(__AVX512F__)
enum { TILE_ROWS = 14, SHARED = 12, TOTALS_ROOM = 16 };
#elif defined(__AVX2__)
enum { TILE_ROWS = 6, SHARED = 4, TOTALS_ROOM = 4 };
#else
enum { TILE_ROWS = 4, SHARED = 2, TOTALS_ROOM = 2 };
#endif
enum { DEPTH = HB_MULTIPLY_DEPTH, ROW_ROOM = DEPTH + HB_MULTIPLY_GAP };

/* FMA(a, b, c): c + a b, rounded once where the set can. */
#if defined(__AVX512F__)
INLINE vec_f32 splat_f32(float x) { return (vec_f32)_mm512_set1_ps(x); }
INLINE vec_f64 splat_f64(double x) { return (vec_f64)_mm512_set1_pd(x); }
INLINE vec_f32 fma_f32(vec_f32 a, vec_f32 b, vec_f32 c) {
    return (vec_f32)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
}
INLINE vec_f64 fma_f64(vec_f64 a, vec_f64 b, vec_f64 c) {
    return (vec_f64)_mm512_fmadd_pd((__m512d)a, (__m512d)b, (__m512d)c);
}
#elif defined(__AVX2__)
INLINE vec_f32 splat_f32(float x) { return (vec_f32)_mm256_set1_ps(x); }
INLINE vec_f64 splat_f64(double x) { return (vec_f64)_mm256_set1_pd(x); }
INLINE vec_f32 fma_f32(vec_f32 a, vec_f32 b, vec_f32 c) {
    return (vec_f32)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
}
INLINE vec_f64 fma_f64(vec_f64 a, vec_f64 b, vec_f64 c) {
    return (vec_f64)_mm256_fmadd_pd((__m256d)a, (__m256d)b, (__m256d)c);
}
#else
INLINE vec_f32 splat_f32(float x) { return (vec_f32){x, x, x, x}; }
INLINE vec_f64 splat_f64(double x) { return (vec_f64){x, x}; }
INLINE vec_f32 fma_f32(vec_f32 a, vec_f32 b, vec_f32 c) { return c + a * b; }
INLINE vec_f64 fma_f64(vec_f64 a, vec_f64 b, vec_f64 c) { return c + a * b; }
#endif

/* to[r * to_stride + k] = from[k * stride + r], r < rows, k < count. */
#define TURN(R, type)                                                                              \
    INLINE void turn_##R(type *to, size_t to_stride, const type *from, size_t stride, size_t rows, \
                         size_t count) {                                                           \
        for (size_t k = 0; k < count; k++)                                                         \
            for (size_t r = 0; r < rows; r++) to[r * to_stride + k] = from[k * stride + r];        \
    }
TURN(f64, double)
#if defined(__AVX2__)
/* Eight rows of eight numbers become eight columns. */
INLINE void turn_eight(float *to, size_t to_stride, const float *from, size_t stride) {
    __m256 a[8], b[8];
    for (int i = 0; i < 4; i++) { /* rows i and i + 4 side by side, left and right halves */
        __m256 left = _mm256_castps128_ps256(_mm_loadu_ps(from + (size_t)i * stride));
        __m256 right = _mm256_castps128_ps256(_mm_loadu_ps(from + (size_t)i * stride + 4));
        a[i] = _mm256_insertf128_ps(left, _mm_loadu_ps(from + (size_t)(i + 4) * stride), 1);
        a[i + 4] =
            _mm256_insertf128_ps(right, _mm_loadu_ps(from + (size_t)(i + 4) * stride + 4), 1);
    }
    for (int i = 0; i < 8; i += 4) {
        b[i] = _mm256_unpacklo_ps(a[i], a[i + 1]);
        b[i + 1] = _mm256_unpackhi_ps(a[i], a[i + 1]);
        b[i + 2] = _mm256_unpacklo_ps(a[i + 2], a[i + 3]);
        b[i + 3] = _mm256_unpackhi_ps(a[i + 2], a[i + 3]);
        a[i] = _mm256_shuffle_ps(b[i], b[i + 2], 0x44);
        a[i + 1] = _mm256_shuffle_ps(b[i], b[i + 2], 0xee);
        a[i + 2] = _mm256_shuffle_ps(b[i + 1], b[i + 3], 0x44);
        a[i + 3] = _mm256_shuffle_ps(b[i + 1], b[i + 3], 0xee);
    }
    for (int i = 0; i < 8; i++) _mm256_storeu_ps(to + (size_t)i * to_stride, a[i]);
}
static void turn_f32(float *to, size_t to_stride, const float *from, size_t stride, size_t rows,
                     size_t count) {
    size_t k = 0;
    for (; k + 8 <= count; k += 8) {
        size_t r = 0;
        for (; r + 8 <= rows; r += 8)
            turn_eight(to + r * to_stride + k, to_stride, from + k * stride + r, stride);
        for (; r < rows; r++)
            for (size_t i = k; i < k + 8; i++) to[r * to_stride + i] = from[i * stride + r];
    }
    for (; k < count; k++)
        for (size_t r = 0; r < rows; r++) to[r * to_stride + k] = from[k * stride + r];
}
#else
TURN(f32, float)
#endif

/* to[q] = the 64 bytes of numbers at sum[q][0] added up, q < m: halves to one another down to 16
 * bytes, then neighbours, in this order on all sets. */
#define TOTALS(R, type, one)                                                                       \
    INLINE void totals_##R(int m, type *to, vec_##R(*sum)[PARTS]) {                                \
        for (int q = 0; q < m; q++) to[q] = one(sum[q]);                                           \
    }
enum { PARTS = 64 / VECTOR_BYTES };
#if defined(__AVX512F__)
INLINE __m512 halves(__m512 a, __m512 b) { /* of a, then of b */
    return _mm512_add_ps(_mm512_shuffle_f32x4(a, b, 0x44), _mm512_shuffle_f32x4(a, b, 0xee));
}
INLINE __m512 quarters(__m512 a, __m512 b, __m512 c, __m512 d) {
    __m512 ab = halves(a, b), cd = halves(c, d);
    return _mm512_add_ps(_mm512_shuffle_f32x4(ab, cd, 0x88), _mm512_shuffle_f32x4(ab, cd, 0xdd));
}
INLINE void eight_totals(int m, float *to, vec_f32 (*sum)[PARTS]) {
    const __m512i places = _mm512_setr_epi32(0, 4, 8, 12, 2, 6, 10, 14, 0, 0, 0, 0, 0, 0, 0, 0);
    __m512 s[8];
    for (int q = 0; q < 8; q++) s[q] = q < m ? (__m512)sum[q][0] : _mm512_setzero_ps();
    __m512 low = quarters(s[0], s[1], s[2], s[3]);
    __m512 high = m > 4 ? quarters(s[4], s[5], s[6], s[7]) : low;
    __m512 pairs =
        _mm512_add_ps(_mm512_shuffle_ps(low, high, 0x88), _mm512_shuffle_ps(low, high, 0xdd));
    pairs = _mm512_add_ps(pairs, _mm512_permute_ps(pairs, 0xb1));
    _mm256_storeu_ps(to, _mm512_castps512_ps256(_mm512_permutexvar_ps(places, pairs)));
}
INLINE void totals_f32(int m, float *to, vec_f32 (*sum)[PARTS]) {
    for (int q = 0; q < m; q += 8) eight_totals(m - q < 8 ? m - q : 8, to + q, sum + q);
}
INLINE double total_f64(const vec_f64 *s) {
    __m512d x = (__m512d)s[0];
    __m256d half = _mm256_add_pd(_mm512_castpd512_pd256(x), _mm512_extractf64x4_pd(x, 1));
    __m128d two = _mm_add_pd(_mm256_castpd256_pd128(half), _mm256_extractf128_pd(half, 1));
    return _mm_cvtsd_f64(_mm_hadd_pd(two, two));
}
#elif defined(__AVX2__)
INLINE __m128 quarter(const vec_f32 *s) {
    __m256 half = _mm256_add_ps((__m256)s[0], (__m256)s[1]);
    return _mm_add_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1));
}
INLINE void totals_f32(int m, float *to, vec_f32 (*sum)[PARTS]) {
    __m128 s[SHARED];
    for (int q = 0; q < SHARED; q++) s[q] = q < m ? quarter(sum[q]) : _mm_setzero_ps();
    _mm_storeu_ps(to, _mm_hadd_ps(_mm_hadd_ps(s[0], s[1]), _mm_hadd_ps(s[2], s[3])));
}
INLINE double total_f64(const vec_f64 *s) {
    __m256d half = _mm256_add_pd((__m256d)s[0], (__m256d)s[1]);
    __m128d two = _mm_add_pd(_mm256_castpd256_pd128(half), _mm256_extractf128_pd(half, 1));
    return _mm_cvtsd_f64(_mm_hadd_pd(two, two));
}
#else
INLINE float total_f32(const vec_f32 *s) {
    vec_f32 four = (s[0] + s[2]) + (s[1] + s[3]);
    return (four[0] + four[1]) + (four[2] + four[3]);
}
TOTALS(f32, float, total_f32)
INLINE double total_f64(const vec_f64 *s) {
    vec_f64 two = (s[0] + s[2]) + (s[1] + s[3]);
    return two[0] + two[1];
}
#endif
TOTALS(f64, double, total_f64)

/* The first `lanes` numbers, and zeros. */
#define PART(R, type)                                                                              \
    INLINE vec_##R part_##R(const type *from, size_t lanes) {                                      \
        vec_##R v = {0};                                                                           \
        memcpy(&v, from,                                                                           \
               (lanes < VECTOR_BYTES / sizeof(type) ? lanes : VECTOR_BYTES / sizeof(type)) *       \
                   sizeof(type));                                                                  \
        return v;                                                                                  \
    }
#if defined(__AVX512F__)
INLINE vec_f32 part_f32(const float *from, size_t lanes) {
    return (vec_f32)_mm512_maskz_loadu_ps((__mmask16)((1u << lanes) - 1), from);
}
INLINE vec_f64 part_f64(const double *from, size_t lanes) {
    return (vec_f64)_mm512_maskz_loadu_pd((__mmask8)((1u << lanes) - 1), from);
}
#else
PART(f32, float)
PART(f64, double)
#endif

#if defined(__AVX512F__)
/* Those of a vector that are not 0, and their places from `first` on; returns how many. They are
 * counted before a store, at which a sanitizer's call makes gcc 12 keep the mask in two bytes
 * and then count four. */
INLINE size_t keep_f32(vec_f32 v, size_t first, uint16_t *places, float *to) {
    const __m512i lanes = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    __mmask16 some = _mm512_cmp_ps_mask((__m512)v, _mm512_setzero_ps(), _CMP_NEQ_UQ);
    size_t count = (size_t)__builtin_popcount(some);
    __m512i place = _mm512_add_epi32(lanes, _mm512_set1_epi32((int)first));
    _mm512_storeu_ps(to, _mm512_maskz_compress_ps(some, (__m512)v));
    _mm256_storeu_si256((__m256i *)(void *)places,
                        _mm512_cvtepi32_epi16(_mm512_maskz_compress_epi32(some, place)));
    return count;
}
INLINE size_t keep_f64(vec_f64 v, size_t first, uint16_t *places, double *to) {
    const __m256i lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    __mmask8 some = _mm512_cmp_pd_mask((__m512d)v, _mm512_setzero_pd(), _CMP_NEQ_UQ);
    size_t count = (size_t)__builtin_popcount(some);
    __m256i place = _mm256_add_epi32(lanes, _mm256_set1_epi32((int)first));
    _mm512_storeu_pd(to, _mm512_maskz_compress_pd(some, (__m512d)v));
    _mm_storeu_si128((__m128i *)(void *)places,
                     _mm256_cvtepi32_epi16(_mm256_maskz_compress_epi32(some, place)));
    return count;
}
#endif

#define REAL    float
#define VEC     vec_f32
#define of(op)  op##_f32
#define ALL(op) JOIN(hb_##op##_f32_, HB_ISA)
#include "kernels/multiply_real.h"
#undef REAL
#undef VEC
#undef of
#undef ALL
#define REAL    double
#define VEC     vec_f64
#define of(op)  op##_f64
#define ALL(op) JOIN(hb_##op##_f64_, HB_ISA)
#include "kernels/multiply_real.h"

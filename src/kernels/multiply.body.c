/* Products of real numbers. Compiled once per instruction set with HB_ISA set to its name; what is
 * here is what differs between the sets, the products themselves are in multiply_real.h. */
#include <string.h>

#include "kernels/kernels.h"
#include "kernels/products.h"
#if defined(__AVX512F__) || defined(__AVX2__)
#include <immintrin.h>
#endif

#define JOIN_(a, b) a##b
#define JOIN(a, b)  JOIN_(a, b)
#define INLINE      static inline __attribute__((always_inline))

typedef float vec_f32 __attribute__((vector_size(VECTOR_BYTES), aligned(4), may_alias));
typedef double vec_f64 __attribute__((vector_size(VECTOR_BYTES), aligned(8), may_alias));

/* The sums of a tile stay in registers: TILE_ROWS x 2 vectors. */
#if defined(__AVX512F__)
enum { TILE_ROWS = 14 };
#elif defined(__AVX2__)
enum { TILE_ROWS = 6 };
#else
enum { TILE_ROWS = 4 };
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

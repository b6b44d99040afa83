/* What the files that are compiled once per instruction set share: names with the set's at their
 * end, and vectors as wide as its registers. */
#ifndef HB_BODY_H
#define HB_BODY_H

#define JOIN_(a, b) a##b
#define JOIN(a, b)  JOIN_(a, b)
#define INLINE      static inline __attribute__((always_inline))

#if defined(__AVX512F__)
enum { VECTOR_BYTES = 64 };
#elif defined(__AVX2__)
enum { VECTOR_BYTES = 32 };
#else
enum { VECTOR_BYTES = 16 };
#endif

typedef float vec_f32 __attribute__((vector_size(VECTOR_BYTES), aligned(4), may_alias));
typedef double vec_f64 __attribute__((vector_size(VECTOR_BYTES), aligned(8), may_alias));

#endif

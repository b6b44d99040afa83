/* The engine's numbers. Files that include this header (*.real.c) are compiled
 * twice, for float and for double, those of neurons/ also once for each
 * instruction set (HB_ISA); HB_R gives each copy its own symbols. */
#ifndef HB_REAL_H
#define HB_REAL_H

#ifdef HB_DOUBLE
typedef double real;
#define HB_REAL_SUFFIX _f64
#else
typedef float real;
#define HB_REAL_SUFFIX _f32
#endif

#define HB_JOIN2_(a, b)    a##b
#define HB_JOIN2(a, b)     HB_JOIN2_(a, b)
#define HB_JOIN3_(a, b, c) a##b##_##c
#define HB_JOIN3(a, b, c)  HB_JOIN3_(a, b, c)
#ifdef HB_ISA
#define HB_R(name) HB_JOIN3(name, HB_REAL_SUFFIX, HB_ISA)
#else
#define HB_R(name) HB_JOIN2(name, HB_REAL_SUFFIX)
#endif

#endif

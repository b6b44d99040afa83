/* The engine's numbers. Files of neurons/, links/, network/ and
 * learning/gradient/ that include this header are compiled twice, for float and
 * for double; HB_R gives each copy its own symbols. */
#ifndef HB_REAL_H
#define HB_REAL_H

#ifdef HB_DOUBLE
typedef double real;
#define HB_R(name) name##_f64
#else
typedef float real;
#define HB_R(name) name##_f32
#endif

#endif

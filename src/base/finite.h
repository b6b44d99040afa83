/* Finds NaN and infinities. */
#ifndef HB_FINITE_H
#define HB_FINITE_H

#include <stddef.h>

/* Index of the first value that is not a finite number; count if all are. */
size_t hb_not_finite_f32(const float *values, size_t count);
size_t hb_not_finite_f64(const double *values, size_t count);

#endif

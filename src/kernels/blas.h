/* OpenBLAS's cblas, without the macro I that its complex numbers bring. */
#ifndef HB_BLAS_H
#define HB_BLAS_H

#include <cblas.h>
#undef I

#endif

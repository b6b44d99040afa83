/* test_sweep.c in double precision. */
#define HB_DOUBLE
#include "test_sweep.c"

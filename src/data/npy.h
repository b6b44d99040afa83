/* NPY files (numpy.lib.format), as far as the sets that hebb knows need them. */
#ifndef HB_NPY_H
#define HB_NPY_H

#include "base/env.h"

enum { HB_NPY_DIMS = 4 };

typedef struct hb_npy {
    char kind;   /* 'f' float, 'i' signed, 'u' unsigned integer, 'b' boolean */
    size_t size; /* bytes a value */
    size_t ndim;
    size_t dims[HB_NPY_DIMS];
    size_t count;
    void *data; /* native byte order, C order */
} hb_npy;

/* C order alone; floats of 4 and 8 bytes, integers of 1 to 8, booleans. */
hebb_status hb_npy_read(hb_env *env, const char *path, hb_npy *npy);
double hb_npy_value(const hb_npy *npy, size_t i);
void hb_npy_free(hb_env *env, hb_npy *npy);

#endif

/* A file of numbers read from front to back, gunzipped where it is compressed. */
#ifndef HB_READER_H
#define HB_READER_H

#include "base/env.h"

typedef struct hb_reader hb_reader;

hebb_status hb_reader_open(hb_env *env, const char *path, hb_reader **reader);
void hb_reader_close(hb_reader *reader);
const char *hb_reader_path(const hb_reader *reader);

/* Reads up to size bytes; *got is less only at the end of the file. */
hebb_status hb_reader_take(hb_reader *reader, void *bytes, size_t size, size_t *got);
/* Reads exactly size bytes into memory that grows with what is really there, so
 * that a lying header costs nothing, and refuses a file that goes on behind them.
 * *bytes is the caller's. */
hebb_status hb_reader_take_rest(hb_reader *reader, size_t size, void **bytes);

/* The most that is read from one file: 8 GiB. */
#define HB_READER_LIMIT ((size_t)1 << 33)

/* Product of dims and size; false where it is above HB_READER_LIMIT. */
bool hb_data_size(const size_t *dims, size_t ndim, size_t size, size_t *bytes);

/* Turns count numbers of `size` bytes around. */
void hb_swap_bytes(void *bytes, size_t count, size_t size);
bool hb_big_endian(void);

#endif

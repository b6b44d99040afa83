/* Lists of named arrays on their way into a safetensors file, and a network's
 * parameters from and to one. */
#ifndef HB_TENSORS_H
#define HB_TENSORS_H

#include "io/safetensors.h"
#include "network/network.h"

typedef struct hb_tensors {
    hb_env *env;
    hb_tensor *items;
    void **owned; /* data that the list frees */
    size_t count, capacity, owned_capacity;
} hb_tensors;

void hb_tensors_free(hb_tensors *tensors);
/* Copies the name; takes data over if it is owned, also on failure. */
hebb_status hb_tensors_add(hb_tensors *tensors, const char *name, hb_tensor_type type,
                           const size_t *shape, size_t ndim, const void *data, bool owned);
/* A row of count numbers that stay the caller's. */
hebb_status hb_tensors_row(hb_tensors *tensors, const char *name, hb_tensor_type type,
                           const void *data, size_t count);

/* The parameters under their own names, shaped as the user sees them. */
hebb_status hb_tensors_network(hb_tensors *tensors, const hb_engine *engine);
/* Reads them back. Every parameter must be there, with its shape; names with a
 * slash in them belong to others and are passed over. */
hebb_status hb_network_restore(hb_engine *engine, const hb_safetensors *file, const char *path);
/* A row of count numbers of that type, to the place where it belongs. */
hebb_status hb_row_restore(hb_env *env, const hb_safetensors *file, const char *path,
                           const char *name, hb_tensor_type type, void *to, size_t count);

/* Whole files with a network's parameters. */
hebb_status hb_network_save(const hb_engine *engine, const char *path);
hebb_status hb_network_load(hb_engine *engine, const char *path);

#endif

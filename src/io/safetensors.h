/* safetensors: a length, a JSON header, the numbers of named arrays. Row-major,
 * little endian. A file that does not hold to every rule is refused. */
#ifndef HB_SAFETENSORS_H
#define HB_SAFETENSORS_H

#include "base/env.h"

#define HB_TENSOR_DIMS 8

typedef enum hb_tensor_type {
    HB_TENSOR_F32,
    HB_TENSOR_F64,
    HB_TENSOR_I64,
    HB_TENSOR_U64,
    HB_TENSOR_U8,
    HB_TENSOR_I32,
    HB_TENSOR_U32,
    /* from here on: read only */
    HB_TENSOR_BOOL,
    HB_TENSOR_I8,
    HB_TENSOR_I16,
    HB_TENSOR_U16,
    HB_TENSOR_F16,
    HB_TENSOR_BF16,
    HB_TENSOR_F8_E4M3,
    HB_TENSOR_F8_E5M2
} hb_tensor_type;

typedef struct hb_tensor {
    const char *name;
    hb_tensor_type type;
    size_t shape[HB_TENSOR_DIMS];
    size_t ndim;      /* 0: a single value */
    const void *data; /* aligned for its type */
} hb_tensor;

typedef struct hb_metadata {
    const char *key, *value;
} hb_metadata;

const char *hb_tensor_type_name(hb_tensor_type type); /* "F32" */
size_t hb_tensor_type_size(hb_tensor_type type);
size_t hb_tensor_count(const hb_tensor *tensor); /* product of the shape */

/* Replaces path whole or not at all. Names and texts must be UTF-8. */
hebb_status hb_safetensors_write(hb_env *env, const char *path, const hb_tensor *tensors,
                                 size_t count, const hb_metadata *metadata, size_t pairs);

typedef struct hb_safetensors hb_safetensors;

hebb_status hb_safetensors_open(hb_env *env, const char *path, hb_safetensors **file);
/* The same from bytes of hb_alloc, which it takes over, also on failure. */
hebb_status hb_safetensors_take(hb_env *env, const char *name, unsigned char *bytes, size_t size,
                                hb_safetensors **file);
void hb_safetensors_close(hb_env *env, hb_safetensors *file);
/* Tensors in the order of their names; NULL past the end. */
const hb_tensor *hb_safetensors_at(const hb_safetensors *file, size_t index);
const hb_tensor *hb_safetensors_find(const hb_safetensors *file, const char *name);
const char *hb_safetensors_metadata(const hb_safetensors *file, const char *key); /* or NULL */
const hb_metadata *hb_safetensors_metadata_at(const hb_safetensors *file, size_t index);

#endif

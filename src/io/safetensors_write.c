/* Writes safetensors files. */
#include <string.h>

#include "io/files.h"
#include "io/safetensors.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
               "numbers are written as they lie in memory");

static const struct {
    const char *name;
    size_t size;
} types[] = {{"F32", 4}, {"F64", 8}, {"I64", 8},  {"U64", 8},     {"U8", 1},
             {"I32", 4}, {"U32", 4}, {"BOOL", 1}, {"I8", 1},      {"I16", 2},
             {"U16", 2}, {"F16", 2}, {"BF16", 2}, {"F8_E4M3", 1}, {"F8_E5M2", 1}};

const char *hb_tensor_type_name(hb_tensor_type type) {
    return (size_t)type < sizeof types / sizeof types[0] ? types[type].name : NULL;
}

size_t hb_tensor_type_size(hb_tensor_type type) {
    return (size_t)type < sizeof types / sizeof types[0] ? types[type].size : 0;
}

size_t hb_tensor_count(const hb_tensor *tensor) {
    size_t count = 1;
    for (size_t i = 0; i < tensor->ndim; i++) count *= tensor->shape[i];
    return count;
}

static void add_string(hb_text *text, const char *string) {
    hb_text_add(text, "\"");
    for (const char *c = string; *c; c++) {
        unsigned char byte = (unsigned char)*c;
        if (byte == '"' || byte == '\\')
            hb_text_add(text, "\\%c", *c);
        else if (byte < 0x20)
            hb_text_add(text, "\\u%04x", byte);
        else
            hb_text_bytes(text, c, 1);
    }
    hb_text_add(text, "\"");
}

static hebb_status check(hb_env *env, const char *path, const hb_tensor *tensors, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const hb_tensor *t = &tensors[i];
        size_t bytes = hb_tensor_type_size(t->type);
        bool fits = bytes > 0 && t->ndim <= HB_TENSOR_DIMS;
        for (size_t d = 0; fits && d < t->ndim; d++) {
            fits = !t->shape[d] || bytes <= SIZE_MAX / 4 / t->shape[d];
            bytes *= t->shape[d];
        }
        if (!t->name || !strcmp(t->name, "__metadata__") || !fits || (bytes && !t->data))
            return hb_fail(env, HEBB_E_ARGUMENT,
                           "cannot write '%s': tensor '%.80s' has no valid "
                           "name, type, shape or data",
                           path, t->name ? t->name : "");
        for (size_t j = 0; j < i; j++)
            if (!strcmp(tensors[j].name, t->name))
                return hb_fail(env, HEBB_E_ARGUMENT,
                               "cannot write '%s': tensor '%.80s' is given "
                               "twice",
                               path, t->name);
    }
    return HEBB_OK;
}

static void add_tensor(hb_text *header, const hb_tensor *t, size_t begin, size_t end) {
    add_string(header, t->name);
    hb_text_add(header, ":{\"dtype\":\"%s\",\"shape\":[", hb_tensor_type_name(t->type));
    for (size_t d = 0; d < t->ndim; d++) hb_text_add(header, d ? ",%zu" : "%zu", t->shape[d]);
    hb_text_add(header, "],\"data_offsets\":[%zu,%zu]}", begin, end);
}

/* Larger types first: no holes are allowed, and so each lies aligned. */
static size_t lay_out(hb_text *header, const hb_tensor *tensors, size_t count, bool comma,
                      hb_piece *pieces) {
    size_t used = 0, offset = 0;
    for (size_t size = 8; size; size /= 2) {
        for (size_t i = 0; i < count; i++) {
            if (hb_tensor_type_size(tensors[i].type) != size) continue;
            size_t bytes = hb_tensor_count(&tensors[i]) * size;
            if (comma) hb_text_add(header, ",");
            comma = true;
            add_tensor(header, &tensors[i], offset, offset + bytes);
            offset += bytes;
            pieces[used++] = (hb_piece){tensors[i].data, bytes};
        }
    }
    return used;
}

hebb_status hb_safetensors_write(hb_env *env, const char *path, const hb_tensor *tensors,
                                 size_t count, const hb_metadata *metadata, size_t pairs) {
    HEBB_TRY(check(env, path, tensors, count));
    hb_piece *pieces = hb_calloc(env, count + 2, sizeof *pieces);
    if (!pieces) return HEBB_E_MEMORY;
    hb_text header;
    hb_text_init(&header, env);
    hb_text_add(&header, "{");
    if (pairs) hb_text_add(&header, "\"__metadata__\":{");
    for (size_t i = 0; i < pairs; i++) {
        if (i) hb_text_add(&header, ",");
        add_string(&header, metadata[i].key);
        hb_text_add(&header, ":");
        add_string(&header, metadata[i].value);
    }
    if (pairs) hb_text_add(&header, "}");
    size_t used = lay_out(&header, tensors, count, pairs > 0, pieces + 2);
    hb_text_add(&header, "}");
    while (!header.failed && header.length % 8) hb_text_add(&header, " ");
    hebb_status status = hb_text_done(&header);
    uint64_t length = header.length;
    pieces[0] = (hb_piece){&length, sizeof length};
    pieces[1] = (hb_piece){header.data, header.length};
    if (!status) status = hb_file_write(env, path, pieces, used + 2);
    hb_text_free(&header);
    hb_free(env, pieces);
    return status;
}

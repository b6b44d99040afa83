/* IDX files (Y. LeCun): 0, 0, a type, the number of dimensions, the dimensions as
 * big-endian 32-bit numbers, then the values, big-endian too. */
#include <string.h>

#include "data/dataset.h"
#include "data/reader.h"

size_t hb_idx_value_size(int type) {
    switch (type) {
    case 0x08:
    case 0x09:
        return 1;
    case 0x0B:
        return 2;
    case 0x0C:
    case 0x0D:
        return 4;
    case 0x0E:
        return 8;
    default:
        return 0;
    }
}

static hebb_status take_header(hb_env *env, hb_reader *r, hb_idx *idx, size_t *bytes) {
    const char *path = hb_reader_path(r);
    unsigned char head[4], sizes[16];
    size_t got;
    HEBB_TRY(hb_reader_take(r, head, 4, &got));
    if (got < 4 || head[0] || head[1])
        return hb_fail(env, HEBB_E_FORMAT, "'%s' is not an IDX file: %s", path,
                       got < 4 ? "it has fewer than 4 bytes" : "it does not begin with two zeros");
    idx->type = head[2];
    size_t size = hb_idx_value_size(idx->type);
    if (!size)
        return hb_fail(env, HEBB_E_FORMAT,
                       "'%s' is not an IDX file: type 0x%02X is none of 08, 09, 0B, 0C, 0D, 0E",
                       path, idx->type);
    if (head[3] < 1 || head[3] > 4)
        return hb_fail(env, HEBB_E_FORMAT, "'%s' has %u dimensions; 1 to 4 are read", path,
                       head[3]);
    idx->ndim = head[3];
    HEBB_TRY(hb_reader_take(r, sizes, 4 * (size_t)idx->ndim, &got));
    if (got < 4 * (size_t)idx->ndim)
        return hb_fail(env, HEBB_E_FORMAT, "'%s' ends inside its header", path);
    for (int i = 0; i < idx->ndim; i++) {
        const unsigned char *s = sizes + 4 * i;
        idx->dims[i] = (size_t)s[0] << 24 | (size_t)s[1] << 16 | (size_t)s[2] << 8 | s[3];
    }
    if (!hb_data_size(idx->dims, (size_t)idx->ndim, size, bytes))
        return hb_fail(env, HEBB_E_FORMAT, "the header of '%s' describes more than 8 GiB of data",
                       path);
    idx->count = *bytes / size;
    return HEBB_OK;
}

hebb_status hb_idx_read(hb_env *env, const char *path, hb_idx *idx) {
    hb_reader *r;
    size_t bytes;
    memset(idx, 0, sizeof *idx);
    HEBB_TRY(hb_reader_open(env, path, &r));
    hebb_status status = take_header(env, r, idx, &bytes);
    if (status == HEBB_OK) status = hb_reader_take_rest(r, bytes, &idx->data);
    hb_reader_close(r);
    if (status == HEBB_OK && !hb_big_endian() && idx->count)
        hb_swap_bytes(idx->data, idx->count, bytes / idx->count);
    if (status < 0) memset(idx, 0, sizeof *idx);
    return status;
}

double hb_idx_value(const hb_idx *idx, size_t i) {
    switch (idx->type) {
    case 0x08:
        return ((const uint8_t *)idx->data)[i];
    case 0x09:
        return ((const int8_t *)idx->data)[i];
    case 0x0B:
        return ((const int16_t *)idx->data)[i];
    case 0x0C:
        return ((const int32_t *)idx->data)[i];
    case 0x0D:
        return (double)((const float *)idx->data)[i];
    default:
        return ((const double *)idx->data)[i];
    }
}

void hb_idx_free(hb_env *env, hb_idx *idx) {
    hb_free(env, idx->data);
    memset(idx, 0, sizeof *idx);
}

/* NPY files: \x93NUMPY, a version, the length of a header, the header as a Python
 * dictionary, the values. Source: the documentation of numpy.lib.format. */
#include "data/npy.h"

#include <string.h>

#include "data/reader.h"

enum { MAX_HEADER = 1 << 16 };

typedef struct parser {
    hb_env *env;
    const char *path;
    const char *at; /* NUL-terminated */
    bool swapped;   /* the other byte order */
} parser;

static hebb_status refuse(parser *p, const char *why) {
    return hb_fail(p->env, HEBB_E_FORMAT, "'%s' is not an NPY file that can be read: %s", p->path,
                   why);
}

static bool take(parser *p, const char *text) {
    while (*p->at == ' ') p->at++;
    size_t length = strlen(text);
    if (strncmp(p->at, text, length) != 0) return false;
    p->at += length;
    return true;
}

static bool take_number(parser *p, size_t *number) {
    while (*p->at == ' ') p->at++;
    const char *start = p->at;
    *number = 0;
    for (; *p->at >= '0' && *p->at <= '9'; p->at++) {
        if (*number > HB_READER_LIMIT) return false;
        *number = *number * 10 + (size_t)(*p->at - '0');
    }
    return p->at > start;
}

static hebb_status take_descr(parser *p, hb_npy *npy) {
    if (!take(p, "'")) return refuse(p, "structured types are not read");
    char order = *p->at ? *p->at++ : 0, kind = *p->at ? *p->at++ : 0;
    size_t size;
    if (!kind || !take_number(p, &size) || !take(p, "'"))
        return refuse(p, "its 'descr' is no simple type");
    bool one = size == 1 && (kind == 'b' || kind == 'i' || kind == 'u');
    bool many = (size == 4 || size == 8) && (kind == 'f' || kind == 'i' || kind == 'u');
    if (!(one || many || (size == 2 && (kind == 'i' || kind == 'u'))))
        return hb_fail(p->env, HEBB_E_FORMAT,
                       "'%s' holds values of type '%c%zu'; f4, f8, i1 to i8, u1 to u8 and b1 are "
                       "read",
                       p->path, kind > ' ' && kind < 127 ? kind : '?', size);
    if (!strchr("<>|=", order)) return refuse(p, "its byte order is unknown");
    if (order == '|' && size > 1) return refuse(p, "its byte order is unknown");
    p->swapped = (order == '>') != hb_big_endian() && order != '|' && order != '=';
    npy->kind = kind;
    npy->size = size;
    return HEBB_OK;
}

static hebb_status take_shape(parser *p, hb_npy *npy) {
    if (!take(p, "(")) return refuse(p, "its 'shape' is no tuple");
    while (!take(p, ")")) {
        if (npy->ndim == HB_NPY_DIMS) return refuse(p, "it has more than 4 dimensions");
        if (!take_number(p, &npy->dims[npy->ndim])) return refuse(p, "its 'shape' is no tuple");
        npy->ndim++;
        if (!take(p, ",") && *p->at != ')') return refuse(p, "its 'shape' is no tuple");
    }
    return HEBB_OK;
}

static hebb_status take_dictionary(parser *p, hb_npy *npy) {
    unsigned seen = 0;
    if (!take(p, "{")) return refuse(p, "its header is no dictionary");
    while (!take(p, "}")) {
        unsigned bit = take(p, "'descr'")           ? 1
                       : take(p, "'fortran_order'") ? 2
                       : take(p, "'shape'")         ? 4
                                                    : 0;
        if (!bit || (seen & bit) || !take(p, ":"))
            return refuse(p, "its header has another key than descr, fortran_order and shape");
        seen |= bit;
        if (bit == 1) HEBB_TRY(take_descr(p, npy));
        if (bit == 2 && !take(p, "False"))
            return refuse(p, "its values are in Fortran order; write it with order='C'");
        if (bit == 4) HEBB_TRY(take_shape(p, npy));
        if (!take(p, ",") && *p->at != '}') return refuse(p, "a ',' is missing in its header");
    }
    if (seen != 7) return refuse(p, "descr, fortran_order or shape is missing");
    return HEBB_OK;
}

static hebb_status take_header(parser *p, hb_reader *r, hb_npy *npy) {
    unsigned char head[12];
    size_t got, length;
    HEBB_TRY(hb_reader_take(r, head, 8, &got));
    if (got < 8 || memcmp(head, "\x93NUMPY", 6) != 0)
        return refuse(p, "it does not begin with \\x93NUMPY");
    if (head[6] < 1 || head[6] > 3) return refuse(p, "its version is none of 1, 2 and 3");
    size_t width = head[6] == 1 ? 2 : 4;
    HEBB_TRY(hb_reader_take(r, head + 8, width, &got));
    if (got < width) return refuse(p, "it ends inside its header");
    length = head[8] | (size_t)head[9] << 8;
    if (width == 4) length |= (size_t)head[10] << 16 | (size_t)head[11] << 24;
    if (length > MAX_HEADER) return refuse(p, "its header is longer than 65536 bytes");
    char *text = hb_alloc(p->env, length + 1);
    if (!text) return HEBB_E_MEMORY;
    hebb_status status = hb_reader_take(r, text, length, &got);
    text[got] = 0;
    p->at = text;
    if (status == HEBB_OK && got < length) status = refuse(p, "it ends inside its header");
    if (status == HEBB_OK) status = take_dictionary(p, npy);
    hb_free(p->env, text);
    return status;
}

hebb_status hb_npy_read(hb_env *env, const char *path, hb_npy *npy) {
    parser p = {.env = env, .path = path};
    hb_reader *r;
    size_t bytes = 0;
    memset(npy, 0, sizeof *npy);
    HEBB_TRY(hb_reader_open(env, path, &r));
    hebb_status status = take_header(&p, r, npy);
    if (status == HEBB_OK && !hb_data_size(npy->dims, npy->ndim, npy->size, &bytes))
        status = refuse(&p, "its header describes more than 8 GiB of data");
    if (status == HEBB_OK) status = hb_reader_take_rest(r, bytes, &npy->data);
    hb_reader_close(r);
    if (status < 0) {
        memset(npy, 0, sizeof *npy);
        return status;
    }
    npy->count = bytes / npy->size;
    if (p.swapped) hb_swap_bytes(npy->data, npy->count, npy->size);
    return HEBB_OK;
}

double hb_npy_value(const hb_npy *npy, size_t i) {
    const char *at = (const char *)npy->data + i * npy->size;
#define AS(type)                                                                                   \
    do {                                                                                           \
        type value;                                                                                \
        memcpy(&value, at, sizeof value);                                                          \
        return (double)value;                                                                      \
    } while (0)
    if (npy->kind == 'f' && npy->size == 4) AS(float);
    if (npy->kind == 'f') AS(double);
    if (npy->kind == 'i' && npy->size == 1) AS(int8_t);
    if (npy->kind == 'i' && npy->size == 2) AS(int16_t);
    if (npy->kind == 'i' && npy->size == 4) AS(int32_t);
    if (npy->kind == 'i') AS(int64_t);
    if (npy->size == 1) AS(uint8_t);
    if (npy->size == 2) AS(uint16_t);
    if (npy->size == 4) AS(uint32_t);
    AS(uint64_t);
#undef AS
}

void hb_npy_free(hb_env *env, hb_npy *npy) {
    hb_free(env, npy->data);
    memset(npy, 0, sizeof *npy);
}

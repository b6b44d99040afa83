/* Reads safetensors files. The header is a narrow kind of JSON, so it has a
 * parser of its own that accepts nothing else. */
#include "io/safetensors.h"

#include <stdlib.h>
#include <string.h>

#include "io/files.h"

enum { MAX_HEADER = 100000000 };

typedef struct entry {
    hb_tensor tensor; /* first, so that a pointer to one is a pointer to the other */
    uint64_t begin, end;
    void *moved; /* an aligned copy, or NULL */
} entry;

struct hb_safetensors {
    unsigned char *bytes;
    char *names; /* the decoded strings, one behind the other */
    entry *entries;
    size_t count, capacity;
    hb_metadata *metadata;
    size_t pairs, pair_capacity;
};

typedef struct parser {
    hb_env *env;
    const char *file; /* for sentences */
    hb_safetensors *result;
    const unsigned char *start, *at, *end;
    char *names; /* free part of result->names */
    hebb_status status;
} parser;

static bool refuse(parser *p, const char *why) {
    if (!p->status)
        p->status = hb_fail(p->env, HEBB_E_FORMAT,
                            "'%s' is not a valid safetensors file: %s at "
                            "byte %zu of the header",
                            p->file, why, (size_t)(p->at - p->start));
    return false;
}

static bool refuse_tensor(parser *p, const char *name, const char *why) {
    if (!p->status)
        p->status = hb_fail(p->env, HEBB_E_FORMAT,
                            "'%s' is not a valid safetensors file: tensor "
                            "'%.80s' %s",
                            p->file, name, why);
    return false;
}

static void skip_blanks(parser *p) {
    while (p->at < p->end && (*p->at == ' ' || *p->at == '\n' || *p->at == '\r' || *p->at == '\t'))
        p->at++;
}

static bool take(parser *p, char sign) {
    skip_blanks(p);
    if (p->at >= p->end || *p->at != (unsigned char)sign) return false;
    p->at++;
    return true;
}

static bool expect(parser *p, char sign) {
    char why[] = "'?' is missing";
    why[1] = sign;
    return take(p, sign) || refuse(p, why);
}

static int hex_digit(unsigned char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/* The four digits after \u; -1 if they are none. */
static long hex4(parser *p) {
    long code = 0;
    if (p->end - p->at < 4) return -1;
    for (int i = 0; i < 4; i++) {
        int digit = hex_digit(p->at[i]);
        if (digit < 0) return -1;
        code = code * 16 + digit;
    }
    p->at += 4;
    return code;
}

static void put_utf8(parser *p, unsigned long code) {
    if (code < 0x80) {
        *p->names++ = (char)code;
        return;
    }
    int more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    unsigned long lead = more == 1 ? 0xC0 : more == 2 ? 0xE0 : 0xF0;
    *p->names++ = (char)(lead | code >> (6 * more));
    while (more-- > 0) *p->names++ = (char)(0x80 | (code >> (6 * more) & 0x3F));
}

static bool take_escape(parser *p) {
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    unsigned char c = *p->at++;
    const char *known = c ? strchr(from, c) : NULL;
    if (known) {
        *p->names++ = to[known - from];
        return true;
    }
    if (c != 'u') return refuse(p, "an unknown escape");
    long code = hex4(p);
    if (code <= 0) return refuse(p, "an escape that is no character");
    if (code >= 0xD800 && code < 0xDC00) {
        bool pair = p->end - p->at >= 6 && p->at[0] == '\\' && p->at[1] == 'u';
        if (pair) p->at += 2;
        long low = pair ? hex4(p) : -1;
        if (low < 0xDC00 || low > 0xDFFF) return refuse(p, "half of a surrogate pair");
        code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    } else if (code >= 0xDC00 && code <= 0xDFFF) {
        return refuse(p, "half of a surrogate pair");
    }
    put_utf8(p, (unsigned long)code);
    return true;
}

/* Length of the valid UTF-8 character at p->at, 0 if it is broken. */
static size_t utf8_length(const parser *p) {
    const unsigned char *c = p->at;
    size_t left = (size_t)(p->end - c);
    size_t n = c[0] < 0x80   ? 1
               : c[0] < 0xC2 ? 0
               : c[0] < 0xE0 ? 2
               : c[0] < 0xF0 ? 3
               : c[0] < 0xF5 ? 4
                             : 0;
    if (!n || n > left) return 0;
    for (size_t i = 1; i < n; i++)
        if ((c[i] & 0xC0u) != 0x80u) return 0;
    bool wrong = (c[0] == 0xE0 && c[1] < 0xA0) || (c[0] == 0xED && c[1] > 0x9F) ||
                 (c[0] == 0xF0 && c[1] < 0x90) || (c[0] == 0xF4 && c[1] > 0x8F);
    return wrong ? 0 : n;
}

/* A decoded string is never longer than its text, quotes included, so
 * result->names, as long as the header, has room for all. */
static const char *take_string(parser *p) {
    if (!expect(p, '"')) return NULL;
    const char *string = p->names;
    while (p->at < p->end && *p->at != '"') {
        if (*p->at == '\\') {
            p->at++;
            if (p->at >= p->end || !take_escape(p)) {
                refuse(p, "a string that does not end");
                return NULL;
            }
            continue;
        }
        size_t n = utf8_length(p);
        if (!n || *p->at < 0x20) {
            refuse(p, "a byte that no string may hold");
            return NULL;
        }
        memcpy(p->names, p->at, n);
        p->names += n;
        p->at += n;
    }
    if (p->at >= p->end) {
        refuse(p, "a string that does not end");
        return NULL;
    }
    p->at++;
    *p->names++ = 0;
    return string;
}

static bool take_number(parser *p, uint64_t *number) {
    skip_blanks(p);
    const unsigned char *start = p->at;
    *number = 0;
    for (; p->at < p->end && *p->at >= '0' && *p->at <= '9'; p->at++) {
        unsigned digit = (unsigned)(*p->at - '0');
        if (*number > (UINT64_MAX - digit) / 10) return refuse(p, "a number that is too large");
        *number = *number * 10 + digit;
    }
    if (p->at == start || (*start == '0' && p->at - start > 1))
        return refuse(p, "a whole number was expected");
    return true;
}

static bool take_shape(parser *p, hb_tensor *tensor) {
    if (!expect(p, '[')) return false;
    if (take(p, ']')) return true;
    do {
        uint64_t size;
        if (!take_number(p, &size)) return false;
        if (size > SIZE_MAX / 16) return refuse(p, "a number that is too large");
        if (tensor->ndim == HB_TENSOR_DIMS) return refuse(p, "more than 8 dimensions");
        tensor->shape[tensor->ndim++] = (size_t)size;
    } while (take(p, ','));
    return expect(p, ']');
}

static bool take_type(parser *p, hb_tensor *tensor) {
    const char *name = take_string(p);
    if (!name) return false;
    for (int i = 0; i <= HB_TENSOR_F8_E5M2; i++) {
        if (strcmp(hb_tensor_type_name((hb_tensor_type)i), name) != 0) continue;
        tensor->type = (hb_tensor_type)i;
        return true;
    }
    return refuse(p, "an unknown dtype");
}

static bool take_field(parser *p, entry *e, unsigned *seen) {
    const char *field = take_string(p);
    if (!field || !expect(p, ':')) return false;
    unsigned bit = !strcmp(field, "dtype")          ? 1
                   : !strcmp(field, "shape")        ? 2
                   : !strcmp(field, "data_offsets") ? 4
                                                    : 0;
    if (!bit || (*seen & bit)) return refuse(p, bit ? "a field twice" : "an unknown field");
    *seen |= bit;
    if (bit == 1) return take_type(p, &e->tensor);
    if (bit == 2) return take_shape(p, &e->tensor);
    return expect(p, '[') && take_number(p, &e->begin) && expect(p, ',') &&
           take_number(p, &e->end) && expect(p, ']');
}

/* Room for one more of `count` things. */
static bool grow(parser *p, void **items, size_t count, size_t *capacity, size_t size) {
    if (count < *capacity) return true;
    size_t more = *capacity ? *capacity * 2 : 8;
    void *moved = hb_realloc(p->env, *items, *capacity * size, more * size);
    if (!moved) {
        p->status = HEBB_E_MEMORY;
        return false;
    }
    *items = moved;
    *capacity = more;
    return true;
}

static bool take_tensor(parser *p, const char *name) {
    hb_safetensors *file = p->result;
    void *items = file->entries;
    if (!grow(p, &items, file->count, &file->capacity, sizeof(entry))) return false;
    file->entries = items;
    entry *e = &file->entries[file->count];
    memset(e, 0, sizeof *e);
    e->tensor.name = name;
    unsigned seen = 0;
    if (!expect(p, '{')) return false;
    do
        if (!take_field(p, e, &seen)) return false;
    while (take(p, ','));
    if (!expect(p, '}')) return false;
    if (seen != 7) return refuse(p, "a tensor without dtype, shape or data_offsets");
    file->count++;
    return true;
}

static bool take_metadata(parser *p) {
    hb_safetensors *file = p->result;
    if (!expect(p, '{')) return false;
    if (take(p, '}')) return true;
    do {
        void *items = file->metadata;
        if (!grow(p, &items, file->pairs, &file->pair_capacity, sizeof(hb_metadata))) return false;
        file->metadata = items;
        hb_metadata pair = {take_string(p), NULL};
        if (!pair.key || !expect(p, ':')) return false;
        pair.value = take_string(p);
        if (!pair.value) return false;
        file->metadata[file->pairs++] = pair;
    } while (take(p, ','));
    return expect(p, '}');
}

static bool take_header(parser *p) {
    bool metadata = false;
    if (p->at >= p->end || *p->at != '{') return refuse(p, "'{' is missing");
    p->at++;
    if (!take(p, '}')) {
        do {
            const char *name = take_string(p);
            if (!name || !expect(p, ':')) return false;
            if (strcmp(name, "__metadata__") != 0) {
                if (!take_tensor(p, name)) return false;
                continue;
            }
            if (metadata) return refuse(p, "__metadata__ twice");
            metadata = true;
            if (!take_metadata(p)) return false;
        } while (take(p, ','));
        if (!expect(p, '}')) return false;
    }
    skip_blanks(p);
    return p->at == p->end || refuse(p, "text behind the header");
}

static int by_name(const void *a, const void *b) {
    return strcmp(((const entry *)a)->tensor.name, ((const entry *)b)->tensor.name);
}

static int by_key(const void *a, const void *b) {
    return strcmp(((const hb_metadata *)a)->key, ((const hb_metadata *)b)->key);
}

static int by_place(const void *a, const void *b) {
    const entry *x = a, *y = b;
    if (x->begin != y->begin) return x->begin < y->begin ? -1 : 1;
    return (x->end > y->end) - (x->end < y->end);
}

/* Each tensor begins where the one before it ended, and the last one ends
 * with the file; its size is what type and shape ask for. */
static bool check_places(parser *p, uint64_t data_size) {
    hb_safetensors *file = p->result;
    uint64_t at = 0;
    if (file->count) qsort(file->entries, file->count, sizeof(entry), by_place);
    for (size_t i = 0; i < file->count; i++) {
        entry *e = &file->entries[i];
        uint64_t bytes = hb_tensor_type_size(e->tensor.type);
        for (size_t d = 0; d < e->tensor.ndim; d++) {
            uint64_t size = e->tensor.shape[d];
            if (size && bytes > UINT64_MAX / size)
                return refuse_tensor(p, e->tensor.name, "has a shape larger than any file");
            bytes *= size;
        }
        if (e->begin != at)
            return refuse_tensor(p, e->tensor.name,
                                 e->begin < at ? "overlaps with another tensor"
                                               : "leaves a hole before it");
        if (e->end < e->begin || e->end - e->begin != bytes)
            return refuse_tensor(p, e->tensor.name, "has a size that differs from its shape");
        if (e->end > data_size) return refuse_tensor(p, e->tensor.name, "goes beyond the file");
        at = e->end;
    }
    if (at == data_size) return true;
    p->status = hb_fail(p->env, HEBB_E_FORMAT,
                        "'%s' is not a valid safetensors file: %ju bytes "
                        "behind the last tensor",
                        p->file, (uintmax_t)(data_size - at));
    return false;
}

static bool check_names(parser *p) {
    hb_safetensors *file = p->result;
    if (file->count) qsort(file->entries, file->count, sizeof(entry), by_name);
    if (file->pairs) qsort(file->metadata, file->pairs, sizeof(hb_metadata), by_key);
    for (size_t i = 1; i < file->count; i++)
        if (!by_name(&file->entries[i - 1], &file->entries[i]))
            return refuse_tensor(p, file->entries[i].tensor.name, "is there twice");
    for (size_t i = 1; i < file->pairs; i++)
        if (!by_key(&file->metadata[i - 1], &file->metadata[i]))
            return refuse(p, "a key of __metadata__ twice");
    return true;
}

/* Files of other writers may not be aligned; such a tensor is copied. */
static bool place_data(parser *p, const unsigned char *data) {
    hb_safetensors *file = p->result;
    for (size_t i = 0; i < file->count; i++) {
        entry *e = &file->entries[i];
        const unsigned char *here = data + e->begin;
        size_t bytes = (size_t)(e->end - e->begin);
        e->tensor.data = here;
        if ((uintptr_t)here % hb_tensor_type_size(e->tensor.type) == 0) continue;
        e->moved = hb_alloc(p->env, bytes);
        if (!e->moved) {
            p->status = HEBB_E_MEMORY;
            return false;
        }
        if (bytes) memcpy(e->moved, here, bytes);
        e->tensor.data = e->moved;
    }
    return true;
}

static void read_bytes(parser *p, unsigned char *bytes, size_t size) {
    uint64_t length = 0;
    if (size < 8) {
        p->status = hb_fail(p->env, HEBB_E_FORMAT,
                            "'%s' is not a valid safetensors file: it has "
                            "%zu bytes, fewer than the 8 of the header's length",
                            p->file, size);
        return;
    }
    for (int i = 7; i >= 0; i--) length = length << 8 | bytes[i];
    if (length > MAX_HEADER || length > size - 8) {
        p->status = hb_fail(p->env, HEBB_E_FORMAT,
                            "'%s' is not a valid safetensors file: a header "
                            "of %ju bytes does not fit into a file of %zu (at most %d)",
                            p->file, (uintmax_t)length, size, (int)MAX_HEADER);
        return;
    }
    p->start = p->at = bytes + 8;
    p->end = p->start + length;
    p->names = p->result->names = hb_alloc(p->env, (size_t)length + 1);
    if (!p->names) {
        p->status = HEBB_E_MEMORY;
        return;
    }
    if (take_header(p) && check_places(p, size - 8 - length) && check_names(p))
        place_data(p, p->end);
}

hebb_status hb_safetensors_take(hb_env *env, const char *name, unsigned char *bytes, size_t size,
                                hb_safetensors **result) {
    *result = NULL;
    hb_safetensors *file = hb_calloc(env, 1, sizeof *file);
    if (!file) {
        hb_free(env, bytes);
        return HEBB_E_MEMORY;
    }
    file->bytes = bytes;
    parser p = {.env = env, .file = name, .result = file};
    read_bytes(&p, bytes, size);
    if (p.status) {
        hb_safetensors_close(env, file);
        return p.status;
    }
    *result = file;
    return HEBB_OK;
}

hebb_status hb_safetensors_open(hb_env *env, const char *path, hb_safetensors **file) {
    unsigned char *bytes;
    size_t size;
    *file = NULL;
    HEBB_TRY(hb_file_read(env, path, SIZE_MAX, &bytes, &size));
    return hb_safetensors_take(env, path, bytes, size, file);
}

void hb_safetensors_close(hb_env *env, hb_safetensors *file) {
    if (!file) return;
    for (size_t i = 0; i < file->count; i++) hb_free(env, file->entries[i].moved);
    hb_free(env, file->entries);
    hb_free(env, file->metadata);
    hb_free(env, file->names);
    hb_free(env, file->bytes);
    hb_free(env, file);
}

const hb_tensor *hb_safetensors_at(const hb_safetensors *file, size_t index) {
    return index < file->count ? &file->entries[index].tensor : NULL;
}

const hb_tensor *hb_safetensors_find(const hb_safetensors *file, const char *name) {
    entry key = {.tensor.name = name};
    const entry *found = NULL;
    if (file->count) found = bsearch(&key, file->entries, file->count, sizeof(entry), by_name);
    return found ? &found->tensor : NULL;
}

const char *hb_safetensors_metadata(const hb_safetensors *file, const char *key) {
    hb_metadata wanted = {key, NULL};
    const hb_metadata *found = NULL;
    if (file->pairs)
        found = bsearch(&wanted, file->metadata, file->pairs, sizeof(hb_metadata), by_key);
    return found ? found->value : NULL;
}

const hb_metadata *hb_safetensors_metadata_at(const hb_safetensors *file, size_t index) {
    return index < file->pairs ? &file->metadata[index] : NULL;
}

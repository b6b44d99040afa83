/* Between JSON and checked numbers. Every complaint names the place. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conformance.h"

enum { MOST_BYTES = 1 << 28, MOST_NUMBERS = 1 << 24, MOST_SIZE = 1000000 };

/* ---- files ---- */

static char *read_all(const char *path, size_t *length, char *sentence, size_t size) {
    FILE *file = fopen(path, "rb");
    char *text = NULL;
    size_t capacity = 1 << 16, n;
    bool fine = file && (text = malloc(capacity));
    for (*length = 0; fine && (n = fread(text + *length, 1, capacity - *length - 1, file));) {
        *length += n;
        if (*length + 1 < capacity) continue;
        char *more = capacity < MOST_BYTES ? realloc(text, capacity *= 2) : NULL;
        fine = more != NULL;
        if (fine) text = more;
        if (!fine) errno = EFBIG;
    }
    fine = fine && !ferror(file);
    if (!fine) snprintf(sentence, size, "it cannot be read: %s", strerror(errno));
    if (file) fclose(file);
    if (!fine) {
        free(text);
        return NULL;
    }
    text[*length] = 0;
    return text;
}

cJSON *golden_read(const char *path, char *sentence, size_t size) {
    size_t length;
    char *text = read_all(path, &length, sentence, size);
    if (!text) return NULL;
    const char *end = text;
    cJSON *root = cJSON_ParseWithLengthOpts(text, length + 1, &end, 1);
    size_t line = 1;
    for (const char *c = text; c < end && c < text + length; c++) line += *c == '\n';
    if (!root)
        snprintf(sentence, size, "it is not JSON: the text makes no sense in line %zu, byte %zu",
                 line, (size_t)(end - text) + 1);
    else if (!cJSON_IsObject(root)) {
        snprintf(sentence, size, "it is no golden file: it must be a JSON object");
        cJSON_Delete(root);
        root = NULL;
    }
    free(text);
    return root;
}

/* ---- members ---- */

const cJSON *golden_optional(const cJSON *object, const char *key) {
    const cJSON *found = cJSON_GetObjectItemCaseSensitive(object, key);
    return cJSON_IsNull(found) ? NULL : found;
}

const cJSON *golden_member(trial *t, const cJSON *object, const char *key) {
    const cJSON *found =
        cJSON_IsObject(object) ? cJSON_GetObjectItemCaseSensitive(object, key) : NULL;
    if (!found) trial_problem(t, "'%s' is missing", key);
    return trial_fine(t) ? found : NULL;
}

static const char *kind_of(const cJSON *node) {
    return cJSON_IsString(node)   ? "a text"
           : cJSON_IsArray(node)  ? "a list"
           : cJSON_IsObject(node) ? "an object"
           : cJSON_IsBool(node)   ? "true or false"
           : cJSON_IsNumber(node) ? "a number"
                                  : "null";
}

static bool as_number(const cJSON *node, double *value) {
    bool is = cJSON_IsNumber(node) || cJSON_IsBool(node);
    *value = cJSON_IsBool(node) ? cJSON_IsTrue(node) : is ? node->valuedouble : 0;
    return is && isfinite(*value);
}

double golden_number(trial *t, const cJSON *object, const char *key) {
    const cJSON *node = golden_member(t, object, key);
    double value = 0;
    if (node && !as_number(node, &value))
        trial_problem(t, "'%s' must be a number, not %s", key, kind_of(node));
    return value;
}

size_t golden_size(trial *t, const cJSON *object, const char *key) {
    double value = golden_number(t, object, key);
    if (trial_fine(t) && (value < 1 || value > MOST_SIZE || value != floor(value)))
        trial_problem(t, "'%s' = %g is not allowed; it must be a whole number from 1 to %d", key,
                      value, MOST_SIZE);
    return trial_fine(t) ? (size_t)value : 1;
}

const char *golden_text(trial *t, const cJSON *object, const char *key) {
    const cJSON *node = golden_member(t, object, key);
    if (node && !cJSON_IsString(node))
        trial_problem(t, "'%s' must be a text, not %s", key, kind_of(node));
    return trial_fine(t) ? node->valuestring : "";
}

const cJSON *golden_optional_object(trial *t, const cJSON *object, const char *key) {
    const cJSON *node = golden_optional(object, key);
    if (node && !cJSON_IsObject(node))
        trial_problem(t, "'%s' must be an object, not %s", key, kind_of(node));
    return trial_fine(t) ? node : NULL;
}

const cJSON *golden_object(trial *t, const cJSON *object, const char *key) {
    return golden_member(t, object, key) ? golden_optional_object(t, object, key) : NULL;
}

/* ---- cases ---- */

const cJSON *golden_cases(const suite *s, const cJSON *object, const char *key) {
    const cJSON *list = golden_optional(object, key);
    if (cJSON_IsArray(list) && list->child) return list;
    trial_broken(s, "", "'%s' is %s; it must be a list of cases", key,
                 !list                 ? "missing"
                 : cJSON_IsArray(list) ? "an empty list"
                                       : kind_of(list));
    return NULL;
}

bool golden_case(const suite *s, const cJSON *node, const char *key, size_t index, char *name,
                 size_t size) {
    const cJSON *found = golden_optional(node, key);
    if (cJSON_IsString(found))
        snprintf(name, size, "%s", found->valuestring);
    else
        snprintf(name, size, "case %zu", index);
    if (!cJSON_IsObject(node))
        trial_broken(s, name, "a case must be an object, not %s", kind_of(node));
    return cJSON_IsObject(node);
}

/* ---- arrays ---- */

/* Where in the nested lists a complaint is: "[2][0]". */
static const char *place(const size_t *at, size_t depth, char *buffer, size_t size) {
    buffer[0] = 0;
    for (size_t d = 0, n = 0; d < depth; d++)
        n += (size_t)snprintf(buffer + n, size - n, "[%zu]", at[d]);
    return buffer;
}

static bool fill(trial *t, const cJSON *node, const char *what, const numbers *n, size_t *at,
                 size_t depth, double **to) {
    char where[100];
    if (depth == n->ndim) {
        if (!as_number(node, *to))
            return trial_problem(t, "%s%s must be a number, not %s", what,
                                 place(at, depth, where, sizeof where), kind_of(node));
        ++*to;
        return true;
    }
    if (!cJSON_IsArray(node))
        return trial_problem(t, "%s%s must be a list of %zu, not %s", what,
                             place(at, depth, where, sizeof where), n->shape[depth], kind_of(node));
    size_t size = (size_t)cJSON_GetArraySize(node);
    if (size != n->shape[depth])
        return trial_problem(t, "%s%s is a list of %zu; the lists before it have %zu", what,
                             place(at, depth, where, sizeof where), size, n->shape[depth]);
    const cJSON *child;
    at[depth] = 0;
    cJSON_ArrayForEach(child, node) {
        if (!fill(t, child, what, n, at, depth + 1, to)) return false;
        at[depth]++;
    }
    return true;
}

numbers golden_numbers(trial *t, const cJSON *node, const char *what) {
    numbers n = {.count = 1};
    if (!trial_fine(t) || !node) {
        trial_problem(t, "'%s' is missing", what);
        return n;
    }
    for (const cJSON *at = node; cJSON_IsArray(at); at = at->child) {
        size_t size = (size_t)cJSON_GetArraySize(at);
        if (n.ndim == DEPTH)
            trial_problem(t, "%s is nested deeper than %d lists", what, DEPTH);
        else if (!size)
            trial_problem(t, "%s is an empty list", what);
        else if (size > MOST_NUMBERS / n.count)
            trial_problem(t, "%s is larger than the %d numbers that are read", what, MOST_NUMBERS);
        if (!trial_fine(t)) return n;
        n.shape[n.ndim++] = size;
        n.count *= size;
    }
    n.values = trial_alloc(t, n.count, sizeof *n.values);
    double *to = n.values;
    size_t at[DEPTH] = {0};
    if (n.values) fill(t, node, what, &n, at, 0, &to);
    return n;
}

numbers golden_array(trial *t, const cJSON *object, const char *key) {
    return golden_numbers(t, golden_member(t, object, key), key);
}

bool golden_whole(const numbers *n) {
    for (size_t i = 0; i < n->count; i++)
        if (n->values[i] != floor(n->values[i])) return false;
    return true;
}

bool golden_shape(trial *t, const numbers *n, const char *what, size_t ndim, const size_t *shape) {
    if (!trial_fine(t)) return false;
    bool same = n->ndim == ndim;
    for (size_t d = 0; same && d < ndim; d++) same = n->shape[d] == shape[d];
    if (same) return true;
    char is[120] = "", must[120] = "";
    for (size_t d = 0, at = 0; d < n->ndim; d++)
        at += (size_t)snprintf(is + at, sizeof is - at, "%s%zu", d ? ", " : "", n->shape[d]);
    for (size_t d = 0, at = 0; d < ndim; d++)
        at += (size_t)snprintf(must + at, sizeof must - at, "%s%zu", d ? ", " : "", shape[d]);
    return trial_problem(t, "%s has the shape [%s]; it must have [%s]", what, is, must);
}

/* ---- parameters ---- */

static hebb_param *add(trial *t, params *p, const char *name, hebb_kind kind) {
    if (p->count == MOST_PARAMS) trial_problem(t, "there are more than %d arguments", MOST_PARAMS);
    if (!trial_fine(t)) return NULL;
    hebb_param *item = &p->items[p->count++];
    *item = (hebb_param){.name = name, .kind = kind};
    return item;
}

void params_add_number(trial *t, params *p, const char *name, double value) {
    hebb_param *item = add(t, p, name, HEBB_NUMBER);
    if (item) item->number = value;
}

void params_add_text(trial *t, params *p, const char *name, const char *text) {
    hebb_param *item = add(t, p, name, HEBB_TEXT);
    if (item) item->text = text;
}

void params_add_array(trial *t, params *p, const char *name, const numbers *n) {
    hebb_param *item = add(t, p, name, n->ndim > 1 ? HEBB_ARRAY : HEBB_LIST);
    if (!item) return;
    size_t *shape = trial_alloc(t, DEPTH, sizeof *shape);
    if (!shape) return;
    memcpy(shape, n->shape, sizeof n->shape);
    item->list = n->values;
    item->count = n->count;
    item->shape = shape;
    item->ndim = n->ndim;
}

void params_add_member(trial *t, params *p, const cJSON *member) {
    double value;
    if (cJSON_IsNull(member)) return;
    if (as_number(member, &value))
        params_add_number(t, p, member->string, value);
    else if (cJSON_IsString(member))
        params_add_text(t, p, member->string, member->valuestring);
    else {
        numbers n = golden_numbers(t, member, member->string);
        params_add_array(t, p, member->string, &n);
    }
}

void params_add_all(trial *t, params *p, const cJSON *kwargs, const char *except) {
    const cJSON *member;
    if (kwargs && !cJSON_IsObject(kwargs))
        trial_problem(t, "arguments must be an object, not %s", kind_of(kwargs));
    else
        cJSON_ArrayForEach(member, kwargs) {
            if (!except || strcmp(member->string, except)) params_add_member(t, p, member);
        }
}

/* Trees to parameter lists. */
#include "train/tree_params.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/nearest.h"

enum { MAX_DIMS = 4 };

/* The override whose last name is key, NULL if there is none. */
static const char *override_of(const hb_origin *origin, const char *key) {
    const char *found = NULL;
    for (size_t i = 0; origin->set && key && origin->set[i]; i++) {
        const char *text = origin->set[i], *end = strchr(text, '=');
        size_t n = strlen(key);
        if (!end || (size_t)(end - text) < n || strncmp(end - n, key, n)) continue;
        if (end - n == text || end[-(ptrdiff_t)n - 1] == '.') found = text;
    }
    return found;
}

static void place_of(const hb_origin *origin, const hb_node *node, char place[400]) {
    const char *set = node && !node->line ? override_of(origin, node->key) : NULL;
    if (set)
        snprintf(place, 400, "'%.380s'", set);
    else if (node && node->line)
        snprintf(place, 400, "%.380s:%d", origin->file, node->line);
    else
        snprintf(place, 400, "%.380s", origin->file);
}

hebb_status hb_origin_fail(const hb_origin *origin, hebb_status status, const hb_node *node,
                           const char *format, ...) {
    char sentence[900], place[400];
    va_list list;
    va_start(list, format);
    vsnprintf(sentence, sizeof sentence, format, list);
    va_end(list);
    place_of(origin, node, place);
    return hb_fail(origin->env, status, "%s: %s", place, sentence);
}

enum { NOWHERE = 1 << 20, UNQUOTED = 1 << 16, VALUE = 1 << 17 };

/* How far into the sentence the word of n letters stands by itself. A word in quotes is
 * what the sentence is about; any other counts as further off. */
static size_t distance_of(const char *sentence, const char *word, size_t n) {
    size_t nearest = NOWHERE;
    for (const char *at = sentence; n && (at = strstr(at, word)); at++) {
        char before = at == sentence ? ' ' : at[-1], behind = at[n];
        if (isalnum((unsigned char)before) || before == '_' || isalnum((unsigned char)behind) ||
            behind == '_')
            continue;
        size_t distance =
            (size_t)(at - sentence) + (before == '\'' && behind == '\'' ? 0 : UNQUOTED);
        if (distance < nearest) nearest = distance;
    }
    return nearest;
}

/* The first word of a value: "kaiming_uniform" of "kaiming_uniform(a=2)". */
static size_t distance_of_value(const char *sentence, const hb_node *node) {
    if (node->type != HB_NODE_SCALAR) return NOWHERE;
    char word[64];
    size_t n = 0;
    while (n < sizeof word - 1 && (isalnum((unsigned char)node->text[n]) || node->text[n] == '_')) {
        word[n] = node->text[n];
        n++;
    }
    word[n] = 0;
    size_t whole = distance_of(sentence, node->text, strlen(node->text));
    size_t first = distance_of(sentence, word, n);
    size_t distance = whole < first ? whole : first;
    return distance < UNQUOTED ? distance : distance + VALUE;
}

hebb_status hb_origin_blame(const hb_origin *origin, hebb_status status, const hb_node *map) {
    if (status >= 0 || status == HEBB_E_MEMORY) return status;
    /* The object's own name leads the sentence; it is not what is wrong. */
    const char *sentence = origin->env->error;
    size_t name = map->key ? strlen(map->key) : 0;
    if (name && !strncmp(sentence, map->key, name) && sentence[name] == ':') sentence += name + 1;
    const hb_node *guilty = map;
    size_t nearest = NOWHERE;
    for (const hb_node *child = map->first; child; child = child->next) {
        size_t key = child->key ? distance_of(sentence, child->key, strlen(child->key)) : NOWHERE;
        size_t value = distance_of_value(sentence, child);
        size_t distance = key < value ? key : value;
        if (distance >= nearest) continue;
        nearest = distance;
        guilty = child;
    }
    char place[400];
    place_of(origin, guilty, place);
    return hb_fail_in(origin->env, status, place);
}

bool hb_node_empty(const hb_node *node) {
    return !node || (node->type == HB_NODE_SCALAR && !node->quoted && !node->text[0]);
}

const hb_node *hb_node_given(const hb_node *map, const char *key) {
    const hb_node *node = hb_node_get(map, key);
    return hb_node_empty(node) ? NULL : node;
}

/* names: "a|b|c", compared with the case of the letters. */
static bool among(const char *names, const char *key) {
    size_t n = strlen(key);
    for (const char *at = names; at && *at;) {
        const char *end = strchr(at, '|');
        size_t length = end ? (size_t)(end - at) : strlen(at);
        if (length == n && !memcmp(at, key, n)) return true;
        at = end ? end + 1 : NULL;
    }
    return false;
}

/* "a|b|c" to "a, b, c". */
static void list_of(const char *names, char *buffer, size_t size) {
    size_t at = 0;
    for (; *names && at + 3 < size; names++) {
        buffer[at++] = *names == '|' ? ',' : *names;
        if (*names == '|') buffer[at++] = ' ';
    }
    buffer[at] = 0;
}

hebb_status hb_origin_keys(const hb_origin *origin, const hb_node *map, const char *where,
                           const char *names) {
    if (map->type != HB_NODE_MAP)
        return hb_origin_fail(origin, HEBB_E_ARGUMENT, map,
                              "%s must be a map of names and values, not a %s", where,
                              map->type == HB_NODE_LIST ? "list" : "single value");
    for (const hb_node *child = map->first; child; child = child->next) {
        if (among(names, child->key)) continue;
        hb_near near;
        hb_near_init(&near, child->key);
        hb_near_try(&near, names);
        char all[400];
        list_of(names, all, sizeof all);
        if (near.best[0])
            return hb_origin_fail(origin, HEBB_E_NAME, child,
                                  "%s has no key '%.80s'; did you mean '%s'?", where, child->key,
                                  near.best);
        return hb_origin_fail(origin, HEBB_E_NAME, child, "%s has no key '%.80s'; it has: %s",
                              where, child->key, all);
    }
    return HEBB_OK;
}

hebb_status hb_origin_missing(const hb_origin *origin, const hb_node *map, const char *names,
                              const char *format, ...) {
    for (const hb_node *child = map->first; child; child = child->next) {
        if (!child->key || among(names, child->key)) continue;
        hb_near near;
        hb_near_init(&near, child->key);
        hb_near_try(&near, names);
        if (near.best[0])
            return hb_origin_fail(
                origin, HEBB_E_NAME, child, "%.80s%sthere is no '%.80s'; did you mean '%s'?",
                map->key ? map->key : "", map->key ? ": " : "", child->key, near.best);
    }
    char sentence[600];
    va_list list;
    va_start(list, format);
    vsnprintf(sentence, sizeof sentence, format, list);
    va_end(list);
    return hb_origin_fail(origin, HEBB_E_ARGUMENT, map, "%s", sentence);
}

hebb_status hb_origin_text(const hb_origin *origin, const hb_node *map, const char *key,
                           const char **text) {
    const hb_node *node = hb_node_given(map, key);
    if (!node) return HEBB_OK;
    if (node->type != HB_NODE_SCALAR)
        return hb_origin_fail(origin, HEBB_E_ARGUMENT, node, "%s must be a single name, not a %s",
                              key, node->type == HB_NODE_LIST ? "list" : "map");
    *text = node->text;
    return HEBB_OK;
}

/* ---- lists ---- */

static bool scalar_number(const hb_node *node, double *value) {
    bool yes;
    if (hb_node_number(node, value)) return true;
    if (!hb_node_bool(node, &yes)) return false;
    *value = yes;
    return true;
}

/* The shape is read off the first entries; fill_list checks all others. */
static hebb_status shape_of(const hb_origin *origin, const hb_node *list, hebb_param *param,
                            size_t shape[MAX_DIMS]) {
    param->count = 1;
    for (const hb_node *at = list; at && at->type == HB_NODE_LIST; at = at->first) {
        if (param->ndim == MAX_DIMS)
            return hb_origin_fail(origin, HEBB_E_SHAPE, list,
                                  "%s is nested deeper than the %d dimensions that an array has",
                                  param->name, (int)MAX_DIMS);
        shape[param->ndim++] = at->count;
        if (at->count && param->count > SIZE_MAX / sizeof(double) / at->count)
            return hb_origin_fail(origin, HEBB_E_SHAPE, list, "%s is larger than any memory",
                                  param->name);
        param->count *= at->count;
    }
    return HEBB_OK;
}

static hebb_status fill_list(const hb_origin *origin, const hb_node *list, const hebb_param *param,
                             size_t depth, double **to) {
    if (list->count != param->shape[depth])
        return hb_origin_fail(origin, HEBB_E_SHAPE, list,
                              "%s: a row has %zu entries, the first one has %zu", param->name,
                              list->count, param->shape[depth]);
    for (const hb_node *child = list->first; child; child = child->next) {
        bool deeper = depth + 1 < param->ndim;
        if (deeper != (child->type == HB_NODE_LIST) || child->type == HB_NODE_MAP)
            return hb_origin_fail(origin, HEBB_E_SHAPE, child,
                                  "%s mixes numbers and lists at one depth", param->name);
        if (deeper) {
            HEBB_TRY(fill_list(origin, child, param, depth + 1, to));
            continue;
        }
        if (!scalar_number(child, *to))
            return hb_origin_fail(origin, HEBB_E_ARGUMENT, child,
                                  "%s holds '%.80s', which is not a number", param->name,
                                  child->text);
        ++*to;
    }
    return HEBB_OK;
}

static hebb_status read_list(const hb_origin *origin, const hb_node *node, hebb_param *param) {
    size_t *shape = hb_calloc(origin->env, MAX_DIMS, sizeof *shape);
    if (!shape) return HEBB_E_MEMORY;
    param->shape = shape;
    HEBB_TRY(shape_of(origin, node, param, shape));
    double *values = hb_calloc(origin->env, param->count, sizeof *values);
    if (!values) return HEBB_E_MEMORY;
    param->list = values;
    param->kind = param->ndim > 1 ? HEBB_ARRAY : HEBB_LIST;
    return fill_list(origin, node, param, 0, &values);
}

/* ---- parameters ---- */

static hebb_status read_param(const hb_origin *origin, const hb_node *node, hebb_param *param) {
    param->name = node->key;
    if (node->type == HB_NODE_MAP)
        return hb_origin_fail(origin, HEBB_E_ARGUMENT, node,
                              "%s must be a value or a list, not a map", node->key);
    if (node->type == HB_NODE_LIST) return read_list(origin, node, param);
    if (scalar_number(node, &param->number)) {
        param->kind = HEBB_NUMBER;
        return HEBB_OK;
    }
    param->kind = HEBB_TEXT;
    param->text = node->text;
    return HEBB_OK;
}

hebb_status hb_params_from(const hb_origin *origin, const hb_node *map, const char *skip,
                           hb_params *params) {
    *params = (hb_params){.env = origin->env};
    params->items = hb_calloc(origin->env, map->count + 1, sizeof *params->items);
    if (!params->items) return HEBB_E_MEMORY;
    for (const hb_node *child = map->first; child; child = child->next) {
        if (among(skip, child->key) || hb_node_empty(child)) continue;
        hebb_status status = read_param(origin, child, &params->items[params->count++]);
        if (status < 0) {
            hb_params_free(params);
            return status;
        }
    }
    return HEBB_OK;
}

void hb_params_free(hb_params *params) {
    for (size_t i = 0; i < params->count; i++) {
        hb_free(params->env, (void *)params->items[i].list);
        hb_free(params->env, (void *)params->items[i].shape);
    }
    hb_free(params->env, params->items);
    *params = (hb_params){.env = params->env};
}

/* ---- sections ---- */

/* A map where the section has none is a misspelt part of it. */
static hebb_status check_maps(const hb_origin *origin, const hb_component *section,
                              const hb_node *map, const char *skip) {
    for (const hb_node *child = map->first; child; child = child->next) {
        if (child->type != HB_NODE_MAP || among(skip, child->key)) continue;
        hb_near near;
        hb_near_init(&near, child->key);
        hb_near_try(&near, skip);
        if (near.best[0])
            return hb_origin_fail(origin, HEBB_E_NAME, child,
                                  "%s has no key '%.80s'; did you mean '%s'?", section->name,
                                  child->key, near.best);
    }
    return HEBB_OK;
}

hebb_status hb_section_read(const hb_origin *origin, const hb_component *section,
                            const hb_node *map, const char *skip, hb_args *args) {
    if (hb_node_empty(map)) return hb_args_read(origin->env, section, "", NULL, 0, args);
    if (map->type != HB_NODE_MAP)
        return hb_origin_fail(origin, HEBB_E_ARGUMENT, map,
                              "%s must be a map of names and values, not a %s", section->name,
                              map->type == HB_NODE_LIST ? "list" : "single value");
    HEBB_TRY(check_maps(origin, section, map, skip));
    hb_params params;
    HEBB_TRY(hb_params_from(origin, map, skip, &params));
    hebb_status status = hb_args_read(origin->env, section, "", params.items, 0, args);
    hb_params_free(&params);
    return hb_origin_blame(origin, status, map);
}

hebb_status hb_section_fill(hb_env *env, const hb_args *args, hb_node *map) {
    for (size_t i = 0; i < args->component->param_count; i++) {
        const hb_param_info *info = &args->component->params[i];
        const hb_arg *arg = &args->items[i];
        if (arg->given || (info->flags & (HB_UNSET | HB_REQUIRED))) continue;
        char number[32];
        const char *text = arg->text ? arg->text : hb_number_text(number, arg->number);
        if (info->type == HB_BOOL) text = arg->number != 0 ? "true" : "false";
        HEBB_TRY(hb_node_put(env, map, info->name, text));
    }
    return HEBB_OK;
}

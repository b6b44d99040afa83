/* The neutral tree. Nothing here recurses, so that no depth of a file's
 * nesting can exhaust the stack. */
#include "base/tree.h"

#include <math.h>
#include <string.h>

hb_node *hb_node_new(hb_env *env, hb_node_type type, const char *text) {
    hb_node *node = hb_calloc(env, 1, sizeof *node);
    if (!node) return NULL;
    node->type = type;
    if (type == HB_NODE_SCALAR || text) {
        node->text = hb_strdup(env, text ? text : "");
        if (!node->text) {
            hb_free(env, node);
            return NULL;
        }
    }
    return node;
}

void hb_node_free(hb_env *env, hb_node *node) {
    /* Children are put in front of what is still to be freed. */
    if (node) node->next = NULL;
    while (node) {
        hb_node *rest = node->next;
        if (node->first) {
            node->last->next = rest;
            rest = node->first;
        }
        hb_free(env, node->key);
        hb_free(env, node->text);
        hb_free(env, node);
        node = rest;
    }
}

hebb_status hb_node_add(hb_env *env, hb_node *parent, const char *key, hb_node *child) {
    if (!child) return env && env->status < 0 ? env->status : HEBB_E_MEMORY;
    hebb_status status = HEBB_OK;
    if (parent->type == HB_NODE_SCALAR)
        status = hb_fail(env, HEBB_E_ARGUMENT, "a single value cannot hold '%.80s'",
                         key ? key : "an entry");
    else if (parent->type == HB_NODE_MAP && !key)
        status = hb_fail(env, HEBB_E_ARGUMENT, "an entry of a map needs a name");
    else if (parent->type == HB_NODE_MAP && hb_node_get(parent, key))
        status = hb_fail(env, HEBB_E_ARGUMENT, "'%.80s' is given twice", key);
    char *copy = NULL;
    if (!status && parent->type == HB_NODE_MAP && !(copy = hb_strdup(env, key)))
        status = HEBB_E_MEMORY;
    if (status) {
        hb_node_free(env, child);
        return status;
    }
    hb_free(env, child->key);
    child->key = copy;
    child->next = NULL;
    if (parent->last)
        parent->last->next = child;
    else
        parent->first = child;
    parent->last = child;
    parent->count++;
    return HEBB_OK;
}

/* Puts value in the place of old, a child of parent. */
static void replace(hb_env *env, hb_node *parent, hb_node *old, hb_node *value) {
    hb_node **link = &parent->first;
    while (*link != old) link = &(*link)->next;
    hb_free(env, value->key);
    value->key = old->key;
    old->key = NULL;
    value->next = old->next;
    *link = value;
    if (parent->last == old) parent->last = value;
    hb_node_free(env, old);
}

hebb_status hb_node_put(hb_env *env, hb_node *map, const char *key, const char *text) {
    hb_node *value = hb_node_new(env, HB_NODE_SCALAR, text);
    if (!value) return HEBB_E_MEMORY;
    hb_node *old = hb_node_get(map, key);
    if (!old) return hb_node_add(env, map, key, value);
    replace(env, map, old, value);
    return HEBB_OK;
}

hb_node *hb_node_get(const hb_node *map, const char *key) {
    if (!map || map->type != HB_NODE_MAP) return NULL;
    for (hb_node *child = map->first; child; child = child->next)
        if (!strcmp(child->key, key)) return child;
    return NULL;
}

hb_node *hb_node_at(const hb_node *list, size_t index) {
    if (!list || list->type == HB_NODE_SCALAR) return NULL;
    hb_node *child = list->first;
    while (child && index--) child = child->next;
    return child;
}

static hb_node *copy_alone(hb_env *env, const hb_node *node) {
    hb_node *copy = hb_node_new(env, node->type, node->text);
    if (!copy) return NULL;
    copy->quoted = node->quoted;
    copy->line = node->line;
    return copy;
}

/* The copies need a way back up; a frame for each level is kept on the heap. */
typedef struct level {
    hb_node *to;
    const hb_node *from; /* the child to copy next */
    struct level *up;
} level;

static level *push(hb_env *env, level *top, hb_node *to, const hb_node *node) {
    level *new_top = hb_alloc(env, sizeof *new_top);
    if (!new_top) return NULL;
    *new_top = (level){to, node->first, top};
    return new_top;
}

hb_node *hb_node_copy(hb_env *env, const hb_node *node) {
    hb_node *root = copy_alone(env, node);
    if (!root) return NULL;
    level *top = push(env, NULL, root, node);
    bool failed = !top;
    while (top) {
        const hb_node *from = failed ? NULL : top->from;
        if (!from) {
            level *up = top->up;
            hb_free(env, top);
            top = up;
            continue;
        }
        top->from = from->next;
        hb_node *copy = copy_alone(env, from);
        failed = !copy || hb_node_add(env, top->to, from->key, copy) != HEBB_OK;
        level *deeper = !failed && from->first ? push(env, top, copy, from) : NULL;
        if (!failed && from->first && !deeper) failed = true;
        if (deeper) top = deeper;
    }
    if (!failed) return root;
    hb_node_free(env, root);
    return NULL;
}

/* A list's index: digits only. SIZE_MAX if it is none. */
static size_t list_index(const char *name) {
    size_t index = 0;
    if (!name[0] || strlen(name) > 9) return SIZE_MAX;
    for (; *name; name++) {
        if (*name < '0' || *name > '9') return SIZE_MAX;
        index = index * 10 + (size_t)(*name - '0');
    }
    return index;
}

/* The child of node that name means, NULL if there is none yet. */
static hebb_status step_into(hb_env *env, hb_node *node, const char *name, const char *path,
                             hb_node **child) {
    if (!name[0])
        return hb_fail(env, HEBB_E_ARGUMENT, "'%.200s' has an empty name between its dots", path);
    /* "train:" with nothing after it may become a map. */
    if (node->type == HB_NODE_SCALAR && !node->text[0] && !node->quoted) {
        node->type = HB_NODE_MAP;
    }
    if (node->type == HB_NODE_MAP) {
        *child = hb_node_get(node, name);
        return HEBB_OK;
    }
    if (node->type == HB_NODE_SCALAR)
        return hb_fail(env, HEBB_E_NAME, "'%.200s': '%.80s' asks for a part of a single value",
                       path, name);
    size_t index = list_index(name);
    *child = index == SIZE_MAX ? NULL : hb_node_at(node, index);
    if (*child) return HEBB_OK;
    if (index == node->count) return HEBB_OK; /* one beyond the end appends */
    return hb_fail(env, HEBB_E_NAME,
                   "'%.200s': '%.80s' is not a place of a list of %zu; "
                   "counting begins at 0",
                   path, name, node->count);
}

static hebb_status place(hb_env *env, hb_node *root, char *names, const char *path,
                         hb_node *value) {
    hb_node *node = root;
    for (char *name = names;;) {
        char *dot = strchr(name, '.');
        if (dot) *dot = 0;
        hb_node *child = NULL;
        hebb_status status = step_into(env, node, name, path, &child);
        const char *key = node->type == HB_NODE_MAP ? name : NULL;
        if (!status && !dot) {
            if (!child) return hb_node_add(env, node, key, value);
            replace(env, node, child, value);
            return HEBB_OK;
        }
        if (!status && !child) {
            child = hb_node_new(env, HB_NODE_MAP, NULL);
            status = child ? hb_node_add(env, node, key, child) : HEBB_E_MEMORY;
        }
        if (status) {
            hb_node_free(env, value);
            return status;
        }
        node = child;
        name = dot + 1;
    }
}

hebb_status hb_node_set_path(hb_env *env, hb_node *root, const char *path, hb_node *value) {
    if (!value) return env && env->status < 0 ? env->status : HEBB_E_MEMORY;
    char *names = hb_strdup(env, path);
    if (!names) {
        hb_node_free(env, value);
        return HEBB_E_MEMORY;
    }
    hebb_status status = place(env, root, names, path, value);
    hb_free(env, names);
    return status;
}

bool hb_node_number(const hb_node *node, double *value) {
    if (!node || node->type != HB_NODE_SCALAR || node->quoted) return false;
    const char *text = node->text, *word = text;
    bool minus = *word == '-';
    if (*word == '-' || *word == '+') word++;
    if (!strcmp(word, ".inf") || !strcmp(word, ".Inf") || !strcmp(word, "inf")) {
        *value = minus ? -(double)INFINITY : (double)INFINITY;
        return true;
    }
    if (!strcmp(text, ".nan") || !strcmp(text, ".NaN") || !strcmp(text, "nan")) {
        *value = (double)NAN;
        return true;
    }
    double number;
    size_t length = hb_read_number(text, &number);
    if (!length || text[length]) return false;
    *value = number;
    return true;
}

bool hb_node_bool(const hb_node *node, bool *value) {
    static const char *const words[] = {"true",  "True",  "TRUE",  "yes", "on",
                                        "false", "False", "FALSE", "no",  "off"};
    if (!node || node->type != HB_NODE_SCALAR || node->quoted) return false;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(node->text, words[i]) != 0) continue;
        *value = i < 5;
        return true;
    }
    return false;
}

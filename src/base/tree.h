/* The neutral tree of names, values and arrays in which networks, runs and
 * checkpoints are described. Files are read into it and written from it. */
#ifndef HB_TREE_H
#define HB_TREE_H

#include "base/env.h"

typedef enum hb_node_type { HB_NODE_MAP, HB_NODE_LIST, HB_NODE_SCALAR } hb_node_type;

typedef struct hb_node {
    hb_node_type type;
    char *key;   /* in a map; else NULL */
    char *text;  /* of a scalar */
    bool quoted; /* the scalar was quoted: always text */
    int line;    /* where it stood in the file; 0: nowhere */
    struct hb_node *first, *last, *next;
    size_t count;
} hb_node;

hb_node *hb_node_new(hb_env *env, hb_node_type type, const char *text);
void hb_node_free(hb_env *env, hb_node *node);
/* Appends child (with key in a map, where a key twice is an error); takes it
 * over, also on failure. */
hebb_status hb_node_add(hb_env *env, hb_node *parent, const char *key, hb_node *child);
/* Sets key to the scalar text, in the place of an earlier value. */
hebb_status hb_node_put(hb_env *env, hb_node *map, const char *key, const char *text);
hb_node *hb_node_get(const hb_node *map, const char *key); /* NULL if absent */
hb_node *hb_node_at(const hb_node *list, size_t index);
hb_node *hb_node_copy(hb_env *env, const hb_node *node);
/* Sets "a.b.0.c" to value, making maps on the way; takes value over, also on failure. */
hebb_status hb_node_set_path(hb_env *env, hb_node *root, const char *path, hb_node *value);
/* Scalars as numbers or booleans; false if the text is not one in full. */
bool hb_node_number(const hb_node *node, double *value);
bool hb_node_bool(const hb_node *node, bool *value);

#endif

/* From the maps of a file to the parameter lists of builder calls, with errors
 * that know the line. */
#ifndef HB_TREE_PARAMS_H
#define HB_TREE_PARAMS_H

#include "base/component.h"
#include "base/tree.h"

/* Where a tree came from, for sentences. */
typedef struct hb_origin {
    hb_env *env;
    const char *file;
    const char *const *set; /* the overrides "a.b=c", NULL-terminated; or NULL */
} hb_origin;

/* "run.yaml:7: ..." or, for a value that an override gave, "'a.b=c': ...". */
hebb_status hb_origin_fail(const hb_origin *origin, hebb_status status, const hb_node *node,
                           const char *format, ...) __attribute__((format(printf, 4, 5)));
/* Puts the same before the sentence that is there. The line is that of the entry of
 * map which the sentence speaks of, or else of map itself. Whoever names it first in
 * the sentence is meant. */
hebb_status hb_origin_blame(const hb_origin *origin, hebb_status status, const hb_node *map);

/* A value left empty counts as not given. */
bool hb_node_empty(const hb_node *node);
/* map[key]; NULL if absent or left empty. */
const hb_node *hb_node_given(const hb_node *map, const char *key);

/* Fails unless map is a map whose keys are all among names ("a|b|c"). */
hebb_status hb_origin_keys(const hb_origin *origin, const hb_node *map, const char *where,
                           const char *names);
/* map lacks what is said by the format: speaks of a misspelt key instead, if map has
 * one that is near to one of names. */
hebb_status hb_origin_missing(const hb_origin *origin, const hb_node *map, const char *names,
                              const char *format, ...) __attribute__((format(printf, 4, 5)));
/* map[key] as a text; *text stays as it is if the key is absent. */
hebb_status hb_origin_text(const hb_origin *origin, const hb_node *map, const char *key,
                           const char **text);

/* The entries of map, without those in skip ("a|b"): numbers and booleans become
 * numbers, texts texts, lists of numbers lists, lists of such lists arrays. Names
 * and texts are borrowed from the tree. */
typedef struct hb_params {
    hb_env *env;
    hebb_param *items; /* ends with a NULL name */
    size_t count;
} hb_params;

hebb_status hb_params_from(const hb_origin *origin, const hb_node *map, const char *skip,
                           hb_params *params);
void hb_params_free(hb_params *params);

/* Reads a section that is described by a table; map NULL: all defaults. */
hebb_status hb_section_read(const hb_origin *origin, const hb_component *section,
                            const hb_node *map, const char *skip, hb_args *args);
/* Writes the defaults of what map does not give. */
hebb_status hb_section_fill(hb_env *env, const hb_args *args, hb_node *map);

#endif

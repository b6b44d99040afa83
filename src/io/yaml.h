/* YAML files to trees and back. A plain subset: maps, lists, scalars; no
 * anchors, aliases or tags, no key twice. Errors name the file and the line. */
#ifndef HB_YAML_H
#define HB_YAML_H

#include "base/tree.h"

/* name stands before the line number in sentences. */
hebb_status hb_yaml_read(hb_env *env, const char *name, const char *bytes, size_t size,
                         hb_node **root);
hebb_status hb_yaml_read_file(hb_env *env, const char *path, hb_node **root);
/* A value from the command line: flow text ("[1, 2]", "{x: 1}", "'5'") or
 * else the plain text itself. NULL on failure. */
hb_node *hb_yaml_scalar_or_flow(hb_env *env, const char *text);
/* Appends the tree as block YAML; short lists of scalars on one line. */
void hb_yaml_write(hb_text *text, const hb_node *root);

#endif

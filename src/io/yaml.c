/* Builds a tree from libyaml's events. */
#include "io/yaml.h"

#include <stdio.h>
#include <string.h>
#include <yaml.h>

#include "io/files.h"

enum { MAX_DEPTH = 64, MAX_NODES = 1000000, MAX_KEYS = 4096, MAX_BYTES = 64 << 20 };

typedef struct reader {
    hb_env *env;
    const char *name;
    bool is_value; /* from the command line; name is its text */
    yaml_parser_t parser;
    hb_node *root;
    hb_node *open[MAX_DEPTH]; /* the maps and lists that the next event is in */
    int depth;
    size_t nodes, documents;
    char *key; /* read, its value not yet */
    int key_line;
} reader;

/* "run.yaml:3", or just the value's own text, which has one line. */
static void place_of(const reader *r, size_t line, char place[300]) {
    if (r->is_value)
        snprintf(place, 300, "'%.280s'", r->name);
    else
        snprintf(place, 300, "%.270s:%zu", r->name, line);
}

static hebb_status fail_at(reader *r, int line, const char *what, const char *which) {
    char place[300];
    place_of(r, (size_t)line, place);
    return hb_fail(r->env, HEBB_E_PARSE, "%s: %s%s%.80s%s", place, what, which ? " '" : "",
                   which ? which : "", which ? "'" : "");
}

static hebb_status parser_failed(reader *r) {
    const yaml_parser_t *p = &r->parser;
    char place[300];
    if (p->error == YAML_MEMORY_ERROR)
        return hb_fail(r->env, HEBB_E_MEMORY, "%s: out of memory while reading YAML", r->name);
    const char *problem = p->problem ? p->problem : "not valid YAML";
    place_of(r, (p->error == YAML_READER_ERROR ? p->mark.line : p->problem_mark.line) + 1, place);
    if (p->error == YAML_READER_ERROR)
        return hb_fail(r->env, HEBB_E_PARSE, "%s: %s (byte %zu of the file)", place, problem,
                       p->problem_offset);
    return hb_fail(r->env, HEBB_E_PARSE, "%s: %s%s%s%s", place, problem, p->context ? " (" : "",
                   p->context ? p->context : "", p->context ? ")" : "");
}

/* Puts node under the open map or list, or at the root; takes it over. */
static hebb_status attach(reader *r, hb_node *node) {
    if (!node) return HEBB_E_MEMORY;
    if (++r->nodes > MAX_NODES) {
        int line = node->line;
        hb_node_free(r->env, node);
        return fail_at(r, line, "more values than a file may have", NULL);
    }
    if (r->depth == 0) {
        r->root = node;
        return HEBB_OK;
    }
    hb_node *parent = r->open[r->depth - 1];
    hebb_status status = hb_node_add(r->env, parent, r->key, node);
    hb_free(r->env, r->key);
    r->key = NULL;
    return status;
}

static hebb_status twice(reader *r, int line, const char *key, int first) {
    if (r->is_value) return fail_at(r, line, "given twice:", key);
    return hb_fail(r->env, HEBB_E_PARSE, "%s:%d: '%.80s' is given twice (first in line %d)",
                   r->name, line, key, first);
}

static hebb_status take_key(reader *r, const char *text, int line) {
    hb_node *map = r->open[r->depth - 1];
    const hb_node *twin = hb_node_get(map, text);
    if (twin) return twice(r, line, text, twin->line);
    if (map->count >= MAX_KEYS) return fail_at(r, line, "more keys than a map may have", NULL);
    r->key = hb_strdup(r->env, text);
    r->key_line = line;
    return r->key ? HEBB_OK : HEBB_E_MEMORY;
}

static bool is_null(const char *text) {
    return !strcmp(text, "~") || !strcmp(text, "null") || !strcmp(text, "Null") ||
           !strcmp(text, "NULL");
}

static hebb_status take_scalar(reader *r, const yaml_event_t *event, int line) {
    const char *text = (const char *)event->data.scalar.value;
    if (event->data.scalar.tag)
        return fail_at(r, line, "tags are not read; remove", (const char *)event->data.scalar.tag);
    if (event->data.scalar.anchor)
        return fail_at(r, line, "anchors are not read; remove the anchor",
                       (const char *)event->data.scalar.anchor);
    if (strlen(text) != event->data.scalar.length)
        return fail_at(r, line, "a text must not hold the character \\0", NULL);
    if (r->depth && r->open[r->depth - 1]->type == HB_NODE_MAP && !r->key)
        return take_key(r, text, line);
    bool quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    hb_node *node = hb_node_new(r->env, HB_NODE_SCALAR, !quoted && is_null(text) ? "" : text);
    if (node) {
        node->quoted = quoted;
        /* An entry is where its key is. */
        node->line = r->key ? r->key_line : line;
    }
    return attach(r, node);
}

static hebb_status take_start(reader *r, hb_node_type type, const yaml_char_t *tag,
                              const yaml_char_t *anchor, int line) {
    if (tag) return fail_at(r, line, "tags are not read; remove", (const char *)tag);
    if (anchor)
        return fail_at(r, line, "anchors are not read; remove the anchor", (const char *)anchor);
    if (r->depth && r->open[r->depth - 1]->type == HB_NODE_MAP && !r->key)
        return fail_at(r, line, "a key must be a single word or text, not a map or list", NULL);
    if (r->depth == MAX_DEPTH)
        return fail_at(r, line, "nested deeper than the 64 levels that are read", NULL);
    hb_node *node = hb_node_new(r->env, type, NULL);
    if (node) node->line = r->key ? r->key_line : line;
    HEBB_TRY(attach(r, node));
    r->open[r->depth++] = node;
    return HEBB_OK;
}

static hebb_status take_event(reader *r, const yaml_event_t *event) {
    int line = event->start_mark.line < INT32_MAX ? (int)event->start_mark.line + 1 : INT32_MAX;
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        if (++r->documents > 1)
            return fail_at(r, line, "a second document begins; one is read from a file", NULL);
        return HEBB_OK;
    case YAML_ALIAS_EVENT:
        return fail_at(r, line, "aliases are not read; write the value instead of",
                       (const char *)event->data.alias.anchor);
    case YAML_SCALAR_EVENT:
        return take_scalar(r, event, line);
    case YAML_MAPPING_START_EVENT:
        return take_start(r, HB_NODE_MAP, event->data.mapping_start.tag,
                          event->data.mapping_start.anchor, line);
    case YAML_SEQUENCE_START_EVENT:
        return take_start(r, HB_NODE_LIST, event->data.sequence_start.tag,
                          event->data.sequence_start.anchor, line);
    case YAML_MAPPING_END_EVENT:
    case YAML_SEQUENCE_END_EVENT:
        r->depth--;
        return HEBB_OK;
    default:
        return HEBB_OK;
    }
}

static hebb_status read_events(reader *r) {
    for (;;) {
        yaml_event_t event;
        if (!yaml_parser_parse(&r->parser, &event)) return parser_failed(r);
        hebb_status status = take_event(r, &event);
        yaml_event_type_t type = event.type;
        yaml_event_delete(&event);
        if (status < 0) return status;
        if (type == YAML_STREAM_END_EVENT) break;
    }
    if (!r->root) return hb_fail(r->env, HEBB_E_PARSE, "%s: there is nothing in it", r->name);
    return HEBB_OK;
}

static hebb_status read_tree(hb_env *env, const char *name, bool is_value, const char *bytes,
                             size_t size, hb_node **root) {
    *root = NULL;
    reader r = {.env = env, .name = name, .is_value = is_value};
    if (size > MAX_BYTES)
        return hb_fail(env, HEBB_E_PARSE, "%s: %zu bytes are more than the %d that are read", name,
                       size, (int)MAX_BYTES);
    if (!yaml_parser_initialize(&r.parser))
        return hb_fail(env, HEBB_E_MEMORY, "%s: out of memory while reading YAML", name);
    yaml_parser_set_input_string(&r.parser, (const unsigned char *)bytes, size);
    hebb_status status = read_events(&r);
    yaml_parser_delete(&r.parser);
    hb_free(env, r.key);
    if (status < 0) {
        hb_node_free(env, r.root);
        return status;
    }
    *root = r.root;
    return HEBB_OK;
}

hebb_status hb_yaml_read(hb_env *env, const char *name, const char *bytes, size_t size,
                         hb_node **root) {
    return read_tree(env, name, false, bytes, size, root);
}

hebb_status hb_yaml_read_file(hb_env *env, const char *path, hb_node **root) {
    unsigned char *bytes;
    size_t size;
    *root = NULL;
    HEBB_TRY(hb_file_read(env, path, MAX_BYTES, &bytes, &size));
    hebb_status status = hb_yaml_read(env, path, (const char *)bytes, size, root);
    hb_free(env, bytes);
    return status;
}

/* The reader keeps the depth, and so this recursion, to MAX_DEPTH. */
static void forget_lines(hb_node *node) {
    node->line = 0;
    for (hb_node *child = node->first; child; child = child->next) forget_lines(child);
}

hb_node *hb_yaml_scalar_or_flow(hb_env *env, const char *text) {
    const char *start = text + strspn(text, " \t");
    size_t length = strlen(start);
    while (length && (start[length - 1] == ' ' || start[length - 1] == '\t')) length--;
    hb_node *node = NULL;
    if (length && strchr("[{\"'", start[0])) {
        if (read_tree(env, text, true, start, length, &node) < 0) return NULL;
        forget_lines(node);
        return node;
    }
    char *plain = hb_format(env, "%.*s", (int)(length < INT32_MAX ? length : INT32_MAX), start);
    if (!plain) return NULL;
    node = hb_node_new(env, HB_NODE_SCALAR, is_null(plain) ? "" : plain);
    hb_free(env, plain);
    return node;
}

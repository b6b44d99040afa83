/* A YAML file as JSON, for readers that have no YAML. */
#include <math.h>
#include <string.h>

#include "api/ctx.h"
#include "io/yaml.h"

static void add_string(hb_text *text, const char *s) {
    hb_text_add(text, "\"");
    for (; *s; s++) {
        unsigned char c = (unsigned char)*s;
        if (c == '"' || c == '\\')
            hb_text_add(text, "\\%c", c);
        else if (c < 0x20)
            hb_text_add(text, "\\u%04x", c);
        else
            hb_text_add(text, "%c", c);
    }
    hb_text_add(text, "\"");
}

/* Python reads Infinity and NaN as JSON numbers; other readers should not meet them. */
static void add_scalar(hb_text *text, const hb_node *node) {
    char digits[32];
    double number;
    bool truth;
    if (!node->quoted && !node->text[0])
        hb_text_add(text, "null");
    else if (hb_node_number(node, &number) && isfinite(number))
        hb_text_add(text, "%s", hb_number_text(digits, number));
    else if (hb_node_number(node, &number))
        hb_text_add(text, "%s", isnan(number) ? "NaN" : number > 0 ? "Infinity" : "-Infinity");
    else if (hb_node_bool(node, &truth))
        hb_text_add(text, "%s", truth ? "true" : "false");
    else
        add_string(text, node->text);
}

static void add_node(hb_text *text, const hb_node *node) {
    if (node->type == HB_NODE_SCALAR) {
        add_scalar(text, node);
        return;
    }
    bool map = node->type == HB_NODE_MAP;
    hb_text_add(text, map ? "{" : "[");
    for (const hb_node *child = node->first; child; child = child->next) {
        if (child != node->first) hb_text_add(text, ", ");
        if (map) add_string(text, child->key);
        if (map) hb_text_add(text, ": ");
        add_node(text, child);
    }
    hb_text_add(text, map ? "}" : "]");
}

hebb_status hebb_file_json(hebb_ctx *ctx, const char *path, const char **text) {
    if (!ctx) return hb_null(__func__, "ctx");
    hb_env *env = &ctx->env;
    if (!text || !path)
        return hb_fail(env, HEBB_E_ARGUMENT, "hebb_file_json: %s is NULL", text ? "path" : "text");
    *text = NULL;
    hb_node *root = NULL;
    HEBB_TRY(hb_yaml_read_file(env, path, &root));
    hb_text_clear(&ctx->page);
    if (root) add_node(&ctx->page, root);
    hb_node_free(env, root);
    hebb_status status = hb_text_done(&ctx->page);
    if (status >= 0) *text = ctx->page.data;
    return status;
}

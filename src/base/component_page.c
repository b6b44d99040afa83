/* A component's page as Markdown, made from its table. */
#include "base/component.h"

#include <string.h>

#include "base/component_args.h"

/* "a|b" as "`a`, `b`". */
static void add_names(hb_text *text, const char *names) {
    for (const char *name = names; name && *name;) {
        const char *end = strchr(name, '|');
        size_t n = end ? (size_t)(end - name) : strlen(name);
        hb_text_add(text, "%s`%.*s`", name == names ? "" : ", ", (int)n, name);
        name = end ? end + 1 : NULL;
    }
}

/* In a table's cell a bar would end the cell. */
static void add_cell(hb_text *text, const char *words) {
    for (const char *c = words ? words : ""; *c; c++)
        hb_text_add(text, *c == '|' ? "\\%c" : "%c", *c == '\n' ? ' ' : *c);
}

static void add_default(hb_text *text, const hb_param_info *info) {
    char number[32];
    if (info->flags & HB_REQUIRED) {
        hb_text_add(text, "required");
    } else if (info->def_text) {
        add_cell(text, info->def_text);
    } else if (info->flags & HB_UNSET || info->type == HB_FUNCTION || info->type == HB_MATRIX ||
               info->type == HB_STRING) {
        hb_text_add(text, "not given");
    } else if (info->type == HB_BOOL) {
        hb_text_add(text, info->def != 0 ? "true" : "false");
    } else {
        hb_text_add(text, "%s", hb_number_text(number, info->def));
    }
}

static void add_range(hb_text *text, const hb_param_info *info) {
    static const char *const words[] = {"any number",
                                        "any whole number",
                                        "true, false",
                                        "",
                                        "any text",
                                        "numbers",
                                        "any number",
                                        "an array",
                                        "a function or an expression",
                                        "a number, an array or an initializer"};
    char range[160];
    if (info->type == HB_CHOICE) {
        add_names(text, info->choices);
        return;
    }
    hb_range_text(info, range, sizeof range);
    bool numeric = info->type == HB_NUM || info->type == HB_INT || info->type == HB_NUMBERS ||
                   info->type == HB_PER_UNIT;
    if (!numeric || !range[0])
        hb_text_add(text, "%s", words[info->type]);
    else
        hb_text_add(text, "%s%s", info->type == HB_INT ? "whole, " : "", range);
    if (info->type == HB_PER_UNIT) hb_text_add(text, "; one, or one for each neuron");
}

static void add_row(hb_text *text, const hb_param_info *info) {
    bool unit = info->unit && info->unit[0] && strcmp(info->unit, "1") != 0;
    hb_text_add(text, "| `%s` | ", info->name);
    add_names(text, info->aliases);
    hb_text_add(text, " | %s | ", unit ? info->unit : "");
    add_default(text, info);
    hb_text_add(text, " | ");
    add_range(text, info);
    hb_text_add(text, " | ");
    add_cell(text, info->doc);
    hb_text_add(text, "%s |\n", info->flags & HB_TRAINABLE ? " (trainable)" : "");
}

void hb_component_markdown(hb_text *text, const hb_component *component) {
    hb_text_add(text, "# %s (%s)\n\n", component->name, component->kind);
    if (component->aliases && component->aliases[0]) {
        hb_text_add(text, "Also called ");
        add_names(text, component->aliases);
        hb_text_add(text, ".\n\n");
    }
    if (component->summary) hb_text_add(text, "%s\n\n", component->summary);
    if (component->equation) hb_text_add(text, "%s\n\n", component->equation);
    if (component->param_count) {
        hb_text_add(text, "| parameter | also | unit | default | allowed | meaning |\n"
                          "|---|---|---|---|---|---|\n");
        for (size_t i = 0; i < component->param_count; i++) add_row(text, &component->params[i]);
    } else {
        hb_text_add(text, "It has no parameters.\n");
    }
    if (component->source) hb_text_add(text, "\nSource: %s\n", component->source);
}

/* hebb list: which components there are. */
#include <string.h>
#include <unistd.h>

#include "cli.h"

static const cli_option options[] = {
    CLI_OPT_JSON,
    CLI_OPT_HELP,
};

static void list_json(const char *only) {
    const char *kind, *name, *comma = "";
    fputc('{', stdout);
    for (size_t k = 0; (kind = hebb_component_kind(k)); k++) {
        if (only && strcmp(only, kind)) continue;
        fputs(comma, stdout);
        cli_print_json_text(stdout, kind);
        fputs(": [", stdout);
        for (size_t i = 0; (name = hebb_component_name(kind, i)); i++) {
            if (i) fputs(", ", stdout);
            cli_print_json_text(stdout, name);
        }
        fputc(']', stdout);
        comma = ", ";
    }
    fputs("}\n", stdout);
}

static void list_kind(const char *kind) {
    const char *name;
    int width = 0;
    for (size_t i = 0; (name = hebb_component_name(kind, i)); i++)
        if ((int)strlen(name) > width) width = (int)strlen(name);
    for (size_t i = 0; (name = hebb_component_name(kind, i)); i++)
        printf("%-*s  %s\n", width, name, hebb_component_summary(kind, i));
}

/* "neuron       lif, plif, ..." folded to the columns. */
static void list_all(void) {
    const char *kind, *name;
    int columns = isatty(STDOUT_FILENO) ? cli_columns(STDOUT_FILENO) : 80;
    for (size_t k = 0; (kind = hebb_component_kind(k)); k++) {
        int at = printf("%-12s", kind);
        for (size_t i = 0; (name = hebb_component_name(kind, i)); i++) {
            bool last = !hebb_component_name(kind, i + 1);
            if (at + (int)strlen(name) + 2 > columns) at = printf("\n%-12s", "") - 1;
            at += printf(" %s%s", name, last ? "" : ",");
        }
        fputc('\n', stdout);
    }
}

static int list(const cli_args *args) {
    const char *kinds[32];
    size_t n = 0;
    int code = cli_need_operands(args, 0, 1, "");
    if (code) return code;
    const char *wanted = args->operand_count ? args->operands[0] : NULL, *kind = NULL;
    for (const char *k; n < 31 && (k = hebb_component_kind(n)); n++) {
        kinds[n] = k;
        size_t m = strlen(k); /* the plural will do */
        if (wanted && !strncmp(wanted, k, m) && (!wanted[m] || !strcmp(wanted + m, "s"))) kind = k;
    }
    kinds[n] = NULL;
    if (wanted && !kind) {
        char near[80];
        return cli_usage(args->verb, "there is no kind '%.60s' of components%s", wanted,
                         cli_did_you_mean(near, sizeof near, wanted, kinds));
    }
    if (args->given[CLI_JSON])
        list_json(kind);
    else if (kind)
        list_kind(kind);
    else
        list_all();
    return CLI_OK;
}

const cli_verb cli_list = {
    .name = "list",
    .usage = "[KIND]",
    .summary = "list the components: neurons, encoders, losses, optimizers, ...",
    .text = "With a KIND its components are listed one a line with their meaning; 'hebb info "
            "NAME' tells the rest.",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .words = "@kinds",
    .run = list,
};

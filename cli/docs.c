/* hebb docs: the texts that are made from tables. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "cli.h"

static const cli_option options[] = {
    CLI_OPT_QUIET,
    CLI_OPT_HELP,
};

static const char *const what[] = {"components", "cli", "man", "completion", NULL};

/* One file a kind: every component's page, one below the other. */
static int write_kind(hebb_ctx *ctx, const char *folder, const char *kind) {
    char name[64], path[4096];
    const char *component, *text;
    snprintf(name, sizeof name, "%s.md", kind);
    if (!cli_join(path, sizeof path, folder, name)) {
        cli_complain("the path of '%s' is too long", folder);
        return CLI_FAILED;
    }
    FILE *file = fopen(path, "w");
    if (!file) {
        cli_complain("%s cannot be written: %s", path, strerror(errno));
        return CLI_FAILED;
    }
    fprintf(file, "<!-- made by `hebb docs components`; change the tables in src/ -->\n");
    hebb_status status = HEBB_OK;
    for (size_t i = 0; status >= 0 && (component = hebb_component_name(kind, i)); i++) {
        status = hebb_component_page(ctx, kind, component, &text);
        if (status >= 0) fprintf(file, "\n%s", text);
    }
    bool bad = ferror(file);
    if (fclose(file) || bad) {
        cli_complain("%s cannot be written: %s", path, strerror(errno));
        return CLI_FAILED;
    }
    if (status >= 0) return CLI_OK;
    cli_complain("%s", hebb_error(ctx));
    return CLI_FAILED;
}

static void write_index(FILE *file) {
    const char *kind, *name;
    fputs("# Components\n\n<!-- made by `hebb docs components`; change the tables in src/ -->\n\n"
          "The names that a network file, the C API and `hebb info` know.\n",
          file);
    for (size_t k = 0; (kind = hebb_component_kind(k)); k++) {
        fprintf(file, "\n## [%s](%s.md)\n\n| name | meaning |\n|---|---|\n", kind, kind);
        for (size_t i = 0; (name = hebb_component_name(kind, i)); i++)
            fprintf(file, "| `%s` | %s |\n", name, hebb_component_summary(kind, i));
    }
}

static int write_components(const cli_args *args, const char *folder) {
    char path[4096];
    const char *kind;
    if (mkdir(folder, 0777) != 0 && errno != EEXIST) {
        cli_complain("the folder %s cannot be made: %s", folder, strerror(errno));
        return CLI_FAILED;
    }
    FILE *index = cli_join(path, sizeof path, folder, "README.md") ? fopen(path, "w") : NULL;
    if (!index) {
        cli_complain("%s/README.md cannot be written: %s", folder, strerror(errno));
        return CLI_FAILED;
    }
    write_index(index);
    if (fclose(index)) {
        cli_complain("%s cannot be written: %s", path, strerror(errno));
        return CLI_FAILED;
    }
    hebb_ctx *ctx = cli_context(args);
    if (!ctx) return CLI_FAILED;
    int code = CLI_OK;
    for (size_t k = 0; !code && (kind = hebb_component_kind(k)); k++)
        code = write_kind(ctx, folder, kind);
    hebb_ctx_free(ctx);
    return code;
}

static int docs(const cli_args *args) {
    char near[80];
    int code = cli_need_operands(args, 1, 2, "which text (components, cli, man or completion)");
    if (code) return code;
    const char *wanted = args->operands[0];
    bool components = !strcmp(wanted, "components");
    int count = components ? 2 : 1;
    if (!components && strcmp(wanted, "cli") && strcmp(wanted, "man") &&
        strcmp(wanted, "completion"))
        return cli_usage(args->verb, "there is no text '%.60s'%s", wanted,
                         cli_did_you_mean(near, sizeof near, wanted, what));
    code = cli_need_operands(args, count, count, "the folder to write to");
    if (code) return code;
    if (components) return write_components(args, args->operands[1]);
    if (!strcmp(wanted, "cli")) cli_print_markdown(stdout);
    if (!strcmp(wanted, "man")) cli_print_man(stdout);
    if (!strcmp(wanted, "completion")) cli_print_completion(stdout);
    return CLI_OK;
}

const cli_verb cli_docs = {
    .name = "docs",
    .usage = "components DIR\ncli|man|completion",
    .summary = "write the texts that are made from the tables of components and options",
    .text = "'components' writes a page for every kind of component into DIR, as in "
            "docs/components. The others print docs/cli.md, the man page and the completion for "
            "bash on standard output.",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .words = "components|cli|man|completion",
    .run = docs,
};

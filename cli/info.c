/* hebb info: the page of a component, or what a file holds. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

static const cli_option options[] = {
    {CLI_MEMORY, "memory", 'm', CLI_NOTHING, NULL,
     "state the bytes that training the file's network takes, before it is trained", 0, 0, NULL},
    {CLI_BATCH_SIZE, "batch-size", 'b', CLI_WHOLE, "N", "samples in a batch", 1, 1e6,
     "training.batch_size"},
    CLI_OPT_SET,
    CLI_OPT_THREADS,
    CLI_OPT_JSON,
    CLI_OPT_QUIET,
    CLI_OPT_HELP,
};

/* Of a run file or of a run folder; the other is NULL. */
static int describe_network(const cli_args *args, hebb_ctx *ctx, const char *file,
                            const char *folder) {
    hebb_run_options run_options = cli_run_options(args);
    run_options.dry_run = 1;
    run_options.resume = folder;
    hebb_run *run;
    if (hebb_run_open(ctx, file, &run_options, &run) < 0) return cli_fail(ctx);
    if (args->given[CLI_MEMORY]) {
        hebb_memory memory;
        if (hebb_run_memory(run, &memory) < 0) return cli_fail(ctx);
        cli_print_memory(stdout, &memory, args->given[CLI_JSON]);
        if (args->given[CLI_JSON]) fputc('\n', stdout);
    } else
        fputs(hebb_run_summary(run), stdout);
    hebb_ctx_free(ctx);
    return CLI_OK;
}

/* Markdown as it is in a pipe; on a terminal its tables are laid out. */
static void print_page(const char *text) {
    if (isatty(STDOUT_FILENO))
        cli_print_page(stdout, text, cli_columns(STDOUT_FILENO));
    else
        fputs(text, stdout);
}

static bool is_file_name(const char *name) {
    return strchr(name, '/') || cli_ends_with(name, ".yaml") || cli_ends_with(name, ".yml") ||
           cli_ends_with(name, ".safetensors") || cli_is_file(name);
}

void cli_print_memory(FILE *out, const hebb_memory *m, bool json) {
    const struct {
        const char *name, *doc;
        size_t bytes;
    } rows[] = {
        {"parameters", "weights, biases, time constants", m->parameters},
        {"gradients", "one for each that is trained", m->gradients},
        {"optimizer", "its state", m->optimizer},
        {"tape", "spikes and values of all steps of a batch", m->tape},
        {"currents", "synaptic currents and their gradients", m->currents},
        {"states", "of the neurons of a batch", m->states},
        {"data", "data sets and room for a batch", m->data},
        {"rest", "descriptions, monitors, decoders, working room", m->rest},
        {"total", "beside the program itself", m->total},
    };
    size_t count = sizeof rows / sizeof *rows;
    for (size_t i = 0; i < count; i++)
        if (json)
            fprintf(out, "%s\"%s\": %zu%s", i ? ", " : "{", rows[i].name, rows[i].bytes,
                    i + 1 == count ? "}" : "");
        else
            fprintf(out, "%-12s %14zu  %8.1f MB  %s\n", rows[i].name, rows[i].bytes,
                    (double)rows[i].bytes / 1e6, rows[i].doc);
}

static int info(const cli_args *args) {
    int code = cli_need_operands(args, 1, 2, "the name of a component or a file");
    if (code) return code;
    const char *name = args->operands[args->operand_count - 1];
    const char *kind = args->operand_count == 2 ? args->operands[0] : NULL;
    bool network = !kind && !cli_ends_with(name, ".safetensors") &&
                   (cli_is_folder(name) || is_file_name(name));
    if (args->given[CLI_MEMORY] && !network)
        return cli_usage(args->verb, "--memory goes with a FILE.yaml or a run, not with '%s'",
                         name);
    if (args->given[CLI_JSON] && !args->given[CLI_MEMORY])
        return cli_usage(args->verb, "--json goes with --memory");
    hebb_ctx *ctx = cli_context(args);
    if (!ctx) return CLI_FAILED;
    const char *text;
    if (!kind && cli_ends_with(name, ".safetensors")) {
        if (hebb_file_describe(ctx, name, &text) < 0) return cli_fail(ctx);
        fputs(text, stdout);
    } else if (!kind && cli_is_folder(name)) {
        return describe_network(args, ctx, NULL, name);
    } else if (!kind && is_file_name(name)) {
        return describe_network(args, ctx, name, NULL);
    } else {
        if (hebb_component_page(ctx, kind, name, &text) < 0) return cli_fail(ctx);
        print_page(text);
    }
    hebb_ctx_free(ctx);
    return code;
}

const cli_verb cli_info = {
    .name = "info",
    .usage = "[KIND] NAME\nFILE.yaml|RUN\nFILE.safetensors",
    .summary = "explain a component, or describe a file",
    .text = "NAME is any component of 'hebb list': its meaning, equation, source and parameters "
            "with unit, default and range. A KIND in front tells apart components of one name. "
            "For a YAML file or a run folder the network is built and described; for a "
            "safetensors file its arrays are listed.",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .words = "@components",
    .run = info,
};

/* hebb plot: pictures of a run. */
#include <string.h>

#include "cli.h"

static const cli_option options[] = {
    {CLI_OUTPUT, "output", 'o', CLI_FILE, "FILE",
     "the picture, .png or .svg; weights: .png or .pgm (default: WHAT.png)", 0, 0, NULL},
    {CLI_CONNECTION, "connection", 'c', CLI_TEXT, "NAME",
     "weights: of which connection (default: the first whose weights are images)", 0, 0, NULL},
    CLI_OPT_THREADS,
    CLI_OPT_QUIET,
    CLI_OPT_VERBOSE,
    CLI_OPT_HELP,
};

static const char *const pictures[] = {"weights", "curve", "confusion", NULL};

static int check_what(const cli_args *args) {
    char near[80];
    for (size_t i = 0; pictures[i]; i++)
        if (!strcmp(args->operands[0], pictures[i])) return CLI_OK;
    return cli_usage(args->verb, "there is no picture '%.60s'%s", args->operands[0],
                     cli_did_you_mean(near, sizeof near, args->operands[0], pictures));
}

static int plot(const cli_args *args) {
    int code = cli_need_operands(args, 1, 2, "which picture (weights, curve or confusion)");
    if (!code) code = check_what(args);
    if (!code) code = cli_need_operands(args, 2, 2, "the RUN folder or checkpoint");
    if (code) return code;
    const char *what = args->operands[0], *path = args->value[CLI_OUTPUT];
    char usual[40];
    snprintf(usual, sizeof usual, "%.20s.png", what);
    if (!path) path = usual;
    hebb_run_options run_options = cli_run_options(args);
    run_options.resume = args->operands[1];
    run_options.dry_run = 1;
    hebb_ctx *ctx = cli_context(args);
    if (!ctx) return CLI_FAILED;
    cli_progress progress;
    cli_progress_begin(&progress, args->given[CLI_QUIET], &run_options);
    hebb_run *run;
    if (hebb_run_open(ctx, NULL, &run_options, &run) < 0) return cli_fail(ctx);
    hebb_status status = hebb_run_plot(run, what, args->value[CLI_CONNECTION], path);
    cli_progress_end(&progress);
    if (status < 0) return cli_fail(ctx);
    if (!args->given[CLI_QUIET]) printf("%s\n", path);
    hebb_ctx_free(ctx);
    return CLI_OK;
}

const cli_verb cli_plot = {
    .name = "plot",
    .usage = "weights RUN\ncurve RUN\nconfusion RUN",
    .summary = "draw a run: receptive fields, curves, the confusion table",
    .text = "RUN is a folder that 'hebb train' wrote, or one of its checkpoints. 'weights' shows "
            "each neuron's weights from the images as an image, all on one scale; 'curve' accuracy "
            "and loss over the epochs; 'confusion' tests the run and shows its table.",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .words = "weights|curve|confusion",
    .run = plot,
};

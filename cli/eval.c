/* hebb eval: what a trained network makes of the test set. */
#include <string.h>

#include "cli.h"

static const cli_option options[] = {
    {CLI_CHECKPOINT, "checkpoint", 'c', CLI_FILE, "FILE",
     "the checkpoint to evaluate (default: the run's best, else its last)", 0, 0, NULL},
    CLI_OPT_SET,
    CLI_OPT_THREADS,
    CLI_OPT_JSON,
    CLI_OPT_QUIET,
    CLI_OPT_VERBOSE,
    CLI_OPT_HELP,
};

/* A run or one of its checkpoints is taken up; a file is given the weights of one. */
static int find_weights(const cli_args *args, hebb_run_options *run, const char **file,
                        const char **checkpoint) {
    int code = cli_need_operands(args, 1, 1, "the RUN folder, checkpoint or FILE.yaml");
    if (code) return code;
    const char *what = args->operands[0];
    bool taken_up = cli_is_folder(what) || cli_ends_with(what, ".safetensors");
    *checkpoint = args->value[CLI_CHECKPOINT];
    *file = taken_up ? NULL : what;
    if (taken_up && *checkpoint)
        return cli_usage(args->verb, "--checkpoint goes with a FILE.yaml, not with '%s'", what);
    if (!taken_up && !*checkpoint)
        return cli_usage(args->verb, "'%s' is no run: --checkpoint FILE says which weights to take",
                         what);
    if (taken_up) run->resume = what;
    return CLI_OK;
}

static int evaluate(const cli_args *args) {
    const char *file, *checkpoint;
    hebb_run_options run_options = cli_run_options(args);
    int code = find_weights(args, &run_options, &file, &checkpoint);
    if (code) return code;
    hebb_ctx *ctx = cli_context(args);
    if (!ctx) return CLI_FAILED;
    cli_progress progress;
    cli_progress_begin(&progress, args->given[CLI_QUIET], &run_options);
    hebb_run *run;
    if (hebb_run_open(ctx, file, &run_options, &run) < 0) return cli_fail(ctx);
    hebb_status status = hebb_run_evaluate(run, checkpoint);
    cli_progress_end(&progress);
    if (status < 0) return cli_fail(ctx);
    printf("%s%s", args->given[CLI_JSON] ? hebb_run_json(run) : hebb_run_report(run),
           args->given[CLI_JSON] ? "\n" : "");
    hebb_ctx_free(ctx);
    return CLI_OK;
}

const cli_verb cli_eval = {
    .name = "eval",
    .usage = "RUN\nCHECKPOINT.safetensors\nFILE.yaml --checkpoint CHECKPOINT.safetensors",
    .summary = "evaluate a trained network on its test set",
    .text = "RUN is a folder that 'hebb train' wrote; its best checkpoint is taken, or the last "
            "where there is no best. A checkpoint holds the settings that it was made with.",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .words = "*",
    .run = evaluate,
};

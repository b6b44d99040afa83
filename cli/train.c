/* hebb train: trains the network of a file. */
#include <string.h>

#include "cli.h"

static const cli_option options[] = {
    {CLI_OUTPUT, "output", 'o', CLI_FOLDER, "DIR",
     "the run folder: settings, metrics, checkpoints (default: runs/NAME-DATE)", 0, 0, NULL},
    {CLI_EPOCHS, "epochs", 'e', CLI_WHOLE, "N", "how often all training samples are shown", 0, 1e6,
     "training.epochs"},
    {CLI_BATCH_SIZE, "batch-size", 'b', CLI_WHOLE, "N", "samples in a batch", 1, 1e6,
     "training.batch_size"},
    {CLI_LR, "lr", 0, CLI_REAL, "X", "learning rate of the optimizer", 0, 1e30,
     "learner.optimizer.lr"},
    {CLI_SEED, "seed", 's', CLI_WHOLE, "N", "seed of all random numbers: same seed, same result", 0,
     1.8446744073709550e19, "seed"},
    CLI_OPT_SET,
    {CLI_RESUME, "resume", 'r', CLI_MAYBE_PATH, "PATH",
     "go on from a run folder or a checkpoint (default: the run folder of -o)", 0, 0, NULL},
    {CLI_DRY_RUN, "dry-run", 'n', CLI_NOTHING, NULL, "check and build everything, train nothing", 0,
     0, NULL},
    CLI_OPT_THREADS,
    CLI_OPT_JSON,
    CLI_OPT_QUIET,
    CLI_OPT_VERBOSE,
    CLI_OPT_HELP,
};

/* The file, and the run that goes on; without a file its checkpoint holds the settings. */
static int find_file(const cli_args *args, hebb_run_options *run, const char **file) {
    *file = args->operand_count ? args->operands[0] : NULL;
    if (args->given[CLI_RESUME]) {
        run->resume = args->value[CLI_RESUME] ? args->value[CLI_RESUME] : run->output;
        if (!run->resume)
            return cli_usage(args->verb, "--resume needs a run: --resume RUN, or -o RUN --resume");
        if (!args->value[CLI_RESUME]) run->output = NULL; /* the run's own folder */
    }
    return cli_need_operands(args, run->resume ? 0 : 1, 1, "the network's FILE.yaml");
}

static void report(const cli_args *args, hebb_run *run) {
    if (args->given[CLI_JSON])
        printf("%s\n", hebb_run_json(run));
    else if (args->given[CLI_DRY_RUN])
        fputs(hebb_run_summary(run), stdout);
    else
        fputs(hebb_run_report(run), stdout);
}

static int train(const cli_args *args) {
    const char *file;
    hebb_run_options run_options = cli_run_options(args);
    cli_progress progress;
    run_options.output = args->value[CLI_OUTPUT];
    run_options.dry_run = args->given[CLI_DRY_RUN];
    int code = find_file(args, &run_options, &file);
    if (code) return code;
    hebb_ctx *ctx = cli_context(args);
    if (!ctx) return CLI_FAILED;
    cli_progress_begin(&progress, args->given[CLI_QUIET], &run_options);
    hebb_run *run;
    if (hebb_run_open(ctx, file, &run_options, &run) < 0) return cli_fail(ctx);
    if (args->given[CLI_VERBOSE] && !args->given[CLI_DRY_RUN]) fputs(hebb_run_summary(run), stderr);
    cli_catch_interrupt();
    hebb_status status = args->given[CLI_DRY_RUN] ? HEBB_OK : hebb_run_train(run);
    cli_progress_end(&progress);
    if (status < 0) return cli_fail(ctx);
    report(args, run);
    hebb_ctx_free(ctx);
    return status == HEBB_STOPPED ? cli_interrupt_code() : CLI_OK;
}

const cli_verb cli_train = {
    .name = "train",
    .usage = "FILE.yaml\n--resume RUN",
    .summary = "train the network that a YAML file describes",
    .text = "Settings come from the defaults, then the file, then --set, then the other options: "
            "the later one wins.\n"
            "The run folder holds the settings as they were used, the metrics of every epoch and "
            "the checkpoints. Ctrl-C saves a checkpoint and ends with exit code 130; a second "
            "Ctrl-C ends at once.",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .words = "*.yaml",
    .run = train,
};

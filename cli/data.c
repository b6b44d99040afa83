/* hebb data: which data sets there are, fetching them, looking at them. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

static const cli_option options[] = {
    {CLI_TO, "to", 't', CLI_FOLDER, "DIR",
     "where 'get' puts the files and 'show' looks for them (default: the cache)", 0, 0, NULL},
    {CLI_SPLIT, "split", 0, CLI_TEXT, "SPLIT", "'show': train or test (default: train)", 0, 0,
     NULL},
    {CLI_INDEX, "index", 'i', CLI_WHOLE, "N", "'show': the first sample shown (default: 0)", 0,
     1e15, NULL},
    CLI_OPT_QUIET,
    CLI_OPT_HELP,
};

static const char *const actions[] = {"get", "list", "show", NULL};

static int get(const cli_args *args, const char *name) {
    hebb_ctx *ctx = cli_context(args);
    if (!ctx) return CLI_FAILED;
    if (hebb_data_get(ctx, name, args->value[CLI_TO]) < 0) return cli_fail(ctx);
    hebb_ctx_free(ctx);
    return CLI_OK;
}

static int list_sets(void) {
    const char *name;
    for (size_t i = 0; (name = hebb_component_name("dataset", i)); i++)
        printf("%-14s  %s\n", name, hebb_component_summary("dataset", i));
    return CLI_OK;
}

/* Squares are drawn, two characters a pixel; other samples are written as numbers. */
static void draw(const float *values, size_t size, int label) {
    static const char shades[] = " .:-=+*#%@";
    size_t side = (size_t)(sqrt((double)size) + 0.5);
    printf("label %d\n", label);
    if (side * side != size || side < 5) {
        for (size_t i = 0; i < size; i++) printf("%s%g", i ? " " : "", (double)values[i]);
        fputc('\n', stdout);
        return;
    }
    for (size_t y = 0; y < side; y++) {
        char line[2 * 512 + 1];
        size_t n = 0;
        for (size_t x = 0; x < side && x < 512; x++) {
            double v = (double)values[y * side + x];
            int shade = v > 0 ? (int)(v * 9.999) : 0;
            memset(line + n, shades[shade > 9 ? 9 : shade], 2);
            n += 2;
        }
        while (n && line[n - 1] == ' ') n--;
        printf("%.*s\n", (int)n, line);
    }
}

static int show(const cli_args *args, const char *name) {
    const char *split = args->value[CLI_SPLIT] ? args->value[CLI_SPLIT] : "train";
    size_t first = args->value[CLI_INDEX] ? strtoull(args->value[CLI_INDEX], NULL, 10) : 0;
    hebb_ctx *ctx = cli_context(args);
    if (!ctx) return CLI_FAILED;
    hebb_dataset *set;
    if (hebb_dataset_open(ctx, name, split, args->value[CLI_TO], 0, &set) < 0) return cli_fail(ctx);
    size_t count = hebb_dataset_count(set), size = hebb_dataset_sample_size(set);
    float *values = malloc(size * sizeof *values);
    int code = values ? CLI_OK : CLI_FAILED;
    if (!values) cli_complain("out of memory");
    if (values && first >= count) {
        code = cli_usage(args->verb, "--index %zu: '%s' has the samples 0 to %zu", first, name,
                         count - 1);
    } else if (values) {
        printf("%s %s: %zu samples of %zu values, %zu classes\n", name, split, count, size,
               hebb_dataset_classes(set));
        for (size_t i = first; i < count && i < first + 3; i++) {
            int32_t label;
            if (hebb_dataset_sample(set, i, values, &label) < 0) {
                free(values);
                return cli_fail(ctx);
            }
            draw(values, size, label);
        }
    }
    free(values);
    hebb_ctx_free(ctx);
    return code;
}

static int data(const cli_args *args) {
    char near[80];
    int code = cli_need_operands(args, 1, 2, "what to do (get, list or show)");
    if (code) return code;
    const char *action = args->operands[0];
    bool named = strcmp(action, "list") != 0;
    if (strcmp(action, "get") && strcmp(action, "list") && strcmp(action, "show"))
        return cli_usage(args->verb, "data can get, list and show, not '%.60s'%s", action,
                         cli_did_you_mean(near, sizeof near, action, actions));
    code = cli_need_operands(args, named ? 2 : 1, named ? 2 : 1, "the NAME of the data set");
    if (code) return code;
    if (!named) return list_sets();
    return action[0] == 'g' ? get(args, args->operands[1]) : show(args, args->operands[1]);
}

const cli_verb cli_data = {
    .name = "data",
    .usage = "list\nget NAME\nshow NAME",
    .summary = "list, fetch or look at data sets",
    .text = "'get' fetches a public data set and checks it; 'show' draws three of its samples.\n"
            "Data sets are looked for in the folder of --to, in HEBB_DATA_DIR and in the cache.",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .words = "list|get|show",
    .run = data,
};

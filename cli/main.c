/* hebb: finds the verb, parses its options, runs it. */
#include <errno.h>
#include <string.h>

#include "cli.h"

const cli_verb *const cli_verbs[] = {&cli_train,   &cli_eval, &cli_bench, &cli_info,
                                     &cli_list,    &cli_data, &cli_plot,  &cli_docs,
                                     &cli_version, &cli_help, NULL};

const cli_option cli_global_options[] = {
    CLI_OPT_HELP,
    {CLI_VERSION, "version", 'V', CLI_NOTHING, NULL, "show the version and exit", 0, 0, NULL},
    CLI_OPT_VERBOSE,
    CLI_OPT_QUIET,
};
const size_t cli_global_option_count = sizeof cli_global_options / sizeof *cli_global_options;

const cli_verb *cli_verb_find(const char *name) {
    const char *names[sizeof cli_verbs / sizeof *cli_verbs];
    size_t n = 0;
    for (; cli_verbs[n]; n++) {
        if (!strcmp(cli_verbs[n]->name, name)) return cli_verbs[n];
        names[n] = cli_verbs[n]->name;
    }
    names[n] = NULL;
    char near[80];
    cli_usage(NULL, "there is no command '%.60s'%s", name,
              cli_did_you_mean(near, sizeof near, name, names));
    return NULL;
}

/* What was printed must have arrived. */
static int flushed(int code) {
    errno = 0;
    if (fflush(stdout) == 0 && !ferror(stdout)) return code;
    cli_complain("the result could not be written: %s",
                 errno ? strerror(errno) : "the output was closed");
    return code ? code : CLI_FAILED;
}

static int run_verb(cli_args *args, int argc, char **argv) {
    args->verb = cli_verb_find(argv[0]);
    if (!args->verb) return CLI_USAGE;
    int code =
        cli_parse(args, argc, argv, args->verb->options, args->verb->option_count, false, NULL);
    if (code) return code;
    if (args->given[CLI_HELP]) {
        cli_print_help(stdout, args->verb);
        return CLI_OK;
    }
    return args->verb->run(args);
}

static int run(int argc, char **argv) {
    cli_args first = {0}, args = {0};
    int next = 1;
    int code =
        cli_parse(&first, argc, argv, cli_global_options, cli_global_option_count, true, &next);
    cli_args_free(&first);
    if (code) return code;
    if (first.given[CLI_HELP]) {
        cli_print_help(stdout, NULL);
        return CLI_OK;
    }
    if (first.given[CLI_VERSION]) {
        printf("hebb %s\n", hebb_version());
        return CLI_OK;
    }
    if (next >= argc) {
        cli_print_help(stderr, NULL);
        return CLI_USAGE;
    }
    args.given[CLI_QUIET] = first.given[CLI_QUIET];
    args.given[CLI_VERBOSE] = first.given[CLI_VERBOSE];
    code = run_verb(&args, argc - next, argv + next);
    cli_args_free(&args);
    return code;
}

int main(int argc, char **argv) { return flushed(argc < 1 ? CLI_USAGE : run(argc, argv)); }

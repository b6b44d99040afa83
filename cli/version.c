/* hebb version: the version and what this build can do. */
#include "cli.h"

static const cli_option options[] = {
    CLI_OPT_JSON,
    CLI_OPT_HELP,
};

static int version(const cli_args *args) {
    int code = cli_need_operands(args, 0, 0, "");
    if (code) return code;
    if (!args->given[CLI_JSON]) {
        printf("hebb %s\n%s\n", hebb_version(), hebb_build_info());
        return CLI_OK;
    }
    fputs("{\"version\": ", stdout);
    cli_print_json_text(stdout, hebb_version());
    fputs(", \"build\": ", stdout);
    cli_print_json_text(stdout, hebb_build_info());
    fputs("}\n", stdout);
    return CLI_OK;
}

const cli_verb cli_version = {
    .name = "version",
    .usage = "",
    .summary = "show the version and what this build can do",
    .text = "",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .words = "",
    .run = version,
};

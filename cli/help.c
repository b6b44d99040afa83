/* hebb help: the help of the command or of a verb. */
#include "cli.h"

static const cli_option options[] = {CLI_OPT_HELP};

static int help(const cli_args *args) {
    int code = cli_need_operands(args, 0, 1, "");
    if (code) return code;
    const cli_verb *verb = args->operand_count ? cli_verb_find(args->operands[0]) : NULL;
    if (args->operand_count && !verb) return CLI_USAGE;
    cli_print_help(stdout, verb);
    return CLI_OK;
}

const cli_verb cli_help = {
    .name = "help",
    .usage = "[COMMAND]",
    .summary = "show the help of a command",
    .text = "",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .words = "@verbs",
    .run = help,
};

/* Parsing: getopt_long driven by a table, with sentences of our own. */
#include "cli.h"

#include <getopt.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_OPTIONS = 32, FIRST_LONG = 256 };

static const cli_option *option_of(const cli_option *options, size_t count, int code) {
    if (code >= FIRST_LONG && (size_t)(code - FIRST_LONG) < count)
        return &options[code - FIRST_LONG];
    for (size_t i = 0; i < count; i++)
        if (options[i].letter && options[i].letter == code) return &options[i];
    return NULL;
}

/* What getopt_long wants to know. */
static void make_getopt(const cli_option *options, size_t count, bool stop_at_operand,
                        struct option *longs, char *shorts) {
    *shorts++ = stop_at_operand ? '+' : ':';
    if (stop_at_operand) *shorts++ = ':';
    for (size_t i = 0; i < count; i++) {
        int has = options[i].takes == CLI_NOTHING      ? no_argument
                  : options[i].takes == CLI_MAYBE_PATH ? optional_argument
                                                       : required_argument;
        longs[i] = (struct option){options[i].name, has, NULL, FIRST_LONG + (int)i};
        if (!options[i].letter) continue;
        *shorts++ = options[i].letter;
        for (int colon = 0; colon < has; colon++) *shorts++ = ':';
    }
    longs[count] = (struct option){0};
    *shorts = 0;
}

static int refuse_unknown(const cli_verb *verb, const cli_option *options, size_t count,
                          const char *word) {
    const char *names[MOST_OPTIONS + 1];
    char wanted[80], near[120];
    size_t n = strcspn(word + 2, "="), alike = 0;
    snprintf(wanted, sizeof wanted, "%.*s", (int)(n < 70 ? n : 70), word + 2);
    for (size_t i = 0; i < count; i++) {
        names[i] = options[i].name;
        alike += !strncmp(options[i].name, wanted, strlen(wanted));
    }
    names[count] = NULL;
    if (alike > 1) return cli_usage(verb, "the option '--%s' is ambiguous", wanted);
    cli_did_you_mean(near, sizeof near, wanted, names);
    char *quote = strchr(near, '\'');
    if (!quote) return cli_usage(verb, "there is no option '--%s'", wanted);
    return cli_usage(verb, "there is no option '--%s'; did you mean '--%s", wanted, quote + 1);
}

/* getopt_long said '?' or ':'. */
static int refuse(const cli_verb *verb, const cli_option *options, size_t count, int said,
                  const char *word) {
    const cli_option *option = option_of(options, count, optopt);
    if (said == ':' && option)
        return cli_usage(verb, "the option '%s' needs a value: --%s %s", word, option->name,
                         option->value);
    if (option) return cli_usage(verb, "the option '--%s' takes no value", option->name);
    if (optopt) return cli_usage(verb, "there is no option '-%c'", optopt);
    return refuse_unknown(verb, options, count, word);
}

static int check_number(const cli_verb *verb, const cli_option *option, const char *text) {
    char *end;
    double value = strtod(text, &end);
    bool whole = option->takes == CLI_WHOLE;
    bool digits = text[strspn(text, "0123456789")] == 0;
    bool good = end != text && !*end && isfinite(value) && value <= option->high &&
                (whole ? digits && value >= option->low : value > option->low);
    if (good) return CLI_OK;
    if (whole && option->high >= 1e15)
        return cli_usage(verb, "--%s takes a whole number, %.0f or more, not '%s'", option->name,
                         option->low, text);
    if (whole)
        return cli_usage(verb, "--%s takes a whole number from %.0f to %.0f, not '%s'",
                         option->name, option->low, option->high, text);
    return cli_usage(verb, "--%s takes a number above %g, not '%s'", option->name, option->low,
                     text);
}

static int check_value(const cli_verb *verb, const cli_option *option, const char *text) {
    if (option->takes == CLI_WHOLE || option->takes == CLI_REAL)
        return check_number(verb, option, text);
    if (option->takes == CLI_SETTING && (!strchr(text, '=') || text[0] == '='))
        return cli_usage(verb, "--%s takes KEY=VALUE, as in training.epochs=3, not '%s'",
                         option->name, text);
    if (option->takes != CLI_MAYBE_PATH && !text[0])
        return cli_usage(verb, "--%s is given an empty %s", option->name, option->value);
    return CLI_OK;
}

/* An optional path may also stand in the next word, where that can be nothing else. */
static char *path_behind(int argc, char **argv) {
    if (optind >= argc || argv[optind][0] == '-') return NULL;
    char *word = argv[optind];
    if (!cli_is_folder(word) && !cli_ends_with(word, ".safetensors")) return NULL;
    optind++;
    return word;
}

static int take(cli_args *args, const cli_option *option, int argc, char **argv) {
    const char *value = optarg;
    if (option->takes == CLI_MAYBE_PATH && !value) value = path_behind(argc, argv);
    if (value) {
        int code = check_value(args->verb, option, value);
        if (code) return code;
    }
    args->given[option->id] = true;
    args->value[option->id] = value;
    if (option->takes == CLI_SETTING) args->set[args->set_count++] = value;
    return CLI_OK;
}

/* Options that stand for settings come behind the --set ones: they win. */
static int add_settings(cli_args *args, const cli_option *options, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (!options[i].path || !args->value[options[i].id]) continue;
        size_t size = strlen(options[i].path) + strlen(args->value[options[i].id]) + 2;
        char *text = malloc(size);
        if (!text) {
            cli_complain("out of memory");
            return CLI_FAILED;
        }
        snprintf(text, size, "%s=%s", options[i].path, args->value[options[i].id]);
        args->owned[args->owned_count++] = text;
        args->set[args->set_count++] = text;
    }
    args->set[args->set_count] = NULL;
    return CLI_OK;
}

int cli_parse(cli_args *args, int argc, char **argv, const cli_option *options, size_t count,
              bool stop_at_operand, int *next) {
    struct option longs[MOST_OPTIONS + 1];
    char shorts[3 * MOST_OPTIONS + 3];
    size_t room = (size_t)argc + count + 1;
    if (!args->set) args->set = calloc(room, sizeof *args->set);
    if (!args->owned) args->owned = calloc(count + 1, sizeof *args->owned);
    if (!args->set || !args->owned || count > MOST_OPTIONS) {
        cli_complain("out of memory");
        return CLI_FAILED;
    }
    make_getopt(options, count, stop_at_operand, longs, shorts);
    opterr = 0;
    optind = 0;
    for (;;) {
        const char *word = argv[optind > 0 ? optind : 1];
        int said = getopt_long(argc, argv, shorts, longs, NULL);
        if (said < 0) break;
        if (said == '?' || said == ':') {
            if (!optopt || said == ':') word = argv[optind - 1];
            return refuse(args->verb, options, count, said, word);
        }
        int code = take(args, option_of(options, count, said), argc, argv);
        if (code) return code;
    }
    if (next) *next = optind;
    args->operands = argv + optind;
    args->operand_count = argc - optind;
    return stop_at_operand ? CLI_OK : add_settings(args, options, count);
}

void cli_args_free(cli_args *args) {
    for (size_t i = 0; i < args->owned_count; i++) free(args->owned[i]);
    free(args->owned);
    free(args->set);
}

int cli_need_operands(const cli_args *args, int low, int high, const char *what) {
    if (args->operand_count < low) return cli_usage(args->verb, "%s is missing", what);
    if (args->operand_count > high)
        return cli_usage(args->verb, "'%s' is one word too many", args->operands[high]);
    return CLI_OK;
}

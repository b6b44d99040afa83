/* Help, man page, docs/cli.md and bash completion: all from the verbs' tables. */
#include <string.h>

#include "cli.h"

static const char about[] = "build spiking neural networks, run them and teach them";

/* Prints text folded at width, later lines indented; *text ends at a newline. */
static void fold(FILE *out, const char *text, size_t length, int at, int indent, int width) {
    const char *end = text + length;
    while (text < end) {
        const char *word = text;
        while (text < end && *text != ' ') text++;
        int n = (int)(text - word);
        if (at > indent && at + 1 + n > width) {
            fprintf(out, "\n%*s", indent, "");
            at = indent;
        } else if (at > indent) {
            fputc(' ', out);
            at++;
        }
        fprintf(out, "%.*s", n, word);
        at += n;
        while (text < end && *text == ' ') text++;
    }
    fputc('\n', out);
}

/* Calls for each line of text. */
typedef void (*line_work)(FILE *out, const cli_verb *verb, const char *line, int length);

static void each_line(FILE *out, const cli_verb *verb, const char *text, line_work work) {
    for (;;) {
        const char *end = strchr(text, '\n');
        work(out, verb, text, end ? (int)(end - text) : (int)strlen(text));
        if (!end) return;
        text = end + 1;
    }
}

/* "-o, --output=DIR" */
static void option_text(char *buffer, size_t size, const cli_option *option) {
    char letter[8] = "    ";
    if (option->letter) snprintf(letter, sizeof letter, "-%c, ", option->letter);
    bool maybe = option->takes == CLI_MAYBE_PATH;
    snprintf(buffer, size, "%s--%s%s%s%s", letter, option->name,
             option->takes == CLI_NOTHING ? ""
             : maybe                      ? "[="
                                          : " ",
             option->value ? option->value : "", maybe ? "]" : "");
}

static void help_options(FILE *out, const cli_option *options, size_t count) {
    for (size_t i = 0; i < count; i++) {
        char words[80];
        option_text(words, sizeof words, &options[i]);
        int at = fprintf(out, "  %-24s", words);
        if (at > 26) at = fprintf(out, "\n%26s", "") - 1;
        fold(out, options[i].doc, strlen(options[i].doc), at, 26, 79);
    }
}

static void usage_line(FILE *out, const cli_verb *verb, const char *line, int length) {
    fprintf(out, "%s hebb %s [OPTION]...%s%.*s\n",
            line == verb->usage ? "Usage:" : "   or:", verb->name, length ? " " : "", length, line);
}

static void text_line(FILE *out, const cli_verb *verb, const char *line, int length) {
    (void)verb;
    fold(out, line, (size_t)length, 0, 0, 79);
}

void cli_print_help(FILE *out, const cli_verb *verb) {
    if (verb) {
        each_line(out, verb, verb->usage, usage_line);
        fprintf(out, "%c%s.\n", verb->summary[0] - 32, verb->summary + 1);
        fputs("\n", out);
        help_options(out, verb->options, verb->option_count);
        if (verb->text[0]) {
            fputs("\n", out);
            each_line(out, verb, verb->text, text_line);
        }
        return;
    }
    fprintf(out, "Usage: hebb COMMAND [OPTION]... [WORD]...\nhebb: %s.\n\nCommands:\n", about);
    for (size_t i = 0; cli_verbs[i]; i++)
        fprintf(out, "  %-9s %s\n", cli_verbs[i]->name, cli_verbs[i]->summary);
    fputs("\nOptions:\n", out);
    help_options(out, cli_global_options, cli_global_option_count);
    fputs("\n'hebb COMMAND --help' tells the options of a command.\n", out);
}

/* ---- man page ---- */

static void roff(FILE *out, const char *text, int length) {
    for (int i = 0; i < length; i++) {
        if (text[i] == '-')
            fputs("\\-", out);
        else if (text[i] == '\\')
            fputs("\\e", out);
        else if ((text[i] == '.' || text[i] == '\'') && i == 0)
            fprintf(out, "\\&%c", text[i]);
        else
            fputc(text[i], out);
    }
}

static void man_usage(FILE *out, const cli_verb *verb, const char *line, int length) {
    fprintf(out, ".B hebb %s\n[\\fIOPTION\\fR]... ", verb->name);
    roff(out, line, length);
    fputs("\n.br\n", out);
}

static void man_text(FILE *out, const cli_verb *verb, const char *line, int length) {
    (void)verb;
    fputs(".PP\n", out);
    roff(out, line, length);
    fputs("\n", out);
}

static void man_options(FILE *out, const cli_option *options, size_t count) {
    for (size_t i = 0; i < count; i++) {
        char words[80];
        option_text(words, sizeof words, &options[i]);
        const char *text = words + strspn(words, " ");
        fputs(".TP\n\\fB", out);
        roff(out, text, (int)strlen(text));
        fputs("\\fR\n", out);
        roff(out, options[i].doc, (int)strlen(options[i].doc));
        fputs("\n", out);
    }
}

static const struct {
    const char *name, *doc;
} variables[] = {
    {"HEBB_DATA_DIR", "folder in which data sets are looked for before the cache"},
    {"HEBB_CPU", "baseline, avx2 or avx512: the most that the kernels may use"},
    {"XDG_CACHE_HOME", "where the cache is (default: ~/.cache); data sets go to its folder hebb"},
    {"NO_COLOR", "if set, the progress bar has no colour"},
    {"COLUMNS", "width of the progress bar and of pages"},
};
enum { VARIABLES = sizeof variables / sizeof *variables };

static const struct {
    int code;
    const char *doc;
} codes[] = {
    {CLI_OK, "done"},
    {CLI_FAILED, "a failure; a sentence on standard error says what, where and what is allowed"},
    {CLI_USAGE, "a command or an option that does not exist or is used wrongly"},
    {CLI_INTERRUPTED, "stopped by Ctrl-C; 'hebb train' has saved a checkpoint"},
};
enum { CODES = sizeof codes / sizeof *codes };

void cli_print_man(FILE *out) {
    fprintf(out, ".TH HEBB 1 \"\" \"hebb %s\" \"User commands\"\n", hebb_version());
    fprintf(out, ".SH NAME\nhebb \\- %s\n.SH SYNOPSIS\n", about);
    for (size_t i = 0; cli_verbs[i]; i++)
        each_line(out, cli_verbs[i], cli_verbs[i]->usage, man_usage);
    fputs(".SH DESCRIPTION\nResults are written to standard output, progress and notes to "
          "standard error.\n.SH OPTIONS\nWithout a command, or before it:\n",
          out);
    man_options(out, cli_global_options, cli_global_option_count);
    fputs(".SH COMMANDS\n", out);
    for (size_t i = 0; cli_verbs[i]; i++) {
        const cli_verb *verb = cli_verbs[i];
        fprintf(out, ".SS hebb %s\n%c%s.\n", verb->name, verb->summary[0] - 32, verb->summary + 1);
        if (verb->text[0]) each_line(out, verb, verb->text, man_text);
        man_options(out, verb->options, verb->option_count);
    }
    fputs(".SH EXIT STATUS\n", out);
    for (int i = 0; i < CODES; i++) fprintf(out, ".TP\n%d\n%s\n", codes[i].code, codes[i].doc);
    fputs(".SH ENVIRONMENT\n", out);
    for (int i = 0; i < VARIABLES; i++)
        fprintf(out, ".TP\n%s\n%s\n", variables[i].name, variables[i].doc);
}

/* ---- docs/cli.md ---- */

static void markdown_usage(FILE *out, const cli_verb *verb, const char *line, int length) {
    fprintf(out, "    hebb %s [OPTION]...%s%.*s\n", verb->name, length ? " " : "", length, line);
}

static void markdown_text(FILE *out, const cli_verb *verb, const char *line, int length) {
    (void)verb;
    fprintf(out, "%.*s\n\n", length, line);
}

static void markdown_options(FILE *out, const cli_option *options, size_t count) {
    fputs("| option | meaning |\n|---|---|\n", out);
    for (size_t i = 0; i < count; i++) {
        char words[80];
        option_text(words, sizeof words, &options[i]);
        fprintf(out, "| `%s` | %s |\n", words + strspn(words, " "), options[i].doc);
    }
    fputs("\n", out);
}

void cli_print_markdown(FILE *out) {
    fprintf(out,
            "# The command `hebb`\n\n<!-- made by `hebb docs cli`; change the tables in cli/*.c "
            "-->\n\n`hebb`: %s. Results are written to standard output, progress and notes to "
            "standard error.\n\n",
            about);
    markdown_options(out, cli_global_options, cli_global_option_count);
    for (size_t i = 0; cli_verbs[i]; i++) {
        const cli_verb *verb = cli_verbs[i];
        fprintf(out, "## hebb %s\n\n%c%s.\n\n", verb->name, verb->summary[0] - 32,
                verb->summary + 1);
        each_line(out, verb, verb->usage, markdown_usage);
        fputs("\n", out);
        if (verb->text[0]) each_line(out, verb, verb->text, markdown_text);
        markdown_options(out, verb->options, verb->option_count);
    }
    fputs("## Exit codes\n\n| code | meaning |\n|---|---|\n", out);
    for (int i = 0; i < CODES; i++) fprintf(out, "| %d | %s |\n", codes[i].code, codes[i].doc);
    fputs("\n## Environment\n\n| variable | meaning |\n|---|---|\n", out);
    for (int i = 0; i < VARIABLES; i++)
        fprintf(out, "| `%s` | %s |\n", variables[i].name, variables[i].doc);
}

/* ---- bash completion ---- */

static void completion_options(FILE *out, const cli_option *options, size_t count) {
    for (size_t i = 0; i < count; i++) {
        fprintf(out, "%s--%s", i ? " " : "", options[i].name);
        if (options[i].letter) fprintf(out, " -%c", options[i].letter);
    }
}

/* The words of a verb as a bash statement that fills COMPREPLY. */
static void completion_words(FILE *out, const cli_verb *verb) {
    const char *words = verb->words;
    if (!strcmp(words, "@components"))
        fputs("COMPREPLY=($(compgen -W \"$(hebb list 2>/dev/null | tr -d ,)\" -- \"$cur\") "
              "$(compgen -f -- \"$cur\"))",
              out);
    else if (!strcmp(words, "@kinds"))
        fputs("COMPREPLY=($(compgen -W \"$(hebb list 2>/dev/null | grep -o '^[a-z]*')\" -- "
              "\"$cur\"))",
              out);
    else if (!strcmp(words, "@verbs"))
        fputs("COMPREPLY=($(compgen -W \"$verbs\" -- \"$cur\"))", out);
    else if (words[0] == '*')
        fprintf(out, "COMPREPLY=($(compgen -f -X '!%s' -- \"$cur\") $(compgen -d -- \"$cur\"))",
                words);
    else if (words[0]) {
        fputs("COMPREPLY=($(compgen -W \"", out);
        for (const char *c = words; *c; c++) fputc(*c == '|' ? ' ' : *c, out);
        fputs("\" -- \"$cur\"))", out);
    } else
        fputs(":", out);
}

static void completion_values(FILE *out, const cli_verb *verb) {
    for (size_t i = 0; i < verb->option_count; i++) {
        const cli_option *option = &verb->options[i];
        if (option->takes == CLI_NOTHING) continue;
        bool folder = option->takes == CLI_FOLDER,
             file = option->takes == CLI_FILE || option->takes == CLI_MAYBE_PATH;
        fprintf(out, "            %s:--%s", verb->name, option->name);
        if (option->letter) fprintf(out, "|%s:-%c", verb->name, option->letter);
        fprintf(out, ") %s return ;;\n",
                folder ? "COMPREPLY=($(compgen -d -- \"$cur\"));"
                : file ? "COMPREPLY=($(compgen -f -- \"$cur\"));"
                       : "");
    }
}

void cli_print_completion(FILE *out) {
    fputs("# bash completion for hebb; made by `hebb docs completion`\n_hebb() {\n"
          "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} verb= i\n"
          "    local verbs=\"",
          out);
    for (size_t i = 0; cli_verbs[i]; i++) fprintf(out, "%s%s", i ? " " : "", cli_verbs[i]->name);
    fputs("\"\n    COMPREPLY=()\n    for ((i = 1; i < COMP_CWORD; i++)); do\n"
          "        [[ ${COMP_WORDS[i]} != -* ]] && { verb=${COMP_WORDS[i]}; break; }\n    done\n"
          "    case $verb:$prev in\n",
          out);
    for (size_t i = 0; cli_verbs[i]; i++) completion_values(out, cli_verbs[i]);
    fputs("    esac\n    case $verb:$cur in\n        :-*) COMPREPLY=($(compgen -W \"", out);
    completion_options(out, cli_global_options, cli_global_option_count);
    fputs("\" -- \"$cur\")) ;;\n        :*) COMPREPLY=($(compgen -W \"$verbs\" -- \"$cur\")) ;;\n",
          out);
    for (size_t i = 0; cli_verbs[i]; i++) {
        const cli_verb *verb = cli_verbs[i];
        fprintf(out, "        %s:-*) COMPREPLY=($(compgen -W \"", verb->name);
        completion_options(out, verb->options, verb->option_count);
        fprintf(out, "\" -- \"$cur\")) ;;\n        %s:*) ", verb->name);
        completion_words(out, verb);
        fputs(" ;;\n", out);
    }
    fputs("    esac\n}\ncomplete -F _hebb hebb\n", out);
}

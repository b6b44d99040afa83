/* The command `hebb`: what its verbs share. One table of options per verb gives
 * the parser, --help, the man page, docs/cli.md and the bash completion. */
#ifndef HEBB_CLI_H
#define HEBB_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "hebb/hebb.h"

enum { CLI_OK = 0, CLI_FAILED = 1, CLI_USAGE = 2, CLI_INTERRUPTED = 130 };

typedef enum cli_id {
    CLI_HELP,
    CLI_VERSION,
    CLI_VERBOSE,
    CLI_QUIET,
    CLI_THREADS,
    CLI_SEED,
    CLI_OUTPUT,
    CLI_EPOCHS,
    CLI_BATCH_SIZE,
    CLI_LR,
    CLI_SET,
    CLI_RESUME,
    CLI_CHECKPOINT,
    CLI_JSON,
    CLI_DRY_RUN,
    CLI_TO,
    CLI_SPLIT,
    CLI_INDEX,
    CLI_CONNECTION,
    CLI_BATCHES,
    CLI_REPEAT,
    CLI_WARM_UP,
    CLI_TRAIN,
    CLI_INFERENCE,
    CLI_TRACE,
    CLI_MEMORY,
    CLI_IDS
} cli_id;

typedef enum cli_takes {
    CLI_NOTHING,
    CLI_TEXT,
    CLI_FOLDER,    /* completed by folders */
    CLI_FILE,      /* completed by files */
    CLI_WHOLE,     /* a whole number low .. high */
    CLI_REAL,      /* a number above low, up to high */
    CLI_SETTING,   /* a.b=c; may be given again and again */
    CLI_MAYBE_PATH /* a path, or nothing */
} cli_takes;

typedef struct cli_option {
    cli_id id;
    const char *name;
    char letter; /* 0: none */
    cli_takes takes;
    const char *value; /* what the value is called */
    const char *doc;
    double low, high;
    const char *path; /* the setting that it overrides, or NULL */
} cli_option;

struct cli_args;

typedef struct cli_verb {
    const char *name;
    const char *usage;   /* operands; one line for each form */
    const char *summary; /* one line */
    const char *text;    /* paragraphs, one line each */
    const cli_option *options;
    size_t option_count;
    const char *words; /* operands to complete: "a|b", "*.yaml", "@kinds", "@components" */
    int (*run)(const struct cli_args *args);
} cli_verb;

typedef struct cli_args {
    const cli_verb *verb;
    bool given[CLI_IDS];
    const char *value[CLI_IDS]; /* NULL if not given or without value */
    const char **set;           /* overrides in order: --set, then options; NULL ends them */
    size_t set_count;
    char **owned; /* texts of set that were composed */
    size_t owned_count;
    char **operands;
    int operand_count;
} cli_args;

extern const cli_verb cli_train, cli_eval, cli_bench, cli_info, cli_list, cli_data, cli_plot,
    cli_docs, cli_version, cli_help;
extern const cli_verb *const cli_verbs[]; /* NULL ends them */
extern const cli_option cli_global_options[];
extern const size_t cli_global_option_count;
const cli_verb *cli_verb_find(const char *name); /* NULL with a sentence on stderr */

/* Parses argv[1..] after the verb; CLI_OK, or CLI_USAGE with a sentence on
 * stderr. args holds the global options already. */
int cli_parse(cli_args *args, int argc, char **argv, const cli_option *options, size_t count,
              bool stop_at_operand, int *next);
void cli_args_free(cli_args *args);
/* CLI_USAGE with a sentence unless low <= operands <= high. */
int cli_need_operands(const cli_args *args, int low, int high, const char *what);

/* Sentences on stderr: "hebb: ...". */
void cli_complain(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The same, and where to find help; returns CLI_USAGE. */
int cli_usage(const cli_verb *verb, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* " did you mean 'x'?" for the nearest of names (NULL ends them), or "". */
const char *cli_did_you_mean(char *buffer, size_t size, const char *wanted,
                             const char *const *names);

/* A context with the threads and the seed that were asked for; NULL with a
 * sentence. */
hebb_ctx *cli_context(const cli_args *args);
/* hebb_run_options with the settings and notes that every verb of a run has. */
hebb_run_options cli_run_options(const cli_args *args);
/* Says what failed, frees the context; returns CLI_FAILED. */
int cli_fail(hebb_ctx *ctx);
bool cli_is_folder(const char *path);
bool cli_is_file(const char *path);
bool cli_ends_with(const char *text, const char *ending);
/* DIR/NAME; false if it does not fit. */
bool cli_join(char *path, size_t size, const char *folder, const char *name);
int cli_columns(int fd); /* COLUMNS, else the terminal's width, else 80 */

/* Texts made from the tables. */
void cli_print_help(FILE *out, const cli_verb *verb); /* NULL: of the whole command */
void cli_print_man(FILE *out);
void cli_print_markdown(FILE *out);
void cli_print_completion(FILE *out);
/* Markdown for a terminal: tables laid out in columns. */
void cli_print_page(FILE *out, const char *markdown, int columns);
/* A JSON text with its quotes. */
void cli_print_json_text(FILE *out, const char *text);

/* A table with a line each, or a JSON object. */
void cli_print_memory(FILE *out, const hebb_memory *memory, bool json);

/* Notes of a run, and a bar below them on a terminal. */
typedef struct cli_progress {
    bool quiet, terminal, colour, bar_shown, told;
    double began, drawn, first; /* seconds; the part done at the first call */
    bool started;
} cli_progress;

/* From here on a run with these options shows how far it is, and its notes above the bar. */
void cli_progress_begin(cli_progress *progress, bool quiet, hebb_run_options *options);
void cli_progress_end(cli_progress *progress);
/* After this the first Ctrl-C makes the progress ask to stop, the second
 * ends the process. */
void cli_catch_interrupt(void);
int cli_interrupt_code(void); /* 128 + the signal: 130 for Ctrl-C */

#define CLI_OPT_HELP                                                                               \
    { CLI_HELP, "help", 'h', CLI_NOTHING, NULL, "show this help and exit", 0, 0, NULL }
#define CLI_OPT_VERBOSE                                                                            \
    { CLI_VERBOSE, "verbose", 'v', CLI_NOTHING, NULL, "say more about what is done", 0, 0, NULL }
#define CLI_OPT_QUIET                                                                              \
    { CLI_QUIET, "quiet", 'q', CLI_NOTHING, NULL, "say nothing but errors and results", 0, 0, NULL }
#define CLI_OPT_THREADS                                                                            \
    {                                                                                              \
        CLI_THREADS, "threads", 'j', CLI_WHOLE, "N",                                               \
            "use N threads (default: the cores there are); the result is the same at any number",  \
            1, 256, NULL                                                                           \
    }
#define CLI_OPT_JSON                                                                               \
    { CLI_JSON, "json", 0, CLI_NOTHING, NULL, "print the result as one JSON object", 0, 0, NULL }
#define CLI_OPT_SET                                                                                \
    {                                                                                              \
        CLI_SET, "set", 0, CLI_SETTING, "KEY=VALUE",                                               \
            "override a setting of the file, as in --set training.epochs=3; may be repeated", 0,   \
            0, NULL                                                                                \
    }

#endif

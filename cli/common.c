/* What the verbs share: sentences, contexts, paths. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"

static void say(const char *format, va_list list) {
    fputs("hebb: ", stderr);
    vfprintf(stderr, format, list);
    fputc('\n', stderr);
}

void cli_complain(const char *format, ...) {
    va_list list;
    va_start(list, format);
    say(format, list);
    va_end(list);
}

int cli_usage(const cli_verb *verb, const char *format, ...) {
    va_list list;
    va_start(list, format);
    say(format, list);
    va_end(list);
    fprintf(stderr, "Try 'hebb %s%s--help'.\n", verb ? verb->name : "", verb ? " " : "");
    return CLI_USAGE;
}

const char *cli_did_you_mean(char *buffer, size_t size, const char *wanted,
                             const char *const *names) {
    const char *near = hebb_nearest(wanted, names);
    buffer[0] = 0;
    if (near[0]) snprintf(buffer, size, "; did you mean '%s'?", near);
    return buffer;
}

static void print_note(void *user, const char *line) {
    const cli_args *args = user;
    if (!args->given[CLI_QUIET]) fprintf(stderr, "%s\n", line);
}

hebb_ctx *cli_context(const cli_args *args) {
    hebb_ctx_options options = hebb_ctx_options_default();
    if (args->value[CLI_THREADS]) options.threads = atoi(args->value[CLI_THREADS]);
    if (args->value[CLI_SEED]) options.seed = strtoull(args->value[CLI_SEED], NULL, 10);
    options.log = print_note;
    options.log_user = (void *)(uintptr_t)args;
    hebb_ctx *ctx;
    hebb_status status = hebb_ctx_create(&options, &ctx);
    if (status >= 0) return ctx;
    cli_complain("no context could be made (%s)", hebb_status_name(status));
    return NULL;
}

hebb_run_options cli_run_options(const cli_args *args) {
    hebb_run_options options = hebb_run_options_default();
    if (args->set_count) options.set = args->set;
    return options;
}

int cli_fail(hebb_ctx *ctx) {
    const char *sentence = hebb_error(ctx);
    cli_complain("%s", sentence[0] ? sentence : "something failed without saying what");
    hebb_ctx_free(ctx);
    return CLI_FAILED;
}

bool cli_is_folder(const char *path) {
    struct stat about;
    return stat(path, &about) == 0 && S_ISDIR(about.st_mode);
}

bool cli_is_file(const char *path) {
    struct stat about;
    return stat(path, &about) == 0 && !S_ISDIR(about.st_mode);
}

bool cli_ends_with(const char *text, const char *ending) {
    size_t n = strlen(text), m = strlen(ending);
    return n >= m && !strcmp(text + n - m, ending);
}

bool cli_join(char *path, size_t size, const char *folder, const char *name) {
    int n = snprintf(path, size, "%s/%s", folder, name);
    return n >= 0 && (size_t)n < size;
}

int cli_columns(int fd) {
    const char *text = getenv("COLUMNS");
    int columns = text ? atoi(text) : 0;
    struct winsize size;
    if (columns <= 0 && ioctl(fd, TIOCGWINSZ, &size) == 0) columns = size.ws_col;
    return columns <= 0 ? 80 : columns < 20 ? 20 : columns;
}

void cli_print_json_text(FILE *out, const char *text) {
    fputc('"', out);
    for (const char *c = text; *c; c++) {
        if (*c == '"' || *c == '\\')
            fprintf(out, "\\%c", *c);
        else if ((unsigned char)*c < 32)
            fprintf(out, "\\u%04x", (unsigned)*c);
        else
            fputc(*c, out);
    }
    fputc('"', out);
}

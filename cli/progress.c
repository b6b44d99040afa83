/* How far a run is: a bar with an estimate on a terminal, between the notes that
 * the run gives itself, a line an epoch. Ctrl-C asks to stop after the batch. */
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"

static volatile sig_atomic_t interrupted;

static void on_interrupt(int number) { interrupted = number; }

int cli_interrupt_code(void) { return interrupted ? 128 + interrupted : CLI_INTERRUPTED; }

void cli_catch_interrupt(void) {
    struct sigaction action = {.sa_handler = on_interrupt, .sa_flags = SA_RESETHAND};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

static double now_seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void clear_bar(cli_progress *progress) {
    if (progress->bar_shown) fprintf(stderr, "\r%*s\r", cli_columns(STDERR_FILENO) - 1, "");
    progress->bar_shown = false;
}

/* "1:02:03", "02:03". */
static const char *clock_text(char *buffer, size_t size, double seconds) {
    long s = seconds > 0 ? (long)(seconds + 0.5) : 0;
    if (s >= 3600)
        snprintf(buffer, size, "%ld:%02ld:%02ld", s / 3600, s / 60 % 60, s % 60);
    else
        snprintf(buffer, size, "%02ld:%02ld", s / 60, s % 60);
    return buffer;
}

static bool training(const hebb_progress *now) { return !strcmp(now->phase, "train"); }

/* Seconds until the last epoch is trained, or -1 while nothing can be said. */
static double remaining(cli_progress *progress, const hebb_progress *now, double time) {
    double part = now->batches ? (double)now->batch / (double)now->batches : 1;
    double done = training(now) ? now->epoch - 1 + part : now->epoch;
    if (!progress->started) progress->first = training(now) ? now->epoch - 1 : done;
    progress->started = true;
    double gained = done - progress->first;
    return gained > 0 ? (time - progress->began) / gained * (now->epochs - done) : -1;
}

static void draw_bar(cli_progress *progress, const hebb_progress *now, double eta) {
    double part = now->batches ? (double)now->batch / (double)now->batches : 1;
    char right[160], left[60], clock[24];
    int columns = cli_columns(STDERR_FILENO) - 1;
    snprintf(left, sizeof left, "epoch %d/%d %.10s ", now->epoch, now->epochs, now->phase);
    char loss[40] = "", accuracy[40] = "";
    if (isfinite(now->loss)) snprintf(loss, sizeof loss, "  loss %.4f", now->loss);
    if (isfinite(now->accuracy))
        snprintf(accuracy, sizeof accuracy, "  acc %.2f %%", 100 * now->accuracy);
    snprintf(right, sizeof right, " %3.0f %%%s%s  ETA %s", 100 * part, loss, accuracy,
             eta < 0 ? "--:--" : clock_text(clock, sizeof clock, eta));
    int width = columns - (int)strlen(left) - (int)strlen(right) - 2;
    if (width < 4) { /* no room for a bar: the words alone */
        fprintf(stderr, "\r%-*.*s", columns, columns, right + 1);
    } else {
        char full[101], open[101];
        width = width > 100 ? 100 : width;
        int n = (int)(part * width);
        memset(full, '=', sizeof full);
        memset(open, ' ', sizeof open);
        fprintf(stderr, "\r%s[%s%.*s%s%.*s]%s", left, progress->colour ? "\033[32m" : "", n, full,
                progress->colour ? "\033[0m" : "", width - n, open, right);
    }
    progress->bar_shown = true;
}

static int step(void *user, const hebb_progress *now) {
    cli_progress *progress = user;
    double time = now_seconds(), eta = remaining(progress, now, time);
    bool complete = now->batch >= now->batches;
    if (progress->terminal && !complete && time - progress->drawn > 0.1) {
        draw_bar(progress, now, eta);
        progress->drawn = time;
    }
    if (interrupted && !progress->told) {
        clear_bar(progress);
        cli_complain("interrupted: saving; once more ends at once");
        progress->told = true;
    }
    return interrupted != 0;
}

static void note(void *user, const char *line) {
    cli_progress *progress = user;
    if (progress->quiet) return;
    clear_bar(progress);
    fprintf(stderr, "%s\n", line);
}

void cli_progress_begin(cli_progress *progress, bool quiet, hebb_run_options *options) {
    const char *term = getenv("TERM"), *plain = getenv("NO_COLOR");
    *progress = (cli_progress){.quiet = quiet, .began = now_seconds()};
    progress->terminal = !quiet && isatty(STDERR_FILENO) && !(term && !strcmp(term, "dumb"));
    progress->colour = progress->terminal && !(plain && plain[0]);
    options->progress = step;
    options->note = note;
    options->user = progress;
}

void cli_progress_end(cli_progress *progress) { clear_bar(progress); }

/* One case run one way: what went wrong, the largest error, its line. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conformance.h"

typedef struct block {
    struct block *next;
    double values[]; /* aligned for all that is kept here */
} block;

void trial_begin(trial *t, const suite *s, const char *name, const char *way) {
    memset(t, 0, sizeof *t);
    t->ctx = s->ctx;
    t->file = s->file;
    t->way = way;
    snprintf(t->name, sizeof t->name, "%s", name);
}

void trial_end(trial *t, counts *tally) {
    if (trial_fine(t) && !t->compared) trial_problem(t, "there is nothing in it to compare");
    bool good = trial_fine(t) && !t->wrong[0];
    printf("%s %s: %s%s%s%s: ", good ? "ok     " : "FAILED ", t->file, t->name,
           t->way[0] ? " (" : "", t->way, t->way[0] ? ")" : "");
    if (!trial_fine(t))
        printf("%s\n", t->problem);
    else if (!good)
        printf("%s\n", t->wrong);
    else if (t->worst > 0)
        printf("largest error %.2g at %s\n", t->worst, t->where);
    else
        printf("no error in %zu numbers\n", t->compared);
    tally->passed += good;
    tally->failed += !good;
    trial_free(t);
}

void trial_free(trial *t) {
    for (block *b = t->memory; b;) {
        block *next = b->next;
        free(b);
        b = next;
    }
    t->memory = NULL;
}

bool trial_problem(trial *t, const char *format, ...) {
    if (!trial_fine(t)) return false;
    va_list args;
    va_start(args, format);
    vsnprintf(t->problem, sizeof t->problem, format, args);
    va_end(args);
    return false;
}

void *trial_alloc(trial *t, size_t count, size_t size) {
    block *b = NULL;
    if (!trial_fine(t)) return NULL;
    if (!size || count <= (SIZE_MAX / 2) / size) b = calloc(1, sizeof *b + count * size + 1);
    if (!b) {
        trial_problem(t, "there is no memory for %zu numbers", count);
        return NULL;
    }
    b->next = t->memory;
    t->memory = b;
    return b->values;
}

bool trial_call(trial *t, hebb_status status, const char *what) {
    if (!trial_fine(t)) return false;
    if (status >= 0) return true;
    return trial_problem(t, "%s: %s: %s", what, hebb_status_name(status), hebb_error(t->ctx));
}

static void place_text(const numbers *n, size_t index, char *buffer, size_t size) {
    size_t at = 0, below = n->count;
    buffer[0] = 0;
    for (size_t d = 0; d < n->ndim && at + 24 < size; d++) {
        below /= n->shape[d];
        at += (size_t)snprintf(buffer + at, size - at, "[%zu]", index / below);
        index %= below;
    }
}

void trial_compare(trial *t, const char *what, const numbers *golden, const double *ours,
                   size_t count, double allowed) {
    if (!trial_fine(t)) return;
    if (count != golden->count) {
        trial_problem(t, "%s: hebb gives %zu numbers, the file has %zu", what, count,
                      golden->count);
        return;
    }
    t->compared += count;
    for (size_t i = 0; i < count; i++) {
        double error = fabs(ours[i] - golden->values[i]) / (1 + fabs(golden->values[i]));
        if (isnan(error)) error = INFINITY;
        double excess = error == 0 ? 0 : allowed > 0 ? error / allowed : INFINITY;
        bool larger = error > t->worst, worse = excess > 1 && excess > t->excess;
        if (!larger && !worse) continue;
        char place[120];
        place_text(golden, i, place, sizeof place);
        if (larger) {
            t->worst = error;
            snprintf(t->where, sizeof t->where, "%s%s", what, place);
        }
        if (!worse) continue;
        t->excess = excess;
        if (allowed > 0)
            snprintf(t->wrong, sizeof t->wrong,
                     "%s%s is %.9g, not %.9g: the error %.2g is above %g", what, place, ours[i],
                     golden->values[i], error, allowed);
        else
            snprintf(t->wrong, sizeof t->wrong, "%s%s is %.9g, not exactly %.9g", what, place,
                     ours[i], golden->values[i]);
    }
}

void trial_compare_one(trial *t, const char *what, double golden, double ours, double allowed) {
    numbers n = {.values = &golden, .count = 1};
    trial_compare(t, what, &n, &ours, 1, allowed);
}

void trial_skip(const suite *s, const char *name, const char *reason) {
    printf("skipped %s: %s: %s\n", s->file, name, reason);
    s->tally->skipped++;
}

void trial_broken(const suite *s, const char *name, const char *format, ...) {
    char sentence[800];
    va_list args;
    va_start(args, format);
    vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);
    printf("FAILED  %s%s%s: %s\n", s->file, name[0] ? ": " : "", name, sentence);
    s->tally->failed++;
}

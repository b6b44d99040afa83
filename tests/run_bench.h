/* A small run file and the ways to run it, for the tests of training. */
#ifndef RUN_BENCH_H
#define RUN_BENCH_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "hebb/hebb.h"

static char bench_folder[64];

static const char bench_file[] = "name: small\n"                                     /* 1 */
                                 "seed: 3\n"                                         /* 2 */
                                 "network:\n"                                        /* 3 */
                                 "  dt: 1.0\n"                                       /* 4 */
                                 "  latency: same_step\n"                            /* 5 */
                                 "  groups:\n"                                       /* 6 */
                                 "    input: {encoder: bernoulli, num: 784}\n"       /* 7 */
                                 "    hidden: {neurons: lif, num: 16, tau_m: 5.0}\n" /* 8 */
                                 "    output: {neurons: li, num: 10}\n"              /* 9 */
                                 "  connections:\n"                                  /* 10 */
                                 "    c1: {from: input, to: hidden,\n"               /* 11 */
                                 "         weight: \"kaiming_uniform(a=2.236)\"}\n"  /* 12 */
                                 "    c2: {from: hidden, to: output}\n"              /* 13 */
                                 "  decoders:\n"                                     /* 14 */
                                 "    class: {target: output, method: final_step_voltage}\n"
                                 "learner:\n"                            /* 16 */
                                 "  algorithm: STCA\n"                   /* 17 */
                                 "  alpha: 0.5\n"                        /* 18 */
                                 "  optimizer: {name: Adam, lr: 0.01}\n" /* 19 */
                                 "  schedule: {name: StepLR, step_size: 1, gamma: 0.5}\n"
                                 "  loss: {name: cross_entropy, decoder: class}\n" /* 21 */
                                 "data:\n"                                         /* 22 */
                                 "  set: strokes\n"                                /* 23 */
                                 "  train_limit: 200\n"                            /* 24 */
                                 "  test_limit: 50\n"                              /* 25 */
                                 "  validation: 40\n"                              /* 26 */
                                 "training:\n"                                     /* 27 */
                                 "  epochs: 3\n"                                   /* 28 */
                                 "  batch_size: 32\n"                              /* 29 */
                                 "  time: 8\n";                                    /* 30 */
enum { BENCH_BATCHES = 5 }; /* 160 samples to learn from */

static inline void bench_path(char path[256], const char *name) {
    snprintf(path, 256, "%.60s/%.190s", bench_folder, name);
}

static inline void bench_write(const char *name, const char *text) {
    char path[256];
    bench_path(path, name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    fclose(file);
}

/* The whole file; the caller frees it. NULL if there is none. */
static inline char *bench_read(const char *name, size_t *size) {
    char path[256];
    bench_path(path, name);
    FILE *file = fopen(path, "rb");
    *size = 0;
    if (!file) return NULL;
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    size_t room = (size_t)ftell(file);
    rewind(file);
    char *text = malloc(room + 1);
    assert_non_null(text);
    *size = fread(text, 1, room, file);
    assert_int_equal(*size, room);
    text[*size] = 0;
    fclose(file);
    return text;
}

static inline void bench_same_file(const char *a, const char *b) {
    size_t m = 0, n = 0;
    char *x = bench_read(a, &m), *y = bench_read(b, &n);
    if (!x || !y) fail_msg("%s or %s is missing", a, b);
    if (m != n || memcmp(x, y, m) != 0) {
        size_t at = 0;
        while (at < m && at < n && x[at] == y[at]) at++;
        fail_msg("%s (%zu bytes) and %s (%zu bytes) differ at byte %zu", a, m, b, n, at);
    }
    free(x);
    free(y);
}

static inline hebb_ctx *bench_ctx(int threads, uint64_t seed) {
    hebb_ctx_options options = hebb_ctx_options_default();
    hebb_ctx *ctx;
    options.threads = threads;
    options.seed = seed;
    assert_int_equal(hebb_ctx_create(&options, &ctx), HEBB_OK);
    return ctx;
}

static inline int bench_make(void **state) {
    (void)state;
    snprintf(bench_folder, sizeof bench_folder, "/tmp/hebb-run-XXXXXX");
    if (!mkdtemp(bench_folder)) return -1;
    bench_write("run.yaml", bench_file);
    return 0;
}

static inline int bench_remove(void **state) {
    (void)state;
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", bench_folder);
    return system(command);
}

/* The value behind "name": in a JSON text; NaN for null, fails if it is not there. */
static inline double bench_json(const char *json, const char *name) {
    char key[80];
    snprintf(key, sizeof key, "\"%s\": ", name);
    const char *at = strstr(json, key);
    if (!at) fail_msg("%s is not in %s", name, json);
    at += strlen(key);
    return strncmp(at, "null", 4) ? strtod(at, NULL) : strtod("nan", NULL);
}

#endif

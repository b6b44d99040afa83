#define _DEFAULT_SOURCE 1 /* mkdtemp */
/* A run that was stopped, or killed, and taken up again ends in the same bytes as
 * one that was never interrupted. */
#include "run_bench.h"

#include <math.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>

/* ---- running ---- */

typedef struct stopper {
    int calls, stop_at; /* 0: never */
} stopper;

static int count_call(void *user, const hebb_progress *progress) {
    stopper *s = user;
    (void)progress;
    return ++s->calls == s->stop_at;
}

typedef struct session {
    const char *file; /* NULL: the checkpoint's own */
    const char *const *set;
    const char *output, *resume; /* under the bench's folder */
    int threads, stop_at;
} session;

/* Runs one session; the sentence of a failure goes to error. */
static hebb_status run_session(const session *s, char error[1024]) {
    char file[256], output[256], resume[256];
    stopper stop = {0, s->stop_at};
    hebb_ctx *ctx = bench_ctx(s->threads ? s->threads : 1, 0);
    hebb_run_options options = hebb_run_options_default();
    bench_path(file, s->file ? s->file : "");
    bench_path(output, s->output ? s->output : "");
    bench_path(resume, s->resume ? s->resume : "");
    options.set = s->set;
    options.output = s->output ? output : NULL;
    options.resume = s->resume ? resume : NULL;
    options.progress = count_call;
    options.user = &stop;
    hebb_run *run;
    hebb_status status = hebb_run_open(ctx, s->file ? file : NULL, &options, &run);
    if (status >= 0) status = hebb_run_train(run);
    if (error) snprintf(error, 1024, "%s", status < 0 ? hebb_error(ctx) : "");
    hebb_ctx_free(ctx);
    return status;
}

static void must_be(hebb_status wanted, const session *s) {
    char error[1024];
    hebb_status status = run_session(s, error);
    if (status != wanted)
        fail_msg("%s %s: %s instead of %s: %s", s->output ? s->output : "",
                 s->resume ? s->resume : "", hebb_status_name(status), hebb_status_name(wanted),
                 error);
}

static void same_run(const char *a, const char *b) {
    static const char *const names[] = {"config.yaml", "checkpoints/last.safetensors",
                                        "checkpoints/best.safetensors"};
    char x[300], y[300];
    for (size_t i = 0; i < 3; i++) {
        snprintf(x, sizeof x, "%s/%s", a, names[i]);
        snprintf(y, sizeof y, "%s/%s", b, names[i]);
        bench_same_file(x, y);
    }
}

/* Line by line: the numbers that do not depend on the clock must be those of the
 * other file, and each epoch must be there once. */
static void same_metrics(const char *a, const char *b) {
    char path[300];
    size_t size;
    snprintf(path, sizeof path, "%s/metrics.csv", a);
    char *x = bench_read(path, &size), *p = x;
    snprintf(path, sizeof path, "%s/metrics.csv", b);
    char *y = bench_read(path, &size), *q = y;
    assert_true(x && y);
    int lines = 0;
    while (*p && *q) {
        for (int comma = 0; comma < 10; comma++) { /* up to seconds */
            size_t n = strcspn(p, ",\n");
            if (n != strcspn(q, ",\n") || strncmp(p, q, n) != 0)
                fail_msg("%s and %s differ: %.60s / %.60s", a, b, p, q);
            p += n + (p[n] != 0);
            q += n + (q[n] != 0);
        }
        p += strcspn(p, "\n") + 1;
        q += strcspn(q, "\n") + 1;
        lines++;
    }
    if (*p || *q) fail_msg("%s has another number of epochs than %s", a, b);
    assert_int_equal(lines, 4);
    free(x);
    free(y);
}

static void remove_folder(const char *name) {
    char command[400];
    snprintf(command, sizeof command, "rm -rf '%s/%s'", bench_folder, name);
    assert_int_equal(system(command), 0);
}

/* ---- stopped by the callback ---- */

/* All kinds of state that a checkpoint may hold. */
static const char *const kinds[][6] = {
    {"learner.optimizer={name: Adam, lr: 0.01, amsgrad: true}", NULL},
    {"learner.optimizer={name: SGD, lr: 0.1, momentum: 0.9}",
     "learner.schedule={name: ReduceLROnPlateau, patience: 0, factor: 0.5}", NULL},
    {"learner.optimizer={name: LBFGS, lr: 0.5, max_iter: 4}",
     "learner.schedule=", "training.batch_size=80", NULL},
    {"learner.optimizer={name: SparseAdam, lr: 0.01}",
     "learner.schedule={name: CyclicLR, base_lr: 0.001, max_lr: 0.02, step_size_up: 3, every: "
     "batch,"
     " cycle_momentum: false}",
     NULL},
    {"learner.optimizer={name: ASGD, lr: 0.1}",
     "learner.schedule={name: CosineAnnealingWarmRestarts, T_0: 2}", NULL},
    {"learner.optimizer={name: Rprop, lr: 0.001}", "network.precision=double",
     "network.groups.input={encoder: poisson, num: 784}", NULL},
    {"network.compat=spaic", "network.groups.hidden={neurons: aclif, num: 16}", NULL},
    {"data.augment={rotate: 10, shift: 1}", "learner.trainable=[output, hidden.tau_m]", NULL},
    {"learner=",
     "learners.a={algorithm: STCA, trainable: [hidden], optimizer: {name: Adam, lr: 0.01}}",
     "learners.b={algorithm: STBP, trainable: [output], optimizer: {name: Adagrad, lr: 0.01}}",
     NULL},
};

static void test_stopped(void **state) {
    (void)state;
    /* Batches to learn from, then 2 of validation and 2 of testing: calls of an epoch. */
    static const int stops[] = {1, 3, 5, 6, 8, 9};
    for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
        session whole = {"run.yaml", kinds[k], "whole", NULL, 1, 0};
        must_be(HEBB_OK, &whole);
        for (size_t i = k % 2; i < sizeof stops / sizeof stops[0]; i += 2) {
            session first = {"run.yaml", kinds[k], "parts", NULL, 1, stops[i]};
            must_be(HEBB_STOPPED, &first);
            session second = {NULL, NULL, NULL, "parts", 2, 2};
            must_be(HEBB_STOPPED, &second);
            session third = {"run.yaml", kinds[k], "parts", "parts", 1, 0};
            must_be(HEBB_OK, &third);
            same_run("whole", "parts");
            same_metrics("whole", "parts");
            remove_folder("parts");
        }
        remove_folder("whole");
    }
}

/* Epoch by epoch, each in a session of its own. */
static void test_epochs(void **state) {
    (void)state;
    session whole = {"run.yaml", NULL, "whole", NULL, 1, 0};
    must_be(HEBB_OK, &whole);
    const char *one[] = {"training.epochs=1", NULL}, *two[] = {"training.epochs=2", NULL},
               *three[] = {"training.epochs=3", NULL};
    session first = {"run.yaml", one, "parts", NULL, 1, 0};
    must_be(HEBB_OK, &first);
    session second = {"run.yaml", two, NULL, "parts", 2, 0};
    must_be(HEBB_OK, &second);
    session third = {NULL, three, NULL, "parts", 1, 0};
    must_be(HEBB_OK, &third);
    same_run("whole", "parts");
    same_metrics("whole", "parts");
    /* A finished run has nothing left to do, and tests itself again. */
    session again = {NULL, NULL, NULL, "parts", 1, 0};
    must_be(HEBB_OK, &again);
    same_run("whole", "parts");
    remove_folder("parts");
}

/* From a checkpoint that is named, into a new folder. */
static void test_branch(void **state) {
    (void)state;
    const char *keep[] = {"training.keep=3", NULL};
    session kept = {"run.yaml", keep, "kept", NULL, 1, 0};
    must_be(HEBB_OK, &kept);
    session branch = {"run.yaml", keep, "branch", "kept/checkpoints/epoch_0001.safetensors", 1, 0};
    must_be(HEBB_OK, &branch);
    bench_same_file("kept/checkpoints/last.safetensors", "branch/checkpoints/last.safetensors");
    remove_folder("branch");
    /* Taken up in its own folder, the later epochs are run and written anew. */
    session back = {"run.yaml", keep, NULL, "kept/checkpoints/epoch_0001.safetensors", 1, 0};
    must_be(HEBB_OK, &back);
    bench_same_file("whole/checkpoints/last.safetensors", "whole/checkpoints/last.safetensors");
    same_metrics("whole", "kept");
    remove_folder("kept");
}

/* ---- killed ---- */

static void nap(long microseconds) {
    struct timespec time = {microseconds / 1000000, microseconds % 1000000 * 1000};
    nanosleep(&time, NULL);
}

/* In a child; kills it after so many microseconds. True if it was done before. */
static bool killed_session(const session *s, long microseconds) {
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) _exit(run_session(s, NULL) == HEBB_OK ? 0 : 1);
    nap(microseconds);
    kill(child, SIGKILL);
    int code;
    assert_int_equal(waitpid(child, &code, 0), child);
    return WIFEXITED(code) && WEXITSTATUS(code) == 0;
}

static bool has_checkpoint(const char *folder) {
    char name[200];
    size_t size;
    snprintf(name, sizeof name, "%s/checkpoints/last.safetensors", folder);
    char *bytes = bench_read(name, &size);
    free(bytes);
    return bytes != NULL;
}

static void test_killed(void **state) {
    (void)state;
    /* A checkpoint after every batch: most of the time is spent in writing them. */
    const char *set[] = {"training.checkpoint_batches=1", "training.keep=1",
                         "network.groups.hidden.num=64", NULL};
    session whole = {"run.yaml", set, "steady", NULL, 1, 0};
    must_be(HEBB_OK, &whole);
    int kills = 0, rounds = 0;
    bool done = false;
    uint32_t random = 12345;
    for (; !done && rounds < 200; rounds++) {
        bool begun = has_checkpoint("killed");
        if (!begun) remove_folder("killed");
        session part = {"run.yaml", set, "killed", begun ? "killed" : NULL, 1, 0};
        random = random * 1664525u + 1013904223u;
        /* Longer and longer, so that slow machines get to the end as well. */
        done = killed_session(&part, 4000 + (long)(random >> 16) % 20000 + rounds * 1000L);
        kills += !done;
    }
    if (!done) fail_msg("not done after %d rounds", rounds);
    assert_true(kills >= 3);
    same_run("steady", "killed");
    same_metrics("steady", "killed");
}

/* What a kill in the middle of a write leaves behind does no harm. */
static void test_leftovers(void **state) {
    (void)state;
    session first = {"run.yaml", NULL, "left", NULL, 1, 7};
    must_be(HEBB_STOPPED, &first);
    bench_write("left/checkpoints/last.safetensors.tmp", "half of a checkpo");
    size_t size;
    char text[4000];
    char *lines = bench_read("left/metrics.jsonl", &size);
    snprintf(text, sizeof text, "%.1500s{\"epoch\": 2, \"step\": 10}\n{\"epoch\": 3, \"st", lines);
    free(lines);
    bench_write("left/metrics.jsonl", text);
    lines = bench_read("left/metrics.csv", &size);
    snprintf(text, sizeof text, "%.1500s2,10,0.5\n3,1", lines);
    free(lines);
    bench_write("left/metrics.csv", text);
    session second = {NULL, NULL, NULL, "left", 1, 0};
    must_be(HEBB_OK, &second);
    same_run("whole", "left");
    same_metrics("whole", "left");
}

/* ---- refused ---- */

static void test_refused(void **state) {
    (void)state;
    static const struct {
        const char *set, *says;
    } cases[] = {
        {"learner.alpha=0.4", "learner.alpha was 0.5 when the run began and is 0.4 now"},
        {"seed=4", "seed was 3 when the run began and is 4 now"},
        {"training.batch_size=10", "training.batch_size was 32"},
        {"training.time=9", "training.time was 8"},
        {"training.shuffle=false", "training.shuffle was true"},
        {"data.set=yin-yang", "data.set was strokes"},
        {"data.train_limit=100", "data.train_limit was 200"},
        {"data.validation=20", "data.validation was 40"},
        {"data.augment={rotate: 3}", "data.augment was not given when the run began"},
        {"network.dt=0.5", "network.dt was 1.0"},
        {"network.groups.hidden.v_th=1", "network.groups.hidden.v_th was not given"},
        {"learner.optimizer.lr=0.02", "learner.optimizer.lr was 0.01"},
        {"learner.schedule=", "learner.schedule was a map"},
        {"training.epochs=1", "training.epochs = 1 is less"},
    };
    static const char *const fine[] = {"learner.alpha=5e-1", "training.keep=2", "name=other",
                                       "data.path=/somewhere", "training.test_every=2"};
    session base = {"run.yaml", NULL, "base", NULL, 1, 14}; /* in the second epoch */
    must_be(HEBB_STOPPED, &base);
    const char *more[] = {"training.epochs=2", NULL};
    session second = {NULL, more, NULL, "base", 1, 0};
    must_be(HEBB_OK, &second);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *set[] = {cases[i].set, NULL};
        char error[1024];
        session part = {"run.yaml", set, NULL, "base", 1, 0};
        hebb_status status = run_session(&part, error);
        if (status != HEBB_E_STATE || !strstr(error, cases[i].says))
            fail_msg("%s: %s, %s", cases[i].set, hebb_status_name(status), error);
    }
    for (size_t i = 0; i < sizeof fine / sizeof fine[0]; i++) {
        const char *set[] = {fine[i], "training.epochs=2", NULL};
        session part = {"run.yaml", set, NULL, "base", 1, 0};
        must_be(HEBB_OK, &part);
    }
    char error[1024];
    session none = {"run.yaml", NULL, NULL, "nothing", 1, 0};
    assert_int_equal(run_session(&none, error), HEBB_E_IO);
    session text = {"run.yaml", NULL, NULL, "run.yaml", 1, 0};
    assert_int_equal(run_session(&text, error), HEBB_E_FORMAT);
}

/* Cut or changed checkpoints are refused or read, never more. */
static void test_damaged(void **state) {
    (void)state;
    size_t size;
    char *bytes = bench_read("base/checkpoints/last.safetensors", &size), path[256];
    assert_non_null(bytes);
    bench_path(path, "damaged.safetensors");
    for (size_t i = 0; i < 60; i++) {
        size_t cut = i < 20 ? size * i / 20 : size, at = size * (i % 20) / 60 % 4000;
        FILE *file = fopen(path, "wb");
        assert_non_null(file);
        char before = bytes[at];
        if (i >= 20) bytes[at] ^= (char)(1 + i);
        fwrite(bytes, 1, cut, file);
        fclose(file);
        bytes[at] = before;
        session part = {"run.yaml", NULL, "damaged", "damaged.safetensors", 1, 1};
        char error[1024];
        hebb_status status = run_session(&part, error);
        if (i < 20 && status != HEBB_E_FORMAT) fail_msg("cut at %zu: %d, %s", cut, status, error);
        if (status < 0) assert_true(error[0] != 0);
        remove_folder("damaged");
    }
    free(bytes);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stopped),   cmocka_unit_test(test_epochs),
        cmocka_unit_test(test_branch),    cmocka_unit_test(test_killed),
        cmocka_unit_test(test_leftovers), cmocka_unit_test(test_refused),
        cmocka_unit_test(test_damaged),
    };
    return cmocka_run_group_tests_name("resume", tests, bench_make, bench_remove);
}

#define _DEFAULT_SOURCE 1 /* mkdtemp */
/* hebb_fit and hebb_evaluate against a loop written here with the small verbs, and
 * against the run file; networks saved and loaded. */
#include "run_bench.h"

#include <math.h>

#include "counting_alloc.h"

typedef struct bench_net {
    hebb_ctx *ctx;
    hebb_net *net;
    hebb_learner *learner;
    hebb_dataset *train, *test;
} bench_net;

/* The network of run_bench.h, by builder calls. */
static bench_net make_net(int threads, uint64_t seed, const char *optimizer, double lr) {
    bench_net b = {.ctx = bench_ctx(threads, seed)};
    hebb_net_options options = hebb_net_options_default();
    options.dt = 1;
    options.latency = "same_step";
    options.batch_max = 32;
    options.time_max = 8;
    assert_int_equal(hebb_net_create(b.ctx, &options, &b.net), HEBB_OK);
    hebb_group in = hebb_encoder(b.net, "input", 784, "bernoulli", NULL);
    hebb_group hidden = hebb_neurons(b.net, "hidden", 16, "lif", HEBB_P({"tau_m", 5.0}));
    hebb_group out = hebb_neurons(b.net, "output", 10, "li", NULL);
    hebb_connect(b.net, "c1", in, hidden, "full",
                 HEBB_P(HEBB_STR("weight", "kaiming_uniform(a=2.236)")));
    hebb_connect(b.net, "c2", hidden, out, "full", NULL);
    hebb_decode(b.net, "class", out, "final_step_voltage", NULL);
    assert_int_equal(
        hebb_learner_create(b.net, "STCA", HEBB_ALL, HEBB_P({"alpha", 0.5}), &b.learner), HEBB_OK);
    assert_int_equal(hebb_learner_set_optimizer(b.learner, optimizer, lr, NULL), HEBB_OK);
    assert_int_equal(hebb_learner_set_loss(b.learner, "class", "cross_entropy", NULL), HEBB_OK);
    assert_int_equal(hebb_net_build(b.net), HEBB_OK);
    assert_int_equal(hebb_dataset_open(b.ctx, "strokes", "train", NULL, 200, &b.train), HEBB_OK);
    assert_int_equal(hebb_dataset_open(b.ctx, "strokes", "test", NULL, 50, &b.test), HEBB_OK);
    return b;
}

static hebb_fit_options fit_options(int epochs) {
    hebb_fit_options o = hebb_fit_options_default();
    o.epochs = epochs;
    o.batch_size = 32;
    o.time = 8;
    return o;
}

enum { C1 = 784 * 16, C2 = 160 };
typedef struct weights {
    double c1[C1], c2[C2];
} weights;

static void get_weights(hebb_net *net, weights *w) {
    assert_int_equal(hebb_net_get(net, "c1.weight", w->c1, C1), HEBB_OK);
    assert_int_equal(hebb_net_get(net, "c2.weight", w->c2, C2), HEBB_OK);
}

static weights first, second;

/* ---- against loops ---- */

static void by_hand(bench_net *b, int epochs, double *loss_mean, double *accuracy) {
    static float values[32 * 784];
    int32_t labels[32];
    uint64_t ids[32];
    for (int epoch = 1; epoch <= epochs; epoch++) {
        double sum = 0;
        size_t correct = 0;
        for (size_t at = 0; at < 200; at += 32) {
            size_t n = at + 32 < 200 ? 32 : 200 - at;
            for (size_t i = 0; i < n; i++) ids[i] = at + i;
            assert_int_equal(hebb_dataset_samples(b->train, at, n, values, labels), HEBB_OK);
            assert_int_equal(hebb_learner_zero_grad(b->learner), HEBB_OK);
            assert_int_equal(hebb_net_input(b->net, "input", values, n, 784), HEBB_OK);
            assert_int_equal(hebb_net_presentation(b->net, (uint64_t)epoch, ids, n), HEBB_OK);
            assert_int_equal(hebb_net_run(b->net, 8), HEBB_OK);
            double loss;
            assert_int_equal(hebb_learner_loss(b->learner, labels, n, &loss), HEBB_OK);
            const float *predict;
            size_t rows, classes;
            assert_int_equal(hebb_net_predict(b->net, "class", &predict, &rows, &classes), HEBB_OK);
            assert_true(rows == n && classes == 10);
            for (size_t i = 0; i < n; i++) {
                int best = 0;
                for (int c = 1; c < 10; c++)
                    if (predict[i * 10 + (size_t)c] > predict[i * 10 + (size_t)best]) best = c;
                correct += best == labels[i];
            }
            sum += loss * (double)n;
            assert_int_equal(hebb_learner_backward(b->learner), HEBB_OK);
            assert_int_equal(hebb_learner_optim_step(b->learner), HEBB_OK);
        }
        *loss_mean = sum / 200;
        *accuracy = (double)correct / 200;
    }
}

static void test_loop(void **state) {
    (void)state;
    double loss, accuracy;
    bench_net a = make_net(1, 7, "Adam", 0.01);
    by_hand(&a, 2, &loss, &accuracy);
    get_weights(a.net, &first);
    hebb_ctx_free(a.ctx);
    bench_net b = make_net(2, 7, "Adam", 0.01);
    hebb_fit_options options = fit_options(2);
    options.shuffle = 0;
    hebb_metrics metrics;
    assert_int_equal(hebb_fit(b.learner, NULL, b.train, &options, &metrics), HEBB_OK);
    get_weights(b.net, &second);
    assert_memory_equal(&first, &second, sizeof first);
    assert_true(metrics.loss == loss && metrics.accuracy == accuracy && metrics.count == 200);
    /* One epoch more, in another order, is another training. */
    options.epochs = 1;
    options.shuffle = 1;
    assert_int_equal(hebb_fit(b.learner, "input", b.train, &options, NULL), HEBB_OK);
    get_weights(b.net, &second);
    assert_memory_not_equal(&first, &second, sizeof first);
    hebb_ctx_free(b.ctx);
}

/* The run file of the same network, seed and data. */
static void test_run_file(void **state) {
    (void)state;
    char path[256], folder[256];
    bench_net b = make_net(1, 3, "Adam", 0.01);
    hebb_fit_options options = fit_options(3);
    hebb_metrics metrics;
    options.test = b.test;
    assert_int_equal(
        hebb_learner_set_schedule(b.learner, "StepLR", HEBB_P({"step_size", 1}, {"gamma", 0.5})),
        HEBB_OK);
    assert_int_equal(hebb_fit(b.learner, NULL, b.train, &options, &metrics), HEBB_OK);
    assert_true(fabs(hebb_learner_lr(b.learner) - 0.01 * 0.125) < 1e-15);
    get_weights(b.net, &first);
    hebb_ctx_free(b.ctx);
    hebb_ctx *ctx = bench_ctx(2, 99); /* the file's seed counts */
    hebb_run_options run_options = hebb_run_options_default();
    const char *set[] = {"data.validation=0", NULL};
    hebb_run *run;
    bench_path(path, "run.yaml");
    bench_path(folder, "run");
    run_options.set = set;
    run_options.output = folder;
    assert_int_equal(hebb_run_open(ctx, path, &run_options, &run), HEBB_OK);
    assert_true(hebb_ctx_seed(ctx) == 99);
    assert_int_equal(hebb_run_train(run), HEBB_OK);
    get_weights(hebb_run_net(run), &second);
    assert_memory_equal(&first, &second, sizeof first);
    assert_true(bench_json(hebb_run_json(run), "test_accuracy") == metrics.accuracy);
    assert_true(bench_json(hebb_run_json(run), "test_loss") == metrics.loss);
    hebb_run_free(run);
    hebb_ctx_free(ctx);
}

static void test_evaluate(void **state) {
    (void)state;
    static float values[50 * 784];
    int32_t labels[50];
    uint64_t ids[50], confusion[100], counts[100] = {0}, right = 0;
    bench_net b = make_net(2, 7, "Adam", 0.01);
    hebb_fit_options options = fit_options(1);
    hebb_metrics metrics;
    assert_int_equal(hebb_fit(b.learner, NULL, b.train, &options, NULL), HEBB_OK);
    get_weights(b.net, &first);
    assert_int_equal(hebb_evaluate(b.learner, NULL, b.test, &options, &metrics, confusion),
                     HEBB_OK);
    get_weights(b.net, &second);
    assert_memory_equal(&first, &second, sizeof first);
    for (size_t i = 0; i < 50; i++) ids[i] = i;
    assert_int_equal(hebb_dataset_samples(b.test, 0, 50, values, labels), HEBB_OK);
    assert_int_equal(hebb_net_input(b.net, "input", values, 50, 784), HEBB_OK);
    assert_int_equal(hebb_net_presentation(b.net, 0, ids, 50), HEBB_OK);
    assert_int_equal(hebb_net_run(b.net, 8), HEBB_OK);
    const float *predict;
    size_t rows, classes;
    assert_int_equal(hebb_net_predict(b.net, "class", &predict, &rows, &classes), HEBB_OK);
    for (size_t i = 0; i < 50; i++) {
        size_t best = 0;
        for (size_t c = 1; c < 10; c++)
            if (predict[i * 10 + c] > predict[i * 10 + best]) best = c;
        counts[(size_t)labels[i] * 10 + best]++;
        right += best == (size_t)labels[i];
    }
    assert_memory_equal(counts, confusion, sizeof counts);
    assert_true(metrics.accuracy == (double)right / 50 && metrics.count == 50);
    hebb_ctx_free(b.ctx);
}

/* Test trains are the same every time, training trains are fresh in every epoch. */
static void test_trains(void **state) {
    (void)state;
    bench_net b = make_net(1, 7, "SGD", 0.0); /* nothing is learned */
    hebb_fit_options options = fit_options(1);
    hebb_metrics one, two;
    options.shuffle = 0;
    assert_int_equal(hebb_evaluate(b.learner, NULL, b.test, &options, &one, NULL), HEBB_OK);
    assert_int_equal(hebb_evaluate(b.learner, NULL, b.test, &options, &two, NULL), HEBB_OK);
    assert_true(one.loss == two.loss);
    assert_int_equal(hebb_fit(b.learner, NULL, b.train, &options, &one), HEBB_OK);
    options.epochs = 2;
    assert_int_equal(hebb_fit(b.learner, NULL, b.train, &options, &two), HEBB_OK);
    assert_true(one.loss != two.loss);
    hebb_ctx_free(b.ctx);
}

/* ---- optimizers and schedules ---- */

static void test_closure(void **state) {
    (void)state;
    bench_net b = make_net(1, 7, "LBFGS", 0.2);
    hebb_fit_options options = fit_options(1);
    hebb_metrics metrics[3];
    options.batch_size = 200; /* the same samples and trains in each step: the loss must fall */
    for (int i = 0; i < 3; i++)
        assert_int_equal(hebb_fit(b.learner, NULL, b.train, &options, &metrics[i]), HEBB_OK);
    assert_true(metrics[2].loss < metrics[0].loss);
    hebb_ctx_free(b.ctx);
}

static void test_schedules(void **state) {
    (void)state;
    bench_net b = make_net(1, 7, "SGD", 1.0);
    hebb_fit_options options = fit_options(1);
    options.schedule_every_batch = 1;
    hebb_learner_set_schedule(b.learner, "ExponentialLR", HEBB_P({"gamma", 0.5}));
    assert_int_equal(hebb_fit(b.learner, NULL, b.train, &options, NULL), HEBB_OK);
    assert_true(fabs(hebb_learner_lr(b.learner) - pow(0.5, 7)) < 1e-12); /* 7 batches of 200 */
    hebb_ctx_free(b.ctx);
    /* Nothing is learned from lr 0; the loss never falls by a tenth: each epoch behind
     * the first is a bad one, and patience 0 lowers the rate then. */
    b = make_net(1, 7, "SGD", 1e-12);
    hebb_learner_set_schedule(
        b.learner, "ReduceLROnPlateau",
        HEBB_P({"patience", 0}, {"factor", 0.5}, {"threshold", 0.1}, {"eps", 0}));
    options = fit_options(4);
    assert_int_equal(hebb_fit(b.learner, NULL, b.train, &options, NULL), HEBB_OK);
    assert_true(fabs(hebb_learner_lr(b.learner) - 0.125e-12) < 1e-18);
    hebb_ctx_free(b.ctx);
}

/* ---- progress and errors ---- */

typedef struct watch {
    size_t train, test, last;
    int stop_at;
    bool wrong;
} watch;

static int look(void *user, const hebb_progress *p) {
    watch *w = user;
    bool train = !strcmp(p->phase, "train");
    size_t wanted = train ? 7 : 2;
    if (p->batches != wanted || p->batch < 1 || p->batch > wanted || p->epochs != 2)
        w->wrong = true;
    if (p->epoch < 1 || p->epoch > 2 || !(p->accuracy >= 0 && p->accuracy <= 1)) w->wrong = true;
    if (!(p->loss > 0) || p->seconds < 0) w->wrong = true;
    *(train ? &w->train : &w->test) += 1;
    return w->stop_at && (int)(w->train + w->test) == w->stop_at;
}

static void test_progress(void **state) {
    (void)state;
    bench_net b = make_net(1, 7, "Adam", 0.01);
    hebb_fit_options options = fit_options(2);
    watch w = {0};
    options.test = b.test;
    options.progress = look;
    options.user = &w;
    assert_int_equal(hebb_fit(b.learner, NULL, b.train, &options, NULL), HEBB_OK);
    assert_true(!w.wrong && w.train == 14 && w.test == 4);
    for (int at = 1; at < 18; at += 4) {
        w = (watch){.stop_at = at};
        assert_int_equal(hebb_fit(b.learner, NULL, b.train, &options, NULL), HEBB_STOPPED);
        assert_int_equal(w.train + w.test, at);
    }
    hebb_ctx_free(b.ctx);
}

static void test_not_finite(void **state) {
    (void)state;
    bench_net b = make_net(1, 7, "SGD", 1e38);
    hebb_fit_options options = fit_options(1);
    assert_int_equal(hebb_fit(b.learner, NULL, b.train, &options, NULL), HEBB_E_NOT_FINITE);
    assert_non_null(strstr(hebb_error(b.ctx), "train, epoch 1, batch "));
    hebb_ctx_free(b.ctx);
}

static void test_arguments(void **state) {
    (void)state;
    bench_net b = make_net(1, 7, "Adam", 0.01);
    hebb_fit_options good = fit_options(1), o = good;
    hebb_dataset *other;
    float sample[4] = {0, 0, 0, 0};
    int32_t label = 10;
    static float wide[784];
#define REFUSED(status, part, call)                                                                \
    do {                                                                                           \
        assert_int_equal(call, status);                                                            \
        if (!strstr(hebb_error(b.ctx), part)) fail_msg("%s: %s", part, hebb_error(b.ctx));         \
    } while (0)
    assert_int_equal(hebb_fit(NULL, NULL, b.train, &good, NULL), HEBB_E_ARGUMENT);
    assert_int_equal(hebb_evaluate(NULL, NULL, b.train, &good, NULL, NULL), HEBB_E_ARGUMENT);
    REFUSED(HEBB_E_ARGUMENT, "options is NULL", hebb_fit(b.learner, NULL, b.train, NULL, NULL));
    REFUSED(HEBB_E_ARGUMENT, "data is NULL", hebb_fit(b.learner, NULL, NULL, &good, NULL));
    o.time = 0;
    REFUSED(HEBB_E_RANGE, "time = 0", hebb_fit(b.learner, NULL, b.train, &o, NULL));
    o.time = NAN;
    REFUSED(HEBB_E_RANGE, "time = nan", hebb_fit(b.learner, NULL, b.train, &o, NULL));
    o = good;
    o.batch_size = 0;
    REFUSED(HEBB_E_RANGE, "batch_size = 0", hebb_fit(b.learner, NULL, b.train, &o, NULL));
    o = good;
    o.epochs = -1;
    REFUSED(HEBB_E_RANGE, "epochs = -1", hebb_fit(b.learner, NULL, b.train, &o, NULL));
    o = good;
    o.struct_size = 0;
    REFUSED(HEBB_E_ARGUMENT, "struct_size is 0", hebb_fit(b.learner, NULL, b.train, &o, NULL));
    REFUSED(HEBB_E_NAME, "did you mean 'input'",
            hebb_fit(b.learner, "inptu", b.train, &good, NULL));
    REFUSED(HEBB_E_ARGUMENT, "'hidden' is no encoder",
            hebb_fit(b.learner, "hidden", b.train, &good, NULL));
    assert_int_equal(hebb_dataset_from_arrays(b.ctx, sample, (int32_t[]){0}, 1, 4, 10, &other),
                     HEBB_OK);
    REFUSED(HEBB_E_SHAPE, "4 values", hebb_fit(b.learner, NULL, other, &good, NULL));
    assert_int_equal(hebb_dataset_from_arrays(b.ctx, wide, &label, 1, 784, 11, &other), HEBB_OK);
    REFUSED(HEBB_E_SHAPE, "11 classes", hebb_fit(b.learner, NULL, other, &good, NULL));
    o = good;
    o.test = other;
    REFUSED(HEBB_E_SHAPE, "11 classes", hebb_fit(b.learner, NULL, b.train, &o, NULL));
    o = good;
    o.epochs = 0;
    assert_int_equal(hebb_fit(b.learner, NULL, b.train, &o, NULL), HEBB_OK);
    hebb_ctx_free(b.ctx);
}

/* ---- files ---- */

static void test_files(void **state) {
    (void)state;
    char path[256], none[256];
    hebb_metrics one, two;
    bench_net b = make_net(1, 7, "Adam", 0.01);
    hebb_fit_options options = fit_options(1);
    assert_int_equal(hebb_fit(b.learner, NULL, b.train, &options, NULL), HEBB_OK);
    assert_int_equal(hebb_evaluate(b.learner, NULL, b.test, &options, &one, NULL), HEBB_OK);
    bench_path(path, "net.safetensors");
    bench_path(none, "no/where.safetensors");
    assert_int_equal(hebb_net_save(b.net, path), HEBB_OK);
    assert_int_equal(hebb_net_save(b.net, none), HEBB_E_IO);
    assert_int_equal(hebb_net_save(b.net, NULL), HEBB_E_ARGUMENT);
    assert_int_equal(hebb_net_save(NULL, path), HEBB_E_ARGUMENT);
    get_weights(b.net, &first);
    static double zero[C1];
    assert_int_equal(hebb_net_set(b.net, "c1.weight", zero, C1), HEBB_OK);
    assert_int_equal(hebb_net_set(b.net, "c2.weight", zero, C2), HEBB_OK);
    assert_int_equal(hebb_net_load(b.net, path), HEBB_OK);
    get_weights(b.net, &second);
    assert_memory_equal(&first, &second, sizeof first);
    assert_int_equal(hebb_evaluate(b.learner, NULL, b.test, &options, &two, NULL), HEBB_OK);
    assert_true(one.loss == two.loss && one.accuracy == two.accuracy);
    assert_int_equal(hebb_net_load(b.net, none), HEBB_E_IO);
    assert_int_equal(hebb_net_load(b.net, NULL), HEBB_E_ARGUMENT);
    bench_path(none, "run.yaml");
    assert_int_equal(hebb_net_load(b.net, none), HEBB_E_FORMAT);
    hebb_ctx_free(b.ctx);
}

static void test_other_files(void **state) {
    (void)state;
    char path[256];
    hebb_ctx *ctx = bench_ctx(1, 0);
    hebb_net *net;
    bench_path(path, "run.yaml");
    assert_int_equal(hebb_net_from_file(ctx, path, &net), HEBB_OK);
    assert_int_equal(hebb_group_size(net, hebb_net_group(net, "hidden")), 16);
    bench_path(path, "net.safetensors");
    assert_int_equal(hebb_net_load(net, path), HEBB_E_STATE); /* not built */
    assert_int_equal(hebb_net_build(net), HEBB_OK);
    assert_int_equal(hebb_net_load(net, path), HEBB_OK);
    get_weights(net, &second);
    assert_memory_equal(&first, &second, sizeof first);
    bench_write("net.yaml", "groups: {a: {encoder: poisson, num: 3}, b: {neurons: lif, num: 2}}\n"
                            "connections: {c: {from: a, to: b, weight: [[1, 2, 3], [4, 5, 6]]}}\n");
    bench_path(path, "net.yaml");
    assert_int_equal(hebb_net_from_file(ctx, path, &net), HEBB_OK);
    assert_int_equal(hebb_net_build(net), HEBB_OK);
    double w[6];
    assert_int_equal(hebb_net_get(net, "c.weight", w, 6), HEBB_OK);
    for (int i = 0; i < 6; i++) assert_true(w[i] == i + 1);
    bench_path(path, "net.safetensors");
    assert_int_equal(hebb_net_load(net, path), HEBB_E_FORMAT);
    assert_non_null(strstr(hebb_error(ctx), "another network"));
    assert_int_equal(hebb_net_from_file(ctx, "/nowhere.yaml", &net), HEBB_E_IO);
    assert_null(net);
    assert_int_equal(hebb_net_from_file(ctx, NULL, &net), HEBB_E_ARGUMENT);
    bench_write("net.yaml", "[1]\n");
    bench_path(path, "net.yaml");
    assert_int_equal(hebb_net_from_file(ctx, path, &net), HEBB_E_ARGUMENT);
    hebb_ctx_free(ctx);
}

/* ---- memory ---- */

static hebb_status tiny_run(counting *c, const char *folder) {
    char file[256];
    hebb_allocator allocator = {counting_alloc, counting_realloc, counting_free, c};
    hebb_ctx_options options = hebb_ctx_options_default();
    options.allocator = &allocator;
    options.threads = 1;
    hebb_ctx *ctx;
    hebb_status status = hebb_ctx_create(&options, &ctx);
    if (status < 0) return status;
    hebb_run_options run_options = hebb_run_options_default();
    run_options.output = folder;
    bench_path(file, "tiny.yaml");
    hebb_run *run;
    status = hebb_run_open(ctx, file, &run_options, &run);
    if (status >= 0) status = hebb_run_train(run);
    if (status >= 0 && (!*hebb_run_report(run) || !*hebb_run_summary(run)))
        status = hebb_error_status(ctx);
    if (status < 0) assert_true(hebb_error(ctx)[0] != 0);
    hebb_ctx_free(ctx);
    return status;
}

static void test_memory(void **state) {
    (void)state;
    static const char text[] =
        "network:\n  dt: 1\n  groups:\n    input: {encoder: bernoulli, num: 784}\n"
        "    output: {neurons: lif, num: 10, tau_m: [1,1,1,1,1,1,1,1,1,1]}\n"
        "  connections: {c: {from: input, to: output}}\n  decoders: {class: {target: output}}\n"
        "learner: {algorithm: STCA, optimizer: {name: Adam, lr: 0.1}}\n"
        "data: {set: strokes, train_limit: 8, test_limit: 2, validation: 2}\n"
        "training: {epochs: 1, batch_size: 4, time: 3, keep: 1}\n";
    char folder[256], command[300];
    bench_write("tiny.yaml", text);
    bench_path(folder, "tiny");
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    size_t refused = 0;
    (void)refuse_each; /* files are left behind here: the loop is our own */
    for (size_t n = 1;; n += 1 + n / 12) {
        counting c = {.refuse = n};
        hebb_status status = tiny_run(&c, folder);
        if (c.held) fail_msg("request %zu refused: %zu blocks are still held", n, c.held);
        assert_int_equal(c.wrong, 0);
        assert_int_equal(system(command), 0);
        if (c.requests < n) {
            assert_int_equal(status, HEBB_OK);
            break;
        }
        if (status != HEBB_E_MEMORY)
            fail_msg("request %zu refused: %s", n, hebb_status_name(status));
        refused++;
    }
    assert_true(refused > 50);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_loop),        cmocka_unit_test(test_run_file),
        cmocka_unit_test(test_evaluate),    cmocka_unit_test(test_trains),
        cmocka_unit_test(test_closure),     cmocka_unit_test(test_schedules),
        cmocka_unit_test(test_progress),    cmocka_unit_test(test_not_finite),
        cmocka_unit_test(test_arguments),   cmocka_unit_test(test_files),
        cmocka_unit_test(test_other_files), cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests_name("train", tests, bench_make, bench_remove);
}

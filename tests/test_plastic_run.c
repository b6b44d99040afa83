#define _DEFAULT_SOURCE 1 /* mkdtemp */
/* Whole runs with plastic learners: that they learn, that resuming and threads change no
 * bit, and that they are the loop of small verbs that the docs describe. */
#include "run_bench.h"

#include <math.h>

static const char bandit_file[] =
    "name: bandit\n"
    "network:\n"
    "  dt: 1.0\n"
    "  groups:\n"
    "    input: {encoder: poisson, num: 1, unit_conversion: 0.5}\n"
    "    output: {neurons: lif, num: 6}\n"
    "  connections:\n"
    "    c1: {from: input, to: output, weight: 0.5}\n"
    "  rewards:\n"
    "    r: {target: output, method: environment_reward, dec_sample_step: 21}\n"
    "learner: {algorithm: stdp, trainable: [c1]}\n"
    "action: {group: output, method: random_action, pop_size: 2}\n"
    "data: {set: bandit, arms: [0.2, 0.9, 0.4], train_limit: 3000, test_limit: 100}\n"
    "training: {epochs: 1, batch_size: 1, time: 20}\n";

enum { TRAIN = 600, TEST = 300, NEURONS = 40, PIXELS = 784 };

static const char plastic_file[] =
    "name: plastic\n"
    "seed: 3\n"
    "network:\n"
    "  dt: 1.0\n"
    "  groups:\n"
    "    input: {encoder: poisson, num: 784, unit_conversion: 0.1}\n"
    "    layer: {neurons: diehl_cook_exc, num: 40}\n"
    "  connections:\n"
    "    c1: {from: input, to: layer, weight: \"uniform(a=0, b=0.3)\", post_var_name: ge}\n"
    "    lateral: {from: layer, to: layer, link: lateral, w_mean: 17, post_var_name: gi}\n"
    "learner: {algorithm: diehl_cook, trainable: [c1], nu_post: 0.05}\n" /* 11 */
    "readouts:\n"                                                        /* 12 */
    "  vote: {method: vote}\n"                                           /* 13 */
    "  softmax: {method: softmax, samples: 500}\n"                       /* 14 */
    "data: {set: strokes, train_limit: 600, test_limit: 300}\n"          /* 15 */
    "training: {epochs: 2, batch_size: 1, time: 200, retry: 20}\n";      /* 16 */

static int make_bench(void **state) {
    if (bench_make(state)) return -1;
    bench_write("plastic.yaml", plastic_file);
    bench_write("bandit.yaml", bandit_file);
    return 0;
}

typedef struct stopper {
    int calls, stop_at; /* 0: never */
} stopper;

static int count_call(void *user, const hebb_progress *progress) {
    stopper *s = user;
    (void)progress;
    return ++s->calls == s->stop_at;
}

static hebb_run *open_run(hebb_ctx *ctx, const char *const *set, const char *output,
                          const char *resume, stopper *stop, bool dry) {
    char file[256], folder[256], from[256];
    hebb_run_options options = hebb_run_options_default();
    bench_path(file, "plastic.yaml");
    bench_path(folder, output ? output : "");
    bench_path(from, resume ? resume : "");
    options.set = set;
    options.output = output ? folder : NULL;
    options.resume = resume ? from : NULL;
    options.dry_run = dry;
    options.progress = stop ? count_call : NULL;
    options.user = stop;
    hebb_run *run;
    if (hebb_run_open(ctx, file, &options, &run) < 0) fail_msg("%s", hebb_error(ctx));
    return run;
}

static void train(const char *const *set, const char *output, const char *resume, int threads,
                  int stop_at, hebb_status wanted, char json[4096]) {
    hebb_ctx *ctx = bench_ctx(threads, 0);
    stopper stop = {0, stop_at};
    hebb_run *run = open_run(ctx, set, output, resume, &stop, false);
    hebb_status status = hebb_run_train(run);
    if (status != wanted) fail_msg("%s: %s", hebb_status_name(status), hebb_error(ctx));
    if (json) snprintf(json, 4096, "%s", hebb_run_json(run));
    hebb_ctx_free(ctx);
}

static void must_be_picture(const char *name) {
    size_t size;
    char *bytes = bench_read(name, &size);
    if (!bytes) fail_msg("%s is missing", name);
    assert_true(size > 8);
    bool png = !memcmp(bytes, "\x89PNG\r\n\x1a\n", 8), pgm = !memcmp(bytes, "P5\n", 3);
    assert_true(strstr(name, ".png") ? png : pgm);
    free(bytes);
}

static bool has_cairo(void) {
    size_t size;
    char *bytes = bench_read("learned/plots/c1.png", &size);
    free(bytes);
    return bytes != NULL;
}

/* ---- learning ---- */

static void test_learns(void **state) {
    (void)state;
    char json[4096], again[4096];
    train(NULL, "learned", NULL, 1, 0, HEBB_OK, json);
    double vote = bench_json(json, "vote"), softmax = bench_json(json, "softmax");
    assert_true(bench_json(json, "test_accuracy") == vote);
    assert_true(isnan(bench_json(json, "train_accuracy")));
    assert_true(isnan(bench_json(json, "loss")));
    if (vote < 0.27) fail_msg("vote %g; chance is 0.1", vote);
    if (softmax < 0.33) fail_msg("softmax %g; chance is 0.1", softmax);
    must_be_picture(has_cairo() ? "learned/plots/c1.png" : "learned/plots/c1.pgm");
    /* A test later, with the fits of the checkpoint and with fits of its own. */
    for (int refit = 0; refit < 2; refit++) {
        hebb_ctx *ctx = bench_ctx(2, 0);
        stopper stop = {0, 0};
        hebb_run *run = open_run(ctx, NULL, NULL, "learned", &stop, true);
        if (refit) { /* another file's weights are those of this network alone */
            char path[256];
            bench_path(path, "weights.safetensors");
            assert_int_equal(hebb_net_save(hebb_run_net(run), path), HEBB_OK);
            assert_int_equal(hebb_run_evaluate(run, path), HEBB_OK);
        } else {
            assert_int_equal(hebb_run_evaluate(run, NULL), HEBB_OK);
        }
        snprintf(again, sizeof again, "%s", hebb_run_json(run));
        assert_int_equal(stop.calls, TEST + (refit ? TRAIN : 0));
        assert_true(bench_json(again, "vote") == vote);
        assert_true(bench_json(again, "softmax") == softmax);
        hebb_ctx_free(ctx);
    }
}

/* The same accuracy from C, by calls of its own. */
static void test_readout_calls(void **state) {
    (void)state;
    char json[4096];
    size_t size;
    char *text = bench_read("learned/result.json", &size);
    assert_non_null(text);
    snprintf(json, sizeof json, "%.4000s", text);
    free(text);
    hebb_ctx *ctx = bench_ctx(1, 3);
    hebb_net *net = hebb_run_net(open_run(ctx, NULL, NULL, "learned", NULL, true));
    hebb_dataset *train_set, *test_set;
    hebb_readout *readout = NULL;
    hebb_fit_options options = hebb_fit_options_default();
    hebb_metrics metrics;
    uint64_t confusion[100], sum = 0;
    int32_t predicted;
    assert_int_equal(hebb_dataset_open(ctx, "strokes", "train", NULL, TRAIN, &train_set), HEBB_OK);
    assert_int_equal(hebb_dataset_open(ctx, "strokes", "test", NULL, TEST, &test_set), HEBB_OK);
    assert_int_equal(hebb_readout_create(net, "layr", 10, NULL, &readout), HEBB_E_NAME);
    assert_int_equal(hebb_readout_create(net, "layer", 1, NULL, &readout), HEBB_E_RANGE);
    assert_int_equal(hebb_readout_create(net, "layer", 10, NULL, &readout), HEBB_OK);
    options.time = 200;
    options.batch_size = 1;
    options.retry = 20;
    assert_int_equal(hebb_readout_evaluate(readout, NULL, test_set, &options, &metrics, NULL),
                     HEBB_E_STATE);
    assert_int_equal(hebb_readout_fit(readout, NULL, train_set, &options), HEBB_OK);
    assert_int_equal(hebb_readout_evaluate(readout, NULL, test_set, &options, &metrics, confusion),
                     HEBB_OK);
    assert_true(metrics.accuracy == bench_json(json, "vote"));
    for (size_t i = 0; i < 10; i++) sum += confusion[11 * i];
    assert_true((double)sum == TEST * metrics.accuracy);
    assert_int_equal(hebb_readout_predict(readout, &predicted, 2), HEBB_E_SHAPE);
    assert_int_equal(hebb_readout_predict(readout, &predicted, 1), HEBB_OK);
    assert_true(predicted >= -1 && predicted < 10);
    hebb_readout_free(NULL);
    hebb_readout_free(readout);
    assert_int_equal(hebb_readout_create(net, "layer", 10, NULL, &readout), HEBB_OK);
    hebb_ctx_free(ctx); /* with a readout that is left */
}

/* The mean reward of an epoch is what its accuracy says: 1 where right, -1 elsewhere. */
static void test_reward_mean(void **state) {
    (void)state;
    const char *set[] = {"readouts=",
                         "readout={method: populations}",
                         "training.retry=0",
                         "network.rewards.r={target: layer, pop_size: 4, dec_sample_step: 50}",
                         "data.train_limit=64",
                         "data.test_limit=4",
                         "training.time=50",
                         "training.batch_size=8",
                         "training.epochs=1",
                         NULL};
    char json[4096];
    train(set, "rewarded", NULL, 1, 0, HEBB_OK, json);
    double accuracy = bench_json(json, "train_accuracy"), reward = bench_json(json, "reward");
    if (!(fabs(reward - (2 * accuracy - 1)) < 1e-12))
        fail_msg("reward %g for an accuracy of %g", reward, accuracy);
    assert_true(accuracy > 0 && accuracy < 1);
}

/* One session of a file of the bench. */
static void session_of(const char *name, const char *const *set, const char *output,
                       const char *resume, int stop_at, hebb_status wanted) {
    char file[256], folder[256], from[256];
    hebb_ctx *ctx = bench_ctx(1, 0);
    stopper stop = {0, stop_at};
    hebb_run_options options = hebb_run_options_default();
    hebb_run *run;
    bench_path(file, name);
    bench_path(folder, output ? output : "");
    bench_path(from, resume ? resume : "");
    options.set = set;
    options.output = output ? folder : NULL;
    options.resume = resume ? from : NULL;
    options.progress = count_call;
    options.user = &stop;
    hebb_status status = hebb_run_open(ctx, file, &options, &run);
    if (status >= 0) status = hebb_run_train(run);
    if (status != wanted) fail_msg("%s: %s", hebb_status_name(status), hebb_error(ctx));
    hebb_ctx_free(ctx);
}

/* One run of a file of the bench; the result as JSON. */
static hebb_status run_file(const char *name, const char *const *set, const char *output,
                            char json[4096]) {
    char file[256], folder[256];
    hebb_ctx *ctx = bench_ctx(1, 0);
    hebb_run_options options = hebb_run_options_default();
    hebb_run *run;
    bench_path(file, name);
    bench_path(folder, output);
    options.set = set;
    options.output = folder;
    hebb_status status = hebb_run_open(ctx, file, &options, &run);
    if (status >= 0) status = hebb_run_train(run);
    snprintf(json, 4096, "%s", status >= 0 ? hebb_run_json(run) : hebb_error(ctx));
    hebb_ctx_free(ctx);
    return status;
}

/* An agent that chooses anything gets what the arms give on average; one that always chooses the
 * first, what that one gives. Five standard deviations of 3000 pulls. */
static void test_environment(void **state) {
    (void)state;
    static const struct {
        const char *set;
        double accuracy, reward;
    } cases[] = {{"action.method=random_action", 1 / 3.0, 0.5},
                 {"action.method=highest_spikes_action", 0, 0.2},
                 {"data.arms=[0.9, 0.2, 0.4]", 1 / 3.0, 0.5}};
    for (size_t i = 0; i < 3; i++) {
        const char *set[] = {cases[i].set, NULL};
        char json[4096], folder[40];
        snprintf(folder, sizeof folder, "bandit%zu", i);
        if (run_file("bandit.yaml", set, folder, json) < 0) fail_msg("%s", json);
        double a = cases[i].accuracy, r = cases[i].reward;
        double accuracy = bench_json(json, "train_accuracy"), reward = bench_json(json, "reward");
        if (fabs(accuracy - a) > 5 * sqrt(a * (1 - a) / 3000)) fail_msg("%zu: %g", i, accuracy);
        if (fabs(reward - r) > 5 * sqrt(r * (1 - r) / 3000)) fail_msg("%zu: %g", i, reward);
    }
    static const char *const refused[][2] = {
        {"action=", "nothing tells classes"},
        {"action.group=outputs", "did you mean 'output'?"},
        {"action.pop_size=4", "6 neurons cannot be cut into populations of 4"},
        {"action.pop_size=3", "has 3 classes, but the action has 2 choices"},
        {"action.method=softmx_action", "did you mean 'softmax_action'?"},
        {"action.method=highest_voltage_action", "reads potentials"},
        {"action.temperature=3", "temperature"},
        {"network.rewards=", "the network has no environment_reward"},
        {"data.arms=[0.5]", "there must be 2 to 1000"},
        {"data.arms=[0.5, 2]", "arms"},
    };
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        const char *set[] = {refused[i][0], NULL};
        char said[4096];
        if (run_file("bandit.yaml", set, "refused", said) >= 0 || !strstr(said, refused[i][1]))
            fail_msg("%s: %s", refused[i][0], said);
    }
}

/* The examples of learning by reward do learn. */
static void test_reward_examples(void **state) {
    (void)state;
    static const struct {
        const char *file;
        double accuracy; /* of the last 100 trials */
    } cases[] = {{"examples/xor_reward.yaml", 1}, {"examples/bandit.yaml", 0.9}};
    const char *source = getenv("HEBB_SOURCE");
    for (size_t i = 0; i < 2; i++) {
        char path[600], folder[256];
        snprintf(path, sizeof path, "%.400s/%s", source ? source : ".", cases[i].file);
        if (access(path, R_OK) != 0) {
            printf("skipped: %s is not there\n", path);
            skip();
        }
        hebb_ctx *ctx = bench_ctx(1, 0);
        hebb_run_options options = hebb_run_options_default();
        hebb_run *run;
        bench_path(folder, i ? "example1" : "example0");
        options.output = folder;
        hebb_status status = hebb_run_open(ctx, path, &options, &run);
        if (status >= 0) status = hebb_run_train(run);
        if (status < 0) fail_msg("%s: %s", path, hebb_error(ctx));
        double accuracy = bench_json(hebb_run_json(run), "train_accuracy");
        if (accuracy < cases[i].accuracy) fail_msg("%s: %g", path, accuracy);
        hebb_ctx_free(ctx);
    }
}

/* Without learning, the readouts see less. */
static void test_untrained(void **state) {
    (void)state;
    const char *set[] = {"training.epochs=0", NULL};
    char json[4096];
    train(set, "untrained", NULL, 1, 0, HEBB_OK, json);
    double vote = bench_json(json, "vote");
    if (vote > 0.25) fail_msg("untrained weights give %g by vote", vote);
}

/* ---- the same bits ---- */

static const char *const quick[] = {"data.train_limit=30",   "data.test_limit=10",
                                    "training.batch_size=4", "learner.update=presentation",
                                    "training.time=40",      NULL};
static const char *const steps[] = {"data.train_limit=30",   "data.test_limit=10",
                                    "training.batch_size=4", "data.validation=10",
                                    "training.time=40",      NULL};
static const char *const single[] = {"data.train_limit=12", "data.test_limit=4", "training.time=40",
                                     NULL};

static void test_resume(void **state) {
    (void)state;
    static const char *const *const kinds[] = {quick, steps, single};
    for (size_t k = 0; k < 3; k++) {
        train(kinds[k], "whole", NULL, 1, 0, HEBB_OK, NULL);
        /* in the first epoch, in the pass that readouts are fitted on, in the second epoch */
        static const int stops[] = {3, 7, 12, 15, 24};
        for (size_t i = 0; i < 5; i++) {
            train(kinds[k], "parts", NULL, 2, stops[i], HEBB_STOPPED, NULL);
            train(kinds[k], NULL, "parts", 1, 1, HEBB_STOPPED, NULL);
            train(kinds[k], NULL, "parts", 2, 0, HEBB_OK, NULL);
            bench_same_file("whole/checkpoints/last.safetensors",
                            "parts/checkpoints/last.safetensors");
            char command[200];
            snprintf(command, sizeof command, "rm -rf '%s/parts'", bench_folder);
            assert_int_equal(system(command), 0);
        }
        char command[200];
        snprintf(command, sizeof command, "rm -rf '%s/whole'", bench_folder);
        assert_int_equal(system(command), 0);
    }
}

/* A reward's running mean and the draws of actions go on where they stood. */
static void test_resume_reward(void **state) {
    (void)state;
    static const char *const set[] = {
        "learner={algorithm: RSTDP, trainable: [c1], lr: 0.01, A_minus: 0,"
        " baseline: running}",
        "data.train_limit=20", "data.test_limit=5", "training.epochs=2", NULL};
    session_of("bandit.yaml", set, "steady", NULL, 0, HEBB_OK);
    for (int stop = 3; stop < 50; stop += 11) {
        session_of("bandit.yaml", set, "pieces", NULL, stop, HEBB_STOPPED);
        session_of("bandit.yaml", set, NULL, "pieces", 0, HEBB_OK);
        bench_same_file("steady/checkpoints/last.safetensors",
                        "pieces/checkpoints/last.safetensors");
        char command[200];
        snprintf(command, sizeof command, "rm -rf '%s/pieces'", bench_folder);
        assert_int_equal(system(command), 0);
    }
}

static void test_threads(void **state) {
    (void)state;
    static const char *const *const kinds[] = {quick, steps};
    for (size_t k = 0; k < 2; k++) {
        char name[2][40];
        for (int threads = 1; threads <= 4; threads += 3) {
            snprintf(name[threads > 1], 40, "threads%zu_%d", k, threads);
            train(kinds[k], name[threads > 1], NULL, threads, 0, HEBB_OK, NULL);
        }
        char a[100], b[100];
        snprintf(a, sizeof a, "%s/checkpoints/last.safetensors", name[0]);
        snprintf(b, sizeof b, "%s/checkpoints/last.safetensors", name[1]);
        bench_same_file(a, b);
    }
}

/* ---- the loop, by small verbs ---- */

static double spikes_of(hebb_net *net) {
    const float *predict;
    size_t batch, classes;
    double sum = 0;
    assert_int_equal(hebb_net_predict(net, "rate", &predict, &batch, &classes), HEBB_OK);
    for (size_t i = 0; i < classes; i++) sum += (double)predict[i];
    return sum;
}

/* One presentation as docs/run-file.md has it: again and brighter while it has too few spikes. */
static int present(hebb_net *net, const float *values, uint64_t sample, int retries, double least) {
    int shown = 0;
    for (uint64_t tries = 0; tries <= (uint64_t)retries; tries++, shown++) {
        float bright[PIXELS], factor = (float)(1 + 0.5 * (double)tries);
        for (size_t i = 0; i < PIXELS; i++) bright[i] = factor * values[i];
        assert_int_equal(hebb_net_input(net, "input", bright, 1, PIXELS), HEBB_OK);
        assert_int_equal(hebb_net_presentation(net, 1 + (tries << 20), &sample, 1), HEBB_OK);
        assert_int_equal(hebb_net_run(net, 40), HEBB_OK);
        if (spikes_of(net) >= least) return shown + 1;
    }
    return shown;
}

static void test_retry(void **state) {
    (void)state;
    enum { SAMPLES = 12 };
    const char *set[] = {"data.train_limit=12",
                         "data.test_limit=2",
                         "training.time=40",
                         "training.shuffle=false",
                         "training.retry=3",
                         "training.retry_spikes=4",
                         "training.epochs=1",
                         "network.decoders.rate={target: layer, method: spike_counts}",
                         NULL};
    hebb_ctx *ctx = bench_ctx(1, 3), *other = bench_ctx(1, 3);
    hebb_run *run = open_run(ctx, set, "retried", NULL, NULL, false);
    assert_int_equal(hebb_run_train(run), HEBB_OK);
    hebb_net *net = hebb_run_net(open_run(other, set, NULL, NULL, NULL, true));
    hebb_dataset *data;
    assert_int_equal(hebb_dataset_open(other, "strokes", "train", NULL, SAMPLES, &data), HEBB_OK);
    int shown = 0;
    for (uint64_t i = 0; i < SAMPLES; i++) {
        float values[PIXELS];
        assert_int_equal(hebb_dataset_sample(data, (size_t)i, values, NULL), HEBB_OK);
        shown += present(net, values, i, 3, 4);
    }
    if (shown == SAMPLES || shown == 4 * SAMPLES) fail_msg("%d showings test nothing", shown);
    static double a[NEURONS * PIXELS], b[NEURONS * PIXELS], ta[NEURONS], tb[NEURONS];
    assert_int_equal(hebb_net_get(hebb_run_net(run), "c1.weight", a, NEURONS * PIXELS), HEBB_OK);
    assert_int_equal(hebb_net_get(net, "c1.weight", b, NEURONS * PIXELS), HEBB_OK);
    assert_memory_equal(a, b, sizeof a);
    assert_int_equal(hebb_net_get(hebb_run_net(run), "layer.theta", ta, NEURONS), HEBB_OK);
    assert_int_equal(hebb_net_get(net, "layer.theta", tb, NEURONS), HEBB_OK);
    assert_memory_equal(ta, tb, sizeof ta);
    hebb_ctx_free(ctx);
    hebb_ctx_free(other);
}

/* hebb_fit takes a plastic learner as well. */
static void test_fit(void **state) {
    (void)state;
    enum { SAMPLES = 20, SMALL = 10 };
    static double weights[2][SMALL * PIXELS];
    for (int by_hand = 0; by_hand < 2; by_hand++) {
        hebb_ctx *ctx = bench_ctx(1, 5);
        hebb_net *net;
        hebb_net_options options = hebb_net_options_default();
        hebb_learner *learner;
        hebb_dataset *data;
        options.dt = 1;
        assert_int_equal(hebb_net_create(ctx, &options, &net), HEBB_OK);
        hebb_group in =
            hebb_encoder(net, "input", PIXELS, "poisson", HEBB_P({"unit_conversion", 0.1}));
        hebb_group out = hebb_neurons(net, "layer", SMALL, "diehl_cook_exc", NULL);
        hebb_connect(
            net, "c1", in, out, "full",
            HEBB_P(HEBB_STR("weight", "uniform(a=0, b=0.3)"), HEBB_STR("post_var_name", "ge")));
        hebb_decode(net, "rate", out, "spike_counts", NULL);
        assert_int_equal(hebb_learner_create(net, "diehl_cook", HEBB_NAMES("c1"), NULL, &learner),
                         HEBB_OK);
        if (hebb_net_build(net) < 0) fail_msg("%s", hebb_error(ctx));
        assert_int_equal(hebb_dataset_open(ctx, "strokes", "train", NULL, SAMPLES, &data), HEBB_OK);
        if (!by_hand) {
            hebb_fit_options fit = hebb_fit_options_default();
            hebb_metrics metrics;
            fit.batch_size = 1;
            fit.time = 40;
            fit.shuffle = 0;
            if (hebb_fit(learner, NULL, data, &fit, &metrics) < 0) fail_msg("%s", hebb_error(ctx));
            assert_int_equal(metrics.count, SAMPLES);
            assert_true(isnan(metrics.loss));
        }
        for (uint64_t i = 0; by_hand && i < SAMPLES; i++) {
            float values[PIXELS];
            assert_int_equal(hebb_dataset_sample(data, (size_t)i, values, NULL), HEBB_OK);
            assert_int_equal(present(net, values, i, 0, 0), 1);
            assert_int_equal(hebb_learner_optim_step(learner), HEBB_OK);
        }
        assert_int_equal(hebb_net_get(net, "c1.weight", weights[by_hand], SMALL * PIXELS), HEBB_OK);
        hebb_ctx_free(ctx);
    }
    assert_memory_equal(weights[0], weights[1], sizeof weights[0]);
}

/* ---- refused ---- */

static void test_errors(void **state) {
    (void)state;
    static const struct {
        const char *set, *says;
    } cases[] = {
        {"learner.optimizer={name: Adam, lr: 1}",
         "diehl_cook changes the weights while the network runs; it takes no optimizer"},
        {"learner.loss=mse", "it takes no loss"},
        {"learner.schedule=ReduceLROnPlateau", "follows a loss, and diehl_cook has none"},
        {"learner.schedule=StepLRR", "did you mean 'StepLR'?"},
        {"learner.trainable=[c2]", "did you mean 'c1'?"},
        {"readouts.vote.metod=vote", "did you mean 'method'?"},
        {"readouts.vote.method=votes", "method = 'votes' is not allowed"},
        {"readouts.vote.group=layr", "did you mean 'layer'?"},
        {"readouts.vote.group=input", "'input' is no group of neurons"},
        {"readouts={}", "readouts must be a map from 1 to 8 names to readouts"},
        {"readout={method: vote}", "readout and readouts are both given; keep one"},
        {"readouts.p={method: fired}", "the samples have 10"},
        {"readouts=", "retry counts the spikes of a group; name it with retry_group"},
        {"readouts=|training.retry=0",
         "nothing tells classes; give the network a decoder, or the file a readout"},
        {"network.rewards.r={target: layr}", "did you mean 'layer'?"},
        {"network.rewards.r={target: layer, method: globl_reward}",
         "did you mean 'global_reward'?"},
        {"network.rewards.r={target: layer, pop_size: 20}",
         "has 10 classes, but the reward tells 2 apart"},
        {"network.rewards.r={target: layer, method: environment_reward}",
         "is told by an environment"},
        {"network.reward.r={target: layer}", "did you mean 'rewards'?"},
        {"data.arms=[0.5, 0.5]", "arms are a bandit's; 'strokes' has none"},
        {"training.retry=1001", "retry = 1001 is not allowed"},
        {"training.retry_group=inputs", "did you mean 'input'?"},
    };
    hebb_ctx *ctx = bench_ctx(1, 0);
    char file[256];
    bench_path(file, "plastic.yaml");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char first[200];
        const char *bar = strchr(cases[i].set, '|'); /* between two settings */
        const char *set[] = {first, bar ? bar + 1 : NULL, NULL};
        snprintf(first, sizeof first, "%.*s", (int)strcspn(cases[i].set, "|"), cases[i].set);
        hebb_run_options options = hebb_run_options_default();
        hebb_run *run;
        options.set = set;
        hebb_status status = hebb_run_open(ctx, file, &options, &run);
        if (status >= 0 || !strstr(hebb_error(ctx), cases[i].says))
            fail_msg("%s: %s, %s", cases[i].set, hebb_status_name(status),
                     status < 0 ? hebb_error(ctx) : "accepted");
    }
    hebb_ctx_free(ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_learns),
        cmocka_unit_test(test_readout_calls),
        cmocka_unit_test(test_reward_mean),
        cmocka_unit_test(test_environment),
        cmocka_unit_test(test_reward_examples),
        cmocka_unit_test(test_resume_reward),
        cmocka_unit_test(test_untrained),
        cmocka_unit_test(test_resume),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_retry),
        cmocka_unit_test(test_fit),
        cmocka_unit_test(test_errors),
    };
    return cmocka_run_group_tests_name("plastic run", tests, make_bench, bench_remove);
}

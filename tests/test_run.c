#define _DEFAULT_SOURCE 1 /* mkdtemp */
/* Run files: what is refused, with which words at which line; overrides; folders
 * and results. The oracles are sentences and numbers written out by hand. */
#include "run_bench.h"

#include <cJSON.h>
#include <math.h>

static hebb_status open_set(hebb_ctx *ctx, const char *name, const char *const *set,
                            const char *output, hebb_run **run) {
    char path[256], folder[256];
    hebb_run_options options = hebb_run_options_default();
    options.set = set;
    if (output) {
        bench_path(folder, output);
        options.output = folder;
    }
    bench_path(path, name);
    return hebb_run_open(ctx, path, &options, run);
}

/* ---- errors ---- */

typedef struct fault {
    const char *from, *to; /* replaced once in the file */
    int line;              /* that the sentence must name; 0: none */
    const char *says;
} fault;

static const fault faults[] = {
    {"seed: 3", "sead: 3", 2, "a run file has no key 'sead'; did you mean 'seed'?"},
    {"seed: 3", "seed: -3", 2, "seed = -3 is not allowed; it must be a whole number"},
    {"seed: 3", "seed: 1.5", 2, "seed = 1.5 is not allowed"},
    {"name: small", "name: ../up", 1, "name = '../up' is not allowed"},
    {"  dt: 1.0", "  dt: -1", 4, "dt = -1 is not allowed for network; it must be above 0 ms"},
    {"  dt: 1.0", "  dt: fast", 4, "dt"},
    {"  dt: 1.0", "  Dt_: 1", 4, "network has no parameter 'Dt_'; did you mean 'dt'?"},
    {"latency: same_step", "latency: some_step", 5, "did you mean 'same_step'?"},
    {"  groups:", "  gruops:", 6, "network has no key 'gruops'; did you mean 'groups'?"},
    {"encoder: bernoulli", "encoder: bernouli", 7, "did you mean 'bernoulli'?"},
    {"encoder: bernoulli, num: 784", "encoder: bernoulli", 7, "num, how many neurons it has"},
    {"num: 784", "num: 0", 7, "num = 0 is not allowed; it must be a whole number from 1"},
    {"num: 784", "num: 2.5", 7, "num = 2.5 is not allowed"},
    {"neurons: lif", "neurons: lifx", 8, "did you mean 'lif'?"},
    {"neurons: lif", "neuron: lif", 8, "there is no 'neuron'; did you mean 'neurons'?"},
    {"neurons: lif", "neurons: lif, encoder: poisson", 8, "neurons and encoder are both given"},
    {"tau_m: 5.0", "tau_n: 5.0", 8, "has no parameter 'tau_n'; did you mean 'tau_m'?"},
    {"tau_m: 5.0", "tau_m: 0", 8, "tau_m = 0 is not allowed for lif; it must be above 0 ms"},
    {"tau_m: 5.0", "tau_m: [5, 6]", 8, "tau_m has 2 values, but there are 16 neurons"},
    {"tau_m: 5.0", "tau_m: [5, slow]", 8, "tau_m holds 'slow', which is not a number"},
    {"tau_m: 5.0", "tau_m: [[1, 2], [3]]", 8, "a row has 1 entries, the first one has 2"},
    {"tau_m: 5.0", "tau_m: {a: 1}", 8, "tau_m must be a value or a list, not a map"},
    {"from: input, to: hidden", "from: inputs, to: hidden", 11, "did you mean 'input'?"},
    {"from: input, to: hidden", "from: input", 11, "c1: to, the name of a group, is missing"},
    {"kaiming_uniform(a=2.236)", "kaiming_unform(a=2.236)", 12, "did you mean 'kaiming_uniform'?"},
    {"from: hidden, to: output", "from: hidden, to: output, link: ful", 13, "did you mean 'full'?"},
    {"from: hidden, to: output", "from: hidden, to: output, density: 2", 13, "density"},
    {"from: hidden, to: output", "from: hidden, to: input", 13, "only neurons receive"},
    {"method: final_step_voltage", "method: final_voltage", 15, "final_voltage"},
    {"target: output", "target: outputs", 15, "did you mean 'output'?"},
    {"algorithm: STCA", "algorithm: STCB", 17, "did you mean 'STCA'?"},
    {"algorithm: STCA", "algoritm: STCA", 17, "did you mean 'algorithm'?"},
    {"alpha: 0.5", "alhpa: 0.5", 18, "did you mean 'alpha'?"},
    {"optimizer: {name: Adam", "optimizer: {name: Adma", 19, "did you mean 'Adam'?"},
    {", lr: 0.01}", "}", 19, "lr, the learning rate, is missing"},
    {"lr: 0.01", "lr: fast", 19, "lr must be a number"},
    {"lr: 0.01", "lr: 0.01, beta: 1", 19, "beta"},
    {"  optimizer: {", "  optimiser: {", 19, "did you mean 'optimizer'?"},
    {"name: StepLR", "name: StepRL", 20, "did you mean 'StepLR'?"},
    {"gamma: 0.5", "gamma: 0.5, every: day", 20, "every = 'day' is not allowed"},
    {"name: cross_entropy", "name: cross_entrpy", 21, "did you mean 'cross_entropy'?"},
    {"decoder: class", "decoder: classes", 21, "did you mean 'class'?"},
    {"set: strokes", "sets: strokes", 23, "data has no parameter 'sets'; did you mean 'set'?"},
    {"set: strokes", "set: stroke", 23, "strokes"},
    {"set: strokes", "path: /tmp", 22, "needs the parameter set"},
    {"train_limit: 200", "train_limit: -1", 24, "train_limit = -1 is not allowed"},
    {"validation: 40", "validation: 200", 26, "leaves nothing to learn from"},
    {"validation: 40", "augment: {rotat: 3}", 26, "did you mean 'rotate'?"},
    {"  epochs: 3", "  epoch: 3", 28, "training has no parameter 'epoch'; did you mean 'epochs'?"},
    {"  epochs: 3", "  epochs: 2.5", 28, "epochs = 2.5 is not allowed"},
    {"batch_size: 32", "batch_size: 0", 29, "batch_size = 0 is not allowed"},
    {"  time: 8", "  keep: 1", 27, "needs the parameter time"},
    {"  time: 8", "  time: 8\n  report: best\n  report: last", 32, "given twice"},
    {"num: 784", "num: 100", 0, "the samples of 'strokes' have 784 values, but the encoder"},
    {"num: 10}", "num: 9}", 0, "has 10 classes, but the decoder 'class' gives 9 values"},
    {"data:", "date:", 22, "did you mean 'data'?"},
};

/* The bench's file with one thing replaced. */
static void write_changed(const char *name, const char *from, const char *to) {
    char text[4096];
    const char *at = strstr(bench_file, from);
    assert_non_null(at);
    snprintf(text, sizeof text, "%.*s%s%s", (int)(at - bench_file), bench_file, to,
             at + strlen(from));
    bench_write(name, text);
}

static void test_errors(void **state) {
    (void)state;
    hebb_ctx *ctx = bench_ctx(1, 0);
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        const fault *f = &faults[i];
        char place[300];
        hebb_run *run = (hebb_run *)ctx;
        write_changed("bad.yaml", f->from, f->to);
        hebb_status status = open_set(ctx, "bad.yaml", NULL, NULL, &run);
        snprintf(place, sizeof place, "bad.yaml:%d:", f->line);
        const char *error = hebb_error(ctx);
        if (status >= 0 || run || !strstr(error, f->says) || (f->line && !strstr(error, place)))
            fail_msg("'%s' for '%s': status %d, wanted line %d and \"%s\", said: %s", f->to,
                     f->from, status, f->line, f->says, error);
    }
    hebb_ctx_free(ctx);
}

static void test_broken(void **state) {
    (void)state;
    static const char *const texts[] = {"",
                                        "[1, 2]",
                                        "5",
                                        "network: [",
                                        "a: 1",
                                        "network:\n",
                                        "network: {groups: {}}\ndata: {set: strokes}\n",
                                        "network: 3\nlearner: {}\ndata: {}\ntraining: {}\n"};
    hebb_ctx *ctx = bench_ctx(1, 0);
    hebb_run *run;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        bench_write("broken.yaml", texts[i]);
        assert_true(open_set(ctx, "broken.yaml", NULL, NULL, &run) < 0);
        assert_null(run);
        assert_non_null(strstr(hebb_error(ctx), "broken.yaml"));
    }
    /* Cut anywhere, the file is refused or read, never more. */
    for (size_t cut = 0; cut < sizeof bench_file; cut += 7) {
        char text[sizeof bench_file];
        snprintf(text, sizeof text, "%.*s", (int)cut, bench_file);
        bench_write("broken.yaml", text);
        if (open_set(ctx, "broken.yaml", NULL, NULL, &run) >= 0) hebb_run_free(run);
    }
    assert_int_equal(open_set(ctx, "none.yaml", NULL, NULL, &run), HEBB_E_IO);
    assert_int_equal(hebb_run_open(ctx, NULL, NULL, &run), HEBB_E_ARGUMENT);
    assert_int_equal(hebb_run_open(ctx, "x", NULL, NULL), HEBB_E_ARGUMENT);
    assert_int_equal(hebb_run_open(NULL, "x", NULL, &run), HEBB_E_ARGUMENT);
    assert_int_equal(hebb_run_train(NULL), HEBB_E_ARGUMENT);
    assert_int_equal(hebb_run_evaluate(NULL, NULL), HEBB_E_ARGUMENT);
    assert_string_equal(hebb_run_json(NULL), "");
    assert_string_equal(hebb_run_report(NULL), "");
    assert_string_equal(hebb_run_summary(NULL), "");
    assert_string_equal(hebb_run_folder(NULL), "");
    assert_null(hebb_run_net(NULL));
    hebb_run_free(NULL);
    hebb_ctx_free(ctx);
}

/* A byte changed here and there: refused with a sentence, or opened. */
static void test_noise(void **state) {
    (void)state;
    hebb_ctx *ctx = bench_ctx(1, 0);
    uint32_t random = 1;
    size_t refused = 0;
    for (int round = 0; round < 400; round++) {
        char text[sizeof bench_file];
        memcpy(text, bench_file, sizeof text);
        for (int change = 0; change <= round % 3; change++) {
            random = random * 1664525u + 1013904223u;
            size_t at = (random >> 8) % (sizeof text - 1);
            text[at] = "abz_019.-:,[]{}\"' #\n&*!|>%@~"[(random >> 3) % 28];
        }
        bench_write("noise.yaml", text);
        hebb_run *run;
        if (open_set(ctx, "noise.yaml", NULL, NULL, &run) >= 0) {
            hebb_run_free(run);
        } else {
            assert_null(run);
            assert_true(hebb_error(ctx)[0] != 0);
            refused++;
        }
    }
    assert_true(refused > 100 && refused < 400);
    hebb_ctx_free(ctx);
}

static void test_missing_data(void **state) {
    (void)state;
    char empty[256], path[256];
    hebb_ctx *ctx = bench_ctx(1, 0);
    hebb_run *run;
    bench_path(empty, "empty");
    mkdir(empty, 0777);
    snprintf(path, sizeof path, "data.path=%.200s", empty);
    const char *set[] = {"data.set=mnist", path, NULL};
    assert_int_equal(open_set(ctx, "run.yaml", set, NULL, &run), HEBB_E_IO);
    assert_non_null(strstr(hebb_error(ctx), empty));
    assert_non_null(strstr(hebb_error(ctx), "mnist"));
    hebb_ctx_free(ctx);
}

/* ---- overrides ---- */

static void test_overrides(void **state) {
    (void)state;
    static const struct {
        const char *set, *says;
    } wrong[] = {
        {"training.epoch=3", "'training.epoch=3': training has no parameter 'epoch'; did you mean"},
        {"training.epochs=x", "'training.epochs=x': "},
        {"trainig.epochs=3", "did you mean 'training'?"},
        {"seed", "must have the form name.name=value"},
        {"=3", "must have the form"},
        {"network.groups.hidden.tau_m=[1", "override 'network.groups.hidden.tau_m=[1'"},
        {"name.x=1", "override 'name.x=1'"},
        {"network.groups.hidden.tau_q=1", "'network.groups.hidden.tau_q=1': "},
        {"data..set=1", "override 'data..set=1'"},
    };
    hebb_ctx *ctx = bench_ctx(1, 0);
    hebb_run *run;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        const char *set[] = {wrong[i].set, NULL};
        hebb_status status = open_set(ctx, "run.yaml", set, NULL, &run);
        if (status >= 0 || !strstr(hebb_error(ctx), wrong[i].says))
            fail_msg("%s: %d, %s", wrong[i].set, status, hebb_error(ctx));
    }
    /* default < file < override, the last one wins */
    const char *set[] = {"training.epochs=7",
                         "training.epochs=2",
                         "seed=18446744073709551615",
                         "network.groups.hidden.tau_m=[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,2]",
                         "training.keep=",
                         NULL};
    assert_int_equal(open_set(ctx, "run.yaml", set, "over", &run), HEBB_OK);
    assert_non_null(strstr(hebb_run_summary(run), "seed 18446744073709551615"));
    assert_non_null(strstr(hebb_run_summary(run), "2 x 160 samples, batches of 32, 8 ms"));
    double tau;
    assert_int_equal(hebb_net_constant(hebb_run_net(run), "hidden.decay_m", &tau), HEBB_OK);
    hebb_ctx_free(ctx);
}

/* ---- folders and results ---- */

static void check_json(const char *text) {
    cJSON *json = cJSON_Parse(text);
    assert_non_null(json);
    static const char *const numbers[] = {"test_accuracy",
                                          "best_test_accuracy",
                                          "epochs",
                                          "seed",
                                          "seconds",
                                          "seconds_per_epoch",
                                          "loss",
                                          "threads",
                                          "parameters",
                                          "peak_memory_bytes",
                                          "best_epoch",
                                          "train_accuracy",
                                          "validation_accuracy"};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        if (!cJSON_IsNumber(cJSON_GetObjectItem(json, numbers[i])))
            fail_msg("%s is no number in %s", numbers[i], text);
    assert_true(cJSON_IsString(cJSON_GetObjectItem(json, "version")));
    double accuracy = cJSON_GetObjectItem(json, "test_accuracy")->valuedouble;
    assert_true(accuracy >= 0 && accuracy <= 1);
    /* 784*16 + 16*10 weights, no biases */
    assert_true(cJSON_GetObjectItem(json, "parameters")->valuedouble >= 784 * 16 + 160);
    const cJSON *table = cJSON_GetObjectItem(json, "confusion"), *row;
    double all = 0, right = 0;
    int i = 0;
    cJSON_ArrayForEach(row, table) {
        for (int j = 0; j < 10; j++) all += cJSON_GetArrayItem(row, j)->valuedouble;
        right += cJSON_GetArrayItem(row, i++)->valuedouble;
    }
    assert_int_equal(i, 10);
    assert_true(all == 50 && fabs(right / all - accuracy) < 1e-12);
    cJSON_Delete(json);
}

static int lines_of(const char *name) {
    size_t size;
    char *text = bench_read(name, &size);
    assert_non_null(text);
    int lines = 0;
    for (size_t i = 0; i < size; i++) lines += text[i] == '\n';
    free(text);
    return lines;
}

static void test_folder(void **state) {
    (void)state;
    char folder[256];
    hebb_ctx *ctx = bench_ctx(2, 0);
    hebb_run *run;
    const char *set[] = {"training.keep=1", NULL};
    assert_int_equal(open_set(ctx, "run.yaml", set, "first", &run), HEBB_OK);
    assert_int_equal(hebb_run_train(run), HEBB_OK);
    bench_path(folder, "first");
    assert_string_equal(hebb_run_folder(run), folder);
    check_json(hebb_run_json(run));
    assert_true(bench_json(hebb_run_json(run), "epochs") == 3);
    assert_true(bench_json(hebb_run_json(run), "seed") == 3);
    assert_non_null(strstr(hebb_run_report(run), "test accuracy"));
    assert_non_null(strstr(hebb_run_report(run), "recall"));
    assert_int_equal(lines_of("first/metrics.csv"), 4);
    assert_int_equal(lines_of("first/metrics.jsonl"), 3);
    static const char *const files[] = {"first/config.yaml",
                                        "first/run.json",
                                        "first/log.txt",
                                        "first/result.json",
                                        "first/checkpoints/last.safetensors",
                                        "first/checkpoints/best.safetensors",
                                        "first/checkpoints/epoch_0003.safetensors"};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        size_t size;
        char *text = bench_read(files[i], &size);
        if (!text || !size) fail_msg("%s is missing or empty", files[i]);
        if (strstr(files[i], ".json")) {
            cJSON *json = cJSON_Parse(text);
            assert_non_null(json);
            cJSON_Delete(json);
        }
        free(text);
    }
    size_t size;
    assert_null(bench_read("first/checkpoints/epoch_0002.safetensors", &size));
    /* A folder that holds a run is not taken for another. */
    hebb_run *again;
    assert_int_equal(open_set(ctx, "run.yaml", NULL, "first", &again), HEBB_OK);
    assert_int_equal(hebb_run_train(again), HEBB_E_STATE);
    assert_non_null(strstr(hebb_error(ctx), "already holds a run"));
    hebb_ctx_free(ctx);
}

/* The resolved file, run again, gives the same bits. */
static void test_resolved(void **state) {
    (void)state;
    hebb_ctx *ctx = bench_ctx(2, 0);
    hebb_run *run;
    assert_int_equal(open_set(ctx, "first/config.yaml", NULL, "second", &run), HEBB_OK);
    assert_int_equal(hebb_run_train(run), HEBB_OK);
    hebb_ctx_free(ctx);
    bench_same_file("first/config.yaml", "second/config.yaml");
    bench_same_file("first/checkpoints/last.safetensors", "second/checkpoints/last.safetensors");
    bench_same_file("first/checkpoints/best.safetensors", "second/checkpoints/best.safetensors");
}

static void test_evaluate(void **state) {
    (void)state;
    char path[256];
    size_t size;
    hebb_ctx *ctx = bench_ctx(1, 0);
    hebb_run *run;
    char *result = bench_read("first/result.json", &size);
    double accuracy = bench_json(result, "test_accuracy");
    double loss = bench_json(result, "test_loss");
    free(result);
    assert_int_equal(open_set(ctx, "first/config.yaml", NULL, "first", &run), HEBB_OK);
    assert_int_equal(hebb_run_evaluate(run, NULL), HEBB_OK); /* the best */
    assert_non_null(strstr(hebb_run_json(run), "\"tested\": \"best\""));
    bench_path(path, "first/checkpoints/last.safetensors");
    assert_int_equal(hebb_run_evaluate(run, path), HEBB_OK);
    assert_true(bench_json(hebb_run_json(run), "test_accuracy") == accuracy);
    assert_true(bench_json(hebb_run_json(run), "test_loss") == loss);
    assert_true(bench_json(hebb_run_json(run), "epochs") == 3);
    assert_int_equal(hebb_run_train(run), HEBB_E_STATE); /* not its own weights any more */
    assert_true(hebb_run_evaluate(run, "/nowhere.safetensors") < 0);
    bench_path(path, "run.yaml");
    assert_int_equal(hebb_run_evaluate(run, path), HEBB_E_FORMAT);
    /* A folder without checkpoints is no result. */
    assert_int_equal(open_set(ctx, "run.yaml", NULL, "empty", &run), HEBB_OK);
    assert_int_equal(hebb_run_evaluate(run, NULL), HEBB_E_IO);
    /* Another network's weights are refused. */
    const char *set[] = {"network.groups.hidden.num=17", NULL};
    bench_path(path, "first/checkpoints/last.safetensors");
    assert_int_equal(open_set(ctx, "run.yaml", set, NULL, &run), HEBB_OK);
    assert_int_equal(hebb_run_evaluate(run, path), HEBB_E_SHAPE);
    assert_non_null(strstr(hebb_error(ctx), "[16, 784]"));
    hebb_ctx_free(ctx);
}

static void test_dry_run(void **state) {
    (void)state;
    char path[256], folder[256];
    size_t size;
    hebb_ctx *ctx = bench_ctx(1, 0);
    hebb_run *run;
    hebb_run_options options = hebb_run_options_default();
    bench_path(path, "run.yaml");
    bench_path(folder, "dry");
    options.output = folder;
    options.dry_run = 1;
    assert_int_equal(hebb_run_open(ctx, path, &options, &run), HEBB_OK);
    assert_int_equal(hebb_run_train(run), HEBB_OK);
    assert_null(bench_read("dry/config.yaml", &size));
    const char *summary = hebb_run_summary(run);
    assert_non_null(strstr(summary, "hidden"));
    assert_non_null(strstr(summary, "c1.weight"));
    assert_non_null(strstr(summary, "12544")); /* 784 * 16 */
    assert_true(isnan(bench_json(hebb_run_json(run), "test_accuracy")));
    hebb_ctx_free(ctx);
}

static void test_report_best(void **state) {
    (void)state;
    hebb_ctx *ctx = bench_ctx(2, 0);
    hebb_run *run;
    const char *none[] = {"training.report=best", "data.validation=0", NULL};
    assert_int_equal(open_set(ctx, "run.yaml", none, NULL, &run), HEBB_E_ARGUMENT);
    assert_non_null(strstr(hebb_error(ctx), "data.validation"));
    /* A learning rate that ruins the weights later: the best epoch is not the last. */
    const char *set[] = {"training.report=best", "training.epochs=4",
                         "learner.schedule={name: StepLR, step_size: 2, gamma: 300}", NULL};
    assert_int_equal(open_set(ctx, "run.yaml", set, "best", &run), HEBB_OK);
    assert_int_equal(hebb_run_train(run), HEBB_OK);
    const char *json = hebb_run_json(run);
    assert_non_null(strstr(json, "\"tested\": \"best\""));
    assert_true(bench_json(json, "best_epoch") < 4);
    assert_true(bench_json(json, "best_validation_accuracy") >
                bench_json(json, "validation_accuracy"));
    hebb_ctx_free(ctx);
}

/* ---- examples and documentation ---- */

static char *source_file(const char *name, char path[512]) {
    const char *source = getenv("HEBB_SOURCE");
    snprintf(path, 512, "%.300s/%.200s", source ? source : ".", name);
    return path;
}

static void train_little(hebb_ctx *ctx, const char *file, const char *folder) {
    static const char *const set[] = {"data.train_limit=100", "data.test_limit=20",
                                      "data.validation=10", "training.epochs=1", NULL};
    char output[256];
    hebb_run *run;
    hebb_run_options options = hebb_run_options_default();
    bench_path(output, folder);
    options.set = set;
    options.output = output;
    hebb_status status = hebb_run_open(ctx, file, &options, &run);
    if (status >= 0) status = hebb_run_train(run);
    if (status < 0) fail_msg("%s: %s", file, hebb_error(ctx));
    assert_true(bench_json(hebb_run_json(run), "test_samples") == 20);
    hebb_run_free(run);
}

static void test_examples(void **state) {
    (void)state;
    static const char *const names[] = {"strokes",          "yin_yang",        "mnist_800",
                                        "mnist_800_aug",    "fashion_400_400", "spaic_mnist_stca",
                                        "spaic_mnist_stbp", "spaic_mnist_clif"};
    bool has_data = getenv("HEBB_DATA_DIR") != NULL;
    char path[512], name[100];
    hebb_ctx *ctx = bench_ctx(2, 0);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        bool drawn = !strcmp(names[i], "strokes") || !strcmp(names[i], "yin_yang");
        if (!drawn && !has_data) {
            printf("skipped: examples/%s.yaml needs HEBB_DATA_DIR\n", names[i]);
            continue;
        }
        snprintf(name, sizeof name, "examples/%s.yaml", names[i]);
        train_little(ctx, source_file(name, path), names[i]);
    }
    hebb_ctx_free(ctx);
}

/* The file that docs/run-file.md shows. */
static void test_document(void **state) {
    (void)state;
    char path[512], text[4000];
    FILE *file = fopen(source_file("docs/run-file.md", path), "rb");
    if (!file) fail_msg("%s cannot be read", path);
    text[fread(text, 1, sizeof text - 1, file)] = 0;
    fclose(file);
    char *begin = strstr(text, "```yaml\n"), *end = begin ? strstr(begin + 8, "```") : NULL;
    assert_non_null(end);
    *end = 0;
    bench_write("shown.yaml", begin + 8);
    hebb_ctx *ctx = bench_ctx(2, 0);
    bench_path(path, "shown.yaml");
    train_little(ctx, path, "shown");
    hebb_ctx_free(ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_errors),    cmocka_unit_test(test_broken),
        cmocka_unit_test(test_noise),     cmocka_unit_test(test_missing_data),
        cmocka_unit_test(test_overrides), cmocka_unit_test(test_folder),
        cmocka_unit_test(test_resolved),  cmocka_unit_test(test_evaluate),
        cmocka_unit_test(test_dry_run),   cmocka_unit_test(test_report_best),
        cmocka_unit_test(test_examples),  cmocka_unit_test(test_document),
    };
    return cmocka_run_group_tests_name("run", tests, bench_make, bench_remove);
}

#define _DEFAULT_SOURCE 1 /* mkdtemp */
/* Readouts of spike counts against sums done by hand and log odds, pictures against
 * their pixels, and the small sets for learning by reward. */
#include "run_bench.h"

#include <math.h>

#include "data/dataset.h"
#include "plot/plot.h"
#include "train/classifier.h"

static hb_env env;

static hb_classifier make(const hebb_param *params, size_t neurons, size_t classes) {
    hb_args args;
    hb_classifier c;
    assert_int_equal(hb_args_read(&env, &hb_section_readout, "", params, 0, &args), HEBB_OK);
    assert_int_equal(hb_classifier_init(&env, &args, "read", 0, neurons, classes, &c), HEBB_OK);
    hb_args_free(&args);
    return c;
}

static void add(hb_classifier *c, const uint32_t *counts, int32_t label) {
    assert_int_equal(hb_classifier_add(c, counts, label), HEBB_OK);
}

/* ---- votes ---- */

static void test_vote(void **state) {
    (void)state;
    /* Mean responses: neuron 0: (3, 1), 1: (2, 2), 2: (0.5, 4), 3: never. Class 0 is shown
     * twice as often as class 1, so sums would assign neuron 1 otherwise than means do. */
    static const uint32_t zero[2][4] = {{4, 2, 1, 0}, {2, 1, 0, 0}}, one[4] = {1, 2, 4, 0};
    hb_classifier c = make(NULL, 4, 2);
    assert_int_equal(c.method, HB_VOTE);
    assert_false(c.fitted);
    hb_classifier_begin(&c);
    for (int i = 0; i < 2; i++) add(&c, zero[i], 0);
    add(&c, one, 1);
    assert_int_equal(hb_classifier_end(&c, 0), HEBB_OK);
    assert_true(c.fitted);
    /* class 0: neuron 0; class 1: neurons 1 and 2, which share one vote */
    static const float wanted[2][5] = {{1, 0, 0, 0, 0}, {0, 0.5f, 0.5f, 0, 0}};
    for (size_t k = 0; k < 2; k++)
        for (size_t j = 0; j < 5; j++) assert_true(c.weight[k * 5 + j] == wanted[k][j]);
    static const struct {
        uint32_t counts[4];
        size_t class;
    } cases[] = {{{3, 2, 2, 0}, 0},
                 {{1, 2, 3, 0}, 1},
                 {{2, 2, 2, 0}, 0}, /* a tie: the lowest */
                 {{0, 0, 0, 0}, 2},
                 {{0, 0, 0, 9}, 0}};
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(hb_classifier_predict(&c, cases[i].counts), cases[i].class);
    hb_classifier_free(&c);
}

/* ---- softmax ---- */

/* One neuron that spikes or not: the best weights are log odds. */
static void test_softmax(void **state) {
    (void)state;
    const hebb_param *const params = HEBB_P(HEBB_STR("method", "softmax"), {"l2", 0},
                                            HEBB_STR("feature", "count"), {"epochs", 300});
    for (uint64_t seed = 0; seed < 2; seed++) {
        hb_classifier c = make(params, 1, 2);
        hb_classifier_begin(&c);
        for (uint32_t i = 0; i < 400; i++) {
            uint32_t spikes = i & 1, right = i / 2 % 4 != 0; /* three of four */
            add(&c, &spikes, (int32_t)(right ? spikes : 1 - spikes));
        }
        assert_int_equal(hb_classifier_end(&c, seed), HEBB_OK);
        double bias = (double)(c.weight[3] - c.weight[1]),
               slope = (double)(c.weight[2] - c.weight[0]);
        if (fabs(bias + log(3)) > 0.05) fail_msg("bias %g instead of %g", bias, -log(3));
        if (fabs(slope - 2 * log(3)) > 0.1) fail_msg("slope %g instead of %g", slope, 2 * log(3));
        hb_classifier_free(&c);
    }
}

/* What no vote can tell apart: the number of spikes of one neuron. */
static void test_softmax_features(void **state) {
    (void)state;
    static const char *const features[] = {"count", "sqrt", "log1p"};
    for (size_t f = 0; f < 3; f++) {
        const hebb_param *const params = HEBB_P(HEBB_STR("method", "softmax"), {"lr", 0.1},
                                                HEBB_STR("feature", features[f]), {"epochs", 200});
        hb_classifier c = make(params, 2, 3);
        hb_classifier_begin(&c);
        for (uint32_t i = 0; i < 300; i++) add(&c, (uint32_t[]){i % 3 * 4, 1}, (int32_t)(i % 3));
        assert_int_equal(hb_classifier_end(&c, 1), HEBB_OK);
        for (uint32_t k = 0; k < 3; k++)
            assert_int_equal(hb_classifier_predict(&c, (uint32_t[]){k * 4, 1}), k);
        hb_classifier_free(&c);
    }
}

/* ---- not fitted ---- */

static void test_populations(void **state) {
    (void)state;
    hb_classifier c = make(HEBB_P(HEBB_STR("method", "populations")), 6, 3);
    assert_true(c.fitted && !hb_classifier_fits(&c));
    assert_int_equal(hb_classifier_predict(&c, (uint32_t[]){0, 3, 2, 2, 1, 1}), 1);
    assert_int_equal(hb_classifier_predict(&c, (uint32_t[]){0, 4, 2, 2, 1, 1}), 0);
    assert_int_equal(hb_classifier_predict(&c, (uint32_t[6]){0}), 3);
    hb_classifier_free(&c);
    c = make(HEBB_P(HEBB_STR("method", "fired")), 2, 2);
    assert_int_equal(hb_classifier_predict(&c, (uint32_t[]){0, 0}), 0);
    assert_int_equal(hb_classifier_predict(&c, (uint32_t[]){0, 1}), 1);
    hb_classifier_free(&c);
}

static void test_refused(void **state) {
    (void)state;
    static const struct {
        const char *method, *says;
        size_t neurons, classes;
    } cases[] = {{"populations", "10 neurons cannot be shared among 3 classes", 10, 3},
                 {"fired", "tells 2 classes apart; the samples have 10", 5, 10}};
    for (size_t i = 0; i < 2; i++) {
        hb_args args;
        hb_classifier c;
        const hebb_param *params = HEBB_P(HEBB_STR("method", cases[i].method));
        assert_int_equal(hb_args_read(&env, &hb_section_readout, "", params, 0, &args), HEBB_OK);
        assert_int_equal(
            hb_classifier_init(&env, &args, "read", 0, cases[i].neurons, cases[i].classes, &c),
            HEBB_E_SHAPE);
        assert_non_null(strstr(env.error, cases[i].says));
        hb_args_free(&args);
    }
}

/* ---- pictures ---- */

static void test_grid_pixels(void **state) {
    (void)state;
    /* Two images of 2 x 2 pixels side by side; lines of one dark pixel around them. */
    static const double values[8] = {0, 1, 2, 4, 4, 3, 2, -4};
    static const unsigned char greys[2][4] = {{128, 159, 191, 255}, {255, 223, 191, 0}};
    char path[256];
    bench_path(path, "grid.pgm");
    assert_int_equal(hb_plot_grid(&env, values, 2, 2, 2, path), HEBB_OK);
    size_t size, zoom = 800 / 7;
    char *bytes = bench_read("grid.pgm", &size), header[40];
    assert_non_null(bytes);
    size_t width = 7 * zoom, height = 4 * zoom;
    int n = snprintf(header, sizeof header, "P5\n%zu %zu\n255\n", width, height);
    assert_int_equal(size, (size_t)n + width * height);
    assert_memory_equal(bytes, header, n);
    const unsigned char *pixels = (const unsigned char *)bytes + n;
    for (size_t y = 0; y < 4; y++)
        for (size_t x = 0; x < 7; x++) {
            unsigned wanted = x % 3 && y % 3 ? greys[x / 3][(y - 1) * 2 + x % 3 - 1] : 60;
            unsigned got = pixels[(y * zoom + zoom / 2) * width + x * zoom + zoom / 2];
            if (got != wanted) fail_msg("pixel %zu, %zu is %u instead of %u", x, y, got, wanted);
        }
    free(bytes);
}

static void must_begin(const char *name, const char *with, size_t n) {
    size_t size;
    char *bytes = bench_read(name, &size);
    if (!bytes || size < n || memcmp(bytes, with, n) != 0) fail_msg("%s is no picture", name);
    free(bytes);
}

static void test_pictures(void **state) {
    (void)state;
    static const double values[4] = {1, NAN, 3, 2};
    static const uint64_t table[4] = {5, 1, 0, 7};
    const hb_curve curves[] = {{"one", values, HB_LINE}, {"two", values + 1, HB_POINTS}};
    const hb_panel panels[] = {{"both", curves, 2, -3, 3}, {"one", curves, 1, 0, 0}};
    static const struct {
        const char *name, *begins;
        size_t length;
    } kinds[] = {{"x.png", "\x89PNG\r\n\x1a\n", 8}, {"x.svg", "<?xml", 5}};
    char path[256];
    bool cairo = hb_plot_has_cairo();
    hebb_status wanted = cairo ? HEBB_OK : HEBB_E_UNSUPPORTED;
    for (size_t k = 0; k < 2; k++) {
        bench_path(path, kinds[k].name);
        assert_int_equal(hb_plot_curves(&env, "epoch", panels, 2, 3, path), wanted);
        if (cairo) must_begin(kinds[k].name, kinds[k].begins, kinds[k].length);
        assert_int_equal(hb_plot_confusion(&env, table, 2, path), wanted);
        if (cairo) must_begin(kinds[k].name, kinds[k].begins, kinds[k].length);
    }
    bench_path(path, "x.png");
    assert_int_equal(hb_plot_grid(&env, values, 1, 2, 2, path), wanted);
    if (cairo) must_begin("x.png", kinds[0].begins, 8);
    bench_path(path, "x.gif");
    assert_int_equal(hb_plot_grid(&env, values, 1, 2, 2, path), HEBB_E_ARGUMENT);
    assert_int_equal(hb_plot_confusion(&env, table, 2, path), HEBB_E_ARGUMENT);
    bench_path(path, "nowhere/x.pgm");
    assert_int_equal(hb_plot_grid(&env, values, 1, 2, 2, path), HEBB_E_IO);
    bench_path(path, "nowhere/x.png");
    if (cairo) assert_int_equal(hb_plot_confusion(&env, table, 2, path), HEBB_E_IO);
}

/* ---- small sets ---- */

static void test_xor(void **state) {
    (void)state;
    hb_dataset *set;
    assert_int_equal(hb_dataset_open(&env, "xor", "train", NULL, 80, 5, &set), HEBB_OK);
    assert_int_equal(set->classes, 2);
    assert_int_equal(set->count, 80);
    for (size_t i = 0; i < 80; i += 4) {
        int seen = 0;
        for (size_t k = i; k < i + 4; k++) {
            float bits[2];
            int32_t label;
            hb_dataset_get(set, k, bits, &label);
            assert_true((bits[0] == 0 || bits[0] == 1) && (bits[1] == 0 || bits[1] == 1));
            assert_int_equal(label, bits[0] != bits[1]);
            seen |= 1 << (int)(2 * bits[0] + bits[1]);
        }
        assert_int_equal(seen, 15);
    }
    hb_dataset_free(set);
}

static void test_bandit(void **state) {
    (void)state;
    hb_dataset *set;
    static const double arms[3] = {0.1, 0.5, 0.3};
    assert_int_equal(hb_dataset_open(&env, "bandit", "train", NULL, 0, 5, &set), HEBB_OK);
    assert_int_equal(set->count, 500);
    assert_int_equal(set->classes, 2);
    assert_int_equal(set->labels[7], 0);
    assert_int_equal(hb_dataset_set_arms(set, arms, 3), HEBB_OK);
    assert_int_equal(set->classes, 3);
    assert_int_equal(set->labels[7], 1);
    for (size_t arm = 0; arm < 4; arm++) {
        double sum = 0, wanted = arm < 3 ? arms[arm] : 0;
        for (uint64_t i = 0; i < 10000; i++) {
            double reward = hb_dataset_answer(set, 1, 1 + i / 500, i % 500, arm);
            assert_true(reward == hb_dataset_answer(set, 1, 1 + i / 500, i % 500, arm));
            sum += reward;
        }
        /* 5 standard deviations of 10,000 draws */
        if (fabs(sum / 1e4 - wanted) > 0.05 * sqrt(wanted * (1 - wanted)))
            fail_msg("arm %zu: %g instead of %g", arm, sum / 1e4, wanted);
    }
    static const double wrong[2] = {0.5, 1.5};
    assert_int_equal(hb_dataset_set_arms(set, wrong, 2), HEBB_E_RANGE);
    assert_int_equal(hb_dataset_set_arms(set, wrong, 1), HEBB_E_RANGE);
    hb_dataset_free(set);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vote),
        cmocka_unit_test(test_softmax),
        cmocka_unit_test(test_softmax_features),
        cmocka_unit_test(test_populations),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_grid_pixels),
        cmocka_unit_test(test_pictures),
        cmocka_unit_test(test_xor),
        cmocka_unit_test(test_bandit),
    };
    hb_env_init(&env, NULL);
    return cmocka_run_group_tests_name("classifier", tests, bench_make, bench_remove);
}

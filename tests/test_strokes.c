/* The drawn digits: what a sample depends on, how balanced and how hard they are.
 * Oracles: counting, and a softmax regression written out here, which the set
 * promises not to be easy for. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "data/dataset.h"
#include "data/sha256.h"
#include "data/strokes.h"

enum { PIXELS = HB_STROKES_PIXELS, DIGITS = 10 };

static hb_env env;

static int setup(void **state) {
    (void)state;
    hb_env_init(&env, NULL);
    return 0;
}

static hb_dataset *open_strokes(const char *split, size_t limit, uint64_t seed) {
    hb_dataset *set = NULL;
    if (hb_dataset_open(&env, "strokes", split, NULL, limit, seed, &set) < 0)
        fail_msg("%s", env.error);
    return set;
}

static void test_counts(void **state) {
    (void)state;
    hb_dataset *train = open_strokes("train", 0, 0), *test = open_strokes("test", 0, 0);
    assert_true(train->count == 10000 && test->count == 2000);
    size_t counts[DIGITS] = {0};
    for (size_t i = 0; i < train->count; i++) {
        counts[train->labels[i]]++;
        if (i % 10 == 9)
            for (int d = 0; d < DIGITS; d++) assert_int_equal(counts[d], i / 10 + 1);
    }
    /* The order of the digits is not always the same. */
    size_t same = 0;
    for (size_t i = 10; i < 1000; i++) same += train->labels[i] == train->labels[i % 10];
    assert_true(same < 300);
    hb_dataset_free(train);
    hb_dataset_free(test);
}

static void test_dependence(void **state) {
    (void)state;
    hb_dataset *few = open_strokes("train", 50, 7), *more = open_strokes("train", 200, 7);
    hb_dataset *other = open_strokes("train", 50, 8), *test = open_strokes("test", 50, 7);
    assert_memory_equal(few->bytes, more->bytes, 50 * PIXELS);
    assert_memory_equal(few->labels, more->labels, 50 * sizeof(int32_t));
    for (uint32_t i = 0; i < 50; i++) {
        const uint8_t *image = few->bytes + (size_t)i * PIXELS;
        assert_memory_not_equal(image, other->bytes + (size_t)i * PIXELS, PIXELS);
        assert_memory_not_equal(image, test->bytes + (size_t)i * PIXELS, PIXELS);
        if (i) assert_memory_not_equal(image, image - PIXELS, PIXELS);
        uint8_t alone[PIXELS];
        int32_t label;
        hb_strokes_draw(7, 0, 49 - i, alone, &label);
        assert_memory_equal(alone, few->bytes + (size_t)(49 - i) * PIXELS, PIXELS);
        assert_int_equal(label, few->labels[49 - i]);
    }
    hb_dataset_free(few);
    hb_dataset_free(more);
    hb_dataset_free(other);
    hb_dataset_free(test);
}

/* Figures that were published with these images hold only as long as they stay: a
 * deliberate change of the drawing changes this sum, an accident must not. */
static void test_unchanged(void **state) {
    (void)state;
    hb_dataset *set = open_strokes("train", 1000, 0);
    hb_sha256 sum;
    char text[65];
    hb_sha256_init(&sum);
    hb_sha256_add(&sum, set->bytes, 1000 * PIXELS);
    hb_sha256_done(&sum, text);
    assert_string_equal(text, "657242305667bd58fb53659d452782016ccdd9882a79f8d16a5b1fa1acf13df3");
    hb_dataset_free(set);
}

/* Ink in plenty, on paper that is mostly dark, inside the frame. */
static void test_looks(void **state) {
    (void)state;
    hb_dataset *set = open_strokes("train", 1000, 3);
    for (size_t i = 0; i < set->count; i++) {
        const uint8_t *image = set->bytes + i * PIXELS;
        size_t bright = 0, edge = 0;
        for (int p = 0; p < PIXELS; p++) {
            bool border = p % 28 == 0 || p % 28 == 27 || p / 28 == 0 || p / 28 == 27;
            bright += image[p] > 127;
            edge += border && image[p] > 140;
        }
        assert_true(bright >= 15 && bright <= 300);
        assert_true(edge < 24);
    }
    hb_dataset_free(set);
}

/* ---- softmax regression --------------------------------------------------- */

typedef struct linear {
    float weight[DIGITS][PIXELS + 1]; /* the last one is the bias */
    float mean[DIGITS][PIXELS + 1], square[DIGITS][PIXELS + 1], gradient[DIGITS][PIXELS + 1];
} linear;

static void logits(const linear *m, const float *x, double out[DIGITS]) {
    for (int d = 0; d < DIGITS; d++) {
        float parts[8] = {0}, sum = m->weight[d][PIXELS];
        for (int i = 0; i < PIXELS; i += 8)
            for (int k = 0; k < 8; k++) parts[k] += m->weight[d][i + k] * x[i + k];
        for (int k = 0; k < 8; k++) sum += parts[k];
        out[d] = (double)sum;
    }
}

static void add_gradient(linear *m, const float *x, int32_t label) {
    double p[DIGITS], most = -INFINITY, sum = 0;
    logits(m, x, p);
    for (int d = 0; d < DIGITS; d++) most = fmax(most, p[d]);
    for (int d = 0; d < DIGITS; d++) sum += p[d] = exp(p[d] - most);
    for (int d = 0; d < DIGITS; d++) {
        float error = (float)(p[d] / sum - (d == label));
        for (int i = 0; i < PIXELS; i++) m->gradient[d][i] += error * x[i];
        m->gradient[d][PIXELS] += error;
    }
}

/* Adam with the usual constants. */
static void step(linear *m, int t, double rate, size_t batch) {
    float correction = (float)(1 - pow(0.9, t)), correction2 = (float)(1 - pow(0.999, t));
    for (int d = 0; d < DIGITS; d++)
        for (int i = 0; i <= PIXELS; i++) {
            float g = m->gradient[d][i] / (float)batch;
            m->mean[d][i] += 0.1f * (g - m->mean[d][i]);
            m->square[d][i] += 0.001f * (g * g - m->square[d][i]);
            m->weight[d][i] -= (float)rate * (m->mean[d][i] / correction) /
                               (sqrtf(m->square[d][i] / correction2) + 1e-8f);
        }
    memset(m->gradient, 0, sizeof m->gradient);
}

static double accuracy(const linear *m, const hb_dataset *set) {
    float x[PIXELS];
    size_t right = 0;
    for (size_t i = 0; i < set->count; i++) {
        double out[DIGITS];
        int32_t label;
        int best = 0;
        hb_dataset_get(set, i, x, &label);
        logits(m, x, out);
        for (int d = 1; d < DIGITS; d++)
            if (out[d] > out[best]) best = d;
        right += best == label;
    }
    return (double)right / (double)set->count;
}

static void test_not_linear(void **state) {
    (void)state;
    enum { EPOCHS = 12, BATCH = 100 };
    static linear m;
    float x[PIXELS];
    hb_dataset *train = open_strokes("train", 0, 0), *test = open_strokes("test", 0, 0);
    double best = 0;
    for (int epoch = 0, t = 0; epoch < EPOCHS; epoch++) {
        double rate = 4e-3 * (1 - (double)epoch / EPOCHS);
        for (size_t i = 0; i < train->count; i++) {
            int32_t label;
            hb_dataset_get(train, i, x, &label);
            add_gradient(&m, x, label);
            if ((i + 1) % BATCH == 0) step(&m, ++t, rate, BATCH);
        }
        best = fmax(best, accuracy(&m, test));
    }
    double learned = accuracy(&m, train);
    print_message("softmax regression: %.2f %% on test at best, %.2f %% on train\n", 100 * best,
                  100 * learned);
    /* Below 90 % though it has learned: it is not the regression that fails. */
    assert_true(best < 0.90);
    assert_true(best > 0.75 && learned > 0.84);
    hb_dataset_free(train);
    hb_dataset_free(test);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_counts, setup),
        cmocka_unit_test_setup(test_dependence, setup),
        cmocka_unit_test_setup(test_unchanged, setup),
        cmocka_unit_test_setup(test_looks, setup),
        cmocka_unit_test_setup(test_not_linear, setup),
    };
    return cmocka_run_group_tests_name("strokes", tests, NULL, NULL);
}

/* Losses. Oracles: PyTorch's definitions evaluated by hand in NumPy (the numbers
 * below), closed forms, and central differences. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "counting_alloc.h"
#include "learning/gradient/losses.h"

enum { B = 3, C = 4 };

static hb_env env;
static const double predict[B * C] = {2, -1, 0.5, 0, 0.25, 3, -2, 1, 1.5, 1, -0.5, 4};
static const int32_t labels[B] = {0, 1, 2};
static const float targets[B * C] = {0.625f, 0.125f, 0.125f, 0.125f, 0,     1,
                                     0,      0,      0.25f,  0.25f,  0.25f, 0.25f};
static const double weights[C] = {0.5, 2, 1, 3};
static const double mean = 0.8125, deviation = 1.6757800083434689; /* of predict, unbiased */

static int setup(void **state) {
    (void)state;
    hb_env_init(&env, NULL);
    return 0;
}

/* One loss with its parameters, and what PyTorch's definition gives for it. */
typedef struct sample {
    const char *name;
    const hebb_param *params;
    bool with_targets;
    double value;
    double eps;              /* of standardise; 0: not standardised */
    const hebb_param *plain; /* the same without standardise */
} sample;

#define WEIGHTS HEBB_NUMBERS("class_weight", weights, C)
static const sample samples[] = {
    {"cross_entropy", NULL, false, 1.7210998010132663},
    {"cross_entropy", HEBB_P({"label_smoothing", 0.1}), false, 1.7898498010132662},
    {"cross_entropy", HEBB_P(WEIGHTS), false, 1.4798384614742166},
    {"cross_entropy", HEBB_P(WEIGHTS, {"label_smoothing", 0.2}), false, 1.7829628566044975},
    {"cross_entropy", HEBB_P({"temperature", 2}), false, 1.3286586658168436},
    {"cross_entropy", HEBB_P({"standardise", 1}), false, 1.3583853775963501, 0.1},
    {"cross_entropy", HEBB_P({"standardise", 1}, {"eps", 1e-4}), false, 1.3769929264696525, 1e-4},
    {"cross_entropy",
     HEBB_P({"standardise", 1}, {"temperature", 0.5}, WEIGHTS, {"label_smoothing", 0.2}), false,
     1.9313597627171277, 0.1, HEBB_P({"temperature", 0.5}, WEIGHTS, {"label_smoothing", 0.2})},
    {"cross_entropy", NULL, true, 1.3252664676799328},
    {"cross_entropy", HEBB_P(WEIGHTS, {"label_smoothing", 0.125}), true, 2.0644928965649583},
    {"nll", NULL, false, -1.5},
    {"nll", HEBB_P(WEIGHTS), false, -6.5 / 3.5},
    {"mse", NULL, false, 2.734375},
    {"mse", HEBB_P({"on_value", 5}, {"off_value", -1}), false, 7.359375},
    {"mse", NULL, true, 2.4270833333333335},
    {"mse_stbp", NULL, false, 5.46875},
    {"mse_stbp", HEBB_P({"on_value", 5}, {"off_value", -1}), false, 7.359375 * 2},
    {"mse_stbp", NULL, true, 4.854166666666667},
    {"margin", NULL, false, 11.0 / 12},
    {"margin", HEBB_P({"margin", 1.25}, {"p", 2}, WEIGHTS), false, 4.265625},
};

static hebb_status value_of(const hb_loss *loss, const sample *s, const double *y, double *value,
                            double *gradient) {
    return hb_loss_value(loss, &env, B, C, y, s->with_targets ? NULL : labels,
                         s->with_targets ? targets : NULL, value, gradient);
}

static void test_values(void **state) {
    (void)state;
    for (size_t i = 0; i < HB_COUNT(samples); i++) {
        const sample *s = &samples[i];
        hb_loss loss;
        double value, again, gradient[B * C];
        assert_int_equal(hb_loss_create(&env, s->name, "out", s->params, C, &loss), HEBB_OK);
        assert_int_equal(value_of(&loss, s, predict, &value, gradient), HEBB_OK);
        if (!(fabs(value - s->value) <= 1e-14 * (1 + fabs(s->value))))
            fail_msg("sample %zu, %s: %.17g, not %.17g", i, s->name, value, s->value);
        assert_int_equal(value_of(&loss, s, predict, &again, NULL), HEBB_OK);
        assert_true(again == value);
        hb_loss_free(&loss);
    }
}

/* The loss of perturbed predictions; mean and deviation stay those of `predict`. */
static double perturbed(const hb_loss *loss, const sample *s, size_t i, double h) {
    double y[B * C], value = 0;
    memcpy(y, predict, sizeof y);
    y[i] += h;
    for (size_t k = 0; s->eps > 0 && k < B * C; k++) y[k] = (y[k] - mean) / (deviation + s->eps);
    assert_int_equal(value_of(loss, s, y, &value, NULL), HEBB_OK);
    return value;
}

static void test_gradients(void **state) {
    (void)state;
    const double h = 1e-5;
    for (size_t i = 0; i < HB_COUNT(samples); i++) {
        const sample *s = &samples[i];
        hb_loss loss, plain;
        double value, gradient[B * C];
        memset(gradient, 0x7f, sizeof gradient); /* it is overwritten */
        const hebb_param *held = s->eps > 0 ? s->plain : s->params;
        assert_int_equal(hb_loss_create(&env, s->name, "out", s->params, C, &loss), HEBB_OK);
        assert_int_equal(hb_loss_create(&env, s->name, "out", held, C, &plain), HEBB_OK);
        assert_int_equal(value_of(&loss, s, predict, &value, gradient), HEBB_OK);
        assert_true(fabs(perturbed(&plain, s, 0, 0) - value) < 1e-13);
        for (size_t k = 0; k < B * C; k++) {
            double slope = (perturbed(&plain, s, k, h) - perturbed(&plain, s, k, -h)) / (2 * h);
            if (!(fabs(gradient[k] - slope) <= 1e-7 * fmax(1e-2, fabs(slope))))
                fail_msg("sample %zu, %s, [%zu]: %.12g, but the slope is %.12g", i, s->name, k,
                         gradient[k], slope);
        }
        hb_loss_free(&loss);
        hb_loss_free(&plain);
    }
}

/* What holds whatever the numbers are. */
static void test_closed_forms(void **state) {
    (void)state;
    hb_loss loss;
    double value, gradient[6];
    const double same[6] = {7, 7, 7, 7, 7, 7};
    const int32_t two[2] = {0, 2};
    assert_int_equal(hb_loss_create(&env, "cross_entropy", NULL, NULL, 3, &loss), HEBB_OK);
    assert_int_equal(hb_loss_value(&loss, &env, 2, 3, same, two, NULL, &value, gradient), HEBB_OK);
    assert_true(fabs(value - log(3)) < 1e-15);
    assert_true(fabs(gradient[0] - (1.0 / 3 - 1) / 2) < 1e-15);
    assert_true(fabs(gradient[1] - 1.0 / 6) < 1e-15);
    /* differences beyond exp's range: log-sum-exp is exact there */
    const double far[6] = {1000, -1000, 0, 1e5, 0, -1e5};
    assert_int_equal(hb_loss_value(&loss, &env, 2, 3, far, two, NULL, &value, gradient), HEBB_OK);
    assert_true(value == 1e5); /* (0 + 2e5) / 2 */
    assert_true(gradient[0] == 0 && gradient[3] == 0.5 && gradient[5] == -0.5);
    hb_loss_free(&loss);
    /* two classes: log(1 + exp(-d)) */
    const double pair[2] = {0.3, -0.9};
    assert_int_equal(hb_loss_create(&env, "CE", NULL, NULL, 0, &loss), HEBB_OK);
    assert_int_equal(hb_loss_value(&loss, &env, 1, 2, pair, two, NULL, &value, NULL), HEBB_OK);
    assert_true(fabs(value - log1p(exp(-1.2))) < 1e-15);
    hb_loss_free(&loss);
    /* standardised: a factor on the predictions changes nothing but for eps; a constant nothing */
    double moved[B * C], other;
    for (size_t i = 0; i < B * C; i++) moved[i] = predict[i] + 100;
    assert_int_equal(hb_loss_create(&env, "cross_entropy", NULL,
                                    HEBB_P(HEBB_STR("standardise", "true")), C, &loss),
                     HEBB_OK);
    assert_int_equal(hb_loss_value(&loss, &env, B, C, moved, labels, NULL, &value, NULL), HEBB_OK);
    assert_int_equal(hb_loss_value(&loss, &env, B, C, predict, labels, NULL, &other, NULL),
                     HEBB_OK);
    assert_true(fabs(value - other) < 1e-13);
    hb_loss_free(&loss);
    const double one = 5; /* one number has no deviation */
    assert_int_equal(
        hb_loss_create(&env, "cross_entropy", NULL, HEBB_P({"standardise", 1}), 1, &loss), HEBB_OK);
    assert_int_equal(hb_loss_value(&loss, &env, 1, 1, &one, two, NULL, &value, NULL), HEBB_OK);
    assert_true(value == 0);
    hb_loss_free(&loss);
}

/* Cross-entropy against its own one-hot targets is cross-entropy against labels. */
static void test_one_hot(void **state) {
    (void)state;
    static const char *const names[] = {"cross_entropy", "mse", "mse_stbp"};
    float hot[B * C] = {0};
    for (size_t b = 0; b < B; b++) hot[b * C + (size_t)labels[b]] = 1;
    for (size_t i = 0; i < HB_COUNT(names); i++) {
        hb_loss loss;
        double by_label, by_target, d[B * C], e[B * C];
        assert_int_equal(hb_loss_create(&env, names[i], "", NULL, C, &loss), HEBB_OK);
        assert_int_equal(hb_loss_value(&loss, &env, B, C, predict, labels, NULL, &by_label, d),
                         HEBB_OK);
        assert_int_equal(hb_loss_value(&loss, &env, B, C, predict, NULL, hot, &by_target, e),
                         HEBB_OK);
        assert_true(by_label == by_target);
        assert_memory_equal(d, e, sizeof d);
        hb_loss_free(&loss);
    }
}

/* Samples of a class without weight do not count, and none is no loss. */
static void test_no_weight(void **state) {
    (void)state;
    static const char *const names[] = {"cross_entropy", "nll", "margin"};
    const double only_first[C] = {1, 0, 0, 0};
    const int32_t others[2] = {1, 2};
    for (size_t i = 0; i < HB_COUNT(names); i++) {
        hb_loss weighted, plain;
        double value, first, d[B * C];
        assert_int_equal(hb_loss_create(&env, names[i], "",
                                        HEBB_P(HEBB_NUMBERS("weight", only_first, C)), C,
                                        &weighted),
                         HEBB_OK);
        assert_int_equal(hb_loss_create(&env, names[i], "", NULL, C, &plain), HEBB_OK);
        assert_int_equal(hb_loss_value(&weighted, &env, 2, C, predict, others, NULL, &value, d),
                         HEBB_OK);
        assert_true(value == 0);
        for (size_t k = 0; k < 2 * C; k++) assert_true(d[k] == 0);
        assert_int_equal(hb_loss_value(&weighted, &env, B, C, predict, labels, NULL, &value, d),
                         HEBB_OK);
        assert_int_equal(hb_loss_value(&plain, &env, 1, C, predict, labels, NULL, &first, NULL),
                         HEBB_OK);
        if (i == 2) first /= B; /* PyTorch divides a weighted margin by the batch */
        assert_true(fabs(value - first) < 1e-15);
        for (size_t k = C; k < B * C; k++) assert_true(d[k] == 0);
        hb_loss_free(&weighted);
        hb_loss_free(&plain);
    }
}

/* ---- errors ---- */

static void refused(hebb_status wanted, const char *sentence, hebb_status status) {
    assert_string_equal(env.error, sentence);
    assert_int_equal(status, wanted);
}

static void test_create_errors(void **state) {
    (void)state;
    hb_loss loss;
    refused(HEBB_E_NAME, "out: there is no loss 'cross_entrpy'; did you mean 'cross_entropy'?",
            hb_loss_create(&env, "cross_entrpy", "out", NULL, C, &loss));
    refused(HEBB_E_NAME,
            "out: cross_entropy has no parameter 'label_smothing'; did you mean "
            "'label_smoothing'?",
            hb_loss_create(&env, "cross_entropy", "out", HEBB_P({"label_smothing", 1}), C, &loss));
    refused(HEBB_E_RANGE,
            "out: temperature = 0 is not allowed for cross_entropy; it must be "
            "above 0",
            hb_loss_create(&env, "cross_entropy", "out", HEBB_P({"temperature", 0}), C, &loss));
    refused(HEBB_E_SHAPE, "out: class_weight of nll has 4 numbers, but there are 3 classes",
            hb_loss_create(&env, "nll", "out", HEBB_P(WEIGHTS), 3, &loss));
    assert_int_equal(hb_loss_create(&env, NULL, NULL, NULL, C, &loss), HEBB_E_NAME);
    hb_loss_free(NULL);
}

static void test_value_errors(void **state) {
    (void)state;
    hb_loss loss;
    double value, bad[B * C];
    assert_int_equal(hb_loss_create(&env, "cross_entropy", "out", NULL, C, &loss), HEBB_OK);
    for (int k = 0; k < 2; k++) {
        int32_t wrong[B] = {0, 3, k ? -1 : 4};
        refused(HEBB_E_RANGE,
                k ? "cross_entropy: the label of sample 2 is -1, but labels of 4 classes are "
                    "between 0 and 3"
                  : "cross_entropy: the label of sample 2 is 4, but labels of 4 classes are "
                    "between 0 and 3",
                hb_loss_value(&loss, &env, B, C, predict, wrong, NULL, &value, NULL));
    }
    memcpy(bad, predict, sizeof bad);
    bad[6] = NAN;
    refused(HEBB_E_NOT_FINITE,
            "cross_entropy: the prediction of class 2 for sample 1 is nan; all must be finite "
            "numbers",
            hb_loss_value(&loss, &env, B, C, bad, labels, NULL, &value, NULL));
    refused(HEBB_E_SHAPE, "cross_entropy: the batch is empty",
            hb_loss_value(&loss, &env, 0, C, predict, labels, NULL, &value, NULL));
    refused(HEBB_E_SHAPE, "cross_entropy: there are no classes",
            hb_loss_value(&loss, &env, B, 0, predict, labels, NULL, &value, NULL));
    refused(HEBB_E_SHAPE,
            "cross_entropy: there are 2 predictions a sample, not the 4 that it was made for",
            hb_loss_value(&loss, &env, B, 2, predict, labels, NULL, &value, NULL));
    assert_int_equal(
        hb_loss_value(&loss, &env, SIZE_MAX / 4, C, predict, labels, NULL, &value, NULL),
        HEBB_E_SHAPE);
    refused(HEBB_E_ARGUMENT, "cross_entropy: it takes labels or targets, but neither is given",
            hb_loss_value(&loss, &env, B, C, predict, NULL, NULL, &value, NULL));
    refused(HEBB_E_ARGUMENT, "cross_entropy: it takes labels or targets, but both are given",
            hb_loss_value(&loss, &env, B, C, predict, labels, targets, &value, NULL));
    refused(HEBB_E_ARGUMENT, "cross_entropy: the predictions are NULL",
            hb_loss_value(&loss, &env, B, C, NULL, labels, NULL, &value, NULL));
    refused(HEBB_E_ARGUMENT, "cross_entropy: the place for its value is NULL",
            hb_loss_value(&loss, &env, B, C, predict, labels, NULL, NULL, NULL));
    float wrong_targets[B * C];
    memcpy(wrong_targets, targets, sizeof targets);
    wrong_targets[5] = 1.5f;
    refused(HEBB_E_RANGE,
            "cross_entropy: the target of class 1 for sample 1 is 1.5, but a probability is "
            "between 0 and 1",
            hb_loss_value(&loss, &env, B, C, predict, NULL, wrong_targets, &value, NULL));
    wrong_targets[11] = wrong_targets[5] = INFINITY;
    refused(HEBB_E_NOT_FINITE,
            "cross_entropy: the target of class 1 for sample 1 is inf; all must be finite numbers",
            hb_loss_value(&loss, &env, B, C, predict, NULL, wrong_targets, &value, NULL));
    hb_loss_free(&loss);
    const double huge[2] = {1e200, 0};
    assert_int_equal(hb_loss_create(&env, "mse", "out", NULL, 2, &loss), HEBB_OK);
    refused(HEBB_E_NOT_FINITE, "mse is inf: predictions so large that it cannot be computed",
            hb_loss_value(&loss, &env, 1, 2, huge, labels, NULL, &value, NULL));
    hb_loss_free(&loss);
    assert_int_equal(hb_loss_create(&env, "hinge", "out", NULL, C, &loss), HEBB_OK);
    refused(HEBB_E_UNSUPPORTED,
            "margin: it takes labels, not targets; mse, mse_stbp and cross_entropy take targets",
            hb_loss_value(&loss, &env, B, C, predict, NULL, targets, &value, NULL));
    hb_loss_free(&loss);
}

static hebb_status make_one(hb_env *e) {
    hb_loss loss;
    HEBB_TRY(hb_loss_create(e, "cross_entropy", "out", HEBB_P(WEIGHTS), C, &loss));
    counting *c = e->allocator.user;
    size_t before = c->requests;
    double value, gradient[B * C];
    hebb_status status = hb_loss_value(&loss, e, B, C, predict, labels, NULL, &value, gradient);
    assert_int_equal(c->requests, before); /* a value costs no memory */
    hb_loss_free(&loss);
    return status;
}

static void test_memory(void **state) {
    (void)state;
    assert_true(refuse_each(make_one) >= 2);
}

/* Every table names what `hebb info` shows. */
static void test_tables(void **state) {
    (void)state;
    size_t count = 0;
    for (const hb_component *c; (c = hb_loss_component(count)); count++) {
        assert_string_equal(c->kind, "loss");
        assert_true(c->summary && c->equation && c->source);
        for (size_t i = 0; i < c->param_count; i++) assert_non_null(c->params[i].doc);
        hb_loss loss;
        assert_int_equal(hb_loss_create(&env, c->name, "", NULL, 1, &loss), HEBB_OK);
        hb_loss_free(&loss);
    }
    assert_int_equal(count, hb_loss_count);
}

/* By the public call: the same value and gradient, and what it refuses. */
static void test_public(void **state) {
    (void)state;
    hebb_ctx *ctx;
    double value, gradient[B * C], wanted[B * C], loss;
    hb_loss made;
    assert_int_equal(hebb_ctx_create(NULL, &ctx), HEBB_OK);
    assert_int_equal(hb_loss_create(&env, "cross_entropy", NULL, NULL, C, &made), HEBB_OK);
    assert_int_equal(hb_loss_value(&made, &env, B, C, predict, labels, NULL, &loss, wanted),
                     HEBB_OK);
    hb_loss_free(&made);
    assert_int_equal(
        hebb_loss_value(ctx, "ce", NULL, predict, B, C, labels, NULL, &value, gradient), HEBB_OK);
    assert_true(value == loss);
    assert_memory_equal(gradient, wanted, sizeof wanted);
    assert_int_equal(hebb_loss_value(ctx, "mse", NULL, predict, B, C, NULL, targets, &value, NULL),
                     HEBB_OK);
    assert_int_equal(
        hebb_loss_value(ctx, "mse", NULL, predict, B, C, labels, targets, &value, NULL),
        HEBB_E_ARGUMENT);
    assert_non_null(strstr(hebb_error(ctx), "both given"));
    assert_int_equal(hebb_loss_value(ctx, "mse", NULL, predict, B, C, NULL, NULL, &value, NULL),
                     HEBB_E_ARGUMENT);
    assert_int_equal(hebb_loss_value(ctx, "mse", NULL, NULL, B, C, labels, NULL, &value, NULL),
                     HEBB_E_ARGUMENT);
    assert_int_equal(hebb_loss_value(ctx, "mse", NULL, predict, 0, C, labels, NULL, &value, NULL),
                     HEBB_E_SHAPE);
    assert_int_equal(hebb_loss_value(ctx, "mes", NULL, predict, B, C, labels, NULL, &value, NULL),
                     HEBB_E_NAME);
    hebb_ctx_free(ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_values, setup),
        cmocka_unit_test_setup(test_gradients, setup),
        cmocka_unit_test_setup(test_closed_forms, setup),
        cmocka_unit_test_setup(test_one_hot, setup),
        cmocka_unit_test_setup(test_no_weight, setup),
        cmocka_unit_test_setup(test_create_errors, setup),
        cmocka_unit_test_setup(test_value_errors, setup),
        cmocka_unit_test_setup(test_memory, setup),
        cmocka_unit_test_setup(test_tables, setup),
        cmocka_unit_test_setup(test_public, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

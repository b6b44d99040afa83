/* Schedules. Oracles: the learning rates that PyTorch recorded (golden file
 * schedulers.json), and closed forms written out here. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "optim_golden.h"

static hebb_ctx *ctx;

static int setup(void **state) {
    (void)state;
    hebb_ctx_options options = hebb_ctx_options_default();
    options.threads = 1;
    return hebb_ctx_create(&options, &ctx);
}

static int teardown(void **state) {
    (void)state;
    hebb_ctx_free(ctx);
    ctx = NULL;
    return 0;
}

#define OK(call)                                                                                   \
    do {                                                                                           \
        hebb_status ok_status = (call);                                                            \
        if (ok_status != HEBB_OK) fail_msg("%s: %s", #call, hebb_error(ctx));                      \
    } while (0)

static hebb_optimizer *make(const char *name, double lr, const hebb_param *params) {
    hebb_optimizer *optimizer;
    OK(hebb_optimizer_create(ctx, name, lr, params, &optimizer));
    return optimizer;
}

/* ---- golden sequences ------------------------------------------------------- */

static double power(void *user, double epoch) { return pow(*(double *)user, epoch); }

static void check_rates(hebb_optimizer *optimizer, const cJSON *item, size_t step) {
    const cJSON *momentum = cJSON_GetObjectItem(item, "momentum");
    const char *name = golden_text(item, "scheduler");
    golden_close(hebb_optimizer_lr(optimizer), golden_at(golden_item(item, "lr"), step), 1e-6, name,
                 step);
    if (momentum)
        golden_close(hebb_optimizer_option(optimizer, "momentum"), golden_at(momentum, step), 1e-6,
                     "momentum", step);
}

static void run_case(const cJSON *item) {
    golden_params options, params;
    const char *name = golden_text(item, "scheduler");
    const cJSON *metric = cJSON_GetObjectItem(item, "metric");
    const cJSON *lambda = cJSON_GetObjectItem(item, "lambda");
    golden_kwargs(golden_item(item, "optimizer_kwargs"), &options);
    golden_kwargs(golden_item(item, "kwargs"), &params);
    if (lambda)
        params.items[0] =
            (hebb_param){.name = "lr_lambda", .kind = HEBB_TEXT, .text = lambda->valuestring};
    hebb_optimizer *optimizer =
        make(golden_text(item, "optimizer"), golden_number(item, "base_lr"), options.items);
    hebb_schedule *schedule;
    OK(hebb_schedule_create(optimizer, name, params.items, &schedule));
    check_rates(optimizer, item, 0);
    size_t steps = golden_size(golden_item(item, "lr"));
    assert_int_equal(steps, 51);
    for (size_t step = 1; step < steps; step++) {
        OK(hebb_schedule_step(schedule, metric ? golden_at(metric, step - 1) : (double)NAN));
        check_rates(optimizer, item, step);
    }
    hebb_optimizer_free(optimizer);
}

static void test_golden(void **state) {
    (void)state;
    cJSON *root = golden_file("schedulers.json");
    if (!root) skip();
    const cJSON *item;
    size_t done = 0;
    cJSON_ArrayForEach(item, golden_item(root, "cases")) {
        run_case(item);
        done++;
    }
    assert_int_equal(done, 22);
    cJSON_Delete(root);
}

/* ---- closed forms -------------------------------------------------------------- */

static void test_lambda(void **state) {
    (void)state;
    double base = 0.5;
    hebb_optimizer *o = make("Adam", 0.1, NULL);
    hebb_schedule *schedule;
    OK(hebb_schedule_create(o, "lambdalr", HEBB_P(HEBB_CALL("lr_lambda", power, &base)),
                            &schedule));
    for (int step = 0; step < 5; step++) {
        assert_true(hebb_optimizer_lr(o) == 0.1 * pow(0.5, step));
        OK(hebb_schedule_step(schedule, 0));
    }
}

static void test_defaults(void **state) {
    (void)state;
    hebb_optimizer *o = make("SGD", 1, NULL);
    hebb_schedule *schedule;
    OK(hebb_schedule_create(o, "StepLR", HEBB_P({"gamma", 0.01}), &schedule));
    for (int step = 1; step <= 60; step++) {
        OK(hebb_schedule_step(schedule, 0));
        double wanted = step < 30 ? 1 : step < 60 ? 0.01 : 0.0001;
        assert_true(fabs(hebb_optimizer_lr(o) - wanted) < 1e-15);
    }
}

/* After T_max the cosine goes on: back at the first rate after two T_max. */
static void test_cosine_goes_on(void **state) {
    (void)state;
    hebb_optimizer *o = make("SGD", 1, NULL);
    hebb_schedule *schedule;
    OK(hebb_schedule_create(o, "CosineAnnealingLR", HEBB_P({"T_max", 4}, {"eta_min", 0.5}),
                            &schedule));
    static const double wanted[] = {
        0.75 + 0.25 * 0.70710678118654757, 0.75, 0.75 - 0.25 * 0.70710678118654757, 0.5,
        0.75 - 0.25 * 0.70710678118654757, 0.75, 0.75 + 0.25 * 0.70710678118654757, 1};
    for (size_t step = 0; step < 24; step++) {
        OK(hebb_schedule_step(schedule, 0));
        assert_true(fabs(hebb_optimizer_lr(o) - wanted[step % 8]) < 1e-12);
    }
}

/* Without momentum it cycles beta1, without either the rate alone. */
static void test_cyclic_momentum(void **state) {
    (void)state;
    static const double rates[] = {0.125, 0.25, 0.375, 0.25, 0.125, 0.25};
    static const double betas[] = {0.9, 0.85, 0.8, 0.85, 0.9, 0.85};
    hebb_optimizer *adam = make("Adam", 7, NULL), *adagrad = make("Adagrad", 7, NULL);
    hebb_schedule *schedules[2];
    const hebb_param *params = HEBB_P({"base_lr", 0.125}, {"max_lr", 0.375}, {"step_size_up", 2});
    OK(hebb_schedule_create(adam, "CyclicLR", params, &schedules[0]));
    OK(hebb_schedule_create(adagrad, "cycliclr", params, &schedules[1]));
    for (size_t step = 0; step < 6; step++) {
        assert_true(fabs(hebb_optimizer_lr(adam) - rates[step]) < 1e-15);
        assert_true(fabs(hebb_optimizer_lr(adagrad) - rates[step]) < 1e-15);
        assert_true(fabs(hebb_optimizer_option(adam, "beta1") - betas[step]) < 1e-15);
        assert_true(isnan(hebb_optimizer_option(adagrad, "momentum")));
        assert_true(isnan(hebb_optimizer_option(adagrad, "beta1")));
        OK(hebb_schedule_step(schedules[0], 0));
        OK(hebb_schedule_step(schedules[1], 0));
    }
}

/* beta1 in force is the one that Adam uses: m after one step is (1 - beta1) g. */
static void test_cyclic_beta_counts(void **state) {
    (void)state;
    double p = 0, g = 2;
    hebb_optimizer *adam = make("Adam", 0.1, NULL);
    hebb_schedule *schedule;
    OK(hebb_optimizer_add(adam, HEBB_F64, &p, &g, 1, 1));
    OK(hebb_schedule_create(
        adam, "CyclicLR",
        HEBB_P({"base_lr", 0.1}, {"max_lr", 0.2}, {"max_momentum", 0.5}, {"base_momentum", 0.25}),
        &schedule));
    OK(hebb_optimizer_step(adam));
    const double *mean = hebb_optimizer_state(adam, 0, "exp_avg");
    assert_true(mean[0] == 1);
}

/* Momentum that a schedule brings in takes its first gradient whole: with a rate of
 * 1, dampening 0.5 and momentum 0.5 the moves are g = 1, then 0.5 + 0.5. */
static void test_momentum_comes_later(void **state) {
    (void)state;
    double p = 0, g = 1;
    hebb_optimizer *sgd = make("SGD", 1, HEBB_P({"dampening", 0.5}));
    hebb_schedule *schedule;
    OK(hebb_optimizer_add(sgd, HEBB_F64, &p, &g, 1, 1));
    OK(hebb_optimizer_step(sgd)); /* none yet */
    assert_true(p == -1);
    OK(hebb_schedule_create(
        sgd, "CyclicLR",
        HEBB_P({"base_lr", 1}, {"max_lr", 1}, {"base_momentum", 0.5}, {"max_momentum", 0.5}),
        &schedule));
    OK(hebb_optimizer_step(sgd));
    assert_true(p == -2);
    OK(hebb_optimizer_step(sgd));
    assert_true(p == -3);
    g = 0;
    OK(hebb_optimizer_step(sgd));
    assert_true(p == -3.5);
}

static double third(void *user, double x) {
    double *seen = user;
    *seen = x;
    return 1.0 / 3;
}

static void test_cyclic_scale(void **state) {
    (void)state;
    double seen = -1;
    hebb_optimizer *o = make("SGD", 1, NULL);
    hebb_schedule *schedule;
    OK(hebb_schedule_create(o, "CyclicLR",
                            HEBB_P({"base_lr", 1}, {"max_lr", 4}, {"step_size_up", 2},
                                   HEBB_CALL("scale_fn", third, &seen), {"cycle_momentum", 0}),
                            &schedule));
    for (int step = 1; step <= 5; step++) OK(hebb_schedule_step(schedule, 0));
    assert_true(seen == 2); /* the second cycle */
    assert_true(fabs(hebb_optimizer_lr(o) - 1.5) < 1e-15);
    OK(hebb_schedule_create(o, "CyclicLR",
                            HEBB_P({"base_lr", 1}, {"max_lr", 4}, {"step_size_up", 2},
                                   HEBB_STR("scale_fn", "1 / (1 + x)"),
                                   HEBB_STR("scale_mode", "iterations")),
                            &schedule));
    for (int step = 1; step <= 3; step++) OK(hebb_schedule_step(schedule, 0));
    assert_true(fabs(hebb_optimizer_lr(o) - (1 + 3 * 0.5 / 4)) < 1e-15);
}

/* Negative metrics: an improvement of the relative threshold is one towards the good. */
static void test_plateau_negative(void **state) {
    (void)state;
    hebb_optimizer *o = make("SGD", 1, NULL);
    hebb_schedule *schedule;
    OK(hebb_schedule_create(
        o, "ReduceLROnPlateau",
        HEBB_P({"patience", 0}, {"threshold", 0.5}, HEBB_STR("threshold_mode", "abs")), &schedule));
    static const double metrics[] = {-1, -1.4, -1.6, -1.6}, rates[] = {1, 0.1, 0.1, 0.01};
    for (int i = 0; i < 4; i++) {
        OK(hebb_schedule_step(schedule, metrics[i]));
        assert_true(fabs(hebb_optimizer_lr(o) - rates[i]) < 1e-15);
    }
}

/* Several schedules of one optimizer: those that multiply add up. */
static void test_two_schedules(void **state) {
    (void)state;
    hebb_optimizer *o = make("SGD", 1, NULL);
    hebb_schedule *a, *b;
    OK(hebb_schedule_create(o, "ExponentialLR", HEBB_P({"gamma", 0.5}), &a));
    OK(hebb_schedule_create(o, "StepLR", HEBB_P({"step_size", 2}, {"gamma", 0.25}), &b));
    for (int step = 0; step < 2; step++) {
        OK(hebb_schedule_step(a, 0));
        OK(hebb_schedule_step(b, 0));
    }
    assert_true(hebb_optimizer_lr(o) == 0.0625);
    hebb_schedule_free(a);
    OK(hebb_schedule_step(b, 0));
    OK(hebb_schedule_step(b, 0));
    assert_true(hebb_optimizer_lr(o) == 0.015625);
    hebb_schedule_free(NULL);
}

/* The rate that schedules start from is the one set before there was any. */
static void test_initial_rate(void **state) {
    (void)state;
    hebb_optimizer *o = make("SGD", 1, NULL);
    hebb_schedule *schedule;
    OK(hebb_optimizer_set_lr(o, 8));
    OK(hebb_schedule_create(o, "LambdaLR", HEBB_P(HEBB_STR("lr_lambda", "1 / (1 + epoch)")),
                            &schedule));
    OK(hebb_optimizer_set_lr(o, 3));
    assert_true(hebb_optimizer_lr(o) == 3);
    OK(hebb_schedule_step(schedule, 0));
    assert_true(hebb_optimizer_lr(o) == 4);
    assert_true(hebb_optimizer_option(o, "initial_lr") == 8);
}

/* ---- errors ---------------------------------------------------------------------- */

static void test_create_errors(void **state) {
    (void)state;
    static const double half[] = {1, 2.5}, zero[] = {0};
    const struct {
        const char *name;
        const hebb_param *params;
        hebb_status status;
        const char *sentence;
    } cases[] = {
        {"StpLR", NULL, HEBB_E_NAME, "there is no schedule 'StpLR'; did you mean 'StepLR'?"},
        {NULL, NULL, HEBB_E_NAME, "the name of the schedule is missing"},
        {"StepLR", HEBB_P({"step_size", 0}), HEBB_E_RANGE, "step_size = 0 is not allowed"},
        {"StepLR", HEBB_P({"step_size", 1.5}), HEBB_E_RANGE, "step_size = 1.5 is not allowed"},
        {"LambdaLR", NULL, HEBB_E_ARGUMENT, "LambdaLR needs the parameter lr_lambda"},
        {"LambdaLR", HEBB_P(HEBB_STR("lr_lambda", "0.9 **")), HEBB_E_PARSE, "lr_lambda: "},
        {"LambdaLR", HEBB_P(HEBB_STR("lr_lambda", "-1 - epoch")), HEBB_E_RANGE,
         "LambdaLR: after step 0, the learning rate would be -0.5; it must be at least 0 and "
         "finite"},
        {"LambdaLR", HEBB_P(HEBB_STR("lr_lambda", "1 / epoch")), HEBB_E_NOT_FINITE,
         "LambdaLR: after step 0, the learning rate would be inf"},
        {"MultiStepLR", NULL, HEBB_E_ARGUMENT, "MultiStepLR needs the parameter milestones"},
        {"MultiStepLR", HEBB_P(HEBB_NUMBERS("milestones", half, 2)), HEBB_E_RANGE,
         "milestones[1] = 2.5 is not allowed for MultiStepLR; it must be a whole number"},
        {"MultiStepLR", HEBB_P(HEBB_NUMBERS("milestones", zero, 1)), HEBB_E_RANGE,
         "milestones[0] = 0 is not allowed"},
        {"ExponentialLR", NULL, HEBB_E_ARGUMENT, "ExponentialLR needs the parameter gamma"},
        {"ExponentialLR", HEBB_P({"gamma", -0.5}), HEBB_E_RANGE, "gamma = -0.5 is not allowed"},
        {"CosineAnnealingLR", NULL, HEBB_E_ARGUMENT, "CosineAnnealingLR needs the parameter T_max"},
        {"CosineAnnealingWarmRestarts", HEBB_P({"T_0", 5}, {"T_mult", 0}), HEBB_E_RANGE,
         "T_mult = 0 is not allowed"},
        {"ReduceLROnPlateau", HEBB_P({"factor", 1}), HEBB_E_RANGE, "factor = 1 is not allowed"},
        {"ReduceLROnPlateau", HEBB_P(HEBB_STR("mode", "mni")), HEBB_E_NAME, "mode = 'mni'"},
        {"CyclicLR", HEBB_P({"base_lr", 1}), HEBB_E_ARGUMENT,
         "CyclicLR needs the parameter max_lr"},
        {"CyclicLR", HEBB_P({"base_lr", 1}, {"max_lr", 2}, {"step_size_up", 0}), HEBB_E_RANGE,
         "step_size_up = 0 is not allowed"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        hebb_optimizer *o = make("SGD", 0.5, NULL);
        hebb_schedule *schedule = (void *)&ctx;
        hebb_status status = hebb_schedule_create(o, cases[i].name, cases[i].params, &schedule);
        if (status != cases[i].status ||
            strncmp(hebb_error(ctx), cases[i].sentence, strlen(cases[i].sentence)))
            fail_msg("case %zu: %d, %s", i, status, hebb_error(ctx));
        assert_null(schedule);
        assert_true(hebb_optimizer_lr(o) == 0.5);
    }
    hebb_schedule *schedule = (void *)&ctx;
    assert_int_equal(hebb_schedule_create(NULL, "StepLR", NULL, &schedule), HEBB_E_ARGUMENT);
    assert_null(schedule);
    hebb_optimizer *o = make("SGD", 0.5, NULL);
    assert_int_equal(hebb_schedule_create(o, "StepLR", NULL, NULL), HEBB_E_ARGUMENT);
    assert_int_equal(hebb_schedule_step(NULL, 0), HEBB_E_ARGUMENT);
}

/* A step that fails leaves rate, count and memory as they were. */
static void test_step_errors(void **state) {
    (void)state;
    hebb_optimizer *o = make("Adam", 0.5, NULL);
    hebb_schedule *schedule;
    OK(hebb_schedule_create(o, "ReduceLROnPlateau", HEBB_P({"patience", 0}), &schedule));
    OK(hebb_schedule_step(schedule, 1));
    assert_int_equal(hebb_schedule_step(schedule, NAN), HEBB_E_NOT_FINITE);
    assert_string_equal(hebb_error(ctx), "ReduceLROnPlateau, step 2: the metric is nan; it must be "
                                         "a finite number");
    assert_int_equal(hebb_schedule_step(schedule, -INFINITY), HEBB_E_NOT_FINITE);
    OK(hebb_schedule_step(schedule, 0.5)); /* better than 1: the failures left no trace */
    assert_true(hebb_optimizer_lr(o) == 0.5);
    hebb_schedule_free(schedule);
    OK(hebb_schedule_create(o, "LambdaLR",
                            HEBB_P(HEBB_STR("lr_lambda", "1 if epoch < 2 else 2 - epoch - 1")),
                            &schedule));
    OK(hebb_schedule_step(schedule, 0));
    for (int i = 0; i < 2; i++) {
        assert_int_equal(hebb_schedule_step(schedule, 0), HEBB_E_RANGE);
        assert_string_equal(hebb_error(ctx), "LambdaLR: after step 2, the learning rate would be "
                                             "-0.5; it must be at least 0 and finite");
        assert_true(hebb_optimizer_lr(o) == 0.5);
    }
    hebb_schedule_free(schedule);
    OK(hebb_schedule_create(
        o, "CyclicLR",
        HEBB_P({"base_lr", 1}, {"max_lr", 2}, {"step_size_up", 1}, HEBB_STR("scale_fn", "-9 * x")),
        &schedule));
    assert_int_equal(hebb_schedule_step(schedule, 0), HEBB_E_RANGE);
    assert_true(hebb_optimizer_lr(o) == 1 && hebb_optimizer_option(o, "beta1") == 0.9);
    hebb_schedule_free(schedule);
    OK(hebb_schedule_create(o, "CyclicLR",
                            HEBB_P({"base_lr", 2}, {"max_lr", 1}, {"step_size_up", 1},
                                   {"max_momentum", 0.5}, {"base_momentum", 0.25},
                                   HEBB_STR("scale_fn", "-4 * x")),
                            &schedule));
    assert_int_equal(hebb_schedule_step(schedule, 0), HEBB_E_RANGE);
    assert_string_equal(hebb_error(ctx), "CyclicLR: after step 1, beta1 would be 1.5; it must be "
                                         "at least 0 and below 1");
    assert_true(hebb_optimizer_lr(o) == 2 && hebb_optimizer_option(o, "beta1") == 0.5);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_golden),
        TEST(test_lambda),
        TEST(test_defaults),
        TEST(test_cosine_goes_on),
        TEST(test_cyclic_momentum),
        TEST(test_cyclic_beta_counts),
        TEST(test_momentum_comes_later),
        TEST(test_cyclic_scale),
        TEST(test_plateau_negative),
        TEST(test_two_schedules),
        TEST(test_initial_rate),
        TEST(test_create_errors),
        TEST(test_step_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

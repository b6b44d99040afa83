/* Rewards. Oracles: what SPAIC computed (compat = "spaic"), and cases by hand. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "coding/rewards.h"
#include "counting_alloc.h"
#include "golden_file.h"

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
    return 0;
}

/* ---- SPAIC's own ---- */

enum { ROOM = 1000 };

static void check_golden(const cJSON *root, const cJSON *item) {
    const cJSON *record = cJSON_GetObjectItem(item, "record");
    if (cJSON_IsString(record))
        record = cJSON_GetObjectItem(cJSON_GetObjectItem(root, "records"), record->valuestring);
    double x[ROOM], target[ROOM], wanted[ROOM], got[ROOM];
    size_t x_count = 0, target_count = 0, wanted_count = 0, count = 0;
    golden_numbers(record, x, ROOM, &x_count);
    golden_numbers(cJSON_GetObjectItem(item, "target"), target, ROOM, &target_count);
    golden_numbers(cJSON_GetObjectItem(item, "output"), wanted, ROOM, &wanted_count);
    size_t steps = (size_t)cJSON_GetArraySize(record);
    size_t batch = (size_t)cJSON_GetArraySize(record->child);
    size_t num = (size_t)cJSON_GetArraySize(record->child->child);
    assert_int_equal(steps * batch * num, x_count);
    hebb_param params[8] = {{0}};
    size_t given = 0;
    for (const cJSON *k = cJSON_GetObjectItem(item, "kwargs")->child; k; k = k->next)
        params[given++] = (hebb_param){.name = k->string, .number = k->valuedouble};
    const char *method = cJSON_GetObjectItem(item, "method")->valuestring;
    hebb_status status = hebb_reward_record(ctx, method, params, "spaic", x, steps, batch, num,
                                            target, target_count, got, ROOM, &count);
    const char *name = cJSON_GetObjectItem(item, "case")->valuestring;
    if (status < 0) fail_msg("%s: %s", name, hebb_error(ctx));
    assert_int_equal(count, wanted_count);
    for (size_t i = 0; i < count; i++)
        if (!(fabs(got[i] - wanted[i]) <= 1e-6))
            fail_msg("%s[%zu]: %.9g, but SPAIC has %.9g", name, i, got[i], wanted[i]);
}

static void test_goldens(void **state) {
    (void)state;
    cJSON *root = golden_file("decoders_rewards_actions.json");
    if (!root) skip();
    size_t count = 0;
    const cJSON *item;
    cJSON_ArrayForEach(item, cJSON_GetObjectItem(root, "rewards")) {
        check_golden(root, item);
        count++;
    }
    assert_int_equal(count, 10);
    cJSON_Delete(root);
}

/* ---- by hand ---- */

/* Two steps, five samples, four neurons. Counts: [2 1 0 0], [0 0 1 1], [0 0 0 0],
 * [0 1 1 2], [1 1 1 1]. */
enum { T = 2, B = 5, N = 4 };
static const double record[T * B * N] = {1, 1, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 1,
                                         1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0,
                                         0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0};

static void judged(const char *method, const hebb_param *params, const char *compat,
                   const double *target, size_t targets, const double *wanted,
                   size_t wanted_count) {
    double got[B * N];
    size_t count = 0, asked = 0;
    assert_int_equal(hebb_reward_record(ctx, method, params, compat, NULL, T, B, N, target, targets,
                                        NULL, 0, &asked),
                     HEBB_OK);
    hebb_status status = hebb_reward_record(ctx, method, params, compat, record, T, B, N, target,
                                            targets, got, wanted_count, &count);
    if (status < 0) fail_msg("%s", hebb_error(ctx));
    assert_int_equal(count, wanted_count);
    assert_int_equal(asked, wanted_count);
    for (size_t i = 0; i < count; i++)
        if (!(fabs(got[i] - wanted[i]) <= 1e-12))
            fail_msg("%s[%zu]: %.17g, not %.17g", method, i, got[i], wanted[i]);
}

static void test_global(void **state) {
    (void)state;
    const double labels[B] = {0, 2, 0, 1, 0}; /* right, right (tie), silent, wrong, right (tie) */
    judged("global_reward", NULL, NULL, labels, B, (double[]){1, 1, -1, -1, 1}, B);
    judged("Global", HEBB_P({"reward_signal", 3}, {"punish_signal", -0.5}), "none", labels, B,
           (double[]){3, 3, -0.5, -0.5, 3}, B);
    /* SPAIC: silence is class 0, and one number for all */
    judged("global_reward", NULL, "spaic", labels, B, (double[]){(4.0 - 1) / B}, 1);
    /* pairs: counts [3 0], [0 2], [0 0], [1 3], [2 2] */
    const double pairs[B] = {0, 0, 1, 1, 0};
    judged("global_reward", HEBB_P({"pop_size", 2}), NULL, pairs, B, (double[]){1, -1, -1, 1, 1},
           B);
    judged("global_reward", HEBB_P({"pop_size", 2}, {"num", 2}), NULL, pairs, B,
           (double[]){1, -1, -1, 1, 1}, B);
    judged("global_reward", HEBB_P({"pop_size", 2}, {"num", 4}), NULL, pairs, B,
           (double[]){1, -1, -1, 1, 1}, B);
}

/* dec_sample_step: the last reward due judges so many steps. */
static void test_window(void **state) {
    (void)state;
    const double labels[B] = {0, 2, 0, 3, 0};
    /* the second step alone: [1 0 0 0], silent, silent, [0 0 0 1], silent */
    judged("global_reward", HEBB_P({"dec_sample_step", 1}), NULL, labels, B,
           (double[]){1, -1, -1, 1, -1}, B);
    judged("global_reward", HEBB_P({"dec_sample_step", 2}), NULL, labels, B,
           (double[]){1, 1, -1, 1, 1}, B);
    /* three steps with a reward every two: the first two are judged */
    const double three[3] = {0, 0, 1};
    double got = 0;
    assert_int_equal(hebb_reward_record(ctx, "xor_reward", HEBB_P({"dec_sample_step", 2}), NULL,
                                        three, 3, 1, 1, (double[]){0}, 1, &got, 1, NULL),
                     HEBB_OK);
    assert_true(got == 1); /* silent so far */
    assert_int_equal(hebb_reward_record(ctx, "xor_reward", HEBB_P({"dec_sample_step", 3}), NULL,
                                        three, 3, 1, 1, (double[]){0}, 1, &got, 1, NULL),
                     HEBB_OK);
    assert_true(got == -1);
    hb_env *env = (hb_env *)ctx;
    hb_reward reward;
    assert_int_equal(hb_reward_create(env, "global_reward", "r",
                                      HEBB_P({"coding_time", 0.5}, {"dec_sample_step", 10}), 4,
                                      false, &reward),
                     HEBB_OK);
    assert_int_equal(hb_reward_every(&reward), 10);
    assert_int_equal(hb_reward_window(&reward, 0.1, 10), 5);
    assert_int_equal(hb_reward_window(&reward, 0.1, 3), 3);
    assert_int_equal(hb_reward_window(&reward, 10, 3), 1);
    reward.spaic = true; /* ignores coding_time */
    assert_int_equal(hb_reward_window(&reward, 0.1, 10), 10);
    hb_reward_free(&reward);
}

static void test_da(void **state) {
    (void)state;
    const double labels[B] = {0, 2, 0, 1, 0};
    judged("da_reward", NULL, NULL, labels, B,
           (double[]){1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0}, B * N);
    judged("da_reward", HEBB_P({"punish_signal", -0.5}, {"reward_shape", 4}), NULL, labels, B,
           (double[]){1,    -0.5, -0.5, -0.5, -0.5, -0.5, 1, -0.5, -0.5, -0.5,
                      -0.5, -0.5, -0.5, -0.5, -0.5, -0.5, 1, -0.5, -0.5, -0.5},
           B * N);
    judged("da_reward", NULL, "spaic", labels, B, (double[]){3, 0, 1, 0}, N);
    const double pairs[B] = {0, 0, 1, 1, 0};
    judged("da_reward", HEBB_P({"pop_size", 2}), NULL, pairs, B,
           (double[]){1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 0, 0}, B * N);
}

static void test_xor(void **state) {
    (void)state;
    const double labels[B] = {1, 0, 0, 1, 1}; /* only sample 2 is silent */
    judged("xor_reward", HEBB_P({"pop_size", 4}), NULL, labels, B, (double[]){1, -1, 1, 1, 1}, B);
    const double silent[B] = {1, 1, 1, 1, 1};
    judged("xor", HEBB_P({"pop_size", 4}, {"punish_signal", -2}), NULL, silent, B,
           (double[]){1, 1, -2, 1, 1}, B);
    static const double spikes[2] = {0, 1};
    for (int fired = 0; fired < 2; fired++)
        for (int label = 0; label < 2; label++)
            for (int spaic = 0; spaic < 2; spaic++) {
                double target = label, got = 0;
                assert_int_equal(hebb_reward_record(ctx, "xor_reward", NULL,
                                                    spaic ? "spaic" : "none", spikes + fired, 1, 1,
                                                    1, &target, 1, &got, 1, NULL),
                                 HEBB_OK);
                bool right = spaic ? fired && label : fired == label;
                assert_true(got == (right ? 1 : -1));
            }
}

static void test_environment(void **state) {
    (void)state;
    const double values[B] = {0.5, -2, 0, 7, 1e-3};
    judged("environment_reward", NULL, NULL, values, B, values, B);
    judged("environment_reward", NULL, NULL, values, 1, (double[]){0.5, 0.5, 0.5, 0.5, 0.5}, B);
    judged("environment_reward", NULL, "spaic", values, 1, values, 1);
    judged("environment_reward", NULL, "spaic", values, B, values, B);
}

/* Sample 2 is silent and sample 4 even: the softmax of equals is 1/4 each. Sample 0 by hand:
 * rates [1 .5 0 0], mean 3/8, unbiased deviation sqrt(0.6875/3). */
static void test_classify(void **state) {
    (void)state;
    const double labels[B] = {0, 2, 0, 3, 1};
    double got[B * N], z[N] = {1, 0.5, 0, 0}, sum = 0;
    assert_int_equal(hebb_reward_record(ctx, "classify_reward", NULL, NULL, record, T, B, N, labels,
                                        B, got, B * N, NULL),
                     HEBB_OK);
    for (size_t n = 0; n < N; n++) sum += z[n] = exp((z[n] - 0.375) / (sqrt(0.6875 / 3) + 0.1));
    for (size_t n = 0; n < N; n++) {
        assert_true(fabs(got[n] - ((n == 0) - z[n] / sum)) < 1e-14);
        assert_true(fabs(got[2 * N + n] - ((n == 0) - 0.25)) < 1e-15);
        assert_true(fabs(got[4 * N + n] - ((n == 1) - 0.25)) < 1e-15);
    }
    /* a sample's reward does not depend on the others */
    double alone[N], first[T * N];
    memcpy(first, record, N * sizeof(double));
    memcpy(first + N, record + B * N, N * sizeof(double));
    assert_int_equal(hebb_reward_record(ctx, "classify_reward", NULL, NULL, first, T, 1, N, labels,
                                        1, alone, N, NULL),
                     HEBB_OK);
    assert_memory_equal(alone, got, sizeof alone);
    /* pairs: neurons of a class share its reward, and the rates are means over the pair */
    assert_int_equal(hebb_reward_record(ctx, "classify_reward", HEBB_P({"pop_size", 2}), NULL,
                                        first, T, 1, N, labels, 1, alone, N, NULL),
                     HEBB_OK);
    double p = 1 / (1 + exp(-0.75 / (0.75 / sqrt(2) + 0.1))); /* rates [0.75 0] */
    assert_true(fabs(alone[0] - (1 - p)) < 1e-14 && alone[0] == alone[1]);
    assert_true(fabs(alone[2] - (p - 1)) < 1e-14 && alone[2] == alone[3]);
}

/* What classify_reward remembers: out = 0.99 out + rate, from zero. */
static void test_memory_of_rates(void **state) {
    (void)state;
    hb_reward reward;
    double memory[2] = {0, 0}, counts[2] = {4, 2}, label = 1, got[2];
    assert_int_equal(
        hb_reward_create((hb_env *)ctx, "classify_reward", "r", NULL, 2, false, &reward), HEBB_OK);
    assert_true(reward.ops->remembers);
    hb_reward_judge(&reward, 4, 1, counts, &label, 1, memory, got);
    assert_true(memory[0] == 1 && memory[1] == 0.5);
    hb_reward_judge(&reward, 4, 1, counts, &label, 1, memory, got);
    assert_true(fabs(memory[0] - 1.99) < 1e-15 && fabs(memory[1] - 0.995) < 1e-15);
    double d = 0.995, p = 1 / (1 + exp(-d / (d / sqrt(2) + 0.1)));
    assert_true(fabs(got[0] + p) < 1e-14 && fabs(got[1] - p) < 1e-14);
    hb_reward_free(&reward);
}

/* ---- errors ---- */

typedef struct wrong {
    const char *method;
    const hebb_param *params;
    const char *compat;
    const double *target;
    size_t targets, num, capacity;
    hebb_status status;
    const char *sentence;
} wrong;

static const double fine[B] = {0, 0, 0, 0, 0}, high[B] = {0, 4, 0, 0, 0}, half[B] = {0.5},
                    nan_label[B] = {0, 0, NAN}, low[B] = {0, 0, 0, 0, -1}, two[B] = {0, 2};
#define R "hebb_reward_record: "
static const wrong wrongs[] = {
    {"glbal_reward", NULL, NULL, fine, B, N, B, HEBB_E_NAME,
     R "there is no reward 'glbal_reward'; did you mean 'global_reward'?"},
    {NULL, NULL, NULL, fine, B, N, B, HEBB_E_NAME, R "the name of the reward is missing"},
    {"global_reward", NULL, "spiac", fine, B, N, B, HEBB_E_NAME,
     R "compat = 'spiac' is not allowed; it must be none or spaic"},
    {"global_reward", HEBB_P({"pop_size", 3}), NULL, fine, B, N, B, HEBB_E_SHAPE,
     R "pop_size = 3 does not divide the 4 neurons of the target"},
    {"global_reward", HEBB_P({"num", 3}, {"pop_size", 2}), NULL, fine, B, N, B, HEBB_E_SHAPE,
     R "num = 3 is neither the 4 neurons of the target nor its number of labels, which is 2 with "
       "pop_size = 2"},
    {"xor_reward", NULL, NULL, fine, B, N, B, HEBB_E_SHAPE,
     R "xor_reward judges one output, but the 4 neurons of the target with pop_size = 1 are 4"},
    {"xor_reward", HEBB_P({"pop_size", 4}), NULL, two, B, N, B, HEBB_E_RANGE,
     R "the label of sample 1 is 2, but labels of xor_reward are whole numbers between 0 and 1"},
    {"xor_reward", HEBB_P({"pop_size", 4}), "spaic", fine, B, N, B, HEBB_E_UNSUPPORTED,
     R "xor_reward takes batches of 1 under compat spaic, not of 5"},
    {"global_reward", HEBB_P({"reward_shape", 4}), NULL, fine, B, N, B, HEBB_E_SHAPE,
     R "reward_shape asks for 4 numbers, but global_reward gives 1 a sample"},
    {"da_reward", HEBB_P({"reward_shape", 3}), NULL, fine, B, N, B *N, HEBB_E_SHAPE,
     R "reward_shape asks for 3 numbers, but da_reward gives 4 a sample"},
    {"global_reward", NULL, NULL, high, B, N, B, HEBB_E_RANGE,
     R "the label of sample 1 is 4, but labels of global_reward are whole numbers between 0 and "
       "3"},
    {"da_reward", HEBB_P({"pop_size", 2}), NULL, two, B, N, B *N, HEBB_E_RANGE,
     R "the label of sample 1 is 2, but labels of da_reward are whole numbers between 0 and 1"},
    {"global_reward", NULL, NULL, low, B, N, B, HEBB_E_RANGE,
     R "the label of sample 4 is -1, but labels of global_reward are whole numbers between 0 and "
       "3"},
    {"global_reward", NULL, NULL, half, B, N, B, HEBB_E_RANGE,
     R "the label of sample 0 is 0.5, but labels of global_reward are whole numbers between 0 and "
       "3"},
    {"global_reward", NULL, NULL, nan_label, B, N, B, HEBB_E_RANGE,
     R "the label of sample 2 is nan, but labels of global_reward are whole numbers between 0 and "
       "3"},
    {"environment_reward", NULL, NULL, nan_label, B, N, B, HEBB_E_NOT_FINITE,
     R "target[2] is nan; all must be finite numbers"},
    {"environment_reward", NULL, NULL, fine, 2, N, B, HEBB_E_SHAPE,
     R "environment_reward needs one value, or one for each of the 5 samples, not 2"},
    {"global_reward", NULL, NULL, fine, 2, N, B, HEBB_E_SHAPE,
     R "global_reward needs a label for each of the 5 samples, not 2"},
    {"global_reward", NULL, NULL, NULL, B, N, B, HEBB_E_ARGUMENT, R "target is NULL"},
    {"global_reward", NULL, NULL, fine, B, N, B - 1, HEBB_E_SHAPE,
     R "reward has room for 4 numbers, but global_reward gives 5"},
    {"global_reward", HEBB_P({"dec_sample_step", 3}), NULL, fine, B, N, B, HEBB_E_RANGE,
     R "dec_sample_step = 3 is not allowed for a record of 2 steps; it must be at most that"},
    {"global_reward", HEBB_P({"pop_sise", 3}), NULL, fine, B, N, B, HEBB_E_NAME,
     R "global_reward has no parameter 'pop_sise'; did you mean 'pop_size'?"},
    {"global_reward", NULL, NULL, fine, B, 0, B, HEBB_E_RANGE,
     R "num = 0 is not allowed; it must be at least 1"},
};

static void test_errors(void **state) {
    (void)state;
    double got[B * N];
    for (size_t i = 0; i < HB_COUNT(wrongs); i++) {
        const wrong *w = &wrongs[i];
        hebb_status status =
            hebb_reward_record(ctx, w->method, w->params, w->compat, record, T, B, w->num,
                               w->target, w->targets, got, w->capacity, NULL);
        assert_string_equal(hebb_error(ctx), w->sentence);
        assert_int_equal(status, w->status);
    }
    double bad[T * B * N];
    memcpy(bad, record, sizeof bad);
    bad[7] = INFINITY;
    assert_int_equal(
        hebb_reward_record(ctx, "global_reward", NULL, NULL, bad, T, B, N, fine, B, got, B, NULL),
        HEBB_E_NOT_FINITE);
    assert_string_equal(hebb_error(ctx), R "record[7] is inf; all must be finite numbers");
    assert_int_equal(hebb_reward_record(NULL, "global_reward", NULL, NULL, record, T, B, N, fine, B,
                                        got, B, NULL),
                     HEBB_E_ARGUMENT);
    assert_int_equal(
        hebb_reward_record(ctx, "global_reward", NULL, NULL, NULL, T, B, N, fine, B, got, B, NULL),
        HEBB_E_ARGUMENT);
    assert_int_equal(hebb_reward_record(ctx, "global_reward", NULL, NULL, record, T, B, N, fine, B,
                                        NULL, 0, NULL),
                     HEBB_E_ARGUMENT);
    assert_int_equal(hebb_reward_record(ctx, "da_reward", NULL, NULL, record, SIZE_MAX / 8, B, N,
                                        fine, B, got, B, NULL),
                     HEBB_E_SHAPE);
}

static hebb_status make_one(hb_env *env) {
    hb_reward reward;
    HEBB_TRY(hb_reward_create(env, "da_reward", "r", HEBB_P({"pop_size", 2}), 4, false, &reward));
    hb_reward_free(&reward);
    return HEBB_OK;
}

/* The public call with each allocation of its context refused in turn. */
static void test_memory(void **state) {
    (void)state;
    assert_true(refuse_each(make_one) >= 1);
    counting c = {0};
    hebb_allocator allocator = {counting_alloc, counting_realloc, counting_free, &c};
    hebb_ctx_options options = hebb_ctx_options_default();
    options.allocator = &allocator;
    options.threads = 1;
    hebb_ctx *own;
    assert_int_equal(hebb_ctx_create(&options, &own), HEBB_OK);
    size_t held = c.held;
    for (size_t n = 1;; n++) {
        double got[B];
        c.requests = 0;
        c.refuse = n;
        hebb_status status = hebb_reward_record(own, "global_reward", NULL, NULL, record, T, B, N,
                                                fine, B, got, B, NULL);
        assert_int_equal(c.held, held);
        if (c.requests < n) {
            assert_int_equal(status, HEBB_OK);
            assert_true(n > 2);
            break;
        }
        assert_int_equal(status, HEBB_E_MEMORY);
    }
    hebb_ctx_free(own);
    assert_int_equal(c.held, 0);
}

static void test_tables(void **state) {
    (void)state;
    for (size_t i = 0; i < hb_reward_count; i++) {
        const hb_component *component = hb_rewards[i]->component;
        assert_string_equal(component->kind, "reward");
        assert_true(component->summary && component->equation && component->source);
        for (size_t k = 0; k < component->param_count; k++)
            assert_non_null(component->params[k].doc);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_goldens),  cmocka_unit_test(test_global),
        cmocka_unit_test(test_window),   cmocka_unit_test(test_da),
        cmocka_unit_test(test_xor),      cmocka_unit_test(test_environment),
        cmocka_unit_test(test_classify), cmocka_unit_test(test_memory_of_rates),
        cmocka_unit_test(test_errors),   cmocka_unit_test(test_memory),
        cmocka_unit_test(test_tables),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}

/* Actions. Oracles: probabilities written out by hand, against the shares of many draws. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "hebb/hebb.h"

enum { DRAWS = 40000, MOST = 6 };

static hebb_ctx *ctx;

static int setup(void **state) {
    (void)state;
    hebb_ctx_options options = hebb_ctx_options_default();
    options.threads = 1;
    options.seed = 5;
    return hebb_ctx_create(&options, &ctx);
}
static int teardown(void **state) {
    (void)state;
    hebb_ctx_free(ctx);
    return 0;
}

/* Every choice comes about as often as it should: 5 sigma. */
static void shares(const char *method, const hebb_param *params, const double *scores,
                   size_t choices, const double *wanted) {
    size_t counts[MOST] = {0};
    for (uint64_t draw = 0; draw < DRAWS / 2; draw++) {
        double both[2 * MOST]; /* two samples draw by themselves */
        int32_t action[2];
        memcpy(both, scores, choices * sizeof *both);
        memcpy(both + choices, scores, choices * sizeof *both);
        if (hebb_action_choose(ctx, method, params, both, 2, choices, draw, action) < 0)
            fail_msg("%s: %s", method, hebb_error(ctx));
        for (int b = 0; b < 2; b++) {
            assert_in_range(action[b], 0, choices - 1);
            counts[action[b]]++;
        }
    }
    for (size_t c = 0; c < choices; c++) {
        double p = wanted[c], spread = 5 * sqrt(p * (1 - p) * DRAWS);
        if (fabs((double)counts[c] - p * DRAWS) > spread)
            fail_msg("%s: choice %zu came %zu times of %d, must be about %g", method, c, counts[c],
                     DRAWS, p * DRAWS);
    }
}

static void choices_have_their_probabilities(void **state) {
    (void)state;
    const double counts[4] = {3, 0, 1, 4}, none[4] = {0}, low[3] = {-700, -701, -2000};
    const double even[4] = {0.25, 0.25, 0.25, 0.25};
    double e = exp(1), soft[4], cool[4], total = 0, cold = 0;
    for (int c = 0; c < 4; c++) {
        total += soft[c] = exp(counts[c]);
        cold += cool[c] = exp(counts[c] / 2.5);
    }
    for (int c = 0; c < 4; c++) soft[c] /= total, cool[c] /= cold;
    shares("pop_rate_action", NULL, counts, 4, (const double[]){0.375, 0, 0.125, 0.5});
    shares("pop_rate", NULL, none, 4, even);
    shares("softmax_action", NULL, counts, 4, soft);
    shares("softmax", HEBB_P({"temperature", 2.5}), counts, 4, cool);
    shares("boltzmann", NULL, low, 3, (const double[]){e / (e + 1), 1 / (e + 1), 0});
    shares("random_action", NULL, counts, 4, even);
    shares("highest_spikes_action", NULL, counts, 4, (const double[]){0, 0, 0, 1});
    shares("epsilon_greedy", HEBB_P({"eps_start", 0.4}, {"eps_end", 0.4}), counts, 4,
           (const double[]){0.1, 0.1, 0.1, 0.7});
    shares("epsilon_greedy", HEBB_P({"eps_start", 1}, {"eps_end", 1}), counts, 4, even);
    shares("epsilon_greedy", HEBB_P({"eps_start", 0}, {"eps_end", 0}), counts, 4,
           (const double[]){0, 0, 0, 1});
}

/* Epsilon falls with the number of the draw. */
static void epsilon_decays(void **state) {
    (void)state;
    const double scores[2] = {0, 1};
    const hebb_param *params = HEBB_P({"eps_start", 1}, {"eps_end", 0}, {"eps_decay", 100});
    double explored[3] = {0}, wanted[3] = {0};
    double many[200];
    int32_t action[100];
    for (int b = 0; b < 100; b++) memcpy(many + 2 * b, scores, sizeof scores);
    for (uint64_t draw = 0; draw < 300; draw++) {
        assert_int_equal(
            hebb_action_choose(ctx, "epsilon_greedy_action", params, many, 100, 2, draw, action),
            HEBB_OK);
        for (int b = 0; b < 100; b++) explored[draw / 100] += action[b] == 0;
        wanted[draw / 100] += 100 * exp(-(double)draw / 100) / 2;
    }
    for (int i = 0; i < 3; i++) assert_true(fabs(explored[i] - wanted[i]) < 5 * sqrt(wanted[i]));
}

static int32_t act(const char *method, const hebb_param *params, const double *record, size_t steps,
                   size_t num) {
    int32_t action = -1;
    if (hebb_action_record(ctx, method, params, record, steps, 1, num, 7, &action) < 0)
        fail_msg("%s: %s", method, hebb_error(ctx));
    return action;
}

static void records_become_scores(void **state) {
    (void)state;
    const double spikes[3 * 4] = {0, 0, 0, 0, 0, 1, 0, 1, 1, 0, 1, 1};
    const double V[3 * 4] = {-9, -3, -8, -7, -4, -6, -5, -8, -5, -4, -6, -9};
    const double silent[4] = {0}, tie[4] = {0, 2, 2, 1};
    assert_int_equal(act("highest_spikes", NULL, spikes, 3, 4), 3);
    assert_int_equal(act("highest_spikes", HEBB_P({"pop_size", 2}), spikes, 3, 4), 1);
    assert_int_equal(act("highest_spikes", NULL, spikes, 2, 4), 1); /* the lowest among equals */
    assert_int_equal(act("highest_spikes", NULL, silent, 1, 4), 0);
    assert_int_equal(act("greedy", NULL, tie, 1, 4), 1);
    assert_int_equal(act("first_spike_action", NULL, spikes, 3, 4), 1);
    assert_int_equal(act("first_spike", NULL, spikes + 8, 1, 4), 0);
    assert_int_equal(act("first_spike", HEBB_P({"pop_size", 2}), spikes, 3, 4), 0);
    assert_int_equal(act("first_spike", NULL, silent, 1, 4), 0);
    const hebb_param *sure = HEBB_P({"eps_start", 0}, {"eps_end", 0});
    assert_int_equal(act("highest_voltage_action", sure, V, 3, 4), 1);
    const hebb_param *pairs = HEBB_P({"eps_start", 0}, {"eps_end", 0}, {"pop_size", 2});
    assert_int_equal(act("highest_voltage_action", pairs, V + 4, 2, 4), 0);
    /* each sample by its own part of the record */
    const double two[2 * 2 * 2] = {1, 0, 0, 1, 1, 0, 0, 1};
    int32_t actions[2];
    assert_int_equal(hebb_action_record(ctx, "argmax", NULL, two, 2, 2, 2, 0, actions), HEBB_OK);
    assert_true(actions[0] == 0 && actions[1] == 1);
}

static void draws_can_be_repeated(void **state) {
    (void)state;
    const double scores[4] = {1, 1, 1, 1};
    int32_t first[64], again[64];
    size_t differ = 0;
    for (uint64_t draw = 0; draw < 64; draw++)
        assert_int_equal(
            hebb_action_choose(ctx, "softmax", NULL, scores, 1, 4, draw << 28, &first[draw]),
            HEBB_OK);
    for (uint64_t draw = 64; draw-- > 0;)
        assert_int_equal(
            hebb_action_choose(ctx, "softmax", NULL, scores, 1, 4, draw << 28, &again[draw]),
            HEBB_OK);
    assert_memory_equal(first, again, sizeof first);
    for (int i = 1; i < 64; i++) differ += first[i] != first[0];
    assert_in_range(differ, 30, 63);
}

static void nonsense_is_refused(void **state) {
    (void)state;
    const double scores[4] = {1, 2, 3, 4}, bad[4] = {1, NAN, 3, 4};
    int32_t action;
    assert_int_equal(hebb_action_choose(NULL, "softmax", NULL, scores, 1, 4, 0, &action),
                     HEBB_E_ARGUMENT);
    assert_int_equal(hebb_action_choose(ctx, "softmax", NULL, NULL, 1, 4, 0, &action),
                     HEBB_E_ARGUMENT);
    assert_int_equal(hebb_action_choose(ctx, "softmax", NULL, scores, 1, 4, 0, NULL),
                     HEBB_E_ARGUMENT);
    assert_int_equal(hebb_action_choose(ctx, NULL, NULL, scores, 1, 4, 0, &action), HEBB_E_NAME);
    assert_int_equal(hebb_action_choose(ctx, "softmaxx", NULL, scores, 1, 4, 0, &action),
                     HEBB_E_NAME);
    assert_non_null(strstr(hebb_error(ctx), "softmax"));
    assert_int_equal(hebb_action_choose(ctx, "softmax", NULL, bad, 1, 4, 0, &action),
                     HEBB_E_NOT_FINITE);
    assert_int_equal(hebb_action_choose(ctx, "softmax", NULL, scores, 0, 4, 0, &action),
                     HEBB_E_SHAPE);
    assert_int_equal(hebb_action_choose(ctx, "softmax", NULL, scores, 1, SIZE_MAX, 0, &action),
                     HEBB_E_SHAPE);
    assert_int_equal(
        hebb_action_choose(ctx, "softmax", HEBB_P({"pop_size", 2}), scores, 1, 4, 0, &action),
        HEBB_E_ARGUMENT);
    assert_int_equal(
        hebb_action_choose(ctx, "softmax", HEBB_P({"temperature", 0}), scores, 1, 4, 0, &action),
        HEBB_E_RANGE);
    assert_int_equal(
        hebb_action_record(ctx, "softmax", HEBB_P({"pop_size", 3}), scores, 1, 1, 4, 0, &action),
        HEBB_E_SHAPE);
    assert_non_null(strstr(hebb_error(ctx), "pop_size = 3 does not divide the 4 neurons"));
    assert_int_equal(
        hebb_action_record(ctx, "softmax", HEBB_P({"pop_size", 1e18}), scores, 1, 1, 4, 0, &action),
        HEBB_E_RANGE);
    assert_int_equal(hebb_action_record(ctx, "softmax", NULL, scores, SIZE_MAX, 2, 4, 0, &action),
                     HEBB_E_SHAPE);
    assert_int_equal(hebb_action_record(ctx, "softmax", NULL, scores, 0, 1, 4, 0, &action),
                     HEBB_E_SHAPE);
    assert_int_equal(hebb_action_record(ctx, "softmax", NULL, bad, 1, 1, 4, 0, &action),
                     HEBB_E_NOT_FINITE);
}

/* What a group did is what the record of its monitors says. */
static void actions_of_a_group(void **state) {
    (void)state;
    static const char *const methods[] = {"softmax",        "pop_rate", "highest_spikes",
                                          "first_spike",    "random",   "epsilon_greedy",
                                          "highest_voltage"};
    enum { B = 3, N = 4, STEPS = 12 };
    hebb_net *net;
    float input[B * N];
    int32_t got[B], wanted[B];
    const double *O, *V;
    for (size_t i = 0; i < B * N; i++) input[i] = (float)(0.3 + 0.05 * (double)(i * 7 % 12));
    assert_int_equal(hebb_net_create(ctx, NULL, &net), HEBB_OK);
    hebb_group in = hebb_encoder(net, "in", N, "constant_current", NULL);
    hebb_group out = hebb_neurons(net, "out", N, "lif", HEBB_P({"v_th", 1.2}));
    hebb_connect(net, "c", in, out, "one_to_one", HEBB_P({"weight", 1}));
    hebb_state_monitor(net, "O", "out", "O", NULL);
    hebb_state_monitor(net, "V", "out", "V", NULL);
    assert_int_equal(hebb_net_action(net, "out", "softmax", NULL, 0, got, B), HEBB_E_STATE);
    assert_int_equal(hebb_net_build(net), HEBB_OK);
    assert_int_equal(hebb_net_action(net, "out", "softmax", NULL, 0, got, B), HEBB_E_STATE);
    assert_non_null(strstr(hebb_error(ctx), "there is no run to look at"));
    assert_int_equal(hebb_net_input(net, "in", input, B, N), HEBB_OK);
    assert_int_equal(hebb_net_run(net, 0.1 * STEPS), HEBB_OK);
    assert_int_equal(hebb_monitor_values(net, "O", &O, NULL, NULL), HEBB_OK);
    assert_int_equal(hebb_monitor_values(net, "V", &V, NULL, NULL), HEBB_OK);
    size_t spikes = 0;
    for (size_t i = 0; i < STEPS * B * N; i++) spikes += O[i] != 0;
    assert_in_range(spikes, 20, STEPS * B * N - 20);
    for (size_t m = 0; m < 7; m++)
        for (uint64_t draw = 0; draw < 40; draw++)
            for (int pop = 1; pop <= 2; pop++) {
                const hebb_param params[] = {{"pop_size", pop}, {0}};
                assert_int_equal(hebb_action_record(ctx, methods[m], params, m == 6 ? V : O, STEPS,
                                                    B, N, draw, wanted),
                                 HEBB_OK);
                assert_int_equal(hebb_net_action(net, "out", methods[m], params, draw, got, B),
                                 HEBB_OK);
                assert_memory_equal(got, wanted, sizeof got);
            }
    assert_int_equal(hebb_net_action(NULL, "out", "softmax", NULL, 0, got, B), HEBB_E_ARGUMENT);
    assert_int_equal(hebb_net_action(net, "ouch", "softmax", NULL, 0, got, B), HEBB_E_NAME);
    assert_int_equal(hebb_net_action(net, NULL, "softmax", NULL, 0, got, B), HEBB_E_ARGUMENT);
    assert_int_equal(hebb_net_action(net, "out", "softmax", NULL, 0, NULL, B), HEBB_E_ARGUMENT);
    assert_int_equal(hebb_net_action(net, "out", "softmax", NULL, 0, got, B - 1), HEBB_E_SHAPE);
    assert_int_equal(hebb_net_action(net, "out", "soft", NULL, 0, got, B), HEBB_E_NAME);
    assert_int_equal(hebb_net_action(net, "out", "softmax", HEBB_P({"pop_size", 3}), 0, got, B),
                     HEBB_E_SHAPE);
    assert_int_equal(hebb_net_action(net, "in", "highest_voltage", NULL, 0, got, B), HEBB_E_STATE);
    assert_non_null(strstr(hebb_error(ctx), "add a state monitor of V of in"));
    hebb_net_free(net);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(choices_have_their_probabilities),
        cmocka_unit_test(epsilon_decays),
        cmocka_unit_test(records_become_scores),
        cmocka_unit_test(draws_can_be_repeated),
        cmocka_unit_test(nonsense_is_refused),
        cmocka_unit_test(actions_of_a_group),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}

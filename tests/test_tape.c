/* tape = "recompute": the run of tape = "exact" to the bit, its gradients but for the order of
 * their sums, and memory that grows as the square root of the steps. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "small_net.h"

enum { GRADIENTS_MOST = 256 };

/* What one training step shows. */
typedef struct shown {
    double loss[2], gradients[GRADIENTS_MOST];
    double spikes[STEPS_MOST * BATCH_MOST * HIDDEN];
} shown;

static void show(recipe r, const char *tape, shown *to) {
    small_net s;
    const double *seen;
    size_t shape[3];
    r.tape = tape;
    small_build(&s, &r);
    memset(to, 0, sizeof *to);
    to->loss[0] = small_gradients(&s, to->gradients);
    /* and again, as the second step of training would */
    to->loss[1] = small_gradients(&s, to->gradients);
    MUST(&s, hebb_monitor_values(s.net, "seen", &seen, NULL, shape));
    memcpy(to->spikes, seen, shape[0] * shape[1] * shape[2] * sizeof *seen);
    small_free(&s);
}

static void same_gradients(const double *exact, const double *again, const recipe *r,
                           const char *what) {
    double largest = 0, apart = 0;
    for (size_t i = 0; i < GRADIENTS_MOST; i++) {
        largest = fmax(largest, fabs(exact[i]));
        apart = fmax(apart, fabs(again[i] - exact[i]));
    }
    double near = r->precision && !strcmp(r->precision, "float") ? 1e-5 : 1e-12;
    if (!(largest > 0) || !(apart <= near * largest))
        fail_msg("%s, %s, %zu steps: gradients up to %g are apart by %g", what, r->layer1, r->steps,
                 largest, apart);
}

static void same(const recipe *r, const char *what) {
    static shown exact, again;
    show(*r, "exact", &exact);
    show(*r, "recompute", &again);
    assert_memory_equal(exact.loss, again.loss, sizeof exact.loss);
    assert_memory_equal(exact.spikes, again.spikes, sizeof exact.spikes);
    same_gradients(exact.gradients, again.gradients, r, what);
}

static const char *const models[] = {"lif",  "if",   "ifsoftreset", "plif",  "constantcurrentlif",
                                     "lifm", "clif", "clif2k",      "pclif", "aclif"};

static void models_and_windows(void **state) {
    (void)state;
    static const char *const windows[] = {"gaussian", "rectangle", "atan", "function"};
    for (size_t i = 0; i < sizeof models / sizeof *models; i++)
        for (size_t w = 0; w < sizeof windows / sizeof *windows; w++)
            for (int wide = 0; wide < 2; wide++) {
                recipe r = {.layer1 = models[i],
                            .layer2 = w % 2 ? "lif" : "clif",
                            .surrogate = windows[w],
                            .encoder = "bernoulli",
                            .precision = wide ? "double" : "float",
                            .steps = 23,
                            .batch = 3,
                            .bias = wide,
                            .seed = 3 * i + w};
                same(&r, windows[w]);
            }
}

static void graphs(void **state) {
    (void)state;
    static const size_t steps[] = {1, 2, 9, 16, 17, 30, 64};
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
        for (int kind = 0; kind < 9; kind++) {
            recipe r = {.layer1 = kind % 2 ? "clif" : "lif",
                        .layer2 = kind == 3 ? "li" : "lif",
                        .decoder = kind == 3 ? "final_step_voltage" : NULL,
                        .surrogate = "gaussian",
                        .encoder = kind == 8 ? "null" : "bernoulli",
                        .precision = kind < 6 ? "float" : "double",
                        .synapse = kind == 6 ? "2_order_synapse" : NULL,
                        .delayed = kind == 7,
                        .recurrent_delayed = kind == 7,
                        .reads_v = kind == 8,
                        .recurrent = kind != 4 && kind != 7,
                        .feedback = kind == 1 || kind == 2,
                        .detach = kind == 2,
                        .truncate = kind % 6 == 0 ? 5
                                    : kind == 7   ? 3
                                                  : 0,
                        .schedule = kind == 5 ? "step" : NULL,
                        .latency = kind == 4 ? "same_step" : NULL,
                        .link = kind == 4 ? "sparse" : NULL,
                        .threads = 1 + kind % 2,
                        .steps = steps[i],
                        .batch = 5,
                        .seed = 11};
            if (steps[i] > 2 && (kind != 8 || steps[i] < 32)) same(&r, "a graph");
        }
}

static const recipe plain = {.layer1 = "clif",
                             .layer2 = "lif",
                             .surrogate = "gaussian",
                             .encoder = "bernoulli",
                             .precision = "float",
                             .steps = 20,
                             .batch = 4,
                             .seed = 2};

/* A run that goes on, and one that goes on from there after the backward pass has been back to its
 * start; it is longer than planned, so that memory is laid out anew. */
static void runs_that_go_on(void **state) {
    (void)state;
    double gradients[2][GRADIENTS_MOST] = {{0}}, loss[2][2];
    for (int again = 0; again < 2; again++) {
        small_net s;
        recipe r = plain;
        r.tape = again ? "recompute" : "exact";
        small_build(&s, &r);
        MUST(&s, hebb_net_run(s.net, 7));
        MUST(&s, hebb_net_run_continue(s.net, 31));
        MUST(&s, hebb_learner_loss(s.learner, s.labels, s.batch, &loss[again][0]));
        MUST(&s, hebb_learner_backward(s.learner));
        double *to = gradients[again];
        for (size_t i = 0; i < s.name_count; to += s.counts[i++])
            MUST(&s, hebb_net_gradient(s.net, s.names[i], to, s.counts[i]));
        MUST(&s, hebb_net_run_continue(s.net, 70));
        MUST(&s, hebb_learner_loss(s.learner, s.labels, s.batch, &loss[again][1]));
        small_free(&s);
    }
    same_gradients(gradients[0], gradients[1], &plain, "a run that goes on");
    assert_memory_equal(loss[0], loss[1], sizeof loss[0]);
    assert_true(loss[0][0] != loss[0][1]);
}

/* Memory of a plan of so many steps, but for parameters and what the optimizer keeps. */
static double memory_of(size_t steps, const char *tape) {
    hebb_ctx_options options = hebb_ctx_options_default();
    hebb_ctx *ctx;
    hebb_net *net;
    hebb_learner *learner;
    hebb_memory m;
    options.threads = 1;
    assert_int_equal(hebb_ctx_create(&options, &ctx), HEBB_OK);
    hebb_net_options plan = hebb_net_options_default();
    plan.dt = 1;
    plan.batch_max = 50;
    plan.time_max = (double)steps;
    assert_int_equal(hebb_net_create(ctx, &plan, &net), HEBB_OK);
    hebb_group in = hebb_encoder(net, "input", 10, "bernoulli", NULL);
    hebb_group out = hebb_neurons(net, "layer1", 256, "clif", NULL);
    hebb_connect(net, "c", in, out, "full", NULL);
    hebb_decode(net, "output", out, "spike_counts", NULL);
    assert_int_equal(hebb_learner_create(net, "STBP", HEBB_NAMES("layer1", "layer1.tau_m"),
                                         HEBB_P(HEBB_STR("tape", tape)), &learner),
                     HEBB_OK);
    if (hebb_net_build(net) < 0) fail_msg("%s", hebb_error(ctx));
    assert_int_equal(hebb_net_memory(net, &m), HEBB_OK);
    hebb_ctx_free(ctx);
    return (double)(m.tape + m.currents + m.states + m.rest);
}

/* All of it, not the tape alone: from 1024 to 16384 steps less than 4 times as much. */
static void grows_as_a_square_root(void **state) {
    (void)state;
    double exact = memory_of(1024, "exact"), some = memory_of(1024, "recompute");
    double all = memory_of(16384, "recompute");
    assert_true(memory_of(16384, "exact") > 15 * exact);
    if (!(all < 4 * some)) fail_msg("%g bytes for 1024 steps, %g for 16384", some, all);
    assert_true(some < exact / 15);
}

/* What runs again must come out as it did: nothing may change before. */
static void changes_are_refused(void **state) {
    (void)state;
    static const char *const words[] = {"parameters have changed", "input has changed",
                                        "input has changed"};
    for (int change = 0; change < 3; change++) {
        small_net s;
        double weights[IN * HIDDEN];
        uint64_t samples[BATCH_MOST] = {0};
        recipe r = plain;
        r.tape = "recompute";
        small_build(&s, &r);
        small_loss(&s);
        MUST(&s, hebb_net_get(s.net, "connection1.weight", weights, IN * HIDDEN));
        if (change == 0) MUST(&s, hebb_net_set(s.net, "connection1.weight", weights, IN * HIDDEN));
        if (change == 1) MUST(&s, hebb_net_input(s.net, "input", s.input, s.batch, IN));
        if (change == 2) MUST(&s, hebb_net_presentation(s.net, 0, samples, s.batch));
        assert_int_equal(hebb_learner_backward(s.learner), HEBB_E_STATE);
        if (!strstr(hebb_error(s.ctx), words[change])) fail_msg("%s", hebb_error(s.ctx));
        small_loss(&s); /* all is well after the next run */
        MUST(&s, hebb_learner_backward(s.learner));
        small_free(&s);
    }
}

/* What cannot go in chunks is refused by name when the network is built. */
static void refuses(const char *model, const char *rule, const char *reward, const char *words) {
    small_net s = {0};
    hebb_net_options options = hebb_net_options_default();
    hebb_learner *other;
    assert_int_equal(hebb_ctx_create(NULL, &s.ctx), HEBB_OK);
    options.dt = 1;
    MUST(&s, hebb_net_create(s.ctx, &options, &s.net));
    hebb_group in = hebb_encoder(s.net, "input", IN, "poisson", NULL);
    hebb_group kept = hebb_neurons(s.net, "kept", HIDDEN, model, NULL);
    hebb_group layer = hebb_neurons(s.net, "layer1", OUT, "lif", NULL);
    hebb_connect(s.net, "side", in, kept, "full", NULL);
    hebb_connect(s.net, "connection1", in, layer, "full", NULL);
    hebb_decode(s.net, "output", layer, "spike_counts", NULL);
    if (reward) hebb_add_reward(s.net, reward, layer, "global_reward", NULL);
    MUST(&s, hebb_learner_create(s.net, "STBP", HEBB_NAMES("connection1"),
                                 HEBB_P(HEBB_STR("tape", "recompute")), &s.learner));
    if (rule) MUST(&s, hebb_learner_create(s.net, rule, HEBB_NAMES("side"), NULL, &other));
    assert_int_equal(hebb_net_build(s.net), HEBB_E_UNSUPPORTED);
    if (!strstr(hebb_error(s.ctx), words)) fail_msg("no '%s' in: %s", words, hebb_error(s.ctx));
    assert_non_null(strstr(hebb_error(s.ctx), "use tape = exact"));
    small_free(&s);
}

static void refusals(void **state) {
    (void)state;
    refuses("diehl_cook_exc", NULL, NULL, "kept: ");
    refuses("lif", "nearest_online_stdp", NULL, "side: ");
    refuses("lif", NULL, "judge", "judge: ");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(models_and_windows),  cmocka_unit_test(graphs),
        cmocka_unit_test(runs_that_go_on),     cmocka_unit_test(grows_as_a_square_root),
        cmocka_unit_test(changes_are_refused), cmocka_unit_test(refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* tape = "recompute": the same bits of loss and gradients as tape = "exact", and memory that grows
 * as the square root of the steps. */
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

static void gradients_of(recipe r, const char *tape, double *loss, double *gradients) {
    small_net s;
    r.tape = tape;
    small_build(&s, &r);
    memset(gradients, 0, GRADIENTS_MOST * sizeof *gradients);
    loss[0] = small_gradients(&s, gradients);
    /* and again, as the second step of training would */
    loss[1] = small_gradients(&s, gradients);
    small_free(&s);
}

static void same_bits(const recipe *r, const char *what) {
    double loss[2][2], gradients[2][GRADIENTS_MOST], largest = 0;
    gradients_of(*r, "exact", loss[0], gradients[0]);
    gradients_of(*r, "recompute", loss[1], gradients[1]);
    for (size_t i = 0; i < GRADIENTS_MOST; i++) {
        if (gradients[0][i] != gradients[1][i])
            fail_msg("%s, %s, %zu steps: gradient %zu is %.17g, exact %.17g", what, r->layer1,
                     r->steps, i, gradients[1][i], gradients[0][i]);
        largest = fmax(largest, fabs(gradients[0][i]));
    }
    assert_memory_equal(loss[0], loss[1], sizeof loss[0]);
    if (!(largest > 0)) fail_msg("%s, %s: all gradients are 0", what, r->layer1);
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
                same_bits(&r, windows[w]);
            }
}

static void graphs(void **state) {
    (void)state;
    static const size_t steps[] = {1, 2, 9, 16, 17, 30, 64};
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
        for (int kind = 0; kind < 6; kind++) {
            recipe r = {.layer1 = kind % 2 ? "clif" : "lif",
                        .layer2 = kind == 3 ? "li" : "lif",
                        .decoder = kind == 3 ? "final_step_voltage" : NULL,
                        .surrogate = "gaussian",
                        .encoder = "bernoulli",
                        .precision = "float",
                        .recurrent = kind != 4,
                        .feedback = kind == 1 || kind == 2,
                        .detach = kind == 2,
                        .truncate = kind == 0 ? 5 : 0,
                        .schedule = kind == 5 ? "step" : NULL,
                        .latency = kind == 4 ? "same_step" : NULL,
                        .link = kind == 4 ? "sparse" : NULL,
                        .threads = 1 + kind % 2,
                        .steps = steps[i],
                        .batch = 5,
                        .seed = 11};
            if (steps[i] > 2) same_bits(&r, "a graph");
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

/* A run that goes on has checkpoints of its own; a longer one plans again. */
static void runs_that_go_on(void **state) {
    (void)state;
    double gradients[2][GRADIENTS_MOST];
    for (int again = 0; again < 2; again++) {
        small_net s;
        recipe r = plain;
        double loss;
        r.tape = again ? "recompute" : "exact";
        small_build(&s, &r);
        memset(gradients[again], 0, sizeof gradients[again]);
        MUST(&s, hebb_net_run(s.net, 7));
        MUST(&s, hebb_net_run_continue(s.net, 31));
        MUST(&s, hebb_learner_loss(s.learner, s.labels, s.batch, &loss));
        MUST(&s, hebb_learner_backward(s.learner));
        double *to = gradients[again];
        for (size_t i = 0; i < s.name_count; to += s.counts[i++])
            MUST(&s, hebb_net_gradient(s.net, s.names[i], to, s.counts[i]));
        small_free(&s);
    }
    assert_memory_equal(gradients[0], gradients[1], sizeof gradients[0]);
}

static size_t tape_of(size_t steps, size_t n, const char *tape) {
    hebb_ctx_options options = hebb_ctx_options_default();
    hebb_ctx *ctx;
    hebb_net *net;
    hebb_learner *learner;
    hebb_memory memory;
    options.threads = 1;
    assert_int_equal(hebb_ctx_create(&options, &ctx), HEBB_OK);
    hebb_net_options plan = hebb_net_options_default();
    plan.dt = 1;
    plan.batch_max = 50;
    plan.time_max = (double)steps;
    assert_int_equal(hebb_net_create(ctx, &plan, &net), HEBB_OK);
    hebb_group in = hebb_encoder(net, "input", 10, "bernoulli", NULL);
    hebb_group out = hebb_neurons(net, "layer1", n, "clif", NULL);
    hebb_connect(net, "c", in, out, "full", NULL);
    hebb_decode(net, "output", out, "spike_counts", NULL);
    assert_int_equal(hebb_learner_create(net, "STBP", HEBB_NAMES("layer1", "layer1.tau_m"),
                                         HEBB_P(HEBB_STR("tape", tape)), &learner),
                     HEBB_OK);
    if (hebb_net_build(net) < 0) fail_msg("%s", hebb_error(ctx));
    assert_int_equal(hebb_net_memory(net, &memory), HEBB_OK);
    hebb_ctx_free(ctx);
    /* spikes are bits, in words of 64, of all steps in both */
    return memory.tape - 50 * (steps + 1) * 8 * (1 + (n + 63) / 64);
}

static void grows_as_a_square_root(void **state) {
    (void)state;
    double exact = (double)tape_of(1600, 256, "exact"), root = (double)tape_of(400, 256, "exact");
    assert_true(fabs(exact / root - 4) < 0.01);
    exact = (double)tape_of(1600, 256, "recompute");
    root = (double)tape_of(400, 256, "recompute");
    assert_true(fabs(exact / root - 2) < 0.02);
    assert_true(exact < (double)tape_of(1600, 256, "exact") / 40);
}

static void refuses(recipe r, const char *words) {
    small_net s;
    r.tape = "recompute";
    r.seed = 1;
    memset(&s, 0, sizeof s);
    s.made_as = r;
    s.batch = 2, s.steps = 8;
    dice d = {5};
    hebb_net_options options = hebb_net_options_default();
    assert_int_equal(hebb_ctx_create(NULL, &s.ctx), HEBB_OK);
    options.dt = 1;
    MUST(&s, hebb_net_create(s.ctx, &options, &s.net));
    hebb_group in = hebb_encoder(s.net, "input", IN, r.encoder, NULL);
    hebb_group layer = small_layer(&s, &d, "layer1", OUT, actor_of(r.layer1));
    small_link(&s, &d, "connection1", "full", in, layer, IN, OUT, 1, r.delayed);
    hebb_decode(s.net, "output", layer, "spike_counts", NULL);
    snprintf(s.names[s.name_count++], sizeof s.names[0], "connection1.weight");
    small_learner(&s);
    assert_int_equal(hebb_net_build(s.net), HEBB_E_UNSUPPORTED);
    if (!strstr(hebb_error(s.ctx), words)) fail_msg("no '%s' in: %s", words, hebb_error(s.ctx));
    assert_non_null(strstr(hebb_error(s.ctx), "use tape = exact"));
    small_free(&s);
}

static void refusals(void **state) {
    (void)state;
    recipe r = {.layer1 = "lif", .surrogate = "gaussian", .encoder = "bernoulli"};
    recipe delayed = r, filtered = r, real = r;
    delayed.delayed = true;
    filtered.synapse = "1_order";
    real.encoder = "null";
    refuses(delayed, "connection1 has delays");
    refuses(filtered, "connection1 has a synapse filter");
    refuses(real, "connection1 passes on real numbers");
    small_net s;
    double weights[IN * HIDDEN];
    r = plain;
    r.tape = "recompute";
    small_build(&s, &r);
    small_loss(&s);
    MUST(&s, hebb_net_get(s.net, "connection1.weight", weights, IN * HIDDEN));
    MUST(&s, hebb_net_set(s.net, "connection1.weight", weights, IN * HIDDEN));
    assert_int_equal(hebb_learner_backward(s.learner), HEBB_E_STATE);
    assert_non_null(strstr(hebb_error(s.ctx), "parameters have changed"));
    small_free(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(models_and_windows), cmocka_unit_test(graphs),
        cmocka_unit_test(runs_that_go_on),    cmocka_unit_test(grows_as_a_square_root),
        cmocka_unit_test(refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

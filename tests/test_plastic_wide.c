/* A single sample in which few neurons of a wide group spike: rules walk live columns alone, and
 * columns at their norm are left alone. The same synapses as a sparse connection go by the general
 * path, which must end at the same weights. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "hebb/hebb.h"
#include "numeric.h"

enum { IN = 40, OUT = 48, T = 80, RUNS = 6, FEW = 5 };

static const struct way {
    const char *rule;
    hebb_param params[4];
} ways[] = {{"diehl_cook", {{"nu_pre", 0.002}, {"w_norm", 20}}},
            {"diehl_cook", {{"nu_pre", 0.002}, {"w_norm", 0}}},
            {"stdp", {{"lr", 0.5}, {"w_norm", 20}}},
            {"stdp", {{"lr", 0.5}, {"w_norm", 39}}}, /* many weights at the bound */
            {"stdp_multiplicative", {{"lr", 0.5}, {"w_norm", 20}}},
            {"stdp_triplet", {{"lr", 0.5}, {"w_norm", 20}}}};

#define MUST(call)                                                                                 \
    do {                                                                                           \
        if ((call) < 0) fail_msg("%s: %s: %s", w->rule, #call, hebb_error(ctx));                   \
    } while (0)

/* Weights after all runs; written: some are set from outside between two runs. */
static void train(const struct way *w, const char *kind, int threads, const char *precision,
                  bool written, double *weight) {
    hebb_ctx *ctx;
    hebb_net *net;
    hebb_learner *learner;
    dice d = {11};
    size_t shape[] = {OUT, IN};
    static float input[T * IN], teacher[T * OUT];
    hebb_ctx_options c = hebb_ctx_options_default();
    c.threads = threads;
    assert_int_equal(hebb_ctx_create(&c, &ctx), HEBB_OK);
    hebb_net_options o = hebb_net_options_default();
    o.dt = 1, o.time_max = T, o.precision = precision;
    MUST(hebb_net_create(ctx, &o, &net));
    for (size_t k = 0; k < OUT * IN; k++) weight[k] = dice_between(&d, 0.2, 0.8);
    hebb_group in = hebb_encoder(net, "input", IN, "null", NULL);
    hebb_group force = hebb_encoder(net, "teacher", OUT, "null", NULL);
    hebb_group out = hebb_neurons(net, "out", OUT, "lif", HEBB_P({"v_th", 40}));
    hebb_connect(net, "plastic", in, out, kind, HEBB_P(HEBB_MATRIX("weight", weight, shape, 2)));
    hebb_connect(net, "force", force, out, "one_to_one", HEBB_P({"weight", 1e4}));
    MUST(hebb_learner_create(net, w->rule, HEBB_NAMES("plastic"), w->params, &learner));
    MUST(hebb_net_build(net));
    for (size_t run = 0; run < RUNS; run++) {
        for (size_t k = 0; k < T * IN; k++) input[k] = dice_between(&d, 0, 1) < 0.1;
        memset(teacher, 0, sizeof teacher);
        for (size_t f = 0; f < FEW; f++) {
            size_t j = dice_bits(&d) % OUT;
            for (size_t t = 0; t < T; t++) teacher[t * OUT + j] = dice_between(&d, 0, 1) < 0.2;
        }
        if (written && run == RUNS / 2) {
            MUST(hebb_net_get(net, "plastic.weight", weight, OUT * IN));
            for (size_t k = 0; k < OUT * IN; k += 3) weight[k] = dice_between(&d, 0.2, 0.8);
            MUST(hebb_net_set(net, "plastic.weight", weight, OUT * IN));
        }
        MUST(hebb_net_input(net, "input", input, 1, T * IN));
        MUST(hebb_net_input(net, "teacher", teacher, 1, T * OUT));
        MUST(hebb_net_run(net, T));
    }
    MUST(hebb_net_get(net, "plastic.weight", weight, OUT * IN));
    hebb_ctx_free(ctx);
}

static void as_the_general_path(void **state) {
    (void)state;
    double few[OUT * IN], all[OUT * IN], start[OUT * IN];
    dice d = {11};
    for (size_t k = 0; k < OUT * IN; k++) start[k] = dice_between(&d, 0.2, 0.8);
    for (size_t i = 0; i < 2 * sizeof ways / sizeof *ways; i++) {
        double moved = 0;
        train(&ways[i / 2], "full", 1, "double", i % 2, few);
        train(&ways[i / 2], "sparse", 1, "double", i % 2, all);
        for (size_t k = 0; k < OUT * IN; k++) {
            moved = fmax(moved, fabs(few[k] - start[k]));
            if (!(fabs(few[k] - all[k]) < 1e-11))
                fail_msg("%s: weight %zu is %.17g, not %.17g", ways[i / 2].rule, k, few[k], all[k]);
        }
        if (!(moved > 0.01)) fail_msg("%s: nothing was learned", ways[i / 2].rule);
    }
}

static void at_any_number_of_threads(void **state) {
    (void)state;
    static const int threads[] = {2, 3, 8};
    double one[OUT * IN], more[OUT * IN];
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
        for (size_t k = 0; k < 3; k++) {
            train(&ways[i], "full", 1, "float", true, one);
            train(&ways[i], "full", threads[k], "float", true, more);
            assert_memory_equal(one, more, sizeof one);
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(as_the_general_path),
                                       cmocka_unit_test(at_any_number_of_threads)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Products wide enough for tables, tiles and squeezed columns, which the small networks of the
 * gradient checks never reach, against the path of single synapses: the same network with each
 * `full` connection written as a `sparse` one that lacks nothing. Double precision, hard spikes. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "hebb/hebb.h"

enum { IN = 150, WIDE = 70, COLLIDING = 512, OUT = 20, BATCH = 6, STEPS = 40, LONG = 530 };
enum { MOST = COLLIDING * COLLIDING };

static const struct {
    const char *rule, *latency, *tape;
    bool loop;
    bool still;   /* a third of the neurons are held down: their windows never open */
    bool reads_v; /* c2: what it reads has no window */
    size_t wide;  /* neurons of a hidden layer; 0: WIDE. COLLIDING: rows of whole pages */
    size_t steps; /* 0: STEPS. LONG: gradients are taken by their jumps */
    bool real;    /* input of real numbers, in every step others */
} cases[] = {{"STCA", "same_step", "exact", false, false, false},
             {"STBP", "same_step", "exact", false, false, false},
             {"STCA", "one_step", "exact", false, false, false},
             {"STCA", "one_step", "exact", true, false, false},
             {"STBP", "one_step", "exact", true, false, false},
             {"STCA", "same_step", "recompute", false, false, false},
             {"STBP", "one_step", "recompute", true, false, false},
             {"STCA", "one_step", "exact", false, true, false},
             {"STCA", "one_step", "exact", true, true, false},
             {"STCA", "same_step", "exact", false, true, true},
             {"STBP", "one_step", "recompute", false, false, false, COLLIDING},
             /* the sampled product of whole pages */
             {"STCA", "same_step", "exact", false, false, false, COLLIDING},
             {"STCA", "one_step", "recompute", false, false, false, COLLIDING},
             /* jumps: to V, to weights of real numbers, both */
             {"STCA", "one_step", "exact", false, true, true, 0, LONG},
             {"STCA", "same_step", "exact", false, true, false, 0, 100, true},
             {"STBP", "one_step", "exact", false, false, true, 0, 100, true},
             {"STCA", "one_step", "recompute", false, true, true, 0, 150, true}};
static const char *const names[] = {"c1", "c2", "c3", "loop"};
static size_t wide_of(size_t c) { return cases[c].wide ? cases[c].wide : WIDE; }
static size_t steps_of(size_t c) { return cases[c].steps ? cases[c].steps : STEPS; }
static size_t count_of(size_t c, size_t which) {
    size_t wide = wide_of(c), counts[] = {IN * wide, wide * wide, wide * OUT, wide * wide};
    return counts[which];
}
#define MUST(call)                                                                                 \
    if ((call) < 0) fail_msg("%s", hebb_error(ctx))

static void connect(hebb_net *net, size_t c, size_t which, hebb_group from, hebb_group to,
                    size_t pre, const char *kind) {
    static double weight[MOST];
    size_t count = count_of(c, which), shape[2] = {count / pre, pre};
    for (size_t k = 0; k < count; k++) {
        weight[k] = (0.1 + sin((double)(k * 7919 % 1013 + 31 * which))) / sqrt((double)pre);
        if (!cases[c].still) continue;
        weight[k] =
            k / pre % 3 == 1 && which < 2 ? -fabs(weight[k]) : weight[k] + 0.2 / sqrt((double)pre);
    }
    const char *variable = cases[c].reads_v && which == 1 ? "V" : "O";
    hebb_connect(
        net, names[which], from, to, kind,
        HEBB_P(HEBB_MATRIX("weight", weight, shape, 2), HEBB_STR("pre_var_name", variable)));
}

/* What the input gets for each sample: a number for each neuron, or one for each of all steps. */
static size_t fill(size_t c, float *x) {
    size_t per = cases[c].real ? IN * steps_of(c) : IN;
    for (size_t i = 0; i < BATCH * per; i++)
        x[i] = cases[c].real ? (float)sin((double)(i * 7919 % 10007)) : (float)(i * 13 % 29) / 60;
    return per;
}

/* Gradients of all connections, and the sum of the predictions. */
static double learn(size_t c, const char *kind, int threads, double gradients[4][MOST]) {
    hebb_ctx_options how = hebb_ctx_options_default();
    how.threads = threads;
    hebb_ctx *ctx;
    hebb_net *net;
    hebb_learner *learner;
    static float x[BATCH * IN * LONG];
    float upstream[BATCH * OUT];
    const float *predict;
    double sum = 0;
    size_t links = cases[c].loop ? 4 : 3, wide = wide_of(c), per = fill(c, x);
    for (size_t i = 0; i < BATCH * OUT; i++) upstream[i] = (float)cos((double)i);
    MUST(hebb_ctx_create(&how, &ctx));
    hebb_net_options options = hebb_net_options_default();
    options.dt = 1;
    options.latency = cases[c].latency;
    options.precision = "double";
    options.batch_max = BATCH;
    MUST(hebb_net_create(ctx, &options, &net));
    hebb_group in = hebb_encoder(net, "in", IN, cases[c].real ? "null" : "poisson", NULL);
    hebb_group a = hebb_neurons(net, "a", wide, "lif", NULL);
    hebb_group b = hebb_neurons(net, "b", wide, "lif", NULL);
    hebb_group o = hebb_neurons(net, "o", OUT, "lif", NULL);
    connect(net, c, 0, in, a, IN, kind);
    connect(net, c, 1, a, b, wide, kind);
    connect(net, c, 2, b, o, wide, kind);
    if (cases[c].loop) connect(net, c, 3, b, b, wide, kind);
    hebb_decode(net, "out", o, "spike_counts", NULL);
    MUST(hebb_learner_create(net, cases[c].rule, HEBB_ALL, HEBB_P(HEBB_STR("tape", cases[c].tape)),
                             &learner));
    MUST(hebb_net_build(net));
    MUST(hebb_net_input(net, "in", x, BATCH, per));
    MUST(hebb_net_run(net, (double)steps_of(c)));
    MUST(hebb_net_predict(net, "out", &predict, NULL, NULL));
    for (size_t i = 0; i < BATCH * OUT; i++) sum += (double)predict[i] * (double)(i + 1);
    MUST(hebb_learner_backward_from(learner, upstream, BATCH, OUT));
    for (size_t k = 0; k < links; k++) {
        char name[32];
        snprintf(name, sizeof name, "%s.weight", names[k]);
        MUST(hebb_net_gradient(net, name, gradients[k], count_of(c, k)));
    }
    hebb_ctx_free(ctx);
    return sum;
}

static void dense_is_every_synapse(void **state) {
    (void)state;
    static double dense[4][MOST], single[4][MOST];
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        double a = learn(c, "full", 1, dense), b = learn(c, "sparse", 1, single);
        if (!(a == b && a != 0)) fail_msg("case %zu: %g and %g", c, a, b);
        for (size_t k = 0; k < (cases[c].loop ? 4u : 3u); k++) {
            double largest = 0, apart = 0;
            for (size_t i = 0; i < count_of(c, k); i++) {
                largest = fmax(largest, fabs(single[k][i]));
                apart = fmax(apart, fabs(dense[k][i] - single[k][i]));
            }
            if (!(largest > 0) || !(apart <= 1e-10 * largest))
                fail_msg("%s, %s, %s, case %zu: largest %g, apart %g", cases[c].rule, cases[c].tape,
                         names[k], c, largest, apart);
        }
    }
}

/* Blocks of samples, and how they are shared, follow the number of threads. */
static void same_bits_at_any_number_of_threads(void **state) {
    (void)state;
    static double one[4][MOST], more[4][MOST];
    static const int threads[] = {2, 3, 8};
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        if (wide_of(c) > WIDE || steps_of(c) > 200) continue;
        double a = learn(c, "full", 1, one);
        for (size_t t = 0; t < 3; t++) {
            double b = learn(c, "full", threads[t], more);
            if (a != b) fail_msg("case %zu, %d threads: %g and %g", c, threads[t], a, b);
            for (size_t k = 0; k < (cases[c].loop ? 4u : 3u); k++)
                if (memcmp(one[k], more[k], count_of(c, k) * sizeof(double)))
                    fail_msg("case %zu, %d threads: other bits in %s", c, threads[t], names[k]);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(dense_is_every_synapse),
                                       cmocka_unit_test(same_bits_at_any_number_of_threads)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

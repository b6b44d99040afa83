/* One sample over several threads, which share the neurons of wide groups: the bits are those of
 * one thread, whatever happens between the steps, and the threads did take part. */
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
#include "numeric.h"

/* So wide that threads are worth their meetings; the last word of bits is not full. */
enum { IN = 30, WIDE = 9001, HALF = 2100, OUT = 10, T = 25, RUNS = 2, THREADS = 8 };

typedef struct stage {
    const char *what;
    hebb_ctx *ctx;
    hebb_net *net;
    hebb_learner *learner;
    long spans[THREADS];
    double *seen;
    size_t count, room;
} stage;

#define MUST(s, call)                                                                              \
    do {                                                                                           \
        if ((call) < 0) fail_msg("%s: %s: %s", (s)->what, #call, hebb_error((s)->ctx));            \
    } while (0)

/* ---- networks ---- */

static hebb_connection full(stage *s, const char *name, hebb_group a, hebb_group b, double low,
                            double high, hebb_param more) {
    char weight[60];
    snprintf(weight, sizeof weight, "uniform(a=%g, b=%g)", low, high);
    return hebb_connect(s->net, name, a, b, "full", HEBB_P(HEBB_STR("weight", weight), more));
}

static hebb_group input(stage *s) { return hebb_encoder(s->net, "input", IN, "bernoulli", NULL); }
static void learn(stage *s, const char *rule, const char *what, const hebb_param *params) {
    MUST(s, hebb_learner_create(s->net, rule, HEBB_NAMES(what), params, &s->learner));
}

/* Competing neurons with an adaptive threshold. */
static void competing(stage *s, const hebb_param *params) {
    hebb_group in = input(s);
    hebb_group exc = hebb_neurons(s->net, "layer", WIDE, "diehl_cook_exc",
                                  HEBB_P({"one_winner", 1}, {"theta_plus", 3}, {"theta_init", 5}));
    hebb_param ge = HEBB_STR("post_var_name", "ge"), gi = HEBB_STR("post_var_name", "gi");
    full(s, "c", in, exc, 0.1, 0.9, ge);
    hebb_connect(s->net, "inhibition", exc, exc, "lateral", HEBB_P({"w_mean", 2}, gi));
    learn(s, "diehl_cook", "c", params);
    hebb_state_monitor(s->net, "theta", "layer", "theta", NULL);
}
static void diehl_cook(stage *s) { competing(s, HEBB_P({"w_norm", 15})); }
static void held(stage *s) {
    competing(s, HEBB_P({"w_norm", 15}, {"lr", 0.1}, HEBB_STR("update", "presentation")));
}

/* Inhibiting partners, and weights normalised in every step. */
static void partners(stage *s) {
    hebb_group in = input(s);
    hebb_group exc = hebb_neurons(s->net, "layer", WIDE, "lifstdp_ex", HEBB_P({"th_inc", 1}));
    hebb_group inh = hebb_neurons(s->net, "inh", WIDE, "lifstdp_ih", NULL);
    full(s, "c", in, exc, 0, 0.9, (hebb_param){.name = NULL});
    hebb_connect(s->net, "out", exc, inh, "one_to_one", HEBB_P({"weight", 23}));
    hebb_connect(s->net, "back", inh, exc, "one_to_one", HEBB_P({"weight", -20}));
    learn(s, "full_online_stdp", "c", HEBB_P(HEBB_STR("norm", "step"), {"w_norm", 12}));
}

static hebb_group plain(stage *s, const char *name, size_t n, double threshold) {
    return hebb_neurons(s->net, name, n, "lif", HEBB_P({"v_th", threshold}));
}

/* Many spikes at both ends of a connection, and a decoder. */
static void lively(stage *s, const hebb_param *params) {
    hebb_group in = input(s), layer = plain(s, "layer", WIDE, 1.5);
    hebb_group out = plain(s, "out", OUT, 20);
    full(s, "c", in, layer, 0.1, 0.9, (hebb_param){.name = NULL});
    full(s, "last", layer, out, -0.01, 0.02, (hebb_param){.name = NULL});
    hebb_decode(s->net, "class", out, "spike_counts", NULL);
    learn(s, "stdp", "c", params);
}
static void both_ends(stage *s) { lively(s, HEBB_P({"lr", 0.5}, {"w_norm", 15})); }
static void soft_bounds(stage *s) {
    lively(s, HEBB_P({"lr", 0.5}, HEBB_STR("bounds", "soft"), HEBB_STR("norm", "step"),
                     {"w_norm", 15}, {"w_min", 0.01}));
}

/* Sums that wait: filters, delays, dropout. */
static void waiting(stage *s) {
    hebb_group in = input(s), a = plain(s, "layer", WIDE, 2), b = plain(s, "b", WIDE, 1);
    full(s, "c", in, a, 0.1, 0.5, (hebb_param){"dropout", 0.2});
    full(s, "late", in, a, -0.1, 0.3, (hebb_param)HEBB_STR("delay", "uniform(a=0, b=3)"));
    hebb_connect(s->net, "slow", a, b, "one_to_one",
                 HEBB_P({"weight", 0.9}, HEBB_STR("syn_type", "2_order_synapse")));
    learn(s, "stdp", "c", HEBB_P({"lr", 0.5}));
}

/* A rule that changes the whole matrix at once: one thread does, while the others wait. */
static void rewarded(stage *s) {
    hebb_group in = input(s), layer = plain(s, "layer", WIDE, 2);
    full(s, "c", in, layer, 0.1, 0.9, (hebb_param){.name = NULL});
    hebb_add_reward(s->net, "reward", layer, "environment_reward", HEBB_P({"dec_sample_step", 10}));
    learn(s, "rstdpet", "c", HEBB_P({"lr", 0.5}));
}

/* A plastic connection of a group to itself; a group whose neurons look at one another. */
static void recurrent(stage *s) {
    hebb_group in = input(s), layer = plain(s, "layer", HALF, 40);
    hebb_group best = hebb_neurons(s->net, "best", OUT, "wta_lif", HEBB_P({"v_th", 0.5}));
    full(s, "first", in, layer, 0.1, 0.9, (hebb_param){.name = NULL});
    full(s, "c", layer, layer, 0, 0.002, (hebb_param){.name = NULL});
    full(s, "last", layer, best, 0, 0.1, (hebb_param){.name = NULL});
    learn(s, "stdp", "c", HEBB_P({"lr", 0.5}, {"w_norm", 3}));
}

/* Nothing is learned: layers are swept over all steps, loops step by step. */
static void layers(stage *s, bool loops) {
    hebb_group in = input(s), a = plain(s, "layer", HALF, 1), b = plain(s, "b", HALF, 3);
    hebb_group loop = plain(s, "loop", HALF, 2), out = plain(s, "out", OUT, 1);
    full(s, "c", in, a, 0.1, 0.9, (hebb_param){.name = NULL});
    full(s, "second", a, b, -0.01, 0.02, (hebb_param){.name = NULL});
    full(s, "third", b, loop, -0.01, 0.03, (hebb_param){.name = NULL});
    if (loops) full(s, "self", loop, loop, -0.02, 0.02, (hebb_param){.name = NULL});
    full(s, "last", loop, out, -0.01, 0.02, (hebb_param){.name = NULL});
    hebb_decode(s->net, "class", out, "spike_counts", NULL);
    hebb_state_monitor(s->net, "seen", "loop", "O", NULL);
}
static void inference(stage *s) { layers(s, true); }
static void feed_forward(stage *s) { layers(s, false); }

static const struct network {
    const char *what;
    void (*make)(stage *s);
    const char *latency, *precision;
    bool decodes;
} networks[] = {
    {"competing neurons", diehl_cook, "one_step", "float", false},
    {"competing neurons in double", diehl_cook, "one_step", "double", false},
    {"weights held for a run", held, "one_step", "float", false},
    {"partners", partners, "one_step", "float", false},
    {"partners in double", partners, "one_step", "double", false},
    {"spikes at both ends", both_ends, "one_step", "float", true},
    {"spikes at both ends, same step", both_ends, "same_step", "float", true},
    {"soft bounds, normalised each step", soft_bounds, "same_step", "float", true},
    {"filters, delays, dropout", waiting, "one_step", "float", false},
    {"filters, delays, dropout, same step", waiting, "same_step", "float", false},
    {"rewards", rewarded, "one_step", "float", false},
    {"a plastic loop", recurrent, "one_step", "float", false},
    {"inference", inference, "one_step", "float", true},
    {"inference, no loop", feed_forward, "same_step", "float", true},
};
enum { NETWORKS = sizeof networks / sizeof networks[0] };

/* ---- runs ---- */

static double now(void *user) {
    (void)user;
    return 0;
}
static void span(void *user, const char *phase, int thread, double from, double to) {
    (void)from, (void)to;
    if (!strcmp(phase, "forward")) ((stage *)user)->spans[thread]++;
}

static void keep(stage *s, const double *values, size_t n) {
    if (s->count + n > s->room) {
        s->room = 2 * (s->count + n);
        s->seen = realloc(s->seen, s->room * sizeof *s->seen);
    }
    memcpy(s->seen + s->count, values, n * sizeof *values);
    s->count += n;
}

static void keep_weights(stage *s, const char *name) {
    size_t shape[4], ndim, n = 1;
    MUST(s, hebb_net_param_shape(s->net, name, shape, &ndim));
    for (size_t k = 0; k < ndim; k++) n *= shape[k];
    double *to = malloc(n * sizeof *to);
    MUST(s, hebb_net_get(s->net, name, to, n));
    keep(s, to, n);
    free(to);
}

static void keep_monitor(stage *s, const char *name) {
    const double *values;
    size_t shape[3];
    MUST(s, hebb_monitor_values(s->net, name, &values, NULL, shape));
    keep(s, values, shape[0] * shape[1] * shape[2]);
}

static void run(stage *s, const struct network *w, size_t run) {
    float image[IN];
    dice d = {3 + run};
    double pay = 1;
    for (size_t i = 0; i < IN; i++) image[i] = (float)dice_between(&d, 0, 0.5);
    MUST(s, hebb_net_input(s->net, "input", image, 1, IN));
    if (w->make == rewarded) MUST(s, hebb_net_reward(s->net, NULL, &pay, 1));
    MUST(s, (run == 1 ? hebb_net_run_continue : hebb_net_run)(s->net, T));
    keep_monitor(s, "V");
    keep_monitor(s, "O");
    if (w->make == diehl_cook || w->make == held) keep_monitor(s, "theta");
    if (w->make == recurrent) keep_monitor(s, "winner");
    const float *predict;
    size_t batch, classes;
    if (!s->learner) keep_monitor(s, "seen");
    if (!w->decodes) return;
    MUST(s, hebb_net_predict(s->net, "class", &predict, &batch, &classes));
    for (size_t k = 0; k < batch * classes; k++) keep(s, &(double){(double)predict[k]}, 1);
}

static void play(stage *s, const struct network *w, int threads) {
    *s = (stage){.what = w->what};
    hebb_ctx_options c = hebb_ctx_options_default();
    c.threads = threads;
    c.seed = 5;
    assert_int_equal(hebb_ctx_create(&c, &s->ctx), HEBB_OK);
    hebb_net_options o = hebb_net_options_default();
    o.dt = 1, o.time_max = T, o.latency = w->latency, o.precision = w->precision;
    MUST(s, hebb_net_create(s->ctx, &o, &s->net));
    w->make(s);
    hebb_state_monitor(s->net, "V", "layer", "V", NULL);
    hebb_state_monitor(s->net, "O", "layer", "O", NULL);
    if (w->make == recurrent) hebb_state_monitor(s->net, "winner", "best", "V", NULL);
    MUST(s, hebb_net_build(s->net));
    MUST(s, hebb_net_profile(s->net, &(hebb_profile){now, span, s}));
    if (!s->learner) MUST(s, hebb_net_train(s->net, 0));
    for (size_t i = 0; i < RUNS; i++) run(s, w, i);
    keep_weights(s, "c.weight");
    MUST(s, hebb_net_train(s->net, 0));
    run(s, w, RUNS);
    hebb_ctx_free(s->ctx);
}

static double spikes_of(const stage *s) {
    size_t n = s->count, ones = 0;
    for (size_t k = 0; k < n; k++) ones += s->seen[k] == 1;
    return (double)ones;
}

static void compare(const struct network *w, const stage *one, int threads) {
    stage s;
    int busy = 0;
    play(&s, w, threads);
    assert_int_equal(s.count, one->count);
    for (size_t k = 0; k < s.count; k++)
        if (memcmp(&s.seen[k], &one->seen[k], sizeof(double)))
            fail_msg("%s: number %zu is %.17g with %d threads, not %.17g", w->what, k, s.seen[k],
                     threads, one->seen[k]);
    for (int i = 0; i < THREADS; i++) busy += s.spans[i] > 0;
    if (busy < 2) fail_msg("%s: one of %d threads ran all neurons", w->what, threads);
    free(s.seen);
}

static void the_same_bits(void **state) {
    (void)state;
    static const int threads[] = {2, 3, 8};
    for (size_t i = 0; i < NETWORKS; i++) {
        stage one;
        play(&one, &networks[i], 1);
        if (!(spikes_of(&one) > 100)) fail_msg("%s is silent", networks[i].what);
        /* eight keep one another waiting where cores are few: every third network will do */
        size_t counts = i % 3 ? 2 : 3;
#ifdef __SANITIZE_THREAD__ /* it looks for races, not for bits, and is slow where threads spin */
        counts = 1;
#endif
        for (size_t k = 0; k < counts; k++) compare(&networks[i], &one, threads[k]);
        free(one.seen);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_same_bits)};
    return cmocka_run_group_tests_name("shared", tests, NULL, NULL);
}

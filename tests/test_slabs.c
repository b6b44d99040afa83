/* Wide layers whose currents are summed and swept a slab of columns at a time, beside the same
 * network step by step (schedule "step"), which sums row after row and knows no slabs: the same
 * spikes, predictions and gradients, bit for bit, whatever the blocks, instruction set and threads.
 */
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

enum { IN = 300, OUT = 20, BATCH_MOST = 180, SAMPLES = 2 * BATCH_MOST };

/* high: the largest probability of an input's spike; few go by lists, some by packed rows, many by
 * tables. */
static const struct {
    size_t wide, next, batch, steps;
    const char *model, *precision;
    double high;
    bool bias, learns, per_neuron;
    const char *surrogate; /* of a smooth window, which is made from potentials; or NULL */
} cases[] = {
    {400, 130, 75, 30, "lif", "float", 0.9, true, true, false, NULL},
    {800, 200, 50, 30, "lif", "float", 0.1, false, true, false, NULL},
    {2048, 70, 5, 250, "lif", "float", 0.3, true, true, false, NULL},
    {200, 129, 180, 1, "lif", "float", 0.5, true, true, true, NULL},
    {400, 65, 7, 200, "lif", "double", 0.3, true, true, true, NULL},
    {512, 64, 3, 40, "lif", "double", 0.9, true, true, false, NULL},
    {400, 90, 11, 60, "lif", "float", 0.3, true, true, false, "sigmoid"},
    {300, 90, 11, 60, "clif", "double", 0.6, true, true, false, "sigmoid"},
    {300, 90, 11, 60, "clif", "float", 0.6, true, true, false, NULL},
    {200, 33, 3, 100, "clif2k", "double", 0.3, false, true, false, NULL},
    {1500, 140, 45, 25, "lif", "float", 0.9, true, false, false, NULL},
    {700, 300, 33, 20, "clif", "float", 0.004, true, false, false, NULL},
    /* lists that are too long for a single sample */
    {200, 150, 2, 4700, "lif", "float", 0.99, true, false, false, NULL},
};
enum { CASES = sizeof cases / sizeof cases[0] };

/* What a network did: two runs, the second of which goes on. */
typedef struct deeds {
    uint64_t spikes[2][SAMPLES], count;
    float predict[2][BATCH_MOST * OUT];
    double *gradient;
    size_t gradient_count;
} deeds;

#define MUST(call)                                                                                 \
    if ((call) < 0) fail_msg("case %zu: %s", c, hebb_error(ctx))

static void connect(hebb_net *net, size_t c, const char *name, hebb_group a, hebb_group b,
                    double low, double high, size_t post) {
    char weight[60];
    double bias[2048];
    for (size_t j = 0; j < post; j++) bias[j] = (double)(j * 7 % 13) / 100;
    snprintf(weight, sizeof weight, "uniform(a=%g, b=%g)", low, high);
    hebb_param more = {.name = "bias", .kind = HEBB_LIST, .list = bias, .count = post};
    if (!cases[c].bias) more = (hebb_param){.name = NULL};
    hebb_connect(net, name, a, b, "full", HEBB_P(HEBB_STR("weight", weight), more));
}

static hebb_group layer(hebb_net *net, size_t c, const char *name, size_t n) {
    double threshold[2048];
    for (size_t j = 0; j < n; j++) threshold[j] = 0.8 + (double)(j * 5 % 11) / 20;
    hebb_param some = {.name = "v_th", .kind = HEBB_LIST, .list = threshold, .count = n};
    if (!cases[c].per_neuron) some = (hebb_param){"v_th", 1};
    return hebb_neurons(net, name, n, cases[c].model, HEBB_P(some));
}

static void look(hebb_ctx *ctx, hebb_net *net, size_t c, int run, deeds *d) {
    const char *const names[] = {"seen_a", "seen_b"};
    const float *predict;
    for (size_t k = 0; k < 2; k++)
        for (size_t b = 0; b < cases[c].batch; b++) {
            const uint32_t *neurons;
            const double *times;
            size_t count;
            MUST(hebb_monitor_spikes(net, names[k], b, &neurons, &times, &count));
            uint64_t *hash = &d->spikes[run][k * BATCH_MOST + b];
            for (size_t i = 0; i < count; i++)
                *hash = (*hash ^ (neurons[i] + (uint64_t)(times[i] * 4096))) * 0x100000001b3u;
            d->count += count;
        }
    MUST(hebb_net_predict(net, "out", &predict, NULL, NULL));
    memcpy(d->predict[run], predict, cases[c].batch * OUT * sizeof *predict);
}

static void act(size_t c, const char *schedule, int threads, deeds *d) {
    hebb_ctx *ctx;
    hebb_net *net;
    hebb_learner *learner = NULL;
    size_t batch = cases[c].batch, wide = cases[c].wide, next = cases[c].next;
    static float x[BATCH_MOST * IN], upstream[BATCH_MOST * OUT];
    for (size_t i = 0; i < batch * IN; i++)
        x[i] = (float)(cases[c].high * (double)(i * 13 % 29) / 28);
    for (size_t i = 0; i < batch * OUT; i++) upstream[i] = (float)(i * 7 % 19) / 10 - 1;
    memset(d, 0, sizeof *d);
    hebb_ctx_options own = hebb_ctx_options_default();
    own.threads = threads;
    MUST(hebb_ctx_create(&own, &ctx));
    hebb_net_options options = hebb_net_options_default();
    options.dt = 1;
    options.schedule = schedule;
    options.precision = cases[c].precision;
    options.batch_max = (int)batch;
    MUST(hebb_net_create(ctx, &options, &net));
    hebb_group in = hebb_encoder(net, "in", IN, "poisson", NULL);
    hebb_group a = layer(net, c, "a", wide), b = layer(net, c, "b", next);
    hebb_group o = hebb_neurons(net, "o", OUT, "lif", NULL);
    double drive = cases[c].model[0] == 'c' ? 0.2 : 0.3; /* its currents last */
    connect(net, c, "c1", in, a, -0.1, 0.1 + 0.02 * drive / cases[c].high, wide);
    connect(net, c, "c2", a, b, -0.1, 0.1 + 0.02 * drive, next);
    connect(net, c, "c3", b, o, -0.2, 0.3, OUT);
    hebb_decode(net, "out", o, "spike_counts", NULL);
    hebb_spike_monitor(net, "seen_a", "a", NULL);
    hebb_spike_monitor(net, "seen_b", "b", NULL);
    hebb_param window = HEBB_STR("surrogate_func", cases[c].surrogate);
    const char *rule = cases[c].surrogate ? "sbp" : "STCA";
    if (!cases[c].surrogate) window = (hebb_param){.name = NULL};
    if (cases[c].learns)
        MUST(
            hebb_learner_create(net, rule, HEBB_NAMES("c1", "c2", "c3"), HEBB_P(window), &learner));
    MUST(hebb_net_build(net));
    MUST(hebb_net_input(net, "in", x, batch, IN));
    MUST(hebb_net_run(net, (double)cases[c].steps));
    look(ctx, net, c, 0, d);
    if (learner) {
        d->gradient_count = IN * wide;
        d->gradient = malloc(d->gradient_count * sizeof *d->gradient);
        MUST(hebb_learner_backward_from(learner, upstream, batch, OUT));
        MUST(hebb_net_gradient(net, "c1.weight", d->gradient, d->gradient_count));
    }
    MUST(hebb_net_run_continue(net, (double)cases[c].steps));
    look(ctx, net, c, 1, d);
    hebb_ctx_free(ctx);
}

static void compare(size_t c, const char *what, const deeds *a, const deeds *b) {
    if (a->count != b->count || memcmp(a->spikes, b->spikes, sizeof a->spikes) != 0)
        fail_msg("case %zu, %s: other spikes: %zu and %zu", c, what, (size_t)a->count,
                 (size_t)b->count);
    if (memcmp(a->predict, b->predict, sizeof a->predict) != 0)
        fail_msg("case %zu, %s: other predictions", c, what);
    for (size_t i = 0; i < a->gradient_count; i++)
        if (a->gradient[i] != b->gradient[i])
            fail_msg("case %zu, %s: gradient %zu is %g and %g", c, what, i, a->gradient[i],
                     b->gradient[i]);
}

static void run_on(size_t c, const char *cpu) {
    static deeds steps, slabs;
    char what[40];
    if (cpu) setenv("HEBB_CPU", cpu, 1);
    act(c, "step", 1, &steps);
    size_t cells = 2 * cases[c].batch * cases[c].steps * (cases[c].wide + cases[c].next);
    if (steps.count < cells / 500 || steps.count > cells * 9 / 10)
        fail_msg("case %zu: %zu spikes in %zu cells", c, (size_t)steps.count, cells);
    for (int threads = 1; threads <= 2; threads++) {
        act(c, "auto", threads, &slabs);
        snprintf(what, sizeof what, "%s, threads: %d", cpu ? cpu : "this machine", threads);
        compare(c, what, &steps, &slabs);
        free(slabs.gradient);
    }
    free(steps.gradient);
    unsetenv("HEBB_CPU");
}

static void slabs_are_steps(void **state) {
    (void)state;
    for (size_t c = 0; c < CASES; c++) {
        run_on(c, NULL);
        run_on(c, "avx2");
        run_on(c, "baseline");
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(slabs_are_steps)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

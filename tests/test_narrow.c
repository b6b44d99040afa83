/* Layers of at most 16 neurons, which have paths of their own: against plain loops, the same
 * network step by step, and the path of single synapses. */
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

#include "base/random.h"
#include "guarded.h"
#include "hebb/hebb.h"

static hb_stream stream;

/* `count` numbers that end where a closed page begins. */
static float *numbers(size_t count) {
    float *x = guarded(count * sizeof *x);
    for (size_t i = 0; i < count; i++) x[i] = (float)((double)hb_stream_u32(&stream) / 0x1p31 - 1);
    return x;
}
static void leave(float *x, size_t count) { unguard(x, count * sizeof *x); }

enum { SOURCES = 128, STEPS = 150, BLOCKS = (STEPS + 63) / 64 };

/* Bit t % 64 of bits[t / 64][i]: source i fires in step t. */
static void fill(uint64_t bits[BLOCKS][SOURCES], double density) {
    memset(bits, 0, BLOCKS * SOURCES * sizeof(uint64_t));
    for (size_t t = 0; t < STEPS; t++)
        for (size_t i = 0; i < SOURCES; i++)
            if (i % 5 && (double)hb_stream_u32(&stream) < density * 0x1p32)
                bits[t / 64][i] |= (uint64_t)1 << t % 64;
}

/* Forward, all steps at once and from lists: the same bits as adding one by one. */
static void rows_are_added_one_by_one(const hb_kernels *k, size_t width,
                                      uint64_t bits[BLOCKS][SOURCES]) {
    size_t cells = STEPS * width, numbers_of = SOURCES * width;
    float *rows = numbers(numbers_of), *to = numbers(cells), *want = numbers(cells);
    float *last = numbers(width);
    uint32_t index[SOURCES];
    for (uint32_t i = 0; i < SOURCES; i++) index[i] = i;
    memcpy(to, want, cells * 4);
    for (size_t t = 0; t < STEPS; t++) {
        uint32_t list[SOURCES], count = 0;
        memcpy(last, want + t * width, width * 4);
        for (uint32_t i = 0; i < SOURCES; i++) {
            if (!(bits[t / 64][i] >> t % 64 & 1)) continue;
            list[count++] = i;
            for (size_t j = 0; j < width; j++) want[t * width + j] += rows[i * width + j];
        }
        k->list_narrow_f32(last, width, rows, numbers_of, list, count);
        assert_memory_equal(last, want + t * width, width * 4);
    }
    for (size_t t = 0; t < STEPS; t += 64)
        k->add_narrow_f32(to + t * width, width, STEPS - t < 64 ? STEPS - t : 64, rows, numbers_of,
                          bits[t / 64], 1, index, SOURCES);
    assert_memory_equal(to, want, cells * 4);
    leave(rows, numbers_of), leave(to, cells), leave(want, cells), leave(last, width);
}

/* Backward: within 1e-5 of plain sums, and the same bits on all. */
static void sums_are_gathered(const hb_kernels *k, int cpu, size_t width,
                              uint64_t bits[BLOCKS][SOURCES]) {
    static float first[64 * HB_NARROW];
    float *from = numbers(STEPS * width), *padded = numbers(BLOCKS * HB_NARROW_BLOCK);
    float *to = numbers(64 * HB_NARROW);
    uint64_t some[64][BLOCKS], live = 0;
    for (size_t i = 0; i < 64; i++)
        for (size_t b = 0; b < BLOCKS; b++) some[i][b] = bits[b][64 + i];
    memset(to, 0, 64 * HB_NARROW * 4);
    k->pad_narrow_f32(padded, from, width, STEPS);
    for (size_t b = 0; b < BLOCKS; b++)
        for (size_t i = 0; i < 64; i++) live |= (uint64_t)(some[i][b] != 0) << i;
    k->gather_narrow_f32(to, padded, some[0], BLOCKS, live);
    for (size_t i = 0; i < 64; i++)
        for (size_t j = 0; j < width; j++) {
            double want = 0;
            for (size_t t = 0; t < STEPS; t++)
                if (some[i][t / 64] >> t % 64 & 1) want += (double)from[t * width + j];
            if (!(fabs(want - (double)to[i * HB_NARROW + j]) <= 1e-5 * fmax(1, fabs(want))))
                fail_msg("source %zu, %zu of %zu: %g, not %g", i, j, width,
                         (double)to[i * HB_NARROW + j], want);
            if (!cpu) first[i * HB_NARROW + j] = to[i * HB_NARROW + j];
            assert_memory_equal(&first[i * HB_NARROW + j], &to[i * HB_NARROW + j], 4);
        }
    leave(from, STEPS * width), leave(padded, BLOCKS * HB_NARROW_BLOCK);
    leave(to, 64 * HB_NARROW);
}

static void kernels_are_plain_sums(void **state) {
    (void)state;
    static uint64_t bits[BLOCKS][SOURCES];
    static const double densities[] = {0, 0.01, 0.1, 0.5, 1};
    for (uint32_t d = 0; d < 5; d++)
        for (uint32_t width = 1; width <= HB_NARROW; width++)
            for (int cpu = 0; cpu < 3; cpu++) {
                hb_stream_init(&stream, 3, 0, d, width);
                setenv("HEBB_CPU", cpus[cpu], 1);
                const hb_kernels *k = hb_kernels_get();
                unsetenv("HEBB_CPU");
                fill(bits, densities[d]);
                rows_are_added_one_by_one(k, width, bits);
                sums_are_gathered(k, cpu, width, bits);
            }
}

/* ---- whole networks ---- */

enum { IN = 150, MOST = 16, BATCH = 3, RUN = 150 };
#define MUST(call)                                                                                 \
    if ((call) < 0) fail_msg("%s", hebb_error(ctx))

typedef struct result {
    double gradient[IN * MOST], V[RUN * BATCH * MOST];
} result;

static void learn(const char *kind, const char *schedule, const char *precision, int threads,
                  size_t out, float bright, bool bias, result *r) {
    hebb_ctx *ctx;
    hebb_net *net;
    hebb_learner *learner;
    static float x[BATCH * IN];
    static double weight[IN * MOST];
    float upstream[BATCH * MOST];
    const double *V;
    size_t shape[3], which[2] = {out, IN};
    for (size_t i = 0; i < BATCH * IN; i++) x[i] = bright * (float)(i * 13 % 29) / 29;
    for (size_t i = 0; i < BATCH * out; i++) upstream[i] = (float)cos((double)i);
    for (size_t k = 0; k < IN * out; k++) weight[k] = 0.1 * sin((double)(k * 7919 % 1013)) + 0.03;
    hebb_ctx_options with = hebb_ctx_options_default();
    with.threads = threads;
    MUST(hebb_ctx_create(&with, &ctx));
    hebb_net_options options = hebb_net_options_default();
    options.dt = 1, options.schedule = schedule, options.precision = precision;
    MUST(hebb_net_create(ctx, &options, &net));
    hebb_group in = hebb_encoder(net, "in", IN, "poisson", NULL);
    hebb_group o = hebb_neurons(net, "o", out, "lif", NULL);
    hebb_connect(net, "c", in, o, kind,
                 HEBB_P(HEBB_MATRIX("weight", weight, which, 2), {"bias", bias ? 0.01 : 0}));
    hebb_decode(net, "out", o, "spike_counts", NULL);
    hebb_state_monitor(net, "m", "o", "V", NULL);
    MUST(hebb_learner_create(net, "STCA", HEBB_ALL, NULL, &learner));
    MUST(hebb_net_build(net));
    MUST(hebb_net_input(net, "in", x, BATCH, IN));
    MUST(hebb_net_run(net, RUN));
    MUST(hebb_monitor_values(net, "m", &V, NULL, shape));
    memset(r, 0, sizeof *r);
    memcpy(r->V, V, RUN * BATCH * out * sizeof *V);
    MUST(hebb_learner_backward_from(learner, upstream, BATCH, out));
    MUST(hebb_net_gradient(net, "c.weight", r->gradient, IN * out));
    hebb_ctx_free(ctx);
}

static void networks_agree(void **state) {
    (void)state;
    static result a, b;
    static const size_t sizes[] = {1, 7, 10, 16};
    static const float brights[] = {0.02f, 0.1f, 0.9f}; /* walked, and listed */
    for (size_t s = 0; s < 4; s++)
        for (size_t k = 0; k < 3; k++) {
            double largest = 0;
            learn("full", "auto", "float", 1, sizes[s], brights[k], k == 1, &a);
            learn("full", "step", "float", 1, sizes[s], brights[k], k == 1, &b);
            assert_memory_equal(&a, &b, sizeof a);
            learn("full", "auto", "float", 3, sizes[s], brights[k], k == 1, &b);
            assert_memory_equal(&a, &b, sizeof a);
            learn("full", "auto", "double", 1, sizes[s], brights[k], k == 1, &a);
            learn("sparse", "auto", "double", 1, sizes[s], brights[k], k == 1, &b);
            assert_memory_equal(a.V, b.V, sizeof a.V);
            for (size_t i = 0; i < IN * sizes[s]; i++) largest = fmax(largest, fabs(a.gradient[i]));
            assert_true(largest > 0);
            for (size_t i = 0; i < IN * sizes[s]; i++)
                assert_true(fabs(a.gradient[i] - b.gradient[i]) <= 1e-12 * largest);
        }
}

/* ---- inputs whose spikes are kept neuron by neuron ---- */

/* Runs that begin anew and that go on; some have more samples, or more steps, than any before. */
typedef struct stretch {
    size_t batch, steps;
    bool goes_on;
} stretch;
static const stretch stretches[] = {{2, 64, false}, {2, 70, true},   {2, 3, true},  {3, 130, false},
                                    {3, 1, true},   {3, 200, true},  {1, 5, false}, {1, 500, true},
                                    {3, 20, false}, {3, 256, false}, {3, 128, true}};
enum { STRETCHES = sizeof stretches / sizeof stretches[0] };

/* What each stretch gives: gradients, counts, spikes of the input over all synapses. */
typedef struct told {
    double gradient[IN * 10];
    float counts[BATCH * 10];
    uint64_t operations;
} told;

/* A monitor reads the input step by step, so that it is kept as rows; nothing may differ. */
static void run_stretches(const char *encoder, const hebb_param *params, const char *latency,
                          int threads, bool watched, told *r) {
    hebb_ctx *ctx;
    hebb_net *net;
    hebb_learner *learner;
    static float x[BATCH * IN], upstream[BATCH * 10];
    const float *counts;
    size_t shape[2] = {10, IN};
    static double weight[IN * 10];
    for (size_t i = 0; i < BATCH * IN; i++) x[i] = i % 3 ? 0.4f * (float)(i * 13 % 29) / 29 : 0;
    for (size_t i = 0; i < BATCH * 10; i++) upstream[i] = (float)cos((double)i);
    for (size_t k = 0; k < IN * 10; k++) weight[k] = 0.1 * sin((double)(k * 7919 % 1013)) + 0.03;
    hebb_ctx_options with = hebb_ctx_options_default();
    with.threads = threads;
    MUST(hebb_ctx_create(&with, &ctx));
    hebb_net_options options = hebb_net_options_default();
    options.dt = 1, options.latency = latency;
    MUST(hebb_net_create(ctx, &options, &net));
    hebb_group in = hebb_encoder(net, "in", IN, encoder, params);
    hebb_group o = hebb_neurons(net, "o", 10, "lif", NULL);
    hebb_connect(net, "c", in, o, "full", HEBB_P(HEBB_MATRIX("weight", weight, shape, 2)));
    hebb_decode(net, "out", o, "spike_counts", NULL);
    if (watched) hebb_spike_monitor(net, "m", "in", NULL);
    MUST(hebb_learner_create(net, "STCA", HEBB_ALL, NULL, &learner));
    MUST(hebb_net_build(net));
    for (size_t i = 0; i < STRETCHES; i++, r++) {
        const stretch *s = &stretches[i];
        hebb_work work;
        if (!s->goes_on) MUST(hebb_net_input(net, "in", x, s->batch, IN));
        MUST(s->goes_on ? hebb_net_run_continue(net, (double)s->steps)
                        : hebb_net_run(net, (double)s->steps));
        MUST(hebb_net_predict(net, "out", &counts, NULL, NULL));
        memcpy(r->counts, counts, s->batch * 10 * sizeof *counts);
        MUST(hebb_learner_zero_grad(learner));
        MUST(hebb_learner_backward_from(learner, upstream, s->batch, 10));
        MUST(hebb_net_gradient(net, "c.weight", r->gradient, IN * 10));
        MUST(hebb_net_work(net, &work));
        r->operations = work.synaptic_operations;
    }
    hebb_ctx_free(ctx);
}

static void trains_are_rows(void **state) {
    (void)state;
    static told rows[STRETCHES], trains[STRETCHES];
    static const char *const encoders[] = {"poisson", "bernoulli", "poisson"};
    static const char *const latencies[] = {"same_step", "one_step"};
    const hebb_param *window = HEBB_P({"start_time", 60}, {"end_time", 180});
    for (size_t e = 0; e < 3; e++)
        for (size_t l = 0; l < 2; l++) {
            uint64_t all = 0;
            memset(rows, 0, sizeof rows);
            run_stretches(encoders[e], e == 2 ? window : NULL, latencies[l], 1, true, rows);
            for (int threads = 1; threads <= 3; threads++) {
                memset(trains, 0, sizeof trains);
                run_stretches(encoders[e], e == 2 ? window : NULL, latencies[l], threads, false,
                              trains);
                for (size_t i = 0; i < STRETCHES; i++) {
                    assert_memory_equal(trains[i].gradient, rows[i].gradient,
                                        sizeof rows->gradient);
                    assert_memory_equal(trains[i].counts, rows[i].counts, sizeof rows->counts);
                    assert_true(trains[i].operations == rows[i].operations);
                    all += rows[i].operations;
                }
            }
            assert_true(all > 0);
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(kernels_are_plain_sums),
                                       cmocka_unit_test(networks_agree),
                                       cmocka_unit_test(trains_are_rows)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What can be seen of a run: decoders, monitors of groups and connections, and
 * the random trains of presentations. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "scenes.h"

static void open_net(stage *s, const hebb_net_options *options) {
    memset(s, 0, sizeof *s);
    MUST(s, hebb_ctx_create(NULL, &s->ctx));
    hebb_net_options o = hebb_net_options_default();
    o.dt = 1;
    MUST(s, hebb_net_create(s->ctx, options ? options : &o, &s->net));
}

static const double *watch(stage *s, const char *monitor, size_t shape[3]) {
    const double *values;
    MUST(s, hebb_monitor_values(s->net, monitor, &values, NULL, shape));
    return values;
}

/* ---- decoders ---- */

enum { N = 6, B = 2, T = 9 };

/* lif neurons that repeat what they are shown, in the same step. */
static void repeat(stage *s, const float *rows, const char *precision) {
    hebb_net_options o = hebb_net_options_default();
    o.dt = 1, o.latency = "same_step", o.precision = precision;
    open_net(s, &o);
    hebb_group in = hebb_encoder(s->net, "in", N, "null", NULL);
    hebb_group out = hebb_neurons(s->net, "out", N, "lif", NULL);
    hebb_group li = hebb_neurons(s->net, "li", N, "li", HEBB_P({"tau_m", 2}));
    hebb_connect(s->net, "c", in, out, "one_to_one", HEBB_P({"weight", 2}));
    hebb_connect(s->net, "d", in, li, "one_to_one", HEBB_P({"weight", 1}));
    hebb_decode(s->net, "counts", out, "spike_counts", NULL);
    hebb_decode(s->net, "pairs", out, "spike_counts", HEBB_P({"pop_size", 2}));
    hebb_decode(s->net, "shown", in, "spike_counts", NULL);
    hebb_decode(s->net, "whole", out, "null", NULL);
    hebb_decode(s->net, "last", li, "final_step_voltage", NULL);
    hebb_decode(s->net, "mean", li, "voltage_mean", NULL);
    hebb_decode(s->net, "most", li, "voltage_max", NULL);
    MUST(s, hebb_net_build(s->net));
    MUST(s, hebb_net_input(s->net, "in", rows, B, T * N));
}

static void expect_outputs(stage *s, const char *decoder, const double *wanted, size_t classes,
                           double tolerance) {
    const float *got;
    size_t batch, count;
    MUST(s, hebb_net_predict(s->net, decoder, &got, &batch, &count));
    assert_int_equal(batch, B);
    assert_int_equal(count, classes);
    for (size_t i = 0; i < B * classes; i++)
        if (fabs((double)got[i] - wanted[i]) > tolerance)
            fail_msg("%s[%zu] = %g, not %g", decoder, i, (double)got[i], wanted[i]);
}

static void several_decoders(void **state) {
    (void)state;
    for (int wide = 0; wide < 2; wide++)
        for (size_t cut = 0; cut < T; cut += 4) { /* cut: decoders see the last run only */
            stage s;
            dice d = {3};
            float rows[T * B * N];
            double counts[B * N] = {0}, pairs[B * N / 2] = {0}, V[B * N] = {0};
            double mean[B * N] = {0}, most[B * N], whole[T * B * N] = {0};
            size_t seen = T - cut;
            for (size_t k = 0; k < T * B * N; k++) rows[k] = dice_bits(&d) % 3 == 0;
            for (size_t k = 0; k < B * N; k++) {
                most[k] = -1;
                for (size_t t = 0; t < T; t++) { /* li: V = exp(-dt/tau) V + I */
                    V[k] = exp(-0.5) * V[k] + (double)rows[t * B * N + k];
                    if (t < cut) continue;
                    counts[k] += rows[t * B * N + k] != 0;
                    mean[k] += V[k] / (double)seen;
                    most[k] = fmax(most[k], V[k]);
                    whole[(t - cut) * B * N + k] = (double)rows[t * B * N + k];
                }
                pairs[k / 2] += counts[k];
            }
            repeat(&s, rows, wide ? "double" : "float");
            if (cut) MUST(&s, hebb_net_run(s.net, (double)cut));
            MUST(&s, cut ? hebb_net_run_continue(s.net, (double)seen) : hebb_net_run(s.net, T));
            expect_outputs(&s, "counts", counts, N, 0);
            expect_outputs(&s, "shown", counts, N, 0);
            expect_outputs(&s, "pairs", pairs, N / 2, 0);
            expect_outputs(&s, "last", V, N, 1e-6);
            expect_outputs(&s, "mean", mean, N, 1e-6);
            expect_outputs(&s, "most", most, N, 1e-6);
            expect_outputs(&s, "whole", whole, seen * N, 0); /* [T][B][N] */
            assert_int_equal(hebb_net_predict(s.net, NULL, NULL, NULL, NULL), HEBB_E_ARGUMENT);
            hebb_ctx_free(s.ctx);
        }
}

/* ---- monitors ---- */

/* One driven neuron of each equation, step by step on paper. */
static void states_and_filters(void **state) {
    (void)state;
    const float rows[8] = {0.5f, 0.5f, 0.5f, 0, 0, 0, 0, 0};
    stage s;
    hebb_net_options o = hebb_net_options_default();
    o.dt = 1, o.precision = "double", o.latency = "same_step";
    open_net(&s, &o);
    hebb_group in = hebb_encoder(s.net, "in", 1, "null", NULL);
    hebb_group lif = hebb_neurons(s.net, "lif", 1, "lif", HEBB_P({"tau_m", 4}, {"v_th", 1}));
    hebb_group one = hebb_neurons(s.net, "one", 1, "lif", HEBB_P({"v_th", 99}));
    hebb_group two = hebb_neurons(s.net, "two", 1, "lif", HEBB_P({"v_th", 99}));
    hebb_connect(s.net, "c", in, lif, "full", HEBB_P({"weight", 1}));
    hebb_connect(s.net, "f1", in, one, "full",
                 HEBB_P({"weight", 2}, HEBB_STR("syn_type", "1_order_synapse"), {"tau", 3}));
    hebb_connect(s.net, "f2", in, two, "full",
                 HEBB_P({"weight", 2}, {"bias", 0.125}, HEBB_STR("syn_type", "2_order_synapse"),
                        {"tau_r", 5}, {"tau_d", 2}));
    hebb_state_monitor(s.net, "V", "lif", "V", NULL);
    hebb_state_monitor(s.net, "O", "lif", "O", NULL);
    hebb_state_monitor(s.net, "I", "lif", "Isyn", NULL);
    hebb_state_monitor(s.net, "shown", "in", "O", NULL);
    hebb_state_monitor(s.net, "R1", "f1", "R", NULL);
    hebb_state_monitor(s.net, "R2", "f2", "R", NULL);
    hebb_state_monitor(s.net, "D2", "f2", "D", NULL);
    hebb_state_monitor(s.net, "sum2", "f2", "WgtSum", NULL);
    hebb_state_monitor(s.net, "I2", "two", "Isyn", NULL);
    MUST(&s, hebb_net_build(s.net));
    MUST(&s, hebb_net_input(s.net, "in", rows, 1, 8));
    MUST(&s, hebb_net_run(s.net, 8));
    double V = 0, R1 = 0, R2 = 0, D2 = 0;
    static const char *const names[] = {"V", "O", "I", "shown", "R1", "R2", "D2", "sum2", "I2"};
    for (size_t t = 0; t < 8; t++) {
        double x = (double)rows[t], sum = 2 * x + 0.125;
        double u = exp(-0.25) * V + x, fires = u > 1;
        V = fires ? 0 : u;
        R1 = exp(-1.0 / 3) * R1 + 2 * x;
        R2 = exp(-0.2) * R2 + sum;
        D2 = exp(-0.5) * D2 + sum;
        const double wanted[] = {V, fires, x, x, R1, R2, D2, sum, R2 - D2};
        for (size_t i = 0; i < 9; i++) {
            size_t shape[3];
            double got = watch(&s, names[i], shape)[t];
            assert_true(shape[0] == 8 && shape[1] == 1 && shape[2] == 1);
            if (fabs(got - wanted[i]) > 1e-12)
                fail_msg("%s[%zu] = %.17g, not %.17g", names[i], t, got, wanted[i]);
        }
    }
    hebb_ctx_free(s.ctx);
}

/* O of a connection: what leaves each synapse's delay, also in loops, also over two runs. */
static void arrivals(void **state) {
    (void)state;
    enum { P = 3, Q = 4, STEPS = 14 };
    static const char *const kinds[] = {"full", "sparse", "full", "full"};
    for (int k = 0; k < 4; k++)
        for (size_t cut = 0; cut <= 9; cut += 3) {
            stage s;
            dice d = {(uint64_t)k + 5};
            bool delayed = k < 2, loop = k == 3;
            size_t to = loop ? P : Q;
            double weight[P * Q], delay[P * Q];
            const size_t shape[] = {to, P};
            float rows[STEPS * P];
            for (size_t i = 0; i < P * Q; i++) {
                weight[i] = k == 1 && i % 3 == 0 ? 0 : dice_between(&d, 0.1, 0.2);
                delay[i] = (double)(dice_bits(&d) % 5);
            }
            for (size_t i = 0; i < STEPS * P; i++) rows[i] = dice_bits(&d) % 3 == 0;
            open_net(&s, NULL);
            hebb_group in = hebb_encoder(s.net, "in", P, "null", NULL);
            hebb_group a = hebb_neurons(s.net, "a", P, "lif", NULL);
            hebb_group b = hebb_neurons(s.net, "b", Q, "lif", NULL);
            hebb_connect(s.net, "c0", in, a, "one_to_one", HEBB_P({"weight", 2}));
            hebb_connect(s.net, "c", a, loop ? a : b, kinds[k],
                         delayed ? HEBB_P(HEBB_MATRIX("weight", weight, shape, 2),
                                          HEBB_MATRIX("delay", delay, shape, 2), {"max_delay", 9})
                                 : HEBB_P(HEBB_MATRIX("weight", weight, shape, 2)));
            hebb_state_monitor(s.net, "a_O", "a", "O", NULL);
            hebb_state_monitor(s.net, "c_O", "c", "O", NULL);
            MUST(&s, hebb_net_build(s.net));
            MUST(&s, hebb_net_input(s.net, "in", rows, 1, STEPS * P));
            bytes spikes = {0}, arrived = {0};
            MUST(&s, hebb_net_run(s.net, (double)(cut ? cut : STEPS)));
            for (int piece = 0; piece <= (cut > 0); piece++) {
                if (piece) MUST(&s, hebb_net_run_continue(s.net, (double)(STEPS - cut)));
                add_monitor(&s, "a_O", &spikes);
                add_monitor(&s, "c_O", &arrived);
            }
            const double *o = (const double *)spikes.data, *x = (const double *)arrived.data;
            assert_int_equal(arrived.count, STEPS * to * P * sizeof *x);
            for (size_t t = 0; t < STEPS; t++)
                for (size_t j = 0; j < to; j++)
                    for (size_t i = 0; i < P; i++) {
                        size_t late = delayed ? (size_t)delay[j * P + i] : 0;
                        bool there = weight[j * P + i] != 0 && t >= late;
                        double wanted = there ? o[(t - late) * P + i] : 0;
                        if (x[(t * to + j) * P + i] != wanted)
                            fail_msg("kind %d, cut %zu, step %zu, %zu <- %zu: not %g", k, cut, t, j,
                                     i, wanted);
                    }
            bytes_free(&spikes);
            bytes_free(&arrived);
            hebb_ctx_free(s.ctx);
        }
}

static void spikes_are_listed_by_neuron_then_time(void **state) {
    (void)state;
    stage s;
    scene_build(&s, &scenes[2], &(setup){.batch = 3, .steps = 40});
    MUST(&s, scene_input(&s));
    MUST(&s, hebb_net_run(s.net, 15));
    MUST(&s, hebb_net_run_continue(s.net, 40));
    size_t shape[3], all = 0;
    const double *O = watch(&s, "seen_a", shape);
    for (size_t b = 0; b < 3; b++) {
        const uint32_t *neurons;
        const double *times;
        size_t count, at = 0;
        MUST(&s, hebb_monitor_spikes(s.net, "spikes", b, &neurons, &times, &count));
        for (size_t i = 0; i < HIDDEN; i++)
            for (size_t t = 0; t < 40; t++) {
                if (O[(t * 3 + b) * HIDDEN + i] == 0) continue;
                assert_true(at < count && neurons[at] == i);
                assert_true(fabs(times[at++] - (double)(15 + t + 1)) < 1e-9);
            }
        assert_int_equal(at, count);
        all += count;
    }
    assert_true(all > 100);
    size_t count;
    assert_int_equal(hebb_monitor_spikes(s.net, "spikes", 3, NULL, NULL, &count), HEBB_E_RANGE);
    scene_free(&s);
}

/* ---- presentations ---- */

static void show(stage *s, uint64_t epoch, const uint64_t *samples, size_t batch, bytes *out) {
    float data[8 * 40];
    for (size_t i = 0; i < sizeof data / sizeof *data; i++) data[i] = 0.1f + 0.4f * (float)(i % 2);
    MUST(s, hebb_net_input(s->net, "in", data, batch, 40));
    MUST(s, hebb_net_presentation(s->net, epoch, samples, batch));
    MUST(s, hebb_net_run(s->net, 50));
    add_monitor(s, "m", out);
}

static const double *sample_of(const bytes *b, size_t batch, size_t sample, double *to) {
    const double *x = (const double *)b->data;
    for (size_t t = 0; t < 50; t++)
        memcpy(to + t * 40, x + (t * batch + sample) * 40, 40 * sizeof *to);
    return to;
}

static void presentations(void **state) {
    (void)state;
    for (int k = 0; k < 3; k++) {
        const char *method = k == 1 ? "bernoulli" : "poisson";
        stage s;
        open_net(&s, NULL);
        hebb_group in =
            hebb_encoder(s.net, "in", 40, method, k == 2 ? HEBB_P({"single_test", 1}) : NULL);
        hebb_group out = hebb_neurons(s.net, "out", 1, "lif", NULL);
        hebb_connect(s.net, "c", in, out, "full", NULL);
        hebb_state_monitor(s.net, "m", "in", "O", NULL);
        MUST(&s, hebb_net_build(s.net));
        bytes a = {0}, b = {0}, c = {0}, d = {0}, e = {0};
        static double x[50 * 40], y[50 * 40];
        show(&s, 3, (const uint64_t[]){7, 8, 9}, 3, &a);
        show(&s, 3, (const uint64_t[]){9, 1, 2, 7, 4}, 5, &b);
        show(&s, 4, (const uint64_t[]){7, 8, 9}, 3, &c);
        show(&s, 0, NULL, 3, &d);
        show(&s, 0, NULL, 3, &e);
        size_t size = sizeof x;
        assert_memory_equal(sample_of(&a, 3, 0, x), sample_of(&b, 5, 3, y), size);
        assert_memory_equal(sample_of(&a, 3, 2, x), sample_of(&b, 5, 0, y), size);
        bool once = k == 2; /* single_test: one train for all */
        assert_true((memcmp(sample_of(&a, 3, 0, x), sample_of(&a, 3, 1, y), size) == 0) == once);
        assert_true((memcmp(sample_of(&a, 3, 0, x), sample_of(&c, 3, 0, y), size) == 0) == once);
        assert_true((memcmp(sample_of(&d, 3, 0, x), sample_of(&d, 3, 1, y), size) == 0) == once);
        assert_true((memcmp(sample_of(&d, 3, 0, x), sample_of(&e, 3, 0, y), size) == 0) == once);
        bytes *all[] = {&a, &b, &c, &d, &e};
        for (size_t i = 0; i < 5; i++) bytes_free(all[i]);
        hebb_ctx_free(s.ctx);
    }
}

/* Spikes in T steps are binomial: chi-square over neurons of rates p, and over the runs of
 * silence between them (geometric). 99.99 % bounds; the seed is fixed. */
static void trains_have_the_right_law(void **state) {
    (void)state;
    enum { NEURONS = 64, STEPS = 700, SAMPLES = 30 };
    for (int k = 0; k < 3; k++) {
        stage s;
        hebb_net_options o = hebb_net_options_default();
        o.dt = k == 2 ? 0.5 : 1;
        open_net(&s, &o);
        hebb_group in = hebb_encoder(s.net, "in", NEURONS, k == 1 ? "bernoulli" : "poisson", NULL);
        hebb_group out = hebb_neurons(s.net, "out", 1, "lif", NULL);
        hebb_connect(s.net, "c", in, out, "full", NULL);
        hebb_state_monitor(s.net, "m", "in", "O", NULL);
        MUST(&s, hebb_net_build(s.net));
        static float data[SAMPLES * NEURONS];
        for (size_t i = 0; i < SAMPLES * NEURONS; i++)
            data[i] = 0.01f + 0.98f * (float)(i % NEURONS) / (NEURONS - 1);
        MUST(&s, hebb_net_input(s.net, "in", data, SAMPLES, NEURONS));
        MUST(&s, hebb_net_run(s.net, STEPS * o.dt));
        size_t shape[3];
        const double *O = watch(&s, "m", shape);
        double chi = 0, together = 0, expected = 0, variance = 0;
        for (size_t i = 0; i < NEURONS; i++) {
            double p = (double)data[i] * (k == 2 ? 0.5 : 1), n = 0;
            for (size_t t = 0; t < STEPS; t++)
                for (size_t b = 0; b < SAMPLES; b++) n += O[(t * SAMPLES + b) * NEURONS + i];
            double trials = STEPS * SAMPLES, off = n - trials * p;
            chi += off * off / (trials * p * (1 - p));
            for (size_t t = 1; t < STEPS; t++) /* spikes of neighbouring steps are independent */
                for (size_t b = 0; b < SAMPLES; b++)
                    together += O[(t * SAMPLES + b) * NEURONS + i] *
                                O[((t - 1) * SAMPLES + b) * NEURONS + i];
            expected += (STEPS - 1) * SAMPLES * p * p;
            variance += (STEPS - 1) * SAMPLES * p * p * (1 + 2 * p);
        }
        double z = (chi - NEURONS) / sqrt(2.0 * NEURONS);
        if (fabs(z) > 4) fail_msg("chi-square %g of %d", chi, NEURONS);
        z = (together - expected) / sqrt(variance);
        if (fabs(z) > 4) fail_msg("pairs of spikes: %g, not %g", together, expected);
        hebb_ctx_free(s.ctx);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(several_decoders), cmocka_unit_test(states_and_filters),
        cmocka_unit_test(arrivals),         cmocka_unit_test(spikes_are_listed_by_neuron_then_time),
        cmocka_unit_test(presentations),    cmocka_unit_test(trains_have_the_right_law),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

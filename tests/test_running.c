/* Time: runs that go on, delays and latencies in closed form, loops, decoders,
 * monitors, presentations. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "scenes.h"

/* ---- runs that go on ---- */

/* Monitors one after the other, each with the rows of all pieces. */
static void run_in_pieces(const scene *w, setup u, const size_t *pieces, bytes *out,
                          double counts[OUT]) {
    bytes seen[MONITORS] = {{0}};
    stage s;
    u.batch = 13; /* more than one goes through the plan at a time */
    scene_build(&s, w, &u);
    MUST(&s, scene_input(&s));
    memset(counts, 0, OUT * sizeof *counts);
    for (size_t i = 0; pieces[i]; i++) {
        double time = (double)pieces[i];
        MUST(&s, i ? hebb_net_run_continue(s.net, time) : hebb_net_run(s.net, time));
        for (size_t m = 0; m < MONITORS; m++) add_monitor(&s, monitors[m], &seen[m]);
        const float *predict;
        size_t classes;
        MUST(&s, hebb_net_predict(s.net, "counts", &predict, NULL, &classes));
        for (size_t c = 0; c < OUT; c++) counts[c] += (double)predict[classes + c]; /* sample 1 */
    }
    const double *times;
    size_t shape[3], steps = 0;
    MUST(&s, hebb_monitor_values(s.net, "seen_a", NULL, &times, shape));
    for (size_t i = 0; pieces[i]; i++) steps += pieces[i];
    assert_true(fabs(times[shape[0] - 1] - (double)steps) < 1e-9);
    for (size_t m = 0; m < MONITORS; m++) {
        bytes_add(out, seen[m].data, seen[m].count);
        bytes_free(&seen[m]);
    }
    scene_free(&s);
}

static void pieces_make_one_run(void **state) {
    (void)state;
    static const size_t whole[] = {17, 0}, two[] = {6, 11, 0}, five[] = {1, 5, 2, 8, 1, 0};
    static const size_t steps[] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0};
    const size_t *const ways[] = {two, five, steps};
    for (size_t i = 0; i < SCENES; i++)
        for (int wide = 0; wide < 2; wide++)
            for (int k = 0; k < 3; k++) {
                /* products of matrices round by their size; spikes flip in float only */
                bool exact = !scenes[i].real || (scenes[i].encoder && scenes[i].model &&
                                                 !strcmp(scenes[i].encoder, "float"));
                if (!exact && !wide) continue;
                setup u = {.steps = 17, .precision = wide ? "double" : "float"};
                bytes one = {0}, more = {0};
                double counted[OUT], added[OUT];
                run_in_pieces(&scenes[i], u, whole, &one, counted);
                if (k == 1) u.plan_steps = 3, u.schedule = "step"; /* plans again on the way */
                run_in_pieces(&scenes[i], u, ways[k], &more, added);
                if (exact) {
                    bytes_equal(&one, &more, scenes[i].name, "pieces");
                    assert_memory_equal(counted, added, sizeof counted);
                } else {
                    const double *x = (const double *)one.data, *y = (const double *)more.data;
                    assert_int_equal(one.count, more.count);
                    for (size_t j = 0; j < one.count / sizeof *x; j++)
                        if (!close_to(x[j], y[j], 1e-10, 1e-3))
                            fail_msg("%s: number %zu: %.17g, %.17g", scenes[i].name, j, x[j], y[j]);
                }
                bytes_free(&one);
                bytes_free(&more);
            }
}

/* Trains are drawn in pieces of 256 steps: across their borders, dense, sparse and rare. */
static void long_trains_go_on(void **state) {
    (void)state;
    static const float rates[] = {0, 0.7f, 0.3f, 0.2f, 0.01f, 0.0001f, 1, 0.9999f};
    enum { T = 1100, N = 8, B = 2 };
    for (int k = 0; k < 4; k++) {
        const char *method = k == 1 ? "bernoulli" : "poisson";
        bytes seen[2] = {{0}, {0}};
        for (int way = 0; way < 2; way++) {
            stage s = {0};
            MUST(&s, hebb_ctx_create(NULL, &s.ctx));
            hebb_net_options o = hebb_net_options_default();
            o.dt = 1;
            if (k == 2) o.compat = "spaic";
            MUST(&s, hebb_net_create(s.ctx, &o, &s.net));
            hebb_group in =
                hebb_encoder(s.net, "in", N, method,
                             k == 3 ? HEBB_P({"start_time", 200}, {"end_time", 900}) : NULL);
            hebb_group out = hebb_neurons(s.net, "out", 1, "lif", NULL);
            hebb_connect(s.net, "c", in, out, "full", NULL);
            hebb_state_monitor(s.net, "m", "in", "O", NULL);
            MUST(&s, hebb_net_build(s.net));
            float data[B * N];
            for (int i = 0; i < B * N; i++) data[i] = rates[i % N];
            MUST(&s, hebb_net_input(s.net, "in", data, B, N));
            for (int at = 0; at < T;) {
                int left = T - at, step = way ? (at < 250 ? 83 : at < 300 ? 1 : 211) : T;
                if (step > left) step = left;
                MUST(&s, at ? hebb_net_run_continue(s.net, step) : hebb_net_run(s.net, step));
                add_monitor(&s, "m", &seen[way]);
                at += step;
            }
            hebb_ctx_free(s.ctx);
        }
        bytes_equal(&seen[0], &seen[1], method, "trains in pieces");
        const double *x = (const double *)seen[0].data;
        size_t first = T, last = 0, count[N] = {0};
        for (size_t t = 0; t < T; t++)
            for (size_t i = 0; i < N; i++)
                if (x[t * B * N + i] != 0) {
                    count[i]++;
                    if (t < first) first = t;
                    last = t;
                }
        assert_true(count[0] <= 2 && count[1] > count[2] && count[2] > count[3]);
        assert_true(count[3] > count[4]);
        if (k == 3) assert_true(first == 199 && last == 899);
        assert_int_equal(count[6], k == 3 ? 701 : T);
        bytes_free(&seen[0]);
        bytes_free(&seen[1]);
    }
}

/* Spikes of the second piece of a run, in which those of the first arrive late: sample b of 12
 * stands in row b, or 11 - b. */
static void second_piece(bool reversed, float counts[12][OUT]) {
    stage s = {.batch = 12};
    float x[12][IN];
    hebb_net_options o = hebb_net_options_default();
    o.dt = 1, o.batch_max = 12;
    MUST(&s, hebb_ctx_create(NULL, &s.ctx));
    MUST(&s, hebb_net_create(s.ctx, &o, &s.net));
    for (size_t b = 0; b < 12; b++)
        for (size_t i = 0; i < IN; i++)
            x[reversed ? 11 - b : b][i] = (float)((b * 31 + i * 17) % 23) / 23;
    hebb_group in = hebb_encoder(s.net, "in", IN, "uniform", NULL);
    hebb_group a = hebb_neurons(s.net, "a", HIDDEN, "lif", NULL);
    hebb_group b = hebb_neurons(s.net, "b", OUT, "lif", NULL);
    const char *weight = "uniform(0, 0.05)";
    hebb_connect(s.net, "first", in, a, "full", HEBB_P(HEBB_STR("weight", weight)));
    hebb_connect(s.net, "late", a, b, "full", HEBB_P(HEBB_STR("weight", weight), {"max_delay", 6}));
    hebb_decode(s.net, "counts", b, "spike_counts", NULL);
    MUST(&s, hebb_net_build(s.net));
    MUST(&s, hebb_net_input(s.net, "in", x[0], 12, IN));
    MUST(&s, hebb_net_run(s.net, 10));
    MUST(&s, hebb_net_run_continue(s.net, 10));
    const float *predict;
    MUST(&s, hebb_net_predict(s.net, NULL, &predict, NULL, NULL));
    for (size_t k = 0; k < 12; k++)
        memcpy(counts[reversed ? 11 - k : k], predict + k * OUT, sizeof counts[0]);
    hebb_ctx_free(s.ctx);
}

/* Samples that go through the plan as one block each keep what is on its way. */
static void samples_of_a_block_keep_their_delays(void **state) {
    (void)state;
    float counts[2][12][OUT], sum = 0;
    second_piece(false, counts[0]);
    second_piece(true, counts[1]);
    for (size_t i = 0; i < 12 * OUT; i++) sum += counts[0][i / OUT][i % OUT];
    assert_true(sum > 100);
    assert_memory_equal(counts[0], counts[1], sizeof counts[0]);
}

/* ---- a chain whose spikes are known ---- */

/* One spike at step `at` of a run, from null rows, through groups of neurons that fire when
 * driven: when does each fire? -1: never. */
typedef struct chain {
    stage s;
    size_t layers;
    long fired[4];
} chain;

static void run_chain(chain *c, const char *latency, double dt, size_t at, size_t steps,
                      double delay, const char *kind, const char *precision) {
    memset(c, 0, sizeof *c);
    stage *s = &c->s;
    MUST(s, hebb_ctx_create(NULL, &s->ctx));
    hebb_net_options o = hebb_net_options_default();
    o.dt = dt, o.latency = latency, o.precision = precision;
    MUST(s, hebb_net_create(s->ctx, &o, &s->net));
    hebb_group from = hebb_encoder(s->net, "g0", 1, "null", NULL);
    char name[8], link[8], monitor[8];
    c->layers = 4;
    for (size_t i = 1; i < 4; i++) {
        snprintf(name, sizeof name, "g%zu", i);
        snprintf(link, sizeof link, "c%zu", i);
        snprintf(monitor, sizeof monitor, "m%zu", i);
        hebb_group to = hebb_neurons(s->net, name, 1, "lif", NULL);
        hebb_connect(s->net, link, from, to, kind,
                     i == 2 && delay > 0
                         ? HEBB_P({"weight", 2}, {"delay", delay}, {"max_delay", delay})
                         : HEBB_P({"weight", 2}));
        hebb_spike_monitor(s->net, monitor, name, NULL);
        from = to;
    }
    MUST(s, hebb_net_build(s->net));
    float *rows = calloc(steps, sizeof *rows);
    rows[at] = 1;
    MUST(s, hebb_net_input(s->net, "g0", rows, 1, steps));
    MUST(s, hebb_net_run(s->net, (double)steps * dt));
    for (size_t i = 1; i < 4; i++) {
        const double *times;
        size_t count;
        snprintf(monitor, sizeof monitor, "m%zu", i);
        MUST(s, hebb_monitor_spikes(s->net, monitor, 0, NULL, &times, &count));
        assert_true(count <= 1);
        c->fired[i] = count ? (long)floor(times[0] / dt + 0.5) - 1 : -1;
    }
    free(rows);
    hebb_ctx_free(s->ctx);
}

/* semantics.md 1.6: each hop costs one step, or none with same_step; a delay of d steps adds d. */
static void latency_facts(void **state) {
    (void)state;
    for (size_t at = 0; at < 12; at++)
        for (int same = 0; same < 2; same++)
            for (size_t d = 0; d < 6; d++) {
                chain c;
                run_chain(&c, same ? "same_step" : "one_step", 0.5, at, 14, 0.5 * (double)d,
                          d % 2 ? "one_to_one" : "full", at % 2 ? "double" : "float");
                for (size_t layer = 1; layer < 4; layer++) {
                    size_t when = at + (same ? 0 : layer) + (layer > 1 ? d : 0);
                    assert_int_equal(c.fired[layer], when < 14 ? (long)when : -1);
                }
            }
}

/* Every synapse has its own delay: a spike of neuron i at t reaches j at t + 1 + d[j][i]. */
static void delays_arrive_on_time(void **state) {
    (void)state;
    enum { PRE = 3, POST = 70, T = 40 };
    for (int same = 0; same < 2; same++)
        for (int filtered = 0; filtered < 2; filtered++) {
            stage s = {0};
            dice d = {7};
            double delay[POST * PRE], weight[POST * PRE], wanted[T][POST] = {{0}};
            const size_t shape[] = {POST, PRE}, at[PRE] = {0, 4, 11};
            float rows[T * PRE] = {0};
            for (size_t k = 0; k < POST * PRE; k++) {
                delay[k] = (double)(dice_bits(&d) % 90) / 10; /* steps: to the nearest */
                weight[k] = dice_between(&d, -0.02, 0.02);
            }
            for (size_t i = 0; i < PRE; i++) {
                rows[at[i] * PRE + i] = 1;
                for (size_t j = 0; j < POST; j++) {
                    size_t late = (size_t)floor(delay[j * PRE + i] + 0.5);
                    for (size_t t = at[i] + late + !same; t < T; t++) {
                        double age = (double)(t - at[i] - late - !same);
                        if (!filtered && age > 0) break;
                        wanted[t][j] += weight[j * PRE + i] * exp(-age / 3);
                    }
                }
            }
            MUST(&s, hebb_ctx_create(NULL, &s.ctx));
            hebb_net_options o = hebb_net_options_default();
            o.dt = 1, o.precision = "double", o.latency = same ? "same_step" : "one_step";
            MUST(&s, hebb_net_create(s.ctx, &o, &s.net));
            hebb_group in = hebb_encoder(s.net, "in", PRE, "null", NULL);
            hebb_group out = hebb_neurons(s.net, "out", POST, "lif", NULL);
            hebb_connect(s.net, "c", in, out, "full",
                         HEBB_P(HEBB_MATRIX("weight", weight, shape, 2),
                                HEBB_MATRIX("delay", delay, shape, 2), {"max_delay", 9},
                                HEBB_STR("syn_type", filtered ? "1_order_synapse" : "basic"),
                                {"tau", 3}));
            hebb_state_monitor(s.net, "I", "out", "Isyn", NULL);
            MUST(&s, hebb_net_build(s.net));
            MUST(&s, hebb_net_input(s.net, "in", rows, 1, T * PRE));
            MUST(&s, hebb_net_run(s.net, T));
            const double *I;
            MUST(&s, hebb_monitor_values(s.net, "I", &I, NULL, NULL));
            for (size_t t = 0; t < T; t++)
                for (size_t j = 0; j < POST; j++)
                    if (fabs(I[t * POST + j] - wanted[t][j]) > 1e-14)
                        fail_msg("step %zu, neuron %zu: %g, not %g", t, j, I[t * POST + j],
                                 wanted[t][j]);
            hebb_ctx_free(s.ctx);
        }
}

/* ---- loops ---- */

static const char *const names[] = {"north", "east", "south", "west"};

static hebb_status loop_of(const char *latency, double delay, stage *s, size_t members) {
    memset(s, 0, sizeof *s);
    MUST(s, hebb_ctx_create(NULL, &s->ctx));
    hebb_net_options o = hebb_net_options_default();
    o.dt = 1, o.latency = latency;
    MUST(s, hebb_net_create(s->ctx, &o, &s->net));
    hebb_group in = hebb_encoder(s->net, "in", 1, "null", NULL), g[5];
    g[4] = hebb_neurons(s->net, "outside", 1, "lif", NULL);
    for (size_t i = 0; i < members; i++) g[i] = hebb_neurons(s->net, names[i], 1, "lif", NULL);
    hebb_connect(s->net, "c_in", in, g[0], "full", HEBB_P({"weight", 2}));
    hebb_connect(s->net, "c_out", g[members - 1], g[4], "full", HEBB_P({"weight", 2}));
    for (size_t i = 0; i < members; i++) {
        char link[8];
        bool last = i + 1 == members;
        snprintf(link, sizeof link, "c%zu", i);
        hebb_connect(s->net, link, g[i], g[(i + 1) % members], "full",
                     last && delay >= 0 ? HEBB_P({"weight", 2}, {"delay", delay}, {"max_delay", 9})
                                        : HEBB_P({"weight", 2}));
        hebb_spike_monitor(s->net,
                           i ? (i == 1   ? "m1"
                                : i == 2 ? "m2"
                                         : "m3")
                             : "m0",
                           names[i], NULL);
    }
    return hebb_net_build(s->net);
}

static void loops(void **state) {
    (void)state;
    stage s;
    for (size_t members = 1; members <= 4; members++) {
        assert_int_equal(loop_of("same_step", -1, &s, members), HEBB_E_GRAPH);
        const char *error = hebb_error(s.ctx);
        char wanted[4][80], *found = NULL;
        for (size_t first = 0; first < members; first++) { /* from any group on, backwards */
            size_t at = (size_t)snprintf(wanted[first], 80, "in: %s", names[first]);
            for (size_t k = 1; k <= members; k++)
                at += (size_t)snprintf(wanted[first] + at, 80 - at, " <- %s",
                                       names[(first + members - k) % members]);
            if (!found) found = strstr(error, wanted[first]);
        }
        if (!found) fail_msg("%s", error);
        assert_null(strstr(error, "outside"));
        hebb_ctx_free(s.ctx);
        assert_int_equal(loop_of("same_step", 0, &s, members), HEBB_E_GRAPH);
        hebb_ctx_free(s.ctx);
        for (int same = 0; same < 2; same++) {
            const char *latency = same ? "same_step" : "one_step";
            size_t late = 3, period = same ? late : members + late;
            MUST(&s, loop_of(latency, (double)late, &s, members));
            float rows[30] = {1};
            MUST(&s, hebb_net_input(s.net, "in", rows, 1, 30));
            MUST(&s, hebb_net_run(s.net, 30));
            const double *times;
            size_t count;
            MUST(&s, hebb_monitor_spikes(s.net, "m0", 0, NULL, &times, &count));
            assert_int_equal(count, (30 - !same + period - 1) / period);
            for (size_t k = 0; k < count; k++)
                assert_int_equal((size_t)times[k] - 1, (same ? 0 : 1) + k * period);
            hebb_ctx_free(s.ctx);
        }
    }
}

/* ---- steps of a run ---- */

static void steps_of_a_time(void **state) {
    (void)state;
    static const struct {
        double dt, time;
        size_t steps;
    } cases[] = {{0.1, 10, 100},     {0.1, 0.3, 3},     {0.1, 0.30000001, 3}, {0.1, 0.31, 4},
                 {1, 0.5, 1},        {1, 1e-9, 1},      {0.3, 1, 4},          {0.1, 0.7, 7},
                 {0.25, 1000, 4000}, {1, 7.0000005, 7}, {1, 7.000002, 8},     {1, 6.9999999, 7}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        stage s = {0};
        MUST(&s, hebb_ctx_create(NULL, &s.ctx));
        hebb_net_options o = hebb_net_options_default();
        o.dt = cases[i].dt;
        MUST(&s, hebb_net_create(s.ctx, &o, &s.net));
        hebb_neurons(s.net, "n", 1, "lif", NULL);
        hebb_state_monitor(s.net, "m", "n", "V", NULL);
        MUST(&s, hebb_net_build(s.net));
        MUST(&s, hebb_net_run(s.net, cases[i].time));
        size_t shape[3];
        const double *times;
        MUST(&s, hebb_monitor_values(s.net, "m", NULL, &times, shape));
        assert_int_equal(shape[0], cases[i].steps);
        for (size_t t = 0; t < shape[0]; t++)
            assert_true(fabs(times[t] - (double)(t + 1) * cases[i].dt) < 1e-9);
        hebb_ctx_free(s.ctx);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_make_one_run),
        cmocka_unit_test(long_trains_go_on),
        cmocka_unit_test(samples_of_a_block_keep_their_delays),
        cmocka_unit_test(latency_facts),
        cmocka_unit_test(delays_arrive_on_time),
        cmocka_unit_test(loops),
        cmocka_unit_test(steps_of_a_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

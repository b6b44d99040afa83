/* Rules that are told what to do (tempotron, ReSuMe), the rule of whole numbers, and
 * what plastic learners refuse. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "plastic_net.h"

#define T(key, value)                                                                              \
    { .name = (key), .kind = HEBB_TEXT, .text = (value) }

/* ---- tempotron ---- */

enum { PATTERNS = 2, INPUTS = 40, TIME = 200 };

typedef struct two {
    hebb_ctx *ctx;
    hebb_net *net;
    hebb_learner *learner;
    float spikes[TIME * PATTERNS * INPUTS];
    double w0[2 * INPUTS], delay[2 * INPUTS];
} two;

#define GOOD(s, call)                                                                              \
    do {                                                                                           \
        if ((call) < 0) fail_msg("%s: %s", #call, hebb_error((s)->ctx));                           \
    } while (0)

static void make_two(two *s, const char *rule, const hebb_param *params, bool delayed) {
    hebb_net_options o = hebb_net_options_default();
    dice d = {7};
    o.dt = 1;
    o.precision = "double";
    o.batch_max = PATTERNS;
    o.time_max = TIME;
    memset(s, 0, sizeof *s);
    assert_int_equal(hebb_ctx_create(NULL, &s->ctx), HEBB_OK);
    GOOD(s, hebb_net_create(s->ctx, &o, &s->net));
    size_t shape[2] = {2, INPUTS};
    for (size_t k = 0; k < 2 * INPUTS; k++) {
        s->w0[k] = dice_between(&d, 0, 0.12);
        s->delay[k] = delayed ? (double)(dice_bits(&d) % 4) : 0;
    }
    for (size_t b = 0; b < PATTERNS; b++)
        for (size_t i = 0; i < INPUTS; i++)
            for (int k = 0; k < 2; k++)
                s->spikes[(dice_bits(&d) % TIME * PATTERNS + b) * INPUTS + i] = 1;
    hebb_group in = hebb_encoder(s->net, "in", INPUTS, "null", NULL);
    hebb_group out = hebb_neurons(s->net, "out", 2, "lif", HEBB_P({"tau_m", 15}, {"v_th", 0.4}));
    hebb_param link[3] = {HEBB_MATRIX("weight", s->w0, shape, 2)};
    if (delayed) link[1] = (hebb_param)HEBB_MATRIX("delay", s->delay, shape, 2);
    hebb_connect(s->net, "c", in, out, "full", link);
    hebb_state_monitor(s->net, "O", "out", "O", NULL);
    hebb_state_monitor(s->net, "V", "out", "V", NULL);
    GOOD(s, hebb_learner_create(s->net, rule, HEBB_ALL, params, &s->learner));
    GOOD(s, hebb_net_build(s->net));
    GOOD(s, hebb_net_input(s->net, "in", s->spikes, PATTERNS, TIME * INPUTS));
}

static const double *seen(two *s, const char *monitor) {
    const double *values;
    size_t shape[3];
    GOOD(s, hebb_monitor_values(s->net, monitor, &values, NULL, shape));
    return values;
}

/* The papers' update, from what the monitors saw. */
static void tempotron_by_hand(two *s, const int32_t *labels, double lr, double *w) {
    const double *O = seen(s, "O"), *V = seen(s, "V");
    double tau = 20, fast = 5, top = tau * fast / (tau - fast) * log(tau / fast);
    double v0 = 1 / (exp(-top / tau) - exp(-top / fast));
    for (int b = 0; b < PATTERNS; b++)
        for (int j = 0; j < 2; j++) {
            int first = -1, best = 0, sign;
            for (int t = 0; t < TIME; t++) {
                size_t at = (size_t)((t * PATTERNS + b) * 2 + j);
                if (O[at] != 0 && first < 0) first = t;
                if (V[at] > V[(best * PATTERNS + b) * 2 + j]) best = t;
            }
            sign = labels[b] == j ? first < 0 : -(first >= 0);
            int when = sign < 0 ? first : best;
            for (int i = 0; i < INPUTS && sign; i++)
                for (int t = 0; t < TIME; t++) {
                    int arrives = t + 1 + (int)s->delay[j * INPUTS + i];
                    if (s->spikes[(t * PATTERNS + b) * INPUTS + i] == 0 || arrives > when) continue;
                    double age = when - arrives;
                    w[j * INPUTS + i] +=
                        sign * lr / PATTERNS * v0 * (exp(-age / tau) - exp(-age / fast));
                }
        }
}

static void tempotron(void **state) {
    (void)state;
    for (int delayed = 0; delayed < 2; delayed++) {
        two s;
        const int32_t labels[PATTERNS] = {1, 0};
        double w[2 * INPUTS], wanted[2 * INPUTS];
        int right = 0, steps = 0, wrong = 0;
        make_two(&s, "Tempotron", HEBB_P({"lr", 0.02}), delayed);
        GOOD(&s, hebb_learner_teach(s.learner, labels, PATTERNS));
        memcpy(wanted, s.w0, sizeof wanted);
        for (; right < PATTERNS && steps < 500; steps++) {
            GOOD(&s, hebb_net_run(s.net, TIME));
            tempotron_by_hand(&s, labels, 0.02, wanted);
            GOOD(&s, hebb_net_get(s.net, "c.weight", w, 2 * INPUTS));
            for (int k = 0; k < 2 * INPUTS; k++) {
                assert_true(fabs(w[k] - wanted[k]) < 1e-12);
                wanted[k] = w[k];
            }
            const double *O = seen(&s, "O");
            right = 0;
            for (int b = 0; b < PATTERNS; b++) {
                double fired[2] = {0};
                for (int t = 0; t < TIME; t++)
                    for (int j = 0; j < 2; j++) fired[j] += O[(t * PATTERNS + b) * 2 + j];
                right += fired[labels[b]] > 0 && fired[1 - labels[b]] == 0;
            }
            wrong += right < PATTERNS;
        }
        printf("tempotron: both patterns after %d presentations\n", steps);
        assert_true(wrong > 0); /* there was something to learn */
        assert_int_equal(right, PATTERNS);
        hebb_ctx_free(s.ctx);
    }
}

/* ---- ReSuMe ---- */

static void resume(void **state) {
    (void)state;
    for (int delayed = 0; delayed < 2; delayed++) {
        two s;
        static float wanted[TIME * PATTERNS * 2];
        double w[2 * INPUTS], model[2 * INPUTS], x[PATTERNS][2 * INPUTS];
        make_two(&s, "ReSuMe", HEBB_P({"lr", 0.01}, {"a", 0.02}, {"A", 0.8}, {"tau", 7}), delayed);
        memset(wanted, 0, sizeof wanted);
        for (int b = 0; b < PATTERNS; b++)
            for (int j = 0; j < 2; j++)
                for (int k = 0; k < 2; k++)
                    wanted[((60 + 50 * k + 17 * j + 9 * b) * PATTERNS + b) * 2 + j] = 1;
        GOOD(&s, hebb_learner_teach_spikes(s.learner, wanted, TIME, PATTERNS, 2));
        memcpy(model, s.w0, sizeof model);
        double first = 0, last = 0;
        for (int run = 0; run < 300; run++) {
            double missed = 0;
            GOOD(&s, hebb_net_run(s.net, TIME));
            const double *O = seen(&s, "O");
            memset(x, 0, sizeof x);
            for (int t = 0; t < TIME; t++) {
                double dw[2 * INPUTS] = {0};
                for (int b = 0; b < PATTERNS; b++)
                    for (int k = 0; k < 2 * INPUTS; k++) {
                        int from = t - 1 - (int)s.delay[k];
                        size_t at = (size_t)((t * PATTERNS + b) * 2 + k / INPUTS);
                        x[b][k] *= exp(-1.0 / 7);
                        if (from >= 0)
                            x[b][k] += s.spikes[(from * PATTERNS + b) * INPUTS + k % INPUTS];
                        dw[k] += 0.01 * ((wanted[at] != 0) - (O[at] != 0)) * (0.02 + 0.8 * x[b][k]);
                        if (k % INPUTS == 0) missed += (wanted[at] != 0) != (O[at] != 0);
                    }
                for (int k = 0; k < 2 * INPUTS; k++) model[k] += dw[k];
            }
            if (!run) first = missed;
            last = missed;
            GOOD(&s, hebb_net_get(s.net, "c.weight", w, 2 * INPUTS));
            for (int k = 0; k < 2 * INPUTS; k++) {
                assert_true(fabs(w[k] - model[k]) < 1e-12);
                model[k] = w[k];
            }
        }
        printf("ReSuMe: %g spikes wrong at first, %g after 300 presentations\n", first, last);
        assert_true(last < first / 2);
        hebb_ctx_free(s.ctx);
    }
}

static char noted[600];
static void take_note(void *user, const char *line) {
    (void)user;
    snprintf(noted, sizeof noted, "%s", line);
}

static void lessons_that_do_not_fit(void **state) {
    (void)state;
    hebb_ctx_options c = hebb_ctx_options_default();
    c.log = take_note;
    static const char *const which[] = {"tempotron", "resume", "oja"};
    for (int r = 0; r < 3; r++) {
        hebb_ctx *ctx;
        hebb_net *net;
        hebb_learner *learner;
        const int32_t labels[] = {0, 1}, bad[] = {0, -1};
        float spikes[3] = {1, 1, 1}, wrong[3] = {1, NAN, 1};
        double w;
        assert_int_equal(hebb_ctx_create(&c, &ctx), HEBB_OK);
        hebb_net_create(ctx, NULL, &net);
        hebb_group in = hebb_encoder(net, "in", 1, "null", NULL);
        hebb_group out = hebb_neurons(net, "out", 1, "lif", NULL);
        hebb_connect(net, "c", in, out, "full", HEBB_P({"weight", 0.5}));
        assert_int_equal(hebb_learner_create(net, which[r], HEBB_ALL, NULL, &learner), HEBB_OK);
        assert_int_equal(hebb_net_build(net), HEBB_OK);
        hebb_status by_label = hebb_learner_teach(learner, labels, 2);
        if (r == 0) {
            assert_int_equal(by_label, HEBB_OK);
            assert_int_equal(hebb_learner_teach(learner, bad, 2), HEBB_E_RANGE);
            assert_non_null(strstr(hebb_error(ctx), "labels[1] is -1"));
        } else {
            assert_int_equal(by_label, HEBB_E_UNSUPPORTED);
            assert_non_null(strstr(hebb_error(ctx), r == 1 ? "hebb_learner_teach_spikes"
                                                           : "oja learns from neither"));
        }
        assert_int_equal(hebb_learner_teach(learner, NULL, 2), HEBB_E_ARGUMENT);
        assert_int_equal(hebb_learner_teach_spikes(learner, NULL, 1, 1, 1), HEBB_E_ARGUMENT);
        hebb_status by_spike = hebb_learner_teach_spikes(learner, spikes, 1, 1, 3);
        assert_int_equal(by_spike, r == 1 ? HEBB_OK : HEBB_E_UNSUPPORTED);
        if (r == 1)
            assert_int_equal(hebb_learner_teach_spikes(learner, wrong, 3, 1, 1), HEBB_E_NOT_FINITE);
        if (r == 1)
            assert_int_equal(hebb_learner_teach_spikes(learner, spikes, SIZE_MAX, 2, 1),
                             HEBB_E_MEMORY);
        noted[0] = 0;
        assert_int_equal(hebb_net_input(net, "in", spikes, 1, 3), HEBB_OK);
        assert_int_equal(hebb_net_run(net, 0.3), HEBB_OK);
        assert_int_equal(hebb_net_get(net, "c.weight", &w, 1), HEBB_OK);
        assert_true(w == 0.5 || r == 2);
        assert_int_equal(noted[0] != 0, r < 2);
        if (r < 2) assert_non_null(strstr(noted, "nothing is learned"));
        hebb_ctx_free(ctx);
    }
    assert_int_equal(hebb_learner_teach(NULL, NULL, 0), HEBB_E_ARGUMENT);
    assert_int_equal(hebb_learner_teach_spikes(NULL, NULL, 0, 0, 0), HEBB_E_ARGUMENT);
}

/* ---- whole numbers ---- */

/* Where nothing is left to chance: nu times a trace is a multiple of 2^shift. */
static void whole_numbers(void **state) {
    (void)state;
    for (int batch = 1; batch <= 3; batch += 2) {
        spec s = {.rule = "postpreintstdp",
                  .params = {{"trace_decay", 16384},
                             {"trace_scale", 64},
                             {"shift", 3},
                             {"nu0", 8},
                             {"nu1", 16},
                             {"w_max", 2000}},
                  .batch = (size_t)batch,
                  .low = 500,
                  .high = 900};
        plastic n;
        double w[POUT * PIN], got[POUT * PIN];
        int64_t x[3 * POUT * PIN] = {0}, y[3 * POUT * PIN] = {0};
        if (plastic_make(&n, &s, NULL) < 0) fail_msg("%s", hebb_error(n.ctx));
        plastic_trains(&n, 0, 0);
        plastic_run(&n);
        plastic_weights(&n, got);
        for (size_t k = 0; k < POUT * PIN; k++) w[k] = rint(n.w0[k]);
        for (size_t t = 0; t < n.steps; t++)
            for (size_t k = 0; k < POUT * PIN; k++) {
                double dw = 0;
                for (size_t b = 0; b < n.batch; b++) {
                    int64_t *u = &x[b * POUT * PIN + k], *v = &y[b * POUT * PIN + k];
                    bool p = plain_arrives(&n, b, t, k);
                    bool q = n.post[(t * n.batch + b) * POUT + k / PIN] != 0;
                    *u = p ? 64 : *u / 2;
                    *v = q ? 64 : *v / 2;
                    if (p) dw -= (double)*v;
                    if (q) dw += (double)(2 * *u);
                }
                w[k] = fmin(fmax(w[k] + dw, 0), 2000);
            }
        for (size_t k = 0; k < POUT * PIN; k++) assert_true(w[k] == got[k]);
        assert_true(fabs(w[0] - n.w0[0]) > 10);
        plastic_free(&n);
    }
}

/* Rounding by chance: a step of 0.3 is 0.3 on average, and the same by the same seed. */
static void rounding_by_chance(void **state) {
    (void)state;
    double sum = 0, first[POUT * PIN], got[POUT * PIN];
    size_t count = 0;
    for (int run = 0; run < 2; run++) {
        spec s = {.rule = "postpreintstdp",
                  .params = {{"trace_decay", 0},
                             {"trace_scale", 3},
                             {"shift", 10},
                             {"nu0", 0},
                             {"nu1", 100},
                             {"w_max", 20000}},
                  .steps = 3000,
                  .low = 1,
                  .high = 2};
        plastic n;
        if (plastic_make(&n, &s, NULL) < 0) fail_msg("%s", hebb_error(n.ctx));
        plastic_trains(&n, 0, 0);
        plastic_run(&n);
        plastic_weights(&n, run ? got : first);
        if (run) assert_memory_equal(got, first, sizeof got);
        for (size_t k = 0; k < POUT * PIN && !run; k++) sum += first[k] - rint(n.w0[k]);
        for (size_t t = 0; t < n.steps && !run; t++)
            for (size_t k = 0; k < POUT * PIN; k++)
                count += plain_arrives(&n, 0, t, k) && n.post[t * POUT + k / PIN] != 0;
        plastic_free(&n);
    }
    double mean = sum / (double)count, p = 300.0 / 1024;
    assert_true(count > 2000);
    /* rounded once a neuron and step: at least count / POUT draws, 5 deviations */
    assert_true(fabs(mean - p) < 5 * sqrt(p * (1 - p) * POUT / (double)count));
}

/* ---- several learners in one network, and what is refused ---- */

static void learners_together(void **state) {
    (void)state;
    hebb_ctx *ctx;
    hebb_net *net;
    hebb_learner *l[3];
    hebb_net_options o = hebb_net_options_default();
    o.dt = 1;
    o.time_max = 50;
    assert_int_equal(hebb_ctx_create(NULL, &ctx), HEBB_OK);
    assert_int_equal(hebb_net_create(ctx, &o, &net), HEBB_OK);
    hebb_group in = hebb_encoder(net, "in", 20, "poisson", NULL);
    hebb_group a = hebb_neurons(net, "a", 10, "lif", HEBB_P({"v_th", 0.5}));
    hebb_group b = hebb_neurons(net, "b", 8, "lif", HEBB_P({"v_th", 0.5}));
    hebb_group c = hebb_neurons(net, "c", 3, "clif", NULL);
    hebb_connect(net, "ia", in, a, "full", HEBB_P({"weight", 0.3}));
    hebb_connect(net, "aa", a, a, "full", HEBB_P({"weight", 0.05}));
    hebb_connect(net, "ab", a, b, "full", HEBB_P({"weight", 0.2}));
    hebb_connect(net, "bc", b, c, "full", HEBB_P({"weight", 0.2}));
    hebb_decode(net, "out", c, "spike_counts", NULL);
    assert_int_equal(hebb_learner_create(net, "stdp", HEBB_NAMES("ia"), NULL, &l[0]), HEBB_OK);
    assert_int_equal(hebb_learner_create(net, "oja", HEBB_NAMES("ab", "aa"), NULL, &l[1]), HEBB_OK);
    assert_int_equal(hebb_learner_create(net, "STCA", HEBB_NAMES("bc"), NULL, &l[2]), HEBB_OK);
    assert_int_equal(hebb_learner_set_optimizer(l[2], "SGD", 0.1, NULL), HEBB_OK);
    if (hebb_net_build(net) < 0) fail_msg("%s", hebb_error(ctx));
    static const char *const names[] = {"ia.weight", "aa.weight", "ab.weight", "bc.weight"};
    static const size_t sizes[] = {200, 100, 80, 24};
    double before[4][200], after[4][200];
    float input[20];
    const int32_t label = 1;
    double loss;
    for (int i = 0; i < 20; i++) input[i] = 0.5f;
    for (int k = 0; k < 4; k++) hebb_net_get(net, names[k], before[k], sizes[k]);
    assert_int_equal(hebb_net_input(net, "in", input, 1, 20), HEBB_OK);
    assert_int_equal(hebb_net_run(net, 50), HEBB_OK);
    assert_int_equal(hebb_net_get(net, "bc.weight", after[3], 24), HEBB_OK);
    assert_memory_equal(before[3], after[3], 24 * sizeof(double));
    assert_int_equal(hebb_learner_zero_grad(l[2]), HEBB_OK);
    assert_int_equal(hebb_learner_loss(l[2], &label, 1, &loss), HEBB_OK);
    assert_int_equal(hebb_learner_backward(l[2]), HEBB_OK);
    for (int k = 0; k < 3; k++) assert_int_equal(hebb_learner_optim_step(l[k]), HEBB_OK);
    assert_true(hebb_learner_loss(l[0], &label, 1, &loss) == HEBB_E_UNSUPPORTED);
    for (int k = 0; k < 4; k++) {
        hebb_net_get(net, names[k], after[k], sizes[k]);
        assert_memory_not_equal(before[k], after[k], sizes[k] * sizeof(double));
    }
    hebb_ctx_free(ctx);
}

static void refused(const char *rule, const hebb_param *params, const char *link,
                    const hebb_param *link_params, const char *model, bool soft, hebb_status status,
                    const char *says) {
    hebb_ctx *ctx;
    hebb_net *net;
    hebb_learner *learner;
    hebb_net_options o = hebb_net_options_default();
    o.soft = soft;
    assert_int_equal(hebb_ctx_create(NULL, &ctx), HEBB_OK);
    assert_int_equal(hebb_net_create(ctx, &o, &net), HEBB_OK);
    hebb_group in = hebb_neurons(net, "in", 3, "lif", NULL);
    hebb_group out = hebb_neurons(net, "out", 3, model, NULL);
    hebb_connect(net, "c", in, out, link, link_params);
    hebb_status got = hebb_learner_create(net, rule, HEBB_ALL, params, &learner);
    if (got >= 0) got = hebb_net_build(net);
    if (got != status || !strstr(hebb_error(ctx), says))
        fail_msg("%s: %s: '%s', not '%s'", rule, hebb_status_name(got), hebb_error(ctx), says);
    hebb_ctx_free(ctx);
}

static void refusals(void **state) {
    (void)state;
    const hebb_param *w = HEBB_P({"weight", 0.5});
    refused("stdp", HEBB_P({"A_plu", 1}), "full", w, "lif", false, HEBB_E_NAME,
            "did you mean 'A_plus'");
    refused("stdq", NULL, "full", w, "lif", false, HEBB_E_NAME, "did you mean 'stdp'");
    refused("stdp", HEBB_P({"tau_plus", 0}), "full", w, "lif", false, HEBB_E_RANGE,
            "tau_plus = 0 is not allowed for stdp; it must be above 0 ms");
    refused("stdp", HEBB_P({"w_min", 0.8}, {"w_max", 0.6}), "full", w, "lif", false, HEBB_E_RANGE,
            "c: w_min = 0.8 is above w_max = 0.6");
    refused("stdp", NULL, "full", HEBB_P({"weight", 1.5}), "lif", false, HEBB_E_RANGE,
            "c: a given weight is 1.5, outside the bounds 0 .. 1 of stdp");
    refused("stdp", NULL, "full", w, "li", false, HEBB_E_UNSUPPORTED,
            "the neuron li of out does not spike");
    refused("stdp", NULL, "full", HEBB_P({"weight", 0.5}, T("pre_var_name", "V")), "lif", false,
            HEBB_E_UNSUPPORTED, "the connection reads V");
    refused("oja", NULL, "full", w, "lif", true, HEBB_E_UNSUPPORTED, "soft mode has none");
    refused("stdp", HEBB_P(T("bounds", "soft"), {"w_max", INFINITY}), "full", w, "lif", false,
            HEBB_E_RANGE, "must be finite");
    refused("diehl_cook_power_law", HEBB_P({"w_max", INFINITY}), "full", w, "lif", false,
            HEBB_E_RANGE, "must be finite");
    refused("meta_nearest_online_stdp", NULL, "full", HEBB_P({"weight", 0.5}, {"delay", 1}), "lif",
            false, HEBB_E_UNSUPPORTED, "does not work on delayed synapses");
    refused("tempotron", HEBB_P({"tau", 5}), "full", w, "lif", false, HEBB_E_RANGE,
            "tau = 5 must be above tau_s = 5");
    refused("stdp", HEBB_P(T("update", "batch")), "full", w, "lif", false, HEBB_E_NAME,
            "presentation");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tempotron),
        cmocka_unit_test(resume),
        cmocka_unit_test(lessons_that_do_not_fit),
        cmocka_unit_test(whole_numbers),
        cmocka_unit_test(rounding_by_chance),
        cmocka_unit_test(learners_together),
        cmocka_unit_test(refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

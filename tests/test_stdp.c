/* Plastic rules against closed forms and against a plain dense model in double numbers. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "counting_alloc.h"
#include "plastic_net.h"

/* ---- the rules' equations, once more and plainly ---- */

static double pair_pre(const double *k, double w, const double *x, const double *y) {
    (void)w, (void)x;
    return -k[1] * y[0];
}
static double pair_post(const double *k, double w, const double *x, const double *y) {
    (void)w, (void)y;
    return k[0] * x[0];
}
static double soft_pre(const double *k, double w, const double *x, const double *y) {
    (void)x;
    return -k[1] * (w - k[2]) * y[0];
}
static double soft_post(const double *k, double w, const double *x, const double *y) {
    (void)y;
    return k[0] * (k[3] - w) * x[0];
}
static double share_pre(const double *k, double w, const double *x, const double *y) {
    (void)x;
    return -k[1] * w * y[0];
}
static double gutig_pre(const double *k, double w, const double *x, const double *y) {
    (void)x;
    double r = k[3] - k[2];
    return -k[1] * r * pow((w - k[2]) / r, k[4]) * y[0];
}
static double gutig_post(const double *k, double w, const double *x, const double *y) {
    (void)y;
    double r = k[3] - k[2];
    return k[0] * r * pow((k[3] - w) / r, k[4]) * x[0];
}
static double morrison_post(const double *k, double w, const double *x, const double *y) {
    (void)y;
    return k[0] * pow(k[2], 1 - k[4]) * pow(w, k[4]) * x[0];
}
static double triplet_pre(const double *k, double w, const double *x, const double *y) {
    (void)w;
    return -y[0] * (k[2] + k[3] * x[1]);
}
static double triplet_post(const double *k, double w, const double *x, const double *y) {
    (void)w;
    return x[0] * (k[0] + k[1] * y[1]);
}
static double diehl_post(const double *k, double w, const double *x, const double *y) {
    (void)w;
    return k[0] * x[0] * y[1];
}
static double power_post(const double *k, double w, const double *x, const double *y) {
    (void)y;
    return k[0] * (x[0] - k[1]) * pow(k[3] - w, k[4]);
}
static double hebb_pre(const double *k, double w, const double *x, const double *y) {
    (void)w, (void)x;
    return k[0] * y[0];
}
static double oja_post(const double *k, double w, const double *x, const double *y) {
    return k[0] * y[0] * (x[0] - y[0] * w);
}

#define E(tau) exp(-1.0 / (tau))
#define ONE(tau)                                                                                   \
    {                                                                                              \
        {E(tau), 0}, {false}, { false }                                                            \
    }
#define NEAR(tau)                                                                                  \
    {                                                                                              \
        {E(tau), 0}, {true, true}, { false }                                                       \
    }

typedef struct rule_case {
    const char *what;
    spec s;
    plain m;
} rule_case;

#define P(...)                                                                                     \
    { __VA_ARGS__ }
#define T(key, value)                                                                              \
    { .name = (key), .kind = HEBB_TEXT, .text = (value) }
#define OPEN -INFINITY, INFINITY

static const rule_case rules[] = {
    {"additive, soft",
     {.rule = "stdp",
      .params = P({"A_plus", 0.01}, {"A_minus", 0.012}, {"tau_plus", 15}, {"tau_minus", 25},
                  T("bounds", "soft"), {"w_min", 0.1}, {"w_max", 0.9})},
     {ONE(15), ONE(25), soft_pre, soft_post, {0.01, 0.012, 0.1, 0.9}, 0.1, 0.9}},
    {"additive",
     {.rule = "STDP_additive", .params = P({"A_plus", 0.004}, {"A_minus", 0.0045}, {"lr", 0.5})},
     {ONE(20), ONE(20), pair_pre, pair_post, {0.002, 0.00225}, 0, 1}},
    {"additive, nearest",
     {.rule = "stdp", .params = P({"A_plus", 0.004}, {"A_minus", 0.004}, T("pairing", "nearest"))},
     {NEAR(20), NEAR(20), pair_pre, pair_post, {0.004, 0.004}, 0, 1}},
    {"multiplicative",
     {.rule = "stdp_multiplicative", .params = P({"A_plus", 0.004}, {"A_minus", 0.01})},
     {ONE(20), ONE(20), share_pre, pair_post, {0.004, 0.01}, 0, 1}},
    {"power law",
     {.rule = "stdp_power_law",
      .params = P({"mu", 0.6}, {"A_plus", 0.01}, {"A_minus", 0.011}, {"w_max", 2})},
     {ONE(20), ONE(20), gutig_pre, gutig_post, {0.01, 0.011, 0, 2, 0.6}, 0, 2}},
    {"power law, Morrison",
     {.rule = "stdp_power_law",
      .params = P(T("form", "morrison"), {"w_0", 0.5}, {"mu", 0.3}, {"A_plus", 0.005},
                  {"A_minus", 0.009}, {"w_max", INFINITY})},
     {ONE(20), ONE(20), share_pre, morrison_post, {0.005, 0.009, 0.5, 0, 0.3}, 0, INFINITY}},
    {"triplet",
     {.rule = "triplet", .params = P({"lr", 0.05}, T("set", "hippocampal_full"))},
     {{{E(16.8), E(946)}, {false, false}, {false, true}},
      {{E(33.7), E(27)}, {false, false}, {false, true}},
      triplet_pre,
      triplet_post,
      {0.05 * 6.1e-3, 0.05 * 6.7e-3, 0.05 * 1.6e-3, 0.05 * 1.4e-3},
      0,
      1}},
    {"triplet, visual",
     {.rule = "triplet", .params = P({"lr", 0.1})},
     {{{E(16.8), E(101)}, {false, false}, {false, true}},
      {{E(33.7), E(125)}, {false, false}, {false, true}},
      triplet_pre,
      triplet_post,
      {0.1 * 5e-10, 0.1 * 6.2e-3, 0.1 * 7e-3, 0.1 * 2.3e-4},
      0,
      1}},
    {"triplet, nearest",
     {.rule = "triplet", .params = P({"lr", 0.5}, T("pairing", "nearest"))},
     {{{E(16.8), E(714)}, {true, true}, {false, true}},
      {{E(33.7), E(40)}, {true, true}, {false, true}},
      triplet_pre,
      triplet_post,
      {0.5 * 8.8e-11, 0.5 * 5.3e-2, 0.5 * 6.6e-3, 0.5 * 3.1e-3},
      0,
      1}},
    {"triplet, minimal",
     {.rule = "triplet", .params = P({"lr", 0.1}, T("set", "visual_minimal"))},
     {{{E(16.8), E(101)}, {false, false}, {false, true}},
      {{E(33.7), E(114)}, {false, false}, {false, true}},
      triplet_pre,
      triplet_post,
      {0, 0.1 * 6.5e-3, 0.1 * 7.1e-3, 0},
      0,
      1}},
    {"Diehl and Cook",
     {.rule = "diehl_cook", .params = P({"nu_pre", 0.003}, {"w_norm", 20})},
     {NEAR(20),
      {{E(20), E(40)}, {true, true}, {true, true}},
      pair_pre,
      diehl_post,
      {0.01, 0.003},
      0,
      1,
      20}},
    {"Diehl and Cook, paper",
     {.rule = "diehl_cook_power_law", .params = P({"mu", 0.4}, T("norm", "none"))},
     {ONE(20), ONE(20), NULL, power_post, {0.01, 0.4, 0, 1, 0.4}, 0, 1}},
    {"Hebb",
     {.rule = "hebbian", .params = P({"lr", 1e-4}, {"symmetric", 1})},
     {ONE(20), ONE(20), hebb_pre, pair_post, {1e-4}, OPEN}},
    {"Oja",
     {.rule = "oja", .params = P({"lr", 0.001})},
     {ONE(20), ONE(20), NULL, oja_post, {0.001}, OPEN}},
    {"full",
     {.rule = "full_online_STDP",
      .params = P({"w_norm", 30}, {"trace_decay", 0.9}, {"Apre", 0.01}, {"lr", 0.5})},
     {{{0.9}, {0}, {0}}, {{0.9}, {0}, {0}}, pair_pre, pair_post, {0.005, 0.005}, 0, 1, 30}},
    {"nearest",
     {.rule = "Nearest_Online_STDP",
      .params = P({"w_norm", 12}, {"trace_pre", 0.9}, {"trace_post", 0.8}, {"Apre", 0.008})},
     {{{0.9}, {1}, {0}}, {{0.8}, {1}, {0}}, pair_pre, pair_post, {0.01, 0.008}, 0, 1, 12, true}},
};
enum { RULES = sizeof rules / sizeof rules[0] };

/* ---- a net against its model ---- */

static double distance(const plastic *n, const double *a, const double *b) {
    double most = 0;
    for (size_t c = 0; c < POUT * n->pre; c++) {
        double error = fabs(a[c] - b[c]) / (1 + fabs(b[c]));
        if (!(error <= most)) most = error;
    }
    return most;
}

/* Runs both; the largest difference of a weight. moved: how far the weights went. */
static double against(const char *what, const spec *s, const plain *m, double *moved) {
    plastic n;
    static plain_state state;
    double got[POUT * PIN];
    bool held = false;
    for (size_t i = 0; s->params[i].name; i++)
        if (s->params[i].text && !strcmp(s->params[i].text, "presentation")) held = true;
    if (plastic_make(&n, s, NULL) < 0) fail_msg("%s: %s", what, hebb_error(n.ctx));
    memcpy(state.w, n.w0, sizeof n.w0);
    for (size_t r = 0; r < (s->runs ? s->runs : 1); r++) {
        plastic_trains(&n, r, 0);
        plastic_run(&n);
        plain_run(&n, m, &state, held);
    }
    plastic_weights(&n, got);
    double error = distance(&n, got, state.w);
    if (moved) *moved = distance(&n, n.w0, got);
    plastic_free(&n);
    return error;
}

static void expect(const char *what, const spec *s, const plain *m, double most) {
    double moved, error = against(what, s, m, &moved);
    if (!(error <= most)) fail_msg("%s: %g away from the plain model", what, error);
    if (!(moved > 0.003)) fail_msg("%s: the weights moved by %g only", what, moved);
}

static void long_trains(void **state) {
    (void)state;
    for (size_t r = 0; r < RULES; r++) {
        spec s = rules[r].s;
        s.steps = 100000;
        s.rate = 0.02;
        double moved, error = against(rules[r].what, &s, &rules[r].m, &moved);
        printf("%-24s 1e5 steps: %.2g from the plain model, weights moved by %.2g\n", rules[r].what,
               error, moved);
        assert_true(error <= 1e-9);
        assert_true(moved > 0.003);
    }
}

static void float_numbers(void **state) {
    (void)state;
    for (size_t r = 0; r < RULES; r++) {
        spec s = rules[r].s;
        s.precision = "float";
        s.steps = 1000;
        expect(rules[r].what, &s, &rules[r].m, 2e-5);
    }
}

/* Every kind of connection, rule by rule. */
static void connections(void **state) {
    (void)state;
    static const struct {
        const char *what, *kind;
        bool delayed, recurrent, same_step, rows;
    } kinds[] = {
        {"sparse", "sparse", false, false, false},
        {"one to one", "one_to_one", false, false, false},
        {"recurrent", NULL, false, true, false},
        {"delayed", NULL, true, false, false},
        {"delayed, sparse", "sparse", true, false, false},
        {"recurrent, delayed", NULL, true, true, false},
        {"same step", NULL, false, false, true},
        {"numbers for spikes", NULL, false, false, false, true},
        {"same step, recurrent, delayed", NULL, true, true, true},
    };
    char what[120];
    for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++)
        for (size_t r = 0; r < RULES; r++)
            for (size_t batch = 1; batch <= 3; batch += 2) {
                spec s = rules[r].s;
                plain m = rules[r].m;
                s.kind = kinds[k].kind;
                s.delayed = kinds[k].delayed;
                s.recurrent = kinds[k].recurrent;
                s.same_step = kinds[k].same_step;
                s.rows = kinds[k].rows;
                s.batch = batch;
                s.steps = 200;
                s.runs = 2;
                if (m.norm > 0) { /* what so few inputs can hold */
                    m.norm = s.kind && s.kind[0] == 'o' ? 0.6 : 2.5;
                    for (size_t i = 0; s.params[i].name; i++)
                        if (!strcmp(s.params[i].name, "w_norm")) s.params[i].number = m.norm;
                }
                snprintf(what, sizeof what, "%s, %s, batch %zu", rules[r].what, kinds[k].what,
                         batch);
                expect(what, &s, &m, 1e-9);
            }
}

static spec with(const rule_case *r, const char *name, const char *value) {
    spec s = r->s;
    size_t n = 0;
    while (s.params[n].name) n++;
    s.params[n] = (hebb_param){.name = name, .kind = HEBB_TEXT, .text = value};
    return s;
}

static void batches(void **state) {
    (void)state;
    for (size_t r = 0; r < RULES; r++) {
        spec s = with(&rules[r], "reduction", "mean");
        plain m = rules[r].m;
        m.mean = true;
        s.batch = 5;
        s.runs = 2;
        expect(rules[r].what, &s, &m, 1e-9);
        s = rules[r].s;
        s.batch = 4;
        expect(rules[r].what, &s, &rules[r].m, 1e-9);
    }
}

static void presentations(void **state) {
    (void)state;
    for (size_t r = 0; r < RULES; r++) {
        spec s = with(&rules[r], "update", "presentation");
        plain m = rules[r].m;
        m.every_step = false;
        s.batch = 3;
        s.runs = 2;
        s.threads = 2;
        expect(rules[r].what, &s, &m, 1e-9);
        s.kind = "sparse";
        if (m.norm == 0) expect(rules[r].what, &s, &m, 1e-9);
        s.kind = NULL;
        s.delayed = true;
        expect(rules[r].what, &s, &m, 1e-9);
    }
}

/* A batch whose weights are held is its samples one by one, where steps add up. */
static void one_by_one(void **state) {
    (void)state;
    static const char *const additive[] = {"additive", "additive, nearest", "triplet", "Hebb"};
    for (size_t a = 0; a < 4; a++)
        for (size_t r = 0; r < RULES; r++) {
            if (strcmp(rules[r].what, additive[a])) continue;
            spec s = with(&rules[r], "update", "presentation");
            double together[POUT * PIN], alone[POUT * PIN];
            plastic n;
            s.batch = 4;
            s.steps = 100;
            s.low = 0.45, s.high = 0.55; /* far from the bounds */
            if (plastic_make(&n, &s, NULL) < 0) fail_msg("%s", hebb_error(n.ctx));
            plastic_trains(&n, 0, 0);
            plastic_run(&n);
            plastic_weights(&n, together);
            plastic_free(&n);
            s.batch = 1;
            assert_int_equal(plastic_make(&n, &s, NULL), HEBB_OK);
            for (size_t b = 0; b < 4; b++) {
                plastic_trains(&n, 0, b);
                plastic_run(&n);
            }
            plastic_weights(&n, alone);
            assert_true(distance(&n, together, alone) < 1e-12);
            assert_true(distance(&n, together, n.w0) > 0.003);
            plastic_free(&n);
        }
}

/* ---- closed forms ---- */

/* dw of one pair: pre at step 100, post `late` steps later. */
static double pair_change(const spec *s, int late) {
    plastic n;
    double before, w[POUT * PIN];
    if (plastic_make(&n, s, NULL) < 0) fail_msg("%s", hebb_error(n.ctx));
    plastic_trains(&n, 0, 0);
    memset(n.input, 0, n.steps * n.pre * sizeof(float));
    memset(n.teacher, 0, n.steps * POUT * sizeof(float));
    n.input[100 * n.pre] = 1;
    n.teacher[(size_t)(100 + late) * POUT] = 1;
    before = n.w0[0];
    plastic_run(&n);
    plastic_weights(&n, w);
    plastic_free(&n);
    return w[0] - before;
}

static void pair_window(void **state) {
    (void)state;
    spec s = {.rule = "stdp",
              .params =
                  P({"A_plus", 0.01}, {"A_minus", 0.008}, {"tau_plus", 17}, {"tau_minus", 34}),
              .steps = 220,
              .dt = 0.5};
    for (int late = -90; late <= 90; late += 6) {
        double wanted = late > 0   ? 0.01 * exp(-0.5 * late / 17)
                        : late < 0 ? -0.008 * exp(0.5 * late / 34)
                                   : 0.01 - 0.008;
        double got = pair_change(&s, late);
        if (!(fabs(got - wanted) < 1e-12)) fail_msg("at %d steps: %g, not %g", late, got, wanted);
    }
}

/* Pfister and Gerstner's protocol of pairs at 20 ms: 60 of them, in closed form for the minimal
 * all-to-all rule (their supplementary sums, by hand: geometric series). */
static void triplet_pairs(void **state) {
    (void)state;
    const double A3 = 6.5e-3, A2 = 7.1e-3, tp = 16.8, tm = 33.7, ty = 114;
    enum { PAIRS = 60, EVERY = 50, LATE = 10 };
    spec s = {.rule = "triplet",
              .params = P(T("set", "visual_minimal"), {"w_min", -INFINITY}, {"w_max", INFINITY}),
              .steps = PAIRS * EVERY + 50};
    plastic n;
    double w[POUT * PIN], wanted = 0;
    if (plastic_make(&n, &s, NULL) < 0) fail_msg("%s", hebb_error(n.ctx));
    plastic_trains(&n, 0, 0);
    memset(n.input, 0, n.steps * n.pre * sizeof(float));
    memset(n.teacher, 0, n.steps * POUT * sizeof(float));
    for (size_t p = 0; p < PAIRS; p++) {
        n.input[(20 + p * EVERY) * n.pre] = 1;
        n.teacher[(20 + p * EVERY + LATE) * POUT] = 1;
    }
    plastic_run(&n);
    plastic_weights(&n, w);
    double a = exp(-EVERY / tp), b = exp(-EVERY / tm), c = exp(-EVERY / ty);
    for (int p = 0; p < PAIRS; p++) {
        double r1 = exp(-LATE / tp) * (1 - pow(a, p + 1)) / (1 - a);
        double o2 = c * (1 - pow(c, p)) / (1 - c);
        double o1 = exp(-(EVERY - LATE) / tm) * (1 - pow(b, p)) / (1 - b);
        wanted += r1 * A3 * o2 - o1 * A2;
    }
    assert_true(fabs(w[0] - n.w0[0] - wanted) < 1e-12);
    assert_true(fabs(wanted) > 0.01);
    plastic_free(&n);
}

/* ---- threads, memory, training off ---- */

static void threads(void **state) {
    (void)state;
    static const int counts[] = {1, 2, 3, 8};
    for (size_t r = 0; r < RULES; r++)
        for (int update = 0; update < 2; update++) {
            double first[POUT * PIN], w[POUT * PIN];
            for (size_t c = 0; c < 4; c++) {
                spec s = with(&rules[r], "update", update ? "presentation" : "step");
                plastic n;
                s.precision = "float";
                s.batch = 6;
                s.steps = 60;
                s.threads = counts[c];
                if (plastic_make(&n, &s, NULL) < 0) fail_msg("%s", hebb_error(n.ctx));
                plastic_trains(&n, 0, 0);
                plastic_run(&n);
                plastic_weights(&n, c ? w : first);
                if (c && memcmp(w, first, sizeof(double) * POUT * n.pre))
                    fail_msg("%s: %d threads give other bits", rules[r].what, counts[c]);
                plastic_free(&n);
            }
        }
}

static void nothing_is_allocated(void **state) {
    (void)state;
    for (size_t r = 0; r < RULES; r++)
        for (int update = 0; update < 2; update++) {
            spec s = with(&rules[r], "update", update ? "presentation" : "step");
            counting memory = {0};
            hebb_allocator allocator = {counting_alloc, counting_realloc, counting_free, &memory};
            plastic n;
            s.batch = 2;
            s.steps = 50;
            if (plastic_make(&n, &s, &allocator) < 0) fail_msg("%s", hebb_error(n.ctx));
            plastic_trains(&n, 0, 0);
            plastic_give(&n);
            size_t before = memory.requests;
            MUST(&n, hebb_net_run(n.net, 30));
            MUST(&n, hebb_net_run_continue(n.net, 20));
            MUST(&n, hebb_learner_optim_step(n.learner));
            assert_int_equal(memory.requests, before);
            plastic_free(&n);
            assert_int_equal(memory.held, 0);
            assert_int_equal(memory.wrong, 0);
        }
}

static void memory_refused(void **state) {
    (void)state;
    static const char *const some[] = {"additive", "full", "nearest", "triplet"};
    for (size_t a = 0; a < 4; a++)
        for (size_t refuse = 1;; refuse++) {
            size_t r = 0;
            while (strcmp(rules[r].what, some[a])) r++;
            counting memory = {.refuse = refuse};
            hebb_allocator allocator = {counting_alloc, counting_realloc, counting_free, &memory};
            plastic n;
            hebb_status status = plastic_make(&n, &rules[r].s, &allocator);
            bool done = memory.requests < refuse;
            assert_int_equal(status, done ? HEBB_OK : HEBB_E_MEMORY);
            plastic_free(&n);
            assert_int_equal(memory.held, 0);
            if (done) break;
        }
}

static void training_off(void **state) {
    (void)state;
    for (size_t r = 0; r < RULES; r++) {
        plastic n;
        double w[POUT * PIN];
        if (plastic_make(&n, &rules[r].s, NULL) < 0) fail_msg("%s", hebb_error(n.ctx));
        MUST(&n, hebb_net_train(n.net, 0));
        plastic_trains(&n, 0, 0);
        plastic_run(&n);
        plastic_weights(&n, w);
        assert_memory_equal(w, n.w0, sizeof(double) * POUT * n.pre);
        MUST(&n, hebb_net_train(n.net, 1));
        plastic_run(&n);
        plastic_weights(&n, w);
        assert_true(distance(&n, w, n.w0) > 1e-4);
        plastic_free(&n);
    }
}

/* A run in pieces, each larger than what was planned, is the whole run. */
static void continued_runs(void **state) {
    (void)state;
    for (size_t r = 0; r < RULES; r++)
        for (int delayed = 0; delayed < 2; delayed++) {
            spec s = rules[r].s;
            plastic n;
            double whole[POUT * PIN], pieces[POUT * PIN];
            if (rules[r].m.norm > 0 && !rules[r].m.every_step) continue; /* at the end of each */
            s.steps = 150;
            s.delayed = delayed;
            s.batch = 2;
            if (plastic_make(&n, &s, NULL) < 0) fail_msg("%s", hebb_error(n.ctx));
            plastic_trains(&n, 0, 0);
            plastic_run(&n);
            plastic_weights(&n, whole);
            plastic_free(&n);
            s.steps = 2; /* the plan */
            assert_int_equal(plastic_make(&n, &s, NULL), HEBB_OK);
            n.steps = 150;
            plastic_trains(&n, 0, 0);
            plastic_give(&n);
            for (size_t done = 0, step = 1; done < n.steps; done += step, step += done % 17)
                MUST(&n, done ? hebb_net_run_continue(
                                    n.net, (double)(step < n.steps - done ? step : n.steps - done))
                              : hebb_net_run(n.net, (double)step));
            plastic_weights(&n, pieces);
            if (memcmp(whole, pieces, sizeof(double) * POUT * n.pre) &&
                distance(&n, whole, pieces) > 1e-12)
                fail_msg("%s: pieces differ by %g", rules[r].what, distance(&n, whole, pieces));
            plastic_free(&n);
        }
}

/* ---- bounds, normalisation, rates ---- */

static void bounds_hold(void **state) {
    (void)state;
    for (int up = 0; up < 2; up++) {
        spec s = {.rule = "stdp",
                  .params = P({"A_plus", up ? 0.2 : 0}, {"A_minus", up ? 0 : 0.2}, {"w_min", 0.1},
                              {"w_max", 0.9}),
                  .batch = 2};
        plastic n;
        double w[POUT * PIN];
        if (plastic_make(&n, &s, NULL) < 0) fail_msg("%s", hebb_error(n.ctx));
        plastic_trains(&n, 0, 0);
        plastic_run(&n);
        plastic_weights(&n, w);
        for (size_t c = 0; c < POUT * n.pre; c++) assert_true(w[c] == (up ? 0.9 : 0.1));
        plastic_free(&n);
    }
}

static double row_sum(const plastic *n, const double *w, size_t j) {
    double sum = 0;
    for (size_t i = 0; i < n->pre; i++) sum += fabs(w[j * n->pre + i]);
    return sum;
}

static void sums_are_kept(void **state) {
    (void)state;
    static const char *const whens[] = {"step", "run"};
    for (size_t when = 0; when < 2; when++) {
        spec s = {.rule = "stdp", .params = P({"w_norm", 17}, T("norm", whens[when]))};
        plastic n;
        double w[POUT * PIN];
        if (plastic_make(&n, &s, NULL) < 0) fail_msg("%s", hebb_error(n.ctx));
        plastic_trains(&n, 0, 0);
        plastic_run(&n);
        plastic_weights(&n, w);
        for (size_t j = 0; j < POUT; j++) assert_true(fabs(row_sum(&n, w, j) - 17) < 1e-9);
        plastic_free(&n);
    }
}

/* Normalising lazily is normalising densely: few, many and all weights at the upper bound. */
static void lazy_normalising(void **state) {
    (void)state;
    static const struct {
        const char *rule;
        double w_max, w_norm;
    } ways[] = {{"stdp", 1, 20},    {"stdp", 0.5, 20},  {"stdp", 0.33, 20},      {"stdp", 0.3, 20},
                {"stdp", 0.25, 20}, {"stdp", 0.9, 70},  {"soft", 0.5, 20},       {"soft", 0.33, 20},
                {"power", 0.5, 20}, {"power", 0.3, 20}, {"stdp", INFINITY, 500}, {"grow", 0.5, 20},
                {"grow", 0.33, 20}};
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++)
        for (int single = 0; single < 2; single++)
            for (int loop = 0; loop < 2; loop++) {
                double most = ways[i].w_max, norm = loop ? ways[i].w_norm / 10 : ways[i].w_norm;
                double sign = ways[i].rule[0] == 'g' ? -1 : 1; /* growth at both spikes */
                bool soft = ways[i].rule[1] == 'o', power = ways[i].rule[0] == 'p';
                soft &= !power;
                spec s = {.rule = power ? "diehl_cook_power_law" : "stdp",
                          .params = P({"w_max", most}, {"w_norm", norm}, T("norm", "step"),
                                      {power ? "eta" : "lr", power ? 0.03 : 2},
                                      T(power ? "pairing" : "bounds", power  ? "all"
                                                                      : soft ? "soft"
                                                                             : "hard"),
                                      {power ? "mu" : "A_minus", power ? 0.5 : 0.004 * sign}),
                          .precision = single ? "float" : "double",
                          .recurrent = loop,
                          .low = 0.05,
                          .high = 0.25,
                          .steps = 3000};
                plain m = {ONE(20),
                           ONE(20),
                           soft ? soft_pre : pair_pre,
                           soft ? soft_post : pair_post,
                           {0.01, 0.008 * sign, 0, most},
                           0,
                           most,
                           norm,
                           true};
                if (power) {
                    const double k[] = {0.03, 0.4, 0, most, 0.5};
                    memcpy(m.k, k, sizeof k);
                    m.at_pre = NULL, m.at_post = power_post;
                }
                char what[80];
                snprintf(what, sizeof what, "%s, w_max %g, w_norm %g%s", ways[i].rule, most, norm,
                         loop ? ", recurrent" : "");
                expect(what, &s, &m, single ? 2e-4 : 1e-10);
            }
}

/* The chapter's w_norm that weights of 1 cannot reach. */
static char noted[400];
static void take_note(void *user, const char *line) {
    (void)user;
    snprintf(noted, sizeof noted, "%s", line);
}
static void unreachable_norm(void **state) {
    (void)state;
    for (int given = 0; given < 2; given++) {
        hebb_ctx_options c = hebb_ctx_options_default();
        c.log = take_note;
        hebb_ctx *ctx;
        hebb_net *net;
        hebb_learner *learner;
        float spikes[4] = {1, 1, 1, 1};
        double w[4];
        noted[0] = 0;
        assert_int_equal(hebb_ctx_create(&c, &ctx), HEBB_OK);
        assert_int_equal(hebb_net_create(ctx, NULL, &net), HEBB_OK);
        hebb_group in = hebb_encoder(net, "in", 4, "null", NULL);
        hebb_group out = hebb_neurons(net, "out", 1, "lif", NULL);
        hebb_connect(net, "c", in, out, "full", HEBB_P({"weight", 0.5}));
        hebb_param params[] = {{"w_norm", 40}, {given ? "w_max" : NULL, 1}, {NULL, 0}};
        assert_int_equal(
            hebb_learner_create(net, "nearest_online_stdp", HEBB_ALL, params, &learner), HEBB_OK);
        if (hebb_net_build(net) < 0) fail_msg("%s", hebb_error(ctx));
        assert_int_equal(hebb_net_input(net, "in", spikes, 1, 4), HEBB_OK);
        assert_int_equal(hebb_net_run(net, 0.1), HEBB_OK);
        assert_int_equal(hebb_net_get(net, "c.weight", w, 4), HEBB_OK);
        for (int i = 0; i < 4; i++) assert_true(fabs(w[i] - (given ? 1 : 10)) < 1e-5);
        assert_int_equal(noted[0] != 0, !given);
        if (!given) assert_non_null(strstr(noted, "w_norm = 40"));
        hebb_ctx_free(ctx);
    }
}

/* Weights of neurons that spike more than wanted shrink by what the formula says. */
static void target_rate(void **state) {
    (void)state;
    spec s = {.rule = "stdp",
              .params = P({"A_plus", 0}, {"A_minus", 0}, {"target_rate", 60}, {"rate_gain", 0.3}),
              .batch = 2,
              .steps = 500};
    plastic n;
    double w[POUT * PIN];
    if (plastic_make(&n, &s, NULL) < 0) fail_msg("%s", hebb_error(n.ctx));
    plastic_trains(&n, 0, 0);
    plastic_run(&n);
    plastic_weights(&n, w);
    for (size_t j = 0; j < POUT; j++) {
        double count = 0;
        for (size_t r = 0; r < n.steps * n.batch; r++) count += n.post[r * POUT + j];
        double rate = count / 2 / 0.5, factor = 1 + 0.3 * (1 - rate / 60);
        assert_true(count > 20);
        for (size_t i = 0; i < n.pre; i++) {
            size_t c = j * n.pre + i;
            assert_true(fabs(w[c] - fmin(n.w0[c] * factor, 1)) < 1e-12);
        }
    }
    plastic_free(&n);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(long_trains),      cmocka_unit_test(float_numbers),
        cmocka_unit_test(connections),      cmocka_unit_test(batches),
        cmocka_unit_test(presentations),    cmocka_unit_test(one_by_one),
        cmocka_unit_test(pair_window),      cmocka_unit_test(triplet_pairs),
        cmocka_unit_test(threads),          cmocka_unit_test(nothing_is_allocated),
        cmocka_unit_test(memory_refused),   cmocka_unit_test(training_off),
        cmocka_unit_test(continued_runs),   cmocka_unit_test(bounds_hold),
        cmocka_unit_test(sums_are_kept),    cmocka_unit_test(lazy_normalising),
        cmocka_unit_test(unreachable_norm), cmocka_unit_test(target_rate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

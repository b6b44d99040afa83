/* Reward-modulated rules against a plain dense model in double numbers, written from the
 * equations, which keeps the eligibility of every synapse of every sample. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "counting_alloc.h"
#include "plastic_net.h"

typedef enum judge { TOLD, CLASS, EACH } judge; /* environment, global, da */

typedef struct way {
    const char *what;
    spec s;
    double lr, plus, minus, tau_plus, tau_minus;
    double tau_z, tau_e; /* RSTDPET; 0: RSTDP */
    judge judge;
    size_t pop, every, window; /* 0: 1, 1, every */
    double rate;               /* of the running mean; 0: none */
    bool soft, mean, held;
    double low, high, norm, target; /* both bounds 0: none */
    bool norm_at_rewards;
} way;

#define P(...)                                                                                     \
    { __VA_ARGS__ }
#define T(key, value)                                                                              \
    { .name = (key), .kind = HEBB_TEXT, .text = (value) }
#define RULE(...)                                                                                  \
    { .rule = "RSTDP", .reward = "environment_reward", __VA_ARGS__ }
#define TRACE(...)                                                                                 \
    { .rule = "RSTDPET", .reward = "environment_reward", __VA_ARGS__ }
#define GLOBAL(rule_, ...)                                                                         \
    { .rule = rule_, .reward = "global_reward", __VA_ARGS__ }

static const way ways[] = {
    {"defaults", RULE(), 0.1, 1, -1, 20, 20},
    {"a window of 5",
     RULE(.params = P({"lr", 0.02}, {"A_plus", 0.5}, {"A_minus", -0.3}, {"tau_plus", 9},
                      {"tau_minus", 31}),
          .reward_params = P({"dec_sample_step", 5})),
     0.02, 0.5, -0.3, 9, 31, .every = 5},
    {"the last 3 of 8",
     RULE(.params = P({"lr", 0.03}),
          .reward_params = P({"dec_sample_step", 8}, {"coding_time", 3})),
     0.03, 1, -1, 20, 20, .every = 8, .window = 3},
    {"no depression", RULE(.params = P({"lr", 0.01}, {"A_minus", 0})), 0.01, 1, 0, 20, 20},
    {"running mean", RULE(.params = P(T("baseline", "running"), {"baseline_rate", 0.2})), 0.1, 1,
     -1, 20, 20, .rate = 0.2},
    {"hard bounds", RULE(.params = P({"w_min", 0.1}, {"w_max", 0.9})), 0.1, 1, -1, 20, 20,
     .low = 0.1, .high = 0.9},
    {"soft bounds",
     RULE(.params = P({"w_min", 0.1}, {"w_max", 0.9}, T("bounds", "soft"), {"lr", 0.03})), 0.03, 1,
     -1, 20, 20, .low = 0.1, .high = 0.9, .soft = true},
    {"normalised at rewards",
     RULE(.params = P({"w_norm", 15}, T("norm", "step"), {"w_min", 0}),
          .reward_params = P({"dec_sample_step", 4})),
     0.1, 1, -1, 20, 20, .every = 4, .norm = 15, .norm_at_rewards = true, .low = 0,
     .high = INFINITY},
    {"classes",
     GLOBAL("RSTDP", .params = P({"lr", 0.02}),
            .reward_params = P({"pop_size", 2}, {"dec_sample_step", 10}, {"coding_time", 6})),
     0.02, 1, -1, 20, 20, .judge = CLASS, .pop = 2, .every = 10, .window = 6},
    {"neurons",
     {.rule = "RSTDP",
      .reward = "da_reward",
      .params = P({"lr", 0.02}),
      .reward_params = P({"pop_size", 2}, {"dec_sample_step", 10}, {"punish_signal", -0.5})},
     0.02,
     1,
     -1,
     20,
     20,
     .judge = EACH,
     .pop = 2,
     .every = 10},
    {"trace", TRACE(), 0.1, 1, -1, 20, 20, 25, 25},
    {"trace, every 6",
     TRACE(.params = P({"lr", 2}, {"A_plus", 0.5}, {"A_minus", -0.4}, {"tau_plus", 10},
                       {"tau_minus", 12}, {"tau_e_trace", 8}, {"tau_e", 5}),
           .reward_params = P({"dec_sample_step", 6})),
     2, 0.5, -0.4, 10, 12, 8, 5, .every = 6},
    {"trace, running mean, soft",
     TRACE(.params = P(T("baseline", "running"), T("bounds", "soft"), {"w_min", 0}, {"w_max", 1})),
     0.1, 1, -1, 20, 20, 25, 25, .rate = 0.01, .soft = true, .low = 0, .high = 1},
    {"trace, classes",
     GLOBAL("RSTDPET", .reward_params = P({"pop_size", 3}, {"dec_sample_step", 12})), 0.1, 1, -1,
     20, 20, 25, 25, .judge = CLASS, .pop = 3, .every = 12},
    {"trace, neurons",
     {.rule = "r_stdp_et",
      .reward = "da_reward",
      .params = P({"lr", 0.3}, {"A_minus", -0.5}),
      .reward_params = P({"dec_sample_step", 7}, {"punish_signal", -0.2})},
     0.3,
     1,
     -0.5,
     20,
     20,
     25,
     25,
     .judge = EACH,
     .pop = 1,
     .every = 7},
};
enum { WAYS = sizeof ways / sizeof ways[0], CELLS_MOST = POUT * PIN };

/* ---- the model ---- */

typedef struct model {
    double w[CELLS_MOST], mean, change[CELLS_MOST];
    double *x, *y, *z; /* [B][cells] */
    size_t spikes[POUT];
} model;

static size_t every_of(const way *v) { return v->every ? v->every : 1; }
static size_t window_of(const way *v) { return v->window ? v->window : every_of(v); }

/* The reward of neuron j of sample b in step t. */
static double judged(const way *v, const plastic *n, const double *told, size_t t, size_t b,
                     size_t j) {
    size_t pop = v->pop ? v->pop : 1, classes = POUT / pop, best = 0;
    size_t counts[POUT] = {0}, all = 0;
    double given = told[t * n->batch + b];
    if (v->judge == TOLD) return given;
    for (size_t s = t + 1 - window_of(v); s <= t; s++)
        for (size_t i = 0; i < POUT; i++) {
            bool fired = n->post[(s * n->batch + b) * POUT + i] != 0;
            counts[i / pop] += fired;
            all += fired;
        }
    for (size_t c = 1; c < classes; c++)
        if (counts[c] > counts[best]) best = c;
    bool right = all && (double)best == given;
    if (v->judge == CLASS) return right ? 1 : -1;
    double punishment = 0; /* da_reward's own */
    for (size_t i = 0; v->s.reward_params[i].name; i++)
        if (!strcmp(v->s.reward_params[i].name, "punish_signal"))
            punishment = v->s.reward_params[i].number;
    return right && j / pop == best ? 1 : punishment;
}

static void bound(const way *v, const plastic *n, model *m) {
    for (size_t c = 0; c < POUT * n->pre && (v->low != 0 || v->high != 0); c++)
        if (n->there[c]) m->w[c] = fmin(fmax(m->w[c], v->low), v->high);
}
static void normalise(const way *v, const plastic *n, model *m) {
    for (size_t j = 0; j < POUT && v->norm > 0; j++) {
        double sum = 0;
        for (size_t i = 0; i < n->pre; i++) sum += fabs(m->w[j * n->pre + i]);
        for (size_t i = 0; i < n->pre && sum > 0; i++) m->w[j * n->pre + i] *= v->norm / sum;
    }
    bound(v, n, m);
}

static void move(const way *v, const plastic *n, model *m, double *dw) {
    for (size_t c = 0; c < POUT * n->pre; c++) {
        double d = v->mean ? dw[c] / (double)n->batch : dw[c];
        if (v->soft) d *= d > 0 ? v->high - m->w[c] : m->w[c] - v->low;
        if (n->there[c]) m->w[c] += d;
        dw[c] = 0;
    }
    bound(v, n, m);
}

static void reward(const way *v, const plastic *n, model *m, const double *told, size_t t) {
    size_t cells = POUT * n->pre, B = n->batch;
    double sum = 0, dt = n->s.dt > 0 ? n->s.dt : 1, gain = v->tau_z > 0 ? v->lr * dt : v->lr;
    for (size_t b = 0; b < B; b++)
        for (size_t j = 0; j < POUT; j++) {
            double R = judged(v, n, told, t, b, j);
            sum += R;
            for (size_t i = 0; i < n->pre; i++) {
                size_t c = j * n->pre + i;
                m->change[c] += gain * (R - m->mean) * m->z[b * cells + c];
            }
        }
    if (v->rate > 0) m->mean += v->rate * (sum / (double)(B * POUT) - m->mean);
    for (size_t k = 0; k < B * cells && v->tau_z == 0; k++) m->z[k] = 0;
    if (v->held) return;
    move(v, n, m, m->change);
    if (v->norm_at_rewards) normalise(v, n, m);
}

static void model_step(const way *v, const plastic *n, model *m, size_t t) {
    size_t cells = POUT * n->pre;
    double dt = n->s.dt > 0 ? n->s.dt : 1;
    bool counts = v->tau_z > 0 || (t % every_of(v)) >= every_of(v) - window_of(v);
    for (size_t b = 0; b < n->batch; b++)
        for (size_t c = 0; c < cells; c++) {
            size_t k = b * cells + c;
            if (!n->there[c]) continue;
            bool p = plain_arrives(n, b, t, c);
            bool q = n->post[(t * n->batch + b) * POUT + c / n->pre] != 0;
            m->x[k] = exp(-dt / v->tau_plus) * m->x[k] + (p ? v->plus : 0);
            m->y[k] = exp(-dt / v->tau_minus) * m->y[k] + (q ? v->minus : 0);
            double E = (q ? m->x[k] : 0) + (p ? m->y[k] : 0);
            if (v->tau_z > 0)
                m->z[k] = exp(-dt / v->tau_z) * m->z[k] + dt / v->tau_e * E;
            else if (counts)
                m->z[k] += E;
        }
}

static void keep_rates(const way *v, const plastic *n, model *m) {
    double dt = n->s.dt > 0 ? n->s.dt : 1;
    double seconds = (double)(n->steps * n->batch) * dt / 1000;
    for (size_t j = 0; j < POUT && v->target > 0; j++) {
        double count = 0;
        for (size_t r = 0; r < n->steps * n->batch; r++) count += n->post[r * POUT + j];
        for (size_t i = 0; i < n->pre; i++)
            m->w[j * n->pre + i] *= fmax(0, 1 + 0.1 * (1 - count / seconds / v->target));
    }
}

static void model_run(const way *v, const plastic *n, model *m, const double *told) {
    size_t size = n->batch * POUT * n->pre;
    m->x = calloc(size, sizeof(double));
    m->y = calloc(size, sizeof(double));
    m->z = calloc(size, sizeof(double));
    for (size_t t = 0; t < n->steps; t++) {
        model_step(v, n, m, t);
        if ((t + 1) % every_of(v) == 0) reward(v, n, m, told, t);
    }
    if (v->held) move(v, n, m, m->change);
    keep_rates(v, n, m);
    if (!v->norm_at_rewards || v->target > 0) normalise(v, n, m);
    free(m->x);
    free(m->y);
    free(m->z);
}

/* ---- both ---- */

/* A run in pieces, new rewards before each. piece 0: the whole. */
static void run_told(const way *v, plastic *n, size_t run, size_t piece, double *told) {
    dice d = {n->s.seed * 31 + run};
    double dt = n->s.dt > 0 ? n->s.dt : 1;
    if (!piece) piece = n->steps;
    plastic_trains(n, run, 0);
    plastic_give(n);
    for (size_t t = 0, count; t < n->steps; t += count) {
        const double *values;
        size_t shape[3], B = n->batch;
        count = n->steps - t < piece ? n->steps - t : piece;
        for (size_t b = 0; b < B; b++) {
            size_t classes = POUT / (v->pop ? v->pop : 1);
            told[t * B + b] =
                v->judge == TOLD ? dice_between(&d, -1, 1) : (double)(dice_bits(&d) % classes);
            for (size_t s = t; s < t + count; s++) told[s * B + b] = told[t * B + b];
        }
        MUST(n, hebb_net_reward(n->net, "reward", told + t * B, B));
        MUST(n, t ? hebb_net_run_continue(n->net, (double)count * dt)
                  : hebb_net_run(n->net, (double)count * dt));
        MUST(n, hebb_monitor_values(n->net, "spikes", &values, NULL, shape));
        memcpy(n->post + t * B * POUT, values, count * B * POUT * sizeof *values);
    }
}

static double distance(const plastic *n, const double *a, const double *b) {
    double most = 0;
    for (size_t c = 0; c < POUT * n->pre; c++)
        if (!(fabs(a[c] - b[c]) <= most)) most = fabs(a[c] - b[c]);
    return most;
}

static double against(const way *v, size_t piece, double *moved) {
    plastic n;
    static model m;
    double got[CELLS_MOST];
    memset(&m, 0, sizeof m);
    if (plastic_make(&n, &v->s, NULL) < 0) fail_msg("%s: %s", v->what, hebb_error(n.ctx));
    memcpy(m.w, n.w0, sizeof n.w0);
    double *told = calloc(n.steps * n.batch, sizeof *told);
    for (size_t r = 0; r < (v->s.runs ? v->s.runs : 1); r++) {
        run_told(v, &n, r, piece, told);
        model_run(v, &n, &m, told);
    }
    plastic_weights(&n, got);
    double error = distance(&n, got, m.w);
    *moved = distance(&n, n.w0, got);
    free(told);
    plastic_free(&n);
    return error;
}

static void expect(const way *v, size_t piece, double most, const char *how) {
    double moved, error = against(v, piece, &moved);
    if (!(error <= most * (1 + moved)))
        fail_msg("%s, %s: %g away from the plain model", v->what, how, error);
    if (!(moved > 1e-3)) fail_msg("%s, %s: the weights moved by %g only", v->what, how, moved);
}

static way with(const way *v, const char *name, const char *value) {
    way o = *v;
    size_t n = 0;
    while (o.s.params[n].name) n++;
    o.s.params[n] = (hebb_param){.name = name, .kind = HEBB_TEXT, .text = value};
    return o;
}

/* ---- the tests ---- */

static void long_trains(void **state) {
    (void)state;
    for (size_t i = 0; i < WAYS; i++) {
        way v = ways[i];
        double moved, error;
        v.s.steps = 10000;
        v.s.rate = 0.02;
        error = against(&v, 11, &moved);
        printf("%-28s 1e4 steps: %.2g from the plain model, weights moved by %.2g\n", v.what, error,
               moved);
        if (!(error <= 1e-9 * (1 + moved) && moved > 1e-3)) fail_msg("%s", v.what);
    }
}

static void float_numbers(void **state) {
    (void)state;
    for (size_t i = 0; i < WAYS; i++) {
        way v = ways[i];
        v.s.precision = "float";
        v.s.steps = 500;
        expect(&v, 0, 2e-5, "float");
    }
}

static void batches(void **state) {
    (void)state;
    for (size_t i = 0; i < WAYS; i++)
        for (int mean = 0; mean < 2; mean++) {
            way v = with(&ways[i], "reduction", mean ? "mean" : "sum");
            v.mean = mean;
            v.s.batch = 4;
            v.s.runs = 2;
            v.s.threads = 2;
            v.s.dt = 0.5;
            /* coding_time is in ms */
            for (size_t k = 0; v.window && v.s.reward_params[k].name; k++)
                if (!strcmp(v.s.reward_params[k].name, "coding_time"))
                    v.s.reward_params[k].number = 0.5 * (double)v.window;
            expect(&v, 0, 1e-10, "a batch");
            expect(&v, 13, 1e-10, "a batch in pieces");
        }
}

static void connections(void **state) {
    (void)state;
    static const struct {
        const char *what, *kind;
        bool delayed, recurrent, same_step, rows;
    } kinds[] = {
        {"sparse", "sparse", false, false, false, false},
        {"one to one", "one_to_one", false, false, false, false},
        {"recurrent", NULL, false, true, false, false},
        {"delayed", NULL, true, false, false, false},
        {"delayed, sparse", "sparse", true, false, false, false},
        {"recurrent, delayed", NULL, true, true, false, false},
        {"same step", NULL, false, false, true, false},
        {"same step, recurrent, delayed", NULL, true, true, true, false},
        {"numbers", NULL, false, false, false, true},
    };
    for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++)
        for (size_t i = 0; i < WAYS; i++)
            for (size_t batch = 1; batch <= 3; batch += 2) {
                way v = ways[i];
                v.s.kind = kinds[k].kind;
                v.s.delayed = kinds[k].delayed;
                v.s.recurrent = kinds[k].recurrent;
                v.s.same_step = kinds[k].same_step;
                v.s.rows = kinds[k].rows;
                v.s.batch = batch;
                v.s.steps = 200;
                v.s.runs = 2;
                expect(&v, batch == 1 ? 0 : 17, 1e-10, kinds[k].what);
            }
}

/* W held in a run, the changes of all its rewards made after it. */
static void presentations(void **state) {
    (void)state;
    static const char *const kinds[] = {NULL, "sparse", "delayed"};
    for (size_t i = 0; i < WAYS; i++)
        for (size_t k = 0; k < 3; k++) {
            way v = with(&ways[i], "update", "presentation");
            v.held = true;
            v.norm_at_rewards = false;
            v.s.batch = 3;
            v.s.runs = 2;
            v.s.threads = 2;
            v.s.kind = k == 1 ? "sparse" : NULL;
            v.s.delayed = k == 2;
            expect(&v, 0, 1e-10, kinds[k] ? kinds[k] : "a presentation");
        }
}

/* The trace's factor is renewed many times on the way: 60 steps bring it to 1e-9. */
static void short_traces(void **state) {
    (void)state;
    for (int held = 0; held < 2; held++) {
        way v = {"short traces",
                 TRACE(.params = P({"tau_e_trace", 3}, {"tau_e", 2}, {"lr", 0.3},
                                   T("update", held ? "presentation" : "step")),
                       .reward_params = P({"dec_sample_step", 4}), .steps = 1000, .batch = 2),
                 0.3,
                 1,
                 -1,
                 20,
                 20,
                 3,
                 2,
                 .every = 4,
                 .held = held};
        expect(&v, 0, 1e-10, held ? "a presentation" : "steps");
    }
}

static void homeostasis(void **state) {
    (void)state;
    for (int held = 0; held < 2; held++) {
        way v = with(&ways[5], "update", held ? "presentation" : "step");
        v.held = held;
        v.target = 30;
        v.norm = 20;
        size_t n = 0;
        while (v.s.params[n].name) n++;
        v.s.params[n++] = (hebb_param){.name = "target_rate", .number = 30};
        v.s.params[n++] = (hebb_param){.name = "w_norm", .number = 20};
        v.s.runs = 3;
        expect(&v, 0, 1e-10, "target rate and norm");
    }
}

/* Where W is held, a batch is its samples one by one from the same weights. */
static void one_by_one(void **state) {
    (void)state;
    for (size_t i = 0; i < WAYS; i++) {
        way v = with(&ways[i], "update", "presentation");
        double together[CELLS_MOST], sum[CELLS_MOST], w[CELLS_MOST], told[4 * 300];
        plastic n;
        if (v.soft || v.norm > 0 || v.rate > 0 || v.low != v.high) continue;
        v.s.batch = 4;
        if (plastic_make(&n, &v.s, NULL) < 0) fail_msg("%s", hebb_error(n.ctx));
        run_told(&v, &n, 0, 0, told);
        plastic_weights(&n, together);
        plastic_free(&n);
        v.s.batch = 1;
        assert_int_equal(plastic_make(&n, &v.s, NULL), HEBB_OK);
        memcpy(sum, n.w0, sizeof sum);
        for (size_t b = 0; b < 4; b++) {
            MUST(&n, hebb_net_set(n.net, "plastic.weight", n.w0, POUT * n.pre));
            plastic_trains(&n, 0, b);
            plastic_give(&n);
            MUST(&n, hebb_net_reward(n.net, NULL, told + b, 1));
            MUST(&n, hebb_net_run(n.net, 300));
            plastic_weights(&n, w);
            for (size_t c = 0; c < CELLS_MOST; c++) sum[c] += w[c] - n.w0[c];
        }
        assert_true(distance(&n, together, sum) < 1e-10);
        assert_true(distance(&n, together, n.w0) > 1e-3);
        plastic_free(&n);
    }
}

static void threads(void **state) {
    (void)state;
    static const int counts[] = {1, 2, 3, 8};
    for (size_t i = 0; i < WAYS; i++)
        for (int update = 0; update < 2; update++) {
            double first[CELLS_MOST], w[CELLS_MOST], told[6 * 60];
            for (size_t c = 0; c < 4; c++) {
                way v = with(&ways[i], "update", update ? "presentation" : "step");
                plastic n;
                v.s.precision = "float";
                v.s.batch = 6;
                v.s.steps = 60;
                v.s.threads = counts[c];
                if (plastic_make(&n, &v.s, NULL) < 0) fail_msg("%s", hebb_error(n.ctx));
                run_told(&v, &n, 0, 0, told);
                plastic_weights(&n, c ? w : first);
                if (c && memcmp(w, first, sizeof(double) * POUT * n.pre))
                    fail_msg("%s: %d threads give other bits", v.what, counts[c]);
                plastic_free(&n);
            }
        }
}

/* One pair, one reward: A exp(-distance / tau) lr R; RSTDPET's trace fades until the reward. */
static void pair_window(void **state) {
    (void)state;
    for (int trace = 0; trace < 2; trace++)
        for (int late = -40; late <= 40; late += 8) {
            way v = {"a pair",
                     RULE(.params = P({"lr", 0.5}, {"A_plus", 0.2}, {"A_minus", -0.3},
                                      {"tau_plus", 17}, {"tau_minus", 34}),
                          .reward_params = P({"dec_sample_step", 150}), .steps = 150, .dt = 0.5)};
            plastic n;
            double w[CELLS_MOST], R = -0.7;
            if (trace) v.s.rule = "RSTDPET";
            if (plastic_make(&n, &v.s, NULL) < 0) fail_msg("%s", hebb_error(n.ctx));
            plastic_trains(&n, 0, 0);
            memset(n.input, 0, n.steps * n.pre * sizeof(float));
            memset(n.teacher, 0, n.steps * POUT * sizeof(float));
            n.input[60 * n.pre] = 1; /* arrives in step 61, as the teacher's do */
            n.teacher[(size_t)(60 + late) * POUT] = 1;
            plastic_give(&n);
            MUST(&n, hebb_net_reward(n.net, NULL, &R, 1));
            MUST(&n, hebb_net_run(n.net, 75));
            plastic_weights(&n, w);
            double E = (late >= 0 ? 0.2 * exp(-0.5 * late / 17) : 0) +
                       (late <= 0 ? -0.3 * exp(0.5 * late / 34) : 0);
            int waits = 149 - (61 + (late > 0 ? late : 0));
            if (trace) E *= 0.5 * (0.5 / 25) * exp(-0.5 * waits / 25);
            if (!(fabs(w[0] - n.w0[0] - 0.5 * R * E) < 1e-12))
                fail_msg("at %d steps: %g, not %g", late, w[0] - n.w0[0], 0.5 * R * E);
            assert_true(w[1] == n.w0[1]);
            plastic_free(&n);
        }
}

/* ---- switch_rstdp ---- */

typedef struct nearest {
    double post[2], pre[2]; /* punished, rewarded */
} nearest;

static void switch_model(const plastic *n, const nearest *k, double decay, const double *told,
                         double lr, double *w) {
    size_t cells = POUT * n->pre, B = n->batch;
    double *x = calloc(B * cells, sizeof *x), *y = calloc(B * cells, sizeof *y);
    for (size_t t = 0; t < n->steps; t++)
        for (size_t c = 0; c < cells; c++) {
            double dw = 0;
            for (size_t b = 0; b < B && n->there[c]; b++) {
                double R = told[t * B + b], *X = &x[b * cells + c], *Y = &y[b * cells + c];
                bool p = plain_arrives(n, b, t, c);
                bool q = n->post[(t * B + b) * POUT + c / n->pre] != 0;
                *X = p ? 1 : *X * decay;
                *Y = q ? 1 : *Y * decay;
                if (R != 0) dw += (q ? k->post[R > 0] * *X : 0) + (p ? k->pre[R > 0] * *Y : 0);
            }
            w[c] += lr * dw / (double)B;
        }
    free(x);
    free(y);
}

static void switching(void **state) {
    (void)state;
    static const char *const kinds[] = {NULL, "sparse", NULL};
    const nearest k = {{-0.003, 0.02}, {0.0015, -0.01}};
    for (size_t i = 0; i < 3; i++)
        for (size_t batch = 1; batch < 4; batch += 2) {
            way v = {"switch",
                     {.rule = "switch_rstdp",
                      .reward = "environment_reward",
                      .params = P({"Apost_pos", 0.02}, {"Apre_pos", -0.01}, {"Apost_neg", -0.003},
                                  {"Apre_neg", 0.0015}, {"pre_decay", 0.9}, {"post_decay", 0.9},
                                  {"lr", 2}),
                      .kind = kinds[i],
                      .delayed = i == 2,
                      .batch = batch}};
            plastic n;
            double w[CELLS_MOST], want[CELLS_MOST], told[3 * 300];
            if (plastic_make(&n, &v.s, NULL) < 0) fail_msg("%s", hebb_error(n.ctx));
            memcpy(want, n.w0, sizeof want);
            for (size_t r = 0; r < 2; r++) {
                run_told(&v, &n, r, 9, told);
                switch_model(&n, &k, 0.9, told, 2, want);
            }
            plastic_weights(&n, w);
            assert_true(distance(&n, w, want) < 1e-11);
            assert_true(distance(&n, w, n.w0) > 1e-3);
            plastic_free(&n);
        }
}

/* A reward of 0 changes nothing, nor does a run that is not to learn; no reward is an error. */
static void nothing_learned(void **state) {
    (void)state;
    static const char *const rules[] = {"RSTDP", "RSTDPET", "switch_rstdp"};
    for (size_t r = 0; r < 3; r++)
        for (int off = 0; off < 2; off++) {
            spec s = {.rule = rules[r], .reward = "environment_reward"};
            plastic n;
            double w[CELLS_MOST], told = off ? 1 : 0, one = 1;
            if (plastic_make(&n, &s, NULL) < 0) fail_msg("%s", hebb_error(n.ctx));
            plastic_trains(&n, 0, 0);
            plastic_give(&n);
            assert_int_equal(hebb_net_run(n.net, 300), HEBB_E_STATE);
            assert_non_null(strstr(hebb_error(n.ctx), "has nothing to judge by"));
            MUST(&n, hebb_net_reward(n.net, "reward", &told, 1));
            MUST(&n, hebb_net_train(n.net, !off));
            plastic_run(&n);
            plastic_weights(&n, w);
            assert_memory_equal(w, n.w0, sizeof(double) * POUT * n.pre);
            MUST(&n, hebb_net_train(n.net, 1));
            MUST(&n, hebb_net_reward(n.net, "reward", &one, 1));
            plastic_run(&n);
            plastic_weights(&n, w);
            assert_true(distance(&n, w, n.w0) > 1e-3);
            plastic_free(&n);
        }
}

static void running_mean_is_kept(void **state) {
    (void)state;
    spec s = {.rule = "RSTDP",
              .reward = "environment_reward",
              .params = P(T("baseline", "running"), {"baseline_rate", 0.25}),
              .reward_params = P({"dec_sample_step", 100}),
              .batch = 2};
    plastic n;
    double mean, told[] = {1, 0.5};
    assert_int_equal(plastic_make(&n, &s, NULL), HEBB_OK);
    plastic_trains(&n, 0, 0);
    MUST(&n, hebb_net_reward(n.net, "reward", told, 2));
    plastic_run(&n);
    MUST(&n, hebb_net_get(n.net, "plastic.reward_mean", &mean, 1));
    assert_true(fabs(mean - 0.75 * (1 - pow(0.75, 3))) < 1e-12);
    mean = 0.5; /* a checkpoint's */
    MUST(&n, hebb_net_set(n.net, "plastic.reward_mean", &mean, 1));
    plastic_run(&n);
    MUST(&n, hebb_net_get(n.net, "plastic.reward_mean", &mean, 1));
    assert_true(fabs(mean - (0.75 + (0.5 - 0.75) * pow(0.75, 3))) < 1e-12);
    plastic_free(&n);
}

/* ---- memory, refusals ---- */

static void nothing_is_allocated(void **state) {
    (void)state;
    for (size_t i = 0; i < WAYS; i++)
        for (int update = 0; update < 2; update++) {
            way v = with(&ways[i], "update", update ? "presentation" : "step");
            counting memory = {0};
            hebb_allocator allocator = {counting_alloc, counting_realloc, counting_free, &memory};
            plastic n;
            double zero[2] = {0};
            v.s.batch = 2;
            v.s.steps = 50;
            if (plastic_make(&n, &v.s, &allocator) < 0) fail_msg("%s", hebb_error(n.ctx));
            plastic_trains(&n, 0, 0);
            plastic_give(&n);
            MUST(&n, hebb_net_reward(n.net, NULL, zero, 2));
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
    static const size_t some[] = {0, 4, 9, 12};
    for (size_t a = 0; a < 4; a++)
        for (size_t refuse = 1;; refuse++) {
            counting memory = {.refuse = refuse};
            hebb_allocator allocator = {counting_alloc, counting_realloc, counting_free, &memory};
            plastic n;
            hebb_status status = plastic_make(&n, &ways[some[a]].s, &allocator);
            bool done = memory.requests < refuse;
            assert_int_equal(status, done ? HEBB_OK : HEBB_E_MEMORY);
            plastic_free(&n);
            assert_int_equal(memory.held, 0);
            if (done) break;
        }
}

/* A plan that grows in the middle of a run keeps traces, eligibility and what is judged. */
static void replanned(void **state) {
    (void)state;
    static const size_t pieces[] = {2, 5, 21, 122};
    for (size_t i = 0; i < WAYS; i++) {
        way v = ways[i];
        plastic n;
        double whole[CELLS_MOST], grown[CELLS_MOST], told[] = {1, 0};
        for (int grows = 0; grows < 2; grows++) {
            v.s.steps = grows ? 2 : 150; /* the plan */
            v.s.batch = 2;
            if (plastic_make(&n, &v.s, NULL) < 0) fail_msg("%s", hebb_error(n.ctx));
            n.steps = 150;
            plastic_trains(&n, 0, 0);
            plastic_give(&n);
            MUST(&n, hebb_net_reward(n.net, NULL, told, 2));
            for (size_t k = 0; k < 4; k++)
                MUST(&n, k ? hebb_net_run_continue(n.net, (double)pieces[k])
                           : hebb_net_run(n.net, (double)pieces[k]));
            plastic_weights(&n, grows ? grown : whole);
            plastic_free(&n);
        }
        if (memcmp(whole, grown, sizeof(double) * POUT * n.pre)) fail_msg("%s", v.what);
    }
}

static void refuse(const spec *s, hebb_status status, const char *words) {
    plastic n;
    hebb_status got = plastic_make(&n, s, NULL);
    if (got != status || !strstr(hebb_error(n.ctx), words))
        fail_msg("%s: %s: '%s', not '%s'", s->rule, hebb_status_name(got), hebb_error(n.ctx),
                 words);
    plastic_free(&n);
}

static void refusals(void **state) {
    (void)state;
    spec s = {.rule = "RSTDP"};
    refuse(&s, HEBB_E_GRAPH, "RSTDP learns by a reward, but the network has 0; add one");
    s = (spec)RULE(.params = P(T("reward", "rewrad")));
    refuse(&s, HEBB_E_NAME, "did you mean");
    s = (spec)RULE(.params = P({"tau_plus", -1}));
    refuse(&s, HEBB_E_RANGE, "tau_plus");
    s = (spec)RULE(.params = P(T("bounds", "soft")));
    refuse(&s, HEBB_E_RANGE, "must be finite");
    s = (spec)RULE(.params = P({"w_min", 1}, {"w_max", 0}));
    refuse(&s, HEBB_E_RANGE, "w_min = 1 is above w_max = 0");
    s = (spec)RULE(.params = P({"w_min", 0.5}));
    refuse(&s, HEBB_E_RANGE, "a given weight is");
    s = (spec)RULE(.params = P(T("baseline", "prediction")));
    refuse(&s, HEBB_E_UNSUPPORTED, "needs target neurons with a state U");
    s = (spec)RULE(.params = P(T("baseline", "mean")));
    refuse(&s, HEBB_E_NAME, "baseline");
    s = (spec){.rule = "switch_rstdp", .reward = "da_reward"};
    refuse(&s, HEBB_E_UNSUPPORTED, "one reward for a sample");
    s = (spec)RULE(.params = P(T("update", "presentation")), .compat = "spaic");
    refuse(&s, HEBB_E_UNSUPPORTED, "under compat = spaic RSTDP has no update; leave it out");
    s = (spec)RULE(.compat = "spaic", .delayed = true);
    refuse(&s, HEBB_E_UNSUPPORTED, "delayed");
}

/* Under compat = "spaic" weights that the user sets are the new ones, stored or not. */
static void set_under_spaic(void **state) {
    (void)state;
    spec s = {.rule = "switch_rstdp",
              .reward = "environment_reward",
              .compat = "spaic",
              .low = 0.01,
              .high = 0.09};
    plastic n;
    double w[CELLS_MOST], learned[CELLS_MOST], one = 1;
    assert_int_equal(plastic_make(&n, &s, NULL), HEBB_OK);
    plastic_trains(&n, 0, 0);
    MUST(&n, hebb_net_reward(n.net, NULL, &one, 1));
    plastic_run(&n);
    plastic_weights(&n, learned);
    assert_true(distance(&n, learned, n.w0) > 1e-3);
    plastic_give(&n);
    MUST(&n, hebb_net_run(n.net, 1)); /* forgets: no optim_step */
    plastic_weights(&n, w);
    assert_true(distance(&n, w, n.w0) < 1e-2 && distance(&n, w, learned) > 1e-3);
    for (size_t c = 0; c < CELLS_MOST; c++) w[c] = 0.05;
    MUST(&n, hebb_net_set(n.net, "plastic.weight", w, POUT * n.pre));
    plastic_give(&n);
    MUST(&n, hebb_net_run(n.net, 1));
    plastic_weights(&n, learned);
    assert_true(distance(&n, w, learned) < 1e-2);
    plastic_free(&n);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pair_window),
        cmocka_unit_test(long_trains),
        cmocka_unit_test(float_numbers),
        cmocka_unit_test(batches),
        cmocka_unit_test(connections),
        cmocka_unit_test(presentations),
        cmocka_unit_test(short_traces),
        cmocka_unit_test(homeostasis),
        cmocka_unit_test(one_by_one),
        cmocka_unit_test(threads),
        cmocka_unit_test(switching),
        cmocka_unit_test(nothing_learned),
        cmocka_unit_test(running_mean_is_kept),
        cmocka_unit_test(nothing_is_allocated),
        cmocka_unit_test(memory_refused),
        cmocka_unit_test(replanned),
        cmocka_unit_test(refusals),
        cmocka_unit_test(set_under_spaic),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

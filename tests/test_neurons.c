/* Every neuron model against oracles: its backward loops against differences of
 * its forward loops in soft mode, its forward loops against closed forms and
 * against numbers that SPAIC 0.6.3 printed. */
#define HB_DOUBLE 1
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "neurons/model.h"
#include "neurons/surrogate.h"
#include "numeric.h"

enum { N = 3, T = 12, ROUNDS = 8, LONG = 400 };

static hb_env env;

static int setup(void **state) {
    (void)state;
    hb_env_init(&env, NULL);
    return 0;
}

static const hb_model *model_of(const char *name) {
    for (size_t i = 0; i < hb_model_count_f64; i++)
        if (!strcmp(hb_models_f64[i]->component->name, name)) return hb_models_f64[i];
    fail_msg("no model %s", name);
    return NULL;
}

/* ---- gradients ---------------------------------------------------------- */

/* N independent neurons over T steps; the loss is linear in every O, every V
 * after the step and what the last step leaves in V, M, S, E and A. */
typedef struct rig {
    const hb_model *model;
    hb_surrogate surrogate;
    bool spaic, detach;
    double kept[N];
    double coef[HB_COEFS][N], I[T][N], start[HB_STATES][N];
    double at_o[T][N], at_v[T][N], at_end[HB_STATES][N]; /* the loss's weights */
    double m[T][N], o_reset[T][N];                       /* held in perturbed runs */
    /* the tape */
    double x[T][N], o[T][N], before[T][HB_STATES][N];
    double *knob; /* what is perturbed */
} rig;

static bool spikes(const rig *r) { return r->model->output == HB_OUT_SPIKES; }
static bool has_v(const rig *r) {
    return r->model->state_count && !strcmp(r->model->states[0], "V");
}

/* Runs forward; record: takes the masks instead of holding them. */
static double forward(rig *r, bool record) {
    double state[HB_STATES][N], x[N], o[N], m[N], loss = 0;
    memcpy(state, r->start, sizeof state);
    for (int t = 0; t < T; t++) {
        hb_step k = {.n = N, .I = r->I[t], .x = x, .o = o, .m = m, .spaic = r->spaic};
        for (size_t c = 0; c < r->model->coef_count; c++) k.coef[c] = r->coef[c];
        for (size_t s = 0; s < r->model->state_count; s++) k.state[s] = state[s];
        k.detach = r->detach;
        k.kept = r->model->kept && !r->spaic ? r->kept : NULL;
        k.learns = true;
        if (record) memcpy(r->before[t], state, sizeof state);
        memset(x, 0, sizeof x);
        r->model->integrate(&k);
        for (int j = 0; j < N && spikes(r); j++) {
            o[j] = r->surrogate.ops->integral(&r->surrogate, x[j]);
            if (record) r->m[t][j] = x[j] > 0, r->o_reset[t][j] = o[j], r->o[t][j] = o[j];
            loss += r->at_o[t][j] * o[j];
            m[j] = r->m[t][j];
            if (r->detach) o[j] = r->o_reset[t][j];
        }
        for (int j = 0; j < N && !spikes(r); j++)
            if (r->model->output == HB_OUT_REAL) loss += r->at_o[t][j] * x[j];
        if (record) memcpy(r->x[t], x, sizeof x);
        if (r->model->settle) r->model->settle(&k);
        for (int j = 0; j < N && has_v(r); j++) loss += r->at_v[t][j] * state[0][j];
    }
    for (size_t s = 0; s < r->model->state_count; s++)
        for (int j = 0; j < N; j++) loss += r->at_end[s][j] * state[s][j];
    return loss;
}

typedef struct slopes {
    double I[T][N], coef[HB_COEFS][N], start[HB_STATES][N];
} slopes;

/* Runs backward from the tape. bare: gives nothing that the model says it does not need. */
static void backward(const rig *r, bool bare, slopes *g) {
    double adj[HB_STATES][N], dO[N], dx[N];
    const hb_model *model = r->model;
    memset(g, 0, sizeof *g);
    memcpy(adj, r->at_end, sizeof adj);
    for (int t = T - 1; t >= 0; t--) {
        hb_step k = {.n = N, .o = r->o[t], .m = r->m[t], .spaic = r->spaic, .detach = r->detach};
        for (size_t c = 0; c < model->coef_count; c++) k.coef[c] = r->coef[c];
        for (size_t c = 0; c < model->coef_count && !bare; c++) k.gcoef[c] = g->coef[c];
        for (size_t s = 0; s < model->state_count; s++) {
            k.adj[s] = adj[s];
            if (!bare || model->needs_prev) k.prev[s] = r->before[t][s];
        }
        if (!bare || model->needs_x) k.x = (double *)r->x[t];
        if (!bare || model->needs_I) k.I = r->I[t];
        k.dO = dO, k.dx = dx, k.dI = g->I[t];
        for (int j = 0; j < N; j++) {
            dO[j] = r->at_o[t][j];
            if (has_v(r)) adj[0][j] += r->at_v[t][j];
            g->I[t][j] = NAN; /* must be written */
        }
        if (model->unsettle) model->unsettle(&k);
        for (int j = 0; j < N; j++)
            dx[j] = !spikes(r) ? dO[j] : dO[j] * r->surrogate.ops->slope(&r->surrogate, r->x[t][j]);
        if (!spikes(r) && model->output == HB_OUT_V) memset(dx, 0, sizeof dx);
        model->unintegrate(&k);
    }
    memcpy(g->start, adj, sizeof adj);
}

static double turn(void *user, double to) {
    rig *r = user;
    double was = *r->knob;
    *r->knob = to;
    double loss = forward(r, false);
    *r->knob = was;
    return loss;
}

static double slope_at(rig *r, double *knob) {
    r->knob = knob;
    return difference(turn, r, *knob, 4e-5);
}

/* A value at which coefficient c of the model is well behaved. */
static double draw_coef(dice *d, const hb_coef *coef) {
    if (coef->derive == HB_DECAY) return dice_between(d, 0.5, 0.95);
    if (coef->derive == HB_RATE) return dice_between(d, 0.2, 0.8);
    if (!strcmp(coef->param, "V0")) return dice_between(d, 2, 4);
    if (!strncmp(coef->param, "tau", 3)) return dice_between(d, 0.4, 0.9); /* pclif's decays */
    return dice_between(d, 0.2, 0.6);
}

static void draw(rig *r, const hb_model *model, const char *surrogate, int flags, dice *d) {
    memset(r, 0, sizeof *r);
    r->model = model;
    r->spaic = flags & 1;
    r->detach = flags & 2;
    assert_int_equal(hb_surrogate_find(&env, surrogate, "test", NAN, &r->surrogate), HEBB_OK);
    for (size_t c = 0; c < model->coef_count; c++)
        for (int j = 0; j < N; j++) r->coef[c][j] = draw_coef(d, &model->coefs[c]);
    for (size_t s = 0; s < model->state_count; s++)
        for (int j = 0; j < N; j++) {
            bool mask = !strcmp(model->component->name, "plif") && s == 1;
            r->start[s][j] = mask ? 0 : dice_between(d, -0.3, 0.5);
            bool carried = strchr("VMSEAt", model->states[s][0]) != NULL;
            r->at_end[s][j] = carried ? dice_between(d, -1, 1) : 0;
        }
    for (int j = 0; j < N; j++) r->kept[j] = dice_between(d, -0.3, 0.5);
    for (int t = 0; t < T; t++)
        for (int j = 0; j < N; j++) {
            r->I[t][j] = dice_between(d, -0.6, 1.4);
            r->at_o[t][j] = dice_between(d, -1, 1);
            r->at_v[t][j] = dice_between(d, -1, 1);
        }
}

static void compare(const rig *r, const char *what, size_t index, int j, double got,
                    double wanted) {
    if (close_to(got, wanted, 1e-7, 0.01)) return;
    fail_msg("%s%s%s, %s: d loss / d %s[%zu][%d] is %.12g, the difference says %.12g",
             r->model->component->name, r->spaic ? ", spaic" : "", r->detach ? ", detach" : "",
             r->surrogate.ops->component->name, what, index, j, got, wanted);
}

/* A coefficient without a gradient: SPAIC's lif ignores v_reset, and what theta follows when the
 * group keeps it is a constant. */
static bool idle(const rig *r, size_t c) {
    const char *name = r->model->coefs[c].param;
    if (r->model->kept && !r->spaic) return !strcmp(name, "th_inc") || !strcmp(name, "decay_th");
    return r->spaic && !strcmp(name, "v_reset") && !strcmp(r->model->component->name, "lif");
}

static void check_model(const hb_model *model, const char *surrogate, int flags, dice *d) {
    rig r;
    slopes g, bare;
    double felt[HB_COEFS] = {0};
    size_t fired = 0;
    for (int round = 0; round < ROUNDS; round++) {
        draw(&r, model, surrogate, flags, d);
        forward(&r, true);
        backward(&r, false, &g);
        backward(&r, true, &bare);
        assert_memory_equal(g.I, bare.I, sizeof g.I); /* coefficients' gradients change nothing */
        for (int t = 0; t < T; t++)
            for (int j = 0; j < N; j++) {
                compare(&r, "I", (size_t)t, j, g.I[t][j], slope_at(&r, &r.I[t][j]));
                fired += r.m[t][j] > 0;
            }
        for (size_t c = 0; c < model->coef_count; c++)
            for (int j = 0; j < N && !(idle(&r, c) && model->kept); j++) {
                double wanted = slope_at(&r, &r.coef[c][j]);
                compare(&r, model->coefs[c].name, c, j, g.coef[c][j], wanted);
                felt[c] += fabs(wanted);
            }
        for (size_t s = 0; s < model->state_count; s++)
            for (int j = 0; j < N && strcmp(model->states[s], "O_old"); j++)
                compare(&r, model->states[s], s, j, g.start[s][j], slope_at(&r, &r.start[s][j]));
    }
    for (size_t c = 0; c < model->coef_count; c++)
        if (felt[c] < 0.01 && !idle(&r, c))
            fail_msg("%s: nothing depends on %s, so nothing was tested", model->component->name,
                     model->coefs[c].name);
    if (spikes(&r)) assert_in_range(fired, 3, ROUNDS * T * N - 3); /* spikes and silence */
}

static void backward_is_the_derivative_of_forward(void **state) {
    (void)state;
    static const char *const windows[] = {"sigmoid", "atan", "gaussian"};
    dice d = {20260};
    for (size_t i = 0; i < hb_model_count_f64; i++)
        for (int flags = 0; flags < 4; flags++)
            for (size_t w = 0; w < HB_COUNT(windows) && hb_models_f64[i]->unintegrate; w++)
                check_model(hb_models_f64[i], windows[w], flags, &d);
}

/* detach: the reset hands nothing to the spike, so dO is left as it is. */
static void detach_leaves_the_spike_alone(void **state) {
    (void)state;
    dice d = {7};
    for (size_t i = 0; i < hb_model_count_f64; i++)
        for (int flags = 2; flags < 4; flags++) {
            const hb_model *model = hb_models_f64[i];
            rig r;
            double adj[HB_STATES][N], dO[N], was[N], dI[N], gcoef[HB_COEFS][N];
            if (!model->unsettle) continue;
            draw(&r, model, "atan", flags, &d);
            forward(&r, true);
            hb_step k = {.n = N, .o = r.o[1], .m = r.m[1], .x = r.x[1], .I = r.I[1], .dO = dO};
            k.spaic = r.spaic, k.detach = true, k.dI = dI;
            for (size_t s = 0; s < model->state_count; s++) {
                for (int j = 0; j < N; j++) adj[s][j] = dice_between(&d, -1, 1);
                k.adj[s] = adj[s], k.prev[s] = r.before[1][s];
            }
            for (size_t c = 0; c < model->coef_count; c++)
                k.coef[c] = r.coef[c], k.gcoef[c] = gcoef[c];
            for (int j = 0; j < N; j++) was[j] = dO[j] = dice_between(&d, -1, 1);
            model->unsettle(&k);
            for (int j = 0; j < N; j++)
                if (dO[j] != was[j])
                    fail_msg("%s%s adds to dO though the reset is detached", model->component->name,
                             r.spaic ? ", spaic" : "");
        }
}

/* ---- forward: closed forms ---------------------------------------------- */

/* One neuron with hard spikes; values after each step. */
typedef struct trace {
    double V[LONG], O[LONG], state[HB_STATES][LONG], coef[HB_COEFS];
} trace;

static trace run(const char *name, const hebb_param *params, double dt, bool spaic, const double *I,
                 int steps) {
    const hb_model *model = model_of(name);
    trace r = {{0}};
    hb_args args;
    double now[HB_STATES] = {0};
    assert_true(steps <= LONG);
    assert_int_equal(hb_args_read(&env, model->component, "one", params, 1, &args), HEBB_OK);
    for (size_t c = 0; c < model->coef_count; c++) {
        const hb_coef *coef = &model->coefs[c];
        double p = coef->derive == HB_GAIN && !hb_args_given(&args, coef->param)
                       ? model->default_gain(&args, 0)
                       : hb_args_num(&args, coef->param);
        r.coef[c] = coef->derive == HB_DECAY ? exp(-dt / p) : coef->derive == HB_RATE ? dt / p : p;
    }
    hb_args_free(&args);
    for (int t = 0; t < steps; t++) {
        double x = 0, o = 0;
        hb_step k = {.n = 1, .I = &I[t], .x = &x, .o = &o, .m = &o, .spaic = spaic};
        for (size_t c = 0; c < model->coef_count; c++) k.coef[c] = &r.coef[c];
        for (size_t s = 0; s < model->state_count; s++) k.state[s] = &now[s];
        model->integrate(&k);
        o = model->output == HB_OUT_REAL ? x : model->output == HB_OUT_SPIKES && x > 0;
        if (model->settle) model->settle(&k);
        r.O[t] = o;
        for (size_t s = 0; s < model->state_count; s++) r.state[s][t] = now[s];
        r.V[t] = now[0];
    }
    return r;
}

static void near_(double got, double wanted, const char *what, int t) {
    if (!close_to(got, wanted, 1e-12, 1))
        fail_msg("%s at step %d is %.15g, must be %.15g", what, t, got, wanted);
}

static void impulses_decay(void **state) {
    (void)state;
    enum { K = 60 };
    const double I[K] = {0.5};
    const double dt = 0.1;
    trace lif = run("lif", NULL, dt, false, I, K), li = run("li", NULL, dt, false, I, K);
    trace lifm = run("lifm", NULL, dt, false, I, K), plain = run("if", NULL, dt, false, I, K);
    double dm = exp(-dt / 10), dp = exp(-dt / 1);
    for (int t = 0; t < K; t++) {
        near_(lif.V[t], 0.5 * exp(-t * dt / 8), "lif's V", t);
        near_(li.V[t], 0.5 * exp(-t * dt / 20), "li's V", t);
        near_(plain.V[t], 0.5, "if's V", t);
        /* two exponentials, convolved; fires once it passes 1 */
        double two = 0.5 * (pow(dm, t + 1) - pow(dp, t + 1)) / (dm - dp);
        if (t < 2) near_(lifm.V[t], two, "lifm's V", t);
    }
    trace slow = run("lifm", HEBB_P({"v_th", 100}), dt, false, I, K);
    for (int t = 0; t < K; t++)
        near_(slow.V[t], 0.5 * (pow(dm, t + 1) - pow(dp, t + 1)) / (dm - dp), "lifm's V", t);
}

static void steady_inputs_charge(void **state) {
    (void)state;
    enum { K = 80 };
    double I[K], dt = 0.5;
    for (int t = 0; t < K; t++) I[t] = 0.75;
    trace cc = run("constantcurrentlif", NULL, dt, false, I, K);
    trace late = run("constantcurrentlif", NULL, dt, true, I, K);
    trace plif = run("plif", HEBB_P({"tau_m", 5}), dt, false, I, K);
    trace li = run("li", NULL, dt, false, I, K);
    trace less = run("if", HEBB_P({"v_th", 1e6}, {"ConstantDecay", 0.25}), dt, false, I, K);
    trace ifb = run("ifb", HEBB_P({"v_th", 1e6}, {"bias", 0.5}), dt, false, I, K);
    trace silent = run("nonspikingifb", HEBB_P({"bias", 0.5}), dt, false, I, K);
    trace null = run("null", NULL, dt, false, I, K);
    double r = dt / 20, d = exp(-dt / 20);
    for (int t = 0; t < K; t++) {
        near_(cc.V[t], 0.75 * (1 - pow(1 - r, t + 1)), "constantcurrentlif's V", t);
        near_(late.V[t], 0.75 * (1 - pow(1 - r, t)), "its V one step late", t);
        near_(plif.V[t], 0.75 * (1 - pow(1 - 1 / 5.0, t + 1)), "plif's V", t); /* weight 1/tau_m */
        near_(li.V[t], 0.75 * (1 - pow(d, t + 1)) / (1 - d), "li's V", t);
        near_(less.V[t], 0.5 * (t + 1), "if's V", t);
        near_(ifb.V[t], 1.25 * (t + 1), "ifb's V", t);
        near_(silent.V[t], 1.25 * (t + 1), "nonspikingifb's V", t);
        near_(null.O[t], 0.75, "null's O", t);
    }
}

/* V0 normalises the response: a unit impulse peaks at 1, at t = p q ln(p/q) / (p - q). */
static void gains_normalise_the_peak(void **state) {
    (void)state;
    enum { PEAK = 40 };
    static const struct {
        const char *model, *slow, *fast;
        double p, q;
    } cases[] = {{"clif", "tau_p", "tau_q", 12, 8},    {"clif", "tau_p", "tau_q", 3, 30},
                 {"clif2k", "tau_m", "tau_s", 20, 12}, {"clif2k", "tau_m", "tau_s", 40, 5},
                 {"aclif", "tau_p", "tau_q", 12, 8},   {"aclif", "tau_p", "tau_q", 5, 4.5}};
    const double I[PEAK * 2] = {1};
    for (size_t i = 0; i < HB_COUNT(cases); i++) {
        double p = cases[i].p, q = cases[i].q;
        double dt = p * q * log(p / q) / (p - q) / PEAK, top = 0;
        trace r = run(cases[i].model, HEBB_P({cases[i].slow, p}, {cases[i].fast, q}, {"v_th", 1e6}),
                      dt, false, I, PEAK * 2);
        near_(r.V[PEAK], 1, cases[i].model, PEAK);
        for (int t = 0; t < PEAK * 2; t++) top = r.V[t] > top ? r.V[t] : top;
        near_(top, 1, cases[i].model, PEAK);
        double gain = 1 / (exp(-PEAK * dt / p) - exp(-PEAK * dt / q));
        for (int t = 0; t < PEAK * 2; t++)
            near_(r.V[t], gain * (exp(-t * dt / p) - exp(-t * dt / q)), cases[i].model, t);
    }
}

/* After its spike clif carries E = v_th exp(-t/tau_m); aclif the slow A as well. */
static void resets_decay(void **state) {
    (void)state;
    enum { K = 300 };
    const double I[K] = {2.5};
    const double dt = 0.1;
    trace clif = run("clif", HEBB_P({"tau_m", 5}), dt, false, I, K);
    trace slow = run("aclif", HEBB_P({"tau_m", 5}, {"tau_a", 40}), dt, false, I, K);
    int first = 0, first_a = 0;
    double E = 0, A = 0, old = 0, adapted = 0;
    for (int t = 0; t < K; t++) {
        double drive = 2.5 * 6.75 * (exp(-t * dt / 12) - exp(-t * dt / 8));
        near_(clif.V[t], drive - E, "clif's V", t);
        E = E * exp(-dt / 5) + clif.O[t];
        A = A * exp(-dt / 40) + old;
        near_(slow.V[t], drive - 0.1 * A - adapted, "aclif's V", t);
        adapted = adapted * exp(-dt / 5) + slow.O[t];
        old = slow.O[t];
        first += clif.O[t] > 0, first_a += slow.O[t] > 0;
    }
    assert_true(first > 1 && first_a > 1);
    trace once = run("pclif", HEBB_P({"v_th", 100}), dt, false, I, K);
    for (int t = 0; t < K; t++)
        near_(once.V[t], 2.5 * (pow(0.9, t + 1) - pow(0.6, t + 1)), "pclif's V", t);
}

/* M and S filtered once more by the membrane; SPAIC's form is the same three steps late. */
static void nonspikinglif_is_three_exponentials(void **state) {
    (void)state;
    enum { K = 50 };
    const double I[K] = {1};
    double dt = 0.2, p = exp(-dt / 4), q = exp(-dt / 1), r = dt / 1.5, w = 1 - r;
    double gain = pow(4, 4.0 / 3) / 3;
    const hebb_param *params = HEBB_P({"tau_m", 1.5});
    trace now = run("nonspikinglif", params, dt, false, I, K);
    trace late = run("nonspikinglif", params, dt, true, I, K);
    for (int t = 0; t < K; t++) {
        double slow = (pow(p, t + 1) - pow(w, t + 1)) / (p - w);
        double fast = (pow(q, t + 1) - pow(w, t + 1)) / (q - w);
        near_(now.V[t], gain * r * (slow - fast), "nonspikinglif's V", t);
        if (t + 3 < K) near_(late.V[t + 3], now.V[t], "its V three steps late", t);
        if (t < 3) near_(late.V[t], 0, "its V before", t);
    }
}

/* Where V goes with a spike, and when. */
static void spikes_reset(void **state) {
    (void)state;
    const double I[6] = {1.5, 0.25, 0, 0, 0, 0};
    const double at[6] = {1, 0.25, 0, 0, 0, 0}; /* exactly at the threshold: no spike */
    static const char *const hard[] = {"if", "ifsoftreset", "ifb"};
    for (size_t i = 0; i < HB_COUNT(hard); i++) {
        trace r = run(hard[i], NULL, 0.1, false, I, 6),
              edge = run(hard[i], NULL, 0.1, false, at, 6);
        assert_true(r.O[0] == 1 && r.V[0] == 0 && r.V[1] == 0.25 && r.O[1] == 0);
        assert_true(edge.O[0] == 0 && edge.V[0] == 1 && edge.O[1] == 1);
    }
    const hebb_param *down = HEBB_P({"v_reset", -0.5});
    trace lif = run("lif", down, 0.1, false, I, 6), spaic = run("lif", down, 0.1, true, I, 6);
    near_(lif.V[0], -0.5, "lif's V", 0);
    near_(lif.V[1], -0.5 * exp(-0.1 / 8) + 0.25, "lif's V", 1);
    near_(spaic.V[0], 0, "lif's V under compat = spaic", 0);
    /* spaic: the reset of the step before */
    const double strong[6] = {30, 0, 0, 0, 0, 0};
    trace cc = run("constantcurrentlif", HEBB_P({"tau_m", 1}), 0.1, false, strong, 6);
    trace late = run("constantcurrentlif", HEBB_P({"tau_m", 1}), 0.1, true, strong, 6);
    assert_true(cc.O[0] == 1 && cc.V[0] == 0 && cc.O[1] == 0);
    assert_true(late.O[0] == 0 && late.O[1] == 1 && late.O[2] == 1 && late.O[3] == 0);
    near_(late.V[1], 3, "constantcurrentlif's V", 1);
    near_(late.V[2], 0, "constantcurrentlif's V", 2);
    trace plif = run("plif", NULL, 0.1, false, strong, 6);
    trace plate = run("plif", NULL, 0.1, true, strong, 6);
    assert_true(plif.O[0] == 1 && plif.V[0] == 0 && plif.O[1] == 0);
    assert_true(plate.O[0] == 1 && plate.V[0] == 15 && plate.O[1] == 1 && plate.V[1] == 0);
    assert_true(plate.O[2] == 0);
}

/* ---- forward: SPAIC 0.6.3's own numbers (float32), dt 0.1, defaults ------ */

static void golden(const char *name, const double *V, const char *O) {
    const double I[8] = {0, .6, .6, .6, 0, .9, 0, .9}; /* the encoder's hop costs a step */
    for (int spaic = 0; spaic < 2; spaic++) {
        trace r = run(name, NULL, 0.1, spaic, I, 8);
        for (int t = 0; t < 8; t++) {
            if (fabs(r.V[t] - V[t]) > 1e-5)
                fail_msg("%s: V is %g at step %d, SPAIC has %g", name, r.V[t], t, V[t]);
            if (r.O[t] != O[t] - '0') fail_msg("%s: O is %g at step %d", name, r.O[t], t);
        }
    }
}

static void golden_numbers(void **state) {
    (void)state;
    golden("lif", (const double[]){0, .6, 0, .6, .592547, 0, 0, .9}, "00100100");
    golden("if", (const double[]){0, .6, 0, .6, .6, 0, 0, .9}, "00100100");
    golden("clif", (const double[]){0, 0, .016701, .049755, .098824, .14687, .218962, .289543},
           "00000000");
    golden("pclif", (const double[]){0, .18, .45, .7578, .8937, 1.201338, .319409, .700391},
           "00000100");
    const double I[8] = {0, .6, .6, .6, 0, .9, 0, .9};
    trace clif = run("clif", NULL, 0.1, false, I, 8), two = run("clif2k", NULL, 0.1, false, I, 8);
    assert_true(fabs(clif.state[1][7] - 23.704014) < 1e-5);
    assert_true(fabs(clif.state[2][7] - 23.414471) < 1e-5);
    assert_true(fabs(two.V[7] - .187794) < 1e-5);
}

/* ---- gains through the public interface ----------------------------------- */

/* A group of three with these parameters, built; its V0 (or the failure) comes back. */
static hebb_status gain_of(const char *model, const hebb_param *params, double V0[3], size_t *count,
                           char *error) {
    hebb_ctx *ctx;
    hebb_net *net;
    size_t shape[4], ndim;
    assert_int_equal(hebb_ctx_create(NULL, &ctx), HEBB_OK);
    assert_int_equal(hebb_net_create(ctx, NULL, &net), HEBB_OK);
    hebb_group in = hebb_encoder(net, "input", 1, "float", NULL);
    hebb_group out = hebb_neurons(net, "layer1", 3, model, params);
    hebb_connect(net, "connection1", in, out, "full", NULL);
    hebb_status status = hebb_net_build(net);
    snprintf(error, 500, "%s", hebb_error(ctx));
    if (status >= 0) status = hebb_net_param_shape(net, "layer1.V0", shape, &ndim);
    if (status >= 0) *count = shape[0];
    if (status >= 0) status = hebb_net_get(net, "layer1.V0", V0, *count);
    hebb_ctx_free(ctx);
    return status;
}

static double gain(double slow, double fast) {
    double peak = slow * fast * log(slow / fast) / (slow - fast);
    return 1 / (exp(-peak / slow) - exp(-peak / fast));
}

static void gains_are_per_neuron_where_times_are(void **state) {
    (void)state;
    const double times[3] = {16, 4, 9};
    char error[500];
    double V0[3];
    size_t count = 0;
    hebb_param one[] = {{"tau_p", 10}, {.name = NULL}};
    assert_int_equal(gain_of("clif", one, V0, &count, error), HEBB_OK);
    assert_true(count == 1 && close_to(V0[0], gain(10, 8), 1e-6, 1));
    hebb_param many[] = {HEBB_NUMBERS("tau_p", times, 3), {.name = NULL}};
    assert_int_equal(gain_of("clif", many, V0, &count, error), HEBB_OK);
    assert_int_equal(count, 3);
    for (int j = 0; j < 3; j++) assert_true(close_to(V0[j], gain(times[j], 8), 1e-6, 1));
    hebb_param given[] = {
        HEBB_NUMBERS("tau_p", times, 3), {.name = "V0", .number = 2}, {.name = NULL}};
    assert_int_equal(gain_of("clif", given, V0, &count, error), HEBB_OK);
    assert_true(count == 1 && V0[0] == 2);
    hebb_param equal[] = {{"tau_p", 8}, {.name = NULL}};
    assert_int_equal(gain_of("aclif", equal, V0, &count, error), HEBB_E_RANGE);
    assert_non_null(strstr(error, "layer1: V0 has no default"));
}

/* ---- docs/neurons.md says what the tables say ---------------------------- */

static char *read_docs(void) {
    char path[1000];
    snprintf(path, sizeof path, "%s", __FILE__);
    char *end = strstr(path, "tests/test_neurons.c");
    assert_non_null(end);
    strcpy(end, "docs/neurons.md");
    FILE *file = fopen(path, "r");
    if (!file) fail_msg("no %s", path);
    char *text = calloc(1, 200000);
    assert_non_null(text);
    assert_true(fread(text, 1, 199999, file) > 1000);
    fclose(file);
    return text;
}

static void check_row(const char *page, const char *model, const hb_param_info *info) {
    char row[400], number[32], alias[60] = "", allowed[70];
    const char *at = info->flags & HB_ABOVE ? ">" : ">=";
    if (info->low == 0 || info->low == 1)
        snprintf(allowed, sizeof allowed, "%s %g", at, info->low);
    else
        snprintf(allowed, sizeof allowed, "any");
    if (info->high < HB_INF) {
        char low[32];
        hb_number_text(low, info->low);
        snprintf(allowed, sizeof allowed, "%s .. %s", low, hb_number_text(number, info->high));
    }
    if (info->aliases) snprintf(alias, sizeof alias, ", `%s`", info->aliases);
    snprintf(row, sizeof row, "| `%s`%s | %s | %s | %s | %s | %s |\n", info->name, alias,
             info->unit,
             info->flags & HB_UNSET ? info->def_text
             : info->def_text       ? info->def_text
                                    : hb_number_text(number, info->def),
             allowed,
             info->flags & HB_TRAINED     ? "with its group"
             : info->flags & HB_TRAINABLE ? "by name"
                                          : "no",
             info->doc);
    if (!strstr(page, row)) fail_msg("docs/neurons.md, %s: no row %s", model, row);
}

static void docs_say_what_the_tables_say(void **state) {
    (void)state;
    char *docs = read_docs();
    size_t pages = 0;
    for (const char *at = docs; (at = strstr(at, "\n## `")); at++) pages++;
    assert_int_equal(pages, hb_model_count_f64);
    for (size_t i = 0; i < hb_model_count_f64; i++) {
        const hb_model *model = hb_models_f64[i];
        const hb_component *c = model->component;
        char title[60];
        snprintf(title, sizeof title, "\n## `%s`\n", c->name);
        char *page = strstr(docs, title), *next = page ? strstr(page + 1, "\n## ") : NULL;
        if (!page) fail_msg("docs/neurons.md has no section on %s", c->name);
        if (next) *next = 0;
        for (size_t p = 0; p < c->param_count; p++) check_row(page, c->name, &c->params[p]);
        for (size_t s = 0; s < model->state_count; s++) {
            char name[40];
            snprintf(name, sizeof name, "`%.*s`", (int)strcspn(model->states[s], "|"),
                     model->states[s]);
            if (!strstr(page, name)) fail_msg("docs/neurons.md, %s: no %s", c->name, name);
        }
        assert_non_null(strstr(page, c->source));
        if (next) *next = '\n';
    }
    free(docs);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(backward_is_the_derivative_of_forward),
        cmocka_unit_test(detach_leaves_the_spike_alone),
        cmocka_unit_test(impulses_decay),
        cmocka_unit_test(steady_inputs_charge),
        cmocka_unit_test(gains_normalise_the_peak),
        cmocka_unit_test(resets_decay),
        cmocka_unit_test(nonspikinglif_is_three_exponentials),
        cmocka_unit_test(spikes_reset),
        cmocka_unit_test(golden_numbers),
        cmocka_unit_test(gains_are_per_neuron_where_times_are),
        cmocka_unit_test(docs_say_what_the_tables_say),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}

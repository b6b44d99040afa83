/* The neurons of plasticity in the engine: against plain scalar models over random currents,
 * against closed forms; what a group keeps over runs; refractory times. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "hebb/hebb.h"
#include "numeric.h"

enum { N = 5, B = 4, T = 400, SHOWN = 5 };

#define MUST(r, call)                                                                              \
    do {                                                                                           \
        hebb_status must_ = (call);                                                                \
        if (must_ < 0) fail_msg("%s: %s", #call, hebb_error((r)->ctx));                            \
    } while (0)

/* N neurons that get what data says in the same step, by one or two inputs. */
typedef struct rig {
    hebb_ctx *ctx;
    hebb_net *net;
    const char *shown[SHOWN + 1]; /* monitored */
    bool two;
    float data[2][T * B * N];
    const double *seen[SHOWN];
} rig;

typedef struct setting {
    const char *model, *compat, *precision;
    const hebb_param *params;
    double dt;
    int threads;
} setting;

static rig *rig_make(const setting *s, const char *const *shown) {
    rig *r = calloc(1, sizeof *r);
    assert_non_null(r);
    hebb_ctx_options ctx = hebb_ctx_options_default();
    ctx.threads = s->threads ? s->threads : 1;
    assert_int_equal(hebb_ctx_create(&ctx, &r->ctx), HEBB_OK);
    hebb_net_options o = hebb_net_options_default();
    o.dt = s->dt > 0 ? s->dt : 1;
    o.latency = "same_step";
    o.precision = s->precision ? s->precision : "double";
    if (s->compat) o.compat = s->compat;
    MUST(r, hebb_net_create(r->ctx, &o, &r->net));
    r->two = !strncmp(s->model, "diehl_cook", 10);
    hebb_group out = hebb_neurons(r->net, "layer1", N, s->model, s->params);
    for (int i = 0; i <= r->two; i++) {
        const char *into = !r->two ? "Isyn" : i ? "gi" : "ge";
        hebb_group in = hebb_encoder(r->net, i ? "in2" : "in1", N, "null", NULL);
        hebb_connect(r->net, i ? "c2" : "c1", in, out, "one_to_one",
                     HEBB_P({"weight", 1}, HEBB_STR("post_var_name", into)));
    }
    for (size_t i = 0; i < SHOWN && shown[i]; i++) {
        r->shown[i] = shown[i];
        hebb_state_monitor(r->net, shown[i], "layer1", shown[i], NULL);
    }
    MUST(r, hebb_net_build(r->net));
    return r;
}

static void rig_free(rig *r) {
    hebb_ctx_free(r->ctx);
    free(r);
}

static void draw(rig *r, dice *d, double low, double high, bool whole) {
    for (int i = 0; i < 2; i++)
        for (size_t k = 0; k < T * B * N; k++) {
            double x = dice_between(d, low, high);
            r->data[i][k] = (float)(whole ? floor(x) : x);
        }
}

static void rig_run(rig *r, size_t steps, size_t batch, double dt) {
    MUST(r, hebb_net_input(r->net, "in1", r->data[0], batch, steps * N));
    if (r->two) MUST(r, hebb_net_input(r->net, "in2", r->data[1], batch, steps * N));
    MUST(r, hebb_net_run(r->net, (double)steps * dt));
    for (size_t i = 0; i < SHOWN && r->shown[i]; i++) {
        size_t shape[3];
        MUST(r, hebb_monitor_values(r->net, r->shown[i], &r->seen[i], NULL, shape));
        assert_true(shape[0] == steps && shape[1] == batch && shape[2] == N);
    }
}

/* ---- plain models ---------------------------------------------------------- */

/* One neuron, all samples of the batch. kept: theta or thresh, one for all of them. */
typedef struct cell {
    double V[B], ge[B], gi[B], O[B], level;
    int left[B];
    double kept;
} cell;

typedef void plain(cell *c, size_t batch, const double *I, const double *I2, bool learns);

static void plain_ex(cell *c, size_t batch, const double *I, const double *I2, bool learns) {
    (void)I2;
    double theta = exp(-1e-7) * c->kept, sum = 0;
    c->level = -52 + theta;
    for (size_t b = 0; b < batch; b++) {
        double u = exp(-0.01) * (c->V[b] + 65) - 65 + I[b];
        c->O[b] = u > c->level;
        c->V[b] = u > c->level ? -60 : u;
        sum += c->O[b];
    }
    if (learns) c->kept = theta + 0.05 * sum;
}
static void plain_alif(cell *c, size_t batch, const double *I, const double *I2, bool learns) {
    (void)I2;
    double theta = exp(-1e-5) * c->kept, sum = 0;
    c->level = 2 + theta;
    for (size_t b = 0; b < batch; b++) {
        double u = exp(-0.01) * c->V[b] + I[b];
        c->O[b] = u > c->level;
        c->V[b] = u > c->level ? u - 2 : u;
        sum += c->O[b];
    }
    if (learns) c->kept = theta + 0.001 * c->level * sum;
}
static void plain_ih(cell *c, size_t batch, const double *I, const double *I2, bool learns) {
    (void)I2, (void)learns;
    for (size_t b = 0; b < batch; b++) {
        double u = exp(-0.1) * (c->V[b] + 60) - 60 + I[b];
        c->O[b] = u > -40;
        c->V[b] = u > -40 ? -45 : u;
    }
}
static double halves(double x, int times) { return floor(ldexp(x, -times)); }
static void plain_dc(cell *c, size_t batch, const double *I, const double *I2, bool learns) {
    (void)I2;
    double thresh = c->kept > 4915 ? halves(c->kept, 1) : c->kept, sum = 0;
    c->level = thresh;
    for (size_t b = 0; b < batch; b++) {
        double x = trunc(I[b]);
        x = x < -32767 ? -32767 : x > 32767 ? 32767 : x;
        double v = halves(1013 * c->V[b], 10);
        if (c->left[b] <= 0) v += halves(154 * x, 10);
        c->left[b]--;
        c->O[b] = v > thresh;
        if (v > thresh) v = 0, c->left[b] = 5;
        c->V[b] = v < -32767 ? -32767 : v;
        sum += c->O[b];
    }
    if (learns) c->kept = thresh + 66 * sum;
}
static void plain_int(cell *c, size_t batch, const double *I, const double *I2, bool learns) {
    (void)I2, (void)learns;
    for (size_t b = 0; b < batch; b++) {
        double v = halves(3 * (c->V[b] - 7), 2) + 7; /* decay 3, shift 2, rest 7, thresh 40 */
        if (c->left[b] <= 0) v += trunc(I[b]);
        c->left[b]--;
        c->O[b] = v >= 40;
        if (v >= 40) v = -9, c->left[b] = 5;
        c->V[b] = v;
    }
}
/* dt 0.5: 10 and 4 refractory steps. */
static void conduct(cell *c, size_t b, double I, double I2, double rest, double E_inh, double tau,
                    double thresh, double reset, int refrac) {
    c->ge[b] = c->ge[b] * exp(-0.5) + I;
    c->gi[b] = c->gi[b] * exp(-0.25) + I2;
    c->O[b] = 0;
    if (c->left[b]) {
        c->left[b]--;
        return;
    }
    /* V' - V = dt/tau (rest - V' + ge (0 - V') + gi (E_inh - V')) */
    double g = 1 + c->ge[b] + c->gi[b], drive = rest + c->gi[b] * E_inh;
    c->V[b] += 0.5 / tau * (drive - g * c->V[b]) / (1 + 0.5 / tau * g);
    if (c->V[b] <= thresh) return;
    c->O[b] = 1;
    c->V[b] = reset;
    c->left[b] = refrac;
}
static void plain_exc(cell *c, size_t batch, const double *I, const double *I2, bool learns) {
    double sum = 0;
    for (size_t b = 0; b < batch; b++) {
        conduct(c, b, I[b], I2[b], -65, -100, 100, c->kept - 20 - 52, -65, 10);
        sum += c->O[b];
    }
    if (learns) c->kept += 0.05 * sum + expm1(-0.5 / 1e7) * c->kept;
}
static void plain_inh(cell *c, size_t batch, const double *I, const double *I2, bool learns) {
    (void)learns;
    for (size_t b = 0; b < batch; b++) conduct(c, b, I[b], I2[b], -60, -85, 10, -40, -45, 4);
}

static const struct model {
    const char *name, *kept;
    const char *shown[SHOWN + 1];
    plain *step;
    double dt, rest, first, low, high;
    bool whole;
} models[] = {
    {"lifstdp_ex", "theta", {"V", "O", "theta", "Vth_theta"}, plain_ex, 1, -65, 0, -3, 5, false},
    {"alifstdp_ex", "theta", {"V", "O", "theta", "Vth_theta"}, plain_alif, 1, 0, 0, -0.3, 1, false},
    {"lifstdp_ih", NULL, {"V", "O"}, plain_ih, 1, -60, 0, -6, 12, false},
    {"diehlandcook",
     "thresh",
     {"V", "O", "thresh", "refrac_count"},
     plain_dc,
     1,
     0,
     213,
     -2000,
     40000,
     true},
    {"lifint", NULL, {"V", "O", "refrac_count"}, plain_int, 1, 0, 0, -10, 40, true},
    {"diehl_cook_exc",
     "theta",
     {"V", "O", "theta", "ge", "gi"},
     plain_exc,
     0.5,
     -65,
     20,
     -0.2,
     1,
     false},
    {"diehl_cook_inh", NULL, {"V", "O", "ge", "gi"}, plain_inh, 0.5, -60, 0, -0.2, 1, false},
};
enum { MODELS = sizeof models / sizeof models[0] };

static rig *rig_of(const struct model *m, const char *precision, int threads) {
    setting s = {.model = m->name, .dt = m->dt, .precision = precision, .threads = threads};
    const hebb_param *lifint =
        HEBB_P({"decay", 3}, {"shift_voltage", 2}, {"v_rest", 7}, {"v_reset", -9}, {"thresh", 40});
    if (!strcmp(m->name, "lifint")) s.params = lifint;
    return rig_make(&s, m->shown);
}

static double shown_by(const cell *c, const char *variable, size_t b) {
    if (!strcmp(variable, "V")) return c->V[b];
    if (!strcmp(variable, "O")) return c->O[b];
    if (!strcmp(variable, "ge")) return c->ge[b];
    if (!strcmp(variable, "gi")) return c->gi[b];
    if (!strcmp(variable, "refrac_count")) return c->left[b];
    if (!strcmp(variable, "Vth_theta")) return c->level;
    return c->kept;
}

static void rest(cell *cells, const struct model *m) {
    for (size_t j = 0; j < N; j++) {
        double kept = cells[j].kept;
        memset(&cells[j], 0, sizeof cells[j]);
        cells[j].kept = kept;
        for (size_t b = 0; b < B; b++) cells[j].V[b] = m->rest;
    }
}

/* Negative conductances are none; only ge is often there. */
static void conductances(rig *r) {
    for (int i = 0; r->two && i < 2; i++)
        for (size_t k = 0; k < T * B * N; k++) {
            float x = r->data[i][k] * (i ? 0.3F : 1.2F);
            r->data[i][k] = x > 0 ? x : 0;
        }
}

/* A run of the engine beside the plain model; returns the spikes. */
static size_t compare_run(rig *r, const struct model *m, cell *cells, dice *d, size_t steps,
                          size_t batch, bool learns) {
    size_t fired = 0;
    draw(r, d, m->low, m->high, m->whole);
    conductances(r);
    MUST(r, hebb_net_train(r->net, learns));
    rig_run(r, steps, batch, m->dt);
    rest(cells, m);
    for (size_t t = 0; t < steps; t++)
        for (size_t j = 0; j < N; j++) {
            double I[B], I2[B];
            for (size_t b = 0; b < batch; b++) {
                I[b] = (double)r->data[0][(t * batch + b) * N + j];
                I2[b] = (double)r->data[1][(t * batch + b) * N + j];
            }
            m->step(&cells[j], batch, I, I2, learns);
            for (size_t i = 0; i < SHOWN && r->shown[i]; i++)
                for (size_t b = 0; b < batch; b++) {
                    double got = r->seen[i][(t * batch + b) * N + j];
                    double wanted = shown_by(&cells[j], r->shown[i], b);
                    if (!close_to(got, wanted, 1e-10, 1))
                        fail_msg("%s: %s[%zu][%zu][%zu] is %.15g, must be %.15g", m->name,
                                 r->shown[i], t, b, j, got, wanted);
                }
            for (size_t b = 0; b < batch; b++) fired += cells[j].O[b] > 0;
        }
    return fired;
}

/* Batches of several sizes, learning and not: what is kept goes on from run to run, and stands
 * still while nothing is learned. */
static void models_are_the_plain_ones(void **state) {
    (void)state;
    static const struct {
        size_t steps, batch;
        bool learns;
    } runs[] = {{T, 2, true}, {T / 2, B, true}, {60, 1, true}, {T, 3, false}, {T, 3, true}};
    dice d = {31};
    for (size_t i = 0; i < MODELS; i++) {
        const struct model *m = &models[i];
        for (int threads = 1; threads <= 2; threads++) {
            rig *r = rig_of(m, NULL, threads);
            cell cells[N];
            size_t fired = 0, places = 0;
            double before[N], after[N];
            for (size_t j = 0; j < N; j++) cells[j].kept = m->first;
            for (size_t k = 0; k < sizeof runs / sizeof runs[0]; k++) {
                if (m->kept) {
                    char name[40];
                    snprintf(name, sizeof name, "layer1.%s", m->kept);
                    MUST(r, hebb_net_get(r->net, name, before, N));
                    fired +=
                        compare_run(r, m, cells, &d, runs[k].steps, runs[k].batch, runs[k].learns);
                    MUST(r, hebb_net_get(r->net, name, after, N));
                    for (size_t j = 0; j < N; j++)
                        assert_true(close_to(after[j], cells[j].kept, 1e-10, 1));
                    if (!runs[k].learns) assert_memory_equal(before, after, sizeof before);
                    if (runs[k].learns) assert_true(memcmp(before, after, sizeof before));
                } else
                    fired +=
                        compare_run(r, m, cells, &d, runs[k].steps, runs[k].batch, runs[k].learns);
                places += runs[k].steps * runs[k].batch * N;
            }
            if (fired < places / 200 || fired > places / 2)
                fail_msg("%s: %zu spikes in %zu places prove little", m->name, fired, places);
            rig_free(r);
        }
    }
}

/* Floats hold whole numbers exactly: the integer models are the same in both precisions. */
static void whole_numbers_are_exact_in_floats(void **state) {
    (void)state;
    dice d = {32};
    for (size_t i = 0; i < MODELS; i++) {
        if (!models[i].whole) continue;
        rig *r = rig_of(&models[i], "float", 1);
        cell cells[N];
        for (size_t j = 0; j < N; j++) cells[j].kept = models[i].first;
        for (int k = 0; k < 4; k++) compare_run(r, &models[i], cells, &d, T, 3, true);
        rig_free(r);
    }
}

/* ---- closed forms ---------------------------------------------------------- */

/* In the first step of one sample. */
static void impulse(rig *r, int input, double value) {
    memset(r->data, 0, sizeof r->data);
    for (size_t j = 0; j < N; j++) r->data[input][j] = (float)value;
}

static void conductances_decay(void **state) {
    (void)state;
    setting s = {.model = "diehl_cook_inh", .dt = 0.5};
    rig *r = rig_make(&s, (const char *[]){"ge", "gi", "V", NULL});
    for (int input = 0; input < 2; input++) {
        impulse(r, input, 0.25);
        rig_run(r, 60, 1, 0.5);
        for (int t = 0; t < 60; t++) {
            double wanted = 0.25 * exp(-t * 0.5 / (input ? 2 : 1));
            assert_true(close_to(r->seen[input][t * N], wanted, 1e-12, 1e-30));
            assert_true(r->seen[!input][t * N] == 0);
        }
    }
    /* ge drives V up, gi down; without either V stays */
    assert_true(r->seen[2][10 * N] < -60);
    impulse(r, 0, 0.25);
    rig_run(r, 60, 1, 0.5);
    assert_true(r->seen[2][10 * N] > -60);
    memset(r->data, 0, sizeof r->data);
    rig_run(r, 60, 1, 0.5);
    for (int t = 0; t < 60; t++) assert_true(r->seen[2][t * N] == -60);
    rig_free(r);
}

/* Under steady conductances V goes to their weighted mean, by 1/(1 + dt/tau g) in a step. */
static void potentials_settle(void **state) {
    (void)state;
    setting s = {
        .model = "diehl_cook_exc", .dt = 0.5, .params = HEBB_P({"tau_ge", 1e12}, {"tau_gi", 1e12})};
    rig *r = rig_make(&s, (const char *[]){"V", "O", NULL});
    for (size_t j = 0; j < N; j++) r->data[0][j] = 0.1F, r->data[1][j] = 0.75F;
    rig_run(r, T, 1, 0.5);
    double ge = (double)0.1F, g = 1 + ge + 0.75, end = (-65 - 75) / g, left = -65 - end;
    for (int t = 0; t < T; t++) {
        left /= 1 + 0.005 * g;
        if (!close_to(r->seen[0][t * N], end + left, 1e-9, 1))
            fail_msg("V is %.12g at step %d, must be %.12g", r->seen[0][t * N], t, end + left);
        assert_true(r->seen[1][t * N] == 0);
    }
    rig_free(r);
}

/* Driven far above the threshold in each step, a neuron fires again after refrac/dt + 1 steps. */
static void refractory_times_are_exact(void **state) {
    (void)state;
    static const struct {
        const char *model, *param;
        double value, dt, drive;
        int period;
    } cases[] = {
        {"diehl_cook_exc", "refrac", 5, 0.5, 1e4, 11},
        {"diehl_cook_exc", "refrac", 5, 1, 1e4, 6},
        {"diehl_cook_exc", "refrac", 5, 0.1, 1e5, 51},
        {"diehl_cook_exc", "refrac", 0.3, 0.1, 1e5, 4},
        {"diehl_cook_exc", "refrac", 0, 1, 1e4, 1},
        {"diehl_cook_inh", "refrac", 2, 0.5, 1e4, 5},
        {"diehl_cook_inh", "refrac", 2.2, 0.5, 1e4, 6},
        {"diehlandcook", "reset_refrac", 5, 1, 30000, 6},
        {"diehlandcook", "reset_refrac", 0, 1, 30000, 1},
        {"lifint", "reset_refrac", 3, 1, 9, 4},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        setting s = {.model = cases[i].model, .dt = cases[i].dt};
        hebb_param params[] = {{cases[i].param, cases[i].value}, {.name = NULL}};
        s.params = params;
        s.precision = i % 2 ? "float" : "double";
        rig *r = rig_make(&s, (const char *[]){"O", "V", NULL});
        MUST(r, hebb_net_train(r->net, 0)); /* no threshold runs away */
        for (size_t k = 0; k < T * N; k++) r->data[0][k] = (float)cases[i].drive;
        rig_run(r, T, 1, cases[i].dt);
        for (int t = 0; t < T; t++)
            if (r->seen[0][t * N] != (t % cases[i].period == 0))
                fail_msg("%s, %s = %g, dt %g: O is %g at step %d", cases[i].model, cases[i].param,
                         cases[i].value, cases[i].dt, r->seen[0][t * N], t);
        rig_free(r);
    }
}

/* A decay of 5e-8 a step is lost in floats; theta is kept in doubles whatever the precision. */
static void slow_decays_are_not_lost(void **state) {
    (void)state;
    setting s = {.model = "diehl_cook_exc", .dt = 0.5, .precision = "float"};
    rig *r = rig_make(&s, (const char *[]){NULL});
    double theta[N];
    memset(r->data, 0, sizeof r->data);
    for (int run = 0; run < 100; run++) rig_run(r, T, 1, 0.5);
    MUST(r, hebb_net_get(r->net, "layer1.theta", theta, N));
    double wanted = -20 * expm1(-100.0 * T * 0.5 / 1e7); /* what it has lost */
    assert_true(close_to(20 - theta[0], wanted, 1e-4, 1e-9));
    rig_free(r);
}

/* ---- what is kept ---------------------------------------------------------- */

static void kept_values_are_saved(void **state) {
    (void)state;
    char path[] = "/tmp/hebb-kept-XXXXXX";
    int file = mkstemp(path);
    assert_true(file >= 0);
    close(file);
    dice d = {33};
    for (size_t i = 0; i < MODELS; i++) {
        const struct model *m = &models[i];
        if (!m->kept) continue;
        rig *r = rig_of(m, "float", 1), *other = rig_of(m, "float", 1);
        cell cells[N];
        char name[40];
        double values[N], loaded[N];
        snprintf(name, sizeof name, "layer1.%s", m->kept);
        draw(r, &d, m->low, m->high, m->whole);
        conductances(r);
        (void)cells;
        rig_run(r, T, B, m->dt);
        MUST(r, hebb_net_get(r->net, name, values, N));
        for (size_t j = 0; j < N; j++) assert_true(values[j] != m->first);
        MUST(r, hebb_net_save(r->net, path));
        MUST(other, hebb_net_load(other->net, path));
        MUST(other, hebb_net_get(other->net, name, loaded, N));
        assert_memory_equal(values, loaded, sizeof values);
        /* and acts: the same run ends in the same bits */
        memcpy(other->data, r->data, sizeof r->data);
        rig_run(r, T, B, m->dt);
        rig_run(other, T, B, m->dt);
        MUST(r, hebb_net_get(r->net, name, values, N));
        MUST(other, hebb_net_get(other->net, name, loaded, N));
        assert_memory_equal(values, loaded, sizeof values);
        rig_free(r);
        rig_free(other);
    }
    unlink(path);
}

/* What is set counts from the next run on, and hebb_net_reset leaves it. */
static void kept_values_can_be_set(void **state) {
    (void)state;
    setting s = {.model = "lifstdp_ex"};
    rig *r = rig_make(&s, (const char *[]){"theta", "Vth_theta", NULL});
    const double given[N] = {1, 2, 3, 4, 5};
    double got[N];
    memset(r->data, 0, sizeof r->data);
    MUST(r, hebb_net_set(r->net, "layer1.theta", given, N));
    MUST(r, hebb_net_reset(r->net));
    MUST(r, hebb_net_get(r->net, "layer1.theta", got, N));
    assert_memory_equal(given, got, sizeof got);
    rig_run(r, 1, B, 1);
    for (size_t b = 0; b < B; b++)
        for (size_t j = 0; j < N; j++) {
            assert_true(close_to(r->seen[0][b * N + j], given[j] * exp(-1e-7), 1e-14, 1));
            assert_true(close_to(r->seen[1][b * N + j], -52 + given[j] * exp(-1e-7), 1e-14, 1));
        }
    rig_free(r);
}

/* Under compat = "spaic" theta is each sample's, lasts, and is no parameter; it does not learn
 * while learning is off. */
static void spaic_keeps_theta_by_sample(void **state) {
    (void)state;
    static const char *const names[] = {"lifstdp_ex", "alifstdp_ex", "diehl_cook_exc"};
    for (size_t i = 0; i < 3; i++) {
        setting s = {.model = names[i], .compat = "spaic"};
        rig *r = rig_make(&s, (const char *[]){"theta", "O", NULL});
        double got[N], last[2];
        assert_int_equal(hebb_net_get(r->net, "layer1.theta", got, N), HEBB_E_NAME);
        for (size_t t = 0; t < 20; t++) /* sample 1 gets more */
            for (size_t j = 0; j < N; j++)
                r->data[0][(t * 2) * N + j] = 2, r->data[0][(t * 2 + 1) * N + j] = 60;
        rig_run(r, 20, 2, 1);
        for (int b = 0; b < 2; b++) last[b] = r->seen[0][(19 * 2 + b) * N];
        if (last[1] <= last[0]) fail_msg("%s: %g, %g", names[i], last[0], last[1]);
        memset(r->data, 0, sizeof r->data);
        rig_run(r, 1, 2, 1);
        for (int b = 0; b < 2; b++) assert_true(close_to(r->seen[0][b * N], last[b], 1e-4, 1e-6));
        MUST(r, hebb_net_train(r->net, 0));
        double before = r->seen[0][N];
        for (size_t k = 0; k < 20 * 2 * N; k++) r->data[0][k] = 60;
        rig_run(r, 20, 2, 1);
        double fired = 0;
        for (int t = 0; t < 20; t++) {
            assert_true(r->seen[0][(t * 2 + 1) * N] == before);
            fired += r->seen[1][(t * 2 + 1) * N];
        }
        assert_true(fired > 0);
        rig_free(r);
    }
}

/* ---- what is refused ------------------------------------------------------- */

static hebb_status build(const char *model, const hebb_param *params, const char *input, bool learn,
                         char error[500]) {
    hebb_ctx *ctx;
    hebb_net *net;
    hebb_learner *learner;
    assert_int_equal(hebb_ctx_create(NULL, &ctx), HEBB_OK);
    assert_int_equal(hebb_net_create(ctx, NULL, &net), HEBB_OK);
    hebb_group in = hebb_encoder(net, "input", 2, "float", NULL);
    hebb_group out = hebb_neurons(net, "layer1", 2, model, params);
    hebb_connect(net, "connection1", in, out, "full",
                 input ? HEBB_P(HEBB_STR("post_var_name", input)) : NULL);
    hebb_decode(net, "output", out, "spike_counts", NULL);
    if (learn) hebb_learner_create(net, "STCA", HEBB_ALL, NULL, &learner);
    hebb_status status = hebb_net_build(net);
    snprintf(error, 500, "%s", hebb_error(ctx));
    hebb_ctx_free(ctx);
    return status;
}

static void what_cannot_be_is_refused(void **state) {
    (void)state;
    static const char *const silent[] = {"diehlandcook", "lifint", "diehl_cook_exc",
                                         "diehl_cook_inh"};
    static const char *const passing[] = {"lifstdp_ex", "alifstdp_ex", "lifstdp_ih"};
    char error[500];
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(build(silent[i], NULL, NULL, false, error), HEBB_OK);
        assert_int_equal(build(silent[i], NULL, NULL, true, error), HEBB_E_UNSUPPORTED);
        assert_non_null(strstr(error, silent[i]));
    }
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(build(passing[i], NULL, NULL, true, error), HEBB_OK);
        assert_int_equal(build(passing[i], NULL, "ge", false, error), HEBB_E_NAME);
    }
    assert_int_equal(build("diehl_cook_exc", NULL, "gi", false, error), HEBB_OK);
    assert_true(build("diehl_cook_exc", NULL, "g", false, error) < 0);
    assert_int_equal(build("diehl_cook_exc", NULL, "Isyn", false, error), HEBB_E_NAME);
    assert_non_null(strstr(error, "ge or gi"));
    assert_int_equal(build("lifint", HEBB_P({"decay", 1.5}), NULL, false, error), HEBB_E_RANGE);
    assert_int_equal(build("diehl_cook_exc", HEBB_P({"tau_gi", 0}), NULL, false, error),
                     HEBB_E_RANGE);
    assert_int_equal(build("lifstdp_ex", HEBB_P({"decay_th", 1.1}), NULL, false, error),
                     HEBB_E_RANGE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(models_are_the_plain_ones),
        cmocka_unit_test(whole_numbers_are_exact_in_floats),
        cmocka_unit_test(conductances_decay),
        cmocka_unit_test(potentials_settle),
        cmocka_unit_test(refractory_times_are_exact),
        cmocka_unit_test(slow_decays_are_not_lost),
        cmocka_unit_test(kept_values_are_saved),
        cmocka_unit_test(kept_values_can_be_set),
        cmocka_unit_test(spaic_keeps_theta_by_sample),
        cmocka_unit_test(what_cannot_be_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

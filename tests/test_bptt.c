/* Hard spikes, long runs: an oracle of its own, plain loops in double precision over
 * the published equations, against the library in float and in double; truncation;
 * the same bits at any number of threads and in either schedule. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "hebb/hebb.h"
#include "numeric.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { T = 50, B = 3, IN = 70, H = 66, OUT = 5, WIDE = 70 };

/* ---- the oracle --------------------------------------------------------- */

typedef struct numbers { /* of one layer: values, or their gradients */
    double w[WIDE][WIDE], rec[WIDE][WIDE], bias[WIDE];
    double tau_m, tau_p, tau_q, v_th, V0;
} numbers;

typedef struct layer {
    size_t n, from;
    bool clif, recurrent;
    numbers p, g;
    double I[T][WIDE], u[T][WIDE], o[T][WIDE]; /* u: what the threshold sees */
    double before[T][4][WIDE];                 /* V or M, S, E before the step */
    double delta[T + 1][WIDE];                 /* d loss / d I */
} layer;

typedef struct oracle {
    layer l[2];
    const char *rule; /* STCA, STBP, sbp */
    bool paper;       /* the window's scale */
    int truncate;     /* 0: never */
    double x[T][WIDE], counts[B][OUT], loss;
    unsigned char spikes[2][T][B][WIDE];
} oracle;

static double window(const oracle *k, double u) {
    const double pi = acos(-1);
    if (!strcmp(k->rule, "STCA")) return (fabs(u) < 0.5) * (k->paper ? 2 : 1); /* alpha = 0.5 */
    if (!strcmp(k->rule, "STBP")) return exp(-u * u) / (k->paper ? sqrt(pi) : pi);
    return 1 / (1 + pow(pi * u, 2)); /* atan, alpha = 2 */
}

/* I[t] = W o_pre[t-1] + W_rec o[t-1] + bias, then the neuron's equations; dt = 1. */
static void forward_layer(layer *l, const double (*pre)[WIDE]) {
    double state[4][WIDE] = {{0}};
    double d = exp(-1 / l->p.tau_m), dp = exp(-1 / l->p.tau_p), dq = exp(-1 / l->p.tau_q);
    for (int t = 0; t < T; t++)
        for (size_t j = 0; j < l->n; j++) {
            double I = l->p.bias[j];
            for (size_t i = 0; t && i < l->from; i++) I += l->p.w[j][i] * pre[t - 1][i];
            for (size_t i = 0; t && l->recurrent && i < l->n; i++)
                I += l->p.rec[j][i] * l->o[t - 1][i];
            for (int s = 0; s < 4; s++) l->before[t][s][j] = state[s][j];
            l->I[t][j] = I;
            if (!l->clif) {
                double u = d * state[0][j] + I;
                l->u[t][j] = u, l->o[t][j] = u > l->p.v_th;
                state[0][j] = u > l->p.v_th ? 0 : u;
                continue;
            }
            double M = dp * state[0][j] + l->p.V0 * I, S = dq * state[1][j] + l->p.V0 * I;
            double V = M - S - state[2][j];
            l->u[t][j] = V, l->o[t][j] = V > l->p.v_th;
            state[0][j] = M, state[1][j] = S;
            state[2][j] = d * state[2][j] + l->p.v_th * l->o[t][j];
        }
}

/* One neuron, one step back: adj holds d loss / d state after the step, then before it. */
static double back_neuron(const oracle *k, layer *l, int t, size_t j, double dO, double adj[3]) {
    double d = exp(-1 / l->p.tau_m), dp = exp(-1 / l->p.tau_p), dq = exp(-1 / l->p.tau_q);
    double slope_d = d / pow(l->p.tau_m, 2), g = window(k, l->u[t][j] - l->p.v_th);
    if (!l->clif) {
        double delta = dO * g + adj[0] * (1 - l->o[t][j]);
        l->g.tau_m += delta * l->before[t][0][j] * slope_d;
        l->g.v_th -= dO * g;
        adj[0] = d * delta;
        return delta;
    }
    double dv = (dO + l->p.v_th * adj[2]) * g;
    l->g.v_th += adj[2] * l->o[t][j] - dv;
    l->g.tau_m += adj[2] * l->before[t][2][j] * slope_d;
    double dm = adj[0] + dv, ds = adj[1] - dv;
    l->g.tau_p += dm * l->before[t][0][j] * dp / pow(l->p.tau_p, 2);
    l->g.tau_q += ds * l->before[t][1][j] * dq / pow(l->p.tau_q, 2);
    l->g.V0 += (dm + ds) * l->I[t][j];
    adj[0] = dp * dm, adj[1] = dq * ds, adj[2] = d * adj[2] - dv;
    return l->p.V0 * (dm + ds);
}

/* dO[t] = what this spike drove at t + 1, here and in the layer above (or the loss). */
static void back_layer(const oracle *k, layer *l, const double (*pre)[WIDE], const layer *above,
                       const double *dcount) {
    double adj[WIDE][3] = {{0}};
    memset(l->delta, 0, sizeof l->delta);
    for (int t = T - 1; t >= 0; t--) {
        bool cut = k->truncate && (t + 1) % k->truncate == 0; /* between t and t + 1 */
        for (size_t j = 0; j < l->n; j++) {
            double dO = dcount ? dcount[j] : 0;
            for (size_t i = 0; above && i < above->n; i++)
                dO += above->p.w[i][j] * above->delta[t + 1][i];
            for (size_t i = 0; l->recurrent && !cut && i < l->n; i++)
                dO += l->p.rec[i][j] * l->delta[t + 1][i];
            if (cut) adj[j][0] = adj[j][1] = adj[j][2] = 0;
            l->delta[t][j] = back_neuron(k, l, t, j, dO, adj[j]);
            l->g.bias[j] += l->delta[t][j];
            for (size_t i = 0; t && i < l->from; i++)
                l->g.w[j][i] += l->delta[t][j] * pre[t - 1][i];
            for (size_t i = 0; t && l->recurrent && i < l->n; i++)
                l->g.rec[j][i] += l->delta[t][j] * l->o[t - 1][i];
        }
    }
}

/* Mean cross-entropy of the spike counts; gradients go to l[].g. input: [T][B][IN]. */
static void run_oracle(oracle *k, const double *input, const int32_t *labels) {
    k->loss = 0;
    memset(&k->l[0].g, 0, sizeof k->l[0].g);
    memset(&k->l[1].g, 0, sizeof k->l[1].g);
    for (int b = 0; b < B; b++) {
        double *count = k->counts[b], dcount[OUT], sum = 0;
        for (int t = 0; t < T; t++) memcpy(k->x[t], input + (t * B + b) * IN, IN * sizeof *input);
        forward_layer(&k->l[0], (const double(*)[WIDE])k->x);
        forward_layer(&k->l[1], (const double(*)[WIDE])k->l[0].o);
        memset(count, 0, OUT * sizeof *count);
        for (int t = 0; t < T; t++)
            for (int j = 0; j < OUT; j++) count[j] += k->l[1].o[t][j];
        for (int q = 0; q < 2; q++)
            for (int t = 0; t < T; t++)
                for (size_t j = 0; j < k->l[q].n; j++) k->spikes[q][t][b][j] = k->l[q].o[t][j] > 0;
        for (int j = 0; j < OUT; j++) sum += exp(count[j]);
        for (int j = 0; j < OUT; j++) dcount[j] = (exp(count[j]) / sum - (j == labels[b])) / B;
        k->loss += (log(sum) - count[labels[b]]) / B;
        back_layer(k, &k->l[1], (const double(*)[WIDE])k->l[0].o, NULL, dcount);
        back_layer(k, &k->l[0], (const double(*)[WIDE])k->x, &k->l[1], NULL);
    }
}

/* ---- the same network in the library ------------------------------------ */

typedef struct setting {
    bool clif1, clif2, recurrent, poisson, paper;
    const char *rule, *precision, *schedule;
    int truncate, threads;
    uint64_t seed;
} setting;

typedef struct built {
    hebb_ctx *ctx;
    hebb_net *net;
    hebb_learner *learner;
    float input[T * B * IN];
    int32_t labels[B];
} built;

#define MUST(s, call)                                                                              \
    do {                                                                                           \
        hebb_status must_ = (call);                                                                \
        if (must_ < 0)                                                                             \
            fail_msg("%s: %s: %s", #call, hebb_status_name(must_), hebb_error((s)->ctx));          \
    } while (0)

static void draw_layer(layer *l, dice *d, size_t n, size_t from, bool clif, bool recurrent) {
    memset(l, 0, sizeof *l);
    l->n = n, l->from = from, l->clif = clif, l->recurrent = recurrent;
    l->p.tau_m = clif ? 8 : 5, l->p.tau_p = 6, l->p.tau_q = 3, l->p.v_th = 0.8, l->p.V0 = 4;
    double size = (clif ? 0.35 : 0.8) / sqrt((double)from);
    for (size_t j = 0; j < n; j++) {
        l->p.bias[j] = dice_between(d, -0.02, 0.06);
        for (size_t i = 0; i < from; i++) l->p.w[j][i] = size * dice_between(d, -0.8, 1.3);
        for (size_t i = 0; i < n; i++) l->p.rec[j][i] = dice_between(d, -1, 1) / sqrt((double)n);
    }
}

static hebb_group add_layer(hebb_net *net, const char *name, const layer *l) {
    const numbers *p = &l->p;
    if (!l->clif)
        return hebb_neurons(net, name, l->n, "lif", HEBB_P({"tau_m", p->tau_m}, {"v_th", p->v_th}));
    return hebb_neurons(net, name, l->n, "clif",
                        HEBB_P({"tau_m", p->tau_m}, {"tau_p", p->tau_p}, {"tau_q", p->tau_q},
                               {"v_th", p->v_th}, {"V0", p->V0}));
}

static void add_link(hebb_net *net, const char *name, hebb_group pre, hebb_group post,
                     const double (*w)[WIDE], size_t from, size_t n, const double *bias) {
    static double flat[WIDE * WIDE];
    const size_t shape[2] = {n, from};
    for (size_t j = 0; j < n; j++) memcpy(flat + j * from, w[j], from * sizeof **w);
    hebb_param weight = {.name = "weight", .kind = HEBB_ARRAY, .list = flat};
    weight.count = n * from, weight.shape = shape, weight.ndim = 2;
    hebb_param with = {.name = "bias", .kind = HEBB_LIST, .list = bias, .count = n};
    if (!bias) with.name = NULL;
    hebb_connect(net, name, pre, post, "full", (const hebb_param[]){weight, with, {.name = NULL}});
}

static const char *const lif_names[] = {"tau_m", "v_th", NULL};
static const char *const clif_names[] = {"tau_m", "v_th", "tau_p", "tau_q", "V0", NULL};

static void add_learner(built *s, const setting *how) {
    const char *names[20] = {"connection1", "connection2"};
    static char full[10][20];
    size_t at = 2, used = 0;
    if (how->recurrent) names[at++] = "recurrent1";
    for (int l = 0; l < 2; l++)
        for (const char *const *n = (l ? how->clif2 : how->clif1) ? clif_names : lif_names; *n;
             n++) {
            snprintf(full[used], sizeof full[0], "layer%d.%s", l + 1, *n);
            names[at++] = full[used++];
        }
    hebb_param params[3] = {{.name = "truncate", .number = how->truncate}};
    if (how->paper) params[1] = (hebb_param)HEBB_STR("form", "paper");
    MUST(s, hebb_learner_create(s->net, how->rule, names, params, &s->learner));
}

/* Builds the oracle's numbers and the library's network from one seed. */
static void build(built *s, oracle *k, const setting *how) {
    dice d = {how->seed};
    memset(s, 0, sizeof *s);
    k->rule = how->rule, k->paper = how->paper, k->truncate = how->truncate;
    draw_layer(&k->l[0], &d, H, IN, how->clif1, how->recurrent);
    draw_layer(&k->l[1], &d, OUT, H, how->clif2, false);
    for (int i = 0; i < T * B * IN; i++) s->input[i] = (float)(dice_bits(&d) % 4 == 0);
    for (int b = 0; b < B; b++) s->labels[b] = (int32_t)(dice_bits(&d) % OUT);
    hebb_ctx_options ctx = hebb_ctx_options_default();
    ctx.threads = how->threads ? how->threads : 1;
    ctx.seed = how->seed;
    MUST(s, hebb_ctx_create(&ctx, &s->ctx));
    hebb_net_options options = hebb_net_options_default();
    options.dt = 1, options.batch_max = B, options.time_max = T;
    options.precision = how->precision ? how->precision : "double";
    if (how->schedule) options.schedule = how->schedule;
    MUST(s, hebb_net_create(s->ctx, &options, &s->net));
    hebb_group in = hebb_encoder(s->net, "input", IN, how->poisson ? "poisson" : "null", NULL);
    hebb_group l1 = add_layer(s->net, "layer1", &k->l[0]);
    hebb_group l2 = add_layer(s->net, "layer2", &k->l[1]);
    add_link(s->net, "connection1", in, l1, (const double(*)[WIDE])k->l[0].p.w, IN, H,
             k->l[0].p.bias);
    add_link(s->net, "connection2", l1, l2, (const double(*)[WIDE])k->l[1].p.w, H, OUT,
             k->l[1].p.bias);
    if (how->recurrent)
        add_link(s->net, "recurrent1", l1, l1, (const double(*)[WIDE])k->l[0].p.rec, H, H, NULL);
    hebb_decode(s->net, "output", l2, "spike_counts", NULL);
    hebb_state_monitor(s->net, "seen0", "input", "O", NULL);
    hebb_state_monitor(s->net, "seen1", "layer1", "O", NULL);
    hebb_state_monitor(s->net, "seen2", "layer2", "O", NULL);
    add_learner(s, how);
    MUST(s, hebb_net_build(s->net));
    for (int i = 0; how->poisson && i < B * IN; i++) s->input[i] = 0.3f * (float)(i % 7) / 6;
    MUST(s, hebb_net_input(s->net, "input", s->input, B, how->poisson ? IN : T * IN));
}

/* null takes [batch, T * num], sample by sample. */
static double run(built *s) {
    double loss;
    MUST(s, hebb_learner_zero_grad(s->learner));
    MUST(s, hebb_net_run(s->net, T));
    MUST(s, hebb_learner_loss(s->learner, s->labels, B, &loss));
    MUST(s, hebb_learner_backward(s->learner));
    return loss;
}

static const double *seen(built *s, const char *monitor) {
    const double *values, *times;
    size_t shape[3];
    MUST(s, hebb_monitor_values(s->net, monitor, &values, &times, shape));
    assert_true(shape[0] == T && shape[1] == B);
    return values;
}

/* ---- comparisons -------------------------------------------------------- */

static bool same_spikes(built *s, const oracle *k) {
    for (int q = 0; q < 2; q++) {
        const double *values = seen(s, q ? "seen2" : "seen1");
        size_t n = k->l[q].n;
        for (int t = 0; t < T; t++)
            for (int b = 0; b < B; b++)
                for (size_t j = 0; j < n; j++)
                    if (values[(size_t)(t * B + b) * n + j] != k->spikes[q][t][b][j]) return false;
    }
    return true;
}

static size_t zeros; /* gradients that are 0 everywhere: nothing was tested */

/* Norm of the difference over the norm. */
static void check_array(built *s, const char *name, const double *wanted, size_t stride,
                        size_t rows, size_t cols, double tolerance) {
    static double got[WIDE * WIDE];
    double off = 0, size = 0;
    MUST(s, hebb_net_gradient(s->net, name, got, rows * cols));
    for (size_t j = 0; j < rows; j++)
        for (size_t i = 0; i < cols; i++) {
            double w = wanted[j * stride + i], g = got[j * cols + i];
            off += (g - w) * (g - w), size += w * w;
        }
    zeros += size == 0;
    if (!(sqrt(off) <= tolerance * sqrt(size)))
        fail_msg("%s: off by %.3g of its norm %.3g", name, sqrt(off / size), sqrt(size));
}

static void check_layer(built *s, int which, const oracle *k, double tolerance) {
    const layer *l = &k->l[which - 1];
    char name[40];
    snprintf(name, sizeof name, "connection%d.weight", which);
    check_array(s, name, l->g.w[0], WIDE, l->n, l->from, tolerance);
    snprintf(name, sizeof name, "connection%d.bias", which);
    check_array(s, name, l->g.bias, WIDE, 1, l->n, tolerance);
    if (l->recurrent) check_array(s, "recurrent1.weight", l->g.rec[0], WIDE, H, H, tolerance);
    const double values[] = {l->g.tau_m, l->g.v_th, l->g.tau_p, l->g.tau_q, l->g.V0};
    for (size_t i = 0; i < (l->clif ? 5u : 2u); i++) {
        snprintf(name, sizeof name, "layer%d.%s", which, clif_names[i]);
        /* sums of thousands of terms of either sign: allow for what cancels */
        check_array(s, name, &values[i], 1, 1, 1, 20 * tolerance);
    }
}

static size_t flips; /* runs in which rounding to float moved a spike */

static void compare(setting how) {
    static oracle k;
    static built s;
    bool is_float = how.precision && !strcmp(how.precision, "float");
    for (int tries = 0; tries < 10; tries++, how.seed += 100) {
        build(&s, &k, &how);
        double loss = run(&s);
        run_oracle(&k, seen(&s, "seen0"), s.labels);
        bool same = same_spikes(&s, &k);
        if (same) {
            zeros = 0;
            double tolerance = is_float ? 1e-4 : 1e-11;
            assert_true(close_to(loss, k.loss, tolerance, 1));
            check_layer(&s, 1, &k, tolerance);
            check_layer(&s, 2, &k, tolerance);
            /* with K = 1 nothing passes a clif: M and S answer an input alike in its own step */
            assert_true(zeros == 0 || how.truncate == 1);
        }
        hebb_ctx_free(s.ctx);
        if (same) return;
        flips++;
        assert_true(is_float);
    }
    fail_msg("no run in float with the oracle's spikes");
}

static const char *const rules[] = {"STCA", "STBP", "sbp"};

static void equals_the_oracle(const char *precision, uint64_t seed) {
    flips = 0;
    for (int kind = 0; kind < 4; kind++)
        for (size_t r = 0; r < COUNT(rules); r++)
            for (int rec = 0; rec < 2; rec++)
                compare((setting){.clif1 = kind & 1,
                                  .clif2 = kind & 2,
                                  .recurrent = rec,
                                  .poisson = (kind + rec) % 2,
                                  .paper = r < 2 && (kind + rec) / 2 % 2,
                                  .rule = rules[r],
                                  .precision = precision,
                                  .schedule = r ? "auto" : "step",
                                  .threads = 1 + (int)r % 2,
                                  .seed = seed++});
    assert_true(flips < 12);
}
static void equals_the_oracle_in_double(void **state) {
    (void)state;
    equals_the_oracle("double", 1);
}
static void equals_the_oracle_in_float(void **state) {
    (void)state;
    equals_the_oracle("float", 40);
}

/* truncate = K: states and recurrent spikes hand nothing over a multiple of K steps. */
static void truncation(void **state) {
    (void)state;
    static const int lengths[] = {1, 2, 7, 25, 49, 50, 1000};
    for (size_t i = 0; i < COUNT(lengths); i++)
        for (int kind = 0; kind < 4; kind++)
            compare((setting){.clif1 = kind & 1,
                              .clif2 = !(kind & 1),
                              .recurrent = kind & 2,
                              .rule = rules[i % COUNT(rules)],
                              .schedule = i % 2 ? "auto" : "step",
                              .truncate = lengths[i],
                              .seed = 200 + i});
}

/* ---- the same bits ------------------------------------------------------ */

enum { BITS = 3 * WIDE * WIDE + 20 };

static size_t all_bits(setting how, double *out) {
    static oracle k;
    static built s;
    size_t at = 0;
    build(&s, &k, &how);
    out[at++] = run(&s);
    for (size_t i = 0; hebb_net_param_name(s.net, i); i++) {
        const char *name = hebb_net_param_name(s.net, i);
        size_t shape[4], ndim, count = 1;
        MUST(&s, hebb_net_param_shape(s.net, name, shape, &ndim));
        for (size_t q = 0; q < ndim; q++) count *= shape[q];
        assert_true(at + count <= BITS);
        if (hebb_net_gradient(s.net, name, out + at, count) >= 0) at += count;
    }
    hebb_ctx_free(s.ctx);
    return at;
}

static void same_bits(setting a, setting b, const char *what) {
    static double one[BITS], two[BITS];
    size_t n = all_bits(a, one), m = all_bits(b, two);
    assert_true(n == m && n > H * IN);
    for (size_t i = 0; i < n; i++)
        if (memcmp(&one[i], &two[i], sizeof *one))
            fail_msg("%s, %s, %s: number %zu is %.17g and %.17g", what, a.precision, a.rule, i,
                     one[i], two[i]);
}

static void any_number_of_threads(void **state) {
    (void)state;
    for (int kind = 0; kind < 8; kind++)
        for (int threads = 2; threads <= 3; threads++) {
            setting a = {.clif1 = kind & 1,
                         .clif2 = kind & 1,
                         .recurrent = kind & 2,
                         .poisson = kind & 1,
                         .rule = rules[kind % 3],
                         .precision = kind & 4 ? "double" : "float",
                         .threads = 1,
                         .seed = 300 + (uint64_t)kind};
            setting b = a;
            b.threads = threads;
            same_bits(a, b, "threads");
        }
}

/* Products that run on events: a sweep gives the bits of single steps. */
static void sweeps_are_steps(void **state) {
    (void)state;
    for (int kind = 0; kind < 8; kind++) {
        setting a = {.clif1 = kind & 1,
                     .clif2 = !(kind & 1),
                     .recurrent = kind & 2,
                     .poisson = true,
                     .rule = rules[kind % 3],
                     .precision = kind & 4 ? "double" : "float",
                     .schedule = "auto",
                     .seed = 400 + (uint64_t)kind};
        setting b = a;
        b.schedule = "step";
        same_bits(a, b, "schedule");
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equals_the_oracle_in_double),
        cmocka_unit_test(equals_the_oracle_in_float),
        cmocka_unit_test(truncation),
        cmocka_unit_test(any_number_of_threads),
        cmocka_unit_test(sweeps_are_steps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Runs in which all samples take their steps together, as soon as a group keeps something over
 * runs: they are what runs of each sample by itself are. Beside them what such networks have:
 * lateral inhibition, two inputs, rewards in the run. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "counting_alloc.h"
#include "numeric.h"

enum { IN = 7, HIDDEN = 6, OUT = 4, T = 40, B = 5 };

#define MUST(s, call)                                                                              \
    do {                                                                                           \
        hebb_status must_ = (call);                                                                \
        if (must_ < 0) fail_msg("%s: %s: %s", (s)->what, #call, hebb_error((s)->ctx));             \
    } while (0)

/* input -> a -> b, a -> a and b -> a; dt 1 ms. */
typedef struct scene {
    const char *what;
    const char *model; /* of a and b: lifstdp_ex keeps theta, lifstdp_ih is the same without */
    const char *encoder, *latency, *synapse;
    bool delayed, loop, soft;
    const char *lateral; /* a -> a: "lateral", "dense" or NULL */
    const char *precision;
    int threads;
    size_t batch;
} scene;

typedef struct stage {
    const char *what;
    hebb_ctx *ctx;
    hebb_net *net;
    hebb_learner *learner;
    counting memory;
    size_t batch;
    float data[2 * T * B * IN];
} stage;

static const char *const shown[] = {"a.V", "a.O", "a.Isyn", "b.V", "b.O"};
static const char *const monitors[] = {"m0", "m1", "m2", "m3", "m4"};
enum { SHOWN = 5 };

static void weigh(stage *s, const scene *w, dice *d, const char *name, hebb_group pre,
                  hebb_group post, size_t from, size_t to, double drive, bool delayed) {
    double weight[IN * HIDDEN], delay[IN * HIDDEN];
    size_t shape[] = {to, from};
    for (size_t k = 0; k < from * to; k++) {
        weight[k] = drive * dice_between(d, -0.4, 1.2);
        delay[k] = (double)(1 + dice_bits(d) % 3);
    }
    hebb_param params[5] = {HEBB_MATRIX("weight", weight, shape, 2)};
    size_t at = 1;
    if (delayed) params[at++] = (hebb_param)HEBB_MATRIX("delay", delay, shape, 2);
    if (w->synapse) params[at++] = (hebb_param)HEBB_STR("syn_type", w->synapse);
    hebb_connect(s->net, name, pre, post, "full", params);
}

static void inhibit(stage *s, const scene *w, hebb_group a, double weight, const char *into) {
    double dense[HIDDEN * HIDDEN];
    size_t shape[] = {HIDDEN, HIDDEN};
    for (size_t k = 0; k < HIDDEN * HIDDEN; k++) dense[k] = k / HIDDEN == k % HIDDEN ? 0 : weight;
    hebb_param input = HEBB_STR("post_var_name", into);
    hebb_param one[] = {{"weight", weight}, input, {.name = NULL}};
    hebb_param all[] = {HEBB_MATRIX("weight", dense, shape, 2), input, {.name = NULL}};
    bool lateral = !strcmp(w->lateral, "lateral");
    hebb_connect(s->net, "inhibition", a, a, lateral ? "lateral" : "full", lateral ? one : all);
}

static hebb_group layer(stage *s, const scene *w, const char *name, size_t n) {
    const hebb_param params[] = {{"v_th", 0.7},    {"v_reset", -0.1}, {"v_rest", 0.05},
                                 {"decay_v", 0.8}, {"th_inc", 0},     {"decay_th", 1},
                                 {.name = NULL}};
    const hebb_param without[] = {params[0], params[1], params[2], params[3], {.name = NULL}};
    return hebb_neurons(s->net, name, n, w->model,
                        strcmp(w->model, "lifstdp_ih") ? params : without);
}

static void begin(stage *s, const scene *w) {
    memset(s, 0, sizeof *s);
    s->what = w->what;
    s->batch = w->batch ? w->batch : B;
    hebb_allocator allocator = {counting_alloc, counting_realloc, counting_free, &s->memory};
    hebb_ctx_options ctx = hebb_ctx_options_default();
    ctx.allocator = &allocator;
    ctx.threads = w->threads ? w->threads : 1;
    assert_int_equal(hebb_ctx_create(&ctx, &s->ctx), HEBB_OK);
    hebb_net_options o = hebb_net_options_default();
    o.dt = 1;
    o.batch_max = B;
    o.time_max = T;
    o.soft = w->soft;
    if (w->latency) o.latency = w->latency;
    o.precision = w->precision ? w->precision : "double";
    MUST(s, hebb_net_create(s->ctx, &o, &s->net));
}

static void finish(stage *s) {
    hebb_ctx_free(s->ctx);
    assert_int_equal(s->memory.held, 0);
    assert_int_equal(s->memory.wrong, 0);
}

static void feed(stage *s, const scene *w, size_t steps) {
    dice d = {4};
    bool rows = !w->encoder || !strcmp(w->encoder, "null");
    size_t per = rows ? steps * IN : IN;
    for (size_t k = 0; k < s->batch * per; k++)
        s->data[k] = rows ? (float)(dice_bits(&d) % 3 == 0) : (float)dice_between(&d, 0, 0.5);
    MUST(s, hebb_net_input(s->net, "input", s->data, s->batch, per));
}

static void build(stage *s, const scene *w) {
    dice d = {3};
    begin(s, w);
    hebb_group in = hebb_encoder(s->net, "input", IN, w->encoder ? w->encoder : "null", NULL);
    hebb_group a = layer(s, w, "a", HIDDEN), b = layer(s, w, "b", OUT);
    weigh(s, w, &d, "first", in, a, IN, HIDDEN, 0.6, w->delayed);
    weigh(s, w, &d, "second", a, b, HIDDEN, OUT, 0.6, false);
    if (w->loop) weigh(s, w, &d, "self", a, a, HIDDEN, HIDDEN, 0.1, w->delayed);
    if (w->loop) weigh(s, w, &d, "back", b, a, OUT, HIDDEN, 0.2, w->delayed);
    if (w->lateral) inhibit(s, w, a, -0.25, "Isyn");
    hebb_decode(s->net, "output", b, "spike_counts", NULL);
    for (size_t i = 0; i < SHOWN; i++) {
        char group[2] = {shown[i][0], 0};
        hebb_state_monitor(s->net, monitors[i], group, shown[i] + 2, NULL);
    }
    MUST(s, hebb_learner_create(s->net, "sbp", HEBB_NAMES("first", "second"),
                                HEBB_P(HEBB_STR("surrogate_func", "atan")), &s->learner));
    MUST(s, hebb_net_build(s->net));
    feed(s, w, T);
}

/* Everything that the last run shows, one after the other; returns the count. */
static size_t seen(stage *s, double *to) {
    size_t at = 0;
    for (size_t i = 0; i < SHOWN; i++) {
        const double *values;
        size_t shape[3];
        MUST(s, hebb_monitor_values(s->net, monitors[i], &values, NULL, shape));
        size_t count = shape[0] * shape[1] * shape[2];
        memcpy(to + at, values, count * sizeof *to);
        at += count;
    }
    const float *predict;
    size_t batch, classes;
    MUST(s, hebb_net_predict(s->net, "output", &predict, &batch, &classes));
    for (size_t k = 0; k < batch * classes; k++) to[at++] = (double)predict[k];
    return at;
}

static void same(const stage *s, const char *why, const double *a, const double *b, size_t count,
                 double within) {
    for (size_t k = 0; k < count; k++)
        if (a[k] != b[k] && !close_to(a[k], b[k], within, 1))
            fail_msg("%s: %s: number %zu is %.17g and %.17g", s->what, why, k, a[k], b[k]);
}

enum { ROOM = SHOWN * T * B * IN + B * OUT };
static double one[ROOM], two[ROOM];

static const scene scenes[] = {
    {"plain", "lifstdp_ex"},
    {"same step", "lifstdp_ex", .latency = "same_step"},
    {"one sample", "lifstdp_ex", .batch = 1},
    {"constant source", "lifstdp_ex", .encoder = "float"},
    {"delays", "lifstdp_ex", .delayed = true},
    {"loops", "lifstdp_ex", .loop = true},
    {"delayed loops in one step", "lifstdp_ex", .loop = true, .delayed = true,
     .latency = "same_step"},
    {"filters", "lifstdp_ex", .synapse = "2_order_synapse", .loop = true},
    {"filters and delays", "lifstdp_ex", .synapse = "1_order_synapse", .delayed = true},
    {"lateral", "lifstdp_ex", .lateral = "lateral"},
    {"floats", "lifstdp_ex", .precision = "float", .loop = true, .lateral = "lateral"},
    {"soft", "lifstdp_ex", .soft = true, .loop = true},
};
enum { SCENES = sizeof scenes / sizeof scenes[0] };

static double spikes_in(const double *all, const stage *s) {
    double sum = 0;
    for (size_t k = 0; k < T * s->batch * HIDDEN; k++) sum += all[T * s->batch * HIDDEN + k];
    return sum / (double)(T * s->batch * HIDDEN);
}

/* Without learning each sample runs by itself; theta is not 0 and does not move. */
static void together_is_alone(void **state) {
    (void)state;
    const double theta[HIDDEN] = {0.1, -0.05, 0.2, 0, 0.05, -0.1};
    for (size_t i = 0; i < SCENES; i++)
        for (int threads = 1; threads <= 3; threads += 2) {
            scene w = scenes[i];
            w.threads = threads;
            stage s;
            build(&s, &w);
            MUST(&s, hebb_net_set(s.net, "a.theta", theta, HIDDEN));
            size_t count = 0;
            for (int alone = 0; alone < 2; alone++) {
                MUST(&s, hebb_net_train(s.net, !alone));
                MUST(&s, hebb_net_run(s.net, T));
                count = seen(&s, alone ? two : one);
            }
            same(&s, "learning or not", one, two, count, 0);
            double lively = spikes_in(one, &s);
            if (lively < 0.05 || lively > 0.9) fail_msg("%s: a fires in %g", w.what, lively);
            finish(&s);
        }
}

/* A run is its pieces. */
static void together_goes_on(void **state) {
    (void)state;
    static double whole[T * B * HIDDEN], pieces[T * B * HIDDEN];
    for (size_t i = 0; i < SCENES; i++) {
        stage s;
        build(&s, &scenes[i]);
        size_t shape[3], at = 0, row = s.batch * HIDDEN;
        const double *values;
        MUST(&s, hebb_net_run(s.net, T));
        MUST(&s, hebb_monitor_values(s.net, "m0", &values, NULL, shape));
        memcpy(whole, values, T * row * sizeof *whole);
        static const size_t steps[] = {1, 6, 1, 1, 13, T - 22};
        for (size_t k = 0; k < 6; k++) {
            MUST(&s, k ? hebb_net_run_continue(s.net, (double)steps[k])
                       : hebb_net_run(s.net, (double)steps[k]));
            MUST(&s, hebb_monitor_values(s.net, "m0", &values, NULL, shape));
            assert_int_equal(shape[0], steps[k]);
            memcpy(pieces + at * row, values, steps[k] * row * sizeof *pieces);
            at += steps[k];
        }
        same(&s, "in pieces", whole, pieces, T * row, 0);
        finish(&s);
    }
}

static size_t gradients(stage *s, double *to) {
    int32_t labels[B];
    double loss;
    for (size_t b = 0; b < s->batch; b++) labels[b] = (int32_t)(b % OUT);
    MUST(s, hebb_learner_zero_grad(s->learner));
    MUST(s, hebb_net_run(s->net, T));
    MUST(s, hebb_learner_loss(s->learner, labels, s->batch, &loss));
    MUST(s, hebb_learner_backward(s->learner));
    MUST(s, hebb_net_gradient(s->net, "first.weight", to, IN * HIDDEN));
    MUST(s, hebb_net_gradient(s->net, "second.weight", to + IN * HIDDEN, HIDDEN * OUT));
    to[(IN + OUT) * HIDDEN] = loss;
    return (IN + OUT) * HIDDEN + 1;
}

/* With theta = 0 lifstdp_ex is lifstdp_ih, which keeps nothing and runs by the sample. */
static void gradients_are_the_same(void **state) {
    (void)state;
    for (size_t i = 0; i < SCENES; i++) {
        stage s;
        double most = 0;
        size_t count = 0;
        for (int alone = 0; alone < 2; alone++) {
            scene w = scenes[i];
            if (alone) w.model = "lifstdp_ih";
            w.threads = 2;
            build(&s, &w);
            count = gradients(&s, alone ? two : one);
            finish(&s);
        }
        same(&s, "gradients", one, two, count, 0);
        for (size_t k = 0; k + 1 < count; k++) most = fmax(most, fabs(one[k]));
        if (most < 1e-6) fail_msg("%s: the gradient is 0", s.what);
    }
}

/* ---- lateral inhibition ---------------------------------------------------- */

static void lateral_is_a_dense_matrix(void **state) {
    (void)state;
    for (int k = 0; k < 8; k++) {
        stage s;
        size_t count = 0;
        for (int dense = 0; dense < 2; dense++) {
            scene w = {.what = "lateral",
                       .model = k & 1 ? "lifstdp_ex" : "lifstdp_ih",
                       .lateral = dense ? "dense" : "lateral",
                       .soft = k & 2,
                       .synapse = k & 4 ? "1_order_synapse" : NULL,
                       .threads = 2};
            build(&s, &w);
            count = gradients(&s, dense ? two : one);
            count += seen(&s, (dense ? two : one) + count);
            finish(&s);
        }
        same(&s, "lateral and dense", one, two, count, k & 2 ? 1e-10 : 1e-12);
    }
}

typedef struct nudge {
    stage *s;
    double *weights;
    size_t at;
} nudge;

static double loss_at(void *user, double value) {
    nudge *n = user;
    int32_t labels[B];
    double loss, was = n->weights[n->at];
    for (size_t b = 0; b < n->s->batch; b++) labels[b] = (int32_t)(b % OUT);
    n->weights[n->at] = value;
    MUST(n->s, hebb_net_set(n->s->net, "first.weight", n->weights, IN * HIDDEN));
    n->weights[n->at] = was;
    MUST(n->s, hebb_net_run(n->s->net, T));
    MUST(n->s, hebb_learner_loss(n->s->learner, labels, n->s->batch, &loss));
    return loss;
}

/* The gradient through lateral inhibition against differences of the soft network. */
static void lateral_passes_the_gradient(void **state) {
    (void)state;
    for (int k = 0; k < 2; k++) {
        stage s;
        double weights[IN * HIDDEN], wide[IN * HIDDEN + HIDDEN * OUT + 1];
        scene w = {.what = "differences",
                   .model = k ? "lifstdp_ex" : "lifstdp_ih",
                   .lateral = "lateral",
                   .soft = true,
                   .batch = 2};
        build(&s, &w);
        MUST(&s, hebb_net_get(s.net, "first.weight", weights, IN * HIDDEN));
        gradients(&s, wide);
        MUST(&s, hebb_net_hold(s.net, 1));
        for (size_t i = 0; i < IN * HIDDEN; i++) {
            nudge n = {&s, weights, i};
            double wanted = difference(loss_at, &n, weights[i], 1e-4);
            if (!close_to(wide[i], wanted, 1e-5, 1e-3))
                fail_msg("%s: gradient %zu is %.10g, the difference says %.10g", w.model, i,
                         wide[i], wanted);
        }
        finish(&s);
    }
}

/* The published pair: spikes excite one to one, and inhibit all others by gi. */
static void pair(stage *s, const scene *w) {
    dice d = {8};
    begin(s, w);
    hebb_group in = hebb_encoder(s->net, "input", IN, "null", NULL);
    hebb_group a = hebb_neurons(s->net, "a", HIDDEN, "diehl_cook_exc", NULL);
    hebb_group b = hebb_neurons(s->net, "b", HIDDEN, "diehl_cook_inh", NULL);
    weigh(s, w, &d, "first", in, a, IN, HIDDEN, 3, false); /* ge */
    hebb_connect(s->net, "second", a, b, "one_to_one",
                 HEBB_P({"weight", 10.5}, HEBB_STR("post_var_name", "ge")));
    double dense[HIDDEN * HIDDEN];
    size_t shape[] = {HIDDEN, HIDDEN};
    for (size_t k = 0; k < HIDDEN * HIDDEN; k++) dense[k] = k / HIDDEN == k % HIDDEN ? 0 : 17;
    if (!strcmp(w->lateral, "lateral"))
        hebb_connect(s->net, "back", b, a, "lateral",
                     HEBB_P({"weight", 17}, HEBB_STR("post_var_name", "gi")));
    else
        hebb_connect(
            s->net, "back", b, a, "full",
            HEBB_P(HEBB_MATRIX("weight", dense, shape, 2), HEBB_STR("post_var_name", "gi")));
    hebb_decode(s->net, "output", a, "spike_counts", NULL);
    static const char *const variables[SHOWN][2] = {
        {"a", "gi"}, {"a", "O"}, {"a", "theta"}, {"b", "ge"}, {"b", "O"}};
    for (size_t i = 0; i < SHOWN; i++)
        hebb_state_monitor(s->net, monitors[i], variables[i][0], variables[i][1], NULL);
    MUST(s, hebb_net_build(s->net));
    feed(s, w, T);
}

static void the_published_pair_competes(void **state) {
    (void)state;
    for (int threads = 1; threads <= 2; threads++)
        for (int learns = 0; learns < 2; learns++) {
            stage s;
            size_t count = 0;
            for (int dense = 0; dense < 2; dense++) {
                scene w = {.what = "pair",
                           .lateral = dense ? "dense" : "lateral",
                           .threads = dense ? 1 : threads};
                pair(&s, &w);
                MUST(&s, hebb_net_train(s.net, learns));
                for (int run = 0; run < 3; run++) MUST(&s, hebb_net_run(s.net, T));
                count = seen(&s, dense ? two : one);
                finish(&s);
            }
            same(&s, "lateral and dense", one, two, count, 1e-12);
            double gi = 0, fired = 0, cells = (double)(T * B * HIDDEN);
            for (size_t k = 0; k < T * B * HIDDEN; k++)
                gi += one[k], fired += one[T * B * HIDDEN + k];
            if (fired < 20 || fired > cells / 3 || gi < 17)
                fail_msg("%g spikes, gi %g: nothing was tested", fired, gi);
            /* who is inhibited is so by the spikes of all others, a step after b's */
            for (size_t t = 1; t < T; t++)
                for (size_t b = 0; b < B; b++)
                    for (size_t j = 0; j < HIDDEN; j++) {
                        const double *O = one + 4 * T * B * HIDDEN + ((t - 1) * B + b) * HIDDEN;
                        double others = 0, was = one[((t - 1) * B + b) * HIDDEN + j];
                        for (size_t i = 0; i < HIDDEN; i++) others += i != j ? O[i] : 0;
                        double wanted = was * exp(-0.5) + 17 * others;
                        assert_true(close_to(one[(t * B + b) * HIDDEN + j], wanted, 1e-12, 1e-9));
                    }
        }
}

/* ---- rewards in the run ---------------------------------------------------- */

typedef struct judge {
    const char *method;
    const hebb_param *params;
    const double *target;
    size_t every, window; /* steps */
    size_t outputs;       /* of a sample */
} judge;

static void reward_scene(stage *s, const judge *j, const char *model, const char *compat) {
    scene w = {.what = j->method, .model = model};
    dice d = {3};
    begin(s, &w);
    hebb_net_free(s->net);
    hebb_net_options o = hebb_net_options_default();
    o.dt = 0.5;
    if (compat) o.compat = compat;
    MUST(s, hebb_net_create(s->ctx, &o, &s->net));
    hebb_group in = hebb_encoder(s->net, "input", IN, "null", NULL);
    const hebb_param rest = {"v_rest", 0}, none = {.name = NULL};
    hebb_param params[] = {{"v_th", 0.9}, {"v_reset", 0}, strcmp(model, "lif") ? rest : none, none};
    hebb_group a = hebb_neurons(s->net, "a", HIDDEN, model, params);
    weigh(s, &w, &d, "first", in, a, IN, HIDDEN, 0.5, false);
    hebb_add_reward(s->net, "judge", a, j->method, j->params);
    hebb_state_monitor(s->net, "O", "a", "O", NULL);
    hebb_decode(s->net, "output", a, "spike_counts", NULL);
    MUST(s, hebb_net_build(s->net));
    feed(s, &w, T);
}

static double record[(T + 1) * B * HIDDEN]; /* a silent row before the run */

/* The rewards of steps first .. of a run against hebb_reward_record on the spikes. */
static void check_rewards(stage *s, const judge *j, const char *compat, size_t first,
                          size_t steps) {
    const double *values;
    const unsigned char *given;
    size_t shape[2], row = B * HIDDEN, late = compat ? 1 : 0;
    MUST(s, hebb_net_reward_values(s->net, NULL, &values, &given, shape));
    assert_int_equal(shape[0], steps);
    for (size_t k = 0; k < steps; k++) {
        size_t t = first + k;
        bool due = (t + 1) % j->every == 0;
        if (given[k] != due) fail_msg("%s: given[%zu] is %d", s->what, t, given[k]);
        double wanted[B * HIDDEN] = {0};
        size_t count = shape[1];
        if (due) {
            const double *from = record + (t + 2 - late - j->window) * row;
            /* judged alone, as the whole of a record */
            hebb_param params[8] = {{0}};
            size_t at = 0;
            for (const hebb_param *p = j->params; p && p->name; p++)
                if (strcmp(p->name, "dec_sample_step") && strcmp(p->name, "coding_time"))
                    params[at++] = *p;
            MUST(s, hebb_reward_record(s->ctx, j->method, params, compat ? compat : "none", from,
                                       j->window, B, HIDDEN, j->target, B, wanted, B * HIDDEN,
                                       &count));
        }
        assert_int_equal(count, shape[1]);
        same(s, "reward", values + k * shape[1], wanted, shape[1], 1e-12);
    }
}

static void keep_spikes(stage *s, size_t first) {
    const double *O;
    size_t shape[3];
    MUST(s, hebb_monitor_values(s->net, "O", &O, NULL, shape));
    memcpy(record + (first + 1) * B * HIDDEN, O, shape[0] * B * HIDDEN * sizeof *O);
}

static void rewards_judge_the_spikes(void **state) {
    (void)state;
    static const double labels[B] = {0, 1, 2, 1, 0}, bits[B] = {0, 1, 1, 0, 1};
    static const double told[B] = {0.5, -1, 2, 0, -0.25};
    const judge judges[] = {
        {"global_reward", HEBB_P({"dec_sample_step", 1}), labels, 1, 1, 1},
        {"global_reward", HEBB_P({"dec_sample_step", 8}, {"pop_size", 2}), labels, 8, 8, 1},
        {"global_reward", HEBB_P({"dec_sample_step", 8}, {"coding_time", 1.5}), labels, 8, 3, 1},
        {"global_reward", HEBB_P({"dec_sample_step", 4}, {"coding_time", 50}), labels, 4, 4, 1},
        {"da_reward", HEBB_P({"dec_sample_step", 5}, {"punish_signal", -0.5}), labels, 5, 5,
         HIDDEN},
        {"da_reward", HEBB_P({"dec_sample_step", 10}, {"coding_time", 2}, {"pop_size", 2}), labels,
         10, 4, HIDDEN},
        {"xor_reward", HEBB_P({"dec_sample_step", 6}, {"pop_size", HIDDEN}), bits, 6, 6, 1},
        {"environment_reward", HEBB_P({"dec_sample_step", 3}), told, 3, 3, 1},
    };
    for (size_t i = 0; i < sizeof judges / sizeof judges[0]; i++)
        for (int how = 0; how < 4; how++) {
            const judge *j = &judges[i];
            const char *model = how & 1 ? "lifstdp_ex" : "lifstdp_ih"; /* together or alone */
            const char *compat = how & 2 ? "spaic" : NULL;
            stage s;
            if (compat && j->window != j->every) continue; /* SPAIC ignores coding_time */
            if (compat && !strcmp(j->method, "xor_reward")) continue; /* one sample only there */
            reward_scene(&s, j, compat ? "lif" : model, compat);
            const double *values;
            const unsigned char *given;
            size_t shape[2];
            assert_int_equal(hebb_net_run(s.net, T * 0.5), HEBB_E_STATE); /* nothing was told */
            MUST(&s, hebb_net_reward(s.net, NULL, j->target, B));
            memset(record, 0, sizeof record);
            MUST(&s, hebb_net_run(s.net, T * 0.5));
            keep_spikes(&s, 0);
            check_rewards(&s, j, compat, 0, T);
            double fired = 0;
            for (size_t k = 0; k < (T + 1) * B * HIDDEN; k++) fired += record[k];
            assert_in_range(fired, T * B * HIDDEN / 20, T * B * HIDDEN * 3 / 4);
            /* in pieces: the steps since the last reward are counted on */
            static const size_t pieces[] = {3, 1, 9, T - 13};
            memset(record, 0, sizeof record);
            for (size_t k = 0, first = 0; k < 4; first += pieces[k++]) {
                double time = (double)pieces[k] * 0.5;
                MUST(&s, k ? hebb_net_run_continue(s.net, time) : hebb_net_run(s.net, time));
                keep_spikes(&s, first);
                check_rewards(&s, j, compat, first, pieces[k]);
            }
            MUST(&s, hebb_net_train(s.net, 0));
            MUST(&s, hebb_net_run(s.net, T * 0.5));
            MUST(&s, hebb_net_reward_values(s.net, NULL, &values, &given, shape));
            for (size_t t = 0; t < T; t++) assert_int_equal(given[t], 0);
            finish(&s);
        }
}

/* ---- memory ---------------------------------------------------------------- */

static void a_run_allocates_nothing(void **state) {
    (void)state;
    for (size_t i = 0; i < SCENES; i++) {
        stage s;
        build(&s, &scenes[i]);
        size_t before = s.memory.requests;
        MUST(&s, hebb_net_run(s.net, T - 1));
        MUST(&s, hebb_net_run_continue(s.net, 1));
        MUST(&s, hebb_net_train(s.net, 0));
        MUST(&s, hebb_net_run(s.net, T / 2));
        assert_int_equal(s.memory.requests, before);
        finish(&s);
    }
    scene w = {.what = "pair", .lateral = "lateral"};
    stage s;
    pair(&s, &w);
    size_t before = s.memory.requests;
    MUST(&s, hebb_net_run(s.net, T));
    MUST(&s, hebb_net_run(s.net, T));
    assert_int_equal(s.memory.requests, before);
    finish(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(together_is_alone),
        cmocka_unit_test(together_goes_on),
        cmocka_unit_test(gradients_are_the_same),
        cmocka_unit_test(lateral_is_a_dense_matrix),
        cmocka_unit_test(lateral_passes_the_gradient),
        cmocka_unit_test(the_published_pair_competes),
        cmocka_unit_test(rewards_judge_the_spikes),
        cmocka_unit_test(a_run_allocates_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

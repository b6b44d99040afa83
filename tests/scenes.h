/* Networks of many shapes for tests of the engine, built through the public
 * interface only:
 *
 *   input[70] --first--> a[70] --second--> b[6] --> counts, volts
 *                         ^ self            |
 *                         +------ back -----+
 *
 * and what came out of them, as bytes to compare. */
#ifndef SCENES_H
#define SCENES_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "counting_alloc.h"
#include "hebb/hebb.h"
#include "numeric.h"

enum { IN = 70, HIDDEN = 70, OUT = 6 };

typedef struct scene {
    const char *name;
    const char *model;   /* NULL: clif */
    const char *encoder; /* NULL: poisson */
    const char *link;    /* of `first`; NULL: full */
    const char *synapse; /* of all; NULL: basic */
    const char *rule;    /* NULL: STCA */
    const char *compat;  /* NULL: none */
    bool same_step;
    bool self, back;    /* connections inside a loop */
    bool delayed;       /* first and those of loops: 0 (loops of same_step: 1) to 4 steps ... */
    int latest;         /* ... or to so many */
    bool bias, reads_v; /* of `second` */
    double dropout;     /* of `second` */
    bool real;          /* sums of real numbers: the order of BLAS */
} scene;

static const scene scenes[] = {
    {.name = "feed-forward clif"},
    {.name = "feed-forward lif, bias", .model = "lif", .bias = true, .rule = "STBP"},
    {.name = "recurrent lif", .model = "lif", .self = true},
    {.name = "recurrent clif, bias", .self = true, .bias = true},
    {.name = "two groups in a loop", .model = "lif", .back = true},
    {.name = "a loop and a recurrence, sbp", .back = true, .self = true, .rule = "sbp"},
    {.name = "delays", .delayed = true},
    {.name = "delays in loops", .model = "lif", .delayed = true, .self = true, .back = true},
    {.name = "long delays", .delayed = true, .latest = 13, .self = true},
    {.name = "sparse", .link = "sparse"},
    {.name = "sparse, delays", .link = "sparse", .delayed = true, .self = true},
    {.name = "random", .link = "random", .model = "lif"},
    {.name = "fixed density", .link = "sparse_sparse", .model = "lif"},
    {.name = "one to one", .link = "one_to_one", .model = "lif"},
    {.name = "first order filter", .synapse = "1_order_synapse", .model = "lif"},
    {.name = "second order filter", .synapse = "2_order_synapse", .self = true, .bias = true},
    {.name = "filter and delays", .synapse = "1_order_synapse", .delayed = true, .back = true},
    {.name = "same step", .same_step = true, .model = "lif"},
    {.name = "same step, loops with delays",
     .same_step = true,
     .self = true,
     .back = true,
     .delayed = true},
    {.name = "same step, filter", .same_step = true, .synapse = "1_order_synapse", .bias = true},
    {.name = "constant input", .encoder = "float", .model = "lif", .real = true},
    {.name = "constant input, delays",
     .encoder = "constant_current",
     .delayed = true,
     .self = true,
     .real = true},
    {.name = "given rows", .encoder = "null", .model = "lif", .real = true},
    {.name = "reads V", .model = "lif", .reads_v = true, .real = true},
    {.name = "dropout", .model = "lif", .dropout = 0.3, .self = true},
    {.name = "dropout of a filter", .synapse = "2_order_synapse", .dropout = 0.2},
    {.name = "spaic", .compat = "spaic", .model = "lif", .self = true},
    {.name = "spaic, one to one", .compat = "spaic", .link = "one_to_one", .model = "lif"},
    {.name = "real outputs", .model = "nonspikinglif", .real = true},
};
enum { SCENES = sizeof scenes / sizeof scenes[0] };

typedef struct stage {
    counting memory;
    hebb_ctx *ctx;
    hebb_net *net;
    hebb_learner *learner;
    const scene *what;
    size_t batch, steps;
} stage;

typedef struct setup {
    int threads;           /* 0: 1 */
    const char *schedule;  /* NULL: auto */
    const char *precision; /* NULL: float */
    const char *tape;      /* NULL: exact */
    size_t batch;          /* 0: 1 */
    size_t steps;          /* planned, and given to "null"; 0: 20 */
    size_t plan_batch;     /* 0: batch */
    size_t plan_steps;     /* 0: steps */
    size_t refuse;         /* the allocation to refuse; 0: none */
    const char *optimizer; /* NULL: Adam */
    double lr;             /* 0: 0.01 */
    uint64_t seed;
} setup;

#define MUST(s, call)                                                                              \
    do {                                                                                           \
        hebb_status must_ = (call);                                                                \
        if (must_ < 0)                                                                             \
            fail_msg("%s: %s: %s: %s", (s)->what ? (s)->what->name : "", #call,                    \
                     hebb_status_name(must_), hebb_error((s)->ctx));                               \
    } while (0)

static void scene_link(stage *s, const char *name, const char *kind, hebb_group pre,
                       hebb_group post, size_t from, bool loop, bool delayed) {
    const scene *w = s->what;
    hebb_param p[12] = {{0}};
    size_t n = 0;
    char weights[60];
    bool one = !strcmp(kind, "one_to_one");
    double size = (one ? 4 : 6 / sqrt((double)from)) * (loop ? 0.4 : 1);
    if (!strcmp(kind, "random") || !strncmp(kind, "sparse", 6)) size *= 3;
    size *= w->model ? 0.2 : 0.05; /* clif amplifies */
    if (w->synapse) size *= 0.4;
    snprintf(weights, sizeof weights, "uniform(a=%g, b=%g)", (loop ? -1 : -0.4) * size, size);
    p[n++] = (hebb_param){.name = "weight", .kind = HEBB_TEXT, .text = weights};
    if (delayed && w->same_step && loop) p[n++] = (hebb_param){"min_delay", 1};
    if (delayed && !(w->same_step && loop)) p[n++] = (hebb_param){"min_delay", 0};
    if (delayed) p[n++] = (hebb_param){"max_delay", w->latest ? w->latest : 4};
    if (w->synapse)
        p[n++] = (hebb_param){.name = "syn_type", .kind = HEBB_TEXT, .text = w->synapse};
    if (!strcmp(name, "second")) {
        if (w->bias) p[n++] = (hebb_param){"bias", 0.05};
        if (w->reads_v)
            p[n++] = (hebb_param){.name = "pre_var_name", .kind = HEBB_TEXT, .text = "V"};
        if (w->dropout > 0) p[n++] = (hebb_param){"dropout", w->dropout};
    }
    hebb_connect(s->net, name, pre, post, kind, p);
}

static void scene_graph(stage *s) {
    const scene *w = s->what;
    const char *model = w->model ? w->model : "clif";
    hebb_group in = hebb_encoder(s->net, "input", IN, w->encoder ? w->encoder : "poisson", NULL);
    hebb_group a = hebb_neurons(s->net, "a", HIDDEN, model, NULL);
    hebb_group b = hebb_neurons(s->net, "b", OUT, model, NULL);
    scene_link(s, "first", w->link ? w->link : "full", in, a, IN, false, w->delayed);
    scene_link(s, "second", "full", a, b, HIDDEN, false, false);
    if (w->self) scene_link(s, "self", "full", a, a, HIDDEN, true, w->delayed);
    if (w->back) scene_link(s, "back", "full", b, a, OUT, true, w->delayed);
    hebb_decode(s->net, "counts", b, "spike_counts", NULL);
    hebb_decode(s->net, "volts", b, "voltage_mean", NULL);
    hebb_state_monitor(s->net, "seen_in", "input", "O", NULL);
    hebb_state_monitor(s->net, "seen_a", "a", "O", NULL);
    hebb_state_monitor(s->net, "seen_b", "b", "V", NULL);
    hebb_state_monitor(s->net, "seen_I", "a", "Isyn", NULL);
    hebb_spike_monitor(s->net, "spikes", "a", NULL);
    hebb_spike_monitor(s->net, "spikes_in", "input", NULL);
}

/* Everything up to hebb_net_build; the first failure is the answer. */
static hebb_status scene_make(stage *s, const scene *w, const setup *u) {
    memset(s, 0, sizeof *s);
    s->what = w;
    s->memory.refuse = u->refuse;
    s->batch = u->batch ? u->batch : 1;
    s->steps = u->steps ? u->steps : 20;
    hebb_allocator allocator = {counting_alloc, counting_realloc, counting_free, &s->memory};
    hebb_ctx_options ctx = hebb_ctx_options_default();
    ctx.allocator = &allocator;
    ctx.threads = u->threads ? u->threads : 1;
    ctx.seed = u->seed;
    HEBB_TRY(hebb_ctx_create(&ctx, &s->ctx));
    hebb_net_options o = hebb_net_options_default();
    o.dt = 1;
    o.batch_max = (int)(u->plan_batch ? u->plan_batch : s->batch);
    o.time_max = (double)(u->plan_steps ? u->plan_steps : s->steps);
    if (w->same_step) o.latency = "same_step";
    if (w->compat) o.compat = w->compat;
    if (u->schedule) o.schedule = u->schedule;
    if (u->precision) o.precision = u->precision;
    HEBB_TRY(hebb_net_create(s->ctx, &o, &s->net));
    scene_graph(s);
    HEBB_TRY(hebb_learner_create(s->net, w->rule ? w->rule : "STCA", HEBB_ALL,
                                 HEBB_P(HEBB_STR("tape", u->tape ? u->tape : "exact")),
                                 &s->learner));
    HEBB_TRY(hebb_learner_set_optimizer(s->learner, u->optimizer ? u->optimizer : "Adam",
                                        u->lr > 0 ? u->lr : 0.01, NULL));
    HEBB_TRY(hebb_learner_set_schedule(s->learner, "StepLR", HEBB_P({"step_size", 2})));
    HEBB_TRY(hebb_learner_set_loss(
        s->learner, w->model && !strcmp(w->model, "nonspikinglif") ? "volts" : "counts",
        "cross_entropy", NULL));
    return hebb_net_build(s->net);
}

static inline void scene_build(stage *s, const scene *w, const setup *u) {
    hebb_status status = scene_make(s, w, u);
    if (status < 0) fail_msg("%s: %s", w->name, hebb_error(s->ctx));
}

static inline void scene_free(stage *s) {
    hebb_ctx_free(s->ctx);
    assert_int_equal(s->memory.held, 0);
    assert_int_equal(s->memory.wrong, 0);
}

/* Values 0 .. 0.5, for "null" in every step. */
static inline hebb_status scene_input(stage *s) {
    dice d = {99};
    bool rows = s->what->encoder && !strcmp(s->what->encoder, "null");
    size_t per = rows ? s->steps * IN : IN;
    float *data = malloc(s->batch * per * sizeof *data);
    for (size_t i = 0; i < s->batch * per; i++) data[i] = (float)dice_between(&d, 0, 0.5);
    hebb_status status = hebb_net_input(s->net, "input", data, s->batch, per);
    free(data);
    return status;
}

static inline hebb_status scene_learn(stage *s, double time) {
    int32_t labels[512];
    double loss;
    for (size_t b = 0; b < s->batch; b++) labels[b] = (int32_t)(b % OUT);
    HEBB_TRY(hebb_learner_zero_grad(s->learner));
    HEBB_TRY(hebb_net_run(s->net, time));
    HEBB_TRY(hebb_learner_loss(s->learner, labels, s->batch, &loss));
    HEBB_TRY(hebb_learner_backward(s->learner));
    HEBB_TRY(hebb_learner_optim_step(s->learner));
    return hebb_learner_schedule_step(s->learner, 0);
}

/* ---- what came out ---- */

typedef struct bytes {
    char *data;
    size_t count, room;
} bytes;

static void bytes_add(bytes *b, const void *from, size_t count) {
    while (b->count + count > b->room) {
        b->room = b->room ? 2 * b->room : 1 << 16;
        b->data = realloc(b->data, b->room);
    }
    memcpy(b->data + b->count, from, count);
    b->count += count;
}
static inline void bytes_free(bytes *b) {
    free(b->data);
    memset(b, 0, sizeof *b);
}

static inline void bytes_equal(const bytes *a, const bytes *b, const char *scene_name,
                               const char *what) {
    if (a->count != b->count)
        fail_msg("%s: %s: %zu bytes and %zu", scene_name, what, a->count, b->count);
    if (!memcmp(a->data, b->data, a->count)) return;
    size_t i = 0;
    while (a->data[i] == b->data[i]) i++;
    fail_msg("%s: %s: not the same bits from byte %zu of %zu on", scene_name, what, i, a->count);
}

static const char *const monitors[] = {"seen_in", "seen_a", "seen_b", "seen_I"};
enum { MONITORS = sizeof monitors / sizeof monitors[0] };

static inline void add_monitor(stage *s, const char *name, bytes *to) {
    const double *values;
    size_t shape[3];
    MUST(s, hebb_monitor_values(s->net, name, &values, NULL, shape));
    bytes_add(to, values, shape[0] * shape[1] * shape[2] * sizeof *values);
}

static inline void add_outputs(stage *s, bytes *to) {
    for (size_t i = 0; i < MONITORS; i++) add_monitor(s, monitors[i], to);
    for (int i = 0; i < 2; i++) {
        const float *predict;
        size_t batch, classes;
        MUST(s, hebb_net_predict(s->net, i ? "volts" : "counts", &predict, &batch, &classes));
        bytes_add(to, predict, batch * classes * sizeof *predict);
    }
}

static size_t param_count(stage *s, const char *name) {
    size_t shape[4], ndim, count = 1;
    MUST(s, hebb_net_param_shape(s->net, name, shape, &ndim));
    for (size_t i = 0; i < ndim; i++) count *= shape[i];
    return count;
}

static inline void add_gradients(stage *s, bytes *to) {
    const char *name;
    for (size_t i = 0; (name = hebb_net_param_name(s->net, i)); i++) {
        size_t count = param_count(s, name);
        double *values = malloc(count * sizeof *values);
        if (hebb_net_gradient(s->net, name, values, count) >= 0)
            bytes_add(to, values, count * sizeof *values);
        free(values);
    }
}

/* All parameters, and the gradients of those that have one. */
static inline void add_parameters(stage *s, bytes *to) {
    const char *name;
    for (size_t i = 0; (name = hebb_net_param_name(s->net, i)); i++) {
        size_t count = param_count(s, name);
        double *values = malloc(count * sizeof *values);
        MUST(s, hebb_net_get(s->net, name, values, count));
        bytes_add(to, values, count * sizeof *values);
        if (hebb_net_gradient(s->net, name, values, count) >= 0)
            bytes_add(to, values, count * sizeof *values);
        free(values);
    }
}

/* Is there anything in it that is not 0? */
static inline bool any(const bytes *b, size_t from) {
    for (size_t i = from; i < b->count; i++)
        if (b->data[i]) return true;
    return false;
}

static inline double spikes_per_step(stage *s, const char *monitor) {
    const double *values;
    size_t shape[3];
    double sum = 0;
    MUST(s, hebb_monitor_values(s->net, monitor, &values, NULL, shape));
    for (size_t i = 0; i < shape[0] * shape[1] * shape[2]; i++) sum += values[i] != 0;
    return sum / (double)(shape[0] * shape[1] * shape[2]);
}

#endif

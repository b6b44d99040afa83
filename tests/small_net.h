/* Small networks for tests, built through the public interface only:
 *
 *   input[4] --connection1--> layer1[4] --connection2--> layer2[3] --> output
 *                              |  ^ ^                   |
 *                              +--+ +---connection_back-+
 *                    connection_rec
 *
 * A recipe says which models, links and rules; the numbers are drawn from its seed. */
#ifndef SMALL_NET_H
#define SMALL_NET_H

#include <stdlib.h>
#include <string.h>

#include "hebb/hebb.h"
#include "numeric.h"

enum { IN = 4, HIDDEN = 4, OUT = 3, STEPS_MOST = 64, BATCH_MOST = 8, PARAMS_MOST = 24 };

/* A model, parameters at which it is lively at dt = 1 ms, and those that may be trained. */
typedef struct actor {
    const char *model;
    double drive; /* factor on the weights that lead to it */
    struct {
        const char *name;
        double value;
    } params[6];
    const char *trained[8];
} actor;

static const actor actors[] = {
    {"lif", 0.6, {{"tau_m", 4}, {"v_th", 0.6}, {"v_reset", -0.1}}, {"tau_m", "v_th", "v_reset"}},
    {"if", 0.5, {{"v_th", 0.7}, {"ConstantDecay", 0.05}}, {"v_th", "ConstantDecay"}},
    {"ifsoftreset", 0.5, {{"v_th", 0.7}, {"ConstantDecay", 0.05}}, {"v_th", "ConstantDecay"}},
    {"ifb", 0.5, {{"v_th", 0.7}, {"bias", 0.05}}, {"v_th", "bias"}},
    {"plif", 1.1, {{"tau_m", 2.5}, {"v_th", 0.6}}, {"tau", "v_th"}},
    {"constantcurrentlif", 1.3, {{"tau_m", 2.5}, {"v_th", 0.6}}, {"tau_m", "v_th"}},
    {"lifm", 0.3, {{"tau_m", 5}, {"tau_p", 2}, {"v_th", 0.7}}, {"tau_m", "tau_p", "v_th"}},
    {"clif",
     0.5,
     {{"tau_p", 6}, {"tau_q", 2}, {"tau_m", 5}, {"v_th", 0.6}},
     {"tau_p", "tau_q", "tau_m", "v_th", "V0"}},
    {"clif2k", 0.5, {{"tau_m", 7}, {"tau_s", 2}, {"v_th", 0.6}}, {"tau_m", "tau_s", "v_th", "V0"}},
    {"pclif", 0.6, {{"tau_m", 0.8}, {"tau_s", 0.4}, {"v_th", 0.6}}, {"tau_m", "tau_s", "v_th"}},
    {"aclif",
     0.5,
     {{"tau_p", 6},
      {"tau_q", 2},
      {"tau_m", 5},
      {"v_th", 0.6},
      {"tau_a", 12},
      {"beta_adaptive", 0.2}},
     {"tau_p", "tau_q", "tau_m", "v_th", "V0", "tau_a", "beta_adaptive"}},
    {"li", 0.6, {{"tau_m", 5}}, {"tau_m"}},
    {"nonspikingifb", 0.5, {{"bias", 0.05}}, {"bias"}},
    {"nonspikinglif",
     0.6,
     {{"tau_p", 5}, {"tau_q", 2}, {"tau_m", 2.5}},
     {"tau_p", "tau_q", "tau_m", "V0"}},
    {"null", 0.6, {{NULL, 0}}, {NULL}},
};

typedef struct recipe {
    const char *layer1, *layer2;
    const char *surrogate; /* "function": a user's own */
    double alpha;          /* 0: the surrogate's default */
    const char *link;      /* of connection1; NULL: full */
    const char *synapse;   /* of connection1 and connection_rec; NULL: basic */
    bool bias, delayed, recurrent, recurrent_delayed;
    bool feedback;                 /* connection_back, delayed where latency is same_step */
    bool reads_v;                  /* connection2 reads V of layer1 */
    bool per_neuron;               /* a value for each neuron instead of one for all */
    const char *encoder, *decoder; /* NULL: null, spike_counts */
    const char *latency, *precision, *schedule, *compat;
    bool soft, detach;
    bool fixed_neurons; /* only connections are trained */
    int truncate, threads;
    const char *tape;    /* NULL: exact */
    size_t batch, steps; /* 0: 2 and 8 */
    uint64_t seed;
} recipe;

typedef struct small_net {
    recipe made_as;
    hebb_ctx *ctx;
    hebb_net *net;
    hebb_learner *learner;
    size_t batch, steps;
    char names[PARAMS_MOST][48]; /* what is trained: "layer1.tau_m" */
    size_t counts[PARAMS_MOST], name_count;
    float input[STEPS_MOST * BATCH_MOST * IN];
    int32_t labels[BATCH_MOST];
} small_net;

static double own_slope(void *user, double x) {
    double k = *(const double *)user;
    return 1 / (1 + k * x * x);
}
static double own_integral(void *user, double x) {
    double r = sqrt(*(const double *)user);
    return 0.5 + atan(r * x) / r;
}

static const actor *actor_of(const char *model) {
    for (size_t i = 0; i < sizeof actors / sizeof actors[0]; i++)
        if (!strcmp(actors[i].model, model)) return &actors[i];
    fail_msg("no actor %s", model);
    return NULL;
}

#define MUST(s, call)                                                                              \
    do {                                                                                           \
        hebb_status must_ = (call);                                                                \
        if (must_ < 0)                                                                             \
            fail_msg("%s: %s: %s", #call, hebb_status_name(must_), hebb_error((s)->ctx));          \
    } while (0)

static hebb_group small_layer(small_net *s, dice *d, const char *name, size_t n, const actor *a) {
    double values[6][HIDDEN];
    hebb_param params[7] = {{0}};
    for (size_t i = 0; i < 6 && a->params[i].name; i++) {
        for (size_t j = 0; j < n; j++)
            values[i][j] = a->params[i].value * dice_between(d, 0.9, 1.1);
        params[i].name = a->params[i].name;
        params[i].number = values[i][0];
        if (s->made_as.per_neuron)
            params[i].kind = HEBB_LIST, params[i].list = values[i], params[i].count = n;
    }
    return hebb_neurons(s->net, name, n, a->model, params);
}

static void small_link(small_net *s, dice *d, const char *name, const char *kind, hebb_group pre,
                       hebb_group post, size_t from, size_t to, double drive, bool delayed) {
    double weight[HIDDEN * HIDDEN], delay[HIDDEN * HIDDEN], bias[HIDDEN];
    const size_t shape[2] = {to, from};
    bool one = !strcmp(kind, "one_to_one"), sparse = !strcmp(kind, "sparse");
    const char *synapse = s->made_as.synapse, *latency = s->made_as.latency;
    bool instant = latency && !strcmp(latency, "same_step"); /* loops need a delay then */
    bool filtered = synapse && strcmp(name, "connection2");
    double gain = one ? 2 * drive : drive;
    if (filtered) gain *= 0.6;
    for (size_t k = 0; k < from * to; k++) {
        weight[k] = gain * dice_between(d, -0.5, 1.2);
        if (sparse && k % 3 == 1) weight[k] = 0; /* no synapse */
        delay[k] = (double)(instant ? 1 + dice_bits(d) % 3 : dice_bits(d) % 4);
    }
    for (size_t j = 0; j < to; j++) bias[j] = drive * dice_between(d, -0.1, 0.4);
    hebb_param params[8] = {{.name = "weight",
                             .kind = HEBB_ARRAY,
                             .list = weight,
                             .count = one ? from : from * to,
                             .shape = shape,
                             .ndim = one ? 1 : 2}};
    size_t at = 1;
    if (s->made_as.bias)
        params[at++] = (hebb_param){.name = "bias", .kind = HEBB_LIST, .list = bias, .count = to};
    if (delayed)
        params[at++] = (hebb_param){.name = "delay",
                                    .kind = HEBB_ARRAY,
                                    .list = delay,
                                    .count = one ? from : from * to,
                                    .shape = shape,
                                    .ndim = one ? 1 : 2};
    if (s->made_as.reads_v && !strcmp(name, "connection2"))
        params[at++] = (hebb_param){.name = "pre_var_name", .kind = HEBB_TEXT, .text = "V"};
    if (filtered) {
        params[at++] = (hebb_param){.name = "syn_type", .kind = HEBB_TEXT, .text = synapse};
        params[at++] = (hebb_param){.name = "tau", .number = 3};
        params[at++] = (hebb_param){.name = "tau_r", .number = 5};
        params[at++] = (hebb_param){.name = "tau_d", .number = 1.5};
    }
    hebb_connect(s->net, name, pre, post, kind, params);
}

static void small_names(small_net *s, const char *layer, const actor *a) {
    for (size_t i = 0; i < 8 && a->trained[i]; i++)
        snprintf(s->names[s->name_count++], sizeof s->names[0], "%s.%s", layer, a->trained[i]);
}

static void small_learner(small_net *s) {
    static double own = 3;
    const recipe *r = &s->made_as;
    const char *trainable[PARAMS_MOST + 1] = {0};
    size_t at = 0;
    hebb_param params[6] = {{0}};
    params[at] = (hebb_param){.name = "surrogate_func", .kind = HEBB_TEXT, .text = r->surrogate};
    if (!strcmp(r->surrogate, "function"))
        params[at] = (hebb_param){.name = "surrogate_func",
                                  .kind = HEBB_CALLBACK,
                                  .call = own_slope,
                                  .call_integral = own_integral,
                                  .user = &own};
    at++;
    if (r->alpha > 0) params[at++] = (hebb_param){.name = "alpha", .number = r->alpha};
    if (r->detach) params[at++] = (hebb_param){.name = "detach_reset", .number = 1};
    if (r->truncate) params[at++] = (hebb_param){.name = "truncate", .number = r->truncate};
    if (r->tape) params[at++] = (hebb_param){.name = "tape", .kind = HEBB_TEXT, .text = r->tape};
    for (size_t i = 0; i < s->name_count; i++) trainable[i] = s->names[i];
    MUST(s, hebb_learner_create(s->net, "sbp", trainable, params, &s->learner));
}

static void small_input(small_net *s, dice *d) {
    const recipe *r = &s->made_as;
    bool steady = r->encoder && strcmp(r->encoder, "null");
    size_t rows = steady ? 1 : 2 * s->steps; /* enough to go on once */
    for (size_t k = 0; k < rows * s->batch * IN; k++)
        s->input[k] = steady ? (float)dice_between(d, 0, 0.8) : (float)(dice_bits(d) % 5 < 2);
    for (size_t b = 0; b < s->batch; b++) s->labels[b] = (int32_t)(dice_bits(d) % OUT);
    MUST(s, hebb_net_input(s->net, "input", s->input, s->batch, rows * IN));
}

static void small_build(small_net *s, const recipe *r) {
    memset(s, 0, sizeof *s);
    s->made_as = *r;
    s->batch = r->batch ? r->batch : 2;
    s->steps = r->steps ? r->steps : 8;
    dice d = {r->seed * 7919 + 17};
    /* windows without bounds let soft spikes grow: weak links keep the loss in range */
    bool open = !strcmp(r->surrogate, "straight_through") || !strcmp(r->surrogate, "relu");
    double drive = open ? 0.35 : 1;
    const actor *first = actor_of(r->layer1), *second = actor_of(r->layer2);
    hebb_ctx_options ctx = hebb_ctx_options_default();
    ctx.threads = r->threads ? r->threads : 1;
    MUST(s, hebb_ctx_create(&ctx, &s->ctx));
    hebb_net_options options = hebb_net_options_default();
    options.dt = 1;
    if (r->latency) options.latency = r->latency;
    if (r->compat) options.compat = r->compat;
    if (r->schedule) options.schedule = r->schedule;
    options.precision = r->precision ? r->precision : "double";
    options.soft = r->soft;
    options.batch_max = (int)s->batch;
    options.time_max = (double)s->steps;
    MUST(s, hebb_net_create(s->ctx, &options, &s->net));
    hebb_group input = hebb_encoder(s->net, "input", IN, r->encoder ? r->encoder : "null", NULL);
    hebb_group layer1 = small_layer(s, &d, "layer1", HIDDEN, first);
    hebb_group layer2 = small_layer(s, &d, "layer2", OUT, second);
    small_link(s, &d, "connection1", r->link ? r->link : "full", input, layer1, IN, HIDDEN,
               drive * first->drive, r->delayed);
    small_link(s, &d, "connection2", "full", layer1, layer2, HIDDEN, OUT, drive * second->drive,
               false);
    if (r->recurrent || r->recurrent_delayed)
        small_link(s, &d, "connection_rec", "full", layer1, layer1, HIDDEN, HIDDEN,
                   0.4 * drive * first->drive, r->recurrent_delayed);
    bool instant = r->latency && !strcmp(r->latency, "same_step");
    if (r->feedback)
        small_link(s, &d, "connection_back", "full", layer2, layer1, OUT, HIDDEN,
                   0.4 * drive * first->drive, instant);
    hebb_decode(s->net, "output", layer2, r->decoder ? r->decoder : "spike_counts", NULL);
    hebb_state_monitor(s->net, "seen", "layer1", "O", NULL);
    const char *const links[] = {"connection1", "connection2",
                                 r->recurrent || r->recurrent_delayed ? "connection_rec" : NULL,
                                 r->feedback ? "connection_back" : NULL};
    for (size_t i = 0; i < sizeof links / sizeof links[0]; i++)
        for (int bias = 0; links[i] && bias <= r->bias; bias++)
            snprintf(s->names[s->name_count++], sizeof s->names[0], "%s.%s", links[i],
                     bias ? "bias" : "weight");
    if (!r->fixed_neurons) small_names(s, "layer1", first), small_names(s, "layer2", second);
    small_learner(s);
    MUST(s, hebb_net_build(s->net));
    for (size_t i = 0; i < s->name_count; i++) {
        size_t shape[4], ndim;
        MUST(s, hebb_net_param_shape(s->net, s->names[i], shape, &ndim));
        s->counts[i] = 1;
        for (size_t k = 0; k < ndim; k++) s->counts[i] *= shape[k];
    }
    small_input(s, &d);
}

static void small_free(small_net *s) { hebb_ctx_free(s->ctx); }

static double small_loss(small_net *s) {
    double loss;
    MUST(s, hebb_net_run(s->net, (double)s->steps));
    MUST(s, hebb_learner_loss(s->learner, s->labels, s->batch, &loss));
    return loss;
}

/* Loss and all gradients, one after the other. */
static double small_gradients(small_net *s, double *gradients) {
    MUST(s, hebb_learner_zero_grad(s->learner));
    double loss = small_loss(s);
    MUST(s, hebb_learner_backward(s->learner));
    for (size_t i = 0; i < s->name_count; gradients += s->counts[i++])
        MUST(s, hebb_net_gradient(s->net, s->names[i], gradients, s->counts[i]));
    return loss;
}

#endif

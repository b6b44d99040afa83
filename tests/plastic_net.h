/* A plastic connection between trains of the test's own, and a plain dense model of it in
 * double numbers, synapse by synapse, which shares no code with the library.
 *
 *   input[IN] --plastic--> layer[OUT] <--one_to_one, strong-- teacher[OUT]
 *
 * The model is fed the trains and the layer's recorded spikes. */
#ifndef PLASTIC_NET_H
#define PLASTIC_NET_H

#include <stdlib.h>
#include <string.h>

#include "hebb/hebb.h"
#include "numeric.h"

enum { PIN = 70, POUT = 6, DELAY_MOST = 3 };

typedef struct spec {
    const char *rule;
    hebb_param params[14];
    const char *kind;          /* NULL: full */
    bool delayed, recurrent;   /* recurrent: the plastic connection is layer -> layer */
    bool same_step, rows;      /* rows: the source's spikes are numbers, not bits */
    size_t batch, steps, runs; /* 0: 1, 300, 1 */
    bool goes_on;              /* later runs continue the first */
    int threads;               /* 0: 1 */
    const char *precision;     /* NULL: double */
    double low, high;          /* of the drawn weights; both 0: 0.2, 0.8 */
    double rate;               /* spikes in a step; 0: 0.05 */
    uint64_t seed;
    double dt;          /* 0: 1 */
    const char *reward; /* of the layer, by this method; NULL: none */
    hebb_param reward_params[6];
    const char *compat;
} spec;

typedef struct plastic {
    spec s;
    hebb_ctx *ctx;
    hebb_net *net;
    hebb_learner *learner;
    size_t pre, batch, steps;
    double w0[PIN * POUT], delay[PIN * POUT]; /* [post][pre], as the user sees them */
    bool there[PIN * POUT];
    float *input, *teacher; /* [T][B][n] of one run */
    double *post;           /* [T][B][POUT] recorded */
} plastic;

#define MUST(s_, call)                                                                             \
    do {                                                                                           \
        hebb_status must_ = (call);                                                                \
        if (must_ < 0)                                                                             \
            fail_msg("%s: %s: %s: %s", (s_)->s.rule, #call, hebb_status_name(must_),               \
                     hebb_error((s_)->ctx));                                                       \
    } while (0)

static void draw_weights(plastic *n) {
    dice d = {n->s.seed + 5};
    bool one = n->s.kind && !strcmp(n->s.kind, "one_to_one");
    bool sparse = n->s.kind && !strcmp(n->s.kind, "sparse");
    double low = n->s.low, high = n->s.high;
    if (low == 0 && high == 0) low = 0.2, high = 0.8;
    for (size_t j = 0; j < POUT; j++)
        for (size_t i = 0; i < n->pre; i++) {
            size_t k = j * n->pre + i;
            n->there[k] = one ? i == j : !sparse || dice_between(&d, 0, 1) < 0.4;
            n->w0[k] = n->there[k] ? dice_between(&d, low, high) : 0;
            n->delay[k] = n->s.delayed ? (double)(dice_bits(&d) % (DELAY_MOST + 1)) : 0;
            if (n->s.same_step && n->s.recurrent && n->delay[k] == 0) n->delay[k] = 1;
        }
}

static hebb_status plastic_make(plastic *n, const spec *s, const hebb_allocator *allocator) {
    memset(n, 0, sizeof *n);
    n->s = *s;
    bool one = s->kind && !strcmp(s->kind, "one_to_one");
    n->pre = s->recurrent || one ? POUT : PIN;
    n->batch = s->batch ? s->batch : 1;
    n->steps = s->steps ? s->steps : 300;
    draw_weights(n);
    hebb_ctx_options c = hebb_ctx_options_default();
    c.threads = s->threads ? s->threads : 1;
    c.allocator = allocator;
    HEBB_TRY(hebb_ctx_create(&c, &n->ctx));
    hebb_net_options o = hebb_net_options_default();
    o.dt = s->dt > 0 ? s->dt : 1;
    o.batch_max = (int)n->batch;
    o.time_max = (double)n->steps * o.dt;
    o.precision = s->precision ? s->precision : "double";
    if (s->same_step) o.latency = "same_step";
    if (s->compat) o.compat = s->compat;
    HEBB_TRY(hebb_net_create(n->ctx, &o, &n->net));
    hebb_group in = hebb_encoder(n->net, "input", n->pre, s->rows ? "null" : "mstb", NULL);
    hebb_group teacher = hebb_encoder(n->net, "teacher", POUT, "null", NULL);
    hebb_group layer = hebb_neurons(n->net, "layer", POUT, "lif", HEBB_P({"v_th", 40}));
    size_t square[2] = {POUT, n->pre};
    hebb_param link[4] = {{0}};
    double diagonal[POUT];
    for (size_t j = 0; j < POUT && one; j++) diagonal[j] = n->w0[j * n->pre + j];
    link[0] = (hebb_param){.name = "weight",
                           .kind = HEBB_ARRAY,
                           .list = one ? diagonal : n->w0,
                           .shape = square,
                           .ndim = one ? 1 : 2};
    if (s->delayed)
        link[1] = (hebb_param){
            .name = "delay", .kind = HEBB_ARRAY, .list = n->delay, .shape = square, .ndim = 2};
    hebb_connect(n->net, "plastic", s->recurrent ? layer : in, layer, s->kind ? s->kind : "full",
                 link);
    hebb_connect(n->net, "force", teacher, layer, "one_to_one", HEBB_P({"weight", 1e4}));
    hebb_state_monitor(n->net, "spikes", "layer", "O", NULL);
    if (s->reward) hebb_add_reward(n->net, "reward", layer, s->reward, s->reward_params);
    HEBB_TRY(hebb_learner_create(n->net, s->rule, HEBB_NAMES("plastic"), s->params, &n->learner));
    return hebb_net_build(n->net);
}

static void plastic_free(plastic *n) {
    hebb_ctx_free(n->ctx);
    free(n->input);
    free(n->teacher);
    free(n->post);
}

/* Poisson trains of run `run` of samples first .. first + batch of the whole. */
static void plastic_trains(plastic *n, size_t run, size_t first) {
    double rate = n->s.rate > 0 ? n->s.rate : 0.05;
    n->input = realloc(n->input, n->steps * n->batch * n->pre * sizeof(float));
    n->teacher = realloc(n->teacher, n->steps * n->batch * POUT * sizeof(float));
    n->post = realloc(n->post, n->steps * n->batch * POUT * sizeof(double));
    for (size_t b = 0; b < n->batch; b++) {
        dice d = {n->s.seed * 77 + 1000 * run + first + b};
        for (size_t t = 0; t < n->steps; t++) {
            for (size_t i = 0; i < n->pre; i++)
                n->input[(t * n->batch + b) * n->pre + i] = dice_between(&d, 0, 1) < rate;
            for (size_t j = 0; j < POUT; j++)
                n->teacher[(t * n->batch + b) * POUT + j] = dice_between(&d, 0, 1) < rate;
        }
    }
}

static void give_events(plastic *n) {
    size_t cells = n->steps * n->pre, count = 0;
    double *times = malloc(n->batch * cells * sizeof *times), dt = n->s.dt > 0 ? n->s.dt : 1;
    uint32_t *neurons = malloc(n->batch * cells * sizeof *neurons);
    size_t *offsets = malloc((n->batch + 1) * sizeof *offsets);
    for (size_t b = 0; b < n->batch; b++) {
        offsets[b] = count;
        for (size_t t = 0; t < n->steps; t++)
            for (size_t i = 0; i < n->pre; i++)
                if (n->input[(t * n->batch + b) * n->pre + i] != 0)
                    times[count] = (double)t * dt, neurons[count++] = (uint32_t)i;
    }
    offsets[n->batch] = count;
    MUST(n, hebb_net_input_events(n->net, "input", times, neurons, offsets, n->batch));
    free(times);
    free(neurons);
    free(offsets);
}

static void plastic_give(plastic *n) {
    if (n->s.rows)
        MUST(n, hebb_net_input(n->net, "input", n->input, n->batch, n->steps * n->pre));
    else
        give_events(n);
    MUST(n, hebb_net_input(n->net, "teacher", n->teacher, n->batch, n->steps * POUT));
}

static void plastic_run(plastic *n) {
    const double *values;
    size_t shape[3];
    plastic_give(n);
    MUST(n, hebb_net_run(n->net, (double)n->steps * (n->s.dt > 0 ? n->s.dt : 1)));
    MUST(n, hebb_monitor_values(n->net, "spikes", &values, NULL, shape));
    memcpy(n->post, values, shape[0] * shape[1] * shape[2] * sizeof *values);
}

static void plastic_weights(plastic *n, double *w) {
    bool one = n->s.kind && !strcmp(n->s.kind, "one_to_one");
    double diagonal[POUT];
    if (!one) {
        MUST(n, hebb_net_get(n->net, "plastic.weight", w, POUT * n->pre));
        return;
    }
    MUST(n, hebb_net_get(n->net, "plastic.weight", diagonal, POUT));
    memset(w, 0, POUT * n->pre * sizeof *w);
    for (size_t j = 0; j < POUT; j++) w[j * n->pre + j] = diagonal[j];
}

/* ---- the plain model ---- */

typedef struct side {
    double decay[2];
    bool nearest[2], before[2];
    double tau[2]; /* ms; decay = exp(-dt / tau) where it is not 0 */
} side;

typedef struct plain {
    side pre, post;
    /* What the two spikes do; x, y: traces of the synapse. */
    double (*at_pre)(const double *k, double w, const double *x, const double *y);
    double (*at_post)(const double *k, double w, const double *x, const double *y);
    double k[8];
    double low, high, norm;
    bool every_step, mean;
} plain;

typedef struct plain_state {
    double w[POUT * PIN];
    double *x, *y; /* [2][B][POUT * PIN] */
} plain_state;

static void plain_decay(const side *s, double *trace, int k) { *trace *= s->decay[k]; }
static void plain_spike(const side *s, double *trace, int k) {
    *trace = s->nearest[k] ? 1 : *trace + 1;
}

static void plain_bound(const plain *m, const bool *there, double *w, size_t cells) {
    for (size_t c = 0; c < cells; c++)
        if (there[c]) w[c] = fmin(fmax(w[c], m->low), m->high);
}
static void plain_normalise(const plain *m, double *w, size_t pre) {
    for (size_t j = 0; j < POUT; j++) {
        double sum = 0;
        for (size_t i = 0; i < pre; i++) sum += fabs(w[j * pre + i]);
        for (size_t i = 0; i < pre && sum > 0; i++) w[j * pre + i] *= m->norm / sum;
    }
}

/* One step of one synapse of one sample; the change. */
static double plain_synapse(const plain *m, double w, bool p, bool q, double *x, double *y) {
    double dw = 0;
    for (int k = 0; k < 2; k++) {
        plain_decay(&m->pre, &x[k], k);
        plain_decay(&m->post, &y[k], k);
        if (p && !m->pre.before[k]) plain_spike(&m->pre, &x[k], k);
        if (q && !m->post.before[k]) plain_spike(&m->post, &y[k], k);
    }
    if (p && m->at_pre) dw += m->at_pre(m->k, w, x, y);
    if (q && m->at_post) dw += m->at_post(m->k, w, x, y);
    for (int k = 0; k < 2; k++) {
        if (p && m->pre.before[k]) plain_spike(&m->pre, &x[k], k);
        if (q && m->post.before[k]) plain_spike(&m->post, &y[k], k);
    }
    return dw;
}

/* Did source i arrive at synapse k in step t? */
static bool plain_arrives(const plastic *n, size_t b, size_t t, size_t k) {
    size_t i = k % n->pre, late = (size_t)n->delay[k] + (n->s.same_step ? 0 : 1);
    if (late > t) return false;
    size_t row = (t - late) * n->batch + b;
    return n->s.recurrent ? n->post[row * POUT + i] != 0 : n->input[row * n->pre + i] != 0;
}

/* held: the changes of all steps come from the weights before the run. */
static inline void plain_run(const plastic *n, const plain *given, plain_state *s, bool held) {
    plain made = *given, *m = &made;
    for (int k = 0; k < 2; k++) {
        double dt = n->s.dt > 0 ? n->s.dt : 1;
        if (m->pre.tau[k] > 0) m->pre.decay[k] = exp(-dt / m->pre.tau[k]);
        if (m->post.tau[k] > 0) m->post.decay[k] = exp(-dt / m->post.tau[k]);
    }
    size_t cells = POUT * n->pre, B = n->batch;
    double *dw = calloc(cells, sizeof *dw);
    s->x = calloc(2 * B * cells, sizeof(double));
    s->y = calloc(2 * B * cells, sizeof(double));
    for (size_t t = 0; t < n->steps; t++) {
        for (size_t c = 0; c < cells && !held; c++) dw[c] = 0;
        for (size_t b = 0; b < B; b++)
            for (size_t c = 0; c < cells; c++)
                if (n->there[c])
                    dw[c] += plain_synapse(m, s->w[c], plain_arrives(n, b, t, c),
                                           n->post[(t * B + b) * POUT + c / n->pre] != 0,
                                           &s->x[2 * (b * cells + c)], &s->y[2 * (b * cells + c)]);
        if (held) continue;
        for (size_t c = 0; c < cells; c++) s->w[c] += m->mean ? dw[c] / (double)B : dw[c];
        if (m->norm > 0 && m->every_step) plain_normalise(m, s->w, n->pre);
        plain_bound(m, n->there, s->w, cells);
    }
    for (size_t c = 0; c < cells && held; c++) s->w[c] += m->mean ? dw[c] / (double)B : dw[c];
    if (m->norm > 0 && !m->every_step) plain_normalise(m, s->w, n->pre);
    plain_bound(m, n->there, s->w, cells);
    free(dw);
    free(s->x);
    free(s->y);
}

#endif

/* SPAIC's meta_nearest_online_stdp: nearest pairs, soft bounds and row means that follow
 * a target, which moves so that neurons that spike more get less. */
#include <math.h>
#include <string.h>

#include "learning/plastic_common.h"

static const hb_param_info params[] = {
    {"Apost", HB_NUM, "1", 0.01, HB_ANY, 0, "growth at a postsynaptic spike"},
    {"Apre", HB_NUM, "1", 1e-4, HB_ANY, 0, "depression at a presynaptic spike"},
    {"pre_decay", HB_NUM, "1", 0.967216100524139, 0, 1, HB_BELOW,
     "decay of the presynaptic trace in one step", NULL, "exp(-1/30)"},
    {"post_decay", HB_NUM, "1", 0.995012479192682, 0, 1, HB_BELOW,
     "decay of the postsynaptic trace in one step", NULL, "exp(-1/200)"},
    HB_P_LR(1, "factor on every change of a pair; compat = spaic: ignored"),
    HB_P_BOUNDS(0, 1),
    {.name = "reduction",
     .type = HB_CHOICE,
     .unit = "1",
     .choices = "sum|mean",
     .def_text = "sum",
     .doc = "what the changes of the samples of a batch come to"}};

static const hb_component component = {
    .kind = "learner",
    .name = "meta_nearest_online_stdp",
    .aliases = "meta_nearest_stdp|metanearestonlinestdp",
    .summary = "nearest-spike STDP with soft bounds and adapting means of the inputs",
    .equation =
        "x <- p + (1 - p) pre_decay x; y likewise; dw = lr (Apost q x - Apre y p); m <- m - 0.1 "
        "Apre "
        "(mean over the batch of y - mean of all y), scaled to keep its mean; w <- w m / mean of "
        "the "
        "row + dw exp(-0.2 / max(d, 1e-4)), d the distance to the bound that dw moves to; m starts "
        "as the rows' means at the start of a run (compat = spaic: of the first, and y is kept)",
    .source = "SPAIC 0.6.3",
    .params = params,
    .param_count = HB_COUNT(params)};

enum { POST, PRE };

typedef struct meta {
    real *x, *y;             /* [B][pre], [B][post] */
    real *dw;                /* [synapses] */
    double *m, *rate, *sums; /* [post]: target; mean of y; sums of a row */
    size_t *inputs;          /* [post] */
    double mean;             /* of the rows' means at the start */
    uint64_t *p, *q;
    bool started;
} meta;

static hebb_status setup(hb_plastic *p) {
    HEBB_TRY(HB_R(hb_plastic_setup)(p));
    HEBB_TRY(HB_R(hb_plastic_undelayed)(p));
    if (p->m->base.graph->spaic) p->lr = 1, p->mean = false;
    HB_R(hb_plastic_rated)(p, POST, hb_args_num(p->args, "Apost"));
    HB_R(hb_plastic_rated)(p, PRE, hb_args_num(p->args, "Apre"));
    p->pre[0] = (hb_trace){hb_args_num(p->args, "pre_decay"), true, false};
    p->post[0] = (hb_trace){hb_args_num(p->args, "post_decay"), true, false};
    return HEBB_OK;
}

static void lay(hb_plastic *p, hb_arena *a, size_t batch, size_t steps) {
    (void)steps;
    size_t pre = p->link->pre->n, post = p->link->post->n, kept = p->m->base.batch;
    meta s = {0}, *old = p->own;
    HB_R(hb_plastic_lay)(p, a, batch);
    meta *own = hb_arena_take(a, 1, sizeof *own);
    s.x = hb_arena_take(a, batch * pre, sizeof(real));
    s.y = hb_arena_take(a, batch * post, sizeof(real));
    s.dw = hb_arena_take(a, p->link->wiring->count, sizeof(real));
    s.m = hb_arena_take(a, post, sizeof(double));
    s.rate = hb_arena_take(a, post, sizeof(double));
    s.sums = hb_arena_take(a, post, sizeof(double));
    s.inputs = hb_arena_take(a, post, sizeof(size_t));
    s.p = hb_arena_take(a, p->link->pre->words, sizeof *s.p);
    s.q = hb_arena_take(a, p->link->post->words, sizeof *s.q);
    if (!a->base) return;
    if (old && old != own) {
        memcpy(s.x, old->x, kept * pre * sizeof(real));
        memcpy(s.y, old->y, kept * post * sizeof(real));
        memcpy(s.m, old->m, post * sizeof(double));
    }
    if (old) s.mean = old->mean, s.started = old->started;
    for (size_t j = 0; j < post; j++) s.inputs[j] = hb_column_count(p, j);
    *own = s;
    p->own = own;
}

/* Sums of the rows (with their signs). */
static void sum_rows(const hb_plastic *p, double *sums) {
    const real *w = hb_weights(p);
    memset(sums, 0, p->link->post->n * sizeof *sums);
    for (size_t k = 0; k < p->link->wiring->count; k++) sums[hb_synapse_post(p, k)] += (double)w[k];
}
static double mean_of(const double *values, size_t n) {
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += values[i];
    return sum / (double)n;
}

static void begin(hb_plastic *p, bool fresh) {
    meta *s = p->own;
    size_t post = p->link->post->n, batch = p->m->base.batch;
    bool keeps = p->m->base.graph->spaic && s->started;
    if (fresh) memset(s->x, 0, batch * p->link->pre->n * sizeof(real));
    if (fresh && !keeps) {
        memset(s->y, 0, batch * post * sizeof(real));
        sum_rows(p, s->sums);
        for (size_t j = 0; j < post; j++)
            s->m[j] = s->inputs[j] ? s->sums[j] / (double)s->inputs[j] : 0;
        s->mean = mean_of(s->m, post);
    }
    s->started = true;
}

static void move_target(hb_plastic *p) {
    meta *s = p->own;
    size_t post = p->link->post->n, batch = p->m->base.batch;
    memset(s->rate, 0, post * sizeof *s->rate);
    for (size_t b = 0; b < batch; b++)
        for (size_t j = 0; j < post; j++) s->rate[j] += (double)s->y[b * post + j] / (double)batch;
    double all = mean_of(s->rate, post);
    for (size_t j = 0; j < post; j++) s->m[j] -= 0.1 * p->number[PRE] * (s->rate[j] - all);
    double now = mean_of(s->m, post);
    for (size_t j = 0; j < post && now != 0; j++) s->m[j] *= s->mean / now;
}

static void add_sample(hb_plastic *p, size_t b, size_t t) {
    meta *s = p->own;
    const hb_part *pre = p->link->pre, *post = p->link->post;
    const uint64_t *P = HB_R(hb_plastic_pre)(p, b, t, 0, s->p);
    const uint64_t *Q = HB_R(hb_plastic_post)(p, b, t, s->q);
    real *x = s->x + b * pre->n, *y = s->y + b * post->n;
    real grow = (real)p->number[POST], shrink = (real)p->number[PRE];
    HB_R(hb_trace_decay)(&p->pre[0], pre->n, x);
    HB_R(hb_trace_decay)(&p->post[0], post->n, y);
    for (size_t i = 0; i < pre->n; i++)
        if (P[i / 64] >> i % 64 & 1) x[i] = 1;
    for (size_t j = 0; j < post->n; j++)
        if (Q[j / 64] >> j % 64 & 1) y[j] = 1;
    for (size_t k = 0; k < p->link->wiring->count; k++) {
        size_t i = hb_synapse_pre(p, k), j = hb_synapse_post(p, k);
        if (Q[j / 64] >> j % 64 & 1) s->dw[k] += grow * x[i];
        if (P[i / 64] >> i % 64 & 1) s->dw[k] -= shrink * y[j];
    }
}

static void step(hb_plastic *p, size_t t) {
    meta *s = p->own;
    real *w = hb_weights(p);
    size_t post = p->link->post->n, batch = p->m->base.batch, count = p->link->wiring->count;
    memset(s->dw, 0, count * sizeof(real));
    for (size_t b = 0; b < batch; b++) add_sample(p, b, t);
    move_target(p);
    sum_rows(p, s->sums);
    for (size_t j = 0; j < post; j++)
        if (s->inputs[j]) s->sums[j] = s->m[j] / fmax(s->sums[j] / (double)s->inputs[j], 1e-6);
    for (size_t k = 0; k < count; k++) {
        double old = (double)w[k], dw = (double)s->dw[k] / (p->mean ? (double)batch : 1);
        double room = dw < 0 ? old - (double)p->low : (double)p->high - old;
        double now = old * s->sums[hb_synapse_post(p, k)] + dw * exp(-0.2 / fmax(room, 1e-4));
        if (!p->m->base.graph->spaic) now = fmin(fmax(now, (double)p->low), (double)p->high);
        w[k] = (real)now;
    }
}

static void end(hb_plastic *p) { HB_R(hb_plastic_end)(p); }

const hb_rule HB_R(hb_rule_meta_nearest_online_stdp) = {
    .component = &component, .setup = setup, .lay = lay, .begin = begin, .step = step, .end = end};

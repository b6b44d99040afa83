/* postpreintstdp: STDP in whole numbers, with rounding by chance. */
#include <math.h>
#include <string.h>

#include "learning/pairs.h"
#include "learning/plastic_common.h"

static const hb_param_info params[] = {
    {"trace_decay", HB_INT, "1", 31169, 0, 32767, 0, "a trace is multiplied by it, then shifted"},
    {"shift_spike_trace", HB_INT, "bit", 15, 0, 31, 0, "places by which that is shifted"},
    {"trace_scale", HB_INT, "1", 127, 0, 32767, 0, "a trace after a spike"},
    {"max_threshold", HB_INT, "1", 4915, 0, 32767, 0,
     "the weights of a neuron are halved while its threshold (thresh) is above it"},
    {"shift", HB_INT, "bit", 14, 0, 31, 0,
     "places by which changes are shifted, rounding by chance"},
    {"nu0", HB_INT, "1", 14, -32767, 32767, 0, "size of the change at a presynaptic spike"},
    {"nu1", HB_INT, "1", 141, -32767, 32767, 0, "size of the change at a postsynaptic spike"},
    {"w_min", HB_INT, "1", 0, -32767, 32767, 0, "least weight"},
    {"w_max", HB_INT, "1", 109, -32767, 32767, 0, "largest weight"}};

static const hb_component component = {
    .kind = "learner",
    .name = "postpreintstdp",
    .aliases = "postpreint|post_pre_int_stdp",
    .summary = "STDP in whole numbers, rounded by chance",
    .equation =
        "x <- (trace_decay x) >> shift_spike_trace, trace_scale at a spike; y likewise; pre "
        "spike: w -= R(nu0 y) (compat = spaic: +=); post spike: w += R(nu1 x); R(v) = (v >> "
        "shift) + 1 with probability (v mod 2^shift) / 2^shift, drawn once a neuron and "
        "step; w >> 1 while the neuron's thresh > max_threshold; weights are rounded to "
        "whole numbers when a run starts",
    .source = "SPAIC 0.6.3; the float form: Diehl and Cook, Front. Comput. Neurosci. 9:99, 2015",
    .params = params,
    .param_count = HB_COUNT(params)};

enum { DECAY, TRACE_SHIFT, SCALE, MOST, SHIFT, NU0, NU1 };
static const char *const names[] = {
    "trace_decay", "shift_spike_trace", "trace_scale", "max_threshold", "shift", "nu0", "nu1"};

typedef struct whole {
    int64_t *x, *y;   /* [B][pre], [B][post] */
    int64_t *dx, *dy; /* rounded: [pre], [post] */
    int64_t *dw;      /* [synapses] */
    uint64_t *p, *q;
    int thresh; /* the state of that name; -1: none */
} whole;

static hebb_status setup(hb_plastic *p) {
    HEBB_TRY(HB_R(hb_plastic_setup)(p));
    HEBB_TRY(HB_R(hb_plastic_undelayed)(p));
    for (size_t i = 0; i < HB_COUNT(names); i++) p->number[i] = hb_args_num(p->args, names[i]);
    return HEBB_OK;
}

static int find_thresh(const hb_model *model) {
    for (size_t s = 0; s < model->state_count; s++)
        if (!strncmp(model->states[s], "thresh", 6)) return (int)s;
    return -1;
}

static void lay(hb_plastic *p, hb_arena *a, size_t batch, size_t steps) {
    (void)steps;
    size_t pre = p->link->pre->n, post = p->link->post->n, kept = p->m->base.batch;
    whole s, *old = p->own;
    HB_R(hb_plastic_lay)(p, a, batch);
    whole *own = hb_arena_take(a, 1, sizeof *own);
    s.x = hb_arena_take(a, batch * pre, sizeof *s.x);
    s.y = hb_arena_take(a, batch * post, sizeof *s.y);
    s.dx = hb_arena_take(a, pre, sizeof *s.dx);
    s.dy = hb_arena_take(a, post, sizeof *s.dy);
    s.dw = hb_arena_take(a, p->link->wiring->count, sizeof *s.dw);
    s.p = hb_arena_take(a, p->link->pre->words, sizeof *s.p);
    s.q = hb_arena_take(a, p->link->post->words, sizeof *s.q);
    s.thresh = find_thresh(p->link->post->model);
    if (!a->base) return;
    if (old && old != own) {
        memcpy(s.x, old->x, kept * pre * sizeof *s.x);
        memcpy(s.y, old->y, kept * post * sizeof *s.y);
    }
    *own = s;
    p->own = own;
}

static void begin(hb_plastic *p, bool fresh) {
    whole *s = p->own;
    real *w = hb_weights(p);
    for (size_t k = 0; k < p->link->wiring->count; k++) w[k] = (real)rint((double)w[k]);
    if (!fresh) return;
    memset(s->x, 0, p->m->base.batch * p->link->pre->n * sizeof *s->x);
    memset(s->y, 0, p->m->base.batch * p->link->post->n * sizeof *s->y);
}

/* Floor of v / 2^shift. */
static int64_t shifted(int64_t v, int shift) {
    int64_t by = (int64_t)1 << shift;
    return v >= 0 ? v / by : -((-v + by - 1) / by);
}

static void follow(const hb_plastic *p, const uint64_t *bits, size_t n, int64_t *x) {
    int64_t decay = (int64_t)p->number[DECAY];
    for (size_t i = 0; i < n; i++)
        x[i] = hb_bit(bits, i) ? (int64_t)p->number[SCALE]
                               : shifted(decay * x[i], (int)p->number[TRACE_SHIFT]);
}

/* Rounds nu x by chance: to[i] is one more with the probability that is cut off. */
static void round_by_chance(const hb_plastic *p, size_t b, size_t t, uint32_t side, double nu,
                            const int64_t *x, size_t n, int64_t *to) {
    const hb_graph *g = p->m->base.graph;
    uint64_t sample = g->sample_count ? g->samples[b] : g->shown + b;
    uint32_t object = (uint32_t)(p->link - p->m->links) * 2 + side + (uint32_t)g->epoch * 65536;
    uint64_t blocks = (n + 3) / 4, step = p->m->base.clock + t;
    int shift = (int)p->number[SHIFT];
    uint32_t mask = (uint32_t)(((uint64_t)1 << shift) - 1), words[4];
    hb_stream stream;
    hb_stream_init(&stream, g->seed, HB_DRAW_RULE, object, (uint32_t)sample);
    for (size_t i = 0; i < n; i++) {
        if (i % 4 == 0) {
            stream.counter[0] = (uint32_t)(step * blocks + i / 4);
            hb_philox(stream.counter, stream.key, words);
        }
        int64_t v = (int64_t)nu * x[i], low = shifted(v, shift);
        to[i] = low + ((int64_t)(words[i % 4] & mask) < v - low * ((int64_t)mask + 1));
    }
}

static void add_sample(hb_plastic *p, size_t b, size_t t) {
    whole *s = p->own;
    const hb_part *pre = p->link->pre, *post = p->link->post;
    bool spaic = p->m->base.graph->spaic;
    const uint64_t *P = HB_R(hb_plastic_pre)(p, b, t, 0, s->p);
    const uint64_t *Q = HB_R(hb_plastic_post)(p, b, t, s->q);
    int64_t *x = s->x + b * pre->n, *y = s->y + b * post->n;
    follow(p, P, pre->n, x);
    follow(p, Q, post->n, y);
    round_by_chance(p, b, t, 0, p->number[NU1], x, pre->n, s->dx);
    round_by_chance(p, b, t, 1, p->number[NU0], y, post->n, s->dy);
    bool any = false;
    for (size_t i = 0; i < post->words; i++) any |= Q[i] != 0;
    for (size_t i = 0; i < pre->n; i++) {
        size_t first, last;
        bool spike = hb_bit(P, i);
        if (!spike && !any) continue;
        hb_row(p, i, &first, &last);
        for (size_t k = first; k < last; k++) {
            size_t j = hb_synapse_post(p, k);
            if (spike) s->dw[k] += spaic ? s->dy[j] : -s->dy[j];
            if (hb_bit(Q, j)) s->dw[k] += s->dx[i];
        }
    }
}

static double threshold(const hb_plastic *p, size_t j) {
    const hb_part *post = p->link->post;
    const whole *s = p->own;
    if (s->thresh < 0) return 0;
    return post->kept ? post->kept[j] : (double)post->state[(size_t)s->thresh * post->n + j];
}

static void step(hb_plastic *p, size_t t) {
    whole *s = p->own;
    real *w = hb_weights(p);
    size_t count = p->link->wiring->count;
    memset(s->dw, 0, count * sizeof *s->dw);
    for (size_t b = 0; b < p->m->base.batch; b++) add_sample(p, b, t);
    for (size_t k = 0; k < count; k++) {
        int64_t now = (int64_t)w[k] + s->dw[k];
        if (threshold(p, hb_synapse_post(p, k)) > p->number[MOST]) now = shifted(now, 1);
        w[k] = hb_inside(p, (real)now);
    }
}

const hb_rule HB_R(hb_rule_postpreintstdp) = {.component = &component,
                                              .setup = setup,
                                              .lay = lay,
                                              .begin = begin,
                                              .step = step,
                                              .end = HB_R(hb_plastic_end)};

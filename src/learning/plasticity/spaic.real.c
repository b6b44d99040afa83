/* compat = "spaic": full and nearest STDP as SPAIC 0.6.3 computes them. In step n the
 * change of step n - 1 is added, the rows are normalised (nearest: always; full: from a
 * step on that the run time known at build gives), the weights clamped, and only then
 * the traces and the next change follow from the spikes of step n - 1. The last change
 * of a run is lost. */
#include <string.h>

#include "learning/plasticity/online.h"

typedef struct spaic {
    real *x, *y; /* [B][pre], [B][post] */
    real *dw;    /* [synapses]: waits for the next step */
    double *sums;
    uint64_t *p, *q;
} spaic;

void HB_R(hb_spaic_lay)(hb_plastic *p, hb_arena *a, size_t batch) {
    size_t pre = p->link->pre->n, post = p->link->post->n, kept = p->m->base.batch;
    spaic s, *old = p->driver;
    HB_R(hb_plastic_lay)(p, a, batch);
    spaic *driver = hb_arena_take(a, 1, sizeof *driver);
    s.x = hb_arena_take(a, batch * pre, sizeof(real));
    s.y = hb_arena_take(a, batch * post, sizeof(real));
    s.dw = hb_arena_take(a, p->link->wiring->count, sizeof(real));
    s.sums = hb_arena_take(a, post, sizeof *s.sums);
    s.p = hb_arena_take(a, p->link->pre->words, sizeof *s.p);
    s.q = hb_arena_take(a, p->link->post->words, sizeof *s.q);
    if (!a->base) return;
    if (old && old != driver) {
        memcpy(s.x, old->x, kept * pre * sizeof(real));
        memcpy(s.y, old->y, kept * post * sizeof(real));
        memcpy(s.dw, old->dw, p->link->wiring->count * sizeof(real));
    }
    *driver = s;
    p->driver = driver;
}

void HB_R(hb_spaic_begin)(hb_plastic *p, bool fresh) {
    spaic *s = p->driver;
    if (!fresh) return;
    size_t batch = p->m->base.batch;
    memset(s->x, 0, batch * p->link->pre->n * sizeof(real));
    memset(s->y, 0, batch * p->link->post->n * sizeof(real));
    memset(s->dw, 0, p->link->wiring->count * sizeof(real));
}

static void follow(const hb_trace *trace, const uint64_t *bits, size_t n, real *x) {
    HB_R(hb_trace_decay)(trace, n, x);
    for (size_t i = 0; i < n; i++)
        if (bits[i / 64] >> i % 64 & 1) x[i] = trace->nearest ? 1 : x[i] + 1;
}

static void add_change(hb_plastic *p, size_t b, const uint64_t *P, const uint64_t *Q) {
    spaic *s = p->driver;
    const real *x = s->x + b * p->link->pre->n, *y = s->y + b * p->link->post->n;
    real grow = (real)p->number[HB_ONLINE_POST], shrink = (real)p->number[HB_ONLINE_PRE];
    for (size_t k = 0; k < p->link->wiring->count; k++) {
        size_t i = hb_synapse_pre(p, k), j = hb_synapse_post(p, k);
        if (Q[j / 64] >> j % 64 & 1) s->dw[k] += grow * x[i];
        if (P[i / 64] >> i % 64 & 1) s->dw[k] -= shrink * y[j];
    }
}

void HB_R(hb_spaic_step)(hb_plastic *p, size_t t) {
    spaic *s = p->driver;
    real *w = hb_weights(p);
    size_t count = p->link->wiring->count, n = p->m->base.clock + t;
    for (size_t k = 0; k < count; k++) w[k] += s->dw[k];
    bool normal = (double)n >= p->number[HB_ONLINE_FIRST_NORM];
    HB_R(hb_plastic_normalise)(p, normal ? p->norm : 0, s->sums);
    memset(s->dw, 0, count * sizeof(real));
    for (size_t b = 0; b < p->m->base.batch; b++) {
        const uint64_t *P = HB_R(hb_plastic_pre)(p, b, t, 0, s->p);
        const uint64_t *Q = HB_R(hb_plastic_post)(p, b, t, s->q);
        follow(&p->pre[0], P, p->link->pre->n, s->x + b * p->link->pre->n);
        follow(&p->post[0], Q, p->link->post->n, s->y + b * p->link->post->n);
        add_change(p, b, P, Q);
    }
}

hebb_status HB_R(hb_spaic_build)(hb_plastic *p) {
    bool nearest = p->number[HB_ONLINE_NEAREST] != 0;
    double dt = p->m->base.graph->dt;
    p->number[HB_ONLINE_FIRST_NORM] = 0;
    if (!nearest)
        p->number[HB_ONLINE_FIRST_NORM] = hb_args_given(p->args, "runtime_at_build")
                                              ? hb_args_num(p->args, "runtime_at_build") / dt - 1
                                              : 9;
    if (!nearest) return HEBB_OK;
    double *sums = hb_calloc(p->env, p->link->post->n, sizeof *sums);
    if (!sums) return HEBB_E_MEMORY;
    HB_R(hb_plastic_normalise)(p, p->norm, sums);
    hb_free(p->env, sums);
    return HEBB_OK;
}

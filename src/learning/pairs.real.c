/* The driver of rules made of pairs: what it costs is what the spikes cost. All
 * changes of a step come from the weights as they stood before it; each row and
 * each column is owned by one thread, which walks the samples in order. */
#include "learning/pairs.h"

#include <math.h>
#include <string.h>

/* ---- memory ---- */

static size_t most(size_t a, size_t b) { return a > b ? a : b; }

static size_t list_room(const hb_part *part) { return 64 * part->words + HB_POSITIONS_SLACK; }

static void lay_room(const hb_plastic *p, hb_arena *a, const hb_pairs *d, bool first,
                     hb_pair_room *to) {
    const hb_part *pre = p->link->pre, *post = p->link->post;
    size_t widest = most(pre->n, post->n);
    hb_pair_room r = {0};
    r.w = hb_arena_take(a, widest, sizeof(real));
    r.dw = hb_arena_take(a, widest, sizeof(real));
    for (int k = 0; k < HB_TRACES; k++) {
        r.trace[k] = hb_arena_take(a, widest, sizeof(real));
        r.pre[k] = hb_arena_take(a, HB_PAIR_BLOCK, sizeof(real));
        r.post[k] = hb_arena_take(a, post->n, sizeof(real));
    }
    r.list = hb_arena_take(a, 64 * HB_WORDS(widest) + HB_POSITIONS_SLACK, sizeof *r.list);
    r.bits = hb_arena_take(a, HB_WORDS(widest), sizeof *r.bits);
    r.live_list = hb_arena_take(a, list_room(post), sizeof *r.live_list);
    if (first) {
        for (int k = 0; k < HB_TRACES; k++) r.x[k] = d->pre[k];
        r.p = d->p;
        r.p_list = d->p_list;
        r.q_list = d->q_list;
    } else {
        for (size_t k = 0; k < p->pre_count; k++)
            r.x[k] = hb_arena_take(a, d->stride, sizeof(real));
        r.p = hb_arena_take(a, pre->words, sizeof *r.p);
        r.p_list = hb_arena_take(a, list_room(pre), sizeof *r.p_list);
        r.q_list = hb_arena_take(a, list_room(post), sizeof *r.q_list);
    }
    if (a->base) *to = r;
}

static void lay_spikes(const hb_plastic *p, hb_arena *a, size_t batch, hb_pairs *d) {
    const hb_part *pre = p->link->pre, *post = p->link->post;
    d->p = hb_arena_take(a, batch * pre->words, sizeof *d->p);
    d->q = hb_arena_take(a, batch * post->words, sizeof *d->q);
    d->p_list = hb_arena_take(a, batch * list_room(pre), sizeof *d->p_list);
    d->q_list = hb_arena_take(a, batch * list_room(post), sizeof *d->q_list);
    d->p_count = hb_arena_take(a, batch, sizeof *d->p_count);
    d->q_count = hb_arena_take(a, batch, sizeof *d->q_count);
    d->rows = hb_arena_take(a, list_room(pre), sizeof *d->rows);
    d->columns = hb_arena_take(a, list_room(post), sizeof *d->columns);
    d->live = hb_arena_take(a, post->words, sizeof *d->live);
    d->any = hb_arena_take(a, most(pre->words, post->words), sizeof *d->any);
}

void HB_R(hb_pairs_lay)(hb_plastic *p, hb_arena *a, size_t batch, size_t steps) {
    (void)steps;
    const hb_wiring *w = p->link->wiring;
    size_t post = p->link->post->n, kept = p->m->base.batch;
    hb_pairs d = {.stride = w->delay ? w->count : w->pre}, *old = p->driver;
    HB_R(hb_plastic_lay)(p, a, batch);
    hb_pairs *driver = hb_arena_take(a, 1, sizeof *driver);
    for (size_t k = 0; k < p->pre_count; k++)
        d.pre[k] = hb_arena_take(a, batch * d.stride, sizeof(real));
    for (size_t k = 0; k < p->post_count; k++) {
        d.post[k] = hb_arena_take(a, batch * post, sizeof(real));
        d.end[k] = hb_arena_take(a, p->presentation ? batch * post : 0, sizeof(real));
    }
    lay_spikes(p, a, batch, &d);
    if (w->delay) d.arrived = hb_arena_take(a, batch * HB_WORDS(w->count), sizeof *d.arrived);
    d.dw = hb_arena_take(a, w->count, sizeof(real));
    d.sums = hb_arena_take(a, post, sizeof *d.sums);
    d.at_norm = hb_arena_take(a, post, sizeof *d.at_norm);
    d.rooms = hb_arena_take(a, p->m->worker_count, sizeof *d.rooms);
    for (size_t i = 0; i < p->m->worker_count; i++) lay_room(p, a, &d, !i, d.rooms + i);
    if (HB_R(hb_lazy_possible)(p)) d.lazy = HB_R(hb_lazy_lay)(p, a);
    if (!a->base) return;
    if (old && old != driver) { /* a run may go on in the new room */
        for (size_t k = 0; k < p->pre_count; k++)
            memcpy(d.pre[k], old->pre[k], kept * d.stride * sizeof(real));
        for (size_t k = 0; k < p->post_count; k++)
            memcpy(d.post[k], old->post[k], kept * post * sizeof(real));
    }
    *driver = d;
    p->driver = driver;
}

void HB_R(hb_pairs_begin)(hb_plastic *p, bool fresh) {
    hb_pairs *d = p->driver;
    size_t batch = p->m->base.batch, members = HB_R(hb_pairs_split)(p) ? p->m->learners : 1;
    HB_R(hb_plastic_begin)(p, fresh);
    HB_R(hb_lazy_begin)(p);
    for (size_t k = 0; k < p->pre_count && fresh; k++)
        memset(d->pre[k], 0, batch * d->stride * sizeof(real));
    for (size_t k = 0; k < p->post_count && fresh; k++)
        memset(d->post[k], 0, batch * p->link->post->n * sizeof(real));
    for (size_t i = 0; i < members && batch == 1; i++) HB_R(hb_pairs_begin_share)(p, i);
}

/* ---- spikes and traces of a sample ---- */

/* Which synapses a spike reaches in this step. */
static void find_arrivals(hb_plastic *p, size_t b, size_t t) {
    hb_pairs *d = p->driver;
    const hb_wiring *w = p->link->wiring;
    size_t words = p->link->pre->words;
    uint64_t *arrived = d->arrived + b * HB_WORDS(w->count);
    uint32_t *list = d->p_list + b * list_room(p->link->pre);
    memset(arrived, 0, HB_WORDS(w->count) * sizeof *arrived);
    for (size_t late = 0; late <= w->delay_max; late++) {
        const uint64_t *bits = HB_R(hb_plastic_pre)(p, b, t, late, d->p + b * words);
        size_t count = p->m->kernels->positions(bits, words, list);
        for (size_t c = 0; c < count; c++)
            for (size_t k = w->start[list[c]]; k < w->start[list[c] + 1]; k++)
                arrived[k / 64] |= (uint64_t)(w->delay[k] == late) << k % 64;
    }
    uint64_t *rows = d->p + b * words; /* that at least one of them leaves */
    memset(rows, 0, words * sizeof *rows);
    for (size_t i = 0; i < w->pre; i++)
        for (size_t k = w->start[i]; k < w->start[i + 1] && !hb_bit(rows, i); k++)
            rows[i / 64] |= (uint64_t)hb_bit(arrived, k) << i % 64;
}

static void pre_traces(hb_plastic *p, size_t b, bool before) {
    hb_pairs *d = p->driver;
    const uint64_t *arrived = d->arrived + b * HB_WORDS(p->link->wiring->count);
    for (size_t k = 0; k < p->pre_count; k++) {
        if (p->pre[k].before != before) continue;
        real *x = d->pre[k] + b * d->stride;
        if (!d->arrived) {
            HB_R(hb_trace_spikes)
            (&p->pre[k], d->p_list + b * list_room(p->link->pre), d->p_count[b], x);
            continue;
        }
        for (size_t s = 0; s < d->stride; s++)
            if (hb_bit(arrived, s)) x[s] = p->pre[k].nearest ? 1 : x[s] + 1;
    }
}

static void post_traces(hb_plastic *p, size_t b, bool before) {
    hb_pairs *d = p->driver;
    const hb_part *post = p->link->post;
    for (size_t k = 0; k < p->post_count; k++)
        if (p->post[k].before == before) HB_R(hb_trace_spikes)
    (&p->post[k], d->q_list + b * list_room(post), d->q_count[b], d->post[k] + b * post->n);
}

void HB_R(hb_pairs_sample)(hb_plastic *p, size_t b, size_t t) {
    hb_pairs *d = p->driver;
    const hb_part *pre = p->link->pre, *post = p->link->post;
    uint64_t *P = d->p + b * pre->words, *Q = d->q + b * post->words;
    if (d->arrived) {
        find_arrivals(p, b, t);
    } else {
        const uint64_t *bits = HB_R(hb_plastic_pre)(p, b, t, 0, P);
        if (bits != P) memcpy(P, bits, pre->words * sizeof *P);
    }
    const uint64_t *bits = HB_R(hb_plastic_post)(p, b, t, Q);
    if (bits != Q) memcpy(Q, bits, post->words * sizeof *Q);
    d->p_count[b] = p->m->kernels->positions(P, pre->words, d->p_list + b * list_room(pre));
    d->q_count[b] = p->m->kernels->positions(Q, post->words, d->q_list + b * list_room(post));
    for (size_t k = 0; k < p->pre_count; k++)
        HB_R(hb_trace_decay)(&p->pre[k], d->stride, d->pre[k] + b * d->stride);
    for (size_t k = 0; k < p->post_count; k++)
        HB_R(hb_trace_decay)(&p->post[k], post->n, d->post[k] + b * post->n);
    pre_traces(p, b, false);
    post_traces(p, b, false);
}

void HB_R(hb_pairs_after)(hb_plastic *p, size_t b) {
    pre_traces(p, b, true);
    post_traces(p, b, true);
}

/* ---- what a spike changes ---- */

/* Each synapse of row i whose spike arrives now, by itself: it has traces of its own. */
static void delayed_row(hb_plastic *p, size_t i, size_t b, real *dw) {
    hb_pairs *d = p->driver;
    const hb_wiring *w = p->link->wiring;
    const uint64_t *arrived = d->arrived + b * HB_WORDS(w->count);
    for (size_t k = w->start[i]; k < w->start[i + 1]; k++) {
        if (!hb_bit(arrived, k)) continue;
        hb_touch touch = {
            .n = 1, .t = d->now, .w = hb_weights(p) + k, .dw = dw + (k - w->start[i])};
        for (size_t s = 0; s < p->post_count; s++)
            touch.trace[s] = d->post[s] + b * w->post + w->index[k];
        for (size_t s = 0; s < p->pre_count; s++) touch.own[s] = d->pre[s][b * d->stride + k];
        p->rule->on_pre(p, &touch);
    }
}

void HB_R(hb_pairs_row)(hb_plastic *p, hb_pair_room *room, size_t i, size_t b, real *dw) {
    hb_pairs *d = p->driver;
    const hb_wiring *w = p->link->wiring;
    if (d->arrived) {
        delayed_row(p, i, b, dw);
        return;
    }
    size_t first, last;
    hb_row(p, i, &first, &last);
    hb_touch touch = {.n = last - first, .t = d->now, .w = hb_weights(p) + first, .dw = dw};
    for (size_t s = 0; s < p->post_count; s++) {
        const real *all = d->post[s] + b * w->post;
        touch.trace[s] = all;
        if (!w->start) continue;
        touch.trace[s] = room->trace[s];
        for (size_t c = 0; c < touch.n; c++) room->trace[s][c] = all[w->index[first + c]];
    }
    for (size_t s = 0; s < p->pre_count; s++) touch.own[s] = d->pre[s][b * d->stride + i];
    p->rule->on_pre(p, &touch);
}

void HB_R(hb_pairs_column)(hb_plastic *p, hb_pair_room *room, size_t j, size_t b, const real *w,
                           real *dw) {
    hb_pairs *d = p->driver;
    const hb_columns *c = &p->columns;
    hb_touch touch = {.n = hb_column_count(p, j), .t = d->now, .w = w, .dw = dw};
    for (size_t s = 0; s < p->pre_count; s++) {
        const real *all = d->pre[s] + b * d->stride;
        touch.trace[s] = all;
        if (!c->start) continue;
        const uint32_t *list = c->list + c->start[j];
        touch.trace[s] = room->trace[s];
        for (size_t k = 0; k < touch.n; k++)
            room->trace[s][k] = all[d->arrived ? list[k] : c->source[list[k]]];
    }
    for (size_t s = 0; s < p->post_count; s++) touch.own[s] = d->post[s][b * p->link->post->n + j];
    p->rule->on_post(p, &touch);
}

/* ---- a step of all samples ---- */

/* The neurons that spike in any of the samples. */
static size_t touched(hb_plastic *p, const uint64_t *bits, size_t words, uint32_t *list) {
    hb_pairs *d = p->driver;
    memcpy(d->any, bits, words * sizeof *bits);
    for (size_t b = 1; b < p->m->base.batch; b++)
        for (size_t i = 0; i < words; i++) d->any[i] |= bits[b * words + i];
    return p->m->kernels->positions(d->any, words, list);
}

static void sample_item(void *arg, size_t b, int worker) {
    (void)worker;
    hb_plastic *p = arg;
    HB_R(hb_pairs_sample)(p, b, hb_pairs_of(p)->now);
}
static void row_item(void *arg, size_t r, int worker) {
    hb_plastic *p = arg;
    hb_pairs *d = p->driver;
    size_t i = d->rows[r], first, last;
    hb_row(p, i, &first, &last);
    for (size_t b = 0; b < p->m->base.batch; b++)
        if (hb_bit(d->p + b * p->link->pre->words, i)) HB_R(hb_pairs_row)
    (p, &d->rooms[worker], i, b, d->dw + first);
}
static void column_item(void *arg, size_t c, int worker) {
    hb_plastic *p = arg;
    hb_pairs *d = p->driver;
    hb_pair_room *room = &d->rooms[worker];
    size_t j = d->columns[c], n = hb_column_count(p, j);
    const real *w = hb_gather(p, j, room->w);
    memset(room->dw, 0, n * sizeof(real));
    for (size_t b = 0; b < p->m->base.batch; b++)
        if (hb_bit(d->q + b * p->link->post->words, j)) HB_R(hb_pairs_column)
    (p, room, j, b, w, room->dw);
    for (size_t k = 0; k < n; k++) d->dw[hb_column_synapse(p, j, k)] += room->dw[k];
}

static inline void apply(const hb_plastic *p, size_t k, real gain) {
    hb_pairs *d = p->driver;
    real *w = hb_weights(p);
    w[k] = hb_moved(p, w[k], gain * d->dw[k]);
    d->dw[k] = 0;
}
static real gain_of(const hb_plastic *p) { return p->mean ? 1 / (real)p->m->base.batch : 1; }

static void apply_row(void *arg, size_t r, int worker) {
    (void)worker;
    const hb_plastic *p = arg;
    size_t first, last;
    hb_row(p, hb_pairs_of(p)->rows[r], &first, &last);
    for (size_t k = first; k < last; k++) apply(p, k, gain_of(p));
}
static void apply_column(void *arg, size_t c, int worker) {
    (void)worker;
    const hb_plastic *p = arg;
    size_t j = hb_pairs_of(p)->columns[c], n = hb_column_count(p, j);
    for (size_t k = 0; k < n; k++) apply(p, hb_column_synapse(p, j, k), gain_of(p));
}
static void after_item(void *arg, size_t b, int worker) {
    (void)worker;
    HB_R(hb_pairs_after)(arg, b);
}

/* One sample is no work to share. */
void HB_R(hb_pairs_share)(hb_plastic *p, hb_work work, size_t items) {
    if (p->m->base.batch > 1)
        hb_pool_run(p->m->base.graph->pool, work, p, items);
    else
        for (size_t i = 0; i < items; i++) work(p, i, 0);
}

void HB_R(hb_pairs_change)(hb_plastic *p, bool rows, bool columns) {
    hb_pairs *d = p->driver;
    const hb_part *pre = p->link->pre, *post = p->link->post;
    d->row_count = rows ? touched(p, d->p, pre->words, d->rows) : 0;
    d->column_count = columns ? touched(p, d->q, post->words, d->columns) : 0;
    HB_R(hb_pairs_share)(p, row_item, d->row_count);
    HB_R(hb_pairs_share)(p, column_item, d->column_count);
    HB_R(hb_pairs_share)(p, apply_row, d->row_count);
    HB_R(hb_pairs_share)(p, apply_column, d->column_count);
}

void HB_R(hb_pairs_step)(hb_plastic *p, size_t t) {
    hb_pairs *d = p->driver;
    size_t batch = p->m->base.batch;
    if (batch == 1) {
        HB_R(hb_pairs_step_share)(p, d->rooms, t);
        return;
    }
    d->now = t;
    HB_R(hb_pairs_share)(p, sample_item, batch);
    HB_R(hb_pairs_change)(p, p->rule->on_pre, p->rule->on_post);
    HB_R(hb_pairs_share)(p, after_item, batch);
    if (p->norm_every_step) HB_R(hb_plastic_normalise)(p, p->norm, d->sums);
}

/* ---- the end of a run ---- */

/* w <- w (1 + gain (1 - rate / target)), the rate being that of the run. */
static void keep_rates(hb_plastic *p) {
    hb_pairs *d = p->driver;
    const hb_part *post = p->link->post;
    const hb_engine *e = &p->m->base;
    memset(d->sums, 0, post->n * sizeof *d->sums);
    for (size_t b = 0; b < e->batch; b++)
        for (size_t t = 0; t < e->steps; t++) {
            const uint64_t *bits = HB_R(hb_plastic_post)(p, b, t, d->q);
            size_t count = p->m->kernels->positions(bits, post->words, d->q_list);
            for (size_t c = 0; c < count; c++) d->sums[d->q_list[c]] += 1;
        }
    double seconds = (double)(e->batch * e->steps) * e->graph->dt / 1000;
    for (size_t j = 0; j < post->n; j++) {
        double factor = 1 + p->rate_gain * (1 - d->sums[j] / seconds / p->target_rate);
        d->sums[j] = factor > 0 ? factor : 0;
    }
    real *w = hb_weights(p);
    for (size_t k = 0; k < p->link->wiring->count; k++)
        w[k] = (real)((double)w[k] * d->sums[hb_synapse_post(p, k)]);
}

/* Did the run change none but the columns of d->live? */
static bool only_live(const hb_plastic *p) {
    const hb_link *link = p->link;
    return p->quiet && p->m->base.batch == 1 && !p->presentation && !p->rule->step &&
           !p->target_rate && !link->wiring->start && !p->m->base.graph->spaic &&
           hb_args_num(&link->connection->args, "weight_quantization") == 0;
}

static void keep_norm(hb_plastic *p) {
    hb_pairs *d = p->driver;
    if (d->writes != p->m->base.writes)
        memset(d->at_norm, HB_WRITTEN, p->link->post->n * sizeof *d->at_norm);
    d->writes = p->m->base.writes;
    HB_R(hb_plastic_keep_norm)(p, p->norm, d->live, d->at_norm);
}

void HB_R(hb_pairs_settle)(hb_plastic *p, bool changed) {
    if (p->target_rate > 0) keep_rates(p);
    if (changed || p->target_rate > 0 || (p->norm > 0 && !p->norm_every_step))
        HB_R(hb_plastic_normalise)(p, p->norm, hb_pairs_of(p)->sums);
    HB_R(hb_plastic_end)(p);
}

void HB_R(hb_pairs_end)(hb_plastic *p) {
    hb_pairs *d = p->driver;
    real *w = hb_weights(p), gain = gain_of(p);
    HB_R(hb_lazy_end)(p);
    if (p->presentation) {
        HB_R(hb_pairs_presentation)(p);
        for (size_t k = 0; k < p->link->wiring->count; k++) w[k] += gain * d->dw[k], d->dw[k] = 0;
    }
    if (p->norm > 0 && !p->norm_every_step && only_live(p)) {
        keep_norm(p);
        HB_R(hb_plastic_end)(p);
        return;
    }
    HB_R(hb_pairs_settle)(p, p->presentation);
}

/* update = "presentation": the changes of a whole run, computed after it from the
 * spikes on the tape. Blocks of source rows are shared over the threads; each walks
 * the samples in order, so the bits are the same at any number of threads. */
#include <string.h>

#include "learning/pairs.h"

typedef struct block {
    hb_plastic *p;
    hb_pair_room *room;
    size_t first, n; /* source rows */
    size_t b, t;
} block;

static void spikes_at_rows(block *k, bool before) {
    const hb_plastic *p = k->p;
    for (size_t s = 0; s < p->pre_count; s++) {
        if (p->pre[s].before != before) continue;
        for (uint64_t word = k->room->bits[0]; word; word &= word - 1) {
            real *x = &k->room->pre[s][__builtin_ctzll(word)];
            *x = p->pre[s].nearest ? 1 : *x + 1;
        }
    }
}
static void spikes_at_columns(block *k, size_t count, bool before) {
    for (size_t s = 0; s < k->p->post_count; s++)
        if (k->p->post[s].before == before) HB_R(hb_trace_spikes)
    (&k->p->post[s], k->room->list, count, k->room->post[s]);
}

static void touch_rows(block *k) {
    const hb_plastic *p = k->p;
    size_t post = p->link->post->n;
    for (uint64_t word = k->room->bits[0]; word; word &= word - 1) {
        size_t r = (size_t)__builtin_ctzll(word), at = (k->first + r) * post;
        hb_touch touch = {
            .n = post, .t = k->t, .w = hb_weights(p) + at, .dw = hb_pairs_of(p)->dw + at};
        for (size_t s = 0; s < p->post_count; s++) touch.trace[s] = k->room->post[s];
        for (size_t s = 0; s < p->pre_count; s++) touch.own[s] = k->room->pre[s][r];
        p->rule->on_pre(p, &touch);
    }
}

static void touch_columns(block *k, size_t count) {
    const hb_plastic *p = k->p;
    hb_pair_room *room = k->room;
    size_t post = p->link->post->n;
    for (size_t c = 0; c < count; c++) {
        size_t at = k->first * post + room->list[c];
        const real *w = hb_weights(p) + at;
        real *dw = hb_pairs_of(p)->dw + at;
        for (size_t r = 0; r < k->n; r++) room->dw[r] = 0;
        for (size_t r = 0; p->reads_weight && r < k->n; r++) room->w[r] = w[r * post];
        hb_touch touch = {.n = k->n, .t = k->t, .w = room->w, .dw = room->dw};
        for (size_t s = 0; s < p->pre_count; s++) touch.trace[s] = room->pre[s];
        for (size_t s = 0; s < p->post_count; s++) touch.own[s] = room->post[s][room->list[c]];
        p->rule->on_post(p, &touch);
        for (size_t r = 0; r < k->n; r++) dw[r * post] += room->dw[r];
    }
}

static void block_step(block *k) {
    hb_plastic *p = k->p;
    hb_pair_room *room = k->room;
    const hb_part *post = p->link->post;
    const uint64_t *bits = HB_R(hb_plastic_post)(p, k->b, k->t, room->bits);
    size_t count = p->m->kernels->positions(bits, post->words, room->list);
    bits = HB_R(hb_plastic_pre)(p, k->b, k->t, 0, room->bits);
    room->bits[0] = bits[k->first / HB_PAIR_BLOCK];
    for (size_t s = 0; s < p->pre_count; s++) HB_R(hb_trace_decay)(&p->pre[s], k->n, room->pre[s]);
    for (size_t s = 0; s < p->post_count; s++)
        HB_R(hb_trace_decay)(&p->post[s], post->n, room->post[s]);
    spikes_at_rows(k, false);
    spikes_at_columns(k, count, false);
    if (p->rule->on_pre) touch_rows(k);
    if (p->rule->on_post) touch_columns(k, count);
    spikes_at_rows(k, true);
    spikes_at_columns(k, count, true);
    if (p->rule->passed)
        p->rule->passed(p, k->b, k->t, k->first * post->n, (k->first + k->n) * post->n);
}

static void block_item(void *arg, size_t item, int worker) {
    hb_plastic *p = arg;
    hb_pairs *d = p->driver;
    size_t post = p->link->post->n, sources = p->link->pre->n;
    block k = {p, &d->rooms[worker], item * HB_PAIR_BLOCK, HB_PAIR_BLOCK, 0, 0};
    if (k.n > sources - k.first) k.n = sources - k.first;
    for (k.b = 0; k.b < p->m->base.batch; k.b++) {
        for (size_t s = 0; s < p->pre_count; s++)
            memcpy(k.room->pre[s], d->pre[s] + k.b * d->stride + k.first, k.n * sizeof(real));
        for (size_t s = 0; s < p->post_count; s++)
            memcpy(k.room->post[s], d->post[s] + k.b * post, post * sizeof(real));
        for (k.t = 0; k.t < p->m->base.steps; k.t++) block_step(&k);
        for (size_t s = 0; s < p->pre_count; s++)
            memcpy(d->pre[s] + k.b * d->stride + k.first, k.room->pre[s], k.n * sizeof(real));
        for (size_t s = 0; s < p->post_count && !item; s++)
            memcpy(d->end[s] + k.b * post, k.room->post[s], post * sizeof(real));
    }
}

/* Rows that are lists: sample by sample. */
static void walk(hb_plastic *p) {
    hb_pairs *d = p->driver;
    hb_pair_room *room = d->rooms;
    const hb_wiring *w = p->link->wiring;
    const real *weight = hb_weights(p);
    for (size_t b = 0; b < p->m->base.batch; b++)
        for (size_t t = 0; t < p->m->base.steps; t++) {
            HB_R(hb_pairs_sample)(p, b, d->now = t);
            for (size_t i = 0; p->rule->on_pre && i < w->pre; i++)
                if (hb_bit(d->p + b * p->link->pre->words, i)) HB_R(hb_pairs_row)
            (p, room, i, b, d->dw + w->start[i]);
            for (size_t j = 0; p->rule->on_post && j < w->post; j++) {
                if (!hb_bit(d->q + b * p->link->post->words, j)) continue;
                size_t n = hb_column_count(p, j);
                memset(room->dw, 0, n * sizeof(real));
                for (size_t c = 0; c < n; c++) room->w[c] = weight[hb_column_synapse(p, j, c)];
                HB_R(hb_pairs_column)(p, room, j, b, room->w, room->dw);
                for (size_t c = 0; c < n; c++) d->dw[hb_column_synapse(p, j, c)] += room->dw[c];
            }
            HB_R(hb_pairs_after)(p, b);
            if (p->rule->passed) p->rule->passed(p, b, t, 0, w->count);
        }
}

void HB_R(hb_pairs_presentation)(hb_plastic *p) {
    hb_pairs *d = p->driver;
    if (p->link->wiring->start) {
        walk(p);
        return;
    }
    size_t blocks = (p->link->pre->n + HB_PAIR_BLOCK - 1) / HB_PAIR_BLOCK;
    hb_pool_run(p->m->base.graph->pool, block_item, p, blocks);
    for (size_t s = 0; s < p->post_count; s++)
        memcpy(d->post[s], d->end[s], p->m->base.batch * p->link->post->n * sizeof(real));
}

/* A step of a single sample changes the weights in place. Several threads may do it, each for the
 * target neurons of its share and the columns of weights that reach them: none waits for another,
 * since what all of them need (the sources' spikes and traces) each makes for itself. */
#include <string.h>

#include "learning/pairs.h"

bool HB_R(hb_pairs_split)(const hb_plastic *p) {
    const hb_link *link = p->link;
    return p->m->base.batch == 1 && !link->wiring->start && !link->wiring->delay &&
           (!p->rule->step || p->pair_steps) && (link->lag || !link->pre->model);
}

bool HB_R(hb_pairs_sparse)(const hb_plastic *p, const hb_pair_room *room) {
    return p->quiet && !p->link->wiring->start && room->live_count * 4 <= room->n;
}

/* ---- the share ---- */

/* Places in the share's words of bits, as numbers of neurons. */
static size_t places(const hb_plastic *p, const hb_pair_room *room, const uint64_t *bits,
                     uint32_t *list) {
    size_t count = p->m->kernels->positions(bits + room->first / 64, HB_WORDS(room->n), list);
    for (size_t c = 0; c < count && room->first; c++) list[c] += (uint32_t)room->first;
    return count;
}

void HB_R(hb_pairs_begin_share)(hb_plastic *p, size_t worker) {
    hb_pairs *d = p->driver;
    hb_pair_room *room = &d->rooms[worker];
    const hb_part *post = p->link->post;
    hb_share mine = {0, post->n};
    if (p->m->learners > 1 && HB_R(hb_pairs_split)(p))
        mine = p->m->workers[worker].shares[post - p->m->parts];
    room->first = mine.first;
    room->n = mine.n;
    room->settled = false;
    for (size_t k = 0; k < p->pre_count && worker; k++)
        memcpy(room->x[k], d->pre[k], d->stride * sizeof(real));
    memset(d->live + mine.first / 64, 0, HB_WORDS(mine.n) * sizeof *d->live);
    for (size_t k = 0; k < p->post_count; k++)
        for (size_t j = mine.first; j < mine.first + mine.n; j++)
            d->live[j / 64] |= (uint64_t)(d->post[k][j] != 0) << j % 64;
    room->live_count = places(p, room, d->live, room->live_list);
}

static void spikes_of_sources(hb_plastic *p, hb_pair_room *room, bool before) {
    for (size_t k = 0; k < p->pre_count; k++)
        if (p->pre[k].before == before) HB_R(hb_trace_spikes)
    (&p->pre[k], room->p_list, room->p_count, room->x[k]);
}
static void spikes_of_targets(hb_plastic *p, hb_pair_room *room, bool before) {
    for (size_t k = 0; k < p->post_count; k++)
        if (p->post[k].before == before) HB_R(hb_trace_spikes)
    (&p->post[k], room->q_list, room->q_count, hb_pairs_of(p)->post[k]);
}

/* Spikes and traces, as hb_pairs_sample. */
static void sample(hb_plastic *p, hb_pair_room *room, size_t t) {
    hb_pairs *d = p->driver;
    const hb_part *pre = p->link->pre;
    size_t word = room->first / 64;
    const uint64_t *bits = HB_R(hb_plastic_pre)(p, 0, t, 0, room->p);
    if (bits != room->p) memcpy(room->p, bits, pre->words * sizeof *bits);
    bits = HB_R(hb_plastic_post)(p, 0, t, d->q);
    if (bits != d->q) memcpy(d->q + word, bits + word, HB_WORDS(room->n) * sizeof *bits);
    room->p_count = p->m->kernels->positions(room->p, pre->words, room->p_list);
    room->q_count = places(p, room, d->q, room->q_list);
    for (size_t k = 0; k < p->pre_count; k++) HB_R(hb_trace_decay)(&p->pre[k], pre->n, room->x[k]);
    for (size_t k = 0; k < p->post_count; k++)
        if (HB_R(hb_pairs_sparse)(p, room))
            for (size_t c = 0; c < room->live_count; c++)
                d->post[k][room->live_list[c]] *= (real)p->post[k].decay;
        else
            HB_R(hb_trace_decay)(&p->post[k], room->n, d->post[k] + room->first);
    spikes_of_sources(p, room, false);
    spikes_of_targets(p, room, false);
}

/* ---- what a spike changes ---- */

void HB_R(hb_pairs_row_of)(hb_plastic *p, hb_pair_room *room, const real *w, size_t i,
                           const uint32_t *list, size_t n, real *dw) {
    hb_pairs *d = p->driver;
    hb_touch touch = {.n = n, .t = room->now, .w = w, .dw = dw};
    memset(dw, 0, n * sizeof(real));
    for (size_t s = 0; s < p->post_count; s++) {
        touch.trace[s] = d->post[s] + room->first;
        if (!list) continue;
        touch.trace[s] = room->trace[s];
        for (size_t c = 0; c < n; c++) room->trace[s][c] = d->post[s][list[c]];
    }
    for (size_t s = 0; s < p->pre_count; s++) touch.own[s] = room->x[s][i];
    p->rule->on_pre(p, &touch);
}

void HB_R(hb_pairs_column_of)(hb_plastic *p, hb_pair_room *room, size_t j, const real *w) {
    size_t n = hb_column_count(p, j);
    memset(room->dw, 0, n * sizeof(real));
    if (p->columns.start) {
        HB_R(hb_pairs_column)(p, room, j, 0, w, room->dw);
        return;
    }
    hb_touch touch = {.n = n, .t = room->now, .w = w, .dw = room->dw};
    for (size_t s = 0; s < p->pre_count; s++) touch.trace[s] = room->x[s];
    for (size_t s = 0; s < p->post_count; s++) touch.own[s] = hb_pairs_of(p)->post[s][j];
    p->rule->on_post(p, &touch);
}

/* The row's columns that can change: those that are live, where the rule is quiet and they are few
 * (the list, absolute numbers), or the share's (NULL, numbers from its first). */
static const uint32_t *columns_of(const hb_plastic *p, const hb_pair_room *room, size_t *n) {
    bool sparse = HB_R(hb_pairs_sparse)(p, room);
    *n = sparse ? room->live_count : room->n;
    return sparse ? room->live_list : NULL;
}

/* What a spike of source i does to the columns of a dense row, in room->dw. */
static void row_change(hb_plastic *p, hb_pair_room *room, size_t i, const uint32_t *list,
                       size_t n) {
    const real *w = hb_weights(p) + i * p->link->post->n;
    for (size_t c = 0; p->reads_weight && list && c < n; c++) room->w[c] = w[list[c]];
    HB_R(hb_pairs_row_of)(p, room, list ? room->w : w + room->first, i, list, n, room->dw);
}

/* ---- spikes at one end only ---- */

static void rows_in_place(hb_plastic *p, hb_pair_room *room) {
    size_t n;
    const uint32_t *list = columns_of(p, room, &n);
    for (size_t r = 0; r < room->p_count; r++) {
        real *w = hb_weights(p) + room->p_list[r] * p->link->post->n;
        row_change(p, room, room->p_list[r], list, n);
        if (list)
            for (size_t c = 0; c < n; c++) w[list[c]] = hb_moved(p, w[list[c]], room->dw[c]);
        else
            for (size_t c = 0; c < n; c++)
                w[room->first + c] = hb_moved(p, w[room->first + c], room->dw[c]);
    }
}

static void listed_rows_in_place(hb_plastic *p, hb_pair_room *room) {
    for (size_t r = 0; r < room->p_count; r++) {
        size_t first, last;
        hb_row(p, room->p_list[r], &first, &last);
        real *w = hb_weights(p) + first;
        memset(room->dw, 0, (last - first) * sizeof(real));
        HB_R(hb_pairs_row)(p, room, room->p_list[r], 0, room->dw);
        for (size_t c = 0; c < last - first; c++) w[c] = hb_moved(p, w[c], room->dw[c]);
    }
}

static void columns_in_place(hb_plastic *p, hb_pair_room *room) {
    real *w = hb_weights(p);
    for (size_t q = 0; q < room->q_count; q++) {
        size_t j = room->q_list[q];
        HB_R(hb_pairs_column_of)(p, room, j, hb_gather(p, j, room->w));
        for (size_t c = 0; c < hb_column_count(p, j); c++) {
            real *at = &w[hb_column_synapse(p, j, c)];
            *at = hb_moved(p, *at, room->dw[c]);
        }
    }
}

/* ---- spikes at both ends ---- */

/* The changes by rows wait in d->dw until the columns have been read. */
static void keep_rows(hb_plastic *p, hb_pair_room *room, const uint32_t *list, size_t n) {
    hb_pairs *d = p->driver;
    size_t post = p->link->post->n;
    const real *w = hb_weights(p) + room->first;
    for (size_t r = 0; r < room->p_count; r++) {
        size_t i = room->p_list[r];
        real *dw = d->dw + i * post;
        if (!list) {
            HB_R(hb_pairs_row_of)(p, room, w + i * post, i, NULL, n, dw + room->first);
            continue;
        }
        row_change(p, room, i, list, n);
        for (size_t c = 0; c < n; c++) dw[list[c]] = room->dw[c];
    }
}
/* A column that spiked has taken its part: there is nothing left to add. */
static void move_kept_rows(hb_plastic *p, hb_pair_room *room, const uint32_t *list, size_t n) {
    hb_pairs *d = p->driver;
    for (size_t r = 0; r < room->p_count; r++) {
        size_t at = room->p_list[r] * p->link->post->n;
        real *restrict dw = d->dw + at, *restrict w = hb_weights(p) + at;
        for (size_t c = 0; list && c < n; c++) {
            if (!hb_bit(d->q, list[c])) w[list[c]] = hb_moved(p, w[list[c]], dw[list[c]]);
            dw[list[c]] = 0;
        }
        if (list) continue;
        for (size_t j = room->first; j < room->first + n; j++) w[j] = hb_moved(p, w[j], dw[j]);
        memset(dw + room->first, 0, n * sizeof(real));
    }
}
/* Where a row and a column meet, their changes are added first. */
static void both_in_place(hb_plastic *p, hb_pair_room *room) {
    hb_pairs *d = p->driver;
    size_t post = p->link->post->n, n;
    const uint32_t *list = columns_of(p, room, &n);
    real *w = hb_weights(p);
    keep_rows(p, room, list, n);
    for (size_t q = 0; q < room->q_count; q++) {
        size_t j = room->q_list[q];
        HB_R(hb_pairs_column_of)(p, room, j, hb_gather(p, j, room->w));
        for (size_t r = 0; r < room->p_count; r++) {
            real *row = &d->dw[room->p_list[r] * post + j];
            room->dw[room->p_list[r]] += *row;
            *row = 0;
        }
        for (size_t i = 0; i < p->link->pre->n; i++)
            w[i * post + j] = hb_moved(p, w[i * post + j], room->dw[i]);
    }
    move_kept_rows(p, room, list, n);
}

static void change(hb_plastic *p, hb_pair_room *room, bool rows, bool columns) {
    bool lists = p->link->wiring->start;
    if (HB_R(hb_lazy_on)(p))
        HB_R(hb_lazy_step)(p, room, rows, columns);
    else if (rows && !columns)
        (lists ? listed_rows_in_place : rows_in_place)(p, room);
    else if (columns && !rows)
        columns_in_place(p, room);
    else if (rows && lists)
        HB_R(hb_pairs_change)(p, rows, columns);
    else if (rows)
        both_in_place(p, room);
}

void HB_R(hb_pairs_step_share)(hb_plastic *p, hb_pair_room *room, size_t t) {
    hb_pairs *d = p->driver;
    bool lists = p->link->wiring->start;
    room->now = t;
    if (lists) {
        d->now = t;
        HB_R(hb_pairs_sample)(p, 0, t);
        room->p_count = d->p_count[0];
        room->q_count = d->q_count[0];
    } else {
        sample(p, room, t);
    }
    if (room->q_count) {
        size_t first = room->first / 64;
        for (size_t i = first; i < first + HB_WORDS(room->n); i++) d->live[i] |= d->q[i];
        room->live_count = places(p, room, d->live, room->live_list);
    }
    change(p, room, p->rule->on_pre && room->p_count, p->rule->on_post && room->q_count);
    if (lists) {
        HB_R(hb_pairs_after)(p, 0);
    } else {
        spikes_of_sources(p, room, true);
        spikes_of_targets(p, room, true);
    }
    if (p->norm_every_step && !HB_R(hb_lazy_on)(p)) HB_R(hb_plastic_normalise_columns)
    (p, p->norm, d->sums, room->first, room->n);
}

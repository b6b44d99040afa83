/* Currents: what a group gives, through weights, delays and a synapse filter. */

#include <string.h>

#include "network/engine.h"

/* The first synapse of source i to a neuron of the share; rows rise in their targets. */
static size_t first_of(const hb_wiring *w, size_t i, hb_share mine) {
    size_t low = w->start[i], high = w->start[i + 1];
    while (mine.first && low < high) {
        size_t middle = (low + high) / 2;
        if (w->index[middle] < mine.first)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Adds value times the synapses of source i; a delayed one lands in a later row. */
static void spread_row(const hb_link *link, size_t i, real value, hb_share mine, real *to) {
    const hb_wiring *w = link->wiring;
    const real *weight = link->weight->values;
    size_t post = w->post, last = mine.first + mine.n;
    for (size_t k = first_of(w, i, mine); k < w->start[i + 1] && w->index[k] < last; k++) {
        size_t late = w->delay ? w->delay[k] - link->shift : 0;
        to[late * post + w->index[k]] += weight[k] * value;
    }
}

static void add_scaled(const hb_link *link, const uint32_t *index, size_t count, hb_share mine,
                       real *to) {
    size_t post = link->wiring->post, last = mine.first + mine.n;
    const real *restrict scale = link->scale;
    real most = link->most;
    for (size_t i = 0; i < count; i++) {
        const real *row = (const real *)link->weight->values + index[i] * post;
        for (size_t j = mine.first; j < last; j++) {
            real w = scale[j] * row[j];
            to[j] += w < most ? w : most;
        }
    }
}

static void add_bits(hb_machine *m, const hb_link *link, hb_worker *worker, size_t b, size_t row,
                     real *to) {
    const hb_part *pre = link->pre;
    const uint64_t *bits = hb_part_bits(m, pre, b, row);
    for (size_t i = 0; link->drops && i < pre->words; i++)
        worker->bits[i] = bits[i] & link->kept[b * pre->words + i];
    if (link->drops) bits = worker->bits;
    size_t count = m->kernels->positions(bits, pre->words, worker->index);
    hb_share mine = hb_mine(m, worker, link->post);
    const real *weight = link->weight->values;
    if (link->wiring->start)
        for (size_t i = 0; i < count; i++) spread_row(link, worker->index[i], 1, mine, to);
    else if (link->scale)
        add_scaled(link, worker->index, count, mine, to);
    else if (link->wiring->post <= HB_NARROW) /* a narrow group is not shared */
        m->kernels->HB_K(list_narrow)(to, mine.n, weight, link->weight->count, worker->index,
                                      count);
    else
        m->kernels->HB_K(add_rows)(to + mine.first, mine.n, weight + mine.first, link->wiring->post,
                                   worker->index, count);
}

static void add_row(hb_machine *m, const hb_link *link, size_t b, size_t row, real *to) {
    const real *from = hb_part_row(m, link->pre, hb_link_rows(link), b, row);
    for (size_t i = 0; i < link->pre->n; i++)
        if (from[i] != 0) spread_row(link, i, from[i], (hb_share){0, link->post->n}, to);
}

static void add_all_rows(hb_machine *m, const hb_link *link, hb_worker *worker, size_t b,
                         size_t row, size_t count, real *to) {
    size_t pre = link->wiring->pre, post = link->wiring->post;
    HB_K(hb_matrix) from = {hb_part_row(m, link->pre, hb_link_rows(link), b, row), pre, 1};
    HB_K(hb_matrix) weight = {link->weight->values, post, 1};
    m->kernels->HB_K(multiply)(to, post, count, post, pre, from, weight, worker->packed);
}

static void add_to(real *restrict to, const real *restrict from, hb_share mine) {
    for (size_t j = mine.first; j < mine.first + mine.n; j++) to[j] += from[j];
}

/* Every source reaches all but its own number. */
static void add_lateral(hb_machine *m, const hb_link *link, hb_worker *worker, size_t b, size_t row,
                        real *to) {
    size_t n = link->wiring->post;
    real weight = *(const real *)link->weight->values, sum = 0;
    if (hb_link_reads_rows(link)) {
        const real *from = hb_part_row(m, link->pre, hb_link_rows(link), b, row);
        for (size_t i = 0; i < n; i++) sum += from[i];
        for (size_t i = 0; i < n; i++) to[i] += weight * (sum - from[i]);
        return;
    }
    const uint64_t *bits = hb_part_bits(m, link->pre, b, row);
    size_t count = m->kernels->positions(bits, link->pre->words, worker->index);
    if (!count) return;
    hb_share mine = hb_mine(m, worker, link->post);
    for (size_t j = 0; j < mine.n; j++) to[mine.first + j] += weight * (real)count;
    for (size_t i = 0; i < count; i++)
        if (worker->index[i] - mine.first < mine.n) to[worker->index[i]] -= weight;
}

/* Step t of the link: what its source gave goes to the row `to` (and later ones). */
static void pull_step(hb_machine *m, hb_link *link, hb_worker *worker, size_t b, size_t t,
                      real *to) {
    size_t row = t + 1 - link->lag, post = link->wiring->post;
    if (link->wiring->lateral)
        add_lateral(m, link, worker, b, row, to);
    else if (link->pre->form == HB_FORM_CONSTANT && !link->connection->reads_v)
        add_to(to, (row || m->at ? link->constant : link->before_run) + b * post,
               hb_mine(m, worker, link->post));
    else if (hb_link_reads_rows(link))
        add_row(m, link, b, row, to);
    else
        add_bits(m, link, worker, b, row, to);
}

/* What dropout leaves of source rows first .. last. */
static void mask_rows(hb_machine *m, const hb_link *link, size_t b, size_t first, size_t last) {
    const hb_part *pre = link->pre;
    real *rows = link->connection->reads_v ? pre->V : pre->rows;
    for (size_t r = first; r < last; r++) {
        const real *from = hb_part_row(m, pre, rows, b, r);
        real *to = hb_part_row(m, pre, link->masked, b, r);
        for (size_t i = 0; i < pre->n; i++) to[i] = hb_link_kept(link, b, i) ? from[i] : 0;
    }
}

void HB_R(hb_link_draw)(hb_machine *m, hb_link *link, size_t b) {
    const hb_graph *g = m->base.graph;
    const hb_part *pre = link->pre;
    uint64_t sample = g->sample_count ? g->samples[b] : g->shown + b;
    uint64_t *kept = link->kept + b * pre->words;
    uint32_t object = (uint32_t)(link - m->links) + (uint32_t)(sample >> 32) * 4096;
    uint32_t drop = (uint32_t)(link->dropout * 0x1p32), words[4];
    hb_stream stream;
    hb_stream_init(&stream, g->seed, HB_DRAW_DROPOUT, object, (uint32_t)sample);
    memset(kept, 0, pre->words * sizeof *kept);
    for (size_t i = 0; i < pre->n; i += 4, stream.counter[0]++) {
        hb_philox(stream.counter, stream.key, words);
        for (size_t k = 0; k < 4 && i + k < pre->n; k++)
            kept[(i + k) / 64] |= (uint64_t)(words[k] >= drop) << (i + k) % 64;
    }
    if (pre->form != HB_FORM_CONSTANT || link->connection->reads_v) return;
    real *masked = link->masked + b * pre->n, *before = masked + m->batch_room * pre->n;
    for (size_t i = 0; i < pre->n; i++) {
        bool stays = hb_link_kept(link, b, i);
        masked[i] = stays ? pre->constant[b * pre->n + i] : 0;
        before[i] = stays ? pre->before_run[b * pre->n + i] : 0;
    }
}

/* R = decay R + sum; the second order takes D off. */
static void filter_step(hb_link *link, size_t b, const real *sum, hb_share mine, real *to) {
    size_t post = link->wiring->post, last = mine.first + mine.n;
    real *R = link->state + b * 2 * post, *D = R + post;
    for (size_t j = mine.first; j < last; j++) {
        R[j] = link->decay[0] * R[j] + sum[j];
        to[j] += R[j];
    }
    if (link->connection->synapse == 1) return;
    for (size_t j = mine.first; j < last; j++) {
        D[j] = link->decay[1] * D[j] + sum[j];
        to[j] -= D[j];
    }
}

/* A run begins: what is on its way since the one before, then zeros. */
static void begin_sum(const hb_machine *m, const hb_link *link, size_t b, hb_share mine,
                      real *sum) {
    size_t post = link->wiring->post, late = link->wiring->delay_max;
    const real *pending = link->pending + b * late * post;
    sum += mine.first;
    for (size_t r = 0; r < m->steps + late + 1; r++, sum += post)
        if (r < late)
            memcpy(sum, pending + r * post + mine.first, mine.n * sizeof(real));
        else
            memset(sum, 0, mine.n * sizeof(real));
}

void HB_R(hb_link_pull)(hb_machine *m, hb_link *link, hb_worker *worker, real *I, size_t b,
                        size_t t0, size_t t1) {
    const hb_wiring *w = link->wiring;
    hb_share mine = hb_mine(m, worker, link->post);
    size_t post = w->post, last = mine.first + mine.n;
    bool own = hb_link_has_sum(link);
    if (link->pre->trains) {
        HB_R(hb_trains_pull)(m, link, worker, I, b);
        return;
    }
    real *to = I;
    if (own) {
        real *sum = hb_link_sum(m, link, worker, b);
        if (t0 == 0) begin_sum(m, link, b, mine, sum);
        to = sum + t0 * post;
    }
    bool product = hb_link_reads_rows(link) && !w->start && !w->lateral;
    real gain = hb_link_gain(link);
    if (link->drops && hb_link_reads_rows(link))
        mask_rows(m, link, b, t0 + 1 - link->lag, t1 + 1 - link->lag);
    if (HB_R(hb_link_pull_narrow)(m, link, worker, I, b, t0, t1)) return;
    if (product) add_all_rows(m, link, worker, b, t0 + 1 - link->lag, t1 - t0, to);
    for (size_t t = t0; t < t1; t++, to += post, I += post) {
        if (!product) pull_step(m, link, worker, b, t, to);
        for (size_t j = mine.first; link->drops && j < last; j++) to[j] *= gain;
        if (link->bias) add_to(to, link->bias->values, mine);
        if (link->connection->synapse)
            filter_step(link, b, to, mine, I);
        else if (own)
            add_to(I, to, mine);
        if (link->recorded && !m->again) HB_R(hb_link_record)(m, link, worker, b, t);
    }
}

/* ---- constants ---- */

void HB_R(hb_link_constants)(hb_machine *m, hb_link *link, hb_worker *worker, size_t first,
                             size_t last) {
    size_t pre = link->wiring->pre, post = link->wiring->post;
    const real *from[] = {link->pre->constant, link->pre->before_run};
    if (link->drops) from[0] = link->masked, from[1] = link->masked + m->batch_room * pre;
    real *to[] = {link->constant, link->before_run};
    HB_K(hb_matrix) weight = {link->weight->values, post, 1};
    for (int i = 0; i < 2; i++) {
        HB_K(hb_matrix) rows = {from[i] + first * pre, pre, 1};
        real *sums = to[i] + first * post;
        memset(sums, 0, (last - first) * post * sizeof(real));
        if (i == 0 || !m->fresh)
            m->kernels->HB_K(multiply)(sums, post, last - first, post, pre, rows, weight,
                                       worker->packed);
    }
}

/* ---- monitors of a connection ---- */

/* What source i gave in a row. */
static real given(const hb_machine *m, const hb_link *link, size_t b, size_t row, size_t i) {
    const hb_part *pre = link->pre;
    if (!hb_link_kept(link, b, i)) return 0;
    if (link->connection->reads_v) return hb_part_row(m, pre, pre->V, b, row)[i];
    if (pre->form == HB_FORM_ROWS) return hb_part_row(m, pre, pre->rows, b, row)[i];
    if (pre->form == HB_FORM_BITS) return hb_part_bits(m, pre, b, row)[i / 64] >> i % 64 & 1;
    return (row || m->at ? pre->constant : pre->before_run)[b * pre->n + i];
}

/* What leaves each synapse's delay after step t: [post][pre]. */
static void show_arrivals(const hb_machine *m, const hb_link *link, size_t b, size_t t,
                          double *to) {
    const hb_wiring *w = link->wiring;
    const real *past = link->past + b * w->delay_max * w->pre;
    memset(to, 0, w->pre * w->post * sizeof *to);
    for (size_t i = 0; i < w->pre; i++) {
        size_t first = w->start ? w->start[i] : i * w->post;
        size_t last = w->start ? w->start[i + 1] : first + w->post;
        for (size_t k = first; k < last; k++) {
            size_t late = w->delay ? w->delay[k] : 0, j = w->index ? w->index[k] : k - first;
            to[j * w->pre + i] = late <= t + 1 ? (double)given(m, link, b, t + 1 - late, i)
                                               : (double)past[(late - t - 2) * w->pre + i];
        }
    }
}

/* The next run's rows before its row 0, which is the last of this one. */
static void keep_past(const hb_machine *m, hb_link *link, size_t b) {
    size_t pre = link->pre->n, late = link->wiring->delay_max, steps = m->steps;
    real *past = link->past + b * late * pre;
    for (size_t q = late; q > 0; q--)
        for (size_t i = 0; i < pre; i++)
            past[(q - 1) * pre + i] =
                steps >= q ? given(m, link, b, steps - q, i) : past[(q - steps - 1) * pre + i];
}

static void show(hb_machine *m, hb_link *link, size_t b) {
    const hb_graph *g = m->base.graph;
    size_t cells = link->wiring->post * link->wiring->pre;
    for (size_t i = 0; i < g->monitor_count; i++) {
        const hb_monitor *monitor = &g->monitors[i];
        if (monitor->connection != link - m->links || monitor->state != HB_VAR_O) continue;
        for (size_t t = 0; t < m->steps; t++)
            show_arrivals(m, link, b, t,
                          m->base.records[i] + ((m->at + t) * m->base.batch + b) * cells);
    }
    if (link->past) keep_past(m, link, b);
}

void HB_R(hb_link_finish)(hb_machine *m, hb_link *link, hb_worker *worker, size_t b) {
    size_t post = link->wiring->post, late = link->wiring->delay_max;
    if (link->shown) show(m, link, b);
    if (!late) return;
    const real *sum = hb_link_sum(m, link, worker, b);
    memcpy(link->pending + b * late * post, sum + m->steps * post, late * post * sizeof(real));
}

void HB_R(hb_link_record)(hb_machine *m, hb_link *link, hb_worker *worker, size_t b, size_t t) {
    const hb_graph *g = m->base.graph;
    size_t post = link->wiring->post, batch = m->base.batch;
    hb_share mine = hb_mine(m, worker, link->post);
    for (size_t i = 0; i < g->monitor_count; i++) {
        const hb_monitor *monitor = &g->monitors[i];
        if (monitor->connection != link - m->links || monitor->state == HB_VAR_O) continue;
        double *to = m->base.records[i] + ((m->at + t) * batch + b) * post;
        const real *from = monitor->state == HB_VAR_SUM
                               ? hb_link_sum(m, link, worker, b) + t * post
                               : link->state + (2 * b + (monitor->state == HB_VAR_D)) * post;
        for (size_t j = mine.first; j < mine.first + mine.n; j++) to[j] = (double)from[j];
    }
}

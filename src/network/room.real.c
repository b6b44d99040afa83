/* The memory of a run: one arena, laid out for so many samples and steps. */
#include <string.h>

#include "network/engine.h"

/* ---- memory ---- */

/* a b c; SIZE_MAX, which an arena refuses, where that is more than a size can hold. */
static size_t times(size_t a, size_t b, size_t c) {
    size_t product;
    if (__builtin_mul_overflow(a, b, &product) || __builtin_mul_overflow(product, c, &product))
        return SIZE_MAX;
    return product;
}

static size_t outputs_of(const hb_graph *g, size_t readout, size_t steps) {
    return hb_decoder_outputs(&g->readouts[readout].decoder, steps);
}

/* What a part needs beside where runs go in chunks. */
static void lay_chunks_of(const hb_machine *m, hb_arena *a, hb_part *p, size_t B, size_t all) {
    size_t n = p->n, real_ = sizeof(real);
    if (!m->chunked) return;
    a->kind = HB_OF_REST;
    p->counts = hb_arena_take(a, times(B, n, 1), sizeof *p->counts);
    a->kind = HB_OF_TAPE;
    if (p->watched && p->form != HB_FORM_CONSTANT)
        p->history = hb_arena_take(a, times(B, all, p->words), 8);
    if (!p->model && p->form == HB_FORM_BITS) {
        size_t piece = all < HB_AHEAD ? all : HB_AHEAD;
        p->ahead = hb_arena_take(a, times(B, piece, p->words), 8);
        p->ahead_end = hb_arena_take(a, B, sizeof *p->ahead_end);
    }
    a->kind = HB_OF_CURRENTS;
    if (!p->active) return;
    p->adj_after = hb_arena_take(a, times(B, p->states, n), real_);
    if (p->reach) p->owed = hb_arena_take(a, times(B, p->reach, n), real_);
    if (p->reach && p->wants_V) p->owed_V = hb_arena_take(a, times(B, p->reach, n), real_);
}

static void lay_part(hb_machine *m, hb_arena *a, hb_part *p, size_t B, size_t T, size_t all) {
    const hb_graph *g = m->base.graph;
    size_t n = p->n, cells = times(B, T, n), rows = times(B, T + 1, n), real_ = sizeof(real);
    lay_chunks_of(m, a, p, B, all);
    a->kind = HB_OF_TAPE;
    if (HB_R(hb_part_keeps_trains)(m, p)) {
        p->trains = hb_arena_take(a, times(B, HB_WORDS(T), p->n), 8);
        p->lit = hb_arena_take(a, times(B, p->words, 1), 8);
        p->edges = hb_arena_take(a, times(B, p->words, 2), 8);
    } else if (p->form == HB_FORM_BITS) {
        p->bits = hb_arena_take(a, times(B, T + 1, p->words), 8);
    }
    if (p->form == HB_FORM_ROWS) p->rows = hb_arena_take(a, rows, real_);
    if (p->form == HB_FORM_CONSTANT) {
        p->constant = hb_arena_take(a, B * n, real_);
        p->before_run = hb_arena_take(a, B * n, real_);
    }
    if (!p->model) {
        a->kind = HB_OF_REST;
        if (p->form != HB_FORM_BITS)
            p->floats = hb_arena_take(a, times(m->worker_count, p->form == HB_FORM_ROWS ? T : 1, n),
                                      sizeof(float));
        return;
    }
    if (p->wants_V) p->V = hb_part_has_V(m, p) ? hb_arena_take(a, rows, real_) : p->rows;
    a->kind = HB_OF_STATES;
    if (p->kept) p->fired = hb_arena_take(a, n, real_);
    p->state = hb_arena_take(a, times(B, p->states, n), real_);
    if (p->any_coef) p->gcoef = hb_arena_take(a, times(B, p->model->coef_count, n), real_);
    a->kind = HB_OF_TAPE;
    if (g->soft && p->model->output == HB_OUT_SPIKES) {
        p->mask = hb_arena_take(a, times(B, all, n), real_);
        p->reset = hb_arena_take(a, times(B, all, n), real_);
    }
    if (!p->active) return;
    if (p->model->output == HB_OUT_SPIKES && !p->slope_steps)
        p->window = hb_arena_take(a, times(B, T, p->words), 8);
    if (p->keep_x) p->x = hb_arena_take(a, cells, real_);
    if (p->keep_I) p->I = hb_arena_take(a, cells, real_);
    if (p->keep_states) p->before = hb_arena_take(a, times(cells, p->states, 1), real_);
}

static void lay_reward(hb_machine *m, hb_arena *a, size_t reward, size_t B, size_t T) {
    const hb_rewarder *r = &m->base.graph->rewards[reward];
    size_t classes = r->reward.classes, most = r->reward.ops->per_neuron ? r->reward.num : 1;
    double *counts = hb_arena_take(a, times(B, classes, 1), sizeof *counts);
    double *row = hb_arena_take(a, times(B, r->reward.num, 1), sizeof *row);
    double *memory = hb_arena_take(a, times(B, classes, 1), sizeof *memory);
    double *values = hb_arena_take(a, times(T, B, most), sizeof *values);
    unsigned char *given = hb_arena_take(a, T, sizeof *given);
    if (!a->base) return;
    hb_judged *j = &m->judged[reward]; /* of a new arena: zeros */
    j->counts = counts, j->row = row, j->memory = memory, j->values = values, j->given = given;
}

/* Room for all fours of rows, or for as many ones. */
static void lay_times(const hb_machine *m, hb_arena *a, hb_link *link, size_t T) {
    size_t parts = hb_link_parts(link), sources = hb_link_part_sources(link);
    size_t lists = times(HB_R(hb_link_sets)(m->back_block, T), parts, 1);
    hb_times *all = &link->times;
    all->rows = times(m->back_block, hb_rows_room(T), 1);
    size_t entries = times(all->rows / 4, sources, parts), slack = lists * HB_POSITIONS_SLACK;
    all->ways = hb_arena_take(a, lists, 1);
    all->starts = hb_arena_take(a, times(lists, hb_link_starts_room(link), 1), 4);
    all->entries = hb_arena_take(a, entries > SIZE_MAX - slack ? SIZE_MAX : entries + slack, 2);
}

/* Room for jumps in up to three eighths of the steps: with more, other products are as fast. */
static void lay_jumps(const hb_machine *m, hb_arena *a, hb_jumps *all, size_t T, size_t post,
                      size_t starts) {
    size_t block = m->back_block;
    all->room = times(T, post, 1) / 8 * 3;
    all->stride = all->room + times(64, T, 1) + HB_POSITIONS_SLACK;
    all->starts_room = starts;
    size_t entries = times(block, all->stride, 1);
    all->listed = hb_arena_take(a, block, sizeof *all->listed);
    all->starts = hb_arena_take(a, times(block, starts, 1), 4);
    all->entries = hb_arena_take(a, entries, sizeof *all->entries);
    all->values = hb_arena_take(a, entries, sizeof *all->values);
}

static void lay_link(const hb_machine *m, hb_arena *a, hb_link *link, size_t B, size_t T) {
    size_t post = link->post->n;
    a->kind = HB_OF_CURRENTS;
    if (link->pre->form == HB_FORM_CONSTANT) {
        link->constant = hb_arena_take(a, B * post, sizeof(real));
        link->before_run = hb_arena_take(a, B * post, sizeof(real));
        link->total = hb_arena_take(a, 2 * B * post, sizeof(real));
    }
    if (link->connection->synapse) link->state = hb_arena_take(a, B * 2 * post, sizeof(real));
    if (link->dropout > 0) link->kept = hb_arena_take(a, B * link->pre->words, 8);
    bool rows = hb_link_reads_rows(link);
    if (link->dropout > 0 && (rows || link->pre->form == HB_FORM_CONSTANT))
        link->masked = hb_arena_take(a, times(B, rows ? T + 1 : 2, link->pre->n), sizeof(real));
    if ((link->connection->synapse || link->dropout > 0) && link->post->active)
        link->dsum =
            hb_arena_take(a, times(m->back_block, link->post->reach + T, post), sizeof(real));
    if (link->connection->synapse && link->post->active)
        link->dfilter = hb_arena_take(a, times(m->back_block, 2, post), sizeof(real));
    if (hb_link_turns(link))
        link->turned = hb_arena_take(a, times(link->pre->n, post, 1), sizeof(real));
    if (link->wiring->delay_max)
        link->pending = hb_arena_take(a, times(B, link->wiring->delay_max, post), sizeof(real));
    if (link->wiring->delay_max && link->shown)
        link->past =
            hb_arena_take(a, times(B, link->wiring->delay_max, link->pre->n), sizeof(real));
    if (link->weight->wants_rows && link->weight->trainable)
        link->touched = hb_arena_take(a, HB_WORDS(link->wiring->pre), 8);
    if (hb_link_has_tables(link) && link->weight->grad) lay_times(m, a, link, T);
    if (hb_link_lists_jumps(link))
        lay_jumps(m, a, &link->jumps, T, post, times(HB_WORDS(T), post + 1, 1));
    link->defers =
        hb_link_fades(link) && link->pre->active && !link->connection->inside && post > HB_NARROW;
    if (link->defers) lay_jumps(m, a, &link->pushed, T, post, times(HB_WORDS(post), T + 1, 1));
    if (m->chunked && link->wiring->delay_max && link->weight->grad)
        link->dsum_after = hb_arena_take(a, times(B, link->wiring->delay_max, post), sizeof(real));
    if (m->chunked && link->connection->synapse && link->post->active)
        link->dfilter_after = hb_arena_take(a, times(B, 2, post), sizeof(real));
    bool together = m->between && m->between->every_step;
    if (hb_link_has_sum(link) && (together || m->keeps))
        link->sums =
            hb_arena_take(a, times(B, T + link->wiring->delay_max + 1, post), sizeof(real));
}

/* Tables are built anew for each block, so that a block should have many rows. */
enum { BLOCK_ROWS = 700, SLAB_ROWS = 2048 };

/* Where all wide groups go in slabs there is room for more: half of what the currents of all
 * columns would take, while a slab of 512 bytes a row and the weights of a tile stay in the second
 * cache. */
static size_t block_rows(const hb_machine *m) {
    size_t rows = SLAB_ROWS;
    for (size_t i = 0; i < m->part_count; i++) {
        const hb_part *p = &m->parts[i];
        if (!p->model || p->n <= HB_ABREAST_MOST) continue;
        size_t here = p->slab ? BLOCK_ROWS * p->n / p->slab / 2 : 0;
        if (here < rows) rows = here;
    }
    return rows > BLOCK_ROWS ? rows : BLOCK_ROWS;
}

static size_t block_of(const hb_machine *m, size_t B, size_t T) {
    bool tables = false, small = true; /* groups are swept some samples abreast */
    for (size_t i = 0; i < m->link_count; i++)
        if (!m->links[i].connection->inside && hb_link_has_tables(&m->links[i])) tables = true;
    for (size_t i = 0; i < m->part_count; i++)
        if (m->parts[i].model && m->parts[i].n > HB_ABREAST_MOST) small = false;
    if (m->base.graph->stepwise) return 1;
    size_t block = small ? HB_ABREAST : 1;
    size_t rows = block_rows(m);
    if (tables && block < (rows + T - 1) / T) block = (rows + T - 1) / T;
    return block < B ? block : B;
}

/* Where no link has tables, gradients of so many bytes: each block goes through all weights. */
enum { BACK_BYTES = 256 * 1024 };

/* Weights whose gradient is made from jumps are turned, and back, for each block. */
enum { TURN_ROWS = 1400 };

/* Samples whose gradients are there at once: about as many rows as a block has forward, as many for
 * each thread, and enough to keep all busy. */
static size_t back_block_of(const hb_machine *m, size_t B, size_t T) {
    size_t threads = m->worker_count, block = (BLOCK_ROWS + T - 1) / T, row = 0;
    bool tables = false;
    for (size_t i = 0; i < m->link_count; i++) tables |= hb_link_has_tables(&m->links[i]);
    for (size_t i = 0; i < m->part_count; i++)
        row += m->parts[i].active ? m->parts[i].n * sizeof(real) : 0;
    if (!tables && row && block < BACK_BYTES / row / T) block = BACK_BYTES / row / T;
    for (size_t i = 0; i < m->link_count; i++)
        if (hb_link_lists_jumps(&m->links[i]) && block < (TURN_ROWS + T - 1) / T)
            block = (TURN_ROWS + T - 1) / T;
    if (threads > 1 && block < 4 * threads) block = 4 * threads;
    block = (block + threads - 1) / threads * threads;
    return block < B ? block : B;
}

/* Does the link multiply numbers, forward or backward? */
static bool multiplies(const hb_link *link) {
    bool numbers = hb_link_reads_rows(link) || link->pre->form == HB_FORM_CONSTANT;
    return !link->wiring->start && !link->wiring->lateral &&
           (numbers || (link->pre->active && link->post->active));
}

/* Room for the products of links (link.real.c, bptt_push.real.c, bptt_gradient.real.c). */
static void lay_products(const hb_machine *m, hb_arena *a, hb_worker *w, size_t block, size_t T) {
    size_t tile = 0, words = 0, widest = 0, narrow = 0, real_ = sizeof(real);
    size_t columns = 0, turned = 0; /* of results of multiply; weights that are turned */
    size_t apart = 0;               /* rows that collide */
    bool back = false, defers = false;
    for (size_t i = 0; i < m->link_count; i++) {
        const hb_link *link = &m->links[i];
        if (multiplies(link) && link->wiring->post > columns) columns = link->wiring->post;
        if (multiplies(link) && link->wiring->pre > columns) columns = link->wiring->pre;
        if (hb_link_has_tables(link)) {
            size_t width = hb_link_pull_width(m, link);
            if (width > tile) tile = width;
            if (hb_rows_collide(link->wiring->post)) {
                size_t here = link->post->slab ? 0 : times(block, T, 1); /* of the weights' rows */
                if (apart < HB_TILE_SOURCES + 64) apart = HB_TILE_SOURCES + 64;
                if (apart < here) apart = here;
            }
        }
        if (hb_link_is_narrow(link) && link->pre->words > narrow) narrow = link->pre->words;
        if (hb_link_lists_jumps(link) && link->wiring->post > turned) turned = link->wiring->post;
        defers |= link->defers;
        if (!link->pre->active || !link->post->active || link->wiring->start) continue;
        if (link->wiring->post > widest) widest = link->wiring->post;
        if (link->pre->words > words) words = link->pre->words;
        back = true;
    }
    if (HB_WORDS(widest) > words) words = HB_WORDS(widest);
    widest = (widest + 63) / 64 * 64; /* rows end with whole vectors */
    /* Sums of rows that bits ask for, and what sources are owed, come one after the other. */
    hb_overlay turns = hb_overlay_begin(a);
    size_t merged = (HB_TILE_SOURCES + 64) * HB_PACKED_WORDS;
    w->merged = tile ? hb_arena_take(a, merged, 8) : NULL;
    w->tables = tile ? hb_arena_take(a, HB_PACKED_ROWS * tile, real_) : NULL;
    w->apart = apart ? hb_arena_take(a, times(apart, tile, 1), real_) : NULL;
    /* whole runs of 64 steps */
    size_t bits = 64 * narrow > T + 64 ? 64 * narrow : T + 64;
    size_t sums = (narrow < HB_NARROW_WORDS ? narrow : HB_NARROW_WORDS) * 64 * HB_NARROW;
    w->narrow_bits = narrow ? hb_arena_take(a, bits, 8) : NULL;
    w->narrow_sums = narrow ? hb_arena_take(a, sums, real_) : NULL;
    size_t padded = times(T + T / 64 + 65, HB_NARROW, 1);
    w->narrow_rows = narrow ? hb_arena_take(a, padded, real_) : NULL;
    hb_overlay_next(&turns, a);
    size_t slack = HB_POSITIONS_SLACK;
    w->squeezed_weight = back ? hb_arena_take(a, HB_STRIP * widest + slack, real_) : NULL;
    w->squeezed_sum = back ? hb_arena_take(a, times(T, widest, 1) + slack, real_) : NULL;
    w->squeezed_out = back ? hb_arena_take(a, times(T, HB_STRIP, 1), real_) : NULL;
    w->columns = back ? hb_arena_take(a, 2 * words, 8) : NULL;
    size_t jumps = times(m->back_block, T, m->kernels->tile_bytes);
    w->jump_sums = defers ? hb_arena_take(a, jumps, 1) : NULL;
    hb_overlay_end(&turns, a);
    w->turned = turned ? hb_arena_take(a, turned * m->kernels->tile_bytes, 1) : NULL;
    w->packed = columns ? hb_arena_take(a, hb_multiply_room(columns, real_), 1) : NULL;
}

/* Rows of n for T steps, and before them for those that the chunk before owes. */
static real *lay_rows(hb_arena *a, size_t reach, size_t T, size_t n) {
    real *rows = hb_arena_take(a, times(reach + T, n, 1), sizeof *rows);
    return rows ? rows + reach * n : NULL;
}

static void lay_worker(hb_machine *m, hb_arena *a, hb_worker *w, size_t block, size_t T) {
    size_t widest = 1, real_ = sizeof(real);
    a->kind = HB_OF_REST;
    w->I = hb_arena_take(a, m->part_count, sizeof(real *));
    w->slope = hb_arena_take(a, m->part_count, sizeof(real *));
    w->sum = hb_arena_take(a, m->link_count, sizeof(real *));
    w->undropped = hb_arena_take(a, m->link_count, sizeof(real *));
    a->kind = HB_OF_CURRENTS;
    for (size_t i = 0; i < m->part_count; i++) {
        hb_part *p = &m->parts[i];
        if (p->n > widest) widest = p->n;
        if (!p->model) continue;
        real *slope = p->slope_steps ? hb_arena_take(a, p->slope_steps * p->n, real_) : NULL;
        if (a->base) w->slope[i] = slope;
    }
    for (size_t i = 0; i < m->link_count; i++) {
        hb_link *link = &m->links[i];
        size_t post = link->post->n;
        bool own = hb_link_has_sum(link);
        bool drops = link->dropout > 0 && link->pre->active && link->post->active;
        real *undropped = drops ? lay_rows(a, link->pre->reach, T, link->pre->n) : NULL;
        real *sum =
            own ? hb_arena_take(a, times(T + link->wiring->delay_max + 1, post, block), real_)
                : NULL;
        if (a->base) w->sum[i] = sum, w->undropped[i] = undropped;
    }
    a->kind = HB_OF_REST;
    w->x = hb_arena_take(a, widest, real_);
    w->o = hb_arena_take(a, widest, real_);
    w->m = hb_arena_take(a, widest, real_);
    w->dx = hb_arena_take(a, widest, real_);
    w->bits = hb_arena_take(a, HB_WORDS(widest), 8);
    size_t places = widest > 64 * (T + 1) ? widest : 64 * (T + 1);
    w->index = hb_arena_take(a, places + HB_POSITIONS_SLACK, sizeof *w->index);
    w->spikes = hb_arena_take(a, m->part_count, sizeof *w->spikes);
    w->shares = hb_arena_take(a, m->part_count, sizeof *w->shares);
    w->rivals = hb_arena_take(a, m->part_count, sizeof *w->rivals);
    lay_products(m, a, w, block, T);
}

/* Of a slab there are all rows of a block; lists fill some whole rows. */
static size_t currents_of(const hb_machine *m, const hb_part *p, size_t T) {
    size_t all = times(m->block_room * p->inputs, T, p->slab ? p->slab : p->n);
    size_t most = hb_sweep_steps(p->n), listed = times(most < T ? most : T, p->n, 1);
    return p->slab && listed > all ? listed : all;
}

/* Of the lists of a block of rows; those that are longer are made in parts. */
enum { MOST_ENTRIES = 1 << 18 };

/* Lists of a block's rows. */
static void lay_lists(const hb_machine *m, hb_arena *a, hb_worker *w, size_t T) {
    size_t sources = 0, rows = times(m->block_room, T, 1);
    for (size_t i = 0; i < m->link_count; i++)
        if (hb_link_has_tables(&m->links[i]) && m->links[i].pre->n > sources)
            sources = m->links[i].pre->n;
    size_t runs = (sources + HB_TABLE_ROWS - 1) / HB_TABLE_ROWS;
    w->entry_room = times(rows, (sources + 3) / 4, 1);
    if (w->entry_room > MOST_ENTRIES) w->entry_room = MOST_ENTRIES;
    if (w->entry_room < sources) w->entry_room = sources; /* one row of ones */
    w->starts = sources ? hb_arena_take(a, times(runs, rows + 1, 1) + 1, 4) : NULL;
    w->entries = sources ? hb_arena_take(a, w->entry_room + HB_POSITIONS_SLACK, 2) : NULL;
}

/* A worker's lists and currents: groups that go one after another take turns with the room. */
static void lay_forward(hb_machine *m, hb_arena *a, hb_worker *w, size_t T) {
    const hb_graph *g = m->base.graph;
    lay_lists(m, a, w, T);
    hb_overlay turns = hb_overlay_begin(a);
    for (size_t i = 0; i < g->order_count; i++) {
        size_t group = g->order[i], component = g->groups[group].component;
        const hb_part *p = &m->parts[group];
        if (i > 0 && g->groups[g->order[i - 1]].component != component) hb_overlay_next(&turns, a);
        if (p->active && p->keep_I) continue;
        real *I = hb_arena_take(a, currents_of(m, p, T), sizeof *I);
        if (a->base) w->I[group] = I;
    }
    hb_overlay_end(&turns, a);
}

/* Currents of the forward pass and their gradients, which come later. */
static void lay_currents(hb_machine *m, hb_arena *a, size_t T) {
    a->kind = HB_OF_CURRENTS;
    hb_overlay passes = hb_overlay_begin(a);
    for (size_t i = 0; i < m->worker_count; i++) lay_forward(m, a, &m->workers[i], T);
    hb_overlay_next(&passes, a);
    for (size_t i = 0; i < m->part_count; i++) {
        hb_part *p = &m->parts[i];
        if (!p->model || !p->active) continue;
        size_t cells = times(m->back_block, p->reach + T, p->n);
        p->dI = hb_arena_take(a, cells, sizeof(real));
        if (p->wants_V) p->dV = hb_arena_take(a, cells, sizeof(real));
        p->adj = hb_arena_take(a, times(m->back_block, p->states, p->n), sizeof(real));
    }
    hb_overlay_end(&passes, a);
}

/* What is read and recorded of all steps. */
static void lay_records(hb_machine *m, hb_arena *a, size_t B, size_t T) {
    hb_graph *g = m->base.graph;
    hb_engine *e = &m->base;
    e->times = hb_arena_take(a, T, sizeof *e->times);
    for (size_t i = 0; i < g->readout_count; i++) {
        const hb_decoder *d = &g->readouts[i].decoder;
        size_t outputs = outputs_of(g, i, T);
        double *predict = hb_arena_take(a, times(B, outputs, 1), sizeof *predict);
        float *small = hb_arena_take(a, times(B, outputs, 1), sizeof *small);
        double *record =
            d->ops->time_weight ? NULL : hb_arena_take(a, times(2 * T, B, d->num), sizeof *record);
        double *weights = d->ops->time_weight ? hb_arena_take(a, T, sizeof *weights) : NULL;
        if (!a->base) continue;
        e->predict[i] = predict;
        e->predict_f32[i] = small;
        m->record[i] = record;
        m->weights[i] = weights;
    }
    for (size_t i = 0; i < g->monitor_count; i++) {
        const hb_monitor *monitor = &g->monitors[i];
        double *record = NULL;
        if (!monitor->spikes) {
            size_t n = monitor->group >= 0 ? g->groups[monitor->group].n
                                           : g->connections[monitor->connection].wiring.post;
            if (monitor->connection >= 0 && monitor->state == HB_VAR_O)
                n *= g->connections[monitor->connection].wiring.pre;
            record = hb_arena_take(a, times(T, B, n), sizeof *record);
        }
        if (a->base) e->records[i] = record;
    }
}

/* Runs of `all` steps go in chunks of T. One order for measuring and for taking. */
static void lay_out(hb_machine *m, hb_arena *a, size_t B, size_t T, size_t all) {
    hb_graph *g = m->base.graph;
    for (size_t i = 0; i < m->part_count; i++)
        m->parts[i].slab = HB_R(hb_part_slab)(m, &m->parts[i]);
    m->block_room = block_of(m, B, T);
    m->back_block = back_block_of(m, B, T);
    for (size_t i = 0; i < m->part_count; i++) lay_part(m, a, &m->parts[i], B, T, all);
    for (size_t i = 0; i < m->link_count; i++) lay_link(m, a, &m->links[i], B, T);
    for (size_t i = 0; i < m->worker_count; i++) lay_worker(m, a, &m->workers[i], m->block_room, T);
    lay_currents(m, a, T);
    hb_engine *e = &m->base;
    a->kind = HB_OF_REST;
    e->predict = hb_arena_take(a, g->readout_count, sizeof *e->predict);
    e->predict_f32 = hb_arena_take(a, g->readout_count, sizeof *e->predict_f32);
    e->records = hb_arena_take(a, g->monitor_count, sizeof *e->records);
    e->spikes = hb_arena_take(a, m->part_count, sizeof *e->spikes);
    m->record = hb_arena_take(a, g->readout_count, sizeof *m->record);
    m->weights = hb_arena_take(a, g->readout_count, sizeof *m->weights);
    m->first_item = hb_arena_take(a, m->link_count + 1, sizeof *m->first_item);
    m->judged = hb_arena_take(a, g->reward_count, sizeof *m->judged);
    for (size_t i = 0; i < g->reward_count; i++) lay_reward(m, a, i, B, all);
    if (m->between) m->between->lay(m->between->user, a, B, all);
    lay_records(m, a, B, all);
    a->kind = HB_OF_TAPE;
    m->snapshot_bytes = m->chunked ? HB_R(hb_snapshot_size)(m) : 0;
    if (m->chunked)
        m->snapshots = hb_arena_take(a, times(B, (all + T - 1) / T + 1, m->snapshot_bytes), 1);
    a->kind = HB_OF_REST;
    m->started = hb_arena_take(a, B, sizeof *m->started);
    m->sample_status = hb_arena_take(a, B, sizeof *m->sample_status);
}

static void keep_rewards(const hb_machine *from, hb_machine *to) {
    const hb_graph *g = from->base.graph;
    for (size_t i = 0; i < g->reward_count; i++) {
        const hb_judged *a = &from->judged[i];
        hb_judged *b = &to->judged[i];
        size_t bytes = from->base.batch * g->rewards[i].reward.classes * sizeof *a->counts;
        memcpy(b->counts, a->counts, bytes);
        memcpy(b->memory, a->memory, bytes);
        b->since = a->since;
    }
}

/* What a continued run needs of the arena that is left. */
static void keep(const hb_machine *from, hb_machine *to) {
    size_t B = from->base.batch, last = from->last_row;
    memcpy(to->started, from->started, B * sizeof *from->started);
    keep_rewards(from, to);
    for (size_t i = 0; i < from->part_count; i++) {
        const hb_part *a = &from->parts[i];
        hb_part *b = &to->parts[i];
        if (a->state) memcpy(b->state, a->state, B * a->states * a->n * sizeof(real));
        for (size_t s = 0; s < B; s++) {
            /* the last row goes where the next run looks for it */
            if (a->bits)
                memcpy(hb_part_bits(to, b, s, last), hb_part_bits(from, a, s, last), a->words * 8);
            if (a->trains) memcpy(hb_part_edge(b, s, 1), hb_part_edge(a, s, 1), a->words * 8);
            if (a->rows)
                memcpy(hb_part_row(to, b, b->rows, s, last), hb_part_row(from, a, a->rows, s, last),
                       a->n * sizeof(real));
            if (a->V && a->V != a->rows)
                memcpy(hb_part_row(to, b, b->V, s, last), hb_part_row(from, a, a->V, s, last),
                       a->n * sizeof(real));
        }
        if (a->constant) memcpy(b->constant, a->constant, B * a->n * sizeof(real));
    }
    for (size_t i = 0; i < from->link_count; i++) {
        const hb_link *a = &from->links[i];
        hb_link *b = &to->links[i];
        size_t post = a->wiring->post;
        if (a->state) memcpy(b->state, a->state, B * 2 * post * sizeof(real));
        size_t late = a->wiring->delay_max;
        if (a->pending) memcpy(b->pending, a->pending, B * late * post * sizeof(real));
        if (a->past) memcpy(b->past, a->past, B * late * a->pre->n * sizeof(real));
    }
}

hebb_status HB_R(hb_machine_room)(hb_machine *m, size_t batch, size_t steps) {
    if (m->arena.block && batch <= m->batch_room && steps <= m->time_room) return HEBB_OK;
    hb_env *env = m->base.graph->env;
    size_t B = batch > m->batch_room ? batch : m->batch_room;
    size_t all = steps > m->time_room ? steps : m->time_room;
    size_t T = HB_R(hb_chunk_steps)(m, all);
    hb_part *parts = hb_alloc(env, m->part_count * sizeof *parts);
    hb_link *links = hb_alloc(env, m->link_count * sizeof *links);
    hebb_status status = parts && links ? HEBB_OK : HEBB_E_MEMORY;
    hb_machine old = *m;
    hb_arena arena = {0};
    if (status >= 0) {
        memcpy(parts, m->parts, m->part_count * sizeof *parts);
        memcpy(links, m->links, m->link_count * sizeof *links);
        old.parts = parts;
        old.links = links;
        lay_out(m, &arena, B, T, all);
        status = hb_arena_commit(env, &arena);
    }
    if (status >= 0) {
        m->batch_room = B;
        m->step_room = T;
        m->time_room = all;
        lay_out(m, &arena, B, T, all);
        if (old.arena.block && old.base.ran) keep(&old, m);
        hb_arena_free(env, &old.arena);
        m->arena = arena;
        m->base.arena_bytes = arena.size;
        memcpy(m->base.arena_of, arena.of, sizeof arena.of);
    } else if (parts && links) { /* as it was */
        memcpy(m->parts, parts, m->part_count * sizeof *parts);
        memcpy(m->links, links, m->link_count * sizeof *links);
        hb_arena a = old.arena;
        a.used = 0;
        if (a.block) lay_out(m, &a, m->batch_room, m->step_room, m->time_room);
    }
    hb_free(env, parts);
    hb_free(env, links);
    return status;
}

void HB_R(hb_machine_reset_sample)(hb_machine *m, size_t b) {
    for (size_t i = 0; i < m->part_count; i++) {
        hb_part *p = &m->parts[i];
        unsigned stays = p->model && m->base.graph->spaic && m->started[b] ? p->model->stays : 0;
        for (size_t s = 0; s < p->states; s++) {
            real *state = p->state + (b * p->states + s) * p->n;
            if (stays >> s & 1) continue;
            if (p->first)
                memcpy(state, p->first + s * p->n, p->n * sizeof(real));
            else
                memset(state, 0, p->n * sizeof(real));
        }
        if (p->bits) memset(hb_part_bits(m, p, b, 0), 0, p->words * 8);
        if (p->trains) memset(hb_part_edge(p, b, 0), 0, p->words * 8);
        if (p->rows) memset(hb_part_row(m, p, p->rows, b, 0), 0, p->n * sizeof(real));
        if (p->V) memset(hb_part_row(m, p, p->V, b, 0), 0, p->n * sizeof(real));
        if (p->before_run) memset(p->before_run + b * p->n, 0, p->n * sizeof(real));
    }
    for (size_t i = 0; i < m->link_count; i++) {
        hb_link *link = &m->links[i];
        size_t post = link->wiring->post, late = link->wiring->delay_max;
        if (link->state) memset(link->state + b * 2 * post, 0, 2 * post * sizeof(real));
        size_t pre = link->pre->n;
        if (link->pending) memset(link->pending + b * late * post, 0, late * post * sizeof(real));
        if (link->past) memset(link->past + b * late * pre, 0, late * pre * sizeof(real));
    }
    m->started[b] = true;
}

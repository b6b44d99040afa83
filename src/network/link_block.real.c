/* Currents of a block of samples: the sums of weights' rows from tables, or of rows that are packed
 * closely, a tile of columns at a time. What each step asks for is listed once for all tiles.
 *
 * Where nothing else drives a group, its neurons are swept as soon as their columns are summed, a
 * slab of them at a time: the currents of all would not stay in the second cache until then. */
#include <string.h>

#include "network/engine.h"

/* Steps t0 .. t1 of samples b0 .. b1. */
typedef struct block {
    size_t b0, b1, t0, t1;
    real *I;
    size_t row, stride; /* from a step's row of I, and from a sample's, to the next */
    bool fresh;         /* I holds nothing yet */
    hb_part *slabs;     /* I is room for a slab of this part, which is swept; or NULL */
    hb_way way;
    size_t per;       /* words of sources that are summed at a time */
    size_t counts[2]; /* bits that are 1, and fours that are not 0 */
} block;

static const uint64_t *bits_at(const hb_machine *m, const hb_link *link, size_t b, size_t t) {
    return hb_part_bits(m, link->pre, b, t + 1 - link->lag);
}

/* The sources that act in the block. */
static const uint64_t *used_in(hb_machine *m, const hb_link *link, hb_worker *worker,
                               const block *q) {
    size_t words = link->pre->words;
    uint64_t *restrict used = worker->bits;
    memset(used, 0, words * sizeof *used);
    for (size_t b = q->b0; b < q->b1; b++) {
        const uint64_t *bits = bits_at(m, link, b, q->t0);
        for (size_t t = q->t0; t < q->t1; t++, bits += words)
            for (size_t i = 0; i < words; i++) used[i] |= bits[i];
    }
    return used;
}

static void count_block(hb_machine *m, const hb_link *link, block *q) {
    size_t words = link->pre->words;
    q->counts[0] = q->counts[1] = 0;
    for (size_t b = q->b0; b < q->b1; b++)
        m->kernels->count(bits_at(m, link, b, q->t0), (q->t1 - q->t0) * words, q->counts);
}

static hb_way way_of(hb_machine *m, const hb_link *link, hb_worker *worker, const block *q) {
    size_t words = link->pre->words, used[2] = {0};
    m->kernels->count(used_in(m, link, worker, q), words, used);
    hb_sums sums = {.bits = q->counts[0],
                    .fours = q->counts[1],
                    .targets = (q->b1 - q->b0) * (q->t1 - q->t0),
                    .words = words,
                    .rows = link->pre->n,
                    .used = 4 * used[1]};
    hb_way way = hb_way_of(m->kernels, &sums);
    return hb_cost(m->kernels, &sums, HB_LISTED) <= hb_cost(m->kernels, &sums, way) ? HB_LISTED
                                                                                    : way;
}

/* Lists of all rows for one run of words after another: [runs][rows + 1]. */
static void list_block(hb_machine *m, const hb_link *link, hb_worker *worker, const block *q) {
    size_t words = link->pre->words, steps = q->t1 - q->t0;
    uint32_t *starts = worker->starts;
    starts[0] = 0;
    for (size_t w = 0; w < words; w += q->per) {
        size_t here = words - w < q->per ? words - w : q->per;
        for (size_t b = q->b0; b < q->b1; b++, starts += steps)
            (q->way == HB_LOOKED_UP ? m->kernels->list_fours : m->kernels->list_ones)(
                bits_at(m, link, b, q->t0) + w, words, here, steps, starts, worker->entries);
        starts[1] = starts[0];
        starts++;
    }
}

/* Columns j .. j + width of all sums, which stand at I. */
static void sum_tile(hb_machine *m, const hb_link *link, hb_worker *worker, const block *q,
                     const uint64_t *used, size_t j, size_t width, real *I) {
    static const real zeros[HB_WIDEST_TILE];
    const hb_kernels *kernels = m->kernels;
    size_t pre = link->pre->n, post = link->wiring->post, steps = q->t1 - q->t0;
    size_t entry = hb_tile_entry(m, width);
    bool apart = q->way == HB_LOOKED_UP && hb_rows_collide(q->row) && link->pre->words > q->per;
    real *to = apart ? worker->apart : I;
    size_t row = apart ? width : q->row, sample = apart ? steps * width : q->stride;
    for (size_t b = q->b0; apart && !q->fresh && b < q->b1; b++)
        hb_copy_rows(to + (b - q->b0) * sample, row, I + (b - q->b0) * q->stride, q->row, steps,
                     width);
    const uint32_t *starts = worker->starts;
    for (size_t i = 0; i < pre; i += 64 * q->per, starts++) {
        size_t rows = pre - i < 64 * q->per ? pre - i : 64 * q->per;
        const real *weight = (const real *)link->weight->values + i * post + j;
        if (q->way == HB_LOOKED_UP)
            kernels->HB_K(build_tables)(worker->tables, width, weight, post, rows, used + i / 64);
        else
            hb_copy_rows(worker->tables, entry, weight, post, rows, width);
        for (size_t b = q->b0; b < q->b1; b++, starts += steps)
            (q->way == HB_LOOKED_UP ? kernels->HB_K(look_up) : kernels->HB_K(pick))(
                to + (b - q->b0) * sample, row, width, q->fresh && !i ? zeros : NULL,
                worker->tables, starts, worker->entries, steps);
    }
    for (size_t b = q->b0; apart && b < q->b1; b++)
        hb_copy_rows(I + (b - q->b0) * q->stride, q->row, to + (b - q->b0) * sample, row, steps,
                     width);
}

/* Columns of all sums, which stand at I, and what the bias adds. */
static void sum_columns(hb_machine *m, const hb_link *link, hb_worker *worker, const block *q,
                        const uint64_t *used, hb_share columns, real *I) {
    size_t width = hb_link_pull_width(m, link), first = columns.first;
    for (size_t j = 0; j < columns.n; j += width)
        sum_tile(m, link, worker, q, used, first + j, columns.n - j < width ? columns.n - j : width,
                 I + j);
    const real *bias = link->bias ? (const real *)link->bias->values + first : NULL;
    for (size_t b = 0; bias && b < q->b1 - q->b0; b++)
        for (size_t t = 0; t < q->t1 - q->t0; t++)
            for (size_t j = 0; j < columns.n; j++) I[b * q->stride + t * q->row + j] += bias[j];
}

/* A slab after another: its currents, then its neurons. */
static void run_slabs(hb_machine *m, const hb_link *link, hb_worker *worker, const block *q,
                      const uint64_t *used) {
    hb_part *p = q->slabs;
    hb_share mine = hb_mine(m, worker, p);
    size_t last = mine.first + mine.n;
    for (size_t j = mine.first; j < last; j += p->slab) {
        hb_share slab = {j, last - j < p->slab ? last - j : p->slab};
        sum_columns(m, link, worker, q, used, slab, q->I);
        for (size_t b = q->b0; b < q->b1; b++) {
            const real *I = q->I + (b - q->b0) * q->stride;
            HB_R(hb_part_sweep)(m, p, slab, b, 1, q->t0, q->t1, I, q->row);
        }
    }
    for (size_t b = q->b0; b < q->b1; b++)
        worker->spikes[p - m->parts] += HB_R(hb_part_spikes)(m, p, mine, b, q->t0, q->t1);
}

/* A block whose lists are too long is done in halves. */
static void sum_block(hb_machine *m, const hb_link *link, hb_worker *worker, const block *q) {
    size_t samples = q->b1 - q->b0, steps = q->t1 - q->t0;
    if (q->counts[q->way == HB_LOOKED_UP] > worker->entry_room && samples * steps > 1) {
        block first = *q, second = *q;
        if (samples > 1) {
            first.b1 = second.b0 = q->b0 + samples / 2;
            second.I += samples / 2 * q->stride;
        } else {
            first.t1 = second.t0 = q->t0 + steps / 2;
            second.I += steps / 2 * q->row;
        }
        count_block(m, link, &first);
        count_block(m, link, &second);
        sum_block(m, link, worker, &first);
        sum_block(m, link, worker, &second);
        return;
    }
    hb_share mine = hb_mine(m, worker, link->post);
    const uint64_t *used = q->way == HB_LOOKED_UP ? used_in(m, link, worker, q) : NULL;
    list_block(m, link, worker, q);
    if (q->slabs)
        run_slabs(m, link, worker, q, used);
    else
        sum_columns(m, link, worker, q, used, mine, q->I + mine.first);
}

/* Steps t0 .. t1 of a sample from lists of its spikes. */
static void pull_sample(hb_machine *m, hb_link *link, hb_worker *worker, real *I, size_t b,
                        size_t t0, size_t t1, bool fresh) {
    hb_share mine = hb_mine(m, worker, link->post);
    for (size_t t = 0; fresh && t < t1 - t0; t++)
        memset(I + t * link->wiring->post + mine.first, 0, mine.n * sizeof *I);
    HB_R(hb_link_pull)(m, link, worker, I, b, t0, t1);
}

/* What serves the rows of the whole block. */
static block plan_block(hb_machine *m, const hb_link *link, hb_worker *worker, size_t b0,
                        size_t b1) {
    bool plain = !link->scale && !link->drops && !hb_link_has_sum(link) && !link->recorded;
    block q = {.b0 = b0, .b1 = b1, .t1 = m->steps, .way = HB_LISTED, .per = HB_PACKED_WORDS};
    if (plain) count_block(m, link, &q);
    if (plain) q.way = way_of(m, link, worker, &q);
    if (q.way == HB_LOOKED_UP) q.per = HB_TABLE_WORDS;
    return q;
}

void HB_R(hb_link_pull_block)(hb_machine *m, hb_link *link, hb_worker *worker, real *I,
                              size_t stride, size_t b0, size_t b1, bool fresh) {
    block q = plan_block(m, link, worker, b0, b1);
    q.I = I, q.row = link->wiring->post, q.stride = stride, q.fresh = fresh;
    if (q.way != HB_LISTED)
        sum_block(m, link, worker, &q);
    else
        for (size_t b = b0; b < b1; b++)
            pull_sample(m, link, worker, I + (b - b0) * stride, b, 0, m->steps, fresh);
}

/* Lists reach over all columns: some steps of a sample after another. */
static void run_listed(hb_machine *m, hb_link *link, hb_worker *worker, hb_part *p, real *I,
                       size_t b) {
    hb_share mine = hb_mine(m, worker, p);
    for (size_t t = 0, next; t < m->steps; t = next) {
        size_t most = hb_sweep_steps(p->n);
        next = m->steps - t < most ? m->steps : t + most;
        pull_sample(m, link, worker, I, b, t, next, true);
        HB_R(hb_part_sweep)(m, p, mine, b, 1, t, next, I + mine.first, p->n);
    }
    worker->spikes[p - m->parts] += HB_R(hb_part_spikes)(m, p, mine, b, 0, m->steps);
}

void HB_R(hb_part_run_slabs)(hb_machine *m, hb_worker *worker, hb_part *p, size_t b0, size_t b1) {
    hb_link *link = m->links;
    while (link->post != p) link++;
    if (!hb_mine(m, worker, p).n) return;
    block q = plan_block(m, link, worker, b0, b1);
    q.I = worker->I[p - m->parts], q.row = p->slab, q.stride = m->steps * p->slab;
    q.fresh = true, q.slabs = p;
    if (q.way != HB_LISTED)
        sum_block(m, link, worker, &q);
    else
        for (size_t b = b0; b < b1; b++) run_listed(m, link, worker, p, q.I, b);
}

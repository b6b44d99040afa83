/* Gradients of currents that fade by one factor from a step to the one before it, but for a few
 * jumps:
 *
 *     dI(t) = decay dI(t + 1) + u(t),   u(t) = 0 but where a window was open or a neuron fired.
 *
 * So what a source is owed needs products of the jumps alone, and so does the gradient of weights
 * that real numbers x go through:
 *
 *     dO(t) = decay dO(t + 1) + W u(t)
 *     sum of x(t) dI(t) over t  =  sum of y(t) u(t),   y(t) = decay y(t - 1) + x(t).
 *
 * Nothing is left out: u is what dI holds, whatever made it. Only roundings differ, as between
 * other orders of a sum. */
#include "learning/gradient/bptt_links.h"

#include <string.h>

/* What the push of so many jumps costs, in multiply-adds of a product of matrices; weights are
 * turned once for some samples of few steps. */
static double cost_of(const hb_machine *m, const hb_link *link, size_t count, size_t rows) {
    enum { SHARED_ROWS = 700 };
    const hb_costs *costs = &m->kernels->costs;
    size_t pre = link->wiring->pre, post = link->wiring->post;
    double turned = rows < SHARED_ROWS ? (double)rows / SHARED_ROWS : 1;
    return (double)costs->weighed * (double)(count * pre) +
           (double)costs->turned * turned * (double)(pre * post);
}

/* What fades for longer than some hundred steps adds up its roundings. */
static real fading(const hb_link *link) {
    if (!hb_link_fades(link) || !link->post->uniform) return 0;
    real decay = link->post->coef[link->post->model->fades - 1][0];
    return decay > 0 && decay < (real)0.99 ? decay : 0;
}

/* The jumps of a sample. */
typedef struct jumps {
    uint32_t *starts;
    uint16_t *entries;
    real *values;
} jumps;

static jumps jumps_of(const hb_machine *m, const hb_jumps *all, size_t b) {
    size_t k = b % m->back_block;
    return (jumps){all->starts + k * all->starts_room, all->entries + k * all->stride,
                   all->values + k * all->stride};
}

/* ---- to the source ---- */

/* Lists for each 64 targets and, of them, each step: starts[words][rows + 1]. */
bool HB_R(hb_link_defer)(hb_machine *m, hb_link *link, size_t b, const real *dsum, size_t rows,
                         double cost) {
    size_t post = link->wiring->post, count = 0;
    real decay = fading(link);
    jumps to = jumps_of(m, &link->pushed, b);
    if (!link->defers || decay == 0) return false;
    for (size_t j = 0; j < post; j += 64, count = *to.starts++) {
        if (count > link->pushed.room) return false;
        to.starts[0] = (uint32_t)count;
        m->kernels->HB_K(list_jumps)(dsum + j, post, post - j < 64 ? post - j : 64, rows, decay,
                                     true, to.starts, to.entries, to.values);
        to.starts += rows;
    }
    return link->pushed.listed[b % m->back_block] = cost_of(m, link, count, rows) < cost;
}

/* The samples of a block in as many groups as there are threads, each tile of columns of a group by
 * itself. */
size_t HB_R(hb_link_deferred_items)(const hb_machine *m, const hb_link *link) {
    return (link->wiring->pre + hb_tile_most(m) - 1) / hb_tile_most(m) * m->worker_count;
}

/* What samples b0 .. b1 give to columns i .. i + width of their rows. */
static void push_tile(const hb_machine *m, const hb_link *link, hb_worker *worker, size_t i,
                      size_t width, size_t b0, size_t b1) {
    const hb_kernels *kernels = m->kernels;
    size_t pre = link->wiring->pre, post = link->wiring->post, entry = hb_tile_entry(m, width);
    size_t rows = m->steps - link->lag, cells = rows * entry;
    const bool *listed = link->pushed.listed;
    real *sums = worker->jump_sums, decay = fading(link);
    memset(sums, 0, (b1 - b0) * cells * sizeof *sums);
    for (size_t j = 0; j < post; j += 64) {
        const real *weight = (const real *)link->weight->values + i * post + j;
        kernels->HB_K(transpose)(worker->packed, entry, weight, post, post - j < 64 ? post - j : 64,
                                 width);
        for (size_t b = b0; b < b1; b++) {
            jumps from = jumps_of(m, &link->pushed, b);
            if (listed[b % m->back_block])
                kernels->HB_K(weigh)(sums + (b - b0) * cells, entry, width, worker->packed,
                                     from.starts + j / 64 * (rows + 1), from.entries, from.values,
                                     rows);
        }
    }
    real *out = link->connection->reads_v ? link->pre->dV : link->pre->dI;
    for (size_t b = b0; b < b1; b++) {
        real carry[HB_WIDEST_TILE] = {0};
        if (listed[b % m->back_block]) /* from the last step to the first */
            kernels->HB_K(fade)(hb_part_dI(m, link->pre, out, b, rows - 1) + i, -(ptrdiff_t)pre,
                                sums + (b - b0) * cells + (rows - 1) * entry, -(ptrdiff_t)entry,
                                width, rows, decay, carry);
    }
}

void HB_R(hb_link_push_deferred)(hb_machine *m, const hb_link *link, hb_worker *worker, size_t item,
                                 size_t b0, size_t b1) {
    size_t groups = m->worker_count, group = item % groups, count = b1 - b0;
    size_t i = item / groups * hb_tile_most(m), left = link->wiring->pre - i;
    size_t first = b0 + count * group / groups, last = b0 + count * (group + 1) / groups;
    bool any = false;
    for (size_t b = first; b < last; b++) any |= link->pushed.listed[b % m->back_block];
    if (any)
        push_tile(m, link, worker, i, left < hb_tile_most(m) ? left : hb_tile_most(m), first, last);
}

/* ---- to weights that real numbers go through ---- */

/* Lists for each 64 steps and, in them, each target: starts[runs of 64 steps][post + 1]. */

/* From the lists of 64 steps to those of 64 targets, which go on from starts[0]. */
static void turn_lists(const uint32_t *by_step, const uint16_t *targets, const real *by,
                       size_t steps, size_t count, const jumps *to) {
    uint32_t at[65] = {0};
    for (size_t k = 0; k < by_step[steps]; k++) at[targets[k] + 1]++;
    at[0] = to->starts[0];
    for (size_t j = 0; j < count; j++) to->starts[j + 1] = at[j + 1] += at[j];
    for (size_t t = 0, k = 0; t < steps; t++)
        for (; k < by_step[t + 1]; k++) {
            size_t place = at[targets[k]]++;
            to->entries[place] = (uint16_t)t;
            to->values[place] = by[k];
        }
}

void HB_R(hb_link_list_jumps)(hb_machine *m, hb_link *link, size_t b) {
    size_t post = link->wiring->post;
    const real *dsum = hb_link_sum_gradient(m, link, b);
    real decay = fading(link), by[64 * 64 + HB_POSITIONS_SLACK];
    uint16_t targets[64 * 64 + HB_POSITIONS_SLACK];
    uint32_t starts[65] = {0};
    jumps to = jumps_of(m, &link->jumps, b);
    bool *listed = &link->jumps.listed[b % m->back_block];
    *listed = false;
    if (decay == 0) return;
    uint32_t all = 0;
    for (size_t t = 0; t < m->steps; t += 64, all = *to.starts++) {
        size_t steps = m->steps - t < 64 ? m->steps - t : 64;
        to.starts[0] = all;
        for (size_t j = 0, count; j < post; j += count, to.starts += count) {
            count = post - j < 64 ? post - j : 64;
            m->kernels->HB_K(list_jumps)(dsum + t * post + j, post, count, steps, decay,
                                         t + steps == m->steps, starts, targets, by);
            if (to.starts[0] + starts[steps] > link->jumps.room) return; /* too many */
            turn_lists(starts, targets, by, steps, count, &to);
        }
    }
    *listed = true;
}

bool HB_R(hb_link_has_listed)(const hb_machine *m, const hb_link *link, size_t b) {
    return link->jumps.listed && link->jumps.listed[b % m->back_block];
}

/* Sources i .. i + width, whose gradients lie turned in worker->turned meanwhile. */
static void gradient_of_jumps(hb_machine *m, hb_link *link, hb_worker *worker, size_t i,
                              size_t width, size_t b0, size_t b1) {
    const hb_kernels *kernels = m->kernels;
    size_t pre = link->wiring->pre, post = link->wiring->post, entry = hb_tile_entry(m, width);
    real *grad = (real *)link->weight->grad + i * post, *turned = worker->turned;
    real decay = fading(link), *packed = worker->packed;
    kernels->HB_K(transpose)(turned, entry, grad, post, post, width);
    for (size_t b = b0; b < b1; b++) {
        jumps from = jumps_of(m, &link->jumps, b);
        const real *x = hb_part_row(m, link->pre, hb_link_rows(link), b, 1 - link->lag) + i;
        real carry[HB_WIDEST_TILE] = {0};
        for (size_t t = 0; t < m->steps; t += 64, from.starts += post + 1) {
            size_t steps = m->steps - t < 64 ? m->steps - t : 64;
            memset(packed, 0, steps * entry * sizeof *packed);
            kernels->HB_K(fade)(packed, (ptrdiff_t)entry, x + t * pre, (ptrdiff_t)pre, width, steps,
                                decay, carry);
            kernels->HB_K(weigh)(turned, entry, width, packed, from.starts, from.entries,
                                 from.values, post);
        }
    }
    kernels->HB_K(transpose)(grad, post, turned, entry, width, post);
}

void HB_R(hb_link_jumps_gradient)(hb_machine *m, hb_link *link, hb_worker *worker, size_t first,
                                  size_t count, size_t b0, size_t b1) {
    size_t tile = hb_tile_most(m);
    for (size_t i = 0; i < count; i += tile)
        gradient_of_jumps(m, link, worker, first + i, count - i < tile ? count - i : tile, b0, b1);
}

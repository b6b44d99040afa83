/* From the gradient of a link's sums to that of its weights. */
#include "learning/gradient/bptt_links.h"

#include <string.h>

/* Steps whose row holds a spike of each of 64 sources: times[64][T+1], counts[64]. Only rows
 * that act within the run: row r acts at step r - 1 + lag. */
static void gather_times(hb_machine *m, const hb_link *link, size_t b, size_t block,
                         uint32_t *times, uint32_t *counts) {
    size_t first = 1 - link->lag, steps = m->steps, stride = m->step_room + 1;
    size_t words = link->pre->words;
    const uint64_t *word = hb_part_bits(m, link->pre, b, first) + block;
    memset(counts, 0, 64 * sizeof *counts);
    uint64_t kept = link->drops ? link->kept[b * words + block] : ~(uint64_t)0;
    for (size_t t = 0; t < steps; t++, word += words)
        for (uint64_t left = *word & kept; left; left &= left - 1) {
            unsigned i = (unsigned)__builtin_ctzll(left);
            times[i * stride + counts[i]++] = (uint32_t)t;
        }
}

/* Adds value times the current's gradient to the synapses of source i, for a spike of sample b that
 * an undelayed synapse would pass on at step t. */
static void add_synapses(const hb_machine *m, const hb_link *link, size_t b, size_t i, size_t t,
                         real value) {
    const hb_wiring *w = link->wiring;
    const real *dsum = hb_link_sum_gradient(m, link, b), *after = link->dsum_after;
    if (after) after += b * w->delay_max * w->post;
    real *grad = link->weight->grad;
    for (size_t k = w->start[i]; k < w->start[i + 1]; k++) {
        size_t at = t + (w->delay ? w->delay[k] - link->shift : 0);
        if (at < m->steps)
            grad[k] += value * dsum[at * w->post + w->index[k]];
        else if (after)
            grad[k] += value * after[(at - m->steps) * w->post + w->index[k]];
    }
}

static void touch(hb_link *link, size_t i) {
    if (link->touched) link->touched[i / 64] |= (uint64_t)1 << i % 64;
}

static void gradient_of_bits(hb_machine *m, hb_link *link, hb_worker *worker, size_t block,
                             size_t b0, size_t b1) {
    const hb_wiring *w = link->wiring;
    size_t first = 64 * block, count = w->pre - first < 64 ? w->pre - first : 64;
    uint32_t counts[64], *times = worker->index;
    for (size_t b = b0; b < b1; b++) {
        gather_times(m, link, b, block, times, counts);
        for (size_t i = 0; i < count; i++) {
            const uint32_t *steps = times + i * (m->step_room + 1);
            if (!counts[i]) continue;
            touch(link, first + i);
            for (uint32_t s = 0; s < counts[i]; s++)
                add_synapses(m, link, b, first + i, steps[s], 1);
        }
    }
}

/* When the sources acted in sample b: [64 words][HB_WORDS(T)]. */
static uint64_t *turned_of(const hb_machine *m, const hb_link *link, size_t b) {
    return link->turned + b % m->back_block * 64 * link->pre->words * HB_WORDS(m->step_room);
}

void HB_R(hb_link_turn)(hb_machine *m, hb_link *link, size_t b) {
    size_t words = link->pre->words, steps = m->steps, per = hb_link_part_words(link);
    size_t stride = HB_WORDS(m->step_room);
    uint64_t *to = turned_of(m, link, b);
    uint32_t *counts = link->turned_counts + b % m->back_block * 2 * hb_link_parts(link);
    for (size_t first = 0; first < words; first += per, counts += 2) {
        size_t sums[2] = {0}, last = first + per < words ? first + per : words;
        for (size_t t = 0; t < steps; t += 64)
            for (size_t i = first; i < last; i++)
                m->kernels->turn(to + i * 64 * stride + t / 64, stride,
                                 hb_part_bits(m, link->pre, b, t + 1 - link->lag) + i, words,
                                 steps - t < 64 ? steps - t : 64,
                                 link->drops ? link->kept[b * words + i] : ~(uint64_t)0, sums);
        counts[0] = (uint32_t)sums[0];
        counts[1] = (uint32_t)sums[1];
    }
}

static void touch_turned(hb_link *link, const uint64_t *turned, size_t stride, size_t first,
                         size_t count, size_t words) {
    for (size_t i = 0; i < count; i++, turned += stride)
        for (size_t k = 0; k < words; k++)
            if (turned[k]) touch(link, first + i);
}

/* A part of the sources, columns [j, j + width) of their weights. */
typedef struct tile {
    size_t part, first, count, j, width;
    real *grad;
    size_t stride; /* of its rows */
} tile;

/* Runs of up to 64 steps share a set of tables (longer ones would push it out of the cache): sample
 * k of them has the steps from k room on. */
static void merge_times(const hb_machine *m, const hb_link *link, const tile *q, size_t b,
                        size_t samples, size_t room, uint64_t *merged) {
    size_t stride = HB_WORDS(m->step_room);
    memset(merged, 0, q->count * HB_TABLE_WORDS * sizeof *merged);
    for (size_t k = 0; k < samples; k++) {
        const uint64_t *from = turned_of(m, link, b + k) + q->first * stride;
        size_t at = k * room % 64;
        uint64_t *to = merged + k * room / 64;
        for (size_t i = 0; i < q->count; i++) to[i * HB_TABLE_WORDS] |= from[i * stride] << at;
        for (size_t i = 0; at + room > 64 && i < q->count; i++)
            to[i * HB_TABLE_WORDS + 1] |= from[i * stride] >> (64 - at);
    }
}

static void tile_from_tables(hb_machine *m, hb_link *link, hb_worker *worker, const tile *q,
                             size_t b, size_t samples, size_t room) {
    const hb_kernels *kernels = m->kernels;
    size_t post = link->wiring->post, steps = m->steps;
    size_t lanes = kernels->tile_bytes / HB_TILE_VECTORS / sizeof(real);
    size_t entry = (q->width + lanes - 1) / lanes * lanes, stride = HB_WORDS(m->step_room);
    if (samples > 1) {
        merge_times(m, link, q, b, samples, room, worker->merged);
        for (size_t k = 0; k < samples; k++)
            kernels->HB_K(build_tables)(worker->tables + k * room / 4 * 16 * entry, q->width,
                                        hb_link_sum_gradient(m, link, b + k) + q->j, post, steps,
                                        NULL);
        kernels->HB_K(look_up)(q->grad, q->stride, q->width, worker->tables, worker->merged,
                               HB_TABLE_WORDS, HB_WORDS(samples * room), q->count);
        return;
    }
    const uint64_t *turned = turned_of(m, link, b) + q->first * stride;
    for (size_t t = 0; t < steps; t += HB_TABLE_ROWS, turned += HB_TABLE_WORDS) {
        size_t rows = steps - t < HB_TABLE_ROWS ? steps - t : HB_TABLE_ROWS;
        kernels->HB_K(build_tables)(worker->tables, q->width,
                                    hb_link_sum_gradient(m, link, b) + t * post + q->j, post, rows,
                                    NULL);
        kernels->HB_K(look_up)(q->grad, q->stride, q->width, worker->tables, turned, stride,
                               HB_WORDS(rows), q->count);
    }
}

static void tile_from_lists(hb_machine *m, hb_link *link, hb_worker *worker, const tile *q,
                            size_t b) {
    size_t post = link->wiring->post, stride = HB_WORDS(m->step_room);
    const uint64_t *turned = turned_of(m, link, b) + q->first * stride;
    for (size_t i = 0; i < q->count; i++) {
        size_t times =
            m->kernels->positions(turned + i * stride, HB_WORDS(m->steps), worker->index);
        m->kernels->HB_K(add_rows)(q->grad + i * q->stride, q->width,
                                   hb_link_sum_gradient(m, link, b) + q->j, post, worker->index,
                                   times);
    }
}

/* Rows of dsum are summed by the bits that say when a source acted, as rows of weights are by
 * those that say which. */
static void gradient_of_tile(hb_machine *m, hb_link *link, hb_worker *worker, size_t item,
                             size_t b0, size_t b1) {
    size_t post = link->wiring->post, steps = m->steps, tiles = hb_link_tiles(m, link);
    size_t words = hb_link_part_words(link), stride = HB_WORDS(m->step_room);
    size_t room = (steps + 3) / 4 * 4, together = steps <= 64 ? HB_TABLE_ROWS / room : 1;
    tile q = {.part = item / tiles, .width = hb_link_tile_width(m, link)};
    q.j = item % tiles * q.width;
    q.first = 64 * words * q.part;
    if (q.j >= post || q.first >= link->pre->n) return;
    q.count = 64 * words < link->pre->n - q.first ? 64 * words : link->pre->n - q.first;
    if (q.width > post - q.j) q.width = post - q.j;
    real *grad = (real *)link->weight->grad + q.first * post + q.j;
    bool apart = hb_rows_collide(post);
    q.grad = apart ? worker->apart : grad;
    q.stride = apart ? q.width : post;
    if (apart) hb_copy_rows(q.grad, q.stride, grad, post, q.count, q.width);
    for (size_t b = b0, samples; b < b1; b += samples) {
        size_t bits = 0, fours = 0;
        samples = b1 - b < together ? b1 - b : together;
        for (size_t k = b; k < b + samples; k++) {
            const uint32_t *counts =
                link->turned_counts + 2 * (k % m->back_block * hb_link_parts(link) + q.part);
            bits += counts[0], fours += counts[1];
            if (q.j == 0 && link->touched && counts[0])
                touch_turned(link, turned_of(m, link, k) + q.first * stride, stride, q.first,
                             q.count, HB_WORDS(steps));
        }
        if (!bits) continue;
        if (hb_tables_win(m->kernels, bits, fours, 4 * samples * room, q.count))
            tile_from_tables(m, link, worker, &q, b, samples, room);
        else
            for (size_t k = b; k < b + samples; k++) tile_from_lists(m, link, worker, &q, k);
    }
    if (apart) hb_copy_rows(grad, post, q.grad, q.stride, q.count, q.width);
}

static void gradient_of_rows(hb_machine *m, hb_link *link, hb_worker *worker, size_t block,
                             size_t b0, size_t b1) {
    const hb_wiring *w = link->wiring;
    size_t first = 64 * block, count = w->pre - first < 64 ? w->pre - first : 64;
    size_t steps = m->steps;
    for (size_t b = b0; b < b1; b++) {
        const real *dsum = hb_link_sum_gradient(m, link, b);
        const real *rows = hb_part_row(m, link->pre, hb_link_rows(link), b, 1 - link->lag) + first;
        if (!w->start)
            m->kernels->HB_K(multiply)((real *)link->weight->grad + first * w->post, w->post, count,
                                       w->post, steps, (HB_K(hb_matrix)){rows, 1, w->pre},
                                       (HB_K(hb_matrix)){dsum, w->post, 1}, worker->packed);
        for (size_t t = 0; t < steps && (w->start || link->touched); t++)
            for (size_t i = 0; i < count; i++) {
                if (rows[t * w->pre + i] == 0) continue;
                touch(link, first + i);
                if (w->start) add_synapses(m, link, b, first + i, t, rows[t * w->pre + i]);
            }
    }
}

/* Two rows of `from` drive a constant source's weights: the constant, and row 0. */
void HB_R(hb_link_constant_gradient)(hb_machine *m, hb_link *link, hb_worker *worker,
                                     size_t block) {
    const hb_wiring *w = link->wiring;
    size_t first = 64 * block, count = w->pre - first < 64 ? w->pre - first : 64;
    size_t batch = m->base.batch;
    real *grad = (real *)link->weight->grad + first * w->post;
    const real *constant = link->pre->constant, *row0 = link->pre->before_run;
    if (link->drops) constant = link->masked, row0 = link->masked + m->batch_room * w->pre;
    m->kernels->HB_K(multiply)(grad, w->post, count, w->post, batch,
                               (HB_K(hb_matrix)){constant + first, 1, w->pre},
                               (HB_K(hb_matrix)){link->total, w->post, 1}, worker->packed);
    for (size_t b = 0; b < batch; b++)
        for (size_t i = 0; i < count; i++) {
            real before = link->lag ? row0[b * w->pre + first + i] : 0;
            const real *dfirst = link->total + (m->batch_room + b) * w->post;
            if (before != 0)
                for (size_t j = 0; j < w->post; j++) grad[i * w->post + j] += before * dfirst[j];
            if (before != 0 || constant[b * w->pre + first + i] != 0) touch(link, first + i);
        }
}

size_t HB_R(hb_link_gradient_items)(const hb_machine *m, const hb_link *link) {
    size_t words = HB_WORDS(link->wiring->pre);
    if (hb_link_is_narrow(link)) return HB_R(hb_link_narrow_items)(m, link);
    if (!hb_link_has_tables(link)) return words;
    return hb_link_parts(link) * hb_link_tiles(m, link);
}

void HB_R(hb_link_gradient)(hb_machine *m, hb_link *link, hb_worker *worker, size_t block,
                            size_t b0, size_t b1) {
    if (hb_link_has_tables(link))
        gradient_of_tile(m, link, worker, block, b0, b1);
    else if (hb_link_is_narrow(link))
        HB_R(hb_link_narrow_gradient)(m, link, worker, block, b0, b1);
    else if (hb_link_reads_rows(link))
        gradient_of_rows(m, link, worker, block, b0, b1);
    else if (link->pre->form != HB_FORM_CONSTANT)
        gradient_of_bits(m, link, worker, block, b0, b1);
}

void HB_R(hb_link_bias_gradient)(hb_machine *m, hb_link *link, size_t b0, size_t b1) {
    size_t post = link->wiring->post;
    real *grad = link->bias->grad, gain = hb_link_gain(link);
    for (size_t b = b0; b < b1; b++) {
        const real *dsum = hb_link_sum_gradient(m, link, b);
        for (size_t t = 0; t < m->steps; t++)
            for (size_t j = 0; j < post; j++) grad[j] += dsum[t * post + j] / gain;
    }
}

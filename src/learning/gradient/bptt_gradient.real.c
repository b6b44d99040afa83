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

/* ---- sums of rows by the times at which sources acted ---- */

/* Rows of dsum in a set: steps t0 .. t0 + steps of some samples, each sample's from a multiple of 4
 * on, so that fours of rows are those of the sample alone. */
typedef struct set {
    size_t b, samples, t0, steps, room;
    size_t first; /* of its rows, among those of all sets */
} set;

size_t HB_R(hb_link_sets)(size_t batch, size_t steps) {
    size_t room = hb_rows_room(steps);
    if (room > HB_PACKED_ROWS) return batch * ((steps + HB_PACKED_ROWS - 1) / HB_PACKED_ROWS);
    return (batch + HB_PACKED_ROWS / room - 1) / (HB_PACKED_ROWS / room);
}

static set set_of(size_t steps, size_t index, size_t b0, size_t b1) {
    size_t room = hb_rows_room(steps), most = HB_PACKED_ROWS / room;
    if (most) {
        size_t b = b0 + index * most;
        return (set){b, b1 - b < most ? b1 - b : most, 0, steps, room, (b - b0) * room};
    }
    size_t runs = (steps + HB_PACKED_ROWS - 1) / HB_PACKED_ROWS;
    size_t t0 = index % runs * HB_PACKED_ROWS, left = steps - t0;
    if (left > HB_PACKED_ROWS) left = HB_PACKED_ROWS;
    return (set){b0 + index / runs, 1, t0, left, hb_rows_room(left), index / runs * room + t0};
}

/* A part of the sources. */
typedef struct part {
    size_t first, count; /* sources */
} part;

static part part_of(const hb_link *link, size_t index) {
    size_t per = 64 * hb_link_part_words(link), first = index * per, n = link->pre->n;
    if (first >= n) return (part){n, 0};
    return (part){first, n - first < per ? n - first : per};
}

typedef struct list {
    hb_way way;
    uint32_t *starts;
    uint16_t *entries;
} list;

static list list_of(const hb_link *link, const set *s, size_t index) {
    const hb_times *all = &link->times;
    size_t sources = hb_link_part_sources(link), which = index % hb_link_parts(link);
    return (list){(hb_way)all->ways[index], all->starts + index * hb_link_starts_room(link),
                  all->entries + (which * all->rows + s->first) / 4 * sources +
                      index * HB_POSITIONS_SLACK};
}

/* merged[sources][HB_PACKED_WORDS]: bit r of a source is 1 where it acts in row r of the set.
 * Returns those of 64 sources that do. */
static uint64_t merge_word(hb_machine *m, const hb_link *link, const set *s, size_t word,
                           uint64_t *merged) {
    size_t words = link->pre->words;
    uint64_t any = 0, turned[64];
    memset(merged, 0, 64 * HB_PACKED_WORDS * sizeof *merged);
    for (size_t k = 0; k < s->samples; k++) {
        size_t b = s->b + k;
        const uint64_t *bits = hb_part_bits(m, link->pre, b, s->t0 + 1 - link->lag) + word;
        uint64_t kept = link->drops ? link->kept[b * words + word] : ~(uint64_t)0;
        for (size_t t = 0; t < s->steps; t += 64) {
            size_t here = s->steps - t < 64 ? s->steps - t : 64, at = k * s->room + t;
            uint64_t some = m->kernels->turn(turned, 1, bits + t * words, words, here, kept, NULL);
            uint64_t *to = merged + at / 64;
            any |= some;
            for (size_t i = 0; some && i < 64; i++) to[i * HB_PACKED_WORDS] |= turned[i] << at % 64;
            if (!some || at % 64 + here <= 64) continue;
            for (size_t i = 0; i < 64; i++)
                to[i * HB_PACKED_WORDS + 1] |= turned[i] >> (64 - at % 64);
        }
    }
    return any;
}

size_t HB_R(hb_link_list_items)(const hb_machine *m, const hb_link *link, size_t b0, size_t b1) {
    if (link->jumps.listed) return b1 - b0;
    if (!link->times.ways) return 0;
    return HB_R(hb_link_sets)(b1 - b0, m->steps) * hb_link_parts(link);
}

void HB_R(hb_link_list)(hb_machine *m, hb_link *link, hb_worker *worker, size_t item, size_t b0,
                        size_t b1) {
    if (link->jumps.listed) {
        HB_R(hb_link_list_jumps)(m, link, b0 + item);
        return;
    }
    const hb_kernels *kernels = m->kernels;
    set s = set_of(m->steps, item / hb_link_parts(link), b0, b1);
    part p = part_of(link, item % hb_link_parts(link));
    list times = list_of(link, &s, item);
    uint64_t *merged = worker->merged;
    size_t counts[2] = {0}, rows = s.samples * s.room, words = HB_WORDS(rows);
    for (size_t i = 0; i < p.count; i += 64) {
        uint64_t any = merge_word(m, link, &s, (p.first + i) / 64, merged + i * HB_PACKED_WORDS);
        if (any && link->touched)
            __atomic_fetch_or(&link->touched[(p.first + i) / 64], any, __ATOMIC_RELAXED);
        if (any) kernels->count(merged + i * HB_PACKED_WORDS, 64 * HB_PACKED_WORDS, counts);
    }
    hb_sums sums = {.bits = counts[0],
                    .fours = counts[1],
                    .targets = p.count,
                    .words = words,
                    .rows = rows,
                    .used = rows};
    times.way = counts[0] ? hb_way_of(kernels, &sums) : HB_LISTED;
    if (counts[0] > p.count * rows / 4) times.way = HB_LOOKED_UP; /* too many ones */
    link->times.ways[item] = (unsigned char)times.way;
    size_t per = times.way == HB_LOOKED_UP ? HB_TABLE_WORDS : HB_PACKED_WORDS;
    uint32_t *starts = times.starts;
    starts[0] = 0;
    for (size_t w = 0; counts[0] && w < words; w += per, starts[1] = starts[0], starts++) {
        size_t here = words - w < per ? words - w : per;
        (times.way == HB_LOOKED_UP ? kernels->list_fours : kernels->list_ones)(
            merged + w, HB_PACKED_WORDS, here, p.count, starts, times.entries);
        starts += p.count;
    }
}

/* Columns j .. j + width of the gradient of a part's weights. */
typedef struct tile {
    part of;
    size_t j, width;
    real *grad;
    size_t stride; /* of its rows */
} tile;

/* Rows r0 .. r1 of the set, as tables or packed. */
static void take_rows(hb_machine *m, const hb_link *link, hb_worker *worker, const tile *q,
                      const set *s, hb_way way, size_t r0, size_t r1) {
    size_t post = link->wiring->post, entry = hb_tile_entry(m, q->width);
    for (size_t r = r0, next; r < r1; r = next) {
        size_t k = r / s->room, t = r % s->room;
        next = (k + 1) * s->room < r1 ? (k + 1) * s->room : r1;
        size_t rows = (next - k * s->room < s->steps ? next - k * s->room : s->steps) - t;
        const real *from = hb_link_sum_gradient(m, link, s->b + k) + (s->t0 + t) * post + q->j;
        if (way == HB_LOOKED_UP)
            m->kernels->HB_K(build_tables)(worker->tables + (r - r0) / 4 * 16 * entry, q->width,
                                           from, post, rows, NULL);
        else
            hb_copy_rows(worker->tables + (r - r0) * entry, entry, from, post, rows, q->width);
    }
}

static void add_set(hb_machine *m, hb_link *link, hb_worker *worker, const tile *q, const set *s,
                    const list *times) {
    size_t rows = s->samples * s->room;
    size_t per = times->way == HB_LOOKED_UP ? HB_TABLE_ROWS : HB_PACKED_ROWS;
    const uint32_t *starts = times->starts;
    for (size_t r = 0; r < rows; r += per, starts += q->of.count + 1) {
        if (starts[0] == starts[q->of.count]) continue;
        take_rows(m, link, worker, q, s, times->way, r, r + per < rows ? r + per : rows);
        (times->way == HB_LOOKED_UP ? m->kernels->HB_K(look_up) : m->kernels->HB_K(pick))(
            q->grad, q->stride, q->width, NULL, worker->tables, starts, times->entries,
            q->of.count);
    }
}

/* Rows of dsum are summed by the lists that say when a source acted, as rows of weights are by
 * those that say which. */
static void gradient_of_tile(hb_machine *m, hb_link *link, hb_worker *worker, size_t item,
                             size_t b0, size_t b1) {
    size_t post = link->wiring->post, tiles = hb_link_tiles(m, link), parts = hb_link_parts(link);
    size_t sets = HB_R(hb_link_sets)(b1 - b0, m->steps);
    tile q = {.of = part_of(link, item / tiles), .width = hb_link_tile_width(m, link)};
    q.j = item % tiles * q.width;
    if (q.j >= post || !q.of.count) return;
    if (q.width > post - q.j) q.width = post - q.j;
    real *grad = (real *)link->weight->grad + q.of.first * post + q.j;
    bool apart = false;
    for (size_t i = 0; i < sets && hb_rows_collide(post); i++)
        apart |= link->times.ways[i * parts + item / tiles] == HB_LOOKED_UP;
    q.grad = apart ? worker->apart : grad;
    q.stride = apart ? q.width : post;
    if (apart) hb_copy_rows(q.grad, q.stride, grad, post, q.of.count, q.width);
    for (size_t i = 0; i < sets; i++) {
        set s = set_of(m->steps, i, b0, b1);
        list times = list_of(link, &s, i * parts + item / tiles);
        if (times.way != HB_LISTED) add_set(m, link, worker, &q, &s, &times);
    }
    if (apart) hb_copy_rows(grad, post, q.grad, q.stride, q.of.count, q.width);
}

/* Sources at a time, for each of which the product packs dsum anew. */
enum { ROWS_BLOCK = 256 };

/* What a sample's row of sources gives to single synapses; those that act are noted. */
static void rows_one_by_one(const hb_machine *m, hb_link *link, size_t b, size_t first,
                            size_t count) {
    const hb_wiring *w = link->wiring;
    const real *rows = hb_part_row(m, link->pre, hb_link_rows(link), b, 1 - link->lag) + first;
    if (!w->start && !link->touched) return;
    for (size_t t = 0; t < m->steps; t++)
        for (size_t i = 0; i < count; i++) {
            if (rows[t * w->pre + i] == 0) continue;
            touch(link, first + i);
            if (w->start) add_synapses(m, link, b, first + i, t, rows[t * w->pre + i]);
        }
}

static void gradient_of_rows(hb_machine *m, hb_link *link, hb_worker *worker, size_t block,
                             size_t b0, size_t b1) {
    const hb_wiring *w = link->wiring;
    size_t first = ROWS_BLOCK * block;
    size_t count = w->pre - first < ROWS_BLOCK ? w->pre - first : ROWS_BLOCK;
    for (size_t b = b0; b < b1; b++) rows_one_by_one(m, link, b, first, count);
    for (size_t b = b0, next; b < b1 && !w->start; b = next) {
        next = b + 1;
        if (HB_R(hb_link_has_listed)(m, link, b)) {
            while (next < b1 && HB_R(hb_link_has_listed)(m, link, next)) next++;
            HB_R(hb_link_jumps_gradient)(m, link, worker, first, count, b, next);
            continue;
        }
        const real *rows = hb_part_row(m, link->pre, hb_link_rows(link), b, 1 - link->lag) + first;
        m->kernels->HB_K(multiply)((real *)link->weight->grad + first * w->post, w->post, count,
                                   w->post, m->steps, (HB_K(hb_matrix)){rows, 1, w->pre},
                                   (HB_K(hb_matrix)){hb_link_sum_gradient(m, link, b), w->post, 1},
                                   worker->packed);
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
    if (hb_link_reads_rows(link)) return (link->wiring->pre + ROWS_BLOCK - 1) / ROWS_BLOCK;
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

/* From the gradient of a link's sums to that of what its source gave. */
#include "learning/gradient/bptt_links.h"

#include <string.h>

/* dR(t) = decay dR(t+1) + dI(t); the sum drives R and, of second order, D. What is written is
 * the gradient of the products, which dropout has scaled by its gain. */
static void filter_step(const hb_machine *m, hb_link *link, size_t b, const real *dI, real *dsum) {
    size_t post = link->wiring->post;
    real gain = hb_link_gain(link);
    if (!link->connection->synapse) {
        for (size_t j = 0; j < post; j++) dsum[j] = gain * dI[j];
        return;
    }
    real *dR = hb_link_dfilter(m, link, b), *dD = dR + post;
    for (size_t j = 0; j < post; j++) {
        dR[j] = link->decay[0] * dR[j] + dI[j];
        dsum[j] = gain * dR[j];
    }
    if (link->connection->synapse == 1) return;
    for (size_t j = 0; j < post; j++) {
        dD[j] = link->decay[1] * dD[j] - dI[j];
        dsum[j] += gain * dD[j];
    }
}

/* The row that acts `late` steps later at step t: it may lie before the chunk. */
static real *row_before(const hb_link *link, real *out, size_t t, size_t late) {
    return out + ((ptrdiff_t)t - (ptrdiff_t)late) * (ptrdiff_t)link->wiring->pre;
}

/* Step t over single synapses; spikes before step `from` of the run get nothing. */
static void push_synapses(const hb_machine *m, const hb_link *link, const real *dsum, real *out,
                          size_t from, size_t t) {
    const hb_wiring *w = link->wiring;
    const real *weight = link->weight->values;
    for (size_t i = 0; i < w->pre; i++) {
        if (!w->delay) {
            real sum = 0;
            for (size_t k = w->start[i]; k < w->start[i + 1]; k++)
                sum += weight[k] * dsum[w->index[k]];
            if (link->lag + from <= m->at + t) row_before(link, out, t, link->lag)[i] += sum;
            continue;
        }
        for (size_t k = w->start[i]; k < w->start[i + 1]; k++) {
            size_t late = link->lag + w->delay[k] - link->shift;
            if (late + from <= m->at + t)
                row_before(link, out, t, late)[i] += weight[k] * dsum[w->index[k]];
        }
    }
}

/* Fewer rows than this are not worth squeezing. */
enum { SQUEEZE_ROWS = 8 };
/* Of a product, more than so much is not worth squeezing; of what is left, more than so much is not
 * worth the choice of single elements, which are dearer: 1.0 to 1.5 times. */
#define HB_SQUEEZE 0.75
#define HB_SAMPLE  0.75

static bool takes_all(const hb_link *link) {
    return link->connection->reads_v || !link->pre->window;
}
static const uint64_t *window_at(const hb_machine *m, const hb_link *link, size_t b, size_t t) {
    return link->pre->window + (b * m->step_room + t) * link->pre->words;
}

/* Rows of d loss / d output that nothing reads: where no window of the source was open in the run.
 * Returns how many sources are left in `open`; adds up for how many steps each is. */
static size_t open_sources(const hb_machine *m, const hb_link *link, size_t b, size_t t0, size_t t1,
                           uint64_t *open, size_t *steps) {
    const hb_part *pre = link->pre;
    bool all = takes_all(link);
    size_t count = 0;
    *steps = 0;
    for (size_t i = 0; i < pre->words; i++) {
        uint64_t word = all ? ~(uint64_t)0 : 0;
        size_t end = pre->n - 64 * i;
        for (size_t t = t0; t < t1 && !all; t++) {
            uint64_t bits = window_at(m, link, b, t)[i];
            word |= bits;
            *steps += (size_t)__builtin_popcountll(bits);
        }
        if (end < 64) word &= ((uint64_t)1 << end) - 1;
        open[i] = word;
        count += (size_t)__builtin_popcountll(word);
    }
    if (all) *steps = count * (t1 - t0);
    return count;
}

/* A product without the columns of dsum that are all 0 and without the sources that are not
 * open. */
typedef struct squeezed {
    const uint64_t *open, *full; /* sources and columns that are left ... */
    size_t left, count;          /* ... and how many there are */
    size_t stride;               /* count, rounded up to whole vectors by zeros */
} squeezed;

static void squeeze_row(const hb_machine *m, const squeezed *q, size_t post, const real *from,
                        real *to) {
    m->kernels->HB_K(squeeze)(to, from, q->full, post);
    for (size_t j = q->count; j < q->stride; j++) to[j] = 0;
}
/* The weights of source 64 word + i; those of the next that is open are fetched meanwhile. */
static void squeeze_weight(const hb_machine *m, const hb_link *link, const squeezed *q, size_t word,
                           uint64_t left, real *to) {
    size_t post = link->wiring->post;
    const real *weight = (const real *)link->weight->values + 64 * word * post;
    const real *next =
        weight + (size_t)__builtin_ctzll(left & (left - 1) ? left & (left - 1) : left) * post;
    for (size_t j = 0; j < post; j += 64 / sizeof(real)) __builtin_prefetch(next + j);
    squeeze_row(m, q, post, weight + (size_t)__builtin_ctzll(left) * post, to);
}

/* All that is left: strips of sources, spread into the rows. */
static void push_left(hb_machine *m, const hb_link *link, hb_worker *worker, const squeezed *q,
                      real *out, size_t rows) {
    const hb_kernels *kernels = m->kernels;
    size_t pre = link->wiring->pre, words = link->pre->words;
    for (size_t word = 0; word < words; word += HB_STRIP / 64) {
        size_t last = words - word < HB_STRIP / 64 ? words : word + HB_STRIP / 64, strip = 0;
        size_t columns = 64 * last < pre ? 64 * (last - word) : pre - 64 * word;
        for (size_t i = word; i < last; i++)
            for (uint64_t bits = q->open[i]; bits; bits &= bits - 1)
                squeeze_weight(m, link, q, i, bits, worker->squeezed_weight + strip++ * q->stride);
        if (!strip) continue;
        memset(worker->squeezed_out, 0, rows * strip * sizeof(real));
        kernels->HB_K(multiply)(worker->squeezed_out, strip, rows, strip, q->count,
                                (HB_K(hb_matrix)){worker->squeezed_sum, q->stride, 1},
                                (HB_K(hb_matrix)){worker->squeezed_weight, 1, q->stride},
                                worker->packed);
        for (size_t t = 0; t < rows; t++)
            kernels->HB_K(spread)(out + t * pre + 64 * word, worker->squeezed_out + t * strip,
                                  q->open + word, columns);
    }
}

/* Only the steps at which a source is open: 64 sources and 64 steps at a time. */
static void push_sampled(hb_machine *m, const hb_link *link, hb_worker *worker, const squeezed *q,
                         real *out, size_t b, size_t first, size_t rows) {
    const hb_kernels *kernels = m->kernels;
    size_t pre = link->wiring->pre;
    real *weight = worker->squeezed_weight;
    for (size_t word = 0; word < link->pre->words; word++) {
        for (uint64_t bits = q->open[word]; bits; bits &= bits - 1)
            squeeze_weight(m, link, q, word, bits,
                           weight + (size_t)__builtin_ctzll(bits) * q->stride);
        for (size_t t = 0; t < rows && q->open[word]; t += 64) {
            uint64_t steps[64];
            size_t sums[2] = {0};
            kernels->turn(steps, 1, window_at(m, link, b, first + t) + word, link->pre->words,
                          rows - t < 64 ? rows - t : 64, ~(uint64_t)0, sums);
            kernels->HB_K(sample)(out + t * pre + 64 * word, pre, 64, weight, q->stride,
                                  worker->squeezed_sum + t * q->stride, q->stride, q->stride,
                                  steps);
        }
    }
}

/* Steps t0 .. t1 of dsum to the rows of their sources; false: there is too little to leave out for
 * the trouble. */
static bool push_squeezed(hb_machine *m, hb_link *link, hb_worker *worker, const real *dsum,
                          real *out, size_t b, size_t t0, size_t t1) {
    size_t pre = link->wiring->pre, post = link->wiring->post, rows = t1 - t0, steps;
    size_t first = t0 - link->lag, lanes = 64 / sizeof(real);
    uint64_t *open = worker->columns, *full = open + link->pre->words;
    squeezed q = {.open = open, .full = full};
    q.left = open_sources(m, link, b, first, first + rows, open, &steps);
    m->kernels->HB_K(nonzero)(dsum + t0 * post, rows, post, full);
    for (size_t i = 0; i < HB_WORDS(post); i++) q.count += (size_t)__builtin_popcountll(full[i]);
    bool some = (double)steps < HB_SAMPLE * (double)(q.left * rows);
    const hb_costs *costs = &m->kernels->costs;
    double cost = some ? (double)costs->sampled * (double)(steps * q.count)
                       : (double)(q.left * q.count) * (double)rows;
    cost += (double)costs->squeezed * (double)(q.left * post);
    if (HB_R(hb_link_defer)(m, link, b, dsum + t0 * post, rows, cost)) return true;
    if (!some && (double)(q.left * q.count) > HB_SQUEEZE * (double)(pre * post)) return false;
    if (!q.count || !q.left) return true;
    q.stride = (q.count + lanes - 1) / lanes * lanes;
    for (size_t t = 0; t < rows; t++)
        squeeze_row(m, &q, post, dsum + (t0 + t) * post, worker->squeezed_sum + t * q.stride);
    if (some)
        push_sampled(m, link, worker, &q, out + first * pre, b, first, rows);
    else
        push_left(m, link, worker, &q, out + first * pre, rows);
    return true;
}

/* One step, as loops take them: only to sources whose window was open, for what reaches the others
 * goes no further. */
static bool push_to_open(hb_machine *m, const hb_link *link, hb_worker *worker, const real *delta,
                         real *out, size_t b, size_t t) {
    size_t post = link->wiring->post;
    if (takes_all(link)) return false;
    size_t count = m->kernels->positions(window_at(m, link, b, t), link->pre->words, worker->index);
    m->kernels->HB_K(dots)(out, 1, delta, link->weight->values, post, post, worker->index, count);
    return true;
}

static void push_all(hb_machine *m, const hb_link *link, hb_worker *worker, const real *dsum,
                     real *out, size_t rows) {
    size_t pre = link->wiring->pre, post = link->wiring->post;
    HB_K(hb_matrix) weight = {link->weight->values, 1, post};
    if (link->turned) weight = (HB_K(hb_matrix)){link->turned, pre, 1};
    m->kernels->HB_K(multiply)(out, pre, rows, pre, post, (HB_K(hb_matrix)){dsum, post, 1}, weight,
                               worker->packed);
}

static void push_product(hb_machine *m, hb_link *link, hb_worker *worker, const real *dsum,
                         real *out, size_t b, size_t t0, size_t t1) {
    size_t pre = link->wiring->pre, post = link->wiring->post;
    if (t0 < link->lag) { /* to the chunk before, whose windows are gone */
        if (m->at) push_all(m, link, worker, dsum, row_before(link, out, 0, link->lag), 1);
        t0 = link->lag;
    }
    if (t0 >= t1) return;
    if (t1 - t0 >= SQUEEZE_ROWS && post > HB_NARROW &&
        push_squeezed(m, link, worker, dsum, out, b, t0, t1))
        return;
    real *first = out + (t0 - link->lag) * pre;
    if (t1 - t0 == 1 && push_to_open(m, link, worker, dsum + t0 * post, first, b, t0 - link->lag))
        return;
    push_all(m, link, worker, dsum + t0 * post, first, t1 - t0);
}

static void push_lateral(const hb_machine *m, const hb_link *link, const real *dsum, real *out,
                         size_t from, size_t t0, size_t t1) {
    size_t n = link->wiring->pre;
    real weight = *(const real *)link->weight->values;
    for (size_t t = t0; t < t1; t++) {
        if (m->at + t < link->lag + from) continue;
        real *to = row_before(link, out, t, link->lag);
        real sum = 0;
        for (size_t j = 0; j < n; j++) sum += dsum[t * n + j];
        for (size_t i = 0; i < n; i++) to[i] += weight * (sum - dsum[t * n + i]);
    }
}

void HB_R(hb_link_push)(hb_machine *m, hb_link *link, hb_worker *worker, size_t b, size_t t0,
                        size_t t1, size_t truncate) {
    size_t post = link->wiring->post;
    const real *dI = hb_part_dI(m, link->post, link->post->dI, b, 0);
    real *dsum = hb_link_sum_gradient(m, link, b);
    real *out = link->connection->reads_v ? link->pre->dV : link->pre->dI;
    if (out) out = hb_part_dI(m, link->pre, out, b, 0);
    bool synapses = link->wiring->start != NULL;
    real *whole = out;
    size_t reach = link->lag + link->wiring->delay_max, n = link->pre->n, now = m->at + t0;
    if (reach > now) reach = now;
    if (out && link->drops) { /* to room of its own, then what dropout left of it */
        out = worker->undropped[link - m->links];
        memset(row_before(link, out, t0, reach), 0, (reach + t1 - t0) * n * sizeof(real));
    }
    bool cuts = truncate && link->connection->inside; /* then t1 is t0 + 1 */
    size_t from = cuts ? now - now % truncate : 0;
    if (link->dsum || synapses)
        for (size_t t = t1; t-- > t0;) {
            if (link->dsum) filter_step(m, link, b, dI + t * post, dsum + t * post);
            if (link->connection->synapse && truncate && (m->at + t) % truncate == 0)
                memset(hb_link_dfilter(m, link, b), 0, 2 * post * sizeof(real));
            if (out && synapses) push_synapses(m, link, dsum + t * post, out, from, t);
        }
    if (out && link->wiring->lateral) {
        push_lateral(m, link, dsum, out, from, t0, t1);
        return; /* it has no dropout */
    }
    if (out && !synapses && now >= from + (cuts ? link->lag : 0))
        push_product(m, link, worker, dsum, out, b, t0, t1);
    if (out == whole) return;
    m->kernels->HB_K(expand)(link->kept + b * link->pre->words, n, 1, worker->o);
    whole = row_before(link, whole, t0, reach), out = row_before(link, out, t0, reach);
    for (size_t t = 0; t < reach + t1 - t0; t++)
        for (size_t i = 0; i < n; i++) whole[t * n + i] += worker->o[i] * out[t * n + i];
}

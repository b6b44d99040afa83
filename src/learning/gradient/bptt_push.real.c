/* From the gradient of a link's sums to that of what its source gave. */
#include "learning/gradient/bptt_links.h"

#include <string.h>

#include "kernels/blas.h"

/* dR(t) = decay dR(t+1) + dI(t); the sum drives R and, of second order, D. What is written is
 * the gradient of the products, which dropout has scaled by its gain. */
static void filter_step(hb_link *link, hb_worker *worker, const hb_machine *m, const real *dI,
                        real *dsum) {
    size_t post = link->wiring->post;
    real gain = hb_link_gain(link);
    if (!link->connection->synapse) {
        for (size_t j = 0; j < post; j++) dsum[j] = gain * dI[j];
        return;
    }
    real *dR = worker->dfilter[link - m->links], *dD = dR + post;
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

/* One step over single synapses; spikes before step `from` get nothing. */
static void push_synapses(const hb_link *link, const real *dsum, real *out, size_t from, size_t t) {
    const hb_wiring *w = link->wiring;
    const real *weight = link->weight->values;
    for (size_t i = 0; i < w->pre; i++) {
        if (!w->delay) {
            real sum = 0;
            for (size_t k = w->start[i]; k < w->start[i + 1]; k++)
                sum += weight[k] * dsum[w->index[k]];
            if (link->lag + from <= t) out[(t - link->lag) * w->pre + i] += sum;
            continue;
        }
        for (size_t k = w->start[i]; k < w->start[i + 1]; k++) {
            size_t late = link->lag + w->delay[k] - link->shift;
            if (late + from <= t) out[(t - late) * w->pre + i] += weight[k] * dsum[w->index[k]];
        }
    }
}

/* Fewer rows than this are not worth squeezing; nor is a product of which more than so much is
 * left. */
enum { SQUEEZE_ROWS = 8 };
#define HB_SQUEEZE 0.75

/* Rows of d loss / d output that nothing reads: where no window of the source was open in the run.
 * Returns how many sources are left in `open`. */
static size_t open_sources(const hb_machine *m, const hb_link *link, size_t b, size_t t0, size_t t1,
                           uint64_t *open) {
    const hb_part *pre = link->pre;
    size_t count = 0;
    for (size_t i = 0; i < pre->words; i++) {
        bool all = link->connection->reads_v || !pre->window;
        uint64_t word = all ? ~(uint64_t)0 : 0;
        size_t end = pre->n - 64 * i;
        for (size_t t = t0; t < t1 && !all; t++)
            word |= pre->window[(b * m->step_room + t) * pre->words + i];
        if (end < 64) word &= ((uint64_t)1 << end) - 1;
        open[i] = word;
        count += (size_t)__builtin_popcountll(word);
    }
    return count;
}

/* The product without the columns of dsum that are all 0 and without the sources that are not
 * open; false: there are too few of them for the trouble. */
static bool push_squeezed(hb_machine *m, const hb_link *link, hb_worker *worker, const real *dsum,
                          real *out, size_t b, size_t t0, size_t t1) {
    const hb_kernels *kernels = m->kernels;
    size_t pre = link->wiring->pre, post = link->wiring->post, rows = t1 - t0, count = 0;
    uint64_t *open = worker->columns, *full = open + link->pre->words;
    size_t left = open_sources(m, link, b, t0 - link->lag, t1 - link->lag, open);
    kernels->HB_K(nonzero)(dsum + t0 * post, rows, post, full);
    for (size_t i = 0; i < HB_WORDS(post); i++) count += (size_t)__builtin_popcountll(full[i]);
    if ((double)left * (double)count > HB_SQUEEZE * (double)pre * (double)post) return false;
    if (!count || !left) return true;
    for (size_t t = 0; t < rows; t++)
        kernels->HB_K(squeeze)(worker->squeezed_sum + t * count, dsum + (t0 + t) * post, full,
                               post);
    for (size_t word = 0; word < link->pre->words; word += HB_STRIP / 64) {
        size_t words =
            link->pre->words - word < HB_STRIP / 64 ? link->pre->words - word : HB_STRIP / 64;
        size_t strip = 0, columns = words * 64 < pre - word * 64 ? words * 64 : pre - word * 64;
        for (size_t i = word; i < word + words; i++)
            for (uint64_t bits = open[i]; bits; bits &= bits - 1, strip++) {
                size_t source = i * 64 + (size_t)__builtin_ctzll(bits);
                kernels->HB_K(squeeze)(worker->squeezed_weight + strip * count,
                                       (const real *)link->weight->values + source * post, full,
                                       post);
            }
        if (!strip) continue;
        HB_BLAS(gemm)
        (CblasRowMajor, CblasNoTrans, CblasTrans, (int)rows, (int)strip, (int)count, 1,
         worker->squeezed_sum, (int)count, worker->squeezed_weight, (int)count, 0,
         worker->squeezed_out, (int)strip);
        for (size_t t = 0; t < rows; t++)
            kernels->HB_K(spread)(out + (t0 + t - link->lag) * pre + 64 * word,
                                  worker->squeezed_out + t * strip, open + word, columns);
    }
    return true;
}

/* One step, as loops take them: only to sources whose window was open, for what reaches the others
 * goes no further. */
static bool push_to_open(hb_machine *m, const hb_link *link, hb_worker *worker, const real *delta,
                         real *out, size_t b, size_t t) {
    const hb_part *pre = link->pre;
    size_t post = link->wiring->post;
    if (link->connection->reads_v || !pre->window) return false;
    const uint64_t *window = pre->window + (b * m->step_room + t) * pre->words;
    size_t count = m->kernels->positions(window, pre->words, worker->index);
    for (size_t c = 0; c < count; c++) {
        size_t i = worker->index[c];
        const real *weight = (const real *)link->weight->values + i * post;
        out[i] += HB_BLAS(dot)((int)post, weight, 1, delta, 1);
    }
    return true;
}

static void push_product(hb_machine *m, const hb_link *link, hb_worker *worker, const real *dsum,
                         real *out, size_t b, size_t t0, size_t t1) {
    size_t pre = link->wiring->pre, post = link->wiring->post;
    if (t0 < link->lag) t0 = link->lag;
    if (t0 >= t1) return;
    if (t1 - t0 >= SQUEEZE_ROWS && post > HB_NARROW &&
        push_squeezed(m, link, worker, dsum, out, b, t0, t1))
        return;
    real *first = out + (t0 - link->lag) * pre;
    if (t1 - t0 == 1 && push_to_open(m, link, worker, dsum + t0 * post, first, b, t0 - link->lag))
        return;
    HB_BLAS(gemm)
    (CblasRowMajor, CblasNoTrans, CblasTrans, (int)(t1 - t0), (int)pre, (int)post, 1,
     dsum + t0 * post, (int)post, link->weight->values, (int)post, 1, first, (int)pre);
}

static void push_lateral(const hb_link *link, const real *dsum, real *out, size_t from, size_t t0,
                         size_t t1) {
    size_t n = link->wiring->pre;
    real weight = *(const real *)link->weight->values;
    for (size_t t = t0; t < t1; t++) {
        if (t < link->lag + from) continue;
        real sum = 0;
        for (size_t j = 0; j < n; j++) sum += dsum[t * n + j];
        for (size_t i = 0; i < n; i++)
            out[(t - link->lag) * n + i] += weight * (sum - dsum[t * n + i]);
    }
}

void HB_R(hb_link_push)(hb_machine *m, hb_link *link, hb_worker *worker, size_t b, size_t t0,
                        size_t t1, size_t truncate) {
    size_t pre = (size_t)(link->pre - m->parts), post = link->wiring->post;
    const real *dI = hb_part_dI(m, link->post, link->post->dI, b, 0);
    real *dsum = hb_link_sum_gradient(m, link, b);
    real *out = link->connection->reads_v ? worker->dV[pre] : worker->dO[pre];
    bool synapses = link->wiring->start != NULL;
    real *whole = out;
    size_t reach = link->lag + link->wiring->delay_max, low = t0 > reach ? t0 - reach : 0;
    if (out && link->drops) { /* to room of its own, then what dropout left of it */
        out = worker->undropped[link - m->links];
        memset(out + low * link->pre->n, 0, (t1 - low) * link->pre->n * sizeof(real));
    }
    bool cuts = truncate && link->connection->inside; /* then t1 is t0 + 1 */
    size_t from = cuts ? t0 - t0 % truncate : 0;
    if (link->dsum || synapses)
        for (size_t t = t1; t-- > t0;) {
            if (link->dsum) filter_step(link, worker, m, dI + t * post, dsum + t * post);
            if (link->connection->synapse && truncate && t % truncate == 0)
                memset(worker->dfilter[link - m->links], 0, 2 * post * sizeof(real));
            if (out && synapses) push_synapses(link, dsum + t * post, out, from, t);
        }
    if (out && link->wiring->lateral) {
        push_lateral(link, dsum, out, from, t0, t1);
        return; /* it has no dropout */
    }
    if (out && !synapses && t0 >= from + (cuts ? link->lag : 0))
        push_product(m, link, worker, dsum, out, b, t0, t1);
    if (out == whole) return;
    size_t n = link->pre->n;
    m->kernels->HB_K(expand)(link->kept + b * link->pre->words, n, 1, worker->o);
    for (size_t t = low; t < t1; t++)
        for (size_t i = 0; i < n; i++) whole[t * n + i] += worker->o[i] * out[t * n + i];
}

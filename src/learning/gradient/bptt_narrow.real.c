/* The weight gradient of groups of a few neurons: source by source, the rows of the steps at which
 * it spiked, over all samples in order. */
#include <string.h>

#include "learning/gradient/bptt_links.h"

/* Parts of the sources, whole words each: as few as the threads leave, since every part goes
 * through the trains of all samples. A source's sum does not depend on them. */
size_t HB_R(hb_link_narrow_items)(const hb_machine *m, const hb_link *link) {
    size_t words = link->pre->words, least = (words + HB_NARROW_WORDS - 1) / HB_NARROW_WORDS;
    size_t parts = m->worker_count > least ? m->worker_count : least;
    return parts < words ? parts : words;
}

/* When the sources of a word acted, in runs of 64 steps; returns those that did. */
static uint64_t turn_word(hb_machine *m, const hb_link *link, size_t b, size_t word, uint64_t *to) {
    size_t words = link->pre->words, steps = m->steps;
    const uint64_t *bits = hb_part_bits(m, link->pre, b, 1 - link->lag) + word;
    uint64_t kept = link->drops ? link->kept[b * words + word] : ~(uint64_t)0, any = 0;
    for (size_t t = 0; t < steps; t += 64)
        any |= m->kernels->turn(to + t, 1, bits + t * words, words, steps - t < 64 ? steps - t : 64,
                                kept, NULL);
    if (link->touched) link->touched[word] |= any;
    return any;
}

void HB_R(hb_link_narrow_gradient)(hb_machine *m, hb_link *link, hb_worker *w, size_t part,
                                   size_t b0, size_t b1) {
    const hb_kernels *kernels = m->kernels;
    size_t parts = HB_R(hb_link_narrow_items)(m, link), post = link->wiring->post;
    size_t per = (link->pre->words + parts - 1) / parts, first = part * per;
    size_t last = first + per < link->pre->words ? first + per : link->pre->words;
    real *sums = w->narrow_sums;
    if (first >= last) return;
    real *grad = (real *)link->weight->grad + 64 * first * post;
    size_t count = (64 * last < link->pre->n ? 64 * last : link->pre->n) - 64 * first;
    for (size_t i = 0; i < count; i++)
        memcpy(sums + i * HB_NARROW, grad + i * post, post * sizeof *sums);
    for (size_t b = b0; b < b1; b++) {
        bool padded = false;
        for (size_t i = first; i < last; i++) {
            uint64_t any = turn_word(m, link, b, i, w->narrow_bits);
            if (!any) continue;
            if (!padded)
                kernels->HB_K(pad_narrow)(w->narrow_rows, hb_link_sum_gradient(m, link, b), post,
                                          m->steps);
            padded = true;
            kernels->HB_K(gather_narrow)(sums + (i - first) * 64 * HB_NARROW, w->narrow_rows,
                                         w->narrow_bits, HB_WORDS(m->steps), any);
        }
    }
    for (size_t i = 0; i < count; i++)
        memcpy(grad + i * post, sums + i * HB_NARROW, post * sizeof *sums);
}

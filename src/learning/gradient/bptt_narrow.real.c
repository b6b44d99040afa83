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

/* When the sources of a word acted: [64][stride]; `live` are those that did. */
typedef struct acts {
    const uint64_t *bits;
    size_t stride;
    uint64_t live;
} acts;

static acts turn_word(hb_machine *m, const hb_link *link, size_t b, size_t word, uint64_t *to) {
    size_t words = link->pre->words, steps = m->base.steps;
    const uint64_t *bits = hb_part_bits(m, link->pre, b, 1 - link->lag) + word;
    uint64_t kept = link->drops ? link->kept[b * words + word] : ~(uint64_t)0;
    acts a = {.bits = to, .stride = HB_WORDS(steps)};
    for (size_t t = 0; t < steps; t += 64)
        a.live |= m->kernels->turn(to + t / 64, a.stride, bits + t * words, words,
                                   steps - t < 64 ? steps - t : 64, kept, NULL);
    return a;
}

/* A train of the last run, begun with its row 0, acts one step later. */
static uint64_t delay_train(const uint64_t *train, bool before, size_t steps, uint64_t *to) {
    uint64_t any = 0, carry = before;
    for (size_t k = 0; k < HB_WORDS(steps); k++) {
        uint64_t word = train ? train[k] : 0;
        to[k] = word << 1 | carry;
        carry = word >> 63;
        if (steps - 64 * k < 64) to[k] &= ((uint64_t)1 << (steps - 64 * k)) - 1;
        any |= to[k];
    }
    return any;
}

static acts word_of_trains(hb_machine *m, const hb_link *link, size_t b, size_t word,
                           uint64_t *to) {
    const hb_part *pre = link->pre;
    size_t stride = hb_train_stride(m), words = HB_WORDS(m->base.steps);
    const uint64_t *trains = hb_part_trains(m, pre, b) + 64 * word * stride;
    uint64_t lit = hb_part_lit(pre, b)[word], before = hb_part_edge(pre, b, 0)[word];
    acts a = {.bits = link->lag ? to : trains, .stride = link->lag ? words : stride};
    if (!link->lag) before = 0;
    for (uint64_t left = lit | before; left; left &= left - 1) {
        size_t i = (size_t)__builtin_ctzll(left);
        const uint64_t *train = lit >> i & 1 ? trains + i * stride : NULL;
        uint64_t any = 0;
        if (link->lag) any = delay_train(train, before >> i & 1, m->base.steps, to + i * words);
        for (size_t k = 0; !link->lag && k < words; k++) any |= train[k];
        a.live |= (uint64_t)(any != 0) << i;
    }
    return a;
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
            acts a = link->pre->trains ? word_of_trains(m, link, b, i, w->narrow_bits)
                                       : turn_word(m, link, b, i, w->narrow_bits);
            if (link->touched) link->touched[i] |= a.live;
            if (!a.live) continue;
            if (!padded)
                kernels->HB_K(pad_narrow)(w->narrow_rows, hb_link_sum_gradient(m, link, b), post,
                                          m->base.steps);
            padded = true;
            kernels->HB_K(gather_narrow)(sums + (i - first) * 64 * HB_NARROW, w->narrow_rows,
                                         a.bits, a.stride, HB_WORDS(m->base.steps), a.live);
        }
    }
    for (size_t i = 0; i < count; i++)
        memcpy(grad + i * post, sums + i * HB_NARROW, post * sizeof *sums);
}

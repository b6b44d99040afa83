/* The weight gradient of groups of a few neurons: source by source, the rows of the steps at which
 * it spiked, over all samples in order. */
#include <string.h>

#include "learning/gradient/bptt_links.h"

enum {
    SAMPLES = 16,
    SAMPLED = 8
}; /* so many samples, one step of so many: of which spikes count */

/* Parts of the sources, whole words each: as few as the threads leave, since every part goes
 * through the trains of all samples. A source's sum does not depend on them. */
size_t HB_R(hb_link_narrow_items)(const hb_machine *m, const hb_link *link) {
    size_t words = link->pre->words, least = (words + HB_NARROW_WORDS - 1) / HB_NARROW_WORDS;
    size_t parts = m->worker_count > least ? m->worker_count : least;
    return parts < words ? parts : words;
}

/* When the sources of a word acted: [64][HB_WORDS(T)]. Returns those that did. */
static uint64_t turn_word(hb_machine *m, const hb_link *link, size_t b, size_t word, uint64_t *to) {
    size_t words = link->pre->words, steps = m->steps;
    const uint64_t *bits = hb_part_bits(m, link->pre, b, 1 - link->lag) + word;
    uint64_t kept = link->drops ? link->kept[b * words + word] : ~(uint64_t)0, any = 0;
    for (size_t t = 0; t < steps; t += 64)
        any |= m->kernels->turn(to + t / 64, HB_WORDS(steps), bits + t * words, words,
                                steps - t < 64 ? steps - t : 64, kept, NULL);
    return any;
}

/* A train acts one step later, if its link says so; what the source did before the run then comes
 * first. Returns all its words together. */
static uint64_t copy_train(const uint64_t *restrict train, bool late, bool before, size_t steps,
                           uint64_t *restrict to) {
    size_t last = (steps - 1) / 64;
    uint64_t any = 0;
    if (late) {
        to[0] = train[0] << 1 | before;
        for (size_t k = 1; k <= last; k++) to[k] = train[k] << 1 | train[k - 1] >> 63;
        to[last] &= ~(uint64_t)0 >> (63 - (steps - 1) % 64);
    } else {
        memcpy(to, train, (last + 1) * sizeof *to);
    }
    for (size_t k = 0; k <= last; k++) any |= to[k];
    return any;
}

/* The same as turn_word where there are trains; *train is that of the first source of the word that
 * has one, and then of the first after it. */
static uint64_t word_of_trains(hb_machine *m, const hb_link *link, size_t b, size_t word,
                               const uint64_t **train, uint64_t *to) {
    size_t words = HB_WORDS(m->steps);
    uint64_t lit = hb_part_lit(link->pre, b)[word], live = 0;
    uint64_t before = link->lag ? hb_part_edge(link->pre, b, 0)[word] : 0;
    for (uint64_t left = lit | before; left; left &= left - 1) {
        size_t i = (size_t)__builtin_ctzll(left);
        uint64_t any = 1;
        if (lit >> i & 1) {
            any = copy_train(*train, link->lag, before >> i & 1, m->steps, to + i * words);
            *train += hb_train_stride(m);
        } else {
            memset(to + i * words, 0, words * sizeof *to);
            to[i * words] = 1;
        }
        live |= (uint64_t)(any != 0) << i;
    }
    return live;
}

/* Sources of a link whose gradient one worker sums up. */
typedef struct part {
    size_t first, last, count; /* words; sources */
} part;

/* Source by source, spike by spike. */
static void gather(hb_machine *m, hb_link *link, hb_worker *w, part p, size_t b0, size_t b1) {
    const hb_kernels *kernels = m->kernels;
    size_t post = link->wiring->post;
    real *sums = w->narrow_sums, *grad = (real *)link->weight->grad + 64 * p.first * post;
    for (size_t i = 0; i < p.count; i++)
        memcpy(sums + i * HB_NARROW, grad + i * post, post * sizeof *sums);
    for (size_t b = b0; b < b1; b++) {
        bool padded = false;
        const uint64_t *train =
            link->pre->trains ? hb_part_train(m, link->pre, b, 64 * p.first) : NULL;
        for (size_t i = p.first; i < p.last; i++) {
            uint64_t live = link->pre->trains
                                ? word_of_trains(m, link, b, i, &train, w->narrow_bits)
                                : turn_word(m, link, b, i, w->narrow_bits);
            if (link->touched) link->touched[i] |= live;
            if (!live) continue;
            if (!padded)
                kernels->HB_K(pad_narrow)(w->narrow_rows, hb_link_sum_gradient(m, link, b), post,
                                          m->steps);
            padded = true;
            kernels->HB_K(gather_narrow)(sums + (i - p.first) * 64 * HB_NARROW, w->narrow_rows,
                                         w->narrow_bits, HB_WORDS(m->steps), live);
        }
    }
    for (size_t i = 0; i < p.count; i++)
        memcpy(grad + i * post, sums + i * HB_NARROW, post * sizeof *sums);
}

/* All sources in every step. */
static void mask(hb_machine *m, hb_link *link, hb_worker *w, part p, size_t b0, size_t b1) {
    const hb_kernels *kernels = m->kernels;
    size_t post = link->wiring->post, words = link->pre->words, room = 64 * HB_NARROW;
    real *sums = w->narrow_sums, *grad = (real *)link->weight->grad + 64 * p.first * post;
    for (size_t i = 0; i < p.count; i += 64)
        kernels->HB_K(transpose)(sums + i / 64 * room, 64, grad + i * post, post, post,
                                 p.count - i < 64 ? p.count - i : 64);
    for (size_t b = b0; b < b1; b++)
        kernels->HB_K(mask_narrow)(sums, hb_link_sum_gradient(m, link, b), post, m->steps,
                                   hb_part_bits(m, link->pre, b, 1 - link->lag) + p.first, words,
                                   link->drops ? link->kept + b * words + p.first : NULL, p.count,
                                   link->touched ? link->touched + p.first : NULL);
    for (size_t i = 0; i < p.count; i += 64)
        kernels->HB_K(transpose)(grad + i * post, post, sums + i / 64 * room, 64,
                                 p.count - i < 64 ? p.count - i : 64, post);
}

/* Is a look at all sources cheaper? Some rows of some samples stand for all; the sums are the same
 * bits. */
static bool masks_win(const hb_machine *m, const hb_link *link, part p, size_t b0, size_t b1) {
    size_t spikes[2] = {0}, rows = 0, words = p.last - p.first;
    if (link->pre->trains) return false;
    for (size_t b = b0; b < b1; b += (b1 - b0 + SAMPLES - 1) / SAMPLES)
        for (size_t t = SAMPLED / 2; t < m->steps; t += SAMPLED, rows++)
            m->kernels->count(hb_part_bits(m, link->pre, b, t + 1 - link->lag) + p.first, words,
                              spikes);
    float looks = (float)(rows * words * link->wiring->post * sizeof(real) / sizeof(float));
    return looks * m->kernels->costs.masked < (float)spikes[0];
}

void HB_R(hb_link_narrow_gradient)(hb_machine *m, hb_link *link, hb_worker *w, size_t index,
                                   size_t b0, size_t b1) {
    size_t parts = HB_R(hb_link_narrow_items)(m, link), words = link->pre->words;
    size_t per = (words + parts - 1) / parts, first = index * per, n = link->pre->n;
    if (first >= words) return;
    part p = {first, first + per < words ? first + per : words, 0};
    p.count = (64 * p.last < n ? 64 * p.last : n) - 64 * first;
    if (masks_win(m, link, p, b0, b1))
        mask(m, link, w, p, b0, b1);
    else
        gather(m, link, w, p, b0, b1);
}

/* Currents of groups of a few neurons: source by source over 64 steps at a time, which adds in the
 * same order as lists of sources step by step (add_bits of link.real.c). */
#include <string.h>

#include "network/engine.h"

/* What a spike costs in a list, a step that has one, and a word of a step; what a word of 64 steps
 * costs with a spike in it, and one of 64 sources to turn; so many steps are one sample of all. */
enum { LISTED = 4, STEP = 40, SCANNED = 9, WALKED = 20, TURNED = 160, SAMPLED = 8 };

/* Do the spikes ask for less when walked source by source? Both ways give the same bits. */
static bool walking_wins(hb_machine *m, const uint64_t *bits, size_t words, size_t steps,
                         uint64_t *any) {
    size_t spikes[2] = {0}, live[2] = {0}, turned = 0, blocks = HB_WORDS(steps);
    memset(any, 0, words * sizeof *any);
    for (size_t t = SAMPLED / 2; t < steps; t += SAMPLED)
        for (size_t i = 0; i < words; i++) any[i] |= bits[t * words + i];
    for (size_t t = SAMPLED / 2; t < steps; t += SAMPLED)
        m->kernels->count(bits + t * words, words, spikes);
    m->kernels->count(any, words, live);
    for (size_t i = 0; i < words; i++) turned += any[i] != 0;
    size_t all = SAMPLED * spikes[0], walked = live[0] * blocks < all ? live[0] * blocks : all;
    return WALKED * walked + TURNED * turned * blocks <
           LISTED * all + steps * (STEP + SCANNED * words);
}

bool HB_R(hb_link_pull_narrow)(hb_machine *m, const hb_link *link, hb_worker *w, real *I, size_t b,
                               size_t t0, size_t t1) {
    size_t words = link->pre->words, post = link->wiring->post, steps = t1 - t0;
    if (steps < SAMPLED || !hb_link_is_narrow(link) || hb_link_has_sum(link)) return false;
    if (link->scale || link->drops || link->recorded) return false;
    const uint64_t *bits = hb_part_bits(m, link->pre, b, t0 + 1 - link->lag);
    if (!walking_wins(m, bits, words, steps, w->bits)) return false;
    for (size_t t = 0; t < steps; t += 64, bits += 64 * words) {
        size_t here = steps - t < 64 ? steps - t : 64;
        for (size_t i = 0; i < words; i++)
            w->bits[i] = m->kernels->turn(w->narrow_bits + 64 * i, 1, bits + i, words, here,
                                          ~(uint64_t)0, NULL);
        size_t live = m->kernels->positions(w->bits, words, w->index);
        for (size_t k = 0; k < live; k++) w->narrow_bits[k] = w->narrow_bits[w->index[k]];
        m->kernels->HB_K(add_narrow)(I + t * post, post, here, link->weight->values,
                                     link->weight->count, w->narrow_bits, 1, w->index, live);
    }
    const real *bias = link->bias ? link->bias->values : NULL;
    for (size_t t = 0; bias && t < steps; t++)
        for (size_t j = 0; j < post; j++) I[t * post + j] += bias[j];
    return true;
}

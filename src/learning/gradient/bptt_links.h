/* The reverse of network/link.real.c. */
#ifndef HB_BPTT_LINKS_H
#define HB_BPTT_LINKS_H

#include "network/engine.h"

/* Takes the gradient of the currents of steps t0 .. t1 of sample b, last step first, back to
 * the source: to its dO or dV, where it is active. Between steps that a multiple of truncate
 * parts, nothing passes through a filter, nor through a connection inside a loop. */
void HB_R(hb_link_push)(hb_machine *machine, hb_link *link, hb_worker *worker, size_t b, size_t t0,
                        size_t t1, size_t truncate);
/* Lists when sources acted in samples b0 .. b1, for the weight gradient, in so many items; none if
 * the link has neither `times` nor `jumps`. */
size_t HB_R(hb_link_list_items)(const hb_machine *machine, const hb_link *link, size_t b0,
                                size_t b1);
void HB_R(hb_link_list)(hb_machine *machine, hb_link *link, hb_worker *worker, size_t item,
                        size_t b0, size_t b1);
/* The weight gradient in so many items that have no weight in common. */
size_t HB_R(hb_link_gradient_items)(const hb_machine *machine, const hb_link *link);
/* Adds what samples b0 .. b1 give to item `item` of it; nothing where the source is constant. */
void HB_R(hb_link_gradient)(hb_machine *machine, hb_link *link, hb_worker *worker, size_t item,
                            size_t b0, size_t b1);
/* The same for a constant source and the whole batch, from `total`. */
void HB_R(hb_link_constant_gradient)(hb_machine *machine, hb_link *link, hb_worker *worker,
                                     size_t item);
/* Lists where the gradients dsum of `rows` steps of sample b, the last of a chunk, jump, for a push
 * of all samples of a block at once; false if the link does not defer its push, if there are too
 * many, or if another way costs less: so many multiply-adds (bptt_jumps.real.c). */
bool HB_R(hb_link_defer)(hb_machine *machine, hb_link *link, size_t b, const real *dsum,
                         size_t rows, double cost);
/* The push of those samples of b0 .. b1 whose jumps are listed, in so many items. */
size_t HB_R(hb_link_deferred_items)(const hb_machine *machine, const hb_link *link);
void HB_R(hb_link_push_deferred)(hb_machine *machine, const hb_link *link, hb_worker *worker,
                                 size_t item, size_t b0, size_t b1);
/* Lists the jumps of sample b for the gradient of weights that real numbers go through, ... */
void HB_R(hb_link_list_jumps)(hb_machine *machine, hb_link *link, size_t b);
/* ... says whether they are few enough to be listed, ... */
bool HB_R(hb_link_has_listed)(const hb_machine *machine, const hb_link *link, size_t b);
/* ... and adds what they give to the gradient of count sources from `first` on. */
void HB_R(hb_link_jumps_gradient)(hb_machine *machine, hb_link *link, hb_worker *worker,
                                  size_t first, size_t count, size_t b0, size_t b1);
/* The same of narrow links (bptt_narrow.real.c). */
size_t HB_R(hb_link_narrow_items)(const hb_machine *machine, const hb_link *link);
void HB_R(hb_link_narrow_gradient)(hb_machine *machine, hb_link *link, hb_worker *worker,
                                   size_t item, size_t b0, size_t b1);
void HB_R(hb_link_bias_gradient)(hb_machine *machine, hb_link *link, size_t b0, size_t b1);

/* Gradient of the weighted sums [T][post]: behind a filter it differs from that of the current. */
static inline real *hb_link_sum_gradient(const hb_machine *m, const hb_link *link, size_t b) {
    return hb_part_dI(m, link->post, link->dsum ? link->dsum : link->post->dI, b, 0);
}

/* The gradients of a filter's states. */
static inline real *hb_link_dfilter(const hb_machine *m, const hb_link *link, size_t b) {
    return link->dfilter + b % m->back_block * 2 * link->post->n;
}

#endif

/* What all plastic rules share: the spikes at both ends of a connection, traces
 * of them, synapses by their postsynaptic end, sums of incoming weights. */
#ifndef HB_SYNAPSES_H
#define HB_SYNAPSES_H

#include "learning/rule.h"

/* Takes from the arena what these functions need; a rule's lay calls it once. */
void HB_R(hb_plastic_lay)(hb_plastic *p, hb_arena *arena, size_t batch);
/* A run starts, or is over: keeps the spikes that delayed synapses still wait for. */
void HB_R(hb_plastic_begin)(hb_plastic *p, bool fresh);
void HB_R(hb_plastic_end)(hb_plastic *p);

/* Presynaptic spikes of sample b that drive the current of step t by way of synapses with a delay
 * of `late` steps (0 on an undelayed link); what dropout took away is missing. scratch has
 * pre->words words and may hold the result. Under compat = "spaic": those of the step before. */
const uint64_t *HB_R(hb_plastic_pre)(const hb_plastic *p, size_t b, size_t t, size_t late,
                                     uint64_t *scratch);
/* Postsynaptic spikes of step t; scratch has post->words words. */
const uint64_t *HB_R(hb_plastic_post)(const hb_plastic *p, size_t b, size_t t, uint64_t *scratch);

/* value <- decay value. */
void HB_R(hb_trace_decay)(const hb_trace *trace, size_t n, real *values);
/* Adds (or sets, if nearest) the spikes at index[0 .. count). */
void HB_R(hb_trace_spikes)(const hb_trace *trace, const uint32_t *index, size_t count,
                           real *values);

/* Row i of the weights: synapses *first .. *last. */
static inline void hb_row(const hb_plastic *p, size_t i, size_t *first, size_t *last) {
    const hb_wiring *w = p->link->wiring;
    *first = w->start ? w->start[i] : i * w->post;
    *last = w->start ? w->start[i + 1] : *first + w->post;
}
static inline size_t hb_synapse_post(const hb_plastic *p, size_t k) {
    const hb_wiring *w = p->link->wiring;
    return w->start ? w->index[k] : k % w->post;
}
static inline size_t hb_synapse_pre(const hb_plastic *p, size_t k) {
    return p->columns.source ? p->columns.source[k] : k / p->link->wiring->post;
}
/* Synapses of column j, and the one at place c among them. */
static inline size_t hb_column_count(const hb_plastic *p, size_t j) {
    return p->columns.start ? p->columns.start[j + 1] - p->columns.start[j] : p->link->wiring->pre;
}
static inline size_t hb_column_synapse(const hb_plastic *p, size_t j, size_t c) {
    return p->columns.start ? p->columns.list[p->columns.start[j] + c]
                            : c * p->link->wiring->post + j;
}
static inline real *hb_weights(const hb_plastic *p) { return p->link->weight->values; }

/* Work for columns [first, first + n) of all, on several threads where there are many weights. */
typedef void (*hb_columns_work)(void *arg, size_t first, size_t n);
void HB_R(hb_plastic_share_columns)(const hb_plastic *p, hb_columns_work work, void *arg);

/* Scales the inputs of every postsynaptic neuron to sum |w| = norm (where they are not all 0),
 * then clamps to p->low, p->high. sums has post entries of room. norm 0: clamps only. */
void HB_R(hb_plastic_normalise)(const hb_plastic *p, double norm, double *sums);
/* The same for columns first .. first + n alone; all, where the rows are lists. */
void HB_R(hb_plastic_normalise_columns)(const hb_plastic *p, double norm, double *sums,
                                        size_t first, size_t n);

/* What is known of a column of weights that is kept at its norm, run after run. */
enum {
    HB_WRITTEN, /* nothing: somebody else wrote it */
    HB_BOUNDED, /* its weights are inside their bounds */
    HB_AT_NORM  /* ... and their sum was measured to be the norm, to rounding */
};
/* The same for a dense connection whose columns change one by one: those that are not at the norm
 * and those of `changed` (bits of post) are measured, and scaled where rounding does not explain
 * the difference. A column at its norm would stay as it is, so that forgetting `kept` changes no
 * weight. */
void HB_R(hb_plastic_keep_norm)(const hb_plastic *p, double norm, const uint64_t *changed,
                                unsigned char *kept);

#endif

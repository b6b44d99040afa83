/* What the driver of pairs keeps for one connection. */
#ifndef HB_PAIRS_H
#define HB_PAIRS_H

#include "learning/synapses.h"

enum { HB_PAIR_BLOCK = 64 }; /* source rows of a work item */

/* Room of one worker; `widest` is the longest row or column. */
typedef struct hb_pair_room {
    real *w, *dw, *trace[HB_TRACES]; /* [widest]: gathered synapses */
    real *pre[HB_TRACES];            /* [HB_PAIR_BLOCK]: traces of a block of sources */
    real *post[HB_TRACES];           /* [post] */
    uint32_t *list;                  /* spikes */
    uint64_t *bits;
    /* A step of a single sample, of whose target neurons the worker has first .. first + n. What
     * all of them need of the sources, each worker keeps for itself; the first one's is the
     * driver's. */
    size_t first, n, now;
    real *x[HB_TRACES]; /* traces of the sources (delayed: of the synapses) */
    uint64_t *p;        /* spikes of the sources ... */
    uint32_t *p_list, *q_list;
    size_t p_count, q_count;
    uint32_t *live_list; /* postsynaptic neurons with a trace that is not 0 */
    size_t live_count;
    bool settled; /* lazy: all columns that are not live are settled */
} hb_pair_room;

typedef struct hb_pairs {
    real *pre[HB_TRACES];      /* [B][sources]; delayed: [B][synapses] */
    real *post[HB_TRACES];     /* [B][post] */
    real *end[HB_TRACES];      /* [B][post]: post after a presentation */
    size_t stride;             /* of pre */
    uint64_t *p, *q;           /* [B][words]: spikes of the step */
    uint32_t *p_list, *q_list; /* [B][n + slack]: the same as positions */
    size_t *p_count, *q_count; /* [B] */
    uint64_t *arrived;         /* [B][words of the synapses], delayed: p of each synapse */
    real *dw;                  /* [synapses]: zeros between steps */
    uint32_t *rows, *columns;  /* that somebody in the batch touches in this step */
    size_t row_count, column_count;
    uint64_t *any;        /* [words]: the same as bits, of the wider end */
    double *sums;         /* [post] */
    hb_pair_room *rooms;  /* [workers] */
    uint64_t *live;       /* of a single sample: bits of the rooms' live_lists */
    struct hb_lazy *lazy; /* NULL: never */
    size_t now;
    unsigned char *at_norm; /* [post]: what is known of each column's sum */
    size_t writes;          /* of parameters from outside, when that was known */
} hb_pairs;

/* Spikes and traces of sample b in step t, and the spikes that the traces read `before` lacked. */
void HB_R(hb_pairs_sample)(hb_plastic *p, size_t b, size_t t);
void HB_R(hb_pairs_after)(hb_plastic *p, size_t b);
/* What spikes of sample b do to row i and column j; added to the driver's dw. */
void HB_R(hb_pairs_row)(hb_plastic *p, hb_pair_room *room, size_t i, size_t b, real *dw);
void HB_R(hb_pairs_column)(hb_plastic *p, hb_pair_room *room, size_t j, size_t b, const real *w,
                           real *dw);

/* A step of a single sample (in_place.real.c): the room's share of it. */
void HB_R(hb_pairs_begin_share)(hb_plastic *p, size_t worker);
void HB_R(hb_pairs_step_share)(hb_plastic *p, hb_pair_room *room, size_t t);
/* May the workers have shares? On a dense connection without delays, of which the driver does all
 * and whose sources have spiked before the step. */
bool HB_R(hb_pairs_split)(const hb_plastic *p);
/* May rows be walked by the room's live_list alone? */
bool HB_R(hb_pairs_sparse)(const hb_plastic *p, const hb_pair_room *room);
/* What a spike of source i does to the room's part of a dense row, from weights that are given,
 * which may be NULL where the rule reads none. list: n columns, to which w and dw belong; NULL:
 * those of the room. */
void HB_R(hb_pairs_row_of)(hb_plastic *p, hb_pair_room *room, const real *w, size_t i,
                           const uint32_t *list, size_t n, real *dw);
/* What a spike of column j does, from weights w; the room's dw becomes it. */
void HB_R(hb_pairs_column_of)(hb_plastic *p, hb_pair_room *room, size_t j, const real *w);

/* Normalising every step at the cost of the spikes (lazy.real.c): one sample at a time. */
bool HB_R(hb_lazy_possible)(const hb_plastic *p);
struct hb_lazy *HB_R(hb_lazy_lay)(const hb_plastic *p, hb_arena *arena);
void HB_R(hb_lazy_begin)(hb_plastic *p);
bool HB_R(hb_lazy_on)(const hb_plastic *p);
void HB_R(hb_lazy_step)(hb_plastic *p, hb_pair_room *room, bool rows, bool columns);
void HB_R(hb_lazy_end)(hb_plastic *p);

/* The changes of all samples of the run that is over, W being held; added to the driver's dw. */
void HB_R(hb_pairs_presentation)(hb_plastic *p);
/* The end of a run, whose changes are made: homeostasis, normalising, bounds. changed: the
 * weights are to be put back inside their bounds. */
void HB_R(hb_pairs_settle)(hb_plastic *p, bool changed);
/* A step's changes where rows or columns have been touched, from spikes and traces in the driver.
 */
void HB_R(hb_pairs_change)(hb_plastic *p, bool rows, bool columns);
/* Work for each of the items, on several threads if there is more than one sample. */
void HB_R(hb_pairs_share)(hb_plastic *p, hb_work work, size_t items);

static inline hb_pairs *hb_pairs_of(const hb_plastic *p) { return p->driver; }
static inline bool hb_bit(const uint64_t *bits, size_t i) { return bits[i / 64] >> i % 64 & 1; }
static inline real hb_inside(const hb_plastic *p, real w) {
    w = w < p->low ? p->low : w;
    return w > p->high ? p->high : w;
}

/* A weight that a step has changed. */
static inline real hb_moved(const hb_plastic *p, real w, real dw) {
    return p->norm_every_step ? w + dw : hb_inside(p, w + dw);
}
/* The weights of column j, if the rule reads any. */
static inline const real *hb_gather(const hb_plastic *p, size_t j, real *to) {
    const real *weight = hb_weights(p);
    if (!p->reads_weight) return NULL;
    for (size_t c = 0; c < hb_column_count(p, j); c++) to[c] = weight[hb_column_synapse(p, j, c)];
    return to;
}

#endif

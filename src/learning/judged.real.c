/* update = "presentation" of rules that keep eligibility: the run is over, its rewards are known.
 * The driver walks the samples in order and gathers the eligibility of one at a time in its dw. */
#include <string.h>

#include "learning/eligibility.h"

/* What pairs of each step are worth, and what becomes of E after it. */
static void plan(hb_plastic *p) {
    hb_eligible *e = p->own;
    const unsigned char *given = p->m->judged[p->reward].given;
    double factor = 1; /* what E is to be multiplied by */
    size_t each = p->m->base.batch * hb_eligible_each(p), nth = 0;
    for (size_t t = 0; t < p->m->base.steps; t++) {
        e->scale[t] = e->fades || !given[t];
        if (e->fades) factor *= p->number[HB_E_DECAY];
        if (factor <= HB_E_LEAST) {
            if (t) e->scale[t - 1] = (real)factor;
            factor = 1;
        }
        e->worth[t] = e->fades ? p->number[HB_E_STEP] / factor : HB_R(hb_eligible_counts)(p, t);
        e->gain[t] = p->number[HB_E_GAIN] * factor;
        if (given[t]) HB_R(hb_eligible_deltas)(p, t, e->delta + nth++ * each);
    }
}

/* The deltas of sample b at the reward of step t. */
static const double *deltas(const hb_plastic *p, size_t b, size_t t) {
    const hb_eligible *e = p->own;
    size_t every = hb_reward_every(&p->m->base.graph->rewards[p->reward].reward);
    size_t nth = (e->since + t) / every;
    return e->delta + (nth * p->m->base.batch + b) * hb_eligible_each(p);
}

void HB_R(hb_eligible_passed)(hb_plastic *p, size_t b, size_t t, size_t first, size_t last) {
    hb_eligible *e = p->own;
    real *dw = hb_pairs_of(p)->dw;
    if (p->m->judged[p->reward].given[t]) HB_R(hb_eligible_add)
    (p, first, last - first, e->gain[t], deltas(p, b, t), dw + first, e->E + first);
    real scale = t + 1 == p->m->base.steps ? 0 : e->scale[t];
    if (scale == 0)
        memset(dw + first, 0, (last - first) * sizeof *dw);
    else if (scale < 1)
        for (size_t k = first; k < last; k++) dw[k] *= scale;
}

void HB_R(hb_eligible_present)(hb_plastic *p) {
    hb_eligible *e = p->own;
    size_t count = p->link->wiring->count;
    real mean = 1 / (real)p->m->base.batch;
    plan(p);
    HB_R(hb_pairs_presentation)(p);
    for (size_t k = 0; k < count && p->mean; k++) e->E[k] *= mean;
    HB_R(hb_eligible_move)(p, 0, count, e->E);
    memset(e->E, 0, count * sizeof(real));
}

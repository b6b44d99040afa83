/* Rewards while the network runs: which steps they judge, and when. */
#include <string.h>

#include "network/engine.h"

void HB_R(hb_rewards_begin)(hb_machine *m) {
    const hb_graph *g = m->base.graph;
    for (size_t i = 0; i < g->reward_count; i++) {
        const hb_rewarder *r = &g->rewards[i];
        hb_judged *j = &m->judged[i];
        size_t outputs = hb_reward_outputs(&r->reward, m->base.batch, r->given_count);
        memset(j->given, 0, m->base.steps * sizeof *j->given);
        memset(j->values, 0, m->base.steps * outputs * sizeof *j->values);
        j->outputs = outputs;
        if (!m->fresh) continue;
        j->since = 0;
        memset(j->counts, 0, m->base.batch * r->reward.classes * sizeof *j->counts);
        memset(j->memory, 0, m->base.batch * r->reward.classes * sizeof *j->memory);
    }
}

/* The target's spikes in a row: of this step, or under compat = spaic of the one before. */
static void judged_row(hb_machine *m, const hb_part *p, size_t t, double *row) {
    size_t at = m->base.graph->spaic ? t : t + 1;
    for (size_t b = 0; b < m->base.batch; b++, row += p->n) {
        if (p->form == HB_FORM_BITS) {
            m->kernels->expand_f64(hb_part_bits(m, p, b, at), p->n, 1, row);
            continue;
        }
        const real *from = p->form == HB_FORM_CONSTANT
                               ? (at ? p->constant : p->before_run) + b * p->n
                               : hb_part_row(m, p, p->rows, b, at);
        for (size_t i = 0; i < p->n; i++) row[i] = (double)from[i];
    }
}

/* Steps before the window of the next reward are not judged. */
static bool in_window(const hb_rewarder *r, const hb_judged *j, double dt) {
    size_t every = hb_reward_every(&r->reward);
    return every - j->since <= hb_reward_window(&r->reward, dt, every);
}

void HB_R(hb_rewards_step)(hb_machine *m, size_t t) {
    const hb_graph *g = m->base.graph;
    for (size_t i = 0; m->base.train && i < g->reward_count; i++) {
        const hb_rewarder *r = &g->rewards[i];
        hb_judged *j = &m->judged[i];
        if (!r->given_count) continue; /* nothing was given: no reward */
        if (in_window(r, j, g->dt)) {
            judged_row(m, &m->parts[r->target], t, j->row);
            hb_reward_add(&r->reward, m->base.batch, j->row, j->counts);
        }
        if (++j->since < hb_reward_every(&r->reward)) continue;
        hb_reward_judge(&r->reward, hb_reward_window(&r->reward, g->dt, j->since), m->base.batch,
                        j->counts, r->given, r->given_count, j->memory, j->values + t * j->outputs);
        j->given[t] = true;
        j->since = 0;
        memset(j->counts, 0, m->base.batch * r->reward.classes * sizeof *j->counts);
    }
}

/* Spikes of an input group kept source by source, as they are drawn and as narrow links read them:
 * nobody turns them into rows of steps and back. */
#include <string.h>

#include "network/engine.h"

/* Does the link go through whole runs at once, by nothing but its narrow kernels? */
static bool reads_trains(const hb_machine *m, const hb_link *link) {
    if (!hb_link_is_narrow(link) || hb_link_has_sum(link)) return false;
    if (link->recorded || link->plastic) return false;
    for (size_t i = 0; i < m->link_count; i++) { /* a group in a loop may go step by step */
        const hb_connection *c = m->links[i].connection;
        const hb_group *groups = m->base.graph->groups;
        if (c->inside && groups[c->post].component == link->post->group->component) return false;
    }
    return true;
}

bool HB_R(hb_part_keeps_trains)(const hb_machine *m, const hb_part *p) {
    const hb_graph *g = m->base.graph;
    int group = (int)(p - m->parts);
    size_t readers = 0;
    if (p->model || p->form != HB_FORM_BITS || p->group->role != HB_ENCODER) return false;
    if (!hb_encoder_gives_trains(&p->group->encoder)) return false;
    if (m->chunked || g->stepwise || m->between || m->keeps || g->reward_count) return false;
    for (size_t i = 0; i < g->monitor_count; i++)
        if (g->monitors[i].group == group) return false;
    for (size_t i = 0; i < g->readout_count; i++)
        if (g->readouts[i].target == (size_t)group) return false;
    for (size_t i = 0; i < m->link_count; i++) {
        if (m->links[i].pre != p) continue;
        if (!reads_trains(m, &m->links[i])) return false;
        readers++;
    }
    return readers > 0;
}

void HB_R(hb_trains_row)(const hb_machine *m, const hb_part *p, size_t b, size_t t, uint64_t *row) {
    const uint64_t *lit = hb_part_lit(p, b), *train = hb_part_train(m, p, b, 0) + t / 64;
    for (size_t i = 0; i < p->words; i++) {
        row[i] = 0;
        for (uint64_t left = lit[i]; left; left &= left - 1, train += hb_train_stride(m))
            row[i] |= (*train >> t % 64 & 1) << __builtin_ctzll(left);
    }
}

void HB_R(hb_trains_counts)(const hb_machine *m, const hb_part *p, size_t b, uint32_t *counts) {
    const uint64_t *lit = hb_part_lit(p, b), *train = hb_part_train(m, p, b, 0);
    for (size_t i = 0; i < p->n; i++) {
        counts[i] = 0;
        if (!(lit[i / 64] >> i % 64 & 1)) continue;
        for (size_t k = 0; k < HB_WORDS(m->steps); k++)
            counts[i] += (uint32_t)__builtin_popcountll(train[k]);
        train += hb_train_stride(m);
    }
}

/* Spikes of step t reach the currents of step t + lag; the first row, then, those of the last step
 * of the run before. */
void HB_R(hb_trains_pull)(hb_machine *m, const hb_link *link, hb_worker *w, real *I, size_t b) {
    const hb_part *pre = link->pre;
    const real *weight = link->weight->values;
    size_t post = link->wiring->post, steps = m->steps, numbers = link->weight->count;
    if (link->lag) {
        size_t count = m->kernels->positions(hb_part_edge(pre, b, 0), pre->words, w->index);
        m->kernels->HB_K(list_narrow)(I, post, weight, numbers, w->index, count);
    }
    size_t live = m->kernels->positions(hb_part_lit(pre, b), pre->words, w->index);
    if (steps > link->lag)
        m->kernels->HB_K(add_narrow)(I + link->lag * post, post, steps - link->lag, weight, numbers,
                                     hb_part_train(m, pre, b, 0), hb_train_stride(m), w->index,
                                     live);
    const real *bias = link->bias ? link->bias->values : NULL;
    for (size_t t = 0; bias && t < steps; t++)
        for (size_t j = 0; j < post; j++) I[t * post + j] += bias[j];
}

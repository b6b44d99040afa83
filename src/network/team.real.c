/* One sample over several threads: each runs some neurons of every group, whole words of bits, with
 * the columns of weights that reach them, and meets the others where it needs what they did. A
 * neuron's sums do not depend on who makes them, so neither do the bits. */
#include "network/engine.h"

/* What is worth a thread, in numbers of a row that are read and added (some 0.07 ns). Crude is
 * enough: the bits are the same. */
enum {
    NEURON = 6,       /* a step of a neuron, and so much again ... */
    STATE = 4,        /* ... for each of its states */
    MEET = 8000,      /* a meeting of the team */
    START = 500000,   /* its first one: threads may sleep */
    RATE_INVERSE = 50 /* one neuron of so many fires in a step: nobody knows yet */
};

static bool competes(const hb_part *p) {
    return p->model && p->model->contest && p->coef[p->model->contest->coef][0] != 0;
}

/* Where neurons can be left out without a change of any number. A matrix product of real numbers
 * may add in another order where it has fewer columns. */
static bool can_split(const hb_machine *m) {
    if (m->base.batch != 1 || m->base.graph->soft) return false;
    for (size_t i = 0; i < m->part_count; i++)
        if (m->parts[i].model && m->parts[i].active && m->base.train) return false;
    for (size_t i = 0; i < m->link_count; i++) {
        const hb_link *link = &m->links[i];
        if (hb_link_reads_rows(link) || (hb_link_has_sum(link) && !link->sums)) return false;
    }
    return true;
}

/* Spikes of a source in the whole run. */
static double spikes_of(const hb_machine *m, const hb_part *p) {
    size_t steps = m->steps, sums[2] = {0};
    if (p->form == HB_FORM_CONSTANT) return (double)steps;
    if (p->model) return (double)(steps * p->n) / RATE_INVERSE;
    size_t trains = p->trains ? hb_lit_before(hb_part_lit(p, 0), p->n) : 0;
    for (size_t k = 0; k < trains; k++)
        m->kernels->count(hb_part_train(m, p, 0, 0) + k * hb_train_stride(m), HB_WORDS(steps),
                          sums);
    if (!p->trains) m->kernels->count(hb_part_bits(m, p, 0, 1), steps * p->words, sums);
    return (double)sums[0];
}

static double work_of(const hb_machine *m) {
    double work = 0, steps = (double)m->steps;
    for (size_t i = 0; i < m->part_count; i++) {
        const hb_part *p = &m->parts[i];
        if (p->model) work += steps * (double)(p->n * (NEURON + STATE * p->states));
    }
    for (size_t i = 0; i < m->link_count; i++) {
        const hb_link *link = &m->links[i];
        const hb_wiring *w = link->wiring;
        double row = (double)w->post;
        if (w->start) row = (double)w->count / (double)w->pre;
        work += w->lateral ? steps * row : spikes_of(m, link->pre) * row;
    }
    return work;
}

static double meetings_of(const hb_machine *m) {
    const hb_graph *g = m->base.graph;
    bool learns = m->together && m->between && m->between->every_step;
    bool alone =
        m->together && (g->reward_count || (learns && !m->between->splits(m->between->user)));
    bool each = m->together || g->stepwise;
    double a_step = each ? 1 + alone : 0, once = 0;
    for (size_t i = 0; i < g->order_count; i++) {
        const hb_part *p = &m->parts[g->order[i]];
        a_step += competes(p) + p->waits + (!each && p->meets);
        once += 1;
    }
    return a_step * (double)m->steps + once;
}

size_t HB_R(hb_team_size)(hb_machine *m) {
    size_t most = m->worker_count, words = 1;
    if (most == 1 || !can_split(m)) return 1;
    for (size_t i = 0; i < m->part_count; i++) {
        const hb_part *p = &m->parts[i];
        if (p->model && !p->model->whole && p->words > words) words = p->words;
    }
    if (words < most) most = words;
    double members = work_of(m) / (2 * (meetings_of(m) * MEET + START));
    return members >= (double)most ? most : members >= 2 ? (size_t)members : 1;
}

/* The first member has the odd word, and the groups that are no wider. */
void HB_R(hb_team_shares)(hb_machine *m, size_t members) {
    for (size_t i = 0; i < m->part_count; i++) {
        const hb_part *p = &m->parts[i];
        bool whole = !p->model || p->model->whole;
        for (size_t k = 0; k < members; k++) {
            size_t first = (p->words * k + members - 1) / members * 64;
            size_t last = (p->words * (k + 1) + members - 1) / members * 64;
            if (whole) first = k ? p->n : 0, last = p->n;
            if (last > p->n) last = p->n;
            if (first > p->n) first = p->n;
            m->workers[k].shares[i] = (hb_share){first, last - first};
        }
    }
}

/* Who leads among all is known once all have met; of equals it is the first. */
void HB_R(hb_team_contest)(hb_machine *m, hb_worker *w, const hb_part *p, hb_step *k) {
    if (!competes(p)) return;
    const hb_contest *contest = p->model->contest;
    size_t group = (size_t)(p - m->parts), first = w->shares[group].first;
    hb_rival best = {0, SIZE_MAX}, *own = &w->rivals[group];
    hb_wait(w); /* the others have read what was there */
    size_t leads = k ? contest->highest(k, &own->x) : 0;
    own->neuron = k && leads < k->n ? first + leads : SIZE_MAX;
    hb_meet(w);
    for (size_t i = 0; i < m->members; i++) {
        const hb_rival *rival = &m->workers[i].rivals[group];
        if (rival->neuron == SIZE_MAX) continue;
        if (best.neuron == SIZE_MAX || rival->x > best.x) best = *rival;
    }
    if (!k || best.neuron == SIZE_MAX) return;
    contest->silence(k, best.neuron - first < k->n ? best.neuron - first : k->n);
}

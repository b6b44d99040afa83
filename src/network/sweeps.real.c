/* Groups that the models' sweeps take through many steps: some neurons of them at a time. */
#include <math.h>

#include "network/engine.h"

size_t HB_R(hb_part_spikes)(const hb_machine *m, const hb_part *p, hb_share mine, size_t b,
                            size_t t0, size_t t1) {
    size_t sums[2] = {0};
    if (mine.n == p->n)
        m->kernels->count(hb_part_bits(m, p, b, t0 + 1), (t1 - t0) * p->words, sums);
    for (size_t t = t0; t < t1 && mine.n < p->n; t++)
        m->kernels->count(hb_part_bits(m, p, b, t + 1) + mine.first / 64, HB_WORDS(mine.n), sums);
    return sums[0];
}

void HB_R(hb_part_sweep)(hb_machine *m, hb_part *p, hb_share mine, size_t b, size_t samples,
                         size_t t0, size_t t1, const real *I, size_t row) {
    size_t n = p->n, most = hb_sweep_steps(row), word = mine.first / 64;
    bool tape = p->active && m->base.train;
    hb_sweep s = {.n = mine.n,
                  .row = n,
                  .I_row = row,
                  .words = p->words,
                  .abreast = samples > 1,
                  .spaic = m->base.graph->spaic,
                  .uniform = p->uniform,
                  .fires = hb_part_fires_above(p),
                  .low = (real)p->low,
                  .high = (real)p->high};
    s.apart = (hb_apart){.state = p->states * n,
                         .I = m->step_room * n,
                         .x = m->step_room * n,
                         .before = m->step_room * p->states * n,
                         .spikes = (m->step_room + 1) * p->words,
                         .window = m->step_room * p->words};
    for (size_t c = 0; c < p->model->coef_count; c++) s.coef[c] = p->coef[c] + mine.first;
    for (size_t k = 0; k < p->states; k++)
        s.state[k] = p->state + (b * p->states + k) * n + mine.first;
    for (size_t t = t0, next; t < t1; t = next) {
        next = t1 - t < most ? t1 : t + most;
        s.steps = next - t;
        s.I = I + (t - t0) * row;
        s.spikes = hb_part_bits(m, p, b, t + 1) + word;
        if (tape && p->window) s.window = p->window + (b * m->step_room + t) * p->words + word;
        if (tape && p->keep_x) s.x = hb_part_tape(m, p, p->x, b, t) + mine.first;
        if (tape && p->keep_states) s.before = hb_part_before(m, p, b, t) + mine.first;
        p->model->sweep(&s);
    }
}

bool HB_R(hb_part_sweeps_whole)(const hb_machine *m, const hb_part *p) {
    bool steps = !hb_part_sweeps(m, p) || p->wants_V;
    for (size_t i = 0; i < m->link_count; i++)
        steps |= m->links[i].post == p && m->links[i].connection->inside;
    return !steps;
}

/* One tile, or as few as make a word. */
size_t HB_R(hb_part_slab)(const hb_machine *m, const hb_part *p) {
    const hb_graph *g = m->base.graph;
    const hb_link *link = NULL;
    size_t drivers = 0;
    if (!p->model || p->recorded || p->n <= HB_ABREAST_MOST || p->inputs != 1 ||
        (p->active && p->keep_I) || g->stepwise || !HB_R(hb_part_sweeps_whole)(m, p))
        return 0;
    for (size_t i = 0; i < m->part_count; i++)
        if (&m->parts[i] != p && m->parts[i].group->component == p->group->component) return 0;
    for (size_t i = 0; i < m->link_count; i++)
        if (m->links[i].post == p) link = &m->links[i], drivers++;
    if (drivers != 1 || !hb_link_has_tables(link) || hb_link_has_sum(link) || link->recorded)
        return 0;
    size_t slab = hb_tile_most(m) < 64 ? 64 : hb_tile_most(m);
    return slab < p->n ? slab : p->n;
}

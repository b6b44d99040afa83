/* tape = "recompute": spikes and windows are kept of all steps, for they are bits, but states only
 * where a segment of about sqrt(T) steps begins. The backward pass makes potentials, currents and
 * states of a segment anew from these when it comes there: what drove the group is known, so every
 * group is made again by itself, in recurrent networks too, by the same additions in the same
 * order. */
#include <string.h>

#include "network/engine.h"

static hebb_status refuse(const hb_machine *m, const hb_part *part, const char *connection,
                          const char *why) {
    return hb_fail(m->base.graph->env, HEBB_E_UNSUPPORTED,
                   "%s: tape = recompute cannot make its steps again, because %s%s%s; use tape = "
                   "exact",
                   part->group->name, connection ? connection : "it", connection ? " " : " ", why);
}

hebb_status HB_R(hb_again_check)(const hb_machine *m, const hb_part *part) {
    if (part->kept) return refuse(m, part, NULL, "changes over runs what it keeps");
    for (size_t i = 0; i < m->link_count; i++) {
        const hb_link *link = &m->links[i];
        const char *name = link->connection->name;
        if (link->post != part) continue;
        if (link->plastic) return refuse(m, part, name, "learns while the network runs");
        if (link->connection->synapse) return refuse(m, part, name, "has a synapse filter");
        if (link->wiring->delay) return refuse(m, part, name, "has delays");
        if (link->dropout > 0) return refuse(m, part, name, "has dropout");
        if (hb_link_reads_rows(link))
            return refuse(m, part, name,
                          "passes on real numbers, whose sums round by the number of steps");
    }
    return HEBB_OK;
}

void HB_R(hb_part_spikes)(hb_machine *m, hb_worker *w, const hb_part *p, hb_step *k, size_t b,
                          size_t t) {
    if (p->mask) {
        k->o = p->group->detach_reset ? hb_part_tape(m, p, p->reset, b, t)
                                      : hb_part_row(m, p, p->rows, b, t + 1);
        k->m = hb_part_tape(m, p, p->mask, b, t);
        return;
    }
    m->kernels->HB_K(expand)(hb_part_bits(m, p, b, t + 1), p->n, 1, w->o);
    k->o = k->m = w->o;
}

/* First what comes from outside the group's part of the graph, as in the run. */
static void pull(hb_machine *m, hb_worker *w, const hb_part *part, real *I, size_t b, size_t t0,
                 size_t t1) {
    memset(I, 0, (t1 - t0) * part->n * sizeof(real));
    for (int inside = 0; inside < 2; inside++)
        for (size_t i = 0; i < m->link_count; i++) {
            hb_link *link = &m->links[i];
            if (link->post == part && link->connection->inside == inside)
                HB_R(hb_link_pull_again)(m, link, w, I, b, t0, t1);
        }
}

void HB_R(hb_again)(hb_machine *m, hb_worker *w, hb_part *part, size_t b, size_t t0, size_t t1) {
    const hb_again *again = &w->again[part - m->parts];
    size_t n = part->n, bytes = part->states * n * sizeof(real);
    hb_step k = {.n = n,
                 .spaic = m->base.graph->spaic,
                 .detach = part->group->detach_reset,
                 .learns = true,
                 .uniform = part->uniform};
    for (size_t c = 0; c < part->model->coef_count; c++) k.coef[c] = part->coef[c];
    for (size_t s = 0; s < part->states; s++) k.state[s] = again->states + s * n;
    pull(m, w, part, again->I, b, t0, t1);
    memcpy(again->states, hb_part_checkpoint(m, part, b, t0), bytes);
    for (size_t t = t0; t < t1; t++) {
        k.I = again->I + (t - t0) * n;
        k.x = again->x + (t - t0) * n;
        memcpy(again->before + (t - t0) * part->states * n, again->states, bytes);
        part->model->integrate(&k);
        if (part->model->output == HB_OUT_SPIKES) HB_R(hb_part_spikes)(m, w, part, &k, b, t);
        if (part->model->settle) part->model->settle(&k);
    }
}

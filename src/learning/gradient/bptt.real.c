/* The plan walked backwards, a block of samples after the other: its samples leave the gradients
 * of their currents, in parallel, then blocks of weight rows gather them, each over the samples in
 * order, so that the sums depend neither on the number of threads nor on the block. Where runs go
 * in chunks, this is done for each, the last one first; what reaches back over a chunk's start
 * waits for the one before. */
#include <math.h>
#include <string.h>

#include "learning/gradient/bptt.h"
#include "learning/gradient/bptt_links.h"

typedef struct backward {
    hb_machine *m;
    size_t readout, truncate;
    const double *dpredict;
    double *drecord;         /* of a decoder that is not linear */
    bool one_row;            /* the first row of the target's dO serves all steps */
    bool newest;             /* the chunk is the run's last: nothing reaches back into it */
    size_t b0, b1;           /* the block of samples */
    size_t first, last;      /* the stage: groups order[first] .. order[last - 1] of the plan */
    const hb_link *deferred; /* pushed for all samples at once */
} backward;

/* ---- the readout ---- */

/* Does the decoder weigh all steps alike, and does nothing else reach the target's output? */
static bool one_row_serves(const backward *back) {
    const hb_machine *m = back->m;
    const hb_readout *r = &m->base.graph->readouts[back->readout];
    const hb_part *p = &m->parts[r->target];
    const double *weights = m->weights[back->readout];
    if (back->drecord || p->wants_V || !hb_part_sweeps(m, p)) return false;
    for (size_t t = 1; t < m->base.steps; t++)
        if (weights[t] != weights[0]) return false;
    for (size_t i = 0; i < m->link_count; i++)
        if (m->links[i].pre == p && m->links[i].post->active && !m->links[i].plastic) return false;
    return true;
}

static void start_from_decoder(const backward *back, size_t b) {
    hb_machine *m = back->m;
    const hb_readout *r = &m->base.graph->readouts[back->readout];
    const hb_decoder *d = &r->decoder;
    size_t n = d->num, pop;
    double scale, bias;
    hb_decoder_linear(d, &pop, &scale, &bias);
    const hb_part *p = &m->parts[r->target];
    real *to = hb_part_dI(m, p, strcmp(d->ops->variable, "V") ? p->dI : p->dV, b, 0);
    for (size_t t = 0; t < (back->one_row ? 1 : m->steps); t++, to += n)
        if (back->drecord) {
            const double *from = back->drecord + ((m->at + t) * m->base.batch + b) * n;
            for (size_t j = 0; j < n; j++) to[j] += (real)from[j];
        } else {
            double weight = scale * m->weights[back->readout][m->at + t];
            const double *from = back->dpredict + b * d->classes;
            for (size_t c = 0, j = 0; weight != 0 && c < d->classes; c++) {
                real gradient = (real)(weight * from[c]);
                for (size_t last = j + pop; j < last && j < n; j++) to[j] += gradient;
            }
        }
}

/* ---- steps of one group ---- */

/* Slopes at step t, made from x for so many steps at once that the loop is long. Steps come
 * from the last to the first. */
static const real *slope_at(hb_machine *m, hb_worker *w, const hb_part *p, size_t b, size_t t) {
    size_t first = t - t % p->slope_steps, steps = t + 1 - first;
    real *slopes = w->slope[p - m->parts];
    if (steps == p->slope_steps || t + 1 == m->steps)
        m->slopes(&p->group->surrogate, steps * p->n, hb_part_tape(m, p, p->x, b, first), slopes);
    return slopes + (t - first) * p->n;
}

/* dx = dO times the window. */
static void through_window(hb_machine *m, hb_worker *w, const hb_part *p, const real *dO, size_t b,
                           size_t t) {
    real *dx = w->dx;
    if (p->slope_steps) {
        const real *slope = slope_at(m, w, p, b, t);
        for (size_t j = 0; j < p->n; j++) dx[j] = slope[j] * dO[j];
        return;
    }
    m->kernels->HB_K(expand)(p->window + (b * m->step_room + t) * p->words, p->n, (real)p->height,
                             dx);
    for (size_t j = 0; j < p->n; j++) dx[j] *= dO[j];
}

/* Spikes of step t as the loops read them: from bits, or in soft mode from the tape. */
static void spikes_at(hb_machine *m, hb_worker *w, const hb_part *p, hb_step *k, size_t b,
                      size_t t) {
    if (p->mask) {
        k->o = p->group->detach_reset ? hb_part_held(m, p, p->reset, b, t)
                                      : hb_part_row(m, p, p->rows, b, t + 1);
        k->m = hb_part_held(m, p, p->mask, b, t);
        return;
    }
    m->kernels->HB_K(expand)(hb_part_bits(m, p, b, t + 1), p->n, 1, w->o);
    k->o = k->m = w->o;
}

static void cut(const backward *back, const hb_part *p, size_t b, size_t t) {
    if (back->truncate && (back->m->at + t) % back->truncate == 0)
        memset(hb_part_adj(back->m, p, b), 0, p->states * p->n * sizeof(real));
}

/* The last step below t, not below t0, at which a sweep must end: slopes come some steps at a time,
 * and gradients may be cut. */
static size_t sweep_from(const backward *back, const hb_part *p, size_t t0, size_t t) {
    size_t most = hb_sweep_steps(p->n), first = t - t0 > most ? t - most : t0;
    size_t at = back->m->at, every = p->slope_steps;
    if (every && first < (t - 1) / every * every) first = (t - 1) / every * every;
    size_t cut = back->truncate ? (at + t - 1) / back->truncate * back->truncate : 0;
    return cut > at + first ? cut - at : first;
}

/* Steps t0 .. t1 by the model's sweep. */
static void back_sweep(const backward *back, hb_worker *w, size_t group, size_t b, size_t t0,
                       size_t t1) {
    hb_machine *m = back->m;
    hb_part *p = &m->parts[group];
    size_t n = p->n;
    hb_sweep s = {.n = n,
                  .words = p->words,
                  .spaic = m->base.graph->spaic,
                  .uniform = p->uniform,
                  .detach = p->group->detach_reset,
                  .height = (real)p->height};
    bool one_row = back->one_row && m->base.graph->readouts[back->readout].target == group;
    s.dO_stride = one_row ? 0 : n;
    for (size_t k = 0; k < p->states; k++) s.adj[k] = hb_part_adj(m, p, b) + k * n;
    for (size_t c = 0; c < p->model->coef_count; c++) {
        s.coef[c] = p->coef[c];
        if (p->wants_coef[c]) s.gcoef[c] = p->gcoef + (b * p->model->coef_count + c) * n;
    }
    for (size_t t = t1, first; t > t0; t = first) {
        first = sweep_from(back, p, t0, t);
        s.steps = t - first;
        s.spikes = hb_part_bits(m, p, b, first + 1);
        s.dI = hb_part_dI(m, p, p->dI, b, first);
        s.dO = one_row ? hb_part_dI(m, p, p->dI, b, 0) : s.dI;
        if (p->slope_steps)
            s.slope = slope_at(m, w, p, b, t - 1) - (t - 1 - first) * n;
        else
            s.window = p->window + (b * m->step_room + first) * p->words;
        if (p->keep_I) s.I = hb_part_tape(m, p, p->I, b, first);
        if (p->keep_states) s.before = hb_part_before(m, p, b, first);
        p->model->sweep_back(&s);
        cut(back, p, b, first);
    }
}

static void back_step(const backward *back, hb_worker *w, size_t group, size_t b, size_t t) {
    hb_machine *m = back->m;
    hb_part *p = &m->parts[group];
    const hb_model *model = p->model;
    size_t n = p->n;
    if (hb_part_sweeps(m, p) && !p->dV) {
        back_sweep(back, w, group, b, t, t + 1);
        return;
    }
    hb_step k = {.n = n, .spaic = m->base.graph->spaic, .detach = p->group->detach_reset};
    k.dO = k.dI = hb_part_dI(m, p, p->dI, b, t);
    k.dx = w->dx;
    if (p->keep_x) k.x = hb_part_tape(m, p, p->x, b, t);
    if (p->keep_I) k.I = hb_part_tape(m, p, p->I, b, t);
    for (size_t s = 0; s < p->states; s++) {
        k.adj[s] = hb_part_adj(m, p, b) + s * n;
        if (p->keep_states) k.prev[s] = hb_part_before(m, p, b, t) + s * n;
    }
    for (size_t c = 0; c < model->coef_count; c++) {
        k.coef[c] = p->coef[c];
        if (p->wants_coef[c]) k.gcoef[c] = p->gcoef + (b * model->coef_count + c) * n;
    }
    const real *dV = p->dV ? hb_part_dI(m, p, p->dV, b, t) : NULL;
    for (size_t j = 0; dV && j < n; j++) k.adj[0][j] += dV[j];
    if (model->output == HB_OUT_V && !(k.spaic && model->spaic_output_none))
        for (size_t j = 0; j < n; j++) k.adj[0][j] += k.dO[j];
    if (model->output == HB_OUT_SPIKES) spikes_at(m, w, p, &k, b, t);
    if (model->unsettle) model->unsettle(&k);
    if (model->output == HB_OUT_SPIKES)
        through_window(m, w, p, k.dO, b, t);
    else if (model->output == HB_OUT_REAL)
        k.dx = k.dO;
    else
        memset(w->dx, 0, n * sizeof(real));
    model->unintegrate(&k);
    cut(back, p, b, t);
}

/* ---- the plan, backwards ---- */

static void push(const backward *back, hb_worker *w, size_t group, size_t b, bool inside, size_t t0,
                 size_t t1) {
    hb_machine *m = back->m;
    for (size_t i = m->link_count; i-- > 0;) {
        hb_link *link = &m->links[i];
        if (link->connection->post != group || link->connection->inside != inside || link->plastic)
            continue;
        HB_R(hb_link_push)(m, link, w, b, t0, t1, back->truncate);
    }
}

static void back_steps(const backward *back, hb_worker *w, size_t b, size_t first, size_t last) {
    const hb_graph *g = back->m->base.graph;
    const hb_part *p = &back->m->parts[g->order[first]];
    /* a group of a part of its own has the gradients of all its steps before the first is taken */
    if (last == first + 1 && p->active && HB_R(hb_part_sweeps_whole)(back->m, p)) {
        back_sweep(back, w, g->order[first], b, 0, back->m->steps);
        return;
    }
    for (size_t t = back->m->steps; t-- > 0;)
        for (size_t i = last; i-- > first;) {
            if (!back->m->parts[g->order[i]].active) continue;
            back_step(back, w, g->order[i], b, t);
            push(back, w, g->order[i], b, true, t, t + 1);
        }
}

/* The first of the part of the plan whose last group is order[last - 1]. */
static size_t part_before(const hb_graph *g, size_t last) {
    size_t first = last - 1, component = g->groups[g->order[first]].component;
    while (first > 0 && g->groups[g->order[first - 1]].component == component) first--;
    return first;
}

static void back_plan(const backward *back, hb_worker *w, size_t b) {
    hb_machine *m = back->m;
    const hb_graph *g = m->base.graph;
    for (size_t last = back->last, first; last > back->first; last = first) {
        first = part_before(g, last);
        back_steps(back, w, b, first, last);
        for (size_t i = first; i < last; i++)
            if (m->parts[g->order[i]].active) push(back, w, g->order[i], b, false, 0, m->steps);
    }
}

/* What a constant source has driven: all steps but one in which row 0 acted, and that one. */
static void total_of_constants(const backward *back, size_t b) {
    hb_machine *m = back->m;
    for (size_t i = 0; i < m->link_count; i++) {
        hb_link *link = &m->links[i];
        if (!link->total || !link->weight->grad) continue;
        size_t post = link->wiring->post;
        real *total = link->total + b * post;
        const real *dsum = hb_link_sum_gradient(m, link, b);
        if (back->newest) memset(total, 0, post * sizeof(real));
        if (!m->at) memcpy(total + m->batch_room * post, dsum, post * sizeof(real));
        for (size_t t = m->at ? 0 : link->lag; t < m->steps; t++)
            for (size_t j = 0; j < post; j++) total[j] += dsum[t * post + j];
    }
}

/* ---- from chunk to chunk ---- */

/* Clears a sample's rows, and those before them; the last ones are what the chunk after this one
 * owes. */
static void begin_rows(const backward *back, const hb_part *p, real *rows, const real *owed,
                       size_t steps, size_t b) {
    size_t reach = p->reach * p->n;
    rows = hb_part_dI(back->m, p, rows, b, 0);
    memset(rows - reach, 0, (reach + steps * p->n) * sizeof *rows);
    if (owed && !back->newest)
        memcpy(rows + steps * p->n - reach, owed + b * reach, reach * sizeof *rows);
}

/* Begins with what the chunk after this one has left, or with nothing. */
static void begin_from(const backward *back, real *to, const real *after, size_t cells, size_t b) {
    if (back->newest)
        memset(to, 0, cells * sizeof *to);
    else
        memcpy(to, after + b * cells, cells * sizeof *to);
}

/* Takes what the chunk after this one has left. */
static void take_over(const backward *back, size_t b) {
    const hb_machine *m = back->m;
    for (size_t i = 0; i < m->part_count; i++) {
        const hb_part *p = &m->parts[i];
        size_t coefs = p->model ? p->model->coef_count * p->n : 0;
        bool one_row = back->one_row && i == m->base.graph->readouts[back->readout].target;
        size_t steps = one_row ? 1 : m->steps;
        if (p->dI) begin_rows(back, p, p->dI, p->owed, steps, b);
        if (p->dV) begin_rows(back, p, p->dV, p->owed_V, steps, b);
        if (p->adj) begin_from(back, hb_part_adj(m, p, b), p->adj_after, p->states * p->n, b);
        if (p->any_coef && back->newest) memset(p->gcoef + b * coefs, 0, coefs * sizeof(real));
    }
    for (size_t i = 0; i < m->link_count; i++) {
        const hb_link *link = &m->links[i];
        size_t late = link->wiring->delay_max * link->post->n;
        if (link->dfilter)
            begin_from(back, hb_link_dfilter(m, link, b), link->dfilter_after, 2 * link->post->n,
                       b);
        if (link->defers) link->pushed.listed[b % m->back_block] = false;
        if (link->dsum_after && back->newest)
            memset(link->dsum_after + b * late, 0, late * sizeof(real));
    }
}

/* Leaves what reaches back over the chunk's start. */
static void hand_over(const backward *back, size_t b) {
    const hb_machine *m = back->m;
    if (!m->at) return;
    for (size_t i = 0; i < m->part_count; i++) {
        const hb_part *p = &m->parts[i];
        size_t cells = p->states * p->n, reach = p->reach * p->n;
        if (p->owed)
            memcpy(p->owed + b * reach, hb_part_dI(m, p, p->dI, b, 0) - reach,
                   reach * sizeof(real));
        if (p->owed_V)
            memcpy(p->owed_V + b * reach, hb_part_dI(m, p, p->dV, b, 0) - reach,
                   reach * sizeof(real));
        if (p->adj_after)
            memcpy(p->adj_after + b * cells, hb_part_adj(m, p, b), cells * sizeof(real));
    }
    for (size_t i = 0; i < m->link_count; i++) {
        const hb_link *link = &m->links[i];
        size_t cells = 2 * link->post->n;
        if (link->dfilter_after)
            memcpy(link->dfilter_after + b * cells, hb_link_dfilter(m, link, b),
                   cells * sizeof(real));
    }
}

/* The sums' gradients that spikes of the chunk before reach, once this one's weights have theirs.
 */
static void keep_sums(void *arg, size_t item, int worker) {
    const backward *back = arg;
    const hb_machine *m = back->m;
    size_t b = back->b0 + item, steps = m->steps;
    (void)worker;
    for (size_t i = 0; i < m->link_count; i++) {
        const hb_link *link = &m->links[i];
        size_t n = link->post->n, late = link->wiring->delay_max;
        if (!link->dsum_after) continue;
        real *rows = link->dsum_after + b * late * n;
        if (late > steps) memmove(rows + steps * n, rows, (late - steps) * n * sizeof *rows);
        memcpy(rows, hb_link_sum_gradient(m, link, b),
               (late < steps ? late : steps) * n * sizeof *rows);
    }
}

static void back_sample(void *arg, size_t item, int worker) {
    const backward *back = arg;
    hb_machine *m = back->m;
    size_t b = back->b0 + item;
    if (back->last == m->base.graph->order_count) {
        take_over(back, b);
        start_from_decoder(back, b);
    }
    back_plan(back, &m->workers[worker], b);
    if (back->first) return;
    total_of_constants(back, b);
    hand_over(back, b);
}

static bool defers(const hb_machine *m, const hb_link *link, size_t group) {
    return link->defers && link->post == &m->parts[group];
}

/* A stage ends where links defer their push until all samples are there. */
static size_t stage_before(const hb_machine *m, size_t last) {
    const hb_graph *g = m->base.graph;
    for (size_t first; last > 0; last = first) {
        bool ends = false;
        first = part_before(g, last);
        for (size_t i = 0; i < m->link_count; i++)
            for (size_t k = first; k < last; k++) ends |= defers(m, &m->links[i], g->order[k]);
        if (ends || !first) return first;
    }
    return 0;
}

static void push_deferred(void *arg, size_t item, int worker) {
    const backward *back = arg;
    HB_R(hb_link_push_deferred)
    (back->m, back->deferred, &back->m->workers[worker], item, back->b0, back->b1);
}

static void back_stages(backward *back) {
    hb_machine *m = back->m;
    const hb_graph *g = m->base.graph;
    for (back->last = g->order_count; back->last > 0; back->last = back->first) {
        back->first = stage_before(m, back->last);
        hb_pool_run_phase(g->pool, g->profile, "backward", back_sample, back, back->b1 - back->b0);
        for (size_t i = m->link_count; i-- > 0;)
            for (size_t k = back->first; k < back->last; k++) {
                if (!defers(m, &m->links[i], g->order[k])) continue;
                back->deferred = &m->links[i];
                hb_pool_run_phase(g->pool, g->profile, "backward", push_deferred, back,
                                  HB_R(hb_link_deferred_items)(m, back->deferred));
            }
    }
}

/* ---- parameters ---- */

/* The link that work item `item` belongs to; what is left is its block. */
static hb_link *link_of(const hb_machine *m, size_t *item) {
    size_t i = 0;
    while (*item >= m->first_item[i + 1]) i++;
    *item -= m->first_item[i];
    return &m->links[i];
}

/* Lists of spikes that the weight gradients need. */
static void list(void *arg, size_t item, int worker) {
    const backward *back = arg;
    hb_machine *m = back->m;
    for (size_t i = 0, items; i < m->link_count; i++, item -= items) {
        items = HB_R(hb_link_list_items)(m, &m->links[i], back->b0, back->b1);
        if (item >= items) continue;
        HB_R(hb_link_list)(m, &m->links[i], &m->workers[worker], item, back->b0, back->b1);
        return;
    }
}

static size_t lists(const backward *back) {
    size_t items = 0;
    for (size_t i = 0; i < back->m->link_count; i++)
        items += HB_R(hb_link_list_items)(back->m, &back->m->links[i], back->b0, back->b1);
    return items;
}

static void gather(void *arg, size_t item, int worker) {
    const backward *back = arg;
    hb_machine *m = back->m;
    hb_link *link = link_of(m, &item);
    if (!link->weight->grad || item >= HB_R(hb_link_gradient_items)(m, link))
        HB_R(hb_link_bias_gradient)(m, link, back->b0, back->b1);
    else
        HB_R(hb_link_gradient)(m, link, &m->workers[worker], item, back->b0, back->b1);
}

static void gather_constant(void *arg, size_t item, int worker) {
    const backward *back = arg;
    hb_machine *m = back->m;
    hb_link *link = link_of(m, &item);
    if (link->total && link->weight->grad && item < HB_R(hb_link_gradient_items)(m, link))
        HB_R(hb_link_constant_gradient)(m, link, &m->workers[worker], item);
}

/* Numbers the blocks of all links' weights. */
static size_t list_items(hb_machine *m) {
    size_t items = 0;
    for (size_t i = 0; i < m->link_count; i++) {
        hb_link *link = &m->links[i];
        m->first_item[i] = items;
        if (link->touched && !link->weight->row_count)
            memset(link->touched, 0, HB_WORDS(link->wiring->pre) * sizeof *link->touched);
        if (link->weight->grad) items += HB_R(hb_link_gradient_items)(m, link);
        if (link->bias && link->bias->trainable) items++;
    }
    m->first_item[m->link_count] = items;
    return items;
}

/* d coefficient / d parameter at p. */
static double derivative(hb_derive derive, double dt, double p) {
    if (derive == HB_DECAY) return exp(-dt / p) * dt / (p * p);
    if (derive == HB_RATE) return -dt / (p * p);
    return 1;
}

static void coefficient_gradients(hb_machine *m) {
    for (size_t i = 0; i < m->base.param_count; i++) {
        hb_parameter *q = &m->base.params[i];
        if (!q->trainable || q->what != HB_P_NEURON) continue;
        const hb_part *p = &m->parts[q->group];
        const hb_model *model = p->model;
        real *grad = q->grad;
        for (size_t c = 0; c < model->coef_count; c++) {
            if (!p->wants_coef[c] || strcmp(model->coefs[c].param, model->coefs[q->coef].param))
                continue;
            for (size_t j = 0; j < p->n; j++) {
                size_t at = q->count == 1 ? 0 : j;
                double sum = 0;
                for (size_t b = 0; b < m->base.batch; b++)
                    sum += (double)p->gcoef[(b * model->coef_count + c) * p->n + j];
                grad[at] += (real)(sum * derivative(model->coefs[c].derive, m->base.graph->dt,
                                                    (double)((real *)q->values)[at]));
            }
        }
    }
}

/* Rows with a gradient since the last zero_grad, for row-sparse optimizers. */
static void list_rows(hb_machine *m) {
    for (size_t i = 0; i < m->link_count; i++) {
        hb_link *link = &m->links[i];
        hb_parameter *p = link->weight;
        const hb_wiring *w = link->wiring;
        if (!link->touched) continue;
        p->row_count = 0;
        for (size_t s = 0; s < w->pre; s++) {
            if (!(link->touched[s / 64] >> s % 64 & 1)) continue;
            size_t first = w->start ? w->start[s] : s, last = w->start ? w->start[s + 1] : s + 1;
            for (size_t k = first; k < last; k++) p->row_list[p->row_count++] = (uint32_t)k;
        }
    }
}

static void back_chunk(backward *back, size_t items) {
    hb_machine *m = back->m;
    const hb_graph *g = m->base.graph;
    for (back->b0 = 0; back->b0 < m->base.batch; back->b0 = back->b1) {
        size_t left = m->base.batch - back->b0;
        size_t count = left < m->back_block ? left : m->back_block;
        back->b1 = back->b0 + count;
        back_stages(back);
        hb_pool_run_phase(g->pool, g->profile, "gradient", list, back, lists(back));
        hb_pool_run_phase(g->pool, g->profile, "gradient", gather, back, items);
        if (m->at) hb_pool_run_phase(g->pool, g->profile, "backward", keep_sums, back, count);
    }
}

/* What runs again must come out as it did. */
static hebb_status check_unchanged(const hb_machine *m) {
    bool writes = m->run_writes != m->base.writes, inputs = m->run_inputs != m->base.graph->inputs;
    if (!writes && !inputs) return HEBB_OK;
    return hb_fail(m->base.graph->env, HEBB_E_STATE,
                   "backward: tape = recompute runs the steps again, but the %s changed since "
                   "the run; take all gradients before %s, or use tape = exact",
                   writes ? "parameters have" : "input has",
                   writes ? "a step" : "the next input is given");
}

static void turn_weights(hb_machine *m) {
    for (size_t i = 0; i < m->link_count; i++) {
        const hb_link *link = &m->links[i];
        size_t pre = link->pre->n, post = link->post->n;
        if (link->turned)
            m->kernels->HB_K(transpose)(link->turned, pre, link->weight->values, post, post, pre);
    }
}

hebb_status HB_R(hb_bptt)(hb_engine *e, size_t readout, const double *dpredict, size_t truncate) {
    hb_machine *m = (hb_machine *)e;
    const hb_graph *g = e->graph;
    backward back = {.m = m, .readout = readout, .truncate = truncate, .dpredict = dpredict};
    const hb_decoder *d = &g->readouts[readout].decoder;
    if (!m->parts[g->readouts[readout].target].active) return HEBB_OK;
    size_t chunks = hb_chunk_count(m, e->steps);
    if (chunks > 1) HEBB_TRY(check_unchanged(m));
    if (m->record[readout]) {
        if (!d->ops->backward)
            return hb_fail(g->env, HEBB_E_UNSUPPORTED, "the decoder %s (%s) carries no gradient",
                           g->readouts[readout].name, d->ops->component->name);
        back.drecord = m->record[readout] + e->steps * e->batch * d->num;
        d->ops->backward(d, e->steps, e->batch, m->record[readout], e->predict[readout], dpredict,
                         back.drecord);
    }
    turn_weights(m);
    back.one_row = one_row_serves(&back);
    size_t items = list_items(m);
    hebb_status status = HEBB_OK;
    for (size_t chunk = chunks; status >= 0 && chunk-- > 0;) {
        /* the last one's tape is there, unless another backward pass has come before */
        if (m->at != chunk * m->step_room) status = HB_R(hb_chunk_again)(m, chunk);
        back.newest = chunk + 1 == chunks;
        if (status >= 0) back_chunk(&back, items);
    }
    if (chunks > 1) HB_R(hb_chunks_end)(m);
    HEBB_TRY(status);
    hb_pool_run_phase(g->pool, g->profile, "gradient", gather_constant, &back, items);
    double began = hb_phase_begin(g->profile);
    coefficient_gradients(m);
    list_rows(m);
    hb_phase_end(g->profile, "gradient", began);
    return HEBB_OK;
}

/* A run: samples are shared over the threads, or the neurons of a single one; each goes through
 * the plan. */
#include <math.h>
#include <string.h>

#include "network/engine.h"

/* ---- sources ---- */

/* Steps first .. first + steps of the presentation to `bits`, or to the worker's floats. */
static hebb_status encode_steps(hb_machine *m, hb_worker *w, hb_part *p, size_t b, size_t first,
                                size_t steps, uint64_t *bits) {
    hb_group *group = p->group;
    const hb_graph *g = m->base.graph;
    size_t own = group->batch == 1 ? 0 : b;
    size_t count = p->n * (group->value_rows ? group->value_rows : 1);
    if (group->role == HB_GENERATOR) count = group->value_rows;
    bool each_step = group->role == HB_ENCODER && group->encoder.ops->per_step;
    size_t past = each_step ? first * p->n : 0;
    float *floats =
        p->floats ? p->floats +
                        (size_t)(w - m->workers) *
                            (p->form == HB_FORM_CONSTANT || p->spread ? p->n : m->step_room * p->n)
                  : NULL;
    hb_encode_job job = {.values = group->values ? group->values + own * count + past : NULL,
                         .value_count = group->values ? count - past : 0,
                         .batch_min = group->low,
                         .batch_max = group->high,
                         .num = p->n,
                         .first = first,
                         .steps = steps,
                         .total = m->began + m->base.steps,
                         .seed = g->seed,
                         .domain_id = (uint32_t)(p - m->parts),
                         .sample = g->sample_count ? g->samples[b] : g->shown + b,
                         .rows = floats};
    if (group->offsets) {
        size_t from = group->offsets[own];
        job.times = group->times + from;
        job.neurons = group->neurons + from;
        job.events = group->offsets[own + 1] - from;
    }
    if (p->trains) {
        job.trains = (hb_trains){hb_part_train(m, p, b, 0), hb_train_stride(m), hb_part_lit(p, b)};
    } else if (p->form == HB_FORM_BITS) {
        job.bits = (hb_bits){bits, p->words};
        memset(bits, 0, steps * p->words * 8);
    }
    hebb_status status = group->encoder.ops->encode(&group->encoder, &w->env, &job);
    if (status < 0) return hb_fail_in(&w->env, status, group->name);
    if (p->trains) HB_R(hb_trains_row)(m, p, b, steps - 1, hb_part_edge(p, b, 1));
    if (p->form == HB_FORM_CONSTANT)
        for (size_t i = 0; i < p->n; i++) p->constant[b * p->n + i] = (real)floats[i];
    if (p->form == HB_FORM_ROWS) {
        real *rows = hb_part_row(m, p, p->rows, b, 1);
        for (size_t t = 0; t < steps; t++)
            for (size_t i = 0; i < p->n; i++)
                rows[t * p->n + i] = (real)floats[p->spread ? i : t * p->n + i];
    }
    return HEBB_OK;
}

/* The chunk's bits, out of whole pieces of the train: random ones are drawn from the start of a
 * piece on, and each chunk by itself would draw again what lies before it. */
static hebb_status encode_ahead(hb_machine *m, hb_worker *w, hb_part *p, size_t b) {
    size_t first = m->began + m->at, last = first + m->steps, end = m->began + m->base.steps;
    size_t room = m->time_room < HB_AHEAD ? m->time_room : HB_AHEAD;
    uint64_t *ahead = p->ahead + b * room * p->words;
    for (size_t at = first, next; at < last; at = next) {
        size_t piece = at / HB_AHEAD * HB_AHEAD, from = piece > m->began ? piece : m->began;
        size_t stop = piece + HB_AHEAD < end ? piece + HB_AHEAD : end;
        if (p->ahead_end[b] != stop) HEBB_TRY(encode_steps(m, w, p, b, from, stop - from, ahead));
        p->ahead_end[b] = stop;
        next = last < stop ? last : stop;
        memcpy(hb_part_bits(m, p, b, at - first + 1), ahead + (at - from) * p->words,
               (next - at) * p->words * sizeof *ahead);
    }
    return HEBB_OK;
}

static hebb_status encode(hb_machine *m, hb_worker *w, hb_part *p, size_t b) {
    if (p->form == HB_FORM_CONSTANT && (m->at || m->again)) return HEBB_OK; /* it is there */
    if (p->ahead) return encode_ahead(m, w, p, b);
    uint64_t *bits = p->form == HB_FORM_BITS ? hb_part_bits(m, p, b, 1) : NULL;
    return encode_steps(m, w, p, b, m->began + m->at, m->steps, bits);
}

/* ---- neurons ---- */

static void soft_output(hb_machine *m, hb_part *p, const hb_step *k, size_t b, size_t t) {
    const hb_surrogate *s = &p->group->surrogate;
    real *mask = hb_part_held(m, p, p->mask, b, t), *reset = hb_part_held(m, p, p->reset, b, t);
    real *out = hb_part_row(m, p, p->rows, b, t + 1);
    for (size_t j = 0; j < p->n; j++) {
        double x = (double)k->x[j];
        out[j] = p->group->surrogate_set ? (real)s->ops->integral(s, x) : (real)(x > 0);
        if (m->base.hold) continue;
        mask[j] = x > 0 || (s->fires_at_zero && x == 0);
        reset[j] = out[j];
    }
}

/* Spikes, and what the backward pass needs of x. Returns the spikes of the step. */
static uint64_t fire(hb_machine *m, hb_worker *w, hb_part *p, hb_step *k, size_t b, size_t t) {
    uint64_t count = 0;
    size_t word = hb_mine(m, w, p).first / 64;
    if (m->base.graph->soft) {
        soft_output(m, p, k, b, t);
        k->o = p->group->detach_reset ? hb_part_held(m, p, p->reset, b, t)
                                      : hb_part_row(m, p, p->rows, b, t + 1);
        k->m = hb_part_held(m, p, p->mask, b, t);
    } else {
        uint64_t *bits = hb_part_bits(m, p, b, t + 1) + word;
        m->kernels->HB_K(between)(k->x, k->n, hb_part_fires_above(p), (real)INFINITY, bits);
        m->kernels->HB_K(expand)(bits, k->n, 1, w->o);
        for (size_t i = 0; i < HB_WORDS(k->n); i++)
            if (bits[i]) count += (uint64_t)__builtin_popcountll(bits[i]);
        k->o = k->m = w->o;
        k->quiet = !count;
    }
    if (p->window && m->base.train)
        m->kernels->HB_K(between)(k->x, k->n, (real)p->low, (real)p->high,
                                  p->window + (b * m->step_room + t) * p->words + word);
    return count;
}

/* Row t of the group's synaptic input. Where the group goes step by step and no backward pass
 * reads it, one row serves all steps of all samples. */
static real *current(const hb_machine *m, const hb_worker *w, size_t group, size_t input, size_t b,
                     size_t t) {
    const hb_part *p = &m->parts[group];
    if (!w->I[group]) return hb_part_tape(m, p, p->I, b, t);
    size_t row = (b % m->block * p->inputs + input) * m->step_room + t;
    return w->I[group] + (p->one_row ? input : row) * p->n;
}

static void record(hb_machine *m, const hb_worker *w, const hb_part *p, hb_share mine, size_t b,
                   size_t t) {
    const hb_graph *g = m->base.graph;
    size_t group = (size_t)(p - m->parts);
    for (size_t i = 0; i < g->monitor_count; i++) {
        const hb_monitor *monitor = &g->monitors[i];
        if (monitor->spikes || monitor->group != (int)group) continue;
        double *to = m->base.records[i] + ((m->at + t) * m->base.batch + b) * p->n + mine.first;
        const real *from =
            monitor->state == HB_VAR_ISYN ? (p->model ? current(m, w, group, 0, b, t) : NULL)
            : monitor->state >= 0     ? p->state + (b * p->states + (size_t)monitor->state) * p->n
            : p->form == HB_FORM_ROWS ? hb_part_row(m, p, p->rows, b, t + 1)
            : p->form == HB_FORM_CONSTANT ? p->constant + b * p->n
                                          : NULL;
        if (from)
            for (size_t j = 0; j < mine.n; j++) to[j] = (double)from[mine.first + j];
        else
            m->kernels->expand_f64(hb_part_bits(m, p, b, t + 1) + mine.first / 64, mine.n, 1, to);
    }
}

/* Steps t0 .. t1 of a group whose currents are there, or of the worker's share of it. */
static void sweep(hb_machine *m, hb_worker *w, hb_part *p, size_t b, size_t samples, size_t t0,
                  size_t t1) {
    hb_share mine = hb_mine(m, w, p);
    size_t group = (size_t)(p - m->parts);
    const real *I = current(m, w, group, 0, b, t0) + mine.first;
    HB_R(hb_part_sweep)(m, p, mine, b, samples, t0, t1, I, p->n);
    for (size_t k = 0; k < samples; k++)
        w->spikes[group] += HB_R(hb_part_spikes)(m, p, mine, b + k, t0, t1);
}

/* Samples b0 .. b1 of a group that goes by itself. */
static void sweep_block(hb_machine *m, hb_worker *w, hb_part *p, size_t b0, size_t b1) {
    for (size_t b = b0, samples; b < b1; b += samples) {
        samples = p->n <= HB_ABREAST_MOST && b1 - b >= HB_ABREAST ? HB_ABREAST : 1;
        sweep(m, w, p, b, samples, 0, m->steps);
    }
}

/* Step t of a group, or of the worker's share, which has no tape, by the model's loops one after
 * another; returns its row of x. */
static const real *by_loops(hb_machine *m, hb_worker *w, hb_part *p, size_t b, size_t t) {
    const hb_model *model = p->model;
    hb_share mine = hb_mine(m, w, p);
    size_t n = mine.n, first = mine.first, group = (size_t)(p - m->parts);
    bool tape = p->active && m->base.train;
    hb_step k = {.n = n,
                 .I = current(m, w, group, 0, b, t) + first,
                 .spaic = m->base.graph->spaic,
                 .detach = p->group->detach_reset};
    if (p->inputs > 1) k.I2 = current(m, w, group, 1, b, t) + first;
    if (p->kept_now) k.kept = p->kept_now + first;
    k.learns = m->base.train;
    k.uniform = p->uniform;
    k.x = tape && p->keep_x ? hb_part_tape(m, p, p->x, b, t) : w->x;
    for (size_t c = 0; c < model->coef_count; c++) k.coef[c] = p->coef[c] + first;
    for (size_t s = 0; s < p->states; s++)
        k.state[s] = p->state + (b * p->states + s) * p->n + first;
    if (tape && p->keep_states)
        memcpy(hb_part_before(m, p, b, t), k.state[0], p->states * n * sizeof(real));
    model->integrate(&k);
    if (w->team)
        HB_R(hb_team_contest)(m, w, p, &k);
    else
        hb_hold_contest(model->contest, &k);
    if (model->output == HB_OUT_SPIKES) w->spikes[group] += fire(m, w, p, &k, b, t);
    if (model->settle) model->settle(&k);
    return k.x;
}

/* Step t of a group whose currents are there. */
static void step(hb_machine *m, hb_worker *w, hb_part *p, size_t b, size_t t) {
    const hb_model *model = p->model;
    hb_share mine = hb_mine(m, w, p);
    size_t bytes = mine.n * sizeof(real);
    const real *V = p->state + b * p->states * p->n + mine.first, *x = w->x;
    if (hb_part_sweeps(m, p))
        sweep(m, w, p, b, 1, t, t + 1);
    else
        x = by_loops(m, w, p, b, t);
    if (p->rows && model->output != HB_OUT_SPIKES) {
        real *row = hb_part_row(m, p, p->rows, b, t + 1) + mine.first;
        if (m->base.graph->spaic && model->spaic_output_none)
            memset(row, 0, bytes);
        else
            memcpy(row, model->output == HB_OUT_V ? V : x, bytes);
    }
    if (p->V && p->V != p->rows) memcpy(hb_part_row(m, p, p->V, b, t + 1) + mine.first, V, bytes);
    if (p->recorded && !m->again) record(m, w, p, mine, b, t);
}

/* ---- the plan ---- */

/* What comes from outside the group's part of the graph, or from inside it. */
static void pull(hb_machine *m, hb_worker *w, size_t group, size_t b, bool inside, size_t t0,
                 size_t t1) {
    for (size_t i = 0; i < m->link_count; i++) {
        const hb_connection *c = m->links[i].connection;
        if (c->post != group || c->inside != inside) continue;
        if (m->links[i].pre->model) hb_wait(w);
        HB_R(hb_link_pull)
        (m, &m->links[i], w, current(m, w, group, m->links[i].input, b, t0), b, t0, t1);
    }
}

static void clear_currents(hb_machine *m, hb_worker *w, size_t group, size_t b, size_t t0,
                           size_t t1) {
    const hb_part *p = &m->parts[group];
    hb_share mine = hb_mine(m, w, p);
    for (size_t k = 0; k < p->inputs; k++) {
        real *rows = current(m, w, group, k, b, t0) + mine.first;
        if (mine.n == p->n) {
            memset(rows, 0, (t1 - t0) * p->n * sizeof(real));
            continue;
        }
        for (size_t t = t0; t < t1; t++, rows += p->n) memset(rows, 0, mine.n * sizeof(real));
    }
}

/* Groups order[first .. last) in step t; all: with what comes from outside them. */
static void run_step(hb_machine *m, hb_worker *w, size_t b, size_t first, size_t last, size_t t,
                     bool all) {
    const hb_graph *g = m->base.graph;
    for (size_t i = first; i < last; i++) {
        size_t group = g->order[i];
        if (m->parts[group].waits) hb_meet(w);
        if (!hb_mine(m, w, &m->parts[group]).n) {
            if (w->team) HB_R(hb_team_contest)(m, w, &m->parts[group], NULL);
            continue;
        }
        if (all) clear_currents(m, w, group, b, t, t + 1);
        if (all) pull(m, w, group, b, false, t, t + 1);
        pull(m, w, group, b, true, t, t + 1);
        step(m, w, &m->parts[group], b, t);
    }
}

static void run_steps(hb_machine *m, hb_worker *w, size_t b, size_t first, size_t last, bool all) {
    bool meets = m->base.graph->stepwise || m->parts[m->base.graph->order[first]].meets;
    for (size_t t = 0; t < m->steps; t++) {
        run_step(m, w, b, first, last, t, all);
        if (meets) hb_come(w);
    }
}

/* Currents of samples b0 .. b1 over a whole chunk: what comes from outside the group's part of the
 * graph. */
static void pull_block(hb_machine *m, hb_worker *w, size_t group, size_t b0, size_t b1) {
    const hb_part *p = &m->parts[group];
    size_t stride = p->inputs * m->step_room * p->n;
    bool fresh = true; /* nothing has been written */
    for (size_t i = 0; i < m->link_count && hb_mine(m, w, p).n; i++) {
        hb_link *link = &m->links[i];
        if (link->connection->post != group || link->connection->inside) continue;
        bool tables = hb_link_has_tables(link), clears = tables && p->inputs == 1;
        for (size_t b = b0; b < b1 && fresh && !clears; b++)
            clear_currents(m, w, group, b, 0, m->steps);
        real *I = current(m, w, group, link->input, b0, 0);
        if (tables) HB_R(hb_link_pull_block)(m, link, w, I, stride, b0, b1, fresh && clears);
        for (size_t b = b0; b < b1 && !tables; b++)
            HB_R(hb_link_pull)(m, link, w, I + (b - b0) * stride, b, 0, m->steps);
        fresh = false;
    }
    for (size_t b = b0; b < b1 && fresh; b++) clear_currents(m, w, group, b, 0, m->steps);
}

/* Samples b0 .. b1 through the plan; a block's first sample is a multiple of m->block. */
static void run_plan(hb_machine *m, hb_worker *w, size_t b0, size_t b1) {
    const hb_graph *g = m->base.graph;
    for (size_t b = b0; b < b1 && g->stepwise; b++) run_steps(m, w, b, 0, g->order_count, true);
    if (g->stepwise) return;
    for (size_t i = 0, next; i < g->order_count; i = next) {
        next = i + 1;
        size_t component = g->groups[g->order[i]].component;
        while (next < g->order_count && g->groups[g->order[next]].component == component) next++;
        bool all = m->parts[g->order[i]].one_row;
        hb_part *alone = next == i + 1 && !all ? &m->parts[g->order[i]] : NULL;
        bool slabs = alone && alone->slab;
        bool whole = slabs || (alone && !alone->recorded && HB_R(hb_part_sweeps_whole)(m, alone));
        if (slabs) HB_R(hb_part_run_slabs)(m, w, alone, b0, b1);
        for (size_t k = i; k < next && !all && !slabs; k++) pull_block(m, w, g->order[k], b0, b1);
        if (whole && !slabs) sweep_block(m, w, alone, b0, b1);
        for (size_t b = b0; b < b1 && !whole; b++) run_steps(m, w, b, i, next, all);
        hb_meet(w);
    }
}

/* ---- a sample, a batch ---- */

static bool finite_state(const hb_part *p, size_t b) {
    const real *state = p->state + b * p->states * p->n;
    real sum = 0;
    for (size_t i = 0; i < p->states * p->n; i++) sum += state[i] * 0;
    return sum == 0;
}

/* Will the backward pass ask for chunks again? */
static bool keeps_chunks(const hb_machine *m) {
    return m->base.train && m->base.steps > m->step_room;
}

static void encode_sample(void *arg, size_t b, int worker) {
    hb_machine *m = arg;
    hb_worker *w = &m->workers[worker];
    size_t chunk = m->at / m->step_room;
    m->sample_status[b] = HEBB_OK;
    if (m->again)
        HB_R(hb_snapshot_restore)(m, b, chunk);
    else if (m->fresh && !m->at)
        HB_R(hb_machine_reset_sample)(m, b);
    else
        HB_R(hb_carry_on)(m, b);
    if (keeps_chunks(m) && !m->again) HB_R(hb_snapshot_save)(m, b, 0, chunk);
    for (size_t i = 0; i < m->part_count; i++) {
        hb_part *p = &m->parts[i];
        if (p->model) continue;
        hebb_status status = encode(m, w, p, b);
        if (status < 0) {
            m->sample_status[b] = status;
            return;
        }
        for (size_t t = 0; p->recorded && !m->again && t < m->steps; t++)
            record(m, w, p, (hb_share){0, p->n}, b, t);
    }
    for (size_t i = 0; i < m->link_count && !m->at && !m->again; i++)
        if (m->links[i].drops) HB_R(hb_link_draw)(m, &m->links[i], b);
}

enum { CONSTANT_BLOCK = 32 };

static void constant_block(void *arg, size_t item, int worker) {
    hb_machine *m = arg;
    size_t first = item * CONSTANT_BLOCK, last = first + CONSTANT_BLOCK;
    if (last > m->base.batch) last = m->base.batch;
    for (size_t i = 0; i < m->link_count; i++)
        if (m->links[i].constant && !m->links[i].connection->reads_v)
            HB_R(hb_link_constants)(m, &m->links[i], &m->workers[worker], first, last);
}

static void finish_sample(void *arg, size_t b, int worker) {
    hb_machine *m = arg;
    hb_worker *w = &m->workers[worker];
    for (size_t i = 0; i < m->link_count; i++) HB_R(hb_link_finish)(m, &m->links[i], w, b);
    HB_R(hb_read_sample)(m, w, b);
    if (keeps_chunks(m) && m->at + m->steps == m->base.steps)
        HB_R(hb_snapshot_save)(m, b, m->steps, hb_chunk_count(m, m->base.steps));
    for (size_t i = 0; i < m->part_count; i++)
        if (m->parts[i].model && !finite_state(&m->parts[i], b))
            m->sample_status[b] = HEBB_E_NOT_FINITE;
}

static void run_block(void *arg, size_t item, int worker) {
    hb_machine *m = arg;
    size_t first = item * m->block, last = first + m->block;
    if (last > m->base.batch) last = m->base.batch;
    run_plan(m, &m->workers[worker], first, last);
    for (size_t b = first; b < last && !m->again; b++) finish_sample(m, b, worker);
}

/* ---- all samples together ---- */

static void run_now(void *arg, size_t b, int worker) {
    hb_machine *m = arg;
    hb_worker *w = &m->workers[worker];
    run_step(m, w, b, 0, m->base.graph->order_count, m->now, true);
}

/* A monitor shows what is kept as it stands after the step, as any state. */
static void record_kept(hb_machine *m, const hb_part *p, hb_share mine, size_t t) {
    const hb_graph *g = m->base.graph;
    for (size_t i = 0; i < g->monitor_count; i++) {
        const hb_monitor *monitor = &g->monitors[i];
        if (monitor->spikes || monitor->group != p - m->parts ||
            monitor->state != (int)p->model->kept_state)
            continue;
        double *to = m->base.records[i] + t * m->base.batch * p->n;
        for (size_t b = 0; b < m->base.batch; b++)
            for (size_t j = mine.first; j < mine.first + mine.n; j++)
                to[b * p->n + j] = (double)p->kept_now[j];
    }
}

/* The spikes of a share: their places in it. */
static size_t fired_of(hb_machine *m, hb_worker *w, const hb_part *p, hb_share mine, size_t b,
                       size_t t) {
    const uint64_t *bits = hb_part_bits(m, p, b, t + 1) + mine.first / 64;
    return m->kernels->positions(bits, HB_WORDS(mine.n), w->index);
}

/* Returns false where nobody has. */
static bool count_fired(hb_machine *m, hb_worker *w, const hb_part *p, hb_share mine, size_t t) {
    bool any = false;
    for (size_t b = 0; b < m->base.batch; b++) {
        if (p->form != HB_FORM_BITS) { /* soft spikes */
            const real *row = hb_part_row(m, p, p->rows, b, t + 1);
            for (size_t j = 0; j < p->n; j++) p->fired[j] += row[j];
            any = true;
            continue;
        }
        size_t count = fired_of(m, w, p, mine, b, t);
        for (size_t k = 0; k < count; k++) p->fired[mine.first + w->index[k]] += 1;
        any |= count > 0;
    }
    return any;
}

/* fired holds zeros between steps; few neurons fire in one. */
static void clear_fired(hb_machine *m, hb_worker *w, const hb_part *p, hb_share mine, size_t t) {
    for (size_t b = 0; b < m->base.batch; b++) {
        if (p->form != HB_FORM_BITS) {
            memset(p->fired, 0, p->n * sizeof(real));
            return;
        }
        size_t count = fired_of(m, w, p, mine, b, t);
        for (size_t k = 0; k < count; k++) p->fired[mine.first + w->index[k]] = 0;
    }
}

/* What groups keep over runs follows the spikes of the step. */
static void adapt(hb_machine *m, hb_worker *w, size_t t) {
    for (size_t i = 0; i < m->part_count; i++) {
        hb_part *p = &m->parts[i];
        hb_share mine = hb_mine(m, w, p);
        if (!p->kept || !p->model->adapt || !mine.n) continue;
        bool any = count_fired(m, w, p, mine, t);
        hb_adapt a = {.n = mine.n,
                      .fired = p->fired + mine.first,
                      .quiet = !any,
                      .uniform = p->uniform,
                      .kept = p->kept + mine.first,
                      .now = p->kept_now + mine.first};
        for (size_t c = 0; c < p->model->coef_count; c++) a.coef[c] = p->coef[c] + mine.first;
        p->model->adapt(&a);
        if (any) clear_fired(m, w, p, mine, t);
        if (p->recorded) record_kept(m, p, mine, t);
    }
}

/* Rewards, and what one thread does between the steps. */
static void judge_and_learn(hb_machine *m, size_t t, bool learn) {
    HB_R(hb_rewards_step)(m, t);
    if (learn) m->between->step(m->between->user, t);
}

static void run_together(hb_machine *m) {
    hb_pool *pool = m->base.graph->pool;
    const hebb_profile *profile = m->base.graph->profile;
    for (size_t t = 0; t < m->base.steps; t++) {
        m->now = t;
        hb_pool_run_phase(pool, profile, "forward", run_now, m, m->base.batch);
        double began = hb_phase_begin(profile);
        adapt(m, m->workers, t);
        judge_and_learn(m, t, m->between && m->between->every_step);
        hb_phase_end(profile, "plasticity", began);
    }
    hb_pool_run_phase(pool, profile, "forward", finish_sample, m, m->base.batch);
}

/* ---- one sample, whose neurons are shared ---- */

/* One thread waits for all, does this step's serial work, and lets them go on. */
static void learn_alone(hb_machine *m, hb_worker *w, size_t t, bool learn) {
    hb_meet(w);
    if (w == m->workers) judge_and_learn(m, t, learn);
    hb_meet(w);
}

static void member_together(hb_machine *m, hb_worker *w, size_t member) {
    const hebb_profile *profile = m->base.graph->profile;
    bool learns = m->between && m->between->every_step, splits = m->learners > 1;
    bool alone = m->base.graph->reward_count || (learns && !splits);
    for (size_t t = 0; t < m->base.steps; t++) {
        double began = hb_phase_begin(profile);
        run_step(m, w, 0, 0, m->base.graph->order_count, t, true);
        hb_phase_end_of(profile, "forward", (int)member, began);
        began = hb_phase_begin(profile);
        if (!alone) hb_come(w); /* what follows is each member's own */
        adapt(m, w, t);
        if (alone) learn_alone(m, w, t, learns && !splits);
        if (learns && splits) m->between->step_of(m->between->user, t, member);
        hb_phase_end_of(profile, "plasticity", (int)member, began);
    }
}

static void run_member(void *arg, hb_team *team, size_t member) {
    hb_machine *m = arg;
    hb_worker *w = &m->workers[member];
    double began = hb_phase_begin(m->together ? NULL : m->base.graph->profile);
    w->team = team;
    if (m->together)
        member_together(m, w, member);
    else
        run_plan(m, w, 0, 1);
    hb_wait(w);
    w->team = NULL;
    hb_phase_end_of(m->together ? NULL : m->base.graph->profile, "forward", (int)member, began);
}

static void run_shared(hb_machine *m) {
    hb_team_run(m->base.graph->pool, m->members, run_member, m);
    finish_sample(m, 0, 0);
}

static hebb_status first_failure(hb_machine *m) {
    hb_env *env = m->base.graph->env;
    for (size_t b = 0; b < m->base.batch; b++) {
        hebb_status status = m->sample_status[b];
        if (status >= 0) continue;
        for (size_t i = 0; status == HEBB_E_NOT_FINITE && i < m->part_count; i++) {
            const hb_part *p = &m->parts[i];
            for (size_t k = 0; p->model && k < p->states * p->n; k++) {
                real value = p->state[b * p->states * p->n + k];
                if (!isfinite(value))
                    return hb_fail(env, status,
                                   "%s: the state %s of neuron %zu became %g in sample %zu of the "
                                   "batch",
                                   p->group->name, p->model->states[k / p->n], k % p->n,
                                   (double)value, b);
            }
        }
        for (size_t w = 0; w < m->worker_count; w++)
            if (m->workers[w].env.status == status)
                return hb_fail(env, status, "sample %zu: %s", b, m->workers[w].env.error);
        return hb_fail(env, status, "sample %zu of the batch cannot be encoded", b);
    }
    return HEBB_OK;
}

/* Groups that drive each other go step by step in any case. What reaches them as bits or constants
 * costs as much step by step as in one sweep, and their currents stay in the cache; real numbers
 * go through one product of matrices, many bits through tables, and what a gradient flows through
 * is swept as its backward pass has it. */
static void choose_rows(hb_machine *m) {
    const hb_graph *g = m->base.graph;
    for (size_t i = 0; i < g->order_count; i++) {
        size_t component = g->groups[g->order[i]].component;
        bool loops = false, swept = false;
        for (size_t k = 0; k < m->link_count; k++) {
            const hb_link *link = &m->links[k];
            const hb_connection *c = link->connection;
            if (g->groups[c->post].component != component) continue;
            loops |= c->inside;
            swept |= !c->inside && (hb_link_reads_rows(link) || hb_link_has_tables(link));
            swept |= link->post->active;
        }
        hb_part *p = &m->parts[g->order[i]];
        p->meets = loops || p->model->contest;
        p->one_row = m->together || g->stepwise || (loops && !swept);
        p->waits = false;
        for (size_t k = 0; k < m->link_count; k++) {
            const hb_link *link = &m->links[k];
            p->waits |= link->post == p && link->pre->model && !link->lag &&
                        (link->connection->inside || m->together || g->stepwise);
        }
    }
}

/* weight_quantization, and SPAIC's clamp, act when a run starts. */
static void prepare_weights(hb_machine *m) {
    for (size_t i = 0; i < m->link_count; i++) {
        const hb_link *link = &m->links[i];
        const hb_parameter *p = link->weight;
        real *w = p->values;
        if (hb_args_num(&link->connection->args, "weight_quantization") != 0)
            for (size_t k = 0; k < p->count; k++)
                w[k] = (real)rint(fmin(fmax((double)w[k] + 128, 0), 256)) - 128;
        if (m->base.graph->spaic && (p->low > -HB_INF || p->high < HB_INF))
            for (size_t k = 0; k < p->count; k++)
                w[k] = (real)fmin(fmax((double)w[k], p->low), p->high);
    }
}

/* Samples of a block: as many as there is room for, but blocks of one size, and as many for each
 * thread. Blocks show in nothing but the time. */
static size_t block_of(const hb_machine *m, size_t batch) {
    size_t blocks = (batch + m->block_room - 1) / m->block_room, threads = m->worker_count;
    blocks = (blocks + threads - 1) / threads * threads;
    return (batch + blocks - 1) / blocks;
}

static void begin_run(hb_machine *m, size_t batch, size_t steps, bool fresh) {
    hb_engine *e = &m->base;
    m->fresh = fresh || !e->ran;
    if (m->fresh) e->clock = 0;
    m->began = e->clock;
    e->batch = batch;
    e->steps = steps;
    m->block = block_of(m, batch);
    e->ran = e->taped = false;
    m->run_writes = e->writes;
    m->run_inputs = e->graph->inputs;
    prepare_weights(m);
    for (size_t i = 0; i < m->link_count; i++)
        m->links[i].drops = e->train && m->links[i].dropout > 0;
    if (e->dirty) HB_R(hb_machine_derive)(m);
    for (size_t i = 0; i < m->part_count; i++)
        if (m->parts[i].ahead_end) memset(m->parts[i].ahead_end, 0, batch * sizeof(size_t));
    for (size_t w = 0; w < m->worker_count; w++) {
        hb_env_init(&m->workers[w].env, NULL);
        memset(m->workers[w].spikes, 0, m->part_count * sizeof(uint64_t));
    }
    bool learns = e->train && m->between;
    m->together = e->train && (m->keeps || (learns && m->between->every_step));
    choose_rows(m);
    HB_R(hb_read_begin)(m);
    HB_R(hb_rewards_begin)(m);
}

/* Steps m->at .. of the run, as many as a chunk has. */
static void begin_chunk(hb_machine *m, size_t at) {
    size_t left = m->base.steps - at;
    m->at = at;
    m->steps = left < m->step_room ? left : m->step_room;
}

static hebb_status run_chunk(hb_machine *m) {
    hb_graph *g = m->base.graph;
    size_t batch = m->base.batch;
    bool learns = m->base.train && m->between;
    hb_pool_run_phase(g->pool, g->profile, "encode", encode_sample, m, batch);
    HEBB_TRY(first_failure(m));
    if (!m->at)
        hb_pool_run_phase(g->pool, g->profile, "forward", constant_block, m,
                          (batch + CONSTANT_BLOCK - 1) / CONSTANT_BLOCK);
    m->members = HB_R(hb_team_size)(m);
    m->learners = learns && m->between->splits(m->between->user) ? m->members : 1;
    if (m->members > 1) HB_R(hb_team_shares)(m, m->members);
    if (learns) m->between->begin(m->between->user, m->fresh);
    if (m->members > 1)
        run_shared(m);
    else if (m->together)
        run_together(m);
    else
        hb_pool_run_phase(g->pool, g->profile, "forward", run_block, m,
                          (batch + m->block - 1) / m->block);
    m->last_row = m->steps;
    hebb_status status = first_failure(m);
    if (status < 0 && learns) m->between->abandon(m->between->user);
    return status;
}

hebb_status HB_R(hb_chunk_again)(hb_machine *m, size_t chunk) {
    hb_graph *g = m->base.graph;
    bool train = m->base.train; /* it was when the run was */
    m->base.train = m->again = true;
    begin_chunk(m, chunk * m->step_room);
    hb_pool_run_phase(g->pool, g->profile, "backward", encode_sample, m, m->base.batch);
    hebb_status status = first_failure(m);
    if (status >= 0)
        hb_pool_run_phase(g->pool, g->profile, "backward", run_block, m,
                          (m->base.batch + m->block - 1) / m->block);
    m->again = false;
    m->base.train = train;
    return status;
}

hebb_status HB_R(hb_machine_run)(hb_engine *e, size_t batch, size_t steps, bool fresh) {
    hb_machine *m = (hb_machine *)e;
    hb_graph *g = e->graph;
    HEBB_TRY(HB_R(hb_machine_room)(m, batch, steps));
    if (e->train && m->between) HEBB_TRY(m->between->check(m->between->user, batch));
    begin_run(m, batch, steps, fresh);
    for (size_t at = 0; at < steps; at += m->steps) {
        begin_chunk(m, at);
        HEBB_TRY(run_chunk(m));
    }
    for (size_t t = 0; !m->together && t < steps; t++) HB_R(hb_rewards_step)(m, t);
    bool learns = e->train && m->between;
    double began = hb_phase_begin(learns ? g->profile : NULL);
    if (learns) m->between->end(m->between->user);
    hb_phase_end(learns ? g->profile : NULL, "plasticity", began);
    HB_R(hb_read_run)(m);
    for (size_t i = 0; i < m->part_count; i++) {
        e->spikes[i] = 0;
        for (size_t w = 0; w < m->worker_count; w++) e->spikes[i] += m->workers[w].spikes[i];
    }
    for (size_t t = 0; t < steps; t++) e->times[t] = (double)(e->clock + t + 1) * g->dt;
    e->clock += steps;
    e->ran = true;
    e->taped = e->train;
    return HEBB_OK;
}

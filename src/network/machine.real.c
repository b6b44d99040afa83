/* The engine: its parameters, its constants and its memory. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "kernels/blas.h"
#include "network/engine.h"

#ifdef HB_DOUBLE
#define hb_machine_derive hb_machine_derive_f64
#define hb_machine_room   hb_machine_room_f64
#else
#define hb_machine_derive hb_machine_derive_f32
#define hb_machine_room   hb_machine_room_f32
#endif

/* ---- parameters ---- */

static hb_parameter *add_param(hb_machine *m, const char *object, const char *name, size_t rows,
                               size_t count) {
    hb_parameter *p = &m->base.params[m->base.param_count++];
    snprintf(p->name, sizeof p->name, "%s.%s", object, name);
    p->dtype = HB_DTYPE;
    p->rows = rows;
    p->count = count;
    p->connection = p->group = -1;
    p->low = -HB_INF;
    p->high = HB_INF;
    p->shape[0] = count;
    p->ndim = 1;
    p->values = hb_calloc(m->base.graph->env, count, sizeof(real));
    return p;
}

static hebb_status too_large(hb_machine *m, const hb_parameter *p, double value) {
    return hb_fail(m->base.graph->env, HEBB_E_RANGE,
                   "%s = %g does not fit into a float; precision = double can hold it", p->name,
                   value);
}

static hebb_status link_params(hb_machine *m, size_t index) {
    hb_connection *c = &m->base.graph->connections[index];
    hb_wiring *w = &c->wiring;
    hb_link *link = &m->links[index];
    const double *from[] = {w->weight, w->bias, w->delay_ms};
    static const char *const names[] = {"weight", "bias", "delay"};
    for (int what = HB_P_WEIGHT; what <= HB_P_DELAY; what++) {
        if (!from[what]) continue;
        size_t count = what == HB_P_BIAS ? w->post : w->count;
        size_t rows = what == HB_P_BIAS ? 1 : w->start ? count : w->pre;
        hb_parameter *p = add_param(m, c->name, names[what], rows, what == HB_P_DELAY ? 0 : count);
        if (!p->values) return HEBB_E_MEMORY;
        p->what = what;
        p->connection = (int)index;
        p->shape[0] = w->one_to_one && what != HB_P_BIAS ? w->pre : w->post;
        if (what != HB_P_BIAS && !w->one_to_one) p->shape[1] = w->pre, p->ndim = 2;
        real *values = p->values;
        for (size_t k = 0; k < p->count; k++) {
            values[k] = (real)from[what][k];
            if (isinf(values[k])) return too_large(m, p, from[what][k]);
        }
        if (what == HB_P_WEIGHT) link->weight = p, p->low = w->low, p->high = w->high;
        if (what == HB_P_BIAS) link->bias = p;
    }
    hb_free(m->base.graph->env, w->weight); /* the engine's copy is the one that counts now */
    hb_free(m->base.graph->env, w->bias);
    w->weight = w->bias = NULL;
    return HEBB_OK;
}

static const hb_param_info *info_of(const hb_component *component, const char *name) {
    for (size_t i = 0; i < component->param_count; i++)
        if (!strcmp(component->params[i].name, name)) return &component->params[i];
    return NULL;
}

/* Does a default that is made from others differ from neuron to neuron? */
static bool any_list(const hb_args *args) {
    for (size_t i = 0; i < args->component->param_count; i++)
        if (args->items[i].list) return true;
    return false;
}

static hebb_status neuron_params(hb_machine *m, size_t index) {
    hb_part *part = &m->parts[index];
    const hb_model *model = part->model;
    for (size_t c = 0; c < model->coef_count; c++) {
        const char *name = model->coefs[c].param;
        const hb_param_info *info = info_of(model->component, name);
        bool again = false;
        for (size_t k = 0; k < c; k++) again |= !strcmp(model->coefs[k].param, name);
        if (again) continue;
        const hb_arg *arg = hb_args_get(&part->group->args, name);
        bool gain = model->coefs[c].derive == HB_GAIN && !arg->given;
        bool each = gain ? any_list(&part->group->args) : arg->list != NULL;
        hb_parameter *p = add_param(m, part->group->name, name, 1, each ? part->n : 1);
        if (!p->values) return HEBB_E_MEMORY;
        p->what = HB_P_NEURON;
        p->group = (int)index;
        p->coef = (int)c;
        if (info) p->low = info->low, p->high = info->high, p->low_open = info->flags & HB_ABOVE;
        for (size_t j = 0; j < p->count; j++) {
            double value = gain ? model->default_gain(&part->group->args, j)
                                : hb_args_unit(&part->group->args, name, j);
            if (gain && !isfinite(value))
                return hb_fail(m->base.graph->env, HEBB_E_RANGE,
                               "%s: %s has no default where the two time constants of %s are "
                               "equal; set %s or make them differ",
                               part->group->name, name, model->component->name, name);
            if (isfinite(value) && isinf((real)value)) return too_large(m, p, value);
            ((real *)p->values)[j] = (real)value;
        }
    }
    return HEBB_OK;
}

/* The parameter behind coefficient c of a part. */
static hb_parameter *param_of(const hb_machine *m, size_t part, size_t c) {
    const hb_model *model = m->parts[part].model;
    for (size_t i = 0; i < m->base.param_count; i++) {
        hb_parameter *p = &m->base.params[i];
        if (p->group == (int)part && !strcmp(model->coefs[p->coef].param, model->coefs[c].param))
            return p;
    }
    return NULL;
}

void hb_machine_derive(hb_machine *m) {
    double dt = m->base.graph->dt;
    for (size_t g = 0; g < m->part_count; g++) {
        hb_part *part = &m->parts[g];
        for (size_t c = 0; part->model && c < part->model->coef_count; c++) {
            const hb_parameter *p = param_of(m, g, c);
            const real *values = p->values;
            for (size_t j = 0; j < part->n; j++) {
                if (j && p->count == 1) {
                    part->coef[c][j] = part->coef[c][0];
                    continue;
                }
                double v = (double)values[j];
                hb_derive derive = part->model->coefs[c].derive;
                part->coef[c][j] = (real)(derive == HB_DECAY  ? exp(-dt / v)
                                          : derive == HB_RATE ? dt / v
                                                              : v);
            }
        }
    }
    m->base.dirty = false;
}

static hebb_status constant(hb_engine *engine, size_t group, size_t coef, double *value) {
    hb_machine *m = (hb_machine *)engine;
    if (engine->dirty) hb_machine_derive(m);
    *value = (double)m->parts[group].coef[coef][0];
    return HEBB_OK;
}

/* ---- create and build ---- */

static void destroy(hb_engine *engine) {
    if (!engine) return;
    hb_machine *m = (hb_machine *)engine;
    hb_env *env = engine->graph->env;
    for (size_t i = 0; i < engine->param_count; i++) {
        hb_free(env, engine->params[i].values);
        hb_free(env, engine->params[i].grad);
        hb_free(env, engine->params[i].row_list);
    }
    for (size_t g = 0; g < m->part_count && m->parts; g++)
        for (size_t c = 0; c < HB_COEFS; c++) hb_free(env, m->parts[g].coef[c]);
    hb_arena_free(env, &m->arena);
    void *owned[] = {engine->params, m->parts, m->links, m->workers, m};
    for (size_t i = 0; i < HB_COUNT(owned); i++) hb_free(env, owned[i]);
}

/* Where every delay is a step or more, one step of it can be the hop itself. */
static void find_lag(const hb_graph *g, hb_link *link) {
    const hb_wiring *w = link->wiring;
    if (g->spaic && link->connection->synapse) link->lag = 1;
    if (link->lag || !w->delay) return;
    for (size_t k = 0; k < w->count; k++)
        if (!w->delay[k]) return;
    link->lag = link->shift = 1;
}

/* Constants reach only dense undelayed connections as such. */
static void spread_constants(hb_machine *m) {
    for (size_t i = 0; i < m->link_count; i++) {
        hb_part *pre = m->links[i].pre;
        const hb_wiring *w = m->links[i].wiring;
        if (pre->form == HB_FORM_CONSTANT && (w->start || w->delay)) {
            pre->form = HB_FORM_ROWS;
            pre->spread = true;
        }
    }
}

static hebb_status fill_parts(hb_machine *m) {
    hb_graph *g = m->base.graph;
    for (size_t i = 0; i < m->part_count; i++) {
        hb_part *part = &m->parts[i];
        part->group = &g->groups[i];
        part->n = part->group->n;
        part->words = HB_WORDS(part->n);
        if (part->group->role != HB_NEURONS) {
            hb_emits emits = hb_encoder_emits(&part->group->encoder);
            part->form = emits == HB_EMITS_SPIKES ? HB_FORM_BITS
                         : emits == HB_EMITS_REAL ? HB_FORM_ROWS
                                                  : HB_FORM_CONSTANT;
            continue;
        }
        part->model = HB_R(hb_models_for)(m->kernels->name)[part->group->model];
        part->states = part->model->state_count;
        bool spikes = part->model->output == HB_OUT_SPIKES;
        part->form = spikes && !g->soft ? HB_FORM_BITS : HB_FORM_ROWS;
        for (size_t c = 0; c < part->model->coef_count; c++)
            if (!(part->coef[c] = hb_calloc(g->env, part->n, sizeof(real)))) return HEBB_E_MEMORY;
        HEBB_TRY(neuron_params(m, i));
    }
    for (size_t i = 0; i < m->link_count; i++) {
        hb_connection *c = &g->connections[i];
        hb_link *link = &m->links[i];
        *link = (hb_link){.connection = c,
                          .pre = &m->parts[c->pre],
                          .post = &m->parts[c->post],
                          .wiring = &c->wiring,
                          .lag = (size_t)g->latency};
        find_lag(g, link);
        link->dropout = hb_args_num(&c->args, "dropout");
        link->decay[0] =
            (real)exp(-g->dt / hb_args_num(&c->args, c->synapse == 2 ? "tau_r" : "tau"));
        link->decay[1] = (real)exp(-g->dt / hb_args_num(&c->args, "tau_d"));
        if (c->reads_v) link->pre->wants_V = true;
        HEBB_TRY(link_params(m, i));
    }
    for (size_t i = 0; i < g->readout_count; i++)
        if (!strcmp(g->readouts[i].decoder.ops->variable, "V"))
            m->parts[g->readouts[i].target].wants_V = true;
    for (size_t i = 0; i < g->monitor_count; i++) {
        const hb_monitor *monitor = &g->monitors[i];
        if (monitor->connection >= 0) {
            m->links[monitor->connection].recorded = true;
            m->links[monitor->connection].shown |= monitor->state == HB_VAR_O;
        }
        if (monitor->group >= 0 && !monitor->spikes) m->parts[monitor->group].recorded = true;
    }
    spread_constants(m);
    return HEBB_OK;
}

static hebb_status create(hb_graph *graph, hb_engine **out) {
    hb_env *env = graph->env;
    hb_machine *m = hb_calloc(env, 1, sizeof *m);
    if (!m) return HEBB_E_MEMORY;
    m->base.graph = graph;
    m->base.ops = &HB_R(hb_engine_ops);
    m->kernels = hb_kernels_get();
    openblas_set_num_threads(1); /* the pool owns the cores */
    m->part_count = graph->group_count;
    m->link_count = graph->connection_count;
    m->worker_count = (size_t)hb_pool_threads(graph->pool);
    m->parts = hb_calloc(env, m->part_count, sizeof *m->parts);
    m->links = hb_calloc(env, m->link_count, sizeof *m->links);
    m->workers = hb_calloc(env, m->worker_count, sizeof *m->workers);
    m->base.params =
        hb_calloc(env, 3 * m->link_count + HB_COEFS * m->part_count, sizeof *m->base.params);
    hebb_status status =
        m->parts && m->links && m->workers && m->base.params ? HEBB_OK : HEBB_E_MEMORY;
    if (status >= 0) status = fill_parts(m);
    if (status < 0) {
        destroy(&m->base);
        return status;
    }
    for (size_t w = 0; w < m->worker_count; w++) hb_env_init(&m->workers[w].env, NULL);
    m->base.train = m->base.dirty = true;
    *out = &m->base;
    return HEBB_OK;
}

/* A gradient flows through every group below which something is trained. */
static void find_active(hb_machine *m) {
    for (size_t i = 0; i < m->base.param_count; i++) {
        hb_parameter *p = &m->base.params[i];
        if (!p->trainable) continue;
        hb_part *part = p->group >= 0 ? &m->parts[p->group] : m->links[p->connection].post;
        part->active = true;
        if (p->group >= 0)
            for (size_t c = 0; c < part->model->coef_count; c++)
                if (param_of(m, (size_t)p->group, c) == p) {
                    part->wants_coef[c] = part->any_coef = true;
                    part->keep_states |= !part->model->coefs[c].input_only;
                }
    }
    for (bool more = true; more;) {
        more = false;
        for (size_t i = 0; i < m->link_count; i++)
            if (m->links[i].pre->active && !m->links[i].post->active)
                m->links[i].post->active = more = true;
    }
}

static hebb_status build(hb_engine *engine) {
    hb_machine *m = (hb_machine *)engine;
    hb_graph *g = engine->graph;
    find_active(m);
    for (size_t i = 0; i < engine->param_count; i++) {
        hb_parameter *p = &engine->params[i];
        if (!p->trainable) continue;
        if (!(p->grad = hb_calloc(g->env, p->count, sizeof(real)))) return HEBB_E_MEMORY;
        if (p->wants_rows && !(p->row_list = hb_calloc(g->env, p->rows, sizeof *p->row_list)))
            return HEBB_E_MEMORY;
    }
    for (size_t i = 0; i < m->part_count; i++) {
        hb_part *part = &m->parts[i];
        if (!part->model || !part->active) continue;
        const hb_surrogate *s = &part->group->surrogate;
        part->keep_x = part->model->needs_x;
        part->keep_I = part->model->needs_I || part->any_coef;
        part->keep_states |= part->model->needs_prev;
        bool spikes = part->model->output == HB_OUT_SPIKES;
        part->keep_slope = spikes && s->ops->window == HB_WINDOW_SMOOTH;
        if (spikes && s->ops->window == HB_WINDOW_BOX)
            hb_surrogate_box(s, &part->low, &part->high, &part->height);
    }
    return hb_machine_room(m, g->batch_max ? g->batch_max : 1, hb_graph_steps(g));
}

/* ---- memory ---- */

/* a b c; SIZE_MAX, which an arena refuses, where that is more than a size can hold. */
static size_t times(size_t a, size_t b, size_t c) {
    size_t product;
    if (__builtin_mul_overflow(a, b, &product) || __builtin_mul_overflow(product, c, &product))
        return SIZE_MAX;
    return product;
}

static size_t outputs_of(const hb_graph *g, size_t readout, size_t steps) {
    return hb_decoder_outputs(&g->readouts[readout].decoder, steps);
}

static void lay_part(hb_machine *m, hb_arena *a, hb_part *p, size_t B, size_t T) {
    const hb_graph *g = m->base.graph;
    size_t n = p->n, cells = times(B, T, n), rows = times(B, T + 1, n), real_ = sizeof(real);
    if (p->form == HB_FORM_BITS) p->bits = hb_arena_take(a, times(B, T + 1, p->words), 8);
    if (p->form == HB_FORM_ROWS) p->rows = hb_arena_take(a, rows, real_);
    if (p->form == HB_FORM_CONSTANT) {
        p->constant = hb_arena_take(a, B * n, real_);
        p->before_run = hb_arena_take(a, B * n, real_);
    }
    if (!p->model) {
        if (p->form != HB_FORM_BITS)
            p->floats = hb_arena_take(a, times(m->worker_count, p->form == HB_FORM_ROWS ? T : 1, n),
                                      sizeof(float));
        return;
    }
    bool shared = p->model->output == HB_OUT_V && !(g->spaic && p->model->spaic_output_none);
    if (p->wants_V) p->V = shared ? p->rows : hb_arena_take(a, rows, real_);
    p->state = hb_arena_take(a, times(B, p->states, n), real_);
    if (g->soft && p->model->output == HB_OUT_SPIKES) {
        p->mask = hb_arena_take(a, cells, real_);
        p->reset = hb_arena_take(a, cells, real_);
    }
    if (!p->active) return;
    if (p->model->output == HB_OUT_SPIKES && !p->keep_slope)
        p->window = hb_arena_take(a, times(B, T, p->words), 8);
    if (p->keep_slope) p->slope = hb_arena_take(a, cells, real_);
    if (p->keep_x) p->x = hb_arena_take(a, cells, real_);
    if (p->keep_I) p->I = hb_arena_take(a, cells, real_);
    if (p->keep_states) p->before = hb_arena_take(a, times(cells, p->states, 1), real_);
    p->dI = hb_arena_take(a, cells, real_);
    if (p->any_coef) p->gcoef = hb_arena_take(a, times(B, p->model->coef_count, n), real_);
}

static void lay_link(hb_arena *a, hb_link *link, size_t B, size_t T) {
    size_t post = link->post->n;
    if (link->pre->form == HB_FORM_CONSTANT) {
        link->constant = hb_arena_take(a, B * post, sizeof(real));
        link->before_run = hb_arena_take(a, B * post, sizeof(real));
        link->total = hb_arena_take(a, B * post, sizeof(real));
    }
    if (link->connection->synapse) link->state = hb_arena_take(a, B * 2 * post, sizeof(real));
    if (link->dropout > 0) link->kept = hb_arena_take(a, B * link->pre->words, 8);
    bool rows = hb_link_reads_rows(link);
    if (link->dropout > 0 && (rows || link->pre->form == HB_FORM_CONSTANT))
        link->masked = hb_arena_take(a, times(B, rows ? T + 1 : 2, link->pre->n), sizeof(real));
    if ((link->connection->synapse || link->dropout > 0) && link->post->active)
        link->dsum = hb_arena_take(a, times(B, T, post), sizeof(real));
    if (link->wiring->delay_max)
        link->pending = hb_arena_take(a, times(B, link->wiring->delay_max, post), sizeof(real));
    if (link->wiring->delay_max && link->shown)
        link->past =
            hb_arena_take(a, times(B, link->wiring->delay_max, link->pre->n), sizeof(real));
    if (link->weight->wants_rows && link->weight->trainable)
        link->touched = hb_arena_take(a, HB_WORDS(link->wiring->pre), 8);
}

static void lay_worker(hb_machine *m, hb_arena *a, hb_worker *w, size_t T) {
    size_t widest = 1, real_ = sizeof(real);
    w->I = hb_arena_take(a, m->part_count, sizeof(real *));
    w->dO = hb_arena_take(a, m->part_count, sizeof(real *));
    w->dV = hb_arena_take(a, m->part_count, sizeof(real *));
    w->adj = hb_arena_take(a, m->part_count, sizeof(real *));
    w->sum = hb_arena_take(a, m->link_count, sizeof(real *));
    w->dfilter = hb_arena_take(a, m->link_count, sizeof(real *));
    w->undropped = hb_arena_take(a, m->link_count, sizeof(real *));
    for (size_t i = 0; i < m->part_count; i++) {
        hb_part *p = &m->parts[i];
        if (p->n > widest) widest = p->n;
        if (!p->model) continue;
        real *I = p->active && p->keep_I ? NULL : hb_arena_take(a, T * p->n, real_);
        real *dO = p->active ? hb_arena_take(a, T * p->n, real_) : NULL;
        real *dV = p->active && p->wants_V ? hb_arena_take(a, T * p->n, real_) : NULL;
        real *adj = p->active ? hb_arena_take(a, (p->states + 1) * p->n, real_) : NULL;
        if (a->base) w->I[i] = I, w->dO[i] = dO, w->dV[i] = dV, w->adj[i] = adj;
    }
    for (size_t i = 0; i < m->link_count; i++) {
        hb_link *link = &m->links[i];
        size_t post = link->post->n;
        bool own = hb_link_has_sum(link);
        bool drops = link->dropout > 0 && link->pre->active && link->post->active;
        real *undropped = drops ? hb_arena_take(a, T * link->pre->n, real_) : NULL;
        real *sum =
            own ? hb_arena_take(a, times(T + link->wiring->delay_max + 1, post, 1), real_) : NULL;
        real *filter = link->connection->synapse && link->post->active
                           ? hb_arena_take(a, 2 * post, real_)
                           : NULL;
        if (a->base) w->sum[i] = sum, w->dfilter[i] = filter, w->undropped[i] = undropped;
    }
    w->x = hb_arena_take(a, widest, real_);
    w->o = hb_arena_take(a, widest, real_);
    w->m = hb_arena_take(a, widest, real_);
    w->dx = hb_arena_take(a, widest, real_);
    w->bits = hb_arena_take(a, HB_WORDS(widest), 8);
    size_t places = widest > 64 * (T + 1) ? widest : 64 * (T + 1);
    w->index = hb_arena_take(a, places + HB_POSITIONS_SLACK, sizeof *w->index);
    w->spikes = hb_arena_take(a, m->part_count, sizeof *w->spikes);
}

/* One order for measuring and for taking. */
static void lay_out(hb_machine *m, hb_arena *a, size_t B, size_t T) {
    hb_graph *g = m->base.graph;
    for (size_t i = 0; i < m->part_count; i++) lay_part(m, a, &m->parts[i], B, T);
    for (size_t i = 0; i < m->link_count; i++) lay_link(a, &m->links[i], B, T);
    for (size_t i = 0; i < m->worker_count; i++) lay_worker(m, a, &m->workers[i], T);
    hb_engine *e = &m->base;
    e->predict = hb_arena_take(a, g->readout_count, sizeof *e->predict);
    e->predict_f32 = hb_arena_take(a, g->readout_count, sizeof *e->predict_f32);
    e->records = hb_arena_take(a, g->monitor_count, sizeof *e->records);
    e->spikes = hb_arena_take(a, m->part_count, sizeof *e->spikes);
    m->record = hb_arena_take(a, g->readout_count, sizeof *m->record);
    m->weights = hb_arena_take(a, g->readout_count, sizeof *m->weights);
    m->first_item = hb_arena_take(a, m->link_count + 1, sizeof *m->first_item);
    e->times = hb_arena_take(a, T, sizeof *e->times);
    for (size_t i = 0; i < g->readout_count; i++) {
        const hb_decoder *d = &g->readouts[i].decoder;
        size_t outputs = outputs_of(g, i, T);
        double *predict = hb_arena_take(a, times(B, outputs, 1), sizeof *predict);
        float *small = hb_arena_take(a, times(B, outputs, 1), sizeof *small);
        double *record =
            d->ops->time_weight ? NULL : hb_arena_take(a, times(2 * T, B, d->num), sizeof *record);
        double *weights = d->ops->time_weight ? hb_arena_take(a, T, sizeof *weights) : NULL;
        if (!a->base) continue;
        e->predict[i] = predict;
        e->predict_f32[i] = small;
        m->record[i] = record;
        m->weights[i] = weights;
    }
    for (size_t i = 0; i < g->monitor_count; i++) {
        const hb_monitor *monitor = &g->monitors[i];
        double *record = NULL;
        if (!monitor->spikes) {
            size_t n = monitor->group >= 0 ? g->groups[monitor->group].n
                                           : g->connections[monitor->connection].wiring.post;
            if (monitor->connection >= 0 && monitor->state == HB_VAR_O)
                n *= g->connections[monitor->connection].wiring.pre;
            record = hb_arena_take(a, times(T, B, n), sizeof *record);
        }
        if (a->base) e->records[i] = record;
    }
    m->sample_status = hb_arena_take(a, B, sizeof *m->sample_status);
}

/* What a continued run needs of the arena that is left. */
static void keep(const hb_machine *from, hb_machine *to) {
    size_t B = from->base.batch, T = from->base.steps;
    for (size_t i = 0; i < from->part_count; i++) {
        const hb_part *a = &from->parts[i];
        hb_part *b = &to->parts[i];
        if (a->state) memcpy(b->state, a->state, B * a->states * a->n * sizeof(real));
        for (size_t s = 0; s < B && T; s++) {
            /* the last row goes where the next run looks for it: row T of the new layout */
            if (a->bits)
                memcpy(hb_part_bits(to, b, s, T), hb_part_bits(from, a, s, T), a->words * 8);
            if (a->rows)
                memcpy(hb_part_row(to, b, b->rows, s, T), hb_part_row(from, a, a->rows, s, T),
                       a->n * sizeof(real));
            if (a->V && a->V != a->rows)
                memcpy(hb_part_row(to, b, b->V, s, T), hb_part_row(from, a, a->V, s, T),
                       a->n * sizeof(real));
        }
        if (a->constant) memcpy(b->constant, a->constant, B * a->n * sizeof(real));
    }
    for (size_t i = 0; i < from->link_count; i++) {
        const hb_link *a = &from->links[i];
        hb_link *b = &to->links[i];
        size_t post = a->wiring->post;
        if (a->state) memcpy(b->state, a->state, B * 2 * post * sizeof(real));
        size_t late = a->wiring->delay_max;
        if (a->pending) memcpy(b->pending, a->pending, B * late * post * sizeof(real));
        if (a->past) memcpy(b->past, a->past, B * late * a->pre->n * sizeof(real));
    }
}

hebb_status hb_machine_room(hb_machine *m, size_t batch, size_t steps) {
    if (m->arena.block && batch <= m->batch_room && steps <= m->step_room) return HEBB_OK;
    hb_env *env = m->base.graph->env;
    size_t B = batch > m->batch_room ? batch : m->batch_room;
    size_t T = steps > m->step_room ? steps : m->step_room;
    hb_part *parts = hb_alloc(env, m->part_count * sizeof *parts);
    hb_link *links = hb_alloc(env, m->link_count * sizeof *links);
    hebb_status status = parts && links ? HEBB_OK : HEBB_E_MEMORY;
    hb_machine old = *m;
    hb_arena arena = {0};
    if (status >= 0) {
        memcpy(parts, m->parts, m->part_count * sizeof *parts);
        memcpy(links, m->links, m->link_count * sizeof *links);
        old.parts = parts;
        old.links = links;
        lay_out(m, &arena, B, T);
        status = hb_arena_commit(env, &arena);
    }
    if (status >= 0) {
        m->batch_room = B;
        m->step_room = T;
        lay_out(m, &arena, B, T);
        if (old.arena.block && old.base.ran && old.base.steps <= T) keep(&old, m);
        hb_arena_free(env, &old.arena);
        m->arena = arena;
        m->base.arena_bytes = arena.size;
    } else if (parts && links) { /* as it was */
        memcpy(m->parts, parts, m->part_count * sizeof *parts);
        memcpy(m->links, links, m->link_count * sizeof *links);
        hb_arena a = old.arena;
        a.used = 0;
        if (a.block) lay_out(m, &a, m->batch_room, m->step_room);
    }
    hb_free(env, parts);
    hb_free(env, links);
    return status;
}

void HB_R(hb_machine_reset_sample)(hb_machine *m, size_t b) {
    for (size_t i = 0; i < m->part_count; i++) {
        hb_part *p = &m->parts[i];
        bool stays = p->model && p->model->stay && m->base.graph->spaic;
        for (size_t s = 0; s < p->states; s++)
            if (!stays || !hb_name_matches("", p->model->states[s], p->model->stay))
                memset(p->state + (b * p->states + s) * p->n, 0, p->n * sizeof(real));
        if (p->bits) memset(hb_part_bits(m, p, b, 0), 0, p->words * 8);
        if (p->rows) memset(hb_part_row(m, p, p->rows, b, 0), 0, p->n * sizeof(real));
        if (p->V) memset(hb_part_row(m, p, p->V, b, 0), 0, p->n * sizeof(real));
        if (p->before_run) memset(p->before_run + b * p->n, 0, p->n * sizeof(real));
    }
    for (size_t i = 0; i < m->link_count; i++) {
        hb_link *link = &m->links[i];
        size_t post = link->wiring->post, late = link->wiring->delay_max;
        if (link->state) memset(link->state + b * 2 * post, 0, 2 * post * sizeof(real));
        size_t pre = link->pre->n;
        if (link->pending) memset(link->pending + b * late * post, 0, late * post * sizeof(real));
        if (link->past) memset(link->past + b * late * pre, 0, late * pre * sizeof(real));
    }
}

static void reset(hb_engine *engine) {
    hb_machine *m = (hb_machine *)engine;
    engine->clock = 0;
    engine->steps = 0;
    engine->ran = engine->taped = false;
    for (size_t b = 0; b < m->batch_room; b++) HB_R(hb_machine_reset_sample)(m, b);
}

static bool spiked(const hb_engine *engine, size_t group, size_t b, size_t t, size_t neuron) {
    const hb_machine *m = (const hb_machine *)engine;
    const hb_part *p = &m->parts[group];
    if (p->form == HB_FORM_BITS)
        return hb_part_bits(m, p, b, t + 1)[neuron / 64] >> neuron % 64 & 1;
    if (p->form == HB_FORM_CONSTANT) return p->constant[b * p->n + neuron] != 0;
    return hb_part_row(m, p, p->rows, b, t + 1)[neuron] != 0;
}

const hb_engine_ops HB_R(hb_engine_ops) = {
    create, destroy, build, HB_R(hb_machine_run), reset, constant, spiked,
};

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

hb_parameter *HB_R(hb_machine_keep)(hb_machine *m, const hb_link *link, const char *name,
                                    size_t count) {
    hb_parameter *p = add_param(m, link->connection->name, name, 1, count);
    if (!p->values) return NULL;
    p->what = HB_P_KEPT;
    p->connection = (int)(link - m->links);
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
        size_t rows = what == HB_P_BIAS || w->lateral ? 1 : w->start ? count : w->pre;
        hb_parameter *p = add_param(m, c->name, names[what], rows, what == HB_P_DELAY ? 0 : count);
        if (!p->values) return HEBB_E_MEMORY;
        p->what = what;
        p->connection = (int)index;
        p->shape[0] = what == HB_P_BIAS ? w->post
                      : w->lateral      ? 1
                      : w->one_to_one   ? w->pre
                                        : w->post;
        if (what != HB_P_BIAS && !w->one_to_one && !w->lateral) p->shape[1] = w->pre, p->ndim = 2;
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

/* An adaptive threshold and the like: read and written like a parameter, learned by none. */
static hebb_status kept_param(hb_machine *m, size_t index) {
    hb_part *part = &m->parts[index];
    const hb_model *model = part->model;
    if (!model->kept || m->base.graph->spaic) return HEBB_OK;
    hb_parameter *p = add_param(m, part->group->name, model->kept, 1, part->n);
    hb_free(m->base.graph->env, p->values);
    p->values = hb_calloc(m->base.graph->env, part->n, sizeof(double));
    if (!p->values) return HEBB_E_MEMORY;
    p->what = HB_P_KEPT;
    p->group = (int)index;
    p->dtype = HEBB_F64;
    part->kept = p->values;
    part->kept_now = hb_calloc(m->base.graph->env, part->n, sizeof(real));
    if (!part->kept_now) return HEBB_E_MEMORY;
    m->keeps = true;
    for (size_t j = 0; j < part->n; j++)
        part->kept[j] = model->kept_start ? model->kept_start(&part->group->args, j) : 0;
    return HEBB_OK;
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
        if (p->group == (int)part && p->what == HB_P_NEURON &&
            !strcmp(model->coefs[p->coef].param, model->coefs[c].param))
            return p;
    }
    return NULL;
}

static double derived(hb_derive derive, double dt, double v) {
    switch (derive) {
    case HB_DECAY:
        return exp(-dt / v);
    case HB_RATE:
        return dt / v;
    case HB_LOSS:
        return -expm1(-dt / v);
    case HB_STEPS:
        return ceil(v / dt - 1e-6);
    default:
        return v;
    }
}

void hb_machine_derive(hb_machine *m) {
    double dt = m->base.graph->dt;
    for (size_t g = 0; g < m->part_count; g++) {
        hb_part *part = &m->parts[g];
        part->uniform = true;
        for (size_t c = 0; part->model && c < part->model->coef_count; c++) {
            const hb_parameter *p = param_of(m, g, c);
            const real *values = p->values;
            hb_derive derive = part->model->coefs[c].derive;
            for (size_t j = 0; j < part->n; j++)
                part->coef[c][j] = j && p->count == 1
                                       ? part->coef[c][0]
                                       : (real)derived(derive, dt, (double)values[j]);
            part->uniform &= p->count == 1;
        }
        for (size_t j = 0; part->kept && j < part->n; j++) part->kept_now[j] = (real)part->kept[j];
    }
    for (size_t g = 0; g < m->part_count; g++) {
        hb_part *part = &m->parts[g];
        if (!part->first) continue;
        hb_step k = {.n = part->n, .spaic = m->base.graph->spaic, .kept = part->kept_now};
        for (size_t c = 0; c < part->model->coef_count; c++) k.coef[c] = part->coef[c];
        for (size_t s = 0; s < part->states; s++) k.state[s] = part->first + s * part->n;
        part->model->start(&k);
        for (size_t j = 0; part->model->kept_start && j < part->n; j++)
            k.state[part->model->kept_state][j] =
                part->kept ? part->kept_now[j]
                           : (real)part->model->kept_start(&part->group->args, j);
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
    for (size_t g = 0; g < m->part_count && m->parts; g++) {
        hb_free(env, m->parts[g].first);
        hb_free(env, m->parts[g].kept_now);
    }
    if (m->between) m->between->destroy(env, m->between);
    hb_arena_free(env, &m->arena);
    void *owned[] = {engine->params, m->parts, m->links, m->workers, m};
    for (size_t i = 0; i < HB_COUNT(owned); i++) hb_free(env, owned[i]);
}

static hebb_status find_input(hb_graph *g, const hb_connection *c, hb_link *link) {
    const char *name = hb_args_text(&c->args, "post_var_name");
    const char *const *inputs = link->post->model->inputs;
    const char *first = inputs[0] ? inputs[0] : "Isyn";
    if (inputs[1] && !hb_args_given(&c->args, "post_var_name")) return HEBB_OK; /* the first */
    link->input = inputs[1] && !strcmp(name, inputs[1]);
    if (link->input || !strcmp(name, first)) return HEBB_OK;
    return hb_fail(g->env, HEBB_E_NAME,
                   "%s: %s (%s) has no synaptic input '%s'; post_var_name must be %s%s%s", c->name,
                   link->post->group->name, link->post->model->component->name, name, first,
                   inputs[1] ? " or " : "", inputs[1] ? inputs[1] : "");
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
        if (pre->form == HB_FORM_CONSTANT &&
            (w->start || w->delay || w->lateral || m->links[i].plastic)) {
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
        m->base.constant_bytes += part->model->coef_count * part->n * sizeof(real);
        part->inputs = part->model->inputs[1] ? 2 : 1;
        if (part->model->start &&
            !(part->first = hb_calloc(g->env, part->states * part->n, sizeof(real))))
            return HEBB_E_MEMORY;
        HEBB_TRY(neuron_params(m, i));
        HEBB_TRY(kept_param(m, i));
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
        HEBB_TRY(find_input(g, c, link));
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
        if (monitor->group < 0) continue;
        *(monitor->spikes ? &m->parts[monitor->group].watched
                          : &m->parts[monitor->group].recorded) = true;
    }
    return HEBB_OK;
}

static hebb_status create(hb_graph *graph, hb_engine **out) {
    hb_env *env = graph->env;
    hb_machine *m = hb_calloc(env, 1, sizeof *m);
    if (!m) return HEBB_E_MEMORY;
    m->base.graph = graph;
    m->base.ops = &HB_R(hb_engine_ops);
    m->kernels = hb_kernels_get();
    m->slopes = HB_R(hb_surrogate_row_for)(m->kernels->name);
    openblas_set_num_threads(1); /* the pool owns the cores */
    m->part_count = graph->group_count;
    m->link_count = graph->connection_count;
    m->worker_count = (size_t)hb_pool_threads(graph->pool);
    m->parts = hb_calloc(env, m->part_count, sizeof *m->parts);
    m->links = hb_calloc(env, m->link_count, sizeof *m->links);
    m->workers = hb_calloc(env, m->worker_count, sizeof *m->workers);
    m->base.params =
        hb_calloc(env, 5 * m->link_count + (HB_COEFS + 1) * m->part_count, sizeof *m->base.params);
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
        if (!p->trainable || p->plastic) continue;
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
            if (m->links[i].pre->active && !m->links[i].post->active && !m->links[i].plastic)
                m->links[i].post->active = more = true;
    }
}

/* Where runs go in chunks, gradients of a chunk reach back into the one before. */
static void find_reach(hb_machine *m) {
    for (size_t i = 0; i < m->link_count && m->chunked; i++) {
        const hb_link *link = &m->links[i];
        size_t late = link->lag + link->wiring->delay_max;
        if (link->post->active && late > link->pre->reach) link->pre->reach = late;
    }
}

static hebb_status build(hb_engine *engine) {
    hb_machine *m = (hb_machine *)engine;
    hb_graph *g = engine->graph;
    find_active(m);
    spread_constants(m);
    for (size_t i = 0; i < engine->param_count; i++) {
        hb_parameter *p = &engine->params[i];
        if (!p->trainable || p->plastic) continue;
        if (!(p->grad = hb_calloc(g->env, p->count, sizeof(real)))) return HEBB_E_MEMORY;
        if (p->wants_rows && !(p->row_list = hb_calloc(g->env, p->rows, sizeof *p->row_list)))
            return HEBB_E_MEMORY;
    }
    for (size_t i = 0; i < m->part_count; i++) {
        hb_part *part = &m->parts[i];
        if (!part->model || !part->active) continue;
        if (!part->model->unintegrate)
            return hb_fail(g->env, HEBB_E_UNSUPPORTED,
                           "%s: no gradient passes the neuron %s, but a learner needs one to",
                           part->group->name, part->model->component->name);
        const hb_surrogate *s = &part->group->surrogate;
        part->keep_x = part->model->needs_x;
        part->keep_I = part->model->needs_I || part->any_coef;
        part->keep_states |= part->model->needs_prev;
        bool spikes = part->model->output == HB_OUT_SPIKES;
        if (spikes && s->ops->window == HB_WINDOW_SMOOTH) {
            part->keep_x = true;
            part->slope_steps = part->n < HB_SLOPES ? HB_SLOPES / part->n : 1;
        }
        if (spikes && s->ops->window == HB_WINDOW_BOX)
            hb_surrogate_box(s, &part->low, &part->high, &part->height);
        m->chunked |= part->group->recompute;
    }
    if (m->chunked) HEBB_TRY(HB_R(hb_chunks_check)(m));
    find_reach(m);
    return hb_machine_room(m, g->batch_max ? g->batch_max : 1, hb_graph_steps(g));
}

static void reset(hb_engine *engine) {
    hb_machine *m = (hb_machine *)engine;
    engine->clock = 0;
    engine->steps = 0;
    engine->ran = engine->taped = false;
    m->last_row = 0;
    if (engine->dirty) hb_machine_derive(m);
    for (size_t b = 0; b < m->batch_room; b++) HB_R(hb_machine_reset_sample)(m, b);
}

static void rewards(const hb_engine *engine, size_t reward, const double **values,
                    const unsigned char **given, size_t *outputs) {
    const hb_judged *j = &((const hb_machine *)engine)->judged[reward];
    *values = j->values;
    *given = j->given;
    *outputs = j->outputs;
}

static hebb_status remembers(const hb_engine *engine, size_t group) {
    const hb_machine *m = (const hb_machine *)engine;
    const hb_part *p = &m->parts[group];
    if (!m->chunked || p->watched || p->form == HB_FORM_CONSTANT) return HEBB_OK;
    return hb_fail(engine->graph->env, HEBB_E_UNSUPPORTED,
                   "%s: tape = recompute keeps no spikes of whole runs; add a spike monitor of the "
                   "group, or use tape = exact",
                   p->group->name);
}

static bool spiked(const hb_engine *engine, size_t group, size_t b, size_t t, size_t neuron) {
    const hb_machine *m = (const hb_machine *)engine;
    const hb_part *p = &m->parts[group];
    if (p->trains)
        return hb_part_lit(p, b)[neuron / 64] >> neuron % 64 &
               hb_part_train(m, p, b, neuron)[t / 64] >> t % 64 & 1;
    if (p->history)
        return p->history[(b * m->time_room + t) * p->words + neuron / 64] >> neuron % 64 & 1;
    if (p->form == HB_FORM_BITS)
        return hb_part_bits(m, p, b, t + 1)[neuron / 64] >> neuron % 64 & 1;
    if (p->form == HB_FORM_CONSTANT) return p->constant[b * p->n + neuron] != 0;
    return hb_part_row(m, p, p->rows, b, t + 1)[neuron] != 0;
}

static void counts(const hb_engine *engine, size_t group, size_t b, uint32_t *to) {
    const hb_machine *m = (const hb_machine *)engine;
    const hb_part *p = &m->parts[group];
    if (p->trains) {
        HB_R(hb_trains_counts)(m, p, b, to);
        return;
    }
    if (m->chunked && p->form != HB_FORM_CONSTANT) {
        memcpy(to, p->counts + b * p->n, p->n * sizeof *to);
        return;
    }
    memset(to, 0, p->n * sizeof *to);
    for (size_t t = 0; t < engine->steps; t++) {
        if (p->form != HB_FORM_BITS) {
            for (size_t i = 0; i < p->n; i++) to[i] += spiked(engine, group, b, t, i);
            continue;
        }
        const uint64_t *row = hb_part_bits(m, p, b, t + 1);
        for (size_t w = 0; w < p->words; w++)
            for (uint64_t left = row[w]; left; left &= left - 1)
                to[w * 64 + (size_t)__builtin_ctzll(left)]++;
    }
}

const hb_engine_ops HB_R(hb_engine_ops) = {
    create,    destroy, build,  HB_R(hb_machine_run), reset, constant, rewards,
    remembers, spiked,  counts,
};

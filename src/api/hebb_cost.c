/* What a network costs: bytes before it runs, work after, and the time of its phases. */
#include <string.h>

#include "api/net.h"

/* ---- bytes ---- */

static size_t wiring_bytes(const hb_wiring *w) {
    size_t bytes = w->weight ? w->count * sizeof *w->weight : 0;
    if (w->start) bytes += (w->pre + 1) * sizeof *w->start;
    if (w->index) bytes += w->count * sizeof *w->index;
    if (w->bias) bytes += w->post * sizeof *w->bias;
    if (w->delay) bytes += w->count * (sizeof *w->delay + sizeof *w->delay_ms);
    return bytes;
}

static size_t input_bytes(const hb_graph *g) {
    size_t bytes = g->sample_capacity * sizeof *g->samples;
    for (size_t i = 0; i < g->group_count; i++) {
        const hb_group *group = &g->groups[i];
        bytes += group->value_capacity * sizeof *group->values;
        bytes += group->event_capacity * (sizeof *group->times + sizeof *group->neurons);
        bytes += group->offset_capacity * sizeof *group->offsets;
    }
    return bytes;
}

static size_t optimizer_bytes(const hb_optim *optim) {
    size_t bytes = (optim->extra_count + optim->work_count) * sizeof(double);
    for (size_t i = 0; i < optim->slot_count; i++)
        for (size_t s = 0; s < HB_OPTIM_STATES; s++) {
            const hb_slot *slot = &optim->slots[i];
            if (slot->state[s]) bytes += slot->count * (slot->dtype == HEBB_F64 ? 8 : 4);
        }
    return bytes + optim->slot_capacity * sizeof *optim->slots;
}

hebb_status hebb_net_memory(hebb_net *net, hebb_memory *memory) {
    HEBB_TRY(hb_net_built(net, __func__));
    const hb_engine *e = net->engine;
    if (!memory) return hb_fail(&net->ctx->env, HEBB_E_ARGUMENT, "hebb_net_memory: memory is NULL");
    hebb_memory m = {.tape = e->arena_of[HB_OF_TAPE],
                     .currents = e->arena_of[HB_OF_CURRENTS],
                     .states = e->arena_of[HB_OF_STATES],
                     .rest = e->arena_of[HB_OF_REST] + e->constant_bytes};
    for (size_t i = 0; i < e->param_count; i++) {
        const hb_parameter *p = &e->params[i];
        size_t bytes = p->count * (p->dtype == HEBB_F64 ? 8 : 4);
        m.parameters += bytes;
        if (p->grad) m.gradients += bytes;
        if (p->row_list) m.gradients += p->rows * sizeof *p->row_list;
    }
    for (hebb_learner *l = net->learners; l; l = l->next) {
        if (l->has_optim) m.optimizer += optimizer_bytes(&l->optim);
        m.rest += l->dpredict_count * sizeof *l->dpredict;
    }
    for (size_t i = 0; i < net->graph.connection_count; i++)
        m.rest += wiring_bytes(&net->graph.connections[i].wiring);
    m.rest += input_bytes(&net->graph);
    m.total = m.parameters + m.gradients + m.optimizer + m.tape + m.currents + m.states + m.rest;
    *memory = m;
    return HEBB_OK;
}

/* ---- work ---- */

static size_t fan_out(const hb_wiring *w, size_t i) {
    if (w->start) return w->start[i + 1] - w->start[i];
    return w->lateral ? w->post - 1 : w->post;
}

/* Spikes of neuron i of a group, over steps and samples. */
static void count_group(const hb_engine *e, size_t group, uint32_t *counts, uint64_t *sums) {
    size_t n = e->graph->groups[group].n;
    memset(sums, 0, n * sizeof *sums);
    for (size_t b = 0; b < e->batch; b++) {
        e->ops->counts(e, group, b, counts);
        for (size_t i = 0; i < n; i++) sums[i] += counts[i];
    }
}

/* Products of a backward pass: to the weights, and to a source that passes gradients on. */
static double back_products(const hb_engine *e, const hb_connection *c) {
    double products = e->graph->groups[c->pre].surrogate_set;
    for (size_t i = 0; i < e->param_count; i++) {
        const hb_parameter *p = &e->params[i];
        if (p->grad && p->what == HB_P_WEIGHT && &e->graph->connections[p->connection] == c)
            return products + 1;
    }
    return products;
}

static void add_connection(const hb_engine *e, const hb_connection *c, const uint64_t *sums,
                           hebb_work *work) {
    const hb_wiring *w = &c->wiring;
    double synapses = 0, rows = 2 * (double)e->steps * (double)e->batch;
    for (size_t i = 0; i < w->pre; i++) {
        size_t fan = fan_out(w, i);
        synapses += (double)fan;
        work->synaptic_operations += (c->reads_v ? e->steps * e->batch : sums[i]) * fan;
    }
    work->dense_flops += rows * synapses;
    work->dense_flops_of_backward += rows * synapses * back_products(e, c);
}

hebb_status hebb_net_work(hebb_net *net, hebb_work *work) {
    HEBB_TRY(hb_net_built(net, __func__));
    const hb_engine *e = net->engine;
    hb_graph *g = &net->graph;
    if (!work) return hb_fail(g->env, HEBB_E_ARGUMENT, "hebb_net_work: work is NULL");
    if (!e->ran) return hb_fail(g->env, HEBB_E_STATE, "hebb_net_work: there is no run to look at");
    size_t widest = 1;
    for (size_t i = 0; i < g->group_count; i++)
        if (g->groups[i].n > widest) widest = g->groups[i].n;
    uint32_t *counts = hb_calloc(g->env, widest, sizeof *counts);
    uint64_t *sums = hb_calloc(g->env, widest, sizeof *sums);
    *work = (hebb_work){.steps = e->steps, .batch = e->batch};
    for (size_t i = 0; counts && sums && i < g->group_count; i++) {
        count_group(e, i, counts, sums);
        for (size_t j = 0; j < g->groups[i].n; j++)
            *(g->groups[i].role == HB_NEURONS ? &work->spikes : &work->input_spikes) += sums[j];
        for (size_t c = 0; c < g->connection_count; c++)
            if (g->connections[c].pre == i) add_connection(e, &g->connections[c], sums, work);
    }
    hebb_status status = counts && sums ? HEBB_OK : HEBB_E_MEMORY;
    hb_free(g->env, counts);
    hb_free(g->env, sums);
    return status;
}

/* ---- time ---- */

hebb_status hebb_net_profile(hebb_net *net, const hebb_profile *profile) {
    if (!net) return hb_null(__func__, "net");
    if (profile && (!profile->now || !profile->span))
        return hb_fail(&net->ctx->env, HEBB_E_ARGUMENT, "hebb_net_profile: %s is NULL",
                       profile->now ? "span" : "now");
    if (profile) net->profile = *profile;
    net->graph.profile = profile ? &net->profile : NULL;
    return HEBB_OK;
}

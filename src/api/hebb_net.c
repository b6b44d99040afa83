/* Networks: building them. */
#include <math.h>
#include <string.h>

#include "api/net.h"
#include "learning/plasticity.h"

hebb_net_options hebb_net_options_default(void) {
    return (hebb_net_options){.struct_size = sizeof(hebb_net_options),
                              .dt = 0.1,
                              .latency = "one_step",
                              .compat = "none",
                              .precision = "float",
                              .schedule = "auto",
                              .batch_max = 1};
}

static void destroy(void *object) {
    hebb_net *net = object;
    hb_env *env = &net->ctx->env;
    hb_net_free_readouts(net);
    while (net->learners) {
        hebb_learner *first = net->learners;
        net->learners = first->next;
        hb_learner_free(first);
    }
    if (net->engine) net->engine->ops->destroy(net->engine);
    hb_graph_free(&net->graph);
    hb_free(env, net->spike_neurons);
    hb_free(env, net->spike_times);
    hb_free(env, net);
}

/* Sets *second if the option is the second of two names. */
static hebb_status choose(hb_env *env, const char *option, const char *value, const char *first,
                          const char *other, bool *second) {
    *second = value && hb_name_matches(other, NULL, value);
    if (!value || *second || hb_name_matches(first, NULL, value)) return HEBB_OK;
    return hb_fail(env, HEBB_E_NAME, "network: %s = '%.80s' is not allowed; it must be %s or %s",
                   option, value, first, other);
}

static hebb_status read_options(hebb_ctx *ctx, const hebb_net_options *o, hb_graph *g) {
    hb_env *env = &ctx->env;
    bool same_step;
    HEBB_TRY(choose(env, "latency", o->latency, "one_step", "same_step", &same_step));
    HEBB_TRY(choose(env, "compat", o->compat, "none", "spaic", &g->spaic));
    HEBB_TRY(choose(env, "precision", o->precision, "float", "double", &g->is_double));
    HEBB_TRY(choose(env, "schedule", o->schedule, "auto", "step", &g->stepwise));
    if (!(o->dt > 0) || isinf(o->dt))
        return hb_fail(env, HEBB_E_RANGE,
                       "network: dt = %g is not allowed; it must be above 0 ms and finite", o->dt);
    if (o->batch_max < 1 || o->batch_max > 1 << 20)
        return hb_fail(env, HEBB_E_RANGE,
                       "network: batch_max = %d is not allowed; it must be between 1 and %d",
                       o->batch_max, 1 << 20);
    if (!(o->time_max >= 0) || o->time_max / o->dt > 1e8)
        return hb_fail(env, HEBB_E_RANGE,
                       "network: time_max = %g ms is not allowed; it must be between 0 and 1e8 "
                       "steps of dt = %g ms",
                       o->time_max, o->dt);
    g->env = env;
    g->seed = ctx->seed;
    g->pool = ctx->pool;
    g->dt = o->dt;
    g->time_max = o->time_max;
    g->latency = same_step ? 0 : 1;
    g->soft = o->soft != 0;
    g->batch_max = (size_t)o->batch_max;
    return HEBB_OK;
}

hebb_status hebb_net_create(hebb_ctx *ctx, const hebb_net_options *options, hebb_net **out) {
    if (!ctx) return hb_null(__func__, "ctx");
    if (!out) return hb_fail(&ctx->env, HEBB_E_ARGUMENT, "hebb_net_create: net is NULL");
    *out = NULL;
    hebb_net_options o = hebb_net_options_default();
    if (options && options->struct_size == 0)
        return hb_fail(&ctx->env, HEBB_E_ARGUMENT,
                       "network: struct_size is 0; begin with hebb_net_options_default()");
    if (options)
        memcpy(&o, options, options->struct_size < sizeof o ? options->struct_size : sizeof o);
    hebb_net *net = hb_calloc(&ctx->env, 1, sizeof *net);
    if (!net) return HEBB_E_MEMORY;
    net->ctx = ctx;
    hebb_status status = read_options(ctx, &o, &net->graph);
    if (status >= 0) status = hb_ctx_own(ctx, net, destroy);
    if (status < 0) {
        hb_free(&ctx->env, net);
        return status;
    }
    *out = net;
    return HEBB_OK;
}

void hebb_net_free(hebb_net *net) {
    if (!net) return;
    hb_ctx_disown(net->ctx, net);
    destroy(net);
}

/* ---- builder calls ---- */

/* A network that is built stays as it is. */
static bool closed(hebb_net *net, const char *what) {
    if (!net) return true;
    if (!net->engine) return false;
    hb_fail(&net->ctx->env, HEBB_E_STATE,
            "%s cannot be added: the network is built; make a new one", what);
    return true;
}

hebb_group hebb_neurons(hebb_net *net, const char *name, size_t num, const char *model,
                        const hebb_param *params) {
    if (closed(net, "neurons")) return -1;
    return hb_graph_neurons(&net->graph, name, num, model, params);
}

hebb_group hebb_encoder(hebb_net *net, const char *name, size_t num, const char *method,
                        const hebb_param *params) {
    if (closed(net, "an encoder")) return -1;
    return hb_graph_source(&net->graph, HB_ENCODER, name, num, method, params);
}

hebb_group hebb_generator(hebb_net *net, const char *name, size_t num, const char *method,
                          const hebb_param *params) {
    if (closed(net, "a generator")) return -1;
    return hb_graph_source(&net->graph, HB_GENERATOR, name, num, method, params);
}

hebb_connection hebb_connect(hebb_net *net, const char *name, hebb_group pre, hebb_group post,
                             const char *link, const hebb_param *params) {
    if (closed(net, "a connection")) return -1;
    return hb_graph_connect(&net->graph, name, pre, post, link, params);
}

hebb_decoder hebb_decode(hebb_net *net, const char *name, hebb_group target, const char *method,
                         const hebb_param *params) {
    if (closed(net, "a decoder")) return -1;
    return hb_graph_decode(&net->graph, name, target, method, params);
}

hebb_reward hebb_add_reward(hebb_net *net, const char *name, hebb_group target, const char *method,
                            const hebb_param *params) {
    if (closed(net, "a reward")) return -1;
    return hb_graph_reward(&net->graph, name, target, method, params);
}

/* Monitors have no parameters yet; one that is given is refused. */
static bool no_params(hebb_net *net, const char *name, const hebb_param *params) {
    if (!params || !params->name) return true;
    hebb_status status =
        hb_fail(&net->ctx->env, HEBB_E_NAME, "%s: a monitor has no parameter '%.80s'; it has none",
                name ? name : "monitor", params->name);
    hb_graph_failed(&net->graph, status);
    return false;
}

hebb_monitor hebb_state_monitor(hebb_net *net, const char *name, const char *target,
                                const char *variable, const hebb_param *params) {
    if (closed(net, "a monitor") || !no_params(net, name, params)) return -1;
    return hb_graph_monitor(&net->graph, name, target, variable, false);
}

hebb_monitor hebb_spike_monitor(hebb_net *net, const char *name, const char *target,
                                const hebb_param *params) {
    if (closed(net, "a monitor") || !no_params(net, name, params)) return -1;
    return hb_graph_monitor(&net->graph, name, target, "O", true);
}

hebb_group hebb_net_group(hebb_net *net, const char *name) {
    return net ? hb_graph_need(&net->graph, "group", name) : -1;
}

size_t hebb_group_size(const hebb_net *net, hebb_group group) {
    if (!net || group < 0 || (size_t)group >= net->graph.group_count) return 0;
    return net->graph.groups[group].n;
}

/* ---- build ---- */

static hebb_status build(hebb_net *net, hb_engine **engine) {
    hb_graph *g = &net->graph;
    HEBB_TRY(hb_graph_check(g));
    bool neurons = false;
    for (size_t i = 0; i < g->group_count; i++) neurons |= g->groups[i].role == HB_NEURONS;
    if (!neurons) return hb_fail(g->env, HEBB_E_GRAPH, "the network has no neurons");
    HEBB_TRY(hb_graph_plan(g));
    HEBB_TRY((g->is_double ? &hb_engine_ops_f64 : &hb_engine_ops_f32)->create(g, engine));
    for (hebb_learner *l = net->learners; l; l = l->next) HEBB_TRY(hb_learner_claim(l, *engine));
    for (hebb_learner *l = net->learners; l; l = l->next) HEBB_TRY(hb_learner_check(l, *engine));
    HEBB_TRY((g->is_double ? hb_plasticity_attach_f64 : hb_plasticity_attach_f32)(*engine,
                                                                                  net->learners));
    HEBB_TRY((*engine)->ops->build(*engine));
    for (hebb_learner *l = net->learners; l; l = l->next) {
        l->engine = *engine;
        HEBB_TRY(hb_learner_ready(l));
    }
    return hb_net_plan_input(net);
}

hebb_status hebb_net_build(hebb_net *net) {
    if (!net) return hb_null(__func__, "net");
    if (net->engine) return HEBB_OK;
    hb_engine *engine = NULL;
    hebb_status status = build(net, &engine);
    if (status < 0) { /* what is half built is of no use to anybody */
        for (hebb_learner *l = net->learners; l; l = l->next) l->engine = NULL;
        if (engine) engine->ops->destroy(engine);
        hb_graph_unplan(&net->graph);
        hb_graph_failed(&net->graph, status);
        return status;
    }
    net->engine = engine;
    return HEBB_OK;
}

hebb_status hb_net_built(hebb_net *net, const char *call) {
    if (!net) return hb_null(call, "net");
    if (net->engine) return HEBB_OK;
    return hb_fail(&net->ctx->env, HEBB_E_STATE,
                   "%s: the network is not built yet; call hebb_net_build first", call);
}

hebb_status hebb_net_train(hebb_net *net, int on) {
    HEBB_TRY(hb_net_built(net, "hebb_net_train"));
    net->engine->train = on != 0;
    return HEBB_OK;
}

hebb_status hebb_net_hold(hebb_net *net, int on) {
    HEBB_TRY(hb_net_built(net, "hebb_net_hold"));
    if (!net->graph.soft)
        return hb_fail(&net->ctx->env, HEBB_E_STATE,
                       "hebb_net_hold: only a network with the option soft has masks to hold");
    if (on && !net->engine->ran && !net->engine->hold)
        return hb_fail(&net->ctx->env, HEBB_E_STATE,
                       "hebb_net_hold: there is no run whose masks could be held");
    net->engine->hold = on != 0;
    return HEBB_OK;
}

#include "learning/learner.h"

#include <string.h>

#include "learning/gradient/rules.h"
#include "learning/plasticity.h"
#include "neurons/model.h"

/* ---- create ---- */

static hebb_status copy_names(hebb_learner *learner, const char *const *names) {
    if (!names) return HEBB_OK;
    size_t count = 0;
    while (names[count]) count++;
    learner->trainable = hb_calloc(learner->env, count ? count : 1, sizeof *learner->trainable);
    if (!learner->trainable) return HEBB_E_MEMORY;
    for (size_t i = 0; i < count; i++) {
        if (!(learner->trainable[i] = hb_strdup(learner->env, names[i]))) return HEBB_E_MEMORY;
        learner->trainable_count++;
    }
    return HEBB_OK;
}

static const hb_component *find_rule(hb_env *env, const char *name, bool *plastic, size_t *place) {
    const hb_component *all[64];
    size_t gradient = hb_gradient_rule_count, count = gradient + hb_plastic_rule_count();
    for (size_t i = 0; i < count; i++)
        all[i] = i < gradient ? hb_gradient_rules[i] : hb_plastic_rule(i - gradient);
    const hb_component *found = hb_component_find(env, "learner", name, all, count, NULL);
    for (size_t i = gradient; i < count; i++)
        if (all[i] == found) *plastic = true, *place = i - gradient;
    return found;
}

hebb_status hb_learner_create(hb_graph *graph, const char *algorithm, const char *const *trainable,
                              const hebb_param *params, size_t index, hebb_learner **out) {
    hb_env *env = graph->env;
    bool plastic = false;
    size_t place = 0;
    const hb_component *rule = find_rule(env, algorithm, &plastic, &place);
    if (!rule) return HEBB_E_NAME;
    hebb_learner *learner = hb_calloc(env, 1, sizeof *learner);
    if (!learner) return HEBB_E_MEMORY;
    learner->env = env;
    learner->graph = graph;
    learner->index = index;
    learner->readout = -1;
    learner->plastic = plastic;
    learner->rule = place;
    hebb_status status = hb_args_read(env, rule, NULL, params, 0, &learner->args);
    if (status >= 0 && !plastic)
        status = hb_gradient_surrogate(env, &learner->args, rule->name, &learner->surrogate);
    if (status >= 0 && graph->soft && learner->surrogate.call && !learner->surrogate.call_integral)
        status = hb_fail(env, HEBB_E_ARGUMENT,
                         "%s: soft mode needs the antiderivative of your surrogate (call_integral)",
                         rule->name);
    if (status >= 0) status = copy_names(learner, trainable);
    if (status < 0) {
        hb_learner_free(learner);
        return status;
    }
    *out = learner;
    return HEBB_OK;
}

void hb_learner_free(hebb_learner *learner) {
    if (!learner) return;
    if (learner->has_sched) hb_sched_free(&learner->sched);
    if (learner->has_optim) hb_optim_free(&learner->optim);
    if (learner->has_loss) hb_loss_free(&learner->loss);
    for (size_t i = 0; i < learner->trainable_count; i++)
        hb_free(learner->env, learner->trainable[i]);
    hb_free(learner->env, learner->trainable);
    hb_free(learner->env, learner->dpredict);
    hb_lesson_free(learner->env, &learner->lesson);
    hb_args_free(&learner->args);
    hb_free(learner->env, learner);
}

/* ---- optimizer, schedule, loss ---- */

static hebb_status give_arrays(hebb_learner *learner) {
    learner->optim.trusts = true; /* hb_param_set and hb_params_settle let nothing else in */
    for (size_t i = 0; learner->has_optim && i < learner->engine->param_count; i++) {
        hb_parameter *p = &learner->engine->params[i];
        if (!p->trainable || p->plastic || p->owner != learner->index) continue;
        HEBB_TRY(hb_optim_add(&learner->optim, p->dtype, p->values, p->grad, p->rows, p->count));
        hb_slot *slot = &learner->optim.slots[learner->optim.slot_count - 1];
        slot->name = p->name;
        slot->row_sparse = p->wants_rows;
        slot->row_list = p->row_list;
    }
    return HEBB_OK;
}

hebb_status hb_learner_set_optimizer(hebb_learner *learner, const char *name, double lr,
                                     const hebb_param *params) {
    hb_optim made;
    HEBB_TRY(hb_optim_create(learner->env, name, lr, params, &made));
    bool rows = !strcmp(made.ops->component->name, "SparseAdam");
    if (rows && learner->engine) {
        hb_optim_free(&made);
        return hb_fail(learner->env, HEBB_E_STATE,
                       "SparseAdam must be chosen before hebb_net_build, which plans its memory");
    }
    if (learner->has_sched) hb_sched_free(&learner->sched);
    if (learner->has_optim) hb_optim_free(&learner->optim);
    learner->optim = made;
    learner->has_optim = true;
    learner->has_sched = false;
    hebb_status status = learner->engine ? give_arrays(learner) : HEBB_OK;
    if (status < 0) { /* half an optimizer would train half of the network */
        hb_optim_free(&learner->optim);
        learner->has_optim = false;
    }
    return status;
}

/* A plastic rule's lr, where a schedule can reach it: an optimizer without arrays holds it. */
static hebb_status hold_lr(hebb_learner *learner) {
    const char *rule = learner->args.component->name;
    const char *lr = NULL; /* its name */
    for (size_t i = 0; i < learner->args.component->param_count; i++) {
        const char *param = learner->args.component->params[i].name;
        if (!strcmp(param, "lr") || !strcmp(param, "eta")) lr = param;
    }
    if (!lr)
        return hb_fail(learner->env, HEBB_E_UNSUPPORTED,
                       "the rule %s has no lr that a schedule could change", rule);
    if (learner->graph->spaic)
        return hb_fail(learner->env, HEBB_E_UNSUPPORTED,
                       "compat = \"spaic\": the lr of the rule %s stays as it is, as in SPAIC; it "
                       "takes no schedule",
                       rule);
    HEBB_TRY(hb_optim_create(learner->env, "SGD", hb_args_num(&learner->args, lr), NULL,
                             &learner->optim));
    learner->has_optim = true;
    return HEBB_OK;
}

hebb_status hb_learner_set_schedule(hebb_learner *learner, const char *name,
                                    const hebb_param *params) {
    if (learner->plastic && !learner->has_optim) HEBB_TRY(hold_lr(learner));
    if (!learner->has_optim)
        return hb_fail(learner->env, HEBB_E_STATE,
                       "a schedule changes an optimizer's learning rate; set the optimizer first");
    hb_sched made;
    HEBB_TRY(hb_sched_create(&learner->optim, name, params, &made));
    if (learner->has_sched) hb_sched_free(&learner->sched);
    learner->sched = made;
    learner->has_sched = true;
    return HEBB_OK;
}

/* The readout by name, or the only one there is. */
static hebb_status find_readout(hebb_learner *learner, const char *decoder, int *found) {
    hb_graph *g = learner->graph;
    if (decoder) {
        *found = hb_graph_need(g, "decoder", decoder);
        return *found < 0 ? HEBB_E_NAME : HEBB_OK;
    }
    if (g->readout_count == 1) {
        *found = 0;
        return HEBB_OK;
    }
    if (!g->readout_count)
        return hb_fail(g->env, HEBB_E_STATE, "the network has no decoder to take a loss from");
    return hb_fail(g->env, HEBB_E_ARGUMENT,
                   "the network has %zu decoders; name the one that the loss is taken from, such "
                   "as '%s'",
                   g->readout_count, g->readouts[0].name);
}

hebb_status hb_learner_set_loss(hebb_learner *learner, const char *decoder, const char *loss,
                                const hebb_param *params) {
    hb_graph *g = learner->graph;
    int readout = -1;
    HEBB_TRY(hb_graph_check(g));
    HEBB_TRY(find_readout(learner, decoder, &readout));
    const hb_readout *r = &g->readouts[readout];
    if (!loss) {
        if (learner->has_loss) hb_loss_free(&learner->loss);
        learner->has_loss = learner->loss_ready = false;
        learner->readout = readout;
        return HEBB_OK;
    }
    if (r->decoder.ops->whole_record)
        return hb_fail(g->env, HEBB_E_UNSUPPORTED,
                       "%s: the decoder %s gives the whole record; use "
                       "hebb_learner_backward_from with a gradient of your own",
                       r->name, r->decoder.ops->component->name);
    hb_loss made;
    HEBB_TRY(hb_loss_create(g->env, loss, r->name, params, r->decoder.classes, &made));
    if (learner->has_loss) hb_loss_free(&learner->loss);
    learner->loss = made;
    learner->has_loss = true;
    learner->loss_ready = false;
    learner->readout = readout;
    return HEBB_OK;
}

/* ---- build ---- */

static hebb_status claim_param(hebb_learner *learner, hb_parameter *p) {
    if (p->trainable && p->owner != learner->index)
        return hb_fail(learner->env, HEBB_E_GRAPH,
                       "%s is trainable for two learners, number %zu (%s) and number %zu (%s); it "
                       "may have one",
                       p->name, p->owner + 1, p->owner_rule, learner->index + 1,
                       learner->args.component->name);
    if (p->what == HB_P_DELAY)
        return hb_fail(learner->env, HEBB_E_UNSUPPORTED, "%s: delays are not learned", p->name);
    if (p->what == HB_P_KEPT ||
        (p->what == HB_P_WEIGHT && learner->graph->connections[p->connection].wiring.lateral))
        return hb_fail(learner->env, HEBB_E_UNSUPPORTED, "%s is not learned", p->name);
    if (!p->count) return HEBB_OK; /* a sparse connection without a synapse */
    p->trainable = true;
    p->owner = learner->index;
    p->owner_rule = learner->args.component->name;
    p->plastic = learner->plastic;
    if (learner->plastic && p->what != HB_P_WEIGHT)
        return hb_fail(learner->env, HEBB_E_UNSUPPORTED, "%s: the rule %s changes weights only",
                       p->name, learner->args.component->name);
    p->wants_rows = !p->plastic && p->what == HB_P_WEIGHT && learner->has_optim &&
                    !strcmp(learner->optim.ops->component->name, "SparseAdam");
    return HEBB_OK;
}

static const hb_param_info *neuron_info(const hebb_learner *learner, const hb_parameter *p) {
    const hb_model *model = hb_models_f32[learner->graph->groups[p->group].model];
    const hb_component *c = model->component;
    for (size_t i = 0; i < c->param_count; i++)
        if (!strcmp(c->params[i].name, model->coefs[p->coef].param)) return &c->params[i];
    return NULL;
}

/* Weights, biases, and the neuron parameters that are trained unasked. */
static bool is_default(const hebb_learner *learner, const hb_parameter *p) {
    if (p->what == HB_P_WEIGHT && learner->graph->connections[p->connection].wiring.lateral)
        return false;
    if (p->what == HB_P_WEIGHT) return true;
    if (learner->plastic) return false;
    if (p->what == HB_P_BIAS) return true;
    if (p->what != HB_P_NEURON) return false;
    const hb_param_info *info = neuron_info(learner, p);
    return info && info->flags & HB_TRAINED;
}

static hebb_status unknown_name(hebb_learner *learner, const hb_engine *engine, const char *name) {
    const hb_graph *g = learner->graph;
    const char *names[512];
    size_t count = 0;
    for (size_t i = 0; i < g->group_count && count < 512; i++) names[count++] = g->groups[i].name;
    for (size_t i = 0; i < g->connection_count && count < 512; i++)
        names[count++] = g->connections[i].name;
    for (size_t i = 0; i < engine->param_count && count < 512; i++)
        names[count++] = engine->params[i].name;
    const char *near = hb_nearest(name, names, count);
    return hb_fail(learner->env, HEBB_E_NAME,
                   "trainable: the network has no group, connection or parameter '%.80s'%s%s%s",
                   name, near[0] ? "; did you mean '" : "", near, near[0] ? "'?" : "");
}

static hebb_status claim_named(hebb_learner *learner, hb_engine *engine, const char *name) {
    int group = hb_graph_find(learner->graph, "group", name);
    int connection = hb_graph_find(learner->graph, "connection", name);
    bool known =
        group >= 0 || connection >= 0 ||
        hb_graph_find(learner->graph, "decoder", name) >= 0; /* carries the gradient anyway */
    for (size_t i = 0; i < engine->param_count; i++) {
        hb_parameter *p = &engine->params[i];
        bool mine = !strcmp(p->name, name);
        if (!mine && is_default(learner, p)) {
            mine = connection >= 0 && p->connection == connection;
            if (group >= 0)
                mine = p->group == group ||
                       (p->connection >= 0 &&
                        learner->graph->connections[p->connection].post == (size_t)group);
        }
        if (!mine) continue;
        known = true;
        if (p->what == HB_P_NEURON && !(neuron_info(learner, p)->flags & HB_TRAINABLE))
            return hb_fail(learner->env, HEBB_E_UNSUPPORTED, "%s cannot be trained", p->name);
        HEBB_TRY(claim_param(learner, p));
    }
    return known ? HEBB_OK : unknown_name(learner, engine, name);
}

static bool is_plastic(const hb_engine *engine, size_t connection) {
    for (size_t i = 0; i < engine->param_count; i++)
        if (engine->params[i].connection == (int)connection && engine->params[i].plastic)
            return true;
    return false;
}

/* Reaches what lies downstream of the groups that are reached. */
static void spread_reached(hb_graph *g, const hb_engine *engine, bool over_plastic) {
    for (bool more = true; more;) {
        more = false;
        for (size_t i = 0; i < g->connection_count; i++) {
            const hb_connection *c = &g->connections[i];
            if (!g->groups[c->pre].reached || g->groups[c->post].reached) continue;
            if (over_plastic || !is_plastic(engine, i)) g->groups[c->post].reached = more = true;
        }
    }
}

/* Every group that a gradient can pass on its way from the loss carries the surrogate. */
static void spread_surrogate(hebb_learner *learner, const hb_engine *engine) {
    hb_graph *g = learner->graph;
    for (size_t i = 0; i < g->group_count; i++) g->groups[i].reached = false;
    for (size_t i = 0; i < engine->param_count; i++) {
        const hb_parameter *p = &engine->params[i];
        if (!p->trainable || p->owner != learner->index) continue;
        size_t group = p->group >= 0 ? (size_t)p->group : g->connections[p->connection].post;
        g->groups[group].reached = true;
    }
    spread_reached(g, engine, false);
    for (size_t i = 0; i < g->group_count; i++) {
        hb_group *group = &g->groups[i];
        if (!group->reached || group->surrogate_set) continue;
        group->surrogate_set = true;
        group->recompute = !strcmp(hb_args_text(&learner->args, "tape"), "recompute");
        group->surrogate = learner->surrogate;
        group->detach_reset = hb_args_num(&learner->args, "detach_reset") != 0;
    }
}

hebb_status hb_learner_claim(hebb_learner *learner, hb_engine *engine) {
    size_t mine = 0;
    if (!learner->trainable)
        for (size_t i = 0; i < engine->param_count; i++)
            if (is_default(learner, &engine->params[i]))
                HEBB_TRY(claim_param(learner, &engine->params[i]));
    for (size_t i = 0; i < learner->trainable_count; i++)
        HEBB_TRY(claim_named(learner, engine, learner->trainable[i]));
    for (size_t i = 0; i < engine->param_count; i++)
        mine += engine->params[i].trainable && engine->params[i].owner == learner->index;
    if (!mine)
        return hb_fail(learner->env, HEBB_E_GRAPH,
                       "the learner %s has nothing to train: none of what it names has weights, "
                       "biases or trainable parameters",
                       learner->args.component->name);
    return HEBB_OK;
}

/* The widest of the decoders that a loss may be taken from, for the planned batch. */
static hebb_status plan_predictions(hebb_learner *learner) {
    const hb_graph *g = learner->graph;
    size_t most = 0;
    for (size_t i = 0; i < g->readout_count; i++) {
        if (learner->readout >= 0 && learner->readout != (int)i) continue;
        size_t outputs = hb_decoder_outputs(&g->readouts[i].decoder, hb_graph_steps(g));
        if (outputs > most) most = outputs;
    }
    return hb_learner_room(learner, most * g->batch_max);
}

/* Marks the groups downstream of `from`, itself included; true if a decoder reads one. */
static bool reaches_decoder(hb_graph *g, const hb_engine *engine, size_t from, bool plastic_too) {
    for (size_t i = 0; i < g->group_count; i++) g->groups[i].reached = i == from;
    spread_reached(g, engine, plastic_too);
    for (size_t i = 0; i < g->readout_count; i++)
        if (g->groups[g->readouts[i].target].reached) return true;
    return false;
}

hebb_status hb_learner_check(hebb_learner *learner, const hb_engine *engine) {
    hb_graph *g = learner->graph;
    for (size_t i = 0; i < engine->param_count && !learner->plastic; i++) {
        const hb_parameter *p = &engine->params[i];
        if (!p->trainable || p->owner != learner->index) continue;
        size_t group = p->group >= 0 ? (size_t)p->group : g->connections[p->connection].post;
        if (!reaches_decoder(g, engine, group, false) && reaches_decoder(g, engine, group, true))
            return hb_fail(learner->env, HEBB_E_GRAPH,
                           "%s: every way from here to a decoder leads over a plastic connection, "
                           "which no gradient passes, so %s cannot train it",
                           p->name, learner->args.component->name);
    }
    if (!learner->plastic) spread_surrogate(learner, engine);
    return HEBB_OK;
}

hebb_status hb_learner_ready(hebb_learner *learner) {
    HEBB_TRY(give_arrays(learner));
    HEBB_TRY(plan_predictions(learner));
    if (!learner->plastic && !learner->has_loss && learner->graph->readout_count == 1 &&
        !learner->graph->readouts[0].decoder.ops->whole_record)
        return hb_learner_set_loss(learner, NULL, "cross_entropy", NULL);
    return HEBB_OK;
}

/* ---- for checkpoints ---- */

hb_optim *hb_learner_optim(hebb_learner *learner) {
    return learner->has_optim && learner->engine ? &learner->optim : NULL;
}
hb_sched *hb_learner_sched(hebb_learner *learner) {
    return learner->has_sched && learner->engine ? &learner->sched : NULL;
}
const char *hb_learner_param(const hebb_learner *learner, size_t index) {
    for (size_t i = 0; learner->engine && i < learner->engine->param_count; i++) {
        const hb_parameter *p = &learner->engine->params[i];
        if (p->trainable && p->owner == learner->index && index-- == 0) return p->name;
    }
    return NULL;
}

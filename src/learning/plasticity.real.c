#include "learning/plasticity.h"

#include <string.h>

#include "learning/pairs.h"
#include "learning/plastic_common.h"
#include "learning/rule.h"

typedef struct plasticity {
    hb_between between; /* first: the engine frees it by this */
    hb_machine *m;
    hb_plastic *items;
    size_t count;
} plasticity;

static void lay(void *user, hb_arena *arena, size_t batch, size_t steps) {
    plasticity *all = user;
    for (size_t i = 0; i < all->count; i++) {
        hb_plastic *p = &all->items[i];
        (p->rule->lay ? p->rule->lay : HB_R(hb_pairs_lay))(p, arena, batch, steps);
    }
}
static hebb_status check(void *user, size_t batch) {
    plasticity *all = user;
    for (size_t i = 0; i < all->count; i++)
        if (all->items[i].rule->check) HEBB_TRY(all->items[i].rule->check(&all->items[i], batch));
    return HEBB_OK;
}
static void begin(void *user, bool fresh) {
    plasticity *all = user;
    for (size_t i = 0; i < all->count; i++) {
        hb_plastic *p = &all->items[i];
        if (*p->scheduled) HB_R(hb_plastic_set_lr)(p, *p->scheduled_lr);
        (p->rule->begin ? p->rule->begin : HB_R(hb_pairs_begin))(p, fresh);
    }
}
static void step(void *user, size_t t) {
    plasticity *all = user;
    for (size_t i = 0; i < all->count; i++) {
        hb_plastic *p = &all->items[i];
        if (!p->presentation) (p->rule->step ? p->rule->step : HB_R(hb_pairs_step))(p, t);
    }
}
static bool splits(void *user) {
    const plasticity *all = user;
    for (size_t i = 0; i < all->count; i++)
        if (!all->items[i].presentation && !HB_R(hb_pairs_split)(&all->items[i])) return false;
    return true;
}
static void step_of(void *user, size_t t, size_t member) {
    plasticity *all = user;
    for (size_t i = 0; i < all->count; i++) {
        hb_plastic *p = &all->items[i];
        if (!p->presentation) HB_R(hb_pairs_step_share)(p, &hb_pairs_of(p)->rooms[member], t);
    }
}
static void end(void *user) {
    plasticity *all = user;
    for (size_t i = 0; i < all->count; i++) {
        hb_plastic *p = &all->items[i];
        (p->rule->end ? p->rule->end : HB_R(hb_pairs_end))(p);
    }
}
static void abandon(void *user) {
    plasticity *all = user;
    all->m->base.writes++; /* what is known of the weights no longer holds */
    for (size_t i = 0; i < all->count; i++)
        if (all->items[i].link->scale) HB_R(hb_lazy_end)(&all->items[i]);
}
static void destroy(hb_env *env, hb_between *between) {
    plasticity *all = (plasticity *)between;
    for (size_t i = 0; i < all->count; i++) hb_free(env, all->items[i].kept);
    hb_free(env, all->items);
    hb_free(env, all);
}

static hebb_status find_reward(hb_plastic *p, const hebb_learner *learner) {
    hb_graph *g = learner->graph;
    p->reward = -1;
    if (!p->rule->needs_reward) return HEBB_OK;
    const char *name = hb_args_text(&learner->args, "reward");
    if (name) p->reward = hb_graph_need(g, "reward", name);
    if (name) return p->reward < 0 ? HEBB_E_NAME : HEBB_OK;
    if (g->reward_count != 1)
        return hb_fail(g->env, HEBB_E_GRAPH,
                       g->reward_count ? "%s: the network has %zu rewards; name one with `reward`"
                                       : "%s learns by a reward, but the network has %zu; add one",
                       p->rule->component->name, g->reward_count);
    p->reward = 0;
    return HEBB_OK;
}

/* Is the parameter a plastic connection's weight that this learner owns? */
static bool mine(const hb_parameter *q, const hebb_learner *learner) {
    return q->plastic && q->trainable && q->owner == learner->index;
}

hebb_status HB_R(hb_plasticity_attach)(hb_engine *engine, hebb_learner *learners) {
    hb_machine *m = (hb_machine *)engine;
    hb_env *env = engine->graph->env;
    size_t count = 0;
    for (size_t i = 0; i < engine->param_count; i++) count += engine->params[i].plastic;
    if (!count) return HEBB_OK;
    plasticity *all = hb_calloc(env, 1, sizeof *all);
    hb_plastic *items = hb_calloc(env, count, sizeof *items);
    if (!all || !items) {
        hb_free(env, all);
        hb_free(env, items);
        return HEBB_E_MEMORY;
    }
    hb_between between = {.user = all,
                          .lay = lay,
                          .check = check,
                          .begin = begin,
                          .step = step,
                          .splits = splits,
                          .step_of = step_of,
                          .end = end,
                          .abandon = abandon,
                          .destroy = destroy};
    *all = (plasticity){between, m, items, 0};
    m->between = &all->between;
    for (const hebb_learner *l = learners; l; l = l->next)
        for (size_t i = 0; i < engine->param_count; i++) {
            if (!mine(&engine->params[i], l)) continue;
            hb_plastic *p = &items[all->count++];
            hb_link *link = &m->links[engine->params[i].connection];
            *p = (hb_plastic){.rule = HB_R(hb_rules)[l->rule],
                              .args = &l->args,
                              .lesson = &l->lesson,
                              .env = env,
                              .m = m,
                              .link = link,
                              .scheduled = &l->has_sched,
                              .scheduled_lr = &l->optim.lr,
                              .low = (real)link->weight->low,
                              .high = (real)link->weight->high};
            link->plastic = true;
            HEBB_TRY(find_reward(p, l));
            HEBB_TRY(p->rule->setup(p));
            all->between.every_step |= !p->presentation;
        }
    return HEBB_OK;
}

void HB_R(hb_plasticity_settle)(hb_engine *engine, const hebb_learner *learner) {
    hb_machine *m = (hb_machine *)engine;
    plasticity *all = (plasticity *)m->between;
    for (size_t i = 0; all && i < all->count; i++)
        if (all->items[i].args == &learner->args && all->items[i].rule->optim_step)
            all->items[i].rule->optim_step(&all->items[i]);
}

/* Actions through the public interface. */
#include <math.h>
#include <string.h>

#include "api/net.h"
#include "coding/actions.h"

static hebb_status check(hb_env *env, const char *what, const void *values, const char *name,
                         size_t batch, const int32_t *actions) {
    if (!values) return hb_fail(env, HEBB_E_ARGUMENT, "%s: %s is NULL", what, name);
    if (!actions) return hb_fail(env, HEBB_E_ARGUMENT, "%s: actions is NULL", what);
    if (!batch) return hb_fail(env, HEBB_E_SHAPE, "%s: batch is 0; it must be at least 1", what);
    return HEBB_OK;
}

static hebb_status check_finite(hb_env *env, const char *what, const char *name,
                                const double *values, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (!isfinite(values[i]))
            return hb_fail(env, HEBB_E_NOT_FINITE, "%s: %s[%zu] is %g; all must be finite numbers",
                           what, name, i, values[i]);
    return HEBB_OK;
}

/* a b c, or SIZE_MAX where that is more than a size can hold. */
static size_t product(size_t a, size_t b, size_t c) {
    size_t ab, abc;
    bool over = __builtin_mul_overflow(a, b, &ab) || __builtin_mul_overflow(ab, c, &abc);
    return over ? SIZE_MAX : abc;
}

static hebb_status choose(hb_env *env, const char *what, uint64_t seed, const hb_action *a,
                          const double *record, size_t steps, size_t batch, size_t num,
                          uint64_t draw, int32_t *actions) {
    size_t choices = num / a->pop_size;
    if (num % a->pop_size || !num)
        return hb_fail(env, HEBB_E_SHAPE, "%s: pop_size = %zu does not divide the %zu neurons",
                       what, a->pop_size, num);
    double *scores = hb_calloc(env, choices, sizeof *scores);
    if (!scores) return HEBB_E_MEMORY;
    for (size_t b = 0; b < batch; b++) {
        hb_action_score(a, steps, batch, num, b, record, scores);
        actions[b] = (int32_t)hb_action_choose(a, scores, choices, seed, draw, b);
    }
    hb_free(env, scores);
    return HEBB_OK;
}

hebb_status hebb_action_record(hebb_ctx *ctx, const char *method, const hebb_param *params,
                               const double *record, size_t steps, size_t batch, size_t num,
                               uint64_t draw, int32_t *actions) {
    if (!ctx) return hb_null(__func__, "ctx");
    hb_env *env = &ctx->env;
    const char *what = "hebb_action_record";
    HEBB_TRY(check(env, what, record, "record", batch, actions));
    size_t cells = product(steps, batch, num);
    if (!cells || cells == SIZE_MAX)
        return hb_fail(env, HEBB_E_SHAPE,
                       "%s: a record of %zu steps, %zu samples, %zu neurons is not possible", what,
                       steps, batch, num);
    HEBB_TRY(check_finite(env, what, "record", record, cells));
    hb_action action;
    HEBB_TRY(hb_action_create(env, method, what, params, &action));
    hebb_status status =
        choose(env, what, hebb_ctx_seed(ctx), &action, record, steps, batch, num, draw, actions);
    hb_action_free(&action);
    return status;
}

hebb_status hebb_action_choose(hebb_ctx *ctx, const char *method, const hebb_param *params,
                               const double *scores, size_t batch, size_t choices, uint64_t draw,
                               int32_t *actions) {
    if (!ctx) return hb_null(__func__, "ctx");
    hb_env *env = &ctx->env;
    const char *what = "hebb_action_choose";
    HEBB_TRY(check(env, what, scores, "scores", batch, actions));
    size_t cells = product(batch, choices, 1);
    if (!cells || cells == SIZE_MAX || choices > INT32_MAX)
        return hb_fail(env, HEBB_E_SHAPE, "%s: %zu samples with %zu choices are not possible", what,
                       batch, choices);
    HEBB_TRY(check_finite(env, what, "scores", scores, cells));
    hb_action action;
    HEBB_TRY(hb_action_create(env, method, what, params, &action));
    hebb_status status = HEBB_OK;
    if (hb_args_given(&action.args, "pop_size") && action.pop_size != 1)
        status = hb_fail(env, HEBB_E_ARGUMENT,
                         "%s: pop_size = %zu is not allowed with scores, which are one for each "
                         "choice",
                         what, action.pop_size);
    for (size_t b = 0; status >= 0 && b < batch; b++)
        actions[b] = (int32_t)hb_action_choose(&action, scores + b * choices, choices,
                                               hebb_ctx_seed(ctx), draw, b);
    hb_action_free(&action);
    return status;
}

/* ---- of a network ---- */

static hebb_status check_run(hebb_net *net, const char *what, const char *group, size_t batch,
                             const int32_t *actions, size_t *found) {
    HEBB_TRY(hb_net_built(net, what));
    hb_graph *g = &net->graph;
    int index = hb_graph_need(g, "group", group);
    if (index < 0) return group ? HEBB_E_NAME : HEBB_E_ARGUMENT;
    *found = (size_t)index;
    if (!actions) return hb_fail(g->env, HEBB_E_ARGUMENT, "%s: actions is NULL", what);
    if (!net->engine->ran)
        return hb_fail(g->env, HEBB_E_STATE, "%s: there is no run to look at", what);
    if (batch != net->engine->batch)
        return hb_fail(g->env, HEBB_E_SHAPE,
                       "%s: there is room for the actions of %zu samples, but the last run had %zu",
                       what, batch, net->engine->batch);
    return HEBB_OK;
}

/* values[T][B][n] of the group's V in the last run. */
static hebb_status find_potentials(hebb_net *net, const char *method, size_t group,
                                   const double **values) {
    const hb_graph *g = &net->graph;
    for (size_t i = 0; i < g->monitor_count; i++) {
        const hb_monitor *m = &g->monitors[i];
        if (m->spikes || m->group != (int)group || strcmp(m->variable, "V")) continue;
        *values = net->engine->records[i];
        return HEBB_OK;
    }
    return hb_fail(g->env, HEBB_E_STATE,
                   "hebb_net_action: %s chooses by potentials; add a state monitor of V of %s",
                   method, g->groups[group].name);
}

/* record[T][n] of sample b. */
static void fill_record(const hb_engine *e, size_t group, size_t b, const double *potentials,
                        double *record) {
    size_t n = e->graph->groups[group].n;
    for (size_t t = 0; t < e->steps; t++)
        for (size_t i = 0; i < n; i++)
            record[t * n + i] = potentials ? potentials[(t * e->batch + b) * n + i]
                                           : e->ops->spiked(e, group, b, t, i);
}

static hebb_status choose_in(hebb_net *net, const hb_action *a, size_t group, uint64_t draw,
                             int32_t *actions) {
    hb_env *env = &net->ctx->env;
    const hb_engine *e = net->engine;
    size_t n = net->graph.groups[group].n, cells = product(e->steps, n, 1);
    const double *potentials = NULL;
    if (n % a->pop_size)
        return hb_fail(env, HEBB_E_SHAPE,
                       "hebb_net_action: pop_size = %zu does not divide the %zu neurons of %s",
                       a->pop_size, n, net->graph.groups[group].name);
    if (a->ops->score == HB_SCORE_MOST)
        HEBB_TRY(find_potentials(net, a->ops->component->name, group, &potentials));
    else
        HEBB_TRY(e->ops->remembers(e, group));
    double *record = hb_calloc(env, cells, sizeof *record);
    double *scores = hb_calloc(env, n, sizeof *scores);
    for (size_t b = 0; record && scores && b < e->batch; b++) {
        fill_record(e, group, b, potentials, record);
        hb_action_score(a, e->steps, 1, n, 0, record, scores);
        actions[b] =
            (int32_t)hb_action_choose(a, scores, n / a->pop_size, hebb_ctx_seed(net->ctx), draw, b);
    }
    hebb_status status = record && scores ? HEBB_OK : HEBB_E_MEMORY;
    hb_free(env, record);
    hb_free(env, scores);
    return status;
}

hebb_status hebb_net_action(hebb_net *net, const char *group, const char *method,
                            const hebb_param *params, uint64_t draw, int32_t *actions,
                            size_t batch) {
    size_t found;
    HEBB_TRY(check_run(net, "hebb_net_action", group, batch, actions, &found));
    hb_action action;
    HEBB_TRY(hb_action_create(&net->ctx->env, method, "hebb_net_action", params, &action));
    hebb_status status = choose_in(net, &action, found, draw, actions);
    hb_action_free(&action);
    return status;
}

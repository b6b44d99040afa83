/* Networks: their parameters and constants. */
#include <string.h>

#include "api/net.h"
#include "neurons/model.h"

const char *hebb_net_param_name(const hebb_net *net, size_t index) {
    if (!net || !net->engine || index >= net->engine->param_count) return NULL;
    return net->engine->params[index].name;
}

static hebb_status find(hebb_net *net, const char *call, const char *name, hb_parameter **p) {
    HEBB_TRY(hb_net_built(net, call));
    hb_env *env = &net->ctx->env;
    hb_engine *e = net->engine;
    if (!name) return hb_fail(env, HEBB_E_ARGUMENT, "%s: the parameter's name is NULL", call);
    size_t found = hb_param_find(e, name);
    if (found != SIZE_MAX) {
        *p = &e->params[found];
        return HEBB_OK;
    }
    const char *names[512];
    size_t count = 0;
    for (; count < e->param_count && count < 512; count++) names[count] = e->params[count].name;
    const char *near = hb_nearest(name, names, count);
    return hb_fail(env, HEBB_E_NAME, "%s: the network has no parameter '%.80s'; %s%s%s", call, name,
                   near[0] ? "did you mean '" : "", near,
                   near[0] ? "'?" : "hebb_net_param_name lists what there is");
}

static size_t cells_of(const hb_parameter *p) {
    return p->shape[0] * (p->ndim > 1 ? p->shape[1] : 1);
}

static hebb_status check_count(hebb_net *net, const char *call, const hb_parameter *p,
                               const void *values, size_t count) {
    hb_env *env = &net->ctx->env;
    if (!values)
        return hb_fail(env, HEBB_E_ARGUMENT, "%s: the values of %s are NULL", call, p->name);
    if (count != cells_of(p))
        return hb_fail(env, HEBB_E_SHAPE, "%s: count = %zu is not allowed for %s; it must be %zu",
                       call, count, p->name, cells_of(p));
    return HEBB_OK;
}

hebb_status hebb_net_param_shape(hebb_net *net, const char *name, size_t shape[4], size_t *ndim) {
    hb_parameter *p;
    HEBB_TRY(find(net, "hebb_net_param_shape", name, &p));
    for (size_t i = 0; shape && i < 4; i++) shape[i] = i < p->ndim ? p->shape[i] : 1;
    if (ndim) *ndim = p->ndim;
    return HEBB_OK;
}

hebb_status hebb_net_get(hebb_net *net, const char *name, double *values, size_t count) {
    hb_parameter *p;
    HEBB_TRY(find(net, "hebb_net_get", name, &p));
    HEBB_TRY(check_count(net, "hebb_net_get", p, values, count));
    hb_param_get(net->engine, p, p->values, values);
    return HEBB_OK;
}

hebb_status hebb_net_set(hebb_net *net, const char *name, const double *values, size_t count) {
    hb_parameter *p;
    HEBB_TRY(find(net, "hebb_net_set", name, &p));
    HEBB_TRY(check_count(net, "hebb_net_set", p, values, count));
    return hb_param_set(net->engine, p, values);
}

hebb_status hebb_net_gradient(hebb_net *net, const char *name, double *values, size_t count) {
    hb_parameter *p;
    HEBB_TRY(find(net, "hebb_net_gradient", name, &p));
    HEBB_TRY(check_count(net, "hebb_net_gradient", p, values, count));
    if (!p->grad)
        return hb_fail(&net->ctx->env, HEBB_E_STATE,
                       "hebb_net_gradient: %s has no gradient; no learner trains it", name);
    hb_param_get(net->engine, p, p->grad, values);
    return HEBB_OK;
}

hebb_status hebb_net_constant(hebb_net *net, const char *name, double *value) {
    HEBB_TRY(hb_net_built(net, "hebb_net_constant"));
    hb_env *env = &net->ctx->env;
    if (!name || !value)
        return hb_fail(env, HEBB_E_ARGUMENT, "hebb_net_constant: %s is NULL",
                       name ? "value" : "name");
    const char *dot = strrchr(name, '.');
    for (size_t i = 0; dot && i < net->graph.group_count; i++) {
        const hb_group *group = &net->graph.groups[i];
        if (group->role != HB_NEURONS || strlen(group->name) != (size_t)(dot - name) ||
            strncmp(group->name, name, (size_t)(dot - name)))
            continue;
        const hb_model *model = hb_models_f32[group->model];
        const char *names[HB_COEFS];
        for (size_t c = 0; c < model->coef_count; c++) {
            names[c] = model->coefs[c].name;
            if (hb_name_matches("", model->coefs[c].name, dot + 1))
                return net->engine->ops->constant(net->engine, i, c, value);
        }
        const char *near = hb_nearest(dot + 1, names, model->coef_count);
        return hb_fail(env, HEBB_E_NAME, "hebb_net_constant: %s (%s) has no constant '%.80s'%s%s%s",
                       group->name, model->component->name, dot + 1,
                       near[0] ? "; did you mean '" : "", near, near[0] ? "'?" : "");
    }
    return hb_fail(env, HEBB_E_NAME,
                   "hebb_net_constant: '%.80s' is not the constant of a group of neurons, such as "
                   "layer1.tauM",
                   name);
}

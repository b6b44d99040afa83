#include "learning/plastic_common.h"

#include <math.h>
#include <string.h>

static bool has(const hb_plastic *p, const char *name) {
    const hb_component *c = p->rule->component;
    for (size_t i = 0; i < c->param_count; i++)
        if (!strcmp(c->params[i].name, name)) return true;
    return false;
}

double HB_R(hb_plastic_number)(const hb_plastic *p, const char *name, double otherwise) {
    return has(p, name) ? hb_args_num(p->args, name) : otherwise;
}

static bool chosen(const hb_plastic *p, const char *name, const char *choice) {
    return has(p, name) && !strcmp(hb_args_text(p->args, name), choice);
}

hb_trace HB_R(hb_plastic_trace)(const hb_plastic *p, const char *tau, bool nearest, bool before) {
    return HB_R(hb_plastic_trace_of)(p, hb_args_num(p->args, tau), nearest, before);
}
hb_trace HB_R(hb_plastic_trace_of)(const hb_plastic *p, double tau, bool nearest, bool before) {
    return (hb_trace){exp(-p->m->base.graph->dt / tau), nearest, before};
}

void HB_R(hb_plastic_rated)(hb_plastic *p, size_t place, double value) {
    p->rated |= 1u << place;
    p->per_lr[place] = value;
    p->number[place] = p->lr * value;
}

void HB_R(hb_plastic_set_lr)(hb_plastic *p, double lr) {
    p->lr = lr;
    for (size_t i = 0; i < HB_COUNT(p->number); i++)
        if (p->rated >> i & 1) p->number[i] = lr * p->per_lr[i];
}

void HB_R(hb_plastic_pairs)(hb_plastic *p) {
    bool nearest = chosen(p, "pairing", "nearest");
    p->quiet = true;
    p->pre_count = p->post_count = 1;
    p->pre[0] = HB_R(hb_plastic_trace)(p, "tau_plus", nearest, false);
    p->post[0] = HB_R(hb_plastic_trace)(p, "tau_minus", nearest, false);
    HB_R(hb_plastic_rated)(p, HB_PAIR_PLUS, hb_args_num(p->args, "A_plus"));
    HB_R(hb_plastic_rated)(p, HB_PAIR_MINUS, hb_args_num(p->args, "A_minus"));
}

hebb_status HB_R(hb_plastic_bounded)(const hb_plastic *p) {
    if (isfinite(p->low) && isfinite(p->high) && p->low < p->high) return HEBB_OK;
    return hb_fail(
        p->env, HEBB_E_RANGE,
        "%s: %s measures a weight by its distance to the bounds, so w_min = %g and w_max "
        "= %g must be finite, and w_min the lower one",
        p->link->connection->name, p->rule->component->name, (double)p->low, (double)p->high);
}

static hebb_status check_ends(const hb_plastic *p) {
    const hb_link *link = p->link;
    const char *rule = p->rule->component->name, *name = link->connection->name;
    if (link->connection->reads_v)
        return hb_fail(p->env, HEBB_E_UNSUPPORTED,
                       "%s: the rule %s learns from spikes, but the connection reads V", name,
                       rule);
    if (link->post->model->output != HB_OUT_SPIKES)
        return hb_fail(p->env, HEBB_E_UNSUPPORTED,
                       "%s: the rule %s learns from spikes, but the neuron %s of %s does not spike",
                       name, rule, link->post->model->component->name, link->post->group->name);
    if (p->m->base.graph->soft)
        return hb_fail(p->env, HEBB_E_UNSUPPORTED,
                       "%s: the rule %s learns from spikes, and soft mode has none", name, rule);
    return HEBB_OK;
}

static hebb_status check_weights(hb_plastic *p) {
    const hb_parameter *param = p->link->weight;
    real *w = param->values;
    const hb_arg *given = hb_args_get(&p->link->connection->args, "weight");
    bool drawn = !given->given || given->kind == HEBB_TEXT;
    for (size_t k = 0; k < param->count && !p->m->base.graph->spaic; k++) {
        if (w[k] >= p->low && w[k] <= p->high) continue;
        if (!drawn)
            return hb_fail(p->env, HEBB_E_RANGE,
                           "%s: a given weight is %g, outside the bounds %g .. %g of %s",
                           p->link->connection->name, (double)w[k], (double)p->low, (double)p->high,
                           p->rule->component->name);
        w[k] = w[k] < p->low ? p->low : p->high;
    }
    return HEBB_OK;
}

hebb_status HB_R(hb_plastic_bounds)(hb_plastic *p, double low, double high) {
    hb_parameter *param = p->link->weight;
    double least = fmax(param->low, low), most = fmin(param->high, high);
    if (least > most)
        return hb_fail(p->env, HEBB_E_RANGE,
                       "%s: w_min = %g is above w_max = %g; bounds are the tighter of those of "
                       "the connection and of the rule %s",
                       p->link->connection->name, least, most, p->rule->component->name);
    if (!p->m->base.graph->spaic) param->low = least, param->high = most;
    p->low = (real)least;
    p->high = (real)most;
    return check_weights(p);
}

hebb_status HB_R(hb_plastic_undelayed)(const hb_plastic *p) {
    if (!p->link->wiring->delay) return HEBB_OK;
    return hb_fail(p->env, HEBB_E_UNSUPPORTED, "%s: the rule %s does not work on delayed synapses",
                   p->link->connection->name, p->rule->component->name);
}

hebb_status HB_R(hb_plastic_common)(hb_plastic *p) {
    p->lr = HB_R(hb_plastic_number)(p, "lr", 1);
    p->mean = chosen(p, "reduction", "mean");
    p->presentation = chosen(p, "update", "presentation");
    p->norm = chosen(p, "norm", "none") ? 0 : HB_R(hb_plastic_number)(p, "w_norm", 0);
    p->norm_every_step = p->norm > 0 && chosen(p, "norm", "step") && !p->presentation;
    p->target_rate = HB_R(hb_plastic_number)(p, "target_rate", 0);
    p->rate_gain = HB_R(hb_plastic_number)(p, "rate_gain", 0);
    return check_ends(p);
}

hebb_status HB_R(hb_plastic_setup)(hb_plastic *p) {
    HEBB_TRY(HB_R(hb_plastic_common)(p));
    return HB_R(hb_plastic_bounds)(p, HB_R(hb_plastic_number)(p, "w_min", -HB_INF),
                                   HB_R(hb_plastic_number)(p, "w_max", HB_INF));
}

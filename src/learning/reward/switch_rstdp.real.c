/* switch_rstdp: the sign of the reward chooses between two STDP rules. */
#include <math.h>
#include <string.h>

#include "learning/eligibility.h"

static const hb_param_info params[] = {
    HB_P_LR(1, "learning rate: factor on every change"),
    {"Apost_pos", HB_NUM, "1", 5e-3, HB_ANY, 0, "rewarded: change by a pair pre before post"},
    {"Apre_pos", HB_NUM, "1", -4e-3, HB_ANY, 0, "rewarded: change by a pair post before pre"},
    {"Apost_neg", HB_NUM, "1", -5e-3, HB_ANY, 0, "punished: change by a pair pre before post"},
    {"Apre_neg", HB_NUM, "1", 4e-3, HB_ANY, 0, "punished: change by a pair post before pre"},
    {"pre_decay", HB_NUM, "1", 0.951229424500714, 0, 1, 0,
     "decay of the presynaptic trace in a step", NULL, "exp(-1/20)"},
    {"post_decay", HB_NUM, "1", 0.951229424500714, 0, 1, 0,
     "decay of the postsynaptic trace in a step", NULL, "exp(-1/20)"},
    HB_P_BOUNDS(-HB_INF, HB_INF),
    {.name = "reward",
     .type = HB_STRING,
     .unit = "1",
     .flags = HB_UNSET,
     .doc = "name of the reward that it learns by",
     .aliases = "reward_name",
     .def_text = "the network's only one"},
};
static const hb_component component = {
    .kind = "learner",
    .name = "switch_rstdp",
    .summary = "STDP whose sign follows the reward",
    .equation =
        "x = 1 at p, else pre_decay x; y = 1 at q, else post_decay y; R > 0: A = (Apost_pos, "
        "Apre_pos), R < 0: A = (Apost_neg, Apre_neg); W = W + lr mean over samples of (q "
        "Apost x + Apre y p); R = 0 changes nothing (compat = spaic: it punishes; W within "
        "0 .. 0.1)",
    .source = "SPAIC 0.6.3",
    .params = params,
    .param_count = HB_COUNT(params),
};

static hebb_status setup(hb_plastic *p) {
    HEBB_TRY(HB_R(hb_plastic_setup)(p));
    hb_eligible *e = hb_calloc(p->env, 1, sizeof *e);
    if (!e) return HEBB_E_MEMORY;
    p->kept = p->own = e;
    e->per_neuron = p->m->base.graph->rewards[p->reward].reward.ops->per_neuron;
    if (e->per_neuron)
        return hb_fail(p->env, HEBB_E_UNSUPPORTED,
                       "%s: switch_rstdp needs one reward for a sample, not one for each neuron",
                       p->link->connection->name);
    p->pre_count = p->post_count = 1;
    p->pre[0] = (hb_trace){hb_args_num(p->args, "pre_decay"), true, false};
    p->post[0] = (hb_trace){hb_args_num(p->args, "post_decay"), true, false};
    if (p->m->base.graph->spaic) p->low = 0, p->high = (real)0.1;
    return HEBB_OK;
}

/* SPAIC: what was learned is gone at the next run unless optim_step kept it; the postsynaptic
 * trace is not. */
static void begin(hb_plastic *p, bool fresh) {
    hb_eligible *e = p->own;
    size_t traces = p->m->base.batch * p->link->post->n * sizeof(real);
    real *y = hb_pairs_of(p)->post[0];
    bool spaic = p->m->base.graph->spaic;
    if (spaic) memcpy(e->minus, y, traces);
    HB_R(hb_pairs_begin)(p, fresh);
    if (!spaic || !fresh) return;
    if (e->started) memcpy(y, e->minus, traces);
    size_t bytes = p->link->wiring->count * sizeof(real);
    if (memcmp(hb_weights(p), e->left, bytes)) memcpy(e->stored, hb_weights(p), bytes);
    memcpy(hb_weights(p), e->stored, bytes);
    e->started = true;
}
static void end(hb_plastic *p) {
    hb_eligible *e = p->own;
    HB_R(hb_eligible_end)(p);
    if (p->m->base.graph->spaic)
        memcpy(e->left, hb_weights(p), p->link->wiring->count * sizeof(real));
}
static void optim_step(hb_plastic *p) {
    hb_eligible *e = p->own;
    if (p->m->base.graph->spaic)
        memcpy(e->stored, hb_weights(p), p->link->wiring->count * sizeof(real));
}

static void step(hb_plastic *p, size_t t) {
    hb_eligible *e = p->own;
    const hb_judged *j = &p->m->judged[p->reward];
    hb_pairs *d = p->driver;
    bool spaic = p->m->base.graph->spaic;
    size_t count = p->link->wiring->count, batch = p->m->base.batch;
    real *w = hb_weights(p), *dw = e->E;
    memset(dw, 0, count * sizeof(real));
    for (size_t b = 0; b < batch; b++) {
        HB_R(hb_pairs_sample)(p, b, t);
        double R = j->values[t * j->outputs + (spaic ? 0 : b)];
        if (R == 0 && !spaic) continue;
        real post = (real)hb_args_num(p->args, R > 0 ? "Apost_pos" : "Apost_neg");
        real pre = (real)hb_args_num(p->args, R > 0 ? "Apre_pos" : "Apre_neg");
        const real *x = d->pre[0] + b * d->stride, *y = d->post[0] + b * p->link->post->n;
        const uint64_t *P = d->p + b * p->link->pre->words, *Q = d->q + b * p->link->post->words;
        for (size_t k = 0; k < count; k++) {
            size_t i = hb_synapse_pre(p, k), n = hb_synapse_post(p, k);
            bool came = d->arrived ? hb_bit(d->arrived + b * HB_WORDS(count), k) : hb_bit(P, i);
            if (hb_bit(Q, n)) dw[k] += post * x[d->arrived ? k : i];
            if (came) dw[k] += pre * y[n];
        }
    }
    for (size_t k = 0; k < count; k++)
        w[k] = hb_inside(p, w[k] + (real)(p->lr / (double)batch) * dw[k]);
}

const hb_rule HB_R(hb_rule_switch_rstdp) = {
    .component = &component,
    .needs_reward = true,
    .setup = setup,
    .lay = HB_R(hb_eligible_lay),
    .begin = begin,
    .step = step,
    .end = end,
    .optim_step = optim_step,
};

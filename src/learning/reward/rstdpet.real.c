/* RSTDPET: the reward of the moment times a fading trace of the pairs before it. */
#include <math.h>

#include "learning/eligibility.h"

static const hb_param_info params[] = {
    HB_E_PARAMS(0.1),
    {"tau_e_trace", HB_NUM, "ms", 25, HB_POSITIVE, "time constant of the eligibility trace"},
    {"tau_e", HB_NUM, "ms", 25, HB_POSITIVE, "what divides the pairs that go into the trace"},
    HB_E_REWARD,
};
static const hb_component component = {
    .kind = "learner",
    .name = "RSTDPET",
    .aliases = "r_stdp_et|r-stdp-et",
    .summary = "reward-modulated STDP with an eligibility trace",
    .equation = "P+, P- and E = q P+ + P- p of a step as RSTDP; Z = exp(-dt/tau_e_trace) Z + "
                "(dt/tau_e) E; at a reward: W = W + lr dt sum over samples of (R - baseline) Z "
                "(compat = spaic: Z one step late, batch 1 only)",
    .source = "Florian, Reinforcement learning through modulation of spike-timing-dependent "
              "synaptic plasticity, Neural Comput. 19:1468-1502, 2007; SPAIC 0.6.3",
    .params = params,
    .param_count = HB_COUNT(params),
};

static hebb_status setup(hb_plastic *p) {
    double dt = p->m->base.graph->dt;
    HEBB_TRY(HB_R(hb_eligible_setup)(p));
    p->number[HB_E_DECAY] = exp(-dt / hb_args_num(p->args, "tau_e_trace"));
    p->number[HB_E_STEP] = dt / hb_args_num(p->args, "tau_e");
    HB_R(hb_plastic_rated)(p, HB_E_GAIN, dt);
    hb_eligible_of(p)->fades = true;
    return HEBB_OK;
}

static hebb_status check(const hb_plastic *p, size_t batch) {
    if (batch == 1 || !p->m->base.graph->spaic) return HEBB_OK;
    return hb_fail(p->env, HEBB_E_UNSUPPORTED,
                   "%s: under compat = spaic RSTDPET learns from batches of 1, not %zu",
                   p->link->connection->name, batch);
}

static void spaic_step(hb_plastic *p, size_t t) {
    hb_eligible *e = p->own;
    size_t count = p->link->wiring->count;
    real *w = hb_weights(p), *Z = e->E + count;
    double gain = p->number[HB_E_GAIN];
    for (size_t k = 0; k < count; k++)
        w[k] += (real)(gain * HB_R(hb_spaic_reward)(p, t, hb_synapse_post(p, k))) * Z[k];
    HB_R(hb_spaic_pairs)(p, t);
    for (size_t k = 0; k < count; k++)
        Z[k] = (real)p->number[HB_E_DECAY] * Z[k] + (real)p->number[HB_E_STEP] * e->E[k];
}

/* All traces fade alike, so one factor fades for them. */
static void fade(hb_plastic *p) {
    hb_eligible *e = p->own;
    e->factor *= p->number[HB_E_DECAY];
    if (e->factor > HB_E_LEAST) return;
    for (size_t k = 0; k < p->m->base.batch * p->link->wiring->count; k++)
        e->E[k] = (real)(e->E[k] * e->factor);
    e->factor = 1;
}

static void step(hb_plastic *p, size_t t) {
    if (p->m->base.graph->spaic) {
        spaic_step(p, t);
        return;
    }
    fade(p);
    HB_R(hb_eligible_gather)(p, t, p->number[HB_E_STEP]);
    HB_R(hb_eligible_reward)(p, t);
}

const hb_rule HB_R(hb_rule_rstdpet) = {
    .component = &component,
    .needs_reward = true,
    .setup = setup,
    .check = check,
    .on_pre = HB_R(hb_eligible_pre),
    .on_post = HB_R(hb_eligible_post),
    .lay = HB_R(hb_eligible_lay),
    .begin = HB_R(hb_eligible_begin),
    .step = step,
    .end = HB_R(hb_eligible_end),
    .passed = HB_R(hb_eligible_passed),
};

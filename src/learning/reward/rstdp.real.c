/* RSTDP: the reward of a window times the pairs that the window held. */
#include "learning/eligibility.h"

static const hb_param_info params[] = {HB_E_PARAMS(0.1), HB_E_REWARD};
static const hb_component component = {
    .kind = "learner",
    .name = "RSTDP",
    .aliases = "r_stdp|r-stdp",
    .summary = "reward-modulated STDP",
    .equation = "P+ = exp(-dt/tau_plus) P+ + A_plus p; P- = exp(-dt/tau_minus) P- + A_minus q; "
                "E = E + q P+ + P- p over the steps that the reward judges; at the reward: W = W + "
                "lr sum over samples of (R - baseline) "
                "E, E = 0 (compat = spaic: E of one step, one step late)",
    .source = "Florian, Reinforcement learning through modulation of spike-timing-dependent "
              "synaptic plasticity, Neural Comput. 19:1468-1502, 2007; SPAIC 0.6.3",
    .params = params,
    .param_count = HB_COUNT(params),
};

static void spaic_step(hb_plastic *p, size_t t) {
    real *w = hb_weights(p);
    const hb_eligible *e = p->own;
    for (size_t k = 0; k < p->link->wiring->count; k++)
        w[k] += (real)(p->lr * HB_R(hb_spaic_reward)(p, t, hb_synapse_post(p, k))) * e->E[k];
    HB_R(hb_spaic_pairs)(p, t);
}

static void step(hb_plastic *p, size_t t) {
    if (p->m->base.graph->spaic) {
        spaic_step(p, t);
        return;
    }
    HB_R(hb_eligible_gather)(p, t, HB_R(hb_eligible_counts)(p, t));
    if (HB_R(hb_eligible_reward)(p, t)) HB_R(hb_eligible_clear)(p);
}

const hb_rule HB_R(hb_rule_rstdp) = {
    .component = &component,
    .needs_reward = true,
    .setup = HB_R(hb_eligible_setup),
    .on_pre = HB_R(hb_eligible_pre),
    .on_post = HB_R(hb_eligible_post),
    .lay = HB_R(hb_eligible_lay),
    .begin = HB_R(hb_eligible_begin),
    .step = step,
    .end = HB_R(hb_eligible_end),
    .passed = HB_R(hb_eligible_passed),
};

/* Adamax: Adam with the largest gradient in place of its mean square. */
#include "optim/optim_parts.h"

void HB_R(hb_adamax_step)(hb_optim *optim, hb_slot *slot) {
    real *restrict p = slot->values, *restrict m = slot->state[0], *restrict u = slot->state[1];
    const real *restrict g = slot->gradient;
    double beta1 = optim->beta1;
    real b1 = (real)beta1, n1 = (real)(1 - beta1), b2 = (real)hb_entry(optim, "betas", 1);
    real rate = (real)(optim->lr / (1 - pow(beta1, hb_steps_of(slot))));
    real eps = HB_R(hb_eps)(hb_args_num(&optim->args, "eps")), sign = HB_R(hb_sign)(optim);
    real decay = (real)hb_args_num(&optim->args, "weight_decay");
    for (size_t i = 0, count = slot->count; i < count; i++) {
        real d = sign * g[i] + decay * p[i];
        real old = b2 * u[i], now = HB_ABS(d) + eps;
        m[i] = b1 * m[i] + n1 * d;
        u[i] = old > now ? old : now;
        p[i] -= rate * m[i] / u[i];
    }
}

#ifndef HB_DOUBLE
static const hb_param_info params[] = {HB_ROW_LR(0.002), HB_ROW_BETAS, HB_ROW_EPS(1e-8), HB_ROW_L2,
                                       HB_ROW_MAXIMIZE};
static const hb_component component = {
    .kind = "optimizer",
    .name = "Adamax",
    .aliases = "Adamx",
    .summary = "Adam scaled by the largest recent gradient",
    .equation = "m = beta1 m + (1 - beta1) g; u = max(beta2 u, |g| + eps); "
                "p -= lr/(1 - beta1^t) m/u",
    .source = "Kingma and Ba, Adam: a method for stochastic optimization, ICLR 2015, section 7.1",
    .params = params,
    .param_count = HB_COUNT(params),
};
const hb_optim_ops hb_optim_adamax = {.component = &component,
                                      .states = 2,
                                      .state_names = {"exp_avg", "exp_inf"},
                                      .check = hb_check_betas,
                                      HB_STEPS(adamax)};
#endif

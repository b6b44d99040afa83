/* ASGD: averaged stochastic gradient descent. */
#include "optim/optim_parts.h"

enum { ETA, MU }; /* the slot's scalars */

void HB_R(hb_asgd_step)(hb_optim *optim, hb_slot *slot) {
    const hb_args *args = &optim->args;
    real *restrict p = slot->values, *restrict ax = slot->state[0];
    const real *restrict g = slot->gradient;
    double t = hb_steps_of(slot), lambd = hb_args_num(args, "lambd"), lr = optim->lr;
    if (t == 1) {
        slot->scalar[ETA] = lr;
        slot->scalar[MU] = 1;
    }
    real eta = (real)slot->scalar[ETA], shrink = (real)(1 - lambd * slot->scalar[ETA]);
    real mu = (real)slot->scalar[MU], sign = HB_R(hb_sign)(optim);
    real decay = (real)hb_args_num(args, "weight_decay");
    for (size_t i = 0, count = slot->count; i < count; i++) {
        real d = sign * g[i] + decay * p[i];
        p[i] = p[i] * shrink - eta * d;
    }
    for (size_t i = 0, count = slot->count; i < count; i++)
        ax[i] = mu == 1 ? p[i] : ax[i] + (p[i] - ax[i]) * mu;
    slot->scalar[ETA] = lr / pow(1 + lambd * lr * t, hb_args_num(args, "alpha"));
    slot->scalar[MU] = 1 / fmax(1, t - hb_args_num(args, "t0"));
}

#ifndef HB_DOUBLE
static const hb_param_info params[] = {
    HB_ROW_LR(0.01),
    {"lambd", HB_NUM, "1", 1e-4, HB_NOT_NEGATIVE, "decay of the parameters and of the step", NULL},
    {"alpha", HB_NUM, "1", 0.75, HB_NOT_NEGATIVE, "power by which the step shrinks", NULL},
    {"t0", HB_NUM, "steps", 1e6, HB_NOT_NEGATIVE, "step at which averaging starts", NULL},
    HB_ROW_L2,
    HB_ROW_MAXIMIZE};
static const hb_component component = {
    .kind = "optimizer",
    .name = "ASGD",
    .summary = "gradient descent with shrinking steps that also keeps the average, ax",
    .equation = "p *= 1 - lambd eta; p -= eta g; ax += (p - ax) mu; "
                "eta = lr/(1 + lambd lr t)^alpha; mu = 1/max(1, t - t0)",
    .source = "Polyak and Juditsky, Acceleration of stochastic approximation by averaging, "
              "SIAM J. Control Optim. 30, 1992",
    .params = params,
    .param_count = HB_COUNT(params),
};
const hb_optim_ops hb_optim_asgd = {
    .component = &component, .states = 1, .state_names = {"ax"}, HB_STEPS(asgd)};
#endif

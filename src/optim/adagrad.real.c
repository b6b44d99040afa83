/* Adagrad: steps that shrink with the sum of squared gradients. */
#include "optim/optim_parts.h"

void HB_R(hb_adagrad_step)(hb_optim *optim, hb_slot *slot) {
    const hb_args *args = &optim->args;
    real *restrict p = slot->values, *restrict s = slot->state[0];
    const real *restrict g = slot->gradient;
    double wear = 1 + (hb_steps_of(slot) - 1) * hb_args_num(args, "lr_decay");
    real rate = (real)(optim->lr / wear), sign = HB_R(hb_sign)(optim);
    real eps = HB_R(hb_eps)(hb_args_num(args, "eps"));
    real decay = (real)hb_args_num(args, "weight_decay");
    for (size_t i = 0, count = slot->count; i < count; i++) {
        real d = sign * g[i] + decay * p[i];
        s[i] += d * d;
        p[i] -= rate * d / (HB_SQRT(s[i]) + eps);
    }
}

#ifndef HB_DOUBLE
static void init(hb_optim *optim, hb_slot *slot) {
    double start = hb_args_num(&optim->args, "initial_accumulator_value");
    for (size_t i = 0; i < slot->count; i++) {
        if (slot->dtype == HEBB_F64)
            ((double *)slot->state[0])[i] = start;
        else
            ((float *)slot->state[0])[i] = (float)start;
    }
}

static const hb_param_info params[] = {HB_ROW_LR(0.01),
                                       {"lr_decay", HB_NUM, "1", 0, HB_NOT_NEGATIVE,
                                        "growth per step of the learning rate's divisor", NULL},
                                       HB_ROW_L2,
                                       {"initial_accumulator_value", HB_NUM, "1", 0,
                                        HB_NOT_NEGATIVE, "the sum of squares at the start", NULL},
                                       HB_ROW_EPS(1e-10),
                                       HB_ROW_MAXIMIZE};
static const hb_component component = {
    .kind = "optimizer",
    .name = "Adagrad",
    .summary = "the gradient divided by the root of the sum of its squares so far",
    .equation = "s += g^2; p -= lr/(1 + (t - 1) lr_decay) g / (sqrt(s) + eps)",
    .source = "Duchi, Hazan and Singer, Adaptive subgradient methods for online learning and "
              "stochastic optimization, JMLR 12, 2011",
    .params = params,
    .param_count = HB_COUNT(params),
};
const hb_optim_ops hb_optim_adagrad = {
    .component = &component, .states = 1, .state_names = {"sum"}, .init = init, HB_STEPS(adagrad)};
#endif

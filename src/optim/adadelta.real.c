/* Adadelta: steps in the parameters' own units. */
#include "optim/optim_parts.h"

void HB_R(hb_adadelta_step)(hb_optim *optim, hb_slot *slot) {
    const hb_args *args = &optim->args;
    real *restrict p = slot->values, *restrict s = slot->state[0], *restrict a = slot->state[1];
    const real *restrict g = slot->gradient;
    double rho = hb_args_num(args, "rho");
    real r = (real)rho, n = (real)(1 - rho), lr = (real)optim->lr, sign = HB_R(hb_sign)(optim);
    real eps = HB_R(hb_eps)(hb_args_num(args, "eps"));
    real decay = (real)hb_args_num(args, "weight_decay");
    for (size_t i = 0, count = slot->count; i < count; i++) {
        real d = sign * g[i] + decay * p[i];
        s[i] = r * s[i] + n * d * d;
        real x = HB_SQRT(a[i] + eps) / HB_SQRT(s[i] + eps) * d;
        a[i] = r * a[i] + n * x * x;
        p[i] -= lr * x;
    }
}

#ifndef HB_DOUBLE
static const hb_param_info params[] = {
    HB_ROW_LR(1),
    {"rho", HB_NUM, "1", 0.9, 0.0, 1.0, 0, "decay of the means of squares"},
    HB_ROW_EPS(1e-6),
    HB_ROW_L2,
    HB_ROW_MAXIMIZE};
static const hb_component component = {
    .kind = "optimizer",
    .name = "Adadelta",
    .summary = "the gradient times the ratio of the root mean squares of past steps and gradients",
    .equation = "s = rho s + (1 - rho) g^2; x = sqrt(a + eps)/sqrt(s + eps) g; "
                "a = rho a + (1 - rho) x^2; p -= lr x",
    .source = "Zeiler, ADADELTA: an adaptive learning rate method, 2012",
    .params = params,
    .param_count = HB_COUNT(params),
};
const hb_optim_ops hb_optim_adadelta = {.component = &component,
                                        .states = 2,
                                        .state_names = {"square_avg", "acc_delta"},
                                        HB_STEPS(adadelta)};
#endif

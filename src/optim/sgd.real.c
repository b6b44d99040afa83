/* SGD: gradient descent, plain, with momentum, or with Nesterov's. */
#include "optim/optim_parts.h"

enum { BUFFERED }; /* the slot's scalar: 1 once the buffer holds a gradient */

void HB_R(hb_sgd_step)(hb_optim *optim, hb_slot *slot) {
    const hb_args *args = &optim->args;
    real *restrict p = slot->values, *restrict b = slot->state[0];
    const real *restrict g = slot->gradient;
    real lr = (real)optim->lr, sign = HB_R(hb_sign)(optim), momentum = (real)optim->momentum;
    real decay = (real)hb_args_num(args, "weight_decay");
    real fresh = (real)(1 - hb_args_num(args, "dampening"));
    size_t count = slot->count;
    if (optim->momentum == 0) {
        for (size_t i = 0; i < count; i++) p[i] -= lr * (sign * g[i] + decay * p[i]);
        return;
    }
    bool nesterov = hb_args_num(args, "nesterov") != 0;
    if (slot->scalar[BUFFERED] == 0) fresh = 1; /* the first is taken whole */
    slot->scalar[BUFFERED] = 1;
    for (size_t i = 0; i < count; i++) {
        real d = sign * g[i] + decay * p[i];
        b[i] = momentum * b[i] + fresh * d;
        p[i] -= lr * (nesterov ? d + momentum * b[i] : b[i]);
    }
}

#ifndef HB_DOUBLE
static hebb_status check(hb_optim *optim) {
    const hb_args *args = &optim->args;
    double momentum = hb_args_num(args, "momentum"), dampening = hb_args_num(args, "dampening");
    if (hb_args_num(args, "nesterov") != 0 && (momentum == 0 || dampening != 0))
        return hb_fail(optim->env, HEBB_E_RANGE,
                       "SGD: nesterov needs a momentum above 0 and no dampening; they are %g and "
                       "%g",
                       momentum, dampening);
    return HEBB_OK;
}

static const hb_param_info params[] = {
    HB_ROW_LR(0.001),
    {"momentum", HB_NUM, "1", 0, HB_NOT_NEGATIVE, "part of the last step that is kept", NULL},
    {"dampening", HB_NUM, "1", 0, HB_ANY, 0, "part of the gradient that momentum leaves out"},
    HB_ROW_L2,
    {"nesterov", HB_BOOL, "1", 0, HB_ANY, 0, "look one step of momentum ahead"},
    HB_ROW_MAXIMIZE};
static const hb_component component = {
    .kind = "optimizer",
    .name = "SGD",
    .summary = "gradient descent, with momentum if wanted",
    .equation = "b = momentum b + (1 - dampening) g (first b = g); nesterov: "
                "p -= lr (g + momentum b), else p -= lr b",
    .source = "Robbins and Monro, A stochastic approximation method, 1951; momentum as in "
              "Sutskever, Martens, Dahl and Hinton, On the importance of initialization and "
              "momentum in deep learning, ICML 2013, in PyTorch's form",
    .params = params,
    .param_count = HB_COUNT(params),
};
/* The buffer is always there: CyclicLR may bring momentum in later. */
const hb_optim_ops hb_optim_sgd = {.component = &component,
                                   .states = 1,
                                   .state_names = {"momentum_buffer"},
                                   .check = check,
                                   HB_STEPS(sgd)};
#endif

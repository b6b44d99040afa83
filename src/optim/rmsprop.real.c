/* RMSprop, plain or centred, with or without momentum. */
#include "optim/optim_parts.h"

enum { SQUARE, BUFFER, MEAN };

void HB_R(hb_rmsprop_step)(hb_optim *optim, hb_slot *slot) {
    const hb_args *args = &optim->args;
    real *restrict p = slot->values, *restrict s = slot->state[SQUARE];
    real *restrict b = slot->state[BUFFER], *restrict mean = slot->state[MEAN];
    const real *restrict g = slot->gradient;
    double alpha = hb_args_num(args, "alpha");
    real a = (real)alpha, n = (real)(1 - alpha), lr = (real)optim->lr, sign = HB_R(hb_sign)(optim);
    real eps = HB_R(hb_eps)(hb_args_num(args, "eps")), momentum = (real)optim->momentum;
    real decay = (real)hb_args_num(args, "weight_decay");
    size_t count = slot->count;
    if (hb_args_num(args, "centered") == 0) {
        for (size_t i = 0; i < count; i++) {
            real d = sign * g[i] + decay * p[i];
            s[i] = a * s[i] + n * d * d;
            b[i] = momentum * b[i] + d / (HB_SQRT(s[i]) + eps);
            p[i] -= lr * b[i];
        }
        return;
    }
    for (size_t i = 0; i < count; i++) {
        real d = sign * g[i] + decay * p[i];
        s[i] = a * s[i] + n * d * d;
        mean[i] = a * mean[i] + n * d;
        real variance = s[i] - mean[i] * mean[i];
        variance = variance > 0 ? variance : 0; /* rounding */
        b[i] = momentum * b[i] + d / (HB_SQRT(variance) + eps);
        p[i] -= lr * b[i];
    }
}

#ifndef HB_DOUBLE
static bool uses(const hb_optim *optim, int state) {
    return state != MEAN || hb_args_num(&optim->args, "centered") != 0;
}

static const hb_param_info params[] = {
    HB_ROW_LR(0.01),
    {"alpha", HB_NUM, "1", 0.99, 0.0, 1.0, 0, "decay of the means"},
    HB_ROW_EPS(1e-8),
    HB_ROW_L2,
    {"momentum", HB_NUM, "1", 0, HB_NOT_NEGATIVE, "part of the last step that is kept", NULL},
    {"centered", HB_BOOL, "1", 0, HB_ANY, 0, "divide by the deviation, not the root mean square",
     "centred"},
    HB_ROW_MAXIMIZE};
static const hb_component component = {
    .kind = "optimizer",
    .name = "RMSprop",
    .summary = "the gradient divided by its running root mean square",
    .equation = "s = alpha s + (1 - alpha) g^2; centered: m = alpha m + (1 - alpha) g, "
                "x = g/(sqrt(s - m^2) + eps), else x = g/(sqrt(s) + eps); "
                "b = momentum b + x; p -= lr b",
    .source = "Tieleman and Hinton, Neural networks for machine learning, lecture 6.5, 2012; "
              "centered: Graves, Generating sequences with recurrent neural networks, 2013",
    .params = params,
    .param_count = HB_COUNT(params),
};
const hb_optim_ops hb_optim_rmsprop = {.component = &component,
                                       .states = 3,
                                       .state_names = {"square_avg", "momentum_buffer", "grad_avg"},
                                       .uses = uses,
                                       HB_STEPS(rmsprop)};
#endif

/* SparseAdam: Adam for gradients that touch few rows of an array. */
#include "optim/optim_parts.h"

void HB_R(hb_sparse_adam_step)(hb_optim *optim, hb_slot *slot) {
    hb_adam_rule rule = hb_adam_rule_of(optim);
    if (!slot->row_sparse) {
        HB_R(hb_adam_apply)(slot, &rule);
        return;
    }
    double t = hb_steps_of(slot);
    real b1 = (real)rule.beta1, b2 = (real)rule.beta2;
    real n1 = (real)(1 - rule.beta1), n2 = (real)(1 - rule.beta2), sign = (real)rule.sign;
    real rate = (real)(rule.lr * sqrt(1 - pow(rule.beta2, t)) / (1 - pow(rule.beta1, t)));
    real eps = HB_R(hb_eps)(rule.eps);
    size_t width = slot->count / slot->rows;
    size_t rows = slot->row_list ? slot->row_count : slot->rows;
    for (size_t r = 0; r < rows; r++) {
        size_t at = (slot->row_list ? slot->row_list[r] : r) * width;
        real *restrict p = (real *)slot->values + at, *restrict m = (real *)slot->state[0] + at;
        real *restrict v = (real *)slot->state[1] + at;
        const real *restrict g = (const real *)slot->gradient + at;
        for (size_t i = 0; i < width; i++) {
            real d = sign * g[i];
            m[i] = b1 * m[i] + n1 * d;
            v[i] = b2 * v[i] + n2 * d * d;
            p[i] -= rate * m[i] / (HB_SQRT(v[i]) + eps);
        }
    }
}

#ifndef HB_DOUBLE
static const hb_param_info params[] = {HB_ROW_LR(0.001), HB_ROW_BETAS, HB_ROW_EPS(1e-8),
                                       HB_ROW_MAXIMIZE};
static const hb_component component = {
    .kind = "optimizer",
    .name = "SparseAdam",
    .summary = "Adam that leaves rows without gradient, and their means, as they are",
    .equation = "in rows with a gradient: m, v as Adam's; "
                "p -= lr sqrt(1 - beta2^t)/(1 - beta1^t) m / (sqrt(v) + eps). "
                "An array without a list of rows is given Adam's step.",
    .source = "Kingma and Ba, Adam, ICLR 2015; the lazy form is PyTorch's torch.optim.SparseAdam",
    .params = params,
    .param_count = HB_COUNT(params),
};
const hb_optim_ops hb_optim_sparse_adam = {.component = &component,
                                           .states = 2,
                                           .state_names = {"exp_avg", "exp_avg_sq"},
                                           .takes_rows = true,
                                           .check = hb_check_betas,
                                           HB_STEPS(sparse_adam)};
#endif

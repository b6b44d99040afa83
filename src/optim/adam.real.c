/* Adam and AdamW. */
#include "optim/optim_parts.h"

void HB_R(hb_adam_apply)(hb_slot *slot, const hb_adam_rule *rule) {
    real *restrict p = slot->values, *restrict m = slot->state[0], *restrict v = slot->state[1];
    real *restrict top = slot->state[2];
    const real *restrict g = slot->gradient;
    double t = hb_steps_of(slot);
    real b1 = (real)rule->beta1, b2 = (real)rule->beta2;
    real n1 = (real)(1 - rule->beta1), n2 = (real)(1 - rule->beta2);
    real rate = (real)(rule->lr / (1 - pow(rule->beta1, t)));
    real root = (real)sqrt(1 - pow(rule->beta2, t)), eps = HB_R(hb_eps)(rule->eps);
    real sign = (real)rule->sign, decay = (real)rule->decay, shrink = (real)rule->shrink;
    size_t count = slot->count;
    if (!rule->amsgrad) {
        for (size_t i = 0; i < count; i++) {
            real d = sign * g[i] + decay * p[i];
            m[i] = b1 * m[i] + n1 * d;
            v[i] = b2 * v[i] + n2 * d * d;
            p[i] = p[i] * shrink - rate * m[i] / (HB_SQRT(v[i]) / root + eps);
        }
        return;
    }
    for (size_t i = 0; i < count; i++) {
        real d = sign * g[i] + decay * p[i];
        m[i] = b1 * m[i] + n1 * d;
        v[i] = b2 * v[i] + n2 * d * d;
        top[i] = top[i] > v[i] ? top[i] : v[i];
        p[i] = p[i] * shrink - rate * m[i] / (HB_SQRT(top[i]) / root + eps);
    }
}

void HB_R(hb_adam_step)(hb_optim *optim, hb_slot *slot) {
    hb_adam_rule rule = hb_adam_rule_of(optim);
    rule.decay = hb_args_num(&optim->args, "weight_decay");
    rule.amsgrad = hb_args_num(&optim->args, "amsgrad") != 0;
    HB_R(hb_adam_apply)(slot, &rule);
}

void HB_R(hb_adamw_step)(hb_optim *optim, hb_slot *slot) {
    hb_adam_rule rule = hb_adam_rule_of(optim);
    rule.shrink = 1 - optim->lr * hb_args_num(&optim->args, "weight_decay");
    rule.amsgrad = hb_args_num(&optim->args, "amsgrad") != 0;
    HB_R(hb_adam_apply)(slot, &rule);
}

#ifndef HB_DOUBLE
hb_adam_rule hb_adam_rule_of(const hb_optim *optim) {
    return (hb_adam_rule){.lr = optim->lr,
                          .beta1 = optim->beta1,
                          .beta2 = hb_entry(optim, "betas", 1),
                          .eps = hb_args_num(&optim->args, "eps"),
                          .shrink = 1,
                          .sign = hb_args_num(&optim->args, "maximize") != 0 ? -1 : 1};
}

static bool uses(const hb_optim *optim, int state) {
    return state < 2 || hb_args_num(&optim->args, "amsgrad") != 0;
}

#define ROW_AMSGRAD                                                                                \
    { "amsgrad", HB_BOOL, "1", 0, HB_ANY, 0, "divide by the largest v so far" }

static const hb_param_info adam_params[] = {HB_ROW_LR(0.001), HB_ROW_BETAS, HB_ROW_EPS(1e-8),
                                            HB_ROW_L2,        ROW_AMSGRAD,  HB_ROW_MAXIMIZE};
static const hb_component adam_component = {
    .kind = "optimizer",
    .name = "Adam",
    .summary = "steps scaled by running means of the gradient and of its square",
    .equation = "m = beta1 m + (1 - beta1) g; v = beta2 v + (1 - beta2) g^2; "
                "p -= lr/(1 - beta1^t) m / (sqrt(v)/sqrt(1 - beta2^t) + eps)",
    .source = "Kingma and Ba, Adam: a method for stochastic optimization, ICLR 2015; amsgrad: "
              "Reddi, Kale and Kumar, On the convergence of Adam and beyond, ICLR 2018",
    .params = adam_params,
    .param_count = HB_COUNT(adam_params),
};
const hb_optim_ops hb_optim_adam = {.component = &adam_component,
                                    .states = 3,
                                    .state_names = {"exp_avg", "exp_avg_sq", "max_exp_avg_sq"},
                                    .check = hb_check_betas,
                                    .uses = uses,
                                    HB_STEPS(adam)};

static const hb_param_info adamw_params[] = {
    HB_ROW_LR(0.001),
    HB_ROW_BETAS,
    HB_ROW_EPS(1e-8),
    HB_ROW_DECAY(0.01, "the parameter shrinks by the factor 1 - lr weight_decay in each step"),
    ROW_AMSGRAD,
    HB_ROW_MAXIMIZE};
static const hb_component adamw_component = {
    .kind = "optimizer",
    .name = "AdamW",
    .summary = "Adam with a weight decay that is not part of the gradient",
    .equation = "p *= 1 - lr weight_decay, then Adam's step",
    .source = "Loshchilov and Hutter, Decoupled weight decay regularization, ICLR 2019",
    .params = adamw_params,
    .param_count = HB_COUNT(adamw_params),
};
const hb_optim_ops hb_optim_adamw = {.component = &adamw_component,
                                     .states = 3,
                                     .state_names = {"exp_avg", "exp_avg_sq", "max_exp_avg_sq"},
                                     .check = hb_check_betas,
                                     .uses = uses,
                                     HB_STEPS(adamw)};
#endif

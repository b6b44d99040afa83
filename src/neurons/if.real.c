/* The integrate-and-fire family: if, ifsoftreset, ifb, nonspikingifb, and null. */
#include "neurons/model.h"

static const hb_param_info if_params[] = {
    {"v_th", HB_PER_UNIT, "1", 1, HB_ANY, HB_TRAINABLE, "threshold: fires where u > v_th"},
    {"ConstantDecay", HB_PER_UNIT, "1", 0, HB_ANY, HB_TRAINABLE, "taken off V in every step",
     "constant_decay"},
};
static const hb_param_info ifb_params[] = {
    {"v_th", HB_PER_UNIT, "1", 1, HB_ANY, HB_TRAINABLE, "threshold: fires where u > v_th"},
    {"bias", HB_PER_UNIT, "1", 0, HB_ANY, HB_TRAINABLE, "added to V in every step"},
};
static const hb_param_info bias_params[] = {
    {"bias", HB_PER_UNIT, "1", 0, HB_ANY, HB_TRAINABLE, "added to V in every step"},
};
#define COMPONENT(id, name_, summary_, equation_, params_)                                         \
    static const hb_component id = {"neuron",  name_,         NULL,    summary_,                   \
                                    equation_, "SPAIC 0.6.3", params_, HB_COUNT(params_)}
COMPONENT(if_component, "if", "integrate and fire",
          "u = V + I - ConstantDecay; O = u > v_th; V = 0 where O, else u (no gradient through "
          "the reset)",
          if_params);
COMPONENT(soft_component, "ifsoftreset", "integrate and fire, the reset differentiable",
          "u = V + I - ConstantDecay; O = u > v_th; V = u - u O", if_params);
COMPONENT(ifb_component, "ifb", "integrate and fire with a bias",
          "u = V + I + bias; O = u > v_th; V = u - u O", ifb_params);
COMPONENT(nonspikingifb_component, "nonspikingifb", "integrator with a bias, without spikes",
          "V = V + I + bias", bias_params);
static const hb_component null_component = {
    "neuron", "null", "pass|passthrough", "passes its input on", "O = I", "SPAIC 0.6.3", NULL, 0};

static void integrate_less(hb_step *k) {
    real *restrict V = k->state[0];
    HB_EACH(k) {
        V[j] = V[j] + k->I[j] - k->coef[1][j];
        k->x[j] = V[j] - k->coef[0][j];
    }
}
static void integrate_bias(hb_step *k) {
    real *restrict V = k->state[0];
    HB_EACH(k) {
        V[j] = V[j] + k->I[j] + k->coef[1][j];
        k->x[j] = V[j] - k->coef[0][j];
    }
}
static void settle_mask(hb_step *k) { HB_EACH(k) k->state[0][j] *= 1 - k->m[j]; }
static void unsettle_mask(hb_step *k) { HB_EACH(k) k->adj[0][j] *= 1 - k->m[j]; }
static void settle_soft(hb_step *k) { HB_EACH(k) k->state[0][j] -= k->state[0][j] * k->o[j]; }
static void unsettle_soft(hb_step *k) {
    if (!k->detach) HB_EACH(k) k->dO[j] -= (k->x[j] + k->coef[0][j]) * k->adj[0][j];
    HB_EACH(k) k->adj[0][j] *= 1 - k->o[j];
}
static void unintegrate_less(hb_step *k) {
    HB_EACH(k) k->adj[0][j] = k->dI[j] = k->adj[0][j] + k->dx[j];
    HB_GRAD(k, 0, -k->dx[j]);
    HB_GRAD(k, 1, -k->dI[j]);
}
static void unintegrate_bias(hb_step *k) {
    HB_EACH(k) k->adj[0][j] = k->dI[j] = k->adj[0][j] + k->dx[j];
    HB_GRAD(k, 0, -k->dx[j]);
    HB_GRAD(k, 1, k->dI[j]);
}
static void integrate_silent(hb_step *k) {
    HB_EACH(k) k->state[0][j] = k->state[0][j] + k->I[j] + k->coef[0][j];
}
static void unintegrate_silent(hb_step *k) {
    HB_EACH(k) k->dI[j] = k->adj[0][j];
    HB_GRAD(k, 0, k->dI[j]);
}
static void integrate_null(hb_step *k) { HB_EACH(k) k->x[j] = k->I[j]; }
static void unintegrate_null(hb_step *k) { HB_EACH(k) k->dI[j] = k->dx[j]; }

const hb_model HB_R(hb_model_if) = {
    .component = &if_component,
    .output = HB_OUT_SPIKES,
    .states = {"V"},
    .state_count = 1,
    .coefs = {{"Vth", "v_th", HB_DIRECT}, {"ConstantDecay", "ConstantDecay", HB_DIRECT}},
    .coef_count = 2,
    .integrate = integrate_less,
    .settle = settle_mask,
    .unsettle = unsettle_mask,
    .unintegrate = unintegrate_less,
};
const hb_model HB_R(hb_model_ifsoftreset) = {
    .component = &soft_component,
    .output = HB_OUT_SPIKES,
    .states = {"V"},
    .state_count = 1,
    .coefs = {{"Vth", "v_th", HB_DIRECT}, {"ConstantDecay", "ConstantDecay", HB_DIRECT}},
    .coef_count = 2,
    .needs_x = true,
    .integrate = integrate_less,
    .settle = settle_soft,
    .unsettle = unsettle_soft,
    .unintegrate = unintegrate_less,
};
const hb_model HB_R(hb_model_ifb) = {
    .component = &ifb_component,
    .output = HB_OUT_SPIKES,
    .states = {"V"},
    .state_count = 1,
    .coefs = {{"Vth", "v_th", HB_DIRECT}, {"bias", "bias", HB_DIRECT}},
    .coef_count = 2,
    .needs_x = true,
    .integrate = integrate_bias,
    .settle = settle_soft,
    .unsettle = unsettle_soft,
    .unintegrate = unintegrate_bias,
};
const hb_model HB_R(hb_model_nonspikingifb) = {
    .component = &nonspikingifb_component,
    .output = HB_OUT_V,
    .states = {"V"},
    .state_count = 1,
    .coefs = {{"bias", "bias", HB_DIRECT}},
    .coef_count = 1,
    .integrate = integrate_silent,
    .unintegrate = unintegrate_silent,
};
const hb_model HB_R(hb_model_null) = {
    .component = &null_component,
    .output = HB_OUT_REAL,
    .integrate = integrate_null,
    .unintegrate = unintegrate_null,
};

/* li: a leaky integrator that never spikes; a readout. */
#include "neurons/model.h"

static const hb_param_info params[] = {
    {"tau_m", HB_PER_UNIT, "ms", 20, HB_POSITIVE | HB_TRAINABLE, "membrane time constant", "tau"},
};
static const hb_component component = {
    .kind = "neuron",
    .name = "li",
    .aliases = "leaky_integrator",
    .summary = "leaky integrator without spikes, a readout",
    .equation = "V = exp(-dt/tau_m) V + I",
    .source = "Gerstner and Kistler, Spiking Neuron Models, 2002, section 4.1",
    .params = params,
    .param_count = HB_COUNT(params),
};

static void integrate(hb_step *k) {
    real *restrict V = k->state[0];
    const real *restrict d = k->coef[0], *restrict I = k->I;
    HB_EACH(k) V[j] = d[j] * V[j] + I[j];
}
static void unintegrate(hb_step *k) {
    real *restrict a = k->adj[0], *restrict dI = k->dI;
    const real *restrict d = k->coef[0];
    HB_EACH(k) dI[j] = a[j];
    HB_GRAD(k, 0, dI[j] * k->prev[0][j]);
    HB_EACH(k) a[j] = d[j] * dI[j];
}

const hb_model HB_R(hb_model_li) = {
    .component = &component,
    .output = HB_OUT_V,
    .states = {"V"},
    .state_count = 1,
    .coefs = {{"tauM|decay_m", "tau_m", HB_DECAY}},
    .coef_count = 1,
    .fades = 1,
    .integrate = integrate,
    .unintegrate = unintegrate,
};

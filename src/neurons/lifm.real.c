/* lifm: leaky integrate and fire behind an exponential current. */
#include "neurons/model.h"

static const hb_param_info params[] = {
    {"tau_m", HB_PER_UNIT, "ms", 10, HB_POSITIVE | HB_TRAINABLE, "membrane time constant", "tau"},
    {"tau_p", HB_PER_UNIT, "ms", 1, HB_POSITIVE | HB_TRAINABLE, "time constant of the current"},
    {"v_th", HB_PER_UNIT, "1", 1, HB_ANY, HB_TRAINABLE, "threshold: fires where u > v_th"},
};
static const hb_component component = {
    .kind = "neuron",
    .name = "lifm",
    .summary = "leaky integrate and fire with an exponential current",
    .equation = "i = exp(-dt/tau_p) i + I; u = exp(-dt/tau_m) V + i; O = u > v_th; V = u - u O",
    .source = "SPAIC 0.6.3",
    .params = params,
    .param_count = HB_COUNT(params),
};

static void integrate(hb_step *k) {
    real *restrict V = k->state[0], *restrict i = k->state[1];
    HB_EACH(k) {
        i[j] = k->coef[1][j] * i[j] + k->I[j];
        V[j] = V[j] * k->coef[0][j] + i[j];
        k->x[j] = V[j] - k->coef[2][j];
    }
}
static void settle(hb_step *k) { HB_EACH(k) k->state[0][j] -= k->state[0][j] * k->o[j]; }
static void unsettle(hb_step *k) {
    if (!k->detach) HB_EACH(k) k->dO[j] -= (k->x[j] + k->coef[2][j]) * k->adj[0][j];
    HB_EACH(k) k->adj[0][j] *= 1 - k->o[j];
}
static void unintegrate(hb_step *k) {
    HB_EACH(k) {
        real a = k->adj[0][j] + k->dx[j], i = k->adj[1][j] + a;
        if (k->gcoef[0]) k->gcoef[0][j] += a * k->prev[0][j];
        if (k->gcoef[1]) k->gcoef[1][j] += i * k->prev[1][j];
        k->dI[j] = i;
        k->adj[0][j] = k->coef[0][j] * a;
        k->adj[1][j] = k->coef[1][j] * i;
    }
    HB_GRAD(k, 2, -k->dx[j]);
}

const hb_model HB_R(hb_model_lifm) = {
    .component = &component,
    .output = HB_OUT_SPIKES,
    .states = {"V", "I"},
    .state_count = 2,
    .coefs = {{"tauM", "tau_m", HB_DECAY}, {"tauP", "tau_p", HB_DECAY}, {"Vth", "v_th", HB_DIRECT}},
    .coef_count = 3,
    .needs_x = true,
    .integrate = integrate,
    .settle = settle,
    .unsettle = unsettle,
    .unintegrate = unintegrate,
};

/* constantcurrentlif: a leaky neuron in the form tau dV/dt = I - V. */
#include "neurons/model.h"

static const hb_param_info params[] = {
    {"tau_m", HB_PER_UNIT, "ms", 20, HB_POSITIVE | HB_TRAINABLE, "membrane time constant", "tau"},
    {"v_th", HB_PER_UNIT, "1", 1, HB_ANY, HB_TRAINABLE, "threshold: fires where u > v_th"},
    {"v_reset", HB_PER_UNIT, "1", 0, HB_ANY, 0, "accepted for SPAIC's sake: the reset is to 0"},
};
static const hb_component component = {
    .kind = "neuron",
    .name = "constantcurrentlif",
    .summary = "leaky integrate and fire, the input scaled by dt/tau_m",
    .equation = "u = V + (dt/tau_m) (I - V); O = u > v_th; V = u - u O (compat = spaic: I and O "
                "of the step before)",
    .source = "SPAIC 0.6.3; Gerstner and Kistler, Spiking Neuron Models, 2002, section 4.1",
    .params = params,
    .param_count = HB_COUNT(params),
};

static void integrate(hb_step *k) {
    real *V = k->state[0];
    const real *I = k->spaic ? k->state[1] : k->I;
    HB_EACH(k) {
        V[j] = V[j] + k->coef[0][j] * (I[j] - V[j]);
        k->x[j] = V[j] - k->coef[1][j];
    }
}
static void settle(hb_step *k) {
    real *V = k->state[0], *I_old = k->state[1], *O_old = k->state[2];
    HB_EACH(k) {
        V[j] = V[j] - V[j] * (k->spaic ? O_old[j] : k->o[j]);
        I_old[j] = k->I[j];
        O_old[j] = k->o[j];
    }
}
static void unsettle(hb_step *k) {
    HB_EACH(k) {
        real u = k->x[j] + k->coef[1][j], a = k->adj[0][j];
        real back = k->detach ? 0 : -u * a;
        if (k->spaic) {
            if (!k->detach) k->dO[j] += k->adj[2][j];
            k->adj[2][j] = back;
            k->adj[0][j] = a * (1 - k->prev[2][j]);
        } else {
            k->dO[j] += back;
            k->adj[0][j] = a * (1 - k->o[j]);
        }
    }
}
static void unintegrate(hb_step *k) {
    const real *r = k->coef[0];
    HB_EACH(k) {
        real a = k->adj[0][j] + k->dx[j];
        k->adj[0][j] = (1 - r[j]) * a;
        if (k->gcoef[0])
            k->gcoef[0][j] += a * ((k->spaic ? k->prev[1][j] : k->I[j]) - k->prev[0][j]);
        k->dI[j] = k->spaic ? k->adj[1][j] : r[j] * a;
        if (k->spaic) k->adj[1][j] = r[j] * a;
    }
    HB_GRAD(k, 1, -k->dx[j]);
}

const hb_model HB_R(hb_model_constantcurrentlif) = {
    .component = &component,
    .output = HB_OUT_SPIKES,
    .states = {"V", "I_old", "O_old"},
    .state_count = 3,
    .coefs = {{"tauM", "tau_m", HB_RATE}, {"Vth", "v_th", HB_DIRECT}},
    .coef_count = 2,
    .needs_x = true,
    .needs_I = true,
    .needs_prev = true,
    .integrate = integrate,
    .settle = settle,
    .unsettle = unsettle,
    .unintegrate = unintegrate,
};

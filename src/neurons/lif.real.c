/* lif: leaky integrate and fire, the input not scaled by dt. */
#include "neurons/model.h"

static const hb_param_info params[] = {
    {"tau_m", HB_PER_UNIT, "ms", 8, HB_POSITIVE | HB_TRAINABLE, "membrane time constant", "tau"},
    {"v_th", HB_PER_UNIT, "1", 1, HB_ANY, HB_TRAINABLE, "threshold: fires where u > v_th"},
    {"v_reset", HB_PER_UNIT, "1", 0, HB_ANY, HB_TRAINABLE,
     "potential after a spike (compat = spaic: ignored, 0)"},
};
static const hb_component component = {
    .kind = "neuron",
    .name = "lif",
    .summary = "leaky integrate and fire",
    .equation = "u = exp(-dt/tau_m) V + I; O = u > v_th; V = v_reset where O, else u. The reset "
                "passes no gradient to O.",
    .source = "SPAIC 0.6.3; Gerstner and Kistler, Spiking Neuron Models, 2002, section 4.1",
    .params = params,
    .param_count = HB_COUNT(params),
};

static void integrate(hb_step *k) {
    real *restrict V = k->state[0], *restrict x = k->x;
    const real *restrict d = k->coef[0], *restrict th = k->coef[1], *restrict I = k->I;
    HB_EACH(k) {
        V[j] = d[j] * V[j] + I[j];
        x[j] = V[j] - th[j];
    }
}
static void settle(hb_step *k) {
    real *restrict V = k->state[0];
    const real *restrict m = k->m, *restrict r = k->coef[2];
    if (k->spaic)
        HB_EACH(k) V[j] = V[j] * (1 - m[j]);
    else
        HB_EACH(k) V[j] = V[j] * (1 - m[j]) + r[j] * m[j];
}
static void unsettle(hb_step *k) {
    real *restrict a = k->adj[0];
    const real *restrict m = k->m;
    if (!k->spaic) HB_GRAD(k, 2, m[j] * a[j]);
    HB_EACH(k) a[j] *= 1 - m[j];
}
static void unintegrate(hb_step *k) {
    real *restrict a = k->adj[0], *restrict dI = k->dI;
    const real *restrict d = k->coef[0], *restrict dx = k->dx;
    HB_EACH(k) dI[j] = a[j] + dx[j];
    HB_GRAD(k, 0, dI[j] * k->prev[0][j]);
    HB_GRAD(k, 1, -dx[j]);
    HB_EACH(k) a[j] = d[j] * dI[j];
}

const hb_model HB_R(hb_model_lif) = {
    .component = &component,
    .output = HB_OUT_SPIKES,
    .states = {"V"},
    .state_count = 1,
    .coefs = {{"tauM|decay_m", "tau_m", HB_DECAY},
              {"Vth", "v_th", HB_DIRECT},
              {"Vreset", "v_reset", HB_DIRECT}},
    .coef_count = 3,
    .integrate = integrate,
    .settle = settle,
    .unsettle = unsettle,
    .unintegrate = unintegrate,
};

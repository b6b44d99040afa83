/* plif: a leaky neuron whose time constant is learned through a sigmoid. */
#include <math.h>

#include "neurons/model.h"

static const hb_param_info params[] = {
    {"tau_m", HB_PER_UNIT, "steps", 2, 1, HB_INF, HB_ABOVE,
     "time constant at the start, in steps; gives tau = -ln(tau_m - 1)"},
    {"tau", HB_PER_UNIT, "1", 0, HB_ANY, HB_UNSET | HB_TRAINABLE | HB_TRAINED,
     "the learned number: the step's weight is sigmoid(tau)", NULL, "-ln(tau_m - 1)"},
    {"v_th", HB_PER_UNIT, "1", 1, HB_ANY, HB_TRAINABLE, "threshold: fires where u > v_th"},
};
static const hb_component component = {
    .kind = "neuron",
    .name = "plif",
    .summary = "leaky integrate and fire with a learned time constant",
    .equation = "u = V + sigmoid(tau) (I - V); O = u > v_th; V = 0 where O, else u (compat = "
                "spaic: resets on the spike of the step before)",
    .source = "Fang et al., ICCV 2021; SPAIC 0.6.3",
    .params = params,
    .param_count = HB_COUNT(params),
};

static real weight(real tau) { return (real)(1 / (1 + exp(-(double)tau))); }
static double gain(const hb_args *args, size_t unit) {
    return -log(hb_args_unit(args, "tau_m", unit) - 1);
}

static void integrate(hb_step *k) {
    real *V = k->state[0];
    HB_EACH(k) {
        V[j] = V[j] + weight(k->coef[0][j]) * (k->I[j] - V[j]);
        k->x[j] = V[j] - k->coef[1][j];
    }
}
static void settle(hb_step *k) {
    real *V = k->state[0], *old = k->state[1];
    HB_EACH(k) {
        V[j] *= 1 - (k->spaic ? old[j] : k->m[j]);
        old[j] = k->m[j];
    }
}
static void unsettle(hb_step *k) {
    HB_EACH(k) k->adj[0][j] *= 1 - (k->spaic ? k->prev[1][j] : k->m[j]);
}
static void unintegrate(hb_step *k) {
    HB_EACH(k) {
        real s = weight(k->coef[0][j]), a = k->adj[0][j] + k->dx[j];
        k->dI[j] = s * a;
        k->adj[0][j] = (1 - s) * a;
        k->adj[1][j] = 0;
        if (k->gcoef[0]) k->gcoef[0][j] += a * (k->I[j] - k->prev[0][j]) * s * (1 - s);
    }
    HB_GRAD(k, 1, -k->dx[j]);
}

const hb_model HB_R(hb_model_plif) = {
    .component = &component,
    .output = HB_OUT_SPIKES,
    .states = {"V", "O_old"},
    .state_count = 2,
    .coefs = {{"tau", "tau", HB_GAIN}, {"Vth", "v_th", HB_DIRECT}},
    .coef_count = 2,
    .needs_I = true,
    .needs_prev = true,
    .default_gain = gain,
    .integrate = integrate,
    .settle = settle,
    .unsettle = unsettle,
    .unintegrate = unintegrate,
};

/* nonspikinglif: double-exponential current into a leaky membrane, no spikes. */
#include <math.h>

#include "neurons/model.h"

static const hb_param_info params[] = {
    {"tau_p", HB_PER_UNIT, "ms", 4, HB_POSITIVE | HB_TRAINABLE, "slow time constant of the input"},
    {"tau_q", HB_PER_UNIT, "ms", 1, HB_POSITIVE | HB_TRAINABLE, "fast time constant of the input"},
    {"tau_m", HB_PER_UNIT, "ms", 1, HB_POSITIVE | HB_TRAINABLE, "membrane time constant"},
    {"V0", HB_PER_UNIT, "1", 0, HB_ANY, HB_UNSET | HB_TRAINABLE, "gain of the input", NULL,
     "b^(b/(b-1))/(b-1), b = tau_p/tau_q"},
};
static const hb_component component = {
    .kind = "neuron",
    .name = "nonspikinglif",
    .summary = "leaky integrator with a double-exponential input, without spikes",
    .equation = "M = exp(-dt/tau_p) M + V0 I; S = exp(-dt/tau_q) S + V0 I; V += (dt/tau_m) (M - S "
                "- V) (compat = spaic: each term one step late)",
    .source = "SPAIC 0.6.3",
    .params = params,
    .param_count = HB_COUNT(params),
};

static double gain(const hb_args *args, size_t unit) {
    double b = hb_args_unit(args, "tau_p", unit) / hb_args_unit(args, "tau_q", unit);
    return pow(b, b / (b - 1)) / (b - 1);
}

enum { V, I, M, S, I_OLD };

static void integrate(hb_step *k) {
    real *v = k->state[V], *i = k->state[I], *m = k->state[M], *s = k->state[S];
    const real *dP = k->coef[0], *dQ = k->coef[1], *r = k->coef[2], *g = k->coef[3];
    if (k->spaic) HB_EACH(k) {
            v[j] = v[j] + r[j] * (m[j] - s[j] - v[j]);
            m[j] = dP[j] * m[j] + i[j];
            s[j] = dQ[j] * s[j] + i[j];
            i[j] = g[j] * k->state[I_OLD][j];
            k->state[I_OLD][j] = k->I[j];
        }
    else
        HB_EACH(k) {
            i[j] = g[j] * k->I[j];
            m[j] = dP[j] * m[j] + i[j];
            s[j] = dQ[j] * s[j] + i[j];
            v[j] = v[j] + r[j] * (m[j] - s[j] - v[j]);
        }
}
static void unintegrate(hb_step *k) {
    real *v = k->adj[V], *i = k->adj[I], *m = k->adj[M], *s = k->adj[S], *old = k->adj[I_OLD];
    const real *dP = k->coef[0], *dQ = k->coef[1], *r = k->coef[2], *g = k->coef[3];
    HB_EACH(k) {
        const real *const *p = k->prev;
        real input = k->spaic ? p[I_OLD][j] : k->I[j], current = k->spaic ? p[I][j] : g[j] * input;
        real m_read = k->spaic ? p[M][j] : dP[j] * p[M][j] + current;
        real s_read = k->spaic ? p[S][j] : dQ[j] * p[S][j] + current;
        if (k->gcoef[2]) k->gcoef[2][j] += v[j] * (m_read - s_read - p[V][j]);
        real through = r[j] * v[j], dm = m[j], ds = s[j];
        if (!k->spaic) dm += through, ds -= through;
        if (k->gcoef[0]) k->gcoef[0][j] += dm * p[M][j];
        if (k->gcoef[1]) k->gcoef[1][j] += ds * p[S][j];
        real di = k->spaic ? i[j] : dm + ds;
        if (k->gcoef[3]) k->gcoef[3][j] += di * input;
        k->dI[j] = k->spaic ? old[j] : g[j] * di;
        old[j] = k->spaic ? g[j] * di : 0;
        i[j] = k->spaic ? dm + ds : 0;
        v[j] = (1 - r[j]) * v[j];
        m[j] = dP[j] * dm + (k->spaic ? through : 0);
        s[j] = dQ[j] * ds - (k->spaic ? through : 0);
    }
}

const hb_model HB_R(hb_model_nonspikinglif) = {
    .component = &component,
    .output = HB_OUT_V,
    .states = {"V", "I", "M", "S", "I_old"},
    .state_count = 5,
    .coefs = {{"tauP", "tau_p", HB_DECAY},
              {"tauQ", "tau_q", HB_DECAY},
              {"tauM", "tau_m", HB_RATE},
              {"V0", "V0", HB_GAIN}},
    .coef_count = 4,
    .needs_I = true,
    .needs_prev = true,
    .spaic_output_none = true,
    .default_gain = gain,
    .integrate = integrate,
    .unintegrate = unintegrate,
};

/* The clif family: double-exponential response, reset by a decaying trace E. */
#include <math.h>

#include "neurons/model.h"
#include "neurons/sweep.h"

#define TRAIN HB_POSITIVE | HB_TRAINABLE
#define V0_DOC(text)                                                                               \
    {                                                                                              \
        "V0", HB_PER_UNIT, "1", 0, HB_ANY, HB_UNSET | HB_TRAINABLE | HB_TRAINED,                   \
            "gain of the input", NULL, text                                                        \
    }
#define V_TH                                                                                       \
    { "v_th", HB_PER_UNIT, "1", 1, HB_ANY, HB_TRAINABLE, "threshold: fires where V > v_th" }

static const hb_param_info clif_params[] = {
    {"tau_p", HB_PER_UNIT, "ms", 12, TRAIN, "slow time constant of the response"},
    {"tau_q", HB_PER_UNIT, "ms", 8, TRAIN, "fast time constant of the response"},
    {"tau_m", HB_PER_UNIT, "ms", 20, TRAIN, "time constant of the reset trace"},
    V_TH,
    V0_DOC("b^(b/(b-1))/(b-1), b = tau_p/tau_q"),
};
static const hb_param_info clif2k_params[] = {
    {"tau_m", HB_PER_UNIT, "ms", 20, TRAIN, "time constant of membrane and reset trace"},
    {"tau_s", HB_PER_UNIT, "ms", 12, TRAIN, "time constant of the synapse"},
    V_TH,
    V0_DOC("b^(b/(b-1))/(b-1), b = tau_m/tau_s"),
};
static const hb_param_info pclif_params[] = {
    {"tau_m", HB_PER_UNIT, "1", 0.9, HB_ANY, HB_TRAINABLE | HB_TRAINED,
     "decay of M and E in a step", "tauM"},
    {"tau_s", HB_PER_UNIT, "1", 0.6, HB_ANY, HB_TRAINABLE | HB_TRAINED, "decay of S in a step",
     "tauS"},
    V_TH,
};
static const hb_param_info aclif_params[] = {
    {"tau_p", HB_PER_UNIT, "ms", 12, TRAIN, "slow time constant of the response"},
    {"tau_q", HB_PER_UNIT, "ms", 8, TRAIN, "fast time constant of the response"},
    {"tau_m", HB_PER_UNIT, "ms", 20, TRAIN, "time constant of the reset trace"},
    V_TH,
    V0_DOC("b^(b/(b-1))/(b-1), b = tau_p/tau_q"),
    {"tau_a", HB_PER_UNIT, "ms", 2000, TRAIN, "time constant of the adaptation"},
    {"beta_adaptive", HB_PER_UNIT, "1", 0.1, HB_ANY, HB_TRAINABLE, "strength of the adaptation"},
};
#define COMPONENT(id, name_, summary_, equation_, params_)                                         \
    static const hb_component id = {                                                               \
        "neuron",  name_,                                                                          \
        NULL,      summary_,                                                                       \
        equation_, "SPAIC 0.6.3; Guetig and Sompolinsky, Nat. Neurosci. 2006 (the response)",      \
        params_,   HB_COUNT(params_)}
COMPONENT(clif_component, "clif", "leaky integrate and fire with a double-exponential response",
          "M = exp(-dt/tau_p) M + V0 I; S = exp(-dt/tau_q) S + V0 I; V = M - S - E; O = V > v_th; "
          "E = exp(-dt/tau_m) E + v_th O",
          clif_params);
COMPONENT(clif2k_component, "clif2k", "clif with two time constants",
          "M = exp(-dt/tau_m) M + V0 I; S = exp(-dt/tau_s) S + V0 I; V = M - S - E; O = V > v_th; "
          "E = exp(-dt/tau_m) E + v_th O",
          clif2k_params);
COMPONENT(pclif_component, "pclif", "clif whose decays are the parameters themselves",
          "M = tau_m (M + I); S = tau_s (S + I); E = tau_m E + v_th O_old; V = M - S - E; O = V > "
          "v_th",
          pclif_params);
COMPONENT(aclif_component, "aclif", "clif with a slow adaptation",
          "A = exp(-dt/tau_a) A + O_old; V = M - S - (beta_adaptive A + E); the rest as clif",
          aclif_params);

static double gain_pq(const hb_args *args, size_t unit) {
    double b = hb_args_unit(args, "tau_p", unit) / hb_args_unit(args, "tau_q", unit);
    return pow(b, b / (b - 1)) / (b - 1);
}
static double gain_ms(const hb_args *args, size_t unit) {
    double b = hb_args_unit(args, "tau_m", unit) / hb_args_unit(args, "tau_s", unit);
    return pow(b, b / (b - 1)) / (b - 1);
}

enum { V, M, S, E, I, A, O_OLD };                      /* states */
enum { TAU_P, TAU_Q, TAU_M, V_THR, V_0, TAU_A, BETA }; /* coefficients */

static void integrate(hb_step *k) {
    real *restrict m = k->state[M], *restrict s = k->state[S], *restrict v = k->state[V];
    real *restrict i = k->state[I], *restrict x = k->x;
    const real *restrict e = k->state[E], *restrict dP = k->coef[TAU_P];
    const real *restrict dQ = k->coef[TAU_Q], *restrict in = k->I, *restrict g = k->coef[V_0];
    const real *restrict th = k->coef[V_THR];
    HB_EACH(k) {
        i[j] = g[j] * in[j];
        m[j] = dP[j] * m[j] + i[j];
        s[j] = dQ[j] * s[j] + i[j];
        v[j] = m[j] - s[j] - e[j];
        x[j] = v[j] - th[j];
    }
}
static void settle(hb_step *k) {
    real *restrict e = k->state[E];
    const real *restrict o = k->o, *restrict d = k->coef[TAU_M], *restrict th = k->coef[V_THR];
    HB_EACH(k) e[j] = d[j] * e[j] + th[j] * o[j];
}
static void unsettle(hb_step *k) {
    real *restrict e = k->adj[E], *restrict dO = k->dO;
    const real *restrict d = k->coef[TAU_M], *restrict th = k->coef[V_THR];
    if (!k->detach) HB_EACH(k) dO[j] += th[j] * e[j];
    HB_GRAD(k, TAU_M, e[j] * k->prev[E][j]);
    HB_GRAD(k, V_THR, e[j] * k->o[j]);
    HB_EACH(k) e[j] *= d[j];
}
static void unintegrate(hb_step *k) {
    real *restrict m = k->adj[M], *restrict s = k->adj[S], *restrict e = k->adj[E];
    real *restrict v = k->adj[V], *restrict dI = k->dI;
    const real *restrict dx = k->dx, *restrict g = k->coef[V_0];
    const real *restrict dP = k->coef[TAU_P], *restrict dQ = k->coef[TAU_Q];
    HB_EACH(k) {
        real dv = v[j] + dx[j];
        m[j] += dv, s[j] -= dv, e[j] -= dv, v[j] = 0;
        dI[j] = m[j] + s[j];
    }
    HB_GRAD(k, TAU_P, m[j] * k->prev[M][j]);
    HB_GRAD(k, TAU_Q, s[j] * k->prev[S][j]);
    HB_GRAD(k, V_THR, -dx[j]);
    HB_GRAD(k, V_0, dI[j] * k->I[j]);
    HB_EACH(k) {
        dI[j] *= g[j];
        m[j] *= dP[j], s[j] *= dQ[j];
    }
}

/* ---- sweeps of clif and clif2k ---- */

enum { SWEPT = 5 }; /* states, and coefficients */

/* Products with a spike, which is 1 or 0, are choices; the signs of zeros stay. V and I need no
 * register: their last values are written alone. */
INLINE void forward(const hb_sweep *s, size_t j, const size_t count, size_t lanes,
                    const bool uniform, const bool tape, const bool abreast) {
    vec state[SWEPT][ABREAST], coef[SWEPT][ABREAST], none = same(0);
    vec fires = same(s->fires), most = same((real)INFINITY);
    vec low = same(s->low), high = same(s->high);
    size_t n = s->row, words = s->words;
    const real *in = s->I + j;
    hb_apart apart = apart_of(s, abreast);
    uint64_t *spikes = s->spikes, *window = s->window;
    real *x_row = tape && s->x ? s->x + j : NULL,
         *before = tape && s->before ? s->before + j : NULL;
    for (int c = 0; c < SWEPT; c++) {
        load_coef(coef[c], s->coef[c], j, count, lanes, uniform, abreast);
        load_all(state[c], s->state[c] + j, count, lanes, apart.state);
    }
    for (size_t t = 0; t < s->steps; t++, in += s->I_row, spikes += words) {
        uint64_t fired = 0, open = 0;
        for (size_t k = 0; k < count; k++) {
            size_t c = uniform || abreast ? 0 : k;
            for (size_t i = 0; tape && before && i < SWEPT; i++)
                store(before + (t * SWEPT + i) * n + k * apart.before, state[i][k], lanes);
            vec drive = coef[V_0][c] * load(in + k * apart.I, lanes);
            state[I][k] = drive;
            state[M][k] = coef[TAU_P][c] * state[M][k] + drive;
            state[S][k] = coef[TAU_Q][c] * state[S][k] + drive;
            state[V][k] = state[M][k] - state[S][k] - state[E][k];
            vec x = state[V][k] - coef[V_THR][c];
            if (tape && x_row) store(x_row + t * n + k * apart.x, x, lanes);
            which o = between(x, fires, most);
            note_bits(&fired, spikes + k * apart.spikes, j, k, o, lanes, abreast);
            if (window)
                note_bits(&open, window + k * apart.window, j, k, between(x, low, high), lanes,
                          abreast);
            state[E][k] =
                coef[TAU_M][c] * state[E][k] + pick(o, coef[V_THR][c], coef[V_THR][c] * none);
        }
        if (!abreast) put_bits(spikes, j, fired, count > 1 ? LANES : lanes);
        if (!abreast && window) put_bits(window, j, open, count > 1 ? LANES : lanes);
        if (window) window += words;
    }
    for (int c = 0; c < SWEPT; c++) store_all(s->state[c] + j, state[c], count, lanes, apart.state);
}
static void sweep(const hb_sweep *s) {
    if (s->abreast)
        SWEEP_ABREAST(forward, s, false, true, true);
    else if (s->x || s->before)
        SWEEP(forward, s, false, true, false);
    else if (s->uniform)
        SWEEP(forward, s, true, false, false);
    else
        SWEEP(forward, s, false, false, false);
}

/* gain: the gradient of V0 is wanted; grads: some other coefficient's, too. */
INLINE void backward(const hb_sweep *s, size_t j, const size_t count, size_t lanes,
                     const bool uniform, const bool gain, const bool grads) {
    vec adj[SWEPT][ABREAST], coef[SWEPT][ABREAST], g[SWEPT][ABREAST];
    vec height = same(s->height), none = same(0);
    size_t n = s->n, words = s->words, steps = s->steps;
    size_t at = steps * n + j, above = steps * s->dO_stride + j;
    const uint64_t *spikes = s->spikes, *window = s->window;
    const real *slopes = s->slope, *dO = s->dO, *in = s->I, *before = s->before;
    real *to = s->dI;
    bool wants[SWEPT], resets = !s->detach;
    for (int c = 0; c < SWEPT; c++) {
        load_coef(coef[c], s->coef[c], j, count, lanes, uniform, false);
        load_all(adj[c], s->adj[c] + j, count, lanes, LANES);
        wants[c] = (c == V_0 ? gain : grads) && s->gcoef[c];
        load_sums(g[c], wants[c] ? s->gcoef[c] + j : NULL, count, lanes);
    }
    for (size_t t = steps; t-- > 0;) {
        at -= n, above -= s->dO_stride;
        uint64_t fired = grads ? get_bits(spikes + t * words, j) : 0;
        uint64_t open = slopes ? 0 : get_bits(window + t * words, j);
        for (size_t k = 0; k < count; k++) {
            size_t c = uniform ? 0 : k;
            const real *prev = grads ? before + t * SWEPT * n + j + k * LANES : NULL;
            vec e = adj[E][k], m = adj[M][k], q = adj[S][k],
                dout = load(dO + above + k * LANES, lanes);
            if (resets) dout += coef[V_THR][c] * e;
            if (grads && wants[TAU_M]) g[TAU_M][k] += e * load(prev + E * n, lanes);
            if (grads && wants[V_THR])
                g[V_THR][k] += pick(which_of(fired >> k * LANES), e, e * none);
            e *= coef[TAU_M][c];
            vec slope = slopes ? load(slopes + at + k * LANES, lanes)
                               : pick(which_of(open >> k * LANES), height, none);
            vec dx = slope * dout, dv = adj[V][k] + dx;
            m += dv, q -= dv, e -= dv;
            vec drive = m + q;
            if (grads && wants[TAU_P]) g[TAU_P][k] += m * load(prev + M * n, lanes);
            if (grads && wants[TAU_Q]) g[TAU_Q][k] += q * load(prev + S * n, lanes);
            if (grads && wants[V_THR]) g[V_THR][k] += -dx;
            if (gain && wants[V_0]) g[V_0][k] += drive * load(in + at + k * LANES, lanes);
            store(to + at + k * LANES, drive * coef[V_0][c], lanes);
            adj[V][k] = none, adj[M][k] = m * coef[TAU_P][c], adj[S][k] = q * coef[TAU_Q][c];
            adj[E][k] = e;
        }
    }
    for (int c = 0; c < SWEPT; c++) {
        if (c != I) store_all(s->adj[c] + j, adj[c], count, lanes, LANES);
        if (wants[c]) store_all(s->gcoef[c] + j, g[c], count, lanes, LANES);
    }
}
static void sweep_back(const hb_sweep *s) {
    if (s->gcoef[TAU_P] || s->gcoef[TAU_Q] || s->gcoef[TAU_M] || s->gcoef[V_THR])
        SWEEP(backward, s, false, true, true);
    else if (!s->uniform)
        SWEEP(backward, s, false, true, false);
    else if (s->gcoef[V_0])
        SWEEP(backward, s, true, true, false);
    else
        SWEEP(backward, s, true, false, false);
}

/* aclif: the adaptation is read before the spike of this step. */
static void integrate_a(hb_step *k) {
    real *restrict v = k->state[V], *restrict a = k->state[A];
    integrate(k);
    HB_EACH(k) {
        a[j] = k->coef[TAU_A][j] * a[j] + k->state[O_OLD][j];
        v[j] = k->state[M][j] - k->state[S][j] - (k->coef[BETA][j] * a[j] + k->state[E][j]);
        k->x[j] = v[j] - k->coef[V_THR][j];
    }
}
static void settle_a(hb_step *k) {
    settle(k);
    HB_EACH(k) k->state[O_OLD][j] = k->o[j];
}
static void unsettle_a(hb_step *k) {
    unsettle(k);
    if (!k->detach) HB_EACH(k) k->dO[j] += k->adj[O_OLD][j];
}
static void unintegrate_a(hb_step *k) {
    real *a = k->adj[A];
    HB_EACH(k) {
        real dv = k->adj[V][j] + k->dx[j];
        if (k->gcoef[BETA])
            k->gcoef[BETA][j] -= dv * (k->coef[TAU_A][j] * k->prev[A][j] + k->prev[O_OLD][j]);
        a[j] -= k->coef[BETA][j] * dv;
        if (k->gcoef[TAU_A]) k->gcoef[TAU_A][j] += a[j] * k->prev[A][j];
        k->adj[O_OLD][j] = a[j];
        a[j] *= k->coef[TAU_A][j];
    }
    unintegrate(k);
}

/* pclif: inputs decay in the step in which they come; E takes the last spike first. */
enum { P_OLD = 4 };
enum { P_TAU_M, P_TAU_S, P_THR };
static void integrate_p(hb_step *k) {
    HB_EACH(k) {
        k->state[M][j] = k->coef[P_TAU_M][j] * (k->state[M][j] + k->I[j]);
        k->state[S][j] = k->coef[P_TAU_S][j] * (k->state[S][j] + k->I[j]);
        k->state[E][j] =
            k->coef[P_TAU_M][j] * k->state[E][j] + k->coef[P_THR][j] * k->state[P_OLD][j];
        k->state[V][j] = k->state[M][j] - k->state[S][j] - k->state[E][j];
        k->x[j] = k->state[V][j] - k->coef[P_THR][j];
    }
}
static void settle_p(hb_step *k) { HB_EACH(k) k->state[P_OLD][j] = k->o[j]; }
static void unsettle_p(hb_step *k) {
    if (!k->detach) HB_EACH(k) k->dO[j] += k->adj[P_OLD][j];
}
static void unintegrate_p(hb_step *k) {
    HB_EACH(k) {
        const real *const *p = k->prev;
        real dv = k->adj[V][j] + k->dx[j], tm = k->coef[P_TAU_M][j], ts = k->coef[P_TAU_S][j];
        real m = k->adj[M][j] + dv, s = k->adj[S][j] - dv, e = k->adj[E][j] - dv;
        if (k->gcoef[P_TAU_M]) k->gcoef[P_TAU_M][j] += m * (p[M][j] + k->I[j]) + e * p[E][j];
        if (k->gcoef[P_TAU_S]) k->gcoef[P_TAU_S][j] += s * (p[S][j] + k->I[j]);
        if (k->gcoef[P_THR]) k->gcoef[P_THR][j] += e * p[P_OLD][j] - k->dx[j];
        k->adj[P_OLD][j] = k->coef[P_THR][j] * e;
        k->adj[V][j] = 0;
        k->adj[M][j] = tm * m, k->adj[S][j] = ts * s, k->adj[E][j] = tm * e;
        k->dI[j] = tm * m + ts * s;
    }
}

const hb_model HB_R(hb_model_clif) = {
    .component = &clif_component,
    .output = HB_OUT_SPIKES,
    .states = {"V", "M", "S", "E", "I"},
    .state_count = 5,
    .coefs = {{"tauP", "tau_p", HB_DECAY},
              {"tauQ", "tau_q", HB_DECAY},
              {"tauM", "tau_m", HB_DECAY},
              {"Vth", "v_th", HB_DIRECT},
              {"V0", "V0", HB_GAIN, .input_only = true}},
    .coef_count = 5,
    .default_gain = gain_pq,
    .integrate = integrate,
    .settle = settle,
    .unsettle = unsettle,
    .unintegrate = unintegrate,
    .sweep = sweep,
    .sweep_back = sweep_back,
};
const hb_model HB_R(hb_model_clif2k) = {
    .component = &clif2k_component,
    .output = HB_OUT_SPIKES,
    .states = {"V", "M", "S", "E", "I"},
    .state_count = 5,
    .coefs = {{"tauM", "tau_m", HB_DECAY},
              {"tauS", "tau_s", HB_DECAY},
              {"tauE", "tau_m", HB_DECAY},
              {"Vth", "v_th", HB_DIRECT},
              {"V0", "V0", HB_GAIN, .input_only = true}},
    .coef_count = 5,
    .default_gain = gain_ms,
    .integrate = integrate,
    .settle = settle,
    .unsettle = unsettle,
    .unintegrate = unintegrate,
    .sweep = sweep,
    .sweep_back = sweep_back,
};
const hb_model HB_R(hb_model_pclif) = {
    .component = &pclif_component,
    .output = HB_OUT_SPIKES,
    .states = {"V", "M", "S", "E", "O_old"},
    .state_count = 5,
    .coefs = {{"tauM", "tau_m", HB_DIRECT},
              {"tauS", "tau_s", HB_DIRECT},
              {"Vth", "v_th", HB_DIRECT}},
    .coef_count = 3,
    .needs_I = true,
    .integrate = integrate_p,
    .settle = settle_p,
    .unsettle = unsettle_p,
    .unintegrate = unintegrate_p,
};
const hb_model HB_R(hb_model_aclif) = {
    .component = &aclif_component,
    .output = HB_OUT_SPIKES,
    .states = {"V", "M", "S", "E", "I", "A|Vth1[stay]", "O_old"},
    .state_count = 7,
    .coefs = {{"tauP", "tau_p", HB_DECAY},
              {"tauQ", "tau_q", HB_DECAY},
              {"tauM", "tau_m", HB_DECAY},
              {"Vth", "v_th", HB_DIRECT},
              {"V0", "V0", HB_GAIN, .input_only = true},
              {"tauA", "tau_a", HB_DECAY},
              {"beta_adaptive", "beta_adaptive", HB_DIRECT}},
    .coef_count = 7,
    .stays = 1u << A,
    .default_gain = gain_pq,
    .integrate = integrate_a,
    .settle = settle_a,
    .unsettle = unsettle_a,
    .unintegrate = unintegrate_a,
};

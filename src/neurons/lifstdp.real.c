/* The models of SPAIC's unsupervised examples: lifstdp_ex and alifstdp_ex, whose threshold
 * adapts, and lifstdp_ih, which inhibits them. Their decays are those of a step, not of dt.
 *
 * By default theta is the group's (k->kept): a constant of the step, for the gradient too.
 * Under compat = "spaic" it is a state of each neuron and sample, and the gradient flows on. */
#include "neurons/model.h"

/* What the three have in common; decays lie between 0 and 1. */
#define COMMON(v_th, v_reset, v_rest, decay_text, decay)                                           \
    {"v_th", HB_PER_UNIT, "mV", v_th, HB_ANY, HB_TRAINABLE, "threshold"},                          \
        {"v_reset", HB_PER_UNIT, "mV", v_reset, HB_ANY, HB_TRAINABLE, RESET_DOC},                  \
        {"v_rest", HB_PER_UNIT, "mV", v_rest, HB_ANY, HB_TRAINABLE, "potential at rest"}, {        \
        "decay_v", HB_PER_UNIT, "1", decay, 0.0, 1.0, HB_TRAINABLE,                                \
            "decay of V - v_rest in a step", NULL, decay_text                                      \
    }
#define THETA(inc_doc, inc, decay_text, decay)                                                     \
    {"th_inc", HB_PER_UNIT, "1", inc, HB_ANY, 0, inc_doc}, {                                       \
        "decay_th", HB_PER_UNIT, "1", decay, 0.0, 1.0, 0, "decay of theta in a step", NULL,        \
            decay_text                                                                             \
    }
#define EXP_M1E_7 0.99999990000000500 /* exp(-1e-7) */
#define EXP_M1E_5 0.99999000004999983
#define EXP_M1E_2 0.99004983374916811
#define EXP_M1E_1 0.90483741803595952
#define ADAPTS    "; theta <- decay_th theta + "
#define SOURCE    "SPAIC 0.6.3; Diehl and Cook, Front. Comput. Neurosci. 9:99, 2015"
#define POTENTIAL "u = decay_v (V - v_rest) + v_rest + I; "
#define RESET_DOC "potential after a spike"
static const hb_param_info ex_params[] = {
    COMMON(-52, -60, -65, "exp(-1/100)", EXP_M1E_2),
    THETA("growth of theta with a spike", 0.05, "exp(-1e-7)", EXP_M1E_7),
};
static const hb_param_info ih_params[] = {COMMON(-40, -45, -60, "exp(-1/10)", EXP_M1E_1)};
#undef RESET_DOC
#define RESET_DOC "taken off V by a spike"
static const hb_param_info alif_params[] = {
    COMMON(2, 2, 0, "exp(-1/100)", EXP_M1E_2),
    THETA("growth of theta with a spike, in parts of the threshold", 0.001, "exp(-1e-5)",
          EXP_M1E_5),
};
#define COMPONENT(id, name_, summary_, equation_, params_)                                         \
    static const hb_component id = {"neuron",  name_,  NULL,    summary_,                          \
                                    equation_, SOURCE, params_, HB_COUNT(params_)}
COMPONENT(ex_component, "lifstdp_ex", "leaky integrate and fire with an adaptive threshold",
          POTENTIAL "O = u > v_th + decay_th theta; V = v_reset where O, else u" ADAPTS
                    "th_inc O, O summed over the batch. theta is kept over runs",
          ex_params);
COMPONENT(alif_component, "alifstdp_ex",
          "leaky integrate and fire with a threshold that grows in proportion",
          POTENTIAL "O = u > v_th + decay_th theta; V = u - v_reset O" ADAPTS
                    "th_inc (v_th + decay_th theta) O, O summed over the batch. theta is kept over "
                    "runs (compat = spaic: it grows by the threshold of the step before)",
          alif_params);
COMPONENT(ih_component, "lifstdp_ih", "leaky integrate and fire, the inhibiting partner",
          POTENTIAL "O = u > v_th; V = v_reset where O, else u", ih_params);

enum { V, THETA_NOW, LEVEL, LEVEL_OLD };                   /* states */
enum { V_TH, V_RESET, V_REST, DECAY_V, TH_INC, DECAY_TH }; /* coefficients */
#define COEFS                                                                                      \
    {"Vth", "v_th", HB_DIRECT}, {"Vreset", "v_reset", HB_DIRECT}, {"Vrest", "v_rest", HB_DIRECT},  \
    {                                                                                              \
        "decay_v", "decay_v", HB_DIRECT                                                            \
    }
#define ADAPTIVE_COEFS                                                                             \
    {"th_inc", "th_inc", HB_DIRECT}, { "decay_th", "decay_th", HB_DIRECT }

/* ---- forward ---- */

static void leak(hb_step *k) {
    real *restrict v = k->state[V];
    const real *restrict d = k->coef[DECAY_V], *restrict rest = k->coef[V_REST];
    const real *restrict I = k->I;
    HB_EACH(k) v[j] = d[j] * (v[j] - rest[j]) + rest[j] + I[j];
}
static void integrate_ih(hb_step *k) {
    real *restrict x = k->x;
    const real *restrict v = k->state[V], *restrict th = k->coef[V_TH];
    leak(k);
    HB_EACH(k) x[j] = v[j] - th[j];
}
static void integrate(hb_step *k) {
    real *restrict theta = k->state[THETA_NOW], *restrict level = k->state[LEVEL];
    real *restrict x = k->x;
    const real *restrict v = k->state[V], *restrict th = k->coef[V_TH];
    const real *restrict d = k->coef[DECAY_TH], *restrict kept = k->kept;
    leak(k);
    if (kept) HB_EACH(k) theta[j] = kept[j];
    HB_EACH(k) {
        level[j] = th[j] + d[j] * theta[j];
        x[j] = v[j] - level[j];
    }
}
/* SPAIC's theta grows by the threshold of the step before. */
static void integrate_alif(hb_step *k) {
    HB_EACH(k) k->state[LEVEL_OLD][j] = k->state[LEVEL][j];
    integrate(k);
}
static void settle_ih(hb_step *k) {
    real *restrict v = k->state[V];
    const real *restrict o = k->o, *restrict r = k->coef[V_RESET];
    HB_EACH(k) v[j] = r[j] * o[j] + (v[j] - v[j] * o[j]);
}
static void settle_ex(hb_step *k) {
    real *restrict theta = k->state[THETA_NOW];
    const real *restrict o = k->o, *restrict inc = k->coef[TH_INC], *restrict d = k->coef[DECAY_TH];
    settle_ih(k);
    if (!k->kept && k->learns) HB_EACH(k) theta[j] = d[j] * theta[j] + inc[j] * o[j];
}
static void settle_alif(hb_step *k) {
    real *restrict v = k->state[V], *restrict theta = k->state[THETA_NOW];
    const real *restrict o = k->o, *restrict inc = k->coef[TH_INC], *restrict d = k->coef[DECAY_TH];
    const real *restrict r = k->coef[V_RESET], *restrict old = k->state[LEVEL_OLD];
    HB_EACH(k) v[j] -= r[j] * o[j];
    if (!k->kept && k->learns) HB_EACH(k) theta[j] = d[j] * theta[j] + o[j] * (inc[j] * old[j]);
}
static void adapt_ex(const hb_adapt *k) {
    const real *restrict inc = k->coef[TH_INC], *restrict d = k->coef[DECAY_TH];
    const real *restrict fired = k->fired;
    double *restrict theta = k->kept;
    real *restrict now = k->now;
    HB_EACH(k) {
        theta[j] = (double)d[j] * theta[j] + (double)inc[j] * (double)fired[j];
        now[j] = (real)theta[j];
    }
}
static void adapt_alif(const hb_adapt *k) {
    const real *restrict inc = k->coef[TH_INC], *restrict d = k->coef[DECAY_TH];
    const real *restrict fired = k->fired, *restrict th = k->coef[V_TH];
    double *restrict theta = k->kept;
    HB_EACH(k) {
        double now = (double)d[j] * theta[j];
        theta[j] = now + (double)inc[j] * ((double)th[j] + now) * (double)fired[j];
        k->now[j] = (real)theta[j];
    }
}

/* SPAIC's groups start at its own defaults, whatever v_rest is. */
static void start_at(hb_step *k, real spaic) {
    HB_EACH(k) k->state[V][j] = k->spaic ? spaic : k->coef[V_REST][j];
}
static void start_ex(hb_step *k) { start_at(k, -65); }
static void start_ih(hb_step *k) { start_at(k, -60); }
static void start_alif(hb_step *k) {
    start_at(k, 0);
    HB_EACH(k) k->state[LEVEL][j] = k->spaic ? 2 : k->coef[V_TH][j];
}

/* ---- backward ---- */

/* The potential before the reset. */
static inline real potential(const hb_step *k, size_t j) {
    real rest = k->coef[V_REST][j];
    return k->coef[DECAY_V][j] * (k->prev[V][j] - rest) + rest + k->I[j];
}
static void unsettle_ih(hb_step *k) {
    real *restrict a = k->adj[V];
    if (!k->detach) HB_EACH(k) k->dO[j] += (k->coef[V_RESET][j] - potential(k, j)) * a[j];
    HB_GRAD(k, V_RESET, k->o[j] * a[j]);
    HB_EACH(k) a[j] *= 1 - k->o[j];
}
static void unsettle_ex(hb_step *k) {
    unsettle_ih(k);
    if (!k->spaic) return;
    const real *restrict at = k->adj[THETA_NOW];
    if (!k->detach) HB_EACH(k) k->dO[j] += k->coef[TH_INC][j] * at[j];
    HB_GRAD(k, TH_INC, k->o[j] * at[j]);
}
static void unsettle_alif(hb_step *k) {
    const real *restrict a = k->adj[V], *restrict at = k->adj[THETA_NOW];
    const real *restrict inc = k->coef[TH_INC];
    if (!k->detach) HB_EACH(k) k->dO[j] -= k->coef[V_RESET][j] * a[j];
    HB_GRAD(k, V_RESET, -k->o[j] * a[j]);
    for (size_t j = 0; k->spaic && j < k->n; j++) {
        real old = k->prev[LEVEL][j];
        if (!k->detach) k->dO[j] += inc[j] * old * at[j];
        if (k->gcoef[TH_INC]) k->gcoef[TH_INC][j] += k->o[j] * old * at[j];
        k->adj[LEVEL_OLD][j] += inc[j] * k->o[j] * at[j];
    }
}
static void unleak(hb_step *k) {
    real *restrict a = k->adj[V];
    HB_EACH(k) k->dI[j] = a[j] + k->dx[j];
    HB_GRAD(k, DECAY_V, k->dI[j] * (k->prev[V][j] - k->coef[V_REST][j]));
    HB_GRAD(k, V_REST, k->dI[j] * (1 - k->coef[DECAY_V][j]));
    HB_EACH(k) a[j] = k->coef[DECAY_V][j] * k->dI[j];
}
static void unintegrate_ih(hb_step *k) {
    unleak(k);
    HB_GRAD(k, V_TH, -k->dx[j]);
}
static void unintegrate(hb_step *k) {
    real *restrict at = k->adj[THETA_NOW], *restrict al = k->adj[LEVEL];
    unleak(k);
    HB_EACH(k) al[j] -= k->dx[j];
    HB_GRAD(k, V_TH, al[j]);
    if (k->spaic) {
        HB_EACH(k) at[j] += al[j];
        HB_GRAD(k, DECAY_TH, at[j] * k->prev[THETA_NOW][j]);
    }
    HB_EACH(k) {
        at[j] = k->spaic ? k->coef[DECAY_TH][j] * at[j] : 0;
        al[j] = 0;
    }
}
static void unintegrate_alif(hb_step *k) {
    unintegrate(k);
    HB_EACH(k) {
        k->adj[LEVEL][j] = k->adj[LEVEL_OLD][j];
        k->adj[LEVEL_OLD][j] = 0;
    }
}

/* clang-format off */
#define ADAPTIVE_MODEL                                                                             \
    .output = HB_OUT_SPIKES, .coefs = {COEFS, ADAPTIVE_COEFS}, .coef_count = 6,                    \
    .needs_prev = true, .needs_I = true, .stays = 1u << THETA_NOW, .kept = "theta",                \
    .kept_state = THETA_NOW
#define STATES "V", "theta|theta[stay]", "Vth_theta"
/* clang-format on */
const hb_model HB_R(hb_model_lifstdp_ex) = {
    .component = &ex_component,
    ADAPTIVE_MODEL,
    .states = {STATES},
    .state_count = 3,
    .integrate = integrate,
    .settle = settle_ex,
    .unsettle = unsettle_ex,
    .unintegrate = unintegrate,
    .start = start_ex,
    .adapt = adapt_ex,
};
const hb_model HB_R(hb_model_alifstdp_ex) = {
    .component = &alif_component,
    ADAPTIVE_MODEL,
    .states = {STATES, "Vth_theta_old"},
    .state_count = 4,
    .integrate = integrate_alif,
    .settle = settle_alif,
    .unsettle = unsettle_alif,
    .unintegrate = unintegrate_alif,
    .start = start_alif,
    .adapt = adapt_alif,
};
const hb_model HB_R(hb_model_lifstdp_ih) = {
    .component = &ih_component,
    .output = HB_OUT_SPIKES,
    .states = {"V"},
    .state_count = 1,
    .coefs = {COEFS},
    .coef_count = 4,
    .needs_prev = true,
    .needs_I = true,
    .integrate = integrate_ih,
    .settle = settle_ih,
    .unsettle = unsettle_ih,
    .unintegrate = unintegrate_ih,
    .start = start_ih,
};

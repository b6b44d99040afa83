/* lif: leaky integrate and fire, the input not scaled by dt. */
#include "neurons/model.h"
#include "neurons/sweep.h"

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

/* ---- sweeps ---- */

/* A spike is 1 or 0, so that products with it are choices. V after a spike and without one are both
 * made while it is not yet known which is true; that zeros keep their signs, and that V that is not
 * finite shows, needs the products with 0. */
INLINE void forward(const hb_sweep *s, size_t j, const size_t count, size_t lanes,
                    const bool uniform, const bool abreast) {
    vec V[ABREAST], d[ABREAST], th[ABREAST], r[ABREAST];
    vec fires = same(s->fires), most = same((real)INFINITY);
    vec low = same(s->low), high = same(s->high), none = same(0);
    size_t n = s->row, words = s->words;
    const real *I = s->I + j;
    uint64_t *spikes = s->spikes, *window = s->window;
    real *x_row = s->x ? s->x + j : NULL, *before = s->before ? s->before + j : NULL;
    hb_apart apart = apart_of(s, abreast);
    bool spaic = s->spaic;
    load_coef(d, s->coef[0], j, count, lanes, uniform, abreast);
    load_coef(th, s->coef[1], j, count, lanes, uniform, abreast);
    load_coef(r, s->coef[2], j, count, lanes, uniform, abreast);
    load_all(V, s->state[0] + j, count, lanes, apart.state);
    for (size_t t = 0; t < s->steps; t++, I += s->I_row, spikes += words) {
        uint64_t fired = 0, open = 0;
        for (size_t k = 0; k < count; k++) {
            size_t c = uniform || abreast ? 0 : k;
            if (before) store(before + t * n + k * apart.before, V[k], lanes);
            vec u = d[c] * V[k] + load(I + k * apart.I, lanes), x = u - th[c];
            if (x_row) store(x_row + t * n + k * apart.x, x, lanes);
            which o = between(x, fires, most);
            note_bits(&fired, spikes + k * apart.spikes, j, k, o, lanes, abreast);
            if (window)
                note_bits(&open, window + k * apart.window, j, k, between(x, low, high), lanes,
                          abreast);
            vec reset = u * none;
            V[k] = spaic ? pick(o, reset, u) : pick(o, reset + r[c], u + r[c] * none);
        }
        if (!abreast) put_bits(spikes, j, fired, count > 1 ? LANES : lanes);
        if (!abreast && window) put_bits(window, j, open, count > 1 ? LANES : lanes);
        if (window) window += words;
    }
    store_all(s->state[0] + j, V, count, lanes, apart.state);
}
static void sweep(const hb_sweep *s) {
    if (s->abreast)
        SWEEP_ABREAST(forward, s, false, true);
    else if (s->uniform)
        SWEEP(forward, s, true, false);
    else
        SWEEP(forward, s, false, false);
}

INLINE void backward(const hb_sweep *s, size_t j, const size_t count, size_t lanes,
                     const bool uniform, const bool grads) {
    vec a[ABREAST], d[ABREAST], g[3][ABREAST], height = same(s->height), none = same(0);
    size_t n = s->n, words = s->words;
    size_t at = s->steps * n + j, above = s->steps * s->dO_stride + j;
    const uint64_t *spikes = s->spikes, *window = s->window;
    const real *slopes = s->slope, *dO = s->dO, *before = s->before;
    real *to = s->dI;
    bool wants[3];
    load_coef(d, s->coef[0], j, count, lanes, uniform, false);
    load_all(a, s->adj[0] + j, count, lanes, LANES);
    for (int c = 0; grads && c < 3; c++) {
        wants[c] = s->gcoef[c] && !(c == 2 && s->spaic);
        load_sums(g[c], wants[c] ? s->gcoef[c] + j : NULL, count, lanes);
    }
    for (size_t t = s->steps; t-- > 0;) {
        at -= n, above -= s->dO_stride;
        uint64_t fired = get_bits(spikes + t * words, j);
        uint64_t open = slopes ? 0 : get_bits(window + t * words, j);
        for (size_t k = 0; k < count; k++) {
            which o = which_of(fired >> k * LANES);
            if (grads && wants[2]) g[2][k] += pick(o, a[k], a[k] * none);
            vec after = pick(o, a[k] * none, a[k]);
            vec slope = slopes ? load(slopes + at + k * LANES, lanes)
                               : pick(which_of(open >> k * LANES), height, none);
            vec dx = slope * load(dO + above + k * LANES, lanes), dI = after + dx;
            store(to + at + k * LANES, dI, lanes);
            if (grads && wants[0]) g[0][k] += dI * load(before + at + k * LANES, lanes);
            if (grads && wants[1]) g[1][k] += -dx;
            a[k] = d[uniform ? 0 : k] * dI;
        }
    }
    store_all(s->adj[0] + j, a, count, lanes, LANES);
    for (int c = 0; grads && c < 3; c++)
        if (wants[c]) store_all(s->gcoef[c] + j, g[c], count, lanes, LANES);
}
static void sweep_back(const hb_sweep *s) {
    bool grads = s->gcoef[0] || s->gcoef[1] || s->gcoef[2];
    if (s->uniform && !grads)
        SWEEP(backward, s, true, false);
    else if (!grads)
        SWEEP(backward, s, false, false);
    else
        SWEEP(backward, s, false, true);
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
    .fades = 1,
    .integrate = integrate,
    .settle = settle,
    .unsettle = unsettle,
    .unintegrate = unintegrate,
    .sweep = sweep,
    .sweep_back = sweep_back,
};

/* The conductance-based pair of Diehl and Cook 2015, with the constants of their published
 * program: excitatory neurons with an adaptive threshold, inhibitory ones without. */
#include <string.h>

#include "neurons/model.h"

#define INNER(rest, reset, thresh, refrac)                                                         \
    {                                                                                              \
        "v_rest",                                                                                  \
        HB_PER_UNIT,                                                                               \
        "mV",                                                                                      \
        rest,                                                                                      \
        HB_ANY,                                                                                    \
        0,                                                                                         \
        "potential at rest, and at the start of a run"},                                           \
        {"v_reset",                                                                                \
         HB_PER_UNIT,                                                                              \
         "mV",                                                                                     \
         reset,                                                                                    \
         HB_ANY,                                                                                   \
         0,                                                                                        \
         "potential after a spike and while refractory"},                                          \
        {"v_thresh", HB_PER_UNIT, "mV", thresh, HB_ANY, 0, "threshold", "v_th"}, {                 \
        "refrac", HB_PER_UNIT, "ms", refrac, 0.0, 1e6, 0, "time without spikes after a spike"      \
    }
#define OUTER(tau, E_inh)                                                                          \
    {"tau_m", HB_PER_UNIT, "ms", tau, HB_POSITIVE, "membrane time constant"},                      \
        {"E_exc", HB_PER_UNIT, "mV", 0, HB_ANY, 0, "reversal potential of ge"},                    \
        {"E_inh", HB_PER_UNIT, "mV", E_inh, HB_ANY, 0, "reversal potential of gi"},                \
        {"tau_ge", HB_PER_UNIT, "ms", 1, HB_POSITIVE, "time constant of ge"}, {                    \
        "tau_gi", HB_PER_UNIT, "ms", 2, HB_POSITIVE, "time constant of gi"                         \
    }
static const hb_param_info exc_params[] = {
    INNER(-65, -65, -52, 5),
    OUTER(100, -100),
    {"offset", HB_PER_UNIT, "mV", 20, HB_ANY, 0, "taken off the threshold"},
    {"theta_init", HB_PER_UNIT, "mV", 20, HB_ANY, 0, "theta of a network that has not learned"},
    {"theta_plus", HB_PER_UNIT, "mV", 0.05, HB_ANY, 0, "growth of theta with a spike"},
    {"tau_theta", HB_PER_UNIT, "ms", 1e7, HB_POSITIVE, "time constant of theta"},
    {"one_winner", HB_BOOL, "1", 0, 0, 1, 0,
     "in each step only the neuron furthest above its threshold fires"},
};
static const hb_param_info inh_params[] = {INNER(-60, -45, -40, 2), OUTER(10, -85)};
#define EQUATION(threshold, after)                                                                 \
    "ge = exp(-dt/tau_ge) ge + I_ge; gi = exp(-dt/tau_gi) gi + I_gi; tau_m dV/dt = v_rest - V + "  \
    "ge (E_exc - V) + gi (E_inh - V), by backward Euler; O = V > " threshold                       \
    "; V = v_reset where O, and for refrac ms from then on" after
#define SOURCE                                                                                     \
    "Diehl and Cook, Front. Comput. Neurosci. 9:99, 2015, and their program (github.com/peter-u-"  \
    "diehl/stdp-mnist)"
static const hb_component exc_component = {
    .kind = "neuron",
    .name = "diehl_cook_exc",
    .summary = "conductance-based neuron with adaptive threshold, excitatory",
    .equation = EQUATION("v_thresh - offset + theta",
                         "; theta += theta_plus O - (1 - exp(-dt/tau_theta)) theta, O summed over "
                         "the batch. theta is kept over runs"),
    .source = SOURCE,
    .params = exc_params,
    .param_count = HB_COUNT(exc_params),
};
static const hb_component inh_component = {
    .kind = "neuron",
    .name = "diehl_cook_inh",
    .summary = "conductance-based neuron, inhibitory",
    .equation = EQUATION("v_thresh", ""),
    .source = SOURCE,
    .params = inh_params,
    .param_count = HB_COUNT(inh_params),
};

enum { V, GE, GI, LEFT, THETA }; /* states; LEFT: steps still refractory */
enum {
    REST,
    V_RESET,
    V_THRESH,
    REFRAC,
    RATE,
    E_EXC,
    E_INH,
    DECAY_E,
    DECAY_I,
    OFFSET,
    PLUS,
    LOSS,
    WINNER
};
#define COEFS                                                                                      \
    {"Vrest", "v_rest", HB_DIRECT}, {"Vreset", "v_reset", HB_DIRECT},                              \
        {"Vth", "v_thresh", HB_DIRECT}, {"refrac", "refrac", HB_STEPS},                            \
        {"tauM", "tau_m", HB_RATE}, {"E_exc", "E_exc", HB_DIRECT}, {"E_inh", "E_inh", HB_DIRECT},  \
        {"decay_ge", "tau_ge", HB_DECAY}, {                                                        \
        "decay_gi", "tau_gi", HB_DECAY                                                             \
    }

/* x of a refractory neuron; no other has it. */
#define SILENT ((real)-1e30)

typedef struct constants {
    real rest, reset, thresh, rate, exc, inh, decay_e, decay_i;
} constants;

static inline constants constants_of(const hb_step *k, size_t j) {
    return (constants){k->coef[REST][j],    k->coef[V_RESET][j], k->coef[V_THRESH][j],
                       k->coef[RATE][j],    k->coef[E_EXC][j],   k->coef[E_INH][j],
                       k->coef[DECAY_E][j], k->coef[DECAY_I][j]};
}

/* One neuron; choices are made between values, never by branches, so that the loops become
 * vector instructions. */
static inline void move(constants c, real thresh, real I, real I2, real *v, real *ge, real *gi,
                        real *left, real *x) {
    real e = c.decay_e * *ge + I, i = c.decay_i * *gi + I2, was = *left;
    real next = (*v + c.rate * (c.rest + e * c.exc + i * c.inh)) / (1 + c.rate * (1 + e + i));
    real above = next - thresh, less = was - 1;
    *ge = e;
    *gi = i;
    *v = was > 0 ? c.reset : next;
    *x = was > 0 ? SILENT : above;
    *left = less > 0 ? less : 0;
}
#define ROWS k->I, k->I2, k->state[V], k->state[GE], k->state[GI], k->state[LEFT], k->x
/* Compilers heed restrict on parameters only, and gcc on those of calls that stay calls. */
__attribute__((noinline)) static void move_alike(const constants all, size_t n,
                                                 const real *restrict I, const real *restrict I2,
                                                 real *restrict v, real *restrict ge,
                                                 real *restrict gi, real *restrict left,
                                                 real *restrict x) {
    for (size_t j = 0; j < n; j++)
        move(all, all.thresh, I[j], I2[j], v + j, ge + j, gi + j, left + j, x + j);
}
static void integrate_inh(hb_step *k) {
    if (k->uniform)
        move_alike(constants_of(k, 0), k->n, ROWS);
    else
        HB_EACH(k) {
            constants c = constants_of(k, j);
            move(c, c.thresh, k->I[j], k->I2[j], k->state[V] + j, k->state[GE] + j,
                 k->state[GI] + j, k->state[LEFT] + j, k->x + j);
        }
}
/* As move_alike, with a threshold for each neuron; theta becomes what is kept. */
__attribute__((noinline)) static void
move_theta(const constants all, real offset, size_t n, const real *restrict kept,
           real *restrict theta, const real *restrict I, const real *restrict I2, real *restrict v,
           real *restrict ge, real *restrict gi, real *restrict left, real *restrict x) {
    real thresh = all.thresh - offset;
    for (size_t j = 0; j < n; j++) {
        real now = kept[j];
        theta[j] = now;
        move(all, thresh + now, I[j], I2[j], v + j, ge + j, gi + j, left + j, x + j);
    }
}
static void above_theta(size_t n, const real *restrict theta, const real *restrict offset,
                        const real *restrict v, const real *restrict thresh, real *restrict x) {
    for (size_t j = 0; j < n; j++) {
        real above = v[j] - (thresh[j] - offset[j] + theta[j]);
        x[j] = x[j] == SILENT ? SILENT : above;
    }
}
/* The highest of all in lanes, which become vector instructions; a step in which nobody is
 * above the threshold needs no more. */
static size_t highest(const hb_step *k, real *x) {
    enum { LANES = 32 };
    const real *restrict all = k->x;
    real lane[LANES];
    size_t best = 0, j = 0;
    for (size_t l = 0; l < LANES; l++) lane[l] = SILENT;
    for (; j + LANES <= k->n; j += LANES)
        for (size_t l = 0; l < LANES; l++) lane[l] = all[j + l] > lane[l] ? all[j + l] : lane[l];
    *x = lane[0];
    for (size_t l = 1; l < LANES; l++) *x = lane[l] > *x ? lane[l] : *x;
    for (; j < k->n; j++) *x = all[j] > *x ? all[j] : *x;
    if (*x < 0) return k->n;
    while (best < k->n && all[best] != *x) best++;
    return best;
}
static void silence(hb_step *k, size_t winner) {
    HB_EACH(k) k->x[j] = j == winner ? k->x[j] : SILENT;
}
static const hb_contest one_winner = {WINNER, highest, silence};
static void integrate_exc(hb_step *k) {
    real *restrict theta = k->state[THETA];
    if (k->kept && k->uniform) {
        move_theta(constants_of(k, 0), k->coef[OFFSET][0], k->n, k->kept, theta, ROWS);
    } else {
        if (k->kept) memcpy(theta, k->kept, k->n * sizeof(real));
        integrate_inh(k);
        above_theta(k->n, theta, k->coef[OFFSET], k->state[V], k->coef[V_THRESH], k->x);
    }
}
static void settle_inh(hb_step *k) {
    real *restrict v = k->state[V], *restrict left = k->state[LEFT];
    const real *restrict o = k->o, *restrict reset = k->coef[V_RESET];
    const real *restrict refrac = k->coef[REFRAC];
    if (k->quiet) return;
    HB_EACH(k) {
        v[j] = o[j] != 0 ? reset[j] : v[j];
        left[j] = o[j] != 0 ? refrac[j] : left[j];
    }
}
static void settle_exc(hb_step *k) {
    real *restrict theta = k->state[THETA];
    const real *restrict o = k->o, *restrict plus = k->coef[PLUS], *restrict loss = k->coef[LOSS];
    settle_inh(k);
    if (!k->kept && k->learns) HB_EACH(k) theta[j] += plus[j] * o[j] - loss[j] * theta[j];
}
static void adapt_exc(const hb_adapt *k) {
    double *restrict theta = k->kept;
    const real *restrict fired = k->fired, *restrict plus = k->coef[PLUS];
    const real *restrict loss = k->coef[LOSS];
    real *restrict now = k->now;
    if (k->quiet && k->uniform) { /* the same with fewer rows to read */
        double share = (double)loss[0];
        HB_EACH(k) {
            theta[j] -= share * theta[j];
            now[j] = (real)theta[j];
        }
        return;
    }
    HB_EACH(k) {
        theta[j] += (double)(plus[j] * fired[j]) - (double)loss[j] * theta[j];
        now[j] = (real)theta[j];
    }
}
static double first_theta(const hb_args *args, size_t unit) {
    return hb_args_unit(args, "theta_init", unit);
}
static void start(hb_step *k) { HB_EACH(k) k->state[V][j] = k->coef[REST][j]; }

const hb_model HB_R(hb_model_diehl_cook_exc) = {
    .component = &exc_component,
    .output = HB_OUT_SPIKES,
    .states = {"V", "ge", "gi", "refrac_left", "theta"},
    .state_count = 5,
    .coefs = {COEFS,
              {"offset", "offset", HB_DIRECT},
              {"theta_plus", "theta_plus", HB_DIRECT},
              {"loss_theta", "tau_theta", HB_LOSS},
              {"one_winner", "one_winner", HB_DIRECT}},
    .coef_count = WINNER + 1,
    .integrate = integrate_exc,
    .settle = settle_exc,
    .inputs = {"ge", "gi"},
    .start = start,
    .stays = 1u << THETA,
    .kept = "theta",
    .kept_state = THETA,
    .kept_start = first_theta,
    .adapt = adapt_exc,
    .contest = &one_winner,
};
const hb_model HB_R(hb_model_diehl_cook_inh) = {
    .component = &inh_component,
    .output = HB_OUT_SPIKES,
    .states = {"V", "ge", "gi", "refrac_left"},
    .state_count = 4,
    .coefs = {COEFS},
    .coef_count = OFFSET,
    .integrate = integrate_inh,
    .settle = settle_inh,
    .inputs = {"ge", "gi"},
    .start = start,
};

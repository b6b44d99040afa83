/* wta_lif: leaky neurons of which one at a time may fire, and only those of the population that
 * fired first: the group decides. */
#include <math.h>

#include "neurons/model.h"

static const hb_param_info params[] = {
    {"tau_m", HB_PER_UNIT, "ms", 20, HB_POSITIVE, "membrane time constant", "tau"},
    {"v_th", HB_PER_UNIT, "1", 20, HB_ANY, 0, "threshold: the largest V fires where V > v_th"},
    {"start_time", HB_NUM, "ms", 0, HB_NOT_NEGATIVE, "no spikes before it: V gathers evidence"},
    {"pop_size", HB_INT, "1", 1, 1, HB_INF, 0, "neurons in a row that stand for one class"},
};
static const hb_component component = {
    .kind = "neuron",
    .name = "wta_lif",
    .aliases = "winner_take_all",
    .summary = "leaky integrate and fire with a winner take all among the group",
    .equation =
        "V = exp(-dt/tau_m) V + I; from start_time on the neuron with the largest V fires where V "
        "> v_th. Its population's V becomes 0, and for the rest of the run no other population "
        "fires. U = V - mean V of the first spike (0 before it): how clear the decision was",
    .source = "common practice; Maass, On the computational power of winner-take-all, Neural "
              "Comput. 2000",
    .params = params,
    .param_count = HB_COUNT(params),
};

enum { V, U, CLOCK, OWNER }; /* OWNER: 1 + the neuron that fired first, 0: none yet */
enum { DECAY, V_TH, START, POP_SIZE };

static bool may_fire(const hb_step *k, size_t j) {
    size_t first = (size_t)k->state[OWNER][0], pop = (size_t)k->coef[POP_SIZE][0];
    return !first || j / pop == (first - 1) / pop;
}

static void integrate(hb_step *k) {
    real *restrict v = k->state[V], *restrict x = k->x;
    const real *restrict d = k->coef[DECAY], *restrict I = k->I;
    HB_EACH(k) {
        v[j] = d[j] * v[j] + I[j];
        x[j] = -1;
    }
    real *clock = k->state[CLOCK], rate = k->coef[START][0]; /* in parts of start_time */
    bool open = clock[0] >= (real)(1 - 1e-4) || isinf(rate);
    clock[0] = clock[0] + rate < 2 ? clock[0] + rate : 2;
    if (!open) return;
    size_t best = k->n;
    HB_EACH(k) {
        if (may_fire(k, j) && (best == k->n || v[j] > v[best])) best = j;
    }
    if (best < k->n) x[best] = v[best] - k->coef[V_TH][best];
}

static void settle(hb_step *k) {
    real *v = k->state[V];
    size_t fired = k->n, pop = (size_t)k->coef[POP_SIZE][0];
    HB_EACH(k) {
        if (k->m[j] != 0) fired = j;
    }
    if (fired == k->n) return;
    if (k->state[OWNER][0] == 0) {
        double sum = 0;
        HB_EACH(k) sum += (double)v[j];
        k->state[U][fired] = (real)((double)v[fired] - sum / (double)k->n);
        k->state[OWNER][0] = (real)(fired + 1);
    }
    for (size_t j = fired / pop * pop; j < k->n && j / pop == fired / pop; j++) v[j] = 0;
}

const hb_model HB_R(hb_model_wta_lif) = {
    .component = &component,
    .output = HB_OUT_SPIKES,
    .states = {"V", "U", "clock", "owner"},
    .state_count = 4,
    .coefs = {{"tauM|decay_m", "tau_m", HB_DECAY},
              {"Vth", "v_th", HB_DIRECT},
              {"start", "start_time", HB_RATE},
              {"pop_size", "pop_size", HB_DIRECT}},
    .coef_count = 4,
    .integrate = integrate,
    .settle = settle,
    .whole = true,
};

/* Models of whole numbers: diehlandcook and lifint. States hold whole numbers only, and all
 * arithmetic on them is that of 64-bit integers; the engine's reals carry them exactly. */
#include <stdint.h>

#include "neurons/model.h"

#define WORD  -32767.0, 32767.0, 0 /* what 16 bits hold */
#define SHIFT 0.0, 31.0, 0
#define COUNT 0.0, 32767.0, 0
#define COMMON(decay, shift)                                                                       \
    {"decay", HB_INT, "1", decay, COUNT, "V - v_rest is multiplied by it, then shifted"},          \
        {"shift_voltage", HB_INT, "bit", shift, SHIFT, "places by which the product is shifted"},  \
        {"v_reset", HB_INT, "1", 0, WORD, "potential after a spike"},                              \
        {"v_rest", HB_INT, "1", 0, WORD, "potential at rest"},                                     \
        {"init_refrac", HB_INT, "step", 0, WORD, "counter at the start of a run"},                 \
        {"reset_refrac", HB_INT, "step", 5, COUNT, "steps without input after a spike"}, {         \
        "delta", HB_INT, "step", 1, COUNT, "taken off the counter in every step"                   \
    }
static const hb_param_info dc_params[] = {
    {"thresh", HB_PER_UNIT, "1", 213, WORD, "threshold at first; kept over runs from then on"},
    COMMON(1013, 10),
    {"max_threshold", HB_INT, "1", 4915, COUNT, "a threshold above it is halved"},
    {"thresh_plus", HB_INT, "1", 66, WORD, "growth of the threshold with a spike"},
    {"weight_sum_coef", HB_INT, "1", 154, WORD, "the input is multiplied by it, then shifted"},
    {"shift_weight_sum_coef", HB_INT, "bit", 10, SHIFT, "places by which that is shifted"},
    {"weight_sum_min", HB_INT, "1", -32767, WORD, "least input"},
    {"weight_sum_max", HB_INT, "1", 32767, WORD, "largest input"},
    {"lbound", HB_INT, "1", -32767, WORD, "least potential"},
};
static const hb_param_info int_params[] = {
    {"thresh", HB_INT, "1", 1, WORD, "threshold: fires where V >= thresh"},
    COMMON(1, 0),
};
static const hb_component dc_component = {
    .kind = "neuron",
    .name = "diehlandcook",
    .summary = "whole-number integrate and fire with adaptive threshold and refractory period",
    .equation =
        "thresh is halved where above max_threshold; V = ((decay (V - v_rest)) >> "
        "shift_voltage) + v_rest; where refrac_count <= 0: V += (weight_sum_coef x) >> "
        "shift_weight_sum_coef, x = I cut to weight_sum_min .. weight_sum_max; refrac_count "
        "-= delta; O = V > thresh; where O: refrac_count = reset_refrac, V = v_reset; "
        "thresh += thresh_plus O, O summed over the batch; V is lbound at least",
    .source = "SPAIC 0.6.3; Diehl and Cook, Front. Comput. Neurosci. 9:99, 2015",
    .params = dc_params,
    .param_count = HB_COUNT(dc_params),
};
static const hb_component int_component = {
    .kind = "neuron",
    .name = "lifint",
    .summary = "whole-number leaky integrate and fire with a refractory period",
    .equation = "V = ((decay (V - v_rest)) >> shift_voltage) + v_rest; where refrac_count <= 0: V "
                "+= I; refrac_count -= delta; O = V >= thresh; where O: refrac_count = "
                "reset_refrac, V = v_reset",
    .source = "SPAIC 0.6.3",
    .params = int_params,
    .param_count = HB_COUNT(int_params),
};

enum { V, REFRAC, THRESH }; /* states */
enum { DECAY, SHIFT_V, V_RESET, V_REST, INIT, RESET, DELTA };
enum { MAX_THRESH = DELTA + 1, PLUS, IN_COEF, IN_SHIFT, IN_MIN, IN_MAX, LBOUND };
enum { INT_THRESH = DELTA + 1 };
#define COEFS                                                                                      \
    {"decay", "decay", HB_DIRECT}, {"shift_voltage", "shift_voltage", HB_DIRECT},                  \
        {"Vreset", "v_reset", HB_DIRECT}, {"Vrest", "v_rest", HB_DIRECT},                          \
        {"init_refrac", "init_refrac", HB_DIRECT}, {"reset_refrac", "reset_refrac", HB_DIRECT}, {  \
        "delta", "delta", HB_DIRECT                                                                \
    }

enum { FAR = 1 << 24 }; /* the last number before which a float has them all */

/* Cut towards 0, as a cast; NaN is least. */
static inline int64_t whole(real x, int64_t least, int64_t most) {
    if (!(x > (real)least)) return least;
    return x < (real)most ? (int64_t)x : most;
}
/* Halves `shift` times, rounding down. */
static inline int64_t shifted(int64_t x, int64_t shift) {
    return x >= 0 ? x >> shift : -((-x + ((int64_t)1 << shift) - 1) >> shift);
}
static inline int64_t leaked(const hb_step *k, size_t j) {
    int64_t rest = (int64_t)k->coef[V_REST][j], v = whole(k->state[V][j], -FAR, FAR);
    return shifted((int64_t)k->coef[DECAY][j] * (v - rest), (int64_t)k->coef[SHIFT_V][j]) + rest;
}
static inline real halved(real thresh, real most) {
    return thresh > most ? (real)shifted(whole(thresh, -FAR, FAR), 1) : thresh;
}

static void integrate_dc(hb_step *k) {
    HB_EACH(k) {
        real thresh = halved(k->kept ? k->kept[j] : k->state[THRESH][j], k->coef[MAX_THRESH][j]);
        int64_t v = leaked(k, j);
        int64_t in = whole(k->I[j], (int64_t)k->coef[IN_MIN][j], (int64_t)k->coef[IN_MAX][j]);
        if (k->state[REFRAC][j] <= 0)
            v += shifted(in * (int64_t)k->coef[IN_COEF][j], (int64_t)k->coef[IN_SHIFT][j]);
        k->state[REFRAC][j] -= k->coef[DELTA][j];
        k->state[V][j] = (real)v;
        if (k->kept || k->learns) k->state[THRESH][j] = thresh;
        k->x[j] = (real)v - thresh;
    }
}
static void settle(hb_step *k) {
    HB_EACH(k) {
        if (k->o[j] == 0) continue;
        k->state[REFRAC][j] = k->coef[RESET][j];
        k->state[V][j] = k->coef[V_RESET][j];
    }
}
static void settle_dc(hb_step *k) {
    settle(k);
    if (!k->kept && k->learns) HB_EACH(k) k->state[THRESH][j] += k->coef[PLUS][j] * k->o[j];
    HB_EACH(k) if (k->state[V][j] < k->coef[LBOUND][j]) k->state[V][j] = k->coef[LBOUND][j];
}
static void adapt_dc(const hb_adapt *k) {
    HB_EACH(k) {
        real now = halved((real)k->kept[j], k->coef[MAX_THRESH][j]);
        k->kept[j] = (double)now + (double)k->coef[PLUS][j] * (double)k->fired[j];
        k->now[j] = (real)k->kept[j];
    }
}
/* SPAIC's trial step of the build has already counted once. */
static void start(hb_step *k) {
    HB_EACH(k) k->state[REFRAC][j] = k->coef[INIT][j] - (k->spaic ? k->coef[DELTA][j] : 0);
}
static double first_thresh(const hb_args *args, size_t unit) {
    return hb_args_unit(args, "thresh", unit);
}

static void integrate_int(hb_step *k) {
    HB_EACH(k) {
        int64_t v = leaked(k, j);
        if (k->state[REFRAC][j] <= 0) v += whole(k->I[j], -FAR, FAR);
        k->state[REFRAC][j] -= k->coef[DELTA][j];
        k->state[V][j] = (real)v;
        k->x[j] = (real)v - k->coef[INT_THRESH][j] + 1;
    }
}

const hb_model HB_R(hb_model_diehlandcook) = {
    .component = &dc_component,
    .output = HB_OUT_SPIKES,
    .states = {"V", "refrac_count", "thresh"},
    .state_count = 3,
    .coefs = {COEFS,
              {"max_threshold", "max_threshold", HB_DIRECT},
              {"thresh_plus", "thresh_plus", HB_DIRECT},
              {"weight_sum_coef", "weight_sum_coef", HB_DIRECT},
              {"shift_weight_sum_coef", "shift_weight_sum_coef", HB_DIRECT},
              {"weight_sum_min", "weight_sum_min", HB_DIRECT},
              {"weight_sum_max", "weight_sum_max", HB_DIRECT},
              {"lbound", "lbound", HB_DIRECT}},
    .coef_count = LBOUND + 1,
    .integrate = integrate_dc,
    .settle = settle_dc,
    .start = start,
    .stays = 1u << REFRAC | 1u << THRESH,
    .kept = "thresh",
    .kept_state = THRESH,
    .kept_start = first_thresh,
    .adapt = adapt_dc,
};
const hb_model HB_R(hb_model_lifint) = {
    .component = &int_component,
    .output = HB_OUT_SPIKES,
    .states = {"V", "refrac_count"},
    .state_count = 2,
    .coefs = {COEFS, {"thresh", "thresh", HB_DIRECT}},
    .coef_count = INT_THRESH + 1,
    .integrate = integrate_int,
    .settle = settle,
    .start = start,
    .stays = 1u << REFRAC,
};

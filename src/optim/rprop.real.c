/* Rprop: each parameter has its own step, which follows the gradient's sign alone. */
#include "optim/optim_parts.h"

enum { PREVIOUS, STEP };

void HB_R(hb_rprop_step)(hb_optim *optim, hb_slot *slot) {
    real *restrict p = slot->values, *restrict step = slot->state[STEP];
    real *restrict previous = slot->state[PREVIOUS];
    const real *restrict g = slot->gradient;
    real less = (real)hb_entry(optim, "etas", 0), more = (real)hb_entry(optim, "etas", 1);
    real low = (real)hb_entry(optim, "step_sizes", 0);
    real high = (real)hb_entry(optim, "step_sizes", 1);
    real sign = HB_R(hb_sign)(optim), lr = (real)optim->lr;
    size_t count = slot->count;
    for (size_t i = 0; hb_steps_of(slot) == 1 && i < count; i++) step[i] = lr;
    for (size_t i = 0; i < count; i++) {
        real d = sign * g[i], same = d * previous[i];
        real next = step[i] * (same > 0 ? more : same < 0 ? less : 1);
        next = next < low ? low : next;
        next = next > high ? high : next;
        d = same < 0 ? 0 : d;
        p[i] -= d > 0 ? next : d < 0 ? -next : 0;
        step[i] = next;
        previous[i] = d;
    }
}

#ifndef HB_DOUBLE
static hebb_status check(hb_optim *optim) {
    HEBB_TRY(hb_check_pair(optim, "etas"));
    HEBB_TRY(hb_check_pair(optim, "step_sizes"));
    double less = hb_entry(optim, "etas", 0), more = hb_entry(optim, "etas", 1);
    double low = hb_entry(optim, "step_sizes", 0), high = hb_entry(optim, "step_sizes", 1);
    if (!(less < 1 && more > 1))
        return hb_fail(optim->env, HEBB_E_RANGE,
                       "Rprop: etas = [%g, %g] is not allowed; the first must be between 0 and 1, "
                       "the second above 1",
                       less, more);
    if (low > high)
        return hb_fail(optim->env, HEBB_E_RANGE,
                       "Rprop: step_sizes = [%g, %g] is not allowed; the first must not be above "
                       "the second",
                       low, high);
    return HEBB_OK;
}

static const hb_param_info params[] = {
    HB_ROW_LR(0.01),
    {"etas", HB_NUMBERS, "1", 0, HB_POSITIVE,
     "factors of a step when the gradient's sign has changed, and when it has not", NULL,
     "[0.5, 1.2]"},
    {"step_sizes", HB_NUMBERS, "1", 0, HB_POSITIVE, "smallest and largest step", NULL,
     "[1e-6, 50]"},
    HB_ROW_MAXIMIZE};
static const hb_component component = {
    .kind = "optimizer",
    .name = "Rprop",
    .aliases = "Rpop",
    .summary = "a step of its own for each parameter, by the sign of the gradient; for whole "
               "batches",
    .equation = "step (first lr) *= etas[1] where g g_old > 0; where g g_old < 0, "
                "step *= etas[0] and g = 0; p -= sign(g) step; g_old = g",
    .source = "Riedmiller and Braun, A direct adaptive method for faster backpropagation learning: "
              "the RPROP algorithm, ICNN 1993",
    .params = params,
    .param_count = HB_COUNT(params),
};
const hb_optim_ops hb_optim_rprop = {.component = &component,
                                     .states = 2,
                                     .state_names = {"prev", "step_size"},
                                     .check = check,
                                     HB_STEPS(rprop)};
#endif

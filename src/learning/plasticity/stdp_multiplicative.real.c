/* Pair STDP whose depression grows with the weight. */
#include <string.h>

#include "learning/plastic_common.h"

static const hb_param_info params[] = {
    {"A_plus", HB_NUM, "1", 0.007, HB_ANY, 0, "growth by a pair pre before post at no distance"},
    {"A_minus", HB_NUM, "1", 0.003, HB_ANY, 0,
     "part of the weight that a pair post before pre takes off"},
    HB_P_PAIRS,
    HB_P_COMMON(1)};

static const hb_component component = {
    .kind = "learner",
    .name = "stdp_multiplicative",
    .aliases = "multiplicative_stdp|van_rossum_stdp",
    .summary = "pair STDP, depression in proportion to the weight",
    .equation = "pre spike: dw = -lr A_minus w y; post spike: dw = lr A_plus x; "
                "x <- exp(-dt/tau_plus) x + p (nearest: 1 at a spike), y likewise with q",
    .source = "van Rossum, Bi and Turrigiano, Stable Hebbian learning from spike timing-dependent "
              "plasticity, J. Neurosci. 20:8812-8821, 2000 (without its noise)",
    .params = params,
    .param_count = HB_COUNT(params)};

static hebb_status setup(hb_plastic *p) {
    HEBB_TRY(HB_R(hb_plastic_setup)(p));
    HB_R(hb_plastic_pairs)(p);
    p->reads_weight = true;
    return HEBB_OK;
}
static void on_pre(const hb_plastic *p, hb_touch *touch) {
    real a = (real)p->number[HB_PAIR_MINUS];
    for (size_t c = 0; c < touch->n; c++) touch->dw[c] -= a * touch->w[c] * touch->trace[0][c];
}
static void on_post(const hb_plastic *p, hb_touch *touch) {
    real a = (real)p->number[HB_PAIR_PLUS];
    for (size_t c = 0; c < touch->n; c++) touch->dw[c] += a * touch->trace[0][c];
}

const hb_rule HB_R(hb_rule_stdp_multiplicative) = {
    .component = &component, .setup = setup, .on_pre = on_pre, .on_post = on_post};

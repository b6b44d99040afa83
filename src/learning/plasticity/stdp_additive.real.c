/* Pair STDP whose step does not depend on the weight, with hard or soft bounds. */
#include <string.h>

#include "learning/plastic_common.h"

static const hb_param_info params[] = {
    {"A_plus", HB_NUM, "1", 0.005, HB_ANY, 0, "change by a pair pre before post at no distance"},
    {"A_minus", HB_NUM, "1", 0.00525, HB_ANY, 0, "the same for post before pre; taken off"},
    HB_P_PAIRS,
    {.name = "bounds",
     .type = HB_CHOICE,
     .unit = "1",
     .doc = "hard: clamped at w_min, w_max; soft: growth times (w_max - w), shrinking times "
            "(w - w_min), clamped as well",
     .def_text = "hard",
     .choices = "hard|soft"},
    HB_P_COMMON(1)};

static const hb_component component = {
    .kind = "learner",
    .name = "stdp",
    .aliases = "stdp_additive|additive_stdp|pair_stdp",
    .summary = "pair STDP, additive",
    .equation = "pre spike: dw = -lr A_minus y; post spike: dw = lr A_plus x; "
                "x <- exp(-dt/tau_plus) x + p (nearest: 1 at a spike), y likewise with q",
    .source =
        "Song, Miller and Abbott, Competitive Hebbian learning through spike-timing-dependent "
        "synaptic plasticity, Nat. Neurosci. 3:919-926, 2000; soft bounds: Kistler and van "
        "Hemmen, Modeling synaptic plasticity in conjunction with the timing of pre- and "
        "postsynaptic action potentials, Neural Comput. 12:385-405, 2000",
    .params = params,
    .param_count = HB_COUNT(params)};

static hebb_status setup(hb_plastic *p) {
    HEBB_TRY(HB_R(hb_plastic_setup)(p));
    HB_R(hb_plastic_pairs)(p);
    p->reads_weight = !strcmp(hb_args_text(p->args, "bounds"), "soft");
    return p->reads_weight ? HB_R(hb_plastic_bounded)(p) : HEBB_OK;
}
static void on_pre(const hb_plastic *p, hb_touch *touch) {
    real a = (real)p->number[HB_PAIR_MINUS];
    if (p->reads_weight)
        for (size_t c = 0; c < touch->n; c++)
            touch->dw[c] -= a * (touch->w[c] - p->low) * touch->trace[0][c];
    else
        for (size_t c = 0; c < touch->n; c++) touch->dw[c] -= a * touch->trace[0][c];
}
static void on_post(const hb_plastic *p, hb_touch *touch) {
    real a = (real)p->number[HB_PAIR_PLUS];
    if (p->reads_weight)
        for (size_t c = 0; c < touch->n; c++)
            touch->dw[c] += a * (p->high - touch->w[c]) * touch->trace[0][c];
    else
        for (size_t c = 0; c < touch->n; c++) touch->dw[c] += a * touch->trace[0][c];
}

const hb_rule HB_R(hb_rule_stdp_additive) = {
    .component = &component, .setup = setup, .on_pre = on_pre, .on_post = on_post};

/* Hebb's rule, by spikes. */
#include "learning/plastic_common.h"

static const hb_param_info params[] = {
    HB_P_LR(0.01, "change by a pair at no distance"),
    {"tau_pre", HB_NUM, "ms", 20, HB_POSITIVE, "time constant of the presynaptic trace x"},
    {"tau_post", HB_NUM, "ms", 20, HB_POSITIVE, "time constant of the postsynaptic trace y"},
    {"symmetric", HB_BOOL, "1", 0, 0, 1, 0,
     "presynaptic spikes after postsynaptic ones count, too"},
    HB_P_BOUNDS(-HB_INF, HB_INF),
    HB_P_NORM(0, "run"),
    HB_P_BATCH,
    HB_P_RATE};

static const hb_component component = {
    .kind = "learner",
    .name = "hebbian",
    .aliases = "hebb",
    .summary = "what fires together wires together",
    .equation = "post spike: dw = lr x; symmetric: also, pre spike: dw = lr y; "
                "x <- exp(-dt/tau_pre) x + p, y likewise with q",
    .source = "Hebb, The organization of behavior, Wiley, 1949; in spikes: Gerstner and Kistler, "
              "Mathematical formulations of Hebbian learning, Biol. Cybern. 87:404-415, 2002",
    .params = params,
    .param_count = HB_COUNT(params)};

static hebb_status setup(hb_plastic *p) {
    HEBB_TRY(HB_R(hb_plastic_setup)(p));
    p->quiet = true;
    p->pre_count = p->post_count = 1;
    p->pre[0] = HB_R(hb_plastic_trace)(p, "tau_pre", false, false);
    p->post[0] = HB_R(hb_plastic_trace)(p, "tau_post", false, false);
    HB_R(hb_plastic_rated)(p, 0, hb_args_num(p->args, "symmetric") != 0);
    return HEBB_OK;
}
static void on_pre(const hb_plastic *p, hb_touch *touch) {
    real a = (real)p->number[0];
    for (size_t c = 0; c < touch->n && a != 0; c++) touch->dw[c] += a * touch->trace[0][c];
}
static void on_post(const hb_plastic *p, hb_touch *touch) {
    real a = (real)p->lr;
    for (size_t c = 0; c < touch->n; c++) touch->dw[c] += a * touch->trace[0][c];
}

const hb_rule HB_R(hb_rule_hebbian) = {
    .component = &component, .setup = setup, .on_pre = on_pre, .on_post = on_post};

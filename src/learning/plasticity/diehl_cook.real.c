/* The rule of Diehl and Cook's published program. */
#include "learning/plastic_common.h"

static const hb_param_info params[] = {
    {"nu_pre", HB_NUM, "1", 0.0001, HB_NOT_NEGATIVE, "depression at a presynaptic spike",
     "nu_ee_pre"},
    {"nu_post", HB_NUM, "1", 0.01, HB_NOT_NEGATIVE, "growth at a postsynaptic spike", "nu_ee_post"},
    {"tau_pre", HB_NUM, "ms", 20, HB_POSITIVE, "time constant of pre", "tc_pre_ee"},
    {"tau_post1", HB_NUM, "ms", 20, HB_POSITIVE, "time constant of post1", "tc_post_1_ee"},
    {"tau_post2", HB_NUM, "ms", 40, HB_POSITIVE, "time constant of post2", "tc_post_2_ee"},
    HB_P_LR(1, "factor on every change"),
    HB_P_BOUNDS(0, 1),
    HB_P_NORM(78, "run"),
    HB_P_BATCH,
    HB_P_RATE};

static const hb_component component = {
    .kind = "learner",
    .name = "diehl_cook",
    .aliases = "diehl_and_cook|diehlcook",
    .summary = "the pre/post rule of Diehl and Cook's published program",
    .equation =
        "pre spike: dw = -lr nu_pre post1; post spike: dw = lr nu_post pre post2; each trace "
        "is set to 1 by a spike; post1 and post2 are read before this step's spike",
    .source = "Diehl and Cook, Unsupervised learning of digit recognition using "
              "spike-timing-dependent plasticity, Front. Comput. Neurosci. 9:99, 2015, and their "
              "program (github.com/peter-u-diehl/stdp-mnist)",
    .params = params,
    .param_count = HB_COUNT(params)};

enum { PRE, POST };

static hebb_status setup(hb_plastic *p) {
    HEBB_TRY(HB_R(hb_plastic_setup)(p));
    p->quiet = true;
    p->pre_count = 1;
    p->post_count = 2;
    p->pre[0] = HB_R(hb_plastic_trace)(p, "tau_pre", true, false);
    p->post[0] = HB_R(hb_plastic_trace)(p, "tau_post1", true, true);
    p->post[1] = HB_R(hb_plastic_trace)(p, "tau_post2", true, true);
    HB_R(hb_plastic_rated)(p, PRE, hb_args_num(p->args, "nu_pre"));
    HB_R(hb_plastic_rated)(p, POST, hb_args_num(p->args, "nu_post"));
    return HEBB_OK;
}
static void on_pre(const hb_plastic *p, hb_touch *touch) {
    real a = (real)p->number[PRE];
    for (size_t c = 0; c < touch->n; c++) touch->dw[c] -= a * touch->trace[0][c];
}
static void on_post(const hb_plastic *p, hb_touch *touch) {
    real a = (real)p->number[POST] * touch->own[1];
    for (size_t c = 0; c < touch->n; c++) touch->dw[c] += a * touch->trace[0][c];
}

const hb_rule HB_R(hb_rule_diehl_cook) = {
    .component = &component, .setup = setup, .on_pre = on_pre, .on_post = on_post};

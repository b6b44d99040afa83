/* The rule in the text of Diehl and Cook's paper: changes at postsynaptic spikes only. */
#include <math.h>

#include "learning/plastic_common.h"

static const hb_param_info params[] = {
    {"eta", HB_NUM, "1", 0.01, HB_NOT_NEGATIVE, "learning rate", "lr"},
    {"x_tar", HB_NUM, "1", 0.4, HB_ANY, 0, "presynaptic trace at which a weight stays"},
    {"mu", HB_NUM, "1", 0.2, HB_NOT_NEGATIVE, "dependence on the weight; 0: none"},
    {"tau_pre", HB_NUM, "ms", 20, HB_POSITIVE, "time constant of the presynaptic trace x"},
    HB_P_PAIRING("the trace grows by 1 with each presynaptic spike, or is set to 1"),
    HB_P_BOUNDS(0, 1),
    HB_P_NORM(78, "run"),
    HB_P_BATCH,
    HB_P_RATE};

static const hb_component component = {
    .kind = "learner",
    .name = "diehl_cook_power_law",
    .aliases = "diehl_cook_power|diehl_cook_paper|power_law_post",
    .summary = "the power-law rule of Diehl and Cook's paper, at postsynaptic spikes",
    .equation = "post spike: dw = eta (x - x_tar) (w_max - w)^mu; x <- exp(-dt/tau_pre) x + p",
    .source = "Diehl and Cook, Unsupervised learning of digit recognition using "
              "spike-timing-dependent plasticity, Front. Comput. Neurosci. 9:99, 2015",
    .params = params,
    .param_count = HB_COUNT(params)};

enum { ETA, TARGET, MU };

static hebb_status setup(hb_plastic *p) {
    HEBB_TRY(HB_R(hb_plastic_setup)(p));
    p->lr = hb_args_num(p->args, "eta");
    HB_R(hb_plastic_rated)(p, ETA, 1);
    p->number[TARGET] = hb_args_num(p->args, "x_tar");
    p->number[MU] = hb_args_num(p->args, "mu");
    p->reads_weight = p->number[MU] != 0;
    p->pre_count = 1;
    bool nearest = hb_args_text(p->args, "pairing")[0] == 'n';
    p->pre[0] = HB_R(hb_plastic_trace)(p, "tau_pre", nearest, false);
    return p->reads_weight ? HB_R(hb_plastic_bounded)(p) : HEBB_OK;
}
static void on_post(const hb_plastic *p, hb_touch *touch) {
    real eta = (real)p->number[ETA], target = (real)p->number[TARGET];
    double mu = p->number[MU];
    for (size_t c = 0; c < touch->n; c++) {
        real step = eta * (touch->trace[0][c] - target);
        if (mu == 0) {
            touch->dw[c] += step;
            continue;
        }
        double room = (double)p->high - (double)touch->w[c];
        if (room > 0) touch->dw[c] += step * (real)pow(room, mu);
    }
}

const hb_rule HB_R(hb_rule_diehl_cook_power) = {
    .component = &component, .setup = setup, .on_post = on_post};

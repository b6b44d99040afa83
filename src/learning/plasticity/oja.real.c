/* Oja's rule, by spikes: Hebbian growth that bounds the length of the weight vector. */
#include "learning/plastic_common.h"

static const hb_param_info params[] = {
    HB_P_LR(0.01, "learning rate"),
    {"tau_pre", HB_NUM, "ms", 20, HB_POSITIVE, "time constant of the presynaptic trace x"},
    {"tau_post", HB_NUM, "ms", 20, HB_POSITIVE, "time constant of the postsynaptic trace y"},
    HB_P_BOUNDS(-HB_INF, HB_INF),
    HB_P_NORM(0, "run"),
    HB_P_BATCH,
    HB_P_RATE};

static const hb_component component = {
    .kind = "learner",
    .name = "oja",
    .summary = "Hebbian growth with the decay that makes it a principal component analyser",
    .equation = "post spike: dw = lr y (x - y w); x <- exp(-dt/tau_pre) x + p, y likewise with q "
                "(y holds this spike)",
    .source = "Oja, A simplified neuron model as a principal component analyzer, J. Math. Biol. "
              "15:267-273, 1982; applied to traces at each postsynaptic spike",
    .params = params,
    .param_count = HB_COUNT(params)};

static hebb_status setup(hb_plastic *p) {
    HEBB_TRY(HB_R(hb_plastic_setup)(p));
    p->pre_count = p->post_count = 1;
    p->pre[0] = HB_R(hb_plastic_trace)(p, "tau_pre", false, false);
    p->post[0] = HB_R(hb_plastic_trace)(p, "tau_post", false, false);
    p->reads_weight = true;
    return HEBB_OK;
}
static void on_post(const hb_plastic *p, hb_touch *touch) {
    real y = touch->own[0], a = (real)p->lr * y;
    for (size_t c = 0; c < touch->n; c++)
        touch->dw[c] += a * (touch->trace[0][c] - y * touch->w[c]);
}

const hb_rule HB_R(hb_rule_oja) = {.component = &component, .setup = setup, .on_post = on_post};

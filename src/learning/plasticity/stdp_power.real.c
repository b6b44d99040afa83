/* Pair STDP between additive and multiplicative: powers of the weight. */
#include <math.h>
#include <string.h>

#include "learning/plastic_common.h"

static const hb_param_info params[] = {
    {"A_plus", HB_NUM, "1", 0.005, HB_ANY, 0, "lambda: step of growth"},
    {"A_minus", HB_NUM, "1", 0.00525, HB_ANY, 0, "lambda alpha: step of depression"},
    {"mu", HB_NUM, "1", 0.4, HB_NOT_NEGATIVE, "exponent; gutig: 0 is additive, 1 multiplicative"},
    {.name = "form",
     .type = HB_CHOICE,
     .unit = "1",
     .doc = "gutig: powers of the distance to either bound; morrison: growth by a power of w, "
            "depression in proportion to w",
     .def_text = "gutig",
     .choices = "gutig|morrison"},
    {"w_0", HB_NUM, "1", 1, HB_POSITIVE, "reference weight of the form morrison"},
    HB_P_PAIRS,
    HB_P_COMMON(1)};

static const hb_component component = {
    .kind = "learner",
    .name = "stdp_power_law",
    .aliases = "power_law_stdp|stdp_power",
    .summary = "pair STDP with a power-law dependence on the weight",
    .equation = "gutig, with r = w_max - w_min and u = (w - w_min)/r: pre spike: dw = -lr A_minus "
                "r u^mu y; "
                "post spike: dw = lr A_plus r (1 - u)^mu x. morrison: pre spike: dw = -lr A_minus "
                "w y; post "
                "spike: dw = lr A_plus w_0^(1 - mu) w^mu x. x <- exp(-dt/tau_plus) x + p, y "
                "likewise with q",
    .source =
        "Guetig, Aharonov, Rotter and Sompolinsky, Learning input correlations through nonlinear "
        "temporally asymmetric Hebbian plasticity, J. Neurosci. 23:3697-3714, 2003; Morrison, "
        "Aertsen and Diesmann, Spike-timing-dependent plasticity in balanced random networks, "
        "Neural Comput. 19:1437-1467, 2007",
    .params = params,
    .param_count = HB_COUNT(params)};

enum { MU = HB_PAIR_NUMBERS, MORRISON };

static hebb_status setup(hb_plastic *p) {
    HEBB_TRY(HB_R(hb_plastic_setup)(p));
    bool morrison = !strcmp(hb_args_text(p->args, "form"), "morrison");
    if (!morrison) HEBB_TRY(HB_R(hb_plastic_bounded)(p));
    HB_R(hb_plastic_pairs)(p);
    double range = morrison ? 1 : (double)(p->high - p->low), mu = hb_args_num(p->args, "mu");
    double scale = morrison ? pow(hb_args_num(p->args, "w_0"), 1 - mu) : range;
    HB_R(hb_plastic_rated)(p, HB_PAIR_PLUS, p->per_lr[HB_PAIR_PLUS] * scale);
    HB_R(hb_plastic_rated)(p, HB_PAIR_MINUS, p->per_lr[HB_PAIR_MINUS] * range);
    p->number[MU] = mu;
    p->number[MORRISON] = morrison;
    p->reads_weight = true;
    return HEBB_OK;
}
/* Rounding may leave a weight a hair outside its bounds. */
static double power(double x, double mu) { return x > 0 ? pow(x, mu) : mu == 0 ? 1 : 0; }

static void on_pre(const hb_plastic *p, hb_touch *touch) {
    double a = p->number[HB_PAIR_MINUS], mu = p->number[MU], low = (double)p->low;
    double range = (double)p->high - low;
    for (size_t c = 0; c < touch->n; c++) {
        if (touch->trace[0][c] == 0) continue;
        double w = (double)touch->w[c];
        double by = p->number[MORRISON] != 0 ? w : power((w - low) / range, mu);
        touch->dw[c] -= (real)(a * by) * touch->trace[0][c];
    }
}
static void on_post(const hb_plastic *p, hb_touch *touch) {
    double a = p->number[HB_PAIR_PLUS], mu = p->number[MU], high = (double)p->high;
    double range = high - (double)p->low;
    for (size_t c = 0; c < touch->n; c++) {
        if (touch->trace[0][c] == 0) continue;
        double w = (double)touch->w[c];
        double by = power(p->number[MORRISON] != 0 ? w : (high - w) / range, mu);
        touch->dw[c] += (real)(a * by) * touch->trace[0][c];
    }
}

const hb_rule HB_R(hb_rule_stdp_power) = {
    .component = &component, .setup = setup, .on_pre = on_pre, .on_post = on_post};

/* Triplet STDP: pairs, and what a second spike of the same neuron adds to them. */
#include <string.h>

#include "learning/plastic_common.h"

#define UNSET(name_, unit_, doc_)                                                                  \
    { name_, HB_NUM, unit_, 0, HB_ANY, HB_UNSET, doc_, NULL, "that of the parameter set" }
#define TAU(name_, doc_)                                                                           \
    {                                                                                              \
        name_, HB_NUM, "ms", 0, 0.0, HB_INF, HB_ABOVE | HB_UNSET, doc_, NULL,                      \
            "that of the parameter set"                                                            \
    }

static const hb_param_info params[] = {
    {.name = "set",
     .type = HB_CHOICE,
     .unit = "1",
     .doc =
         "the paper's fits to visual cortex or hippocampal culture; minimal ones leave terms out",
     .def_text = "visual_full",
     .choices = "visual_full|visual_minimal|hippocampal_full|hippocampal_minimal"},
    HB_P_PAIRING("traces add up over all spikes, or are set to 1 by the nearest"),
    UNSET("A2_plus", "1", "growth by pairs"),
    UNSET("A3_plus", "1", "growth by triplets post - pre - post"),
    UNSET("A2_minus", "1", "depression by pairs"),
    UNSET("A3_minus", "1", "depression by triplets pre - post - pre"),
    {"tau_plus", HB_NUM, "ms", 16.8, HB_POSITIVE, "time constant of r1"},
    {"tau_minus", HB_NUM, "ms", 33.7, HB_POSITIVE, "time constant of o1"},
    TAU("tau_x", "time constant of r2"),
    TAU("tau_y", "time constant of o2"),
    HB_P_COMMON(1)};

static const hb_component component = {
    .kind = "learner",
    .name = "stdp_triplet",
    .aliases = "triplet_stdp|triplet",
    .summary = "triplet STDP, all-to-all or nearest-spike, full or minimal",
    .equation =
        "pre spike: dw = -lr o1 (A2_minus + A3_minus r2); post spike: dw = lr r1 (A2_plus + "
        "A3_plus o2); r1, r2 are presynaptic traces with tau_plus, tau_x, and o1, o2 "
        "postsynaptic ones with tau_minus, tau_y; r2 and o2 are read before this step's "
        "spike",
    .source = "Pfister and Gerstner, Triplets of spikes in a model of spike timing-dependent "
              "plasticity, J. Neurosci. 26:9673-9682, 2006, tables 3 and 4",
    .params = params,
    .param_count = HB_COUNT(params)};

enum { PLUS2, PLUS3, MINUS2, MINUS3, TAU_X, TAU_Y, NUMBERS };
static const char *const names[] = {"A2_plus", "A3_plus", "A2_minus", "A3_minus", "tau_x", "tau_y"};

/* In minimal sets a time constant that nothing reads has that of the full one. */
static const struct {
    const char *set;
    double all[NUMBERS], nearest[NUMBERS];
} sets[] = {
    {"visual_full",
     {5e-10, 6.2e-3, 7e-3, 2.3e-4, 101, 125},
     {8.8e-11, 5.3e-2, 6.6e-3, 3.1e-3, 714, 40}},
    {"visual_minimal", {0, 6.5e-3, 7.1e-3, 0, 101, 114}, {0, 5e-2, 8e-3, 0, 714, 40}},
    {"hippocampal_full",
     {6.1e-3, 6.7e-3, 1.6e-3, 1.4e-3, 946, 27},
     {4.6e-3, 9.1e-3, 3e-3, 7.5e-9, 575, 47}},
    {"hippocampal_minimal", {5.3e-3, 8e-3, 3.5e-3, 0, 946, 40}, {4.6e-3, 9.1e-3, 3e-3, 0, 575, 48}},
};

static hebb_status setup(hb_plastic *p) {
    HEBB_TRY(HB_R(hb_plastic_setup)(p));
    bool nearest = !strcmp(hb_args_text(p->args, "pairing"), "nearest");
    size_t s = 0;
    while (strcmp(sets[s].set, hb_args_text(p->args, "set"))) s++;
    for (int i = 0; i < NUMBERS; i++) {
        const double *from = nearest ? sets[s].nearest : sets[s].all;
        p->number[i] = hb_args_given(p->args, names[i]) ? hb_args_num(p->args, names[i]) : from[i];
    }
    p->quiet = true;
    p->pre_count = p->post_count = 2;
    p->pre[0] = HB_R(hb_plastic_trace)(p, "tau_plus", nearest, false);
    p->post[0] = HB_R(hb_plastic_trace)(p, "tau_minus", nearest, false);
    p->pre[1] = HB_R(hb_plastic_trace_of)(p, p->number[TAU_X], nearest, true);
    p->post[1] = HB_R(hb_plastic_trace_of)(p, p->number[TAU_Y], nearest, true);
    return HEBB_OK;
}
static void on_pre(const hb_plastic *p, hb_touch *touch) {
    real a = (real)(p->lr * (p->number[MINUS2] + p->number[MINUS3] * (double)touch->own[1]));
    for (size_t c = 0; c < touch->n; c++) touch->dw[c] -= a * touch->trace[0][c];
}
static void on_post(const hb_plastic *p, hb_touch *touch) {
    real a = (real)(p->lr * (p->number[PLUS2] + p->number[PLUS3] * (double)touch->own[1]));
    for (size_t c = 0; c < touch->n; c++) touch->dw[c] += a * touch->trace[0][c];
}

const hb_rule HB_R(hb_rule_stdp_triplet) = {
    .component = &component, .setup = setup, .on_pre = on_pre, .on_post = on_post};

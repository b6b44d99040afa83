#include <math.h>

#include "learning/plasticity/online.h"

static const hb_param_info params[] = {
    {"trace_pre", HB_NUM, "1", 0.951229424500714, 0, 1, HB_BELOW,
     "decay of the presynaptic trace in one step", NULL, "exp(-1/20)"},
    {"trace_post", HB_NUM, "1", 0.951229424500714, 0, 1, HB_BELOW,
     "decay of the postsynaptic trace in one step", NULL, "exp(-1/20)"},
    HB_ONLINE_PARAMS("step")};

static const hb_component component = {
    .kind = "learner",
    .name = "nearest_online_stdp",
    .aliases = "nearest_stdp|nearestonlinestdp",
    .summary = "STDP by the nearest spikes, rows normalised after every step",
    .equation = "x <- (1 - p) trace_pre x + p; y <- (1 - q) trace_post y + q; dw = lr (Apost q x - "
                "Apre y p); then rows of sum w_norm, then w clamped",
    .source = "SPAIC 0.6.3; nearest-spike pairs: Morrison, Diesmann and Gerstner, Phenomenological "
              "models of synaptic plasticity based on spike timing, Biol. Cybern. 98:459-478, 2008",
    .params = params,
    .param_count = HB_COUNT(params)};

static hebb_status setup(hb_plastic *p) {
    p->pre[0] = (hb_trace){hb_args_num(p->args, "trace_pre"), true, false};
    p->post[0] = (hb_trace){hb_args_num(p->args, "trace_post"), true, false};
    return HB_R(hb_online_setup)(p, true);
}

const hb_rule HB_R(hb_rule_nearest_online_stdp) = {
    .component = &component, .setup = setup, HB_ONLINE_RULE};

#include <math.h>

#include "learning/plasticity/online.h"

static const hb_param_info params[] = {
    {"trace_decay", HB_NUM, "1", 0.951229424500714, 0, 1, HB_BELOW,
     "decay of both traces in one step", NULL, "exp(-1/20)"},
    {"runtime_at_build", HB_NUM, "ms", 0, 0.0, HB_INF, HB_ABOVE | HB_UNSET,
     "compat = spaic: rows are normalised from step runtime_at_build/dt - 1 on", NULL, "10 steps"},
    HB_ONLINE_PARAMS("run")};

static const hb_component component = {
    .kind = "learner",
    .name = "full_online_stdp",
    .aliases = "full_stdp|fullonlinestdp",
    .summary = "STDP by all spikes, rows normalised at the end of each run",
    .equation = "x <- trace_decay x + p; y <- trace_decay y + q; dw = lr (Apost q x - Apre y p), w "
                "clamped; after the run rows of sum w_norm, w clamped",
    .source = "SPAIC 0.6.3; all-to-all pairs: Morrison, Diesmann and Gerstner, Phenomenological "
              "models of synaptic plasticity based on spike timing, Biol. Cybern. 98:459-478, 2008",
    .params = params,
    .param_count = HB_COUNT(params)};

static hebb_status setup(hb_plastic *p) {
    p->pre[0] = p->post[0] = (hb_trace){hb_args_num(p->args, "trace_decay"), false, false};
    return HB_R(hb_online_setup)(p, false);
}

const hb_rule HB_R(hb_rule_full_online_stdp) = {
    .component = &component, .setup = setup, HB_ONLINE_RULE};

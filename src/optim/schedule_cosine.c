/* Schedules along a cosine: CosineAnnealingLR, CosineAnnealingWarmRestarts. */
#include "optim/schedule_parts.h"

static const double pi = 3.14159265358979323846;

double hb_cosine_between(double high, double low, double part) {
    return low + (high - low) * (1 + cos(pi * part)) / 2;
}

static void cosine_step(hb_sched *sched, double metric) {
    (void)metric;
    double part = (double)sched->step / hb_args_num(&sched->args, "T_max");
    sched->optim->lr =
        hb_cosine_between(sched->optim->initial_lr, hb_args_num(&sched->args, "eta_min"), part);
}

enum { DONE, PERIOD }; /* of sched->memory: steps since the last restart, steps to the next */

static hebb_status restarts_start(hb_sched *sched) {
    sched->memory[PERIOD] = hb_args_num(&sched->args, "T_0");
    sched->optim->lr = sched->optim->initial_lr;
    return HEBB_OK;
}

static void restarts_step(hb_sched *sched, double metric) {
    (void)metric;
    double *memory = sched->memory;
    if (++memory[DONE] >= memory[PERIOD]) {
        memory[DONE] -= memory[PERIOD];
        memory[PERIOD] *= hb_args_num(&sched->args, "T_mult");
    }
    sched->optim->lr =
        hb_cosine_between(sched->optim->initial_lr, hb_args_num(&sched->args, "eta_min"),
                          memory[DONE] / memory[PERIOD]);
}

#define SOURCE                                                                                     \
    "Loshchilov and Hutter, SGDR: stochastic gradient descent with warm restarts, ICLR 2017"

static const hb_param_info cosine_params[] = {
    {"T_max", HB_INT, "steps", 0, 1.0, 1e15, HB_REQUIRED, "steps from the first rate to eta_min"},
    HB_ROW_ETA_MIN,
};
static const hb_component cosine_component = {
    .kind = "schedule",
    .name = "CosineAnnealingLR",
    .summary = "lets the learning rate swing down to eta_min, and up again after T_max",
    .equation = "lr = eta_min + (lr0 - eta_min) (1 + cos(pi epoch/T_max))/2",
    .source = SOURCE,
    .params = cosine_params,
    .param_count = HB_COUNT(cosine_params),
};
const hb_sched_ops hb_sched_cosine = {.component = &cosine_component, .step = cosine_step};

static const hb_param_info restarts_params[] = {
    {"T_0", HB_INT, "steps", 0, 1.0, 1e15, HB_REQUIRED, "steps until the first restart"},
    {"T_mult", HB_INT, "1", 1, 1.0, 1e15, 0, "factor of the period after each restart"},
    HB_ROW_ETA_MIN,
};
static const hb_component restarts_component = {
    .kind = "schedule",
    .name = "CosineAnnealingWarmRestarts",
    .summary = "lets the learning rate swing down to eta_min, then starts again from the first",
    .equation = "lr = eta_min + (lr0 - eta_min) (1 + cos(pi T_cur/T_i))/2; where T_cur = T_i, "
                "T_cur = 0 and T_i *= T_mult",
    .source = SOURCE,
    .params = restarts_params,
    .param_count = HB_COUNT(restarts_params),
};
const hb_sched_ops hb_sched_warm_restarts = {
    .component = &restarts_component, .start = restarts_start, .step = restarts_step};

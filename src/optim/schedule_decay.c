/* Schedules that multiply: LambdaLR, StepLR, MultiStepLR, ExponentialLR. */
#include "optim/schedule_parts.h"

static void lambda_step(hb_sched *sched, double metric) {
    (void)metric;
    const hb_arg *lambda = hb_args_get(&sched->args, "lr_lambda");
    sched->optim->lr = sched->optim->initial_lr * lambda->call(lambda->user, (double)sched->step);
}

static hebb_status lambda_start(hb_sched *sched) {
    lambda_step(sched, 0);
    return HEBB_OK;
}

static void step_step(hb_sched *sched, double metric) {
    (void)metric;
    uint64_t size = (uint64_t)hb_args_num(&sched->args, "step_size");
    if (sched->step % size == 0) sched->optim->lr *= hb_args_num(&sched->args, "gamma");
}

static hebb_status multistep_start(hb_sched *sched) {
    const hb_arg *list = hb_args_get(&sched->args, "milestones");
    for (size_t i = 0; i < list->count; i++)
        if (list->list[i] != floor(list->list[i]))
            return hb_fail(sched->optim->env, HEBB_E_RANGE,
                           "milestones[%zu] = %g is not allowed for MultiStepLR; it must be a "
                           "whole number",
                           i, list->list[i]);
    return HEBB_OK;
}

static void multistep_step(hb_sched *sched, double metric) {
    (void)metric;
    const hb_arg *list = hb_args_get(&sched->args, "milestones");
    for (size_t i = 0; i < list->count; i++)
        if (list->list[i] == (double)sched->step)
            sched->optim->lr *= hb_args_num(&sched->args, "gamma");
}

static void exponential_step(hb_sched *sched, double metric) {
    (void)metric;
    sched->optim->lr *= hb_args_num(&sched->args, "gamma");
}

#define SOURCE "common practice, as in PyTorch's torch.optim.lr_scheduler"

static const hb_param_info lambda_params[] = {
    {"lr_lambda", HB_FUNCTION, "1", 0, HB_ANY, HB_REQUIRED,
     "factor as a function, or an expression such as 0.95 ** epoch"},
};
static const hb_component lambda_component = {
    .kind = "schedule",
    .name = "LambdaLR",
    .summary = "the first learning rate times a function of the number of steps",
    .equation = "lr = lr0 lr_lambda(epoch)",
    .source = SOURCE,
    .params = lambda_params,
    .param_count = HB_COUNT(lambda_params),
};
const hb_sched_ops hb_sched_lambda = {
    .component = &lambda_component, .start = lambda_start, .step = lambda_step};

static const hb_param_info step_params[] = {
    {"step_size", HB_INT, "steps", 30, 1.0, 1e15, 0, "steps between two changes"},
    {"gamma", HB_NUM, "1", 0.1, HB_NOT_NEGATIVE, "factor of a change", NULL},
};
static const hb_component step_component = {
    .kind = "schedule",
    .name = "StepLR",
    .summary = "multiplies the learning rate every step_size steps",
    .equation = "lr *= gamma where epoch is a multiple of step_size",
    .source = SOURCE,
    .params = step_params,
    .param_count = HB_COUNT(step_params),
};
const hb_sched_ops hb_sched_staircase = {.component = &step_component, .step = step_step};

static const hb_param_info multistep_params[] = {
    {"milestones", HB_NUMBERS, "steps", 0, 1.0, 1e15, HB_REQUIRED,
     "steps at which the rate changes; one named twice counts twice"},
    {"gamma", HB_NUM, "1", 0.1, HB_NOT_NEGATIVE, "factor of a change", NULL},
};
static const hb_component multistep_component = {
    .kind = "schedule",
    .name = "MultiStepLR",
    .summary = "multiplies the learning rate at given steps",
    .equation = "lr *= gamma for each milestone equal to epoch",
    .source = SOURCE,
    .params = multistep_params,
    .param_count = HB_COUNT(multistep_params),
};
const hb_sched_ops hb_sched_multistep = {
    .component = &multistep_component, .start = multistep_start, .step = multistep_step};

static const hb_param_info exponential_params[] = {
    {"gamma", HB_NUM, "1", 0, 0.0, HB_INF, HB_REQUIRED, "factor of each step"},
};
static const hb_component exponential_component = {
    .kind = "schedule",
    .name = "ExponentialLR",
    .summary = "multiplies the learning rate in every step",
    .equation = "lr *= gamma",
    .source = SOURCE,
    .params = exponential_params,
    .param_count = HB_COUNT(exponential_params),
};
const hb_sched_ops hb_sched_exponential = {.component = &exponential_component,
                                           .step = exponential_step};

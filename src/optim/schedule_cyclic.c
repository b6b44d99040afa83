/* CyclicLR: the learning rate goes up and down, and momentum against it. */
#include <string.h>

#include "optim/schedule_parts.h"

/* The height of the cycle: 0 at its ends, 1 (times what the mode makes of it) at its top. */
static double height(const hb_sched *sched) {
    const hb_args *args = &sched->args;
    double step = (double)sched->step, up = hb_args_num(args, "step_size_up");
    double down = hb_args_given(args, "step_size_down") ? hb_args_num(args, "step_size_down") : up;
    double total = up + down, ratio = up / total;
    double cycle = floor(1 + step / total), x = 1 + step / total - cycle;
    double scale = x <= ratio ? x / ratio : (x - 1) / (ratio - 1);
    const char *mode = hb_args_text(args, "mode");
    if (hb_args_given(args, "scale_fn")) {
        const hb_arg *fn = hb_args_get(args, "scale_fn");
        bool cycles = !strcmp(hb_args_text(args, "scale_mode"), "cycle");
        return scale * fn->call(fn->user, cycles ? cycle : step);
    }
    if (!strcmp(mode, "triangular2")) return scale * pow(2, 1 - cycle);
    if (!strcmp(mode, "exp_range")) return scale * pow(hb_args_num(args, "gamma"), step);
    return scale;
}

static void step(hb_sched *sched, double metric) {
    (void)metric;
    const hb_args *args = &sched->args;
    hb_optim *optim = sched->optim;
    double h = height(sched), base = hb_args_num(args, "base_lr");
    optim->lr = base + (hb_args_num(args, "max_lr") - base) * h;
    if (hb_args_num(args, "cycle_momentum") == 0) return;
    double most = hb_args_num(args, "max_momentum");
    double momentum = most - (most - hb_args_num(args, "base_momentum")) * h;
    if (!isnan(optim->momentum))
        optim->momentum = momentum;
    else if (!isnan(optim->beta1))
        optim->beta1 = momentum;
}

static hebb_status start(hb_sched *sched) {
    step(sched, 0);
    return HEBB_OK;
}

static const hb_param_info params[] = {
    {"base_lr", HB_NUM, "1", 0, 0.0, HB_INF, HB_REQUIRED, "lowest learning rate"},
    {"max_lr", HB_NUM, "1", 0, 0.0, HB_INF, HB_REQUIRED, "highest learning rate"},
    {"step_size_up", HB_NUM, "steps", 2000, HB_POSITIVE, "steps of the rise", NULL},
    {"step_size_down", HB_NUM, "steps", 2000, HB_POSITIVE | HB_UNSET, "steps of the fall", NULL,
     "step_size_up"},
    {"mode", HB_CHOICE, "1", 0, HB_ANY, 0,
     "cycles all alike, halved each time, or times gamma in each step", NULL, "triangular",
     "triangular|triangular2|exp_range"},
    {"gamma", HB_NUM, "1", 1, HB_NOT_NEGATIVE, "factor of exp_range", NULL},
    {"scale_fn", HB_FUNCTION, "1", 0, HB_ANY, HB_UNSET, "factor of the height, in place of mode"},
    {"scale_mode", HB_CHOICE, "1", 0, HB_ANY, 0,
     "what scale_fn is given: the number of the cycle, or of steps", NULL, "cycle",
     "cycle|iterations"},
    {"cycle_momentum", HB_BOOL, "1", 1, HB_ANY, 0,
     "momentum (or beta1) goes against the rate, in optimizers that have it"},
    {"base_momentum", HB_NUM, "1", 0.8, 0.0, 1.0, HB_BELOW, "momentum at the highest rate"},
    {"max_momentum", HB_NUM, "1", 0.9, 0.0, 1.0, HB_BELOW, "momentum at the lowest rate"},
};
static const hb_component component = {
    .kind = "schedule",
    .name = "CyclicLR",
    .summary = "lets the learning rate go up and down between two bounds",
    .equation = "c = floor(1 + epoch/total); x = 1 + epoch/total - c; r = step_size_up/total; "
                "h = x/r where x <= r, else (x - 1)/(r - 1); "
                "lr = base_lr + (max_lr - base_lr) h {1, 2^(1 - c), gamma^epoch}; "
                "momentum = max_momentum - (max_momentum - base_momentum) h {...}",
    .source = "Smith, Cyclical learning rates for training neural networks, WACV 2017",
    .params = params,
    .param_count = HB_COUNT(params),
};
const hb_sched_ops hb_sched_cyclic = {.component = &component, .start = start, .step = step};

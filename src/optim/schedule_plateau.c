/* ReduceLROnPlateau: a smaller learning rate when a metric no longer improves. */
#include <string.h>

#include "optim/schedule_parts.h"

enum { BEST, BAD, COOLDOWN, SEEN }; /* of sched->memory; SEEN: 1 once there is a best */

static bool is_better(const hb_sched *sched, double metric) {
    const hb_args *args = &sched->args;
    bool smaller = !strcmp(hb_args_text(args, "mode"), "min");
    double best = sched->memory[BEST], threshold = hb_args_num(args, "threshold");
    double margin =
        !strcmp(hb_args_text(args, "threshold_mode"), "rel") ? best * threshold : threshold;
    if (!sched->memory[SEEN]) return true;
    return smaller ? metric < best - margin : metric > best + margin;
}

static void step(hb_sched *sched, double metric) {
    const hb_args *args = &sched->args;
    double *memory = sched->memory;
    if (is_better(sched, metric)) {
        memory[BEST] = metric;
        memory[SEEN] = 1;
        memory[BAD] = 0;
    } else {
        memory[BAD]++;
    }
    if (memory[COOLDOWN] > 0) {
        memory[COOLDOWN]--;
        memory[BAD] = 0;
    }
    if (memory[BAD] <= hb_args_num(args, "patience")) return;
    double old = sched->optim->lr;
    double lr = fmax(old * hb_args_num(args, "factor"), hb_args_num(args, "min_lr"));
    if (old - lr > hb_args_num(args, "eps")) sched->optim->lr = lr;
    memory[COOLDOWN] = hb_args_num(args, "cooldown");
    memory[BAD] = 0;
}

static const hb_param_info params[] = {
    {"mode", HB_CHOICE, "1", 0, HB_ANY, 0, "whether small or large metrics are good", NULL, "min",
     "min|max"},
    {"factor", HB_NUM, "1", 0.1, 0.0, 1.0, HB_BELOW, "factor of a reduction"},
    {"patience", HB_INT, "steps", 10, 0.0, 1e15, 0, "steps without improvement that are let pass"},
    {"threshold", HB_NUM, "1", 1e-4, HB_NOT_NEGATIVE, "what counts as an improvement", NULL},
    {"threshold_mode", HB_CHOICE, "1", 0, HB_ANY, 0, "relative to the best metric, or absolute",
     NULL, "rel", "rel|abs"},
    {"cooldown", HB_INT, "steps", 0, 0.0, 1e15, 0, "steps after a reduction that do not count"},
    {"min_lr", HB_NUM, "1", 0, HB_NOT_NEGATIVE, "lowest learning rate", NULL},
    {"eps", HB_NUM, "1", 1e-8, HB_NOT_NEGATIVE, "smaller reductions are left out", NULL},
};
static const hb_component component = {
    .kind = "schedule",
    .name = "ReduceLROnPlateau",
    .summary = "reduces the learning rate when a metric has not improved for a while",
    .equation = "better: metric < best (1 - threshold) (rel) or < best - threshold (abs), mirrored "
                "for max; more than patience steps without: lr = max(factor lr, min_lr)",
    .source = "common practice, as in PyTorch's torch.optim.lr_scheduler",
    .params = params,
    .param_count = HB_COUNT(params),
};
const hb_sched_ops hb_sched_plateau = {.component = &component, .needs_metric = true, .step = step};

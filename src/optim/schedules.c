/* Schedules: made from a name, stepped. */
#include <string.h>

#include "optim/schedule_parts.h"

#define ENTRY(name) &hb_sched_##name,
const hb_sched_ops *const hb_schedules[] = {HB_SCHEDULES(ENTRY)};
const size_t hb_schedule_count = HB_COUNT(hb_schedules);

/* What a schedule may change, to be put back after a failure. */
typedef struct in_force {
    double lr, momentum, beta1;
} in_force;

static in_force look(const hb_optim *optim) {
    return (in_force){optim->lr, optim->momentum, optim->beta1};
}

static void put_back(hb_optim *optim, in_force old) {
    optim->lr = old.lr;
    optim->momentum = old.momentum;
    optim->beta1 = old.beta1;
}

static hebb_status not_allowed(const hb_sched *sched, const char *what, double value,
                               const char *must) {
    char number[32];
    return hb_fail(sched->optim->env, isfinite(value) ? HEBB_E_RANGE : HEBB_E_NOT_FINITE,
                   "%s: after step %llu, %s would be %s; it must be %s",
                   sched->ops->component->name, (unsigned long long)sched->step, what,
                   hb_number_text(number, value), must);
}

/* Whether what a step has set can be learned with. old: NaN stays NaN. */
static hebb_status check_new(const hb_sched *sched, in_force old) {
    const hb_optim *optim = sched->optim;
    if (!(optim->lr >= 0) || isinf(optim->lr))
        return not_allowed(sched, "the learning rate", optim->lr, "at least 0 and finite");
    if (!isnan(old.momentum) && (!(optim->momentum >= 0) || isinf(optim->momentum)))
        return not_allowed(sched, "momentum", optim->momentum, "at least 0 and finite");
    if (!isnan(old.beta1) && !(optim->beta1 >= 0 && optim->beta1 < 1))
        return not_allowed(sched, "beta1", optim->beta1, "at least 0 and below 1");
    return HEBB_OK;
}

static hebb_status start(hb_sched *sched) {
    in_force old = look(sched->optim);
    hebb_status status = sched->ops->start ? sched->ops->start(sched) : HEBB_OK;
    if (status >= 0) status = check_new(sched, old);
    if (status < 0) put_back(sched->optim, old);
    return status < 0 ? status : HEBB_OK;
}

hebb_status hb_sched_create(hb_optim *optim, const char *name, const hebb_param *params,
                            hb_sched *sched) {
    const hb_component *components[HB_COUNT(hb_schedules)];
    memset(sched, 0, sizeof *sched);
    for (size_t i = 0; i < hb_schedule_count; i++) components[i] = hb_schedules[i]->component;
    const hb_component *found =
        hb_component_find(optim->env, "schedule", name, components, hb_schedule_count, NULL);
    if (!found) return HEBB_E_NAME;
    for (size_t i = 0; i < hb_schedule_count; i++)
        if (hb_schedules[i]->component == found) sched->ops = hb_schedules[i];
    sched->optim = optim;
    HEBB_TRY(hb_args_read(optim->env, found, NULL, params, 0, &sched->args));
    hebb_status status = start(sched);
    if (status < 0) hb_sched_free(sched);
    return status;
}

void hb_sched_free(hb_sched *sched) {
    if (!sched || !sched->ops) return;
    hb_args_free(&sched->args);
    memset(sched, 0, sizeof *sched);
}

hebb_status hb_sched_step(hb_sched *sched, double metric) {
    char number[32];
    if (sched->ops->needs_metric && !isfinite(metric))
        return hb_fail(sched->optim->env, HEBB_E_NOT_FINITE,
                       "%s, step %llu: the metric is %s; it must be a finite number",
                       sched->ops->component->name, (unsigned long long)sched->step + 1,
                       hb_number_text(number, metric));
    hb_sched before = *sched;
    in_force old = look(sched->optim);
    sched->step++;
    sched->ops->step(sched, metric);
    hebb_status status = check_new(sched, old);
    if (status < 0) {
        put_back(sched->optim, old);
        *sched = before;
    }
    return status;
}

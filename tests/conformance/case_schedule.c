/* Learning-rate schedules: the rate before any step and after each, and the
 * momentum where a schedule moves it. */
#include <stdio.h>
#include <string.h>

#include "conformance.h"

static bool make(trial *t, const cJSON *node, float array[2], hebb_optimizer **optimizer,
                 hebb_schedule **schedule) {
    params p = {.count = 0}, q = {.count = 0};
    const char *name = golden_text(t, node, "optimizer");
    const char *kind = golden_text(t, node, "scheduler");
    double lr = golden_number(t, node, "base_lr");
    params_add_all(t, &p, golden_optional(node, "optimizer_kwargs"), "lr");
    params_add_all(t, &q, golden_optional(node, "kwargs"), NULL);
    if (golden_optional(node, "lambda"))
        params_add_text(t, &q, "lr_lambda", golden_text(t, node, "lambda"));
    return trial_fine(t) &&
           trial_call(t, hebb_optimizer_create(t->ctx, name, lr, p.items, optimizer),
                      "the optimizer") &&
           trial_call(t, hebb_optimizer_add(*optimizer, HEBB_F32, &array[0], &array[1], 1, 1),
                      "the array") &&
           trial_call(t, hebb_schedule_create(*optimizer, kind, q.items, schedule), "the schedule");
}

static void run_case(trial *t, const cJSON *node) {
    numbers lr = golden_array(t, node, "lr"), metric = {0}, momentum = {0};
    golden_shape(t, &lr, "lr", 1, &lr.count);
    if (golden_optional(node, "metric")) {
        metric = golden_array(t, node, "metric");
        golden_shape(t, &metric, "metric", 1, (size_t[]){lr.count - 1});
    }
    if (golden_optional(node, "momentum")) {
        momentum = golden_array(t, node, "momentum");
        golden_shape(t, &momentum, "momentum", 1, &lr.count);
    }
    float array[2] = {0, 0};
    hebb_optimizer *optimizer = NULL;
    hebb_schedule *schedule = NULL;
    double *rates = trial_alloc(t, lr.count, sizeof *rates);
    double *momenta = trial_alloc(t, lr.count, sizeof *momenta);
    if (trial_fine(t) && make(t, node, array, &optimizer, &schedule)) {
        for (size_t i = 0; i < lr.count; i++) {
            double now = metric.values && i ? metric.values[i - 1] : 0;
            if (i && !trial_call(t, hebb_schedule_step(schedule, now), "step")) break;
            rates[i] = hebb_optimizer_lr(optimizer);
            momenta[i] = hebb_optimizer_option(optimizer, "momentum");
        }
        trial_compare(t, "lr", &lr, rates, lr.count, DOUBLE_ERROR);
        if (momentum.values)
            trial_compare(t, "momentum", &momentum, momenta, lr.count, DOUBLE_ERROR);
    }
    hebb_schedule_free(schedule);
    hebb_optimizer_free(optimizer);
}

void run_schedulers(const suite *s) {
    const cJSON *node;
    size_t index = 0;
    cJSON_ArrayForEach(node, golden_cases(s, s->root, "cases")) {
        char kind[48], name[140];
        if (!golden_case(s, node, "scheduler", index++, kind, sizeof kind)) continue;
        const cJSON *kwargs = golden_optional(node, "kwargs"), *lambda;
        lambda = golden_optional(node, "lambda");
        char *text = cJSON_PrintUnformatted(lambda ? lambda : kwargs);
        snprintf(name, sizeof name, "%s %s", kind, text ? text : "");
        cJSON_free(text);
        trial t;
        trial_begin(&t, s, name, "");
        run_case(&t, node);
        trial_end(&t, s->tally);
    }
}

/* Gradient cases: the forward run, the loss, the gradient of every parameter and
 * what one step of SGD makes of the parameters. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conformance.h"

static const char step_key[] = "after_SGD_lr";

static void compare_params(trial *t, golden_net *g, const cJSON *all, const char *what,
                           hebb_status (*get)(hebb_net *, const char *, double *, size_t)) {
    const cJSON *member;
    if (trial_fine(t) && (!cJSON_IsObject(all) || !all->child))
        trial_problem(t, "'%s' must name parameters", what);
    cJSON_ArrayForEach(member, all) {
        char name[160];
        snprintf(name, sizeof name, "%s %s", what, member->string);
        numbers golden = golden_numbers(t, member, name);
        double *ours = trial_alloc(t, golden.count, sizeof *ours);
        if (!ours || !trial_call(t, get(g->net, member->string, ours, golden.count), name)) return;
        trial_compare(t, name, &golden, ours, golden.count, TRACE_ERROR);
    }
}

static bool make_learner(trial *t, golden_net *g, const cJSON *node, double lr,
                         hebb_learner **learner) {
    params p = {.count = 0};
    const char *algorithm = golden_text(t, node, "algorithm");
    params_add_number(t, &p, "alpha", golden_number(t, node, "alpha"));
    if (golden_optional(node, "surrogate"))
        params_add_text(t, &p, "surrogate_func", golden_text(t, node, "surrogate"));
    return trial_fine(t) &&
           trial_call(t, hebb_learner_create(g->net, algorithm, HEBB_ALL, p.items, learner),
                      "the learner") &&
           trial_call(t, hebb_learner_set_optimizer(*learner, "SGD", lr, NULL), "the optimizer") &&
           trial_call(t, hebb_learner_set_loss(*learner, "output", "cross_entropy", NULL),
                      "the loss");
}

static int32_t *read_labels(trial *t, const golden_net *g) {
    numbers n = golden_array(t, g->config, "labels");
    golden_shape(t, &n, "labels", 1, &g->batch);
    int32_t *labels = trial_alloc(t, n.count, sizeof *labels);
    for (size_t i = 0; labels && i < n.count; i++) {
        if (!(n.values[i] >= 0 && n.values[i] < (double)g->sizes[2]))
            trial_problem(t, "labels[%zu] = %g is not one of %zu classes", i, n.values[i],
                          g->sizes[2]);
        else
            labels[i] = (int32_t)n.values[i];
    }
    return labels;
}

static void learn(trial *t, golden_net *g, hebb_learner *learner, const cJSON *node,
                  const cJSON *stepped) {
    double loss = 0, golden = golden_number(t, node, "loss");
    const cJSON *grad = golden_object(t, node, "grad");
    int32_t *labels = read_labels(t, g);
    if (!trial_fine(t) || !trial_call(t, hebb_learner_zero_grad(learner), "zero_grad") ||
        !trial_call(t, hebb_learner_loss(learner, labels, g->batch, &loss), "loss") ||
        !trial_call(t, hebb_learner_backward(learner), "backward"))
        return;
    trial_compare_one(t, "loss", golden, loss, TRACE_ERROR);
    compare_params(t, g, grad, "grad", hebb_net_gradient);
    if (stepped && trial_fine(t) &&
        trial_call(t, hebb_learner_optim_step(learner), "the optimizer's step"))
        compare_params(t, g, stepped, stepped->string, hebb_net_get);
}

static void run_case(trial *t, const suite *s, const cJSON *node) {
    golden_net g = {0};
    hebb_learner *learner = NULL;
    const cJSON *forward = golden_object(t, s->root, "forward"), *stepped = NULL, *member;
    const cJSON *trace = golden_object(t, forward, "trace");
    const cJSON *config = golden_object(t, s->root, "config");
    double lr = 0.1;
    if (trial_fine(t) &&
        strncmp(golden_text(t, config, "loss"), "cross_entropy(spike_counts, labels)", 35))
        trial_problem(t, "config.loss must be the cross_entropy of the spike_counts");
    cJSON_ArrayForEach(member, node) if (!strncmp(member->string, step_key, sizeof step_key - 1)) {
        stepped = member;
        lr = strtod(member->string + sizeof step_key - 1, NULL);
    }
    if (trial_fine(t) && golden_net_make(t, config, trace, &g) &&
        make_learner(t, &g, node, lr, &learner) && golden_net_build(t, &g) &&
        golden_net_run(t, &g)) {
        golden_net_compare_constants(t, &g);
        golden_net_compare_trace(t, &g, trace, "");
        golden_net_compare_output(t, &g, golden_member(t, forward, "output"), "output");
        learn(t, &g, learner, node, stepped);
    }
    hebb_net_free(g.net);
}

void run_gradients(const suite *s) {
    const cJSON *node, *config = golden_optional(s->root, "config");
    size_t index = 0;
    cJSON_ArrayForEach(node, golden_cases(s, s->root, "cases")) {
        char name[128];
        if (!golden_case(s, node, "case", index++, name, sizeof name)) continue;
        const char *ways[] = {"spaic", quirk_of_network(config) ? NULL : "none"};
        for (int i = 0; i < 2 && ways[i]; i++) {
            trial t;
            trial_begin(&t, s, name, ways[i]);
            run_case(&t, s, node);
            trial_end(&t, s->tally);
        }
    }
}

/* Learners. */
#include "api/net.h"
#include "learning/plasticity.h"

static hebb_net *net_of(const hebb_learner *learner) {
    return (hebb_net *)((char *)learner->graph - offsetof(hebb_net, graph));
}

hebb_status hebb_learner_create(hebb_net *net, const char *algorithm, const char *const *trainable,
                                const hebb_param *params, hebb_learner **out) {
    if (!net) return hb_null(__func__, "net");
    hb_env *env = &net->ctx->env;
    if (!out) return hb_fail(env, HEBB_E_ARGUMENT, "hebb_learner_create: learner is NULL");
    *out = NULL;
    if (net->engine)
        return hb_fail(env, HEBB_E_STATE,
                       "hebb_learner_create: the network is built; create learners before");
    HEBB_TRY(hb_graph_check(&net->graph)); /* the news, whatever it led to */
    HEBB_TRY(hb_learner_create(&net->graph, algorithm, trainable, params, net->learner_count, out));
    net->learner_count++;
    hebb_learner **last = &net->learners; /* in the order of creation */
    while (*last) last = &(*last)->next;
    *last = *out;
    return HEBB_OK;
}

void hebb_learner_free(hebb_learner *learner) {
    if (!learner) return;
    hebb_learner **link = &net_of(learner)->learners;
    while (*link && *link != learner) link = &(*link)->next;
    if (*link) *link = learner->next;
    hb_learner_free(learner);
}

hebb_status hebb_learner_set_optimizer(hebb_learner *learner, const char *name, double lr,
                                       const hebb_param *params) {
    return learner ? hb_learner_set_optimizer(learner, name, lr, params)
                   : hb_null(__func__, "learner");
}

hebb_status hebb_learner_set_schedule(hebb_learner *learner, const char *name,
                                      const hebb_param *params) {
    return learner ? hb_learner_set_schedule(learner, name, params) : hb_null(__func__, "learner");
}

hebb_status hebb_learner_set_loss(hebb_learner *learner, const char *decoder, const char *loss,
                                  const hebb_param *params) {
    return learner ? hb_learner_set_loss(learner, decoder, loss, params)
                   : hb_null(__func__, "learner");
}

hebb_status hebb_learner_zero_grad(hebb_learner *learner) {
    if (!learner) return hb_null(__func__, "learner");
    HEBB_TRY(hb_net_built(net_of(learner), "hebb_learner_zero_grad"));
    hb_params_zero_grad(learner->engine, learner->index);
    return HEBB_OK;
}

hebb_status hebb_learner_loss(hebb_learner *learner, const int32_t *labels, size_t batch,
                              double *loss) {
    if (!learner) return hb_null(__func__, "learner");
    double value;
    if (!labels) return hb_fail(learner->env, HEBB_E_ARGUMENT, "loss: the labels are NULL");
    return hb_learner_loss(learner, labels, NULL, batch, 0, loss ? loss : &value);
}

hebb_status hebb_learner_loss_targets(hebb_learner *learner, const float *targets, size_t batch,
                                      size_t classes, double *loss) {
    if (!learner) return hb_null(__func__, "learner");
    double value;
    if (!targets) return hb_fail(learner->env, HEBB_E_ARGUMENT, "loss: the targets are NULL");
    return hb_learner_loss(learner, NULL, targets, batch, classes, loss ? loss : &value);
}

hebb_status hebb_learner_backward(hebb_learner *learner) {
    return learner ? hb_learner_backward(learner, NULL, 0, 0) : hb_null(__func__, "learner");
}

hebb_status hebb_learner_backward_from(hebb_learner *learner, const float *gradient, size_t batch,
                                       size_t classes) {
    if (!learner) return hb_null(__func__, "learner");
    if (!gradient)
        return hb_fail(learner->env, HEBB_E_ARGUMENT, "backward_from: the gradient is NULL");
    return hb_learner_backward(learner, gradient, batch, classes);
}

hebb_status hebb_learner_optim_step(hebb_learner *learner) {
    return learner ? hb_learner_step(learner, NULL, NULL, NULL) : hb_null(__func__, "learner");
}

hebb_status hebb_learner_optim_step_closure(hebb_learner *learner,
                                            hebb_status (*closure)(void *user, double *loss),
                                            void *user) {
    if (!learner) return hb_null(__func__, "learner");
    if (!closure)
        return hb_fail(learner->env, HEBB_E_ARGUMENT, "optim_step_closure: the closure is NULL");
    double loss;
    return hb_learner_step(learner, closure, user, &loss);
}

hebb_status hebb_learner_schedule_step(hebb_learner *learner, double metric) {
    if (!learner) return hb_null(__func__, "learner");
    if (!learner->has_sched)
        return hb_fail(learner->env, HEBB_E_STATE,
                       "schedule_step: the learner %s has no schedule; set one",
                       learner->args.component->name);
    return hb_sched_step(&learner->sched, metric);
}

double hebb_learner_lr(const hebb_learner *learner) {
    return learner && learner->has_optim ? learner->optim.lr : 0;
}

static hebb_status check_lesson(hebb_learner *learner, const char *call, const void *given,
                                enum hb_lesson_kind kind) {
    const char *rule = learner->args.component->name;
    enum hb_lesson_kind wanted =
        learner->plastic ? hb_plastic_lesson(learner->rule) : HB_LESSON_NONE;
    if (!given) return hb_fail(learner->env, HEBB_E_ARGUMENT, "%s: the values are NULL", call);
    if (wanted == kind) return HEBB_OK;
    return hb_fail(learner->env, HEBB_E_UNSUPPORTED, "%s: the rule %s learns from %s", call, rule,
                   wanted == HB_LESSON_LABELS   ? "labels; use hebb_learner_teach"
                   : wanted == HB_LESSON_SPIKES ? "spikes; use hebb_learner_teach_spikes"
                                                : "neither labels nor spikes that it is told");
}

hebb_status hebb_learner_teach(hebb_learner *learner, const int32_t *labels, size_t batch) {
    if (!learner) return hb_null(__func__, "learner");
    HEBB_TRY(check_lesson(learner, __func__, labels, HB_LESSON_LABELS));
    return hb_lesson_labels(learner->env, &learner->lesson, labels, batch);
}

hebb_status hebb_learner_teach_spikes(hebb_learner *learner, const float *spikes, size_t steps,
                                      size_t batch, size_t num) {
    if (!learner) return hb_null(__func__, "learner");
    HEBB_TRY(check_lesson(learner, __func__, spikes, HB_LESSON_SPIKES));
    return hb_lesson_spikes(learner->env, &learner->lesson, spikes, steps, batch, num);
}

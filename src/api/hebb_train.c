/* Training and testing with the public verbs: hebb_fit, hebb_evaluate. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "api/session.h"

/* ---- what the training room reaches for ---- */

hb_graph *hb_reach_graph(const hebb_net *net) { return &((hebb_net *)net)->graph; }
hb_engine *hb_reach_engine(const hebb_net *net) { return net->engine; }
hebb_net *hb_reach_net(const hebb_learner *learner) {
    return (hebb_net *)((char *)learner->graph - offsetof(hebb_net, graph));
}
const char *hb_reach_decoder(const hebb_learner *learner) {
    return learner->readout >= 0 ? learner->graph->readouts[learner->readout].name : NULL;
}

/* ---- options ---- */

hebb_fit_options hebb_fit_options_default(void) {
    return (hebb_fit_options){.struct_size = sizeof(hebb_fit_options),
                              .epochs = 1,
                              .batch_size = 100,
                              .shuffle = 1,
                              .retry_spikes = 5,
                              .retry_gain = 0.5};
}

static hebb_status wrong_number(hb_env *env, const char *call, const char *name, double value,
                                const char *allowed) {
    return hb_fail(env, HEBB_E_RANGE, "%s: %s = %g is not allowed; it must be %s", call, name,
                   value, allowed);
}

static hebb_status read_options(hb_env *env, const char *call, const hebb_fit_options *given,
                                hebb_fit_options *o) {
    *o = hebb_fit_options_default();
    if (!given)
        return hb_fail(env, HEBB_E_ARGUMENT,
                       "%s: options is NULL; time, how long a sample is shown, has no default",
                       call);
    if (given->struct_size == 0)
        return hb_fail(env, HEBB_E_ARGUMENT,
                       "%s: struct_size is 0; begin with hebb_fit_options_default()", call);
    memcpy(o, given, given->struct_size < sizeof *o ? given->struct_size : sizeof *o);
    if (o->epochs < 0) return wrong_number(env, call, "epochs", o->epochs, "0 or more");
    if (o->batch_size < 1 || o->batch_size > 1 << 20)
        return wrong_number(env, call, "batch_size", (double)o->batch_size,
                            "between 1 and 1048576");
    if (!(o->time > 0) || isinf(o->time))
        return wrong_number(env, call, "time", o->time, "above 0 ms and finite");
    if (o->retry < 0 || o->retry > 1000)
        return wrong_number(env, call, "retry", o->retry, "between 0 and 1000");
    if (!(o->retry_spikes >= 0))
        return wrong_number(env, call, "retry_spikes", o->retry_spikes, "0 or more");
    if (!(o->retry_gain >= 0) || isinf(o->retry_gain))
        return wrong_number(env, call, "retry_gain", o->retry_gain, "0 or more and finite");
    return HEBB_OK;
}

/* ---- the trainer of a call ---- */

static hebb_status set_retry(hb_session *s, const char *call, const hb_classifier *classifier) {
    const hebb_fit_options *o = &s->options;
    hb_trainer *t = &s->trainer;
    t->retries = (size_t)o->retry;
    t->retry_spikes = o->retry_spikes;
    t->retry_gain = o->retry_gain;
    int group = o->retry_group ? hebb_net_group(t->net, o->retry_group) : 0;
    if (group < 0) return HEBB_E_NAME;
    t->retry_group = classifier && !o->retry_group ? classifier->group : (size_t)group;
    if (!o->retry || o->retry_group || classifier) return HEBB_OK;
    return hb_fail(t->env, HEBB_E_ARGUMENT, "%s: retry counts the spikes of retry_group; name it",
                   call);
}

hebb_status hb_session_begin(hb_session *s, const char *call, hebb_net *net, hebb_learner *learner,
                             hb_classifier *classifier, const char *encoder,
                             const hebb_dataset *data, const hebb_fit_options *options) {
    hb_env *env = &net->ctx->env;
    HEBB_TRY(read_options(env, call, options, &s->options));
    if (!data) return hb_fail(env, HEBB_E_ARGUMENT, "%s: data is NULL", call);
    HEBB_TRY(hb_net_built(net, call));
    const hebb_fit_options *o = &s->options;
    s->entry = (hb_learner_entry){.learner = learner,
                                  .scheduled = learner && hb_learner_sched(learner) != NULL,
                                  .every_batch = o->schedule_every_batch != 0};
    snprintf(s->entry.name, sizeof s->entry.name, "learner");
    s->trainer = (hb_trainer){.env = env,
                              .net = net,
                              .learners = &s->entry,
                              .learner_count = learner != NULL,
                              .classifiers = classifier,
                              .classifier_count = classifier != NULL,
                              .time = o->time,
                              .batch_size = o->batch_size,
                              .shuffle = o->shuffle != 0,
                              .seed = net->graph.seed,
                              .epochs = o->epochs,
                              .progress = o->progress,
                              .user = o->user};
    HEBB_TRY(set_retry(s, call, classifier));
    HEBB_TRY(hb_trainer_init(&s->trainer, encoder));
    hebb_status status = hb_trainer_check(&s->trainer, data->set);
    if (status >= 0 && o->test) status = hb_trainer_check(&s->trainer, o->test->set);
    if (status < 0) hb_trainer_free(&s->trainer);
    return status;
}

hebb_metrics hb_metrics_of(const hb_sums *sums) {
    return (hebb_metrics){.loss = hb_mean_loss(sums),
                          .accuracy = hb_accuracy(sums),
                          .seconds = sums->seconds,
                          .count = (size_t)sums->count};
}

hb_part_of_data hb_whole(const hebb_dataset *data) {
    return (hb_part_of_data){data->set, NULL, data->set->count};
}

static hebb_status fit_epoch(hb_session *s, const hebb_dataset *data, hebb_metrics *metrics) {
    hb_trainer *t = &s->trainer;
    hb_part_of_data learn = hb_whole(data);
    hebb_status status = hb_trainer_epoch(t, &learn);
    *metrics = hb_metrics_of(&t->sums);
    if (status != HEBB_OK) return status;
    double loss = hb_mean_loss(&t->sums);
    if (s->options.test) {
        hb_sums sums;
        hb_part_of_data part = hb_whole(s->options.test);
        status = hb_trainer_evaluate(t, "test", &part, &sums, NULL);
        *metrics = hb_metrics_of(&sums);
        if (status != HEBB_OK) return status;
    }
    HEBB_TRY(hb_trainer_schedules(t, loss));
    hb_trainer_next(t);
    return HEBB_OK;
}

hebb_status hebb_fit(hebb_learner *learner, const char *encoder, const hebb_dataset *data,
                     const hebb_fit_options *options, hebb_metrics *metrics) {
    if (!learner) return hb_null(__func__, "learner");
    hebb_metrics unused, *to = metrics ? metrics : &unused;
    hb_session s;
    *to = (hebb_metrics){0};
    HEBB_TRY(hb_session_begin(&s, "hebb_fit", hb_reach_net(learner), learner, NULL, encoder, data,
                              options));
    hebb_status status = HEBB_OK;
    while (status == HEBB_OK && s.trainer.epoch < (uint64_t)s.options.epochs)
        status = fit_epoch(&s, data, to);
    hb_trainer_free(&s.trainer);
    return status;
}

hebb_status hebb_evaluate(hebb_learner *learner, const char *encoder, const hebb_dataset *data,
                          const hebb_fit_options *options, hebb_metrics *metrics,
                          uint64_t *confusion) {
    if (!learner) return hb_null(__func__, "learner");
    hebb_metrics unused, *to = metrics ? metrics : &unused;
    hb_session s;
    *to = (hebb_metrics){0};
    HEBB_TRY(hb_session_begin(&s, "hebb_evaluate", hb_reach_net(learner), learner, NULL, encoder,
                              data, options));
    hb_sums sums;
    hb_part_of_data part = hb_whole(data);
    hebb_status status = hb_trainer_evaluate(&s.trainer, "test", &part, &sums, confusion);
    *to = hb_metrics_of(&sums);
    hb_trainer_free(&s.trainer);
    return status;
}

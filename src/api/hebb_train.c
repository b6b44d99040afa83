/* Training and testing with the public verbs: hebb_fit, hebb_evaluate. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "api/hebb_data.h"
#include "api/net.h"
#include "train/trainer.h"

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
    return (hebb_fit_options){
        .struct_size = sizeof(hebb_fit_options), .epochs = 1, .batch_size = 100, .shuffle = 1};
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
    return HEBB_OK;
}

/* ---- the trainer of a call ---- */

typedef struct session {
    hb_learner_entry entry;
    hb_trainer trainer;
    hebb_fit_options options;
} session;

static hebb_status begin(session *s, const char *call, hebb_learner *learner, const char *encoder,
                         const hebb_dataset *data, const hebb_fit_options *options) {
    hb_env *env = learner->env;
    HEBB_TRY(read_options(env, call, options, &s->options));
    if (!data) return hb_fail(env, HEBB_E_ARGUMENT, "%s: data is NULL", call);
    HEBB_TRY(hb_net_built(hb_reach_net(learner), call));
    const hebb_fit_options *o = &s->options;
    s->entry = (hb_learner_entry){.learner = learner,
                                  .scheduled = hb_learner_sched(learner) != NULL,
                                  .every_batch = o->schedule_every_batch != 0};
    snprintf(s->entry.name, sizeof s->entry.name, "learner");
    s->trainer = (hb_trainer){.env = env,
                              .net = hb_reach_net(learner),
                              .learners = &s->entry,
                              .learner_count = 1,
                              .time = o->time,
                              .batch_size = o->batch_size,
                              .shuffle = o->shuffle != 0,
                              .seed = learner->graph->seed,
                              .epochs = o->epochs,
                              .progress = o->progress,
                              .user = o->user};
    HEBB_TRY(hb_trainer_init(&s->trainer, encoder));
    hebb_status status = hb_trainer_check(&s->trainer, data->set);
    if (status >= 0 && o->test) status = hb_trainer_check(&s->trainer, o->test->set);
    if (status < 0) hb_trainer_free(&s->trainer);
    return status;
}

static hebb_metrics metrics_of(const hb_sums *sums) {
    return (hebb_metrics){.loss = hb_mean_loss(sums),
                          .accuracy = hb_accuracy(sums),
                          .seconds = sums->seconds,
                          .count = (size_t)sums->count};
}

static hb_part_of_data whole(const hebb_dataset *data) {
    return (hb_part_of_data){data->set, NULL, data->set->count};
}

static hebb_status fit_epoch(session *s, const hebb_dataset *data, hebb_metrics *metrics) {
    hb_trainer *t = &s->trainer;
    hb_part_of_data learn = whole(data);
    hebb_status status = hb_trainer_epoch(t, &learn);
    *metrics = metrics_of(&t->sums);
    if (status != HEBB_OK) return status;
    double loss = hb_mean_loss(&t->sums);
    if (s->options.test) {
        hb_sums sums;
        hb_part_of_data part = whole(s->options.test);
        status = hb_trainer_evaluate(t, "test", &part, &sums, NULL);
        *metrics = metrics_of(&sums);
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
    session s;
    *to = (hebb_metrics){0};
    HEBB_TRY(begin(&s, "hebb_fit", learner, encoder, data, options));
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
    session s;
    *to = (hebb_metrics){0};
    HEBB_TRY(begin(&s, "hebb_evaluate", learner, encoder, data, options));
    hb_sums sums;
    hb_part_of_data part = whole(data);
    hebb_status status = hb_trainer_evaluate(&s.trainer, "test", &part, &sums, confusion);
    *to = metrics_of(&sums);
    hb_trainer_free(&s.trainer);
    return status;
}

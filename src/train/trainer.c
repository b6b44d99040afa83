/* The training loop, written with the public verbs. */
#include "train/trainer.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "learning/plasticity.h"
#include "train/batch.h"
#include "train/kept.h"

double hb_seconds_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

double hb_mean_loss(const hb_sums *sums) {
    return sums->count ? sums->loss / (double)sums->count : 0;
}
double hb_accuracy(const hb_sums *sums) {
    if (sums->count && !sums->judged) return NAN;
    return sums->judged ? (double)sums->correct / (double)sums->judged : 0;
}
double hb_mean_rate(const hb_trainer *trainer, const hb_sums *sums, size_t group) {
    const hb_graph *graph = hb_reach_graph(trainer->net);
    double neurons = 0, spikes = 0;
    for (size_t i = 0; i < graph->group_count && i < HB_RATE_GROUPS; i++) {
        if (group == SIZE_MAX ? graph->groups[i].role != HB_NEURONS : group != i) continue;
        neurons += (double)graph->groups[i].n;
        spikes += (double)sums->spikes[i];
    }
    double seconds = neurons * (double)sums->shown * trainer->time * 1e-3;
    return seconds > 0 ? spikes / seconds : 0;
}

/* ---- the network's ends ---- */

static hebb_status find_encoder(hb_trainer *t, const char *name) {
    const hb_graph *graph = hb_reach_graph(t->net);
    const hb_group *found = NULL;
    if (name && hebb_net_group(t->net, name) < 0) return HEBB_E_NAME;
    for (size_t i = 0; i < graph->group_count; i++) {
        const hb_group *group = &graph->groups[i];
        if (name ? strcmp(group->name, name) != 0 : group->role != HB_ENCODER) continue;
        if (group->role != HB_ENCODER)
            return hb_fail(t->env, HEBB_E_ARGUMENT, "'%s' is no encoder; samples need one", name);
        if (found)
            return hb_fail(t->env, HEBB_E_ARGUMENT,
                           "the network has the encoders '%s' and '%s'; name the one that takes "
                           "the samples",
                           found->name, group->name);
        found = group;
    }
    if (!found)
        return hb_fail(t->env, HEBB_E_GRAPH, "the network has no encoder that could take samples");
    t->encoder = found->name;
    t->encoder_size = found->n;
    return HEBB_OK;
}

static const hb_readout *readout_of(const hb_trainer *t) {
    const hb_graph *graph = hb_reach_graph(t->net);
    int i = t->decoder ? hb_graph_find(graph, "decoder", t->decoder) : -1;
    return i >= 0 ? &graph->readouts[i] : NULL;
}

/* The decoder of the first loss; without one, the only decoder that tells classes. */
static hebb_status find_decoder(hb_trainer *t) {
    const hb_graph *graph = hb_reach_graph(t->net);
    for (size_t i = 0; i < t->learner_count; i++) {
        if (t->learners[i].learner->plastic) {
            t->plastic = true;
            continue;
        }
        const char *decoder = hb_reach_decoder(t->learners[i].learner);
        t->gradient = true;
        if (!decoder)
            return hb_fail(t->env, HEBB_E_GRAPH,
                           "the learner's loss reads no decoder; predictions come from one");
        if (!t->decoder) t->decoder = decoder;
    }
    if (!t->gradient && !t->classifier_count && !t->actor.acts && graph->readout_count == 1 &&
        !graph->readouts[0].decoder.ops->whole_record)
        t->decoder = graph->readouts[0].name;
    return HEBB_OK;
}

/* What cannot go together. */
static hebb_status check_together(const hb_trainer *t) {
    for (size_t i = 0; i < t->learner_count; i++) {
        const hebb_learner *learner = t->learners[i].learner;
        if (learner->plastic && hb_plastic_lesson(learner->rule) == HB_LESSON_SPIKES)
            return hb_fail(t->env, HEBB_E_UNSUPPORTED,
                           "%s is taught spikes, which data sets do not hold; write the loop with "
                           "hebb_learner_teach_spikes",
                           learner->args.component->name);
    }
    for (size_t i = 0; t->plastic && i < t->learner_count; i++) {
        const hb_optim *optim = hb_learner_optim(t->learners[i].learner);
        if (optim && optim->ops && optim->ops->needs_closure)
            return hb_fail(t->env, HEBB_E_UNSUPPORTED,
                           "%s runs each batch many times, in which plastic connections would "
                           "learn each time; take another optimizer",
                           optim->ops->component->name);
    }
    if (t->retries && t->gradient)
        return hb_fail(t->env, HEBB_E_UNSUPPORTED,
                       "retry shows samples again, which a loss would not see; it goes with "
                       "plastic learners only");
    return HEBB_OK;
}

hebb_status hb_trainer_init(hb_trainer *t, const char *encoder) {
    if (!hb_reach_engine(t->net))
        return hb_fail(t->env, HEBB_E_STATE, "build the network before it is trained or tested");
    HEBB_TRY(find_encoder(t, encoder));
    HEBB_TRY(find_decoder(t));
    HEBB_TRY(check_together(t));
    if (!(t->feedback > 0)) t->feedback = hb_reach_graph(t->net)->dt;
    t->room = t->batch_size * t->encoder_size;
    t->values = hb_calloc(t->env, t->room, sizeof *t->values);
    t->labels = hb_calloc(t->env, t->batch_size, sizeof *t->labels);
    t->ids = hb_calloc(t->env, t->batch_size, sizeof *t->ids);
    hebb_status status = t->values && t->labels && t->ids ? hb_batch_room(t) : HEBB_E_MEMORY;
    if (status < 0) hb_trainer_free(t);
    return status;
}

void hb_trainer_free(hb_trainer *t) {
    void *owned[] = {t->values, t->labels, t->ids,   t->taught,       t->rewarded,
                     t->counts, t->read,   t->again, t->again_values, t->again_ids};
    for (size_t i = 0; i < HB_COUNT(owned); i++) hb_free(t->env, owned[i]);
    t->values = t->again_values = NULL;
    t->labels = t->taught = NULL;
    t->ids = t->again_ids = NULL;
    t->rewarded = NULL;
    t->counts = NULL;
    t->read = t->again = NULL;
}

/* Labels must mean something to the rewards, and actions to the environment. */
static hebb_status check_rewards(const hb_trainer *t, const hb_dataset *set) {
    const hb_graph *graph = hb_reach_graph(t->net);
    bool told = false;
    for (size_t i = 0; i < graph->reward_count; i++) {
        const hb_rewarder *r = &graph->rewards[i];
        const char *method = r->reward.ops->component->name;
        bool is_xor = !strcmp(method, "xor_reward");
        size_t classes = is_xor ? 2 : r->reward.classes;
        told |= !r->reward.ops->labels;
        if (!r->reward.ops->labels && !set->arms)
            return hb_fail(t->env, HEBB_E_ARGUMENT,
                           "%s: %s is told by an environment, such as the data set bandit; '%s' "
                           "has labels",
                           r->name, method, set->name);
        if (r->reward.ops->labels && classes < set->classes)
            return hb_fail(t->env, HEBB_E_SHAPE,
                           "%s: '%s' has %zu classes, but the reward tells %zu apart (neurons of "
                           "its target / pop_size)",
                           r->name, set->name, set->classes, classes);
    }
    if (!set->arms) return HEBB_OK;
    if (!told)
        return hb_fail(t->env, HEBB_E_GRAPH,
                       "'%s' answers actions with rewards, but the network has no "
                       "environment_reward",
                       set->name);
    bool reads = t->actor.acts         ? true
                 : t->classifier_count ? !hb_classifier_fits(&t->classifiers[0])
                                       : t->decoder != NULL;
    if (!reads || t->retries)
        return hb_fail(t->env, HEBB_E_ARGUMENT,
                       reads ? "retry does not go with the environment '%s'"
                             : "'%s' answers actions; an action, a decoder or a readout that needs "
                               "no fitting (populations, fired) must tell them",
                       set->name);
    return HEBB_OK;
}

hebb_status hb_trainer_check(hb_trainer *t, const hb_dataset *set) {
    if (set->count == 0) return hb_fail(t->env, HEBB_E_SHAPE, "'%s' has no samples", set->name);
    if (set->sample_size != t->encoder_size)
        return hb_fail(t->env, HEBB_E_SHAPE,
                       "the samples of '%s' have %zu values, but the encoder '%s' has num = %zu",
                       set->name, set->sample_size, t->encoder, t->encoder_size);
    const hb_readout *readout = readout_of(t);
    if (readout && !readout->decoder.ops->whole_record && readout->decoder.classes < set->classes)
        return hb_fail(t->env, HEBB_E_SHAPE,
                       "'%s' has %zu classes, but the decoder '%s' gives %zu values", set->name,
                       set->classes, t->decoder, readout->decoder.classes);
    if (t->actor.acts && t->actor.choices < set->classes)
        return hb_fail(t->env, HEBB_E_SHAPE,
                       "'%s' has %zu classes, but the action has %zu choices (neurons of its group "
                       "/ pop_size)",
                       set->name, set->classes, t->actor.choices);
    const hb_engine *engine = hb_reach_engine(t->net);
    if (t->actor.acts && t->actor.action.ops->score == HB_SCORE_FIRST)
        HEBB_TRY(engine->ops->remembers(engine, t->actor.group));
    return check_rewards(t, set);
}

/* ---- phases ---- */

typedef struct phase {
    hb_trainer *trainer;
    hb_loader *loader;
    const hb_dataset *set;
    const char *name;
    hb_batch_work work;
    size_t batches;
    size_t *batch; /* done */
    hb_sums *sums;
    uint64_t *confusion;
    size_t classes;
    double start; /* of the clock, as if there had been no break */
} phase;

static hebb_status add_place(const phase *p, hebb_status status) {
    char place[80];
    snprintf(place, sizeof place, "%s, epoch %ju, batch %zu", p->name,
             (uintmax_t)p->trainer->epoch + 1, *p->batch + 1);
    return status == HEBB_E_MEMORY ? status : hb_fail_in(p->trainer->env, status, place);
}

static hebb_status do_batch(phase *p, size_t count) {
    hb_trainer *t = p->trainer;
    hb_batch batch = {.trainer = t,
                      .epoch = p->work == HB_LEARN ? t->epoch + 1 : 0,
                      .draw = p->work == HB_LEARN ? t->epoch * p->batches + *p->batch
                                                  : HB_TEST_DRAWS + *p->batch,
                      .work = p->work,
                      .count = count,
                      .confusion = p->confusion,
                      .classes = p->classes,
                      .set = p->set};
    hebb_status status = hb_batch_do(&batch);
    if (status < 0) return add_place(p, status);
    hb_batch_add(&batch, p->sums);
    p->sums->seconds = hb_seconds_now() - p->start;
    ++*p->batch;
    if (p->work == HB_LEARN && t->after_batch) HEBB_TRY(t->after_batch(t->after_user));
    return HEBB_OK;
}

static bool asks_to_stop(const phase *p) {
    hb_trainer *t = p->trainer;
    if (!t->progress) return false;
    hebb_progress progress = {.epoch = (int)t->epoch + 1,
                              .epochs = t->epochs,
                              .batch = *p->batch,
                              .batches = p->batches,
                              .phase = p->name,
                              .loss = hb_mean_loss(p->sums),
                              .accuracy = hb_accuracy(p->sums),
                              .seconds = p->sums->seconds};
    return t->progress(t->user, &progress) != 0;
}

static hebb_status walk(phase *p) {
    hb_trainer *t = p->trainer;
    p->batches = hb_loader_batches(p->loader);
    p->start = hb_seconds_now() - p->sums->seconds;
    while (*p->batch < p->batches) {
        size_t count;
        hebb_status status = hb_loader_next(p->loader, t->values, t->labels, t->ids, &count);
        if (status < 0) return add_place(p, status);
        if (status == HEBB_DONE) break;
        HEBB_TRY(do_batch(p, count));
        if (asks_to_stop(p)) return HEBB_STOPPED;
    }
    return HEBB_OK;
}

static hebb_status make_loader(hb_trainer *t, const hb_part_of_data *data, bool learn,
                               hb_loader **loader) {
    hb_loader_options options = {.indices = data->indices,
                                 .count = data->count,
                                 .batch_size = t->batch_size,
                                 .shuffle = learn && t->shuffle,
                                 .seed = t->seed,
                                 .augment = learn ? t->augment : NULL,
                                 .pool = hb_reach_graph(t->net)->pool};
    return hb_loader_create(t->env, data->set, &options, loader);
}

hebb_status hb_trainer_epoch(hb_trainer *t, const hb_part_of_data *data) {
    hb_loader *loader;
    HEBB_TRY(hb_trainer_check(t, data->set));
    HEBB_TRY(make_loader(t, data, true, &loader));
    hb_loader_seek(loader, t->epoch + 1, t->batch);
    hebb_net_train(t->net, 1);
    phase p = {.trainer = t,
               .loader = loader,
               .set = data->set,
               .name = "train",
               .work = HB_LEARN,
               .batch = &t->batch,
               .sums = &t->sums};
    hebb_status status = walk(&p);
    hb_loader_free(loader);
    return status;
}

void hb_trainer_next(hb_trainer *t) {
    t->epoch++;
    t->batch = 0;
    t->sums = (hb_sums){0};
}

/* A test must leave no trace: what is kept over runs is put back behind it. */
static hebb_status walk_aside(phase *p) {
    hebb_net *net = p->trainer->net;
    hb_engine *engine = hb_reach_engine(net);
    bool wide = engine->graph->is_double, learning = engine->train;
    void *kept;
    size_t rows;
    HEBB_TRY(wide ? hb_kept_copy_f64(engine, &kept, &rows)
                  : hb_kept_copy_f32(engine, &kept, &rows));
    hebb_net_train(net, 0);
    hebb_status status = walk(p);
    hebb_net_train(net, learning);
    if (wide)
        hb_kept_return_f64(engine, kept, rows);
    else
        hb_kept_return_f32(engine, kept, rows);
    hb_free(p->trainer->env, kept);
    return status;
}

hebb_status hb_trainer_evaluate(hb_trainer *t, const char *name, const hb_part_of_data *data,
                                hb_sums *sums, uint64_t *confusion) {
    hb_loader *loader;
    size_t batch = 0;
    *sums = (hb_sums){0};
    HEBB_TRY(hb_trainer_check(t, data->set));
    HEBB_TRY(make_loader(t, data, false, &loader));
    if (confusion)
        memset(confusion, 0, data->set->classes * data->set->classes * sizeof *confusion);
    phase p = {.trainer = t,
               .loader = loader,
               .set = data->set,
               .name = name,
               .work = HB_TEST,
               .batch = &batch,
               .sums = sums,
               .confusion = confusion,
               .classes = data->set->classes};
    hebb_status status = walk_aside(&p);
    hb_loader_free(loader);
    return status;
}

hebb_status hb_trainer_fit_classifiers(hb_trainer *t, const hb_part_of_data *data) {
    hb_loader *loader;
    size_t batch = 0;
    hb_sums sums = {0};
    bool any = false;
    for (size_t i = 0; i < t->classifier_count; i++) any |= hb_classifier_fits(&t->classifiers[i]);
    if (!any) return HEBB_OK;
    HEBB_TRY(make_loader(t, data, false, &loader));
    for (size_t i = 0; i < t->classifier_count; i++) hb_classifier_begin(&t->classifiers[i]);
    phase p = {.trainer = t,
               .loader = loader,
               .set = data->set,
               .name = "readout",
               .work = HB_RESPOND,
               .batch = &batch,
               .sums = &sums};
    hebb_status status = walk_aside(&p);
    hb_loader_free(loader);
    for (size_t i = 0; status == HEBB_OK && i < t->classifier_count; i++)
        if (hb_classifier_fits(&t->classifiers[i]))
            status = hb_classifier_end(&t->classifiers[i], t->seed);
    return status;
}

hebb_status hb_trainer_schedules(hb_trainer *t, double metric) {
    for (size_t i = 0; i < t->learner_count; i++)
        if (t->learners[i].scheduled && !t->learners[i].every_batch)
            HEBB_TRY(hebb_learner_schedule_step(t->learners[i].learner, metric));
    return HEBB_OK;
}

/* The training loop, written with the public verbs. */
#include "train/trainer.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

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
    return sums->count ? (double)sums->correct / (double)sums->count : 0;
}
double hb_mean_rate(const hb_trainer *trainer, const hb_sums *sums, size_t group) {
    const hb_graph *graph = hb_reach_graph(trainer->net);
    double neurons = 0, spikes = 0;
    for (size_t i = 0; i < graph->group_count && i < HB_RATE_GROUPS; i++) {
        if (group == SIZE_MAX ? graph->groups[i].role != HB_NEURONS : group != i) continue;
        neurons += (double)graph->groups[i].n;
        spikes += (double)sums->spikes[i];
    }
    double seconds = neurons * (double)sums->count * trainer->time * 1e-3;
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

hebb_status hb_trainer_init(hb_trainer *t, const char *encoder) {
    if (!hb_reach_engine(t->net))
        return hb_fail(t->env, HEBB_E_STATE, "build the network before it is trained or tested");
    HEBB_TRY(find_encoder(t, encoder));
    t->decoder = hb_reach_decoder(t->learners[0].learner);
    if (!t->decoder)
        return hb_fail(t->env, HEBB_E_GRAPH,
                       "the learner's loss reads no decoder; predictions come from one");
    t->room = t->batch_size * t->encoder_size;
    t->values = hb_calloc(t->env, t->room, sizeof *t->values);
    t->labels = hb_calloc(t->env, t->batch_size, sizeof *t->labels);
    t->ids = hb_calloc(t->env, t->batch_size, sizeof *t->ids);
    if (t->values && t->labels && t->ids) return HEBB_OK;
    hb_trainer_free(t);
    return HEBB_E_MEMORY;
}

void hb_trainer_free(hb_trainer *t) {
    hb_free(t->env, t->values);
    hb_free(t->env, t->labels);
    hb_free(t->env, t->ids);
    t->values = NULL;
    t->labels = NULL;
    t->ids = NULL;
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
    return HEBB_OK;
}

/* ---- one batch ---- */

/* One batch at work; also what LBFGS comes back with. */
typedef struct batch_work {
    hb_trainer *trainer;
    uint64_t epoch; /* of the presentation */
    size_t count;
    size_t learner;
    bool counted; /* predictions and loss of the first showing are in */
    double loss;
    uint64_t correct;
    hb_sums *sums;
    uint64_t *confusion;
    size_t classes;
} batch_work;

static hebb_status show(batch_work *w) {
    hb_trainer *t = w->trainer;
    HEBB_TRY(hebb_net_input(t->net, t->encoder, t->values, w->count, t->encoder_size));
    HEBB_TRY(hebb_net_presentation(t->net, w->epoch, t->ids, w->count));
    return hebb_net_run(t->net, t->time);
}

/* Counts what the last run predicted; ties go to the lowest class. */
static hebb_status count_correct(batch_work *w) {
    hb_trainer *t = w->trainer;
    const float *predict;
    size_t batch, classes;
    HEBB_TRY(hebb_net_predict(t->net, t->decoder, &predict, &batch, &classes));
    for (size_t b = 0; b < w->count; b++) {
        const float *row = predict + b * classes;
        size_t best = 0;
        for (size_t c = 1; c < classes; c++)
            if (row[c] > row[best]) best = c;
        size_t label = (size_t)t->labels[b];
        w->correct += best == label;
        if (w->confusion && label < w->classes && best < w->classes)
            w->confusion[label * w->classes + best]++;
    }
    const uint64_t *spikes = hb_reach_engine(t->net)->spikes;
    size_t groups = hb_reach_graph(t->net)->group_count;
    for (size_t i = 0; i < groups && i < HB_RATE_GROUPS; i++) w->sums->spikes[i] += spikes[i];
    w->counted = true;
    return HEBB_OK;
}

static hebb_status take_loss(batch_work *w, size_t learner, double *loss) {
    hb_trainer *t = w->trainer;
    HEBB_TRY(hebb_learner_loss(t->learners[learner].learner, t->labels, w->count, loss));
    if (isfinite(*loss)) return HEBB_OK;
    return hb_fail(t->env, HEBB_E_NOT_FINITE, "the loss of '%s' is %g", t->learners[learner].name,
                   *loss);
}

/* LBFGS comes back here; what counts is the first time, before any change. */
static hebb_status run_again(void *user, double *loss) {
    batch_work *w = user;
    hebb_learner *learner = w->trainer->learners[w->learner].learner;
    HEBB_TRY(hebb_learner_zero_grad(learner));
    HEBB_TRY(show(w));
    bool first = !w->counted;
    if (first) HEBB_TRY(count_correct(w));
    HEBB_TRY(take_loss(w, w->learner, loss));
    if (first) w->loss = *loss;
    return hebb_learner_backward(learner);
}

static bool wants_closure(hebb_learner *learner) {
    const hb_optim *optim = hb_learner_optim(learner);
    return optim && optim->ops && optim->ops->needs_closure;
}

/* One showing serves the losses of all learners. */
static hebb_status take_gradients(batch_work *w) {
    hb_trainer *t = w->trainer;
    for (size_t i = 0; i < t->learner_count; i++)
        HEBB_TRY(hebb_learner_zero_grad(t->learners[i].learner));
    HEBB_TRY(show(w));
    HEBB_TRY(count_correct(w));
    for (size_t i = 0; i < t->learner_count; i++) {
        double loss;
        HEBB_TRY(take_loss(w, i, &loss));
        w->loss += loss;
        if (!wants_closure(t->learners[i].learner))
            HEBB_TRY(hebb_learner_backward(t->learners[i].learner));
    }
    return HEBB_OK;
}

static hebb_status learn_batch(batch_work *w) {
    hb_trainer *t = w->trainer;
    if (t->learner_count > 1 || !wants_closure(t->learners[0].learner)) HEBB_TRY(take_gradients(w));
    for (w->learner = 0; w->learner < t->learner_count; w->learner++) {
        hebb_learner *learner = t->learners[w->learner].learner;
        if (wants_closure(learner))
            HEBB_TRY(hebb_learner_optim_step_closure(learner, run_again, w));
        else
            HEBB_TRY(hebb_learner_optim_step(learner));
    }
    for (size_t i = 0; i < t->learner_count; i++)
        if (t->learners[i].scheduled && t->learners[i].every_batch)
            HEBB_TRY(hebb_learner_schedule_step(t->learners[i].learner, w->loss));
    return HEBB_OK;
}

static hebb_status judge_batch(batch_work *w) {
    HEBB_TRY(show(w));
    HEBB_TRY(count_correct(w));
    for (size_t i = 0; i < w->trainer->learner_count; i++) {
        double loss;
        HEBB_TRY(take_loss(w, i, &loss));
        w->loss += loss;
    }
    return HEBB_OK;
}

/* ---- phases ---- */

typedef struct phase {
    hb_trainer *trainer;
    hb_loader *loader;
    const char *name;
    bool learn;
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
    batch_work w = {.trainer = t,
                    .epoch = p->learn ? t->epoch + 1 : 0,
                    .count = count,
                    .sums = p->sums,
                    .confusion = p->confusion,
                    .classes = p->classes};
    hebb_status status = p->learn ? learn_batch(&w) : judge_batch(&w);
    if (status < 0) return add_place(p, status);
    p->sums->loss += w.loss * (double)count;
    p->sums->correct += w.correct;
    p->sums->count += count;
    p->sums->seconds = hb_seconds_now() - p->start;
    ++*p->batch;
    if (p->learn && t->after_batch) HEBB_TRY(t->after_batch(t->after_user));
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
               .name = "train",
               .learn = true,
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
               .name = name,
               .batch = &batch,
               .sums = sums,
               .confusion = confusion,
               .classes = data->set->classes};
    hebb_status status = walk_aside(&p);
    hb_loader_free(loader);
    return status;
}

hebb_status hb_trainer_schedules(hb_trainer *t, double metric) {
    for (size_t i = 0; i < t->learner_count; i++)
        if (t->learners[i].scheduled && !t->learners[i].every_batch)
            HEBB_TRY(hebb_learner_schedule_step(t->learners[i].learner, metric));
    return HEBB_OK;
}

/* A batch, with the public verbs. */
#include "train/batch.h"

#include <math.h>
#include <string.h>

#include "learning/plasticity.h"

enum { TRY_SHIFT = 20 }; /* epochs are fewer than 2^20: a repetition draws spikes of its own */

/* ---- room ---- */

hebb_status hb_batch_room(hb_trainer *t) {
    size_t counts = 0, widest = 0, batch = t->batch_size;
    for (size_t i = 0; i < t->classifier_count; i++) counts += batch * t->classifiers[i].n;
    const hb_graph *graph = hb_reach_graph(t->net);
    for (size_t i = 0; i < graph->group_count; i++)
        if (graph->groups[i].n > widest) widest = graph->groups[i].n;
    size_t again = t->retries ? batch : 0;
    t->counts = hb_calloc(t->env, counts + widest, sizeof *t->counts);
    t->read = hb_calloc(t->env, batch * (t->classifier_count + 1), sizeof *t->read);
    t->rewarded = hb_calloc(t->env, batch, sizeof *t->rewarded);
    t->taught = hb_calloc(t->env, batch, sizeof *t->taught);
    t->again = hb_calloc(t->env, again, sizeof *t->again);
    t->again_ids = hb_calloc(t->env, again, sizeof *t->again_ids);
    t->again_values = hb_calloc(t->env, again * t->encoder_size, sizeof *t->again_values);
    bool all = t->counts && t->read && t->rewarded && t->taught && t->again && t->again_ids &&
               t->again_values;
    return all ? HEBB_OK : HEBB_E_MEMORY;
}

/* Where the counts of a classifier begin; of no classifier: room for any group. */
static uint32_t *counts_of(const hb_trainer *t, size_t classifier) {
    uint32_t *at = t->counts;
    for (size_t i = 0; i < classifier; i++) at += t->batch_size * t->classifiers[i].n;
    return at;
}

/* ---- rewards ---- */

/* To rewards and to rules that are told them: labels, or 0 where an environment tells the reward
 * later. place: of the samples; NULL: all. */
static hebb_status give_labels(const hb_batch *w, const size_t *place, size_t count) {
    const hb_trainer *t = w->trainer;
    const hb_graph *graph = hb_reach_graph(t->net);
    for (size_t i = 0; i < graph->reward_count; i++) {
        const hb_rewarder *r = &graph->rewards[i];
        for (size_t b = 0; b < count; b++)
            t->rewarded[b] = r->reward.ops->labels ? t->labels[place ? place[b] : b] : 0;
        HEBB_TRY(hebb_net_reward(t->net, r->name, t->rewarded, count));
    }
    for (size_t b = 0; b < count; b++) t->taught[b] = t->labels[place ? place[b] : b];
    for (size_t i = 0; i < t->learner_count; i++) {
        hebb_learner *learner = t->learners[i].learner;
        if (learner->plastic && hb_plastic_lesson(learner->rule) == HB_LESSON_LABELS)
            HEBB_TRY(hebb_learner_teach(learner, t->taught, count));
    }
    return HEBB_OK;
}

/* The mean of what the first reward gave in the last run. */
static hebb_status count_reward(hb_batch *w, size_t count) {
    const hb_graph *graph = hb_reach_graph(w->trainer->net);
    const double *values;
    const unsigned char *given;
    size_t shape[2], times = 0;
    double sum = 0;
    if (!graph->reward_count) return HEBB_OK;
    HEBB_TRY(
        hebb_net_reward_values(w->trainer->net, graph->rewards[0].name, &values, &given, shape));
    for (size_t s = 0; s < shape[0]; s++)
        for (size_t i = 0; given[s] && i < shape[1]; i++, times++) sum += values[s * shape[1] + i];
    if (times) w->sums.reward += sum / (double)times * (double)count;
    return HEBB_OK;
}

/* ---- showing ---- */

static hebb_status present(hb_batch *w, const float *values, const uint64_t *ids,
                           const size_t *place, size_t count, size_t tries) {
    hb_trainer *t = w->trainer;
    HEBB_TRY(hebb_net_input(t->net, t->encoder, values, count, t->encoder_size));
    HEBB_TRY(hebb_net_presentation(t->net, w->epoch + ((uint64_t)tries << TRY_SHIFT), ids, count));
    if (w->work == HB_LEARN) HEBB_TRY(give_labels(w, place, count));
    HEBB_TRY(hebb_net_run(t->net, t->time));
    const uint64_t *spikes = hb_reach_engine(t->net)->spikes;
    size_t groups = hb_reach_graph(t->net)->group_count;
    for (size_t i = 0; i < groups && i < HB_RATE_GROUPS; i++) w->sums.spikes[i] += spikes[i];
    w->sums.shown += count;
    return HEBB_OK;
}

/* Keeps the counts of the last run for the classifiers; place: of its samples. */
static void keep_counts(const hb_batch *w, const size_t *place, size_t count) {
    const hb_trainer *t = w->trainer;
    const hb_engine *engine = hb_reach_engine(t->net);
    for (size_t i = 0; i < t->classifier_count; i++) {
        const hb_classifier *c = &t->classifiers[i];
        for (size_t b = 0; b < count; b++)
            engine->ops->counts(engine, c->group, b,
                                counts_of(t, i) + (place ? place[b] : b) * c->n);
    }
}

static double spikes_of(const hb_trainer *t, size_t sample) {
    const hb_engine *engine = hb_reach_engine(t->net);
    uint32_t *counts = counts_of(t, t->classifier_count);
    double sum = 0;
    engine->ops->counts(engine, t->retry_group, sample, counts);
    for (size_t j = 0; j < hb_reach_graph(t->net)->groups[t->retry_group].n; j++) sum += counts[j];
    return sum;
}

/* Which samples of the last run were answered with too few spikes; place and again may be one. */
static size_t find_dim(const hb_trainer *t, const size_t *place, size_t count, size_t *again) {
    size_t dim = 0;
    for (size_t b = 0; b < count; b++) {
        size_t at = place ? place[b] : b;
        if (spikes_of(t, b) < t->retry_spikes) again[dim++] = at;
    }
    return dim;
}

/* Diehl & Cook: what has hardly been seen is shown again, brighter. */
static hebb_status show_again(hb_batch *w) {
    hb_trainer *t = w->trainer;
    size_t dim = t->retries ? find_dim(t, NULL, w->count, t->again) : 0;
    for (size_t tries = 1; dim && tries <= t->retries; tries++) {
        float factor = (float)(1 + t->retry_gain * (double)tries);
        for (size_t b = 0; b < dim; b++) {
            const float *from = t->values + t->again[b] * t->encoder_size;
            float *to = t->again_values + b * t->encoder_size;
            for (size_t i = 0; i < t->encoder_size; i++) to[i] = factor * from[i];
            t->again_ids[b] = t->ids[t->again[b]];
        }
        HEBB_TRY(present(w, t->again_values, t->again_ids, t->again, dim, tries));
        keep_counts(w, t->again, dim);
        dim = find_dim(t, t->again, dim, t->again);
    }
    return HEBB_OK;
}

/* ---- reading ---- */

static void read_decoder(const hb_batch *w, const float *predict, size_t classes, size_t *read) {
    for (size_t b = 0; b < w->count; b++) {
        const float *row = predict + b * classes;
        size_t best = 0; /* ties go to the lowest class */
        for (size_t c = 1; c < classes; c++)
            if (row[c] > row[best]) best = c;
        read[b] = best;
    }
}

/* scores of sample b of the last run, by the spikes of the actor's group */
static void score(const hb_trainer *t, size_t b) {
    const hb_actor *a = &t->actor;
    const hb_engine *engine = hb_reach_engine(t->net);
    size_t pop = a->action.pop_size, n = a->choices * pop;
    for (size_t c = 0; c < a->choices; c++) a->scores[c] = 0;
    if (a->action.ops->score == HB_SCORE_SUM) {
        uint32_t *counts = counts_of(t, t->classifier_count);
        engine->ops->counts(engine, a->group, b, counts);
        for (size_t i = 0; i < n; i++) a->scores[i / pop] += counts[i];
        return;
    }
    bool fired = false;
    for (size_t s = 0; s < engine->steps && !fired; s++)
        for (size_t i = 0; i < n; i++)
            if (engine->ops->spiked(engine, a->group, b, s, i)) {
                a->scores[i / pop] = 1;
                fired = true;
            }
}

static void choose_actions(const hb_batch *w, size_t *read) {
    const hb_trainer *t = w->trainer;
    const hb_actor *a = &t->actor;
    for (size_t b = 0; b < w->count; b++) {
        score(t, b);
        read[b] = hb_action_choose(&a->action, a->scores, a->choices, t->seed, w->draw, b);
    }
}

/* Classes by what counts; *read is NULL where nothing can tell them yet. */
static hebb_status read_classes(hb_batch *w, size_t **read) {
    hb_trainer *t = w->trainer;
    *read = NULL;
    for (size_t i = 0; i < t->classifier_count; i++) {
        const hb_classifier *c = &t->classifiers[i];
        size_t *to = t->read + i * t->batch_size;
        if (!c->fitted || (w->work == HB_LEARN && hb_classifier_fits(c))) continue;
        for (size_t b = 0; b < w->count; b++) {
            to[b] = hb_classifier_predict(c, counts_of(t, i) + b * c->n);
            w->sums.read[i] += to[b] == (size_t)t->labels[b];
        }
        if (i == 0) *read = to;
    }
    if (t->actor.acts) {
        *read = t->read + t->classifier_count * t->batch_size;
        choose_actions(w, *read);
        return HEBB_OK;
    }
    if (t->classifier_count || !t->decoder) return HEBB_OK;
    const float *predict;
    size_t batch, classes;
    HEBB_TRY(hebb_net_predict(t->net, t->decoder, &predict, &batch, &classes));
    *read = t->read;
    read_decoder(w, predict, classes, *read);
    return HEBB_OK;
}

static void count_correct(hb_batch *w, const size_t *read) {
    for (size_t b = 0; read && b < w->count; b++) {
        size_t label = (size_t)w->trainer->labels[b];
        w->sums.judged++;
        w->sums.correct += read[b] == label;
        if (w->confusion && label < w->classes && read[b] < w->classes)
            w->confusion[label * w->classes + read[b]]++;
    }
}

/* The environment answers the actions, and the run goes on until its reward has come. */
static hebb_status answer(const hb_batch *w, const size_t *read) {
    hb_trainer *t = w->trainer;
    const hb_graph *graph = hb_reach_graph(t->net);
    if (w->work != HB_LEARN || !w->set->arms || !read) return HEBB_OK;
    for (size_t b = 0; b < w->count; b++)
        t->rewarded[b] = hb_dataset_answer(w->set, t->seed, w->epoch, t->ids[b], read[b]);
    for (size_t i = 0; i < graph->reward_count; i++)
        if (!graph->rewards[i].reward.ops->labels)
            HEBB_TRY(hebb_net_reward(t->net, graph->rewards[i].name, t->rewarded, w->count));
    return hebb_net_run_continue(t->net, t->feedback);
}

/* Shows the batch and reads it. */
static hebb_status show(hb_batch *w) {
    hb_trainer *t = w->trainer;
    size_t *read;
    w->sums = (hb_sums){.count = w->count};
    HEBB_TRY(present(w, t->values, t->ids, NULL, w->count, 0));
    keep_counts(w, NULL, w->count);
    HEBB_TRY(show_again(w));
    HEBB_TRY(read_classes(w, &read));
    count_correct(w, read);
    HEBB_TRY(answer(w, read));
    return w->work == HB_LEARN ? count_reward(w, w->count) : HEBB_OK;
}

/* ---- losses ---- */

static bool has_loss(const hb_trainer *t, size_t learner) {
    return !t->learners[learner].learner->plastic;
}

static hebb_status take_loss(hb_batch *w, size_t learner, double *loss) {
    hb_trainer *t = w->trainer;
    HEBB_TRY(hebb_learner_loss(t->learners[learner].learner, t->labels, w->count, loss));
    if (isfinite(*loss)) return HEBB_OK;
    return hb_fail(t->env, HEBB_E_NOT_FINITE, "the loss of '%s' is %g", t->learners[learner].name,
                   *loss);
}

/* LBFGS comes back here; what counts is the first time, before any change. */
static hebb_status run_again(void *user, double *loss) {
    hb_batch *w = user;
    hebb_learner *learner = w->trainer->learners[w->learner].learner;
    HEBB_TRY(hebb_learner_zero_grad(learner));
    hb_batch first = *w;
    bool again = w->sums.count > 0;
    HEBB_TRY(show(w));
    HEBB_TRY(take_loss(w, w->learner, loss));
    if (again)
        w->sums = first.sums;
    else
        w->loss = *loss;
    return hebb_learner_backward(learner);
}

static bool wants_closure(hebb_learner *learner) {
    const hb_optim *optim = hb_learner_optim(learner);
    return optim && optim->ops && optim->ops->needs_closure;
}

/* One showing serves the losses of all learners. */
static hebb_status take_gradients(hb_batch *w) {
    hb_trainer *t = w->trainer;
    for (size_t i = 0; i < t->learner_count; i++)
        if (has_loss(t, i)) HEBB_TRY(hebb_learner_zero_grad(t->learners[i].learner));
    HEBB_TRY(show(w));
    for (size_t i = 0; i < t->learner_count; i++) {
        double loss;
        if (!has_loss(t, i)) continue;
        HEBB_TRY(take_loss(w, i, &loss));
        w->loss += loss;
        if (!wants_closure(t->learners[i].learner))
            HEBB_TRY(hebb_learner_backward(t->learners[i].learner));
    }
    return HEBB_OK;
}

static hebb_status learn(hb_batch *w) {
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

static hebb_status judge(hb_batch *w) {
    HEBB_TRY(show(w));
    for (size_t i = 0; i < w->trainer->learner_count; i++) {
        double loss;
        if (!has_loss(w->trainer, i)) continue;
        HEBB_TRY(take_loss(w, i, &loss));
        w->loss += loss;
    }
    return HEBB_OK;
}

/* Only for classifiers that are about to be fitted. */
static hebb_status respond(hb_batch *w) {
    hb_trainer *t = w->trainer;
    w->sums = (hb_sums){.count = w->count};
    HEBB_TRY(present(w, t->values, t->ids, NULL, w->count, 0));
    keep_counts(w, NULL, w->count);
    HEBB_TRY(show_again(w));
    for (size_t i = 0; i < t->classifier_count; i++) {
        hb_classifier *c = &t->classifiers[i];
        for (size_t b = 0; hb_classifier_fits(c) && b < w->count; b++)
            if (!c->samples || c->responses.rows < c->samples)
                HEBB_TRY(hb_classifier_add(c, counts_of(t, i) + b * c->n, t->labels[b]));
    }
    return HEBB_OK;
}

hebb_status hb_batch_do(hb_batch *w) {
    return w->work == HB_LEARN ? learn(w) : w->work == HB_TEST ? judge(w) : respond(w);
}

void hb_batch_add(const hb_batch *w, hb_sums *sums) {
    const hb_sums *s = &w->sums;
    sums->loss += w->trainer->gradient ? w->loss * (double)w->count : NAN;
    sums->reward += s->reward;
    sums->correct += s->correct;
    sums->count += s->count;
    sums->judged += s->judged;
    sums->shown += s->shown;
    for (size_t i = 0; i < HB_RATE_GROUPS; i++) sums->spikes[i] += s->spikes[i];
    for (size_t i = 0; i < HB_CLASSIFIERS; i++) sums->read[i] += s->read[i];
}

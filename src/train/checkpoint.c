/* What a run needs to go on: arrays as tensors, all else as YAML in the metadata. */
#include "train/checkpoint.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/yaml.h"
#include "train/kept.h"

#define FORMAT "hebb checkpoint 1"

/* ---- history ---- */

#define FIELD(name)                                                                                \
    { #name, offsetof(hb_history, name) }
static const struct {
    const char *name;
    size_t offset;
} fields[] = {FIELD(train_loss),           FIELD(train_accuracy),
              FIELD(train_rate),           FIELD(validation_loss),
              FIELD(validation_accuracy),  FIELD(test_loss),
              FIELD(test_accuracy),        FIELD(best_epoch),
              FIELD(best_validation_loss), FIELD(best_validation_accuracy),
              FIELD(best_test_accuracy),   FIELD(best_test_epoch),
              FIELD(train_reward)};

static double *field_of(hb_history *history, size_t i) {
    return (double *)((char *)history + fields[i].offset);
}

void hb_history_init(hb_history *history) {
    for (size_t i = 0; i < HB_COUNT(fields); i++) *field_of(history, i) = NAN;
    history->best_epoch = history->best_test_epoch = 0;
}

/* ---- scalars ---- */

static hebb_status put_number(hb_env *env, hb_node *map, const char *key, double value) {
    char text[32];
    return hb_node_put(env, map, key, hb_number_text(text, value));
}

static hebb_status put_whole(hb_env *env, hb_node *map, const char *key, uint64_t value) {
    char text[32];
    snprintf(text, sizeof text, "%ju", (uintmax_t)value);
    return hb_node_put(env, map, key, text);
}

static hebb_status add_map(hb_env *env, hb_node *map, const char *key, hb_node **made) {
    *made = hb_node_new(env, HB_NODE_MAP, NULL);
    return hb_node_add(env, map, key, *made);
}

/* Reads scalars of a map; the first that is missing is remembered. */
typedef struct reader {
    const hb_saved *saved;
    const hb_node *map;
    hebb_status status;
} reader;

static const hb_node *take(reader *r, const char *key) {
    const hb_node *node = hb_node_get(r->map, key);
    if (node || r->status < 0) return node;
    r->status =
        hb_fail(r->saved->env, HEBB_E_FORMAT,
                "'%s' is not a whole checkpoint: its state lacks '%s'", r->saved->path, key);
    return NULL;
}

static double take_number(reader *r, const char *key) {
    const hb_node *node = take(r, key);
    double value = 0;
    if (node && !hb_node_number(node, &value) && r->status >= 0)
        r->status = hb_fail(r->saved->env, HEBB_E_FORMAT, "'%s': its state '%s' is not a number",
                            r->saved->path, key);
    return value;
}

static uint64_t take_whole(reader *r, const char *key) {
    const hb_node *node = take(r, key);
    const char *text = node && node->type == HB_NODE_SCALAR ? node->text : "";
    char *end = NULL;
    unsigned long long value = strtoull(text, &end, 10);
    if (node && (!*text || *text == '-' || *end) && r->status >= 0)
        r->status = hb_fail(r->saved->env, HEBB_E_FORMAT,
                            "'%s': its state '%s' is not a whole number", r->saved->path, key);
    return value;
}

/* ---- learners ---- */

static const char *schedule_key(char key[16], size_t i) {
    snprintf(key, 16, "memory_%zu", i);
    return key;
}

static hebb_status put_learner(hb_env *env, hb_node *map, hebb_learner *learner) {
    const hb_optim *optim = hb_learner_optim(learner);
    const hb_sched *sched = hb_learner_sched(learner);
    if (optim) {
        HEBB_TRY(put_whole(env, map, "step", optim->step));
        HEBB_TRY(put_number(env, map, "lr", optim->lr));
        HEBB_TRY(put_number(env, map, "initial_lr", optim->initial_lr));
        HEBB_TRY(put_number(env, map, "momentum", optim->momentum));
        HEBB_TRY(put_number(env, map, "beta1", optim->beta1));
    }
    if (!sched) return HEBB_OK;
    HEBB_TRY(put_whole(env, map, "schedule_step", sched->step));
    char key[16];
    for (size_t i = 0; i < HB_COUNT(sched->memory); i++)
        HEBB_TRY(put_number(env, map, schedule_key(key, i), sched->memory[i]));
    return HEBB_OK;
}

static void take_learner(reader *r, hebb_learner *learner) {
    hb_optim *optim = hb_learner_optim(learner);
    hb_sched *sched = hb_learner_sched(learner);
    if (optim) {
        optim->step = take_whole(r, "step");
        optim->lr = take_number(r, "lr");
        optim->initial_lr = take_number(r, "initial_lr");
        optim->momentum = take_number(r, "momentum");
        optim->beta1 = take_number(r, "beta1");
    }
    if (!sched) return;
    sched->step = take_whole(r, "schedule_step");
    char key[16];
    for (size_t i = 0; i < HB_COUNT(sched->memory); i++)
        sched->memory[i] = take_number(r, schedule_key(key, i));
}

static void slot_name(char name[400], const char *learner, const char *param, const char *what) {
    snprintf(name, 400, "optimizer/%.64s/%.140s/%.40s", learner, param ? param : "?", what);
}

static hb_tensor_type type_of(hebb_dtype dtype) {
    return dtype == HEBB_F64 ? HB_TENSOR_F64 : HB_TENSOR_F32;
}

/* Walks all arrays of an optimizer: into the list, or back from the file. */
typedef hebb_status (*array_visit)(void *user, const char *name, hb_tensor_type type, void *data,
                                   size_t count);

static hebb_status each_array(const hb_learner_entry *entry, array_visit visit, void *user) {
    hb_optim *optim = hb_learner_optim(entry->learner);
    char name[400];
    for (size_t i = 0; optim && i < optim->slot_count; i++) {
        hb_slot *slot = &optim->slots[i];
        const char *param = hb_learner_param(entry->learner, i);
        for (int s = 0; s < optim->ops->states; s++) {
            if (!slot->state[s]) continue;
            slot_name(name, entry->name, param, optim->ops->state_names[s]);
            HEBB_TRY(visit(user, name, type_of(slot->dtype), slot->state[s], slot->count));
        }
        slot_name(name, entry->name, param, "scalars");
        HEBB_TRY(visit(user, name, HB_TENSOR_F64, slot->scalar, HB_COUNT(slot->scalar)));
    }
    if (!optim || !optim->extra || !optim->extra_count) return HEBB_OK;
    snprintf(name, sizeof name, "optimizer/%.64s/extra", entry->name);
    return visit(user, name, HB_TENSOR_F64, optim->extra, optim->extra_count);
}

static hebb_status visit_add(void *user, const char *name, hb_tensor_type type, void *data,
                             size_t count) {
    return hb_tensors_row(user, name, type, data, count);
}

static hebb_status visit_restore(void *user, const char *name, hb_tensor_type type, void *data,
                                 size_t count) {
    const hb_saved *saved = user;
    return hb_row_restore(saved->env, saved->file, saved->path, name, type, data, count);
}

/* ---- writing ---- */

static hebb_status fill_state(const hb_checkpoint *c, hb_node *root) {
    hb_trainer *t = c->trainer;
    hb_env *env = t->env;
    hb_node *history, *learners;
    HEBB_TRY(put_whole(env, root, "epoch", t->epoch));
    HEBB_TRY(put_whole(env, root, "batch", t->batch));
    HEBB_TRY(put_whole(env, root, "seed", t->seed));
    HEBB_TRY(put_whole(env, root, "presentations", hb_reach_graph(t->net)->counter));
    HEBB_TRY(put_number(env, root, "loss_sum", t->sums.loss));
    HEBB_TRY(put_whole(env, root, "correct", t->sums.correct));
    HEBB_TRY(put_whole(env, root, "count", t->sums.count));
    HEBB_TRY(put_whole(env, root, "judged", t->sums.judged));
    HEBB_TRY(put_whole(env, root, "shown", t->sums.shown));
    HEBB_TRY(put_number(env, root, "reward_sum", t->sums.reward));
    HEBB_TRY(add_map(env, root, "history", &history));
    for (size_t i = 0; i < HB_COUNT(fields); i++)
        HEBB_TRY(put_number(env, history, fields[i].name, *field_of(c->history, i)));
    HEBB_TRY(add_map(env, root, "learners", &learners));
    for (size_t i = 0; i < t->learner_count; i++) {
        hb_node *one;
        HEBB_TRY(add_map(env, learners, t->learners[i].name, &one));
        HEBB_TRY(put_learner(env, one, t->learners[i].learner));
    }
    return HEBB_OK;
}

static hebb_status state_text(const hb_checkpoint *c, hb_text *text) {
    hb_node *root = hb_node_new(c->trainer->env, HB_NODE_MAP, NULL);
    if (!root) return HEBB_E_MEMORY;
    hebb_status status = fill_state(c, root);
    if (status >= 0) {
        hb_yaml_write(text, root);
        status = hb_text_done(text);
    }
    hb_node_free(c->trainer->env, root);
    return status;
}

static void classifier_key(char key[100], const hb_classifier *c) {
    snprintf(key, 100, "readout/%.64s", c->name);
}

static hebb_status add_classifiers(const hb_trainer *t, hb_tensors *tensors) {
    for (size_t i = 0; i < t->classifier_count; i++) {
        const hb_classifier *c = &t->classifiers[i];
        char key[100];
        classifier_key(key, c);
        if (hb_classifier_fits(c) && c->fitted)
            HEBB_TRY(
                hb_tensors_row(tensors, key, HB_TENSOR_F32, c->weight, c->classes * (c->n + 1)));
    }
    return HEBB_OK;
}

static hebb_status collect(const hb_checkpoint *c, hb_tensors *tensors) {
    hb_trainer *t = c->trainer;
    const hb_engine *engine = hb_reach_engine(t->net);
    HEBB_TRY(hb_tensors_network(tensors, engine));
    HEBB_TRY(engine->graph->is_double ? hb_tensors_kept_f64(tensors, engine)
                                      : hb_tensors_kept_f32(tensors, engine));
    for (size_t i = 0; i < t->learner_count; i++)
        HEBB_TRY(each_array(&t->learners[i], visit_add, tensors));
    HEBB_TRY(add_classifiers(t, tensors));
    return hb_tensors_row(tensors, "sums/spikes", HB_TENSOR_U64, t->sums.spikes, HB_RATE_GROUPS);
}

hebb_status hb_checkpoint_write(const hb_checkpoint *c, const char *path) {
    hb_env *env = c->trainer->env;
    hb_tensors tensors = {.env = env};
    hb_text state;
    hb_text_init(&state, env);
    hebb_status status = state_text(c, &state);
    if (status >= 0) status = collect(c, &tensors);
    if (status >= 0) {
        hb_metadata metadata[] = {{"format", FORMAT},
                                  {"hebb_version", HEBB_VERSION_STRING},
                                  {"config", c->config},
                                  {"state", state.data}};
        status = hb_safetensors_write(env, path, tensors.items, tensors.count, metadata, 4);
    }
    hb_tensors_free(&tensors);
    hb_text_free(&state);
    return status;
}

/* ---- reading ---- */

hebb_status hb_saved_open_any(hb_env *env, const char *path, hb_saved *saved) {
    *saved = (hb_saved){.env = env};
    saved->path = hb_strdup(env, path);
    if (!saved->path) return HEBB_E_MEMORY;
    hebb_status status = hb_safetensors_open(env, path, &saved->file);
    if (status < 0) {
        hb_saved_close(saved);
        return status;
    }
    const char *format = hb_safetensors_metadata(saved->file, "format");
    if (format && !strcmp(format, FORMAT))
        saved->config = hb_safetensors_metadata(saved->file, "config");
    return HEBB_OK;
}

hebb_status hb_saved_open(hb_env *env, const char *path, hb_saved *saved) {
    HEBB_TRY(hb_saved_open_any(env, path, saved));
    if (saved->config) return HEBB_OK;
    const char *format = hb_safetensors_metadata(saved->file, "format");
    hebb_status status = hb_fail(env, HEBB_E_FORMAT,
                                 "'%s' is not a checkpoint to resume from: its format is '%.60s', "
                                 "'" FORMAT "' is read",
                                 path, format ? format : "none");
    hb_saved_close(saved);
    return status;
}

void hb_saved_close(hb_saved *saved) {
    hb_safetensors_close(saved->env, saved->file);
    hb_free(saved->env, saved->path);
    *saved = (hb_saved){.env = saved->env};
}

static hebb_status read_state(const hb_saved *saved, hb_node **root) {
    const char *text = hb_safetensors_metadata(saved->file, "state");
    if (!text)
        return hb_fail(saved->env, HEBB_E_FORMAT, "'%s' is not a whole checkpoint: it has no state",
                       saved->path);
    return hb_yaml_read(saved->env, saved->path, text, strlen(text), root);
}

static void take_history(reader *r, hb_history *history) {
    const hb_node *map = r->map;
    r->map = take(r, "history");
    for (size_t i = 0; i < HB_COUNT(fields); i++)
        *field_of(history, i) = take_number(r, fields[i].name);
    r->map = map;
}

hebb_status hb_saved_history(const hb_saved *saved, hb_history *history, uint64_t *epochs) {
    hb_node *root;
    HEBB_TRY(read_state(saved, &root));
    reader r = {saved, root, HEBB_OK};
    hb_history taken;
    take_history(&r, &taken);
    uint64_t epoch = take_whole(&r, "epoch");
    hb_node_free(saved->env, root);
    if (r.status < 0) return r.status;
    *history = taken;
    *epochs = epoch;
    return HEBB_OK;
}

static hebb_status take_state(const hb_saved *saved, const hb_checkpoint *c, const hb_node *root) {
    hb_trainer *t = c->trainer;
    reader r = {saved, root, HEBB_OK};
    t->epoch = take_whole(&r, "epoch");
    t->batch = (size_t)take_whole(&r, "batch");
    hb_reach_graph(t->net)->counter = take_whole(&r, "presentations");
    t->sums = (hb_sums){0};
    t->sums.loss = take_number(&r, "loss_sum");
    t->sums.correct = take_whole(&r, "correct");
    t->sums.count = take_whole(&r, "count");
    t->sums.judged = take_whole(&r, "judged");
    t->sums.shown = take_whole(&r, "shown");
    t->sums.reward = take_number(&r, "reward_sum");
    take_history(&r, c->history);
    const hb_node *learners = take(&r, "learners");
    for (size_t i = 0; i < t->learner_count; i++) {
        r.map = learners;
        r.map = take(&r, t->learners[i].name);
        take_learner(&r, t->learners[i].learner);
    }
    return r.status;
}

static hebb_status restore_state(const hb_saved *saved, const hb_checkpoint *c) {
    hb_node *root;
    HEBB_TRY(read_state(saved, &root));
    hebb_status status = take_state(saved, c, root);
    hb_node_free(saved->env, root);
    return status;
}

hebb_status hb_saved_weights(const hb_saved *saved, hb_trainer *trainer) {
    HEBB_TRY(hb_network_restore(hb_reach_engine(trainer->net), saved->file, saved->path));
    for (size_t i = 0; i < trainer->classifier_count; i++) {
        hb_classifier *c = &trainer->classifiers[i];
        char key[100];
        classifier_key(key, c);
        if (!hb_classifier_fits(c) || !hb_safetensors_find(saved->file, key)) continue;
        HEBB_TRY(hb_row_restore(saved->env, saved->file, saved->path, key, HB_TENSOR_F32, c->weight,
                                c->classes * (c->n + 1)));
        c->fitted = true;
    }
    return HEBB_OK;
}

hebb_status hb_saved_restore(const hb_saved *saved, const hb_checkpoint *c) {
    hb_trainer *t = c->trainer;
    hb_engine *engine = hb_reach_engine(t->net);
    HEBB_TRY(hb_saved_weights(saved, t));
    HEBB_TRY(engine->graph->is_double ? hb_kept_restore_f64(engine, saved->file, saved->path)
                                      : hb_kept_restore_f32(engine, saved->file, saved->path));
    HEBB_TRY(restore_state(saved, c));
    for (size_t i = 0; i < t->learner_count; i++)
        HEBB_TRY(each_array(&t->learners[i], visit_restore, (void *)saved));
    return hb_row_restore(saved->env, saved->file, saved->path, "sums/spikes", HB_TENSOR_U64,
                          t->sums.spikes, HB_RATE_GROUPS);
}

/* Opening, training and testing a run. */
#include "train/run.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "train/network_file.h"
#include "train/readout_file.h"

/* ---- opening ---- */

static char *path_in(hb_env *env, const char *folder, const char *name) {
    return hb_format(env, "%s/%s", folder, name);
}

/* The checkpoint that `resume` names, and the run folder that it stands in ("" if in none). */
static hebb_status find_checkpoint(hebb_run *run, const char *resume, char **folder) {
    hb_env *env = run->env;
    *folder = NULL;
    if (hb_path_is_folder(resume)) {
        *folder = hb_strdup(env, resume);
        run->resumed = path_in(env, resume, "checkpoints/last.safetensors");
        if (!*folder || !run->resumed) return HEBB_E_MEMORY;
        if (hb_path_exists(run->resumed)) return HEBB_OK;
        return hb_fail(env, HEBB_E_IO, "'%s' holds no checkpoint to resume from ('%s' is missing)",
                       resume, run->resumed);
    }
    if (!hb_path_exists(resume))
        return hb_fail(env, HEBB_E_IO, "there is no run folder or checkpoint '%s' to resume from",
                       resume);
    run->chosen = true;
    run->resumed = hb_strdup(env, resume);
    *folder = hb_strdup(env, resume);
    if (!run->resumed || !*folder) return HEBB_E_MEMORY;
    /* PATH/checkpoints/name: the run is PATH */
    char *slash = strrchr(*folder, '/');
    if (slash) *slash = 0;
    char *name = slash ? strrchr(*folder, '/') : NULL;
    bool inside = name && !strcmp(name + 1, "checkpoints");
    *(inside ? name : *folder) = 0;
    return HEBB_OK;
}

static hebb_status read_config(hebb_run *run, const char *file, const char *const *set,
                               uint64_t seed, const hb_saved *saved) {
    if (file) return hb_config_read_file(run->env, file, set, seed, &run->config);
    return hb_config_read(run->env, saved->path, saved->config, strlen(saved->config), set, seed,
                          &run->config);
}

static hebb_status prepare(hebb_run *run, const char *file, const hebb_run_options *options,
                           uint64_t seed) {
    hb_env *env = run->env;
    if (options->output && !(run->output = hb_strdup(env, options->output))) return HEBB_E_MEMORY;
    if (!options->resume) {
        if (!file)
            return hb_fail(env, HEBB_E_ARGUMENT, "a run needs a file, or a run to resume from");
        return hb_config_read_file(env, file, options->set, seed, &run->config);
    }
    char *folder;
    hb_saved saved = {.env = env};
    hebb_status status = find_checkpoint(run, options->resume, &folder);
    if (status >= 0) status = hb_saved_open(env, run->resumed, &saved);
    if (status >= 0) status = read_config(run, file, options->set, seed, &saved);
    if (status >= 0) status = hb_config_same(&run->config, saved.config, run->resumed);
    if (status >= 0 && folder[0] && (!run->output || hb_path_same(run->output, folder)))
        status = hb_folder_open(&run->folder, folder);
    hb_free(env, folder);
    hb_saved_close(&saved);
    return status;
}

hebb_status hb_run_prepare(hb_env *env, hebb_ctx *ctx, const char *file,
                           const hebb_run_options *options, uint64_t seed, int threads,
                           hebb_run **out) {
    hebb_run *run = hb_calloc(env, 1, sizeof *run);
    if (!run) return HEBB_E_MEMORY;
    run->env = env;
    run->ctx = ctx;
    run->threads = threads;
    run->dry_run = options->dry_run != 0;
    run->config.origin.env = env;
    run->folder = (hb_folder){.env = env, .note = options->note, .user = options->user};
    run->trainer = (hb_trainer){.env = env, .progress = options->progress, .user = options->user};
    hb_history_init(&run->history);
    hb_text_init(&run->json, env);
    hb_text_init(&run->report, env);
    hb_text_init(&run->summary, env);
    hebb_status status = prepare(run, file, options, seed);
    if (status < 0) {
        hb_run_free(run);
        return status;
    }
    *out = run;
    return HEBB_OK;
}

void hb_run_free(hebb_run *run) {
    if (!run) return;
    hb_env *env = run->env;
    if (run->shown) hb_loader_free(run->shown);
    hb_trainer_free(&run->trainer);
    hb_actor_free(env, &run->trainer.actor);
    for (size_t i = 0; i < run->classifier_count; i++) hb_classifier_free(&run->classifiers[i]);
    hebb_net_free(run->net); /* with its learners */
    hb_dataset_free(run->train_set);
    hb_dataset_free(run->test_set);
    hb_config_free(&run->config);
    hb_folder_free(&run->folder);
    hb_text_free(&run->json);
    hb_text_free(&run->report);
    hb_text_free(&run->summary);
    void *owned[] = {run->output,  run->learners,  run->learn_indices,   run->validate_indices,
                     run->resumed, run->confusion, run->respond_indices, run->classifiers};
    for (size_t i = 0; i < HB_COUNT(owned); i++) hb_free(env, owned[i]);
    hb_free(env, run);
}

/* ---- building ---- */

static hebb_status split(hebb_run *run) {
    size_t held = (size_t)hb_args_num(&run->config.data, "validation");
    size_t count = run->train_set->count;
    run->learn = (hb_part_of_data){run->train_set, NULL, count};
    run->test = (hb_part_of_data){run->test_set, NULL, run->test_set->count};
    if (!held) return HEBB_OK;
    if (held >= count)
        return hb_origin_fail(&run->config.origin, HEBB_E_RANGE,
                              hb_node_get(hb_node_get(run->config.root, "data"), "validation"),
                              "validation = %zu leaves nothing to learn from; there are %zu "
                              "training samples",
                              held, count);
    HEBB_TRY(hb_split_indices(run->env, count, held, run->config.seed, &run->learn_indices,
                              &run->validate_indices));
    run->learn = (hb_part_of_data){run->train_set, run->learn_indices, count - held};
    run->validate = (hb_part_of_data){run->train_set, run->validate_indices, held};
    return HEBB_OK;
}

static hebb_status open_data(hebb_run *run) {
    const hb_config *config = &run->config;
    const char *set = hb_args_text(&config->data, "set"),
               *path = hb_args_text(&config->data, "path");
    size_t train = (size_t)hb_args_num(&config->data, "train_limit");
    size_t test = (size_t)hb_args_num(&config->data, "test_limit");
    const hb_node *data = hb_node_get(config->root, "data");
    hebb_status status =
        hb_dataset_open(run->env, set, "train", path, train, config->seed, &run->train_set);
    if (status >= 0)
        status = hb_dataset_open(run->env, set, "test", path, test, config->seed, &run->test_set);
    if (status < 0) return hb_origin_blame(&config->origin, status, data);
    const hb_arg *arms = hb_args_get(&config->data, "arms");
    if (arms->given) {
        hb_dataset *const sets[] = {run->train_set, run->test_set};
        if (!sets[0]->arms)
            return hb_origin_fail(&config->origin, HEBB_E_ARGUMENT, hb_node_get(data, "arms"),
                                  "arms are a bandit's; '%s' has none", sets[0]->name);
        for (size_t i = 0; i < HB_COUNT(sets); i++) {
            status = hb_dataset_set_arms(sets[i], arms->list, arms->count);
            if (status < 0) return hb_origin_blame(&config->origin, status, data);
        }
    }
    if (config->augmented && !run->train_set->height)
        return hb_origin_fail(&config->origin, HEBB_E_ARGUMENT, hb_node_get(data, "augment"),
                              "augment changes images; the samples of '%s' are none",
                              run->train_set->name);
    return split(run);
}

static hebb_status build_network(hebb_run *run) {
    const hb_config *config = &run->config;
    HEBB_TRY(hb_network_from_tree(&config->origin, config->network, run->ctx,
                                  (int)hb_training_num(config, "batch_size"),
                                  hb_training_num(config, "time"), &run->net));
    HEBB_TRY(hb_learners_from_tree(&config->origin, config->learner, config->learners, run->net,
                                   &run->learners, &run->learner_count));
    hebb_status status = hebb_net_build(run->net);
    return hb_network_blame(&config->origin, status, config->network);
}

/* The first so many samples to learn from, as many as some readout wants. */
static hebb_status choose_responses(hebb_run *run) {
    size_t wanted = 0;
    run->respond = run->learn;
    for (size_t i = 0; i < run->classifier_count; i++) {
        const hb_classifier *c = &run->classifiers[i];
        size_t samples = c->samples ? c->samples : run->learn.count;
        if (hb_classifier_fits(c) && samples > wanted) wanted = samples;
    }
    if (!wanted || wanted >= run->learn.count) return HEBB_OK;
    run->respond_indices = hb_calloc(run->env, wanted, sizeof *run->respond_indices);
    if (!run->respond_indices) return HEBB_E_MEMORY;
    for (size_t i = 0; i < wanted; i++)
        run->respond_indices[i] = run->learn.indices ? run->learn.indices[i] : i;
    run->respond = (hb_part_of_data){run->train_set, run->respond_indices, wanted};
    return HEBB_OK;
}

static hebb_status set_readouts(hebb_run *run) {
    hb_trainer *t = &run->trainer;
    HEBB_TRY(hb_readouts_from_config(&run->config, run->net, run->train_set->classes,
                                     &run->classifiers, &run->classifier_count));
    t->classifiers = run->classifiers;
    t->classifier_count = run->classifier_count;
    t->feedback = hb_args_given(&run->config.training, "feedback")
                      ? hb_training_num(&run->config, "feedback")
                      : 0;
    HEBB_TRY(hb_actor_from_config(&run->config, run->net, &t->actor));
    HEBB_TRY(hb_retry_from_config(&run->config, t));
    return choose_responses(run);
}

static hebb_status check_predicts(const hebb_run *run) {
    const hb_trainer *t = &run->trainer;
    if (t->decoder || t->classifier_count || t->actor.acts) return HEBB_OK;
    return hb_fail(run->env, HEBB_E_GRAPH,
                   "%s: nothing tells classes; give the network a decoder, or the file a readout, "
                   "such as: readout: {method: vote}",
                   run->config.file);
}

static hebb_status set_trainer(hebb_run *run) {
    const hb_config *config = &run->config;
    hb_trainer *t = &run->trainer;
    t->net = run->net;
    t->learners = run->learners;
    t->learner_count = run->learner_count;
    t->time = hb_training_num(config, "time");
    t->batch_size = hb_training_count(config, "batch_size");
    t->shuffle = hb_training_num(config, "shuffle") != 0;
    t->epochs = (int)hb_training_num(config, "epochs");
    t->seed = config->seed;
    t->augment = config->augmented ? &config->augment : NULL;
    HEBB_TRY(set_readouts(run));
    hebb_status status = hb_trainer_init(t, NULL);
    if (status >= 0) HEBB_TRY(check_predicts(run));
    if (status >= 0) status = hb_trainer_check(t, run->train_set);
    if (status >= 0) status = hb_trainer_check(t, run->test_set);
    if (status < 0) return hb_origin_blame(&config->origin, status, config->network);
    size_t classes = run->test_set->classes;
    run->confusion = hb_calloc(run->env, classes * classes, sizeof *run->confusion);
    return run->confusion ? HEBB_OK : HEBB_E_MEMORY;
}

hebb_status hb_run_build(hebb_run *run) {
    HEBB_TRY(build_network(run));
    HEBB_TRY(open_data(run));
    HEBB_TRY(set_trainer(run));
    if (!run->resumed) return HEBB_OK;
    hb_saved saved;
    HEBB_TRY(hb_saved_open(run->env, run->resumed, &saved));
    hebb_status status = hb_run_resume(run, &saved);
    hb_saved_close(&saved);
    return status;
}

/* ---- testing ---- */

/* Readouts belong to the weights that they were fitted with. */
static void unfit(hebb_run *run) {
    for (size_t i = 0; i < run->classifier_count; i++)
        run->classifiers[i].fitted = !hb_classifier_fits(&run->classifiers[i]);
}

static hebb_status fit_readouts(hebb_run *run) {
    bool fitted = true;
    for (size_t i = 0; i < run->classifier_count; i++) fitted &= run->classifiers[i].fitted;
    return fitted ? HEBB_OK : hb_trainer_fit_classifiers(&run->trainer, &run->respond);
}

static hebb_status test(hebb_run *run, const char *with) {
    hebb_status ready = fit_readouts(run);
    if (ready != HEBB_OK) return ready;
    hb_sums sums;
    size_t classes = run->test_set->classes, bytes = classes * classes * sizeof(uint64_t);
    uint64_t *confusion = hb_alloc(run->env, bytes);
    if (!confusion) return HEBB_E_MEMORY;
    hebb_status status = hb_trainer_evaluate(&run->trainer, "test", &run->test, &sums, confusion);
    if (status == HEBB_OK) {
        run->tested = sums;
        run->has_test = true;
        snprintf(run->tested_with, sizeof run->tested_with, "%.60s", with);
        memcpy(run->confusion, confusion, bytes);
    }
    hb_free(run->env, confusion);
    return status;
}

static hebb_status load_weights(hebb_run *run, const char *path) {
    hb_saved saved;
    HEBB_TRY(hb_saved_open_any(run->env, path, &saved));
    unfit(run);
    hebb_status status = hb_saved_weights(&saved, &run->trainer);
    /* A run that only tests tells what the file knows of its training. */
    bool new_here = !run->trainer.epoch && !run->trainer.batch;
    if (status >= 0 && saved.config && new_here)
        status = hb_saved_history(&saved, &run->history, &run->epochs_told);
    hb_saved_close(&saved);
    run->foreign = true;
    return status;
}

/* FOLDER/checkpoints/NAME.safetensors if it exists; else NULL, and *status tells
 * whether that is for lack of memory. */
static char *checkpoint_path(hebb_run *run, const char *name, hebb_status *status) {
    const char *folder = run->folder.path ? run->folder.path : run->output;
    *status = HEBB_OK;
    if (!folder) return NULL;
    char *path = hb_format(run->env, "%s/checkpoints/%s.safetensors", folder, name);
    if (!path) *status = HEBB_E_MEMORY;
    if (path && !hb_path_exists(path)) {
        hb_free(run->env, path);
        path = NULL;
    }
    return path;
}

static hebb_status test_file(hebb_run *run, const char *path, const char *with) {
    HEBB_TRY(load_weights(run, path));
    return test(run, with);
}

/* A run that has just been opened looks into its folder; one that was trained or
 * taken up holds its last weights itself. */
static hebb_status test_folder(hebb_run *run) {
    bool holds = run->trainer.epoch || run->trainer.batch;
    bool wants_best = !run->chosen && (!holds || run->history.best_epoch > 0);
    hebb_status status = HEBB_OK;
    const char *with = "best";
    char *path = wants_best ? checkpoint_path(run, "best", &status) : NULL;
    if (!path && status >= 0 && !holds) {
        with = "last";
        path = checkpoint_path(run, with, &status);
    }
    if (status < 0) return status;
    if (path) {
        status = test_file(run, path, with);
        hb_free(run->env, path);
        return status;
    }
    if (!holds && run->output)
        return hb_fail(run->env, HEBB_E_IO, "'%s' holds no checkpoint that could be tested",
                       run->output);
    return test(run, holds ? "last" : "untrained");
}

hebb_status hb_run_evaluate(hebb_run *run, const char *checkpoint) {
    if (!checkpoint) return test_folder(run);
    const char *slash = strrchr(checkpoint, '/');
    return test_file(run, checkpoint, slash ? slash + 1 : checkpoint);
}

/* ---- training ---- */

double hb_run_seconds(const hebb_run *run) {
    double now = run->session_start > 0 ? hb_seconds_now() - run->session_start : 0;
    return run->seconds_before + now;
}

static hebb_status after_batch(void *user) {
    hebb_run *run = user;
    size_t batches = hb_training_count(&run->config, "checkpoint_batches");
    double seconds = hb_training_num(&run->config, "checkpoint_seconds");
    bool due = batches && run->trainer.batch % batches == 0;
    if (seconds > 0 && hb_seconds_now() - run->last_save >= seconds) due = true;
    return due ? hb_run_save(run, "last") : HEBB_OK;
}

/* Validation and test behind an epoch; nothing is kept when they are stopped. */
static hebb_status judge_epoch(hebb_run *run, hb_history *history) {
    hb_trainer *t = &run->trainer;
    hb_sums sums;
    uint64_t epoch = t->epoch + 1;
    history->train_loss = hb_mean_loss(&t->sums);
    history->train_accuracy = hb_accuracy(&t->sums);
    history->train_rate = hb_mean_rate(t, &t->sums, SIZE_MAX);
    history->train_reward = hb_reach_graph(run->net)->reward_count && t->sums.count && t->plastic
                                ? t->sums.reward / (double)t->sums.count
                                : NAN;
    history->validation_loss = history->validation_accuracy = NAN;
    history->test_loss = history->test_accuracy = NAN;
    if (run->validate.count) {
        hebb_status status = fit_readouts(run);
        if (status == HEBB_OK)
            status = hb_trainer_evaluate(t, "validate", &run->validate, &sums, NULL);
        if (status != HEBB_OK) return status;
        history->validation_loss = hb_mean_loss(&sums);
        history->validation_accuracy = hb_accuracy(&sums);
    }
    size_t every = hb_training_count(&run->config, "test_every");
    bool last = epoch == (uint64_t)t->epochs;
    if (!last && (!every || epoch % every)) return HEBB_OK;
    hebb_status status = test(run, "last");
    if (status != HEBB_OK) return status;
    history->test_loss = hb_mean_loss(&run->tested);
    history->test_accuracy = hb_accuracy(&run->tested);
    if (!(history->test_accuracy <= history->best_test_accuracy)) {
        history->best_test_accuracy = history->test_accuracy;
        history->best_test_epoch = (double)epoch;
    }
    return HEBB_OK;
}

/* A better validation accuracy, or the same with less loss. */
static bool is_best(const hb_history *h) {
    if (isnan(h->validation_accuracy)) return false;
    if (!(h->best_epoch > 0)) return true;
    if (h->validation_accuracy != h->best_validation_accuracy)
        return h->validation_accuracy > h->best_validation_accuracy;
    return h->validation_loss < h->best_validation_loss; /* never, if there is no loss */
}

static hebb_status drop_old(hebb_run *run, uint64_t epoch, size_t keep) {
    if (epoch <= keep) return HEBB_OK;
    char name[64];
    snprintf(name, sizeof name, "checkpoints/epoch_%04ju.safetensors", (uintmax_t)(epoch - keep));
    char *path = hb_folder_file(&run->folder, name);
    if (!path) return HEBB_E_MEMORY;
    unlink(path);
    hb_free(run->env, path);
    return HEBB_OK;
}

static hebb_status save_epoch(hebb_run *run, bool best) {
    uint64_t epoch = run->trainer.epoch;
    size_t every = hb_training_count(&run->config, "checkpoint_every");
    size_t keep = hb_training_count(&run->config, "keep");
    bool due = epoch == (uint64_t)run->trainer.epochs || (every && epoch % every == 0);
    if (best) HEBB_TRY(hb_run_save(run, "best"));
    if (due && keep) {
        char name[32];
        snprintf(name, sizeof name, "epoch_%04ju", (uintmax_t)epoch);
        HEBB_TRY(hb_run_save(run, name));
        HEBB_TRY(drop_old(run, epoch, keep));
    }
    return due ? hb_run_save(run, "last") : HEBB_OK;
}

static void log_epoch(hebb_run *run, double lr, double seconds) {
    const hb_history *h = &run->history;
    char more[300] = "";
    size_t at = 0;
    if (!isnan(h->train_loss))
        at += (size_t)snprintf(more + at, sizeof more - at, ", loss %.5g", h->train_loss);
    if (!isnan(h->train_reward))
        at += (size_t)snprintf(more + at, sizeof more - at, ", reward %.4g", h->train_reward);
    if (!isnan(h->train_accuracy))
        at += (size_t)snprintf(more + at, sizeof more - at, ", accuracy %.2f %%",
                               100 * h->train_accuracy);
    if (!isnan(h->validation_accuracy))
        at += (size_t)snprintf(more + at, sizeof more - at, ", validation %.2f %%",
                               100 * h->validation_accuracy);
    if (!isnan(h->test_accuracy))
        at +=
            (size_t)snprintf(more + at, sizeof more - at, ", test %.2f %%", 100 * h->test_accuracy);
    if (run->trainer.gradient) snprintf(more + at, sizeof more - at, ", lr %g", lr);
    hb_folder_log(&run->folder, "epoch %ju of %d: %s, %.1f Hz, %.2f s",
                  (uintmax_t)run->trainer.epoch, run->trainer.epochs, more[0] ? more + 2 : "shown",
                  h->train_rate, seconds);
}

static hebb_status train_epoch(hebb_run *run) {
    hb_trainer *t = &run->trainer;
    unfit(run);
    hebb_status status = hb_trainer_epoch(t, &run->learn);
    if (status != HEBB_OK) return status;
    hb_history history = run->history;
    status = judge_epoch(run, &history);
    if (status != HEBB_OK) return status;
    double lr = hebb_learner_lr(run->learners[0].learner), seconds = t->sums.seconds;
    bool held = !isnan(history.validation_loss);
    HEBB_TRY(hb_trainer_schedules(t, held ? history.validation_loss : history.train_loss));
    bool best = is_best(&history);
    if (best) {
        history.best_epoch = (double)(t->epoch + 1);
        history.best_validation_accuracy = history.validation_accuracy;
        history.best_validation_loss = history.validation_loss;
    }
    run->history = history;
    run->train_seconds += seconds;
    HEBB_TRY(hb_run_metrics(run, lr, seconds));
    hb_trainer_next(t);
    log_epoch(run, lr, seconds);
    return save_epoch(run, best);
}

/* The accuracy that the run reports, of its last weights or its best ones. */
static hebb_status final_test(hebb_run *run) {
    bool best = !strcmp(hb_args_text(&run->config.training, "report"), "best");
    hebb_status status = HEBB_OK;
    char *path = best && run->history.best_epoch > 0 ? checkpoint_path(run, "best", &status) : NULL;
    if (status < 0) return status;
    if (path) {
        status = test_file(run, path, "best");
        hb_free(run->env, path);
        return status;
    }
    return run->has_test ? HEBB_OK : test(run, run->trainer.epoch ? "last" : "untrained");
}

static hebb_status finish(hebb_run *run) {
    hebb_status status = final_test(run);
    if (status != HEBB_OK) return status;
    const char *json = hb_run_json(run);
    if (!json) return HEBB_E_MEMORY;
    HEBB_TRY(hb_folder_write(&run->folder, "result.json", json));
    HEBB_TRY(hb_run_plot_all(run));
    hb_folder_log(&run->folder, "test accuracy %.2f %%, in %s", 100 * hb_accuracy(&run->tested),
                  run->folder.path);
    return HEBB_OK;
}

static hebb_status stop(hebb_run *run) {
    hb_trainer *t = &run->trainer;
    run->stopped = true;
    HEBB_TRY(hb_run_save(run, "last"));
    hb_folder_log(&run->folder, "stopped in epoch %ju after batch %zu; resume with --resume %s",
                  (uintmax_t)t->epoch + 1, t->batch, run->folder.path);
    return HEBB_STOPPED;
}

static hebb_status train(hebb_run *run) {
    HEBB_TRY(hb_run_begin_files(run));
    run->trainer.after_batch = after_batch;
    run->trainer.after_user = run;
    while (run->trainer.epoch < (uint64_t)run->trainer.epochs) {
        hebb_status status = train_epoch(run);
        if (status == HEBB_STOPPED) return stop(run);
        if (status < 0) return status;
    }
    return finish(run);
}

hebb_status hb_run_train(hebb_run *run) {
    if (run->dry_run) return HEBB_OK;
    if (run->foreign)
        return hb_fail(run->env, HEBB_E_STATE,
                       "the network holds the weights of another checkpoint since it was tested; "
                       "open the run again to train it");
    run->stopped = false;
    run->session_start = run->last_save = hb_seconds_now();
    hebb_status status = train(run);
    run->seconds_before = hb_run_seconds(run);
    run->session_start = 0;
    if (status < 0) hb_folder_log(&run->folder, "failed: %.900s", run->env->error);
    return status;
}

/* The result of a run, for programs and for people. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "train/host.h"
#include "train/run.h"

static const char *finished(hb_text *text) {
    return hb_text_done(text) < 0 ? NULL : text->data ? text->data : "";
}

/* Epochs behind the weights. */
static uint64_t epochs_of(const hebb_run *run) {
    return run->trainer.epoch ? run->trainer.epoch : run->epochs_told;
}

static size_t parameter_count(const hebb_run *run) {
    const hb_engine *engine = hb_reach_engine(run->net);
    size_t count = 0;
    for (size_t i = 0; i < engine->param_count; i++)
        if (engine->params[i].what != HB_P_DELAY) count += engine->params[i].count;
    return count;
}

static size_t trainable_count(const hebb_run *run) {
    const hb_engine *engine = hb_reach_engine(run->net);
    size_t count = 0;
    for (size_t i = 0; i < engine->param_count; i++)
        if (engine->params[i].trainable) count += engine->params[i].count;
    return count;
}

double hb_run_read_accuracy(const hebb_run *run, size_t classifier) {
    if (!run->has_test || !run->tested.judged) return NAN;
    return (double)run->tested.read[classifier] / (double)run->tested.judged;
}

/* ---- JSON ---- */

static void add_number(hb_text *text, const char *name, double value) {
    hb_text_add(text, ", \"%s\": ", name);
    hb_json_number(text, value);
}

static void add_string(hb_text *text, const char *name, const char *value) {
    hb_text_add(text, ", \"%s\": ", name);
    if (value)
        hb_json_string(text, value);
    else
        hb_text_add(text, "null");
}

/* The accuracy of every readout that was asked for. */
static void add_readouts(hb_text *text, const hebb_run *run) {
    if (!run->classifier_count) return;
    hb_text_add(text, ", \"readouts\": {");
    for (size_t i = 0; i < run->classifier_count; i++) {
        hb_text_add(text, "%s", i ? ", " : "");
        hb_json_string(text, run->classifiers[i].name);
        hb_text_add(text, ": ");
        hb_json_number(text, hb_run_read_accuracy(run, i));
    }
    hb_text_add(text, "}");
}

static void add_confusion(hb_text *text, const hebb_run *run) {
    size_t classes = run->test_set->classes;
    hb_text_add(text, ", \"confusion\": ");
    if (!run->has_test) {
        hb_text_add(text, "null");
        return;
    }
    for (size_t i = 0; i < classes; i++)
        for (size_t j = 0; j < classes; j++)
            hb_text_add(text, "%s%ju",
                        j   ? ", "
                        : i ? "], ["
                            : "[[",
                        (uintmax_t)run->confusion[i * classes + j]);
    hb_text_add(text, "]]");
}

const char *hb_run_json(hebb_run *run) {
    hb_text *text = &run->json;
    const hb_history *h = &run->history;
    double epochs = (double)epochs_of(run);
    double best = h->best_test_accuracy;
    if (isnan(best) && run->has_test) best = hb_accuracy(&run->tested);
    hb_text_clear(text);
    hb_text_add(text, "{\"name\": ");
    hb_json_string(text, run->config.name);
    add_string(text, "data", run->test_set->name);
    add_string(text, "version", HEBB_VERSION_STRING);
    hb_text_add(text, ", \"seed\": %ju", (uintmax_t)run->config.seed);
    add_number(text, "threads", run->threads);
    add_string(text, "status", run->stopped ? "stopped" : "complete");
    add_number(text, "epochs", epochs);
    add_number(text, "test_accuracy", run->has_test ? hb_accuracy(&run->tested) : NAN);
    add_number(text, "test_loss", run->has_test ? hb_mean_loss(&run->tested) : NAN);
    add_number(text, "test_samples", run->has_test ? (double)run->tested.count : NAN);
    add_string(text, "tested", run->has_test ? run->tested_with : NULL);
    add_number(text, "best_test_accuracy", best);
    add_number(text, "loss", h->train_loss);
    add_number(text, "train_accuracy", h->train_accuracy);
    add_number(text, "train_samples", (double)run->learn.count);
    add_number(text, "validation_accuracy", h->validation_accuracy);
    add_number(text, "best_validation_accuracy", h->best_validation_accuracy);
    add_number(text, "best_epoch", h->best_epoch > 0 ? h->best_epoch : NAN);
    if (hb_reach_graph(run->net)->reward_count) add_number(text, "reward", h->train_reward);
    add_readouts(text, run);
    add_number(text, "rate_hz", h->train_rate);
    add_number(text, "parameters", (double)parameter_count(run));
    add_number(text, "seconds", hb_run_seconds(run));
    add_number(text, "seconds_per_epoch", run->trainer.epoch ? run->train_seconds / epochs : NAN);
    add_number(text, "peak_memory_bytes", (double)hb_peak_memory());
    add_string(text, "folder", run->folder.path ? run->folder.path : run->output);
    add_confusion(text, run);
    hb_text_add(text, "}");
    return finished(text);
}

/* ---- report ---- */

static void add_table(hb_text *text, const hebb_run *run) {
    size_t classes = run->test_set->classes;
    hb_text_add(text, "\nrows: label, columns: prediction\n     ");
    for (size_t j = 0; j < classes; j++) hb_text_add(text, " %6zu", j);
    hb_text_add(text, "   recall\n");
    for (size_t i = 0; i < classes; i++) {
        uint64_t all = 0;
        hb_text_add(text, "%5zu", i);
        for (size_t j = 0; j < classes; j++) {
            uint64_t count = run->confusion[i * classes + j];
            all += count;
            hb_text_add(text, " %6ju", (uintmax_t)count);
        }
        if (all)
            hb_text_add(text, "  %5.1f %%\n",
                        100 * (double)run->confusion[i * classes + i] / (double)all);
        else
            hb_text_add(text, "        -\n");
    }
}

static void add_phase(hb_text *text, const char *name, double loss, double accuracy) {
    if (isnan(accuracy)) return;
    hb_text_add(text, "%-12s ", name);
    if (!isnan(loss)) hb_text_add(text, "loss %.4g, ", loss);
    hb_text_add(text, "accuracy %.2f %%\n", 100 * accuracy);
}

const char *hb_run_report(hebb_run *run) {
    hb_text *text = &run->report;
    const hb_history *h = &run->history;
    hb_text_clear(text);
    hb_text_add(text, "%s on %s: ", run->config.name, run->test_set->name);
    if (run->has_test)
        hb_text_add(text, "test accuracy %.2f %% (%ju of %ju), %s weights", /* the news first */
                    100 * hb_accuracy(&run->tested), (uintmax_t)run->tested.correct,
                    (uintmax_t)run->tested.count, run->tested_with);
    else
        hb_text_add(text, "not tested");
    hb_text_add(text, ", %ju epochs%s\n", (uintmax_t)epochs_of(run),
                run->stopped ? " (stopped)" : "");
    add_phase(text, "training", h->train_loss, h->train_accuracy);
    add_phase(text, "validation", h->validation_loss, h->validation_accuracy);
    if (run->has_test)
        add_phase(text, "test", hb_mean_loss(&run->tested), hb_accuracy(&run->tested));
    for (size_t i = 0; run->has_test && i < run->classifier_count; i++)
        hb_text_add(text, "readout      %s: accuracy %.2f %%\n", run->classifiers[i].name,
                    100 * hb_run_read_accuracy(run, i));
    if (!isnan(h->train_reward)) hb_text_add(text, "reward       %.4g\n", h->train_reward);
    if (h->best_epoch > 0)
        hb_text_add(text, "best         epoch %.0f, validation accuracy %.2f %%\n", h->best_epoch,
                    100 * h->best_validation_accuracy);
    if (run->trainer.epoch)
        hb_text_add(text, "time         %.2f s in all, %.2f s an epoch of training\n",
                    hb_run_seconds(run), run->train_seconds / (double)run->trainer.epoch);
    hb_text_add(text, "seed         %ju, %d threads, %.0f MB at most\n",
                (uintmax_t)run->config.seed, run->threads, (double)hb_peak_memory() / 1e6);
    if (run->has_test && run->test_set->classes <= 40) add_table(text, run);
    if (run->folder.path)
        hb_text_add(text,
                    "\n%s: config.yaml, run.json, log.txt, metrics.csv, metrics.jsonl, "
                    "result.json, checkpoints/\n",
                    run->folder.path);
    return finished(text);
}

/* ---- summary ---- */

static const char *kind_of(const hb_group *group) {
    static const char *const roles[] = {"neurons", "encoder", "generator"};
    return roles[group->role];
}

static void add_groups(hb_text *text, const hebb_run *run) {
    const hb_graph *g = hb_reach_graph(run->net);
    hb_text_add(text, "groups\n");
    for (size_t i = 0; i < g->group_count; i++) {
        const hb_group *group = &g->groups[i];
        const char *model = group->role == HB_NEURONS ? group->args.component->name
                                                      : group->encoder.ops->component->name;
        hb_text_add(text, "  %-20s %8zu  %s %s\n", group->name, group->n, kind_of(group), model);
    }
    hb_text_add(text, "connections\n");
    for (size_t i = 0; i < g->connection_count; i++) {
        const hb_connection *c = &g->connections[i];
        hb_text_add(text, "  %-20s %8zu  %s, %s -> %s", c->name, c->wiring.count,
                    c->kind->component->name, g->groups[c->pre].name, g->groups[c->post].name);
        if (c->wiring.delay_max)
            hb_text_add(text, ", delays of up to %g ms", (double)c->wiring.delay_max * g->dt);
        hb_text_add(text, "\n");
    }
    hb_text_add(text, "decoders\n");
    for (size_t i = 0; i < g->readout_count; i++)
        hb_text_add(text, "  %-20s %8zu  %s of %s\n", g->readouts[i].name,
                    g->readouts[i].decoder.classes, g->readouts[i].decoder.ops->component->name,
                    g->groups[g->readouts[i].target].name);
}

static void add_parameters(hb_text *text, const hebb_run *run) {
    const hb_engine *engine = hb_reach_engine(run->net);
    hb_text_add(text, "parameters\n");
    for (size_t i = 0; i < engine->param_count; i++) {
        const hb_parameter *p = &engine->params[i];
        hb_text_add(text, "  %-20s %8zu  [%zu", p->name, p->count, p->shape[0]);
        if (p->ndim > 1) hb_text_add(text, ", %zu", p->shape[1]);
        hb_text_add(text, "]%s\n", p->trainable ? ", trainable" : "");
    }
    hb_text_add(text, "  %-20s %8zu  of them trainable %zu\n", "all", parameter_count(run),
                trainable_count(run));
}

static void add_learners(hb_text *text, const hebb_run *run) {
    for (size_t i = 0; i < run->learner_count; i++) {
        hebb_learner *learner = run->learners[i].learner;
        const hb_optim *optim = hb_learner_optim(learner);
        const hb_sched *sched = hb_learner_sched(learner);
        const char *decoder = hb_reach_decoder(learner);
        hb_text_add(text, "learner\n  %-20s %s", run->learners[i].name,
                    learner->args.component->name);
        if (optim) hb_text_add(text, ", %s, lr %g", optim->ops->component->name, optim->lr);
        if (sched)
            hb_text_add(text, ", %s every %s", sched->ops->component->name,
                        run->learners[i].every_batch ? "batch" : "epoch");
        if (learner->has_loss)
            hb_text_add(text, ", loss %s of %s", learner->loss.args.component->name,
                        decoder ? decoder : "?");
        hb_text_add(text, "\n");
    }
}

static void add_readings(hb_text *text, const hebb_run *run) {
    const hb_graph *g = hb_reach_graph(run->net);
    if (g->reward_count) hb_text_add(text, "rewards\n");
    for (size_t i = 0; i < g->reward_count; i++)
        hb_text_add(text, "  %-20s %8zu  %s of %s\n", g->rewards[i].name,
                    g->rewards[i].reward.classes, g->rewards[i].reward.ops->component->name,
                    g->groups[g->rewards[i].target].name);
    const hb_actor *a = &run->trainer.actor;
    if (a->acts)
        hb_text_add(text, "action\n  %-20s %8zu  choices by %s\n", g->groups[a->group].name,
                    a->choices, a->action.ops->component->name);
    if (run->classifier_count) hb_text_add(text, "readouts\n");
    for (size_t i = 0; i < run->classifier_count; i++)
        hb_text_add(text, "  %-20s %8zu  classes of %s\n", run->classifiers[i].name,
                    run->classifiers[i].classes, g->groups[run->classifiers[i].group].name);
}

const char *hb_run_summary(hebb_run *run) {
    hb_text *text = &run->summary;
    const hb_graph *g = hb_reach_graph(run->net);
    const hb_trainer *t = &run->trainer;
    hb_text_clear(text);
    hb_text_add(text, "%s: dt %g ms, %s, %s numbers, seed %ju\n", run->config.name, g->dt,
                g->latency ? "one step a hop" : "same step", g->is_double ? "double" : "float",
                (uintmax_t)run->config.seed);
    add_groups(text, run);
    add_parameters(text, run);
    add_learners(text, run);
    add_readings(text, run);
    hb_text_add(text, "data\n  %-20s %s\n", "learn from", run->train_set->origin);
    if (run->validate.count)
        hb_text_add(text, "  %-20s %zu of them\n", "validate with", run->validate.count);
    hb_text_add(text, "  %-20s %s\n", "test with", run->test_set->origin);
    hb_text_add(text, "training\n  %-20s %d x %zu samples, batches of %zu, %g ms each\n", "epochs",
                t->epochs, run->learn.count, t->batch_size, t->time);
    hb_text_add(text, "  %-20s %.1f MB\n", "memory of a run",
                (double)hb_reach_engine(run->net)->arena_bytes / 1e6);
    return finished(text);
}

/* What a run writes beside its checkpoints, and how it is taken up again. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "io/yaml.h"
#include "train/host.h"
#include "train/run.h"

#define CLOCK "checkpoints/last.clock"

/* ---- the beginning ---- */

static hebb_status write_run_json(hebb_run *run) {
    hb_text text;
    hb_text_init(&text, run->env);
    hb_text_add(&text, "{\"name\": ");
    hb_json_string(&text, run->config.name);
    hb_text_add(&text, ", \"version\": \"%s\", \"build\": ", HEBB_VERSION_STRING);
    hb_json_string(&text, hebb_build_info());
    hb_text_add(&text, ", \"seed\": %ju, \"threads\": %d, ", (uintmax_t)run->config.seed,
                run->threads);
    hb_host_json(&text);
    hb_text_add(&text, "}\n");
    hebb_status status = hb_text_done(&text);
    if (status >= 0) status = hb_folder_write(&run->folder, "run.json", text.data);
    hb_text_free(&text);
    return status;
}

/* The columns never change their order; new ones would come behind. */
static const char csv_header[] =
    "epoch,step,train_loss,train_accuracy,validation_loss,validation_accuracy,test_loss,"
    "test_accuracy,lr,rate_hz,seconds,elapsed_seconds,peak_memory_bytes,reward\n";

static hebb_status new_folder(hebb_run *run) {
    HEBB_TRY(hb_folder_create(&run->folder, run->output, run->config.name));
    HEBB_TRY(hb_folder_write(&run->folder, "config.yaml", run->config.text));
    HEBB_TRY(write_run_json(run));
    HEBB_TRY(hb_folder_write(&run->folder, "metrics.csv", csv_header));
    return hb_folder_write(&run->folder, "metrics.jsonl", "");
}

/* A run that goes on in its own folder has cut its metrics by now. */
hebb_status hb_run_begin_files(hebb_run *run) {
    hb_trainer *t = &run->trainer;
    bool fresh = run->folder.path == NULL;
    if (fresh) HEBB_TRY(new_folder(run));
    if (run->resumed)
        hb_folder_log(&run->folder, "resumed from %s: epoch %ju, batch %zu; seed %ju, %d threads",
                      run->resumed, (uintmax_t)t->epoch + 1, t->batch, (uintmax_t)run->config.seed,
                      run->threads);
    else
        hb_folder_log(&run->folder, "run %s: seed %ju, %d threads, hebb %s", run->config.name,
                      (uintmax_t)run->config.seed, run->threads, HEBB_VERSION_STRING);
    /* From the first moment on there is something to resume from. */
    return fresh ? hb_run_save(run, "last") : HEBB_OK;
}

/* ---- metrics ---- */

typedef struct column {
    const char *name;
    double value;
} column;

static void add_rates(hb_text *text, const hebb_run *run) {
    const hb_graph *graph = hb_reach_graph(run->net);
    bool first = true;
    hb_text_add(text, ", \"rates_hz\": {");
    for (size_t i = 0; i < graph->group_count && i < HB_RATE_GROUPS; i++) {
        if (graph->groups[i].role != HB_NEURONS) continue;
        if (!first) hb_text_add(text, ", ");
        hb_json_string(text, graph->groups[i].name);
        hb_text_add(text, ": ");
        hb_json_number(text, hb_mean_rate(&run->trainer, &run->trainer.sums, i));
        first = false;
    }
    hb_text_add(text, "}");
}

static void add_json_row(hb_text *text, const hebb_run *run, const column *columns, size_t count) {
    hb_text_add(text, "{");
    for (size_t i = 0; i < count; i++) {
        hb_text_add(text, "%s\"%s\": ", i ? ", " : "", columns[i].name);
        hb_json_number(text, columns[i].value);
    }
    add_rates(text, run);
    hb_text_add(text, "}\n");
}

static void add_csv_row(hb_text *text, const column *columns, size_t count) {
    char number[32];
    for (size_t i = 0; i < count; i++)
        hb_text_add(text, "%s%s", i ? "," : "",
                    isfinite(columns[i].value) ? hb_number_text(number, columns[i].value) : "");
    hb_text_add(text, "\n");
}

/* Before hb_trainer_next: the epoch's own sums are still there. */
hebb_status hb_run_metrics(hebb_run *run, double lr, double seconds) {
    const hb_history *h = &run->history;
    const hb_trainer *t = &run->trainer;
    const column columns[] = {{"epoch", (double)t->epoch + 1},
                              {"step", ((double)t->epoch + 1) * (double)t->batch},
                              {"train_loss", h->train_loss},
                              {"train_accuracy", h->train_accuracy},
                              {"validation_loss", h->validation_loss},
                              {"validation_accuracy", h->validation_accuracy},
                              {"test_loss", h->test_loss},
                              {"test_accuracy", h->test_accuracy},
                              {"lr", lr},
                              {"rate_hz", h->train_rate},
                              {"seconds", seconds},
                              {"elapsed_seconds", hb_run_seconds(run)},
                              {"peak_memory_bytes", (double)hb_peak_memory()},
                              {"reward", h->train_reward}};
    hb_text json, csv;
    hb_text_init(&json, run->env);
    hb_text_init(&csv, run->env);
    add_json_row(&json, run, columns, HB_COUNT(columns));
    add_csv_row(&csv, columns, HB_COUNT(columns));
    hebb_status status = hb_text_done(&json);
    if (status >= 0) status = hb_text_done(&csv);
    if (status >= 0) status = hb_folder_append(&run->folder, "metrics.jsonl", json.data, true);
    if (status >= 0) status = hb_folder_append(&run->folder, "metrics.csv", csv.data, true);
    hb_text_free(&json);
    hb_text_free(&csv);
    return status;
}

/* ---- checkpoints ---- */

/* Seconds are no part of a checkpoint, which is the same bytes however long it took. */
static hebb_status write_clock(hebb_run *run) {
    char text[200], elapsed[32], training[32], epoch[32];
    snprintf(text, sizeof text, "elapsed: %s\ntraining: %s\nepoch: %s\nat: %ju\nbatch: %zu\n",
             hb_number_text(elapsed, hb_run_seconds(run)),
             hb_number_text(training, run->train_seconds),
             hb_number_text(epoch, run->trainer.sums.seconds), (uintmax_t)run->trainer.epoch,
             run->trainer.batch);
    return hb_folder_write(&run->folder, CLOCK, text);
}

hebb_status hb_run_save(hebb_run *run, const char *name) {
    char file[100];
    snprintf(file, sizeof file, "checkpoints/%.60s.safetensors", name);
    char *path = hb_folder_file(&run->folder, file);
    if (!path) return HEBB_E_MEMORY;
    hb_checkpoint checkpoint = {&run->trainer, &run->history, run->config.text};
    hebb_status status = hb_checkpoint_write(&checkpoint, path);
    hb_free(run->env, path);
    if (status < 0 || strcmp(name, "last") != 0) return status;
    run->last_save = hb_seconds_now();
    return write_clock(run);
}

static double seconds_of(const hb_node *root, const char *key) {
    double value = 0;
    hb_node_number(hb_node_get(root, key), &value);
    return isfinite(value) && value > 0 ? value : 0;
}

/* A clock that is missing or of another moment costs a few seconds of bookkeeping. */
hebb_status hb_run_read_clock(hebb_run *run) {
    char *path = hb_folder_file(&run->folder, CLOCK);
    hb_node *root = NULL;
    if (!path) return HEBB_E_MEMORY;
    hebb_status status = hb_path_exists(path) ? hb_yaml_read_file(run->env, path, &root) : HEBB_OK;
    hb_free(run->env, path);
    if (status == HEBB_E_MEMORY) return status;
    if (!root) return HEBB_OK;
    run->seconds_before = seconds_of(root, "elapsed");
    run->train_seconds = seconds_of(root, "training");
    if (seconds_of(root, "at") == (double)run->trainer.epoch &&
        seconds_of(root, "batch") == (double)run->trainer.batch)
        run->trainer.sums.seconds = seconds_of(root, "epoch");
    hb_node_free(run->env, root);
    return HEBB_OK;
}

hebb_status hb_run_resume(hebb_run *run, const hb_saved *saved) {
    hb_checkpoint checkpoint = {&run->trainer, &run->history, run->config.text};
    HEBB_TRY(hb_saved_restore(saved, &checkpoint));
    if (run->trainer.epoch > (uint64_t)run->trainer.epochs)
        return hb_fail(run->env, HEBB_E_STATE,
                       "'%s' has seen %ju epochs; training.epochs = %d is less", saved->path,
                       (uintmax_t)run->trainer.epoch, run->trainer.epochs);
    if (!run->folder.path) return HEBB_OK;
    HEBB_TRY(hb_run_read_clock(run));
    if (run->dry_run) return HEBB_OK;
    HEBB_TRY(
        hb_folder_keep_epochs(&run->folder, "metrics.jsonl", "{\"epoch\": ", run->trainer.epoch));
    HEBB_TRY(hb_folder_keep_epochs(&run->folder, "metrics.csv", "", run->trainer.epoch));
    return hb_folder_write(&run->folder, "config.yaml", run->config.text);
}

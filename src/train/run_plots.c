/* Pictures of a run: receptive fields, curves over epochs, the confusion table. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "io/files.h"
#include "plot/plot.h"
#include "train/run.h"

enum { MAX_METRICS = 64 << 20 };

/* ---- weights ---- */

/* A weight whose rows are images as large as the samples. */
static bool is_fields(const hebb_run *run, const hb_parameter *p) {
    const hb_graph *graph = hb_reach_graph(run->net);
    if (p->what != HB_P_WEIGHT || p->ndim != 2 || !run->train_set->height) return false;
    const hb_connection *c = &graph->connections[p->connection];
    size_t pixels = run->train_set->height * run->train_set->width;
    return graph->groups[c->pre].role == HB_ENCODER && p->shape[1] == pixels &&
           p->count == p->shape[0] * p->shape[1];
}

static hebb_status plot_fields(hebb_run *run, const hb_parameter *p, const char *path) {
    double *values = hb_calloc(run->env, p->count, sizeof *values);
    if (!values) return HEBB_E_MEMORY;
    hb_param_get(hb_reach_engine(run->net), p, p->values, values);
    hebb_status status = hb_plot_grid(run->env, values, p->shape[0], run->train_set->height,
                                      run->train_set->width, path);
    hb_free(run->env, values);
    return status;
}

static const hb_parameter *find_fields(const hebb_run *run, const char *connection) {
    const hb_engine *engine = hb_reach_engine(run->net);
    const hb_graph *graph = hb_reach_graph(run->net);
    for (size_t i = 0; i < engine->param_count; i++) {
        const hb_parameter *p = &engine->params[i];
        if (!is_fields(run, p)) continue;
        if (!connection || !strcmp(graph->connections[p->connection].name, connection)) return p;
    }
    return NULL;
}

static hebb_status plot_weights(hebb_run *run, const char *connection, const char *path) {
    hb_graph *graph = hb_reach_graph(run->net);
    if (connection && hb_graph_need(graph, "connection", connection) < 0) return HEBB_E_NAME;
    const hb_parameter *p = find_fields(run, connection);
    if (p) return plot_fields(run, p, path);
    return hb_fail(run->env, HEBB_E_ARGUMENT,
                   "%s%s%s: only a full connection from an encoder that takes images has weights "
                   "that are images",
                   connection ? "'" : "the network", connection ? connection : "",
                   connection ? "'" : "");
}

/* ---- curves ---- */

static const char *const shown[] = {"train_accuracy", "validation_accuracy", "test_accuracy",
                                    "train_loss",     "validation_loss",     "test_loss"};
static const char *const names[] = {"training", "validation", "test"};
enum { SHOWN = 6, EACH = 3 };

/* The number in the field of that place; NaN if it is empty. */
static double field_of(const char *line, size_t place) {
    for (; place && *line && *line != '\n'; line++) place -= *line == ',';
    double value;
    return hb_read_number(line, &value) ? value : NAN;
}

static size_t place_of(const char *header, const char *name) {
    size_t place = 0, n = strlen(name);
    for (const char *at = header; *at && *at != '\n'; place++) {
        size_t length = strcspn(at, ",\n");
        if (length == n && !strncmp(at, name, n)) return place;
        at += length + (at[length] == ',');
    }
    return SIZE_MAX;
}

/* values[SHOWN][epochs] */
static hebb_status draw_curves(hebb_run *run, const char *text, double *values, size_t epochs,
                               const char *path) {
    hb_curve curves[SHOWN];
    for (size_t k = 0; k < SHOWN; k++) {
        size_t place = place_of(text, shown[k]), i = 0;
        for (const char *line = strchr(text, '\n'); line && line[1] && i < epochs; i++) {
            values[k * epochs + i] = place == SIZE_MAX ? NAN : field_of(line + 1, place);
            line = strchr(line + 1, '\n');
        }
        curves[k] = (hb_curve){.name = names[k % EACH], .values = values + k * epochs};
    }
    bool losses = false;
    for (size_t i = 0; i < epochs; i++) losses |= isfinite(values[EACH * epochs + i]);
    hb_panel panels[] = {{"accuracy", curves, EACH}, {"loss", curves + EACH, EACH}};
    return hb_plot_curves(run->env, "epoch", panels, losses ? 2 : 1, epochs, path);
}

static hebb_status plot_curve(hebb_run *run, const char *path) {
    const char *folder = run->folder.path ? run->folder.path : run->output;
    if (!folder) return hb_fail(run->env, HEBB_E_STATE, "a curve is drawn of a run in a folder");
    char *metrics = hb_format(run->env, "%s/metrics.csv", folder);
    if (!metrics) return HEBB_E_MEMORY;
    unsigned char *text;
    size_t size, epochs = 0;
    hebb_status status = hb_file_read(run->env, metrics, MAX_METRICS, &text, &size);
    hb_free(run->env, metrics);
    HEBB_TRY(status);
    for (size_t i = 0; i < size; i++) epochs += text[i] == '\n';
    epochs -= epochs > 0; /* the header */
    double *values = hb_calloc(run->env, SHOWN * epochs, sizeof *values);
    status = !values ? HEBB_E_MEMORY
             : !epochs
                 ? hb_fail(run->env, HEBB_E_STATE, "'%s' has no finished epoch to draw", folder)
                 : draw_curves(run, (const char *)text, values, epochs, path);
    hb_free(run->env, values);
    hb_free(run->env, text);
    return status;
}

/* ---- all ---- */

hebb_status hb_run_plot(hebb_run *run, const char *what, const char *connection, const char *path) {
    if (!strcmp(what, "weights")) return plot_weights(run, connection, path);
    if (!strcmp(what, "curve")) return plot_curve(run, path);
    if (strcmp(what, "confusion") != 0)
        return hb_fail(run->env, HEBB_E_NAME,
                       "there is no picture '%.60s'; there are: weights, curve, confusion", what);
    if (!run->has_test) HEBB_TRY(hb_run_evaluate(run, NULL));
    if (!run->has_test) return HEBB_STOPPED;
    return hb_plot_confusion(run->env, run->confusion, run->test_set->classes, path);
}

/* A picture that cannot be drawn does not spoil a run. */
hebb_status hb_run_plot_all(hebb_run *run) {
    const hb_engine *engine = hb_reach_engine(run->net);
    const hb_graph *graph = hb_reach_graph(run->net);
    for (size_t i = 0; i < engine->param_count; i++) {
        const hb_parameter *p = &engine->params[i];
        if (!p->plastic || !is_fields(run, p)) continue;
        char *folder = hb_folder_file(&run->folder, "plots");
        char *path = folder ? hb_format(run->env, "%s/%s%s", folder,
                                        graph->connections[p->connection].name, hb_plot_ending())
                            : NULL;
        hebb_status status = path ? HEBB_OK : HEBB_E_MEMORY;
        if (status >= 0 && mkdir(folder, 0777) != 0 && errno != EEXIST)
            status = hb_fail(run->env, HEBB_E_IO, "the folder '%s' cannot be made: %s", folder,
                             strerror(errno));
        if (status >= 0) status = plot_fields(run, p, path);
        if (status >= 0)
            hb_folder_log(&run->folder, "receptive fields of %s: %s", p->name, path);
        else
            hb_folder_log(&run->folder, "no picture: %.900s", run->env->error);
        hb_free(run->env, path);
        hb_free(run->env, folder);
        if (status == HEBB_E_MEMORY) return status;
    }
    return HEBB_OK;
}

/* Whole runs from files, and networks from files. */
#include <string.h>

#include "api/net.h"
#include "io/yaml.h"
#include "train/config.h"
#include "train/network_file.h"
#include "train/run.h"

hebb_run_options hebb_run_options_default(void) {
    return (hebb_run_options){.struct_size = sizeof(hebb_run_options)};
}

static void destroy(void *object) { hb_run_free(object); }

/* Networks and data sets draw from the context's seed; here it is the run's. */
static hebb_status build_seeded(hebb_ctx *ctx, hebb_run *run) {
    uint64_t seed = ctx->seed;
    ctx->seed = run->config.seed;
    hebb_status status = hb_run_build(run);
    ctx->seed = seed;
    return status;
}

hebb_status hebb_run_open(hebb_ctx *ctx, const char *file, const hebb_run_options *options,
                          hebb_run **out) {
    if (!ctx) return hb_null(__func__, "ctx");
    hb_env *env = &ctx->env;
    if (!out) return hb_fail(env, HEBB_E_ARGUMENT, "hebb_run_open: run is NULL");
    *out = NULL;
    hebb_run_options o = hebb_run_options_default();
    if (options && options->struct_size == 0)
        return hb_fail(env, HEBB_E_ARGUMENT,
                       "hebb_run_open: struct_size is 0; begin with hebb_run_options_default()");
    if (options)
        memcpy(&o, options, options->struct_size < sizeof o ? options->struct_size : sizeof o);
    hebb_run *run;
    HEBB_TRY(hb_run_prepare(env, ctx, file, &o, ctx->seed, hebb_ctx_threads(ctx), &run));
    hebb_status status = build_seeded(ctx, run);
    if (status >= 0) status = hb_ctx_own(ctx, run, destroy);
    if (status < 0)
        hb_run_free(run);
    else
        *out = run;
    return status;
}

void hebb_run_free(hebb_run *run) {
    if (!run) return;
    hb_ctx_disown(run->ctx, run);
    hb_run_free(run);
}

hebb_status hebb_run_train(hebb_run *run) {
    return run ? hb_run_train(run) : hb_null(__func__, "run");
}

hebb_status hebb_run_evaluate(hebb_run *run, const char *checkpoint) {
    return run ? hb_run_evaluate(run, checkpoint) : hb_null(__func__, "run");
}

hebb_status hebb_run_batch(hebb_run *run, int learn, size_t *count) {
    return run ? hb_run_batch(run, learn != 0, count) : hb_null(__func__, "run");
}

hebb_status hebb_run_memory(hebb_run *run, hebb_memory *memory) {
    if (!run) return hb_null(__func__, "run");
    if (!memory) return hb_fail(run->env, HEBB_E_ARGUMENT, "hebb_run_memory: memory is NULL");
    return hb_run_memory(run, memory);
}

hebb_status hebb_run_plot(hebb_run *run, const char *what, const char *connection,
                          const char *path) {
    if (!run) return hb_null(__func__, "run");
    if (!what || !path)
        return hb_fail(run->env, HEBB_E_ARGUMENT, "hebb_run_plot: %s is NULL",
                       what ? "path" : "what");
    return hb_run_plot(run, what, connection, path);
}

static const char *text_or_empty(const char *text) { return text ? text : ""; }

const char *hebb_run_json(hebb_run *run) { return run ? text_or_empty(hb_run_json(run)) : ""; }

const char *hebb_run_report(hebb_run *run) { return run ? text_or_empty(hb_run_report(run)) : ""; }

const char *hebb_run_summary(hebb_run *run) {
    return run ? text_or_empty(hb_run_summary(run)) : "";
}

const char *hebb_run_folder(const hebb_run *run) {
    if (!run) return "";
    return text_or_empty(run->folder.path ? run->folder.path : run->output);
}

hebb_net *hebb_run_net(hebb_run *run) { return run ? run->net : NULL; }

/* ---- a network alone ---- */

hebb_status hebb_net_from_file(hebb_ctx *ctx, const char *file, hebb_net **net) {
    if (net) *net = NULL;
    if (!ctx) return hb_null(__func__, "ctx");
    hb_env *env = &ctx->env;
    if (!file || !net)
        return hb_fail(env, HEBB_E_ARGUMENT, "hebb_net_from_file: %s is NULL",
                       file ? "net" : "file");
    hb_node *root;
    HEBB_TRY(hb_yaml_read_file(env, file, &root));
    hb_origin origin = {.env = env, .file = file};
    const hb_node *map = hb_node_given(root, "network");
    hebb_status status = HEBB_OK;
    if (!map) { /* the map itself is the network */
        map = root;
        status = root->type == HB_NODE_MAP
                     ? HEBB_OK
                     : hb_origin_fail(&origin, HEBB_E_ARGUMENT, root,
                                      "a network must be a map with groups and connections");
    }
    if (status >= 0) status = hb_network_from_tree(&origin, map, ctx, 1, 0, net);
    hb_node_free(env, root);
    return status;
}

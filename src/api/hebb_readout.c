/* Readouts of spike counts. */
#include <string.h>

#include "api/session.h"
#include "train/classifier.h"

struct hebb_readout {
    hebb_net *net;
    hb_classifier classifier;
    uint32_t *counts; /* of one sample */
    hebb_readout *next;
};

static void destroy(hebb_readout *readout) {
    hb_env *env = &readout->net->ctx->env;
    hb_classifier_free(&readout->classifier);
    hb_free(env, readout->counts);
    hb_free(env, readout);
}

void hb_net_free_readouts(hebb_net *net) {
    while (net->readouts) {
        hebb_readout *first = net->readouts;
        net->readouts = first->next;
        destroy(first);
    }
}

static hebb_status fill(hebb_readout *readout, size_t group, size_t classes,
                        const hebb_param *params) {
    hb_env *env = &readout->net->ctx->env;
    size_t neurons = readout->net->graph.groups[group].n;
    hb_args args;
    HEBB_TRY(hb_args_read(env, &hb_section_readout, "readout", params, 0, &args));
    hebb_status status = hb_args_given(&args, "group")
                             ? hb_fail(env, HEBB_E_ARGUMENT,
                                       "hebb_readout_create: the group stands before the "
                                       "parameters already")
                             : hb_classifier_init(env, &args, "readout", group, neurons, classes,
                                                  &readout->classifier);
    hb_args_free(&args);
    HEBB_TRY(status);
    readout->counts = hb_calloc(env, neurons, sizeof *readout->counts);
    return readout->counts ? HEBB_OK : HEBB_E_MEMORY;
}

hebb_status hebb_readout_create(hebb_net *net, const char *group, size_t classes,
                                const hebb_param *params, hebb_readout **out) {
    if (!net) return hb_null(__func__, "net");
    hb_env *env = &net->ctx->env;
    if (!group || !out)
        return hb_fail(env, HEBB_E_ARGUMENT, "hebb_readout_create: %s is NULL",
                       group ? "readout" : "group");
    *out = NULL;
    if (classes < 2 || classes > 1 << 20)
        return hb_fail(env, HEBB_E_RANGE,
                       "hebb_readout_create: classes = %zu is not allowed; it must be 2 to %d",
                       classes, 1 << 20);
    int found = hebb_net_group(net, group);
    if (found < 0) return HEBB_E_NAME;
    hebb_readout *made = hb_calloc(env, 1, sizeof *made);
    if (!made) return HEBB_E_MEMORY;
    made->net = net;
    hebb_status status = fill(made, (size_t)found, classes, params);
    if (status < 0) {
        destroy(made);
        return status;
    }
    made->next = net->readouts;
    net->readouts = made;
    *out = made;
    return HEBB_OK;
}

void hebb_readout_free(hebb_readout *readout) {
    if (!readout) return;
    hebb_readout **link = &readout->net->readouts;
    while (*link && *link != readout) link = &(*link)->next;
    if (*link) *link = readout->next;
    destroy(readout);
}

/* Labels of data must be classes of the readout. */
static hebb_status begin(hb_session *s, const char *call, hebb_readout *readout,
                         const char *encoder, const hebb_dataset *data,
                         const hebb_fit_options *options) {
    hb_classifier *c = &readout->classifier;
    if (data && data->set->classes > c->classes)
        return hb_fail(&readout->net->ctx->env, HEBB_E_SHAPE,
                       "%s: '%s' has %zu classes, but the readout tells %zu", call, data->set->name,
                       data->set->classes, c->classes);
    return hb_session_begin(s, call, readout->net, NULL, c, encoder, data, options);
}

hebb_status hebb_readout_fit(hebb_readout *readout, const char *encoder, const hebb_dataset *data,
                             const hebb_fit_options *options) {
    if (!readout) return hb_null(__func__, "readout");
    hb_session s;
    HEBB_TRY(begin(&s, "hebb_readout_fit", readout, encoder, data, options));
    hb_part_of_data part = hb_whole(data);
    hebb_status status = hb_trainer_fit_classifiers(&s.trainer, &part);
    hb_trainer_free(&s.trainer);
    return status;
}

static hebb_status need_fit(const hebb_readout *readout, const char *call) {
    if (readout->classifier.fitted) return HEBB_OK;
    return hb_fail(&readout->net->ctx->env, HEBB_E_STATE,
                   "%s: the readout is not fitted yet; call hebb_readout_fit", call);
}

hebb_status hebb_readout_evaluate(hebb_readout *readout, const char *encoder,
                                  const hebb_dataset *data, const hebb_fit_options *options,
                                  hebb_metrics *metrics, uint64_t *confusion) {
    if (!readout) return hb_null(__func__, "readout");
    hb_session s;
    hb_sums sums;
    if (metrics) *metrics = (hebb_metrics){0};
    HEBB_TRY(need_fit(readout, "hebb_readout_evaluate"));
    HEBB_TRY(begin(&s, "hebb_readout_evaluate", readout, encoder, data, options));
    hb_part_of_data part = hb_whole(data);
    hebb_status status = hb_trainer_evaluate(&s.trainer, "test", &part, &sums, confusion);
    if (metrics) *metrics = hb_metrics_of(&sums);
    hb_trainer_free(&s.trainer);
    return status;
}

hebb_status hebb_readout_predict(hebb_readout *readout, int32_t *predicted, size_t batch) {
    if (!readout) return hb_null(__func__, "readout");
    hb_env *env = &readout->net->ctx->env;
    const hb_classifier *c = &readout->classifier;
    if (!predicted) return hb_fail(env, HEBB_E_ARGUMENT, "hebb_readout_predict: predicted is NULL");
    HEBB_TRY(hb_net_built(readout->net, "hebb_readout_predict"));
    HEBB_TRY(need_fit(readout, "hebb_readout_predict"));
    const hb_engine *engine = readout->net->engine;
    if (!engine->ran)
        return hb_fail(env, HEBB_E_STATE, "hebb_readout_predict: there is no run to look at");
    if (batch != engine->batch)
        return hb_fail(env, HEBB_E_SHAPE,
                       "hebb_readout_predict: batch = %zu, but the last run had %zu samples", batch,
                       engine->batch);
    for (size_t b = 0; b < batch; b++) {
        engine->ops->counts(engine, c->group, b, readout->counts);
        size_t class = hb_classifier_predict(c, readout->counts);
        predicted[b] = class < c->classes ? (int32_t) class : -1;
    }
    return HEBB_OK;
}

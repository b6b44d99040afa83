/* Data sets of the public interface: arguments are checked here. */
#include "api/hebb_data.h"

static void destroy(void *object) {
    hebb_dataset *dataset = object;
    hb_env *env = &dataset->ctx->env;
    hb_dataset_free(dataset->set);
    hb_free(env, dataset);
}

/* Wraps a set, which belongs to the context from here on, also after a failure. */
static hebb_status wrap(hebb_ctx *ctx, hb_dataset *set, hebb_dataset **dataset) {
    hebb_dataset *d = hb_alloc(&ctx->env, sizeof *d);
    if (!d) {
        hb_dataset_free(set);
        return HEBB_E_MEMORY;
    }
    *d = (hebb_dataset){ctx, set};
    hebb_status status = hb_ctx_own(ctx, d, destroy);
    if (status < 0)
        destroy(d);
    else
        *dataset = d;
    return status;
}

static hebb_status is_null(hebb_ctx *ctx, const char *function, const char *name) {
    return hb_fail(&ctx->env, HEBB_E_ARGUMENT, "%s: %s is NULL", function, name);
}

hebb_status hebb_dataset_open(hebb_ctx *ctx, const char *source, const char *split,
                              const char *path, size_t limit, hebb_dataset **dataset) {
    if (dataset) *dataset = NULL;
    if (!ctx) return hb_null(__func__, "ctx");
    const char *null = !source ? "source" : !split ? "split" : !dataset ? "dataset" : NULL;
    if (null) return is_null(ctx, "hebb_dataset_open", null);
    hb_dataset *set;
    HEBB_TRY(hb_dataset_open(&ctx->env, source, split, path, limit, ctx->seed, &set));
    return wrap(ctx, set, dataset);
}

hebb_status hebb_dataset_from_arrays(hebb_ctx *ctx, const float *samples, const int32_t *labels,
                                     size_t count, size_t per_sample, size_t classes,
                                     hebb_dataset **dataset) {
    if (dataset) *dataset = NULL;
    if (!ctx) return hb_null(__func__, "ctx");
    const char *null = !samples ? "samples" : !labels ? "labels" : !dataset ? "dataset" : NULL;
    if (null) return is_null(ctx, "hebb_dataset_from_arrays", null);
    hb_dataset *set;
    HEBB_TRY(hb_dataset_from_arrays(&ctx->env, samples, labels, count, per_sample, classes, &set));
    return wrap(ctx, set, dataset);
}

void hebb_dataset_free(hebb_dataset *dataset) {
    if (!dataset) return;
    hb_ctx_disown(dataset->ctx, dataset);
    destroy(dataset);
}

size_t hebb_dataset_count(const hebb_dataset *d) { return d ? d->set->count : 0; }

size_t hebb_dataset_sample_size(const hebb_dataset *d) { return d ? d->set->sample_size : 0; }

size_t hebb_dataset_classes(const hebb_dataset *d) { return d ? d->set->classes : 0; }

size_t hebb_dataset_height(const hebb_dataset *d) { return d ? d->set->height : 0; }

size_t hebb_dataset_width(const hebb_dataset *d) { return d ? d->set->width : 0; }

const char *hebb_dataset_origin(const hebb_dataset *d) { return d ? d->set->origin : ""; }

hebb_status hebb_dataset_samples(const hebb_dataset *d, size_t first, size_t count, float *values,
                                 int32_t *labels) {
    if (!d) return hb_null(__func__, "dataset");
    size_t all = d->set->count;
    if (first > all || count > all - first)
        return hb_fail(&d->ctx->env, HEBB_E_RANGE,
                       "samples %zu to %zu + %zu are not in '%s', which has %zu samples", first,
                       first, count, d->set->name, all);
    for (size_t i = 0; i < count; i++)
        hb_dataset_get(d->set, first + i, values ? values + i * d->set->sample_size : NULL,
                       labels ? labels + i : NULL);
    return HEBB_OK;
}

hebb_status hebb_dataset_sample(const hebb_dataset *d, size_t index, float *values,
                                int32_t *label) {
    if (d && index >= d->set->count)
        return hb_fail(&d->ctx->env, HEBB_E_RANGE,
                       "sample %zu is not in '%s', which has %zu samples", index, d->set->name,
                       d->set->count);
    return hebb_dataset_samples(d, index, 1, values, label);
}

hebb_status hebb_data_get(hebb_ctx *ctx, const char *name, const char *folder) {
    if (!ctx) return hb_null(__func__, "ctx");
    if (!name) return is_null(ctx, "hebb_data_get", "name");
    return hb_data_get(&ctx->env, name, folder);
}

/* Sets of labelled samples in memory. */
#include "data/dataset.h"

#include <math.h>
#include <string.h>

static hebb_status check_arrays(hb_env *env, const float *samples, const int32_t *labels,
                                size_t count, size_t per_sample, size_t classes) {
    const char *zero = !count ? "count" : !per_sample ? "per_sample" : !classes ? "classes" : NULL;
    if (zero)
        return hb_fail(env, HEBB_E_RANGE, "%s = 0 is not allowed; it must be at least 1", zero);
    if (per_sample > SIZE_MAX / sizeof(float) / count)
        return hb_fail(env, HEBB_E_SHAPE, "%zu samples of %zu values are too large", count,
                       per_sample);
    for (size_t i = 0; i < count; i++)
        if (labels[i] < 0 || (size_t)labels[i] >= classes)
            return hb_fail(env, HEBB_E_RANGE,
                           "label %d of sample %zu is not allowed; with %zu classes it must be 0 "
                           "to %zu",
                           labels[i], i, classes, classes - 1);
    for (size_t i = 0; i < count * per_sample; i++)
        if (!isfinite(samples[i]))
            return hb_fail(env, HEBB_E_NOT_FINITE,
                           "value %zu of sample %zu is %g; all must be finite numbers",
                           i % per_sample, i / per_sample, (double)samples[i]);
    return HEBB_OK;
}

hebb_status hb_dataset_from_arrays(hb_env *env, const float *samples, const int32_t *labels,
                                   size_t count, size_t per_sample, size_t classes,
                                   hb_dataset **dataset) {
    *dataset = NULL;
    HEBB_TRY(check_arrays(env, samples, labels, count, per_sample, classes));
    hb_dataset *d = hb_calloc(env, 1, sizeof *d);
    float *values = hb_calloc(env, count * per_sample, sizeof *values);
    int32_t *copy = hb_calloc(env, count, sizeof *copy);
    if (!d || !values || !copy) {
        hb_free(env, d);
        hb_free(env, values);
        hb_free(env, copy);
        return HEBB_E_MEMORY;
    }
    memcpy(values, samples, count * per_sample * sizeof *values);
    memcpy(copy, labels, count * sizeof *copy);
    *d = (hb_dataset){.env = env,
                      .count = count,
                      .sample_size = per_sample,
                      .classes = classes,
                      .floats = values,
                      .labels = copy,
                      .owned = {values, copy},
                      .name = "arrays",
                      .origin = "arrays of the program"};
    *dataset = d;
    return HEBB_OK;
}

void hb_dataset_free(hb_dataset *d) {
    if (!d) return;
    for (size_t i = 0; i < HB_COUNT(d->owned); i++) hb_free(d->env, d->owned[i]);
    hb_free(d->env, d);
}

void hb_dataset_get(const hb_dataset *d, size_t index, float *values, int32_t *label) {
    size_t at = index * d->sample_size;
    if (values && d->floats) memcpy(values, d->floats + at, d->sample_size * sizeof *values);
    if (values && d->bytes)
        for (size_t i = 0; i < d->sample_size; i++) values[i] = (float)d->bytes[at + i] / 255.0f;
    if (label) *label = d->labels[index];
}

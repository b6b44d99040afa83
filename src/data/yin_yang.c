/* The yin-yang set: Kriener, Goeltz and Petrovici, NICE 2022. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "data/dataset_parts.h"
#include "data/npy.h"
#include "data/places.h"

enum { VALUES = 4, CLASSES = 3 };

static const double big = 0.5, small = 0.1;

int hb_yin_yang_class(double x, double y) {
    double dy = y - big, right_x = x - 1.5 * big, left_x = x - 0.5 * big;
    double right = sqrt(right_x * right_x + dy * dy), left = sqrt(left_x * left_x + dy * dy);
    if (right < small || left < small) return 2;
    return right <= small || (left > small && left <= 0.5 * big) || (y > big && right > 0.5 * big);
}

/* Points of the wanted class, by rejection. */
static void draw_sample(const hb_open *open, uint32_t index, float *values, int32_t *label) {
    hb_stream stream;
    uint32_t split = 0x100u | (uint32_t)open->split; /* apart from the streams of strokes */
    double x, y;
    *label = hb_balanced_label(open->seed, split, index, CLASSES);
    hb_stream_init(&stream, open->seed, HB_DRAW_DATA, index, split);
    do {
        x = 2 * big * hb_stream_uniform(&stream);
        y = 2 * big * hb_stream_uniform(&stream);
    } while ((x - big) * (x - big) + (y - big) * (y - big) > big * big ||
             hb_yin_yang_class(x, y) != *label);
    values[0] = (float)x;
    values[1] = (float)y;
    values[2] = (float)(1 - x);
    values[3] = (float)(1 - y);
}

static hebb_status draw_all(hb_open *open) {
    static const size_t counts[HB_SPLITS] = {5000, 1000, 1000};
    hb_dataset *d = open->dataset;
    size_t count = hb_open_count(open, counts[open->split]);
    HEBB_TRY(hb_open_room(open, count, VALUES, false));
    float *values = d->owned[0];
    int32_t *labels = d->owned[1];
    for (size_t i = 0; i < count; i++)
        draw_sample(open, (uint32_t)i, values + VALUES * i, &labels[i]);
    d->classes = CLASSES;
    snprintf(d->origin, sizeof d->origin, "%zu %s samples drawn by hebb (seed %ju)", count,
             hb_split_names[open->split], (uintmax_t)open->seed);
    return HEBB_OK;
}

static hebb_status take_files(hb_open *open, const char *folder, const hb_npy *samples,
                              const hb_npy *labels) {
    hb_env *env = open->env;
    hb_dataset *d = open->dataset;
    if (samples->ndim != 2 || samples->dims[1] != VALUES || samples->count == 0 ||
        labels->ndim != 1 || labels->dims[0] != samples->dims[0])
        return hb_fail(env, HEBB_E_SHAPE,
                       "the yin-yang files of '%s' do not fit: samples are [count, 4], labels "
                       "[count]",
                       folder);
    size_t count = hb_open_count(open, samples->dims[0]);
    HEBB_TRY(hb_open_room(open, count, VALUES, false));
    float *values = d->owned[0];
    int32_t *classes = d->owned[1];
    for (size_t i = 0; i < count * VALUES; i++) {
        values[i] = (float)hb_npy_value(samples, i);
        if (!isfinite(values[i]))
            return hb_fail(env, HEBB_E_NOT_FINITE,
                           "value %zu of sample %zu in '%s' is %g; all must be finite numbers",
                           i % VALUES, i / VALUES, folder, (double)values[i]);
    }
    for (size_t i = 0; i < count; i++) {
        double label = hb_npy_value(labels, i);
        if (label != 0 && label != 1 && label != 2)
            return hb_fail(env, HEBB_E_RANGE,
                           "label %g of sample %zu in '%s' is not allowed; it must be 0 to 2",
                           label, i, folder);
        classes[i] = (int32_t)label;
    }
    d->classes = CLASSES;
    snprintf(d->origin, sizeof d->origin, "%zu %s samples from %s", count,
             hb_split_names[open->split], folder);
    return HEBB_OK;
}

static hebb_status read_files(hb_open *open, const char *folder, const char *samples_path,
                              const char *labels_path) {
    hb_npy samples, labels;
    HEBB_TRY(hb_npy_read(open->env, samples_path, &samples));
    hebb_status status = hb_npy_read(open->env, labels_path, &labels);
    if (status == HEBB_OK) {
        status = take_files(open, folder, &samples, &labels);
        hb_npy_free(open->env, &labels);
    }
    hb_npy_free(open->env, &samples);
    return status;
}

static hebb_status try_folder(void *arg, const char *folder) {
    hb_open *open = arg;
    char name[64], *samples = NULL, *labels = NULL;
    snprintf(name, sizeof name, "%s_samples.npy", hb_split_names[open->split]);
    hebb_status status = hb_find_file(open->env, folder, name, &samples);
    snprintf(name, sizeof name, "%s_labels.npy", hb_split_names[open->split]);
    if (status == HEBB_OK) status = hb_find_file(open->env, folder, name, &labels);
    if (status == HEBB_OK)
        status = samples && labels ? read_files(open, folder, samples, labels) : HEBB_DONE;
    hb_free(open->env, samples);
    hb_free(open->env, labels);
    return status;
}

hebb_status hb_open_yin_yang(hb_open *open) {
    hb_text looked;
    hb_text_init(&looked, open->env);
    hebb_status status =
        hb_places_walk(open->env, open->source, open->path, &looked, try_folder, open);
    if (status == HEBB_DONE && open->path)
        status = hb_fail(open->env, HEBB_E_IO,
                         "there is no %s_samples.npy with %s_labels.npy in: %s; without a path the "
                         "points are drawn",
                         hb_split_names[open->split], hb_split_names[open->split], looked.data);
    hb_text_free(&looked);
    return status == HEBB_DONE ? draw_all(open) : status;
}

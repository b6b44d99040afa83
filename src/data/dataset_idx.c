/* Data sets in IDX files: MNIST, Fashion-MNIST, and a user's own folder. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "data/dataset_parts.h"
#include "data/places.h"

enum { MOST_CLASSES = 65536, FIRST_LABELS = 8 };

/* The two sets have files of the same names, so their first labels tell them apart. */
static const struct {
    const char *name;
    uint8_t labels[2][FIRST_LABELS];
} known[] = {
    {"mnist", {{5, 0, 4, 1, 9, 2, 1, 3}, {7, 2, 1, 0, 4, 1, 4, 9}}},
    {"fashion-mnist", {{9, 0, 0, 3, 0, 2, 7, 2}, {9, 2, 1, 1, 6, 1, 4, 6}}},
};

/* What the files of a split begin with. */
static const char *const prefixes[2][3] = {{"train"}, {"t10k", "test"}};

typedef struct files {
    char *images, *labels, *other_labels; /* other: of the other split, or NULL */
} files;

static void free_files(hb_env *env, files *f) {
    hb_free(env, f->images);
    hb_free(env, f->labels);
    hb_free(env, f->other_labels);
    memset(f, 0, sizeof *f);
}

static hebb_status find(hb_env *env, const char *folder, int split, const char *what, char **path) {
    *path = NULL;
    for (int i = 0; prefixes[split][i] && !*path; i++)
        HEBB_TRY(hb_find_idx(env, folder, prefixes[split][i], what, path));
    return HEBB_OK;
}

static hebb_status find_files(hb_open *open, const char *folder, files *f) {
    int split = open->split == HB_TEST;
    HEBB_TRY(find(open->env, folder, split, "images", &f->images));
    if (!f->images) return HEBB_DONE;
    HEBB_TRY(find(open->env, folder, split, "labels", &f->labels));
    if (!f->labels)
        return hb_fail(open->env, HEBB_E_IO, "'%s' has no file of labels beside it (%s-labels...)",
                       f->images, prefixes[split][0]);
    return find(open->env, folder, !split, "labels", &f->other_labels);
}

static hebb_status read_labels(hb_env *env, const char *path, hb_idx *idx, size_t *classes) {
    HEBB_TRY(hb_idx_read(env, path, idx));
    hebb_status status = HEBB_OK;
    if (idx->ndim != 1 || idx->type > 0x0C)
        status = hb_fail(env, HEBB_E_FORMAT,
                         "'%s' holds no labels: they are one row of whole numbers", path);
    for (size_t i = 0; i < idx->count && status == HEBB_OK; i++) {
        double label = hb_idx_value(idx, i);
        if (label < 0 || label >= MOST_CLASSES)
            status = hb_fail(env, HEBB_E_FORMAT,
                             "label %.0f of sample %zu in '%s' is not allowed; it must be 0 to %d",
                             label, i, path, MOST_CLASSES - 1);
        else if ((size_t)label >= *classes)
            *classes = (size_t)label + 1;
    }
    if (status < 0) hb_free(env, idx->data);
    return status;
}

static hebb_status check_known(hb_open *open, const hb_idx *labels, const char *path) {
    if (labels->count < FIRST_LABELS) return HEBB_OK;
    for (size_t k = 0; k < HB_COUNT(known); k++) {
        if (!strcmp(known[k].name, open->source)) continue;
        size_t same = 0;
        for (size_t i = 0; i < FIRST_LABELS; i++)
            same += hb_idx_value(labels, i) == known[k].labels[open->split][i];
        if (same == FIRST_LABELS)
            return hb_fail(open->env, HEBB_E_FORMAT, "'%s' holds %s, not %s", path, known[k].name,
                           open->source);
    }
    return HEBB_OK;
}

/* Bytes stay bytes; numbers of other types become floats. */
static hebb_status take_values(hb_open *open, hb_idx *images, const char *path) {
    hb_dataset *d = open->dataset;
    if (images->type == 0x08) {
        d->bytes = d->owned[0] = images->data;
        images->data = NULL;
        return HEBB_OK;
    }
    float *values = hb_calloc(open->env, d->count, d->sample_size * sizeof *values);
    if (!values) return HEBB_E_MEMORY;
    d->floats = d->owned[0] = values;
    for (size_t i = 0; i < d->count * d->sample_size; i++) {
        values[i] = (float)hb_idx_value(images, i);
        if (!isfinite(values[i]))
            return hb_fail(open->env, HEBB_E_NOT_FINITE,
                           "value %zu of sample %zu in '%s' is %g; all must be finite numbers",
                           i % d->sample_size, i / d->sample_size, path, (double)values[i]);
    }
    return HEBB_OK;
}

static hebb_status take_images(hb_open *open, const files *f, hb_idx *images, size_t labels) {
    hb_env *env = open->env;
    hb_dataset *d = open->dataset;
    if (images->dims[0] != labels)
        return hb_fail(env, HEBB_E_SHAPE, "'%s' holds %zu samples and '%s' %zu labels", f->images,
                       images->dims[0], f->labels, labels);
    size_t size = images->count ? images->count / images->dims[0] : 0;
    if (images->ndim < 2 || size == 0)
        return hb_fail(env, HEBB_E_SHAPE,
                       "'%s' holds no samples: its dimensions must be a count "
                       "and the sizes of one sample, none of them 0",
                       f->images);
    d->count = hb_open_count(open, images->dims[0]);
    d->sample_size = size;
    d->height = images->ndim == 3 ? images->dims[1] : 0;
    d->width = images->ndim == 3 ? images->dims[2] : 0;
    return take_values(open, images, f->images);
}

static hebb_status take_labels(hb_open *open, const files *f, const hb_idx *labels) {
    hb_dataset *d = open->dataset;
    int32_t *copy = hb_calloc(open->env, d->count, sizeof *copy);
    if (!copy) return HEBB_E_MEMORY;
    d->labels = d->owned[1] = copy;
    for (size_t i = 0; i < d->count; i++) copy[i] = (int32_t)hb_idx_value(labels, i);
    if (!f->other_labels) return HEBB_OK;
    hb_idx other; /* a class may be missing in one of the two splits */
    HEBB_TRY(read_labels(open->env, f->other_labels, &other, &d->classes));
    hb_idx_free(open->env, &other);
    return HEBB_OK;
}

static hebb_status read_files(hb_open *open, const char *folder, const files *f) {
    hb_env *env = open->env;
    hb_dataset *d = open->dataset;
    hb_idx images = {0}, labels = {0};
    d->classes = 2; /* at least */
    HEBB_TRY(read_labels(env, f->labels, &labels, &d->classes));
    hebb_status status =
        strcmp(d->name, open->source) == 0 ? check_known(open, &labels, f->labels) : HEBB_OK;
    if (status == HEBB_OK) status = hb_idx_read(env, f->images, &images);
    if (status == HEBB_OK) status = take_images(open, f, &images, labels.count);
    if (status == HEBB_OK) status = take_labels(open, f, &labels);
    hb_idx_free(env, &images);
    hb_idx_free(env, &labels);
    if (status == HEBB_OK)
        snprintf(d->origin, sizeof d->origin, "%zu %s samples from %s", d->count,
                 hb_split_names[open->split], folder);
    return status;
}

static hebb_status try_folder(void *arg, const char *folder) {
    hb_open *open = arg;
    files f = {0};
    hebb_status status = find_files(open, folder, &f);
    if (status == HEBB_OK) status = read_files(open, folder, &f);
    free_files(open->env, &f);
    return status;
}

hebb_status hb_open_folder(hb_open *open) {
    hebb_status status = try_folder(open, open->source);
    if (status != HEBB_DONE) return status;
    return hb_fail(open->env, HEBB_E_IO,
                   "the folder '%s' has no IDX file of %s images (%s-images-idx3-ubyte, plain or "
                   ".gz)",
                   open->source, hb_split_names[open->split], prefixes[open->split == HB_TEST][0]);
}

hebb_status hb_open_idx(hb_open *open) {
    hb_text looked;
    hb_text_init(&looked, open->env);
    hebb_status status =
        hb_places_walk(open->env, open->source, open->path, &looked, try_folder, open);
    if (status == HEBB_DONE)
        status = hb_fail(open->env, HEBB_E_IO,
                         "the files of %s are not there; run `hebb data get %s` to fetch them, or "
                         "set HEBB_DATA_DIR to their folder. Looked in: %s",
                         open->source, open->source, looked.length ? looked.data : "nowhere");
    hb_text_free(&looked);
    return status;
}

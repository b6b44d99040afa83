/* Batches of a set of samples. */
#include "data/loader.h"

#include <math.h>
#include <string.h>

/* What the fourth word of a shuffling stream names. */
enum { DRAW_ORDER = 0, DRAW_SPLIT = 1 };

struct hb_loader {
    hb_env *env;
    const hb_dataset *dataset;
    uint64_t *chosen;               /* as given */
    uint64_t *order;                /* of this epoch */
    size_t count, batch_size, next; /* next: place in order */
    bool shuffle, drop_last, augments;
    uint64_t seed, epoch;
    hb_augment augment;
    hb_pool *pool;
    float *scratch; /* [threads][scratch_size] */
    size_t scratch_size;
};

static hebb_status check_options(hb_env *env, const hb_dataset *dataset,
                                 const hb_loader_options *o) {
    if (o->batch_size == 0)
        return hb_fail(env, HEBB_E_RANGE, "batch_size = 0 is not allowed; it must be at least 1");
    for (size_t i = 0; o->indices && i < o->count; i++)
        if (o->indices[i] >= dataset->count)
            return hb_fail(env, HEBB_E_RANGE, "sample %ju is not in '%s', which has %zu samples",
                           (uintmax_t)o->indices[i], dataset->name, dataset->count);
    if (!o->augment) return HEBB_OK;
    if (!dataset->height || !dataset->width)
        return hb_fail(env, HEBB_E_UNSUPPORTED,
                       "augmentation changes images, and the samples of '%s' are none",
                       dataset->name);
    return hb_augment_check(env, o->augment);
}

static hebb_status make_order(hb_loader *l, const hb_loader_options *o) {
    l->count = o->indices ? o->count : l->dataset->count;
    l->chosen = hb_calloc(l->env, l->count, sizeof *l->chosen);
    l->order = hb_calloc(l->env, l->count, sizeof *l->order);
    if (!l->chosen || !l->order) return HEBB_E_MEMORY;
    for (size_t i = 0; i < l->count; i++) l->chosen[i] = o->indices ? o->indices[i] : i;
    hb_loader_start(l, 0);
    return HEBB_OK;
}

static hebb_status make_scratch(hb_loader *l, const hb_augment *augment) {
    l->augments = augment != NULL;
    if (!augment) return HEBB_OK;
    l->augment = *augment;
    /* One image to change from, and what the change itself needs. */
    l->scratch_size =
        l->dataset->sample_size + hb_augment_scratch(l->dataset->height, l->dataset->width);
    l->scratch =
        hb_calloc(l->env, (size_t)hb_pool_threads(l->pool), l->scratch_size * sizeof *l->scratch);
    return l->scratch ? HEBB_OK : HEBB_E_MEMORY;
}

hebb_status hb_loader_create(hb_env *env, const hb_dataset *dataset, const hb_loader_options *o,
                             hb_loader **loader) {
    *loader = NULL;
    hebb_status status = check_options(env, dataset, o);
    if (status < 0) return status;
    hb_loader *l = hb_calloc(env, 1, sizeof *l);
    if (!l) return HEBB_E_MEMORY;
    l->env = env;
    l->dataset = dataset;
    l->batch_size = o->batch_size;
    l->shuffle = o->shuffle;
    l->drop_last = o->drop_last;
    l->seed = o->seed;
    l->pool = o->pool;
    status = make_order(l, o);
    if (status == HEBB_OK) status = make_scratch(l, o->augment);
    if (status < 0) {
        hb_loader_free(l);
        return status;
    }
    *loader = l;
    return HEBB_OK;
}

void hb_loader_free(hb_loader *l) {
    if (!l) return;
    hb_free(l->env, l->chosen);
    hb_free(l->env, l->order);
    hb_free(l->env, l->scratch);
    hb_free(l->env, l);
}

size_t hb_loader_samples(const hb_loader *l) {
    return l->drop_last ? l->count - l->count % l->batch_size : l->count;
}

size_t hb_loader_batches(const hb_loader *l) {
    return l->count / l->batch_size + (!l->drop_last && l->count % l->batch_size);
}

size_t hb_loader_batch_size(const hb_loader *l) { return l->batch_size; }

void hb_loader_seek(hb_loader *l, uint64_t epoch, size_t batch) {
    l->epoch = epoch;
    memcpy(l->order, l->chosen, l->count * sizeof *l->order);
    if (l->shuffle) {
        hb_stream stream;
        hb_stream_init(&stream, l->seed, HB_DRAW_SHUFFLE, (uint32_t)epoch, DRAW_ORDER);
        hb_shuffle(&stream, l->order, l->count);
    }
    size_t batches = hb_loader_batches(l);
    l->next = batch < batches ? batch * l->batch_size : l->count;
}

void hb_loader_start(hb_loader *l, uint64_t epoch) { hb_loader_seek(l, epoch, 0); }

typedef struct fill {
    hb_loader *loader;
    float *values;
    int32_t *labels;
} fill;

static void fill_sample(void *arg, size_t item, int worker) {
    const fill *f = arg;
    const hb_loader *l = f->loader;
    const hb_dataset *d = l->dataset;
    size_t index = (size_t)l->order[l->next + item];
    float *out = f->values + item * d->sample_size;
    if (!l->augments) {
        hb_dataset_get(d, index, out, &f->labels[item]);
        return;
    }
    float *image = l->scratch + (size_t)worker * l->scratch_size;
    hb_dataset_get(d, index, image, &f->labels[item]);
    hb_stream stream;
    hb_stream_init(&stream, l->seed, HB_DRAW_AUGMENT, (uint32_t)l->epoch, (uint32_t)index);
    hb_augment_image(&l->augment, &stream, d->height, d->width, image, out, image + d->sample_size);
}

hebb_status hb_loader_next(hb_loader *l, float *values, int32_t *labels, uint64_t *sample_ids,
                           size_t *count) {
    size_t left = hb_loader_samples(l);
    left = l->next < left ? left - l->next : 0;
    *count = left < l->batch_size ? left : l->batch_size;
    if (*count == 0) return HEBB_DONE;
    fill f = {l, values, labels};
    if (l->augments)
        hb_pool_run(l->pool, fill_sample, &f, *count);
    else /* copying is over before a thread wakes up */
        for (size_t i = 0; i < *count; i++) fill_sample(&f, i, 0);
    if (sample_ids) memcpy(sample_ids, l->order + l->next, *count * sizeof *sample_ids);
    l->next += *count;
    return HEBB_OK;
}

hebb_status hb_split_indices(hb_env *env, size_t count, size_t held_out, uint64_t seed,
                             uint64_t **learn, uint64_t **validate) {
    *learn = *validate = NULL;
    if (held_out >= count)
        return hb_fail(env, HEBB_E_RANGE,
                       "%zu of %zu samples cannot be held out; it must be fewer than all", held_out,
                       count);
    uint64_t *order = hb_calloc(env, count, sizeof *order);
    bool *held = hb_calloc(env, count, sizeof *held);
    *learn = hb_calloc(env, count - held_out, sizeof **learn);
    *validate = hb_calloc(env, held_out, sizeof **validate);
    bool ok = order && held && *learn && *validate;
    if (ok) {
        hb_stream stream;
        hb_stream_init(&stream, seed, HB_DRAW_SHUFFLE, 0, DRAW_SPLIT);
        for (size_t i = 0; i < count; i++) order[i] = i;
        hb_shuffle(&stream, order, count);
        for (size_t i = 0; i < held_out; i++) held[order[i]] = true;
        for (size_t i = 0, a = 0, b = 0; i < count; i++) {
            if (held[i])
                (*validate)[b++] = i;
            else
                (*learn)[a++] = i;
        }
    } else {
        hb_free(env, *learn);
        hb_free(env, *validate);
        *learn = *validate = NULL;
    }
    hb_free(env, order);
    hb_free(env, held);
    return ok ? HEBB_OK : HEBB_E_MEMORY;
}

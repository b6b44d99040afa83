/* Batches of a set of samples: in a fresh order every epoch, changed a little
 * (augmentation) where wanted. Order and changes depend on (seed, epoch, sample)
 * only: never on the batch size, the number of threads or what was drawn before. */
#ifndef HB_LOADER_H
#define HB_LOADER_H

#include "base/pool.h"
#include "data/dataset.h"

typedef struct hb_loader hb_loader;

typedef struct hb_loader_options {
    const uint64_t *indices; /* which samples, copied; NULL: all, and count is not read */
    size_t count;
    size_t batch_size; /* at least 1 */
    bool shuffle;
    bool drop_last; /* leave out a last batch that is not full */
    uint64_t seed;
    const hb_augment *augment; /* copied; NULL: none. Images only */
    hb_pool *pool;             /* fills batches; NULL: the caller alone */
} hb_loader_options;

/* The data set, the pool and env must outlive the loader. */
hebb_status hb_loader_create(hb_env *env, const hb_dataset *dataset,
                             const hb_loader_options *options, hb_loader **loader);
void hb_loader_free(hb_loader *loader);
size_t hb_loader_samples(const hb_loader *loader); /* in an epoch */
size_t hb_loader_batches(const hb_loader *loader); /* in an epoch */
size_t hb_loader_batch_size(const hb_loader *loader);

/* Goes to the first batch of an epoch, or to a later one (a resumed run). A new
 * loader stands at epoch 0, batch 0. */
void hb_loader_start(hb_loader *loader, uint64_t epoch);
void hb_loader_seek(hb_loader *loader, uint64_t epoch, size_t batch);
/* Fills values[batch_size * sample_size], labels[batch_size] and sample_ids
 * [batch_size] (indices into the data set; may be NULL). *count is how many
 * samples there are; HEBB_DONE with *count = 0 after the last batch. */
hebb_status hb_loader_next(hb_loader *loader, float *values, int32_t *labels, uint64_t *sample_ids,
                           size_t *count);

/* Cuts 0 .. count - 1 into a part to learn from and held_out < count samples to
 * validate with, drawn by seed alone; both rising. The caller frees both arrays. */
hebb_status hb_split_indices(hb_env *env, size_t count, size_t held_out, uint64_t seed,
                             uint64_t **learn, uint64_t **validate);

#endif

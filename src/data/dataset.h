/* Sets of labelled samples, in memory: one byte or one float a value. */
#ifndef HB_DATASET_H
#define HB_DATASET_H

#include "base/component.h"
#include "base/random.h"

typedef struct hb_dataset {
    hb_env *env;
    size_t count, sample_size, classes;
    size_t height, width; /* of images; 0 otherwise */
    const uint8_t *bytes; /* [count][sample_size], value / 255; or NULL */
    const float *floats;  /* [count][sample_size]; or NULL */
    const int32_t *labels;
    const double *arms; /* [classes]: an action's chance of a reward; NULL: no environment */
    void *owned[3];     /* what to free */
    char name[64];
    char origin[256]; /* where the samples came from, for reports */
} hb_dataset;

/* source: built-in name, or a folder with IDX files. path: where its files are
 * (path or path/<source>); NULL: $HEBB_DATA_DIR/<source>, $HEBB_DATA_DIR, then
 * the cache (hb_data_cache). split: "train", "test" or (yin-yang) "validation".
 * limit: the first so many samples; 0: all. "strokes" draws limit samples, at
 * most HB_STROKES_MOST, and 10,000 or 2,000 where it is 0. */
enum { HB_STROKES_MOST = 1000000 };
hebb_status hb_dataset_open(hb_env *env, const char *source, const char *split, const char *path,
                            size_t limit, uint64_t seed, hb_dataset **dataset);
hebb_status hb_dataset_from_arrays(hb_env *env, const float *samples, const int32_t *labels,
                                   size_t count, size_t per_sample, size_t classes,
                                   hb_dataset **dataset);
/* Gives a bandit other chances than 0.8 and 0.2; each sample's label becomes the best arm. */
enum { HB_ARMS_MOST = 1000 };
hebb_status hb_dataset_set_arms(hb_dataset *dataset, const double *arms, size_t count);
/* The reward, 1 or 0, of an action: the same whenever (seed, epoch, sample) is. An action that is
 * none of the arms has none. */
double hb_dataset_answer(const hb_dataset *dataset, uint64_t seed, uint64_t epoch, uint64_t sample,
                         size_t action);
/* The built-in sets, one table each: for `hebb info` and the docs; NULL ends them. */
const hb_component *hb_dataset_component(size_t index);
void hb_dataset_free(hb_dataset *dataset);
void hb_dataset_get(const hb_dataset *dataset, size_t index, float *values, int32_t *label);

/* Random affine and elastic changes of one image [height][width] in 0..1. */
typedef struct hb_augment {
    double rotate;        /* +- degrees */
    double scale;         /* +- share, 0.1 = 90..110 % */
    double shift;         /* +- pixels */
    double shear;         /* +- degrees */
    double elastic;       /* usual displacement (root mean square) in pixels, 0 = none */
    double elastic_sigma; /* smoothness in pixels */
    int flip;             /* mirror left-right half of the time */
} hb_augment;

/* The table of these strengths; read and check go by it. `where` may be NULL. */
extern const hb_component hb_augment_component;
hebb_status hb_augment_read(hb_env *env, const char *where, const hebb_param *params,
                            hb_augment *augment);
hebb_status hb_augment_check(hb_env *env, const hb_augment *augment);
/* scratch: hb_augment_scratch floats. Reads from `in`, writes `out`. */
size_t hb_augment_scratch(size_t height, size_t width);
void hb_augment_image(const hb_augment *augment, hb_stream *stream, size_t height, size_t width,
                      const float *in, float *out, float *scratch);

/* IDX files, plain or gz. dims[0..3]; the data is converted to bytes or floats. */
typedef struct hb_idx {
    int type; /* 0x08 u8, 0x09 s8, 0x0B s16, 0x0C s32, 0x0D f32, 0x0E f64 */
    int ndim;
    size_t dims[4];
    size_t count; /* product */
    void *data;   /* native byte order */
} hb_idx;
size_t hb_idx_value_size(int type); /* 0: no such type */
double hb_idx_value(const hb_idx *idx, size_t i);
hebb_status hb_idx_read(hb_env *env, const char *path, hb_idx *idx);
void hb_idx_free(hb_env *env, hb_idx *idx);

/* $XDG_CACHE_HOME/hebb or ~/.cache/hebb. */
hebb_status hb_data_cache(hb_env *env, char *path, size_t size);
/* Fetches and checks a public set; see hebb_data_get. */
hebb_status hb_data_get(hb_env *env, const char *name, const char *folder);

#endif

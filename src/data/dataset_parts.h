/* What the files that open a data set share. */
#ifndef HB_DATASET_PARTS_H
#define HB_DATASET_PARTS_H

#include "data/dataset.h"

enum hb_split { HB_TRAIN, HB_TEST, HB_VALIDATION, HB_SPLITS };

typedef struct hb_open {
    hb_env *env;
    const char *source; /* the built-in's name, or the folder as the user wrote it */
    enum hb_split split;
    const char *path;
    size_t limit;
    uint64_t seed;
    hb_dataset *dataset; /* empty but for env and name; filled, or freed after a failure */
} hb_open;

extern const char *const hb_split_names[HB_SPLITS];

/* The openers. hb_open_folder: source is a folder of IDX files. */
hebb_status hb_open_idx(hb_open *open);
hebb_status hb_open_folder(hb_open *open);
hebb_status hb_open_yin_yang(hb_open *open);
hebb_status hb_open_strokes(hb_open *open);
hebb_status hb_open_xor(hb_open *open);
hebb_status hb_open_bandit(hb_open *open);

/* How many of `count` samples the limit leaves. */
size_t hb_open_count(const hb_open *open, size_t count);
/* Room for the set's labels, and for bytes or else floats. */
hebb_status hb_open_room(hb_open *open, size_t count, size_t sample_size, bool bytes);

/* The class of sample `index` of a set that is drawn: each run of `classes` samples
 * holds each class once, in an order drawn from (seed, split). At most 32 classes. */
int32_t hb_balanced_label(uint64_t seed, uint32_t split, uint32_t index, uint32_t classes);

/* 0, 1 or 2: the class of a point of the yin-yang (see yin_yang.c). */
int hb_yin_yang_class(double x, double y);

#endif

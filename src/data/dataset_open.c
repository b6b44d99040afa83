/* The built-in data sets, and how one is found by its name. */
#include <stdio.h>
#include <string.h>

#include "base/nearest.h"
#include "data/dataset_parts.h"
#include "data/places.h"
#include "data/strokes.h"

/* ORDER_STREAM sets the streams of labels apart from those of samples. */
enum { MOST_CLASSES = 32, ORDER_STREAM = 1 << 16 };

typedef struct source {
    hb_component component;
    bool validates; /* has a validation part of its own */
    hebb_status (*open)(hb_open *open);
} source;

static const source sources[] = {
    {{.kind = "dataset",
      .name = "strokes",
      .summary = "digits that hebb draws with a pen: 28 x 28 grey images, 10 classes, 10,000 for "
                 "training and 2,000 for testing, or as many as `limit` asks for",
      .equation = "Four ways to write each digit, every one bent, turned, sheared, scaled and\n"
                  "shifted at random, with a pen of random width, pressure and ink, on paper with\n"
                  "stray marks and noise. Sample i depends on (seed, split, i) alone.",
      .source = "hebb"},
     false,
     hb_open_strokes},
    {{.kind = "dataset",
      .name = "yin-yang",
      .aliases = "yinyang|yin_yang",
      .summary = "points in a yin-yang: 4 values (x, y, 1 - x, 1 - y), 3 classes, 5,000 for "
                 "training, 1,000 for validation, 1,000 for testing",
      .equation =
          "With R = 0.5, r = 0.1, d_R and d_L the distances to (0.75, 0.5) and (0.25, 0.5):\n"
          "dot (2): d_R < r or d_L < r; else yin (1): d_R <= r, or r < d_L <= R/2, or\n"
          "y > R and d_R > R/2; else yang (0).\n"
          "The published files are read where they are found, else points are drawn.",
      .source = "L. Kriener, J. Goeltz, M. A. Petrovici, The Yin-Yang dataset, NICE 2022"},
     true,
     hb_open_yin_yang},
    {{.kind = "dataset",
      .name = "mnist",
      .summary = "handwritten digits: 28 x 28 grey images, 10 classes, 60,000 for training, 10,000 "
                 "for testing; fetched by `hebb data get mnist`",
      .source = "Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, Gradient-based learning applied to "
                "document recognition, Proc. IEEE 86, 1998"},
     false,
     hb_open_idx},
    {{.kind = "dataset",
      .name = "xor",
      .summary =
          "two bits whose sum is odd (1) or even (0): 2 values, 2 classes, 400 for training, "
          "40 for testing, or as many as `limit` asks for",
      .equation = "Every four samples in a row are 00, 01, 10 and 11 in an order drawn from\n"
                  "(seed, split).",
      .source = "hebb"},
     false,
     hb_open_xor},
    {{.kind = "dataset",
      .name = "bandit",
      .summary = "an environment: pulls of one-armed bandits; 1 value, always 1; 500 for training, "
                 "100 for testing, or as many as `limit` asks for",
      .equation = "An action is the class that is read; arm i gives the reward 1 with the chance\n"
                  "`arms`[i], else 0, to an environment_reward. Labels, and so the accuracy, are\n"
                  "of the best arm.",
      .source = "hebb"},
     false,
     hb_open_bandit},
    {{.kind = "dataset",
      .name = "fashion-mnist",
      .aliases = "fashion_mnist|fashionmnist|fashion",
      .summary = "pictures of clothes: 28 x 28 grey images, 10 classes, 60,000 for training, "
                 "10,000 for testing; fetched by `hebb data get fashion-mnist`",
      .source = "H. Xiao, K. Rasul, R. Vollgraf, Fashion-MNIST, arXiv:1708.07747, 2017"},
     false,
     hb_open_idx},
};

const char *const hb_split_names[HB_SPLITS] = {"train", "test", "validation"};

const hb_component *hb_dataset_component(size_t index) {
    return index < HB_COUNT(sources) ? &sources[index].component : NULL;
}

static const source *find_source(const char *name) {
    for (size_t i = 0; i < HB_COUNT(sources); i++)
        if (hb_name_matches(sources[i].component.name, sources[i].component.aliases, name))
            return &sources[i];
    return NULL;
}

static hebb_status unknown_source(hb_env *env, const char *name) {
    hb_near near;
    hb_near_init(&near, name);
    for (size_t i = 0; i < HB_COUNT(sources); i++) {
        hb_near_try(&near, sources[i].component.name);
        hb_near_try(&near, sources[i].component.aliases);
    }
    if (near.best[0])
        return hb_fail(env, HEBB_E_NAME,
                       "there is no data set '%.200s' and no folder of that name; did you mean "
                       "'%s'?",
                       name, near.best);
    return hb_fail(env, HEBB_E_NAME,
                   "there is no data set '%.200s' and no folder of that name; there are: strokes, "
                   "yin-yang, mnist, fashion-mnist, xor, bandit, and folders with IDX files",
                   name);
}

static hebb_status find_split(hb_open *open, const source *found, const char *split) {
    int splits = found && found->validates ? HB_SPLITS : HB_VALIDATION;
    hb_near near;
    hb_near_init(&near, split);
    for (int i = 0; i < splits; i++) {
        open->split = (enum hb_split)i;
        if (strcmp(split, hb_split_names[i]) == 0) return HEBB_OK;
        hb_near_try(&near, hb_split_names[i]);
    }
    return hb_fail(open->env, HEBB_E_NAME,
                   "split = '%.80s' is not allowed for %.200s; it must be train%s test%s%s%s%s",
                   split, open->source, splits == HB_SPLITS ? "," : " or",
                   splits == HB_SPLITS ? " or validation" : "",
                   near.best[0] ? "; did you mean '" : "", near.best, near.best[0] ? "'?" : "");
}

size_t hb_open_count(const hb_open *open, size_t count) {
    return open->limit && open->limit < count ? open->limit : count;
}

hebb_status hb_open_room(hb_open *open, size_t count, size_t sample_size, bool bytes) {
    hb_dataset *d = open->dataset;
    d->owned[1] = hb_calloc(open->env, count, sizeof *d->labels);
    d->owned[0] = count > SIZE_MAX / sample_size
                      ? NULL
                      : hb_calloc(open->env, count * sample_size, bytes ? 1 : sizeof *d->floats);
    if (!d->owned[0] || !d->owned[1]) return HEBB_E_MEMORY;
    d->count = count;
    d->sample_size = sample_size;
    d->bytes = bytes ? d->owned[0] : NULL;
    d->floats = bytes ? NULL : d->owned[0];
    d->labels = d->owned[1];
    return HEBB_OK;
}

int32_t hb_balanced_label(uint64_t seed, uint32_t split, uint32_t index, uint32_t classes) {
    uint64_t order[MOST_CLASSES];
    for (uint32_t i = 0; i < classes; i++) order[i] = i;
    hb_stream stream;
    hb_stream_init(&stream, seed, HB_DRAW_DATA, index / classes, split | ORDER_STREAM);
    hb_shuffle(&stream, order, classes);
    return (int32_t)order[index % classes];
}

hebb_status hb_open_strokes(hb_open *open) {
    static const size_t counts[HB_SPLITS] = {10000, 2000, 0};
    hb_dataset *d = open->dataset;
    size_t count = open->limit ? open->limit : counts[open->split];
    if (count > HB_STROKES_MOST)
        return hb_fail(open->env, HEBB_E_RANGE,
                       "limit = %zu is not allowed for strokes; it must be 1 to %d", count,
                       HB_STROKES_MOST);
    HEBB_TRY(hb_open_room(open, count, HB_STROKES_PIXELS, true));
    uint8_t *images = d->owned[0];
    int32_t *labels = d->owned[1];
    for (size_t i = 0; i < count; i++)
        hb_strokes_draw(open->seed, (uint32_t)open->split, (uint32_t)i,
                        images + i * HB_STROKES_PIXELS, &labels[i]);
    d->classes = 10;
    d->height = d->width = HB_STROKES_SIDE;
    snprintf(d->origin, sizeof d->origin, "%zu %s samples drawn by hebb (seed %ju)", count,
             hb_split_names[open->split], (uintmax_t)open->seed);
    return HEBB_OK;
}

hebb_status hb_dataset_open(hb_env *env, const char *name, const char *split, const char *path,
                            size_t limit, uint64_t seed, hb_dataset **dataset) {
    *dataset = NULL;
    const source *found = find_source(name);
    if (!found && !hb_is_folder(name)) return unknown_source(env, name);
    hb_open open = {.env = env,
                    .source = found ? found->component.name : name,
                    .path = path,
                    .limit = limit,
                    .seed = seed};
    HEBB_TRY(find_split(&open, found, split));
    open.dataset = hb_calloc(env, 1, sizeof *open.dataset);
    if (!open.dataset) return HEBB_E_MEMORY;
    open.dataset->env = env;
    snprintf(open.dataset->name, sizeof open.dataset->name, "%s",
             found ? open.source : "folder of IDX files");
    hebb_status status = found ? found->open(&open) : hb_open_folder(&open);
    if (status < 0)
        hb_dataset_free(open.dataset);
    else
        *dataset = open.dataset;
    return status < 0 ? status : HEBB_OK;
}

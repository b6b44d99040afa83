/* Small sets and environments for learning by reward: exclusive or, bandits. */
#include <stdio.h>
#include <string.h>

#include "data/dataset_parts.h"

enum { XOR_PATTERNS = 4, DRAW_ANSWER = 1 << 17 };

/* Room for a set of `usual` samples, or as many as the limit asks for. */
static hebb_status make_room(hb_open *open, const size_t usual[HB_SPLITS], size_t size) {
    size_t count = open->limit ? open->limit : usual[open->split];
    if (count > HB_STROKES_MOST)
        return hb_fail(open->env, HEBB_E_RANGE,
                       "limit = %zu is not allowed for %s; it must be 1 to %d", count, open->source,
                       HB_STROKES_MOST);
    HEBB_TRY(hb_open_room(open, count, size, false));
    snprintf(open->dataset->origin, sizeof open->dataset->origin,
             "%zu %s samples drawn by hebb (seed %ju)", count, hb_split_names[open->split],
             (uintmax_t)open->seed);
    return HEBB_OK;
}

hebb_status hb_open_xor(hb_open *open) {
    static const size_t usual[HB_SPLITS] = {400, 40, 0};
    HEBB_TRY(make_room(open, usual, 2));
    hb_dataset *d = open->dataset;
    float *values = d->owned[0];
    int32_t *labels = d->owned[1];
    for (size_t i = 0; i < d->count; i++) {
        int32_t pattern =
            hb_balanced_label(open->seed, (uint32_t)open->split, (uint32_t)i, XOR_PATTERNS);
        values[2 * i] = (float)(pattern >> 1);
        values[2 * i + 1] = (float)(pattern & 1);
        labels[i] = pattern == 1 || pattern == 2;
    }
    d->classes = 2;
    return HEBB_OK;
}

hebb_status hb_open_bandit(hb_open *open) {
    static const size_t usual[HB_SPLITS] = {500, 100, 0};
    static const double arms[] = {0.8, 0.2};
    HEBB_TRY(make_room(open, usual, 1));
    float *values = open->dataset->owned[0];
    for (size_t i = 0; i < open->dataset->count; i++) values[i] = 1;
    return hb_dataset_set_arms(open->dataset, arms, HB_COUNT(arms));
}

hebb_status hb_dataset_set_arms(hb_dataset *d, const double *arms, size_t count) {
    size_t best = 0;
    if (count < 2 || count > HB_ARMS_MOST)
        return hb_fail(d->env, HEBB_E_RANGE, "arms: %zu are given; there must be 2 to %d", count,
                       HB_ARMS_MOST);
    for (size_t i = 0; i < count; i++) {
        if (!(arms[i] >= 0 && arms[i] <= 1))
            return hb_fail(d->env, HEBB_E_RANGE,
                           "arms[%zu] = %g is not allowed; it must be a chance from 0 to 1", i,
                           arms[i]);
        if (arms[i] > arms[best]) best = i;
    }
    double *copy = hb_calloc(d->env, count, sizeof *copy);
    if (!copy) return HEBB_E_MEMORY;
    memcpy(copy, arms, count * sizeof *copy);
    hb_free(d->env, d->owned[2]);
    d->owned[2] = copy;
    d->arms = copy;
    d->classes = count;
    int32_t *labels = d->owned[1];
    for (size_t i = 0; i < d->count; i++) labels[i] = (int32_t)best;
    return HEBB_OK;
}

double hb_dataset_answer(const hb_dataset *d, uint64_t seed, uint64_t epoch, uint64_t sample,
                         size_t action) {
    hb_stream stream;
    hb_stream_init(&stream, seed ^ DRAW_ANSWER, HB_DRAW_DATA, (uint32_t)epoch, (uint32_t)sample);
    return action < d->classes && hb_stream_uniform(&stream) < d->arms[action];
}

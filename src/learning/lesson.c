#include "learning/lesson.h"

#include <math.h>
#include <string.h>

void hb_lesson_free(hb_env *env, hb_lesson *lesson) {
    hb_free(env, lesson->labels);
    hb_free(env, lesson->spikes);
    *lesson = (hb_lesson){0};
}

hebb_status hb_lesson_labels(hb_env *env, hb_lesson *lesson, const int32_t *labels, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (labels[i] < 0)
            return hb_fail(env, HEBB_E_RANGE, "teach: labels[%zu] is %d; it must be 0 or more", i,
                           (int)labels[i]);
    if (count > lesson->label_capacity) {
        int32_t *more = hb_calloc(env, count, sizeof *more);
        if (!more) return HEBB_E_MEMORY;
        hb_free(env, lesson->labels);
        lesson->labels = more;
        lesson->label_capacity = count;
    }
    memcpy(lesson->labels, labels, count * sizeof *labels);
    lesson->label_count = count;
    return HEBB_OK;
}

hebb_status hb_lesson_spikes(hb_env *env, hb_lesson *lesson, const float *spikes, size_t steps,
                             size_t batch, size_t num) {
    size_t words = (num + 63) / 64, rows, count;
    if (__builtin_mul_overflow(steps, batch, &rows) || __builtin_mul_overflow(rows, words, &count))
        return hb_fail(env, HEBB_E_MEMORY, "teach: %zu x %zu x %zu spikes do not fit in memory",
                       steps, batch, num);
    for (size_t i = 0; i < rows * num; i++)
        if (!isfinite(spikes[i]))
            return hb_fail(env, HEBB_E_NOT_FINITE, "teach: spikes[%zu] is %g; all must be finite",
                           i, (double)spikes[i]);
    if (count > lesson->spike_capacity) {
        uint64_t *more = hb_calloc(env, count, sizeof *more);
        if (!more) return HEBB_E_MEMORY;
        hb_free(env, lesson->spikes);
        lesson->spikes = more;
        lesson->spike_capacity = count;
    }
    memset(lesson->spikes, 0, count * sizeof *lesson->spikes);
    for (size_t r = 0; r < rows; r++)
        for (size_t i = 0; i < num; i++)
            lesson->spikes[r * words + i / 64] |= (uint64_t)(spikes[r * num + i] != 0) << i % 64;
    lesson->steps = steps;
    lesson->batch = batch;
    lesson->num = num;
    return HEBB_OK;
}

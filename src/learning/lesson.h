/* What a supervised plastic rule is told about the next runs. */
#ifndef HB_LESSON_H
#define HB_LESSON_H

#include "base/env.h"

typedef struct hb_lesson {
    int32_t *labels; /* [label_count]: a sample each */
    size_t label_count, label_capacity;
    uint64_t *spikes; /* [steps][batch][words] of num neurons */
    size_t steps, batch, num, spike_capacity;
} hb_lesson;

enum hb_lesson_kind { HB_LESSON_NONE, HB_LESSON_LABELS, HB_LESSON_SPIKES };

void hb_lesson_free(hb_env *env, hb_lesson *lesson);
hebb_status hb_lesson_labels(hb_env *env, hb_lesson *lesson, const int32_t *labels, size_t count);
/* spikes[steps][batch][num]; what is not 0 is a spike. */
hebb_status hb_lesson_spikes(hb_env *env, hb_lesson *lesson, const float *spikes, size_t steps,
                             size_t batch, size_t num);

#endif

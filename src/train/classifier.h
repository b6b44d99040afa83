/* Classes read from spike counts, without a gradient through the network: each class has a
 * score that is linear in a feature of the counts of one group. */
#ifndef HB_CLASSIFIER_H
#define HB_CLASSIFIER_H

#include "base/component.h"

/* The readout section of a run file. */
extern const hb_component hb_section_readout;

typedef enum hb_reading { HB_VOTE, HB_SOFTMAX, HB_POPULATIONS, HB_FIRED } hb_reading;
typedef enum hb_feature { HB_COUNT_FEATURE, HB_SQRT_FEATURE, HB_LOG1P_FEATURE } hb_feature;

/* Counts of many presentations: only neurons that spiked have an entry. */
typedef struct hb_responses {
    uint32_t *neuron, *count;
    size_t used, room;
    size_t *begin; /* [rows + 1] */
    int32_t *label;
    size_t rows, row_room;
} hb_responses;

typedef struct hb_classifier {
    hb_env *env;
    char name[65];
    hb_reading method;
    hb_feature feature;
    size_t group, n, classes;
    size_t samples; /* of training to fit on; 0: all */
    size_t epochs;
    double lr, l2;
    float *weight; /* [classes][n + 1]: the last one is added whatever spikes */
    bool fitted;
    hb_responses responses; /* while it is being fitted */
} hb_classifier;

enum { HB_CLASSIFIERS = 8 };

/* args: of the section. A group that cannot be read so is refused. */
hebb_status hb_classifier_init(hb_env *env, const hb_args *args, const char *name, size_t group,
                               size_t neurons, size_t classes, hb_classifier *classifier);
void hb_classifier_free(hb_classifier *classifier);
static inline bool hb_classifier_fits(const hb_classifier *c) {
    return c->method == HB_VOTE || c->method == HB_SOFTMAX;
}
/* The class of counts[n]; `classes` where nothing speaks for any. */
size_t hb_classifier_predict(const hb_classifier *classifier, const uint32_t *counts);
/* Fitting: begin, the responses one by one, end. seed orders the samples. */
void hb_classifier_begin(hb_classifier *classifier);
hebb_status hb_classifier_add(hb_classifier *classifier, const uint32_t *counts, int32_t label);
hebb_status hb_classifier_end(hb_classifier *classifier, uint64_t seed);

#endif

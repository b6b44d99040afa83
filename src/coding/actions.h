/* Actions: what an agent does, chosen by a record of its output layer or by scores. They know no
 * network: they see record[steps][batch][num] or scores[batch][choices]. */
#ifndef HB_ACTIONS_H
#define HB_ACTIONS_H

#include "base/component.h"
#include "base/random.h"

typedef struct hb_action {
    const struct hb_action_ops *ops;
    hb_args args;
    size_t pop_size; /* neurons in a row that stand for one choice */
} hb_action;

typedef enum hb_score { HB_SCORE_SUM, HB_SCORE_MOST, HB_SCORE_FIRST } hb_score;

typedef struct hb_action_ops {
    const hb_component *component;
    hb_score score; /* how a record becomes scores */
    size_t (*choose)(const struct hb_action *action, const double *scores, size_t choices,
                     uint64_t draw, hb_stream *stream);
} hb_action_ops;

extern const hb_action_ops *const hb_actions[];
extern const size_t hb_action_count;

hebb_status hb_action_create(hb_env *env, const char *method, const char *where,
                             const hebb_param *params, hb_action *action);
void hb_action_free(hb_action *action);
/* scores[choices] of sample b of a record; choices = num / pop_size. */
void hb_action_score(const hb_action *action, size_t steps, size_t batch, size_t num, size_t b,
                     const double *record, double *scores);
/* The choice of sample b in draw number `draw`: the same numbers, the same choice. */
size_t hb_action_choose(const hb_action *action, const double *scores, size_t choices,
                        uint64_t seed, uint64_t draw, size_t b);

#endif

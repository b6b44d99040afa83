/* A learner: what is trainable, and its life from create to step. */
#ifndef HB_LEARNER_H
#define HB_LEARNER_H

#include "learning/gradient/losses.h"
#include "learning/lesson.h"
#include "network/network.h"
#include "optim/optim.h"

struct hebb_learner {
    hb_env *env;
    hb_graph *graph;
    hb_engine *engine; /* NULL before build */
    hb_args args;      /* of the rule */
    bool plastic;      /* the rule changes weights while the network runs ... */
    size_t rule;       /* ... and is this one of the table */
    hb_lesson lesson;  /* for rules that are told labels or spikes */
    hb_surrogate surrogate;
    char **trainable; /* names; NULL: everything */
    size_t trainable_count;
    size_t index; /* among the network's learners: owner of parameters */
    hb_optim optim;
    hb_sched sched;
    hb_loss loss;
    bool has_optim, has_sched, has_loss;
    int readout;      /* -1: not chosen */
    double *dpredict; /* [batch][classes] of the last loss */
    size_t dpredict_count;
    bool loss_ready; /* dpredict belongs to the last run */
    struct hebb_learner *next;
};

hebb_status hb_learner_create(hb_graph *graph, const char *algorithm, const char *const *trainable,
                              const hebb_param *params, size_t index, hebb_learner **learner);
void hb_learner_free(hebb_learner *learner);
hebb_status hb_learner_set_optimizer(hebb_learner *learner, const char *name, double lr,
                                     const hebb_param *params);
hebb_status hb_learner_set_schedule(hebb_learner *learner, const char *name,
                                    const hebb_param *params);
/* loss NULL: only chooses the decoder, for hb_learner_backward with a gradient. */
hebb_status hb_learner_set_loss(hebb_learner *learner, const char *decoder, const char *loss,
                                const hebb_param *params);
/* Marks the engine's parameters that the learner trains; the engine is created,
 * not yet built. */
hebb_status hb_learner_claim(hebb_learner *learner, hb_engine *engine);
/* All learners have claimed: can a loss reach what this one trains? Then the groups on the way
 * carry its surrogate. */
hebb_status hb_learner_check(hebb_learner *learner, const hb_engine *engine);
/* The engine is built: gives the optimizer its arrays. */
hebb_status hb_learner_ready(hebb_learner *learner);

/* Room for the gradient of so many predictions; grows when a larger batch comes. */
hebb_status hb_learner_room(hebb_learner *learner, size_t count);
/* Labels, or targets[batch][classes]; the other is NULL. */
hebb_status hb_learner_loss(hebb_learner *learner, const int32_t *labels, const float *targets,
                            size_t batch, size_t classes, double *loss);
/* gradient NULL: of the last loss. */
hebb_status hb_learner_backward(hebb_learner *learner, const float *gradient, size_t batch,
                                size_t classes);
/* closure NULL: a plain step. */
hebb_status hb_learner_step(hebb_learner *learner, hb_closure closure, void *user, double *loss);

/* For checkpoints and reports. NULL where the learner has none (before build, or never set).
 * The optimizer's slot i is the trainable parameter hb_learner_param(learner, i). */
hb_optim *hb_learner_optim(hebb_learner *learner);
hb_sched *hb_learner_sched(hebb_learner *learner);
const char *hb_learner_param(const hebb_learner *learner, size_t index); /* NULL past the end */

#endif

/* What other rooms may ask of a learner, for checkpoints and reports. */
#ifndef HB_LEARNER_H
#define HB_LEARNER_H

#include "optim/optim.h"

/* NULL where the learner has none (before build, or never set). The optimizer's
 * slot i is the trainable parameter hb_learner_param(learner, i). */
hb_optim *hb_learner_optim(hebb_learner *learner);
hb_sched *hb_learner_sched(hebb_learner *learner);
const char *hb_learner_param(const hebb_learner *learner, size_t index); /* NULL past the end */

#endif

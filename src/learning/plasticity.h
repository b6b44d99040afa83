/* All plastic connections of a network, hooked into its runs. */
#ifndef HB_PLASTICITY_H
#define HB_PLASTICITY_H

#include "learning/learner.h"

/* The tables of the plastic rules, in one order for float and double. */
size_t hb_plastic_rule_count(void);
const hb_component *hb_plastic_rule(size_t index);

/* What hebb_learner_teach must give the rule. */
enum hb_lesson_kind hb_plastic_lesson(size_t index);

/* Sets up the rule of every connection that the learners have claimed; the engine is created,
 * not yet built, and owns the result. */
hebb_status hb_plasticity_attach_f32(hb_engine *engine, hebb_learner *learners);
hebb_status hb_plasticity_attach_f64(hb_engine *engine, hebb_learner *learners);
/* Does what still waits of one learner's changes (optim_step). */
void hb_plasticity_settle_f32(hb_engine *engine, const hebb_learner *learner);
void hb_plasticity_settle_f64(hb_engine *engine, const hebb_learner *learner);

#endif

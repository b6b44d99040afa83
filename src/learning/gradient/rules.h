/* The gradient learners: which window stands for the derivative of a spike. */
#ifndef HB_RULES_H
#define HB_RULES_H

#include "neurons/surrogate.h"

extern const hb_component *const hb_gradient_rules[];
extern const size_t hb_gradient_rule_count;

/* The surrogate that a rule's parameters ask for. */
hebb_status hb_gradient_surrogate(hb_env *env, const hb_args *args, const char *where,
                                  hb_surrogate *surrogate);

#endif

/* The table of plastic rules: a new rule is its file and a line here. */
#include "learning/plasticity.h"
#include "learning/rule.h"

/* clang-format off */
#define RULES(X) \
    X(nearest_online_stdp) \
    X(full_online_stdp) \
    X(meta_nearest_online_stdp) \
    X(stdp_additive) \
    X(stdp_multiplicative) \
    X(stdp_power) \
    X(stdp_triplet) \
    X(diehl_cook) \
    X(diehl_cook_power) \
    X(hebbian) \
    X(oja) \
    X(rstdp) \
    X(rstdpet) \
    X(switch_rstdp) \
    X(postpreintstdp) \
    X(tempotron) \
    X(resume)
/* clang-format on */

#define DECLARE(name) extern const hb_rule HB_R(hb_rule_##name);
#define ENTRY(name)   &HB_R(hb_rule_##name),
RULES(DECLARE)
const hb_rule *const HB_R(hb_rules)[] = {RULES(ENTRY)};
const size_t HB_R(hb_rule_count) = HB_COUNT(HB_R(hb_rules));

#ifndef HB_DOUBLE
enum hb_lesson_kind hb_plastic_lesson(size_t index) { return hb_rules_f32[index]->lesson; }
size_t hb_plastic_rule_count(void) { return hb_rule_count_f32; }
const hb_component *hb_plastic_rule(size_t index) {
    return index < hb_rule_count_f32 ? hb_rules_f32[index]->component : NULL;
}
#endif

/* nearest_online_STDP (being built). */
#include "learning/plasticity/rule.h"

static const hb_component component = {
    .kind = "learner",
    .name = "nearest_online_stdp",
    .summary = "nearest-spike STDP",
};
static hebb_status setup(hb_plastic *p) {
    (void)p;
    return HEBB_OK;
}
const hb_rule HB_R(hb_rule_nearest_online_stdp) = {.component = &component, .setup = setup};

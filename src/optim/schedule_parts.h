/* What the schedules have in common. */
#ifndef HB_SCHEDULE_PARTS_H
#define HB_SCHEDULE_PARTS_H

#include <math.h>

#include "optim/optim.h"

#define HB_SCHEDULES(X)                                                                            \
    X(lambda)                                                                                      \
    X(staircase) X(multistep) X(exponential) X(cosine) X(plateau) X(cyclic) X(warm_restarts)

#define HB_DECLARE_SCHEDULE(name) extern const hb_sched_ops hb_sched_##name;
HB_SCHEDULES(HB_DECLARE_SCHEDULE)

#define HB_ROW_ETA_MIN                                                                             \
    { "eta_min", HB_NUM, "1", 0, HB_NOT_NEGATIVE, "lowest learning rate", NULL }

/* From high to low in half a period of the cosine: part in [0, 1]. */
double hb_cosine_between(double high, double low, double part);

#endif

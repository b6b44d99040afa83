/* Optimizers and learning-rate schedules: loops over float or double arrays.
 * They know no network. */
#ifndef HB_OPTIM_H
#define HB_OPTIM_H

#include "base/component.h"

#define HB_OPTIM_STATES 4

/* One array of parameters with its gradient and the optimizer's state. */
typedef struct hb_slot {
    hebb_dtype dtype;
    void *values;
    const void *gradient;
    size_t rows, count;
    void *state[HB_OPTIM_STATES]; /* arrays of count numbers of dtype, zeroed, or NULL */
    double scalar[4];             /* per-array scalars (ASGD's eta and mu, ...) */
    const uint32_t *row_list;     /* SparseAdam: rows that count; NULL: all */
    size_t row_count;
    bool row_sparse; /* SparseAdam's rule; else Adam's */
} hb_slot;

typedef struct hb_optim {
    hb_env *env;
    const struct hb_optim_ops *ops;
    hb_args args;
    double lr, initial_lr;
    double momentum, beta1; /* in force now (CyclicLR moves them) */
    uint64_t step;          /* steps done */
    hb_slot *slots;
    size_t slot_count, slot_capacity;
    void *extra;        /* LBFGS memory */
    size_t extra_count; /* doubles in extra, for checkpoints */
} hb_optim;

typedef hebb_status (*hb_closure)(void *user, double *loss);

typedef struct hb_optim_ops {
    const hb_component *component;
    int states; /* arrays per slot */
    const char *state_names[HB_OPTIM_STATES];
    bool needs_closure;
    void (*init)(hb_optim *optim, hb_slot *slot); /* may be NULL */
    void (*step_f32)(hb_optim *optim, hb_slot *slot);
    void (*step_f64)(hb_optim *optim, hb_slot *slot);
} hb_optim_ops;

hebb_status hb_optim_create(hb_env *env, const char *name, double lr, const hebb_param *params,
                            hb_optim *optim);
void hb_optim_free(hb_optim *optim);
hebb_status hb_optim_add(hb_optim *optim, hebb_dtype dtype, void *values, const void *gradient,
                         size_t rows, size_t count);
hebb_status hb_optim_step(hb_optim *optim);
hebb_status hb_optim_step_closure(hb_optim *optim, hb_closure closure, void *user, double *loss);
extern const hb_optim_ops *const hb_optimizers[];
extern const size_t hb_optimizer_count;

typedef struct hb_sched {
    hb_optim *optim;
    const struct hb_sched_ops *ops;
    hb_args args;
    uint64_t step;    /* steps done */
    double memory[8]; /* best metric, bad steps, cooldown, T_i, T_cur, ...: saved in checkpoints */
} hb_sched;

typedef struct hb_sched_ops {
    const hb_component *component;
    hebb_status (*start)(hb_sched *sched);        /* sets the first lr; may be NULL */
    void (*step)(hb_sched *sched, double metric); /* sched->step is already counted */
} hb_sched_ops;

hebb_status hb_sched_create(hb_optim *optim, const char *name, const hebb_param *params,
                            hb_sched *sched);
void hb_sched_free(hb_sched *sched);
hebb_status hb_sched_step(hb_sched *sched, double metric);
extern const hb_sched_ops *const hb_schedules[];
extern const size_t hb_schedule_count;

#endif

/* Optimizers and learning-rate schedules: loops over float or double arrays.
 * They know no network. */
#ifndef HB_OPTIM_H
#define HB_OPTIM_H

#include "base/component.h"
#include "base/pool.h"

#define HB_OPTIM_STATES 4

/* One array of parameters with its gradient and the optimizer's state. */
typedef struct hb_slot {
    hebb_dtype dtype;
    void *values;
    const void *gradient;
    size_t rows, count;
    void *state[HB_OPTIM_STATES]; /* arrays of count numbers of dtype, or NULL if not needed */
    double scalar[4];             /* per-array scalars (ASGD's eta and mu, ...) */
    const char *name;             /* for sentences; borrowed; NULL: "array 3" */
    const uint32_t *row_list;     /* SparseAdam: rows that count; NULL: all */
    size_t row_count;
    bool row_sparse; /* SparseAdam's rule; else Adam's */
} hb_slot;

typedef struct hb_optim {
    hb_env *env;
    const struct hb_optim_ops *ops;
    hb_args args;
    double lr, initial_lr;
    double momentum, beta1; /* in force now (CyclicLR moves them); NaN: it has none */
    uint64_t step;          /* steps done */
    hb_slot *slots;
    size_t slot_count, slot_capacity;
    void *extra;        /* LBFGS memory */
    size_t extra_count; /* doubles in extra, for checkpoints; known once all arrays are added */
    double *work;       /* LBFGS: what lives within one step only */
    hb_pool *pool;      /* shares the numbers of a step, or is NULL; the bits are the same */
    size_t work_count;
    bool trusts; /* values are finite when a step begins: whoever else writes them checks them */
    bool finite; /* the last step left all of them finite; false: some are not, or nobody looked */
} hb_optim;

enum { HB_SLOT_STEPS = 3 }; /* the scalar that counts the steps of its array */

typedef hebb_status (*hb_closure)(void *user, double *loss);

typedef struct hb_optim_ops {
    const hb_component *component;
    int states; /* arrays per slot */
    const char *state_names[HB_OPTIM_STATES];
    bool needs_closure;
    bool takes_rows;                                       /* hb_slot.row_list counts */
    hebb_status (*check)(hb_optim *optim);                 /* options together; may be NULL */
    bool (*uses)(const hb_optim *optim, int state);        /* NULL: every state array is needed */
    hebb_status (*prepare)(hb_optim *optim, size_t count); /* makes `extra` for count numbers */
    void (*init)(hb_optim *optim, hb_slot *slot);          /* may be NULL */
    /* A step of slot, which may be a part of an array, or none of it: then the scalars alone
     * move on. Changes nothing else. */
    void (*step_f32)(hb_optim *optim, hb_slot *slot);
    void (*step_f64)(hb_optim *optim, hb_slot *slot);
    hebb_status (*step_closure)(hb_optim *optim, hb_closure closure, void *user, double *loss);
} hb_optim_ops;

/* A training state is: step, lr, momentum and beta1 of the optimizer, `extra`, state and
 * scalar of each slot; and step and memory of the schedule. Copied into an optimizer and a
 * schedule made with the same arguments, they continue bit for bit. */

/* lr must be given here, not among params, where the table has it for its page. */
hebb_status hb_optim_create(hb_env *env, const char *name, double lr, const hebb_param *params,
                            hb_optim *optim);
void hb_optim_free(hb_optim *optim);
/* Both arrays must stay where they are, or the slot must be told. */
hebb_status hb_optim_add(hb_optim *optim, hebb_dtype dtype, void *values, const void *gradient,
                         size_t rows, size_t count);
/* A gradient or value that is not finite is HEBB_E_NOT_FINITE, and nothing has changed. */
hebb_status hb_optim_step(hb_optim *optim);
/* loss (may be NULL) receives the first evaluation. After a failure the values are
 * those of before; LBFGS then forgets its history. */
hebb_status hb_optim_step_closure(hb_optim *optim, hb_closure closure, void *user, double *loss);
/* An option now in force ("lr", "beta1", "weight_decay"); NaN if there is no such number. */
double hb_optim_option(const hb_optim *optim, const char *name);
extern const hb_optim_ops *const hb_optimizers[];
extern const size_t hb_optimizer_count;

typedef struct hb_sched {
    hb_optim *optim;
    const struct hb_sched_ops *ops;
    hb_args args;
    uint64_t step;    /* steps done */
    double memory[8]; /* best metric, bad steps, cooldown, T_cur, T_i, ...: saved in checkpoints */
} hb_sched;

typedef struct hb_sched_ops {
    const hb_component *component;
    bool needs_metric;
    hebb_status (*start)(hb_sched *sched);        /* sets the first lr; may be NULL */
    void (*step)(hb_sched *sched, double metric); /* sched->step is already counted */
} hb_sched_ops;

/* Base of the schedule is optim->initial_lr. */
hebb_status hb_sched_create(hb_optim *optim, const char *name, const hebb_param *params,
                            hb_sched *sched);
void hb_sched_free(hb_sched *sched);
/* After a failure (a metric that is NaN, a learning rate below 0) nothing has changed. */
hebb_status hb_sched_step(hb_sched *sched, double metric);
extern const hb_sched_ops *const hb_schedules[];
extern const size_t hb_schedule_count;

#endif

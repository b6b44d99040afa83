/* What the optimizers have in common: table rows, numbers of a step, declarations.
 * Each optimizer is one file NAME.real.c, compiled for float and for double; its
 * table stands in the float copy. */
#ifndef HB_OPTIM_PARTS_H
#define HB_OPTIM_PARTS_H

#include <float.h>
#include <math.h>

#include "base/finite.h"
#include "base/real.h"
#include "optim/optim.h"

#ifdef HB_DOUBLE
#define HB_SQRT sqrt
#define HB_ABS  fabs
#define HB_TINY DBL_MIN
#else
#define HB_SQRT sqrtf
#define HB_ABS  fabsf
#define HB_TINY FLT_MIN
#endif

#define HB_OPTIMIZERS(X)                                                                           \
    X(adam)                                                                                        \
    X(adamw)                                                                                       \
    X(sparse_adam) X(adamax) X(asgd) X(lbfgs) X(rmsprop) X(rprop) X(sgd) X(adadelta) X(adagrad)

#define HB_DECLARE_OPTIMIZER(name)                                                                 \
    void hb_##name##_step_f32(hb_optim *optim, hb_slot *slot);                                     \
    void hb_##name##_step_f64(hb_optim *optim, hb_slot *slot);                                     \
    extern const hb_optim_ops hb_optim_##name;
HB_OPTIMIZERS(HB_DECLARE_OPTIMIZER)

#define HB_STEPS(name) .step_f32 = hb_##name##_step_f32, .step_f64 = hb_##name##_step_f64

/* Rows that several tables have. */
#define HB_ROW_LR(value)                                                                           \
    { "lr", HB_NUM, "1", value, HB_NOT_NEGATIVE, "learning rate, given by itself" }
#define HB_ROW_DECAY(value, words)                                                                 \
    { "weight_decay", HB_NUM, "1", value, HB_NOT_NEGATIVE, words }
#define HB_ROW_L2 HB_ROW_DECAY(0, "weight_decay times the parameter is added to the gradient")
#define HB_ROW_EPS(value)                                                                          \
    { "eps", HB_NUM, "1", value, HB_NOT_NEGATIVE, "added to denominators, against division by 0" }
#define HB_ROW_MAXIMIZE                                                                            \
    { "maximize", HB_BOOL, "1", 0, HB_ANY, 0, "climb instead of descend", "maximise" }
#define HB_ROW_BETAS                                                                               \
    {                                                                                              \
        "betas", HB_NUMBERS, "1", 0, 0.0, 1.0, HB_BELOW,                                           \
            "beta1 and beta2: decay of the means of the gradient and of its square", NULL,         \
            "[0.9, 0.999]"                                                                         \
    }

/* -1 where the optimizer climbs. */
static inline real HB_R(hb_sign)(const hb_optim *optim) {
    return hb_args_num(&optim->args, "maximize") != 0 ? -1 : 1;
}

/* An eps of 0 must not make 0/0 of an entry without gradient. */
static inline real HB_R(hb_eps)(double eps) { return eps > HB_TINY ? (real)eps : HB_TINY; }

/* Steps of this array, the one under way included. */
static inline double hb_steps_of(const hb_slot *slot) { return slot->scalar[HB_SLOT_STEPS]; }

/* Entry i of a list option. */
static inline double hb_entry(const hb_optim *optim, const char *name, size_t i) {
    return hb_args_unit(&optim->args, name, i);
}

/* HEBB_E_SHAPE unless the list option has two entries. */
hebb_status hb_check_pair(hb_optim *optim, const char *name);
hebb_status hb_check_betas(hb_optim *optim);

/* What one step of the Adam family needs to know. */
typedef struct hb_adam_rule {
    double lr, beta1, beta2, eps;
    double decay;  /* added to the gradient, times the value */
    double shrink; /* the value is multiplied by it first */
    double sign;
    bool amsgrad;
} hb_adam_rule;

hb_adam_rule hb_adam_rule_of(const hb_optim *optim);
void hb_adam_apply_f32(hb_slot *slot, const hb_adam_rule *rule);
void hb_adam_apply_f64(hb_slot *slot, const hb_adam_rule *rule);
/* The failures of a gradient (or value) of slot at entry, and of a loss. */
hebb_status hb_fail_entry(hb_optim *optim, const hb_slot *slot, const char *what, size_t entry,
                          double value);
hebb_status hb_fail_loss(hb_optim *optim, double loss);
/* Checks the gradients and values that the next step reads. */
hebb_status hb_check_gradients(hb_optim *optim);
hebb_status hb_check_values(hb_optim *optim);

#endif

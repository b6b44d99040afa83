/* What a neuron model is to the engine: states, coefficients and four loops
 * over the neurons of one sample, two forward and their two derivatives. */
#ifndef HB_MODEL_H
#define HB_MODEL_H

#include "base/component.h"
#include "base/real.h"

enum { HB_STATES = 8, HB_COEFS = 16 };

/* How a coefficient comes from its parameter p (tau in ms). */
typedef enum hb_derive {
    HB_DIRECT, /* p */
    HB_DECAY,  /* exp(-dt / p) */
    HB_RATE,   /* dt / p */
    HB_LOSS,   /* 1 - exp(-dt / p), exact where that is tiny */
    HB_STEPS,  /* p / dt: whole steps, rounded up but for 1e-6 */
    HB_GAIN    /* p, with the model's own default (see default_gain) */
} hb_derive;

typedef struct hb_coef {
    const char *name; /* the constant's name, as SPAIC has it */
    const char *param;
    hb_derive derive;
    bool input_only; /* its gradient reads I, but not prev */
} hb_coef;

typedef enum hb_output {
    HB_OUT_SPIKES,
    HB_OUT_V,   /* not spiking: what others receive is V */
    HB_OUT_REAL /* not spiking: x of the step */
} hb_output;

/* One sample at one step. Rows have n entries. */
typedef struct hb_step {
    size_t n;
    const real *coef[HB_COEFS];
    real *state[HB_STATES]; /* forward: before the step, then after it */
    const real *I;          /* synaptic input of this step ... */
    const real *I2;         /* ... and the second one, of models that have two */
    const real *kept;       /* what the group keeps over runs, one number a neuron */
    real *x;                /* potential above threshold; the output of HB_OUT_REAL */
    const real *o;          /* spikes, through which the gradient flows */
    const real *m;          /* the same spikes as a constant mask */
    bool quiet;             /* nobody spikes: o and m are zeros */
    bool spaic;             /* compat = "spaic" */
    bool learns;            /* states that adapt over runs do so */
    bool uniform;           /* every coefficient is the same for all neurons */
    bool detach;            /* no gradient through the reset */
    /* backward only */
    real *adj[HB_STATES];        /* d loss / d state: after the step, then before it */
    const real *prev[HB_STATES]; /* states before the step; NULL unless gcoef */
    real *dO;                    /* d loss / d o */
    const real *dx;              /* d loss / d x */
    real *dI;                    /* dO's own row: unintegrate writes it, unsettle must not */
    real *gcoef[HB_COEFS];       /* sums of d loss / d coef, or NULL: not wanted */
} hb_step;

/* Samples that go side by side through a forward sweep of few neurons, of which one sample would
 * be but a chain of waits. */
enum { HB_ABREAST = 4 };

/* From what belongs to a sample to the same of the next one, in entries or words. */
typedef struct hb_apart {
    size_t state, I, x, before, spikes, window;
} hb_apart;

/* Several steps of one sample at once, where the group's currents, or its gradients, are there for
 * all of them. The same bits as step by step. Rows have n entries, or words of n bits. */
typedef struct hb_sweep {
    size_t n, words, steps;
    size_t row;   /* forward: numbers from a step's row to the next; n, or more where others have a
                     share ... */
    size_t I_row; /* ... and the same of I */
    bool abreast; /* forward: of HB_ABREAST samples ... */
    hb_apart apart; /* ... so far apart */
    const real *coef[HB_COEFS];
    bool spaic, uniform, detach; /* as in hb_step */
    uint64_t *spikes;            /* [steps][words] */
    uint64_t *window;            /* [steps][words]: low < x < high; forward NULL: not wanted */
    real *before;                /* [steps][states][n]: states before each step, or NULL */
    const real *I;               /* [steps][n]; backward for gcoef */
    /* forward */
    real *state[HB_STATES]; /* before the first step, then after the last */
    real fires;             /* spikes where x > fires, but is not infinite */
    real low, high;
    real *x; /* [steps][n], or NULL */
    /* backward, from the last step to the first */
    real height;           /* of an open window, ... */
    const real *slope;     /* ... or [steps][n] of a smooth one */
    real *adj[HB_STATES];  /* after the last step, then before the first */
    const real *dO;        /* [steps][n], */
    size_t dO_stride;      /* n; 0: one row for all steps */
    real *dI;              /* [steps][n]; dO's own rows: a step is read before it is written */
    real *gcoef[HB_COEFS]; /* as in hb_step */
} hb_sweep;

/* A step of all samples, for what a group keeps. Rows have n entries. */
typedef struct hb_adapt {
    size_t n;
    const real *coef[HB_COEFS];
    const real *fired; /* spikes of this step, summed over the batch */
    bool quiet;        /* these are zeros */
    bool uniform;      /* as in hb_step */
    double *kept;      /* double always: a slow decay is lost in a float */
    real *now;         /* the same after it, as the loops read it */
} hb_adapt;

/* Neurons of which in each step only the one furthest above its threshold fires. A step may be of
 * some of the group's neurons; whoever knows them all then says which one it is. */
typedef struct hb_contest {
    size_t coef; /* not 0 in [0]: they do compete */
    /* The first of those with the highest x, which *x becomes; n: nobody is at the threshold. */
    size_t (*highest)(const hb_step *step, real *x);
    void (*silence)(hb_step *step, size_t winner); /* all but this one; n: all */
} hb_contest;

typedef struct hb_model {
    const hb_component *component;
    hb_output output;
    const char *states[HB_STATES]; /* "V", "A|Vth1[stay]"; V where there is one is state 0 */
    size_t state_count;
    hb_coef coefs[HB_COEFS];
    size_t coef_count;
    bool needs_x; /* the backward loops read x */
    bool needs_I;
    bool needs_prev;        /* the backward loops read prev, with or without gcoef */
    bool spaic_output_none; /* compat = "spaic": receivers get zeros */
    double (*default_gain)(const hb_args *args, size_t unit); /* of the HB_GAIN coefficient;
                                                                  not finite: there is none */
    void (*integrate)(hb_step *step);                         /* state, I -> state, x */
    void (*settle)(hb_step *step);             /* o, m -> state after the spike; NULL: nothing */
    void (*unsettle)(hb_step *step);           /* adj -> adj, dO +=; NULL: nothing */
    void (*unintegrate)(hb_step *step);        /* dx, adj -> dI, adj; NULL: no gradient */
    void (*sweep)(const hb_sweep *sweep);      /* integrate, spikes, settle; NULL: by steps */
    void (*sweep_back)(const hb_sweep *sweep); /* unsettle, window, unintegrate; likewise */
    const char *inputs[2];        /* names of the synaptic inputs; none: "Isyn" alone */
    void (*start)(hb_step *step); /* writes the first states; NULL: zeros */
    unsigned stays;               /* bits of the states kept over runs under compat = "spaic" */
    /* What a group keeps over runs otherwise (an adaptive threshold): its name, which is also
     * that of the state that shows it, its first value, and how a step that learns changes it. */
    const char *kept;
    size_t kept_state;
    double (*kept_start)(const hb_args *args, size_t unit); /* NULL: 0 */
    void (*adapt)(const hb_adapt *adapt);
    /* 1 + the coefficient by which dI fades from a step to the one before it, rounded once, while a
     * neuron's window is shut and it does not fire; 0: it does not fade so. */
    unsigned fades;
    const hb_contest *contest; /* held between integrate and the spikes; NULL: never */
    bool whole; /* the loops look at all neurons of the group: none can be left out */
} hb_model;

extern const hb_model *const HB_R(hb_models)[];
extern const size_t HB_R(hb_model_count);
/* The same models compiled for an instruction set (hb_kernels.name); the same bits. */
const hb_model *const *HB_R(hb_models_for)(const char *isa);

/* The contest of a step of the whole group. */
static inline void hb_hold_contest(const hb_contest *contest, hb_step *step) {
    if (!contest || step->coef[contest->coef][0] == 0) return;
    real x;
    size_t winner = contest->highest(step, &x);
    if (winner < step->n) contest->silence(step, winner);
}

#define HB_EACH(step) for (size_t j = 0; j < (step)->n; j++)
/* gcoef[c][j] += value where it is wanted. */
#define HB_GRAD(step, c, value)                                                                    \
    if ((step)->gcoef[c]) HB_EACH(step)(step)->gcoef[c][j] += (value)

#endif

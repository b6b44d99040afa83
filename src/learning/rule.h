/* What a plastic rule is to the engine. A rule changes the weights of one
 * connection while the network runs. It lives once for each connection that its
 * learner trains, and owns its traces and constants there.
 *
 * Time line of a step t (decisions.md): p are the presynaptic spikes that drove
 * this step's current, q the spikes of this step; traces first, then the change
 * of the weights from the weights as they stood, at the end of the step. Under
 * compat = "spaic" p and q are those of the step before and the change waits one
 * step; spaic.real.c computes that, densely. */
#ifndef HB_RULE_H
#define HB_RULE_H

#include "learning/lesson.h"
#include "network/engine.h"

typedef struct hb_plastic hb_plastic;

/* A trace: value <- decay value, then on a spike value += 1, or = 1 if nearest. */
typedef struct hb_trace {
    double decay; /* of one step */
    bool nearest;
    bool before; /* rules read the value before this step's spike is added */
} hb_trace;

enum { HB_TRACES = 2 };

/* n synapses that one spike touches. w: their weights as they stand. Each trace
 * row has n entries (of the other side of the synapses), own[k] is the spiking
 * neuron's own trace k (pre or post side as the spike is). dw is added to. */
typedef struct hb_touch {
    size_t n, t; /* t: the step */
    const real *w;
    const real *trace[HB_TRACES];
    real own[HB_TRACES];
    real *dw;
} hb_touch;

typedef struct hb_rule {
    const hb_component *component;
    bool needs_reward;
    enum hb_lesson_kind lesson; /* what hebb_learner_teach must give */
    /* Reads the arguments; fills p->pre, p->post, p->reads_weight and the rule's own
     * numbers; most begin with hb_plastic_setup (common.h). */
    hebb_status (*setup)(hb_plastic *p);
    /* Rules made of pairs: what a presynaptic spike does to the synapses it leaves by (traces are
     * postsynaptic), and a postsynaptic spike to those it came by (traces are presynaptic).
     * Either may be NULL. The driver (pairs.real.c) does the rest: dense, sparse, one_to_one,
     * delayed, batches, update = "presentation", bounds, normalisation, threads. */
    void (*on_pre)(const hb_plastic *p, hb_touch *touch);
    void (*on_post)(const hb_plastic *p, hb_touch *touch);
    /* Rules that are not made of pairs do everything themselves; NULL: the driver's. */
    void (*lay)(hb_plastic *p, hb_arena *arena, size_t batch, size_t steps);
    hebb_status (*check)(const hb_plastic *p, size_t batch); /* before a run; NULL: all is well */
    void (*begin)(hb_plastic *p, bool fresh); /* a run starts; fresh: it began with a reset */
    void (*step)(hb_plastic *p, size_t t);    /* all samples have done step t of the run */
    void (*end)(hb_plastic *p);               /* the run is over */
    /* update = "presentation", rules made of pairs: sample b has done step t in the synapses
     * [first, last), whose dw the rule may take; NULL: they add up. Called by several threads. */
    void (*passed)(hb_plastic *p, size_t b, size_t t, size_t first, size_t last);
    void (*optim_step)(hb_plastic *p); /* does what still waits; NULL: nothing */
} hb_rule;

/* Synapses are numbered as the weights stand: dense i * post + j, else in the rows of the wiring.
 */
typedef struct hb_columns {
    uint32_t *source; /* [count]: presynaptic neuron; NULL: dense */
    uint32_t *start;  /* [post + 1]: column j is list[start[j] .. start[j + 1]); NULL: dense */
    uint32_t *list;   /* [count]: sources rising */
} hb_columns;

struct hb_plastic {
    const hb_rule *rule;
    const hb_args *args; /* the learner's */
    const hb_lesson *lesson;
    hb_env *env;
    hb_machine *m;
    hb_link *link;
    hb_trace pre[HB_TRACES], post[HB_TRACES];
    size_t pre_count, post_count; /* traces in use on each side */
    double number[8];             /* the rule's own constants ... */
    double per_lr[8];             /* ... and those of them that are lr times this, */
    unsigned rated;               /* whose bits are set here */
    bool reads_weight;            /* touch->w is wanted; otherwise it may be NULL */
    bool quiet;                   /* on_pre changes nothing where all post traces are 0 */
    bool pair_steps;              /* the rule has a step, and it is that of the pairs */
    double lr;                    /* rules multiply their changes by it */
    const bool *scheduled;        /* a schedule changes lr between runs ... */
    const double *scheduled_lr;   /* ... to this */
    bool presentation;            /* W is held during a run, changes are summed after it */
    bool mean;                    /* reduction over the batch: mean, not sum */
    double norm;                  /* row sums to keep; 0: none */
    bool norm_every_step;
    real low, high;                /* bounds */
    int reward;                    /* index of the reward; -1: none */
    double target_rate, rate_gain; /* Hz; 0: none */
    hb_columns columns;            /* laid by hb_plastic_lay */
    uint64_t *past; /* [B][delay_max][words]: spikes of the rows before row 0, newest first */
    void *driver;   /* what the driver keeps, from the arena */
    void *own;      /* what the rule keeps, from the arena or behind kept */
    void *kept;     /* of the allocator; freed with the network */
};

/* The driver of rules made of pairs (it calls hb_plastic_lay, _begin and _end of synapses.h). */
void HB_R(hb_pairs_lay)(hb_plastic *p, hb_arena *arena, size_t batch, size_t steps);
void HB_R(hb_pairs_begin)(hb_plastic *p, bool fresh);
void HB_R(hb_pairs_step)(hb_plastic *p, size_t t);
void HB_R(hb_pairs_end)(hb_plastic *p);

extern const hb_rule *const HB_R(hb_rules)[];
extern const size_t HB_R(hb_rule_count);

#endif

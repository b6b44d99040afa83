/* Eligibility: what pairs of spikes would have changed, kept for each sample until
 * a reward says whether they did well. */
#ifndef HB_ELIGIBILITY_H
#define HB_ELIGIBILITY_H

#include "learning/pairs.h"
#include "learning/plastic_common.h"

enum { HB_E_PLUS, HB_E_MINUS, HB_E_DECAY, HB_E_STEP, HB_E_GAIN, HB_E_RATE, HB_E_SCALE };
#define HB_E_LEAST 1e-9 /* of hb_eligible.factor */
typedef enum hb_baseline { HB_BASE_NONE, HB_BASE_RUNNING, HB_BASE_PREDICTION } hb_baseline;

typedef struct hb_eligible {
    real *E; /* [B][synapses], in units of factor; of a presentation: [synapses], the change */
    double factor; /* what E is to be multiplied by; falls with the trace's decay */
    bool fades;    /* E is a trace, not a sum over the steps that the reward judges */
    double *delta; /* [B], or [B][post]: reward less what was expected; of each reward of a run */
    double *worth; /* [T]: what is added to E for a pair of the step */
    double *gain;  /* [T], presentation: what a change is to E at a reward ... */
    real *scale;   /* [T]: ... and what E is multiplied by after the step */
    size_t since;  /* steps since the last reward, when the run began */
    hb_baseline baseline;
    bool soft, per_neuron;
    size_t drive;       /* state U of the target, for HB_BASE_PREDICTION */
    hb_parameter *mean; /* the running mean of the reward, one number */
    bool started;       /* there has been a run */
    /* compat = "spaic" */
    real *plus, *minus; /* [B][pre], [B][post] */
    uint64_t *p, *q;
    real *stored; /* [synapses]: weights that optim_step has made last */
    real *left;   /* [synapses]: weights that the last run left; others have been set since */
} hb_eligible;

static inline hb_eligible *hb_eligible_of(const hb_plastic *p) { return p->own; }

/* clang-format off */
#define HB_E_PARAMS(lr) \
    {"lr", HB_NUM, "1", lr, HB_NOT_NEGATIVE, "learning rate: factor on every change"}, \
    {"A_plus", HB_NUM, "1", 1, HB_ANY, 0, "what a pair pre before post at no distance is worth"}, \
    {"A_minus", HB_NUM, "1", -1, HB_ANY, 0, "the same for post before pre"}, \
    {"tau_plus", HB_NUM, "ms", 20, HB_POSITIVE, "time constant of the presynaptic trace"}, \
    {"tau_minus", HB_NUM, "ms", 20, HB_POSITIVE, "time constant of the postsynaptic trace"}
#define HB_E_REWARD \
    {.name = "reward", .type = HB_STRING, .unit = "1", .flags = HB_UNSET, \
     .doc = "name of the reward that it learns by", .aliases = "reward_name", \
     .def_text = "the network's only one"}, \
    {.name = "baseline", .type = HB_CHOICE, .unit = "1", .choices = "none|running|prediction", \
     .def_text = "none", \
     .doc = "what is taken off the reward: nothing, its running mean, or tanh(U / baseline_scale), " \
            "U being how clear the target's decision was (wta_lif)"}, \
    {"baseline_rate", HB_NUM, "1", 0.01, 0, 1, HB_ABOVE, "share of the newest reward in the running mean"}, \
    {"baseline_scale", HB_NUM, "1", 5, HB_POSITIVE, "the U at which a success is expected with 76 %"}, \
    {"w_min", HB_NUM, "1", -HB_INF, HB_ANY, HB_INFINITE, "lower bound of the weights"}, \
    {"w_max", HB_NUM, "1", HB_INF, HB_ANY, HB_INFINITE, "upper bound of the weights"}, \
    {.name = "bounds", .type = HB_CHOICE, .unit = "1", .choices = "hard|soft", .def_text = "hard", \
     .doc = "hard: clamped; soft: growth times (w_max - w), shrinking times (w - w_min), clamped too"}, \
    {"w_norm", HB_NUM, "1", 0, HB_NOT_NEGATIVE, \
     "sum of |w| over the inputs of each neuron that normalising keeps; 0: none"}, \
    {.name = "norm", .type = HB_CHOICE, .unit = "1", .choices = "none|run|step", .def_text = "run", \
     .doc = "when to normalise: never, at the end of each run, or after every reward"}, \
    {.name = "reduction", .type = HB_CHOICE, .unit = "1", .choices = "sum|mean", .def_text = "sum", \
     .doc = "what the changes of the samples of a batch come to"}, \
    {.name = "update", .type = HB_CHOICE, .unit = "1", .choices = "step|presentation", \
     .def_text = "step", \
     .doc = "when the weights change: at each reward, or once after each run for all rewards in " \
            "it (no pairs of a run that it continues count, and U is that of its end)"}, \
    HB_P_RATE
/* clang-format on */

/* setup, and the hooks of rules that keep eligibility; spaic ones are dense and one step late. */
hebb_status HB_R(hb_eligible_setup)(hb_plastic *p);
void HB_R(hb_eligible_lay)(hb_plastic *p, hb_arena *arena, size_t batch, size_t steps);
void HB_R(hb_eligible_begin)(hb_plastic *p, bool fresh);
void HB_R(hb_eligible_end)(hb_plastic *p);
void HB_R(hb_eligible_pre)(const hb_plastic *p, hb_touch *touch);
void HB_R(hb_eligible_post)(const hb_plastic *p, hb_touch *touch);
/* Is step t one that the next reward judges? */
bool HB_R(hb_eligible_counts)(const hb_plastic *p, size_t t);
/* Adds the pairs of step t to E, times `worth`. */
void HB_R(hb_eligible_gather)(hb_plastic *p, size_t t, double worth);
/* If step t brought a reward: W += number[HB_E_GAIN] * reduction over b of (reward_b - expected_b)
 * E_b, kept inside the bounds. True if it did. */
bool HB_R(hb_eligible_reward)(hb_plastic *p, size_t t);
void HB_R(hb_eligible_clear)(hb_plastic *p);
/* update = "presentation" (judged.real.c): what the run comes to; `passed` of the rules. */
void HB_R(hb_eligible_passed)(hb_plastic *p, size_t b, size_t t, size_t first, size_t last);
void HB_R(hb_eligible_present)(hb_plastic *p);
/* The rewards of step t less what was expected, into delta. */
void HB_R(hb_eligible_deltas)(hb_plastic *p, size_t t, double *delta);
/* Changes the weights [first, first + n) by dw, softly or hard. */
void HB_R(hb_eligible_move)(const hb_plastic *p, size_t first, size_t n, const real *dw);
/* dw[c] += gain * delta * from[c] for the synapses [first, first + n); delta: of one sample. */
void HB_R(hb_eligible_add)(const hb_plastic *p, size_t first, size_t n, double gain,
                           const double *delta, const real *from, real *dw);
/* Numbers in a reward of a sample. */
static inline size_t hb_eligible_each(const hb_plastic *p) {
    return hb_eligible_of(p)->per_neuron ? p->link->post->n : 1;
}

/* SPAIC: the reward of step t (one number, or one for each target neuron). */
double HB_R(hb_spaic_reward)(const hb_plastic *p, size_t t, size_t post);
/* P+ and P- follow the spikes; E = sum over b of q P+ + P- p, of this step alone. */
void HB_R(hb_spaic_pairs)(hb_plastic *p, size_t t);

#endif

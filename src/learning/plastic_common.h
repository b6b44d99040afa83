/* Parameters that plastic rules have in common, and the setup that reads them. */
#ifndef HB_PLASTIC_COMMON_H
#define HB_PLASTIC_COMMON_H

#include "learning/synapses.h"

/* clang-format off */
#define HB_P_LR(value, text) \
    {"lr", HB_NUM, "1", value, HB_NOT_NEGATIVE, text}
#define HB_P_BOUNDS(least, most) \
    {"w_min", HB_NUM, "1", least, HB_ANY, HB_INFINITE, \
     "lower bound of the weights, kept after every change; the tighter of it and the connection's counts"}, \
    {"w_max", HB_NUM, "1", most, HB_ANY, HB_INFINITE, \
     "upper bound of the weights, likewise"}
/* `when`: "none", "run" or "step" */
#define HB_P_NORM(value, when) \
    {"w_norm", HB_NUM, "1", value, HB_NOT_NEGATIVE, \
     "sum of |w| over the inputs of each neuron that normalising keeps; 0: none"}, \
    {.name = "norm", .type = HB_CHOICE, .unit = "1", .choices = "none|run|step", .def_text = when, \
     .doc = "when to normalise: never, at the end of each run, or after every step"}
#define HB_P_BATCH \
    {.name = "reduction", .type = HB_CHOICE, .unit = "1", .choices = "sum|mean", .def_text = "sum", \
     .doc = "what the changes of the samples of a batch come to"}, \
    {.name = "update", .type = HB_CHOICE, .unit = "1", .choices = "step|presentation", \
     .def_text = "step", \
     .doc = "when the weights change: after every step, or once after each run"}
#define HB_P_RATE \
    {"target_rate", HB_NUM, "Hz", 0, HB_NOT_NEGATIVE, \
     "homeostasis: after each run w <- w (1 + rate_gain (1 - rate / target_rate)); 0: none"}, \
    {"rate_gain", HB_NUM, "1", 0.1, 0, 1, 0, "how fast the rate is pulled to target_rate"}
#define HB_P_PAIRING(text) \
    {.name = "pairing", .type = HB_CHOICE, .unit = "1", .choices = "all|nearest", .def_text = "all", \
     .doc = text}
#define HB_P_PAIRS \
    {"tau_plus", HB_NUM, "ms", 20, HB_POSITIVE, "time constant of the presynaptic trace x"}, \
    {"tau_minus", HB_NUM, "ms", 20, HB_POSITIVE, "time constant of the postsynaptic trace y"}, \
    HB_P_PAIRING("each spike pairs with all earlier ones of the other side, or with the nearest")
/* clang-format on */
/* Everything for a rule of [0, 1] weights. */
#define HB_P_COMMON(lr)                                                                            \
    HB_P_LR(lr, "learning rate: factor on every change"), HB_P_BOUNDS(0, 1), HB_P_NORM(0, "run"),  \
        HB_P_BATCH, HB_P_RATE

/* The same without the bounds. */
hebb_status HB_R(hb_plastic_common)(hb_plastic *p);
/* Fails on a delayed connection, for rules that know none. */
hebb_status HB_R(hb_plastic_undelayed)(const hb_plastic *p);
/* Reads what of these the rule's table has; checks that both ends spike and that the weights lie
 * inside the bounds (drawn ones are put inside). */
hebb_status HB_R(hb_plastic_setup)(hb_plastic *p);
/* The bounds, for rules that choose them otherwise. */
hebb_status HB_R(hb_plastic_bounds)(hb_plastic *p, double low, double high);
/* The parameter if the rule's table has it, else `otherwise`. */
double HB_R(hb_plastic_number)(const hb_plastic *p, const char *name, double otherwise);
/* A trace with the time constant of the parameter, in ms. */
hb_trace HB_R(hb_plastic_trace)(const hb_plastic *p, const char *tau, bool nearest, bool before);
hb_trace HB_R(hb_plastic_trace_of)(const hb_plastic *p, double tau, bool nearest, bool before);
/* p->number[place] = lr value, now and whenever a schedule has changed lr. */
void HB_R(hb_plastic_rated)(hb_plastic *p, size_t place, double value);
void HB_R(hb_plastic_set_lr)(hb_plastic *p, double lr);
/* The traces of HB_P_PAIRS, and lr A_plus, lr A_minus as the first two numbers. */
enum { HB_PAIR_PLUS, HB_PAIR_MINUS, HB_PAIR_NUMBERS };
void HB_R(hb_plastic_pairs)(hb_plastic *p);
/* Fails if either bound is missing, for rules that measure by both. */
hebb_status HB_R(hb_plastic_bounded)(const hb_plastic *p);

#endif

/* Parameters that kinds of connections have in common. */
#ifndef HB_LINK_PARAMS_H
#define HB_LINK_PARAMS_H

#include "links/link.h"

/* clang-format off */
#define HB_LINK_WEIGHTS \
    {"weight", HB_INIT, "1", 0, HB_ANY, HB_UNSET | HB_TRAINABLE, \
     "weights [post, pre]: an array, a number, or an initializer such as normal(0, 0.1)", NULL, \
     "the kind's own draw"}, \
    {"bias", HB_INIT, "1", 0, HB_ANY, HB_UNSET | HB_TRAINABLE, \
     "current [post] added in every step: an array, a number, or an initializer", NULL, "none"}
#define HB_LINK_W_MEAN(mean, meaning) {"w_mean", HB_NUM, "1", mean, HB_ANY, 0, meaning}
#define HB_LINK_W_STD(std, meaning) {"w_std", HB_NUM, "1", std, HB_NOT_NEGATIVE, meaning}
#define HB_LINK_BOUNDS \
    {"w_min", HB_NUM, "1", 0, HB_ANY, HB_UNSET | HB_INFINITE, \
     "lower bound, kept after every change", NULL, "none"}, \
    {"w_max", HB_NUM, "1", 0, HB_ANY, HB_UNSET | HB_INFINITE, \
     "upper bound, kept after every change", NULL, "none"}
#define HB_LINK_DELAYS \
    {"delay", HB_INIT, "ms", 0, HB_ANY, HB_UNSET, "delay of each synapse [post, pre]", NULL, \
     "uniform in [min_delay, max_delay] if max_delay > 0"}, \
    {"max_delay", HB_NUM, "ms", 0, HB_NOT_NEGATIVE, "longest delay; 0: no delays"}, \
    {"min_delay", HB_NUM, "ms", 1, HB_NOT_NEGATIVE, "shortest drawn delay"}
#define HB_LINK_PASSING \
    {"weight_quantization", HB_BOOL, "1", 0, 0, 1, 0, \
     "round weights to whole numbers in -128..128 when a run starts"}, \
    {"post_var_name", HB_CHOICE, "1", 0, HB_ANY, 0, \
     "which synaptic input of the target it drives: ge and gi are those of conductance models", \
     NULL, "Isyn", "Isyn|ge|gi"}, \
    {"pre_var_name", HB_CHOICE, "1", 0, HB_ANY, 0, "what is read of the source", NULL, "O", \
     "O|V"}, \
    {"syn_type", HB_STRING, "1", 0, HB_ANY, 0, "synapse filter; see `hebb list synapse`", \
     "synapse", "basic"}, \
    {"tau", HB_NUM, "ms", 2, HB_POSITIVE, "time constant of 1_order_synapse"}, \
    {"tau_r", HB_NUM, "ms", 9, HB_POSITIVE, "slow time constant of 2_order_synapse"}, \
    {"tau_d", HB_NUM, "ms", 2, HB_POSITIVE, "fast time constant of 2_order_synapse"}, \
    {"dropout", HB_NUM, "1", 0, 0, 1, HB_BELOW, \
     "share of the sources that training silences here, drawn for each presentation; the others " \
     "count 1/(1 - dropout)"}
#define HB_LINK_DENSITY \
    {"density", HB_NUM, "1", 0.1, 0, 1, 0, "share of synapses that exist"}, \
    {"mask", HB_MATRIX, "1", 0, HB_ANY, HB_UNSET, "which synapses [post, pre] exist: not 0", NULL, \
     "drawn; or where a given weight array is not 0"}
#define HB_LINK_COMMON HB_LINK_WEIGHTS, HB_LINK_BOUNDS, HB_LINK_DELAYS, HB_LINK_PASSING
/* clang-format on */

/* Links of a source and its target by rows: room for w->count synapses. */
hebb_status hb_wiring_rows(hb_env *env, hb_wiring *wiring);

extern const hb_link_kind hb_link_patches;

#endif

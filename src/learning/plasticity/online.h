/* SPAIC's two online STDP rules, as hebb has them and as SPAIC computes them. */
#ifndef HB_ONLINE_H
#define HB_ONLINE_H

#include "learning/plastic_common.h"

/* Reads the parameters that full and nearest STDP share; the traces are the caller's. */
hebb_status HB_R(hb_online_setup)(hb_plastic *p, bool nearest);
void HB_R(hb_online_pre)(const hb_plastic *p, hb_touch *touch);
void HB_R(hb_online_post)(const hb_plastic *p, hb_touch *touch);
/* The driver's, or under compat = "spaic" those of spaic.real.c. */
void HB_R(hb_online_lay)(hb_plastic *p, hb_arena *arena, size_t batch, size_t steps);
void HB_R(hb_online_begin)(hb_plastic *p, bool fresh);
void HB_R(hb_online_step)(hb_plastic *p, size_t t);
void HB_R(hb_online_end)(hb_plastic *p);

enum { HB_ONLINE_POST, HB_ONLINE_PRE, HB_ONLINE_NEAREST, HB_ONLINE_FIRST_NORM };

/* clang-format off */
#define HB_ONLINE_PARAMS(when) \
    {"Apost", HB_NUM, "1", 0.01, HB_ANY, 0, "growth at a postsynaptic spike"}, \
    {"Apre", HB_NUM, "1", 1e-4, HB_ANY, 0, "depression at a presynaptic spike"}, \
    HB_P_LR(1, "factor on every change; compat = spaic: ignored"), \
    {"w_min", HB_NUM, "1", 0, HB_ANY, HB_INFINITE, \
     "lower bound of the weights, kept after every change; the tighter of it and the connection's counts"}, \
    {"w_max", HB_NUM, "1", 1, HB_ANY, HB_INFINITE, \
     "upper bound, likewise; by default none where w_norm asks a row for more than its inputs times 1"}, \
    HB_P_NORM(78.4, when), HB_P_BATCH, HB_P_RATE
/* clang-format on */
#define HB_ONLINE_RULE                                                                             \
    .on_pre = HB_R(hb_online_pre), .on_post = HB_R(hb_online_post), .lay = HB_R(hb_online_lay),    \
    .begin = HB_R(hb_online_begin), .step = HB_R(hb_online_step), .end = HB_R(hb_online_end)

/* SPAIC's path (spaic.real.c): dense, with what it computes in a step applied in the next. */
void HB_R(hb_spaic_lay)(hb_plastic *p, hb_arena *arena, size_t batch);
void HB_R(hb_spaic_begin)(hb_plastic *p, bool fresh);
void HB_R(hb_spaic_step)(hb_plastic *p, size_t t);
/* Normalises as SPAIC does when it builds. */
hebb_status HB_R(hb_spaic_build)(hb_plastic *p);

#endif

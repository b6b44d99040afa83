/* The driver of rules made of pairs (being built). */
#include "learning/plasticity/rule.h"

void HB_R(hb_pairs_lay)(hb_plastic *p, hb_arena *arena, size_t batch, size_t steps) {
    (void)p, (void)arena, (void)batch, (void)steps;
}
void HB_R(hb_pairs_begin)(hb_plastic *p, bool fresh) { (void)p, (void)fresh; }
void HB_R(hb_pairs_step)(hb_plastic *p, size_t t) { (void)p, (void)t; }
void HB_R(hb_pairs_end)(hb_plastic *p) { (void)p; }

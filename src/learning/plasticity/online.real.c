#include "learning/plasticity/online.h"

#include <math.h>

/* The chapter's w_norm = 3276.8 cannot be reached with weights of 1 on its 784 inputs. */
static hebb_status choose_bounds(hb_plastic *p, bool spaic) {
    double low = hb_args_num(p->args, "w_min"), high = hb_args_num(p->args, "w_max");
    double inputs = p->link->wiring->one_to_one ? 1 : (double)p->link->wiring->pre;
    if (spaic) low = 0, high = 1;
    if (!spaic && !hb_args_given(p->args, "w_max") && p->norm > inputs * high) {
        hb_note(p->env,
                "%s: w_norm = %g asks %g inputs for more than w_max = %g each; the weights of %s "
                "have no upper "
                "bound of the rule (give w_max to keep one)",
                p->link->connection->name, p->norm, inputs, high, p->rule->component->name);
        high = HB_INF;
    }
    return HB_R(hb_plastic_bounds)(p, low, high);
}

hebb_status HB_R(hb_online_setup)(hb_plastic *p, bool nearest) {
    bool spaic = p->m->base.graph->spaic;
    HEBB_TRY(HB_R(hb_plastic_common)(p));
    HEBB_TRY(choose_bounds(p, spaic));
    if (spaic) p->lr = 1, p->presentation = p->mean = false;
    HB_R(hb_plastic_rated)(p, HB_ONLINE_POST, hb_args_num(p->args, "Apost"));
    HB_R(hb_plastic_rated)(p, HB_ONLINE_PRE, hb_args_num(p->args, "Apre"));
    p->number[HB_ONLINE_NEAREST] = nearest;
    p->quiet = true;
    p->pair_steps = !spaic;
    p->pre_count = p->post_count = 1;
    return spaic ? HB_R(hb_spaic_build)(p) : HEBB_OK;
}

void HB_R(hb_online_pre)(const hb_plastic *p, hb_touch *touch) {
    real a = (real)p->number[HB_ONLINE_PRE];
    for (size_t c = 0; c < touch->n; c++) touch->dw[c] -= a * touch->trace[0][c];
}
void HB_R(hb_online_post)(const hb_plastic *p, hb_touch *touch) {
    real a = (real)p->number[HB_ONLINE_POST];
    for (size_t c = 0; c < touch->n; c++) touch->dw[c] += a * touch->trace[0][c];
}

void HB_R(hb_online_lay)(hb_plastic *p, hb_arena *arena, size_t batch, size_t steps) {
    if (p->m->base.graph->spaic)
        HB_R(hb_spaic_lay)(p, arena, batch);
    else
        HB_R(hb_pairs_lay)(p, arena, batch, steps);
}
void HB_R(hb_online_begin)(hb_plastic *p, bool fresh) {
    (p->m->base.graph->spaic ? HB_R(hb_spaic_begin) : HB_R(hb_pairs_begin))(p, fresh);
}
void HB_R(hb_online_step)(hb_plastic *p, size_t t) {
    (p->m->base.graph->spaic ? HB_R(hb_spaic_step) : HB_R(hb_pairs_step))(p, t);
}
void HB_R(hb_online_end)(hb_plastic *p) {
    if (!p->m->base.graph->spaic) HB_R(hb_pairs_end)(p);
}

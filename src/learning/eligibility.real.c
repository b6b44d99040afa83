#include "learning/eligibility.h"

#include <math.h>
#include <string.h>

/* ---- setup ---- */

static hebb_status find_drive(hb_plastic *p, hb_eligible *e) {
    const hb_model *model = p->link->post->model;
    for (e->drive = 0; e->drive < model->state_count; e->drive++)
        if (!strcmp(model->states[e->drive], "U")) return HEBB_OK;
    return hb_fail(
        p->env, HEBB_E_UNSUPPORTED,
        "%s: baseline = prediction needs target neurons with a state U, such as wta_lif, "
        "not %s",
        p->link->connection->name, model->component->name);
}

static hebb_status read_baseline(hb_plastic *p, hb_eligible *e) {
    const char *name = hb_args_text(p->args, "baseline");
    e->baseline = !strcmp(name, "running")      ? HB_BASE_RUNNING
                  : !strcmp(name, "prediction") ? HB_BASE_PREDICTION
                                                : HB_BASE_NONE;
    p->number[HB_E_RATE] = hb_args_num(p->args, "baseline_rate");
    p->number[HB_E_SCALE] = hb_args_num(p->args, "baseline_scale");
    if (e->baseline == HB_BASE_PREDICTION) HEBB_TRY(find_drive(p, e));
    if (e->baseline != HB_BASE_RUNNING) return HEBB_OK;
    e->mean = HB_R(hb_machine_keep)(p->m, p->link, "reward_mean", 1);
    return e->mean ? HEBB_OK : HEBB_E_MEMORY;
}

/* What SPAIC's rules do not have. */
static hebb_status refuse_options(const hb_plastic *p) {
    static const char *const ours[] = {"baseline", "bounds", "w_min",     "w_max",      "w_norm",
                                       "norm",     "update", "reduction", "target_rate"};
    for (size_t i = 0; i < HB_COUNT(ours); i++)
        if (hb_args_given(p->args, ours[i]))
            return hb_fail(p->env, HEBB_E_UNSUPPORTED,
                           "%s: under compat = spaic %s has no %s; leave it out",
                           p->link->connection->name, p->rule->component->name, ours[i]);
    return HB_R(hb_plastic_undelayed)(p);
}

hebb_status HB_R(hb_eligible_setup)(hb_plastic *p) {
    if (p->m->base.graph->spaic) HEBB_TRY(refuse_options(p));
    HEBB_TRY(HB_R(hb_plastic_setup)(p));
    hb_eligible *e = hb_calloc(p->env, 1, sizeof *e);
    if (!e) return HEBB_E_MEMORY;
    p->kept = e;
    p->own = e;
    const hb_rewarder *reward = &p->m->base.graph->rewards[p->reward];
    e->per_neuron = reward->reward.ops->per_neuron;
    if (e->per_neuron && reward->reward.num != p->link->post->n)
        return hb_fail(p->env, HEBB_E_SHAPE,
                       "%s: the reward %s gives one number for each of %zu neurons, but the target "
                       "has %zu",
                       p->link->connection->name, reward->name, reward->reward.num,
                       p->link->post->n);
    HEBB_TRY(read_baseline(p, e));
    e->soft = !strcmp(hb_args_text(p->args, "bounds"), "soft");
    if (e->soft) HEBB_TRY(HB_R(hb_plastic_bounded)(p));
    p->pre_count = p->post_count = 1;
    p->pre[0] = HB_R(hb_plastic_trace)(p, "tau_plus", false, false);
    p->post[0] = HB_R(hb_plastic_trace)(p, "tau_minus", false, false);
    p->number[HB_E_PLUS] = hb_args_num(p->args, "A_plus");
    p->number[HB_E_MINUS] = hb_args_num(p->args, "A_minus");
    HB_R(hb_plastic_rated)(p, HB_E_GAIN, 1);
    return HEBB_OK;
}

/* ---- memory ---- */

/* How often E is kept. */
static size_t eligibilities(const hb_plastic *p, size_t batch) {
    if (p->m->base.graph->spaic) return 2;
    return p->presentation || !p->rule->on_post ? 1 : batch;
}

/* Rewards of a run whose deltas are wanted at once. */
static size_t rewards_in(const hb_plastic *p, size_t steps) {
    return p->presentation
               ? 1 + steps / hb_reward_every(&p->m->base.graph->rewards[p->reward].reward)
               : 1;
}

void HB_R(hb_eligible_lay)(hb_plastic *p, hb_arena *a, size_t batch, size_t steps) {
    hb_eligible *e = p->own;
    size_t count = p->link->wiring->count, pre = p->link->pre->n, post = p->link->post->n;
    bool spaic = p->m->base.graph->spaic;
    HB_R(hb_pairs_lay)(p, a, batch, steps);
    real *E = hb_arena_take(a, eligibilities(p, batch) * count, sizeof(real));
    double *delta =
        hb_arena_take(a, rewards_in(p, steps) * batch * hb_eligible_each(p), sizeof(double));
    double *worth = hb_arena_take(a, steps, sizeof(double));
    double *gain = hb_arena_take(a, p->presentation ? steps : 0, sizeof(double));
    real *scale = hb_arena_take(a, p->presentation ? steps : 0, sizeof(real));
    real *plus = hb_arena_take(a, spaic ? batch * pre : 0, sizeof(real));
    real *minus = hb_arena_take(a, spaic ? batch * post : 0, sizeof(real));
    uint64_t *P = hb_arena_take(a, p->link->pre->words, 8);
    uint64_t *Q = hb_arena_take(a, p->link->post->words, 8);
    real *stored = hb_arena_take(a, spaic ? count : 0, sizeof(real));
    real *left = hb_arena_take(a, spaic ? count : 0, sizeof(real));
    if (!a->base) return;
    if (e->E && e->E != E) { /* a run may go on in the new room */
        memcpy(E, e->E, eligibilities(p, p->m->base.batch) * count * sizeof(real));
        if (spaic) memcpy(stored, e->stored, count * sizeof(real));
        if (spaic) memcpy(left, e->left, count * sizeof(real));
        if (spaic) memcpy(plus, e->plus, p->m->base.batch * pre * sizeof(real));
        if (spaic) memcpy(minus, e->minus, p->m->base.batch * post * sizeof(real));
    } else if (spaic) {
        memcpy(stored, hb_weights(p), count * sizeof(real));
        memcpy(left, stored, count * sizeof(real));
    }
    e->E = E, e->delta = delta, e->plus = plus, e->minus = minus;
    e->p = P, e->q = Q, e->stored = stored, e->left = left;
    e->worth = worth, e->gain = gain, e->scale = scale;
}

void HB_R(hb_eligible_clear)(hb_plastic *p) {
    hb_eligible *e = p->own;
    e->factor = 1;
    memset(e->E, 0, eligibilities(p, p->m->base.batch) * p->link->wiring->count * sizeof(real));
}

void HB_R(hb_eligible_begin)(hb_plastic *p, bool fresh) {
    hb_eligible *e = p->own;
    HB_R(hb_pairs_begin)(p, fresh);
    e->since = p->m->judged[p->reward].since;
    if (!fresh) return;
    HB_R(hb_eligible_clear)(p);
    if (!p->m->base.graph->spaic) return;
    memset(e->plus, 0, p->m->base.batch * p->link->pre->n * sizeof(real));
    memset(e->minus, 0, p->m->base.batch * p->link->post->n * sizeof(real));
}

void HB_R(hb_eligible_end)(hb_plastic *p) {
    if (p->presentation) HB_R(hb_eligible_present)(p);
    HB_R(hb_pairs_settle)(p, false);
}

bool HB_R(hb_eligible_counts)(const hb_plastic *p, size_t t) {
    const hb_rewarder *r = &p->m->base.graph->rewards[p->reward];
    size_t every = hb_reward_every(&r->reward);
    size_t left = every - (hb_eligible_of(p)->since + t) % every;
    return r->given_count && left <= hb_reward_window(&r->reward, p->m->base.graph->dt, every);
}

/* ---- pairs ---- */

void HB_R(hb_eligible_pre)(const hb_plastic *p, hb_touch *touch) {
    real a = (real)(p->number[HB_E_MINUS] * hb_eligible_of(p)->worth[touch->t]);
    if (a == 0) return;
    for (size_t c = 0; c < touch->n; c++) touch->dw[c] += a * touch->trace[0][c];
}
void HB_R(hb_eligible_post)(const hb_plastic *p, hb_touch *touch) {
    real a = (real)(p->number[HB_E_PLUS] * hb_eligible_of(p)->worth[touch->t]);
    if (a == 0) return;
    for (size_t c = 0; c < touch->n; c++) touch->dw[c] += a * touch->trace[0][c];
}

static void gather_sample(void *arg, size_t b, int worker) {
    hb_plastic *p = arg;
    hb_eligible *e = p->own;
    hb_pairs *d = p->driver;
    hb_pair_room *room = &d->rooms[worker];
    bool counts = e->worth[d->now] != 0;
    real *E = e->E + b * p->link->wiring->count;
    const hb_part *pre = p->link->pre, *post = p->link->post;
    HB_R(hb_pairs_sample)(p, b, d->now);
    const uint32_t *P = d->p_list + b * (64 * pre->words + HB_POSITIONS_SLACK);
    const uint32_t *Q = d->q_list + b * (64 * post->words + HB_POSITIONS_SLACK);
    for (size_t c = 0; counts && c < d->p_count[b] && p->number[HB_E_MINUS] != 0; c++) {
        size_t first, last;
        hb_row(p, P[c], &first, &last);
        HB_R(hb_pairs_row)(p, room, P[c], b, E + first);
    }
    for (size_t c = 0; counts && c < d->q_count[b]; c++) {
        size_t n = hb_column_count(p, Q[c]);
        memset(room->dw, 0, n * sizeof(real));
        HB_R(hb_pairs_column)(p, room, Q[c], b, NULL, room->dw);
        for (size_t k = 0; k < n; k++) E[hb_column_synapse(p, Q[c], k)] += room->dw[k];
    }
    HB_R(hb_pairs_after)(p, b);
}

void HB_R(hb_eligible_gather)(hb_plastic *p, size_t t, double worth) {
    hb_eligible *e = p->own;
    hb_pairs_of(p)->now = t;
    e->worth[t] = worth / e->factor;
    HB_R(hb_pairs_share)(p, gather_sample, p->m->base.batch);
}

/* ---- the reward ---- */

/* How clear the decision of sample b was: the U of the neuron that fired first. */
static double drive(const hb_plastic *p, size_t b) {
    const hb_part *post = p->link->post;
    const real *U = post->state + (b * post->states + hb_eligible_of(p)->drive) * post->n;
    double sum = 0;
    for (size_t j = 0; j < post->n; j++) sum += (double)U[j];
    return sum;
}

void HB_R(hb_eligible_deltas)(hb_plastic *p, size_t t, double *delta) {
    const hb_eligible *e = p->own;
    const hb_judged *j = &p->m->judged[p->reward];
    const double *values = j->values + t * j->outputs;
    size_t batch = p->m->base.batch, each = hb_eligible_each(p);
    double mean = e->mean ? (double)*(real *)e->mean->values : 0, sum = 0;
    for (size_t b = 0; b < batch; b++) {
        double expected =
            e->baseline == HB_BASE_PREDICTION ? tanh(drive(p, b) / p->number[HB_E_SCALE]) : mean;
        for (size_t k = 0; k < each; k++) {
            delta[b * each + k] = values[b * each + k] - expected;
            sum += values[b * each + k];
        }
    }
    if (!e->mean) return;
    sum /= (double)(batch * each);
    *(real *)e->mean->values = (real)(mean + p->number[HB_E_RATE] * (sum - mean));
}

void HB_R(hb_eligible_add)(const hb_plastic *p, size_t first, size_t n, double gain,
                           const double *delta, const real *restrict from, real *restrict dw) {
    const hb_wiring *w = p->link->wiring;
    real factor = (real)(gain * delta[0]);
    if (!hb_eligible_of(p)->per_neuron) {
        for (size_t c = 0; c < n && factor != 0; c++) dw[c] += factor * from[c];
        return;
    }
    for (size_t c = 0; c < n && w->start; c++)
        dw[c] += (real)(gain * delta[w->index[first + c]]) * from[c];
    for (size_t c = 0; c < n && !w->start; c += w->post) /* whole rows */
        for (size_t j = 0; j < w->post; j++) dw[c + j] += (real)(gain * delta[j]) * from[c + j];
}

void HB_R(hb_eligible_move)(const hb_plastic *p, size_t first, size_t n, const real *restrict dw) {
    real *restrict w = hb_weights(p) + first;
    real low = p->low, high = p->high;
    bool soft = hb_eligible_of(p)->soft;
    for (size_t c = 0; c < n && soft; c++) {
        real now = w[c] + dw[c] * (dw[c] > 0 ? high - w[c] : w[c] - low);
        now = now < low ? low : now;
        w[c] = now > high ? high : now;
    }
    for (size_t c = 0; c < n && !soft; c++) {
        real now = w[c] + dw[c];
        now = now < low ? low : now;
        w[c] = now > high ? high : now;
    }
}

static void reward_row(void *arg, size_t i, int worker) {
    hb_plastic *p = arg;
    const hb_eligible *e = p->own;
    size_t first, last, count = p->link->wiring->count, batch = p->m->base.batch;
    real *dw = hb_pairs_of(p)->rooms[worker].dw;
    hb_row(p, i, &first, &last);
    double gain = p->number[HB_E_GAIN] * e->factor / (p->mean ? (double)batch : 1);
    memset(dw, 0, (last - first) * sizeof *dw);
    for (size_t b = 0; b < batch; b++) HB_R(hb_eligible_add)
    (p, first, last - first, gain, e->delta + b * hb_eligible_each(p), e->E + b * count + first,
     dw);
    HB_R(hb_eligible_move)(p, first, last - first, dw);
}

bool HB_R(hb_eligible_reward)(hb_plastic *p, size_t t) {
    hb_eligible *e = p->own;
    if (!p->m->judged[p->reward].given[t]) return false;
    HB_R(hb_eligible_deltas)(p, t, e->delta);
    HB_R(hb_pairs_share)(p, reward_row, p->link->wiring->pre);
    if (p->norm_every_step) HB_R(hb_plastic_normalise)(p, p->norm, hb_pairs_of(p)->sums);
    return true;
}

/* ---- SPAIC's ---- */

double HB_R(hb_spaic_reward)(const hb_plastic *p, size_t t, size_t post) {
    const hb_judged *j = &p->m->judged[p->reward];
    const double *values = j->values + t * j->outputs;
    return j->outputs == p->link->post->n && hb_eligible_of(p)->per_neuron ? values[post]
                                                                           : values[0];
}

void HB_R(hb_spaic_pairs)(hb_plastic *p, size_t t) {
    hb_eligible *e = p->own;
    const hb_part *pre = p->link->pre, *post = p->link->post;
    size_t count = p->link->wiring->count;
    memset(e->E, 0, count * sizeof(real));
    for (size_t b = 0; b < p->m->base.batch; b++) {
        const uint64_t *P = HB_R(hb_plastic_pre)(p, b, t, 0, e->p);
        const uint64_t *Q = HB_R(hb_plastic_post)(p, b, t, e->q);
        real *plus = e->plus + b * pre->n, *minus = e->minus + b * post->n;
        for (size_t i = 0; i < pre->n; i++)
            plus[i] =
                (real)p->pre[0].decay * plus[i] + (hb_bit(P, i) ? (real)p->number[HB_E_PLUS] : 0);
        for (size_t j = 0; j < post->n; j++)
            minus[j] = (real)p->post[0].decay * minus[j] +
                       (hb_bit(Q, j) ? (real)p->number[HB_E_MINUS] : 0);
        for (size_t k = 0; k < count; k++) {
            size_t i = hb_synapse_pre(p, k), j = hb_synapse_post(p, k);
            if (hb_bit(Q, j)) e->E[k] += plus[i];
            if (hb_bit(P, i)) e->E[k] += minus[j];
        }
    }
}

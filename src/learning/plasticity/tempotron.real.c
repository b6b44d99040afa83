/* Tempotron: a neuron that should have fired learns from what led to its highest
 * potential, one that should not have from what led to its first spike. */
#include <math.h>
#include <string.h>

#include "learning/plastic_common.h"

static const hb_param_info params[] = {
    HB_P_LR(0.01, "size of a correction"),
    {"tau", HB_NUM, "ms", 20, HB_POSITIVE,
     "decay of the kernel; compat = spaic: in steps, as tau_s"},
    {"tau_s", HB_NUM, "ms", 5, HB_POSITIVE, "rise of the kernel"},
    {"v_th", HB_NUM, "mV", 10, HB_ANY, HB_UNSET,
     "a neuron counts as fired if its V reached it, instead of by its spikes", NULL,
     "the spikes; compat = spaic: 10"},
    HB_P_BOUNDS(-HB_INF, HB_INF),
    {.name = "reduction",
     .type = HB_CHOICE,
     .unit = "1",
     .choices = "sum|mean",
     .def_text = "mean",
     .doc = "what the corrections of the samples of a batch come to"}};

static const hb_component component = {
    .kind = "learner",
    .name = "tempotron",
    .summary = "a neuron for each class learns to fire for its class and for no other",
    .equation =
        "after a run, where label = j and neuron j did not fire: dw_ij = lr sum K(t* - t_i) over "
        "the spikes of input i up to t*, the step of highest V; where label != j and j fired: "
        "minus "
        "that, t* being its first spike; K(s) = V0 (exp(-s/tau) - exp(-s/tau_s)), at most 1 "
        "(compat = spaic: V0 = 1, t* always of highest V, which must reach v_th)",
    .source = "Guetig and Sompolinsky, The tempotron: a neuron that learns spike timing-based "
              "decisions, Nat. Neurosci. 9:420-428, 2006",
    .params = params,
    .param_count = HB_COUNT(params)};

enum { SLOW, FAST, V0, BY_V, V_TH };

typedef struct tempotron {
    double *dw;        /* [the longest column]: of one neuron, summed over the batch */
    uint64_t *scratch; /* [words] */
} tempotron;

static hebb_status setup(hb_plastic *p) {
    bool spaic = p->m->base.graph->spaic;
    HEBB_TRY(HB_R(hb_plastic_setup)(p));
    double tau = hb_args_num(p->args, "tau"), tau_s = hb_args_num(p->args, "tau_s");
    if (!(tau > tau_s))
        return hb_fail(p->env, HEBB_E_RANGE,
                       "%s: tempotron: tau = %g must be above tau_s = %g, or its kernel is none",
                       p->link->connection->name, tau, tau_s);
    double dt = spaic ? 1 : p->m->base.graph->dt,
           peak = log(tau / tau_s) * tau * tau_s / (tau - tau_s);
    p->number[SLOW] = dt / tau;
    p->number[FAST] = dt / tau_s;
    p->number[V0] = spaic ? 1 : 1 / (exp(-peak / tau) - exp(-peak / tau_s));
    p->number[BY_V] = spaic || hb_args_given(p->args, "v_th");
    p->number[V_TH] = hb_args_num(p->args, "v_th");
    p->presentation = true;
    p->link->post->wants_V = true;
    return HEBB_OK;
}

static void lay(hb_plastic *p, hb_arena *a, size_t batch, size_t steps) {
    (void)steps;
    HB_R(hb_plastic_lay)(p, a, batch);
    size_t words = p->link->pre->words, q = p->link->post->words;
    tempotron *own = hb_arena_take(a, 1, sizeof *own);
    double *dw = hb_arena_take(a, p->link->pre->n, sizeof *dw);
    uint64_t *scratch = hb_arena_take(a, words > q ? words : q, sizeof *scratch);
    if (!a->base) return;
    *own = (tempotron){dw, scratch};
    p->own = own;
}

/* +1, -1 or 0, and the step that counts. */
static int verdict(hb_plastic *p, size_t b, size_t j, size_t *when) {
    tempotron *s = p->own;
    const hb_part *post = p->link->post;
    bool wanted = (size_t)p->lesson->labels[b] == j, fired = false;
    double highest = -HB_INF;
    size_t first = 0, top = 0;
    for (size_t t = 0; t < p->m->base.steps; t++) {
        double v = (double)hb_part_row(p->m, post, post->V, b, t + 1)[j];
        if (v > highest) highest = v, top = t;
        if (fired) continue;
        const uint64_t *q = HB_R(hb_plastic_post)(p, b, t, s->scratch);
        if (q[j / 64] >> j % 64 & 1) fired = true, first = t;
    }
    if (p->number[BY_V] != 0) fired = highest >= p->number[V_TH];
    bool by_spike = fired && p->number[BY_V] == 0;
    *when = by_spike ? first : top;
    return wanted == fired ? 0 : wanted ? 1 : -1;
}

static void correct(hb_plastic *p, size_t b, size_t j, size_t when, double size) {
    tempotron *s = p->own;
    const hb_wiring *w = p->link->wiring;
    size_t n = hb_column_count(p, j);
    for (size_t t = 0; t <= when; t++) {
        double age = (double)(when - t);
        double k = exp(-age * p->number[SLOW]) - exp(-age * p->number[FAST]);
        for (size_t late = 0; late <= w->delay_max; late++) {
            const uint64_t *bits = HB_R(hb_plastic_pre)(p, b, t, late, s->scratch);
            for (size_t c = 0; c < n; c++) {
                size_t at = hb_column_synapse(p, j, c), i = hb_synapse_pre(p, at);
                if ((w->delay ? w->delay[at] : 0) != late) continue;
                if (bits[i / 64] >> i % 64 & 1) s->dw[c] += size * p->number[V0] * k;
            }
        }
    }
}

static void end(hb_plastic *p) {
    tempotron *s = p->own;
    size_t batch = p->m->base.batch;
    real *w = hb_weights(p);
    if (p->lesson->label_count != batch)
        hb_note(p->env,
                "%s: tempotron: %zu labels were given for a batch of %zu; nothing is learned",
                p->link->connection->name, p->lesson->label_count, batch);
    double size = p->lr / (p->mean ? (double)batch : 1);
    for (size_t j = 0; p->lesson->label_count == batch && j < p->link->post->n; j++) {
        size_t n = hb_column_count(p, j), when;
        memset(s->dw, 0, n * sizeof *s->dw);
        for (size_t b = 0; b < batch; b++) {
            int sign = verdict(p, b, j, &when);
            if (sign) correct(p, b, j, when, sign * size);
        }
        for (size_t c = 0; c < n; c++) {
            real *to = &w[hb_column_synapse(p, j, c)];
            *to = (real)fmin(fmax((double)*to + s->dw[c], (double)p->low), (double)p->high);
        }
    }
    HB_R(hb_plastic_end)(p);
}

const hb_rule HB_R(hb_rule_tempotron) = {.component = &component,
                                         .lesson = HB_LESSON_LABELS,
                                         .setup = setup,
                                         .lay = lay,
                                         .begin = HB_R(hb_plastic_begin),
                                         .end = end};

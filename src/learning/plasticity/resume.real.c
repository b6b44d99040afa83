/* ReSuMe: spikes where they are wanted, none where they are not. */
#include <string.h>

#include "learning/pairs.h"
#include "learning/plastic_common.h"

static const hb_param_info params[] = {
    HB_P_LR(0.01, "learning rate"),
    {"a", HB_NUM, "1", 0.05, HB_ANY, 0, "change of every input at a wanted or an actual spike"},
    {"A", HB_NUM, "1", 1, HB_ANY, 0, "change by the presynaptic trace at that spike"},
    {"tau", HB_NUM, "ms", 5, HB_POSITIVE, "time constant of the presynaptic trace x"},
    HB_P_BOUNDS(-HB_INF, HB_INF),
    {.name = "reduction",
     .type = HB_CHOICE,
     .unit = "1",
     .choices = "sum|mean",
     .def_text = "sum",
     .doc = "what the changes of the samples of a batch come to"}};

static const hb_component component = {
    .kind = "learner",
    .name = "resume",
    .aliases = "ReSuMe|remote_supervised_method",
    .summary = "a neuron learns to spike at given times",
    .equation = "dw = lr (S_wanted - S_actual) (a + A x); x <- exp(-dt/tau) x + p",
    .source = "Ponulak and Kasinski, Supervised learning in spiking neural networks with ReSuMe: "
              "sequence learning, classification, and spike shifting, Neural Comput. 22:467-510, "
              "2010",
    .params = params,
    .param_count = HB_COUNT(params)};

enum { A_ALL, A_TRACE };

static hebb_status setup(hb_plastic *p) {
    HEBB_TRY(HB_R(hb_plastic_setup)(p));
    HB_R(hb_plastic_rated)(p, A_ALL, hb_args_num(p->args, "a"));
    HB_R(hb_plastic_rated)(p, A_TRACE, hb_args_num(p->args, "A"));
    p->pre_count = 1;
    p->pre[0] = HB_R(hb_plastic_trace)(p, "tau", false, false);
    return HEBB_OK;
}

static void on_post(const hb_plastic *p, hb_touch *touch) {
    real all = (real)p->number[A_ALL], by_trace = (real)p->number[A_TRACE];
    for (size_t c = 0; c < touch->n; c++) touch->dw[c] += all + by_trace * touch->trace[0][c];
}

static bool wanted(const hb_plastic *p, size_t b, size_t t, size_t j) {
    const hb_lesson *l = p->lesson;
    size_t row = (p->m->base.clock + t) * l->batch + b;
    return p->m->base.clock + t < l->steps && hb_bit(l->spikes + row * HB_WORDS(l->num), j);
}

static void step(hb_plastic *p, size_t t) {
    hb_pairs *d = p->driver;
    hb_pair_room *room = d->rooms;
    real *w = hb_weights(p);
    size_t batch = p->m->base.batch, post = p->link->post->n;
    if (p->lesson->batch != batch || p->lesson->num != post) return;
    real gain = p->mean ? 1 / (real)batch : 1;
    for (size_t b = 0; b < batch; b++) HB_R(hb_pairs_sample)(p, b, t);
    for (size_t j = 0; j < post; j++) {
        size_t n = hb_column_count(p, j);
        bool any = false;
        for (size_t b = 0; b < batch; b++) {
            bool is = hb_bit(d->q + b * p->link->post->words, j), should = wanted(p, b, t, j);
            if (is == should) continue;
            if (!any) memset(room->w, 0, n * sizeof(real));
            any = true;
            memset(room->dw, 0, n * sizeof(real));
            HB_R(hb_pairs_column)(p, room, j, b, NULL, room->dw);
            for (size_t c = 0; c < n; c++) room->w[c] += should ? room->dw[c] : -room->dw[c];
        }
        for (size_t c = 0; any && c < n; c++) {
            real *to = &w[hb_column_synapse(p, j, c)];
            *to = hb_inside(p, *to + gain * room->w[c]);
        }
    }
}

static void end(hb_plastic *p) {
    const hb_lesson *l = p->lesson;
    if (l->batch != p->m->base.batch || l->num != p->link->post->n)
        hb_note(
            p->env,
            "%s: resume: the wanted spikes are of %zu samples of %zu neurons, the run is of %zu "
            "samples of %zu; nothing is learned",
            p->link->connection->name, l->batch, l->num, p->m->base.batch, p->link->post->n);
    HB_R(hb_plastic_end)(p);
}

const hb_rule HB_R(hb_rule_resume) = {.component = &component,
                                      .lesson = HB_LESSON_SPIKES,
                                      .setup = setup,
                                      .on_post = on_post,
                                      .step = step,
                                      .end = end};

/* Gradients of whole networks against differences of their loss, through the
 * public interface only: double precision, soft spikes, reset masks held. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "small_net.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
enum { VALUES = 128 };

/* In which the recipes are run: all tests are done in both. */
static const char *tape;

static const char *const spiking[] = {"lif",    "if",    "ifsoftreset", "ifb",
                                      "plif",   "lifm",  "clif",        "constantcurrentlif",
                                      "clif2k", "pclif", "aclif"};
static const char *const readouts[] = {"li", "nonspikingifb", "nonspikinglif", "null"};
/* alpha 0: the default; boxes wide enough that something lies inside. at_zero: the
 * integral at the threshold, above which the mask counts a spike. */
static const struct {
    const char *name;
    double alpha, at_zero;
} windows[] = {{"rectangle", 0.5, 0.5},
               {"gate", 1.5, 1 / 1.5},
               {"relu", 0.7, 0},
               {"straight_through", 0, 0},
               {"gaussian", 0.5, 0.28209479177387814},
               {"sigmoid", 2, 0.5},
               {"atan", 2, 0.5},
               {"quadratic_gate", 1.2, 0.5},
               {"triangular", 1, 0.5},
               {"fast_sigmoid", 3, 0},
               {"superspike", 2, 0},
               {"function", 0, 0.5}};

static const struct variant {
    const char *what, *link, *synapse;
    bool bias, delayed, recurrent, recurrent_delayed, feedback, reads_v;
} variants[] = {{.what = "full"},
                {.what = "bias", .bias = true},
                {.what = "one_to_one", .link = "one_to_one"},
                {.what = "sparse", .link = "sparse", .bias = true},
                {.what = "recurrent", .recurrent = true},
                {.what = "delayed", .delayed = true},
                {.what = "delayed, one_to_one", .delayed = true, .link = "one_to_one"},
                {.what = "recurrent, delayed", .recurrent_delayed = true, .bias = true},
                {.what = "1_order", .synapse = "1_order_synapse", .bias = true},
                {.what = "2_order", .synapse = "2_order_synapse", .recurrent = true},
                {.what = "loop of two", .feedback = true},
                {.what = "loop of two, filtered", .feedback = true, .synapse = "2_order_synapse"},
                {.what = "V read", .reads_v = true, .recurrent_delayed = true},
                {.what = "1_order, delayed", .synapse = "1_order_synapse", .delayed = true}};

static void vary(recipe *r, const struct variant *v) {
    r->link = v->link, r->synapse = v->synapse, r->bias = v->bias;
    r->delayed = v->delayed, r->recurrent = v->recurrent;
    r->recurrent_delayed = v->recurrent_delayed;
    r->feedback = v->feedback, r->reads_v = v->reads_v;
}

/* ---- differences -------------------------------------------------------- */

/* Moves parameter `which` along a direction. */
typedef struct move {
    small_net *s;
    size_t which;
    bool goes_on; /* the loss of a run that continues one at the unmoved values */
    double values[VALUES], direction[VALUES];
} move;

/* Loss of a second run that goes on where the first one stopped. */
static double second_loss(small_net *s) {
    double loss;
    MUST(s, hebb_net_run_continue(s->net, (double)s->steps));
    MUST(s, hebb_learner_loss(s->learner, s->labels, s->batch, &loss));
    return loss;
}

static double loss_at(void *user, double step) {
    move *m = user;
    double moved[VALUES];
    size_t n = m->s->counts[m->which];
    for (size_t k = 0; k < n; k++) moved[k] = m->values[k] + step * m->direction[k];
    if (m->goes_on) {
        MUST(m->s, hebb_net_set(m->s->net, m->s->names[m->which], m->values, n));
        small_loss(m->s);
    }
    MUST(m->s, hebb_net_set(m->s->net, m->s->names[m->which], moved, n));
    return m->goes_on ? second_loss(m->s) : small_loss(m->s);
}

/* False where two differences disagree: a kink of the loss lies in reach. The
 * gradient has no say in it. */
static bool slope_of(move *m, double *slope) {
    const double h = 2e-5;
    double one = difference(loss_at, m, 0, h), two = difference(loss_at, m, 0, h / 3);
    loss_at(m, 0);
    *slope = two;
    return close_to(one, two, 1e-7, 0.02);
}

/* What was seen of a parameter over many points, so that no test is empty. */
typedef struct seen {
    char name[48];
    double most;
} seen;
typedef struct lively {
    const char *model;
    size_t spikes, steps;
} lively;

static struct tally {
    size_t points, redrawn, compared;
    seen seen[400];
    size_t seen_count;
    lively lively[COUNT(spiking)];
} tally;

static void note(const char *model, const char *name, double value) {
    char key[48];
    snprintf(key, sizeof key, "%s: %s", model, strchr(name, '.') + 1);
    size_t i = 0;
    while (i < tally.seen_count && strcmp(tally.seen[i].name, key)) i++;
    if (i == tally.seen_count) {
        assert_true(i < COUNT(tally.seen));
        snprintf(tally.seen[tally.seen_count++].name, sizeof key, "%s", key);
    }
    if (fabs(value) > tally.seen[i].most) tally.seen[i].most = fabs(value);
}

/* Counts the masks of layer1, which hold a neuron's reset in place. */
static void note_spikes(small_net *s) {
    const double *values, *times;
    size_t shape[3], w = 0, m = 0;
    MUST(s, hebb_monitor_values(s->net, "seen", &values, &times, shape));
    while (strcmp(windows[w].name, s->made_as.surrogate)) w++;
    while (strcmp(spiking[m], s->made_as.layer1)) m++;
    tally.lively[m].model = spiking[m];
    tally.lively[m].steps += shape[0] * shape[1] * shape[2];
    for (size_t k = 0; k < shape[0] * shape[1] * shape[2]; k++)
        tally.lively[m].spikes += values[k] > windows[w].at_zero;
}

static void each_was_seen(double at_least) {
    for (size_t m = 0; m < COUNT(spiking); m++) {
        const lively *l = &tally.lively[m];
        if (l->steps && (l->spikes < l->steps / 30 || l->spikes > l->steps * 9 / 10))
            fail_msg("%s spiked in %zu of %zu steps: too few or too many", l->model, l->spikes,
                     l->steps);
    }
    for (size_t i = 0; i < tally.seen_count; i++)
        if (tally.seen[i].most < at_least)
            fail_msg("%s: no gradient above %g, so nothing was tested", tally.seen[i].name,
                     tally.seen[i].most);
    assert_true(tally.points > 0 && tally.redrawn < tally.points);
}

static void describe(const recipe *r, char *text, size_t room) {
    snprintf(text, room, "%s -> %s, %s(%g), link %s%s%s%s%s%s%s%s, %s, %s, %s%s%s%s, seed %d",
             r->layer1, r->layer2, r->surrogate, r->alpha, r->link ? r->link : "full",
             r->bias ? " bias" : "", r->delayed ? " delayed" : "", r->recurrent ? " recurrent" : "",
             r->recurrent_delayed ? " recurrent delayed" : "", r->feedback ? " feedback" : "",
             r->reads_v ? " reads V" : "", r->synapse ? r->synapse : "",
             r->encoder ? r->encoder : "null", r->decoder ? r->decoder : "spike_counts",
             r->latency ? r->latency : "one_step", r->detach ? ", detach" : "",
             r->compat ? ", spaic" : "", r->per_neuron ? ", per neuron" : "", (int)r->seed);
}

typedef enum { ALONG, ELEMENTS } how_deep;

/* One comparison along m->direction. */
static bool agrees(move *m, const double *gradient, const char *how) {
    double slope, along = 0;
    if (!slope_of(m, &slope)) return false;
    for (size_t k = 0; k < m->s->counts[m->which]; k++) along += gradient[k] * m->direction[k];
    bool idle = m->s->made_as.compat && strstr(m->s->names[m->which], "v_reset"); /* SPAIC's lif */
    if (!idle) note(how, m->s->names[m->which], slope);
    tally.compared++;
    if (close_to(along, slope, 1e-6, 0.01)) return true;
    char text[300];
    describe(&m->s->made_as, text, sizeof text);
    fail_msg("%s: d loss / d %s: backward says %.10g, the difference %.10g", text,
             m->s->names[m->which], along, slope);
    return false;
}

/* All parameters of one network; false: no place for differences, draw again. */
static bool check_point(small_net *s, how_deep depth, dice *d) {
    static double gradients[PARAMS_MOST * VALUES];
    const double *at = gradients;
    if (small_gradients(s, gradients) > 50) return false; /* too large for differences */
    note_spikes(s);
    MUST(s, hebb_net_hold(s->net, 1));
    for (size_t i = 0; i < s->name_count; at += s->counts[i++]) {
        move m = {.s = s, .which = i};
        size_t n = s->counts[i];
        assert_true(n <= VALUES);
        const char *model =
            strncmp(s->names[i], "layer2", 6) ? s->made_as.layer1 : s->made_as.layer2;
        MUST(s, hebb_net_get(s->net, s->names[i], m.values, n));
        bool sparse = s->made_as.link && !strcmp(s->names[i], "connection1.weight");
        for (size_t k = 0; k < n; k++) /* nothing moves where no synapse is */
            m.direction[k] = sparse && m.values[k] == 0 ? 0 : dice_between(d, -1, 1);
        if (!agrees(&m, at, model)) return false;
        for (size_t k = 0; depth == ELEMENTS && k < n; k++) {
            if (sparse && m.values[k] == 0) continue;
            memset(m.direction, 0, sizeof m.direction);
            m.direction[k] = 1;
            if (!agrees(&m, at, model)) return false;
        }
    }
    return true;
}

/* Draws points until one is smooth. */
static void check(recipe r, how_deep depth) {
    r.soft = true;
    r.tape = tape;
    for (int tries = 0; tries < 30; tries++, r.seed += 1000) {
        small_net s;
        dice d = {r.seed + 5};
        small_build(&s, &r);
        bool smooth = check_point(&s, depth, &d);
        small_free(&s);
        tally.points++;
        if (smooth) return;
        tally.redrawn++;
    }
    char text[300];
    describe(&r, text, sizeof text);
    fail_msg("%s: no smooth point in 30", text);
}

static int fresh(void **state) {
    (void)state;
    memset(&tally, 0, sizeof tally);
    tape = "exact";
    return 0;
}

/* Runs of 5 to 8 steps go in chunks of 4, those of 4 in chunks of 2: delays are up to 3 steps. */
static int fresh_in_chunks(void **state) {
    fresh(state);
    tape = "recompute";
    return 0;
}

static int report(void **state) {
    (void)state;
    printf("   %zu slopes at %zu points, %zu points drawn again\n", tally.compared, tally.points,
           tally.redrawn);
    return 0;
}

/* ---- the tests ---------------------------------------------------------- */

/* Every model, every surrogate, every element of every parameter. */
static void models_and_surrogates(void **state) {
    (void)state;
    uint64_t seed = 1;
    for (size_t m = 0; m < COUNT(spiking); m++)
        for (size_t w = 0; w < COUNT(windows); w++)
            check((recipe){.layer1 = spiking[m],
                           .layer2 = spiking[m],
                           .surrogate = windows[w].name,
                           .alpha = windows[w].alpha,
                           .detach = (m + w) % 2,
                           .bias = w % 2,
                           .recurrent = w % 3 == 0,
                           .per_neuron = w % 4 == 1,
                           .seed = seed++},
                  ELEMENTS);
    each_was_seen(1e-3);
}

/* Every combination, along one random direction for each parameter. */
static void everything_with_everything(void **state) {
    (void)state;
    static const char *const encoders[] = {"null", "float", "constant_current"};
    uint64_t seed = 1;
    for (size_t m = 0; m < COUNT(spiking); m++)
        for (size_t w = 0; w < COUNT(windows); w++)
            for (size_t v = 0; v < COUNT(variants); v++)
                for (int flags = 0; flags < 4; flags++, seed++) {
                    bool same = flags & 1;
                    if (same && variants[v].recurrent) continue; /* a loop without a delay */
                    recipe r = {.layer1 = spiking[m],
                                .layer2 = readouts[seed % COUNT(readouts)],
                                .surrogate = windows[w].name,
                                .alpha = windows[w].alpha,
                                .latency = same ? "same_step" : "one_step",
                                .encoder = encoders[seed % COUNT(encoders)],
                                .detach = flags & 2,
                                .per_neuron = seed / 4 % 2,
                                .steps = 6,
                                .seed = seed};
                    vary(&r, &variants[v]);
                    if (strcmp(r.layer2, "null")) r.decoder = "voltage_mean";
                    check(r, ALONG);
                }
    each_was_seen(1e-3);
}

/* Every link, element by element. */
static void links(void **state) {
    (void)state;
    static const char *const some[] = {"lif", "clif", "lifm"};
    for (size_t v = 0; v < COUNT(variants); v++)
        for (int k = 0; k < 6; k++) {
            recipe r = {.layer1 = some[k % 3],
                        .layer2 = some[(k + 1) % 3],
                        .surrogate = "atan",
                        .alpha = 2,
                        .latency = k < 3 ? "one_step" : "same_step",
                        .encoder = k % 2 ? "null" : "float",
                        .batch = 3,
                        .steps = k % 2 && !strcmp(tape, "recompute") ? 4 : 8,
                        .seed = v * 10 + (uint64_t)k};
            vary(&r, &variants[v]);
            if (k < 3 || !r.recurrent) check(r, ELEMENTS);
        }
    each_was_seen(1e-3);
}

/* Every readout under every decoder that has a derivative. */
static void decoders(void **state) {
    (void)state;
    static const char *const of_v[] = {"voltage_max", "voltage_mean", "voltage_sum",
                                       "voltage_softmax_sum", "final_step_voltage"};
    static const char *const of_o[] = {"spike_counts", "spike_rate", "spike_rates"};
    static const char *const with_v[] = {"li",  "nonspikingifb", "nonspikinglif",
                                         "lif", "clif",          "ifsoftreset"};
    for (size_t l = 0; l < COUNT(with_v); l++)
        for (size_t k = 0; k < COUNT(of_v); k++)
            check((recipe){.layer1 = "lif",
                           .layer2 = with_v[l],
                           .surrogate = "sigmoid",
                           .decoder = of_v[k],
                           .per_neuron = k % 2,
                           .seed = 100 * l + k},
                  ELEMENTS);
    for (size_t k = 0; k < COUNT(of_o); k++)
        for (int l = 0; l < 2; l++)
            check((recipe){.layer1 = "clif",
                           .layer2 = l ? "null" : "plif",
                           .surrogate = "atan",
                           .decoder = of_o[k],
                           .seed = 10 * k + (uint64_t)l},
                  ELEMENTS);
    each_was_seen(1e-3);
}

/* A run that goes on: what the first one left acts as a constant. Models without a
 * mask, since a held mask would be that of the second run. */
static void continued(void **state) {
    (void)state;
    static const char *const maskless[] = {"ifsoftreset", "lifm", "clif", "pclif", "aclif"};
    static double gradients[PARAMS_MOST * VALUES];
    for (size_t c = 0; c < COUNT(maskless) * COUNT(variants) * 2; c++) {
        const char *latency = c % 2 ? "same_step" : "one_step";
        recipe r = {.layer1 = maskless[c / 2 % COUNT(maskless)],
                    .layer2 = readouts[c % COUNT(readouts)],
                    .surrogate = "atan",
                    .encoder = c % 3 ? "null" : "float",
                    .latency = latency,
                    .soft = true,
                    .tape = tape,
                    .per_neuron = true,
                    .steps = 5,
                    .seed = 900 + c};
        vary(&r, &variants[c / 2 / COUNT(maskless)]);
        if (strcmp(r.layer2, "null")) r.decoder = "voltage_mean";
        if (c % 2 && r.recurrent) continue;
        small_net s;
        dice d = {c};
        small_build(&s, &r);
        small_loss(&s);
        MUST(&s, hebb_learner_zero_grad(s.learner));
        second_loss(&s);
        MUST(&s, hebb_learner_backward(s.learner));
        double *at = gradients;
        for (size_t i = 0; i < s.name_count; at += s.counts[i++])
            MUST(&s, hebb_net_gradient(s.net, s.names[i], at, s.counts[i]));
        at = gradients;
        for (size_t i = 0; i < s.name_count; at += s.counts[i++]) {
            move m = {.s = &s, .which = i, .goes_on = true};
            MUST(&s, hebb_net_get(s.net, s.names[i], m.values, s.counts[i]));
            for (size_t k = 0; k < s.counts[i]; k++)
                m.direction[k] = r.link && m.values[k] == 0 ? 0 : dice_between(&d, -1, 1);
            assert_true(agrees(&m, at, strstr(s.names[i], "layer2") ? r.layer2 : r.layer1));
        }
        small_free(&s);
        tally.points++;
    }
    each_was_seen(1e-3);
}

/* SPAIC's forms, where inputs and resets come one step late. aclif's A would go on
 * from run to run, so that no two losses compare. */
static void spaic_forms(void **state) {
    (void)state;
    for (size_t m = 0; m < COUNT(spiking); m++)
        for (int detach = 0; detach < 2 && strcmp(spiking[m], "aclif"); detach++)
            check((recipe){.layer1 = spiking[m],
                           .layer2 = m % 2 ? "nonspikingifb" : "lif",
                           .surrogate = "atan",
                           .alpha = 2,
                           .compat = "spaic",
                           .decoder = m % 2 ? "voltage_mean" : "spike_counts",
                           .detach = detach,
                           .recurrent = true,
                           .per_neuron = m % 2,
                           .seed = 50 + m},
                  ELEMENTS);
    each_was_seen(1e-3);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(models_and_surrogates, fresh, report),
        cmocka_unit_test_setup_teardown(everything_with_everything, fresh, report),
        cmocka_unit_test_setup_teardown(links, fresh, report),
        cmocka_unit_test_setup_teardown(decoders, fresh, report),
        cmocka_unit_test_setup_teardown(continued, fresh, report),
        cmocka_unit_test_setup_teardown(spaic_forms, fresh, report),
        {"models_and_surrogates_in_chunks", models_and_surrogates, fresh_in_chunks, report, NULL},
        {"everything_in_chunks", everything_with_everything, fresh_in_chunks, report, NULL},
        {"links_in_chunks", links, fresh_in_chunks, report, NULL},
        {"decoders_in_chunks", decoders, fresh_in_chunks, report, NULL},
        {"continued_in_chunks", continued, fresh_in_chunks, report, NULL},
        {"spaic_forms_in_chunks", spaic_forms, fresh_in_chunks, report, NULL},
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

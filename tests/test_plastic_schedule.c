/* Schedules of plastic rules: a run after a step of the schedule is the run of a rule whose lr
 * was that from the start. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "counting_alloc.h"
#include "plastic_net.h"

#define FROM  0.3
#define GAMMA 0.5

/* Every rule that has an lr; diehl_cook_power_law calls it eta. */
static const struct {
    const char *rule, *reward;
} rules[] = {{"stdp", NULL},
             {"stdp_multiplicative", NULL},
             {"stdp_power_law", NULL},
             {"stdp_triplet", NULL},
             {"nearest_online_stdp", NULL},
             {"full_online_stdp", NULL},
             {"meta_nearest_online_stdp", NULL},
             {"diehl_cook", NULL},
             {"diehl_cook_power_law", NULL},
             {"hebbian", NULL},
             {"oja", NULL},
             {"RSTDP", "environment_reward"},
             {"RSTDPET", "environment_reward"},
             {"switch_rstdp", "environment_reward"},
             {"tempotron", NULL},
             {"resume", NULL}};
enum { RULES = sizeof rules / sizeof *rules };

static void make(plastic *n, size_t rule, double lr, const char *precision) {
    bool eta = !strcmp(rules[rule].rule, "diehl_cook_power_law");
    spec s = {.rule = rules[rule].rule,
              .params = {{eta ? "eta" : "lr", lr}},
              .reward = rules[rule].reward,
              .precision = precision,
              .seed = 3};
    assert_int_equal(plastic_make(n, &s, NULL), HEBB_OK);
}

/* Weights after a run from w0. */
static void run(plastic *n, double *w) {
    bool tempotron = !strcmp(n->s.rule, "tempotron");
    int32_t label = 1;
    MUST(n, hebb_net_set(n->net, "plastic.weight", n->w0, POUT * n->pre));
    plastic_trains(n, 0, 0);
    if (n->s.reward) {
        double reward = 0.7;
        MUST(n, hebb_net_reward(n->net, "reward", &reward, 1));
    }
    if (tempotron) MUST(n, hebb_learner_teach(n->learner, &label, 1));
    if (!strcmp(n->s.rule, "resume"))
        MUST(n, hebb_learner_teach_spikes(n->learner, n->teacher, n->steps, 1, POUT));
    plastic_run(n);
    MUST(n, hebb_learner_optim_step(n->learner));
    plastic_weights(n, w);
}

static void follows_the_schedule(void **state) {
    (void)state;
    static const char *const precisions[] = {"double", "float"};
    for (size_t k = 0; k < 2 * RULES; k++) {
        size_t cells = POUT * PIN;
        double full[POUT * PIN], stepped[POUT * PIN], half[POUT * PIN];
        plastic a, b;
        make(&a, k / 2, FROM, precisions[k % 2]);
        make(&b, k / 2, FROM * GAMMA, precisions[k % 2]);
        run(&a, full);
        MUST(&a, hebb_learner_set_schedule(a.learner, "ExponentialLR", HEBB_P({"gamma", GAMMA})));
        assert_true(hebb_learner_lr(a.learner) == FROM);
        MUST(&a, hebb_learner_schedule_step(a.learner, 0));
        assert_true(hebb_learner_lr(a.learner) == FROM * GAMMA);
        run(&a, stepped);
        run(&b, half); /* what rules keep over runs: both have one behind them */
        run(&b, half);
        if (memcmp(stepped, half, cells * sizeof *half)) fail_msg("%s: not that lr", a.s.rule);
        if (!memcmp(full, half, cells * sizeof *half)) fail_msg("%s: lr does nothing", a.s.rule);
        plastic_free(&a);
        plastic_free(&b);
    }
}

/* A schedule that begins elsewhere does so with the first run. */
static void warms_up(void **state) {
    (void)state;
    double first[POUT * PIN], low[POUT * PIN];
    plastic a, b;
    make(&a, 0, FROM, "double");
    MUST(&a, hebb_learner_set_schedule(
                 a.learner, "CyclicLR",
                 HEBB_P({"base_lr", FROM * GAMMA}, {"max_lr", FROM}, {"step_size_up", 2})));
    make(&b, 0, FROM * GAMMA, "double");
    run(&a, first);
    run(&b, low);
    assert_memory_equal(first, low, sizeof low);
    plastic_free(&a);
    plastic_free(&b);
}

static void refused(void **state) {
    (void)state;
    plastic n;
    spec s = {.rule = "postpreintstdp", .seed = 3, .low = 1, .high = 9};
    if (plastic_make(&n, &s, NULL) == HEBB_OK) {
        assert_int_equal(hebb_learner_set_schedule(n.learner, "StepLR", HEBB_P({"step_size", 1})),
                         HEBB_E_UNSUPPORTED);
        assert_non_null(strstr(hebb_error(n.ctx), "has no lr"));
    } else
        fail_msg("%s", hebb_error(n.ctx));
    plastic_free(&n);
    s = (spec){.rule = "stdp", .seed = 3, .compat = "spaic"};
    assert_int_equal(plastic_make(&n, &s, NULL), HEBB_OK);
    assert_int_equal(hebb_learner_set_schedule(n.learner, "StepLR", HEBB_P({"step_size", 1})),
                     HEBB_E_UNSUPPORTED);
    plastic_free(&n);
    make(&n, 0, FROM, "float");
    assert_int_equal(hebb_learner_set_schedule(n.learner, "StepLRR", NULL), HEBB_E_NAME);
    plastic_free(&n);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(follows_the_schedule),
                                       cmocka_unit_test(warms_up), cmocka_unit_test(refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

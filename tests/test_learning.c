/* Learners on whole networks: what is trained and by whom, what holds under
 * training, and that it learns. Gradients themselves: test_gradient, test_bptt. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "scenes.h"

static void expect(stage *s, hebb_status got, hebb_status wanted, const char *words) {
    if (got != wanted || !strstr(hebb_error(s->ctx), words))
        fail_msg("%s, '%s', not %s with '%s'", hebb_status_name(got), hebb_error(s->ctx),
                 hebb_status_name(wanted), words);
}

static void open_net(stage *s, const char *compat) {
    memset(s, 0, sizeof *s);
    MUST(s, hebb_ctx_create(NULL, &s->ctx));
    hebb_net_options o = hebb_net_options_default();
    o.dt = 1, o.compat = compat, o.batch_max = 8, o.time_max = 20;
    MUST(s, hebb_net_create(s->ctx, &o, &s->net));
}

static double *values_of(stage *s, const char *name, bool gradient, double *to) {
    size_t count = param_count(s, name);
    MUST(s, gradient ? hebb_net_gradient(s->net, name, to, count)
                     : hebb_net_get(s->net, name, to, count));
    return to;
}

/* ---- what is trained ---- */

/* in[3] -> a[4] clif -> b[2] lif, with biases. */
static void pair_of_layers(stage *s) {
    open_net(s, NULL);
    hebb_group in = hebb_encoder(s->net, "in", 3, "float", NULL);
    hebb_group a = hebb_neurons(s->net, "a", 4, "clif", NULL);
    hebb_group b = hebb_neurons(s->net, "b", 2, "lif", NULL);
    hebb_connect(s->net, "c1", in, a, "full", HEBB_P({"weight", 0.06}, {"bias", 0.02}));
    hebb_connect(s->net, "c2", a, b, "full", HEBB_P(HEBB_STR("weight", "normal(0.4, 0.3)")));
    hebb_decode(s->net, "d", b, "spike_counts", NULL);
}

static void expect_trained(const char *const *names, const char *wanted) {
    stage s;
    char trained[400] = "";
    const char *name;
    pair_of_layers(&s);
    MUST(&s, hebb_learner_create(s.net, "STCA", names, NULL, &s.learner));
    MUST(&s, hebb_net_build(s.net));
    for (size_t i = 0; (name = hebb_net_param_name(s.net, i)); i++) {
        double values[16];
        if (hebb_net_gradient(s.net, name, values, param_count(&s, name)) < 0) continue;
        if (trained[0]) strcat(trained, " ");
        strcat(trained, name);
    }
    assert_string_equal(trained, wanted);
    hebb_ctx_free(s.ctx);
}

static void trainable_lists(void **state) {
    (void)state;
    expect_trained(HEBB_ALL, "a.V0 c1.weight c1.bias c2.weight");
    expect_trained(HEBB_NAMES("a"), "a.V0 c1.weight c1.bias");
    expect_trained(HEBB_NAMES("b"), "c2.weight");
    expect_trained(HEBB_NAMES("c1"), "c1.weight c1.bias");
    expect_trained(HEBB_NAMES("c1.bias"), "c1.bias");
    expect_trained(HEBB_NAMES("c1.bias", "a.tau_m", "b.v_th"), "a.tau_m b.v_th c1.bias");
    expect_trained(HEBB_NAMES("d", "in", "b", "b"), "c2.weight"); /* both carry it anyway */
    static const struct {
        const char *name;
        hebb_status status;
        const char *words;
    } wrong[] = {
        {"layer", HEBB_E_NAME, "no group, connection or parameter 'layer'"},
        {"c1.weigth", HEBB_E_NAME, "did you mean 'c1.weight'?"},
        {"a.tau_x", HEBB_E_NAME, "did you mean 'a.tau_"},
        {"in", HEBB_E_GRAPH, "the learner STCA has nothing to train"},
    };
    for (size_t i = 0; i < 4; i++) {
        stage s;
        pair_of_layers(&s);
        MUST(&s, hebb_learner_create(s.net, "STCA", HEBB_NAMES(wrong[i].name), NULL, &s.learner));
        expect(&s, hebb_net_build(s.net), wrong[i].status, wrong[i].words);
        hebb_ctx_free(s.ctx);
    }
}

static void several_learners(void **state) {
    (void)state;
    stage s;
    hebb_learner *other;
    pair_of_layers(&s);
    MUST(&s, hebb_learner_create(s.net, "sbp", HEBB_NAMES("c1"), NULL, &s.learner));
    MUST(&s, hebb_learner_create(s.net, "STBP", HEBB_NAMES("c2"), NULL, &other));
    MUST(&s, hebb_learner_set_optimizer(s.learner, "SGD", 0.1, NULL));
    MUST(&s, hebb_learner_set_optimizer(other, "SGD", 0.3, NULL));
    MUST(&s, hebb_net_build(s.net));
    const float data[] = {1, 0, 1};
    const int32_t label = 1;
    double loss, c1[12], c2[8], g1[12], g2[8], now[12];
    MUST(&s, hebb_net_input(s.net, "in", data, 1, 3));
    MUST(&s, hebb_net_run(s.net, 20));
    MUST(&s, hebb_learner_loss(s.learner, &label, 1, &loss));
    MUST(&s, hebb_learner_backward(s.learner));
    values_of(&s, "c1.weight", false, c1);
    values_of(&s, "c2.weight", false, c2);
    values_of(&s, "c1.weight", true, g1);
    values_of(&s, "c2.weight", true, g2);
    assert_true(g1[0] != 0 && g2[0] != 0);
    MUST(&s, hebb_learner_optim_step(other)); /* its own, at its own rate */
    assert_memory_equal(values_of(&s, "c1.weight", false, now), c1, sizeof c1);
    values_of(&s, "c2.weight", false, now);
    for (int i = 0; i < 8; i++) assert_true(fabs(now[i] - (c2[i] - 0.3 * g2[i])) < 1e-6);
    MUST(&s, hebb_learner_zero_grad(other));
    assert_memory_equal(values_of(&s, "c1.weight", true, now), g1, sizeof g1);
    assert_true(values_of(&s, "c2.weight", true, now)[0] == 0);
    MUST(&s, hebb_learner_optim_step(s.learner));
    values_of(&s, "c1.weight", false, now);
    for (int i = 0; i < 12; i++) assert_true(fabs(now[i] - (c1[i] - 0.1 * g1[i])) < 1e-6);
    hebb_learner_free(other);
    hebb_ctx_free(s.ctx);

    static const char *const twice[][2] = {{"c1", "c1.weight"}, {"a", "c1"}, {"c1", NULL}};
    for (size_t i = 0; i < 3; i++) {
        pair_of_layers(&s);
        MUST(&s, hebb_learner_create(s.net, "STCA", HEBB_NAMES(twice[i][0]), NULL, &s.learner));
        MUST(&s,
             hebb_learner_create(s.net, "STBP", twice[i][1] ? HEBB_NAMES(twice[i][1]) : HEBB_ALL,
                                 NULL, &other));
        expect(&s, hebb_net_build(s.net), HEBB_E_GRAPH,
               "c1.weight is trainable for two learners, number 1 (STCA) and number 2 (STBP)");
        hebb_ctx_free(s.ctx);
    }
}

/* ---- what holds under training ---- */

static void bounds_hold(void **state) {
    (void)state;
    static const char *const optimizers[] = {"SGD", "Adam", "Rprop", "SparseAdam"};
    for (size_t k = 0; k < 4; k++) {
        stage s;
        open_net(&s, NULL);
        hebb_group in = hebb_encoder(s.net, "in", 5, "float", NULL);
        hebb_group a = hebb_neurons(s.net, "a", 3, "lif", NULL);
        hebb_connect(s.net, "c", in, a, "full",
                     HEBB_P({"weight", 0.2}, {"w_min", 0.1}, {"w_max", 0.35}));
        hebb_decode(s.net, "d", a, "spike_counts", NULL);
        MUST(&s, hebb_learner_create(s.net, "sbp",
                                     k == 3 ? HEBB_NAMES("c") : HEBB_NAMES("c", "a.tau_m"), NULL,
                                     &s.learner));
        MUST(&s, hebb_learner_set_optimizer(s.learner, optimizers[k], k ? 0.5 : 5, NULL));
        MUST(&s, hebb_net_build(s.net));
        const float data[] = {1, 0.5f, 0.2f, 1, 0.8f};
        const int32_t label = 2;
        double loss, w[15], tau, low = 1, high = 0;
        MUST(&s, hebb_net_input(s.net, "in", data, 1, 5));
        for (int i = 0; i < 10; i++) {
            MUST(&s, hebb_learner_zero_grad(s.learner));
            MUST(&s, hebb_net_run(s.net, 20));
            MUST(&s, hebb_learner_loss(s.learner, &label, 1, &loss));
            MUST(&s, hebb_learner_backward(s.learner));
            MUST(&s, hebb_learner_optim_step(s.learner));
            values_of(&s, "c.weight", false, w);
            MUST(&s, hebb_net_get(s.net, "a.tau_m", &tau, 1));
            assert_true(tau > 0);
            for (int j = 0; j < 15; j++) low = fmin(low, w[j]), high = fmax(high, w[j]);
        }
        /* both ends were reached, and neither was passed */
        assert_true(low == (double)0.1f && high == (double)0.35f);
        w[3] = 0.4;
        expect(&s, hebb_net_set(s.net, "c.weight", w, 15), HEBB_E_RANGE,
               "c.weight[3] = 0.4 is not allowed; it must be between 0.1 and 0.35");
        hebb_ctx_free(s.ctx);
    }
}

/* Masks hold; under compat = "spaic" only those of "..._sparse" do. */
static void masks_hold(void **state) {
    (void)state;
    static const struct {
        const char *link, *compat;
        bool fills;
    } cases[] = {{"sparse", NULL, false},
                 {"random", NULL, false},
                 {"sparse_sparse", NULL, false},
                 {"one_to_one", NULL, false},
                 {"sparse", "spaic", true},
                 {"random", "spaic", true},
                 {"one_to_one", "spaic", true},
                 {"sparse_sparse", "spaic", false},
                 {"one_to_one_sparse", "spaic", false},
                 {"random_connection_sparse", "spaic", false}};
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++)
        for (int o = 0; o < 2; o++) {
            stage s;
            open_net(&s, cases[k].compat);
            hebb_group in = hebb_encoder(s.net, "in", 9, "float", NULL);
            hebb_group a = hebb_neurons(s.net, "a", 9, "lif", NULL);
            hebb_param size = {"density", 0.3};
            if (!strncmp(cases[k].link, "one", 3)) size.name = NULL;
            if (!strncmp(cases[k].link, "random", 6)) size.name = "probability";
            hebb_connect(s.net, "c", in, a, cases[k].link, &(const hebb_param[]){size, {NULL}}[0]);
            hebb_decode(s.net, "d", a, "spike_counts", NULL);
            MUST(&s, hebb_learner_create(s.net, "sbp", HEBB_ALL, NULL, &s.learner));
            MUST(&s, hebb_learner_set_optimizer(s.learner, o ? "Adam" : "SGD", 0.05, NULL));
            MUST(&s, hebb_net_build(s.net));
            float data[9];
            for (int i = 0; i < 9; i++) data[i] = 1 + (float)i;
            const int32_t label = 4;
            double loss, before[81], after[81];
            size_t count = param_count(&s, "c.weight"), zeros = 0, filled = 0, moved = 0;
            values_of(&s, "c.weight", false, before);
            MUST(&s, hebb_net_input(s.net, "in", data, 1, 9));
            for (int i = 0; i < 3; i++) {
                MUST(&s, hebb_learner_zero_grad(s.learner));
                MUST(&s, hebb_net_run(s.net, 20));
                MUST(&s, hebb_learner_loss(s.learner, &label, 1, &loss));
                MUST(&s, hebb_learner_backward(s.learner));
                MUST(&s, hebb_learner_optim_step(s.learner));
            }
            values_of(&s, "c.weight", false, after);
            for (size_t i = 0; i < count; i++) {
                zeros += before[i] == 0;
                filled += before[i] == 0 && after[i] != 0;
                moved += before[i] != 0 && after[i] != before[i];
            }
            bool one = !strncmp(cases[k].link, "one", 3);
            assert_int_equal(count, one && !cases[k].fills ? 9 : 81);
            assert_true(moved > 0 && (one || zeros > 20));
            if ((filled > 0) != cases[k].fills)
                fail_msg("%s, %s: %zu of %zu", cases[k].link, cases[k].compat, filled, zeros);
            hebb_ctx_free(s.ctx);
        }
}

/* SparseAdam: inputs that gave no spike are not touched, their moments neither. */
static void silent_inputs_are_not_touched(void **state) {
    (void)state;
    static const char *const links[] = {"full", "sparse", "full", "full"};
    static const char *const encoders[] = {"null", "null", "float", "poisson"};
    for (int k = 0; k < 4; k++) {
        stage s;
        open_net(&s, NULL);
        hebb_group in = hebb_encoder(s.net, "in", 70, encoders[k], NULL);
        hebb_group a = hebb_neurons(s.net, "a", 5, "lif", NULL);
        hebb_connect(s.net, "c", in, a, links[k],
                     k == 1 ? HEBB_P({"density", 0.5}, {"w_mean", 0.2}, {"bias", 0.1})
                            : HEBB_P({"weight", 0.2}, {"bias", 0.1}));
        hebb_decode(s.net, "d", a, "spike_counts", NULL);
        MUST(&s, hebb_learner_create(s.net, "sbp", HEBB_ALL, NULL, &s.learner));
        MUST(&s, hebb_learner_set_optimizer(s.learner, "SparseAdam", 0.01, NULL));
        MUST(&s, hebb_net_build(s.net));
        double before[350], after[350], bias[5], moved[5], loss;
        const int32_t labels[2] = {1, 2};
        bool rows = !strcmp(encoders[k], "null");
        float data[20 * 2 * 70] = {0};
        for (int step = 0; step < 4; step++) {
            bool used[70] = {false};
            memset(data, 0, sizeof data);
            for (size_t i = 0; i < 70; i++) {
                used[i] = i % 4 == (size_t)step;
                for (size_t t = 0; used[i] && t < (rows ? 18u : 1u); t++)
                    data[(t * 2 + i % 2) * 70 + i] = 1;
            }
            MUST(&s, hebb_net_input(s.net, "in", data, 2, rows ? 20 * 70 : 70));
            values_of(&s, "c.weight", false, before);
            values_of(&s, "c.bias", false, bias);
            MUST(&s, hebb_learner_zero_grad(s.learner));
            MUST(&s, hebb_net_run(s.net, 20));
            MUST(&s, hebb_learner_loss(s.learner, labels, 2, &loss));
            MUST(&s, hebb_learner_backward(s.learner));
            MUST(&s, hebb_learner_optim_step(s.learner));
            values_of(&s, "c.weight", false, after);
            values_of(&s, "c.bias", false, moved);
            size_t changed = 0;
            for (size_t j = 0; j < 5; j++)
                for (size_t i = 0; i < 70; i++) {
                    bool same = before[j * 70 + i] == after[j * 70 + i];
                    if (!used[i]) assert_true(same); /* Adam's momentum would move it */
                    changed += !same;
                }
            assert_true(changed > 20 && moved[0] != bias[0]);
        }
        hebb_ctx_free(s.ctx);
    }
}

/* ---- steps ---- */

typedef struct batch_again {
    stage *s;
    size_t calls;
    double last;
} batch_again;

static hebb_status evaluate(void *user, double *loss) {
    batch_again *again = user;
    int32_t labels[8];
    for (size_t b = 0; b < again->s->batch; b++) labels[b] = (int32_t)(b % OUT);
    static const uint64_t same[] = {0, 1, 2, 3, 4, 5, 6, 7};
    again->calls++;
    HEBB_TRY(hebb_net_presentation(again->s->net, 0, same, again->s->batch));
    HEBB_TRY(hebb_learner_zero_grad(again->s->learner));
    HEBB_TRY(hebb_net_run(again->s->net, 20));
    HEBB_TRY(hebb_learner_loss(again->s->learner, labels, again->s->batch, loss));
    again->last = *loss;
    return hebb_learner_backward(again->s->learner);
}

static void lbfgs_takes_a_closure(void **state) {
    (void)state;
    stage s;
    const scene *real = &scenes[SCENES - 1]; /* real outputs: a smooth loss */
    scene_build(&s, real, &(setup){.batch = 6, .optimizer = "LBFGS", .lr = 0.5});
    MUST(&s, scene_input(&s));
    batch_again again = {&s, 0, 0};
    double first, loss;
    expect(&s, hebb_learner_optim_step(s.learner), HEBB_E_ARGUMENT, "needs a closure");
    MUST(&s, evaluate(&again, &first));
    again.calls = 0;
    for (int i = 0; i < 5; i++)
        MUST(&s, hebb_learner_optim_step_closure(s.learner, evaluate, &again));
    assert_true(again.calls > 5);
    MUST(&s, evaluate(&again, &loss));
    if (!(loss < 0.5 * first)) fail_msg("LBFGS: %g to %g", first, loss);
    scene_free(&s);
    /* the others call it once, and step as without it */
    double weights[2][HIDDEN * IN];
    for (int k = 0; k < 2; k++) {
        scene_build(&s, &scenes[0], &(setup){.batch = 6});
        MUST(&s, scene_input(&s));
        again = (batch_again){&s, 0, 0};
        for (int i = 0; i < 3; i++) {
            if (k) MUST(&s, hebb_learner_optim_step_closure(s.learner, evaluate, &again));
            if (k) continue;
            MUST(&s, evaluate(&again, &loss));
            MUST(&s, hebb_learner_optim_step(s.learner));
        }
        assert_int_equal(again.calls, 3);
        values_of(&s, "first.weight", false, weights[k]);
        scene_free(&s);
    }
    assert_memory_equal(weights[0], weights[1], sizeof weights[0]);
}

/* Gradients of one loss with the rule's parameters; then one step of SGD with rate 1. */
static void one_step(const hebb_param *params, double g[24], double moved[24]) {
    stage s;
    pair_of_layers(&s);
    MUST(&s, hebb_learner_create(s.net, "sbp", HEBB_NAMES("c1.weight", "c2.weight"), params,
                                 &s.learner));
    MUST(&s, hebb_learner_set_optimizer(s.learner, "SGD", 1, NULL));
    MUST(&s, hebb_net_build(s.net));
    const float data[] = {1, 0.2f, 0.5f};
    const int32_t label = 1;
    double loss, before[24], after[24];
    MUST(&s, hebb_net_input(s.net, "in", data, 1, 3));
    MUST(&s, hebb_net_run(s.net, 20));
    MUST(&s, hebb_learner_loss(s.learner, &label, 1, &loss));
    MUST(&s, hebb_learner_backward(s.learner));
    memset(g, 0, 24 * sizeof *g);
    values_of(&s, "c1.weight", true, g);
    values_of(&s, "c2.weight", true, g + 12);
    values_of(&s, "c1.weight", false, before);
    values_of(&s, "c2.weight", false, before + 12);
    MUST(&s, hebb_learner_optim_step(s.learner));
    values_of(&s, "c1.weight", false, after);
    values_of(&s, "c2.weight", false, after + 12);
    for (int i = 0; i < 20; i++) moved[i] = before[i] - after[i];
    hebb_ctx_free(s.ctx);
}

static double norm(const double *x) {
    double sum = 0;
    for (int i = 0; i < 20; i++) sum += x[i] * x[i];
    return sqrt(sum);
}

static void clipping(void **state) {
    (void)state;
    double g[24], plain[24], moved[24], most = 0;
    one_step(NULL, g, plain);
    for (int i = 0; i < 20; i++) {
        assert_true(fabs(plain[i] - g[i]) < 1e-5);
        most = fmax(most, fabs(g[i]));
    }
    assert_true(norm(g) > 0.01);
    one_step(HEBB_P({"clip_norm", 0.5 * norm(g)}), g, moved);
    for (int i = 0; i < 20; i++) assert_true(fabs(moved[i] - 0.5 * plain[i]) < 1e-5);
    one_step(HEBB_P({"clip_norm", 2 * norm(g)}), g, moved); /* not reached */
    for (int i = 0; i < 20; i++) assert_true(fabs(moved[i] - plain[i]) < 1e-6);
    one_step(HEBB_P({"clip_value", 0.3 * most}), g, moved);
    size_t cut = 0;
    for (int i = 0; i < 20; i++) {
        double wanted = fmax(-0.3 * most, fmin(0.3 * most, plain[i]));
        cut += wanted != plain[i];
        assert_true(fabs(moved[i] - wanted) < 1e-5);
    }
    assert_true(cut > 0);
}

/* Both leave the loss as it is, and change the gradient. */
static void truncated_and_detached(void **state) {
    (void)state;
    double whole[24], other[24], moved[24];
    one_step(NULL, whole, moved);
    one_step(HEBB_P({"truncate", 4}), other, moved);
    assert_true(memcmp(whole, other, sizeof whole) != 0);
    one_step(HEBB_P({"truncate", 20}), other, moved); /* as long as the run */
    assert_memory_equal(whole, other, sizeof whole);
    one_step(HEBB_P({"detach_reset", 1}), other, moved);
    assert_true(memcmp(whole, other, sizeof whole) != 0);
}

/* A decoder can be chosen without a loss, for a gradient of one's own. */
static void a_gradient_of_ones_own(void **state) {
    (void)state;
    for (int whole = 0; whole < 2; whole++) {
        stage s;
        pair_of_layers(&s);
        hebb_decode(s.net, "record", 2, "null", NULL);
        MUST(&s, hebb_learner_create(s.net, "sbp", HEBB_ALL, NULL, &s.learner));
        MUST(&s, hebb_learner_set_optimizer(s.learner, "SGD", 1, NULL));
        MUST(&s, hebb_net_build(s.net));
        const float data[] = {1, 0.2f, 0.5f};
        MUST(&s, hebb_net_input(s.net, "in", data, 1, 3));
        MUST(&s, hebb_net_run(s.net, 20));
        float ones[40];
        for (int i = 0; i < 40; i++) ones[i] = 1;
        expect(&s, hebb_learner_backward_from(s.learner, ones, 1, 2), HEBB_E_STATE,
               "choose a decoder");
        MUST(&s, hebb_learner_set_loss(s.learner, whole ? "record" : "d", NULL, NULL));
        int32_t label = 0;
        expect(&s, hebb_learner_loss(s.learner, &label, 1, NULL), HEBB_E_STATE, "choose one");
        MUST(&s, hebb_learner_backward_from(s.learner, ones, 1, whole ? 40 : 2));
        static double first[12];
        double g[12];
        values_of(&s, "c1.weight", true, whole ? g : first);
        /* the counts are the sum of the record */
        for (int i = 0; whole && i < 12; i++) assert_true(close_to(g[i], first[i], 1e-5, 1e-3));
        hebb_ctx_free(s.ctx);
    }
}

/* ---- it learns ---- */

typedef struct lesson {
    const char *name, *rule, *model, *loss, *optimizer;
    double lr;
    bool recurrent;
} lesson;

/* Points of the unit square: which of the two diagonals? (XOR with room around the borders.) */
static void draw_xor(float *data, int32_t *labels, size_t count) {
    dice d = {2024};
    for (size_t i = 0; i < count; i++) {
        float x, y;
        do {
            x = (float)dice_between(&d, 0, 1);
            y = (float)dice_between(&d, 0, 1);
        } while (fabsf(x - 0.5f) < 0.08f || fabsf(y - 0.5f) < 0.08f);
        data[4 * i] = x, data[4 * i + 1] = 1 - x, data[4 * i + 2] = y, data[4 * i + 3] = 1 - y;
        labels[i] = (x > 0.5f) != (y > 0.5f);
    }
}

static double right(stage *s, const float *data, const int32_t *labels, size_t count) {
    size_t hits = 0, classes;
    const float *predict;
    MUST(s, hebb_net_train(s->net, 0));
    MUST(s, hebb_net_input(s->net, "in", data, count, 4));
    MUST(s, hebb_net_run(s->net, 20));
    MUST(s, hebb_net_predict(s->net, NULL, &predict, NULL, &classes));
    for (size_t i = 0; i < count; i++)
        hits += (predict[2 * i + 1] > predict[2 * i]) == (labels[i] == 1);
    MUST(s, hebb_net_train(s->net, 1));
    return (double)hits / (double)count;
}

static void learn(const lesson *l, double *before, double *after) {
    enum { COUNT = 300, BATCH = 50 };
    static float data[4 * COUNT];
    static int32_t labels[COUNT];
    stage s;
    draw_xor(data, labels, COUNT);
    memset(&s, 0, sizeof s);
    MUST(&s, hebb_ctx_create(NULL, &s.ctx));
    hebb_net_options o = hebb_net_options_default();
    o.dt = 1, o.batch_max = COUNT, o.time_max = 20;
    MUST(&s, hebb_net_create(s.ctx, &o, &s.net));
    hebb_group in = hebb_encoder(s.net, "in", 4, "float", NULL);
    hebb_group a = hebb_neurons(s.net, "a", 40, l->model, NULL);
    hebb_group b = hebb_neurons(s.net, "b", 2, l->model, NULL);
    hebb_connect(s.net, "c1", in, a, "full",
                 HEBB_P(HEBB_STR("weight", "normal(mean=0.1, std=0.5)"), {"bias", 0}));
    hebb_connect(s.net, "c2", a, b, "full", HEBB_P(HEBB_STR("weight", "normal(0.05, 0.2)")));
    if (l->recurrent)
        hebb_connect(s.net, "r", a, a, "full", HEBB_P(HEBB_STR("weight", "normal(0, 0.05)")));
    hebb_decode(s.net, "d", b, "spike_counts", NULL);
    MUST(&s, hebb_learner_create(s.net, l->rule, HEBB_ALL, NULL, &s.learner));
    MUST(&s, hebb_learner_set_optimizer(s.learner, l->optimizer, l->lr, NULL));
    MUST(&s, hebb_learner_set_loss(s.learner, NULL, l->loss, NULL));
    MUST(&s, hebb_net_build(s.net));
    *before = right(&s, data, labels, COUNT);
    for (int epoch = 0; epoch < 60; epoch++) {
        for (size_t at = 0; at < COUNT; at += BATCH) {
            double loss;
            MUST(&s, hebb_net_input(s.net, "in", data + 4 * at, BATCH, 4));
            MUST(&s, hebb_learner_zero_grad(s.learner));
            MUST(&s, hebb_net_run(s.net, 20));
            MUST(&s, hebb_learner_loss(s.learner, labels + at, BATCH, &loss));
            MUST(&s, hebb_learner_backward(s.learner));
            MUST(&s, hebb_learner_optim_step(s.learner));
        }
        if (epoch % 5 == 4 && (*after = right(&s, data, labels, COUNT)) > 0.97) break;
    }
    hebb_ctx_free(s.ctx);
}

static void it_learns(void **state) {
    (void)state;
    static const lesson lessons[] = {
        {"STCA, lif", "STCA", "lif", "cross_entropy", "Adam", 0.01, false},
        {"STCA, clif", "STCA", "clif", "cross_entropy", "Adam", 0.01, false},
        {"STBP, lif", "STBP", "lif", "cross_entropy", "Adam", 0.01, false},
        {"sbp, lif, recurrent", "sbp", "lif", "cross_entropy", "Adam", 0.01, true},
        {"sbp, plif", "sbp", "plif", "cross_entropy", "AdamW", 0.01, false},
    };
    for (size_t i = 0; i < sizeof lessons / sizeof lessons[0]; i++) {
        double before, after;
        learn(&lessons[i], &before, &after);
        if (before > 0.75 || after < 0.95)
            fail_msg("%s: %.1f %% to %.1f %%", lessons[i].name, 100 * before, 100 * after);
    }
}

/* No gradient passes a plastic connection: what only such ways lead to cannot be trained. */
static void behind_plastic(void **state) {
    (void)state;
    for (int bypass = 0; bypass < 2; bypass++) {
        stage s;
        hebb_learner *gradient, *plastic;
        open_net(&s, NULL);
        hebb_group in = hebb_encoder(s.net, "in", 3, "null", NULL);
        hebb_group a = hebb_neurons(s.net, "a", 3, "lif", NULL);
        hebb_group b = hebb_neurons(s.net, "b", 3, "lif", NULL);
        hebb_connect(s.net, "c1", in, a, "full", NULL);
        hebb_connect(s.net, "c2", a, b, "full", NULL);
        if (bypass) hebb_connect(s.net, "c3", a, b, "full", NULL);
        hebb_decode(s.net, "out", b, "spike_counts", NULL);
        MUST(&s, hebb_learner_create(s.net, "STCA", HEBB_NAMES("c1"), NULL, &gradient));
        MUST(&s, hebb_learner_create(s.net, "hebbian", HEBB_NAMES("c2"), NULL, &plastic));
        if (bypass)
            MUST(&s, hebb_net_build(s.net));
        else
            expect(&s, hebb_net_build(s.net), HEBB_E_GRAPH,
                   "c1.weight: every way from here to a decoder leads over a plastic connection");
        hebb_ctx_free(s.ctx);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trainable_lists),
        cmocka_unit_test(several_learners),
        cmocka_unit_test(behind_plastic),
        cmocka_unit_test(bounds_hold),
        cmocka_unit_test(masks_hold),
        cmocka_unit_test(silent_inputs_are_not_touched),
        cmocka_unit_test(lbfgs_takes_a_closure),
        cmocka_unit_test(clipping),
        cmocka_unit_test(truncated_and_detached),
        cmocka_unit_test(a_gradient_of_ones_own),
        cmocka_unit_test(it_learns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

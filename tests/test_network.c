/* A network's memory (none asked for after build, all given back, refused in
 * turn), its parameters, and numbers that are not finite. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "scenes.h"

/* ---- allocations ---- */

/* Every verb of a training loop, once. */
static hebb_status all_verbs(stage *s, double time) {
    static const uint64_t samples[] = {4, 3, 2, 1, 0, 9, 8, 7};
    const float *predict;
    float gradient[64 * OUT] = {0};
    size_t batch, classes, shape[3];
    HEBB_TRY(scene_input(s));
    HEBB_TRY(hebb_net_presentation(s->net, 1, samples, s->batch));
    HEBB_TRY(scene_learn(s, time));
    HEBB_TRY(hebb_net_predict(s->net, "volts", &predict, &batch, &classes));
    HEBB_TRY(hebb_monitor_values(s->net, "seen_a", NULL, NULL, shape));
    HEBB_TRY(hebb_learner_backward_from(s->learner, gradient, batch, classes));
    HEBB_TRY(hebb_net_run_continue(s->net, 1));
    HEBB_TRY(hebb_net_train(s->net, 0));
    HEBB_TRY(hebb_net_run(s->net, time));
    HEBB_TRY(hebb_net_train(s->net, 1));
    HEBB_TRY(hebb_net_reset(s->net));
    return hebb_net_presentation(s->net, 0, NULL, 0);
}

static void nothing_is_allocated_after_build(void **state) {
    (void)state;
    static const char *const optimizers[] = {"Adam", "SparseAdam", "RMSprop", "Rprop"};
    for (size_t i = 0; i < SCENES; i++) {
        stage s;
        setup u = {.batch = 8, .steps = 20, .threads = 1 + (int)(i % 3)};
        u.optimizer = optimizers[i % 4];
        u.schedule = i % 5 ? "auto" : "step";
        scene_build(&s, &scenes[i], &u);
        size_t before = s.memory.requests;
        MUST(&s, all_verbs(&s, 19));
        if (s.memory.requests != before)
            fail_msg("%s: %zu allocations in the first run", scenes[i].name,
                     s.memory.requests - before);
        s.batch = 3, s.steps = 13; /* smaller */
        MUST(&s, all_verbs(&s, 12));
        assert_int_equal(s.memory.requests, before);
        s.batch = 5, s.steps = 31; /* longer: plans once more */
        MUST(&s, all_verbs(&s, 30));
        assert_true(s.memory.requests > before);
        s.batch = 8; /* wider, together with the longest: the same plan */
        MUST(&s, all_verbs(&s, 30));
        before = s.memory.requests;
        for (int k = 0; k < 3; k++) MUST(&s, all_verbs(&s, 30));
        assert_int_equal(s.memory.requests, before);
        scene_free(&s);
    }
}

/* Bytes held, from what the allocator was asked for. */
typedef struct measured {
    counting counts;
    size_t bytes;
} measured;

static void *measured_alloc(void *user, size_t size) {
    measured *m = user;
    void *block = counting_alloc(&m->counts, size);
    if (block) m->bytes += size;
    return block;
}
static void measured_free(void *user, void *pointer) {
    measured *m = user;
    if (pointer) m->bytes -= ((size_t *)((char *)pointer - 16))[0];
    counting_free(&m->counts, pointer);
}
static void *measured_realloc(void *user, void *pointer, size_t old_size, size_t new_size) {
    void *moved = measured_alloc(user, new_size);
    if (!moved) return NULL;
    memcpy(moved, pointer, old_size < new_size ? old_size : new_size);
    measured_free(user, pointer);
    return moved;
}

static size_t bytes_of(const scene *w, int batch, double steps, bool trains, bool by_run) {
    measured m = {{0}, 0};
    hebb_allocator allocator = {measured_alloc, measured_realloc, measured_free, &m};
    stage s = {.what = w};
    hebb_ctx_options ctx = hebb_ctx_options_default();
    ctx.allocator = &allocator, ctx.threads = 2;
    MUST(&s, hebb_ctx_create(&ctx, &s.ctx));
    hebb_net_options o = hebb_net_options_default();
    o.dt = 1;
    if (!by_run) o.batch_max = batch, o.time_max = steps;
    MUST(&s, hebb_net_create(s.ctx, &o, &s.net));
    scene_graph(&s);
    if (trains) MUST(&s, hebb_learner_create(s.net, "STCA", HEBB_ALL, NULL, &s.learner));
    if (trains) MUST(&s, hebb_learner_set_loss(s.learner, "counts", "mse", NULL));
    MUST(&s, hebb_net_build(s.net));
    s.batch = (size_t)batch;
    s.steps = (size_t)steps;
    if (by_run) {
        MUST(&s, scene_input(&s));
        MUST(&s, hebb_net_run(s.net, steps));
    }
    size_t held = m.bytes;
    hebb_ctx_free(s.ctx);
    assert_int_equal(m.bytes, 0);
    assert_int_equal(m.counts.held, 0);
    return held;
}

static void memory_grows_as_it_should(void **state) {
    (void)state;
    static const size_t some[] = {0, 2, 6, 14};
    for (size_t k = 0; k < 4; k++) {
        const scene *w = &scenes[some[k]];
        double one = (double)bytes_of(w, 8, 100, true, false);
        double deep = (double)bytes_of(w, 16, 100, true, false) - one;
        double deeper = (double)bytes_of(w, 24, 100, true, false) - one;
        /* from where a block is one sample: before, it takes as many steps of fewer */
        double enough = (double)bytes_of(w, 8, 700, true, false);
        double longer = (double)bytes_of(w, 8, 800, true, false) - enough;
        double longest = (double)bytes_of(w, 8, 900, true, false) - enough;
        assert_true(deep > 0 && fabs(deeper / deep - 2) < 0.01);
        assert_true(longer > 0 && fabs(longest / longer - 2) < 0.01);
        /* a step of a neuron: the gradient of its current, its current where V0 is trained, that
         * before a filter; a bit for the spike and one for the window; worker rows, records of
         * monitors beside, and two bytes for each four of sources that a product may list */
        double cells = 8.0 * 100 * (HIDDEN + OUT), records = 8.0 * 100 * (IN + 2 * HIDDEN + OUT);
        double most = 8 * records + cells * 4 * (w->synapse ? 5 : 3) + 2 * 100 * 4.0 * 7 * IN +
                      2 * 8 * 100.0 / 4 * (IN + HIDDEN);
        if (longer > most) fail_msg("%s: %g bytes for 100 steps, not %g", w->name, longer, most);
        double idle = (double)bytes_of(w, 8, 100, false, false);
        assert_true(idle < one);
        /* planned at build, or when the run comes: the same */
        double late = (double)bytes_of(w, 8, 100, true, true);
        assert_true(fabs(late / one - 1) < 0.02);
    }
}

/* ---- memory refused ---- */

static hebb_status whole_life(stage *s, const scene *w, const setup *u) {
    HEBB_TRY(scene_make(s, w, u));
    HEBB_TRY(scene_input(s));
    HEBB_TRY(scene_learn(s, (double)s->steps));
    s->steps += 3;
    const uint32_t *neurons;
    size_t count;
    HEBB_TRY(hebb_monitor_spikes(s->net, "spikes", 0, &neurons, NULL, &count));
    s->batch = u->batch + 1; /* plans once more */
    HEBB_TRY(scene_input(s));
    HEBB_TRY(scene_learn(s, (double)s->steps));
    return hebb_learner_set_optimizer(s->learner, "Adamax", 0.01, NULL);
}

/* After a failure the context builds and runs another network. */
static void still_usable(stage *s) {
    hebb_net *net;
    s->memory.refuse = 0;
    MUST(s, hebb_net_create(s->ctx, NULL, &net));
    hebb_neurons(net, "n", 3, "lif", NULL);
    MUST(s, hebb_net_build(net));
    MUST(s, hebb_net_run(net, 1));
    hebb_net_free(net);
}

static void every_allocation_refused_in_turn(void **state) {
    (void)state;
    static const size_t some[] = {3, 7, 9, 12, 15, 17, 20, 21, 22, 24, 26};
    for (size_t k = 0; k < sizeof some / sizeof some[0]; k++) {
        const scene *w = &scenes[some[k]];
        bool done = false;
        for (size_t n = 1; !done; n++) {
            stage s;
            setup u = {.batch = 2, .steps = 5, .plan_steps = 8, .refuse = n};
            u.optimizer = k % 3 == 0 ? "LBFGS" : k % 3 == 1 ? "SparseAdam" : "Adam";
            if (k % 3 == 0) u.optimizer = "SGD";
            hebb_status status = whole_life(&s, w, &u);
            done = s.memory.requests < n;
            if (done) {
                if (status < 0) fail_msg("%s: %s", w->name, hebb_error(s.ctx));
            } else if (status != HEBB_E_MEMORY)
                fail_msg("%s: request %zu refused: %s, %s", w->name, n, hebb_status_name(status),
                         hebb_error(s.ctx));
            else if (!strstr(hebb_error(s.ctx), "memory"))
                fail_msg("%s: request %zu refused: %s", w->name, n, hebb_error(s.ctx));
            if (s.ctx) still_usable(&s);
            scene_free(&s);
            if (n > 4000) fail_msg("no end of allocations");
        }
    }
}

/* A run that finds no room leaves the network as it was: it still runs as planned, and what the
 * last run gave is still there. */
static void a_larger_run_without_memory(void **state) {
    (void)state;
    for (size_t refused = 1; refused <= 3; refused++) {
        stage s;
        bytes before = {0}, after = {0}, again = {0};
        scene_build(&s, &scenes[7], &(setup){.batch = 3, .steps = 10});
        MUST(&s, scene_input(&s));
        MUST(&s, hebb_net_run(s.net, 10));
        add_outputs(&s, &before);
        s.memory.refuse = s.memory.requests + refused;
        assert_int_equal(hebb_net_run(s.net, 50), HEBB_E_MEMORY);
        add_outputs(&s, &after);
        bytes_equal(&before, &after, "refused", "outputs");
        s.memory.refuse = 0;
        MUST(&s, hebb_net_presentation(s.net, 0, (const uint64_t[]){0, 1, 2}, 3));
        MUST(&s, hebb_net_run(s.net, 10));
        add_outputs(&s, &again);
        bytes_equal(&before, &again, "refused", "the same presentations again");
        bytes_free(&before);
        bytes_free(&after);
        bytes_free(&again);
        scene_free(&s);
    }
}

/* Sizes whose product no machine can hold: an error, whatever overflows. */
static void giants(void **state) {
    (void)state;
    static const struct {
        int batch;
        double time;
        size_t n;
    } cases[] = {{1 << 20, 1e7, 1 << 18},
                 {1 << 20, 99999999, 1 << 18},
                 {1 << 20, 0, 1 << 18},
                 {1 << 19, 67108864, 1 << 19}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        for (int k = 0; k < 3; k++) {
            hebb_ctx *ctx;
            hebb_net *net;
            assert_int_equal(hebb_ctx_create(NULL, &ctx), HEBB_OK);
            hebb_net_options o = hebb_net_options_default();
            o.dt = 1, o.batch_max = cases[i].batch, o.time_max = cases[i].time;
            assert_int_equal(hebb_net_create(ctx, &o, &net), HEBB_OK);
            hebb_group g =
                k == 1 ? hebb_encoder(net, "n", cases[i].n, k == 1 ? "null" : "poisson", NULL)
                       : hebb_neurons(net, "n", cases[i].n, "lif", NULL);
            hebb_group one = hebb_neurons(net, "one", 1, "lif", NULL);
            if (k == 1) hebb_connect(net, "c", g, one, "one_to_one", NULL);
            if (k == 2) hebb_state_monitor(net, "m", "n", "V", NULL);
            hebb_status status = hebb_net_build(net);
            assert_true(status == (k == 1 ? HEBB_E_SHAPE : HEBB_E_MEMORY));
            hebb_ctx_free(ctx);
        }
}

/* ---- parameters ---- */

static void parameters_round_trip(void **state) {
    (void)state;
    for (size_t i = 0; i < SCENES; i++)
        for (int wide = 0; wide < 2; wide++) {
            stage s;
            scene_build(&s, &scenes[i], &(setup){.precision = wide ? "double" : "float"});
            const char *name;
            size_t seen = 0;
            dice d = {i + 1};
            for (size_t k = 0; (name = hebb_net_param_name(s.net, k)); k++) {
                size_t shape[4], ndim, count = param_count(&s, name), changed = 0;
                MUST(&s, hebb_net_param_shape(s.net, name, shape, &ndim));
                assert_true(ndim == 1 || ndim == 2);
                for (size_t j = ndim; j < 4; j++) assert_int_equal(shape[j], 1);
                double *was = malloc(count * sizeof *was), *now = malloc(count * sizeof *now);
                MUST(&s, hebb_net_get(s.net, name, was, count));
                if (strstr(name, ".delay")) {
                    assert_int_equal(hebb_net_set(s.net, name, was, count), HEBB_E_UNSUPPORTED);
                } else {
                    for (size_t j = 0; j < count; j++) {
                        bool synapse = !strstr(name, "first.weight") || was[j] != 0;
                        if (synapse) was[j] = (double)(float)dice_between(&d, 0.5, 2), changed++;
                    }
                    assert_true(changed > 0);
                    MUST(&s, hebb_net_set(s.net, name, was, count));
                    MUST(&s, hebb_net_get(s.net, name, now, count));
                    assert_memory_equal(was, now, count * sizeof *was);
                    seen++;
                }
                assert_int_equal(hebb_net_get(s.net, name, now, count + 1), HEBB_E_SHAPE);
                assert_int_equal(hebb_net_set(s.net, name, now, count - 1), HEBB_E_SHAPE);
                free(was);
                free(now);
            }
            assert_true(seen >= 3);
            MUST(&s, scene_input(&s));
            MUST(&s, hebb_net_run(s.net, 5)); /* what was set is what runs */
            scene_free(&s);
        }
}

/* [post, pre], whatever the engine keeps: only the synapse 2 <- 1 drives neuron 2. */
static void weights_are_post_by_pre(void **state) {
    (void)state;
    static const char *const kinds[] = {"full", "sparse", "full"};
    for (int k = 0; k < 3; k++) {
        stage s = {0};
        MUST(&s, hebb_ctx_create(NULL, &s.ctx));
        hebb_net_options o = hebb_net_options_default();
        o.dt = 1;
        MUST(&s, hebb_net_create(s.ctx, &o, &s.net));
        hebb_group in = hebb_encoder(s.net, "in", 2, "float", NULL);
        hebb_group out = hebb_neurons(s.net, "out", 3, "lif", NULL);
        const double ones[6] = {1, 1, 1, 1, 1, 1};
        const size_t shape[2] = {3, 2};
        hebb_connect(
            s.net, "c", in, out, kinds[k],
            k == 2 ? HEBB_P(HEBB_MATRIX("weight", ones, shape, 2), {"delay", 1}, {"max_delay", 2})
                   : HEBB_P(HEBB_MATRIX("weight", ones, shape, 2)));
        hebb_state_monitor(s.net, "I", "out", "Isyn", NULL);
        MUST(&s, hebb_net_build(s.net));
        size_t got[4], ndim;
        MUST(&s, hebb_net_param_shape(s.net, "c.weight", got, &ndim));
        assert_true(ndim == 2 && got[0] == 3 && got[1] == 2);
        const double weight[6] = {0, 0, 0, 0, 0, 0.25};
        MUST(&s, hebb_net_set(s.net, "c.weight", weight, 6));
        const float data[2] = {7, 2};
        MUST(&s, hebb_net_input(s.net, "in", data, 1, 2));
        MUST(&s, hebb_net_run(s.net, 4));
        const double *I;
        MUST(&s, hebb_monitor_values(s.net, "I", &I, NULL, NULL));
        assert_true(I[9] == 0 && I[10] == 0 && I[11] == 0.5);
        hebb_ctx_free(s.ctx);
    }
}

static void constants_follow_parameters(void **state) {
    (void)state;
    stage s;
    scene_build(&s, &scenes[2], &(setup){.precision = "double"});
    double value, tau = 3;
    MUST(&s, hebb_net_constant(s.net, "a.decay_m", &value));
    assert_true(fabs(value - exp(-1.0 / 8)) < 1e-15);
    MUST(&s, hebb_net_set(s.net, "a.tau_m", &tau, 1));
    MUST(&s, hebb_net_constant(s.net, "a.tauM", &value));
    assert_true(fabs(value - exp(-1.0 / 3)) < 1e-15);
    scene_free(&s);
}

/* ---- what is not finite ---- */

static void expect(stage *s, hebb_status got, hebb_status wanted, const char *words) {
    if (got != wanted || !strstr(hebb_error(s->ctx), words))
        fail_msg("%s, '%s', not %s with '%s'", hebb_status_name(got), hebb_error(s->ctx),
                 hebb_status_name(wanted), words);
}

static void numbers_that_are_not_finite(void **state) {
    (void)state;
    static const double bad[] = {NAN, INFINITY, -INFINITY};
    for (int k = 0; k < 3; k++) {
        stage s;
        double w[HIDDEN * IN];
        scene_build(&s, &scenes[1], &(setup){.batch = 2});
        MUST(&s, hebb_net_get(s.net, "first.weight", w, HIDDEN * IN));
        double kept = w[17];
        w[17] = bad[k];
        expect(&s, hebb_net_set(s.net, "first.weight", w, HIDDEN * IN), HEBB_E_NOT_FINITE,
               "first.weight[17] = ");
        MUST(&s, hebb_net_get(s.net, "first.weight", w, HIDDEN * IN));
        assert_true(w[17] == kept); /* nothing was set */
        float data[2 * IN] = {0};
        data[IN + 4] = (float)bad[k];
        expect(&s, hebb_net_input(s.net, "input", data, 2, IN), HEBB_E_NOT_FINITE,
               "input: value 74 of the input is");
        scene_free(&s);
    }
}

/* V doubles in every step by a self connection until a float holds it no more. */
static void a_state_that_overflows(void **state) {
    (void)state;
    stage s = {0};
    MUST(&s, hebb_ctx_create(NULL, &s.ctx));
    hebb_net_options o = hebb_net_options_default();
    o.dt = 1;
    MUST(&s, hebb_net_create(s.ctx, &o, &s.net));
    hebb_group in = hebb_encoder(s.net, "in", 3, "float", NULL);
    hebb_group g = hebb_neurons(s.net, "wild", 3, "li", NULL);
    hebb_connect(s.net, "c", in, g, "one_to_one", HEBB_P({"weight", 1}));
    hebb_connect(s.net, "loop", g, g, "one_to_one", HEBB_P({"weight", -3e4}));
    hebb_decode(s.net, "d", g, "voltage_mean", NULL);
    hebb_learner *learner;
    MUST(&s, hebb_learner_create(s.net, "STCA", HEBB_ALL, NULL, &learner));
    MUST(&s, hebb_learner_set_optimizer(learner, "SGD", 0.1, NULL));
    MUST(&s, hebb_net_build(s.net));
    const float data[6] = {0, 0, 0, 0, 1, 0};
    MUST(&s, hebb_net_input(s.net, "in", data, 2, 3));
    hebb_status status = hebb_net_run(s.net, 200);
    expect(&s, status, HEBB_E_NOT_FINITE, "wild: the state V of neuron 1 became ");
    expect(&s, status, HEBB_E_NOT_FINITE, "in sample 1 of the batch");
    expect(&s, hebb_net_predict(s.net, NULL, NULL, NULL, NULL), HEBB_E_STATE, "no run to look at");
    MUST(&s, hebb_net_run(s.net, 3)); /* and then it runs again */
    /* a gradient of that length overflows before the state does */
    float gradient[6] = {0, 0, 0, 0, 1e38f, 0};
    MUST(&s, hebb_net_run(s.net, 6));
    MUST(&s, hebb_learner_zero_grad(learner));
    MUST(&s, hebb_learner_backward_from(learner, gradient, 2, 3));
    double before[3], after[3];
    MUST(&s, hebb_net_get(s.net, "loop.weight", before, 3));
    status = hebb_learner_optim_step(learner);
    expect(&s, status, HEBB_E_NOT_FINITE, "the gradient of ");
    expect(&s, status, HEBB_E_NOT_FINITE, ".weight is ");
    MUST(&s, hebb_net_get(s.net, "loop.weight", after, 3));
    assert_memory_equal(before, after, sizeof before);
    /* and a weight, in a step that is too long */
    MUST(&s, hebb_learner_set_optimizer(learner, "SGD", 1e38, NULL));
    gradient[4] = 1000;
    MUST(&s, hebb_net_run(s.net, 2));
    MUST(&s, hebb_learner_zero_grad(learner));
    MUST(&s, hebb_learner_backward_from(learner, gradient, 2, 3));
    status = hebb_learner_optim_step(learner);
    expect(&s, status, HEBB_E_NOT_FINITE, "c.weight became -inf in a step of the optimizer");
    hebb_ctx_free(s.ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_allocated_after_build),
        cmocka_unit_test(memory_grows_as_it_should),
        cmocka_unit_test(every_allocation_refused_in_turn),
        cmocka_unit_test(a_larger_run_without_memory),
        cmocka_unit_test(giants),
        cmocka_unit_test(parameters_round_trip),
        cmocka_unit_test(weights_are_post_by_pre),
        cmocka_unit_test(constants_follow_parameters),
        cmocka_unit_test(numbers_that_are_not_finite),
        cmocka_unit_test(a_state_that_overflows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What a network costs: planned bytes against those that an allocator gave, work against sums
 * by hand, and a profile that changes nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "hebb/hebb.h"

enum { IN = 40, HIDDEN = 30, OUT = 5, BATCH = 6, STEPS = 50 };

#define MUST(ctx, call) do_must(ctx, call, #call)
static void do_must(hebb_ctx *ctx, hebb_status status, const char *what) {
    if (status < 0) fail_msg("%s: %s", what, hebb_error(ctx));
}

/* An allocator that knows how many bytes it has given. */
static void *give(void *user, size_t size) {
    size_t *held = user, *block = malloc(size + 16);
    if (!block) return NULL;
    *held += block[0] = size;
    return block + 2;
}
static void take_back(void *user, void *pointer) {
    size_t *held = user;
    if (!pointer) return;
    *held -= ((size_t *)pointer)[-2];
    free((size_t *)pointer - 2);
}

static void *give_again(void *user, void *pointer, size_t old_size, size_t new_size) {
    void *moved = give(user, new_size);
    if (!moved) return NULL;
    memcpy(moved, pointer, old_size < new_size ? old_size : new_size);
    take_back(user, pointer);
    return moved;
}

typedef struct scene {
    hebb_ctx *ctx;
    hebb_net *net;
    hebb_learner *learner;
    size_t held;
} scene;

typedef struct setting {
    const char *model, *rule, *optimizer, *precision, *synapse;
    bool recurrent, delayed, trains_taus;
} setting;

static void begin(scene *s, const setting *how, int threads, size_t scale) {
    hebb_allocator allocator = {give, give_again, take_back, &s->held};
    hebb_ctx_options options = hebb_ctx_options_default();
    memset(s, 0, sizeof *s);
    allocator.user = &s->held;
    options.allocator = &allocator;
    options.threads = threads;
    options.seed = 5;
    assert_int_equal(hebb_ctx_create(&options, &s->ctx), HEBB_OK);
    hebb_net_options net = hebb_net_options_default();
    net.dt = 1;
    net.batch_max = BATCH;
    net.time_max = STEPS;
    net.precision = how->precision;
    MUST(s->ctx, hebb_net_create(s->ctx, &net, &s->net));
    hebb_group in = hebb_encoder(s->net, "input", IN * scale, "bernoulli", NULL);
    hebb_group hidden = hebb_neurons(s->net, "hidden", HIDDEN * scale, how->model, NULL);
    hebb_group out = hebb_neurons(s->net, "output", OUT, how->model, NULL);
    hebb_connect(s->net, "c1", in, hidden, "full",
                 HEBB_P(HEBB_STR("weight", "uniform(0, 0.3)"),
                        HEBB_STR("synapse", how->synapse ? how->synapse : "basic"),
                        {"max_delay", how->delayed ? 5 : 0}));
    hebb_connect(s->net, "c2", hidden, out, "full", HEBB_P(HEBB_STR("weight", "uniform(0, 0.3)")));
    if (how->recurrent)
        hebb_connect(s->net, "rec", hidden, hidden, "full",
                     HEBB_P(HEBB_STR("weight", "uniform(-0.1, 0.1)")));
    hebb_decode(s->net, "class", out, "spike_counts", NULL);
    const char *const *trained =
        how->trains_taus ? HEBB_NAMES("hidden", "output", "hidden.tau_m") : HEBB_ALL;
    MUST(s->ctx, hebb_learner_create(s->net, how->rule, trained, NULL, &s->learner));
    MUST(s->ctx, hebb_learner_set_optimizer(s->learner, how->optimizer, 0.01, NULL));
    MUST(s->ctx, hebb_learner_set_loss(s->learner, NULL, "cross_entropy", NULL));
    MUST(s->ctx, hebb_net_build(s->net));
}

static void learn(scene *s, size_t scale, double *loss) {
    size_t count = BATCH * IN * scale;
    float *values = malloc(count * sizeof *values);
    int32_t labels[BATCH];
    for (size_t i = 0; i < count; i++) values[i] = (float)(i * 37 % 101) / 202;
    for (int b = 0; b < BATCH; b++) labels[b] = b % OUT;
    MUST(s->ctx, hebb_net_input(s->net, "input", values, BATCH, IN * scale));
    MUST(s->ctx, hebb_net_run(s->net, STEPS));
    MUST(s->ctx, hebb_learner_zero_grad(s->learner));
    MUST(s->ctx, hebb_learner_loss(s->learner, labels, BATCH, loss));
    MUST(s->ctx, hebb_learner_backward(s->learner));
    MUST(s->ctx, hebb_learner_optim_step(s->learner));
    free(values);
}

static void end(scene *s) {
    hebb_ctx_free(s->ctx);
    assert_int_equal(s->held, 0);
}

static void bytes_are_those_given(void **state) {
    (void)state;
    static const setting settings[] = {
        {"lif", "STCA", "Adam", "float", NULL, false, false, false},
        {"lif", "STBP", "SGD", "float", NULL, true, false, false},
        {"clif", "STBP", "Adam", "double", NULL, false, false, true},
        {"clif", "STCA", "AdamW", "float", "2_order_synapse", true, false, false},
        {"lif", "sbp", "Adam", "float", NULL, false, false, false},
    };
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
        for (int threads = 1; threads <= 2; threads++) {
            scene s;
            hebb_memory planned, later;
            double loss;
            begin(&s, &settings[i], threads, 10);
            MUST(s.ctx, hebb_net_memory(s.net, &planned));
            learn(&s, 10, &loss);
            double share = (double)planned.total / (double)s.held;
            if (share < 0.95 || share > 1.02)
                fail_msg("setting %zu: planned %zu, held %zu", i, planned.total, s.held);
            MUST(s.ctx, hebb_net_memory(s.net, &later));
            assert_in_range(later.total, planned.total, planned.total + 8 * BATCH * OUT);
            assert_int_equal(planned.data, 0);
            size_t real = strcmp(settings[i].precision, "double") ? 4 : 8;
            size_t weights = 10 * HIDDEN * (10 * IN + OUT);
            if (settings[i].recurrent) weights += 100 * HIDDEN * HIDDEN;
            assert_true(planned.parameters >= weights * real);
            assert_in_range(planned.gradients, weights * real, weights * real + 64);
            end(&s);
        }
}

static const setting plain = {"lif", "STCA", "Adam", "float", NULL, true, false, false};

static void work_is_counted(void **state) {
    (void)state;
    scene s;
    hebb_work work;
    double loss;
    begin(&s, &plain, 1, 1);
    assert_int_equal(hebb_net_work(s.net, &work), HEBB_E_STATE);
    learn(&s, 1, &loss);
    MUST(s.ctx, hebb_net_work(s.net, &work));
    assert_int_equal(work.batch, BATCH);
    assert_int_equal(work.steps, STEPS);
    /* input drives hidden; hidden drives output and itself; output drives nothing */
    assert_true(work.input_spikes > 0 && work.spikes > 0);
    uint64_t rest = work.synaptic_operations - work.input_spikes * HIDDEN;
    assert_int_equal(rest % (OUT + HIDDEN), 0);
    assert_true(rest / (OUT + HIDDEN) > 0 && rest / (OUT + HIDDEN) <= work.spikes);
    double rows = 2.0 * BATCH * STEPS, c1 = IN * HIDDEN, c2 = HIDDEN * OUT, rec = HIDDEN * HIDDEN;
    assert_true(work.dense_flops == rows * (c1 + c2 + rec));
    assert_true(work.dense_flops_of_backward == rows * (c1 + 2 * c2 + 2 * rec));
    end(&s);
}

/* ---- profile ---- */

typedef struct watch {
    double clock;
    size_t forward, backward, gradient, optimizer, encode;
} watch;

static double tick(void *user) {
    watch *w = user; /* one thread: a clock of its own is no race */
    return w->clock += 1;
}
static void span(void *user, const char *phase, int thread, double from, double to) {
    watch *w = user;
    assert_int_equal(thread, 0);
    assert_true(to > from);
    w->encode += !strcmp(phase, "encode");
    w->forward += !strcmp(phase, "forward");
    w->backward += !strcmp(phase, "backward");
    w->gradient += !strcmp(phase, "gradient");
    w->optimizer += !strcmp(phase, "optimizer");
}

static void a_profile_changes_nothing(void **state) {
    (void)state;
    double losses[2][3];
    watch w = {0};
    for (int watched = 0; watched < 2; watched++) {
        scene s;
        hebb_profile profile = {tick, span, &w};
        begin(&s, &plain, 1, 1);
        if (watched) MUST(s.ctx, hebb_net_profile(s.net, &profile));
        for (int i = 0; i < 2; i++) learn(&s, 1, &losses[watched][i]);
        MUST(s.ctx, hebb_net_profile(s.net, NULL));
        size_t before = w.forward;
        learn(&s, 1, &losses[watched][2]);
        assert_int_equal(w.forward, before);
        end(&s);
    }
    assert_memory_equal(losses[0], losses[1], sizeof losses[0]);
    assert_int_equal(w.encode, 2 * BATCH);
    assert_true(w.forward >= 2); /* blocks of samples */
    assert_int_equal(w.backward, 2 * BATCH);
    assert_true(w.gradient >= 2);
    assert_int_equal(w.optimizer, 2);
}

static void wrong_calls(void **state) {
    (void)state;
    scene s;
    hebb_memory memory;
    hebb_profile half = {tick, NULL, NULL};
    begin(&s, &plain, 1, 1);
    assert_int_equal(hebb_net_memory(NULL, &memory), HEBB_E_ARGUMENT);
    assert_int_equal(hebb_net_memory(s.net, NULL), HEBB_E_ARGUMENT);
    assert_int_equal(hebb_net_work(s.net, NULL), HEBB_E_ARGUMENT);
    assert_int_equal(hebb_net_profile(s.net, &half), HEBB_E_ARGUMENT);
    assert_int_equal(hebb_net_profile(NULL, NULL), HEBB_E_ARGUMENT);
    assert_int_equal(hebb_run_batch(NULL, 1, NULL), HEBB_E_ARGUMENT);
    assert_int_equal(hebb_run_memory(NULL, &memory), HEBB_E_ARGUMENT);
    hebb_net *other;
    MUST(s.ctx, hebb_net_create(s.ctx, NULL, &other));
    assert_int_equal(hebb_net_memory(other, &memory), HEBB_E_STATE);
    end(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_are_those_given),
        cmocka_unit_test(work_is_counted),
        cmocka_unit_test(a_profile_changes_nothing),
        cmocka_unit_test(wrong_calls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* One answer, bit for bit: at any number of threads, in either schedule. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "scenes.h"

/* Outputs of a run, gradients, and weights after five steps of Adam. */
static void trace(const scene *w, const setup *u, bytes *out) {
    stage s;
    scene_build(&s, w, u);
    MUST(&s, scene_input(&s));
    MUST(&s, hebb_net_run(s.net, (double)s.steps));
    add_outputs(&s, out);
    for (int i = 0; i < 5; i++) MUST(&s, scene_learn(&s, (double)s.steps));
    add_outputs(&s, out);
    add_parameters(&s, out);
    scene_free(&s);
}

static void scenes_are_lively(void **state) {
    (void)state;
    for (size_t i = 0; i < SCENES; i++) {
        const scene *w = &scenes[i];
        stage s;
        scene_build(&s, w, &(setup){.batch = 4, .steps = 30});
        MUST(&s, scene_input(&s));
        MUST(&s, scene_learn(&s, 30));
        double a = spikes_per_step(&s, "seen_a"), b = spikes_per_step(&s, "seen_b");
        bool spiking = !w->model || strcmp(w->model, "nonspikinglif");
        if (spiking && (a < 0.01 || a > 0.7)) fail_msg("%s: a spikes in %g", w->name, a);
        if (b < 0.05) fail_msg("%s: b has a potential in %g", w->name, b);
        double gradient[IN * HIDDEN], most = 0;
        size_t count = param_count(&s, "first.weight");
        MUST(&s, hebb_net_gradient(s.net, "first.weight", gradient, count));
        for (size_t k = 0; k < count; k++) most = fmax(most, fabs(gradient[k]));
        if (!(most > 1e-6)) fail_msg("%s: the gradient is 0", w->name);
        scene_free(&s);
    }
}

static void same_bits_at_any_number_of_threads(void **state) {
    (void)state;
    static const int threads[] = {2, 3, 8};
    static const size_t batches[] = {1, 3, 8, 41};
    for (size_t i = 0; i < SCENES; i++)
        for (size_t k = 0; k < 4; k++) {
            if (k == 3 && !scenes[i].real && i % 4) continue; /* blocks of constants: 32 samples */
            setup u = {.batch = batches[k], .steps = 12};
            bytes one = {0};
            trace(&scenes[i], &u, &one);
            for (size_t t = 0; t < 3; t++) {
                bytes more = {0};
                u.threads = threads[t];
                trace(&scenes[i], &u, &more);
                bytes_equal(&one, &more, scenes[i].name, "threads");
                bytes_free(&more);
            }
            bytes_free(&one);
        }
}

/* Long runs go backward in blocks of samples, whose size follows the number of threads. */
static void same_bits_in_blocks_of_any_size(void **state) {
    (void)state;
    for (size_t i = 0; i < SCENES; i++) {
#ifdef __SANITIZE_THREAD__ /* it looks for races, not for bits: a few will do */
        if (i % 4) continue;
#endif
        setup u = {.batch = 5, .steps = 330};
        bytes one = {0};
        trace(&scenes[i], &u, &one);
        for (int threads = 2; threads <= 8; threads += 6) {
            bytes more = {0};
            u.threads = threads;
            trace(&scenes[i], &u, &more);
            bytes_equal(&one, &more, scenes[i].name, "blocks");
            bytes_free(&more);
        }
        bytes_free(&one);
    }
}

static void seeds_differ(void **state) {
    (void)state;
    bytes one = {0}, two = {0};
    trace(&scenes[0], &(setup){.batch = 2}, &one);
    trace(&scenes[0], &(setup){.batch = 2, .seed = 1}, &two);
    assert_int_equal(one.count, two.count);
    assert_true(memcmp(one.data, two.data, one.count) != 0);
    bytes_free(&one);
    bytes_free(&two);
}

static void all_threads_work(void **state) {
    (void)state;
    for (int threads = 2; threads <= 3; threads++) {
        stage s;
        scene_build(&s, &scenes[0], &(setup){.batch = 64, .threads = threads});
        MUST(&s, scene_input(&s));
        assert_int_equal(hebb_ctx_threads(s.ctx), threads);
        bool all = false;
        for (int i = 0; i < 3000 && !all; i++) {
            MUST(&s, scene_learn(&s, 20));
            all = true;
            for (int t = 0; t < threads; t++) all &= hebb_ctx_work_done(s.ctx, t) > 0;
        }
        assert_true(all);
        assert_int_equal(hebb_ctx_work_done(s.ctx, threads), 0);
        assert_int_equal(hebb_ctx_work_done(s.ctx, -1), 0);
        scene_free(&s);
    }
}

/* ---- schedules ---- */

static void sweeps_and_steps_give_the_same_bits(void **state) {
    (void)state;
    for (size_t i = 0; i < SCENES; i++)
        for (int wide = 0; wide < 2; wide++) {
            if (scenes[i].real) continue;
            setup u = {.batch = 3, .steps = 17, .precision = wide ? "double" : "float"};
            bytes swept = {0}, stepped = {0};
            trace(&scenes[i], &u, &swept);
            u.schedule = "step";
            u.threads = 2;
            trace(&scenes[i], &u, &stepped);
            bytes_equal(&swept, &stepped, scenes[i].name, "schedules");
            bytes_free(&swept);
            bytes_free(&stepped);
        }
}

/* Real sums: equal within rounding. In double precision no spike flips. */
static void sweeps_and_steps_agree(void **state) {
    (void)state;
    size_t compared = 0;
    for (size_t i = 0; i < SCENES; i++) {
        if (!scenes[i].real) continue;
        setup u = {.batch = 3, .steps = 17, .precision = "double"};
        bytes outputs[2] = {{0}, {0}};
        for (int k = 0; k < 2; k++) {
            stage s;
            u.schedule = k ? "step" : "auto";
            scene_build(&s, &scenes[i], &u);
            MUST(&s, scene_input(&s));
            MUST(&s, scene_learn(&s, 17));
            for (size_t m = 0; m < MONITORS; m++) add_monitor(&s, monitors[m], &outputs[k]);
            add_parameters(&s, &outputs[k]);
            scene_free(&s);
        }
        assert_int_equal(outputs[0].count, outputs[1].count);
        const double *x = (const double *)outputs[0].data, *y = (const double *)outputs[1].data;
        for (size_t k = 0; k < outputs[0].count / sizeof *x; k++)
            if (!close_to(x[k], y[k], 1e-9, 1e-3))
                fail_msg("%s: number %zu: %.17g and %.17g", scenes[i].name, k, x[k], y[k]);
        compared++;
        bytes_free(&outputs[0]);
        bytes_free(&outputs[1]);
    }
    assert_true(compared >= 4);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scenes_are_lively),
        cmocka_unit_test(same_bits_at_any_number_of_threads),
        cmocka_unit_test(same_bits_in_blocks_of_any_size),
        cmocka_unit_test(seeds_differ),
        cmocka_unit_test(all_threads_work),
        cmocka_unit_test(sweeps_and_steps_give_the_same_bits),
        cmocka_unit_test(sweeps_and_steps_agree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* tape = "recompute" in networks of every shape: what comes out of a run in chunks is what comes
 * out of one in one piece, to the bit, and gradients but for the order of their sums. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "scenes.h"

/* All that a run shows, and the gradients after it. */
typedef struct shown {
    bytes run, gradients;
} shown;

static void shown_free(shown *x) {
    bytes_free(&x->run);
    bytes_free(&x->gradients);
}

static void add_run(stage *s, bytes *to) {
    hebb_work work;
    add_outputs(s, to);
    for (size_t k = 0; k < 2 * s->batch; k++) {
        const char *monitor = k % 2 ? "spikes_in" : "spikes";
        const uint32_t *neurons;
        const double *times;
        size_t count;
        MUST(s, hebb_monitor_spikes(s->net, monitor, k / 2, &neurons, &times, &count));
        bytes_add(to, neurons, count * sizeof *neurons);
        bytes_add(to, times, count * sizeof *times);
    }
    MUST(s, hebb_net_work(s->net, &work));
    bytes_add(to, &work, sizeof work);
}

static void backward(stage *s) {
    int32_t labels[512];
    double loss;
    for (size_t b = 0; b < s->batch; b++) labels[b] = (int32_t)(b % OUT);
    MUST(s, hebb_learner_loss(s->learner, labels, s->batch, &loss));
    MUST(s, hebb_learner_backward(s->learner));
}

/* Returns the largest gradient: short runs may have none. */
static double same(const shown *exact, const shown *chunks, const setup *u, const char *name,
                   const char *what) {
    bytes_equal(&exact->run, &chunks->run, name, what);
    assert_int_equal(exact->gradients.count, chunks->gradients.count);
    const double *x = (const double *)exact->gradients.data;
    const double *y = (const double *)chunks->gradients.data;
    double largest = 0, apart = 0;
    for (size_t k = 0; k < exact->gradients.count / sizeof *x; k++) {
        largest = fmax(largest, fabs(x[k]));
        apart = fmax(apart, fabs(x[k] - y[k]));
    }
    double near = u->precision ? 1e-12 : 1e-5;
    if (!(apart <= near * largest))
        fail_msg("%s: %s: gradients up to %g are apart by %g", name, what, largest, apart);
    return largest;
}

/* A run, another that goes on for `steps`, its gradients, and one that goes on from there. */
static void go_on(const scene *w, setup u, const char *tape, size_t first, size_t steps,
                  shown *to) {
    stage s;
    u.tape = tape;
    scene_build(&s, w, &u);
    MUST(&s, scene_input(&s));
    if (first) MUST(&s, hebb_net_run(s.net, (double)first));
    if (first) add_run(&s, &to->run);
    MUST(&s,
         first ? hebb_net_run_continue(s.net, (double)steps) : hebb_net_run(s.net, (double)steps));
    add_run(&s, &to->run);
    backward(&s);
    add_gradients(&s, &to->gradients);
    MUST(&s, hebb_net_run_continue(s.net, 5));
    add_run(&s, &to->run);
    scene_free(&s);
}

static double compare(const scene *w, const setup *u, size_t first, size_t steps,
                      const char *what) {
    shown exact = {0}, chunks = {0};
    go_on(w, *u, "exact", first, steps, &exact);
    go_on(w, *u, "recompute", first, steps, &chunks);
    double largest = same(&exact, &chunks, u, w->name, what);
    shown_free(&exact);
    shown_free(&chunks);
    return largest;
}

/* Chunks of 4 and 8 steps: delays go over one and over two starts. */
static void every_shape(void **state) {
    (void)state;
    for (size_t i = 0; i < SCENES; i++)
        for (int wide = 0; wide < 2; wide++) {
            setup u = {.batch = 3, .steps = 60, .plan_steps = 11, .seed = i};
            u.precision = wide ? "double" : NULL;
            double largest = compare(&scenes[i], &u, 0, 40, "more steps than planned");
            largest += compare(&scenes[i], &u, 0, 11, "11 steps");
            largest += compare(&scenes[i], &u, 7, 10, "a run that goes on");
            if (!(largest > 1e-6)) fail_msg("%s: no gradient anywhere", scenes[i].name);
        }
}

/* A spike's place follows from the steps of the whole run. */
static void latencies(void **state) {
    (void)state;
    const scene w = {.name = "latency", .encoder = "latency", .model = "lif"};
    setup u = {.batch = 3, .steps = 40};
    compare(&w, &u, 0, 40, "40 steps");
    compare(&w, &u, 0, 300, "300 steps");
}

/* Random trains are drawn in pieces of 256 steps, of which a chunk may see two. */
static void long_runs(void **state) {
    (void)state;
    for (size_t i = 0; i < SCENES; i++) {
        setup u = {.batch = 2, .steps = 330};
        assert_true(compare(&scenes[i], &u, 0, 300, "300 steps") > 0);
        if (i % 3 == 0) compare(&scenes[i], &u, 20, 300, "20 steps, then 300");
    }
}

static void same_bits_at_any_number_of_threads(void **state) {
    (void)state;
    static const int threads[] = {2, 3, 8};
    for (size_t i = 0; i < SCENES; i++) {
        setup u = {.batch = i % 2 ? 9 : 41, .steps = 60};
        shown one = {0};
        go_on(&scenes[i], u, "recompute", 3, 27, &one);
        for (size_t t = 0; t < 3; t++) {
            shown more = {0};
            u.threads = threads[t];
            go_on(&scenes[i], u, "recompute", 3, 27, &more);
            bytes_equal(&one.run, &more.run, scenes[i].name, "threads");
            bytes_equal(&one.gradients, &more.gradients, scenes[i].name, "threads, gradients");
            shown_free(&more);
        }
        shown_free(&one);
    }
}

/* Two backward passes after one run add up; the second finds no tape of any chunk. */
static void backward_twice(void **state) {
    (void)state;
    for (size_t i = 0; i < SCENES; i++) {
        bytes once = {0}, twice = {0};
        stage s;
        scene_build(&s, &scenes[i],
                    &(setup){.batch = 2, .precision = "double", .tape = "recompute"});
        MUST(&s, scene_input(&s));
        MUST(&s, hebb_net_run(s.net, 20));
        backward(&s);
        add_gradients(&s, &once);
        backward(&s);
        add_gradients(&s, &twice);
        const double *x = (const double *)once.data, *y = (const double *)twice.data;
        double largest = 0;
        for (size_t k = 0; k < once.count / sizeof *x; k++) largest = fmax(largest, fabs(x[k]));
        for (size_t k = 0; k < once.count / sizeof *x; k++)
            if (!(fabs(2 * x[k] - y[k]) <= 1e-12 * largest))
                fail_msg("%s: number %zu: %.17g, then %.17g", scenes[i].name, k, x[k], y[k]);
        scene_free(&s);
        bytes_free(&once);
        bytes_free(&twice);
    }
}

/* Without learning there is nothing to keep, and dropout leaves all. */
static void runs_without_learning(void **state) {
    (void)state;
    for (size_t i = 0; i < SCENES; i++) {
        bytes seen[2] = {{0}, {0}};
        for (int k = 0; k < 2; k++) {
            stage s;
            scene_build(&s, &scenes[i], &(setup){.tape = k ? "recompute" : "exact", .threads = 2});
            MUST(&s, scene_input(&s));
            MUST(&s, hebb_net_train(s.net, 0));
            MUST(&s, hebb_net_run(s.net, 20));
            add_run(&s, &seen[k]);
            scene_free(&s);
        }
        bytes_equal(&seen[0], &seen[1], scenes[i].name, "without learning");
        bytes_free(&seen[0]);
        bytes_free(&seen[1]);
    }
}

/* Spikes of whole runs are there only of groups that somebody watches. */
static void actions_need_a_monitor(void **state) {
    (void)state;
    int32_t actions[2];
    stage s;
    scene_build(&s, &scenes[1], &(setup){.batch = 2, .tape = "recompute"});
    MUST(&s, scene_input(&s));
    MUST(&s, hebb_net_run(s.net, 20));
    MUST(&s, hebb_net_action(s.net, "a", "softmax_action", NULL, 0, actions, 2));
    assert_int_equal(hebb_net_action(s.net, "b", "softmax_action", NULL, 0, actions, 2),
                     HEBB_E_UNSUPPORTED);
    assert_non_null(strstr(hebb_error(s.ctx), "b: tape = recompute keeps no spikes"));
    scene_free(&s);
}

/* What is planned is what is taken. */
static void memory_is_told(void **state) {
    (void)state;
    for (size_t i = 0; i < SCENES; i++) {
        stage s;
        hebb_memory m;
        scene_build(&s, &scenes[i], &(setup){.batch = 20, .steps = 400, .tape = "recompute"});
        MUST(&s, hebb_net_memory(s.net, &m));
        double held = (double)s.memory.bytes, told = (double)m.total;
        if (!(fabs(told - held) < 0.1 * held))
            fail_msg("%s: %g bytes are told, %g held", scenes[i].name, told, held);
        scene_free(&s);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_shape),
        cmocka_unit_test(latencies),
        cmocka_unit_test(long_runs),
        cmocka_unit_test(same_bits_at_any_number_of_threads),
        cmocka_unit_test(backward_twice),
        cmocka_unit_test(runs_without_learning),
        cmocka_unit_test(actions_need_a_monitor),
        cmocka_unit_test(memory_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

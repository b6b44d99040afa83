/* SPAIC's recordings of its STDP rules, followed step by step under compat = "spaic". */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "golden_file.h"
#include "hebb/hebb.h"

enum { IN = 6, OUT = 4, CELLS = IN * OUT, ROOM = 4096 };

static double number(const cJSON *object, const char *key, double otherwise) {
    const cJSON *item = cJSON_GetObjectItem(object, key);
    return cJSON_IsNumber(item) ? item->valuedouble : otherwise;
}
static const char *text(const cJSON *object, const char *key) {
    return cJSON_GetObjectItem(object, key)->valuestring;
}

typedef struct net {
    hebb_ctx *ctx;
    hebb_net *net;
    hebb_learner *learner;
    const cJSON *c;
} net;

#define MUST(n, call)                                                                              \
    do {                                                                                           \
        if ((call) < 0) fail_msg("%s: %s", text((n)->c, "case"), hebb_error((n)->ctx));            \
    } while (0)

static void add(hebb_param *params, size_t *n, const char *name, double value) {
    params[(*n)++] = (hebb_param){.name = name, .number = value};
}

static size_t copy_numbers(hebb_param *params, size_t n, const cJSON *object) {
    for (const cJSON *item = object ? object->child : NULL; item; item = item->next)
        add(params, &n, item->string, item->valuedouble);
    return n;
}

static void make_learner(net *s, const char *rule) {
    hebb_param params[16] = {{0}};
    size_t n = copy_numbers(params, 0, cJSON_GetObjectItem(s->c, "learner_kwargs"));
    bool meta = !strncmp(rule, "meta", 4);
    if (!meta) add(params, &n, "w_norm", number(s->c, "w_norm", 0));
    double built = number(s->c, "backend_runtime_at_build", -1);
    if (built > 0 && !strncmp(rule, "full", 4)) add(params, &n, "runtime_at_build", built);
    MUST(s, hebb_learner_create(s->net, rule, HEBB_NAMES("connection1"), params, &s->learner));
}

/* false: this build has no such neuron. */
static bool make(net *s, int threads) {
    hebb_ctx_options ctx = hebb_ctx_options_default();
    ctx.threads = threads;
    hebb_net_options o = hebb_net_options_default();
    double w0[CELLS];
    size_t n = 0, shape[2] = {OUT, IN};
    assert_int_equal(hebb_ctx_create(&ctx, &s->ctx), HEBB_OK);
    o.compat = "spaic";
    o.dt = number(s->c, "dt", 0);
    o.batch_max = (int)number(s->c, "batch", 0);
    o.time_max = 2 * o.dt;
    if (number(s->c, "build_strategy", 0) != 0) o.latency = "same_step";
    MUST(s, hebb_net_create(s->ctx, &o, &s->net));
    hebb_group in = hebb_encoder(s->net, "input", IN, "null", NULL);
    hebb_param params[16] = {{0}};
    copy_numbers(params, 0, cJSON_GetObjectItem(s->c, "neuron_kwargs"));
    hebb_group layer = hebb_neurons(s->net, "layer1", OUT, text(s->c, "neuron"), params);
    if (layer < 0) return false;
    golden_numbers(cJSON_GetObjectItem(s->c, "W0"), w0, CELLS, &n);
    hebb_connect(s->net, "connection1", in, layer, "full",
                 HEBB_P(HEBB_MATRIX("weight", w0, shape, 2)));
    if (number(s->c, "inhibition_layer", 0) != 0) {
        double to[OUT * OUT] = {0}, from[OUT * OUT];
        size_t square[2] = {OUT, OUT};
        for (size_t i = 0; i < OUT * OUT; i++) from[i] = i % (OUT + 1) ? -12 : 0;
        for (size_t i = 0; i < OUT; i++) to[i * (OUT + 1)] = 22.5;
        hebb_group other = hebb_neurons(s->net, "layer2", OUT, "lifstdp_ih", NULL);
        hebb_connect(s->net, "connection2", layer, other, "full",
                     HEBB_P(HEBB_MATRIX("weight", to, square, 2)));
        hebb_connect(s->net, "connection3", other, layer, "full",
                     HEBB_P(HEBB_MATRIX("weight", from, square, 2)));
    }
    make_learner(s, text(s->c, "algorithm"));
    MUST(s, hebb_net_build(s->net));
    return true;
}

static double worst;

static void same(const net *s, const char *what, size_t at, const cJSON *wanted) {
    double ref[CELLS], got[CELLS];
    size_t n = 0;
    golden_numbers(wanted, ref, CELLS, &n);
    assert_int_equal(n, CELLS);
    MUST(s, hebb_net_get(s->net, "connection1.weight", got, CELLS));
    for (size_t i = 0; i < CELLS; i++) {
        double error = fabs(got[i] - ref[i]) / (1 + fabs(ref[i]));
        if (!(error <= 1e-4))
            fail_msg("%s: %s %zu: weight %zu is %.7g, SPAIC has %.7g", text(s->c, "case"), what, at,
                     i, got[i], ref[i]);
        if (error > worst) worst = error;
    }
}

static void one_run(net *s, const cJSON *spikes, const cJSON *run) {
    static float input[ROOM];
    static double numbers[ROOM];
    size_t n = 0, batch = (size_t)number(s->c, "batch", 0), steps = (size_t)number(s->c, "T", 0);
    double dt = number(s->c, "dt", 0);
    golden_numbers(spikes, numbers, ROOM, &n);
    assert_int_equal(n, batch * steps * IN);
    for (size_t i = 0; i < n; i++) input[i] = (float)numbers[i];
    MUST(s, hebb_net_input(s->net, "input", input, batch, steps * IN));
    for (size_t t = 0; t < steps; t++) {
        MUST(s, t ? hebb_net_run_continue(s->net, dt) : hebb_net_run(s->net, dt));
        same(s, "step", t, cJSON_GetArrayItem(cJSON_GetObjectItem(run, "W_per_step"), (int)t));
    }
    MUST(s, hebb_learner_optim_step(s->learner));
    same(s, "end", steps, cJSON_GetObjectItem(run, "W_end"));
}

static size_t follow(const char *file, int threads) {
    cJSON *root = golden_file(file);
    size_t done = 0;
    if (!root) skip();
    worst = 0;
    for (cJSON *c = cJSON_GetObjectItem(root, "cases")->child; c; c = c->next) {
        net s = {.c = c};
        const cJSON *inputs = cJSON_GetObjectItem(c, "input_spikes"),
                    *runs = cJSON_GetObjectItem(c, "runs");
        if (make(&s, threads)) {
            same(&s, "build", 0, cJSON_GetObjectItem(c, "W_after_build"));
            for (int r = 0; r < cJSON_GetArraySize(runs); r++)
                one_run(&s, cJSON_GetArrayItem(inputs, r), cJSON_GetArrayItem(runs, r));
            done++;
        } else
            printf("%s: %s\n", text(c, "case"), hebb_error(s.ctx));
        hebb_ctx_free(s.ctx);
    }
    printf("%s: %zu cases, largest error %.2g (1 + |w|)\n", file, done, worst);
    cJSON_Delete(root);
    return done;
}

static void full_and_nearest(void **state) {
    (void)state;
    assert_true(follow("stdp.json", 1) >= 15);
}
static void meta(void **state) {
    (void)state;
    assert_int_equal(follow("stdp_meta.json", 1), 4);
}
static void threads_do_not_matter(void **state) {
    (void)state;
    assert_true(follow("stdp.json", 3) >= 15);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(full_and_nearest),
        cmocka_unit_test(meta),
        cmocka_unit_test(threads_do_not_matter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPAIC's recordings of its reward-modulated rules, followed step by step under compat = "spaic".
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "golden_file.h"
#include "hebb/hebb.h"

enum { IN = 6, OUT = 4, CELLS = IN * OUT, ROOM = 4096 };

typedef struct recorded {
    hebb_ctx *ctx;
    hebb_net *net;
    hebb_learner *learner;
    const cJSON *c;
    size_t steps, batch;
    double dt;
} recorded;

static double worst;

static double number(const cJSON *object, const char *key) {
    return cJSON_GetObjectItem(object, key)->valuedouble;
}
static const char *text(const cJSON *object, const char *key) {
    return cJSON_GetObjectItem(object, key)->valuestring;
}

#define MUST(n, call)                                                                              \
    do {                                                                                           \
        if ((call) < 0) fail_msg("%s: %s", text((n)->c, "case"), hebb_error((n)->ctx));            \
    } while (0)

/* The numbers of an object; its lists have room for four. */
static void copy(const cJSON *object, hebb_param *params, double lists[][4]) {
    size_t n = 0;
    for (const cJSON *item = object->child; item; item = item->next) {
        size_t count = 0;
        if (cJSON_IsString(item)) continue;
        params[n] = (hebb_param){.name = item->string, .number = item->valuedouble};
        if (cJSON_IsArray(item)) {
            golden_numbers(item, lists[n], 4, &count);
            params[n] = (hebb_param){
                .name = item->string, .kind = HEBB_LIST, .list = lists[n], .count = count};
        }
        n++;
    }
}

static void make(recorded *s, int threads) {
    hebb_ctx_options ctx = hebb_ctx_options_default();
    hebb_net_options o = hebb_net_options_default();
    hebb_param params[3][16] = {{{0}}};
    double w0[CELLS], lists[16][4];
    size_t n = 0, shape[2] = {OUT, IN};
    const cJSON *reward = cJSON_GetObjectItem(s->c, "reward");
    ctx.threads = threads;
    assert_int_equal(hebb_ctx_create(&ctx, &s->ctx), HEBB_OK);
    s->steps = (size_t)number(s->c, "T");
    s->batch = (size_t)number(s->c, "batch");
    s->dt = o.dt = number(s->c, "dt");
    o.compat = "spaic";
    o.batch_max = (int)s->batch;
    if (number(s->c, "build_strategy") != 0) o.latency = "same_step";
    MUST(s, hebb_net_create(s->ctx, &o, &s->net));
    hebb_group in = hebb_encoder(s->net, "input", IN, "null", NULL);
    copy(cJSON_GetObjectItem(s->c, "neuron_kwargs"), params[0], lists);
    hebb_group layer = hebb_neurons(s->net, "layer1", OUT, text(s->c, "neuron"), params[0]);
    golden_numbers(cJSON_GetObjectItem(s->c, "W0"), w0, CELLS, &n);
    hebb_connect(s->net, "connection1", in, layer, "full",
                 HEBB_P(HEBB_MATRIX("weight", w0, shape, 2)));
    copy(reward, params[1], lists);
    hebb_add_reward(s->net, "reward", layer, text(reward, "coding_method"), params[1]);
    copy(cJSON_GetObjectItem(s->c, "learner_kwargs"), params[2], lists);
    MUST(s, hebb_learner_create(s->net, text(s->c, "algorithm"), HEBB_NAMES("connection1"),
                                params[2], &s->learner));
    MUST(s, hebb_net_build(s->net));
}

static void compare(const recorded *s, const char *what, size_t at, double got, double ref) {
    double error = fabs(got - ref) / (1 + fabs(ref));
    if (!(error <= 1e-4))
        fail_msg("%s: %s %zu: %.7g, but SPAIC has %.7g", text(s->c, "case"), what, at, got, ref);
    if (error > worst) worst = error;
}

static void same_weights(const recorded *s, const char *what, size_t at, const cJSON *wanted) {
    double ref[CELLS], got[CELLS];
    size_t n = 0;
    golden_numbers(wanted, ref, CELLS, &n);
    assert_int_equal(n, CELLS);
    MUST(s, hebb_net_get(s->net, "connection1.weight", got, CELLS));
    for (size_t i = 0; i < CELLS; i++) compare(s, what, at, got[i], ref[i]);
}

/* SPAIC writes a reward of one number as a list or not; where there was none, as one zero. */
static void same_reward(const recorded *s, size_t t, const cJSON *wanted) {
    const double *got;
    const unsigned char *given;
    double ref[OUT] = {0};
    size_t n = 0, shape[2];
    golden_numbers(wanted, ref, OUT, &n);
    MUST(s, hebb_net_reward_values(s->net, "reward", &got, &given, shape));
    assert_int_equal(shape[0], 1);
    assert_true(n == shape[1] || (n == 1 && ref[0] == 0));
    for (size_t i = 0; i < shape[1]; i++) compare(s, "the reward of step", t, got[i], ref[i]);
}

static void one_run(recorded *s, size_t r, const cJSON *run) {
    const cJSON *weights = cJSON_GetObjectItem(run, "W_per_step"),
                *rewards = cJSON_GetObjectItem(run, "reward_per_step");
    double numbers[ROOM], labels[4];
    float input[ROOM];
    size_t n = 0, count = 0;
    golden_numbers(cJSON_GetArrayItem(cJSON_GetObjectItem(s->c, "input_spikes"), (int)r), numbers,
                   ROOM, &n);
    golden_numbers(cJSON_GetArrayItem(cJSON_GetObjectItem(s->c, "labels"), (int)r), labels, 4,
                   &count);
    assert_int_equal(n, s->batch * s->steps * IN);
    assert_int_equal(count, s->batch);
    for (size_t i = 0; i < n; i++) input[i] = (float)numbers[i];
    MUST(s, hebb_net_input(s->net, "input", input, s->batch, s->steps * IN));
    MUST(s, hebb_net_reward(s->net, "reward", labels, s->batch));
    for (size_t t = 0; t < s->steps; t++) {
        MUST(s, t ? hebb_net_run_continue(s->net, s->dt) : hebb_net_run(s->net, s->dt));
        same_reward(s, t, cJSON_GetArrayItem(rewards, (int)t));
        same_weights(s, "step", t, cJSON_GetArrayItem(weights, (int)t));
    }
    MUST(s, hebb_learner_optim_step(s->learner));
    same_weights(s, "the end of run", r, cJSON_GetObjectItem(run, "W_after_optim_step"));
}

static size_t follow(const char *file, int threads) {
    cJSON *root = golden_file(file);
    size_t done = 0;
    if (!root) skip();
    worst = 0;
    for (cJSON *c = cJSON_GetObjectItem(root, "cases")->child; c; c = c->next, done++) {
        recorded s = {.c = c};
        const cJSON *runs = cJSON_GetObjectItem(c, "runs");
        make(&s, threads);
        same_weights(&s, "build", 0, cJSON_GetObjectItem(c, "W_after_build"));
        for (int r = 0; r < cJSON_GetArraySize(runs); r++)
            one_run(&s, (size_t)r, cJSON_GetArrayItem(runs, r));
        hebb_ctx_free(s.ctx);
    }
    printf("%s: %zu cases, largest error %.2g (1 + |ref|)\n", file, done, worst);
    cJSON_Delete(root);
    return done;
}

static void rstdp(void **state) {
    (void)state;
    assert_true(follow("rstdp.json", 1) >= 8);
}
static void rstdpet_and_switch(void **state) {
    (void)state;
    assert_true(follow("rstdpet_switch.json", 1) >= 6);
}
static void threads_do_not_matter(void **state) {
    (void)state;
    assert_true(follow("rstdp.json", 3) >= 8);
}

/* SPAIC's RSTDPET has no traces for a batch. */
static void no_batches(void **state) {
    (void)state;
    hebb_ctx *ctx;
    hebb_net *net;
    hebb_learner *learner;
    hebb_net_options o = hebb_net_options_default();
    float input[2] = {1, 1};
    double labels[2] = {0, 0};
    o.compat = "spaic";
    assert_int_equal(hebb_ctx_create(NULL, &ctx), HEBB_OK);
    assert_int_equal(hebb_net_create(ctx, &o, &net), HEBB_OK);
    hebb_group in = hebb_encoder(net, "input", 1, "null", NULL);
    hebb_group layer = hebb_neurons(net, "layer", 2, "lif", NULL);
    hebb_connect(net, "c", in, layer, "full", NULL);
    hebb_add_reward(net, "reward", layer, "global_reward", NULL);
    assert_int_equal(hebb_learner_create(net, "RSTDPET", HEBB_NAMES("c"), NULL, &learner), HEBB_OK);
    assert_int_equal(hebb_net_build(net), HEBB_OK);
    assert_int_equal(hebb_net_input(net, "input", input, 2, 1), HEBB_OK);
    assert_int_equal(hebb_net_reward(net, NULL, labels, 2), HEBB_OK);
    assert_int_equal(hebb_net_run(net, 0.1), HEBB_E_UNSUPPORTED);
    assert_non_null(strstr(hebb_error(ctx), "RSTDPET learns from batches of 1, not 2"));
    hebb_ctx_free(ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rstdp),
        cmocka_unit_test(rstdpet_and_switch),
        cmocka_unit_test(threads_do_not_matter),
        cmocka_unit_test(no_batches),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

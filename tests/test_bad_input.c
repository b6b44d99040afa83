/* What is refused, and what is said about it. A row: the status, a part of the
 * sentence, and what was done. After each the library is as usable as before. */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "hebb/hebb.h"

static size_t rows;

static void refused(const hebb_ctx *ctx, hebb_status got, hebb_status wanted, const char *words,
                    const char *what) {
    rows++;
    const char *said = hebb_error(ctx);
    if (got != wanted || !strstr(said, words) || hebb_error_status(ctx) != got)
        fail_msg("%s\n  gave %s (kept: %s)\n  '%s'\n  not %s with\n  '%s'", what,
                 hebb_status_name(got), hebb_status_name(hebb_error_status(ctx)), said,
                 hebb_status_name(wanted), words);
}

/* in[4] poisson -> a[3] lif -> b[2] clif -> out */
typedef struct place {
    hebb_ctx *ctx;
    hebb_net *net;
    hebb_learner *learner;
    hebb_group in, a, b;
} place;

static place p;

static void begin_with(const hebb_net_options *options) {
    memset(&p, 0, sizeof p);
    hebb_ctx_options o = hebb_ctx_options_default();
    o.threads = 1;
    assert_int_equal(hebb_ctx_create(&o, &p.ctx), HEBB_OK);
    hebb_net_options n = hebb_net_options_default();
    n.dt = 1;
    assert_int_equal(hebb_net_create(p.ctx, options ? options : &n, &p.net), HEBB_OK);
    p.in = hebb_encoder(p.net, "in", 4, "poisson", NULL);
    p.a = hebb_neurons(p.net, "a", 3, "lif", NULL);
    p.b = hebb_neurons(p.net, "b", 2, "clif", NULL);
    hebb_connect(p.net, "c1", p.in, p.a, "full", NULL);
    hebb_connect(p.net, "c2", p.a, p.b, "full", NULL);
}
static void begin(void) { begin_with(NULL); }
static void end(void) { hebb_ctx_free(p.ctx); }

static void build(void) {
    if (hebb_net_build(p.net) < 0) fail_msg("%s", hebb_error(p.ctx));
}

/* One row on its own network. */
#define ROW(status, words, call)                                                                   \
    do {                                                                                           \
        begin();                                                                                   \
        refused(p.ctx, call, status, words, #call);                                                \
        end();                                                                                     \
    } while (0)
/* ... on one that is there. */
#define HERE(status, words, call) refused(p.ctx, call, status, words, #call)
/* ... without a context to hold the sentence. */
#define ALONE(status, words, call) refused(NULL, call, status, words, #call)

/* A builder call gives -1; hebb_net_build says the same again, whatever came later. */
static void not_built(int id, hebb_status wanted, const char *words, const char *what) {
    char said[1024];
    if (id != -1) fail_msg("%s gave %d, not -1", what, id);
    refused(p.ctx, hebb_error_status(p.ctx), wanted, words, what);
    snprintf(said, sizeof said, "%s", hebb_error(p.ctx));
    hebb_neurons(p.net, "a later mistake", 1, "lif", NULL);
    hebb_status status = hebb_net_build(p.net);
    if (status != wanted || strcmp(said, hebb_error(p.ctx)))
        fail_msg("%s: build says %s, '%s'", what, hebb_status_name(status), hebb_error(p.ctx));
}
#define BUILD(status, words, call)                                                                 \
    do {                                                                                           \
        begin();                                                                                   \
        int id_ = call;                                                                            \
        not_built(id_, status, words, #call);                                                      \
        end();                                                                                     \
    } while (0)

/* What only hebb_net_build can see. */
static hebb_status build_after(int id) {
    if (id < 0) fail_msg("%s", hebb_error(p.ctx));
    return hebb_net_build(p.net);
}

/* ---- contexts ---- */

static void *no_alloc(void *user, size_t size) {
    (void)user, (void)size;
    return NULL;
}
static void *no_realloc(void *user, void *pointer, size_t old_size, size_t size) {
    (void)user, (void)pointer, (void)old_size, (void)size;
    return NULL;
}
static void no_free(void *user, void *pointer) { (void)user, (void)pointer; }

static hebb_status ctx_with(int threads, size_t struct_size, const hebb_allocator *allocator) {
    hebb_ctx *ctx = (hebb_ctx *)&rows;
    hebb_ctx_options o = hebb_ctx_options_default();
    o.threads = threads, o.struct_size = struct_size, o.allocator = allocator;
    hebb_status status = hebb_ctx_create(&o, &ctx);
    assert_null(ctx);
    return status;
}

static void contexts(void **state) {
    (void)state;
    size_t size = sizeof(hebb_ctx_options);
    ALONE(HEBB_E_RANGE, "", ctx_with(0, size, NULL));
    ALONE(HEBB_E_RANGE, "", ctx_with(-1, size, NULL));
    ALONE(HEBB_E_RANGE, "", ctx_with(257, size, NULL));
    ALONE(HEBB_E_ARGUMENT, "", ctx_with(1, 0, NULL));
    ALONE(HEBB_E_ARGUMENT, "", ctx_with(1, size, &(hebb_allocator){NULL, no_realloc, no_free, NULL}));
    ALONE(HEBB_E_ARGUMENT, "", ctx_with(1, size, &(hebb_allocator){no_alloc, NULL, no_free, NULL}));
    ALONE(HEBB_E_ARGUMENT, "", ctx_with(1, size, &(hebb_allocator){no_alloc, no_realloc, NULL, NULL}));
    ALONE(HEBB_E_MEMORY, "", ctx_with(1, size, &(hebb_allocator){no_alloc, no_realloc, no_free, NULL}));
    ALONE(HEBB_E_ARGUMENT, "", hebb_ctx_create(NULL, NULL));
    hebb_ctx_free(NULL);
    assert_int_equal(hebb_ctx_threads(NULL), 0);
    assert_int_equal(hebb_ctx_seed(NULL), 0);
    assert_int_equal(hebb_ctx_work_done(NULL, 0), 0);
    assert_string_equal(hebb_status_name((hebb_status)12345), "unknown status");
}

static void null_objects(void **state) {
    (void)state;
    hebb_net *net;
    hebb_learner *learner;
    const char *text;
    double value;
    float real = 0;
    size_t size;
    ALONE(HEBB_E_ARGUMENT, "", hebb_net_create(NULL, NULL, &net));
    ALONE(HEBB_E_ARGUMENT, "", hebb_net_build(NULL));
    ALONE(HEBB_E_ARGUMENT, "", hebb_net_train(NULL, 1));
    ALONE(HEBB_E_ARGUMENT, "", hebb_net_hold(NULL, 1));
    ALONE(HEBB_E_ARGUMENT, "", hebb_net_input(NULL, "in", &real, 1, 1));
    ALONE(HEBB_E_ARGUMENT, "", hebb_net_input_events(NULL, "in", NULL, NULL, NULL, 1));
    ALONE(HEBB_E_ARGUMENT, "", hebb_net_presentation(NULL, 0, NULL, 0));
    ALONE(HEBB_E_ARGUMENT, "", hebb_net_run(NULL, 1));
    ALONE(HEBB_E_ARGUMENT, "", hebb_net_run_continue(NULL, 1));
    ALONE(HEBB_E_ARGUMENT, "", hebb_net_reset(NULL));
    ALONE(HEBB_E_ARGUMENT, "", hebb_net_predict(NULL, NULL, NULL, NULL, NULL));
    ALONE(HEBB_E_ARGUMENT, "", hebb_monitor_values(NULL, "m", NULL, NULL, NULL));
    ALONE(HEBB_E_ARGUMENT, "", hebb_monitor_spikes(NULL, "m", 0, NULL, NULL, &size));
    ALONE(HEBB_E_ARGUMENT, "", hebb_net_get(NULL, "c1.weight", &value, 1));
    ALONE(HEBB_E_ARGUMENT, "", hebb_net_set(NULL, "c1.weight", &value, 1));
    ALONE(HEBB_E_ARGUMENT, "", hebb_net_gradient(NULL, "c1.weight", &value, 1));
    ALONE(HEBB_E_ARGUMENT, "", hebb_net_param_shape(NULL, "c1.weight", NULL, NULL));
    ALONE(HEBB_E_ARGUMENT, "", hebb_net_constant(NULL, "a.decay_m", &value));
    ALONE(HEBB_E_ARGUMENT, "", hebb_net_save(NULL, "file"));
    ALONE(HEBB_E_ARGUMENT, "", hebb_net_load(NULL, "file"));
    ALONE(HEBB_E_ARGUMENT, "", hebb_learner_create(NULL, "STCA", HEBB_ALL, NULL, &learner));
    ALONE(HEBB_E_ARGUMENT, "", hebb_learner_set_optimizer(NULL, "Adam", 0.1, NULL));
    ALONE(HEBB_E_ARGUMENT, "", hebb_learner_set_schedule(NULL, "StepLR", NULL));
    ALONE(HEBB_E_ARGUMENT, "", hebb_learner_set_loss(NULL, NULL, "mse", NULL));
    ALONE(HEBB_E_ARGUMENT, "", hebb_learner_zero_grad(NULL));
    ALONE(HEBB_E_ARGUMENT, "", hebb_learner_loss(NULL, NULL, 1, &value));
    ALONE(HEBB_E_ARGUMENT, "", hebb_learner_loss_targets(NULL, &real, 1, 1, &value));
    ALONE(HEBB_E_ARGUMENT, "", hebb_learner_backward(NULL));
    ALONE(HEBB_E_ARGUMENT, "", hebb_learner_backward_from(NULL, &real, 1, 1));
    ALONE(HEBB_E_ARGUMENT, "", hebb_learner_optim_step(NULL));
    ALONE(HEBB_E_ARGUMENT, "", hebb_learner_optim_step_closure(NULL, NULL, NULL));
    ALONE(HEBB_E_ARGUMENT, "", hebb_learner_schedule_step(NULL, 0));
    ALONE(HEBB_E_ARGUMENT, "", hebb_component_page(NULL, NULL, "lif", &text));
    ALONE(HEBB_E_ARGUMENT, "", hebb_file_describe(NULL, "file", &text));
    ALONE(HEBB_E_ARGUMENT, "", hebb_optimizer_step(NULL));
    ALONE(HEBB_E_ARGUMENT, "", hebb_schedule_step(NULL, 0));
    ALONE(HEBB_E_ARGUMENT, "", hebb_encode(NULL, "poisson", NULL, 1, NULL, &real, 1, 1, 1, &real));
    ALONE(HEBB_E_ARGUMENT, "", hebb_dataset_open(NULL, "strokes", "train", NULL, 1, NULL));
    ALONE(HEBB_E_ARGUMENT, "", hebb_run_open(NULL, "file", NULL, NULL));
    assert_int_equal(hebb_neurons(NULL, "a", 1, "lif", NULL), -1);
    assert_int_equal(hebb_encoder(NULL, "a", 1, "poisson", NULL), -1);
    assert_int_equal(hebb_generator(NULL, "a", 1, "sin", NULL), -1);
    assert_int_equal(hebb_connect(NULL, "a", 0, 0, "full", NULL), -1);
    assert_int_equal(hebb_decode(NULL, "a", 0, "spike_counts", NULL), -1);
    assert_int_equal(hebb_state_monitor(NULL, "a", "a", "V", NULL), -1);
    assert_int_equal(hebb_spike_monitor(NULL, "a", "a", NULL), -1);
    assert_int_equal(hebb_net_group(NULL, "a"), -1);
    assert_int_equal(hebb_group_size(NULL, 0), 0);
    assert_null(hebb_net_param_name(NULL, 0));
    assert_true(hebb_learner_lr(NULL) == 0);
    hebb_net_free(NULL);
    hebb_learner_free(NULL);
}

static hebb_status net_with(double dt, double time_max, int batch_max, const char *latency,
                            const char *compat, const char *precision, const char *schedule) {
    hebb_net *net;
    hebb_net_options o = hebb_net_options_default();
    o.dt = dt, o.time_max = time_max, o.batch_max = batch_max;
    o.latency = latency, o.compat = compat, o.precision = precision, o.schedule = schedule;
    hebb_status status = hebb_net_create(p.ctx, &o, &net);
    assert_null(net);
    return status;
}

static void network_options(void **state) {
    (void)state;
    hebb_net *net;
    ROW(HEBB_E_RANGE, "", net_with(0, 0, 1, NULL, NULL, NULL, NULL));
    ROW(HEBB_E_RANGE, "", net_with(-0.1, 0, 1, NULL, NULL, NULL, NULL));
    ROW(HEBB_E_RANGE, "", net_with(NAN, 0, 1, NULL, NULL, NULL, NULL));
    ROW(HEBB_E_RANGE, "", net_with(INFINITY, 0, 1, NULL, NULL, NULL, NULL));
    ROW(HEBB_E_RANGE, "", net_with(1, -1, 1, NULL, NULL, NULL, NULL));
    ROW(HEBB_E_RANGE, "", net_with(1, NAN, 1, NULL, NULL, NULL, NULL));
    ROW(HEBB_E_RANGE, "", net_with(1e-9, 1000, 1, NULL, NULL, NULL, NULL));
    ROW(HEBB_E_RANGE, "", net_with(1, 0, 0, NULL, NULL, NULL, NULL));
    ROW(HEBB_E_RANGE, "", net_with(1, 0, -7, NULL, NULL, NULL, NULL));
    ROW(HEBB_E_RANGE, "", net_with(1, 0, (1 << 20) + 1, NULL, NULL, NULL, NULL));
    ROW(HEBB_E_NAME, "", net_with(1, 0, 1, "two_steps", NULL, NULL, NULL));
    ROW(HEBB_E_NAME, "", net_with(1, 0, 1, NULL, "SPIAC", NULL, NULL));
    ROW(HEBB_E_NAME, "", net_with(1, 0, 1, NULL, NULL, "half", NULL));
    ROW(HEBB_E_NAME, "", net_with(1, 0, 1, NULL, NULL, NULL, ""));
    ROW(HEBB_E_ARGUMENT, "", hebb_net_create(p.ctx, &(hebb_net_options){.dt = 1}, &net));
    ROW(HEBB_E_ARGUMENT, "", hebb_net_create(p.ctx, NULL, NULL));
}

/* ---- groups ---- */

static void groups(void **state) {
    (void)state;
    char long_name[] = "a_name_of_more_than_sixty-four_letters_which_is_what_a_name_may_have";
    const double three[] = {1, 2, 3}, two[] = {1, 2}, bad[] = {1, NAN, 1};
    const size_t shape[] = {3};
    BUILD(HEBB_E_ARGUMENT, "", hebb_neurons(p.net, NULL, 3, "lif", NULL));
    BUILD(HEBB_E_ARGUMENT, "", hebb_neurons(p.net, "", 3, "lif", NULL));
    BUILD(HEBB_E_NAME, "", hebb_neurons(p.net, "a b", 3, "lif", NULL));
    BUILD(HEBB_E_NAME, "", hebb_neurons(p.net, "layer.1", 3, "lif", NULL));
    BUILD(HEBB_E_NAME, "", hebb_neurons(p.net, "gr\xc3\xbcn", 3, "lif", NULL));
    BUILD(HEBB_E_RANGE, "", hebb_neurons(p.net, long_name, 3, "lif", NULL));
    BUILD(HEBB_E_NAME, "", hebb_neurons(p.net, "a", 3, "lif", NULL));
    BUILD(HEBB_E_NAME, "", hebb_encoder(p.net, "c1", 3, "poisson", NULL));
    BUILD(HEBB_E_RANGE, "", hebb_neurons(p.net, "n", 0, "lif", NULL));
    BUILD(HEBB_E_RANGE, "", hebb_neurons(p.net, "n", SIZE_MAX, "lif", NULL));
    BUILD(HEBB_E_NAME, "", hebb_neurons(p.net, "n", 3, NULL, NULL));
    BUILD(HEBB_E_NAME, "", hebb_neurons(p.net, "n", 3, "liif", NULL));
    BUILD(HEBB_E_NAME, "", hebb_neurons(p.net, "n", 3, "perceptron", NULL));
    BUILD(HEBB_E_NAME, "", hebb_neurons(p.net, "n", 3, "lif", HEBB_P({"tau_mm", 8})));
    BUILD(HEBB_E_NAME, "", hebb_neurons(p.net, "n", 3, "lif", HEBB_P({"temperature", 8})));
    BUILD(HEBB_E_RANGE, "", hebb_neurons(p.net, "n", 3, "lif", HEBB_P({"tau_m", 0})));
    BUILD(HEBB_E_RANGE, "", hebb_neurons(p.net, "n", 3, "lif", HEBB_P({"tau_m", -5})));
    BUILD(HEBB_E_RANGE, "", hebb_neurons(p.net, "n", 3, "lif", HEBB_P({"tau_m", NAN})));
    BUILD(HEBB_E_RANGE, "", hebb_neurons(p.net, "n", 3, "lif", HEBB_P({"v_th", INFINITY})));
    BUILD(HEBB_E_ARGUMENT, "", hebb_neurons(p.net, "n", 3, "lif", HEBB_P({"tau_m", 1}, {"tau_m", 2})));
    BUILD(HEBB_E_ARGUMENT, "", hebb_neurons(p.net, "n", 3, "lif", HEBB_P(HEBB_STR("tau_m", "eight"))));
    BUILD(HEBB_E_SHAPE, "", hebb_neurons(p.net, "n", 3, "lif", HEBB_P(HEBB_NUMBERS("v_th", two, 2))));
    BUILD(HEBB_E_RANGE, "", hebb_neurons(p.net, "n", 3, "lif", HEBB_P(HEBB_NUMBERS("v_th", bad, 3))));
    BUILD(HEBB_E_ARGUMENT, "", hebb_neurons(p.net, "n", 3, "lif", HEBB_P(HEBB_NUMBERS("v_th", NULL, 3))));
    BUILD(HEBB_E_SHAPE, "", hebb_neurons(p.net, "n", 3, "lif", HEBB_P(HEBB_MATRIX("v_th", three, shape, 99))));
    BUILD(HEBB_E_ARGUMENT, "", hebb_neurons(p.net, "n", 3, "lif", HEBB_P(HEBB_CALL("v_th", NULL, NULL))));
    ROW(HEBB_E_RANGE, "", build_after(hebb_neurons(p.net, "n", 3, "clif", HEBB_P({"tau_p", 8}))));
    ROW(HEBB_E_RANGE, "", build_after(hebb_neurons(p.net, "n", 3, "lif", HEBB_P({"v_th", 1e300}))));
    BUILD(HEBB_E_NAME, "", hebb_encoder(p.net, "e", 3, "poison", NULL));
    BUILD(HEBB_E_NAME, "", hebb_encoder(p.net, "e", 3, NULL, NULL));
    BUILD(HEBB_E_RANGE, "", hebb_encoder(p.net, "e", 0, "poisson", NULL));
    BUILD(HEBB_E_RANGE, "", hebb_encoder(p.net, "e", 3, "poisson", HEBB_P({"unit_conversion", -1})));
    BUILD(HEBB_E_NAME, "", hebb_generator(p.net, "g", 3, "cosine", NULL));
    BUILD(HEBB_E_NAME, "", hebb_generator(p.net, "g", 3, "sinn", NULL));
}

/* ---- connections ---- */

static void connections(void **state) {
    (void)state;
    double w[12] = {0};
    const size_t right[] = {3, 4}, turned[] = {4, 3}, zero[] = {0, 0};
    double nan_at[12] = {0, 0, NAN}, late[12] = {0, 0, 0, -1};
    const double bias[] = {1, 2};
#define C(...) hebb_connect(p.net, "c", p.in, p.a, "full", HEBB_P(__VA_ARGS__))
#define CB(...) build_after(hebb_connect(p.net, "c", p.in, p.a, "full", HEBB_P(__VA_ARGS__)))
    BUILD(HEBB_E_ARGUMENT, "", hebb_connect(p.net, "c", -1, p.a, "full", NULL));
    BUILD(HEBB_E_ARGUMENT, "", hebb_connect(p.net, "c", p.in, 77, "full", NULL));
    BUILD(HEBB_E_GRAPH, "", hebb_connect(p.net, "c", p.a, p.in, "full", NULL));
    BUILD(HEBB_E_NAME, "", hebb_connect(p.net, "c1", p.in, p.a, "full", NULL));
    BUILD(HEBB_E_NAME, "", hebb_connect(p.net, "c", p.in, p.a, "fulll", NULL));
    BUILD(HEBB_E_NAME, "", hebb_connect(p.net, "c", p.in, p.a, NULL, NULL));
    BUILD(HEBB_E_NAME, "", C({"wmin", 1}));
    BUILD(HEBB_E_NAME, "", C(HEBB_STR("syn_type", "1_ordr")));
    BUILD(HEBB_E_RANGE, "", C({"tau", 0}));
    BUILD(HEBB_E_RANGE, "", C({"dropout", 1}));
    BUILD(HEBB_E_NAME, "", C(HEBB_STR("pre_var_name", "W")));
    BUILD(HEBB_E_GRAPH, "", C(HEBB_STR("pre_var_name", "V")));
    BUILD(HEBB_E_RANGE, "", hebb_connect(p.net, "c", p.in, p.a, "sparse", HEBB_P({"density", 1.5})));
    ROW(HEBB_E_SHAPE, "", CB(HEBB_MATRIX("weight", w, zero, 2)));
    ROW(HEBB_E_SHAPE, "", CB(HEBB_MATRIX("weight", w, turned, 2)));
    ROW(HEBB_E_SHAPE, "", CB(HEBB_NUMBERS("weight", w, 11)));
    BUILD(HEBB_E_RANGE, "", C(HEBB_MATRIX("weight", nan_at, right, 2)));
    BUILD(HEBB_E_RANGE, "", C({"weight", INFINITY}));
    ROW(HEBB_E_RANGE, "", CB({"weight", 1e39}));
    ROW(HEBB_E_RANGE, "", CB({"weight", 2}, {"w_max", 1}));
    ROW(HEBB_E_RANGE, "", CB({"w_min", 2}, {"w_max", 1}));
    ROW(HEBB_E_NAME, "", CB(HEBB_STR("weight", "uniformm(0, 1)")));
    ROW(HEBB_E_PARSE, "", CB(HEBB_STR("weight", "normal(0, 1")));
    ROW(HEBB_E_RANGE, "", CB(HEBB_STR("weight", "normal(0, -1)")));
    ROW(HEBB_E_NAME, "", CB(HEBB_STR("weight", "normal(mena=0)")));
    ROW(HEBB_E_SHAPE, "", CB(HEBB_NUMBERS("bias", bias, 2)));
    ROW(HEBB_E_RANGE, "", CB({"max_delay", 1e9}));
    ROW(HEBB_E_RANGE, "", CB({"min_delay", 5}, {"max_delay", 2}));
    ROW(HEBB_E_RANGE, "", CB({"delay", 3}, {"max_delay", 2}));
    ROW(HEBB_E_RANGE, "", CB(HEBB_MATRIX("delay", late, right, 2), {"max_delay", 2}));
    ROW(HEBB_E_SHAPE, "", build_after(hebb_connect(p.net, "c", p.in, p.a, "one_to_one", NULL)));
    ROW(HEBB_E_SHAPE, "", build_after(hebb_connect(p.net, "c", p.in, p.a, "sparse", HEBB_P(HEBB_MATRIX("mask", w, turned, 2)))));
#undef C
#undef CB
}

/* ---- decoders and monitors ---- */

static hebb_status build_filtered(const char *variable) {
    hebb_connect(p.net, "f", p.in, p.a, "full", HEBB_P(HEBB_STR("syn_type", "1_order_synapse")));
    return hebb_state_monitor(p.net, "m", "f", variable, NULL) < 0 ? hebb_net_build(p.net) : HEBB_OK;
}

static void decoders_and_monitors(void **state) {
    (void)state;
    BUILD(HEBB_E_ARGUMENT, "", hebb_decode(p.net, "d", -1, "spike_counts", NULL));
    BUILD(HEBB_E_NAME, "", hebb_decode(p.net, "d", p.a, "spike_count", NULL));
    BUILD(HEBB_E_NAME, "", hebb_decode(p.net, "d", p.a, NULL, NULL));
    BUILD(HEBB_E_UNSUPPORTED, "", hebb_decode(p.net, "d", p.a, "time_softmax", NULL));
    BUILD(HEBB_E_SHAPE, "", hebb_decode(p.net, "d", p.a, "spike_counts", HEBB_P({"pop_size", 2})));
    BUILD(HEBB_E_RANGE, "", hebb_decode(p.net, "d", p.a, "spike_counts", HEBB_P({"pop_size", 0})));
    BUILD(HEBB_E_GRAPH, "", hebb_decode(p.net, "d", p.in, "voltage_mean", NULL));
    BUILD(HEBB_E_NAME, "", hebb_state_monitor(p.net, "m", "layer", "V", NULL));
    BUILD(HEBB_E_NAME, "", hebb_state_monitor(p.net, "m", "a", "U", NULL));
    BUILD(HEBB_E_NAME, "", hebb_state_monitor(p.net, "m", "in", "V", NULL));
    BUILD(HEBB_E_ARGUMENT, "", hebb_state_monitor(p.net, "m", NULL, "V", NULL));
    BUILD(HEBB_E_ARGUMENT, "", hebb_state_monitor(p.net, "m", "a", NULL, NULL));
    BUILD(HEBB_E_NAME, "", hebb_state_monitor(p.net, "m", "c1", "R", NULL));
    ROW(HEBB_E_NAME, "", build_filtered("D"));
    BUILD(HEBB_E_NAME, "", hebb_spike_monitor(p.net, "m", "c1", NULL));
    BUILD(HEBB_E_NAME, "", hebb_spike_monitor(p.net, "m", "a", HEBB_P({"dt", 1})));
    BUILD(HEBB_E_NAME, "", hebb_spike_monitor(p.net, "a", "a", NULL));
    begin();
    assert_int_equal(hebb_net_group(p.net, "b"), p.b);
    assert_int_equal(hebb_net_group(p.net, "bb"), -1);
    HERE(HEBB_E_NAME, "", hebb_error_status(p.ctx));
    build(); /* a question is no failure of the network */
    assert_int_equal(hebb_group_size(p.net, p.b), 2);
    assert_int_equal(hebb_group_size(p.net, 99), 0);
    end();
}

/* ---- out of order ---- */

static void before_and_after_build(void **state) {
    (void)state;
    double value[20];
    const float *predict;
    const double *values;
    size_t size;
    hebb_learner *learner;
    ROW(HEBB_E_STATE, "", hebb_net_run(p.net, 1));
    ROW(HEBB_E_STATE, "", hebb_net_run_continue(p.net, 1));
    ROW(HEBB_E_STATE, "", hebb_net_reset(p.net));
    ROW(HEBB_E_STATE, "", hebb_net_train(p.net, 0));
    ROW(HEBB_E_STATE, "", hebb_net_predict(p.net, NULL, &predict, NULL, NULL));
    ROW(HEBB_E_STATE, "", hebb_net_get(p.net, "c1.weight", value, 12));
    ROW(HEBB_E_STATE, "", hebb_net_set(p.net, "c1.weight", value, 12));
    ROW(HEBB_E_STATE, "", hebb_net_gradient(p.net, "c1.weight", value, 12));
    ROW(HEBB_E_STATE, "", hebb_net_constant(p.net, "a.decay_m", value));
    ROW(HEBB_E_STATE, "", hebb_net_save(p.net, "/tmp/x"));
    ROW(HEBB_E_STATE, "", hebb_monitor_values(p.net, "m", &values, NULL, NULL));
    begin();
    hebb_net *empty;
    assert_int_equal(hebb_net_create(p.ctx, NULL, &empty), HEBB_OK);
    HERE(HEBB_E_GRAPH, "", hebb_net_build(empty));
    build();
    build(); /* once more changes nothing */
    assert_int_equal(hebb_neurons(p.net, "n", 1, "lif", NULL), -1);
    HERE(HEBB_E_STATE, "", hebb_error_status(p.ctx));
    assert_int_equal(hebb_connect(p.net, "n", p.in, p.a, "full", NULL), -1);
    HERE(HEBB_E_STATE, "", hebb_error_status(p.ctx));
    HERE(HEBB_E_STATE, "", hebb_learner_create(p.net, "STCA", HEBB_ALL, NULL, &learner));
    HERE(HEBB_E_STATE, "", hebb_net_hold(p.net, 1));
    HERE(HEBB_E_STATE, "", hebb_net_run(p.net, 1));
    HERE(HEBB_E_STATE, "", hebb_monitor_values(p.net, "m", &values, NULL, NULL));
    const float data[8] = {1, 1, 1, 1};
    assert_int_equal(hebb_net_input(p.net, "in", data, 1, 4), HEBB_OK);
    assert_int_equal(hebb_net_run(p.net, 3), HEBB_OK);
    HERE(HEBB_E_ARGUMENT, "", hebb_net_predict(p.net, NULL, &predict, NULL, NULL));
    HERE(HEBB_E_NAME, "", hebb_net_predict(p.net, "out", &predict, NULL, NULL));
    HERE(HEBB_E_NAME, "", hebb_monitor_values(p.net, "m", &values, NULL, NULL));
    HERE(HEBB_E_ARGUMENT, "", hebb_monitor_spikes(p.net, NULL, 0, NULL, NULL, &size));
    assert_int_equal(hebb_net_input(p.net, "in", data, 2, 4), HEBB_OK);
    HERE(HEBB_E_SHAPE, "", hebb_net_run_continue(p.net, 1));
    assert_int_equal(hebb_net_reset(p.net), HEBB_OK);
    HERE(HEBB_E_STATE, "", hebb_net_predict(p.net, "out", &predict, NULL, NULL));
    end();
    begin();
    hebb_state_monitor(p.net, "states", "a", "V", NULL);
    hebb_spike_monitor(p.net, "spikes", "a", NULL);
    build();
    assert_int_equal(hebb_net_input(p.net, "in", data, 2, 4), HEBB_OK);
    assert_int_equal(hebb_net_run(p.net, 3), HEBB_OK);
    HERE(HEBB_E_ARGUMENT, "", hebb_monitor_values(p.net, "spikes", &values, NULL, NULL));
    HERE(HEBB_E_ARGUMENT, "", hebb_monitor_spikes(p.net, "states", 0, NULL, NULL, &size));
    HERE(HEBB_E_RANGE, "", hebb_monitor_spikes(p.net, "spikes", 2, NULL, NULL, &size));
    HERE(HEBB_E_NAME, "", hebb_monitor_spikes(p.net, "spike", 0, NULL, NULL, &size));
    end();
}

/* ---- input and runs ---- */

static hebb_status run_events(double time, uint32_t neuron) {
    const size_t offsets[] = {0, 1};
    HEBB_TRY(hebb_net_input_events(p.net, "events", &time, &neuron, offsets, 1));
    return hebb_net_run(p.net, 5);
}

static void input(void **state) {
    (void)state;
    const float data[40] = {0}, bad[4] = {0, NAN, 0, 0}, times[2] = {2, 99};
    const size_t offsets[] = {0, 1, 0}, one[] = {0, 1};
    const uint64_t samples[] = {1, 2, (uint64_t)1 << 32};
    const double when = 1;
    const uint32_t which = 0;
    begin();
    hebb_encoder(p.net, "rows", 2, "null", NULL);
    hebb_encoder(p.net, "events", 2, "mstb", NULL);
    hebb_encoder(p.net, "single", 2, "sstb", NULL);
    hebb_generator(p.net, "wave", 2, "sin", NULL);
    hebb_connect(p.net, "cr", 3, p.a, "full", NULL);
    hebb_connect(p.net, "ce", 4, p.a, "full", NULL);
    hebb_connect(p.net, "cs", 5, p.a, "full", NULL);
    build();
    HERE(HEBB_E_STATE, "", hebb_net_run(p.net, 5));
    HERE(HEBB_E_NAME, "", hebb_net_input(p.net, "inn", data, 1, 4));
    HERE(HEBB_E_ARGUMENT, "", hebb_net_input(p.net, NULL, data, 1, 4));
    HERE(HEBB_E_ARGUMENT, "", hebb_net_input(p.net, "a", data, 1, 3));
    HERE(HEBB_E_ARGUMENT, "", hebb_net_input(p.net, "in", NULL, 1, 4));
    HERE(HEBB_E_RANGE, "", hebb_net_input(p.net, "in", data, 0, 4));
    HERE(HEBB_E_RANGE, "", hebb_net_input(p.net, "in", data, SIZE_MAX, 4));
    HERE(HEBB_E_SHAPE, "", hebb_net_input(p.net, "in", data, 1, 5));
    HERE(HEBB_E_SHAPE, "", hebb_net_input(p.net, "in", data, 1, 0));
    HERE(HEBB_E_SHAPE, "", hebb_net_input(p.net, "rows", data, 1, 5));
    HERE(HEBB_E_SHAPE, "", hebb_net_input(p.net, "rows", data, 1 << 20, SIZE_MAX - 1));
    HERE(HEBB_E_NOT_FINITE, "", hebb_net_input(p.net, "in", bad, 1, 4));
    HERE(HEBB_E_ARGUMENT, "", hebb_net_input(p.net, "events", data, 1, 2));
    HERE(HEBB_E_ARGUMENT, "", hebb_net_input_events(p.net, "in", &when, &which, one, 1));
    HERE(HEBB_E_ARGUMENT, "", hebb_net_input_events(p.net, "events", &when, &which, NULL, 1));
    HERE(HEBB_E_ARGUMENT, "", hebb_net_input_events(p.net, "events", NULL, &which, one, 1));
    HERE(HEBB_E_ARGUMENT, "", hebb_net_input_events(p.net, "events", &when, NULL, one, 1));
    HERE(HEBB_E_SHAPE, "", hebb_net_input_events(p.net, "events", &when, &which, offsets, 2));
    HERE(HEBB_E_RANGE, "", hebb_net_input_events(p.net, "events", &when, &which, one, 0));
    assert_int_equal(hebb_net_input(p.net, "in", data, 1, 4), HEBB_OK);
    assert_int_equal(hebb_net_input(p.net, "rows", data, 1, 2 * 7), HEBB_OK);
    assert_int_equal(hebb_net_input(p.net, "single", data, 1, 2), HEBB_OK);
    HERE(HEBB_E_ARGUMENT, "", run_events(1, 0)); /* the generator without a source */
    assert_int_equal(hebb_net_input(p.net, "wave", (const float[]){1, 5}, 1, 2), HEBB_OK);
    assert_int_equal(run_events(1, 0), HEBB_OK);
    HERE(HEBB_E_RANGE, "", run_events(1, 2));
    HERE(HEBB_E_RANGE, "", run_events(-1, 0));
    HERE(HEBB_E_RANGE, "", run_events(NAN, 0));
    assert_int_equal(run_events(1, 1), HEBB_OK);
    HERE(HEBB_E_RANGE, "", hebb_net_run(p.net, 0));
    HERE(HEBB_E_RANGE, "", hebb_net_run(p.net, -3));
    HERE(HEBB_E_RANGE, "", hebb_net_run(p.net, NAN));
    HERE(HEBB_E_RANGE, "", hebb_net_run(p.net, INFINITY));
    HERE(HEBB_E_RANGE, "", hebb_net_run(p.net, 1e12));
    HERE(HEBB_E_SHAPE, "", hebb_net_run(p.net, 8)); /* rows for 7 */
    assert_int_equal(hebb_net_run(p.net, 5), HEBB_OK);
    HERE(HEBB_E_SHAPE, "", hebb_net_run_continue(p.net, 3));
    assert_int_equal(hebb_net_run_continue(p.net, 2), HEBB_OK);
    assert_int_equal(hebb_net_input(p.net, "single", times, 1, 2), HEBB_OK);
    HERE(HEBB_E_RANGE, "", hebb_net_run(p.net, 5));
    assert_int_equal(hebb_net_input(p.net, "in", data, 3, 4), HEBB_OK);
    HERE(HEBB_E_SHAPE, "", hebb_net_run(p.net, 5));
    HERE(HEBB_E_RANGE, "", hebb_net_presentation(p.net, 0, samples, 0));
    HERE(HEBB_E_RANGE, "", hebb_net_presentation(p.net, (uint64_t)1 << 32, samples, 2));
    HERE(HEBB_E_RANGE, "", hebb_net_presentation(p.net, 0, samples, 3));
    end();
    begin();
    build();
    assert_int_equal(hebb_net_input(p.net, "in", data, 3, 4), HEBB_OK);
    assert_int_equal(hebb_net_presentation(p.net, 0, samples, 2), HEBB_OK);
    HERE(HEBB_E_SHAPE, "", hebb_net_run(p.net, 5));
    end();
}

/* ---- parameters ---- */

static void parameters(void **state) {
    (void)state;
    double v[12] = {0}, huge[12] = {1e39}, bad[12] = {0, 0, 0, NAN};
    begin();
    hebb_connect(p.net, "slow", p.in, p.a, "full", HEBB_P({"max_delay", 3}));
    hebb_connect(p.net, "few", p.in, p.a, "sparse", HEBB_P({"density", 0}));
    build();
    HERE(HEBB_E_NAME, "", hebb_net_get(p.net, "c1.weigth", v, 12));
    HERE(HEBB_E_NAME, "", hebb_net_get(p.net, "zzzzzzzzz", v, 12));
    HERE(HEBB_E_ARGUMENT, "", hebb_net_get(p.net, NULL, v, 12));
    HERE(HEBB_E_ARGUMENT, "", hebb_net_get(p.net, "c1.weight", NULL, 12));
    HERE(HEBB_E_SHAPE, "", hebb_net_get(p.net, "c1.weight", v, 11));
    HERE(HEBB_E_SHAPE, "", hebb_net_set(p.net, "a.tau_m", v, 3));
    HERE(HEBB_E_RANGE, "", hebb_net_set(p.net, "a.tau_m", v, 1));
    HERE(HEBB_E_NOT_FINITE, "", hebb_net_set(p.net, "c1.weight", bad, 12));
    HERE(HEBB_E_RANGE, "", hebb_net_set(p.net, "c1.weight", huge, 12));
    HERE(HEBB_E_SHAPE, "", hebb_net_set(p.net, "few.weight", (const double[12]){0, 1, 2}, 12));
    HERE(HEBB_E_UNSUPPORTED, "", hebb_net_set(p.net, "slow.delay", v, 12));
    HERE(HEBB_E_STATE, "", hebb_net_gradient(p.net, "c1.weight", v, 12));
    HERE(HEBB_E_NAME, "", hebb_net_param_shape(p.net, "c3.weight", NULL, NULL));
    HERE(HEBB_E_NAME, "", hebb_net_constant(p.net, "a.tau_q", v));
    HERE(HEBB_E_NAME, "", hebb_net_constant(p.net, "a", v));
    HERE(HEBB_E_ARGUMENT, "", hebb_net_constant(p.net, NULL, v));
    HERE(HEBB_E_ARGUMENT, "", hebb_net_constant(p.net, "a.decay_m", NULL));
    end();
}

/* ---- learners ---- */

static hebb_status learner(const char *rule, const hebb_param *params) {
    hebb_learner *made = (hebb_learner *)&rows;
    hebb_status status = hebb_learner_create(p.net, rule, HEBB_ALL, params, &made);
    assert_null(made);
    return status;
}

static double bent(void *user, double x) {
    (void)user;
    return x;
}

static hebb_status soft_learner(void) {
    hebb_net_options o = hebb_net_options_default();
    hebb_net *net;
    o.soft = 1;
    assert_int_equal(hebb_net_create(p.ctx, &o, &net), HEBB_OK);
    return hebb_learner_create(net, "sbp", HEBB_ALL, HEBB_P(HEBB_CALL("surrogate_func", bent, NULL)),
                               &p.learner);
}

static void describing_learners(void **state) {
    (void)state;
    ROW(HEBB_E_NAME, "", learner("STCAA", NULL));
    ROW(HEBB_E_NAME, "", learner(NULL, NULL));
    ROW(HEBB_E_NAME, "", learner("backprop", NULL));
    ROW(HEBB_E_NAME, "", learner("STCA", HEBB_P({"alhpa", 1})));
    ROW(HEBB_E_RANGE, "", learner("STCA", HEBB_P({"alpha", 0})));
    ROW(HEBB_E_RANGE, "", learner("STCA", HEBB_P({"truncate", -1})));
    ROW(HEBB_E_RANGE, "", learner("STCA", HEBB_P({"truncate", 1.5})));
    ROW(HEBB_E_NAME, "", learner("STCA", HEBB_P(HEBB_STR("form", "papper"))));
    ROW(HEBB_E_NAME, "", learner("sbp", HEBB_P(HEBB_STR("surrogate_func", "attan"))));
    ROW(HEBB_E_PARSE, "", learner("sbp", HEBB_P(HEBB_STR("surrogate_func", "1 / (1 + u"))));
    ROW(HEBB_E_ARGUMENT, "", soft_learner());
    ROW(HEBB_E_ARGUMENT, "", hebb_learner_create(p.net, "STCA", HEBB_ALL, NULL, NULL));
    begin();
    assert_int_equal(hebb_learner_create(p.net, "STCA", HEBB_NAMES("cc1"), NULL, &p.learner), HEBB_OK);
    HERE(HEBB_E_STATE, "", hebb_learner_set_schedule(p.learner, "StepLR", NULL));
    HERE(HEBB_E_NAME, "", hebb_learner_set_optimizer(p.learner, "Adem", 0.1, NULL));
    HERE(HEBB_E_NAME, "", hebb_learner_set_optimizer(p.learner, NULL, 0.1, NULL));
    HERE(HEBB_E_RANGE, "", hebb_learner_set_optimizer(p.learner, "Adam", -0.1, NULL));
    HERE(HEBB_E_RANGE, "", hebb_learner_set_optimizer(p.learner, "Adam", NAN, NULL));
    HERE(HEBB_E_NAME, "", hebb_learner_set_optimizer(p.learner, "Adam", 0.1, HEBB_P({"momentum", 1})));
    HERE(HEBB_E_ARGUMENT, "", hebb_learner_set_optimizer(p.learner, "Adam", 0.1, HEBB_P({"lr", 1})));
    HERE(HEBB_E_SHAPE, "", hebb_learner_set_optimizer(p.learner, "Adam", 0.1, HEBB_P(HEBB_NUMBERS("betas", (const double[]){0.9}, 1))));
    HERE(HEBB_E_STATE, "", hebb_learner_set_loss(p.learner, NULL, "mse", NULL));
    HERE(HEBB_E_NAME, "", hebb_learner_set_loss(p.learner, "out", "mse", NULL));
    assert_int_equal(hebb_learner_set_optimizer(p.learner, "Adam", 0.1, NULL), HEBB_OK);
    HERE(HEBB_E_NAME, "", hebb_learner_set_schedule(p.learner, "StepRL", NULL));
    HERE(HEBB_E_ARGUMENT, "", hebb_learner_set_schedule(p.learner, "LambdaLR", NULL));
    HERE(HEBB_E_RANGE, "", hebb_learner_set_schedule(p.learner, "StepLR", HEBB_P({"step_size", 0})));
    HERE(HEBB_E_STATE, "", hebb_learner_optim_step(p.learner));
    HERE(HEBB_E_STATE, "", hebb_learner_schedule_step(p.learner, 0));
    HERE(HEBB_E_STATE, "", hebb_learner_zero_grad(p.learner));
    HERE(HEBB_E_NAME, "", hebb_net_build(p.net));
    HERE(HEBB_E_NAME, "", hebb_net_build(p.net)); /* and again */
    end();
}

static void learning(void **state) {
    (void)state;
    const float data[8] = {1, 1, 1, 1, 1, 1, 1, 1}, targets[4] = {0, 1, NAN, 0}, g[4] = {0, INFINITY};
    const int32_t labels[] = {0, 1}, beyond[] = {0, 2}, below[] = {-1, 0};
    double loss;
    begin();
    hebb_decode(p.net, "out", p.b, "spike_counts", NULL);
    assert_int_equal(hebb_learner_create(p.net, "STCA", HEBB_ALL, NULL, &p.learner), HEBB_OK);
    HERE(HEBB_E_STATE, "", hebb_learner_loss(p.learner, labels, 2, &loss));
    HERE(HEBB_E_STATE, "", hebb_learner_backward(p.learner));
    HERE(HEBB_E_NAME, "", hebb_learner_set_loss(p.learner, "outt", "mse", NULL));
    HERE(HEBB_E_NAME, "", hebb_learner_set_loss(p.learner, "out", "cross_entrpy", NULL));
    build();
    HERE(HEBB_E_STATE, "", hebb_learner_loss(p.learner, labels, 2, &loss));
    assert_int_equal(hebb_net_input(p.net, "in", data, 2, 4), HEBB_OK);
    assert_int_equal(hebb_net_run(p.net, 5), HEBB_OK);
    HERE(HEBB_E_STATE, "", hebb_learner_backward(p.learner));
    HERE(HEBB_E_ARGUMENT, "", hebb_learner_loss(p.learner, NULL, 2, &loss));
    HERE(HEBB_E_SHAPE, "", hebb_learner_loss(p.learner, labels, 1, &loss));
    HERE(HEBB_E_RANGE, "", hebb_learner_loss(p.learner, beyond, 2, &loss));
    HERE(HEBB_E_RANGE, "", hebb_learner_loss(p.learner, below, 2, &loss));
    HERE(HEBB_E_ARGUMENT, "", hebb_learner_loss_targets(p.learner, NULL, 2, 2, &loss));
    HERE(HEBB_E_SHAPE, "", hebb_learner_loss_targets(p.learner, targets, 2, 3, &loss));
    assert_int_equal(hebb_learner_set_loss(p.learner, "out", "mse", NULL), HEBB_OK);
    HERE(HEBB_E_NOT_FINITE, "", hebb_learner_loss_targets(p.learner, targets, 2, 2, &loss));
    HERE(HEBB_E_ARGUMENT, "", hebb_learner_backward_from(p.learner, NULL, 2, 2));
    HERE(HEBB_E_NOT_FINITE, "", hebb_learner_backward_from(p.learner, g, 2, 2));
    HERE(HEBB_E_SHAPE, "", hebb_learner_backward_from(p.learner, g, 3, 2));
    HERE(HEBB_E_SHAPE, "", hebb_learner_backward_from(p.learner, g, 2, 4));
    HERE(HEBB_E_STATE, "", hebb_learner_optim_step(p.learner));
    HERE(HEBB_E_STATE, "", hebb_learner_schedule_step(p.learner, 0));
    HERE(HEBB_E_ARGUMENT, "", hebb_learner_optim_step_closure(p.learner, NULL, NULL));
    HERE(HEBB_E_STATE, "", hebb_learner_set_optimizer(p.learner, "SparseAdam", 0.1, NULL));
    assert_int_equal(hebb_learner_set_optimizer(p.learner, "LBFGS", 0.1, NULL), HEBB_OK);
    HERE(HEBB_E_ARGUMENT, "", hebb_learner_optim_step(p.learner));
    assert_int_equal(hebb_learner_loss(p.learner, labels, 2, &loss), HEBB_OK);
    assert_int_equal(hebb_learner_backward(p.learner), HEBB_OK);
    HERE(HEBB_E_STATE, "", hebb_learner_backward(p.learner)); /* twice */
    assert_int_equal(hebb_net_train(p.net, 0), HEBB_OK);
    assert_int_equal(hebb_net_run(p.net, 5), HEBB_OK);
    assert_int_equal(hebb_learner_loss(p.learner, labels, 2, &loss), HEBB_OK);
    HERE(HEBB_E_STATE, "", hebb_learner_backward(p.learner));
    end();
    begin();
    hebb_decode(p.net, "out", p.b, "spike_counts", NULL);
    hebb_decode(p.net, "record", p.b, "null", NULL);
    assert_int_equal(hebb_learner_create(p.net, "STCA", HEBB_ALL, NULL, &p.learner), HEBB_OK);
    HERE(HEBB_E_ARGUMENT, "", hebb_learner_set_loss(p.learner, NULL, "mse", NULL));
    HERE(HEBB_E_UNSUPPORTED, "", hebb_learner_set_loss(p.learner, "record", "mse", NULL));
    build();
    assert_int_equal(hebb_net_input(p.net, "in", data, 2, 4), HEBB_OK);
    assert_int_equal(hebb_net_run(p.net, 5), HEBB_OK);
    HERE(HEBB_E_STATE, "", hebb_learner_loss(p.learner, labels, 2, &loss));
    HERE(HEBB_E_STATE, "", hebb_learner_backward_from(p.learner, g, 2, 2));
    end();
    begin_with(&(hebb_net_options){.struct_size = sizeof(hebb_net_options), .dt = 1, .soft = 1,
                                   .batch_max = 1});
    build();
    HERE(HEBB_E_STATE, "", hebb_net_hold(p.net, 1));
    assert_int_equal(hebb_net_input(p.net, "in", data, 2, 4), HEBB_OK);
    assert_int_equal(hebb_net_run(p.net, 5), HEBB_OK);
    assert_int_equal(hebb_net_hold(p.net, 1), HEBB_OK);
    HERE(HEBB_E_SHAPE, "", hebb_net_run(p.net, 6));
    end();
}

/* ---- files ---- */

static char folder[] = "/tmp/hebb-bad-XXXXXX";

static const char *file_of(const char *name, const void *bytes, size_t count) {
    static char path[200];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    if (!bytes) return path;
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, count, f), count);
    fclose(f);
    return path;
}

static hebb_status load_cut(long keep) {
    static char bytes[1 << 16];
    FILE *f = fopen(file_of("good", NULL, 0), "rb");
    assert_non_null(f);
    size_t count = fread(bytes, 1, sizeof bytes, f);
    fclose(f);
    return hebb_net_load(p.net, file_of("cut", bytes, keep < 0 ? count - (size_t)-keep : (size_t)keep));
}

static void files(void **state) {
    (void)state;
    assert_non_null(mkdtemp(folder));
    begin();
    build();
    assert_int_equal(hebb_net_save(p.net, file_of("good", NULL, 0)), HEBB_OK);
    assert_int_equal(hebb_net_load(p.net, file_of("good", NULL, 0)), HEBB_OK);
    HERE(HEBB_E_ARGUMENT, "", hebb_net_save(p.net, NULL));
    HERE(HEBB_E_ARGUMENT, "", hebb_net_load(p.net, NULL));
    HERE(HEBB_E_IO, "", hebb_net_save(p.net, "/nowhere/at/all"));
    HERE(HEBB_E_IO, "", hebb_net_load(p.net, file_of("missing", NULL, 0)));
    HERE(HEBB_E_IO, "", hebb_net_load(p.net, folder));
    HERE(HEBB_E_FORMAT, "", hebb_net_load(p.net, file_of("empty", "", 0)));
    HERE(HEBB_E_FORMAT, "", hebb_net_load(p.net, file_of("short", "\x08\0\0", 3)));
    HERE(HEBB_E_FORMAT, "", hebb_net_load(p.net, file_of("png", "\x89PNG\r\n\x1a\n and more", 17)));
    HERE(HEBB_E_FORMAT, "", hebb_net_load(p.net, file_of("big", "\xff\xff\xff\xff\xff\xff\xff\x7f{}", 10)));
    HERE(HEBB_E_FORMAT, "", hebb_net_load(p.net, file_of("json", "\x04\0\0\0\0\0\0\0{\"a\"", 12)));
    HERE(HEBB_E_FORMAT, "", hebb_net_load(p.net, file_of("none", "\x02\0\0\0\0\0\0\0{}", 10)));
    HERE(HEBB_E_FORMAT, "", load_cut(7));
    HERE(HEBB_E_FORMAT, "", load_cut(20));
    HERE(HEBB_E_FORMAT, "", load_cut(-1));
    hebb_net *other;
    assert_int_equal(hebb_net_create(p.ctx, NULL, &other), HEBB_OK);
    hebb_group in = hebb_encoder(other, "in", 5, "poisson", NULL);
    hebb_group a = hebb_neurons(other, "a", 3, "lif", NULL);
    hebb_connect(other, "c1", in, a, "full", NULL);
    assert_int_equal(hebb_net_build(other), HEBB_OK);
    HERE(HEBB_E_SHAPE, "", hebb_net_load(other, file_of("good", NULL, 0)));
    const char *text;
    HERE(HEBB_E_IO, "", hebb_file_describe(p.ctx, file_of("missing", NULL, 0), &text));
    HERE(HEBB_E_FORMAT, "", hebb_file_describe(p.ctx, file_of("short", NULL, 0), &text));
    end();
    static const char *const made[] = {"good", "empty", "short", "png", "big", "json", "none", "cut"};
    for (size_t i = 0; i < sizeof made / sizeof made[0]; i++) unlink(file_of(made[i], NULL, 0));
    rmdir(folder);
}

/* ---- what stands by itself ---- */

static void by_themselves(void **state) {
    (void)state;
    const char *text;
    float real[4] = {0};
    double value = 0;
    size_t count;
    hebb_optimizer *optimizer;
    hebb_dataset *data;
    begin();
    HERE(HEBB_E_NAME, "", hebb_component_page(p.ctx, "neuron", "liff", &text));
    HERE(HEBB_E_NAME, "", hebb_component_page(p.ctx, "neurn", "lif", &text));
    HERE(HEBB_E_NAME, "", hebb_component_page(p.ctx, NULL, "nothing like it", &text));
    HERE(HEBB_E_NAME, "", hebb_encode(p.ctx, "poison", NULL, 1, NULL, real, 1, 4, 1, real));
    HERE(HEBB_E_RANGE, "", hebb_encode(p.ctx, "poisson", NULL, 0, NULL, real, 1, 4, 1, real));
    HERE(HEBB_E_ARGUMENT, "", hebb_encode(p.ctx, "poisson", NULL, 1, NULL, NULL, 1, 4, 1, real));
    HERE(HEBB_E_NAME, "", hebb_decode_record(p.ctx, "spike_cuonts", NULL, &value, 1, 1, 1, &value, 1, &count));
    HERE(HEBB_E_NAME, "", hebb_optimizer_create(p.ctx, "Adamn", 0.1, NULL, &optimizer));
    HERE(HEBB_E_RANGE, "", hebb_optimizer_create(p.ctx, "SGD", -1, NULL, &optimizer));
    HERE(HEBB_E_NAME, "", hebb_dataset_open(p.ctx, "strokse", "train", NULL, 10, &data));
    HERE(HEBB_E_NAME, "", hebb_dataset_open(p.ctx, "strokes", "trian", NULL, 10, &data));
    HERE(HEBB_E_ARGUMENT, "", hebb_dataset_from_arrays(p.ctx, NULL, NULL, 1, 1, 1, &data));
    end();
}

static void enough_rows(void **state) {
    (void)state;
    printf("%zu wrong inputs were refused\n", rows);
    assert_true(rows >= 300);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(contexts),
        cmocka_unit_test(null_objects),
        cmocka_unit_test(network_options),
        cmocka_unit_test(groups),
        cmocka_unit_test(connections),
        cmocka_unit_test(decoders_and_monitors),
        cmocka_unit_test(before_and_after_build),
        cmocka_unit_test(input),
        cmocka_unit_test(parameters),
        cmocka_unit_test(describing_learners),
        cmocka_unit_test(learning),
        cmocka_unit_test(files),
        cmocka_unit_test(by_themselves),
        cmocka_unit_test(enough_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

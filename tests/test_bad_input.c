/* What is refused of a description: contexts, networks, groups, connections,
 * decoders, monitors; and what is said about it. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "refusals.h"

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
    ALONE(HEBB_E_RANGE, "hebb_ctx_create: threads = 0 is not allowed; it must be between 1 and 256",
          ctx_with(0, size, NULL));
    ALONE(HEBB_E_RANGE,
          "hebb_ctx_create: threads = -1 is not allowed; it must be between 1 and 256",
          ctx_with(-1, size, NULL));
    ALONE(HEBB_E_RANGE,
          "hebb_ctx_create: threads = 257 is not allowed; it must be between 1 and 256",
          ctx_with(257, size, NULL));
    ALONE(HEBB_E_ARGUMENT,
          "hebb_ctx_create: struct_size is 0; begin with hebb_ctx_options_default()",
          ctx_with(1, 0, NULL));
    ALONE(HEBB_E_ARGUMENT,
          "hebb_ctx_create: the allocator's alloc is NULL; all three functions must be given",
          ctx_with(1, size, &(hebb_allocator){NULL, no_realloc, no_free, NULL}));
    ALONE(HEBB_E_ARGUMENT,
          "hebb_ctx_create: the allocator's realloc is NULL; all three functions must be given",
          ctx_with(1, size, &(hebb_allocator){no_alloc, NULL, no_free, NULL}));
    ALONE(HEBB_E_ARGUMENT,
          "hebb_ctx_create: the allocator's free is NULL; all three functions must be given",
          ctx_with(1, size, &(hebb_allocator){no_alloc, no_realloc, NULL, NULL}));
    ALONE(HEBB_E_MEMORY, "hebb_ctx_create: out of memory: ",
          ctx_with(1, size, &(hebb_allocator){no_alloc, no_realloc, no_free, NULL}));
    ALONE(HEBB_E_ARGUMENT, "hebb_ctx_create: ctx is NULL", hebb_ctx_create(NULL, NULL));
    hebb_ctx_free(NULL);
    assert_int_equal(hebb_ctx_threads(NULL), 0);
    assert_int_equal(hebb_ctx_seed(NULL), 0);
    assert_int_equal(hebb_ctx_work_done(NULL, 0), 0);
    assert_string_equal(hebb_status_name((hebb_status)12345), "unknown status");
}

static void null_objects(void **state) {
    (void)state;
    hebb_net *net;
    double value;
    float real = 0;
    size_t size;
    ALONE(HEBB_E_ARGUMENT, "hebb_net_create: ctx is NULL", hebb_net_create(NULL, NULL, &net));
    ALONE(HEBB_E_ARGUMENT, "hebb_net_build: net is NULL", hebb_net_build(NULL));
    ALONE(HEBB_E_ARGUMENT, "hebb_net_train: net is NULL", hebb_net_train(NULL, 1));
    ALONE(HEBB_E_ARGUMENT, "hebb_net_hold: net is NULL", hebb_net_hold(NULL, 1));
    ALONE(HEBB_E_ARGUMENT, "hebb_net_input: net is NULL", hebb_net_input(NULL, "in", &real, 1, 1));
    ALONE(HEBB_E_ARGUMENT, "hebb_net_input_events: net is NULL",
          hebb_net_input_events(NULL, "in", NULL, NULL, NULL, 1));
    ALONE(HEBB_E_ARGUMENT, "hebb_net_presentation: net is NULL",
          hebb_net_presentation(NULL, 0, NULL, 0));
    ALONE(HEBB_E_ARGUMENT, "hebb_net_run: net is NULL", hebb_net_run(NULL, 1));
    ALONE(HEBB_E_ARGUMENT, "hebb_net_run_continue: net is NULL", hebb_net_run_continue(NULL, 1));
    ALONE(HEBB_E_ARGUMENT, "hebb_net_reset: net is NULL", hebb_net_reset(NULL));
    ALONE(HEBB_E_ARGUMENT, "hebb_net_predict: net is NULL",
          hebb_net_predict(NULL, NULL, NULL, NULL, NULL));
    ALONE(HEBB_E_ARGUMENT, "hebb_monitor_values: net is NULL",
          hebb_monitor_values(NULL, "m", NULL, NULL, NULL));
    ALONE(HEBB_E_ARGUMENT, "hebb_monitor_spikes: net is NULL",
          hebb_monitor_spikes(NULL, "m", 0, NULL, NULL, &size));
    ALONE(HEBB_E_ARGUMENT, "hebb_net_get: net is NULL", hebb_net_get(NULL, "c1.weight", &value, 1));
    ALONE(HEBB_E_ARGUMENT, "hebb_net_set: net is NULL", hebb_net_set(NULL, "c1.weight", &value, 1));
    ALONE(HEBB_E_ARGUMENT, "hebb_net_gradient: net is NULL",
          hebb_net_gradient(NULL, "c1.weight", &value, 1));
    ALONE(HEBB_E_ARGUMENT, "hebb_net_param_shape: net is NULL",
          hebb_net_param_shape(NULL, "c1.weight", NULL, NULL));
    ALONE(HEBB_E_ARGUMENT, "hebb_net_constant: net is NULL",
          hebb_net_constant(NULL, "a.decay_m", &value));
    ALONE(HEBB_E_ARGUMENT, "hebb_net_save: net is NULL", hebb_net_save(NULL, "file"));
    ALONE(HEBB_E_ARGUMENT, "hebb_net_load: net is NULL", hebb_net_load(NULL, "file"));
}

static void null_learners(void **state) {
    (void)state;
    hebb_learner *learner;
    const char *text;
    double value;
    float real = 0;
    ALONE(HEBB_E_ARGUMENT, "hebb_learner_create: net is NULL",
          hebb_learner_create(NULL, "STCA", HEBB_ALL, NULL, &learner));
    ALONE(HEBB_E_ARGUMENT, "hebb_learner_set_optimizer: learner is NULL",
          hebb_learner_set_optimizer(NULL, "Adam", 0.1, NULL));
    ALONE(HEBB_E_ARGUMENT, "hebb_learner_set_schedule: learner is NULL",
          hebb_learner_set_schedule(NULL, "StepLR", NULL));
    ALONE(HEBB_E_ARGUMENT, "hebb_learner_set_loss: learner is NULL",
          hebb_learner_set_loss(NULL, NULL, "mse", NULL));
    ALONE(HEBB_E_ARGUMENT, "hebb_learner_zero_grad: learner is NULL", hebb_learner_zero_grad(NULL));
    ALONE(HEBB_E_ARGUMENT, "hebb_learner_loss: learner is NULL",
          hebb_learner_loss(NULL, NULL, 1, &value));
    ALONE(HEBB_E_ARGUMENT, "hebb_learner_loss_targets: learner is NULL",
          hebb_learner_loss_targets(NULL, &real, 1, 1, &value));
    ALONE(HEBB_E_ARGUMENT, "hebb_learner_backward: learner is NULL", hebb_learner_backward(NULL));
    ALONE(HEBB_E_ARGUMENT, "hebb_learner_backward_from: learner is NULL",
          hebb_learner_backward_from(NULL, &real, 1, 1));
    ALONE(HEBB_E_ARGUMENT, "hebb_learner_optim_step: learner is NULL",
          hebb_learner_optim_step(NULL));
    ALONE(HEBB_E_ARGUMENT, "hebb_learner_optim_step_closure: learner is NULL",
          hebb_learner_optim_step_closure(NULL, NULL, NULL));
    ALONE(HEBB_E_ARGUMENT, "hebb_learner_schedule_step: learner is NULL",
          hebb_learner_schedule_step(NULL, 0));
    ALONE(HEBB_E_ARGUMENT, "hebb_component_page: ctx is NULL",
          hebb_component_page(NULL, NULL, "lif", &text));
    ALONE(HEBB_E_ARGUMENT, "hebb_file_describe: ctx is NULL",
          hebb_file_describe(NULL, "file", &text));
    ALONE(HEBB_E_ARGUMENT, "hebb_file_json: ctx is NULL", hebb_file_json(NULL, "file", &text));
    ALONE(HEBB_E_ARGUMENT, "hebb_loss_value: ctx is NULL",
          hebb_loss_value(NULL, "mse", NULL, &value, 1, 1, NULL, &real, &value, NULL));
    ALONE(HEBB_E_ARGUMENT, "hebb_optimizer_step: optimizer is NULL", hebb_optimizer_step(NULL));
    ALONE(HEBB_E_ARGUMENT, "hebb_schedule_step: schedule is NULL", hebb_schedule_step(NULL, 0));
    ALONE(HEBB_E_ARGUMENT, "hebb_encode: ctx is NULL",
          hebb_encode(NULL, "poisson", NULL, 1, NULL, &real, 1, 1, 1, &real));
    ALONE(HEBB_E_ARGUMENT, "hebb_dataset_open: ctx is NULL",
          hebb_dataset_open(NULL, "strokes", "train", NULL, 1, NULL));
    ALONE(HEBB_E_ARGUMENT, "hebb_run_open: ctx is NULL", hebb_run_open(NULL, "file", NULL, NULL));
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
    ROW(HEBB_E_RANGE, "network: dt = 0 is not allowed; it must be above 0 ms and finite",
        net_with(0, 0, 1, NULL, NULL, NULL, NULL));
    ROW(HEBB_E_RANGE, "network: dt = -0.1 is not allowed; it must be above 0 ms and finite",
        net_with(-0.1, 0, 1, NULL, NULL, NULL, NULL));
    ROW(HEBB_E_RANGE, "network: dt = nan is not allowed; it must be above 0 ms and finite",
        net_with(NAN, 0, 1, NULL, NULL, NULL, NULL));
    ROW(HEBB_E_RANGE, "network: dt = inf is not allowed; it must be above 0 ms and finite",
        net_with(INFINITY, 0, 1, NULL, NULL, NULL, NULL));
    ROW(HEBB_E_RANGE,
        "network: time_max = -1 ms is not allowed; it must be between 0 and 1e8 steps of dt = 1 ms",
        net_with(1, -1, 1, NULL, NULL, NULL, NULL));
    ROW(HEBB_E_RANGE,
        "network: time_max = nan ms is not allowed; it must be between 0 and 1e8 steps of dt = 1 "
        "ms",
        net_with(1, NAN, 1, NULL, NULL, NULL, NULL));
    ROW(HEBB_E_RANGE,
        "network: time_max = 1000 ms is not allowed; it must be between 0 and 1e8 steps of dt = "
        "1e-09 ms",
        net_with(1e-9, 1000, 1, NULL, NULL, NULL, NULL));
    ROW(HEBB_E_RANGE, "network: batch_max = 0 is not allowed; it must be between 1 and 1048576",
        net_with(1, 0, 0, NULL, NULL, NULL, NULL));
    ROW(HEBB_E_RANGE, "network: batch_max = -7 is not allowed; it must be between 1 and 1048576",
        net_with(1, 0, -7, NULL, NULL, NULL, NULL));
    ROW(HEBB_E_RANGE,
        "network: batch_max = 1048577 is not allowed; it must be between 1 and 1048576",
        net_with(1, 0, (1 << 20) + 1, NULL, NULL, NULL, NULL));
    ROW(HEBB_E_NAME,
        "network: latency = 'two_steps' is not allowed; it must be one_step or same_step",
        net_with(1, 0, 1, "two_steps", NULL, NULL, NULL));
    ROW(HEBB_E_NAME, "network: compat = 'SPIAC' is not allowed; it must be none or spaic",
        net_with(1, 0, 1, NULL, "SPIAC", NULL, NULL));
    ROW(HEBB_E_NAME, "network: precision = 'half' is not allowed; it must be float or double",
        net_with(1, 0, 1, NULL, NULL, "half", NULL));
    ROW(HEBB_E_NAME, "network: schedule = '' is not allowed; it must be auto or step",
        net_with(1, 0, 1, NULL, NULL, NULL, ""));
    ROW(HEBB_E_ARGUMENT, "network: struct_size is 0; begin with hebb_net_options_default()",
        hebb_net_create(p.ctx, &(hebb_net_options){.dt = 1}, &net));
    ROW(HEBB_E_ARGUMENT, "hebb_net_create: net is NULL", hebb_net_create(p.ctx, NULL, NULL));
}

/* ---- groups ---- */

static void groups(void **state) {
    (void)state;
    char long_name[] = "a_name_of_more_than_sixty-four_letters_which_is_what_a_name_may_have";
    BUILD(HEBB_E_ARGUMENT, "a group needs a name", hebb_neurons(p.net, NULL, 3, "lif", NULL));
    BUILD(HEBB_E_ARGUMENT, "a group needs a name", hebb_neurons(p.net, "", 3, "lif", NULL));
    BUILD(HEBB_E_NAME, "the name 'a b' is not allowed; letters, digits, _ and - may be in it",
          hebb_neurons(p.net, "a b", 3, "lif", NULL));
    BUILD(HEBB_E_NAME, "the name 'layer.1' is not allowed; letters, digits, _ and - may be in it",
          hebb_neurons(p.net, "layer.1", 3, "lif", NULL));
    BUILD(HEBB_E_NAME,
          "the name 'gr\xc3\xbc"
          "n' is not allowed; letters, digits, _ and - may be in it",
          hebb_neurons(p.net, "gr\xc3\xbcn", 3, "lif", NULL));
    BUILD(HEBB_E_RANGE, "the name 'a_name_of_more_than_...' has 68 letters; 64 are allowed",
          hebb_neurons(p.net, long_name, 3, "lif", NULL));
    BUILD(HEBB_E_NAME, "the name 'a' is taken by a group; names must be unique",
          hebb_neurons(p.net, "a", 3, "lif", NULL));
    BUILD(HEBB_E_NAME, "the name 'c1' is taken by a connection; names must be unique",
          hebb_encoder(p.net, "c1", 3, "poisson", NULL));
    BUILD(HEBB_E_RANGE, "n: num = 0 is not allowed; it must be between 1 and 67108864",
          hebb_neurons(p.net, "n", 0, "lif", NULL));
    BUILD(HEBB_E_RANGE,
          "n: num = 18446744073709551615 is not allowed; it must be between 1 and 67108864",
          hebb_neurons(p.net, "n", SIZE_MAX, "lif", NULL));
    BUILD(HEBB_E_NAME, "n: the name of the neuron is missing",
          hebb_neurons(p.net, "n", 3, NULL, NULL));
    BUILD(HEBB_E_NAME, "n: there is no neuron 'liif'; did you mean 'lif'?",
          hebb_neurons(p.net, "n", 3, "liif", NULL));
    BUILD(HEBB_E_NAME,
          "n: there is no neuron 'perceptron'; there are: lif, plif, constantcurrentlif, "
          "nonspikinglif, lifm, li, if, ifsoftreset, ifb, nonspikingifb, null, clif, clif2k, "
          "pclif, aclif",
          hebb_neurons(p.net, "n", 3, "perceptron", NULL));
}

static void group_parameters(void **state) {
    (void)state;
    const double three[] = {1, 2, 3}, two[] = {1, 2}, bad[] = {1, NAN, 1};
    const size_t shape[] = {3};
    BUILD(HEBB_E_NAME, "n: lif has no parameter 'tau_mm'; did you mean 'tau_m'?",
          hebb_neurons(p.net, "n", 3, "lif", HEBB_P({"tau_mm", 8})));
    BUILD(HEBB_E_NAME, "n: lif has no parameter 'temperature'; it has: tau_m, v_th, v_reset",
          hebb_neurons(p.net, "n", 3, "lif", HEBB_P({"temperature", 8})));
    BUILD(HEBB_E_RANGE, "n: tau_m = 0 is not allowed for lif; it must be above 0 ms",
          hebb_neurons(p.net, "n", 3, "lif", HEBB_P({"tau_m", 0})));
    BUILD(HEBB_E_RANGE, "n: tau_m = -5 is not allowed for lif; it must be above 0 ms",
          hebb_neurons(p.net, "n", 3, "lif", HEBB_P({"tau_m", -5})));
    BUILD(HEBB_E_RANGE, "n: tau_m = nan is not allowed for lif; it must be a finite number",
          hebb_neurons(p.net, "n", 3, "lif", HEBB_P({"tau_m", NAN})));
    BUILD(HEBB_E_RANGE, "n: v_th = inf is not allowed for lif; it must be a finite number",
          hebb_neurons(p.net, "n", 3, "lif", HEBB_P({"v_th", INFINITY})));
    BUILD(HEBB_E_ARGUMENT, "n: tau_m of lif is given twice",
          hebb_neurons(p.net, "n", 3, "lif", HEBB_P({"tau_m", 1}, {"tau_m", 2})));
    BUILD(HEBB_E_ARGUMENT,
          "n: tau_m = 'eight' is not allowed for lif; it must be a number, or one for each neuron",
          hebb_neurons(p.net, "n", 3, "lif", HEBB_P(HEBB_STR("tau_m", "eight"))));
    BUILD(HEBB_E_SHAPE,
          "n: v_th has 2 values, but there are 3 neurons; give one number or one for each neuron",
          hebb_neurons(p.net, "n", 3, "lif", HEBB_P(HEBB_NUMBERS("v_th", two, 2))));
    BUILD(HEBB_E_RANGE, "n: v_th[1] = nan is not allowed for lif; it must be a finite number",
          hebb_neurons(p.net, "n", 3, "lif", HEBB_P(HEBB_NUMBERS("v_th", bad, 3))));
    BUILD(HEBB_E_ARGUMENT, "n: the 3 numbers of v_th are NULL",
          hebb_neurons(p.net, "n", 3, "lif", HEBB_P(HEBB_NUMBERS("v_th", NULL, 3))));
    BUILD(HEBB_E_SHAPE, "n: the array v_th of lif needs a shape of 1 to 4 sizes, not 99",
          hebb_neurons(p.net, "n", 3, "lif", HEBB_P(HEBB_MATRIX("v_th", three, shape, 99))));
    BUILD(HEBB_E_ARGUMENT,
          "n: v_th of lif must be a number, or one for each neuron, not a function",
          hebb_neurons(p.net, "n", 3, "lif", HEBB_P(HEBB_CALL("v_th", NULL, NULL))));
    ROW(HEBB_E_RANGE,
        "n: V0 has no default where the two time constants of clif are equal; set V0 or make them "
        "differ",
        build_after(hebb_neurons(p.net, "n", 3, "clif", HEBB_P({"tau_p", 8}))));
    ROW(HEBB_E_RANGE, "n.v_th = 1e+300 does not fit into a float; precision = double can hold it",
        build_after(hebb_neurons(p.net, "n", 3, "lif", HEBB_P({"v_th", 1e300}))));
    BUILD(HEBB_E_NAME, "e: there is no encoder 'poison'; did you mean 'poisson'?",
          hebb_encoder(p.net, "e", 3, "poison", NULL));
    BUILD(HEBB_E_NAME, "e: the name of the encoder is missing",
          hebb_encoder(p.net, "e", 3, NULL, NULL));
    BUILD(HEBB_E_RANGE, "e: num = 0 is not allowed; it must be between 1 and 67108864",
          hebb_encoder(p.net, "e", 0, "poisson", NULL));
    BUILD(HEBB_E_RANGE, "e: unit_conversion = -1 is not allowed for poisson; it must be at least 0",
          hebb_encoder(p.net, "e", 3, "poisson", HEBB_P({"unit_conversion", -1})));
    BUILD(HEBB_E_NAME,
          "g: there is no generator 'cosine'; there are: poisson_generator, constant_current, sin, "
          "ramp",
          hebb_generator(p.net, "g", 3, "cosine", NULL));
    BUILD(HEBB_E_NAME, "g: there is no generator 'sinn'; did you mean 'sin'?",
          hebb_generator(p.net, "g", 3, "sinn", NULL));
}

/* ---- connections ---- */

static void connections(void **state) {
    (void)state;
#define C(...) hebb_connect(p.net, "c", p.in, p.a, "full", HEBB_P(__VA_ARGS__))
    BUILD(HEBB_E_ARGUMENT,
          "c: the source is no group of this network: its id is -1, and there are 3, from 0 on",
          hebb_connect(p.net, "c", -1, p.a, "full", NULL));
    BUILD(HEBB_E_ARGUMENT,
          "c: the target is no group of this network: its id is 77, and there are 3, from 0 on",
          hebb_connect(p.net, "c", p.in, 77, "full", NULL));
    BUILD(HEBB_E_GRAPH, "c: the target 'in' is an encoder or generator; only neurons receive",
          hebb_connect(p.net, "c", p.a, p.in, "full", NULL));
    BUILD(HEBB_E_NAME, "the name 'c1' is taken by a connection; names must be unique",
          hebb_connect(p.net, "c1", p.in, p.a, "full", NULL));
    BUILD(HEBB_E_NAME, "c: there is no connection 'fulll'; did you mean 'full'?",
          hebb_connect(p.net, "c", p.in, p.a, "fulll", NULL));
    BUILD(HEBB_E_NAME, "c: the name of the connection is missing",
          hebb_connect(p.net, "c", p.in, p.a, NULL, NULL));
    BUILD(HEBB_E_NAME, "c: full has no parameter 'wmin'; did you mean 'w_min'?", C({"wmin", 1}));
    BUILD(HEBB_E_NAME, "c: there is no synapse '1_ordr'; did you mean '1_order'?",
          C(HEBB_STR("syn_type", "1_ordr")));
    BUILD(HEBB_E_RANGE, "c: tau = 0 is not allowed for full; it must be above 0 ms", C({"tau", 0}));
    BUILD(HEBB_E_RANGE, "c: dropout = 1 is not allowed for full; it must be at least 0 and below 1",
          C({"dropout", 1}));
    BUILD(HEBB_E_NAME, "c: pre_var_name = 'W' is not allowed for full; it must be one of O, V",
          C(HEBB_STR("pre_var_name", "W")));
    BUILD(HEBB_E_GRAPH, "c: 'in' has no membrane potential V to read",
          C(HEBB_STR("pre_var_name", "V")));
    BUILD(HEBB_E_RANGE, "c: density = 1.5 is not allowed for sparse; it must be between 0 and 1",
          hebb_connect(p.net, "c", p.in, p.a, "sparse", HEBB_P({"density", 1.5})));
}

static void weights_and_delays(void **state) {
    (void)state;
    double w[12] = {0};
    const size_t right[] = {3, 4}, turned[] = {4, 3}, zero[] = {0, 0};
    double nan_at[12] = {0, 0, NAN}, late[12] = {0, 0, 0, -1};
    const double bias[] = {1, 2};
#define CB(...) build_after(hebb_connect(p.net, "c", p.in, p.a, "full", HEBB_P(__VA_ARGS__)))
    ROW(HEBB_E_SHAPE, "c: weight is [0, 0], but [post, pre] is [3, 4]",
        CB(HEBB_MATRIX("weight", w, zero, 2)));
    ROW(HEBB_E_SHAPE, "c: weight is [4, 3], but [post, pre] is [3, 4]",
        CB(HEBB_MATRIX("weight", w, turned, 2)));
    ROW(HEBB_E_SHAPE, "c: weight has 11 numbers, but [post, pre] is [3, 4]",
        CB(HEBB_NUMBERS("weight", w, 11)));
    BUILD(HEBB_E_RANGE, "c: weight[2] = nan is not allowed for full; it must be a finite number",
          C(HEBB_MATRIX("weight", nan_at, right, 2)));
    BUILD(HEBB_E_RANGE, "c: weight = inf is not allowed for full; it must be a finite number",
          C({"weight", INFINITY}));
    ROW(HEBB_E_RANGE, "c.weight = 1e+39 does not fit into a float; precision = double can hold it",
        CB({"weight", 1e39}));
    ROW(HEBB_E_RANGE, "c: a given weight is 2, outside w_min = -inf .. w_max = 1",
        CB({"weight", 2}, {"w_max", 1}));
    ROW(HEBB_E_RANGE, "c: w_min = 2 is above w_max = 1", CB({"w_min", 2}, {"w_max", 1}));
    ROW(HEBB_E_NAME, "c: there is no initializer 'uniformm'; did you mean 'uniform'?",
        CB(HEBB_STR("weight", "uniformm(0, 1)")));
    ROW(HEBB_E_PARSE, "c: initializer 'normal(0, 1' has no closing bracket at its end",
        CB(HEBB_STR("weight", "normal(0, 1")));
    ROW(HEBB_E_RANGE, "c: std = -1 is not allowed for normal; it must be at least 0",
        CB(HEBB_STR("weight", "normal(0, -1)")));
    ROW(HEBB_E_NAME, "c: normal has no parameter 'mena'; did you mean 'mean'?",
        CB(HEBB_STR("weight", "normal(mena=0)")));
    ROW(HEBB_E_SHAPE, "c: bias has 2 numbers, but the target has 3 neurons",
        CB(HEBB_NUMBERS("bias", bias, 2)));
    ROW(HEBB_E_RANGE,
        "c: max_delay = 1e+09 ms is not allowed; it must be between 0 and 1e+06 ms, 1000000 steps",
        CB({"max_delay", 1e9}));
    ROW(HEBB_E_RANGE, "c: min_delay = 5 ms is above max_delay = 2 ms",
        CB({"min_delay", 5}, {"max_delay", 2}));
    ROW(HEBB_E_RANGE, "c: delay = 3 ms is not allowed; it must be between 0 and 2 ms",
        CB({"delay", 3}, {"max_delay", 2}));
    ROW(HEBB_E_RANGE, "c: delay = -1 ms is not allowed; it must be between 0 and 2 ms",
        CB(HEBB_MATRIX("delay", late, right, 2), {"max_delay", 2}));
    ROW(HEBB_E_SHAPE,
        "c: one_to_one needs groups of one size, but the source has 4 neurons and the target 3",
        build_after(hebb_connect(p.net, "c", p.in, p.a, "one_to_one", NULL)));
    ROW(HEBB_E_SHAPE, "c: mask is [4, 3], but [post, pre] is [3, 4]",
        build_after(hebb_connect(p.net, "c", p.in, p.a, "sparse",
                                 HEBB_P(HEBB_MATRIX("mask", w, turned, 2)))));
#undef C
#undef CB
}

/* ---- decoders and monitors ---- */

static hebb_status build_filtered(const char *variable) {
    hebb_connect(p.net, "f", p.in, p.a, "full", HEBB_P(HEBB_STR("syn_type", "1_order_synapse")));
    return hebb_state_monitor(p.net, "m", "f", variable, NULL) < 0 ? hebb_net_build(p.net)
                                                                   : HEBB_OK;
}

static void decoders_and_monitors(void **state) {
    (void)state;
    BUILD(HEBB_E_ARGUMENT,
          "d: the target is no group of this network: its id is -1, and there are 3, from 0 on",
          hebb_decode(p.net, "d", -1, "spike_counts", NULL));
    BUILD(HEBB_E_NAME, "d: there is no decoder 'spike_count'; did you mean 'spike_counts'?",
          hebb_decode(p.net, "d", p.a, "spike_count", NULL));
    BUILD(HEBB_E_NAME, "d: the name of the decoder is missing",
          hebb_decode(p.net, "d", p.a, NULL, NULL));
    BUILD(HEBB_E_UNSUPPORTED,
          "d: the decoder time_softmax is not supported: it needs spikes with a second channel "
          "that holds their times",
          hebb_decode(p.net, "d", p.a, "time_softmax", NULL));
    BUILD(HEBB_E_SHAPE, "d: pop_size = 2 does not divide the 3 neurons of the target",
          hebb_decode(p.net, "d", p.a, "spike_counts", HEBB_P({"pop_size", 2})));
    BUILD(HEBB_E_RANGE, "d: pop_size = 0 is not allowed for spike_counts; it must be at least 1",
          hebb_decode(p.net, "d", p.a, "spike_counts", HEBB_P({"pop_size", 0})));
    BUILD(HEBB_E_GRAPH, "d: 'in' has no membrane potential V to read",
          hebb_decode(p.net, "d", p.in, "voltage_mean", NULL));
    BUILD(HEBB_E_NAME,
          "m: the network has no group or connection 'layer'; it has: in, a, b, c1, c2",
          hebb_state_monitor(p.net, "m", "layer", "V", NULL));
    BUILD(HEBB_E_NAME, "m: 'a' has no variable 'U'; it has: O, V, Isyn",
          hebb_state_monitor(p.net, "m", "a", "U", NULL));
    BUILD(HEBB_E_NAME, "m: 'in' has no variable 'V'; it has: O",
          hebb_state_monitor(p.net, "m", "in", "V", NULL));
    BUILD(HEBB_E_ARGUMENT, "m: target or variable is NULL",
          hebb_state_monitor(p.net, "m", NULL, "V", NULL));
    BUILD(HEBB_E_ARGUMENT, "m: target or variable is NULL",
          hebb_state_monitor(p.net, "m", "a", NULL, NULL));
    BUILD(HEBB_E_NAME,
          "m: connection 'c1' has no variable 'R'; a synapse filter has WgtSum, R and, of second "
          "order, D; every connection has O, what leaves its delays",
          hebb_state_monitor(p.net, "m", "c1", "R", NULL));
    ROW(HEBB_E_NAME,
        "m: connection 'f' has no variable 'D'; a synapse filter has WgtSum, R and, of second "
        "order, D; every connection has O, what leaves its delays",
        build_filtered("D"));
    BUILD(HEBB_E_NAME, "m: the network has no group 'nowhere_near'; it has: in, a, b",
          hebb_spike_monitor(p.net, "m", "nowhere_near", NULL));
    BUILD(HEBB_E_ARGUMENT, "m: 'c1' is a connection; a spike monitor watches a group",
          hebb_spike_monitor(p.net, "m", "c1", NULL));
    BUILD(HEBB_E_NAME, "m: a monitor has no parameter 'dt'; it has none",
          hebb_spike_monitor(p.net, "m", "a", HEBB_P({"dt", 1})));
    BUILD(HEBB_E_NAME, "the name 'a' is taken by a group; names must be unique",
          hebb_spike_monitor(p.net, "a", "a", NULL));
    begin();
    assert_int_equal(hebb_net_group(p.net, "b"), p.b);
    assert_int_equal(hebb_net_group(p.net, "bb"), -1);
    HERE(HEBB_E_NAME, "the network has no group 'bb'; did you mean 'b'?", hebb_error_status(p.ctx));
    build(); /* a question is no failure of the network */
    assert_int_equal(hebb_group_size(p.net, p.b), 2);
    assert_int_equal(hebb_group_size(p.net, 99), 0);
    end();
}

static void enough_rows(void **state) {
    (void)state;
    printf("%zu wrong inputs were refused\n", rows);
    assert_true(rows >= 145);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(contexts),
        cmocka_unit_test(null_objects),
        cmocka_unit_test(null_learners),
        cmocka_unit_test(network_options),
        cmocka_unit_test(groups),
        cmocka_unit_test(group_parameters),
        cmocka_unit_test(connections),
        cmocka_unit_test(weights_and_delays),
        cmocka_unit_test(decoders_and_monitors),
        cmocka_unit_test(enough_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What is refused of calls: out of order, input, runs, parameters, learners,
 * files; and what is said about it. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "refusals.h"

/* ---- out of order ---- */

static void before_build(void **state) {
    (void)state;
    double value[20];
    const float *predict;
    const double *values;
    ROW(HEBB_E_STATE, "hebb_net_run: the network is not built yet; call hebb_net_build first",
        hebb_net_run(p.net, 1));
    ROW(HEBB_E_STATE,
        "hebb_net_run_continue: the network is not built yet; call hebb_net_build first",
        hebb_net_run_continue(p.net, 1));
    ROW(HEBB_E_STATE, "hebb_net_reset: the network is not built yet; call hebb_net_build first",
        hebb_net_reset(p.net));
    ROW(HEBB_E_STATE, "hebb_net_train: the network is not built yet; call hebb_net_build first",
        hebb_net_train(p.net, 0));
    ROW(HEBB_E_STATE, "hebb_net_predict: the network is not built yet; call hebb_net_build first",
        hebb_net_predict(p.net, NULL, &predict, NULL, NULL));
    ROW(HEBB_E_STATE, "hebb_net_get: the network is not built yet; call hebb_net_build first",
        hebb_net_get(p.net, "c1.weight", value, 12));
    ROW(HEBB_E_STATE, "hebb_net_set: the network is not built yet; call hebb_net_build first",
        hebb_net_set(p.net, "c1.weight", value, 12));
    ROW(HEBB_E_STATE, "hebb_net_gradient: the network is not built yet; call hebb_net_build first",
        hebb_net_gradient(p.net, "c1.weight", value, 12));
    ROW(HEBB_E_STATE, "hebb_net_constant: the network is not built yet; call hebb_net_build first",
        hebb_net_constant(p.net, "a.decay_m", value));
    ROW(HEBB_E_STATE, "hebb_net_save: the network is not built yet; call hebb_net_build first",
        hebb_net_save(p.net, "/tmp/x"));
    ROW(HEBB_E_STATE,
        "hebb_monitor_values: the network is not built yet; call hebb_net_build first",
        hebb_monitor_values(p.net, "m", &values, NULL, NULL));
}

static void after_build(void **state) {
    (void)state;
    const float *predict;
    const double *values;
    size_t size;
    hebb_learner *learner;
    begin();
    hebb_net *empty;
    assert_int_equal(hebb_net_create(p.ctx, NULL, &empty), HEBB_OK);
    HERE(HEBB_E_GRAPH, "the network has no neurons", hebb_net_build(empty));
    build();
    build(); /* once more changes nothing */
    assert_int_equal(hebb_neurons(p.net, "n", 1, "lif", NULL), -1);
    HERE(HEBB_E_STATE, "neurons cannot be added: the network is built; make a new one",
         hebb_error_status(p.ctx));
    assert_int_equal(hebb_connect(p.net, "n", p.in, p.a, "full", NULL), -1);
    HERE(HEBB_E_STATE, "a connection cannot be added: the network is built; make a new one",
         hebb_error_status(p.ctx));
    HERE(HEBB_E_STATE, "hebb_learner_create: the network is built; create learners before",
         hebb_learner_create(p.net, "STCA", HEBB_ALL, NULL, &learner));
    HERE(HEBB_E_STATE, "hebb_net_hold: only a network with the option soft has masks to hold",
         hebb_net_hold(p.net, 1));
    HERE(HEBB_E_STATE, "the encoder in has no input; call hebb_net_input before running",
         hebb_net_run(p.net, 1));
    HERE(HEBB_E_STATE, "hebb_monitor_values: there is no run to look at",
         hebb_monitor_values(p.net, "m", &values, NULL, NULL));
    const float data[8] = {1, 1, 1, 1};
    assert_int_equal(hebb_net_input(p.net, "in", data, 1, 4), HEBB_OK);
    assert_int_equal(hebb_net_run(p.net, 3), HEBB_OK);
    HERE(HEBB_E_STATE, "hebb_net_predict: the network has no decoder",
         hebb_net_predict(p.net, NULL, &predict, NULL, NULL));
    HERE(HEBB_E_NAME, "the network has no decoder 'out'; it has none at all",
         hebb_net_predict(p.net, "out", &predict, NULL, NULL));
    HERE(HEBB_E_NAME, "the network has no monitor 'm'; it has none at all",
         hebb_monitor_values(p.net, "m", &values, NULL, NULL));
    HERE(HEBB_E_ARGUMENT, "the name of a monitor is NULL",
         hebb_monitor_spikes(p.net, NULL, 0, NULL, NULL, &size));
    assert_int_equal(hebb_net_input(p.net, "in", data, 2, 4), HEBB_OK);
    HERE(HEBB_E_SHAPE,
         "hebb_net_run_continue: the input has 2 samples, but the run that goes on has 1",
         hebb_net_run_continue(p.net, 1));
    assert_int_equal(hebb_net_reset(p.net), HEBB_OK);
    HERE(HEBB_E_STATE, "hebb_net_predict: there is no run to look at",
         hebb_net_predict(p.net, "out", &predict, NULL, NULL));
    end();
    begin();
    hebb_state_monitor(p.net, "states", "a", "V", NULL);
    hebb_spike_monitor(p.net, "spikes", "a", NULL);
    build();
    assert_int_equal(hebb_net_input(p.net, "in", data, 2, 4), HEBB_OK);
    assert_int_equal(hebb_net_run(p.net, 3), HEBB_OK);
    HERE(HEBB_E_ARGUMENT, "spikes is a spike monitor; use hebb_monitor_spikes",
         hebb_monitor_values(p.net, "spikes", &values, NULL, NULL));
    HERE(HEBB_E_ARGUMENT, "states is a state monitor; use hebb_monitor_values",
         hebb_monitor_spikes(p.net, "states", 0, NULL, NULL, &size));
    HERE(HEBB_E_RANGE, "spikes: sample 2 is not allowed; the last run had 2 samples",
         hebb_monitor_spikes(p.net, "spikes", 2, NULL, NULL, &size));
    HERE(HEBB_E_NAME, "the network has no monitor 'spike'; did you mean 'spikes'?",
         hebb_monitor_spikes(p.net, "spike", 0, NULL, NULL, &size));
    end();
}

/* ---- input and runs ---- */

static hebb_status run_events(double time, uint32_t neuron) {
    const size_t offsets[] = {0, 1};
    HEBB_TRY(hebb_net_input_events(p.net, "events", &time, &neuron, offsets, 1));
    return hebb_net_run(p.net, 5);
}

/* An encoder of each kind of input. */
static void sources(void) {
    begin();
    hebb_encoder(p.net, "rows", 2, "null", NULL);
    hebb_encoder(p.net, "events", 2, "mstb", NULL);
    hebb_encoder(p.net, "single", 2, "sstb", NULL);
    hebb_generator(p.net, "wave", 2, "sin", NULL);
    hebb_connect(p.net, "cr", 3, p.a, "full", NULL);
    hebb_connect(p.net, "ce", 4, p.a, "full", NULL);
    hebb_connect(p.net, "cs", 5, p.a, "full", NULL);
    build();
}

static void input(void **state) {
    (void)state;
    const float data[40] = {0}, bad[4] = {0, NAN, 0, 0};
    const size_t offsets[] = {0, 1, 0}, one[] = {0, 1};
    const double when = 1;
    const uint32_t which = 0;
    sources();
    HERE(HEBB_E_STATE, "the encoder in has no input; call hebb_net_input before running",
         hebb_net_run(p.net, 5));
    HERE(HEBB_E_NAME, "the network has no group 'inn'; did you mean 'in'?",
         hebb_net_input(p.net, "inn", data, 1, 4));
    HERE(HEBB_E_ARGUMENT, "the name of a group is NULL", hebb_net_input(p.net, NULL, data, 1, 4));
    HERE(HEBB_E_ARGUMENT,
         "hebb_net_input: 'a' is a group of neurons; input goes to an encoder or generator",
         hebb_net_input(p.net, "a", data, 1, 3));
    HERE(HEBB_E_ARGUMENT, "hebb_net_input: the data for in is NULL",
         hebb_net_input(p.net, "in", NULL, 1, 4));
    HERE(HEBB_E_RANGE, "hebb_net_input: batch = 0 is not allowed; it must be between 1 and 1048576",
         hebb_net_input(p.net, "in", data, 0, 4));
    HERE(HEBB_E_RANGE,
         "hebb_net_input: batch = 18446744073709551615 is not allowed; it must be between 1 and "
         "1048576",
         hebb_net_input(p.net, "in", data, SIZE_MAX, 4));
    HERE(HEBB_E_SHAPE, "in: 5 values for each sample are given, but it has 4 neurons",
         hebb_net_input(p.net, "in", data, 1, 5));
    HERE(HEBB_E_SHAPE, "in: 0 values for each sample are given, but it has 4 neurons",
         hebb_net_input(p.net, "in", data, 1, 0));
    HERE(HEBB_E_SHAPE,
         "rows: 5 values for each sample are given; they must be a row of 2 for every step",
         hebb_net_input(p.net, "rows", data, 1, 5));
    HERE(HEBB_E_SHAPE, "rows: 1048576 samples of 18446744073709551614 values are too many",
         hebb_net_input(p.net, "rows", data, 1 << 20, SIZE_MAX - 1));
    HERE(HEBB_E_NOT_FINITE, "in: value 1 of the input is nan; all must be finite numbers",
         hebb_net_input(p.net, "in", bad, 1, 4));
    HERE(HEBB_E_ARGUMENT, "events: mstb takes events; use hebb_net_input_events",
         hebb_net_input(p.net, "events", data, 1, 2));
    HERE(HEBB_E_ARGUMENT, "in: poisson takes values; use hebb_net_input",
         hebb_net_input_events(p.net, "in", &when, &which, one, 1));
    HERE(HEBB_E_ARGUMENT, "events: the offsets of the events are NULL",
         hebb_net_input_events(p.net, "events", &when, &which, NULL, 1));
    HERE(HEBB_E_ARGUMENT, "events: the times of the events are NULL",
         hebb_net_input_events(p.net, "events", NULL, &which, one, 1));
    HERE(HEBB_E_ARGUMENT, "events: the neurons of the events are NULL",
         hebb_net_input_events(p.net, "events", &when, NULL, one, 1));
    HERE(HEBB_E_SHAPE, "events: offsets[1] = 1 is above offsets[2] = 0; offsets must not fall",
         hebb_net_input_events(p.net, "events", &when, &which, offsets, 2));
    HERE(HEBB_E_RANGE,
         "hebb_net_input_events: batch = 0 is not allowed; it must be between 1 and 1048576",
         hebb_net_input_events(p.net, "events", &when, &which, one, 0));
    end();
}

static void runs(void **state) {
    (void)state;
    const float data[40] = {0}, times[2] = {2, 99};
    const uint64_t samples[] = {1, 2, (uint64_t)1 << 32};
    sources();
    assert_int_equal(hebb_net_input(p.net, "in", data, 1, 4), HEBB_OK);
    assert_int_equal(hebb_net_input(p.net, "rows", data, 1, 2 * 7), HEBB_OK);
    assert_int_equal(hebb_net_input(p.net, "single", data, 1, 2), HEBB_OK);
    HERE(HEBB_E_ARGUMENT,
         "sample 0: wave: sin needs a source (amplitude, period), or the parameter period",
         run_events(1, 0)); /* the generator without a source */
    assert_int_equal(hebb_net_input(p.net, "wave", (const float[]){1, 5}, 1, 2), HEBB_OK);
    assert_int_equal(run_events(1, 0), HEBB_OK);
    HERE(HEBB_E_RANGE, "sample 0: events: mstb: event 0 names neuron 2, but there are 2 neurons",
         run_events(1, 2));
    HERE(HEBB_E_RANGE,
         "sample 0: events: mstb: the time of event 0 is -1 ms; it must be a finite number of at "
         "least 0 ms",
         run_events(-1, 0));
    HERE(HEBB_E_RANGE,
         "sample 0: events: mstb: the time of event 0 is nan ms; it must be a finite number of at "
         "least 0 ms",
         run_events(NAN, 0));
    assert_int_equal(run_events(1, 1), HEBB_OK);
    HERE(HEBB_E_RANGE,
         "run: time = 0 ms is not allowed; it must be above 0 and at most 1e8 steps of dt = 1 ms",
         hebb_net_run(p.net, 0));
    HERE(HEBB_E_RANGE,
         "run: time = -3 ms is not allowed; it must be above 0 and at most 1e8 steps of dt = 1 ms",
         hebb_net_run(p.net, -3));
    HERE(HEBB_E_RANGE,
         "run: time = nan ms is not allowed; it must be above 0 and at most 1e8 steps of dt = 1 ms",
         hebb_net_run(p.net, NAN));
    HERE(HEBB_E_RANGE,
         "run: time = inf ms is not allowed; it must be above 0 and at most 1e8 steps of dt = 1 ms",
         hebb_net_run(p.net, INFINITY));
    HERE(HEBB_E_RANGE,
         "run: time = 1e+12 ms is not allowed; it must be above 0 and at most 1e8 steps of dt = 1 "
         "ms",
         hebb_net_run(p.net, 1e12));
    HERE(HEBB_E_SHAPE, "rows: the input has values for 7 steps, but the run reaches step 8",
         hebb_net_run(p.net, 8)); /* rows for 7 */
    assert_int_equal(hebb_net_run(p.net, 5), HEBB_OK);
    HERE(HEBB_E_SHAPE, "rows: the input has values for 7 steps, but the run reaches step 8",
         hebb_net_run_continue(p.net, 3));
    assert_int_equal(hebb_net_run_continue(p.net, 2), HEBB_OK);
    assert_int_equal(hebb_net_input(p.net, "single", times, 1, 2), HEBB_OK);
    HERE(HEBB_E_RANGE,
         "sample 0: single: sstb: the spike time 99 ms of neuron 1 is outside the run; it must be "
         "at least 0 and below 5 ms",
         hebb_net_run(p.net, 5));
    assert_int_equal(hebb_net_input(p.net, "in", data, 3, 4), HEBB_OK);
    HERE(HEBB_E_SHAPE, "the input of in has 3 samples, but that of rows has 1",
         hebb_net_run(p.net, 5));
    HERE(HEBB_E_RANGE,
         "hebb_net_presentation: batch = 0 is not allowed; it must be between 1 and 1048576",
         hebb_net_presentation(p.net, 0, samples, 0));
    HERE(HEBB_E_RANGE,
         "hebb_net_presentation: epoch = 4294967296 is not allowed; it must be below 2^32",
         hebb_net_presentation(p.net, (uint64_t)1 << 32, samples, 2));
    HERE(HEBB_E_RANGE,
         "hebb_net_presentation: sample 4294967296 is not allowed; it must be below 2^32",
         hebb_net_presentation(p.net, 0, samples, 3));
    end();
    begin();
    build();
    assert_int_equal(hebb_net_input(p.net, "in", data, 3, 4), HEBB_OK);
    assert_int_equal(hebb_net_presentation(p.net, 0, samples, 2), HEBB_OK);
    HERE(HEBB_E_SHAPE, "hebb_net_presentation named 2 samples, but the input has 3",
         hebb_net_run(p.net, 5));
    end();
}

/* ---- parameters ---- */

static void parameters(void **state) {
    (void)state;
    double v[12] = {0}, huge[12] = {1e39}, bad[12] = {0, 0, 0, NAN};
    begin();
    hebb_connect(p.net, "slow", p.in, p.a, "full", HEBB_P({"max_delay", 3}));
    hebb_connect(p.net, "held", p.in, p.a, "full", HEBB_P({"weight", -2}, {"w_max", -1}));
    hebb_connect(p.net, "few", p.in, p.a, "sparse", HEBB_P({"density", 0}));
    build();
    HERE(HEBB_E_NAME,
         "hebb_net_get: the network has no parameter 'c1.weigth'; did you mean 'c1.weight'?",
         hebb_net_get(p.net, "c1.weigth", v, 12));
    HERE(HEBB_E_NAME,
         "hebb_net_get: the network has no parameter 'zzzzzzzzz'; hebb_net_param_name lists what "
         "there is",
         hebb_net_get(p.net, "zzzzzzzzz", v, 12));
    HERE(HEBB_E_ARGUMENT, "hebb_net_get: the parameter's name is NULL",
         hebb_net_get(p.net, NULL, v, 12));
    HERE(HEBB_E_ARGUMENT, "hebb_net_get: the values of c1.weight are NULL",
         hebb_net_get(p.net, "c1.weight", NULL, 12));
    HERE(HEBB_E_SHAPE, "hebb_net_get: count = 11 is not allowed for c1.weight; it must be 12",
         hebb_net_get(p.net, "c1.weight", v, 11));
    HERE(HEBB_E_SHAPE, "hebb_net_set: count = 3 is not allowed for a.tau_m; it must be 1",
         hebb_net_set(p.net, "a.tau_m", v, 3));
    HERE(HEBB_E_RANGE, "a.tau_m = 0 is not allowed; it must be above 0",
         hebb_net_set(p.net, "a.tau_m", v, 1));
    HERE(HEBB_E_NOT_FINITE, "c1.weight[3] = nan; all must be finite numbers",
         hebb_net_set(p.net, "c1.weight", bad, 12));
    HERE(HEBB_E_RANGE,
         "c1.weight[0] = 1e+39 does not fit into a float; precision = double can hold it",
         hebb_net_set(p.net, "c1.weight", huge, 12));
    HERE(HEBB_E_RANGE, "held.weight[0] = 0 is not allowed; it must be at most -1",
         hebb_net_set(p.net, "held.weight", v, 12));
    HERE(HEBB_E_SHAPE,
         "few.weight: 2 values stand where the connection has no synapse; they must be 0",
         hebb_net_set(p.net, "few.weight", (const double[12]){0, 1, 2}, 12));
    HERE(HEBB_E_UNSUPPORTED, "slow.delay: delays are fixed when the network is built",
         hebb_net_set(p.net, "slow.delay", v, 12));
    HERE(HEBB_E_STATE, "hebb_net_gradient: c1.weight has no gradient; no learner trains it",
         hebb_net_gradient(p.net, "c1.weight", v, 12));
    HERE(
        HEBB_E_NAME,
        "hebb_net_param_shape: the network has no parameter 'c3.weight'; did you mean 'c1.weight'?",
        hebb_net_param_shape(p.net, "c3.weight", NULL, NULL));
    HERE(HEBB_E_NAME, "hebb_net_constant: a (lif) has no constant 'tau_q'; did you mean 'tauM'?",
         hebb_net_constant(p.net, "a.tau_q", v));
    HERE(HEBB_E_NAME,
         "hebb_net_constant: 'a' is not the constant of a group of neurons, such as layer1.tauM",
         hebb_net_constant(p.net, "a", v));
    HERE(HEBB_E_ARGUMENT, "hebb_net_constant: name is NULL", hebb_net_constant(p.net, NULL, v));
    HERE(HEBB_E_ARGUMENT, "hebb_net_constant: value is NULL",
         hebb_net_constant(p.net, "a.decay_m", NULL));
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
    return hebb_learner_create(net, "sbp", HEBB_ALL,
                               HEBB_P(HEBB_CALL("surrogate_func", bent, NULL)), &p.learner);
}

static void describing_learners(void **state) {
    (void)state;
    ROW(HEBB_E_NAME, "there is no learner 'STCAA'; did you mean 'STCA'?", learner("STCAA", NULL));
    ROW(HEBB_E_NAME, "the name of the learner is missing", learner(NULL, NULL));
    ROW(HEBB_E_NAME, "there is no learner 'backprop'; there are: STCA, STBP, sbp",
        learner("backprop", NULL));
    ROW(HEBB_E_NAME, "STCA has no parameter 'alhpa'; did you mean 'alpha'?",
        learner("STCA", HEBB_P({"alhpa", 1})));
    ROW(HEBB_E_RANGE, "alpha = 0 is not allowed for STCA; it must be above 0",
        learner("STCA", HEBB_P({"alpha", 0})));
    ROW(HEBB_E_RANGE, "truncate = -1 is not allowed for STCA; it must be at least 0 steps",
        learner("STCA", HEBB_P({"truncate", -1})));
    ROW(HEBB_E_RANGE, "truncate = 1.5 is not allowed for STCA; it must be a whole number",
        learner("STCA", HEBB_P({"truncate", 1.5})));
    ROW(HEBB_E_NAME,
        "form = 'papper' is not allowed for STCA; it must be one of spaic, paper; did you mean "
        "'paper'?",
        learner("STCA", HEBB_P(HEBB_STR("form", "papper"))));
    ROW(HEBB_E_NAME, "sbp: there is no surrogate 'attan'; did you mean 'atan'?",
        learner("sbp", HEBB_P(HEBB_STR("surrogate_func", "attan"))));
    ROW(HEBB_E_PARSE,
        "surrogate_func: ')' is missing at position 11 of the expression '1 / (1 + u'",
        learner("sbp", HEBB_P(HEBB_STR("surrogate_func", "1 / (1 + u"))));
    ROW(HEBB_E_ARGUMENT,
        "sbp: soft mode needs the antiderivative of your surrogate (call_integral)",
        soft_learner());
    ROW(HEBB_E_ARGUMENT, "hebb_learner_create: learner is NULL",
        hebb_learner_create(p.net, "STCA", HEBB_ALL, NULL, NULL));
    begin();
    assert_int_equal(hebb_learner_create(p.net, "STCA", HEBB_NAMES("cc1"), NULL, &p.learner),
                     HEBB_OK);
    HERE(HEBB_E_STATE, "a schedule changes an optimizer's learning rate; set the optimizer first",
         hebb_learner_set_schedule(p.learner, "StepLR", NULL));
    HERE(HEBB_E_NAME, "there is no optimizer 'Adem'; did you mean 'Adam'?",
         hebb_learner_set_optimizer(p.learner, "Adem", 0.1, NULL));
    HERE(HEBB_E_NAME, "the name of the optimizer is missing",
         hebb_learner_set_optimizer(p.learner, NULL, 0.1, NULL));
    HERE(HEBB_E_RANGE, "Adam: lr = -0.1 is not allowed; it must be at least 0 and finite",
         hebb_learner_set_optimizer(p.learner, "Adam", -0.1, NULL));
    HERE(HEBB_E_RANGE, "Adam: lr = nan is not allowed; it must be at least 0 and finite",
         hebb_learner_set_optimizer(p.learner, "Adam", NAN, NULL));
    HERE(
        HEBB_E_NAME,
        "Adam has no parameter 'momentum'; it has: lr, betas, eps, weight_decay, amsgrad, maximize",
        hebb_learner_set_optimizer(p.learner, "Adam", 0.1, HEBB_P({"momentum", 1})));
    HERE(HEBB_E_ARGUMENT, "Adam: lr is given twice; it does not belong among the parameters",
         hebb_learner_set_optimizer(p.learner, "Adam", 0.1, HEBB_P({"lr", 1})));
    HERE(HEBB_E_SHAPE, "Adam: betas must be two numbers, not 1",
         hebb_learner_set_optimizer(p.learner, "Adam", 0.1,
                                    HEBB_P(HEBB_NUMBERS("betas", (const double[]){0.9}, 1))));
    HERE(HEBB_E_STATE, "the network has no decoder to take a loss from",
         hebb_learner_set_loss(p.learner, NULL, "mse", NULL));
    HERE(HEBB_E_NAME, "the network has no decoder 'out'; it has none at all",
         hebb_learner_set_loss(p.learner, "out", "mse", NULL));
    assert_int_equal(hebb_learner_set_optimizer(p.learner, "Adam", 0.1, NULL), HEBB_OK);
    HERE(HEBB_E_NAME, "there is no schedule 'StepRL'; did you mean 'StepLR'?",
         hebb_learner_set_schedule(p.learner, "StepRL", NULL));
    HERE(HEBB_E_ARGUMENT,
         "LambdaLR needs the parameter lr_lambda (factor as a function, or an expression such as "
         "0.95 ** epoch)",
         hebb_learner_set_schedule(p.learner, "LambdaLR", NULL));
    HERE(HEBB_E_RANGE,
         "step_size = 0 is not allowed for StepLR; it must be between 1 and 1e+15 steps",
         hebb_learner_set_schedule(p.learner, "StepLR", HEBB_P({"step_size", 0})));
    HERE(HEBB_E_STATE, "optim_step: the network is not built yet; call hebb_net_build first",
         hebb_learner_optim_step(p.learner));
    HERE(HEBB_E_STATE, "schedule_step: the learner STCA has no schedule; set one",
         hebb_learner_schedule_step(p.learner, 0));
    HERE(HEBB_E_STATE,
         "hebb_learner_zero_grad: the network is not built yet; call hebb_net_build first",
         hebb_learner_zero_grad(p.learner));
    HERE(HEBB_E_NAME,
         "trainable: the network has no group, connection or parameter 'cc1'; did you mean 'c1'?",
         hebb_net_build(p.net));
    HERE(HEBB_E_NAME,
         "trainable: the network has no group, connection or parameter 'cc1'; did you mean 'c1'?",
         hebb_net_build(p.net)); /* and again */
    end();
}

static void learning(void **state) {
    (void)state;
    const float data[8] = {1, 1, 1, 1, 1, 1, 1, 1}, targets[4] = {0, 1, NAN, 0},
                g[4] = {0, INFINITY};
    const int32_t labels[] = {0, 1}, beyond[] = {0, 2}, below[] = {-1, 0};
    double loss;
    begin();
    hebb_decode(p.net, "out", p.b, "spike_counts", NULL);
    assert_int_equal(hebb_learner_create(p.net, "STCA", HEBB_ALL, NULL, &p.learner), HEBB_OK);
    HERE(HEBB_E_STATE, "loss: the network is not built yet; call hebb_net_build first",
         hebb_learner_loss(p.learner, labels, 2, &loss));
    HERE(HEBB_E_STATE, "backward: the network is not built yet; call hebb_net_build first",
         hebb_learner_backward(p.learner));
    HERE(HEBB_E_NAME, "the network has no decoder 'outt'; did you mean 'out'?",
         hebb_learner_set_loss(p.learner, "outt", "mse", NULL));
    HERE(HEBB_E_NAME, "out: there is no loss 'cross_entrpy'; did you mean 'cross_entropy'?",
         hebb_learner_set_loss(p.learner, "out", "cross_entrpy", NULL));
    build();
    HERE(HEBB_E_STATE, "loss: there is no run to look at",
         hebb_learner_loss(p.learner, labels, 2, &loss));
    assert_int_equal(hebb_net_input(p.net, "in", data, 2, 4), HEBB_OK);
    assert_int_equal(hebb_net_run(p.net, 5), HEBB_OK);
    HERE(HEBB_E_STATE, "backward: take the loss of the last run first",
         hebb_learner_backward(p.learner));
    HERE(HEBB_E_ARGUMENT, "loss: the labels are NULL",
         hebb_learner_loss(p.learner, NULL, 2, &loss));
    HERE(HEBB_E_SHAPE, "loss: batch = 1 is not allowed; the last run had 2",
         hebb_learner_loss(p.learner, labels, 1, &loss));
    HERE(HEBB_E_RANGE,
         "cross_entropy: the label of sample 1 is 2, but labels of 2 classes are between 0 and 1",
         hebb_learner_loss(p.learner, beyond, 2, &loss));
    HERE(HEBB_E_RANGE,
         "cross_entropy: the label of sample 0 is -1, but labels of 2 classes are between 0 and 1",
         hebb_learner_loss(p.learner, below, 2, &loss));
    HERE(HEBB_E_ARGUMENT, "loss: the targets are NULL",
         hebb_learner_loss_targets(p.learner, NULL, 2, 2, &loss));
    HERE(HEBB_E_SHAPE, "loss: the targets have 3 classes, but the decoder out has 2",
         hebb_learner_loss_targets(p.learner, targets, 2, 3, &loss));
    assert_int_equal(hebb_learner_set_loss(p.learner, "out", "mse", NULL), HEBB_OK);
    HERE(HEBB_E_NOT_FINITE,
         "mse: the target of class 0 for sample 1 is nan; all must be finite numbers",
         hebb_learner_loss_targets(p.learner, targets, 2, 2, &loss));
    HERE(HEBB_E_ARGUMENT, "backward_from: the gradient is NULL",
         hebb_learner_backward_from(p.learner, NULL, 2, 2));
    HERE(HEBB_E_NOT_FINITE, "backward_from: gradient[1] is inf; all must be finite",
         hebb_learner_backward_from(p.learner, g, 2, 2));
    HERE(HEBB_E_SHAPE, "backward_from: batch = 3 is not allowed; the last run had 2",
         hebb_learner_backward_from(p.learner, g, 3, 2));
    HERE(HEBB_E_SHAPE, "backward_from: the gradient has 4 classes, but the decoder out has 2",
         hebb_learner_backward_from(p.learner, g, 2, 4));
    end();
}

static void steps(void **state) {
    (void)state;
    const float data[8] = {1, 1, 1, 1, 1, 1, 1, 1};
    const int32_t labels[] = {0, 1};
    double loss;
    begin();
    hebb_decode(p.net, "out", p.b, "spike_counts", NULL);
    assert_int_equal(hebb_learner_create(p.net, "STCA", HEBB_ALL, NULL, &p.learner), HEBB_OK);
    build();
    assert_int_equal(hebb_net_input(p.net, "in", data, 2, 4), HEBB_OK);
    assert_int_equal(hebb_net_run(p.net, 5), HEBB_OK);
    HERE(HEBB_E_STATE, "optim_step: the learner STCA has no optimizer; set one",
         hebb_learner_optim_step(p.learner));
    HERE(HEBB_E_STATE, "schedule_step: the learner STCA has no schedule; set one",
         hebb_learner_schedule_step(p.learner, 0));
    HERE(HEBB_E_ARGUMENT, "optim_step_closure: the closure is NULL",
         hebb_learner_optim_step_closure(p.learner, NULL, NULL));
    HERE(HEBB_E_STATE, "SparseAdam must be chosen before hebb_net_build, which plans its memory",
         hebb_learner_set_optimizer(p.learner, "SparseAdam", 0.1, NULL));
    assert_int_equal(hebb_learner_set_optimizer(p.learner, "LBFGS", 0.1, NULL), HEBB_OK);
    HERE(HEBB_E_ARGUMENT, "LBFGS evaluates the loss more than once in a step: it needs a closure",
         hebb_learner_optim_step(p.learner));
    assert_int_equal(hebb_learner_loss(p.learner, labels, 2, &loss), HEBB_OK);
    assert_int_equal(hebb_learner_backward(p.learner), HEBB_OK);
    HERE(HEBB_E_STATE, "backward: take the loss of the last run first",
         hebb_learner_backward(p.learner)); /* twice */
    assert_int_equal(hebb_net_train(p.net, 0), HEBB_OK);
    assert_int_equal(hebb_net_run(p.net, 5), HEBB_OK);
    assert_int_equal(hebb_learner_loss(p.learner, labels, 2, &loss), HEBB_OK);
    HERE(HEBB_E_STATE,
         "backward: the last run kept no tape, because training was off (hebb_net_train)",
         hebb_learner_backward(p.learner));
    end();
}

static void several_decoders_and_masks(void **state) {
    (void)state;
    const float data[8] = {1, 1, 1, 1, 1, 1, 1, 1}, g[4] = {0};
    const int32_t labels[] = {0, 1};
    double loss;
    begin();
    hebb_decode(p.net, "out", p.b, "spike_counts", NULL);
    hebb_decode(p.net, "record", p.b, "null", NULL);
    assert_int_equal(hebb_learner_create(p.net, "STCA", HEBB_ALL, NULL, &p.learner), HEBB_OK);
    HERE(HEBB_E_ARGUMENT,
         "the network has 2 decoders; name the one that the loss is taken from, such as 'out'",
         hebb_learner_set_loss(p.learner, NULL, "mse", NULL));
    HERE(HEBB_E_UNSUPPORTED,
         "record: the decoder null gives the whole record; use hebb_learner_backward_from with a "
         "gradient of your own",
         hebb_learner_set_loss(p.learner, "record", "mse", NULL));
    build();
    assert_int_equal(hebb_net_input(p.net, "in", data, 2, 4), HEBB_OK);
    assert_int_equal(hebb_net_run(p.net, 5), HEBB_OK);
    HERE(HEBB_E_STATE, "loss: choose a decoder with hebb_learner_set_loss; the network has 2",
         hebb_learner_loss(p.learner, labels, 2, &loss));
    HERE(HEBB_E_STATE, "backward: choose a decoder with hebb_learner_set_loss; the network has 2",
         hebb_learner_backward_from(p.learner, g, 2, 2));
    const float *predict;
    HERE(HEBB_E_ARGUMENT, "hebb_net_predict: the network has 2 decoders; name one, such as 'out'",
         hebb_net_predict(p.net, NULL, &predict, NULL, NULL));
    end();
    begin_with(&(hebb_net_options){
        .struct_size = sizeof(hebb_net_options), .dt = 1, .soft = 1, .batch_max = 1});
    build();
    HERE(HEBB_E_STATE, "hebb_net_hold: there is no run whose masks could be held",
         hebb_net_hold(p.net, 1));
    assert_int_equal(hebb_net_input(p.net, "in", data, 2, 4), HEBB_OK);
    assert_int_equal(hebb_net_run(p.net, 5), HEBB_OK);
    assert_int_equal(hebb_net_hold(p.net, 1), HEBB_OK);
    HERE(HEBB_E_SHAPE,
         "hebb_net_hold: the masks that are held are of a run of 2 samples and 5 steps, but this "
         "one has 2 and 6",
         hebb_net_run(p.net, 6));
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
    return hebb_net_load(p.net,
                         file_of("cut", bytes, keep < 0 ? count - (size_t)-keep : (size_t)keep));
}

static void files(void **state) {
    (void)state;
    assert_non_null(mkdtemp(folder));
    begin();
    build();
    assert_int_equal(hebb_net_save(p.net, file_of("good", NULL, 0)), HEBB_OK);
    assert_int_equal(hebb_net_load(p.net, file_of("good", NULL, 0)), HEBB_OK);
    HERE(HEBB_E_ARGUMENT, "hebb_net_save: path is NULL", hebb_net_save(p.net, NULL));
    HERE(HEBB_E_ARGUMENT, "hebb_net_load: path is NULL", hebb_net_load(p.net, NULL));
    HERE(HEBB_E_IO, "cannot write '/nowhere/at/all': No such file or directory",
         hebb_net_save(p.net, "/nowhere/at/all"));
    HERE(HEBB_E_IO, "missing': No such file or directory",
         hebb_net_load(p.net, file_of("missing", NULL, 0)));
    HERE(HEBB_E_IO, "': Is a directory", hebb_net_load(p.net, folder));
    HERE(HEBB_E_FORMAT,
         "empty' is not a valid safetensors file: it has 0 bytes, fewer than the 8 of the header's "
         "length",
         hebb_net_load(p.net, file_of("empty", "", 0)));
    HERE(HEBB_E_FORMAT,
         "short' is not a valid safetensors file: it has 3 bytes, fewer than the 8 of the header's "
         "length",
         hebb_net_load(p.net, file_of("short", "\x08\0\0", 3)));
    HERE(HEBB_E_FORMAT,
         "png' is not a valid safetensors file: a header of 727905341920923785 bytes does not fit "
         "into a file of 17 (at most 100000000)",
         hebb_net_load(p.net, file_of("png", "\x89PNG\r\n\x1a\n and more", 17)));
    HERE(HEBB_E_FORMAT,
         "big' is not a valid safetensors file: a header of 9223372036854775807 bytes does not fit "
         "into a file of 10 (at most 100000000)",
         hebb_net_load(p.net, file_of("big", "\xff\xff\xff\xff\xff\xff\xff\x7f{}", 10)));
    HERE(HEBB_E_FORMAT,
         "json' is not a valid safetensors file: ':' is missing at byte 4 of the header",
         hebb_net_load(p.net, file_of("json", "\x04\0\0\0\0\0\0\0{\"a\"", 12)));
    HERE(HEBB_E_FORMAT, "none' has no 'a.tau_m'; it is of another network",
         hebb_net_load(p.net, file_of("none", "\x02\0\0\0\0\0\0\0{}", 10)));
    HERE(HEBB_E_FORMAT,
         "cut' is not a valid safetensors file: it has 7 bytes, fewer than the 8 of the header's "
         "length",
         load_cut(7));
    HERE(HEBB_E_FORMAT,
         "cut' is not a valid safetensors file: a header of 680 bytes does not fit into a file of "
         "20 (at most 100000000)",
         load_cut(20));
    HERE(HEBB_E_FORMAT,
         "cut' is not a valid safetensors file: tensor 'c2.weight' goes beyond the file",
         load_cut(-1));
    hebb_net *other;
    assert_int_equal(hebb_net_create(p.ctx, NULL, &other), HEBB_OK);
    hebb_group in = hebb_encoder(other, "in", 5, "poisson", NULL);
    hebb_group a = hebb_neurons(other, "a", 3, "lif", NULL);
    hebb_connect(other, "c1", in, a, "full", NULL);
    assert_int_equal(hebb_net_build(other), HEBB_OK);
    HERE(HEBB_E_SHAPE, "good': 'c1.weight' has the shape [3, 4]; the network's is [3, 5]",
         hebb_net_load(other, file_of("good", NULL, 0)));
    const char *text;
    HERE(HEBB_E_IO, "missing': No such file or directory",
         hebb_file_describe(p.ctx, file_of("missing", NULL, 0), &text));
    HERE(HEBB_E_FORMAT,
         "short' is not a valid safetensors file: it has 3 bytes, fewer than the 8 of the header's "
         "length",
         hebb_file_describe(p.ctx, file_of("short", NULL, 0), &text));
    end();
    static const char *const made[] = {"good", "empty", "short", "png",
                                       "big",  "json",  "none",  "cut"};
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
    HERE(HEBB_E_NAME, "there is no neuron 'liff'; did you mean 'lif'?",
         hebb_component_page(p.ctx, "neuron", "liff", &text));
    HERE(HEBB_E_NAME, "there is no kind 'neurn' of components; did you mean 'neuron'?",
         hebb_component_page(p.ctx, "neurn", "lif", &text));
    HERE(HEBB_E_NAME,
         "there is no component 'nothing like it'; hebb_component_name lists what there is",
         hebb_component_page(p.ctx, NULL, "nothing like it", &text));
    HERE(HEBB_E_NAME, "hebb_encode: there is no encoder 'poison'; did you mean 'poisson'?",
         hebb_encode(p.ctx, "poison", NULL, 1, NULL, real, 1, 4, 1, real));
    HERE(HEBB_E_RANGE, "hebb_encode: dt = 0 is not allowed; it must be above 0 ms and finite",
         hebb_encode(p.ctx, "poisson", NULL, 0, NULL, real, 1, 4, 1, real));
    HERE(HEBB_E_ARGUMENT, "hebb_encode: data is NULL",
         hebb_encode(p.ctx, "poisson", NULL, 1, NULL, NULL, 1, 4, 1, real));
    HERE(HEBB_E_NAME,
         "hebb_decode_record: there is no decoder 'spike_cuonts'; did you mean 'spike_counts'?",
         hebb_decode_record(p.ctx, "spike_cuonts", NULL, &value, 1, 1, 1, &value, 1, &count));
    HERE(HEBB_E_NAME, "there is no optimizer 'Adamn'; did you mean 'Adam'?",
         hebb_optimizer_create(p.ctx, "Adamn", 0.1, NULL, &optimizer));
    HERE(HEBB_E_RANGE, "SGD: lr = -1 is not allowed; it must be at least 0 and finite",
         hebb_optimizer_create(p.ctx, "SGD", -1, NULL, &optimizer));
    HERE(HEBB_E_NAME,
         "there is no data set 'strokse' and no folder of that name; did you mean 'strokes'?",
         hebb_dataset_open(p.ctx, "strokse", "train", NULL, 10, &data));
    HERE(HEBB_E_NAME,
         "split = 'trian' is not allowed for strokes; it must be train or test; did you mean "
         "'train'?",
         hebb_dataset_open(p.ctx, "strokes", "trian", NULL, 10, &data));
    HERE(HEBB_E_ARGUMENT, "hebb_dataset_from_arrays: samples is NULL",
         hebb_dataset_from_arrays(p.ctx, NULL, NULL, 1, 1, 1, &data));
    end();
}

static void enough_rows(void **state) {
    (void)state;
    printf("%zu wrong inputs were refused\n", rows);
    assert_true(rows >= 150);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(before_build),
        cmocka_unit_test(after_build),
        cmocka_unit_test(input),
        cmocka_unit_test(runs),
        cmocka_unit_test(parameters),
        cmocka_unit_test(describing_learners),
        cmocka_unit_test(learning),
        cmocka_unit_test(steps),
        cmocka_unit_test(several_decoders_and_masks),
        cmocka_unit_test(files),
        cmocka_unit_test(by_themselves),
        cmocka_unit_test(enough_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

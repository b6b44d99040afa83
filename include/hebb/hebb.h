/* hebb.h - build spiking neural networks, run them and teach them.
 *
 * Read top to bottom: status, values, context, network, running, decoders,
 * learners, training, optimizers and schedules by themselves, coding by itself.
 *
 * Ownership: context -> network -> learners. Freeing a parent frees its
 * children; freeing early and freeing NULL are fine. Arrays that you pass are
 * borrowed for the call only. Pointers that a getter returns stay valid until
 * the next build or free of their owner.
 *
 * Shapes: sequences are [T, B, N] (time, batch, neuron) and dense weights
 * [post, pre], row-major. Times are in ms.
 *
 * Threads: one context may be used by one thread at a time.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HEBB_H
#define HEBB_H

#include <stddef.h>
#include <stdint.h>

#define HEBB_VERSION_MAJOR  0
#define HEBB_VERSION_MINOR  1
#define HEBB_VERSION_PATCH  0
#define HEBB_VERSION_STRING "0.1.0"

#if defined(_WIN32)
#define HEBB_API __declspec(dllexport)
#elif defined(__GNUC__)
#define HEBB_API __attribute__((visibility("default")))
#else
#define HEBB_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* ---- status ------------------------------------------------------------ */

/* Every function that can fail returns one of these. 0 is success, negative
 * an error, positive information. The numbers never change. */
typedef enum hebb_status {
    HEBB_OK = 0,
    HEBB_DONE = 1,           /* nothing left (end of data, early stop) */
    HEBB_STOPPED = 2,        /* the caller's callback asked to stop */
    HEBB_E_ARGUMENT = -1,    /* a NULL, an unknown option, a wrong type */
    HEBB_E_RANGE = -2,       /* a number outside its allowed range */
    HEBB_E_NAME = -3,        /* no component, parameter or object of that name */
    HEBB_E_SHAPE = -4,       /* sizes that do not fit together */
    HEBB_E_STATE = -5,       /* a call out of order (run before build, ...) */
    HEBB_E_GRAPH = -6,       /* a network that cannot be built as described */
    HEBB_E_NOT_FINITE = -7,  /* NaN or infinity in a loss, gradient or weight */
    HEBB_E_UNSUPPORTED = -8, /* left out of this build, or not possible together */
    HEBB_E_MEMORY = -10,     /* out of memory */
    HEBB_E_IO = -20,         /* the operating system refused a file operation */
    HEBB_E_FORMAT = -21,     /* a file's bytes are not what its format asks for */
    HEBB_E_PARSE = -22,      /* a text (YAML, expression) cannot be read */
    HEBB_E_INTERNAL = -90    /* a bug in hebb; please report it */
} hebb_status;

/* The name of a status ("HEBB_E_RANGE"); "unknown status" for other numbers. */
HEBB_API const char *hebb_status_name(hebb_status status);

/* "0.1.0" and the build's features as text ("float32 openblas 0.3.21 ..."). */
HEBB_API const char *hebb_version(void);
HEBB_API const char *hebb_build_info(void);

/* Returns from the caller on failure; lets HEBB_DONE and friends pass. */
#define HEBB_TRY(call)                                                                             \
    do {                                                                                           \
        hebb_status hebb_try_status = (call);                                                      \
        if (hebb_try_status < 0) return hebb_try_status;                                           \
    } while (0)

/* ---- values ------------------------------------------------------------ */

typedef enum hebb_kind {
    HEBB_NUMBER = 0, /* number (also for integers and booleans) */
    HEBB_TEXT,       /* text */
    HEBB_LIST,       /* list[count] of doubles */
    HEBB_ARRAY,      /* list[count], with shape[ndim]: weights, delays, masks */
    HEBB_CALLBACK    /* call(user, x) -> double: surrogate, lr_lambda */
} hebb_kind;

typedef double (*hebb_function)(void *user, double x);

/* One parameter of a component. The plain form {"tau_m", 20.0} is a number. */
typedef struct hebb_param {
    const char *name;
    double number;
    hebb_kind kind;
    const char *text;
    const double *list;
    size_t count;
    const size_t *shape;
    size_t ndim;
    hebb_function call;
    hebb_function call_integral; /* a surrogate's antiderivative (soft mode), or NULL */
    void *user;
} hebb_param;

/* A parameter list: HEBB_P({"tau_m", 20.0}, {"v_th", 0.5}). NULL means all
 * defaults. A list ends with an entry whose name is NULL. */
#ifndef __cplusplus
#define HEBB_P(...) ((const hebb_param[]){__VA_ARGS__, {.name = NULL}})
#define HEBB_STR(key, value)                                                                       \
    { .name = (key), .kind = HEBB_TEXT, .text = (value) }
#define HEBB_NUMBERS(key, values, n)                                                               \
    { .name = (key), .kind = HEBB_LIST, .list = (values), .count = (n) }
#define HEBB_MATRIX(key, values, shape_, ndim_)                                                    \
    { .name = (key), .kind = HEBB_ARRAY, .list = (values), .shape = (shape_), .ndim = (ndim_) }
#define HEBB_CALL(key, fn, user_)                                                                  \
    { .name = (key), .kind = HEBB_CALLBACK, .call = (fn), .user = (user_) }
#define HEBB_NAMES(...) ((const char *const[]){__VA_ARGS__, NULL})
#endif
#define HEBB_ALL ((const char *const *)0)

/* ---- context ----------------------------------------------------------- */

typedef struct hebb_ctx hebb_ctx;

/* All memory of a context goes through these. free receives what alloc or
 * realloc gave; realloc is told the old size. */
typedef struct hebb_allocator {
    void *(*alloc)(void *user, size_t size);
    void *(*realloc)(void *user, void *pointer, size_t old_size, size_t new_size);
    void (*free)(void *user, void *pointer);
    void *user;
} hebb_allocator;

typedef struct hebb_ctx_options {
    size_t struct_size;
    const hebb_allocator *allocator; /* NULL: malloc */
    int threads;                     /* 1..256; default: the cores that this process may use */
    uint64_t seed;                   /* default 0 */
    void (*log)(void *user, const char *line); /* notes and warnings; NULL: none */
    void *log_user;
} hebb_ctx_options;

HEBB_API hebb_ctx_options hebb_ctx_options_default(void);
HEBB_API hebb_status hebb_ctx_create(const hebb_ctx_options *options, hebb_ctx **ctx);
HEBB_API void hebb_ctx_free(hebb_ctx *ctx);
/* One sentence about the last failure: what, where, which value, what is
 * allowed. Never NULL; "" if nothing has failed. ctx NULL: about this thread's
 * last failure that had no context to keep it: one that could not be created,
 * or NULL in the place of an object. */
HEBB_API const char *hebb_error(const hebb_ctx *ctx);
HEBB_API hebb_status hebb_error_status(const hebb_ctx *ctx);
HEBB_API int hebb_ctx_threads(const hebb_ctx *ctx);
HEBB_API uint64_t hebb_ctx_seed(const hebb_ctx *ctx);
/* Work items done by each thread since the context was created. */
HEBB_API uint64_t hebb_ctx_work_done(const hebb_ctx *ctx, int thread);

/* ---- components -------------------------------------------------------- */

/* What exists: kind is "neuron", "connection", "synapse", "initializer",
 * "encoder", "generator", "decoder", "reward", "action", "learner", "surrogate", "loss",
 * "optimizer", "schedule", "dataset" or "section" (of a run file). Walk with
 * index 0, 1, ... until NULL. */
HEBB_API const char *hebb_component_kind(size_t index);
HEBB_API const char *hebb_component_name(const char *kind, size_t index);
/* One line of meaning; NULL past the end. */
HEBB_API const char *hebb_component_summary(const char *kind, size_t index);
/* The component's page as Markdown: meaning, equation, source, aliases and a
 * table of parameters. *text belongs to the context and lives until the next
 * call. HEBB_E_NAME suggests the nearest name. kind may be NULL. */
HEBB_API hebb_status hebb_component_page(hebb_ctx *ctx, const char *kind, const char *name,
                                         const char **text);
/* The nearest of names (NULL ends them; "a|b" holds two) for "did you mean";
 * "" where none is near. Lives until the next call in this thread. */
HEBB_API const char *hebb_nearest(const char *wanted, const char *const *names);
/* What a safetensors file holds: arrays with type and shape, and metadata.
 * *text as above. */
HEBB_API hebb_status hebb_file_describe(hebb_ctx *ctx, const char *path, const char **text);
/* A YAML file (such as a run file) as one JSON text, for callers that read no YAML:
 * unquoted numbers and truth values become such, inf "Infinity". *text as above. */
HEBB_API hebb_status hebb_file_json(hebb_ctx *ctx, const char *path, const char **text);

/* ---- network ----------------------------------------------------------- */

typedef struct hebb_net hebb_net;
typedef int hebb_group; /* neurons, an encoder or a generator; -1 is none */
typedef int hebb_connection;
typedef int hebb_decoder;
typedef int hebb_monitor;
typedef int hebb_reward;

typedef struct hebb_net_options {
    size_t struct_size;
    double dt;             /* ms, > 0; default 0.1 */
    const char *latency;   /* "one_step" (default): a spike arrives in the next step;
                              "same_step": in the same step, loops need a delay */
    const char *compat;    /* "none" (default) or "spaic": SPAIC 0.6.3's numbers, quirks included */
    const char *precision; /* "float" (default) or "double" */
    const char
        *schedule;   /* "auto" (default): whole sequences where possible; "step": step by step */
    int soft;        /* 1: spikes become the surrogate's antiderivative (gradient checks) */
    int batch_max;   /* plan for this batch (default 1); a larger run plans once more */
    double time_max; /* ms, likewise (default 0) */
} hebb_net_options;

HEBB_API hebb_net_options hebb_net_options_default(void);
HEBB_API hebb_status hebb_net_create(hebb_ctx *ctx, const hebb_net_options *options,
                                     hebb_net **net);
HEBB_API void hebb_net_free(hebb_net *net);

/* Builder calls return an id, or -1 after a failure: the first failure is kept
 * and hebb_net_build reports it. Names are unique in the network. */
HEBB_API hebb_group hebb_neurons(hebb_net *net, const char *name, size_t num, const char *model,
                                 const hebb_param *params);
HEBB_API hebb_group hebb_encoder(hebb_net *net, const char *name, size_t num, const char *method,
                                 const hebb_param *params);
HEBB_API hebb_group hebb_generator(hebb_net *net, const char *name, size_t num, const char *method,
                                   const hebb_param *params);
/* link: "full", "one_to_one", "sparse", ...; see hebb_component_name. */
HEBB_API hebb_connection hebb_connect(hebb_net *net, const char *name, hebb_group pre,
                                      hebb_group post, const char *link, const hebb_param *params);
HEBB_API hebb_decoder hebb_decode(hebb_net *net, const char *name, hebb_group target,
                                  const char *method, const hebb_param *params);
/* A reward that judges the spikes of target: "global_reward", "da_reward",
 * "xor_reward", "environment_reward", "classify_reward". Learners such as RSTDP
 * learn by it; hebb_net_reward gives it the labels of each run. */
HEBB_API hebb_reward hebb_add_reward(hebb_net *net, const char *name, hebb_group target,
                                     const char *method, const hebb_param *params);
/* Records variable ("O", "V", "Isyn", any state) of a group after each step. */
HEBB_API hebb_monitor hebb_state_monitor(hebb_net *net, const char *name, const char *target,
                                         const char *variable, const hebb_param *params);
HEBB_API hebb_monitor hebb_spike_monitor(hebb_net *net, const char *name, const char *target,
                                         const hebb_param *params);
/* Group by name; -1 and an error if there is none. */
HEBB_API hebb_group hebb_net_group(hebb_net *net, const char *name);
HEBB_API size_t hebb_group_size(const hebb_net *net, hebb_group group);
/* Checks the graph and lays out all memory; running allocates nothing after. */
HEBB_API hebb_status hebb_net_build(hebb_net *net);
/* true (default): learners may change the network; false: no tape is kept and
 * nothing is learned. */
HEBB_API hebb_status hebb_net_train(hebb_net *net, int on);
/* For gradient checks in soft mode. true: the next runs keep the reset masks of
 * the last one (and, with detach_reset, the spikes that it reset by), so that
 * a finite difference sees what the gradient sees; they must be of its size.
 * Default false. */
HEBB_API hebb_status hebb_net_hold(hebb_net *net, int on);

/* ---- running ----------------------------------------------------------- */

/* Gives an encoder its values for the next runs. data is [batch, num] for
 * most encoders and [T, batch, num] for "null". mstb takes events instead. */
HEBB_API hebb_status hebb_net_input(hebb_net *net, const char *encoder, const float *data,
                                    size_t batch, size_t per_sample);
/* Spike events for "mstb": sample s owns times[offsets[s] .. offsets[s+1]) in
 * ms and the neuron of each. offsets has batch + 1 entries. */
HEBB_API hebb_status hebb_net_input_events(hebb_net *net, const char *encoder, const double *times,
                                           const uint32_t *neurons, const size_t *offsets,
                                           size_t batch);
/* Where the random trains of the next run stand: presentation p of sample s
 * draws the same spikes whenever it is shown. Default: a counter that grows. */
HEBB_API hebb_status hebb_net_presentation(hebb_net *net, uint64_t epoch, const uint64_t *samples,
                                           size_t batch);
/* Resets the state, then simulates `time` ms (time/dt steps: the nearest whole
 * number within 1e-6, else rounded up). run_continue goes on without a reset:
 * runs in pieces are one run (products of real numbers round by their size). */
HEBB_API hebb_status hebb_net_run(hebb_net *net, double time);
HEBB_API hebb_status hebb_net_run_continue(hebb_net *net, double time);
HEBB_API hebb_status hebb_net_reset(hebb_net *net);

/* The decoder's output of the last run: predict[batch * classes]. */
HEBB_API hebb_status hebb_net_predict(hebb_net *net, const char *decoder, const float **predict,
                                      size_t *batch, size_t *classes);

/* What a state monitor holds: values[T, B, N] and times[T] (ms, after the step). */
HEBB_API hebb_status hebb_monitor_values(hebb_net *net, const char *monitor, const double **values,
                                         const double **times, size_t shape[3]);
/* Spikes of one sample, ordered by neuron, then time. */
HEBB_API hebb_status hebb_monitor_spikes(hebb_net *net, const char *monitor, size_t sample,
                                         const uint32_t **neurons, const double **times,
                                         size_t *count);

/* What the reward judges the next runs by: a label for each sample, or the
 * reward itself for "environment_reward" (one number, or one for each sample).
 * reward NULL: the network's only reward. */
HEBB_API hebb_status hebb_net_reward(hebb_net *net, const char *reward, const double *values,
                                     size_t count);
/* The rewards of the last run: values[T, outputs], 0 in steps without one, and
 * given[T], 1 in steps with one; shape = T, outputs. outputs is the batch (under
 * compat = "spaic" 1), times the neurons for rewards of each neuron. */
HEBB_API hebb_status hebb_net_reward_values(hebb_net *net, const char *reward,
                                            const double **values, const unsigned char **given,
                                            size_t shape[2]);

/* ---- parameters -------------------------------------------------------- */

/* Parameters are named "connection1.weight", "connection1.bias",
 * "connection1.delay", "layer1.V0", ... Walk with index 0, 1, ... until NULL. */
HEBB_API const char *hebb_net_param_name(const hebb_net *net, size_t index);
/* Shape as the user sees it (dense weight: post, pre); shape[2..] may be 1. */
HEBB_API hebb_status hebb_net_param_shape(hebb_net *net, const char *name, size_t shape[4],
                                          size_t *ndim);
HEBB_API hebb_status hebb_net_get(hebb_net *net, const char *name, double *values, size_t count);
HEBB_API hebb_status hebb_net_set(hebb_net *net, const char *name, const double *values,
                                  size_t count);
HEBB_API hebb_status hebb_net_gradient(hebb_net *net, const char *name, double *values,
                                       size_t count);
/* Constants that the engine derived, such as exp(-dt/tau): "layer1.decay_m". */
HEBB_API hebb_status hebb_net_constant(hebb_net *net, const char *name, double *value);

/* ---- what it costs ----------------------------------------------------- */

/* Bytes that a built network and its learners hold for runs of the planned size:
 * known before anything has run. */
typedef struct hebb_memory {
    size_t parameters; /* values */
    size_t gradients;
    size_t optimizer; /* state of the learners' optimizers */
    size_t tape;      /* spikes and values of all steps, read by the backward pass and decoders */
    size_t currents;  /* synaptic currents and their gradients */
    size_t states;    /* of neurons, and gradients of their parameters */
    size_t rest;      /* descriptions, input, monitors, decoders, rules, working room */
    size_t data;      /* of a run from a file: its data sets, and room for a batch */
    size_t total;     /* the sum */
} hebb_memory;

HEBB_API hebb_status hebb_net_memory(hebb_net *net, hebb_memory *memory);

/* What the last run did. */
typedef struct hebb_work {
    size_t steps, batch;
    uint64_t input_spikes, spikes;  /* of encoders and generators, of neurons */
    uint64_t synaptic_operations;   /* synapses times the spikes (values not 0) that they got */
    double dense_flops;             /* of the products by which dense floats would do the same */
    double dense_flops_of_backward; /* likewise, of a backward pass: weights and inputs */
} hebb_work;

/* Counts now, from the spikes that were kept. HEBB_E_STATE before a run. */
HEBB_API hebb_status hebb_net_work(hebb_net *net, hebb_work *work);

/* Watches where time goes. The library reads no clock but yours: now gives seconds,
 * and span is told that a thread (0 .. hebb_ctx_threads - 1, the caller's is 0) was at a
 * phase: "encode", "forward", "plasticity", "backward" (to the currents), "gradient" (of
 * parameters), "optimizer", or "load" (samples of a run from a file). Threads call both at
 * the same time; results do not depend on being watched. */
typedef struct hebb_profile {
    double (*now)(void *user);
    void (*span)(void *user, const char *phase, int thread, double from, double to);
    void *user;
} hebb_profile;

/* Copies profile; NULL: nobody watches (default). */
HEBB_API hebb_status hebb_net_profile(hebb_net *net, const hebb_profile *profile);

/* Writes the parameters (and kept state) to a safetensors file, reads them back. */
HEBB_API hebb_status hebb_net_save(hebb_net *net, const char *path);
HEBB_API hebb_status hebb_net_load(hebb_net *net, const char *path);

/* ---- learners ---------------------------------------------------------- */

typedef struct hebb_learner hebb_learner;

/* algorithm: "STCA", "STBP", "sbp". trainable: HEBB_ALL, or names of groups
 * (a group comes with its incoming connections), of connections, or of single
 * parameters ("layer1.tau_m"). Call before hebb_net_build.
 * Plastic rules ("stdp", "diehl_cook", "full_online_stdp", ...; walk them with
 * hebb_component_name) change the weights of connections while the network runs with
 * training on; they need neither loss nor optimizer. */
HEBB_API hebb_status hebb_learner_create(hebb_net *net, const char *algorithm,
                                         const char *const *trainable, const hebb_param *params,
                                         hebb_learner **learner);
HEBB_API void hebb_learner_free(hebb_learner *learner);
HEBB_API hebb_status hebb_learner_set_optimizer(hebb_learner *learner, const char *name, double lr,
                                                const hebb_param *params);
/* Changes the optimizer's learning rate, or a plastic rule's lr, which runs read as they start. */
HEBB_API hebb_status hebb_learner_set_schedule(hebb_learner *learner, const char *name,
                                               const hebb_param *params);
/* decoder NULL: the network's only decoder. loss: "cross_entropy", "mse", ...; NULL
 * only chooses the decoder, for hebb_learner_backward_from. */
HEBB_API hebb_status hebb_learner_set_loss(hebb_learner *learner, const char *decoder,
                                           const char *loss, const hebb_param *params);

HEBB_API hebb_status hebb_learner_zero_grad(hebb_learner *learner);
/* Loss of the last run against labels[batch]. */
HEBB_API hebb_status hebb_learner_loss(hebb_learner *learner, const int32_t *labels, size_t batch,
                                       double *loss);
/* The same against real targets[batch * classes] (for "mse"). */
HEBB_API hebb_status hebb_learner_loss_targets(hebb_learner *learner, const float *targets,
                                               size_t batch, size_t classes, double *loss);
/* Adds the gradients of the last loss to the gradients of all trainable parameters that it
 * depends on, those of other learners too; zero_grad and optim_step are about one's own. With
 * tape = recompute it runs the steps again: input and parameters must be those of the run. */
HEBB_API hebb_status hebb_learner_backward(hebb_learner *learner);
/* The same, starting from dloss/dpredict[batch * classes] that you computed. */
HEBB_API hebb_status hebb_learner_backward_from(hebb_learner *learner, const float *gradient,
                                                size_t batch, size_t classes);
HEBB_API hebb_status hebb_learner_optim_step(hebb_learner *learner);
/* For LBFGS: closure runs the batch again (zero_grad, run, loss, backward). */
HEBB_API hebb_status hebb_learner_optim_step_closure(
    hebb_learner *learner, hebb_status (*closure)(void *user, double *loss), void *user);
/* metric is read by ReduceLROnPlateau alone. */
HEBB_API hebb_status hebb_learner_schedule_step(hebb_learner *learner, double metric);
/* For supervised plastic rules: labels[batch] (tempotron: the neuron that should
 * fire), or the spikes wanted of the trained connections' target, spikes[T, batch,
 * num], not 0 where there is one (ReSuMe). They hold for the next runs, until
 * others are given; a run that they do not fit learns nothing and says so in the log. */
HEBB_API hebb_status hebb_learner_teach(hebb_learner *learner, const int32_t *labels, size_t batch);
HEBB_API hebb_status hebb_learner_teach_spikes(hebb_learner *learner, const float *spikes,
                                               size_t steps, size_t batch, size_t num);
HEBB_API double hebb_learner_lr(const hebb_learner *learner);

/* ---- data -------------------------------------------------------------- */

typedef struct hebb_dataset hebb_dataset;

/* Labelled samples in memory. source: "strokes" and "yin-yang" (made by hebb),
 * "mnist", "fashion-mnist", or a folder with IDX files (train-images-idx3-ubyte
 * and the like, plain or .gz). split: "train", "test", for yin-yang also
 * "validation". path: the folder of the files; NULL: $HEBB_DATA_DIR/<source>,
 * $HEBB_DATA_DIR, then the cache ($XDG_CACHE_HOME/hebb or ~/.cache/hebb).
 * limit: the first so many samples, 0 for all; "strokes" draws limit of them (at
 * most 1,000,000; 0: 10,000 and 2,000). What is drawn depends on the context's
 * seed. Bytes become 0..1. HEBB_E_IO names the places where a set was looked for. */
HEBB_API hebb_status hebb_dataset_open(hebb_ctx *ctx, const char *source, const char *split,
                                       const char *path, size_t limit, hebb_dataset **dataset);
/* Copies samples[count, per_sample] (finite) and labels[count] (0..classes - 1). */
HEBB_API hebb_status hebb_dataset_from_arrays(hebb_ctx *ctx, const float *samples,
                                              const int32_t *labels, size_t count,
                                              size_t per_sample, size_t classes,
                                              hebb_dataset **dataset);
HEBB_API void hebb_dataset_free(hebb_dataset *dataset);
HEBB_API size_t hebb_dataset_count(const hebb_dataset *dataset);
HEBB_API size_t hebb_dataset_sample_size(const hebb_dataset *dataset);
HEBB_API size_t hebb_dataset_classes(const hebb_dataset *dataset);
/* Of images; 0 where the samples are none. */
HEBB_API size_t hebb_dataset_height(const hebb_dataset *dataset);
HEBB_API size_t hebb_dataset_width(const hebb_dataset *dataset);
/* "10000 train samples drawn by hebb (seed 0)"; "" for NULL. */
HEBB_API const char *hebb_dataset_origin(const hebb_dataset *dataset);
/* values[sample_size] and label of one sample, or values[count, sample_size] and
 * labels[count] of the samples from `first` on; each may be NULL. */
HEBB_API hebb_status hebb_dataset_samples(const hebb_dataset *dataset, size_t first, size_t count,
                                          float *values, int32_t *labels);
HEBB_API hebb_status hebb_dataset_sample(const hebb_dataset *dataset, size_t index, float *values,
                                         int32_t *label);

/* ---- training ---------------------------------------------------------- */

typedef struct hebb_progress {
    int epoch, epochs;     /* 1-based; */
    size_t batch, batches; /* batch == batches: the epoch is complete */
    const char *phase;     /* "train", "validate" or "test" */
    double loss, accuracy; /* running means of this phase */
    double seconds;        /* since the start of the phase */
} hebb_progress;

typedef struct hebb_fit_options {
    size_t struct_size;
    int epochs;        /* default 1 */
    size_t batch_size; /* default 100 */
    double time;       /* ms a sample is shown; no default: must be set */
    int shuffle;       /* default 1; the order depends on seed and epoch only */
    const hebb_dataset *test;
    int schedule_every_batch; /* default 0: once an epoch */
    /* Called after every batch; non-zero stops with HEBB_STOPPED. */
    int (*progress)(void *user, const hebb_progress *progress);
    void *user;
    /* Plastic learners: a sample that is answered with fewer than retry_spikes (5)
     * spikes of retry_group is shown again, at most retry (0) times, each time by
     * retry_gain (0.5) of its own values brighter; in tests too. */
    int retry;
    double retry_spikes, retry_gain;
    const char *retry_group; /* NULL: the readout's */
} hebb_fit_options;

typedef struct hebb_metrics {
    double loss, accuracy, seconds;
    size_t count;
} hebb_metrics;

HEBB_API hebb_fit_options hebb_fit_options_default(void);
/* Trains with the learner's rule; written with the verbs above only, so copy
 * it when you need another loop. encoder NULL: the network's only encoder.
 * Presentations: epoch 1, 2, ... of sample i while learning, epoch 0 of it in a
 * test. The schedule steps once an epoch, with the mean loss as its metric.
 * metrics (or NULL): of the test set after the last epoch where options->test is
 * given, else of the last epoch's training. A loss, gradient or weight that is
 * not finite is HEBB_E_NOT_FINITE and names epoch and batch. */
HEBB_API hebb_status hebb_fit(hebb_learner *learner, const char *encoder, const hebb_dataset *data,
                              const hebb_fit_options *options, hebb_metrics *metrics);
/* Tests without learning; kept states are left as they were. confusion: classes x
 * classes counts [label, prediction], or NULL; ties go to the lowest class. */
HEBB_API hebb_status hebb_evaluate(hebb_learner *learner, const char *encoder,
                                   const hebb_dataset *data, const hebb_fit_options *options,
                                   hebb_metrics *metrics, uint64_t *confusion);

/* A readout tells classes by the spikes that a group gave in the last run (or run_continue),
 * without a gradient: "vote" and "softmax" are fitted on samples, "populations" and
 * "fired" are not; params as `hebb info readout` lists them, without group. */
typedef struct hebb_readout hebb_readout;

HEBB_API hebb_status hebb_readout_create(hebb_net *net, const char *group, size_t classes,
                                         const hebb_param *params, hebb_readout **readout);
/* The network's free frees its readouts too. */
HEBB_API void hebb_readout_free(hebb_readout *readout);
/* Shows all of data with learning off, counts spikes and fits. Options as for hebb_fit:
 * batch_size, time, progress, retry. */
HEBB_API hebb_status hebb_readout_fit(hebb_readout *readout, const char *encoder,
                                      const hebb_dataset *data, const hebb_fit_options *options);
/* As hebb_evaluate, by this readout; metrics->loss is NaN. */
HEBB_API hebb_status hebb_readout_evaluate(hebb_readout *readout, const char *encoder,
                                           const hebb_dataset *data,
                                           const hebb_fit_options *options, hebb_metrics *metrics,
                                           uint64_t *confusion);
/* The class of each sample of the last run: predicted[batch], -1 where it tells none. */
HEBB_API hebb_status hebb_readout_predict(hebb_readout *readout, int32_t *predicted, size_t batch);

/* ---- a whole run from a file ------------------------------------------- */

typedef struct hebb_run hebb_run;

typedef struct hebb_run_options {
    size_t struct_size;
    const char *const *set; /* "a.b=c" overrides, NULL-terminated, or NULL */
    const char *output;     /* run folder; NULL: runs/<name>-<date> */
    const char *resume;     /* run folder or checkpoint to continue; NULL: a fresh run */
    int dry_run;            /* 1: check and build, train nothing */
    int (*progress)(void *user, const hebb_progress *progress);
    void (*note)(void *user, const char *line);
    void *user;
} hebb_run_options;

HEBB_API hebb_run_options hebb_run_options_default(void);
/* Reads a YAML file (network, learner, data, training; docs/run-file.md), applies
 * the overrides and builds everything. file NULL: that of the checkpoint to resume.
 * A seed in the file counts, else the context's. Sentences name the line. With
 * options->resume the run stands where the checkpoint was written; it is refused
 * (HEBB_E_STATE) where the file differs in what changes the numbers. */
HEBB_API hebb_status hebb_run_open(hebb_ctx *ctx, const char *file, const hebb_run_options *options,
                                   hebb_run **run);
HEBB_API void hebb_run_free(hebb_run *run);
/* Trains; writes config, metrics and checkpoints into the run folder, which must
 * not hold another run (HEBB_E_STATE). HEBB_STOPPED where progress asked for it: a
 * checkpoint was written, in the middle of an epoch too. Taken up again, a run that
 * was stopped or killed ends in the same bits as one that never was. */
HEBB_API hebb_status hebb_run_train(hebb_run *run);
/* Evaluates on the test set. checkpoint NULL: the run's best, else its last (a run
 * that has no folder is tested as it stands). The network keeps these weights. */
HEBB_API hebb_status hebb_run_evaluate(hebb_run *run, const char *checkpoint);
/* Draws a picture of a run: what = "weights" (each row of a full connection's weights
 * from an encoder of images as one image; connection NULL: the first such one),
 * "curve" (accuracy and loss over the epochs) or "confusion" (tests first, if the run
 * has not). path ends in .png or .svg (HEBB_E_UNSUPPORTED in a build without cairo);
 * weights may end in .pgm, but not in .svg. */
HEBB_API hebb_status hebb_run_plot(hebb_run *run, const char *what, const char *connection,
                                   const char *path);
/* The result as one JSON object; valid until the next call on this run. */
HEBB_API const char *hebb_run_json(hebb_run *run);
/* The result for people: accuracy, confusion table, where the files are. */
HEBB_API const char *hebb_run_report(hebb_run *run);
/* Shows the next batch of the training set and, with learn, does a step of training, as
 * hebb_run_train does; the order is that of its first epochs. *count (or NULL): the
 * samples in it. For benchmarks: it writes no files and no metrics. */
HEBB_API hebb_status hebb_run_batch(hebb_run *run, int learn, size_t *count);
/* As hebb_net_memory, with the data. */
HEBB_API hebb_status hebb_run_memory(hebb_run *run, hebb_memory *memory);
/* A description of the network: groups, connections, parameters, memory. */
HEBB_API const char *hebb_run_summary(hebb_run *run);
HEBB_API const char *hebb_run_folder(const hebb_run *run);
HEBB_API hebb_net *hebb_run_net(hebb_run *run);
/* The network of a run file (or of a file that holds its network section alone),
 * described, not built. The seed is the context's. */
HEBB_API hebb_status hebb_net_from_file(hebb_ctx *ctx, const char *file, hebb_net **net);
/* Fetches a public data set with curl, checks its sha256 ("mnist",
 * "fashion-mnist"). folder NULL: the cache. Files that are there with the right
 * sum stay. HEBB_DATA_MIRROR names another place to fetch from (an http, https or
 * file address, laid out like HEBB_DATA_DIR). HEBB_E_IO when offline,
 * HEBB_E_UNSUPPORTED without curl. */
HEBB_API hebb_status hebb_data_get(hebb_ctx *ctx, const char *name, const char *folder);

/* ---- optimizers by themselves ------------------------------------------ */

typedef struct hebb_optimizer hebb_optimizer;
typedef enum hebb_dtype { HEBB_F32 = 0, HEBB_F64 = 1 } hebb_dtype;

/* name: Adam, AdamW, SparseAdam, Adamax, ASGD, LBFGS, RMSprop, Rprop, SGD,
 * Adadelta, Adagrad or an alias, in any case. lr: the learning rate, >= 0. */
HEBB_API hebb_status hebb_optimizer_create(hebb_ctx *ctx, const char *name, double lr,
                                           const hebb_param *params, hebb_optimizer **optimizer);
/* Frees its schedules, too. */
HEBB_API void hebb_optimizer_free(hebb_optimizer *optimizer);
/* Adds an array of count numbers as rows x (count / rows); the optimizer keeps
 * the pointers, so both arrays must outlive it. */
HEBB_API hebb_status hebb_optimizer_add(hebb_optimizer *optimizer, hebb_dtype dtype, void *values,
                                        const void *gradient, size_t rows, size_t count);
/* For SparseAdam: rows of array `index` whose gradient counts in the next step, each
 * named once; after it, and for rows NULL, all rows count. An array for which this
 * was never called is given Adam's step. */
HEBB_API hebb_status hebb_optimizer_rows(hebb_optimizer *optimizer, size_t index,
                                         const uint32_t *rows, size_t count);
/* A gradient or value that is NaN or infinite is HEBB_E_NOT_FINITE; nothing has
 * changed then. */
HEBB_API hebb_status hebb_optimizer_step(hebb_optimizer *optimizer);
/* LBFGS evaluates through closure: it must fill the gradients and *loss. The others
 * call it once. first_loss (or NULL) receives the first evaluation. */
HEBB_API hebb_status hebb_optimizer_step_closure(hebb_optimizer *optimizer,
                                                 hebb_status (*closure)(void *user, double *loss),
                                                 void *user, double *first_loss);
HEBB_API double hebb_optimizer_lr(const hebb_optimizer *optimizer);
/* Sets the rate now; before any schedule is made, also the rate that they start from. */
HEBB_API hebb_status hebb_optimizer_set_lr(hebb_optimizer *optimizer, double lr);
/* An option now in force: "lr", "momentum", "beta1", "weight_decay", ...; NaN if none. */
HEBB_API double hebb_optimizer_option(const hebb_optimizer *optimizer, const char *name);
/* A state array of parameter array `index` ("exp_avg", "ax", ...), or NULL. */
HEBB_API const void *hebb_optimizer_state(const hebb_optimizer *optimizer, size_t index,
                                          const char *name);

typedef struct hebb_schedule hebb_schedule;

/* Changes the optimizer's learning rate at every step. name: LambdaLR, StepLR,
 * MultiStepLR, ExponentialLR, CosineAnnealingLR, ReduceLROnPlateau, CyclicLR or
 * CosineAnnealingWarmRestarts, in any case. metric is read by ReduceLROnPlateau alone. */
HEBB_API hebb_status hebb_schedule_create(hebb_optimizer *optimizer, const char *name,
                                          const hebb_param *params, hebb_schedule **schedule);
HEBB_API void hebb_schedule_free(hebb_schedule *schedule);
HEBB_API hebb_status hebb_schedule_step(hebb_schedule *schedule, double metric);

/* ---- losses by themselves ---------------------------------------------- */

/* The loss of predict[batch, classes] against labels[batch] or
 * targets[batch, classes] (the other is NULL), and dloss/dpredict, which
 * hebb_learner_backward_from takes on, in gradient[batch, classes] (or NULL).
 * loss and params as for hebb_learner_set_loss. HEBB_E_RANGE for a label that is no
 * class, HEBB_E_NOT_FINITE for predictions or a loss that are not finite. */
HEBB_API hebb_status hebb_loss_value(hebb_ctx *ctx, const char *loss, const hebb_param *params,
                                     const double *predict, size_t batch, size_t classes,
                                     const int32_t *labels, const float *targets, double *value,
                                     double *gradient);

/* ---- coding by itself -------------------------------------------------- */

/* Encodes data[batch, num] without a network: output[steps, batch, num]. */
HEBB_API hebb_status hebb_encode(hebb_ctx *ctx, const char *method, const hebb_param *params,
                                 double dt, const char *compat, const float *data, size_t batch,
                                 size_t num, size_t steps, float *output);
HEBB_API hebb_status hebb_encode_events(hebb_ctx *ctx, const char *method, const hebb_param *params,
                                        double dt, const char *compat, const double *times,
                                        const uint32_t *neurons, const size_t *offsets,
                                        size_t batch, size_t num, size_t steps, float *output);
/* A generator's output[steps, batch, num] from its source values. */
HEBB_API hebb_status hebb_generate(hebb_ctx *ctx, const char *method, const hebb_param *params,
                                   double dt, const char *compat, const float *source,
                                   size_t source_count, size_t batch, size_t num, size_t steps,
                                   float *output);
/* Decodes record[steps, batch, num]; predict has *count numbers, at most
 * capacity. Call with predict NULL to learn the count. */
HEBB_API hebb_status hebb_decode_record(hebb_ctx *ctx, const char *method, const hebb_param *params,
                                        const double *record, size_t steps, size_t batch,
                                        size_t num, double *predict, size_t capacity,
                                        size_t *count);
/* The reward for record[steps, batch, num] of spikes ("global_reward",
 * "da_reward", "xor_reward", "environment_reward", "classify_reward").
 * target[target_count]: the label of each sample, or environment_reward's values
 * (one, or one a sample). reward has *count numbers, at most capacity: [batch] or,
 * for da_reward and classify_reward, [batch, num]; compat = "spaic" averages or
 * sums over the batch as SPAIC does. Call with reward NULL to learn the count.
 * With dec_sample_step = k, k <= steps: the last reward of such a run, which
 * judges k steps; without it the whole record is judged. */
HEBB_API hebb_status hebb_reward_record(hebb_ctx *ctx, const char *method, const hebb_param *params,
                                        const char *compat, const double *record, size_t steps,
                                        size_t batch, size_t num, const double *target,
                                        size_t target_count, double *reward, size_t capacity,
                                        size_t *count);
/* What an agent does: actions[batch], chosen by record[steps, batch, num] of spikes
 * ("softmax_action", "epsilon_greedy_action", "highest_spikes_action",
 * "pop_rate_action", "first_spike_action", "random_action") or of V
 * ("highest_voltage_action"). draw counts the choices made: with the context's seed
 * and the sample it names the random numbers, and epsilon decays by it. */
HEBB_API hebb_status hebb_action_record(hebb_ctx *ctx, const char *method, const hebb_param *params,
                                        const double *record, size_t steps, size_t batch,
                                        size_t num, uint64_t draw, int32_t *actions);
/* The same by what a group did in the last run: its spikes, or for "highest_voltage_action"
 * what a state monitor of its V holds. batch must be that of the run. */
HEBB_API hebb_status hebb_net_action(hebb_net *net, const char *group, const char *method,
                                     const hebb_param *params, uint64_t draw, int32_t *actions,
                                     size_t batch);
/* The same by scores[batch, choices], such as what a decoder of spikes predicts. */
HEBB_API hebb_status hebb_action_choose(hebb_ctx *ctx, const char *method, const hebb_param *params,
                                        const double *scores, size_t batch, size_t choices,
                                        uint64_t draw, int32_t *actions);

#ifdef __cplusplus
}
#endif
#endif

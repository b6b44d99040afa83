/* A network that can run: the graph, its parameters, and an engine of float or
 * double numbers behind one table of operations. */
#ifndef HB_NETWORK_H
#define HB_NETWORK_H

#include "network/graph.h"

/* One parameter array: what a user may get and set, a learner may change. */
typedef struct hb_parameter {
    char name[140]; /* "connection1.weight" */
    hebb_dtype dtype;
    void *values, *grad; /* as the engine keeps them: dense weights [pre][post] */
    size_t rows, count;
    size_t shape[2], ndim; /* as the user sees them: [post, pre] */
    int connection, group; /* -1: the other */
    int coef;              /* of a neuron parameter: index in the model's coefficients */
    enum { HB_P_WEIGHT, HB_P_BIAS, HB_P_DELAY, HB_P_NEURON, HB_P_KEPT } what;
    double low, high;       /* bounds kept after every change */
    bool low_open;          /* low itself is not allowed */
    bool trainable;         /* some learner owns it */
    size_t owner;           /* which one ... */
    const char *owner_rule; /* ... and its rule's name */
    uint32_t *row_list;     /* presynaptic rows with a gradient since the last zero_grad */
    size_t row_count;
    bool wants_rows;
    bool plastic; /* changed while the network runs: it has no gradient */
} hb_parameter;

typedef struct hb_engine hb_engine;

typedef struct hb_engine_ops {
    /* Lists the parameters of graph; values are set, gradients come with hb_engine train. */
    hebb_status (*create)(hb_graph *graph, hb_engine **engine);
    void (*destroy)(hb_engine *engine);
    /* Room for gradients of the parameters that are marked trainable; then memory is laid out. */
    hebb_status (*build)(hb_engine *engine);
    hebb_status (*run)(hb_engine *engine, size_t batch, size_t steps, bool fresh);
    void (*reset)(hb_engine *engine);
    hebb_status (*constant)(hb_engine *engine, size_t group, size_t coef, double *value);
    /* Of the last run: values[T][outputs], given[T]. */
    void (*rewards)(const hb_engine *engine, size_t reward, const double **values,
                    const unsigned char **given, size_t *outputs);
    /* May `spiked` be asked of the group? Not where runs go in chunks and no monitor watches it. */
    hebb_status (*remembers)(const hb_engine *engine, size_t group);
    /* Did the neuron give anything in step t of the last run? */
    bool (*spiked)(const hb_engine *engine, size_t group, size_t sample, size_t t, size_t neuron);
    /* counts[n]: steps of the last run in which each neuron did. */
    void (*counts)(const hb_engine *engine, size_t group, size_t sample, uint32_t *counts);
} hb_engine_ops;

extern const hb_engine_ops hb_engine_ops_f32, hb_engine_ops_f64;

/* The part of an engine that does not depend on its numbers; it comes first. */
struct hb_engine {
    hb_graph *graph;
    const hb_engine_ops *ops;
    hb_parameter *params;
    size_t param_count;
    bool train;          /* keep a tape */
    bool dirty;          /* a parameter changed: derive the constants again */
    size_t writes;       /* how often parameters were changed between runs */
    bool ran;            /* there is a run to look at */
    bool taped;          /* ... with a tape */
    bool hold;           /* soft mode: resets use the spikes of an earlier run */
    size_t batch, steps; /* of the last run */
    size_t clock;        /* steps since the last reset */
    double **predict;    /* [readout][batch][outputs] */
    float **predict_f32;
    double **records;   /* [monitor][T][batch][n]; NULL for spike monitors */
    double *times;      /* [T] */
    size_t arena_bytes; /* memory of a run ... */
    size_t arena_of[HB_OF_KINDS];
    size_t constant_bytes; /* derived from parameters */
    uint64_t *spikes;      /* [group], in the last run */
};

/* SIZE_MAX if there is none. */
size_t hb_param_find(const hb_engine *engine, const char *name);
void hb_param_get(const hb_engine *engine, const hb_parameter *param, const void *from,
                  double *values);
hebb_status hb_param_set(hb_engine *engine, hb_parameter *param, const double *values);
/* Puts every value back inside its bounds; HEBB_E_NOT_FINITE names the first NaN. There is none in
 * what the optimizer of learner `finite` changes (SIZE_MAX: nobody has looked). */
hebb_status hb_params_settle(hb_engine *engine, size_t finite, const char *when);
/* HEBB_E_NOT_FINITE if a trainable's gradient is not finite. */
hebb_status hb_params_check_gradients(hb_engine *engine);
void hb_params_zero_grad(hb_engine *engine, size_t owner);

#endif

/* What the user described: groups, connections, decoders, monitors. Numbers
 * are still plain here; the engine (engine.h) is built from it. */
#ifndef HB_GRAPH_H
#define HB_GRAPH_H

#include "base/pool.h"
#include "coding/coding.h"
#include "coding/rewards.h"
#include "links/link.h"
#include "neurons/surrogate.h"

typedef enum hb_role { HB_NEURONS, HB_ENCODER, HB_GENERATOR } hb_role;

typedef struct hb_group {
    char *name;
    hb_role role;
    size_t n;
    hb_args args;       /* of neurons */
    size_t model;       /* index in hb_models */
    hb_encoder encoder; /* of encoders and generators */
    bool surrogate_set; /* by a learner */
    bool detach_reset;  /* by a learner */
    bool recompute;     /* by a learner: runs go in chunks (chunks.real.c) */
    hb_surrogate surrogate;
    bool reached;     /* by a learner: room for the search */
    size_t component; /* strongly connected part */
    /* what hebb_net_input gave */
    float *values; /* [batch][n], or [batch][T][n] for "null" */
    size_t value_capacity, value_rows, batch;
    double low, high; /* range over the batch */
    double *times;
    uint32_t *neurons;
    size_t *offsets;
    size_t event_capacity, offset_capacity;
} hb_group;

typedef struct hb_connection {
    char *name;
    size_t pre, post;
    const hb_link_kind *kind;
    hb_args args;
    int synapse; /* filter order: 0, 1, 2 */
    bool reads_v;
    bool fills_up; /* see hb_link_site */
    bool inside;   /* both ends in one strongly connected part */
    hb_wiring wiring;
} hb_connection;

typedef struct hb_readout {
    char *name;
    size_t target;
    hb_decoder decoder;
} hb_readout;

/* A reward: what it judges, and what hebb_net_reward gave. */
typedef struct hb_rewarder {
    char *name;
    size_t target;
    hb_reward reward;
    double *given; /* labels, or the reward itself */
    size_t given_count, given_capacity;
} hb_rewarder;

typedef struct hb_monitor {
    char *name, *variable;
    bool spikes;
    int group, connection; /* -1: the other */
    int state;             /* of the group's model; or HB_VAR_* */
} hb_monitor;

enum { HB_VAR_O = -1, HB_VAR_ISYN = -2, HB_VAR_R = -3, HB_VAR_D = -4, HB_VAR_SUM = -5 };

typedef struct hb_graph {
    hb_env *env;
    uint64_t seed;
    hb_pool *pool;
    const hebb_profile *profile; /* NULL: nobody watches */
    double dt, time_max;
    int latency; /* steps of a hop: 1 or 0 */
    bool spaic, is_double, stepwise, soft;
    size_t batch_max;
    hb_group *groups;
    hb_connection *connections;
    hb_readout *readouts;
    hb_monitor *monitors;
    hb_rewarder *rewards;
    size_t group_count, connection_count, readout_count, monitor_count, reward_count;
    size_t *order; /* neuron groups, sources first */
    size_t order_count;
    hebb_status failed; /* the first failure of a builder call ... */
    char *failure;      /* ... and its sentence */
    /* where the next run's random trains stand */
    uint64_t epoch;
    uint64_t *samples;
    size_t sample_count, sample_capacity;
    uint64_t counter; /* presentations begun so far ... */
    uint64_t shown;   /* ... before the one that a continued run goes on with */
    size_t inputs;    /* how often input or presentations were given */
} hb_graph;

void hb_graph_free(hb_graph *graph);
/* The first failure of a builder call, said again. */
hebb_status hb_graph_check(hb_graph *graph);
/* Keeps env's sentence as the graph's first failure. */
void hb_graph_failed(hb_graph *graph, hebb_status status);
/* All return the index, or -1 after a failure that is kept. */
int hb_graph_neurons(hb_graph *graph, const char *name, size_t n, const char *model,
                     const hebb_param *params);
int hb_graph_source(hb_graph *graph, hb_role role, const char *name, size_t n, const char *method,
                    const hebb_param *params);
int hb_graph_connect(hb_graph *graph, const char *name, int pre, int post, const char *link,
                     const hebb_param *params);
int hb_graph_decode(hb_graph *graph, const char *name, int target, const char *method,
                    const hebb_param *params);
int hb_graph_reward(hb_graph *graph, const char *name, int target, const char *method,
                    const hebb_param *params);
int hb_graph_monitor(hb_graph *graph, const char *name, const char *target, const char *variable,
                     bool spikes);
/* Index by name, -1 if there is none; what: "group", "connection", "decoder", "monitor", "reward".
 */
int hb_graph_find(const hb_graph *graph, const char *what, const char *name);
/* The same with a sentence that suggests the nearest. */
int hb_graph_need(hb_graph *graph, const char *what, const char *name);

/* Steps of time_max, at least one. */
size_t hb_graph_steps(const hb_graph *graph);
/* Strongly connected parts, order of evaluation, wiring of all connections. */
hebb_status hb_graph_plan(hb_graph *graph);
/* Takes back what hb_graph_plan made. */
void hb_graph_unplan(hb_graph *graph);

#endif

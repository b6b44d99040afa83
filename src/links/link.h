/* How one group drives another: which synapses there are, with which weights,
 * biases and delays. Built once in plain numbers; the engine copies them. */
#ifndef HB_LINK_H
#define HB_LINK_H

#include "base/component.h"
#include "base/random.h"

/* Weights are kept by presynaptic neuron: a spike adds its row. */
typedef struct hb_wiring {
    size_t pre, post;
    size_t count;     /* synapses */
    uint32_t *start;  /* [pre + 1]: row i is start[i] .. start[i+1]; NULL: dense [pre][post] */
    uint32_t *index;  /* [count]: postsynaptic neuron; NULL: dense */
    double *weight;   /* [count] */
    double *bias;     /* [post], or NULL */
    uint32_t *delay;  /* [count] steps, or NULL: none */
    double *delay_ms; /* [count], as given */
    size_t delay_max; /* the longest, in steps */
    double low, high; /* bounds of the weights */
    bool one_to_one;  /* the user sees [n], not [post, pre] */
    bool lateral;     /* one weight from each neuron to all others but its own number */
} hb_wiring;

typedef struct hb_link_site {
    const char *name;
    size_t pre, post;
    bool same_group; /* pre and post are one group */
    double dt;
    bool spaic;
    uint64_t seed;
    uint32_t id;   /* the connection's number: separates its draws from others' */
    bool fills_up; /* learning may add synapses where there are none, as in SPAIC */
} hb_link_site;

typedef struct hb_link_kind {
    const hb_component *component;
    /* Chooses the synapses and draws the kind's default weights. */
    hebb_status (*wire)(hb_env *env, const hb_link_site *site, const hb_args *args,
                        hb_wiring *wiring);
    /* Writes the kind's default weights, where they are not drawn one by one; or NULL. */
    hebb_status (*weigh)(hb_env *env, const hb_link_site *site, const hb_args *args,
                         hb_wiring *wiring);
} hb_link_kind;

extern const hb_link_kind *const hb_link_kinds[];
extern const size_t hb_link_kind_count;
extern const hb_component *const hb_synapses[]; /* basic, 1_order, 2_order */
extern const size_t hb_synapse_count;
extern const hb_component *const hb_initializers[];
extern const size_t hb_initializer_count;

const hb_link_kind *hb_link_find(hb_env *env, const char *name, const char *where);
/* Under compat = spaic only kinds named "..._sparse" stay so sparse when they learn. */
bool hb_link_fills_up(const hb_link_kind *kind, const char *name);
/* 0 basic, 1, 2; -1 with a sentence. */
int hb_synapse_find(hb_env *env, const char *name, const char *where);
hebb_status hb_wiring_make(hb_env *env, const hb_link_kind *kind, const hb_link_site *site,
                           const hb_args *args, hb_wiring *wiring);
void hb_wiring_free(hb_env *env, hb_wiring *wiring);

/* Fills values[rows = post][cols = pre] as "normal(mean=0, std=0.1)" asks. */
hebb_status hb_initialize(hb_env *env, const char *text, const char *where, size_t post, size_t pre,
                          hb_stream *stream, double *values);

#endif

/* hebb-conformance: runs golden files through the public API and compares.
 *
 * A file (one JSON object) holds cases; a case is run once or twice (two ways:
 * compat "spaic" and "none", or float and double numbers), and each way is a
 * trial: one line of output, one count.
 *
 * Errors are |ours - golden| / (1 + |golden|). Nothing here aborts: the first
 * thing that is wrong with a case is kept as one sentence and fails its trial. */
#ifndef HEBB_CONFORMANCE_H
#define HEBB_CONFORMANCE_H

#include <stdbool.h>

#include <cjson/cJSON.h>

#include "hebb/hebb.h"

enum { DEPTH = 4, MOST_PARAMS = 40 };

/* What a case may differ by. Spikes and counts: not at all. */
#define EXACT          0.0
#define TRACE_ERROR    1e-4 /* traces, losses, gradients */
#define CONSTANT_ERROR 1e-6
#define FLOAT_ERROR    1e-5 /* optimizers in float */
#define DOUBLE_ERROR   1e-6 /* optimizers in double, schedules */

/* A file's arrays, flattened. */
typedef struct numbers {
    double *values;
    size_t count, shape[DEPTH], ndim;
} numbers;

typedef struct counts {
    size_t passed, failed, skipped;
} counts;

typedef struct trial {
    hebb_ctx *ctx;
    const char *file, *way; /* way: "spaic", "float", ...; "" if there is only one */
    char name[160];
    char problem[800]; /* why it could not be run; "" if it could */
    double worst;      /* the largest error, and where it is */
    char where[160];
    double excess; /* the largest error over what is allowed */
    char wrong[400];
    size_t compared;
    void *memory; /* all that trial_alloc gave */
} trial;

/* One file under work. */
typedef struct suite {
    hebb_ctx *ctx;
    const char *file;
    const cJSON *root;
    counts *tally;
} suite;

/* ---- trials (trial.c) ---- */

void trial_begin(trial *t, const suite *s, const char *name, const char *way);
/* Prints the line, counts, frees. */
void trial_end(trial *t, counts *tally);
/* Frees alone: for a look at a case that is no trial of it. */
void trial_free(trial *t);
/* Keeps the first problem. Returns false, always. */
bool trial_problem(trial *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
static inline bool trial_fine(const trial *t) { return !t->problem[0]; }
/* Zeroed, freed by trial_end; NULL after a problem. */
void *trial_alloc(trial *t, size_t count, size_t size);
/* False, with hebb's own sentence, if the call failed. */
bool trial_call(trial *t, hebb_status status, const char *what);
void trial_compare(trial *t, const char *what, const numbers *golden, const double *ours,
                   size_t count, double allowed);
void trial_compare_one(trial *t, const char *what, double golden, double ours, double allowed);
/* A case that is never run, with the reason. */
void trial_skip(const suite *s, const char *name, const char *reason);
/* A file or case that cannot even be begun. */
void trial_broken(const suite *s, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* ---- reading (golden_json.c) ---- */

/* NULL, with *sentence filled, if there is no such file or it is no JSON object. */
cJSON *golden_read(const char *path, char *sentence, size_t size);
/* The member, or NULL and a problem. */
const cJSON *golden_member(trial *t, const cJSON *object, const char *key);
/* The member, NULL if there is none or it is null. */
const cJSON *golden_optional(const cJSON *object, const char *key);
double golden_number(trial *t, const cJSON *object, const char *key);
/* A whole number from 1 to a million. */
size_t golden_size(trial *t, const cJSON *object, const char *key);
const char *golden_text(trial *t, const cJSON *object, const char *key);
/* The member, which must be an object. */
const cJSON *golden_object(trial *t, const cJSON *object, const char *key);
/* The same, or NULL if there is none or it is null. */
const cJSON *golden_optional_object(trial *t, const cJSON *object, const char *key);
/* The list of cases, or NULL and a failed count. */
const cJSON *golden_cases(const suite *s, const cJSON *object, const char *key);
/* False, and a failed count, if node is no object. Its name is what the key says, or "case N". */
bool golden_case(const suite *s, const cJSON *node, const char *key, size_t index, char *name,
                 size_t size);
/* Numbers and arrays of arrays of numbers; a lone number has ndim 0, count 1. */
numbers golden_numbers(trial *t, const cJSON *node, const char *what);
numbers golden_array(trial *t, const cJSON *object, const char *key);
bool golden_whole(const numbers *n);
/* A problem unless the shape is exactly this. */
bool golden_shape(trial *t, const numbers *n, const char *what, size_t ndim, const size_t *shape);

/* The parameters of a component, ended by an entry without a name. */
typedef struct params {
    hebb_param items[MOST_PARAMS + 1];
    size_t count;
} params;
/* Adds a member of an object; null is not given. */
void params_add_member(trial *t, params *p, const cJSON *member);
/* Adds every member of kwargs but `except`. NULL: nothing. */
void params_add_all(trial *t, params *p, const cJSON *kwargs, const char *except);
void params_add_number(trial *t, params *p, const char *name, double value);
void params_add_text(trial *t, params *p, const char *name, const char *text);
void params_add_array(trial *t, params *p, const char *name, const numbers *n);

/* ---- networks (case_network.c) ---- */

typedef struct golden_net {
    hebb_net *net;
    const cJSON *config; /* the case, or a gradient file's config */
    size_t steps, batch, sizes[3];
    double dt;
    float *input;  /* [steps][batch][sizes[0]] */
    bool reads_v;  /* layers without O: others read V */
    bool has_loop; /* a recurrent connection */
} golden_net;

/* Describes the network with a monitor for each member of trace; not yet built. */
bool golden_net_make(trial *t, const cJSON *config, const cJSON *trace, golden_net *g);
bool golden_net_build(trial *t, golden_net *g);
bool golden_net_run(trial *t, golden_net *g);
/* What the monitor of a member of the trace holds: values[shape[0]][shape[1]][shape[2]]. */
const double *golden_net_values(trial *t, const golden_net *g, const cJSON *trace,
                                const char *variable, size_t shape[3]);
void golden_net_compare_constants(trial *t, golden_net *g);
void golden_net_compare_trace(trial *t, golden_net *g, const cJSON *trace, const char *prefix);
void golden_net_compare_output(trial *t, golden_net *g, const cJSON *node, const char *what);

/* ---- kinds of cases ---- */

void run_forward(const suite *s);
void run_plastic(const suite *s);
void run_gradients(const suite *s);
void run_optimizers(const suite *s);
void run_schedulers(const suite *s);
void run_encoders(const suite *s);
void run_decoders(const suite *s);

/* NULL if the case gives the same numbers with and without compat = "spaic";
 * else SPAIC's quirk in it, in words (quirks.c). */
const char *quirk_of_network(const cJSON *config);
const char *quirk_of_encoder(const cJSON *config);

#endif

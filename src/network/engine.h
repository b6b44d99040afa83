/* The engine's insides, for files that are compiled for float and for double. */
#ifndef HB_ENGINE_H
#define HB_ENGINE_H

#include <string.h>

#include "base/team.h"
#include "kernels/kernels.h"
#include "network/network.h"
#include "neurons/model.h"

#ifdef HB_DOUBLE
#define HB_DTYPE    HEBB_F64
#define HB_K(op)    op##_f64
#define HB_BLAS(op) cblas_d##op
#else
#define HB_DTYPE    HEBB_F32
#define HB_K(op)    op##_f32
#define HB_BLAS(op) cblas_s##op
#endif

/* Slopes that are made at once, so that small groups make long loops. */
enum { HB_SLOPES = 2048 };

/* What a group gives to those that read it. Rows are numbered from the step
 * before the run: row 0 is the last step of the run before, or silence. */
typedef enum hb_form { HB_FORM_BITS, HB_FORM_ROWS, HB_FORM_CONSTANT } hb_form;

/* Strides of per-sample arrays count the planned steps, not those of the run. */
typedef struct hb_part {
    hb_group *group;
    const hb_model *model; /* NULL: encoder or generator */
    size_t n, words;
    hb_form form;
    uint64_t *bits;   /* [B][T+1][words], T steps of a chunk; or NULL, and the spikes are trains: */
    uint64_t *trains; /* [B][n][HB_WORDS(T)]: bit t % 64 of word t / 64 is step t ... */
    uint64_t *lit;    /* [B][words]: ... of these neurons, one after another; others are silent */
    uint64_t *edges;  /* [B][2][words]: row 0, and the last */
    real *rows;       /* [B][T+1][n] */
    real *constant;   /* [B][n] */
    real *before_run; /* [B][n]: row 0 of a constant */
    float *floats;    /* [worker][T][n]: what an encoder writes, if not bits */
    bool spread;      /* a constant that is written as rows */
    real *V;          /* [B][T+1][n], if somebody reads V; may be rows itself */
    real *state;      /* [B][states][n] */
    size_t states;
    real *coef[HB_COEFS]; /* [n] each */
    bool wants_V;         /* a decoder or a link reads it */
    bool recorded;        /* by a monitor */
    size_t inputs;        /* synaptic inputs: 1 or 2 */
    bool one_row;         /* in this run one row of currents serves all steps */
    size_t slab;          /* so many columns of currents are summed and swept at a time, whole words
                             of bits; 0: all */
    bool meets;           /* threads that share its steps meet after each: it drives itself ... */
    bool waits;           /* ... and before: it needs what neurons give in the same step */
    real *first;          /* [states][n]: where a run starts; NULL: zeros */
    double *kept;         /* [n], over runs: the values of a parameter; NULL: nothing */
    real *kept_now;       /* [n]: the same, as the loops read them */
    bool uniform;         /* each coefficient is the same for all neurons */
    real *fired;          /* [n]: spikes of a step, summed over the batch; if kept */
    /* the tape */
    bool active; /* a gradient flows through */
    bool keep_x, keep_I, keep_states;
    size_t slope_steps;        /* of a smooth window: so many steps are made from x at once */
    uint64_t *window;          /* [B][T][words] */
    double low, high, height;  /* of a box window */
    real *x, *I;               /* [B][T][n] */
    real *before;              /* [B][T][states][n]: states before each step */
    real *mask, *reset;        /* [B][all steps][n], soft mode: m, and o that resets if detached */
    real *dI;                  /* [back_block][reach + T][n]: gradients of its outputs, which,
                                  step by step, become those of its currents */
    real *dV;                  /* the same of V, if wants_V */
    real *adj;                 /* [back_block][states][n] */
    real *gcoef;               /* [B][coefs][n] */
    bool wants_coef[HB_COEFS]; /* gradient */
    bool any_coef;
    /* where runs go in chunks */
    uint64_t *ahead;   /* [B][HB_AHEAD][words]: bits of a source, a piece of its train ... */
    size_t *ahead_end; /* [B]: ... up to this step of the presentation; 0: nothing */
    bool watched;      /* by a spike monitor */
    uint64_t *history; /* [B][all steps][words]: where it gave something; if watched */
    uint32_t *counts;  /* [B][n]: steps in which it did */
    size_t reach;      /* gradients of its output come from so many steps later */
    real *owed;        /* [B][reach][n]: those of steps before the chunk ... */
    real *owed_V;      /* ... and of its V */
    real *adj_after;   /* [B][states][n]: what the chunk after it left */
} hb_part;

/* When sources acted, listed for the weight gradient: for each set of rows and part of the sources.
 */
typedef struct hb_times {
    unsigned char *ways; /* hb_way; HB_LISTED: none acted */
    uint32_t *starts;    /* [hb_link_starts_room] each: [runs of rows][sources + 1] */
    uint16_t *entries;   /* [parts][rows / 4][sources], and slack for each */
    size_t rows;         /* of all sets */
} hb_times;

/* Where the gradients of a link's sums jump in each sample of a block (bptt_jumps.real.c). */
typedef struct hb_jumps {
    bool *listed;     /* [back_block]: they are few enough */
    uint32_t *starts; /* [back_block][starts_room] */
    uint16_t *entries;
    real *values; /* [back_block][stride], both: room for so many, and then 64 targets */
    size_t starts_room, stride, room;
} hb_jumps;

typedef struct hb_link {
    hb_connection *connection;
    hb_part *pre, *post;
    const hb_wiring *wiring;
    hb_parameter *weight, *bias; /* values of the engine's type; bias may be NULL */
    size_t lag;                  /* steps of a hop, without the delay ... */
    size_t shift;                /* ... of which this many are taken off the delay */
    size_t input;                /* which of the target's synaptic inputs it drives */
    bool plastic;                /* its weights change while the network runs */
    const real *scale;           /* [post]: the weights are min(most, scale values) in this run
                                    (a rule normalises lazily); NULL: the values */
    real most;
    real *sums;                  /* [B][T + delay_max + 1][post], in place of the workers' sum
                                    where samples take their steps together */
    real *constant, *before_run; /* [B][post]: product of a constant source, of its row 0 */
    real *state;                 /* [B][2][post]: R and D of a filter */
    real *pending;               /* [B][delay_max][post]: on its way at the end of a run */
    real decay[2];
    double dropout;
    bool drops;      /* in this run */
    uint64_t *kept;  /* [B][words]: sources that dropout left */
    real *masked;    /* [2][B][n] of a constant and its row 0, [B][T+1][n] of rows: what is left of
                        them */
    bool recorded;   /* by a monitor */
    bool shown;      /* ... the spikes that arrive */
    real *past;      /* [B][delay_max][pre]: rows before row 0, newest first; if shown */
    real *total;     /* [2][B][post]: sum of the currents' gradients that a constant drove, and
                        that of step 0, which row 0 drove */
    real *dsum;      /* as the target's dI: gradients of the sums, behind a filter ... */
    real *dfilter;   /* [back_block][2][post]: ... whose own these are */
    real *turned;    /* [post][pre]: its weights in a backward pass, if it is narrow and its source
                        active: each sample's product would turn them again */
    hb_times times;  /* where weights have a gradient */
    hb_jumps jumps;  /* the same of weights that real numbers go through ... */
    hb_jumps pushed; /* ... and for the push to its source, if it defers that: */
    bool defers;     /* all samples of a block are pushed at once */
    uint64_t *touched; /* sources that spiked in the batch, for row-sparse optimizers */
    /* where runs go in chunks: the gradients of the sums after this chunk, and of filters */
    real *dsum_after;    /* [B][delay_max][post] */
    real *dfilter_after; /* [B][2][post] */
} hb_link;

/* What happens between the steps of a run that learns; the network does not know what. */
typedef struct hb_between {
    void *user;
    bool every_step; /* it must see a step of all samples before any does the next */
    void (*lay)(void *user, hb_arena *arena, size_t batch, size_t steps);
    hebb_status (*check)(void *user, size_t batch); /* before anything is done */
    void (*begin)(void *user, bool fresh);
    void (*step)(void *user, size_t t);
    /* Can threads do the step side by side, each for its share of the target neurons (hb_mine),
     * from what the sources have done before the step? In place of step they call step_of. */
    bool (*splits)(void *user);
    void (*step_of)(void *user, size_t t, size_t member);
    void (*end)(void *user);
    void (*abandon)(void *user); /* instead of end, where the run has failed */
    void (*destroy)(hb_env *env, struct hb_between *between);
} hb_between;

/* A reward in the run. */
typedef struct hb_judged {
    double *counts;       /* [B][classes] since the last reward */
    double *row;          /* [B][n]: the step that is judged */
    double *memory;       /* [B][classes] */
    double *values;       /* [T][outputs]: zeros where there was none */
    unsigned char *given; /* [T]: a reward came in this step */
    size_t outputs, since;
} hb_judged;

/* Neurons first .. first + n of a group: whole words of bits, but for the last. */
typedef struct hb_share {
    size_t first, n;
} hb_share;

/* The one that leads a group's contest among some of its neurons. */
typedef struct hb_rival {
    real x;
    size_t neuron; /* of the group; SIZE_MAX: nobody */
} hb_rival;

/* Room of one worker. */
typedef struct hb_worker {
    hb_env env;       /* where an encoder's error is kept until the run ends */
    real **I;         /* [part]: [block][T][n], or of a slab; NULL where the tape holds it */
    real **sum;       /* [link]: [block][T + delay_max + 1][post], of filters and delays */
    real *x, *o, *m;  /* [n] */
    real **slope;     /* [part]: [slope_steps][n] of a smooth window, or NULL */
    real **undropped; /* [link]: as a sample's dI of the source, of dropout */
    real *dx;         /* [n] */
    uint64_t *bits;   /* a row that dropout has thinned */
    uint32_t *index;  /* positions: max(n, T) */
    uint64_t *spikes; /* [part] */
    /* where threads share the neurons of a sample */
    hb_team *team;    /* NULL: they do not */
    size_t meeting;   /* to which it has come ... */
    bool owes;        /* ... but not waited for the others */
    hb_share *shares; /* [part] */
    hb_rival *rivals; /* [part] */
    /* products of bits and of gradients: NULL where no link needs them */
    uint32_t *starts; /* of lists of a block's rows ... */
    uint16_t *entries;
    size_t entry_room;
    uint64_t *merged; /* [sources of a part][HB_PACKED_WORDS]: when they acted, in some samples */
    real *tables;     /* [HB_TABLE_ROWS / 4][16][tile], or [HB_PACKED_ROWS][tile] */
    real *apart;      /* columns of a tile by themselves, where rows collide; or NULL */
    real *squeezed_weight, *squeezed_sum,
        *squeezed_out; /* [HB_STRIP][post], [T][post], [T][strip] */
    uint64_t *columns; /* [2][words]: those that are not left out */
    real *turned;      /* [post][tile] */
    real *jump_sums;   /* [back_block][T][tile], if a link defers its push */
    real *packed;      /* what the kernel multiply needs */
    /* of narrow links: NULL where there are none */
    uint64_t *narrow_bits; /* [64 words of the source, or as many as steps, in whole 64s] */
    real *narrow_rows;     /* [T / 64, rounded up][HB_NARROW_BLOCK] */
    real *narrow_sums;     /* [64 HB_NARROW_WORDS][HB_NARROW], or fewer */
} hb_worker;

enum { HB_WIDEST_TILE = 128 }; /* of columns */
enum { HB_STRIP = 256, HB_TILE_SOURCES = 1024, HB_NARROW_WORDS = 16 };

typedef struct hb_machine {
    hb_engine base; /* first */
    const hb_kernels *kernels;
    HB_R(hb_surrogate_loop) slopes;
    hb_part *parts; /* as graph->groups */
    hb_link *links; /* as graph->connections */
    hb_worker *workers;
    double **record;    /* [readout]: [2][T][B][n] of decoders that are not linear, or NULL */
    double **weights;   /* [readout]: [T] of linear decoders, or NULL */
    size_t *first_item; /* [link + 1]: room for the backward pass */
    size_t part_count, link_count, worker_count;
    size_t batch_room, step_room; /* planned; of a chunk, where runs go in chunks */
    size_t time_room;             /* planned steps of a run */
    size_t block_room;            /* samples that a worker may sweep at a time ... */
    size_t block;                 /* ... and does in this run */
    size_t back_block;            /* samples whose currents' gradients are kept at a time */
    hb_arena arena;
    hebb_status *sample_status; /* [B] */
    bool fresh;                 /* the run began with a reset */
    bool *started;              /* [B]: has had a run */
    bool keeps;                 /* some group keeps something over runs */
    hb_between *between;        /* NULL: nothing changes while the network runs */
    hb_judged *judged;          /* as graph->rewards */
    bool together;              /* in this run all samples do a step before any does the next */
    size_t now;                 /* ... this one */
    size_t members;             /* threads that share the neurons of this run; 1: none do */
    size_t learners;            /* those of them that share what happens between the steps */
    /* A run goes in chunks of step_room steps (chunks.real.c); without tape = recompute it is one.
     * Steps of all that the engine does are counted from the start of a chunk. */
    bool chunked;
    size_t at, steps;         /* the chunk: its first step in the run, and how many */
    size_t began;             /* steps of the presentation before the run */
    size_t last_row;          /* where the last step before the chunk stands */
    bool again;               /* the chunk is run again, for the backward pass */
    unsigned char *snapshots; /* [chunks + 1][B][snapshot_bytes]: before each chunk, at the end */
    size_t snapshot_bytes;
    size_t run_writes, run_inputs; /* what the run has seen: engine's writes, graph's inputs */
} hb_machine;

/* x > -HB_LEAST is x >= 0. */
#ifdef HB_DOUBLE
#define HB_LEAST 4.94e-324
#else
#define HB_LEAST 1.4e-45f
#endif

/* Steps of a source's train that are encoded at once: random trains are drawn in such pieces. */
enum { HB_AHEAD = HB_DRAW_STEPS };

static inline size_t hb_chunk_count(const hb_machine *m, size_t steps) {
    return (steps + m->step_room - 1) / m->step_room;
}
/* Does V have rows of its own, apart from those of the output? */
static inline bool hb_part_has_V(const hb_machine *m, const hb_part *p) {
    return p->wants_V && !(p->model->output == HB_OUT_V &&
                           !(m->base.graph->spaic && p->model->spaic_output_none));
}

/* The neurons that the worker runs. */
static inline hb_share hb_mine(const hb_machine *m, const hb_worker *w, const hb_part *p) {
    return w->team ? w->shares[p - m->parts] : (hb_share){0, p->n};
}

static inline uint64_t *hb_part_bits(const hb_machine *m, const hb_part *p, size_t b, size_t row) {
    return p->bits + (b * (m->step_room + 1) + row) * p->words;
}
/* The same of trains. */
static inline size_t hb_train_stride(const hb_machine *m) { return HB_WORDS(m->step_room); }
static inline uint64_t *hb_part_lit(const hb_part *p, size_t b) { return p->lit + b * p->words; }
/* Of the first neuron from `first` on that has one. */
static inline uint64_t *hb_part_train(const hb_machine *m, const hb_part *p, size_t b,
                                      size_t first) {
    size_t place = b * p->n + hb_lit_before(hb_part_lit(p, b), first);
    return p->trains + place * hb_train_stride(m);
}
static inline uint64_t *hb_part_edge(const hb_part *p, size_t b, size_t last) {
    return p->edges + (2 * b + last) * p->words;
}
static inline real *hb_part_row(const hb_machine *m, const hb_part *p, real *rows, size_t b,
                                size_t row) {
    return rows + (b * (m->step_room + 1) + row) * p->n;
}
static inline real *hb_part_tape(const hb_machine *m, const hb_part *p, real *tape, size_t b,
                                 size_t t) {
    return tape + (b * m->step_room + t) * p->n;
}

/* Row t of the gradients of sample b: of currents or outputs, V, or sums behind a filter. The rows
 * before row 0 are for steps before the chunk. */
static inline real *hb_part_dI(const hb_machine *m, const hb_part *p, real *dI, size_t b,
                               size_t t) {
    return dI + (b % m->back_block * (p->reach + m->step_room) + p->reach + t) * p->n;
}

static inline real *hb_part_adj(const hb_machine *m, const hb_part *p, size_t b) {
    return p->adj + b % m->back_block * p->states * p->n;
}

/* Neurons fire where x lies above it. */
static inline real hb_part_fires_above(const hb_part *p) {
    return p->group->surrogate_set && p->group->surrogate.fires_at_zero ? -HB_LEAST : 0;
}

/* Do the model's sweeps serve the part? */
static inline bool hb_part_sweeps(const hb_machine *m, const hb_part *p) {
    return p->model->sweep && !m->base.graph->soft;
}

/* Groups up to this size fill too few vectors to hide how long a step of one takes. */
enum { HB_ABREAST_MOST = 32 };

/* The most steps of a sweep: neurons are taken some at a time, each through all steps, so that rows
 * of few pages should be left before the next neurons come to them. */
static inline size_t hb_sweep_steps(size_t row) {
    size_t steps = 65536 / (row * sizeof(real));
    return steps < 16 ? 16 : steps;
}

/* The columns of a slab of the part; 0: it does not go in slabs (sweeps.real.c). */
size_t HB_R(hb_part_slab)(const hb_machine *machine, const hb_part *part);
/* May a group of a part of its own do all steps in one sweep, if no monitor looks on? */
bool HB_R(hb_part_sweeps_whole)(const hb_machine *machine, const hb_part *part);
/* Steps t0 .. t1 of some neurons of a group by the model's sweep: of sample b, or of HB_ABREAST
 * samples from b on. The rows of their currents begin at I and lie `row` apart. */
void HB_R(hb_part_sweep)(hb_machine *machine, hb_part *part, hb_share mine, size_t b,
                         size_t samples, size_t t0, size_t t1, const real *I, size_t row);
/* Spikes of the share in steps t0 .. t1. */
size_t HB_R(hb_part_spikes)(const hb_machine *machine, const hb_part *part, hb_share mine, size_t b,
                            size_t t0, size_t t1);

static inline real *hb_part_before(const hb_machine *m, const hb_part *p, size_t b, size_t t) {
    return p->before + (b * m->step_room + t) * p->states * p->n;
}
/* Of mask or reset, which a later run may ask for again (hebb_net_hold). */
static inline real *hb_part_held(const hb_machine *m, const hb_part *p, real *held, size_t b,
                                 size_t t) {
    return held + (b * m->time_room + m->at + t) * p->n;
}

/* May runs go in chunks? HEBB_E_UNSUPPORTED says why not. */
hebb_status HB_R(hb_chunks_check)(const hb_machine *machine);
/* Steps of a chunk where runs have up to `steps`. */
size_t HB_R(hb_chunk_steps)(const hb_machine *machine, size_t steps);
/* Row 0 of a chunk is the last row before it. */
void HB_R(hb_carry_on)(hb_machine *machine, size_t b);
/* Bytes of the snapshot of a sample. */
size_t HB_R(hb_snapshot_size)(hb_machine *machine);
/* Keeps what the steps after row `row` need of sample b, or puts it back, with row 0 for `row`.
 * chunk: the one that follows. */
void HB_R(hb_snapshot_save)(hb_machine *machine, size_t b, size_t row, size_t chunk);
void HB_R(hb_snapshot_restore)(hb_machine *machine, size_t b, size_t chunk);
/* Runs a chunk of the last run again, which leaves its tape; fails as the run would have. */
hebb_status HB_R(hb_chunk_again)(hb_machine *machine, size_t chunk);
/* After that: the state at the end of the run. */
void HB_R(hb_chunks_end)(hb_machine *machine);

/* What decoders and counts take of a chunk of sample b (readouts.real.c). */
void HB_R(hb_read_sample)(hb_machine *machine, hb_worker *worker, size_t b);
/* The predictions of decoders, once all chunks are read. */
void HB_R(hb_read_run)(hb_machine *machine);
/* Weights of linear decoders, before a run. */
void HB_R(hb_read_begin)(hb_machine *machine);

/* A new array of zeros that a rule keeps over runs, read and written like a parameter
 * ("connection1.reward_mean"); while the network is built only. NULL: out of memory. */
hb_parameter *HB_R(hb_machine_keep)(hb_machine *machine, const hb_link *link, const char *name,
                                    size_t count);
/* Coefficients from parameters. */
void HB_R(hb_machine_derive)(hb_machine *machine);
/* Memory for a run of this size; keeps the state. */
hebb_status HB_R(hb_machine_room)(hb_machine *machine, size_t batch, size_t steps);
/* Adds what arrives over the link in steps t0 .. t1 of sample b to the rows I[t1 - t0][post]. */
void HB_R(hb_link_pull)(hb_machine *machine, hb_link *link, hb_worker *worker, real *I, size_t b,
                        size_t t0, size_t t1);
/* The same over a whole chunk of samples b0 .. b1, whose rows lie `stride` apart: one set of tables
 * serves them all. fresh: what the rows held is forgotten. Only if hb_link_has_tables. */
void HB_R(hb_link_pull_block)(hb_machine *machine, hb_link *link, hb_worker *worker, real *I,
                              size_t stride, size_t b0, size_t b1, bool fresh);
/* A whole chunk of samples b0 .. b1 of a group that goes in slabs. */
void HB_R(hb_part_run_slabs)(hb_machine *machine, hb_worker *worker, hb_part *part, size_t b0,
                             size_t b1);
/* Steps t0 .. t1 of a narrow link that has neither sums of its own nor lists worth their while;
 * false where it has (link_narrow.real.c). */
bool HB_R(hb_link_pull_narrow)(hb_machine *machine, const hb_link *link, hb_worker *worker, real *I,
                               size_t b, size_t t0, size_t t1);
/* Does nobody read the group's spikes step by step, so that they are kept as trains? */
bool HB_R(hb_part_keeps_trains)(const hb_machine *machine, const hb_part *part);
/* Step t of trains, as a row. */
void HB_R(hb_trains_row)(const hb_machine *machine, const hb_part *part, size_t b, size_t t,
                         uint64_t *row);
/* Spikes of each neuron of sample b. */
void HB_R(hb_trains_counts)(const hb_machine *machine, const hb_part *part, size_t b,
                            uint32_t *counts);
/* hb_link_pull of a whole run from trains. */
void HB_R(hb_trains_pull)(hb_machine *machine, const hb_link *link, hb_worker *worker, real *I,
                          size_t b);
/* Draws what dropout leaves of the sources for sample b. */
void HB_R(hb_link_draw)(hb_machine *machine, hb_link *link, size_t b);
/* Keeps what is still on its way when the run of sample b ends; shows what has arrived. */
void HB_R(hb_link_finish)(hb_machine *machine, hb_link *link, hb_worker *worker, size_t b);
/* How many sets of at most HB_PACKED_ROWS rows so many samples make (bptt_gradient.real.c). */
size_t HB_R(hb_link_sets)(size_t batch, size_t steps);
/* The products of a constant source for samples [first, last). */
void HB_R(hb_link_constants)(hb_machine *machine, hb_link *link, hb_worker *worker, size_t first,
                             size_t last);
/* Writes the monitored variables of the link at step t. */
void HB_R(hb_link_record)(hb_machine *machine, hb_link *link, hb_worker *worker, size_t b,
                          size_t t);

/* How many threads share the neurons of this run (team.real.c): 1 where it has several samples,
 * where the network is too narrow, or where the work cannot be split. Needs encoded input. */
size_t HB_R(hb_team_size)(hb_machine *machine);
/* The share of each of so many members in every group. */
void HB_R(hb_team_shares)(hb_machine *machine, size_t members);
/* The meetings of a team; nothing where the worker is alone. A worker that has come to one goes on
 * with what needs nobody else and waits when it must. */
static inline void hb_wait(hb_worker *w) {
    if (w->owes) hb_team_wait(w->team, w->meeting);
    w->owes = false;
}
static inline void hb_come(hb_worker *w) {
    hb_wait(w);
    if (!w->team) return;
    w->meeting = hb_team_come(w->team);
    w->owes = true;
}
static inline void hb_meet(hb_worker *w) {
    hb_come(w);
    hb_wait(w);
}
/* The contest of a step of which the worker has a share. */
void HB_R(hb_team_contest)(hb_machine *machine, hb_worker *worker, const hb_part *part, hb_step *k);

/* Puts sample b in the state of a network that has not run. */
void HB_R(hb_machine_reset_sample)(hb_machine *machine, size_t b);
/* Step t of all rewards, once all samples have done it (reward.real.c). */
void HB_R(hb_rewards_begin)(hb_machine *machine);
void HB_R(hb_rewards_step)(hb_machine *machine, size_t t);

hebb_status HB_R(hb_machine_run)(hb_engine *engine, size_t batch, size_t steps, bool fresh);

/* Where a source's numbers stand, in those forms that have rows. */
static inline real *hb_link_rows(const hb_link *link) {
    return link->drops ? link->masked : link->connection->reads_v ? link->pre->V : link->pre->rows;
}
static inline bool hb_link_kept(const hb_link *link, size_t b, size_t i) {
    return !link->drops || link->kept[b * link->pre->words + i / 64] >> i % 64 & 1;
}
static inline real hb_link_gain(const hb_link *link) {
    return link->drops ? (real)(1 / (1 - link->dropout)) : 1;
}
/* Does a row of the source hold numbers, not bits? */
static inline bool hb_link_reads_rows(const hb_link *link) {
    return link->connection->reads_v || link->pre->form == HB_FORM_ROWS;
}
/* Weighted sums of sample b, of filters and delays. */
static inline real *hb_link_sum(const hb_machine *m, const hb_link *link, const hb_worker *worker,
                                size_t b) {
    size_t size = (m->step_room + link->wiring->delay_max + 1) * link->post->n;
    if (!link->sums) return worker->sum[link - m->links] + b % m->block * size;
    return link->sums + b * size;
}
static inline bool hb_link_has_sum(const hb_link *link) {
    return link->connection->synapse || link->wiring->delay || link->dropout > 0;
}

/* May sums of its weights' rows come from tables? */
static inline bool hb_link_has_tables(const hb_link *link) {
    return link->pre->form == HB_FORM_BITS && !link->connection->reads_v && !link->wiring->start &&
           !link->wiring->lateral && link->wiring->post > HB_NARROW;
}
/* Are they so short that they have kernels of their own? Those add spikes one by one. */
static inline bool hb_link_is_narrow(const hb_link *link) {
    return link->pre->form == HB_FORM_BITS && !link->connection->reads_v && !link->wiring->start &&
           !link->wiring->lateral && link->wiring->post <= HB_NARROW;
}
static inline bool hb_link_turns(const hb_link *link) {
    return hb_link_is_narrow(link) && link->pre->active && link->post->active;
}
/* May gradients of its sums fade by one factor from a step to the one before it, but for jumps? */
static inline bool hb_link_fades(const hb_link *link) {
    return link->post->active && link->post->model->fades && !link->connection->synapse &&
           link->dropout == 0 && !link->wiring->start && !link->wiring->lateral;
}
/* ... and are these of use to the gradient of its weights? */
static inline bool hb_link_lists_jumps(const hb_link *link) {
    return hb_link_fades(link) && hb_link_reads_rows(link) && link->weight->grad;
}
/* Do rows of so many numbers fall into the same few places of a cache? A tile of their columns is
 * then worked on in room of its own (hb_worker.apart). */
static inline bool hb_rows_collide(size_t n) { return n * sizeof(real) % 4096 == 0; }
static inline void hb_copy_rows(real *to, size_t to_stride, const real *from, size_t stride,
                                size_t rows, size_t width) {
    enum { AHEAD = 6, LINE = 64 / sizeof(real) };
    for (size_t r = 0; r < rows; r++) {
        for (size_t j = 0; r + AHEAD < rows && j < width; j += LINE)
            __builtin_prefetch(from + (r + AHEAD) * stride + j);
        memcpy(to + r * to_stride, from + r * stride, width * sizeof *to);
    }
}
/* Its sources in parts of about HB_TILE_SOURCES, whole words each, for the weight gradient. */
static inline size_t hb_link_parts(const hb_link *link) {
    return (link->wiring->pre + HB_TILE_SOURCES - 1) / HB_TILE_SOURCES;
}
static inline size_t hb_link_part_words(const hb_link *link) {
    size_t parts = hb_link_parts(link);
    return (link->pre->words + parts - 1) / parts;
}
static inline size_t hb_link_part_sources(const hb_link *link) {
    size_t most = 64 * hb_link_part_words(link);
    return link->pre->n < most ? link->pre->n : most;
}
/* A sample's steps in whole fours. */
static inline size_t hb_rows_room(size_t steps) { return (steps + 3) / 4 * 4; }
/* Where the lists of a part's sources start in a set of rows. */
static inline size_t hb_link_starts_room(const hb_link *link) {
    return HB_PACKED_ROWS / HB_TABLE_ROWS * (hb_link_part_sources(link) + 1) + 1;
}
/* Numbers from one entry of a tile's tables, or packed row, to the next. */
static inline size_t hb_tile_entry(const hb_machine *m, size_t width) {
    size_t lanes = m->kernels->tile_bytes / HB_TILE_VECTORS / sizeof(real);
    return (width + lanes - 1) / lanes * lanes;
}
/* The columns of the widest tile. A word of bits is so many, or half or a quarter of them. */
static inline size_t hb_tile_most(const hb_machine *m) {
    return m->kernels->tile_bytes / sizeof(real);
}
/* Columns are split into tiles of equal width, but for the last. */
static inline size_t hb_link_tiles(const hb_machine *m, const hb_link *link) {
    size_t most = hb_tile_most(m);
    return (link->wiring->post + most - 1) / most;
}
static inline size_t hb_link_tile_width(const hb_machine *m, const hb_link *link) {
    size_t tiles = hb_link_tiles(m, link), lanes = 64 / sizeof(real);
    size_t width = (link->wiring->post + tiles - 1) / tiles;
    return (width + lanes - 1) / lanes * lanes;
}
/* The same forward: those of slabs are as wide as can be. */
static inline size_t hb_link_pull_width(const hb_machine *m, const hb_link *link) {
    bool whole = !link->post->slab || link->wiring->post <= hb_tile_most(m);
    return whole ? hb_link_tile_width(m, link) : hb_tile_most(m);
}

#endif

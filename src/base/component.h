/* One table describes a component: its names, its parameters, what they mean.
 * Checking, errors with the nearest name, `hebb info` and the docs come from it. */
#ifndef HB_COMPONENT_H
#define HB_COMPONENT_H

#include "base/env.h"

typedef enum hb_type {
    HB_NUM,      /* a real number */
    HB_INT,      /* a whole number */
    HB_BOOL,     /* 0 or 1 */
    HB_CHOICE,   /* one of `choices` */
    HB_STRING,   /* free text */
    HB_NUMBERS,  /* a list of numbers */
    HB_PER_UNIT, /* one number, or one for each neuron */
    HB_MATRIX,   /* an array with a shape */
    HB_FUNCTION, /* a callback, or an expression text in one variable */
    HB_INIT      /* an array, a number, or the name of an initializer */
} hb_type;

enum {
    HB_ABOVE = 1,      /* low itself is not allowed */
    HB_BELOW = 2,      /* high itself is not allowed */
    HB_REQUIRED = 4,   /* no default */
    HB_UNSET = 8,      /* default: not given; hb_args_given() tells */
    HB_TRAINABLE = 16, /* may be named in `trainable` */
    HB_TRAINED = 64,   /* HB_TRAINABLE, and trained whenever its group is */
    HB_INFINITE = 32   /* infinity is allowed too; otherwise only if it is the default */
};

typedef struct hb_param_info {
    const char *name;
    hb_type type;
    const char *unit; /* "ms", "mV", "1" (none) */
    double def;
    double low, high; /* inclusive unless HB_ABOVE / HB_BELOW; use HB_ANY for no bound */
    unsigned flags;
    const char *doc;      /* one line of meaning */
    const char *aliases;  /* "a|b" or NULL */
    const char *def_text; /* default of HB_CHOICE / HB_STRING, or how the default reads */
    const char *choices;  /* "a|b|c" for HB_CHOICE */
} hb_param_info;

#define HB_INF          ((double)__builtin_inf())
#define HB_ANY          -HB_INF, HB_INF
#define HB_POSITIVE     0.0, HB_INF, HB_ABOVE
#define HB_NOT_NEGATIVE 0.0, HB_INF, 0

typedef struct hb_component {
    const char *kind;     /* "neuron", "encoder", ... */
    const char *name;     /* the canonical name */
    const char *aliases;  /* "a|b" or NULL; names are compared without case */
    const char *summary;  /* one line */
    const char *equation; /* Markdown lines, or NULL */
    const char *source;   /* paper or program, or NULL */
    const hb_param_info *params;
    size_t param_count;
} hb_component;

#define HB_COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The checked values of one component's parameters, in table order. */
typedef struct hb_args {
    const hb_component *component;
    struct hb_arg *items;
    hb_env *env;
} hb_args;

typedef struct hb_arg {
    double number;
    bool given;
    hebb_kind kind;
    char *text;
    double *list;
    size_t count;
    size_t shape[4];
    size_t ndim;
    hebb_function call, call_integral;
    void *user;
} hb_arg;

/* Copies and checks `params` against the table. `where` names the object in
 * sentences ("layer1"). units: the length that HB_PER_UNIT lists must have
 * (0: not checked). On failure nothing is kept. */
hebb_status hb_args_read(hb_env *env, const hb_component *component, const char *where,
                         const hebb_param *params, size_t units, hb_args *args);
void hb_args_free(hb_args *args);
/* All take a name of the table (a wrong one is a bug: asserts). */
const hb_arg *hb_args_get(const hb_args *args, const char *name);
double hb_args_num(const hb_args *args, const char *name);
bool hb_args_given(const hb_args *args, const char *name);
const char *hb_args_text(const hb_args *args, const char *name); /* NULL if unset */
/* Value of an HB_PER_UNIT parameter for unit i. */
double hb_args_unit(const hb_args *args, const char *name, size_t i);
/* Writes a later value (a trained or loaded parameter). */
void hb_args_set(hb_args *args, const char *name, double value);

/* Finds by name or alias without case; NULL with a sentence that suggests the
 * nearest. `where` may be NULL. */
const hb_component *hb_component_find(hb_env *env, const char *kind, const char *name,
                                      const hb_component *const *table, size_t count,
                                      const char *where);
bool hb_name_matches(const char *name, const char *aliases, const char *wanted);
/* The nearest of count names ("" if none is near); names may hold "a|b" lists. The
 * text lives until the next call in this thread. */
const char *hb_nearest(const char *wanted, const char *const *names, size_t count);
/* Appends the component's Markdown page. */
void hb_component_markdown(hb_text *text, const hb_component *component);

#endif

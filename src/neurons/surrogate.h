/* Surrogate gradients: what stands for the derivative of the spike test. */
#ifndef HB_SURROGATE_H
#define HB_SURROGATE_H

#include "base/component.h"
#include "base/real.h"

typedef enum hb_window {
    HB_WINDOW_BOX,    /* scale inside (low, high), 0 outside: kept as bits */
    HB_WINDOW_SMOOTH, /* a value for each entry */
} hb_window;

typedef struct hb_surrogate {
    const struct hb_surrogate_ops *ops;
    double alpha;
    double scale;                      /* factor on the whole window */
    bool fires_at_zero;                /* spikes at x >= 0, not x > 0 */
    hebb_function call, call_integral; /* a user's own */
    void *user;
} hb_surrogate;

/* Formulas whose rows are loops of vectors (slope_rows.real.c). */
typedef enum hb_shape {
    HB_SHAPE_OTHER, /* entry by entry, by `slope` */
    HB_SHAPE_GAUSSIAN,
    HB_SHAPE_SIGMOID,
    HB_SHAPE_ATAN,
    HB_SHAPE_TRIANGLE,
    HB_SHAPE_FAST,
    HB_SHAPE_SUPERSPIKE
} hb_shape;

typedef struct hb_surrogate_ops {
    const hb_component *component;
    hb_window window;
    bool fires_at_zero;
    void (*box)(double alpha, double *low, double *high, double *height);
    double (*slope)(const hb_surrogate *surrogate, double x);
    /* The antiderivative of slope, through which soft mode runs forward. */
    double (*integral)(const hb_surrogate *surrogate, double x);
    hb_shape shape;
} hb_surrogate_ops;

extern const hb_surrogate_ops *const hb_surrogates[];
extern const size_t hb_surrogate_count;

/* By name or alias; alpha NaN: the surrogate's default. */
hebb_status hb_surrogate_find(hb_env *env, const char *name, const char *where, double alpha,
                              hb_surrogate *surrogate);
void hb_surrogate_box(const hb_surrogate *surrogate, double *low, double *high, double *height);
/* Slopes of a smooth window for n potentials above threshold. */
void hb_surrogate_row_f32(const hb_surrogate *surrogate, size_t n, const float *x, float *g);
void hb_surrogate_row_f64(const hb_surrogate *surrogate, size_t n, const double *x, double *g);
typedef void (*hb_surrogate_loop_f32)(const hb_surrogate *, size_t n, const float *x, float *g);
typedef void (*hb_surrogate_loop_f64)(const hb_surrogate *, size_t n, const double *x, double *g);
/* The same compiled for an instruction set (hb_kernels.name); the same bits. */
hb_surrogate_loop_f32 hb_surrogate_row_for_f32(const char *isa);
hb_surrogate_loop_f64 hb_surrogate_row_for_f64(const char *isa);

#endif

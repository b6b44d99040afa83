/* Pictures of numbers. Paths end in .png or .svg, drawn by cairo where it was built in, or in
 * .pgm, a plain grey image that is always there (grids only). */
#ifndef HB_PLOT_H
#define HB_PLOT_H

#include "base/env.h"

/* ".png", or ".pgm" in a build without cairo. */
const char *hb_plot_ending(void);
bool hb_plot_has_cairo(void);

/* values[count][height][width] as a square grid of images on one scale, black at 0 (or the
 * lowest, if that is less) and white at the highest. */
hebb_status hb_plot_grid(hb_env *env, const double *values, size_t count, size_t height,
                         size_t width, const char *path);

typedef enum hb_curve_style { HB_LINE_AND_POINTS, HB_LINE, HB_POINTS } hb_curve_style;

typedef struct hb_curve {
    const char *name;
    const double *values; /* one for each x; NaN: none */
    hb_curve_style style;
} hb_curve;

/* Curves above one another in one frame. */
typedef struct hb_panel {
    const char *title;
    const hb_curve *curves;
    size_t curve_count;
    double first, step; /* x = first, first + step, ...; step 0: 1, 2, ... */
} hb_panel;

hebb_status hb_plot_curves(hb_env *env, const char *x_title, const hb_panel *panels,
                           size_t panel_count, size_t count, const char *path);
/* table[label][prediction] */
hebb_status hb_plot_confusion(hb_env *env, const uint64_t *table, size_t classes, const char *path);

#endif

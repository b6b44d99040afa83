/* A drawing that becomes a PNG or an SVG. */
#ifndef HB_CANVAS_H
#define HB_CANVAS_H

#include "plot/plot.h"

#ifdef HB_CAIRO
#include <cairo.h>

typedef struct hb_canvas {
    hb_env *env;
    const char *path;
    cairo_surface_t *surface;
    cairo_t *pen;
    bool vector;
} hb_canvas;

hebb_status hb_canvas_begin(hb_canvas *canvas, hb_env *env, const char *path, double width,
                            double height);
/* Writes the file; frees the drawing, also after a failure. */
hebb_status hb_canvas_end(hb_canvas *canvas);
#endif

bool hb_plot_ends(const char *path, const char *ending);
/* The path's ending, or the build, does not allow this picture. */
hebb_status hb_plot_refuse(hb_env *env, const char *path, const char *allowed);

#endif

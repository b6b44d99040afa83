/* Drawings by cairo, if it is there. */
#include "plot/canvas.h"

#include <string.h>

bool hb_plot_ends(const char *path, const char *ending) {
    size_t n = strlen(path), m = strlen(ending);
    return n > m && !strcmp(path + n - m, ending);
}

hebb_status hb_plot_refuse(hb_env *env, const char *path, const char *allowed) {
    if (!hb_plot_has_cairo() && (hb_plot_ends(path, ".png") || hb_plot_ends(path, ".svg")))
        return hb_fail(env, HEBB_E_UNSUPPORTED,
                       "'%s' cannot be drawn: this build of hebb has no cairo", path);
    return hb_fail(env, HEBB_E_ARGUMENT, "the picture's name '%s' must end in %s", path, allowed);
}

#ifndef HB_CAIRO
bool hb_plot_has_cairo(void) { return false; }
const char *hb_plot_ending(void) { return ".pgm"; }
#else

#ifdef CAIRO_HAS_SVG_SURFACE
#include <cairo-svg.h>
#endif

bool hb_plot_has_cairo(void) { return true; }
const char *hb_plot_ending(void) { return ".png"; }

hebb_status hb_canvas_begin(hb_canvas *c, hb_env *env, const char *path, double width,
                            double height) {
    *c = (hb_canvas){.env = env, .path = path, .vector = hb_plot_ends(path, ".svg")};
    if (!c->vector && !hb_plot_ends(path, ".png")) return hb_plot_refuse(env, path, ".png or .svg");
#ifdef CAIRO_HAS_SVG_SURFACE
    if (c->vector) c->surface = cairo_svg_surface_create(path, width, height);
#else
    if (c->vector) return hb_fail(env, HEBB_E_UNSUPPORTED, "'%s': this cairo writes no SVG", path);
#endif
    if (!c->vector)
        c->surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)width, (int)height);
    c->pen = cairo_create(c->surface);
    cairo_set_source_rgb(c->pen, 1, 1, 1);
    cairo_paint(c->pen);
    /* cairo's own font: the same on every machine, and no font files are looked for */
    cairo_select_font_face(c->pen, "@cairo:", CAIRO_FONT_SLANT_NORMAL, CAIRO_FONT_WEIGHT_NORMAL);
    return HEBB_OK;
}

hebb_status hb_canvas_end(hb_canvas *c) {
    cairo_status_t said = cairo_status(c->pen);
    cairo_destroy(c->pen);
    if (said == CAIRO_STATUS_SUCCESS && !c->vector)
        said = cairo_surface_write_to_png(c->surface, c->path);
    cairo_surface_finish(c->surface);
    if (said == CAIRO_STATUS_SUCCESS) said = cairo_surface_status(c->surface);
    cairo_surface_destroy(c->surface);
    if (said == CAIRO_STATUS_SUCCESS) return HEBB_OK;
    hebb_status status = said == CAIRO_STATUS_NO_MEMORY ? HEBB_E_MEMORY : HEBB_E_IO;
    return hb_fail(c->env, status, "the picture '%s' cannot be written: %s", c->path,
                   cairo_status_to_string(said));
}
#endif

/* Curves over epochs, and confusion tables. */
#include <math.h>
#include <stdio.h>

#include "plot/canvas.h"

#ifndef HB_CAIRO
hebb_status hb_plot_curves(hb_env *env, const char *x_title, const hb_panel *panels,
                           size_t panel_count, size_t count, const char *path) {
    (void)x_title, (void)panels, (void)panel_count, (void)count;
    return hb_plot_refuse(env, path, ".png or .svg, which need cairo");
}
hebb_status hb_plot_confusion(hb_env *env, const uint64_t *table, size_t classes,
                              const char *path) {
    (void)table, (void)classes;
    return hb_plot_refuse(env, path, ".png or .svg, which need cairo");
}
#else

static void text_at(const hb_canvas *c, double x, double y, double align, const char *text) {
    cairo_text_extents_t size;
    cairo_text_extents(c->pen, text, &size);
    cairo_move_to(c->pen, x - align * size.x_advance, y);
    cairo_show_text(c->pen, text);
}

/* ---- curves ---- */

enum { WIDTH = 720, PANEL = 300, LEFT = 70, RIGHT = 20, ABOVE = 40, BELOW = 45, TICKS = 5 };

/* Colours that are told apart without colour vision too (Okabe and Ito). */
static const double colours[][3] = {
    {0, 0.447, 0.698}, {0.835, 0.369, 0}, {0, 0.62, 0.451}, {0.8, 0.475, 0.655}};

typedef struct frame {
    double top, low, high;
    size_t count;
} frame;

static double x_of(const frame *f, size_t i) {
    double width = WIDTH - LEFT - RIGHT;
    return f->count < 2 ? LEFT + width / 2 : LEFT + width * (double)i / (double)(f->count - 1);
}

static double y_of(const frame *f, double value) {
    double height = PANEL - ABOVE - BELOW;
    return f->top + ABOVE + height * (f->high - value) / (f->high - f->low);
}

static void find_range(frame *f, const hb_panel *panel) {
    f->low = INFINITY;
    f->high = -INFINITY;
    for (size_t k = 0; k < panel->curve_count; k++)
        for (size_t i = 0; i < f->count; i++) {
            double value = panel->curves[k].values[i];
            if (!isfinite(value)) continue;
            if (value < f->low) f->low = value;
            if (value > f->high) f->high = value;
        }
    if (!(f->low <= f->high)) f->low = 0, f->high = 1;
    double margin = f->high > f->low ? 0.05 * (f->high - f->low) : 0.5 * fabs(f->high) + 1e-3;
    f->low -= margin;
    f->high += margin;
}

static bool is_empty(const hb_curve *curve, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (isfinite(curve->values[i])) return false;
    return true;
}

static void draw_axes(const hb_canvas *c, const frame *f, const hb_panel *panel,
                      const char *x_title) {
    char text[40];
    cairo_set_source_rgb(c->pen, 0, 0, 0);
    cairo_set_line_width(c->pen, 1);
    cairo_set_font_size(c->pen, 14);
    text_at(c, LEFT, f->top + 24, 0, panel->title);
    cairo_set_font_size(c->pen, 11);
    for (int k = 0; k <= TICKS; k++) {
        double value = f->low + (f->high - f->low) * k / TICKS, y = y_of(f, value);
        cairo_set_source_rgb(c->pen, 0.88, 0.88, 0.88);
        cairo_move_to(c->pen, LEFT, y);
        cairo_line_to(c->pen, WIDTH - RIGHT, y);
        cairo_stroke(c->pen);
        cairo_set_source_rgb(c->pen, 0, 0, 0);
        snprintf(text, sizeof text, "%.4g", value);
        text_at(c, LEFT - 6, y + 4, 1, text);
    }
    size_t apart = f->count > 10 ? (f->count + 9) / 10 : 1;
    for (size_t i = 0; i < f->count; i += apart) {
        double x = panel->step != 0 ? panel->first + panel->step * (double)i : (double)(i + 1);
        snprintf(text, sizeof text, "%g", x);
        text_at(c, x_of(f, i), f->top + PANEL - BELOW + 16, 0.5, text);
    }
    text_at(c, (WIDTH + LEFT - RIGHT) / 2.0, f->top + PANEL - BELOW + 34, 0.5, x_title);
}

/* name_x: where the name ends. */
static void draw_curve(const hb_canvas *c, const frame *f, const hb_curve *curve, size_t place,
                       double name_x) {
    const double *rgb = colours[place % (sizeof colours / sizeof colours[0])];
    bool down = false;
    cairo_set_source_rgb(c->pen, rgb[0], rgb[1], rgb[2]);
    cairo_set_line_width(c->pen, 2);
    for (size_t i = 0; i < f->count && curve->style != HB_POINTS; i++) {
        if (!isfinite(curve->values[i])) continue;
        (down ? cairo_line_to : cairo_move_to)(c->pen, x_of(f, i), y_of(f, curve->values[i]));
        down = true;
    }
    cairo_stroke(c->pen);
    for (size_t i = 0; i < f->count && curve->style != HB_LINE; i++) {
        if (!isfinite(curve->values[i])) continue;
        cairo_arc(c->pen, x_of(f, i), y_of(f, curve->values[i]), 2.5, 0, 6.3);
        cairo_fill(c->pen);
    }
    text_at(c, name_x, f->top + 24, 1, curve->name);
}

hebb_status hb_plot_curves(hb_env *env, const char *x_title, const hb_panel *panels,
                           size_t panel_count, size_t count, const char *path) {
    hb_canvas canvas;
    HEBB_TRY(hb_canvas_begin(&canvas, env, path, WIDTH, PANEL * (double)panel_count));
    for (size_t i = 0; i < panel_count; i++) {
        frame f = {.top = PANEL * (double)i, .count = count};
        find_range(&f, &panels[i]);
        draw_axes(&canvas, &f, &panels[i], x_title);
        double name_x = WIDTH - RIGHT;
        for (size_t k = panels[i].curve_count; k-- > 0;) {
            if (is_empty(&panels[i].curves[k], count)) continue;
            draw_curve(&canvas, &f, &panels[i].curves[k], k, name_x);
            name_x -= 100;
        }
    }
    return hb_canvas_end(&canvas);
}

/* ---- confusion ---- */

enum { CELL = 44, EDGE = 60 };

hebb_status hb_plot_confusion(hb_env *env, const uint64_t *table, size_t classes,
                              const char *path) {
    hb_canvas canvas;
    double side = EDGE + CELL * (double)classes + 20;
    char text[32];
    if (classes > 200)
        return hb_fail(env, HEBB_E_RANGE, "a table of %zu classes is not drawn; at most 200 are",
                       classes);
    HEBB_TRY(hb_canvas_begin(&canvas, env, path, side, side));
    cairo_set_font_size(canvas.pen, 12);
    for (size_t i = 0; i < classes; i++) {
        uint64_t all = 0;
        for (size_t j = 0; j < classes; j++) all += table[i * classes + j];
        for (size_t j = 0; j < classes; j++) {
            double share = all ? (double)table[i * classes + j] / (double)all : 0;
            double x = EDGE + CELL * (double)j, y = EDGE + CELL * (double)i;
            cairo_set_source_rgb(canvas.pen, 1 - share, 1 - 0.55 * share, 1 - 0.3 * share);
            cairo_rectangle(canvas.pen, x, y, CELL - 1, CELL - 1);
            cairo_fill(canvas.pen);
            cairo_set_source_rgb(canvas.pen, share > 0.6, share > 0.6, share > 0.6);
            snprintf(text, sizeof text, "%ju", (uintmax_t)table[i * classes + j]);
            text_at(&canvas, x + CELL / 2.0, y + CELL / 2.0 + 4, 0.5, text);
        }
        cairo_set_source_rgb(canvas.pen, 0, 0, 0);
        snprintf(text, sizeof text, "%zu", i);
        text_at(&canvas, EDGE - 8, EDGE + CELL * (double)i + CELL / 2.0 + 4, 1, text);
        text_at(&canvas, EDGE + CELL * (double)i + CELL / 2.0, EDGE - 8, 0.5, text);
    }
    cairo_set_source_rgb(canvas.pen, 0, 0, 0);
    text_at(&canvas, EDGE, 24, 0, "rows: label, columns: prediction");
    return hb_canvas_end(&canvas);
}
#endif

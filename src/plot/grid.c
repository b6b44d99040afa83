/* Many small images beside one another: receptive fields. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "plot/canvas.h"

enum { WANTED_SIZE = 800, LARGEST = 30000, LINE = 60 /* grey of the lines between images */ };

typedef struct grid {
    hb_env *env;
    const double *values;
    size_t count, height, width;
    size_t columns, rows, zoom, pixel_width, pixel_height;
    double low, high;
} grid;

static hebb_status lay(grid *g, const char *path) {
    g->columns = (size_t)ceil(sqrt((double)g->count));
    g->rows = (g->count + g->columns - 1) / g->columns;
    size_t width = g->columns * (g->width + 1) + 1, height = g->rows * (g->height + 1) + 1;
    size_t side = width > height ? width : height;
    if (side > LARGEST)
        return hb_fail(g->env, HEBB_E_RANGE,
                       "the picture '%s' would be %zu x %zu pixels large; at most %d are drawn",
                       path, width, height, LARGEST);
    g->zoom = side < WANTED_SIZE ? WANTED_SIZE / side : 1;
    g->pixel_width = width * g->zoom;
    g->pixel_height = height * g->zoom;
    for (size_t i = 0; i < g->count * g->height * g->width; i++) {
        if (!isfinite(g->values[i])) continue;
        if (g->values[i] < g->low) g->low = g->values[i];
        if (g->values[i] > g->high) g->high = g->values[i];
    }
    return HEBB_OK;
}

static unsigned char grey_at(const grid *g, size_t y, size_t x) {
    size_t column = x / g->zoom / (g->width + 1), row = y / g->zoom / (g->height + 1);
    size_t inner_x = x / g->zoom % (g->width + 1), inner_y = y / g->zoom % (g->height + 1);
    size_t image = row * g->columns + column;
    if (!inner_x || !inner_y || column >= g->columns || image >= g->count) return LINE;
    double value = g->values[(image * g->height + inner_y - 1) * g->width + inner_x - 1];
    double share = g->high > g->low ? (value - g->low) / (g->high - g->low) : 0;
    return isfinite(share) ? (unsigned char)lround(255 * share) : LINE;
}

static hebb_status write_pgm(const grid *g, const char *path) {
    FILE *file = fopen(path, "wb");
    bool good = file != NULL;
    if (good) {
        fprintf(file, "P5\n%zu %zu\n255\n", g->pixel_width, g->pixel_height);
        for (size_t y = 0; y < g->pixel_height; y++)
            for (size_t x = 0; x < g->pixel_width; x++) fputc(grey_at(g, y, x), file);
        good = !ferror(file);
        good = fclose(file) == 0 && good;
    }
    if (good) return HEBB_OK;
    return hb_fail(g->env, HEBB_E_IO, "the picture '%s' cannot be written: %s", path,
                   strerror(errno));
}

#ifdef HB_CAIRO
static hebb_status write_png(const grid *g, const char *path) {
    hb_canvas canvas;
    HEBB_TRY(
        hb_canvas_begin(&canvas, g->env, path, (double)g->pixel_width, (double)g->pixel_height));
    cairo_surface_flush(canvas.surface);
    unsigned char *pixels = cairo_image_surface_get_data(canvas.surface);
    size_t stride = (size_t)cairo_image_surface_get_stride(canvas.surface);
    for (size_t y = 0; pixels && y < g->pixel_height; y++) {
        uint32_t *row = (uint32_t *)(void *)(pixels + y * stride);
        for (size_t x = 0; x < g->pixel_width; x++) row[x] = grey_at(g, y, x) * 0x010101u;
    }
    cairo_surface_mark_dirty(canvas.surface);
    return hb_canvas_end(&canvas);
}
#endif

hebb_status hb_plot_grid(hb_env *env, const double *values, size_t count, size_t height,
                         size_t width, const char *path) {
    grid g = {.env = env, .values = values, .count = count, .height = height, .width = width};
    HEBB_TRY(lay(&g, path));
    if (hb_plot_ends(path, ".pgm")) return write_pgm(&g, path);
#ifdef HB_CAIRO
    if (hb_plot_ends(path, ".png")) return write_png(&g, path);
#endif
    return hb_plot_refuse(env, path, ".png or .pgm");
}

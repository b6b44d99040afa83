/* Draws digits with a pen. A sample takes one of the ways to write its digit,
 * moves every point of it a little, bends the paper (a Bezier patch), turns and
 * shifts it, and draws the result with a pen of its own width, pressure and ink;
 * then come stray marks and noise. Only + - * / and sqrt are used, so that every
 * machine draws the same bytes. */
#include "data/strokes.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "data/dataset_parts.h"
#include "data/strokes_glyphs.h"

enum {
    SIDE = HB_STROKES_SIDE,
    PIECES = 10,      /* straight pieces of a curve */
    MOST_PIECES = 80, /* of the longest writing */
    LATTICE = 4       /* control points of the patch, each way */
};

/* How much may change. With these, softmax regression on the pixels stays near 84 %
 * on the test split, and a perceptron with 300 hidden units learns it to 98.5 %. */
static const struct {
    double jitter;    /* deviation of a point of the pen's path, glyph = 1 */
    double bend;      /* deviation of a control point of the patch, glyph = 1 */
    double rotate;    /* +- radians */
    double shear;     /* +- */
    double shift;     /* +- pixels */
    double height[2]; /* of the digit, in pixels */
    double aspect[2]; /* its width against its height */
    double radius[2]; /* of the pen, in pixels */
    double pressure;  /* +- share of the radius along the path */
    double ink[2];    /* grey value of the stroke */
    double noise;     /* deviation of a pixel's grey value */
    double paper;     /* grey value of the paper, 0 to this */
    double marks;     /* stray marks at most */
    double mark_ink;  /* their grey value at most */
} style = {.jitter = 0.015,
           .bend = 0.035,
           .rotate = 0.17,
           .shear = 0.16,
           .shift = 2.6,
           .height = {16.5, 20},
           .aspect = {0.75, 1.15},
           .radius = {0.9, 1.9},
           .pressure = 0.35,
           .ink = {0.6, 1.0},
           .noise = 0.04,
           .paper = 0.06,
           .marks = 2,
           .mark_ink = 0.5};

typedef struct spot {
    double x, y, radius;
} spot;

/* A pen path as straight pieces; piece i goes from spots[i] to spots[i + 1] if down[i]. */
typedef struct path {
    spot spots[MOST_PIECES + 1];
    bool down[MOST_PIECES + 1];
    int count;
} path;

static double between(hb_stream *s, const double range[2]) {
    return range[0] + (range[1] - range[0]) * hb_stream_uniform(s);
}

static double within(hb_stream *s, double size) { return size * (2 * hb_stream_uniform(s) - 1); }

static void add_spot(path *p, double x, double y, bool down) {
    if (p->count > MOST_PIECES) return;
    p->spots[p->count] = (spot){x, y, 0};
    p->down[p->count++] = down; /* whether the pen drew on its way here */
}

static double bezier(double a, double b, double c, double d, double t) {
    double u = 1 - t;
    return u * u * u * a + 3 * u * t * (u * b + t * c) + t * t * t * d;
}

/* Cuts the pen's path into pieces, every control point off its place a little. */
static void trace(hb_stream *s, const hb_pen *pen, path *p) {
    p->count = 0;
    double x = 0, y = 0;
    for (; pen->op; pen++) {
        double at[6] = {0};
        int numbers = pen->op == 'C' ? 6 : pen->op == 'Q' ? 4 : 2;
        for (int i = 0; i < numbers; i++)
            at[i] = (double)pen->points[i] + style.jitter * hb_stream_normal(s);
        double to_x = at[numbers - 2], to_y = at[numbers - 1];
        if (pen->op == 'M') {
            add_spot(p, to_x, to_y, false);
        } else {
            double b[2], c[2]; /* lines and quadratic curves as cubic ones */
            for (int i = 0; i < 2; i++) {
                double from = i ? y : x, to = i ? to_y : to_x;
                b[i] = pen->op == 'C' ? at[i] : pen->op == 'Q' ? (from + 2 * at[i]) / 3 : from;
                c[i] = pen->op == 'C' ? at[2 + i] : pen->op == 'Q' ? (to + 2 * at[i]) / 3 : to;
            }
            int pieces = pen->op == 'L' ? PIECES / 2 : PIECES;
            for (int i = 1; i <= pieces; i++) {
                double t = (double)i / pieces;
                add_spot(p, bezier(x, b[0], c[0], to_x, t), bezier(y, b[1], c[1], to_y, t), true);
            }
        }
        x = to_x;
        y = to_y;
    }
}

/* Bends the unit square: a cubic Bezier patch of random offsets. */
static void bend(hb_stream *s, path *p) {
    double offsets[2][LATTICE][LATTICE];
    for (int i = 0; i < 2 * LATTICE * LATTICE; i++)
        (&offsets[0][0][0])[i] = style.bend * hb_stream_normal(s);
    for (int k = 0; k < p->count; k++) {
        double row[2][LATTICE];
        spot *at = &p->spots[k];
        for (int axis = 0; axis < 2; axis++)
            for (int i = 0; i < LATTICE; i++) {
                const double *o = offsets[axis][i];
                row[axis][i] = bezier(o[0], o[1], o[2], o[3], at->x);
            }
        double dx = bezier(row[0][0], row[0][1], row[0][2], row[0][3], at->y);
        double dy = bezier(row[1][0], row[1][1], row[1][2], row[1][3], at->y);
        at->x += dx;
        at->y += dy;
    }
}

/* Turns, shears, scales and shifts the unit square onto the image. */
static void place(hb_stream *s, path *p) {
    double half = within(s, style.rotate) / 2; /* the tangent of half an angle is near it */
    double cosine = (1 - half * half) / (1 + half * half), sine = 2 * half / (1 + half * half);
    double shear = within(s, style.shear);
    double height = between(s, style.height), width = height * between(s, style.aspect);
    double shift_x = within(s, style.shift), shift_y = within(s, style.shift);
    for (int k = 0; k < p->count; k++) {
        spot *at = &p->spots[k];
        double y = (at->y - 0.5) * height, x = (at->x - 0.5) * width - shear * y;
        at->x = cosine * x - sine * y + shift_x + (SIDE - 1) / 2.0;
        at->y = sine * x + cosine * y + shift_y + (SIDE - 1) / 2.0;
    }
}

/* The pen's width along the path: from one pressure to another by way of a third. */
static void press(hb_stream *s, path *p) {
    double radius = between(s, style.radius);
    double a = within(s, style.pressure), b = within(s, style.pressure);
    double c = within(s, style.pressure);
    for (int k = 0; k < p->count; k++) {
        double t = (double)k / p->count;
        p->spots[k].radius = radius * (1 + bezier(a, b, b, c, t));
    }
}

/* Raises the pixels near one piece to its ink; the edge is a pixel wide. */
static void draw_piece(float *image, const spot *a, const spot *b, double ink) {
    double most = (a->radius > b->radius ? a->radius : b->radius) + 0.5;
    double left = (a->x < b->x ? a->x : b->x) - most, right = (a->x < b->x ? b->x : a->x) + most;
    double top = (a->y < b->y ? a->y : b->y) - most, bottom = (a->y < b->y ? b->y : a->y) + most;
    if (right < 0 || bottom < 0 || left > SIDE - 1 || top > SIDE - 1) return;
    int x0 = left < 0 ? 0 : (int)left, x1 = right > SIDE - 1 ? SIDE - 1 : (int)right;
    int y0 = top < 0 ? 0 : (int)top, y1 = bottom > SIDE - 1 ? SIDE - 1 : (int)bottom;
    float dx = (float)(b->x - a->x), dy = (float)(b->y - a->y);
    float square = dx * dx + dy * dy, inverse = square > 0 ? 1 / square : 0;
    float from = (float)a->radius, change = (float)(b->radius - a->radius), grey = (float)ink;
    for (int y = y0; y <= y1; y++) {
        for (int x = x0; x <= x1; x++) {
            float px = (float)x - (float)a->x, py = (float)y - (float)a->y;
            float t = (px * dx + py * dy) * inverse;
            t = t < 0 ? 0 : t > 1 ? 1 : t;
            float ex = px - t * dx, ey = py - t * dy;
            float cover = from + t * change + 0.5f - sqrtf(ex * ex + ey * ey);
            cover = cover > 1 ? 1 : cover;
            float value = cover * grey;
            if (value > image[y * SIDE + x]) image[y * SIDE + x] = value;
        }
    }
}

static void draw_path(float *image, const path *p, double ink) {
    for (int k = 1; k < p->count; k++)
        if (p->down[k]) draw_piece(image, &p->spots[k - 1], &p->spots[k], ink);
}

/* Short strokes and dots that belong to no digit. */
static void draw_marks(hb_stream *s, float *image) {
    int marks = (int)hb_stream_below(s, (uint64_t)style.marks + 1);
    for (int i = 0; i < marks; i++) {
        double x = hb_stream_uniform(s) * (SIDE - 1), y = hb_stream_uniform(s) * (SIDE - 1);
        double radius = 0.4 + 0.5 * hb_stream_uniform(s);
        spot a = {x, y, radius}, b = {x + within(s, 3.5), y + within(s, 3.5), radius};
        draw_piece(image, &a, &b, style.mark_ink * hb_stream_uniform(s));
    }
}

/* To bytes, with the paper's grey and noise that is nearly normal: the sum of the
 * four bytes of a word, deviation 147.8. */
static void finish(hb_stream *s, const float *image, uint8_t *bytes) {
    float paper = (float)(style.paper * hb_stream_uniform(s));
    float deviation = (float)(style.noise * 2 * hb_stream_uniform(s)) / 147.8f;
    for (int i = 0; i < HB_STROKES_PIXELS; i++) {
        uint32_t word = hb_stream_u32(s);
        uint32_t sum = (word & 255) + (word >> 8 & 255) + (word >> 16 & 255) + (word >> 24);
        float value = paper + (1 - paper) * image[i] + deviation * ((float)sum - 510.0f);
        value = value < 0 ? 0 : value > 1 ? 1 : value;
        bytes[i] = (uint8_t)(value * 255.0f + 0.5f);
    }
}

void hb_strokes_draw(uint64_t seed, uint32_t split, uint32_t index,
                     uint8_t bytes[HB_STROKES_PIXELS], int32_t *label) {
    float image[HB_STROKES_PIXELS];
    path p;
    hb_stream stream;
    *label = hb_balanced_label(seed, split, index, HB_DIGITS);
    hb_stream_init(&stream, seed, HB_DRAW_DATA, index, split);
    memset(image, 0, sizeof image);
    trace(&stream, hb_writings[*label][hb_stream_below(&stream, HB_WRITINGS)], &p);
    bend(&stream, &p);
    place(&stream, &p);
    press(&stream, &p);
    draw_path(image, &p, between(&stream, style.ink));
    draw_marks(&stream, image);
    finish(&stream, image, bytes);
}

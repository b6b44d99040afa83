/* How the digits are written: pen strokes in a unit square, y downwards. */
#ifndef HB_STROKES_GLYPHS_H
#define HB_STROKES_GLYPHS_H

/* 'M': put the pen down at a point; 'L': a straight line to a point;
 * 'Q', 'C': a quadratic or cubic Bezier curve to its last point; 0: the end. */
typedef struct hb_pen {
    char op;
    float points[6];
} hb_pen;

enum { HB_DIGITS = 10, HB_WRITINGS = 4 };

/* Ways to write each digit. */
extern const hb_pen *const hb_writings[HB_DIGITS][HB_WRITINGS];

#endif

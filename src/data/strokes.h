/* The set "strokes": images of handwritten-looking digits that hebb draws itself,
 * for tutorials and tests on machines without a network. */
#ifndef HB_STROKES_H
#define HB_STROKES_H

#include <stdint.h>

enum { HB_STROKES_SIDE = 28, HB_STROKES_PIXELS = HB_STROKES_SIDE * HB_STROKES_SIDE };

/* Draws image `index` of a split and tells its digit. Both depend on (seed, split,
 * index) alone; every ten images in a row hold each digit once. */
void hb_strokes_draw(uint64_t seed, uint32_t split, uint32_t index,
                     uint8_t image[HB_STROKES_PIXELS], int32_t *label);

#endif

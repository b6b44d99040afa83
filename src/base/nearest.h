/* The nearest valid name, for "did you mean". */
#ifndef HB_NEAREST_H
#define HB_NEAREST_H

#include <stddef.h>

typedef struct hb_near {
    const char *wanted;
    size_t distance;
    char best[64]; /* "" if nothing was near */
} hb_near;

void hb_near_init(hb_near *near, const char *wanted);
/* names may be a list "a|b", or NULL. */
void hb_near_try(hb_near *near, const char *names);

#endif

/* Finds NaN and infinities, by their bits, a block at a time. */
#include <stdint.h>
#include <string.h>

#include <math.h>

#include "base/finite.h"
#include "base/real.h"

#ifdef HB_DOUBLE
typedef uint64_t bits;
#define EXPONENT UINT64_C(0x7ff0000000000000)
#else
typedef uint32_t bits;
#define EXPONENT UINT32_C(0x7f800000)
#endif

enum { BLOCK = 1024 };

size_t HB_R(hb_not_finite)(const real *values, size_t count) {
    for (size_t start = 0; start < count; start += BLOCK) {
        size_t end = count - start > BLOCK ? start + BLOCK : count;
        bits bad = 0;
        for (size_t i = start; i < end; i++) {
            bits b;
            memcpy(&b, values + i, sizeof b);
            bad |= (b & EXPONENT) == EXPONENT;
        }
        for (size_t i = start; bad && i < end; i++)
            if (!isfinite(values[i])) return i;
    }
    return count;
}

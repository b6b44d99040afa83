/* What the tests of gradients share: numbers to draw, differences to take, and
 * comparisons that say what they compared. Only for test programs. */
#ifndef NUMERIC_H
#define NUMERIC_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* splitmix64 (Steele, Lea and Flood, OOPSLA 2014): none of the library's own streams. */
typedef struct dice {
    uint64_t state;
} dice;

static inline uint64_t dice_bits(dice *d) {
    uint64_t z = d->state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}
static inline double dice_between(dice *d, double low, double high) {
    return low + (high - low) * ((double)(dice_bits(d) >> 11) + 0.5) / 9007199254740992.0;
}

/* Central difference of order 4: the error is about h^4 |f^(5)| / 30. */
static inline double difference(double (*f)(void *, double), void *user, double at, double h) {
    double near = f(user, at + h) - f(user, at - h);
    double far = f(user, at + 2 * h) - f(user, at - 2 * h);
    return (8 * near - far) / (12 * h);
}

/* Relative error, with a floor below which the scale counts instead. */
static inline bool close_to(double got, double wanted, double relative, double floor_) {
    double scale = fabs(wanted) > fabs(got) ? fabs(wanted) : fabs(got);
    return fabs(got - wanted) <= relative * (scale > floor_ ? scale : floor_);
}

#endif

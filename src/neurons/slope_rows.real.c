/* Slopes of smooth surrogates for rows of potentials, as loops that become vectors. */
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "base/real.h"
#include "neurons/surrogate.h"

static const double pi = 3.14159265358979323846;

#ifdef HB_DOUBLE
static inline double exp_row(double x) { return exp(x); }
#else
/* Good to 2e-7. x is cut to where floats have a result. 2^n goes into the exponent's bits; the
 * rest is a Taylor polynomial. */
static inline float exp_row(float x) {
    x = x < -87 ? -87 : x > 88 ? 88 : x;
    float shifted = x * 1.44269504f + 12582912.0f; /* rounds to a whole number */
    float n = shifted - 12582912.0f;
    float r = x - n * 0.693359375f;
    r = r - n * -2.12194440e-4f;
    float y = 1.0f / 720;
    y = y * r + 1.0f / 120;
    y = y * r + 1.0f / 24;
    y = y * r + 1.0f / 6;
    y = y * r + 0.5f;
    y = y * r + 1;
    y = y * r + 1;
    int32_t bits;
    memcpy(&bits, &y, sizeof bits);
    bits += (int32_t)n * (1 << 23);
    memcpy(&y, &bits, sizeof y);
    return y;
}
#endif

static inline real size_of(real x) { return x < 0 ? -x : x; }

static void gaussian(const hb_surrogate *s, size_t n, const real *restrict x, real *restrict g) {
    real k = -1 / (2 * (real)s->alpha), h = (real)s->scale / (real)(2 * pi * s->alpha);
    for (size_t j = 0; j < n; j++) g[j] = h * exp_row(k * x[j] * x[j]);
}

static void sigmoid(const hb_surrogate *s, size_t n, const real *restrict x, real *restrict g) {
    real a = (real)s->alpha, c = (real)s->scale;
    for (size_t j = 0; j < n; j++) {
        real y = 1 / (1 + exp_row(-a * x[j]));
        g[j] = c * a * y * (1 - y);
    }
}

static void inverse_tangent(const hb_surrogate *s, size_t n, const real *restrict x,
                            real *restrict g) {
    real a = (real)s->alpha, k = (real)(pi / 2) * a, h = (real)s->scale * a / 2;
    for (size_t j = 0; j < n; j++) g[j] = h / (1 + k * x[j] * (k * x[j]));
}

static void triangle(const hb_surrogate *s, size_t n, const real *restrict x, real *restrict g) {
    real a = (real)s->alpha, c = (real)s->scale;
    for (size_t j = 0; j < n; j++) {
        real y = c * (a - a * a * size_of(x[j]));
        g[j] = y > 0 ? y : 0;
    }
}

static void fast(const hb_surrogate *s, size_t n, const real *restrict x, real *restrict g) {
    real a = (real)s->alpha, c = (real)s->scale;
    real h = s->ops->shape == HB_SHAPE_SUPERSPIKE ? c * a : c;
    for (size_t j = 0; j < n; j++) {
        real y = 1 + a * size_of(x[j]);
        g[j] = h / (y * y);
    }
}

void HB_R(hb_surrogate_row)(const hb_surrogate *s, size_t n, const real *x, real *g);
void HB_R(hb_surrogate_row)(const hb_surrogate *s, size_t n, const real *x, real *g) {
    switch (s->ops->shape) {
    case HB_SHAPE_GAUSSIAN:
        gaussian(s, n, x, g);
        return;
    case HB_SHAPE_SIGMOID:
        sigmoid(s, n, x, g);
        return;
    case HB_SHAPE_ATAN:
        inverse_tangent(s, n, x, g);
        return;
    case HB_SHAPE_TRIANGLE:
        triangle(s, n, x, g);
        return;
    case HB_SHAPE_FAST:
    case HB_SHAPE_SUPERSPIKE:
        fast(s, n, x, g);
        return;
    default:
        for (size_t j = 0; j < n; j++) g[j] = (real)s->ops->slope(s, (double)x[j]);
    }
}

#ifndef HB_ISA
#ifdef HB_X86_SIMD
#define COPY(isa) HB_JOIN3(hb_surrogate_row, HB_REAL_SUFFIX, isa)
void COPY(avx2)(const hb_surrogate *s, size_t n, const real *x, real *g);
void COPY(avx512)(const hb_surrogate *s, size_t n, const real *x, real *g);
#endif

HB_R(hb_surrogate_loop) HB_R(hb_surrogate_row_for)(const char *isa) {
#ifdef HB_X86_SIMD
    if (!strcmp(isa, "avx512")) return COPY(avx512);
    if (!strcmp(isa, "avx2")) return COPY(avx2);
#endif
    (void)isa;
    return HB_R(hb_surrogate_row);
}
#endif

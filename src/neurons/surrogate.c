/* The surrogates: their windows, and the antiderivatives for gradient checks. */
#include "neurons/surrogate.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

static const double pi = 3.14159265358979323846;

#define ALPHA(value, text)                                                                         \
    static const hb_param_info value##_params[] = {                                                \
        {"alpha", HB_NUM, "1", text, HB_POSITIVE, "width or sharpness of the window"}}
ALPHA(box, 0.5);
ALPHA(two, 2);
ALPHA(gauss, 0.5);
ALPHA(ten, 10);
ALPHA(one, 1);

static double box_integral(const hb_surrogate *s, double x) {
    double low, high, height;
    s->ops->box(s->alpha, &low, &high, &height);
    if (low < -1e300) low = 0;
    double at = x < low ? low : x > high ? high : x;
    return s->scale * height * (at - low);
}
static double box_slope(const hb_surrogate *s, double x) {
    double low, high, height;
    s->ops->box(s->alpha, &low, &high, &height);
    return x > low && x < high ? s->scale * height : 0;
}

static void rectangle_box(double a, double *low, double *high, double *height) {
    *low = -a, *high = a, *height = 1;
}
static void gate_box(double a, double *low, double *high, double *height) {
    *low = -1 / a, *high = 1 / a, *height = 1;
}
static void relu_box(double a, double *low, double *high, double *height) {
    *low = 0, *high = HB_INF, *height = a;
}
static void straight_box(double a, double *low, double *high, double *height) {
    (void)a;
    *low = -HB_INF, *high = HB_INF, *height = 1;
}
static double straight_integral(const hb_surrogate *s, double x) { return s->scale * x; }

static double gauss_slope(const hb_surrogate *s, double x) {
    return s->scale * exp(-x * x / (2 * s->alpha)) / (2 * pi * s->alpha);
}
static double gauss_integral(const hb_surrogate *s, double x) {
    double a = s->alpha;
    return s->scale * 0.5 * sqrt(2 * pi * a) * (1 + erf(x / sqrt(2 * a))) / (2 * pi * a);
}
static double sigmoid(double x) { return 1 / (1 + exp(-x)); }
static double sigmoid_slope(const hb_surrogate *s, double x) {
    double y = sigmoid(s->alpha * x);
    return s->scale * s->alpha * y * (1 - y);
}
static double sigmoid_integral(const hb_surrogate *s, double x) {
    return s->scale * sigmoid(s->alpha * x);
}
static double atan_slope(const hb_surrogate *s, double x) {
    double y = pi / 2 * s->alpha * x;
    return s->scale * s->alpha / 2 / (1 + y * y);
}
static double atan_integral(const hb_surrogate *s, double x) {
    return s->scale * (atan(pi / 2 * s->alpha * x) / pi + 0.5);
}
static double triangle_slope(const hb_surrogate *s, double x) {
    double y = s->alpha - s->alpha * s->alpha * fabs(x);
    return y > 0 ? s->scale * y : 0;
}
static double triangle_integral(const hb_surrogate *s, double x) {
    double a = s->alpha, at = x < -1 / a ? -1 / a : x > 1 / a ? 1 / a : x;
    return s->scale * (0.5 + a * at - 0.5 * a * a * at * fabs(at));
}
static double fast_slope(const hb_surrogate *s, double x) {
    double y = 1 + s->alpha * fabs(x);
    return s->scale / (y * y);
}
static double fast_integral(const hb_surrogate *s, double x) {
    return s->scale * x / (1 + s->alpha * fabs(x));
}
static double super_slope(const hb_surrogate *s, double x) { return s->alpha * fast_slope(s, x); }
static double super_integral(const hb_surrogate *s, double x) {
    return s->alpha * fast_integral(s, x);
}
static double call_slope(const hb_surrogate *s, double x) { return s->scale * s->call(s->user, x); }
static double call_integral(const hb_surrogate *s, double x) {
    return s->call_integral ? s->scale * s->call_integral(s->user, x) : (double)NAN;
}

#define SURROGATE(id, name_, aliases_, summary_, equation_, source_, table)                        \
    static const hb_component id##_component = {"surrogate", name_,   aliases_, summary_,          \
                                                equation_,   source_, table,    HB_COUNT(table)}

SURROGATE(rectangle, "rectangle", "RectangleGrad|rect|boxcar", "a box around the threshold",
          "g(u) = 1 if abs(u) < alpha else 0", "STCA: Gu et al., IJCAI 2019; SPAIC 0.6.3",
          box_params);
SURROGATE(gate, "gate", "GateGrad", "a box of half width 1/alpha",
          "g(u) = 1 if abs(u) < 1/alpha else 0", "SPAIC 0.6.3", two_params);
SURROGATE(relu, "relu", "ReLUGrad", "a constant slope above the threshold",
          "g(u) = alpha if u > 0 else 0; spikes at u >= 0", "SPAIC 0.6.3", two_params);
SURROGATE(straight, "straight_through", "straight-through|ste", "slope 1 everywhere", "g(u) = 1",
          "Bengio, Leonard and Courville, arXiv:1308.3432", one_params);
SURROGATE(gauss, "gaussian", "gauss", "a Gaussian", "g(u) = exp(-u^2 / (2 alpha)) / (2 pi alpha)",
          "STBP: Wu et al., Front. Neurosci. 2018; SPAIC 0.6.3's factor", gauss_params);
SURROGATE(sigmoid, "sigmoid", "SigmoidGrad", "the slope of a sigmoid",
          "s = sigmoid(alpha u); g(u) = alpha s (1 - s); spikes at u >= 0", "SPAIC 0.6.3",
          two_params);
SURROGATE(atan, "atan", "AtanGrad|arctan", "the slope of an arc tangent",
          "g(u) = (alpha / 2) / (1 + (pi alpha u / 2)^2)", "Fang et al., ICCV 2021; SPAIC 0.6.3",
          two_params);
SURROGATE(quadratic, "quadratic_gate", "QGateGrad", "a triangle of unit area",
          "g(u) = max(0, alpha - alpha^2 abs(u))", "SPAIC 0.6.3", two_params);
SURROGATE(triangular, "triangular", "triangle", "a triangle of unit area",
          "g(u) = max(0, alpha - alpha^2 abs(u))", "Esser et al., PNAS 2016", one_params);
SURROGATE(fast, "fast_sigmoid", "fastsigmoid", "the slope of a fast sigmoid",
          "g(u) = 1 / (1 + alpha abs(u))^2", "Zenke and Ganguli, Neural Comput. 2018", ten_params);
SURROGATE(super, "superspike", "SuperSpike",
          "the slope of the fast sigmoid alpha u / (1 + alpha abs(u))",
          "g(u) = alpha / (1 + alpha abs(u))^2", "Zenke and Ganguli, Neural Comput. 2018",
          ten_params);
SURROGATE(call, "function", "custom|user", "a function of yours", "g(u) = f(u)", NULL, one_params);

#define OPS(id, window, at_zero, box, slope, integral)                                             \
    static const hb_surrogate_ops id##_ops = {&id##_component, window,  at_zero, box,              \
                                              slope,           integral}
OPS(rectangle, HB_WINDOW_BOX, false, rectangle_box, box_slope, box_integral);
OPS(gate, HB_WINDOW_BOX, false, gate_box, box_slope, box_integral);
OPS(relu, HB_WINDOW_BOX, true, relu_box, box_slope, box_integral);
OPS(straight, HB_WINDOW_BOX, false, straight_box, box_slope, straight_integral);
OPS(gauss, HB_WINDOW_SMOOTH, false, NULL, gauss_slope, gauss_integral);
OPS(sigmoid, HB_WINDOW_SMOOTH, true, NULL, sigmoid_slope, sigmoid_integral);
OPS(atan, HB_WINDOW_SMOOTH, false, NULL, atan_slope, atan_integral);
OPS(quadratic, HB_WINDOW_SMOOTH, false, NULL, triangle_slope, triangle_integral);
OPS(triangular, HB_WINDOW_SMOOTH, false, NULL, triangle_slope, triangle_integral);
OPS(fast, HB_WINDOW_SMOOTH, false, NULL, fast_slope, fast_integral);
OPS(super, HB_WINDOW_SMOOTH, false, NULL, super_slope, super_integral);
OPS(call, HB_WINDOW_SMOOTH, false, NULL, call_slope, call_integral);

const hb_surrogate_ops *const hb_surrogates[] = {
    &rectangle_ops, &gate_ops,      &relu_ops,       &straight_ops, &gauss_ops, &sigmoid_ops,
    &atan_ops,      &quadratic_ops, &triangular_ops, &fast_ops,     &super_ops, &call_ops};
const size_t hb_surrogate_count = HB_COUNT(hb_surrogates);

hebb_status hb_surrogate_find(hb_env *env, const char *name, const char *where, double alpha,
                              hb_surrogate *surrogate) {
    const hb_component *components[HB_COUNT(hb_surrogates)];
    for (size_t i = 0; i < hb_surrogate_count; i++) components[i] = hb_surrogates[i]->component;
    const hb_component *found =
        hb_component_find(env, "surrogate", name, components, hb_surrogate_count, where);
    if (!found) return HEBB_E_NAME;
    if (alpha <= 0 || isinf(alpha)) {
        char text[32];
        return hb_fail(env, HEBB_E_RANGE,
                       "%s%salpha = %s is not allowed for %s; it must be above 0",
                       where ? where : "", where && where[0] ? ": " : "",
                       hb_number_text(text, alpha), found->name);
    }
    for (size_t i = 0; i < hb_surrogate_count; i++)
        if (components[i] == found) surrogate->ops = hb_surrogates[i];
    surrogate->alpha = isnan(alpha) ? found->params[0].def : alpha;
    surrogate->scale = 1;
    surrogate->fires_at_zero = surrogate->ops->fires_at_zero;
    return HEBB_OK;
}

void hb_surrogate_box(const hb_surrogate *surrogate, double *low, double *high, double *height) {
    surrogate->ops->box(surrogate->alpha, low, high, height);
    *height *= surrogate->scale;
}

/* exp for rows of floats: a loop that the compiler vectorizes, good to 2e-7. x is cut to where
 * floats have a result. 2^n goes into the exponent's bits; the rest is a Taylor polynomial. */
static inline float exp_f32(float x) {
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
static inline double exp_f64(double x) { return exp(x); }

/* Rows run in their own type, where the compiler vectorizes them. */
#define ROW(type, suffix)                                                                          \
    void hb_surrogate_row_##suffix(const hb_surrogate *s, size_t n, const type *x, type *g) {      \
        type a = (type)s->alpha, c = (type)s->scale;                                               \
        if (s->ops == &atan_ops) {                                                                 \
            type k = (type)(pi / 2) * a, h = c * a / 2;                                            \
            for (size_t j = 0; j < n; j++) g[j] = h / (1 + k * x[j] * (k * x[j]));                 \
        } else if (s->ops == &fast_ops || s->ops == &super_ops) {                                  \
            type h = s->ops == &super_ops ? c * a : c;                                             \
            for (size_t j = 0; j < n; j++) {                                                       \
                type y = 1 + a * (x[j] < 0 ? -x[j] : x[j]);                                        \
                g[j] = h / (y * y);                                                                \
            }                                                                                      \
        } else if (s->ops == &quadratic_ops || s->ops == &triangular_ops) {                        \
            for (size_t j = 0; j < n; j++) {                                                       \
                type y = c * (a - a * a * (x[j] < 0 ? -x[j] : x[j]));                              \
                g[j] = y > 0 ? y : 0;                                                              \
            }                                                                                      \
        } else if (s->ops == &gauss_ops) {                                                         \
            type k = -1 / (2 * a), h = c / (type)(2 * pi * s->alpha);                              \
            for (size_t j = 0; j < n; j++) g[j] = h * exp_##suffix(k * x[j] * x[j]);               \
        } else if (s->ops == &sigmoid_ops) {                                                       \
            for (size_t j = 0; j < n; j++) {                                                       \
                type y = 1 / (1 + exp_##suffix(-a * x[j]));                                        \
                g[j] = c * a * y * (1 - y);                                                        \
            }                                                                                      \
        } else                                                                                     \
            for (size_t j = 0; j < n; j++) g[j] = (type)s->ops->slope(s, (double)x[j]);            \
    }
ROW(float, f32)
ROW(double, f64)

/* The surrogates: their windows, and the antiderivatives for gradient checks. */
#include "neurons/surrogate.h"

#include <math.h>
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
    static const hb_surrogate_ops id##_ops = {&id##_component, window,   at_zero,       box,       \
                                              slope,           integral, HB_SHAPE_OTHER}
#define FORMULA(id, at_zero, shape, slope, integral)                                               \
    static const hb_surrogate_ops id##_ops = {&id##_component, HB_WINDOW_SMOOTH, at_zero, NULL,    \
                                              slope,           integral,         shape}
OPS(rectangle, HB_WINDOW_BOX, false, rectangle_box, box_slope, box_integral);
OPS(gate, HB_WINDOW_BOX, false, gate_box, box_slope, box_integral);
OPS(relu, HB_WINDOW_BOX, true, relu_box, box_slope, box_integral);
OPS(straight, HB_WINDOW_BOX, false, straight_box, box_slope, straight_integral);
FORMULA(gauss, false, HB_SHAPE_GAUSSIAN, gauss_slope, gauss_integral);
FORMULA(sigmoid, true, HB_SHAPE_SIGMOID, sigmoid_slope, sigmoid_integral);
FORMULA(atan, false, HB_SHAPE_ATAN, atan_slope, atan_integral);
FORMULA(quadratic, false, HB_SHAPE_TRIANGLE, triangle_slope, triangle_integral);
FORMULA(triangular, false, HB_SHAPE_TRIANGLE, triangle_slope, triangle_integral);
FORMULA(fast, false, HB_SHAPE_FAST, fast_slope, fast_integral);
FORMULA(super, false, HB_SHAPE_SUPERSPIKE, super_slope, super_integral);
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

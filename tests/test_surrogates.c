/* Surrogates: slope against the integral, the float row against the double row,
 * published formulas written out again, limits, names and a user's own function. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "neurons/surrogate.h"
#include "numeric.h"

static const double pi = 3.14159265358979323846;
static hb_env env;

static int setup(void **state) {
    (void)state;
    hb_env_init(&env, NULL);
    return 0;
}

static double cosine(void *user, double x) { return *(const double *)user * cos(x); }
static double sine(void *user, double x) { return *(const double *)user * sin(x); }

static hb_surrogate get(const char *name, double alpha) {
    static double two = 2;
    hb_surrogate s = {0};
    assert_int_equal(hb_surrogate_find(&env, name, "test", alpha, &s), HEBB_OK);
    if (!strcmp(s.ops->component->name, "function"))
        s.call = cosine, s.call_integral = sine, s.user = &two;
    return s;
}

/* The formulas of the papers, with SPAIC's factors; written here from the sources. */
static double formula(const char *name, double a, double u) {
    double s = 1 / (1 + exp(-a * u)), m = fabs(u);
    if (!strcmp(name, "rectangle")) return m < a;
    if (!strcmp(name, "gate")) return m < 1 / a;
    if (!strcmp(name, "relu")) return u > 0 ? a : 0;
    if (!strcmp(name, "straight_through")) return 1;
    if (!strcmp(name, "gaussian")) return exp(-u * u / (2 * a)) / (2 * pi * a);
    if (!strcmp(name, "sigmoid")) return a * s * (1 - s);
    if (!strcmp(name, "atan")) return a / 2 / (1 + pow(pi / 2 * a * u, 2));
    if (!strcmp(name, "quadratic_gate") || !strcmp(name, "triangular"))
        return m <= 1 / a ? a - a * a * m : 0;
    if (!strcmp(name, "fast_sigmoid")) return 1 / pow(a * m + 1, 2);
    if (!strcmp(name, "superspike")) return a / pow(a * m + 1, 2);
    return 2 * cos(u);
}

static void formulas(void **state) {
    (void)state;
    static const double alphas[] = {0.3, 0.5, 1, 2, 10};
    dice d = {1};
    for (size_t i = 0; i < hb_surrogate_count; i++)
        for (size_t a = 0; a < HB_COUNT(alphas); a++) {
            const char *name = hb_surrogates[i]->component->name;
            hb_surrogate s = get(name, alphas[a]);
            s.scale = 0.75;
            for (int k = 0; k < 300; k++) {
                double u = dice_between(&d, -3, 3);
                double want = 0.75 * formula(name, alphas[a], u), is = s.ops->slope(&s, u);
                if (!close_to(is, want, 1e-12, 1e-9))
                    fail_msg("%s(%g)'s slope at %g is %.15g, not %.15g", name, alphas[a], u, is,
                             want);
            }
        }
}

static double integral_at(void *user, double x) {
    const hb_surrogate *s = user;
    return s->ops->integral(s, x);
}

/* Is there a kink of the slope within reach of x? Of the boxes their walls, of
 * the others the tip at 0 and the feet of the triangle at 1/alpha. */
static bool near_kink(const hb_surrogate *s, double x, double reach) {
    double at[] = {0, s->alpha, 1 / s->alpha};
    for (size_t i = 0; i < HB_COUNT(at); i++)
        if (fabs(fabs(x) - at[i]) < reach) return true;
    return false;
}

static void slope_is_the_derivative_of_the_integral(void **state) {
    (void)state;
    static const double alphas[] = {0.3, 0.5, 1, 2, 10};
    dice d = {2};
    for (size_t i = 0; i < hb_surrogate_count; i++)
        for (size_t a = 0; a < HB_COUNT(alphas); a++) {
            hb_surrogate s = get(hb_surrogates[i]->component->name, alphas[a]);
            s.scale = 1.5;
            int tested = 0, zero = 0;
            for (int k = 0; k < 400; k++) {
                double x = dice_between(&d, -4, 4), h = 1e-4;
                if (near_kink(&s, x, 2.1 * h)) continue;
                double want = difference(integral_at, &s, x, h), is = s.ops->slope(&s, x);
                if (!close_to(is, want, 1e-8, 0.01))
                    fail_msg("%s(%g) at %g: slope %.12g, difference of the integral %.12g",
                             s.ops->component->name, alphas[a], x, is, want);
                tested++, zero += is == 0;
            }
            assert_true(tested > 350 && zero < tested);
        }
}

/* The integral stands for a spike: it rises from 0 to the window's area. */
static void areas(void **state) {
    (void)state;
    static const struct {
        const char *name;
        double alpha, area;
    } cases[] = {{"rectangle", 0.5, 1},      {"rectangle", 2, 4},  {"gate", 2, 1},
                 {"sigmoid", 2, 1},          {"atan", 2, 1},       {"quadratic_gate", 2, 1},
                 {"triangular", 1, 1},       {"triangular", 3, 1}, {"fast_sigmoid", 10, 0.2},
                 {"superspike", 10, 2},      {"gaussian", 0.5, 0}, /* 1 / sqrt(2 pi alpha) below */
                 {"gaussian", 0.15915494, 1}};
    for (size_t i = 0; i < HB_COUNT(cases); i++) {
        hb_surrogate s = get(cases[i].name, cases[i].alpha);
        double area = cases[i].area ? cases[i].area : 1 / sqrt(2 * pi * 0.5);
        double rise = s.ops->integral(&s, 1e9) - s.ops->integral(&s, -1e9);
        if (!close_to(rise, area, 1e-7, 1)) fail_msg("%s: area %g", cases[i].name, rise);
    }
}

static void walls_are_open(void **state) {
    (void)state;
    double low, high, height;
    hb_surrogate box = get("rectangle", 0.5);
    hb_surrogate_box(&box, &low, &high, &height);
    assert_true(low == -0.5 && high == 0.5 && height == 1);
    assert_true(box.ops->slope(&box, 0.5) == 0 && box.ops->slope(&box, -0.5) == 0);
    assert_true(box.ops->slope(&box, nextafter(0.5, 0)) == 1);
    assert_true(box.ops->slope(&box, nextafter(-0.5, 0)) == 1);
    hb_surrogate gate = get("gate", 4);
    gate.scale = 3;
    hb_surrogate_box(&gate, &low, &high, &height);
    assert_true(low == -0.25 && high == 0.25 && height == 3);
    assert_true(gate.ops->slope(&gate, 0.25) == 0 && gate.ops->slope(&gate, -0.25) == 0);
    hb_surrogate relu = get("relu", 2);
    hb_surrogate_box(&relu, &low, &high, &height);
    assert_true(low == 0 && isinf(high) && height == 2);
    assert_true(relu.ops->slope(&relu, 0) == 0 && relu.ops->slope(&relu, 1e-300) == 2);
    hb_surrogate all = get("straight_through", NAN);
    hb_surrogate_box(&all, &low, &high, &height);
    assert_true(isinf(low) && low < 0 && isinf(high) && height == 1);
    for (size_t i = 0; i < hb_surrogate_count; i++)
        assert_true((hb_surrogates[i]->window == HB_WINDOW_BOX) == (hb_surrogates[i]->box != NULL));
}

static void rows(void **state) {
    (void)state;
    enum { N = 203 };
    double x[N], g[N];
    float xf[N], gf[N];
    dice d = {3};
    for (size_t i = 0; i < hb_surrogate_count; i++) {
        if (hb_surrogates[i]->window != HB_WINDOW_SMOOTH) continue;
        hb_surrogate s = get(hb_surrogates[i]->component->name, 1.25);
        s.scale = 0.5;
        for (int j = 0; j < N; j++) xf[j] = (float)(x[j] = (float)dice_between(&d, -2.5, 2.5));
        x[0] = xf[0] = 0;
        hb_surrogate_row_f64(&s, N, x, g);
        hb_surrogate_row_f32(&s, N, xf, gf);
        for (int j = 0; j < N; j++) {
            double want = s.ops->slope(&s, x[j]);
            if (!close_to(g[j], want, 1e-14, 1) || !close_to((double)gf[j], want, 2e-6, 0.1))
                fail_msg("%s at %g: %.15g as double, %.9g as float, must be %.15g",
                         s.ops->component->name, x[j], g[j], (double)gf[j], want);
        }
    }
    hb_surrogate s = get("atan", NAN);
    g[0] = 7;
    hb_surrogate_row_f64(&s, 0, x, g);
    assert_true(g[0] == 7);
}

/* Far from the threshold nothing overflows into NaN. */
static void far_away(void **state) {
    (void)state;
    static const double far[] = {-1e30, -1e4, 1e4, 1e30};
    for (size_t i = 0; i < hb_surrogate_count; i++) {
        hb_surrogate s = get(hb_surrogates[i]->component->name, NAN);
        for (size_t k = 0; k < HB_COUNT(far); k++) {
            float xf = (float)far[k], gf = 0;
            double g = s.ops->slope(&s, far[k]);
            assert_true(isfinite(g) && isfinite(s.ops->integral(&s, far[k])));
            if (s.ops->window == HB_WINDOW_SMOOTH) hb_surrogate_row_f32(&s, 1, &xf, &gf);
            assert_true(isfinite(gf));
            if (s.ops->window == HB_WINDOW_SMOOTH && !s.call) assert_true(fabs(g) < 1e-6);
        }
    }
}

static void names(void **state) {
    (void)state;
    static const struct {
        const char *alias, *name;
        double alpha; /* its default */
        bool at_zero;
    } known[] = {{"RectangleGrad", "rectangle", 0.5, false},
                 {"rect", "rectangle", 0.5, false},
                 {"boxcar", "rectangle", 0.5, false},
                 {"GateGrad", "gate", 2, false},
                 {"relugrad", "relu", 2, true},
                 {"ste", "straight_through", 1, false},
                 {"Straight-Through", "straight_through", 1, false},
                 {"gauss", "gaussian", 0.5, false},
                 {"SigmoidGrad", "sigmoid", 2, true},
                 {"AtanGrad", "atan", 2, false},
                 {"arctan", "atan", 2, false},
                 {"QGateGrad", "quadratic_gate", 2, false},
                 {"triangle", "triangular", 1, false},
                 {"FastSigmoid", "fast_sigmoid", 10, false},
                 {"SuperSpike", "superspike", 10, false},
                 {"custom", "function", 1, false}};
    for (size_t i = 0; i < HB_COUNT(known); i++) {
        hb_surrogate s = get(known[i].alias, NAN);
        assert_string_equal(s.ops->component->name, known[i].name);
        assert_true(s.alpha == known[i].alpha && s.scale == 1);
        assert_true(s.fires_at_zero == known[i].at_zero);
        assert_true(get(known[i].name, 0.7).alpha == 0.7);
    }
    hb_surrogate s;
    assert_int_equal(hb_surrogate_find(&env, "sigmod", "layer1", NAN, &s), HEBB_E_NAME);
    assert_non_null(strstr(env.error, "sigmoid"));
    assert_non_null(strstr(env.error, "layer1"));
    static const double wrong[] = {0, -1, INFINITY};
    for (size_t i = 0; i < HB_COUNT(wrong); i++) {
        assert_int_equal(hb_surrogate_find(&env, "gate", "layer1", wrong[i], &s), HEBB_E_RANGE);
        assert_non_null(strstr(env.error, "layer1: alpha = "));
    }
}

static void own_function(void **state) {
    (void)state;
    double k = 3, x[2] = {0, 1}, g[2];
    hb_surrogate s = get("function", NAN);
    s.call = cosine, s.call_integral = NULL, s.user = &k, s.scale = 2;
    hb_surrogate_row_f64(&s, 2, x, g);
    assert_true(g[0] == 6 && close_to(g[1], 6 * cos(1), 1e-15, 1));
    assert_true(isnan(s.ops->integral(&s, 1))); /* soft mode needs the antiderivative */
    s.call_integral = sine;
    assert_true(close_to(s.ops->integral(&s, 1), 6 * sin(1), 1e-15, 1));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(formulas), cmocka_unit_test(slope_is_the_derivative_of_the_integral),
        cmocka_unit_test(areas),    cmocka_unit_test(walls_are_open),
        cmocka_unit_test(rows),     cmocka_unit_test(far_away),
        cmocka_unit_test(names),    cmocka_unit_test(own_function),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}

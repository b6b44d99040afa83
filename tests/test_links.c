/* Links and initializers. Oracles: moments and bounds of the distributions that are
 * promised, arrays laid out by hand, and the delayed spikes that SPAIC recorded.
 * Draws are fixed by their seed: a test that passes once passes always. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "counting_alloc.h"
#include "golden_file.h"
#include "links/link.h"

static hb_env env;

static int setup(void **state) {
    (void)state;
    hb_env_init(&env, NULL);
    return 0;
}

/* ---- statistics ---- */

typedef struct moments {
    double mean, variance, kurtosis, least, most;
    size_t count;
} moments;

static moments moments_of(const double *values, size_t count) {
    moments m = {.least = HB_INF, .most = -HB_INF, .count = count};
    double fourth = 0;
    for (size_t i = 0; i < count; i++) m.mean += values[i] / (double)count;
    for (size_t i = 0; i < count; i++) {
        double d = values[i] - m.mean;
        m.variance += d * d / (double)count;
        fourth += d * d * d * d / (double)count;
        m.least = fmin(m.least, values[i]);
        m.most = fmax(m.most, values[i]);
    }
    m.kurtosis = fourth / (m.variance * m.variance);
    return m;
}

/* Within five standard errors of N(mean, std^2); kurtosis 3, its error sqrt(24/n). */
static void check_normal(moments m, double mean, double std) {
    double n = (double)m.count;
    assert_true(fabs(m.mean - mean) < 5 * std / sqrt(n));
    assert_true(fabs(m.variance / (std * std) - 1) < 5 * sqrt(2 / n));
    assert_true(fabs(m.kurtosis - 3) < 5 * sqrt(24 / n));
    assert_true(m.most > mean + 3 * std && m.least < mean - 3 * std);
}

/* The same of U(low, high): variance (high-low)^2/12, error of it sqrt(0.8/n), kurtosis 1.8. */
static void check_uniform(moments m, double low, double high) {
    double n = (double)m.count, width = high - low;
    assert_true(m.least >= low && m.most <= high);
    assert_true(m.least < low + width * 20 / n && m.most > high - width * 20 / n);
    assert_true(fabs(m.mean - (low + high) / 2) < 5 * width / sqrt(12 * n));
    assert_true(fabs(m.variance * 12 / (width * width) - 1) < 5 * sqrt(0.8 / n));
    assert_true(fabs(m.kurtosis - 1.8) < 0.05);
}

/* Counts of things that are equally likely: chi-square below its mean + 5 deviations. */
static void check_even(const double *counts, size_t cells, double expected, double spread) {
    double chi = 0, degrees = (double)cells - 1;
    for (size_t i = 0; i < cells; i++)
        chi += (counts[i] - expected) * (counts[i] - expected) / (expected * spread);
    assert_true(chi < degrees + 5 * sqrt(2 * degrees));
    assert_true(chi > degrees - 5 * sqrt(2 * degrees));
}

/* ---- initializers ---- */

enum { POST = 250, PRE = 160, CELLS = POST * PRE };
static double cells[CELLS];

static moments initialized(const char *text) {
    hb_stream stream;
    hb_stream_init(&stream, 7, HB_DRAW_WEIGHT, 3, 0);
    if (hb_initialize(&env, text, "c", POST, PRE, &stream, cells) < 0) fail_msg("%s", env.error);
    return moments_of(cells, CELLS);
}

static void test_initializers(void **state) {
    (void)state;
    check_uniform(initialized("uniform"), 0, 1);
    check_uniform(initialized("uniform(-0.5, 2)"), -0.5, 2);
    check_uniform(initialized(" uniform ( b = 2 , a=-0.5 ) "), -0.5, 2);
    check_normal(initialized("normal"), 0, 1);
    check_normal(initialized("normal()"), 0, 1);
    check_normal(initialized("normal(0.3, std=0.1)"), 0.3, 0.1);
    double both = PRE + POST;
    check_uniform(initialized("xavier_uniform"), -sqrt(6 / both), sqrt(6 / both));
    check_uniform(initialized("xavier_uniform(gain=2)"), -2 * sqrt(6 / both), 2 * sqrt(6 / both));
    check_normal(initialized("xavier_normal(0.5)"), 0, 0.5 * sqrt(2 / both));
    double bound = sqrt(3) * sqrt(2) / sqrt(PRE);
    check_uniform(initialized("kaiming_uniform"), -bound, bound);
    bound = sqrt(3) * sqrt(2 / (1 + 5.0)) / sqrt(PRE); /* torch.nn.Linear: 1/sqrt(fan_in) */
    assert_true(fabs(bound - 1 / sqrt(PRE)) < 1e-15);
    check_uniform(initialized("kaiming_uniform(a=2.2360679774997896)"), -bound, bound);
    check_normal(initialized("kaiming_normal(mode=fan_out)"), 0, sqrt(2.0 / POST));
    check_normal(initialized("KAIMING_NORMAL(0.5, fan_in, relu)"), 0, sqrt(2.0 / PRE));
    check_normal(initialized("kaiming_normal(0.5, fan_in)"), 0, sqrt(2 / 1.25 / PRE));
    check_normal(initialized("kaiming_normal(nonlinearity=linear)"), 0, sqrt(1.0 / PRE));
    moments m = initialized("constant(-0.25)");
    assert_true(m.least == -0.25 && m.most == -0.25);
    m = initialized("constant(value=3)");
    assert_true(m.least == 3 && m.most == 3);
    m = initialized("constant");
    assert_true(m.least == 0 && m.most == 0);
    m = initialized("normal(1, 0)");
    assert_true(m.least == 1 && m.most == 1);
}

/* Exactly ceil(sparsity rows) zeros in each column, in rows drawn evenly. */
static void test_sparse_initializer(void **state) {
    (void)state;
    static const double shares[] = {0.1, 0.301, 0, 1};
    static const size_t zeros[] = {25, 76, 0, 250};
    for (size_t s = 0; s < HB_COUNT(shares); s++) {
        char text[80];
        double in_row[POST] = {0}, others[CELLS];
        size_t count = 0;
        snprintf(text, sizeof text, "sparse(%g, 0.2)", shares[s]);
        initialized(text);
        for (size_t i = 0; i < PRE; i++) {
            size_t found = 0;
            for (size_t j = 0; j < POST; j++) {
                double v = cells[j * PRE + i];
                if (v != 0) others[count++] = v;
                found += v == 0;
                in_row[j] += v == 0;
            }
            assert_int_equal(found, zeros[s]);
        }
        if (count) check_normal(moments_of(others, count), 0, 0.2);
        double share = (double)zeros[s] / POST;
        if (share > 0 && share < 1) check_even(in_row, POST, PRE * share, 1 - share);
    }
}

typedef struct wrong_text {
    const char *text;
    hebb_status status;
    const char *sentence;
} wrong_text;

static void test_initializer_errors(void **state) {
    (void)state;
    static const wrong_text wrongs[] = {
        {"normel(0, 1)", HEBB_E_NAME,
         "c: there is no initializer 'normel'; did you mean 'normal'?"},
        {"", HEBB_E_NAME, "c: the name of the initializer is missing"},
        {"(1)", HEBB_E_NAME, "c: the name of the initializer is missing"},
        {"normal(0, 1", HEBB_E_PARSE,
         "c: initializer 'normal(0, 1' has no closing bracket at its end"},
        {"normal(0)x", HEBB_E_PARSE,
         "c: initializer 'normal(0)x' has no closing bracket at its end"},
        {"normal)0(", HEBB_E_PARSE, "c: initializer 'normal)0(' has no closing bracket at its end"},
        {"normal(0, 1, 2)", HEBB_E_PARSE, "c: too many values for initializer normal"},
        {"constant(1,1,1,1,1,1,1,1,1,1)", HEBB_E_PARSE,
         "c: too many values for initializer constant"},
        {"normal(std=1,std=1,std=1,std=1,std=1,std=1,std=1,std=1)", HEBB_E_PARSE,
         "c: too many values for initializer normal"},
        {"normal(std=1, std=2)", HEBB_E_ARGUMENT, "c: std of normal is given twice"},
        {"normal(0, mean=2)", HEBB_E_ARGUMENT, "c: mean of normal is given twice"},
        {"normal(std=1, 0)", HEBB_E_PARSE,
         "c: the value '0' of initializer normal needs a name, because it comes after one with a "
         "name"},
        {"normal(,1)", HEBB_E_PARSE, "c: a value of initializer normal is missing"},
        {"normal(0,)", HEBB_E_PARSE, "c: a value of initializer normal is missing"},
        {"normal(std=)", HEBB_E_PARSE, "c: a value of initializer normal is missing"},
        {"normal(0, -1)", HEBB_E_RANGE,
         "c: std = -1 is not allowed for normal; it must be at least 0"},
        {"normal(0, nan)", HEBB_E_ARGUMENT,
         "c: std = 'nan' is not allowed for normal; it must be a number"},
        {"normal(sdt=1)", HEBB_E_NAME, "c: normal has no parameter 'sdt'; did you mean 'std'?"},
        {"uniform(2, 1)", HEBB_E_RANGE, "c: a = 2 of initializer uniform is above b = 1"},
        {"sparse(1.5)", HEBB_E_RANGE,
         "c: sparsity = 1.5 is not allowed for sparse; it must be between 0 and 1"},
        {"kaiming_normal(mode=fan_inn)", HEBB_E_NAME,
         "c: mode = 'fan_inn' is not allowed for kaiming_normal; it must be one of fan_in, "
         "fan_out; did you mean 'fan_in'?"},
    };
    for (size_t i = 0; i < HB_COUNT(wrongs); i++) {
        hb_stream stream;
        hb_stream_init(&stream, 7, HB_DRAW_WEIGHT, 3, 0);
        hebb_status status = hb_initialize(&env, wrongs[i].text, "c", 2, 2, &stream, cells);
        assert_string_equal(env.error, wrongs[i].sentence);
        assert_int_equal(status, wrongs[i].status);
    }
}

/* ---- wiring ---- */

static hebb_status make_in(hb_env *e, const char *kind_name, const hb_link_site *site,
                           const hebb_param *params, hb_wiring *wiring) {
    hb_args args;
    const hb_link_kind *kind = hb_link_find(e, kind_name, site->name);
    if (!kind) return HEBB_E_NAME;
    HEBB_TRY(hb_args_read(e, kind->component, site->name, params, 0, &args));
    hebb_status status = hb_wiring_make(e, kind, site, &args, wiring);
    hb_args_free(&args);
    return status;
}

static hb_wiring make(const char *kind, const hb_link_site *site, const hebb_param *params) {
    hb_wiring wiring;
    if (make_in(&env, kind, site, params, &wiring) < 0) fail_msg("%s: %s", kind, env.error);
    assert_int_equal(wiring.pre, site->pre);
    assert_int_equal(wiring.post, site->post);
    if (wiring.start) { /* rows in order, without a neuron twice */
        assert_int_equal(wiring.start[0], 0);
        assert_int_equal(wiring.start[wiring.pre], wiring.count);
        for (size_t i = 0; i < wiring.pre; i++)
            for (size_t k = wiring.start[i]; k < wiring.start[i + 1]; k++) {
                assert_true(wiring.index[k] < wiring.post);
                assert_true(k == wiring.start[i] || wiring.index[k - 1] < wiring.index[k]);
            }
    } else
        assert_int_equal(wiring.count, wiring.pre * wiring.post);
    return wiring;
}

static const hb_link_site big = {"c", PRE, POST, false, 0.1, false, 11, 2};
static const hb_link_site square = {"c", 200, 200, true, 0.1, false, 11, 2};

/* Synapses of each source and of each target. */
static void check_spread(const hb_wiring *w, double p) {
    double rows[PRE + POST] = {0}, columns[PRE + POST] = {0};
    for (size_t i = 0; i < w->pre; i++)
        for (size_t k = w->start[i]; k < w->start[i + 1]; k++) rows[i]++, columns[w->index[k]]++;
    check_even(rows, w->pre, p * (double)w->post, 1 - p);
    check_even(columns, w->post, p * (double)w->pre, 1 - p);
}

static void test_full(void **state) {
    (void)state;
    hb_wiring w = make("full", &big, NULL);
    assert_true(!w.start && !w.index && !w.bias && !w.delay && !w.delay_ms && !w.one_to_one);
    assert_true(w.low == -HB_INF && w.high == HB_INF && w.delay_max == 0);
    check_normal(moments_of(w.weight, w.count), 0.005, 0.05);
    hb_wiring_free(&env, &w);
    w = make("Full_Connection", &big, HEBB_P({"w_mean", -1}, {"w_std", 0.2}, {"bias", 0.5}));
    check_normal(moments_of(w.weight, w.count), -1, 0.2);
    for (size_t j = 0; j < POST; j++) assert_true(w.bias[j] == 0.5);
    hb_wiring_free(&env, &w);
    w = make("full", &big,
             HEBB_P(HEBB_STR("weight", "kaiming_uniform"), HEBB_STR("bias", "uniform(1, 2)")));
    double bound = sqrt(6.0 / PRE);
    check_uniform(moments_of(w.weight, w.count), -bound, bound);
    moments m = moments_of(w.bias, w.post);
    assert_true(m.least >= 1 && m.most < 2 && m.variance > 0.05);
    hb_wiring_free(&env, &w);
    assert_null(w.weight);
}

static void test_sparse(void **state) {
    (void)state;
    double n = CELLS;
    hb_wiring w = make("sparse", &big, NULL);
    assert_true(fabs((double)w.count - 0.1 * n) < 5 * sqrt(n * 0.1 * 0.9));
    check_spread(&w, 0.1);
    check_normal(moments_of(w.weight, w.count), 0.005, 0.05);
    hb_wiring_free(&env, &w);
    w = make("sparse", &big, HEBB_P({"density", 0.7}, {"w_mean", 2}, {"w_std", 1}));
    assert_true(fabs((double)w.count - 0.7 * n) < 5 * sqrt(n * 0.7 * 0.3));
    check_normal(moments_of(w.weight, w.count), 2, 1);
    hb_wiring_free(&env, &w);
    for (int all = 0; all < 2; all++) {
        w = make("sparse", &big, HEBB_P({"density", all}));
        assert_int_equal(w.count, all ? CELLS : 0);
        hb_wiring_free(&env, &w);
    }
}

static void test_fixed(void **state) {
    (void)state;
    static const double shares[] = {0.1, 0.25, 0.333, 0, 1};
    for (size_t s = 0; s < HB_COUNT(shares); s++) {
        hb_wiring w = make("fixed_density", &big, HEBB_P({"density", shares[s]}, {"w_std", 0.5}));
        assert_int_equal(w.count, lround(shares[s] * CELLS));
        if (shares[s] > 0 && shares[s] < 1) check_spread(&w, shares[s]);
        if (w.count) check_uniform(moments_of(w.weight, w.count), 0, 0.5);
        hb_wiring_free(&env, &w);
    }
}

static void test_random(void **state) {
    (void)state;
    for (int same = 0; same < 2; same++) {
        hb_link_site site = square;
        site.same_group = same;
        double n = 200 * 200, p = 0.3;
        hb_wiring w = make("random", &site, HEBB_P({"probability", p}));
        assert_true(fabs((double)w.count - p * (n - 200 * same)) < 5 * sqrt(n * p * (1 - p)));
        check_uniform(moments_of(w.weight, w.count), 0, p);
        size_t self = 0;
        for (size_t i = 0; i < w.pre; i++)
            for (size_t k = w.start[i]; k < w.start[i + 1]; k++) self += w.index[k] == i;
        if (same)
            assert_int_equal(self, 0);
        else
            assert_true(self > 25 && self < 95); /* 60, deviation 6.5 */
        hb_wiring_free(&env, &w);
    }
    hb_wiring w = make("random_connection_sparse", &square, HEBB_P({"probability", 1}));
    assert_int_equal(w.count, 200 * 199);
    hb_wiring_free(&env, &w);
}

static void test_one_to_one(void **state) {
    (void)state;
    hb_wiring w = make("one_to_one", &square, NULL);
    assert_true(w.one_to_one && w.count == 200);
    for (size_t i = 0; i < 200; i++) {
        assert_int_equal(w.index[i], i);
        assert_true(w.weight[i] == 0.05);
    }
    hb_wiring_free(&env, &w);
    const double list[3] = {1, 2, 3}, matrix[9] = {1, 9, 9, 9, 2, 9, 9, 9, 3};
    const hb_link_site three = {"c", 3, 3, false, 0.1, false, 0, 0};
    const hebb_param *const given[] = {
        HEBB_P(HEBB_NUMBERS("weight", list, 3)),
        HEBB_P(HEBB_MATRIX("weight", matrix, ((const size_t[]){3, 3}), 2)),
        HEBB_P(HEBB_MATRIX("weight", list, ((const size_t[]){3, 1}), 2))};
    for (size_t k = 0; k < 3; k++) {
        w = make("one_to_one", &three, given[k]);
        for (size_t i = 0; i < 3; i++) assert_true(w.weight[i] == list[i]);
        hb_wiring_free(&env, &w);
    }
    /* a fan of one: kaiming_normal has deviation sqrt(2), and sparse zeroes 20 of 200 */
    w = make("one_to_one", &square, HEBB_P(HEBB_STR("weight", "kaiming_normal")));
    moments m = moments_of(w.weight, 200);
    assert_true(fabs(m.variance / 2 - 1) < 5 * sqrt(2.0 / 200));
    hb_wiring_free(&env, &w);
    w = make("one_to_one", &square, HEBB_P(HEBB_STR("weight", "sparse(0.1, 1)")));
    size_t zeros = 0;
    for (size_t i = 0; i < 200; i++) zeros += w.weight[i] == 0;
    assert_int_equal(zeros, 20);
    hb_wiring_free(&env, &w);
    /* its size is n, not n x n */
    const hb_link_site wide = {"c", 100000, 100000, false, 0.1, false, 0, 0};
    w = make("one_to_one", &wide, HEBB_P(HEBB_STR("weight", "normal"), {"delay", 1}));
    assert_int_equal(w.count, 100000);
    hb_wiring_free(&env, &w);
}

/* W[j][i] = 10 j + i, with a hole at [1][0] and at [0][2]. */
static const double given_weight[2 * 3] = {7, 1, 0, 0, 11, 12};
static const size_t shape_23[2] = {2, 3}, shape_32[2] = {3, 2};
static const hb_link_site small = {"c", 3, 2, false, 0.1, false, 5, 1};
#define GIVEN HEBB_MATRIX("weight", given_weight, shape_23, 2)

/* Weight from i to j; -1 where there is no synapse. */
static double weight_at(const hb_wiring *w, size_t i, size_t j) {
    if (!w->start) return w->weight[i * w->post + j];
    for (size_t k = w->start[i]; k < w->start[i + 1]; k++)
        if (w->index[k] == j) return w->weight[k];
    return -1;
}

static void test_given(void **state) {
    (void)state;
    static const char *const kinds[] = {"full", "sparse", "sparse_sparse", "random"};
    for (size_t n = 0; n < HB_COUNT(kinds); n++)
        for (int list = 0; list < 2; list++) {
            hb_wiring w =
                list ? make(kinds[n], &small, HEBB_P(HEBB_NUMBERS("weight", given_weight, 6)))
                     : make(kinds[n], &small, HEBB_P(GIVEN));
            assert_int_equal(w.count, n ? 4 : 6);
            for (size_t j = 0; j < 2; j++)
                for (size_t i = 0; i < 3; i++) {
                    double v = given_weight[j * 3 + i];
                    assert_true(weight_at(&w, i, j) == (n && v == 0 ? -1 : v));
                }
            hb_wiring_free(&env, &w);
        }
    /* a mask chooses; weights are drawn, one number, or those of the array there */
    static const double mask[6] = {0, 1, 0, 1, 0, 1};
    for (size_t n = 1; n < 3; n++)
        for (int how = 0; how < 3; how++) {
            const hebb_param m = HEBB_MATRIX("mask", mask, shape_23, 2), g = GIVEN;
            hb_wiring w = how == 0   ? make(kinds[n], &small, HEBB_P(m))
                          : how == 1 ? make(kinds[n], &small, HEBB_P(m, {"weight", 3}))
                                     : make(kinds[n], &small, HEBB_P(m, g));
            assert_int_equal(w.count, 3);
            for (size_t j = 0; j < 2; j++)
                for (size_t i = 0; i < 3; i++) {
                    double at = weight_at(&w, i, j), v = given_weight[j * 3 + i];
                    if (mask[j * 3 + i] == 0)
                        assert_true(at == -1);
                    else
                        assert_true(how == 0 ? at != -1 : at == (how == 1 ? 3 : v));
                }
            hb_wiring_free(&env, &w);
        }
    /* an initializer is drawn as [post, pre], whatever the synapses are */
    hb_wiring dense = make("full", &small, HEBB_P(HEBB_STR("weight", "normal")));
    hb_wiring some =
        make("sparse", &small,
             HEBB_P(HEBB_STR("weight", "normal"), HEBB_MATRIX("mask", mask, shape_23, 2)));
    for (size_t j = 0; j < 2; j++)
        for (size_t i = 0; i < 3; i++)
            if (mask[j * 3 + i] != 0)
                assert_true(weight_at(&dense, i, j) == weight_at(&some, i, j));
    hb_wiring_free(&env, &dense);
    hb_wiring_free(&env, &some);
}

static void test_bounds(void **state) {
    (void)state;
    static const char *const kinds[] = {"full", "sparse"};
    for (size_t n = 0; n < 2; n++) {
        hb_wiring w = make(kinds[n], &big, HEBB_P({"w_min", 0}, {"w_max", 0.05}));
        moments m = moments_of(w.weight, w.count);
        assert_true(w.low == 0 && w.high == 0.05 && m.least == 0 && m.most == 0.05);
        hb_wiring_free(&env, &w);
        w = make(kinds[n], &big, HEBB_P(HEBB_STR("weight", "uniform(-1, 1)"), {"w_max", 0.5}));
        m = moments_of(w.weight, w.count);
        assert_true(w.low == -HB_INF && m.least < -0.9 && m.most == 0.5);
        hb_wiring_free(&env, &w);
    }
    hb_wiring w = make("one_to_one", &square, HEBB_P({"w_max", 0.01}));
    assert_true(w.weight[0] == 0.01);
    hb_wiring_free(&env, &w);
    /* SPAIC clamps when a run starts: given weights stay as they are until then */
    hb_link_site spaic = small;
    spaic.spaic = true;
    w = make("full", &spaic, HEBB_P(GIVEN, {"w_max", 5}));
    assert_true(weight_at(&w, 2, 1) == 12 && w.high == 5);
    hb_wiring_free(&env, &w);
}

/* ---- delays ---- */

static void test_delays(void **state) {
    (void)state;
    /* drawn: uniform in [min_delay, max_delay], to the nearest step */
    hb_wiring w = make("full", &big, HEBB_P({"max_delay", 2.5}, {"min_delay", 0.5}));
    check_uniform(moments_of(w.delay_ms, w.count), 0.5, 2.5);
    for (size_t k = 0; k < w.count; k++)
        assert_true(fabs((double)w.delay[k] - w.delay_ms[k] / 0.1) <= 0.5 + 1e-9);
    assert_int_equal(w.delay_max, 25);
    assert_true(w.start[1] == POST && w.index[POST + 3] == 3); /* walked one by one */
    check_normal(moments_of(w.weight, w.count), 0.005, 0.05);
    hb_wiring_free(&env, &w);
    /* max_delay below the default min_delay of 1 ms: all are max_delay */
    w = make("sparse", &big, HEBB_P({"max_delay", 0.3}));
    for (size_t k = 0; k < w.count; k++) assert_int_equal(w.delay[k], 3);
    hb_wiring_free(&env, &w);
    /* given [post, pre]: nearest; 0 is none */
    static const double ms[6] = {0, 0.04, 0.06, 0.3, 0.3499, 1.05};
    static const uint32_t steps[6] = {0, 0, 1, 3, 3, 11}; /* 1.05/0.1 = 10.5 */
    w = make("full", &small, HEBB_P(HEBB_MATRIX("delay", ms, shape_23, 2)));
    for (size_t j = 0; j < 2; j++)
        for (size_t i = 0; i < 3; i++) {
            assert_int_equal(w.delay[w.start[i] + j], steps[j * 3 + i]);
            assert_true(w.delay_ms[w.start[i] + j] == ms[j * 3 + i]);
        }
    assert_int_equal(w.delay_max, 11);
    hb_wiring_free(&env, &w);
    w = make("one_to_one", &square, HEBB_P({"delay", 0.25}, {"max_delay", 0.25}));
    assert_true(w.delay[0] == 3 && w.delay[199] == 3);
    hb_wiring_free(&env, &w);
}

/* semantics.md 1.7: truncated in float32, clipped to trunc(max_delay/dt), 0 means the oldest. */
static void test_spaic_delays(void **state) {
    (void)state;
    static const double ms[6] = {0, 0.05, 0.15, 0.2, 0.3, 9};
    static const uint32_t steps[6] = {2, 2, 1, 2, 2, 2}; /* 0.3/0.1 is 2.99.. in double: 2 */
    hb_link_site site = small;
    site.spaic = true;
    hb_wiring w =
        make("full", &site, HEBB_P({"max_delay", 0.3}, HEBB_MATRIX("delay", ms, shape_23, 2)));
    for (size_t j = 0; j < 2; j++)
        for (size_t i = 0; i < 3; i++) assert_int_equal(w.delay[w.start[i] + j], steps[j * 3 + i]);
    hb_wiring_free(&env, &w);
}

enum { ROOM = 2000 };

/* D[t] = O[t-d] of every synapse in a recorded run says what d was. */
static size_t check_recorded(const cJSON *item, const char *connection, const char *source) {
    char name[80];
    double delays[ROOM], arrived[ROOM], spikes[ROOM];
    size_t cells_ = 0, arrived_count = 0, spike_count = 0, certain = 0;
    const cJSON *trace = cJSON_GetObjectItem(item, "trace");
    snprintf(name, sizeof name, "%s.delay", connection);
    const cJSON *delay = cJSON_GetObjectItem(cJSON_GetObjectItem(item, "constants"), name);
    golden_numbers(delay, delays, ROOM, &cells_);
    snprintf(name, sizeof name, "%s.O", connection);
    const cJSON *record = cJSON_GetObjectItem(trace, name);
    golden_numbers(record, arrived, ROOM, &arrived_count);
    snprintf(name, sizeof name, "%s.O", source);
    golden_numbers(cJSON_GetObjectItem(trace, name), spikes, ROOM, &spike_count);
    size_t T = (size_t)cJSON_GetArraySize(record), post = (size_t)cJSON_GetArraySize(delay);
    size_t pre = cells_ / post, B = spike_count / T / pre;
    assert_int_equal(arrived_count, T * B * post * pre);
    const cJSON *kwargs = cJSON_GetObjectItem(item, "connection_kwargs");
    hb_link_site site = {"c",  pre, post, false, cJSON_GetObjectItem(item, "dt")->valuedouble,
                         true, 0,   0};
    hb_wiring w = make("full", &site,
                       HEBB_P({"max_delay", cJSON_GetObjectItem(kwargs, "max_delay")->valuedouble},
                              HEBB_NUMBERS("delay", delays, cells_)));
    for (size_t k = 0; k < w.count; k++) {
        size_t i = k / post, j = w.index[k], fitting = 0, fits = 0;
        for (size_t d = 1; d <= w.delay_max; d++) {
            bool same = true;
            for (size_t tb = 0; tb < T * B; tb++) {
                double sent = tb / B < d ? 0 : spikes[(tb - d * B) * pre + i];
                same = same && sent == arrived[(tb * post + j) * pre + i];
            }
            fitting += same;
            fits += same && d == w.delay[k];
        }
        assert_int_equal(fits, 1);
        certain += fitting == 1;
    }
    hb_wiring_free(&env, &w);
    return certain;
}

static void test_recorded_delays(void **state) {
    (void)state;
    cJSON *root = golden_file("forward_connections.json");
    if (!root) skip();
    size_t checked = 0, certain = 0;
    const cJSON *item;
    cJSON_ArrayForEach(item, cJSON_GetObjectItem(root, "cases")) {
        if (strncmp(cJSON_GetObjectItem(item, "case")->valuestring, "delay", 5)) continue;
        certain += check_recorded(item, "connection1", "input");
        certain += check_recorded(item, "connection2", "layer1");
        checked++;
    }
    cJSON_Delete(root);
    assert_int_equal(checked, 2);
    assert_true(certain > 60); /* of 90; a neuron that never fired tells nothing */
}

/* ---- draws belong to seed and connection ---- */

static bool same_wiring(const hb_wiring *a, const hb_wiring *b) {
    if (a->count != b->count) return false;
    if (a->start && memcmp(a->start, b->start, (a->pre + 1) * sizeof *a->start)) return false;
    if (a->index && memcmp(a->index, b->index, a->count * sizeof *a->index)) return false;
    if (a->delay && memcmp(a->delay, b->delay, a->count * sizeof *a->delay)) return false;
    if (a->bias && memcmp(a->bias, b->bias, a->post * sizeof *a->bias)) return false;
    return !memcmp(a->weight, b->weight, a->count * sizeof *a->weight);
}

static void test_determinism(void **state) {
    (void)state;
    static const char *const kinds[] = {"full", "sparse", "sparse_sparse", "random"};
    const hebb_param *params = HEBB_P(HEBB_STR("bias", "normal"), {"max_delay", 3});
    for (size_t n = 0; n < HB_COUNT(kinds); n++) {
        hb_link_site other_seed = square, other_id = square, other_name = square;
        other_seed.seed++;
        other_id.id++;
        other_name.name = "d"; /* does not matter */
        hb_wiring w[] = {make(kinds[n], &square, params), make(kinds[n], &other_name, params),
                         make(kinds[n], &other_seed, params), make(kinds[n], &other_id, params)};
        assert_true(same_wiring(&w[0], &w[1]));
        for (size_t k = 2; k < 4; k++) {
            assert_false(same_wiring(&w[0], &w[k]));
            double product = 0; /* and the draws are uncorrelated */
            size_t count = w[0].count < w[k].count ? w[0].count : w[k].count;
            moments a = moments_of(w[0].weight, count), b = moments_of(w[k].weight, count);
            for (size_t i = 0; i < count; i++)
                product += (w[0].weight[i] - a.mean) * (w[k].weight[i] - b.mean);
            product /= sqrt(a.variance * b.variance) * (double)count;
            assert_true(fabs(product) < 5 / sqrt((double)count));
        }
        for (size_t k = 0; k < 4; k++) hb_wiring_free(&env, &w[k]);
    }
}

/* ---- errors ---- */

typedef struct wrong {
    const char *kind;
    const hb_link_site *site;
    const hebb_param *params;
    hebb_status status;
    const char *sentence;
} wrong;

static const double two[2] = {1, 2}, late[6] = {0, 0, 0, 0, 0.5, 0}, past[6] = {0, 0, 0, -0.1};
static const hb_link_site endless = {"c", 1u << 20, 1u << 20, false, 0.1, false, 0, 0},
                          giant = {"c", (size_t)1 << 40, (size_t)1 << 40, false, 0.1, false, 0, 0},
                          three = {"c", 3, 3, false, 0.1, false, 0, 0};
static const wrong wrongs[] = {
    {"ful", &small, NULL, HEBB_E_NAME, "c: there is no connection 'ful'; did you mean 'full'?"},
    {"full", &small, HEBB_P({"density", 1}), HEBB_E_NAME, "c: full has no parameter 'density'"},
    {"random", &small, HEBB_P({"w_std", 1}), HEBB_E_NAME, "c: random has no parameter 'w_std'"},
    {"one_to_one", &small, NULL, HEBB_E_SHAPE,
     "c: one_to_one needs groups of one size, but the source has 3 neurons and the target 2"},
    {"full", &small, HEBB_P(HEBB_NUMBERS("weight", two, 2)), HEBB_E_SHAPE,
     "c: weight has 2 numbers, but [post, pre] is [2, 3]"},
    {"full", &small, HEBB_P(HEBB_MATRIX("weight", given_weight, shape_32, 2)), HEBB_E_SHAPE,
     "c: weight is [3, 2], but [post, pre] is [2, 3]"},
    {"sparse", &small, HEBB_P(HEBB_MATRIX("weight", given_weight, shape_32, 2)), HEBB_E_SHAPE,
     "c: weight is [3, 2], but [post, pre] is [2, 3]"},
    {"sparse", &small, HEBB_P(HEBB_MATRIX("mask", given_weight, shape_32, 2)), HEBB_E_SHAPE,
     "c: mask is [3, 2], but [post, pre] is [2, 3]"},
    {"sparse", &small, HEBB_P(HEBB_NUMBERS("mask", two, 2)), HEBB_E_SHAPE,
     "c: mask has 2 numbers, but [post, pre] is [2, 3]"},
    {"one_to_one", &three, HEBB_P(HEBB_NUMBERS("weight", two, 2)), HEBB_E_SHAPE,
     "c: weight has 2 numbers, but one_to_one needs 3, or [3, 3]"},
    {"full", &small, HEBB_P(HEBB_NUMBERS("bias", given_weight, 3)), HEBB_E_SHAPE,
     "c: bias has 3 numbers, but the target has 2 neurons"},
    {"full", &small, HEBB_P({"w_min", 1}, {"w_max", 0}), HEBB_E_RANGE,
     "c: w_min = 1 is above w_max = 0"},
    {"full", &small, HEBB_P({"w_min", HB_INF}), HEBB_E_RANGE,
     "c: w_min = inf leaves no finite weight"},
    {"full", &small, HEBB_P({"w_max", -HB_INF}), HEBB_E_RANGE,
     "c: w_max = -inf leaves no finite weight"},
    {"full", &small, HEBB_P(GIVEN, {"w_max", 11}), HEBB_E_RANGE,
     "c: a given weight is 12, outside w_min = -inf .. w_max = 11"},
    {"full", &small, HEBB_P({"weight", 2}, {"w_max", 1}), HEBB_E_RANGE,
     "c: a given weight is 2, outside w_min = -inf .. w_max = 1"},
    {"full", &small, HEBB_P({"w_std", 1e308}, {"w_mean", 1.7e308}), HEBB_E_NOT_FINITE,
     "c: a drawn weight is inf; its mean and spread are too large"},
    {"full", &small, HEBB_P(HEBB_STR("bias", "normal(1.7e308, 1e308)")), HEBB_E_NOT_FINITE,
     "c: a drawn bias is inf; its mean and spread are too large"},
    {"full", &small, HEBB_P(HEBB_STR("weight", "nrmal")), HEBB_E_NAME,
     "c: there is no initializer 'nrmal'; did you mean 'normal'?"},
    {"full", &small, HEBB_P(HEBB_STR("delay", "nrmal")), HEBB_E_NAME,
     "c: there is no initializer 'nrmal'; did you mean 'normal'?"},
    {"full", &small, HEBB_P({"delay", -1}), HEBB_E_RANGE,
     "c: delay = -1 ms is not allowed; it must be between 0 and 100000 ms"},
    {"full", &small, HEBB_P(HEBB_NUMBERS("delay", past, 6)), HEBB_E_RANGE,
     "c: delay = -0.1 ms is not allowed; it must be between 0 and 100000 ms"},
    {"full", &small, HEBB_P(HEBB_NUMBERS("delay", late, 6), {"max_delay", 0.4}), HEBB_E_RANGE,
     "c: delay = 0.5 ms is not allowed; it must be between 0 and 0.4 ms"},
    {"full", &small, HEBB_P({"max_delay", 1e300}), HEBB_E_RANGE,
     "c: max_delay = 1e+300 ms is not allowed; it must be between 0 and 100000 ms, 1000000 steps"},
    {"full", &small, HEBB_P({"max_delay", 2}, {"min_delay", 3}), HEBB_E_RANGE,
     "c: min_delay = 3 ms is above max_delay = 2 ms"},
    {"full", &endless, NULL, HEBB_E_RANGE,
     "c: 1048576 x 1048576 synapses are too many; at most 4294967295 are possible"},
    {"one_to_one", &giant, NULL, HEBB_E_RANGE,
     "c: 1099511627776 x 1099511627776 synapses are too many; at most 4294967295 are possible"},
};

static void test_errors(void **state) {
    (void)state;
    for (size_t i = 0; i < HB_COUNT(wrongs); i++) {
        hb_wiring w;
        hebb_status status = make_in(&env, wrongs[i].kind, wrongs[i].site, wrongs[i].params, &w);
        /* the sentence, or its beginning where a list of names follows */
        if (strncmp(env.error, wrongs[i].sentence, strlen(wrongs[i].sentence)))
            assert_string_equal(env.error, wrongs[i].sentence);
        assert_int_equal(status, wrongs[i].status);
    }
}

/* ---- out of memory ---- */

static const double mask_of[6] = {0, 1, 0, 1, 0, 1};
static const struct {
    const char *kind;
    const hebb_param *params;
} costly[] = {
    {"full", HEBB_P(HEBB_STR("weight", "normal"), HEBB_STR("bias", "normal"), {"max_delay", 2})},
    {"full", HEBB_P(GIVEN, HEBB_STR("delay", "uniform"))},
    {"sparse", HEBB_P(HEBB_MATRIX("mask", mask_of, shape_23, 2), HEBB_STR("weight", "normal"))},
    {"sparse_sparse", HEBB_P({"bias", 1}, {"max_delay", 2})},
    {"random", HEBB_P({"probability", 0.5})},
};
static size_t costly_index;

static hebb_status make_costly(hb_env *e) {
    hb_wiring w;
    HEBB_TRY(make_in(e, costly[costly_index].kind, &small, costly[costly_index].params, &w));
    hb_wiring_free(e, &w);
    return HEBB_OK;
}

static hebb_status make_pairs(hb_env *e) {
    hb_wiring w;
    HEBB_TRY(make_in(e, "one_to_one", &three,
                     HEBB_P(HEBB_STR("weight", "normal"), {"bias", 1}, {"delay", 1}), &w));
    hb_wiring_free(e, &w);
    return HEBB_OK;
}

static void test_memory(void **state) {
    (void)state;
    for (costly_index = 0; costly_index < HB_COUNT(costly); costly_index++)
        assert_true(refuse_each(make_costly) >= 4);
    assert_true(refuse_each(make_pairs) >= 6);
}

/* ---- tables ---- */

static void test_tables(void **state) {
    (void)state;
    for (size_t i = 0; i < hb_link_kind_count; i++) {
        const hb_component *c = hb_link_kinds[i]->component;
        assert_true(c->summary && c->equation && c->source);
        assert_ptr_equal(hb_link_find(&env, c->name, "c"), hb_link_kinds[i]);
        for (size_t k = 0; k < c->param_count; k++) assert_non_null(c->params[k].doc);
    }
    assert_null(hb_link_find(&env, NULL, "c"));
    assert_int_equal(hb_synapse_find(&env, "basic", "c"), 0);
    assert_int_equal(hb_synapse_find(&env, "1_Order_Synapse", "c"), 1);
    assert_int_equal(hb_synapse_find(&env, "second_order", "c"), 2);
    assert_int_equal(hb_synapse_find(&env, "1_ordr_synapse", "c"), -1);
    assert_string_equal(env.error,
                        "c: there is no synapse '1_ordr_synapse'; did you mean '1_order_synapse'?");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_initializers, setup),
        cmocka_unit_test_setup(test_sparse_initializer, setup),
        cmocka_unit_test_setup(test_initializer_errors, setup),
        cmocka_unit_test_setup(test_full, setup),
        cmocka_unit_test_setup(test_sparse, setup),
        cmocka_unit_test_setup(test_fixed, setup),
        cmocka_unit_test_setup(test_random, setup),
        cmocka_unit_test_setup(test_one_to_one, setup),
        cmocka_unit_test_setup(test_given, setup),
        cmocka_unit_test_setup(test_bounds, setup),
        cmocka_unit_test_setup(test_delays, setup),
        cmocka_unit_test_setup(test_spaic_delays, setup),
        cmocka_unit_test_setup(test_recorded_delays, setup),
        cmocka_unit_test_setup(test_determinism, setup),
        cmocka_unit_test_setup(test_errors, setup),
        cmocka_unit_test_setup(test_memory, setup),
        cmocka_unit_test_setup(test_tables, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

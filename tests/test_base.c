/* Memory, texts, names, parameters, expressions, the tree. Oracles: C's own
 * mathematics, sentences written out by hand. Random numbers and threads are
 * in test_random.c and test_pool.c. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/component.h"
#include "base/expression.h"
#include "base/tree.h"
#include "counting_alloc.h"

static hb_env env;

static int setup(void **state) {
    (void)state;
    hb_env_init(&env, NULL);
    return 0;
}

static void test_fail(void **state) {
    (void)state;
    assert_int_equal(hb_fail(NULL, HEBB_E_RANGE, "x"), HEBB_E_RANGE);
    assert_int_equal(hb_fail_in(NULL, HEBB_E_RANGE, "x"), HEBB_E_RANGE);
    hb_fail(&env, HEBB_E_RANGE, "tau = %d", 3);
    assert_string_equal(env.error, "tau = 3");
    hb_fail_in(&env, HEBB_E_NAME, "layer1");
    assert_string_equal(env.error, "layer1: tau = 3");
    assert_int_equal(env.status, HEBB_E_NAME);
    hb_fail(&env, HEBB_E_NAME, "%s, %s", env.error, env.error);
    assert_string_equal(env.error, "layer1: tau = 3, layer1: tau = 3");
    char text[3000];
    for (size_t i = 0; i + 2 < sizeof text; i += 2) memcpy(text + i, "\xC3\xA4", 2);
    text[sizeof text - 2] = 0;
    hb_fail(&env, HEBB_E_NAME, "x%s", text);
    assert_int_equal(strlen(env.error), sizeof env.error - 1);
    hb_fail(&env, HEBB_E_NAME, "%s", text); /* one byte less: no half character */
    assert_int_equal(strlen(env.error), sizeof env.error - 2);
}

static char last_note[200];
static void keep_note(void *user, const char *line) {
    (void)user;
    snprintf(last_note, sizeof last_note, "%s", line);
}

static void test_note(void **state) {
    (void)state;
    hb_note(NULL, "x");
    hb_note(&env, "x");
    env.log = keep_note;
    hb_note(&env, "w_max is %s", "off");
    assert_string_equal(last_note, "w_max is off");
}

static void test_alloc(void **state) {
    (void)state;
    assert_null(hb_calloc(&env, SIZE_MAX / 2, 3));
    assert_int_equal(env.status, HEBB_E_MEMORY);
    assert_non_null(strstr(env.error, "out of memory"));
    void *empty = hb_alloc(&env, 0);
    assert_non_null(empty);
    hb_free(&env, empty);
    hb_free(&env, NULL);
    unsigned char *zeros = hb_calloc(&env, 10, 10);
    for (int i = 0; i < 100; i++) assert_int_equal(zeros[i], 0);
    zeros = hb_realloc(&env, zeros, 100, 1000);
    assert_int_equal(zeros[99], 0);
    hb_free(&env, zeros);
}

static void test_arena(void **state) {
    (void)state;
    hb_arena arena = {0};
    unsigned char *pieces[50];
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < 50; i++) {
            pieces[i] = hb_arena_take(&arena, i * 7, 3);
            if (!round) continue;
            assert_int_equal((uintptr_t)pieces[i] % 64, 0);
            for (size_t j = 0; j < i * 21; j++) assert_int_equal(pieces[i][j], 0);
            memset(pieces[i], (int)i, i * 21);
        }
        if (!round) assert_int_equal(hb_arena_commit(&env, &arena), HEBB_OK);
    }
    for (size_t i = 0; i < 50; i++)
        for (size_t j = 0; j < i * 21; j++) assert_int_equal(pieces[i][j], i);
    assert_int_equal(arena.used, arena.size);
    assert_null(hb_arena_take(&arena, 1, 1)); /* more than was measured */
    hb_arena_free(&env, &arena);
    assert_null(arena.block);
    hb_arena_take(&arena, SIZE_MAX / 2, 8);
    hb_arena_take(&arena, 1, 8);
    assert_int_equal(hb_arena_commit(&env, &arena), HEBB_E_MEMORY);
}

static void test_text(void **state) {
    (void)state;
    hb_text text;
    hb_text_init(&text, &env);
    for (int i = 0; i < 1000; i++) hb_text_add(&text, "%d,", i);
    assert_int_equal(text.length, 3890);
    assert_int_equal(strlen(text.data), 3890);
    assert_int_equal(hb_text_done(&text), HEBB_OK);
    hb_text_clear(&text);
    hb_text_bytes(&text, "a\0b", 3);
    assert_memory_equal(text.data, "a\0b", 4);
    hb_text_free(&text);
}

static void test_numbers(void **state) {
    (void)state;
    static const double values[] = {0,
                                    1,
                                    -1,
                                    0.1,
                                    1e-300,
                                    5e-324,
                                    1.7976931348623157e308,
                                    1.0 / 3,
                                    784,
                                    -0.05,
                                    123456789012345680.0};
    char buffer[32];
    for (size_t i = 0; i < HB_COUNT(values); i++) {
        double back;
        hb_number_text(buffer, values[i]);
        assert_int_equal(hb_read_number(buffer, &back), strlen(buffer));
        assert_true(back == values[i]);
    }
    assert_string_equal(hb_number_text(buffer, 0.1), "0.1");
    assert_string_equal(hb_number_text(buffer, 60000), "60000");
    assert_string_equal(hb_number_text(buffer, -HB_INF), "-inf");
    double value;
    assert_int_equal(hb_read_number("1.5e3x", &value), 5);
    assert_true(value == 1500);
    assert_int_equal(hb_read_number("2e", &value), 1);
    assert_int_equal(hb_read_number("0x10", &value), 1);
    assert_int_equal(hb_read_number("nan", &value), 0);
    assert_int_equal(hb_read_number(".", &value), 0);
    assert_int_equal(hb_read_number("", &value), 0);
}

static void test_nearest(void **state) {
    (void)state;
    static const char *const names[] = {"Adam|adam", "Adamax|Adamx",      "SGD",     "tau_m",
                                        "v_th",      "CosineAnnealingLR", "momentum"};
    static const struct {
        const char *wanted, *best;
    } cases[] = {{"Adma", "Adam"},
                 {"adamaxx", "Adamax"},
                 {"Adax", "Adam"},
                 {"sdg", "SGD"},
                 {"taum", "tau_m"},
                 {"tau", "tau_m"},
                 {"vth", "v_th"},
                 {"CosineAnealingLr", "CosineAnnealingLR"},
                 {"momentun", "momentum"},
                 {"completely", ""},
                 {"", ""},
                 {"q", ""}};
    for (size_t i = 0; i < HB_COUNT(cases); i++)
        assert_string_equal(hb_nearest(cases[i].wanted, names, HB_COUNT(names)), cases[i].best);
    char endless[5000];
    memset(endless, 'a', sizeof endless);
    endless[sizeof endless - 1] = 0;
    assert_string_equal(hb_nearest(endless, names, HB_COUNT(names)), "");
}

static const hb_param_info lif_params[] = {
    {"tau_m", HB_PER_UNIT, "ms", 8, HB_POSITIVE, "membrane time constant", "tau|taum", NULL, NULL},
    {"v_th", HB_NUM, "1", 1, HB_ANY, 0, "threshold", NULL, NULL, NULL},
    {"decay", HB_NUM, NULL, 0.5, 0, 1, HB_BELOW, "factor", NULL, NULL, NULL},
    {"steps", HB_INT, NULL, 3, 1, 100, 0, "steps", NULL, NULL, NULL},
    {"detach", HB_BOOL, NULL, 0, 0, 0, 0, "cut | the gradient", NULL, NULL, NULL},
    {"form", HB_CHOICE, NULL, 0, 0, 0, 0, "which", NULL, "paper", "paper|spaic"},
    {"label", HB_STRING, NULL, 0, 0, 0, HB_UNSET, "free", NULL, NULL, NULL},
    {"betas", HB_NUMBERS, NULL, 0, 0, 1, HB_BELOW, "betas", NULL, "[0.9, 0.999]", NULL},
    {"mask", HB_MATRIX, NULL, 0, HB_ANY, HB_UNSET, "mask", NULL, NULL, NULL},
    {"curve", HB_FUNCTION, NULL, 0, HB_ANY, HB_UNSET, "curve", NULL, NULL, NULL},
    {"weight", HB_INIT, NULL, 0, HB_ANY, 0, "start", NULL, "uniform", NULL},
    {"clip", HB_NUM, NULL, HB_INF, HB_NOT_NEGATIVE, "norm", NULL, NULL, NULL},
};
static const hb_component lif = {"neuron",   "lif",     "LIF|leaky", "Leaky.",
                                 "V <- ...", "a paper", lif_params,  HB_COUNT(lif_params)};
static const hb_param_info needy_params[] = {
    {"rate", HB_NUM, "Hz", 0, HB_ANY, HB_REQUIRED, "spikes in a second", NULL, NULL, NULL}};
static const hb_component needy = {"encoder", "needy", NULL, NULL, NULL, NULL, needy_params, 1};

static double twice(void *user, double x) { return x * *(double *)user; }

static void test_args_defaults(void **state) {
    (void)state;
    hb_args args;
    assert_int_equal(hb_args_read(&env, &lif, "layer1", NULL, 3, &args), HEBB_OK);
    assert_true(hb_args_num(&args, "tau_m") == 8);
    assert_true(hb_args_unit(&args, "tau_m", 2) == 8);
    assert_false(hb_args_given(&args, "tau_m"));
    assert_string_equal(hb_args_text(&args, "form"), "paper");
    assert_string_equal(hb_args_text(&args, "weight"), "uniform");
    assert_null(hb_args_text(&args, "label"));
    assert_int_equal(hb_args_get(&args, "betas")->count, 2);
    assert_true(hb_args_get(&args, "betas")->list[1] == 0.999);
    hb_args_free(&args);
    hb_args_free(&args);
}

static void test_args_values(void **state) {
    (void)state;
    double factor = 2, taus[] = {1, 2, 3}, mask[] = {1, 0, 0, 1, 1, 1};
    size_t shape[] = {2, 3};
    char name[] = "some name";
    hb_args args;
    const hebb_param *params = HEBB_P(
        HEBB_NUMBERS("TAU", taus, 3), HEBB_STR("label", name), HEBB_STR("form", "SPAIC"),
        HEBB_MATRIX("mask", mask, shape, 2), HEBB_CALL("curve", twice, &factor), {"betas", 0.5},
        {"detach", 1}, {"clip", (double)INFINITY}, HEBB_STR("weight", "kaiming"));
    assert_int_equal(hb_args_read(&env, &lif, "layer1", params, 3, &args), HEBB_OK);
    taus[2] = 99; /* all are copies */
    mask[5] = 99;
    name[0] = 'X';
    assert_true(hb_args_unit(&args, "tau_m", 2) == 3);
    assert_string_equal(hb_args_text(&args, "label"), "some name");
    assert_string_equal(hb_args_text(&args, "form"), "spaic");
    const hb_arg *m = hb_args_get(&args, "mask");
    assert_true(m->kind == HEBB_ARRAY && m->count == 6 && m->ndim == 2);
    assert_true(m->shape[0] == 2 && m->shape[1] == 3 && m->shape[2] == 1 && m->list[5] == 1);
    const hb_arg *curve = hb_args_get(&args, "curve");
    assert_true(curve->call(curve->user, 4) == 8);
    assert_int_equal(hb_args_get(&args, "betas")->count, 1);
    assert_true(hb_args_num(&args, "detach") == 1);
    hb_args_set(&args, "tau_m", 5);
    assert_true(hb_args_num(&args, "tau_m") == 5 && hb_args_unit(&args, "tau_m", 1) == 5);
    hb_args_free(&args);
    params = HEBB_P(HEBB_STR("curve", "0.95 ** epoch"), HEBB_STR("detach", "yes"));
    assert_int_equal(hb_args_read(&env, &lif, NULL, params, 0, &args), HEBB_OK);
    curve = hb_args_get(&args, "curve");
    assert_true(curve->call(curve->user, 3) == pow(0.95, 3));
    hb_args_free(&args);
}

static void refused(const hb_component *component, const hebb_param *params, size_t units,
                    hebb_status status, const char *sentence) {
    hb_args args;
    hb_env_init(&env, NULL);
    assert_int_equal(hb_args_read(&env, component, "layer1", params, units, &args), status);
    assert_string_equal(env.error, sentence);
    assert_null(args.items);
}

static void test_args_errors(void **state) {
    (void)state;
    double two[] = {1, 2}, bad[] = {0.5, 1.5}, nan = (double)NAN;
    size_t huge[] = {SIZE_MAX / 2, SIZE_MAX / 2}, shape[] = {3};
    refused(&lif, HEBB_P({"tau_m", -3}), 0, HEBB_E_RANGE,
            "layer1: tau_m = -3 is not allowed for lif; it must be above 0 ms");
    refused(&lif, HEBB_P({"tau", 0}), 0, HEBB_E_RANGE,
            "layer1: tau_m = 0 is not allowed for lif; it must be above 0 ms");
    refused(&lif, HEBB_P({"v_th", nan}), 0, HEBB_E_RANGE,
            "layer1: v_th = nan is not allowed for lif; it must be a finite number");
    refused(&lif, HEBB_P({"v_th", (double)INFINITY}), 0, HEBB_E_RANGE,
            "layer1: v_th = inf is not allowed for lif; it must be a finite number");
    refused(&lif, HEBB_P({"decay", 1}), 0, HEBB_E_RANGE,
            "layer1: decay = 1 is not allowed for lif; it must be at least 0 and below 1");
    refused(&lif, HEBB_P({"steps", 2.5}), 0, HEBB_E_RANGE,
            "layer1: steps = 2.5 is not allowed for lif; it must be a whole number");
    refused(&lif, HEBB_P({"steps", 101}), 0, HEBB_E_RANGE,
            "layer1: steps = 101 is not allowed for lif; it must be between 1 and 100");
    refused(&lif, HEBB_P({"detach", 2}), 0, HEBB_E_RANGE,
            "layer1: detach = 2 is not allowed for lif; it must be 0 or 1 (false or true)");
    refused(&lif, HEBB_P({"v_rh", 1}), 0, HEBB_E_NAME,
            "layer1: lif has no parameter 'v_rh'; did you mean 'v_th'?");
    refused(&lif, HEBB_P({"zzzzzzzz", 1}), 0, HEBB_E_NAME,
            "layer1: lif has no parameter 'zzzzzzzz'; it has: tau_m, v_th, decay, steps, detach, "
            "form, label, betas, mask, curve, weight, clip");
    refused(&lif, HEBB_P({"tau_m", 1}, {"tau", 2}), 0, HEBB_E_ARGUMENT,
            "layer1: tau_m of lif is given twice");
    refused(&lif, HEBB_P(HEBB_STR("form", "papre")), 0, HEBB_E_NAME,
            "layer1: form = 'papre' is not allowed for lif; it must be one of paper, spaic; did "
            "you mean 'paper'?");
    refused(&lif, HEBB_P({"form", 1}), 0, HEBB_E_ARGUMENT,
            "layer1: form of lif must be one of paper, spaic, not a number");
    refused(&lif, HEBB_P(HEBB_STR("v_th", "high")), 0, HEBB_E_ARGUMENT,
            "layer1: v_th = 'high' is not allowed for lif; it must be a number");
    refused(&lif, HEBB_P(HEBB_NUMBERS("v_th", two, 2)), 0, HEBB_E_ARGUMENT,
            "layer1: v_th of lif must be a number, not a list");
    refused(&lif, HEBB_P(HEBB_NUMBERS("tau_m", two, 2)), 3, HEBB_E_SHAPE,
            "layer1: tau_m has 2 values, but there are 3 neurons; give one number or one for each "
            "neuron");
    refused(&lif, HEBB_P(HEBB_NUMBERS("betas", bad, 2)), 0, HEBB_E_RANGE,
            "layer1: betas[1] = 1.5 is not allowed for lif; it must be at least 0 and below 1");
    refused(&lif, HEBB_P(HEBB_MATRIX("mask", two, huge, 2)), 0, HEBB_E_SHAPE,
            "layer1: the shape of mask is larger than any memory");
    refused(&lif,
            HEBB_P({.name = "mask",
                    .kind = HEBB_ARRAY,
                    .list = two,
                    .count = 2,
                    .shape = shape,
                    .ndim = 1}),
            0, HEBB_E_SHAPE, "layer1: mask has 2 numbers, but its shape asks for 3");
    refused(&lif, HEBB_P({.name = "mask", .kind = HEBB_ARRAY, .list = two}), 0, HEBB_E_SHAPE,
            "layer1: the array mask of lif needs a shape of 1 to 4 sizes, not 0");
    refused(&lif, HEBB_P(HEBB_NUMBERS("mask", NULL, 2)), 0, HEBB_E_ARGUMENT,
            "layer1: the 2 numbers of mask are NULL");
    refused(&lif, HEBB_P({"mask", 1}), 0, HEBB_E_ARGUMENT,
            "layer1: mask of lif must be an array, not a number");
    refused(&lif, HEBB_P(HEBB_STR("curve", "1 +")), 0, HEBB_E_PARSE,
            "layer1: curve: something is missing at position 4 of the expression '1 +'");
    refused(&lif, HEBB_P({"curve", 1}), 0, HEBB_E_ARGUMENT,
            "layer1: curve of lif must be a function or an expression in one variable, not a "
            "number");
    refused(&needy, NULL, 0, HEBB_E_ARGUMENT,
            "layer1: needy needs the parameter rate (spikes in a second)");
}

static hebb_status read_many(hb_env *e) {
    double taus[] = {1, 2, 3};
    hb_args args;
    const hebb_param *params =
        HEBB_P(HEBB_NUMBERS("tau_m", taus, 3), HEBB_STR("label", "name"),
               HEBB_STR("curve", "x if x < 1 else 2"), HEBB_STR("form", "spaic"));
    hebb_status status = hb_args_read(e, &lif, "l", params, 3, &args);
    hb_args_free(&args);
    return status;
}

static void test_args_memory(void **state) {
    (void)state;
    assert_true(refuse_each(read_many) >= 8);
}

static void test_component_find(void **state) {
    (void)state;
    static const hb_component *const table[] = {&lif, &needy};
    assert_ptr_equal(hb_component_find(&env, "neuron", "Leaky", table, 2, NULL), &lif);
    assert_ptr_equal(hb_component_find(&env, "neuron", "NEEDY", table, 2, NULL), &needy);
    assert_null(hb_component_find(&env, "neuron", "leeky", table, 2, "layer1"));
    assert_string_equal(env.error, "layer1: there is no neuron 'leeky'; did you mean 'leaky'?");
    assert_int_equal(env.status, HEBB_E_NAME);
    assert_null(hb_component_find(&env, "neuron", "hodgkin", table, 2, NULL));
    assert_string_equal(env.error, "there is no neuron 'hodgkin'; there are: lif, needy");
    assert_null(hb_component_find(&env, "neuron", NULL, table, 2, NULL));
    assert_null(hb_component_find(NULL, "neuron", "x", table, 2, NULL));
    assert_true(hb_name_matches("a", "bc|def", "DEF"));
    assert_false(hb_name_matches("a", "bc|def", "de"));
    assert_false(hb_name_matches("a", "bc|def", "defg"));
    assert_false(hb_name_matches("a", "bc|def", ""));
}

static void test_markdown(void **state) {
    (void)state;
    hb_text text;
    hb_text_init(&text, &env);
    hb_component_markdown(&text, &lif);
    static const char *const parts[] = {
        "# lif (neuron)\n",
        "Also called `LIF`, `leaky`.",
        "V <- ...",
        "Source: a paper\n",
        ("| `tau_m` | `tau`, `taum` | ms | 8 | above 0 ms; one, or one for each neuron | membrane "
         "time constant |\n"),
        "| `steps` |  |  | 3 | whole, between 1 and 100 | steps |\n",
        "| `detach` |  |  | false | true, false | cut \\| the gradient |\n",
        "| `form` |  |  | paper | `paper`, `spaic` | which |\n",
        "| `label` |  |  | not given | any text | free |\n",
        "| `clip` |  |  | inf | at least 0 | norm |\n"};
    for (size_t i = 0; i < HB_COUNT(parts); i++)
        if (!strstr(text.data, parts[i])) fail_msg("missing: %s in\n%s", parts[i], text.data);
    hb_text_free(&text);
}

static double evaluate(const char *text, double x) {
    hb_expression *e;
    if (hb_expression_compile(&env, text, NULL, &e)) fail_msg("%s: %s", text, env.error);
    double value = hb_expression_value(e, x);
    hb_expression_free(&env, e);
    return value;
}

static void test_expression_values(void **state) {
    (void)state;
    for (double x = -3; x <= 3; x += 0.37) {
        assert_true(evaluate("x", x) == x);
        assert_true(evaluate("-x^2", x) == -pow(x, 2));
        assert_true(evaluate("2 ** -x", x) == pow(2, -x));
        assert_true(evaluate("1 - x - 2 * x / 4", x) == 1 - x - 2 * x / 4);
        assert_true(evaluate("2^3^2 + 0*x", x) == 512);
        assert_true(evaluate("(1 + x) * (2 - -x)", x) == (1 + x) * (2 - -x));
        assert_true(evaluate("1/(1+abs(x))^2", x) == 1 / pow(1 + fabs(x), 2));
        assert_true(evaluate("exp(-x*x/2)/sqrt(2*pi)", x) ==
                    exp(-x * x / 2) / sqrt(2 * 3.14159265358979323846));
        assert_true(evaluate("log(abs(x)) + sin(x)*cos(x)", x) == log(fabs(x)) + sin(x) * cos(x));
        assert_true(evaluate("max(0, min(1, x)) + tanh(x)", x) == fmax(0, fmin(1, x)) + tanh(x));
        assert_true(evaluate("floor(x) + ceil(x) * pow(x, 2)", x) ==
                    floor(x) + ceil(x) * pow(x, 2));
        assert_true(evaluate("1 if x < 0 else 2 if x < 1 else 3", x) == (x < 0   ? 1
                                                                         : x < 1 ? 2
                                                                                 : 3));
        assert_true(evaluate("x < 0 ? 1 : x <= 1 ? 2 : 3", x) == (x < 0 ? 1 : x <= 1 ? 2 : 3));
        assert_true(evaluate("(x >= 1) + (x > 1) + (x == x) + e", x) ==
                    (x >= 1) + (x > 1) + 1 + 2.71828182845904523536);
        assert_true(evaluate("x if x > 0 else -x", x) == fabs(x));
        assert_true(evaluate("1.5e-1*epoch", x) == 1.5e-1 * x);
    }
    assert_true(evaluate(" 3 ", 0) == 3);
}

static void test_expression_errors(void **state) {
    (void)state;
    static const struct {
        const char *text, *part;
    } cases[] = {
        {"", "something is missing at position 1"},
        {"x +", "something is missing at position 4"},
        {"x y", "unexpected text at position 3"},
        {"(x", "')' is missing at position 3"},
        {"x)", "unexpected text at position 2"},
        {"x + y", "unknown name 'y' at position 5"},
        {"exp x", "'(' is missing after a function at position 5"},
        {"exp(x, 2)", "a function that takes one value at position 1"},
        {"min(x)", "a function that takes two values at position 1"},
        {"1 if x", "'else' is missing at position 7"},
        {"x ? 1", "':' is missing at position 6"},
        {"x = 1", "unexpected text at position 3"},
        {"x & 1", "unexpected text at position 3"},
        {"$", "was expected at position 1"},
        {".", "not a number at position 1"},
        {"if", "unknown name 'if' at position 1"},
        {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "too long at position 1"},
    };
    hb_expression *e;
    for (size_t i = 0; i < HB_COUNT(cases); i++) {
        assert_int_equal(hb_expression_compile(&env, cases[i].text, NULL, &e), HEBB_E_PARSE);
        assert_null(e);
        if (!strstr(env.error, cases[i].part)) fail_msg("'%s': %s", cases[i].text, env.error);
    }
    assert_int_equal(hb_expression_compile(&env, "x", "epoch", &e), HEBB_E_PARSE);
    assert_non_null(strstr(env.error, "the variable 'epoch'"));
    char deep[4000];
    for (int i = 0; i < 4; i++) {
        memset(deep, "(-"[i % 2], sizeof deep);
        deep[sizeof deep - 1] = 0;
        if (i > 1)
            for (size_t j = 0; j + 4 < sizeof deep; j += 4) memcpy(deep + j, "1+1+", 5);
        if (i == 3)
            for (size_t j = 0; j + 4 < sizeof deep; j += 4) memcpy(deep + j, "1^(", 4), j--;
        assert_int_equal(hb_expression_compile(&env, deep, NULL, &e), HEBB_E_PARSE);
    }
}

/* Texts made at random from the language's own pieces never crash it. */
static void test_expression_noise(void **state) {
    (void)state;
    static const char *const pieces[] = {"x",    "1",      "+",   "-",    "*", "/", "^",
                                         "(",    ")",      "exp", "min(", ",", "?", ":",
                                         " if ", " else ", "<",   "==",   ".", "e"};
    uint32_t noise = 1;
    size_t good = 0;
    for (int i = 0; i < 20000; i++) {
        char text[256] = "";
        for (int j = 0; j < 12; j++) {
            noise = noise * 1664525u + 1013904223u;
            strcat(text, pieces[(noise >> 8) % HB_COUNT(pieces)]);
            hb_expression *e;
            if (hb_expression_compile(&env, text, "x", &e) == HEBB_OK) {
                hb_expression_value(e, 0.5);
                good++;
            }
            hb_expression_free(&env, e);
        }
    }
    assert_true(good > 100);
}

static void test_tree(void **state) {
    (void)state;
    hb_node *root = hb_node_new(&env, HB_NODE_MAP, NULL);
    assert_int_equal(hb_node_put(&env, root, "a", "1.5"), HEBB_OK);
    assert_int_equal(hb_node_put(&env, root, "b", "true"), HEBB_OK);
    assert_int_equal(hb_node_put(&env, root, "a", "2.5"), HEBB_OK);
    assert_int_equal(root->count, 2);
    double number;
    bool flag;
    assert_true(hb_node_number(hb_node_get(root, "a"), &number) && number == 2.5);
    assert_false(hb_node_number(hb_node_get(root, "b"), &number));
    assert_true(hb_node_bool(hb_node_get(root, "b"), &flag) && flag);
    assert_false(hb_node_bool(hb_node_get(root, "a"), &flag));
    assert_null(hb_node_get(root, "c"));
    hb_node *twin = hb_node_new(&env, HB_NODE_SCALAR, "x");
    assert_int_equal(hb_node_add(&env, root, "a", twin), HEBB_E_ARGUMENT);
    hb_node *list = hb_node_new(&env, HB_NODE_LIST, NULL);
    assert_int_equal(hb_node_set_path(&env, root, "x.y.list", list), HEBB_OK);
    const char *const paths[] = {"x.y.list.0", "x.y.list.1.deep", "x.y.list.0", "b"};
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(
            hb_node_set_path(&env, root, paths[i], hb_node_new(&env, HB_NODE_SCALAR, "7")),
            HEBB_OK);
    list = hb_node_get(hb_node_get(hb_node_get(root, "x"), "y"), "list");
    assert_int_equal(list->count, 2);
    assert_string_equal(hb_node_at(list, 0)->text, "7");
    assert_string_equal(hb_node_get(hb_node_at(list, 1), "deep")->text, "7");
    assert_null(hb_node_at(list, 2));
    const char *const bad[] = {"a.b", "x.y.list.3", "x.y.list.name", "", "x..y", ".", "x."};
    for (size_t i = 0; i < 7; i++)
        assert_true(hb_node_set_path(&env, root, bad[i], hb_node_new(&env, HB_NODE_SCALAR, "7")) <
                    0);
    hb_node *copy = hb_node_copy(&env, root);
    assert_int_equal(copy->count, 3);
    list = hb_node_get(hb_node_get(hb_node_get(copy, "x"), "y"), "list");
    assert_string_equal(hb_node_get(hb_node_at(list, 1), "deep")->text, "7");
    assert_string_equal(copy->last->key, "x");
    hb_node_free(&env, copy);
    hb_node_free(&env, root);
    hb_node_free(&env, NULL);
}

static void test_tree_scalars(void **state) {
    (void)state;
    static const struct {
        const char *text;
        bool ok;
        double value;
    } cases[] = {{"1", true, 1},     {"-1.5e3", true, -1500}, {"+2", true, 2},
                 {".5", true, 0.5},  {"1x", false, 0},        {"", false, 0},
                 {"0x10", false, 0}, {".inf", true, HB_INF},  {"-.inf", true, -HB_INF},
                 {"1 2", false, 0},  {"1e400", true, HB_INF}};
    for (size_t i = 0; i < HB_COUNT(cases); i++) {
        hb_node node = {.type = HB_NODE_SCALAR, .text = (char *)(uintptr_t)cases[i].text};
        double value = 0;
        assert_int_equal(hb_node_number(&node, &value), cases[i].ok);
        assert_true(value == cases[i].value);
        node.quoted = true;
        assert_false(hb_node_number(&node, &value));
    }
}

static hebb_status grow_tree(hb_env *e) {
    hb_node *root = hb_node_new(e, HB_NODE_MAP, NULL), *copy = NULL;
    if (!root) return HEBB_E_MEMORY;
    hebb_status status = hb_node_put(e, root, "a", "1");
    if (!status) status = hb_node_set_path(e, root, "b.c.d", hb_node_new(e, HB_NODE_LIST, NULL));
    if (!status) status = hb_node_set_path(e, root, "b.c.d.0", hb_node_new(e, HB_NODE_SCALAR, "v"));
    if (!status && !(copy = hb_node_copy(e, root))) status = HEBB_E_MEMORY;
    hb_node_free(e, copy);
    hb_node_free(e, root);
    return status;
}

static hebb_status grow_text(hb_env *e) {
    hb_text text;
    hb_text_init(&text, e);
    for (int i = 0; i < 300; i++) hb_text_add(&text, "%d", i);
    hebb_status status = hb_text_done(&text);
    hb_text_free(&text);
    char *formatted = hb_format(e, "%d", 5);
    if (!formatted) status = HEBB_E_MEMORY;
    hb_free(e, formatted);
    return status;
}

static void test_tree_memory(void **state) {
    (void)state;
    assert_true(refuse_each(grow_tree) > 20);
    assert_true(refuse_each(grow_text) > 4);
}

/* A very deep tree is copied and freed without exhausting the stack. */
static void test_tree_deep(void **state) {
    (void)state;
    hb_node *root = hb_node_new(&env, HB_NODE_LIST, NULL), *node = root;
    for (int i = 0; i < 200000; i++) {
        hb_node *child = hb_node_new(&env, HB_NODE_LIST, NULL);
        assert_int_equal(hb_node_add(&env, node, NULL, child), HEBB_OK);
        node = child;
    }
    hb_node *copy = hb_node_copy(&env, root);
    assert_non_null(copy);
    hb_node_free(&env, copy);
    hb_node_free(&env, root);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_fail, setup),
        cmocka_unit_test_setup(test_note, setup),
        cmocka_unit_test_setup(test_alloc, setup),
        cmocka_unit_test_setup(test_arena, setup),
        cmocka_unit_test_setup(test_text, setup),
        cmocka_unit_test_setup(test_numbers, setup),
        cmocka_unit_test_setup(test_nearest, setup),
        cmocka_unit_test_setup(test_args_defaults, setup),
        cmocka_unit_test_setup(test_args_values, setup),
        cmocka_unit_test_setup(test_args_errors, setup),
        cmocka_unit_test_setup(test_args_memory, setup),
        cmocka_unit_test_setup(test_component_find, setup),
        cmocka_unit_test_setup(test_markdown, setup),
        cmocka_unit_test_setup(test_expression_values, setup),
        cmocka_unit_test_setup(test_expression_errors, setup),
        cmocka_unit_test_setup(test_expression_noise, setup),
        cmocka_unit_test_setup(test_tree, setup),
        cmocka_unit_test_setup(test_tree_scalars, setup),
        cmocka_unit_test_setup(test_tree_memory, setup),
        cmocka_unit_test_setup(test_tree_deep, setup),
    };
    return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}

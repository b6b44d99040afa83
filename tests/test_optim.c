/* Optimizers. Oracle: what PyTorch computed from the same gradients (golden file
 * optimizers.json); errors by their sentences. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "optim_golden.h"

enum { COPIES = 13, MOST = 8 * COPIES }; /* odd, so that loops have a rest */

static hebb_ctx *ctx;

static int setup(void **state) {
    (void)state;
    hebb_ctx_options options = hebb_ctx_options_default();
    options.threads = 1;
    return hebb_ctx_create(&options, &ctx);
}

static int teardown(void **state) {
    (void)state;
    hebb_ctx_free(ctx);
    ctx = NULL;
    return 0;
}

#define OK(call)                                                                                   \
    do {                                                                                           \
        hebb_status ok_status = (call);                                                            \
        if (ok_status != HEBB_OK) fail_msg("%s: %s", #call, hebb_error(ctx));                      \
    } while (0)

/* ---- arrays of either type --------------------------------------------------- */

typedef struct numbers {
    hebb_dtype dtype;
    union {
        float f32[MOST];
        double f64[MOST];
    } as;
} numbers;

static void set(numbers *n, size_t i, double value) {
    if (n->dtype == HEBB_F64)
        n->as.f64[i] = value;
    else
        n->as.f32[i] = (float)value;
}

static double get(const numbers *n, size_t i) {
    return n->dtype == HEBB_F64 ? n->as.f64[i] : (double)n->as.f32[i];
}

static hebb_optimizer *make(const cJSON *item, double default_lr) {
    golden_params params;
    const cJSON *kwargs = golden_item(item, "kwargs");
    const cJSON *lr = cJSON_GetObjectItem(kwargs, "lr");
    golden_kwargs(kwargs, &params);
    hebb_optimizer *optimizer;
    OK(hebb_optimizer_create(ctx, golden_text(item, "optimizer"), lr ? lr->valuedouble : default_lr,
                             params.items, &optimizer));
    return optimizer;
}

/* ---- golden sequences ---------------------------------------------------------- */

static void check_copies(const numbers *values, const cJSON *wanted, double tolerance,
                         const char *where, size_t step) {
    size_t width = golden_size(wanted);
    for (size_t i = 0; i < width * COPIES; i++)
        golden_close(get(values, i), golden_at(wanted, i % width), tolerance, where, step);
}

/* p0, repeated, must follow the recorded way in every copy. */
static void run_case(const cJSON *root, const cJSON *item, hebb_dtype dtype) {
    const cJSON *p0 = golden_item(root, "p0"), *gradients = golden_item(root, "gradients");
    bool wide = dtype == HEBB_F64;
    const cJSON *wanted = golden_item(item, wide ? "params_float64" : "params_float32");
    const cJSON *average = cJSON_GetObjectItem(item, wide ? "ax_float64" : "ax_float32");
    const char *name = golden_text(item, "optimizer");
    double tolerance = wide ? 1e-6 : 1e-5;
    size_t width = golden_size(p0), count = width * COPIES;
    numbers p = {.dtype = dtype}, g = {.dtype = dtype}, ax = {.dtype = dtype};
    for (size_t i = 0; i < count; i++) set(&p, i, golden_at(p0, i % width));
    hebb_optimizer *optimizer = make(item, golden_number(golden_item(item, "defaults"), "lr"));
    OK(hebb_optimizer_add(optimizer, dtype, &p.as, &g.as, COPIES, count));
    for (size_t step = 0; step < golden_size(gradients); step++) {
        const cJSON *row = cJSON_GetArrayItem(gradients, (int)step);
        for (size_t i = 0; i < count; i++) set(&g, i, golden_at(row, i % width));
        OK(hebb_optimizer_step(optimizer));
        check_copies(&p, cJSON_GetArrayItem(wanted, (int)step), tolerance, name, step);
        if (!average) continue;
        const void *state = hebb_optimizer_state(optimizer, 0, "ax");
        memcpy(&ax.as, state, count * (wide ? sizeof(double) : sizeof(float)));
        check_copies(&ax, cJSON_GetArrayItem(average, (int)step), tolerance, "ax", step);
    }
    hebb_optimizer_free(optimizer);
}

static void run_all(hebb_dtype dtype) {
    cJSON *root = golden_file("optimizers.json");
    if (!root) skip();
    const cJSON *cases = golden_item(root, "cases"), *item;
    size_t done = 0;
    cJSON_ArrayForEach(item, cases) {
        run_case(root, item, dtype);
        done++;
    }
    assert_int_equal(done, 34);
    cJSON_Delete(root);
}

static void test_golden_double(void **state) {
    (void)state;
    run_all(HEBB_F64);
}

static void test_golden_float(void **state) {
    (void)state;
    run_all(HEBB_F32);
}

/* The defaults of the tables are those in force in PyTorch. */
static void test_defaults(void **state) {
    (void)state;
    cJSON *root = golden_file("optimizers.json");
    if (!root) skip();
    const cJSON *item, *option;
    size_t compared = 0;
    cJSON_ArrayForEach(item, golden_item(root, "cases")) {
        const cJSON *defaults = golden_item(item, "defaults");
        hebb_optimizer *optimizer = make(item, golden_number(defaults, "lr"));
        cJSON_ArrayForEach(option, defaults) {
            static const char others[] = "foreach capturable differentiable fused";
            if (strstr(others, option->string) || !cJSON_IsNumber(option)) continue;
            double value = hebb_optimizer_option(optimizer, option->string);
            golden_close(value, option->valuedouble, 0, option->string, 0);
            compared++;
        }
        const cJSON *betas = cJSON_GetObjectItem(defaults, "betas");
        if (betas) {
            assert_true(hebb_optimizer_option(optimizer, "beta1") == golden_at(betas, 0));
            assert_true(hebb_optimizer_option(optimizer, "beta2") == golden_at(betas, 1));
        }
        assert_true(isnan(hebb_optimizer_option(optimizer, "nonsense")));
        assert_true(isnan(hebb_optimizer_option(optimizer, "betas")));
        hebb_optimizer_free(optimizer);
    }
    assert_true(compared > 100);
    cJSON_Delete(root);
}

/* ---- rows ------------------------------------------------------------------------ */

static void run_sparse(const cJSON *sparse, const cJSON *item, hebb_dtype dtype) {
    const cJSON *p0 = golden_item(sparse, "p0"), *rows = golden_item(sparse, "rows");
    const cJSON *values = golden_item(sparse, "values");
    const cJSON *wanted =
        golden_item(item, dtype == HEBB_F64 ? "params_float64" : "params_float32");
    numbers p = {.dtype = dtype}, g = {.dtype = dtype};
    size_t height = golden_size(p0), width = golden_size(p0->child);
    for (size_t i = 0; i < height * width; i++)
        set(&p, i, golden_at(cJSON_GetArrayItem(p0, (int)(i / width)), i % width));
    hebb_optimizer *optimizer = make(item, 0.001);
    OK(hebb_optimizer_add(optimizer, dtype, &p.as, &g.as, height, height * width));
    for (size_t step = 0; step < golden_size(rows); step++) {
        const cJSON *touched = cJSON_GetArrayItem(rows, (int)step);
        const cJSON *given = cJSON_GetArrayItem(values, (int)step);
        uint32_t list[8];
        for (size_t i = 0; i < MOST; i++) set(&g, i, 1e3); /* of other rows: is not read */
        for (size_t r = 0; r < golden_size(touched); r++) {
            list[r] = (uint32_t)golden_at(touched, r);
            for (size_t i = 0; i < width; i++)
                set(&g, list[r] * width + i, golden_at(cJSON_GetArrayItem(given, (int)r), i));
        }
        OK(hebb_optimizer_rows(optimizer, 0, list, golden_size(touched)));
        list[0] = 99; /* ours has been copied */
        OK(hebb_optimizer_step(optimizer));
        const cJSON *now = cJSON_GetArrayItem(wanted, (int)step);
        for (size_t i = 0; i < height * width; i++)
            golden_close(get(&p, i),
                         golden_at(cJSON_GetArrayItem(now, (int)(i / width)), i % width),
                         dtype == HEBB_F64 ? 1e-6 : 1e-5, "SparseAdam", step);
    }
    hebb_optimizer_free(optimizer);
}

static void test_sparse(void **state) {
    (void)state;
    cJSON *root = golden_file("optimizers.json");
    if (!root) skip();
    const cJSON *sparse = golden_item(root, "sparse"), *item;
    size_t done = 0;
    cJSON_ArrayForEach(item, golden_item(sparse, "cases")) {
        run_sparse(sparse, item, HEBB_F64);
        run_sparse(sparse, item, HEBB_F32);
        done++;
    }
    assert_int_equal(done, 3);
    cJSON_Delete(root);
}

/* An array without a list is Adam's, bit for bit; an empty list changes nothing. */
static void test_sparse_dense(void **state) {
    (void)state;
    double p[2][6] = {{1, 2, 3, 4, 5, 6}, {1, 2, 3, 4, 5, 6}}, g[6];
    hebb_optimizer *sparse, *adam;
    OK(hebb_optimizer_create(ctx, "sparseadam", 0.1, NULL, &sparse));
    OK(hebb_optimizer_create(ctx, "ADAM", 0.1, NULL, &adam));
    OK(hebb_optimizer_add(sparse, HEBB_F64, p[0], g, 2, 6));
    OK(hebb_optimizer_add(adam, HEBB_F64, p[1], g, 2, 6));
    for (int step = 0; step < 4; step++) {
        for (int i = 0; i < 6; i++) g[i] = sin(i + 7 * step);
        OK(hebb_optimizer_step(sparse));
        OK(hebb_optimizer_step(adam));
        assert_memory_equal(p[0], p[1], sizeof p[0]);
    }
    uint32_t none = 0;
    OK(hebb_optimizer_rows(sparse, 0, &none, 0));
    g[0] = NAN; /* is not read */
    OK(hebb_optimizer_step(sparse));
    assert_memory_equal(p[0], p[1], sizeof p[0]);
    g[0] = 1;
    OK(hebb_optimizer_step(sparse)); /* the list held for one step only */
    assert_true(p[0][0] != p[1][0]);
}

static void test_row_errors(void **state) {
    (void)state;
    float p[6] = {0}, g[6] = {0};
    uint32_t rows[4] = {0, 2, 2, 3};
    hebb_optimizer *sparse, *adam;
    OK(hebb_optimizer_create(ctx, "SparseAdam", 0.1, NULL, &sparse));
    OK(hebb_optimizer_create(ctx, "Adam", 0.1, NULL, &adam));
    OK(hebb_optimizer_add(sparse, HEBB_F32, p, g, 3, 6));
    OK(hebb_optimizer_add(adam, HEBB_F32, p, g, 3, 6));
    assert_int_equal(hebb_optimizer_rows(NULL, 0, rows, 1), HEBB_E_ARGUMENT);
    assert_int_equal(hebb_optimizer_rows(adam, 0, rows, 1), HEBB_E_UNSUPPORTED);
    assert_non_null(strstr(hebb_error(ctx), "Adam changes all rows; SparseAdam takes a list"));
    assert_int_equal(hebb_optimizer_rows(sparse, 1, rows, 1), HEBB_E_RANGE);
    assert_non_null(strstr(hebb_error(ctx), "there is no array 1; 1 have been added"));
    assert_int_equal(hebb_optimizer_rows(sparse, 0, NULL, 1), HEBB_E_ARGUMENT);
    assert_int_equal(hebb_optimizer_rows(sparse, 0, rows, 4), HEBB_E_RANGE);
    assert_non_null(strstr(hebb_error(ctx), "rows[3] = 3 is not allowed; array 0 has 3 rows"));
    assert_int_equal(hebb_optimizer_rows(sparse, 0, rows, 3), HEBB_E_ARGUMENT);
    assert_non_null(strstr(hebb_error(ctx), "row 2 of array 0 is named twice"));
    OK(hebb_optimizer_rows(sparse, 0, rows, 2));
    g[5] = INFINITY;
    assert_int_equal(hebb_optimizer_step(sparse), HEBB_E_NOT_FINITE);
    assert_string_equal(hebb_error(ctx), "SparseAdam, step 1: the gradient of array 0 is inf at "
                                         "entry 5; nothing was changed");
    OK(hebb_optimizer_rows(sparse, 0, rows, 1));
    OK(hebb_optimizer_step(sparse));
}

/* ---- LBFGS ----------------------------------------------------------------------- */

/* Rosenbrock's function of x, which may lie in two arrays. */
typedef struct valley {
    numbers *x[2], *g[2];
    size_t split, n; /* x[0] holds the first `split` */
    size_t calls;
    double seen[100][4], losses[100];
    size_t bad_call; /* answers with NaN, counted from 1; 0: never */
    size_t fail_call;
} valley;

static double valley_x(const valley *v, size_t i) {
    return i < v->split ? get(v->x[0], i) : get(v->x[1], i - v->split);
}

static hebb_status valley_closure(void *user, double *loss) {
    valley *v = user;
    double g[4] = {0}, x[4], sum = 0;
    assert_true(v->calls < 100);
    for (size_t i = 0; i < v->n; i++) v->seen[v->calls][i] = x[i] = valley_x(v, i);
    for (size_t i = 0; i + 1 < v->n; i++) {
        double bend = x[i + 1] - x[i] * x[i], rest = 1 - x[i];
        sum += 100 * bend * bend + rest * rest;
        g[i] += -400 * x[i] * bend - 2 * rest;
        g[i + 1] += 200 * bend;
    }
    v->losses[v->calls++] = *loss = sum;
    if (v->calls == v->fail_call) return HEBB_E_STATE;
    if (v->calls == v->bad_call) *loss = NAN;
    for (size_t i = 0; i < v->n; i++)
        set(i < v->split ? v->g[0] : v->g[1], i < v->split ? i : i - v->split, g[i]);
    return HEBB_OK;
}

static void run_lbfgs(const cJSON *item, size_t split) {
    const cJSON *x0 = golden_item(item, "x0"), *wanted = golden_item(item, "params_float64");
    const cJSON *calls = golden_item(item, "closure_calls");
    const cJSON *seen = golden_item(item, "closure_x"), *losses = golden_item(item, "closure_f");
    numbers x[2] = {{.dtype = HEBB_F64}, {.dtype = HEBB_F64}}, g[2] = {x[0], x[1]};
    valley v = {{&x[0], &x[1]}, {&g[0], &g[1]}, split, golden_size(x0)};
    for (size_t i = 0; i < v.n; i++)
        set(i < split ? &x[0] : &x[1], i < split ? i : i - split, golden_at(x0, i));
    hebb_optimizer *optimizer = make(item, 1);
    OK(hebb_optimizer_add(optimizer, HEBB_F64, &x[0].as, &g[0].as, 1, split));
    if (v.n > split)
        OK(hebb_optimizer_add(optimizer, HEBB_F64, &x[1].as, &g[1].as, 1, v.n - split));
    for (size_t step = 0; step < golden_size(wanted); step++) {
        double first = NAN;
        OK(hebb_optimizer_step_closure(optimizer, valley_closure, &v, &first));
        assert_int_equal(v.calls, (size_t)golden_at(calls, step));
        golden_close(first, golden_at(golden_item(item, "loss_at_step_start"), step), 1e-6, "loss",
                     step);
        for (size_t i = 0; i < v.n; i++)
            golden_close(valley_x(&v, i), golden_at(cJSON_GetArrayItem(wanted, (int)step), i), 1e-6,
                         "LBFGS", step);
    }
    assert_int_equal(v.calls, golden_size(seen));
    for (size_t k = 0; k < v.calls; k++) {
        golden_close(v.losses[k], golden_at(losses, k), 1e-6, "closure_f", k);
        for (size_t i = 0; i < v.n; i++)
            golden_close(v.seen[k][i], golden_at(cJSON_GetArrayItem(seen, (int)k), i), 1e-6,
                         "closure_x", k);
    }
    hebb_optimizer_free(optimizer);
}

static void test_lbfgs(void **state) {
    (void)state;
    cJSON *root = golden_file("optimizers.json");
    if (!root) skip();
    const cJSON *item;
    size_t done = 0;
    cJSON_ArrayForEach(item, golden_item(root, "lbfgs")) {
        run_lbfgs(item, golden_size(golden_item(item, "x0")));
        run_lbfgs(item, 1); /* over two arrays */
        done++;
    }
    assert_int_equal(done, 5);
    cJSON_Delete(root);
}

/* A float and a double array together reach the minimum, (1, 1, 1). */
static void test_lbfgs_mixed(void **state) {
    (void)state;
    numbers x[2] = {{.dtype = HEBB_F32}, {.dtype = HEBB_F64}}, g[2] = {x[0], x[1]};
    valley v = {{&x[0], &x[1]}, {&g[0], &g[1]}, 1, 3};
    hebb_optimizer *optimizer;
    OK(hebb_optimizer_create(ctx, "lbfgs", 1, HEBB_P(HEBB_STR("line_search_fn", "strong_wolfe")),
                             &optimizer));
    OK(hebb_optimizer_add(optimizer, HEBB_F32, &x[0].as, &g[0].as, 1, 1));
    OK(hebb_optimizer_add(optimizer, HEBB_F64, &x[1].as, &g[1].as, 1, 2));
    for (int step = 0; step < 3; step++)
        OK(hebb_optimizer_step_closure(optimizer, valley_closure, &v, NULL));
    for (size_t i = 0; i < 3; i++) assert_true(fabs(valley_x(&v, i) - 1) < 1e-3);
}

/* A failure takes all moves back; the next step is that of a new optimizer. */
static void lbfgs_failure(size_t bad_call, size_t fail_call, hebb_status wanted, bool search) {
    numbers x[2] = {{.dtype = HEBB_F64}}, g[2] = {{.dtype = HEBB_F64}};
    const hebb_param *params = search ? HEBB_P(HEBB_STR("line_search_fn", "strong_wolfe")) : NULL;
    double after[2];
    for (int run = 0; run < 2; run++) { /* run 0: with the failure */
        valley v = {{&x[0], &x[1]}, {&g[0], &g[1]}, 2, 2};
        hebb_optimizer *optimizer;
        x[0].as.f64[0] = -1.2;
        x[0].as.f64[1] = 1;
        OK(hebb_optimizer_create(ctx, "LBFGS", 1, params, &optimizer));
        OK(hebb_optimizer_add(optimizer, HEBB_F64, &x[0].as, &g[0].as, 1, 2));
        if (run == 0) {
            v.bad_call = bad_call;
            v.fail_call = fail_call;
            double first = 5;
            assert_int_equal(hebb_optimizer_step_closure(optimizer, valley_closure, &v, &first),
                             wanted);
            assert_true(first == 5);
            assert_true(x[0].as.f64[0] == -1.2 && x[0].as.f64[1] == 1);
        }
        v.bad_call = v.fail_call = v.calls = 0;
        OK(hebb_optimizer_step_closure(optimizer, valley_closure, &v, NULL));
        if (run == 0) memcpy(after, &x[0].as, sizeof after);
        hebb_optimizer_free(optimizer);
    }
    assert_memory_equal(after, &x[0].as, sizeof after);
}

static void test_lbfgs_failures(void **state) {
    (void)state;
    lbfgs_failure(1, 0, HEBB_E_NOT_FINITE, false);
    assert_string_equal(hebb_error(ctx), "LBFGS, step 1: the loss is nan; nothing was changed");
    lbfgs_failure(7, 0, HEBB_E_NOT_FINITE, false);
    lbfgs_failure(0, 1, HEBB_E_STATE, true);
    lbfgs_failure(0, 7, HEBB_E_STATE, false);
    lbfgs_failure(0, 7, HEBB_E_STATE, true);
}

/* A search steps over a trial whose loss is NaN, as over one that is too high. */
static void test_lbfgs_nan_trial(void **state) {
    (void)state;
    numbers x[2] = {{.dtype = HEBB_F64}}, g[2] = {{.dtype = HEBB_F64}};
    x[0].as.f64[0] = -1.2;
    x[0].as.f64[1] = 1;
    valley v = {{&x[0], &x[1]}, {&g[0], &g[1]}, 2, 2, .bad_call = 2};
    hebb_optimizer *optimizer;
    OK(hebb_optimizer_create(ctx, "LBFGS", 1, HEBB_P(HEBB_STR("line_search_fn", "strong_wolfe")),
                             &optimizer));
    OK(hebb_optimizer_add(optimizer, HEBB_F64, &x[0].as, &g[0].as, 1, 2));
    for (int step = 0; step < 3; step++)
        OK(hebb_optimizer_step_closure(optimizer, valley_closure, &v, NULL));
    for (size_t i = 0; i < 2; i++) assert_true(fabs(valley_x(&v, i) - 1) < 1e-3);
}

/* ---- errors ------------------------------------------------------------------------ */

static void test_names(void **state) {
    (void)state;
    static const char *const names[] = {"adam", "ADAMW",    "SparseAdam", "Adamx", "adamax",
                                        "ASGD", "lbfgs",    "RMSprop",    "Rpop",  "rprop",
                                        "sgd",  "Adadelta", "adagrad"};
    hebb_optimizer *optimizer;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        OK(hebb_optimizer_create(ctx, names[i], 0.25, NULL, &optimizer));
        assert_true(hebb_optimizer_lr(optimizer) == 0.25);
        assert_true(hebb_optimizer_option(optimizer, "lr") == 0.25);
    }
}

static void test_create_errors(void **state) {
    (void)state;
    static const double three[] = {0.1, 0.2, 0.3}, wrong[] = {0.9, 1}, still[] = {1.1, 1.2},
                        upside[] = {2, 1};
    const struct {
        const char *name;
        double lr;
        const hebb_param *params;
        hebb_status status;
        const char *sentence;
    } cases[] = {
        {"Adm", 0.1, NULL, HEBB_E_NAME, "there is no optimizer 'Adm'; did you mean 'Adam'?"},
        {NULL, 0.1, NULL, HEBB_E_NAME, "the name of the optimizer is missing"},
        {"SGD", -1, NULL, HEBB_E_RANGE,
         "SGD: lr = -1 is not allowed; it must be at least 0 and finite"},
        {"SGD", NAN, NULL, HEBB_E_RANGE,
         "SGD: lr = nan is not allowed; it must be at least 0 and "
         "finite"},
        {"SGD", INFINITY, NULL, HEBB_E_RANGE,
         "SGD: lr = inf is not allowed; it must be at least 0 and finite"},
        {"SGD", 0.1, HEBB_P({"lr", 0.2}), HEBB_E_ARGUMENT,
         "SGD: lr is given twice; it does not belong among the parameters"},
        {"SGD", 0.1, HEBB_P({"momentun", 0.2}), HEBB_E_NAME,
         "SGD has no parameter 'momentun'; did you mean 'momentum'?"},
        {"SGD", 0.1, HEBB_P({"nesterov", 1}), HEBB_E_RANGE,
         "SGD: nesterov needs a momentum above 0 and no dampening; they are 0 and 0"},
        {"SGD", 0.1, HEBB_P({"nesterov", 1}, {"momentum", 0.9}, {"dampening", 0.1}), HEBB_E_RANGE,
         "SGD: nesterov needs a momentum above 0 and no dampening; they are 0.9 and 0.1"},
        {"Adam", 0.1, HEBB_P(HEBB_NUMBERS("betas", three, 3)), HEBB_E_SHAPE,
         "Adam: betas must be two numbers, not 3"},
        {"Adamax", 0.1, HEBB_P({"betas", 0.9}), HEBB_E_SHAPE,
         "Adamax: betas must be two numbers, not 1"},
        {"SparseAdam", 0.1, HEBB_P(HEBB_NUMBERS("betas", three, 0)), HEBB_E_SHAPE,
         "SparseAdam: betas must be two numbers, not 0"},
        {"AdamW", 0.1, HEBB_P(HEBB_NUMBERS("betas", wrong, 2)), HEBB_E_RANGE,
         "betas[1] = 1 is not allowed for AdamW; it must be at least 0 and below 1"},
        {"Rprop", 0.1, HEBB_P(HEBB_NUMBERS("etas", still, 2)), HEBB_E_RANGE,
         "Rprop: etas = [1.1, 1.2] is not allowed; the first must be between 0 and 1, the second "
         "above 1"},
        {"Rprop", 0.1, HEBB_P(HEBB_NUMBERS("step_sizes", upside, 2)), HEBB_E_RANGE,
         "Rprop: step_sizes = [2, 1] is not allowed; the first must not be above the second"},
        {"LBFGS", 0.1, HEBB_P(HEBB_STR("line_search_fn", "strong_wolf")), HEBB_E_NAME,
         "line_search_fn = 'strong_wolf' is not allowed for LBFGS; it must be one of none, "
         "strong_wolfe; did you mean 'strong_wolfe'?"},
        {"LBFGS", 0.1, HEBB_P({"history_size", 0}), HEBB_E_RANGE, "history_size = 0 is not"},
        {"Adadelta", 0.1, HEBB_P({"rho", 1.5}), HEBB_E_RANGE, "rho = 1.5 is not"},
        {"Adagrad", 0.1, HEBB_P({"eps", -1}), HEBB_E_RANGE, "eps = -1 is not"},
        {"RMSprop", 0.1, HEBB_P({"alpha", NAN}), HEBB_E_RANGE, "alpha = nan is not"},
        {"ASGD", 0.1, HEBB_P({"t0", -2}), HEBB_E_RANGE, "t0 = -2 is not"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        hebb_optimizer *optimizer = (void *)&ctx;
        hebb_status status =
            hebb_optimizer_create(ctx, cases[i].name, cases[i].lr, cases[i].params, &optimizer);
        if (status != cases[i].status ||
            strncmp(hebb_error(ctx), cases[i].sentence, strlen(cases[i].sentence)))
            fail_msg("case %zu: %d, %s", i, status, hebb_error(ctx));
        assert_null(optimizer);
    }
    hebb_optimizer *optimizer = (void *)&ctx;
    assert_int_equal(hebb_optimizer_create(NULL, "SGD", 1, NULL, &optimizer), HEBB_E_ARGUMENT);
    assert_null(optimizer);
    assert_int_equal(hebb_optimizer_create(ctx, "SGD", 1, NULL, NULL), HEBB_E_ARGUMENT);
}

static void test_add_errors(void **state) {
    (void)state;
    float p[6] = {0}, g[6] = {0};
    hebb_optimizer *o;
    OK(hebb_optimizer_create(ctx, "SGD", 0.1, NULL, &o));
    assert_int_equal(hebb_optimizer_add(NULL, HEBB_F32, p, g, 1, 6), HEBB_E_ARGUMENT);
    assert_int_equal(hebb_optimizer_add(o, (hebb_dtype)7, p, g, 1, 6), HEBB_E_ARGUMENT);
    assert_non_null(strstr(hebb_error(ctx), "unknown dtype 7"));
    assert_int_equal(hebb_optimizer_add(o, HEBB_F32, NULL, g, 1, 6), HEBB_E_ARGUMENT);
    assert_string_equal(hebb_error(ctx), "SGD: the values of array 0 are NULL");
    assert_int_equal(hebb_optimizer_add(o, HEBB_F32, p, NULL, 1, 6), HEBB_E_ARGUMENT);
    assert_string_equal(hebb_error(ctx), "SGD: the gradient of array 0 is NULL");
    assert_int_equal(hebb_optimizer_add(o, HEBB_F32, p, p, 1, 6), HEBB_E_ARGUMENT);
    assert_int_equal(hebb_optimizer_add(o, HEBB_F32, p, g, 0, 6), HEBB_E_SHAPE);
    assert_int_equal(hebb_optimizer_add(o, HEBB_F32, p, g, 1, 0), HEBB_E_SHAPE);
    assert_int_equal(hebb_optimizer_add(o, HEBB_F32, p, g, 4, 6), HEBB_E_SHAPE);
    assert_int_equal(hebb_optimizer_add(o, HEBB_F32, p, g, 1, SIZE_MAX), HEBB_E_SHAPE);
    OK(hebb_optimizer_add(o, HEBB_F32, p, g, 2, 6));
    assert_int_equal(hebb_optimizer_add(o, HEBB_F32, p, g, 2, 6), HEBB_E_ARGUMENT);
    assert_non_null(strstr(hebb_error(ctx), "array 1 is array 0"));
    hebb_optimizer *l;
    OK(hebb_optimizer_create(ctx, "LBFGS", 0.1, HEBB_P({"history_size", 1e9}), &l));
    assert_int_equal(hebb_optimizer_add(l, HEBB_F32, p, g, 1, SIZE_MAX / 64), HEBB_E_MEMORY);
}

/* A number that is not finite is found wherever it stands, and nothing changes. */
static void check_not_finite(hebb_dtype dtype, bool in_gradient, double bad, size_t entry) {
    enum { COUNT = 2500 };
    static double p[2][COUNT], g[2][COUNT], before[2][COUNT]; /* room for either type */
    hebb_optimizer *o;
    memset(p, 0, sizeof p);
    memset(g, 0, sizeof g);
    void *array = in_gradient ? g[1] : p[1];
    if (dtype == HEBB_F64)
        ((double *)array)[entry] = bad;
    else
        ((float *)array)[entry] = (float)bad;
    memcpy(before, p, sizeof p);
    OK(hebb_optimizer_create(ctx, "Adam", 0.1, HEBB_P({"maximize", 1}), &o));
    OK(hebb_optimizer_add(o, HEBB_F64, p[0], g[0], 1, COUNT));
    OK(hebb_optimizer_add(o, dtype, p[1], g[1], 1, COUNT));
    g[0][3] = 1;
    assert_int_equal(hebb_optimizer_step(o), HEBB_E_NOT_FINITE);
    char wanted[200];
    snprintf(wanted, sizeof wanted,
             "Adam, step 1: the %s of array 1 is %s at entry %zu; nothing was changed",
             in_gradient ? "gradient" : "value",
             isnan(bad) ? "nan"
             : bad > 0  ? "inf"
                        : "-inf",
             entry);
    assert_string_equal(hebb_error(ctx), wanted);
    assert_memory_equal(before, p, sizeof p);
    const double *mean = hebb_optimizer_state(o, 0, "exp_avg");
    assert_true(mean[3] == 0);
    hebb_optimizer_free(o);
}

static void test_not_finite(void **state) {
    (void)state;
    static const size_t entries[] = {0, 1023, 1024, 2047, 2499};
    for (size_t i = 0; i < sizeof entries / sizeof entries[0]; i++) {
        check_not_finite(HEBB_F32, true, NAN, entries[i]);
        check_not_finite(HEBB_F64, true, INFINITY, entries[i]);
        check_not_finite(HEBB_F32, false, -INFINITY, entries[i]);
        check_not_finite(HEBB_F64, false, NAN, entries[i]);
    }
}

static hebb_status plain_closure(void *user, double *loss) {
    double *answer = user;
    *loss = answer[0];
    return (hebb_status)answer[1];
}

static void test_closures(void **state) {
    (void)state;
    double p[1] = {1}, g[1] = {2}, loss = 0, fine[2] = {3, 0}, stop[2] = {3, HEBB_E_IO},
           nothing[2] = {NAN, 0};
    hebb_optimizer *sgd, *lbfgs;
    OK(hebb_optimizer_create(ctx, "SGD", 0.25, NULL, &sgd));
    OK(hebb_optimizer_add(sgd, HEBB_F64, p, g, 1, 1));
    OK(hebb_optimizer_step_closure(sgd, plain_closure, fine, &loss));
    assert_true(loss == 3 && p[0] == 0.5);
    assert_int_equal(hebb_optimizer_step_closure(sgd, plain_closure, stop, &loss), HEBB_E_IO);
    assert_int_equal(hebb_optimizer_step_closure(sgd, plain_closure, nothing, &loss),
                     HEBB_E_NOT_FINITE);
    assert_true(p[0] == 0.5);
    assert_int_equal(hebb_optimizer_step_closure(sgd, NULL, fine, &loss), HEBB_E_ARGUMENT);
    assert_int_equal(hebb_optimizer_step_closure(NULL, plain_closure, fine, &loss),
                     HEBB_E_ARGUMENT);
    assert_int_equal(hebb_optimizer_step(NULL), HEBB_E_ARGUMENT);
    OK(hebb_optimizer_create(ctx, "LBFGS", 1, NULL, &lbfgs));
    assert_int_equal(hebb_optimizer_step_closure(lbfgs, plain_closure, fine, &loss), HEBB_E_STATE);
    OK(hebb_optimizer_add(lbfgs, HEBB_F64, p, g, 1, 1));
    assert_int_equal(hebb_optimizer_step(lbfgs), HEBB_E_ARGUMENT);
    assert_string_equal(hebb_error(ctx),
                        "LBFGS evaluates the loss more than once in a step: it needs a closure");
    OK(hebb_optimizer_step_closure(lbfgs, plain_closure, fine, &loss));
    double other[1];
    assert_int_equal(hebb_optimizer_add(lbfgs, HEBB_F64, other, g, 1, 1), HEBB_E_STATE);
}

static void test_getters(void **state) {
    (void)state;
    double p[1] = {1}, g[1] = {2};
    hebb_optimizer *o;
    OK(hebb_optimizer_create(ctx, "Adam", 0.25, NULL, &o));
    OK(hebb_optimizer_add(o, HEBB_F64, p, g, 1, 1));
    assert_non_null(hebb_optimizer_state(o, 0, "exp_avg"));
    assert_null(hebb_optimizer_state(o, 0, "max_exp_avg_sq")); /* amsgrad's alone */
    assert_null(hebb_optimizer_state(o, 0, "ax"));
    assert_null(hebb_optimizer_state(o, 1, "exp_avg"));
    assert_null(hebb_optimizer_state(o, 0, NULL));
    assert_null(hebb_optimizer_state(NULL, 0, "exp_avg"));
    assert_true(isnan(hebb_optimizer_lr(NULL)));
    assert_true(isnan(hebb_optimizer_option(NULL, "lr")));
    assert_true(isnan(hebb_optimizer_option(o, NULL)));
    assert_true(isnan(hebb_optimizer_option(o, "momentum")));
    OK(hebb_optimizer_set_lr(o, 0.5));
    assert_true(hebb_optimizer_lr(o) == 0.5);
    assert_int_equal(hebb_optimizer_set_lr(o, -1), HEBB_E_RANGE);
    assert_int_equal(hebb_optimizer_set_lr(o, NAN), HEBB_E_RANGE);
    assert_int_equal(hebb_optimizer_set_lr(NULL, 1), HEBB_E_ARGUMENT);
    assert_true(hebb_optimizer_lr(o) == 0.5);
    hebb_optimizer_free(NULL);
}

/* With eps = 0 an entry that never had a gradient stays where it is. */
static void test_no_division_by_zero(void **state) {
    (void)state;
    static const char *const names[] = {"Adam",    "AdamW",    "SparseAdam", "Adamax",
                                        "RMSprop", "Adadelta", "Adagrad"};
    for (size_t k = 0; k < sizeof names / sizeof names[0]; k++) {
        float p[1] = {0}, g[1] = {0};
        hebb_optimizer *o;
        OK(hebb_optimizer_create(ctx, names[k], 0.1, HEBB_P({"eps", 0}), &o));
        OK(hebb_optimizer_add(o, HEBB_F32, p, g, 1, 1));
        for (int step = 0; step < 3; step++) OK(hebb_optimizer_step(o));
        assert_true(p[0] == 0);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_golden_double),
        TEST(test_golden_float),
        TEST(test_defaults),
        TEST(test_sparse),
        TEST(test_sparse_dense),
        TEST(test_row_errors),
        TEST(test_lbfgs),
        TEST(test_lbfgs_mixed),
        TEST(test_lbfgs_failures),
        TEST(test_lbfgs_nan_trial),
        TEST(test_names),
        TEST(test_create_errors),
        TEST(test_add_errors),
        TEST(test_not_finite),
        TEST(test_closures),
        TEST(test_getters),
        TEST(test_no_division_by_zero),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

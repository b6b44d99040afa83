/* Optimizers on a given sequence of gradients, in float and in double numbers;
 * SparseAdam on rows; LBFGS on a function whose every evaluation is compared. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conformance.h"

/* One array of count numbers, as the optimizer sees it. */
typedef struct slot {
    hebb_dtype dtype;
    size_t rows, count;
    void *values, *gradient;
} slot;

static void put(const slot *s, void *array, size_t i, double value) {
    if (s->dtype == HEBB_F64)
        ((double *)array)[i] = value;
    else
        ((float *)array)[i] = (float)value;
}

static double get(const slot *s, const void *array, size_t i) {
    return s->dtype == HEBB_F64 ? ((const double *)array)[i] : (double)((const float *)array)[i];
}

static bool slot_make(trial *t, const numbers *start, hebb_dtype dtype, slot *s) {
    size_t size = dtype == HEBB_F64 ? sizeof(double) : sizeof(float);
    *s = (slot){.dtype = dtype,
                .rows = start->ndim > 1 ? start->shape[0] : 1,
                .count = start->count,
                .values = trial_alloc(t, start->count, size),
                .gradient = trial_alloc(t, start->count, size)};
    for (size_t i = 0; trial_fine(t) && i < s->count; i++) put(s, s->values, i, start->values[i]);
    return trial_fine(t);
}

/* The learning rate is an argument of its own in hebb.h. */
static double rate_of(trial *t, const cJSON *node, double otherwise) {
    const cJSON *kwargs = golden_optional(node, "kwargs"), *defaults;
    defaults = golden_optional(node, "defaults");
    if (kwargs && golden_optional(kwargs, "lr")) return golden_number(t, kwargs, "lr");
    if (defaults && golden_optional(defaults, "lr")) return golden_number(t, defaults, "lr");
    return otherwise;
}

static bool optimizer_make(trial *t, const cJSON *node, double lr, slot *s,
                           hebb_optimizer **optimizer) {
    params p = {.count = 0};
    const char *name = golden_text(t, node, "optimizer");
    params_add_all(t, &p, golden_optional(node, "kwargs"), "lr");
    return trial_fine(t) &&
           trial_call(t, hebb_optimizer_create(t->ctx, name, lr, p.items, optimizer),
                      "the optimizer") &&
           trial_call(
               t,
               hebb_optimizer_add(*optimizer, s->dtype, s->values, s->gradient, s->rows, s->count),
               "the array");
}

/* Row `step` of golden[steps][...] against an array of the slot. */
static void compare_step(trial *t, const numbers *golden, size_t step, const slot *s,
                         const void *array, const char *what) {
    char place[120];
    snprintf(place, sizeof place, "%s[%zu]", what, step);
    numbers row = {
        .values = golden->values + step * s->count, .count = s->count, .ndim = golden->ndim - 1};
    memcpy(row.shape, golden->shape + 1, (DEPTH - 1) * sizeof *row.shape);
    double *ours = trial_alloc(t, s->count, sizeof *ours);
    for (size_t i = 0; ours && i < s->count; i++) ours[i] = get(s, array, i);
    if (ours)
        trial_compare(t, place, &row, ours, s->count,
                      s->dtype == HEBB_F64 ? DOUBLE_ERROR : FLOAT_ERROR);
}

static void run_dense(trial *t, const suite *file, const cJSON *node, hebb_dtype dtype) {
    const char *bits = dtype == HEBB_F64 ? "64" : "32";
    char key[32], average_key[32];
    snprintf(key, sizeof key, "params_float%s", bits);
    snprintf(average_key, sizeof average_key, "ax_float%s", bits);
    numbers start = golden_array(t, file->root, "p0"), average = {0};
    numbers gradients = golden_array(t, file->root, "gradients"),
            golden = golden_array(t, node, key);
    const cJSON *ax = golden_optional(node, average_key);
    size_t shape[] = {golden.shape[0], start.count};
    golden_shape(t, &start, "p0", 1, &start.count);
    golden_shape(t, &golden, key, 2, shape);
    golden_shape(t, &gradients, "gradients", 2, shape);
    if (ax) {
        average = golden_numbers(t, ax, average_key);
        golden_shape(t, &average, average_key, 2, shape);
    }
    slot s;
    hebb_optimizer *optimizer = NULL;
    if (slot_make(t, &start, dtype, &s) &&
        optimizer_make(t, node, rate_of(t, node, 0.001), &s, &optimizer))
        for (size_t step = 0; trial_fine(t) && step < golden.shape[0]; step++) {
            for (size_t i = 0; i < s.count; i++)
                put(&s, s.gradient, i, gradients.values[step * s.count + i]);
            if (!trial_call(t, hebb_optimizer_step(optimizer), "step")) break;
            compare_step(t, &golden, step, &s, s.values, key);
            if (!ax) continue;
            const void *state = hebb_optimizer_state(optimizer, 0, "ax");
            if (state)
                compare_step(t, &average, step, &s, state, average_key);
            else
                trial_problem(t, "the optimizer has no state 'ax'");
        }
    hebb_optimizer_free(optimizer);
}

/* ---- sparse gradients ---- */

/* Writes the rows that have a gradient in this step; the others are 0. */
static size_t sparse_rows(trial *t, const cJSON *rows, const cJSON *values, slot *s,
                          const numbers *start, uint32_t *index) {
    numbers at = golden_numbers(t, rows, "rows"), v = golden_numbers(t, values, "values");
    size_t width = start->shape[1];
    if (!golden_shape(t, &at, "rows", 1, &at.count) ||
        !golden_shape(t, &v, "values", 2, (size_t[]){at.count, width}))
        return 0;
    for (size_t i = 0; i < s->count; i++) put(s, s->gradient, i, 0);
    for (size_t k = 0; k < at.count; k++) {
        double row = at.values[k];
        if (!(row >= 0 && row < (double)start->shape[0]) || k >= start->shape[0]) {
            trial_problem(t, "rows: %g is not one of %zu rows", row, start->shape[0]);
            return 0;
        }
        index[k] = (uint32_t)row;
        for (size_t i = 0; i < width; i++)
            put(s, s->gradient, index[k] * width + i, v.values[k * width + i]);
    }
    return at.count;
}

static void run_sparse(trial *t, const cJSON *sparse, const cJSON *node, hebb_dtype dtype) {
    const char *key = dtype == HEBB_F64 ? "params_float64" : "params_float32";
    numbers start = golden_array(t, sparse, "p0"), golden = golden_array(t, node, key);
    const cJSON *rows = golden_member(t, sparse, "rows"),
                *values = golden_member(t, sparse, "values");
    golden_shape(t, &start, "p0", 2, start.shape);
    golden_shape(t, &golden, key, 3, (size_t[]){golden.shape[0], start.shape[0], start.shape[1]});
    if (!trial_fine(t)) return;
    slot s;
    hebb_optimizer *optimizer = NULL;
    uint32_t *index = trial_alloc(t, start.shape[0], sizeof *index);
    const cJSON *row = rows->child, *value = values->child;
    if (slot_make(t, &start, dtype, &s) &&
        optimizer_make(t, node, rate_of(t, node, 0.001), &s, &optimizer))
        for (size_t step = 0; trial_fine(t) && step < golden.shape[0]; step++) {
            size_t count = sparse_rows(t, row, value, &s, &start, index);
            if (!trial_fine(t) ||
                !trial_call(t, hebb_optimizer_rows(optimizer, 0, index, count), "rows") ||
                !trial_call(t, hebb_optimizer_step(optimizer), "step"))
                break;
            compare_step(t, &golden, step, &s, s.values, key);
            row = row->next;
            value = value->next;
        }
    hebb_optimizer_free(optimizer);
}

/* ---- LBFGS ---- */

typedef struct valley { /* sum_i 100 (x[i+1] - x[i]^2)^2 + (1 - x[i])^2 */
    trial *t;
    slot *s;
    const numbers *at, *value; /* every evaluation of the golden run */
    size_t calls;
} valley;

static hebb_status valley_value(void *user, double *loss) {
    valley *v = user;
    const double *x = v->s->values;
    double *g = v->s->gradient;
    size_t n = v->s->count;
    memset(g, 0, n * sizeof *g);
    *loss = 0;
    for (size_t i = 0; i + 1 < n; i++) {
        double rise = x[i + 1] - x[i] * x[i], rest = 1 - x[i];
        *loss += 100 * rise * rise + rest * rest;
        g[i] += -400 * rise * x[i] - 2 * rest;
        g[i + 1] += 200 * rise;
    }
    if (v->calls < v->value->count) {
        char what[64];
        snprintf(what, sizeof what, "closure_f[%zu]", v->calls);
        compare_step(v->t, v->at, v->calls, v->s, x, "closure_x");
        trial_compare_one(v->t, what, v->value->values[v->calls], *loss, DOUBLE_ERROR);
    }
    v->calls++;
    return HEBB_OK;
}

static void run_lbfgs(trial *t, const cJSON *node) {
    static const char function[] = "sum_i 100*(x[i+1]-x[i]^2)^2 + (1-x[i])^2";
    if (strcmp(golden_text(t, node, "function"), function))
        trial_problem(t, "the function must be %s", function);
    numbers start = golden_array(t, node, "x0"), golden = golden_array(t, node, "params_float64");
    numbers losses = golden_array(t, node, "loss_at_step_start");
    numbers calls = golden_array(t, node, "closure_calls"), at = golden_array(t, node, "closure_x");
    numbers value = golden_array(t, node, "closure_f");
    size_t shape[] = {golden.shape[0], start.count}, evaluations[] = {value.count, start.count};
    golden_shape(t, &start, "x0", 1, &start.count);
    golden_shape(t, &golden, "params_float64", 2, shape);
    golden_shape(t, &losses, "loss_at_step_start", 1, shape);
    golden_shape(t, &calls, "closure_calls", 1, shape);
    golden_shape(t, &value, "closure_f", 1, evaluations);
    golden_shape(t, &at, "closure_x", 2, evaluations);
    slot s;
    hebb_optimizer *optimizer = NULL;
    valley v = {t, &s, &at, &value, 0};
    if (trial_fine(t) && slot_make(t, &start, HEBB_F64, &s) &&
        optimizer_make(t, node, rate_of(t, node, 1), &s, &optimizer))
        for (size_t step = 0; trial_fine(t) && step < golden.shape[0]; step++) {
            double loss;
            char what[64];
            if (!trial_call(t, hebb_optimizer_step_closure(optimizer, valley_value, &v, &loss),
                            "step"))
                break;
            compare_step(t, &golden, step, &s, s.values, "params_float64");
            snprintf(what, sizeof what, "loss_at_step_start[%zu]", step);
            trial_compare_one(t, what, losses.values[step], loss, DOUBLE_ERROR);
            snprintf(what, sizeof what, "closure_calls[%zu]", step);
            trial_compare_one(t, what, calls.values[step], (double)v.calls, EXACT);
        }
    hebb_optimizer_free(optimizer);
}

/* ---- */

static bool name_of(const suite *s, const cJSON *node, size_t index, char *name, size_t size) {
    char first[48];
    if (!golden_case(s, node, "optimizer", index, first, sizeof first)) return false;
    const cJSON *kwargs = golden_optional(node, "kwargs");
    char *text = cJSON_IsObject(kwargs) ? cJSON_PrintUnformatted(kwargs) : NULL;
    snprintf(name, size, "%s %s", first, text ? text : "");
    cJSON_free(text);
    return true;
}

static void run_list(const suite *s, const cJSON *list, const cJSON *sparse, bool lbfgs) {
    const cJSON *node;
    size_t index = 0;
    cJSON_ArrayForEach(node, list) {
        char name[140];
        if (!name_of(s, node, index++, name, sizeof name)) continue;
        for (hebb_dtype dtype = HEBB_F32; dtype <= HEBB_F64; dtype++) {
            if (lbfgs && dtype == HEBB_F32) continue; /* recorded in double alone */
            trial t;
            trial_begin(&t, s, name, dtype == HEBB_F64 ? "double" : "float");
            if (lbfgs)
                run_lbfgs(&t, node);
            else if (sparse)
                run_sparse(&t, sparse, node, dtype);
            else
                run_dense(&t, s, node, dtype);
            trial_end(&t, s->tally);
        }
    }
}

void run_optimizers(const suite *s) {
    const cJSON *sparse = golden_optional(s->root, "sparse");
    run_list(s, golden_cases(s, s->root, "cases"), NULL, false);
    if (sparse) run_list(s, golden_cases(s, sparse, "cases"), sparse, false);
    if (golden_optional(s->root, "lbfgs"))
        run_list(s, golden_cases(s, s->root, "lbfgs"), NULL, true);
}

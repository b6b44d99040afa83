/* Optimizers: made from a name, given arrays, stepped. */
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "optim/optim_parts.h"

#define ENTRY(name) &hb_optim_##name,
const hb_optim_ops *const hb_optimizers[] = {HB_OPTIMIZERS(ENTRY)};
const size_t hb_optimizer_count = HB_COUNT(hb_optimizers);

static bool has_option(const hb_component *component, const char *name) {
    for (size_t i = 0; i < component->param_count; i++)
        if (!strcmp(component->params[i].name, name)) return true;
    return false;
}

static hebb_status find_ops(hb_env *env, const char *name, const hb_optim_ops **ops) {
    const hb_component *components[HB_COUNT(hb_optimizers)];
    for (size_t i = 0; i < hb_optimizer_count; i++) components[i] = hb_optimizers[i]->component;
    const hb_component *found =
        hb_component_find(env, "optimizer", name, components, hb_optimizer_count, NULL);
    for (size_t i = 0; found && i < hb_optimizer_count; i++)
        if (hb_optimizers[i]->component == found) *ops = hb_optimizers[i];
    return found ? HEBB_OK : HEBB_E_NAME;
}

static hebb_status check_options(hb_optim *optim, double lr) {
    const char *name = optim->ops->component->name;
    if (hb_args_given(&optim->args, "lr"))
        return hb_fail(optim->env, HEBB_E_ARGUMENT,
                       "%s: lr is given twice; it does not belong among the parameters", name);
    if (!(lr >= 0) || isinf(lr))
        return hb_fail(optim->env, HEBB_E_RANGE,
                       "%s: lr = %g is not allowed; it must be at least 0 and finite", name, lr);
    return optim->ops->check ? optim->ops->check(optim) : HEBB_OK;
}

hebb_status hb_optim_create(hb_env *env, const char *name, double lr, const hebb_param *params,
                            hb_optim *optim) {
    memset(optim, 0, sizeof *optim);
    HEBB_TRY(find_ops(env, name, &optim->ops));
    const hb_component *component = optim->ops->component;
    optim->env = env;
    HEBB_TRY(hb_args_read(env, component, NULL, params, 0, &optim->args));
    hebb_status status = check_options(optim, lr);
    if (status < 0) {
        hb_args_free(&optim->args);
        return status;
    }
    hb_args_set(&optim->args, "lr", lr);
    optim->lr = optim->initial_lr = lr;
    bool momentum = has_option(component, "momentum"), betas = has_option(component, "betas");
    optim->momentum = momentum ? hb_args_num(&optim->args, "momentum") : (double)NAN;
    optim->beta1 = betas ? hb_entry(optim, "betas", 0) : (double)NAN;
    return HEBB_OK;
}

static void free_slot(hb_optim *optim, hb_slot *slot) {
    for (int i = 0; i < HB_OPTIM_STATES; i++) hb_free(optim->env, slot->state[i]);
}

void hb_optim_free(hb_optim *optim) {
    if (!optim || !optim->env) return;
    for (size_t i = 0; i < optim->slot_count; i++) free_slot(optim, &optim->slots[i]);
    hb_free(optim->env, optim->slots);
    hb_free(optim->env, optim->extra);
    hb_free(optim->env, optim->work);
    hb_args_free(&optim->args);
    memset(optim, 0, sizeof *optim);
}

double hb_optim_option(const hb_optim *optim, const char *name) {
    if (!strcmp(name, "lr")) return optim->lr;
    if (!strcmp(name, "initial_lr")) return optim->initial_lr;
    if (!strcmp(name, "momentum")) return optim->momentum;
    if (!strcmp(name, "beta1")) return optim->beta1;
    const hb_component *component = optim->ops->component;
    if (!strcmp(name, "beta2") && has_option(component, "betas"))
        return hb_entry(optim, "betas", 1);
    for (size_t i = 0; i < component->param_count; i++) {
        hb_type type = component->params[i].type;
        bool number = type == HB_NUM || type == HB_INT || type == HB_BOOL;
        if (number && !strcmp(component->params[i].name, name))
            return hb_args_num(&optim->args, name);
    }
    return (double)NAN;
}

/* ---- options together ---------------------------------------------------- */

hebb_status hb_check_pair(hb_optim *optim, const char *name) {
    size_t count = hb_args_get(&optim->args, name)->count;
    if (count == 2) return HEBB_OK;
    return hb_fail(optim->env, HEBB_E_SHAPE, "%s: %s must be two numbers, not %zu",
                   optim->ops->component->name, name, count);
}

hebb_status hb_check_betas(hb_optim *optim) { return hb_check_pair(optim, "betas"); }

/* ---- arrays -------------------------------------------------------------- */

static hebb_status check_array(hb_optim *optim, hebb_dtype dtype, const void *values,
                               const void *gradient, size_t rows, size_t count) {
    hb_env *env = optim->env;
    const char *name = optim->ops->component->name;
    size_t index = optim->slot_count;
    if (dtype != HEBB_F32 && dtype != HEBB_F64)
        return hb_fail(env, HEBB_E_ARGUMENT,
                       "%s: array %zu has the unknown dtype %d; it must be HEBB_F32 or HEBB_F64",
                       name, index, (int)dtype);
    if (!values || !gradient)
        return hb_fail(env, HEBB_E_ARGUMENT, "%s: the %s of array %zu %s NULL", name,
                       values ? "gradient" : "values", index, values ? "is" : "are");
    if (values == gradient)
        return hb_fail(env, HEBB_E_ARGUMENT, "%s: array %zu is its own gradient", name, index);
    if (!count || !rows || count % rows)
        return hb_fail(env, HEBB_E_SHAPE,
                       "%s: array %zu has %zu numbers in %zu rows; there must be at least one of "
                       "each, and rows of the same length",
                       name, index, count, rows);
    if (count > SIZE_MAX / sizeof(double) || rows > UINT32_MAX)
        return hb_fail(env, HEBB_E_SHAPE, "%s: array %zu is larger than any memory", name, index);
    for (size_t i = 0; i < optim->slot_count; i++)
        if (optim->slots[i].values == values)
            return hb_fail(env, HEBB_E_ARGUMENT,
                           "%s: array %zu is array %zu, which has been added already", name, index,
                           i);
    return HEBB_OK;
}

static hebb_status grow(hb_optim *optim) {
    if (optim->slot_count < optim->slot_capacity) return HEBB_OK;
    size_t old = optim->slot_capacity, capacity = old ? 2 * old : 8;
    hb_slot *slots =
        hb_realloc(optim->env, optim->slots, old * sizeof *slots, capacity * sizeof *slots);
    if (!slots) return HEBB_E_MEMORY;
    optim->slots = slots;
    optim->slot_capacity = capacity;
    return HEBB_OK;
}

static hebb_status make_states(hb_optim *optim, hb_slot *slot) {
    size_t size = slot->dtype == HEBB_F64 ? sizeof(double) : sizeof(float);
    for (int i = 0; i < optim->ops->states; i++) {
        if (optim->ops->uses && !optim->ops->uses(optim, i)) continue;
        slot->state[i] = hb_calloc(optim->env, slot->count, size);
        if (!slot->state[i]) return HEBB_E_MEMORY;
    }
    return HEBB_OK;
}

hebb_status hb_optim_add(hb_optim *optim, hebb_dtype dtype, void *values, const void *gradient,
                         size_t rows, size_t count) {
    HEBB_TRY(check_array(optim, dtype, values, gradient, rows, count));
    HEBB_TRY(grow(optim));
    hb_slot slot = {
        .dtype = dtype, .values = values, .gradient = gradient, .rows = rows, .count = count};
    hebb_status status = make_states(optim, &slot);
    size_t total = count;
    for (size_t i = 0; i < optim->slot_count; i++) total += optim->slots[i].count;
    if (status >= 0 && optim->ops->prepare) status = optim->ops->prepare(optim, total);
    if (status < 0) {
        free_slot(optim, &slot);
        return status;
    }
    if (optim->ops->init) optim->ops->init(optim, &slot);
    optim->slots[optim->slot_count++] = slot;
    return HEBB_OK;
}

static bool goes_by_rows(const hb_optim *optim, const hb_slot *slot) {
    return slot->row_sparse && slot->row_list && optim->ops->takes_rows;
}

/* ---- what is not finite --------------------------------------------------- */

/* Checks [from, from + count) of the slot's gradient or values. */
static hebb_status check_part(hb_optim *optim, const hb_slot *slot, bool gradient, size_t from,
                              size_t count) {
    const void *numbers = gradient ? slot->gradient : slot->values;
    const double *doubles = (const double *)numbers + (slot->dtype == HEBB_F64 ? from : 0);
    const float *floats = (const float *)numbers + (slot->dtype == HEBB_F64 ? 0 : from);
    bool wide = slot->dtype == HEBB_F64;
    size_t at = wide ? hb_not_finite_f64(doubles, count) : hb_not_finite_f32(floats, count);
    if (at == count) return HEBB_OK;
    return hb_fail_entry(optim, slot, gradient ? "the gradient" : "the value", from + at,
                         wide ? doubles[at] : (double)floats[at]);
}

hebb_status hb_fail_entry(hb_optim *optim, const hb_slot *slot, const char *what, size_t entry,
                          double value) {
    char name[96], number[32];
    snprintf(name, sizeof name, "array %zu", (size_t)(slot - optim->slots));
    if (slot->name) snprintf(name, sizeof name, "%.90s", slot->name);
    return hb_fail(optim->env, HEBB_E_NOT_FINITE,
                   "%s, step %llu: %s of %s is %s at entry %zu; nothing was changed",
                   optim->ops->component->name, (unsigned long long)optim->step + 1, what, name,
                   hb_number_text(number, value), entry);
}

hebb_status hb_fail_loss(hb_optim *optim, double loss) {
    char number[32];
    return hb_fail(optim->env, HEBB_E_NOT_FINITE,
                   "%s, step %llu: the loss is %s; nothing was changed",
                   optim->ops->component->name, (unsigned long long)optim->step + 1,
                   hb_number_text(number, loss));
}

static hebb_status check_rows(hb_optim *optim, const hb_slot *slot) {
    size_t width = slot->count / slot->rows;
    for (size_t r = 0; r < slot->row_count; r++) {
        size_t row = slot->row_list[r];
        if (row >= slot->rows)
            return hb_fail(optim->env, HEBB_E_RANGE, "%s: array %zu has no row %zu, only %zu rows",
                           optim->ops->component->name, (size_t)(slot - optim->slots), row,
                           slot->rows);
        HEBB_TRY(check_part(optim, slot, true, row * width, width));
    }
    return HEBB_OK;
}

hebb_status hb_check_gradients(hb_optim *optim) {
    for (size_t i = 0; i < optim->slot_count; i++) {
        const hb_slot *slot = &optim->slots[i];
        HEBB_TRY(goes_by_rows(optim, slot) ? check_rows(optim, slot)
                                           : check_part(optim, slot, true, 0, slot->count));
    }
    return HEBB_OK;
}

hebb_status hb_check_values(hb_optim *optim) {
    for (size_t i = 0; i < optim->slot_count; i++)
        HEBB_TRY(check_part(optim, &optim->slots[i], false, 0, optim->slots[i].count));
    return HEBB_OK;
}

/* ---- steps ---------------------------------------------------------------- */

/* Arrays are shared over the threads in parts; no number depends on another. */
enum { PART = 1 << 16 };

static size_t parts_of(const hb_optim *optim, const hb_slot *slot) {
    return goes_by_rows(optim, slot) ? 1 : (slot->count + PART - 1) / PART;
}

static void *from(void *numbers, const hb_slot *slot, size_t first) {
    size_t size = slot->dtype == HEBB_F64 ? sizeof(double) : sizeof(float);
    return numbers ? (char *)numbers + first * size : NULL;
}

/* Part `item` of all arrays, as an array of its own. */
static hb_slot part_of(const hb_optim *optim, size_t item) {
    const hb_slot *slot = optim->slots;
    for (; item >= parts_of(optim, slot); slot++) item -= parts_of(optim, slot);
    hb_slot part = *slot;
    if (goes_by_rows(optim, slot)) return part;
    size_t first = item * PART;
    part.values = from(slot->values, slot, first);
    part.gradient = from((void *)(uintptr_t)slot->gradient, slot, first);
    for (int i = 0; i < HB_OPTIM_STATES; i++) part.state[i] = from(slot->state[i], slot, first);
    part.count = slot->count - first < PART ? slot->count - first : PART;
    part.rows = 1;
    return part;
}

static void step_slot(hb_optim *optim, hb_slot *slot) {
    if (slot->dtype == HEBB_F64)
        optim->ops->step_f64(optim, slot);
    else
        optim->ops->step_f32(optim, slot);
}

/* A step of all parts; bad: some number is not finite, or not known to be. */
typedef struct stepping {
    hb_optim *optim;
    atomic_bool bad;
} stepping;

static bool all_finite(const hb_optim *optim, const hb_slot *part, const void *numbers) {
    if (goes_by_rows(optim, part)) return false;
    size_t first = part->dtype == HEBB_F64 ? hb_not_finite_f64(numbers, part->count)
                                           : hb_not_finite_f32(numbers, part->count);
    return first == part->count;
}

static void check_item(void *arg, size_t item, int worker) {
    stepping *s = arg;
    (void)worker;
    hb_slot part = part_of(s->optim, item);
    bool good = all_finite(s->optim, &part, part.gradient) &&
                (s->optim->trusts || all_finite(s->optim, &part, part.values));
    if (!good) atomic_store(&s->bad, true);
}

/* What a part has become is looked at while it is in the cache. */
static void step_part(void *arg, size_t item, int worker) {
    stepping *s = arg;
    (void)worker;
    hb_slot part = part_of(s->optim, item);
    step_slot(s->optim, &part);
    if (!all_finite(s->optim, &part, part.values)) atomic_store(&s->bad, true);
}

static hebb_status step_all(hb_optim *optim) {
    size_t parts = 0;
    for (size_t i = 0; i < optim->slot_count; i++) parts += parts_of(optim, &optim->slots[i]);
    stepping s = {.optim = optim};
    hb_pool_run(optim->pool, check_item, &s, parts);
    if (atomic_load(&s.bad)) { /* the first one is found and named */
        HEBB_TRY(hb_check_gradients(optim));
        HEBB_TRY(hb_check_values(optim));
    }
    optim->step++;
    for (size_t i = 0; i < optim->slot_count; i++) optim->slots[i].scalar[HB_SLOT_STEPS]++;
    atomic_store(&s.bad, false);
    hb_pool_run(optim->pool, step_part, &s, parts);
    optim->finite = !atomic_load(&s.bad);
    for (size_t i = 0; i < optim->slot_count; i++) { /* what an array keeps beside its numbers */
        hb_slot none = optim->slots[i];
        none.count = none.row_count = 0;
        step_slot(optim, &none);
        memcpy(optim->slots[i].scalar, none.scalar, sizeof none.scalar);
    }
    return HEBB_OK;
}

hebb_status hb_optim_step(hb_optim *optim) {
    optim->finite = false;
    if (!optim->ops->needs_closure) return step_all(optim);
    return hb_fail(optim->env, HEBB_E_ARGUMENT,
                   "%s evaluates the loss more than once in a step: it needs a closure",
                   optim->ops->component->name);
}

hebb_status hb_optim_step_closure(hb_optim *optim, hb_closure closure, void *user, double *loss) {
    if (!closure)
        return hb_fail(optim->env, HEBB_E_ARGUMENT, "%s: the closure is NULL",
                       optim->ops->component->name);
    double first = 0;
    hebb_status status;
    optim->finite = false;
    if (optim->ops->step_closure) {
        status = optim->ops->step_closure(optim, closure, user, &first);
    } else {
        HEBB_TRY(closure(user, &first));
        status = isfinite(first) ? step_all(optim) : hb_fail_loss(optim, first);
    }
    if (status >= 0 && loss) *loss = first;
    return status < 0 ? status : HEBB_OK;
}

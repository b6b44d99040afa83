/* Optimizers and schedules on plain arrays. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "api/ctx.h"
#include "optim/optim.h"

/* A caller's list of rows, for one array. */
typedef struct row_list {
    uint32_t *rows;
    size_t capacity;
} row_list;

struct hebb_optimizer {
    hebb_ctx *ctx;
    hb_optim optim;
    row_list *lists; /* of the first list_count arrays */
    size_t list_count;
    struct hebb_schedule *schedules;
};

struct hebb_schedule {
    hebb_optimizer *optimizer;
    hb_sched sched;
    struct hebb_schedule *next;
};

static hb_env *env_of(hebb_optimizer *optimizer) { return &optimizer->ctx->env; }

/* ---- optimizers ----------------------------------------------------------- */

static void destroy(void *object) {
    hebb_optimizer *optimizer = object;
    hb_env *env = env_of(optimizer);
    while (optimizer->schedules) hebb_schedule_free(optimizer->schedules);
    for (size_t i = 0; i < optimizer->list_count; i++) hb_free(env, optimizer->lists[i].rows);
    hb_free(env, optimizer->lists);
    hb_optim_free(&optimizer->optim);
    hb_free(env, optimizer);
}

hebb_status hebb_optimizer_create(hebb_ctx *ctx, const char *name, double lr,
                                  const hebb_param *params, hebb_optimizer **out) {
    if (out) *out = NULL;
    if (!ctx) return hb_null(__func__, "ctx");
    if (!out)
        return hb_fail(&ctx->env, HEBB_E_ARGUMENT, "hebb_optimizer_create: optimizer is NULL");
    hebb_optimizer *optimizer = hb_calloc(&ctx->env, 1, sizeof *optimizer);
    if (!optimizer) return HEBB_E_MEMORY;
    optimizer->ctx = ctx;
    hebb_status status = hb_optim_create(&ctx->env, name, lr, params, &optimizer->optim);
    if (status < 0) {
        hb_free(&ctx->env, optimizer);
        return status;
    }
    status = hb_ctx_own(ctx, optimizer, destroy);
    if (status < 0) {
        destroy(optimizer);
        return status;
    }
    *out = optimizer;
    return HEBB_OK;
}

void hebb_optimizer_free(hebb_optimizer *optimizer) {
    if (!optimizer) return;
    hb_ctx_disown(optimizer->ctx, optimizer);
    destroy(optimizer);
}

hebb_status hebb_optimizer_add(hebb_optimizer *optimizer, hebb_dtype dtype, void *values,
                               const void *gradient, size_t rows, size_t count) {
    if (!optimizer) return hb_null(__func__, "optimizer");
    return hb_optim_add(&optimizer->optim, dtype, values, gradient, rows, count);
}

/* ---- rows of a sparse gradient --------------------------------------------- */

static hebb_status make_lists(hebb_optimizer *optimizer) {
    size_t count = optimizer->optim.slot_count, old = optimizer->list_count;
    if (old == count) return HEBB_OK;
    row_list *lists =
        hb_realloc(env_of(optimizer), optimizer->lists, old * sizeof *lists, count * sizeof *lists);
    if (!lists) return HEBB_E_MEMORY;
    memset(lists + old, 0, (count - old) * sizeof *lists);
    optimizer->lists = lists;
    optimizer->list_count = count;
    return HEBB_OK;
}

static int compare_rows(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

/* Copies the rows in rising order: an update does not depend on their order. */
static hebb_status keep_rows(hebb_optimizer *optimizer, size_t index, const uint32_t *rows,
                             size_t count) {
    hb_env *env = env_of(optimizer);
    row_list *list = &optimizer->lists[index];
    hb_slot *slot = &optimizer->optim.slots[index];
    for (size_t i = 0; i < count; i++)
        if (rows[i] >= slot->rows)
            return hb_fail(env, HEBB_E_RANGE,
                           "hebb_optimizer_rows: rows[%zu] = %u is not allowed; array %zu has %zu "
                           "rows",
                           i, rows[i], index, slot->rows);
    if (count > slot->rows)
        return hb_fail(env, HEBB_E_SHAPE,
                       "hebb_optimizer_rows: %zu rows are given, but array %zu has %zu", count,
                       index, slot->rows);
    if (!list->rows || list->capacity < count) {
        uint32_t *room = hb_calloc(env, count, sizeof *room);
        if (!room) return HEBB_E_MEMORY;
        hb_free(env, list->rows);
        list->rows = room;
        list->capacity = count;
        slot->row_list = NULL;
    }
    if (count) memcpy(list->rows, rows, count * sizeof *rows);
    qsort(list->rows, count, sizeof *rows, compare_rows);
    slot->row_list = NULL;
    for (size_t i = 1; i < count; i++)
        if (list->rows[i] == list->rows[i - 1])
            return hb_fail(env, HEBB_E_ARGUMENT,
                           "hebb_optimizer_rows: row %u of array %zu is named twice", list->rows[i],
                           index);
    slot->row_list = list->rows;
    slot->row_count = count;
    slot->row_sparse = true;
    return HEBB_OK;
}

hebb_status hebb_optimizer_rows(hebb_optimizer *optimizer, size_t index, const uint32_t *rows,
                                size_t count) {
    if (!optimizer) return hb_null(__func__, "optimizer");
    hb_env *env = env_of(optimizer);
    hb_optim *optim = &optimizer->optim;
    if (!optim->ops->takes_rows)
        return hb_fail(env, HEBB_E_UNSUPPORTED,
                       "hebb_optimizer_rows: %s changes all rows; SparseAdam takes a list",
                       optim->ops->component->name);
    if (index >= optim->slot_count)
        return hb_fail(env, HEBB_E_RANGE,
                       "hebb_optimizer_rows: there is no array %zu; %zu have been added", index,
                       optim->slot_count);
    if (!rows && count)
        return hb_fail(env, HEBB_E_ARGUMENT, "hebb_optimizer_rows: rows is NULL, but count is %zu",
                       count);
    HEBB_TRY(make_lists(optimizer));
    if (rows) return keep_rows(optimizer, index, rows, count);
    optim->slots[index].row_sparse = true;
    optim->slots[index].row_list = NULL;
    return HEBB_OK;
}

/* A list holds for one step. */
static void forget_rows(hebb_optimizer *optimizer) {
    for (size_t i = 0; i < optimizer->list_count; i++) optimizer->optim.slots[i].row_list = NULL;
}

/* ---- steps and options ------------------------------------------------------ */

hebb_status hebb_optimizer_step(hebb_optimizer *optimizer) {
    if (!optimizer) return hb_null(__func__, "optimizer");
    HEBB_TRY(hb_optim_step(&optimizer->optim));
    forget_rows(optimizer);
    return HEBB_OK;
}

hebb_status hebb_optimizer_step_closure(hebb_optimizer *optimizer,
                                        hebb_status (*closure)(void *user, double *loss),
                                        void *user, double *first_loss) {
    if (!optimizer) return hb_null(__func__, "optimizer");
    HEBB_TRY(hb_optim_step_closure(&optimizer->optim, closure, user, first_loss));
    forget_rows(optimizer);
    return HEBB_OK;
}

double hebb_optimizer_lr(const hebb_optimizer *optimizer) {
    return optimizer ? optimizer->optim.lr : (double)NAN;
}

hebb_status hebb_optimizer_set_lr(hebb_optimizer *optimizer, double lr) {
    if (!optimizer) return hb_null(__func__, "optimizer");
    if (!(lr >= 0) || isinf(lr))
        return hb_fail(env_of(optimizer), HEBB_E_RANGE,
                       "hebb_optimizer_set_lr: lr = %g is not allowed; it must be at least 0 and "
                       "finite",
                       lr);
    optimizer->optim.lr = lr;
    if (!optimizer->schedules) optimizer->optim.initial_lr = lr;
    return HEBB_OK;
}

double hebb_optimizer_option(const hebb_optimizer *optimizer, const char *name) {
    return optimizer && name ? hb_optim_option(&optimizer->optim, name) : (double)NAN;
}

const void *hebb_optimizer_state(const hebb_optimizer *optimizer, size_t index, const char *name) {
    if (!optimizer || !name || index >= optimizer->optim.slot_count) return NULL;
    const hb_optim *optim = &optimizer->optim;
    for (int i = 0; i < optim->ops->states; i++)
        if (!strcmp(optim->ops->state_names[i], name)) return optim->slots[index].state[i];
    return NULL;
}

/* ---- schedules --------------------------------------------------------------- */

hebb_status hebb_schedule_create(hebb_optimizer *optimizer, const char *name,
                                 const hebb_param *params, hebb_schedule **out) {
    if (out) *out = NULL;
    if (!optimizer) return hb_null(__func__, "optimizer");
    hb_env *env = env_of(optimizer);
    if (!out) return hb_fail(env, HEBB_E_ARGUMENT, "hebb_schedule_create: schedule is NULL");
    hebb_schedule *schedule = hb_calloc(env, 1, sizeof *schedule);
    if (!schedule) return HEBB_E_MEMORY;
    hebb_status status = hb_sched_create(&optimizer->optim, name, params, &schedule->sched);
    if (status < 0) {
        hb_free(env, schedule);
        return status;
    }
    schedule->optimizer = optimizer;
    schedule->next = optimizer->schedules;
    optimizer->schedules = schedule;
    *out = schedule;
    return HEBB_OK;
}

void hebb_schedule_free(hebb_schedule *schedule) {
    if (!schedule) return;
    hebb_optimizer *optimizer = schedule->optimizer;
    hebb_schedule **link = &optimizer->schedules;
    while (*link != schedule) link = &(*link)->next;
    *link = schedule->next;
    hb_sched_free(&schedule->sched);
    hb_free(env_of(optimizer), schedule);
}

hebb_status hebb_schedule_step(hebb_schedule *schedule, double metric) {
    return schedule ? hb_sched_step(&schedule->sched, metric) : hb_null(__func__, "schedule");
}

/* Actions through the public interface. */
#include <math.h>

#include "api/ctx.h"
#include "coding/actions.h"

static hebb_status check(hb_env *env, const char *what, const void *values, const char *name,
                         size_t batch, const int32_t *actions) {
    if (!values) return hb_fail(env, HEBB_E_ARGUMENT, "%s: %s is NULL", what, name);
    if (!actions) return hb_fail(env, HEBB_E_ARGUMENT, "%s: actions is NULL", what);
    if (!batch) return hb_fail(env, HEBB_E_SHAPE, "%s: batch is 0; it must be at least 1", what);
    return HEBB_OK;
}

static hebb_status check_finite(hb_env *env, const char *what, const char *name,
                                const double *values, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (!isfinite(values[i]))
            return hb_fail(env, HEBB_E_NOT_FINITE, "%s: %s[%zu] is %g; all must be finite numbers",
                           what, name, i, values[i]);
    return HEBB_OK;
}

/* a b c, or SIZE_MAX where that is more than a size can hold. */
static size_t product(size_t a, size_t b, size_t c) {
    size_t ab, abc;
    bool over = __builtin_mul_overflow(a, b, &ab) || __builtin_mul_overflow(ab, c, &abc);
    return over ? SIZE_MAX : abc;
}

static hebb_status choose(hb_env *env, const char *what, uint64_t seed, const hb_action *a,
                          const double *record, size_t steps, size_t batch, size_t num,
                          uint64_t draw, int32_t *actions) {
    size_t choices = num / a->pop_size;
    if (num % a->pop_size || !num)
        return hb_fail(env, HEBB_E_SHAPE, "%s: pop_size = %zu does not divide the %zu neurons",
                       what, a->pop_size, num);
    double *scores = hb_calloc(env, choices, sizeof *scores);
    if (!scores) return HEBB_E_MEMORY;
    for (size_t b = 0; b < batch; b++) {
        hb_action_score(a, steps, batch, num, b, record, scores);
        actions[b] = (int32_t)hb_action_choose(a, scores, choices, seed, draw, b);
    }
    hb_free(env, scores);
    return HEBB_OK;
}

hebb_status hebb_action_record(hebb_ctx *ctx, const char *method, const hebb_param *params,
                               const double *record, size_t steps, size_t batch, size_t num,
                               uint64_t draw, int32_t *actions) {
    if (!ctx) return hb_null(__func__, "ctx");
    hb_env *env = &ctx->env;
    const char *what = "hebb_action_record";
    HEBB_TRY(check(env, what, record, "record", batch, actions));
    size_t cells = product(steps, batch, num);
    if (!cells || cells == SIZE_MAX)
        return hb_fail(env, HEBB_E_SHAPE,
                       "%s: a record of %zu steps, %zu samples, %zu neurons is not possible", what,
                       steps, batch, num);
    HEBB_TRY(check_finite(env, what, "record", record, cells));
    hb_action action;
    HEBB_TRY(hb_action_create(env, method, what, params, &action));
    hebb_status status =
        choose(env, what, hebb_ctx_seed(ctx), &action, record, steps, batch, num, draw, actions);
    hb_action_free(&action);
    return status;
}

hebb_status hebb_action_choose(hebb_ctx *ctx, const char *method, const hebb_param *params,
                               const double *scores, size_t batch, size_t choices, uint64_t draw,
                               int32_t *actions) {
    if (!ctx) return hb_null(__func__, "ctx");
    hb_env *env = &ctx->env;
    const char *what = "hebb_action_choose";
    HEBB_TRY(check(env, what, scores, "scores", batch, actions));
    size_t cells = product(batch, choices, 1);
    if (!cells || cells == SIZE_MAX || choices > INT32_MAX)
        return hb_fail(env, HEBB_E_SHAPE, "%s: %zu samples with %zu choices are not possible", what,
                       batch, choices);
    HEBB_TRY(check_finite(env, what, "scores", scores, cells));
    hb_action action;
    HEBB_TRY(hb_action_create(env, method, what, params, &action));
    hebb_status status = HEBB_OK;
    if (hb_args_given(&action.args, "pop_size") && action.pop_size != 1)
        status = hb_fail(env, HEBB_E_ARGUMENT,
                         "%s: pop_size = %zu is not allowed with scores, which are one for each "
                         "choice",
                         what, action.pop_size);
    for (size_t b = 0; status >= 0 && b < batch; b++)
        actions[b] = (int32_t)hb_action_choose(&action, scores + b * choices, choices,
                                               hebb_ctx_seed(ctx), draw, b);
    hb_action_free(&action);
    return status;
}

/* Losses by themselves. */
#include "api/ctx.h"
#include "learning/gradient/losses.h"

hebb_status hebb_loss_value(hebb_ctx *ctx, const char *loss, const hebb_param *params,
                            const double *predict, size_t batch, size_t classes,
                            const int32_t *labels, const float *targets, double *value,
                            double *gradient) {
    if (!ctx) return hb_null(__func__, "ctx");
    hb_env *env = &ctx->env;
    if (!loss || !predict || !value)
        return hb_fail(env, HEBB_E_ARGUMENT, "hebb_loss_value: %s is NULL",
                       !loss      ? "loss"
                       : !predict ? "predict"
                                  : "value");
    if (!labels == !targets)
        return hb_fail(env, HEBB_E_ARGUMENT, "hebb_loss_value: %s; give either labels or targets",
                       labels ? "labels and targets are both given"
                              : "labels and targets are both NULL");
    if (batch < 1 || batch > 1 << 20 || classes < 1 || classes > 1 << 26)
        return hb_fail(env, HEBB_E_SHAPE,
                       "hebb_loss_value: predictions of %zu samples and %zu classes are not "
                       "allowed; batch must be between 1 and %d, classes between 1 and %d",
                       batch, classes, 1 << 20, 1 << 26);
    hb_loss made;
    HEBB_TRY(hb_loss_create(env, loss, NULL, params, classes, &made));
    hebb_status status =
        hb_loss_value(&made, env, batch, classes, predict, labels, targets, value, gradient);
    hb_loss_free(&made);
    return status;
}

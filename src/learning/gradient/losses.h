/* Losses: one number for the predictions of a batch, and its gradient. They know
 * no network: they see predict[batch][classes]. */
#ifndef HB_LOSSES_H
#define HB_LOSSES_H

#include "base/component.h"

typedef struct hb_loss {
    const struct hb_loss_ops *ops;
    hb_args args;
    size_t classes;
} hb_loss;

typedef struct hb_loss_ops hb_loss_ops;
extern const hb_loss_ops *const hb_losses[];
extern const size_t hb_loss_count;
/* The table of loss `index`; NULL past the end. */
const hb_component *hb_loss_component(size_t index);

/* where names the decoder in sentences, or is NULL. classes: outputs of that
 * decoder; lists such as class_weight must have that length. */
hebb_status hb_loss_create(hb_env *env, const char *name, const char *where,
                           const hebb_param *params, size_t classes, hb_loss *loss);
void hb_loss_free(hb_loss *loss);

/* The loss of predict[batch][classes] against labels[batch] or
 * targets[batch][classes]; the other one is NULL. dpredict[batch][classes], the
 * gradient, is overwritten, and may be NULL. Allocates nothing. classes must be
 * those of hb_loss_create. A label outside 0 .. classes-1 is HEBB_E_RANGE, a
 * prediction or loss that is not finite HEBB_E_NOT_FINITE. */
hebb_status hb_loss_value(const hb_loss *loss, hb_env *env, size_t batch, size_t classes,
                          const double *predict, const int32_t *labels, const float *targets,
                          double *value, double *dpredict);

#endif

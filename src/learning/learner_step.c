/* The verbs of training: loss, backward, step. */
#include <math.h>
#include <string.h>

#include "learning/gradient/bptt.h"
#include "learning/learner.h"
#include "learning/plasticity.h"

static hebb_status check_run(hebb_learner *learner, const char *verb, bool tape) {
    const hb_engine *e = learner->engine;
    if (learner->plastic)
        return hb_fail(learner->env, HEBB_E_UNSUPPORTED,
                       "%s: the rule %s learns while the network runs; it has no loss", verb,
                       learner->args.component->name);
    if (!e)
        return hb_fail(learner->env, HEBB_E_STATE,
                       "%s: the network is not built yet; call hebb_net_build first", verb);
    if (!e->ran) return hb_fail(learner->env, HEBB_E_STATE, "%s: there is no run to look at", verb);
    if (tape && !e->taped)
        return hb_fail(learner->env, HEBB_E_STATE,
                       "%s: the last run kept no tape, because training was off "
                       "(hebb_net_train)",
                       verb);
    return HEBB_OK;
}

static hebb_status check_readout(hebb_learner *learner, const char *verb) {
    if (learner->readout >= 0) return HEBB_OK;
    const hb_graph *g = learner->graph;
    if (g->readout_count == 1) {
        learner->readout = 0;
        return HEBB_OK;
    }
    return hb_fail(g->env, HEBB_E_STATE,
                   "%s: choose a decoder with hebb_learner_set_loss; the network has %zu", verb,
                   g->readout_count);
}

static hebb_status check_batch(hebb_learner *learner, const char *what, size_t batch) {
    if (batch == learner->engine->batch) return HEBB_OK;
    return hb_fail(learner->env, HEBB_E_SHAPE,
                   "%s: batch = %zu is not allowed; the last run had %zu", what, batch,
                   learner->engine->batch);
}

hebb_status hb_learner_room(hebb_learner *learner, size_t count) {
    if (count <= learner->dpredict_count) return HEBB_OK;
    double *more = hb_calloc(learner->env, count, sizeof *more);
    if (!more) return HEBB_E_MEMORY;
    hb_free(learner->env, learner->dpredict);
    learner->dpredict = more;
    learner->dpredict_count = count;
    return HEBB_OK;
}

hebb_status hb_learner_loss(hebb_learner *learner, const int32_t *labels, const float *targets,
                            size_t batch, size_t classes, double *loss) {
    HEBB_TRY(check_run(learner, "loss", false));
    if (!learner->has_loss) {
        HEBB_TRY(check_readout(learner, "loss"));
        return hb_fail(learner->env, HEBB_E_STATE,
                       "loss: choose one with hebb_learner_set_loss first");
    }
    HEBB_TRY(check_batch(learner, "loss", batch));
    const hb_readout *r = &learner->graph->readouts[learner->readout];
    size_t mine = r->decoder.classes;
    if (targets && classes != mine)
        return hb_fail(learner->env, HEBB_E_SHAPE,
                       "loss: the targets have %zu classes, but the decoder %s has %zu", classes,
                       r->name, mine);
    HEBB_TRY(hb_learner_room(learner, batch * mine));
    learner->loss_ready = false;
    HEBB_TRY(hb_loss_value(&learner->loss, learner->env, batch, mine,
                           learner->engine->predict[learner->readout], labels, targets, loss,
                           learner->dpredict));
    learner->loss_ready = true;
    return HEBB_OK;
}

hebb_status hb_learner_backward(hebb_learner *learner, const float *gradient, size_t batch,
                                size_t classes) {
    HEBB_TRY(check_run(learner, "backward", true));
    HEBB_TRY(check_readout(learner, "backward"));
    hb_engine *e = learner->engine;
    const hb_readout *r = &learner->graph->readouts[learner->readout];
    if (gradient) {
        size_t mine = hb_decoder_outputs(&r->decoder, e->steps);
        HEBB_TRY(check_batch(learner, "backward_from", batch));
        if (classes != mine)
            return hb_fail(learner->env, HEBB_E_SHAPE,
                           "backward_from: the gradient has %zu classes, but the decoder %s has "
                           "%zu",
                           classes, r->name, mine);
        HEBB_TRY(hb_learner_room(learner, batch * mine));
        for (size_t i = 0; i < batch * mine; i++) {
            if (!isfinite(gradient[i]))
                return hb_fail(learner->env, HEBB_E_NOT_FINITE,
                               "backward_from: gradient[%zu] is %g; all must be finite", i,
                               (double)gradient[i]);
            learner->dpredict[i] = (double)gradient[i];
        }
    } else if (!learner->loss_ready)
        return hb_fail(learner->env, HEBB_E_STATE, "backward: take the loss of the last run first");
    learner->loss_ready = false;
    size_t truncate = (size_t)hb_args_num(&learner->args, "truncate");
    return (e->graph->is_double ? hb_bptt_f64 : hb_bptt_f32)(e, (size_t)learner->readout,
                                                             learner->dpredict, truncate);
}

static double at(const hb_parameter *p, size_t i) {
    return p->dtype == HEBB_F64 ? ((double *)p->grad)[i] : (double)((float *)p->grad)[i];
}
static void put(const hb_parameter *p, size_t i, double value) {
    if (p->dtype == HEBB_F64)
        ((double *)p->grad)[i] = value;
    else
        ((float *)p->grad)[i] = (float)value;
}

/* By value, then by the norm over all of the learner's gradients. */
static hebb_status clip(hebb_learner *learner) {
    double limit = hb_args_num(&learner->args, "clip_value");
    double longest = hb_args_num(&learner->args, "clip_norm"), sum = 0;
    hb_engine *e = learner->engine;
    if (limit <= 0 && longest <= 0) return HEBB_OK; /* the optimizer checks for NaN itself */
    HEBB_TRY(hb_params_check_gradients(e));
    for (size_t k = 0; k < e->param_count; k++) {
        const hb_parameter *p = &e->params[k];
        if (!p->trainable || p->owner != learner->index) continue;
        for (size_t i = 0; i < p->count; i++) {
            double g = at(p, i);
            if (limit > 0 && fabs(g) > limit) put(p, i, g = g < 0 ? -limit : limit);
            sum += g * g;
        }
    }
    double factor = longest > 0 ? longest / (sqrt(sum) + 1e-6) : 1;
    if (factor >= 1) return HEBB_OK;
    for (size_t k = 0; k < e->param_count; k++) {
        const hb_parameter *p = &e->params[k];
        if (!p->trainable || p->owner != learner->index) continue;
        for (size_t i = 0; i < p->count; i++) put(p, i, factor * at(p, i));
    }
    return HEBB_OK;
}

/* LBFGS moves the parameters between evaluations: what is derived from them must follow. */
typedef struct wrapped {
    hebb_learner *learner;
    hb_closure closure;
    void *user;
} wrapped;

/* The rows that have a gradient, for a row-sparse rule. */
static void tell_rows(hebb_learner *learner) {
    for (size_t i = 0; i < learner->optim.slot_count; i++) {
        hb_slot *slot = &learner->optim.slots[i];
        slot->row_count =
            learner->engine->params[hb_param_find(learner->engine, slot->name)].row_count;
    }
}

static hebb_status evaluate(void *user, double *loss) {
    wrapped *w = user;
    HEBB_TRY(hb_params_settle(w->learner->engine, SIZE_MAX, "in a step of the optimizer"));
    HEBB_TRY(w->closure(w->user, loss));
    HEBB_TRY(clip(w->learner));
    tell_rows(w->learner);
    return HEBB_OK;
}

hebb_status hb_learner_step(hebb_learner *learner, hb_closure closure, void *user, double *loss) {
    if (!learner->engine)
        return hb_fail(learner->env, HEBB_E_STATE,
                       "optim_step: the network is not built yet; call hebb_net_build first");
    if (learner->plastic) { /* the weights have changed during the run already */
        (learner->graph->is_double ? hb_plasticity_settle_f64
                                   : hb_plasticity_settle_f32)(learner->engine, learner);
        return HEBB_OK;
    }
    if (!learner->has_optim)
        return hb_fail(learner->env, HEBB_E_STATE,
                       "optim_step: the learner %s has no optimizer; set one",
                       learner->args.component->name);
    hebb_status status;
    learner->optim.pool = learner->graph->pool;
    if (closure) {
        wrapped w = {learner, closure, user};
        status = hb_optim_step_closure(&learner->optim, evaluate, &w, loss);
    } else {
        HEBB_TRY(clip(learner));
        tell_rows(learner);
        double began = hb_phase_begin(learner->graph->profile);
        status = hb_optim_step(&learner->optim);
        hb_phase_end(learner->graph->profile, "optimizer", began);
    }
    if (status < 0) return status;
    return hb_params_settle(learner->engine, learner->optim.finite ? learner->index : SIZE_MAX,
                            "in a step of the optimizer");
}

/* Parameters between the engine's layout and the user's. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/finite.h"
#include "network/network.h"

size_t hb_param_find(const hb_engine *engine, const char *name) {
    for (size_t i = 0; i < engine->param_count; i++)
        if (!strcmp(engine->params[i].name, name)) return i;
    return SIZE_MAX;
}

static double read(const hb_parameter *p, const void *from, size_t i) {
    return p->dtype == HEBB_F64 ? ((const double *)from)[i] : (double)((const float *)from)[i];
}
static void write(const hb_parameter *p, size_t i, double value) {
    if (p->dtype == HEBB_F64)
        ((double *)p->values)[i] = value;
    else
        ((float *)p->values)[i] = (float)value;
}

/* Where synapse k of source i stands in the user's array. */
static size_t place(const hb_wiring *w, size_t i, size_t k) {
    if (w->one_to_one) return i;
    return (w->index ? w->index[k] : k - i * w->post) * w->pre + i;
}
static size_t row_start(const hb_wiring *w, size_t i) {
    return w->start ? w->start[i] : i * w->post;
}

static const hb_wiring *wiring_of(const hb_engine *engine, const hb_parameter *p) {
    bool synapses = p->what == HB_P_WEIGHT || p->what == HB_P_DELAY;
    if (synapses && engine->graph->connections[p->connection].wiring.lateral) return NULL;
    return synapses ? &engine->graph->connections[p->connection].wiring : NULL;
}

void hb_param_get(const hb_engine *engine, const hb_parameter *p, const void *from,
                  double *values) {
    const hb_wiring *w = wiring_of(engine, p);
    size_t cells = p->shape[0] * (p->ndim > 1 ? p->shape[1] : 1);
    if (!w) {
        for (size_t i = 0; i < cells; i++) values[i] = read(p, from, i);
        return;
    }
    if (w->start) memset(values, 0, cells * sizeof *values);
    for (size_t i = 0; i < w->pre; i++)
        for (size_t k = row_start(w, i); k < row_start(w, i + 1); k++)
            values[place(w, i, k)] = p->what == HB_P_DELAY ? w->delay_ms[k] : read(p, from, k);
}

static hebb_status check_value(hb_engine *engine, const hb_parameter *p, size_t i, double v,
                               bool bounded) {
    hb_env *env = engine->graph->env;
    if (!isfinite(v))
        return hb_fail(env, HEBB_E_NOT_FINITE, "%s[%zu] = %g; all must be finite numbers", p->name,
                       i, v);
    if (p->dtype == HEBB_F32 && isinf((float)v))
        return hb_fail(env, HEBB_E_RANGE,
                       "%s[%zu] = %g does not fit into a float; precision = double can hold it",
                       p->name, i, v);
    if (!bounded || (v >= p->low && v <= p->high && (!p->low_open || v > p->low))) return HEBB_OK;
    char place[24] = "", range[80];
    if (p->shape[0] > 1 || p->ndim > 1) snprintf(place, sizeof place, "[%zu]", i);
    const char *from = p->low_open ? "above" : "at least";
    if (p->low > -HB_INF && p->high < HB_INF)
        snprintf(range, sizeof range, "between %g and %g", p->low, p->high);
    else
        snprintf(range, sizeof range, "%s %g", p->low > -HB_INF ? from : "at most",
                 p->low > -HB_INF ? p->low : p->high);
    return hb_fail(env, HEBB_E_RANGE, "%s%s = %g is not allowed; it must be %s", p->name, place, v,
                   range);
}

hebb_status hb_param_set(hb_engine *engine, hb_parameter *p, const double *values) {
    const hb_wiring *w = wiring_of(engine, p);
    size_t cells = p->shape[0] * (p->ndim > 1 ? p->shape[1] : 1);
    if (p->what == HB_P_DELAY)
        return hb_fail(engine->graph->env, HEBB_E_UNSUPPORTED,
                       "%s: delays are fixed when the network is built", p->name);
    bool spaic = engine->graph->spaic && w; /* clamped when a run starts */
    for (size_t i = 0; i < cells; i++) HEBB_TRY(check_value(engine, p, i, values[i], !spaic));
    engine->dirty = true;
    engine->writes++;
    if (!w) {
        for (size_t i = 0; i < cells; i++) write(p, i, values[i]);
        return HEBB_OK;
    }
    if (w->start && !w->one_to_one) { /* nothing may be set where no synapse is */
        size_t wanted = 0, taken = 0;
        for (size_t i = 0; i < cells; i++) wanted += values[i] != 0;
        for (size_t i = 0; i < w->pre; i++)
            for (size_t k = w->start[i]; k < w->start[i + 1]; k++)
                taken += values[place(w, i, k)] != 0;
        if (wanted != taken)
            return hb_fail(engine->graph->env, HEBB_E_SHAPE,
                           "%s: %zu values stand where the connection has no synapse; they must "
                           "be 0",
                           p->name, wanted - taken);
    }
    for (size_t i = 0; i < w->pre; i++)
        for (size_t k = row_start(w, i); k < row_start(w, i + 1); k++)
            write(p, k, values[place(w, i, k)]);
    return HEBB_OK;
}

/* Index of the first value that is not finite; p->count if all are. */
static size_t first_bad(const hb_parameter *p, const void *values) {
    return p->dtype == HEBB_F64 ? hb_not_finite_f64(values, p->count)
                                : hb_not_finite_f32(values, p->count);
}

static void bound(hb_parameter *p) {
    if (p->low <= -HB_INF && p->high >= HB_INF) return;
    double low = p->low;
    if (p->low_open) low = low == 0 ? 1e-6 : low + 1e-6 * fabs(low);
    for (size_t i = 0; i < p->count; i++) {
        double v = read(p, p->values, i);
        if (v < low) write(p, i, low);
        if (v > p->high) write(p, i, p->high);
    }
}

hebb_status hb_params_settle(hb_engine *engine, size_t finite, const char *when) {
    for (size_t i = 0; i < engine->param_count; i++) {
        hb_parameter *p = &engine->params[i];
        if (!p->trainable) continue;
        size_t bad = p->owner == finite && !p->plastic ? p->count : first_bad(p, p->values);
        if (bad < p->count)
            return hb_fail(engine->graph->env, HEBB_E_NOT_FINITE, "%s became %g %s (entry %zu)",
                           p->name, read(p, p->values, bad), when, bad);
        bound(p);
    }
    engine->dirty = true;
    engine->writes++;
    return HEBB_OK;
}

hebb_status hb_params_check_gradients(hb_engine *engine) {
    for (size_t i = 0; i < engine->param_count; i++) {
        hb_parameter *p = &engine->params[i];
        size_t bad = p->grad ? first_bad(p, p->grad) : p->count;
        if (bad < p->count)
            return hb_fail(engine->graph->env, HEBB_E_NOT_FINITE,
                           "the gradient of %s is %g (entry %zu)", p->name, read(p, p->grad, bad),
                           bad);
    }
    return HEBB_OK;
}

void hb_params_zero_grad(hb_engine *engine, size_t owner) {
    for (size_t i = 0; i < engine->param_count; i++) {
        hb_parameter *p = &engine->params[i];
        if (!p->grad || p->owner != owner) continue;
        memset(p->grad, 0, p->count * (p->dtype == HEBB_F64 ? sizeof(double) : sizeof(float)));
        p->row_count = 0;
    }
}

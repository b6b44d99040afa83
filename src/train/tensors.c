/* Named arrays between a network and safetensors files. */
#include "train/tensors.h"

#include <stdio.h>
#include <string.h>

void hb_tensors_free(hb_tensors *t) {
    for (size_t i = 0; i < t->count; i++) {
        hb_free(t->env, (void *)t->items[i].name);
        hb_free(t->env, t->owned[i]);
    }
    hb_free(t->env, t->items);
    hb_free(t->env, t->owned);
    *t = (hb_tensors){.env = t->env};
}

static hebb_status grow(hb_env *env, void **items, size_t size, size_t *capacity, size_t count) {
    if (count < *capacity) return HEBB_OK;
    size_t more = *capacity ? 2 * *capacity : 16;
    void *moved = hb_realloc(env, *items, *capacity * size, more * size);
    if (!moved) return HEBB_E_MEMORY;
    *items = moved;
    *capacity = more;
    return HEBB_OK;
}

static hebb_status room(hb_tensors *t) {
    HEBB_TRY(grow(t->env, (void **)&t->items, sizeof *t->items, &t->capacity, t->count));
    return grow(t->env, (void **)&t->owned, sizeof *t->owned, &t->owned_capacity, t->count);
}

hebb_status hb_tensors_add(hb_tensors *t, const char *name, hb_tensor_type type,
                           const size_t *shape, size_t ndim, const void *data, bool owned) {
    hebb_status status = ndim > HB_TENSOR_DIMS ? HEBB_E_INTERNAL : room(t);
    char *copy = status < 0 ? NULL : hb_strdup(t->env, name);
    if (!copy) {
        if (owned) hb_free(t->env, (void *)data);
        return status < 0 ? status : HEBB_E_MEMORY;
    }
    hb_tensor *tensor = &t->items[t->count];
    *tensor = (hb_tensor){.name = copy, .type = type, .ndim = ndim, .data = data};
    for (size_t d = 0; d < ndim; d++) tensor->shape[d] = shape[d];
    t->owned[t->count++] = owned ? (void *)data : NULL;
    return HEBB_OK;
}

hebb_status hb_tensors_row(hb_tensors *t, const char *name, hb_tensor_type type, const void *data,
                           size_t count) {
    return hb_tensors_add(t, name, type, &count, 1, data, false);
}

/* ---- parameters ---- */

static size_t cells_of(const hb_parameter *p) {
    return p->shape[0] * (p->ndim > 1 ? p->shape[1] : 1);
}

static hebb_status add_parameter(hb_tensors *t, const hb_engine *engine, const hb_parameter *p) {
    size_t cells = cells_of(p);
    double *values = hb_calloc(t->env, cells, sizeof *values);
    if (!values) return HEBB_E_MEMORY;
    hb_param_get(engine, p, p->values, values);
    /* Delays are in ms and kept as doubles whatever the engine computes with. */
    bool wide = p->dtype == HEBB_F64 || p->what == HB_P_DELAY;
    if (!wide)
        for (size_t i = 0; i < cells; i++) {
            float narrow = (float)values[i];
            memcpy((char *)values + i * sizeof narrow, &narrow, sizeof narrow);
        }
    return hb_tensors_add(t, p->name, wide ? HB_TENSOR_F64 : HB_TENSOR_F32, p->shape, p->ndim,
                          values, true);
}

hebb_status hb_tensors_network(hb_tensors *t, const hb_engine *engine) {
    for (size_t i = 0; i < engine->param_count; i++)
        HEBB_TRY(add_parameter(t, engine, &engine->params[i]));
    return HEBB_OK;
}

static void shape_text(const size_t *shape, size_t ndim, char *buffer, size_t size) {
    size_t at = (size_t)snprintf(buffer, size, "[");
    for (size_t d = 0; d < ndim && at + 32 < size; d++)
        at += (size_t)snprintf(buffer + at, size - at, "%s%zu", d ? ", " : "", shape[d]);
    snprintf(buffer + at, size - at, "]");
}

static hebb_status check_tensor(hb_env *env, const hb_tensor *tensor, const char *path,
                                const char *name, const size_t *shape, size_t ndim) {
    if (!tensor)
        return hb_fail(env, HEBB_E_FORMAT, "'%s' has no '%s'; it is of another network", path,
                       name);
    if (tensor->type != HB_TENSOR_F32 && tensor->type != HB_TENSOR_F64)
        return hb_fail(env, HEBB_E_FORMAT, "'%s': '%s' is of type %s; F32 or F64 are read", path,
                       name, hb_tensor_type_name(tensor->type));
    bool same = tensor->ndim == ndim;
    for (size_t d = 0; same && d < ndim; d++) same = tensor->shape[d] == shape[d];
    if (same) return HEBB_OK;
    char has[120], wants[120];
    shape_text(tensor->shape, tensor->ndim, has, sizeof has);
    shape_text(shape, ndim, wants, sizeof wants);
    return hb_fail(env, HEBB_E_SHAPE, "'%s': '%s' has the shape %s; the network's is %s", path,
                   name, has, wants);
}

static double tensor_value(const hb_tensor *tensor, size_t i) {
    if (tensor->type == HB_TENSOR_F64) return ((const double *)tensor->data)[i];
    return (double)((const float *)tensor->data)[i];
}

/* Delays are fixed by the build: those of the file must be the same. */
static hebb_status same_delays(hb_engine *engine, const hb_parameter *p, const double *values,
                               const char *path) {
    hb_env *env = engine->graph->env;
    size_t cells = cells_of(p);
    double *now = hb_calloc(env, cells, sizeof *now);
    if (!now) return HEBB_E_MEMORY;
    hb_param_get(engine, p, p->values, now);
    size_t i = 0;
    while (i < cells && now[i] == values[i]) i++;
    hebb_status status = HEBB_OK;
    if (i < cells)
        status = hb_fail(env, HEBB_E_UNSUPPORTED,
                         "'%s': %s[%zu] is %g ms there and %g ms in this network; delays are fixed "
                         "when a network is built",
                         path, p->name, i, values[i], now[i]);
    hb_free(env, now);
    return status;
}

static hebb_status restore(hb_engine *engine, hb_parameter *p, const hb_tensor *tensor,
                           const char *path) {
    hb_env *env = engine->graph->env;
    size_t cells = cells_of(p);
    double *values = hb_calloc(env, cells, sizeof *values);
    if (!values) return HEBB_E_MEMORY;
    for (size_t i = 0; i < cells; i++) values[i] = tensor_value(tensor, i);
    hebb_status status = p->what == HB_P_DELAY ? same_delays(engine, p, values, path)
                                               : hb_param_set(engine, p, values);
    hb_free(env, values);
    return status;
}

/* A tensor that no parameter takes is a sign of the wrong file. */
static hebb_status check_rest(hb_engine *engine, const hb_safetensors *file, const char *path) {
    const hb_tensor *tensor;
    for (size_t i = 0; (tensor = hb_safetensors_at(file, i)); i++)
        if (!strchr(tensor->name, '/') && hb_param_find(engine, tensor->name) == SIZE_MAX)
            return hb_fail(engine->graph->env, HEBB_E_FORMAT,
                           "'%s' has '%.100s', which this network lacks; it is of another network",
                           path, tensor->name);
    return HEBB_OK;
}

hebb_status hb_network_restore(hb_engine *engine, const hb_safetensors *file, const char *path) {
    hb_env *env = engine->graph->env;
    for (size_t i = 0; i < engine->param_count; i++) {
        const hb_parameter *p = &engine->params[i];
        HEBB_TRY(check_tensor(env, hb_safetensors_find(file, p->name), path, p->name, p->shape,
                              p->ndim));
    }
    HEBB_TRY(check_rest(engine, file, path));
    for (size_t i = 0; i < engine->param_count; i++) {
        hb_parameter *p = &engine->params[i];
        hebb_status status = restore(engine, p, hb_safetensors_find(file, p->name), path);
        if (status < 0) return status == HEBB_E_MEMORY ? status : hb_fail_in(env, status, path);
    }
    return HEBB_OK;
}

hebb_status hb_row_restore(hb_env *env, const hb_safetensors *file, const char *path,
                           const char *name, hb_tensor_type type, void *to, size_t count) {
    const hb_tensor *tensor = hb_safetensors_find(file, name);
    if (!tensor || tensor->type != type || hb_tensor_count(tensor) != count)
        return hb_fail(env, HEBB_E_FORMAT, "'%s': '%s' is %s; %zu numbers of type %s are needed",
                       path, name, tensor ? "of another kind or size" : "missing", count,
                       hb_tensor_type_name(type));
    if (count) memcpy(to, tensor->data, count * hb_tensor_type_size(type));
    return HEBB_OK;
}

hebb_status hb_network_save(const hb_engine *engine, const char *path) {
    hb_env *env = engine->graph->env;
    hb_tensors tensors = {.env = env};
    hb_metadata metadata[] = {{"format", "hebb network 1"}, {"hebb_version", HEBB_VERSION_STRING}};
    hebb_status status = hb_tensors_network(&tensors, engine);
    if (status >= 0)
        status = hb_safetensors_write(env, path, tensors.items, tensors.count, metadata, 2);
    hb_tensors_free(&tensors);
    return status;
}

hebb_status hb_network_load(hb_engine *engine, const char *path) {
    hb_env *env = engine->graph->env;
    hb_safetensors *file;
    HEBB_TRY(hb_safetensors_open(env, path, &file));
    hebb_status status = hb_network_restore(engine, file, path);
    hb_safetensors_close(env, file);
    return status;
}

/* The states that compat = "spaic" carries from run to run. */
#include "train/kept.h"

#include <stdio.h>
#include <string.h>

#include "network/engine.h"

#ifdef HB_DOUBLE
#define TENSOR HB_TENSOR_F64
#else
#define TENSOR HB_TENSOR_F32
#endif

/* Index of the part's kept state, SIZE_MAX if it has none. */
static size_t kept_state(const hb_machine *m, const hb_part *p) {
    if (!p->model || !p->model->stay || !m->base.graph->spaic) return SIZE_MAX;
    for (size_t s = 0; s < p->states; s++)
        if (hb_name_matches("", p->model->states[s], p->model->stay)) return s;
    return SIZE_MAX;
}

static void name_of(const hb_part *p, char name[200]) {
    snprintf(name, 200, "state/%.80s.%.40s", p->group->name, p->model->stay);
}

hebb_status HB_R(hb_tensors_kept)(hb_tensors *tensors, const hb_engine *engine) {
    const hb_machine *m = (const hb_machine *)engine;
    for (size_t i = 0; i < m->part_count; i++) {
        const hb_part *p = &m->parts[i];
        size_t s = kept_state(m, p), shape[2] = {m->batch_room, p->n};
        if (s == SIZE_MAX || !p->state) continue;
        real *rows = hb_calloc(tensors->env, shape[0] * shape[1], sizeof *rows);
        if (!rows) return HEBB_E_MEMORY;
        for (size_t b = 0; b < m->batch_room; b++)
            memcpy(rows + b * p->n, p->state + (b * p->states + s) * p->n, p->n * sizeof *rows);
        char name[200];
        name_of(p, name);
        HEBB_TRY(hb_tensors_add(tensors, name, TENSOR, shape, 2, rows, true));
    }
    return HEBB_OK;
}

hebb_status HB_R(hb_kept_restore)(hb_engine *engine, const hb_safetensors *file, const char *path) {
    hb_machine *m = (hb_machine *)engine;
    for (size_t i = 0; i < m->part_count; i++) {
        hb_part *p = &m->parts[i];
        size_t s = kept_state(m, p);
        if (s == SIZE_MAX || !p->state) continue;
        char name[200];
        name_of(p, name);
        const hb_tensor *tensor = hb_safetensors_find(file, name);
        bool fits = tensor && tensor->type == TENSOR && tensor->ndim == 2 &&
                    tensor->shape[1] == p->n && tensor->shape[0] <= m->batch_room;
        if (!fits)
            return hb_fail(engine->graph->env, HEBB_E_FORMAT,
                           "'%s': '%s' is missing or of another size than the network's", path,
                           name);
        const real *rows = tensor->data;
        for (size_t b = 0; b < tensor->shape[0]; b++)
            memcpy(p->state + (b * p->states + s) * p->n, rows + b * p->n, p->n * sizeof *rows);
    }
    return HEBB_OK;
}

hebb_status HB_R(hb_kept_copy)(hb_engine *engine, void **copy, size_t *rows) {
    const hb_machine *m = (const hb_machine *)engine;
    size_t neurons = 0;
    *copy = NULL;
    *rows = m->batch_room;
    for (size_t i = 0; i < m->part_count; i++)
        if (m->parts[i].state && kept_state(m, &m->parts[i]) != SIZE_MAX) neurons += m->parts[i].n;
    if (!neurons) return HEBB_OK;
    real *to = hb_calloc(engine->graph->env, neurons * *rows, sizeof *to);
    if (!to) return HEBB_E_MEMORY;
    *copy = to;
    for (size_t i = 0; i < m->part_count; i++) {
        const hb_part *p = &m->parts[i];
        size_t s = kept_state(m, p);
        if (s == SIZE_MAX || !p->state) continue;
        for (size_t b = 0; b < *rows; b++, to += p->n)
            memcpy(to, p->state + (b * p->states + s) * p->n, p->n * sizeof *to);
    }
    return HEBB_OK;
}

void HB_R(hb_kept_return)(hb_engine *engine, const void *copy, size_t rows) {
    hb_machine *m = (hb_machine *)engine;
    const real *from = copy;
    for (size_t i = 0; from && i < m->part_count; i++) {
        hb_part *p = &m->parts[i];
        size_t s = kept_state(m, p);
        if (s == SIZE_MAX || !p->state) continue;
        for (size_t b = 0; b < rows; b++, from += p->n)
            if (b < m->batch_room)
                memcpy(p->state + (b * p->states + s) * p->n, from, p->n * sizeof *from);
    }
}

#include "learning/synapses.h"

#include <math.h>
#include <string.h>

#include "kernels/blas.h"

/* ---- memory ---- */

static void find_columns(hb_plastic *p) {
    const hb_wiring *w = p->link->wiring;
    hb_columns *s = &p->columns;
    memset(s->start, 0, (w->post + 1) * sizeof *s->start);
    for (size_t k = 0; k < w->count; k++) s->start[w->index[k] + 1]++;
    for (size_t j = 0; j < w->post; j++) s->start[j + 1] += s->start[j];
    for (size_t i = 0; i < w->pre; i++)
        for (size_t k = w->start[i]; k < w->start[i + 1]; k++) {
            s->source[k] = (uint32_t)i;
            s->list[s->start[w->index[k]]++] = (uint32_t)k;
        }
    for (size_t j = w->post; j > 0; j--) s->start[j] = s->start[j - 1];
    s->start[0] = 0;
}

void HB_R(hb_plastic_lay)(hb_plastic *p, hb_arena *arena, size_t batch) {
    const hb_wiring *w = p->link->wiring;
    size_t words = p->link->pre->words;
    hb_columns s = {0};
    if (w->start) {
        s.source = hb_arena_take(arena, w->count, sizeof *s.source);
        s.start = hb_arena_take(arena, w->post + 1, sizeof *s.start);
        s.list = hb_arena_take(arena, w->count, sizeof *s.list);
    }
    uint64_t *past =
        w->delay_max ? hb_arena_take(arena, batch * w->delay_max, words * sizeof *past) : NULL;
    if (!arena->base) return;
    size_t kept = p->m->base.batch; /* samples whose past is known, in the arena that goes */
    if (past && p->past && past != p->past)
        memcpy(past, p->past, kept * w->delay_max * words * sizeof *past);
    p->columns = s;
    p->past = past;
    if (w->start) find_columns(p);
}

/* ---- spikes ---- */

static const uint64_t *row_bits(const hb_plastic *p, const hb_part *part, size_t b, size_t row,
                                uint64_t *scratch) {
    if (part->form == HB_FORM_BITS) return hb_part_bits(p->m, part, b, row);
    const real *rows = hb_part_row(p->m, part, part->rows, b, row);
    memset(scratch, 0, part->words * sizeof *scratch);
    for (size_t i = 0; i < part->n; i++) scratch[i / 64] |= (uint64_t)(rows[i] != 0) << i % 64;
    return scratch;
}

const uint64_t *HB_R(hb_plastic_pre)(const hb_plastic *p, size_t b, size_t t, size_t late,
                                     uint64_t *scratch) {
    const hb_link *link = p->link;
    const hb_part *pre = link->pre;
    size_t back = link->lag + (late ? late - link->shift : 0);
    if (p->m->base.graph->spaic) back = 1;
    if (back > t + 1) return p->past + (b * link->wiring->delay_max + (back - t - 2)) * pre->words;
    const uint64_t *bits = row_bits(p, pre, b, t + 1 - back, scratch);
    if (!link->drops) return bits;
    for (size_t i = 0; i < pre->words; i++) scratch[i] = bits[i] & link->kept[b * pre->words + i];
    return scratch;
}

const uint64_t *HB_R(hb_plastic_post)(const hb_plastic *p, size_t b, size_t t, uint64_t *scratch) {
    return row_bits(p, p->link->post, b, p->m->base.graph->spaic ? t : t + 1, scratch);
}

void HB_R(hb_plastic_begin)(hb_plastic *p, bool fresh) {
    size_t late = p->link->wiring->delay_max, words = p->link->pre->words;
    if (fresh && p->past) memset(p->past, 0, p->m->base.batch * late * words * sizeof *p->past);
}

/* The next run's rows before its row 0, which is the last of this one. */
void HB_R(hb_plastic_end)(hb_plastic *p) {
    const hb_part *pre = p->link->pre;
    size_t late = p->link->wiring->delay_max, steps = p->m->base.steps, words = pre->words;
    for (size_t b = 0; p->past && b < p->m->base.batch; b++) {
        uint64_t *past = p->past + b * late * words;
        for (size_t q = late; q > 0; q--) {
            uint64_t *to = past + (q - 1) * words;
            const uint64_t *from =
                steps >= q ? row_bits(p, pre, b, steps - q, to) : past + (q - steps - 1) * words;
            if (from != to) memmove(to, from, words * sizeof *to);
        }
    }
}

/* ---- traces ---- */

void HB_R(hb_trace_decay)(const hb_trace *trace, size_t n, real *values) {
    HB_BLAS(scal)((int)n, (real)trace->decay, values, 1);
}
void HB_R(hb_trace_spikes)(const hb_trace *trace, const uint32_t *index, size_t count,
                           real *values) {
    if (trace->nearest)
        for (size_t c = 0; c < count; c++) values[index[c]] = 1;
    else
        for (size_t c = 0; c < count; c++) values[index[c]] += 1;
}

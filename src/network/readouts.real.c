/* What decoders, spike monitors and counts take of a run, a chunk at a time. */
#include <string.h>

#include "network/engine.h"

/* Row t of what a decoder reads, where it is numbers; NULL: bits. */
static const real *row_of(const hb_machine *m, const hb_part *p, bool V, size_t b, size_t t) {
    if (V) return hb_part_row(m, p, p->V, b, t + 1);
    if (p->form == HB_FORM_BITS) return NULL;
    if (p->form == HB_FORM_CONSTANT) return p->constant + b * p->n;
    return hb_part_row(m, p, p->rows, b, t + 1);
}

static void read_linear(hb_machine *m, size_t readout, size_t b) {
    const hb_readout *r = &m->base.graph->readouts[readout];
    const hb_part *p = &m->parts[r->target];
    size_t pop, outputs = r->decoder.classes;
    double scale, bias, *out = m->base.predict[readout] + b * outputs;
    hb_decoder_linear(&r->decoder, &pop, &scale, &bias);
    if (!m->at) memset(out, 0, outputs * sizeof *out);
    bool V = !strcmp(r->decoder.ops->variable, "V");
    for (size_t t = 0; t < m->steps; t++) {
        double weight = m->weights[readout][m->at + t];
        if (weight == 0) continue;
        const real *row = row_of(m, p, V, b, t);
        if (!row) {
            const uint64_t *bits = hb_part_bits(m, p, b, t + 1);
            for (size_t i = 0; i < p->words; i++)
                for (uint64_t left = bits[i]; left; left &= left - 1)
                    out[(64 * i + (size_t)__builtin_ctzll(left)) / pop] += weight;
            continue;
        }
        for (size_t j = 0; j < p->n; j++) out[j / pop] += weight * (double)row[j];
    }
    if (m->at + m->steps < m->base.steps) return;
    for (size_t c = 0; c < outputs; c++) out[c] = (out[c] + bias) * scale;
}

static void fill_record(hb_machine *m, size_t readout, size_t b) {
    const hb_readout *r = &m->base.graph->readouts[readout];
    const hb_part *p = &m->parts[r->target];
    bool V = !strcmp(r->decoder.ops->variable, "V");
    for (size_t t = 0; t < m->steps; t++) {
        double *to = m->record[readout] + ((m->at + t) * m->base.batch + b) * p->n;
        const real *row = row_of(m, p, V, b, t);
        if (!row) m->kernels->expand_f64(hb_part_bits(m, p, b, t + 1), p->n, 1, to);
        for (size_t j = 0; row && j < p->n; j++) to[j] = (double)row[j];
    }
}

/* Who gave something, of which the next chunk leaves nothing. */
static void remember(hb_machine *m, hb_worker *w, hb_part *p, size_t b) {
    uint32_t *counts = p->counts + b * p->n;
    if (!m->at) memset(counts, 0, p->n * sizeof *counts);
    for (size_t t = 0; t < m->steps && p->form != HB_FORM_CONSTANT; t++) {
        const real *row = row_of(m, p, false, b, t);
        const uint64_t *bits = row ? w->bits : hb_part_bits(m, p, b, t + 1);
        if (row) {
            memset(w->bits, 0, p->words * sizeof *w->bits);
            for (size_t i = 0; i < p->n; i++) w->bits[i / 64] |= (uint64_t)(row[i] != 0) << i % 64;
        }
        size_t count = m->kernels->positions(bits, p->words, w->index);
        for (size_t i = 0; i < count; i++) counts[w->index[i]]++;
        if (p->history)
            memcpy(p->history + (b * m->time_room + m->at + t) * p->words, bits,
                   p->words * sizeof *bits);
    }
}

void HB_R(hb_read_sample)(hb_machine *m, hb_worker *w, size_t b) {
    for (size_t i = 0; i < m->base.graph->readout_count; i++)
        if (m->record[i])
            fill_record(m, i, b);
        else
            read_linear(m, i, b);
    for (size_t i = 0; i < m->part_count && m->chunked; i++) remember(m, w, &m->parts[i], b);
}

void HB_R(hb_read_begin)(hb_machine *m) {
    const hb_graph *g = m->base.graph;
    for (size_t i = 0; i < g->readout_count; i++)
        for (size_t t = 0; m->weights[i] && t < m->base.steps; t++)
            m->weights[i][t] =
                g->readouts[i].decoder.ops->time_weight(&g->readouts[i].decoder, t, m->base.steps);
}

void HB_R(hb_read_run)(hb_machine *m) {
    hb_engine *e = &m->base;
    for (size_t i = 0; i < e->graph->readout_count; i++) {
        const hb_decoder *d = &e->graph->readouts[i].decoder;
        if (m->record[i]) d->ops->decode(d, e->steps, e->batch, m->record[i], e->predict[i]);
        size_t count = hb_decoder_outputs(d, e->steps) * e->batch;
        for (size_t k = 0; k < count; k++) e->predict_f32[i][k] = (float)e->predict[i][k];
    }
}

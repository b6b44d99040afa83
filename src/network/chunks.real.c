/* tape = "recompute": the whole network is run some steps at a time, and its memory is laid out for
 * as many. Before each chunk goes on, what its steps need of those before is kept, and the
 * backward pass takes the chunks from the last to the first: each is put back, run again, which
 * leaves an exact tape of it, and walked backwards. With chunks of about sqrt(T) steps both the
 * tape of one and what is kept of all grow as sqrt(T). */
#include <string.h>

#include "network/engine.h"

static hebb_status refuse(const hb_machine *m, const char *what, const char *why) {
    return hb_fail(m->base.graph->env, HEBB_E_UNSUPPORTED,
                   "%s: tape = recompute runs the network in chunks and each of them twice, but it "
                   "%s; use tape = exact",
                   what, why);
}

hebb_status HB_R(hb_chunks_check)(const hb_machine *m) {
    const hb_graph *g = m->base.graph;
    for (size_t i = 0; i < m->part_count; i++)
        if (m->parts[i].kept)
            return refuse(m, m->parts[i].group->name, "changes over runs what it keeps");
    for (size_t i = 0; i < m->link_count; i++)
        if (m->links[i].plastic)
            return refuse(m, m->links[i].connection->name, "learns while the network runs");
    if (g->reward_count) return refuse(m, g->rewards[0].name, "judges the steps of whole runs");
    return HEBB_OK;
}

/* A power of two, so that chunks end where pieces of random trains do. */
size_t HB_R(hb_chunk_steps)(const hb_machine *m, size_t steps) {
    size_t chunk = 1;
    while (chunk * chunk < steps) chunk *= 2;
    return m->chunked && chunk < steps ? chunk : steps;
}

void HB_R(hb_carry_on)(hb_machine *m, size_t b) {
    size_t last = m->last_row;
    for (size_t i = 0; i < m->part_count; i++) {
        hb_part *p = &m->parts[i];
        if (p->bits && last)
            memcpy(hb_part_bits(m, p, b, 0), hb_part_bits(m, p, b, last), p->words * 8);
        if (p->trains && last) memcpy(hb_part_edge(p, b, 0), hb_part_edge(p, b, 1), p->words * 8);
        if (p->rows && last)
            memcpy(hb_part_row(m, p, p->rows, b, 0), hb_part_row(m, p, p->rows, b, last),
                   p->n * sizeof(real));
        if (p->V && p->V != p->rows && last)
            memcpy(hb_part_row(m, p, p->V, b, 0), hb_part_row(m, p, p->V, b, last),
                   p->n * sizeof(real));
        if (p->constant && !m->at)
            memcpy(p->before_run + b * p->n, p->constant + b * p->n, p->n * sizeof(real));
    }
}

/* ---- snapshots ---- */

/* One way through all that is kept, to count it, to keep it and to put it back. */
typedef struct snapshot {
    enum { COUNT, SAVE, RESTORE } what;
    unsigned char *at;
    size_t used;
} snapshot;

static void take(snapshot *s, void *live, size_t bytes) {
    if (s->what == SAVE) memcpy(s->at + s->used, live, bytes);
    if (s->what == RESTORE) memcpy(live, s->at + s->used, bytes);
    s->used += bytes;
}

static void take_sample(hb_machine *m, snapshot *s, size_t b, size_t row) {
    bool live = s->what != COUNT; /* else there is no memory yet */
    for (size_t i = 0; i < m->part_count; i++) {
        hb_part *p = &m->parts[i];
        size_t bytes = p->n * sizeof(real);
        if (p->form == HB_FORM_BITS)
            take(s, live ? hb_part_bits(m, p, b, row) : NULL, p->words * 8);
        if (p->form == HB_FORM_ROWS)
            take(s, live ? hb_part_row(m, p, p->rows, b, row) : NULL, bytes);
        if (!p->model) continue;
        if (hb_part_has_V(m, p)) take(s, live ? hb_part_row(m, p, p->V, b, row) : NULL, bytes);
        take(s, live ? p->state + b * p->states * p->n : NULL, p->states * bytes);
    }
    for (size_t i = 0; i < m->link_count; i++) {
        hb_link *link = &m->links[i];
        size_t post = link->post->n, late = link->wiring->delay_max;
        if (link->connection->synapse)
            take(s, live ? link->state + b * 2 * post : NULL, 2 * post * sizeof(real));
        if (late)
            take(s, live ? link->pending + b * late * post : NULL, late * post * sizeof(real));
    }
}

size_t HB_R(hb_snapshot_size)(hb_machine *m) {
    snapshot s = {COUNT, NULL, 0};
    take_sample(m, &s, 0, 0);
    return s.used;
}

static snapshot snapshot_of(const hb_machine *m, size_t b, size_t chunk) {
    return (snapshot){.at = m->snapshots + (chunk * m->batch_room + b) * m->snapshot_bytes};
}

void HB_R(hb_snapshot_save)(hb_machine *m, size_t b, size_t row, size_t chunk) {
    snapshot s = snapshot_of(m, b, chunk);
    s.what = SAVE;
    take_sample(m, &s, b, row);
}

void HB_R(hb_snapshot_restore)(hb_machine *m, size_t b, size_t chunk) {
    snapshot s = snapshot_of(m, b, chunk);
    s.what = RESTORE;
    take_sample(m, &s, b, 0);
}

void HB_R(hb_chunks_end)(hb_machine *m) {
    for (size_t b = 0; b < m->base.batch; b++)
        HB_R(hb_snapshot_restore)(m, b, hb_chunk_count(m, m->base.steps));
    m->last_row = m->at = 0; /* no chunk's tape is whole */
}

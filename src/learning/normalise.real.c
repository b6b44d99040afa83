/* Sums of incoming weights, kept at a norm. */
#include <math.h>
#include <string.h>

#include "learning/synapses.h"

enum { TILE = 32, DEEP = 16 };

/* Columns [first, first + n) of a dense matrix; a few rows at a time in the engine's numbers. */
static void sum_tile(const real *w, size_t pre, size_t post, size_t n, double *sums) {
    for (size_t i = 0; i < pre; i += DEEP) {
        real part[TILE] = {0};
        size_t last = i + DEEP < pre ? i + DEEP : pre;
        for (size_t r = i; r < last; r++) {
            const real *row = w + r * post;
            if (n == TILE)
                for (size_t j = 0; j < TILE; j++) part[j] += row[j] < 0 ? -row[j] : row[j];
            else
                for (size_t j = 0; j < n; j++) part[j] += row[j] < 0 ? -row[j] : row[j];
        }
        for (size_t j = 0; j < n; j++) sums[j] += (double)part[j];
    }
}

static inline real inside(real low, real high, real w) {
    w = w < low ? low : w;
    return w > high ? high : w;
}

static void normalise_lists(const hb_plastic *p, double norm, double *sums) {
    const hb_wiring *w = p->link->wiring;
    real *weight = hb_weights(p), low = p->low, high = p->high;
    memset(sums, 0, w->post * sizeof *sums);
    for (size_t k = 0; k < w->count; k++) sums[w->index[k]] += fabs((double)weight[k]);
    for (size_t j = 0; j < w->post; j++) sums[j] = sums[j] > 0 ? norm / sums[j] : 1;
    for (size_t k = 0; k < w->count; k++)
        weight[k] = inside(low, high, (real)((double)weight[k] * sums[w->index[k]]));
}

/* At most TILE columns of a dense connection, from j on. */
static void normalise_tile(const hb_plastic *p, double norm, size_t j, size_t n, double *sums) {
    const hb_wiring *w = p->link->wiring;
    real factor[TILE], *column = hb_weights(p) + j, low = p->low, high = p->high;
    for (size_t c = 0; c < n; c++) sums[c] = 0;
    sum_tile(column, w->pre, w->post, n, sums);
    for (size_t c = 0; c < n; c++) sums[c] = sums[c] > 0 ? norm / sums[c] : 1;
    for (size_t c = 0; c < n; c++) factor[c] = (real)sums[c];
    for (size_t i = 0; i < w->pre; i++, column += w->post)
        if (n == TILE)
            for (size_t c = 0; c < TILE; c++) column[c] = inside(low, high, column[c] * factor[c]);
        else
            for (size_t c = 0; c < n; c++) column[c] = inside(low, high, column[c] * factor[c]);
}

void HB_R(hb_plastic_normalise_columns)(const hb_plastic *p, double norm, double *sums,
                                        size_t first, size_t n) {
    const hb_wiring *w = p->link->wiring;
    real *weight = hb_weights(p), low = p->low, high = p->high;
    if (w->start && norm > 0) {
        normalise_lists(p, norm, sums);
        return;
    }
    if (w->start)
        for (size_t k = 0; k < w->count; k++) weight[k] = inside(low, high, weight[k]);
    else if (norm > 0)
        for (size_t j = first; j < first + n; j += TILE)
            normalise_tile(p, norm, j, first + n - j < TILE ? first + n - j : TILE, sums + j);
    else
        for (size_t i = 0; i < w->pre; i++, weight += w->post)
            for (size_t j = first; j < first + n; j++) weight[j] = inside(low, high, weight[j]);
}

/* ---- on several threads ---- */

typedef struct shared_columns {
    const hb_plastic *p;
    hb_columns_work work;
    void *arg;
    size_t parts;
} shared_columns;

/* A share is whole words of the target's bits, so that no two threads write to one of them. */
static void columns_item(void *arg, size_t item, int worker) {
    (void)worker;
    const shared_columns *c = arg;
    const hb_part *post = c->p->link->post;
    size_t first = post->words * item / c->parts * 64,
           last = post->words * (item + 1) / c->parts * 64;
    if (last > post->n) last = post->n;
    if (first < last) c->work(c->arg, first, last - first);
}

/* Weights below which threads are not worth their waking. */
enum { MANY = 1 << 20 };

void HB_R(hb_plastic_share_columns)(const hb_plastic *p, hb_columns_work work, void *arg) {
    hb_pool *pool = p->m->base.graph->pool;
    size_t parts = (size_t)hb_pool_threads(pool);
    bool many = !p->link->wiring->start && p->link->wiring->count >= MANY &&
                !p->m->workers->team; /* whose threads are all at work */
    shared_columns c = {p, work, arg, parts < p->link->post->words ? parts : p->link->post->words};
    if (many && c.parts > 1)
        hb_pool_run(pool, columns_item, &c, c.parts);
    else
        work(arg, 0, p->link->post->n);
}

typedef struct norm_job {
    const hb_plastic *p;
    double norm, *sums;
    const uint64_t *changed;
    unsigned char *kept;
} norm_job;

static void normalise_item(void *arg, size_t first, size_t n) {
    const norm_job *k = arg;
    HB_R(hb_plastic_normalise_columns)(k->p, k->norm, k->sums, first, n);
}

void HB_R(hb_plastic_normalise)(const hb_plastic *p, double norm, double *sums) {
    norm_job k = {.p = p, .norm = norm, .sums = sums};
    HB_R(hb_plastic_share_columns)(p, normalise_item, &k);
}

/* ---- only the columns that need it ---- */

#ifdef HB_DOUBLE
#define ROUNDING 1e-14
#else
#define ROUNDING 1e-6
#endif

/* sum_tile, of the columns list[0 .. n). */
static void sum_list(const real *w, size_t pre, size_t post, const uint32_t *list, size_t n,
                     double *sums) {
    for (size_t c = 0; c < n; c++) sums[c] = 0;
    for (size_t i = 0; i < pre; i += DEEP) {
        real part[TILE] = {0};
        size_t last = i + DEEP < pre ? i + DEEP : pre;
        for (size_t r = i; r < last; r++) {
            const real *row = w + r * post;
            for (size_t c = 0; c < n; c++)
                part[c] += row[list[c]] < 0 ? -row[list[c]] : row[list[c]];
        }
        for (size_t c = 0; c < n; c++) sums[c] += (double)part[c];
    }
}

/* At most TILE columns. */
static void keep_list(const hb_plastic *p, double norm, const uint32_t *list, size_t n,
                      unsigned char *kept) {
    size_t pre = p->link->pre->n, post = p->link->post->n, moving = 0;
    double sums[TILE];
    real factor[TILE], low = p->low, high = p->high;
    uint32_t moved[TILE];
    sum_list(hb_weights(p), pre, post, list, n, sums);
    for (size_t c = 0; c < n; c++) {
        double by = sums[c] > 0 ? norm / sums[c] : 1;
        bool there = fabs(by - 1) < ROUNDING;
        bool bounded = kept[list[c]] != HB_WRITTEN;
        kept[list[c]] = there && bounded ? HB_AT_NORM : HB_BOUNDED;
        if (there && bounded) continue;
        factor[moving] = there ? 1 : (real)by;
        moved[moving++] = list[c];
    }
    real *row = hb_weights(p);
    for (size_t i = 0; i < pre && moving; i++, row += post)
        for (size_t c = 0; c < moving; c++)
            row[moved[c]] = inside(low, high, row[moved[c]] * factor[c]);
}

static void keep_item(void *arg, size_t first, size_t columns) {
    const norm_job *k = arg;
    unsigned char *kept = k->kept;
    uint32_t list[TILE];
    size_t n = 0;
    for (size_t j = first; j < first + columns; j++) {
        if ((k->changed[j / 64] >> j % 64 & 1) && kept[j] == HB_AT_NORM) kept[j] = HB_BOUNDED;
        if (kept[j] == HB_AT_NORM) continue;
        list[n++] = (uint32_t)j;
        if (n < TILE) continue;
        keep_list(k->p, k->norm, list, n, kept);
        n = 0;
    }
    if (n) keep_list(k->p, k->norm, list, n, kept);
}

void HB_R(hb_plastic_keep_norm)(const hb_plastic *p, double norm, const uint64_t *changed,
                                unsigned char *kept) {
    norm_job k = {p, norm, NULL, changed, kept};
    HB_R(hb_plastic_share_columns)(p, keep_item, &k);
}

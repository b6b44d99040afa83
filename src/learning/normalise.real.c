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

static void sum_columns(const hb_plastic *p, double *sums) {
    const hb_wiring *w = p->link->wiring;
    const real *weight = hb_weights(p);
    memset(sums, 0, w->post * sizeof *sums);
    if (w->start)
        for (size_t k = 0; k < w->count; k++) sums[w->index[k]] += fabs((double)weight[k]);
    else
        for (size_t j = 0; j < w->post; j += TILE) {
            size_t n = w->post - j < TILE ? w->post - j : TILE;
            sum_tile(weight + j, w->pre, w->post, n, sums + j);
        }
}

static inline real inside(real low, real high, real w) {
    w = w < low ? low : w;
    return w > high ? high : w;
}

void HB_R(hb_plastic_normalise)(const hb_plastic *p, double norm, double *sums) {
    const hb_wiring *w = p->link->wiring;
    real *weight = hb_weights(p), low = p->low, high = p->high;
    if (norm <= 0) {
        for (size_t k = 0; k < w->count; k++) weight[k] = inside(low, high, weight[k]);
        return;
    }
    sum_columns(p, sums);
    for (size_t j = 0; j < w->post; j++) sums[j] = sums[j] > 0 ? norm / sums[j] : 1;
    if (w->start) {
        for (size_t k = 0; k < w->count; k++)
            weight[k] = inside(low, high, (real)((double)weight[k] * sums[w->index[k]]));
        return;
    }
    for (size_t j = 0; j < w->post; j += TILE) {
        real factor[TILE], *column = weight + j;
        size_t n = w->post - j < TILE ? w->post - j : TILE;
        for (size_t c = 0; c < n; c++) factor[c] = (real)sums[j + c];
        for (size_t i = 0; i < w->pre; i++, column += w->post)
            if (n == TILE)
                for (size_t c = 0; c < TILE; c++)
                    column[c] = inside(low, high, column[c] * factor[c]);
            else
                for (size_t c = 0; c < n; c++) column[c] = inside(low, high, column[c] * factor[c]);
    }
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

void HB_R(hb_plastic_keep_norm)(const hb_plastic *p, double norm, const uint64_t *changed,
                                unsigned char *kept) {
    size_t post = p->link->post->n, n = 0;
    uint32_t list[TILE];
    for (size_t j = 0; j < post; j++) {
        if ((changed[j / 64] >> j % 64 & 1) && kept[j] == HB_AT_NORM) kept[j] = HB_BOUNDED;
        if (kept[j] == HB_AT_NORM) continue;
        list[n++] = (uint32_t)j;
        if (n < TILE) continue;
        keep_list(p, norm, list, n, kept);
        n = 0;
    }
    if (n) keep_list(p, norm, list, n, kept);
}

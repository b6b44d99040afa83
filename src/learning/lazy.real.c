/* Normalising after every step without touching every weight. While a run of one
 * sample lasts, the weights of neuron j are min(high, scale[j] values[i][j]), and a
 * step costs what its spikes cost: sums of the inputs are kept as they change, and
 * normalising only changes the scale. Weights at the upper bound ("full") stay there
 * while the scale grows; where it shrinks, where another weight gets there and where
 * the neuron itself spikes, its column is walked and is exact again. */
#include <math.h>
#include <string.h>

#include "learning/pairs.h"

struct hb_lazy {
    real *scale, *inverse;        /* [post] */
    double *exact;                /* [post]: the scale without its rounding */
    double *free_sum;             /* [post]: of the weights below the bound */
    real *full;                   /* [post]: how many are at it */
    real *top;                    /* [post]: no free weight is larger */
    bool *settled;                /* [post]: the sum is the norm */
    real *grown, *freed, *filled; /* [post], by this step: of sum |w| before the clamp,
                                     of free_sum after it, of full */
    bool on;
};

bool HB_R(hb_lazy_possible)(const hb_plastic *p) {
    return (!p->rule->step || p->pair_steps) && p->norm_every_step && p->low == 0 && p->high > 0 &&
           !p->link->wiring->start && p->link->pre->form == HB_FORM_BITS;
}

struct hb_lazy *HB_R(hb_lazy_lay)(const hb_plastic *p, hb_arena *a) {
    size_t post = p->link->post->n;
    struct hb_lazy z = {0}, *lazy = hb_arena_take(a, 1, sizeof *lazy);
    real **rows[] = {&z.scale, &z.inverse, &z.full, &z.top, &z.grown, &z.freed, &z.filled};
    for (size_t i = 0; i < HB_COUNT(rows); i++) *rows[i] = hb_arena_take(a, post, sizeof(real));
    z.exact = hb_arena_take(a, post, sizeof(double));
    z.free_sum = hb_arena_take(a, post, sizeof(double));
    z.settled = hb_arena_take(a, post, sizeof(bool));
    if (a->base) *lazy = z;
    return lazy;
}

static void set_scale(struct hb_lazy *z, size_t j, double scale) {
    z->exact[j] = scale;
    z->scale[j] = (real)scale;
    z->inverse[j] = (real)(1 / scale);
}

static inline real weight_at(const hb_plastic *p, const struct hb_lazy *z, size_t i, size_t j) {
    real w = z->scale[j] * hb_weights(p)[i * p->link->post->n + j];
    return w < p->high ? w : p->high;
}

/* Counts and sums column j anew. */
static void measure(const hb_plastic *p, struct hb_lazy *z, size_t j) {
    double sum = 0;
    real full = 0, top = 0;
    for (size_t i = 0; i < p->link->pre->n; i++) {
        real w = weight_at(p, z, i, j);
        if (w >= p->high) {
            full += 1;
            continue;
        }
        sum += (double)w;
        top = w > top ? w : top;
    }
    z->free_sum[j] = sum;
    z->full[j] = full;
    z->top[j] = top;
}
static double sum_of(const hb_plastic *p, const struct hb_lazy *z, size_t j) {
    return z->free_sum[j] + (z->full[j] > 0 ? (double)z->full[j] * (double)p->high : 0);
}
#ifdef HB_DOUBLE
#define ROUNDING 1e-15
#else
#define ROUNDING 2e-7
#endif
static void settle(const hb_plastic *p, struct hb_lazy *z, size_t j) {
    double sum = sum_of(p, z, j);
    z->settled[j] = sum == 0 || fabs(p->norm / sum - 1) < ROUNDING;
}

static void begin_columns(void *arg, size_t first, size_t n) {
    const hb_plastic *p = arg;
    struct hb_lazy *z = hb_pairs_of(p)->lazy;
    size_t last = first + n;
    const real *w = hb_weights(p);
    for (size_t j = first; j < last; j++) {
        set_scale(z, j, 1);
        z->free_sum[j] = 0;
        z->full[j] = z->top[j] = z->grown[j] = z->freed[j] = z->filled[j] = 0;
        z->settled[j] = false;
    }
    for (size_t i = 0; i < p->link->pre->n; i++, w += p->link->post->n)
        for (size_t j = first; j < last; j++) {
            bool full = w[j] >= p->high;
            z->full[j] += (real)full;
            z->free_sum[j] += full ? 0 : (double)w[j];
            z->top[j] = !full && w[j] > z->top[j] ? w[j] : z->top[j];
        }
}

void HB_R(hb_lazy_begin)(hb_plastic *p) {
    struct hb_lazy *z = hb_pairs_of(p)->lazy;
    if (!z) return;
    z->on = p->m->base.batch == 1;
    p->link->scale = z->on ? z->scale : NULL;
    p->link->most = p->high;
    if (z->on) HB_R(hb_plastic_share_columns)(p, begin_columns, p);
}

static void end_columns(void *arg, size_t first, size_t n) {
    const hb_plastic *p = arg;
    const struct hb_lazy *z = hb_pairs_of(p)->lazy;
    real *w = hb_weights(p);
    for (size_t i = 0; i < p->link->pre->n; i++, w += p->link->post->n)
        for (size_t j = first; j < first + n; j++) w[j] = hb_inside(p, z->scale[j] * w[j]);
}

void HB_R(hb_lazy_end)(hb_plastic *p) {
    struct hb_lazy *z = hb_pairs_of(p)->lazy;
    if (!z || !z->on) return;
    HB_R(hb_plastic_share_columns)(p, end_columns, p);
    p->link->scale = NULL;
    z->on = false;
}

bool HB_R(hb_lazy_on)(const hb_plastic *p) {
    return hb_pairs_of(p)->lazy && hb_pairs_of(p)->lazy->on;
}

/* ---- a step ---- */

/* Weight j of a row moves by dw. What goes below 0 still counts in the sum of this step. */
static inline void move(const struct hb_lazy *z, size_t j, real high, real *w, real dw) {
    real old = z->scale[j] * *w, now;
    old = old < high ? old : high;
    now = old + dw;
    real size = now < 0 ? -now : now, kept = now < 0 ? 0 : now;
    real free_now = kept < high ? kept : 0, free_old = old < high ? old : 0;
    z->grown[j] += size - old;
    z->freed[j] += free_now - free_old;
    z->filled[j] += (real)(kept >= high) - (real)(old >= high);
    z->top[j] = free_now > z->top[j] ? free_now : z->top[j];
    *w = kept * z->inverse[j];
}

/* Row i of the room's columns, by the live ones alone or as a whole. */
static void move_row(hb_plastic *p, struct hb_lazy *z, hb_pair_room *room, size_t i) {
    size_t first = room->first, n = room->n;
    real *w = hb_weights(p) + i * p->link->post->n, high = p->high;
    const uint32_t *list = HB_R(hb_pairs_sparse)(p, room) ? room->live_list : NULL;
    if (list) n = room->live_count;
    for (size_t c = 0; p->reads_weight && c < n; c++)
        room->w[c] = weight_at(p, z, i, list ? list[c] : first + c);
    HB_R(hb_pairs_row_of)(p, room, room->w, i, list, n, room->dw);
    if (list)
        for (size_t c = 0; c < n; c++) move(z, list[c], high, &w[list[c]], room->dw[c]);
    else
        for (size_t c = 0; c < n; c++) move(z, first + c, high, &w[first + c], room->dw[c]);
}

/* A column whose neuron spikes: all of it, with what the rows give it. */
static void move_column(hb_plastic *p, struct hb_lazy *z, hb_pair_room *room, size_t j, bool rows) {
    hb_pairs *d = p->driver;
    size_t post = p->link->post->n, n = p->link->pre->n;
    real *w = hb_weights(p) + j;
    double sum = 0;
    for (size_t i = 0; i < n; i++) room->w[i] = weight_at(p, z, i, j);
    HB_R(hb_pairs_column_of)(p, room, j, room->w);
    for (size_t r = 0; rows && r < room->p_count; r++) {
        real *dw = &d->dw[room->p_list[r] * post + j];
        room->dw[room->p_list[r]] += *dw;
        *dw = 0;
    }
    for (size_t i = 0; i < n; i++) {
        room->w[i] += room->dw[i];
        sum += fabs((double)room->w[i]);
    }
    real factor = sum > 0 ? (real)(p->norm / sum) : 1;
    set_scale(z, j, 1);
    for (size_t i = 0; i < n; i++) w[i * post] = hb_inside(p, room->w[i] * factor);
    measure(p, z, j);
    settle(p, z, j);
}

/* The scale of a column with full weights shrinks, and they with it. */
static void shrink(hb_plastic *p, struct hb_lazy *z, const hb_pair_room *room, size_t j,
                   double factor) {
    size_t post = p->link->post->n;
    real *w = hb_weights(p) + j;
    for (size_t i = 0; i < p->link->pre->n; i++)
        if (!hb_bit(room->p, i)) w[i * post] = weight_at(p, z, i, j) * z->inverse[j];
    set_scale(z, j, z->exact[j] * factor);
    measure(p, z, j);
}

enum { SMALL = 1 << 20 };

/* Brings the stored values near the weights again. */
static void rescale(hb_plastic *p, struct hb_lazy *z, size_t j) {
    size_t post = p->link->post->n;
    real *w = hb_weights(p) + j;
    for (size_t i = 0; i < p->link->pre->n; i++) w[i * post] = weight_at(p, z, i, j);
    set_scale(z, j, 1);
}

static void normalise_column(hb_plastic *p, struct hb_lazy *z, const hb_pair_room *room, size_t j) {
    double sum = sum_of(p, z, j) + (double)z->grown[j];
    double factor = sum > 0 ? p->norm / sum : 1;
    z->free_sum[j] += (double)z->freed[j];
    z->full[j] += z->filled[j];
    z->grown[j] = z->freed[j] = z->filled[j] = 0;
    if (fabs(factor - 1) < ROUNDING) factor = 1;
    if (factor < 1 && z->full[j] > 0) {
        shrink(p, z, room, j, factor);
    } else {
        set_scale(z, j, z->exact[j] * factor);
        z->free_sum[j] *= factor;
        z->top[j] *= (real)factor;
        if (z->top[j] >= p->high) measure(p, z, j);
    }
    if (z->exact[j] > SMALL || z->exact[j] < 1.0 / SMALL) rescale(p, z, j);
    settle(p, z, j);
}

/* Where both ends spike: all rows first, for the columns that take them along. */
static void keep_rows(hb_plastic *p, struct hb_lazy *z, hb_pair_room *room) {
    real *dw = hb_pairs_of(p)->dw + room->first;
    for (size_t r = 0; r < room->p_count; r++) {
        size_t i = room->p_list[r];
        for (size_t c = 0; p->reads_weight && c < room->n; c++)
            room->w[c] = weight_at(p, z, i, room->first + c);
        HB_R(hb_pairs_row_of)(p, room, room->w, i, NULL, room->n, dw + i * p->link->post->n);
    }
}
static void move_kept_rows(hb_plastic *p, struct hb_lazy *z, hb_pair_room *room) {
    for (size_t r = 0; r < room->p_count; r++) {
        size_t at = room->p_list[r] * p->link->post->n + room->first;
        real *dw = hb_pairs_of(p)->dw + at, *w = hb_weights(p) + at;
        for (size_t c = 0; c < room->n; c++) move(z, room->first + c, p->high, &w[c], dw[c]);
        memset(dw, 0, room->n * sizeof(real));
    }
}

/* A column that is as it should be stays so until somebody moves it. */
static void normalise(hb_plastic *p, struct hb_lazy *z, hb_pair_room *room, bool columns) {
    const hb_pairs *d = p->driver;
    bool few = room->settled && HB_R(hb_pairs_sparse)(p, room), settled = true;
    size_t n = few ? room->live_count : room->n;
    for (size_t c = 0; c < n; c++) {
        size_t j = few ? room->live_list[c] : room->first + c;
        bool touched = z->grown[j] != 0 || z->filled[j] != 0 || z->freed[j] != 0;
        bool spiked = columns && hb_bit(d->q, j);
        if ((touched || !z->settled[j]) && !spiked) normalise_column(p, z, room, j);
        settled &= z->settled[j] || hb_bit(d->live, j);
    }
    if (!few) room->settled = settled;
}

void HB_R(hb_lazy_step)(hb_plastic *p, hb_pair_room *room, bool rows, bool columns) {
    struct hb_lazy *z = hb_pairs_of(p)->lazy;
    bool both = rows && columns;
    if (both) keep_rows(p, z, room);
    for (size_t c = 0; columns && c < room->q_count; c++)
        move_column(p, z, room, room->q_list[c], both);
    if (both) move_kept_rows(p, z, room);
    for (size_t r = 0; rows && !columns && r < room->p_count; r++)
        move_row(p, z, room, room->p_list[r]);
    normalise(p, z, room, columns);
}

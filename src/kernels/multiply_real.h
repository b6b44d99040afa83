/* Included by multiply.body.c alone, once for each type of numbers. */

#define LANES      (VECTOR_BYTES / sizeof(REAL))
#define PANEL      (2 * LANES) /* columns of a tile */
#define MOST_WIDTH (HB_MULTIPLY_WIDTH / sizeof(REAL))

/* Parts of `count`, at most `most` each, that are about equal: none is too short to be worth it. */
INLINE size_t of(even)(size_t count, size_t most) {
    size_t parts = (count + most - 1) / most;
    return parts ? (count + parts - 1) / parts : 1;
}

/* ---- a b: tiles of the result in registers, over packed panels of b and packed rows of a ---- */

/* A tile of m rows and v vectors; b: [depth][v vectors]. Whole vectors are written. */
INLINE void of(tile)(int m, int v, REAL *c, size_t stride, const REAL *a, const REAL *b,
                     size_t depth) {
    VEC sum[TILE_ROWS][2];
    for (int r = 0; r < m; r++)
        for (int l = 0; l < v; l++) sum[r][l] = (VEC){0};
    for (size_t k = 0; k < depth; k++, b += (size_t)v * LANES) {
        VEC x[2];
        for (int l = 0; l < v; l++) x[l] = *(const VEC *)(b + l * (int)LANES);
        for (int r = 0; r < m; r++) {
            VEC factor = of(splat)(a[r * ROW_ROOM + (int)k]);
            for (int l = 0; l < v; l++) sum[r][l] = of(fma)(factor, x[l], sum[r][l]);
        }
    }
    for (int r = 0; r < m; r++)
        for (int l = 0; l < v; l++) {
            VEC *to = (VEC *)(c + (size_t)r * stride + l * (int)LANES);
            *to = *to + sum[r][l];
        }
}

#define ROWS_OF(m)                                                                                 \
    case m:                                                                                        \
        if (v == 2)                                                                                \
            of(tile)(m, 2, c, stride, a, b, depth);                                                \
        else                                                                                       \
            of(tile)(m, 1, c, stride, a, b, depth);                                                \
        break
static void of(any_tile)(size_t m, int v, REAL *c, size_t stride, const REAL *a, const REAL *b,
                         size_t depth) {
    switch (m) {
        ROWS_OF(1);
        ROWS_OF(2);
        ROWS_OF(3);
        ROWS_OF(4);
#if defined(__AVX2__)
        ROWS_OF(5);
        ROWS_OF(6);
#endif
#if defined(__AVX512F__)
        ROWS_OF(7);
        ROWS_OF(8);
        ROWS_OF(9);
        ROWS_OF(10);
        ROWS_OF(11);
        ROWS_OF(12);
        ROWS_OF(13);
        ROWS_OF(14);
#endif
    }
}
#undef ROWS_OF

/* Columns j .. j + width of b, `depth` long, as [depth][width, rounded up to vectors]. */
static void of(pack_panel)(REAL *to, size_t width, size_t depth, const of(hb_matrix) * b,
                           const REAL *from) {
    size_t row = (width + LANES - 1) / LANES * LANES;
    if (b->column == 1)
        for (size_t k = 0; k < depth; k++) {
            if (width == PANEL)
                memcpy(to + k * PANEL, from + k * b->row, PANEL * sizeof(REAL));
            else
                memcpy(to + k * row, from + k * b->row, width * sizeof(REAL));
        }
    else
        of(turn)(to, row, from, b->column, depth, width);
    for (size_t k = 0; k < depth && width < row; k++)
        memset(to + k * row + width, 0, (row - width) * sizeof(REAL));
}

static void of(pack_rows)(REAL *to, size_t rows, size_t depth, const of(hb_matrix) * a,
                          const REAL *from) {
    if (a->column == 1)
        for (size_t r = 0; r < rows; r++)
            memcpy(to + r * ROW_ROOM, from + r * a->row, depth * sizeof(REAL));
    else
        of(turn)(to, ROW_ROOM, from, a->column, rows, depth);
}

/* The tiles of a row of them, m high, `width` numbers wide. */
static void of(row_of_tiles)(REAL *c, size_t stride, size_t m, size_t width, size_t depth,
                             const REAL *a, const REAL *panels) {
    for (size_t j = 0; j < width; j += PANEL) {
        size_t here = width - j < PANEL ? width - j : PANEL;
        int v = here > LANES ? 2 : 1;
        const REAL *b = panels + j * depth;
        if (here == PANEL || here == LANES) {
            of(any_tile)(m, v, c + j, stride, a, b, depth);
            continue;
        }
        REAL edge[TILE_ROWS * PANEL] = {0}; /* whole vectors, which c does not have there */
        for (size_t r = 0; r < m; r++)
            memcpy(edge + r * PANEL, c + r * stride + j, here * sizeof(REAL));
        of(any_tile)(m, v, edge, PANEL, a, b, depth);
        for (size_t r = 0; r < m; r++)
            memcpy(c + r * stride + j, edge + r * PANEL, here * sizeof(REAL));
    }
}

void ALL(multiply)(REAL *c, size_t stride, size_t rows, size_t columns, size_t depth,
                   of(hb_matrix) a, of(hb_matrix) b, REAL *room) {
    REAL *panels = room + HB_MULTIPLY_ROWS * ROW_ROOM;
    size_t tall = of(even)(rows, TILE_ROWS), block = HB_MULTIPLY_ROWS / tall * tall;
    size_t deep = of(even)(depth, DEPTH), wide = of(even)(columns, MOST_WIDTH);
    wide = (wide + PANEL - 1) / PANEL * PANEL;
    for (size_t j = 0; j < columns; j += wide)
        for (size_t k = 0; k < depth; k += deep) {
            size_t width = columns - j < wide ? columns - j : wide;
            size_t here = depth - k < deep ? depth - k : deep;
            for (size_t i = 0; i < width; i += PANEL)
                of(pack_panel)(panels + i * here, width - i < PANEL ? width - i : PANEL, here, &b,
                               b.at + k * b.row + (j + i) * b.column);
            for (size_t i = 0; i < rows; i += block) {
                size_t high = rows - i < block ? rows - i : block;
                of(pack_rows)(room, high, here, &a, a.at + i * a.row + k * a.column);
                for (size_t r = 0; r < high; r += tall)
                    of(row_of_tiles)(c + (i + r) * stride + j, stride,
                                     high - r < tall ? high - r : tall, width, here,
                                     room + r * ROW_ROOM, panels);
            }
        }
}

/* ---- single elements of a product: those that bits ask for ---- */

/* sums[q] = a times row q of m; the rest of TOTALS_ROOM may be written, too. */
INLINE void of(some_dots)(int m, REAL *sums, const REAL *a, const REAL *const *rows, size_t n) {
    VEC sum[SHARED][PARTS];
    for (int q = 0; q < m; q++)
        for (int p = 0; p < PARTS; p++) sum[q][p] = (VEC){0};
    size_t j = 0;
    for (; j + PARTS * LANES <= n; j += PARTS * LANES)
        for (int p = 0; p < PARTS; p++) {
            VEC x = *(const VEC *)(a + j + p * (int)LANES);
            for (int q = 0; q < m; q++)
                sum[q][p] = of(fma)(x, *(const VEC *)(rows[q] + j + p * (int)LANES), sum[q][p]);
        }
    for (int p = 0; p < (int)PARTS && j < n; p++, j += LANES) {
        VEC x = of(part)(a + j, n - j);
        for (int q = 0; q < m; q++) sum[q][p] = of(fma)(x, of(part)(rows[q] + j, n - j), sum[q][p]);
    }
    of(totals)(m, sums, sum);
}

#define DOTS(m)                                                                                    \
    case m:                                                                                        \
        of(some_dots)(m, sums, a, rows, n);                                                        \
        break
void ALL(dots)(REAL *to, size_t stride, const REAL *a, const REAL *b, size_t b_stride, size_t n,
               const uint32_t *index, size_t count) {
    size_t most = of(even)(count, SHARED);
    for (size_t c = 0, here; c < count; c += here, index += here) {
        const REAL *rows[SHARED];
        REAL sums[TOTALS_ROOM] = {0};
        here = count - c < most ? count - c : most;
        for (size_t q = 0; q < here; q++) rows[q] = b + index[q] * b_stride;
        switch (here) {
            DOTS(1);
            DOTS(2);
#if defined(__AVX2__)
            DOTS(3);
            DOTS(4);
#endif
#if defined(__AVX512F__)
            DOTS(5);
            DOTS(6);
            DOTS(7);
            DOTS(8);
            DOTS(9);
            DOTS(10);
            DOTS(11);
            DOTS(12);
#endif
        }
        for (size_t q = 0; q < here; q++) to[index[q] * stride] += sums[q];
    }
}
#undef DOTS

/* So many rows of b at a time as stay in the nearest cache while rows of a pass by. */
enum { of(NEAR_) = 56 * 1024 / sizeof(REAL) };

void ALL(sample)(REAL *to, size_t stride, size_t rows, const REAL *a, size_t a_stride,
                 const REAL *b, size_t b_stride, size_t n, const uint64_t *bits) {
    size_t near = n * 64 > of(NEAR_) ? of(NEAR_) / n : 64;
    if (near < SHARED) near = SHARED;
    for (size_t t = 0; t < 64; t += near)
        for (size_t r = 0; r < rows; r++) {
            uint64_t some = bits[r] >> t << t;
            uint32_t index[64];
            size_t count = 0;
            if (t + near < 64) some &= ((uint64_t)1 << (t + near)) - 1;
            for (; some; some &= some - 1) index[count++] = (uint32_t)__builtin_ctzll(some);
            if (count) ALL(dots)(to + r, stride, a + r * a_stride, b, b_stride, n, index, count);
        }
}

/* ---- rows weighed by numbers: what few of many rows add up to ---- */

INLINE void of(weigh_tile)(const int V, REAL *to, size_t stride, const REAL *rows,
                           const uint32_t *starts, const uint16_t *entries, const REAL *values,
                           size_t count) {
    for (size_t i = 0; i < count; i++, to += stride) {
        size_t k = starts[i], end = starts[i + 1];
        if (k == end) continue;
        VEC sum[HB_TILE_VECTORS];
        for (int l = 0; l < V; l++) sum[l] = *(const VEC *)(to + l * (int)LANES);
        for (; k < end; k++) {
            const REAL *row = rows + entries[k] * (size_t)V * LANES;
            VEC factor = of(splat)(values[k]);
            for (int l = 0; l < V; l++)
                sum[l] = of(fma)(factor, *(const VEC *)(row + l * (int)LANES), sum[l]);
        }
        for (int l = 0; l < V; l++) *(VEC *)(to + l * (int)LANES) = sum[l];
    }
}

#define WEIGH(V)                                                                                   \
    case V:                                                                                        \
        of(weigh_tile)(V, to, stride, rows, starts, entries, values, count);                       \
        break
void ALL(weigh)(REAL *to, size_t stride, size_t width, const REAL *rows, const uint32_t *starts,
                const uint16_t *entries, const REAL *values, size_t count) {
    switch ((width + LANES - 1) / LANES) {
        WEIGH(1);
        WEIGH(2);
        WEIGH(3);
        WEIGH(4);
        WEIGH(5);
        WEIGH(6);
        WEIGH(7);
        WEIGH(8);
    }
}
#undef WEIGH

void ALL(transpose)(REAL *to, size_t to_stride, const REAL *from, size_t stride, size_t rows,
                    size_t count) {
    of(turn)(to, to_stride, from, stride, rows, count);
}

void ALL(fade)(REAL *to, ptrdiff_t to_stride, const REAL *from, ptrdiff_t stride, size_t width,
               size_t count, REAL decay, REAL *restrict carry) {
    VEC factor = of(splat)(decay);
    for (size_t t = 0; t < count; t++, to += to_stride, from += stride) {
        size_t j = 0;
        for (; j + LANES <= width; j += LANES) {
            VEC now = factor * *(const VEC *)(carry + j) + *(const VEC *)(from + j);
            *(VEC *)(carry + j) = now;
            *(VEC *)(to + j) = *(const VEC *)(to + j) + now;
        }
        for (; j < width; j++) {
            carry[j] = decay * carry[j] + from[j];
            to[j] += carry[j];
        }
    }
}

/* Where x is not decay times y (NULL: not 0): places and differences; returns how many. */
INLINE size_t of(jumps_of)(const REAL *x, const REAL *y, size_t width, REAL decay, uint16_t *places,
                           REAL *by) {
    size_t count = 0;
#if defined(__AVX512F__)
    for (size_t j = 0; j < width; j += LANES) {
        size_t here = width - j < LANES ? width - j : LANES;
        VEC jump = of(part)(x + j, here);
        if (y) jump = jump - of(splat)(decay) * of(part)(y + j, here);
        count += of(keep)(jump, j, places + count, by + count);
    }
#else
    REAL jump[64];
    for (size_t j = 0; j < width; j++) jump[j] = x[j];
    for (size_t j = 0; y && j < width; j++) jump[j] = jump[j] - decay * y[j];
    for (size_t j = 0; j < width; j++) {
        places[count] = (uint16_t)j;
        by[count] = jump[j];
        count += jump[j] != 0;
    }
#endif
    return count;
}

void ALL(list_jumps)(const REAL *rows, size_t stride, size_t width, size_t count, REAL decay,
                     bool ends, uint32_t *starts, uint16_t *entries, REAL *values) {
    size_t at = starts[0];
    for (size_t t = 0; t < count; t++, rows += stride) {
        at += of(jumps_of)(rows, ends && t + 1 == count ? NULL : rows + stride, width, decay,
                           entries + at, values + at);
        starts[t + 1] = (uint32_t)at;
    }
}

#undef LANES
#undef PANEL
#undef MOST_WIDTH

/* The kernels of every instruction set that this machine has, beside plain loops in double: odd
 * widths, unaligned, up to the last byte before a page that may not be touched. */
#define _GNU_SOURCE
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/random.h"
#include "guarded.h"
#include "scenes.h"

enum { SIZES = 12 };
static const size_t sizes[SIZES] = {1, 3, 4, 15, 16, 17, 33, 64, 100, 127, 128, 300};

/* Guarded room, which knows its size. */
typedef struct room {
    char *data;
    size_t size;
} room;

static room room_of(size_t size) { return (room){guarded(size), size}; }
static void leave(room *r) { unguard(r->data, r->size); }

static hb_stream stream;
static float number(void) { return (float)((double)hb_stream_u32(&stream) / 0x1p31 - 1); }
static room numbers(size_t count) {
    room r = room_of(count * sizeof(float));
    for (size_t i = 0; i < count; i++) ((float *)r.data)[i] = number();
    return r;
}
/* Rows of bits, n in each; the rest of a row's last word is 0. */
static room random_bits(size_t rows, size_t n, double density) {
    size_t words = (n + 63) / 64;
    room r = room_of(rows * words * 8);
    uint64_t *bits = (uint64_t *)(void *)r.data;
    for (size_t i = 0; i < rows * n; i++)
        bits[i / n * words + i % n / 64] |=
            (uint64_t)((double)hb_stream_u32(&stream) < density * 0x1p32) << i % n % 64;
    return r;
}

static void near_all(const float *got, const double *want, size_t n, const char *what, size_t size,
                     int cpu) {
    for (size_t i = 0; i < n; i++)
        if (!(fabs((double)got[i] - want[i]) <= 1e-5 * fmax(1, fabs(want[i]))))
            fail_msg("%s, %s, size %zu: %zu is %g, not %g", what, cpus[cpu], size, i,
                     (double)got[i], want[i]);
}

/* rows x sources bits times sources x width numbers: from lists and from tables (of all fours, or
 * of those that are used), within 1e-5 of plain sums, and the same bits. */
static void one_product(int cpu, size_t sources, size_t width, double density, float *first) {
    const hb_kernels *k = kernels_of(cpu);
    enum { ROWS = 9 };
    size_t words = (sources + 63) / 64, stride = width + 3;
    room weight = numbers((sources - 1) * stride + width), start = numbers(ROWS * width);
    room bits = random_bits(ROWS, sources, density);
    room listed = room_of(ROWS * width * 4), looked = room_of(ROWS * width * 4);
    room picked = room_of(ROWS * width * 4);
    size_t table_bytes = HB_TABLE_ROWS / 4 * 16 * k->tile_bytes;
    room table = room_of(table_bytes);
    const float *w = (float *)(void *)weight.data;
    float *a = (float *)(void *)listed.data, *b = (float *)(void *)looked.data;
    float *c = (float *)(void *)picked.data;
    const uint64_t *x = (uint64_t *)(void *)bits.data;
    double *want = calloc(ROWS * width, sizeof *want);
    uint64_t used[5] = {0};
    for (size_t i = 0; i < ROWS * words; i++) used[i % words] |= x[i];
    memset(table.data, 0xff, table_bytes); /* NaN: what is not built */
    memcpy(a, start.data, ROWS * width * 4);
    const float *from = width % 2 ? (float *)(void *)start.data : NULL; /* all rows begin with it */
    for (size_t r = 0; from && r < ROWS; r++) memcpy(a + r * width, from, width * 4);
    memcpy(b, a, ROWS * width * 4);
    memcpy(c, a, ROWS * width * 4);
    for (size_t i = 0; from && i < ROWS * width; i++) b[i] = c[i] = NAN;
    for (size_t r = 0; r < ROWS; r++) {
        uint32_t index[300 + HB_POSITIONS_SLACK];
        size_t count = k->positions(x + r * words, words, index), seen = 0;
        for (size_t j = 0; j < width; j++) want[r * width + j] = (double)a[r * width + j];
        for (size_t i = 0; i < sources; i++) {
            if (!(x[r * words + i / 64] >> i % 64 & 1)) continue;
            assert_int_equal(index[seen++], i);
            for (size_t j = 0; j < width; j++) want[r * width + j] += (double)w[i * stride + j];
        }
        assert_int_equal(seen, count);
        k->add_rows_f32(a + r * width, width, w, stride, index, count);
    }
    size_t tile = k->tile_bytes / sizeof(float), lanes = tile / HB_TILE_VECTORS;
    static uint16_t entries[ROWS * HB_TABLE_ROWS + HB_POSITIONS_SLACK + 5];
    for (size_t j = 0; j < width; j += tile)
        for (size_t i = 0; i < sources; i += HB_TABLE_ROWS) {
            uint32_t starts[ROWS + 1] = {0};
            size_t here = width - j < tile ? width - j : tile;
            size_t rows = sources - i < HB_TABLE_ROWS ? sources - i : HB_TABLE_ROWS;
            k->build_tables_f32((float *)(void *)table.data, here, w + i * stride + j, stride, rows,
                                sources % 2 ? used + i / 64 : NULL);
            k->list_fours(x + i / 64, words, (rows + 63) / 64, ROWS, starts, entries);
            const float *begin = from && !i ? from + j : NULL;
            k->look_up_f32(b + j, width, here, begin, (float *)(void *)table.data, starts, entries,
                           ROWS);
            /* packed rows end with whole vectors */
            size_t entry = (here + lanes - 1) / lanes * lanes;
            float *packed = (float *)(void *)(table.data + table_bytes) - rows * entry;
            for (size_t r = 0; r < rows; r++)
                memcpy(packed + r * entry, w + (i + r) * stride + j, here * 4);
            starts[0] = 5; /* lists may begin anywhere */
            k->list_ones(x + i / 64, words, (rows + 63) / 64, ROWS, starts, entries);
            k->pick_f32(c + j, width, here, begin, packed, starts, entries, ROWS);
        }
    near_all(a, want, ROWS * width, "add_rows", width, cpu);
    assert_memory_equal(a, b, ROWS * width * 4);
    assert_memory_equal(a, c, ROWS * width * 4);
    if (cpu == 0) memcpy(first, a, ROWS * width * 4);
    assert_memory_equal(a, first, ROWS * width * 4); /* as the baseline */
    free(want);
    room *all[] = {&weight, &start, &bits, &listed, &looked, &picked, &table};
    for (size_t i = 0; i < 7; i++) leave(all[i]);
}

static void products_are_plain_sums(void **state) {
    (void)state;
    static float first[9 * 300];
    static const double densities[] = {0, 0.03, 0.3, 1};
    for (size_t s = 0; s < SIZES; s++)
        for (size_t w = 0; w < SIZES; w++)
            for (size_t d = 0; d < 4; d++)
                for (int cpu = 0; cpu < CPUS; cpu++) {
                    hb_stream_init(&stream, 7, 0, (uint32_t)(s * SIZES + w), (uint32_t)d);
                    one_product(cpu, sizes[s], sizes[w], densities[d], first);
                }
}

/* squeeze, spread and nonzero leave out what they should, and touch nothing else. */
static void squeezed_rows_come_back(void **state) {
    (void)state;
    for (size_t s = 0; s < SIZES; s++)
        for (int cpu = 0; cpu < CPUS; cpu++) {
            const hb_kernels *k = kernels_of(cpu);
            size_t n = sizes[s], words = (n + 63) / 64, count = 0;
            hb_stream_init(&stream, 8, 0, (uint32_t)s, 0);
            room from = numbers(n), to = numbers(n), bits = random_bits(1, n, 0.4);
            room small = room_of((n + HB_POSITIONS_SLACK) * 4), found = room_of(words * 8);
            room tight = room_of(n * 4);
            float *x = (float *)(void *)from.data, *y = (float *)(void *)to.data;
            uint64_t *b = (uint64_t *)(void *)bits.data, *f = (uint64_t *)(void *)found.data;
            double want[300];
            float *z = (float *)(void *)small.data;
            size_t got = k->squeeze_f32(z, x, b, n);
            for (size_t j = 0; j < n; j++) {
                want[j] = (double)y[j];
                if (!(b[j / 64] >> j % 64 & 1)) continue;
                assert_memory_equal(&z[count++], &x[j], 4);
                want[j] += (double)x[j];
            }
            assert_int_equal(got, count);
            float *end = (float *)(void *)(tight.data + 4 * (n - count)); /* to the last number */
            memcpy(end, z, count * 4);
            k->spread_f32(y, end, b, n);
            near_all(y, want, n, "spread", n, cpu);
            for (size_t j = 0; j < n; j++)
                if (!(b[j / 64] >> j % 64 & 1)) x[j] = j % 2 ? 0.0f : -0.0f;
            k->nonzero_f32(x, 1, n, f);
            assert_memory_equal(f, b, words * 8);
            room *all[] = {&from, &to, &bits, &small, &found, &tight};
            for (size_t i = 0; i < 6; i++) leave(all[i]);
        }
}

static void turned_bits(void **state) {
    (void)state;
    for (int cpu = 0; cpu < CPUS; cpu++)
        for (size_t count = 0; count <= 64; count += 8 - count % 3) {
            const hb_kernels *k = kernels_of(cpu);
            hb_stream_init(&stream, 9, 0, (uint32_t)count, 0);
            room bits = random_bits(64, 100, 0.2);
            const uint64_t *x = (uint64_t *)(void *)bits.data + 2 * (64 - count);
            uint64_t turned[128], kept = 0xfffffffffffff0ffu;
            size_t apart = 1 + count % 2, sums[2] = {5, 7}, ones = 5, fours = 7, again[2] = {0};
            uint64_t some = k->turn(turned, apart, x, 2, count, kept, sums);
            for (size_t j = 0; j < 64; j++) assert_int_equal(some >> j & 1, turned[apart * j] != 0);
            for (size_t j = 0; j < 64; j++) {
                for (size_t i = 0; i < 64; i++) {
                    uint64_t want = i < count ? (x[2 * i] & kept) >> j & 1 : 0;
                    assert_int_equal(turned[apart * j] >> i & 1, want);
                    ones += (size_t)want;
                }
                for (size_t i = 0; i < 64; i += 4) fours += (turned[apart * j] >> i & 15) != 0;
                k->count(&turned[apart * j], 1, again);
            }
            assert_int_equal(sums[0], ones);
            assert_int_equal(sums[1], fours);
            assert_int_equal(again[0] + 5, ones);
            assert_int_equal(again[1] + 7, fours);
            k->turn(turned, 1, turned, apart, 64, ~(uint64_t)0, NULL); /* and back, uncounted */
            for (size_t i = 0; i < count; i++) assert_int_equal(turned[i], x[2 * i] & kept);
            leave(&bits);
        }
}

/* ---- products of real numbers ---- */

/* rows x columns += a b, where each factor may lie the other way round: within 1e-5 of plain sums,
 * nothing beside the result touched, and the same bits wherever the set can fuse. */
static void one_multiply(int cpu, size_t rows, size_t columns, size_t depth, bool a_turned,
                         bool b_turned, float *fused) {
    const hb_kernels *k = kernels_of(cpu);
    size_t a_stride = (a_turned ? rows : depth) + 3, b_stride = (b_turned ? depth : columns) + 1;
    size_t stride = columns + 2, size = (rows - 1) * stride + columns;
    size_t a_size = ((a_turned ? depth : rows) - 1) * a_stride + (a_turned ? rows : depth);
    room a = numbers(a_size);
    room b = numbers(((b_turned ? columns : depth) - 1) * b_stride + (b_turned ? depth : columns));
    room c = numbers(size), work = room_of(hb_multiply_room(columns, sizeof(float)));
    hb_matrix_f32 x = {(float *)(void *)a.data, a_turned ? 1 : a_stride, a_turned ? a_stride : 1};
    hb_matrix_f32 y = {(float *)(void *)b.data, b_turned ? 1 : b_stride, b_turned ? b_stride : 1};
    float *z = (float *)(void *)c.data, *small = (float *)(void *)a.data;
    double *want = malloc(size * sizeof *want);
    for (size_t i = 0; i < a_size; i++) small[i] /= sqrtf((float)depth); /* sums of about 1 */
    for (size_t i = 0; i < size; i++) want[i] = (double)z[i];
    for (size_t i = 0; i < rows; i++)
        for (size_t q = 0; q < depth; q++)
            for (size_t j = 0; j < columns; j++)
                want[i * stride + j] +=
                    (double)x.at[i * x.row + q * x.column] * (double)y.at[q * y.row + j * y.column];
    memset(work.data, 0xff, hb_multiply_room(columns, sizeof(float))); /* not numbers */
    k->multiply_f32(z, stride, rows, columns, depth, x, y, (float *)(void *)work.data);
    near_all(z, want, size, "multiply", columns, cpu);
    for (size_t i = columns; i < size; i += stride)
        for (size_t q = i; q < i + 2 && q < size; q++) assert_true((double)z[q] == want[q]);
    if (cpu == 1) memcpy(fused, z, size * sizeof *z);
    if (cpu == 2) assert_memory_equal(z, fused, size * sizeof *z);
    free(want);
    room *all[] = {&a, &b, &c, &work};
    for (size_t i = 0; i < 4; i++) leave(all[i]);
}

static void one_multiply_f64(int cpu, size_t rows, size_t columns, size_t depth, bool turned) {
    const hb_kernels *k = kernels_of(cpu);
    room a = room_of(rows * depth * 8), b = room_of(depth * columns * 8);
    room c = room_of(rows * columns * 8), work = room_of(hb_multiply_room(columns, sizeof(double)));
    double *x = (double *)(void *)a.data, *y = (double *)(void *)b.data;
    double *z = (double *)(void *)c.data;
    for (size_t i = 0; i < rows * depth; i++) x[i] = (double)number();
    for (size_t i = 0; i < depth * columns; i++) y[i] = (double)number();
    k->multiply_f64(
        z, columns, rows, columns, depth, (hb_matrix_f64){x, turned ? 1 : depth, turned ? rows : 1},
        (hb_matrix_f64){y, turned ? 1 : columns, turned ? depth : 1}, (double *)(void *)work.data);
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < columns; j++) {
            double want = 0;
            for (size_t q = 0; q < depth; q++)
                want += x[turned ? q * rows + i : i * depth + q] *
                        y[turned ? j * depth + q : q * columns + j];
            if (!(fabs(z[i * columns + j] - want) <= 1e-13 * (double)depth))
                fail_msg("%s: %zu %zu of %zu x %zu x %zu is %g, not %g", cpus[cpu], i, j, rows,
                         columns, depth, z[i * columns + j], want);
        }
    room *all[] = {&a, &b, &c, &work};
    for (size_t i = 0; i < 4; i++) leave(all[i]);
}

static void matrices_multiply(void **state) {
    (void)state;
    enum { MOST = 300 * 302 };
    float *fused = malloc(MOST * sizeof *fused);
    static const size_t deep[] = {1, 9, 64, 257, 530};
    for (size_t r = 0; r < SIZES; r++)
        for (size_t c = 0; c < SIZES; c++)
            for (int way = 0; way < 4; way++)
                for (int cpu = 0; cpu < CPUS; cpu++) {
                    size_t depth = deep[(r + 2 * c) % 5];
                    hb_stream_init(&stream, 11, 0, (uint32_t)(r * SIZES + c), (uint32_t)way);
                    one_multiply(cpu, sizes[r], sizes[c], depth, way & 1, way & 2, fused);
                    if (way < 2) one_multiply_f64(cpu, sizes[r], sizes[c], depth, way);
                }
    for (int cpu = 0; cpu < CPUS; cpu++) { /* more columns than are packed at a time */
        hb_stream_init(&stream, 11, 1, 0, 0);
        one_multiply(cpu, 61, 1100, 70, false, true, fused);
        hb_stream_init(&stream, 11, 1, 0, 0);
        one_multiply_f64(cpu, 61, 600, 70, false);
    }
    free(fused);
}

/* Products of rows of a and rows of b, where bits ask for them; rows that none asks for, and what
 * lies between rows, are not numbers. */
static void one_sample(int cpu, size_t rows, size_t n, double density, float *fused) {
    const hb_kernels *k = kernels_of(cpu);
    enum { STEPS = 64, GAP = 3 };
    size_t a_stride = n + GAP, b_stride = n + 1, stride = rows + 2;
    size_t size = (STEPS - 1) * stride + rows;
    room a = numbers((rows - 1) * a_stride + n), b = numbers((STEPS - 1) * b_stride + n);
    room to = numbers(size), asked = random_bits(rows, STEPS, density);
    float *x = (float *)(void *)a.data, *y = (float *)(void *)b.data;
    float *z = (float *)(void *)to.data;
    double *want = malloc(size * sizeof *want);
    uint64_t *bits = (uint64_t *)(void *)asked.data, any = 0;
    bits[rows / 2] = 0;
    for (size_t i = 0; i < size; i++) want[i] = (double)z[i];
    for (size_t r = 0; r < rows; r++) {
        any |= bits[r];
        for (size_t j = 0; j < a_stride && (j < n || r + 1 < rows); j++)
            if (j >= n || !bits[r]) x[r * a_stride + j] = NAN;
        for (size_t t = 0; t < STEPS; t++)
            for (size_t j = 0; j < n && bits[r] >> t & 1; j++)
                want[t * stride + r] += (double)x[r * a_stride + j] * (double)y[t * b_stride + j];
    }
    for (size_t t = 0; t < STEPS; t++)
        for (size_t j = 0; j < n && !(any >> t & 1); j++) y[t * b_stride + j] = NAN;
    k->sample_f32(z, stride, rows, x, a_stride, y, b_stride, n, bits);
    near_all(z, want, size, "sample", n, cpu);
    if (cpu == 1) memcpy(fused, z, size * sizeof *z);
    if (cpu == 2) assert_memory_equal(z, fused, size * sizeof *z);
    uint32_t index[STEPS + HB_POSITIONS_SLACK];
    size_t count = k->positions(bits, 1, index);
    for (size_t c = 0; c < count; c++)
        for (size_t j = 0; j < n; j++)
            want[index[c] * stride] += (double)x[j] * (double)y[index[c] * b_stride + j];
    k->dots_f32(z, stride, x, y, b_stride, n, index, count);
    near_all(z, want, size, "dots", n, cpu);
    free(want);
    room *all[] = {&a, &b, &to, &asked};
    for (size_t i = 0; i < 4; i++) leave(all[i]);
}

static void one_sample_f64(int cpu, size_t n) {
    const hb_kernels *k = kernels_of(cpu);
    enum { STEPS = 64, ROWS = 2 };
    room a = room_of(ROWS * n * 8), b = room_of(STEPS * n * 8), to = room_of(ROWS * STEPS * 8);
    double *x = (double *)(void *)a.data, *y = (double *)(void *)b.data;
    double *z = (double *)(void *)to.data;
    uint64_t bits[ROWS] = {0x8000f0f00dd1ffffu, 0x70u};
    for (size_t i = 0; i < ROWS * n; i++) x[i] = (double)number();
    for (size_t i = 0; i < STEPS * n; i++) y[i] = (double)number();
    k->sample_f64(z, ROWS, ROWS, x, n, y, n, n, bits);
    for (size_t r = 0; r < ROWS; r++)
        for (size_t t = 0; t < STEPS; t++) {
            double want = 0;
            for (size_t j = 0; j < n && bits[r] >> t & 1; j++) want += x[r * n + j] * y[t * n + j];
            assert_true(fabs(z[t * ROWS + r] - want) <= 1e-13 * (double)n);
        }
    const uint32_t some[] = {0, 3, 4, 9, 63};
    double before[5];
    for (size_t i = 0; i < 5; i++) before[i] = z[some[i] * ROWS];
    k->dots_f64(z, ROWS, x, y, n, n, some, 5);
    for (size_t i = 0; i < 5; i++) {
        for (size_t j = 0; j < n; j++) before[i] += x[j] * y[some[i] * n + j];
        assert_true(fabs(z[some[i] * ROWS] - before[i]) <= 1e-13 * (double)n);
    }
    room *all[] = {&a, &b, &to};
    for (size_t i = 0; i < 3; i++) leave(all[i]);
}

static void elements_are_sampled(void **state) {
    (void)state;
    static float fused[64 * 66];
    static const double densities[] = {0, 0.05, 0.3, 1};
    for (size_t s = 0; s < SIZES; s++)
        for (size_t r = 0; r < SIZES && sizes[r] <= 64; r++)
            for (size_t d = 0; d < 4; d++)
                for (int cpu = 0; cpu < CPUS; cpu++) {
                    hb_stream_init(&stream, 12, 0, (uint32_t)(s * SIZES + r), (uint32_t)d);
                    one_sample(cpu, sizes[r], sizes[s], densities[d], fused);
                    if (d == 0 && r == 0) one_sample_f64(cpu, sizes[s]);
                }
}

/* ---- jumps ---- */

/* Rows that fade but for some jumps: what is listed of them, weighed and faded again, is a product
 * of the rows themselves. Once in float, once in double. */
#define JUMPS(R, type)                                                                             \
    static void jumps_##R(int cpu, size_t rows, size_t n, size_t width, bool ends,                 \
                          double tolerance) {                                                      \
        const hb_kernels *k = kernels_of(cpu);                                                     \
        size_t lanes = k->tile_bytes / HB_TILE_VECTORS / sizeof(type);                             \
        size_t entry = (width + lanes - 1) / lanes * lanes, stride = n + 3;                        \
        room from = room_of(((rows + !ends - 1) * stride + n) * sizeof(type));                     \
        room weight = room_of((n - 1 + n * width) * sizeof(type));                                 \
        room packed = room_of(n * entry * sizeof(type)), carry = room_of(width * sizeof(type));    \
        room sums = room_of(rows * entry * sizeof(type)),                                          \
             to = room_of(rows * width * sizeof(type));                                            \
        room starts = room_of((rows + 1) * 4);                                                     \
        room places = room_of((rows * n + HB_POSITIONS_SLACK) * 2);                                \
        room by = room_of((rows * n + HB_POSITIONS_SLACK) * sizeof(type));                         \
        type *x = (type *)(void *)from.data, *w = (type *)(void *)weight.data;                     \
        type *p = (type *)(void *)packed.data, *c = (type *)(void *)carry.data;                    \
        type *s = (type *)(void *)sums.data, *z = (type *)(void *)to.data;                         \
        uint32_t *first = (uint32_t *)(void *)starts.data;                                         \
        size_t jumped = 0, last = rows + !ends;                                                    \
        for (size_t i = 0; i < last * stride - 3; i++) x[i] = NAN;                                 \
        for (size_t j = 0; j < n; j++)                                                             \
            for (size_t t = last; t-- > 0;) {                                                      \
                bool jump = number() > 0.6f;                                                       \
                type after = t + 1 < last ? (type)0.9 * x[(t + 1) * stride + j] : 0;               \
                x[t * stride + j] = jump ? (type)number() : after;                                 \
                jumped += t < rows && (jump || (t + 1 == last && after != 0));                     \
            }                                                                                      \
        for (size_t i = 0; i < n - 1 + n * width; i++) w[i] = (type)number();                      \
        memset(c, 0, width * sizeof *c), memset(s, 0, rows *entry * sizeof *s);                    \
        memset(p, 0, n *entry * sizeof *p);                                                        \
        for (size_t i = 0; i < rows * width; i++) z[i] = (type)(i % 7);                            \
        first[0] = 0;                                                                              \
        k->list_jumps_##R(x, stride, n, rows, (type)0.9, ends, first,                              \
                          (uint16_t *)(void *)places.data, (type *)(void *)by.data);               \
        assert_int_equal(first[rows], jumped);                                                     \
        k->transpose_##R(p, entry, w, n, n, width);                                                \
        for (size_t j = 0; j < n; j++)                                                             \
            for (size_t i = 0; i < width; i++) assert_true(p[j * entry + i] == w[i * n + j]);      \
        k->weigh_##R(s, entry, width, p, first, (uint16_t *)(void *)places.data,                   \
                     (type *)(void *)by.data, rows);                                               \
        for (size_t i = 0; i < width && !ends; i++) /* what comes after the rows */                \
            for (size_t j = 0; j < n; j++) c[i] += x[rows * stride + j] * w[i * n + j];            \
        k->fade_##R(z + (rows - 1) * width, -(ptrdiff_t)width, s + (rows - 1) * entry,             \
                    -(ptrdiff_t)entry, width, rows, (type)0.9, c);                                 \
        for (size_t t = 0; t < rows; t++)                                                          \
            for (size_t i = 0; i < width; i++) {                                                   \
                double want = (double)((t * width + i) % 7);                                       \
                for (size_t j = 0; j < n; j++)                                                     \
                    want += (double)x[t * stride + j] * (double)w[i * n + j];                      \
                if (!(fabs((double)z[t * width + i] - want) <= tolerance))                         \
                    fail_msg("jumps, %s, %zu rows of %zu, %zu sums: %g, not %g", cpus[cpu], rows,  \
                             n, width, (double)z[t * width + i], want);                            \
            }                                                                                      \
        room *all[] = {&from, &weight, &packed, &carry, &sums, &to, &starts, &places, &by};        \
        for (size_t i = 0; i < 9; i++) leave(all[i]);                                              \
    }
JUMPS(f32, float)
JUMPS(f64, double)

static void jumps_are_the_rows(void **state) {
    (void)state;
    for (int cpu = 0; cpu < CPUS; cpu++)
        for (size_t n = 0; n < SIZES && sizes[n] <= 64; n++)
            for (size_t s = 0; s < SIZES; s++) {
                size_t most = kernels_of(cpu)->tile_bytes / sizeof(float), width = sizes[s];
                hb_stream_init(&stream, 13, 0, (uint32_t)n, (uint32_t)s);
                if (width <= most) jumps_f32(cpu, sizes[s] % 40 + 1, sizes[n], width, s & 1, 1e-5);
                if (width <= most / 2)
                    jumps_f64(cpu, sizes[s] % 40 + 1, sizes[n], width, s & 1, 1e-13);
            }
}

/* ---- whole networks ---- */

/* What a run gave, as numbers, and after them the gradients. */
static size_t first_run(stage *s, bytes *out) {
    for (size_t i = 0; i < MONITORS; i++) add_monitor(s, monitors[i], out);
    size_t outputs = out->count;
    add_gradients(s, out);
    return outputs;
}

/* What the first run of a network gave, its gradients, and all of it after learning on. Returns
 * where the gradients begin. */
static size_t trace(const scene *w, int cpu, bytes *first, bytes *last) {
    stage s;
    setenv("HEBB_CPU", cpus[cpu], 1);
    scene_build(&s, w, &(setup){.batch = 24, .steps = 50});
    unsetenv("HEBB_CPU");
    MUST(&s, scene_input(&s));
    MUST(&s, scene_learn(&s, 50));
    size_t outputs = first_run(&s, first);
    for (int i = 0; i < 2; i++) MUST(&s, scene_learn(&s, 50));
    add_outputs(&s, last);
    add_parameters(&s, last);
    scene_free(&s);
    return outputs;
}

static void near_numbers(const bytes *a, const bytes *b, size_t from, const char *name) {
    assert_int_equal(a->count, b->count);
    size_t n = (a->count - from) / sizeof(double);
    const double *x = (double *)(void *)(a->data + from), *y = (double *)(void *)(b->data + from);
    double largest = 0;
    for (size_t i = 0; i < n; i++) largest = fmax(largest, fabs(y[i]));
    for (size_t i = 0; i < n; i++)
        if (!(fabs(x[i] - y[i]) <= 1e-5 * largest))
            fail_msg("%s: %g beside the baseline's %g", name, x[i], y[i]);
}

/* AVX2 and AVX-512 give the same bits throughout. The baseline, which cannot fuse, gives the same
 * as long as bits are multiplied, and what differs by rounding where numbers are: in gradients,
 * and in scenes of real numbers. */
static void networks_agree_on_all(void **state) {
    (void)state;
    for (size_t i = 0; i < SCENES; i++) {
        bytes first[CPUS] = {{0}}, last[CPUS] = {{0}};
        size_t outputs = 0;
        for (int cpu = 0; cpu < CPUS; cpu++)
            outputs = trace(&scenes[i], cpu, &first[cpu], &last[cpu]);
        for (int cpu = 1; cpu < CPUS; cpu++) {
            assert_int_equal(first[0].count, first[cpu].count);
            if (!scenes[i].real && memcmp(first[0].data, first[cpu].data, outputs) != 0)
                fail_msg("%s: %s differs from the baseline", scenes[i].name, cpus[cpu]);
            near_numbers(&first[cpu], &first[0], scenes[i].real ? 0 : outputs, scenes[i].name);
        }
        if (kernels_of(1) != kernels_of(0)) {
            bytes_equal(&first[1], &first[2], scenes[i].name, "AVX2 and AVX-512");
            bytes_equal(&last[1], &last[2], scenes[i].name, "AVX2 and AVX-512, after learning");
        }
        for (int cpu = 0; cpu < CPUS; cpu++) bytes_free(&first[cpu]), bytes_free(&last[cpu]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(products_are_plain_sums),
                                       cmocka_unit_test(squeezed_rows_come_back),
                                       cmocka_unit_test(turned_bits),
                                       cmocka_unit_test(matrices_multiply),
                                       cmocka_unit_test(elements_are_sampled),
                                       cmocka_unit_test(jumps_are_the_rows),
                                       cmocka_unit_test(networks_agree_on_all)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

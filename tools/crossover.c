/* Measures what hb_costs of src/kernels/kernels.h states: bits[M][K] times floats[K][N] by lists,
 * by tables, by packed rows and by BLAS, at densities from 0.5 to 0.01. One line a case:
 * nanoseconds a row of bits, the best of several passes in CPU time, and which way the shipped
 * costs would take. Then products of numbers, beside a multiply-add, and masks, beside spikes that
 * are found. crossover FILE.png draws the middle shape at many densities instead. HEBB_CPU picks
 * the instruction set. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/random.h"
#include "kernels/blas.h"
#include "kernels/kernels.h"
#include "plot/plot.h"

enum { POINTS = 25, PASSES = 10 };

typedef struct trial {
    const hb_kernels *k;
    size_t M, K, N, words;
    uint64_t *bits;
    float *dense, *weight, *to, *table;
    uint32_t *index, *starts;
    uint16_t *entries;
} trial;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void by_lists(const trial *q) {
    for (size_t r = 0; r < q->M; r++) {
        size_t count = q->k->positions(q->bits + r * q->words, q->words, q->index);
        q->k->add_rows_f32(q->to + r * q->N, q->N, q->weight, q->N, q->index, count);
    }
}

/* As the engine has it: lists of all rows first, for one run of words after another. */
static void by_tiles(const trial *q, hb_way way) {
    size_t tile = q->k->tile_bytes / sizeof(float), lanes = tile / HB_TILE_VECTORS;
    size_t per = way == HB_LOOKED_UP ? HB_TABLE_WORDS : HB_PACKED_WORDS;
    uint32_t *starts = q->starts;
    starts[0] = 0;
    for (size_t w = 0; w < q->words; w += per, starts += q->M + 1, starts[0] = starts[-1])
        (way == HB_LOOKED_UP ? q->k->list_fours : q->k->list_ones)(
            q->bits + w, q->words, q->words - w < per ? q->words - w : per, q->M, starts,
            q->entries);
    for (size_t j = 0; j < q->N; j += tile) {
        size_t width = q->N - j < tile ? q->N - j : tile,
               entry = (width + lanes - 1) / lanes * lanes;
        starts = q->starts;
        for (size_t i = 0; i < q->K; i += 64 * per, starts += q->M + 1) {
            size_t rows = q->K - i < 64 * per ? q->K - i : 64 * per;
            const float *weight = q->weight + i * q->N + j;
            if (way == HB_LOOKED_UP)
                q->k->build_tables_f32(q->table, width, weight, q->N, rows, NULL);
            for (size_t r = 0; way == HB_PICKED && r < rows; r++)
                memcpy(q->table + r * entry, weight + r * q->N, width * sizeof(float));
            (way == HB_LOOKED_UP ? q->k->look_up_f32 : q->k->pick_f32)(
                q->to + j, q->N, width, NULL, q->table, starts, q->entries, q->M);
        }
    }
}
static void by_tables(const trial *q) { by_tiles(q, HB_LOOKED_UP); }
static void by_packed(const trial *q) { by_tiles(q, HB_PICKED); }

static void by_blas(const trial *q) {
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (int)q->M, (int)q->N, (int)q->K, 1,
                q->dense, (int)q->K, q->weight, (int)q->N, 1, q->to, (int)q->N);
}

enum { WAYS = 4 };
static void (*const ways[WAYS])(const trial *) = {by_lists, by_tables, by_packed, by_blas};
static const char *const names[WAYS] = {"lists", "tables", "packed", "sgemm"};

/* Nanoseconds a row; `least` of earlier passes, if that is less. */
static double best(const trial *q, void (*way)(const trial *), int passes, double least) {
    while (passes-- > 0) {
        double start = now();
        way(q);
        double took = (now() - start) / (double)q->M;
        if (took < least) least = took;
    }
    return least;
}

static void draw(trial *q, double density) {
    hb_stream stream;
    hb_stream_init(&stream, 1, 0, 0, 0);
    memset(q->bits, 0, q->M * q->words * 8);
    for (size_t r = 0; r < q->M; r++)
        for (size_t i = 0; i < q->K; i++) {
            uint64_t on = (double)hb_stream_u32(&stream) < density * 0x1p32;
            q->bits[r * q->words + i / 64] |= on << i % 64;
            q->dense[r * q->K + i] = (float)on;
        }
}

static void measure(trial *q) {
    static const double densities[] = {0.5, 0.3, 0.2, 0.1, 0.05, 0.02, 0.01};
    for (size_t d = 0; d < sizeof densities / sizeof *densities; d++) {
        size_t counts[2] = {0};
        draw(q, densities[d]);
        q->k->count(q->bits, q->M * q->words, counts);
        hb_sums sums = {counts[0], counts[1], q->M, q->words, q->K, q->K};
        int way = hb_way_of(q->k, &sums);
        if (hb_cost(q->k, &sums, HB_LISTED) < hb_cost(q->k, &sums, (hb_way)way)) way = HB_LISTED;
        double ns[WAYS];
        for (int k = 0; k < WAYS; k++) ns[k] = best(q, ways[k], PASSES, 1e300);
        printf("%-9s %6zu %5zu %5zu %8.2f %9.0f %9.0f %9.0f %9.0f   %s\n", q->k->name, q->M, q->K,
               q->N, densities[d], ns[0], ns[1], ns[2], ns[3], names[way]);
    }
}

/* ---- products of numbers, where few are asked for or few are not 0 ---- */

enum { ROWS = 640, DEPTH = 768, COLUMNS = 768, BLOCK = 64 };

typedef struct numbers {
    const hb_kernels *k;
    float *a, *b, *to, *room, *values; /* a[ROWS][DEPTH], b[COLUMNS][DEPTH] */
    uint64_t *bits;
    uint32_t *starts;
    uint16_t *entries;
    double done; /* multiply-adds, or numbers moved, by the last way */
} numbers;

static void by_multiply(numbers *q) {
    hb_matrix_f32 a = {q->a, DEPTH, 1}, b = {q->b, 1, DEPTH};
    q->k->multiply_f32(q->to, COLUMNS, ROWS, COLUMNS, DEPTH, a, b, q->room);
    q->done = (double)ROWS * COLUMNS * DEPTH;
}
/* Three in ten of the elements, 64 x 64 of them at a time. */
static void by_sample(numbers *q) {
    size_t asked[2] = {0};
    for (size_t i = 0; i < COLUMNS; i += BLOCK)
        for (size_t t = 0; t < ROWS; t += BLOCK) {
            const uint64_t *bits = q->bits + (i / BLOCK * (ROWS / BLOCK) + t / BLOCK) * BLOCK;
            q->k->sample_f32(q->to + t * COLUMNS + i, COLUMNS, BLOCK, q->b + i * DEPTH, DEPTH,
                             q->a + t * DEPTH, DEPTH, DEPTH, bits);
            q->k->count(bits, BLOCK, asked);
        }
    q->done = (double)asked[0] * DEPTH;
}
/* As many jumps, a tile of columns and 64 of the depth at a time. */
static void by_weigh(numbers *q) {
    size_t tile = q->k->tile_bytes / sizeof(float), jumps = 0;
    for (size_t i = 0; i < COLUMNS; i += tile)
        for (size_t j = 0; j < DEPTH; j += BLOCK) {
            const uint32_t *starts = q->starts + j / BLOCK * (ROWS + 1);
            q->k->weigh_f32(q->to, tile, tile, q->room, starts, q->entries, q->values, ROWS);
            jumps += starts[ROWS] - starts[0];
        }
    q->done = (double)jumps * (double)tile;
}
static void by_turning(numbers *q) {
    size_t tile = q->k->tile_bytes / sizeof(float);
    for (size_t i = 0; i < COLUMNS; i += tile)
        for (size_t j = 0; j < DEPTH; j += BLOCK)
            q->k->transpose_f32(q->room, tile, q->b + i * DEPTH + j, DEPTH, BLOCK, tile);
    q->done = (double)COLUMNS * DEPTH;
}
/* Six in ten are left of each row. */
static void by_squeezing(numbers *q) {
    for (size_t i = 0; i < COLUMNS; i++)
        q->k->squeeze_f32(q->room, q->b + i * DEPTH, q->bits + i * (DEPTH / 64), DEPTH);
    q->done = (double)COLUMNS * DEPTH;
}

static void draw_numbers(numbers *q) {
    hb_stream stream;
    hb_stream_init(&stream, 2, 0, 0, 0);
    for (size_t i = 0; i < (size_t)ROWS * DEPTH; i++) q->a[i] = (float)(i % 89) / 89 - 0.5f;
    for (size_t i = 0; i < (size_t)COLUMNS * DEPTH; i++) q->b[i] = (float)(i % 97) / 97 - 0.5f;
    for (size_t i = 0; i < (size_t)COLUMNS * DEPTH; i++)
        q->bits[i / 64] |= (uint64_t)((double)hb_stream_u32(&stream) < 0.3 * 0x1p32) << i % 64;
    uint32_t at = 0, *starts = q->starts;
    for (size_t j = 0; j < DEPTH; j += BLOCK, starts++)
        for (size_t t = 0; t < ROWS; t++) {
            *starts++ = at;
            for (uint16_t i = 0; i < BLOCK; i++)
                if ((double)hb_stream_u32(&stream) < 0.2 * 0x1p32) q->entries[at++] = i;
            *starts = at;
        }
    for (uint32_t k = 0; k < at; k++) q->values[k] = (float)(k % 31) / 31 - 0.5f;
}

static int measure_numbers(void) {
    static const struct {
        const char *name;
        void (*way)(numbers *);
    } all[] = {{"multiply", by_multiply},
               {"sampled", by_sample},
               {"weighed", by_weigh},
               {"squeezed", by_squeezing},
               {"turned", by_turning}};
    numbers q = {.k = hb_kernels_get()};
    q.a = calloc(ROWS * DEPTH, sizeof(float));
    q.b = calloc(COLUMNS * DEPTH, sizeof(float));
    q.to = calloc(ROWS * COLUMNS, sizeof(float));
    q.room = calloc(hb_multiply_room(COLUMNS, sizeof(float)), 1);
    q.values = calloc(ROWS * DEPTH, sizeof(float));
    q.bits = calloc(COLUMNS * DEPTH / 64, 8);
    q.starts = calloc((DEPTH / BLOCK) * (ROWS + 1), sizeof *q.starts);
    q.entries = calloc(ROWS * DEPTH, sizeof *q.entries);
    if (!q.a || !q.b || !q.to || !q.room || !q.values || !q.bits || !q.starts || !q.entries)
        return 1;
    draw_numbers(&q);
    double first = 0;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        double least = 1e300;
        for (int pass = 0; pass < PASSES; pass++) {
            double start = now();
            all[i].way(&q);
            double took = (now() - start) / q.done;
            if (took < least) least = took;
        }
        if (!i) first = least;
        printf("%-9s %-9s %8.4f ns a number, %5.2f multiply-adds\n", q.k->name, all[i].name, least,
               least / first);
    }
    free(q.a), free(q.b), free(q.to), free(q.room), free(q.values), free(q.bits);
    free(q.starts), free(q.entries);
    return 0;
}

/* ---- narrow rows: spikes that are found, and masks ---- */

/* A spike that is found costs less where a source has many. */
static int measure_narrow(size_t steps) {
    enum { STEPS = 64, WIDTH = 10, SOURCES = 448 };
    const hb_kernels *k = hb_kernels_get();
    uint64_t rows[STEPS][SOURCES / 64] = {{0}}, trains[SOURCES] = {0};
    static float values[STEPS * WIDTH], padded[2 * HB_NARROW_BLOCK], sums[SOURCES * HB_NARROW];
    size_t spikes[2] = {0};
    double least[2] = {1e300, 1e300};
    hb_stream stream;
    hb_stream_init(&stream, 3, 0, 0, 0);
    for (size_t t = 0; t < steps; t++)
        for (size_t i = 0; i < SOURCES; i++)
            if ((double)hb_stream_u32(&stream) < 0.1 * 0x1p32) {
                rows[t][i / 64] |= (uint64_t)1 << i % 64;
                trains[i] |= (uint64_t)1 << t;
            }
    k->count(trains, SOURCES, spikes);
    k->pad_narrow_f32(padded, values, WIDTH, steps);
    for (int pass = 0; pass < 100 * PASSES; pass++)
        for (int way = 0; way < 2; way++) {
            double start = now();
            for (size_t i = 0; !way && i < SOURCES; i += 64)
                k->gather_narrow_f32(sums + i * HB_NARROW, padded, trains + i, 1, ~(uint64_t)0);
            if (way)
                k->mask_narrow_f32(sums, values, WIDTH, steps, rows[0], SOURCES / 64, NULL, SOURCES,
                                   NULL);
            double took =
                (now() - start) / (way ? (double)steps * SOURCES / 64 * WIDTH : (double)spikes[0]);
            if (took < least[way]) least[way] = took;
        }
    printf("%-9s %-9s %8.4f ns a number and 64 sources, %5.2f spikes found in %zu steps\n", k->name,
           "masked", least[1], least[1] / least[0], steps);
    return 0;
}

/* The same times in microseconds, at densities step, 2 step, ... Passes go round all of them, so
 * that what else the machine does falls on each alike. */
static void trace(trial *q, double step, double (*us)[POINTS]) {
    for (int k = 0; k < WAYS; k++)
        for (int i = 0; i < POINTS; i++) us[k][i] = 1e300;
    for (int pass = 0; pass < PASSES; pass++)
        for (int i = 0; i < POINTS; i++) {
            draw(q, step * (i + 1));
            for (int k = 0; k < WAYS; k++) us[k][i] = best(q, ways[k], 2, us[k][i] * 1e3) / 1e3;
        }
}

static int picture(trial *q, const char *path) {
    static double us[2][WAYS][POINTS];
    static const double steps[] = {0.02, 0.004};
    hb_curve curves[2][WAYS];
    hb_panel panels[2];
    char titles[2][96];
    for (int p = 0; p < 2; p++) {
        trace(q, steps[p], us[p]);
        for (int k = 0; k < WAYS; k++) curves[p][k] = (hb_curve){names[k], us[p][k], HB_LINE};
        snprintf(titles[p], sizeof titles[p], "us a row, %zu x %zu bits, %zu columns, %s", q->M,
                 q->K, q->N, q->k->name);
        panels[p] = (hb_panel){titles[p], curves[p], p ? WAYS - 1 : WAYS, steps[p], steps[p]};
    }
    hb_env env;
    hb_env_init(&env, NULL);
    if (hb_plot_curves(&env, "share of bits that are 1", panels, 2, POINTS, path) >= 0) return 0;
    return fprintf(stderr, "%s\n", env.error), 1;
}

static int on_shape(const size_t *shape, const char *path) {
    trial q = {.k = hb_kernels_get(), .M = shape[0], .K = shape[1], .N = shape[2]};
    int status = 0;
    q.words = (q.K + 63) / 64;
    q.bits = calloc(q.M * q.words, 8);
    q.dense = calloc(q.M * q.K, sizeof(float));
    q.weight = calloc(q.K * q.N, sizeof(float));
    q.to = calloc(q.M * q.N, sizeof(float));
    q.table = calloc(HB_TABLE_ROWS / 4 * 16, q.k->tile_bytes);
    q.index = calloc(q.K + HB_POSITIONS_SLACK, sizeof *q.index);
    q.starts = calloc((q.K / HB_TABLE_ROWS + 1) * (q.M + 1) + 1, sizeof *q.starts);
    q.entries = calloc(q.M * q.K + HB_POSITIONS_SLACK, sizeof *q.entries);
    if (!q.bits || !q.dense || !q.weight || !q.to || !q.table || !q.index) return 1;
    if (!q.starts || !q.entries) return 1;
    for (size_t k = 0; k < q.K * q.N; k++) q.weight[k] = (float)(k % 97) / 97 - 0.5f;
    if (path)
        status = picture(&q, path);
    else
        measure(&q);
    free(q.bits), free(q.dense), free(q.weight), free(q.to), free(q.table), free(q.index);
    free(q.starts), free(q.entries);
    return status;
}

int main(int argc, char **argv) {
    static const size_t shapes[][3] = {{400, 784, 400}, {650, 800, 800}, {500, 2048, 2048}};
    if (argc > 2) return fprintf(stderr, "usage: crossover [FILE.png]\n"), 2;
    if (argc == 2) return on_shape(shapes[1], argv[1]);
    printf("%-9s %6s %5s %5s %8s %9s %9s %9s %9s   %s\n", "cpu", "M", "K", "N", "density",
           "lists ns", "tables ns", "packed ns", "sgemm ns", "the engine's way");
    int status = 0;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) status |= on_shape(shapes[i], NULL);
    return status | measure_numbers() | measure_narrow(20) | measure_narrow(64);
}

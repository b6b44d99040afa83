/* The kernels of every instruction set that this machine has, beside plain loops in double: odd
 * widths, unaligned, up to the last byte before a page that may not be touched. */
#define _GNU_SOURCE
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/random.h"
#include "kernels/kernels.h"
#include "scenes.h"

static const char *const cpus[] = {"baseline", "avx2", "avx512"};
enum { CPUS = 3, SIZES = 12 };
static const size_t sizes[SIZES] = {1, 3, 4, 15, 16, 17, 33, 64, 100, 127, 128, 300};

static const hb_kernels *kernels_of(int cpu) {
    setenv("HEBB_CPU", cpus[cpu], 1);
    const hb_kernels *k = hb_kernels_get();
    unsetenv("HEBB_CPU");
    return k;
}

/* Room whose end is the end of a page; the next one is closed. */
typedef struct room {
    char *base, *data;
    size_t pages;
} room;

static room room_of(size_t size) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    room r = {.pages = (size + page - 1) / page * page + page};
    r.base = mmap(NULL, r.pages, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(r.base != MAP_FAILED);
    assert_int_equal(mprotect(r.base + r.pages - page, page, PROT_NONE), 0);
    r.data = r.base + r.pages - page - size;
    return r;
}
static void leave(room *r) { munmap(r->base, r->pages); }

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

/* rows x sources bits times sources x width numbers: from lists and from tables, within 1e-5 of
 * plain sums, and the same bits. */
static void one_product(int cpu, size_t sources, size_t width, double density, float *first) {
    const hb_kernels *k = kernels_of(cpu);
    enum { ROWS = 9 };
    size_t words = (sources + 63) / 64, stride = width + 3;
    room weight = numbers((sources - 1) * stride + width), start = numbers(ROWS * width);
    room bits = random_bits(ROWS, sources, density);
    room listed = room_of(ROWS * width * 4), looked = room_of(ROWS * width * 4);
    room table = room_of((HB_TABLE_ROWS / 4 * 16) * k->tile_bytes);
    const float *w = (float *)(void *)weight.data;
    float *a = (float *)(void *)listed.data, *b = (float *)(void *)looked.data;
    const uint64_t *x = (uint64_t *)(void *)bits.data;
    double *want = calloc(ROWS * width, sizeof *want);
    memcpy(a, start.data, ROWS * width * 4);
    memcpy(b, start.data, ROWS * width * 4);
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
    size_t tile = k->tile_bytes / sizeof(float);
    for (size_t j = 0; j < width; j += tile)
        for (size_t i = 0; i < sources; i += HB_TABLE_ROWS) {
            size_t here = width - j < tile ? width - j : tile;
            size_t rows = sources - i < HB_TABLE_ROWS ? sources - i : HB_TABLE_ROWS;
            k->build_tables_f32((float *)(void *)table.data, here, w + i * stride + j, stride,
                                rows);
            k->look_up_f32(b + j, width, here, (float *)(void *)table.data, x + i / 64, words,
                           (rows + 63) / 64, ROWS);
        }
    near_all(a, want, ROWS * width, "add_rows", width, cpu);
    assert_memory_equal(a, b, ROWS * width * 4);
    if (cpu == 0) memcpy(first, a, ROWS * width * 4);
    assert_memory_equal(a, first, ROWS * width * 4); /* as the baseline */
    free(want);
    room *all[] = {&weight, &start, &bits, &listed, &looked, &table};
    for (size_t i = 0; i < 6; i++) leave(all[i]);
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
            size_t sums[2] = {5, 7}, ones = 5, fours = 7, again[2] = {0};
            uint64_t some = k->turn(turned, 2, x, 2, count, kept, sums);
            for (size_t j = 0; j < 64; j++) assert_int_equal(some >> j & 1, turned[2 * j] != 0);
            for (size_t j = 0; j < 64; j++) {
                for (size_t i = 0; i < 64; i++) {
                    uint64_t want = i < count ? (x[2 * i] & kept) >> j & 1 : 0;
                    assert_int_equal(turned[2 * j] >> i & 1, want);
                    ones += (size_t)want;
                }
                for (size_t i = 0; i < 64; i += 4) fours += (turned[2 * j] >> i & 15) != 0;
                k->count(&turned[2 * j], 1, again);
            }
            assert_int_equal(sums[0], ones);
            assert_int_equal(sums[1], fours);
            assert_int_equal(again[0] + 5, ones);
            assert_int_equal(again[1] + 7, fours);
            k->turn(turned, 1, turned, 2, 64, ~(uint64_t)0, NULL); /* and back, uncounted */
            for (size_t i = 0; i < count; i++) assert_int_equal(turned[i], x[2 * i] & kept);
            leave(&bits);
        }
}

/* A whole network: what it gave, its gradients, and its weights after learning. */
static void trace(const scene *w, int cpu, bytes *out) {
    stage s;
    setenv("HEBB_CPU", cpus[cpu], 1);
    scene_build(&s, w, &(setup){.batch = 24, .steps = 50});
    unsetenv("HEBB_CPU");
    MUST(&s, scene_input(&s));
    for (int i = 0; i < 3; i++) MUST(&s, scene_learn(&s, 50));
    add_outputs(&s, out);
    add_parameters(&s, out);
    scene_free(&s);
}

static void networks_agree_on_all(void **state) {
    (void)state;
    for (size_t i = 0; i < SCENES; i++) {
        bytes first = {0};
        trace(&scenes[i], 0, &first);
        for (int cpu = 1; cpu < CPUS; cpu++) {
            bytes other = {0};
            trace(&scenes[i], cpu, &other);
            if (first.count != other.count || memcmp(first.data, other.data, first.count) != 0)
                fail_msg("%s: %s differs from the baseline", scenes[i].name, cpus[cpu]);
            free(other.data);
        }
        free(first.data);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(products_are_plain_sums), cmocka_unit_test(squeezed_rows_come_back),
        cmocka_unit_test(turned_bits), cmocka_unit_test(networks_agree_on_all)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Narrow rows added by masks where spikes are dense: the bits of adding them one by one, on every
 * instruction set, up to the last byte before a page that may not be touched. */
#define _GNU_SOURCE
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/random.h"
#include "guarded.h"

static const size_t sources[] = {1, 31, 64, 77, 130}, steps[] = {1, 7, 16, 17, 33, 64, 65, 150};
static const double densities[] = {0, 0.02, 0.2, 1};
enum { MOST = 130, WORDS = (MOST + 63) / 64, BLOCKS = 3 };
static hb_stream stream;

static int chance(double p) { return (double)hb_stream_u32(&stream) < p * 0x1p32; }

/* Rows of bits: bit i % 64 of word i / 64 of row t. Now and then nobody acts. */
static uint64_t *rows_of_bits(size_t n, size_t T, double density) {
    size_t words = (n + 63) / 64;
    uint64_t *bits = guarded(T * words * 8);
    for (size_t t = 0; t < T; t++)
        for (size_t i = 0; t % 11 != 5 && i < n; i++)
            if (i % 9 != 4 && chance(density)) bits[t * words + i / 64] |= (uint64_t)1 << i % 64;
    return bits;
}

/* The gradient: sums of sources over steps, by masks, by finding spikes, and plainly. */
#define SOURCES(R, type, close)                                                                    \
    static void sums_##R(size_t n, size_t T, size_t width, double density, int with_kept) {        \
        static type first[WORDS][HB_NARROW][64], to[WORDS][HB_NARROW][64];                         \
        static type padded[BLOCKS * HB_NARROW_BLOCK], found[64][HB_NARROW];                        \
        size_t words = (n + 63) / 64, size = T * width * sizeof(type);                             \
        uint64_t *bits = rows_of_bits(n, T, density), kept[WORDS], acted[WORDS], live[WORDS];      \
        type *rows = guarded(size);                                                                \
        for (size_t i = 0; i < T * width; i++)                                                     \
            rows[i] = (type)((double)hb_stream_u32(&stream) / 0x1p31 - 1);                         \
        for (size_t k = 0; k < WORDS; k++) kept[k] = with_kept ? 0xf0f1f3c7a5ffff0fu : ~0ull;      \
        for (int cpu = 0; cpu < CPUS; cpu++) {                                                     \
            const hb_kernels *k = kernels_of(cpu);                                                 \
            memset(acted, 0, sizeof acted), memset(live, 0, sizeof live);                          \
            for (size_t i = 0; i < WORDS * HB_NARROW * 64; i++) ((type *)to)[i] = (type)-0.0;      \
            k->mask_narrow_##R(to[0][0], rows, width, T, bits, words, with_kept ? kept : NULL, n,  \
                               acted);                                                             \
            if (!cpu) memcpy(first, to, sizeof to);                                                \
            assert_memory_equal(first, to, sizeof to);                                             \
            k->pad_narrow_##R(padded, rows, width, T);                                             \
            for (size_t w = 0; w < words; w++) {                                                   \
                uint64_t turned[64][BLOCKS];                                                       \
                for (size_t t = 0; t < T; t += 64)                                                 \
                    live[w] |= k->turn(&turned[0][t / 64], BLOCKS, bits + t * words + w, words,    \
                                       T - t < 64 ? T - t : 64, kept[w], NULL);                    \
                assert_true(live[w] == acted[w]);                                                  \
                for (size_t i = 0; i < 64 * HB_NARROW; i++) ((type *)found)[i] = (type)-0.0;       \
                for (size_t i = 0; i < 64; i++)                                                    \
                    for (size_t b = (T + 63) / 64; b < BLOCKS; b++) turned[i][b] = 0;              \
                for (size_t b = (T + 63) / 64; b < BLOCKS; b++)                                    \
                    memset(padded + b * HB_NARROW_BLOCK, 0, HB_NARROW_BLOCK * sizeof(type));       \
                k->gather_narrow_##R(found[0], padded, turned[0], BLOCKS, live[w]);                \
                for (size_t i = 0; i < 64 && 64 * w + i < n; i++)                                  \
                    for (size_t j = 0; j < width; j++) {                                           \
                        double want = 0;                                                           \
                        assert_memory_equal(&found[i][j], &to[w][j][i], sizeof(type));             \
                        for (size_t t = 0; t < T; t++)                                             \
                            if ((bits[t * words + w] & kept[w]) >> i & 1)                          \
                                want += (double)rows[t * width + j];                               \
                        if (!(fabs(want - (double)to[w][j][i]) <= (close)*fmax(1, fabs(want))))    \
                            fail_msg("%zu sources, T %zu, %zu: %g, not %g", n, T, width,           \
                                     (double)to[w][j][i], want);                                   \
                    }                                                                              \
            }                                                                                      \
        }                                                                                          \
        unguard(bits, T *words * 8), unguard(rows, size);                                          \
    }                                                                                              \
    /* Currents: the bits of plain sums, one after another; -0 stays where nobody acts. */         \
    static void currents_##R(size_t n, size_t T, size_t width, double density) {                   \
        size_t words = (n + 63) / 64, blocks = (T + 63) / 64, size = n * width * sizeof(type);     \
        size_t room_of_sums = T * width * sizeof(type), room_of_bits = n * blocks * 8;             \
        uint64_t *bits = rows_of_bits(n, T, density), *trains = guarded(room_of_bits);             \
        uint32_t *index = guarded(n * 4);                                                          \
        type *rows = guarded(size), *to = guarded(room_of_sums), *want = guarded(room_of_sums);    \
        for (size_t i = 0; i < n * width; i++)                                                     \
            rows[i] = (type)((double)hb_stream_u32(&stream) / 0x1p31 - 1);                         \
        for (size_t i = 0; i < T * width; i++) want[i] = i % 3 ? (type)-0.0 : (type)1 / 3;         \
        for (int cpu = 0; cpu < CPUS; cpu++) {                                                     \
            memcpy(to, want, room_of_sums);                                                        \
            memset(trains, 0, room_of_bits);                                                       \
            for (uint32_t i = 0; i < n; i++) {                                                     \
                index[i] = (uint32_t)n - 1 - i; /* any order */                                    \
                for (size_t t = 0; t < T; t++)                                                     \
                    trains[i * blocks + t / 64] |=                                                 \
                        (bits[t * words + index[i] / 64] >> index[i] % 64 & 1) << t % 64;          \
            }                                                                                      \
            kernels_of(cpu)->add_narrow_##R(to, width, T, rows, n *width, trains, blocks, index,   \
                                            n);                                                    \
            for (size_t t = 0; t < T; t++)                                                         \
                for (size_t j = 0; j < width; j++) {                                               \
                    type sum = want[t * width + j];                                                \
                    for (size_t i = n; i-- > 0;)                                                   \
                        if (bits[t * words + i / 64] >> i % 64 & 1) sum += rows[i * width + j];    \
                    assert_memory_equal(&sum, &to[t * width + j], sizeof sum);                     \
                }                                                                                  \
        }                                                                                          \
        unguard(bits, T *words * 8), unguard(trains, room_of_bits), unguard(index, n * 4);         \
        unguard(rows, size), unguard(to, room_of_sums), unguard(want, room_of_sums);               \
    }

SOURCES(f32, float, 1e-5)
SOURCES(f64, double, 1e-13)

static void masks_find_what_spikes_do(void **state) {
    (void)state;
    hb_stream_init(&stream, 5, 0, 0, 0);
    for (size_t width = 1; width <= HB_NARROW; width++)
        for (size_t i = 0; i < 5 * 8 * 4; i++) {
            size_t n = sources[i % 5], T = steps[i / 5 % 8];
            sums_f32(n, T, width, densities[i / 40], i % 2);
            if (i % 3 == width % 3) sums_f64(n, T, width, densities[i / 40], i % 2);
        }
}

static void currents_are_added_one_by_one(void **state) {
    (void)state;
    hb_stream_init(&stream, 6, 0, 0, 0);
    for (size_t width = 1; width <= HB_NARROW; width++)
        for (size_t i = 0; i < 5 * 8 * 4; i++) {
            size_t n = sources[i % 5], T = steps[i / 5 % 8];
            currents_f32(n, T, width, densities[i / 40]);
            if (i % 3 == width % 3) currents_f64(n, T, width, densities[i / 40]);
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(masks_find_what_spikes_do),
                                       cmocka_unit_test(currents_are_added_one_by_one)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Random numbers. Oracles: the known-answer vectors published with Random123,
 * the distributions' own formulas, C's log in long double. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/random.h"
#include "kernels/kernels.h"

static void test_philox(void **state) {
    (void)state;
    static const struct {
        uint32_t counter[4], key[2], out[4];
    } cases[] = {
        {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
         {0xffffffff, 0xffffffff},
         {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
         {0xa4093822, 0x299f31d0},
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    for (size_t i = 0; i < 3; i++) {
        uint32_t out[4];
        hb_philox(cases[i].counter, cases[i].key, out);
        assert_memory_equal(out, cases[i].out, sizeof out);
    }
}

static void test_stream(void **state) {
    (void)state;
    hb_stream stream;
    hb_stream_init(&stream, 0, 0, 0, 0);
    assert_int_equal(hb_stream_u32(&stream), 0x6627e8d5);
    assert_int_equal(hb_stream_u32(&stream), 0xe169c58d);
    /* Key and counter as the header says. */
    hb_stream_init(&stream, 0x123456789abcdef0, HB_DRAW_ENCODER, 7, 8);
    uint32_t counter[4] = {0, HB_DRAW_ENCODER, 7, 8}, out[4];
    uint32_t key[2] = {0x9abcdef0, 0x12345678};
    for (uint32_t block = 0; block < 3; block++) {
        counter[0] = block;
        hb_philox(counter, key, out);
        for (int i = 0; i < 4; i++) assert_int_equal(hb_stream_u32(&stream), out[i]);
    }
    /* Beyond 2^32 blocks it does not begin anew. */
    stream.counter[0] = UINT32_MAX;
    stream.left = 0;
    for (int i = 0; i < 4; i++) hb_stream_u32(&stream);
    uint32_t next = hb_stream_u32(&stream);
    hb_stream_init(&stream, 0x123456789abcdef0, HB_DRAW_ENCODER, 7, 8);
    assert_int_not_equal(next, hb_stream_u32(&stream));
}

/* Chi-square of counts against expected counts; within five standard
 * deviations of its mean (degrees of freedom k - 1). */
static void check_fit(const double *counts, const double *expected, size_t k) {
    double chi = 0;
    for (size_t i = 0; i < k; i++)
        chi += (counts[i] - expected[i]) * (counts[i] - expected[i]) / expected[i];
    double freedom = (double)k - 1;
    if (fabs(chi - freedom) > 5 * sqrt(2 * freedom)) fail_msg("chi-square %g for %g", chi, freedom);
}

static void test_below(void **state) {
    (void)state;
    static const uint64_t sizes[] = {2, 3, 10, 97};
    for (size_t s = 0; s < 4; s++) {
        hb_stream stream;
        double counts[97] = {0}, expected[97];
        hb_stream_init(&stream, 1, HB_DRAW_MASK, (uint32_t)s, 0);
        for (int i = 0; i < 97000; i++) counts[hb_stream_below(&stream, sizes[s])]++;
        for (size_t i = 0; i < sizes[s]; i++) expected[i] = 97000.0 / (double)sizes[s];
        check_fit(counts, expected, sizes[s]);
    }
    hb_stream stream;
    hb_stream_init(&stream, 1, HB_DRAW_MASK, 0, 1);
    assert_int_equal(hb_stream_below(&stream, 1), 0);
    /* n just above half of 2^32 and 2^64: the biased thirds would show. */
    double thirds[3] = {0}, wide[3] = {0}, expected[3] = {10000, 10000, 10000};
    for (int i = 0; i < 30000; i++) {
        thirds[hb_stream_below(&stream, 3000000000u) / 1000000000u]++;
        wide[hb_stream_below(&stream, 12000000000000000000u) / 4000000000000000000u]++;
    }
    check_fit(thirds, expected, 3);
    check_fit(wide, expected, 3);
}

static void test_uniform(void **state) {
    (void)state;
    enum { BINS = 100, N = 200000 };
    double counts[BINS] = {0}, expected[BINS];
    hb_stream stream;
    hb_stream_init(&stream, 2, HB_DRAW_WEIGHT, 0, 0);
    for (int i = 0; i < N; i++) {
        double u = hb_stream_uniform(&stream);
        assert_true(u > 0 && u < 1);
        counts[(int)(u * BINS)]++;
    }
    for (int i = 0; i < BINS; i++) expected[i] = (double)N / BINS;
    check_fit(counts, expected, BINS);
}

static double normal_below(double x) { return 0.5 * erfc(-x / sqrt(2.0)); }

static void test_normal(void **state) {
    (void)state;
    enum { BINS = 60, N = 200000 };
    double counts[BINS] = {0}, expected[BINS], sums[5] = {0};
    hb_stream stream;
    hb_stream_init(&stream, 3, HB_DRAW_WEIGHT, 0, 0);
    for (int i = 0; i < N; i++) {
        double x = hb_stream_normal(&stream), power = 1;
        for (int m = 0; m < 5; m++, power *= x) sums[m] += power;
        int bin = (int)floor((x + 3) * 10);
        counts[bin < 0 ? 0 : bin >= BINS ? BINS - 1 : bin]++;
    }
    assert_true(fabs(sums[1] / N) < 5 * sqrt(1.0 / N));
    assert_true(fabs(sums[2] / N - 1) < 5 * sqrt(2.0 / N));
    assert_true(fabs(sums[3] / N) < 5 * sqrt(15.0 / N));
    assert_true(fabs(sums[4] / N - 3) < 5 * sqrt(96.0 / N));
    for (int i = 0; i < BINS; i++) {
        double low = i ? normal_below(-3 + 0.1 * i) : 0;
        double high = i < BINS - 1 ? normal_below(-3 + 0.1 * (i + 1)) : 1;
        expected[i] = N * (high - low);
    }
    check_fit(counts, expected, BINS);
}

static void test_gap(void **state) {
    (void)state;
    static const double chances[] = {1, 0.9, 0.5, 0.1, 0.01};
    for (size_t c = 0; c < 5; c++) {
        enum { BINS = 40, N = 100000 };
        double p = chances[c], log_q = hb_log(1 - p);
        double counts[BINS] = {0}, expected[BINS], left = N;
        hb_stream stream;
        hb_stream_init(&stream, 4, HB_DRAW_ENCODER, (uint32_t)c, 0);
        for (int i = 0; i < N; i++) {
            uint32_t gap = hb_stream_gap(&stream, log_q);
            assert_true(gap >= 1);
            counts[gap < BINS ? gap - 1 : BINS - 1]++;
        }
        size_t bins = 0; /* until fewer than 20 are left, which make the last bin */
        for (; bins < BINS - 1 && left * (1 - p) > 20; bins++) {
            expected[bins] = left * p;
            left -= expected[bins];
        }
        expected[bins] = left;
        for (size_t i = bins + 1; i < BINS; i++) counts[bins] += counts[i];
        if (p < 1)
            check_fit(counts, expected, bins + 1);
        else
            assert_true(counts[0] == N);
    }
    hb_stream stream;
    hb_stream_init(&stream, 4, HB_DRAW_ENCODER, 9, 9);
    assert_int_equal(hb_stream_gap(&stream, hb_log(1)), UINT32_MAX);
    assert_int_equal(hb_stream_gap(&stream, -1e-300), UINT32_MAX);
}

static void test_log(void **state) {
    (void)state;
    hb_stream stream;
    hb_stream_init(&stream, 5, HB_DRAW_DATA, 0, 0);
    double worst = 0;
    for (int i = 0; i < 300000; i++) {
        double u = hb_stream_uniform(&stream), x = u;
        if (i % 3 == 1) x = 0.5 + u;
        if (i % 3 == 2) x = ldexp(1 + u, (int)hb_stream_below(&stream, 2040) - 1070);
        long double exact = logl((long double)x);
        if (exact == 0) continue;
        double error = (double)fabsl((hb_log(x) - exact) / exact);
        if (error > worst) worst = error;
    }
    if (worst > 4e-16) fail_msg("relative error %g", worst);
    assert_true(hb_log(1) == 0);
    assert_true(hb_log(0) == -(double)INFINITY);
    assert_true(isnan(hb_log(-1)) && isnan(hb_log((double)NAN)));
    assert_true(hb_log((double)INFINITY) == (double)INFINITY);
    assert_true(fabs(hb_log(5e-324) - log(5e-324)) < 1e-12);
    /* The bits themselves, which every machine must give: here those of the
     * correctly rounded value. */
    assert_true(hb_log(2) == 0x1.62e42fefa39efp-1);
    assert_true(hb_log(10) == 0x1.26bb1bbb55516p+1);
    assert_true(hb_log(0.5) == -0x1.62e42fefa39efp-1);
}

static void test_shuffle(void **state) {
    (void)state;
    uint64_t items[100], again[100];
    double counts[25] = {0}, expected[24];
    hb_stream stream;
    for (int round = 0; round < 2; round++) {
        uint64_t *to = round ? again : items;
        for (uint64_t i = 0; i < 100; i++) to[i] = i;
        hb_stream_init(&stream, 6, HB_DRAW_SHUFFLE, 1, 2);
        hb_shuffle(&stream, to, 100);
    }
    assert_memory_equal(items, again, sizeof items);
    int seen[100] = {0};
    for (int i = 0; i < 100; i++) seen[items[i]]++;
    for (int i = 0; i < 100; i++) assert_int_equal(seen[i], 1);
    for (int i = 0; i < 24000; i++) { /* all 24 orders of four equally often */
        uint64_t four[4] = {0, 1, 2, 3};
        hb_shuffle(&stream, four, 4);
        uint64_t second = four[1] - (four[1] > four[0]);
        counts[four[0] * 6 + second * 2 + (four[2] > four[3])]++;
    }
    for (int i = 0; i < 24; i++) expected[i] = 1000;
    check_fit(counts, expected, 24);
    hb_shuffle(&stream, items, 0);
    hb_shuffle(&stream, items, 1);
}

/* Every instruction set draws what the plain generator does, and the same logarithms. */
static void test_kernels(void **state) {
    (void)state;
    enum { COUNT = 37 };
    static const char *const sets[] = {"baseline", "avx2", "avx512"};
    uint32_t key[2] = {0xa4093822, 0x299f31d0}, sample[2] = {7, 0xffffffff};
    uint32_t block[COUNT], lane[COUNT], words[4 * COUNT], expected[4];
    double logs[4 * COUNT], first[4 * COUNT];
    for (uint32_t i = 0; i < COUNT; i++) block[i] = i * 0x9E3779B9u, lane[i] = ~i;
    for (size_t s = 0; s < 3; s++) {
        setenv("HEBB_CPU", sets[s], 1);
        const hb_kernels *kernels = hb_kernels_get();
        kernels->philox(key, sample, block, lane, COUNT, words);
        for (size_t i = 0; i < COUNT; i++) {
            uint32_t counter[4] = {block[i], lane[i], sample[0], sample[1]};
            hb_philox(counter, key, expected);
            assert_memory_equal(words + 4 * i, expected, sizeof expected);
        }
        words[0] = 0, words[1] = UINT32_MAX;
        kernels->log_uniform(words, 4 * COUNT, logs);
        for (size_t i = 0; i < 4 * COUNT; i++) {
            double exact = (double)logl(((long double)words[i] + 0.5L) * 0x1p-32L);
            assert_true(fabs(logs[i] - exact) < 0x1p-44);
        }
        if (!s) memcpy(first, logs, sizeof first);
        assert_memory_equal(logs, first, sizeof logs);
    }
    unsetenv("HEBB_CPU");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_philox),  cmocka_unit_test(test_stream),
        cmocka_unit_test(test_below),   cmocka_unit_test(test_uniform),
        cmocka_unit_test(test_normal),  cmocka_unit_test(test_gap),
        cmocka_unit_test(test_log),     cmocka_unit_test(test_shuffle),
        cmocka_unit_test(test_kernels),
    };
    return cmocka_run_group_tests_name("random", tests, NULL, NULL);
}

/* Random trains: their law, and that only seed, sample, neuron and step decide, not how many steps
 * a run has, which neurons are drawn together or which instruction set draws. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "coding/spike_draw.h"

enum { STEPS = 600, LANES = 200, STRIDE = (LANES + 63) / 64 };
static const char *const cpus[] = {"baseline", "avx2", "avx512"};
static const double rates[] = {0x1p-14, 1.0 / 256, 0.03, 0.1, 0.125, 0.3, 0.5, 0.9, 1 - 0x1p-40, 1};
enum { RATES = sizeof rates / sizeof rates[0] };

/* Steps [first, first + steps) of sample 5, of those in the span. */
static void draw(uint64_t *words, size_t first, size_t steps, hb_draw_span span, uint64_t sample) {
    hb_encode_job job = {.first = first, .steps = steps, .seed = 11, .domain_id = 3};
    hb_draws draws;
    hb_lanes lanes;
    double p[LANES];
    for (size_t i = 0; i < LANES; i++) p[i] = i % 7 == 3 ? 0 : rates[i % RATES];
    if (span.end > first + steps) span.end = first + steps;
    hb_lanes_sort(&lanes, 0, LANES, p);
    memset(words, 0, steps * STRIDE * sizeof *words);
    for (size_t at = hb_draws_first(&job, span); hb_draws_next(&draws, &job, sample, span, &at);)
        hb_draw_rows(&draws, &lanes, words, STRIDE);
}

static void one_run_or_many(void **state) {
    (void)state;
    static uint64_t first[STEPS * STRIDE], whole[STEPS * STRIDE], parts[STEPS * STRIDE];
    static const size_t chunks[] = {1, 7, 64, 100, 256, 300};
    static const hb_draw_span spans[] = {{0, STEPS}, {70, 333}, {256, 280}};
    for (size_t s = 0; s < 3; s++) {
        for (int cpu = 0; cpu < 3; cpu++) {
            setenv("HEBB_CPU", cpus[cpu], 1);
            draw(whole, 0, STEPS, spans[s], 5);
            if (!cpu) memcpy(first, whole, sizeof first);
            assert_memory_equal(first, whole, sizeof first);
            unsetenv("HEBB_CPU");
        }
        for (size_t c = 0; c < 6; c++) {
            for (size_t at = 0, here; at < STEPS; at += here) {
                here = STEPS - at < chunks[c] ? STEPS - at : chunks[c];
                draw(parts + at * STRIDE, at, here, spans[s], 5);
            }
            assert_memory_equal(whole, parts, sizeof whole);
        }
        for (size_t t = 0; t < STEPS; t++)
            if (t < spans[s].begin || t >= spans[s].end)
                for (size_t w = 0; w < STRIDE; w++) assert_int_equal(whole[t * STRIDE + w], 0);
    }
}

/* The same trains, kept neuron by neuron. */
static void rows_or_trains(void **state) {
    (void)state;
    static uint64_t rows[STEPS * STRIDE], words[LANES * ((STEPS + 63) / 64)];
    static const size_t chunks[] = {1, 7, 64, 100, 192, 256, 300, STEPS};
    static const hb_draw_span spans[] = {{0, STEPS}, {70, 333}, {256, 280}};
    for (size_t c = 0; c < 8 * 3; c++)
        for (size_t at = 0, here; at < STEPS; at += here) {
            here = STEPS - at < chunks[c / 3] ? STEPS - at : chunks[c / 3];
            hb_draw_span span = spans[c % 3];
            hb_encode_job job = {.first = at, .steps = here, .seed = 11, .domain_id = 3};
            hb_draws draws;
            hb_lanes lanes;
            double p[LANES];
            uint64_t lit[STRIDE];
            hb_trains trains = {words, HB_WORDS(here), lit};
            for (size_t i = 0; i < LANES; i++) p[i] = i % 7 == 3 ? 0 : rates[i % RATES];
            draw(rows, at, here, span, 5);
            if (span.end > at + here) span.end = at + here;
            bool whole = !span.begin && span.end == at + here && at % 64 == 0;
            memset(words, 0xff, sizeof words);
            hb_lanes_sort(&lanes, 0, LANES, p);
            hb_lanes_light(&lanes, LANES, &trains, whole ? 0 : HB_WORDS(here));
            for (size_t s = hb_draws_first(&job, span); hb_draws_next(&draws, &job, 5, span, &s);)
                hb_draw_onto(&draws, &lanes, &trains);
            for (size_t i = 0; i < LANES; i++) {
                const uint64_t *train = words + hb_lit_before(lit, i) * trains.stride;
                assert_int_equal(lit[i / 64] >> i % 64 & 1, p[i] > 0);
                for (size_t t = 0; p[i] > 0 && t < 64 * trains.stride; t++)
                    assert_int_equal(train[t / 64] >> t % 64 & 1,
                                     t < here ? rows[t * STRIDE + i / 64] >> i % 64 & 1 : 0);
            }
        }
}

/* A neuron drawn by itself: as bits, and as values. */
static void one_lane_or_many(void **state) {
    (void)state;
    static uint64_t whole[STEPS * STRIDE], alone[STEPS];
    static float row[STEPS * 3];
    hb_draw_span span = {0, STEPS};
    hb_encode_job job = {.steps = STEPS, .seed = 11, .domain_id = 3};
    draw(whole, 0, STEPS, span, 5);
    for (uint32_t i = 0; i < LANES; i++) {
        hb_draws draws;
        hb_lanes lanes;
        double p = i % 7 == 3 ? 0 : rates[i % RATES];
        memset(alone, 0, sizeof alone);
        memset(row, 0, sizeof row);
        hb_lanes_sort(&lanes, i, 1, &p);
        for (size_t at = 0; hb_draws_next(&draws, &job, 5, span, &at);) {
            hb_draw_rows(&draws, &lanes, alone, 1);
            hb_draw_values(&draws, &lanes, row, 3, 2.5f);
        }
        for (size_t t = 0; t < STEPS; t++) {
            uint64_t want = whole[t * STRIDE + i / 64] >> i % 64 & 1;
            assert_int_equal(alone[t], want);
            assert_true(row[3 * t] == (want ? 2.5f : 0));
        }
    }
}

/* 32 trials are 32 comparisons of whole numbers, whose digits lie in the planes. */
static void trials_compare_numbers(void **state) {
    (void)state;
    enum { COUNT = 45 };
    static const uint32_t limits[] = {1, 0x80000000u, 0x4ccccccdu, 0xffffffffu, 0x20000000u, 77};
    uint32_t key[2] = {5, 0xdeadbeef}, sample[2] = {3, 1}, block[COUNT], lane[COUNT], below[COUNT],
             used[COUNT], won[COUNT], planes[4 * HB_TRIAL_BLOCKS];
    for (uint32_t i = 0; i < COUNT; i++) {
        block[i] = 8 * i, lane[i] = i % 5 + 0x80000000u;
        below[i] = limits[i % 6], used[i] = i % 4 ? 0xffffffffu : 0x000f0ff0u;
    }
    for (int cpu = 0; cpu < 3; cpu++) {
        setenv("HEBB_CPU", cpus[cpu], 1);
        hb_kernels_get()->trials(key, sample, block, lane, below, used, COUNT, won);
        unsetenv("HEBB_CPU");
        for (uint32_t i = 0; i < COUNT; i++) {
            uint32_t want = 0;
            for (uint32_t k = 0; k < HB_TRIAL_BLOCKS; k++) {
                uint32_t counter[4] = {block[i] + k, lane[i], sample[0], sample[1]};
                hb_philox(counter, key, planes + 4 * k);
            }
            for (int s = 0; s < 32; s++) {
                uint32_t number = 0;
                for (int k = 0; k < 32; k++) number = number << 1 | (planes[k] >> s & 1);
                want |= (uint32_t)(number < below[i]) << s;
            }
            assert_int_equal(won[i], want & used[i]);
        }
    }
}

/* Gaps one after another, from the words of the neuron's stream as they come. */
static void gaps_follow_the_formula(void **state) {
    (void)state;
    static uint64_t whole[STEPS * STRIDE];
    hb_draw_span span = {0, STEPS};
    hb_encode_job job = {.steps = STEPS, .seed = 11, .domain_id = 3};
    draw(whole, 0, STEPS, span, 5);
    for (uint32_t i = 0; i < LANES; i++) {
        hb_draws draws;
        double p = rates[i % RATES];
        if (i % 7 == 3 || p < 0x1p-12 || p >= 0.125) continue;
        for (size_t at = 0, from = 0; hb_draws_next(&draws, &job, 5, span, &at); from = at) {
            uint32_t words[4], counter[4] = {0, i, draws.sample[0], draws.sample[1]};
            size_t step = 0, drawn = 0;
            for (;; step++, drawn++) {
                double log;
                if (drawn % 4 == 0) hb_philox(counter, draws.key, words), counter[0]++;
                draws.kernels->log_uniform(&words[drawn % 4], 1, &log);
                size_t gap = (size_t)floor(log * (1 / hb_log(1 - p)));
                for (size_t t = step; t < step + gap && t < draws.end; t++)
                    assert_false(whole[(from + t) * STRIDE + i / 64] >> i % 64 & 1);
                if ((step += gap) >= draws.end) break;
                assert_true(whole[(from + step) * STRIDE + i / 64] >> i % 64 & 1);
            }
        }
    }
}

/* Kernels that take floats first give what doubles would: so many gaps that floats alone would have
 * some of them wrong. */
static void all_sets_find_the_same_gaps(void **state) {
    (void)state;
    enum { COUNT = 500, PIECES = 2000 };
    static uint64_t first[COUNT][HB_DRAW_WORDS], trains[COUNT][HB_DRAW_WORDS];
    static const double tried[] = {0x1.1p-12, 1.0 / 1024, 1.0 / 256, 1.0 / 64, 0.03, 0.124};
    uint32_t lane[COUNT], place[COUNT];
    double p[COUNT], scale[COUNT];
    for (uint32_t i = 0; i < COUNT; i++) lane[i] = i, place[i] = i, p[i] = tried[i * 6 / COUNT];
    for (uint32_t piece = 0; piece < PIECES; piece++)
        for (int cpu = 0; cpu < 3; cpu++) {
            uint32_t key[2] = {piece, 5}, sample[2] = {1, 2};
            setenv("HEBB_CPU", cpus[cpu], 1);
            const hb_kernels *k = hb_kernels_get();
            unsetenv("HEBB_CPU");
            k->gap_scales(p, COUNT, scale);
            k->gap_trains(key, sample, lane, scale, COUNT, piece % 3, 256 - piece % 50, place,
                          trains);
            if (!cpu) memcpy(first, trains, sizeof first);
            assert_memory_equal(first, trains, sizeof first);
        }
}

/* Each step's trials over many samples are binomial: chi-square over the steps; and so are pairs of
 * neighbouring steps and of neighbouring neurons of one rate. 99.99 % bounds; the seed is fixed. */
static void trains_have_their_rates(void **state) {
    (void)state;
    enum { SAMPLES = 300, N = 40 };
    static const double tried[] = {1.0 / 256, 0.1, 0.125, 0.3, 0.5, 0.9, 1};
    static const size_t steps[] = {7, 20, 64, 100};
    static uint64_t words[100];
    for (size_t k = 0; k < 7; k++)
        for (size_t j = 0; j < 4; j++) {
            size_t T = steps[j];
            hb_encode_job job = {.steps = T, .seed = 4, .domain_id = (uint32_t)(8 * k + j)};
            hb_draw_span span = {0, T};
            double p[N], chi = 0, counts[100] = {0}, next = 0, beside = 0, q = tried[k];
            hb_lanes lanes;
            for (size_t i = 0; i < N; i++) p[i] = q;
            hb_lanes_sort(&lanes, 0, N, p);
            for (uint64_t b = 0; b < SAMPLES; b++) {
                hb_draws draws;
                memset(words, 0, sizeof words);
                for (size_t at = 0; hb_draws_next(&draws, &job, b, span, &at);)
                    hb_draw_rows(&draws, &lanes, words, 1);
                for (size_t t = 0; t < T; t++) {
                    counts[t] += __builtin_popcountll(words[t]);
                    beside += __builtin_popcountll(words[t] & words[t] >> 1);
                    if (t) next += __builtin_popcountll(words[t] & words[t - 1]);
                }
            }
            for (size_t t = 0; q == 1 && t < T; t++) assert_true(counts[t] == SAMPLES * N);
            if (q == 1) continue;
            for (size_t t = 0; t < T; t++) {
                double off = counts[t] - SAMPLES * N * q;
                chi += off * off / (SAMPLES * N * q * (1 - q));
            }
            double z = (chi - (double)T) / sqrt(2 * (double)T);
            if (fabs(z) > 5) fail_msg("p %g, T %zu: chi-square %g", q, T, chi);
            /* pairs share a step with one other pair: their variance is p^2 (1-p) (1+3p) */
            double spread = q * q * (1 - q) * (1 + 3 * q);
            double pairs = SAMPLES * N * (double)(T - 1), sides = SAMPLES * (N - 1.0) * (double)T;
            z = (next - pairs * q * q) / sqrt(pairs * spread);
            if (fabs(z) > 4) fail_msg("p %g, T %zu: %g pairs in time", q, T, next);
            z = (beside - sides * q * q) / sqrt(sides * spread);
            if (fabs(z) > 4) fail_msg("p %g, T %zu: %g pairs side by side", q, T, beside);
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_run_or_many),         cmocka_unit_test(one_lane_or_many),
        cmocka_unit_test(rows_or_trains),          cmocka_unit_test(all_sets_find_the_same_gaps),
        cmocka_unit_test(trials_compare_numbers),  cmocka_unit_test(gaps_follow_the_formula),
        cmocka_unit_test(trains_have_their_rates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

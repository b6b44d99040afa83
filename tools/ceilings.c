/* What one core of this machine can do at most, to hold measured times against: additions and
 * multiply-adds of floats a second, and bytes read a second by the size of what is read. Vectors as
 * wide as HEBB_CPU or the processor allows; the best of several passes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "kernels/kernels.h"

typedef float wide __attribute__((vector_size(64)));
typedef float half __attribute__((vector_size(32)));
typedef float narrow __attribute__((vector_size(16)));

enum { CHAINS = 8, TURNS = 1 << 20 };

typedef struct ceilings {
    size_t bytes;
    float (*add)(void), (*multiply)(void), (*read)(const float *, size_t);
} ceilings;

/* Eight sums at a time hide the latency; the empty asm keeps them from being folded. */
#define EACH(step) step(0) step(1) step(2) step(3) step(4) step(5) step(6) step(7)
#define KEEP(c)    __asm__ volatile("" : "+x"(s##c));
#define ADD(c)                                                                                     \
    s##c += one;                                                                                   \
    KEEP(c)
#define MULTIPLY(c)                                                                                \
    s##c = s##c * one + one;                                                                       \
    KEEP(c)
#define READ(c)                                                                                    \
    s##c += from[i + c];                                                                           \
    KEEP(c)
#define LOOPS(isa, target_, vec)                                                                   \
    typedef vec vec_##isa __attribute__((aligned(4), may_alias));                                  \
    target_ static float add_##isa(void) {                                                         \
        vec s0 = {0}, s1 = s0, s2 = s0, s3 = s0, s4 = s0, s5 = s0, s6 = s0, s7 = s0, one = s0;     \
        for (int i = 0; i < TURNS; i++) {                                                          \
            EACH(ADD)                                                                              \
        }                                                                                          \
        return (s0 + s1 + s2 + s3 + s4 + s5 + s6 + s7)[0];                                         \
    }                                                                                              \
    target_ static float multiply_##isa(void) {                                                    \
        vec s0 = {0}, s1 = s0, s2 = s0, s3 = s0, s4 = s0, s5 = s0, s6 = s0, s7 = s0, one = s0;     \
        for (int i = 0; i < TURNS; i++) {                                                          \
            EACH(MULTIPLY)                                                                         \
        }                                                                                          \
        return (s0 + s1 + s2 + s3 + s4 + s5 + s6 + s7)[0];                                         \
    }                                                                                              \
    target_ static float read_##isa(const float *numbers, size_t count) {                          \
        const vec_##isa *from = (const vec_##isa *)numbers;                                        \
        vec s0 = {0}, s1 = s0, s2 = s0, s3 = s0, s4 = s0, s5 = s0, s6 = s0, s7 = s0;               \
        for (size_t i = 0; i + CHAINS <= count * sizeof(float) / sizeof(vec); i += CHAINS) {       \
            EACH(READ)                                                                             \
        }                                                                                          \
        return (s0 + s1 + s2 + s3 + s4 + s5 + s6 + s7)[0];                                         \
    }                                                                                              \
    static const ceilings ceilings_##isa = {sizeof(vec), add_##isa, multiply_##isa, read_##isa};

#if defined(__x86_64__)
LOOPS(avx512, __attribute__((target("avx512f"))), wide)
LOOPS(avx2, __attribute__((target("avx2,fma"))), half)
#endif
LOOPS(baseline, , narrow)

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static volatile float kept;

static double best_of(float (*loop)(void)) {
    double least = 1e300;
    for (int pass = 0; pass < 9; pass++) {
        double start = now();
        kept = loop();
        double took = now() - start;
        if (took < least) least = took;
    }
    return least;
}

int main(void) {
    const char *isa = hb_kernels_get()->name;
    const ceilings *c = &ceilings_baseline;
#if defined(__x86_64__)
    if (!strcmp(isa, "avx512")) c = &ceilings_avx512;
    if (!strcmp(isa, "avx2")) c = &ceilings_avx2;
#endif
    double numbers = (double)TURNS * CHAINS * (double)(c->bytes / sizeof(float)) * 1e-9;
    printf("%s: %.0f Gadd/s, %.0f GFLOP/s of multiply-adds\n", isa, numbers / best_of(c->add),
           2 * numbers / best_of(c->multiply));
    for (size_t kib = 16; kib <= 64 * 1024; kib *= 2) {
        size_t count = kib * 256, times = (256u << 20) / (kib << 10);
        float *from = aligned_alloc(64, kib << 10);
        if (!from) return 1;
        for (size_t i = 0; i < count; i++) from[i] = 1;
        double least = 1e300;
        for (int pass = 0; pass < 5; pass++) {
            double start = now();
            for (size_t k = 0; k < times; k++) kept = c->read(from, count);
            double took = now() - start;
            if (took < least) least = took;
        }
        printf("%6zu KiB read: %.0f GB/s\n", kib, (double)(times * (kib << 10)) / least * 1e-9);
        free(from);
    }
    return 0;
}

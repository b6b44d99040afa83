/* Chooses the kernels once, by what processor and operating system support. */
#include "kernels/kernels.h"

#include <stdlib.h>
#include <string.h>

extern const hb_kernels hb_kernels_baseline;
#ifdef HB_X86_SIMD
extern const hb_kernels hb_kernels_avx2, hb_kernels_avx512;
#endif

const hb_kernels *hb_kernels_get(void) {
#ifdef HB_X86_SIMD
    const char *wish = getenv("HEBB_CPU");
    int level = 2;
    if (wish && !strcmp(wish, "avx2")) level = 1;
    if (wish && !strcmp(wish, "baseline")) level = 0;
    __builtin_cpu_init();
    if (level >= 2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
        return &hb_kernels_avx512;
    if (level >= 1 && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
        __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2"))
        return &hb_kernels_avx2;
#endif
    return &hb_kernels_baseline;
}

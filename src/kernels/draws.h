/* What kernels.body.c lists of draws.body.c. */
#ifndef HB_DRAWS_H
#define HB_DRAWS_H

#include <stddef.h>
#include <stdint.h>

#include "kernels/kernels.h"

#define HB_DECLARE_DRAWS(isa)                                                                      \
    void hb_philox_##isa(const uint32_t key[2], const uint32_t sample[2], const uint32_t *block,   \
                         const uint32_t *lane, size_t count, uint32_t *words);                     \
    void hb_trials_##isa(const uint32_t key[2], const uint32_t sample[2], const uint32_t *block,   \
                         const uint32_t *lane, const uint32_t *below, const uint32_t *used,        \
                         size_t count, uint32_t *words);                                           \
    void hb_log_uniform_##isa(const uint32_t *words, size_t count, double *log);                   \
    void hb_gap_scales_##isa(const double *p, size_t count, double *scale);                        \
    void hb_gap_trains_##isa(const uint32_t key[2], const uint32_t sample[2],                      \
                             const uint32_t *lane, const double *scale, size_t count,              \
                             size_t begin, size_t end, const uint32_t *place,                      \
                             uint64_t(*trains)[HB_DRAW_WORDS]);

HB_DECLARE_DRAWS(baseline)
HB_DECLARE_DRAWS(avx2)
HB_DECLARE_DRAWS(avx512)

#endif

/* What kernels.body.c lists of narrow.body.c and masks.body.c. */
#ifndef HB_NARROW_H
#define HB_NARROW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HB_DECLARE_NARROW(isa, R, type)                                                            \
    void hb_add_narrow_##R##_##isa(type *to, size_t width, size_t steps, const type *rows,         \
                                   size_t numbers, const uint64_t *bits, size_t stride,            \
                                   const uint32_t *index, size_t count);                           \
    void hb_list_narrow_##R##_##isa(type *to, size_t width, const type *rows, size_t numbers,      \
                                    const uint32_t *index, size_t count);                          \
    void hb_pad_narrow_##R##_##isa(type *to, const type *from, size_t width, size_t count);        \
    void hb_gather_narrow_##R##_##isa(type *to, const type *padded, const uint64_t *bits,          \
                                      size_t words, uint64_t live);                                \
    void hb_mask_narrow_##R##_##isa(type *to, const type *rows, size_t width, size_t steps,        \
                                    const uint64_t *bits, size_t stride, const uint64_t *kept,     \
                                    size_t sources, uint64_t *acted);                              \
    /* add_narrow, if masks win: of AVX-512 alone */                                               \
    bool hb_mask_trains_##R##_##isa(type *to, size_t width, size_t steps, const type *rows,        \
                                    const uint64_t *bits, size_t stride, const uint32_t *index,    \
                                    size_t count);
#define HB_DECLARE_NARROWS(isa)                                                                    \
    HB_DECLARE_NARROW(isa, f32, float)                                                             \
    HB_DECLARE_NARROW(isa, f64, double)

HB_DECLARE_NARROWS(baseline)
HB_DECLARE_NARROWS(avx2)
HB_DECLARE_NARROWS(avx512)

#endif

/* What kernels.body.c lists of products.body.c and multiply.body.c. */
#ifndef HB_PRODUCTS_H
#define HB_PRODUCTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernels/body.h"
#include "kernels/kernels.h"

/* A tile of eight vectors stays in registers while rows pass by. */
enum { TILE_VECTORS = HB_TILE_VECTORS, TILE_BYTES = TILE_VECTORS * VECTOR_BYTES };

#define HB_DECLARE_PRODUCTS(isa, R, type)                                                          \
    void hb_add_rows_##R##_##isa(type *to, size_t n, const type *rows, size_t stride,              \
                                 const uint32_t *index, size_t count);                             \
    void hb_build_tables_##R##_##isa(type *table, size_t width, const type *rows, size_t stride,   \
                                     size_t count, const uint64_t *used);                          \
    void hb_look_up_##R##_##isa(type *to, size_t stride, size_t width, const type *from,           \
                                const type *table, const uint32_t *starts,                         \
                                const uint16_t *entries, size_t count);                            \
    void hb_pick_##R##_##isa(type *to, size_t stride, size_t width, const type *from,              \
                             const type *rows, const uint32_t *starts, const uint16_t *entries,    \
                             size_t count);                                                        \
    size_t hb_squeeze_##R##_##isa(type *to, const type *from, const uint64_t *bits, size_t n);     \
    void hb_spread_##R##_##isa(type *to, const type *from, const uint64_t *bits, size_t n);        \
    void hb_nonzero_##R##_##isa(const type *rows, size_t count, size_t n, uint64_t *bits);         \
    void hb_multiply_##R##_##isa(type *c, size_t stride, size_t rows, size_t columns,              \
                                 size_t depth, hb_matrix_##R a, hb_matrix_##R b, type *room);      \
    void hb_dots_##R##_##isa(type *to, size_t stride, const type *a, const type *b,                \
                             size_t b_stride, size_t n, const uint32_t *index, size_t count);      \
    void hb_sample_##R##_##isa(type *to, size_t stride, size_t rows, const type *a,                \
                               size_t a_stride, const type *b, size_t b_stride, size_t n,          \
                               const uint64_t *bits);                                              \
    void hb_weigh_##R##_##isa(type *to, size_t stride, size_t width, const type *rows,             \
                              const uint32_t *starts, const uint16_t *entries, const type *values, \
                              size_t count);                                                       \
    void hb_list_jumps_##R##_##isa(const type *rows, size_t stride, size_t width, size_t count,    \
                                   type decay, bool ends, uint32_t *starts, uint16_t *entries,     \
                                   type *values);                                                  \
    void hb_fade_##R##_##isa(type *to, ptrdiff_t to_stride, const type *from, ptrdiff_t stride,    \
                             size_t width, size_t count, type decay, type *carry);                 \
    void hb_transpose_##R##_##isa(type *to, size_t to_stride, const type *from, size_t stride,     \
                                  size_t rows, size_t count);
#define HB_DECLARE_ISA(isa)                                                                        \
    HB_DECLARE_PRODUCTS(isa, f32, float)                                                           \
    HB_DECLARE_PRODUCTS(isa, f64, double)                                                          \
    void hb_list_fours_##isa(const uint64_t *bits, size_t bit_stride, size_t words, size_t count,  \
                             uint32_t *starts, uint16_t *entries);                                 \
    void hb_list_ones_##isa(const uint64_t *bits, size_t bit_stride, size_t words, size_t count,   \
                            uint32_t *starts, uint16_t *entries);                                  \
    void hb_count_##isa(const uint64_t *bits, size_t words, size_t sums[2]);                       \
    uint64_t hb_turn_##isa(uint64_t *to, size_t to_stride, const uint64_t *from, size_t stride,    \
                           size_t count, uint64_t kept, size_t sums[2]);

HB_DECLARE_ISA(baseline)
HB_DECLARE_ISA(avx2)
HB_DECLARE_ISA(avx512)

#endif

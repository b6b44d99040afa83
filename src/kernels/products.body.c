/* Bits times floats. Compiled once per instruction set with HB_ISA set to its name.
 *
 * All kernels here sum in one order: rows whose numbers share index / 4 are added to one another,
 * rising, and the sum of such a group of four is added to the target. So a sum over listed rows
 * and one out of tables of all 16 sums of a group give the same bits, and which of them did
 * the work shows in nothing but the time. */
#include <string.h>

#include "kernels/body.h"
#include "kernels/kernels.h"
#include "kernels/products.h"
#if defined(__AVX512F__)
#include <immintrin.h>
#endif

#define LANES(type) (VECTOR_BYTES / sizeof(type))

/* The first `lanes` numbers at `from`, and zeros. */
#define PART(type, vec, load_part, store_part)                                                     \
    INLINE vec load_part(const type *from, size_t lanes) {                                         \
        vec v = {0};                                                                               \
        memcpy(&v, from, lanes * sizeof(type));                                                    \
        return v;                                                                                  \
    }                                                                                              \
    INLINE void store_part(type *to, vec v, size_t lanes) { memcpy(to, &v, lanes * sizeof(type)); }
#if defined(__AVX512F__)
INLINE vec_f32 load_part_f32(const float *from, size_t lanes) {
    return (vec_f32)_mm512_maskz_loadu_ps((__mmask16)((1u << lanes) - 1), from);
}
INLINE void store_part_f32(float *to, vec_f32 v, size_t lanes) {
    _mm512_mask_storeu_ps(to, (__mmask16)((1u << lanes) - 1), (__m512)v);
}
INLINE vec_f64 load_part_f64(const double *from, size_t lanes) {
    return (vec_f64)_mm512_maskz_loadu_pd((__mmask8)((1u << lanes) - 1), from);
}
INLINE void store_part_f64(double *to, vec_f64 v, size_t lanes) {
    _mm512_mask_storeu_pd(to, (__mmask8)((1u << lanes) - 1), (__m512d)v);
}
#else
PART(float, vec_f32, load_part_f32, store_part_f32)
PART(double, vec_f64, load_part_f64, store_part_f64)
#endif

/* A tile of V vectors, the last of which may hold but `part` numbers (0: it is full). */
#define LOAD(V, type, vec, s, at, part, load_part)                                                 \
    for (int l = 0; l < (V); l++)                                                                  \
    s[l] = l == (V)-1 && (part) ? load_part((at) + l * (int)LANES(type), part)                     \
                                : *(const vec *)((at) + l * (int)LANES(type))
#define STORE(V, type, vec, s, to, part, store_part)                                               \
    for (int l = 0; l < (V); l++)                                                                  \
        if (l == (V)-1 && (part))                                                                  \
            store_part((to) + l * (int)LANES(type), s[l], part);                                   \
        else                                                                                       \
            *(vec *)((to) + l * (int)LANES(type)) = s[l]

/* Calls body(V, part, ...) with V a constant. */
#define BY_WIDTH(width, type, body, ...)                                                           \
    do {                                                                                           \
        size_t part_ = (width) % LANES(type);                                                      \
        switch (((width) + LANES(type) - 1) / LANES(type)) {                                       \
        case 1:                                                                                    \
            body(1, part_, __VA_ARGS__);                                                           \
            break;                                                                                 \
        case 2:                                                                                    \
            body(2, part_, __VA_ARGS__);                                                           \
            break;                                                                                 \
        case 3:                                                                                    \
            body(3, part_, __VA_ARGS__);                                                           \
            break;                                                                                 \
        case 4:                                                                                    \
            body(4, part_, __VA_ARGS__);                                                           \
            break;                                                                                 \
        case 5:                                                                                    \
            body(5, part_, __VA_ARGS__);                                                           \
            break;                                                                                 \
        case 6:                                                                                    \
            body(6, part_, __VA_ARGS__);                                                           \
            break;                                                                                 \
        case 7:                                                                                    \
            body(7, part_, __VA_ARGS__);                                                           \
            break;                                                                                 \
        case 8:                                                                                    \
            body(8, part_, __VA_ARGS__);                                                           \
            break;                                                                                 \
        default:                                                                                   \
            break;                                                                                 \
        }                                                                                          \
    } while (0)

/* ---- lists: which entries each row of bits asks for ---- */

#if defined(__AVX512F__)
/* Those of 16 ids whose bit is 1, one after another; returns how many, counted first: see keep_f32
 * in multiply.body.c. */
INLINE size_t keep_ids(uint16_t *to, __mmask16 some, __m512i ids) {
    size_t count = (size_t)__builtin_popcount(some);
    __m256i kept = _mm512_cvtepi32_epi16(_mm512_maskz_compress_epi32(some, ids));
    _mm256_storeu_si256((__m256i *)(void *)to, kept);
    return count;
}
INLINE size_t fours_of(uint64_t word, size_t w, uint16_t *to) {
    const __m512i lanes = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    const __m512i shifts = _mm512_slli_epi32(_mm512_and_si512(lanes, _mm512_set1_epi32(7)), 2);
    __m512i halves = _mm512_inserti64x4(_mm512_set1_epi32((int)(uint32_t)word),
                                        _mm256_set1_epi32((int)(word >> 32)), 1);
    __m512i four = _mm512_and_si512(_mm512_srlv_epi32(halves, shifts), _mm512_set1_epi32(15));
    __m512i table = _mm512_add_epi32(_mm512_slli_epi32(lanes, 4), _mm512_set1_epi32((int)w * 256));
    return keep_ids(to, _mm512_test_epi32_mask(four, four), _mm512_add_epi32(four, table));
}
INLINE size_t ones_of(uint64_t word, size_t w, uint16_t *to) {
    const __m512i lanes = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    size_t count = 0;
    for (int k = 0; k < 4; k++, word >>= 16)
        count += keep_ids(to + count, (__mmask16)word,
                          _mm512_add_epi32(lanes, _mm512_set1_epi32((int)w * 64 + 16 * k)));
    return count;
}
#else
INLINE size_t fours_of(uint64_t word, size_t w, uint16_t *to) {
    size_t count = 0;
    for (uint64_t left = hb_nibbles(word); left; left &= left - 1) {
        size_t at = (size_t)__builtin_ctzll(left);
        to[count++] = (uint16_t)(w * 256 + at * 4 + (word >> at & 15));
    }
    return count;
}
INLINE size_t ones_of(uint64_t word, size_t w, uint16_t *to) {
    size_t count = 0;
    for (; word; word &= word - 1) to[count++] = (uint16_t)(w * 64 + (size_t)__builtin_ctzll(word));
    return count;
}
#endif

#define LIST(what)                                                                                 \
    void JOIN(hb_list_##what##_, HB_ISA)(const uint64_t *bits, size_t bit_stride, size_t words,    \
                                         size_t count, uint32_t *starts, uint16_t *entries) {      \
        size_t at = starts[0];                                                                     \
        for (size_t i = 0; i < count; i++, bits += bit_stride) {                                   \
            for (size_t w = 0; w < words; w++)                                                     \
                if (bits[w]) at += what##_of(bits[w], w, entries + at);                            \
            starts[i + 1] = (uint32_t)at;                                                          \
        }                                                                                          \
    }
LIST(fours)
LIST(ones)

/* ---- sums of rows ---- */

/* Adds to sum the rows whose numbers stand at `at` .. end, those of a four to one another first. */
#define ADD_GROUPS(V, type, vec, rows, stride, part, load_part, at, end)                           \
    while (at < (end)) {                                                                           \
        size_t first = *at / 4u;                                                                   \
        LOAD(V, type, vec, group, (rows) + *at * (stride), part, load_part);                       \
        for (at++; at < (end) && *at / 4u == first; at++) {                                        \
            LOAD(V, type, vec, row, (rows) + *at * (stride), part, load_part);                     \
            for (int l = 0; l < (V); l++) group[l] += row[l];                                      \
        }                                                                                          \
        for (int l = 0; l < (V); l++) sum[l] += group[l];                                          \
    }

#define PRODUCTS(R, type, vec)                                                                     \
    INLINE void rows_tile_##R(const int V, size_t part, type *to, const type *rows, size_t stride, \
                              const uint32_t *index, size_t count) {                               \
        vec sum[TILE_VECTORS], group[TILE_VECTORS], row[TILE_VECTORS];                             \
        LOAD(V, type, vec, sum, to, part, load_part_##R);                                          \
        const uint32_t *at = index;                                                                \
        ADD_GROUPS(V, type, vec, rows, stride, part, load_part_##R, at, index + count);            \
        STORE(V, type, vec, sum, to, part, store_part_##R);                                        \
    }                                                                                              \
    void JOIN(hb_add_rows_##R##_, HB_ISA)(type * to, size_t n, const type *rows, size_t stride,    \
                                          const uint32_t *index, size_t count) {                   \
        const size_t tile = TILE_VECTORS * LANES(type);                                            \
        for (size_t j = 0; count && j < n; j += tile) {                                            \
            size_t width = n - j < tile ? n - j : tile;                                            \
            BY_WIDTH(width, type, rows_tile_##R, to + j, rows + j, stride, index, count);          \
        }                                                                                          \
    }                                                                                              \
    /* Entry s of a table is entry s without its highest bit plus that bit's row. Fours of which   \
     * no bit is used keep what stood there. */                                                    \
    INLINE void table_tile_##R(const int V, size_t part, type *table, const type *rows,            \
                               size_t stride, size_t count, const uint64_t *used) {                \
        const size_t entry = (size_t)V * LANES(type);                                              \
        for (size_t first = 0; first < count;                                                      \
             first += 4, rows += 4 * stride, table += 16 * entry) {                                \
            if (used && !(used[first / 64] >> first % 64 & 15)) continue;                          \
            for (int l = 0; l < V; l++) {                                                          \
                vec sum[16] = {{0}};                                                               \
                for (size_t r = 0; r < 4; r++) {                                                   \
                    vec row = {0};                                                                 \
                    const type *from = rows + r * stride + (size_t)l * LANES(type);                \
                    if (first + r < count && l == V - 1 && part)                                   \
                        row = load_part_##R(from, part);                                           \
                    else if (first + r < count)                                                    \
                        row = *(const vec *)from;                                                  \
                    sum[(size_t)1 << r] = row;                                                     \
                    for (size_t s = 1; s < (size_t)1 << r; s++)                                    \
                        sum[((size_t)1 << r) + s] = sum[s] + row;                                  \
                }                                                                                  \
                for (size_t s = 1; s < 16; s++)                                                    \
                    *(vec *)(table + s * entry + (size_t)l * LANES(type)) = sum[s];                \
            }                                                                                      \
        }                                                                                          \
    }                                                                                              \
    void JOIN(hb_build_tables_##R##_, HB_ISA)(type * table, size_t width, const type *rows,        \
                                              size_t stride, size_t count, const uint64_t *used) { \
        BY_WIDTH(width, type, table_tile_##R, table, rows, stride, count, used);                   \
    }                                                                                              \
    INLINE void look_up_tile_##R(const int V, size_t part, type *to, size_t stride,                \
                                 const type *from, const type *table, const uint32_t *starts,      \
                                 const uint16_t *entries, size_t count) {                          \
        vec sum[TILE_VECTORS], row[TILE_VECTORS];                                                  \
        const size_t entry = (size_t)V * LANES(type);                                              \
        for (size_t i = 0; i < count; i++, to += stride) {                                         \
            const uint16_t *at = entries + starts[i], *end = entries + starts[i + 1];              \
            if (at == end && !from) continue;                                                      \
            LOAD(V, type, vec, sum, from ? from : to, part, load_part_##R);                        \
            for (; at < end; at++) {                                                               \
                LOAD(V, type, vec, row, table + *at * entry, (size_t)0, load_part_##R);            \
                for (int l = 0; l < V; l++) sum[l] += row[l];                                      \
            }                                                                                      \
            STORE(V, type, vec, sum, to, part, store_part_##R);                                    \
        }                                                                                          \
    }                                                                                              \
    void JOIN(hb_look_up_##R##_, HB_ISA)(type * to, size_t stride, size_t width, const type *from, \
                                         const type *table, const uint32_t *starts,                \
                                         const uint16_t *entries, size_t count) {                  \
        BY_WIDTH(width, type, look_up_tile_##R, to, stride, from, table, starts, entries, count);  \
    }                                                                                              \
    INLINE void pick_tile_##R(const int V, size_t part, type *to, size_t stride, const type *from, \
                              const type *rows, const uint32_t *starts, const uint16_t *entries,   \
                              size_t count) {                                                      \
        vec sum[TILE_VECTORS], group[TILE_VECTORS], row[TILE_VECTORS];                             \
        const size_t entry = (size_t)V * LANES(type);                                              \
        for (size_t i = 0; i < count; i++, to += stride) {                                         \
            const uint16_t *at = entries + starts[i], *end = entries + starts[i + 1];              \
            if (i + 2 < count)                                                                     \
                for (int l = 0; l < V; l++)                                                        \
                    __builtin_prefetch(to + 2 * stride + (size_t)l * LANES(type), 1);              \
            if (at == end && !from) continue;                                                      \
            LOAD(V, type, vec, sum, from ? from : to, part, load_part_##R);                        \
            ADD_GROUPS(V, type, vec, rows, entry, (size_t)0, load_part_##R, at, end);              \
            STORE(V, type, vec, sum, to, part, store_part_##R);                                    \
        }                                                                                          \
    }                                                                                              \
    void JOIN(hb_pick_##R##_, HB_ISA)(type * to, size_t stride, size_t width, const type *from,    \
                                      const type *rows, const uint32_t *starts,                    \
                                      const uint16_t *entries, size_t count) {                     \
        BY_WIDTH(width, type, pick_tile_##R, to, stride, from, rows, starts, entries, count);      \
    }

PRODUCTS(f32, float, vec_f32)
PRODUCTS(f64, double, vec_f64)

/* ---- rows without the numbers that do not matter ---- */

#if defined(__AVX512F__)
size_t JOIN(hb_squeeze_f32_, HB_ISA)(float *to, const float *from, const uint64_t *bits, size_t n) {
    float *start = to;
    for (size_t base = 0; base < n; base += 64) {
        uint64_t word = bits[base / 64];
        for (size_t j = base; word; j += 16, word >>= 16) {
            __mmask16 mask = (__mmask16)word;
            __m512 v = _mm512_maskz_loadu_ps(mask, from + j);
            unsigned count = (unsigned)__builtin_popcount(mask);
            _mm512_storeu_ps(to, _mm512_maskz_compress_ps(mask, v));
            to += count;
        }
    }
    return (size_t)(to - start);
}
void JOIN(hb_spread_f32_, HB_ISA)(float *to, const float *from, const uint64_t *bits, size_t n) {
    for (size_t base = 0; base < n; base += 64) {
        uint64_t word = bits[base / 64];
        for (size_t j = base; word; j += 16, word >>= 16) {
            __mmask16 mask = (__mmask16)word;
            unsigned count = (unsigned)__builtin_popcount(mask);
            __m512 v = _mm512_maskz_loadu_ps((__mmask16)((1u << count) - 1), from);
            v = _mm512_maskz_expand_ps(mask, v);
            v = _mm512_add_ps(v, _mm512_maskz_loadu_ps(mask, to + j));
            _mm512_mask_storeu_ps(to + j, mask, v);
            from += count;
        }
    }
}
#else
size_t JOIN(hb_squeeze_f32_, HB_ISA)(float *to, const float *from, const uint64_t *bits, size_t n) {
    size_t count = 0;
    for (size_t base = 0; base < n; base += 64)
        for (uint64_t word = bits[base / 64]; word; word &= word - 1)
            to[count++] = from[base + (size_t)__builtin_ctzll(word)];
    return count;
}
void JOIN(hb_spread_f32_, HB_ISA)(float *to, const float *from, const uint64_t *bits, size_t n) {
    for (size_t base = 0; base < n; base += 64)
        for (uint64_t word = bits[base / 64]; word; word &= word - 1)
            to[base + (size_t)__builtin_ctzll(word)] += *from++;
}
#endif
size_t JOIN(hb_squeeze_f64_, HB_ISA)(double *to, const double *from, const uint64_t *bits,
                                     size_t n) {
    size_t count = 0;
    for (size_t base = 0; base < n; base += 64)
        for (uint64_t word = bits[base / 64]; word; word &= word - 1)
            to[count++] = from[base + (size_t)__builtin_ctzll(word)];
    return count;
}
void JOIN(hb_spread_f64_, HB_ISA)(double *to, const double *from, const uint64_t *bits, size_t n) {
    for (size_t base = 0; base < n; base += 64)
        for (uint64_t word = bits[base / 64]; word; word &= word - 1)
            to[base + (size_t)__builtin_ctzll(word)] += *from++;
}

#define NONZERO(R, type)                                                                           \
    void JOIN(hb_nonzero_##R##_, HB_ISA)(const type *rows, size_t count, size_t n,                 \
                                         uint64_t *bits) {                                         \
        for (size_t base = 0; base < n; base += 64) {                                              \
            size_t here = n - base < 64 ? n - base : 64;                                           \
            unsigned char any[64] = {0};                                                           \
            for (size_t r = 0; r < count; r++) {                                                   \
                const type *row = rows + r * n + base;                                             \
                if (here == 64)                                                                    \
                    for (int j = 0; j < 64; j++) any[j] |= row[j] != 0;                            \
                else                                                                               \
                    for (size_t j = 0; j < here; j++) any[j] |= row[j] != 0;                       \
            }                                                                                      \
            uint64_t word = 0;                                                                     \
            for (size_t j = 0; j < here; j++) word |= (uint64_t)any[j] << j;                       \
            bits[base / 64] = word;                                                                \
        }                                                                                          \
    }
NONZERO(f32, float)
NONZERO(f64, double)

void JOIN(hb_count_, HB_ISA)(const uint64_t *bits, size_t words, size_t sums[2]) {
    size_t ones = 0, nibbles = 0;
    for (size_t i = 0; i < words; i++) {
        ones += (size_t)__builtin_popcountll(bits[i]);
        nibbles += (size_t)__builtin_popcountll(hb_nibbles(bits[i]));
    }
    sums[0] += ones;
    sums[1] += nibbles;
}

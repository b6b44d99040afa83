/* Bits of 64 rows, seen by column. Compiled once per instruction set with HB_ISA set to its name.
 */
#include <string.h>

#include "kernels/body.h"
#include "kernels/kernels.h"
#include "kernels/products.h"
#if defined(__AVX512F__)
#include <immintrin.h>
#endif

/* The bits of x[i] whose place has the bit `half` and those of x[i + half] whose place has it not
 * are exchanged. */
#define EXCHANGE(half, mask)                                                                       \
    for (unsigned first = 0; first < 64; first += 2 * (half))                                      \
        for (unsigned i = first; i < first + (half); i++) {                                        \
            uint64_t t = (x[i] >> (half) ^ x[i + (half)]) & (mask);                                \
            x[i] ^= t << (half);                                                                   \
            x[i + (half)] ^= t;                                                                    \
        }

#if defined(__AVX512F__)
/* Eight rows of eight bytes, seen by column. */
INLINE __m512i turn_bytes(__m512i v) {
    const __m512i pairs =
        _mm512_broadcast_i32x4(_mm_setr_epi8(0, 8, 1, 9, 2, 10, 3, 11, 4, 12, 5, 13, 6, 14, 7, 15));
    const __m512i places =
        _mm512_setr_epi32(0x00080000, 0x00180010, 0x00090001, 0x00190011, 0x000a0002, 0x001a0012,
                          0x000b0003, 0x001b0013, 0x000c0004, 0x001c0014, 0x000d0005, 0x001d0015,
                          0x000e0006, 0x001e0016, 0x000f0007, 0x001f0017);
    return _mm512_permutexvar_epi16(places, _mm512_shuffle_epi8(v, pairs));
}

/* Bit j of byte i of each word becomes bit i of byte j. */
INLINE __m512i turn_words(__m512i v) {
    static const uint64_t masks[3] = {0x00AA00AA00AA00AAu, 0x0000CCCC0000CCCCu,
                                      0x00000000F0F0F0F0u};
    for (int k = 0; k < 3; k++) {
        unsigned by = 7u << k;
        __m512i mask = _mm512_set1_epi64((long long)masks[k]);
        /* (v >> by ^ v) & mask */
        __m512i t = _mm512_ternarylogic_epi64(_mm512_srli_epi64(v, by), v, mask, 0x28);
        v = _mm512_ternarylogic_epi64(v, t, _mm512_slli_epi64(t, by), 0x96);
    }
    return v;
}

/* Whole bytes first, by exchange of rows that are eight and more apart; then the bits of each
 * square of eight by eight. */
INLINE void turn_all(uint64_t *x) {
    __m512i v[8];
    for (int i = 0; i < 8; i++) v[i] = _mm512_loadu_si512(x + 8 * i);
    static const uint64_t masks[3] = {0x00FF00FF00FF00FFu, 0x0000FFFF0000FFFFu,
                                      0x00000000FFFFFFFFu};
    for (int k = 2; k >= 0; k--) {
        unsigned by = 8u << k;
        __m512i mask = _mm512_set1_epi64((long long)masks[k]);
        for (int i = 0; i < 8; i++) {
            if (i >> k & 1) continue;
            __m512i *a = &v[i], *b = &v[i + (1 << k)];
            __m512i t = _mm512_ternarylogic_epi64(_mm512_srli_epi64(*a, by), *b, mask, 0x28);
            *a = _mm512_xor_si512(*a, _mm512_slli_epi64(t, by));
            *b = _mm512_xor_si512(*b, t);
        }
    }
    for (int i = 0; i < 8; i++)
        _mm512_storeu_si512(x + 8 * i, turn_bytes(turn_words(turn_bytes(v[i]))));
}
#else
INLINE void turn_all(uint64_t *x){
    EXCHANGE(32, 0x00000000FFFFFFFFu) EXCHANGE(16, 0x0000FFFF0000FFFFu)
        EXCHANGE(8, 0x00FF00FF00FF00FFu) EXCHANGE(4, 0x0F0F0F0F0F0F0F0Fu)
            EXCHANGE(2, 0x3333333333333333u) EXCHANGE(1, 0x5555555555555555u)}
#endif

uint64_t JOIN(hb_turn_, HB_ISA)(uint64_t *to, size_t to_stride, const uint64_t *from, size_t stride,
                                size_t count, uint64_t kept, size_t sums[2]) {
    _Alignas(64) uint64_t x[64];
    uint64_t any = 0;
    for (size_t i = 0; i < count; i++) any |= x[i] = from[i * stride] & kept;
    for (size_t i = count; i < 64; i++) x[i] = 0;
    if (any) turn_all(x);
    if (to_stride == 1)
        memcpy(to, x, sizeof x);
    else
        for (size_t i = 0; i < 64; i++) to[i * to_stride] = x[i];
    if (any && sums) JOIN(hb_count_, HB_ISA)(x, 64, sums);
    return any;
}

/* The hot loops: they see pointers and counts, never our structs. One body is
 * compiled once per instruction set; all give the same bits. */
#ifndef HB_KERNELS_H
#define HB_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { HB_POSITIONS_SLACK = 16 };

/* Words of bits that one set of tables answers; rows themselves, packed, have room for four times
 * as many. */
enum {
    HB_TILE_VECTORS = 8,
    HB_TABLE_WORDS = 4,
    HB_TABLE_ROWS = 64 * HB_TABLE_WORDS,
    HB_PACKED_WORDS = 4 * HB_TABLE_WORDS,
    HB_PACKED_ROWS = 64 * HB_PACKED_WORDS
};

/* Steps of a random train that are drawn at a time; blocks of random bits that 32 trials may need.
 */
enum { HB_DRAW_STEPS = 256, HB_DRAW_WORDS = HB_DRAW_STEPS / 64, HB_TRIAL_BLOCKS = 8 };

/* Rows of no more numbers than this have kernels of their own; 64 of them and a row of zeros. */
enum { HB_NARROW = 16, HB_NARROW_BLOCK = 65 * HB_NARROW };

/* What a row added from a list, an entry added from a table and one built, a packed row added and
 * one packed, and a row of the target touched cost beside one another; tools/crossover measures
 * them. They are those of a Sapphire Rapids, leaning towards tables as a smaller second cache does:
 * lists read the whole matrix. All ways give the same bits, so that they may be crude. */
typedef struct hb_costs {
    float listed, looked_up, built, picked, packed, touched;
    /* beside a multiply-add of `multiply`: one of `sample`, one of `weigh`; a number squeezed, and
     * one turned */
    float sampled, weighed, squeezed, turned;
    float masked; /* a number of a narrow row added to 64 sources by masks, beside a spike found */
} hb_costs;

/* Numbers of which (i, k) is at[i * row + k * column]; one of the strides is 1. */
typedef struct hb_matrix_f32 {
    const float *at;
    size_t row, column;
} hb_matrix_f32;
typedef struct hb_matrix_f64 {
    const double *at;
    size_t row, column;
} hb_matrix_f64;

/* What multiply packs at a time: so many rows of a and so many bytes of columns of b, so deep. */
enum { HB_MULTIPLY_ROWS = 56, HB_MULTIPLY_WIDTH = 2048, HB_MULTIPLY_DEPTH = 256 };
enum { HB_MULTIPLY_GAP = 16 }; /* between packed rows, which would share a set of the cache */
/* The bytes of its room, for results of at most so many columns of so many bytes each. */
static inline size_t hb_multiply_room(size_t columns, size_t size) {
    size_t width = columns < HB_MULTIPLY_WIDTH / size ? columns * size : HB_MULTIPLY_WIDTH;
    width = (width + 127) / 128 * 128; /* the widest tile */
    return HB_MULTIPLY_ROWS * (HB_MULTIPLY_DEPTH + HB_MULTIPLY_GAP) * size +
           width * HB_MULTIPLY_DEPTH;
}

typedef struct hb_kernels {
    const char *name;
    hb_costs costs;
    size_t tile_bytes; /* the most of a row that a table holds */
    /* to[j] += sum over i of rows[index[i] * stride + j], in the order of i; neighbours that share
     * index / 4 are added to one another first (see products.body.c). */
    void (*add_rows_f32)(float *to, size_t n, const float *rows, size_t stride,
                         const uint32_t *index, size_t count);
    void (*add_rows_f64)(double *to, size_t n, const double *rows, size_t stride,
                         const uint32_t *index, size_t count);
    /* table[(count + 3) / 4][16][width rounded up to vectors]: all sums of each four of `count`
     * rows, width numbers (at most tile_bytes) of each, but for the sum of none, which nobody
     * looks up, and for fours without a bit in `used` (NULL: all are). */
    void (*build_tables_f32)(float *table, size_t width, const float *rows, size_t stride,
                             size_t count, const uint64_t *used);
    void (*build_tables_f64)(double *table, size_t width, const double *rows, size_t stride,
                             size_t count, const uint64_t *used);
    /* Lists of what each of `count` rows of bits, bit_stride words apart, asks for: row i has
     * entries starts[i] .. starts[i + 1], where starts[0] is given. list_fours: 16 times the number
     * of each four that is not 0, plus the four itself; list_ones: the places of bits that are 1.
     * Rows have at most HB_TABLE_WORDS, or HB_PACKED_WORDS. May write up to HB_POSITIONS_SLACK
     * more. */
    void (*list_fours)(const uint64_t *bits, size_t bit_stride, size_t words, size_t count,
                       uint32_t *starts, uint16_t *entries);
    void (*list_ones)(const uint64_t *bits, size_t bit_stride, size_t words, size_t count,
                      uint32_t *starts, uint16_t *entries);
    /* count rows of width numbers, `stride` apart: each adds the entries of the tables that its
     * list of fours names; the same bits as add_rows. Where from is not NULL, it is what each row
     * begins with in place of itself. */
    void (*look_up_f32)(float *to, size_t stride, size_t width, const float *from,
                        const float *table, const uint32_t *starts, const uint16_t *entries,
                        size_t count);
    void (*look_up_f64)(double *to, size_t stride, size_t width, const double *from,
                        const double *table, const uint32_t *starts, const uint16_t *entries,
                        size_t count);
    /* The same from lists of ones, of rows themselves: width rounded up to vectors apart. */
    void (*pick_f32)(float *to, size_t stride, size_t width, const float *from, const float *rows,
                     const uint32_t *starts, const uint16_t *entries, size_t count);
    void (*pick_f64)(double *to, size_t stride, size_t width, const double *from,
                     const double *rows, const uint32_t *starts, const uint16_t *entries,
                     size_t count);
    /* c[i * stride + j] += sum over k < depth of a(i, k) b(k, j), i < rows, j < columns. A sum goes
     * over k in order, HB_MULTIPLY_DEPTH at a time; products are rounded with the sums (fma) where
     * the set can, so that the baseline alone differs in its last bits. */
    void (*multiply_f32)(float *c, size_t stride, size_t rows, size_t columns, size_t depth,
                         hb_matrix_f32 a, hb_matrix_f32 b, float *room);
    void (*multiply_f64)(double *c, size_t stride, size_t rows, size_t columns, size_t depth,
                         hb_matrix_f64 a, hb_matrix_f64 b, double *room);
    /* to[i * stride] += sum over j < n of a[j] b[i * b_stride + j] for each i of `count` in index.
     * Fused as in multiply. */
    void (*dots_f32)(float *to, size_t stride, const float *a, const float *b, size_t b_stride,
                     size_t n, const uint32_t *index, size_t count);
    void (*dots_f64)(double *to, size_t stride, const double *a, const double *b, size_t b_stride,
                     size_t n, const uint32_t *index, size_t count);
    /* The same for rows of a: to[t * stride + r] where bit t of bits[r] is 1, r < rows, t < 64. No
     * other rows are read. */
    void (*sample_f32)(float *to, size_t stride, size_t rows, const float *a, size_t a_stride,
                       const float *b, size_t b_stride, size_t n, const uint64_t *bits);
    void (*sample_f64)(double *to, size_t stride, size_t rows, const double *a, size_t a_stride,
                       const double *b, size_t b_stride, size_t n, const uint64_t *bits);
    /* count rows of width numbers, `stride` apart: each adds values[k] times the row that
     * entries[k] names, for k of its list. Rows, which are packed, are width rounded up to vectors
     * long, and so much is read and written of the sums. Fused as in multiply. */
    void (*weigh_f32)(float *to, size_t stride, size_t width, const float *rows,
                      const uint32_t *starts, const uint16_t *entries, const float *values,
                      size_t count);
    void (*weigh_f64)(double *to, size_t stride, size_t width, const double *rows,
                      const uint32_t *starts, const uint16_t *entries, const double *values,
                      size_t count);
    /* Lists of where each of count rows of width <= 64 numbers, `stride` apart, is not decay times
     * the row after it, and by how much: places and differences. ends: nothing comes after the last
     * row, which then is listed itself. starts and slack as of list_ones, of values, too. */
    void (*list_jumps_f32)(const float *rows, size_t stride, size_t width, size_t count,
                           float decay, bool ends, uint32_t *starts, uint16_t *entries,
                           float *values);
    void (*list_jumps_f64)(const double *rows, size_t stride, size_t width, size_t count,
                           double decay, bool ends, uint32_t *starts, uint16_t *entries,
                           double *values);
    /* carry = decay carry + from[i * stride ...]; to[i * to_stride ...] += carry, for i < count. */
    void (*fade_f32)(float *to, ptrdiff_t to_stride, const float *from, ptrdiff_t stride,
                     size_t width, size_t count, float decay, float *carry);
    void (*fade_f64)(double *to, ptrdiff_t to_stride, const double *from, ptrdiff_t stride,
                     size_t width, size_t count, double decay, double *carry);
    /* to[r * to_stride + k] = from[k * stride + r], r < rows, k < count. */
    void (*transpose_f32)(float *to, size_t to_stride, const float *from, size_t stride,
                          size_t rows, size_t count);
    void (*transpose_f64)(double *to, size_t to_stride, const double *from, size_t stride,
                          size_t rows, size_t count);
    /* Rows of width <= HB_NARROW numbers, which lie close together, `numbers` of them in all. To
     * row t < steps of `to` is added each row index[k] of whose words bits[k * stride + ...]
     * bit t is 1, in the order of k, one by one. */
    void (*add_narrow_f32)(float *to, size_t width, size_t steps, const float *rows, size_t numbers,
                           const uint64_t *bits, size_t stride, const uint32_t *index,
                           size_t count);
    void (*add_narrow_f64)(double *to, size_t width, size_t steps, const double *rows,
                           size_t numbers, const uint64_t *bits, size_t stride,
                           const uint32_t *index, size_t count);
    /* The same of a single step: all the rows of the list. */
    void (*list_narrow_f32)(float *to, size_t width, const float *rows, size_t numbers,
                            const uint32_t *index, size_t count);
    void (*list_narrow_f64)(double *to, size_t width, const double *rows, size_t numbers,
                            const uint32_t *index, size_t count);
    /* Rows in blocks of 64, HB_NARROW_BLOCK apart, each followed by a row of zeros. What lies in a
     * row beyond its width may be anything. */
    void (*pad_narrow_f32)(float *to, const float *from, size_t width, size_t count);
    void (*pad_narrow_f64)(double *to, const double *from, size_t width, size_t count);
    /* Of 64 sources, each of those `live` adds to its row of `to` (HB_NARROW apart) the padded rows
     * of the steps that its bits say: bit t of bits[i * words + k] is step 64 k + t of source i.
     * A sum goes over its steps in order, and begins at 0. */
    void (*gather_narrow_f32)(float *to, const float *padded, const uint64_t *bits, size_t words,
                              uint64_t live);
    void (*gather_narrow_f64)(double *to, const double *padded, const uint64_t *bits, size_t words,
                              uint64_t live);
    /* The same sums, looking at every source in every step: bit i % 64 of bits[t * stride + i / 64]
     * & kept[i / 64] says that source i acts in step t, whose row is `width` numbers. They are
     * added to to[i / 64][HB_NARROW][64], of sources in whole 64s. Where acted is not NULL, bits of
     * those that did are set. */
    void (*mask_narrow_f32)(float *to, const float *rows, size_t width, size_t steps,
                            const uint64_t *bits, size_t stride, const uint64_t *kept,
                            size_t sources, uint64_t *acted);
    void (*mask_narrow_f64)(double *to, const double *rows, size_t width, size_t steps,
                            const uint64_t *bits, size_t stride, const uint64_t *kept,
                            size_t sources, uint64_t *acted);
    /* The numbers of a row whose bit is 1, one after another; returns how many. May write up to
     * HB_POSITIONS_SLACK more. */
    size_t (*squeeze_f32)(float *to, const float *from, const uint64_t *bits, size_t n);
    size_t (*squeeze_f64)(double *to, const double *from, const uint64_t *bits, size_t n);
    /* The reverse: they are added where the bits are 1. */
    void (*spread_f32)(float *to, const float *from, const uint64_t *bits, size_t n);
    void (*spread_f64)(double *to, const double *from, const uint64_t *bits, size_t n);
    /* Bit j: column j of the rows [count][n] is not all 0. */
    void (*nonzero_f32)(const float *rows, size_t count, size_t n, uint64_t *bits);
    void (*nonzero_f64)(const double *rows, size_t count, size_t n, uint64_t *bits);
    /* Adds how many bits are 1, and in how many fours of them some are. */
    void (*count)(const uint64_t *bits, size_t words, size_t sums[2]);
    /* Bit i of to[j * to_stride], j < 64, is bit j of from[i * stride] & kept, i < count <= 64,
     * or else 0; adds to the sums what count does, unless they are NULL. Returns a
     * word whose bit j is 1 where to[j * to_stride] is not 0. */
    uint64_t (*turn)(uint64_t *to, size_t to_stride, const uint64_t *from, size_t stride,
                     size_t count, uint64_t kept, size_t sums[2]);
    /* Bit j of bits: x[j] > low && x[j] < high. Bits past n are 0. */
    void (*between_f32)(const float *x, size_t n, float low, float high, uint64_t *bits);
    void (*between_f64)(const double *x, size_t n, double low, double high, uint64_t *bits);
    /* to[j] = bit j ? on : 0. */
    void (*expand_f32)(const uint64_t *bits, size_t n, float on, float *to);
    void (*expand_f64)(const uint64_t *bits, size_t n, double on, double *to);
    /* Positions of the set bits of `words` words, rising; returns how many. May write up to
     * HB_POSITIONS_SLACK entries more than it returns. */
    size_t (*positions)(const uint64_t *bits, size_t words, uint32_t *index);
    /* Philox 4x32-10 of the counters {block[i], lane[i], sample[0], sample[1]}: words[4 i ...]. */
    void (*philox)(const uint32_t key[2], const uint32_t sample[2], const uint32_t *block,
                   const uint32_t *lane, size_t count, uint32_t *words);
    /* log[i] = log((words[i] + 1/2) 2^-32) within 2^-45, the same on every machine. */
    void (*log_uniform)(const uint32_t *words, size_t count, double *log);
    /* 32 trials for each i, in those steps whose bit is 1 in used[i]: bit s of words[i] is 1 with
     * probability below[i] 2^-32. Philox gives planes of 32 bits, four of each of the
     * counters {block[i] + 0 .. HB_TRIAL_BLOCKS - 1, lane[i], sample[0], sample[1]}: plane k has
     * the digits of weight 2^-(k+1) of 32 uniform numbers, and is asked for only while such a
     * number has the leading digits of the probability. */
    void (*trials)(const uint32_t key[2], const uint32_t sample[2], const uint32_t *block,
                   const uint32_t *lane, const uint32_t *below, const uint32_t *used, size_t count,
                   uint32_t *words);
    /* scale[i] = 1 / log(1 - p[i]), 2^-20 < p < 1/4, by the same operations as hb_log. */
    void (*gap_scales)(const double *p, size_t count, double *scale);
    /* Trains of steps begin .. end <= HB_DRAW_STEPS: before each success lie floor(scale[i]
     * log_uniform(word)) failures, of the words that Philox gives for {0, lane[i], sample[0],
     * sample[1]}, {1, ... and so on. Writes bit t % 64 of trains[place[i]][t / 64]: a success in
     * step t. Neighbours are drawn together: their scales should be about the same. Gaps are
     * below 2^31. */
    void (*gap_trains)(const uint32_t key[2], const uint32_t sample[2], const uint32_t *lane,
                       const double *scale, size_t count, size_t begin, size_t end,
                       const uint32_t *place, uint64_t (*trains)[HB_DRAW_WORDS]);
} hb_kernels;

/* The lowest bit of each four that are not all 0. */
static inline uint64_t hb_nibbles(uint64_t word) {
    return (word | word >> 1 | word >> 2 | word >> 3) & 0x1111111111111111u;
}
/* How rows are summed by bits: from the place where they are, from tables, or packed. */
typedef enum hb_way { HB_LISTED, HB_LOOKED_UP, HB_PICKED } hb_way;

/* What is to be summed: bits that are 1 and fours that are not 0; rows of the target, words in
 * each; rows to sum up, those of them in fours that are used. */
typedef struct hb_sums {
    size_t bits, fours, targets, words, rows, used;
} hb_sums;

static inline float hb_cost(const hb_kernels *k, const hb_sums *s, hb_way way) {
    const hb_costs *c = &k->costs;
    size_t at_once = way == HB_LOOKED_UP ? HB_TABLE_WORDS : HB_PACKED_WORDS;
    float touched = (float)(s->targets * ((s->words + at_once - 1) / at_once)) * c->touched;
    switch (way) {
    case HB_LOOKED_UP:
        return (float)s->fours * c->looked_up + 4 * (float)s->used * c->built + touched;
    case HB_PICKED:
        return (float)s->bits * c->picked + (float)s->rows * c->packed + touched;
    default:
        return (float)s->bits * c->listed;
    }
}
/* The faster of tables and packed rows. */
static inline hb_way hb_way_of(const hb_kernels *k, const hb_sums *s) {
    return hb_cost(k, s, HB_PICKED) < hb_cost(k, s, HB_LOOKED_UP) ? HB_PICKED : HB_LOOKED_UP;
}

/* The best table for this machine; HEBB_CPU=baseline|avx2|avx512 lowers it. */
const hb_kernels *hb_kernels_get(void);

#endif

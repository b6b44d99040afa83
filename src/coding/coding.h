/* Encoders, generators and decoders. They know no network: they see arrays.
 *
 * An encoder works on one sample at a time and writes its whole train, either
 * as spikes (a bit for each step and neuron) or as real values. */
#ifndef HB_CODING_H
#define HB_CODING_H

#include "base/component.h"
#include "base/random.h"

/* Bits of one sample: step t, neuron n is bit n%64 of words[t*stride + n/64]. */
typedef struct hb_bits {
    uint64_t *words;
    size_t stride; /* words per step, >= (num+63)/64 */
} hb_bits;

/* The same, neuron by neuron: step t of the k-th neuron whose bit of `lit` is 1 is bit t % 64 of
 * words[k * stride + t / 64]. Others are silent. */
typedef struct hb_trains {
    uint64_t *words;
    size_t stride;
    uint64_t *lit; /* [(num+63)/64] */
} hb_trains;

#define HB_WORDS(n) (((n) + 63) / 64)

/* Neurons before `first` that are lit. */
static inline size_t hb_lit_before(const uint64_t *lit, size_t first) {
    size_t count = 0;
    for (size_t w = 0; w < first / 64; w++) count += (size_t)__builtin_popcountll(lit[w]);
    uint64_t part = first % 64 ? lit[first / 64] << (64 - first % 64) : 0;
    return count + (size_t)__builtin_popcountll(part);
}

typedef enum hb_emits {
    HB_EMITS_SPIKES,  /* bits */
    HB_EMITS_REAL,    /* float rows [steps][num] */
    HB_EMITS_CONSTANT /* one float row that holds for every step */
} hb_emits;

/* What one call is asked for. */
typedef struct hb_encode_job {
    const float *values; /* [num] of this sample ([steps][num] for "null"), or the
                            generator's source */
    size_t value_count;
    const double *times; /* mstb: this sample's events */
    const uint32_t *neurons;
    size_t events;
    double batch_min, batch_max; /* of hb_encoder_batch_range (compat = spaic) */
    size_t num;
    size_t first, steps; /* steps [first, first+steps) of a run that is `total` long */
    size_t total;
    uint64_t seed;
    uint32_t domain_id; /* the encoder's number: separates its streams from others' */
    uint64_t sample;    /* presentation counter of this sample */
    hb_bits bits;       /* HB_EMITS_SPIKES: cleared by the caller, step 0 = `first` */
    hb_trains trains;   /* in place of bits, if hb_encoder_gives_trains and words is not NULL */
    float *rows;        /* otherwise: [steps][num], or [num] if constant */
} hb_encode_job;

typedef struct hb_encoder {
    const struct hb_encoder_ops *ops;
    hb_args args;
    double dt;
    bool spaic; /* compat = "spaic" */
    bool generator;
} hb_encoder;

typedef struct hb_encoder_ops {
    const hb_component *component;
    hb_emits emits;
    bool per_step; /* values hold [steps][num], not [num] ("null") */
    bool trains;   /* can write trains */
    bool events;   /* takes times and neurons ("mstb") */
    /* Real rows are written in full; bits must come cleared. */
    hebb_status (*encode)(const hb_encoder *encoder, hb_env *env, const hb_encode_job *job);
    /* Where the answer depends on parameters or compat; NULL: `emits`. Ask hb_encoder_emits. */
    hb_emits (*emits_of)(const hb_encoder *encoder);
    /* NULL: the plain minimum and maximum. Ask hb_encoder_batch_range. */
    void (*batch_range)(const hb_encoder *encoder, const float *values, size_t batch, size_t num,
                        double *low, double *high);
} hb_encoder_ops;

hb_emits hb_encoder_emits(const hb_encoder *encoder);
/* Under compat = spaic silent neurons have stray spikes. */
static inline bool hb_encoder_gives_trains(const hb_encoder *encoder) {
    return encoder->ops->trains && !encoder->spaic;
}
/* What compat = spaic takes over the whole batch (values [batch][num]); goes into the jobs. */
void hb_encoder_batch_range(const hb_encoder *encoder, const float *values, size_t batch,
                            size_t num, double *low, double *high);

hebb_status hb_encoder_create(hb_env *env, bool generator, const char *method, const char *where,
                              const hebb_param *params, size_t num, double dt, bool spaic,
                              hb_encoder *encoder);
void hb_encoder_free(hb_encoder *encoder);
extern const hb_encoder_ops *const hb_encoders[];
extern const size_t hb_encoder_count;
extern const hb_encoder_ops *const hb_generators[];
extern const size_t hb_generator_count;

/* ---- decoders ---- */

typedef struct hb_decoder {
    const struct hb_decoder_ops *ops;
    hb_args args;
    double dt;
    size_t num;     /* neurons of the target */
    size_t classes; /* outputs a sample, for records that do not depend on steps */
} hb_decoder;

/* A decoder reads "O" or "V" of its target over the last `steps` steps. */
typedef struct hb_decoder_ops {
    const hb_component *component;
    const char *variable; /* "O" or "V" */
    /* Linear in the record: predict[c] = scale * (sum_{n in c, t} w(t) x[t][n] + bias), c = n /
     * pop. time_weight gives w; NULL for decoders that are not of that form. */
    double (*time_weight)(const hb_decoder *decoder, size_t step, size_t steps);
    /* record, gradients: [steps][batch][num]; predict: [batch][outputs]. */
    void (*decode)(const hb_decoder *decoder, size_t steps, size_t batch, const double *record,
                   double *predict);
    /* dpredict -> drecord (overwrites). NULL: carries no gradient. */
    void (*backward)(const hb_decoder *decoder, size_t steps, size_t batch, const double *record,
                     const double *predict, const double *dpredict, double *drecord);
    bool whole_record; /* predict is the record itself, time first ("null", "v_t"):
                          outputs = steps * num; batch, where more than one, is the middle axis */
} hb_decoder_ops;

hebb_status hb_decoder_create(hb_env *env, const char *method, const char *where,
                              const hebb_param *params, size_t num, double dt, hb_decoder *decoder);
void hb_decoder_free(hb_decoder *decoder);
/* pop_size, scale and bias of a linear decoder (1, 1, 0 where it has none). */
void hb_decoder_linear(const hb_decoder *decoder, size_t *pop_size, double *scale, double *bias);
size_t hb_decoder_outputs(const hb_decoder *decoder, size_t steps);
extern const hb_decoder_ops *const hb_decoders[];
extern const size_t hb_decoder_count;

#endif

/* Readouts of spike counts: votes of assigned neurons, a softmax, populations. */
#include "train/classifier.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/random.h"

static const hb_param_info params[] = {
    {"method", HB_CHOICE, "1", 0, HB_ANY, 0, "how classes are read from spike counts", NULL, "vote",
     "vote|softmax|populations|fired"},
    {"group", HB_STRING, "1", 0, HB_ANY, HB_UNSET,
     "whose spikes; else the only group that a plastic connection drives"},
    {"samples", HB_INT, "samples", 0, 0, 1e9, 0,
     "vote, softmax: fitted on the first so many samples to learn from; 0: all"},
    {"feature", HB_CHOICE, "1", 0, HB_ANY, 0, "softmax: what it sees of a spike count", NULL,
     "sqrt", "count|sqrt|log1p"},
    {"epochs", HB_INT, "1", 20, 1, 1e4, 0, "softmax: times that it sees all responses"},
    {"lr", HB_NUM, "1", 0.01, HB_POSITIVE, "softmax: its rate at the beginning; it falls to 0"},
    {"l2", HB_NUM, "1", 1e-5, HB_NOT_NEGATIVE, "softmax: pull of its weights towards 0"},
};
const hb_component hb_section_readout = {
    .kind = "section",
    .name = "readout",
    .summary = "how classes are read from spike counts, where no loss does it; fitted on the "
               "training samples with learning off",
    .equation =
        "n[j] = spikes of neuron j in a presentation, class = the largest score, the lowest of "
        "equals:\n"
        "vote: neuron j belongs to the class a[j] of its highest mean n[j]; score[c] = mean of "
        "n[j] over the neurons of c.\n"
        "softmax: score[c] = b[c] + sum over j of w[c][j] f(n[j]), w and b by cross-entropy.\n"
        "populations: score[c] = sum of n[j] over the c-th of as many equal parts of the group as "
        "there are classes.\n"
        "fired: class 1 if there was a spike, else class 0.\n"
        "Where nothing has spiked, vote and populations predict no class.",
    .source = "vote: P. U. Diehl, M. Cook, Unsupervised learning of digit recognition using "
              "spike-timing-dependent plasticity, Front. Comput. Neurosci. 9:99, 2015",
    .params = params,
    .param_count = HB_COUNT(params)};

/* ---- life ---- */

static size_t choice(const hb_args *args, const char *name, const char *const *words) {
    size_t i = 0;
    while (strcmp(words[i], hb_args_text(args, name)) != 0) i++;
    return i;
}

static float *row_of(const hb_classifier *c, size_t class) {
    return c->weight + class * (c->n + 1);
}

hebb_status hb_classifier_init(hb_env *env, const hb_args *args, const char *name, size_t group,
                               size_t neurons, size_t classes, hb_classifier *c) {
    static const char *const methods[] = {"vote", "softmax", "populations", "fired"};
    static const char *const features[] = {"count", "sqrt", "log1p"};
    *c = (hb_classifier){.env = env, .group = group, .n = neurons, .classes = classes};
    snprintf(c->name, sizeof c->name, "%s", name);
    c->method = (hb_reading)choice(args, "method", methods);
    c->feature = (hb_feature)choice(args, "feature", features);
    if (c->method != HB_SOFTMAX) c->feature = HB_COUNT_FEATURE;
    c->samples = (size_t)hb_args_num(args, "samples");
    c->epochs = (size_t)hb_args_num(args, "epochs");
    c->lr = hb_args_num(args, "lr");
    c->l2 = hb_args_num(args, "l2");
    if (c->method == HB_POPULATIONS && neurons % classes)
        return hb_fail(env, HEBB_E_SHAPE,
                       "method = populations: %zu neurons cannot be shared among %zu classes",
                       neurons, classes);
    if (c->method == HB_FIRED && classes != 2)
        return hb_fail(env, HEBB_E_SHAPE,
                       "method = fired tells 2 classes apart; the samples have %zu", classes);
    c->weight = hb_calloc(env, classes * (neurons + 1), sizeof *c->weight);
    if (!c->weight) return HEBB_E_MEMORY;
    c->fitted = !hb_classifier_fits(c);
    for (size_t j = 0; j < neurons && c->method == HB_POPULATIONS; j++)
        row_of(c, j / (neurons / classes))[j] = 1;
    if (c->method != HB_FIRED) return HEBB_OK;
    row_of(c, 0)[neurons] = 0.5f;
    for (size_t j = 0; j < neurons; j++) row_of(c, 1)[j] = 1;
    return HEBB_OK;
}

static void drop_responses(hb_classifier *c) {
    hb_responses *r = &c->responses;
    void *owned[] = {r->neuron, r->count, r->begin, r->label};
    for (size_t i = 0; i < HB_COUNT(owned); i++) hb_free(c->env, owned[i]);
    *r = (hb_responses){0};
}

void hb_classifier_free(hb_classifier *c) {
    if (!c->env) return;
    drop_responses(c);
    hb_free(c->env, c->weight);
    *c = (hb_classifier){0};
}

/* ---- reading ---- */

static float feature_of(const hb_classifier *c, uint32_t count) {
    return c->feature == HB_SQRT_FEATURE    ? sqrtf((float)count)
           : c->feature == HB_LOG1P_FEATURE ? log1pf((float)count)
                                            : (float)count;
}

size_t hb_classifier_predict(const hb_classifier *c, const uint32_t *counts) {
    size_t best = c->classes;
    double most = 0;
    bool silent = true;
    for (size_t j = 0; j < c->n && silent; j++) silent = !counts[j];
    if (silent && (c->method == HB_VOTE || c->method == HB_POPULATIONS)) return best;
    for (size_t k = 0; k < c->classes; k++) {
        const float *row = row_of(c, k);
        double score = (double)row[c->n];
        for (size_t j = 0; j < c->n; j++)
            if (counts[j]) score += (double)(row[j] * feature_of(c, counts[j]));
        if (best < c->classes && score <= most) continue;
        best = k;
        most = score;
    }
    return best;
}

/* ---- responses ---- */

void hb_classifier_begin(hb_classifier *c) { drop_responses(c); }

static bool grow(hb_env *env, uint32_t **array, size_t old, size_t new) {
    uint32_t *larger = hb_realloc(env, *array, old * sizeof **array, new * sizeof **array);
    if (larger) *array = larger;
    return larger != NULL;
}

static hebb_status more_entries(hb_env *env, hb_responses *r, size_t wanted) {
    if (wanted <= r->room) return HEBB_OK;
    size_t room = wanted + r->room;
    if (!grow(env, &r->neuron, r->room, room) || !grow(env, &r->count, r->room, room))
        return HEBB_E_MEMORY;
    r->room = room;
    return HEBB_OK;
}

static hebb_status more_rows(hb_env *env, hb_responses *r) {
    if (r->rows < r->row_room) return HEBB_OK;
    size_t room = 2 * r->row_room + 256;
    size_t *begin = hb_realloc(env, r->begin, (r->row_room ? r->row_room + 1 : 0) * sizeof *begin,
                               (room + 1) * sizeof *begin);
    if (!begin) return HEBB_E_MEMORY;
    r->begin = begin;
    int32_t *label = hb_realloc(env, r->label, r->row_room * sizeof *label, room * sizeof *label);
    if (!label) return HEBB_E_MEMORY;
    r->label = label;
    if (!r->rows) begin[0] = 0;
    r->row_room = room;
    return HEBB_OK;
}

hebb_status hb_classifier_add(hb_classifier *c, const uint32_t *counts, int32_t label) {
    hb_responses *r = &c->responses;
    size_t active = 0;
    for (size_t j = 0; j < c->n; j++) active += counts[j] != 0;
    HEBB_TRY(more_rows(c->env, r));
    HEBB_TRY(more_entries(c->env, r, r->used + active));
    for (size_t j = 0; j < c->n; j++) {
        if (!counts[j]) continue;
        r->neuron[r->used] = (uint32_t)j;
        r->count[r->used++] = counts[j];
    }
    r->label[r->rows++] = label;
    r->begin[r->rows] = r->used;
    return HEBB_OK;
}

/* ---- votes ---- */

/* mean[n][classes]: the mean response of each neuron to each class. */
static hebb_status fit_vote(hb_classifier *c) {
    const hb_responses *r = &c->responses;
    size_t k = c->classes;
    double *mean = hb_calloc(c->env, c->n * k + 2 * k, sizeof *mean);
    if (!mean) return HEBB_E_MEMORY;
    double *shown = mean + c->n * k, *members = shown + k;
    for (size_t i = 0; i < r->rows; i++) {
        size_t label = (size_t)r->label[i];
        shown[label]++;
        for (size_t e = r->begin[i]; e < r->begin[i + 1]; e++)
            mean[r->neuron[e] * k + label] += r->count[e];
    }
    memset(c->weight, 0, k * (c->n + 1) * sizeof *c->weight);
    for (int pass = 0; pass < 2; pass++) /* count the members, then share the votes */
        for (size_t j = 0; j < c->n; j++) {
            size_t best = k;
            double most = 0; /* a neuron that never spiked belongs to no class */
            for (size_t l = 0; l < k; l++) {
                double value = shown[l] > 0 ? mean[j * k + l] / shown[l] : 0;
                if (value > most) most = value, best = l;
            }
            if (best == k) continue;
            if (pass)
                row_of(c, best)[j] = (float)(1 / members[best]);
            else
                members[best]++;
        }
    hb_free(c->env, mean);
    return HEBB_OK;
}

/* ---- softmax ---- */

/* Adam on mini-batches, one sample's sparse row after the other. It is this file's own: the
 * optimizers of networks are for learners. */
typedef struct softmax {
    hb_classifier *c;
    size_t width; /* n + 1 */
    double *w, *gradient, *first, *second, *score;
    uint64_t *order;
    double fade1, fade2; /* powers of the decays */
} softmax;

enum { BATCH = 100 };
static const double DECAY1 = 0.9, DECAY2 = 0.999, TINY = 1e-8;

static void add_gradient(softmax *s, size_t sample) {
    const hb_responses *r = &s->c->responses;
    size_t k = s->c->classes, label = (size_t)r->label[sample];
    size_t from = r->begin[sample], to = r->begin[sample + 1];
    double top = 0, sum = 0;
    for (size_t l = 0; l < k; l++) {
        const double *row = s->w + l * s->width;
        s->score[l] = row[s->c->n];
        for (size_t e = from; e < to; e++)
            s->score[l] += row[r->neuron[e]] * (double)feature_of(s->c, r->count[e]);
        if (!l || s->score[l] > top) top = s->score[l];
    }
    for (size_t l = 0; l < k; l++) sum += s->score[l] = exp(s->score[l] - top);
    for (size_t l = 0; l < k; l++) {
        double d = s->score[l] / sum - (l == label), *row = s->gradient + l * s->width;
        row[s->c->n] += d;
        for (size_t e = from; e < to; e++)
            row[r->neuron[e]] += d * (double)feature_of(s->c, r->count[e]);
    }
}

static void adam(softmax *s, double lr, double share) {
    s->fade1 *= DECAY1;
    s->fade2 *= DECAY2;
    for (size_t i = 0; i < s->c->classes * s->width; i++) {
        double g = s->gradient[i] * share + s->c->l2 * s->w[i];
        s->first[i] = DECAY1 * s->first[i] + (1 - DECAY1) * g;
        s->second[i] = DECAY2 * s->second[i] + (1 - DECAY2) * g * g;
        double mean = s->first[i] / (1 - s->fade1), square = s->second[i] / (1 - s->fade2);
        s->w[i] -= lr * mean / (sqrt(square) + TINY);
        s->gradient[i] = 0;
    }
}

static void descend(softmax *s, uint64_t seed) {
    size_t rows = s->c->responses.rows;
    for (size_t epoch = 0; epoch < s->c->epochs; epoch++) {
        hb_stream stream;
        hb_stream_init(&stream, seed, HB_DRAW_SHUFFLE, (uint32_t)epoch, HB_DRAW_RULE);
        for (size_t i = 0; i < rows; i++) s->order[i] = i;
        hb_shuffle(&stream, s->order, rows);
        for (size_t i = 0; i < rows; i += BATCH) {
            size_t end = i + BATCH < rows ? i + BATCH : rows;
            for (size_t j = i; j < end; j++) add_gradient(s, (size_t)s->order[j]);
            double gone = ((double)epoch + (double)i / (double)rows) / (double)s->c->epochs;
            adam(s, s->c->lr * (1 - gone), 1 / (double)(end - i));
        }
    }
}

static hebb_status fit_softmax(hb_classifier *c, uint64_t seed) {
    size_t width = c->n + 1, size = c->classes * width, rows = c->responses.rows;
    double *room = hb_calloc(c->env, 4 * size + c->classes, sizeof *room);
    uint64_t *order = hb_calloc(c->env, rows, sizeof *order);
    hebb_status status = room && order ? HEBB_OK : HEBB_E_MEMORY;
    if (status >= 0) {
        softmax s = {
            c,     width, room, room + size, room + 2 * size, room + 3 * size, room + 4 * size,
            order, 1,     1};
        descend(&s, seed);
        for (size_t i = 0; i < size; i++) c->weight[i] = (float)s.w[i];
    }
    hb_free(c->env, room);
    hb_free(c->env, order);
    return status;
}

hebb_status hb_classifier_end(hb_classifier *c, uint64_t seed) {
    hebb_status status = c->method == HB_VOTE ? fit_vote(c) : fit_softmax(c, seed);
    if (status >= 0) c->fitted = true;
    drop_responses(c);
    return status;
}

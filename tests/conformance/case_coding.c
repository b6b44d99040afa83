/* Encoders, decoders and rewards on plain arrays. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "conformance.h"

/* ---- encoders ---- */

typedef struct encoding {
    const char *method;
    double dt;
    size_t steps, batch, num;
    float *output; /* [steps][copies * batch][num] */
} encoding;

/* A random case is encoded this often, to know each neuron's mean. */
enum { COPIES = 400 };

static float *copies_of(trial *t, const numbers *source, const encoding *e, size_t copies) {
    bool per_step = source->ndim == 3; /* [batch][steps][num] becomes [steps][batch][num] */
    float *data = trial_alloc(t, source->count * copies, sizeof *data);
    size_t steps = per_step ? e->steps : 1, rows = copies * e->batch;
    for (size_t r = 0; data && r < rows; r++)
        for (size_t k = 0; k < steps; k++)
            for (size_t n = 0; n < e->num; n++)
                data[(k * rows + r) * e->num + n] =
                    (float)source->values[(r % e->batch * steps + k) * e->num + n];
    return data;
}

static void encode_values(trial *t, const cJSON *node, const params *p, const encoding *e,
                          size_t copies) {
    numbers source = golden_array(t, node, "source");
    bool per_step = source.ndim == 3;
    golden_shape(t, &source, "source", per_step ? 3 : 2,
                 per_step ? (size_t[]){e->batch, e->steps, e->num}
                          : (size_t[]){e->batch, e->num, 0});
    float *data = trial_fine(t) ? copies_of(t, &source, e, copies) : NULL;
    if (data)
        trial_call(t,
                   hebb_encode(t->ctx, e->method, p->items, e->dt, t->way, data, copies * e->batch,
                               e->num, e->steps, e->output),
                   "encoding");
}

/* source: for each sample a list of times and a list of neurons. */
static void encode_events(trial *t, const cJSON *node, const params *p, const encoding *e) {
    const cJSON *source = golden_member(t, node, "source"), *sample;
    if (trial_fine(t) && (!cJSON_IsArray(source) || (size_t)cJSON_GetArraySize(source) != e->batch))
        trial_problem(t, "source must be a list of %zu samples", e->batch);
    size_t total = 0, b = 0;
    cJSON_ArrayForEach(sample, source) total += (size_t)cJSON_GetArraySize(sample->child);
    double *times = trial_alloc(t, total, sizeof *times);
    uint32_t *neurons = trial_alloc(t, total, sizeof *neurons);
    size_t *offsets = trial_alloc(t, e->batch + 1, sizeof *offsets);
    cJSON_ArrayForEach(sample, source) {
        if (!trial_fine(t)) return;
        numbers both = golden_numbers(t, sample, "source");
        if (!golden_shape(t, &both, "a sample of source", 2, (size_t[]){2, both.shape[1]})) return;
        for (size_t i = 0; i < both.shape[1]; i++) {
            double neuron = both.values[both.shape[1] + i];
            if (!(neuron >= 0 && neuron < (double)e->num)) {
                trial_problem(t, "source: %g is not one of %zu neurons", neuron, e->num);
                return;
            }
            times[offsets[b] + i] = both.values[i];
            neurons[offsets[b] + i] = (uint32_t)neuron;
        }
        offsets[b + 1] = offsets[b] + both.shape[1];
        b++;
    }
    if (trial_fine(t))
        trial_call(t,
                   hebb_encode_events(t->ctx, e->method, p->items, e->dt, t->way, times, neurons,
                                      offsets, e->batch, e->num, e->steps, e->output),
                   "encoding");
}

/* A neuron's golden count must be likely under our own mean: 5 sigma and 3 spikes. */
static void compare_distribution(trial *t, const numbers *golden, const encoding *e) {
    for (size_t cell = 0; cell < e->batch * e->num; cell++) {
        double count = 0, mean = 0, square = 0;
        size_t b = cell / e->num, n = cell % e->num;
        for (size_t k = 0; k < e->steps; k++) count += golden->values[k * e->batch * e->num + cell];
        for (size_t c = 0; c < COPIES; c++) {
            double ours = 0;
            for (size_t k = 0; k < e->steps; k++)
                ours += (double)e->output[((k * COPIES + c) * e->batch + b) * e->num + n];
            mean += ours / COPIES;
            square += ours * ours / COPIES;
        }
        double spread = sqrt(fmax(square - mean * mean, 0) * (1 + 1.0 / COPIES));
        char what[120];
        snprintf(what, sizeof what, "count of sample %zu, neuron %zu (mean %.3g)", b, n, mean);
        double over = fmax(fabs(count - mean) - 5 * spread - 3, 0);
        trial_compare_one(t, what, count, count + over, EXACT);
    }
}

static void run_encoder(trial *t, const cJSON *node) {
    encoding e = {.method = golden_text(t, node, "encoder"),
                  .dt = golden_number(t, node, "dt"),
                  .steps = golden_size(t, node, "time_step")};
    numbers golden = golden_array(t, node, "output");
    params p = {.count = 0};
    params_add_all(t, &p, golden_optional(node, "kwargs"), "num"); /* the size of the encoder */
    e.batch = golden.shape[1];
    e.num = golden.shape[2];
    golden_shape(t, &golden, "output", 3, (size_t[]){e.steps, e.batch, e.num});
    bool random = cJSON_IsTrue(golden_optional(node, "random"));
    size_t copies = random ? COPIES : 1;
    e.output = trial_alloc(t, golden.count * copies, sizeof *e.output);
    double *ours = trial_alloc(t, golden.count, sizeof *ours);
    if (!trial_fine(t)) return;
    if (!strcmp(e.method, "mstb"))
        encode_events(t, node, &p, &e);
    else
        encode_values(t, node, &p, &e, copies);
    if (!trial_fine(t)) return;
    if (random) {
        compare_distribution(t, &golden, &e);
        return;
    }
    for (size_t i = 0; i < golden.count; i++) ours[i] = (double)e.output[i];
    trial_compare(t, "output", &golden, ours, golden.count,
                  golden_whole(&golden) ? EXACT : TRACE_ERROR);
}

void run_encoders(const suite *s) {
    const cJSON *node;
    size_t index = 0;
    cJSON_ArrayForEach(node, golden_cases(s, s->root, "cases")) {
        char name[128];
        if (!golden_case(s, node, "case", index++, name, sizeof name)) continue;
        const char *ways[] = {"spaic", quirk_of_encoder(node) ? NULL : "none"};
        for (int i = 0; i < 2 && ways[i]; i++) {
            trial t;
            trial_begin(&t, s, name, ways[i]);
            run_encoder(&t, node);
            trial_end(&t, s->tally);
        }
    }
}

/* ---- decoders and rewards ---- */

/* Samples first .. last - 1 of a record. */
static void keep_samples(trial *t, numbers *n, size_t first, size_t last) {
    size_t steps = n->shape[0], batch = n->shape[1], num = n->shape[2], rows = last - first;
    if (first >= last || last > batch) {
        trial_problem(t, "the record has no samples %zu to %zu", first, last);
        return;
    }
    double *kept = trial_alloc(t, steps * rows * num, sizeof *kept);
    for (size_t k = 0; kept && k < steps; k++)
        memcpy(kept + k * rows * num, n->values + (k * batch + first) * num,
               rows * num * sizeof *kept);
    *n = (numbers){
        .values = kept, .count = steps * rows * num, .shape = {steps, rows, num}, .ndim = 3};
}

/* The record [steps][batch][num]: given, or one of the file's by name, perhaps with its samples:
 * "spikes[:,0:1]". */
static numbers record_of(trial *t, const suite *s, const cJSON *node) {
    const cJSON *record = golden_member(t, node, "record");
    size_t first, last;
    char name[64];
    bool part = false;
    if (cJSON_IsString(record)) {
        part = sscanf(record->valuestring, "%63[^[][:,%zu:%zu]", name, &first, &last) == 3;
        if (!part) snprintf(name, sizeof name, "%s", record->valuestring);
        record = golden_optional(golden_optional_object(t, s->root, "records"), name);
        if (!record) trial_problem(t, "records.%s is missing", name);
    }
    numbers n = golden_numbers(t, record, "record");
    golden_shape(t, &n, "record", 3, n.shape);
    if (part && trial_fine(t)) keep_samples(t, &n, first, last);
    return n;
}

static void run_decoder(trial *t, const suite *s, const cJSON *node) {
    const char *method = golden_text(t, node, "method");
    numbers record = record_of(t, s, node), golden = golden_array(t, node, "output");
    params p = {.count = 0};
    params_add_all(t, &p, golden_optional(node, "kwargs"), NULL);
    size_t count = 0;
    double *ours = NULL;
    for (int i = 0; i < 2; i++) { /* first how many, then which */
        if (!trial_fine(t) ||
            !trial_call(t,
                        hebb_decode_record(t->ctx, method, p.items, record.values, record.shape[0],
                                           record.shape[1], record.shape[2], ours, count, &count),
                        "decoding"))
            return;
        if (!i) ours = trial_alloc(t, count, sizeof *ours);
    }
    trial_compare(t, "output", &golden, ours, count, golden_whole(&golden) ? EXACT : TRACE_ERROR);
}

static void run_reward(trial *t, const suite *s, const cJSON *node) {
    const char *method = golden_text(t, node, "method");
    numbers record = record_of(t, s, node), golden = golden_array(t, node, "output");
    numbers target = golden_array(t, node, "target");
    params p = {.count = 0};
    params_add_all(t, &p, golden_optional(node, "kwargs"), NULL);
    size_t count = 0;
    double *ours = NULL;
    for (int i = 0; i < 2; i++) { /* first how many, then which */
        if (!trial_fine(t) ||
            !trial_call(t,
                        hebb_reward_record(t->ctx, method, p.items, t->way, record.values,
                                           record.shape[0], record.shape[1], record.shape[2],
                                           target.values, target.count, ours, count, &count),
                        "reward"))
            return;
        if (!i) ours = trial_alloc(t, count, sizeof *ours);
    }
    trial_compare(t, "output", &golden, ours, count, TRACE_ERROR);
}

/* One draw of SPAIC's must be likely among many of ours. */
static void run_action(trial *t, const suite *s, const cJSON *node) {
    enum { DRAWS = 4000, LIKELY = DRAWS / 200 };
    const char *method = golden_text(t, node, "method");
    numbers record = record_of(t, s, node), golden = golden_array(t, node, "output");
    bool random = cJSON_IsTrue(golden_optional(node, "random"));
    params p = {.count = 0};
    params_add_all(t, &p, golden_optional(node, "kwargs"), NULL);
    if (trial_fine(t) && (golden.count != 1 || record.shape[1] != 1))
        trial_problem(t, "an action must be one number, of one sample");
    size_t same = 0;
    int32_t ours = 0;
    for (uint64_t draw = 0; draw < (random ? DRAWS : 1); draw++) {
        if (!trial_fine(t) ||
            !trial_call(t,
                        hebb_action_record(t->ctx, method, p.items, record.values, record.shape[0],
                                           1, record.shape[2], draw, &ours),
                        "the action"))
            return;
        same += ours == golden.values[0];
    }
    if (random)
        trial_compare_one(t, "draws like SPAIC's, in parts of the likely", 1,
                          same >= LIKELY ? 1 : (double)same / LIKELY, EXACT);
    else
        trial_compare_one(t, "output", golden.values[0], ours, EXACT);
}

/* SPAIC has one reward for a batch, and takes silence for class 0. */
static bool reward_has_quirk(const suite *s, const cJSON *node) {
    trial t;
    trial_begin(&t, s, "", "");
    numbers record = record_of(&t, s, node);
    bool quirk = !trial_fine(&t) || record.shape[1] > 1;
    double spikes = 0;
    for (size_t i = 0; !quirk && i < record.count; i++) spikes += record.values[i];
    trial_free(&t);
    return quirk || spikes == 0;
}

static void run_record(const suite *s, const cJSON *node, const char *name, bool reward) {
    const char *ways[] = {reward ? "spaic" : "", NULL};
    if (reward && !reward_has_quirk(s, node)) ways[1] = "none";
    for (int i = 0; i < 2 && ways[i]; i++) {
        trial t;
        trial_begin(&t, s, name, ways[i]);
        if (reward)
            run_reward(&t, s, node);
        else
            run_decoder(&t, s, node);
        trial_end(&t, s->tally);
    }
}

void run_decoders(const suite *s) {
    static const char *const lists[] = {"decoders", "rewards", "actions"};
    for (int i = 0; i < 3; i++) {
        const cJSON *node;
        size_t index = 0;
        if (!golden_optional(s->root, lists[i])) continue;
        cJSON_ArrayForEach(node, golden_cases(s, s->root, lists[i])) {
            char name[128];
            if (!golden_case(s, node, "case", index++, name, sizeof name)) continue;
            if (i < 2) {
                run_record(s, node, name, i == 1);
                continue;
            }
            trial t;
            trial_begin(&t, s, name, "");
            run_action(&t, s, node);
            trial_end(&t, s->tally);
        }
    }
}

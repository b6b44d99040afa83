/* Batches of a run one by one, without files or metrics; and the bytes that a run holds. */
#include "train/batch.h"
#include "train/run.h"

/* ---- batches ---- */

static hebb_status next(hebb_run *run, size_t *count) {
    hb_trainer *t = &run->trainer;
    if (!run->shown) {
        hb_loader_options options = {.indices = run->learn.indices,
                                     .count = run->learn.count,
                                     .batch_size = t->batch_size,
                                     .shuffle = t->shuffle,
                                     .seed = t->seed,
                                     .augment = t->augment,
                                     .pool = hb_reach_graph(run->net)->pool};
        HEBB_TRY(hb_loader_create(run->env, run->learn.set, &options, &run->shown));
        hb_loader_start(run->shown, ++run->shown_epoch);
    }
    hebb_status status = hb_loader_next(run->shown, t->values, t->labels, t->ids, count);
    if (status != HEBB_DONE) return status;
    run->shown_batch = 0;
    hb_loader_start(run->shown, ++run->shown_epoch);
    return hb_loader_next(run->shown, t->values, t->labels, t->ids, count);
}

hebb_status hb_run_batch(hebb_run *run, bool learn, size_t *count) {
    hb_trainer *t = &run->trainer;
    const hb_graph *graph = hb_reach_graph(run->net);
    size_t samples;
    double began = hb_phase_begin(graph->profile);
    HEBB_TRY(next(run, &samples));
    hb_phase_end(graph->profile, "load", began);
    size_t batches = hb_loader_batches(run->shown);
    uint64_t draw = (run->shown_epoch - 1) * batches + run->shown_batch++;
    hb_batch batch = {.trainer = t,
                      .epoch = learn ? run->shown_epoch : 0,
                      .draw = learn ? draw : HB_TEST_DRAWS + draw,
                      .work = learn ? HB_LEARN : HB_TEST,
                      .count = samples,
                      .set = run->learn.set};
    if (learn) run->foreign = true;
    HEBB_TRY(hebb_net_train(run->net, learn));
    hebb_status status = hb_batch_do(&batch);
    hebb_net_train(run->net, 1);
    if (count) *count = samples;
    return status;
}

/* ---- bytes ---- */

static size_t set_bytes(const hb_dataset *set) {
    size_t value = set->bytes ? sizeof *set->bytes : sizeof *set->floats;
    return set->count * (set->sample_size * value + sizeof *set->labels);
}

hebb_status hb_run_memory(hebb_run *run, hebb_memory *memory) {
    const hb_trainer *t = &run->trainer;
    HEBB_TRY(hebb_net_memory(run->net, memory));
    size_t batch = t->room * sizeof *t->values * (t->retries ? 2 : 1);
    batch += t->batch_size * (sizeof *t->labels + sizeof *t->ids);
    memory->data = batch + set_bytes(run->train_set) + set_bytes(run->test_set);
    memory->data += run->learn.count * sizeof(uint64_t); /* the order of an epoch */
    memory->total += memory->data;
    return HEBB_OK;
}

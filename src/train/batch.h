/* One batch at work: shown, read, judged, learned from. */
#ifndef HB_BATCH_H
#define HB_BATCH_H

#include "train/trainer.h"

typedef enum hb_batch_work { HB_LEARN, HB_TEST, HB_RESPOND } hb_batch_work;

/* Choices of tests are drawn as if after so many: what fades with them has faded. */
#define HB_TEST_DRAWS ((uint64_t)1 << 40)

typedef struct hb_batch {
    hb_trainer *trainer;
    const hb_dataset *set;
    uint64_t epoch; /* of the presentation */
    uint64_t draw;  /* batches in which actions were chosen before */
    hb_batch_work work;
    size_t count;
    uint64_t *confusion; /* or NULL */
    size_t classes;
    /* inside */
    hb_sums sums;
    size_t learner; /* whose closure runs */
    double loss;
} hb_batch;

/* The samples stand in the trainer's room. */
hebb_status hb_batch_do(hb_batch *batch);
/* Adds what came out to the sums of a phase. */
void hb_batch_add(const hb_batch *batch, hb_sums *sums);
/* Room that batches need, beyond values, labels and ids. */
hebb_status hb_batch_room(hb_trainer *trainer);

#endif

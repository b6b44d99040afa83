/* Checkpoints: all that the numbers of the rest of a run depend on, and what its
 * report is made of. One safetensors file, replaced whole. */
#ifndef HB_CHECKPOINT_H
#define HB_CHECKPOINT_H

#include "io/safetensors.h"
#include "train/trainer.h"

/* What a run remembers of its epochs; NaN: not measured. */
typedef struct hb_history {
    double train_loss, train_accuracy, train_rate, train_reward;
    double validation_loss, validation_accuracy;
    double test_loss, test_accuracy;
    double best_epoch; /* 0: none */
    double best_validation_loss, best_validation_accuracy;
    double best_test_accuracy, best_test_epoch; /* of the tests that were made */
} hb_history;

void hb_history_init(hb_history *history);

typedef struct hb_checkpoint {
    hb_trainer *trainer;
    hb_history *history;
    const char *config; /* the resolved run file */
} hb_checkpoint;

hebb_status hb_checkpoint_write(const hb_checkpoint *checkpoint, const char *path);

/* Reading is in two steps, so that the config can be compared before. */
typedef struct hb_saved {
    hb_env *env;
    hb_safetensors *file;
    char *path;
    const char *config; /* text in the file */
} hb_saved;

hebb_status hb_saved_open(hb_env *env, const char *path, hb_saved *saved);
/* The same of a file that may hold a network only; config is NULL then. */
hebb_status hb_saved_open_any(hb_env *env, const char *path, hb_saved *saved);
void hb_saved_close(hb_saved *saved);
/* Puts everything where it was. */
hebb_status hb_saved_restore(const hb_saved *saved, const hb_checkpoint *checkpoint);
/* The network's parameters, for a test. */
hebb_status hb_saved_weights(const hb_saved *saved, hb_trainer *trainer);
/* What the run knew when it was saved: history and finished epochs. */
hebb_status hb_saved_history(const hb_saved *saved, hb_history *history, uint64_t *epochs);

#endif

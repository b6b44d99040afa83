/* A whole run: opened from a file, trained, tested, saved, taken up again. */
#ifndef HB_RUN_H
#define HB_RUN_H

#include "train/checkpoint.h"
#include "train/config.h"
#include "train/folder.h"

struct hebb_run {
    hb_env *env;
    hebb_ctx *ctx;
    hb_config config;
    int threads;
    char *output; /* where the folder was asked to be; NULL: anywhere */
    bool dry_run;
    hebb_net *net;
    hb_learner_entry *learners;
    size_t learner_count;
    hb_dataset *train_set, *test_set;
    uint64_t *learn_indices, *validate_indices; /* NULL: all, none */
    hb_part_of_data learn, validate, test;
    hb_part_of_data respond; /* what classifiers are fitted on */
    uint64_t *respond_indices;
    hb_classifier *classifiers;
    size_t classifier_count;
    hb_trainer trainer;
    hb_history history;
    hb_folder folder;
    char *resumed; /* the checkpoint that the run goes on from */
    bool chosen;   /* ... was named as a file */
    bool foreign;  /* the weights are no longer those that training left */
    bool stopped;
    hb_loader *shown; /* of hb_run_batch, at the epoch that follows */
    uint64_t shown_epoch;
    size_t shown_batch;
    uint64_t epochs_told; /* epochs behind the weights of a run that only tests */
    /* clocks: of the sessions before, and of this one */
    double seconds_before, train_seconds, session_start, last_save;
    /* what the last test gave */
    hb_sums tested;
    bool has_test;
    char tested_with[64]; /* "last", "best", a file's name */
    uint64_t *confusion;
    hb_text json, report, summary;
};

/* Reads the file; nothing is built. Then build; then all else. */
hebb_status hb_run_prepare(hb_env *env, hebb_ctx *ctx, const char *file,
                           const hebb_run_options *options, uint64_t seed, int threads,
                           hebb_run **run);
hebb_status hb_run_build(hebb_run *run);
void hb_run_free(hebb_run *run);
hebb_status hb_run_train(hebb_run *run);
/* One batch of the training set, for benchmarks (rehearsal.c). */
hebb_status hb_run_batch(hebb_run *run, bool learn, size_t *count);
hebb_status hb_run_memory(hebb_run *run, hebb_memory *memory);
hebb_status hb_run_evaluate(hebb_run *run, const char *checkpoint);
/* A picture: "weights", "curve" or "confusion"; connection NULL: all that are images. */
hebb_status hb_run_plot(hebb_run *run, const char *what, const char *connection, const char *path);
/* Those that a run leaves in its folder. */
hebb_status hb_run_plot_all(hebb_run *run);

/* Files of the run's folder, other than checkpoints. */
hebb_status hb_run_begin_files(hebb_run *run);
/* Takes up what the clocks of earlier sessions showed at that checkpoint. */
hebb_status hb_run_read_clock(hebb_run *run);
hebb_status hb_run_metrics(hebb_run *run, double lr, double seconds);
hebb_status hb_run_save(hebb_run *run, const char *name);
/* Takes up run->resumed: compares, restores, cuts the metrics to length. */
hebb_status hb_run_resume(hebb_run *run, const hb_saved *saved);
/* Of one readout in the last test; NaN if there was none. */
double hb_run_read_accuracy(const hebb_run *run, size_t classifier);
double hb_run_seconds(const hebb_run *run);

/* Texts; NULL when out of memory. */
const char *hb_run_json(hebb_run *run);
const char *hb_run_report(hebb_run *run);
const char *hb_run_summary(hebb_run *run);

#endif

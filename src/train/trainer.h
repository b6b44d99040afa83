/* The loop: batches are shown, rewards judge them, losses are taken, gradients walked
 * back, optimizers and schedules stepped. It knows no files. */
#ifndef HB_TRAINER_H
#define HB_TRAINER_H

#include "coding/actions.h"
#include "data/loader.h"
#include "train/classifier.h"
#include "train/learner_file.h"
#include "train/reach.h"

/* Sums over the samples of one phase, whole numbers and a double: they are part of
 * a checkpoint in the middle of an epoch. */
enum { HB_RATE_GROUPS = 64 }; /* groups whose rates are kept: the first so many */

typedef struct hb_sums {
    double loss;                   /* of samples; NaN where no learner has a loss */
    double reward;                 /* of samples, each the mean over the rewards that it got */
    uint64_t correct, count;       /* of samples */
    uint64_t judged;               /* samples for which a class was read */
    uint64_t shown;                /* presentations: more than samples where some are shown again */
    uint64_t read[HB_CLASSIFIERS]; /* right ones by each classifier, in a test */
    uint64_t spikes[HB_RATE_GROUPS];
    double seconds;
} hb_sums;

/* Part of a data set, as a phase shows it. */
typedef struct hb_part_of_data {
    const hb_dataset *set;
    const uint64_t *indices; /* NULL: all */
    size_t count;            /* of indices */
} hb_part_of_data;

/* What chooses the class where an agent acts, by the spikes of a group. */
typedef struct hb_actor {
    hb_action action;
    size_t group, choices;
    double *scores; /* [choices] */
    bool acts;
} hb_actor;

typedef struct hb_trainer {
    hb_env *env;
    hebb_net *net;
    hb_learner_entry *learners;
    size_t learner_count;
    const char *encoder, *decoder; /* decoder NULL: classifiers alone predict */
    size_t encoder_size;
    hb_classifier *classifiers; /* the first one's accuracy counts */
    size_t classifier_count;
    hb_actor actor;  /* if it acts, its choices are what counts */
    double feedback; /* ms after an action, in which its reward comes */
    /* a sample that is answered with fewer spikes is shown again, brighter */
    size_t retries;
    double retry_spikes, retry_gain;
    size_t retry_group;
    bool gradient, plastic; /* some learner is so */
    double time;
    size_t batch_size;
    bool shuffle;
    uint64_t seed;
    const hb_augment *augment; /* NULL: none */
    int epochs;                /* for the progress */
    int (*progress)(void *user, const hebb_progress *progress);
    void *user;
    /* where training stands */
    uint64_t epoch; /* epochs done */
    size_t batch;   /* batches done of the next one */
    hb_sums sums;   /* of these batches */
    /* called after every batch of training; NULL: nothing */
    hebb_status (*after_batch)(void *user);
    void *after_user;
    /* room for a batch */
    float *values;
    int32_t *labels;
    uint64_t *ids;
    size_t room;      /* values that there is room for */
    double *rewarded; /* what rewards judge by */
    int32_t *taught;  /* labels for rules that are told them */
    uint32_t *counts; /* of one sample and group */
    size_t *read;     /* [classifier][batch]: classes */
    /* samples to show again */
    float *again_values;
    uint64_t *again_ids;
    size_t *again;
} hb_trainer;

/* Finds encoder (NULL: the only one) and decoder. The network must be built. */
hebb_status hb_trainer_init(hb_trainer *trainer, const char *encoder);
void hb_trainer_free(hb_trainer *trainer);
/* Sizes and classes must fit the network. */
hebb_status hb_trainer_check(hb_trainer *trainer, const hb_dataset *set);
/* Shows the batches of the next epoch that are still to be shown. Epoch and batch
 * stay where they are when the epoch is through: hb_trainer_next goes on.
 * HEBB_STOPPED when progress asked for it; then a whole batch has just ended. */
hebb_status hb_trainer_epoch(hb_trainer *trainer, const hb_part_of_data *data);
void hb_trainer_next(hb_trainer *trainer);
/* Shows the samples with learning off, and fits the classifiers that need it. */
hebb_status hb_trainer_fit_classifiers(hb_trainer *trainer, const hb_part_of_data *data);
/* Without learning. confusion: classes x classes [label][prediction], or NULL. */
hebb_status hb_trainer_evaluate(hb_trainer *trainer, const char *phase, const hb_part_of_data *data,
                                hb_sums *sums, uint64_t *confusion);
/* Steps the schedules that step once an epoch. */
hebb_status hb_trainer_schedules(hb_trainer *trainer, double metric);

double hb_mean_loss(const hb_sums *sums);
double hb_accuracy(const hb_sums *sums);
/* Spikes a second and neuron of a group; of group SIZE_MAX: of all neurons. */
double hb_mean_rate(const hb_trainer *trainer, const hb_sums *sums, size_t group);
double hb_seconds_now(void); /* a clock that never goes back */

#endif

/* Rewards: how good a record of spikes is, judged by labels or told from outside.
 * They know no network: they see record[steps][batch][num]. */
#ifndef HB_REWARDS_H
#define HB_REWARDS_H

#include "base/component.h"

typedef struct hb_reward {
    const struct hb_reward_ops *ops;
    hb_args args;
    size_t num;      /* neurons of the target */
    size_t pop_size; /* neurons in a row that vote for one class */
    size_t classes;  /* num / pop_size */
    bool spaic;      /* compat = "spaic": one reward for the whole batch */
} hb_reward;

typedef struct hb_reward_ops {
    const hb_component *component;
    bool labels;     /* the target is a label for each sample */
    bool per_neuron; /* [batch][num], not [batch] */
    bool remembers;  /* keeps [batch][classes] from one reward of a run to the next */
    /* counts[batch][classes]: sums of the record over steps and neurons of a class;
     * writes hb_reward_outputs numbers. memory may be NULL. */
    void (*judge)(const struct hb_reward *reward, size_t steps, size_t batch, const double *counts,
                  const double *target, size_t target_count, double *memory, double *output);
} hb_reward_ops;

extern const hb_reward_ops *const hb_rewards[];
extern const size_t hb_reward_count;

hebb_status hb_reward_create(hb_env *env, const char *method, const char *where,
                             const hebb_param *params, size_t num, bool spaic, hb_reward *reward);
void hb_reward_free(hb_reward *reward);

/* Steps from one reward to the next (dec_sample_step; 1 unless given), and how many
 * of the `since` steps since the last one are judged (coding_time). */
size_t hb_reward_every(const hb_reward *reward);
size_t hb_reward_window(const hb_reward *reward, double dt, size_t since);

/* How many numbers one reward is, for target_count targets. */
size_t hb_reward_outputs(const hb_reward *reward, size_t batch, size_t target_count);
/* HEBB_E_SHAPE, HEBB_E_RANGE or HEBB_E_NOT_FINITE if targets do not fit the batch. */
hebb_status hb_reward_check(const hb_reward *reward, hb_env *env, const char *where, size_t batch,
                            const double *target, size_t target_count);
/* Adds one step's spikes row[batch][num] to counts[batch][classes]. */
void hb_reward_add(const hb_reward *reward, size_t batch, const double *row, double *counts);
/* Writes hb_reward_outputs numbers to output, from counts over `steps` steps and
 * targets that hb_reward_check let pass. memory[batch][classes], zero when a run
 * starts, is for rewards that remember; or NULL. Allocates nothing. */
void hb_reward_judge(const hb_reward *reward, size_t steps, size_t batch, const double *counts,
                     const double *target, size_t target_count, double *memory, double *output);

#endif

/* Rewards, as SPAIC 0.6.3 names them. By default each sample has its own reward
 * and silence predicts no class; compat = "spaic" mixes the batch as SPAIC does,
 * and silence is class 0 there. */
#include "coding/rewards.h"

#include <math.h>
#include <string.h>

/* The class with most spikes, the lowest among equals; `classes` for none. */
static size_t predicted(const hb_reward *reward, const double *counts) {
    size_t best = 0;
    bool silent = true;
    for (size_t c = 0; c < reward->classes; c++) {
        if (counts[c] != 0) silent = false;
        if (counts[c] > counts[best]) best = c;
    }
    return silent && !reward->spaic ? reward->classes : best;
}

static double signal_of(const hb_reward *reward, bool right) {
    return hb_args_num(&reward->args, right ? "reward_signal" : "punish_signal");
}

/* The reward of sample b, or its part of the batch's mean. */
static void put_sample(const hb_reward *reward, size_t batch, size_t b, bool right,
                       double *output) {
    double value = signal_of(reward, right);
    if (!reward->spaic)
        output[b] = value;
    else
        output[0] = (b ? output[0] : 0) + value / (double)batch;
}

static void judge_global(const hb_reward *reward, size_t steps, size_t batch, const double *counts,
                         const double *target, size_t target_count, double *memory,
                         double *output) {
    (void)steps, (void)target_count, (void)memory;
    for (size_t b = 0; b < batch; b++) {
        size_t class = predicted(reward, counts + b * reward->classes);
        put_sample(reward, batch, b, class == (size_t)target[b], output);
    }
}

static void judge_xor(const hb_reward *reward, size_t steps, size_t batch, const double *counts,
                      const double *target, size_t target_count, double *memory, double *output) {
    (void)steps, (void)target_count, (void)memory;
    for (size_t b = 0; b < batch; b++) {
        bool fired = counts[b] > 0, wanted = target[b] != 0;
        put_sample(reward, batch, b, fired == wanted && (fired || !reward->spaic), output);
    }
}

static void judge_environment(const hb_reward *reward, size_t steps, size_t batch,
                              const double *counts, const double *target, size_t target_count,
                              double *memory, double *output) {
    (void)steps, (void)counts, (void)memory;
    size_t outputs = hb_reward_outputs(reward, batch, target_count);
    for (size_t i = 0; i < outputs; i++) output[i] = target[target_count == 1 ? 0 : i];
}

/* ---- one reward a neuron ---- */

static void judge_da(const hb_reward *reward, size_t steps, size_t batch, const double *counts,
                     const double *target, size_t target_count, double *memory, double *output) {
    (void)steps, (void)target_count, (void)memory;
    memset(output, 0, hb_reward_outputs(reward, batch, target_count) * sizeof *output);
    for (size_t b = 0; b < batch; b++) {
        size_t class = predicted(reward, counts + b * reward->classes);
        double *row = output + (reward->spaic ? 0 : b * reward->num);
        for (size_t n = 0; n < reward->num; n++) {
            bool rewarded = class == (size_t)target[b] && n / reward->pop_size == class;
            row[n] += signal_of(reward, rewarded);
        }
    }
}

/* Mean and unbiased deviation of `count` values, each multiplied by `scale`. */
static void moments(const double *values, size_t count, double scale, double *mean, double *std) {
    double sum = 0, square = 0;
    for (size_t i = 0; i < count; i++) sum += scale * values[i];
    *mean = sum / (double)count;
    for (size_t i = 0; i < count; i++)
        square += (scale * values[i] - *mean) * (scale * values[i] - *mean);
    *std = count > 1 ? sqrt(square / (double)(count - 1)) : 0;
}

static void judge_classify(const hb_reward *reward, size_t steps, size_t batch,
                           const double *counts, const double *target, size_t target_count,
                           double *memory, double *output) {
    (void)target_count;
    size_t classes = reward->classes;
    double per_count = 1 / ((double)steps * (double)reward->pop_size), mean, std;
    for (size_t i = 0; memory && i < batch * classes; i++)
        memory[i] = 0.99 * memory[i] + per_count * counts[i];
    const double *rates = memory ? memory : counts;
    double scale = memory ? 1 : per_count;
    moments(rates, batch * classes, scale, &mean, &std);
    for (size_t b = 0; b < batch; b++) {
        const double *row = rates + b * classes;
        double top = row[0], sum = 0;
        if (!reward->spaic) moments(row, classes, scale, &mean, &std);
        for (size_t c = 1; c < classes; c++) top = row[c] > top ? row[c] : top;
        for (size_t c = 0; c < classes; c++) sum += exp(scale * (row[c] - top) / (std + 0.1));
        for (size_t n = 0; n < reward->num; n++) {
            size_t c = n / reward->pop_size;
            double share = exp(scale * (row[c] - top) / (std + 0.1)) / sum;
            output[b * reward->num + n] = (c == (size_t)target[b]) - share;
        }
    }
}

/* ---- the tables ---- */

/* clang-format off */
#define SIGNALS(punishment) \
    {"reward_signal", HB_NUM, "1", 1, HB_ANY, 0, "reward where the prediction is right"}, \
    {"punish_signal", HB_NUM, "1", punishment, HB_ANY, 0, "reward elsewhere"}
#define POP_SIZE \
    {"pop_size", HB_INT, "1", 1, 1, HB_INF, 0, "neurons in a row that vote for one class"}
#define EVERY_REWARD \
    {"num", HB_INT, "1", 0, 1, HB_INF, HB_UNSET, \
     "neurons of the target, or labels: num x pop_size neurons", NULL, "as found"}, \
    {"dec_sample_step", HB_INT, "1", 1, 1, HB_INF, 0, "steps from one reward to the next"}, \
    {"coding_time", HB_NUM, "ms", 0, 0, HB_INF, HB_ABOVE | HB_UNSET, \
     "at most so much of the time before a reward is judged", NULL, "dec_sample_step dt"}, \
    {"reward_shape", HB_NUMBERS, "1", 1, 1, HB_INF, 0, \
     "shape of the reward: 1, or a number for each neuron where there is one for each"}
/* clang-format on */

static const hb_param_info signal_params[] = {SIGNALS(-1), POP_SIZE, EVERY_REWARD};
static const hb_param_info da_params[] = {SIGNALS(0), POP_SIZE, EVERY_REWARD};
static const hb_param_info environment_params[] = {EVERY_REWARD};
static const hb_param_info classify_params[] = {POP_SIZE, EVERY_REWARD};

#define SOURCE_SPAIC "SPAIC 0.6.3, Neuron/Rewards.py"

static const hb_component global_component = {
    .kind = "reward",
    .name = "global_reward",
    .aliases = "global",
    .summary = "one reward for the whole layer: was the class with most spikes the label?",
    .equation = "R[b] = reward_signal if argmax over c of count[b][c] = label[b], else "
                "punish_signal; silence is no class (compat spaic: class 0, and the mean over b)",
    .source = SOURCE_SPAIC,
    .params = signal_params,
    .param_count = HB_COUNT(signal_params),
};
static const hb_reward_ops reward_global = {
    .component = &global_component, .labels = true, .judge = judge_global};

static const hb_component da_component = {
    .kind = "reward",
    .name = "da_reward",
    .aliases = "da|dopamine",
    .summary = "a reward for each neuron: those of the predicted class, if it was the label",
    .equation = "R[b][n] = reward_signal if n is of the predicted class and that is label[b], else "
                "punish_signal (compat spaic: the sum over b)",
    .source = SOURCE_SPAIC,
    .params = da_params,
    .param_count = HB_COUNT(da_params),
};
static const hb_reward_ops reward_da = {
    .component = &da_component, .labels = true, .per_neuron = true, .judge = judge_da};

static const hb_component xor_component = {
    .kind = "reward",
    .name = "xor_reward",
    .aliases = "xor",
    .summary = "one output that should fire for label 1 and be silent for label 0",
    .equation = "R[b] = reward_signal if (count[b] > 0) = (label[b] = 1), else punish_signal "
                "(compat spaic: punish_signal for silence at label 0 too)",
    .source = SOURCE_SPAIC,
    .params = signal_params,
    .param_count = HB_COUNT(signal_params),
};
static const hb_reward_ops reward_xor = {
    .component = &xor_component, .labels = true, .judge = judge_xor};

static const hb_component environment_component = {
    .kind = "reward",
    .name = "environment_reward",
    .aliases = "environment",
    .summary = "the values that an environment gives, as they are",
    .equation = "R[b] = target[b]",
    .source = SOURCE_SPAIC,
    .params = environment_params,
    .param_count = HB_COUNT(environment_params),
};
static const hb_reward_ops reward_environment = {.component = &environment_component,
                                                 .judge = judge_environment};

static const hb_component classify_component = {
    .kind = "reward",
    .name = "classify_reward",
    .aliases = "classify",
    .summary = "a reward for each neuron: the label less the softmax of the standardised rates",
    .equation = "out[b][c] = 0.99 out[b][c] + mean over steps and neurons of c of O; s = softmax "
                "over c of (out - mean) / (std + 0.1), mean and unbiased std over c (compat "
                "spaic: over b and c); R[b][n] = [c = label[b]] - s[b][c], c the class of n",
    .source = SOURCE_SPAIC,
    .params = classify_params,
    .param_count = HB_COUNT(classify_params),
};
static const hb_reward_ops reward_classify = {.component = &classify_component,
                                              .labels = true,
                                              .per_neuron = true,
                                              .remembers = true,
                                              .judge = judge_classify};

const hb_reward_ops *const hb_rewards[] = {&reward_global, &reward_da, &reward_xor,
                                           &reward_environment, &reward_classify};
const size_t hb_reward_count = HB_COUNT(hb_rewards);

/* ---- life ---- */

static hebb_status check_shapes(const hb_reward *reward, hb_env *env, const char *where) {
    const hb_component *component = reward->ops->component;
    const char *colon = where[0] ? ": " : "";
    if (reward->num % reward->pop_size)
        return hb_fail(env, HEBB_E_SHAPE,
                       "%s%spop_size = %zu does not divide the %zu neurons of the target", where,
                       colon, reward->pop_size, reward->num);
    double num = hb_args_num(&reward->args, "num");
    if (hb_args_given(&reward->args, "num") && num != (double)reward->num &&
        num * (double)reward->pop_size != (double)reward->num)
        return hb_fail(env, HEBB_E_SHAPE,
                       "%s%snum = %.0f is neither the %zu neurons of the target nor its number of "
                       "labels, which is %zu with pop_size = %zu",
                       where, colon, num, reward->num, reward->classes, reward->pop_size);
    if (reward->ops == &reward_xor && reward->classes != 1)
        return hb_fail(env, HEBB_E_SHAPE,
                       "%s%sxor_reward judges one output, but the %zu neurons of the target with "
                       "pop_size = %zu are %zu",
                       where, colon, reward->num, reward->pop_size, reward->classes);
    const hb_arg *shape = hb_args_get(&reward->args, "reward_shape");
    double numbers = 1;
    for (size_t i = 0; i < shape->count; i++) numbers *= shape->list[i];
    if (numbers != 1 && (!reward->ops->per_neuron || numbers != (double)reward->num))
        return hb_fail(env, HEBB_E_SHAPE,
                       "%s%sreward_shape asks for %.0f numbers, but %s gives %zu a sample", where,
                       colon, numbers, component->name, reward->ops->per_neuron ? reward->num : 1);
    return HEBB_OK;
}

hebb_status hb_reward_create(hb_env *env, const char *method, const char *where,
                             const hebb_param *params, size_t num, bool spaic, hb_reward *reward) {
    const hb_component *components[HB_COUNT(hb_rewards)];
    *reward = (hb_reward){.num = num, .pop_size = 1, .spaic = spaic};
    for (size_t i = 0; i < hb_reward_count; i++) components[i] = hb_rewards[i]->component;
    const hb_component *found =
        hb_component_find(env, "reward", method, components, hb_reward_count, where);
    if (!found) return HEBB_E_NAME;
    for (size_t i = 0; i < hb_reward_count; i++)
        if (components[i] == found) reward->ops = hb_rewards[i];
    HEBB_TRY(hb_args_read(env, found, where, params, 0, &reward->args));
    if (reward->ops != &reward_environment)
        reward->pop_size = (size_t)hb_args_num(&reward->args, "pop_size");
    reward->classes = num / reward->pop_size;
    hebb_status status = check_shapes(reward, env, where ? where : "");
    if (status < 0) hb_reward_free(reward);
    return status;
}

void hb_reward_free(hb_reward *reward) {
    if (!reward) return;
    hb_args_free(&reward->args);
    *reward = (hb_reward){0};
}

size_t hb_reward_every(const hb_reward *reward) {
    return (size_t)hb_args_num(&reward->args, "dec_sample_step");
}

size_t hb_reward_window(const hb_reward *reward, double dt, size_t since) {
    if (reward->spaic || !hb_args_given(&reward->args, "coding_time")) return since;
    double steps = floor(hb_args_num(&reward->args, "coding_time") / dt + 0.5);
    if (steps < 1) steps = 1;
    return steps < (double)since ? (size_t)steps : since;
}

/* ---- judging ---- */

size_t hb_reward_outputs(const hb_reward *reward, size_t batch, size_t target_count) {
    if (!reward->ops->labels) return reward->spaic ? target_count : batch;
    if (reward->ops == &reward_classify) return batch * reward->num;
    return (reward->spaic ? 1 : batch) * (reward->ops->per_neuron ? reward->num : 1);
}

/* Labels: one a sample, each the number of a class. */
static hebb_status check_labels(const hb_reward *reward, hb_env *env, const char *where,
                                size_t batch, const double *target) {
    bool of_xor = reward->ops == &reward_xor;
    size_t last = of_xor ? 1 : reward->classes - 1;
    for (size_t b = 0; b < batch; b++)
        if (!(target[b] >= 0 && target[b] <= (double)last) || target[b] != floor(target[b]))
            return hb_fail(env, HEBB_E_RANGE,
                           "%s: the label of sample %zu is %g, but labels of %s are whole numbers "
                           "between 0 and %zu",
                           where, b, target[b], reward->ops->component->name, last);
    return HEBB_OK;
}

hebb_status hb_reward_check(const hb_reward *reward, hb_env *env, const char *where, size_t batch,
                            const double *target, size_t target_count) {
    const char *name = reward->ops->component->name;
    bool one_for_all = !reward->ops->labels && target_count == 1;
    if (!target) return hb_fail(env, HEBB_E_ARGUMENT, "%s: target is NULL", where);
    if (target_count != batch && !one_for_all)
        return hb_fail(env, HEBB_E_SHAPE, "%s: %s needs %s of the %zu samples, not %zu", where,
                       name,
                       reward->ops->labels ? "a label for each" : "one value, or one for each",
                       batch, target_count);
    if (reward->spaic && reward->ops == &reward_xor && batch > 1)
        return hb_fail(env, HEBB_E_UNSUPPORTED,
                       "%s: xor_reward takes batches of 1 under compat spaic, not of %zu", where,
                       batch);
    if (reward->ops->labels) return check_labels(reward, env, where, batch, target);
    for (size_t i = 0; i < target_count; i++)
        if (!isfinite(target[i]))
            return hb_fail(env, HEBB_E_NOT_FINITE,
                           "%s: target[%zu] is %g; all must be finite "
                           "numbers",
                           where, i, target[i]);
    return HEBB_OK;
}

void hb_reward_add(const hb_reward *reward, size_t batch, const double *row, double *counts) {
    for (size_t b = 0; b < batch; b++)
        for (size_t n = 0; n < reward->num; n++)
            counts[b * reward->classes + n / reward->pop_size] += row[b * reward->num + n];
}

void hb_reward_judge(const hb_reward *reward, size_t steps, size_t batch, const double *counts,
                     const double *target, size_t target_count, double *memory, double *output) {
    reward->ops->judge(reward, steps, batch, counts, target, target_count, memory, output);
}

/* Losses of predict[batch][classes], computed in double in a fixed order. Where
 * PyTorch has the loss, its definition is kept to the letter. */
#include "learning/gradient/losses.h"

#include <math.h>

/* What one call is asked for; exactly one of labels and targets is there. */
typedef struct job {
    const hb_loss *loss;
    size_t batch, classes;
    const double *predict;
    const int32_t *labels;
    const float *targets;
    double *dpredict; /* may be NULL */
} job;

struct hb_loss_ops {
    const hb_component *component;
    bool labels_only;   /* has no meaning for targets */
    bool probabilities; /* targets are probabilities */
    double (*value)(const job *j);
};

static const double *class_weights(const job *j) {
    const hb_arg *arg = hb_args_get(&j->loss->args, "class_weight");
    return arg->given ? arg->list : NULL;
}

/* The sum of the weights of the labels: what PyTorch's weighted mean divides by. */
static double label_weight(const job *j, const double *weights) {
    if (!weights) return (double)j->batch;
    double sum = 0;
    for (size_t b = 0; b < j->batch; b++) sum += weights[j->labels[b]];
    return sum;
}

static void put(const job *j, size_t b, size_t c, double gradient) {
    if (j->dpredict) j->dpredict[b * j->classes + c] = gradient;
}

/* ---- cross-entropy ---- */

/* z = (y - mean) / divisor: standardised predictions, divided by the temperature. */
typedef struct logits {
    double mean, divisor;
} logits;

static logits logits_of(const job *j) {
    const hb_args *args = &j->loss->args;
    logits z = {0, 1};
    size_t count = j->batch * j->classes;
    if (hb_args_num(args, "standardise") != 0) {
        double square = 0;
        for (size_t i = 0; i < count; i++) z.mean += j->predict[i];
        z.mean /= (double)count;
        for (size_t i = 0; i < count; i++)
            square += (j->predict[i] - z.mean) * (j->predict[i] - z.mean);
        z.divisor = (count > 1 ? sqrt(square / (double)(count - 1)) : 0) + hb_args_num(args, "eps");
    }
    z.divisor *= hb_args_num(args, "temperature");
    return z;
}

static double logit(const logits *z, double y) { return (y - z->mean) / z->divisor; }

/* The factor of -log p[b][c]: the smoothed target times the class's weight. */
static double share(const job *j, const double *weights, double smoothing, size_t b, size_t c) {
    double target = j->labels ? (size_t)j->labels[b] == c : j->targets[b * j->classes + c];
    double smooth = target * (1 - smoothing) + smoothing / (double)j->classes;
    return weights ? smooth * weights[c] : smooth;
}

static double cross_entropy(const job *j) {
    const double *weights = class_weights(j);
    double smoothing = hb_args_num(&j->loss->args, "label_smoothing");
    double over = j->labels ? label_weight(j, weights) : (double)j->batch;
    double factor = over > 0 ? 1 / over : 0; /* no sample counts: no loss */
    logits z = logits_of(j);
    double total = 0;
    for (size_t b = 0; b < j->batch; b++) {
        const double *y = j->predict + b * j->classes;
        double top = logit(&z, y[0]), sum = 0, shares = 0;
        for (size_t c = 1; c < j->classes; c++) top = fmax(top, logit(&z, y[c]));
        for (size_t c = 0; c < j->classes; c++) sum += exp(logit(&z, y[c]) - top);
        double log_sum = log(sum);
        for (size_t c = 0; c < j->classes; c++) {
            double s = share(j, weights, smoothing, b, c);
            if (s != 0) total -= factor * s * (logit(&z, y[c]) - top - log_sum);
            shares += s;
        }
        for (size_t c = 0; c < j->classes; c++) {
            double p = exp(logit(&z, y[c]) - top) / sum;
            double s = share(j, weights, smoothing, b, c);
            put(j, b, c, factor * (p * shares - s) / z.divisor);
        }
    }
    return total;
}

#define CLASS_WEIGHT(meaning)                                                                      \
    { "class_weight", HB_NUMBERS, "1", 0, 0, HB_INF, HB_UNSET, meaning, "weight", "all 1" }

static const hb_param_info cross_entropy_params[] = {
    {"standardise", HB_BOOL, "1", 0, 0, 1, 0,
     "z = (y - mean) / (std + eps) over the whole batch; mean and unbiased std carry no gradient",
     "standardize"},
    {"eps", HB_NUM, "1", 0.1, HB_POSITIVE, "added to the standard deviation"},
    {"label_smoothing", HB_NUM, "1", 0, 0, 1, 0,
     "share of the target that is spread over all classes"},
    CLASS_WEIGHT("weight of each class; the mean is over the weights of the labels"),
    {"temperature", HB_NUM, "1", 1, HB_POSITIVE, "divides the (standardised) predictions"},
};
static const hb_component cross_entropy_component = {
    .kind = "loss",
    .name = "cross_entropy",
    .aliases = "crossentropy|ce|CrossEntropyLoss",
    .summary = "the softmax of the predictions against labels or class probabilities, averaged "
               "over the batch",
    .equation = "log p[b][c] = z[b][c] - log(sum over k of exp(z[b][k]))\n\n"
                "s[b][c] = w[c] ((1 - label_smoothing) t[b][c] + label_smoothing / classes)\n\n"
                "L = -(sum over b, c of s[b][c] log p[b][c]) / (sum over b of w[label[b]])\n\n"
                "z = y / temperature, or the standardised y; t is 1 at the label, else 0, or as "
                "given; given targets: divided by the batch size",
    .source = "torch.nn.CrossEntropyLoss; standardise: the examples of SPAIC 0.6.3",
    .params = cross_entropy_params,
    .param_count = HB_COUNT(cross_entropy_params),
};
static const hb_loss_ops loss_cross_entropy = {
    .component = &cross_entropy_component, .probabilities = true, .value = cross_entropy};

/* ---- negative log likelihood ---- */

static double nll(const job *j) {
    const double *weights = class_weights(j);
    double over = label_weight(j, weights), total = 0;
    double factor = over > 0 ? 1 / over : 0;
    for (size_t b = 0; b < j->batch; b++) {
        size_t label = (size_t)j->labels[b];
        double w = factor * (weights ? weights[label] : 1);
        total -= w * j->predict[b * j->classes + label];
        for (size_t c = 0; c < j->classes; c++) put(j, b, c, c == label ? -w : 0);
    }
    return total;
}

static const hb_param_info nll_params[] = {
    CLASS_WEIGHT("weight of each class; the mean is over the weights of the labels"),
};
static const hb_component nll_component = {
    .kind = "loss",
    .name = "nll",
    .aliases = "nll_loss|NLLLoss|negative_log_likelihood",
    .summary = "the negative log likelihood of the labels; the predictions are log-probabilities",
    .equation = "L = -(sum over b of w[label[b]] y[b][label[b]]) / (sum over b of w[label[b]])",
    .source = "torch.nn.NLLLoss",
    .params = nll_params,
    .param_count = HB_COUNT(nll_params),
};
static const hb_loss_ops loss_nll = {
    .component = &nll_component, .labels_only = true, .value = nll};

/* ---- squared errors ---- */

/* factor times the sum of squares of y - t. */
static double squares(const job *j, double factor) {
    double on = hb_args_num(&j->loss->args, "on_value");
    double off = hb_args_num(&j->loss->args, "off_value"), total = 0;
    for (size_t b = 0; b < j->batch; b++)
        for (size_t c = 0; c < j->classes; c++) {
            size_t i = b * j->classes + c;
            double target = j->targets ? j->targets[i] : (size_t)j->labels[b] == c ? on : off;
            double error = j->predict[i] - target;
            total += factor * error * error;
            put(j, b, c, 2 * factor * error);
        }
    return total;
}

static double mse(const job *j) { return squares(j, 1 / ((double)j->batch * (double)j->classes)); }

static double mse_stbp(const job *j) { return squares(j, 1 / (2 * (double)j->batch)); }

static const hb_param_info squares_params[] = {
    {"on_value", HB_NUM, "1", 1, HB_ANY, 0, "target of the label's output"},
    {"off_value", HB_NUM, "1", 0, HB_ANY, 0, "target of the other outputs"},
};
static const hb_component mse_component = {
    .kind = "loss",
    .name = "mse",
    .aliases = "mse_loss|MSELoss|mean_squared_error",
    .summary = "the mean squared error over all outputs of all samples",
    .equation = "L = (sum over b, c of (y[b][c] - t[b][c])^2) / (batch classes); t is on_value at "
                "the label, else off_value, or as given",
    .source = "torch.nn.MSELoss",
    .params = squares_params,
    .param_count = HB_COUNT(squares_params),
};
static const hb_loss_ops loss_mse = {.component = &mse_component, .value = mse};

static const hb_component mse_stbp_component = {
    .kind = "loss",
    .name = "mse_stbp",
    .aliases = "stbp",
    .summary = "half the squared error of a sample, summed over outputs, averaged over samples",
    .equation = "L = (sum over b, c of (y[b][c] - t[b][c])^2) / (2 batch); t as for mse",
    .source = "Wu, Deng, Li, Zhu and Shi, \"Spatio-temporal backpropagation for training "
              "high-performance spiking neural networks\", Front. Neurosci. 12, 2018",
    .params = squares_params,
    .param_count = HB_COUNT(squares_params),
};
static const hb_loss_ops loss_mse_stbp = {.component = &mse_stbp_component, .value = mse_stbp};

/* ---- margin ---- */

static double margin(const job *j) {
    const double *weights = class_weights(j);
    double wanted = hb_args_num(&j->loss->args, "margin"), total = 0;
    bool squared = hb_args_num(&j->loss->args, "p") > 1;
    for (size_t b = 0; b < j->batch; b++) {
        size_t label = (size_t)j->labels[b];
        const double *y = j->predict + b * j->classes;
        double factor = (weights ? weights[label] : 1) / ((double)j->batch * (double)j->classes);
        double back = 0, of_label = y[label];
        for (size_t c = 0; c < j->classes; c++) {
            double lacks = c == label ? 0 : wanted - of_label + y[c];
            double slope = lacks > 0 ? factor * (squared ? 2 * lacks : 1) : 0;
            if (lacks > 0) total += factor * (squared ? lacks * lacks : lacks);
            back += slope;
            put(j, b, c, slope);
        }
        put(j, b, label, -back);
    }
    return total;
}

static const hb_param_info margin_params[] = {
    {"margin", HB_NUM, "1", 1, HB_ANY, 0, "by how much the label's output should lead"},
    {"p", HB_INT, "1", 1, 1, 2, 0, "power of what is lacking"},
    CLASS_WEIGHT("weight of the samples of each class"),
};
static const hb_component margin_component = {
    .kind = "loss",
    .name = "margin",
    .aliases = "hinge|multi_margin|MultiMarginLoss",
    .summary = "how far the other outputs come within a margin of the label's output",
    .equation = "L = (sum over b, c != label[b] of w[label[b]] max(0, margin - y[b][label[b]] + "
                "y[b][c])^p) / (batch classes)",
    .source = "torch.nn.MultiMarginLoss; Crammer and Singer, \"On the algorithmic implementation "
              "of multiclass kernel-based vector machines\", JMLR 2, 2001",
    .params = margin_params,
    .param_count = HB_COUNT(margin_params),
};
static const hb_loss_ops loss_margin = {
    .component = &margin_component, .labels_only = true, .value = margin};

/* ---- the table ---- */

const hb_loss_ops *const hb_losses[] = {&loss_cross_entropy, &loss_nll, &loss_mse, &loss_mse_stbp,
                                        &loss_margin};
const size_t hb_loss_count = HB_COUNT(hb_losses);

const hb_component *hb_loss_component(size_t index) {
    return index < hb_loss_count ? hb_losses[index]->component : NULL;
}

/* Lists that hold a number for each class must have that length. */
static hebb_status check_lists(const hb_loss *loss, hb_env *env, const char *where,
                               size_t classes) {
    const hb_component *component = loss->ops->component;
    for (size_t i = 0; classes && i < component->param_count; i++) {
        const hb_param_info *info = &component->params[i];
        const hb_arg *arg = hb_args_get(&loss->args, info->name);
        if (info->type == HB_NUMBERS && arg->given && arg->count != classes)
            return hb_fail(env, HEBB_E_SHAPE,
                           "%s%s%s of %s has %zu numbers, but there are %zu classes",
                           where ? where : "", where && where[0] ? ": " : "", info->name,
                           component->name, arg->count, classes);
    }
    return HEBB_OK;
}

hebb_status hb_loss_create(hb_env *env, const char *name, const char *where,
                           const hebb_param *params, size_t classes, hb_loss *loss) {
    const hb_component *components[HB_COUNT(hb_losses)];
    *loss = (hb_loss){.classes = classes};
    for (size_t i = 0; i < hb_loss_count; i++) components[i] = hb_losses[i]->component;
    const hb_component *found =
        hb_component_find(env, "loss", name, components, hb_loss_count, where);
    if (!found) return HEBB_E_NAME;
    for (size_t i = 0; i < hb_loss_count; i++)
        if (components[i] == found) loss->ops = hb_losses[i];
    HEBB_TRY(hb_args_read(env, found, where, params, 0, &loss->args));
    hebb_status status = check_lists(loss, env, where, classes);
    if (status < 0) hb_loss_free(loss);
    return status;
}

void hb_loss_free(hb_loss *loss) {
    if (!loss) return;
    hb_args_free(&loss->args);
    *loss = (hb_loss){0};
}

static hebb_status check_predictions(const job *j, hb_env *env, const char *name) {
    for (size_t b = 0; b < j->batch; b++)
        for (size_t c = 0; c < j->classes; c++)
            if (!isfinite(j->predict[b * j->classes + c]))
                return hb_fail(env, HEBB_E_NOT_FINITE,
                               "%s: the prediction of class %zu for sample %zu is %g; all must be "
                               "finite numbers",
                               name, c, b, j->predict[b * j->classes + c]);
    return HEBB_OK;
}

static hebb_status check_wanted(const job *j, hb_env *env, const char *name) {
    for (size_t b = 0; j->labels && b < j->batch; b++)
        if (j->labels[b] < 0 || (size_t)j->labels[b] >= j->classes)
            return hb_fail(env, HEBB_E_RANGE,
                           "%s: the label of sample %zu is %d, but labels of %zu classes are "
                           "between 0 and %zu",
                           name, b, j->labels[b], j->classes, j->classes - 1);
    bool probable = j->loss->ops->probabilities;
    for (size_t i = 0; j->targets && i < j->batch * j->classes; i++) {
        double t = j->targets[i];
        if (!isfinite(t))
            return hb_fail(env, HEBB_E_NOT_FINITE,
                           "%s: the target of class %zu for sample %zu is %g; all must be finite "
                           "numbers",
                           name, i % j->classes, i / j->classes, t);
        if (probable && (t < 0 || t > 1))
            return hb_fail(env, HEBB_E_RANGE,
                           "%s: the target of class %zu for sample %zu is %g, but a probability is "
                           "between 0 and 1",
                           name, i % j->classes, i / j->classes, t);
    }
    return HEBB_OK;
}

static hebb_status check_job(const job *j, hb_env *env, const char *name) {
    const hb_loss *loss = j->loss;
    if (!j->predict) return hb_fail(env, HEBB_E_ARGUMENT, "%s: the predictions are NULL", name);
    if (!j->labels == !j->targets)
        return hb_fail(env, HEBB_E_ARGUMENT, "%s: it takes labels or targets, but %s", name,
                       j->labels ? "both are given" : "neither is given");
    if (j->targets && loss->ops->labels_only)
        return hb_fail(env, HEBB_E_UNSUPPORTED,
                       "%s: it takes labels, not targets; mse, mse_stbp and cross_entropy take "
                       "targets",
                       name);
    if (!j->batch) return hb_fail(env, HEBB_E_SHAPE, "%s: the batch is empty", name);
    if (!j->classes) return hb_fail(env, HEBB_E_SHAPE, "%s: there are no classes", name);
    if (j->batch > SIZE_MAX / sizeof(double) / j->classes)
        return hb_fail(env, HEBB_E_SHAPE, "%s: %zu samples x %zu classes is too large", name,
                       j->batch, j->classes);
    if (loss->classes && j->classes != loss->classes)
        return hb_fail(env, HEBB_E_SHAPE,
                       "%s: there are %zu predictions a sample, not the %zu "
                       "that it was made for",
                       name, j->classes, loss->classes);
    HEBB_TRY(check_lists(loss, env, NULL, j->classes));
    HEBB_TRY(check_predictions(j, env, name));
    return check_wanted(j, env, name);
}

hebb_status hb_loss_value(const hb_loss *loss, hb_env *env, size_t batch, size_t classes,
                          const double *predict, const int32_t *labels, const float *targets,
                          double *value, double *dpredict) {
    const char *name = loss->ops->component->name;
    job j = {loss, batch, classes, predict, labels, targets, dpredict};
    if (!value) return hb_fail(env, HEBB_E_ARGUMENT, "%s: the place for its value is NULL", name);
    HEBB_TRY(check_job(&j, env, name));
    *value = loss->ops->value(&j);
    if (!isfinite(*value))
        return hb_fail(env, HEBB_E_NOT_FINITE,
                       "%s is %g: predictions so large that it cannot be computed", name, *value);
    return HEBB_OK;
}

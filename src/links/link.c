/* The kinds of connections, and how their weights, biases and delays come to be. */
#include "links/link.h"

#include <math.h>
#include <string.h>

/* clang-format off */
#define WEIGHTS(mean, std) \
    {"weight", HB_INIT, "1", 0, HB_ANY, HB_UNSET | HB_TRAINABLE, \
     "weights [post, pre]: an array, a number, or an initializer such as normal(0, 0.1)", NULL, \
     "the kind's own draw"}, \
    {"bias", HB_INIT, "1", 0, HB_ANY, HB_UNSET | HB_TRAINABLE, \
     "current [post] added in every step: an array, a number, or an initializer", NULL, "none"}, \
    {"w_mean", HB_NUM, "1", mean, HB_ANY, 0, "mean of the drawn weights"}, \
    {"w_std", HB_NUM, "1", std, HB_NOT_NEGATIVE, "spread of the drawn weights"}
#define BOUNDS \
    {"w_min", HB_NUM, "1", 0, HB_ANY, HB_UNSET | HB_INFINITE, \
     "lower bound, kept after every change", NULL, "none"}, \
    {"w_max", HB_NUM, "1", 0, HB_ANY, HB_UNSET | HB_INFINITE, \
     "upper bound, kept after every change", NULL, "none"}
#define DELAYS \
    {"delay", HB_INIT, "ms", 0, HB_ANY, HB_UNSET, "delay of each synapse [post, pre]", NULL, \
     "uniform in [min_delay, max_delay] if max_delay > 0"}, \
    {"max_delay", HB_NUM, "ms", 0, HB_NOT_NEGATIVE, "longest delay; 0: no delays"}, \
    {"min_delay", HB_NUM, "ms", 1, HB_NOT_NEGATIVE, "shortest drawn delay"}
#define PASSING \
    {"weight_quantization", HB_BOOL, "1", 0, 0, 1, 0, \
     "round weights to whole numbers in -128..128 when a run starts"}, \
    {"pre_var_name", HB_CHOICE, "1", 0, HB_ANY, 0, "what is read of the source", NULL, "O", \
     "O|V"}, \
    {"syn_type", HB_STRING, "1", 0, HB_ANY, 0, "synapse filter; see `hebb list synapse`", \
     "synapse", "basic"}, \
    {"tau", HB_NUM, "ms", 2, HB_POSITIVE, "time constant of 1_order_synapse"}, \
    {"tau_r", HB_NUM, "ms", 9, HB_POSITIVE, "slow time constant of 2_order_synapse"}, \
    {"tau_d", HB_NUM, "ms", 2, HB_POSITIVE, "fast time constant of 2_order_synapse"}
#define COMMON(mean, std) WEIGHTS(mean, std), BOUNDS, DELAYS, PASSING
/* clang-format on */

static const hb_param_info full_params[] = {COMMON(0.005, 0.05)};
static const hb_param_info one_params[] = {COMMON(0.05, 0)};
static const hb_param_info sparse_params[] = {
    COMMON(0.005, 0.05),
    {"density", HB_NUM, "1", 0.1, 0, 1, 0, "share of synapses that exist"},
    {"mask", HB_MATRIX, "1", 0, HB_ANY, HB_UNSET, "which synapses [post, pre] exist: not 0", NULL,
     "drawn; or where a given weight array is not 0"},
};
static const hb_param_info random_params[] = {
    COMMON(0, 0),
    {"probability", HB_NUM, "1", 0.1, 0, 1, 0, "chance of each synapse"},
};
#define LINK(id, name_, alias, summary, equation, params)                                          \
    static const hb_component id##_component = {                                                   \
        "connection", name_, alias, summary, equation, "SPAIC 0.6.3", params, HB_COUNT(params)};
LINK(full, "full", "full_connection|dense|recurrent", "every neuron to every neuron",
     "Isyn[t] = W O_pre + bias", full_params)
LINK(one, "one_to_one", "one_to_one_sparse", "neuron i to neuron i",
     "Isyn_i = w_i O_i; w_i = w_mean unless given", one_params)
LINK(sparse, "sparse", "sparse_connection",
     "some synapses only, each there with chance `density`, or as given; learning adds none",
     "w = w_mean + w_std N(0, 1) where a synapse is", sparse_params)
LINK(fixed, "sparse_sparse", "sparse_connection_sparse|fixed_density",
     "exactly density x pre x post synapses", "w = w_std U(0, 1) where a synapse is", sparse_params)
LINK(random, "random", "random_connection|random_connection_sparse",
     "each synapse with chance `probability`, none from a neuron to itself",
     "r = U(0, 1); w = r where r < probability", random_params)

/* ---- synapse filters ---- */

#define SYNAPSE(id, name_, alias, summary, equation)                                               \
    static const hb_component id = {"synapse", name_, alias, summary, equation, "SPAIC 0.6.3"};
SYNAPSE(basic, "basic", NULL, "the weighted sum itself", "Isyn = W O + bias")
SYNAPSE(first, "1_order_synapse", "1_order|first_order", "an exponentially decaying current",
        "R = exp(-dt/tau) R + W O; Isyn = R")
SYNAPSE(second, "2_order_synapse", "2_order|second_order", "a rising and decaying current",
        "R = exp(-dt/tau_r) R + W O; D = exp(-dt/tau_d) D + W O; Isyn = R - D")
const hb_component *const hb_synapses[] = {&basic, &first, &second};
const size_t hb_synapse_count = HB_COUNT(hb_synapses);

int hb_synapse_find(hb_env *env, const char *name, const char *where) {
    const hb_component *found =
        hb_component_find(env, "synapse", name, hb_synapses, hb_synapse_count, where);
    for (size_t i = 0; found && i < hb_synapse_count; i++)
        if (hb_synapses[i] == found) return (int)i;
    return -1;
}

/* ---- wiring ---- */

static hebb_status wire_dense(hb_wiring *w) {
    w->count = w->pre * w->post;
    return HEBB_OK;
}

static hebb_status wire_full(hb_env *env, const hb_link_site *site, const hb_args *args,
                             hb_wiring *w) {
    (void)env, (void)site, (void)args;
    return wire_dense(w);
}

/* Synapses where exists(i, j) of the caller's chances says so. */
static hebb_status wire_rows(hb_env *env, hb_wiring *w, const unsigned char *there) {
    w->count = 0;
    for (size_t k = 0; k < w->pre * w->post; k++) w->count += there[k];
    if (w->count > UINT32_MAX)
        return hb_fail(env, HEBB_E_RANGE, "a sparse connection may have at most %u synapses",
                       UINT32_MAX);
    w->start = hb_alloc(env, (w->pre + 1) * sizeof *w->start);
    w->index = hb_alloc(env, w->count * sizeof *w->index);
    if (!w->start || !w->index) return HEBB_E_MEMORY;
    uint32_t at = 0;
    for (size_t i = 0; i < w->pre; i++) {
        w->start[i] = at;
        for (size_t j = 0; j < w->post; j++)
            if (there[i * w->post + j]) w->index[at++] = (uint32_t)j;
    }
    w->start[w->pre] = at;
    return HEBB_OK;
}

static hebb_status wire_one(hb_env *env, const hb_link_site *site, const hb_args *args,
                            hb_wiring *w) {
    (void)args;
    if (w->pre != w->post)
        return hb_fail(env, HEBB_E_SHAPE,
                       "%s: one_to_one needs groups of one size, but the source has %zu neurons "
                       "and the target %zu",
                       site->name, w->pre, w->post);
    w->one_to_one = true;
    w->count = w->pre;
    w->start = hb_alloc(env, (w->pre + 1) * sizeof *w->start);
    w->index = hb_alloc(env, w->count * sizeof *w->index);
    if (!w->start || !w->index) return HEBB_E_MEMORY;
    for (size_t i = 0; i <= w->pre; i++) w->start[i] = (uint32_t)i;
    for (size_t i = 0; i < w->pre; i++) w->index[i] = (uint32_t)i;
    return HEBB_OK;
}

static hebb_status given_mask(hb_env *env, const hb_link_site *site, const hb_arg *arg,
                              const char *what, size_t pre, size_t post, unsigned char *there) {
    if (arg->count != pre * post)
        return hb_fail(env, HEBB_E_SHAPE, "%s: %s has %zu entries, but [post, pre] is [%zu, %zu]",
                       site->name, what, arg->count, post, pre);
    for (size_t j = 0; j < post; j++)
        for (size_t i = 0; i < pre; i++) there[i * post + j] = arg->list[j * pre + i] != 0;
    return HEBB_OK;
}

static hebb_status wire_drawn(hb_env *env, const hb_link_site *site, const hb_args *args,
                              hb_wiring *w, int how) {
    size_t n = w->pre * w->post;
    unsigned char *there = hb_calloc(env, n, 1);
    if (!there) return HEBB_E_MEMORY;
    hb_stream stream;
    hb_stream_init(&stream, site->seed, HB_DRAW_MASK, site->id, 0);
    hebb_status status = HEBB_OK;
    const hb_arg *mask = how == 2 ? NULL : hb_args_get(args, "mask");
    const hb_arg *weight = hb_args_get(args, "weight");
    bool weights_given = weight->given && weight->list;
    if (mask && mask->given)
        status = given_mask(env, site, mask, "mask", w->pre, w->post, there);
    else if (weights_given)
        status = given_mask(env, site, weight, "weight", w->pre, w->post, there);
    else if (how == 1) {
        size_t left = (size_t)(hb_args_num(args, "density") * (double)n + 0.5);
        for (size_t k = 0; k < n && left; k++)
            if (hb_stream_below(&stream, n - k) < left) there[k] = 1, left--;
    } else {
        double p = hb_args_num(args, how == 2 ? "probability" : "density");
        for (size_t k = 0; k < n; k++) there[k] = hb_stream_uniform(&stream) < p;
        if (how == 2 && site->same_group)
            for (size_t i = 0; i < w->pre; i++) there[i * w->post + i] = 0;
    }
    if (status >= 0) status = wire_rows(env, w, there);
    hb_free(env, there);
    return status;
}

static hebb_status wire_sparse(hb_env *env, const hb_link_site *site, const hb_args *args,
                               hb_wiring *w) {
    return wire_drawn(env, site, args, w, 0);
}
static hebb_status wire_fixed(hb_env *env, const hb_link_site *site, const hb_args *args,
                              hb_wiring *w) {
    return wire_drawn(env, site, args, w, 1);
}
static hebb_status wire_random(hb_env *env, const hb_link_site *site, const hb_args *args,
                               hb_wiring *w) {
    return wire_drawn(env, site, args, w, 2);
}

static const hb_link_kind full_kind = {&full_component, wire_full},
                          one_kind = {&one_component, wire_one},
                          sparse_kind = {&sparse_component, wire_sparse},
                          fixed_kind = {&fixed_component, wire_fixed},
                          random_kind = {&random_component, wire_random};
const hb_link_kind *const hb_link_kinds[] = {&full_kind, &one_kind, &sparse_kind, &fixed_kind,
                                             &random_kind};
const size_t hb_link_kind_count = HB_COUNT(hb_link_kinds);

const hb_link_kind *hb_link_find(hb_env *env, const char *name, const char *where) {
    const hb_component *components[HB_COUNT(hb_link_kinds)];
    for (size_t i = 0; i < hb_link_kind_count; i++) components[i] = hb_link_kinds[i]->component;
    const hb_component *found =
        hb_component_find(env, "connection", name, components, hb_link_kind_count, where);
    for (size_t i = 0; found && i < hb_link_kind_count; i++)
        if (components[i] == found) return hb_link_kinds[i];
    return NULL;
}

/* Writes the user's [post][pre] numbers (or [n] of one_to_one) to the synapses. */
static void scatter(const hb_wiring *w, const double *user, double *to) {
    if (!w->start)
        for (size_t i = 0; i < w->pre; i++)
            for (size_t j = 0; j < w->post; j++) to[i * w->post + j] = user[j * w->pre + i];
    else
        for (size_t i = 0; i < w->pre; i++)
            for (size_t k = w->start[i]; k < w->start[i + 1]; k++)
                to[k] = user[w->one_to_one ? i : w->index[k] * w->pre + i];
}

/* An HB_INIT parameter as synapse numbers. */
static hebb_status given(hb_env *env, const hb_link_site *site, const hb_arg *arg, const char *what,
                         hb_stream *stream, const hb_wiring *w, double *to) {
    size_t cells = w->one_to_one ? w->pre : w->pre * w->post;
    if (arg->list) {
        bool square = w->one_to_one && arg->count == w->pre * w->post;
        bool turned = arg->ndim == 2 && !w->one_to_one &&
                      (arg->shape[0] != w->post || arg->shape[1] != w->pre);
        if ((arg->count != cells && !square) || turned)
            return hb_fail(env, HEBB_E_SHAPE,
                           arg->ndim == 2 ? "%s: %s is [%zu, %zu], but [post, pre] is [%zu, %zu]"
                                          : "%s: %s has %zu numbers%.0zu, but [post, pre] is "
                                            "[%zu, %zu]",
                           site->name, what, arg->ndim == 2 ? arg->shape[0] : arg->count,
                           arg->ndim == 2 ? arg->shape[1] : 0, w->post, w->pre);
        if (square)
            for (size_t i = 0; i < w->pre; i++) to[i] = arg->list[i * w->pre + i];
        else
            scatter(w, arg->list, to);
        return HEBB_OK;
    }
    if (!arg->text) {
        for (size_t k = 0; k < w->count; k++) to[k] = arg->number;
        return HEBB_OK;
    }
    double *user = hb_calloc(env, w->pre * w->post, sizeof *user);
    if (!user) return HEBB_E_MEMORY;
    hebb_status status = hb_initialize(env, arg->text, site->name, w->one_to_one ? 1 : w->post,
                                       w->pre, stream, user);
    if (status >= 0) scatter(w, user, to);
    hb_free(env, user);
    return status;
}

static void draw_weights(const hb_link_kind *kind, const hb_args *args, hb_stream *stream,
                         hb_wiring *w) {
    double mean = hb_args_num(args, "w_mean"), std = hb_args_num(args, "w_std");
    for (size_t k = 0; k < w->count; k++) {
        double v = mean;
        if (kind == &random_kind)
            v = hb_args_num(args, "probability") * hb_stream_uniform(stream);
        else if (kind == &fixed_kind)
            v = std * hb_stream_uniform(stream);
        else if (kind != &one_kind)
            v += std * hb_stream_normal(stream);
        w->weight[k] = v < w->low ? w->low : v > w->high ? w->high : v;
    }
}

static hebb_status make_weights(hb_env *env, const hb_link_kind *kind, const hb_link_site *site,
                                const hb_args *args, hb_wiring *w) {
    hb_stream stream;
    hb_stream_init(&stream, site->seed, HB_DRAW_WEIGHT, site->id, 0);
    w->low = hb_args_given(args, "w_min") ? hb_args_num(args, "w_min") : -HB_INF;
    w->high = hb_args_given(args, "w_max") ? hb_args_num(args, "w_max") : HB_INF;
    if (w->low > w->high)
        return hb_fail(env, HEBB_E_RANGE, "%s: w_min = %g is above w_max = %g", site->name, w->low,
                       w->high);
    w->weight = hb_calloc(env, w->count, sizeof *w->weight);
    if (!w->weight) return HEBB_E_MEMORY;
    const hb_arg *weight = hb_args_get(args, "weight"), *bias = hb_args_get(args, "bias");
    if (!weight->given)
        draw_weights(kind, args, &stream, w);
    else {
        HEBB_TRY(given(env, site, weight, "weight", &stream, w, w->weight));
        for (size_t k = 0; k < w->count; k++)
            if (!site->spaic && weight->list && (w->weight[k] < w->low || w->weight[k] > w->high))
                return hb_fail(env, HEBB_E_RANGE,
                               "%s: a given weight is %g, outside w_min = %g .. w_max = %g",
                               site->name, w->weight[k], w->low, w->high);
            else if (!weight->list)
                w->weight[k] = fmin(fmax(w->weight[k], w->low), w->high);
    }
    if (!bias->given) return HEBB_OK;
    w->bias = hb_calloc(env, w->post, sizeof *w->bias);
    if (!w->bias) return HEBB_E_MEMORY;
    if (bias->list && bias->count != w->post)
        return hb_fail(env, HEBB_E_SHAPE,
                       "%s: bias has %zu numbers, but the target has %zu neurons", site->name,
                       bias->count, w->post);
    if (bias->text) return hb_initialize(env, bias->text, site->name, w->post, 1, &stream, w->bias);
    for (size_t j = 0; j < w->post; j++) w->bias[j] = bias->list ? bias->list[j] : bias->number;
    return HEBB_OK;
}

/* SPAIC: float32 and truncation, clipped to the queue; 0 reads its oldest entry. */
static uint32_t steps_of(const hb_link_site *site, double ms, double longest) {
    if (!site->spaic) return (uint32_t)floor(ms / site->dt + 0.5);
    size_t queue = (size_t)(longest / site->dt);
    float clipped = fminf(fmaxf((float)ms, 0), (float)((double)queue * site->dt));
    uint32_t d = (uint32_t)(clipped / (float)site->dt);
    return d ? d : (uint32_t)queue;
}

static hebb_status make_delays(hb_env *env, const hb_link_site *site, const hb_args *args,
                               hb_wiring *w) {
    const hb_arg *delay = hb_args_get(args, "delay");
    double longest = hb_args_num(args, "max_delay"), shortest = hb_args_num(args, "min_delay");
    if (!delay->given && longest <= 0) return HEBB_OK;
    hb_stream stream;
    hb_stream_init(&stream, site->seed, HB_DRAW_DELAY, site->id, 0);
    w->delay = hb_calloc(env, w->count, sizeof *w->delay);
    w->delay_ms = hb_calloc(env, w->count, sizeof *w->delay_ms);
    if (!w->delay || !w->delay_ms) return HEBB_E_MEMORY;
    if (delay->given)
        HEBB_TRY(given(env, site, delay, "delay", &stream, w, w->delay_ms));
    else
        for (size_t k = 0; k < w->count; k++) {
            double low = shortest < longest ? shortest : longest;
            w->delay_ms[k] = low + (longest - low) * hb_stream_uniform(&stream);
        }
    for (size_t k = 0; k < w->count; k++) {
        double ms = w->delay_ms[k];
        if (!(ms >= 0) || ms / site->dt > 1e6 ||
            (!site->spaic && longest > 0 && ms > longest * (1 + 1e-6)))
            return hb_fail(env, HEBB_E_RANGE,
                           "%s: delay = %g ms is not allowed; it must be between 0 and %g ms",
                           site->name, ms, longest > 0 ? longest : 1e6 * site->dt);
        w->delay[k] = steps_of(site, ms, longest);
        if (w->delay[k] > w->delay_max) w->delay_max = w->delay[k];
    }
    if (!w->start) { /* delayed synapses are walked one by one: rows of a full matrix */
        w->start = hb_alloc(env, (w->pre + 1) * sizeof *w->start);
        w->index = hb_alloc(env, w->count * sizeof *w->index);
        if (!w->start || !w->index) return HEBB_E_MEMORY;
        for (size_t i = 0; i <= w->pre; i++) w->start[i] = (uint32_t)(i * w->post);
        for (size_t k = 0; k < w->count; k++) w->index[k] = (uint32_t)(k % w->post);
    }
    return HEBB_OK;
}

hebb_status hb_wiring_make(hb_env *env, const hb_link_kind *kind, const hb_link_site *site,
                           const hb_args *args, hb_wiring *w) {
    *w = (hb_wiring){.pre = site->pre, .post = site->post};
    if (site->post && site->pre > UINT32_MAX / site->post)
        return hb_fail(env, HEBB_E_RANGE, "%s: %zu x %zu synapses are too many", site->name,
                       site->pre, site->post);
    hebb_status status = kind->wire(env, site, args, w);
    if (status >= 0) status = make_weights(env, kind, site, args, w);
    if (status >= 0) status = make_delays(env, site, args, w);
    if (status < 0) hb_wiring_free(env, w);
    return status;
}

void hb_wiring_free(hb_env *env, hb_wiring *w) {
    hb_free(env, w->start);
    hb_free(env, w->index);
    hb_free(env, w->weight);
    hb_free(env, w->bias);
    hb_free(env, w->delay);
    hb_free(env, w->delay_ms);
    *w = (hb_wiring){0};
}

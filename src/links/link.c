/* The kinds of connections, and how their weights, biases and delays come to be. */
#include "links/link_params.h"

#include <math.h>
#include <string.h>

/* A kind has the parameters of its own draw only: none that would change nothing. */
static const hb_param_info full_params[] = {
    HB_LINK_COMMON,
    HB_LINK_W_MEAN(0.005, "mean of the drawn weights"),
    HB_LINK_W_STD(0.05, "standard deviation of the drawn weights"),
};
static const hb_param_info one_params[] = {HB_LINK_COMMON, HB_LINK_W_MEAN(0.05, "each weight")};
static const hb_param_info sparse_params[] = {
    HB_LINK_COMMON,
    HB_LINK_W_MEAN(0.005, "mean of the drawn weights"),
    HB_LINK_W_STD(0.05, "standard deviation of the drawn weights"),
    HB_LINK_DENSITY,
};
static const hb_param_info fixed_params[] = {
    HB_LINK_COMMON,
    HB_LINK_W_STD(0.05, "the drawn weights are below it"),
    HB_LINK_DENSITY,
};
static const hb_param_info random_params[] = {
    HB_LINK_COMMON,
    {"probability", HB_NUM, "1", 0.1, 0, 1, 0, "chance of each synapse"},
};
static const hb_param_info lateral_params[] = {HB_LINK_COMMON,
                                               HB_LINK_W_MEAN(-1, "the one weight")};
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
     "exactly density x pre x post synapses", "w = w_std U(0, 1) where a synapse is", fixed_params)
LINK(random, "random", "random_connection|random_connection_sparse",
     "each synapse with chance `probability`, none from a neuron to itself",
     "r = U(0, 1); w = r where r < probability", random_params)

LINK(lateral, "lateral", "lateral_inhibition|all_to_others",
     "one weight from every neuron to all others; costs what the spikes cost",
     "Isyn_j = w (sum over i of O_i - O_j); w = w_mean unless given", lateral_params)

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

hebb_status hb_wiring_rows(hb_env *env, hb_wiring *w) {
    w->start = hb_alloc(env, (w->pre + 1) * sizeof *w->start);
    w->index = hb_alloc(env, w->count * sizeof *w->index);
    return w->start && w->index ? HEBB_OK : HEBB_E_MEMORY;
}

/* Rows of the synapses where there[pre][post] is 1. */
static hebb_status wire_rows(hb_env *env, hb_wiring *w, const unsigned char *there) {
    w->count = 0;
    for (size_t k = 0; k < w->pre * w->post; k++) w->count += there[k];
    HEBB_TRY(hb_wiring_rows(env, w));
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
    HEBB_TRY(hb_wiring_rows(env, w));
    for (size_t i = 0; i <= w->pre; i++) w->start[i] = (uint32_t)i;
    for (size_t i = 0; i < w->pre; i++) w->index[i] = (uint32_t)i;
    return HEBB_OK;
}

/* A given array must be [post, pre], or a plain list of as many numbers. */
static hebb_status check_matrix(hb_env *env, const hb_link_site *site, const hb_arg *arg,
                                const char *what) {
    size_t pre = site->pre, post = site->post;
    if (arg->ndim == 2 && (arg->shape[0] != post || arg->shape[1] != pre))
        return hb_fail(env, HEBB_E_SHAPE, "%s: %s is [%zu, %zu], but [post, pre] is [%zu, %zu]",
                       site->name, what, arg->shape[0], arg->shape[1], post, pre);
    if (arg->count != pre * post)
        return hb_fail(env, HEBB_E_SHAPE, "%s: %s has %zu numbers, but [post, pre] is [%zu, %zu]",
                       site->name, what, arg->count, post, pre);
    return HEBB_OK;
}

static hebb_status given_mask(hb_env *env, const hb_link_site *site, const hb_arg *arg,
                              const char *what, unsigned char *there) {
    HEBB_TRY(check_matrix(env, site, arg, what));
    for (size_t j = 0; j < site->post; j++)
        for (size_t i = 0; i < site->pre; i++)
            there[i * site->post + j] = arg->list[j * site->pre + i] != 0;
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
        status = given_mask(env, site, mask, "mask", there);
    else if (weights_given)
        status = given_mask(env, site, weight, "weight", there);
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

static hebb_status wire_lateral(hb_env *env, const hb_link_site *site, const hb_args *args,
                                hb_wiring *w) {
    const hb_arg *weight = hb_args_get(args, "weight");
    if (w->pre != w->post)
        return hb_fail(env, HEBB_E_SHAPE,
                       "%s: lateral needs groups of one size, but the source has %zu neurons and "
                       "the target %zu",
                       site->name, w->pre, w->post);
    if (weight->given && (weight->list || weight->text))
        return hb_fail(env, HEBB_E_SHAPE, "%s: lateral has one weight, a number", site->name);
    if (hb_args_given(args, "delay") || hb_args_num(args, "max_delay") > 0 ||
        hb_args_num(args, "dropout") > 0)
        return hb_fail(env, HEBB_E_UNSUPPORTED, "%s: lateral has neither delays nor dropout",
                       site->name);
    w->lateral = true;
    w->count = 1;
    return HEBB_OK;
}

static const hb_link_kind full_kind = {&full_component, wire_full},
                          one_kind = {&one_component, wire_one},
                          sparse_kind = {&sparse_component, wire_sparse},
                          fixed_kind = {&fixed_component, wire_fixed},
                          random_kind = {&random_component, wire_random},
                          lateral_kind = {&lateral_component, wire_lateral};
const hb_link_kind *const hb_link_kinds[] = {&full_kind,      &one_kind,    &sparse_kind,
                                             &fixed_kind,     &random_kind, &lateral_kind,
                                             &hb_link_patches};
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
                to[k] = user[w->index[k] * w->pre + i];
}

/* One for each of the n neurons, or the diagonal of [n, n]. */
static hebb_status given_diagonal(hb_env *env, const hb_link_site *site, const hb_arg *arg,
                                  const char *what, double *to) {
    size_t n = site->pre;
    bool square = arg->ndim == 2 && arg->shape[0] == n && arg->shape[1] == n;
    if (arg->count != n && !square)
        return hb_fail(env, HEBB_E_SHAPE,
                       "%s: %s has %zu numbers, but one_to_one needs %zu, or [%zu, %zu]",
                       site->name, what, arg->count, n, n, n);
    for (size_t i = 0; i < n; i++) to[i] = arg->list[arg->count == n ? i : i * n + i];
    return HEBB_OK;
}

/* An HB_INIT parameter as synapse numbers. */
static hebb_status given(hb_env *env, const hb_link_site *site, const hb_arg *arg, const char *what,
                         hb_stream *stream, const hb_wiring *w, double *to) {
    if (arg->list) {
        if (w->one_to_one) return given_diagonal(env, site, arg, what, to);
        HEBB_TRY(check_matrix(env, site, arg, what));
        scatter(w, arg->list, to);
        return HEBB_OK;
    }
    if (!arg->text) {
        for (size_t k = 0; k < w->count; k++) to[k] = arg->number;
        return HEBB_OK;
    }
    if (w->one_to_one) /* one synapse into each neuron */
        return hb_initialize(env, arg->text, site->name, w->post, 1, stream, to);
    double *user = hb_calloc(env, w->post * w->pre, sizeof *user);
    if (!user) return HEBB_E_MEMORY;
    hebb_status status = hb_initialize(env, arg->text, site->name, w->post, w->pre, stream, user);
    if (status >= 0) scatter(w, user, to);
    hb_free(env, user);
    return status;
}

static double clamped(const hb_wiring *w, double v) {
    return v < w->low ? w->low : v > w->high ? w->high : v;
}

static void draw_weights(const hb_link_kind *kind, const hb_args *args, hb_stream *stream,
                         hb_wiring *w) {
    bool flat = kind == &random_kind || kind == &fixed_kind;
    bool spread = kind != &one_kind && kind != &lateral_kind;
    double std = kind == &random_kind ? hb_args_num(args, "probability")
                 : spread             ? hb_args_num(args, "w_std")
                                      : 0;
    double mean = flat ? 0 : hb_args_num(args, "w_mean");
    for (size_t k = 0; k < w->count; k++) {
        double draw = flat ? hb_stream_uniform(stream) : spread ? hb_stream_normal(stream) : 0;
        w->weight[k] = clamped(w, mean + std * draw);
    }
}

static hebb_status check_finite(hb_env *env, const hb_link_site *site, const char *what,
                                const double *values, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (!isfinite(values[i]))
            return hb_fail(env, HEBB_E_NOT_FINITE,
                           "%s: a drawn %s is %g; its mean and spread are too large", site->name,
                           what, values[i]);
    return HEBB_OK;
}

static hebb_status read_bounds(hb_env *env, const hb_link_site *site, const hb_args *args,
                               hb_wiring *w) {
    w->low = hb_args_given(args, "w_min") ? hb_args_num(args, "w_min") : -HB_INF;
    w->high = hb_args_given(args, "w_max") ? hb_args_num(args, "w_max") : HB_INF;
    if (w->low > w->high)
        return hb_fail(env, HEBB_E_RANGE, "%s: w_min = %g is above w_max = %g", site->name, w->low,
                       w->high);
    if (w->low == HB_INF || w->high == -HB_INF)
        return hb_fail(env, HEBB_E_RANGE, "%s: %s = %g leaves no finite weight", site->name,
                       w->low == HB_INF ? "w_min" : "w_max", w->low == HB_INF ? w->low : w->high);
    return HEBB_OK;
}

static hebb_status make_bias(hb_env *env, const hb_link_site *site, const hb_arg *bias,
                             hb_stream *stream, hb_wiring *w) {
    if (bias->list && bias->count != w->post)
        return hb_fail(env, HEBB_E_SHAPE,
                       "%s: bias has %zu numbers, but the target has %zu neurons", site->name,
                       bias->count, w->post);
    w->bias = hb_calloc(env, w->post, sizeof *w->bias);
    if (!w->bias) return HEBB_E_MEMORY;
    if (bias->text)
        HEBB_TRY(hb_initialize(env, bias->text, site->name, w->post, 1, stream, w->bias));
    else
        for (size_t j = 0; j < w->post; j++) w->bias[j] = bias->list ? bias->list[j] : bias->number;
    return check_finite(env, site, "bias", w->bias, w->post);
}

static hebb_status make_weights(hb_env *env, const hb_link_kind *kind, const hb_link_site *site,
                                const hb_args *args, hb_wiring *w) {
    hb_stream stream;
    hb_stream_init(&stream, site->seed, HB_DRAW_WEIGHT, site->id, 0);
    HEBB_TRY(read_bounds(env, site, args, w));
    w->weight = hb_calloc(env, w->count, sizeof *w->weight);
    if (!w->weight) return HEBB_E_MEMORY;
    const hb_arg *weight = hb_args_get(args, "weight"), *bias = hb_args_get(args, "bias");
    if (weight->given)
        HEBB_TRY(given(env, site, weight, "weight", &stream, w, w->weight));
    else if (kind->weigh)
        HEBB_TRY(kind->weigh(env, site, args, w));
    else
        draw_weights(kind, args, &stream, w);
    for (size_t k = 0; (weight->given || kind->weigh) && k < w->count; k++) {
        double v = w->weight[k];
        if (weight->text || !weight->given)
            w->weight[k] = clamped(w, v);
        else if (!site->spaic && (v < w->low || v > w->high))
            return hb_fail(env, HEBB_E_RANGE,
                           "%s: a given weight is %g, outside w_min = %g .. w_max = %g", site->name,
                           v, w->low, w->high);
    }
    HEBB_TRY(check_finite(env, site, "weight", w->weight, w->count));
    return bias->given ? make_bias(env, site, bias, &stream, w) : HEBB_OK;
}

/* SPAIC: float32 and truncation, clipped to the queue; 0 reads its oldest entry. */
static uint32_t steps_of(const hb_link_site *site, double ms, double longest) {
    if (!site->spaic) return (uint32_t)floor(ms / site->dt + 0.5);
    size_t queue = (size_t)(longest / site->dt);
    float clipped = fminf(fmaxf((float)ms, 0), (float)((double)queue * site->dt));
    uint32_t d = (uint32_t)(clipped / (float)site->dt);
    return d ? d : (uint32_t)queue;
}

enum { MOST_STEPS = 1000000 }; /* of a delay */

static hebb_status check_delays(hb_env *env, const hb_link_site *site, const hb_args *args) {
    double longest = hb_args_num(args, "max_delay"), shortest = hb_args_num(args, "min_delay");
    if (longest / site->dt > MOST_STEPS)
        return hb_fail(env, HEBB_E_RANGE,
                       "%s: max_delay = %g ms is not allowed; it must be between 0 and %g ms, "
                       "%d steps",
                       site->name, longest, MOST_STEPS * site->dt, MOST_STEPS);
    if (hb_args_given(args, "min_delay") && longest > 0 && shortest > longest)
        return hb_fail(env, HEBB_E_RANGE, "%s: min_delay = %g ms is above max_delay = %g ms",
                       site->name, shortest, longest);
    return HEBB_OK;
}

/* Steps of every delay; SPAIC clips them, we refuse those outside. */
static hebb_status count_steps(hb_env *env, const hb_link_site *site, double longest,
                               hb_wiring *w) {
    for (size_t k = 0; k < w->count; k++) {
        double ms = w->delay_ms[k], most = longest > 0 ? longest : MOST_STEPS * site->dt;
        if (isnan(ms) || (!site->spaic && (ms < 0 || ms > most * (1 + 1e-6))))
            return hb_fail(env, HEBB_E_RANGE,
                           "%s: delay = %g ms is not allowed; it must be between 0 and %g ms",
                           site->name, ms, most);
        w->delay[k] = steps_of(site, ms, longest);
        if (w->delay[k] > w->delay_max) w->delay_max = w->delay[k];
    }
    return HEBB_OK;
}

static hebb_status make_delays(hb_env *env, const hb_link_site *site, const hb_args *args,
                               hb_wiring *w) {
    const hb_arg *delay = hb_args_get(args, "delay");
    double longest = hb_args_num(args, "max_delay"), shortest = hb_args_num(args, "min_delay");
    HEBB_TRY(check_delays(env, site, args));
    if (!delay->given && longest <= 0) return HEBB_OK;
    hb_stream stream;
    hb_stream_init(&stream, site->seed, HB_DRAW_DELAY, site->id, 0);
    w->delay = hb_calloc(env, w->count, sizeof *w->delay);
    w->delay_ms = hb_calloc(env, w->count, sizeof *w->delay_ms);
    if (!w->delay || !w->delay_ms) return HEBB_E_MEMORY;
    if (shortest > longest) shortest = longest;
    if (delay->given)
        HEBB_TRY(given(env, site, delay, "delay", &stream, w, w->delay_ms));
    else
        for (size_t k = 0; k < w->count; k++)
            w->delay_ms[k] = shortest + (longest - shortest) * hb_stream_uniform(&stream);
    HEBB_TRY(count_steps(env, site, longest, w));
    if (w->start) return HEBB_OK;
    HEBB_TRY(
        hb_wiring_rows(env, w)); /* delayed synapses are walked one by one: rows of a full matrix */
    for (size_t i = 0; i <= w->pre; i++) w->start[i] = (uint32_t)(i * w->post);
    for (size_t k = 0; k < w->count; k++) w->index[k] = (uint32_t)(k % w->post);
    return HEBB_OK;
}

/* one_to_one has n synapses, every other kind at most pre x post. */
static hebb_status check_size(hb_env *env, const hb_link_kind *kind, const hb_link_site *site) {
    bool many = kind != &one_kind && site->post && site->pre > UINT32_MAX / site->post;
    if (!many && site->pre < UINT32_MAX && site->post < UINT32_MAX) return HEBB_OK;
    return hb_fail(env, HEBB_E_RANGE,
                   "%s: %zu x %zu synapses are too many; at most %u are possible", site->name,
                   site->pre, site->post, UINT32_MAX);
}

bool hb_link_fills_up(const hb_link_kind *kind, const char *name) {
    static const char ending[] = "_sparse";
    size_t n = strlen(name), m = sizeof ending - 1;
    return kind != &full_kind && kind != &fixed_kind &&
           !(n > m && hb_name_matches(ending, NULL, name + n - m));
}

/* A weight for every pair, 0 where there was no synapse; single delays are left as they are. */
static hebb_status fill_up(hb_env *env, hb_wiring *w) {
    if (!w->start || w->delay) return HEBB_OK;
    if (w->pre > SIZE_MAX / w->post)
        return hb_fail(env, HEBB_E_MEMORY, "%zu x %zu weights are more than any memory holds",
                       w->pre, w->post);
    double *all = hb_calloc(env, w->pre * w->post, sizeof *all);
    if (!all) return HEBB_E_MEMORY;
    for (size_t i = 0; i < w->pre; i++)
        for (size_t k = w->start[i]; k < w->start[i + 1]; k++)
            all[i * w->post + w->index[k]] = w->weight[k];
    hb_free(env, w->weight);
    hb_free(env, w->start);
    hb_free(env, w->index);
    w->weight = all;
    w->start = w->index = NULL;
    w->count = w->pre * w->post;
    w->one_to_one = false;
    return HEBB_OK;
}

hebb_status hb_wiring_make(hb_env *env, const hb_link_kind *kind, const hb_link_site *site,
                           const hb_args *args, hb_wiring *w) {
    *w = (hb_wiring){.pre = site->pre, .post = site->post};
    HEBB_TRY(check_size(env, kind, site));
    hebb_status status = kind->wire(env, site, args, w);
    if (status >= 0) status = make_weights(env, kind, site, args, w);
    if (status >= 0) status = make_delays(env, site, args, w);
    if (status >= 0 && site->fills_up) status = fill_up(env, w);
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

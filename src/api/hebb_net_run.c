/* Networks: input, running, what decoders and monitors saw. */
#include <math.h>
#include <string.h>

#include "api/net.h"
#include "base/finite.h"

/* ---- input ---- */

static hebb_status find_source(hebb_net *net, const char *call, const char *name,
                               hb_group **group) {
    hb_graph *g = &net->graph;
    int found = hb_graph_need(g, "group", name);
    if (found < 0) return name ? HEBB_E_NAME : HEBB_E_ARGUMENT;
    *group = &g->groups[found];
    if ((*group)->role != HB_NEURONS) return HEBB_OK;
    return hb_fail(g->env, HEBB_E_ARGUMENT,
                   "%s: '%s' is a group of neurons; input goes to an encoder or generator", call,
                   name);
}

static hebb_status room(hb_env *env, void *array, size_t *capacity, size_t count, size_t size) {
    void **items = array;
    if (count <= *capacity && *items) return HEBB_OK;
    void *more = hb_alloc(env, count * size);
    if (!more) return HEBB_E_MEMORY;
    hb_free(env, *items);
    *items = more;
    *capacity = count;
    return HEBB_OK;
}

/* The same, keeping what is there. */
static hebb_status more_room(hb_env *env, void *array, size_t *capacity, size_t count,
                             size_t size) {
    void **items = array;
    if (count <= *capacity && *items) return HEBB_OK;
    if (count > SIZE_MAX / size)
        return hb_fail(env, HEBB_E_MEMORY, "out of memory: %zu pieces of %zu bytes are too many",
                       count, size);
    void *more = hb_realloc(env, *items, *capacity * size, count * size);
    if (!more) return HEBB_E_MEMORY;
    *items = more;
    *capacity = count;
    return HEBB_OK;
}

hebb_status hb_net_plan_input(hebb_net *net) {
    hb_graph *g = &net->graph;
    size_t batch = g->batch_max;
    HEBB_TRY(more_room(g->env, &g->samples, &g->sample_capacity, batch, sizeof *g->samples));
    for (size_t i = 0; i < g->group_count; i++) {
        hb_group *group = &g->groups[i];
        if (group->role != HB_ENCODER) continue; /* how long a generator's source is, it tells */
        const hb_encoder_ops *ops = group->encoder.ops;
        if (ops->events) {
            HEBB_TRY(more_room(g->env, &group->offsets, &group->offset_capacity, batch + 1,
                               sizeof *group->offsets));
            continue;
        }
        size_t steps = ops->per_step ? hb_graph_steps(g) : 1, count;
        if (__builtin_mul_overflow(batch * group->n, steps, &count)) count = SIZE_MAX;
        HEBB_TRY(more_room(g->env, &group->values, &group->value_capacity, count, sizeof(float)));
    }
    return HEBB_OK;
}

static hebb_status check_batch(hb_env *env, const char *call, size_t batch) {
    if (batch >= 1 && batch <= 1 << 20) return HEBB_OK;
    return hb_fail(env, HEBB_E_RANGE, "%s: batch = %zu is not allowed; it must be between 1 and %d",
                   call, batch, 1 << 20);
}

static hebb_status check_size(hb_env *env, const hb_group *group, size_t per_sample) {
    bool steps = group->role == HB_ENCODER && group->encoder.ops->per_step;
    if (group->role == HB_GENERATOR) return HEBB_OK; /* it checks its source itself */
    if (!steps && per_sample != group->n)
        return hb_fail(env, HEBB_E_SHAPE,
                       "%s: %zu values for each sample are given, but it has %zu neurons",
                       group->name, per_sample, group->n);
    if (steps && (!per_sample || per_sample % group->n))
        return hb_fail(env, HEBB_E_SHAPE,
                       "%s: %zu values for each sample are given; they must be a row of %zu for "
                       "every step",
                       group->name, per_sample, group->n);
    return HEBB_OK;
}

hebb_status hebb_net_input(hebb_net *net, const char *encoder, const float *data, size_t batch,
                           size_t per_sample) {
    if (!net) return hb_null(__func__, "net");
    hb_env *env = &net->ctx->env;
    hb_group *group;
    HEBB_TRY(find_source(net, "hebb_net_input", encoder, &group));
    if (!data)
        return hb_fail(env, HEBB_E_ARGUMENT, "hebb_net_input: the data for %s is NULL", encoder);
    HEBB_TRY(check_batch(env, "hebb_net_input", batch));
    if (group->role == HB_ENCODER && group->encoder.ops->events)
        return hb_fail(env, HEBB_E_ARGUMENT, "%s: %s takes events; use hebb_net_input_events",
                       group->name, group->encoder.ops->component->name);
    HEBB_TRY(check_size(env, group, per_sample));
    if (per_sample > SIZE_MAX / sizeof(float) / batch)
        return hb_fail(env, HEBB_E_SHAPE, "%s: %zu samples of %zu values are too many", group->name,
                       batch, per_sample);
    size_t count = batch * per_sample, n = group->n, bad = hb_not_finite_f32(data, count);
    if (bad < count)
        return hb_fail(env, HEBB_E_NOT_FINITE,
                       "%s: value %zu of the input is %g; all must be finite numbers", group->name,
                       bad, (double)data[bad]);
    HEBB_TRY(room(env, &group->values, &group->value_capacity, count, sizeof(float)));
    net->graph.inputs++;
    group->batch = batch;
    if (group->role == HB_GENERATOR) {
        group->value_rows = per_sample;
        memcpy(group->values, data, count * sizeof(float));
        return HEBB_OK;
    }
    group->value_rows = per_sample / n;
    for (size_t b = 0; b < batch; b++) /* [T][batch][n] -> [batch][T][n] */
        for (size_t t = 0; t < group->value_rows; t++)
            memcpy(group->values + (b * group->value_rows + t) * n, data + (t * batch + b) * n,
                   n * sizeof(float));
    hb_encoder_batch_range(&group->encoder, group->values, batch, per_sample, &group->low,
                           &group->high);
    return HEBB_OK;
}

hebb_status hebb_net_input_events(hebb_net *net, const char *encoder, const double *times,
                                  const uint32_t *neurons, const size_t *offsets, size_t batch) {
    if (!net) return hb_null(__func__, "net");
    hb_env *env = &net->ctx->env;
    hb_group *group;
    HEBB_TRY(find_source(net, "hebb_net_input_events", encoder, &group));
    HEBB_TRY(check_batch(env, "hebb_net_input_events", batch));
    if (group->role != HB_ENCODER || !group->encoder.ops->events)
        return hb_fail(env, HEBB_E_ARGUMENT, "%s: %s takes values; use hebb_net_input", group->name,
                       group->encoder.ops->component->name);
    if (!offsets)
        return hb_fail(env, HEBB_E_ARGUMENT, "%s: the offsets of the events are NULL", group->name);
    for (size_t b = 0; b < batch; b++)
        if (offsets[b] > offsets[b + 1])
            return hb_fail(env, HEBB_E_SHAPE,
                           "%s: offsets[%zu] = %zu is above offsets[%zu] = %zu; offsets must not "
                           "fall",
                           group->name, b, offsets[b], b + 1, offsets[b + 1]);
    size_t first = offsets[0], count = offsets[batch] - first;
    if (count && (!times || !neurons))
        return hb_fail(env, HEBB_E_ARGUMENT, "%s: the %s of the events are NULL", group->name,
                       times ? "neurons" : "times");
    if (count > SIZE_MAX / sizeof(double) - 1)
        return hb_fail(env, HEBB_E_SHAPE, "%s: %zu events are too many", group->name, count);
    size_t capacity = group->event_capacity;
    net->graph.inputs++;
    group->batch = 0; /* no input, should there be no room for the new one */
    HEBB_TRY(room(env, &group->times, &capacity, count ? count : 1, sizeof *times));
    HEBB_TRY(
        room(env, &group->neurons, &group->event_capacity, count ? count : 1, sizeof *neurons));
    HEBB_TRY(room(env, &group->offsets, &group->offset_capacity, batch + 1, sizeof *offsets));
    for (size_t i = 0; i < count; i++) {
        group->times[i] = times[first + i];
        group->neurons[i] = neurons[first + i];
    }
    for (size_t b = 0; b <= batch; b++) group->offsets[b] = offsets[b] - first;
    group->batch = batch;
    return HEBB_OK;
}

hebb_status hebb_net_presentation(hebb_net *net, uint64_t epoch, const uint64_t *samples,
                                  size_t batch) {
    if (!net) return hb_null(__func__, "net");
    hb_graph *g = &net->graph;
    if (!samples) { /* back to the counter */
        g->inputs++;
        g->sample_count = 0;
        return HEBB_OK;
    }
    HEBB_TRY(check_batch(g->env, "hebb_net_presentation", batch));
    if (epoch > UINT32_MAX)
        return hb_fail(g->env, HEBB_E_RANGE,
                       "hebb_net_presentation: epoch = %llu is not allowed; it must be below 2^32",
                       (unsigned long long)epoch);
    for (size_t b = 0; b < batch; b++)
        if (samples[b] > UINT32_MAX)
            return hb_fail(g->env, HEBB_E_RANGE,
                           "hebb_net_presentation: sample %llu is not allowed; it must be below "
                           "2^32",
                           (unsigned long long)samples[b]);
    HEBB_TRY(room(g->env, &g->samples, &g->sample_capacity, batch, sizeof *samples));
    for (size_t b = 0; b < batch; b++) g->samples[b] = epoch << 32 | samples[b];
    g->inputs++;
    g->sample_count = batch;
    return HEBB_OK;
}

static hebb_status find_reward(hebb_net *net, const char *call, const char *name,
                               hb_rewarder **reward, size_t *index) {
    hb_graph *g = &net->graph;
    int found = name ? hb_graph_need(g, "reward", name) : g->reward_count == 1 ? 0 : -1;
    if (found < 0)
        return name ? HEBB_E_NAME
                    : hb_fail(g->env, HEBB_E_ARGUMENT, "%s: name a reward; the network has %zu",
                              call, g->reward_count);
    *reward = &g->rewards[found];
    *index = (size_t)found;
    return HEBB_OK;
}

hebb_status hebb_net_reward(hebb_net *net, const char *reward, const double *values, size_t count) {
    if (!net) return HEBB_E_ARGUMENT;
    hb_rewarder *r = NULL;
    size_t index = 0;
    HEBB_TRY(find_reward(net, "hebb_net_reward", reward, &r, &index));
    hb_env *env = &net->ctx->env;
    if (!values)
        return hb_fail(env, HEBB_E_ARGUMENT, "hebb_net_reward: the values of %s are NULL", r->name);
    HEBB_TRY(check_batch(env, "hebb_net_reward", count));
    HEBB_TRY(room(env, &r->given, &r->given_capacity, count, sizeof *values));
    memcpy(r->given, values, count * sizeof *values);
    r->given_count = count;
    return HEBB_OK;
}

/* Labels that fit the batch; where a learner learns by a reward, it must have been given. */
static hebb_status check_rewards(hebb_net *net, size_t batch) {
    hb_graph *g = &net->graph;
    for (size_t i = 0; net->engine->train && i < g->reward_count; i++) {
        const hb_rewarder *r = &g->rewards[i];
        if (!r->given_count)
            return hb_fail(g->env, HEBB_E_STATE,
                           "the reward %s has nothing to judge by; call hebb_net_reward before "
                           "running, or hebb_net_train(net, 0) to learn nothing",
                           r->name);
        HEBB_TRY(hb_reward_check(&r->reward, g->env, r->name, batch, r->given, r->given_count));
    }
    return HEBB_OK;
}

/* ---- running ---- */

/* The batch on which all sources agree. */
static hebb_status find_batch(hebb_net *net, size_t *batch) {
    hb_graph *g = &net->graph;
    const hb_group *first = NULL;
    for (size_t i = 0; i < g->group_count; i++) {
        const hb_group *group = &g->groups[i];
        if (group->role == HB_NEURONS) continue;
        if (!group->batch && group->role == HB_ENCODER)
            return hb_fail(g->env, HEBB_E_STATE,
                           "the encoder %s has no input; call hebb_net_input before running",
                           group->name);
        if (!group->batch || (group->role == HB_GENERATOR && group->batch == 1)) continue;
        if (first && first->batch != group->batch)
            return hb_fail(g->env, HEBB_E_SHAPE,
                           "the input of %s has %zu samples, but that of %s has %zu", first->name,
                           first->batch, group->name, group->batch);
        first = group;
    }
    *batch = first ? first->batch : 1;
    if (g->sample_count && g->sample_count != *batch)
        return hb_fail(g->env, HEBB_E_SHAPE,
                       "hebb_net_presentation named %zu samples, but the input has %zu",
                       g->sample_count, *batch);
    return HEBB_OK;
}

static hebb_status count_steps(hebb_net *net, double time, size_t *steps) {
    hb_graph *g = &net->graph;
    double count = time / g->dt, nearest = floor(count + 0.5);
    if (!(time > 0) || count > 1e8)
        return hb_fail(g->env, HEBB_E_RANGE,
                       "run: time = %g ms is not allowed; it must be above 0 and at most 1e8 steps "
                       "of dt = %g ms",
                       time, g->dt);
    *steps = (size_t)(fabs(count - nearest) <= 1e-6 && nearest >= 1 ? nearest : ceil(count));
    return HEBB_OK;
}

static hebb_status check_rows(hebb_net *net, size_t from, size_t steps) {
    hb_graph *g = &net->graph;
    for (size_t i = 0; i < g->group_count; i++) {
        const hb_group *group = &g->groups[i];
        if (group->role != HB_ENCODER || !group->encoder.ops->per_step) continue;
        if (group->value_rows < from + steps)
            return hb_fail(g->env, HEBB_E_SHAPE,
                           "%s: the input has values for %zu steps, but the run reaches step %zu",
                           group->name, group->value_rows, from + steps);
    }
    return HEBB_OK;
}

static hebb_status run(hebb_net *net, double time, bool fresh) {
    size_t batch = 0, steps = 0;
    hb_engine *e = net->engine;
    HEBB_TRY(find_batch(net, &batch));
    HEBB_TRY(count_steps(net, time, &steps));
    bool again = fresh || !e->ran;
    if (!again && batch != e->batch)
        return hb_fail(&net->ctx->env, HEBB_E_SHAPE,
                       "hebb_net_run_continue: the input has %zu samples, but the run that goes on "
                       "has %zu",
                       batch, e->batch);
    HEBB_TRY(check_rows(net, again ? 0 : e->clock, steps));
    if (e->hold && e->steps && (batch != e->batch || steps != e->steps))
        return hb_fail(&net->ctx->env, HEBB_E_SHAPE,
                       "hebb_net_hold: the masks that are held are of a run of %zu samples and %zu "
                       "steps, but this one has %zu and %zu",
                       e->batch, e->steps, batch, steps);
    HEBB_TRY(check_rewards(net, batch));
    for (hebb_learner *l = net->learners; l; l = l->next) l->loss_ready = false;
    hb_graph *g = &net->graph;
    if (again) g->shown = g->counter;
    HEBB_TRY(e->ops->run(e, batch, steps, fresh));
    if (again && !g->sample_count) g->counter = g->shown + batch;
    return HEBB_OK;
}

hebb_status hebb_net_run(hebb_net *net, double time) {
    HEBB_TRY(hb_net_built(net, "hebb_net_run"));
    return run(net, time, true);
}

hebb_status hebb_net_run_continue(hebb_net *net, double time) {
    HEBB_TRY(hb_net_built(net, "hebb_net_run_continue"));
    return run(net, time, false);
}

hebb_status hebb_net_reset(hebb_net *net) {
    HEBB_TRY(hb_net_built(net, "hebb_net_reset"));
    net->engine->ops->reset(net->engine);
    return HEBB_OK;
}

/* ---- what came out ---- */

static hebb_status need_run(hebb_net *net, const char *call) {
    HEBB_TRY(hb_net_built(net, call));
    if (net->engine->ran) return HEBB_OK;
    return hb_fail(&net->ctx->env, HEBB_E_STATE, "%s: there is no run to look at", call);
}

hebb_status hebb_net_predict(hebb_net *net, const char *decoder, const float **predict,
                             size_t *batch, size_t *classes) {
    HEBB_TRY(need_run(net, "hebb_net_predict"));
    hb_graph *g = &net->graph;
    int found = decoder ? hb_graph_need(g, "decoder", decoder) : g->readout_count == 1 ? 0 : -1;
    if (found < 0)
        return decoder ? HEBB_E_NAME
               : g->readout_count
                   ? hb_fail(g->env, HEBB_E_ARGUMENT,
                             "hebb_net_predict: the network has %zu decoders; name one, such as "
                             "'%s'",
                             g->readout_count, g->readouts[0].name)
                   : hb_fail(g->env, HEBB_E_STATE, "hebb_net_predict: the network has no decoder");
    if (predict) *predict = net->engine->predict_f32[found];
    if (batch) *batch = net->engine->batch;
    if (classes) *classes = hb_decoder_outputs(&g->readouts[found].decoder, net->engine->steps);
    return HEBB_OK;
}

hebb_status hebb_net_reward_values(hebb_net *net, const char *reward, const double **values,
                                   const unsigned char **given, size_t shape[2]) {
    HEBB_TRY(need_run(net, "hebb_net_reward_values"));
    hb_rewarder *r = NULL;
    size_t index = 0, outputs;
    const double *from;
    const unsigned char *came;
    HEBB_TRY(find_reward(net, "hebb_net_reward_values", reward, &r, &index));
    net->engine->ops->rewards(net->engine, index, &from, &came, &outputs);
    if (values) *values = from;
    if (given) *given = came;
    if (shape) shape[0] = net->engine->steps, shape[1] = outputs;
    return HEBB_OK;
}

static hebb_status find_monitor(hebb_net *net, const char *name, bool spikes,
                                const hb_monitor **monitor, size_t *index) {
    int found = hb_graph_need(&net->graph, "monitor", name);
    if (found < 0) return name ? HEBB_E_NAME : HEBB_E_ARGUMENT;
    *monitor = &net->graph.monitors[found];
    *index = (size_t)found;
    if ((*monitor)->spikes == spikes) return HEBB_OK;
    return hb_fail(&net->ctx->env, HEBB_E_ARGUMENT, "%s is a %s monitor; use %s", name,
                   spikes ? "state" : "spike",
                   spikes ? "hebb_monitor_values" : "hebb_monitor_spikes");
}

hebb_status hebb_monitor_values(hebb_net *net, const char *monitor, const double **values,
                                const double **times, size_t shape[3]) {
    HEBB_TRY(need_run(net, "hebb_monitor_values"));
    const hb_monitor *m;
    size_t index;
    HEBB_TRY(find_monitor(net, monitor, false, &m, &index));
    const hb_engine *e = net->engine;
    if (values) *values = e->records[index];
    if (times) *times = e->times;
    if (!shape) return HEBB_OK;
    shape[0] = e->steps;
    shape[1] = e->batch;
    if (m->group >= 0) {
        shape[2] = net->graph.groups[m->group].n;
    } else {
        const hb_wiring *w = &net->graph.connections[m->connection].wiring;
        shape[2] = m->state == HB_VAR_O ? w->post * w->pre : w->post;
    }
    return HEBB_OK;
}

hebb_status hebb_monitor_spikes(hebb_net *net, const char *monitor, size_t sample,
                                const uint32_t **neurons, const double **times, size_t *count) {
    HEBB_TRY(need_run(net, "hebb_monitor_spikes"));
    hb_env *env = &net->ctx->env;
    hb_engine *e = net->engine;
    const hb_monitor *m;
    size_t index, found = 0;
    HEBB_TRY(find_monitor(net, monitor, true, &m, &index));
    if (sample >= e->batch)
        return hb_fail(env, HEBB_E_RANGE,
                       "%s: sample %zu is not allowed; the last run had %zu samples", monitor,
                       sample, e->batch);
    size_t n = net->graph.groups[m->group].n;
    for (size_t i = 0; i < n; i++)
        for (size_t t = 0; t < e->steps; t++)
            found += e->ops->spiked(e, (size_t)m->group, sample, t, i);
    size_t capacity = net->spike_capacity;
    HEBB_TRY(room(env, &net->spike_neurons, &capacity, found ? found : 1, sizeof(uint32_t)));
    HEBB_TRY(room(env, &net->spike_times, &net->spike_capacity, found ? found : 1, sizeof(double)));
    found = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t t = 0; t < e->steps; t++) {
            if (!e->ops->spiked(e, (size_t)m->group, sample, t, i)) continue;
            net->spike_neurons[found] = (uint32_t)i;
            net->spike_times[found++] = e->times[t];
        }
    if (neurons) *neurons = net->spike_neurons;
    if (times) *times = net->spike_times;
    if (count) *count = found;
    return HEBB_OK;
}

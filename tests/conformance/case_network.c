/* The network that forward and gradient cases share: input -> layer1 -> layer2,
 * perhaps layer1 -> layer1, built as the file says and watched all over. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "conformance.h"

static const struct link {
    const char *name;
    size_t pre, post;
    bool needed;
} links[] = {
    {"connection1", 0, 1, true}, {"connection2", 1, 2, false}, {"connection_rec", 1, 1, false}};
static const char *const groups[] = {"input", "layer1", "layer2"};
enum { LINKS = 3 };

/* ---- what the file says ---- */

static bool read_sizes(trial *t, const cJSON *config, golden_net *g, numbers weights[LINKS]) {
    const cJSON *all = golden_object(t, config, "weights"), *member;
    cJSON_ArrayForEach(member, all) {
        bool known = false;
        for (size_t i = 0; i < LINKS; i++) known |= !strcmp(member->string, links[i].name);
        if (!known)
            return trial_problem(t,
                                 "weights.%s: connections are connection1, connection2 and "
                                 "connection_rec",
                                 member->string);
    }
    for (size_t i = 0; i < LINKS && trial_fine(t); i++) {
        if (!links[i].needed && !golden_optional(all, links[i].name)) continue;
        weights[i] = golden_array(t, all, links[i].name);
        if (trial_fine(t) && weights[i].ndim != 2)
            return trial_problem(t, "weights.%s must be [post, pre]", links[i].name);
    }
    if (!trial_fine(t)) return false;
    g->sizes[0] = weights[0].shape[1];
    g->sizes[1] = weights[0].shape[0];
    g->sizes[2] = weights[1].values ? weights[1].shape[0] : 0;
    g->has_loop = weights[2].values != NULL;
    for (size_t i = 1; i < LINKS; i++)
        if (weights[i].values)
            golden_shape(t, &weights[i], links[i].name, 2,
                         (size_t[]){g->sizes[links[i].post], g->sizes[links[i].pre]});
    return trial_fine(t);
}

static bool read_input(trial *t, const cJSON *config, golden_net *g) {
    g->steps = golden_size(t, config, "T");
    g->batch = golden_size(t, config, "batch");
    g->dt = golden_number(t, config, "dt");
    numbers input = golden_array(t, config, "input_spikes");
    if (!golden_shape(t, &input, "input_spikes", 3, (size_t[]){g->steps, g->batch, g->sizes[0]}))
        return false;
    g->input = trial_alloc(t, input.count, sizeof *g->input);
    for (size_t i = 0; g->input && i < input.count; i++) g->input[i] = (float)input.values[i];
    return trial_fine(t);
}

/* A state other than 0 cannot be given through hebb.h; these models start where SPAIC's do. */
static bool starts_alike(const char *model) {
    static const char *const models[] = {"lifstdp_ex", "alifstdp_ex", "lifstdp_ih"};
    for (size_t i = 0; i < sizeof models / sizeof *models; i++)
        if (!strcmp(model, models[i])) return true;
    return false;
}

static void check_initial(trial *t, const cJSON *config, const char *model) {
    if (trial_fine(t) && starts_alike(model)) return; /* the trace's first step shows it */
    const cJSON *initial = golden_optional_object(t, config, "initial"), *member;
    cJSON_ArrayForEach(member, initial) {
        numbers n = golden_numbers(t, member, member->string);
        for (size_t i = 0; trial_fine(t) && i < n.count; i++)
            if (n.values[i] != 0)
                trial_problem(t, "initial.%s is not 0, and a run of hebb starts from 0",
                              member->string);
    }
}

/* ---- building ---- */

/* SPAIC nests the synapse filter's arguments and lists its name. */
static void add_link_kwargs(trial *t, params *p, const cJSON *kwargs) {
    const cJSON *member;
    cJSON_ArrayForEach(member, kwargs) {
        if (!strcmp(member->string, "syn_kwargs"))
            params_add_all(t, p, member, NULL);
        else if (!strcmp(member->string, "syn_type") && cJSON_IsArray(member)) {
            if (cJSON_GetArraySize(member) != 1 || !cJSON_IsString(member->child))
                trial_problem(t, "syn_type must be the name of one synapse filter");
            else
                params_add_text(t, p, "syn_type", member->child->valuestring);
        } else
            params_add_member(t, p, member);
    }
}

static void connect(trial *t, golden_net *g, size_t index, const hebb_group *made,
                    const numbers *weight) {
    const struct link *link = &links[index];
    params p = {.count = 0};
    char key[80];
    params_add_array(t, &p, "weight", weight);
    add_link_kwargs(t, &p, golden_optional_object(t, g->config, "connection_kwargs"));
    snprintf(key, sizeof key, "%s_kwargs", link->name);
    add_link_kwargs(t, &p, golden_optional_object(t, g->config, key));
    snprintf(key, sizeof key, "%s.delay", link->name);
    const cJSON *delay = golden_optional(golden_optional_object(t, g->config, "constants"), key);
    if (delay) {
        numbers n = golden_numbers(t, delay, key);
        params_add_array(t, &p, "delay", &n);
    }
    if (g->reads_v && link->pre > 0) params_add_text(t, &p, "pre_var_name", "V");
    if (trial_fine(t))
        hebb_connect(g->net, link->name, made[link->pre], made[link->post], "full", p.items);
}

/* Monitors m0, m1, ... for the members of the trace, in their order. */
static void watch(trial *t, golden_net *g, const cJSON *trace) {
    const cJSON *member;
    size_t index = 0;
    cJSON_ArrayForEach(member, trace) {
        const char *dot = strchr(member->string, '.');
        char name[32], target[80];
        if (!dot || (size_t)(dot - member->string) >= sizeof target) {
            trial_problem(t, "trace.%s is not named module.variable", member->string);
            return;
        }
        snprintf(name, sizeof name, "m%zu", index++);
        snprintf(target, sizeof target, "%.*s", (int)(dot - member->string), member->string);
        hebb_state_monitor(g->net, name, target, dot + 1, NULL);
    }
}

static bool create(trial *t, golden_net *g) {
    hebb_net_options options = hebb_net_options_default();
    bool given = golden_optional(g->config, "build_strategy");
    double strategy = given ? golden_number(t, g->config, "build_strategy") : 0;
    if (trial_fine(t) && strategy != 0 && strategy != 1)
        return trial_problem(t, "build_strategy = %g is not allowed; it must be 0 or 1", strategy);
    options.dt = g->dt;
    options.latency = strategy == 1 ? "same_step" : "one_step";
    options.compat = t->way;
    return trial_fine(t) &&
           trial_call(t, hebb_net_create(t->ctx, &options, &g->net), "the network");
}

bool golden_net_make(trial *t, const cJSON *config, const cJSON *trace, golden_net *g) {
    numbers weights[LINKS] = {{0}};
    params neuron = {.count = 0};
    *g = (golden_net){.config = config};
    const char *model = golden_text(t, config, "model");
    params_add_all(t, &neuron, golden_optional(config, "neuron_kwargs"), NULL);
    check_initial(t, config, model);
    if (!read_sizes(t, config, g, weights) || !read_input(t, config, g) || !create(t, g))
        return false;
    g->reads_v = trace && !golden_optional(trace, "layer1.O");
    hebb_group made[3] = {hebb_encoder(g->net, groups[0], g->sizes[0], "null", NULL)};
    size_t last = g->sizes[2] ? 2 : 1;
    for (size_t i = 1; i <= last; i++)
        made[i] = hebb_neurons(g->net, groups[i], g->sizes[i], model, neuron.items);
    for (size_t i = 0; i < LINKS; i++)
        if (weights[i].values) connect(t, g, i, made, &weights[i]);
    hebb_decode(g->net, "output", made[last], g->reads_v ? "final_step_voltage" : "spike_counts",
                NULL);
    watch(t, g, trace);
    return trial_fine(t);
}

bool golden_net_build(trial *t, golden_net *g) {
    return trial_fine(t) && trial_call(t, hebb_net_build(g->net), "building");
}

bool golden_net_run(trial *t, golden_net *g) {
    return trial_fine(t) &&
           trial_call(t,
                      hebb_net_input(g->net, groups[0], g->input, g->batch, g->steps * g->sizes[0]),
                      "the input") &&
           trial_call(t, hebb_net_run(g->net, (double)g->steps * g->dt), "the run");
}

/* ---- comparing ---- */

/* What SPAIC keeps among its constants, but hebb has not: states at rest, the
 * reset that a model ignores, and the decays of synapse filters (seen in R, D). */
static bool may_lack(const char *name, const cJSON *value) {
    static const char *const names[] = {"I", "M", "S", "Vreset", "tau", "tau_r", "tau_d"};
    const char *variable = strrchr(name, '.');
    bool link = !strncmp(name, "connection", 10);
    for (size_t i = 0; variable && i < sizeof names / sizeof *names; i++)
        if (!strcmp(variable + 1, names[i])) return i < 4 ? value->valuedouble == 0 : link;
    return false;
}

void golden_net_compare_constants(trial *t, golden_net *g) {
    const cJSON *member;
    cJSON_ArrayForEach(member, golden_optional_object(t, g->config, "constants")) {
        const char *name = member->string;
        numbers golden = golden_numbers(t, member, name);
        double *ours = trial_alloc(t, golden.count, sizeof *ours);
        if (!ours) return;
        hebb_status status = golden.ndim ? hebb_net_get(g->net, name, ours, golden.count)
                                         : hebb_net_constant(g->net, name, ours);
        if (status == HEBB_E_NAME && may_lack(name, member)) continue;
        if (!trial_call(t, status, name)) return;
        trial_compare(t, name, &golden, ours, golden.count, CONSTANT_ERROR);
    }
}

/* Spikes are compared exactly: an O that is 0 or 1 all over. */
static double allowed_in(const char *name, const numbers *golden) {
    size_t length = strlen(name);
    bool spikes = length > 2 && !strcmp(name + length - 2, ".O");
    for (size_t i = 0; spikes && i < golden->count; i++)
        spikes = golden->values[i] == 0 || golden->values[i] == 1;
    return spikes ? EXACT : TRACE_ERROR;
}

const double *golden_net_values(trial *t, const golden_net *g, const cJSON *trace,
                                const char *variable, size_t shape[3]) {
    const cJSON *member;
    const double *values = NULL, *times;
    size_t index = 0;
    char name[32] = "";
    cJSON_ArrayForEach(member, trace) {
        if (!strcmp(member->string, variable)) snprintf(name, sizeof name, "m%zu", index);
        index++;
    }
    if (!name[0]) trial_problem(t, "trace.%s is missing", variable);
    if (!trial_fine(t) ||
        !trial_call(t, hebb_monitor_values(g->net, name, &values, &times, shape), variable))
        return NULL;
    if (shape[0] == g->steps && shape[1] == g->batch) return values;
    trial_problem(t, "%s: the monitor holds %zu steps of %zu samples, not %zu of %zu", variable,
                  shape[0], shape[1], g->steps, g->batch);
    return NULL;
}

void golden_net_compare_trace(trial *t, golden_net *g, const cJSON *trace, const char *prefix) {
    const cJSON *member;
    cJSON_ArrayForEach(member, trace) {
        size_t shape[3];
        char what[120];
        snprintf(what, sizeof what, "%s%s", prefix, member->string);
        numbers golden = golden_numbers(t, member, member->string);
        const double *values = golden_net_values(t, g, trace, member->string, shape);
        if (!values) return;
        trial_compare(t, what, &golden, values, shape[0] * shape[1] * shape[2],
                      allowed_in(member->string, &golden));
    }
}

void golden_net_compare_output(trial *t, golden_net *g, const cJSON *node, const char *what) {
    const float *predict;
    size_t batch, classes;
    numbers golden = golden_numbers(t, node, what);
    if (!trial_fine(t) ||
        !trial_call(t, hebb_net_predict(g->net, "output", &predict, &batch, &classes), what))
        return;
    double *ours = trial_alloc(t, batch * classes, sizeof *ours);
    if (!golden_shape(t, &golden, what, 2, (size_t[]){batch, classes}) || !ours) return;
    for (size_t i = 0; i < batch * classes; i++) ours[i] = (double)predict[i];
    trial_compare(t, what, &golden, ours, batch * classes,
                  golden_whole(&golden) ? EXACT : TRACE_ERROR);
}

/* Builder calls: every object is checked when it is described. */
#include "network/graph.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "neurons/model.h"

void hb_graph_failed(hb_graph *graph, hebb_status status) {
    if (graph->failed < 0) return;
    graph->failed = status < 0 ? status : HEBB_E_INTERNAL;
    graph->failure = hb_strdup(graph->env, graph->env->error);
}

hebb_status hb_graph_check(hb_graph *graph) {
    if (graph->failed >= 0) return HEBB_OK;
    return hb_fail(graph->env, graph->failed, "%s",
                   graph->failure ? graph->failure : "out of memory in a builder call");
}

void hb_graph_free(hb_graph *g) {
    hb_env *env = g->env;
    for (size_t i = 0; i < g->group_count; i++) {
        hb_group *group = &g->groups[i];
        if (group->role == HB_NEURONS)
            hb_args_free(&group->args);
        else
            hb_encoder_free(&group->encoder);
        void *owned[] = {group->name, group->values, group->times, group->neurons, group->offsets};
        for (size_t k = 0; k < HB_COUNT(owned); k++) hb_free(env, owned[k]);
    }
    for (size_t i = 0; i < g->connection_count; i++) {
        hb_args_free(&g->connections[i].args);
        hb_wiring_free(env, &g->connections[i].wiring);
        hb_free(env, g->connections[i].name);
    }
    for (size_t i = 0; i < g->readout_count; i++) {
        hb_decoder_free(&g->readouts[i].decoder);
        hb_free(env, g->readouts[i].name);
    }
    for (size_t i = 0; i < g->monitor_count; i++) {
        hb_free(env, g->monitors[i].name);
        hb_free(env, g->monitors[i].variable);
    }
    for (size_t i = 0; i < g->reward_count; i++) {
        hb_reward_free(&g->rewards[i].reward);
        hb_free(env, g->rewards[i].name);
        hb_free(env, g->rewards[i].given);
    }
    void *owned[] = {g->groups,  g->connections, g->readouts, g->monitors,
                     g->rewards, g->order,       g->failure,  g->samples};
    for (size_t k = 0; k < HB_COUNT(owned); k++) hb_free(env, owned[k]);
}

/* ---- names ---- */

typedef struct kind_of_object {
    const char *what;
    size_t count, size;
    const void *items; /* each begins with its name */
} kind_of_object;

enum { KINDS = 5 };

static kind_of_object objects_of(const hb_graph *g, size_t k) {
    kind_of_object kinds[] = {
        {"group", g->group_count, sizeof(hb_group), g->groups},
        {"connection", g->connection_count, sizeof(hb_connection), g->connections},
        {"decoder", g->readout_count, sizeof(hb_readout), g->readouts},
        {"monitor", g->monitor_count, sizeof(hb_monitor), g->monitors},
        {"reward", g->reward_count, sizeof(hb_rewarder), g->rewards},
    };
    return kinds[k];
}

static const char *name_at(const kind_of_object *objects, size_t i) {
    return *(char *const *)((const char *)objects->items + i * objects->size);
}

int hb_graph_find(const hb_graph *graph, const char *what, const char *name) {
    for (size_t k = 0; k < KINDS; k++) {
        kind_of_object objects = objects_of(graph, k);
        if (strcmp(objects.what, what)) continue;
        for (size_t i = 0; i < objects.count; i++)
            if (!strcmp(name_at(&objects, i), name)) return (int)i;
    }
    return -1;
}

/* "; it has: a, b, ..."; at most as many as fit. */
static void list_names(const char *const *names, size_t count, char *text, size_t size) {
    size_t at = (size_t)snprintf(text, size, count ? "; it has: " : "; it has none at all");
    for (size_t i = 0; i < count; i++) {
        bool last = at + strlen(names[i]) + 8 > size;
        at +=
            (size_t)snprintf(text + at, size - at, "%s%s", i ? ", " : "", last ? "..." : names[i]);
        if (last) return;
    }
}

int hb_graph_need(hb_graph *graph, const char *what, const char *name) {
    int found = name ? hb_graph_find(graph, what, name) : -1;
    if (found >= 0) return found;
    if (!name) {
        hb_fail(graph->env, HEBB_E_ARGUMENT, "the name of a %s is NULL", what);
        return -1;
    }
    const char *names[64];
    size_t count = 0;
    for (size_t k = 0; k < KINDS; k++) {
        kind_of_object objects = objects_of(graph, k);
        if (!strstr(what, objects.what)) continue;
        for (size_t i = 0; i < objects.count && count < 64; i++)
            names[count++] = name_at(&objects, i);
    }
    char rest[200];
    const char *near = hb_nearest(name, names, count);
    if (near[0])
        snprintf(rest, sizeof rest, "; did you mean '%s'?", near);
    else
        list_names(names, count, rest, sizeof rest);
    hb_fail(graph->env, HEBB_E_NAME, "the network has no %s '%.80s'%s", what, name, rest);
    return -1;
}

static hebb_status check_name(hb_graph *graph, const char *what, const char *name) {
    if (!name || !*name) return hb_fail(graph->env, HEBB_E_ARGUMENT, "a %s needs a name", what);
    if (strlen(name) > 64)
        return hb_fail(graph->env, HEBB_E_RANGE,
                       "the name '%.20s...' has %zu letters; 64 are allowed", name, strlen(name));
    for (const char *c = name; *c; c++)
        if (!isalnum((unsigned char)*c) && *c != '_' && *c != '-')
            return hb_fail(graph->env, HEBB_E_NAME,
                           "the name '%s' is not allowed; letters, digits, _ and - may be in it",
                           name);
    for (size_t k = 0; k < KINDS; k++) {
        kind_of_object objects = objects_of(graph, k);
        if (hb_graph_find(graph, objects.what, name) >= 0)
            return hb_fail(graph->env, HEBB_E_NAME,
                           "the name '%s' is taken by a %s; names must be unique", name,
                           objects.what);
    }
    return HEBB_OK;
}

/* Room for one more item; items are moved whole. */
static void *grow(hb_env *env, void *items, size_t count, size_t size) {
    if (count & (count - 1)) return items; /* room is a power of two */
    return hb_realloc(env, items, count * size, (count ? 2 * count : 1) * size);
}

#define PUSH(graph, array, count)                                                                  \
    (grow_to((graph)->env, (void **)&(graph)->array, (graph)->count, sizeof *(graph)->array)       \
         ? memset(&(graph)->array[(graph)->count++], 0, sizeof *(graph)->array)                    \
         : NULL)

static bool grow_to(hb_env *env, void **items, size_t count, size_t size) {
    void *room = grow(env, *items, count, size);
    if (room) *items = room;
    return room != NULL;
}

static int fail(hb_graph *graph, hebb_status status) {
    hb_graph_failed(graph, status);
    return -1;
}

/* ---- groups ---- */

static hebb_status check_size(hb_graph *graph, const char *name, size_t n) {
    if (n < 1 || n > (size_t)1 << 26)
        return hb_fail(graph->env, HEBB_E_RANGE,
                       "%s: num = %zu is not allowed; it must be between 1 and %zu", name, n,
                       (size_t)1 << 26);
    return HEBB_OK;
}

static hebb_status find_model(hb_graph *graph, const char *name, const char *model, size_t *found) {
    const hb_component *components[64];
    for (size_t i = 0; i < hb_model_count_f32; i++) components[i] = hb_models_f32[i]->component;
    const hb_component *component =
        hb_component_find(graph->env, "neuron", model, components, hb_model_count_f32, name);
    if (!component) return HEBB_E_NAME;
    for (size_t i = 0; i < hb_model_count_f32; i++)
        if (components[i] == component) *found = i;
    return HEBB_OK;
}

int hb_graph_neurons(hb_graph *graph, const char *name, size_t n, const char *model,
                     const hebb_param *params) {
    hb_group made = {.role = HB_NEURONS, .n = n};
    hebb_status status = check_name(graph, "group", name);
    if (status >= 0) status = check_size(graph, name, n);
    if (status >= 0) status = find_model(graph, name, model, &made.model);
    if (status >= 0)
        status = hb_args_read(graph->env, hb_models_f32[made.model]->component, name, params, n,
                              &made.args);
    if (status < 0) return fail(graph, status);
    made.name = hb_strdup(graph->env, name);
    hb_group *group = made.name ? PUSH(graph, groups, group_count) : NULL;
    if (!group) {
        hb_args_free(&made.args);
        hb_free(graph->env, made.name);
        return fail(graph, HEBB_E_MEMORY);
    }
    *group = made;
    return (int)graph->group_count - 1;
}

int hb_graph_source(hb_graph *graph, hb_role role, const char *name, size_t n, const char *method,
                    const hebb_param *params) {
    hb_group made = {.role = role, .n = n};
    const char *what = role == HB_ENCODER ? "encoder" : "generator";
    hebb_status status = check_name(graph, what, name);
    if (status >= 0) status = check_size(graph, name, n);
    if (status >= 0)
        status = hb_encoder_create(graph->env, role == HB_GENERATOR, method, name, params, n,
                                   graph->dt, graph->spaic, &made.encoder);
    if (status < 0) return fail(graph, status);
    made.name = hb_strdup(graph->env, name);
    hb_group *group = made.name ? PUSH(graph, groups, group_count) : NULL;
    if (!group) {
        hb_encoder_free(&made.encoder);
        hb_free(graph->env, made.name);
        return fail(graph, HEBB_E_MEMORY);
    }
    *group = made;
    return (int)graph->group_count - 1;
}

static hebb_status check_v(hb_graph *graph, const char *name, const hb_group *group) {
    if (group->role == HB_NEURONS && hb_models_f32[group->model]->state_count) return HEBB_OK;
    return hb_fail(graph->env, HEBB_E_GRAPH, "%s: '%s' has no membrane potential V to read", name,
                   group->name);
}

static hebb_status check_end(hb_graph *graph, const char *name, const char *end, int group) {
    if (group >= 0 && (size_t)group < graph->group_count) return HEBB_OK;
    if (graph->failed < 0) return graph->failed; /* the group's own failure is the news */
    return hb_fail(graph->env, HEBB_E_ARGUMENT,
                   "%s: %s is no group of this network: its id is %d, and there are %zu, from 0 on",
                   name, end, group, graph->group_count);
}

int hb_graph_connect(hb_graph *graph, const char *name, int pre, int post, const char *link,
                     const hebb_param *params) {
    hb_connection made = {0};
    hebb_status status = check_name(graph, "connection", name);
    if (status >= 0) status = check_end(graph, name, "the source", pre);
    if (status >= 0) status = check_end(graph, name, "the target", post);
    if (status >= 0 && graph->groups[post].role != HB_NEURONS)
        status = hb_fail(graph->env, HEBB_E_GRAPH,
                         "%s: the target '%s' is an encoder or generator; only neurons receive",
                         name, graph->groups[post].name);
    if (status >= 0 && !(made.kind = hb_link_find(graph->env, link, name))) status = HEBB_E_NAME;
    if (status >= 0)
        status = hb_args_read(graph->env, made.kind->component, name, params, 0, &made.args);
    if (status < 0) return fail(graph, status);
    made.pre = (size_t)pre;
    made.post = (size_t)post;
    made.synapse = hb_synapse_find(graph->env, hb_args_text(&made.args, "syn_type"), name);
    if (made.synapse < 0) status = HEBB_E_NAME;
    made.fills_up = graph->spaic && hb_link_fills_up(made.kind, link);
    made.reads_v = !strcmp(hb_args_text(&made.args, "pre_var_name"), "V");
    if (status >= 0 && made.reads_v) status = check_v(graph, name, &graph->groups[pre]);
    if (status >= 0 && !(made.name = hb_strdup(graph->env, name))) status = HEBB_E_MEMORY;
    hb_connection *connection = status < 0 ? NULL : PUSH(graph, connections, connection_count);
    if (!connection) {
        hb_args_free(&made.args);
        hb_free(graph->env, made.name);
        return fail(graph, status < 0 ? status : HEBB_E_MEMORY);
    }
    *connection = made;
    return (int)graph->connection_count - 1;
}

int hb_graph_decode(hb_graph *graph, const char *name, int target, const char *method,
                    const hebb_param *params) {
    hb_readout made = {0};
    hebb_status status = check_name(graph, "decoder", name);
    if (status >= 0) status = check_end(graph, name, "the target", target);
    if (status >= 0)
        status = hb_decoder_create(graph->env, method, name, params, graph->groups[target].n,
                                   graph->dt, &made.decoder);
    if (status < 0) return fail(graph, status);
    made.target = (size_t)target;
    if (!strcmp(made.decoder.ops->variable, "V"))
        status = check_v(graph, name, &graph->groups[target]);
    if (status >= 0 && !(made.name = hb_strdup(graph->env, name))) status = HEBB_E_MEMORY;
    hb_readout *readout = status < 0 ? NULL : PUSH(graph, readouts, readout_count);
    if (!readout) {
        hb_decoder_free(&made.decoder);
        hb_free(graph->env, made.name);
        return fail(graph, status < 0 ? status : HEBB_E_MEMORY);
    }
    *readout = made;
    return (int)graph->readout_count - 1;
}

int hb_graph_reward(hb_graph *graph, const char *name, int target, const char *method,
                    const hebb_param *params) {
    hb_rewarder made = {0};
    hebb_status status = check_name(graph, "reward", name);
    if (status >= 0) status = check_end(graph, name, "the target", target);
    if (status >= 0)
        status = hb_reward_create(graph->env, method, name, params, graph->groups[target].n,
                                  graph->spaic, &made.reward);
    if (status < 0) return fail(graph, status);
    made.target = (size_t)target;
    if (!(made.name = hb_strdup(graph->env, name))) status = HEBB_E_MEMORY;
    hb_rewarder *reward = status < 0 ? NULL : PUSH(graph, rewards, reward_count);
    if (!reward) {
        hb_reward_free(&made.reward);
        hb_free(graph->env, made.name);
        return fail(graph, HEBB_E_MEMORY);
    }
    *reward = made;
    return (int)graph->reward_count - 1;
}

/* ---- monitors ---- */

static hebb_status group_variable(hb_graph *graph, const char *monitor, const hb_group *group,
                                  const char *variable, int *state) {
    const char *names[HB_STATES + 2] = {"O"};
    size_t count = 1;
    *state = HB_VAR_O;
    if (!strcmp(variable, "O")) return HEBB_OK;
    if (group->role == HB_NEURONS) {
        const hb_model *model = hb_models_f32[group->model];
        for (size_t i = 0; i < model->state_count; i++) {
            *state = (int)i;
            names[count++] = model->states[i];
            if (hb_name_matches("", model->states[i], variable)) return HEBB_OK;
        }
        *state = HB_VAR_ISYN;
        names[count++] = "Isyn";
        if (!strcmp(variable, "Isyn")) return HEBB_OK;
    }
    char all[256] = "";
    for (size_t i = 0, at = 0; i < count && at + 40 < sizeof all; i++)
        at += (size_t)snprintf(all + at, sizeof all - at, "%s%.30s", i ? ", " : "", names[i]);
    return hb_fail(graph->env, HEBB_E_NAME, "%s: '%s' has no variable '%.40s'; it has: %s", monitor,
                   group->name, variable, all);
}

static hebb_status link_variable(hb_graph *graph, const char *monitor, const hb_connection *link,
                                 const char *variable, int *state) {
    static const char *const names[] = {"R", "D", "WgtSum", "O"};
    static const int states[] = {HB_VAR_R, HB_VAR_D, HB_VAR_SUM, HB_VAR_O};
    for (int i = 0; i < 4; i++)
        if (!strcmp(names[i], variable) && (i == 3 || link->synapse > (i == 1))) {
            *state = states[i];
            return HEBB_OK;
        }
    return hb_fail(graph->env, HEBB_E_NAME,
                   "%s: connection '%s' has no variable '%.40s'; a synapse filter has WgtSum, R "
                   "and, of second order, D; every connection has O, what leaves its delays",
                   monitor, link->name, variable);
}

int hb_graph_monitor(hb_graph *graph, const char *name, const char *target, const char *variable,
                     bool spikes) {
    hb_monitor made = {.spikes = spikes, .group = -1, .connection = -1};
    hebb_status status = check_name(graph, "monitor", name);
    if (status >= 0 && (!target || !variable))
        status = hb_fail(graph->env, HEBB_E_ARGUMENT, "%s: target or variable is NULL", name);
    if (status >= 0 && !spikes) made.connection = hb_graph_find(graph, "connection", target);
    if (status >= 0 && spikes && hb_graph_find(graph, "connection", target) >= 0)
        status = hb_fail(graph->env, HEBB_E_ARGUMENT,
                         "%s: '%s' is a connection; a spike monitor watches a group", name, target);
    if (status >= 0 && made.connection < 0) {
        made.group = hb_graph_find(graph, "group", target);
        if (made.group < 0) hb_graph_need(graph, spikes ? "group" : "group or connection", target);
        if (made.group < 0) status = hb_fail_in(graph->env, HEBB_E_NAME, name);
    }
    if (status >= 0)
        status = made.group >= 0 ? group_variable(graph, name, &graph->groups[made.group], variable,
                                                  &made.state)
                                 : link_variable(graph, name, &graph->connections[made.connection],
                                                 variable, &made.state);
    if (status >= 0) {
        made.name = hb_strdup(graph->env, name);
        made.variable = hb_strdup(graph->env, variable);
        if (!made.name || !made.variable) status = HEBB_E_MEMORY;
    }
    hb_monitor *monitor = status < 0 ? NULL : PUSH(graph, monitors, monitor_count);
    if (!monitor) {
        hb_free(graph->env, made.name);
        hb_free(graph->env, made.variable);
        return fail(graph, status < 0 ? status : HEBB_E_MEMORY);
    }
    *monitor = made;
    return (int)graph->monitor_count - 1;
}

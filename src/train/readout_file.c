/* Classifiers and actors from a tree. */
#include "train/readout_file.h"

#include <string.h>

#include "train/reach.h"

/* The only group that plastic connections drive. */
static hebb_status find_driven(const hb_config *config, const hebb_net *net, const hb_node *map,
                               size_t *group) {
    const hb_engine *engine = hb_reach_engine(net);
    const hb_graph *graph = hb_reach_graph(net);
    size_t found = graph->group_count;
    for (size_t i = 0; i < engine->param_count; i++) {
        const hb_parameter *p = &engine->params[i];
        if (!p->plastic) continue;
        size_t post = graph->connections[p->connection].post;
        if (found < graph->group_count && found != post)
            return hb_origin_fail(&config->origin, HEBB_E_ARGUMENT, map,
                                  "readout: group is missing; plastic connections drive '%s' and "
                                  "'%s'",
                                  graph->groups[found].name, graph->groups[post].name);
        found = post;
    }
    if (found == graph->group_count)
        return hb_origin_fail(&config->origin, HEBB_E_ARGUMENT, map,
                              "readout: group is missing, whose spikes are read");
    *group = found;
    return HEBB_OK;
}

static hebb_status named_group(const hb_config *config, const hebb_net *net, const hb_node *node,
                               const char *name, size_t *group) {
    const hb_graph *graph = hb_reach_graph(net);
    int found = hebb_net_group((hebb_net *)net, name);
    if (found < 0)
        return hb_origin_fail(&config->origin, HEBB_E_NAME, node, "%s: %s", node->key,
                              config->origin.env->error);
    if (graph->groups[found].role != HB_NEURONS)
        return hb_origin_fail(&config->origin, HEBB_E_ARGUMENT, node,
                              "%s: '%s' is no group of neurons", node->key, name);
    *group = (size_t)found;
    return HEBB_OK;
}

static hebb_status add(const hb_config *config, const hebb_net *net, size_t classes,
                       const hb_node *map, bool only, hb_classifier *made) {
    const hb_origin *origin = &config->origin;
    hb_args args;
    size_t group = 0;
    HEBB_TRY(hb_section_read(origin, &hb_section_readout, map, "", &args));
    const char *name = only ? hb_args_text(&args, "method") : map->key;
    const char *wanted = hb_args_text(&args, "group");
    hebb_status status = wanted
                             ? named_group(config, net, hb_node_get(map, "group"), wanted, &group)
                             : find_driven(config, net, map, &group);
    if (status >= 0 && strlen(name) >= sizeof made->name)
        status = hb_origin_fail(origin, HEBB_E_RANGE, map,
                                "the readout's name has %zu letters; 64 are allowed", strlen(name));
    if (status >= 0) {
        size_t neurons = hb_reach_graph(net)->groups[group].n;
        status = hb_classifier_init(origin->env, &args, name, group, neurons, classes, made);
        status = hb_origin_blame(origin, status, map);
    }
    hb_args_free(&args);
    return status;
}

hebb_status hb_readouts_from_config(const hb_config *config, const hebb_net *net, size_t classes,
                                    hb_classifier **classifiers, size_t *count) {
    size_t wanted = config->readout ? 1 : config->readouts ? config->readouts->count : 0;
    const hb_node *map = config->readout ? config->readout
                         : wanted        ? config->readouts->first
                                         : NULL;
    *count = 0;
    *classifiers = hb_calloc(config->origin.env, wanted, sizeof **classifiers);
    if (!*classifiers) return HEBB_E_MEMORY;
    for (; *count < wanted; map = map->next) {
        HEBB_TRY(add(config, net, classes, map, config->readout != NULL, &(*classifiers)[*count]));
        ++*count;
    }
    return HEBB_OK;
}

/* ---- action ---- */

void hb_actor_free(hb_env *env, hb_actor *actor) {
    hb_action_free(&actor->action);
    hb_free(env, actor->scores);
    *actor = (hb_actor){0};
}

static hebb_status set_choices(const hb_config *config, const hebb_net *net, const hb_node *map,
                               hb_actor *actor) {
    size_t neurons = hb_reach_graph(net)->groups[actor->group].n, pop = actor->action.pop_size;
    if (actor->action.ops->score == HB_SCORE_MOST)
        return hb_origin_fail(&config->origin, HEBB_E_UNSUPPORTED, hb_node_get(map, "method"),
                              "action: %s reads potentials; a run file's actions read spikes",
                              actor->action.ops->component->name);
    if (!pop || neurons % pop)
        return hb_origin_fail(&config->origin, HEBB_E_SHAPE, map,
                              "action: %zu neurons cannot be cut into populations of %zu", neurons,
                              pop);
    actor->choices = neurons / pop;
    actor->scores = hb_calloc(config->origin.env, actor->choices, sizeof *actor->scores);
    actor->acts = actor->scores != NULL;
    return actor->acts ? HEBB_OK : HEBB_E_MEMORY;
}

hebb_status hb_actor_from_config(const hb_config *config, const hebb_net *net, hb_actor *actor) {
    const hb_origin *origin = &config->origin;
    const hb_node *map = config->action;
    const char *method = "highest_spikes_action", *group = NULL;
    *actor = (hb_actor){0};
    if (!map) return HEBB_OK;
    if (map->type != HB_NODE_MAP)
        return hb_origin_fail(origin, HEBB_E_ARGUMENT, map,
                              "action must be a map of names and values");
    HEBB_TRY(hb_origin_text(origin, map, "method", &method));
    HEBB_TRY(hb_origin_text(origin, map, "group", &group));
    if (!group)
        return hb_origin_missing(origin, map, "group|method",
                                 "action: group, whose spikes choose, is missing");
    HEBB_TRY(named_group(config, net, hb_node_get(map, "group"), group, &actor->group));
    hb_params params;
    HEBB_TRY(hb_params_from(origin, map, "method|group", &params));
    hebb_status status =
        hb_action_create(origin->env, method, "action", params.items, &actor->action);
    hb_params_free(&params);
    if (status < 0) return hb_origin_blame(origin, status, map);
    return set_choices(config, net, map, actor);
}

hebb_status hb_retry_from_config(const hb_config *config, hb_trainer *t) {
    const char *group = hb_args_text(&config->training, "retry_group");
    const hb_node *training = hb_node_get(config->root, "training");
    t->retries = hb_training_count(config, "retry");
    t->retry_spikes = hb_training_num(config, "retry_spikes");
    t->retry_gain = hb_training_num(config, "retry_gain");
    if (group)
        return named_group(config, t->net, hb_node_get(training, "retry_group"), group,
                           &t->retry_group);
    if (t->classifier_count) t->retry_group = t->classifiers[0].group;
    if (!t->retries || t->classifier_count) return HEBB_OK;
    return hb_origin_fail(&config->origin, HEBB_E_ARGUMENT, hb_node_get(training, "retry"),
                          "retry counts the spikes of a group; name it with retry_group, or give a "
                          "readout");
}

/* Builder calls from a tree. */
#include "train/network_file.h"

#include <string.h>

#include "train/config.h"

typedef struct builder {
    const hb_origin *origin;
    hebb_net *net;
} builder;

/* A builder call answered `id`: the env's sentence gets the line of what it is about. */
static hebb_status built(const builder *b, int id, const hb_node *map) {
    if (id >= 0) return HEBB_OK;
    hebb_status status = b->origin->env->status;
    return hb_origin_blame(b->origin, status < 0 ? status : HEBB_E_INTERNAL, map);
}

/* Which one of "a|b|c" the map gives; exactly one must be there. */
static hebb_status one_of(const builder *b, const hb_node *map, const char *const *names,
                          size_t count, const char *choices, const char **name,
                          const char **value) {
    const hb_node *found = NULL;
    for (size_t i = 0; i < count; i++) {
        const hb_node *node = hb_node_given(map, names[i]);
        if (!node) continue;
        if (found)
            return hb_origin_fail(b->origin, HEBB_E_ARGUMENT, node,
                                  "%s: %s and %s are both given; keep one", map->key, found->key,
                                  node->key);
        found = node;
        *name = names[i];
    }
    if (!found)
        return hb_origin_missing(b->origin, map, "neurons|encoder|generator|num|state|spikes",
                                 "%s must have one of: %s", map->key, choices);
    return hb_origin_text(b->origin, map, found->key, value);
}

static hebb_status check_map(const builder *b, const hb_node *map, const char *what) {
    if (map->type == HB_NODE_MAP) return HEBB_OK;
    return hb_origin_fail(b->origin, HEBB_E_ARGUMENT, map,
                          "%s '%.80s' must be a map of names and values", what,
                          map->key ? map->key : "");
}

static hebb_status read_count(const builder *b, const hb_node *map, size_t *count) {
    const hb_node *node = hb_node_given(map, "num");
    double number = 0;
    if (!node)
        return hb_origin_missing(b->origin, map, "num",
                                 "%s: num, how many neurons it has, is missing", map->key);
    if (!hb_node_number(node, &number) || !(number >= 1 && number <= 1 << 26) ||
        number != (double)(size_t)number)
        return hb_origin_fail(b->origin, HEBB_E_RANGE, node,
                              "%s: num = %.80s is not allowed; it must be a whole number from 1 "
                              "to %d",
                              map->key, node->type == HB_NODE_SCALAR ? node->text : "(a list)",
                              1 << 26);
    *count = (size_t)number;
    return HEBB_OK;
}

static hebb_status add_group(const builder *b, const hb_node *map) {
    static const char *const kinds[] = {"neurons", "encoder", "generator"};
    const char *kind = "", *method = NULL;
    size_t count = 0;
    HEBB_TRY(check_map(b, map, "the group"));
    HEBB_TRY(one_of(b, map, kinds, 3,
                    "neurons (a model such as lif), encoder (such as poisson), generator", &kind,
                    &method));
    HEBB_TRY(read_count(b, map, &count));
    hb_params params;
    HEBB_TRY(hb_params_from(b->origin, map, "neurons|encoder|generator|num", &params));
    int id = kind == kinds[0]   ? hebb_neurons(b->net, map->key, count, method, params.items)
             : kind == kinds[1] ? hebb_encoder(b->net, map->key, count, method, params.items)
                                : hebb_generator(b->net, map->key, count, method, params.items);
    hebb_status status = built(b, id, map);
    hb_params_free(&params);
    return status;
}

/* The group that map[key] names. */
static hebb_status read_group(const builder *b, const hb_node *map, const char *key, int *group) {
    const char *name = NULL;
    HEBB_TRY(hb_origin_text(b->origin, map, key, &name));
    if (!name)
        return hb_origin_missing(b->origin, map, key, "%s: %s, the name of a group, is missing",
                                 map->key, key);
    *group = hebb_net_group(b->net, name);
    if (*group >= 0) return HEBB_OK;
    return hb_origin_fail(b->origin, HEBB_E_NAME, hb_node_get(map, key), "%s: %s: %s", map->key,
                          key, b->origin->env->error);
}

static hebb_status add_connection(const builder *b, const hb_node *map) {
    int from = -1, to = -1;
    const char *link = "full";
    HEBB_TRY(check_map(b, map, "the connection"));
    HEBB_TRY(read_group(b, map, "from", &from));
    HEBB_TRY(read_group(b, map, "to", &to));
    HEBB_TRY(hb_origin_text(b->origin, map, "link", &link));
    hb_params params;
    HEBB_TRY(hb_params_from(b->origin, map, "from|to|link", &params));
    int id = hebb_connect(b->net, map->key, from, to, link, params.items);
    hebb_status status = built(b, id, map);
    hb_params_free(&params);
    return status;
}

/* A decoder or a reward: a method that reads a target. */
static hebb_status
add_reader(const builder *b, const hb_node *map, const char *what, const char *method,
           int (*add)(hebb_net *, const char *, hebb_group, const char *, const hebb_param *)) {
    int target = -1;
    HEBB_TRY(check_map(b, map, what));
    HEBB_TRY(read_group(b, map, "target", &target));
    HEBB_TRY(hb_origin_text(b->origin, map, "method", &method));
    hb_params params;
    HEBB_TRY(hb_params_from(b->origin, map, "target|method", &params));
    hebb_status status = built(b, add(b->net, map->key, target, method, params.items), map);
    hb_params_free(&params);
    return status;
}

static hebb_status add_decoder(const builder *b, const hb_node *map) {
    return add_reader(b, map, "the decoder", "spike_counts", hebb_decode);
}

static hebb_status add_reward(const builder *b, const hb_node *map) {
    return add_reader(b, map, "the reward", "global_reward", hebb_add_reward);
}

static hebb_status add_monitor(const builder *b, const hb_node *map) {
    static const char *const kinds[] = {"state", "spikes"};
    const char *kind = "", *target = NULL, *variable = "O";
    HEBB_TRY(check_map(b, map, "the monitor"));
    HEBB_TRY(one_of(b, map, kinds, 2, "state (a group or connection), spikes (a group)", &kind,
                    &target));
    HEBB_TRY(hb_origin_text(b->origin, map, "variable", &variable));
    hb_params params;
    HEBB_TRY(hb_params_from(b->origin, map, "state|spikes|variable", &params));
    int id = kind == kinds[0] ? hebb_state_monitor(b->net, map->key, target, variable, params.items)
                              : hebb_spike_monitor(b->net, map->key, target, params.items);
    hebb_status status = built(b, id, map);
    hb_params_free(&params);
    return status;
}

static hebb_status add_all(const builder *b, const hb_node *map, const char *key,
                           hebb_status (*add)(const builder *, const hb_node *)) {
    const hb_node *objects = hb_node_given(map, key);
    if (!objects) return HEBB_OK;
    if (objects->type != HB_NODE_MAP)
        return hb_origin_fail(b->origin, HEBB_E_ARGUMENT, objects,
                              "%s must be a map from names to descriptions, not a %s", key,
                              objects->type == HB_NODE_LIST ? "list" : "single value");
    for (const hb_node *child = objects->first; child; child = child->next) HEBB_TRY(add(b, child));
    return HEBB_OK;
}

static hebb_status describe(const builder *b, const hb_node *map) {
    if (!hb_node_given(map, "groups"))
        return hb_origin_missing(b->origin, map, "groups",
                                 "network: groups is missing; it names encoders and neurons");
    HEBB_TRY(add_all(b, map, "groups", add_group));
    HEBB_TRY(add_all(b, map, "connections", add_connection));
    HEBB_TRY(add_all(b, map, "decoders", add_decoder));
    HEBB_TRY(add_all(b, map, "rewards", add_reward));
    return add_all(b, map, "monitors", add_monitor);
}

hebb_status hb_network_from_tree(const hb_origin *origin, const hb_node *map, hebb_ctx *ctx,
                                 int batch, double time, hebb_net **net) {
    hb_args args;
    *net = NULL;
    HEBB_TRY(hb_section_read(origin, &hb_section_network, map, HB_NETWORK_MAPS, &args));
    hebb_net_options options = hebb_net_options_default();
    options.dt = hb_args_num(&args, "dt");
    options.latency = hb_args_text(&args, "latency");
    options.compat = hb_args_text(&args, "compat");
    options.precision = hb_args_text(&args, "precision");
    options.schedule = hb_args_text(&args, "schedule");
    options.batch_max = batch;
    options.time_max = time;
    hebb_status status = hebb_net_create(ctx, &options, net);
    hb_args_free(&args);
    if (status < 0) return hb_origin_blame(origin, status, map);
    builder b = {origin, *net};
    status = describe(&b, map);
    if (status >= 0) return HEBB_OK;
    hebb_net_free(*net);
    *net = NULL;
    return status;
}

hebb_status hb_network_blame(const hb_origin *origin, hebb_status status, const hb_node *map) {
    static const char *const parts[] = {"groups", "connections", "decoders", "rewards", "monitors"};
    const char *sentence = origin->env->error;
    for (size_t i = 0; status < 0 && i < HB_COUNT(parts); i++) {
        const hb_node *objects = hb_node_given(map, parts[i]);
        for (const hb_node *child = objects ? objects->first : NULL; child; child = child->next) {
            size_t n = child->key ? strlen(child->key) : 0;
            bool named = n && !strncmp(sentence, child->key, n);
            if (named && (sentence[n] == ':' || sentence[n] == '.'))
                return hb_origin_blame(origin, status, child);
        }
    }
    return hb_origin_blame(origin, status, map);
}

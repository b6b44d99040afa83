/* Learner calls from a tree. */
#include "train/learner_file.h"

#include <string.h>

#include "learning/learner.h"

enum { MAX_LEARNERS = 64 };

#define LEARNER_KEYS "algorithm|trainable|optimizer|schedule|loss"

/* A part of a learner: a map with a name, or the name alone. */
typedef struct part {
    const hb_node *node;
    const char *name;
    hb_params params; /* all but name and `skip` */
} part;

static hebb_status read_part(const hb_origin *origin, const hb_node *map, const char *key,
                             const char *skip, part *p) {
    *p = (part){.node = hb_node_given(map, key)};
    p->params.env = origin->env;
    if (!p->node) return HEBB_OK;
    if (p->node->type == HB_NODE_SCALAR) {
        p->name = p->node->text;
        return HEBB_OK;
    }
    if (p->node->type == HB_NODE_LIST)
        return hb_origin_fail(origin, HEBB_E_ARGUMENT, p->node,
                              "%s must be a name, or a map with name and parameters", key);
    HEBB_TRY(hb_origin_text(origin, p->node, "name", &p->name));
    if (!p->name) return hb_origin_missing(origin, p->node, "name", "%s: its name is missing", key);
    return hb_params_from(origin, p->node, skip, &p->params);
}

static hebb_status set_optimizer(const hb_origin *origin, const hb_node *map,
                                 hebb_learner *learner) {
    part p;
    hebb_status status = read_part(origin, map, "optimizer", "name|lr", &p);
    const hb_node *lr = status >= 0 && p.node ? hb_node_given(p.node, "lr") : NULL;
    double rate = 0;
    if (status >= 0 && !p.node)
        status = hb_origin_missing(origin, map, LEARNER_KEYS,
                                   "the optimizer is missing, such as: "
                                   "optimizer: {name: Adam, lr: 0.001}");
    else if (status >= 0 && !lr)
        status = hb_origin_fail(origin, HEBB_E_ARGUMENT, p.node,
                                "optimizer: lr, the learning rate, is missing, such as: "
                                "optimizer: {name: %.40s, lr: 0.001}",
                                p.name);
    else if (status >= 0 && !hb_node_number(lr, &rate))
        status = hb_origin_fail(origin, HEBB_E_ARGUMENT, lr, "optimizer: lr must be a number");
    if (status >= 0) {
        status = hebb_learner_set_optimizer(learner, p.name, rate, p.params.items);
        status = hb_origin_blame(origin, status, p.node);
    }
    hb_params_free(&p.params);
    return status;
}

static hebb_status set_schedule(const hb_origin *origin, const hb_node *map,
                                hb_learner_entry *entry) {
    part p;
    const char *every = "epoch";
    hebb_status status = read_part(origin, map, "schedule", "name|every", &p);
    if (status >= 0 && p.node) status = hb_origin_text(origin, p.node, "every", &every);
    entry->scheduled = p.node != NULL;
    entry->every_batch = !strcmp(every, "batch");
    if (status >= 0 && !entry->every_batch && strcmp(every, "epoch"))
        status = hb_origin_fail(origin, HEBB_E_NAME, hb_node_get(p.node, "every"),
                                "schedule: every = '%.40s' is not allowed; it must be epoch or "
                                "batch",
                                every);
    if (status >= 0 && p.node) {
        status = hebb_learner_set_schedule(entry->learner, p.name, p.params.items);
        status = hb_origin_blame(origin, status, p.node);
        if (status >= 0 && entry->learner->plastic && entry->learner->sched.ops->needs_metric)
            status = hb_origin_fail(origin, HEBB_E_UNSUPPORTED, p.node,
                                    "%s follows a loss, and %s has none", p.name,
                                    entry->learner->args.component->name);
    }
    hb_params_free(&p.params);
    return status;
}

static hebb_status set_loss(const hb_origin *origin, const hb_node *map, hebb_learner *learner) {
    part p;
    const char *decoder = NULL;
    hebb_status status = read_part(origin, map, "loss", "name|decoder", &p);
    if (status >= 0 && p.node) status = hb_origin_text(origin, p.node, "decoder", &decoder);
    if (status >= 0 && p.node) {
        status = hebb_learner_set_loss(learner, decoder, p.name, p.params.items);
        status = hb_origin_blame(origin, status, p.node);
    } else if (status >= 0) {
        status = hebb_learner_set_loss(learner, NULL, "cross_entropy", NULL);
        status = hb_origin_blame(origin, status, map);
    }
    hb_params_free(&p.params);
    return status;
}

/* names: NULL-terminated, or NULL for all; the array is the caller's. */
static hebb_status read_trainable(const hb_origin *origin, const hb_node *map,
                                  const char ***names) {
    const hb_node *node = hb_node_given(map, "trainable");
    *names = NULL;
    if (!node || (node->type == HB_NODE_SCALAR && !strcmp(node->text, "all"))) return HEBB_OK;
    const char **list = hb_calloc(origin->env, node->count + 2, sizeof *list);
    if (!list) return HEBB_E_MEMORY;
    *names = list;
    if (node->type == HB_NODE_SCALAR) {
        list[0] = node->text;
        return HEBB_OK;
    }
    const hb_node *child = node->type == HB_NODE_LIST ? node->first : NULL;
    if (!child)
        return hb_origin_fail(origin, HEBB_E_ARGUMENT, node,
                              "trainable must be all, or a list of groups, connections and "
                              "parameters");
    for (size_t i = 0; child; child = child->next, i++) {
        if (child->type != HB_NODE_SCALAR)
            return hb_origin_fail(origin, HEBB_E_ARGUMENT, child, "trainable holds names only");
        list[i] = child->text;
    }
    return HEBB_OK;
}

static bool is_part(const char *key) {
    return !strcmp(key, "optimizer") || !strcmp(key, "schedule") || !strcmp(key, "loss");
}

static hebb_status create(const hb_origin *origin, const hb_node *map, hebb_net *net,
                          hb_learner_entry *entry) {
    const char *algorithm = NULL, **names = NULL;
    hb_params params = {.env = origin->env};
    HEBB_TRY(hb_origin_text(origin, map, "algorithm", &algorithm));
    if (!algorithm)
        return hb_origin_missing(origin, map, LEARNER_KEYS,
                                 "learner: algorithm is missing, such as: algorithm: STCA");
    hebb_status status = read_trainable(origin, map, &names);
    for (const hb_node *child = map->first; status >= 0 && child; child = child->next)
        if (child->type == HB_NODE_MAP && !is_part(child->key))
            status = hb_origin_missing(origin, map, LEARNER_KEYS,
                                       "learner: '%.80s' must be a value or a list, not a map",
                                       child->key);
    if (status >= 0) status = hb_params_from(origin, map, LEARNER_KEYS, &params);
    if (status >= 0) {
        status = hebb_learner_create(net, algorithm, names, params.items, &entry->learner);
        status = hb_origin_blame(origin, status, map);
    }
    hb_params_free(&params);
    hb_free(origin->env, names);
    return status;
}

/* A plastic rule changes weights while the network runs. */
static hebb_status refuse_parts(const hb_origin *origin, const hb_node *map,
                                const hebb_learner *learner) {
    static const char *const parts[] = {"optimizer", "loss"};
    for (size_t i = 0; i < HB_COUNT(parts); i++) {
        const hb_node *node = hb_node_given(map, parts[i]);
        if (node)
            return hb_origin_fail(origin, HEBB_E_ARGUMENT, node,
                                  "%s changes the weights while the network runs; it takes no %s",
                                  learner->args.component->name, parts[i]);
    }
    return HEBB_OK;
}

static hebb_status add(const hb_origin *origin, const hb_node *map, hebb_net *net,
                       hb_learner_entry *entry) {
    if (map->type != HB_NODE_MAP)
        return hb_origin_fail(origin, HEBB_E_ARGUMENT, map,
                              "the learner must be a map of names and values");
    if (strlen(map->key) >= sizeof entry->name)
        return hb_origin_fail(origin, HEBB_E_RANGE, map,
                              "the learner's name has %zu letters; 64 are allowed",
                              strlen(map->key));
    memcpy(entry->name, map->key, strlen(map->key) + 1);
    HEBB_TRY(create(origin, map, net, entry));
    if (entry->learner->plastic) {
        HEBB_TRY(refuse_parts(origin, map, entry->learner));
        return set_schedule(origin, map, entry);
    }
    HEBB_TRY(set_optimizer(origin, map, entry->learner));
    HEBB_TRY(set_schedule(origin, map, entry));
    return set_loss(origin, map, entry->learner);
}

hebb_status hb_learners_from_tree(const hb_origin *origin, const hb_node *learner,
                                  const hb_node *learners, hebb_net *net,
                                  hb_learner_entry **entries, size_t *count) {
    size_t wanted = learners ? learners->count : 1;
    *count = 0;
    *entries = NULL;
    if (learners && (learners->type != HB_NODE_MAP || !wanted || wanted > MAX_LEARNERS))
        return hb_origin_fail(origin, HEBB_E_ARGUMENT, learners,
                              "learners must be a map from 1 to %d names to learners",
                              (int)MAX_LEARNERS);
    *entries = hb_calloc(origin->env, wanted, sizeof **entries);
    if (!*entries) return HEBB_E_MEMORY;
    const hb_node *map = learners ? learners->first : learner;
    for (; *count < wanted; map = map->next) {
        HEBB_TRY(add(origin, map, net, &(*entries)[*count]));
        ++*count;
    }
    return HEBB_OK;
}

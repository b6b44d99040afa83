/* Run files. The sections that hold plain values are described by tables, like
 * every component: checks, defaults and pages come from them. */
#include "train/config.h"

#include <stdio.h>
#include <string.h>

#include "io/files.h"
#include "io/yaml.h"

enum { MAX_FILE = 64 << 20 };

#define FILES "docs/run-file.md"

static const hb_param_info network_params[] = {
    {"dt", HB_NUM, "ms", 0.1, HB_POSITIVE, "length of a step"},
    {"latency", HB_CHOICE, "1", 0, HB_ANY, 0, "when a spike arrives: in the next step or the same",
     NULL, "one_step", "one_step|same_step"},
    {"compat", HB_CHOICE, "1", 0, HB_ANY, 0, "whose numbers", NULL, "none", "none|spaic"},
    {"precision", HB_CHOICE, "1", 0, HB_ANY, 0, "the numbers that the engine computes with", NULL,
     "float", "float|double"},
    {"schedule", HB_CHOICE, "1", 0, HB_ANY, 0, "whole sequences where possible, or step by step",
     NULL, "auto", "auto|step"},
};
const hb_component hb_section_network = {
    .kind = "section",
    .name = "network",
    .summary = "the network of a run file; also holds groups, connections, decoders, "
               "rewards, monitors",
    .source = FILES,
    .params = network_params,
    .param_count = HB_COUNT(network_params)};

static const hb_param_info data_params[] = {
    {"set", HB_STRING, "1", 0, HB_ANY, HB_REQUIRED,
     "strokes, yin-yang, mnist, fashion-mnist, xor, bandit, or a folder of IDX files"},
    {"path", HB_STRING, "1", 0, HB_ANY, HB_UNSET,
     "where its files are; else HEBB_DATA_DIR, then the cache"},
    {"train_limit", HB_INT, "samples", 0, 0, 1e9, 0, "learn from the first so many; 0: all"},
    {"test_limit", HB_INT, "samples", 0, 0, 1e9, 0, "test with the first so many; 0: all"},
    {"validation", HB_INT, "samples", 0, 0, 1e9, 0,
     "held out of the training samples; `best` is chosen by them"},
    {"arms", HB_NUMBERS, "1", 0.8, 0, 1, HB_UNSET, "bandit: each arm's chance of a reward", NULL,
     "[0.8, 0.2]"},
};
const hb_component hb_section_data = {.kind = "section",
                                      .name = "data",
                                      .summary = "the samples of a run file; also holds augment",
                                      .source = FILES,
                                      .params = data_params,
                                      .param_count = HB_COUNT(data_params)};

static const hb_param_info training_params[] = {
    {"epochs", HB_INT, "1", 1, 0, 1e6, 0, "times that all samples are shown"},
    {"batch_size", HB_INT, "samples", 100, 1, 1e6, 0, "samples between two changes of weights"},
    {"time", HB_NUM, "ms", 0, 0, HB_INF, HB_ABOVE | HB_REQUIRED, "how long a sample is shown"},
    {"shuffle", HB_BOOL, "1", 1, HB_ANY, 0, "a fresh order every epoch, by seed and epoch"},
    {"test_every", HB_INT, "epochs", 1, 0, 1e6, 0, "epochs between tests; 0: after the last only"},
    {"checkpoint_every", HB_INT, "epochs", 1, 0, 1e6, 0,
     "epochs between checkpoints; 0: after the last only"},
    {"checkpoint_batches", HB_INT, "batches", 0, 0, 1e9, 0,
     "batches between checkpoints within an epoch; 0: none"},
    {"checkpoint_seconds", HB_NUM, "s", 0, HB_NOT_NEGATIVE,
     "seconds between checkpoints within an epoch; 0: none"},
    {"feedback", HB_NUM, "ms", 0, 0, HB_INF, HB_ABOVE | HB_UNSET,
     "bandit: time after an action in which its reward comes", NULL, "a step"},
    {"retry", HB_INT, "1", 0, 0, 1000, 0,
     "times that a sample is shown again, brighter, while few spikes answer it"},
    {"retry_spikes", HB_NUM, "spikes", 5, HB_NOT_NEGATIVE, "... fewer than these"},
    {"retry_gain", HB_NUM, "1", 0.5, HB_NOT_NEGATIVE,
     "... each time by so much of its own brightness more"},
    {"retry_group", HB_STRING, "1", 0, HB_ANY, HB_UNSET, "... of this group", NULL,
     "that of the first readout"},
    {"keep", HB_INT, "1", 0, 0, 1e6, 0, "how many older epochs' checkpoints are kept besides"},
    {"report", HB_CHOICE, "1", 0, HB_ANY, 0,
     "whose test accuracy counts; best needs data.validation", NULL, "last", "last|best"},
};
const hb_component hb_section_training = {.kind = "section",
                                          .name = "training",
                                          .summary = "how a run file trains, tests and saves",
                                          .source = FILES,
                                          .params = training_params,
                                          .param_count = HB_COUNT(training_params)};

const hb_component *const hb_run_sections[] = {&hb_section_network, &hb_section_data,
                                               &hb_augment_component, &hb_section_training,
                                               &hb_section_readout};
const size_t hb_run_section_count = HB_COUNT(hb_run_sections);

double hb_training_num(const hb_config *config, const char *name) {
    return hb_args_num(&config->training, name);
}

size_t hb_training_count(const hb_config *config, const char *name) {
    return (size_t)hb_training_num(config, name);
}

/* ---- overrides ---- */

static hebb_status apply_set(hb_config *config, const char *set) {
    hb_env *env = config->origin.env;
    const char *equals = strchr(set, '=');
    if (!equals || equals == set)
        return hb_fail(env, HEBB_E_ARGUMENT,
                       "the override '%.200s' must have the form name.name=value", set);
    char *path = hb_format(env, "%.*s", (int)(equals - set < 4096 ? equals - set : 4096), set);
    if (!path) return HEBB_E_MEMORY;
    hb_node *value = hb_yaml_scalar_or_flow(env, equals + 1);
    hebb_status status = value ? hb_node_set_path(env, config->root, path, value) : env->status;
    hb_free(env, path);
    if (status >= 0 || status == HEBB_E_MEMORY) return status;
    return hb_fail(env, status, "override '%.200s': %s", set, env->error);
}

/* ---- the top ---- */

static bool read_whole(const hb_node *node, uint64_t *value) {
    const char *text = node->type == HB_NODE_SCALAR && !node->quoted ? node->text : "";
    uint64_t sum = 0;
    if (!*text) return false;
    for (; *text; text++) {
        uint64_t digit = (uint64_t)(*text - '0');
        if (*text < '0' || *text > '9' || sum > (UINT64_MAX - digit) / 10) return false;
        sum = sum * 10 + digit;
    }
    *value = sum;
    return true;
}

static hebb_status read_seed(hb_config *config) {
    const hb_node *node = hb_node_given(config->root, "seed");
    if (node && !read_whole(node, &config->seed))
        return hb_origin_fail(&config->origin, HEBB_E_RANGE, node,
                              "seed = %.40s is not allowed; it must be a whole number from 0 to "
                              "18446744073709551615",
                              node->type == HB_NODE_SCALAR ? node->text : "(a list or map)");
    if (node) return HEBB_OK;
    char text[32];
    snprintf(text, sizeof text, "%ju", (uintmax_t)config->seed);
    return hb_node_put(config->origin.env, config->root, "seed", text);
}

/* The file's name without folders and ending. */
static hebb_status default_name(hb_config *config) {
    const char *slash = strrchr(config->file, '/'), *stem = slash ? slash + 1 : config->file;
    const char *dot = strrchr(stem, '.');
    size_t n = dot && dot > stem ? (size_t)(dot - stem) : strlen(stem);
    config->name = hb_format(config->origin.env, "%.*s", (int)(n < 64 ? n : 64), stem);
    if (!config->name) return HEBB_E_MEMORY;
    for (char *c = config->name; *c; c++)
        if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.", *c))
            *c = '_';
    if (config->name[0] == '.') config->name[0] = '_';
    return hb_node_put(config->origin.env, config->root, "name", config->name);
}

static hebb_status read_name(hb_config *config) {
    const char *name = NULL;
    HEBB_TRY(hb_origin_text(&config->origin, config->root, "name", &name));
    if (!name) return default_name(config);
    size_t good = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                               "0123456789_-.");
    if (name[good] || name[0] == '.' || good > 64)
        return hb_origin_fail(&config->origin, HEBB_E_NAME, hb_node_get(config->root, "name"),
                              "name = '%.80s' is not allowed; it names the run's folder: at most "
                              "64 letters, digits, _, - and ., not . first",
                              name);
    config->name = hb_strdup(config->origin.env, name);
    return config->name ? HEBB_OK : HEBB_E_MEMORY;
}

static hebb_status missing(const hb_config *config, const char *section, const char *example) {
    return hb_fail(config->origin.env, HEBB_E_ARGUMENT,
                   "%s: the section '%s' is missing, such as: %s", config->file, section, example);
}

/* The section as a map to write defaults into. */
static hebb_status need_section(hb_config *config, const char *name, const char *example,
                                hb_node **section) {
    *section = (hb_node *)hb_node_given(config->root, name);
    if (!*section) return missing(config, name, example);
    if ((*section)->type != HB_NODE_MAP)
        return hb_origin_fail(&config->origin, HEBB_E_ARGUMENT, *section,
                              "%s must be a map of names and values", name);
    return HEBB_OK;
}

static hebb_status read_learners(hb_config *config) {
    config->learner = hb_node_given(config->root, "learner");
    config->learners = hb_node_given(config->root, "learners");
    if (config->learner && config->learners)
        return hb_origin_fail(&config->origin, HEBB_E_ARGUMENT, config->learners,
                              "learner and learners are both given; keep one");
    if (config->learner || config->learners) return HEBB_OK;
    return missing(config, "learner",
                   "learner: {algorithm: STCA, optimizer: {name: Adam, lr: 0.001}}");
}

/* One map is a readout; several are a map of such maps. Defaults are written into them. */
static hebb_status fill_readout(const hb_config *config, hb_node *map) {
    hb_args args;
    HEBB_TRY(hb_section_read(&config->origin, &hb_section_readout, map, "", &args));
    hebb_status status = hb_section_fill(config->origin.env, &args, map);
    hb_args_free(&args);
    return status;
}

static hebb_status read_readouts(hb_config *config) {
    const hb_origin *origin = &config->origin;
    config->readout = hb_node_given(config->root, "readout");
    config->readouts = hb_node_given(config->root, "readouts");
    config->action = hb_node_given(config->root, "action");
    const hb_node *several = config->readouts;
    if (config->readout && several)
        return hb_origin_fail(origin, HEBB_E_ARGUMENT, several,
                              "readout and readouts are both given; keep one");
    if (config->readout) return fill_readout(config, (hb_node *)config->readout);
    if (!several) return HEBB_OK;
    if (several->type != HB_NODE_MAP || !several->count || several->count > HB_CLASSIFIERS)
        return hb_origin_fail(origin, HEBB_E_ARGUMENT, several,
                              "readouts must be a map from 1 to %d names to readouts",
                              (int)HB_CLASSIFIERS);
    for (hb_node *map = several->first; map; map = map->next) HEBB_TRY(fill_readout(config, map));
    return HEBB_OK;
}

static hebb_status read_augment(hb_config *config, hb_node *data) {
    hb_node *node = (hb_node *)hb_node_given(data, "augment");
    const hb_origin *origin = &config->origin;
    if (!node) return HEBB_OK;
    hb_args args;
    HEBB_TRY(hb_section_read(origin, &hb_augment_component, node, "", &args));
    hebb_status status = hb_section_fill(origin->env, &args, node);
    hb_args_free(&args);
    HEBB_TRY(status);
    hb_params params;
    HEBB_TRY(hb_params_from(origin, node, "", &params));
    status = hb_augment_read(origin->env, NULL, params.items, &config->augment);
    hb_params_free(&params);
    config->augmented = status >= 0;
    return status;
}

static hebb_status read_sections(hb_config *config) {
    hb_node *network, *data, *training;
    hb_env *env = config->origin.env;
    const hb_origin *origin = &config->origin;
    HEBB_TRY(need_section(config, "network",
                          "network: {groups: {input: {encoder: poisson, num: 784}}}", &network));
    HEBB_TRY(need_section(config, "data", "data: {set: mnist}", &data));
    HEBB_TRY(need_section(config, "training", "training: {epochs: 1, time: 50}", &training));
    config->network = network;
    HEBB_TRY(read_learners(config));
    HEBB_TRY(read_readouts(config));
    hb_args options;
    HEBB_TRY(hb_section_read(origin, &hb_section_network, network, HB_NETWORK_MAPS, &options));
    hebb_status status = hb_section_fill(env, &options, network);
    hb_args_free(&options);
    HEBB_TRY(status);
    HEBB_TRY(hb_section_read(origin, &hb_section_data, data, "augment", &config->data));
    HEBB_TRY(hb_section_fill(env, &config->data, data));
    HEBB_TRY(read_augment(config, data));
    HEBB_TRY(hb_section_read(origin, &hb_section_training, training, "", &config->training));
    HEBB_TRY(hb_section_fill(env, &config->training, training));
    if (strcmp(hb_args_text(&config->training, "report"), "best") == 0 &&
        hb_args_num(&config->data, "validation") == 0)
        return hb_origin_fail(origin, HEBB_E_ARGUMENT, hb_node_get(training, "report"),
                              "training.report = best needs held-out samples to choose by; set "
                              "data.validation, such as 5000");
    return HEBB_OK;
}

static hebb_status resolve(hb_config *config, const char *text, size_t size,
                           const char *const *set) {
    hb_env *env = config->origin.env;
    HEBB_TRY(hb_yaml_read(env, config->file, text, size, &config->root));
    if (config->root->type != HB_NODE_MAP)
        return hb_fail(env, HEBB_E_ARGUMENT,
                       "%s: a run file must be a map with network, learner, data and training",
                       config->file);
    for (size_t i = 0; set && set[i]; i++) HEBB_TRY(apply_set(config, set[i]));
    HEBB_TRY(
        hb_origin_keys(&config->origin, config->root, "a run file",
                       "name|seed|network|learner|learners|readout|readouts|action|data|training"));
    HEBB_TRY(read_name(config));
    HEBB_TRY(read_seed(config));
    HEBB_TRY(read_sections(config));
    hb_text yaml;
    hb_text_init(&yaml, env);
    hb_yaml_write(&yaml, config->root);
    hebb_status status = hb_text_done(&yaml);
    if (status >= 0 && !(config->text = hb_strdup(env, yaml.data))) status = HEBB_E_MEMORY;
    hb_text_free(&yaml);
    return status;
}

hebb_status hb_config_read(hb_env *env, const char *file, const char *text, size_t size,
                           const char *const *set, uint64_t default_seed, hb_config *config) {
    *config = (hb_config){.origin = {.env = env, .set = set}, .seed = default_seed};
    config->file = hb_strdup(env, file);
    config->origin.file = config->file;
    hebb_status status = config->file ? resolve(config, text, size, set) : HEBB_E_MEMORY;
    if (status < 0) hb_config_free(config);
    return status;
}

hebb_status hb_config_read_file(hb_env *env, const char *file, const char *const *set,
                                uint64_t default_seed, hb_config *config) {
    unsigned char *bytes;
    size_t size;
    *config = (hb_config){.origin = {.env = env}};
    HEBB_TRY(hb_file_read(env, file, MAX_FILE, &bytes, &size));
    hebb_status status =
        hb_config_read(env, file, (const char *)bytes, size, set, default_seed, config);
    hb_free(env, bytes);
    return status;
}

void hb_config_free(hb_config *config) {
    hb_env *env = config->origin.env;
    hb_args_free(&config->data);
    hb_args_free(&config->training);
    hb_node_free(env, config->root);
    hb_free(env, config->text);
    hb_free(env, config->name);
    hb_free(env, config->file);
    *config = (hb_config){.origin = {.env = env}};
}

/* ---- the same run? ---- */

/* What may change between two parts of a run without changing its numbers so far. */
static const char *const free_to_change[] = {
    "name",
    "data.path",
    "data.test_limit",
    "network.monitors",
    "training.epochs",
    "training.test_every",
    "training.checkpoint_every",
    "training.checkpoint_batches",
    "training.checkpoint_seconds",
    "training.keep",
    "training.report",
};

static bool is_free(const char *path) {
    for (size_t i = 0; i < HB_COUNT(free_to_change); i++)
        if (!strcmp(path, free_to_change[i])) return true;
    return false;
}

typedef struct comparison {
    const hb_config *config;
    const char *where;
} comparison;

static const char *shown(const hb_node *node) {
    return !node                            ? "not given"
           : node->type == HB_NODE_MAP      ? "a map"
           : node->type == HB_NODE_LIST     ? "a list"
           : !node->text[0] && node->quoted ? "''"
                                            : node->text;
}

static hebb_status differs(const comparison *c, const char *path, const hb_node *before,
                           const hb_node *now) {
    return hb_fail(c->config->origin.env, HEBB_E_STATE,
                   "cannot resume from '%s': %s was %.80s when the run began and is %.80s now; "
                   "begin a new run for that",
                   c->where, path, shown(before), shown(now));
}

/* Draws depend on the place of a group or connection among the others. */
static bool ordered(const char *path) {
    return !strcmp(path, "network.groups") || !strcmp(path, "network.connections");
}

static bool same_scalar(const hb_node *a, const hb_node *b) {
    double x, y;
    if (hb_node_number(a, &x) && hb_node_number(b, &y) && x == y) return true;
    return !strcmp(a->text, b->text);
}

/* The reader keeps the depth, and so this recursion, to 64. */
static hebb_status compare(const comparison *c, const char *path, const hb_node *before,
                           const hb_node *now) {
    if (is_free(path)) return HEBB_OK;
    if (hb_node_empty(before) && hb_node_empty(now)) return HEBB_OK;
    if (!before || !now || before->type != now->type) return differs(c, path, before, now);
    if (before->type == HB_NODE_SCALAR)
        return same_scalar(before, now) ? HEBB_OK : differs(c, path, before, now);
    char below[512];
    const char *dot = path[0] ? "." : "";
    size_t place = 0;
    for (const hb_node *a = before->first; a; a = a->next, place++) {
        const hb_node *b = a->key ? hb_node_get(now, a->key) : hb_node_at(now, place);
        if (a->key)
            snprintf(below, sizeof below, "%.380s%s%.80s", path, dot, a->key);
        else
            snprintf(below, sizeof below, "%.380s%s%zu", path, dot, place);
        if (ordered(path) && b && hb_node_at(now, place) != b)
            return hb_fail(c->config->origin.env, HEBB_E_STATE,
                           "cannot resume from '%s': %s stands at another place now; its draws "
                           "depend on the order",
                           c->where, below);
        HEBB_TRY(compare(c, below, a, b));
    }
    place = 0;
    for (const hb_node *b = now->first; b; b = b->next, place++) {
        const hb_node *a = b->key ? hb_node_get(before, b->key) : hb_node_at(before, place);
        if (a) continue;
        if (b->key)
            snprintf(below, sizeof below, "%.380s%s%.80s", path, dot, b->key);
        else
            snprintf(below, sizeof below, "%.380s%s%zu", path, dot, place);
        HEBB_TRY(compare(c, below, NULL, b));
    }
    return HEBB_OK;
}

hebb_status hb_config_same(const hb_config *config, const char *before, const char *where) {
    hb_node *root;
    comparison c = {config, where};
    HEBB_TRY(hb_yaml_read(config->origin.env, where, before, strlen(before), &root));
    hebb_status status = compare(&c, "", root, config->root);
    hb_node_free(config->origin.env, root);
    return status;
}

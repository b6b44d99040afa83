/* A run file: read, checked, overridden, filled up with defaults. */
#ifndef HB_CONFIG_H
#define HB_CONFIG_H

#include "data/dataset.h"
#include "train/classifier.h"
#include "train/tree_params.h"

/* The sections that are plain tables; `hebb info training` and the docs show them. */
extern const hb_component hb_section_network, hb_section_data, hb_section_training;
extern const hb_component *const hb_run_sections[];
extern const size_t hb_run_section_count;

/* What the network section holds besides its table. */
#define HB_NETWORK_MAPS "groups|connections|decoders|rewards|monitors"

typedef struct hb_config {
    hb_origin origin;
    char *file;
    hb_node *root; /* resolved: every default of the sections is written out */
    char *text;    /* root as YAML */
    char *name;
    uint64_t seed;
    const hb_node *network, *learner, *learners; /* learner or learners, the other NULL */
    const hb_node *readout, *readouts;           /* one of them, or both NULL */
    const hb_node *action;                       /* or NULL */
    hb_args data, training;
    hb_augment augment;
    bool augmented;
} hb_config;

/* Takes file's text; default_seed holds where the file gives none. `set` must
 * outlive the config. On failure nothing is kept. */
hebb_status hb_config_read(hb_env *env, const char *file, const char *text, size_t size,
                           const char *const *set, uint64_t default_seed, hb_config *config);
hebb_status hb_config_read_file(hb_env *env, const char *file, const char *const *set,
                                uint64_t default_seed, hb_config *config);
void hb_config_free(hb_config *config);

/* Fails with a sentence that names the first difference that would change the
 * numbers of the run that `before` (YAML text of a resolved config) began. */
hebb_status hb_config_same(const hb_config *config, const char *before, const char *where);

/* Shorthands. */
double hb_training_num(const hb_config *config, const char *name);
size_t hb_training_count(const hb_config *config, const char *name);

#endif

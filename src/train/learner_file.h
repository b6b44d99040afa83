/* The learner section of a file, turned into learner calls. */
#ifndef HB_LEARNER_FILE_H
#define HB_LEARNER_FILE_H

#include "train/tree_params.h"

typedef struct hb_learner_entry {
    char name[65]; /* "learner" where there is one only */
    hebb_learner *learner;
    bool scheduled;   /* has a schedule ... */
    bool every_batch; /* ... that steps after each batch, not each epoch */
} hb_learner_entry;

/* learner: one description, or NULL; learners: a map of several, or NULL. The
 * array is the caller's, the learners are the network's. Call before hebb_net_build. */
hebb_status hb_learners_from_tree(const hb_origin *origin, const hb_node *learner,
                                  const hb_node *learners, hebb_net *net,
                                  hb_learner_entry **entries, size_t *count);

#endif

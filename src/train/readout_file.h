/* What reads classes and actions, from a file: its sections readout and action. */
#ifndef HB_READOUT_FILE_H
#define HB_READOUT_FILE_H

#include "train/config.h"
#include "train/trainer.h"

/* For a built network. The array is the caller's, also after a failure; it holds *count
 * classifiers. */
hebb_status hb_readouts_from_config(const hb_config *config, const hebb_net *net, size_t classes,
                                    hb_classifier **classifiers, size_t *count);
/* The action section: what chooses where an agent acts. hb_actor_free frees it, also after a
 * failure. */
hebb_status hb_actor_from_config(const hb_config *config, const hebb_net *net, hb_actor *actor);
void hb_actor_free(hb_env *env, hb_actor *actor);
/* The group whose silence makes a sample be shown again. */
hebb_status hb_retry_from_config(const hb_config *config, hb_trainer *trainer);

#endif

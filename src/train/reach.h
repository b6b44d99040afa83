/* What the training room needs of a network, a learner and a data set beyond their
 * public calls: who they belong to, and what checkpoints and reports are made of. */
#ifndef HB_REACH_H
#define HB_REACH_H

#include "data/dataset.h"
#include "learning/learner.h"
#include "network/network.h"

hb_graph *hb_reach_graph(const hebb_net *net);
hb_engine *hb_reach_engine(const hebb_net *net); /* NULL before build */
hebb_net *hb_reach_net(const hebb_learner *learner);
/* The decoder that the learner's loss reads; NULL before build. */
const char *hb_reach_decoder(const hebb_learner *learner);

#endif

/* The network section of a file, turned into builder calls. */
#ifndef HB_NETWORK_FILE_H
#define HB_NETWORK_FILE_H

#include "train/tree_params.h"

/* Describes the network that the map asks for; hebb_net_build is left to the
 * caller. batch and time: what the memory is planned for. */
hebb_status hb_network_from_tree(const hb_origin *origin, const hb_node *map, hebb_ctx *ctx,
                                 int batch, double time, hebb_net **net);
/* hb_origin_blame for what hebb_net_build said: the object that the sentence begins with. */
hebb_status hb_network_blame(const hb_origin *origin, hebb_status status, const hb_node *map);

#endif

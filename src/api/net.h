/* A network as the api files see it. */
#ifndef HB_NET_H
#define HB_NET_H

#include "api/ctx.h"
#include "learning/learner.h"
#include "network/network.h"

struct hebb_net {
    hebb_ctx *ctx;
    hb_graph graph;
    hb_engine *engine; /* NULL before build */
    hebb_learner *learners;
    size_t learner_count;
    hebb_readout *readouts;
    hebb_profile profile; /* what the graph points at */
    /* what hebb_monitor_spikes returned last */
    uint32_t *spike_neurons;
    double *spike_times;
    size_t spike_capacity;
};

/* Frees the readouts that are left. */
void hb_net_free_readouts(hebb_net *net);
/* Room for the input of a planned batch, so that running allocates nothing. */
hebb_status hb_net_plan_input(hebb_net *net);
/* The built network, or HEBB_E_STATE with a sentence that names the call. */
hebb_status hb_net_built(hebb_net *net, const char *call);

#endif

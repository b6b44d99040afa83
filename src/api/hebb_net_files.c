/* A network's parameters to and from safetensors files. */
#include "api/net.h"
#include "train/tensors.h"

static hebb_status check(hebb_net *net, const char *call, const char *path) {
    if (!net) return hb_null(call, "net");
    if (!path) return hb_fail(&net->ctx->env, HEBB_E_ARGUMENT, "%s: path is NULL", call);
    return hb_net_built(net, call);
}

hebb_status hebb_net_save(hebb_net *net, const char *path) {
    HEBB_TRY(check(net, "hebb_net_save", path));
    return hb_network_save(net->engine, path);
}

hebb_status hebb_net_load(hebb_net *net, const char *path) {
    HEBB_TRY(check(net, "hebb_net_load", path));
    return hb_network_load(net->engine, path);
}

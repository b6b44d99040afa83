/* The context as the api files see it. */
#ifndef HB_CTX_H
#define HB_CTX_H

#include "base/env.h"
#include "base/pool.h"
#include "base/tree.h"

struct hebb_ctx {
    hb_env env; /* first: a context is also the ground that rooms stand on */
    uint64_t seed;
    hb_pool *pool;
    struct hb_owned *owned; /* objects that die with the context, newest first */
    hb_text page;           /* what hebb_component_page returned last */
};

/* Failures that no context can hold: the sentence is this thread's, for hebb_error(NULL). */
hebb_status hb_fail_alone(hebb_status status, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* "hebb_net_build: net is NULL". Public functions pass __func__. */
hebb_status hb_null(const char *call, const char *what);

/* Lets the context free `object` when it is freed itself. */
hebb_status hb_ctx_own(hebb_ctx *ctx, void *object, void (*destroy)(void *object));
/* Takes the object off the list: it is being freed now. */
void hb_ctx_disown(hebb_ctx *ctx, void *object);

#endif

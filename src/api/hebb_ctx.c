/* Contexts: allocator, threads, seed, error text, and the objects they own. */
#include "api/ctx.h"

#include <stdio.h>
#include <string.h>

typedef struct hb_owned {
    struct hb_owned *next;
    void *object;
    void (*destroy)(void *object);
} hb_owned;

static _Thread_local struct {
    hebb_status status;
    char sentence[512];
} alone;

hebb_status hb_fail_alone(hebb_status status, const char *format, ...) {
    va_list list;
    va_start(list, format);
    if (vsnprintf(alone.sentence, sizeof alone.sentence, format, list) < 0) alone.sentence[0] = 0;
    va_end(list);
    return alone.status = status;
}

hebb_status hb_null(const char *call, const char *what) {
    return hb_fail_alone(HEBB_E_ARGUMENT, "%s: %s is NULL", call, what);
}

hebb_ctx_options hebb_ctx_options_default(void) {
    return (hebb_ctx_options){.struct_size = sizeof(hebb_ctx_options), .threads = hb_cpu_count()};
}

static hebb_status read_options(const hebb_ctx_options *options, hebb_ctx_options *o) {
    if (options && options->struct_size == 0)
        return hb_fail_alone(HEBB_E_ARGUMENT, "hebb_ctx_create: struct_size is 0; begin with "
                                              "hebb_ctx_options_default()");
    if (options)
        memcpy(o, options, options->struct_size < sizeof *o ? options->struct_size : sizeof *o);
    if (o->threads < 1 || o->threads > 256)
        return hb_fail_alone(
            HEBB_E_RANGE,
            "hebb_ctx_create: threads = %d is not allowed; it must be between 1 and 256",
            o->threads);
    const hebb_allocator *a = o->allocator;
    const char *missing = !a ? NULL : !a->alloc ? "alloc" : !a->realloc ? "realloc" : "free";
    if (a && (!a->alloc || !a->realloc || !a->free))
        return hb_fail_alone(HEBB_E_ARGUMENT,
                             "hebb_ctx_create: the allocator's %s is NULL; all three functions "
                             "must be given",
                             missing);
    return HEBB_OK;
}

hebb_status hebb_ctx_create(const hebb_ctx_options *options, hebb_ctx **out) {
    if (!out) return hb_null(__func__, "ctx");
    *out = NULL;
    hebb_ctx_options o = hebb_ctx_options_default();
    HEBB_TRY(read_options(options, &o));
    hb_env env;
    hb_env_init(&env, o.allocator);
    hebb_ctx *ctx = hb_calloc(&env, 1, sizeof *ctx);
    if (!ctx) return hb_fail_alone(HEBB_E_MEMORY, "hebb_ctx_create: %s", env.error);
    hb_env_init(&ctx->env, o.allocator);
    ctx->env.log = o.log;
    ctx->env.log_user = o.log_user;
    ctx->seed = o.seed;
    hb_text_init(&ctx->page, &ctx->env);
    hebb_status status = hb_pool_create(&ctx->env, o.threads, &ctx->pool);
    if (status < 0) {
        hb_fail_alone(status, "hebb_ctx_create: %s", ctx->env.error);
        hb_free(&env, ctx);
        return status;
    }
    *out = ctx;
    return HEBB_OK;
}

void hebb_ctx_free(hebb_ctx *ctx) {
    if (!ctx) return;
    while (ctx->owned) {
        hb_owned *first = ctx->owned;
        ctx->owned = first->next;
        first->destroy(first->object);
        hb_free(&ctx->env, first);
    }
    hb_text_free(&ctx->page);
    hb_pool_free(&ctx->env, ctx->pool);
    hb_env env = ctx->env;
    hb_free(&env, ctx);
}

const char *hebb_error(const hebb_ctx *ctx) { return ctx ? ctx->env.error : alone.sentence; }

hebb_status hebb_error_status(const hebb_ctx *ctx) { return ctx ? ctx->env.status : alone.status; }

int hebb_ctx_threads(const hebb_ctx *ctx) { return ctx ? hb_pool_threads(ctx->pool) : 0; }

uint64_t hebb_ctx_seed(const hebb_ctx *ctx) { return ctx ? ctx->seed : 0; }

uint64_t hebb_ctx_work_done(const hebb_ctx *ctx, int thread) {
    if (!ctx || thread < 0 || thread >= hb_pool_threads(ctx->pool)) return 0;
    return hb_pool_done(ctx->pool, thread);
}

hebb_status hb_ctx_own(hebb_ctx *ctx, void *object, void (*destroy)(void *object)) {
    hb_owned *owned = hb_alloc(&ctx->env, sizeof *owned);
    if (!owned) return HEBB_E_MEMORY;
    *owned = (hb_owned){.next = ctx->owned, .object = object, .destroy = destroy};
    ctx->owned = owned;
    return HEBB_OK;
}

void hb_ctx_disown(hebb_ctx *ctx, void *object) {
    for (hb_owned **link = &ctx->owned; *link; link = &(*link)->next) {
        if ((*link)->object != object) continue;
        hb_owned *gone = *link;
        *link = gone->next;
        hb_free(&ctx->env, gone);
        return;
    }
}

const char *hebb_version(void) { return HEBB_VERSION_STRING; }

const char *hebb_status_name(hebb_status status) {
#define NAME(code)                                                                                 \
    case code:                                                                                     \
        return #code
    switch (status) {
        NAME(HEBB_OK);
        NAME(HEBB_DONE);
        NAME(HEBB_STOPPED);
        NAME(HEBB_E_ARGUMENT);
        NAME(HEBB_E_RANGE);
        NAME(HEBB_E_NAME);
        NAME(HEBB_E_SHAPE);
        NAME(HEBB_E_STATE);
        NAME(HEBB_E_GRAPH);
        NAME(HEBB_E_NOT_FINITE);
        NAME(HEBB_E_UNSUPPORTED);
        NAME(HEBB_E_MEMORY);
        NAME(HEBB_E_IO);
        NAME(HEBB_E_FORMAT);
        NAME(HEBB_E_PARSE);
        NAME(HEBB_E_INTERNAL);
    }
#undef NAME
    return "unknown status";
}

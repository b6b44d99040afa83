/* Rows of the tests of wrong input: the status, a part of the sentence, and what
 * was done. After each the library is as usable as before. */
#ifndef REFUSALS_H
#define REFUSALS_H

#include <stdio.h>
#include <string.h>

#include "hebb/hebb.h"

static size_t rows;

static void refused(const hebb_ctx *ctx, hebb_status got, hebb_status wanted, const char *words,
                    const char *what) {
    rows++;
    const char *said = hebb_error(ctx);
    if (got != wanted || !strstr(said, words) || hebb_error_status(ctx) != got)
        fail_msg("%s\n  gave %s (kept: %s)\n  '%s'\n  not %s with\n  '%s'", what,
                 hebb_status_name(got), hebb_status_name(hebb_error_status(ctx)), said,
                 hebb_status_name(wanted), words);
}

/* in[4] poisson -> a[3] lif -> b[2] clif -> out */
typedef struct place {
    hebb_ctx *ctx;
    hebb_net *net;
    hebb_learner *learner;
    hebb_group in, a, b;
} place;

static place p;

static void begin_with(const hebb_net_options *options) {
    memset(&p, 0, sizeof p);
    hebb_ctx_options o = hebb_ctx_options_default();
    o.threads = 1;
    assert_int_equal(hebb_ctx_create(&o, &p.ctx), HEBB_OK);
    hebb_net_options n = hebb_net_options_default();
    n.dt = 1;
    assert_int_equal(hebb_net_create(p.ctx, options ? options : &n, &p.net), HEBB_OK);
    p.in = hebb_encoder(p.net, "in", 4, "poisson", NULL);
    p.a = hebb_neurons(p.net, "a", 3, "lif", NULL);
    p.b = hebb_neurons(p.net, "b", 2, "clif", NULL);
    hebb_connect(p.net, "c1", p.in, p.a, "full", NULL);
    hebb_connect(p.net, "c2", p.a, p.b, "full", NULL);
}
static void begin(void) { begin_with(NULL); }
static void end(void) { hebb_ctx_free(p.ctx); }

static inline void build(void) {
    if (hebb_net_build(p.net) < 0) fail_msg("%s", hebb_error(p.ctx));
}

/* One row on its own network. */
#define ROW(status, words, call)                                                                   \
    do {                                                                                           \
        begin();                                                                                   \
        refused(p.ctx, call, status, words, #call);                                                \
        end();                                                                                     \
    } while (0)
/* ... on one that is there. */
#define HERE(status, words, call) refused(p.ctx, call, status, words, #call)
/* ... without a context to hold the sentence. */
#define ALONE(status, words, call) refused(NULL, call, status, words, #call)

/* A builder call gives -1; hebb_net_build says the same again, whatever came later. */
static inline void not_built(int id, hebb_status wanted, const char *words, const char *what) {
    char said[1024];
    if (id != -1) fail_msg("%s gave %d, not -1", what, id);
    refused(p.ctx, hebb_error_status(p.ctx), wanted, words, what);
    snprintf(said, sizeof said, "%s", hebb_error(p.ctx));
    hebb_neurons(p.net, "a later mistake", 1, "lif", NULL);
    hebb_status status = hebb_net_build(p.net);
    if (status != wanted || strcmp(said, hebb_error(p.ctx)))
        fail_msg("%s: build says %s, '%s'", what, hebb_status_name(status), hebb_error(p.ctx));
}
#define BUILD(status, words, call)                                                                 \
    do {                                                                                           \
        begin();                                                                                   \
        int id_ = call;                                                                            \
        not_built(id_, status, words, #call);                                                      \
        end();                                                                                     \
    } while (0)

/* What only hebb_net_build can see. */
static inline hebb_status build_after(int id) {
    if (id < 0) fail_msg("%s", hebb_error(p.ctx));
    return hebb_net_build(p.net);
}

#endif

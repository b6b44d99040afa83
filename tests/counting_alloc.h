/* An allocator that counts what is held, checks the sizes it is told, and can
 * refuse the nth request. */
#ifndef COUNTING_ALLOC_H
#define COUNTING_ALLOC_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/env.h"

typedef struct counting {
    size_t held;     /* blocks */
    size_t bytes;    /* in them */
    size_t requests; /* so far */
    size_t refuse;   /* the request to refuse, counted from 1; 0: none */
    size_t wrong;    /* reallocs with a wrong old size */
} counting;

static void *counting_alloc(void *user, size_t size) {
    counting *c = user;
    if (++c->requests == c->refuse) return NULL;
    size_t *block = malloc(size + 16);
    if (!block) return NULL;
    block[0] = size;
    c->held++;
    c->bytes += size;
    return (char *)block + 16;
}

static void counting_free(void *user, void *pointer) {
    counting *c = user;
    if (!pointer) return;
    c->held--;
    c->bytes -= ((size_t *)((char *)pointer - 16))[0];
    free((char *)pointer - 16);
}

static void *counting_realloc(void *user, void *pointer, size_t old_size, size_t new_size) {
    counting *c = user;
    size_t real = ((size_t *)((char *)pointer - 16))[0];
    if (real != old_size) c->wrong++;
    void *moved = counting_alloc(user, new_size);
    if (!moved) return NULL;
    memcpy(moved, pointer, real < new_size ? real : new_size);
    counting_free(user, pointer);
    return moved;
}

static void counting_env(hb_env *env, counting *c, size_t refuse) {
    hebb_allocator allocator = {counting_alloc, counting_realloc, counting_free, c};
    memset(c, 0, sizeof *c);
    c->refuse = refuse;
    hb_env_init(env, &allocator);
}

/* Runs work with each of its allocations refused in turn. It must answer
 * HEBB_E_MEMORY with a sentence, keep nothing, and succeed when all are given. */
typedef hebb_status (*counted_work)(hb_env *env);

static inline size_t refuse_each(counted_work work) {
    for (size_t n = 1; n < 100000; n++) {
        counting c;
        hb_env env;
        counting_env(&env, &c, n);
        hebb_status status = work(&env);
        assert_int_equal(c.held, 0);
        assert_int_equal(c.wrong, 0);
        if (c.requests < n) {
            assert_int_equal(status, HEBB_OK);
            return n - 1;
        }
        assert_int_equal(status, HEBB_E_MEMORY);
        assert_true(env.error[0] != 0);
        assert_int_equal(env.status, HEBB_E_MEMORY);
    }
    fail_msg("no end of allocations");
    return 0;
}

#endif

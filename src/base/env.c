/* The allocator behind every room, and the place of the last failure's sentence. */
#include "base/env.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* More than the machine has: systems that promise memory freely would end the process when it
 * is used. */
static bool beyond_machine(size_t size) {
#ifdef _SC_PHYS_PAGES
    if (size < (size_t)1 << 30) return false;
    long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
    return pages > 0 && page > 0 && size / (size_t)page > (size_t)pages;
#else
    return size > SIZE_MAX / 4;
#endif
}

/* Weights and tapes are read all over: a page of 2 MB needs one entry of the processor's table of
 * pages where small ones need 512. Systems that have none ignore the advice. */
static void *large_alloc(size_t size) {
    enum { HUGE = 2 << 20 };
    void *pointer = NULL;
    if (size < HUGE) return malloc(size);
    if (posix_memalign(&pointer, HUGE, size)) return NULL;
#ifdef MADV_HUGEPAGE
    (void)madvise(pointer, size, MADV_HUGEPAGE);
#endif
    return pointer;
}

static void *plain_alloc(void *user, size_t size) {
    (void)user;
    return beyond_machine(size) ? NULL : large_alloc(size);
}

static void *plain_realloc(void *user, void *pointer, size_t old_size, size_t new_size) {
    (void)user;
    (void)old_size;
    return beyond_machine(new_size) ? NULL : realloc(pointer, new_size);
}

static void plain_free(void *user, void *pointer) {
    (void)user;
    free(pointer);
}

static const hebb_allocator plain = {plain_alloc, plain_realloc, plain_free, NULL};

static const hebb_allocator *allocator_of(const hb_env *env) {
    return env && env->allocator.alloc ? &env->allocator : &plain;
}

void hb_env_init(hb_env *env, const hebb_allocator *allocator) {
    memset(env, 0, sizeof *env);
    env->allocator = allocator ? *allocator : plain;
}

/* Copies at most size - 1 bytes and never cuts a UTF-8 character in two. */
static void copy_sentence(char *to, size_t size, const char *from) {
    size_t length = strlen(from);
    if (length >= size) {
        length = size - 1;
        while (length > 0 && ((unsigned char)from[length] & 0xC0u) == 0x80u) length--;
    }
    memmove(to, from, length);
    to[length] = 0;
}

hebb_status hb_fail(hb_env *env, hebb_status status, const char *format, ...) {
    if (!env) return status;
    /* By way of a second buffer: the arguments may hold env->error itself. */
    char sentence[sizeof env->error + 4];
    va_list list;
    va_start(list, format);
    int length = vsnprintf(sentence, sizeof sentence, format, list);
    va_end(list);
    if (length < 0) sentence[0] = 0;
    copy_sentence(env->error, sizeof env->error, sentence);
    env->status = status;
    return status;
}

hebb_status hb_fail_in(hb_env *env, hebb_status status, const char *prefix) {
    if (!env) return status;
    if (!prefix || !prefix[0]) return hb_fail(env, status, "%s", env->error);
    return hb_fail(env, status, "%s: %s", prefix, env->error);
}

void hb_note(hb_env *env, const char *format, ...) {
    if (!env || !env->log) return;
    char line[1024];
    va_list list;
    va_start(list, format);
    int length = vsnprintf(line, sizeof line, format, list);
    va_end(list);
    if (length >= 0) env->log(env->log_user, line);
}

static void *no_memory(hb_env *env, size_t size) {
    hb_fail(env, HEBB_E_MEMORY, "out of memory: %zu bytes were refused", size);
    return NULL;
}

void *hb_alloc(hb_env *env, size_t size) {
    const hebb_allocator *allocator = allocator_of(env);
    void *pointer = allocator->alloc(allocator->user, size ? size : 1);
    return pointer ? pointer : no_memory(env, size);
}

void *hb_calloc(hb_env *env, size_t count, size_t size) {
    if (size && count > SIZE_MAX / size) {
        hb_fail(env, HEBB_E_MEMORY,
                "out of memory: %zu pieces of %zu bytes are more than a "
                "program can address",
                count, size);
        return NULL;
    }
    void *pointer = hb_alloc(env, count * size);
    if (pointer) memset(pointer, 0, count * size);
    return pointer;
}

void *hb_realloc(hb_env *env, void *pointer, size_t old_size, size_t new_size) {
    if (!pointer) return hb_alloc(env, new_size);
    const hebb_allocator *allocator = allocator_of(env);
    size_t size = new_size ? new_size : 1;
    void *moved = NULL;
    if (allocator->realloc) {
        moved = allocator->realloc(allocator->user, pointer, old_size, size);
    } else {
        moved = allocator->alloc(allocator->user, size);
        if (moved) {
            memcpy(moved, pointer, old_size < size ? old_size : size);
            allocator->free(allocator->user, pointer);
        }
    }
    return moved ? moved : no_memory(env, new_size);
}

void hb_free(hb_env *env, void *pointer) {
    if (!pointer) return;
    const hebb_allocator *allocator = allocator_of(env);
    allocator->free(allocator->user, pointer);
}

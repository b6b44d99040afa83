/* One block cut into aligned pieces: measured first, allocated once. */
#include "base/env.h"

#include <string.h>

enum { ALIGNMENT = 64 };

void *hb_arena_take(hb_arena *arena, size_t count, size_t size) {
    size_t bytes = 0;
    bool overflow = size && count > (SIZE_MAX / 2) / size;
    if (!overflow) bytes = (count * size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    /* SIZE_MAX marks a sum that no memory can hold; commit refuses it. */
    if (overflow || arena->used > SIZE_MAX / 2 - bytes) {
        arena->used = SIZE_MAX;
        return NULL;
    }
    size_t start = arena->used;
    if (arena->base && bytes > arena->size - start) return NULL;
    arena->used = start + bytes;
    if (!arena->base) arena->of[arena->kind] += bytes;
    return arena->base ? arena->base + start : NULL;
}

hb_overlay hb_overlay_begin(const hb_arena *arena) {
    hb_overlay o = {.start = arena->used, .end = arena->used};
    memcpy(o.before, arena->of, sizeof o.before);
    memcpy(o.most, arena->of, sizeof o.most);
    return o;
}

void hb_overlay_next(hb_overlay *o, hb_arena *arena) {
    if (arena->used > o->end) {
        o->end = arena->used;
        memcpy(o->most, arena->of, sizeof o->most);
    }
    if (arena->used == SIZE_MAX) return;
    arena->used = o->start;
    memcpy(arena->of, o->before, sizeof arena->of);
}

void hb_overlay_end(hb_overlay *o, hb_arena *arena) {
    hb_overlay_next(o, arena);
    arena->used = o->end;
    memcpy(arena->of, o->most, sizeof arena->of);
}

hebb_status hb_arena_commit(hb_env *env, hb_arena *arena) {
    if (arena->used == SIZE_MAX)
        return hb_fail(env, HEBB_E_MEMORY,
                       "out of memory: the sizes asked for are more than a program can address");
    size_t size = arena->used;
    unsigned char *block = hb_alloc(env, size + 2 * ALIGNMENT);
    if (!block) return HEBB_E_MEMORY;
    memset(block, 0, size + 2 * ALIGNMENT);
    size_t misfit = (size_t)((uintptr_t)block % ALIGNMENT);
    arena->block = block;
    arena->base = block + (misfit ? ALIGNMENT - misfit : 0);
    arena->size = size;
    arena->used = 0;
    return HEBB_OK;
}

void hb_arena_free(hb_env *env, hb_arena *arena) {
    hb_free(env, arena->block);
    memset(arena, 0, sizeof *arena);
}

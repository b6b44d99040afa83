/* The ground every room stands on: an allocator, and the place where the first
 * sentence about a failure is kept. */
#ifndef HB_ENV_H
#define HB_ENV_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hebb/hebb.h"

typedef struct hb_env {
    hebb_allocator allocator;
    hebb_status status;
    char error[1024];
    void (*log)(void *user, const char *line);
    void *log_user;
} hb_env;

void hb_env_init(hb_env *env, const hebb_allocator *allocator);

/* Records the sentence and returns status; a later failure replaces an earlier one. */
hebb_status hb_fail(hb_env *env, hebb_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Puts "prefix: " before the sentence that is there. */
hebb_status hb_fail_in(hb_env *env, hebb_status status, const char *prefix);
void hb_note(hb_env *env, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Memory of the context's allocator. All return NULL when out of memory and
 * hb_fail it; size 0 gives a valid pointer. hb_calloc refuses overflow. */
void *hb_alloc(hb_env *env, size_t size);
void *hb_calloc(hb_env *env, size_t count, size_t size);
void *hb_realloc(hb_env *env, void *pointer, size_t old_size, size_t new_size);
void hb_free(hb_env *env, void *pointer);
char *hb_strdup(hb_env *env, const char *text);
char *hb_format(hb_env *env, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* One block, cut into 64-byte aligned pieces. Measure first with base NULL
 * (take then only counts), then take again for real in the same order. */
typedef struct hb_arena {
    unsigned char *base; /* aligned start, or NULL while measuring */
    size_t used;
    size_t size;
    void *block; /* what the allocator gave */
    /* What is taken while measuring is also counted here, under `kind`. */
    enum { HB_OF_REST, HB_OF_TAPE, HB_OF_CURRENTS, HB_OF_STATES, HB_OF_KINDS } kind;
    size_t of[HB_OF_KINDS];
} hb_arena;

void *hb_arena_take(hb_arena *arena, size_t count, size_t size);
/* Allocates what was measured, zeroed, and rewinds. */
/* Pieces that are not needed at the same time and share room: begin, take some, next, take others
 * ..., end. Overlays may lie in one another. */
typedef struct hb_overlay {
    size_t start, end;
    size_t before[HB_OF_KINDS], most[HB_OF_KINDS]; /* bytes by kind, of the longest */
} hb_overlay;
hb_overlay hb_overlay_begin(const hb_arena *arena);
void hb_overlay_next(hb_overlay *overlay, hb_arena *arena);
void hb_overlay_end(hb_overlay *overlay, hb_arena *arena);

hebb_status hb_arena_commit(hb_env *env, hb_arena *arena);
void hb_arena_free(hb_env *env, hb_arena *arena);

/* A text that grows; failure is sticky and reported by hb_text_done. */
typedef struct hb_text {
    hb_env *env;
    char *data; /* always NUL-terminated once anything was added; may be NULL */
    size_t length, capacity;
    bool failed;
} hb_text;

void hb_text_init(hb_text *text, hb_env *env);
void hb_text_add(hb_text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void hb_text_bytes(hb_text *text, const void *bytes, size_t count);
/* HEBB_E_MEMORY if anything could not be added. */
hebb_status hb_text_done(const hb_text *text);
void hb_text_clear(hb_text *text);
void hb_text_free(hb_text *text);

/* Reads a decimal number at the start of text, in any locale; returns the
 * length read, 0 if there is none. */
size_t hb_read_number(const char *text, double *value);
/* The shortest text that reads back as value ("nan", "inf", "-inf" included). */
const char *hb_number_text(char buffer[32], double value);

#endif

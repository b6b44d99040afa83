/* Whole files: read with a limit, written so that a crash in the middle leaves
 * the old file or the new one, never half of one. */
#ifndef HB_FILES_H
#define HB_FILES_H

#include "base/env.h"

/* Reads a file whole; a NUL is put behind its bytes. *bytes is the caller's. */
hebb_status hb_file_read(hb_env *env, const char *path, size_t limit, unsigned char **bytes,
                         size_t *size);

typedef struct hb_piece {
    const void *bytes;
    size_t size;
} hb_piece;

/* Writes the pieces one behind the other to PATH.tmp, syncs it, renames it to
 * path and syncs the folder. */
hebb_status hb_file_write(hb_env *env, const char *path, const hb_piece *pieces, size_t count);

#endif

/* The folder of a run: config.yaml, run.json, log.txt, metrics and checkpoints. */
#ifndef HB_FOLDER_H
#define HB_FOLDER_H

#include "base/env.h"

typedef struct hb_folder {
    hb_env *env;
    char *path; /* NULL: none yet */
    void (*note)(void *user, const char *line);
    void *user;
} hb_folder;

/* output NULL: runs/NAME-DATE-TIME, with a number behind it if that exists. A folder
 * that already holds a run is refused. */
hebb_status hb_folder_create(hb_folder *folder, const char *output, const char *name);
hebb_status hb_folder_open(hb_folder *folder, const char *path);
void hb_folder_free(hb_folder *folder);

/* PATH/name; the caller frees it. */
char *hb_folder_file(const hb_folder *folder, const char *name);
hebb_status hb_folder_write(const hb_folder *folder, const char *name, const char *text);
/* Adds whole lines to the end of a file and, if sync, makes them last. */
hebb_status hb_folder_append(const hb_folder *folder, const char *name, const char *text,
                             bool sync);
/* A line for log.txt (with the time before it) and for the caller's note. */
void hb_folder_log(const hb_folder *folder, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Keeps the lines of a metrics file that belong to epochs 1 .. epochs, whose number
 * follows `before` at the line's start, and lines without such a start. */
hebb_status hb_folder_keep_epochs(const hb_folder *folder, const char *name, const char *before,
                                  uint64_t epochs);

bool hb_path_exists(const char *path);
bool hb_path_is_folder(const char *path);
bool hb_path_same(const char *a, const char *b); /* both exist and are one */

#endif

/* Where the files of a data set are looked for. */
#ifndef HB_PLACES_H
#define HB_PLACES_H

#include "base/env.h"

/* Calls try(arg, folder) for each place in turn until one answers other than
 * HEBB_DONE, "not here", and answers the same; HEBB_DONE if none did. Each
 * place is added to `looked` ("/a, /b"). path: the only place, or NULL. */
typedef hebb_status (*hb_place_try)(void *arg, const char *folder);
hebb_status hb_places_walk(hb_env *env, const char *source, const char *path, hb_text *looked,
                           hb_place_try try_place, void *arg);

bool hb_is_folder(const char *path);
/* Finds PREFIX-WHAT-idxN-TYPE (a '.' may stand before idx, ".gz" at the end) in a
 * folder; plain before gz. *path is NULL where there is none, else the caller's. */
hebb_status hb_find_idx(hb_env *env, const char *folder, const char *prefix, const char *what,
                        char **path);
/* folder/name if that is a readable file, else NULL; the caller's. */
hebb_status hb_find_file(hb_env *env, const char *folder, const char *name, char **path);

#endif

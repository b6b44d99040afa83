/* Where the files of a data set are looked for. */
#include "data/places.h"

#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "data/dataset.h"

bool hb_is_folder(const char *path) {
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

hebb_status hb_data_cache(hb_env *env, char *path, size_t size) {
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    bool given = cache && cache[0] == '/'; /* the standard says: ignore it otherwise */
    if (!given && (!home || !home[0]))
        return hb_fail(env, HEBB_E_IO,
                       "there is no place for data: neither XDG_CACHE_HOME nor HOME is set");
    int length = given ? snprintf(path, size, "%s/hebb", cache)
                       : snprintf(path, size, "%s/.cache/hebb", home);
    if (length < 0 || (size_t)length >= size)
        return hb_fail(env, HEBB_E_RANGE, "the path of the cache is longer than %zu bytes",
                       size - 1);
    return HEBB_OK;
}

typedef struct walk {
    hb_env *env;
    hb_text *looked;
    hb_place_try try_place;
    void *arg;
} walk;

/* Tries base/name, or base where name is NULL. */
static hebb_status step(walk *w, const char *base, const char *name) {
    char *folder = name ? hb_format(w->env, "%s/%s", base, name) : hb_strdup(w->env, base);
    if (!folder) return HEBB_E_MEMORY;
    hb_text_add(w->looked, "%s%s", w->looked->length ? ", " : "", folder);
    hebb_status status = hb_text_done(w->looked);
    if (status == HEBB_OK) status = hb_is_folder(folder) ? w->try_place(w->arg, folder) : HEBB_DONE;
    hb_free(w->env, folder);
    return status;
}

hebb_status hb_places_walk(hb_env *env, const char *source, const char *path, hb_text *looked,
                           hb_place_try try_place, void *arg) {
    walk w = {env, looked, try_place, arg};
    hebb_status status;
    if (path) {
        status = step(&w, path, NULL);
        return status == HEBB_DONE ? step(&w, path, source) : status;
    }
    const char *folder = getenv("HEBB_DATA_DIR");
    if (folder && folder[0]) {
        status = step(&w, folder, source);
        if (status == HEBB_DONE) status = step(&w, folder, NULL);
        if (status != HEBB_DONE) return status;
    }
    char cache[4096];
    hb_env quiet = *env; /* no cache is no failure here */
    if (hb_data_cache(&quiet, cache, sizeof cache) < 0) return HEBB_DONE;
    return step(&w, cache, source);
}

static const char *after(const char *text, const char *part) {
    size_t length = strlen(part);
    return text && strncmp(text, part, length) == 0 ? text + length : NULL;
}

/* 0: no match, 1: gzip, 2: plain. */
static int rank(const char *file, const char *prefix, const char *what) {
    const char *at = after(after(after(file, prefix), "-"), what);
    if (!at || (*at != '-' && *at != '.')) return 0;
    at = after(at + 1, "idx");
    if (!at || *at < '1' || *at > '4') return 0;
    at++;
    if (*at == '-')
        for (at++; islower((unsigned char)*at);) at++;
    return !*at ? 2 : strcmp(at, ".gz") == 0 ? 1 : 0;
}

hebb_status hb_find_idx(hb_env *env, const char *folder, const char *prefix, const char *what,
                        char **path) {
    char best[256] = "";
    int best_rank = 0;
    *path = NULL;
    DIR *dir = opendir(folder);
    if (!dir) return HEBB_OK;
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        int r = rank(entry->d_name, prefix, what);
        if (!r || strlen(entry->d_name) >= sizeof best) continue;
        /* The order of a folder's entries is the file system's own affair. */
        if (r < best_rank || (r == best_rank && strcmp(entry->d_name, best) > 0)) continue;
        best_rank = r;
        snprintf(best, sizeof best, "%s", entry->d_name);
    }
    closedir(dir);
    if (!best_rank) return HEBB_OK;
    *path = hb_format(env, "%s/%s", folder, best);
    return *path ? HEBB_OK : HEBB_E_MEMORY;
}

hebb_status hb_find_file(hb_env *env, const char *folder, const char *name, char **path) {
    *path = hb_format(env, "%s/%s", folder, name);
    if (!*path) return HEBB_E_MEMORY;
    if (access(*path, R_OK) == 0) return HEBB_OK;
    hb_free(env, *path);
    *path = NULL;
    return HEBB_OK;
}

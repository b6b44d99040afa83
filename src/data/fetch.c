/* Fetches the public sets: curl brings each file under a temporary name; only a
 * file with the known sum gets its own. */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/nearest.h"
#include "data/dataset.h"
#include "data/sha256.h"

extern char **environ;

enum { FILES = 4, MIRRORS = 2, CURL_MISSING = 127, KILLED = 256 };

typedef struct public_set {
    const char *name;
    const char *sums[FILES];
    const char *mirrors[MIRRORS]; /* a file's name follows */
} public_set;

static const char *const file_names[FILES] = {
    "train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz", "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz"};

static const public_set sets[] = {
    {"mnist",
     {"440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
      "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
      "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
      "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"},
     {"https://ossci-datasets.s3.amazonaws.com/mnist/",
      "https://storage.googleapis.com/cvdf-datasets/mnist/"}},
    {"fashion-mnist",
     {"3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
      "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
      "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
      "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"},
     {"http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/", NULL}},
};

/* One file on its way. */
typedef struct fetch {
    hb_env *env;
    const public_set *set;
    const char *folder;
    int file;          /* which of FILES */
    char *path, *part; /* its own name, and the temporary one */
    char why[200];     /* why the last mirror did not give it */
} fetch;

/* Opens a file and adds it to a sum; 0 or errno. Syncs it where asked to. */
static int sum_file(const char *path, bool sync, char text[65]) {
    unsigned char chunk[1 << 14];
    hb_sha256 sum;
    hb_sha256_init(&sum);
    int file = open(path, O_RDONLY | O_CLOEXEC), error = 0;
    if (file < 0) return errno;
    for (;;) {
        ssize_t got = read(file, chunk, sizeof chunk);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) error = errno;
        if (got <= 0) break;
        hb_sha256_add(&sum, chunk, (size_t)got);
    }
    if (!error && sync && fsync(file)) error = errno;
    close(file);
    hb_sha256_done(&sum, text);
    return error;
}

/* Makes a folder and those above it. */
static hebb_status make_folders(hb_env *env, const char *folder) {
    char *path = hb_strdup(env, folder);
    if (!path) return HEBB_E_MEMORY;
    int error = 0;
    for (char *at = path + 1; !error; at++) {
        if (*at && *at != '/') continue;
        char end = *at;
        *at = 0;
        if (mkdir(path, 0777) && errno != EEXIST) error = errno;
        *at = end;
        if (!end) break;
    }
    struct stat info;
    if (!error && stat(folder, &info)) error = errno;
    if (!error && !S_ISDIR(info.st_mode)) error = ENOTDIR;
    hb_free(env, path);
    return error
               ? hb_fail(env, HEBB_E_IO, "cannot make the folder '%s': %s", folder, strerror(error))
               : HEBB_OK;
}

/* Waits for curl; its exit status, KILLED, or 0 where the program that we are
 * part of has it collected elsewhere: then the sum decides. */
static int wait_for(pid_t child) {
    int status;
    pid_t done;
    do done = waitpid(child, &status, 0);
    while (done < 0 && errno == EINTR);
    if (done < 0) return 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : KILLED;
}

/* Runs curl without a shell; its exit status, or CURL_MISSING. */
static int run_curl(const char *url, const char *output) {
    const char *arguments[] = {"curl",
                               "--disable",
                               "--fail",
                               "--silent",
                               "--location",
                               "--proto",
                               "=https,http,file",
                               "--proto-redir",
                               "=https,http",
                               "--retry",
                               "2",
                               "--connect-timeout",
                               "15",
                               "--speed-limit",
                               "1000",
                               "--speed-time",
                               "30",
                               "--max-filesize",
                               "100000000",
                               "--output",
                               output,
                               "--url",
                               url,
                               NULL};
    posix_spawn_file_actions_t actions;
    pid_t child = 0;
    if (posix_spawn_file_actions_init(&actions)) return CURL_MISSING;
    int error = 0;
    for (int i = 0; i < 3 && !error; i++)
        error =
            posix_spawn_file_actions_addopen(&actions, i, "/dev/null", i ? O_WRONLY : O_RDONLY, 0);
    /* The list of arguments is only read, though its type does not say so. */
    if (!error)
        error = posix_spawnp(&child, "curl", &actions, NULL, (char *const *)(uintptr_t)arguments,
                             environ);
    posix_spawn_file_actions_destroy(&actions);
    return error ? CURL_MISSING : wait_for(child);
}

static void explain(fetch *f, const char *url, int code) {
    const char *what = code == 6 || code == 5 ? "the host is not known (is this machine offline?)"
                       : code == 7  ? "the host cannot be reached (is this machine offline?)"
                       : code == 22 ? "the server does not have it"
                       : code == 28 ? "it took too long"
                       : code == 35 || code == 60 ? "the server's certificate is not trusted"
                       : code == 37               ? "that file cannot be read"
                       : code == 23               ? "the file cannot be written"
                                                  : NULL;
    if (what)
        snprintf(f->why, sizeof f->why, "%.120s: %s", url, what);
    else
        snprintf(f->why, sizeof f->why, "%.120s: curl stopped with status %d", url, code);
}

/* HEBB_DONE where this mirror does not give the file; f->why says why. */
static hebb_status try_url(fetch *f, const char *url) {
    char sum[65];
    int code = run_curl(url, f->part);
    if (code == CURL_MISSING)
        return hb_fail(f->env, HEBB_E_UNSUPPORTED,
                       "cannot fetch %s: the program curl is not installed or cannot be started",
                       f->set->name);
    int error = code ? 0 : sum_file(f->part, true, sum);
    if (code)
        explain(f, url, code);
    else if (error)
        snprintf(f->why, sizeof f->why, "%.120s: %s", url, strerror(error));
    else if (strcmp(sum, f->set->sums[f->file]))
        snprintf(f->why, sizeof f->why, "%.120s: the file has another sha256 (%.8s...)", url, sum);
    else if (rename(f->part, f->path))
        return hb_fail(f->env, HEBB_E_IO, "cannot write '%s': %s", f->path, strerror(errno));
    else
        return HEBB_OK;
    return HEBB_DONE;
}

static hebb_status try_mirror(fetch *f, const char *base, bool with_name) {
    size_t length = strlen(base);
    const char *slash = length && base[length - 1] == '/' ? "" : "/";
    char *url = hb_format(f->env, "%s%s%s%s%s", base, slash, with_name ? f->set->name : "",
                          with_name ? "/" : "", file_names[f->file]);
    if (!url) return HEBB_E_MEMORY;
    hebb_status status = try_url(f, url);
    hb_free(f->env, url);
    return status;
}

static hebb_status try_mirrors(fetch *f) {
    const char *given = getenv("HEBB_DATA_MIRROR");
    if (given && given[0]) { /* laid out like HEBB_DATA_DIR */
        hebb_status status = try_mirror(f, given, true);
        return status == HEBB_DONE ? try_mirror(f, given, false) : status;
    }
    hebb_status status = HEBB_DONE;
    for (int i = 0; i < MIRRORS && f->set->mirrors[i] && status == HEBB_DONE; i++)
        status = try_mirror(f, f->set->mirrors[i], false);
    return status;
}

static void sync_folder(const char *folder) {
    int file = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (file < 0) return; /* some file systems refuse; the file itself is safe */
    fsync(file);
    close(file);
}

static hebb_status fetch_file(fetch *f) {
    char sum[65];
    if (sum_file(f->path, false, sum) == 0 && strcmp(sum, f->set->sums[f->file]) == 0) {
        hb_note(f->env, "%s is already there", f->path);
        return HEBB_OK;
    }
    hb_note(f->env, "fetching %s", f->path);
    hebb_status status = try_mirrors(f);
    if (status != HEBB_OK) unlink(f->part);
    if (status == HEBB_DONE)
        return hb_fail(f->env, HEBB_E_IO,
                       "cannot fetch %s of %s: %s. Where there is no network, copy the four files "
                       "to '%s'",
                       file_names[f->file], f->set->name, f->why, f->folder);
    if (status == HEBB_OK) sync_folder(f->folder);
    return status;
}

static hebb_status fetch_all(hb_env *env, const public_set *set, const char *folder) {
    hebb_status status = make_folders(env, folder);
    for (int i = 0; i < FILES && status == HEBB_OK; i++) {
        fetch f = {.env = env, .set = set, .folder = folder, .file = i};
        f.path = hb_format(env, "%s/%s", folder, file_names[i]);
        f.part = f.path ? hb_format(env, "%s.part.%ld", f.path, (long)getpid()) : NULL;
        status = f.part ? fetch_file(&f) : HEBB_E_MEMORY;
        hb_free(env, f.path);
        hb_free(env, f.part);
    }
    return status;
}

static hebb_status unknown_set(hb_env *env, const char *name) {
    hb_near near;
    hb_near_init(&near, name);
    for (size_t i = 0; i < HB_COUNT(sets); i++) hb_near_try(&near, sets[i].name);
    return hb_fail(env, HEBB_E_NAME, "no data set '%.80s' can be fetched%s%s%s", name,
                   near.best[0] ? "; did you mean '" : "; mnist and fashion-mnist can", near.best,
                   near.best[0] ? "'?" : "");
}

/* The built-in set of that name or alias. */
static const hb_component *find_component(const char *name) {
    for (size_t i = 0; hb_dataset_component(i); i++) {
        const hb_component *c = hb_dataset_component(i);
        if (hb_name_matches(c->name, c->aliases, name)) return c;
    }
    return NULL;
}

hebb_status hb_data_get(hb_env *env, const char *name, const char *folder) {
    const hb_component *found = find_component(name);
    const public_set *set = NULL;
    for (size_t i = 0; i < HB_COUNT(sets) && found; i++)
        if (strcmp(sets[i].name, found->name) == 0) set = &sets[i];
    if (found && !set)
        return hb_fail(env, HEBB_E_NAME,
                       "%s needs no fetching: hebb makes it itself; mnist and fashion-mnist can be "
                       "fetched",
                       found->name);
    if (!set) return unknown_set(env, name);
    if (folder && folder[0]) return fetch_all(env, set, folder);
    char cache[4096];
    HEBB_TRY(hb_data_cache(env, cache, sizeof cache));
    char *path = hb_format(env, "%s/%s", cache, set->name);
    if (!path) return HEBB_E_MEMORY;
    hebb_status status = fetch_all(env, set, path);
    hb_free(env, path);
    return status;
}

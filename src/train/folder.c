/* Run folders. */
#include "train/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "io/files.h"

enum { MAX_METRICS = 1 << 30, MAX_TRIES = 1000 };

bool hb_path_exists(const char *path) { return access(path, F_OK) == 0; }

bool hb_path_is_folder(const char *path) {
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

bool hb_path_same(const char *a, const char *b) {
    struct stat x, y;
    return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

static hebb_status failed(hb_env *env, const char *verb, const char *path) {
    return hb_fail(env, HEBB_E_IO, "cannot %s '%s': %s", verb, path, strerror(errno));
}

/* mkdir -p; *made tells whether the last one is new. */
static hebb_status make_folders(hb_env *env, const char *path, bool *made) {
    char *copy = hb_strdup(env, path);
    if (!copy) return HEBB_E_MEMORY;
    hebb_status status = HEBB_OK;
    *made = false;
    for (char *at = copy + 1; status >= 0; at++) {
        if (*at && *at != '/') continue;
        char end = *at;
        *at = 0;
        *made = mkdir(copy, 0777) == 0;
        if (!*made && !(errno == EEXIST && hb_path_is_folder(copy)))
            status = failed(env, "make the folder", copy);
        if (!end) break;
        *at = end;
    }
    hb_free(env, copy);
    return status;
}

char *hb_folder_file(const hb_folder *folder, const char *name) {
    return hb_format(folder->env, "%s/%s", folder->path, name);
}

static hebb_status make_checkpoints(hb_folder *folder) {
    bool made;
    char *path = hb_folder_file(folder, "checkpoints");
    hebb_status status = path ? make_folders(folder->env, path, &made) : HEBB_E_MEMORY;
    hb_free(folder->env, path);
    return status;
}

static hebb_status take_output(hb_folder *folder, const char *output) {
    bool made;
    if (!output[0]) return hb_fail(folder->env, HEBB_E_ARGUMENT, "the run folder's name is empty");
    folder->path = hb_strdup(folder->env, output);
    if (!folder->path) return HEBB_E_MEMORY;
    size_t n = strlen(folder->path);
    while (n > 1 && folder->path[n - 1] == '/') folder->path[--n] = 0;
    HEBB_TRY(make_folders(folder->env, folder->path, &made));
    char *config = hb_folder_file(folder, "config.yaml");
    if (!config) return HEBB_E_MEMORY;
    bool taken = hb_path_exists(config);
    hb_free(folder->env, config);
    if (taken)
        return hb_fail(folder->env, HEBB_E_STATE,
                       "'%s' already holds a run; resume it or name another folder", output);
    return HEBB_OK;
}

static hebb_status take_date(hb_folder *folder, const char *name) {
    char date[40];
    time_t now = time(NULL);
    struct tm parts;
    bool made;
    localtime_r(&now, &parts);
    strftime(date, sizeof date, "%Y%m%d-%H%M%S", &parts);
    for (int i = 1; i < MAX_TRIES; i++) {
        folder->path = i == 1 ? hb_format(folder->env, "runs/%s-%s", name, date)
                              : hb_format(folder->env, "runs/%s-%s-%d", name, date, i);
        if (!folder->path) return HEBB_E_MEMORY;
        HEBB_TRY(make_folders(folder->env, folder->path, &made));
        if (made) return HEBB_OK;
        hb_free(folder->env, folder->path);
        folder->path = NULL;
    }
    return hb_fail(folder->env, HEBB_E_IO, "runs/%s-%s and %d more exist already", name, date,
                   MAX_TRIES);
}

hebb_status hb_folder_create(hb_folder *folder, const char *output, const char *name) {
    hebb_status status = output ? take_output(folder, output) : take_date(folder, name);
    if (status >= 0) status = make_checkpoints(folder);
    if (status < 0) hb_folder_free(folder);
    return status;
}

hebb_status hb_folder_open(hb_folder *folder, const char *path) {
    folder->path = hb_strdup(folder->env, path);
    return folder->path ? make_checkpoints(folder) : HEBB_E_MEMORY;
}

void hb_folder_free(hb_folder *folder) {
    hb_free(folder->env, folder->path);
    folder->path = NULL;
}

hebb_status hb_folder_write(const hb_folder *folder, const char *name, const char *text) {
    char *path = hb_folder_file(folder, name);
    if (!path) return HEBB_E_MEMORY;
    hb_piece piece = {text, strlen(text)};
    hebb_status status = hb_file_write(folder->env, path, &piece, 1);
    hb_free(folder->env, path);
    return status;
}

static bool write_all(int file, const char *text, size_t size) {
    while (size) {
        ssize_t done = write(file, text, size);
        if (done < 0 && errno == EINTR) continue;
        if (done < 0) return false;
        text += done;
        size -= (size_t)done;
    }
    return true;
}

hebb_status hb_folder_append(const hb_folder *folder, const char *name, const char *text,
                             bool sync) {
    char *path = hb_folder_file(folder, name);
    if (!path) return HEBB_E_MEMORY;
    int file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    bool good = file >= 0 && write_all(file, text, strlen(text)) && (!sync || fsync(file) == 0);
    hebb_status status = good ? HEBB_OK : failed(folder->env, "write", path);
    if (file >= 0) close(file);
    hb_free(folder->env, path);
    return status;
}

void hb_folder_log(const hb_folder *folder, const char *format, ...) {
    char line[1024], stamped[1100], date[40];
    va_list list;
    va_start(list, format);
    vsnprintf(line, sizeof line, format, list);
    va_end(list);
    if (folder->note) folder->note(folder->user, line);
    if (!folder->path) return;
    time_t now = time(NULL);
    struct tm parts;
    localtime_r(&now, &parts);
    strftime(date, sizeof date, "%Y-%m-%d %H:%M:%S", &parts);
    snprintf(stamped, sizeof stamped, "%s  %s\n", date, line);
    /* A log that cannot be written must not end a training run, nor hide its error. */
    char path[4096];
    if (snprintf(path, sizeof path, "%s/log.txt", folder->path) >= (int)sizeof path) return;
    int file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (file < 0) return;
    write_all(file, stamped, strlen(stamped));
    close(file);
}

/* ---- metrics ---- */

static bool line_stays(const char *line, const char *before, uint64_t epochs) {
    size_t n = strlen(before);
    if (strncmp(line, before, n) != 0) return true;
    char *end;
    unsigned long long epoch = strtoull(line + n, &end, 10);
    return end == line + n || epoch <= epochs;
}

hebb_status hb_folder_keep_epochs(const hb_folder *folder, const char *name, const char *before,
                                  uint64_t epochs) {
    unsigned char *bytes;
    size_t size;
    char *path = hb_folder_file(folder, name);
    if (!path) return HEBB_E_MEMORY;
    bool there = hb_path_exists(path);
    hebb_status status =
        there ? hb_file_read(folder->env, path, MAX_METRICS, &bytes, &size) : HEBB_OK;
    hb_free(folder->env, path);
    if (status < 0 || !there) return status;
    hb_text kept;
    hb_text_init(&kept, folder->env);
    hb_text_add(&kept, "%s", "");
    /* A last line without an end was being written when the run died. */
    for (char *line = (char *)bytes, *end; (end = strchr(line, '\n')); line = end + 1)
        if (line_stays(line, before, epochs)) hb_text_bytes(&kept, line, (size_t)(end - line) + 1);
    hb_free(folder->env, bytes);
    status = hb_text_done(&kept);
    if (status >= 0) status = hb_folder_write(folder, name, kept.data);
    hb_text_free(&kept);
    return status;
}

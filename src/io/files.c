/* Reading and replacing whole files. */
#include "io/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static hebb_status failed(hb_env *env, const char *verb, const char *path) {
    return hb_fail(env, errno == ENOMEM ? HEBB_E_MEMORY : HEBB_E_IO, "cannot %s '%s': %s", verb,
                   path, strerror(errno));
}

static hebb_status read_all(hb_env *env, int file, const char *path, size_t limit,
                            unsigned char **bytes, size_t *size) {
    struct stat info;
    if (fstat(file, &info)) return failed(env, "read", path);
    if (S_ISDIR(info.st_mode)) {
        errno = EISDIR;
        return failed(env, "read", path);
    }
    /* The size is a hint: a pipe has none, and a file may grow meanwhile. */
    size_t capacity = 4096, used = 0;
    if (info.st_size > 0 && (uintmax_t)info.st_size > limit)
        return hb_fail(env, HEBB_E_FORMAT, "'%s' has %jd bytes; at most %zu are read", path,
                       (intmax_t)info.st_size, limit);
    if (info.st_size > 0) capacity = (size_t)info.st_size + 2;
    unsigned char *data = hb_alloc(env, capacity);
    if (!data) return HEBB_E_MEMORY;
    for (;;) {
        ssize_t got = read(file, data + used, capacity - used - 1);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) {
            hb_free(env, data);
            return failed(env, "read", path);
        }
        if (got == 0) break;
        used += (size_t)got;
        if (used > limit) {
            hb_free(env, data);
            return hb_fail(env, HEBB_E_FORMAT, "'%s' has more than the %zu bytes that are read",
                           path, limit);
        }
        if (capacity - used > 1) continue;
        unsigned char *more = hb_realloc(env, data, capacity, capacity * 2);
        if (!more) {
            hb_free(env, data);
            return HEBB_E_MEMORY;
        }
        data = more;
        capacity *= 2;
    }
    data[used] = 0;
    *bytes = data;
    *size = used;
    return HEBB_OK;
}

hebb_status hb_file_read(hb_env *env, const char *path, size_t limit, unsigned char **bytes,
                         size_t *size) {
    *bytes = NULL;
    *size = 0;
    int file;
    do file = open(path, O_RDONLY | O_CLOEXEC);
    while (file < 0 && errno == EINTR);
    if (file < 0) return failed(env, "open", path);
    hebb_status status =
        read_all(env, file, path, limit < SIZE_MAX / 4 ? limit : SIZE_MAX / 4, bytes, size);
    close(file);
    return status;
}

static int write_pieces(int file, const hb_piece *pieces, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const unsigned char *at = pieces[i].bytes;
        for (size_t left = pieces[i].size; left > 0;) {
            /* Linux writes at most 2 GiB at once. */
            ssize_t done = write(file, at, left < (1u << 30) ? left : 1u << 30);
            if (done < 0 && errno == EINTR) continue;
            if (done < 0) return -1;
            at += done;
            left -= (size_t)done;
        }
    }
    return 0;
}

/* After the rename: makes the new name itself survive a loss of power. */
static void sync_folder(char *path) {
    char *slash = strrchr(path, '/');
    const char *folder = !slash ? "." : slash == path ? "/" : path;
    if (slash) *slash = 0;
    int file = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (file < 0) return; /* some file systems refuse; the file itself is safe */
    fsync(file);
    close(file);
}

hebb_status hb_file_write(hb_env *env, const char *path, const hb_piece *pieces, size_t count) {
    char *temporary = hb_format(env, "%s.tmp", path);
    if (!temporary) return HEBB_E_MEMORY;
    int flags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW;
    int file = open(temporary, flags, 0666), error = 0;
    if (file < 0) {
        hebb_status status = failed(env, "write", path);
        hb_free(env, temporary);
        return status;
    }
    if (write_pieces(file, pieces, count) || fsync(file)) error = errno;
    if (close(file) && !error) error = errno;
    if (!error && rename(temporary, path)) error = errno;
    if (error) {
        unlink(temporary);
        errno = error;
        hebb_status status = failed(env, "write", path);
        hb_free(env, temporary);
        return status;
    }
    sync_folder(temporary);
    hb_free(env, temporary);
    return HEBB_OK;
}

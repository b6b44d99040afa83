/* Files read from front to back, by way of zlib where they begin like gzip. */
#include "data/reader.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

enum { CHUNK = 1 << 16, FIRST_ROOM = 1 << 20 };

struct hb_reader {
    hb_env *env;
    char *path;
    int file;
    bool zipped, stream_ended;
    z_stream zip;
    const unsigned char *at; /* unread part of chunk */
    size_t left;
    unsigned char chunk[CHUNK];
};

static hebb_status refused(hb_reader *r, const char *verb) {
    return hb_fail(r->env, errno == ENOMEM ? HEBB_E_MEMORY : HEBB_E_IO, "cannot %s '%s': %s", verb,
                   r->path, strerror(errno));
}

static void *zip_alloc(void *env, unsigned count, unsigned size) {
    return hb_calloc(env, count, size);
}

static void zip_free(void *env, void *pointer) { hb_free(env, pointer); }

/* Reads the next chunk; r->left stays 0 at the end of the file. */
static hebb_status refill(hb_reader *r) {
    ssize_t got;
    do got = read(r->file, r->chunk, CHUNK);
    while (got < 0 && errno == EINTR);
    if (got < 0) return refused(r, "read");
    r->at = r->chunk;
    r->left = (size_t)got;
    return HEBB_OK;
}

static hebb_status begin(hb_reader *r) {
    struct stat info;
    do r->file = open(r->path, O_RDONLY | O_CLOEXEC);
    while (r->file < 0 && errno == EINTR);
    if (r->file < 0) return refused(r, "open");
    if (fstat(r->file, &info)) return refused(r, "read");
    if (S_ISDIR(info.st_mode)) {
        errno = EISDIR;
        return refused(r, "read");
    }
    hebb_status status = refill(r);
    if (status < 0 || r->left < 2 || r->at[0] != 0x1F || r->at[1] != 0x8B) return status;
    r->zip.zalloc = zip_alloc;
    r->zip.zfree = zip_free;
    r->zip.opaque = r->env;
    if (inflateInit2(&r->zip, 15 + 16) != Z_OK) return HEBB_E_MEMORY;
    r->zipped = true;
    return HEBB_OK;
}

hebb_status hb_reader_open(hb_env *env, const char *path, hb_reader **reader) {
    *reader = NULL;
    hb_reader *r = hb_calloc(env, 1, sizeof *r);
    if (!r) return HEBB_E_MEMORY;
    r->env = env;
    r->file = -1;
    r->path = hb_strdup(env, path);
    hebb_status status = r->path ? begin(r) : HEBB_E_MEMORY;
    if (status < 0)
        hb_reader_close(r);
    else
        *reader = r;
    return status;
}

void hb_reader_close(hb_reader *r) {
    if (!r) return;
    if (r->zipped) inflateEnd(&r->zip);
    if (r->file >= 0) close(r->file);
    hb_free(r->env, r->path);
    hb_free(r->env, r);
}

const char *hb_reader_path(const hb_reader *r) { return r->path; }

static hebb_status take_plain(hb_reader *r, unsigned char *bytes, size_t size, size_t *got) {
    while (*got < size) {
        if (!r->left) {
            hebb_status status = refill(r);
            if (status < 0 || !r->left) return status;
        }
        size_t part = size - *got < r->left ? size - *got : r->left;
        memcpy(bytes + *got, r->at, part);
        r->at += part;
        r->left -= part;
        *got += part;
    }
    return HEBB_OK;
}

static hebb_status bad_gzip(hb_reader *r, const char *why) {
    return hb_fail(r->env, HEBB_E_FORMAT, "'%s' is a broken gzip file: %s", r->path, why);
}

/* A gzip file may hold several streams, one behind the other. */
static hebb_status take_zipped(hb_reader *r, unsigned char *bytes, size_t size, size_t *got) {
    while (*got < size) {
        if (!r->left) {
            hebb_status status = refill(r);
            if (status < 0) return status;
            if (!r->left) return r->stream_ended ? HEBB_OK : bad_gzip(r, "it ends too early");
        }
        if (r->stream_ended) {
            if (inflateReset(&r->zip) != Z_OK) return bad_gzip(r, "it cannot be read on");
            r->stream_ended = false;
        }
        size_t part = size - *got < (1u << 30) ? size - *got : 1u << 30;
        r->zip.next_in = (unsigned char *)r->at;
        r->zip.avail_in = (unsigned)r->left;
        r->zip.next_out = bytes + *got;
        r->zip.avail_out = (unsigned)part;
        int code = inflate(&r->zip, Z_NO_FLUSH);
        *got += part - r->zip.avail_out;
        r->at = r->zip.next_in;
        r->left = r->zip.avail_in;
        if (code == Z_MEM_ERROR) return HEBB_E_MEMORY;
        if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR)
            return bad_gzip(r, r->zip.msg ? r->zip.msg : "its bytes make no sense");
        r->stream_ended = code == Z_STREAM_END;
    }
    return HEBB_OK;
}

hebb_status hb_reader_take(hb_reader *r, void *bytes, size_t size, size_t *got) {
    *got = 0;
    return r->zipped ? take_zipped(r, bytes, size, got) : take_plain(r, bytes, size, got);
}

static hebb_status check_end(hb_reader *r, size_t size) {
    unsigned char more;
    size_t got;
    hebb_status status = hb_reader_take(r, &more, 1, &got);
    if (status < 0 || !got) return status;
    return hb_fail(r->env, HEBB_E_FORMAT,
                   "'%s' goes on behind the %zu bytes of data that its header describes", r->path,
                   size);
}

hebb_status hb_reader_take_rest(hb_reader *r, size_t size, void **bytes) {
    size_t room = size < FIRST_ROOM ? size : FIRST_ROOM, used = 0, got;
    *bytes = NULL;
    unsigned char *data = hb_alloc(r->env, room);
    hebb_status status = data ? HEBB_OK : HEBB_E_MEMORY;
    while (status == HEBB_OK) {
        status = hb_reader_take(r, data + used, room - used, &got);
        used += got;
        if (status == HEBB_OK && used < room)
            status = hb_fail(r->env, HEBB_E_FORMAT,
                             "'%s' ends after %zu of the %zu bytes of data that its header "
                             "describes",
                             r->path, used, size);
        if (status < 0 || used == size) break;
        size_t more = room > size / 2 ? size : room * 2;
        unsigned char *moved = hb_realloc(r->env, data, room, more);
        if (moved) {
            data = moved;
            room = more;
        } else {
            status = HEBB_E_MEMORY;
        }
    }
    if (status == HEBB_OK) status = check_end(r, size);
    if (status == HEBB_OK)
        *bytes = data;
    else
        hb_free(r->env, data);
    return status;
}

bool hb_data_size(const size_t *dims, size_t ndim, size_t size, size_t *bytes) {
    size_t product = size;
    for (size_t i = 0; i < ndim; i++) {
        if (dims[i] == 0)
            product = 0;
        else if (product > HB_READER_LIMIT / dims[i])
            return false;
        else
            product *= dims[i];
    }
    *bytes = product;
    return true;
}

void hb_swap_bytes(void *bytes, size_t count, size_t size) {
    unsigned char *at = bytes;
    for (size_t i = 0; i < count; i++, at += size)
        for (size_t a = 0, b = size - 1; a < b; a++, b--) {
            unsigned char swap = at[a];
            at[a] = at[b];
            at[b] = swap;
        }
}

bool hb_big_endian(void) {
    const uint16_t one = 1;
    unsigned char first;
    memcpy(&first, &one, 1);
    return first == 0;
}

#define _DEFAULT_SOURCE 1 /* mkdtemp */
/* IDX and NPY files, and the sets that are made of them. Oracles: files laid out
 * byte by byte here, the label counts that the sets' publishers give, the mean and
 * deviation of their pixels that the field normalises with, the yin-yang's definition. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <zlib.h>

#include "counting_alloc.h"
#include "data/dataset.h"
#include "data/dataset_parts.h"
#include "data/npy.h"

static hb_env env;
static char folder[] = "/tmp/hebb-data-XXXXXX";
static char data_dir[400]; /* HEBB_DATA_DIR as it was; "" if unset */

static int make_folder(void **state) {
    (void)state;
    hb_env_init(&env, NULL);
    const char *dir = getenv("HEBB_DATA_DIR");
    snprintf(data_dir, sizeof data_dir, "%s", dir ? dir : "");
    return mkdtemp(folder) ? 0 : -1;
}

static const char *in_folder(const char *name) {
    static char path[2][500];
    static int turn;
    turn = !turn;
    snprintf(path[turn], sizeof path[turn], "%s/%s", folder, name);
    return path[turn];
}

static const char *const file_names[] = {"file",
                                         "train-images-idx3-ubyte",
                                         "train-labels.idx1-ubyte.gz",
                                         "test-images-idx2-float",
                                         "test-labels-idx1-ubyte",
                                         "t10k-images-idx3-ubyte",
                                         "t10k-labels-idx1-ubyte",
                                         "train-labels-idx1-ubyte",
                                         "train_samples.npy",
                                         "train_labels.npy"};

static void clear_folder(void) {
    for (size_t i = 0; i < HB_COUNT(file_names); i++) unlink(in_folder(file_names[i]));
}

static int setup(void **state) {
    (void)state;
    hb_env_init(&env, NULL);
    clear_folder();
    if (data_dir[0]) setenv("HEBB_DATA_DIR", data_dir, 1);
    return 0;
}

static int remove_folder(void **state) {
    (void)state;
    clear_folder();
    return rmdir(folder);
}

static void write_file(const char *name, const void *bytes, size_t size) {
    FILE *file = fopen(in_folder(name), "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    fclose(file);
}

static void write_gzip(const char *name, const void *bytes, size_t size) {
    gzFile file = gzopen(in_folder(name), "wb");
    assert_non_null(file);
    assert_int_equal(gzwrite(file, bytes, (unsigned)size), size);
    gzclose(file);
}

static size_t read_file(const char *name, unsigned char *bytes, size_t room) {
    FILE *file = fopen(in_folder(name), "rb");
    assert_non_null(file);
    size_t size = fread(bytes, 1, room, file);
    fclose(file);
    return size;
}

#define assert_says(text)                                                                          \
    do {                                                                                           \
        if (!strstr(env.error, text)) fail_msg("'%s' lacks '%s'", env.error, text);                \
    } while (0)

/* ---- IDX ---------------------------------------------------------------- */

/* Two images of 2 x 3 bytes. */
static const unsigned char images[] = {0, 0, 8, 3, 0,  0,  0,  2,   0, 0, 0,  2,  0,  0,
                                       0, 3, 0, 1, 10, 20, 30, 255, 5, 6, 77, 88, 99, 128};
static const unsigned char labels[] = {0, 0, 8, 1, 0, 0, 0, 2, 4, 1};
static const unsigned char reals[] = {0, 0, 0x0D, 2,    0, 0, 0,    1,    0, 0,
                                      0, 2, 0x3F, 0x80, 0, 0, 0xC0, 0x20, 0, 0};

static void test_idx(void **state) {
    (void)state;
    hb_idx idx;
    for (int zipped = 0; zipped < 2; zipped++) {
        (zipped ? write_gzip : write_file)("file", images, sizeof images);
        assert_int_equal(hb_idx_read(&env, in_folder("file"), &idx), HEBB_OK);
        assert_true(idx.type == 8 && idx.ndim == 3 && idx.count == 12);
        assert_true(idx.dims[0] == 2 && idx.dims[1] == 2 && idx.dims[2] == 3);
        assert_memory_equal(idx.data, images + 16, 12);
        hb_idx_free(&env, &idx);
    }
    write_file("file", reals, sizeof reals);
    assert_int_equal(hb_idx_read(&env, in_folder("file"), &idx), HEBB_OK);
    assert_true(hb_idx_value(&idx, 0) == 1.0 && hb_idx_value(&idx, 1) == -2.5);
    hb_idx_free(&env, &idx);
    static const unsigned char shorts[] = {0, 0, 0x0B, 1, 0, 0, 0, 2, 0xFF, 0xFE, 1, 0};
    write_file("file", shorts, sizeof shorts);
    assert_int_equal(hb_idx_read(&env, in_folder("file"), &idx), HEBB_OK);
    assert_true(hb_idx_value(&idx, 0) == -2.0 && hb_idx_value(&idx, 1) == 256.0);
    hb_idx_free(&env, &idx);
    hb_idx_free(&env, &idx);
}

static hebb_status read_bytes(const void *bytes, size_t size) {
    hb_idx idx;
    write_file("file", bytes, size);
    hebb_status status = hb_idx_read(&env, in_folder("file"), &idx);
    if (status < 0) assert_null(idx.data);
    hb_idx_free(&env, &idx);
    return status;
}

static void test_idx_refused(void **state) {
    (void)state;
    static const struct {
        unsigned char bytes[24];
        size_t size;
        const char *sentence;
    } cases[] = {
        {{0, 0, 8}, 3, "is not an IDX file: it has fewer than 4 bytes"},
        {{1, 0, 8, 1}, 4, "it does not begin with two zeros"},
        {{0, 0, 10, 1}, 4, "type 0x0A is none of 08, 09, 0B, 0C, 0D, 0E"},
        {{0, 0, 8, 0}, 4, "has 0 dimensions; 1 to 4 are read"},
        {{0, 0, 8, 5}, 4, "has 5 dimensions; 1 to 4 are read"},
        {{0, 0, 8, 1, 0, 0}, 6, "ends inside its header"},
        {{0, 0, 8, 1, 0, 0, 0, 3, 1, 2}, 10, "ends after 2 of the 3 bytes"},
        {{0, 0, 8, 1, 0, 0, 0, 1, 1, 2}, 10, "goes on behind the 1 bytes"},
        {{0, 0, 14, 2, 255, 255, 255, 255, 255, 255, 255, 255}, 12, "more than 8 GiB"},
        {{0, 0, 8, 1, 127, 0, 0, 0, 1}, 9, "ends after 1 of the 2130706432 bytes"},
        {{0x1F, 0x8B, 8, 0, 1}, 5, "is a broken gzip file: it ends too early"},
        {{0x1F, 0x8B, 9, 0, 1}, 5, "is a broken gzip file: unknown compression method"},
    };
    for (size_t i = 0; i < HB_COUNT(cases); i++) {
        assert_int_equal(read_bytes(cases[i].bytes, cases[i].size), HEBB_E_FORMAT);
        assert_says(cases[i].sentence);
    }
    hb_idx idx;
    assert_int_equal(hb_idx_read(&env, in_folder("none"), &idx), HEBB_E_IO);
    assert_int_equal(hb_idx_read(&env, folder, &idx), HEBB_E_IO);
    assert_says("directory");
}

/* An allocator that remembers the largest request. */
static size_t largest;

static void *noting_alloc(void *user, size_t size) {
    (void)user;
    largest = size > largest ? size : largest;
    return malloc(size);
}

static void *noting_realloc(void *user, void *pointer, size_t old_size, size_t size) {
    (void)user;
    (void)old_size;
    largest = size > largest ? size : largest;
    return realloc(pointer, size);
}

static void noting_free(void *user, void *pointer) {
    (void)user;
    free(pointer);
}

static void test_idx_lies(void **state) {
    (void)state;
    /* 2 GB are promised, nothing is there: no more than a first megabyte may be asked for. */
    static const unsigned char lie[] = {0, 0, 8, 1, 127, 255, 255, 255, 1};
    hebb_allocator allocator = {noting_alloc, noting_realloc, noting_free, NULL};
    hb_env noting;
    hb_idx idx;
    hb_env_init(&noting, &allocator);
    for (int zipped = 0; zipped < 2; zipped++) {
        (zipped ? write_gzip : write_file)("file", lie, sizeof lie);
        largest = 0;
        assert_int_equal(hb_idx_read(&noting, in_folder("file"), &idx), HEBB_E_FORMAT);
        assert_true(largest > 0 && largest <= 1 << 20);
    }
}

/* Every truncation and thousands of changed bytes give a status. */
static void noise(const char *name, hebb_status (*read)(const void *bytes, size_t size)) {
    unsigned char bytes[1000];
    size_t size = read_file(name, bytes, sizeof bytes), good = 0, bad = 0;
    assert_true(size > 0 && size < sizeof bytes);
    for (size_t cut = 0; cut < size; cut++) assert_int_equal(read(bytes, cut), HEBB_E_FORMAT);
    hb_stream stream;
    hb_stream_init(&stream, 1, 0, 0, 0);
    for (int i = 0; i < 3000; i++) {
        unsigned char changed[1000];
        memcpy(changed, bytes, size);
        for (uint64_t n = 1 + hb_stream_below(&stream, 3); n > 0; n--)
            changed[hb_stream_below(&stream, size)] ^= (unsigned char)hb_stream_u32(&stream);
        hebb_status status = read(changed, size);
        assert_true(status == HEBB_OK || status == HEBB_E_FORMAT);
        if (status == HEBB_OK)
            good++;
        else
            bad++;
    }
    assert_true(good > 0 && bad > 0);
    assert_int_equal(read(bytes, size), HEBB_OK);
}

static void test_idx_noise(void **state) {
    (void)state;
    write_file("file", images, sizeof images);
    noise("file", read_bytes);
    write_gzip("file", images, sizeof images);
    noise("file", read_bytes);
}

/* ---- NPY ---------------------------------------------------------------- */

static size_t npy(unsigned char *out, int version, const char *header, const void *data,
                  size_t size) {
    size_t length = strlen(header), head = version == 1 ? 10 : 12;
    memcpy(out, "\x93NUMPY", 6);
    out[6] = (unsigned char)version;
    out[7] = 0;
    memset(out + 8, 0, 4);
    out[8] = (unsigned char)length;
    out[9] = (unsigned char)(length >> 8);
    memcpy(out + head, header, length);
    memcpy(out + head + length, data, size);
    return head + length + size;
}

static hebb_status read_npy(const void *bytes, size_t size) {
    hb_npy array;
    write_file("file", bytes, size);
    hebb_status status = hb_npy_read(&env, in_folder("file"), &array);
    for (size_t i = 0; status == HEBB_OK && i < array.count; i++) (void)hb_npy_value(&array, i);
    hb_npy_free(&env, &array);
    return status;
}

static void test_npy(void **state) {
    (void)state;
    static const struct {
        const char *descr;
        unsigned char bytes[8];
        size_t size;
        double value;
    } types[] = {
        {"<f8", {0, 0, 0, 0, 0, 0, 4, 0xC0}, 8, -2.5},
        {">f4", {0xC0, 0x20, 0, 0}, 4, -2.5},
        {"<i8", {0xFE, 255, 255, 255, 255, 255, 255, 255}, 8, -2},
        {"|u1", {200}, 1, 200},
        {"<i2", {0, 1}, 2, 256},
        {">u2", {0, 1}, 2, 1},
        {"|b1", {1}, 1, 1},
        {"|i1", {255}, 1, -1},
        {"<u4", {0, 0, 0, 128}, 4, 2147483648.0},
        {">i4", {255, 255, 255, 255}, 4, -1},
        {"<u8", {0, 0, 0, 0, 0, 0, 0, 128}, 8, 9223372036854775808.0},
    };
    unsigned char bytes[200];
    char header[100];
    hb_npy array;
    for (size_t i = 0; i < HB_COUNT(types); i++) {
        snprintf(header, sizeof header,
                 "{'descr': '%s', 'fortran_order': False, 'shape': (1,), }  \n", types[i].descr);
        size_t size = npy(bytes, 1 + (int)(i % 3), header, types[i].bytes, types[i].size);
        write_file("file", bytes, size);
        assert_int_equal(hb_npy_read(&env, in_folder("file"), &array), HEBB_OK);
        assert_true(array.ndim == 1 && array.dims[0] == 1 && array.count == 1);
        assert_true(hb_npy_value(&array, 0) == types[i].value);
        hb_npy_free(&env, &array);
    }
    noise("file", read_npy);
}

static void test_npy_refused(void **state) {
    (void)state;
    static const struct {
        const char *header, *sentence;
    } cases[] = {
        {"{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", "is no simple type"},
        {"{'descr': '<f2', 'fortran_order': False, 'shape': (1,), }", "values of type 'f2'"},
        {"{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }", "structured types"},
        {"{'descr': '<f4', 'fortran_order': True, 'shape': (2, 2), }", "in Fortran order"},
        {"{'descr': '<f4', 'fortran_order': False}", "shape is missing"},
        {"{'descr': '<f4', 'descr': '<f4'}", "another key than"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (1, 1, 1, 1, 1), }", "4 dimensions"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }", "is no tuple"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,), }", "tuple"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2147483647, 2), }", "8 GiB"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", "ends after 4 of the 8"},
        {"{'descr': '|f4', 'fortran_order': False, 'shape': (1,), }", "byte order is unknown"},
        {"[]", "is no dictionary"},
    };
    unsigned char bytes[200];
    for (size_t i = 0; i < HB_COUNT(cases); i++) {
        assert_int_equal(read_npy(bytes, npy(bytes, 1, cases[i].header, "abcd", 4)), HEBB_E_FORMAT);
        assert_says(cases[i].sentence);
    }
    assert_int_equal(read_npy(images, sizeof images), HEBB_E_FORMAT);
    assert_says("does not begin with \\x93NUMPY");
}

/* ---- sets --------------------------------------------------------------- */

static hebb_status open_set(const char *source, const char *split, const char *path, size_t limit,
                            hb_dataset **set) {
    return hb_dataset_open(&env, source, split, path, limit, 0, set);
}

static void test_folder(void **state) {
    (void)state;
    hb_dataset *set;
    float values[6];
    int32_t label;
    write_file("train-images-idx3-ubyte", images, sizeof images);
    assert_int_equal(open_set(folder, "train", NULL, 0, &set), HEBB_E_IO);
    assert_says("has no file of labels beside it");
    write_gzip("train-labels.idx1-ubyte.gz", labels, sizeof labels);
    assert_int_equal(open_set(folder, "train", NULL, 0, &set), HEBB_OK);
    assert_true(set->count == 2 && set->sample_size == 6 && set->classes == 5);
    assert_true(set->height == 2 && set->width == 3);
    hb_dataset_get(set, 1, values, &label);
    assert_int_equal(label, 1);
    assert_true(values[0] == 5.0f / 255.0f && values[5] == 128.0f / 255.0f);
    hb_dataset_free(set);
    assert_int_equal(open_set(folder, "train", NULL, 1, &set), HEBB_OK);
    assert_true(set->count == 1 && set->classes == 5);
    hb_dataset_free(set);
    assert_int_equal(open_set(folder, "test", NULL, 0, &set), HEBB_E_IO);
    assert_says("has no IDX file of test images (t10k-images-idx3-ubyte");
    static const unsigned char one[] = {0, 0, 8, 1, 0, 0, 0, 1, 9};
    write_file("test-images-idx2-float", reals, sizeof reals);
    write_file("test-labels-idx1-ubyte", one, sizeof one);
    assert_int_equal(open_set(folder, "test", NULL, 0, &set), HEBB_OK);
    assert_true(set->count == 1 && set->sample_size == 2 && set->height == 0);
    assert_true(set->classes == 10 && set->floats[1] == -2.5f && set->labels[0] == 9);
    hb_dataset_free(set);
    /* The greatest label may stand in the other split. */
    assert_int_equal(open_set(folder, "train", NULL, 0, &set), HEBB_OK);
    assert_int_equal(set->classes, 10);
    hb_dataset_free(set);
}

static void test_folder_refused(void **state) {
    (void)state;
    static const unsigned char three[] = {0, 0, 8, 1, 0, 0, 0, 3, 0, 1, 2};
    static const unsigned char minus[] = {0, 0, 9, 1, 0, 0, 0, 2, 0, 255};
    static const unsigned char nan[] = {0, 0, 0x0D, 2,    0, 0, 0,    1,    0, 0,
                                        0, 2, 0x3F, 0x80, 0, 0, 0x7F, 0xC0, 0, 0};
    static const unsigned char none[] = {0, 0, 8, 3, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 3};
    static const unsigned char no_labels[] = {0, 0, 8, 1, 0, 0, 0, 0};
    static const unsigned char one[] = {0, 0, 8, 1, 0, 0, 0, 1, 9};
    hb_dataset *set;
    write_file("train-images-idx3-ubyte", images, sizeof images);
    write_file("train-labels-idx1-ubyte", three, sizeof three);
    assert_int_equal(open_set(folder, "train", NULL, 0, &set), HEBB_E_SHAPE);
    assert_says("holds 2 samples and");
    assert_null(set);
    write_file("train-labels-idx1-ubyte", minus, sizeof minus);
    assert_int_equal(open_set(folder, "train", NULL, 0, &set), HEBB_E_FORMAT);
    assert_says("label -1 of sample 1");
    write_file("train-labels-idx1-ubyte", images, sizeof images);
    assert_int_equal(open_set(folder, "train", NULL, 0, &set), HEBB_E_FORMAT);
    assert_says("holds no labels");
    write_file("train-images-idx3-ubyte", nan, sizeof nan);
    write_file("train-labels-idx1-ubyte", one, sizeof one);
    assert_int_equal(open_set(folder, "train", NULL, 0, &set), HEBB_E_NOT_FINITE);
    assert_says("value 1 of sample 0 in");
    write_file("train-images-idx3-ubyte", none, sizeof none);
    write_file("train-labels-idx1-ubyte", no_labels, sizeof no_labels);
    assert_int_equal(open_set(folder, "train", NULL, 0, &set), HEBB_E_SHAPE);
    assert_says("holds no samples");
}

static void test_names(void **state) {
    (void)state;
    hb_dataset *set;
    assert_int_equal(open_set("mnits", "train", NULL, 0, &set), HEBB_E_NAME);
    assert_says("did you mean 'mnist'?");
    assert_int_equal(open_set("/no/such", "train", NULL, 0, &set), HEBB_E_NAME);
    assert_says("there are: strokes, yin-yang, mnist, fashion-mnist, xor, bandit, and folders");
    assert_int_equal(open_set("strokes", "tets", NULL, 0, &set), HEBB_E_NAME);
    assert_says("must be train or test; did you mean 'test'?");
    assert_int_equal(open_set("strokes", "validation", NULL, 0, &set), HEBB_E_NAME);
    assert_int_equal(open_set("yin-yang", "x", NULL, 0, &set), HEBB_E_NAME);
    assert_says("must be train, test or validation");
    setenv("HEBB_DATA_DIR", "/no/data", 1);
    const char *cache = getenv("XDG_CACHE_HOME");
    char *kept = cache ? hb_strdup(&env, cache) : NULL;
    setenv("XDG_CACHE_HOME", "/no/cache", 1);
    assert_int_equal(open_set("mnist", "train", NULL, 0, &set), HEBB_E_IO);
    assert_says("run `hebb data get mnist`");
    assert_says("Looked in: /no/data/mnist, /no/data, /no/cache/hebb/mnist");
    assert_int_equal(open_set("Fashion", "test", folder, 0, &set), HEBB_E_IO);
    assert_says("hebb data get fashion-mnist");
    assert_says(folder);
    if (kept)
        setenv("XDG_CACHE_HOME", kept, 1);
    else
        unsetenv("XDG_CACHE_HOME");
    hb_free(&env, kept);
    for (size_t i = 0; hb_dataset_component(i); i++) {
        assert_string_equal(hb_dataset_component(i)->kind, "dataset");
        assert_non_null(hb_dataset_component(i)->source);
    }
}

/* Looks for the real files; skips where they are not. */
static hb_dataset *real_set(const char *name, const char *split) {
    hb_dataset *set = NULL;
    char path[500];
    snprintf(path, sizeof path, "%s/%s", data_dir, name);
    if (!data_dir[0] || access(path, R_OK) != 0) {
        print_message("skipped: no %s in HEBB_DATA_DIR\n", name);
        skip();
    }
    if (open_set(name, split, NULL, 0, &set) < 0) fail_msg("%s", env.error);
    return set;
}

static void check_images(const char *name, const char *split, const size_t counts[10], size_t count,
                         double mean, double deviation) {
    hb_dataset *set = real_set(name, split);
    size_t found[10] = {0};
    double sum = 0, squares = 0;
    assert_true(set->count == count && set->sample_size == 784 && set->classes == 10);
    assert_true(set->height == 28 && set->width == 28 && set->bytes);
    for (size_t i = 0; i < count; i++) found[set->labels[i]]++;
    for (int i = 0; i < 10; i++) assert_int_equal(found[i], counts[i]);
    for (size_t i = 0; i < count * 784; i++) {
        sum += set->bytes[i] / 255.0;
        squares += set->bytes[i] / 255.0 * (set->bytes[i] / 255.0);
    }
    if (mean > 0) {
        double pixels = (double)count * 784;
        assert_true(fabs(sum / pixels - mean) < 1e-4);
        assert_true(fabs(sqrt(squares / pixels - sum / pixels * (sum / pixels)) - deviation) <
                    1e-4);
    }
    hb_dataset_free(set);
}

static void test_mnist(void **state) {
    (void)state;
    static const size_t train[] = {5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949};
    static const size_t test[] = {980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009};
    check_images("mnist", "train", train, 60000, 0.1307, 0.3081);
    check_images("mnist", "test", test, 10000, 0, 0);
}

static void test_fashion(void **state) {
    (void)state;
    size_t train[10], test[10];
    for (int i = 0; i < 10; i++) train[i] = 6000, test[i] = 1000;
    check_images("fashion-mnist", "train", train, 60000, 0.2860, 0.3530);
    check_images("fashion-mnist", "test", test, 10000, 0, 0);
}

static void unzip(const char *name) {
    static unsigned char bytes[8000000];
    char path[600];
    snprintf(path, sizeof path, "%s/mnist/%s.gz", data_dir, name);
    gzFile file = gzopen(path, "rb");
    assert_non_null(file);
    int size = gzread(file, bytes, sizeof bytes);
    gzclose(file);
    assert_true(size > 0);
    write_file(name, bytes, (size_t)size);
}

/* The same set from plain files; and never one set under the other's name. */
static void test_plain(void **state) {
    (void)state;
    hb_dataset *zipped = real_set("mnist", "test"), *plain, *wrong;
    unzip("t10k-images-idx3-ubyte");
    unzip("t10k-labels-idx1-ubyte");
    assert_int_equal(open_set("mnist", "test", folder, 0, &plain), HEBB_OK);
    assert_int_equal(plain->count, 10000);
    assert_memory_equal(plain->bytes, zipped->bytes, 10000 * 784);
    assert_memory_equal(plain->labels, zipped->labels, 10000 * sizeof *plain->labels);
    assert_non_null(strstr(plain->origin, folder));
    hb_dataset_free(plain);
    hb_dataset_free(zipped);
    assert_int_equal(open_set("fashion-mnist", "test", folder, 0, &wrong), HEBB_E_FORMAT);
    assert_says("holds mnist, not fashion-mnist");
}

static void check_points(const hb_dataset *set, size_t count) {
    assert_true(set->count == count && set->sample_size == 4 && set->classes == 3);
    assert_int_equal(set->height, 0);
    size_t found[3] = {0};
    for (size_t i = 0; i < count; i++) {
        float v[4];
        int32_t label;
        hb_dataset_get(set, i, v, &label);
        double x = (double)v[0], y = (double)v[1];
        found[label]++;
        assert_true(fabs(x + (double)v[2] - 1) < 1e-6 && fabs(y + (double)v[3] - 1) < 1e-6);
        assert_true((x - 0.5) * (x - 0.5) + (y - 0.5) * (y - 0.5) < 0.25 + 1e-6);
        assert_int_equal(label, hb_yin_yang_class(x, y));
    }
    for (int i = 0; i < 3; i++) /* five deviations of a fair draw */
        assert_true(fabs((double)found[i] - (double)count / 3) < 5 * sqrt((double)count * 2 / 9));
}

/* The published points bear out our definition; then ours must keep to it. */
static void test_yin_yang(void **state) {
    (void)state;
    static const size_t counts[] = {5000, 1000, 1000};
    for (int i = 0; i < HB_SPLITS; i++) {
        hb_dataset *set = real_set("yin-yang", hb_split_names[i]);
        assert_non_null(strstr(set->origin, "yin-yang"));
        check_points(set, counts[i]);
        hb_dataset_free(set);
    }
}

static void test_yin_yang_drawn(void **state) {
    (void)state;
    static const size_t counts[] = {5000, 1000, 1000};
    hb_dataset *set, *other;
    setenv("HEBB_DATA_DIR", "/no/data", 1);
    for (int i = 0; i < HB_SPLITS; i++) {
        assert_int_equal(open_set("yinyang", hb_split_names[i], NULL, 0, &set), HEBB_OK);
        assert_non_null(strstr(set->origin, "drawn by hebb"));
        check_points(set, counts[i]);
        assert_int_equal(hb_dataset_open(&env, "yin-yang", hb_split_names[i], NULL, 90, 1, &other),
                         HEBB_OK);
        assert_memory_not_equal(set->floats, other->floats, 90 * 4 * sizeof(float));
        size_t dots = 0;
        for (int k = 0; k < 90; k++) dots += other->labels[k] == 2;
        assert_int_equal(dots, 30);
        hb_dataset_free(other);
        hb_dataset_free(set);
    }
    assert_int_equal(open_set("yin-yang", "train", folder, 0, &set), HEBB_E_IO);
    assert_says("there is no train_samples.npy with train_labels.npy in");
    static const char shape[] = "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), }";
    static const char row[] = "{'descr': '|u1', 'fortran_order': False, 'shape': (1,), }";
    unsigned char bytes[200];
    write_file("train_samples.npy", bytes, npy(bytes, 1, shape, "abcdefgh", 8));
    write_file("train_labels.npy", bytes, npy(bytes, 1, row, "\1", 1));
    assert_int_equal(open_set("yin-yang", "train", folder, 0, &set), HEBB_E_SHAPE);
    static const char fits[] = "{'descr': '|u1', 'fortran_order': False, 'shape': (1, 4), }";
    write_file("train_samples.npy", bytes, npy(bytes, 1, fits, "\0\1\1\0", 4));
    assert_int_equal(open_set("yin-yang", "train", folder, 0, &set), HEBB_OK);
    assert_true(set->count == 1 && set->floats[1] == 1 && set->labels[0] == 1);
    hb_dataset_free(set);
    write_file("train_labels.npy", bytes, npy(bytes, 1, row, "\3", 1));
    assert_int_equal(open_set("yin-yang", "train", folder, 0, &set), HEBB_E_RANGE);
    assert_says("label 3 of sample 0");
}

static void test_arrays(void **state) {
    (void)state;
    float samples[] = {1, 2, 3, 4, 5, 6};
    int32_t classes[] = {0, 2, 1};
    hb_dataset *set;
    assert_int_equal(hb_dataset_from_arrays(&env, samples, classes, 3, 2, 3, &set), HEBB_OK);
    samples[5] = NAN;
    float values[2];
    int32_t label;
    hb_dataset_get(set, 2, values, &label);
    assert_true(values[0] == 5 && values[1] == 6 && label == 1);
    hb_dataset_free(set);
    assert_int_equal(hb_dataset_from_arrays(&env, samples, classes, 3, 2, 3, &set),
                     HEBB_E_NOT_FINITE);
    assert_says("value 1 of sample 2 is nan");
    assert_int_equal(hb_dataset_from_arrays(&env, samples, classes, 3, 2, 2, &set), HEBB_E_RANGE);
    assert_says("label 2 of sample 1 is not allowed; with 2 classes it must be 0 to 1");
    classes[0] = -1;
    assert_int_equal(hb_dataset_from_arrays(&env, samples, classes, 3, 2, 3, &set), HEBB_E_RANGE);
    assert_says("label -1 of sample 0");
    assert_int_equal(hb_dataset_from_arrays(&env, samples, classes, 0, 2, 3, &set), HEBB_E_RANGE);
    assert_int_equal(hb_dataset_from_arrays(&env, samples, classes, 3, SIZE_MAX / 4, 3, &set),
                     HEBB_E_SHAPE);
    hb_dataset_free(NULL);
}

static hebb_status memory_folder(hb_env *e) {
    hb_dataset *set;
    hebb_status status = hb_dataset_open(e, folder, "train", NULL, 0, 0, &set);
    if (status == HEBB_OK) hb_dataset_free(set);
    return status;
}

static hebb_status memory_points(hb_env *e) {
    hb_dataset *set;
    hebb_status status = hb_dataset_open(e, "yin-yang", "train", folder, 0, 0, &set);
    if (status == HEBB_OK) hb_dataset_free(set);
    return status;
}

static hebb_status memory_strokes(hb_env *e) {
    hb_dataset *set;
    hebb_status status = hb_dataset_open(e, "strokes", "train", NULL, 3, 0, &set);
    if (status == HEBB_OK) hb_dataset_free(set);
    return status;
}

static hebb_status memory_arrays(hb_env *e) {
    static const float samples[] = {1, 2};
    static const int32_t classes[] = {0, 1};
    hb_dataset *set;
    hebb_status status = hb_dataset_from_arrays(e, samples, classes, 2, 1, 2, &set);
    if (status == HEBB_OK) hb_dataset_free(set);
    return status;
}

static void test_memory(void **state) {
    (void)state;
    static const char fits[] = "{'descr': '|u1', 'fortran_order': False, 'shape': (1, 4), }";
    static const char row[] = "{'descr': '|u1', 'fortran_order': False, 'shape': (1,), }";
    unsigned char bytes[200];
    write_gzip("train-images-idx3-ubyte", images, sizeof images);
    write_gzip("train-labels.idx1-ubyte.gz", labels, sizeof labels);
    write_file("train_samples.npy", bytes, npy(bytes, 1, fits, "\0\1\1\0", 4));
    write_file("train_labels.npy", bytes, npy(bytes, 1, row, "\1", 1));
    assert_true(refuse_each(memory_folder) > 10);
    assert_true(refuse_each(memory_points) > 10);
    assert_true(refuse_each(memory_strokes) >= 3);
    assert_true(refuse_each(memory_arrays) >= 3);
}

static void test_public(void **state) {
    (void)state;
    hebb_ctx *ctx;
    hebb_dataset *set, *arrays;
    static float values[2 * 784];
    int32_t two[2], one;
    assert_int_equal(hebb_ctx_create(NULL, &ctx), HEBB_OK);
    assert_int_equal(hebb_dataset_open(ctx, "strokes", "test", NULL, 30, &set), HEBB_OK);
    assert_int_equal(hebb_dataset_count(set), 30);
    assert_int_equal(hebb_dataset_sample_size(set), 784);
    assert_int_equal(hebb_dataset_classes(set), 10);
    assert_true(hebb_dataset_height(set) == 28 && hebb_dataset_width(set) == 28);
    assert_string_equal(hebb_dataset_origin(set), "30 test samples drawn by hebb (seed 0)");
    assert_int_equal(hebb_dataset_samples(set, 28, 2, values, two), HEBB_OK);
    assert_int_equal(hebb_dataset_sample(set, 29, values, &one), HEBB_OK);
    assert_int_equal(one, two[1]);
    assert_memory_equal(values, values + 784, 784 * sizeof *values);
    assert_int_equal(hebb_dataset_samples(set, 29, 2, values, two), HEBB_E_RANGE);
    assert_int_equal(hebb_dataset_samples(set, 1, SIZE_MAX, values, two), HEBB_E_RANGE);
    assert_int_equal(hebb_dataset_sample(set, 30, values, &one), HEBB_E_RANGE);
    assert_string_equal(hebb_error(ctx), "sample 30 is not in 'strokes', which has 30 samples");
    assert_int_equal(hebb_dataset_sample(NULL, 0, values, &one), HEBB_E_ARGUMENT);
    static const float sample[] = {0.5f};
    static const int32_t label[] = {1};
    assert_int_equal(hebb_dataset_from_arrays(ctx, sample, label, 1, 1, 2, &arrays), HEBB_OK);
    hebb_dataset_free(arrays);
    hebb_dataset_free(NULL);
    assert_int_equal(hebb_dataset_from_arrays(ctx, NULL, label, 1, 1, 2, &arrays), HEBB_E_ARGUMENT);
    assert_string_equal(hebb_error(ctx), "hebb_dataset_from_arrays: samples is NULL");
    assert_int_equal(hebb_dataset_open(ctx, NULL, "train", NULL, 0, &arrays), HEBB_E_ARGUMENT);
    assert_int_equal(hebb_dataset_open(NULL, "strokes", "train", NULL, 0, &arrays),
                     HEBB_E_ARGUMENT);
    assert_int_equal(hebb_dataset_open(ctx, "strokes", "train", NULL, 1000001, &arrays),
                     HEBB_E_RANGE);
    assert_int_equal(hebb_data_get(ctx, NULL, NULL), HEBB_E_ARGUMENT);
    assert_true(!hebb_dataset_count(NULL) && !hebb_dataset_height(NULL));
    hebb_ctx_free(ctx); /* and the set with it */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_idx, setup),
        cmocka_unit_test_setup(test_idx_refused, setup),
        cmocka_unit_test_setup(test_idx_lies, setup),
        cmocka_unit_test_setup(test_idx_noise, setup),
        cmocka_unit_test_setup(test_npy, setup),
        cmocka_unit_test_setup(test_npy_refused, setup),
        cmocka_unit_test_setup(test_folder, setup),
        cmocka_unit_test_setup(test_folder_refused, setup),
        cmocka_unit_test_setup(test_names, setup),
        cmocka_unit_test_setup(test_mnist, setup),
        cmocka_unit_test_setup(test_fashion, setup),
        cmocka_unit_test_setup(test_plain, setup),
        cmocka_unit_test_setup(test_yin_yang, setup),
        cmocka_unit_test_setup(test_yin_yang_drawn, setup),
        cmocka_unit_test_setup(test_arrays, setup),
        cmocka_unit_test_setup(test_memory, setup),
        cmocka_unit_test_setup(test_public, setup),
    };
    return cmocka_run_group_tests_name("data", tests, make_folder, remove_folder);
}

#define _DEFAULT_SOURCE 1 /* mkdtemp */
/* Fetching public sets, from mirrors on this machine. Oracles: the test vectors of
 * FIPS 180-4 and the sums that are published with the files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "counting_alloc.h"
#include "data/dataset.h"
#include "data/sha256.h"

static hb_env env;
static char base[] = "/tmp/hebb-fetch-XXXXXX";
static char target[100], mirror[100], path_before[4000], data_dir[400];
static const char *const names[] = {"train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz",
                                    "t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"};

static void clear(const char *folder) {
    char path[300];
    for (int i = 0; i < 4; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        unlink(path);
    }
}

static int setup(void **state) {
    (void)state;
    hb_env_init(&env, NULL);
    setenv("PATH", path_before, 1);
    clear(target);
    clear(mirror);
    return 0;
}

static int make_folders(void **state) {
    (void)state;
    const char *path = getenv("PATH"), *dir = getenv("HEBB_DATA_DIR");
    snprintf(path_before, sizeof path_before, "%s", path ? path : "/usr/bin:/bin");
    snprintf(data_dir, sizeof data_dir, "%s", dir ? dir : "");
    if (!mkdtemp(base)) return -1;
    snprintf(target, sizeof target, "%s/new/folder", base);
    snprintf(mirror, sizeof mirror, "%s/mirror", base);
    return mkdir(mirror, 0777);
}

static int remove_folders(void **state) {
    (void)state;
    clear(target);
    clear(mirror);
    rmdir(target); /* fails where something was left behind, and so does the last one */
    char above[100];
    snprintf(above, sizeof above, "%s/new", base);
    rmdir(above);
    rmdir(mirror);
    return rmdir(base);
}

#define assert_says(text)                                                                          \
    do {                                                                                           \
        if (!strstr(env.error, text)) fail_msg("'%s' lacks '%s'", env.error, text);                \
    } while (0)

static void need_curl(void) {
    if (system("curl --version >/dev/null 2>&1") == 0) return;
    print_message("skipped: curl is not installed\n");
    skip();
}

static void sum_of(const void *bytes, size_t size, size_t part, const char *wanted) {
    hb_sha256 sum;
    char text[65];
    hb_sha256_init(&sum);
    for (size_t at = 0; at < size; at += part)
        hb_sha256_add(&sum, (const char *)bytes + at, size - at < part ? size - at : part);
    hb_sha256_done(&sum, text);
    assert_string_equal(text, wanted);
}

static void test_sha256(void **state) {
    (void)state;
    static char million[1000000];
    static const char two[] = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
    memset(million, 'a', sizeof million);
    sum_of("", 0, 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    sum_of("abc", 3, 3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    for (size_t part = 1; part < 60; part += 7)
        sum_of(two, 56, part, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    for (size_t part = 63; part < 130; part++)
        sum_of(million, sizeof million, part,
               "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

static void test_names(void **state) {
    (void)state;
    assert_int_equal(hb_data_get(&env, "mnits", target), HEBB_E_NAME);
    assert_says("no data set 'mnits' can be fetched; did you mean 'mnist'?");
    assert_int_equal(hb_data_get(&env, "cifar", target), HEBB_E_NAME);
    assert_says("mnist and fashion-mnist can");
    assert_int_equal(hb_data_get(&env, "strokes", target), HEBB_E_NAME);
    assert_says("strokes needs no fetching: hebb makes it itself");
}

static void test_offline(void **state) {
    (void)state;
    need_curl();
    setenv("HEBB_DATA_MIRROR", "file:///nonexistent", 1);
    assert_int_equal(hb_data_get(&env, "mnist", target), HEBB_E_IO);
    assert_says("cannot fetch train-images-idx3-ubyte.gz of mnist: file:///nonexistent/");
    assert_says("that file cannot be read");
    assert_says(target);
    setenv("HEBB_DATA_MIRROR", "http://127.0.0.1:9/", 1); /* a port where nobody answers */
    assert_int_equal(hb_data_get(&env, "mnist", target), HEBB_E_IO);
    assert_says("the host cannot be reached (is this machine offline?)");
    assert_int_equal(rmdir(target), 0); /* nothing is left in it */
    assert_int_equal(hb_data_get(&env, "mnist", "/dev/null/folder"), HEBB_E_IO);
    assert_says("cannot make the folder '/dev/null/folder'");
}

static void test_no_curl(void **state) {
    (void)state;
    setenv("HEBB_DATA_MIRROR", "file:///nonexistent", 1);
    setenv("PATH", "/nonexistent", 1);
    hebb_status status = hb_data_get(&env, "mnist", target);
    setenv("PATH", path_before, 1);
    assert_int_equal(status, HEBB_E_UNSUPPORTED);
    assert_says("the program curl is not installed");
}

static void test_wrong_file(void **state) {
    (void)state;
    need_curl();
    char path[300], url[300];
    snprintf(path, sizeof path, "%s/%s", mirror, names[0]);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs("not the images", file);
    fclose(file);
    snprintf(url, sizeof url, "file://%s/", mirror);
    setenv("HEBB_DATA_MIRROR", url, 1);
    assert_int_equal(hb_data_get(&env, "mnist", target), HEBB_E_IO);
    assert_says("the file has another sha256");
    assert_int_equal(rmdir(target), 0);
}

/* From a mirror laid out like the folder of test data. */
static void test_fetch(void **state) {
    (void)state;
    need_curl();
    char path[600], url[600];
    struct stat before, after;
    snprintf(path, sizeof path, "%s/mnist/%s", data_dir, names[0]);
    char *real = data_dir[0] && access(path, R_OK) == 0 ? realpath(data_dir, NULL) : NULL;
    if (!real) {
        print_message("skipped: no mnist in HEBB_DATA_DIR\n");
        skip();
    }
    snprintf(url, sizeof url, "file://%s", real);
    free(real);
    setenv("HEBB_DATA_MIRROR", url, 1);
    if (hb_data_get(&env, "mnist", target) < 0) fail_msg("%s", env.error);
    hb_dataset *set;
    assert_int_equal(hb_dataset_open(&env, "mnist", "test", target, 0, 0, &set), HEBB_OK);
    assert_int_equal(set->count, 10000);
    hb_dataset_free(set);
    /* Again: what is there stays, what is broken is fetched anew. */
    snprintf(path, sizeof path, "%s/%s", target, names[1]);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fclose(file);
    snprintf(path, sizeof path, "%s/%s", target, names[0]);
    assert_int_equal(stat(path, &before), 0);
    assert_int_equal(hb_data_get(&env, "mnist", target), HEBB_OK);
    assert_int_equal(stat(path, &after), 0);
    assert_true(before.st_ino == after.st_ino);
    setenv("HEBB_DATA_MIRROR", "file:///nonexistent", 1);
    assert_int_equal(hb_data_get(&env, "mnist", target), HEBB_OK); /* all four are there */
}

static hebb_status get_offline(hb_env *e) {
    hebb_status status = hb_data_get(e, "mnist", target);
    return status == HEBB_E_UNSUPPORTED ? HEBB_OK : status;
}

static void test_memory(void **state) {
    (void)state;
    setenv("HEBB_DATA_MIRROR", "file:///nonexistent", 1);
    setenv("PATH", "/nonexistent", 1);
    size_t refused = refuse_each(get_offline);
    setenv("PATH", path_before, 1);
    assert_true(refused >= 3);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_sha256, setup),     cmocka_unit_test_setup(test_names, setup),
        cmocka_unit_test_setup(test_offline, setup),    cmocka_unit_test_setup(test_no_curl, setup),
        cmocka_unit_test_setup(test_wrong_file, setup), cmocka_unit_test_setup(test_fetch, setup),
        cmocka_unit_test_setup(test_memory, setup),
    };
    return cmocka_run_group_tests_name("fetch", tests, make_folders, remove_folders);
}

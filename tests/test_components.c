/* The registry of components, nearest names, what a file holds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#include "counting_alloc.h"
#include "hebb/hebb.h"

static void test_walk(void **state) {
    (void)state;
    size_t kinds = 0, names = 0;
    const char *kind, *name;
    for (; (kind = hebb_component_kind(kinds)); kinds++) {
        size_t i = 0;
        for (; (name = hebb_component_name(kind, i)); i++) {
            const char *summary = hebb_component_summary(kind, i);
            assert_non_null(summary);
            assert_true(strlen(summary) > 3);
            for (size_t j = 0; j < i; j++)
                assert_string_not_equal(name, hebb_component_name(kind, j));
        }
        assert_true(i > 0);
        assert_null(hebb_component_summary(kind, i));
        names += i;
    }
    assert_true(kinds >= 13);
    assert_true(names > 80);
    assert_null(hebb_component_kind(SIZE_MAX));
    assert_null(hebb_component_name("neuron", SIZE_MAX));
    assert_null(hebb_component_name("no such kind", 0));
    assert_null(hebb_component_name(NULL, 0));
    assert_null(hebb_component_summary(NULL, 0));
    assert_string_equal(hebb_component_name("Neuron", 0), hebb_component_name("neuron", 0));
}

static void test_nearest(void **state) {
    (void)state;
    static const char *const names[] = {"epochs", "batch-size", "lr|rate", NULL};
    static const char *const none[] = {NULL};
    assert_string_equal(hebb_nearest("epcohs", names), "epochs");
    assert_string_equal(hebb_nearest("batchsize", names), "batch-size");
    assert_string_equal(hebb_nearest("rat", names), "rate");
    assert_string_equal(hebb_nearest("xylophone", names), "");
    assert_string_equal(hebb_nearest("epochs", none), "");
    assert_string_equal(hebb_nearest(NULL, names), "");
    assert_string_equal(hebb_nearest("epochs", NULL), "");
}

static void test_pages(void **state) {
    (void)state;
    hebb_ctx *ctx;
    const char *text;
    assert_int_equal(hebb_ctx_create(NULL, &ctx), HEBB_OK);
    /* two components of one name: both pages, or the one of the kind */
    assert_int_equal(hebb_component_page(ctx, NULL, "null", &text), HEBB_OK);
    assert_non_null(strstr(text, "# null (neuron)"));
    assert_non_null(strstr(text, "# null (encoder)"));
    assert_int_equal(hebb_component_page(ctx, "decoder", "NULL", &text), HEBB_OK);
    assert_non_null(strstr(text, "# null (decoder)"));
    assert_null(strstr(text, "(neuron)"));
    /* an alias leads to the same page */
    assert_int_equal(hebb_component_page(ctx, "encoder", "poisson_encoder", &text), HEBB_OK);
    assert_int_equal(strncmp(text, "# poisson (encoder)\n", 20), 0);
    hebb_ctx_free(ctx);
}

/* By hand: length, header, two floats and four bytes. */
static const char *write_file(void) {
    static char path[32];
    static const char header[] = "{\"__metadata__\":{\"kind\":\"by hand\\nsecond line\"},"
                                 "\"a.weight\":{\"dtype\":\"F32\",\"shape\":[1,2],"
                                 "\"data_offsets\":[0,8]},"
                                 "\"b\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[8,12]}}";
    unsigned char length[8] = {(unsigned char)(sizeof header - 1)};
    strcpy(path, "/tmp/hebb-components-XXXXXX");
    int fd = mkstemp(path);
    FILE *file = fdopen(fd, "wb");
    assert_non_null(file);
    fwrite(length, 1, 8, file);
    fwrite(header, 1, sizeof header - 1, file);
    fwrite("\0\0\0\0\0\0\0\0\1\2\3\4", 1, 12, file);
    assert_int_equal(fclose(file), 0);
    return path;
}

static void test_describe(void **state) {
    (void)state;
    hebb_ctx *ctx;
    const char *text, *path = write_file();
    assert_int_equal(hebb_ctx_create(NULL, &ctx), HEBB_OK);
    assert_int_equal(hebb_file_describe(ctx, path, &text), HEBB_OK);
    assert_non_null(strstr(text, ": 2 arrays, 12 bytes of numbers\n"));
    assert_non_null(strstr(text, "F32   [1, 2]\n"));
    assert_non_null(strstr(text, "U8    [4]\n"));
    assert_non_null(strstr(text, "by hand ...\n"));
    hebb_ctx_free(ctx);
    unlink(path);
}

/* A run file as JSON: numbers, truth values, quoted numbers, lists, nothing, infinity. */
static void test_json(void **state) {
    (void)state;
    static const char yaml[] = "a: {b: 1.5, c: true, d: \"5\", e: [1, x, 2]}\nf:\ng: inf\n"
                               "h: \"a \\\"quote\\\"\"\n";
    char path[] = "/tmp/hebb-components-XXXXXX";
    int fd = mkstemp(path);
    FILE *file = fdopen(fd, "wb");
    hebb_ctx *ctx;
    const char *text;
    assert_non_null(file);
    fputs(yaml, file);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(hebb_ctx_create(NULL, &ctx), HEBB_OK);
    assert_int_equal(hebb_file_json(ctx, path, &text), HEBB_OK);
    assert_string_equal(text, "{\"a\": {\"b\": 1.5, \"c\": true, \"d\": \"5\", \"e\": [1, "
                              "\"x\", 2]}, \"f\": null, \"g\": Infinity, "
                              "\"h\": \"a \\\"quote\\\"\"}");
    unlink(path);
    assert_int_equal(hebb_file_json(ctx, path, &text), HEBB_E_IO);
    assert_null(text);
    assert_int_equal(hebb_file_json(ctx, NULL, &text), HEBB_E_ARGUMENT);
    hebb_ctx_free(ctx);
}

/* Every allocation of the two calls refused in turn. */
static void refuse(const char *path) {
    size_t refused = 0;
    for (size_t n = 1;; n++) {
        counting c = {0};
        hebb_allocator allocator = {counting_alloc, counting_realloc, counting_free, &c};
        hebb_ctx_options options = hebb_ctx_options_default();
        options.allocator = &allocator;
        options.threads = 1;
        hebb_ctx *ctx;
        const char *text = NULL;
        assert_int_equal(hebb_ctx_create(&options, &ctx), HEBB_OK);
        size_t before = c.requests;
        c.refuse = before + n;
        hebb_status status = path ? hebb_file_describe(ctx, path, &text)
                                  : hebb_component_page(ctx, NULL, "lif", &text);
        size_t asked = c.requests - before;
        if (status < 0) {
            assert_int_equal(status, HEBB_E_MEMORY);
            assert_null(text);
            assert_true(hebb_error(ctx)[0] != 0);
            refused++;
        }
        hebb_ctx_free(ctx);
        assert_int_equal(c.held, 0);
        assert_int_equal(c.wrong, 0);
        if (status >= 0 && asked < n) break;
        assert_int_equal(status, HEBB_E_MEMORY);
    }
    assert_true(refused > 0);
}

static void test_memory(void **state) {
    (void)state;
    const char *path = write_file();
    refuse(NULL);
    refuse(path);
    unlink(path);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_walk),   cmocka_unit_test(test_nearest),
        cmocka_unit_test(test_pages),  cmocka_unit_test(test_describe),
        cmocka_unit_test(test_memory), cmocka_unit_test(test_json),
    };
    return cmocka_run_group_tests_name("components", tests, NULL, NULL);
}

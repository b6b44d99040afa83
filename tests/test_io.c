#define _DEFAULT_SOURCE 1 /* mkdtemp */
/* YAML and safetensors. Oracles: sentences and trees written out by hand, and a
 * safetensors file laid out byte by byte here. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "counting_alloc.h"
#include "io/files.h"
#include "io/safetensors.h"
#include "io/yaml.h"

static hb_env env;
static char folder[] = "/tmp/hebb-io-XXXXXX";
static char path[200];

static int setup(void **state) {
    (void)state;
    hb_env_init(&env, NULL);
    return 0;
}

static int make_folder(void **state) {
    (void)state;
    if (!mkdtemp(folder)) return -1;
    snprintf(path, sizeof path, "%s/file", folder);
    return 0;
}

static int remove_folder(void **state) {
    (void)state;
    unlink(path);
    return rmdir(folder);
}

/* ---- YAML --------------------------------------------------------------- */

static const char sample[] = "# a network\n"
                             "dt: 0.1\n"
                             "name: \"5\"\n"
                             "layers:\n"
                             "  - {name: layer1, num: 10}\n"
                             "  - name: layer2\n"
                             "    taus: [1, 2.5, -3e-2]\n"
                             "nothing:\n"
                             "note: |\n"
                             "  two\n"
                             "  lines\n"
                             "void: ~\n";

static void check_sample(const hb_node *root, bool lines) {
    double value;
    assert_int_equal(root->type, HB_NODE_MAP);
    assert_int_equal(root->count, 6);
    assert_true(hb_node_number(hb_node_get(root, "dt"), &value) && value == 0.1);
    const hb_node *name = hb_node_get(root, "name");
    assert_true(name->quoted && !hb_node_number(name, &value));
    assert_string_equal(name->text, "5");
    const hb_node *layers = hb_node_get(root, "layers");
    assert_int_equal(layers->type, HB_NODE_LIST);
    assert_string_equal(hb_node_get(hb_node_at(layers, 0), "name")->text, "layer1");
    const hb_node *taus = hb_node_get(hb_node_at(layers, 1), "taus");
    assert_int_equal(taus->count, 3);
    assert_true(hb_node_number(hb_node_at(taus, 2), &value) && value == -0.03);
    assert_string_equal(hb_node_get(root, "nothing")->text, "");
    assert_string_equal(hb_node_get(root, "void")->text, "");
    assert_string_equal(hb_node_get(root, "note")->text, "two\nlines\n");
    if (!lines) return;
    assert_int_equal(hb_node_get(root, "dt")->line, 2);
    assert_int_equal(layers->line, 4);
    assert_int_equal(taus->line, 7);
    assert_int_equal(hb_node_get(root, "note")->line, 9);
}

static void test_yaml_read(void **state) {
    (void)state;
    hb_node *root;
    assert_int_equal(hb_yaml_read(&env, "net.yaml", sample, sizeof sample - 1, &root), HEBB_OK);
    check_sample(root, true);
    hb_text text;
    hb_text_init(&text, &env);
    hb_yaml_write(&text, root);
    hb_node_free(&env, root);
    assert_int_equal(hb_yaml_read(&env, "again", text.data, text.length, &root), HEBB_OK);
    check_sample(root, false);
    assert_string_equal(text.data, "dt: 0.1\n"
                                   "name: \"5\"\n"
                                   "layers:\n"
                                   "  - name: layer1\n"
                                   "    num: 10\n"
                                   "  - name: layer2\n"
                                   "    taus: [1, 2.5, -3e-2]\n"
                                   "nothing:\n"
                                   "note: \"two\\nlines\\n\"\n"
                                   "void:\n");
    hb_node_free(&env, root);
    hb_text_free(&text);
}

static void test_yaml_errors(void **state) {
    (void)state;
    static const struct {
        const char *text, *sentence;
    } cases[] = {
        {"a: 1\nb: 2\na: 3\n", "f:3: 'a' is given twice (first in line 1)"},
        {"a: 1\nb: &x 2\n", "f:2: anchors are not read; remove the anchor 'x'"},
        {"a: &x {b: 1}\n", "f:1: anchors are not read; remove the anchor 'x'"},
        {"a: 1\nb: *x\n", "f:2: aliases are not read; write the value instead of 'x'"},
        {"a: 1\n\nb: !!str 2\n", "f:3: tags are not read; remove 'tag:yaml.org,2002:str'"},
        {"a: !mine [1]\n", "f:1: tags are not read; remove '!mine'"},
        {"? [1, 2]\n: 3\n", "f:1: a key must be a single word or text, not a map or list"},
        {"a: 1\n---\nb: 2\n", "f:2: a second document begins; one is read from a file"},
        {"", "f: there is nothing in it"},
        {"# only words\n", "f: there is nothing in it"},
        {"a: [1, 2\nb: 3\n",
         "f:2: did not find expected ',' or ']' (while parsing a flow sequence)"},
        {"a:\n\t- 1\n", "f:2: found character that cannot start any token (while scanning for the "
                        "next token)"},
        {"a: \"\\0\"\n", "f:1: a text must not hold the character \\0"},
        {"a: b: c\n", "f:1: mapping values are not allowed in this context"},
        {"a: \"open\n", "f:2: found unexpected end of stream (while scanning a quoted scalar)"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        hb_node *root = NULL;
        assert_int_equal(hb_yaml_read(&env, "f", cases[i].text, strlen(cases[i].text), &root),
                         HEBB_E_PARSE);
        assert_string_equal(env.error, cases[i].sentence);
        assert_null(root);
    }
    hb_node *root;
    assert_int_equal(hb_yaml_read(&env, "f", "a: \xff\n", 5, &root), HEBB_E_PARSE);
    assert_non_null(strstr(env.error, "f:1: "));
    char deep[400];
    memset(deep, '[', sizeof deep);
    assert_int_equal(hb_yaml_read(&env, "f", deep, sizeof deep, &root), HEBB_E_PARSE);
    assert_string_equal(env.error, "f:1: nested deeper than the 64 levels that are read");
}

static void test_yaml_values(void **state) {
    (void)state;
    static const struct {
        const char *text, *out;
    } cases[] = {{"[1,2]", "- 1\n- 2\n"},
                 {"{x: 1}", "x: 1\n"},
                 {" 5 ", "5\n"},
                 {"'5'", "\"5\"\n"},
                 {"a: b # c", "\"a: b # c\"\n"},
                 {"[]", "[]\n"},
                 {"{}", "{}\n"},
                 {"[[1, 2], [3]]", "- [1, 2]\n- [3]\n"},
                 {"/data/run 1", "/data/run 1\n"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        hb_node *node = hb_yaml_scalar_or_flow(&env, cases[i].text);
        assert_non_null(node);
        assert_int_equal(node->line, 0);
        hb_text text;
        hb_text_init(&text, &env);
        hb_yaml_write(&text, node);
        assert_string_equal(text.data, cases[i].out);
        hb_text_free(&text);
        hb_node_free(&env, node);
    }
    assert_null(hb_yaml_scalar_or_flow(&env, "[1, 2"));
    assert_string_equal(env.error, "'[1, 2': did not find expected ',' or ']' (while parsing a "
                                   "flow sequence)");
    assert_null(hb_yaml_scalar_or_flow(&env, "{a: 1, a: 2}"));
    assert_string_equal(env.error, "'{a: 1, a: 2}': given twice: 'a'");
    assert_null(hb_yaml_scalar_or_flow(&env, "[1] x"));
    hb_node *null = hb_yaml_scalar_or_flow(&env, "");
    assert_string_equal(null->text, "");
    hb_node_free(&env, null);
}

static const char *const texts[] = {"plain",
                                    "two words",
                                    " lead",
                                    "trail ",
                                    "",
                                    "null",
                                    "~",
                                    "true",
                                    "1",
                                    "- x",
                                    "-",
                                    "--- a",
                                    "...",
                                    "a: b",
                                    "a #b",
                                    "#a",
                                    "[x]",
                                    "{x}",
                                    "'",
                                    "\"",
                                    "\\",
                                    "*x",
                                    "&x",
                                    "!x",
                                    "%x",
                                    "@x",
                                    "`x",
                                    "| x",
                                    "> x",
                                    "? x",
                                    "x:",
                                    ":x",
                                    ",",
                                    "line\nline",
                                    "\n",
                                    "tab\there",
                                    "\x01\x7f",
                                    "\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80",
                                    "\xE2\x80\xA8",
                                    "\xC2\x85",
                                    "\xEF\xBB\xBF",
                                    "=",
                                    "<<",
                                    "x = 1 if y else 2",
                                    "0.95 ** epoch",
                                    "-x",
                                    "-1",
                                    "(a + b) * c",
                                    "a  b",
                                    "\r"};
enum { COUNT = sizeof texts / sizeof texts[0] };

/* Any text, as key and as value, comes back the same. */
static void test_yaml_texts(void **state) {
    (void)state;
    char endless[700];
    memset(endless, 'k', sizeof endless);
    endless[sizeof endless - 1] = 0;
    for (int quoted = 0; quoted < 2; quoted++) {
        hb_node *root = hb_node_new(&env, HB_NODE_MAP, NULL), *back;
        hb_node *list = hb_node_new(&env, HB_NODE_LIST, NULL);
        for (size_t i = 0; i < COUNT; i++) {
            hb_node_put(&env, root, texts[i], texts[i]);
            root->last->quoted = quoted;
            hb_node *item = hb_node_new(&env, HB_NODE_SCALAR, texts[i]);
            item->quoted = quoted;
            hb_node_add(&env, list, NULL, item);
        }
        hb_node_put(&env, root, endless, endless);
        hb_node_add(&env, root, "a list", list);
        hb_text text;
        hb_text_init(&text, &env);
        hb_yaml_write(&text, root);
        if (hb_yaml_read(&env, "f", text.data, text.length, &back))
            fail_msg("%s in\n%s", env.error, text.data);
        for (size_t i = 0; i < COUNT; i++) {
            const hb_node *value = hb_node_get(back, texts[i]);
            assert_non_null(value);
            /* Unquoted, ~ is another way to write nothing. */
            assert_string_equal(value->text, texts[i]);
            assert_string_equal(hb_node_at(hb_node_get(back, "a list"), i)->text, texts[i]);
            if (quoted) assert_true(value->quoted);
        }
        assert_string_equal(hb_node_get(back, endless)->text, endless);
        hb_node_free(&env, back);
        hb_node_free(&env, root);
        hb_text_free(&text);
    }
}

static void test_yaml_noise(void **state) {
    (void)state;
    char bytes[sizeof sample];
    for (size_t cut = 0; cut < sizeof sample; cut++) {
        hb_node *root;
        if (hb_yaml_read(&env, "f", sample, cut, &root) == HEBB_OK) hb_node_free(&env, root);
        for (int flip = 1; flip < 256; flip *= 2) {
            memcpy(bytes, sample, sizeof sample);
            bytes[cut] = (char)(bytes[cut] ^ flip);
            if (hb_yaml_read(&env, "f", bytes, sizeof sample - 1, &root) == HEBB_OK)
                hb_node_free(&env, root);
        }
    }
}

static hebb_status read_and_write(hb_env *e) {
    hb_node *root;
    hebb_status status = hb_yaml_read(e, "f", sample, sizeof sample - 1, &root);
    if (status) return status;
    hb_text text;
    hb_text_init(&text, e);
    hb_yaml_write(&text, root);
    status = hb_text_done(&text);
    hb_text_free(&text);
    hb_node_free(e, root);
    return status;
}

static hebb_status read_value(hb_env *e) {
    hb_node *flow = hb_yaml_scalar_or_flow(e, "[1, 2]"), *plain = NULL;
    if (flow) plain = hb_yaml_scalar_or_flow(e, "word");
    hebb_status status = flow && plain ? HEBB_OK : HEBB_E_MEMORY;
    hb_node_free(e, flow);
    hb_node_free(e, plain);
    return status;
}

static void test_yaml_memory(void **state) {
    (void)state;
    assert_true(refuse_each(read_and_write) > 30);
    assert_true(refuse_each(read_value) > 5);
}

/* ---- files -------------------------------------------------------------- */

static void test_files(void **state) {
    (void)state;
    unsigned char *bytes;
    size_t size;
    hb_piece pieces[] = {{"hello ", 6}, {"", 0}, {"world", 5}};
    assert_int_equal(hb_file_write(&env, path, pieces, 3), HEBB_OK);
    assert_int_equal(hb_file_read(&env, path, 11, &bytes, &size), HEBB_OK);
    assert_int_equal(size, 11);
    assert_string_equal(bytes, "hello world");
    hb_free(&env, bytes);
    assert_int_equal(hb_file_read(&env, path, 10, &bytes, &size), HEBB_E_FORMAT);
    assert_int_equal(hb_file_read(&env, folder, 10, &bytes, &size), HEBB_E_IO);
    assert_int_equal(hb_file_read(&env, "/nowhere/x", 10, &bytes, &size), HEBB_E_IO);
    assert_string_equal(env.error, "cannot open '/nowhere/x': No such file or directory");
    assert_int_equal(hb_file_write(&env, "/nowhere/x", pieces, 3), HEBB_E_IO);
    assert_int_equal(hb_file_write(&env, folder, pieces, 3), HEBB_E_IO);
    /* A write that fails leaves what was there, and no file beside it. */
    char temporary[220];
    snprintf(temporary, sizeof temporary, "%s.tmp", folder);
    assert_int_equal(access(temporary, F_OK), -1);
    snprintf(temporary, sizeof temporary, "%s.tmp", path);
    assert_int_equal(access(temporary, F_OK), -1);
    hb_node *root;
    assert_int_equal(hb_yaml_read_file(&env, path, &root), HEBB_OK);
    assert_string_equal(root->text, "hello world");
    hb_node_free(&env, root);
}

/* ---- safetensors -------------------------------------------------------- */

static size_t by_hand(unsigned char *bytes, const char *header, const void *data, size_t size) {
    size_t n = strlen(header);
    for (int i = 0; i < 8; i++) bytes[i] = (unsigned char)((uint64_t)n >> (8 * i));
    memcpy(bytes + 8, header, n);
    if (size) memcpy(bytes + 8 + n, data, size);
    return 8 + n + size;
}

static hebb_status take(hb_env *e, const unsigned char *bytes, size_t size, hb_safetensors **file) {
    *file = NULL;
    unsigned char *copy = hb_alloc(e, size); /* exact, so that ASan sees an overrun */
    if (!copy) return HEBB_E_MEMORY;
    if (size) memcpy(copy, bytes, size);
    return hb_safetensors_take(e, "f", copy, size, file);
}

static void test_tensors_by_hand(void **state) {
    (void)state;
    unsigned char bytes[1000];
    float numbers[] = {1, -2.5f, 3};
    hb_safetensors *file;
    /* A header of 63 bytes and its blanks: the numbers are not aligned. */
    size_t size = by_hand(bytes,
                          "{\"a\\u00e4\\n\": {\"shape\": [3, 1], \"data_offsets\":[0,12] ,"
                          "\"dtype\":\"F32\"},\"__metadata__\":{\"k\":\"v\\ud83d\\ude00\"} }   ",
                          numbers, 12);
    assert_int_equal(take(&env, bytes, size, &file), HEBB_OK);
    const hb_tensor *t = hb_safetensors_find(file, "a\xC3\xA4\n");
    assert_non_null(t);
    assert_ptr_equal(hb_safetensors_at(file, 0), t);
    assert_null(hb_safetensors_at(file, 1));
    assert_true(t->type == HB_TENSOR_F32 && t->ndim == 2 && t->shape[0] == 3 && t->shape[1] == 1);
    assert_int_equal((uintptr_t)t->data % 4, 0);
    assert_memory_equal(t->data, numbers, 12);
    assert_string_equal(hb_safetensors_metadata(file, "k"), "v\xF0\x9F\x98\x80");
    assert_null(hb_safetensors_metadata(file, "x"));
    hb_safetensors_close(&env, file);
    size = by_hand(bytes, "{}", NULL, 0);
    assert_int_equal(take(&env, bytes, size, &file), HEBB_OK);
    assert_null(hb_safetensors_find(file, "x"));
    assert_null(hb_safetensors_metadata(file, "x"));
    hb_safetensors_close(&env, file);
}

#define T(name, type, shape, from, to)                                                             \
    "\"" name "\":{\"dtype\":\"" type "\",\"shape\":" shape ",\"data_offsets\":[" from "," to "]}"

static void test_tensors_refused(void **state) {
    (void)state;
    static const struct {
        const char *header, *part;
    } cases[] = {
        {"", "'{' is missing"},
        {" {}", "'{' is missing"},
        {"[]", "'{' is missing"},
        {"{" T("a", "F32", "[3]", "0", "12") "}x", "text behind the header"},
        {"{" T("a", "F32", "[2]", "0", "12") "}", "tensor 'a' has a size that differs"},
        {"{" T("a", "F32", "[2]", "0", "8") "}", "4 bytes behind the last tensor"},
        {"{" T("a", "F32", "[4]", "0", "16") "}", "tensor 'a' goes beyond the file"},
        {"{" T("a", "F32", "[2]", "4", "12") "}", "tensor 'a' leaves a hole"},
        {"{" T("a", "F32", "[2]", "0", "8") "," T("b", "F32", "[2]", "4", "12") "}",
         "tensor 'b' overlaps"},
        {"{" T("a", "F32", "[2]", "0", "8") "," T("a", "F32", "[1]", "8", "12") "}",
         "tensor 'a' is there twice"},
        {"{" T("a", "F31", "[3]", "0", "12") "}", "an unknown dtype"},
        {"{" T("a", "F32", "[3]", "12", "0") "}", "tensor 'a' leaves a hole"},
        {"{" T("a", "F32", "[-3]", "0", "12") "}", "a whole number was expected"},
        {"{" T("a", "F32", "[3.0]", "0", "12") "}", "']' is missing"},
        {"{" T("a", "F32", "[03]", "0", "12") "}", "a whole number was expected"},
        {"{" T("a", "F32", "[99999999999999999999]", "0", "12") "}", "too large"},
        {"{" T("a", "F32", "[1000000000000000000,1000000000000000000]", "0", "12") "}",
         "larger than any file"},
        /* 4 * 2^59 * 2^5 wraps to 0 in 64 bits */
        {"{" T("a", "F32", "[576460752303423488,32]", "0", "0") "}", "larger than any file"},
        {"{" T("a", "F32", "[1,1,1,1,1,1,1,1,3]", "0", "12") "}", "more than 8 dimensions"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[3]}}", "a tensor without dtype"},
        {"{\"a\":{\"dtype\":\"F32\",\"dtype\":\"F32\"}}", "a field twice"},
        {"{\"a\":{\"type\":\"F32\"}}", "an unknown field"},
        {"{\"a\":3}", "'{' is missing"},
        {"{\"a\"", "':' is missing"},
        {"{\"a", "a string that does not end"},
        {"{\"a\\", "a string that does not end"},
        {"{\"a\\q\":1}", "an unknown escape"},
        {"{\"\\u0000\":1}", "an escape that is no character"},
        {"{\"\\ud800\":1}", "half of a surrogate pair"},
        {"{\"\\udc00\":1}", "half of a surrogate pair"},
        {"{\"\xff\":1}", "a byte that no string may hold"},
        {"{\"\xed\xa0\x80\":1}", "a byte that no string may hold"},
        {"{\"\n\":1}", "a byte that no string may hold"},
        {"{\"__metadata__\":{\"a\":1}}", "'\"' is missing"},
        {"{\"__metadata__\":{\"a\":\"1\",\"a\":\"2\"}," T("a", "F32", "[3]", "0", "12") "}",
         "a key of __metadata__ twice"},
        {"{\"__metadata__\":{},\"__metadata__\":{}}", "__metadata__ twice"},
        {"{,}", "'\"' is missing"},
    };
    unsigned char bytes[2000], numbers[12] = {0};
    hb_safetensors *file;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t size = by_hand(bytes, cases[i].header, numbers, 12);
        hebb_status status = take(&env, bytes, size, &file);
        if (status != HEBB_E_FORMAT || !strstr(env.error, cases[i].part))
            fail_msg("%s: %d, %s", cases[i].header, status, env.error);
        assert_null(file);
    }
    memset(bytes, 0xff, sizeof bytes);
    assert_int_equal(take(&env, bytes, 100, &file), HEBB_E_FORMAT);
    assert_non_null(strstr(env.error, "does not fit into a file of 100"));
    assert_int_equal(hb_safetensors_open(&env, "/nowhere/x", &file), HEBB_E_IO);
}

static const float weights[6] = {1, 2, 3, 4, 5, -0.5f};
static const double loss = 0.1;
static const int64_t ids[2] = {-1, INT64_MAX};
static const uint64_t counters[1] = {UINT64_MAX};
static const uint8_t flags[3] = {1, 0, 255};
static const int32_t small[2] = {-7, 7};
static const uint32_t words[1] = {0xdeadbeef};
static const hb_tensor tensors[] = {{"flags", HB_TENSOR_U8, {3}, 1, flags},
                                    {"layer1.weight", HB_TENSOR_F32, {2, 3}, 2, weights},
                                    {"loss", HB_TENSOR_F64, {0}, 0, &loss},
                                    {"ids \"\\\n", HB_TENSOR_I64, {2}, 1, ids},
                                    {"counters", HB_TENSOR_U64, {1}, 1, counters},
                                    {"small", HB_TENSOR_I32, {1, 2, 1}, 3, small},
                                    {"words", HB_TENSOR_U32, {1}, 1, words},
                                    {"empty", HB_TENSOR_F32, {4, 0}, 2, NULL}};
enum { TENSORS = sizeof tensors / sizeof tensors[0] };
static const hb_metadata metadata[] = {{"version", "0.1.0"},
                                       {"config", "a: \"b\"\n\tc\x01\xC3\xA4"}};

static void check_tensors(const hb_safetensors *file) {
    for (size_t i = 0; i < TENSORS; i++) {
        const hb_tensor *t = hb_safetensors_find(file, tensors[i].name);
        assert_non_null(t);
        assert_int_equal(t->type, tensors[i].type);
        assert_int_equal(t->ndim, tensors[i].ndim);
        for (size_t d = 0; d < t->ndim; d++) assert_int_equal(t->shape[d], tensors[i].shape[d]);
        size_t bytes = hb_tensor_count(t) * hb_tensor_type_size(t->type);
        assert_int_equal((uintptr_t)t->data % hb_tensor_type_size(t->type), 0);
        if (bytes) assert_memory_equal(t->data, tensors[i].data, bytes);
    }
    assert_non_null(hb_safetensors_at(file, TENSORS - 1));
    assert_null(hb_safetensors_at(file, TENSORS));
    for (int i = 0; i < 2; i++)
        assert_string_equal(hb_safetensors_metadata(file, metadata[i].key), metadata[i].value);
    assert_string_equal(hb_safetensors_metadata_at(file, 0)->key, "config");
    assert_null(hb_safetensors_metadata_at(file, 2));
}

static void test_tensors_round(void **state) {
    (void)state;
    hb_safetensors *file;
    unsigned char *bytes;
    size_t size;
    assert_int_equal(hb_safetensors_write(&env, path, tensors, TENSORS, metadata, 2), HEBB_OK);
    assert_int_equal(hb_safetensors_open(&env, path, &file), HEBB_OK);
    check_tensors(file);
    hb_safetensors_close(&env, file);
    hb_safetensors_close(&env, NULL);
    assert_int_equal(hb_file_read(&env, path, SIZE_MAX, &bytes, &size), HEBB_OK);
    for (size_t cut = 0; cut < size; cut++) {
        assert_int_equal(take(&env, bytes, cut, &file), HEBB_E_FORMAT);
        assert_null(file);
    }
    size_t accepted = 0;
    for (size_t at = 0; at < size; at++) {
        for (int change = 1; change < 256; change++) {
            bytes[at] ^= (unsigned char)change;
            if (take(&env, bytes, size, &file) == HEBB_OK) accepted++;
            hb_safetensors_close(&env, file);
            bytes[at] ^= (unsigned char)change;
        }
    }
    assert_true(accepted > 0); /* a changed number is still a number */
    hb_free(&env, bytes);
    hb_tensor wrong[2] = {tensors[0], tensors[0]};
    assert_int_equal(hb_safetensors_write(&env, path, wrong, 2, NULL, 0), HEBB_E_ARGUMENT);
    assert_non_null(strstr(env.error, "tensor 'flags' is given twice"));
    wrong[0].shape[0] = SIZE_MAX;
    assert_int_equal(hb_safetensors_write(&env, path, wrong, 1, NULL, 0), HEBB_E_ARGUMENT);
    assert_int_equal(hb_safetensors_open(&env, path, &file), HEBB_OK); /* untouched */
    check_tensors(file);
    hb_safetensors_close(&env, file);
}

static hebb_status write_tensors(hb_env *e) {
    return hb_safetensors_write(e, path, tensors, TENSORS, metadata, 2);
}

static hebb_status read_tensors(hb_env *e) {
    hb_safetensors *file;
    hebb_status status = hb_safetensors_open(e, path, &file);
    hb_safetensors_close(e, file);
    return status;
}

static hebb_status read_unaligned(hb_env *e) {
    unsigned char bytes[500];
    hb_safetensors *file;
    size_t size = by_hand(bytes, "{" T("a", "F64", "[1]", "0", "8") "}", &loss, 8);
    hebb_status status = take(e, bytes, size, &file);
    hb_safetensors_close(e, file);
    return status;
}

static void test_tensors_memory(void **state) {
    (void)state;
    assert_true(refuse_each(write_tensors) > 3);
    assert_true(refuse_each(read_tensors) > 4);
    assert_true(refuse_each(read_unaligned) > 4);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_yaml_read, setup),
        cmocka_unit_test_setup(test_yaml_errors, setup),
        cmocka_unit_test_setup(test_yaml_values, setup),
        cmocka_unit_test_setup(test_yaml_texts, setup),
        cmocka_unit_test_setup(test_yaml_noise, setup),
        cmocka_unit_test_setup(test_yaml_memory, setup),
        cmocka_unit_test_setup(test_files, setup),
        cmocka_unit_test_setup(test_tensors_by_hand, setup),
        cmocka_unit_test_setup(test_tensors_refused, setup),
        cmocka_unit_test_setup(test_tensors_round, setup),
        cmocka_unit_test_setup(test_tensors_memory, setup),
    };
    return cmocka_run_group_tests_name("io", tests, make_folder, remove_folder);
}

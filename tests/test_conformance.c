/* hebb-conformance itself: it must pass on SPAIC's recordings, tell a right number from a wrong
 * one, and meet broken files with a sentence. The numbers of the small files here are worked out
 * by hand. HEBB_CONFORMANCE is the program's path (CMake). */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "/tmp/hebb-conformance-XXXXXX";
static char path[200];
static char output[1 << 20];

static int make_folder(void **state) {
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state) {
    (void)state;
    return rmdir(folder);
}

/* The exit status; what it printed lies in output. */
static int run(const char *argument) {
    char command[600];
    snprintf(command, sizeof command, "%s %s 2>&1", HEBB_CONFORMANCE, argument);
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    size_t length = fread(output, 1, sizeof output - 1, pipe);
    output[length] = 0;
    int status = pclose(pipe);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Writes the one file of the folder and runs on it. */
static int run_on(const char *name, const char *text) {
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    int status = run(folder);
    unlink(path);
    return status;
}

static void assert_says(const char *words) {
    if (!strstr(output, words)) fail_msg("'%s' is not in: %s", words, output);
}

static void assert_counts(size_t passed, size_t failed, size_t skipped) {
    char line[80];
    snprintf(line, sizeof line, "\n%zu passed, %zu failed, %zu skipped\n", passed, failed, skipped);
    assert_says(line);
}

/* ---- SPAIC's recordings ---- */

/* All that may be skipped. */
static const char *const skipped[] = {
    "forward_aeif.json: ", "forward_glif.json: ",  "forward_izh.json: ",
    "forward_hh.json: ",   "forward_other.json: ", "conv_grad.json: "};

static void test_goldens(void **state) {
    (void)state;
    const char *goldens = getenv("HEBB_GOLDENS_DIR");
    if (!goldens) {
        printf("skipped: HEBB_GOLDENS_DIR is not set\n");
        skip();
    }
    int status = run(goldens);
    size_t passed = 0;
    for (char *line = strtok(output, "\n"); line; line = strtok(NULL, "\n")) {
        passed += !strncmp(line, "ok ", 3);
        if (!strncmp(line, "FAILED", 6)) print_message("%s\n", line);
        if (strncmp(line, "skipped ", 8)) continue;
        bool expected = false;
        for (size_t i = 0; i < sizeof skipped / sizeof *skipped; i++)
            expected |= !strncmp(line + 8, skipped[i], strlen(skipped[i]));
        if (!expected) fail_msg("this must not be skipped: %s", line);
    }
    assert_int_equal(status, 0);
    assert_true(passed >= 620);
}

/* ---- right and wrong numbers ---- */

#define LIF_NET                                                                                    \
    "\"model\": \"lif\", \"dt\": 1, \"batch\": 1, \"build_strategy\": 1, \"neuron_kwargs\": {}, "
/* 0.6 a step: fires at 0.6 exp(-1/8) + 0.6 > 1 */
#define FORWARD                                                                                    \
    "{\"cases\": [{\"case\": \"a\", " LIF_NET "\"T\": 3, \"weights\": {\"connection1\": [[0.6]], " \
    "\"connection2\": [[2]]}, \"input_spikes\": [[[1]], [[1]], [[1]]], "                           \
    "\"constants\": {\"layer1.tauM\": %s}, \"initial\": {\"layer1.V\": 0}, \"trace\": {"           \
    "\"layer1.V\": [[[0.6]], [[%s]], [[0.6]]], \"layer1.O\": [[[0]], [[%s]], [[0]]], "             \
    "\"layer2.Isyn\": [[[0]], [[%s]], [[0]]]}, \"decoder_output\": [[%s]], \"layer1_spikes\": "    \
    "%s}]}"
/* u1 = 1.5, u2 = (1.2, 0.2), O2 = (1, 0): both in the window; p = softmax(1, 0) */
#define GRADIENT                                                                                   \
    "{\"config\": {" LIF_NET "\"T\": 1, \"labels\": [0], \"weights\": {\"connection1\": "          \
    "[[1.5]], \"connection2\": [[1.2], [0.2]]}, \"input_spikes\": [[[1]]], \"loss\": "             \
    "\"cross_entropy(spike_counts, labels), mean over batch\", \"constants\": {}}, "               \
    "\"forward\": {\"trace\": {\"layer1.O\": [[[1]]]}, \"output\": [[1, 0]]}, \"cases\": "         \
    "[{\"case\": \"a\", \"algorithm\": \"STCA\", \"surrogate\": null, \"alpha\": 1, \"loss\": "    \
    "%s, \"grad\": {\"connection1.weight\": [[%s]], \"connection2.weight\": [[%s], "               \
    "[0.26894142]]}, \"after_SGD_lr0.1\": {\"connection1.weight\": [[%s]]}}]}"
#define ENCODER                                                                                    \
    "{\"cases\": [{\"case\": \"a\", \"encoder\": \"%s\", \"kwargs\": {\"num\": 2}, \"dt\": 0.1, "  \
    "\"time_step\": 2, \"source\": [[[1, %s], [0.5, 1]]], \"output\": [[[1, %s]], [[0.5, 1]]]}]}"
#define RANDOM                                                                                     \
    "{\"cases\": [{\"case\": \"a\", \"encoder\": \"poisson\", \"kwargs\": {\"unit_conversion\": "  \
    "%s}, \"dt\": 1, \"time_step\": 20, \"source\": [[0.5]], \"random\": true, \"output\": "       \
    "[[[1]],[[0]],[[1]],[[0]],[[1]],[[0]],[[1]],[[0]],[[1]],[[0]],[[1]],[[0]],[[1]],[[0]],[[1]],"  \
    "[[0]],[[1]],[[0]],[[1]],[[0]]]}]}"
#define RECORDS                                                                                    \
    "{\"records\": {\"spikes\": [[[1, 0, 1, 1]], [[1, 0, 0, 0]]]}, \"decoders\": [{\"case\": "     \
    "\"a\", \"method\": \"spike_counts\", \"kwargs\": {\"pop_size\": 2}, \"record\": "             \
    "\"spikes\", \"output\": [[%s, 2]]}], \"rewards\": [{\"case\": \"b\", \"method\": "            \
    "\"global_reward\", \"kwargs\": {}, \"record\": \"spikes\", \"target\": [0], \"output\": "     \
    "%s}], \"actions\": [{\"case\": \"c\", \"method\": \"highest_spikes_action\", \"record\": "    \
    "\"spikes[:,0:1]\", \"output\": %s}, {\"case\": \"d\", \"method\": \"pop_rate_action\", "      \
    "\"record\": \"spikes\", \"random\": true, \"output\": %s}]}"
/* fires in steps 1 and 2; in step 2 SPAIC sees the input of 0 and 1 (trace 1.5) and the first
 * spike, and adds 0.1 times that in step 3 */
#define PLASTIC                                                                                    \
    "{\"cases\": [{\"case\": \"a\", \"algorithm\": \"full_online_STDP\", \"neuron\": \"lif\", "    \
    "\"neuron_kwargs\": {\"v_th\": 0.5}, \"dt\": 0.1, \"T\": 4, \"batch\": 1, \"w_norm\": 2, "     \
    "\"backend_runtime_at_build\": 1000, \"build_strategy\": 0, \"learner_kwargs\": {\"Apost\": "  \
    "0.1, \"Apre\": 0, \"trace_decay\": 0.5}, \"W0\": [[0.6]], \"W_after_build\": [[%s]], "        \
    "\"input_spikes\": [[[[1]], [[1]], [[0]], [[0]]]], \"runs\": [{\"W_per_step\": [[[0.6]], "     \
    "[[%s]], [[0.6]], [[%s]]], \"W_end\": [[%s]], \"trace\": {\"layer1.O\": [[[0]], [[1]], "       \
    "[[%s]], [[0]]]}}]}]}"
#define OPTIMIZER                                                                                  \
    "{\"p0\": [1, 2], \"gradients\": [[2, 4], [2, 4]], \"cases\": [{\"optimizer\": \"SGD\", "      \
    "\"kwargs\": {\"lr\": 0.5}, \"params_float64\": [[0, 0], [%s, -2]], \"params_float32\": "      \
    "[[0, 0], [-1, %s]]}]}"
#define SCHEDULE                                                                                   \
    "{\"cases\": [{\"scheduler\": \"%s\", \"kwargs\": {\"step_size\": 1, \"gamma\": 0.5}, "        \
    "\"optimizer\": \"SGD\", \"optimizer_kwargs\": {}, \"base_lr\": 0.1, \"lr\": [0.1, %s]}]}"

typedef struct sample {
    const char *name, *text;
    size_t trials;
    const char *right[6];
    const char *wrong[6]; /* each by itself; NULL: it cannot be wrong alone */
} sample;

static const sample samples[] = {
    {"forward.json",
     FORWARD,
     2,
     {"0.8824969", "0", "1", "2", "1", "1"},
     {"0.88", "0.001", "0", "2.1", "2", "2"}},
    {"grad.json",
     GRADIENT,
     2,
     {"0.3132617", "-0.26894142", "-0.26894142", "1.526894142"},
     {"0.3142", "-0.268", "0.26894142", "1.4731"}},
    {"encoder.json", ENCODER, 2, {"null", "1", "1"}, {"nul", "0", "0"}},
    {"random.json", RANDOM, 2, {"1"}, {"0.01"}},
    {"records.json", RECORDS, 5, {"2", "1", "0", "2"}, {"3", "-1", "1", "1"}},
    {"plastic.json",
     PLASTIC,
     3,
     {"0.6", "0.6", "0.75", "0.75", "1"},
     {"0.5", "0.7", "0.7503", "0.751", "0"}},
    {"optimizer.json", OPTIMIZER, 2, {"-1", "-2"}, {"-1.00001", "-2.0001"}},
    {"schedule.json", SCHEDULE, 1, {"StepLR", "0.05"}, {"StepLB", "0.0501"}},
};

static int run_sample(const sample *s, size_t wrong) {
    char text[2000];
    const char *v[6];
    for (size_t i = 0; i < 6; i++) v[i] = i == wrong ? s->wrong[i] : s->right[i];
#if defined(__GNUC__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#endif
    int length = snprintf(text, sizeof text, s->text, v[0], v[1], v[2], v[3], v[4], v[5]);
#if defined(__GNUC__)
#pragma GCC diagnostic pop
#endif
    assert_true(length > 0 && (size_t)length < sizeof text);
    return run_on(s->name, text);
}

static void test_right_numbers(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
        int status = run_sample(&samples[i], SIZE_MAX);
        if (status) print_message("%s", output);
        assert_int_equal(status, 0);
        assert_counts(samples[i].trials, 0, 0);
    }
}

static void test_wrong_numbers(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++)
        for (size_t k = 0; k < 6 && samples[i].wrong[k]; k++) {
            int status = run_sample(&samples[i], k);
            if (status != 1)
                fail_msg("%s with %s passes: %s", samples[i].name, samples[i].wrong[k], output);
            assert_says("FAILED ");
            assert_null(strstr(output, " 0 failed"));
        }
}

/* ---- broken files ---- */

static void test_broken_files(void **state) {
    (void)state;
    static const struct {
        const char *text, *sentence;
    } cases[] = {
        {"", "a.json: it is not JSON: the text makes no sense in line 1, byte 1"},
        {"{\"cases\": [\n{\"case\": ", "a.json: it is not JSON: the text makes no sense in line 2"},
        {"{} x", "a.json: it is not JSON"},
        {"[1]", "a.json: it is no golden file: it must be a JSON object"},
        {"{}", "a.json: it is no golden file: it has none of config"},
        {"{\"cases\": 3}", "a.json: it is no golden file"},
        {"{\"cases\": [{\"encoder\": 1}, 7]}", "a.json: case 1: a case must be an object, not a "
                                               "number"},
        {"{\"cases\": [{\"encoder\": 1}]}", "a.json: case 0 (spaic): 'encoder' must be a text"},
        {"{\"cases\": [{\"case\": \"x\", \"model\": \"lif\"}]}",
         "a.json: x (spaic): 'trace' is missing"},
        {"{\"cases\": [{\"case\": \"x\", \"model\": \"lif\", \"trace\": {}, \"weights\": []}]}",
         "'weights' must be an object, not a list"},
        {"{\"cases\": [{\"case\": \"x\", \"model\": \"lif\", \"trace\": {}, \"weights\": "
         "{\"connection3\": [[1]]}}]}",
         "weights.connection3: connections are connection1, connection2 and connection_rec"},
        {"{\"cases\": [{\"case\": \"x\", \"model\": \"lif\", \"trace\": {}, \"weights\": "
         "{\"connection1\": [[1, 2], [1]]}}]}",
         "connection1[1] is a list of 1; the lists before it have 2"},
        {"{\"cases\": [{\"case\": \"x\", \"model\": \"lif\", \"trace\": {}, \"weights\": "
         "{\"connection1\": [[1, null]]}}]}",
         "connection1[0][1] must be a number, not null"},
        {"{\"cases\": [{\"case\": \"x\", \"model\": \"lif\", \"trace\": {}, \"weights\": "
         "{\"connection1\": [[1, 2]], \"connection2\": [[1, 2]]}}]}",
         "connection2 has the shape [1, 2]; it must have [1, 1]"},
        {"{\"cases\": [{\"case\": \"x\", \"model\": \"lif\", \"trace\": {}, \"weights\": "
         "{\"connection1\": [[[[[1]]]]]}}]}",
         "connection1 is nested deeper than 4 lists"},
        {"{\"cases\": [{\"optimizer\": \"SGD\"}]}", "SGD  (double): 'p0' is missing"},
        {"{\"p0\": [1], \"gradients\": [[1]], \"cases\": [{\"optimizer\": \"SGDD\", "
         "\"params_float32\": [[1]], \"params_float64\": [[1]]}]}",
         "the optimizer: HEBB_E_NAME: "},
        {"{\"cases\": [{\"scheduler\": \"StepLR\", \"lr\": \"x\"}]}",
         "lr must be a number, not a text"},
        {"{\"config\": {}, \"cases\": [{\"case\": \"x\"}]}", "x (spaic): 'forward' is missing"},
        {"{\"config\": 1}", "a.json: 'cases' is missing; it must be a list of cases"},
        {"{\"decoders\": []}", "a.json: 'decoders' is an empty list; it must be a list of cases"},
        {"{\"decoders\": [{\"case\": \"x\", \"method\": \"null\", \"record\": \"V\"}]}",
         "a.json: x: records.V is missing"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(run_on("a.json", cases[i].text), 1);
        assert_says("FAILED ");
        assert_says(cases[i].sentence);
        assert_null(strstr(output, " 0 failed"));
        assert_says("0 passed, ");
    }
}

static void test_every_truncation(void **state) {
    (void)state;
    char text[] = "{\"decoders\": [{\"case\": \"x\", \"method\": \"spike_counts\", \"kwargs\": {}, "
                  "\"record\": [[[1, 0]]], \"output\": [[1, 0]]}]}";
    assert_int_equal(run_on("a.json", text), 0);
    for (size_t length = sizeof text - 2; length > 0; length -= length > 10 ? 9 : 1) {
        text[length] = 0;
        assert_int_equal(run_on("a.json", text), 1);
        assert_says("a.json: it is not JSON");
    }
}

static void test_folders(void **state) {
    (void)state;
    assert_int_equal(run(""), 2);
    assert_says("usage: hebb-conformance DIR...");
    assert_int_equal(run("/nowhere/at/all"), 1);
    assert_says("FAILED  /nowhere/at/all: there is no such folder");
    assert_int_equal(run(folder), 1);
    assert_says("there is no file *.json in it");
    assert_int_equal(
        run_on("conv_grad.json", "{\"cases\": [{\"case\": \"x\"}, {\"case\": \"y\"}]}"), 0);
    assert_says("skipped conv_grad.json: y: ");
    assert_counts(0, 0, 2);
    assert_int_equal(run_on("conv_grad.json", "{\"cases\": ["), 1);
    assert_says("conv_grad.json: it is not JSON");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_goldens),          cmocka_unit_test(test_right_numbers),
        cmocka_unit_test(test_wrong_numbers),    cmocka_unit_test(test_broken_files),
        cmocka_unit_test(test_every_truncation), cmocka_unit_test(test_folders),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}

/* Forward cases: constants, every traced variable at every step, the decoder's
 * output and the numbers of spikes. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "conformance.h"

/* layer1_spikes and layer2_spikes: sums over the trace, null without spikes. */
static void compare_sums(trial *t, const golden_net *g, const cJSON *run, const cJSON *trace,
                         const char *prefix) {
    static const char *const sums[] = {"layer1_spikes", "layer2_spikes"};
    static const char *const variables[] = {"layer1.O", "layer2.O"};
    for (int i = 0; i < 2; i++) {
        size_t shape[3];
        char what[80];
        if (!golden_optional(run, sums[i])) continue;
        double golden = golden_number(t, run, sums[i]), sum = 0;
        const double *values = golden_net_values(t, g, trace, variables[i], shape);
        if (!values) return;
        for (size_t k = 0; k < shape[0] * shape[1] * shape[2]; k++) sum += values[k];
        snprintf(what, sizeof what, "%s%s", prefix, sums[i]);
        trial_compare_one(t, what, golden, sum, golden == floor(golden) ? EXACT : TRACE_ERROR);
    }
}

/* Some files keep the trace in the run itself. */
static const cJSON *trace_of(trial *t, const cJSON *run) {
    bool itself = golden_optional(run, "layer1.V") && !golden_optional(run, "trace");
    return itself ? run : golden_object(t, run, "trace");
}

static void compare_run(trial *t, golden_net *g, const cJSON *run, const char *prefix) {
    const cJSON *trace = trace_of(t, run);
    char what[80];
    snprintf(what, sizeof what, "%sdecoder_output", prefix);
    if (!golden_net_run(t, g)) return;
    golden_net_compare_trace(t, g, trace, prefix);
    if (golden_optional(run, "decoder_output"))
        golden_net_compare_output(t, g, golden_optional(run, "decoder_output"), what);
    compare_sums(t, g, run, trace, prefix);
}

/* Every run records what the first one does, so one set of monitors serves. */
static bool same_members(trial *t, const cJSON *first, const cJSON *other) {
    const cJSON *a = first ? first->child : NULL, *b = other ? other->child : NULL;
    for (; a && b && !strcmp(a->string, b->string); a = a->next) b = b->next;
    return (!a && !b) || trial_problem(t, "the runs record different variables");
}

static void run_case(trial *t, const cJSON *node) {
    golden_net g = {0};
    const cJSON *runs = golden_optional(node, "runs");
    const cJSON *first = runs ? runs->child : node, *run;
    if (runs && (!cJSON_IsArray(runs) || !first)) trial_problem(t, "'runs' must be a list of runs");
    const cJSON *trace = trace_of(t, first);
    if (trial_fine(t) && golden_net_make(t, node, trace, &g) && golden_net_build(t, &g)) {
        golden_net_compare_constants(t, &g);
        if (!runs) compare_run(t, &g, node, "");
        size_t index = 0;
        if (runs) cJSON_ArrayForEach(run, runs) {
                char prefix[32];
                snprintf(prefix, sizeof prefix, "run %zu ", index++);
                if (same_members(t, trace, trace_of(t, run))) compare_run(t, &g, run, prefix);
            }
    }
    hebb_net_free(g.net);
}

void run_forward(const suite *s) {
    const cJSON *node;
    size_t index = 0;
    cJSON_ArrayForEach(node, golden_cases(s, s->root, "cases")) {
        char name[128];
        if (!golden_case(s, node, "case", index++, name, sizeof name)) continue;
        const char *ways[] = {"spaic", quirk_of_network(node) ? NULL : "none"};
        for (int i = 0; i < 2 && ways[i]; i++) {
            trial t;
            trial_begin(&t, s, name, ways[i]);
            run_case(&t, node);
            trial_end(&t, s->tally);
        }
    }
}

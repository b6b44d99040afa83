/* Which cases hold a quirk of SPAIC, so that they pass under compat = "spaic"
 * only. Taken from the table of design decisions ("What hebb decides where
 * SPAIC is silent, broken, or at odds with its own documentation"): all other
 * cases must give the same numbers without the option, and are run both ways. */
#include <math.h>
#include <string.h>

#include "conformance.h"

static const struct quirk {
    const char *component; /* neuron model or encoder; NULL: a connection */
    const char *argument;  /* it shows only if this is given; NULL: always */
    const char *reason;
} quirks[] = {
    {"lif", "v_reset", "SPAIC ignores v_reset"},
    {"plif", NULL, "SPAIC resets on the spike of the step before"},
    {"constantcurrentlif", NULL, "SPAIC reads input and spike of the step before"},
    {"nonspikinglif", NULL, "SPAIC reads each term one step late"},
    {"aclif", NULL, "SPAIC keeps the adaptation over runs"},
    {"lifstdp_ex", NULL, "SPAIC keeps theta for each sample"},
    {"alifstdp_ex", NULL, "SPAIC keeps theta for each sample"},
    {"diehlAndCook", NULL, "SPAIC counts before the run starts, and goes on from run to run"},
    {NULL, "max_delay", "SPAIC cuts delays down and reads the oldest entry for 0"},
    {NULL, "w_min", "SPAIC clamps at the start of a run; given weights outside are an error"},
    {NULL, "w_max", "SPAIC clamps at the start of a run; given weights outside are an error"},
    {"latency", NULL, "SPAIC takes the range of the batch and cuts times down"},
    {"relative_latency", NULL, "SPAIC takes the range of the batch and cuts times down"},
    {"uniform", NULL, "SPAIC takes the range of the batch"},
    {"sstb", NULL, "SPAIC cuts times down, in float"},
    {"mstb", NULL, "SPAIC cuts times down, counts and clamps"},
};
/* No quirk: lif, clif, clif2k, pclif, lifm, if, ifsoftreset, ifb, nonspikingifb, null, lifstdp_ih;
 * full connections, recurrent or not, with bias, synapse filter or weight_quantization;
 * the encoders null, float, constant_current, and bernoulli where every sample's
 * largest value is the batch's; all gradients; rewards of one sample that is not silent
 * (case_coding.c). Decoders, optimizers and schedules
 * do not know compat at all. */

static const char *find(const char *component, const cJSON *kwargs) {
    for (size_t i = 0; i < sizeof quirks / sizeof *quirks; i++) {
        const struct quirk *q = &quirks[i];
        bool same = component && q->component ? !strcmp(component, q->component)
                                              : component == q->component;
        bool shows = !q->argument || (kwargs && golden_optional(kwargs, q->argument));
        if (same && shows) return q->reason;
    }
    return NULL;
}

const char *quirk_of_network(const cJSON *config) {
    const cJSON *model = golden_optional(config, "model");
    const char *reason = find(cJSON_IsString(model) ? model->valuestring : "",
                              golden_optional(config, "neuron_kwargs"));
    const cJSON *member;
    cJSON_ArrayForEach(member, config) {
        if (reason) break;
        if (member->string && !strncmp(member->string, "connection", 10) &&
            strstr(member->string, "_kwargs"))
            reason = find(NULL, member);
    }
    return reason;
}

static double largest(const cJSON *list) {
    double most = -INFINITY;
    const cJSON *item;
    cJSON_ArrayForEach(item, list) most = fmax(most, cJSON_IsNumber(item) ? item->valuedouble : 0);
    return most;
}

const char *quirk_of_encoder(const cJSON *config) {
    const cJSON *encoder = golden_optional(config, "encoder"), *sample;
    const char *name = cJSON_IsString(encoder) ? encoder->valuestring : "";
    const char *reason = find(name, golden_optional(config, "kwargs"));
    if (reason || strcmp(name, "bernoulli")) return reason;
    const cJSON *source = golden_optional(config, "source");
    double first = largest(source ? source->child : NULL);
    cJSON_ArrayForEach(sample, source) {
        double other = largest(sample);
        if (fmax(other, 1) != fmax(first, 1)) return "SPAIC takes the largest value of the batch";
    }
    return NULL;
}

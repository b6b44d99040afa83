/* The window of pair STDP: pairs of spikes at every distance, the change that each leaves, and the
 * formula. Usage: stdp-window FILE.png; fails where a point is off the formula. */
#include <math.h>
#include <stdio.h>

#include "hebb/hebb.h"
#include "plot/plot.h"

enum { STEPS = 320, PRE = 150, REACH = 140, APART = 4, POINTS = 2 * REACH / APART + 1 };

static const double dt = 0.5, start = 0.5;
static const double A_plus = 0.01, A_minus = 0.0085, tau_plus = 17, tau_minus = 34; /* ms */

static double formula(double ms) {
    if (ms == 0) return A_plus - A_minus; /* both spikes pair */
    return ms > 0 ? A_plus * exp(-ms / tau_plus) : -A_minus * exp(ms / tau_minus);
}

/* input --plastic--> layer <--strong-- teacher, whose spikes are the layer's. */
static hebb_status build(hebb_ctx *ctx, hebb_net **net) {
    hebb_learner *learner;
    hebb_net_options o = hebb_net_options_default();
    o.dt = dt;
    o.time_max = STEPS * dt;
    o.precision = "double";
    hebb_status status = hebb_net_create(ctx, &o, net);
    if (status < 0) return status;
    hebb_group input = hebb_encoder(*net, "input", 1, "null", NULL);
    hebb_group teacher = hebb_encoder(*net, "teacher", 1, "null", NULL);
    hebb_group layer = hebb_neurons(*net, "layer", 1, "lif", HEBB_P({"v_th", 40}));
    hebb_connect(*net, "plastic", input, layer, "full", HEBB_P({"weight", start}));
    hebb_connect(*net, "force", teacher, layer, "full", HEBB_P({"weight", 1e4}));
    status = hebb_learner_create(*net, "stdp", HEBB_NAMES("plastic"),
                                 HEBB_P({"lr", 1}, {"A_plus", A_plus}, {"A_minus", A_minus},
                                        {"tau_plus", tau_plus}, {"tau_minus", tau_minus}),
                                 &learner);
    return status < 0 ? status : hebb_net_build(*net);
}

/* The change by a spike of the neuron `late` steps after one of its input. */
static hebb_status pair(hebb_net *net, int late, double *change) {
    float input[STEPS] = {0}, teacher[STEPS] = {0};
    double weight = start;
    input[PRE] = teacher[PRE + late] = 1;
    hebb_status status = hebb_net_set(net, "plastic.weight", &weight, 1);
    if (status >= 0) status = hebb_net_input(net, "input", input, 1, STEPS);
    if (status >= 0) status = hebb_net_input(net, "teacher", teacher, 1, STEPS);
    if (status >= 0) status = hebb_net_run(net, STEPS * dt);
    if (status >= 0) status = hebb_net_get(net, "plastic.weight", &weight, 1);
    *change = weight - start;
    return status;
}

int main(int argc, char **argv) {
    double measured[POINTS], wanted[POINTS], worst = 0;
    hebb_ctx *ctx;
    hebb_net *net;
    if (argc != 2) return fprintf(stderr, "usage: stdp-window FILE.png\n"), 2;
    if (hebb_ctx_create(NULL, &ctx) < 0) return fprintf(stderr, "out of memory\n"), 1;
    hebb_status status = build(ctx, &net);
    for (int i = 0; i < POINTS && status >= 0; i++) {
        int late = APART * i - REACH;
        status = pair(net, late, &measured[i]);
        wanted[i] = formula(late * dt);
        worst = fmax(worst, fabs(measured[i] - wanted[i]));
    }
    if (status < 0) return fprintf(stderr, "%s\n", hebb_error(ctx)), 1;
    printf("%d pairs; furthest from the formula: %.1e\n", (int)POINTS, worst);
    hb_env env;
    hb_env_init(&env, NULL);
    const hb_curve curves[] = {{"formula", wanted, HB_LINE}, {"measured", measured, HB_POINTS}};
    const hb_panel panel = {"change of a weight by a pair of spikes", curves, 2, -REACH * dt,
                            APART * dt};
    if (hb_plot_curves(&env, "postsynaptic minus presynaptic spike, ms", &panel, 1, POINTS,
                       argv[1]) < 0)
        return fprintf(stderr, "%s\n", env.error), 1;
    hebb_ctx_free(ctx);
    return worst < 1e-12 ? 0 : 1;
}

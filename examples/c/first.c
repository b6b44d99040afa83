#include <hebb/hebb.h>
#include <stdio.h>

static hebb_status learn(hebb_ctx *ctx, hebb_metrics *result) {
    hebb_dataset *train, *test;
    hebb_net *net;
    hebb_learner *learner;
    HEBB_TRY(hebb_dataset_open(ctx, "strokes", "train", NULL, 2000, &train));
    HEBB_TRY(hebb_dataset_open(ctx, "strokes", "test", NULL, 500, &test));
    hebb_net_options options = hebb_net_options_default();
    options.dt = 1; /* ms */
    HEBB_TRY(hebb_net_create(ctx, &options, &net));
    hebb_group in = hebb_encoder(net, "input", 784, "poisson", NULL);
    hebb_group l1 = hebb_neurons(net, "layer1", 100, "lif", NULL);
    hebb_group l2 = hebb_neurons(net, "layer2", 10, "lif", HEBB_P({"tau_m", 10.0}));
    hebb_connect(net, "connection1", in, l1, "full", NULL);
    hebb_connect(net, "connection2", l1, l2, "full", NULL);
    hebb_decode(net, "output", l2, "spike_counts", NULL);
    HEBB_TRY(hebb_learner_create(net, "STCA", HEBB_ALL, HEBB_P({"alpha", 1.0}), &learner));
    HEBB_TRY(hebb_learner_set_optimizer(learner, "Adam", 0.002, NULL));
    HEBB_TRY(hebb_net_build(net));
    hebb_fit_options fit = hebb_fit_options_default();
    fit.time = 20; /* ms */
    fit.epochs = 5;
    fit.batch_size = 20;
    HEBB_TRY(hebb_fit(learner, NULL, train, &fit, NULL));
    return hebb_evaluate(learner, NULL, test, &fit, result, NULL);
}

int main(void) {
    hebb_ctx *ctx;
    hebb_metrics result;
    if (hebb_ctx_create(NULL, &ctx) < 0) return 1;
    hebb_status status = learn(ctx, &result);
    if (status < 0) fprintf(stderr, "%s\n", hebb_error(ctx));
    if (status >= 0) printf("accuracy %.2f %%\n", 100 * result.accuracy);
    hebb_ctx_free(ctx);
    return status < 0;
}

/* hebb-bench: times the phases of a batch of fixed workloads over the public interface alone and
 * prints a JSON object a line. `hebb-bench --list` names them; tools/bench.sh runs each in a
 * process of its own, so that peak_bytes is its own, and bench/peers gives the same networks, with
 * the same weights and spikes (--dump), to other systems. */
#include <hebb/hebb.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

enum { MAX_LAYERS = 4, MAX_REPEATS = 4096, BATCHES = 8 };
enum { IMAGES, EVENTS, REAL };                          /* what goes in */
enum { TRAIN, PRODUCT, INFER, DIEHL_COOK, SPAIC_STDP }; /* what is timed */

typedef struct workload {
    const char *name, *model;
    int what, input, layers; /* layers: without the input */
    size_t size[MAX_LAYERS];
    size_t steps, batch;
    double dt, density; /* density: of EVENTS */
    const char *latency;
    int recurrent, relay; /* relay: neurons below whose gradient needs dX */
} workload;

#define SAME "same_step"
#define ONE  "one_step"
static const workload workloads[] = {
    {"w1", "lif", TRAIN, IMAGES, 2, {784, 400, 10}, 20, 100, 1, 0, SAME},
    {"w2", "lif", TRAIN, IMAGES, 3, {784, 800, 800, 10}, 50, 128, 1, 0, SAME},
    {"w1_clif", "clif", TRAIN, IMAGES, 2, {784, 400, 10}, 20, 100, 1, 0, SAME},
    {"w2_clif", "clif", TRAIN, IMAGES, 3, {784, 800, 800, 10}, 50, 128, 1, 0, SAME},
    {"spaic", "lif", TRAIN, IMAGES, 1, {784, 10}, 500, 100, 0.1, 0, ONE},
    {"recurrent", "lif", TRAIN, EVENTS, 2, {700, 256, 20}, 100, 128, 1, 0.02, ONE, 1},
    {"w3_512", "lif", PRODUCT, EVENTS, 1, {512, 512}, 500, 16, 1, 0.05, SAME},
    {"w3_512_dx", "lif", PRODUCT, EVENTS, 1, {512, 512}, 500, 16, 1, 0.05, SAME, 0, 1},
    {"w3_512_real", "lif", PRODUCT, REAL, 1, {512, 512}, 500, 16, 1, 0, SAME},
    {"w3_2048", "lif", PRODUCT, EVENTS, 1, {2048, 2048}, 500, 16, 1, 0.05, SAME},
    {"w3_2048_dx", "lif", PRODUCT, EVENTS, 1, {2048, 2048}, 500, 16, 1, 0.05, SAME, 0, 1},
    {"w3_2048_real", "lif", PRODUCT, REAL, 1, {2048, 2048}, 500, 16, 1, 0, SAME},
    {"infer", "lif", INFER, IMAGES, 2, {784, 400, 10}, 20, 1, 1, 0, SAME},
    {"diehl_cook_400", "", DIEHL_COOK, IMAGES, 1, {784, 400}, 700, 1, 0.5, 0, ONE},
    {"diehl_cook_1600", "", DIEHL_COOK, IMAGES, 1, {784, 1600}, 700, 1, 0.5, 0, ONE},
    {"spaic_stdp", "", SPAIC_STDP, IMAGES, 2, {784, 100, 100}, 256, 1, 0.1, 0, ONE},
};
enum { WORKLOADS = sizeof workloads / sizeof workloads[0] };

typedef struct bench_options {
    workload w;
    const char *dump;
    double seconds; /* to spend on a workload */
    int threads, most;
} bench_options;

typedef struct timer {
    const char *phase;
    int count;
    double wall[MAX_REPEATS], cpu[MAX_REPEATS];
} timer;
enum { INPUT, FORWARD, LOSS, BACKWARD, STEP, TOTAL, PHASES };

typedef struct bench {
    bench_options o;
    hebb_ctx *ctx;
    hebb_net *net;
    hebb_learner *learner;
    size_t first;    /* a batch's values */
    float *values;   /* [BATCHES][batch][784], or [T][batch][n] of REAL */
    int32_t *labels; /* [BATCHES][batch] */
    double *times;   /* of EVENTS, by sample */
    uint32_t *neurons;
    size_t *offsets;
    float *upstream; /* [batch][classes]: the gradient that comes from above */
    double *drawn;   /* room for the weights of a layer: held from the start, as it is not hebb's */
    const char *set;
    timer timers[PHASES];
    double loss, out_rate[MAX_LAYERS], start_bytes;
} bench;

static double clock_s(clockid_t id) {
    struct timespec t;
    clock_gettime(id, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* A plain generator of its own, so that weights and spikes depend on nothing else. */
static uint64_t state;
static double uniform(void) {
    state += 0x9E3779B97F4A7C15u;
    uint64_t z = state;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return (double)((z ^ (z >> 31)) >> 11) * 0x1p-53;
}
static double normal(void) {
    double u = 1 - uniform(), v = uniform();
    return sqrt(-2 * log(u)) * cos(6.283185307179586 * v);
}

static void *take(size_t count, size_t size) {
    void *p = calloc(count + 1, size);
    if (!p) {
        fprintf(stderr, "hebb-bench: out of memory\n");
        exit(1);
    }
    return p;
}

/* A line "key: N kB" of /proc/self/status, in bytes. */
static double memory(const char *key) {
    char line[256];
    double kb = 0;
    FILE *f = fopen("/proc/self/status", "r");
    while (f && fgets(line, sizeof line, f))
        if (!strncmp(line, key, strlen(key))) kb = atof(line + strlen(key));
    if (f) fclose(f);
    return kb * 1024;
}

/* The peak of memory counts from here on, without what read the data. */
static void forget_peak(void) {
    FILE *f = fopen("/proc/self/clear_refs", "w");
    if (!f) return;
    fputs("5", f);
    fclose(f);
}

/* ---- what goes in ------------------------------------------------------ */

static hebb_status images(bench *b) {
    const workload *w = &b->o.w;
    size_t count = BATCHES * w->batch, per = 784;
    hebb_dataset *data;
    b->set = "mnist";
    if (hebb_dataset_open(b->ctx, "mnist", "train", NULL, count, &data) < 0) {
        b->set = "strokes";
        HEBB_TRY(hebb_dataset_open(b->ctx, "strokes", "train", NULL, count, &data));
    }
    b->values = take(count * per, sizeof *b->values);
    b->labels = take(count, sizeof *b->labels);
    HEBB_TRY(hebb_dataset_samples(data, 0, count, b->values, b->labels));
    hebb_dataset_free(data);
    return HEBB_OK;
}

static void events(bench *b) {
    const workload *w = &b->o.w;
    size_t B = w->batch, n = w->size[0], at = 0;
    size_t room = (size_t)(1.2 * w->density * (double)(w->steps * n * B)) + 4096;
    b->set = "random spikes";
    b->times = take(room, sizeof *b->times);
    b->neurons = take(room, sizeof *b->neurons);
    b->offsets = take(B + 1, sizeof *b->offsets);
    for (size_t s = 0; s < B; s++) {
        for (size_t t = 0; t < w->steps; t++)
            for (size_t i = 0; i < n; i++)
                if (uniform() < w->density && at < room) {
                    b->times[at] = (double)t * w->dt;
                    b->neurons[at++] = (uint32_t)i;
                }
        b->offsets[s + 1] = at;
    }
}

static hebb_status prepare(bench *b) {
    const workload *w = &b->o.w;
    size_t classes = w->size[w->layers];
    state = 1;
    if (w->input == IMAGES) HEBB_TRY(images(b));
    if (w->input == EVENTS) events(b);
    if (w->input == REAL) {
        size_t count = w->steps * w->batch * w->size[0];
        b->set = "random reals";
        b->values = take(count, sizeof *b->values);
        for (size_t i = 0; i < count; i++) b->values[i] = (float)normal();
    }
    if (!b->labels) {
        b->labels = take(BATCHES * w->batch, sizeof *b->labels);
        for (size_t i = 0; i < BATCHES * w->batch; i++)
            b->labels[i] = (int32_t)((double)classes * uniform());
    }
    size_t most = w->size[1] * w->size[1];
    for (int k = 0; k < w->layers; k++)
        if (w->size[k] * w->size[k + 1] > most) most = w->size[k] * w->size[k + 1];
    b->drawn = take(most, sizeof *b->drawn);
    for (size_t i = 0; i < most; i++) b->drawn[i] = 1; /* its pages are there now */
    b->upstream = take(w->batch * classes, sizeof *b->upstream);
    for (size_t i = 0; i < w->batch * classes; i++) b->upstream[i] = (float)(uniform() - 0.5);
    return HEBB_OK;
}

static hebb_status give(bench *b) {
    const workload *w = &b->o.w;
    size_t per = w->input == REAL ? w->steps * w->size[0] : w->size[0];
    if (w->input == EVENTS)
        return hebb_net_input_events(b->net, "input", b->times, b->neurons, b->offsets, w->batch);
    const float *values = b->values + (w->input == REAL ? 0 : b->first * per);
    return hebb_net_input(b->net, "input", values, w->batch, per);
}

/* ---- networks ---------------------------------------------------------- */

static const double leak_tau = 9.49122158; /* decay 0.9 at 1 ms */

/* PyTorch's default draw of a Linear, times 3, so that all layers fire. */
static hebb_status draw(bench *b, const char *name, size_t post, size_t pre, double scale) {
    double bound = scale / sqrt((double)pre), *values = b->drawn;
    char key[64];
    for (size_t i = 0; i < post * pre; i++) values[i] = (float)(bound * (2 * uniform() - 1));
    snprintf(key, sizeof key, "%s.weight", name);
    return hebb_net_set(b->net, key, values, post * pre);
}

static hebb_status weights(bench *b) {
    const workload *w = &b->o.w;
    state = 2;
    for (int k = 0; k < w->layers; k++) {
        char name[32];
        snprintf(name, sizeof name, "c%d", k + 1);
        HEBB_TRY(draw(b, name, w->size[k + 1], w->size[k], strcmp(w->name, "spaic") ? 3 : 1));
    }
    if (w->recurrent) HEBB_TRY(draw(b, "rec", w->size[1], w->size[1], 1));
    return HEBB_OK;
}

static hebb_status learner(bench *b) {
    const workload *w = &b->o.w;
    hebb_learner **to = &b->learner;
    HEBB_TRY(hebb_learner_create(b->net, "STCA", HEBB_ALL,
                                 HEBB_P({"alpha", 0.5}, {"detach_reset", 1}), to));
    /* A rate so small that the network stays what it is, while all the work is done. */
    HEBB_TRY(hebb_learner_set_optimizer(*to, "Adam", 1e-9, NULL));
    return hebb_learner_set_loss(*to, NULL, w->what == PRODUCT ? NULL : "cross_entropy", NULL);
}

static void gradient_net(bench *b, int watch) {
    const workload *w = &b->o.w;
    const char *encoder = w->input == EVENTS ? "mstb" : w->input == REAL ? "null" : "bernoulli";
    int spaic = !strcmp(w->name, "spaic");
    hebb_group below = hebb_encoder(b->net, "input", w->size[0], spaic ? "poisson" : encoder, NULL);
    if (watch && w->input != REAL) hebb_spike_monitor(b->net, "spikes0", "input", NULL);
    if (w->relay) { /* passes spikes on; its window is open at each step, so dX is needed in full */
        hebb_group relay = hebb_neurons(b->net, "relay", w->size[0], "lif", HEBB_P({"v_th", 0.25}));
        hebb_connect(b->net, "c0", below, relay, "one_to_one", HEBB_P({"weight", 0.5}));
        below = relay;
    }
    for (int k = 1; k <= w->layers; k++) {
        char name[32], link[32], spikes[32];
        snprintf(name, sizeof name, "layer%d", k);
        snprintf(link, sizeof link, "c%d", k);
        snprintf(spikes, sizeof spikes, "spikes%d", k);
        int plain = spaic || strcmp(w->model, "lif") != 0;
        hebb_group layer = hebb_neurons(b->net, name, w->size[k], w->model,
                                        plain ? NULL : HEBB_P({"tau_m", leak_tau}));
        hebb_connect(b->net, link, below, layer, "full", HEBB_P({"weight", 0.0}));
        if (w->recurrent && k == 1)
            hebb_connect(b->net, "rec", layer, layer, "full", HEBB_P({"weight", 0.0}));
        if (watch) hebb_spike_monitor(b->net, spikes, name, NULL);
        below = layer;
    }
    hebb_decode(b->net, "class", below, "spike_counts", NULL);
}

/* As examples/mnist_diehl_cook_*.yaml. */
static hebb_status diehl_cook_net(bench *b, int watch) {
    const workload *w = &b->o.w;
    double theta_plus = w->size[1] > 1000 ? 0.1 : 0.05;
    hebb_group in =
        hebb_encoder(b->net, "input", 784, "poisson", HEBB_P({"unit_conversion", 0.06375}));
    hebb_group exc =
        hebb_neurons(b->net, "layer1", w->size[1], "diehl_cook_exc",
                     HEBB_P({"one_winner", 1}, {"tau_theta", 7e6}, {"theta_plus", theta_plus}));
    hebb_connect(
        b->net, "c1", in, exc, "full",
        HEBB_P(HEBB_STR("weight", "uniform(a=0.003, b=0.3)"), HEBB_STR("post_var_name", "ge")));
    hebb_connect(b->net, "inhibition", exc, exc, "lateral",
                 HEBB_P({"w_mean", 17}, HEBB_STR("post_var_name", "gi")));
    if (watch) {
        hebb_spike_monitor(b->net, "spikes0", "input", NULL);
        hebb_spike_monitor(b->net, "spikes1", "layer1", NULL);
    }
    return hebb_learner_create(b->net, "diehl_cook", HEBB_NAMES("c1"), HEBB_P({"w_norm", 78}),
                               &b->learner);
}

/* As SPAIC's Example/Stdp_test_main.py; its 0.06375 spikes per ms leave it all but silent, so the
 * input is four times as bright. */
static hebb_status spaic_stdp_net(bench *b, int watch) {
    size_t n = b->o.w.size[1], shape[2] = {n, n};
    double *others = take(n * n, sizeof *others);
    for (size_t i = 0; i < n * n; i++) others[i] = i % (n + 1) ? -120 : 0;
    hebb_group in =
        hebb_encoder(b->net, "input", 784, "poisson", HEBB_P({"unit_conversion", 0.25}));
    hebb_group exc = hebb_neurons(b->net, "layer1", n, "lifstdp_ex", NULL);
    hebb_group inh = hebb_neurons(b->net, "layer2", n, "lifstdp_ih", NULL);
    hebb_connect(b->net, "c1", in, exc, "full", HEBB_P(HEBB_STR("weight", "uniform(a=0, b=0.3)")));
    hebb_connect(b->net, "c2", exc, inh, "one_to_one", HEBB_P({"weight", 23.0}));
    hebb_connect(b->net, "c3", inh, exc, "full", HEBB_P(HEBB_MATRIX("weight", others, shape, 2)));
    free(others);
    if (watch) {
        hebb_spike_monitor(b->net, "spikes0", "input", NULL);
        hebb_spike_monitor(b->net, "spikes1", "layer1", NULL);
        hebb_spike_monitor(b->net, "spikes2", "layer2", NULL);
    }
    /* SPAIC scales the weights to w_norm after every step. */
    return hebb_learner_create(b->net, "full_online_stdp", HEBB_NAMES("c1"),
                               HEBB_P(HEBB_STR("norm", "step")), &b->learner);
}

static hebb_status build(bench *b, int watch) {
    const workload *w = &b->o.w;
    hebb_net_options options = hebb_net_options_default();
    options.dt = w->dt;
    options.latency = w->latency;
    options.batch_max = (int)w->batch;
    options.time_max = w->dt * (double)w->steps;
    HEBB_TRY(hebb_net_create(b->ctx, &options, &b->net));
    if (w->what == DIEHL_COOK || w->what == SPAIC_STDP) {
        HEBB_TRY(w->what == DIEHL_COOK ? diehl_cook_net(b, watch) : spaic_stdp_net(b, watch));
        return hebb_net_build(b->net);
    }
    gradient_net(b, watch);
    if (w->what != INFER) HEBB_TRY(learner(b));
    HEBB_TRY(hebb_net_build(b->net));
    if (w->what == INFER) HEBB_TRY(hebb_net_train(b->net, 0));
    return weights(b);
}

/* ---- time -------------------------------------------------------------- */

typedef struct mark {
    double wall, cpu;
} mark;

static mark now(void) {
    return (mark){clock_s(CLOCK_MONOTONIC), clock_s(CLOCK_PROCESS_CPUTIME_ID)};
}

static void add(timer *t, mark *since) {
    mark m = now();
    if (t->count < MAX_REPEATS) {
        t->wall[t->count] = m.wall - since->wall;
        t->cpu[t->count++] = m.cpu - since->cpu;
    }
    *since = m;
}

static hebb_status batch(bench *b) {
    const workload *w = &b->o.w;
    mark start = now(), m = start;
    timer *t = b->timers;
    HEBB_TRY(give(b));
    add(&t[INPUT], &m);
    HEBB_TRY(hebb_net_run(b->net, w->dt * (double)w->steps));
    if (w->what == INFER) {
        const float *predict;
        HEBB_TRY(hebb_net_predict(b->net, "class", &predict, NULL, NULL));
    }
    add(&t[FORWARD], &m);
    if (w->what == TRAIN || w->what == PRODUCT) {
        if (w->what == TRAIN)
            HEBB_TRY(hebb_learner_loss(b->learner, b->labels + b->first, w->batch, &b->loss));
        add(&t[LOSS], &m);
        HEBB_TRY(hebb_learner_zero_grad(b->learner));
        if (w->what == TRAIN)
            HEBB_TRY(hebb_learner_backward(b->learner));
        else
            HEBB_TRY(
                hebb_learner_backward_from(b->learner, b->upstream, w->batch, w->size[w->layers]));
        add(&t[BACKWARD], &m);
        if (w->what == TRAIN) HEBB_TRY(hebb_learner_optim_step(b->learner));
        add(&t[STEP], &m);
    }
    add(&t[TOTAL], &start);
    if (w->input == IMAGES) b->first = (b->first + w->batch) % (BATCHES * w->batch);
    return HEBB_OK;
}

static hebb_status measure(bench *b) {
    const workload *w = &b->o.w;
    static const char *const names[] = {"input", "forward", "loss", "backward", "step", "total"};
    /* A plastic network is warmed up until it has found its rate. */
    int warm = w->what == TRAIN || w->what == PRODUCT ? 1 : 100;
    for (int i = 0; i < warm; i++) HEBB_TRY(batch(b));
    for (int i = 0; i < PHASES; i++) b->timers[i] = (timer){.phase = names[i]};
    double end = clock_s(CLOCK_MONOTONIC) + b->o.seconds;
    for (int i = 0; i < b->o.most && (i < 3 || clock_s(CLOCK_MONOTONIC) < end); i++)
        HEBB_TRY(batch(b));
    return HEBB_OK;
}

/* ---- what comes out ---------------------------------------------------- */

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double sorted_median(double *values, int count) {
    qsort(values, (size_t)count, sizeof *values, by_size);
    return count % 2 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

static void row(bench *b, timer *t, double peak) {
    const workload *w = &b->o.w;
    if (!t->count) return;
    double median = sorted_median(t->wall, t->count), cpu = sorted_median(t->cpu, t->count);
    printf("{\"workload\": \"%s\", \"system\": \"hebb\", \"phase\": \"%s\", \"threads\": %d, "
           "\"seconds_median\": %.9g, \"seconds_min\": %.9g, \"seconds_max\": %.9g, "
           "\"cpu_seconds_median\": %.9g, \"cpu_seconds_min\": %.9g, \"repeats\": %d, ",
           w->name, t->phase, b->o.threads, median, t->wall[0], t->wall[t->count - 1], cpu,
           t->cpu[0], t->count);
    printf("\"steps\": %zu, \"batch\": %zu, \"sizes\": [", w->steps, w->batch);
    for (int k = 0; k <= w->layers; k++) printf("%s%zu", k ? ", " : "", w->size[k]);
    printf("], \"input\": \"%s\", \"spikes_per_neuron_step\": [", b->set);
    for (int k = 0; k <= w->layers; k++) printf("%s%.5g", k ? ", " : "", b->out_rate[k]);
    printf("], \"peak_bytes\": %.0f, \"peak_above_start_bytes\": %.0f, \"version\": \"hebb %s\"}\n",
           peak, peak - b->start_bytes, hebb_version());
}

static hebb_status file_of(bench *b, const char *name, FILE **f) {
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", b->o.dump, name);
    *f = fopen(path, "wb");
    if (*f) return HEBB_OK;
    fprintf(stderr, "hebb-bench: cannot write %s\n", path);
    return HEBB_E_IO;
}

/* As float32, row-major. */
static hebb_status put(bench *b, const char *name, int gradient) {
    size_t shape[4], ndim, count = 1;
    char file[128];
    FILE *f;
    HEBB_TRY(hebb_net_param_shape(b->net, name, shape, &ndim));
    for (size_t i = 0; i < ndim; i++) count *= shape[i];
    double *values = take(count, sizeof *values);
    if (gradient)
        HEBB_TRY(hebb_net_gradient(b->net, name, values, count));
    else
        HEBB_TRY(hebb_net_get(b->net, name, values, count));
    snprintf(file, sizeof file, "%s%s.f32", name, gradient ? ".grad" : "");
    HEBB_TRY(file_of(b, file, &f));
    for (size_t i = 0; i < count; i++) {
        float x = (float)values[i];
        fwrite(&x, sizeof x, 1, f);
    }
    fclose(f);
    free(values);
    return HEBB_OK;
}

static hebb_status spikes_of(bench *b, int layer, uint8_t *to) {
    const workload *w = &b->o.w;
    char name[32];
    size_t n = w->size[layer], total = 0;
    snprintf(name, sizeof name, "spikes%d", layer);
    for (size_t s = 0; s < w->batch; s++) {
        const uint32_t *neurons;
        const double *times;
        size_t count;
        HEBB_TRY(hebb_monitor_spikes(b->net, name, s, &neurons, &times, &count));
        total += count;
        for (size_t i = 0; to && i < count; i++) {
            size_t t = (size_t)lround(times[i] / w->dt) - 1; /* times are those after the step */
            if (t < w->steps) to[(t * w->batch + s) * n + neurons[i]] = 1;
        }
    }
    b->out_rate[layer] = (double)total / (double)(n * w->batch * w->steps);
    return HEBB_OK;
}

static hebb_status dump(bench *b, const uint8_t *spikes) {
    const workload *w = &b->o.w;
    FILE *f;
    mkdir(b->o.dump, 0777);
    HEBB_TRY(file_of(b, "meta.json", &f));
    fprintf(f,
            "{\"workload\": \"%s\", \"model\": \"%s\", \"steps\": %zu, \"batch\": %zu, "
            "\"dt\": %g, \"loss\": %.9g, \"real\": %d, \"recurrent\": %d, \"relay\": %d, "
            "\"product\": %d, \"rates\": [",
            w->name, w->model, w->steps, w->batch, w->dt, b->loss, w->input == REAL, w->recurrent,
            w->relay, w->what == PRODUCT);
    for (int k = 0; k <= w->layers; k++) fprintf(f, "%s%.6g", k ? ", " : "", b->out_rate[k]);
    fprintf(f, "], \"sizes\": [");
    for (int k = 0; k <= w->layers; k++) fprintf(f, "%s%zu", k ? ", " : "", w->size[k]);
    fprintf(f, "]}\n");
    fclose(f);
    HEBB_TRY(file_of(b, w->input == REAL ? "input.f32" : "input.u8", &f));
    size_t cells = w->steps * w->batch * w->size[0];
    if (w->input == REAL)
        fwrite(b->values, sizeof *b->values, cells, f);
    else
        fwrite(spikes, 1, cells, f);
    fclose(f);
    HEBB_TRY(file_of(b, "labels.i32", &f));
    fwrite(b->labels, sizeof *b->labels, w->batch, f);
    fclose(f);
    if (w->input == IMAGES) {
        HEBB_TRY(file_of(b, "images.f32", &f));
        fwrite(b->values, sizeof *b->values, BATCHES * w->batch * 784, f);
        fclose(f);
    }
    HEBB_TRY(file_of(b, "upstream.f32", &f));
    fwrite(b->upstream, sizeof *b->upstream, w->batch * w->size[w->layers], f);
    fclose(f);
    for (size_t i = 0; hebb_net_param_name(b->net, i); i++) {
        const char *name = hebb_net_param_name(b->net, i);
        HEBB_TRY(put(b, name, 0));
        int trained = strstr(name, ".weight") || strstr(name, ".V0");
        if (trained && (w->what == TRAIN || w->what == PRODUCT)) HEBB_TRY(put(b, name, 1));
    }
    return HEBB_OK;
}

/* The same network with monitors: rates, and what the peers are given. */
static hebb_status watched(bench *b) {
    const workload *w = &b->o.w;
    hebb_net_free(b->net);
    b->net = NULL, b->learner = NULL, b->first = 0;
    HEBB_TRY(build(b, 1));
    int runs = w->what == DIEHL_COOK || w->what == SPAIC_STDP ? 100 : 1;
    for (int i = 0; i < runs; i++) HEBB_TRY(batch(b));
    uint8_t *spikes = b->o.dump ? take(w->steps * w->batch * w->size[0], 1) : NULL;
    for (int k = w->input == REAL; k <= w->layers; k++)
        HEBB_TRY(spikes_of(b, k, k ? NULL : spikes));
    if (b->o.dump) HEBB_TRY(dump(b, spikes));
    free(spikes);
    return HEBB_OK;
}

static hebb_status bench_run(bench *b) {
    HEBB_TRY(prepare(b));
    forget_peak();
    b->start_bytes = memory("VmRSS:");
    HEBB_TRY(build(b, 0));
    HEBB_TRY(measure(b));
    double peak = memory("VmHWM:");
    static timer kept[PHASES];
    memcpy(kept, b->timers, sizeof kept);
    HEBB_TRY(watched(b));
    for (int i = 0; i < PHASES; i++) row(b, &kept[i], peak);
    return HEBB_OK;
}

static int usage(const char *why) {
    if (why) fprintf(stderr, "hebb-bench: %s\n", why);
    fprintf(stderr, "hebb-bench WORKLOAD [--threads N] [--seconds S] [--repeats N] [--dump DIR]\n"
                    "           [--steps T] [--batch B] [--hidden N]     hebb-bench --list\n");
    return 2;
}

static int read_options(int argc, char **argv, bench_options *o) {
    *o = (bench_options){.seconds = 3, .threads = 1, .most = 1000};
    for (int i = 1; i < argc; i++) {
        const char *a = argv[i], *value = i + 1 < argc ? argv[i + 1] : "";
        /* Plastic networks end with their last hidden layer. */
        int plastic = o->w.what == DIEHL_COOK || o->w.what == SPAIC_STDP;
        if (a[0] != '-') {
            for (int k = 0; k < WORKLOADS; k++)
                if (!strcmp(a, workloads[k].name)) o->w = workloads[k];
            continue;
        }
        i++;
        if (!strcmp(a, "--threads"))
            o->threads = atoi(value);
        else if (!strcmp(a, "--seconds"))
            o->seconds = atof(value);
        else if (!strcmp(a, "--repeats"))
            o->most = atoi(value);
        else if (!strcmp(a, "--dump"))
            o->dump = value;
        else if (!strcmp(a, "--steps"))
            o->w.steps = (size_t)atol(value);
        else if (!strcmp(a, "--batch"))
            o->w.batch = (size_t)atol(value);
        else if (!strcmp(a, "--hidden"))
            for (int k = 1; k < o->w.layers + plastic; k++) o->w.size[k] = (size_t)atol(value);
        else
            return usage(a);
    }
    if (!o->w.name) return usage("which workload? --list names them");
    if (o->threads < 1 || o->most < 1 || !o->w.steps || !o->w.batch) return usage("a bad number");
    if (o->most > MAX_REPEATS) o->most = MAX_REPEATS;
    return 0;
}

int main(int argc, char **argv) {
    static bench b;
    if (argc > 1 && !strcmp(argv[1], "--list")) {
        for (int k = 0; k < WORKLOADS; k++) puts(workloads[k].name);
        return 0;
    }
    if (read_options(argc, argv, &b.o)) return 2;
    hebb_ctx_options options = hebb_ctx_options_default();
    options.threads = b.o.threads;
    options.seed = 1;
    if (hebb_ctx_create(&options, &b.ctx) < 0) return 1;
    hebb_status status = bench_run(&b);
    if (status < 0) fprintf(stderr, "hebb-bench %s: %s\n", b.o.w.name, hebb_error(b.ctx));
    hebb_ctx_free(b.ctx);
    return status < 0;
}

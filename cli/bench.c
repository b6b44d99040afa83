/* hebb bench: how fast a file's network is on its data, and where the time goes. */
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"

static const cli_option options[] = {
    {CLI_BATCHES, "batches", 'n', CLI_WHOLE, "N", "batches in a measurement (default: 10)", 1, 1e6,
     NULL},
    {CLI_REPEAT, "repeat", 'r', CLI_WHOLE, "N",
     "measurements, of which the median counts (default: 5)", 1, 1e4, NULL},
    {CLI_WARM_UP, "warm-up", 'w', CLI_WHOLE, "N",
     "batches before the first measurement (default: 2)", 0, 1e6, NULL},
    {CLI_TRAIN, "train", 0, CLI_NOTHING, NULL, "measure steps of training (default)", 0, 0, NULL},
    {CLI_INFERENCE, "inference", 0, CLI_NOTHING, NULL,
     "measure runs without learning, which keep no tape", 0, 0, NULL},
    {CLI_BATCH_SIZE, "batch", 'b', CLI_WHOLE, "N", "samples in a batch (default: the file's)", 1,
     1e6, "training.batch_size"},
    {CLI_TRACE, "trace", 0, CLI_FILE, "FILE",
     "write what each thread did when, as Chrome trace events (chrome://tracing, Perfetto)", 0, 0,
     NULL},
    CLI_OPT_SET,
    CLI_OPT_THREADS,
    CLI_OPT_JSON,
    CLI_OPT_QUIET,
    CLI_OPT_HELP,
};

/* ---- watching ---- */

enum { PHASES = 8, MOST_THREADS = 256, MOST_SPANS = 1 << 20 };
static const char *const phases[PHASES] = {"load",     "encode",   "forward",   "plasticity",
                                           "backward", "gradient", "optimizer", "other"};

typedef struct span {
    float seconds;
    int phase;
    double from;
} span;

/* Each thread writes to its own. */
typedef struct thread_lane {
    double seconds[PHASES];
    span *spans;
    size_t count, room;
    char apart[64];
} thread_lane;

typedef struct watch {
    bool traces;
    thread_lane lanes[MOST_THREADS];
} watch;

static double now(void *user) {
    (void)user;
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static void keep_span(thread_lane *lane, int phase, double from, double to) {
    if (lane->count == lane->room) {
        size_t room = lane->room ? 2 * lane->room : 1024;
        span *more = room > MOST_SPANS ? NULL : realloc(lane->spans, room * sizeof *more);
        if (!more) return; /* the trace ends here */
        lane->spans = more;
        lane->room = room;
    }
    lane->spans[lane->count++] = (span){(float)(to - from), phase, from};
}

static void take_span(void *user, const char *name, int thread, double from, double to) {
    watch *w = user;
    thread_lane *lane = &w->lanes[thread];
    int phase = 0;
    while (phase < PHASES - 1 && strcmp(phases[phase], name) != 0) phase++;
    lane->seconds[phase] += to - from;
    if (w->traces) keep_span(lane, phase, from, to);
}

static bool write_trace(const watch *w, const char *path, int threads) {
    FILE *file = fopen(path, "w");
    double start = 1e300;
    if (!file) return false;
    for (int i = 0; i < threads; i++)
        if (w->lanes[i].count && w->lanes[i].spans[0].from < start)
            start = w->lanes[i].spans[0].from;
    fputs("{\"displayTimeUnit\": \"ms\", \"traceEvents\": [", file);
    for (int i = 0; i < threads; i++) {
        const thread_lane *lane = &w->lanes[i];
        fprintf(file,
                "%s\n{\"name\": \"thread_name\", \"ph\": \"M\", \"pid\": 1, \"tid\": %d, "
                "\"args\": {\"name\": \"worker %d\"}}",
                i ? "," : "", i, i);
        for (size_t k = 0; k < lane->count; k++)
            fprintf(file,
                    ",\n{\"name\": \"%s\", \"ph\": \"X\", \"pid\": 1, \"tid\": %d, \"ts\": %.3f, "
                    "\"dur\": %.3f}",
                    phases[lane->spans[k].phase], i, 1e6 * (lane->spans[k].from - start),
                    1e6 * (double)lane->spans[k].seconds);
    }
    fputs("\n]}\n", file);
    bool good = !ferror(file);
    return fclose(file) == 0 && good;
}

/* ---- measuring ---- */

typedef struct result {
    bool learn;
    int threads;
    size_t batches, repeat, samples; /* samples: of all measurements */
    double *seconds;                 /* [repeat], sorted at the end */
    double all;                      /* their sum */
    double phase[PHASES];            /* seconds of all threads, in all measurements */
    hebb_work work;                  /* of the last batch */
    hebb_memory memory;
    size_t rss_before, rss_peak;
} result;

static size_t resident(void) {
    size_t pages = 0, all = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file) {
        if (fscanf(file, "%zu %zu", &all, &pages) != 2) pages = 0;
        fclose(file);
    }
    return pages * (size_t)sysconf(_SC_PAGESIZE);
}

static size_t peak(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
#ifdef __APPLE__
    return (size_t)usage.ru_maxrss;
#else
    return (size_t)usage.ru_maxrss * 1024;
#endif
}

static hebb_status show(hebb_run *run, const result *r, size_t batches, size_t *samples) {
    for (size_t i = 0; i < batches; i++) {
        size_t count;
        HEBB_TRY(hebb_run_batch(run, r->learn, &count));
        *samples += count;
    }
    return HEBB_OK;
}

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void add_phases(const watch *w, result *r) {
    double busy = 0;
    for (int i = 0; i < r->threads; i++)
        for (int p = 0; p < PHASES - 1; p++) {
            r->phase[p] += w->lanes[i].seconds[p];
            busy += w->lanes[i].seconds[p];
        }
    double left = r->all * r->threads - busy; /* decoding, losses, and threads that wait */
    r->phase[PHASES - 1] = left > 0 ? left : 0;
}

static hebb_status measure(hebb_run *run, watch *w, size_t warm_up, result *r) {
    hebb_profile profile = {now, take_span, w};
    size_t unused = 0;
    HEBB_TRY(hebb_run_memory(run, &r->memory));
    HEBB_TRY(show(run, r, warm_up, &unused));
    HEBB_TRY(hebb_net_profile(hebb_run_net(run), &profile));
    for (size_t i = 0; i < r->repeat; i++) {
        double began = now(NULL);
        HEBB_TRY(show(run, r, r->batches, &r->samples));
        r->all += r->seconds[i] = now(NULL) - began;
    }
    qsort(r->seconds, r->repeat, sizeof *r->seconds, by_size);
    add_phases(w, r);
    HEBB_TRY(hebb_net_profile(hebb_run_net(run), NULL));
    r->rss_peak = peak();
    return hebb_net_work(hebb_run_net(run), &r->work);
}

/* ---- telling ---- */

static double median(const result *r) {
    size_t n = r->repeat;
    return n % 2 ? r->seconds[n / 2] : (r->seconds[n / 2 - 1] + r->seconds[n / 2]) / 2;
}

/* What holds of a batch of the usual size, by the median. */
typedef struct rates {
    double step, samples, spikes, operations, flops;
} rates;

static rates rates_of(const result *r) {
    double step = median(r) / (double)r->batches;
    double flops = r->work.dense_flops + (r->learn ? r->work.dense_flops_of_backward : 0);
    double size = (double)r->samples / (double)(r->batches * r->repeat);
    double batch = size / (double)(r->work.batch ? r->work.batch : 1); /* the last may be smaller */
    return (rates){step, size / step, batch * (double)r->work.spikes / step,
                   batch * (double)r->work.synaptic_operations / step, batch * flops / step};
}

static double share(const result *r, int phase) {
    return r->all > 0 ? r->phase[phase] / (r->all * r->threads) : 0;
}

static void print_text(const char *file, const result *r) {
    rates x = rates_of(r);
    double step = 1e3 * x.step, n = (double)r->batches;
    printf("%s: %s, batches of %zu, %zu steps, %d thread%s; median of %zu x %zu batches\n", file,
           r->learn ? "training" : "inference", r->work.batch, r->work.steps, r->threads,
           r->threads == 1 ? "" : "s", r->repeat, r->batches);
    printf("  %-22s %12.0f\n", "samples/s", x.samples);
    printf("  %-22s %12.3f  (least %.3f, most %.3f)\n", "ms a batch", step, 1e3 * r->seconds[0] / n,
           1e3 * r->seconds[r->repeat - 1] / n);
    for (int p = 0; p < PHASES; p++)
        if (r->phase[p] > 0)
            printf("    %-20s %12.3f  %5.1f %%\n", phases[p], step * share(r, p),
                   100 * share(r, p));
    printf("  %-22s %12ju  and %ju of the input, in the last batch\n", "spikes",
           (uintmax_t)r->work.spikes, (uintmax_t)r->work.input_spikes);
    printf("  %-22s %12.3g\n", "spikes/s", x.spikes);
    printf("  %-22s %12.3g\n", "synaptic operations/s", x.operations);
    printf("  %-22s %12.1f  (had all products been dense)\n", "GFLOP/s", 1e-9 * x.flops);
    printf("  %-22s %12.1f  (parameters %.1f, tape %.1f, currents %.1f, data %.1f)\n", "MB planned",
           1e-6 * (double)r->memory.total, 1e-6 * (double)r->memory.parameters,
           1e-6 * (double)r->memory.tape, 1e-6 * (double)r->memory.currents,
           1e-6 * (double)r->memory.data);
    printf("  %-22s %12.1f  (%.1f above start)\n", "MB resident at most",
           1e-6 * (double)r->rss_peak, 1e-6 * (double)(r->rss_peak - r->rss_before));
}

static void print_json(const char *file, const result *r) {
    rates x = rates_of(r);
    printf("{\"file\": ");
    cli_print_json_text(stdout, file);
    printf(", \"version\": \"%s\", \"phase\": \"%s\", \"threads\": %d, \"batch\": %zu, "
           "\"steps\": %zu, \"batches\": %zu, \"repeat\": %zu",
           hebb_version(), r->learn ? "train" : "inference", r->threads, r->work.batch,
           r->work.steps, r->batches, r->repeat);
    printf(", \"samples_per_second\": %.6g, \"ms_per_step\": %.6g, \"seconds_median\": %.9g, "
           "\"seconds_min\": %.9g, \"seconds_max\": %.9g",
           x.samples, 1e3 * x.step, x.step, r->seconds[0] / (double)r->batches,
           r->seconds[r->repeat - 1] / (double)r->batches);
    printf(", \"phases\": {");
    for (int p = 0; p < PHASES; p++)
        printf("%s\"%s\": {\"ms\": %.6g, \"share\": %.4f}", p ? ", " : "", phases[p],
               1e3 * x.step * share(r, p), share(r, p));
    printf("}, \"spikes\": %ju, \"input_spikes\": %ju, \"synaptic_operations\": %ju, "
           "\"spikes_per_second\": %.6g, \"synaptic_operations_per_second\": %.6g, "
           "\"dense_gflops_per_second\": %.6g",
           (uintmax_t)r->work.spikes, (uintmax_t)r->work.input_spikes,
           (uintmax_t)r->work.synaptic_operations, x.spikes, x.operations, 1e-9 * x.flops);
    printf(", \"memory\": ");
    cli_print_memory(stdout, &r->memory, true);
    printf(", \"peak_bytes\": %zu, \"peak_bytes_above_start\": %zu}\n", r->rss_peak,
           r->rss_peak - r->rss_before);
}

/* ---- the verb ---- */

static size_t number(const cli_args *args, cli_id id, size_t otherwise) {
    return args->value[id] ? (size_t)strtoull(args->value[id], NULL, 10) : otherwise;
}

/* Has its sentences on stderr. */
static int measured(const cli_args *args, hebb_ctx *ctx, watch *w, result *r) {
    hebb_run_options run_options = cli_run_options(args);
    run_options.dry_run = 1;
    hebb_run *run;
    r->threads = hebb_ctx_threads(ctx);
    w->traces = args->value[CLI_TRACE] != NULL;
    if (hebb_run_open(ctx, args->operands[0], &run_options, &run) < 0 ||
        measure(run, w, number(args, CLI_WARM_UP, 2), r) < 0) {
        cli_complain("%s", hebb_error(ctx));
        return CLI_FAILED;
    }
    if (args->value[CLI_TRACE] && !write_trace(w, args->value[CLI_TRACE], r->threads)) {
        cli_complain("the trace '%s' could not be written", args->value[CLI_TRACE]);
        return CLI_FAILED;
    }
    (args->given[CLI_JSON] ? print_json : print_text)(args->operands[0], r);
    return CLI_OK;
}

static int bench(const cli_args *args) {
    result r = {.rss_before = resident()};
    int code = cli_need_operands(args, 1, 1, "the network's FILE.yaml");
    if (code) return code;
    if (args->given[CLI_TRAIN] && args->given[CLI_INFERENCE])
        return cli_usage(args->verb, "--train and --inference cannot be measured together");
    r.learn = !args->given[CLI_INFERENCE];
    r.batches = number(args, CLI_BATCHES, 10);
    r.repeat = number(args, CLI_REPEAT, 5);
    r.seconds = calloc(r.repeat, sizeof *r.seconds);
    watch *w = calloc(1, sizeof *w);
    hebb_ctx *ctx = r.seconds && w ? cli_context(args) : NULL;
    if (ctx)
        code = measured(args, ctx, w, &r);
    else
        code = CLI_FAILED;
    hebb_ctx_free(ctx);
    for (int i = 0; w && i < MOST_THREADS; i++) free(w->lanes[i].spans);
    free(w);
    free(r.seconds);
    return code;
}

const cli_verb cli_bench = {
    .name = "bench",
    .usage = "FILE.yaml",
    .summary = "measure how fast a network trains or runs, and where the time goes",
    .text = "Shows batches of the training set as 'hebb train' does, but writes no run folder. "
            "A batch is a step of training: load, encode, forward, backward (to the currents), "
            "gradient (of parameters), optimizer; times of phases are those of all threads, "
            "divided by the threads. GFLOP/s counts what dense products of floats would do for "
            "the same batch. Timings need an idle machine: compare medians, look at the least.",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .words = "*.yaml",
    .run = bench,
};

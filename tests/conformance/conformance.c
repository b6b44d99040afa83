/* hebb-conformance DIR...: checks hebb against golden files, those of SPAIC or
 * any others of the same format. A line a case, then 'N passed, N failed, N
 * skipped'; exit 0 only if nothing failed. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "conformance.h"

/* What this version does not compute, by file name, and nothing else. */
static const struct {
    const char *file, *reason;
} skipped[] = {
    {"forward_aeif.json", "the model aeif is not part of this version"},
    {"forward_glif.json", "the model glif is not part of this version"},
    {"forward_izh.json", "the model izh is not part of this version"},
    {"forward_hh.json", "the model hh is not part of this version"},
    {"forward_other.json", "meanfield and darwin models are not part of this version"},
    {"conv_grad.json", "convolution is not part of this version"},
};

static void skip_file(const suite *s, const char *reason) {
    const cJSON *node;
    size_t index = 0;
    cJSON_ArrayForEach(node, golden_cases(s, s->root, "cases")) {
        char name[128];
        if (golden_case(s, node, "case", index++, name, sizeof name)) trial_skip(s, name, reason);
    }
}

/* What kind of file this is shows in its members and in those of its first case. */
static void (*kind_of(const cJSON *root))(const suite *) {
    static const struct {
        const char *top, *inside;
        void (*run)(const suite *);
    } kinds[] = {
        {"config", NULL, run_gradients},        {"decoders", NULL, run_decoders},
        {"rewards", NULL, run_decoders},        {"actions", NULL, run_decoders},
        {"cases", "scheduler", run_schedulers}, {"cases", "optimizer", run_optimizers},
        {"cases", "encoder", run_encoders},     {"cases", "W0", run_plastic},
        {"cases", "input_spikes", run_forward}, {"cases", "trace", run_forward},
        {"cases", "model", run_forward},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        const cJSON *top = golden_optional(root, kinds[i].top);
        bool inside = !kinds[i].inside || (cJSON_IsArray(top) && cJSON_IsObject(top->child) &&
                                           golden_optional(top->child, kinds[i].inside));
        if (top && inside) return kinds[i].run;
    }
    return NULL;
}

static void run_file(hebb_ctx *ctx, const char *path, const char *name, counts *tally) {
    suite s = {.ctx = ctx, .file = name, .tally = tally};
    char sentence[400];
    cJSON *root = golden_read(path, sentence, sizeof sentence);
    s.root = root;
    if (!root) {
        trial_broken(&s, "", "%s", sentence);
        return;
    }
    const char *reason = NULL;
    for (size_t i = 0; i < sizeof skipped / sizeof *skipped; i++)
        if (!strcmp(name, skipped[i].file)) reason = skipped[i].reason;
    void (*run)(const suite *) = kind_of(root);
    if (reason)
        skip_file(&s, reason);
    else if (run)
        run(&s);
    else
        trial_broken(&s, "",
                     "it is no golden file: it has none of config, cases with a model, "
                     "weights W0, an encoder, an optimizer or a scheduler, decoders, rewards");
    cJSON_Delete(root);
}

static int is_json(const struct dirent *entry) {
    size_t length = strlen(entry->d_name);
    return length > 5 && !strcmp(entry->d_name + length - 5, ".json");
}

static void run_folder(hebb_ctx *ctx, const char *folder, counts *tally) {
    struct dirent **entries = NULL;
    suite s = {.ctx = ctx, .file = folder, .tally = tally};
    struct stat about;
    if (!stat(folder, &about) && !S_ISDIR(about.st_mode)) {
        const char *slash = strrchr(folder, '/');
        run_file(ctx, folder, slash ? slash + 1 : folder, tally);
        return;
    }
    int count = scandir(folder, &entries, is_json, alphasort);
    if (count < 0) trial_broken(&s, "", "there is no such folder");
    if (!count) trial_broken(&s, "", "there is no file *.json in it");
    for (int i = 0; i < count; i++) {
        size_t size = strlen(folder) + strlen(entries[i]->d_name) + 2;
        char *path = malloc(size);
        if (path) snprintf(path, size, "%s/%s", folder, entries[i]->d_name);
        if (path)
            run_file(ctx, path, entries[i]->d_name, tally);
        else
            trial_broken(&s, "", "there is no memory for a file's name");
        free(path);
        free(entries[i]);
    }
    free(entries);
}

int main(int argc, char **argv) {
    counts tally = {0};
    hebb_ctx *ctx = NULL;
    if (argc < 2 || !strcmp(argv[1], "--help")) {
        printf("usage: hebb-conformance DIR...\n"
               "Runs every golden file *.json of the folders through hebb and compares.\n");
        return argc < 2 ? 2 : 0;
    }
    hebb_status status = hebb_ctx_create(NULL, &ctx);
    if (status < 0) {
        printf("FAILED  no context: %s\n", hebb_error(NULL));
        return 1;
    }
    for (int i = 1; i < argc; i++) run_folder(ctx, argv[i], &tally);
    hebb_ctx_free(ctx);
    printf("%zu passed, %zu failed, %zu skipped\n", tally.passed, tally.failed, tally.skipped);
    return tally.failed ? 1 : 0;
}

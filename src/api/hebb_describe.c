/* What a file holds, in words. */
#include <string.h>

#include "api/ctx.h"
#include "io/safetensors.h"

static void add_tensor(hb_text *text, const hb_tensor *tensor) {
    hb_text_add(text, "%-40s %-5s [", tensor->name, hb_tensor_type_name(tensor->type));
    for (size_t d = 0; d < tensor->ndim; d++)
        hb_text_add(text, "%s%zu", d ? ", " : "", tensor->shape[d]);
    hb_text_add(text, "]\n");
}

/* The first line of a value, and no more of it than a line. */
static void add_metadata(hb_text *text, const hb_metadata *pair) {
    int length = (int)strcspn(pair->value, "\n");
    bool more = length > 60 || pair->value[length];
    hb_text_add(text, "%-40s %.*s%s\n", pair->key, length > 60 ? 60 : length, pair->value,
                more ? " ..." : "");
}

static void describe(hb_text *text, const char *path, const hb_safetensors *file) {
    size_t count = 0, bytes = 0;
    const hb_tensor *tensor;
    const hb_metadata *pair;
    for (; (tensor = hb_safetensors_at(file, count)); count++)
        bytes += hb_tensor_count(tensor) * hb_tensor_type_size(tensor->type);
    hb_text_add(text, "%s: %zu arrays, %zu bytes of numbers\n\n", path, count, bytes);
    for (size_t i = 0; (tensor = hb_safetensors_at(file, i)); i++) add_tensor(text, tensor);
    if (hb_safetensors_metadata_at(file, 0)) hb_text_add(text, "\n");
    for (size_t i = 0; (pair = hb_safetensors_metadata_at(file, i)); i++) add_metadata(text, pair);
}

hebb_status hebb_file_describe(hebb_ctx *ctx, const char *path, const char **text) {
    if (!ctx) return hb_null(__func__, "ctx");
    hb_env *env = &ctx->env;
    if (!text || !path)
        return hb_fail(env, HEBB_E_ARGUMENT, "hebb_file_describe: %s is NULL",
                       text ? "path" : "text");
    *text = NULL;
    hb_safetensors *file;
    HEBB_TRY(hb_safetensors_open(env, path, &file));
    hb_text_clear(&ctx->page);
    describe(&ctx->page, path, file);
    hb_safetensors_close(env, file);
    hebb_status status = hb_text_done(&ctx->page);
    if (status >= 0) *text = ctx->page.data;
    return status;
}

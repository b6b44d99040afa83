/* Reading the golden files of optimizers and schedules. */
#ifndef OPTIM_GOLDEN_H
#define OPTIM_GOLDEN_H

#include <cJSON.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hebb/hebb.h"

/* The parsed file, or NULL with a note when the golden files are not there. */
static cJSON *golden_read(const char *file) {
    const char *folder = getenv("HEBB_GOLDENS_DIR");
    char path[600];
    snprintf(path, sizeof path, "%.500s/%s", folder ? folder : "../shared/goldens", file);
    FILE *in = fopen(path, "rb");
    if (!in) {
        printf("skipped: %s is not there\n", path);
        return NULL;
    }
    fseek(in, 0, SEEK_END);
    long size = ftell(in);
    rewind(in);
    char *text = malloc((size_t)size + 1);
    assert_non_null(text);
    assert_int_equal(fread(text, 1, (size_t)size, in), size);
    fclose(in);
    text[size] = 0;
    cJSON *root = cJSON_Parse(text);
    free(text);
    assert_non_null(root);
    return root;
}

static const cJSON *golden_item(const cJSON *map, const char *key) {
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(map, key);
    if (!item) fail_msg("the golden file lacks %s", key);
    return item;
}

static double golden_number(const cJSON *map, const char *key) {
    return golden_item(map, key)->valuedouble;
}

static const char *golden_text(const cJSON *map, const char *key) {
    return golden_item(map, key)->valuestring;
}

static double golden_at(const cJSON *list, size_t i) {
    const cJSON *item = cJSON_GetArrayItem(list, (int)i);
    if (!item) fail_msg("the golden file lacks entry %zu", i);
    return item->valuedouble;
}

static size_t golden_size(const cJSON *list) { return (size_t)cJSON_GetArraySize(list); }

/* kwargs as parameters; "lr" is left out. */
typedef struct golden_params {
    hebb_param items[16];
    double lists[16][8];
} golden_params;

static void golden_kwargs(const cJSON *kwargs, golden_params *params) {
    size_t n = 0;
    const cJSON *item;
    memset(params, 0, sizeof *params);
    cJSON_ArrayForEach(item, kwargs) {
        hebb_param *param = &params->items[n];
        if (!strcmp(item->string, "lr")) continue;
        param->name = item->string;
        if (cJSON_IsString(item)) {
            param->kind = HEBB_TEXT;
            param->text = item->valuestring;
        } else if (cJSON_IsArray(item)) {
            param->kind = HEBB_LIST;
            param->list = params->lists[n];
            param->count = golden_size(item);
            for (size_t i = 0; i < param->count; i++) params->lists[n][i] = golden_at(item, i);
        } else {
            assert_true(cJSON_IsNumber(item));
            param->number = item->valuedouble;
        }
        n++;
    }
}

/* |value - wanted| <= tolerance (1 + |wanted|); `where` and step for the sentence. */
static void golden_close(double value, double wanted, double tolerance, const char *where,
                         size_t step) {
    if (!(fabs(value - wanted) <= tolerance * (1 + fabs(wanted))))
        fail_msg("%s, step %zu: %.17g, should be %.17g", where, step, value, wanted);
}

#endif

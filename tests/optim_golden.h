/* Entries of the golden files of optimizers and schedules. */
#ifndef OPTIM_GOLDEN_H
#define OPTIM_GOLDEN_H

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "golden_file.h"
#include "hebb/hebb.h"

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
            golden_numbers(item, params->lists[n], 8, &param->count);
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

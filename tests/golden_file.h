/* SPAIC's recordings (HEBB_GOLDENS_DIR) as JSON. */
#ifndef GOLDEN_FILE_H
#define GOLDEN_FILE_H

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>

/* NULL, with a line that says so, where the file is not there; a file that cannot be
 * read as JSON fails the test. */
static cJSON *golden_file(const char *name) {
    const char *folder = getenv("HEBB_GOLDENS_DIR");
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder ? folder : "", name);
    FILE *file = folder ? fopen(path, "rb") : NULL;
    if (!file) {
        printf("skipped: %s is not there; set HEBB_GOLDENS_DIR\n", name);
        return NULL;
    }
    fseek(file, 0, SEEK_END);
    size_t size = (size_t)ftell(file);
    rewind(file);
    char *text = calloc(size + 1, 1);
    size_t length = text ? fread(text, 1, size, file) : 0;
    fclose(file);
    cJSON *root = length == size ? cJSON_Parse(text) : NULL;
    free(text);
    assert_non_null(root);
    return root;
}

/* Appends all numbers of nested lists to values[*count ..], in order. */
static void golden_numbers(const cJSON *item, double *values, size_t room, size_t *count) {
    if (cJSON_IsNumber(item)) {
        assert_true(*count < room);
        values[(*count)++] = item->valuedouble;
    }
    for (const cJSON *child = item->child; child; child = child->next)
        golden_numbers(child, values, room, count);
}

#endif

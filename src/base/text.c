/* Texts: copies, formatted texts, texts that grow, and numbers read and
 * written the same way in every locale. */
#include "base/env.h"

#include <ctype.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *hb_strdup(hb_env *env, const char *text) {
    size_t size = strlen(text) + 1;
    char *copy = hb_alloc(env, size);
    if (copy) memcpy(copy, text, size);
    return copy;
}

char *hb_format(hb_env *env, const char *format, ...) {
    va_list list, again;
    va_start(list, format);
    va_copy(again, list);
    int length = vsnprintf(NULL, 0, format, list);
    va_end(list);
    char *text = length < 0 ? NULL : hb_alloc(env, (size_t)length + 1);
    if (length < 0) hb_fail(env, HEBB_E_INTERNAL, "a text could not be formatted");
    if (text) vsnprintf(text, (size_t)length + 1, format, again);
    va_end(again);
    return text;
}

void hb_text_init(hb_text *text, hb_env *env) {
    memset(text, 0, sizeof *text);
    text->env = env;
}

/* Room for `more` bytes and the final NUL. */
static bool grow(hb_text *text, size_t more) {
    if (text->failed) return false;
    if (more < text->capacity - text->length) return true;
    size_t capacity = text->capacity ? text->capacity : 64;
    while (capacity - text->length <= more && capacity <= SIZE_MAX / 4) capacity *= 2;
    char *data = NULL;
    if (capacity - text->length > more)
        data = hb_realloc(text->env, text->data, text->capacity, capacity);
    if (!data) {
        text->failed = true;
        return false;
    }
    text->data = data;
    text->capacity = capacity;
    return true;
}

void hb_text_add(hb_text *text, const char *format, ...) {
    va_list list, again;
    va_start(list, format);
    va_copy(again, list);
    int length = vsnprintf(NULL, 0, format, list);
    va_end(list);
    if (length < 0) text->failed = true;
    if (length >= 0 && grow(text, (size_t)length)) {
        vsnprintf(text->data + text->length, (size_t)length + 1, format, again);
        text->length += (size_t)length;
    }
    va_end(again);
}

void hb_text_bytes(hb_text *text, const void *bytes, size_t count) {
    if (!grow(text, count)) return;
    if (count) memcpy(text->data + text->length, bytes, count);
    text->length += count;
    text->data[text->length] = 0;
}

hebb_status hb_text_done(const hb_text *text) {
    if (!text->failed) return HEBB_OK;
    return hb_fail(text->env, HEBB_E_MEMORY, "out of memory while writing a text of %zu bytes",
                   text->length);
}

void hb_text_clear(hb_text *text) {
    text->length = 0;
    text->failed = false;
    if (text->data) text->data[0] = 0;
}

void hb_text_free(hb_text *text) {
    hb_free(text->env, text->data);
    hb_text_init(text, text->env);
}

/* Length of a decimal number at the start of text, 0 if there is none. */
static size_t number_length(const char *text) {
    size_t i = text[0] == '+' || text[0] == '-', digits = 0;
    for (; isdigit((unsigned char)text[i]); i++) digits++;
    if (text[i] == '.')
        for (i++; isdigit((unsigned char)text[i]); i++) digits++;
    if (!digits) return 0;
    if (text[i] == 'e' || text[i] == 'E') {
        size_t j = i + 1;
        if (text[j] == '+' || text[j] == '-') j++;
        if (isdigit((unsigned char)text[j])) {
            while (isdigit((unsigned char)text[j])) j++;
            i = j;
        }
    }
    return i;
}

size_t hb_read_number(const char *text, double *value) {
    size_t length = number_length(text);
    if (!length) return 0;
    /* strtod wants the locale's decimal mark; numbers longer than the buffer
     * lose digits that a double cannot hold only if they have no exponent, so
     * they are refused instead. */
    char copy[400];
    const char *mark = localeconv()->decimal_point;
    size_t mark_length = strlen(mark);
    if (length + mark_length >= sizeof copy) return 0;
    size_t at = 0;
    for (size_t i = 0; i < length; i++) {
        if (text[i] != '.') {
            copy[at++] = text[i];
        } else {
            memcpy(copy + at, mark, mark_length);
            at += mark_length;
        }
    }
    copy[at] = 0;
    *value = strtod(copy, NULL);
    return length;
}

const char *hb_number_text(char buffer[32], double value) {
    if (isnan(value)) return strcpy(buffer, "nan");
    if (isinf(value)) return strcpy(buffer, value < 0 ? "-inf" : "inf");
    if (value == floor(value) && fabs(value) < 1e15) { /* 100, not 1e+02 */
        snprintf(buffer, 32, "%.0f", value);
        return buffer;
    }
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(buffer, 32, "%.*g", digits, value);
        if (strtod(buffer, NULL) == value) break;
    }
    const char *mark = localeconv()->decimal_point;
    char *at = strcmp(mark, ".") ? strstr(buffer, mark) : NULL;
    if (at) {
        *at = '.';
        memmove(at + 1, at + strlen(mark), strlen(at + strlen(mark)) + 1);
    }
    return buffer;
}

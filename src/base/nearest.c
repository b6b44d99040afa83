/* Edit distance where a swap of neighbours, a letter too many, too few or
 * wrong counts one, and the case of letters nothing. */
#include "base/nearest.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "base/component.h"

enum { LONGEST = 63 };

static int lower(char c) { return tolower((unsigned char)c); }

static size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

static size_t edits(const char *a, size_t m, const char *b, size_t n) {
    size_t rows[3][LONGEST + 1];
    size_t *before = rows[0], *last = rows[1], *now = rows[2];
    for (size_t j = 0; j <= n; j++) last[j] = before[j] = j;
    for (size_t i = 1; i <= m; i++) {
        now[0] = i;
        for (size_t j = 1; j <= n; j++) {
            bool same = lower(a[i - 1]) == lower(b[j - 1]);
            now[j] = smaller(smaller(last[j], now[j - 1]) + 1, last[j - 1] + !same);
            if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
                lower(a[i - 2]) == lower(b[j - 1]))
                now[j] = smaller(now[j], before[j - 2] + 1);
        }
        size_t *swap = before;
        before = last;
        last = now;
        now = swap;
    }
    return last[n];
}

static bool begins(const char *a, size_t m, const char *b, size_t n) {
    if (m < 3 || m > n) return false;
    for (size_t i = 0; i < m; i++)
        if (lower(a[i]) != lower(b[i])) return false;
    return true;
}

void hb_near_init(hb_near *near, const char *wanted) {
    near->wanted = wanted;
    near->distance = (size_t)-1;
    near->best[0] = 0;
}

void hb_near_try(hb_near *near, const char *names) {
    size_t m = strlen(near->wanted);
    if (m > LONGEST) return;
    for (const char *name = names; name && *name;) {
        const char *end = strchr(name, '|');
        size_t n = end ? (size_t)(end - name) : strlen(name);
        if (n > 0 && n <= LONGEST) {
            size_t distance = edits(near->wanted, m, name, n);
            bool near_enough = distance <= (m < 3 ? 1 : 1 + m / 4) && distance < (m > n ? m : n);
            /* A beginning ("tau" for "tau_m") is near, but an edit is nearer. */
            if (!near_enough &&
                (begins(near->wanted, m, name, n) || begins(name, n, near->wanted, m)))
                near_enough = true;
            if (near_enough && distance < near->distance) {
                near->distance = distance;
                memcpy(near->best, name, n);
                near->best[n] = 0;
            }
        }
        name = end ? end + 1 : NULL;
    }
}

const char *hb_nearest(const char *wanted, const char *const *names, size_t count) {
    static _Thread_local hb_near near;
    hb_near_init(&near, wanted);
    for (size_t i = 0; i < count; i++) hb_near_try(&near, names[i]);
    near.wanted = NULL; /* only the text outlives the call */
    return near.best;
}

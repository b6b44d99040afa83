/* Components by name, without case, and with the nearest name when there is none. */
#include "base/component.h"

#include <ctype.h>
#include <string.h>

#include "base/nearest.h"

/* True if name[0..n) is wanted, without case. */
static bool same(const char *name, size_t n, const char *wanted) {
    for (size_t i = 0; i < n; i++)
        if (tolower((unsigned char)name[i]) != tolower((unsigned char)wanted[i])) return false;
    return wanted[n] == 0;
}

bool hb_name_matches(const char *name, const char *aliases, const char *wanted) {
    if (name && same(name, strlen(name), wanted)) return true;
    for (const char *alias = aliases; alias;) {
        const char *end = strchr(alias, '|');
        size_t n = end ? (size_t)(end - alias) : strlen(alias);
        if (n > 0 && same(alias, n, wanted)) return true;
        alias = end ? end + 1 : NULL;
    }
    return false;
}

const hb_component *hb_component_find(hb_env *env, const char *kind, const char *name,
                                      const hb_component *const *table, size_t count,
                                      const char *where) {
    const char *before = where && where[0] ? where : "";
    const char *colon = before[0] ? ": " : "";
    if (!name || !name[0]) {
        hb_fail(env, HEBB_E_NAME, "%s%sthe name of the %s is missing", before, colon, kind);
        return NULL;
    }
    for (size_t i = 0; i < count; i++)
        if (hb_name_matches(table[i]->name, table[i]->aliases, name)) return table[i];
    hb_near near;
    hb_near_init(&near, name);
    for (size_t i = 0; i < count; i++) {
        hb_near_try(&near, table[i]->name);
        hb_near_try(&near, table[i]->aliases);
    }
    if (near.best[0]) {
        hb_fail(env, HEBB_E_NAME, "%s%sthere is no %s '%.80s'; did you mean '%s'?", before, colon,
                kind, name, near.best);
        return NULL;
    }
    char all[600] = "";
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
        size_t n = strlen(table[i]->name);
        if (at + n + 8 > sizeof all) {
            strcpy(all + at, ", ...");
            break;
        }
        if (i) {
            memcpy(all + at, ", ", 2);
            at += 2;
        }
        memcpy(all + at, table[i]->name, n + 1);
        at += n;
    }
    hb_fail(env, HEBB_E_NAME, "%s%sthere is no %s '%.80s'; there are: %s", before, colon, kind,
            name, all);
    return NULL;
}

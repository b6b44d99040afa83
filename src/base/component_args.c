/* Reads a caller's parameters against a component's table: names, kinds,
 * ranges, sizes; everything that is kept is a copy. */
#include "base/component_args.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/expression.h"
#include "base/nearest.h"

typedef struct reader {
    hb_env *env;
    const hb_component *component;
    const char *where, *colon; /* "layer1", ": "; or "", "" */
    size_t units;
    hb_args *args;
} reader;

static size_t index_of(const hb_component *component, const char *name) {
    for (size_t i = 0; i < component->param_count; i++)
        if (!strcmp(component->params[i].name, name)) return i;
    for (size_t i = 0; i < component->param_count; i++)
        if (hb_name_matches(component->params[i].name, component->params[i].aliases, name))
            return i;
    return SIZE_MAX;
}

static hebb_status unknown_name(const reader *r, const char *name) {
    const hb_component *component = r->component;
    hb_near near;
    hb_near_init(&near, name);
    for (size_t i = 0; i < component->param_count; i++) {
        hb_near_try(&near, component->params[i].name);
        hb_near_try(&near, component->params[i].aliases);
    }
    if (near.best[0])
        return hb_fail(r->env, HEBB_E_NAME, "%s%s%s has no parameter '%.80s'; did you mean '%s'?",
                       r->where, r->colon, component->name, name, near.best);
    if (!component->param_count)
        return hb_fail(r->env, HEBB_E_NAME, "%s%s%s has no parameter '%.80s'; it has none at all",
                       r->where, r->colon, component->name, name);
    char all[600] = "";
    size_t at = 0;
    for (size_t i = 0; i < component->param_count && at + 80 < sizeof all; i++) {
        int n = snprintf(all + at, sizeof all - at, "%s%.60s", i ? ", " : "",
                         component->params[i].name);
        if (n > 0) at += (size_t)n;
    }
    return hb_fail(r->env, HEBB_E_NAME, "%s%s%s has no parameter '%.80s'; it has: %s", r->where,
                   r->colon, component->name, name, all);
}

void hb_unit_text(const hb_param_info *info, char *buffer, size_t size) {
    bool none = !info->unit || !info->unit[0] || !strcmp(info->unit, "1");
    snprintf(buffer, size, "%s%s", none ? "" : " ", none ? "" : info->unit);
}

void hb_range_text(const hb_param_info *info, char *buffer, size_t size) {
    char low[32], high[32], unit[24];
    hb_number_text(low, info->low);
    hb_number_text(high, info->high);
    hb_unit_text(info, unit, sizeof unit);
    bool above = info->flags & HB_ABOVE, below = info->flags & HB_BELOW;
    bool ranged = info->low < info->high;
    bool has_low = ranged && isfinite(info->low), has_high = ranged && isfinite(info->high);
    if (has_low && has_high && !above && !below)
        snprintf(buffer, size, "between %s and %s%s", low, high, unit);
    else if (has_low && has_high)
        snprintf(buffer, size, "%s %s and %s %s%s", above ? "above" : "at least", low,
                 below ? "below" : "at most", high, unit);
    else if (has_low)
        snprintf(buffer, size, "%s %s%s", above ? "above" : "at least", low, unit);
    else if (has_high)
        snprintf(buffer, size, "%s %s%s", below ? "below" : "at most", high, unit);
    else
        snprintf(buffer, size, "%s", "");
}

static hebb_status wrong_kind(const reader *r, const hb_param_info *info, const hebb_param *param,
                              const char *wanted) {
    static const char *const kinds[] = {"a number", "a text", "a list", "an array", "a function"};
    unsigned kind = (unsigned)param->kind;
    if (kind == HEBB_TEXT && param->text)
        return hb_fail(r->env, HEBB_E_ARGUMENT,
                       "%s%s%s = '%.80s' is not allowed for %s; "
                       "it must be %s",
                       r->where, r->colon, info->name, param->text, r->component->name, wanted);
    return hb_fail(r->env, HEBB_E_ARGUMENT, "%s%s%s of %s must be %s, not %s", r->where, r->colon,
                   info->name, r->component->name, wanted,
                   kind < HB_COUNT(kinds) ? kinds[kind] : "of an unknown kind");
}

/* position: of a list's number, SIZE_MAX for a single one. */
static hebb_status check_number(const reader *r, const hb_param_info *info, double value,
                                size_t position) {
    char number[32], range[160], place[32] = "";
    hb_number_text(number, value);
    if (position != SIZE_MAX) snprintf(place, sizeof place, "[%zu]", position);
    const char *must = NULL;
    bool ranged = info->type != HB_BOOL && info->low < info->high; /* else: left out */
    bool endless_is_fine = (info->flags & HB_INFINITE) || isinf(info->def);
    if (isnan(value) || (isinf(value) && !endless_is_fine)) {
        must = "a finite number";
    } else if (info->type == HB_INT && isfinite(value) &&
               (value != floor(value) || fabs(value) > 0x1p53)) {
        must = "a whole number";
    } else if (info->type == HB_BOOL && value != 0 && value != 1) {
        must = "0 or 1 (false or true)";
    } else if (ranged && (value < info->low || value > info->high ||
                          ((info->flags & HB_ABOVE) && value == info->low) ||
                          ((info->flags & HB_BELOW) && value == info->high))) {
        hb_range_text(info, range, sizeof range);
        must = range;
    }
    if (!must) return HEBB_OK;
    return hb_fail(r->env, HEBB_E_RANGE, "%s%s%s%s = %s is not allowed for %s; it must be %s",
                   r->where, r->colon, info->name, place, number, r->component->name, must);
}

static hebb_status read_number(const reader *r, const hb_param_info *info, const hebb_param *param,
                               hb_arg *arg) {
    HEBB_TRY(check_number(r, info, param->number, SIZE_MAX));
    arg->kind = HEBB_NUMBER;
    arg->number = param->number;
    return HEBB_OK;
}

static hebb_status read_bool(const reader *r, const hb_param_info *info, const hebb_param *param,
                             hb_arg *arg) {
    if (param->kind == HEBB_NUMBER) return read_number(r, info, param, arg);
    bool yes = param->kind == HEBB_TEXT && param->text &&
               hb_name_matches(NULL, "true|yes|on", param->text);
    bool no = param->kind == HEBB_TEXT && param->text &&
              hb_name_matches(NULL, "false|no|off", param->text);
    if (!yes && !no) return wrong_kind(r, info, param, "true or false");
    arg->kind = HEBB_NUMBER;
    arg->number = yes;
    return HEBB_OK;
}

static hebb_status keep_text(const reader *r, const char *text, hb_arg *arg) {
    arg->text = hb_strdup(r->env, text);
    if (!arg->text) return HEBB_E_MEMORY;
    arg->kind = HEBB_TEXT;
    return HEBB_OK;
}

static hebb_status read_choice(const reader *r, const hb_param_info *info, const hebb_param *param,
                               hb_arg *arg) {
    const char *wanted = param->kind == HEBB_TEXT ? param->text : NULL;
    for (const char *choice = info->choices; choice && wanted;) {
        const char *end = strchr(choice, '|');
        size_t n = end ? (size_t)(end - choice) : strlen(choice);
        char name[64];
        snprintf(name, sizeof name, "%.*s", (int)(n < sizeof name ? n : sizeof name - 1), choice);
        if (hb_name_matches(name, NULL, wanted)) return keep_text(r, name, arg);
        choice = end ? end + 1 : NULL;
    }
    char list[400] = "one of ";
    size_t at = strlen(list);
    for (const char *c = info->choices; c && *c && at + 3 < sizeof list; c++) {
        list[at++] = *c == '|' ? ',' : *c;
        if (*c == '|') list[at++] = ' ';
    }
    list[at] = 0;
    if (!wanted) return wrong_kind(r, info, param, list);
    hb_near near;
    hb_near_init(&near, wanted);
    hb_near_try(&near, info->choices);
    return hb_fail(r->env, HEBB_E_NAME,
                   "%s%s%s = '%.80s' is not allowed for %s; it must be %s%s%s%s", r->where,
                   r->colon, info->name, wanted, r->component->name, list,
                   near.best[0] ? "; did you mean '" : "", near.best, near.best[0] ? "'?" : "");
}

/* How many numbers param holds; an array may leave it to its shape. */
static hebb_status count_numbers(const reader *r, const hb_param_info *info,
                                 const hebb_param *param, size_t *count) {
    *count = param->count;
    if (param->kind == HEBB_ARRAY) {
        if (!param->shape || param->ndim < 1 || param->ndim > 4)
            return hb_fail(r->env, HEBB_E_SHAPE,
                           "%s%sthe array %s of %s needs a shape of 1 to 4 "
                           "sizes, not %zu",
                           r->where, r->colon, info->name, r->component->name,
                           param->shape ? param->ndim : 0);
        size_t product = 1;
        for (size_t i = 0; i < param->ndim; i++) {
            size_t size = param->shape[i];
            if (size && product > SIZE_MAX / sizeof(double) / size)
                return hb_fail(r->env, HEBB_E_SHAPE,
                               "%s%sthe shape of %s is larger than any "
                               "memory",
                               r->where, r->colon, info->name);
            product *= size;
        }
        if (param->count && param->count != product)
            return hb_fail(r->env, HEBB_E_SHAPE,
                           "%s%s%s has %zu numbers, but its shape asks for "
                           "%zu",
                           r->where, r->colon, info->name, param->count, product);
        *count = product;
    }
    if (*count && !param->list)
        return hb_fail(r->env, HEBB_E_ARGUMENT, "%s%sthe %zu numbers of %s are NULL", r->where,
                       r->colon, *count, info->name);
    if (*count > SIZE_MAX / sizeof(double))
        return hb_fail(r->env, HEBB_E_SHAPE, "%s%s%s has more numbers than any memory holds",
                       r->where, r->colon, info->name);
    return HEBB_OK;
}

static hebb_status read_list(const reader *r, const hb_param_info *info, const hebb_param *param,
                             hb_arg *arg) {
    size_t count;
    HEBB_TRY(count_numbers(r, info, param, &count));
    if (info->type == HB_PER_UNIT && r->units && count != r->units)
        return hb_fail(r->env, HEBB_E_SHAPE,
                       "%s%s%s has %zu values, but there are %zu neurons; "
                       "give one number or one for each neuron",
                       r->where, r->colon, info->name, count, r->units);
    for (size_t i = 0; i < count; i++) HEBB_TRY(check_number(r, info, param->list[i], i));
    arg->list = hb_calloc(r->env, count, sizeof(double));
    if (!arg->list) return HEBB_E_MEMORY;
    if (count) memcpy(arg->list, param->list, count * sizeof(double));
    arg->kind = param->kind;
    arg->count = count;
    arg->ndim = param->kind == HEBB_ARRAY ? param->ndim : 1;
    for (size_t i = 0; i < 4; i++)
        arg->shape[i] = i >= arg->ndim ? 1 : param->kind == HEBB_ARRAY ? param->shape[i] : count;
    if (count) arg->number = arg->list[0];
    return HEBB_OK;
}

static hebb_status read_numbers(const reader *r, const hb_param_info *info, const hebb_param *param,
                                hb_arg *arg) {
    bool many = param->kind == HEBB_LIST || param->kind == HEBB_ARRAY;
    switch (info->type) {
    case HB_NUMBERS: {
        if (many) return read_list(r, info, param, arg);
        if (param->kind != HEBB_NUMBER) return wrong_kind(r, info, param, "a list of numbers");
        hebb_param one = {param->name, 0,    HEBB_LIST, NULL, &param->number, 1, NULL,
                          0,           NULL, NULL,      NULL};
        return read_list(r, info, &one, arg);
    }
    case HB_PER_UNIT:
        if (many) return read_list(r, info, param, arg);
        if (param->kind == HEBB_NUMBER) return read_number(r, info, param, arg);
        return wrong_kind(r, info, param, "a number, or one for each neuron");
    case HB_MATRIX:
        if (many) return read_list(r, info, param, arg);
        return wrong_kind(r, info, param, "an array");
    default: /* HB_INIT */
        if (many) return read_list(r, info, param, arg);
        if (param->kind == HEBB_NUMBER) return read_number(r, info, param, arg);
        if (param->kind == HEBB_TEXT && param->text) return keep_text(r, param->text, arg);
        return wrong_kind(r, info, param, "a number, an array or the name of an initializer");
    }
}

static hebb_status read_function(const reader *r, const hb_param_info *info,
                                 const hebb_param *param, hb_arg *arg) {
    if (param->kind == HEBB_CALLBACK && param->call) {
        arg->kind = HEBB_CALLBACK;
        arg->call = param->call;
        arg->call_integral = param->call_integral;
        arg->user = param->user;
        return HEBB_OK;
    }
    if (param->kind != HEBB_TEXT || !param->text)
        return wrong_kind(r, info, param, "a function or an expression in one variable");
    hb_expression *expression;
    hebb_status status = hb_expression_compile(r->env, param->text, NULL, &expression);
    if (status) {
        char prefix[160];
        snprintf(prefix, sizeof prefix, "%.80s%s%s", r->where, r->colon, info->name);
        return hb_fail_in(r->env, status, prefix);
    }
    arg->kind = HEBB_TEXT; /* this kind with this call: the expression is ours to free */
    arg->call = hb_expression_value;
    arg->user = expression;
    return keep_text(r, param->text, arg);
}

static hebb_status read_one(const reader *r, const hb_param_info *info, const hebb_param *param,
                            hb_arg *arg) {
    switch (info->type) {
    case HB_NUM:
    case HB_INT:
        if (param->kind == HEBB_NUMBER) return read_number(r, info, param, arg);
        return wrong_kind(r, info, param, info->type == HB_INT ? "a whole number" : "a number");
    case HB_BOOL:
        return read_bool(r, info, param, arg);
    case HB_CHOICE:
        return read_choice(r, info, param, arg);
    case HB_STRING:
        if (param->kind == HEBB_TEXT && param->text) return keep_text(r, param->text, arg);
        return wrong_kind(r, info, param, "a text");
    case HB_FUNCTION:
        return read_function(r, info, param, arg);
    default:
        return read_numbers(r, info, param, arg);
    }
}

/* A default list reads as "[0.9, 0.999]" in the table, or is its one number. */
static hebb_status default_list(const reader *r, const hb_param_info *info, hb_arg *arg) {
    double values[16];
    size_t count = 0;
    for (const char *at = info->def_text; at && *at && count < HB_COUNT(values);) {
        size_t length = hb_read_number(at, &values[count]);
        count += length > 0;
        at += length ? length : 1;
    }
    if (!info->def_text) values[count++] = info->def;
    arg->list = hb_calloc(r->env, count, sizeof(double));
    if (!arg->list) return HEBB_E_MEMORY;
    memcpy(arg->list, values, count * sizeof(double));
    arg->kind = HEBB_LIST;
    arg->count = arg->shape[0] = count;
    arg->ndim = 1;
    return HEBB_OK;
}

static hebb_status set_default(const reader *r, const hb_param_info *info, hb_arg *arg) {
    arg->number = info->def;
    if (info->flags & (HB_UNSET | HB_REQUIRED)) return HEBB_OK;
    bool text = info->type == HB_CHOICE || info->type == HB_STRING || info->type == HB_INIT;
    if (text && info->def_text) return keep_text(r, info->def_text, arg);
    if (info->type == HB_NUMBERS) return default_list(r, info, arg);
    return HEBB_OK;
}

static hebb_status read_all(const reader *r, const hebb_param *params) {
    const hb_component *component = r->component;
    for (const hebb_param *param = params; param && param->name; param++) {
        size_t i = index_of(component, param->name);
        if (i == SIZE_MAX) return unknown_name(r, param->name);
        hb_arg *arg = &r->args->items[i];
        if (arg->given)
            return hb_fail(r->env, HEBB_E_ARGUMENT, "%s%s%s of %s is given twice", r->where,
                           r->colon, component->params[i].name, component->name);
        arg->given = true;
        HEBB_TRY(read_one(r, &component->params[i], param, arg));
    }
    for (size_t i = 0; i < component->param_count; i++) {
        hb_arg *arg = &r->args->items[i];
        if (arg->given) continue;
        if (component->params[i].flags & HB_REQUIRED)
            return hb_fail(r->env, HEBB_E_ARGUMENT, "%s%s%s needs the parameter %s (%s)", r->where,
                           r->colon, component->name, component->params[i].name,
                           component->params[i].doc ? component->params[i].doc : "no default");
        HEBB_TRY(set_default(r, &component->params[i], arg));
    }
    return HEBB_OK;
}

hebb_status hb_args_read(hb_env *env, const hb_component *component, const char *where,
                         const hebb_param *params, size_t units, hb_args *args) {
    args->component = component;
    args->env = env;
    args->items = hb_calloc(env, component->param_count, sizeof(hb_arg));
    if (!args->items) return HEBB_E_MEMORY;
    bool named = where && where[0];
    reader r = {env, component, named ? where : "", named ? ": " : "", units, args};
    hebb_status status = read_all(&r, params);
    if (status < 0) hb_args_free(args);
    return status;
}

void hb_args_free(hb_args *args) {
    if (!args || !args->items) return;
    for (size_t i = 0; i < args->component->param_count; i++) {
        hb_arg *arg = &args->items[i];
        if (arg->kind == HEBB_TEXT && arg->call == hb_expression_value)
            hb_expression_free(args->env, arg->user);
        hb_free(args->env, arg->text);
        hb_free(args->env, arg->list);
    }
    hb_free(args->env, args->items);
    args->items = NULL;
}

/* Asking for a name that the table lacks is a bug of the caller. */
static hb_arg *find(const hb_args *args, const char *name) {
    static hb_arg none;
    size_t i = index_of(args->component, name);
    assert(i != SIZE_MAX);
    return i == SIZE_MAX ? &none : &args->items[i];
}

const hb_arg *hb_args_get(const hb_args *args, const char *name) { return find(args, name); }

double hb_args_num(const hb_args *args, const char *name) { return find(args, name)->number; }

bool hb_args_given(const hb_args *args, const char *name) { return find(args, name)->given; }

const char *hb_args_text(const hb_args *args, const char *name) { return find(args, name)->text; }

double hb_args_unit(const hb_args *args, const char *name, size_t i) {
    const hb_arg *arg = find(args, name);
    return arg->list && i < arg->count ? arg->list[i] : arg->number;
}

void hb_args_set(hb_args *args, const char *name, double value) {
    hb_arg *arg = find(args, name);
    arg->number = value;
    for (size_t i = 0; i < arg->count; i++) arg->list[i] = value;
    arg->given = true;
}

/* Weight initializers: their names, defaults and formulas are torch.nn.init's. */
#include <ctype.h>
#include <math.h>
#include <string.h>

#include "links/link.h"

#define SOURCE "torch.nn.init"
static const hb_param_info uniform_params[] = {
    {"a", HB_NUM, "1", 0, HB_ANY, 0, "lower end"},
    {"b", HB_NUM, "1", 1, HB_ANY, 0, "upper end"},
};
static const hb_param_info normal_params[] = {
    {"mean", HB_NUM, "1", 0, HB_ANY, 0, "mean"},
    {"std", HB_NUM, "1", 1, HB_NOT_NEGATIVE, "standard deviation"},
};
static const hb_param_info xavier_params[] = {
    {"gain", HB_NUM, "1", 1, HB_NOT_NEGATIVE, "factor"},
};
static const hb_param_info kaiming_params[] = {
    {"a", HB_NUM, "1", 0, HB_ANY, 0, "slope of the leaky part"},
    {"mode", HB_CHOICE, "1", 0, HB_ANY, 0, "which fan divides", NULL, "fan_in", "fan_in|fan_out"},
    {"nonlinearity", HB_CHOICE, "1", 0, HB_ANY, 0, "what follows", NULL, "leaky_relu",
     "leaky_relu|relu|linear"},
};
static const hb_param_info constant_params[] = {
    {"constant_value", HB_NUM, "1", 0, HB_ANY, 0, "the value", "value"},
};
static const hb_param_info sparse_params[] = {
    {"sparsity", HB_NUM, "1", 0.1, 0, 1, 0, "share of zeros in each column"},
    {"std", HB_NUM, "1", 0.01, HB_NOT_NEGATIVE, "standard deviation of the rest"},
};
#define INIT(id, summary, params)                                                                  \
    static const hb_component id = {"initializer", #id,    NULL,   summary,                        \
                                    NULL,          SOURCE, params, HB_COUNT(params)};
INIT(uniform, "uniform in [a, b)", uniform_params)
INIT(normal, "normal", normal_params)
INIT(xavier_uniform, "uniform within +-gain sqrt(6 / (fan_in + fan_out))", xavier_params)
INIT(xavier_normal, "normal with std gain sqrt(2 / (fan_in + fan_out))", xavier_params)
INIT(kaiming_uniform, "uniform within +-sqrt(3) std, std = sqrt(2 / (1 + a^2)) / sqrt(fan)",
     kaiming_params)
INIT(kaiming_normal, "normal with std = sqrt(2 / (1 + a^2)) / sqrt(fan)", kaiming_params)
INIT(constant, "one value everywhere", constant_params)
INIT(sparse, "normal, with a share of each column set to zero", sparse_params)

const hb_component *const hb_initializers[] = {&uniform,       &normal,          &xavier_uniform,
                                               &xavier_normal, &kaiming_uniform, &kaiming_normal,
                                               &constant,      &sparse};
const size_t hb_initializer_count = HB_COUNT(hb_initializers);

static char *trimmed(char *text) {
    while (isspace((unsigned char)*text)) text++;
    for (char *end = text + strlen(text); end > text && isspace((unsigned char)end[-1]);)
        *--end = 0;
    return text;
}

enum { MOST = 7 }; /* values in the brackets */

/* "x, key=y", cut in place into parameters of the component. */
static hebb_status read_call(hb_env *env, const char *where, const hb_component *component,
                             char *inside, hebb_param params[MOST + 1]) {
    bool named = false;
    if (!*trimmed(inside)) return HEBB_OK;
    for (size_t count = 0; inside; count++) {
        char *comma = strchr(inside, ',');
        if (comma) *comma = 0;
        char *item = trimmed(inside), *equals = strchr(item, '=');
        inside = comma ? comma + 1 : NULL;
        if (count >= MOST || (count >= component->param_count && !equals))
            return hb_fail(env, HEBB_E_PARSE, "%s: too many values for initializer %s", where,
                           component->name);
        if (named && !equals)
            return hb_fail(env, HEBB_E_PARSE,
                           "%s: the value '%.80s' of initializer %s needs a name, because it comes "
                           "after one with a name",
                           where, item, component->name);
        hebb_param *p = &params[count];
        p->name = component->params[equals ? 0 : count].name;
        if (equals) {
            *equals = 0;
            named = true;
            p->name = trimmed(item);
            item = trimmed(equals + 1);
        }
        if (!*item)
            return hb_fail(env, HEBB_E_PARSE, "%s: a value of initializer %s is missing", where,
                           component->name);
        size_t length = hb_read_number(item, &p->number);
        if (!length || item[length]) p->kind = HEBB_TEXT, p->text = item;
    }
    return HEBB_OK;
}

static void fill(const hb_args *args, size_t post, size_t pre, hb_stream *stream, double *values) {
    const hb_component *c = args->component;
    size_t count = post * pre;
    double mean = 0, spread = 0;
    bool flat = c == &uniform || c == &xavier_uniform || c == &kaiming_uniform;
    if (c == &xavier_uniform || c == &xavier_normal)
        spread = hb_args_num(args, "gain") * sqrt((flat ? 6.0 : 2.0) / (double)(pre + post));
    if (c == &kaiming_uniform || c == &kaiming_normal) {
        const char *what = hb_args_text(args, "nonlinearity");
        double a = hb_args_num(args, "a");
        double gain = !strcmp(what, "linear") ? 1 : !strcmp(what, "relu") ? 2 : 2 / (1 + a * a);
        bool in = !strcmp(hb_args_text(args, "mode"), "fan_in");
        spread = sqrt(gain * (flat ? 3 : 1) / (double)(in ? pre : post));
    }
    if (c == &normal) mean = hb_args_num(args, "mean"), spread = hb_args_num(args, "std");
    if (c == &sparse) spread = hb_args_num(args, "std");
    if (c == &constant) mean = hb_args_num(args, "constant_value");
    double low = -spread, high = spread;
    if (c == &uniform) low = hb_args_num(args, "a"), high = hb_args_num(args, "b");
    for (size_t i = 0; i < count; i++)
        values[i] = c == &constant ? mean
                    : flat         ? low + (high - low) * hb_stream_uniform(stream)
                                   : mean + spread * hb_stream_normal(stream);
    if (c != &sparse) return;
    size_t zeros = (size_t)ceil(hb_args_num(args, "sparsity") * (double)post);
    for (size_t j = 0; j < pre; j++) /* choose `zeros` of the column's rows */
        for (size_t i = 0, left = zeros; i < post && left; i++)
            if (hb_stream_below(stream, post - i) < left) values[i * pre + j] = 0, left--;
}

static hebb_status read_text(hb_env *env, const char *where, const char *text, char *copy,
                             hb_args *args) {
    hebb_param params[MOST + 1] = {{0}};
    char *name = trimmed(copy), *open = strchr(name, '('), *close = strrchr(name, ')');
    if (open && (!close || close[1]))
        return hb_fail(env, HEBB_E_PARSE,
                       "%s: initializer '%.80s' has no closing bracket at its end", where, text);
    if (open) *open = *close = 0;
    const hb_component *component = hb_component_find(env, "initializer", trimmed(name),
                                                      hb_initializers, hb_initializer_count, where);
    if (!component) return HEBB_E_NAME;
    if (open) HEBB_TRY(read_call(env, where, component, open + 1, params));
    HEBB_TRY(hb_args_read(env, component, where, params, 0, args));
    if (component != &uniform || hb_args_num(args, "a") <= hb_args_num(args, "b")) return HEBB_OK;
    hb_fail(env, HEBB_E_RANGE, "%s: a = %g of initializer uniform is above b = %g", where,
            hb_args_num(args, "a"), hb_args_num(args, "b"));
    hb_args_free(args);
    return HEBB_E_RANGE;
}

hebb_status hb_initialize(hb_env *env, const char *text, const char *where, size_t post, size_t pre,
                          hb_stream *stream, double *values) {
    char *copy = hb_strdup(env, text);
    if (!copy) return HEBB_E_MEMORY;
    hb_args args = {0};
    hebb_status status = read_text(env, where, text, copy, &args);
    if (status >= 0) {
        fill(&args, post, pre, stream, values);
        hb_args_free(&args);
    }
    hb_free(env, copy);
    return status;
}

#include "learning/gradient/rules.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

#define ALPHA_DOC "width or sharpness of the window"
#define FORM                                                                                       \
    {                                                                                              \
        .name = "form", .type = HB_CHOICE, .unit = "1",                                            \
        .doc = "scale of the window: SPAIC's code, or as the paper has it", .def_text = "spaic",   \
        .choices = "spaic|paper"                                                                   \
    }
#define COMMON                                                                                      \
    {"detach_reset", HB_BOOL, "1", 0, 0, 1, 0, "no gradient through the reset"},                    \
        {"truncate",      HB_INT,                                                                   \
         "steps",         0,                                                                        \
         HB_NOT_NEGATIVE, "cut the gradient of the state at multiples of so many steps; 0: never"}, \
        {"clip_norm",                                                                               \
         HB_NUM,                                                                                    \
         "1",                                                                                       \
         0,                                                                                         \
         HB_NOT_NEGATIVE,                                                                           \
         "scale all gradients down to this norm before a step; 0: never"},                          \
        {"clip_value",                                                                              \
         HB_NUM,                                                                                    \
         "1",                                                                                       \
         0,                                                                                         \
         HB_NOT_NEGATIVE,                                                                           \
         "cut each gradient to +- this before a step; 0: never"},                                   \
    {                                                                                               \
        .name = "tape", .type = HB_CHOICE, .unit = "1",                                             \
        .doc =                                                                                      \
            "keep what the backward pass needs of all steps; or run in chunks of about sqrt(T) "    \
            "steps, keep the states between them, and run each again in the backward pass: "        \
            "memory as sqrt(T), one more forward pass, the same gradients but for rounding",        \
        .def_text = "exact", .choices = "exact|recompute"                                           \
    }

static const hb_param_info box_params[] = {
    {"alpha", HB_NUM, "1", 0.5, HB_POSITIVE, ALPHA_DOC}, FORM, COMMON};
static const hb_param_info any_params[] = {
    {"alpha", HB_NUM, "1", 0, HB_POSITIVE | HB_UNSET, ALPHA_DOC, NULL, "the surrogate's own"},
    {.name = "surrogate_func",
     .type = HB_FUNCTION,
     .unit = "1",
     .flags = HB_UNSET,
     .doc = "name of a surrogate, an expression in u, or a function of yours",
     .aliases = "surrogate",
     .def_text = "AtanGrad"},
    COMMON,
};

static const hb_component stca = {
    .kind = "learner",
    .name = "STCA",
    .summary = "backpropagation through time with a box around the threshold",
    .equation = "g(u) = 1 if abs(u) < alpha else 0, u = V - v_th; form = paper: divided by alpha",
    .source = "Gu et al., STCA: spatio-temporal credit assignment with delayed feedback in deep "
              "spiking neural networks, IJCAI 2019; SPAIC 0.6.3",
    .params = box_params,
    .param_count = HB_COUNT(box_params)};
static const hb_component stbp = {
    .kind = "learner",
    .name = "STBP",
    .summary = "backpropagation through time with a Gaussian around the threshold",
    .equation = "g(u) = exp(-u^2 / (2 alpha)) / (2 pi alpha), u = V - v_th; form = paper: over "
                "sqrt(2 pi alpha)",
    .source = "Wu et al., Spatio-temporal backpropagation for training high-performance spiking "
              "neural networks, Front. Neurosci. 12:331, 2018; SPAIC 0.6.3",
    .params = box_params,
    .param_count = HB_COUNT(box_params)};
static const hb_component sbp = {
    .kind = "learner",
    .name = "sbp",
    .aliases = "surrogate_bp|bptt",
    .summary = "backpropagation through time with a surrogate of your choice",
    .equation = "g(u) of the surrogate, u = V - v_th",
    .source = "Neftci, Mostafa and Zenke, Surrogate gradient learning in spiking neural networks, "
              "IEEE Signal Process. Mag. 36(6), 2019; SPAIC 0.6.3",
    .params = any_params,
    .param_count = HB_COUNT(any_params)};

const hb_component *const hb_gradient_rules[] = {&stca, &stbp, &sbp};
const size_t hb_gradient_rule_count = HB_COUNT(hb_gradient_rules);

static bool is_word(const char *text) {
    for (; *text; text++)
        if (!isalnum((unsigned char)*text) && *text != '_' && *text != '-') return false;
    return true;
}

static bool is_surrogate(const char *name) {
    for (size_t i = 0; i < hb_surrogate_count; i++)
        if (hb_name_matches(hb_surrogates[i]->component->name, hb_surrogates[i]->component->aliases,
                            name))
            return true;
    return false;
}

static hebb_status chosen(hb_env *env, const hb_args *args, const char *where,
                          hb_surrogate *surrogate) {
    const hb_arg *func = hb_args_get(args, "surrogate_func");
    double alpha = hb_args_given(args, "alpha") ? hb_args_num(args, "alpha") : (double)NAN;
    const char *name = func->given ? func->text : "atan";
    bool own =
        func->given && (!name || (!is_surrogate(name) && (!is_word(name) || !strcmp(name, "u"))));
    if (!own) {
        HEBB_TRY(hb_surrogate_find(env, name, where, alpha, surrogate));
        /* SPAIC's sbp has alpha = 2 for all its surrogates, STCA's box included */
        if (isnan(alpha) && !strcmp(surrogate->ops->component->name, "rectangle"))
            surrogate->alpha = 2;
        return HEBB_OK;
    }
    HEBB_TRY(hb_surrogate_find(env, "function", where, alpha, surrogate));
    surrogate->call = func->call;
    surrogate->call_integral = func->call_integral;
    surrogate->user = func->user;
    return HEBB_OK;
}

hebb_status hb_gradient_surrogate(hb_env *env, const hb_args *args, const char *where,
                                  hb_surrogate *surrogate) {
    if (args->component == &sbp) return chosen(env, args, where, surrogate);
    const char *name = args->component == &stca ? "rectangle" : "gaussian";
    double alpha = hb_args_num(args, "alpha");
    HEBB_TRY(hb_surrogate_find(env, name, where, alpha, surrogate));
    if (!strcmp(hb_args_text(args, "form"), "paper"))
        surrogate->scale = args->component == &stca ? 1 / alpha : sqrt(2 * acos(-1) * alpha);
    return HEBB_OK;
}

/* The tables of all rooms under one roof: what exists, and its page. */
#include <string.h>

#include "api/ctx.h"
#include "base/nearest.h"
#include "coding/actions.h"
#include "coding/coding.h"
#include "coding/rewards.h"
#include "data/dataset.h"
#include "learning/gradient/losses.h"
#include "learning/gradient/rules.h"
#include "learning/plasticity.h"
#include "links/link.h"
#include "neurons/model.h"
#include "neurons/surrogate.h"
#include "optim/optim.h"
#include "train/config.h"

/* The component at index of a room's table, NULL past its end. */
typedef const hb_component *(*table_at)(size_t index);

#define OPS_TABLE(name, table, count)                                                              \
    static const hb_component *name##_at(size_t i) {                                               \
        return i < (count) ? (table)[i]->component : NULL;                                         \
    }
#define PLAIN_TABLE(name, table, count)                                                            \
    static const hb_component *name##_at(size_t i) { return i < (count) ? (table)[i] : NULL; }

OPS_TABLE(neuron, HB_R(hb_models), HB_R(hb_model_count))
OPS_TABLE(connection, hb_link_kinds, hb_link_kind_count)
PLAIN_TABLE(synapse, hb_synapses, hb_synapse_count)
PLAIN_TABLE(initializer, hb_initializers, hb_initializer_count)
OPS_TABLE(encoder, hb_encoders, hb_encoder_count)
OPS_TABLE(generator, hb_generators, hb_generator_count)
OPS_TABLE(decoder, hb_decoders, hb_decoder_count)
OPS_TABLE(reward, hb_rewards, hb_reward_count)
OPS_TABLE(action, hb_actions, hb_action_count)
PLAIN_TABLE(gradient, hb_gradient_rules, hb_gradient_rule_count)
OPS_TABLE(surrogate, hb_surrogates, hb_surrogate_count)
OPS_TABLE(optimizer, hb_optimizers, hb_optimizer_count)
OPS_TABLE(schedule, hb_schedules, hb_schedule_count)
PLAIN_TABLE(section, hb_run_sections, hb_run_section_count)

static const hb_component *learner_at(size_t i) {
    return i < hb_gradient_rule_count ? gradient_at(i)
                                      : hb_plastic_rule(i - hb_gradient_rule_count);
}

/* A room with a new kind of component adds its line here. */
static const struct {
    const char *kind;
    table_at at;
} rooms[] = {
    {"neuron", neuron_at},
    {"connection", connection_at},
    {"synapse", synapse_at},
    {"initializer", initializer_at},
    {"encoder", encoder_at},
    {"generator", generator_at},
    {"decoder", decoder_at},
    {"reward", reward_at},
    {"action", action_at},
    {"learner", learner_at},
    {"surrogate", surrogate_at},
    {"loss", hb_loss_component},
    {"optimizer", optimizer_at},
    {"schedule", schedule_at},
    {"dataset", hb_dataset_component},
    {"section", section_at},
};

static table_at room_of(const char *kind) {
    for (size_t r = 0; kind && r < HB_COUNT(rooms); r++)
        if (hb_name_matches(rooms[r].kind, NULL, kind)) return rooms[r].at;
    return NULL;
}

const char *hebb_component_kind(size_t index) {
    return index < HB_COUNT(rooms) ? rooms[index].kind : NULL;
}

const char *hebb_component_name(const char *kind, size_t index) {
    table_at at = room_of(kind);
    const hb_component *component = at ? at(index) : NULL;
    return component ? component->name : NULL;
}

const char *hebb_component_summary(const char *kind, size_t index) {
    table_at at = room_of(kind);
    const hb_component *component = at ? at(index) : NULL;
    return component ? component->summary : NULL;
}

const char *hebb_nearest(const char *wanted, const char *const *names) {
    size_t count = 0;
    if (!wanted || !names) return "";
    while (names[count]) count++;
    return hb_nearest(wanted, names, count);
}

static hebb_status unknown_kind(hb_env *env, const char *kind) {
    hb_near near;
    hb_near_init(&near, kind);
    for (size_t r = 0; r < HB_COUNT(rooms); r++) hb_near_try(&near, rooms[r].kind);
    return hb_fail(env, HEBB_E_NAME, "there is no kind '%.60s' of components%s%s%s", kind,
                   near.best[0] ? "; did you mean '" : "", near.best, near.best[0] ? "'?" : "");
}

/* All pages of that name: "null" is an encoder and a neuron. */
static size_t add_pages(hb_text *page, hb_near *near, table_at only, const char *name) {
    size_t found = 0;
    for (size_t r = 0; r < HB_COUNT(rooms); r++) {
        if (only && rooms[r].at != only) continue;
        const hb_component *component;
        for (size_t i = 0; (component = rooms[r].at(i)); i++) {
            hb_near_try(near, component->name);
            hb_near_try(near, component->aliases);
            if (!hb_name_matches(component->name, component->aliases, name)) continue;
            if (found++) hb_text_add(page, "\n");
            hb_component_markdown(page, component);
        }
    }
    return found;
}

hebb_status hebb_component_page(hebb_ctx *ctx, const char *kind, const char *name,
                                const char **text) {
    if (!ctx) return hb_null(__func__, "ctx");
    hb_env *env = &ctx->env;
    if (!text) return hb_fail(env, HEBB_E_ARGUMENT, "hebb_component_page: text is NULL");
    *text = NULL;
    if (!name || !name[0])
        return hb_fail(env, HEBB_E_ARGUMENT, "hebb_component_page: the name is missing");
    if (kind && !room_of(kind)) return unknown_kind(env, kind);
    hb_near near;
    hb_near_init(&near, name);
    hb_text_clear(&ctx->page);
    if (!add_pages(&ctx->page, &near, room_of(kind), name)) {
        if (near.best[0])
            return hb_fail(env, HEBB_E_NAME, "there is no %s '%.80s'; did you mean '%s'?",
                           kind ? kind : "component", name, near.best);
        return hb_fail(env, HEBB_E_NAME,
                       "there is no %s '%.80s'; hebb_component_name lists what there is",
                       kind ? kind : "component", name);
    }
    hebb_status status = hb_text_done(&ctx->page);
    if (status >= 0) *text = ctx->page.data;
    return status;
}

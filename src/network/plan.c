/* The order in which groups are computed. A strongly connected part must go
 * step by step; everything else is swept over the whole run at once. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "network/graph.h"

/* Tarjan's algorithm without recursion. */
typedef struct tarjan {
    hb_graph *g;
    size_t *index, *low, *stack, *path, *edge; /* 0 in index: not visited */
    bool *on_stack;
    size_t next, depth, height, parts;
} tarjan;

static void visit(tarjan *t, size_t root) {
    hb_graph *g = t->g;
    t->path[0] = root;
    t->height = 1;
    t->edge[root] = 0;
    t->index[root] = t->low[root] = ++t->next;
    t->stack[t->depth++] = root;
    t->on_stack[root] = true;
    while (t->height) {
        size_t v = t->path[t->height - 1];
        if (t->edge[v] < g->connection_count) {
            const hb_connection *c = &g->connections[t->edge[v]++];
            if (c->pre != v) continue;
            size_t w = c->post;
            if (!t->index[w]) {
                t->edge[w] = 0;
                t->index[w] = t->low[w] = ++t->next;
                t->stack[t->depth++] = w;
                t->on_stack[w] = true;
                t->path[t->height++] = w;
            } else if (t->on_stack[w] && t->index[w] < t->low[v])
                t->low[v] = t->index[w];
            continue;
        }
        if (t->low[v] == t->index[v]) { /* v is the root of a part: sinks come first */
            size_t w;
            do {
                w = t->stack[--t->depth];
                t->on_stack[w] = false;
                g->groups[w].component = t->parts;
            } while (w != v);
            t->parts++;
        }
        t->height--;
        if (t->height) {
            size_t u = t->path[t->height - 1];
            if (t->low[v] < t->low[u]) t->low[u] = t->low[v];
        }
    }
}

static hebb_status find_parts(hb_graph *g, size_t *parts) {
    size_t n = g->group_count;
    size_t *room = hb_calloc(g->env, 5 * n + 1, sizeof *room);
    bool *on_stack = hb_calloc(g->env, n + 1, sizeof *on_stack);
    if (room && on_stack) {
        tarjan t = {.g = g,
                    .index = room,
                    .low = room + n,
                    .stack = room + 2 * n,
                    .path = room + 3 * n,
                    .edge = room + 4 * n,
                    .on_stack = on_stack};
        for (size_t v = 0; v < n; v++)
            if (!t.index[v]) visit(&t, v);
        *parts = t.parts;
    }
    hebb_status status = room && on_stack ? HEBB_OK : HEBB_E_MEMORY;
    hb_free(g->env, room);
    hb_free(g->env, on_stack);
    return status;
}

/* Does the spike of a step arrive in the same step? */
static bool at_once(const hb_graph *g, const hb_connection *c) {
    if (g->latency) return false;
    for (size_t k = 0; c->wiring.delay && k < c->wiring.count; k++)
        if (!c->wiring.delay[k]) return true;
    return !c->wiring.delay;
}

static hebb_status loop_error(hb_graph *g, const size_t *waiting) {
    char path[400] = "";
    size_t at = 0, v = 0;
    while (v < g->group_count && !waiting[v]) v++;
    for (size_t hops = 0; hops <= g->group_count; hops++) /* walk back until inside the loop */
        for (size_t c = 0; c < g->connection_count; c++)
            if (g->connections[c].post == v && waiting[g->connections[c].pre] &&
                at_once(g, &g->connections[c])) {
                v = g->connections[c].pre;
                break;
            }
    size_t first = v;
    do {
        for (size_t c = 0; c < g->connection_count; c++)
            if (g->connections[c].post == v && waiting[g->connections[c].pre] &&
                at_once(g, &g->connections[c])) {
                if (at + 70 < sizeof path)
                    at +=
                        (size_t)snprintf(path + at, sizeof path - at, "%s <- ", g->groups[v].name);
                v = g->connections[c].pre;
                break;
            }
    } while (v != first);
    snprintf(path + at, sizeof path - at, "%s", g->groups[first].name);
    return hb_fail(g->env, HEBB_E_GRAPH,
                   "latency = same_step needs a delay of at least one step in every loop, but "
                   "there is none in: %s",
                   path);
}

/* Neuron groups with sources first: by part, and inside a part by the
 * connections that act within a step. */
static hebb_status find_order(hb_graph *g, size_t parts) {
    size_t *waiting = hb_calloc(g->env, g->group_count + 1, sizeof *waiting);
    hb_free(g->env, g->order);
    g->order = hb_calloc(g->env, g->group_count + 1, sizeof *g->order);
    if (!waiting || !g->order) {
        hb_free(g->env, waiting);
        return HEBB_E_MEMORY;
    }
    hebb_status status = HEBB_OK;
    g->order_count = 0;
    for (size_t part = parts; part-- > 0 && status >= 0;) { /* Tarjan numbers sinks first */
        size_t left = 0;
        for (size_t v = 0; v < g->group_count; v++) {
            waiting[v] = g->groups[v].role == HB_NEURONS && g->groups[v].component == part;
            left += waiting[v];
        }
        while (left) {
            size_t before = left;
            for (size_t v = 0; v < g->group_count; v++) {
                bool ready = waiting[v];
                for (size_t c = 0; ready && c < g->connection_count; c++)
                    if (g->connections[c].post == v && waiting[g->connections[c].pre] &&
                        at_once(g, &g->connections[c]))
                        ready = false;
                if (!ready) continue;
                waiting[v] = 0;
                g->order[g->order_count++] = v;
                left--;
            }
            if (left == before) {
                status = loop_error(g, waiting);
                break;
            }
        }
    }
    hb_free(g->env, waiting);
    return status;
}

size_t hb_graph_steps(const hb_graph *g) {
    double steps = g->time_max / g->dt;
    return steps >= 1 ? (size_t)ceil(steps - 1e-6) : 1;
}

hebb_status hb_graph_plan(hb_graph *g) {
    size_t parts = 0;
    for (size_t i = 0; i < g->connection_count; i++) {
        hb_connection *c = &g->connections[i];
        hb_link_site site = {.name = c->name,
                             .pre = g->groups[c->pre].n,
                             .post = g->groups[c->post].n,
                             .same_group = c->pre == c->post,
                             .dt = g->dt,
                             .spaic = g->spaic,
                             .fills_up = c->fills_up,
                             .seed = g->seed,
                             .id = (uint32_t)i};
        HEBB_TRY(hb_wiring_make(g->env, c->kind, &site, &c->args, &c->wiring));
    }
    HEBB_TRY(find_parts(g, &parts));
    for (size_t i = 0; i < g->connection_count; i++) {
        hb_connection *c = &g->connections[i];
        c->inside = g->groups[c->pre].component == g->groups[c->post].component;
    }
    return find_order(g, parts);
}

void hb_graph_unplan(hb_graph *g) {
    for (size_t i = 0; i < g->connection_count; i++)
        hb_wiring_free(g->env, &g->connections[i].wiring);
    hb_free(g->env, g->order);
    g->order = NULL;
    g->order_count = 0;
    for (size_t i = 0; i < g->group_count; i++) g->groups[i].surrogate_set = false;
}

/* Sweeps of neuron models beside their loops step by step: the same bits, for every instruction set
 * that this machine has, odd widths, unaligned, up to the last byte before a page that may not be
 * touched. */
#define _GNU_SOURCE
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/random.h"
#include "guarded.h"
#include "neurons/model.h"

static const char *const models[] = {"lif", "clif", "clif2k"};
static const size_t sizes[] = {1, 3, 8, 10, 16, 17, 31, 33, 64, 65, 100, 130};
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
enum { STEPS = 11, MOST = 130 };

/* What may differ between two sweeps. */
typedef struct form {
    bool uniform, spaic, detach, tape, at_zero;
    bool slopes, one_row; /* backward */
    unsigned coefs;       /* bit c: the gradient of coefficient c is wanted */
} form;

static hb_stream stream;
static real number(void) { return (real)((double)hb_stream_u32(&stream) / 0x1p31 - 1); }

/* Rooms end where a page ends; the next one is closed. */
enum { ROOMS = 64 };
static struct {
    void *data;
    size_t size;
} rooms[ROOMS];
static size_t room_count;

static void *room(size_t size) {
    assert_true(room_count < ROOMS);
    rooms[room_count].data = guarded(size);
    rooms[room_count].size = size;
    return rooms[room_count++].data;
}
static void leave_rooms(void) {
    while (room_count--) unguard(rooms[room_count].data, rooms[room_count].size);
    room_count = 0;
}
static real *numbers(size_t count) {
    real *to = room(count * sizeof(real));
    for (size_t i = 0; i < count; i++) to[i] = number();
    return to;
}
static void *copy(const void *from, size_t size) { return memcpy(room(size), from, size); }

static const hb_model *model_of(const char *cpu, const char *name) {
    setenv("HEBB_CPU", cpu, 1);
    bool there = !strcmp(hb_kernels_get()->name, cpu);
    unsetenv("HEBB_CPU");
    for (size_t i = 0; there && i < HB_R(hb_model_count); i++) {
        const hb_model *m = HB_R(hb_models_for)(cpu)[i];
        if (!strcmp(m->component->name, name)) return m;
    }
    return NULL;
}

/* Decays and thresholds at which neurons are lively; one value for all where uniform. */
static void coefficients(const hb_model *m, form f, size_t n, const real **coef) {
    for (size_t c = 0; c < m->coef_count; c++) {
        real *to = numbers(n), middle = m->coefs[c].derive == HB_DECAY ? (real)0.6 : (real)0.3;
        for (size_t j = 0; j < n; j++) to[j] = f.uniform && j ? to[0] : middle + to[j] / 4;
        coef[c] = to;
    }
}

/* One step at a time, by the loops that every model has. */
static void run_by_steps(const hb_model *m, hb_sweep *s, size_t states) {
    real x[MOST], o[MOST];
    for (size_t t = 0; t < s->steps; t++) {
        hb_step k = {.n = s->n, .x = x, .o = o, .m = o, .I = s->I + t * s->n, .spaic = s->spaic};
        for (size_t c = 0; c < m->coef_count; c++) k.coef[c] = s->coef[c];
        for (size_t i = 0; i < states; i++) {
            k.state[i] = s->state[i];
            if (s->before)
                memcpy(s->before + (t * states + i) * s->n, k.state[i], s->n * sizeof(real));
        }
        m->integrate(&k);
        if (s->x) memcpy(s->x + t * s->n, x, s->n * sizeof(real));
        memset(s->spikes + t * s->words, 0, s->words * 8);
        if (s->window) memset(s->window + t * s->words, 0, s->words * 8);
        for (size_t j = 0; j < s->n; j++) {
            bool fires = x[j] > s->fires && x[j] < (real)INFINITY;
            o[j] = fires;
            s->spikes[t * s->words + j / 64] |= (uint64_t)fires << j % 64;
            if (s->window)
                s->window[t * s->words + j / 64] |= (uint64_t)(x[j] > s->low && x[j] < s->high)
                                                    << j % 64;
        }
        m->settle(&k);
    }
}

static void back_by_steps(const hb_model *m, hb_sweep *s, size_t states) {
    real dx[MOST], o[MOST], dO[MOST];
    for (size_t t = s->steps; t-- > 0;) {
        hb_step k = {.n = s->n,
                     .o = o,
                     .m = o,
                     .dx = dx,
                     .dO = dO,
                     .spaic = s->spaic,
                     .detach = s->detach,
                     .I = s->I + t * s->n,
                     .dI = s->dI + t * s->n};
        for (size_t c = 0; c < m->coef_count; c++) k.coef[c] = s->coef[c], k.gcoef[c] = s->gcoef[c];
        for (size_t i = 0; i < states; i++) {
            k.adj[i] = s->adj[i];
            k.prev[i] = s->before + (t * states + i) * s->n;
        }
        for (size_t j = 0; j < s->n; j++) {
            o[j] = s->spikes[t * s->words + j / 64] >> j % 64 & 1;
            dO[j] = s->dO[t * s->dO_stride + j];
        }
        m->unsettle(&k);
        for (size_t j = 0; j < s->n; j++) {
            real slope = s->slope                                         ? s->slope[t * s->n + j]
                         : s->window[t * s->words + j / 64] >> j % 64 & 1 ? s->height
                                                                          : 0;
            dx[j] = slope * dO[j];
        }
        m->unintegrate(&k);
    }
}

static void same_rows(const void *got, const void *want, size_t size, const char *what,
                      const char *model, size_t n, size_t cpu) {
    if (got && memcmp(got, want, size))
        fail_msg("%s of %s, %zu neurons, %s: not the bits of single steps", what, model, n,
                 cpus[cpu]);
}

/* In two sweeps, so that states go out of registers and back. */
static void forward(const hb_model *m, form f, size_t n, size_t cpu) {
    size_t states = m->state_count, words = (n + 63) / 64, bits = STEPS * words * 8;
    size_t cells = STEPS * n, bytes = n * sizeof(real), cut = 4;
    hb_sweep s[2] = {
        {.n = n, .row = n, .I_row = n, .words = words, .steps = STEPS, .uniform = f.uniform}};
    s[0].spaic = f.spaic;
    s[0].fires = f.at_zero ? (real)-1e-45 : 0;
    s[0].low = (real)-0.4, s[0].high = (real)0.5;
    s[0].I = numbers(cells);
    coefficients(m, f, n, s[0].coef);
    s[1] = s[0];
    for (size_t i = 0; i < states; i++) {
        s[0].state[i] = numbers(n);
        s[1].state[i] = copy(s[0].state[i], bytes);
    }
    for (int i = 0; i < 2; i++) {
        s[i].spikes = room(bits);
        memset(s[i].spikes, i ? 0 : 0xff, bits);
        if (f.tape) {
            s[i].window = room(bits);
            s[i].x = room(cells * sizeof(real));
            s[i].before = room(cells * states * sizeof(real));
        }
    }
    run_by_steps(m, &s[1], states);
    hb_sweep part = s[0];
    part.steps = cut;
    m->sweep(&part);
    part.steps = STEPS - cut;
    part.I += cut * n, part.spikes += cut * words;
    if (f.tape) part.window += cut * words, part.x += cut * n, part.before += cut * states * n;
    m->sweep(&part);
    const char *name = m->component->name;
    same_rows(s[0].spikes, s[1].spikes, bits, "spikes", name, n, cpu);
    same_rows(s[0].window, s[1].window, bits, "windows", name, n, cpu);
    same_rows(s[0].x, s[1].x, cells * sizeof(real), "x", name, n, cpu);
    same_rows(s[0].before, s[1].before, cells * states * sizeof(real), "states before", name, n,
              cpu);
    for (size_t i = 0; i < states; i++)
        same_rows(s[0].state[i], s[1].state[i], bytes, m->states[i], name, n, cpu);
    leave_rooms();
}

/* Samples side by side, with a row between them that is nobody's. */
static void abreast(const hb_model *m, form f, size_t n, size_t cpu) {
    size_t states = m->state_count, words = (n + 63) / 64, most = STEPS + 1, last = HB_ABREAST - 1;
    hb_apart a = {.state = states * n,
                  .I = most * n,
                  .x = most * n,
                  .before = most * states * n,
                  .spikes = most * words,
                  .window = most * words};
    hb_sweep s = {.n = n,
                  .row = n,
                  .I_row = n,
                  .words = words,
                  .steps = STEPS,
                  .uniform = f.uniform,
                  .spaic = f.spaic};
    s.abreast = true, s.apart = a;
    s.fires = f.at_zero ? (real)-1e-45 : 0;
    s.low = (real)-0.4, s.high = (real)0.5;
    s.I = numbers(last * a.I + STEPS * n);
    real *first = numbers(HB_ABREAST * a.state), *state = room(HB_ABREAST * a.state * sizeof(real));
    memcpy(state, first, HB_ABREAST * a.state * sizeof(real));
    for (size_t i = 0; i < states; i++) s.state[i] = state + i * n;
    coefficients(m, f, n, s.coef);
    s.spikes = room((last * a.spikes + STEPS * words) * 8);
    if (f.tape) {
        s.window = room((last * a.window + STEPS * words) * 8);
        s.x = room((last * a.x + STEPS * n) * sizeof(real));
        s.before = room((last * a.before + STEPS * states * n) * sizeof(real));
    }
    m->sweep(&s);
    for (size_t k = 0; k < HB_ABREAST; k++) {
        static uint64_t bits[2][STEPS * 3];
        static real x[STEPS * MOST], before[STEPS * HB_STATES * MOST];
        hb_sweep one = s;
        const char *name = m->component->name;
        one.I += k * a.I, one.spikes = bits[0];
        if (f.tape) one.window = bits[1], one.x = x, one.before = before;
        for (size_t i = 0; i < states; i++) one.state[i] = first + (k * states + i) * n;
        run_by_steps(m, &one, states);
        same_rows(s.spikes + k * a.spikes, bits[0], STEPS * words * 8, "spikes", name, n, cpu);
        same_rows(state + k * a.state, first + k * a.state, a.state * sizeof(real), "states", name,
                  n, cpu);
        if (!f.tape) continue;
        same_rows(s.window + k * a.window, bits[1], STEPS * words * 8, "windows", name, n, cpu);
        same_rows(s.x + k * a.x, x, STEPS * n * sizeof(real), "x", name, n, cpu);
        same_rows(s.before + k * a.before, before, STEPS * states * n * sizeof(real),
                  "states before", name, n, cpu);
    }
    leave_rooms();
}

static void backward(const hb_model *m, form f, size_t n, size_t cpu) {
    size_t states = m->state_count, words = (n + 63) / 64, cells = STEPS * n, cut = 7;
    size_t bytes = n * sizeof(real);
    hb_sweep s[2] = {
        {.n = n, .row = n, .I_row = n, .words = words, .steps = STEPS, .uniform = f.uniform}};
    s[0].spaic = f.spaic, s[0].detach = f.detach;
    s[0].height = (real)0.7;
    s[0].I = numbers(cells);
    s[0].before = numbers(cells * states);
    s[0].spikes = room(STEPS * words * 8);
    s[0].window = room(STEPS * words * 8);
    for (size_t t = 0; t < STEPS; t++) /* bits past the last neuron are zeros, as in the engine */
        for (size_t j = 0; j < n; j++) {
            s[0].spikes[t * words + j / 64] |= (uint64_t)(number() > 0) << j % 64;
            s[0].window[t * words + j / 64] |= (uint64_t)(number() > 0) << j % 64;
        }
    if (f.slopes) s[0].slope = numbers(cells);
    s[0].dO_stride = f.one_row ? 0 : n;
    s[0].dO = numbers(f.one_row ? n : cells);
    coefficients(m, f, n, s[0].coef);
    s[1] = s[0];
    for (int i = 0; i < 2; i++) s[i].dI = room(cells * sizeof(real));
    for (size_t i = 0; i < states; i++) {
        s[0].adj[i] = numbers(n);
        if (i == 0 && states > 1) memset(s[0].adj[i], 0, bytes); /* V of clif: from outside only */
        s[1].adj[i] = copy(s[0].adj[i], bytes);
    }
    for (size_t c = 0; c < m->coef_count; c++)
        if (f.coefs >> c & 1) {
            s[0].gcoef[c] = numbers(n);
            s[1].gcoef[c] = copy(s[0].gcoef[c], bytes);
        }
    back_by_steps(m, &s[1], states);
    hb_sweep part = s[0];
    part.steps = STEPS - cut;
    part.I += cut * n, part.before += cut * states * n, part.dI += cut * n;
    part.spikes += cut * words, part.window += cut * words, part.dO += cut * part.dO_stride;
    if (f.slopes) part.slope += cut * n;
    m->sweep_back(&part);
    hb_sweep rest = s[0];
    rest.steps = cut;
    m->sweep_back(&rest);
    const char *name = m->component->name;
    same_rows(s[0].dI, s[1].dI, cells * sizeof(real), "gradient of the current", name, n, cpu);
    for (size_t i = 0; i < states; i++)
        same_rows(s[0].adj[i], s[1].adj[i], bytes, m->states[i], name, n, cpu);
    for (size_t c = 0; c < m->coef_count; c++)
        same_rows(s[0].gcoef[c], s[1].gcoef[c], bytes, m->coefs[c].name, name, n, cpu);
    leave_rooms();
}

static form form_of(unsigned draw) {
    return (form){.uniform = draw & 1,
                  .spaic = draw >> 1 & 1,
                  .detach = draw >> 2 & 1,
                  .tape = draw >> 3 & 1,
                  .at_zero = draw >> 4 & 1,
                  .slopes = draw >> 5 & 1,
                  .one_row = draw >> 6 & 1,
                  .coefs = draw >> 7 & 1 ? draw >> 8 & 31 : 0};
}

static void every_form(void (*check)(const hb_model *, form, size_t, size_t)) {
    hb_stream_init(&stream, 5, HB_DRAW_WEIGHT, 0, 0);
    for (size_t cpu = 0; cpu < COUNT(cpus); cpu++)
        for (size_t i = 0; i < COUNT(models); i++) {
            const hb_model *m = model_of(cpus[cpu], models[i]);
            if (!m || !m->sweep) continue;
            for (size_t k = 0; k < COUNT(sizes); k++)
                for (int draws = 0; draws < 24; draws++)
                    check(m, form_of(hb_stream_u32(&stream) >> 8), sizes[k], cpu);
        }
}
static void sweeps_are_single_steps(void **state) {
    (void)state;
    every_form(forward);
}
static void samples_abreast_are_single_steps(void **state) {
    (void)state;
    every_form(abreast);
}
static void sweeps_back_are_single_steps(void **state) {
    (void)state;
    every_form(backward);
}

/* What is not finite is not hidden by a spike. */
static void infinite_states_stay(void **state) {
    (void)state;
    for (size_t cpu = 0; cpu < COUNT(cpus); cpu++)
        for (size_t i = 0; i < COUNT(models); i++) {
            const hb_model *m = model_of(cpus[cpu], models[i]);
            if (!m || !m->sweep) continue;
            real I[2] = {(real)INFINITY, 0}, values[HB_STATES] = {0};
            uint64_t spikes[2];
            hb_sweep s = {.n = 1, .row = 1, .words = 1, .steps = 2, .uniform = true, .I = I};
            s.spikes = spikes;
            coefficients(m, (form){.uniform = true}, 1, s.coef);
            for (size_t k = 0; k < m->state_count; k++) s.state[k] = &values[k];
            m->sweep(&s);
            assert_false(isfinite(values[0]));
            assert_int_equal(spikes[0], 0);
            leave_rooms();
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sweeps_are_single_steps),
        cmocka_unit_test(samples_abreast_are_single_steps),
        cmocka_unit_test(sweeps_back_are_single_steps),
        cmocka_unit_test(infinite_states_stay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

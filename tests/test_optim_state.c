/* What a checkpoint keeps of an optimizer and a schedule is all that there is: copied
 * into new ones, they continue with the same bits. And: every allocation may fail. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "counting_alloc.h"
#include "optim/optim.h"

enum { FLOATS = 13, DOUBLES = 6, ROWS = 3 };

static hb_env env;

static int setup(void **state) {
    (void)state;
    hb_env_init(&env, NULL);
    return 0;
}

#define OK(call)                                                                                   \
    do {                                                                                           \
        hebb_status ok_status = (call);                                                            \
        if (ok_status < 0) fail_msg("%s: %s", #call, env.error);                                   \
    } while (0)

/* ---- a small thing to train ---------------------------------------------------- */

typedef struct model {
    float a[FLOATS], da[FLOATS];
    double b[DOUBLES], db[DOUBLES];
    unsigned clock; /* makes the gradient change over time */
} model;

static hebb_status model_closure(void *user, double *loss) {
    model *m = user;
    *loss = 0;
    for (int i = 0; i < FLOATS; i++) {
        double d = (double)m->a[i] - sin(i + 1.0);
        *loss += (i + 1) * log(cosh(d));
        m->da[i] = (float)((i + 1) * tanh(d) + 0.1 * sin(m->clock * (i + 2.0)));
    }
    for (int i = 0; i < DOUBLES; i++) {
        double d = m->b[i] + 0.5 * i;
        *loss += log(cosh(d));
        m->db[i] = tanh(d) + 0.1 * cos(m->clock * (i + 3.0));
    }
    return HEBB_OK;
}

static void model_start(model *m) {
    memset(m, 0, sizeof *m);
    for (int i = 0; i < FLOATS; i++) m->a[i] = (float)(1 - 0.1 * i);
    for (int i = 0; i < DOUBLES; i++) m->b[i] = 0.3 * i - 1;
}

/* ---- an optimizer with its schedule ---------------------------------------------- */

typedef struct setting {
    const char *name;
    const hebb_param *params;
    const char *schedule; /* or NULL */
    const hebb_param *schedule_params;
    bool rows;
} setting;

typedef struct training {
    hb_optim optim;
    hb_sched sched;
    model model;
} training;

static hebb_status training_make(hb_env *ground, const setting *s, training *t) {
    memset(&t->sched, 0, sizeof t->sched);
    model_start(&t->model);
    HEBB_TRY(hb_optim_create(ground, s->name, 0.05, s->params, &t->optim));
    model *m = &t->model;
    hebb_status status = hb_optim_add(&t->optim, HEBB_F32, m->a, m->da, 1, FLOATS);
    if (status >= 0) status = hb_optim_add(&t->optim, HEBB_F64, m->b, m->db, ROWS, DOUBLES);
    if (status >= 0 && s->schedule)
        status = hb_sched_create(&t->optim, s->schedule, s->schedule_params, &t->sched);
    return status;
}

static void training_free(training *t) {
    hb_sched_free(&t->sched);
    hb_optim_free(&t->optim);
}

static hebb_status training_step(const setting *s, training *t) {
    static const uint32_t lists[3][2] = {{0, 2}, {1, 0}, {2, 1}};
    double loss = 0;
    model *m = &t->model;
    m->clock++;
    if (s->rows) {
        t->optim.slots[1].row_sparse = true;
        t->optim.slots[1].row_list = lists[m->clock % 3];
        t->optim.slots[1].row_count = 1 + m->clock % 2;
    }
    HEBB_TRY(hb_optim_step_closure(&t->optim, model_closure, m, &loss));
    /* a metric that gets better and worse */
    return s->schedule ? hb_sched_step(&t->sched, 3 + cos(m->clock * 1.7)) : HEBB_OK;
}

/* What checkpoints keep, and nothing else. */
static void training_copy(training *to, const training *from) {
    hb_optim *o = &to->optim;
    const hb_optim *f = &from->optim;
    to->model = from->model;
    o->step = f->step;
    o->lr = f->lr;
    o->momentum = f->momentum;
    o->beta1 = f->beta1;
    assert_int_equal(o->extra_count, f->extra_count);
    if (f->extra_count) memcpy(o->extra, f->extra, f->extra_count * sizeof(double));
    assert_int_equal(o->slot_count, f->slot_count);
    for (size_t i = 0; i < f->slot_count; i++) {
        size_t size = f->slots[i].dtype == HEBB_F64 ? sizeof(double) : sizeof(float);
        memcpy(o->slots[i].scalar, f->slots[i].scalar, sizeof o->slots[i].scalar);
        for (int k = 0; k < HB_OPTIM_STATES; k++) {
            assert_int_equal(!o->slots[i].state[k], !f->slots[i].state[k]);
            if (f->slots[i].state[k])
                memcpy(o->slots[i].state[k], f->slots[i].state[k], f->slots[i].count * size);
        }
    }
    to->sched.step = from->sched.step;
    memcpy(to->sched.memory, from->sched.memory, sizeof to->sched.memory);
}

static void check_same(const setting *s, const training *a, const training *b) {
    bool same = !memcmp(&a->model, &b->model, sizeof a->model) && a->optim.lr == b->optim.lr &&
                !memcmp(&a->optim.momentum, &b->optim.momentum, sizeof(double)) &&
                !memcmp(&a->optim.beta1, &b->optim.beta1, sizeof(double)) &&
                !memcmp(a->sched.memory, b->sched.memory, sizeof a->sched.memory);
    if (!same) fail_msg("%s %s continues differently", s->name, s->schedule ? s->schedule : "");
}

/* Every state array that a table names has been written to after some steps. */
static void check_states_live(const setting *s, const training *t) {
    const hb_optim_ops *ops = t->optim.ops;
    for (int k = 0; k < HB_OPTIM_STATES; k++) {
        if (k >= ops->states) {
            assert_null(t->optim.slots[0].state[k]);
            continue;
        }
        assert_non_null(ops->state_names[k]);
        bool live = false;
        for (size_t i = 0; t->optim.slots[0].state[k] && i < FLOATS; i++)
            live = live || ((float *)t->optim.slots[0].state[k])[i] != 0;
        bool plain = !s->params && (!strcmp(ops->state_names[k], "max_exp_avg_sq") ||
                                    !strcmp(ops->state_names[k], "grad_avg") ||
                                    !strcmp(ops->state_names[k], "momentum_buffer"));
        if (!live && !plain) fail_msg("%s: %s is never written", s->name, ops->state_names[k]);
    }
}

static const double milestones[] = {2, 4, 7, 7, 9};

static const setting settings[] = {
    {"Adam", NULL, NULL, NULL, false},
    {"Adam", HEBB_P({"amsgrad", 1}, {"weight_decay", 0.1}), NULL, NULL, false},
    {"AdamW", HEBB_P({"amsgrad", 1}), NULL, NULL, false},
    {"SparseAdam", NULL, NULL, NULL, false},
    {"SparseAdam", NULL, NULL, NULL, true},
    {"Adamax", HEBB_P({"weight_decay", 0.1}), NULL, NULL, false},
    {"ASGD", HEBB_P({"t0", 2}, {"lambd", 0.01}), NULL, NULL, false},
    {"LBFGS", HEBB_P({"max_iter", 1}), NULL, NULL, false},
    {"LBFGS", HEBB_P({"max_iter", 3}, {"history_size", 4}), NULL, NULL, false},
    {"LBFGS", HEBB_P({"max_iter", 2}, HEBB_STR("line_search_fn", "strong_wolfe")), NULL, NULL,
     false},
    {"RMSprop", NULL, NULL, NULL, false},
    {"RMSprop", HEBB_P({"momentum", 0.9}, {"centered", 1}), NULL, NULL, false},
    {"Rprop", NULL, NULL, NULL, false},
    {"SGD", NULL, NULL, NULL, false},
    {"SGD", HEBB_P({"momentum", 0.5}, {"dampening", 0.2}), NULL, NULL, false},
    {"SGD", HEBB_P({"momentum", 0.5}, {"nesterov", 1}), NULL, NULL, false},
    {"Adadelta", NULL, NULL, NULL, false},
    {"Adagrad", HEBB_P({"lr_decay", 0.1}, {"initial_accumulator_value", 0.2}), NULL, NULL, false},
    {"Adam", NULL, "LambdaLR", HEBB_P(HEBB_STR("lr_lambda", "0.9 ** epoch")), false},
    {"Adam", NULL, "StepLR", HEBB_P({"step_size", 3}), false},
    {"Adam", NULL, "MultiStepLR", HEBB_P(HEBB_NUMBERS("milestones", milestones, 5)), false},
    {"Adam", NULL, "ExponentialLR", HEBB_P({"gamma", 0.9}), false},
    {"Adam", NULL, "CosineAnnealingLR", HEBB_P({"T_max", 7}), false},
    {"Adam", NULL, "ReduceLROnPlateau", HEBB_P({"patience", 1}, {"cooldown", 2}), false},
    {"Adam", NULL, "CyclicLR",
     HEBB_P({"base_lr", 0.01}, {"max_lr", 0.1}, {"step_size_up", 3}, HEBB_STR("mode", "exp_range"),
            {"gamma", 0.9}),
     false},
    {"SGD", HEBB_P({"momentum", 0.9}), "CyclicLR",
     HEBB_P({"base_lr", 0.01}, {"max_lr", 0.1}, {"step_size_up", 3},
            HEBB_STR("mode", "triangular2")),
     false},
    {"SGD", NULL, "CosineAnnealingWarmRestarts", HEBB_P({"T_0", 2}, {"T_mult", 2}), false},
};
enum { SETTINGS = sizeof settings / sizeof settings[0] };

static void test_continuation(void **state) {
    (void)state;
    for (size_t k = 0; k < SETTINGS; k++) {
        const setting *s = &settings[k];
        training first, second;
        OK(training_make(&env, s, &first));
        OK(training_make(&env, s, &second));
        for (int step = 0; step < 5; step++) OK(training_step(s, &first));
        check_states_live(s, &first);
        training_copy(&second, &first);
        for (int step = 0; step < 5; step++) {
            OK(training_step(s, &first));
            OK(training_step(s, &second));
            check_same(s, &first, &second);
        }
        training_free(&first);
        training_free(&second);
    }
}

/* All optimizers and schedules are among the settings. */
static void test_settings_cover(void **state) {
    (void)state;
    assert_int_equal(hb_optimizer_count, 11);
    assert_int_equal(hb_schedule_count, 8);
    for (size_t i = 0; i < hb_optimizer_count; i++) {
        bool found = false;
        for (size_t k = 0; k < SETTINGS; k++)
            found = found || !strcmp(settings[k].name, hb_optimizers[i]->component->name);
        assert_true(found);
    }
    for (size_t i = 0; i < hb_schedule_count; i++) {
        bool found = false;
        for (size_t k = 0; k < SETTINGS; k++)
            found = found || (settings[k].schedule &&
                              !strcmp(settings[k].schedule, hb_schedules[i]->component->name));
        assert_true(found);
    }
}

/* ---- names, places --------------------------------------------------------------- */

static void test_slot_names(void **state) {
    (void)state;
    training t;
    OK(training_make(&env, &settings[0], &t));
    t.optim.slots[1].name = "connection1.weight";
    t.model.db[4] = -INFINITY;
    assert_int_equal(hb_optim_step(&t.optim), HEBB_E_NOT_FINITE);
    assert_string_equal(env.error, "Adam, step 1: the gradient of connection1.weight is -inf at "
                                   "entry 4; nothing was changed");
    training_free(&t);
}

/* A row that a caller of the engine lists but an array lacks is refused. */
static void test_row_beyond(void **state) {
    (void)state;
    static const uint32_t rows[] = {0, ROWS};
    training t;
    OK(training_make(&env, &settings[3], &t));
    t.optim.slots[1].row_sparse = true;
    t.optim.slots[1].row_list = rows;
    t.optim.slots[1].row_count = 2;
    assert_int_equal(hb_optim_step(&t.optim), HEBB_E_RANGE);
    assert_string_equal(env.error, "SparseAdam: array 1 has no row 3, only 3 rows");
    training_free(&t);
    hb_optim_free(&t.optim); /* again is fine */
    hb_sched_free(&t.sched);
}

/* ---- memory ------------------------------------------------------------------------ */

static const setting *current;

static hebb_status work(hb_env *ground) {
    training t;
    hebb_status status = training_make(ground, current, &t);
    for (int step = 0; status >= 0 && step < 2; step++) status = training_step(current, &t);
    training_free(&t);
    return status;
}

static void test_memory(void **state) {
    (void)state;
    for (size_t k = 0; k < SETTINGS; k++) {
        current = &settings[k];
        assert_true(refuse_each(work) >= 3);
    }
}

/* Through the public functions, with an allocator of the caller's. */
static hebb_status work_public(hb_env *ground) {
    static const uint32_t rows[] = {1, 0};
    hebb_ctx_options options = hebb_ctx_options_default();
    options.allocator = &ground->allocator;
    options.threads = 1;
    hebb_ctx *ctx;
    hebb_status status = hebb_ctx_create(&options, &ctx);
    if (status < 0) return hb_fail(ground, status, "no context");
    hebb_optimizer *optimizer = NULL;
    hebb_schedule *schedule = NULL;
    float p[2][4] = {{0}}, g[2][4] = {{0}};
    status = hebb_optimizer_create(ctx, "SparseAdam", 0.1, HEBB_P({"eps", 1e-6}), &optimizer);
    for (int i = 0; status >= 0 && i < 2; i++) {
        status = hebb_optimizer_add(optimizer, HEBB_F32, p[i], g[i], 2, 4);
        if (status >= 0) status = hebb_optimizer_rows(optimizer, (size_t)i, rows, 1);
        if (status >= 0) status = hebb_optimizer_rows(optimizer, (size_t)i, rows, 2);
    }
    if (status >= 0)
        status = hebb_schedule_create(optimizer, "MultiStepLR",
                                      HEBB_P(HEBB_NUMBERS("milestones", milestones, 5)), &schedule);
    if (status >= 0) status = hebb_optimizer_step(optimizer);
    if (status >= 0) status = hebb_schedule_step(schedule, 0);
    if (status < 0) hb_fail(ground, status, "%s", hebb_error(ctx));
    hebb_ctx_free(ctx);
    return status;
}

static void test_memory_public(void **state) {
    (void)state;
    assert_true(refuse_each(work_public) > 10);
}

/* Once everything is there a step asks for no memory. */
static void test_steps_allocate_nothing(void **state) {
    (void)state;
    for (size_t k = 0; k < SETTINGS; k++) {
        counting c;
        hb_env ground;
        training t;
        counting_env(&ground, &c, 0);
        OK(training_make(&ground, &settings[k], &t));
        size_t before = c.requests;
        for (int step = 0; step < 5; step++) OK(training_step(&settings[k], &t));
        assert_int_equal(c.requests, before);
        training_free(&t);
        assert_int_equal(c.held, 0);
    }
}

/* ---- long arrays, which are stepped in parts ---- */

enum { LONG = 150001, SHORT = 9 };

static float slope_of(size_t i, int step) {
    return (float)sin((double)(i % 1013) * 0.37 + step * 1.3);
}

/* Numbers first .. first + count of a long array after some steps, as an array of their own. */
static void long_steps(const setting *s, hb_pool *pool, size_t first, size_t count, float *values) {
    static float gradient[LONG];
    hb_optim optim;
    OK(hb_optim_create(&env, s->name, 0.05, s->params, &optim));
    optim.pool = pool;
    for (size_t i = 0; i < count; i++) values[i] = (float)cos((double)((first + i) % 811) * 0.61);
    OK(hb_optim_add(&optim, HEBB_F32, values, gradient, 1, count));
    for (int step = 0; step < 4 && !optim.ops->needs_closure; step++) {
        for (size_t i = 0; i < count; i++) gradient[i] = slope_of(first + i, step);
        OK(hb_optim_step(&optim));
    }
    if (!optim.ops->needs_closure) { /* one that is not finite is named, wherever it lies */
        gradient[count - 2] = NAN;
        float kept = values[0];
        assert_int_equal(hb_optim_step(&optim), HEBB_E_NOT_FINITE);
        char place[32];
        snprintf(place, sizeof place, "at entry %zu;", count - 2);
        if (!strstr(env.error, place)) fail_msg("%s", env.error);
        assert_true(values[0] == kept);
    }
    hb_optim_free(&optim);
}

static void test_parts_are_the_whole(void **state) {
    (void)state;
    static float one[LONG], three[LONG];
    static const size_t places[] = {0, 65530, 131068, LONG - SHORT};
    float few[SHORT];
    hb_pool *pool;
    OK(hb_pool_create(&env, 3, &pool));
    for (size_t k = 0; k < SETTINGS; k++) {
        long_steps(&settings[k], NULL, 0, LONG, one);
        long_steps(&settings[k], pool, 0, LONG, three);
        assert_memory_equal(one, three, sizeof one);
        for (size_t i = 0; i < 4; i++) {
            long_steps(&settings[k], NULL, places[i], SHORT, few);
            assert_memory_equal(few, one + places[i], sizeof few);
        }
    }
    hb_pool_free(&env, pool);
}

#define TEST(name) cmocka_unit_test_setup(name, setup)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_continuation),
        TEST(test_settings_cover),
        TEST(test_slot_names),
        TEST(test_row_beyond),
        TEST(test_memory),
        TEST(test_memory_public),
        TEST(test_steps_allocate_nothing),
        TEST(test_parts_are_the_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Threads: every item is done once, by more than one thread, at any number of
 * threads, whatever the pace at which the work comes. */
#define _POSIX_C_SOURCE 200809L
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/team.h"
#include "counting_alloc.h"

enum { MOST = 5000 };

typedef struct job {
    unsigned char done[MOST]; /* not atomic: TSan sees whether an item is shared */
    atomic_int together, most_together;
    int threads, wrong_worker;
    long pause;
} job;

static void work(void *arg, size_t item, int worker) {
    job *j = arg;
    if (worker < 0 || worker >= j->threads) j->wrong_worker = 1;
    j->done[item]++;
    int now = atomic_fetch_add(&j->together, 1) + 1, most = atomic_load(&j->most_together);
    while (now > most && !atomic_compare_exchange_weak(&j->most_together, &most, now)) continue;
    if (j->pause) nanosleep(&(struct timespec){0, j->pause}, NULL);
    atomic_fetch_sub(&j->together, 1);
}

static void run_with(int threads) {
    static job j;
    hb_env env;
    hb_env_init(&env, NULL);
    hb_pool *pool;
    assert_int_equal(hb_pool_create(&env, threads, &pool), HEBB_OK);
    assert_int_equal(hb_pool_threads(pool), threads);
    uint64_t total = 0;
    static const size_t sizes[] = {0, 1, 2, 3, 7, 64, 1000, MOST};
    for (size_t round = 0; round < 2000; round++) {
        size_t items = sizes[round % (round < 32 ? 8 : 6)];
        memset(j.done, 0, items);
        j.threads = threads;
        /* Let the threads fall asleep now and then. */
        if (round % 500 == 0) nanosleep(&(struct timespec){0, 5000000}, NULL);
        hb_pool_run(pool, work, &j, items);
        for (size_t i = 0; i < items; i++)
            if (j.done[i] != 1) fail_msg("item %zu was done %d times", i, j.done[i]);
        total += items;
    }
    j.pause = 1000000; /* slow items: the others must join in */
    j.most_together = 0;
    memset(j.done, 0, sizeof j.done);
    hb_pool_run(pool, work, &j, 24);
    j.pause = 0;
    total += 24;
    uint64_t sum = 0;
    int busy = 0;
    for (int i = 0; i < threads; i++) {
        uint64_t done = hb_pool_done(pool, i);
        sum += done;
        busy += done > 0;
    }
    assert_int_equal(sum, total);
    assert_int_equal(hb_pool_done(pool, threads), 0);
    assert_int_equal(hb_pool_done(pool, -1), 0);
    assert_int_equal(j.wrong_worker, 0);
    if (threads > 1) {
        assert_true(busy > 1);
        assert_true(j.most_together > 1);
    } else {
        assert_int_equal(j.most_together, 1);
    }
    hb_pool_free(&env, pool);
}

static void test_one(void **state) { (void)state, run_with(1); }
static void test_two(void **state) { (void)state, run_with(2); }
static void test_three(void **state) { (void)state, run_with(3); }
static void test_eight(void **state) { (void)state, run_with(8); }

/* ---- teams ---- */

enum { ROUNDS = 600, MEMBERS = 8 };

typedef struct relay {
    size_t members;
    size_t cells[MEMBERS][2]; /* not atomic: TSan sees whether a meeting orders them */
    unsigned char was[MEMBERS];
} relay;

/* Each adds up what all wrote in the round before; in between it works on its own. */
static void member(void *arg, hb_team *team, size_t me) {
    relay *r = arg;
    size_t wrong = 0;
    for (size_t round = 0; round < ROUNDS; round++) {
        r->cells[me][round % 2] = round + me;
        size_t meeting = hb_team_come(team), sum = 0;
        r->was[me] = 1;
        if (round % 50 == me) nanosleep(&(struct timespec){0, 20000}, NULL);
        hb_team_wait(team, meeting);
        for (size_t i = 0; i < r->members; i++) sum += r->cells[i][round % 2];
        wrong += sum != r->members * round + r->members * (r->members - 1) / 2;
        if (round % 3 == 0) hb_team_meet(team);
    }
    r->cells[me][0] = wrong;
}

static void teams_meet(void **state) {
    (void)state;
    static const int threads[] = {1, 2, 3, 8};
    for (size_t k = 0; k < 4; k++)
        for (size_t members = 1; members <= (size_t)threads[k]; members++) {
            relay r = {.members = members};
            hb_env env;
            hb_env_init(&env, NULL);
            hb_pool *pool;
            assert_int_equal(hb_pool_create(&env, threads[k], &pool), HEBB_OK);
            for (int again = 0; again < 2; again++) hb_team_run(pool, members, member, &r);
            for (size_t i = 0; i < MEMBERS; i++) {
                assert_int_equal(r.was[i], i < members);
                assert_int_equal(r.cells[i][0], 0);
            }
            hb_pool_free(&env, pool);
        }
}

static hebb_status make_pool(hb_env *env) {
    hb_pool *pool;
    hebb_status status = hb_pool_create(env, 3, &pool);
    hb_pool_free(env, pool);
    return status;
}

static void test_limits(void **state) {
    (void)state;
    hb_env env;
    hb_pool *pool;
    hb_env_init(&env, NULL);
    assert_int_equal(hb_pool_create(&env, 0, &pool), HEBB_E_RANGE);
    assert_string_equal(env.error, "threads = 0 is not allowed; it must be 1 to 256");
    assert_null(pool);
    assert_int_equal(hb_pool_create(&env, 257, &pool), HEBB_E_RANGE);
    assert_true(hb_cpu_count() >= 1);
    hb_pool_free(&env, NULL);
    assert_int_equal(hb_pool_threads(NULL), 1);
    assert_int_equal(refuse_each(make_pool), 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one),   cmocka_unit_test(test_two),    cmocka_unit_test(test_three),
        cmocka_unit_test(test_eight), cmocka_unit_test(test_limits), cmocka_unit_test(teams_meet),
    };
    return cmocka_run_group_tests_name("pool", tests, NULL, NULL);
}

/* A pool of threads. `waiting` counts the items that nobody has taken yet: to
 * take one is to lower it by one, so a thread that wakes late finds either
 * nothing or an item of the work that is going on, never one of old work. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1 /* sched_getaffinity */
#endif
#include "base/pool.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

enum { MAX_THREADS = 256, SPINS = 2000, LINE = 64 };

typedef struct worker {
    struct hb_pool *pool;
    pthread_t thread;
    int index;
    _Atomic uint64_t done;
    char apart[LINE]; /* keeps the counters of two workers off one cache line */
} worker;

struct hb_pool {
    _Atomic size_t waiting;
    char apart[LINE];
    _Atomic size_t finished;
    char apart_too[LINE];
    hb_work work;
    void *arg;
    size_t items;
    int threads, started, spins;
    atomic_int sleepers;
    atomic_bool stop, caller_sleeps;
    pthread_mutex_t mutex;
    pthread_cond_t wake, all_done;
    worker workers[];
};

/* Takes items until none is left. */
static void take_items(hb_pool *pool, worker *self) {
    size_t left = atomic_load(&pool->waiting);
    while (left > 0) {
        if (!atomic_compare_exchange_weak(&pool->waiting, &left, left - 1)) continue;
        /* This item is not finished, so work, arg and items stand still. */
        size_t items = pool->items;
        pool->work(pool->arg, items - left, self->index);
        atomic_fetch_add_explicit(&self->done, 1, memory_order_relaxed);
        if (atomic_fetch_add(&pool->finished, 1) + 1 == items &&
            atomic_load(&pool->caller_sleeps)) {
            pthread_mutex_lock(&pool->mutex);
            pthread_cond_signal(&pool->all_done);
            pthread_mutex_unlock(&pool->mutex);
        }
        left = atomic_load(&pool->waiting);
    }
}

static void *worker_main(void *arg) {
    worker *self = arg;
    hb_pool *pool = self->pool;
    for (;;) {
        int spins = pool->spins;
        while (spins-- > 0 && !atomic_load(&pool->waiting) && !atomic_load(&pool->stop)) hb_pause();
        if (!atomic_load(&pool->waiting)) {
            pthread_mutex_lock(&pool->mutex);
            atomic_fetch_add(&pool->sleepers, 1);
            while (!atomic_load(&pool->waiting) && !atomic_load(&pool->stop))
                pthread_cond_wait(&pool->wake, &pool->mutex);
            atomic_fetch_sub(&pool->sleepers, 1);
            pthread_mutex_unlock(&pool->mutex);
        }
        if (atomic_load(&pool->stop)) return NULL;
        take_items(pool, self);
    }
}

/* Signals belong to the program's own threads, so ours block them all. */
static int start_thread(worker *self) {
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(&self->thread, NULL, worker_main, self);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return error;
}

hebb_status hb_pool_create(hb_env *env, int threads, hb_pool **result) {
    *result = NULL;
    if (threads < 1 || threads > MAX_THREADS)
        return hb_fail(env, HEBB_E_RANGE, "threads = %d is not allowed; it must be 1 to %d",
                       threads, MAX_THREADS);
    hb_pool *pool = hb_calloc(env, 1, sizeof *pool + (size_t)threads * sizeof(worker));
    if (!pool) return HEBB_E_MEMORY;
    pool->threads = threads;
    pool->started = 1;
    /* Where threads outnumber cores, a spinning thread keeps a working one waiting. */
    pool->spins = threads <= hb_cpu_count() ? SPINS : 0;
    pthread_mutex_init(&pool->mutex, NULL);
    pthread_cond_init(&pool->wake, NULL);
    pthread_cond_init(&pool->all_done, NULL);
    for (int i = 0; i < threads; i++) {
        pool->workers[i].pool = pool;
        pool->workers[i].index = i;
    }
    for (int i = 1; i < threads; i++, pool->started++) {
        if (start_thread(&pool->workers[i])) {
            hb_pool_free(env, pool);
            return hb_fail(env, HEBB_E_MEMORY,
                           "the system refused to start thread %d of %d; ask for fewer threads",
                           i + 1, threads);
        }
    }
    *result = pool;
    return HEBB_OK;
}

void hb_pool_free(hb_env *env, hb_pool *pool) {
    if (!pool) return;
    pthread_mutex_lock(&pool->mutex);
    atomic_store(&pool->stop, true);
    pthread_cond_broadcast(&pool->wake);
    pthread_mutex_unlock(&pool->mutex);
    for (int i = 1; i < pool->started; i++) pthread_join(pool->workers[i].thread, NULL);
    pthread_cond_destroy(&pool->all_done);
    pthread_cond_destroy(&pool->wake);
    pthread_mutex_destroy(&pool->mutex);
    hb_free(env, pool);
}

int hb_pool_threads(const hb_pool *pool) { return pool ? pool->threads : 1; }
bool hb_pool_spins(const hb_pool *pool) { return pool && pool->spins > 0; }

static void wait_for_workers(hb_pool *pool, size_t items) {
    for (int spins = pool->spins; spins > 0; spins--) {
        if (atomic_load(&pool->finished) == items) return;
        hb_pause();
    }
    pthread_mutex_lock(&pool->mutex);
    atomic_store(&pool->caller_sleeps, true);
    while (atomic_load(&pool->finished) != items) pthread_cond_wait(&pool->all_done, &pool->mutex);
    atomic_store(&pool->caller_sleeps, false);
    pthread_mutex_unlock(&pool->mutex);
}

void hb_pool_run(hb_pool *pool, hb_work work, void *arg, size_t items) {
    if (!pool || pool->threads == 1 || items <= 1) {
        for (size_t i = 0; i < items; i++) work(arg, i, 0);
        if (pool) atomic_fetch_add_explicit(&pool->workers[0].done, items, memory_order_relaxed);
        return;
    }
    pool->work = work;
    pool->arg = arg;
    pool->items = items;
    atomic_store(&pool->finished, 0);
    atomic_store(&pool->waiting, items); /* from here on the others may begin */
    if (atomic_load(&pool->sleepers) > 0) {
        pthread_mutex_lock(&pool->mutex);
        pthread_cond_broadcast(&pool->wake);
        pthread_mutex_unlock(&pool->mutex);
    }
    take_items(pool, &pool->workers[0]);
    wait_for_workers(pool, items);
}

typedef struct watched {
    const hebb_profile *profile;
    const char *phase;
    hb_work work;
    void *arg;
} watched;

static void watched_item(void *arg, size_t item, int index) {
    const watched *w = arg;
    double began = w->profile->now(w->profile->user);
    w->work(w->arg, item, index);
    w->profile->span(w->profile->user, w->phase, index, began, w->profile->now(w->profile->user));
}

void hb_pool_run_phase(hb_pool *pool, const hebb_profile *profile, const char *phase, hb_work work,
                       void *arg, size_t items) {
    watched w = {profile, phase, work, arg};
    if (profile)
        hb_pool_run(pool, watched_item, &w, items);
    else
        hb_pool_run(pool, work, arg, items);
}

double hb_phase_begin(const hebb_profile *profile) {
    return profile ? profile->now(profile->user) : 0;
}

void hb_phase_end(const hebb_profile *profile, const char *phase, double began) {
    hb_phase_end_of(profile, phase, 0, began);
}

void hb_phase_end_of(const hebb_profile *profile, const char *phase, int thread, double began) {
    if (profile) profile->span(profile->user, phase, thread, began, profile->now(profile->user));
}

uint64_t hb_pool_done(const hb_pool *pool, int index) {
    if (!pool || index < 0 || index >= pool->threads) return 0;
    return atomic_load_explicit(&pool->workers[index].done, memory_order_relaxed);
}

int hb_cpu_count(void) {
#ifdef __linux__
    cpu_set_t set;
    CPU_ZERO(&set);
    if (sched_getaffinity(0, sizeof set, &set) == 0) {
        int count = CPU_COUNT(&set);
        if (count > 0) return count < MAX_THREADS ? count : MAX_THREADS;
    }
#endif
    long count = sysconf(_SC_NPROCESSORS_ONLN);
    return count < 1 ? 1 : count < MAX_THREADS ? (int)count : MAX_THREADS;
}

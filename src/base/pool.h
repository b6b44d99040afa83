/* Threads that share numbered work items. What an item computes must not
 * depend on who takes it, so results are the same at any number of threads. */
#ifndef HB_POOL_H
#define HB_POOL_H

#include "base/env.h"

typedef struct hb_pool hb_pool;
typedef void (*hb_work)(void *arg, size_t item, int worker);

hebb_status hb_pool_create(hb_env *env, int threads, hb_pool **pool);
void hb_pool_free(hb_env *env, hb_pool *pool);
int hb_pool_threads(const hb_pool *pool);
/* May a thread of it look again and again for what it waits for? Not where cores are fewer. */
bool hb_pool_spins(const hb_pool *pool);
static inline void hb_pause(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}
/* Runs work(arg, 0 .. items-1) and waits. The caller is worker 0. */
void hb_pool_run(hb_pool *pool, hb_work work, void *arg, size_t items);
/* The same; with a profile, each item is told to it as a span of this phase. */
void hb_pool_run_phase(hb_pool *pool, const hebb_profile *profile, const char *phase, hb_work work,
                       void *arg, size_t items);
/* What the caller alone does: 0, or when it began; then the span since. */
double hb_phase_begin(const hebb_profile *profile);
void hb_phase_end(const hebb_profile *profile, const char *phase, double began);
/* The same of one of several threads. */
void hb_phase_end_of(const hebb_profile *profile, const char *phase, int thread, double began);
uint64_t hb_pool_done(const hb_pool *pool, int worker); /* items done so far */
int hb_cpu_count(void);                                 /* cores that this process may use */

#endif

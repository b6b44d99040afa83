/* Members count themselves in; the last one begins the next round. */
#include "base/team.h"

#include <sched.h>
#include <stdatomic.h>

/* A meeting is a matter of a microsecond; whoever waits for longer may be keeping the one he waits
 * for from the core that both of them were given. */
enum { LINE = 64, SPINS = 100 };

struct hb_team {
    _Atomic size_t arrived;
    char apart[LINE]; /* those who wait read the round only */
    _Atomic size_t round;
    char apart_too[LINE];
    size_t members;
    int spins;
    bool all; /* of the pool's threads */
    hb_team_work work;
    void *arg;
};

size_t hb_team_come(hb_team *team) {
    size_t round = atomic_load_explicit(&team->round, memory_order_relaxed);
    if (atomic_fetch_add_explicit(&team->arrived, 1, memory_order_acq_rel) + 1 == team->members) {
        atomic_store_explicit(&team->arrived, 0, memory_order_relaxed);
        atomic_store_explicit(&team->round, round + 1, memory_order_release);
    }
    return round;
}

void hb_team_wait(hb_team *team, size_t round) {
    int spins = team->spins;
    while (atomic_load_explicit(&team->round, memory_order_acquire) == round)
        if (spins-- > 0)
            hb_pause();
        else
            sched_yield(); /* the others may need this core to come here */
}

/* No thread takes two of these items, for none ends before all have begun. */
static void member_item(void *arg, size_t item, int worker) {
    hb_team *team = arg;
    hb_team_meet(team);
    team->work(team->arg, team, team->all ? (size_t)worker : item);
}

void hb_team_run(hb_pool *pool, size_t members, hb_team_work work, void *arg) {
    hb_team team = {.members = members,
                    .spins = hb_pool_spins(pool) ? SPINS : 0,
                    .all = members == (size_t)hb_pool_threads(pool),
                    .work = work,
                    .arg = arg};
    hb_pool_run(pool, member_item, &team, members);
}

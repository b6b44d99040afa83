/* A team: threads of a pool that do one job side by side and wait for one another
 * every few microseconds, so that they spin where a pool's threads would sleep. */
#ifndef HB_TEAM_H
#define HB_TEAM_H

#include "base/pool.h"

typedef struct hb_team hb_team;
typedef void (*hb_team_work)(void *arg, hb_team *team, size_t member);

/* Runs work(arg, team, 0 .. members-1), all at the same time, and waits for them. At most as many
 * members as the pool has threads; where they are as many, a member is always the same thread. */
void hb_team_run(hb_pool *pool, size_t members, hb_team_work work, void *arg);
/* Returns once every member has come here; what they did before is seen by all after it. */
void hb_team_meet(hb_team *team);

#endif

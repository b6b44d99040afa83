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
/* A meeting in two halves, between which there is other work: a member says that it has come, and
 * later waits until all have. What each did before it came is seen by all who have waited. */
size_t hb_team_come(hb_team *team);
void hb_team_wait(hb_team *team, size_t meeting);
/* Both. */
static inline void hb_team_meet(hb_team *team) { hb_team_wait(team, hb_team_come(team)); }

#endif

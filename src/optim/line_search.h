/* A line search for the strong Wolfe conditions. */
#ifndef HB_LINE_SEARCH_H
#define HB_LINE_SEARCH_H

#include "base/env.h"

/* What is known at step length t along the direction. */
typedef struct hb_trial {
    double t, loss, slope;
    double *gradient;
} hb_trial;

/* Fills loss, slope and gradient at trial->t. */
typedef hebb_status (*hb_try)(void *user, hb_trial *trial);

typedef struct hb_search {
    hb_try evaluate;
    void *user;
    double reach; /* largest entry of the direction: moves below 1e-9 end the search */
    int tries;    /* evaluations done */
} hb_search;

/* start: t = 0. trials: room for three gradients; trials[0].t is the first step
 * length. *best points to the trial that was chosen (or to start). */
hebb_status hb_strong_wolfe(hb_search *search, const hb_trial *start, hb_trial trials[3],
                            const hb_trial **best);

#endif

/* A line search for the strong Wolfe conditions: first widen until an interval
 * holds a good point, then narrow it by cubic interpolation.
 * Nocedal and Wright, Numerical Optimization, 2006, algorithms 3.5 and 3.6, with
 * the constants and safeguards of PyTorch's. */
#include "optim/line_search.h"

#include <math.h>

static const double decrease = 1e-4; /* of the loss, relative to the slope: c1 */
static const double flatten = 0.9;   /* of the slope: c2 */
static const double least_move = 1e-9;
enum { MOST_TRIES = 25 };

/* The least point of the cubic through two trials, kept within [low, high]. */
static double cubic_minimum(const hb_trial *a, const hb_trial *b, double low, double high) {
    const hb_trial *left = a->t <= b->t ? a : b, *right = a->t <= b->t ? b : a;
    double width = right->t - left->t;
    double d1 = left->slope + right->slope - 3 * (left->loss - right->loss) / (left->t - right->t);
    double square = d1 * d1 - left->slope * right->slope;
    if (!(square >= 0)) return (low + high) / 2;
    double d2 = sqrt(square);
    double least =
        right->t - width * ((right->slope + d2 - d1) / (right->slope - left->slope + 2 * d2));
    if (isnan(least)) return (low + high) / 2;
    return fmin(fmax(least, low), high);
}

static bool too_high(const hb_trial *start, const hb_trial *trial) {
    return !(trial->loss <= start->loss + decrease * trial->t * start->slope); /* NaN is, too */
}

static bool flat_enough(const hb_trial *start, const hb_trial *trial) {
    return fabs(trial->slope) <= -flatten * start->slope;
}

typedef struct interval {
    const hb_trial *start;
    hb_trial *low, *high, *spare; /* low: the lower loss */
    bool done;
} interval;

static hebb_status evaluate(hb_search *search, hb_trial *trial) {
    search->tries++;
    return search->evaluate(search->user, trial);
}

/* Widens until the interval between two trials holds a good point. before: the
 * trial before (start itself, copied, at first). */
static hebb_status widen(hb_search *search, interval *in, hb_trial *before, hb_trial *now) {
    const hb_trial *start = in->start;
    for (int i = 0;; i++) {
        HEBB_TRY(evaluate(search, now));
        in->low = before;
        in->high = now;
        if (i == MOST_TRIES) break;
        if (too_high(start, now) || (i > 1 && now->loss >= before->loss)) return HEBB_OK;
        if (flat_enough(start, now)) {
            in->low = now;
            in->done = true;
            return HEBB_OK;
        }
        if (now->slope >= 0) return HEBB_OK;
        hb_trial *next = in->spare;
        next->t = cubic_minimum(before, now, now->t + 0.01 * (now->t - before->t), now->t * 10);
        in->spare = before;
        before = now;
        now = next;
    }
    in->done = true; /* the better of start and the last */
    in->low = now->loss < start->loss ? now : NULL;
    return HEBB_OK;
}

/* Where to try next; close to a border twice in a row is moved inwards. */
static double next_length(const interval *in, bool *close_before) {
    double a = fmin(in->low->t, in->high->t), b = fmax(in->low->t, in->high->t);
    double t = cubic_minimum(in->low, in->high, a, b), margin = 0.1 * (b - a);
    bool close = fmin(b - t, t - a) < margin;
    if (close && (*close_before || t >= b || t <= a)) {
        t = fabs(t - b) < fabs(t - a) ? b - margin : a + margin;
        close = false;
    }
    *close_before = close;
    return t;
}

static void swap(hb_trial **a, hb_trial **b) {
    hb_trial *old = *a;
    *a = *b;
    *b = old;
}

static hebb_status narrow(hb_search *search, interval *in, int tries_left) {
    bool close_before = false;
    if (in->high->loss < in->low->loss) swap(&in->low, &in->high);
    while (tries_left-- > 0 && fabs(in->high->t - in->low->t) * search->reach >= least_move) {
        hb_trial *now = in->spare;
        now->t = next_length(in, &close_before);
        HEBB_TRY(evaluate(search, now));
        if (too_high(in->start, now) || !(now->loss < in->low->loss)) {
            swap(&in->high, &in->spare);
            if (in->high->loss < in->low->loss) swap(&in->low, &in->high);
            continue;
        }
        bool found = flat_enough(in->start, now);
        if (!found && now->slope * (in->high->t - in->low->t) >= 0) swap(&in->high, &in->low);
        swap(&in->low, &in->spare);
        if (found) break;
    }
    return HEBB_OK;
}

hebb_status hb_strong_wolfe(hb_search *search, const hb_trial *start, hb_trial trials[3],
                            const hb_trial **best) {
    interval in = {.start = start, .spare = &trials[2]};
    hb_trial *zero = &trials[1];
    double *room = zero->gradient;
    *zero = *start; /* its gradient is read through start only */
    zero->gradient = room;
    search->tries = 0;
    HEBB_TRY(widen(search, &in, zero, &trials[0]));
    if (!in.done) HEBB_TRY(narrow(search, &in, MOST_TRIES + 1 - search->tries));
    *best = !in.low || in.low->t == 0 ? start : in.low;
    return HEBB_OK;
}

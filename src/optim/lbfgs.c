/* LBFGS: Newton steps with a Hessian guessed from the last few moves. All arrays
 * are one vector here, in double precision. */
#include <string.h>

#include "optim/line_search.h"
#include "optim/optim_parts.h"

/* Numbers at the start of `extra`; after them ro[history], direction[n],
 * old_gradient[n], y[history][n], s[history][n]. */
enum { ITERATIONS, EVALUATIONS, PAIRS, OLDEST, SCALE, LENGTH, HEAD };

typedef struct job {
    hb_optim *optim;
    hb_closure closure;
    void *user;
    size_t n, history;
    /* remembered */
    double *head, *ro, *direction, *old_gradient, *y, *s;
    /* of this step: origin is where a line search starts, before where the step does */
    double *gradient, *before, *origin, *trial[3], *alpha;
    double loss;
    size_t evaluations; /* in this step */
} job;

static size_t memory_size(size_t n, size_t history) {
    return HEAD + history + 2 * n * (history + 1);
}
static size_t work_size(size_t n, size_t history) { return 6 * n + history; }

static job job_of(hb_optim *optim) {
    job j = {.optim = optim, .history = (size_t)hb_args_num(&optim->args, "history_size")};
    for (size_t i = 0; i < optim->slot_count; i++) j.n += optim->slots[i].count;
    j.head = optim->extra;
    j.ro = j.head + HEAD;
    j.direction = j.ro + j.history;
    j.old_gradient = j.direction + j.n;
    j.y = j.old_gradient + j.n;
    j.s = j.y + j.history * j.n;
    j.gradient = optim->work;
    j.before = j.gradient + j.n;
    j.origin = j.before + j.n;
    for (size_t i = 0; i < 3; i++) j.trial[i] = j.origin + (i + 1) * j.n;
    j.alpha = j.origin + 4 * j.n;
    return j;
}

static hebb_status prepare(hb_optim *optim, size_t n) {
    size_t history = (size_t)hb_args_num(&optim->args, "history_size");
    if (optim->step)
        return hb_fail(optim->env, HEBB_E_STATE, "LBFGS: no array can be added after a step");
    if (n > SIZE_MAX / 32 / sizeof(double) / (history + 1))
        return hb_fail(optim->env, HEBB_E_MEMORY,
                       "LBFGS: a history of %zu moves of %zu numbers is larger than any memory",
                       history, n);
    double *extra = hb_calloc(optim->env, memory_size(n, history), sizeof(double));
    double *work = extra ? hb_calloc(optim->env, work_size(n, history), sizeof(double)) : NULL;
    if (!work) {
        hb_free(optim->env, extra);
        return HEBB_E_MEMORY;
    }
    hb_free(optim->env, optim->extra);
    hb_free(optim->env, optim->work);
    optim->extra = extra;
    optim->extra_count = memory_size(n, history);
    optim->work = work;
    optim->work_count = work_size(n, history);
    return HEBB_OK;
}

/* ---- vectors -------------------------------------------------------------- */

static double dot(const double *restrict a, const double *restrict b, size_t n) {
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += a[i] * b[i];
    return sum;
}

/* a += factor b */
static void add(double *restrict a, double factor, const double *restrict b, size_t n) {
    for (size_t i = 0; i < n; i++) a[i] += factor * b[i];
}

static double largest(const double *a, size_t n) {
    double most = 0;
    for (size_t i = 0; i < n; i++) most = fabs(a[i]) > most ? fabs(a[i]) : most;
    return most;
}

static void gather(const hb_optim *optim, bool gradients, double *flat) {
    for (size_t k = 0; k < optim->slot_count; k++) {
        const hb_slot *slot = &optim->slots[k];
        const void *from = gradients ? slot->gradient : slot->values;
        for (size_t i = 0; i < slot->count; i++)
            flat[i] = slot->dtype == HEBB_F64 ? ((const double *)from)[i]
                                              : (double)((const float *)from)[i];
        flat += slot->count;
    }
}

static void scatter(hb_optim *optim, const double *flat) {
    for (size_t k = 0; k < optim->slot_count; k++) {
        hb_slot *slot = &optim->slots[k];
        if (slot->dtype == HEBB_F64)
            memcpy(slot->values, flat, slot->count * sizeof(double));
        else
            for (size_t i = 0; i < slot->count; i++) ((float *)slot->values)[i] = (float)flat[i];
        flat += slot->count;
    }
}

/* Sets the values to origin + length direction; `to` is room for them. */
static void move_to(job *j, double length, double *to) {
    for (size_t i = 0; i < j->n; i++) to[i] = j->origin[i] + length * j->direction[i];
    scatter(j->optim, to);
}

/* ---- evaluations ---------------------------------------------------------- */

static hebb_status evaluate(job *j, double *loss, double *gradient) {
    j->head[EVALUATIONS]++;
    j->evaluations++;
    *loss = NAN;
    HEBB_TRY(j->closure(j->user, loss));
    gather(j->optim, true, gradient);
    return HEBB_OK;
}

static hebb_status check_gradient(job *j) {
    if (!isfinite(j->loss)) return hb_fail_loss(j->optim, j->loss);
    size_t at = hb_not_finite_f64(j->gradient, j->n);
    if (at == j->n) return HEBB_OK;
    double value = j->gradient[at];
    const hb_slot *slot = j->optim->slots;
    for (; at >= slot->count; slot++) at -= slot->count;
    return hb_fail_entry(j->optim, slot, "the gradient", at, value);
}

/* A length that a line search tries; its loss may be infinite or NaN. */
static hebb_status evaluate_trial(void *user, hb_trial *trial) {
    job *j = user;
    move_to(j, trial->t, trial->gradient);
    HEBB_TRY(evaluate(j, &trial->loss, trial->gradient));
    trial->slope = dot(trial->gradient, j->direction, j->n);
    return HEBB_OK;
}

static hebb_status search(job *j, double slope) {
    hb_trial start = {0, j->loss, slope, j->old_gradient}, trials[3];
    for (size_t i = 0; i < 3; i++) trials[i] = (hb_trial){.gradient = j->trial[i]};
    trials[0].t = j->head[LENGTH];
    hb_search wolfe = {evaluate_trial, j, largest(j->direction, j->n), 0};
    const hb_trial *best;
    HEBB_TRY(hb_strong_wolfe(&wolfe, &start, trials, &best));
    j->head[LENGTH] = best->t;
    j->loss = best->loss;
    memcpy(j->gradient, best->gradient, j->n * sizeof(double));
    move_to(j, best->t, j->trial[0]);
    return check_gradient(j);
}

/* ---- directions ------------------------------------------------------------ */

/* Position in the ring of the i-th pair, the oldest first. */
static size_t pair(const job *j, size_t i) { return ((size_t)j->head[OLDEST] + i) % j->history; }

/* Keeps the last move and what it did to the gradient, unless that says nothing. */
static void remember(job *j) {
    size_t pairs = (size_t)j->head[PAIRS], n = j->n;
    double product = 0, square = 0;
    for (size_t i = 0; i < n; i++) {
        double y = j->gradient[i] - j->old_gradient[i];
        product += y * (j->direction[i] * j->head[LENGTH]);
        square += y * y;
    }
    if (!(product > 1e-10)) return;
    size_t at = pair(j, pairs); /* when all are in use, that of the oldest */
    if (pairs == j->history)
        j->head[OLDEST] = (double)pair(j, 1);
    else
        j->head[PAIRS]++;
    for (size_t i = 0; i < n; i++) {
        j->y[at * n + i] = j->gradient[i] - j->old_gradient[i];
        j->s[at * n + i] = j->direction[i] * j->head[LENGTH];
    }
    j->ro[at] = 1 / product;
    j->head[SCALE] = product / square;
}

/* direction = -(guessed inverse Hessian) gradient, by the two-loop recursion. */
static void turn(job *j) {
    size_t n = j->n;
    double *d = j->direction;
    if (j->head[ITERATIONS] > 1)
        remember(j);
    else
        j->head[SCALE] = 1;
    for (size_t i = 0; i < n; i++) d[i] = -j->gradient[i];
    size_t pairs = (size_t)j->head[PAIRS];
    for (size_t i = pairs; i-- > 0;) {
        size_t at = pair(j, i);
        j->alpha[i] = dot(j->s + at * n, d, n) * j->ro[at];
        add(d, -j->alpha[i], j->y + at * n, n);
    }
    for (size_t i = 0; i < n; i++) d[i] *= j->head[SCALE];
    for (size_t i = 0; i < pairs; i++) {
        size_t at = pair(j, i);
        double beta = dot(j->y + at * n, d, n) * j->ro[at];
        add(d, j->alpha[i] - beta, j->s + at * n, n);
    }
}

static double first_length(const job *j) {
    double sum = 0;
    for (size_t i = 0; i < j->n; i++) sum += fabs(j->gradient[i]);
    return fmin(1, 1 / sum);
}

/* ---- steps ------------------------------------------------------------------ */

/* One move; *last becomes true if no other should follow. */
static hebb_status iterate(job *j, bool final, bool *last) {
    const hb_args *args = &j->optim->args;
    double change = hb_args_num(args, "tolerance_change"), old_loss = j->loss;
    j->head[ITERATIONS]++;
    turn(j);
    memcpy(j->old_gradient, j->gradient, j->n * sizeof(double));
    j->head[LENGTH] = j->optim->lr * (j->head[ITERATIONS] == 1 ? first_length(j) : 1);
    double slope = dot(j->gradient, j->direction, j->n);
    *last = true;
    if (slope > -change) return HEBB_OK;
    gather(j->optim, false, j->origin);
    if (!strcmp(hb_args_text(args, "line_search_fn"), "strong_wolfe")) {
        HEBB_TRY(search(j, slope));
    } else {
        move_to(j, j->head[LENGTH], j->trial[0]);
        if (final) return HEBB_OK;
        HEBB_TRY(evaluate(j, &j->loss, j->gradient));
        HEBB_TRY(check_gradient(j));
    }
    double most = hb_args_given(args, "max_eval") ? hb_args_num(args, "max_eval")
                                                  : floor(hb_args_num(args, "max_iter") * 1.25);
    *last = final || (double)j->evaluations >= most ||
            largest(j->gradient, j->n) <= hb_args_num(args, "tolerance_grad") ||
            largest(j->direction, j->n) * fabs(j->head[LENGTH]) <= change ||
            fabs(j->loss - old_loss) < change;
    return HEBB_OK;
}

static hebb_status minimise(job *j, double *first_loss) {
    const hb_args *args = &j->optim->args;
    double most = hb_args_num(args, "max_iter");
    HEBB_TRY(evaluate(j, &j->loss, j->gradient));
    HEBB_TRY(check_gradient(j));
    *first_loss = j->loss;
    bool last = largest(j->gradient, j->n) <= hb_args_num(args, "tolerance_grad");
    for (double i = 1; !last && i <= most; i++) HEBB_TRY(iterate(j, i == most, &last));
    return HEBB_OK;
}

static hebb_status step_closure(hb_optim *optim, hb_closure closure, void *user, double *loss) {
    if (!optim->slot_count)
        return hb_fail(optim->env, HEBB_E_STATE, "LBFGS: there is no array to change");
    HEBB_TRY(hb_check_values(optim));
    job j = job_of(optim);
    j.closure = closure;
    j.user = user;
    gather(optim, false, j.before);
    hebb_status status = minimise(&j, loss);
    if (status < 0) { /* what it remembers belongs to moves that are taken back */
        scatter(optim, j.before);
        memset(optim->extra, 0, optim->extra_count * sizeof(double));
        return status;
    }
    optim->step++;
    for (size_t i = 0; i < optim->slot_count; i++) optim->slots[i].scalar[HB_SLOT_STEPS]++;
    return HEBB_OK;
}

static const hb_param_info params[] = {
    HB_ROW_LR(1),
    {"max_iter", HB_INT, "1", 20, 1.0, 1e9, 0, "moves per step, at most"},
    {"max_eval", HB_INT, "1", 25, 1.0, 1e9, HB_UNSET, "evaluations after which a step ends", NULL,
     "max_iter * 5/4"},
    {"tolerance_grad", HB_NUM, "1", 1e-7, HB_NOT_NEGATIVE,
     "ends a step: no entry of the gradient is larger", NULL},
    {"tolerance_change", HB_NUM, "1", 1e-9, HB_NOT_NEGATIVE,
     "ends a step: nothing, or the loss, has changed by more", NULL},
    {"history_size", HB_INT, "1", 100, 1.0, 1e9, 0, "moves that are remembered"},
    {"line_search_fn", HB_CHOICE, "1", 0, HB_ANY, 0, "how the length of a move is found", NULL,
     "none", "none|strong_wolfe"},
};
static const hb_component component = {
    .kind = "optimizer",
    .name = "LBFGS",
    .summary = "quasi-Newton steps; needs a closure that evaluates loss and gradient, on whole "
               "batches",
    .equation = "p -= length H g; H from the last pairs of moves s and changes y of the gradient "
                "with y.s > 1e-10, started from y.s/y.y; length lr (the first: "
                "lr min(1, 1/sum|g|)), or a line search from it for the strong Wolfe conditions "
                "(c1 = 1e-4, c2 = 0.9)",
    .source = "Liu and Nocedal, On the limited memory BFGS method, Math. Programming 45, 1989; "
              "Nocedal and Wright, Numerical Optimization, 2006, algorithms 7.4, 3.5 and 3.6; "
              "limits and stops as PyTorch's torch.optim.LBFGS",
    .params = params,
    .param_count = HB_COUNT(params),
};
const hb_optim_ops hb_optim_lbfgs = {.component = &component,
                                     .needs_closure = true,
                                     .prepare = prepare,
                                     .step_closure = step_closure};

/* lbfgs.c -- L-BFGS with a line search for the strong Wolfe conditions (Nocedal & Wright 2006,
 * Numerical optimization, 2nd ed.: algorithms 7.4 and 7.5 for the direction, 3.5 and 3.6 for the
 * search). Where the book leaves a choice it is that of PyTorch's LBFGS, so that the weights of
 * each step are the same. */
#include "lbfgs.h"
#include "engine.h"
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* The conditions on a step length t, where phi(t) is the loss at w + t d:
 *     phi(t)    <= phi(0) + DECREASE t phi'(0)
 *     |phi'(t)| <= CURVATURE |phi'(0)| */
static const double DECREASE = 1e-4, CURVATURE = .9;
enum { MOST_TRIALS = 26 };
/* Converged: no element of the gradient is larger; neither a weight nor the loss changes by more.
 */
static const double SMALL_GRADIENT = 1e-7, SMALL_CHANGE = 1e-9;
/* A pair is only kept when y's is larger: the Hessian must stay positive. */
static const double LEAST_CURVATURE = 1e-10;

/* ------------------------------------------------------------------------------ vectors */

/* Two numbers at a time, which the compiler has instructions for without being told of any. */
typedef double two __attribute__((vector_size(2 * sizeof(double))));

static inline two load(const double *a)
{
  two x;
  memcpy(&x, a, sizeof x);
  return x;
}

/* In four sums, so that additions do not wait for each other. */
static double dot(ptrdiff_t n, const double *a, const double *b)
{
  two s = {0}, t = {0}, u = {0}, v = {0};
  double rest = 0;
  ptrdiff_t i = 0;
  for (; i + 8 <= n; i += 8) {
    s += load(a + i) * load(b + i);
    t += load(a + i + 2) * load(b + i + 2);
    u += load(a + i + 4) * load(b + i + 4);
    v += load(a + i + 6) * load(b + i + 6);
  }
  for (; i < n; i++) rest += a[i] * b[i];
  s += t + (u + v);
  return s[0] + s[1] + rest;
}

/* to = from + t d; they may be the same */
static void add(ptrdiff_t n, const double *from, double t, const double *d, double *to)
{
  ptrdiff_t i = 0;
  for (; i + 2 <= n; i += 2) {
    const two x = load(from + i) + t * load(d + i);
    memcpy(to + i, &x, sizeof x);
  }
  for (; i < n; i++) to[i] = from[i] + t * d[i];
}

/* to = t from; they may be the same */
static void multiply(ptrdiff_t n, double t, const double *from, double *to)
{
  for (ptrdiff_t i = 0; i < n; i++) to[i] = t * from[i];
}

static double largest(ptrdiff_t n, const double *a)
{
  double most = 0;
  for (ptrdiff_t i = 0; i < n; i++) {
    if (fabs(a[i]) > most) most = fabs(a[i]);
  }
  return most;
}

static double sum_of_sizes(ptrdiff_t n, const double *a)
{
  double sum = 0;
  for (ptrdiff_t i = 0; i < n; i++) sum += fabs(a[i]);
  return sum;
}

/* ------------------------------------------------------------------------------- memory */

/* What counts from step to step comes first, the scratch of one step after it. */
typedef struct {
  double *g;     /* n: the gradient at the weights */
  double *s, *y; /* n x pairs: steps, and how they have changed the gradient */
  double *ys;    /* pairs: y's */
  double *alpha; /* pairs */
  double *d;     /* n: the direction */
  double *at;    /* n: where the loss is evaluated */
  double *trial; /* n x 2: gradients along the direction */
} numbers;

ptrdiff_t lbfgs_numbers(ptrdiff_t n, ptrdiff_t pairs)
{
  const double count = (5 + 2 * (double)pairs) * (double)n + 2 * (double)pairs;
  if (count * sizeof(double) > (double)PTRDIFF_MAX / 2) return -1;
  return (5 + 2 * pairs) * n + 2 * pairs;
}

static numbers numbers_of(double *memory, ptrdiff_t n, ptrdiff_t pairs)
{
  numbers m;
  m.g = memory;
  m.s = m.g + n;
  m.y = m.s + n * pairs;
  m.ys = m.y + n * pairs;
  m.alpha = m.ys + pairs;
  m.d = m.alpha + pairs;
  m.at = m.d + n;
  m.trial = m.at + n;
  return m;
}

/* ---------------------------------------------------------------------------- direction */

/* Where the pair is that is `age` older than the newest. */
static ptrdiff_t place_of_pair(const lbfgs *state, ptrdiff_t pairs, ptrdiff_t age)
{
  return ((ptrdiff_t)state->newest - age + pairs) % pairs;
}

/* d = -H g, where H is the inverse Hessian that the pairs tell of; k is newer than k - 1:
 *     q = -g
 *     for k from the newest:  alpha_k = s_k'q / y_k's_k,  q := q - alpha_k y_k
 *     q := (s'y / y'y) q   of the newest
 *     for k from the oldest:  q := q + (alpha_k - y_k'q / y_k's_k) s_k */
static void set_direction(const lbfgs *state, const numbers *m, ptrdiff_t n, ptrdiff_t pairs)
{
  const ptrdiff_t used = (ptrdiff_t)state->pairs;
  multiply(n, -1, m->g, m->d);
  for (ptrdiff_t age = 0; age < used; age++) {
    const ptrdiff_t k = place_of_pair(state, pairs, age);
    m->alpha[k] = dot(n, m->s + k * n, m->d) / m->ys[k];
    add(n, m->d, -m->alpha[k], m->y + k * n, m->d);
  }
  if (used > 0) multiply(n, state->scale, m->d, m->d);
  for (ptrdiff_t age = used - 1; age >= 0; age--) {
    const ptrdiff_t k = place_of_pair(state, pairs, age);
    const double beta = dot(n, m->y + k * n, m->d) / m->ys[k];
    add(n, m->d, m->alpha[k] - beta, m->s + k * n, m->d);
  }
}

/* Takes the pair s, y in, in place of the oldest one when there is no room left. */
static void keep_pair(lbfgs *state, const numbers *m, ptrdiff_t n, ptrdiff_t pairs, const double *s,
                      const double *y)
{
  const double ys = dot(n, y, s);
  if (!(ys > LEAST_CURVATURE)) return;
  const ptrdiff_t k = state->pairs > 0 ? place_of_pair(state, pairs, -1) : 0;
  memcpy(m->s + k * n, s, (size_t)n * sizeof *s);
  memcpy(m->y + k * n, y, (size_t)n * sizeof *y);
  m->ys[k] = ys;
  state->newest = (double)k;
  state->pairs = fmin(state->pairs + 1, (double)pairs);
  state->scale = ys / dot(n, y, y);
}

/* ------------------------------------------------------------------------------- search */

/* A step length, what phi and phi' are there, and the gradient. Where something is not finite phi
 * is Inf: too far. */
typedef struct {
  double length, loss, slope;
  const double *g;
} point;

typedef struct {
  ptrdiff_t n;
  const double *w;
  const numbers *m;
  lbfgs_evaluate *evaluate;
  void *context;
  point start;
  double reach; /* how far a length of 1 moves the weight that moves most */
  int trials, finite_trials;
} line;

/* Evaluates at a length. The gradient `kept` is not overwritten. False: stopped. */
static bool try_length(line *l, double length, const double *kept, point *p)
{
  const numbers *m = l->m;
  double *g = kept == m->trial ? m->trial + l->n : m->trial;
  add(l->n, l->w, length, m->d, m->at);
  *p = (point){.length = length, .g = g};
  if (l->evaluate(l->context, m->at, &p->loss, g) != BPTT_OK) return false;
  l->trials++;
  p->slope = dot(l->n, g, m->d);
  if (isfinite(p->loss) && isfinite(p->slope) && bptt_all_finite(g, l->n, BPTT_F64) &&
      bptt_all_finite(m->at, l->n, BPTT_F64)) {
    l->finite_trials++;
  } else {
    p->loss = INFINITY;
    p->slope = NAN;
  }
  return true;
}

static bool decreases(const line *l, const point *p)
{
  return p->loss <= l->start.loss + DECREASE * p->length * l->start.slope;
}

static bool is_flat(const line *l, const point *p)
{
  return fabs(p->slope) <= CURVATURE * -l->start.slope;
}

/* Where the cubic through two points, with their slopes, is least (the book's 3.59), within
 * low .. high; their middle where it has no least value. */
static double least_of_cubic(const point *p, const point *q, double low, double high)
{
  const point *a = p->length <= q->length ? p : q, *b = a == p ? q : p;
  const double d1 = a->slope + b->slope - 3 * (a->loss - b->loss) / (a->length - b->length);
  const double square = d1 * d1 - a->slope * b->slope;
  if (!(square >= 0)) return (low + high) / 2;
  const double d2 = sqrt(square);
  const double least =
      b->length - (b->length - a->length) * (b->slope + d2 - d1) / (b->slope - a->slope + 2 * d2);
  return fmin(fmax(least, low), high);
}

/* Algorithm 3.5: longer and longer steps, until a length that meets the conditions lies between the
 * two ends, or is at both of them, or there were too many trials. False: stopped. */
static bool bracket(line *l, double length, point end[2])
{
  point last = l->start, p;
  for (;;) {
    if (!try_length(l, length, last.g, &p)) return false;
    end[0] = l->trials == MOST_TRIALS ? l->start : last;
    end[1] = p;
    /* The book has the second comparison from the second trial on, PyTorch from the third. */
    if (l->trials == MOST_TRIALS || !decreases(l, &p) || (l->trials > 2 && p.loss >= last.loss)) {
      return true;
    }
    if (is_flat(l, &p)) {
      end[0] = p;
      return true;
    }
    if (p.slope >= 0) return true;
    length = least_of_cubic(&last, &p, length + .01 * (length - last.length), 10 * length);
    last = p;
  }
}

/* Keeps a trial a tenth of the interval away from its ends, if it was near one before or is at
 * one. */
static double away_from_ends(double length, const point end[2], bool *near)
{
  const double low = fmin(end[0].length, end[1].length), high = fmax(end[0].length, end[1].length);
  const double margin = .1 * (high - low);
  const bool inside = length > low && length < high, was_near = *near;
  *near = false;
  if (fmin(high - length, length - low) >= margin) return length;
  if (inside && !was_near) {
    *near = true;
    return length;
  }
  return high - length < length - low ? high - margin : low + margin;
}

/* Algorithm 3.6: narrows the interval down. `found` meets the conditions, or is the best there was
 * when it became too small, or trials too many. False: stopped. */
static bool zoom(line *l, point end[2], point *found)
{
  bool near = false;
  int low = end[0].loss <= end[1].loss ? 0 : 1;
  while (l->trials < MOST_TRIALS &&
         fabs(end[1].length - end[0].length) * l->reach >= SMALL_CHANGE) {
    point *lo = &end[low], *hi = &end[1 - low], p;
    const double from = fmin(lo->length, hi->length), to = fmax(lo->length, hi->length);
    const double length = away_from_ends(least_of_cubic(lo, hi, from, to), end, &near);
    if (!try_length(l, length, lo->g, &p)) return false;
    if (!decreases(l, &p) || p.loss >= lo->loss) {
      *hi = p;
      low = end[0].loss <= end[1].loss ? 0 : 1;
    } else if (is_flat(l, &p)) {
      *found = p;
      return true;
    } else {
      if (p.slope * (hi->length - lo->length) >= 0) *hi = *lo;
      *lo = p;
    }
  }
  *found = end[low];
  return true;
}

/* --------------------------------------------------------------------------------- step */

/* Goes to `p`. What is left is what there is to tell. */
static lbfgs_outcome go(lbfgs *state, const numbers *m, ptrdiff_t n, ptrdiff_t pairs, double *w,
                        const point *p)
{
  double *s = m->d, *y = m->at;
  const double before = state->loss;
  add(n, w, p->length, m->d, w);
  multiply(n, p->length, m->d, s);
  add(n, p->g, -1, m->g, y);
  keep_pair(state, m, n, pairs, s, y);
  memmove(m->g, p->g, (size_t)n * sizeof *m->g);
  state->iteration++;
  state->loss = p->loss;
  state->length = p->length;
  return largest(n, m->g) <= SMALL_GRADIENT || largest(n, s) <= SMALL_CHANGE ||
                 fabs(p->loss - before) < SMALL_CHANGE
             ? LBFGS_CONVERGED
             : LBFGS_GOES_ON;
}

lbfgs_outcome lbfgs_step(lbfgs *state, double *memory, ptrdiff_t n, ptrdiff_t pairs,
                         double learn_rate, double *w, lbfgs_evaluate *evaluate, void *context)
{
  const numbers m = numbers_of(memory, n, pairs);
  if (state->evaluations == 0) {
    double loss;
    if (evaluate(context, w, &loss, m.g) != BPTT_OK) return LBFGS_STOPPED;
    if (!isfinite(loss) || !bptt_all_finite(m.g, n, BPTT_F64)) return LBFGS_NOT_FINITE;
    state->loss = loss;
    state->evaluations = 1;
  }
  if (largest(n, m.g) <= SMALL_GRADIENT) return LBFGS_CONVERGED;
  set_direction(state, &m, n, pairs);
  const double slope = dot(n, m.g, m.d);
  if (!isfinite(slope)) return LBFGS_NOT_FINITE;
  if (slope > -SMALL_CHANGE) return LBFGS_CONVERGED;

  /* The first direction is the gradient, whose length tells nothing. */
  const double first = state->iteration == 0 ? fmin(1, 1 / sum_of_sizes(n, m.g)) : 1;
  line l = {.n = n, .w = w, .m = &m, .evaluate = evaluate, .context = context};
  l.start = (point){0, state->loss, slope, m.g};
  l.reach = largest(n, m.d);
  point end[2], found;
  if (!bracket(&l, first * learn_rate, end) || !zoom(&l, end, &found)) return LBFGS_STOPPED;
  if (l.finite_trials == 0) return LBFGS_NOT_FINITE;
  state->evaluations += l.trials;
  return go(state, &m, n, pairs, w, &found);
}

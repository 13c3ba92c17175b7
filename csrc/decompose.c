/* decompose.c -- a time series taken apart: into its seasons, its trend and what is left.
 *
 * STL: Cleveland, Cleveland, McRae & Terpenning 1990, "STL: a seasonal-trend decomposition
 * procedure based on loess", J. Official Statistics 6:3-73. Where the authors' program, which is
 * behind stats::stl of R, does otherwise than the paper it is followed, and a comment says so.
 *
 *   y_v = trend_v + season_v + remainder_v                               v = 0 .. n-1, period p
 *
 * An inner pass, from the trend that the last one left (0 at first):
 *   1. d = y - trend
 *   2. C: each cycle-subseries of d (d_j, d_j+p, d_j+2p, ...) smoothed by loess with window s, and
 *      extended by one period at either end
 *   3. L: C averaged over p, p and 3 points, then smoothed by loess with window l
 *   4. season = C - L
 *   5. d = y - season
 *   6. trend: d smoothed by loess with window t
 *
 * The outer loop weighs the points for the smoothing in 2 and 6:
 *   h = 6 median |y - trend - season|
 *   rho_v = B(|y_v - trend_v - season_v| / h),  B(u) = (1 - u^2)^2 where u < 1, else 0
 *
 * Not followed is the program's median, which of an even number of points is often another one:
 * tests/golden/make_decompose.R has the reason. There a robust season is not that of R. */
#include "decompose.h"
#include <float.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

/* Sums and extrapolations of numbers up to this size do not overflow. */
static const double MOST = DBL_MAX * 0x1p-60;
/* Up to the first a weight is 1, beyond the second 0: shares of the distance where it becomes 0. */
static const double CENTER = .001, EDGE = .999;

/* ------------------------------------------------------------------------------- loess */

/* Points at 0 .. n-1, two or more. */
typedef struct {
  ptrdiff_t n;
  const double *y, *weight; /* n; no weights (NULL): all 1 */
  double *w;                /* n: scratch */
} points;

typedef struct {
  ptrdiff_t first, last;
} range;

/* The window points that are nearest to point i. */
static range window_of(const points *p, const smoother *s, ptrdiff_t i)
{
  if (s->window >= p->n) return (range){0, p->n - 1};
  ptrdiff_t first = i - (s->window - 1) / 2;
  if (first > p->n - s->window) first = p->n - s->window;
  if (first < 0) first = 0;
  return (range){first, first + s->window - 1};
}

/* The weights of the points of r, seen from x; their sum.
 *
 *   w_i = rho_i W(|i - x| / h),  W(u) = (1 - u^3)^3 where u < 1, else 0
 *   h   = the distance of the farthest of them
 *
 * A window of more points than there are has a larger h: the paper multiplies it by window / n,
 * the program adds half of the points that are not there. */
static double weigh(const points *p, ptrdiff_t window, double x, range r)
{
  double h = fmax(x - (double)r.first, (double)r.last - x), sum = 0;
  if (window > p->n) h += (double)((window - p->n) / 2);
  for (ptrdiff_t i = r.first; i <= r.last; i++) {
    const double distance = fabs((double)i - x), u = distance / h;
    double w = 0;
    if (distance <= EDGE * h) {
      const double v = 1 - u * u * u;
      w = (distance <= CENTER * h ? 1 : v * v * v) * (p->weight ? p->weight[i] : 1);
    }
    p->w[i] = w;
    sum += w;
  }
  return sum;
}

/* What the fit to the points of r has at x; where all their weights are 0, `otherwise`.
 *
 *   w_i scaled to sum 1,  a = sum_i w_i i
 *   degree 0: sum_i w_i y_i
 *   degree 1: sum_i w_i (1 + (x - a) (i - a) / sum_k w_k (k - a)^2) y_i
 *
 * There is no line through what is next to one point: that is a constant. */
static double fit_at(const points *p, const smoother *s, double x, range r, double otherwise)
{
  const double sum = weigh(p, s->window, x, r);
  double value = 0, center = 0, spread = 0, slope = 0;
  if (!(sum > 0)) return otherwise;
  for (ptrdiff_t i = r.first; i <= r.last; i++) {
    p->w[i] /= sum;
    center += p->w[i] * (double)i;
  }
  for (ptrdiff_t i = r.first; i <= r.last; i++) {
    spread += p->w[i] * ((double)i - center) * ((double)i - center);
  }
  const bool is_line = s->degree > 0 && sqrt(spread) > CENTER * (double)(p->n - 1);
  if (is_line) slope = (x - center) / spread;
  for (ptrdiff_t i = r.first; i <= r.last; i++) {
    value += p->w[i] * (1 + slope * ((double)i - center)) * p->y[i];
  }
  return value;
}

/* A straight line between two points of a. */
static void connect(double *a, ptrdiff_t from, ptrdiff_t to)
{
  const double slope = (a[to] - a[from]) / (double)(to - from);
  for (ptrdiff_t i = from + 1; i < to; i++) a[i] = a[from] + slope * (double)(i - from);
}

/* The last point is always fitted; as in the program, with the window of the one fitted before. */
static void smooth(const points *p, const smoother *s, double *out)
{
  const ptrdiff_t last = p->n - 1, jump = s->jump < last ? s->jump : last;
  range r = window_of(p, s, 0);
  ptrdiff_t done = 0;
  out[0] = fit_at(p, s, 0, r, p->y[0]);
  while (done < last) {
    const ptrdiff_t next = jump < last - done ? done + jump : last;
    if (next == done + jump) r = window_of(p, s, next);
    out[next] = fit_at(p, s, (double)next, r, p->y[next]);
    connect(out, done, next);
    done = next;
  }
}

/* --------------------------------------------------------------------------------- STL */

/* A series on its way, and the workspace. */
typedef struct {
  const stl_options *o;
  ptrdiff_t n;
  const double *y;
  double *season, *trend; /* n */
  double *rho, *d, *w;    /* n; w is scratch of the fits */
  double *cycle;          /* n + 2 p */
  double *means[2];       /* n + 2 p */
  double *sub[3];         /* n / p + 3: a subseries, its weights, the same smoothed */
} series_apart;

ptrdiff_t decompose_numbers(ptrdiff_t n)
{
  /* With 2 p <= n and p >= 2 what is listed above is 10.5 n + 9 at most, and mstl() has n more. The
   * bytes of it, and of what others have beside it, can still be counted. */
  return n <= PTRDIFF_MAX / 256 ? 12 * n + 9 : -1;
}

static series_apart begin(ptrdiff_t n, const double *y, const stl_options *o, double *season,
                          double *trend, double *memory)
{
  const ptrdiff_t longest = n + 2 * o->period, shortest = n / o->period + 3;
  series_apart a = {.o = o, .n = n, .y = y, .season = season, .trend = trend};
  a.rho = memory;
  a.d = a.rho + n;
  a.w = a.d + n;
  a.cycle = a.w + n;
  a.means[0] = a.cycle + longest;
  a.means[1] = a.means[0] + longest;
  for (int i = 0; i < 3; i++) a.sub[i] = a.means[1] + longest + i * shortest;
  return a;
}

/* 2. of the equations. The periods before and after the series are fitted from its ends. */
static void smooth_cycles(const series_apart *a)
{
  const smoother *s = &a->o->s;
  const ptrdiff_t period = a->o->period;
  for (ptrdiff_t j = 0; j < period; j++) {
    const ptrdiff_t k = (a->n - 1 - j) / period + 1, window = s->window < k ? s->window : k;
    const points p = {k, a->sub[0], a->sub[1], a->w};
    double *smoothed = a->sub[2] + 1;
    for (ptrdiff_t i = 0; i < k; i++) {
      a->sub[0][i] = a->d[i * period + j];
      a->sub[1][i] = a->rho[i * period + j];
    }
    smooth(&p, s, smoothed);
    smoothed[-1] = fit_at(&p, s, -1, (range){0, window - 1}, smoothed[0]);
    smoothed[k] = fit_at(&p, s, (double)k, (range){k - window, k - 1}, smoothed[k - 1]);
    for (ptrdiff_t i = 0; i < k + 2; i++) a->cycle[i * period + j] = smoothed[i - 1];
  }
}

/* The n - length + 1 means over `length` neighbours. */
static void average(ptrdiff_t n, const double *from, ptrdiff_t length, double *to)
{
  double sum = 0;
  for (ptrdiff_t i = 0; i < length; i++) sum += from[i];
  for (ptrdiff_t i = 0;; i++) {
    to[i] = sum / (double)length;
    if (i + length == n) return;
    sum += from[i + length] - from[i];
  }
}

static void inner_pass(const series_apart *a)
{
  const ptrdiff_t n = a->n, period = a->o->period;
  const points low = {n, a->means[0], NULL, a->w}, rest = {n, a->d, a->rho, a->w};
  for (ptrdiff_t i = 0; i < n; i++) a->d[i] = a->y[i] - a->trend[i];
  smooth_cycles(a);
  average(n + 2 * period, a->cycle, period, a->means[0]);
  average(n + period + 1, a->means[0], period, a->means[1]);
  average(n + 2, a->means[1], 3, a->means[0]);
  smooth(&low, &a->o->l, a->d);
  for (ptrdiff_t i = 0; i < n; i++) {
    a->season[i] = a->cycle[period + i] - a->d[i];
    a->d[i] = a->y[i] - a->season[i];
  }
  smooth(&rest, &a->o->t, a->trend);
}

/* The k-th smallest of n numbers, from 0; they change places (Hoare 1961, algorithm 65: find). */
static double kth_smallest(double *a, ptrdiff_t n, ptrdiff_t k)
{
  ptrdiff_t low = 0, high = n - 1;
  while (low < high) {
    const double pivot = a[k];
    ptrdiff_t i = low, j = high;
    while (i <= j) {
      while (a[i] < pivot) i++;
      while (a[j] > pivot) j--;
      if (i > j) break;
      const double swapped = a[i];
      a[i++] = a[j];
      a[j--] = swapped;
    }
    if (j < k) low = i;
    if (k < i) high = j;
  }
  return a[k];
}

static double given_weight(const stl_options *o, ptrdiff_t i)
{
  return o->weight ? o->weight[i] : 1;
}

/* rho of the equations, times the weights that were given; the median is over those above 0. */
static void weigh_again(const series_apart *a)
{
  double *size = a->d, *sorted = a->w;
  ptrdiff_t count = 0;
  for (ptrdiff_t i = 0; i < a->n; i++) {
    size[i] = fabs(a->y[i] - (a->trend[i] + a->season[i]));
    if (given_weight(a->o, i) > 0) sorted[count++] = size[i];
  }
  const double h =
      3 * (kth_smallest(sorted, count, count / 2) + kth_smallest(sorted, count, (count - 1) / 2));
  for (ptrdiff_t i = 0; i < a->n; i++) {
    const double u = size[i] / h, b = 1 - u * u;
    const double rho = size[i] <= CENTER * h ? 1 : size[i] <= EDGE * h ? b * b : 0;
    a->rho[i] = rho * given_weight(a->o, i);
  }
}

static void make_periodic(const series_apart *a)
{
  const ptrdiff_t period = a->o->period;
  for (ptrdiff_t j = 0; j < period; j++) {
    double sum = 0, count = 0;
    for (ptrdiff_t i = j; i < a->n; i += period, count++) sum += a->season[i];
    for (ptrdiff_t i = j; i < a->n; i += period) a->season[i] = sum / count;
  }
}

/* ----------------------------------------------------------------------------- options */

static ptrdiff_t next_odd(double x)
{
  const ptrdiff_t whole = (ptrdiff_t)ceil(x);
  return whole + (whole % 2 == 0);
}

static smoother smoother_of(ptrdiff_t window, int degree)
{
  return (smoother){window, degree, (window + 9) / 10};
}

/* t is the least window that, by the paper, lets no part of the season into the trend. */
stl_options stl_defaults(ptrdiff_t n, ptrdiff_t period, ptrdiff_t s_window, bool robust)
{
  const bool periodic = s_window == STL_PERIODIC;
  const ptrdiff_t s = periodic ? 10 * n + 1 : s_window;
  return (stl_options){
      .period = period,
      .s = smoother_of(s, 0),
      .t = smoother_of(next_odd(1.5 * (double)period / (1 - 1.5 / (double)s)), 1),
      .l = smoother_of(next_odd((double)period), 1),
      .periodic = periodic,
      .inner = robust ? 1 : 2,
      .outer = robust ? 15 : 0,
  };
}

static bool is_smoother(const smoother *s)
{
  return s->window >= 3 && s->window % 2 == 1 && (s->degree == 0 || s->degree == 1) && s->jump >= 1;
}

static decompose_outcome check(ptrdiff_t n, const double *y, const stl_options *o)
{
  bool counts = false;
  if (o->period < 2 || n / 2 < o->period) return DECOMPOSE_SHORT;
  if (!is_smoother(&o->s) || !is_smoother(&o->t) || !is_smoother(&o->l) || o->inner < 1 ||
      o->outer < 0) {
    return DECOMPOSE_OPTION;
  }
  for (ptrdiff_t i = 0; i < n; i++) {
    const double weight = given_weight(o, i);
    if (!(fabs(y[i]) <= MOST)) return DECOMPOSE_NOT_FINITE;
    if (!(weight >= 0 && weight <= 1)) return DECOMPOSE_OPTION;
    counts |= weight > 0;
  }
  return counts ? DECOMPOSE_OK : DECOMPOSE_SHORT;
}

decompose_outcome stl(ptrdiff_t n, const double *y, const stl_options *o, double *season,
                      double *trend, double *workspace)
{
  const decompose_outcome outcome = check(n, y, o);
  if (outcome != DECOMPOSE_OK) return outcome;
  const series_apart a = begin(n, y, o, season, trend, workspace);
  for (ptrdiff_t i = 0; i < n; i++) {
    a.trend[i] = 0;
    a.rho[i] = given_weight(o, i);
  }
  for (int k = 0; k <= o->outer; k++) {
    if (k > 0) weigh_again(&a);
    for (int i = 0; i < o->inner; i++) inner_pass(&a);
  }
  if (o->periodic) make_periodic(&a);
  return DECOMPOSE_OK;
}

/* --------------------------------------------------------------------- several seasons */

/* MSTL: Bandara, Hyndman & Bergmeir 2021, "MSTL: a seasonal-trend decomposition algorithm for time
 * series with multiple seasonal patterns", arXiv:2107.13462. Season after season, from the shortest
 * period on, again and again:
 *
 *   season_i, trend = STL(y - sum of the other seasons) */

mstl_options mstl_defaults(ptrdiff_t n, int count, const ptrdiff_t *period)
{
  mstl_options o = {0};
  for (int k = 0; k < count; k++) {
    int at = 0;
    if (period[k] < 2 || period[k] > (n - 1) / 2) continue;
    while (at < o.count && o.period[at] < period[k]) at++;
    if (at < o.count && o.period[at] == period[k]) continue;
    memmove(o.period + at + 1, o.period + at, (size_t)(o.count - at) * sizeof *o.period);
    o.period[at] = period[k];
    o.count++;
  }
  for (int i = 0; i < o.count; i++) o.s_window[i] = 11 + 4 * i;
  o.iterate = o.count > 1 ? 2 : 1;
  return o;
}

static decompose_outcome fit_season(ptrdiff_t n, double *rest, const mstl_options *o, int i,
                                    double *season, double *trend, double *workspace)
{
  stl_options one = stl_defaults(n, o->period[i], o->s_window[i], o->robust);
  one.weight = o->weight;
  for (ptrdiff_t v = 0; v < n; v++) rest[v] += season[v];
  const decompose_outcome outcome = stl(n, rest, &one, season, trend, workspace);
  for (ptrdiff_t v = 0; v < n; v++) rest[v] -= season[v];
  return outcome;
}

decompose_outcome mstl(ptrdiff_t n, const double *y, const mstl_options *o, double *season,
                       double *trend, double *workspace)
{
  double *rest = workspace + (decompose_numbers(n) - n);
  decompose_outcome outcome = DECOMPOSE_OK;
  if (o->count < 1 || o->count > MOST_SEASONS || o->iterate < 1) return DECOMPOSE_OPTION;
  memcpy(rest, y, (size_t)n * sizeof *rest);
  memset(season, 0, (size_t)(n * o->count) * sizeof *season);
  for (int k = 0; k < o->iterate * o->count && outcome == DECOMPOSE_OK; k++) {
    const int i = k % o->count;
    outcome = fit_season(n, rest, o, i, season + i * n, trend, workspace);
  }
  return outcome;
}

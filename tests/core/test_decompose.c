/* test_decompose.c -- time series taken apart, transformed and filled in: against R
 * (tests/golden/core/decompose.txt, by stats::stl and the package forecast), and what has to hold
 * for any series. */
#include "decompose.h"
#include "golden.h"
#include "missing.h"
#include "random.h"
#include "transform.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static long passed, failed;

static void check(bool good, const char *name, const char *what, double value)
{
  if (good) {
    passed++;
    return;
  }
  failed++;
  printf("FAILED %s: %s (%g)\n", name, what, value);
}

/* ------------------------------------------------------------------------------- memory */

enum { GUARD = 8 };
static const double UNTOUCHED = -7;

/* Numbers that nobody can calculate with, and behind them some that nobody may touch. */
static double *room(ptrdiff_t count)
{
  double *a = malloc((size_t)(count + GUARD) * sizeof *a);
  if (!a) abort();
#ifndef WORKSPACE_UNDEFINED
  for (ptrdiff_t i = 0; i < count; i++) a[i] = NAN;
#endif
  for (ptrdiff_t i = 0; i < GUARD; i++) a[count + i] = UNTOUCHED;
  return a;
}

static void leave(double *a, ptrdiff_t count, const char *name)
{
  bool kept = true;
  for (ptrdiff_t i = 0; i < GUARD; i++) kept &= a[count + i] == UNTOUCHED;
  if (!kept) check(false, name, "writes where it should not", (double)count);
  free(a);
}

static double *copy(ptrdiff_t n, const double *from)
{
  double *a = room(n);
  memcpy(a, from, (size_t)n * sizeof *a);
  return a;
}

/* ------------------------------------------------------------------------------ numbers */

static double largest(ptrdiff_t n, const double *a)
{
  double most = 0;
  for (ptrdiff_t i = 0; i < n; i++) most = fmax(most, fabs(a[i]));
  return most;
}

/* Inf where one is not finite. */
static double distance(ptrdiff_t n, const double *a, const double *b)
{
  double most = 0;
  for (ptrdiff_t i = 0; i < n; i++) {
    if (!isfinite(a[i]) || !isfinite(b[i])) return INFINITY;
    most = fmax(most, fabs(a[i] - b[i]));
  }
  return most;
}

static bool same(ptrdiff_t n, const double *a, const double *b)
{
  return memcmp(a, b, (size_t)n * sizeof *a) == 0;
}

static bool all_finite(ptrdiff_t n, const double *a)
{
  return distance(n, a, a) == 0;
}

/* A trend, a season that grows, and noise. */
static double *drawn(ptrdiff_t n, ptrdiff_t period)
{
  double *y = room(n);
  for (ptrdiff_t i = 0; i < n; i++) {
    const double t = (double)i / (double)n, phase = 6.283185307179586 * (double)i / (double)period;
    y[i] = 5 + 3 * t - 2 * t * t + (1 + t) * (sin(phase) + .5 * cos(2 * phase)) + .2 * uniform();
  }
  return y;
}

/* ------------------------------------------------------------------------------- calls */

/* A season for each of `seasons` periods, and a trend. */
typedef struct {
  ptrdiff_t n;
  int seasons;
  double *season, *trend;
  decompose_outcome outcome;
} parts;

static parts parts_for(ptrdiff_t n, int seasons)
{
  return (parts){n, seasons, room(n * seasons), room(n), DECOMPOSE_OK};
}

static void leave_parts(parts *p, const char *name)
{
  leave(p->season, p->n * p->seasons, name);
  leave(p->trend, p->n, name);
}

static parts run_stl(ptrdiff_t n, const double *y, const stl_options *o, const char *name)
{
  double *workspace = room(decompose_numbers(n));
  parts p = parts_for(n, 1);
  p.outcome = stl(n, y, o, p.season, p.trend, workspace);
  leave(workspace, decompose_numbers(n), name);
  return p;
}

static parts run_mstl(ptrdiff_t n, const double *y, const mstl_options *o, const char *name)
{
  double *workspace = room(decompose_numbers(n));
  parts p = parts_for(n, o->count);
  p.outcome = mstl(n, y, o, p.season, p.trend, workspace);
  leave(workspace, decompose_numbers(n), name);
  return p;
}

static double *run_fill(ptrdiff_t n, const double *y, int count, const ptrdiff_t *period,
                        decompose_outcome want, const char *name)
{
  double *workspace = room(fill_numbers(n, count)), *filled = room(n);
  const decompose_outcome got = fill_missing(n, y, count, period, filled, workspace);
  check(got == want, name, "another outcome of filling in", got);
  leave(workspace, fill_numbers(n, count), name);
  return filled;
}

/* The larger of two distances, of the season and the trend. */
static double apart(const parts *a, const parts *b)
{
  return fmax(distance(a->n * a->seasons, a->season, b->season),
              distance(a->n, a->trend, b->trend));
}

static bool same_parts(const parts *a, const parts *b)
{
  return same(a->n * a->seasons, a->season, b->season) && same(a->n, a->trend, b->trend);
}

/* ------------------------------------------------------------------------------- golden */

/* Of the largest number of the series. */
static const double CLOSE = 1e-11, FAR_OFF = 1e-9;

static double number_of(const example *e, const char *key, const char *file)
{
  const char *text = find_setting(e, key, NULL);
  if (!text) give_up(file, "a case without one of its settings");
  return strtod(text, NULL);
}

static const array *array_of(const example *e, const char *name, ptrdiff_t count, const char *file)
{
  const array *a = find_array(e, name);
  if (!a || a->count == 0 || (count > 0 && a->count != (size_t)count)) {
    give_up(file, "a case without one of its arrays");
  }
  return a;
}

/* How far results are from those given at every `every`th point. */
static double off_by(const example *e, const parts *got, const char *file)
{
  const ptrdiff_t every = (ptrdiff_t)number_of(e, "every", file), n = got->n;
  const ptrdiff_t shown = (n + every - 1) / every;
  const double *season = array_of(e, "season", shown * got->seasons, file)->data;
  const double *trend = array_of(e, "trend", shown, file)->data;
  double most = 0;
  for (ptrdiff_t i = 0; i < shown; i++) {
    most = fmax(most, distance(1, got->trend + i * every, trend + i));
    for (ptrdiff_t k = 0; k < got->seasons; k++) {
      most = fmax(most, distance(1, got->season + k * n + i * every, season + k * shown + i));
    }
  }
  return most;
}

static bool same_smoother(const smoother *a, const smoother *b)
{
  return a->window == b->window && a->degree == b->degree && a->jump == b->jump;
}

static bool same_options(const stl_options *a, const stl_options *b)
{
  return same_smoother(&a->s, &b->s) && same_smoother(&a->t, &b->t) &&
         same_smoother(&a->l, &b->l) && a->inner == b->inner && a->outer == b->outer;
}

static stl_options options_of(const example *e, ptrdiff_t n, const char *file)
{
  const double *v = array_of(e, "options", 11, file)->data;
  stl_options o =
      stl_defaults(n, (ptrdiff_t)number_of(e, "period", file),
                   (ptrdiff_t)number_of(e, "s_window", file), number_of(e, "robust", file) != 0);
  smoother *s[] = {&o.s, &o.t, &o.l};
  const stl_options defaults = o;
  for (int i = 0; i < 3; i++) {
    *s[i] = (smoother){(ptrdiff_t)v[i], (int)v[i + 3], (ptrdiff_t)v[i + 6]};
  }
  o.inner = (int)v[9];
  o.outer = (int)v[10];
  if (number_of(e, "defaults", file) != 0) {
    check(same_options(&o, &defaults), e->name, "other defaults", 0);
  }
  return o;
}

/* Small changes of the series must show. */
static double *changed(ptrdiff_t n, const double *y, double by)
{
  double *other = copy(n, y);
  for (ptrdiff_t i = 0; i < n; i++) other[i] += by * sin(1 + (double)(i * i));
  return other;
}

static void check_stl(const example *e, const char *file)
{
  const array *y = array_of(e, "y", 0, file);
  const ptrdiff_t n = (ptrdiff_t)y->count;
  const stl_options o = options_of(e, n, file);
  const double magnitude = fmax(largest(n, y->data), 1e-300);
  parts got = run_stl(n, y->data, &o, e->name);
  const double off = got.outcome == DECOMPOSE_OK ? off_by(e, &got, file) / magnitude : INFINITY;
  check(off <= CLOSE, e->name, "is off", off);

  const double by = 1e-6 * largest(n, y->data) + 1e-290;
  double *other = changed(n, y->data, by);
  parts moved = run_stl(n, other, &o, e->name);
  const double change = off_by(e, &moved, file) / magnitude;
  check(change > FAR_OFF, e->name, "does not depend on the series", change);
  leave(other, n, e->name);
  leave_parts(&got, e->name);
  leave_parts(&moved, e->name);
}

static void check_mstl(const example *e, const char *file)
{
  const array *y = array_of(e, "y", 0, file), *given = array_of(e, "periods", 0, file);
  const array *used = array_of(e, "used", 0, file);
  const ptrdiff_t n = (ptrdiff_t)y->count;
  ptrdiff_t period[MOST_SEASONS];
  for (size_t i = 0; i < given->count; i++) period[i] = (ptrdiff_t)given->data[i];
  mstl_options o = mstl_defaults(n, (int)given->count, period);
  o.robust = number_of(e, "robust", file) != 0;
  bool periods = o.count == (int)used->count;
  for (int i = 0; periods && i < o.count; i++) periods = o.period[i] == (ptrdiff_t)used->data[i];
  check(periods, e->name, "other periods", o.count);
  if (!periods) return;

  const double magnitude = largest(n, y->data);
  parts got = run_mstl(n, y->data, &o, e->name);
  const double off = got.outcome == DECOMPOSE_OK ? off_by(e, &got, file) / magnitude : INFINITY;
  check(off <= CLOSE, e->name, "is off", off);
  double *other = changed(n, y->data, 1e-6 * magnitude);
  parts moved = run_mstl(n, other, &o, e->name);
  const double change = off_by(e, &moved, file) / magnitude;
  check(change > FAR_OFF, e->name, "does not depend on the series", change);
  leave(other, n, e->name);
  leave_parts(&got, e->name);
  leave_parts(&moved, e->name);
}

static double relative(double got, double want)
{
  return isfinite(got) ? fabs(got - want) / fmax(fabs(want), 1) : INFINITY;
}

static void check_boxcox(const example *e, const char *file)
{
  const double lambda = number_of(e, "lambda", file);
  const array *y = array_of(e, "y", 0, file), *z = array_of(e, "z", 0, file);
  const double *transformed = array_of(e, "transformed", (ptrdiff_t)y->count, file)->data;
  const double *inverse = array_of(e, "inverse", (ptrdiff_t)z->count, file)->data;
  double off = 0, back = 0;
  for (size_t i = 0; i < y->count; i++) {
    off = fmax(off, relative(box_cox(y->data[i], lambda), transformed[i]));
  }
  for (size_t i = 0; i < z->count; i++) {
    back = fmax(back, relative(box_cox_inverse(z->data[i], lambda), inverse[i]));
  }
  check(off <= CLOSE, e->name, "the transform is off", off);
  check(back <= CLOSE, e->name, "the inverse is off", back);
}

static double root_mean_square(ptrdiff_t n, const double *a, const double *b)
{
  double sum = 0;
  for (ptrdiff_t i = 0; i < n; i++) sum += (a[i] - b[i]) * (a[i] - b[i]);
  return sqrt(sum / (double)n);
}

/* Where there is no season forecast's interpolation is the same; where there is one it goes another
 * way, which should not be better by much. */
static void check_fill(const example *e, const char *file)
{
  const array *y = array_of(e, "y", 0, file), *given = array_of(e, "periods", 0, file);
  const ptrdiff_t n = (ptrdiff_t)y->count;
  const double *truth = array_of(e, "truth", n, file)->data;
  const double *theirs = array_of(e, "interpolated", n, file)->data;
  ptrdiff_t period[MOST_SEASONS];
  ptrdiff_t numbers = 0;
  bool kept = true;
  for (size_t i = 0; i < given->count; i++) period[i] = (ptrdiff_t)given->data[i];
  for (ptrdiff_t i = 0; i < n; i++) numbers += !isnan(y->data[i]);
  double *ours = run_fill(n, y->data, (int)given->count, period, DECOMPOSE_OK, e->name);
  double *line = run_fill(n, y->data, 0, NULL, DECOMPOSE_OK, e->name);
  for (ptrdiff_t i = 0; i < n; i++) kept &= isnan(y->data[i]) || ours[i] == y->data[i];
  check(kept, e->name, "a number is changed", 0);
  if (mstl_defaults(numbers, (int)given->count, period).count == 0) {
    const double off = distance(n, ours, theirs) / largest(n, truth);
    check(off <= CLOSE, e->name, "the interpolation is off", off);
  } else {
    const double error = root_mean_square(n, ours, truth);
    const double of_theirs = root_mean_square(n, theirs, truth);
    check(error <= 1.1 * of_theirs, e->name, "worse than forecast's", error / of_theirs);
    const double gaps = number_of(e, "gaps", file), of_line = root_mean_square(n, line, truth);
    check(gaps == 1 || error < gaps * of_line, e->name, "no better than a line", error / of_line);
  }
  leave(ours, n, e->name);
  leave(line, n, e->name);
}

static void check_golden(const example *e, const char *file)
{
  static const struct {
    const char *kind;
    void (*check)(const example *e, const char *file);
  } all[] = {
      {"stl", check_stl}, {"mstl", check_mstl}, {"boxcox", check_boxcox}, {"fill", check_fill}};
  const char *kind = find_setting(e, "kind", "");
  size_t k = 0;
  while (k < sizeof all / sizeof *all && strcmp(kind, all[k].kind) != 0) k++;
  if (k == sizeof all / sizeof *all) give_up(file, "a kind that is not known");
  all[k].check(e, file);
}

/* --------------------------------------------------------------------------------- stl */

/* Every length and period, so that every part of the workspace is where it should be. */
static void check_shapes(void)
{
  bool finite = true;
  for (ptrdiff_t n = 4; n <= 40; n++) {
    for (ptrdiff_t period = 2; period <= n / 2; period++) {
      for (int kind = 0; kind < 4; kind++) {
        const stl_options o = stl_defaults(n, period, kind & 1 ? STL_PERIODIC : 7, kind & 2);
        double *y = drawn(n, period);
        parts p = run_stl(n, y, &o, "shapes");
        finite &= p.outcome == DECOMPOSE_OK && all_finite(n, p.season) && all_finite(n, p.trend);
        leave(y, n, "shapes");
        leave_parts(&p, "shapes");
      }
    }
  }
  check(finite, "shapes", "not all can be taken apart", 0);
  check(decompose_numbers(PTRDIFF_MAX / 16) == -1 && fill_numbers(PTRDIFF_MAX / 16, 1) == -1,
        "numbers", "counts what cannot be counted", 0);
}

enum { N = 97, PERIOD = 7 };

/* Twice as large, twice as large parts, to the bit; higher by 100, a trend higher by 100. */
static void check_scale(bool robust)
{
  const stl_options o = stl_defaults(N, PERIOD, 11, robust);
  double *y = drawn(N, PERIOD), *other = room(N), *back = room(2 * N);
  parts p = run_stl(N, y, &o, "scale");
  for (int k = -900; k <= 900; k += 300) {
    for (int i = 0; i < N; i++) other[i] = ldexp(y[i], k);
    parts q = run_stl(N, other, &o, "scale");
    for (int i = 0; i < N; i++) back[i] = ldexp(q.season[i], -k);
    for (int i = 0; i < N; i++) back[N + i] = ldexp(q.trend[i], -k);
    check(same(N, back, p.season) && same(N, back + N, p.trend), "scale", "shows", k);
    leave_parts(&q, "scale");
  }
  for (int i = 0; i < N; i++) other[i] = y[i] + 100;
  parts q = run_stl(N, other, &o, "level");
  for (int i = 0; i < N; i++) q.trend[i] -= 100;
  check(apart(&p, &q) < 1e-10, "level", "shows", apart(&p, &q));
  leave_parts(&p, "scale");
  leave_parts(&q, "scale");
  leave(y, N, "scale");
  leave(other, N, "scale");
  leave(back, 2 * N, "scale");
}

/* Every option does something. */
static void check_options(void)
{
  double *y = drawn(N, PERIOD), half[N];
  const stl_options base = stl_defaults(N, PERIOD, 7, false);
  stl_options o[14];
  int count = 0;
  parts p = run_stl(N, y, &base, "options");
  for (int i = 0; i < N; i++) half[i] = i % 3 == 0 ? .5 : 1;
  for (int i = 0; i < 14; i++) o[i] = base;
  o[count++].period = PERIOD + 1;
  o[count++].s.window = 9;
  o[count++].t.window += 2;
  o[count++].l.window += 2;
  o[count++].s.degree = 1;
  o[count++].t.degree = 0;
  o[count++].l.degree = 0;
  o[count++].s.jump = 3;
  o[count++].t.jump = 5;
  o[count++].l.jump = 3;
  o[count++].periodic = true;
  o[count++].inner = 1;
  o[count++].outer = 1;
  o[count++].weight = half;
  for (int i = 0; i < count; i++) {
    parts q = run_stl(N, y, &o[i], "options");
    check(q.outcome == DECOMPOSE_OK && apart(&p, &q) > 1e-6, "options", "one does nothing", i);
    leave_parts(&q, "options");
  }
  leave_parts(&p, "options");
  leave(y, N, "options");
}

static void check_periodic(void)
{
  const stl_options o = stl_defaults(N, PERIOD, STL_PERIODIC, false);
  double *y = drawn(N, PERIOD);
  double most = 0;
  parts p = run_stl(N, y, &o, "periodic");
  for (int i = PERIOD; i < N; i++) most = fmax(most, fabs(p.season[i] - p.season[i - PERIOD]));
  check(most == 0 && largest(N, p.season) > .5, "periodic", "the season changes", most);
  leave_parts(&p, "periodic");
  leave(y, N, "periodic");
}

/* What has no weight does not matter; where all have 1 they do not matter. */
static void check_weights(bool robust)
{
  double *y = drawn(N, PERIOD), *other = copy(N, y), weight[N];
  for (int k = 0; k < 2; k++) {
    stl_options o = stl_defaults(N, PERIOD, k ? STL_PERIODIC : 11, robust);
    parts p = run_stl(N, y, &o, "weights");
    for (int i = 0; i < N; i++) weight[i] = 1;
    o.weight = weight;
    parts q = run_stl(N, y, &o, "weights");
    check(same_parts(&p, &q), "weights", "those of 1 matter", k);
    for (int i = 3; i < N; i += 10) {
      weight[i] = 0;
      other[i] = y[i] + 50 * uniform();
    }
    parts r = run_stl(N, y, &o, "weights"), s = run_stl(N, other, &o, "weights");
    check(same_parts(&r, &s), "weights", "what has none matters", k);
    check(apart(&q, &r) > 1e-6, "weights", "do nothing", k);
    leave_parts(&p, "weights");
    leave_parts(&q, "weights");
    leave_parts(&r, "weights");
    leave_parts(&s, "weights");
  }
  leave(y, N, "weights");
  leave(other, N, "weights");
}

/* An outlier stays where it is: the robust parts next to it move less. */
static void check_robust(void)
{
  double *y = drawn(N, PERIOD), *other = copy(N, y), moved[2];
  other[N / 2] += 20;
  for (int robust = 0; robust < 2; robust++) {
    const stl_options o = stl_defaults(N, PERIOD, 7, robust);
    parts p = run_stl(N, y, &o, "robust"), q = run_stl(N, other, &o, "robust");
    moved[robust] = apart(&p, &q);
    leave_parts(&p, "robust");
    leave_parts(&q, "robust");
  }
  check(moved[0] > 2 && moved[1] < .1 * moved[0], "robust", "an outlier counts", moved[1]);
  leave(y, N, "robust");
  leave(other, N, "robust");
}

static void check_refused(ptrdiff_t n, const double *y, const stl_options *o,
                          decompose_outcome want, const char *what)
{
  double *workspace = room(decompose_numbers(N)), season[N], trend[N];
  bool untouched = true;
  for (int i = 0; i < N; i++) season[i] = trend[i] = UNTOUCHED;
  const decompose_outcome got = stl(n, y, o, season, trend, workspace);
  for (int i = 0; i < N; i++) untouched &= season[i] == UNTOUCHED && trend[i] == UNTOUCHED;
  check(got == want && untouched, "refused", what, got);
  leave(workspace, decompose_numbers(N), "refused");
}

static void check_refusals(void)
{
  static const double bad[] = {NAN, INFINITY, -INFINITY, 1e308, -1e308};
  double *y = drawn(N, PERIOD), weight[N];
  const stl_options good = stl_defaults(N, PERIOD, 7, false);
  stl_options o = good;
  for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
    for (int i = 0; i < N; i += 12) {
      const double kept = y[i];
      y[i] = bad[k];
      check_refused(N, y, &good, DECOMPOSE_NOT_FINITE, "what is not finite is not");
      y[i] = kept;
    }
  }
  check_refused(2 * PERIOD - 1, y, &good, DECOMPOSE_SHORT, "less than two periods are not");
  check_refused(0, y, &good, DECOMPOSE_SHORT, "nothing is not");
  for (ptrdiff_t period = -1; period < 2; period++) {
    o.period = period;
    check_refused(N, y, &o, DECOMPOSE_SHORT, "a period below 2 is not");
  }
  o.period = PTRDIFF_MAX;
  check_refused(N, y, &o, DECOMPOSE_SHORT, "a period without end is not");
  for (int k = 0; k < 3; k++) {
    for (int wrong = 0; wrong < 6; wrong++) {
      o = good;
      smoother *s = k == 0 ? &o.s : k == 1 ? &o.t : &o.l;
      if (wrong < 3) s->window = wrong == 0 ? 8 : wrong == 1 ? 1 : -3;
      if (wrong == 3) s->degree = 2;
      if (wrong == 4) s->degree = -1;
      if (wrong == 5) s->jump = 0;
      check_refused(N, y, &o, DECOMPOSE_OPTION, "a smoother is not");
    }
  }
  o = good;
  o.inner = 0;
  check_refused(N, y, &o, DECOMPOSE_OPTION, "no pass is not");
  o = good;
  o.outer = -1;
  check_refused(N, y, &o, DECOMPOSE_OPTION, "less than no loop is not");
  o = good;
  o.weight = weight;
  for (int i = 0; i < N; i++) weight[i] = 0;
  check_refused(N, y, &o, DECOMPOSE_SHORT, "no weights are not");
  weight[1] = 1;
  for (int k = 0; k < 3; k++) {
    weight[N - 1] = k == 0 ? NAN : k == 1 ? -1 : 2;
    check_refused(N, y, &o, DECOMPOSE_OPTION, "a weight is not");
  }
  leave(y, N, "refused");
}

/* -------------------------------------------------------------------------------- mstl */

static void check_mstl_defaults(void)
{
  const ptrdiff_t period[] = {50, 7, 1, 30, 7, 49, 0};
  const mstl_options o = mstl_defaults(100, 6, period), one = mstl_defaults(15, 1, period + 1);
  check(o.count == 3 && o.period[0] == 7 && o.period[1] == 30 && o.period[2] == 49, "mstl",
        "other periods", o.count);
  check(o.s_window[0] == 11 && o.s_window[1] == 15 && o.s_window[2] == 19, "mstl", "other windows",
        (double)o.s_window[2]);
  check(o.iterate == 2 && one.iterate == 1 && one.count == 1, "mstl", "other iterations", 0);
  check(mstl_defaults(14, 1, period + 1).count == 0 && mstl_defaults(0, 1, period).count == 0 &&
            mstl_defaults(100, 1, period + 6).count == 0 && mstl_defaults(100, 0, NULL).count == 0,
        "mstl", "a season that is none", 0);
}

/* One season is what stl() says; of two, each is found; and what has no weight does not matter. */
static void check_mstl_parts(void)
{
  enum { LONG = 300 };
  const ptrdiff_t period[] = {30, 7};
  double *y = drawn(LONG, 7), *other = drawn(LONG, 30), *both = room(LONG), weight[LONG];
  const mstl_options one = mstl_defaults(LONG, 1, period + 1);
  const stl_options o = stl_defaults(LONG, 7, 11, false);
  parts p = run_mstl(LONG, y, &one, "mstl"), q = run_stl(LONG, y, &o, "mstl");
  check(same_parts(&p, &q), "mstl", "one season is another than that of stl", apart(&p, &q));
  leave_parts(&p, "mstl");
  leave_parts(&q, "mstl");

  mstl_options two = mstl_defaults(LONG, 2, period);
  for (int i = 0; i < LONG; i++) {
    both[i] = y[i] + other[i];
    weight[i] = i % 11 != 0;
  }
  parts r = run_mstl(LONG, both, &two, "mstl");
  double most = 0;
  for (int i = 60; i < LONG - 60; i++) {
    const double t = (double)i / LONG, phase = 6.283185307179586 * i / 7;
    most = fmax(most, fabs(r.season[i] - (1 + t) * (sin(phase) + .5 * cos(2 * phase))));
  }
  check(most < .3, "mstl", "another season than what was put in", most);
  two.weight = weight;
  for (int i = 0; i < LONG; i += 11) both[i] += 9 * uniform();
  parts s = run_mstl(LONG, both, &two, "mstl");
  for (int i = 0; i < LONG; i += 11) both[i] += 9 * uniform();
  parts t = run_mstl(LONG, both, &two, "mstl");
  check(apart(&s, &t) < 1e-12 && apart(&r, &s) > 1e-6, "mstl", "what has no weight matters",
        apart(&s, &t));

  double *workspace = room(decompose_numbers(LONG));
  mstl_options bad = two;
  both[17] = NAN;
  check(mstl(LONG, both, &two, s.season, s.trend, workspace) == DECOMPOSE_NOT_FINITE, "mstl",
        "takes what is missing", 0);
  bad.count = 0;
  check(mstl(LONG, y, &bad, s.season, s.trend, workspace) == DECOMPOSE_OPTION, "mstl",
        "takes no season", 0);
  bad = two;
  bad.iterate = 0;
  check(mstl(LONG, y, &bad, s.season, s.trend, workspace) == DECOMPOSE_OPTION, "mstl",
        "takes no iteration", 0);
  bad = two;
  bad.period[1] = LONG;
  check(mstl(LONG, y, &bad, s.season, s.trend, workspace) == DECOMPOSE_SHORT, "mstl",
        "takes too long a period", 0);
  bad = (mstl_options){2, {LONG, 7}, {11, 15}, 1, false, NULL};
  check(mstl(LONG, y, &bad, s.season, s.trend, workspace) == DECOMPOSE_SHORT, "mstl",
        "forgets that a period is too long", 0);
  leave(workspace, decompose_numbers(LONG), "mstl");
  leave_parts(&r, "mstl");
  leave_parts(&s, "mstl");
  leave_parts(&t, "mstl");
  leave(y, LONG, "mstl");
  leave(other, LONG, "mstl");
  leave(both, LONG, "mstl");
}

/* --------------------------------------------------------------------------- transform */

static void check_transform(double lambda)
{
  double off = 0, steps = INFINITY, before = -INFINITY;
  for (int i = 0; i < 200; i++) {
    const double y = lambda > 0 ? (i - 60) * .25 : (i + 1) * .25, z = box_cox(y, lambda);
    off = fmax(off, relative(box_cox_inverse(z, lambda), y));
    steps = fmin(steps, z - before);
    before = z;
  }
  check(off < 1e-10, "transform", "there and back is somewhere else", lambda);
  check(steps > 0, "transform", "the larger number has the smaller transform", lambda);
  check(isnan(box_cox(NAN, lambda)) && isnan(box_cox_inverse(NAN, lambda)), "transform",
        "what is missing is not", lambda);
  check(box_cox(0, lambda) == (lambda > 0 ? -1 / lambda : -INFINITY), "transform", "of 0", lambda);
  if (lambda <= 0) check(isnan(box_cox(-1, lambda)), "transform", "of -1", lambda);
  if (lambda < 0) {
    check(box_cox_inverse(-1 / lambda, lambda) == INFINITY &&
              box_cox_inverse(-2 / lambda, lambda) == INFINITY,
          "transform", "beyond all numbers", lambda);
  }
}

static void check_offset(void)
{
  double offset = NAN;
  check(log_offset(3, (double[]){4, NAN, 1}, &offset) && offset == 0, "offset", "of positive ones",
        offset);
  check(log_offset(4, (double[]){4, 0, NAN, 3}, &offset) && offset == 1.5, "offset", "of zeros",
        offset);
  check(!log_offset(2, (double[]){4, -1}, &offset) && !log_offset(2, (double[]){0, 0}, &offset) &&
            offset == 0 && !log_offset(1, (double[]){NAN}, &offset) &&
            !log_offset(0, NULL, &offset),
        "offset", "there is none", offset);
}

/* ----------------------------------------------------------------------------- missing */

static void check_lines(void)
{
  const double y[] = {NAN, NAN, 2, NAN, NAN, 8, 7, NAN, 5, NAN};
  const double want[] = {2, 2, 2, 4, 6, 8, 7, 6, 5, 5};
  double *got = run_fill(10, y, 0, NULL, DECOMPOSE_OK, "lines");
  check(same(10, got, want), "lines", "are off", distance(10, got, want));
  leave(got, 10, "lines");
  got = run_fill(3, (double[]){NAN, 4, NAN}, 0, NULL, DECOMPOSE_OK, "lines");
  check(same(3, got, (double[]){4, 4, 4}), "lines", "of one number", got[0]);
  leave(got, 3, "lines");
  leave(run_fill(2, (double[]){NAN, NAN}, 0, NULL, DECOMPOSE_SHORT, "lines"), 2, "lines");
  leave(run_fill(0, (double[]){1}, 0, NULL, DECOMPOSE_SHORT, "lines"), 0, "lines");
  leave(run_fill(2, (double[]){NAN, -INFINITY}, 0, NULL, DECOMPOSE_NOT_FINITE, "lines"), 2,
        "lines");
  leave(run_fill(3, (double[]){1e308, NAN, -1e308}, 0, NULL, DECOMPOSE_NOT_FINITE, "lines"), 3,
        "lines");
}

/* A straight line, seasons and noise, of which a part is missing: the error is that of the noise.
 * The last gap is longer than the window of a season. */
static void check_known(void)
{
  enum { LENGTH = 480 };
  static const struct {
    const char *name;
    int seasons;
    ptrdiff_t period[2], from, to;
    double share; /* of the rest that is missing, too */
  } all[] = {{"a gap", 1, {24}, 70, 100, .1},
             {"every other one", 1, {12}, 0, 0, .5},
             {"two seasons", 2, {24, 5}, 70, 100, .1},
             {"a long gap", 1, {12}, 120, 330, .1}};
  const double noise = .5;
  double y[LENGTH], truth[LENGTH];
  for (size_t k = 0; k < sizeof all / sizeof *all; k++) {
    for (int i = 0; i < LENGTH; i++) {
      truth[i] = 40 + .05 * i;
      for (int j = 0; j < all[k].seasons; j++) {
        const double at = (double)(i % all[k].period[j]) / (double)all[k].period[j];
        truth[i] += 8 * at * at;
      }
      const bool gap = (i >= all[k].from && i < all[k].to) || uniform() < all[k].share;
      y[i] = gap ? NAN : truth[i] + noise * (uniform() - .5);
    }
    double *got = run_fill(LENGTH, y, all[k].seasons, all[k].period, DECOMPOSE_OK, all[k].name);
    const double error = root_mean_square(LENGTH, got, truth);
    check(error < .4 * noise, all[k].name, "is filled in otherwise", error);
    leave(got, LENGTH, all[k].name);
  }
}

/* What lies far off in other periods does not show in a gap. */
static void check_outliers(void)
{
  enum { LENGTH = 180, FROM = 70, TO = 100 };
  const ptrdiff_t period = 12;
  double *y = drawn(LENGTH, period);
  for (int i = FROM; i < TO; i++) y[i] = NAN;
  double *before = run_fill(LENGTH, y, 1, &period, DECOMPOSE_OK, "outliers");
  for (int i = 40; i < LENGTH; i += 23) {
    if (i < FROM - 2 || i > TO + 2) y[i] += 10;
  }
  double *got = run_fill(LENGTH, y, 1, &period, DECOMPOSE_OK, "outliers");
  const double moved = distance(TO - FROM, got + FROM, before + FROM);
  check(moved > 0 && moved < .1, "outliers", "show in a gap", moved);
  leave(y, LENGTH, "outliers");
  leave(before, LENGTH, "outliers");
  leave(got, LENGTH, "outliers");
}

/* What would come out far above all that is there is not believed: there the lines are taken. */
static void check_disbelief(void)
{
  enum { LENGTH = 120 };
  const ptrdiff_t period = 6;
  double y[LENGTH];
  for (int i = 0; i < LENGTH; i++) y[i] = i / 6. + (i % 6 == 3 ? 14 : 0) + 2 * uniform();
  for (int i = 27; i < LENGTH; i += 6) y[i] = NAN; /* true: up to 35 */
  double *got = run_fill(LENGTH, y, 1, &period, DECOMPOSE_OK, "disbelief");
  double *line = run_fill(LENGTH, y, 0, NULL, DECOMPOSE_OK, "disbelief");
  check(same(LENGTH, got, line), "disbelief", "is believed", largest(LENGTH, got));
  leave(got, LENGTH, "disbelief");
  leave(line, LENGTH, "disbelief");
}

/* Whatever is missing: what is there stays, what is not is filled in within reason. */
static void check_gaps(void)
{
  const ptrdiff_t period[] = {12, 4, 7};
  bool kept = true, sane = true;
  for (int k = 0; k < 300; k++) {
    const ptrdiff_t n = whole(1, 90), missing = whole(0, 9);
    const int seasons = (int)whole(0, 3);
    double *truth = drawn(n, 12), *y = copy(n, truth);
    const ptrdiff_t from = whole(0, n - 1), to = from + whole(0, n / 2);
    for (ptrdiff_t i = 0; i < n; i++) {
      if (whole(1, 10) <= missing || (i >= from && i < to)) y[i] = NAN;
    }
    y[from] = truth[from];
    double *got = run_fill(n, y, seasons, period, DECOMPOSE_OK, "gaps");
    for (ptrdiff_t i = 0; i < n; i++) {
      kept &= isnan(y[i]) || got[i] == y[i];
      sane &= got[i] > 0 && got[i] < 15;
    }
    leave(got, n, "gaps");
    leave(truth, n, "gaps");
    leave(y, n, "gaps");
  }
  check(kept, "gaps", "a number is changed", 0);
  check(sane, "gaps", "is filled in beyond reason", 0);
}

int main(void)
{
  random_state = 1;
  golden_read("tests/golden/core/decompose.txt", check_golden);
  check_shapes();
  for (int robust = 0; robust < 2; robust++) {
    check_scale(robust);
    check_weights(robust);
  }
  check_options();
  check_periodic();
  check_robust();
  check_refusals();
  check_mstl_defaults();
  check_mstl_parts();
  for (int k = -4; k <= 8; k++) {
    check_transform(.25 * k);
  }
  check_offset();
  check_lines();
  check_known();
  check_outliers();
  check_disbelief();
  check_gaps();
  printf("%ld passed, %ld failed\n", passed, failed);
  return failed > 0 || passed == 0;
}

/* missing.c -- numbers for what is missing in a time series.
 *
 * With seasons: the series without them is interpolated, and they are added again. Outliers do not
 * count for the seasons, nor does what is missing (its weight is 0): they are what the numbers that
 * are there say. Twice: first they are the same in every period, which tells as much as can be told
 * where whole periods are missing; then they may change, as is known next to what is missing. */
#include "missing.h"
#include <float.h>
#include <math.h>
#include <string.h>

/* False: there is no number. */
static bool interpolate(ptrdiff_t n, double *y)
{
  ptrdiff_t last = -1;
  for (ptrdiff_t i = 0; i < n; i++) {
    if (isnan(y[i])) continue;
    const double from = last < 0 ? y[i] : y[last], slope = (y[i] - from) / (double)(i - last);
    for (ptrdiff_t k = last + 1; k < i; k++) y[k] = from + slope * (double)(k - last);
    last = i;
  }
  for (ptrdiff_t k = last + 1; last >= 0 && k < n; k++) y[k] = y[last];
  return last >= 0;
}

ptrdiff_t fill_numbers(ptrdiff_t n, int count)
{
  const ptrdiff_t apart = decompose_numbers(n);
  return apart < 0 ? -1 : apart + (count + 3) * n;
}

typedef struct {
  const double *y;
  double *filled;                         /* n */
  double *present, *sum, *trend, *season; /* n, of them `count` for season */
  double *apart;                          /* workspace of mstl() */
} filling;

/* Anew, from what is filled in so far. */
static decompose_outcome fill_again(const filling *f, ptrdiff_t n, const mstl_options *o)
{
  const decompose_outcome outcome = mstl(n, f->filled, o, f->season, f->trend, f->apart);
  if (outcome != DECOMPOSE_OK) return outcome;
  double *adjusted = f->filled;
  for (ptrdiff_t i = 0; i < n; i++) {
    f->sum[i] = 0;
    for (int k = 0; k < o->count; k++) f->sum[i] += f->season[i + k * n];
    adjusted[i] = f->y[i] - f->sum[i];
  }
  if (!interpolate(n, adjusted)) return DECOMPOSE_SHORT;
  for (ptrdiff_t i = 0; i < n; i++) {
    f->filled[i] = isnan(f->y[i]) ? adjusted[i] + f->sum[i] : f->y[i];
  }
  return DECOMPOSE_OK;
}

/* Whether all is within half a range of the numbers that are there (as forecast::na.interp of R
 * demands it). */
static bool is_sane(const filling *f, ptrdiff_t n)
{
  double low = INFINITY, high = -INFINITY;
  bool sane = true;
  for (ptrdiff_t i = 0; i < n; i++) {
    low = fmin(low, f->y[i]);
    high = fmax(high, f->y[i]);
  }
  for (ptrdiff_t i = 0; i < n; i++) {
    sane &= fmax(low - f->filled[i], f->filled[i] - high) <= (high - low) / 2;
  }
  return sane;
}

decompose_outcome fill_missing(ptrdiff_t n, const double *y, int count, const ptrdiff_t *period,
                               double *filled, double *workspace)
{
  filling f = {y, filled, .present = workspace};
  ptrdiff_t numbers = 0;
  f.sum = f.present + n;
  f.trend = f.sum + n;
  f.season = f.trend + n;
  f.apart = f.season + n * count;
  for (ptrdiff_t i = 0; i < n; i++) {
    if (fabs(y[i]) > DBL_MAX / 2) return DECOMPOSE_NOT_FINITE;
    f.present[i] = !isnan(y[i]);
    numbers += !isnan(y[i]);
  }
  memcpy(filled, y, (size_t)n * sizeof *y);
  if (!interpolate(n, filled)) return DECOMPOSE_SHORT;

  mstl_options changing = mstl_defaults(numbers, count, period);
  if (numbers == n || changing.count == 0) return DECOMPOSE_OK;
  changing.robust = true;
  changing.weight = f.present;
  mstl_options constant = changing;
  for (int k = 0; k < constant.count; k++) constant.s_window[k] = STL_PERIODIC;
  decompose_outcome outcome = fill_again(&f, n, &constant);
  if (outcome == DECOMPOSE_OK) outcome = fill_again(&f, n, &changing);
  if (outcome != DECOMPOSE_OK || is_sane(&f, n)) return outcome;
  memcpy(filled, y, (size_t)n * sizeof *y);
  return interpolate(n, filled) ? DECOMPOSE_OK : DECOMPOSE_SHORT;
}

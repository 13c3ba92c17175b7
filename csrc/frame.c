/* frame.c -- a time series as a network sees it. With z_t the transformed series and H the horizon:
 *
 *   d_t = z_t - s_t                                     s: its seasons, where they are taken out
 *   v = mean |d_t - d_{t-1}|                            spread; 1 where inputs are not scaled
 *   l_t = d_t                                           level, or
 *   l_t = mean d                                        TREND_NONE; the lags begin with 0 then
 *   g = mean (d_t - d_{t-1})                            TREND_DRIFT, else 0
 *   inputs at t: (d_{t-k} - l_t) / v for each lag k     what lies behind, from the level
 *                log v
 *                whether y_t is missing
 *                the covariates at t+1 ... t+H
 *                sin, cos of 2 pi j (t+1) / p           SEASON_FOURIER
 *   b_{t,h} = l_t + g h + s_{t+h}                       base, or
 *   b_{t,h} = d_{t+h-P} + g P, P the multiple of the    SEASON_DIFFERENCE
 *             period that takes t+h to t or before
 *   targets at t: (z_{t+h} - b_{t,h}) / v, h = 1 ... H
 *
 * Where z are logarithms and the view is linear, e_t = exp(d_t) over the mean of exp(d) stands in
 * the place of d_t in the inputs, in v, l and g, and with L_t = d_t, or the logarithm of the mean
 * of exp(d) where l is a mean,
 *
 *   b_{t,h} = L_t + log(1 + g h / l_t) + s_{t+h}
 *   targets at t: (exp(z_{t+h} - b_{t,h}) - 1) l_t / v
 *
 * so that a growth that lasts is a straight line to the network, not an exponential.
 *
 * Of counts the targets are y_{t+h} themselves. What tells their size is among the inputs: b_{t,h},
 * h = 1 ... a season.
 *
 * Windows of a series from which its seasons have been taken by STL, on the logarithmic scale and
 * measured from a level at their end, are due to Hewamalage, Bergmeir and Bandara (2021),
 * "Recurrent neural networks for time series forecasting", International Journal of Forecasting
 * 37(1). Here the network has the window as a step's inputs and a memory besides, and one spread
 * serves all steps, so that an error is measured as mean absolute scaled errors are. */
#include "frame.h"
#include <math.h>
#include <string.h>

static double mean_of(ptrdiff_t n, const double *d)
{
  double sum = 0;
  for (ptrdiff_t t = 0; t < n; t++) sum += d[t];
  return sum / (double)n;
}

/* Whether a series has a season of this period: its autocorrelation at that lag is beyond what one
 * series in ten without a season has. */
static bool season_is_clear(ptrdiff_t n, const double *z, ptrdiff_t period)
{
  /* With r_k the autocorrelation at lag k (Bartlett 1946; 1.645: nine in ten of a normal variable):
   *
   *   |r_p| > 1.645 sqrt((1 + 2 sum_{k < p} r_k^2) / n) */
  if (period < 2 || n <= 2 * period) return false;
  const double mean = mean_of(n, z);
  double variance = 0, sum = 0, r = 0;
  for (ptrdiff_t t = 0; t < n; t++) variance += (z[t] - mean) * (z[t] - mean);
  if (!(variance > 0)) return false;
  for (ptrdiff_t k = 1; k <= period; k++) {
    double product = 0;
    for (ptrdiff_t t = k; t < n; t++) product += (z[t] - mean) * (z[t - k] - mean);
    r = product / variance;
    if (k < period) sum += r * r;
  }
  return fabs(r) > 1.645 * sqrt((1 + 2 * sum) / (double)n);
}

/* Sines and cosines of a period: as many as can be told apart. */
static ptrdiff_t harmonics(ptrdiff_t period)
{
  return period / 2 < MOST_HARMONICS ? period / 2 : MOST_HARMONICS;
}

static ptrdiff_t waves(const frame_shape *f)
{
  ptrdiff_t n = 0;
  for (int i = 0; i < f->periods && f->season == SEASON_FOURIER; i++) {
    n += 2 * harmonics(f->period[i]);
  }
  return n;
}

/* The bases of counts that are inputs: those of one season, or the first. */
static ptrdiff_t bases(const frame_shape *f)
{
  ptrdiff_t longest = 1;
  for (int i = 0; i < f->periods; i++) longest = f->period[i] > longest ? f->period[i] : longest;
  return !f->counts ? 0 : longest < f->horizon ? longest : f->horizon;
}

ptrdiff_t frame_inputs(const frame_shape *f)
{
  return f->lags + 2 + f->covariates * f->horizon + waves(f) + bases(f);
}

ptrdiff_t frame_numbers(const frame_shape *f, ptrdiff_t n)
{
  const ptrdiff_t each = 4 + MOST_SEASONS; /* seasons, their sum, trend, d */
  const ptrdiff_t decompose = decompose_numbers(n);
  ptrdiff_t all;
  if (decompose < 0 || __builtin_mul_overflow(n, each, &all) ||
      __builtin_add_overflow(all, f->horizon + decompose, &all)) {
    return -1;
  }
  return all;
}

/* Whether the series has this season at all. */
static bool has_season(const frame_shape *f, const frame_series *s, ptrdiff_t period)
{
  return 2 * period <= s->origin && (!f->test || season_is_clear(s->origin, s->z, period));
}

/* season: n + H; what is beyond the origin is the last period again. */
static void take_seasons(const frame_shape *f, const frame_series *s, double *season, double *work)
{
  enum { FEWEST = 13 }; /* periods that a season's change is smoothed over: all, or so many */
  const ptrdiff_t n = s->origin, end = s->n + f->horizon;
  memset(season, 0, (size_t)end * sizeof *season);
  if (f->season != SEASON_STL || f->periods == 0) return;
  mstl_options o = mstl_defaults(n, f->periods, f->period);
  int kept = 0;
  for (int i = 0; i < o.count; i++) {
    if (!has_season(f, s, o.period[i])) continue;
    o.period[kept] = o.period[i];
    const ptrdiff_t all = n / o.period[i] | 1;
    o.s_window[kept++] = all > FEWEST ? all : FEWEST;
  }
  o.count = kept;
  if (kept == 0) return;
  if (kept == 1) o.iterate = 1;
  double *trend = work, *each = trend + n, *rest = each + n * kept;
  if (mstl(n, s->z, &o, each, trend, rest) != DECOMPOSE_OK) return;
  for (int i = 0; i < kept; i++) {
    for (ptrdiff_t t = 0; t < end; t++) {
      const ptrdiff_t p = o.period[i];
      season[t] += each[i * n + (t < n ? t : n - p + (t - n) % p)];
    }
  }
}

/* The longest period that it has; 0: none. */
static ptrdiff_t longest_period(const frame_shape *f, const frame_series *s)
{
  ptrdiff_t longest = 0;
  for (int i = 0; i < f->periods; i++) {
    if (f->period[i] > longest && has_season(f, s, f->period[i])) longest = f->period[i];
  }
  return longest;
}

/* v; of a series that does not change, some small number. */
static double spread(ptrdiff_t n, const double *d)
{
  double sum = 0, size = 0;
  for (ptrdiff_t t = 1; t < n; t++) sum += fabs(d[t] - d[t - 1]);
  for (ptrdiff_t t = 0; t < n; t++) size = fmax(size, fabs(d[t]));
  const double v = n > 1 ? sum / (double)(n - 1) : 0, least = 1e-6 * fmax(size, 1);
  return v > least ? v : least;
}

/* The logarithm of the mean of exp(d). */
static double log_mean_exp(ptrdiff_t origin, const double *d)
{
  double most = d[0], sum = 0;
  for (ptrdiff_t t = 1; t < origin; t++) most = fmax(most, d[t]);
  for (ptrdiff_t t = 0; t < origin; t++) sum += exp(d[t] - most);
  return most + log(sum / (double)origin);
}

double frame_back(double base, double spread, double level, double output)
{
  const double least = .05; /* of the level: below it a straight line ends */
  if (level == 0) return base + output * spread;
  return base + log(fmax(1 + output * spread / level, least));
}

/* In the workspace, n numbers each but for the seasons, which have H more: they, d, and what is
 * measured, which is d or e. */
static double *measured(const frame_shape *f, const frame_series *s, double *d)
{
  return f->linear && s->logarithm ? d + s->n : d;
}

/* Beyond the origin z may be anything. */
static void measure(const frame_series *s, ptrdiff_t from, ptrdiff_t to, const double *season,
                    double middle, double *d, double *e)
{
  const double far = 300;
  for (ptrdiff_t t = from; t < to; t++) d[t] = s->z[t] - season[t];
  for (ptrdiff_t t = from; t < to && e != d; t++) e[t] = exp(fmax(fmin(d[t] - middle, far), -far));
}

frame_units frame_estimate(const frame_shape *f, const frame_series *s, double *workspace)
{
  const ptrdiff_t n = s->origin;
  double *season = workspace, *d = season + s->n + f->horizon, *e = measured(f, s, d);
  frame_units unit = {.spread = 1};
  take_seasons(f, s, season, d + s->n);
  measure(s, 0, n, season, 0, d, d);
  unit.middle = e == d ? mean_of(n, d) : log_mean_exp(n, d);
  measure(s, 0, n, season, unit.middle, d, e);
  if (f->scaled) unit.spread = spread(n, e);
  unit.mean = mean_of(n, e);
  if (f->trend == TREND_DRIFT && n > 1) unit.drift = (e[n - 1] - e[0]) / (double)(n - 1);
  return unit;
}

void frame_fill(const frame_shape *f, const frame_series *s, const frame_units *unit,
                const frame_room *room, double *workspace)
{
  const ptrdiff_t n = s->n, H = f->horizon;
  const double turn = 8 * atan(1), v = unit->spread, g = unit->drift, log_v = log(v);
  double *season = workspace, *d = season + n + H, *e = measured(f, s, d);
  measure(s, s->origin, n, season, unit->middle, d, e);
  const ptrdiff_t back = f->season == SEASON_DIFFERENCE ? longest_period(f, s) : 0;
  for (ptrdiff_t t = room->first > 0 ? room->first : 0; t < n; t++) {
    const ptrdiff_t column = t - room->first;
    const double level = f->trend == TREND_NONE ? unit->mean : e[t];
    double *x = room->x + column * room->x_step;
    for (ptrdiff_t k = 0; k < f->lags; k++) {
      const ptrdiff_t then = t - f->lag[k];
      *x++ = (e[then > 0 ? then : 0] - level) / v;
    }
    *x++ = .3 * log_v; /* of the size of the others */
    *x++ = isnan(s->y[t]);
    for (ptrdiff_t h = 1; h <= H; h++) {
      for (ptrdiff_t c = 0; c < f->covariates; c++) {
        *x++ = t + h < s->known ? s->covariate[c + f->covariates * (t + h)] : 0;
      }
    }
    for (int i = 0; i < f->periods && f->season == SEASON_FOURIER; i++) {
      for (ptrdiff_t j = 1; j <= harmonics(f->period[i]); j++) {
        const double angle = turn * (double)(j * ((t + 1) % f->period[i])) / (double)f->period[i];
        *x++ = sin(angle);
        *x++ = cos(angle);
      }
    }
    room->level[column * room->level_step] = e == d || f->counts ? 0 : level;
    for (ptrdiff_t h = 1; h <= H; h++) {
      double *base = &room->base[column * room->target_step + h - 1];
      double *target = &room->target[column * room->target_step + h - 1];
      const ptrdiff_t P = back ? back * ((h + back - 1) / back) : 0, then = t + h - P;
      const bool before = back && then >= 0;
      *base = (before ? d[then] : f->trend == TREND_NONE ? unit->middle : d[t]) + season[t + h];
      if (g != 0) *base = frame_back(*base, g, e == d ? 0 : level, (double)(before ? P : h));
      *target = NAN;
      const bool known = t + h < n && !isnan(s->y[t + h]);
      if (f->counts) {
        if (h <= bases(f)) *x++ = .3 * *base;
        *base = 0;
        if (known) *target = s->y[t + h];
      } else if (known) {
        const double change = s->z[t + h] - *base;
        *target = (e == d ? change : expm1(change) * level) / v;
      }
    }
  }
}

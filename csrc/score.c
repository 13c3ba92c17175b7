/* score.c -- the scores of predictions, each below its formula.
 *
 * A "series" here is one feature of one sequence: some scores are means over the steps of each,
 * then over all. What of the target is missing is left out. */
#include "score.h"
#include <math.h>
#include <string.h>

series_element score_beside(const series *s, const series_element *e, ptrdiff_t feature)
{
  const double number = series_at(s, feature - 1, e->sequence - 1, e->step - 1);
  return (series_element){number, feature, e->sequence, e->step};
}

/* What has no such field is not wanted. */
static void set(const metrics *m, const char *name, ptrdiff_t i, double number)
{
  const bptt_value *v = value_find(m->list, name);
  if (v) value_set((bptt_value *)v, i, number);
}

/* ------------------------------------------------------------------------ scores of numbers */

/* Over numbers of the target. */
typedef struct {
  double count, squares, absolute, relative, covered, width, interval;
} sums;

/* The mean of what is added to it; of nothing NaN. */
typedef struct {
  double sum, count;
} average;

static void add_to(average *a, double number)
{
  a->sum += number;
  a->count += 1;
}

static double mean_of(const average *a)
{
  return a->sum / a->count;
}

/* Of one number y and its forecast f:
 *
 *   squared error                    (y - f)^2
 *   absolute error                   |y - f|
 *   symmetric relative error         2 |y - f| / (|y| + |f|), 0 where both are 0
 *
 * Makridakis, Accuracy measures, 1993. */
static void add_point(sums *s, double y, double f)
{
  const double error = fabs(y - f), size = fabs(y) + fabs(f);
  s->squares += error * error;
  s->absolute += error;
  s->relative += size > 0 ? 2 * error / size : 0;
}

/* Of one number y and an interval from l to u at a level of 1 - a (per cent: 100 - 100 a):
 *
 *   interval score    u - l + 2/a (l - y) where y < l, + 2/a (y - u) where y > u
 *
 * Gneiting & Raftery, Strictly proper scoring rules, 2007. */
static void add_interval(sums *s, double y, double l, double u, double level)
{
  const double outside = fmax(l - y, 0) + fmax(y - u, 0);
  s->covered += l <= y && y <= u;
  s->width += u - l;
  s->interval += u - l + 200 / (100 - level) * outside;
}

static sums sums_of(const metrics *m, ptrdiff_t c, ptrdiff_t b)
{
  const ptrdiff_t F = m->target.size[FEATURE];
  sums s = {0};
  for (ptrdiff_t t = 0; t < series_length(&m->target, b); t++) {
    const double y = series_at(&m->target, c, b, t);
    if (isnan(y)) continue;
    s.count += 1;
    if (m->point >= 0) add_point(&s, y, series_at(&m->prediction, c + m->point * F, b, t));
    if (!m->interval) continue;
    add_interval(&s, y, series_at(&m->lower, c, b, t), series_at(&m->upper, c, b, t), m->level);
  }
  return s;
}

static void join(sums *all, const sums *s)
{
  all->count += s->count;
  all->squares += s->squares;
  all->absolute += s->absolute;
  all->covered += s->covered;
  all->width += s->width;
}

/* The mean absolute error of the naive forecast of the past of a series, its value m steps before:
 *
 *   scale = mean over t of |y_t - y_{t-m}|
 *
 * Hyndman & Koehler, Another look at measures of forecast accuracy, 2006. NaN: there are no two
 * numbers to compare. */
static double scale_of(const metrics *m, ptrdiff_t c, ptrdiff_t b)
{
  average a = {0, 0};
  for (ptrdiff_t t = m->period; t < series_length(&m->insample, b); t++) {
    const double y = series_at(&m->insample, c, b, t);
    const double naive = series_at(&m->insample, c, b, t - m->period);
    if (!isnan(y) && !isnan(naive)) add_to(&a, fabs(y - naive));
  }
  return mean_of(&a);
}

/* Of all numbers at once:
 *
 *   rmse = sqrt(mean (y - f)^2)     mae = mean |y - f|
 *   coverage = share of l <= y <= u     width = mean (u - l)
 *
 * Of each series, then the mean over those that have a number (and a scale above 0):
 *
 *   smape = 100 mean of the relative error
 *   mase = mean |y - f| / scale     msis = mean interval score / scale
 *
 * Makridakis, Spiliotis & Assimakopoulos, The M4 competition, 2020. */
static void score_numbers(const metrics *m)
{
  sums all = {0};
  average smape = {0, 0}, mase = {0, 0}, msis = {0, 0};
  for (ptrdiff_t b = 0; b < m->target.size[SEQUENCE]; b++) {
    for (ptrdiff_t c = 0; c < m->target.size[FEATURE]; c++) {
      const sums s = sums_of(m, c, b);
      if (s.count == 0) continue;
      join(&all, &s);
      add_to(&smape, 100 * (s.relative / s.count));
      const double scale = m->scaled ? scale_of(m, c, b) : 0;
      if (!(scale > 0)) continue;
      add_to(&mase, s.absolute / s.count / scale);
      add_to(&msis, s.interval / s.count / scale);
    }
  }
  set(m, "n", 0, all.count);
  set(m, "rmse", 0, sqrt(all.squares / all.count));
  set(m, "mae", 0, all.absolute / all.count);
  set(m, "smape", 0, mean_of(&smape));
  set(m, "mase", 0, mean_of(&mase));
  set(m, "level", 0, m->level);
  set(m, "coverage", 0, all.covered / all.count);
  set(m, "width", 0, all.width / all.count);
  set(m, "msis", 0, mean_of(&msis));
}

/* The sum over all numbers of the pinball loss of quantile k, whose level is q:
 *
 *   max(q (y - f), (q - 1) (y - f))
 *
 * Koenker & Bassett, Regression quantiles, 1978. */
static double pinball_of(const metrics *m, ptrdiff_t k)
{
  const ptrdiff_t F = m->target.size[FEATURE];
  const double q = m->levels[k];
  double sum = 0;
  for (ptrdiff_t b = 0; b < m->target.size[SEQUENCE]; b++) {
    for (ptrdiff_t t = 0; t < series_length(&m->target, b); t++) {
      for (ptrdiff_t c = 0; c < F; c++) {
        const double y = series_at(&m->target, c, b, t);
        const double over = y - series_at(&m->prediction, c + k * F, b, t);
        if (!isnan(y)) sum += fmax(q * over, (q - 1) * over);
      }
    }
  }
  return sum;
}

static void score_quantiles(const metrics *m)
{
  average all = {0, 0};
  for (ptrdiff_t k = 0; m->levels && k < m->each; k++) {
    const double loss = pinball_of(m, k) / m->count;
    set(m, "levels", k, m->levels[k]);
    set(m, "pinball", k, loss);
    add_to(&all, loss);
  }
  set(m, "mean_pinball", 0, mean_of(&all));
}

/* ------------------------------------------------------------------------ scores of classes */

static double ratio(double a, double b)
{
  return b > 0 ? a / b : 0;
}

/* Counted from 0: the class predicted, or the first of the most probable. */
static ptrdiff_t class_at(const metrics *m, const series_element *e)
{
  ptrdiff_t best = 0;
  if (!m->prob) return (ptrdiff_t)(score_beside(&m->prediction, e, e->feature).number - m->first);
  if (m->first == 0) return score_beside(&m->prediction, e, 1).number > .5;
  for (ptrdiff_t c = 1; c < m->classes; c++) {
    const double p = score_beside(&m->prediction, e, c + 1).number;
    if (p > score_beside(&m->prediction, e, best + 1).number) best = c;
  }
  return best;
}

/* -log of the probability of the true class; Good, Rational decisions, 1952. */
static double surprise_at(const metrics *m, const series_element *e)
{
  const double least = 1e-15;
  const double one =
      score_beside(&m->prediction, e, m->first == 0 ? 1 : (ptrdiff_t)e->number).number;
  const double p = m->first == 0 && e->number == 0 ? 1 - one : one;
  return -log(fmin(fmax(p, least), 1));
}

typedef struct {
  const metrics *m;
  double *confusion, surprise;
} tally;

static bool count_class(const door *d, const series *s, const series_element *e, void *context)
{
  tally *k = context;
  (void)d, (void)s;
  if (isnan(e->number)) return true;
  const ptrdiff_t truth = (ptrdiff_t)(e->number - k->m->first);
  k->confusion[truth + k->m->classes * class_at(k->m, e)] += 1;
  if (k->m->prob) k->surprise += surprise_at(k->m, e);
  return true;
}

/* With tp = n_kk, truth = sum over j of n_kj, predicted = sum over j of n_jk of class k:
 *
 *   precision = tp / predicted     recall = tp / truth     f1 = 2 tp / (truth + predicted)
 *
 * 0/0 is 0. macro: the mean of each over the classes that are in the target or predicted. micro:
 * the same ratios of the sums over all classes, each of which is the accuracy, as every number of
 * the target has one class and one prediction.
 *
 * Sokolova & Lapalme, A systematic analysis of performance measures for classification tasks, 2009.
 * Their macro f1 is of the macro precision and recall; here it is the mean of the f1. */
static void score_classes(const metrics *m, const double *confusion)
{
  const ptrdiff_t K = m->classes;
  average precision = {0, 0}, recall = {0, 0}, f1 = {0, 0};
  double right = 0;
  for (ptrdiff_t k = 0; k < K; k++) {
    const double tp = confusion[k + K * k];
    double truth = 0, predicted = 0;
    for (ptrdiff_t j = 0; j < K; j++) {
      truth += confusion[k + K * j];
      predicted += confusion[j + K * k];
    }
    const double p = ratio(tp, predicted), r = ratio(tp, truth),
                 f = ratio(2 * tp, truth + predicted);
    if (!m->names) set(m, "class", k, m->first + (double)k);
    set(m, "precision", k, p);
    set(m, "recall", k, r);
    set(m, "f1", k, f);
    right += tp;
    if (truth + predicted == 0) continue;
    add_to(&precision, p);
    add_to(&recall, r);
    add_to(&f1, f);
  }
  set(m, "accuracy", 0, right / m->count);
  set(m, "macro_precision", 0, mean_of(&precision));
  set(m, "macro_recall", 0, mean_of(&recall));
  set(m, "macro_f1", 0, mean_of(&f1));
  set(m, "micro_precision", 0, right / m->count);
  set(m, "micro_recall", 0, right / m->count);
  set(m, "micro_f1", 0, right / m->count);
}

static void count_and_score(const door *d, const metrics *m)
{
  tally k = {m, value_find(m->list, "confusion")->data, 0};
  memset(k.confusion, 0, (size_t)(m->classes * m->classes) * sizeof *k.confusion);
  series_each(d, &m->target, count_class, &k);
  set(m, "n", 0, m->count);
  score_classes(m, k.confusion);
  set(m, "log_loss", 0, k.surprise / m->count);
}

void score(const door *d, const metrics *m)
{
  if (m->classes > 0) {
    count_and_score(d, m);
  } else {
    score_numbers(m);
    score_quantiles(m);
  }
}

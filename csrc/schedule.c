/* schedule.c -- the learning rate over time. */
#include "schedule.h"
#include <math.h>

#define PI 3.14159265358979323846

/* From a to b along half a cosine, p from 0 to 1. */
static double cosine(double a, double b, double p)
{
  return b + (a - b) * (1 + cos(PI * p)) / 2;
}

/* Smith & Topin 2018 ("Super-convergence"): up from 1/25 of the rate in the first .3 of the time,
 * then down to 1/10000 of where it began, each along half a cosine. */
static double one_cycle(double p)
{
  const double first = 1.0 / 25, last = first / 1e4, rise = .3;
  return p < rise ? cosine(first, 1, p / rise) : cosine(1, last, (p - rise) / (1 - rise));
}

/* step      factor^floor(epoch / every)
 * cosine    (1 + cos(pi epoch / epochs)) / 2                (Loshchilov & Hutter 2017)
 * plateau   factor^drops
 * warm-up: times epoch / warmup at first                    (Goyal et al. 2017) */
double schedule_rate(const schedule *s, const plateau *p, double begin, double end)
{
  double share = 1;
  switch (s->kind) {
  case SCHEDULE_CONSTANT:
    break;
  case SCHEDULE_STEP:
    share = pow(s->factor, floor(begin / s->every));
    break;
  case SCHEDULE_COSINE:
    share = cosine(1, 0, begin / s->epochs);
    break;
  case SCHEDULE_ONE_CYCLE:
    share = one_cycle(begin / s->epochs);
    break;
  case SCHEDULE_PLATEAU:
    share = pow(s->factor, p->drops);
    break;
  }
  return s->learn_rate * share * (end < s->warmup ? end / s->warmup : 1);
}

/* Better by a ten thousandth counts as better; at first, when the best is Inf, anything finite. */
void schedule_watch(const schedule *s, plateau *p, double loss)
{
  const double margin = isfinite(p->best) ? 1e-4 * fabs(p->best) : 0;
  if (loss < p->best - margin) {
    p->best = loss;
    p->since = 0;
  } else if (++p->since > s->every) {
    p->since = 0;
    p->drops++;
  }
}

/* score.h -- predictions and what came true, read and checked; their scores. */
#ifndef BPTT_SCORE_H
#define BPTT_SCORE_H
#include "series.h"

typedef struct {
  series target, prediction;
  double count;     /* numbers of the target that are not missing */
  bptt_value *list; /* of the results */

  /* numbers */
  const double *levels; /* of quantiles; NULL: none */
  ptrdiff_t each;       /* predictions for a number of the target */
  ptrdiff_t point;      /* which of them is the point forecast; -1: none */
  bool interval, scaled;
  series lower, upper; /* where there is an interval */
  series insample;     /* where there is a scale */
  ptrdiff_t period;
  double level;

  /* classes */
  bool prob;
  ptrdiff_t classes;
  double first; /* the number of the first class: 0 or 1 */
  double highest;
  const bptt_value *names; /* of the classes; NULL: they have numbers */
} metrics;

/* Beside an element of the target that of another series; `feature` is its own, from 1. */
series_element score_beside(const series *s, const series_element *e, ptrdiff_t feature);

/* Sets the results that are in the list. */
void score(const door *d, const metrics *m);

#endif

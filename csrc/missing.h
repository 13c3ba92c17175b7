/* missing.h -- numbers for what is missing in a time series. */
#ifndef BPTT_MISSING_H
#define BPTT_MISSING_H
#include "decompose.h"

/* The doubles of workspace that fill_missing() takes for n points and `count` periods; -1: more
 * than can be counted. */
ptrdiff_t fill_numbers(ptrdiff_t n, int count);

/* filled: n; y with what is missing (NaN) filled in: along a straight line between two numbers,
 * before the first and after the last with these. In a series with seasons (`count` periods, at
 * most MOST_SEASONS, in any order) that is done with what is left of it without them; periods that
 * there are too few numbers for do not count. DECOMPOSE_SHORT: there is no number. */
decompose_outcome fill_missing(ptrdiff_t n, const double *y, int count, const ptrdiff_t *period,
                               double *filled, double *workspace) BPTT_MUST_CHECK;

#endif

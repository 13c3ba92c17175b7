/* transform.h -- the Box-Cox transformation: of a number, back again, and which one a series asks
 * for. A missing number (NaN) stays one. */
#ifndef BPTT_TRANSFORM_H
#define BPTT_TRANSFORM_H
#include "bptt.h"
#include <stdbool.h>

/* Whether all numbers that are not missing have a finite transform: for lambda 0 or less they must
 * be positive. */
bool box_cox_takes(ptrdiff_t n, const double *y, double lambda) BPTT_MUST_CHECK;

/* For lambda 0 or less, 0 becomes -Inf, and what is negative NaN. */
double box_cox(double y, double lambda);

/* What a lambda below 0 has nothing finite for becomes Inf. */
double box_cox_inverse(double z, double lambda);

/* The mean of what has, transformed, the mean z and this variance. (Its median is the inverse of
 * z.) */
double box_cox_mean(double z, double variance, double lambda);

/* lambda from [lower, upper] by Guerrero's method (often -1, 2); `lower` counts as 0 where a number
 * is not positive. period: steps, 1 where there is no season. 1, which leaves the series as it is,
 * where the series does not tell: it is not longer than two periods, all its periods are constant,
 * or the mean of one is not positive. */
double box_cox_lambda(ptrdiff_t n, const double *y, ptrdiff_t period, double lower, double upper);

/* What to add to a series so that it has a logarithm: nothing if all are positive, half of the
 * smallest positive number if some are 0. False: one is negative, or none is positive. */
bool log_offset(ptrdiff_t n, const double *y, double *offset) BPTT_MUST_CHECK;

#endif

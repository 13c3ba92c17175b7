/* transform.h -- the Box-Cox transformation, of a number and back again, and what a series lacks
 * for its logarithm. A missing number (NaN) stays one. */
#ifndef BPTT_TRANSFORM_H
#define BPTT_TRANSFORM_H
#include "bptt.h"
#include <stdbool.h>

/* For lambda 0 or less, 0 becomes -Inf, and what is negative NaN. */
double box_cox(double y, double lambda);

/* What a lambda below 0 has nothing finite for becomes Inf. */
double box_cox_inverse(double z, double lambda);

/* What to add to a series so that it has a logarithm: nothing if all are positive, half of the
 * smallest positive number if some are 0. False: one is negative, or none is positive. */
bool log_offset(ptrdiff_t n, const double *y, double *offset) BPTT_MUST_CHECK;

#endif

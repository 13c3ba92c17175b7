/* transform.c -- the Box-Cox transformation, of a number and back again, and what a series lacks
 * for its logarithm.
 *
 * Box & Cox 1964, "An analysis of transformations", J. Royal Statistical Society B 26:211-252; for
 * negative numbers after Bickel & Doksum 1981, "An analysis of transformations revisited", J.
 * American Statistical Association 76:296-311:
 *
 *   z = (sign(y) |y|^lambda - 1) / lambda,  log y where lambda is 0 */
#include "transform.h"
#include <math.h>

/* Of what is close to 1, in itself or by a small lambda, nothing is lost. */
double box_cox(double y, double lambda)
{
  if (lambda == 0) return log(y);
  if (!(y < 0)) return expm1(lambda * log(y)) / lambda;
  return lambda > 0 ? (-pow(-y, lambda) - 1) / lambda : NAN;
}

double box_cox_inverse(double z, double lambda)
{
  const double power = lambda * z + 1;
  if (lambda == 0) return exp(z);
  if (!(power <= 0)) return exp(log1p(lambda * z) / lambda);
  return lambda > 0 ? 0 - pow(-power, 1 / lambda) : INFINITY;
}

bool log_offset(ptrdiff_t n, const double *y, double *offset)
{
  double smallest = INFINITY;
  bool zero = false;
  for (ptrdiff_t i = 0; i < n; i++) {
    if (y[i] < 0) return false;
    if (y[i] > 0) smallest = fmin(smallest, y[i]);
    zero |= y[i] == 0;
  }
  const bool positive = smallest < INFINITY;
  *offset = zero && positive ? smallest / 2 : 0;
  return positive;
}

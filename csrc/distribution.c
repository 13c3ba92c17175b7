/* distribution.c -- random numbers from the distributions that losses are the -log densities of.
 *
 * The methods are exact, but that a Poisson distribution of a large mean is rounded from a normal
 * one. Each draws as often as it rejects: how many uniform numbers are taken is not known before.
 */
#include "distribution.h"
#include <float.h>
#include <math.h>

/* From (0, 1]: it has a logarithm. */
static double above_zero(generator *g)
{
  return 1 - uniform(g);
}

/* Bailey 1994, "Polar generation of random variates with the t-distribution", Mathematics of
 * Computation 62:779-781. With (u, v) from the unit disc and w = u^2 + v^2:
 *
 *   T = u / sqrt(w) sqrt(n (w^(-2 / n) - 1))
 *
 * which for n without end is the polar method for normal numbers (Marsaglia and Bray 1964, "A
 * convenient method for generating normal variables", SIAM Review 6:260-264):
 *
 *   Z = u / sqrt(w) sqrt(-2 log w) */
double draw_student_t(generator *g, double freedom)
{
  double u, v, w;
  do {
    u = 2 * uniform(g) - 1;
    v = 2 * uniform(g) - 1;
    w = u * u + v * v;
  } while (w > 1 || w == 0);
  const double normal = -2 * log(w);
  const double square = freedom < 1e15 ? freedom * expm1(normal / freedom) : normal;
  return u / sqrt(w) * sqrt(fmin(square, DBL_MAX));
}

/* Marsaglia and Tsang 2000, "A simple method for generating gamma variables", ACM Transactions on
 * Mathematical Software 26:363-372. With d = shape - 1/3, x normal and v = (1 + x / sqrt(9 d))^3,
 * d v is taken if
 *
 *   log(uniform) < x^2 / 2 + d - d v + d log v
 *
 * A shape below 1: that of shape + 1, times uniform^(1 / shape). */
double draw_log_gamma(generator *g, double shape)
{
  const double d = (shape < 1 ? shape + 1 : shape) - 1. / 3, c = 1 / sqrt(9 * d);
  for (;;) {
    const double x = draw_student_t(g, INFINITY), root = 1 + c * x;
    if (!(root > 0)) continue;
    const double v = root * root * root, log_v = log(v);
    if (!(log(above_zero(g)) < .5 * x * x + d * (1 - v + log_v))) continue;
    return log(d) + log_v + (shape < 1 ? log(above_zero(g)) / shape : 0);
  }
}

/* log k! of a whole number: Stirling's series (DLMF 5.11.1), from 10 on. */
static double log_factorial(double k)
{
  double product = 1;
  for (; k < 10; k++) product *= k + 1;
  const double x = k + 1, inverse = 1 / (x * x);
  return (x - .5) * log(x) - x + .91893853320467274178 +
         (1. / 12 - inverse * (1. / 360 - inverse * (1. / 1260 - inverse / 1680))) / x -
         log(product);
}

/* How many uniform numbers multiplied are above e^-mean: Knuth, The art of computer programming 2,
 * 3.4.1. */
static double count_products(generator *g, double mean)
{
  const double least = exp(-mean);
  double k = 0;
  for (double product = above_zero(g); product > least; product *= above_zero(g)) k++;
  return k;
}

/* Hoermann 1993, "The transformed rejection method for generating Poisson random variables",
 * Insurance: Mathematics and Economics 12:39-45: algorithm PTRS, for means from 10 on. */
static double transformed_rejection(generator *g, double mean)
{
  const double b = .931 + 2.53 * sqrt(mean), a = -.059 + .02483 * b;
  const double inverse = 1.1239 + 1.1328 / (b - 3.4), squeeze = .9277 - 3.6224 / (b - 2);
  for (;;) {
    const double u = uniform(g) - .5, v = above_zero(g), s = .5 - fabs(u);
    if (s == 0) continue;
    const double k = floor((2 * a / s + b) * u + mean + .43);
    if (s >= .07 && v <= squeeze) return k;
    if (k < 0 || (s < .013 && v > s)) continue;
    if (log(v * inverse / (a / (s * s) + b)) <= k * log(mean) - mean - log_factorial(k)) return k;
  }
}

double draw_poisson(generator *g, double mean)
{
  const double large = 1e8; /* its skewness is 1e-4 */
  if (mean < 10) return count_products(g, mean);
  if (mean < large) return transformed_rejection(g, mean);
  const double k = floor(mean + sqrt(mean) * draw_student_t(g, INFINITY) + .5);
  return fmin(k, DISTRIBUTION_MOST_COUNT);
}

/* Greenwood and Yule 1920: Poisson, its mean from the gamma distribution of shape r = 1 / alpha and
 * scale alpha mu. With a small alpha that is mu. */
static double draw_negative_binomial(generator *g, double log_mean, double log_alpha)
{
  const double a = fmin(log_alpha, 700);
  double m = log_mean;
  if (a > -36) m += a + draw_log_gamma(g, exp(-a));
  return draw_poisson(g, exp(fmin(m, log(DISTRIBUTION_MOST_COUNT))));
}

/* m + sigma T, finite */
static double moved(double m, double log_sigma, double t)
{
  return fmax(fmin(m + exp(fmin(log_sigma, 700)) * t, DBL_MAX), -DBL_MAX);
}

double draw_outputs(generator *g, bptt_loss loss, const double *y, ptrdiff_t apart)
{
  if (loss == BPTT_NEGATIVE_BINOMIAL) return draw_negative_binomial(g, y[0], y[apart]);
  double freedom = INFINITY;
  if (loss == BPTT_STUDENT_T) { /* 2 + softplus */
    const double a = y[2 * apart];
    freedom = 2 + fmax(a, 0) + log1p(exp(-fabs(a)));
  }
  return moved(y[0], y[apart], draw_student_t(g, freedom));
}

/* loss.c -- the losses and their gradients, but for mse and cross_entropy, which are in readout.h.
 *
 * A number t of the target has one, two, three or more outputs y_0, y_1, ...: the first of each of
 * the F numbers of a column come first, then the second of each, and so on. Each function below is
 * the loss of one such number: it replaces the outputs by the derivatives for them.
 *
 * Outputs are any finite number: what would overflow or cancel on the way is written otherwise. */
#include "loss.h"
#include <math.h>
#include <stdbool.h>

#define LOG_2PI 1.8378770664093454836

/* One number of the target, and the outputs for it, `apart` numbers from one to the next. */
typedef struct {
  const bptt_problem *p;
  double t, *y;
  ptrdiff_t apart;
} element;

/* ------------------------------------------------------------------------- pieces of formulas */

/* Of a, from one exponential: softplus(a) = log(1 + e^a), softplus(-a), and the derivative of the
 * first, sigmoid(a) = 1 / (1 + e^-a), and sigmoid(-a). */
typedef struct {
  double plus, minus, up, down;
} soft;

static soft soft_of(double a)
{
  const double small = exp(-fabs(a)), rest = log1p(small), all = 1 + small;
  return (soft){fmax(a, 0) + rest, fmax(-a, 0) + rest, (a < 0 ? small : 1) / all,
                (a < 0 ? 1 : small) / all};
}

/* e half^2, where half^2 alone may be too large or too small */
static double halved_twice(double e, double half)
{
  return e == 0 ? 0 : e * half * half;
}

/* e exp(-s) */
static double shrunk(double e, double s)
{
  return halved_twice(e, exp(-s / 2));
}

/* c_0 + c_1 x + ... of n coefficients */
static double polynomial(const double *c, int n, double x)
{
  double sum = 0;
  while (n > 0) sum = sum * x + c[--n];
  return sum;
}
#define POLYNOMIAL(c, x) polynomial(c, sizeof(c) / sizeof *(c), x)

/* log(1 + x) / x - 1. With u = x / (2 + x): log(1 + x) = 2 (u + u^3/3 + u^5/5 + ...), and
 * x = 2 u / (1 - u). */
static double log1p_ratio(double x)
{
  static const double c[] = {1. / 3,  1. / 5,  1. / 7,  1. / 9,  1. / 11, 1. / 13, 1. / 15,
                             1. / 17, 1. / 19, 1. / 21, 1. / 23, 1. / 25, 1. / 27, 1. / 29};
  if (!(fabs(x) < .4)) return log1p(x) / x - 1;
  const double u = x / (2 + x);
  return u * u * (1 - u) * POLYNOMIAL(c, u * u) - u;
}

/* ------------------------------------------------------------------------------------- losses */

/* dL/dy = t: the gradient is the target itself.
 *
 *   L = t y */
static double loss_linear(const element *e)
{
  const double loss = e->t * e->y[0];
  e->y[0] = e->t;
  return loss;
}

/*   L = |y - t| */
static double loss_mae(const element *e)
{
  const double d = e->y[0] - e->t;
  e->y[0] = (d > 0) - (d < 0);
  return fabs(d);
}

/* Huber, Robust estimation of a location parameter, 1964.
 *
 *   L = (y - t)^2 / 2                      |y - t| <= delta
 *       delta (|y - t| - delta / 2)        beyond */
static double loss_huber(const element *e)
{
  const double delta = e->p->delta, d = e->y[0] - e->t;
  const bool near = fabs(d) <= delta;
  e->y[0] = near ? d : copysign(delta, d);
  return near ? .5 * d * d : delta * (fabs(d) - .5 * delta);
}

/*   L = -t log p - (1 - t) log(1 - p),  p = sigmoid(y)
 *     =  t softplus(-y) + (1 - t) softplus(y)
 *   dL/dy = p - t = (1 - t) sigmoid(y) - t sigmoid(-y) */
static double loss_binary_cross_entropy(const element *e)
{
  const soft y = soft_of(e->y[0]);
  const double t = e->t;
  e->y[0] = (1 - t) * y.up - t * y.down;
  return t * y.minus + (1 - t) * y.plus;
}

/* The pinball loss: Koenker & Bassett, Regression quantiles, 1978. An output to each level q:
 *
 *   L = sum_q max(q (t - y_q), (q - 1) (t - y_q)) */
static double loss_quantile(const element *e)
{
  double loss = 0;
  for (ptrdiff_t k = 0; k < e->p->level_count; k++) {
    double *y = e->y + k * e->apart;
    const double d = e->t - *y, slope = d > 0 ? e->p->levels[k] : e->p->levels[k] - 1;
    *y = d == 0 ? 0 : -slope;
    loss += slope * d;
  }
  return loss;
}

/* -log of the normal density, outputs m and s = log sigma:
 *
 *   z = (t - m) / sigma
 *   L = log(2 pi) / 2 + s + z^2 / 2
 *   dL/dm = -z / sigma,  dL/ds = 1 - z^2 */
static double loss_gaussian(const element *e)
{
  const double s = e->y[e->apart], z = shrunk(e->t - e->y[0], s);
  e->y[0] = -shrunk(z, s);
  e->y[e->apart] = (1 - z) * (1 + z);
  return .5 * LOG_2PI + s + .5 * z * z;
}

/* c(x) = log(x) / 2 + log Gamma(x) - log Gamma(x + 1/2) and its derivative, x >= 1: Stirling's
 * series (DLMF 5.11.8), reached from below with
 *
 *   c(x) = c(x + 1) + log(1 + e) / 2,  e = 1 / (4 x (x + 1))
 *
 * and, as logarithms take long, with 1 + p the product of all 1 + e: p stays below 1/4. */
static double half_step(double x, double *slope)
{
  static const double c[] = {1. / 8,      -1. / 192,      1. / 640,       -17. / 14336,
                             31. / 18432, -691. / 180224, 5461. / 425984, -929569. / 15728640};
  static const double d[] = {-1. / 8,
                             3. / 192,
                             -5. / 640,
                             119. / 14336,
                             -279. / 18432,
                             11. * 691 / 180224,
                             -13. * 5461 / 425984,
                             15. * 929569 / 15728640};
  double p = 0;
  *slope = 0;
  for (; x < 12; x++) {
    const double e = .25 / (x * (x + 1));
    p += e + p * e;
    *slope -= e / (x + .5);
  }
  const double inverse = 1 / x;
  *slope += POLYNOMIAL(d, inverse * inverse) * inverse * inverse;
  return .5 * log1p(p) + POLYNOMIAL(c, inverse * inverse) * inverse;
}

/* -log of the density of m + sigma T, T of Student's t distribution with n degrees of freedom;
 * outputs m, s = log sigma, and a with n = 2 + softplus(a), so that there is a variance:
 *
 *   z = (t - m) / sigma,  w = z^2 / n
 *   L = s + log(n pi) / 2 + log Gamma(n / 2) - log Gamma((n + 1) / 2) + (n + 1) / 2 log(1 + w)
 *     = s + log(2 pi) / 2 + c(n / 2) + (n + 1) / 2 log(1 + w)                 c: half_step()
 *   dL/dm = -(n + 1) / n z / (1 + w) / sigma
 *   dL/ds = 1 - (n + 1) w / (1 + w) = (1 - z^2) / (1 + w)
 *   dL/dn = (c'(n / 2) + log(1 + w) - w / (1 + w) - w / (1 + w) / n) / 2
 *   dL/da = dL/dn sigmoid(a)
 *
 * With s = w / (1 + w), log(1 + w) is -log(1 - s). Where w is beyond e^40, s is 1, and log w is at
 * hand even where z is not. */
static double loss_student_t(const element *e)
{
  const double beyond = 2.35385266837019985e17; /* e^40 */
  double *m = e->y, *s = m + e->apart, *a = s + e->apart, c_slope;
  const soft of_a = soft_of(*a);
  const double n = 2 + of_a.plus, d = e->t - *m, half = exp(-*s / 2), z = halved_twice(d, half),
               c = half_step(n / 2, &c_slope), w = z / n * z;
  const bool far = !(w < beyond);
  const double log1p_w = far ? 2 * (log(fabs(d)) - *s) - log(n) : log1p(w);
  const double share = far ? 1 : w / (1 + w);
  const double loss = *s + .5 * LOG_2PI + c + (n + 1) / 2 * log1p_w;
  const double less = share < .5 ? share * log1p_ratio(-share) : log1p_w - share;
  *m = far ? -(n + 1) / d : -(n + 1) / n * halved_twice(z / (1 + w), half);
  *s = far ? -n : (1 - z) * (1 + z) / (1 + w);
  *a = .5 * (c_slope + less - share / n) * of_a.up;
  return loss;
}

/* ------------------------------------------------------------------------- negative_binomial
 *
 * -log of the probability of a count k with mean mu and variance mu + alpha mu^2 (Hilbe, Negative
 * binomial regression, 2011; Salinas et al., DeepAR, 2020); outputs m = log mu, a = log alpha.
 * With r = 1 / alpha and v = alpha mu:
 *
 *   L = log k! - sum_{0 < j < k} log(1 + alpha j) + (r + k) log(1 + v) - k m
 *   dL/dm = (mu - k) / (1 + v)
 *   dL/da = k v / (1 + v) - sum_{0 < j < k} alpha j / (1 + alpha j) - r (log(1 + v) - v / (1 + v))
 *
 * alpha = 0 is the Poisson distribution; there r is infinite, and r times something, where v is
 * small, is written as mu times something / v. */

enum { FEW = 16 };

typedef struct {
  double k, m, a, mu, r, log_v;
  soft v; /* of log v */
} counted;

/* dL/dm */
static double slope_of_mean(const counted *c)
{
  const double far = 100; /* mu is beyond all counts, and maybe beyond all numbers */
  if (c->m < far) return (c->mu - c->k) * c->v.down;
  return (c->log_v < 0 ? c->mu * c->v.down : c->r * c->v.up) - c->k * c->v.down;
}

/* r (log(1 + v) - v / (1 + v)), which is mu v / 2 - ... where v is small: -dL/da of k = 0. Here the
 * factors may be too large or too small for a number, and their product not. */
static double slope_of_none(const counted *c)
{
  const double root = exp(c->m + c->a / 2); /* root^2 = mu v */
  if (c->log_v < -650) return .5 * root * root;
  return c->log_v < 0 ? shrunk(c->v.down * log1p_ratio(-c->v.up), -c->m)
                      : c->r * (c->v.plus - c->v.up);
}

/* The sums as they are, for a small k. As logarithms take long, with 1 + p the product of all
 * 1 + alpha j, unless that is too large. */
static double few_counts(const counted *c, double *slope)
{
  const double k = c->k, alpha = exp(c->a);
  double loss = c->log_v < 0 ? c->mu * (1 + log1p_ratio(exp(c->log_v))) + k * (c->v.plus - c->m)
                             : c->r * c->v.plus + k * (c->a + c->v.minus);
  *slope = k * c->v.up - slope_of_none(c);
  double factorial = fmax(k, 1), p = 0;
  for (double j = 1; j < k; j++) {
    const double step = alpha * j;
    factorial *= j;
    p += step + p * step;
    *slope -= step < INFINITY ? step / (1 + step) : 1;
  }
  loss += log(factorial);
  if (p < 1e300) return loss - log1p(p);
  for (double j = 1; j < k; j++) loss -= soft_of(c->a + log(j)).plus;
  return loss;
}

/* Stirling's series: what log Gamma(x) has above (x - 1/2) log x - x + log(2 pi) / 2, x >= 10, and
 * what its negative derivative is, times x. Both go with 1 / x. */
static double stirling(double x)
{
  static const double c[] = {1. / 12,   -1. / 360,       1. / 1260, -1. / 1680,
                             1. / 1188, -691. / 360360., 1. / 156,  -3617. / 122400};
  return POLYNOMIAL(c, 1 / x / x) / x;
}
static double stirling_slope(double x)
{
  static const double c[] = {1. / 12,  -1. / 120,      1. / 252, -1. / 240,
                             1. / 132, -691. / 32760., 1. / 12,  -3617. / 8160};
  return POLYNOMIAL(c, 1 / x / x) / x;
}

/* The same of r = exp(-a), which may be small: from Gamma(x + 1) = x Gamma(x). */
static double stirling_of_r(double a, double *slope)
{
  const double r = exp(-a);
  double sum = 0, slopes = 0, x = r;
  for (; x < 10; x++) {
    const double log_step = x == r ? soft_of(a).plus : log1p(1 / x); /* log((x + 1) / x) */
    sum += (x + .5) * log_step - 1;
    slopes += (x == r ? .5 : .5 * r / x) + .5 * r / (x + 1) - r * log_step;
  }
  *slope = slopes + (x == r ? 1 : r / x) * stirling_slope(x);
  return sum + stirling(x);
}

/* log(1 + x) where x is small, else by other means */
static double log1p_or(double x, double otherwise)
{
  return fabs(x) < .5 ? log1p(x) : otherwise;
}

/* r (log(1 + d) - d) of many_counts(), given log(1 + d) and r d. */
static double rest_of_log(const counted *c, double d, double log_d, double r_d)
{
  const bool beyond = c->m > 700; /* so is mu, and beside it k is nothing */
  if (beyond && c->log_v < 0) return -slope_of_none(c);
  if (fabs(d) < 1e-17) {
    const double root = shrunk(r_d, -c->a / 2); /* root^2 = r d^2 */
    return -.5 * root * root;
  }
  if (fabs(d) < .5) return r_d * log1p_ratio(d);
  return beyond ? c->r * (log_d - d) : c->r * log_d - r_d;
}

/* The sums by Stirling's series, for a large k. With A = alpha k,
 *
 *   d = alpha (k - mu) / (1 + v)           log(1 + d) = log(1 + A) - log(1 + v)
 *   f = (k - mu) / mu / (1 + A)            log(1 + f) = log(k / mu) - log(1 + d)
 *   L = k log(1 + f) - r log(1 + d) + log(2 pi k (1 + A)) / 2
 *       + stirling(k) + stirling(r) - stirling(r + k)
 *   dL/da = r (log(1 + d) - d) + A / (1 + A) / 2 + the slopes of stirling(r) and -stirling(r + k)
 *
 * which, where k is near mu, takes no large numbers from each other. */
static double many_counts(const counted *c, double *slope)
{
  const double k = c->k, m = c->m, a = c->a, r = c->r, log_k = log(k);
  const soft A = soft_of(a + log_k);
  /* alpha / (1 + v), where neither factor may overflow */
  const double rate = exp(fmin(a, -m)) * fmax(c->v.up, c->v.down);
  const double d = m < 700 ? (k - c->mu) * rate : k * rate - c->v.up;
  const double f = m < 700 ? (k - c->mu) * exp(-m) * A.down : -A.down;
  const double log_d = log1p_or(d, A.plus - c->v.plus);
  const double log_f = log1p_or(f, log_k - m - log_d);
  const double r_d = -slope_of_mean(c);
  double r_slope;
  const double rest = stirling(k) + stirling_of_r(a, &r_slope) - stirling(r + k);
  const double r_log_d = fabs(d) < .5 ? r_d * (1 + log1p_ratio(d)) : r * log_d;
  *slope = rest_of_log(c, d, log_d, r_d) + .5 * A.up + r_slope - A.down * stirling_slope(r + k);
  return k * log_f - r_log_d + .5 * (LOG_2PI + log_k + A.plus) + rest;
}

static double loss_negative_binomial(const element *e)
{
  const double m = e->y[0], a = e->y[e->apart];
  const counted c = {e->t, m, a, exp(m), exp(-a), m + a, soft_of(m + a)};
  double *slope = e->y + e->apart;
  e->y[0] = slope_of_mean(&c);
  return c.k < FEW ? few_counts(&c, slope) : many_counts(&c, slope);
}

/* ----------------------------------------------------------------------------------- a column */

typedef struct {
  ptrdiff_t outputs; /* 0: as many as there are levels */
  double (*of)(const element *e);
} loss;

static const loss losses[] = {
    [BPTT_MSE] = {1, NULL},
    [BPTT_MAE] = {1, loss_mae},
    [BPTT_HUBER] = {1, loss_huber},
    [BPTT_CROSS_ENTROPY] = {1, NULL},
    [BPTT_BINARY_CROSS_ENTROPY] = {1, loss_binary_cross_entropy},
    [BPTT_QUANTILE] = {0, loss_quantile},
    [BPTT_GAUSSIAN] = {2, loss_gaussian},
    [BPTT_STUDENT_T] = {3, loss_student_t},
    [BPTT_NEGATIVE_BINOMIAL] = {2, loss_negative_binomial},
    [BPTT_LINEAR] = {1, loss_linear},
};

ptrdiff_t bptt_loss_outputs(const bptt_problem *p)
{
  const ptrdiff_t outputs = losses[p->loss].outputs;
  return outputs ? outputs : p->level_count;
}

double bptt_loss_column(const bptt_problem *p, double *y, const double *target, double scale)
{
  const ptrdiff_t outputs = bptt_loss_outputs(p), F = p->O / outputs;
  double sum = 0;
  for (ptrdiff_t i = 0; i < F; i++) {
    const element e = {p, target[i], y + i, F};
    const bool missing = isnan(e.t) && p->loss != BPTT_LINEAR;
    if (!missing) sum += losses[p->loss].of(&e);
    for (ptrdiff_t k = 0; k < outputs; k++) y[i + k * F] = missing ? 0 : scale * y[i + k * F];
  }
  return sum;
}

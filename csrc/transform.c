/* transform.c -- the Box-Cox transformation: of a number, back again, and which one a series asks
 * for.
 *
 * Box & Cox 1964, "An analysis of transformations", J. Royal Statistical Society B 26:211-252; for
 * negative numbers after Bickel & Doksum 1981, "An analysis of transformations revisited", J.
 * American Statistical Association 76:296-311:
 *
 *   z = (sign(y) |y|^lambda - 1) / lambda,  log y where lambda is 0 */
#include "transform.h"
#include <float.h>
#include <math.h>

bool box_cox_takes(ptrdiff_t n, const double *y, double lambda)
{
  for (ptrdiff_t i = 0; i < n; i++) {
    if (!isnan(y[i]) && !isfinite(box_cox(y[i], lambda))) return false;
  }
  return true;
}

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

/* To second order around z, with f the inverse and v the variance:
 *
 *   f(z) + v/2 f''(z) = f(z) (1 + v/2 (1 - lambda) / (lambda z + 1)^2)
 *
 * Where lambda z + 1 is 0 there is nothing to go by. */
double box_cox_mean(double z, double variance, double lambda)
{
  const double median = box_cox_inverse(z, lambda), power = lambda * z + 1;
  if (power == 0) return median;
  return median * (1 + variance / 2 * (1 - lambda) / (power * power));
}

/* ------------------------------------------------------------------------------- lambda */

typedef struct {
  const double *y;
  ptrdiff_t length, count; /* of the stretches */
} stretches;

typedef struct {
  double count, mean, squares; /* squares of the distances from the mean */
} moments;

/* Welford 1962, "Note on a method for calculating corrected sums of squares and products",
 * Technometrics 4:419-420. */
static void add_to(moments *m, double number)
{
  const double from = number - m->mean;
  m->count += 1;
  m->mean += from / m->count;
  m->squares += from * (number - m->mean);
}

static double deviation(const moments *m)
{
  return sqrt(m->squares / (m->count - 1));
}

static moments moments_of(const stretches *s, ptrdiff_t h)
{
  moments m = {0};
  for (ptrdiff_t i = h * s->length; i < (h + 1) * s->length; i++) {
    if (!isnan(s->y[i])) add_to(&m, s->y[i]);
  }
  return m;
}

/* Guerrero 1993, "Time-series analysis supported by power transformations", J. Forecasting
 * 12:37-48. The series is cut into stretches of a period; of stretch h, M_h is the mean and S_h the
 * standard deviation. lambda is where
 *
 *   S_h / M_h^(1 - lambda)
 *
 * varies least: where its standard deviation is smallest relative to its mean. */
static double variation(const stretches *s, double lambda)
{
  moments ratios = {0};
  for (ptrdiff_t h = 0; h < s->count; h++) {
    const moments m = moments_of(s, h);
    if (m.count > 1) add_to(&ratios, deviation(&m) / pow(m.mean, 1 - lambda));
  }
  return deviation(&ratios) / ratios.mean;
}

/* Whether the stretches say anything about lambda. */
static bool they_tell(const stretches *s)
{
  ptrdiff_t count = 0;
  bool varies = false;
  for (ptrdiff_t h = 0; h < s->count; h++) {
    const moments m = moments_of(s, h);
    if (m.count < 2) continue;
    if (!(m.mean > 0)) return false;
    varies |= m.squares > 0;
    count++;
  }
  return count > 1 && varies;
}

typedef struct {
  double at, value;
} trial;

static trial try_at(const stretches *s, double at)
{
  return (trial){at, variation(s, at)};
}

/* From the best of three trials to where the parabola through them is flat. */
static double to_vertex(trial best, trial second, trial third)
{
  const double r = (best.at - second.at) * (best.value - third.value);
  const double t = (best.at - third.at) * (best.value - second.value);
  return ((best.at - third.at) * t - (best.at - second.at) * r) / (2 * (r - t));
}

/* The minimum between a and b: Brent 1973, Algorithms for minimization without derivatives, chapter
 * 5 (localmin), to the tolerance of R's optimize(), whose steps these are. */
static double lowest(const stretches *s, double a, double b)
{
  const double golden = (3 - sqrt(5)) / 2, tolerance = pow(DBL_EPSILON, .25) / 3;
  trial best = try_at(s, a + golden * (b - a)), second = best, third = best;
  double step = 0, before = 0;
  for (;;) {
    const double middle = (a + b) / 2, least = sqrt(DBL_EPSILON) * fabs(best.at) + tolerance;
    if (fabs(best.at - middle) <= 2 * least - (b - a) / 2) return best.at;
    const double jump = to_vertex(best, second, third), to = best.at + jump;
    if (fabs(before) > least && fabs(jump) < fabs(before) / 2 && to > a && to < b) {
      const bool near_end = to - a < 2 * least || b - to < 2 * least;
      before = step;
      step = !near_end ? jump : best.at < middle ? least : -least;
    } else {
      before = best.at < middle ? b - best.at : a - best.at;
      step = golden * before;
    }
    const double moved = fabs(step) >= least ? step : step > 0 ? least : -least;
    const trial next = try_at(s, best.at + moved);
    if (next.value <= best.value) {
      *(next.at < best.at ? &b : &a) = best.at;
      third = second;
      second = best;
      best = next;
      continue;
    }
    *(next.at < best.at ? &a : &b) = next.at;
    if (next.value <= second.value || second.at == best.at) {
      third = second;
      second = next;
    } else if (next.value <= third.value || third.at == best.at || third.at == second.at) {
      third = next;
    }
  }
}

double box_cox_lambda(ptrdiff_t n, const double *y, ptrdiff_t period, double lower, double upper)
{
  const ptrdiff_t length = period > 2 ? period : 2;
  const stretches s = {y + n % length, length, n / length};
  for (ptrdiff_t i = 0; i < n; i++) {
    if (y[i] <= 0) lower = fmax(lower, 0);
  }
  return n / 2 >= period && n > 2 * period && they_tell(&s) ? lowest(&s, lower, upper) : 1;
}

/* -------------------------------------------------------------------------------- zeros */

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

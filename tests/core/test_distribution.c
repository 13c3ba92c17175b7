/* test_distribution.c -- random numbers against the distributions that they are from: moments and
 * shares below a point, as far off as so many draws may be; and parameters beyond all measure. */
#include "check.h"
#include "distribution.h"
#include "host.h"
#include <float.h>
#include <math.h>

enum { DRAWS = 200000 };
static double drawn[DRAWS];

/* Of so many independent draws of variance v, 5 standard errors of the mean. */
static double allowed(double v)
{
  return 5 * sqrt(v / DRAWS);
}

static double mean(void)
{
  double sum = 0;
  for (int i = 0; i < DRAWS; i++) sum += drawn[i];
  return sum / DRAWS;
}

/* The mean of (x - center)^power */
static double moment(double center, double power)
{
  double sum = 0;
  for (int i = 0; i < DRAWS; i++) sum += pow(drawn[i] - center, power);
  return sum / DRAWS;
}

/* So large a share is not above x. */
static bool has_share(double x, double p)
{
  double below = 0;
  for (int i = 0; i < DRAWS; i++) below += drawn[i] <= x;
  return fabs(below / DRAWS - p) <= allowed(p * (1 - p)) + 1e-12;
}

static void test_normal(void)
{
  generator g = seeded(1);
  for (int i = 0; i < DRAWS; i++) drawn[i] = draw_student_t(&g, INFINITY);
  CHECK(fabs(mean()) < allowed(1));
  CHECK(fabs(moment(0, 2) - 1) < allowed(2));
  CHECK(fabs(moment(0, 3)) < allowed(15));
  CHECK(fabs(moment(0, 4) - 3) < allowed(96));
  for (double x = -4; x <= 4; x += .5) CHECK(has_share(x, .5 * erfc(-x / sqrt(2))));
}

/* Closed forms, with u = x / sqrt(n + x^2): Abramowitz & Stegun 26.7.3 and 4. */
static double t_below(double x, int freedom)
{
  const double u = x / sqrt(freedom + x * x);
  if (freedom == 1) return .5 + atan(x) / (4 * atan(1));
  return freedom == 2 ? .5 + u / 2 : .5 + .75 * (u - u * u * u / 3);
}

static void test_student_t(void)
{
  const int freedom[] = {1, 2, 4};
  for (int k = 0; k < 3; k++) {
    generator g = seeded(2);
    for (int i = 0; i < DRAWS; i++) drawn[i] = draw_student_t(&g, freedom[k]);
    for (double x = -20; x <= 20; x += 1.25) CHECK(has_share(x, t_below(x, freedom[k])));
  }
  generator a = seeded(3), b = seeded(3);
  CHECK(fabs(draw_student_t(&a, 1e14) - draw_student_t(&b, INFINITY)) < 1e-10);
}

static void test_gamma(void)
{
  const double shape[] = {.01, .5, 1, 2, 30, 1e6};
  for (int k = 0; k < 6; k++) {
    const double a = shape[k];
    generator g = seeded(4);
    for (int i = 0; i < DRAWS; i++) drawn[i] = exp(draw_log_gamma(&g, a));
    CHECK(fabs(mean() - a) < allowed(a));
    CHECK(fabs(moment(a, 2) - a) < allowed(2 * a * a + 6 * a));
    for (double x = .05; x < 5; x *= 1.5) {
      if (a == .5) CHECK(has_share(x, erf(sqrt(x))));
      if (a == 1) CHECK(has_share(x, -expm1(-x)));
      if (a == 2) CHECK(has_share(x, 1 - (1 + x) * exp(-x)));
    }
  }
}

/* Draws of a count whose probabilities are p_0 and p_k = p_{k-1} (b + c / k). */
static void check_counts(double variance, double m, double p, double b, double c)
{
  bool whole = true;
  for (int i = 0; i < DRAWS; i++) whole &= drawn[i] >= 0 && drawn[i] == floor(drawn[i]);
  CHECK(whole);
  CHECK(fabs(mean() - m) <= allowed(variance));
  double below = 0;
  for (int k = 0; k < m + 6 * sqrt(variance); k++) {
    if (k > 0) p *= b + c / k;
    below += p;
    if (fmod(k, ceil(m / 10)) == 0) CHECK(has_share(k, below));
  }
}

static void test_poisson(void)
{
  const double means[] = {0, .01, 1, 9.99, 10, 13.3, 80, 600};
  for (int k = 0; k < 8; k++) {
    const double m = means[k];
    generator g = seeded(5);
    for (int i = 0; i < DRAWS; i++) drawn[i] = draw_poisson(&g, m);
    check_counts(m, m, exp(-m), 0, m);
    CHECK(fabs(moment(m, 2) - m) <= allowed(m + 2 * m * m));
  }
  const double large[] = {1e5, 9e7, 2e8, 1e12};
  for (int k = 0; k < 4; k++) {
    const double m = large[k];
    generator g = seeded(6);
    for (int i = 0; i < DRAWS; i++) drawn[i] = draw_poisson(&g, m);
    CHECK(fabs(mean() - m) < allowed(m));
    CHECK(fabs(moment(m, 2) / m - 1) < allowed(2));
    CHECK(has_share(m + sqrt(m), .5 * erfc(-sqrt(.5))));
  }
}

/* p_0 = (1 + v)^-r, p_k = p_{k-1} (r + k - 1) / k v / (1 + v) */
static void test_negative_binomial(void)
{
  const double means[] = {.1, 2, 50}, alphas[] = {1e-20, .05, .5, 3};
  for (int k = 0; k < 12; k++) {
    const double mu = means[k % 3], alpha = alphas[k / 3], v = alpha * mu, share = v / (1 + v);
    const double y[] = {log(mu), NAN, log(alpha)};
    generator g = seeded(7);
    for (int i = 0; i < DRAWS; i++) drawn[i] = draw_outputs(&g, BPTT_NEGATIVE_BINOMIAL, y, 2);
    if (alpha < 1e-9) {
      check_counts(mu, mu, exp(-mu), 0, mu);
    } else {
      const double variance = mu + alpha * mu * mu;
      check_counts(variance, mu, pow(1 + v, -1 / alpha), share, (1 / alpha - 1) * share);
    }
  }
}

static void test_outputs(void)
{
  const double y[] = {3, log(2), -INFINITY}, heavy[] = {3, log(2), log(exp(2) - 1)};
  generator g = seeded(8), same = seeded(8);
  for (int i = 0; i < 100; i++) {
    const double z = draw_student_t(&same, INFINITY);
    CHECK(fabs(draw_outputs(&g, BPTT_GAUSSIAN, y, 1) - (3 + 2 * z)) < 1e-12);
  }
  for (int i = 0; i < 100; i++) { /* softplus(a) = 2: 4 degrees of freedom */
    const double t = draw_student_t(&same, 4);
    CHECK(fabs(draw_outputs(&g, BPTT_STUDENT_T, heavy, 1) - (3 + 2 * t)) < 1e-9 * (1 + fabs(t)));
  }
}

/* Whatever the outputs are, there is a number, and of counts a count. */
static void test_extremes(void)
{
  const double sizes[] = {0, 1e-300, 1, 36, 40, 699, 701, 1e5, 1e300, DBL_MAX};
  const bptt_loss losses[] = {BPTT_GAUSSIAN, BPTT_STUDENT_T, BPTT_NEGATIVE_BINOMIAL};
  enum { SIZES = sizeof sizes / sizeof *sizes, SIGNED = 2 * SIZES };
  generator g = seeded(9);
  bool finite = true, counts = true;
  for (int k = 0; k < 3 * SIGNED * SIGNED * SIGNED; k++) {
    double y[3];
    for (int i = 0, rest = k / 3; i < 3; i++, rest /= SIGNED) {
      const double size = sizes[rest % SIGNED / 2];
      y[i] = rest % 2 ? -size : size;
    }
    const double x = draw_outputs(&g, losses[k % 3], y, 1);
    finite &= isfinite(x);
    if (losses[k % 3] == BPTT_NEGATIVE_BINOMIAL) {
      counts &= x >= 0 && x <= DISTRIBUTION_MOST_COUNT && x == floor(x);
    }
  }
  CHECK(finite);
  CHECK(counts);
}

/* The handler: from which column, moved to its base, in its units; what is wrong with arguments. */
static void test_door(void)
{
  host h;
  host_open(&h, BPTT_R);
  const double outputs[] = {0, 1, -800, -800, 5, 6, -800, -800}; /* two steps, twice; no spread */
  const double base[] = {10, 20, 30, 40}, spread[] = {2, 3}, level[] = {0, 1.5}, of[] = {2, 1, 2};
  bptt_value *args = host_list(&h);
  host_add(&h, args, "output", host_array(&h, 2, (size_t[]){4, 2}, outputs));
  host_add(&h, args, "base", host_array(&h, 2, (size_t[]){2, 2}, base));
  host_add(&h, args, "spread", host_vector(&h, 2, spread));
  host_add(&h, args, "level", host_vector(&h, 2, level));
  host_add(&h, args, "of", host_vector(&h, 3, of));
  host_add(&h, args, "seed", host_number(&h, 1));
  host_add(&h, args, "loss", host_text(&h, "gaussian"));
  CHECK(host_call(&h, "rnnar_sample", args));
  const bptt_value *z = host_get(h.result, "z");
  const double expected[] = {30 + log(11), 40 + log(13), 10, 22, 30 + log(11), 40 + log(13)};
  CHECK(z->dim[0] == 2 && z->dim[1] == 3);
  for (size_t k = 0; k < 6; k++) CHECK(host_at(z, k) == expected[k]);
  host_add(&h, args, "of", host_number(&h, 3));
  CHECK(!host_call(&h, "rnnar_sample", args));
  host_add(&h, args, "of", host_number(&h, 1));
  host_add(&h, args, "loss", host_text(&h, "student_t"));
  CHECK(!host_call(&h, "rnnar_sample", args));
  host_close(&h);
}

int main(void)
{
  test_normal();
  test_student_t();
  test_gamma();
  test_poisson();
  test_negative_binomial();
  test_outputs();
  test_extremes();
  test_door();
  return report();
}

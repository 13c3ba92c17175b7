/* test_loss.c -- each loss and its derivatives against high precision (make_loss_table.py), and
 * what a column of several numbers makes of them. */
#include "loss.h"
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { MOST_OUTPUTS = 3 };

typedef struct {
  bptt_loss loss;
  double option; /* delta */
  double target, y[MOST_OUTPUTS], value, slope[MOST_OUTPUTS];
} row;

static const row table[] = {
#include "loss_table.h"
};

static int failures, checks;

static void check(bool good, const char *what)
{
  checks++;
  if (good) return;
  failures++;
  printf("%s\n", what);
}

static void near(const row *r, const char *what, double got, double expected)
{
  char sentence[256];
  const bool same = got == expected || fabs(got - expected) <= 1e-12 * fabs(expected);
  const bool vanishing = fabs(got) < 1e-290 && fabs(expected) < 1e-290;
  snprintf(sentence, sizeof sentence,
           "loss %d, target %g, outputs %g %g %g: %s is %.17g; expected %.17g (%g)", (int)r->loss,
           r->target, r->y[0], r->y[1], r->y[2], what, got, expected, (got - expected) / expected);
  check(same || vanishing, sentence);
}

static void test_table(void)
{
  for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
    const row *r = &table[i];
    double y[MOST_OUTPUTS];
    bptt_problem p = {.loss = r->loss, .delta = r->option};
    p.O = bptt_loss_outputs(&p);
    memcpy(y, r->y, sizeof y);
    near(r, "the loss", bptt_loss_column(&p, y, &r->target, 1), r->value);
    for (ptrdiff_t o = 0; o < p.O; o++) near(r, "a derivative", y[o], r->slope[o]);
  }
}

/* Three numbers of the target, of which one is missing; the outputs for each number are those of a
 * column of its own. */
static void test_column(bptt_loss loss)
{
  enum { F = 3, MOST = 5 };
  const double target[F] = {2, loss == BPTT_LINEAR ? 3 : NAN, 1};
  static const double scale = -.375, levels[MOST] = {.05, .1, .5, .6, .99};
  bptt_problem p = {.loss = loss, .delta = .5, .levels = levels, .level_count = MOST};
  const ptrdiff_t outputs = bptt_loss_outputs(&p);
  double y[F * MOST], one[MOST], sum = 0, expected[F * MOST];
  for (ptrdiff_t i = 0; i < F; i++) {
    p.O = outputs;
    for (ptrdiff_t k = 0; k < outputs; k++) {
      one[k] = y[k * F + i] = sin((double)(k * F + i + 1));
    }
    if (!isnan(target[i])) sum += bptt_loss_column(&p, one, &target[i], 1);
    for (ptrdiff_t k = 0; k < outputs; k++) {
      expected[k * F + i] = isnan(target[i]) ? 0 : scale * one[k];
    }
  }
  p.O = F * outputs;
  check(bptt_loss_column(&p, y, target, scale) == sum, "the loss of a column");
  check(memcmp(y, expected, (size_t)p.O * sizeof *y) == 0, "the gradient of a column");
}

/* Quantiles with numbers that have no rounding. */
static void test_quantile(void)
{
  const double levels[] = {.25, .5, .75}, target = 2;
  double y[] = {1, 2, 4};
  bptt_problem p = {.loss = BPTT_QUANTILE, .O = 3, .levels = levels, .level_count = 3};
  check(bptt_loss_column(&p, y, &target, 2) == .25 + 0 + .5, "the loss of quantiles");
  check(y[0] == -.5 && y[1] == 0 && y[2] == .5, "the gradient of quantiles");
}

int main(void)
{
  test_table();
  test_quantile();
  for (bptt_loss loss = 0; loss <= BPTT_LINEAR; loss++) {
    if (loss != BPTT_MSE && loss != BPTT_CROSS_ENTROPY) test_column(loss);
  }
  printf("%d passed, %d failed\n", checks - failures, failures);
  return failures > 0;
}

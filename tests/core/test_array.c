/* test_array.c -- checks, norms and conversions of whole arrays, with each instruction set: of
 * every length, so that the loop over vectors and what it leaves are both met. */
#include "engine.h"
#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { MOST = 150 };

static int failures, checks;

static void check(bool good, const char *isa, const char *what, idx n)
{
  checks++;
  if (good) return;
  failures++;
  printf("%s: %s of %td numbers\n", isa, what, n);
}

static const double special[] = {NAN, INFINITY, -INFINITY, 1e300, -1e300, FLT_MAX, 0};

/* One number in turn is special. */
static void test_special(const char *isa, double *a, idx n)
{
  float single[MOST];
  bool finite = true, single_finite = true, fits = true;
  for (idx i = 0; i < n; i++) {
    const double was = a[i];
    for (size_t k = 0; k < sizeof special / sizeof *special; k++) {
      a[i] = special[k];
      bptt_convert(single, BPTT_F32, a, BPTT_F64, n);
      finite &= bptt_all_finite(a, n, BPTT_F64) == !!isfinite(a[i]);
      single_finite &= bptt_all_finite(single, n, BPTT_F32) == !!isfinite(single[i]);
      fits &= bptt_fits(a, n, BPTT_F32) == !(fabs(a[i]) > FLT_MAX);
    }
    a[i] = was;
  }
  check(finite, isa, "all_finite", n);
  check(single_finite, isa, "all_finite in single", n);
  check(fits, isa, "fits", n);
}

static void test_length(const char *isa, idx n)
{
  double a[MOST] = {0}, back[MOST + 1], sum[2] = {0, 0};
  float single[MOST + 1], copy[MOST + 1];
  for (idx i = 0; i < n; i++) {
    a[i] = sin((double)i + 1);
    sum[0] += 4 * a[i] * a[i];
    sum[1] += 4 * (double)(float)a[i] * (double)(float)a[i];
  }
  single[n] = copy[n] = -7;
  back[n] = -7;
  bptt_convert(single, BPTT_F32, a, BPTT_F64, n);
  bptt_convert(copy, BPTT_F32, single, BPTT_F32, n);
  bptt_convert(back, BPTT_F64, single, BPTT_F32, n);
  bool same = true;
  for (idx i = 0; i < n; i++) {
    same &= single[i] == (float)a[i] && copy[i] == single[i] && back[i] == (double)single[i];
  }
  check(same, isa, "convert", n);
  check(single[n] == -7 && copy[n] == -7 && back[n] == -7, isa, "convert writes beyond its end", n);
  bptt_convert(back, BPTT_F64, a, BPTT_F64, n);
  check(memcmp(back, a, (size_t)n * sizeof *a) == 0 && back[n] == -7, isa, "a copy", n);
  const double got[2] = {bptt_sum_of_squares(a, n, BPTT_F64, 2),
                         bptt_sum_of_squares(single, n, BPTT_F32, 2)};
  for (int k = 0; k < 2; k++) {
    check(fabs(got[k] - sum[k]) <= 1e-14 * sum[k], isa, "sum_of_squares", n);
  }
  test_special(isa, a, n);
}

int main(void)
{
  const char *const isa[] = {"portable", "neon", "avx2", "avx512"};
  for (size_t k = 0; k < sizeof isa / sizeof *isa; k++) {
    if (!bptt_set_isa(isa[k])) continue;
    for (idx n = 0; n < MOST; n++) test_length(isa[k], n);
  }
  printf("%d passed, %d failed\n", checks - failures, failures);
  return failures > 0;
}

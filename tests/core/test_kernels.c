/* test_kernels.c -- what every instruction set must get right by itself: the activations to a few
 * units in the last place. What bptt_step() computes is test_reference.c's business. */
#include "host.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

static int passed, failed;

static void check(int ok, const char *isa, const char *what, double value)
{
  if (ok)
    passed++;
  else {
    failed++;
    printf("FAILED %s: %s (%g)\n", isa, what, value);
  }
}

/* xorshift64: the same numbers everywhere */
static double uniform(void)
{
  static unsigned long long s = 88172645463325252ULL;
  s ^= s << 13;
  s ^= s >> 7;
  s ^= s << 17;
  return (double)(s >> 11) * 0x1p-53;
}

static long double reference(const char *name, long double x)
{
  if (!strcmp(name, "tanh")) return tanhl(x);
  if (!strcmp(name, "exp")) return expl(x);
  return 1 / (1 + expl(-x));
}

/* Largest error in units in the last place over a linear and a logarithmic sweep. */
static double worst_ulp(const char *name, bptt_dtype dtype)
{
  enum { COUNT = 4096, ROUNDS = 40 };
  static double d[COUNT], x[COUNT];
  static float s[COUNT];
  const double range = !strcmp(name, "tanh") ? 25 : dtype == BPTT_F64 ? 700 : 86;
  double worst = 0;
  for (int round = 0; round < ROUNDS; round++) {
    for (int i = 0; i < COUNT; i++) {
      const double u = 2 * uniform() - 1;
      x[i] = round % 2 ? u * range : copysign(pow(10, -12 + 13.4 * fabs(u)), u);
      s[i] = (float)x[i];
      if (dtype == BPTT_F32) x[i] = (double)s[i];
      d[i] = x[i];
    }
    bptt_apply(name, dtype == BPTT_F64 ? (void *)d : (void *)s, COUNT, dtype);
    for (int i = 0; i < COUNT; i++) {
      const long double want = reference(name, x[i]);
      const long double got = dtype == BPTT_F64 ? (long double)d[i] : (long double)s[i];
      int e;
      frexpl(want, &e);
      const long double ulp = ldexpl(1, e - (dtype == BPTT_F64 ? 53 : 24));
      worst = fmax(worst, (double)(fabsl(got - want) / ulp));
    }
  }
  return worst;
}

static void test_activations(const char *isa)
{
  const char *names[] = {"tanh", "sigmoid", "exp"};
  for (int i = 0; i < 3; i++) {
    const double f64 = worst_ulp(names[i], BPTT_F64), f32 = worst_ulp(names[i], BPTT_F32);
    check(f64 <= 4, isa, names[i], f64);
    check(f32 <= 4, isa, names[i], f32);
    printf("%s %s: %.2f ulp double, %.2f single\n", isa, names[i], f64, f32);
  }
  double t[6] = {INFINITY, -INFINITY, NAN, 0, -0.0, -800}, s[6];
  memcpy(s, t, sizeof t);
  bptt_apply("tanh", t, 6, BPTT_F64);
  bptt_apply("sigmoid", s, 6, BPTT_F64);
  check(t[0] == 1 && t[1] == -1 && isnan(t[2]) && t[3] == 0 && t[4] == 0, isa,
        "tanh of special values", t[0]);
  check(s[0] == 1 && s[1] == 0 && isnan(s[2]) && s[3] == .5 && s[4] == .5 && s[5] == 0, isa,
        "sigmoid of special values", s[1]);
}

int main(void)
{
  const char *isas[] = {"portable", "avx2", "avx512"};
  bptt_load();
  for (int i = 0; i < 3; i++) {
    if (!host_use_isa(isas[i])) {
      printf("%s: not on this machine, or BPTT_ISA asks for another\n", isas[i]);
      continue;
    }
    check(!strcmp(bptt_isa(), isas[i]), isas[i], "bptt_set_isa", 0);
    test_activations(isas[i]);
  }
  check(!bptt_set_isa("sse9"), "sse9", "an unknown instruction set is refused", 0);
  printf("%d passed, %d failed\n", passed, failed);
  return failed > 0;
}

/* test_kernels.c -- what every instruction set must get right by itself: the activations to 4 units
 * in the last place, wherever they are defined. What bptt_step() computes is test_reference.c's
 * business. */
#include "host.h"
#include <float.h>
#include <math.h>
#include <stdint.h>
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

/* ------------------------------------------------------------------------------- errors */

/* Every how many bit patterns one is looked at. */
#ifndef STRIDE
#define STRIDE 4099
#endif
enum { ALLOWED = 4, BLOCK = 4096, STEPS = (int)(1000000000LL / STRIDE) };

/* A function and a number type. `most`: exp is for arguments shifted to be 0 or less; how far
 * beyond that it holds. */
typedef struct {
  const char *name;
  bptt_dtype dtype;
  double range; /* beyond it the value is the limit, or too small to be normal */
  double most;
} function;

static const function functions[] = {
    {"tanh", BPTT_F64, 25, INFINITY},     {"tanh", BPTT_F32, 12, INFINITY},
    {"sigmoid", BPTT_F64, 760, INFINITY}, {"sigmoid", BPTT_F32, 110, INFINITY},
    {"exp", BPTT_F64, 760, 700},          {"exp", BPTT_F32, 110, 86},
};
enum { FUNCTIONS = sizeof functions / sizeof *functions };

/* The largest error so far, in units in the last place, and where it was. */
typedef struct {
  double ulp, at;
} worst;

/* Of float in double, of double in long double. */
static long double exact(const function *f, double x)
{
  const bool f64 = f->dtype == BPTT_F64;
  if (f->name[0] == 't') return f64 ? tanhl(x) : tanh(x);
  if (f->name[0] == 'e') return f64 ? expl(x) : exp(x);
  return f64 ? 1 / (1 + expl(-(long double)x)) : 1 / (1 + exp(-x));
}

/* A value that is not a normal number may be 0 instead. */
static double error_in_ulp(long double got, long double want, bptt_dtype dtype)
{
  const int digits = dtype == BPTT_F64 ? DBL_MANT_DIG : FLT_MANT_DIG;
  const int least = dtype == BPTT_F64 ? DBL_MIN_EXP : FLT_MIN_EXP;
  int e;
  if (isnan(want) || isnan(got)) return isnan(want) && isnan(got) ? 0 : INFINITY;
  frexpl(want, &e);
  if (e < least) e = least;
  const long double ulp = ldexpl(1, e - digits), normal = ldexpl(1, least - 1);
  if (got == 0 && fabsl(want) < normal + ALLOWED * ulp) return 0;
  return (double)(fabsl(got - want) / ulp);
}

static double number(const function *f, const void *v, int i)
{
  return f->dtype == BPTT_F64 ? ((const double *)v)[i] : (double)((const float *)v)[i];
}

/* One block of arguments, the same for all instruction sets. */
static void measure(const function *f, const void *x, int n, worst w[HOST_ISAS])
{
  static long double want[BLOCK];
  static double got[BLOCK]; /* or floats */
  const size_t size = f->dtype == BPTT_F64 ? sizeof(double) : sizeof(float);
  for (int i = 0; i < n; i++) want[i] = exact(f, number(f, x, i));
  for (int isa = 0; isa < HOST_ISAS; isa++) {
    if (!host_use_isa(host_isa[isa])) continue;
    memcpy(got, x, (size_t)n * size);
    bptt_apply(f->name, got, n, f->dtype);
    for (int i = 0; i < n; i++) {
      const double error = error_in_ulp(number(f, got, i), want[i], f->dtype);
      if (error > w[isa].ulp && !(number(f, x, i) > f->most))
        w[isa] = (worst){error, number(f, x, i)};
    }
  }
}

/* ------------------------------------------------------------------------------- sweeps */

/* Arguments, gathered into blocks. */
typedef struct {
  const function *f;
  worst *w;
  int n;
  double x[BLOCK]; /* or floats */
} sweep;

static void flush(sweep *s)
{
  measure(s->f, s->x, s->n, s->w);
  s->n = 0;
}

static void add(sweep *s, double x)
{
  if (s->f->dtype == BPTT_F64)
    s->x[s->n++] = x;
  else
    ((float *)s->x)[s->n++] = (float)x;
  if (s->n == BLOCK) flush(s);
}

/* All kinds of numbers: zeros, subnormal and huge ones, infinities, NaN. A double is a pattern in
 * its upper half and a mixture of it in the lower one. */
static void add_patterns(sweep *s)
{
  for (uint64_t pattern = 0; pattern < UINT64_C(1) << 32; pattern += STRIDE) {
    if (s->f->dtype == BPTT_F64) {
      const uint64_t bits = pattern << 32 | (pattern * 0x9e3779b9u & 0xffffffffu);
      double x;
      memcpy(&x, &bits, sizeof x);
      add(s, x);
    } else {
      const uint32_t bits = (uint32_t)pattern;
      float x;
      memcpy(&x, &bits, sizeof x);
      add(s, (double)x);
    }
  }
}

/* The arguments that matter, and every k of exp(x) = 2^k exp(r). */
static void add_line(sweep *s)
{
  for (int i = -STEPS; i <= STEPS; i++) add(s, s->f->range * i / STEPS);
}

/* Where a limit is reached, and a little to either side of it. */
static void add_limits(sweep *s)
{
  static const double limits[] = {
      0,         DBL_MIN,    FLT_MIN,   DBL_TRUE_MIN, FLT_TRUE_MIN, 8.66434, 9.01091,
      10,        18.715,     19.0615,   20,           36.7368,      37.4299, 40,
      87,        87.3365448, 88.7228,   103.279,      103.972,      708,     708.396418,
      709.78271, 744.4401,   745.13321, DBL_MAX,      FLT_MAX,      INFINITY};
  for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
    const double step = limits[i] * 1e-5;
    add(s, limits[i]);
    add(s, -limits[i]);
    for (int k = -2000; isfinite(step) && k <= 2000; k++) {
      add(s, limits[i] + k * step / 2000);
      add(s, -limits[i] - k * step / 2000);
    }
  }
  add(s, NAN);
}

static void test_activations(void)
{
  for (int i = 0; i < FUNCTIONS; i++) {
    static sweep s;
    const function *f = &functions[i];
    worst w[HOST_ISAS] = {{0, 0}};
    s = (sweep){.f = f, .w = w};
    add_patterns(&s);
    add_line(&s);
    add_limits(&s);
    flush(&s);
    for (int isa = 0; isa < HOST_ISAS; isa++) {
      if (!host_use_isa(host_isa[isa])) continue;
      printf("%s %s %s: %.2f ulp at %.17g\n", host_isa[isa], f->name,
             f->dtype == BPTT_F64 ? "double" : "single", w[isa].ulp, w[isa].at);
      check(w[isa].ulp <= ALLOWED, host_isa[isa], f->name, w[isa].at);
    }
  }
}

/* The limits are reached, whole vectors or not. */
static void test_special_values(const char *isa)
{
  static const double x[] = {INFINITY, -INFINITY, NAN, 0, -0.0, 1e300, -1e300};
  static const double want[][7] = {{1, -1, NAN, 0, 0, 1, -1}, {1, 0, NAN, .5, .5, 1, 0}};
  static const char *const names[] = {"tanh", "sigmoid"};
  for (int which = 0; which < 2; which++) {
    double d[7];
    float s[7];
    for (int i = 0; i < 7; i++) {
      d[i] = x[i];
      s[i] = (float)x[i];
    }
    bptt_apply(names[which], d, 7, BPTT_F64);
    bptt_apply(names[which], s, 7, BPTT_F32);
    for (int i = 0; i < 7; i++) {
      const bool missing = isnan(x[i]);
      check(missing ? isnan(d[i]) : d[i] == want[which][i], isa, names[which], x[i]);
      check(missing ? isnan(s[i]) : (double)s[i] == want[which][i], isa, names[which], x[i]);
    }
  }
}

int main(void)
{
  bptt_load();
  test_activations();
  for (int i = 0; i < HOST_ISAS; i++) {
    if (!host_use_isa(host_isa[i])) {
      printf("%s: not on this machine, or BPTT_ISA asks for another\n", host_isa[i]);
      continue;
    }
    check(!strcmp(bptt_isa(), host_isa[i]), host_isa[i], "bptt_set_isa", 0);
    test_special_values(host_isa[i]);
  }
  check(!bptt_set_isa("sse9"), "sse9", "an unknown instruction set is refused", 0);
  printf("%d passed, %d failed\n", passed, failed);
  return failed > 0;
}

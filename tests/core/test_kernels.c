/* test_kernels.c -- what every instruction set must get right by itself: the activations to a few
 * units in the last place, and the same gradient whatever the batch is made of. */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "bptt.h"

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
  double t[5] = {INFINITY, -INFINITY, NAN, 0, -0.0}, s[5];
  memcpy(s, t, sizeof t);
  bptt_apply("tanh", t, 5, BPTT_F64);
  bptt_apply("sigmoid", s, 5, BPTT_F64);
  check(t[0] == 1 && t[1] == -1 && isnan(t[2]) && t[3] == 0 && t[4] == 0, isa, "tanh of special values",
        t[0]);
  check(s[0] == 1 && s[1] >= 0 && s[1] < DBL_MIN * 2 && isnan(s[2]) && s[3] == .5, isa,
        "sigmoid of special values", s[1]);
}

static double *numbers(ptrdiff_t n, double size)
{
  double *a = malloc((size_t)n * sizeof *a);
  for (ptrdiff_t i = 0; i < n; i++) a[i] = size * (2 * uniform() - 1);
  return a;
}

/* A batch of sequences of unequal lengths must give the sum of what each gives on its own. */
static void test_batch(const char *isa, bptt_cell cell)
{
  enum { D = 3, H = 19, O = 2, B = 9, T = 12 };
  const ptrdiff_t G = cell == BPTT_LSTM ? 4 : cell == BPTT_GRU ? 3 : 1;
  const ptrdiff_t length[B] = {5, 12, 1, 7, 12, 3, 3, 9, 2};
  double *W_xh = numbers(G * H * D, .5), *W_hh = numbers(G * H * H, .3), *b_h = numbers(G * H, 1);
  double *b_hn = numbers(H, 1), *W_hy = numbers(O * H, .5), *b_y = numbers(O, 1);
  double *x = numbers(D * B * T, 1), *target = numbers(O * B * T, 1);
  double *whole = numbers(G * H * H, 0), *one = numbers(G * H * H, 0), *sum = numbers(G * H * H, 0);
  double *rest = numbers(G * H * (D + 1) + H + O * H + O, 0);
  double *x1 = numbers(D * T, 0), *target1 = numbers(O * T, 0), loss = 0, worst = 0, size = 0;

  bptt_problem p = {.cell = cell, .D = D, .H = H, .O = O, .B = B, .T = T, .length = length,
                    .W_xh = W_xh, .W_hh = W_hh, .b_h = b_h, .W_hy = W_hy, .b_y = b_y, .x = x,
                    .target = target, .scale = 1, .k1 = T, .k2 = T, .dW_hh = whole};
  p.dW_xh = rest;
  p.db_h = rest + G * H * D;
  p.dW_hy = rest + G * H * (D + 1);
  p.db_y = rest + G * H * (D + 1) + O * H;
  if (cell == BPTT_GRU) {
    p.b_hn = b_hn;
    p.db_hn = rest + G * H * (D + 1) + O * H + O;
  }
  size_t bytes = (bptt_step_workspace(&p, BPTT_F64) + 63) / 64 * 64;
  void *workspace = aligned_alloc(64, bytes);
  int ok = bptt_step(&p, BPTT_F64, workspace, NULL, NULL) == BPTT_OK;
  const double whole_loss = p.loss_value;

  for (ptrdiff_t b = 0; b < B; b++) {
    for (ptrdiff_t t = 0; t < T; t++) {
      memcpy(x1 + t * D, x + (t * B + b) * D, D * sizeof *x);
      memcpy(target1 + t * O, target + (t * B + b) * O, O * sizeof *x);
    }
    bptt_problem q = p;
    q.B = 1;
    q.T = length[b];
    q.length = NULL;
    q.x = x1;
    q.target = target1;
    q.dW_hh = one;
    ok = bptt_step(&q, BPTT_F64, workspace, NULL, NULL) == BPTT_OK && ok;
    loss += q.loss_value;
    for (ptrdiff_t i = 0; i < G * H * H; i++) sum[i] += one[i];
  }
  for (ptrdiff_t i = 0; i < G * H * H; i++) {
    worst = fmax(worst, fabs(sum[i] - whole[i]));
    size = fmax(size, fabs(sum[i]));
  }
  check(ok, isa, "every step runs", 0);
  check(fabs(loss - whole_loss) < 1e-12 * loss, isa, "loss of a ragged batch", whole_loss - loss);
  check(worst < 1e-12 * size, isa, "gradient of a ragged batch", worst / size);

  void *all[] = {W_xh, W_hh, b_h, b_hn, W_hy, b_y, x, target, whole, one, sum, rest, x1, target1,
                 workspace};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) free(all[i]);
}

int main(void)
{
  const char *isas[] = {"portable", "avx2", "avx512"};
  bptt_load();
  for (int i = 0; i < 3; i++) {
    if (!bptt_set_isa(isas[i])) {
      printf("%s: not on this machine\n", isas[i]);
      continue;
    }
    check(!strcmp(bptt_isa(), isas[i]), isas[i], "bptt_set_isa", 0);
    test_activations(isas[i]);
    for (int cell = BPTT_RNN; cell <= BPTT_LSTM; cell++) test_batch(isas[i], (bptt_cell)cell);
  }
  check(!bptt_set_isa("sse9"), "sse9", "an unknown instruction set is refused", 0);
  printf("%d passed, %d failed\n", passed, failed);
  return failed > 0;
}

/* test_finite.c -- numbers that are not finite, by bptt_step(): where they are said to begin, and
 * what they must not reach. With every instruction set. */
#include "host.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int passed, failed;

#define CHECK(condition) check((condition), __LINE__, #condition)

static void check(bool good, int line, const char *what)
{
  if (good) {
    passed++;
    return;
  }
  failed++;
  printf("test_finite.c:%d: %s (%s)\n", line, what, bptt_isa());
}

/* n numbers that vary a little around 0, the same each time. */
static double *numbers(host *h, ptrdiff_t n)
{
  double *a = host_alloc(h, (size_t)n * sizeof *a);
  for (ptrdiff_t i = 0; i < n; i++) a[i] = .2 * sin(1 + 7 * (double)i);
  return a;
}

static double *zeros(host *h, ptrdiff_t n)
{
  return host_alloc(h, (size_t)n * sizeof(double));
}

/* A network of layers of H units, one input and one output, whose y is wanted. */
static bptt_problem make_problem(host *h, bptt_problem p, ptrdiff_t H)
{
  const ptrdiff_t gates = p.cell == BPTT_LSTM ? 4 : p.cell == BPTT_GRU ? 3 : 1;
  p.D = p.O = 1;
  p.scale = 1;
  p.k1 = p.k2 = p.T;
  p.layer = host_alloc(h, (size_t)(p.layers * p.directions) * sizeof *p.layer);
  for (int i = 0; i < p.layers * p.directions; i++) {
    const ptrdiff_t D = i < p.directions ? 1 : p.directions * H;
    p.layer[i] = (bptt_layer){.H = H,
                              .W_xh = numbers(h, gates * H * D),
                              .W_hh = numbers(h, gates * H * H),
                              .b_h = numbers(h, gates * H),
                              .b_hn = p.cell == BPTT_GRU ? numbers(h, H) : NULL};
  }
  p.W_hy = numbers(h, p.directions * H);
  p.b_y = numbers(h, 1);
  p.x = numbers(h, p.B * p.T);
  p.y = zeros(h, p.B * p.T);
  return p;
}

static void want_weights(host *h, bptt_problem *p, ptrdiff_t H)
{
  const ptrdiff_t gates = p->cell == BPTT_LSTM ? 4 : p->cell == BPTT_GRU ? 3 : 1;
  for (int i = 0; i < p->layers * p->directions; i++) {
    bptt_layer *l = &p->layer[i];
    l->dW_xh = zeros(h, gates * H * (i < p->directions ? 1 : p->directions * H));
    l->dW_hh = zeros(h, gates * H * H);
    l->db_h = zeros(h, gates * H);
    if (l->b_hn) l->db_hn = zeros(h, H);
  }
  p->dW_hy = zeros(h, p->directions * H);
  p->db_y = zeros(h, 1);
}

static void run(bptt_problem *p)
{
  void *memory = NULL;
  if (posix_memalign(&memory, 64, bptt_step_workspace(p, BPTT_F64)) != 0) abort();
  CHECK(bptt_step(p, BPTT_F64, memory, NULL, NULL) == BPTT_OK);
  free(memory);
}

/* ---------------------------------------------------------------------------- where it began */

/* Step 10 puts a NaN into the state, the only output is at the end of 3000 steps, or of those that
 * its sequence has. */
static void test_only_output(void)
{
  enum { H = 32, T = 3000, STEP = 10 };
  for (int k = 0; k < 8; k++) {
    const bool two = k & 1, back = k & 2, cut = k & 4;
    host h;
    host_open(&h, BPTT_R);
    bptt_problem p = make_problem(
        &h,
        (bptt_problem){.cell = BPTT_LSTM, .layers = 1, .directions = 1, .B = 2, .T = T, .last = 1},
        H);
    double *x = numbers(&h, 2 * T);
    ptrdiff_t length[] = {T, T - 7};
    x[2 * (STEP - 1)] = NAN;
    p.x = x;
    p.target = numbers(&h, 2);
    if (cut) p.length = length;
    if (back) want_weights(&h, &p, H);
    for (int threads = 1; threads <= 2; threads++) {
      p.threads = threads;
      p.recompute = two;
      run(&p);
      CHECK(p.bad_forward == STEP);
    }
    host_close(&h);
  }
}

/* A cell state is infinite from the first step on, which shows in no output before an input puts a
 * NaN there; or it never shows. */
static void test_late_output(void)
{
  enum { H = 3, T = 3000, STEP = 1700 };
  for (int shows = 0; shows < 2; shows++) {
    host h;
    host_open(&h, BPTT_R);
    bptt_problem p = make_problem(
        &h, (bptt_problem){.cell = BPTT_LSTM, .layers = 1, .directions = 1, .B = 1, .T = T}, H);
    double *x = numbers(&h, T), *c0 = zeros(&h, H);
    c0[1] = INFINITY;
    p.layer[0].c0 = c0;
    p.x = x;
    if (shows) x[STEP - 1] = NAN;
    for (p.threads = 1; p.threads <= 2; p.threads++) {
      run(&p);
      CHECK(p.bad_forward == (shows ? 1 : 0));
    }
    host_close(&h);
  }
}

/* An infinite input that only closes and opens gates is no bad state, although what pads the states
 * becomes NaN. */
static void test_pads(void)
{
  enum { H = 3, T = 40, INFINITE = 5, STEP = 30 };
  host h;
  host_open(&h, BPTT_R);
  bptt_problem p = make_problem(
      &h, (bptt_problem){.cell = BPTT_LSTM, .layers = 1, .directions = 1, .B = 1, .T = T}, H);
  double *x = numbers(&h, T);
  x[INFINITE - 1] = INFINITY;
  x[STEP - 1] = NAN;
  p.x = x;
  run(&p);
  CHECK(p.bad_forward == STEP);
  host_close(&h);
}

/* ------------------------------------------------------------------------- what it must not reach
 */

/* In two layers of relu, a state of the first is infinite at the last step, where the second is
 * finite, but not what pads it. */
static void test_readout_pads(void)
{
  enum { H = 3, T = 6 };
  host h;
  host_open(&h, BPTT_R);
  bptt_problem p = make_problem(
      &h,
      (bptt_problem){
          .cell = BPTT_RNN, .activation = BPTT_RELU, .layers = 2, .directions = 1, .B = 1, .T = T},
      H);
  double *x = numbers(&h, T);
  x[T - 1] = INFINITY;
  p.x = x;
  p.layer[0].W_xh = (const double[]){1, -1, -1};
  p.layer[1].W_xh = (const double[]){-1, -1, -1, .5, 1, 2, 2, .5, 1};
  run(&p);
  CHECK(((const double *)p.y)[T - 1] == *(const double *)p.b_y);
  CHECK(p.bad_forward == 0);
  host_close(&h);
}

/* What weighs nothing is left out, by its own weight or by that of its class: one output is not
 * finite, which neither the loss nor the gradient knows. */
static void test_weight_0(bptt_loss loss)
{
  enum { H = 3, T = 5, LEFT_OUT = 2 };
  static const double weights[T] = {1, 2, 0, 1, 1}, class[T] = {1, 1, 2, 1, 1};
  static const double class_weights[] = {1, 0};
  const bool classes = loss == BPTT_CROSS_ENTROPY;
  host h;
  host_open(&h, BPTT_R);
  bptt_problem p = make_problem(&h,
                                (bptt_problem){.cell = BPTT_RNN,
                                               .activation = BPTT_IDENTITY,
                                               .loss = loss,
                                               .layers = 1,
                                               .directions = 1,
                                               .B = 1,
                                               .T = T},
                                H);
  double *x = numbers(&h, T), *with, *without = zeros(&h, T);
  p.O = classes ? 2 : 1;
  p.W_hy = (const double[]){1, -1, 2, 2, 1, -1};
  p.b_y = numbers(&h, 2);
  p.y = zeros(&h, 2 * T);
  p.dx = with = zeros(&h, T);
  p.x = x;
  p.layer[0].W_xh = (const double[]){1, 1, 1};
  p.layer[0].W_hh = zeros(&h, H * H);
  p.target = classes ? class : numbers(&h, T);
  p.weights = classes ? NULL : weights;
  p.class_weights = class_weights;
  run(&p);
  const double finite = p.loss_value;
  memcpy(without, with, T * sizeof *with);
  x[LEFT_OUT] = 1e308;
  run(&p);
  CHECK(p.bad_forward == LEFT_OUT + 1);
  CHECK(isfinite(finite) && p.loss_value == finite);
  CHECK(memcmp(with, without, T * sizeof *with) == 0);
  host_close(&h);
}

/* With two directions there is nothing to compute again. */
static void test_recompute_both(void)
{
  enum { H = 4, T = 3000 };
  host h;
  host_open(&h, BPTT_R);
  bptt_problem p = make_problem(
      &h, (bptt_problem){.cell = BPTT_GRU, .layers = 2, .directions = 2, .B = 1, .T = T}, H);
  p.target = numbers(&h, T);
  want_weights(&h, &p, H);
  run(&p);
  const double loss = p.loss_value, *dW = p.layer[0].dW_hh;
  double *before = zeros(&h, 3 * H * H);
  memcpy(before, dW, 3 * H * H * sizeof *dW);
  p.recompute = 1;
  run(&p);
  CHECK(p.loss_value == loss);
  CHECK(memcmp(before, dW, 3 * H * H * sizeof *dW) == 0);
  host_close(&h);
}

/* --------------------------------------------------------------------------------------- all */

int main(void)
{
  bptt_load();
  for (int i = 0; i < HOST_ISAS; i++) {
    if (!host_use_isa(host_isa[i])) continue;
    test_only_output();
    test_late_output();
    test_pads();
    test_readout_pads();
    test_weight_0(BPTT_MSE);
    test_weight_0(BPTT_MAE);
    test_weight_0(BPTT_CROSS_ENTROPY);
    test_recompute_both();
  }
  bptt_release();
  printf("%d passed, %d failed\n", passed, failed);
  return failed > 0 || passed == 0;
}

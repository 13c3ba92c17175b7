/* train.c -- what the training loop costs beside the gradients that it asks for: the time of
 * rnn_train over that of its calls of bptt_step(), which the linker leads through here
 * (--wrap=bptt_step). One line for each size, cell and optimizer, with tabs; the median of some
 * runs.
 *
 * Usage: train */
#include "host.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

bptt_status __real_bptt_step(bptt_problem *p, bptt_dtype dtype, void *workspace,
                             int (*poll)(void *context), void *context);
bptt_status __wrap_bptt_step(bptt_problem *p, bptt_dtype dtype, void *workspace,
                             int (*poll)(void *context), void *context);

static double in_steps; /* seconds */

static double seconds(void)
{
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

bptt_status __wrap_bptt_step(bptt_problem *p, bptt_dtype dtype, void *workspace,
                             int (*poll)(void *context), void *context)
{
  const double start = seconds();
  const bptt_status status = __real_bptt_step(p, dtype, workspace, poll, context);
  in_steps += seconds() - start;
  return status;
}

typedef struct {
  const char *name;
  size_t D, H, B, T;
  double batch; /* sequences to a step */
} size;

static bptt_value *waves(host *h, size_t D, size_t B, size_t T)
{
  double *data = host_alloc(h, D * B * T * sizeof *data);
  for (size_t i = 0; i < D * B * T; i++) data[i] = sin((double)(i + 1));
  return host_array(h, 3, (size_t[]){D, B, T}, data);
}

/* Seconds of the whole loop over those of its steps; `steps` of them. */
static double overhead(const char *cell, const char *optimizer, const size *s, double steps)
{
  host h;
  host_open(&h, BPTT_R);
  bptt_value *args = host_list(&h);
  host_add(&h, args, "input", host_number(&h, (double)s->D));
  host_add(&h, args, "hidden", host_number(&h, (double)s->H));
  host_add(&h, args, "output", host_number(&h, 1));
  host_add(&h, args, "cell", host_text(&h, cell));
  host_add(&h, args, "seed", host_number(&h, 1));
  if (!host_call(&h, "rnn_net", args)) exit(1);
  bptt_value *net = host_get(h.result, "net");
  const double batches = ceil((double)s->B / s->batch);
  args = host_list(&h);
  host_add(&h, args, "net", net);
  host_add(&h, args, "x", waves(&h, s->D, s->B, s->T));
  host_add(&h, args, "target", waves(&h, 1, s->B, s->T));
  host_add(&h, args, "format", host_text(&h, "CBT"));
  host_add(&h, args, "optimizer", host_text(&h, optimizer));
  host_add(&h, args, "batch_size", host_number(&h, s->batch));
  host_add(&h, args, "learn_rate", host_number(&h, 1e-4));
  host_add(&h, args, "epochs", host_number(&h, ceil(steps / batches)));
  host_add(&h, args, "seed", host_number(&h, 1));
  in_steps = 0;
  if (!host_call(&h, "rnn_train", args)) {
    puts(h.error.message);
    exit(1);
  }
  const bptt_value *took = host_get(h.result, "history.seconds");
  const double loop = host_at(took, took->count - 1);
  host_close(&h);
  return loop / in_steps;
}

static int by_size(const void *a, const void *b)
{
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

int main(void)
{
  static const size sizes[] = {
      {"S", 1, 32, 1, 200, 1}, {"M", 8, 64, 32, 100, 32}, {"M, 4 batches", 8, 64, 128, 100, 32}};
  static const char *const cell[] = {"rnn", "gru", "lstm"}, *const optimizer[] = {"sgd", "adam"};
  enum { ROUNDS = 9 };
  bptt_load();
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    for (size_t c = 0; c < 3; c++) {
      for (size_t o = 0; o < 2; o++) {
        double ratio[ROUNDS];
        for (int r = 0; r < ROUNDS; r++) {
          ratio[r] = overhead(cell[c], optimizer[o], &sizes[i], i ? 40 : 2000);
        }
        qsort(ratio, ROUNDS, sizeof *ratio, by_size);
        printf("%s\t%s\t%s\t%.3f\n", sizes[i].name, cell[c], optimizer[o], ratio[ROUNDS / 2]);
      }
    }
  }
  return 0;
}

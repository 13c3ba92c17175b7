/* ours.c -- times the core itself, bptt_step(); run.R starts it and says how it is spoken to.
 *
 * Usage: ours double|single THREADS
 * Besides "bptt" it answers "tape": bytes of workspace per step and sequence. */
#include "bptt.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MOST_ARRAYS = 32 };
static double batch_seconds; /* least length of a timed batch: BATCH_SECONDS */

typedef struct {
  bptt_dtype dtype;
  bptt_problem step;
  bptt_layer layer;
  void *workspace;
  void *array[MOST_ARRAYS]; /* all that is to be freed */
  int arrays;
} problem;

static double seconds(void)
{
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* n numbers, sines times `scale`. */
static void *array(problem *q, ptrdiff_t n, double scale)
{
  const size_t size = q->dtype == BPTT_F64 ? sizeof(double) : sizeof(float);
  void *a = calloc((size_t)n, size);
  if (!a || q->arrays == MOST_ARRAYS) abort();
  for (ptrdiff_t i = 0; i < n; i++) {
    const double v = scale * sin((double)(i + 1));
    if (q->dtype == BPTT_F64)
      ((double *)a)[i] = v;
    else
      ((float *)a)[i] = (float)v;
  }
  return q->array[q->arrays++] = a;
}

static void problem_free(problem *q)
{
  for (int i = 0; i < q->arrays; i++) free(q->array[i]);
  q->arrays = 0;
}

/* What rnn_bptt() computes by default: the gradients of all parameters, of x and of the initial
 * state, y and the last state. */
static void problem_make(problem *q, bptt_cell cell, ptrdiff_t D, ptrdiff_t H, ptrdiff_t B,
                         ptrdiff_t T, int threads)
{
  const ptrdiff_t G = cell == BPTT_LSTM ? 4 : cell == BPTT_GRU ? 3 : 1;
  const double s = 1 / sqrt((double)H);
  bptt_problem *p = &q->step;
  bptt_layer *l = &q->layer;
  problem_free(q);
  *p = (bptt_problem){.cell = cell, .D = D, .O = 1, .B = B, .T = T};
  p->layers = p->directions = 1;
  p->layer = l;
  *l = (bptt_layer){.H = H};
  p->threads = threads;
  p->k1 = p->k2 = T;
  p->scale = 1 / (double)(B * T);
  l->W_xh = array(q, G * H * D, s);
  l->W_hh = array(q, G * H * H, s);
  l->b_h = array(q, G * H, s);
  p->W_hy = array(q, H, s);
  p->b_y = array(q, 1, s);
  p->x = array(q, D * B * T, 1);
  p->target = array(q, B * T, 1);
  l->h0 = array(q, H * B, 0);
  p->y = array(q, B * T, 0);
  l->h_last = array(q, H * B, 0);
  l->dW_xh = array(q, G * H * D, 0);
  l->dW_hh = array(q, G * H * H, 0);
  l->db_h = array(q, G * H, 0);
  p->dW_hy = array(q, H, 0);
  p->db_y = array(q, 1, 0);
  p->dx = array(q, D * B * T, 0);
  l->dh0 = array(q, H * B, 0);
  if (cell == BPTT_GRU) {
    l->b_hn = array(q, H, s);
    l->db_hn = array(q, H, 0);
  }
  if (cell == BPTT_LSTM) {
    l->c0 = array(q, H * B, 0);
    l->c_last = array(q, H * B, 0);
    l->dc0 = array(q, H * B, 0);
  }
  const size_t bytes = (bptt_step_workspace(p, q->dtype) + 63) / 64 * 64;
  q->workspace = aligned_alloc(64, bytes);
  if (!q->workspace || q->arrays == MOST_ARRAYS) abort();
  q->array[q->arrays++] = q->workspace;
}

static void run(problem *q)
{
  if (bptt_step(&q->step, q->dtype, q->workspace, NULL, NULL) != BPTT_OK) abort();
}

static double milliseconds(problem *q)
{
  const double start = seconds();
  double taken = 0;
  long calls = 0;
  for (long more = 1; taken < batch_seconds; more *= 2) {
    for (long i = 0; i < more; i++) run(q);
    calls += more;
    taken = seconds() - start;
  }
  return 1e3 * taken / (double)calls;
}

static double tape(problem *q)
{
  bptt_problem longer = q->step;
  longer.k1 = longer.k2 = longer.T = 2 * q->step.T;
  return (double)(bptt_step_workspace(&longer, q->dtype) -
                  bptt_step_workspace(&q->step, q->dtype)) /
         (double)(q->step.B * q->step.T);
}

int main(int argc, char **argv)
{
  char line[4096], last[4096] = "", call[16], cell[16];
  ptrdiff_t D, H, B, T;
  problem q = {.arrays = 0};
  const char *batch = getenv("BATCH_SECONDS");
  if (argc != 3 || !batch) {
    fprintf(stderr, "usage: BATCH_SECONDS=... ours double|single THREADS\n");
    return 2;
  }
  q.dtype = strcmp(argv[1], "single") ? BPTT_F64 : BPTT_F32;
  bptt_load();
  batch_seconds = atof(batch);
  setvbuf(stdout, NULL, _IOLBF, 0);
  printf("C, bptt %s, %s\n", BPTT_VERSION, bptt_isa());
  while (fgets(line, sizeof line, stdin)) {
    int used = 0;
    if (*line == '\n') continue;
    if (sscanf(line, "%15s %15s %td %td %td %td Inf - %n", call, cell, &D, &H, &B, &T, &used) !=
            6 ||
        !used || (strcmp(call, "bptt") && strcmp(call, "tape"))) {
      puts("nan");
      continue;
    }
    if (strcmp(line, last)) {
      strcpy(last, line);
      problem_make(&q,
                   !strcmp(cell, "lstm")  ? BPTT_LSTM
                   : !strcmp(cell, "gru") ? BPTT_GRU
                                          : BPTT_RNN,
                   D, H, B, T, atoi(argv[2]));
      if (!strcmp(call, "bptt")) run(&q);
    }
    printf("%.6g\n", strcmp(call, "tape") ? milliseconds(&q) : tape(&q));
  }
  problem_free(&q);
  return 0;
}

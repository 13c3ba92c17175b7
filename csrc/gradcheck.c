/* gradcheck.c -- a gradient against central differences of the loss. */
#include "gradcheck.h"
#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

typedef struct {
  const bptt_problem *p;
  const gradcheck_scratch *scratch;
  const bptt_host *host;
  const void *h, *c; /* state at step `start` */
  ptrdiff_t start;   /* steps before the window */
  bptt_problem window;
} check;

/* The problem's steps from..to alone, without results. */
static bptt_problem part_of(const check *k, ptrdiff_t from, ptrdiff_t to)
{
  const bptt_problem *p = k->p;
  bptt_problem w = *p;
  w.x = (const double *)p->x + p->D * p->B * from;
  w.T = w.k1 = w.k2 = to - from;
  w.h0 = k->h;
  w.c0 = k->c;
  w.target = NULL;
  w.y = w.h = w.h_last = w.c_last = w.dx = w.dh0 = w.dc0 = NULL;
  w.dW_xh = w.dW_hh = w.db_h = w.db_hn = w.dW_hy = w.db_y = NULL;
  if (p->length) {
    for (ptrdiff_t b = 0; b < p->B; b++) {
      ptrdiff_t n = p->length[b] - from;
      k->scratch->length[b] = n < 0 ? 0 : n > w.T ? w.T : n;
    }
    w.length = k->scratch->length;
  }
  return w;
}

/* Moves the state from the start of a window to that of a later one. */
static bptt_status advance(check *k, ptrdiff_t start)
{
  if (start == k->start) return BPTT_OK;
  const gradcheck_scratch *s = k->scratch;
  bptt_problem w = part_of(k, k->start, start);
  int other = k->h == s->state[0][0];
  w.h_last = s->state[other][0];
  w.c_last = w.cell == BPTT_LSTM ? s->state[other][1] : NULL;
  bptt_status status = bptt_step(&w, BPTT_F64, s->step, k->host->poll, k->host->context);
  k->h = w.h_last;
  k->c = w.c_last;
  k->start = start;
  return status;
}

/* The loss of steps from..to, going back to k->start. */
static void set_window(check *k, ptrdiff_t from, ptrdiff_t to)
{
  const bptt_problem *p = k->p;
  ptrdiff_t per_step = p->B * (p->loss == BPTT_MSE ? p->O : 1);
  double *target = k->scratch->target;
  k->window = part_of(k, k->start, to);
  for (ptrdiff_t i = 0; i < per_step * (from - k->start); i++) target[i] = NAN;
  memcpy(target + per_step * (from - k->start), (const double *)p->target + per_step * from,
         (size_t)(per_step * (to - from)) * sizeof *target);
  k->window.target = target;
}

static bptt_status loss_at(check *k, double *value, double v, double *loss)
{
  *value = v;
  bptt_status status =
      bptt_step(&k->window, BPTT_F64, k->scratch->step, k->host->poll, k->host->context);
  *loss = k->window.loss_value;
  return status;
}

/* The five-point formula. Next to a kink of relu it is wrong: there the step is kept short. */
static bptt_status derivative(check *k, double *value, double *out)
{
  static const double at[4] = {-2, -1, 1, 2}, weight[4] = {1, -8, 8, -1};
  bool kinks = k->p->cell == BPTT_RNN && k->p->activation == BPTT_RELU;
  double was = *value, sum = 0, loss;
  volatile double next = was + (kinks ? 1e-5 : 1e-3) * fmax(1, fabs(was));
  double h = next - was;
  bptt_status status = BPTT_OK;
  for (int i = 0; i < 4 && status == BPTT_OK; i++) {
    status = loss_at(k, value, was + at[i] * h, &loss);
    sum += weight[i] * loss;
  }
  *value = was;
  *out = sum / (12 * h);
  return status;
}

/* Which elements of an array the window depends on. */
static void range_of(const check *k, const checked *a, ptrdiff_t *from, ptrdiff_t *to)
{
  const bptt_problem *p = k->p;
  *from = 0;
  *to = a->count;
  if (a->kind == CHECKED_X) {
    *from = p->D * p->B * k->start;
    *to = *from + p->D * p->B * k->window.T;
  } else if (a->kind == CHECKED_STATE && k->start > 0) {
    *to = 0;
  }
}

/* Padding counts for nothing, and may hold anything. */
static bool is_padding(const check *k, const checked *a, ptrdiff_t j)
{
  const bptt_problem *p = k->p;
  if (a->kind != CHECKED_X || !p->length) return false;
  return j / (p->D * p->B) >= p->length[j / p->D % p->B];
}

/* Adds the derivatives of the window's loss. */
static bptt_status add_window(check *k, checked *array, ptrdiff_t count)
{
  enum { BETWEEN_POLLS = 8 };
  ptrdiff_t done = 0;
  for (ptrdiff_t i = 0; i < count; i++) {
    ptrdiff_t from, to;
    range_of(k, &array[i], &from, &to);
    for (ptrdiff_t j = from; j < to; j++) {
      double slope;
      if (is_padding(k, &array[i], j)) continue;
      bool poll = k->host->poll && ++done % BETWEEN_POLLS == 0;
      if (poll && k->host->poll(k->host->context)) return BPTT_EINTERRUPT;
      bptt_status status = derivative(k, &array[i].value[j], &slope);
      if (status != BPTT_OK) return status;
      array[i].numeric[j] += slope;
    }
  }
  return BPTT_OK;
}

static double largest_of(const checked *a)
{
  double largest = 0;
  for (ptrdiff_t j = 0; j < a->count; j++) {
    largest = fmax(largest, fmax(fabs(a->numeric[j]), fabs(a->analytic[j])));
  }
  return largest;
}

/* An array whose gradient nearly vanishes beside the others' is not judged by its rounding. */
static void compare(checked *array, ptrdiff_t count)
{
  const double negligible = 1e-6;
  double overall = DBL_MIN / negligible;
  for (ptrdiff_t i = 0; i < count; i++) overall = fmax(overall, largest_of(&array[i]));
  for (ptrdiff_t i = 0; i < count; i++) {
    checked *a = &array[i];
    double most = -1;
    for (ptrdiff_t j = 0; j < a->count && !isnan(most); j++) {
      double difference = fabs(a->analytic[j] - a->numeric[j]);
      if (difference <= most) continue;
      most = difference;
      a->worst = j;
    }
    a->error = most / fmax(largest_of(a), negligible * overall);
  }
}

bptt_status gradcheck(const bptt_problem *p, checked *array, ptrdiff_t count,
                      const gradcheck_scratch *scratch, const bptt_host *host)
{
  check k = {.p = p, .scratch = scratch, .host = host, .h = p->h0, .c = p->c0};
  for (ptrdiff_t i = 0; i < count; i++) {
    memset(array[i].numeric, 0, (size_t)array[i].count * sizeof(double));
  }
  for (ptrdiff_t from = 0, to; from < p->T; from = to) {
    to = p->k1 < p->T - from ? from + p->k1 : p->T;
    ptrdiff_t before = p->k2 - p->k1;
    bptt_status status = advance(&k, before < from ? from - before : 0);
    if (status != BPTT_OK) return status;
    set_window(&k, from, to);
    status = add_window(&k, array, count);
    if (status != BPTT_OK) return status;
  }
  compare(array, count);
  return BPTT_OK;
}

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
  ptrdiff_t start, end; /* steps before the window, and before what comes after it */
  bptt_problem window;
} check;

/* ---------------------------------------------------------------------------- windows */

static int states_of_layer(const bptt_problem *p)
{
  return p->cell == BPTT_LSTM ? 2 : 1;
}

int gradcheck_states(const bptt_problem *p)
{
  return p->layers * p->directions * states_of_layer(p);
}

int gradcheck_needs_states(const bptt_problem *p)
{
  return p->k1 < p->T;
}

/* The problem's forward pass and loss. */
static bptt_problem forward_of(const bptt_problem *p, bptt_layer *layer)
{
  bptt_problem w = *p;
  w.layer = layer;
  w.k1 = w.k2 = w.T;
  w.y = w.h = w.dx = w.dW_hy = w.db_y = NULL;
  for (int i = 0; i < p->layers * p->directions; i++) {
    const bptt_layer *l = &p->layer[i];
    layer[i] =
        (bptt_layer){.H = l->H, .W_xh = l->W_xh, .W_hh = l->W_hh, .b_h = l->b_h, .b_hn = l->b_hn};
  }
  return w;
}

size_t gradcheck_workspace(const bptt_problem *p, bptt_layer *layer)
{
  bptt_problem forward = forward_of(p, layer);
  size_t whole = bptt_step_workspace(p, BPTT_F64);
  size_t alone = bptt_step_workspace(&forward, BPTT_F64);
  return whole > alone ? whole : alone;
}

static ptrdiff_t length_of(const bptt_problem *p, ptrdiff_t b)
{
  return p->length ? p->length[b] : p->T;
}

/* Whether a direction's first own step of a sequence is in the window: there the initial state
 * comes in. */
static bool begins_in(const check *k, bool reverse, ptrdiff_t b)
{
  ptrdiff_t length = length_of(k->p, b);
  return reverse ? length > k->start && length <= k->end : k->start == 0;
}

/* The step whose state comes into the window from outside; -1: none does, as the sequence has no
 * step here. */
static ptrdiff_t step_before(const check *k, bool reverse, ptrdiff_t b)
{
  ptrdiff_t length = length_of(k->p, b);
  if (length <= k->start) return -1;
  return reverse ? k->end : k->start - 1;
}

/* The state (H x B) that comes into the window. `initial` NULL: zero. */
static void set_state(const check *k, bool reverse, ptrdiff_t H, const double *initial,
                      const double *all, double *state)
{
  ptrdiff_t B = k->p->B;
  memset(state, 0, (size_t)(H * B) * sizeof *state);
  for (ptrdiff_t b = 0; b < B; b++) {
    bool begins = begins_in(k, reverse, b);
    ptrdiff_t t = begins ? -1 : step_before(k, reverse, b);
    const double *from = begins ? initial : t < 0 ? NULL : all + H * B * t;
    if (from) memcpy(state + H * b, from + H * b, (size_t)H * sizeof *state);
  }
}

static void set_states(const check *k)
{
  const bptt_problem *p = k->p;
  double **state = k->scratch->state;
  for (int i = 0; i < p->layers * p->directions; i++) {
    const bptt_layer *l = &p->layer[i];
    bool reverse = i % p->directions == 1;
    set_state(k, reverse, l->H, l->h0, l->h_all, *state);
    k->window.layer[i].h0 = *state++;
    if (p->cell != BPTT_LSTM) continue;
    set_state(k, reverse, l->H, l->c0, l->c_all, *state);
    k->window.layer[i].c0 = *state++;
  }
}

/* Of the targets those of the steps from..end count, the others are missing; dL/dy, which loss
 * linear has for them, is 0 there. */
static void set_target(const check *k, ptrdiff_t from)
{
  const bptt_problem *p = k->p;
  double *to = k->scratch->target;
  ptrdiff_t F = k->scratch->targets, steps = p->last ? 1 : k->end - k->start;
  const double *target = (const double *)p->target + (p->last ? 0 : F * p->B * k->start);
  double missing = p->loss == BPTT_LINEAR ? 0 : NAN;
  for (ptrdiff_t t = 0; t < steps; t++) {
    for (ptrdiff_t b = 0; b < p->B; b++) {
      ptrdiff_t step = p->last ? length_of(p, b) - 1 : k->start + t;
      bool counts = step >= from && step < k->end;
      for (ptrdiff_t i = 0; i < F; i++, to++, target++) *to = counts ? *target : missing;
    }
  }
}

/* The loss of the steps from..end, going back to `start`. */
static void set_window(check *k, ptrdiff_t start, ptrdiff_t from, ptrdiff_t end)
{
  const bptt_problem *p = k->p;
  bptt_problem *w = &k->window;
  k->start = start;
  k->end = end;
  *w = forward_of(p, k->scratch->layer);
  w->x = (const double *)p->x + p->D * p->B * start;
  w->T = w->k1 = w->k2 = end - start;
  w->first_step = p->first_step + start;
  if (p->weights && !p->last) w->weights = (const double *)p->weights + p->B * start;
  if (p->length) {
    for (ptrdiff_t b = 0; b < p->B; b++) {
      ptrdiff_t n = p->length[b] - start;
      k->scratch->length[b] = n < 0 ? 0 : n > w->T ? w->T : n;
    }
    w->length = k->scratch->length;
  }
  set_states(k);
  set_target(k, from);
  w->target = k->scratch->target;
}

/* ------------------------------------------------------------------------ derivatives */

static bptt_status loss_at(check *k, double *value, double v, double *loss)
{
  *value = v;
  bptt_status status =
      bptt_step(&k->window, BPTT_F64, k->scratch->step, k->host->poll, k->host->context);
  *loss = k->window.loss_value;
  return status;
}

static bool has_kinks(const bptt_problem *p)
{
  return (p->cell == BPTT_RNN && p->activation == BPTT_RELU) || p->loss == BPTT_MAE ||
         p->loss == BPTT_HUBER || p->loss == BPTT_QUANTILE;
}

/* Next to a kink differences are wrong: where there are any the step is kept short. */
static double step_size(const bptt_problem *p)
{
  return has_kinks(p) ? 1e-5 : 1e-3;
}

/* The five-point formula. */
static bptt_status derivative(check *k, double *value, double *out)
{
  static const double at[4] = {-2, -1, 1, 2}, weight[4] = {1, -8, 8, -1};
  double was = *value, sum = 0, loss;
  volatile double next = was + step_size(k->p) * fmax(1, fabs(was));
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

/* Where the window reads an element; NULL: nowhere. Padding counts for nothing. */
static double *element_of(const check *k, const checked *a, ptrdiff_t j)
{
  const bptt_problem *p = k->p;
  ptrdiff_t per_step = p->D * p->B, step = j / per_step;
  int layer = a->state / states_of_layer(p);
  switch (a->kind) {
  case CHECKED_PARAMETER:
    break;
  case CHECKED_X:
    if (step < k->start || step >= k->end || step >= length_of(p, j / p->D % p->B)) return NULL;
    break;
  case CHECKED_STATE:
    if (!begins_in(k, layer % p->directions == 1, j / p->layer[layer].H)) return NULL;
    return k->scratch->state[a->state] + j;
  }
  return a->value + j;
}

/* Adds the derivatives of the window's loss. */
static bptt_status add_window(check *k, checked *array, ptrdiff_t count)
{
  enum { BETWEEN_POLLS = 8 };
  ptrdiff_t done = 0;
  for (ptrdiff_t i = 0; i < count; i++) {
    for (ptrdiff_t j = 0; j < array[i].count; j++) {
      double slope, *value = element_of(k, &array[i], j);
      if (!value) continue;
      bool poll = k->host->poll && ++done % BETWEEN_POLLS == 0;
      if (poll && k->host->poll(k->host->context)) return BPTT_EINTERRUPT;
      bptt_status status = derivative(k, value, &slope);
      if (status != BPTT_OK) return status;
      array[i].numeric[j] += slope;
    }
  }
  return BPTT_OK;
}

/* ------------------------------------------------------------------------- comparison */

static double largest_of(const checked *a)
{
  double largest = 0;
  for (ptrdiff_t j = 0; j < a->count; j++) {
    largest = fmax(largest, fmax(fabs(a->numeric[j]), fabs(a->analytic[j])));
  }
  return largest;
}

/* An array whose gradient nearly vanishes beside the others' or the loss is not judged by the
 * rounding of its differences, which is the larger the shorter the step is. */
static void compare(const bptt_problem *p, checked *array, ptrdiff_t count)
{
  const double negligible = 1e-7 / step_size(p);
  double overall = fmax(DBL_MIN / negligible, .1 * fabs(p->loss_value));
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
  check k = {.p = p, .scratch = scratch, .host = host};
  for (ptrdiff_t i = 0; i < count; i++) {
    memset(array[i].numeric, 0, (size_t)array[i].count * sizeof(double));
  }
  for (ptrdiff_t from = 0, to; from < p->T; from = to) {
    ptrdiff_t before = p->k2 - p->k1;
    to = p->k1 < p->T - from ? from + p->k1 : p->T;
    set_window(&k, before < from ? from - before : 0, from, to);
    bptt_status status = add_window(&k, array, count);
    if (status != BPTT_OK) return status;
  }
  compare(p, array, count);
  return BPTT_OK;
}

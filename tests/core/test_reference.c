/* test_reference.c -- bptt_step() against a naive reference on random problems.
 *
 *   test_reference [FIRST [COUNT]]   problems FIRST .. FIRST + COUNT - 1; 0 and 336 by default
 *
 * A problem's number is the seed of its random numbers and is printed when it fails:
 * `test_reference 137 1` is problem 137 alone. Every problem runs in double and in single with
 * every instruction set, or with that of the environment variable BPTT_ISA alone. All outputs are
 * compared, as are the bytes around them; and with more threads they must be the same bits. */
#include "host.h"
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---------------------------------------------------------------------------- numbers */

static uint64_t random_state;

/* splitmix64 (Steele, Lea & Flood 2014): in [0, 1), the same numbers everywhere */
static double uniform(void)
{
  uint64_t z = (random_state += 0x9e3779b97f4a7c15u);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return (double)((z ^ (z >> 31)) >> 11) * 0x1p-53;
}

/* A whole number, low .. high. */
static ptrdiff_t whole(ptrdiff_t low, ptrdiff_t high)
{
  return low + (ptrdiff_t)(uniform() * (double)(high - low + 1));
}

static bool one_in(ptrdiff_t n)
{
  return whole(1, n) == 1;
}

static ptrdiff_t smaller(ptrdiff_t a, ptrdiff_t b)
{
  return a < b ? a : b;
}

static double *zeros(host *h, ptrdiff_t n)
{
  return host_alloc(h, (size_t)n * sizeof(double));
}

static double *filled(host *h, ptrdiff_t n, double value)
{
  double *a = zeros(h, n);
  for (ptrdiff_t i = 0; i < n; i++) a[i] = value;
  return a;
}

static double *numbers(host *h, ptrdiff_t n, double size)
{
  double *a = zeros(h, n);
  for (ptrdiff_t i = 0; i < n; i++) a[i] = size * (2 * uniform() - 1);
  return a;
}

/* --------------------------------------------------------------------------- matrices */

/* By columns, `stride` apart: all rows of an array, or those of one gate. */
typedef struct {
  double *a;
  ptrdiff_t rows, columns, stride;
} matrix;

/* to += M v */
static void add_product(double *to, matrix M, const double *v)
{
  for (ptrdiff_t j = 0; j < M.columns; j++) {
    for (ptrdiff_t i = 0; i < M.rows; i++) to[i] += M.a[j * M.stride + i] * v[j];
  }
}

/* to += M' v */
static void add_transposed_product(double *to, matrix M, const double *v)
{
  for (ptrdiff_t j = 0; j < M.columns; j++) {
    for (ptrdiff_t i = 0; i < M.rows; i++) to[j] += M.a[j * M.stride + i] * v[i];
  }
}

/* M += u v' */
static void add_outer_product(matrix M, const double *u, const double *v)
{
  for (ptrdiff_t j = 0; j < M.columns; j++) {
    for (ptrdiff_t i = 0; i < M.rows; i++) M.a[j * M.stride + i] += u[i] * v[j];
  }
}

static void add(double *to, ptrdiff_t n, const double *v)
{
  for (ptrdiff_t i = 0; i < n; i++) to[i] += v[i];
}

/* ---------------------------------------------------------------------------- problem */

/* Everything the loss can be differentiated by, or the derivatives: arrays laid out as bptt.h
 * says. NULL: the cell has no such thing, or (h0, c0) it is zero. */
typedef struct {
  double *W_xh, *W_hh, *b_h, *b_hn, *W_hy, *b_y;
  double *x, *h0, *c0;
} variables;

typedef struct {
  int number;
  bptt_problem shape; /* cell, activation, reset, loss, sizes, length, scale, truncation */
  variables at;
  double *target;
} problem;

typedef struct {
  double *y, *h, *h_last, *c_last;
  variables d;
  double loss;
} results;

static ptrdiff_t gates(const bptt_problem *p)
{
  return p->cell == BPTT_RNN ? 1 : p->cell == BPTT_GRU ? 3 : 4;
}

static bool has_b_hn(const bptt_problem *p)
{
  return p->cell == BPTT_GRU && p->reset == BPTT_RESET_AFTER;
}

/* The rows of one gate. */
static matrix W_x(const bptt_problem *p, const variables *v, ptrdiff_t gate)
{
  return (matrix){v->W_xh + gate * p->H, p->H, p->D, gates(p) * p->H};
}

static matrix W_h(const bptt_problem *p, const variables *v, ptrdiff_t gate)
{
  return (matrix){v->W_hh + gate * p->H, p->H, p->H, gates(p) * p->H};
}

static double *b_h(const bptt_problem *p, const variables *v, ptrdiff_t gate)
{
  return v->b_h + gate * p->H;
}

static matrix W_hy(const bptt_problem *p, const variables *v)
{
  return (matrix){v->W_hy, p->O, p->H, p->O};
}

/* --------------------------------------------------------------------- reference: forward */

enum { MOST_GATES = 4 };

/* Step t of one sequence. h_before of step t is h of step t - 1, c_before likewise. */
typedef struct {
  double *x, *dx;
  double *h_before, *h;     /* h_{t-1}, h_t */
  double *c_before, *c;     /* c_{t-1}, c_t */
  double *gate[MOST_GATES]; /* after their activation; rnn: unused */
  double *q;                /* gru, reset after: W_hn h_{t-1} + b_hn */
  double *rh;               /* gru, reset before: r * h_{t-1} */
  double *y, *dy;           /* y_t, dL/dy_t */
} step;

enum { R, Z, N };         /* gates of the gru */
enum { I, F, G, OUTPUT }; /* of the lstm */

static double sigmoid(double a)
{
  return 1 / (1 + exp(-a));
}

static double activation(bptt_activation f, double a)
{
  switch (f) {
  case BPTT_TANH:
    return tanh(a);
  case BPTT_RELU:
    return a > 0 ? a : 0;
  case BPTT_SIGMOID:
    return sigmoid(a);
  default:
    return a;
  }
}

/* f'(a), from h = f(a). */
static double slope(bptt_activation f, double h)
{
  switch (f) {
  case BPTT_TANH:
    return 1 - h * h;
  case BPTT_RELU:
    return h > 0;
  case BPTT_SIGMOID:
    return h * (1 - h);
  default:
    return 1;
  }
}

/* a = W_x x_t + b: what x gives to a gate. */
static void from_input(const bptt_problem *p, const variables *v, ptrdiff_t gate, const step *s,
                       double *a)
{
  for (ptrdiff_t u = 0; u < p->H; u++) a[u] = b_h(p, v, gate)[u];
  add_product(a, W_x(p, v, gate), s->x);
}

/* a = W_x x_t + W_h h_{t-1} + b */
static void pre_activation(const bptt_problem *p, const variables *v, ptrdiff_t gate, const step *s,
                           double *a)
{
  from_input(p, v, gate, s, a);
  add_product(a, W_h(p, v, gate), s->h_before);
}

/* h_t = f(W_xh x_t + W_hh h_{t-1} + b_h) */
static void rnn_forward(const bptt_problem *p, const variables *v, step *s)
{
  pre_activation(p, v, 0, s, s->h);
  for (ptrdiff_t u = 0; u < p->H; u++) s->h[u] = activation(p->activation, s->h[u]);
}

/* i = sigmoid(a_i), f = sigmoid(a_f), g = tanh(a_g), o = sigmoid(a_o)
 * c_t = f * c_{t-1} + i * g
 * h_t = o * tanh(c_t) */
static void lstm_forward(const bptt_problem *p, const variables *v, step *s)
{
  double *i = s->gate[I], *f = s->gate[F], *g = s->gate[G], *o = s->gate[OUTPUT];
  for (ptrdiff_t gate = I; gate <= OUTPUT; gate++) pre_activation(p, v, gate, s, s->gate[gate]);
  for (ptrdiff_t u = 0; u < p->H; u++) {
    i[u] = sigmoid(i[u]);
    f[u] = sigmoid(f[u]);
    g[u] = tanh(g[u]);
    o[u] = sigmoid(o[u]);
    s->c[u] = f[u] * s->c_before[u] + i[u] * g[u];
    s->h[u] = o[u] * tanh(s->c[u]);
  }
}

/* r = sigmoid(a_r), z = sigmoid(a_z)
 * reset after:   n = tanh(W_xn x_t + b_n + r * q),  q = W_hn h_{t-1} + b_hn
 * reset before:  n = tanh(W_xn x_t + b_n + W_hn (r * h_{t-1}))
 * h_t = (1 - z) * n + z * h_{t-1} */
static void gru_forward(const bptt_problem *p, const variables *v, step *s)
{
  double *r = s->gate[R], *z = s->gate[Z], *n = s->gate[N];
  pre_activation(p, v, R, s, r);
  pre_activation(p, v, Z, s, z);
  from_input(p, v, N, s, n);
  for (ptrdiff_t u = 0; u < p->H; u++) {
    r[u] = sigmoid(r[u]);
    z[u] = sigmoid(z[u]);
    s->rh[u] = r[u] * s->h_before[u];
    s->q[u] = has_b_hn(p) ? v->b_hn[u] : 0;
  }
  if (p->reset == BPTT_RESET_AFTER) {
    add_product(s->q, W_h(p, v, N), s->h_before);
    for (ptrdiff_t u = 0; u < p->H; u++) n[u] += r[u] * s->q[u];
  } else {
    add_product(n, W_h(p, v, N), s->rh);
  }
  for (ptrdiff_t u = 0; u < p->H; u++) {
    n[u] = tanh(n[u]);
    s->h[u] = (1 - z[u]) * n[u] + z[u] * s->h_before[u];
  }
}

/* y_t = W_hy h_t + b_y */
static void readout(const bptt_problem *p, const variables *v, step *s)
{
  for (ptrdiff_t o = 0; o < p->O; o++) s->y[o] = v->b_y[o];
  add_product(s->y, W_hy(p, v), s->h);
}

static void forward(const bptt_problem *p, const variables *v, step *s)
{
  switch (p->cell) {
  case BPTT_RNN:
    rnn_forward(p, v, s);
    break;
  case BPTT_GRU:
    gru_forward(p, v, s);
    break;
  case BPTT_LSTM:
    lstm_forward(p, v, s);
    break;
  }
  readout(p, v, s);
}

/* ------------------------------------------------------------------------ reference: loss */

/* L = scale * sum_o (y_o - target_o)^2,  dL/dy_o = scale * 2 (y_o - target_o) */
static double mse(const bptt_problem *p, const double *target, step *s)
{
  double loss = 0;
  for (ptrdiff_t o = 0; o < p->O; o++) {
    const double error = s->y[o] - target[o];
    if (isnan(target[o])) continue;
    loss += p->scale * error * error;
    s->dy[o] = p->scale * 2 * error;
  }
  return loss;
}

/* L = scale * -log p_c,  p = softmax(y),  dL/dy_o = scale * (p_o - [o = c]) */
static double cross_entropy(const bptt_problem *p, double target, step *s)
{
  double largest = s->y[0], sum = 0;
  if (isnan(target)) return 0;
  const ptrdiff_t c = (ptrdiff_t)target - 1;
  for (ptrdiff_t o = 0; o < p->O; o++) largest = fmax(largest, s->y[o]);
  for (ptrdiff_t o = 0; o < p->O; o++) sum += exp(s->y[o] - largest);
  for (ptrdiff_t o = 0; o < p->O; o++) {
    s->dy[o] = p->scale * (exp(s->y[o] - largest) / sum - (o == c));
  }
  return p->scale * (log(sum) + largest - s->y[c]);
}

/* --------------------------------------------------------------------- reference: backward */

/* Of a = W_x x_t + b, with da = dL/da: dW_x += da x_t',  db += da,  dx_t += W_x' da */
static void to_input(const bptt_problem *p, const variables *v, ptrdiff_t gate, const step *s,
                     const double *da, variables *d)
{
  add_outer_product(W_x(p, d, gate), da, s->x);
  add(b_h(p, d, gate), p->H, da);
  add_transposed_product(s->dx, W_x(p, v, gate), da);
}

/* Of W_h in, where `in` is h_{t-1} or r * h_{t-1}: dW_h += da in',  din += W_h' da */
static void to_recurrence(const bptt_problem *p, const variables *v, ptrdiff_t gate,
                          const double *in, const double *da, variables *d, double *din)
{
  add_outer_product(W_h(p, d, gate), da, in);
  add_transposed_product(din, W_h(p, v, gate), da);
}

/* Of a whole pre-activation. */
static void to_both(const bptt_problem *p, const variables *v, ptrdiff_t gate, const step *s,
                    const double *da, variables *d, double *dh_before)
{
  to_input(p, v, gate, s, da, d);
  to_recurrence(p, v, gate, s->h_before, da, d, dh_before);
}

/* Room for one step back; H numbers each. */
typedef struct {
  double *dh, *dc;               /* dL/dh_t, dL/dc_t */
  double *dh_before, *dc_before; /* dL/dh_{t-1}, dL/dc_{t-1} */
  double *da[MOST_GATES];        /* of the pre-activations */
  double *dq, *drh;
} backward_state;

/* da = dh * f'(a) */
static void rnn_backward(const bptt_problem *p, const variables *v, const step *s, variables *d,
                         backward_state *w)
{
  for (ptrdiff_t u = 0; u < p->H; u++) w->da[0][u] = w->dh[u] * slope(p->activation, s->h[u]);
  to_both(p, v, 0, s, w->da[0], d, w->dh_before);
}

/* dL/dc_t += dh * o * (1 - tanh(c_t)^2)          through h_t = o * tanh(c_t)
 * do = dh * tanh(c_t)
 * di = dc * g,  dg = dc * i,  df = dc * c_{t-1},  dL/dc_{t-1} = dc * f
 * da_i = di * i * (1 - i), da_f and da_o likewise;  da_g = dg * (1 - g^2) */
static void lstm_backward(const bptt_problem *p, const variables *v, const step *s, variables *d,
                          backward_state *w)
{
  for (ptrdiff_t u = 0; u < p->H; u++) {
    const double i = s->gate[I][u], f = s->gate[F][u], g = s->gate[G][u], o = s->gate[OUTPUT][u];
    const double tanh_c = tanh(s->c[u]);
    const double dc = w->dc[u] + w->dh[u] * o * (1 - tanh_c * tanh_c);
    w->da[I][u] = dc * g * i * (1 - i);
    w->da[F][u] = dc * s->c_before[u] * f * (1 - f);
    w->da[G][u] = dc * i * (1 - g * g);
    w->da[OUTPUT][u] = w->dh[u] * tanh_c * o * (1 - o);
    w->dc_before[u] = dc * f;
  }
  for (ptrdiff_t gate = I; gate <= OUTPUT; gate++) {
    to_both(p, v, gate, s, w->da[gate], d, w->dh_before);
  }
}

/* dn = dh * (1 - z),  dz = dh * (h_{t-1} - n),  dL/dh_{t-1} = dh * z + what comes through the gates
 * da_n = dn * (1 - n^2)
 * reset after:   dq = da_n * r,  dr = da_n * q,  db_hn = dq,  and q = W_hn h_{t-1} + b_hn
 * reset before:  d(r h_{t-1}) = W_hn' da_n,  dr = d(r h) * h_{t-1},  dL/dh_{t-1} += d(r h) * r
 * da_r = dr * r * (1 - r), da_z likewise */
static void gru_backward(const bptt_problem *p, const variables *v, const step *s, variables *d,
                         backward_state *w)
{
  const double *r = s->gate[R], *z = s->gate[Z], *n = s->gate[N];
  for (ptrdiff_t u = 0; u < p->H; u++) {
    w->da[N][u] = w->dh[u] * (1 - z[u]) * (1 - n[u] * n[u]);
    w->da[Z][u] = w->dh[u] * (s->h_before[u] - n[u]) * z[u] * (1 - z[u]);
    w->dq[u] = w->da[N][u] * r[u];
    w->drh[u] = 0;
    w->dh_before[u] += w->dh[u] * z[u];
  }
  to_input(p, v, N, s, w->da[N], d);
  if (p->reset == BPTT_RESET_AFTER) {
    to_recurrence(p, v, N, s->h_before, w->dq, d, w->dh_before);
    add(d->b_hn, p->H, w->dq);
  } else {
    to_recurrence(p, v, N, s->rh, w->da[N], d, w->drh);
  }
  for (ptrdiff_t u = 0; u < p->H; u++) {
    const bool after = p->reset == BPTT_RESET_AFTER;
    const double dr = after ? w->da[N][u] * s->q[u] : w->drh[u] * s->h_before[u];
    w->da[R][u] = dr * r[u] * (1 - r[u]);
    w->dh_before[u] += w->drh[u] * r[u];
  }
  to_both(p, v, R, s, w->da[R], d, w->dh_before);
  to_both(p, v, Z, s, w->da[Z], d, w->dh_before);
}

/* From dL/dh_t and dL/dc_t to dL/dh_{t-1} and dL/dc_{t-1}, which take their place. */
static void backward(const bptt_problem *p, const variables *v, const step *s, variables *d,
                     backward_state *w)
{
  const size_t bytes = (size_t)p->H * sizeof(double);
  memset(w->dh_before, 0, bytes);
  memset(w->dc_before, 0, bytes);
  switch (p->cell) {
  case BPTT_RNN:
    rnn_backward(p, v, s, d, w);
    break;
  case BPTT_GRU:
    gru_backward(p, v, s, d, w);
    break;
  case BPTT_LSTM:
    lstm_backward(p, v, s, d, w);
    break;
  }
  memcpy(w->dh, w->dh_before, bytes);
  memcpy(w->dc, w->dc_before, bytes);
}

/* -------------------------------------------------------------------- reference: sequences */

static double *column(double *a, ptrdiff_t rows, ptrdiff_t j)
{
  return a ? a + j * rows : NULL;
}

/* Steps of sequence b; before the first are its initial states. */
static step *make_steps(host *h, const problem *q, results *r, ptrdiff_t b)
{
  const bptt_problem *p = &q->shape;
  const ptrdiff_t H = p->H, L = p->length[b];
  step *s = host_alloc(h, (size_t)(L + 1) * sizeof *s);
  double *h_before = zeros(h, H), *c_before = zeros(h, H);
  if (q->at.h0) add(h_before, H, column(q->at.h0, H, b));
  if (q->at.c0) add(c_before, H, column(q->at.c0, H, b));
  for (ptrdiff_t t = 0; t < L; t++) {
    double *room = zeros(h, (MOST_GATES + 4) * H + 2 * p->O);
    for (int gate = 0; gate < MOST_GATES; gate++) s[t].gate[gate] = column(room, H, gate);
    s[t].h = column(room, H, MOST_GATES);
    s[t].c = column(room, H, MOST_GATES + 1);
    s[t].q = column(room, H, MOST_GATES + 2);
    s[t].rh = column(room, H, MOST_GATES + 3);
    s[t].y = column(room, H, MOST_GATES + 4);
    s[t].dy = s[t].y + p->O;
    s[t].x = column(q->at.x, p->D, t * p->B + b);
    s[t].dx = column(r->d.x, p->D, t * p->B + b);
    s[t].h_before = t == 0 ? h_before : s[t - 1].h;
    s[t].c_before = t == 0 ? c_before : s[t - 1].c;
  }
  s[L].h_before = L == 0 ? h_before : s[L - 1].h; /* the last states are "before" step L */
  s[L].c_before = L == 0 ? c_before : s[L - 1].c;
  return s;
}

static void forward_sequence(const problem *q, step *s, results *r, ptrdiff_t b)
{
  const bptt_problem *p = &q->shape;
  const ptrdiff_t L = p->length[b];
  for (ptrdiff_t t = 0; t < L; t++) {
    const ptrdiff_t at = t * p->B + b;
    forward(p, &q->at, &s[t]);
    r->loss += p->loss == BPTT_MSE ? mse(p, column(q->target, p->O, at), &s[t])
                                   : cross_entropy(p, q->target[at], &s[t]);
    memcpy(column(r->y, p->O, at), s[t].y, (size_t)p->O * sizeof(double));
    memcpy(column(r->h, p->H, at), s[t].h, (size_t)p->H * sizeof(double));
  }
  memcpy(column(r->h_last, p->H, b), s[L].h_before, (size_t)p->H * sizeof(double));
  if (r->c_last) memcpy(column(r->c_last, p->H, b), s[L].c_before, (size_t)p->H * sizeof(double));
}

/* The loss of steps first .. end - 1 back through steps end - 1 .. start. */
static void backward_window(host *h, const problem *q, const step *s, results *r, ptrdiff_t b,
                            ptrdiff_t start, ptrdiff_t first, ptrdiff_t end)
{
  const bptt_problem *p = &q->shape;
  const ptrdiff_t H = p->H;
  backward_state w = {zeros(h, H), zeros(h, H), zeros(h, H), zeros(h, H),
                      {0},         zeros(h, H), zeros(h, H)};
  for (int gate = 0; gate < MOST_GATES; gate++) w.da[gate] = zeros(h, H);
  for (ptrdiff_t t = end - 1; t >= start; t--) {
    if (t >= first) add_transposed_product(w.dh, W_hy(p, &q->at), s[t].dy);
    backward(p, &q->at, &s[t], &r->d, &w);
  }
  if (start > 0) return;
  add(column(r->d.h0, H, b), H, w.dh);
  if (r->d.c0) add(column(r->d.c0, H, b), H, w.dc);
}

/* Windows of truncated backpropagation through time: the loss of each k1 steps goes back through
 * them and the k2 - k1 steps before (Williams & Peng 1990). The readout is not truncated:
 * dW_hy = sum_t dy_t h_t',  db_y = sum_t dy_t. */
static void backward_sequence(host *h, const problem *q, const step *s, results *r, ptrdiff_t b)
{
  const bptt_problem *p = &q->shape;
  const ptrdiff_t L = p->length[b], before = p->k2 - p->k1;
  for (ptrdiff_t t = 0; t < L; t++) {
    add_outer_product(W_hy(p, &r->d), s[t].dy, s[t].h);
    add(r->d.b_y, p->O, s[t].dy);
  }
  for (ptrdiff_t first = 0, end; first < L; first = end) {
    end = first + smaller(p->k1, L - first);
    backward_window(h, q, s, r, b, first - smaller(before, first), first, end);
  }
}

static results reference(host *h, const problem *q)
{
  const bptt_problem *p = &q->shape;
  const ptrdiff_t D = p->D, H = p->H, O = p->O, B = p->B, T = p->T, GH = gates(p) * H;
  const bool lstm = p->cell == BPTT_LSTM;
  results r = {.y = filled(h, O * B * T, NAN), /* beyond the end of a sequence */
               .h = filled(h, H * B * T, NAN),
               .h_last = zeros(h, H * B),
               .c_last = lstm ? zeros(h, H * B) : NULL,
               .d = {.W_xh = zeros(h, GH * D),
                     .W_hh = zeros(h, GH * H),
                     .b_h = zeros(h, GH),
                     .b_hn = has_b_hn(p) ? zeros(h, H) : NULL,
                     .W_hy = zeros(h, O * H),
                     .b_y = zeros(h, O),
                     .x = zeros(h, D * B * T),
                     .h0 = zeros(h, H * B),
                     .c0 = lstm ? zeros(h, H * B) : NULL}};
  for (ptrdiff_t b = 0; b < B; b++) {
    step *s = make_steps(h, q, &r, b);
    forward_sequence(q, s, &r, b);
    backward_sequence(h, q, s, &r, b);
  }
  return r;
}

/* -------------------------------------------------------------------- problems at random */

/* What a problem's number decides: every kind of network with every kind of size with every kind
 * of truncation, twice. The rest is left to chance. */
enum { KINDS = 14, SIZES = 4, TRUNCATIONS = 3, PROBLEMS = 2 * KINDS * SIZES * TRUNCATIONS };

static void choose_kind(bptt_problem *p, int kind)
{
  static const struct {
    bptt_cell cell;
    bptt_activation activation;
    bptt_reset reset;
  } cells[] = {{BPTT_RNN, BPTT_TANH, 0},
               {BPTT_RNN, BPTT_RELU, 0},
               {BPTT_RNN, BPTT_SIGMOID, 0},
               {BPTT_RNN, BPTT_IDENTITY, 0},
               {BPTT_GRU, 0, BPTT_RESET_AFTER},
               {BPTT_GRU, 0, BPTT_RESET_BEFORE},
               {BPTT_LSTM, 0, 0}};
  p->cell = cells[kind / 2].cell;
  p->activation = cells[kind / 2].activation;
  p->reset = cells[kind / 2].reset;
  p->loss = kind % 2 ? BPTT_CROSS_ENTROPY : BPTT_MSE;
}

/* Vectors hold 2 to 16 numbers, panels up to 4 vectors, pieces of a product 128 numbers. */
static ptrdiff_t wide(void)
{
  switch (whole(0, 4)) {
  case 0:
    return whole(1, 4);
  case 1:
    return whole(120, 150);
  case 2:
    return whole(60, 70);
  default:
    return whole(5, 40);
  }
}

enum { ORDINARY, WIDE, MANY_SEQUENCES, MANY_STEPS };

static void choose_sizes(bptt_problem *p, int size)
{
  p->D = size == WIDE ? wide() : whole(1, 9);
  p->H = size == WIDE ? wide() : whole(1, size == MANY_STEPS ? 12 : 34);
  p->O = size == WIDE ? wide() : whole(1, 6);
  p->B = size == MANY_SEQUENCES ? whole(10, 40) : whole(1, size == WIDE ? 6 : 4);
  p->T = size == MANY_SEQUENCES ? whole(1, 12) : whole(1, size == WIDE ? 4 : 20);
  if (one_in(8)) p->T = 1;
  if (one_in(6)) p->B = 1;
  /* More than two segments (of 512 real steps), be it with one sequence or with several. */
  if (size == MANY_STEPS) p->T = whole(1200, 1500) / p->B;
}

static void choose_truncation(bptt_problem *p, int truncation, int size)
{
  const ptrdiff_t T = p->T, rarely = size == MANY_STEPS ? 20 : T;
  p->k1 = p->k2 = one_in(2) ? T : PTRDIFF_MAX;
  if (truncation == 0) return;
  p->k1 = p->k2 = size == MANY_STEPS ? whole(1, 60) : whole(1, T);
  if (truncation == 1) return;
  p->k2 = p->k1 + whole(1, smaller(T + 2, rarely * p->k1));
  if (size != MANY_STEPS && one_in(4)) p->k2 = PTRDIFF_MAX;
}

static ptrdiff_t *choose_lengths(host *h, const bptt_problem *p)
{
  ptrdiff_t *length = host_alloc(h, (size_t)p->B * sizeof *length);
  const int how = (int)whole(0, 7);
  const bool all_zero = one_in(40);
  for (ptrdiff_t b = 0; b < p->B; b++) {
    length[b] = how < 3 ? p->T : how < 6 ? whole(1, p->T) : whole(0, p->T);
    if (how == 7 && one_in(2)) length[b] = whole(0, 1);
    if (all_zero) length[b] = 0;
  }
  return length;
}

/* Beyond the end of a sequence is what must not be read. */
static void spoil_rest(const problem *q, ptrdiff_t targets)
{
  const bptt_problem *p = &q->shape;
  for (ptrdiff_t b = 0; b < p->B; b++) {
    for (ptrdiff_t t = p->length[b]; t < p->T; t++) {
      const ptrdiff_t at = t * p->B + b;
      for (ptrdiff_t i = 0; i < p->D; i++) column(q->at.x, p->D, at)[i] = NAN;
      for (ptrdiff_t i = 0; i < targets; i++) column(q->target, targets, at)[i] = 1e9;
    }
  }
}

static double *choose_targets(host *h, const bptt_problem *p, ptrdiff_t targets)
{
  const ptrdiff_t n = targets * p->B * p->T;
  double *target = numbers(h, n, 1);
  const int missing = (int)whole(0, 15); /* none: 0 to 4, all: 15 */
  for (ptrdiff_t i = 0; i < n; i++) {
    if (p->loss == BPTT_CROSS_ENTROPY) target[i] = (double)whole(1, p->O);
    if (missing == 15 || (missing > 4 && one_in(6))) target[i] = NAN;
  }
  return target;
}

static problem choose_problem(host *h, int number)
{
  problem q = {.number = number, .shape = {.scale = 0.1}};
  bptt_problem *p = &q.shape;
  const int size = number / KINDS % SIZES;
  random_state = (uint64_t)number << 32;
  choose_kind(p, number % KINDS);
  choose_sizes(p, size);
  choose_truncation(p, number / (KINDS * SIZES) % TRUNCATIONS, size);
  p->length = choose_lengths(h, p);

  /* A state without a bound must not grow over many steps. */
  const bool bounded = p->activation == BPTT_TANH || p->activation == BPTT_SIGMOID;
  const double H = (double)p->H, recurrent = bounded ? 0.8 / sqrt(H) : 0.9 / H;
  const ptrdiff_t GH = gates(p) * p->H, targets = p->loss == BPTT_MSE ? p->O : 1;
  q.at = (variables){.W_xh = numbers(h, GH * p->D, 1 / sqrt((double)p->D)),
                     .W_hh = numbers(h, GH * p->H, recurrent),
                     .b_h = numbers(h, GH, 0.5),
                     .b_hn = has_b_hn(p) ? numbers(h, p->H, 0.5) : NULL,
                     .W_hy = numbers(h, p->O * p->H, 1 / sqrt(H)),
                     .b_y = numbers(h, p->O, 0.5),
                     .x = numbers(h, p->D * p->B * p->T, 1),
                     .h0 = one_in(2) ? numbers(h, p->H * p->B, 1) : NULL};
  if (p->cell == BPTT_LSTM && one_in(2)) q.at.c0 = numbers(h, p->H * p->B, 1);
  q.target = choose_targets(h, p, targets);
  spoil_rest(&q, targets);
  return q;
}

/* --------------------------------------------------------------------------- the kernels */

static int passed, failed;

/* One way to run a problem. */
typedef struct {
  const char *isa;
  bptt_dtype dtype;
} way;

enum { GUARD = 64, GUARD_BYTE = 0x5a };

static size_t bytes_of(bptt_dtype dtype, ptrdiff_t n)
{
  return (size_t)n * (dtype == BPTT_F64 ? sizeof(double) : sizeof(float));
}

/* A copy in the number type: a block of its own, so that a sanitizer sees its end. */
static const void *input(host *h, bptt_dtype dtype, const double *a, ptrdiff_t n)
{
  if (!a) return NULL;
  void *copy = host_alloc(h, bytes_of(dtype, n));
  for (ptrdiff_t i = 0; i < n; i++) {
    if (dtype == BPTT_F64) {
      ((double *)copy)[i] = a[i];
    } else {
      ((float *)copy)[i] = (float)a[i];
    }
  }
  return copy;
}

/* Room for an output between guards, and filled like them, to see that all of it is written. */
static void *output_room(host *h, bptt_dtype dtype, ptrdiff_t n)
{
  const size_t bytes = bytes_of(dtype, n) + 2 * GUARD;
  char *room = host_alloc(h, bytes);
  memset(room, GUARD_BYTE, bytes);
  return room + GUARD;
}

static bool guards_hold(bptt_dtype dtype, const void *output, ptrdiff_t n)
{
  const char *before = (const char *)output - GUARD;
  const char *after = (const char *)output + bytes_of(dtype, n);
  for (int i = 0; i < GUARD; i++) {
    if (before[i] != GUARD_BYTE || after[i] != GUARD_BYTE) return false;
  }
  return true;
}

/* Largest error relative to the largest magnitude; Inf where only one is NaN. */
static double distance(bptt_dtype dtype, const void *got, const double *want, ptrdiff_t n)
{
  double error = 0, magnitude = 0;
  for (ptrdiff_t i = 0; i < n; i++) {
    const double v = dtype == BPTT_F64 ? ((const double *)got)[i] : (double)((const float *)got)[i];
    if (isnan(v) != isnan(want[i])) return INFINITY;
    if (isnan(want[i])) continue;
    error = fmax(error, fabs(v - want[i]));
    magnitude = fmax(magnitude, fabs(want[i]));
  }
  return magnitude > 0 ? error / magnitude : error;
}

static void describe(const problem *q)
{
  static const char *const cells[] = {"rnn", "gru", "lstm"};
  static const char *const activations[] = {"tanh", "relu", "sigmoid", "identity"};
  static const char *const resets[] = {"after", "before"};
  static const char *const losses[] = {"mse", "cross_entropy"};
  const bptt_problem *p = &q->shape;
  printf("  %s %s, reset %s, %s, D %td, H %td, O %td, B %td, T %td, k1 %td, k2 %td,%s%s lengths",
         cells[p->cell], activations[p->activation], resets[p->reset], losses[p->loss], p->D, p->H,
         p->O, p->B, p->T, p->k1, p->k2, q->at.h0 ? " h0," : "", q->at.c0 ? " c0," : "");
  for (ptrdiff_t b = 0; b < p->B; b++) printf(" %td", p->length[b]);
  printf("\n");
}

static void check(bool ok, const problem *q, const way *w, const char *what, double value)
{
  if (ok) {
    passed++;
    return;
  }
  failed++;
  printf("FAILED problem (seed) %d, %s, %s: %s (%g)\n", q->number, w->isa,
         w->dtype == BPTT_F64 ? "double" : "single", what, value);
  describe(q);
}

/* Sets of outputs that are wanted or left out together. */
enum {
  WANT_Y = 1,
  WANT_H = 2,
  WANT_H_LAST = 4,
  WANT_C_LAST = 8,
  WANT_FORWARD = 15,
  WANT_WEIGHTS = 16,
  WANT_DX = 32,
  WANT_DH0 = 64,
  WANT_DC0 = 128,
  WANT_ALL = 255
};

typedef struct {
  const char *name;
  int set;
  void **place;           /* in the problem */
  const double *expected; /* NULL: the cell has no such thing */
  ptrdiff_t n;
} output;

enum { OUTPUTS = 13 };

static void list_outputs(output list[OUTPUTS], bptt_problem *p, const results *r)
{
  const ptrdiff_t D = p->D, H = p->H, O = p->O, B = p->B, T = p->T, GH = gates(p) * H;
  const output all[OUTPUTS] = {{"y", WANT_Y, &p->y, r->y, O * B * T},
                               {"h", WANT_H, &p->h, r->h, H * B * T},
                               {"h_last", WANT_H_LAST, &p->h_last, r->h_last, H * B},
                               {"c_last", WANT_C_LAST, &p->c_last, r->c_last, H * B},
                               {"dW_xh", WANT_WEIGHTS, &p->dW_xh, r->d.W_xh, GH * D},
                               {"dW_hh", WANT_WEIGHTS, &p->dW_hh, r->d.W_hh, GH * H},
                               {"db_h", WANT_WEIGHTS, &p->db_h, r->d.b_h, GH},
                               {"db_hn", WANT_WEIGHTS, &p->db_hn, r->d.b_hn, H},
                               {"dW_hy", WANT_WEIGHTS, &p->dW_hy, r->d.W_hy, O * H},
                               {"db_y", WANT_WEIGHTS, &p->db_y, r->d.b_y, O},
                               {"dx", WANT_DX, &p->dx, r->d.x, D * B * T},
                               {"dh0", WANT_DH0, &p->dh0, r->d.h0, H * B},
                               {"dc0", WANT_DC0, &p->dc0, r->d.c0, H * B}};
  memcpy(list, all, sizeof all);
}

/* The problem as the kernels take it. */
static bptt_problem make_inputs(host *h, const problem *q, bptt_dtype dtype, bool with_target)
{
  bptt_problem p = q->shape;
  const variables *v = &q->at;
  const ptrdiff_t D = p.D, H = p.H, O = p.O, B = p.B, T = p.T, GH = gates(&p) * H;
  const ptrdiff_t targets = p.loss == BPTT_MSE ? O : 1;
  bool full = true;
  for (ptrdiff_t b = 0; b < B; b++) full = full && p.length[b] == T;
  if (full && one_in(2)) p.length = NULL;
  p.W_xh = input(h, dtype, v->W_xh, GH * D);
  p.W_hh = input(h, dtype, v->W_hh, GH * H);
  p.b_h = input(h, dtype, v->b_h, GH);
  p.b_hn = input(h, dtype, v->b_hn, H);
  p.W_hy = input(h, dtype, v->W_hy, O * H);
  p.b_y = input(h, dtype, v->b_y, O);
  p.x = input(h, dtype, v->x, D * B * T);
  p.h0 = input(h, dtype, v->h0, H * B);
  p.c0 = input(h, dtype, v->c0, H * B);
  p.target = with_target ? input(h, dtype, q->target, targets * B * T) : NULL;
  p.loss_value = -1; /* all of these are written */
  p.bad_forward = p.bad_backward = -1;
  return p;
}

static int never_stop(void *context)
{
  (void)context;
  return 0;
}

/* Full of NaN, so that numbers nobody has written show; or, for valgrind, left undefined. */
static bptt_status run(bptt_problem *p, bptt_dtype dtype)
{
  const size_t bytes = bptt_step_workspace(p, dtype);
  void *workspace;
  if (posix_memalign(&workspace, 64, bytes) != 0) abort();
#ifndef WORKSPACE_UNDEFINED
  memset(workspace, 0xff, bytes);
#endif
  const bptt_status status = bptt_step(p, dtype, workspace, one_in(2) ? never_stop : NULL, NULL);
  free(workspace);
  return status;
}

static int choose_wanted(bool with_target)
{
  if (!with_target) return (int)whole(0, WANT_FORWARD);
  return one_in(3) ? WANT_ALL : (int)whole(0, WANT_ALL);
}

/* The same with more threads. */
static void check_threads(host *h, const problem *q, const results *r, const way *w,
                          const bptt_problem *alone)
{
  for (int threads = 2; threads <= 3; threads++) {
    bptt_problem p = *alone;
    output list[OUTPUTS];
    const void *want[OUTPUTS];
    list_outputs(list, &p, r);
    for (int i = 0; i < OUTPUTS; i++) {
      want[i] = *list[i].place;
      if (want[i]) *list[i].place = output_room(h, w->dtype, list[i].n);
    }
    p.threads = threads;
    p.loss_value = -1;
    p.bad_forward = p.bad_backward = -1;
    check(run(&p, w->dtype) == BPTT_OK, q, w, "status with threads", threads);
    for (int i = 0; i < OUTPUTS; i++) {
      const void *got = *list[i].place;
      if (!got) continue;
      const bool same = memcmp(got, want[i], bytes_of(w->dtype, list[i].n)) == 0;
      if (!same) printf("%s\n", list[i].name);
      check(same, q, w, "other bits with threads", threads);
      if (!guards_hold(w->dtype, got, list[i].n)) check(false, q, w, "written outside an array", i);
    }
    check(memcmp(&p.loss_value, &alone->loss_value, sizeof p.loss_value) == 0, q, w,
          "loss_value with threads", p.loss_value - alone->loss_value);
    check(p.bad_forward == 0 && p.bad_backward == 0, q, w, "bad steps with threads", threads);
  }
}

static void check_way(const problem *q, const results *r, const way *w)
{
  const double tolerance = w->dtype == BPTT_F64 ? 1e-11 : 1e-3;
  const bool with_target = !one_in(8);
  const int wanted = choose_wanted(with_target);
  const double loss = with_target ? r->loss : 0;
  host h;
  host_open(&h, BPTT_R);
  bptt_problem p = make_inputs(&h, q, w->dtype, with_target);
  output list[OUTPUTS];
  list_outputs(list, &p, r);
  for (int i = 0; i < OUTPUTS; i++) {
    const bool want = list[i].expected && (wanted & list[i].set);
    if (want) *list[i].place = output_room(&h, w->dtype, list[i].n);
  }

  check(run(&p, w->dtype) == BPTT_OK, q, w, "status", 0);
  for (int i = 0; i < OUTPUTS; i++) {
    const void *got = *list[i].place;
    if (!got) continue;
    const double error = distance(w->dtype, got, list[i].expected, list[i].n);
    check(error <= tolerance, q, w, list[i].name, error);
    if (!guards_hold(w->dtype, got, list[i].n)) check(false, q, w, "written outside an array", i);
  }
  const double error = distance(BPTT_F64, &p.loss_value, &loss, 1);
  check(error <= tolerance, q, w, "loss_value", error);
  check(p.bad_forward == 0, q, w, "bad_forward", (double)p.bad_forward);
  check(p.bad_backward == 0, q, w, "bad_backward", (double)p.bad_backward);
  check_threads(&h, q, r, w, &p);
  host_close(&h);
}

static void check_problem(int number)
{
  host h;
  host_open(&h, BPTT_R);
  const problem q = choose_problem(&h, number);
  const results r = reference(&h, &q);
  for (int i = 0; i < HOST_ISAS; i++) {
    if (!host_use_isa(host_isa[i])) continue;
    for (int dtype = BPTT_F64; dtype <= BPTT_F32; dtype++) {
      const way w = {host_isa[i], (bptt_dtype)dtype};
      check_way(&q, &r, &w);
    }
  }
  host_close(&h);
}

int main(int argc, char **argv)
{
  const int first = argc > 1 ? atoi(argv[1]) : 0;
  const int count = argc > 2 ? atoi(argv[2]) : PROBLEMS;
  bptt_load();
  for (int i = 0; i < count; i++) check_problem(first + i);
  bptt_release();
  printf("%d passed, %d failed\n", passed, failed);
  return failed > 0 || passed == 0;
}

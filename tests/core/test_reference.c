/* test_reference.c -- bptt_step() against a naive reference on random problems.
 *
 *   test_reference [FIRST [COUNT]]   problems FIRST .. FIRST + COUNT - 1; 0 and 336 by default
 *
 * A problem's number is the seed of its random numbers and is printed when it fails:
 * `test_reference 137 1` is problem 137 alone. Every problem runs in double and in single with
 * every instruction set, or with that of the environment variable BPTT_ISA alone. All outputs are
 * compared, as are the bytes around them; and with more threads they must be the same bits. */
#include "dropout.h"
#include "host.h"
#include "random.h"
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---------------------------------------------------------------------------- numbers */

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

/* Of one layer in one direction. The cells know no more. */
typedef struct {
  bptt_cell cell;
  bptt_activation activation;
  bptt_reset reset;
  ptrdiff_t D, H; /* D: what it is shown */
} layer;

/* Everything of a layer that the loss can be differentiated by, or the derivatives: arrays laid out
 * as bptt.h says. NULL: the cell has no such thing, or (h0, c0) it is zero. */
typedef struct {
  double *W_xh, *W_hh, *b_h, *b_hn;
  double *h0, *c0;
} variables;

enum { MOST_LAYERS = 3, MOST = 2 * MOST_LAYERS };
enum { DH_NORM, DC_NORM, GAIN, FLOWS };

typedef struct {
  int number;
  bptt_problem shape; /* cell, activation, reset, loss, sizes, length, scale, truncation */
  bptt_layer sizes[MOST];
  layer layer[MOST]; /* as in bptt_problem: the directions of the first layer, ... */
  variables at[MOST];
  double *W_hy, *b_y, *x;
  double *target, *weights, *class_weights;
} problem;

typedef struct {
  double *y, *h;
  double *h_last[MOST], *c_last[MOST], *h_all[MOST], *c_all[MOST];
  variables d[MOST];
  double *dW_hy, *db_y, *dx;
  double *flow[MOST][FLOWS]; /* T: dh_norm, dc_norm, gain; not of problems that are truncated */
  double *all[MOST];         /* T: what gain is relative to */
  double loss;
} results;

static ptrdiff_t gates(const layer *p)
{
  return p->cell == BPTT_RNN ? 1 : p->cell == BPTT_GRU ? 3 : 4;
}

static bool has_b_hn(const layer *p)
{
  return p->cell == BPTT_GRU && p->reset == BPTT_RESET_AFTER;
}

/* The rows of one gate. */
static matrix W_x(const layer *p, const variables *v, ptrdiff_t gate)
{
  return (matrix){v->W_xh + gate * p->H, p->H, p->D, gates(p) * p->H};
}

static matrix W_h(const layer *p, const variables *v, ptrdiff_t gate)
{
  return (matrix){v->W_hh + gate * p->H, p->H, p->H, gates(p) * p->H};
}

static double *b_h(const layer *p, const variables *v, ptrdiff_t gate)
{
  return v->b_h + gate * p->H;
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
static void from_input(const layer *p, const variables *v, ptrdiff_t gate, const step *s, double *a)
{
  for (ptrdiff_t u = 0; u < p->H; u++) a[u] = b_h(p, v, gate)[u];
  add_product(a, W_x(p, v, gate), s->x);
}

/* a = W_x x_t + W_h h_{t-1} + b */
static void pre_activation(const layer *p, const variables *v, ptrdiff_t gate, const step *s,
                           double *a)
{
  from_input(p, v, gate, s, a);
  add_product(a, W_h(p, v, gate), s->h_before);
}

/* h_t = f(W_xh x_t + W_hh h_{t-1} + b_h) */
static void rnn_forward(const layer *p, const variables *v, step *s)
{
  pre_activation(p, v, 0, s, s->h);
  for (ptrdiff_t u = 0; u < p->H; u++) s->h[u] = activation(p->activation, s->h[u]);
}

/* i = sigmoid(a_i), f = sigmoid(a_f), g = tanh(a_g), o = sigmoid(a_o)
 * c_t = f * c_{t-1} + i * g
 * h_t = o * tanh(c_t) */
static void lstm_forward(const layer *p, const variables *v, step *s)
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
static void gru_forward(const layer *p, const variables *v, step *s)
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

static void forward(const layer *p, const variables *v, step *s)
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
}

/* ------------------------------------------------------------------------ reference: loss */

enum { LEVELS = 4 }; /* of quantiles */

/* The outputs at one step of one sequence, and dL/dy. */
typedef struct {
  const double *y;
  double *dy;
} outputs;

/* Each loss: scale * L, and its gradient. A target that is NaN does not count. */

/* L = sum_o (y_o - target_o)^2,  dL/dy_o = 2 (y_o - target_o) */
static double mse(const bptt_problem *p, const double *target, double scale, outputs s)
{
  double loss = 0;
  for (ptrdiff_t o = 0; o < p->O; o++) {
    const double error = s.y[o] - target[o];
    if (isnan(target[o])) continue;
    loss += scale * error * error;
    s.dy[o] = scale * 2 * error;
  }
  return loss;
}

/* L = sum_o |y_o - target_o| where that is above delta (mae: 0), delta (|..| - delta / 2); else
 * half the square. The slope is cut off at delta (mae: 1). */
static double absolute(const bptt_problem *p, const double *target, double scale, outputs s)
{
  const bool mae = p->loss == BPTT_MAE;
  double loss = 0;
  for (ptrdiff_t o = 0; o < p->O; o++) {
    const double error = s.y[o] - target[o], size = fabs(error);
    if (isnan(error)) continue;
    const double slope = mae ? 1 : fmin(size, p->delta);
    loss += scale * (mae ? size : size > p->delta ? slope * (size - slope / 2) : size * size / 2);
    s.dy[o] = scale * (error > 0 ? slope : -slope);
  }
  return loss;
}

/* L = -log p_c,  p = softmax(y),  dL/dy_o = p_o - [o = c] */
static double cross_entropy(const bptt_problem *p, const double *target, double scale, outputs s)
{
  double largest = s.y[0], sum = 0;
  if (isnan(*target)) return 0;
  const ptrdiff_t c = (ptrdiff_t)*target - 1;
  if (p->class_weights) scale *= ((const double *)p->class_weights)[c];
  for (ptrdiff_t o = 0; o < p->O; o++) largest = fmax(largest, s.y[o]);
  for (ptrdiff_t o = 0; o < p->O; o++) sum += exp(s.y[o] - largest);
  for (ptrdiff_t o = 0; o < p->O; o++) {
    s.dy[o] = scale * (exp(s.y[o] - largest) / sum - (o == c));
  }
  return scale * (log(sum) + largest - s.y[c]);
}

/* L = log(1 + exp(y)) - target y,  dL/dy = sigmoid(y) - target */
static double binary_cross_entropy(const bptt_problem *p, const double *target, double scale,
                                   outputs s)
{
  double loss = 0;
  for (ptrdiff_t o = 0; o < p->O; o++) {
    if (isnan(target[o])) continue;
    loss += scale * (log(1 + exp(s.y[o])) - target[o] * s.y[o]);
    s.dy[o] = scale * (sigmoid(s.y[o]) - target[o]);
  }
  return loss;
}

/* With F numbers to the target: means y_f, log standard deviations s_f = y_{F + f}, z = (target -
 * mean) exp(-s):  L = sum_f log(2 pi) / 2 + s_f + z_f^2 / 2 */
static double gaussian(const bptt_problem *p, const double *target, double scale, outputs s)
{
  const ptrdiff_t F = p->O / 2;
  double loss = 0;
  for (ptrdiff_t f = 0; f < F; f++) {
    const double sd = exp(s.y[F + f]), z = (target[f] - s.y[f]) / sd;
    if (isnan(z)) continue;
    loss += scale * (log(8 * atan(1)) / 2 + s.y[F + f] + z * z / 2);
    s.dy[f] = -scale * z / sd;
    s.dy[F + f] = scale * (1 - z * z);
  }
  return loss;
}

/* Quantiles, y_{k F + f} that of level k:  L = sum_f sum_k max(q_k e, (q_k - 1) e),
 * e = target_f - y */
static double quantile(const bptt_problem *p, const double *target, double scale, outputs s)
{
  double loss = 0;
  for (ptrdiff_t i = 0; i < p->O; i++) {
    const double q = p->levels[i / (p->O / LEVELS)], e = target[i % (p->O / LEVELS)] - s.y[i];
    if (isnan(e)) continue;
    loss += scale * fmax(q * e, (q - 1) * e);
    s.dy[i] = scale * (e > 0 ? -q : 1 - q);
  }
  return loss;
}

/* The derivative of log Gamma: psi(x) = psi(x + 1) - 1 / x, and its asymptotic series. */
static double digamma(double x)
{
  double sum = 0;
  for (; x < 30; x++) sum -= 1 / x;
  const double z = 1 / (x * x);
  return sum + log(x) - 1 / (2 * x) - z / 12 + z * z / 120 - z * z * z / 252;
}

/* Means, s = log sigma, a with nu = 2 + log(1 + exp(a)) degrees of freedom; z as of gaussian:
 * L = sum_f s + log(nu pi) / 2 + log Gamma(nu / 2) - log Gamma((nu + 1) / 2)
 *           + (nu + 1) / 2 log(1 + z^2 / nu) */
static double student_t(const bptt_problem *p, const double *target, double scale, outputs s)
{
  const ptrdiff_t F = p->O / 3;
  double loss = 0;
  for (ptrdiff_t f = 0; f < F; f++) {
    const double a = s.y[2 * F + f], nu = 2 + log(1 + exp(a)), sd = exp(s.y[F + f]);
    const double z = (target[f] - s.y[f]) / sd, more = 1 + z * z / nu;
    if (isnan(z)) continue;
    loss += scale * (s.y[F + f] + log(nu * 4 * atan(1)) / 2 + lgamma(nu / 2) -
                     lgamma((nu + 1) / 2) + (nu + 1) / 2 * log(more));
    s.dy[f] = -scale * (nu + 1) * z / nu / more / sd;
    s.dy[F + f] = scale * (1 - (nu + 1) * z * z / nu / more);
    s.dy[2 * F + f] = scale * sigmoid(a) / 2 *
                      (1 / nu + digamma(nu / 2) - digamma((nu + 1) / 2) + log(more) -
                       (nu + 1) * z * z / (nu * nu) / more);
  }
  return loss;
}

/* m = log mu, a = log alpha, r = 1 / alpha, counts k:
 * L = sum_f log k! - sum_{j < k} log(r + j) - r log(r / (r + mu)) - k log(mu / (r + mu)) */
static double negative_binomial(const bptt_problem *p, const double *target, double scale,
                                outputs s)
{
  const ptrdiff_t F = p->O / 2;
  double loss = 0;
  for (ptrdiff_t f = 0; f < F; f++) {
    const double k = target[f], mu = exp(s.y[f]), r = exp(-s.y[F + f]);
    double rising = 0, slope = 0; /* of the sum, and for r */
    if (isnan(k)) continue;
    for (double j = 0; j < k; j++) {
      rising += log((r + j) / (j + 1));
      slope += 1 / (r + j);
    }
    loss -= scale * (rising + r * log(r / (r + mu)) + k * log(mu / (r + mu)));
    s.dy[f] = scale * r * (mu - k) / (r + mu);
    s.dy[F + f] = scale * r * (slope + log(r / (r + mu)) + (mu - k) / (r + mu));
  }
  return loss;
}

/* L = sum_o target_o y_o */
static double linear(const bptt_problem *p, const double *target, double scale, outputs s)
{
  double loss = 0;
  for (ptrdiff_t o = 0; o < p->O; o++) {
    loss += scale * target[o] * s.y[o];
    s.dy[o] = scale * target[o];
  }
  return loss;
}

static double loss_of(const bptt_problem *p, const double *target, double scale, outputs s)
{
  switch (p->loss) {
  case BPTT_MSE:
    return mse(p, target, scale, s);
  case BPTT_CROSS_ENTROPY:
    return cross_entropy(p, target, scale, s);
  case BPTT_BINARY_CROSS_ENTROPY:
    return binary_cross_entropy(p, target, scale, s);
  case BPTT_QUANTILE:
    return quantile(p, target, scale, s);
  case BPTT_GAUSSIAN:
    return gaussian(p, target, scale, s);
  case BPTT_STUDENT_T:
    return student_t(p, target, scale, s);
  case BPTT_NEGATIVE_BINOMIAL:
    return negative_binomial(p, target, scale, s);
  case BPTT_LINEAR:
    return linear(p, target, scale, s);
  default:
    return absolute(p, target, scale, s);
  }
}

/* Outputs to each number of the target. */
static ptrdiff_t outputs_of(bptt_loss loss)
{
  switch (loss) {
  case BPTT_QUANTILE:
    return LEVELS;
  case BPTT_STUDENT_T:
    return 3;
  case BPTT_GAUSSIAN:
  case BPTT_NEGATIVE_BINOMIAL:
    return 2;
  default:
    return 1;
  }
}

/* Numbers of the target at one step of one sequence. */
static ptrdiff_t targets_of(const bptt_problem *p)
{
  return p->loss == BPTT_CROSS_ENTROPY ? 1 : p->O / outputs_of(p->loss);
}

/* --------------------------------------------------------------------- reference: backward */

/* Of a = W_x x_t + b, with da = dL/da: dW_x += da x_t',  db += da,  dx_t += W_x' da */
static void to_input(const layer *p, const variables *v, ptrdiff_t gate, const step *s,
                     const double *da, variables *d)
{
  add_outer_product(W_x(p, d, gate), da, s->x);
  add(b_h(p, d, gate), p->H, da);
  add_transposed_product(s->dx, W_x(p, v, gate), da);
}

/* Of W_h in, where `in` is h_{t-1} or r * h_{t-1}: dW_h += da in',  din += W_h' da */
static void to_recurrence(const layer *p, const variables *v, ptrdiff_t gate, const double *in,
                          const double *da, variables *d, double *din)
{
  add_outer_product(W_h(p, d, gate), da, in);
  add_transposed_product(din, W_h(p, v, gate), da);
}

/* Of a whole pre-activation. */
static void to_both(const layer *p, const variables *v, ptrdiff_t gate, const step *s,
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
static void rnn_backward(const layer *p, const variables *v, const step *s, variables *d,
                         backward_state *w)
{
  for (ptrdiff_t u = 0; u < p->H; u++) w->da[0][u] = w->dh[u] * slope(p->activation, s->h[u]);
  to_both(p, v, 0, s, w->da[0], d, w->dh_before);
}

/* dL/dc_t += dh * o * (1 - tanh(c_t)^2)          through h_t = o * tanh(c_t)
 * do = dh * tanh(c_t)
 * di = dc * g,  dg = dc * i,  df = dc * c_{t-1},  dL/dc_{t-1} = dc * f
 * da_i = di * i * (1 - i), da_f and da_o likewise;  da_g = dg * (1 - g^2) */
static void lstm_backward(const layer *p, const variables *v, const step *s, variables *d,
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
static void gru_backward(const layer *p, const variables *v, const step *s, variables *d,
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
static void backward(const layer *p, const variables *v, const step *s, variables *d,
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

/* A sequence on its way through the network. Steps are the sequence's own, from 0. */
typedef struct {
  const problem *q;
  results *r;
  ptrdiff_t b, L;
  step *step[MOST];         /* of each layer and direction, L */
  double *out[MOST_LAYERS]; /* what each layer puts out, both directions: at each step */
  double *dout[MOST_LAYERS];
  double *mask[MOST_LAYERS];
  double *in[MOST_LAYERS]; /* what each but the first is shown: mask * out of the one below */
  double *din[MOST_LAYERS];
  double *y, *dy; /* O at each step */
} sequence;

static ptrdiff_t width(const problem *q, int level)
{
  return q->shape.directions * q->layer[level * q->shape.directions].H;
}

/* Step t of the sequence as the layer `i` has it: before it comes that with t - 1, or t + 1 in the
 * reverse direction; before the first of them the initial states. */
static void make_step(host *h, sequence *s, int i, ptrdiff_t t, const step *before)
{
  const problem *q = s->q;
  const bptt_problem *p = &q->shape;
  const ptrdiff_t H = q->layer[i].H, D = q->layer[i].D, at = t * p->B + s->b;
  const int level = i / p->directions;
  double *room = zeros(h, (MOST_GATES + 6) * H);
  step *one = &s->step[i][t];
  for (int gate = 0; gate < MOST_GATES; gate++) one->gate[gate] = column(room, H, gate);
  one->h = column(room, H, MOST_GATES);
  one->c = column(room, H, MOST_GATES + 1);
  one->q = column(room, H, MOST_GATES + 2);
  one->rh = column(room, H, MOST_GATES + 3);
  one->h_before = before ? before->h : column(room, H, MOST_GATES + 4);
  one->c_before = before ? before->c : column(room, H, MOST_GATES + 5);
  if (!before && q->at[i].h0) add(one->h_before, H, column(q->at[i].h0, H, s->b));
  if (!before && q->at[i].c0) add(one->c_before, H, column(q->at[i].c0, H, s->b));
  one->x = level ? column(s->in[level], D, t) : column(q->x, D, at);
  one->dx = level ? column(s->din[level], D, t) : column(s->r->dx, D, at);
}

static double *copy(double *to, const double *from, ptrdiff_t n)
{
  return to ? memcpy(to, from, (size_t)n * sizeof *to) : NULL;
}

static void layer_forward(host *h, sequence *s, int i)
{
  const problem *q = s->q;
  const bptt_problem *p = &q->shape;
  const ptrdiff_t H = q->layer[i].H;
  const int level = i / p->directions, reverse = i % p->directions;
  const step *before = NULL;
  s->step[i] = host_alloc(h, (size_t)(s->L + 1) * sizeof(step));
  for (ptrdiff_t k = 0; k < s->L; k++) {
    const ptrdiff_t t = reverse ? s->L - 1 - k : k, at = t * p->B + s->b;
    step *one = &s->step[i][t];
    make_step(h, s, i, t, before);
    forward(&q->layer[i], &q->at[i], one);
    copy(column(s->out[level], width(q, level), t) + reverse * H, one->h, H);
    copy(column(s->r->h_all[i], H, at), one->h, H);
    copy(column(s->r->c_all[i], H, at), one->c, H);
    before = one;
  }
  const double *h_last = before ? before->h : column(q->at[i].h0, H, s->b);
  const double *c_last = before ? before->c : column(q->at[i].c0, H, s->b);
  if (h_last) copy(column(s->r->h_last[i], H, s->b), h_last, H);
  if (c_last) copy(column(s->r->c_last[i], H, s->b), c_last, H);
}

/* What the layer above `level` is shown. */
static void drop_out(sequence *s, int level)
{
  const bptt_problem *p = &s->q->shape;
  const ptrdiff_t n = width(s->q, level);
  for (ptrdiff_t t = 0; t < s->L; t++) {
    const uint64_t key = dropout_key(p->seed, level, s->b, p->first_step + t);
    for (ptrdiff_t u = 0; u < n; u++) {
      const uint64_t bits = dropout_bits(key, u) >> (u % 2 ? 32 : 0) & 0xffffffff;
      const bool out = bits < dropout_threshold(p->dropout);
      s->mask[level + 1][t * n + u] = out ? 0 : 1 / (1 - p->dropout);
      s->in[level + 1][t * n + u] = s->mask[level + 1][t * n + u] * s->out[level][t * n + u];
    }
  }
}

/* y_t = W_hy h_t + b_y, and the loss of these outputs. */
static void readout(const sequence *s, ptrdiff_t t)
{
  const problem *q = s->q;
  const bptt_problem *p = &q->shape;
  const ptrdiff_t O = p->O, n = width(q, p->layers - 1), at = (p->last ? 0 : t * p->B) + s->b;
  const double scale = p->scale * (q->weights ? q->weights[at] : 1);
  double *y = column(s->y, O, t);
  add(y, O, q->b_y);
  add_product(y, (matrix){q->W_hy, O, n, O}, column(s->out[p->layers - 1], n, t));
  s->r->loss +=
      loss_of(p, column(q->target, targets_of(p), at), scale, (outputs){y, column(s->dy, O, t)});
  copy(column(s->r->y, O, at), y, O);
}

static void forward_sequence(host *h, sequence *s)
{
  const bptt_problem *p = &s->q->shape;
  for (int level = 0; level < p->layers; level++) {
    const ptrdiff_t n = width(s->q, level) * (s->L + 1);
    s->out[level] = zeros(h, n);
    s->dout[level] = zeros(h, n);
    if (level + 1 < p->layers) {
      s->in[level + 1] = zeros(h, n);
      s->din[level + 1] = zeros(h, n);
      s->mask[level + 1] = zeros(h, n);
    }
    for (int d = 0; d < p->directions; d++) layer_forward(h, s, level * p->directions + d);
    if (level + 1 < p->layers) drop_out(s, level);
  }
  s->y = zeros(h, p->O * (s->L + 1));
  s->dy = zeros(h, p->O * (s->L + 1));
  for (ptrdiff_t t = p->last ? s->L - 1 : 0; t < s->L; t++) {
    if (t >= 0) readout(s, t);
  }
  for (ptrdiff_t t = 0; t < s->L; t++) {
    const ptrdiff_t n = width(s->q, p->layers - 1);
    copy(column(s->r->h, n, t * p->B + s->b), column(s->out[p->layers - 1], n, t), n);
  }
}

static double square_sum(const double *a, ptrdiff_t n)
{
  double sum = 0;
  for (ptrdiff_t i = 0; i < n; i++) sum += a[i] * a[i];
  return sum;
}

/* Squares of dL/dh_t, and of dL/dc_t = what step t + 1 has left + dL/dh_t * o * (1 - tanh(c_t)^2)
 */
static void add_norms(const layer *p, const step *s, const backward_state *w, ptrdiff_t t,
                      double *const *flow)
{
  flow[DH_NORM][t] += square_sum(w->dh, p->H);
  for (ptrdiff_t u = 0; p->cell == BPTT_LSTM && u < p->H; u++) {
    const double tanh_c = tanh(s->c[u]);
    const double dc = w->dc[u] + w->dh[u] * s->gate[OUTPUT][u] * (1 - tanh_c * tanh_c);
    flow[DC_NORM][t] += dc * dc;
  }
}

/* Square of all of dL/d(h, c). */
static double both_squares(const layer *p, const backward_state *w)
{
  return square_sum(w->dh, p->H) + square_sum(w->dc, p->H);
}

/* Steps start .. end - 1 of the layer `i` in its direction, from the gradients of what it puts
 * out. */
static void layer_back(host *h, const sequence *s, int i, ptrdiff_t start, ptrdiff_t end)
{
  const problem *q = s->q;
  const bptt_problem *p = &q->shape;
  const ptrdiff_t H = q->layer[i].H;
  const int level = i / p->directions, reverse = i % p->directions;
  variables *d = &s->r->d[i];
  backward_state w = {zeros(h, H), zeros(h, H), zeros(h, H), zeros(h, H),
                      {0},         zeros(h, H), zeros(h, H)};
  for (int gate = 0; gate < MOST_GATES; gate++) w.da[gate] = zeros(h, H);
  for (ptrdiff_t k = 0; k < end - start; k++) {
    const ptrdiff_t t = reverse ? start + k : end - 1 - k;
    const ptrdiff_t own = reverse ? s->L - 1 - t : t; /* in the direction's order */
    add(w.dh, H, column(s->dout[level], width(q, level), t) + reverse * H);
    add_norms(&q->layer[i], &s->step[i][t], &w, t, s->r->flow[i]);
    s->r->all[i][own] += both_squares(&q->layer[i], &w);
    backward(&q->layer[i], &q->at[i], &s->step[i][t], d, &w);
    s->r->flow[i][GAIN][own] += both_squares(&q->layer[i], &w);
  }
  if (reverse ? end < s->L : start > 0) return;
  add(column(d->h0, H, s->b), H, w.dh);
  if (d->c0) add(column(d->c0, H, s->b), H, w.dc);
}

/* The loss of steps first .. end - 1 back through steps start .. end - 1. */
static void backward_window(host *h, const sequence *s, ptrdiff_t start, ptrdiff_t first,
                            ptrdiff_t end)
{
  const problem *q = s->q;
  const bptt_problem *p = &q->shape;
  for (int level = p->layers - 1; level >= 0; level--) {
    const ptrdiff_t n = width(q, level);
    memset(s->dout[level], 0, (size_t)(n * s->L) * sizeof(double));
    for (ptrdiff_t t = start; t < end; t++) {
      double *dout = column(s->dout[level], n, t);
      if (level + 1 < p->layers) {
        for (ptrdiff_t u = 0; u < n; u++) {
          dout[u] = s->mask[level + 1][t * n + u] * s->din[level + 1][t * n + u];
        }
      } else if (t >= first) {
        add_transposed_product(dout, (matrix){q->W_hy, p->O, n, p->O}, column(s->dy, p->O, t));
      }
    }
    if (level) memset(s->din[level], 0, (size_t)(width(q, level - 1) * s->L) * sizeof(double));
    for (int d = 0; d < p->directions; d++) {
      layer_back(h, s, level * p->directions + d, start, end);
    }
  }
}

/* Windows of truncated backpropagation through time: the loss of each k1 steps goes back through
 * them and the k2 - k1 steps before (Williams & Peng 1990). The readout is not truncated:
 * dW_hy = sum_t dy_t h_t',  db_y = sum_t dy_t. */
static void backward_sequence(host *h, const sequence *s)
{
  const bptt_problem *p = &s->q->shape;
  const ptrdiff_t before = p->k2 - p->k1, n = width(s->q, p->layers - 1);
  for (ptrdiff_t t = 0; t < s->L; t++) {
    add_outer_product((matrix){s->r->dW_hy, p->O, n, p->O}, column(s->dy, p->O, t),
                      column(s->out[p->layers - 1], n, t));
    add(s->r->db_y, p->O, column(s->dy, p->O, t));
  }
  for (ptrdiff_t first = 0, end; first < s->L; first = end) {
    end = first + smaller(p->k1, s->L - first);
    backward_window(h, s, first - smaller(before, first), first, end);
  }
}

/* Squares become norms. Beyond the longest sequence there are none, not even 0 / 0. */
static void end_flow(results *r, int i, ptrdiff_t longest)
{
  for (ptrdiff_t t = 0; t < longest; t++) {
    r->flow[i][DH_NORM][t] = sqrt(r->flow[i][DH_NORM][t]);
    r->flow[i][DC_NORM][t] = sqrt(r->flow[i][DC_NORM][t]);
    r->flow[i][GAIN][t] = sqrt(r->flow[i][GAIN][t]) / sqrt(r->all[i][t]);
  }
}

static results reference(host *h, const problem *q)
{
  const bptt_problem *p = &q->shape;
  const ptrdiff_t O = p->O, B = p->B, BT = B * p->T, n = width(q, p->layers - 1);
  results r = {.y = filled(h, O * (p->last ? B : BT), NAN), /* beyond the end of a sequence */
               .h = filled(h, n * BT, NAN),
               .dW_hy = zeros(h, O * n),
               .db_y = zeros(h, O),
               .dx = zeros(h, p->D * BT)};
  ptrdiff_t longest = 0;
  for (int i = 0; i < p->layers * p->directions; i++) {
    const layer *l = &q->layer[i];
    const bool lstm = l->cell == BPTT_LSTM;
    const ptrdiff_t H = l->H, GH = gates(l) * H;
    r.d[i] = (variables){.W_xh = zeros(h, GH * l->D),
                         .W_hh = zeros(h, GH * H),
                         .b_h = zeros(h, GH),
                         .b_hn = has_b_hn(l) ? zeros(h, H) : NULL,
                         .h0 = zeros(h, H * B),
                         .c0 = lstm ? zeros(h, H * B) : NULL};
    r.h_last[i] = zeros(h, H * B);
    r.c_last[i] = lstm ? zeros(h, H * B) : NULL;
    r.h_all[i] = filled(h, H * BT, NAN);
    r.c_all[i] = lstm ? filled(h, H * BT, NAN) : NULL;
    for (int f = 0; f < FLOWS; f++) r.flow[i][f] = zeros(h, p->T);
    r.all[i] = zeros(h, p->T);
  }
  for (ptrdiff_t b = 0; b < B; b++) {
    sequence s = {.q = q, .r = &r, .b = b, .L = p->length[b]};
    forward_sequence(h, &s);
    backward_sequence(h, &s);
    longest = s.L > longest ? s.L : longest;
  }
  for (int i = 0; i < p->layers * p->directions; i++) end_flow(&r, i, longest);
  return r;
}

/* -------------------------------------------------------------------- problems at random */

/* What a problem's number decides: every kind of network with every kind of size with every kind
 * of truncation, twice. The rest is left to chance. */
enum { KINDS = 7, SIZES = 4, TRUNCATIONS = 3, PROBLEMS = 4 * KINDS * SIZES * TRUNCATIONS };

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
  static const double levels[LEVELS] = {.05, .3, .5, .9};
  p->cell = cells[kind].cell;
  p->activation = cells[kind].activation;
  p->reset = cells[kind].reset;
  /* Half of them are the two that the kernels compute themselves. */
  p->loss = (bptt_loss)whole(0, BPTT_LINEAR);
  if (one_in(2)) p->loss = one_in(2) ? BPTT_MSE : BPTT_CROSS_ENTROPY;
  p->delta = 0.3;
  p->levels = levels;
  p->level_count = LEVELS;
  p->last = one_in(4);
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
  p->O = size == WIDE ? wide() : whole(1, 6);
  p->O = (p->O + outputs_of(p->loss) - 1) / outputs_of(p->loss) * outputs_of(p->loss);
  p->B = size == MANY_SEQUENCES ? whole(10, 40) : whole(1, size == WIDE ? 6 : 4);
  p->T = size == MANY_SEQUENCES ? whole(1, 12) : whole(1, size == WIDE ? 4 : 20);
  if (one_in(8)) p->T = 1;
  if (one_in(6)) p->B = 1;
  /* More than two segments (of 512 real steps), be it with one sequence or with several. */
  if (size == MANY_STEPS) p->T = whole(1200, 1500) / p->B;
}

/* One layer in one direction, every other time. */
static void choose_layers(problem *q, int size)
{
  bptt_problem *p = &q->shape;
  p->layers = one_in(2) ? 1 : (int)whole(1, MOST_LAYERS);
  p->directions = one_in(2) ? 1 : (int)whole(1, 2);
  if (p->layers > 1 && one_in(2)) p->dropout = 0.4;
  p->seed = (double)whole(0, 1000);
  p->first_step = whole(0, 1) * whole(0, 9);
  for (int i = 0; i < p->layers * p->directions; i++) {
    const bool reverse = i % p->directions;
    layer *l = &q->layer[i];
    *l = (layer){.cell = p->cell, .activation = p->activation, .reset = p->reset};
    l->H = reverse        ? q->layer[i - 1].H
           : size == WIDE ? wide()
                          : whole(1, size == MANY_STEPS ? 12 : 34);
    l->D = i < p->directions ? p->D : p->directions * q->layer[i - p->directions].H;
  }
}

static void choose_truncation(bptt_problem *p, int truncation, int size)
{
  const ptrdiff_t T = p->T, rarely = size == MANY_STEPS ? 20 : T;
  p->k1 = p->k2 = one_in(2) ? T : PTRDIFF_MAX;
  if (truncation == 0) return;
  p->k1 = p->k2 = size == MANY_STEPS ? whole(1, 60) : whole(1, T);
  if (truncation == 1 || p->directions == 2) return;
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
static void spoil_rest(const problem *q)
{
  const bptt_problem *p = &q->shape;
  for (ptrdiff_t b = 0; b < p->B; b++) {
    for (ptrdiff_t t = p->length[b]; t < p->T; t++) {
      const ptrdiff_t at = t * p->B + b;
      for (ptrdiff_t i = 0; i < p->D; i++) column(q->x, p->D, at)[i] = NAN;
      for (ptrdiff_t i = 0; i < targets_of(p) && !p->last; i++) {
        column(q->target, targets_of(p), at)[i] = 1e9;
      }
    }
  }
}

static double *choose_targets(host *h, const bptt_problem *p)
{
  const ptrdiff_t n = targets_of(p) * p->B * (p->last ? 1 : p->T);
  double *target = numbers(h, n, 1);
  const int missing = (int)whole(0, 15); /* none: 0 to 4, all: 15 */
  for (ptrdiff_t i = 0; i < n; i++) {
    if (p->loss == BPTT_CROSS_ENTROPY) target[i] = (double)whole(1, p->O);
    if (p->loss == BPTT_BINARY_CROSS_ENTROPY) target[i] = fabs(target[i]);
    if (p->loss == BPTT_NEGATIVE_BINOMIAL) target[i] = floor(fabs(target[i]) * 30);
    if (p->loss == BPTT_LINEAR) continue; /* dL/dy has none missing */
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
  choose_layers(&q, size);
  choose_truncation(p, number / (KINDS * SIZES) % TRUNCATIONS, size);
  p->length = choose_lengths(h, p);

  /* A state without a bound must not grow over many steps. */
  const bool bounded = p->activation == BPTT_TANH || p->activation == BPTT_SIGMOID;
  for (int i = 0; i < p->layers * p->directions; i++) {
    const layer *l = &q.layer[i];
    const double H = (double)l->H, recurrent = bounded ? 0.8 / sqrt(H) : 0.9 / H;
    const ptrdiff_t GH = gates(l) * l->H;
    q.at[i] = (variables){.W_xh = numbers(h, GH * l->D, 1 / sqrt((double)l->D)),
                          .W_hh = numbers(h, GH * l->H, recurrent),
                          .b_h = numbers(h, GH, 0.5),
                          .b_hn = has_b_hn(l) ? numbers(h, l->H, 0.5) : NULL,
                          .h0 = one_in(2) ? numbers(h, l->H * p->B, 1) : NULL};
    if (p->cell == BPTT_LSTM && one_in(2)) q.at[i].c0 = numbers(h, l->H * p->B, 1);
  }
  const ptrdiff_t n = width(&q, p->layers - 1), steps = p->B * (p->last ? 1 : p->T);
  q.W_hy = numbers(h, p->O * n, 1 / sqrt((double)n));
  q.b_y = numbers(h, p->O, 0.5);
  q.x = numbers(h, p->D * p->B * p->T, 1);
  q.target = choose_targets(h, p);
  if (one_in(4)) q.weights = numbers(h, steps, 0.5);
  for (ptrdiff_t i = 0; q.weights && i < steps; i++) q.weights[i] += 0.5;
  if (p->loss == BPTT_CROSS_ENTROPY && one_in(2)) {
    q.class_weights = numbers(h, p->O, 0.5);
    for (ptrdiff_t o = 0; o < p->O; o++) q.class_weights[o] += 0.5;
    p->class_weights = q.class_weights;
  }
  spoil_rest(&q);
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

/* Largest error relative to the largest magnitude; Inf where only one is NaN. What has all but
 * vanished is not judged by what is left of its digits. */
static double distance(bptt_dtype dtype, const void *got, const double *want, ptrdiff_t n)
{
  double error = 0, magnitude = dtype == BPTT_F64 ? 1e-290 : 1e-30;
  for (ptrdiff_t i = 0; i < n; i++) {
    const double v = dtype == BPTT_F64 ? ((const double *)got)[i] : (double)((const float *)got)[i];
    if (isnan(v) != isnan(want[i])) return INFINITY;
    if (isnan(want[i])) continue;
    error = fmax(error, fabs(v - want[i]));
    magnitude = fmax(magnitude, fabs(want[i]));
  }
  return error / magnitude;
}

static double tolerance_of(bptt_dtype dtype)
{
  return dtype == BPTT_F64 ? 1e-12 : 1e-3;
}

static void describe(const problem *q)
{
  static const char *const cells[] = {"rnn", "gru", "lstm"};
  static const char *const activations[] = {"tanh", "relu", "sigmoid", "identity"};
  static const char *const resets[] = {"after", "before"};
  const bptt_problem *p = &q->shape;
  printf("  %s %s, reset %s, loss %d, D %td, O %td, B %td, T %td, k1 %td, k2 %td,%s dropout %g, H",
         cells[p->cell], activations[p->activation], resets[p->reset], p->loss, p->D, p->O, p->B,
         p->T, p->k1, p->k2, p->last ? " last," : "", p->dropout);
  for (int i = 0; i < p->layers * p->directions; i++) {
    printf(" %td%s%s", q->layer[i].H, q->at[i].h0 ? " h0" : "", q->at[i].c0 ? " c0" : "");
  }
  printf(" (%d directions), lengths", p->directions);
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
  WANT_ALL_STATES = 16,
  WANT_FORWARD = 31,
  WANT_WEIGHTS = 32,
  WANT_DX = 64,
  WANT_DH0 = 128,
  WANT_DC0 = 256,
  WANT_FLOW = 512,
  WANT_ALL = 1023
};

typedef struct {
  const char *name;
  int set;
  void **place;           /* in the problem */
  const double *expected; /* NULL: the cell has no such thing */
  ptrdiff_t n;
} output;

enum { OF_LAYER = 10, OF_NETWORK = 5, MOST_OUTPUTS = MOST * OF_LAYER + OF_NETWORK };

/* Those of p, in their places there; returns how many. */
static int list_outputs(output *list, bptt_problem *p, const problem *q, const results *r)
{
  const ptrdiff_t D = p->D, O = p->O, B = p->B, T = p->T, n = width(q, p->layers - 1);
  const output all[OF_NETWORK] = {{"y", WANT_Y, &p->y, r->y, O * B * (p->last ? 1 : T)},
                                  {"h", WANT_H, &p->h, r->h, n * B * T},
                                  {"dW_hy", WANT_WEIGHTS, &p->dW_hy, r->dW_hy, O * n},
                                  {"db_y", WANT_WEIGHTS, &p->db_y, r->db_y, O},
                                  {"dx", WANT_DX, &p->dx, r->dx, D * B * T}};
  const int layers = p->layers * p->directions;
  for (int i = 0; i < layers; i++) {
    const ptrdiff_t H = q->layer[i].H, GH = gates(&q->layer[i]) * H;
    bptt_layer *l = &p->layer[i];
    const output own[OF_LAYER] = {
        {"h_last", WANT_H_LAST, &l->h_last, r->h_last[i], H * B},
        {"c_last", WANT_C_LAST, &l->c_last, r->c_last[i], H * B},
        {"h_all", WANT_ALL_STATES, &l->h_all, r->h_all[i], H * B * T},
        {"c_all", WANT_ALL_STATES, &l->c_all, r->c_all[i], H * B * T},
        {"dW_xh", WANT_WEIGHTS, &l->dW_xh, r->d[i].W_xh, GH * q->layer[i].D},
        {"dW_hh", WANT_WEIGHTS, &l->dW_hh, r->d[i].W_hh, GH * H},
        {"db_h", WANT_WEIGHTS, &l->db_h, r->d[i].b_h, GH},
        {"db_hn", WANT_WEIGHTS, &l->db_hn, r->d[i].b_hn, H},
        {"dh0", WANT_DH0, &l->dh0, r->d[i].h0, H * B},
        {"dc0", WANT_DC0, &l->dc0, r->d[i].c0, H * B}};
    memcpy(list + i * OF_LAYER, own, sizeof own);
  }
  memcpy(list + layers * OF_LAYER, all, sizeof all);
  return layers * OF_LAYER + OF_NETWORK;
}

/* Of a gradient that vanishes over many steps, single precision does not see the end. */
static bool has_flow(const bptt_problem *p)
{
  return p->k1 >= p->T && p->T < 100;
}

static void want_flow(host *h, bptt_problem *p)
{
  for (int i = 0; i < p->layers * p->directions; i++) {
    bptt_layer *l = &p->layer[i];
    l->dh_norm = output_room(h, BPTT_F64, p->T);
    if (p->cell == BPTT_LSTM) l->dc_norm = output_room(h, BPTT_F64, p->T);
    l->gain = output_room(h, BPTT_F64, p->T);
  }
}

static void list_flow(const double **list, const bptt_layer *l)
{
  list[DH_NORM] = l->dh_norm;
  list[DC_NORM] = l->dc_norm;
  list[GAIN] = l->gain;
}

/* The problem as the kernels take it; `layer` is room for its layers. */
static bptt_problem make_inputs(host *h, const problem *q, bptt_dtype dtype, bool with_target,
                                bptt_layer *layer)
{
  bptt_problem p = q->shape;
  const ptrdiff_t O = p.O, B = p.B, T = p.T, steps = B * (p.last ? 1 : T);
  bool full = true;
  for (ptrdiff_t b = 0; b < B; b++) full = full && p.length[b] == T;
  if (full && one_in(2)) p.length = NULL;
  p.layer = layer;
  for (int i = 0; i < p.layers * p.directions; i++) {
    const ptrdiff_t H = q->layer[i].H, GH = gates(&q->layer[i]) * H;
    const variables *v = &q->at[i];
    layer[i] = (bptt_layer){.H = H,
                            .W_xh = input(h, dtype, v->W_xh, GH * q->layer[i].D),
                            .W_hh = input(h, dtype, v->W_hh, GH * H),
                            .b_h = input(h, dtype, v->b_h, GH),
                            .b_hn = input(h, dtype, v->b_hn, H),
                            .h0 = input(h, dtype, v->h0, H * B),
                            .c0 = input(h, dtype, v->c0, H * B)};
  }
  p.W_hy = input(h, dtype, q->W_hy, O * width(q, p.layers - 1));
  p.b_y = input(h, dtype, q->b_y, O);
  p.x = input(h, dtype, q->x, p.D * B * T);
  p.target = with_target ? input(h, dtype, q->target, targets_of(&p) * steps) : NULL;
  p.weights = input(h, dtype, q->weights, steps);
  p.class_weights = input(h, dtype, q->class_weights, O);
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

static void check_flow(const problem *q, const results *r, const way *w, const bptt_problem *p)
{
  static const char *const names[FLOWS] = {"dh_norm", "dc_norm", "gain"};
  const double tolerance = tolerance_of(w->dtype);
  for (int i = 0; i < p->layers * p->directions; i++) {
    const double *got[FLOWS];
    list_flow(got, &p->layer[i]);
    for (int f = 0; f < FLOWS; f++) {
      if (!got[f]) continue;
      const double error = distance(BPTT_F64, got[f], r->flow[i][f], p->T);
      check(error <= tolerance, q, w, names[f], error);
      check(guards_hold(BPTT_F64, got[f], p->T), q, w, "written outside an array", f);
    }
  }
}

static void check_same_flow(const problem *q, const way *w, const bptt_problem *p,
                            const bptt_problem *first)
{
  for (int i = 0; i < p->layers * p->directions; i++) {
    const double *got[FLOWS], *want[FLOWS];
    list_flow(got, &p->layer[i]);
    list_flow(want, &first->layer[i]);
    for (int f = 0; f < FLOWS; f++) {
      const size_t bytes = bytes_of(BPTT_F64, p->T);
      if (want[f]) check(memcmp(got[f], want[f], bytes) == 0, q, w, "other bits of the flow", f);
    }
  }
}

/* The same with more threads, and computed again on the way back. */
static void check_same_bits(host *h, const problem *q, const results *r, const way *w,
                            const bptt_problem *first, int threads, int recompute)
{
  bptt_problem p = *first;
  bptt_layer layer[MOST];
  output list[MOST_OUTPUTS];
  const void *want[MOST_OUTPUTS];
  memcpy(layer, first->layer, sizeof layer);
  p.layer = layer;
  const int outputs = list_outputs(list, &p, q, r);
  for (int i = 0; i < outputs; i++) {
    want[i] = *list[i].place;
    if (want[i]) *list[i].place = output_room(h, w->dtype, list[i].n);
  }
  if (layer[0].gain) want_flow(h, &p);
  p.threads = threads;
  p.recompute = recompute;
  p.loss_value = -1;
  p.bad_forward = p.bad_backward = -1;
  check(run(&p, w->dtype) == BPTT_OK, q, w, "status again, with threads", threads);
  for (int i = 0; i < outputs; i++) {
    const void *got = *list[i].place;
    if (!got) continue;
    const bool same = memcmp(got, want[i], bytes_of(w->dtype, list[i].n)) == 0;
    if (!same) printf("%s\n", list[i].name);
    check(same, q, w, recompute ? "other bits computed again" : "other bits with threads", threads);
    if (!guards_hold(w->dtype, got, list[i].n)) check(false, q, w, "written outside an array", i);
  }
  check_same_flow(q, w, &p, first);
  check(memcmp(&p.loss_value, &first->loss_value, sizeof p.loss_value) == 0, q, w,
        "loss_value with threads", p.loss_value - first->loss_value);
  check(p.bad_forward == 0 && p.bad_backward == 0, q, w, "bad steps with threads", threads);
}

static void check_way(const problem *q, const results *r, const way *w)
{
  const double tolerance = tolerance_of(w->dtype);
  const bool with_target = !one_in(8);
  const int wanted = choose_wanted(with_target);
  const double loss = with_target ? r->loss : 0;
  host h;
  host_open(&h, BPTT_R);
  bptt_layer layer[MOST];
  bptt_problem p = make_inputs(&h, q, w->dtype, with_target, layer);
  output list[MOST_OUTPUTS];
  const int outputs = list_outputs(list, &p, q, r);
  for (int i = 0; i < outputs; i++) {
    const bool want = list[i].expected && (wanted & list[i].set);
    if (want) *list[i].place = output_room(&h, w->dtype, list[i].n);
  }
  if ((wanted & WANT_FLOW) && has_flow(&p)) want_flow(&h, &p);

  check(run(&p, w->dtype) == BPTT_OK, q, w, "status", 0);
  for (int i = 0; i < outputs; i++) {
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
  check_flow(q, r, w, &p);
  check_same_bits(&h, q, r, w, &p, 2, 0);
  check_same_bits(&h, q, r, w, &p, 3, 0);
  if (p.directions == 1) check_same_bits(&h, q, r, w, &p, one_in(2) ? 1 : 2, 1);
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

/* ------------------------------------------------------------------------- not finite */

/* x has a NaN at step t of sequence b, and nothing is truncated or dropped: what is wrong first, on
 * the way forward and on the way back, where the reverse direction comes first, from its end. */
static void check_not_finite(const problem *q, const way *w, ptrdiff_t b, ptrdiff_t t)
{
  host h;
  host_open(&h, BPTT_R);
  bptt_layer layer[MOST];
  output list[MOST_OUTPUTS];
  bptt_problem p = make_inputs(&h, q, w->dtype, true, layer);
  const bool both = p.directions == 2, at_once = both && (p.layers > 1 || !p.last);
  const results none = {.loss = 0};
  const int outputs = list_outputs(list, &p, q, &none);
  for (int i = 0; i < outputs; i++) {
    if (list[i].set == WANT_WEIGHTS) *list[i].place = output_room(&h, w->dtype, list[i].n);
  }
  for (int i = 0; i < p.layers * p.directions; i++) {
    if (!has_b_hn(&q->layer[i])) layer[i].db_hn = NULL;
  }
  p.threads = (int)whole(1, 2);
  p.recompute = !both && one_in(2);
  check(run(&p, w->dtype) == BPTT_OK, q, w, "status of what is not finite", 0);
  check(p.bad_forward == (at_once ? 1 : t + 1), q, w, "bad_forward", (double)p.bad_forward);
  check(p.bad_backward == (both ? 1 : q->shape.length[b]), q, w, "bad_backward",
        (double)p.bad_backward);
  host_close(&h);
}

static void check_poisoned(int number)
{
  host h;
  host_open(&h, BPTT_R);
  problem q = choose_problem(&h, number);
  bptt_problem *p = &q.shape;
  const ptrdiff_t b = whole(0, p->B - 1), L = p->length[b];
  /* To relu NaN is 0; the identity does without the state on its way back. */
  const bool kept =
      p->cell != BPTT_RNN || p->activation == BPTT_TANH || p->activation == BPTT_SIGMOID;
  const ptrdiff_t t = L > 0 ? whole(0, L - 1) : 0;
  p->dropout = 0;
  p->k1 = p->k2 = p->T;
  column(q.x, p->D, t * p->B + b)[whole(0, p->D - 1)] = NAN;
  for (int i = 0; L > 0 && kept && i < HOST_ISAS; i++) {
    if (!host_use_isa(host_isa[i])) continue;
    for (int dtype = BPTT_F64; dtype <= BPTT_F32; dtype++) {
      const way w = {host_isa[i], (bptt_dtype)dtype};
      check_not_finite(&q, &w, b, t);
    }
  }
  host_close(&h);
}

int main(int argc, char **argv)
{
  const int first = argc > 1 ? atoi(argv[1]) : 0;
  const int count = argc > 2 ? atoi(argv[2]) : PROBLEMS;
  bptt_load();
  for (int i = 0; i < count; i++) {
    check_problem(first + i);
    check_poisoned(first + i);
  }
  bptt_release();
  printf("%d passed, %d failed\n", passed, failed);
  return failed > 0 || passed == 0;
}

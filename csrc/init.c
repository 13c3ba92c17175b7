/* init.c -- the weights of a new network.
 *
 * The same seed gives the same bits wherever this runs. So the generator is our own, normal
 * numbers are made without a libm function, and the orthogonal matrix comes from plain loops
 * rather than LAPACK: neither libm nor a user's BLAS may change the weights. (Only the biases of
 * `chrono` are logarithms, which are libm's.) */
#include "init.h"
#include <math.h>
#include <string.h>

/* A fused multiply-add would round differently. */
#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#elif defined(__GNUC__)
#pragma GCC optimize("fp-contract=off")
#endif
#include "random.h"

/* ---------------------------------------------------------------------------- weights */

/* Gate by gate: a matrix of `height` rows is a stack of blocks of rows x cols. */
typedef struct {
  double *W;
  ptrdiff_t height, rows, cols;
} blocks;

static void fill_uniform(generator *g, const blocks *b, double limit)
{
  for (double *block = b->W; block < b->W + b->height; block += b->rows) {
    for (ptrdiff_t j = 0; j < b->cols; j++) {
      for (ptrdiff_t i = 0; i < b->rows; i++) {
        block[i + j * b->height] = limit * (2.0 * uniform(g) - 1.0);
      }
    }
  }
}

static void fill_identity(const blocks *b)
{
  for (ptrdiff_t j = 0; j < b->cols; j++) {
    for (ptrdiff_t i = 0; i < b->height; i++) b->W[i + j * b->height] = i % b->rows == j;
  }
}

/* Four sums side by side, for speed; always in the same order, for the same bits. */
static double dot(const double *a, const double *b, ptrdiff_t n)
{
  double s[4] = {0, 0, 0, 0};
  ptrdiff_t i = 0;
  for (; i + 4 <= n; i += 4) {
    for (int k = 0; k < 4; k++) s[k] += a[i + k] * b[i + k];
  }
  for (; i < n; i++) s[0] += a[i] * b[i];
  return (s[0] + s[1]) + (s[2] + s[3]);
}

/* Makes v orthogonal to the columns of Q. Done twice it is so to the last digits. */
static void project_out(double *v, const double *Q, ptrdiff_t columns, ptrdiff_t n)
{
  for (ptrdiff_t j = 0; j < columns; j++) {
    const double *q = Q + j * n;
    double along = dot(q, v, n);
    for (ptrdiff_t i = 0; i < n; i++) v[i] -= along * q[i];
  }
}

/* Gram-Schmidt on random columns: n x m with orthonormal columns, n >= m. A column that happens to
 * lie in the space of those before it is drawn again. */
static bptt_status draw_orthogonal(generator *g, double *Q, ptrdiff_t n, ptrdiff_t m,
                                   const bptt_host *host)
{
  for (ptrdiff_t j = 0; j < m;) {
    double *v = Q + j * n;
    for (ptrdiff_t i = 0; i < n; i++) v[i] = nearly_normal(g);
    project_out(v, Q, j, n);
    project_out(v, Q, j, n);
    double norm = sqrt(dot(v, v, n));
    if (norm < 1e-6) continue;
    for (ptrdiff_t i = 0; i < n; i++) v[i] /= norm;
    j++;
    if (j % 32 == 0 && host->poll && host->poll(host->context)) return BPTT_EINTERRUPT;
  }
  return BPTT_OK;
}

/* A block that is not square has orthonormal columns or rows, whichever are fewer. */
static bptt_status fill_orthogonal(generator *g, const blocks *b, double *Q, const bptt_host *host)
{
  bool tall = b->rows >= b->cols;
  ptrdiff_t n = tall ? b->rows : b->cols, m = tall ? b->cols : b->rows;
  for (double *block = b->W; block < b->W + b->height; block += b->rows) {
    if (draw_orthogonal(g, Q, n, m, host) != BPTT_OK) return BPTT_EINTERRUPT;
    for (ptrdiff_t j = 0; j < b->cols; j++) {
      for (ptrdiff_t i = 0; i < b->rows; i++) {
        block[i + j * b->height] = tall ? Q[i + j * n] : Q[j + i * n];
      }
    }
  }
  return BPTT_OK;
}

/*   glorot       uniform within sqrt(6 / (rows + cols)) of 0   (Glorot and Bengio 2010)
 *   he           uniform within sqrt(6 / cols) of 0            (He et al. 2015)
 *   orthogonal                                                 (Saxe et al. 2014)
 *   identity                                                   (Le et al. 2015) */
static bptt_status fill_matrix(generator *g, const blocks *b, init_method method, double *Q,
                               const bptt_host *host)
{
  switch (method) {
  case INIT_GLOROT:
    fill_uniform(g, b, sqrt(6.0 / (double)(b->rows + b->cols)));
    return BPTT_OK;
  case INIT_HE:
    fill_uniform(g, b, sqrt(6.0 / (double)b->cols));
    return BPTT_OK;
  case INIT_ORTHOGONAL:
    return fill_orthogonal(g, b, Q, host);
  case INIT_IDENTITY:
    break;
  }
  fill_identity(b);
  return BPTT_OK;
}

/* Gates that hold the state for u steps, u uniform on [1, T - 1) (Tallec and Ollivier 2018):
 * b_f = log u, b_i = -log u; of a gru, whose z is the share of the old state, b_z = log u. */
static void fill_chrono(generator *g, const network *n, double *b, ptrdiff_t H, double longest)
{
  for (ptrdiff_t i = 0; i < H; i++) {
    double hold = log(1 + (longest - 2) * uniform(g));
    b[H + i] = hold; /* f of an lstm, z of a gru */
    if (n->cell == BPTT_LSTM) b[i] = -hold;
  }
}

/* An lstm remembers at first: Jozefowicz et al. 2015. */
static void fill_bias(generator *g, const network *n, const parameter *p, const init_options *o,
                      double *b)
{
  ptrdiff_t H = n->H[p->layer];
  memset(b, 0, (size_t)p->rows * sizeof *b);
  if (p->role != ROLE_B_H) return;
  if (o->chrono > 0) {
    fill_chrono(g, n, b, H, o->chrono);
  } else if (n->cell == BPTT_LSTM) {
    for (ptrdiff_t i = 0; i < H; i++) b[H + i] = o->forget_bias;
  }
}

static init_method method_of(const parameter *p, const init_options *o)
{
  return p->role == ROLE_W_XH ? o->input : p->role == ROLE_W_HH ? o->recurrent : INIT_GLOROT;
}

static blocks blocks_of(const network *n, const parameter *p, double *W)
{
  return (blocks){W, p->rows, p->role == ROLE_W_HY ? p->rows : n->H[p->layer], p->cols};
}

bool init_check(bptt_error *error, const network *n, const init_options *o)
{
  const phrase forget_bias = say_number(o->forget_bias);
  if (o->forget_bias != 1 && n->cell != BPTT_LSTM) {
    return wrong(error, place_of("forget_bias"), forget_bias.s,
                 "1, as only cell \"lstm\" has a forget gate");
  }
  if (o->forget_bias != 1 && o->chrono > 0) {
    return wrong(error, place_of("forget_bias"), forget_bias.s, "1, as `chrono` sets that bias");
  }
  return o->chrono == 0 || n->cell != BPTT_RNN ||
         wrong(error, place_of("chrono"), say_number(o->chrono).s,
               "none, as cell \"rnn\" has no gates");
}

bool init_scratch(const network *n, const init_options *o, ptrdiff_t *count)
{
  *count = 0;
  for (int i = 0; i < n->parameters; i++) {
    const parameter *p = &n->parameter[i];
    ptrdiff_t size;
    if (p->bias || method_of(p, o) != INIT_ORTHOGONAL) continue;
    if (!product(n->H[p->layer], p->cols, &size)) return false;
    if (size > *count) *count = size;
  }
  return true;
}

bptt_status init_parameters(const network *n, const init_options *o, double *const *param,
                            double *scratch, const bptt_host *host)
{
  generator g = seeded((uint64_t)o->seed);
  for (int i = 0; i < n->parameters; i++) {
    const parameter *p = &n->parameter[i];
    const blocks b = blocks_of(n, p, param[i]);
    if (p->bias) {
      fill_bias(&g, n, p, o, param[i]);
    } else if (fill_matrix(&g, &b, method_of(p, o), scratch, host) != BPTT_OK) {
      return BPTT_EINTERRUPT;
    }
  }
  return BPTT_OK;
}

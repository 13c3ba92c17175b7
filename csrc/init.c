/* init.c -- the weights of a new network.
 *
 * The same seed gives the same bits wherever this runs. So the generator is our own, normal
 * numbers are made without a libm function, and the orthogonal matrix comes from plain loops
 * rather than LAPACK: neither libm nor a user's BLAS may change the weights. */
#include "init.h"
#include <math.h>
#include <stdint.h>
#include <string.h>

/* A fused multiply-add would round differently. */
#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#elif defined(__GNUC__)
#pragma GCC optimize("fp-contract=off")
#endif

/* -------------------------------------------------------------------------- generator */

/* xoshiro256++ (Blackman and Vigna 2021, ACM Trans. Math. Softw. 47:36), its state filled by
 * splitmix64 (Steele, Lea and Flood 2014). */
typedef struct {
  uint64_t s[4];
} generator;

static generator seeded(uint64_t seed)
{
  generator g;
  for (int i = 0; i < 4; i++) {
    uint64_t z = (seed += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    g.s[i] = z ^ (z >> 31);
  }
  return g;
}

static uint64_t rotate(uint64_t x, int k)
{
  return (x << k) | (x >> (64 - k));
}

static uint64_t next(generator *g)
{
  uint64_t *s = g->s, result = rotate(s[0] + s[3], 23) + s[0], t = s[1] << 17;
  s[2] ^= s[0];
  s[3] ^= s[1];
  s[1] ^= s[2];
  s[0] ^= s[3];
  s[2] ^= t;
  s[3] = rotate(s[3], 45);
  return result;
}

/* From [0, 1). */
static double uniform(generator *g)
{
  return (double)(next(g) >> 11) * 0x1p-53;
}

/* Close to normal: the sum of 12 uniform numbers has variance 1. */
static double nearly_normal(generator *g)
{
  double sum = -6;
  for (int i = 0; i < 12; i++) sum += uniform(g);
  return sum;
}

/* ---------------------------------------------------------------------------- weights */

/* Glorot and Bengio 2010, gate by gate: a block is rows x cols of a matrix with `height` rows. */
static void fill_glorot(generator *g, double *W, ptrdiff_t height, ptrdiff_t rows, ptrdiff_t cols)
{
  double limit = sqrt(6.0 / (double)(rows + cols));
  for (double *block = W; block < W + height; block += rows) {
    for (ptrdiff_t j = 0; j < cols; j++) {
      for (ptrdiff_t i = 0; i < rows; i++) {
        block[i + j * height] = limit * (2.0 * uniform(g) - 1.0);
      }
    }
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

/* Gram-Schmidt on random columns: an orthogonal n x n matrix. A column that happens to lie in
 * the space of those before it is drawn again. */
static bptt_status draw_orthogonal(generator *g, double *Q, ptrdiff_t n, const bptt_host *host)
{
  for (ptrdiff_t j = 0; j < n;) {
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

static bptt_status fill_orthogonal(generator *g, double *W, ptrdiff_t height, ptrdiff_t n,
                                   double *Q, const bptt_host *host)
{
  for (double *block = W; block < W + height; block += n) {
    if (draw_orthogonal(g, Q, n, host) != BPTT_OK) return BPTT_EINTERRUPT;
    for (ptrdiff_t j = 0; j < n; j++) {
      memcpy(block + j * height, Q + j * n, (size_t)n * sizeof *Q);
    }
  }
  return BPTT_OK;
}

/* The forget gate of an lstm is open at first: Jozefowicz et al. 2015. */
static void fill_bias(const network *n, const parameter *p, double *b)
{
  ptrdiff_t H = n->H[p->layer];
  memset(b, 0, (size_t)p->rows * sizeof *b);
  if (p->role != ROLE_B_H || n->cell != BPTT_LSTM) return;
  for (ptrdiff_t i = 0; i < H; i++) b[H + i] = 1;
}

bool init_scratch(const network *n, ptrdiff_t *count)
{
  ptrdiff_t most = 0;
  for (int i = 0; i < n->layers; i++) most = n->H[i] > most ? n->H[i] : most;
  return product(most, most, count);
}

bptt_status init_parameters(const network *n, double seed, double *const *param, double *scratch,
                            const bptt_host *host)
{
  parameter p;
  generator g = seeded((uint64_t)seed);
  for (int i = 0; network_parameter(n, i, &p); i++) {
    if (p.bias) {
      fill_bias(n, &p, param[i]);
    } else if (p.role == ROLE_W_HH) {
      bptt_status status = fill_orthogonal(&g, param[i], p.rows, p.cols, scratch, host);
      if (status != BPTT_OK) return status;
    } else {
      ptrdiff_t block = p.role == ROLE_W_XH ? n->H[p.layer] : p.rows;
      fill_glorot(&g, param[i], p.rows, block, p.cols);
    }
  }
  return BPTT_OK;
}

/* activation.h -- exp, sigmoid and tanh of whole vectors, to a few units in the last place.
 * Part of kernel.h. Coefficients: minimax polynomials by Remez exchange.
 *
 * One exponential is a long chain of operations that wait for each other. The functions therefore
 * take m vectors at once, m a constant of at most GROUP, and go through them side by side. */
#define EACH UNROLL for (int v = 0; v < m; v++)
/* Where the comparison holds a, else b. A macro: compilers make one instruction of it where they
 * see the comparison. */
#define SELECT(comparison, a, b)                                                                  \
  ((V)(((IV)(comparison) & (IV)(a)) | (~(IV)(comparison) & (IV)(b))))

/* exp(y) = 2^k (1 + p),  y = k ln 2 + r,  |r| <= ln(2) / 2,  p = expm1(r) = r + r^2 q(r)
 * with q minimax (relative error of p: 2^-55.5 double, 2^-26.2 float), its even and its odd powers
 * summed apart. Holds where 2^k is a normal number; elsewhere the caller puts the limit in the
 * place of the result, which lengthens no chain as bounds on y would. NaN goes through. */
FAST void N(exp_parts)(const int m, const V *y, V *scale, V *p)
{
  /* Adding it rounds to a whole number and leaves that, with the exponent's bias, in the low
   * bits. */
  const REAL magic = IS_DOUBLE ? (REAL)(0x1.8p52 + 1023) : (REAL)(0x1.8p23f + 127);
  const REAL log2_e = (REAL)0x1.71547652b82fep0;
  /* ln 2 in two parts */
  const REAL high = IS_DOUBLE ? (REAL)0x1.62e42fefp-1 : (REAL)0x1.62e4p-1;
  const REAL low = IS_DOUBLE ? (REAL)0x1.473de6af278edp-34 : (REAL)0x1.7f7d1cp-20;
  const int even = IS_DOUBLE ? 8 : 4, odd = IS_DOUBLE ? 9 : 3, mantissa = IS_DOUBLE ? 52 : 23;
  const REAL c[] = {
      IS_DOUBLE ? (REAL)0x1.0000000000003p-1 : (REAL)0.5,
      IS_DOUBLE ? (REAL)0x1.555555555555bp-3 : (REAL)0x1.5554bp-3,
      IS_DOUBLE ? (REAL)0x1.5555555552b5cp-5 : (REAL)0x1.555486p-5,
      IS_DOUBLE ? (REAL)0x1.111111110eaf3p-7 : (REAL)0x1.1227fp-7,
      IS_DOUBLE ? (REAL)0x1.6c16c17d316d3p-10 : (REAL)0x1.6d98f8p-10,
      (REAL)0x1.a01a01b492bafp-13,
      (REAL)0x1.a019ab816ff4ep-16,
      (REAL)0x1.71ddeca264f52p-19,
      (REAL)0x1.289e6e2d33324p-22,
      (REAL)0x1.af72d53bfb568p-26,
  };
  V t[GROUP], r[GROUP], r2[GROUP], a[GROUP], b[GROUP];
  EACH t[v] = y[v] * log2_e + magic;
  EACH r[v] = y[v] - (t[v] - magic) * high;
  EACH r[v] = r[v] - (t[v] - magic) * low;
  EACH r2[v] = r[v] * r[v];
  EACH a[v] = r2[v] * c[even] + c[even - 2];
  EACH b[v] = r2[v] * c[odd] + c[odd - 2];
  UNROLL for (int k = even - 4; k >= 0; k -= 2) EACH a[v] = a[v] * r2[v] + c[k];
  UNROLL for (int k = odd - 4; k >= 0; k -= 2) EACH b[v] = b[v] * r2[v] + c[k];
  EACH p[v] = (b[v] * r[v] + a[v]) * r2[v] + r[v];
  EACH scale[v] = (V)((IV)t[v] << mantissa); /* 2^k */
}
/* Below this exp(y) is less than the smallest normal number and is taken for 0. */
#define TINY (IS_DOUBLE ? (REAL)-708.3964185322641 : (REAL)-87.33654475)
/* Infinite from 709 (float: 88) on. */
FAST V N(vexp)(V x)
{
  const V zero = {0};
  V s, p;
  N(exp_parts)(1, &x, &s, &p);
  s = SELECT(x > (IS_DOUBLE ? (REAL)709 : (REAL)88), zero + (REAL)INFINITY, s * p + s);
  return SELECT(x < TINY, zero, s);
}

/* y_v = tanh(x_v) where bit v of `tanhs` is set, else sigmoid(x_v); y may be x. Both are ratios
 * without cancellation, of full relative accuracy on both sides of 0:
 *
 *   sigmoid(x) = 1 / (1 + e)  or, for x < 0,  e / (1 + e)      e = exp(-|x|)
 *   tanh(x) = -sign(x) e / (2 + e)                             e = expm1(-2 |x|) */
FAST void N(activate)(const int m, const int tanhs, const V *x, V *y)
{
#define IS_TANH (tanhs >> v & 1)
  const V zero = {0}, one = zero + 1;
  const IV sign = (IV)-zero;
  V s[GROUP], p[GROUP], minus[GROUP]; /* -|x| or -2|x| */
  EACH minus[v] = (V)((IS_TANH ? (IV)(x[v] + x[v]) : (IV)x[v]) | sign);
  N(exp_parts)(m, minus, s, p);
  EACH {
    if (IS_TANH) {
      const V e = SELECT(minus[v] < TINY, -one, s[v] * p[v] + (s[v] - one));
      y[v] = (V)(((IV)e & ~sign) | ((IV)x[v] & sign)) / (e + 2);
    } else {
      const V e = SELECT(minus[v] < TINY, zero, s[v] * p[v] + s[v]);
      y[v] = SELECT(x[v] < zero, e, one) / (e + one);
    }
  }
#undef IS_TANH
}
FN void N(apply)(int which, void *v, idx n)
{
  REAL *x = v;
  for (idx i = 0; i < n; i += VL) {
    const size_t m = BYTES(SMALLER(n - i, VL));
    V a = {0};
    memcpy(&a, x + i, m);
    if (which == APPLY_EXP)
      a = N(vexp)(a);
    else
      N(activate)(1, which == APPLY_TANH ? ALL_TANH : ALL_SIGMOID, &a, &a);
    memcpy(x + i, &a, m);
  }
}

/* a_i = exp(a_i - max); returns the sum and leaves the largest in *largest. */
FN REAL N(exp_shifted)(REAL *a, idx n, REAL *largest)
{
  V most = (V){0} + a[0], sums = {0};
  REAL m = a[0], sum;
  idx i = 0;
  for (; i + VL <= n; i += VL) {
    V x;
    memcpy(&x, a + i, VBYTES);
    most = SELECT(x > most, x, most);
  }
  for (idx k = 0; k < VL; k++)
    if (most[k] > m) m = most[k];
  for (; i < n; i++)
    if (a[i] > m) m = a[i];
  for (i = 0; i + VL <= n; i += VL) {
    V x;
    memcpy(&x, a + i, VBYTES);
    x = N(vexp)(x - m);
    memcpy(a + i, &x, VBYTES);
    sums += x;
  }
  sum = N(sum_of_lanes)(sums);
  for (idx k = i; k < n; k++) a[k] -= m;
  N(apply)(APPLY_EXP, a + i, n - i);
  for (; i < n; i++) sum += a[i];
  *largest = m;
  return sum;
}
FN void N(softmax)(void *v, idx O, idx n)
{
  REAL *a = v, m;
  for (idx j = 0; j < n; j++, a += O) {
    const REAL sum = N(exp_shifted)(a, O, &m);
    for (idx i = 0; i < O; i++) a[i] /= sum;
  }
}

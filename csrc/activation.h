/* activation.h -- exp, sigmoid and tanh of whole vectors, to a few units in the last place.
 * Part of kernel.h. Coefficients: minimax polynomials by Remez exchange. */

/* NaN passes through both: the comparison is false. */
FAST V N(vmin)(V a, V b)
{
  const IV m = (IV)(a > b);
  return (V)((m & (IV)b) | (~m & (IV)a));
}
FAST V N(vmax)(V a, V b)
{
  const IV m = (IV)(a < b);
  return (V)((m & (IV)b) | (~m & (IV)a));
}
FAST V N(clamp)(V x, REAL limit)
{
  const V l = (V){0} + limit;
  return N(vmin)(N(vmax)(x, -l), l);
}

/* exp(y) = 2^k (1 + p),  y = k ln 2 + r,  |r| <= ln(2) / 2,  p = expm1(r) = r + r^2 q(r)
 * with q minimax (relative error of p: 2^-55.5 double, 2^-26.2 float). y must be clamped. */
FAST void N(exp_parts)(V y, V *scale, V *p)
{
  const REAL magic = IS_DOUBLE ? (REAL)0x1.8p52 : (REAL)0x1.8p23f; /* adding it rounds */
  const INT bias = IS_DOUBLE ? 1023 : 127;
  const int mantissa = IS_DOUBLE ? 52 : 23;
  const V t = y * (REAL)0x1.71547652b82fep0 + magic; /* y log2(e) */
  const V k = t - magic;
  V r, q, r2;
  if (IS_DOUBLE) {
    r = y - k * (REAL)0x1.62e42fefp-1; /* ln 2 in two parts */
    r = r - k * (REAL)0x1.473de6af278edp-34;
    r2 = r * r;
    const V r4 = r2 * r2;
    const V a = r * (REAL)0x1.555555555555bp-3 + (REAL)0x1.0000000000003p-1;
    const V b = r * (REAL)0x1.111111110eaf3p-7 + (REAL)0x1.5555555552b5cp-5;
    const V c = r * (REAL)0x1.a01a01b492bafp-13 + (REAL)0x1.6c16c17d316d3p-10;
    const V d = r * (REAL)0x1.71ddeca264f52p-19 + (REAL)0x1.a019ab816ff4ep-16;
    const V e = r * (REAL)0x1.af72d53bfb568p-26 + (REAL)0x1.289e6e2d33324p-22;
    q = (e * r4 + (d * r2 + c)) * r4 + (b * r2 + a);
  } else {
    r = y - k * (REAL)0x1.62e4p-1;
    r = r - k * (REAL)0x1.7f7d1cp-20;
    r2 = r * r;
    const V a = r * (REAL)0x1.5554bp-3 + (REAL)0.5;
    const V b = r * (REAL)0x1.1227fp-7 + (REAL)0x1.555486p-5;
    q = ((r2 * (REAL)0x1.6d98f8p-10) + b) * r2 + a;
  }
  *p = q * r2 + r;
  *scale = (V)(((IV)t + bias) << mantissa); /* 2^k from the low bits of t */
}
FAST V N(vexp)(V x)
{
  V s, p;
  N(exp_parts)(N(clamp)(x, IS_DOUBLE ? (REAL)708 : (REAL)87), &s, &p);
  return s * p + s;
}
FAST V N(vexpm1)(V x)
{
  V s, p;
  N(exp_parts)(x, &s, &p);
  return s * p + (s - (REAL)1);
}
/* sigmoid(x) = 1 / (2 + expm1(-x)): no cancellation, full relative accuracy on both sides. */
FAST V N(vsigmoid)(V x)
{
  return (REAL)1 / (N(vexpm1)(N(clamp)(-x, IS_DOUBLE ? (REAL)708 : (REAL)87)) + (REAL)2);
}
/* tanh(x) = e / (e + 2), e = expm1(2x) */
FAST V N(vtanh)(V x)
{
  const V e = N(vexpm1)(N(clamp)(x + x, IS_DOUBLE ? (REAL)40 : (REAL)20));
  return e / (e + (REAL)2);
}

FN void N(apply)(int which, void *v, idx n)
{
  REAL *x = v;
  for (idx i = 0; i < n; i += VL) {
    const size_t m = BYTES(SMALLER(n - i, VL));
    V a = {0};
    memcpy(&a, x + i, m);
    a = which == APPLY_TANH ? N(vtanh)(a) : which == APPLY_SIGMOID ? N(vsigmoid)(a) : N(vexp)(a);
    memcpy(x + i, &a, m);
  }
}

/* a_i = exp(a_i - max); returns the sum and leaves the largest in *largest. */
FN REAL N(exp_shifted)(REAL *a, idx n, REAL *largest)
{
  REAL m = a[0], sum = 0;
  for (idx i = 1; i < n; i++)
    if (a[i] > m) m = a[i];
  for (idx i = 0; i < n; i++) a[i] -= m;
  N(apply)(APPLY_EXP, a, n);
  for (idx i = 0; i < n; i++) sum += a[i];
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

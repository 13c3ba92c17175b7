/* array.h -- whole arrays: are they finite, how long are they, from one number type to the other.
 * Part of kernel.h. */

/* Sums are kept in several vectors, so that additions do not wait for each other. */
#define SUMS 4

/* The numbers of a vector, halved again and again. */
FAST REAL N(sum_of_lanes)(V v)
{
  REAL a[VBYTES / sizeof(REAL)];
  memcpy(a, &v, VBYTES);
  UNROLL for (idx half = VL / 2; half > 0; half /= 2)
    UNROLL for (idx i = 0; i < half; i++) a[i] += a[i + half];
  return a[0];
}

FN void N(multiply)(REAL *a, idx n, REAL by)
{
  idx i = 0;
  for (; i + VL <= n; i += VL) {
    V x;
    memcpy(&x, a + i, VBYTES);
    x *= by;
    memcpy(a + i, &x, VBYTES);
  }
  for (; i < n; i++) a[i] *= by;
}

/* x * 0 is 0, or NaN where x is not finite, and NaN stays in a sum. */
FN int N(all_finite)(const void *v, idx n)
{
  const REAL *a = v;
  V sums[SUMS] = {{0}};
  REAL sum = 0;
  idx i = 0;
  if (!a) return 1;
  for (; i + SUMS * VL <= n; i += SUMS * VL) {
    UNROLL for (int k = 0; k < SUMS; k++) {
      V x;
      memcpy(&x, a + i + k * VL, VBYTES);
      sums[k] += x * (REAL)0;
    }
  }
  for (; i < n; i++) sum += a[i] * 0;
  sums[0] += sums[1] + (sums[2] + sums[3]);
  for (i = 0; i < VL; i++) sum += sums[0][i];
  return sum == 0;
}

/* The same of n columns of whole vectors, `ld` numbers from one to the next. */
FN int N(columns_finite)(const REAL *a, idx ld, idx n, idx vectors)
{
  V sums[SUMS] = {{0}};
  for (idx j = 0; j < n; j++, a += ld) {
    idx v = 0;
    for (; v + SUMS <= vectors; v += SUMS)
      UNROLL for (int k = 0; k < SUMS; k++) sums[k] += *(const V *)(a + (v + k) * VL) * (REAL)0;
    for (; v < vectors; v++) sums[0] += *(const V *)(a + v * VL) * (REAL)0;
  }
  return N(sum_of_lanes)((sums[0] + sums[1]) + (sums[2] + sums[3])) == 0;
}

/* A vector of doubles, and as many numbers of this type. */
typedef double N(wide) __attribute__((vector_size(VBYTES), may_alias));
typedef int64_t N(mask) __attribute__((vector_size(VBYTES), may_alias));
typedef REAL N(narrow) __attribute__((vector_size(VBYTES / 8 * sizeof(REAL)), may_alias));
#define WIDE ((idx)(VBYTES / 8))

FAST N(wide) N(load_wide)(const REAL *a)
{
  N(narrow) x;
  memcpy(&x, a, sizeof x);
  return __builtin_convertvector(x, N(wide));
}

/* sum (scale * a_i)^2, in double. */
FN double N(sum_of_squares)(const void *v, idx n, double scale)
{
  const REAL *a = v;
  N(wide) sums[SUMS] = {{0}};
  double sum = 0;
  idx i = 0;
  for (; i + SUMS * WIDE <= n; i += SUMS * WIDE) {
    UNROLL for (int k = 0; k < SUMS; k++) {
      const N(wide) x = scale * N(load_wide)(a + i + k * WIDE);
      sums[k] += x * x;
    }
  }
  for (; i < n; i++) sum += (scale * (double)a[i]) * (scale * (double)a[i]);
  sums[0] += sums[1] + (sums[2] + sums[3]);
  for (i = 0; i < WIDE; i++) sum += sums[0][i];
  return sum;
}

/* None of these is too large for this type. NaN is not. */
FN int N(fits)(const double *a, idx n)
{
  const double most = IS_DOUBLE ? DBL_MAX : (double)FLT_MAX;
  N(mask) over = {0};
  int fit = 1;
  idx i = 0;
  for (; i + WIDE <= n; i += WIDE) {
    N(wide) x;
    memcpy(&x, a + i, VBYTES);
    over |= (x > most) | (x < -most);
  }
  for (; i < n; i++) fit &= !(fabs(a[i]) > most);
  for (i = 0; i < WIDE; i++) fit &= over[i] == 0;
  return fit;
}

FN void N(from_double)(void *to, const double *from, idx n)
{
  REAL *a = to;
  idx i = 0;
  for (; i + WIDE <= n; i += WIDE) {
    N(wide) x;
    memcpy(&x, from + i, VBYTES);
    const N(narrow) y = __builtin_convertvector(x, N(narrow));
    memcpy(a + i, &y, sizeof y);
  }
  for (; i < n; i++) a[i] = (REAL)from[i];
}

FN void N(to_double)(double *to, const void *from, idx n)
{
  const REAL *a = from;
  idx i = 0;
  for (; i + WIDE <= n; i += WIDE) {
    const N(wide) x = N(load_wide)(a + i);
    memcpy(to + i, &x, VBYTES);
  }
  for (; i < n; i++) to[i] = (double)a[i];
}

/* tile.h -- the register tile, the one primitive of every product. Part of kernel.h.
 *
 *     C[j cj + v VL ..] = E[j ej + v VL ..]
 *                         + sum_o sum_k  A[o ao + k ak + v VL ..] * X[o xo + k xk + j xj]
 *
 * E is what the sum is added to: C itself, or a bias or zeros for every column alike (ej = 0).
 * mv vectors x nr columns stay in registers. One column alone has too few chains of multiply-adds
 * to hide their latency, so where the whole product has but one it splits k over ks independent
 * sums. (Elsewhere never: a column's sum must not depend on which columns a thread has.)
 * `next` is memory the caller will want soon: each k sends half a cache line of it to L2.
 * It must be mapped memory, never NULL. */
#define TILE_ARGS                                                                                 \
  idx no, idx nk, const REAL *A, idx ao, idx ak, const REAL *X, idx xo, idx xk, idx xj,            \
    const REAL *E, idx ej, REAL *C, idx cj, const REAL *next

FAST void N(tile)(const int mv, const int nr, const int ks, TILE_ARGS)
{
  V acc[24];
  UNROLL for (int i = 0; i < ks * nr * mv; i++) acc[i] = (V){0};
  /* Not unrolled: the compiler would keep all these addresses, on the stack, for the end. */
  for (idx j = 0; j < nr; j++)
    UNROLL for (int v = 0; v < mv; v++) __builtin_prefetch(C + j * cj + v * VL, 1);
  for (idx o = 0; o < no; o++, A += ao, X += xo) {
    const REAL *a = A, *x = X;
    idx k = 0;
    if (ks > 1)
      for (; k + ks <= nk; k += ks)
        UNROLL for (int s = 0; s < ks; s++, a += ak, x += xk) {
          const V b = *x - (V){0};
          UNROLL for (int v = 0; v < mv; v++) acc[s * mv + v] += *(const V *)(a + v * VL) * b;
        }
    for (; k < nk; k++, a += ak, x += xk) {
      V av[4];
      __builtin_prefetch(next, 0, 2);
      next += HALFLINE;
      UNROLL for (int v = 0; v < mv; v++) av[v] = *(const V *)(a + v * VL);
      UNROLL for (int j = 0; j < nr; j++) {
        const V b = x[j * xj] - (V){0};
        UNROLL for (int v = 0; v < mv; v++) acc[j * mv + v] += av[v] * b;
      }
    }
  }
  if (ks > 1)
    UNROLL for (int s = 1; s < ks; s++)
      UNROLL for (int v = 0; v < mv; v++) acc[v] += acc[s * mv + v];
  UNROLL for (int j = 0; j < nr; j++)
    UNROLL for (int v = 0; v < mv; v++)
      *(V *)(C + j * cj + v * VL) = *(const V *)(E + j * ej + v * VL) + acc[j * mv + v];
}

#define TILE_AS(name, mv, nr, ks)                                                                 \
  TARGET static void N(name)(TILE_ARGS)                                                           \
  {                                                                                               \
    N(tile)(mv, nr, ks, no, nk, A, ao, ak, X, xo, xk, xj, E, ej, C, cj, next);                    \
  }
#define TILE(mv, nr) TILE_AS(tile##mv##_##nr, mv, nr, 1)
#define ALONE(mv, ks) TILE_AS(tile##mv##_alone, mv, 1, ks)
ALONE(1, 8) TILE(1, 1) TILE(1, 2) TILE(1, 3) TILE(1, 4) TILE(1, 5) TILE(1, 6) TILE(1, 7) TILE(1, 8)
ALONE(2, 4) TILE(2, 1) TILE(2, 2) TILE(2, 3) TILE(2, 4) TILE(2, 5) TILE(2, 6)
ALONE(3, 2) TILE(3, 1) TILE(3, 2) TILE(3, 3) TILE(3, 4)
ALONE(4, 2) TILE(4, 1) TILE(4, 2) TILE(4, 3)
#if NREGS >= 32
TILE(2, 7) TILE(2, 8)
TILE(3, 5) TILE(3, 6) TILE(3, 7) TILE(3, 8)
TILE(4, 4) TILE(4, 5) TILE(4, 6)
#endif

/* tiles[mv][nr], [mv][0] one column alone, and the most columns that fit beside mv vectors. */
typedef void N(tile_fn)(TILE_ARGS);
#define T3(m) N(tile##m##_alone), N(tile##m##_1), N(tile##m##_2), N(tile##m##_3)
#define T4(m) T3(m), N(tile##m##_4)
#define T6(m) T4(m), N(tile##m##_5), N(tile##m##_6)
#define T8(m) T6(m), N(tile##m##_7), N(tile##m##_8)
#if NREGS >= 32
static const idx N(tile_columns)[5] = {0, 8, 8, 8, 6};
static N(tile_fn) *const N(tiles)[5][9] = {{0}, {T8(1)}, {T8(2)}, {T8(3)}, {T6(4)}};
#else
static const idx N(tile_columns)[5] = {0, 8, 6, 4, 3};
static N(tile_fn) *const N(tiles)[5][9] = {{0}, {T8(1)}, {T6(2)}, {T4(3)}, {T3(4)}};
#endif
#undef T3
#undef T4
#undef T6
#undef T8
#undef TILE
#undef ALONE
#undef TILE_AS

/* How n columns are spread over tiles of at most `most`: evenly, 7 as 4 + 3 and not as 6 + 1. */
typedef struct {
  idx tiles, width, wider; /* the first `wider` of them have width + 1 columns */
} N(spread);
FAST N(spread) N(spread_of)(idx n, idx most)
{
  if (n <= most) return (N(spread)){n > 0, n, 0};
  const idx tiles = (n + most - 1) / most;
  return (N(spread)){tiles, n / tiles, n % tiles};
}

/* E of a sum by itself. */
static const V N(zeros)[4];

/* The same over columns c of a product that has `whole` of them in all. The caller keeps no * nk
 * near K_PIECE, so that A is read from L1 while X and C stream past. */
FN void N(product)(idx mv, idx whole, range c, TILE_ARGS)
{
  const N(spread) s = N(spread_of)(c.to - c.from, N(tile_columns)[mv]);
  idx j = c.from;
  for (idx i = 0, n; i < s.tiles; i++, j += n) {
    n = s.width + (i < s.wider);
    N(tiles)[mv][whole == 1 ? 0 : n](no, nk, A, ao, ak, X + j * xj, xo, xk, xj, E + j * ej, ej,
                                     C + j * cj, cj, next + i * no * nk * HALFLINE);
  }
}
#undef TILE_ARGS

/* One column in all, and np panels of it: C_p = E_p + A_p X, with cp and ep from one panel to the
 * next and A packed without gaps. A step of a single sequence does little else; hence without a
 * call for every panel. */
FN void N(column_product)(idx mv, idx np, idx no, idx nk, const REAL *A, const REAL *X, idx xo,
                          const REAL *E, idx ep, REAL *C, idx cp)
{
#define PANELS(mv, ks)                                                                            \
  for (idx p = 0; p < np; p++, A += no * nk * mv * VL, E += ep, C += cp)                          \
    N(tile)(mv, 1, ks, no, nk, A, nk * mv * VL, mv * VL, X, xo, 1, 0, E, 0, C, 0, A)
  switch (mv) {
  case 1: PANELS(1, 8); break;
  case 2: PANELS(2, 4); break;
  case 3: PANELS(3, 2); break;
  case 4: PANELS(4, 2); break;
  }
#undef PANELS
}

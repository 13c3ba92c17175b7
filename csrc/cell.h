/* cell.h -- the equations of the cells, one vector of units at a time. Part of kernel.h.
 *
 * s() is the sigmoid, * the product element by element, a_.. the pre-activation of a gate.
 *
 *   rnn (Elman 1990)
 *     h_t = f(W_xh x_t + W_hh h_{t-1} + b_h)         f: tanh | relu | sigmoid | identity
 *
 *   lstm (Hochreiter & Schmidhuber 1997; forget gate: Gers, Schmidhuber & Cummins 2000)
 *     i, f, o = s(a_i), s(a_f), s(a_o);  g = tanh(a_g);  a = W_xh x_t + W_hh h_{t-1} + b_h
 *     c_t = f * c_{t-1} + i * g
 *     h_t = o * tanh(c_t)
 *
 *   gru (Cho et al. 2014)
 *     r, z = s(a_r), s(a_z)
 *     reset after:   q = W_hn h_{t-1} + b_hn,  n = tanh(W_xn x_t + b_n + r * q)
 *     reset before:  n = tanh(W_xn x_t + b_n + W_hn (r * h_{t-1}))
 *     h_t = (1 - z) * n + z * h_{t-1}
 *
 * Forward functions find the pre-activations in the tape and leave the activated gates there.
 * Backward functions find dL/dh_t in dh and turn the gates into gradients of the pre-activations.
 * They take nr columns of a panel, or nr panels of one column: entries of the tape (g), of c_t and
 * c_{t-1} (c, cp) and of `carry` follow each other; h_t, h_{t-1}, r * h (h, hp, rh) are hs, dh and
 * its like ds apart. */

/* f(m, j): entries j .. j + m - 1, m a constant */
#define IN_GROUPS(n, f)                                                                           \
  do {                                                                                            \
    idx j = 0;                                                                                    \
    for (; j + 4 <= (n); j += 4) f(4, j);                                                         \
    for (; j + 2 <= (n); j += 2) f(2, j);                                                         \
    for (; j < (n); j++) f(1, j);                                                                 \
  } while (0)

FAST void N(rnn_group)(const int m, bptt_activation f, const V *a, V *h)
{
  switch (f) {
  case BPTT_TANH: N(activate)(m, ALL_TANH, a, h); break;
  case BPTT_RELU: EACH h[v] = SELECT(a[v] < 0, (V){0}, a[v]); break; /* NaN stays */
  case BPTT_SIGMOID: N(activate)(m, ALL_SIGMOID, a, h); break;
  case BPTT_IDENTITY: EACH h[v] = a[v]; break;
  }
}
FN void N(rnn_forward)(const N(layer) * q, idx nr, const REAL *g, REAL *h, idx hs)
{
  for (idx k = 0; k < nr; k++) {
    const V *a = (const V *)(g + k * q->pw);
    V *to = (V *)(h + k * hs);
#define GROUP_FROM(m, u) N(rnn_group)(m, q->activation, a + (u), to + (u))
    IN_GROUPS(q->UB, GROUP_FROM);
#undef GROUP_FROM
  }
}
/* da = dh * f'(a), with f' written in h = f(a). Of vectors gs apart in the tape. */
FN void N(rnn_backward)(bptt_activation f, idx nr, REAL *g, idx gs, const REAL *dh, idx ds,
                        const REAL *h, idx hs)
{
#define EACH_VECTOR(slope)                                                                        \
  for (idx j = 0; j < nr; j++) {                                                                  \
    const V y = *(const V *)(h + j * hs), d = *(const V *)(dh + j * ds);                          \
    *(V *)(g + j * gs) = slope;                                                                   \
  }
  switch (f) {
  case BPTT_TANH: EACH_VECTOR(d * ((REAL)1 - y * y)) break;
  case BPTT_RELU: EACH_VECTOR((V)((IV)d & (IV)(y > (V){0}))) break;
  case BPTT_SIGMOID: EACH_VECTOR(d * y * ((REAL)1 - y)) break;
  case BPTT_IDENTITY:
    for (idx j = 0; j < nr; j++) *(V *)(g + j * gs) = *(const V *)(dh + j * ds);
    break;
  }
#undef EACH_VECTOR
}

FAST void N(lstm_group)(const int m, V *a, REAL *h, idx hs, const V *cp, V *c)
{
  V o[GROUP], y[GROUP];
  EACH {
    V gate[4];
    N(activate)(4, TANH_THIRD, a + 4 * v, gate);
    c[v] = gate[1] * cp[v] + gate[0] * gate[2];
    o[v] = gate[3];
    UNROLL for (int k = 0; k < 4; k++) a[4 * v + k] = gate[k];
  }
  N(activate)(m, ALL_TANH, c, y);
  EACH *(V *)(h + v * hs) = o[v] * y[v];
}
FN void N(lstm_forward)(idx nr, REAL *g, REAL *h, idx hs, const REAL *cp, REAL *c)
{
#define GROUP_FROM(m, j)                                                                          \
  N(lstm_group)(m, (V *)g + 4 * (j), h + (j) * hs, hs, (const V *)cp + (j), (V *)c + (j))
  IN_GROUPS(nr, GROUP_FROM);
#undef GROUP_FROM
}
/* carry: dL/dc_t from step t + 1, left as dL/dc_{t-1}. tanh(c_t) is h_t / o. Where
 * o and with it h_t have become 0 it takes no part: any number will do, but not 0 / 0. */
FN void N(lstm_backward)(idx nr, REAL *g, const REAL *dh, idx ds, const REAL *h, idx hs,
                         const REAL *cp, REAL *carry)
{
  const V least = (V){0} + (IS_DOUBLE ? (REAL)0x1p-1022 : (REAL)0x1p-126);
  for (idx j = 0; j < nr; j++) {
    V *a = (V *)g + 4 * j, *dc = (V *)carry + j;
    const V d = *(const V *)(dh + j * ds), y = *(const V *)(h + j * hs);
    const V i = a[0], f = a[1], z = a[2], o = a[3];
    const V tanh_c = y / SELECT(o < least, least, o);
    const V dcell = *dc + d * (o - y * tanh_c); /* d o (1 - tanh^2 c) */
    a[0] = dcell * z * i * ((REAL)1 - i);
    a[1] = dcell * ((const V *)cp)[j] * f * ((REAL)1 - f);
    a[2] = dcell * i * ((REAL)1 - z * z);
    a[3] = d * y * ((REAL)1 - o);
    *dc = dcell * f;
  }
}

FAST void N(gru_group)(const int m, V *a, const REAL *hp, REAL *h, idx hs)
{
  V n[GROUP], z[GROUP];
  EACH {
    V gate[2];
    N(activate)(2, ALL_SIGMOID, a + 4 * v + 1, gate);
    n[v] = a[4 * v] + gate[0] * a[4 * v + 3];
    z[v] = gate[1];
    a[4 * v + 1] = gate[0];
    a[4 * v + 2] = gate[1];
  }
  N(activate)(m, ALL_TANH, n, n);
  EACH {
    a[4 * v] = n[v];
    *(V *)(h + v * hs) = n[v] + z[v] * (*(const V *)(hp + v * hs) - n[v]);
  }
}
FN void N(gru_forward)(idx nr, REAL *g, const REAL *hp, REAL *h, idx hs)
{
#define GROUP_FROM(m, j) N(gru_group)(m, (V *)g + 4 * (j), hp + (j) * hs, h + (j) * hs, hs)
  IN_GROUPS(nr, GROUP_FROM);
#undef GROUP_FROM
}
/* carry: the direct path from h_{t+1} to h_t, left as that from h_t to h_{t-1}. */
FN void N(gru_backward)(idx nr, REAL *g, const REAL *dh, idx ds, const REAL *hp, idx hs,
                        REAL *carry)
{
  for (idx j = 0; j < nr; j++) {
    V *a = (V *)g + 4 * j, *direct = (V *)carry + j;
    const V d = *(const V *)(dh + j * ds) + *direct;
    const V n = a[0], r = a[1], z = a[2];
    const V dn = d * ((REAL)1 - z) * ((REAL)1 - n * n);
    *direct = d * z;
    a[0] = dn;
    a[1] = dn * a[3] * r * ((REAL)1 - r);
    a[2] = d * (*(const V *)(hp + j * hs) - n) * z * ((REAL)1 - z);
    a[3] = dn * r;
  }
}

/* With reset before, the product W_hn (r * h) stands between the two halves of each pass. */
FN void N(gru_before_gates)(idx nr, REAL *g, const REAL *hp, REAL *rh, idx hs)
{
  for (idx j = 0; j < nr; j++) {
    V *a = (V *)g + 3 * j, gate[2];
    N(activate)(2, ALL_SIGMOID, a + 1, gate);
    a[1] = gate[0];
    a[2] = gate[1];
    *(V *)(rh + j * hs) = gate[0] * *(const V *)(hp + j * hs);
  }
}
FN void N(gru_before_state)(idx nr, REAL *g, const REAL *hp, REAL *h, idx hs)
{
  for (idx j = 0; j < nr; j++) {
    V *a = (V *)g + 3 * j, n;
    N(activate)(1, ALL_TANH, a, &n);
    a[0] = n;
    *(V *)(h + j * hs) = n + a[2] * (*(const V *)(hp + j * hs) - n);
  }
}
FN void N(gru_before_state_back)(idx nr, REAL *g, const REAL *dh, idx ds, const REAL *hp, idx hs,
                                 REAL *carry)
{
  for (idx j = 0; j < nr; j++) {
    V *a = (V *)g + 3 * j, *direct = (V *)carry + j;
    const V d = *(const V *)(dh + j * ds) + *direct;
    const V n = a[0], z = a[2];
    a[0] = d * ((REAL)1 - z) * ((REAL)1 - n * n);
    a[2] = d * (*(const V *)(hp + j * hs) - n) * z * ((REAL)1 - z);
    *direct = d * z;
  }
}
/* dr = dL/d(r * h_{t-1}) = W_hn' dn */
FN void N(gru_before_gates_back)(idx nr, REAL *g, const REAL *dr, idx ds, const REAL *hp, idx hs,
                                 REAL *carry)
{
  for (idx j = 0; j < nr; j++) {
    V *a = (V *)g + 3 * j, *direct = (V *)carry + j;
    const V d = *(const V *)(dr + j * ds), r = a[1];
    a[1] = d * *(const V *)(hp + j * hs) * r * ((REAL)1 - r);
    *direct += d * r;
  }
}
#undef IN_GROUPS

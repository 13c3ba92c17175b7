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
 * g: the tape of the first of nr columns, pw apart; h, hp: h_t and h_{t-1}, ldh apart; c, cp
 * likewise, VL apart. */

FN void N(rnn_forward)(const N(layer) * q, idx nr, const REAL *g, REAL *h)
{
#define EACH(f)                                                                                   \
  for (idx j = 0; j < nr; j++)                                                                    \
    for (idx u = 0; u < q->UB; u++) {                                                             \
      const V a = *(const V *)(g + j * q->pw + u * VL);                                           \
      *(V *)(h + j * q->ldh + u * VL) = f;                                                        \
    }
  switch (q->activation) {
  case BPTT_TANH: EACH(N(vtanh)(a)) break;
  case BPTT_RELU: EACH(N(vmax)(a, (V){0})) break;
  case BPTT_SIGMOID: EACH(N(vsigmoid)(a)) break;
  case BPTT_IDENTITY: EACH(a) break;
  }
#undef EACH
}
/* da = dh * f'(a), with f' written in h = f(a). */
FN void N(rnn_backward)(const N(layer) * q, idx nr, REAL *g, const REAL *dh, const REAL *h)
{
#define EACH(slope)                                                                               \
  for (idx j = 0; j < nr; j++) {                                                                  \
    const V y = *(const V *)(h + j * q->ldh), d = *(const V *)(dh + j * q->mb);                   \
    *(V *)(g + j * q->pw) = slope;                                                                \
  }
  switch (q->activation) {
  case BPTT_TANH: EACH(d * ((REAL)1 - y * y)) break;
  case BPTT_RELU: EACH((V)((IV)d & (IV)(y > (V){0}))) break;
  case BPTT_SIGMOID: EACH(d * y * ((REAL)1 - y)) break;
  case BPTT_IDENTITY:
    for (idx j = 0; j < nr; j++) *(V *)(g + j * q->pw) = *(const V *)(dh + j * q->mb);
    break;
  }
#undef EACH
}

FN void N(lstm_forward)(const N(layer) * q, idx nr, REAL *g, REAL *h, const REAL *cp, REAL *c)
{
  for (idx j = 0; j < nr; j++) {
    V *a = (V *)(g + j * q->pw);
    const V i = N(vsigmoid)(a[0]), f = N(vsigmoid)(a[1]), z = N(vtanh)(a[2]),
            o = N(vsigmoid)(a[3]);
    const V cell = f * *(const V *)(cp + j * VL) + i * z;
    a[0] = i;
    a[1] = f;
    a[2] = z;
    a[3] = o;
    *(V *)(c + j * VL) = cell;
    *(V *)(h + j * q->ldh) = o * N(vtanh)(cell);
  }
}
/* carry: dL/dc_t from step t + 1, left as dL/dc_{t-1}. tanh(c_t) is h_t / o. */
FN void N(lstm_backward)(const N(layer) * q, idx nr, REAL *g, const REAL *dh, const REAL *h,
                         const REAL *cp, REAL *carry)
{
  for (idx j = 0; j < nr; j++) {
    V *a = (V *)(g + j * q->pw), *dc = (V *)(carry + j * VL);
    const V d = *(const V *)(dh + j * q->mb), y = *(const V *)(h + j * q->ldh);
    const V i = a[0], f = a[1], z = a[2], o = a[3];
    const V dcell = *dc + d * (o - y * (y / o)); /* d o (1 - tanh^2 c) */
    a[0] = dcell * z * i * ((REAL)1 - i);
    a[1] = dcell * *(const V *)(cp + j * VL) * f * ((REAL)1 - f);
    a[2] = dcell * i * ((REAL)1 - z * z);
    a[3] = d * y * ((REAL)1 - o);
    *dc = dcell * f;
  }
}

FN void N(gru_forward)(const N(layer) * q, idx nr, REAL *g, const REAL *hp, REAL *h)
{
  for (idx j = 0; j < nr; j++) {
    V *a = (V *)(g + j * q->pw);
    const V r = N(vsigmoid)(a[1]), z = N(vsigmoid)(a[2]), n = N(vtanh)(a[0] + r * a[3]);
    a[0] = n;
    a[1] = r;
    a[2] = z;
    *(V *)(h + j * q->ldh) = n + z * (*(const V *)(hp + j * q->ldh) - n);
  }
}
/* carry: the direct path from h_{t+1} to h_t, left as that from h_t to h_{t-1}. */
FN void N(gru_backward)(const N(layer) * q, idx nr, REAL *g, const REAL *dh, const REAL *hp,
                        REAL *carry)
{
  for (idx j = 0; j < nr; j++) {
    V *a = (V *)(g + j * q->pw), *direct = (V *)(carry + j * VL);
    const V d = *(const V *)(dh + j * q->mb) + *direct;
    const V n = a[0], r = a[1], z = a[2];
    const V dn = d * ((REAL)1 - z) * ((REAL)1 - n * n);
    *direct = d * z;
    a[0] = dn;
    a[1] = dn * a[3] * r * ((REAL)1 - r);
    a[2] = d * (*(const V *)(hp + j * q->ldh) - n) * z * ((REAL)1 - z);
    a[3] = dn * r;
  }
}

/* With reset before, the product W_hn (r * h) stands between the two halves of each pass. */
FN void N(gru_before_gates)(const N(layer) * q, idx nr, REAL *g, const REAL *hp, REAL *rh)
{
  for (idx j = 0; j < nr; j++) {
    V *a = (V *)(g + j * q->pw);
    a[1] = N(vsigmoid)(a[1]);
    a[2] = N(vsigmoid)(a[2]);
    *(V *)(rh + j * q->ldh) = a[1] * *(const V *)(hp + j * q->ldh);
  }
}
FN void N(gru_before_state)(const N(layer) * q, idx nr, REAL *g, const REAL *hp, REAL *h)
{
  for (idx j = 0; j < nr; j++) {
    V *a = (V *)(g + j * q->pw);
    const V n = N(vtanh)(a[0]);
    a[0] = n;
    *(V *)(h + j * q->ldh) = n + a[2] * (*(const V *)(hp + j * q->ldh) - n);
  }
}
FN void N(gru_before_state_back)(const N(layer) * q, idx nr, REAL *g, const REAL *dh,
                                 const REAL *hp, REAL *carry)
{
  for (idx j = 0; j < nr; j++) {
    V *a = (V *)(g + j * q->pw), *direct = (V *)(carry + j * VL);
    const V d = *(const V *)(dh + j * q->mb) + *direct;
    const V n = a[0], z = a[2];
    a[0] = d * ((REAL)1 - z) * ((REAL)1 - n * n);
    a[2] = d * (*(const V *)(hp + j * q->ldh) - n) * z * ((REAL)1 - z);
    *direct = d * z;
  }
}
/* ds = dL/d(r * h_{t-1}) = W_hn' dn */
FN void N(gru_before_gates_back)(const N(layer) * q, idx nr, REAL *g, const REAL *ds,
                                 const REAL *hp, REAL *carry)
{
  for (idx j = 0; j < nr; j++) {
    V *a = (V *)(g + j * q->pw), *direct = (V *)(carry + j * VL);
    const V d = *(const V *)(ds + j * q->mb), r = a[1];
    a[1] = d * *(const V *)(hp + j * q->ldh) * r * ((REAL)1 - r);
    *direct += d * r;
  }
}

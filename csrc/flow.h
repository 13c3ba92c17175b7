/* flow.h -- what becomes of the gradient on its way back through time. Part of kernel.h. One
 * thread's work.
 *
 *   dh_t = ||dL/dh_t||,  dc_t = ||dL/dc_t||
 *   gain_t = ||what of dL/d(h_t, c_t) arrives at step t - 1|| / ||dL/d(h_t, c_t)||
 *
 * Norms are over units and sequences. In gain the c of an lstm is taken as that which step t + 1
 * reads, apart from its way through h_t. */

/* The gradient for the state, of unit u in column j: all that has come down to it, before the cell
 * of the step goes back. */
typedef struct {
  double h, c;
} N(state_gradient);

FAST N(state_gradient) N(state_gradient_at)(const N(layer) * q, idx j, idx u)
{
  const idx nb = q->batch->columns;
  const double carry = (double)q->carry[(u / VL * nb + j) * VL + u % VL];
  const double dh = (double)q->dh[(u / q->mb * nb + j) * q->mb + u % q->mb];
  return (N(state_gradient)){dh + (q->cell == BPTT_GRU ? carry : 0),
                             q->cell == BPTT_LSTM ? carry : 0};
}
/* Its norm over the first n columns. */
FN double N(flow_norm)(const N(layer) * q, idx n)
{
  double sum = 0;
  for (idx j = 0; j < n; j++)
    for (idx u = 0; u < q->H; u++) {
      const N(state_gradient) d = N(state_gradient_at)(q, j, u);
      sum += d.h * d.h + d.c * d.c;
    }
  return sqrt(sum);
}
/* dL/dc_t = carry + dL/dh_t o (1 - tanh^2 c_t) */
FAST double N(cell_gradient)(const N(layer) * q, idx t, idx j, idx u, N(state_gradient) d)
{
  const idx n = q->batch->n[t];
  const double o = (double)N(tape_at)(q, t)[(u / VL * n + j) * q->pw + 3 * VL + u % VL];
  const double h = (double)N(h_after)(q, t)[j * q->ldh + u];
  return d.c + (o > 0 ? d.h * (o - h * (h / o)) : 0);
}
FN void N(flow_squares)(const N(layer) * q, idx t)
{
  double *dh = q->user->dh_norm, *dc = q->user->dc_norm;
  for (idx j = 0; j < q->batch->n[t]; j++) {
    const idx at = N(user_step)(q, t, j);
    for (idx u = 0; u < q->H; u++) {
      const N(state_gradient) d = N(state_gradient_at)(q, j, u);
      const double c = dc && q->cell == BPTT_LSTM ? N(cell_gradient)(q, t, j, u, d) : 0;
      if (dh) dh[at] += d.h * d.h;
      if (dc) dc[at] += c * c;
    }
  }
}

/* What step t + 1 (or, past step 0, the last one) has left for step t. */
FN void N(flow_arrives)(N(layer) * q, idx t)
{
  if (!q->user->gain || t + 1 >= q->batch->T) return;
  q->user->gain[t + 1] = N(flow_norm)(q, q->batch->n[t + 1]) / q->flow;
}
/* All has come down to step t. */
FN void N(flow_leaves)(N(layer) * q, idx t)
{
  if (q->user->dh_norm || q->user->dc_norm) N(flow_squares)(q, t);
  if (q->user->gain) q->flow = N(flow_norm)(q, q->batch->n[t]);
}
/* Sums of squares become norms. */
FN void N(flow_end)(const N(layer) * q, idx T)
{
  double *dh = q->user->dh_norm, *dc = q->user->dc_norm;
  for (idx t = 0; dh && t < T; t++) dh[t] = sqrt(dh[t]);
  for (idx t = 0; dc && t < T; t++) dc[t] = sqrt(dc[t]);
}

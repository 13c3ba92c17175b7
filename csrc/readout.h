/* readout.h -- the linear readout of all steps, the losses, and their gradients.
 * Part of kernel.h. Threads share out the steps.
 *
 *   y = W_hy h + b_y
 *   dh = W_hy' dy,  dW_hy = sum dy h',  db_y = sum dy
 *
 * Few outputs would leave the lanes of the tile's vectors empty: y is then a sum over lanes, of
 * products of whole vectors of units.
 *
 *   mse             L = sum_i (y_i - target_i)^2            dL/dy_i = 2 (y_i - target_i)
 *   cross_entropy   L = -log p_c,  p = softmax(y)           dL/dy_i = p_i - [i = c] */

typedef struct {
  idx O, H;
  idx OB, OM, ob;     /* vectors of outputs in a panel, panels, OB VL */
  int few;            /* outputs */
  REAL *W;            /* [m][k < H][ob]; not of few outputs */
  REAL *b;            /* [m][ob], likewise */
  REAL *Wt;           /* [m of the layer][o][mb] */
  REAL *dWt;          /* as Wt */
  REAL *db;
  REAL *yp;           /* READOUT_PIECE columns of one panel */
  REAL *dy;           /* O to each real step of the segment: y, then dL/dy */
  double *loss;       /* of each step of the segment */
} N(readout);

/* total: real steps of the longest segment, of `steps` steps; team: threads at most. */
static void N(readout_plan)(N(readout) * r, const N(layer) * q, const bptt_problem *p, idx total,
                            idx steps, idx team, N(arena) * a)
{
  memset(r, 0, sizeof *r);
  r->O = p->O;
  r->H = p->layer->H;
  r->OB = N(panel_width)((p->O + VL - 1) / VL);
  r->OM = ((p->O + VL - 1) / VL + r->OB - 1) / r->OB;
  r->ob = r->OB * VL;
  r->few = 4 * r->O <= VL;
  if (r->few || N(wants_backward)(p)) r->Wt = N(carve)(a, q->M * q->mb * r->O);
  if (!r->few) {
    r->W = N(carve)(a, r->OM * r->ob * r->H);
    r->b = N(carve)(a, r->OM * r->ob);
  }
  r->yp = N(carve)(a, READOUT_PIECE * r->ob * team);
  r->dy = N(carve)(a, total * r->O);
  r->loss = (double *)(void *)N(carve)(a, steps * (idx)(sizeof(double) / sizeof(REAL)));
  if (!p->layer->dW_xh) return;
  r->dWt = N(carve)(a, q->M * q->mb * r->O);
  r->db = N(carve)(a, r->O);
}

FN void N(readout_pack)(const N(readout) * r, const N(layer) * q, const REAL *W_hy,
                        const REAL *b_y)
{
  const range outputs = share(r->few ? 0 : r->OM, q->me), units = share(q->M, q->me);
  REAL *to = r->W + outputs.from * r->H * r->ob;
  for (idx m = outputs.from; m < outputs.to; m++) {
    for (idx v = 0; v < r->ob; v += VL)
      N(load_rows)(r->b + m * r->ob + v, b_y + m * r->ob + v, r->O - m * r->ob - v);
    for (idx k = 0; k < r->H; k++)
      for (idx v = 0; v < r->OB; v++, to += VL) {
        const idx o = m * r->ob + v * VL;
        N(load_rows)(to, W_hy + k * r->O + o, r->O - o);
      }
  }
  for (idx m = units.from; r->Wt && m < units.to; m++)
    for (idx o = 0; o < r->O; o++)
      for (idx k = 0; k < q->mb; k++) {
        const idx u = m * q->mb + k;
        r->Wt[(m * r->O + o) * q->mb + k] = u < r->H ? W_hy[u * r->O + o] : 0;
      }
  if (!r->dWt) return;
  N(clear)(r->dWt, q->M * q->mb * r->O, q->me);
  N(clear)(r->db, r->O, q->me);
}

/* Multiply-adds of n columns. */
FAST double N(readout_work)(const N(readout) * r, idx n)
{
  return (double)n * (double)(r->OM * r->ob) * (double)r->H;
}

/* y of n columns, few outputs each: the sum over the lanes of sum_u W'[u] h[u], u vectors of units.
 * Four columns at a time; the last ones may be the same column. */
FN void N(few_outputs)(const N(readout) * r, const N(layer) * q, const REAL *h, idx n,
                       const REAL *b_y, REAL *y)
{
  for (idx j = 0; j < n; j += 4)
    for (idx o = 0; o < r->O; o++) {
      V sums[4] = {{0}};
      idx at[4];
      UNROLL for (idx c = 0; c < 4; c++) at[c] = SMALLER(j + c, n - 1);
      for (idx u = 0; u < q->U; u++) {
        const V w = *(const V *)(r->Wt + (u / q->MB * r->O + o) * q->mb + u % q->MB * VL);
        UNROLL for (idx c = 0; c < 4; c++) sums[c] += w * *(const V *)(h + at[c] * q->ldh + u * VL);
      }
      UNROLL for (idx c = 0; c < 4; c++) y[at[c] * r->O + o] = b_y[o] + N(sum_of_lanes)(sums[c]);
    }
}

/* y of these steps into dy. */
FN bptt_status N(readout_forward)(const N(readout) * r, const N(layer) * q, range steps,
                                  const REAL *b_y)
{
  const idx whole = N(real_step)(q, q->t1), end = N(real_step)(q, steps.to);
  const REAL *h = N(h_after)(q, q->t0);
  REAL *yp = r->yp + q->me->rank * READOUT_PIECE * r->ob;
  for (idx c = N(real_step)(q, steps.from); c < end; c += READOUT_PIECE) {
    const idx n = SMALLER(end - c, READOUT_PIECE);
    if (interrupted(q->me, N(readout_work)(r, n))) return BPTT_EINTERRUPT;
    if (r->few) N(few_outputs)(r, q, h + c * q->ldh, n, b_y, r->dy + c * r->O);
    for (idx m = 0; !r->few && m < r->OM; m++) {
      const idx rows = SMALLER(r->O - m * r->ob, r->ob);
      N(product)(r->OB, whole, (range){0, n}, 1, r->H, r->W + m * r->ob * r->H, 0, r->ob,
                 h + c * q->ldh, 0, 1, q->ldh, r->b + m * r->ob, 0, yp, r->ob, r->W);
      for (idx j = 0; j < n; j++)
        memcpy(r->dy + (c + j) * r->O + m * r->ob, yp + j * r->ob, BYTES(rows));
    }
  }
  return BPTT_OK;
}

/* y becomes dL/dy; returns the loss / scale. mse: of n numbers; cross_entropy: of one column. */
FN double N(loss_mse)(REAL *y, const REAL *target, idx n, REAL scale)
{
  idx i = 0;
  double loss = 0;
  for (; i + VL <= n; i += VL) {
    V e, t;
    memcpy(&e, y + i, VBYTES);
    memcpy(&t, target + i, VBYTES);
    e = (V)((IV)(e - t) & (IV)(t == t));
    memcpy(y + i, &e, VBYTES);
  }
  if (i > 0) {
    loss = N(sum_of_squares)(y, i, 1);
    N(multiply)(y, i, 2 * scale);
  }
  for (; i < n; i++) {
    const REAL e = isnan(target[i]) ? 0 : y[i] - target[i];
    y[i] = 2 * scale * e;
    loss += (double)e * (double)e;
  }
  return loss;
}
FN double N(loss_cross_entropy)(REAL *y, REAL target, idx O, REAL scale)
{
  if (isnan(target)) {
    memset(y, 0, BYTES(O));
    return 0;
  }
  const idx c = (idx)target - 1;
  const double y_c = (double)y[c];
  REAL largest;
  const REAL sum = N(exp_shifted)(y, O, &largest);
  N(multiply)(y, O, scale / sum);
  y[c] -= scale;
  return log((double)sum) - (y_c - (double)largest);
}

/* Writes y of these steps where the user wants it, turns it into dL/dy, notes each step's loss. */
FN bptt_status N(losses)(const N(readout) * r, const N(layer) * q, range steps,
                         const bptt_problem *p)
{
  const double exponential = 16; /* the work of one, in multiply-adds */
  const REAL *target = p->target, scale = (REAL)p->scale;
  const bptt_batch *b = q->batch;
  const idx O = r->O;
  for (idx t = steps.from; t < steps.to; t++) {
    const idx n = b->n[t], together = b->ragged ? 1 : n; /* columns that are neighbours there */
    double loss = 0;
    if (interrupted(q->me, exponential * (double)(n * O))) return BPTT_EINTERRUPT;
    for (idx j = 0; j < n; j += together) {
      const idx at = t * p->B + b->order[j];
      REAL *y = r->dy + (N(real_step)(q, t) + j) * O;
      for (idx i = 0; p->y && i < together * O; i += VL)
        N(store_rows)((REAL *)p->y + at * O + i, y + i, together * O - i);
      if (!target) continue;
      if (p->loss == BPTT_MSE) loss += N(loss_mse)(y, target + at * O, together * O, scale);
      for (idx k = 0; p->loss == BPTT_CROSS_ENTROPY && k < together; k++)
        loss += N(loss_cross_entropy)(y + k * O, target[at + k], O, scale);
    }
    r->loss[t - q->t0] = loss * p->scale;
  }
  return BPTT_OK;
}

/* Adds the loss of the segment, in the order of time. */
FN void N(loss_sum)(const N(readout) * r, const N(layer) * q, bptt_problem *p)
{
  idx bad = 0;
  for (idx t = q->t0; t < q->t1; t++) {
    p->loss_value += r->loss[t - q->t0];
    if (!bad && !isfinite(p->loss_value)) bad = t + 1;
  }
  if (bad && (!p->bad_forward || bad < p->bad_forward)) p->bad_forward = bad;
}

/* The threads share out the columns of dWt, counted panel after panel. */
FN bptt_status N(readout_weights)(const N(readout) * r, const N(layer) * q)
{
  const idx total = N(real_step)(q, q->t1);
  const REAL *h = N(h_after)(q, q->t0);
  const range mine = share(q->M * r->O, q->me), outputs = share(r->O, q->me);
  for (idx c = 0; c < total; c += COLUMN_PIECE) {
    const idx n = SMALLER(total - c, COLUMN_PIECE);
    if (interrupted(q->me, N(readout_work)(r, n))) return BPTT_EINTERRUPT;
    for (idx m = mine.from / r->O; m * r->O < mine.to; m++)
      N(product)(q->MB, r->O, within(mine, m * r->O, r->O), 1, n, h + c * q->ldh + m * q->mb, 0,
                 q->ldh, r->dy + c * r->O, 0, r->O, 1, r->dWt + m * q->mb * r->O, q->mb,
                 r->dWt + m * q->mb * r->O, q->mb, r->Wt);
    for (idx o = outputs.from; o < outputs.to; o++) {
      REAL sum = 0;
      for (idx k = 0; k < n; k++) sum += r->dy[(c + k) * r->O + o];
      r->db[o] += sum;
    }
  }
  return BPTT_OK;
}
FN void N(readout_unpack)(const N(readout) * r, const N(layer) * q, REAL *dW_hy, REAL *db_y)
{
  const range mine = share(r->H, q->me), outputs = share(r->O, q->me);
  for (idx u = mine.from; u < mine.to; u++)
    for (idx o = 0; o < r->O; o++)
      dW_hy[u * r->O + o] = r->dWt[(u / q->mb * r->O + o) * q->mb + u % q->mb];
  memcpy(db_y + outputs.from, r->db + outputs.from, BYTES(outputs.to - outputs.from));
}

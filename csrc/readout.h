/* readout.h -- the linear readout of the topmost layer, the losses, and their gradients.
 * Part of kernel.h. Threads share out the steps.
 *
 *   y = W_hy h + b_y
 *   dh = W_hy' dy,  dW_hy = sum dy h',  db_y = sum dy
 *
 * An entry is a pair of a step and a column, in the order of the tape; where there are outputs at
 * each sequence's last step alone, a column. With two directions h is both: W_hy is taken apart.
 *
 * Few outputs would leave the lanes of the tile's vectors empty: y is then a sum over lanes, of
 * products of whole vectors of units.
 *
 *   mse             L = sum_i (y_i - target_i)^2            dL/dy_i = 2 (y_i - target_i)
 *   cross_entropy   L = -log p_c,  p = softmax(y)           dL/dy_i = p_i - [i = c]
 *
 * The other losses are in loss.c. */

typedef struct {
  idx O, H;
  int directions, last;
  idx OB, OM, ob;     /* vectors of outputs in a panel, panels, OB VL */
  int few;            /* outputs */
  idx whole;          /* entries of the whole batch */
  REAL *W[2];         /* of each direction [m][k < H][ob]; not of few outputs */
  REAL *b;            /* [m][ob], likewise */
  REAL *Wt[2];        /* [m of the layer][o][mb] */
  REAL *dWt[2];       /* as Wt */
  REAL *db;
  REAL *yp;           /* READOUT_PIECE entries of one panel */
  const REAL *h[2];   /* of the block's entries, ldh of the layer apart */
  REAL *h_room[2];    /* for them where they are not the layer's own, or NULL */
  REAL *dy;           /* O to each entry of the block: y, then dL/dy */
  REAL *dy_turned;    /* the same in the reverse direction's order, or NULL */
  double *loss;       /* of each step of the block */
  double *column;     /* for each thread, room for the outputs and the target of one column */
} N(readout);

/* q: the topmost layer. total: real steps of the longest block, of `steps` steps; team: threads at
 * most. */
static void N(readout_plan)(N(readout) * r, const N(layer) * q, const bptt_problem *p, idx total,
                            idx steps, idx team, N(arena) * a)
{
  const idx doubles = (idx)(sizeof(double) / sizeof(REAL));
  const idx entries = p->last ? q->batch->columns : total;

  memset(r, 0, sizeof *r);
  r->O = p->O;
  r->H = q->H;
  r->directions = p->directions;
  r->last = p->last;
  r->whole = p->last ? q->batch->columns : q->batch->total;
  r->OB = N(panel_width)((p->O + VL - 1) / VL);
  r->OM = ((p->O + VL - 1) / VL + r->OB - 1) / r->OB;
  r->ob = r->OB * VL;
  r->few = 4 * r->O <= VL;
  for (int d = 0; d < r->directions; d++) {
    if (r->few || N(wants_backward)(p)) r->Wt[d] = N(carve)(a, q->M * q->mb * r->O);
    if (!r->few) r->W[d] = N(carve)(a, r->OM * r->ob * r->H);
    if (p->dW_hy) r->dWt[d] = N(carve)(a, q->M * q->mb * r->O);
    if (d > 0 || r->last) r->h_room[d] = N(carve)(a, entries * q->ldh);
  }
  if (!r->few) r->b = N(carve)(a, r->OM * r->ob);
  r->yp = N(carve)(a, READOUT_PIECE * r->ob * team);
  r->dy = N(carve)(a, entries * r->O);
  if (r->directions == 2 && !r->last && N(wants_backward)(p))
    r->dy_turned = N(carve)(a, entries * r->O);
  r->loss = (double *)(void *)N(carve)(a, steps * doubles);
  r->column = (double *)(void *)N(carve)(a, 2 * r->O * team * doubles);
  if (p->dW_hy) r->db = N(carve)(a, r->O);
}

FN void N(readout_pack)(const N(readout) * r, const N(layer) * q, const REAL *W_hy,
                        const REAL *b_y)
{
  const range outputs = share(r->few ? 0 : r->OM, q->me), units = share(q->M, q->me);
  for (idx m = outputs.from; m < outputs.to; m++)
    for (idx v = 0; v < r->ob; v += VL)
      N(load_rows)(r->b + m * r->ob + v, b_y + m * r->ob + v, r->O - m * r->ob - v);
  for (int d = 0; d < r->directions; d++, W_hy += r->O * r->H) {
    REAL *to = r->W[d] + outputs.from * r->H * r->ob;
    for (idx m = outputs.from; m < outputs.to; m++)
      for (idx k = 0; k < r->H; k++)
        for (idx v = 0; v < r->OB; v++, to += VL) {
          const idx o = m * r->ob + v * VL;
          N(load_rows)(to, W_hy + k * r->O + o, r->O - o);
        }
    for (idx m = units.from; r->Wt[d] && m < units.to; m++)
      for (idx o = 0; o < r->O; o++)
        for (idx k = 0; k < q->mb; k++) {
          const idx u = m * q->mb + k;
          r->Wt[d][(m * r->O + o) * q->mb + k] = u < r->H ? W_hy[u * r->O + o] : 0;
        }
    if (r->dWt[d]) N(clear)(r->dWt[d], q->M * q->mb * r->O, q->me);
  }
  if (r->db) N(clear)(r->db, r->O, q->me);
}

/* The entries of these steps. */
FN range N(entries)(const N(readout) * r, const N(layer) * q, range steps)
{
  const bptt_batch *b = q->batch;
  return r->last ? (range){b->n[steps.to], b->n[steps.from]}
                 : (range){N(real_step)(q, steps.from), N(real_step)(q, steps.to)};
}

/* Multiply-adds of n entries. */
FAST double N(readout_work)(const N(readout) * r, idx n)
{
  return (double)n * (double)(r->OM * r->ob) * (double)(r->H * r->directions);
}

/* All bits set in the lanes of the last vector of units that are units, and no pads. */
FAST IV N(last_units)(const N(layer) * q)
{
  IV real = {0}; /* lest gcc -O1 think that it is not all set */
  for (idx i = 0; i < VL; i++) real[i] = -(INT)((q->U - 1) * VL + i < q->H);
  return real;
}
/* Of output o, for vector u of units. */
FAST V N(weights_of)(const N(readout) * r, const N(layer) * q, int d, idx u, idx o)
{
  return *(const V *)(r->Wt[d] + (u / q->MB * r->O + o) * q->mb + u % q->MB * VL);
}
/* y of n entries from c on, few outputs each: the sum over the lanes of sum_u W'[u] h[u], u vectors
 * of units, the last one without its pads, which are NaN where a state is not finite. Four entries
 * at a time; the last ones may be the same entry. */
FN void N(few_outputs)(const N(readout) * r, const N(layer) * q, idx c, idx n, const REAL *b_y)
{
  const IV real = N(last_units)(q);
  const idx last = q->U - 1;
  REAL *y = r->dy + c * r->O;
  for (idx j = 0; j < n; j += 4)
    for (idx o = 0; o < r->O; o++) {
      V sums[4] = {{0}};
      idx at[4];
      UNROLL for (idx k = 0; k < 4; k++) at[k] = SMALLER(j + k, n - 1);
      for (int d = 0; d < r->directions; d++) {
        const REAL *h = r->h[d] + c * q->ldh;
        for (idx u = 0; u < last; u++) {
          const V w = N(weights_of)(r, q, d, u, o);
          UNROLL for (idx k = 0; k < 4; k++)
            sums[k] += w * *(const V *)(h + at[k] * q->ldh + u * VL);
        }
        const V w = N(weights_of)(r, q, d, last, o);
        UNROLL for (idx k = 0; k < 4; k++)
          sums[k] += w * (V)(*(const IV *)(h + at[k] * q->ldh + last * VL) & real);
      }
      UNROLL for (idx k = 0; k < 4; k++) y[at[k] * r->O + o] = b_y[o] + N(sum_of_lanes)(sums[k]);
    }
}

/* y of these steps into dy. */
FN bptt_status N(readout_forward)(const N(readout) * r, const N(layer) * q, range steps,
                                  const REAL *b_y)
{
  const range e = N(entries)(r, q, steps);
  REAL *yp = r->yp + q->me->rank * READOUT_PIECE * r->ob;
  for (idx c = e.from; c < e.to; c += READOUT_PIECE) {
    const idx n = SMALLER(e.to - c, READOUT_PIECE);
    if (interrupted(q->me, N(readout_work)(r, n))) return BPTT_EINTERRUPT;
    if (r->few) N(few_outputs)(r, q, c, n, b_y);
    for (idx m = 0; !r->few && m < r->OM; m++) {
      const idx rows = SMALLER(r->O - m * r->ob, r->ob);
      for (int d = 0; d < r->directions; d++)
        N(product)(r->OB, r->whole, (range){0, n}, 1, r->H, r->W[d] + m * r->ob * r->H, 0, r->ob,
                   r->h[d] + c * q->ldh, 0, 1, q->ldh, d ? yp : r->b + m * r->ob, d ? r->ob : 0,
                   yp, r->ob, r->W[d]);
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

/* The others: by loss.c, in double. One column. */
FN double N(loss_other)(const N(readout) * r, const bptt_problem *p, REAL *y, const REAL *target,
                        REAL scale, const bptt_thread *me)
{
  const idx O = r->O, F = O / bptt_loss_outputs(p);
  double *y_wide = r->column + me->rank * 2 * O, *target_wide = y_wide + O;
  for (idx o = 0; o < O; o++) y_wide[o] = (double)y[o];
  for (idx f = 0; f < F; f++) target_wide[f] = (double)target[f];
  const double loss = bptt_loss_column(p, y_wide, target_wide, (double)scale);
  for (idx o = 0; o < O; o++) y[o] = (REAL)y_wide[o];
  return loss;
}

/* Turns y of these steps into dL/dy, and notes each step's loss. What the user wants of either is
 * written where `report` says so. */
FN bptt_status N(losses)(const N(readout) * r, const N(layer) * q, range steps,
                         const bptt_problem *p, int report)
{
  const double exponential = 16; /* the work of one, in multiply-adds */
  const REAL *target = p->target, *weights = p->weights, *class_weights = p->class_weights;
  const bptt_batch *b = q->batch;
  const idx O = r->O, F = p->loss == BPTT_CROSS_ENTROPY ? 1 : O / bptt_loss_outputs(p);
  const int alone = b->ragged || weights || p->loss != BPTT_MSE;
  for (idx t = steps.from; t < steps.to; t++) {
    const range e = N(entries)(r, q, (range){t, t + 1});
    const idx first = r->last ? 0 : e.from; /* entry of column 0 */
    const idx together = alone ? 1 : e.to - e.from;
    double loss = 0;
    if (interrupted(q->me, exponential * (double)((e.to - e.from) * O))) return BPTT_EINTERRUPT;
    for (idx c = e.from; c < e.to; c += together) {
      const idx at = (r->last ? 0 : t * p->B) + b->order[c - first];
      REAL weight = weights ? weights[at] : 1, *y = r->dy + c * O;
      for (idx i = 0; report && p->y && i < together * O; i += VL)
        N(store_rows)((REAL *)p->y + at * O + i, y + i, together * O - i);
      if (!target) continue;
      const REAL *wanted = target + at * F;
      if (p->loss == BPTT_CROSS_ENTROPY && class_weights && !isnan(*wanted))
        weight *= class_weights[(idx)*wanted - 1];
      if (weight == 0) { /* left out, whatever y is: 0 times what is not finite is no 0 */
        memset(y, 0, BYTES(together * O));
        continue;
      }
      const REAL scale = (REAL)p->scale * weight;
      const double one = p->loss == BPTT_MSE ? N(loss_mse)(y, wanted, together * O, scale)
                         : p->loss == BPTT_CROSS_ENTROPY
                             ? N(loss_cross_entropy)(y, *wanted, O, scale)
                             : N(loss_other)(r, p, y, wanted, scale, q->me);
      loss += (double)weight * one;
    }
    if (report) r->loss[t - q->t0] = loss * p->scale;
  }
  return BPTT_OK;
}

/* Adds the loss of these steps, in the order of time. */
FN void N(loss_sum)(const N(readout) * r, const N(layer) * q, range steps, bptt_problem *p)
{
  idx bad = 0;
  for (idx t = steps.from; t < steps.to; t++) {
    p->loss_value += r->loss[t - q->t0];
    if (!bad && !isfinite(p->loss_value)) bad = t + 1;
  }
  if (bad && (!p->bad_forward || bad < p->bad_forward)) p->bad_forward = bad;
}

/* Of these steps. The threads share out the columns of dWt, counted panel after panel. */
FN bptt_status N(readout_weights)(const N(readout) * r, const N(layer) * q, range steps)
{
  const range e = N(entries)(r, q, steps);
  const range mine = share(q->M * r->O, q->me), outputs = share(r->O, q->me);
  for (idx c = e.from; c < e.to; c += COLUMN_PIECE) {
    const idx n = SMALLER(e.to - c, COLUMN_PIECE);
    if (interrupted(q->me, N(readout_work)(r, n))) return BPTT_EINTERRUPT;
    for (int d = 0; d < r->directions; d++)
      for (idx m = mine.from / r->O; m * r->O < mine.to; m++) {
        REAL *sum = r->dWt[d] + m * q->mb * r->O;
        N(product)(q->MB, r->O, within(mine, m * r->O, r->O), 1, n,
                   r->h[d] + c * q->ldh + m * q->mb, 0, q->ldh, r->dy + c * r->O, 0, r->O, 1, sum,
                   q->mb, sum, q->mb, r->Wt[d]);
      }
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
  for (int d = 0; d < r->directions; d++, dW_hy += r->O * r->H)
    for (idx u = mine.from; u < mine.to; u++)
      for (idx o = 0; o < r->O; o++)
        dW_hy[u * r->O + o] = r->dWt[d][(u / q->mb * r->O + o) * q->mb + u % q->mb];
  memcpy(db_y + outputs.from, r->db + outputs.from, BYTES(outputs.to - outputs.from));
}

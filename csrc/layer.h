/* layer.h -- one recurrent layer over time: forward, backward, weight gradients.
 * Part of kernel.h. Needs the weights packed (plan.h); calls the cells (cell.h) through the tile.
 *
 *   forward    a_t = b + W_xh x_t + W_hh h_{t-1},  h_t = cell(a_t)
 *   backward   dh_t = (from above) + W_hh' da_{t+1} + (direct path),  da_t = cell'(dh_t)
 *              dx_t = W_xh' da_t
 *   weights    dW_xh = sum_t da_t x_t',  dW_hh = sum_t da_t h_{t-1}',  db = sum_t da_t */

/* Where things are: of step t of the segment, at its first column. */
FAST idx N(state_before)(const N(layer) * q, idx t) /* in columns of hs and cs */
{
  const bptt_batch *b = q->batch;
  return t > q->t0 ? b->columns + b->off[t - 1] - b->off[q->t0] : 0;
}
FAST idx N(columns_before)(const N(layer) * q, idx t)
{
  return q->batch->n[t > q->t0 ? t - 1 : t];
}
FAST REAL *N(h_before)(const N(layer) * q, idx t)
{
  return q->hs + N(state_before)(q, t) * q->ldh;
}
FAST REAL *N(h_after)(const N(layer) * q, idx t)
{
  return N(h_before)(q, t + 1);
}
FAST REAL *N(c_before)(const N(layer) * q, idx t)
{
  return q->cs + N(state_before)(q, t) * q->P * VL;
}
FAST idx N(real_step)(const N(layer) * q, idx t)
{
  return q->batch->off[t] - q->batch->off[q->t0];
}
FAST REAL *N(tape_at)(const N(layer) * q, idx t)
{
  return q->tape + N(real_step)(q, t) * q->P * q->pw;
}
FAST REAL *N(rs_at)(const N(layer) * q, idx t)
{
  return q->rs + N(real_step)(q, t) * q->ldh;
}
FAST REAL *N(window_at)(const N(layer) * q, idx t)
{
  return q->window + (q->batch->off[t] - q->batch->off[q->window_start]) * q->P * q->pw;
}
FAST const REAL *N(x_at)(const N(layer) * q, idx t)
{
  return q->x + (q->x_step ? t * q->x_step : N(real_step)(q, t)) * q->D;
}

/* Multiply-adds of one step, in each of the three passes over it. */
FAST double N(step_work)(const N(layer) * q, idx t)
{
  return (double)q->batch->n[t] * (double)(q->P * q->pw) * (double)(q->D + q->H);
}

/* ------------------------------------------------------------------------------- state */

/* The user's initial state, before step 0. */
FN void N(state_in)(N(layer) * q, const REAL *h0, const REAL *c0)
{
  const bptt_batch *b = q->batch;
  const idx n = b->n[0];
  q->t0 = q->t1 = 0;
  for (idx j = 0; j < n; j++) {
    const idx s = b->order[j] * q->H;
    REAL *h = q->hs + j * q->ldh;
    memset(h, 0, BYTES(q->ldh));
    if (h0) memcpy(h, h0 + s, BYTES(q->H));
    if (q->cs)
      for (idx i = 0; i < q->P; i++) {
        REAL *c = q->cs + (i * n + j) * VL;
        memset(c, 0, VBYTES);
        if (c0) N(load_rows)(c, c0 + s + i * VL, q->H - i * VL);
      }
  }
}
/* Moves on to the segment after this one, up to step t1: its first state is this one's last. */
FN void N(next_segment)(N(layer) * q, idx t1)
{
  const idx t = q->t1;
  if (t > q->t0) {
    const idx before = N(columns_before)(q, t), n = q->batch->n[t];
    memmove(q->hs, N(h_before)(q, t), BYTES(n * q->ldh));
    if (q->cs) {
      const REAL *c = N(c_before)(q, t);
      for (idx i = 0; i < q->P; i++)
        memmove(q->cs + i * n * VL, c + i * before * VL, BYTES(n * VL));
    }
  }
  q->t0 = q->window_start = t;
  q->t1 = t1;
}
/* The state of the sequences that end in this segment. */
FN void N(state_out)(const N(layer) * q, REAL *h_last, REAL *c_last)
{
  const bptt_batch *b = q->batch;
  for (idx j = 0; j < b->n[q->t0]; j++) {
    const idx t = b->length[j], s = b->order[j] * q->H;
    if (t > q->t1) continue;
    if (h_last) memcpy(h_last + s, N(h_before)(q, t) + j * q->ldh, BYTES(q->H));
    if (c_last && q->cs)
      for (idx i = 0; i < q->P; i++)
        memcpy(c_last + s + i * VL,
               N(c_before)(q, t) + (i * N(columns_before)(q, t) + j) * VL,
               BYTES(SMALLER(q->H - i * VL, VL)));
  }
}

/* ------------------------------------------------------------------------------- forward */

/* Columns j .. j + nr - 1 of panel i at step t: pre-activations are in the tape. */
FAST void N(cell_forward)(const N(layer) * q, idx t, idx i, idx j, idx nr)
{
  const idx n = q->batch->n[t], unit = j * q->ldh + i * q->UB * VL;
  REAL *g = N(tape_at)(q, t) + (i * n + j) * q->pw;
  const REAL *hp = N(h_before)(q, t) + unit;
  REAL *h = N(h_after)(q, t) + unit;

  if (q->cell == BPTT_LSTM) {
    const REAL *cp = N(c_before)(q, t) + (i * N(columns_before)(q, t) + j) * VL;
    N(lstm_forward)(q, nr, g, h, cp, N(c_before)(q, t + 1) + (i * n + j) * VL);
  } else if (q->nrec == 2)
    N(gru_before_gates)(q, nr, g, hp, N(rs_at)(q, t) + unit);
  else if (q->cell == BPTT_GRU)
    N(gru_forward)(q, nr, g, hp, h);
  else
    N(rnn_forward)(q, nr, g, h);
}

FN void N(forward_step)(const N(layer) * q, idx t, int x_done)
{
  const N(recurrence) *rec = &q->rec[0];
  const idx n = q->batch->n[t], cx = q->x_count, ch = rec->count;
  const idx nr = SMALLER(N(tile_columns)[cx], N(tile_columns)[ch]);
  const REAL *x = N(x_at)(q, t), *hp = N(h_before)(q, t);
  /* Few columns: all products, then all cells, so that latencies overlap. */
  const int late = n <= nr;

  for (idx i = 0; i < q->P; i++)
    for (idx j = 0; j < n; j += nr) {
      const idx m = SMALLER(n - j, nr);
      REAL *g = N(tape_at)(q, t) + (i * n + j) * q->pw;
      if (!x_done) {
        for (idx k = 0; k < m; k++) memcpy(g + k * q->pw, q->bias + i * q->pw, BYTES(q->pw));
        N(tiles)[cx][m](1, q->D, q->Wx + i * q->D * cx * VL, 0, cx * VL, x + j * q->D, 0, 1, q->D,
                        g, q->pw, q->Wx);
      }
      /* Meanwhile fetch a share of the next panel's weights. */
      const REAL *W = rec->W + i * q->H * ch * VL;
      const REAL *next = i + 1 < q->P ? W + q->H * ch * VL + j / nr * q->H * HALFLINE : rec->W;
      N(tiles)[ch][m](1, q->H, W, 0, ch * VL, hp + j * q->ldh, 0, 1, q->ldh, g + rec->first * VL,
                      q->pw, next);
      if (!late) N(cell_forward)(q, t, i, j, m);
    }
  if (late)
    for (idx i = 0; i < q->P; i++) N(cell_forward)(q, t, i, 0, n);
  if (q->nrec < 2) return;

  /* gru, reset before: n needs r * h of all units. */
  const N(recurrence) *gated = &q->rec[1];
  const REAL *rh = N(rs_at)(q, t);
  for (idx i = 0; i < q->P; i++) {
    REAL *g = N(tape_at)(q, t) + i * n * q->pw;
    const REAL *W = gated->W + i * q->H * VL;
    N(product)(1, n, 1, q->H, W, 0, VL, rh, 0, 1, q->ldh, g, q->pw, gated->W);
    N(gru_before_state)(q, n, g, hp + i * VL, N(h_after)(q, t) + i * VL);
  }
}

/* The input products of n steps of one column. */
FN void N(project_ahead)(const N(layer) * q, idx t, idx n)
{
  const idx xj = (q->x_step ? q->x_step : 1) * q->D, step = q->P * q->pw;
  for (idx i = 0; i < q->P; i++) {
    REAL *g = N(tape_at)(q, t) + i * q->pw;
    for (idx k = 0; k < n; k++) memcpy(g + k * step, q->bias + i * q->pw, BYTES(q->pw));
    N(product)(q->x_count, n, 1, q->D, q->Wx + i * q->D * q->x_count * VL, 0, q->x_count * VL,
               N(x_at)(q, t), 0, 1, xj, g, step, q->Wx);
  }
}

FN bptt_status N(layer_forward)(const N(layer) * q, bptt_poll *poll)
{
  const bptt_batch *b = q->batch;
  /* One column: the inputs of many steps are projected in one product. */
  const int ahead = b->n[q->t0] == 1;

  for (idx t = q->t0; ahead && t < q->t1; t += SEGMENT) {
    const idx n = SMALLER(q->t1 - t, SEGMENT);
    if (interrupted(poll, N(step_work)(q, t) * (double)n)) return BPTT_EINTERRUPT;
    N(project_ahead)(q, t, n);
  }
  for (idx t = q->t0; t < q->t1; t++) {
    if (interrupted(poll, N(step_work)(q, t))) return BPTT_EINTERRUPT;
    N(forward_step)(q, t, ahead);
  }
  return BPTT_OK;
}

/* ------------------------------------------------------------------------------- backward */

/* to[m][column][width] += sum over the slots of W' (packed transposed) * gate gradients of n
 * columns, of panels i .. i + np - 1: dh and ds with width mb, dx with width db. */
FN void N(transposed_piece)(const N(layer) * q, REAL *to, idx M, idx vectors, const REAL *Wt,
                            idx first, idx count, const REAL *da, idx n, idx i, idx np)
{
  const idx nb = q->batch->columns, width = vectors * VL, k = count * VL;
  for (idx m = 0; m < M; m++) {
    const idx next = m + 1 < M ? (m + 1) * q->P + i : i + np < q->P ? i + np : 0;
    N(product)(vectors, n, np, k, Wt + (m * q->P + i) * k * width, k * width, width,
               da + i * n * q->pw + first * VL, n * q->pw, 1, q->pw, to + m * nb * width, width,
               Wt + next * k * width);
  }
}
/* Panels to a piece, so that k stays near K_PIECE. */
FAST idx N(piece_panels)(idx count)
{
  return count * VL < K_PIECE ? K_PIECE / (count * VL) : 1;
}

/* One panel-wise pass of the cell at step t: dL/dh_t is in dh, gates become gradients. */
FN void N(cell_backward)(const N(layer) * q, idx t)
{
  const bptt_batch *b = q->batch;
  const idx n = b->n[t], nb = b->columns, np = N(columns_before)(q, t);
  for (idx u = 0; u < q->P * q->UB; u++) {
    REAL *g = N(window_at)(q, t) + u / q->UB * n * q->pw + u % q->UB * VL;
    const REAL *dh = q->dh + u / q->MB * nb * q->mb + u % q->MB * VL;
    const REAL *hp = N(h_before)(q, t) + u * VL, *h = N(h_after)(q, t) + u * VL;
    REAL *carry = q->carry + u * nb * VL;
    if (q->cell == BPTT_LSTM)
      N(lstm_backward)(q, n, g, dh, h, N(c_before)(q, t) + u * np * VL, carry);
    else if (q->nrec == 2)
      N(gru_before_state_back)(q, n, g, dh, hp, carry);
    else if (q->cell == BPTT_GRU)
      N(gru_backward)(q, n, g, dh, hp, carry);
    else
      N(rnn_backward)(q, n, g, dh, h);
  }
  if (q->nrec < 2) return;

  const N(recurrence) *gated = &q->rec[1];
  const idx piece = N(piece_panels)(gated->count);
  memset(q->ds, 0, BYTES(q->M * nb * q->mb));
  for (idx i = 0; i < q->P; i += piece)
    N(transposed_piece)(q, q->ds, q->M, q->MB, gated->Wt, gated->first, gated->count,
                        N(window_at)(q, t), n, i, SMALLER(q->P - i, piece));
  for (idx u = 0; u < q->P; u++)
    N(gru_before_gates_back)(q, n, N(window_at)(q, t) + u * n * q->pw,
                             q->ds + u / q->MB * nb * q->mb + u % q->MB * VL,
                             N(h_before)(q, t) + u * VL, q->carry + u * nb * VL);
}

/* The products of step t's gate gradients: W_hh' da_t, the part of dL/dh_{t-1} that comes through
 * the gates, into dh, and W_xh' da_t into dxp. Piece by piece for both, while da_t is in cache. */
FN void N(products_back)(const N(layer) * q, idx t, int dh, int dx)
{
  const N(recurrence) *rec = &q->rec[0];
  const idx nb = q->batch->columns, n = q->batch->n[t], piece = N(piece_panels)(rec->count);
  const REAL *da = N(window_at)(q, t);
  if (dh) memset(q->dh, 0, BYTES(q->M * q->mb * nb));
  if (dx) memset(q->dxp, 0, BYTES(q->DM * q->db * nb));
  for (idx i = 0; i < q->P; i += piece) {
    const idx np = SMALLER(q->P - i, piece);
    if (dh)
      N(transposed_piece)(q, q->dh, q->M, q->MB, rec->Wt, rec->first, rec->count, da, n, i, np);
    if (dx) N(transposed_piece)(q, q->dxp, q->DM, q->DB, q->Wxt, 0, q->x_count, da, n, i, np);
  }
}

/* dx_t in the user's layout; added to what is there when an overlapping window visited the step. */
FN void N(dx_out)(const N(layer) * q, idx t, const bptt_problem *p, int add)
{
  const bptt_batch *b = q->batch;
  for (idx m = 0; m < q->DM; m++)
    for (idx j = 0; j < b->n[t]; j++) {
      const REAL *from = q->dxp + (m * b->columns + j) * q->db;
      REAL *to = (REAL *)p->dx + (t * p->B + b->order[j]) * q->D + m * q->db;
      const idx k = SMALLER(q->D - m * q->db, q->db);
      if (add)
        for (idx d = 0; d < k; d++) to[d] += from[d];
      else
        for (idx d = 0; d < k; d++) to[d] = from[d];
    }
}

/* dL/d(initial state), added to what earlier windows that began at step 0 left. */
FN void N(dstate_add)(const N(layer) * q, REAL *dh0, REAL *dc0)
{
  const bptt_batch *b = q->batch;
  const idx nb = b->columns;
  for (idx j = 0; j < b->n[0]; j++)
    for (idx u = 0; u < q->H; u++) {
      const idx at = b->order[j] * q->H + u;
      const REAL carry = q->carry[(u / VL * nb + j) * VL + u % VL];
      if (dh0)
        dh0[at] += q->dh[(u / q->mb * nb + j) * q->mb + u % q->mb] +
                   (q->cell == BPTT_GRU ? carry : (REAL)0);
      if (dc0 && q->cell == BPTT_LSTM) dc0[at] += carry;
    }
}

/* What is above a layer hands down dh_t += W' delta_t: W' packed [m][k][mb], delta k numbers to
 * each column of the tape. */
typedef struct {
  const REAL *Wt, *delta;
  idx k;
} N(above);

/* Steps s .. e - 1 backwards. The loss of steps first .. e - 1 is taken in; steps below `seen`
 * were visited by an earlier window. */
FN bptt_status N(layer_backward)(const N(layer) * q, const N(above) * above, idx s, idx first,
                                 idx e, idx seen, const bptt_problem *p, bptt_poll *poll)
{
  const bptt_batch *b = q->batch;
  const idx nb = b->columns;
  const int state = s == 0 && (p->dh0 || p->dc0);

  memset(q->carry, 0, BYTES(q->M * q->mb * nb));
  memset(q->dh, 0, BYTES(q->M * q->mb * nb));
  for (idx t = e - 1; t >= s; t--) {
    if (interrupted(poll, N(step_work)(q, t))) return BPTT_EINTERRUPT;
    const REAL *delta = above->delta + N(real_step)(q, t) * above->k;
    if (t >= first)
      for (idx m = 0; m < q->M; m++)
        N(product)(q->MB, b->n[t], 1, above->k, above->Wt + m * q->mb * above->k, 0, q->mb, delta,
                   0, 1, above->k, q->dh + m * nb * q->mb, q->mb, above->Wt);
    N(cell_backward)(q, t);
    N(products_back)(q, t, t > s || state, p->dx != NULL);
    if (p->dx) N(dx_out)(q, t, p, t < seen);
  }
  if (state) N(dstate_add)(q, p->dh0, p->dc0);
  return BPTT_OK;
}

/* ------------------------------------------------------------------------------- weights */

/* dW += sum over columns of gate gradient times input, steps s .. e - 1. Pieces of steps near
 * K_PIECE columns keep the inputs in L2 while the panels pass. Within a piece all steps have the
 * same number of columns, so that the sum has two regular loops (step, column); one column to a
 * step makes one loop. */
FN bptt_status N(layer_weights)(const N(layer) * q, idx s, idx e, bptt_poll *poll)
{
  const bptt_batch *b = q->batch;
  for (idx t = s, end; t < e; t = end) {
    const idx n = b->n[t], most = (K_PIECE + n - 1) / n, st = q->P * n * q->pw;
    end = t + 1;
    while (end < e && end - t < most && b->n[end] == n) end++;
    /* h before step t lies n[t-1] columns before h before step t + 1: not n where a sequence has
     * just ended or a segment begins, so such a step is a piece of its own. */
    if (N(state_before)(q, t + 1) - N(state_before)(q, t) != n) end = t + 1;
    if (interrupted(poll, N(step_work)(q, t) * (double)(end - t))) return BPTT_EINTERRUPT;
    const idx outer = n == 1 ? 1 : end - t, inner = n == 1 ? end - t : n;
    const idx ak = n == 1 ? st : q->pw;
    const idx xs = (q->x_step ? q->x_step : n) * q->D, xk = n == 1 ? xs : q->D;
    for (idx i = 0; i < q->P; i++) {
      const REAL *a = N(window_at)(q, t) + i * n * q->pw;
      const REAL *next = i + 1 < q->P ? a + n * q->pw : a;
      N(product)(q->x_count, q->D, outer, inner, a, st, ak, N(x_at)(q, t), xs, xk, 1,
                 q->dWx + i * q->D * q->x_count * VL, q->x_count * VL, a);
      for (int r = 0; r < q->nrec; r++) {
        const N(recurrence) *rec = &q->rec[r];
        const REAL *in = r ? N(rs_at)(q, t) : N(h_before)(q, t);
        N(product)(rec->count, q->H, outer, inner, a + rec->first * VL, st, ak, in, n * q->ldh,
                   q->ldh, 1, rec->dW + i * q->H * rec->count * VL, rec->count * VL, next);
      }
      for (idx v = 0; v < q->slots; v++) {
        V sum = *(V *)(q->dbias + i * q->pw + v * VL);
        for (idx o = 0; o < outer; o++)
          for (idx k = 0; k < inner; k++) sum += *(const V *)(a + o * st + k * ak + v * VL);
        *(V *)(q->dbias + i * q->pw + v * VL) = sum;
      }
    }
  }
  return BPTT_OK;
}

/* Going back from step e - 1: the first step with a gate gradient that is not finite, or -1. */
FN idx N(bad_gradient)(const N(layer) * q, idx s, idx e)
{
  for (idx t = e - 1; t >= s; t--) {
    const REAL *g = N(window_at)(q, t);
    for (idx k = 0; k < q->batch->n[t] * q->P * q->pw; k++)
      if (!(g[k] - g[k] == 0)) return t;
  }
  return -1;
}

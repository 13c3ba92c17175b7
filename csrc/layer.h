/* layer.h -- one recurrent layer over time: forward, backward, weight gradients.
 * Part of kernel.h. Needs the weights packed (plan.h); calls the cells (cell.h) through the tile.
 * Each thread does its share (plan.h: columns, units) of every step.
 *
 *   forward    a_t = b + W_xh x_t + W_hh h_{t-1},  h_t = cell(a_t)
 *   backward   dh_t = (from above) + W_hh' da_{t+1} + (direct path),  da_t = cell'(dh_t)
 *              dx_t = W_xh' da_t
 *   weights    dW_xh = sum_t da_t x_t',  dW_hh = sum_t da_t h_{t-1}',  db = sum_t da_t */

/* Multiply-adds of one step, in each of the three passes over it. */
FAST double N(step_work)(const N(layer) * q, idx t)
{
  return (double)q->batch->n[t] * N(column_work)(q) / (double)q->me->size;
}

/* Where what comes next needs the units of the other threads. */
FN int N(meet)(N(layer) * q)
{
  if (!q->by_rows) return 0;
  if (bptt_barrier(q->me)) return 1;
  if (bptt_crowded(q->me)) N(share_no_more)(q);
  return 0;
}

/* ------------------------------------------------------------------------------- forward */

/* Where the pre-activations of panel i at step t go, from column j on: into the tape, for the gates
 * to stay there. What an rnn keeps is h: one step's tape is used again and again and stays in
 * cache, unless the products of all inputs come first. */
FAST REAL *N(gates_at)(const N(layer) * q, idx t, idx i, idx j, int x_done)
{
  const idx kept = q->cell == BPTT_RNN && !x_done ? q->t0 : t;
  return N(tape_at)(q, kept) + (i * q->batch->n[kept] + j) * q->pw;
}

/* Panel i, columns j .. j + nr - 1 of step t; or, in a batch of one column, panels i .. i + nr - 1:
 * pre-activations are in g. */
FAST void N(cell_forward)(const N(layer) * q, idx t, idx i, idx j, idx nr, REAL *g)
{
  const idx n = q->batch->n[t], unit = j * q->ldh + i * q->UB * VL;
  const idx hs = q->batch->columns == 1 ? q->UB * VL : q->ldh;
  const REAL *hp = N(h_before)(q, t) + unit;
  REAL *h = N(h_after)(q, t) + unit;

  if (q->cell == BPTT_LSTM)
    N(lstm_forward)(nr, g, h, hs, N(c_before)(q, t) + (i * N(columns_before)(q, t) + j) * VL,
                    N(c_before)(q, t + 1) + (i * n + j) * VL);
  else if (q->nrec == 2)
    N(gru_before_gates)(nr, g, hp, N(rs_at)(q, t) + unit, hs);
  else if (q->cell == BPTT_GRU)
    N(gru_forward)(nr, g, hp, h, hs);
  else
    N(rnn_forward)(q, nr, g, h, hs);
}

/* The bias of the slot of panel i that x does not feed (gru, reset after), in n columns. */
FAST void N(bias_beyond_x)(const N(layer) * q, idx i, REAL *g, idx step, idx n)
{
  const idx at = q->x_count * VL;
  if (q->slots == q->x_count) return;
  for (idx j = 0; j < n; j++)
    *(V *)(g + j * step + at) = *(const V *)(q->bias + i * q->pw + at);
}

FN void N(forward_step)(const N(layer) * q, idx t, int x_done)
{
  const N(recurrence) *rec = &q->rec[0];
  const idx n = q->batch->n[t], cx = q->x_count, ch = rec->count;
  const range c = N(columns_at)(q, t);
  const N(spread) s =
      N(spread_of)(c.to - c.from, SMALLER(N(tile_columns)[cx], N(tile_columns)[ch]));
  const REAL *x = N(x_at)(q, t), *hp = N(h_before)(q, t);

  for (idx i = q->panels.from; i < q->panels.to; i++) {
    idx j = c.from;
    for (idx k = 0, nr; k < s.tiles; k++, j += nr) {
      nr = s.width + (k < s.wider);
      const idx tile = n == 1 ? 0 : nr;
      REAL *g = N(gates_at)(q, t, i, j, x_done);
      if (!x_done) {
        N(bias_beyond_x)(q, i, g, q->pw, nr);
        N(tiles)[cx][tile](1, q->D, q->Wx + i * q->D * cx * VL, 0, cx * VL, x + j * q->x_ld, 0, 1,
                           q->x_ld, q->bias + i * q->pw, 0, g, q->pw, q->Wx);
      }
      /* Meanwhile fetch a share of the next panel's weights. */
      const REAL *W = rec->W + i * q->H * ch * VL;
      const REAL *next = i + 1 < q->P ? W + q->H * ch * VL + k * q->H * HALFLINE : rec->W;
      N(tiles)[ch][tile](1, q->H, W, 0, ch * VL, hp + j * q->ldh, 0, 1, q->ldh,
                         g + rec->first * VL, q->pw, g + rec->first * VL, q->pw, next);
      if (s.tiles > 1) N(cell_forward)(q, t, i, j, nr, g);
    }
  }
  /* Few columns: all products, then all cells, so that latencies overlap. */
  for (idx i = q->panels.from; s.tiles == 1 && i < q->panels.to; i++)
    N(cell_forward)(q, t, i, c.from, c.to - c.from, N(gates_at)(q, t, i, c.from, x_done));
}

/* The same in a batch of one column, whose input products are done. */
FN void N(forward_column)(const N(layer) * q, idx t)
{
  const N(recurrence) *rec = &q->rec[0];
  const idx i = q->panels.from, np = q->columns.to > 0 ? q->panels.to - i : 0;
  REAL *g = N(gates_at)(q, t, i, 0, 1);
  REAL *a = g + rec->first * VL;
  N(column_product)(rec->count, np, 1, q->H, rec->W + i * q->H * rec->count * VL,
                    N(h_before)(q, t), 0, a, q->pw, a, q->pw);
  N(cell_forward)(q, t, i, 0, np, g);
}

/* gru, reset before: n needs r * h of all units. */
FN void N(forward_gated)(const N(layer) * q, idx t)
{
  const N(recurrence) *gated = &q->rec[1];
  const idx n = q->batch->n[t];
  const range c = N(columns_at)(q, t);
  for (idx i = q->panels.from; i < q->panels.to; i++) {
    const idx unit = c.from * q->ldh + i * VL;
    REAL *g = N(tape_at)(q, t) + i * n * q->pw;
    N(product)(1, n, c, 1, q->H, gated->W + i * q->H * VL, 0, VL, N(rs_at)(q, t), 0, 1, q->ldh, g,
               q->pw, g, q->pw, gated->W);
    N(gru_before_state)(c.to - c.from, g + c.from * q->pw, N(h_before)(q, t) + unit,
                        N(h_after)(q, t) + unit, q->ldh);
  }
}

/* The input products of steps t .. t + n - 1 of one column, this thread's share of the steps. */
FN void N(project_ahead)(const N(layer) * q, idx t, idx n)
{
  const idx step = q->P * q->pw;
  const range mine = share(n, q->me);
  for (idx i = 0; i < q->P; i++) {
    REAL *g = N(tape_at)(q, t) + i * q->pw;
    N(bias_beyond_x)(q, i, g + mine.from * step, step, mine.to - mine.from);
    N(product)(q->x_count, q->batch->T, mine, 1, q->D, q->Wx + i * q->D * q->x_count * VL, 0,
               q->x_count * VL, N(x_at)(q, t), 0, 1, q->x_ld, q->bias + i * q->pw, 0, g, step,
               q->Wx);
  }
}

FN bptt_status N(layer_forward)(N(layer) * q)
{
  const bptt_batch *b = q->batch;
  /* One column: the inputs of many steps are projected in one product. */
  const int ahead = b->n[0] == 1;

  for (idx t = q->t0; ahead && t < q->t1; t += SEGMENT) {
    const idx n = SMALLER(q->t1 - t, SEGMENT);
    if (interrupted(q->me, N(step_work)(q, t) * (double)n)) return BPTT_EINTERRUPT;
    N(project_ahead)(q, t, n);
  }
  if (ahead && bptt_barrier(q->me)) return BPTT_EINTERRUPT;
  for (idx t = q->t0; t < q->t1; t++) {
    if (interrupted(q->me, N(step_work)(q, t))) return BPTT_EINTERRUPT;
    if (b->columns == 1)
      N(forward_column)(q, t);
    else
      N(forward_step)(q, t, ahead);
    if (N(meet)(q)) return BPTT_EINTERRUPT;
    if (q->nrec < 2) continue;
    N(forward_gated)(q, t);
    if (N(meet)(q)) return BPTT_EINTERRUPT;
  }
  return BPTT_OK;
}

/* ------------------------------------------------------------------------------- backward */

/* to[m][column][width] = 0, of panels m and this thread's columns: dh and ds with width mb, dx with
 * width db. */
FN void N(clear_columns)(const N(layer) * q, REAL *to, range m, idx width)
{
  const idx n = q->columns.to - q->columns.from;
  for (idx i = m.from; i < m.to; i++)
    memset(to + (i * q->batch->columns + q->columns.from) * width, 0, BYTES(n * width));
}
/* to[m][column][width] = (from panel 0 on) or += sum over the slots of W' (packed transposed) *
 * gate gradients of step t, of tape panels i .. i + np - 1. */
FN void N(transposed_piece)(const N(layer) * q, idx t, REAL *to, range m, idx vectors,
                            const REAL *Wt, idx first, idx count, idx i, idx np)
{
  const idx n = q->batch->n[t], width = vectors * VL, k = count * VL;
  const REAL *da = N(tape_at)(q, t) + i * n * q->pw + first * VL;
  const REAL *zeros = (const REAL *)N(zeros);
  for (idx l = m.from; l < m.to; l++) {
    REAL *sum = to + l * q->batch->columns * width;
    const idx next = l + 1 < m.to ? (l + 1) * q->P + i : i + np < q->P ? i + np : 0;
    N(product)(vectors, n, N(columns_at)(q, t), np, k, Wt + (l * q->P + i) * k * width, k * width,
               width, da, n * q->pw, 1, q->pw, i ? sum : zeros, i ? width : 0, sum, width,
               Wt + next * k * width);
  }
}
/* Panels to a piece, so that k stays near K_PIECE. */
FAST idx N(piece_panels)(idx count)
{
  return count * VL < K_PIECE ? K_PIECE / (count * VL) : 1;
}

/* nr columns from c on of vector u of units; or, in a batch of one column, nr vectors from u on:
 * dL/dh_t is in dh, gates become gradients. */
FAST void N(cell_backward_from)(const N(layer) * q, idx t, idx u, idx c, idx nr)
{
  const bptt_batch *b = q->batch;
  const int alone = b->columns == 1;
  const idx n = b->n[t], nb = b->columns, unit = c * q->ldh + u * VL;
  const idx hs = alone ? VL : q->ldh, ds = alone ? VL : q->mb;
  REAL *g = N(tape_at)(q, t) + (u / q->UB * n + c) * q->pw + u % q->UB * VL;
  const REAL *dh = q->dh + (u / q->MB * nb + c) * q->mb + u % q->MB * VL;
  const REAL *hp = N(h_before)(q, t) + unit, *h = N(h_after)(q, t) + unit;
  REAL *carry = q->carry + (u * nb + c) * VL;

  if (q->cell == BPTT_LSTM)
    N(lstm_backward)(nr, g, dh, ds, h, hs,
                     N(c_before)(q, t) + (u * N(columns_before)(q, t) + c) * VL, carry);
  else if (q->nrec == 2)
    N(gru_before_state_back)(nr, g, dh, ds, hp, hs, carry);
  else if (q->cell == BPTT_GRU)
    N(gru_backward)(nr, g, dh, ds, hp, hs, carry);
  else
    N(rnn_backward)(q->activation, nr, g, alone ? VL : q->pw, dh, ds, h, hs);
}
FN void N(cell_backward)(const N(layer) * q, idx t)
{
  const range c = N(columns_at)(q, t);
  const idx from = q->panels.from * q->UB, to = q->panels.to * q->UB;
  if (q->batch->columns == 1)
    N(cell_backward_from)(q, t, from, 0, c.to > c.from ? to - from : 0);
  else
    for (idx u = from; u < to; u++) N(cell_backward_from)(q, t, u, c.from, c.to - c.from);
}

/* gru, reset before: the other half, which needs dn of all units. */
FN void N(cell_backward_gated)(const N(layer) * q, idx t)
{
  const N(recurrence) *gated = &q->rec[1];
  const range c = N(columns_at)(q, t);
  const idx n = q->batch->n[t], nb = q->batch->columns, piece = N(piece_panels)(gated->count);
  for (idx i = 0; i < q->P; i += piece)
    N(transposed_piece)(q, t, q->ds, q->units, q->MB, gated->Wt, gated->first, gated->count, i,
                        SMALLER(q->P - i, piece));
  for (idx u = q->panels.from; u < q->panels.to; u++)
    N(gru_before_gates_back)(c.to - c.from, N(tape_at)(q, t) + (u * n + c.from) * q->pw,
                             q->ds + (u / q->MB * nb + c.from) * q->mb + u % q->MB * VL, q->mb,
                             N(h_before)(q, t) + c.from * q->ldh + u * VL, q->ldh,
                             q->carry + (u * nb + c.from) * VL);
}

/* The products of step t's gate gradients: W_hh' da_t, the part of dL/dh_{t-1} that comes through
 * the gates, into dh, and W_xh' da_t into dxp. Piece by piece for both, while da_t is in cache. */
FN void N(products_back)(const N(layer) * q, idx t, int dh, int dx)
{
  const N(recurrence) *rec = &q->rec[0];
  const idx piece = N(piece_panels)(rec->count);
  for (idx i = 0; i < q->P; i += piece) {
    const idx np = SMALLER(q->P - i, piece);
    if (dh)
      N(transposed_piece)(q, t, q->dh, q->units, q->MB, rec->Wt, rec->first, rec->count, i, np);
    if (dx) N(transposed_piece)(q, t, q->dxp, q->inputs, q->DB, q->Wxt, 0, q->x_count, i, np);
  }
}

/* Where dL/dx of column j at step t goes: to the user, or to what the layer below reads. */
FAST REAL *N(dx_at)(const N(layer) * q, idx t, idx j, const bptt_problem *p)
{
  const bptt_batch *b = q->batch;
  const idx at = N(user_step)(q, t, j);
  return q->level > 0 ? q->dx + (N(real_step)(q, at) + j) * q->D
                      : (REAL *)p->dx + (at * p->B + b->order[j]) * q->D;
}
/* One column of a panel of dx; added to what is there when an overlapping window visited the step,
 * or the other direction. */
FAST void N(dx_column)(const N(layer) * q, idx m, const REAL *from, REAL *dx, int add)
{
  REAL *to = dx + m * q->db;
  const idx k = SMALLER(q->D - m * q->db, q->db);
  for (idx d = 0; d < k; d += VL) {
    V v = *(const V *)(from + d);
    if (add) {
      V before = {0}; /* lest gcc -O1 think that it is not all loaded */
      N(load_rows)((REAL *)&before, to + d, k - d);
      v += before;
    }
    N(store_rows)(to + d, (const REAL *)&v, k - d);
  }
}
FN void N(dx_out)(const N(layer) * q, idx t, idx seen, const bptt_problem *p)
{
  const range c = N(columns_at)(q, t);
  for (idx m = q->inputs.from; m < q->inputs.to; m++)
    for (idx j = c.from; j < c.to; j++)
      N(dx_column)(q, m, q->dxp + (m * q->batch->columns + j) * q->db, N(dx_at)(q, t, j, p),
                   q->reverse || t < seen);
}
/* W_xh' da and dx of steps t .. t + n - 1 of a batch of one column, when their gate gradients are
 * all there: the steps are the columns of one product. */
FN void N(dx_behind)(const N(layer) * q, idx t, idx n, idx seen, const bptt_problem *p)
{
  const idx piece = N(piece_panels)(q->x_count), k = q->x_count * VL, step = q->P * q->pw;
  for (idx m = q->inputs.from; m < q->inputs.to; m++) {
    REAL *sum = q->dxp + m * K_PIECE * q->db;
    for (idx i = 0; i < q->P; i += piece) {
      const REAL *W = q->Wxt + (m * q->P + i) * k * q->db;
      N(product)(q->DB, q->batch->T, (range){0, n}, SMALLER(q->P - i, piece), k, W, k * q->db,
                 q->db, N(tape_at)(q, t) + i * q->pw, q->pw, 1, step,
                 i ? sum : (const REAL *)N(zeros), i ? q->db : 0, sum, q->db, W);
    }
    for (idx j = 0; j < n; j++)
      N(dx_column)(q, m, sum + j * q->db, N(dx_at)(q, t + j, 0, p), q->reverse || t + j < seen);
  }
}

/* dL/d(initial state), added to what earlier windows that began at step 0 left. */
FN void N(dstate_add)(const N(layer) * q)
{
  const bptt_batch *b = q->batch;
  REAL *dh0 = q->user->dh0, *dc0 = q->user->dc0;
  const idx nb = b->columns, end = SMALLER(q->units.to * q->mb, q->H);
  const range c = N(columns_at)(q, 0);
  for (idx j = c.from; j < c.to; j++)
    for (idx u = q->units.from * q->mb; u < end; u++) {
      const idx at = b->order[j] * q->H + u;
      const REAL carry = q->carry[(u / VL * nb + j) * VL + u % VL];
      if (dh0)
        dh0[at] += q->dh[(u / q->mb * nb + j) * q->mb + u % q->mb] +
                   (q->cell == BPTT_GRU ? carry : (REAL)0);
      if (dc0 && q->cell == BPTT_LSTM) dc0[at] += carry;
    }
}

/* What is above a layer hands down to dh_t. A readout: W' delta_t, with W' packed [m][k][mb] and k
 * numbers of delta to each column of the tape; `last`: to each column, for its last step alone. A
 * layer (Wt NULL): dL/dh_t itself, k numbers to a column of the tape in the user's order of time. */
typedef struct {
  const REAL *Wt, *delta;
  idx k;
  int last;
  idx first; /* step: those before it get nothing */
} N(above);

/* The product in a batch of one column. */
FN void N(column_above)(const N(layer) * q, const N(above) * above, const REAL *delta)
{
  const idx m = q->units.from, np = q->columns.to > 0 ? q->units.to - m : 0;
  REAL *dh = q->dh + m * q->mb;
  N(column_product)(q->MB, np, 1, above->k, above->Wt + m * q->mb * above->k, delta, 0, dh, q->mb,
                    dh, q->mb);
}
/* The columns whose last step of all is the direction's step t. */
FN range N(columns_ending)(const N(layer) * q, idx t)
{
  const bptt_batch *b = q->batch;
  range c = N(columns_at)(q, t);
  if (!q->reverse)
    c.from = SMALLER(c.to, c.from > b->n[t + 1] ? c.from : b->n[t + 1]);
  else if (t > 0)
    c.from = c.to;
  return c;
}
FN void N(readout_above)(const N(layer) * q, const N(above) * above, idx t)
{
  const idx nb = q->batch->columns;
  const range c = above->last ? N(columns_ending)(q, t) : N(columns_at)(q, t);
  const REAL *delta = above->delta + (above->last ? 0 : N(real_step)(q, t)) * above->k;
  if (nb == 1) {
    if (c.from < c.to || !above->last) N(column_above)(q, above, delta);
    return;
  }
  for (idx m = q->units.from; m < q->units.to; m++)
    N(product)(q->MB, q->batch->n[t], c, 1, above->k, above->Wt + m * q->mb * above->k, 0, q->mb,
               delta, 0, 1, above->k, q->dh + m * nb * q->mb, q->mb, q->dh + m * nb * q->mb,
               q->mb, above->Wt);
}
FN void N(layer_above)(const N(layer) * q, const N(above) * above, idx t)
{
  const idx nb = q->batch->columns;
  const range c = N(columns_at)(q, t);
  for (idx j = c.from; j < c.to; j++) {
    const idx at = N(real_step)(q, N(user_step)(q, t, j)) + j;
    for (idx m = q->units.from; m < q->units.to; m++) {
      const REAL *delta = above->delta + at * above->k + m * q->mb;
      const idx rows = SMALLER(q->H - m * q->mb, q->mb);
      REAL *dh = q->dh + (m * nb + j) * q->mb;
      for (idx v = 0; v < rows; v += VL) {
        V d = {0};
        N(load_rows)((REAL *)&d, delta + v, rows - v);
        *(V *)(dh + v) += d;
      }
    }
  }
}

FN void N(column_back)(const N(layer) * q, idx t)
{
  const N(recurrence) *rec = &q->rec[0];
  const idx m = q->units.from, np = q->columns.to > 0 ? q->units.to - m : 0;
  const idx k = rec->count * VL;
  N(column_product)(q->MB, np, q->P, k, rec->Wt + m * q->P * k * q->mb,
                    N(tape_at)(q, t) + rec->first * VL, q->pw, (const REAL *)N(zeros), 0,
                    q->dh + m * q->mb, q->mb);
}

/* Truncated without overlap: the gradient does not go from a step of the user's that is a multiple
 * of `cut` to the one before, nor, in the reverse direction, back. What would go on to the
 * direction's step t is forgotten. */
FN void N(cut_before)(const N(layer) * q, idx t, idx cut)
{
  const idx nb = q->batch->columns;
  const range c = N(columns_at)(q, t), v = {q->units.from * q->MB, q->units.to * q->MB};
  for (idx j = c.from; j < c.to; j++) {
    if ((N(user_step)(q, t, j) + !q->reverse) % cut) continue;
    for (idx m = q->units.from; m < q->units.to; m++)
      memset(q->dh + (m * nb + j) * q->mb, 0, BYTES(q->mb));
    for (idx u = v.from; u < v.to; u++) memset(q->carry + (u * nb + j) * VL, 0, VBYTES);
  }
}

/* Which steps go back, and how far. */
typedef struct {
  idx s, e;    /* s .. e - 1, of those in memory */
  idx end;     /* of the last step that the gradient comes from: there it begins with 0 */
  idx start;   /* the first step that it goes to */
  idx cut;     /* see cut_before; 0: nowhere */
  idx seen;    /* steps below were visited by an earlier window */
} N(stretch);

FN bptt_status N(layer_backward)(N(layer) * q, const N(above) * above, const N(stretch) * w,
                                 const bptt_problem *p)
{
  const bptt_batch *b = q->batch;
  const idx nb = b->columns;
  const int state = q->user->dh0 || q->user->dc0 || q->user->gain;
  const int flow = q->user->dh_norm || q->user->dc_norm || q->user->gain;
  const int dx = N(wants_dx)(q, p);
  const idx seen = q->level > 0 ? 0 : w->seen; /* the layer below has had what there was */
  idx dx_from = w->e;

  if (w->e == w->end) {
    N(clear_columns)(q, q->carry, (range){q->units.from * q->MB, q->units.to * q->MB}, VL);
    N(clear_columns)(q, q->dh, q->units, q->mb);
  }
  for (idx t = w->e - 1; t >= w->s; t--) {
    if (interrupted(q->me, N(step_work)(q, t))) return BPTT_EINTERRUPT;
    if (w->cut) N(cut_before)(q, t, w->cut);
    if (flow) N(flow_arrives)(q, t);
    if (!above->Wt)
      N(layer_above)(q, above, t);
    else if (t >= above->first)
      N(readout_above)(q, above, t);
    if (flow) N(flow_leaves)(q, t);
    N(cell_backward)(q, t);
    if (N(meet)(q)) return BPTT_EINTERRUPT;
    if (q->nrec == 2) {
      N(cell_backward_gated)(q, t);
      if (N(meet)(q)) return BPTT_EINTERRUPT;
    }
    const int goes_on =
        t > w->start ? !w->cut || q->reverse || t % w->cut : t == 0 && state;
    if (nb > 1) {
      N(products_back)(q, t, goes_on, dx);
      if (dx) N(dx_out)(q, t, seen, p);
      continue;
    }
    if (goes_on) N(column_back)(q, t);
    if (dx && q->columns.to > 0 && (dx_from - t == K_PIECE || t == w->s)) {
      N(dx_behind)(q, t, dx_from - t, seen, p);
      dx_from = t;
    }
  }
  if (w->s > 0) return BPTT_OK;
  if (flow) N(flow_arrives)(q, -1);
  N(dstate_add)(q);
  return BPTT_OK;
}

/* ------------------------------------------------------------------------------- weights */

/* dW += sum over columns of gate gradient times input: columns j .. j + n - 1 of steps t .. e - 1,
 * which have all the same number of columns, so that the sum has two regular loops (step, column);
 * one column to a step makes one loop. Of the columns of [dW_xh dW_hh], counted panel after panel,
 * those that are mine. */
FN void N(weights_piece)(const N(layer) * q, range mine, idx t, idx e, idx j, idx n)
{
  const idx whole = q->batch->n[t], st = q->P * whole * q->pw, width = q->D + q->nrec * q->H;
  const idx outer = whole == 1 ? 1 : e - t, inner = whole == 1 ? e - t : n;
  const idx ak = whole == 1 ? st : q->pw;
  const idx xs = whole * q->x_ld, xk = q->x_ld;
  const REAL *x = N(x_at)(q, t) + j * q->x_ld;
  const REAL *then = N(h_before)(q, t) + (j + outer * inner) * q->ldh; /* the next piece's input */
  const REAL one = 1; /* the input of the biases */
  for (idx i = mine.from / width; i * width < mine.to; i++) {
    const range w = within(mine, i * width, width);
    const REAL *a = N(tape_at)(q, t) + (i * whole + j) * q->pw;
    const REAL *next = i + 1 < q->P ? a + whole * q->pw : then;
    REAL *dWx = q->dWx + i * q->D * q->x_count * VL, *dbias = q->dbias + i * q->pw;
    N(product)(q->x_count, q->D, within(w, 0, q->D), outer, inner, a, st, ak, x, xs, xk, 1, dWx,
               q->x_count * VL, dWx, q->x_count * VL, a);
    for (int r = 0; r < q->nrec; r++) {
      const N(recurrence) *rec = &q->rec[r];
      const REAL *in = (r ? N(rs_at)(q, t) : N(h_before)(q, t)) + j * q->ldh;
      REAL *dW = rec->dW + i * q->H * rec->count * VL;
      N(product)(rec->count, q->H, within(w, q->D + r * q->H, q->H), outer, inner,
                 a + rec->first * VL, st, ak, in, whole * q->ldh, q->ldh, 1, dW, rec->count * VL,
                 dW, rec->count * VL, next);
    }
    if (w.from == 0)
      N(product)(q->slots, 1, (range){0, 1}, outer, inner, a, st, ak, &one, 0, 0, 0, dbias, 0,
                 dbias, 0, a);
  }
}

/* The weight gradients of steps s .. e - 1, in pieces near COLUMN_PIECE columns: gate gradients of
 * one panel stay in L1 while the inputs pass, the inputs in L2 while the panels pass.
 * The threads share out the columns of dW: each sum is one thread's. */
FN bptt_status N(layer_weights)(const N(layer) * q, idx s, idx e)
{
  const bptt_batch *b = q->batch;
  const range mine = share(q->P * (q->D + q->nrec * q->H), q->me);
  for (idx t = s, end; t < e; t = end) {
    const idx n = b->n[t], most = (COLUMN_PIECE + n - 1) / n;
    end = t + 1;
    while (end < e && end - t < most && b->n[end] == n) end++;
    /* h before step t lies n[t-1] columns before h before step t + 1: not n where a sequence has
     * just ended, so such a step is a piece of its own. */
    if (N(state_before)(q, t + 1) - N(state_before)(q, t) != n) end = t + 1;
    if (interrupted(q->me, N(step_work)(q, t) * (double)(end - t))) return BPTT_EINTERRUPT;
    for (idx j = 0; j < n; j += COLUMN_PIECE)
      N(weights_piece)(q, mine, t, end, j, SMALLER(n - j, COLUMN_PIECE));
  }
  return BPTT_OK;
}

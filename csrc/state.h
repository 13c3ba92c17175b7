/* state.h -- where the states and the tape of a layer are, and how states come and go. Part of
 * kernel.h. */

/* Where things are: of step t of the block, at its first column. */
FAST idx N(columns_before)(const N(layer) * q, idx t)
{
  return q->batch->n[t > 0 ? t - 1 : 0];
}
FAST idx N(state_before)(const N(layer) * q, idx t) /* in columns of hs and cs */
{
  const bptt_batch *b = q->batch;
  return t > q->t0 ? N(columns_before)(q, q->t0) + b->off[t - 1] - b->off[q->t0] : 0;
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
FAST const REAL *N(x_at)(const N(layer) * q, idx t)
{
  return q->x + N(real_step)(q, t) * q->x_ld;
}
/* What step of the sequence in column j the direction's step t is. */
FAST idx N(user_step)(const N(layer) * q, idx t, idx j)
{
  return q->reverse ? q->batch->length[j] - 1 - t : t;
}

/* This thread's columns of step t. */
FAST range N(columns_at)(const N(layer) * q, idx t)
{
  const idx n = q->batch->n[t];
  return (range){SMALLER(q->columns.from, n), SMALLER(q->columns.to, n)};
}

/* The user's initial state, before step 0. */
FN void N(state_in)(N(layer) * q)
{
  const bptt_batch *b = q->batch;
  const REAL *h0 = q->user->h0, *c0 = q->user->c0;
  const idx n = b->n[0];
  const range mine = share(n, q->me);
  for (idx j = mine.from; j < mine.to; j++) {
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
/* Keeps the state before step t, which is in memory. */
FN void N(state_keep)(const N(layer) * q, idx slot, idx t)
{
  REAL *kept = q->kept + slot * q->state_size;
  const idx n = N(columns_before)(q, t);
  const range h = share(n * q->ldh, q->me), c = share(n * q->P * VL, q->me);
  memcpy(kept + h.from, N(h_before)(q, t) + h.from, BYTES(h.to - h.from));
  if (q->cs)
    memcpy(kept + n * q->ldh + c.from, N(c_before)(q, t) + c.from, BYTES(c.to - c.from));
}
/* Makes it the first one of the block. */
FN void N(state_recall)(const N(layer) * q, idx slot)
{
  const REAL *kept = q->kept + slot * q->state_size;
  const idx n = N(columns_before)(q, q->t0);
  const range h = share(n * q->ldh, q->me), c = share(n * q->P * VL, q->me);
  memcpy(q->hs + h.from, kept + h.from, BYTES(h.to - h.from));
  if (q->cs) memcpy(q->cs + c.from, kept + n * q->ldh + c.from, BYTES(c.to - c.from));
}
/* One column of c, of P panels `apart` from each other. */
FAST void N(c_column)(const N(layer) * q, REAL *to, const REAL *c, idx apart)
{
  for (idx i = 0; i < q->P; i++)
    memcpy(to + i * VL, c + i * apart, BYTES(SMALLER(q->H - i * VL, VL)));
}
/* The state of the sequences that end in this block. */
FN void N(state_out)(const N(layer) * q)
{
  const bptt_batch *b = q->batch;
  REAL *h = q->user->h_last, *c = q->user->c_last;
  const range mine = share(h || c ? b->n[q->t0] : 0, q->me);
  for (idx j = mine.from; j < mine.to; j++) {
    const idx t = b->length[j], s = b->order[j] * q->H;
    if (t > q->t1) continue;
    if (h) memcpy(h + s, N(h_before)(q, t) + j * q->ldh, BYTES(q->H));
    if (c && q->cs)
      N(c_column)(q, c + s, N(c_before)(q, t) + j * VL, N(columns_before)(q, t) * VL);
  }
}
/* h of these steps in the user's order, ld to a column. */
FN void N(h_out)(const N(layer) * q, range steps, REAL *to, idx ld)
{
  const bptt_batch *b = q->batch;
  for (idx t = steps.from; to && t < steps.to; t++)
    for (idx j = 0; j < b->n[t]; j++)
      memcpy(to + (N(user_step)(q, t, j) * b->columns + b->order[j]) * ld,
             N(h_after)(q, t) + j * q->ldh, BYTES(q->H));
}
FN void N(c_out)(const N(layer) * q, range steps, REAL *to)
{
  const bptt_batch *b = q->batch;
  for (idx t = steps.from; to && t < steps.to; t++)
    for (idx j = 0; j < b->n[t]; j++)
      N(c_column)(q, to + (N(user_step)(q, t, j) * b->columns + b->order[j]) * q->H,
                  N(c_before)(q, t + 1) + j * VL, b->n[t] * VL);
}

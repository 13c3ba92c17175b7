/* step.h -- one step of a network: forward pass, loss, backpropagation through time.
 * Part of kernel.h.
 *
 * All threads of a team run it. Between two barriers each writes what is its own and reads what was
 * written before the first of them: what one thread has to itself is
 *
 *     weights packed, lengths sorted                                  columns of the weights
 *     | state, x, forward pass                                        sequences (or units)
 *     | readout, losses                                               steps
 *     | backward pass                                                 sequences (or units)
 *     | weight gradients                                              columns of the weights
 *     | ... and so on from the second line with the next segment      (|: a barrier) */

typedef struct {
  bptt_batch batch;
  N(layer) layer;
  N(readout) readout;
  idx segment; /* steps in memory at a time */
  idx overlap; /* steps of the longest window where windows overlap, else 0 */
  REAL *xs;    /* x of a segment gathered into the order of the tape, where lengths differ */
  idx *found;  /* by each thread: a step, or 0 */
} N(plan);

/* A backward pass needs the tape of all steps it goes back through: all of them, or, truncated
 * without overlap, those of a window. Without a backward pass the tape is but a scratch pad. */
static idx N(segment_steps)(const bptt_problem *p, idx T, int back)
{
  const idx unit = back ? p->k1 : 1;
  if (back && (p->k1 >= T || p->k2 > p->k1)) return T;
  const idx windows = (SEGMENT + unit * p->B - 1) / (unit * p->B);
  return windows > T / unit ? T : windows * unit;
}

/* Lays out the workspace; returns its size. Without one, only the size is found: the batch is
 * then taken as full, which needs most. The workspace begins with room for the plan itself. */
static size_t N(plan_make)(N(plan) * q, const bptt_problem *p, void *workspace)
{
  const int back = N(wants_backward)(p);
  const idx here = (idx)((sizeof *q + sizeof(idx) - 1) / sizeof(idx)), team = N(threads)(p);
  const idx table = here + team + bptt_batch_size(p);
  N(arena) a = {workspace, ((size_t)table * sizeof(idx) + 63) / 64 * 64};

  memset(q, 0, sizeof *q);
  if (workspace) {
    q->found = (idx *)workspace + here;
    bptt_batch_make(&q->batch, p, q->found + team);
  } else {
    q->batch.columns = p->B;
    q->batch.T = p->T;
    q->batch.total = p->B * p->T;
    q->batch.ragged = p->length != NULL;
  }
  const idx T = q->batch.T;
  q->segment = N(segment_steps)(p, T, back);
  q->overlap = p->k2 > p->k1 && p->k1 < T ? SMALLER(p->k2, T) : 0;
  const idx total = SMALLER(q->segment * p->B, q->batch.total);
  N(layer_shape)(&q->layer, p);
  N(layer_memory)(&q->layer, p, &q->batch, total, q->overlap * p->B, &a);
  N(readout_plan)(&q->readout, &q->layer, p, total, q->segment, team, &a);
  if (q->batch.ragged) q->xs = N(carve)(&a, total * p->D);
  return a.used;
}

static size_t N(step_bytes)(const bptt_problem *p)
{
  N(plan) q;
  return N(plan_make)(&q, p, NULL);
}

/* ------------------------------------------------------------------------------- in and out */

FN void N(x_in)(N(plan) * q, const bptt_problem *p)
{
  const bptt_batch *b = &q->batch;
  N(layer) *l = &q->layer;
  l->x = p->x;
  l->x_step = p->B;
  if (!b->ragged) return;
  l->x = q->xs;
  l->x_step = 0;
  const range mine = N(my_steps)(l);
  for (idx t = mine.from; t < mine.to; t++)
    for (idx j = 0; j < b->n[t]; j++)
      memcpy(q->xs + (N(real_step)(l, t) + j) * p->D,
             (const REAL *)p->x + (t * p->B + b->order[j]) * p->D, BYTES(p->D));
}

FN void N(h_out)(const N(layer) * q, range steps, const bptt_problem *p)
{
  const bptt_batch *b = q->batch;
  for (idx t = steps.from; t < steps.to; t++)
    for (idx j = 0; j < b->n[t]; j++)
      memcpy((REAL *)p->h + (t * p->B + b->order[j]) * p->layer->H, N(h_after)(q, t) + j * q->ldh,
             BYTES(p->layer->H));
}

static void N(fill)(void *to, idx n, REAL value)
{
  REAL *a = to;
  if (a)
    for (idx i = 0; i < n; i++) a[i] = value;
}
static void N(copy)(void *to, const void *from, idx n)
{
  if (to && from) memcpy(to, from, BYTES(n));
}

/* What the steps do not write, and what they add to. */
FN void N(results_start)(const bptt_batch *b, bptt_problem *p)
{
  p->bad_forward = p->bad_backward = 0;
  p->loss_value = 0;
  if (b->ragged) {
    N(fill)(p->y, p->O * p->B * p->T, (REAL)NAN);
    N(fill)(p->h, p->layer->H * p->B * p->T, (REAL)NAN);
    N(fill)(p->dx, p->D * p->B * p->T, 0);
    /* A sequence of no steps ends as it begins. */
    N(fill)(p->layer->h_last, p->layer->H * p->B, 0);
    N(fill)(p->layer->c_last, p->layer->H * p->B, 0);
    N(copy)(p->layer->h_last, p->layer->h0, p->layer->H * p->B);
    N(copy)(p->layer->c_last, p->layer->c0, p->layer->H * p->B);
  }
  N(fill)(p->layer->dh0, p->layer->H * p->B, 0);
  N(fill)(p->layer->dc0, p->layer->H * p->B, 0);
}

/* ------------------------------------------------------------------------------- not finite */

/* The first of these steps with an output or a state that is not finite, from 1; 0: none.
 * Looked for while y is still there; states matter only where they reach an output. */
FN idx N(bad_forward)(const N(plan) * q, range steps, const bptt_problem *p)
{
  const bptt_batch *b = &q->batch;
  const N(layer) *l = &q->layer;
  const REAL *y = q->readout.dy;
  const idx from = N(real_step)(l, steps.from), to = N(real_step)(l, steps.to);
  if (N(all_finite)(y + from * p->O, (to - from) * p->O)) return 0;
  for (idx t = steps.from; t < steps.to; t++) {
    if (!N(all_finite)(y + N(real_step)(l, t) * p->O, b->n[t] * p->O)) return t + 1;
    for (idx j = 0; j < b->n[t]; j++)
      if (!N(all_finite)(N(h_after)(l, t) + j * l->ldh, p->layer->H)) return t + 1;
    if (l->cs && !N(all_finite)(N(c_before)(l, t + 1), b->n[t] * l->P * VL)) return t + 1;
  }
  return 0;
}

/* Going back from step e - 1 to s: the first step with a gate gradient that is not finite, from 1;
 * 0: none. */
FN idx N(bad_backward)(const N(layer) * q, idx s, idx e)
{
  for (idx t = e - 1; t >= s; t--)
    if (!N(all_finite)(N(window_at)(q, t), q->batch->n[t] * q->P * q->pw)) return t + 1;
  return 0;
}

/* Whether a gradient is or has become not finite; the weights' sums are still packed. */
FN int N(gradient_finite)(const N(plan) * q, const bptt_problem *p)
{
  const N(layer) *l = &q->layer;
  int finite = N(all_finite)(p->layer->dh0, p->layer->H * p->B) && N(all_finite)(p->layer->dc0, p->layer->H * p->B);
  if (p->dx)
    for (idx t = l->t0; t < l->t1; t++)
      finite = finite && N(all_finite)((REAL *)p->dx + t * p->B * p->D, p->B * p->D);
  if (p->layer->dW_xh)
    finite = finite && N(all_finite)(l->dWx, l->P * l->x_count * VL * l->D) &&
             N(all_finite)(l->dbias, l->P * l->pw) && N(all_finite)(q->readout.db, q->readout.O);
  for (int r = 0; p->layer->dW_xh && r < l->nrec; r++)
    finite = finite && N(all_finite)(l->rec[r].dW, l->P * l->rec[r].count * VL * l->H);
  /* h beyond the last vector of units is never written: only the rows of real units count. */
  for (idx m = 0; p->layer->dW_xh && m < l->M; m++)
    for (idx o = 0; o < p->O; o++)
      finite = finite && N(all_finite)(q->readout.dWt + (m * p->O + o) * l->mb,
                                       SMALLER(p->layer->H - m * l->mb, l->mb));
  return finite;
}

/* ------------------------------------------------------------------------------- backward */

/* The tape of steps s .. e - 1, this thread's columns and panels, where it may be overwritten. */
FN void N(window_copy)(N(layer) * q, idx s, idx e)
{
  q->window = q->copy;
  q->window_start = s;
  for (idx t = s; t < e; t++) {
    const range c = N(columns_at)(q, t);
    for (idx i = q->panels.from; i < q->panels.to; i++) {
      const idx at = (i * q->batch->n[t] + c.from) * q->pw;
      memcpy(N(window_at)(q, t) + at, N(tape_at)(q, t) + at, BYTES((c.to - c.from) * q->pw));
    }
  }
}

/* The windows of truncated backpropagation: each takes in the loss of k1 steps (the last one of
 * what is left) and begins k2 - k1 steps before them. Overlapping ones are copies of the tape, so
 * what is read from one is read before the next. */
FN bptt_status N(segment_backward)(N(plan) * q, bptt_problem *p)
{
  N(layer) *l = &q->layer;
  const N(above) above = {q->readout.Wt, q->readout.dy, p->O};
  const int first_thread = l->me->rank == 0;
  idx bad = 0;

  for (idx first = l->t0, e; first < l->t1; first = e) {
    e = p->k1 < l->t1 - first ? first + p->k1 : l->t1;
    idx s = first;
    if (q->overlap) {
      s = p->k2 - p->k1 < first ? first - (p->k2 - p->k1) : 0;
      N(window_copy)(l, s, e);
    }
    if (N(layer_backward)(l, &above, s, first, e, q->overlap ? first : 0, p) != BPTT_OK)
      return BPTT_EINTERRUPT;
    if (q->overlap) {
      if (bptt_barrier(l->me)) return BPTT_EINTERRUPT;
      if (p->layer->dW_xh && N(layer_weights)(l, s, e) != BPTT_OK) return BPTT_EINTERRUPT;
      if (first_thread && !bad) bad = N(bad_backward)(l, s, e);
      if (bptt_barrier(l->me)) return BPTT_EINTERRUPT;
    }
  }
  if (!q->overlap && bptt_barrier(l->me)) return BPTT_EINTERRUPT;
  if (p->layer->dW_xh) {
    if (!q->overlap && N(layer_weights)(l, l->t0, l->t1) != BPTT_OK) return BPTT_EINTERRUPT;
    if (N(readout_weights)(&q->readout, l) != BPTT_OK) return BPTT_EINTERRUPT;
  }
  if (bptt_barrier(l->me)) return BPTT_EINTERRUPT;
  if (first_thread && !p->bad_backward && !N(gradient_finite)(q, p))
    p->bad_backward = q->overlap ? bad : N(bad_backward)(l, l->t0, l->t1);
  return BPTT_OK;
}

/* ------------------------------------------------------------------------------- the step */

/* Forward pass, outputs and losses of one segment. */
FN bptt_status N(segment_forward)(N(plan) * q, bptt_problem *p)
{
  N(layer) *l = &q->layer;
  bptt_thread *me = l->me;
  N(x_in)(q, p);
  /* Thread 0 may still have been looking at the segment before. */
  if ((l->t0 > 0 || q->batch.ragged) && bptt_barrier(me)) return BPTT_EINTERRUPT;
  if (N(layer_forward)(l) != BPTT_OK || bptt_barrier(me)) return BPTT_EINTERRUPT;

  const range steps = N(my_steps)(l);
  if (p->layer->h_last || p->layer->c_last) N(state_out)(l, p->layer->h_last, p->layer->c_last);
  if (p->h) N(h_out)(l, steps, p);
  if (N(readout_forward)(&q->readout, l, steps, p->b_y) != BPTT_OK) return BPTT_EINTERRUPT;
  q->found[me->rank] = N(bad_forward)(q, steps, p);
  if (N(losses)(&q->readout, l, steps, p) != BPTT_OK || bptt_barrier(me)) return BPTT_EINTERRUPT;
  if (me->rank > 0) return BPTT_OK;
  for (int i = 0; i < me->size && !p->bad_forward; i++) p->bad_forward = q->found[i];
  N(loss_sum)(&q->readout, l, p);
  return BPTT_OK;
}

FN bptt_status N(step)(bptt_problem *p, void *workspace, bptt_thread *me)
{
  N(plan) q;
  N(layer) *l = &q.layer;
  const int back = N(wants_backward)(p);

  /* Thread 0 makes the plan; the others have a copy. */
  if (me->rank == 0) {
    N(plan_make)(&q, p, workspace);
    N(results_start)(&q.batch, p);
    memcpy(workspace, &q, sizeof q);
  }
  if (bptt_barrier(me)) return BPTT_EINTERRUPT;
  if (me->rank > 0) memcpy(&q, workspace, sizeof q);
  l->batch = &q.batch;
  N(layer_share)(l, me);

  N(layer_pack)(l, p);
  N(readout_pack)(&q.readout, l, p->W_hy, p->b_y);
  if (back) N(layer_pack_back)(l, p);
  N(state_in)(l, p->layer->h0, p->layer->c0);
  if (bptt_barrier(me)) return BPTT_EINTERRUPT;
  while (l->t1 < q.batch.T) {
    N(next_segment)(l, SMALLER(l->t1 + q.segment, q.batch.T));
    if (N(segment_forward)(&q, p) != BPTT_OK) return BPTT_EINTERRUPT;
    if (back && N(segment_backward)(&q, p) != BPTT_OK) return BPTT_EINTERRUPT;
  }
  if (p->layer->dW_xh) {
    N(layer_unpack)(l, p);
    N(readout_unpack)(&q.readout, l, p->dW_hy, p->db_y);
  }
  return BPTT_OK;
}

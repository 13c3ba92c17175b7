/* step.h -- one step of a network: forward pass, loss, backpropagation through time.
 * Part of kernel.h. */

typedef struct {
  bptt_batch batch;
  N(layer) layer;
  N(readout) readout;
  REAL *xs; /* x gathered into the order of the tape, where lengths differ */
} N(plan);

/* Steps of the longest window, and whether windows overlap. */
static idx N(overlap)(const bptt_problem *p, const bptt_batch *b)
{
  return p->k2 > p->k1 && p->k1 < b->T ? SMALLER(p->k2, b->T) : 0;
}
static int N(wants_backward)(const bptt_problem *p)
{
  return p->dW_xh || p->dx || p->dh0 || p->dc0;
}

/* Lays out the workspace; returns its size. Without one, only the size is found: the batch is
 * then taken as full, which needs most. */
static size_t N(plan_make)(N(plan) * q, const bptt_problem *p, void *workspace)
{
  const int back = N(wants_backward)(p);
  const size_t table = ((size_t)bptt_batch_size(p) * sizeof(idx) + 63) / 64 * 64;
  N(arena) a = {workspace, table};

  memset(q, 0, sizeof *q);
  if (workspace)
    bptt_batch_make(&q->batch, p, workspace);
  else {
    q->batch.columns = p->B;
    q->batch.T = p->T;
    q->batch.total = p->B * p->T;
    q->batch.ragged = p->length != NULL;
  }
  N(layer_shape)(&q->layer, p);
  N(layer_memory)(&q->layer, &q->batch, back, p->dx != NULL, N(overlap)(p, &q->batch) * p->B, &a);
  N(readout_plan)(&q->readout, &q->layer, p, &q->batch, back, &a);
  if (q->batch.ragged) q->xs = N(carve)(&a, q->batch.total * p->D);
  return a.used;
}

static size_t N(step_bytes)(const bptt_problem *p)
{
  N(plan) q;
  return N(plan_make)(&q, p, NULL);
}

FN void N(gather_x)(N(plan) * q, const bptt_problem *p)
{
  const bptt_batch *b = &q->batch;
  q->layer.x = p->x;
  q->layer.x_step = p->B;
  if (!b->ragged) return;
  for (idx t = 0; t < b->T; t++)
    for (idx j = 0; j < b->n[t]; j++)
      memcpy(q->xs + (b->off[t] + j) * p->D, (const REAL *)p->x + (t * p->B + b->order[j]) * p->D,
             BYTES(p->D));
  q->layer.x = q->xs;
  q->layer.x_step = 0;
}

static void N(fill)(void *to, idx n, REAL value)
{
  REAL *a = to;
  if (a)
    for (idx i = 0; i < n; i++) a[i] = value;
}
static int N(all_finite)(const void *v, idx n)
{
  const REAL *a = v;
  REAL sum = 0;
  if (a)
    for (idx i = 0; i < n; i++) sum += a[i] * 0; /* 0, or NaN from the first that is not finite */
  return sum == 0;
}

FN void N(copy_h)(const N(layer) * q, const bptt_problem *p)
{
  const bptt_batch *b = q->batch;
  for (idx t = 0; t < b->T; t++)
    for (idx j = 0; j < b->n[t]; j++)
      memcpy((REAL *)p->h + (t * p->B + b->order[j]) * p->H, N(h_after)(q, t) + j * q->ldh,
             BYTES(p->H));
}

/* The windows of truncated backpropagation: each takes in the loss of k1 steps (the last one of
 * what is left) and begins k2 - k1 steps before them. */
FN bptt_status N(backward)(N(plan) * q, bptt_problem *p, const bptt_poll *poll)
{
  N(layer) *l = &q->layer;
  const bptt_batch *b = &q->batch;
  const N(above) above = {q->readout.Wt, q->readout.dy, p->O};
  const int overlap = N(overlap)(p, b) > 0;
  idx bad = -1;

  for (idx done = 0, e; done < b->T; done = e) {
    e = p->k1 < b->T - done ? done + p->k1 : b->T;
    const idx s = p->k2 - p->k1 < done ? done - (p->k2 - p->k1) : 0;
    if (overlap) {
      l->window = l->copy;
      l->window_off = b->off[s];
      memcpy(l->copy, N(tape_at)(l, l->tape, s), BYTES((b->off[e] - b->off[s]) * l->P * l->pw));
    }
    if (N(layer_backward)(l, &above, s, done, e, overlap ? done : 0, p, poll) != BPTT_OK)
      return BPTT_EINTERRUPT;
    if (overlap) {
      if (p->dW_xh) N(layer_weights)(l, s, e);
      /* This window's tape is gone after this: look now. */
      if (bad < 0) bad = N(bad_gradient)(l, s, e);
    }
  }
  if (p->dW_xh) {
    if (!overlap) N(layer_weights)(l, 0, b->T);
    N(readout_weights)(&q->readout, l);
    N(layer_unpack)(l, p);
    N(readout_unpack)(&q->readout, l, p->dW_hy, p->db_y);
  }

  const int finite =
      N(all_finite)(p->dW_xh, l->gates * p->H * p->D) &&
      N(all_finite)(p->dW_hh, l->gates * p->H * p->H) && N(all_finite)(p->db_h, l->gates * p->H) &&
      N(all_finite)(p->db_hn, p->H) && N(all_finite)(p->dW_hy, p->O * p->H) &&
      N(all_finite)(p->db_y, p->O) && N(all_finite)(p->dx, p->D * p->B * p->T) &&
      N(all_finite)(p->dh0, p->H * p->B) && N(all_finite)(p->dc0, p->H * p->B);
  if (!finite && !overlap) bad = N(bad_gradient)(l, 0, b->T);
  if (!finite) p->bad_backward = bad + 1;
  return BPTT_OK;
}

/* The first step with an output or a state that is not finite, from 1; 0: none. */
FN idx N(bad_forward)(const N(plan) * q, const bptt_problem *p, const REAL *y)
{
  const bptt_batch *b = &q->batch;
  const N(layer) *l = &q->layer;
  for (idx t = 0; t < b->T; t++) {
    if (!N(all_finite)(y + b->off[t] * p->O, b->n[t] * p->O)) return t + 1;
    for (idx j = 0; j < b->n[t]; j++)
      if (!N(all_finite)(N(h_after)(l, t) + j * l->ldh, p->H)) return t + 1;
    if (l->cs && !N(all_finite)(l->cs + N(state_before)(b, t + 1) * l->P * VL,
                                b->n[t] * l->P * VL))
      return t + 1;
  }
  return 0;
}

FN bptt_status N(step)(bptt_problem *p, void *workspace, const bptt_poll *poll)
{
  N(plan) q;
  const int back = N(wants_backward)(p);

  N(plan_make)(&q, p, workspace);
  p->bad_forward = p->bad_backward = 0;
  if (q.batch.ragged) {
    N(fill)(p->y, p->O * p->B * p->T, (REAL)NAN);
    N(fill)(p->h, p->H * p->B * p->T, (REAL)NAN);
    N(fill)(p->dx, p->D * p->B * p->T, 0);
  }
  N(gather_x)(&q, p);
  N(layer_pack)(&q.layer, p);
  N(state_in)(&q.layer, p->h0, p->c0);
  if (N(layer_forward)(&q.layer, poll) != BPTT_OK) return BPTT_EINTERRUPT;
  N(state_out)(&q.layer, p->h_last, p->c_last);
  if (p->h) N(copy_h)(&q.layer, p);

  N(readout_pack)(&q.readout, p->W_hy);
  N(readout_forward)(&q.readout, &q.layer, p->b_y);
  /* Looked for while y is still there; states matter only where they reach an output. */
  if (!N(all_finite)(q.readout.dy, q.batch.total * p->O))
    p->bad_forward = N(bad_forward)(&q, p, q.readout.dy);
  p->loss_value = N(losses)(&q.readout, &q.batch, p);
  if (!back) return BPTT_OK;

  N(layer_pack_back)(&q.layer, p);
  N(readout_pack_back)(&q.readout, &q.layer, p->W_hy);
  N(fill)(p->dh0, p->H * p->B, 0);
  N(fill)(p->dc0, p->H * p->B, 0);
  return N(backward)(&q, p, poll);
}

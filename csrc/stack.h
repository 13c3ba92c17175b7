/* stack.h -- layers upon each other, in one direction or in two. Part of kernel.h.
 *
 *   forward    x of layer l + 1 at step t = [h_t; h_t of the reverse direction] of layer l,
 *              with dropout: times the mask, 0 or 1 / (1 - dropout)
 *   backward   from the topmost layer down: dL/dh_t of layer l = dL/dx_t of layer l + 1,
 *              from both its directions, times the mask
 *
 * The reverse direction is a layer like any other, whose own step s of a sequence of L steps is
 * the sequence's step L - 1 - s: its tape is in its own order, and what goes in and what comes out
 * is turned. As columns are sorted by length, its steps have as many columns as anybody's. */

/* What a thread finds in its steps that is not finite. */
typedef struct {
  idx step;   /* the first with a state or an output, from 1; 0: none */
  int output; /* there is an output */
} N(finding);

typedef struct {
  bptt_batch batch;
  idx count;          /* layers, each direction for itself */
  N(layer) *layer;    /* as this thread sees them */
  N(readout) readout;
  idx block;          /* steps that are gone through forward, then back */
  idx part;           /* of them, steps gone back through at a time */
  idx piece;          /* steps in memory at a time: a block, or with `recompute` a part */
  int overlap;        /* blocks are windows that overlap */
  int turns;          /* there are two directions: all steps are in memory */
  REAL *between[2];   /* dL/dx of layers, by turns */
  N(finding) *found;  /* by each thread in the block */
  idx suspect;        /* `step` over all threads and blocks so far */
} N(plan);

FAST N(layer) * N(top)(const N(plan) * q)
{
  return q->layer + q->count - (q->turns ? 2 : 1);
}

/* ------------------------------------------------------------------------------- inputs */

/* Columns of these steps, `width` numbers each, from the order of one direction to that of the
 * other. */
FN void N(turn)(const bptt_batch *b, range steps, REAL *to, idx to_ld, const REAL *from,
                idx from_ld, idx width)
{
  for (idx t = steps.from; t < steps.to; t++)
    for (idx j = 0; j < b->n[t]; j++)
      memcpy(to + (b->off[t] + j) * to_ld, from + (b->off[b->length[j] - 1 - t] + j) * from_ld,
             BYTES(width));
}

/* Leaves out units of one column of a layer's outputs. */
FN void N(drop)(REAL *v, idx units, uint64_t key, const bptt_problem *p)
{
  const uint64_t least = dropout_threshold(p->dropout);
  const REAL scale = (REAL)(1 / (1 - p->dropout));
  for (idx u = 0; u < units; u += 2) {
    const uint64_t bits = dropout_bits(key, u);
    v[u] = (bits & UINT32_MAX) < least ? 0 : v[u] * scale;
    if (u + 1 < units) v[u + 1] = (bits >> 32) < least ? 0 : v[u + 1] * scale;
  }
}
/* The mask of the outputs of layer `level`, over columns of the block in the order of time. */
FN void N(dropout)(const N(layer) * q, REAL *v, idx units, int level, range steps,
                   const bptt_problem *p)
{
  const bptt_batch *b = q->batch;
  for (idx t = steps.from; p->dropout > 0 && t < steps.to; t++)
    for (idx j = 0; j < b->n[t]; j++)
      N(drop)(v + (N(real_step)(q, t) + j) * units, units,
              dropout_key(p->seed, level, b->order[j], p->first_step + t), p);
}

/* The user's x: as it is, or gathered into the order of the tape. */
FN void N(user_input)(N(layer) * q, range steps, const bptt_problem *p)
{
  const bptt_batch *b = q->batch;
  q->x_ld = p->D;
  q->x = b->ragged ? q->xs : (const REAL *)p->x + b->off[q->t0] * p->D;
  for (idx t = steps.from; b->ragged && t < steps.to; t++)
    for (idx j = 0; j < b->n[t]; j++)
      memcpy(q->xs + (N(real_step)(q, t) + j) * p->D,
             (const REAL *)p->x + (t * p->B + b->order[j]) * p->D, BYTES(p->D));
}
/* What the layer below puts out: h as it is, or gathered from its directions. */
FN void N(layer_input)(N(layer) * q, range steps, const bptt_problem *p)
{
  const N(layer) *below = q - p->directions;
  q->x_ld = q->xs ? q->D : below->ldh;
  q->x = q->xs ? q->xs : N(h_after)(below, q->t0);
  for (idx t = steps.from; q->xs && t < steps.to; t++)
    for (idx j = 0; j < q->batch->n[t]; j++) {
      REAL *x = q->xs + (N(real_step)(q, t) + j) * q->D;
      memcpy(x, N(h_after)(below, t) + j * below->ldh, BYTES(below->H));
    }
  if (p->directions == 2)
    N(turn)(q->batch, steps, q->xs + below->H, q->D, N(h_after)(below + 1, 0), below->ldh,
            below->H);
  if (q->xs) N(dropout)(q, q->xs, q->D, below->level, steps, p);
}

/* What the readout reads of the topmost layer. */
FN void N(readout_input)(N(plan) * q, range steps)
{
  const bptt_batch *b = &q->batch;
  const N(layer) *top = N(top)(q);
  N(readout) *r = &q->readout;
  for (int d = 0; d < r->directions; d++) {
    const N(layer) *l = top + d;
    r->h[d] = r->h_room[d] ? r->h_room[d] : N(h_after)(l, l->t0);
    if (r->last) {
      const range e = N(entries)(r, l, steps);
      for (idx j = e.from; j < e.to; j++)
        memcpy(r->h_room[d] + j * l->ldh,
               N(h_before)(l, d ? 1 : b->length[j]) + j * l->ldh, BYTES(l->ldh));
    } else if (d) {
      N(turn)(b, steps, r->h_room[d], l->ldh, N(h_after)(l, 0), l->ldh, l->ldh);
    }
  }
}

/* ------------------------------------------------------------------------------- forward */

FN bptt_status N(layers_forward)(N(plan) * q, const bptt_problem *p)
{
  for (N(layer) *l = q->layer; l < q->layer + q->count; l += p->directions) {
    const range steps = N(my_steps)(l, l->t0, l->t1);
    if (l->level == 0)
      N(user_input)(l, steps, p);
    else
      N(layer_input)(l, steps, p);
    /* Thread 0 may still have been looking at the block before. */
    if (bptt_barrier(l->me)) return BPTT_EINTERRUPT;
    if (N(layer_forward)(l) != BPTT_OK) return BPTT_EINTERRUPT;
    if (p->directions == 2) {
      N(layer) *r = l + 1;
      r->x = r->xs;
      r->x_ld = r->D;
      N(turn)(&q->batch, steps, r->xs, r->D, l->x, l->x_ld, r->D);
      if (bptt_barrier(l->me) || N(layer_forward)(r) != BPTT_OK) return BPTT_EINTERRUPT;
    }
    if (bptt_barrier(l->me)) return BPTT_EINTERRUPT;
  }
  return BPTT_OK;
}

/* ------------------------------------------------------------------------------- backward */

/* The gradient of what the topmost layer puts out, for one direction. */
FN N(above) N(from_readout)(const N(plan) * q, int direction, idx first)
{
  const N(readout) *r = &q->readout;
  const REAL *dy = direction && !r->last ? r->dy_turned : r->dy;
  return (N(above)){r->Wt[direction], dy, r->O, r->last, first};
}

/* One layer in one direction, part by part: what the weights' gradients are summed from is still in
 * cache. */
FN bptt_status N(direction_backward)(const N(plan) * q, N(layer) * l, const N(above) * above,
                                     const N(stretch) * all, const bptt_problem *p)
{
  N(stretch) w = *all;
  for (w.e = all->e; w.e > all->s; w.e = w.s) {
    w.s = w.e - all->s > q->part ? w.e - q->part : all->s;
    if (N(layer_backward)(l, above, &w, p) != BPTT_OK || bptt_barrier(l->me) ||
        (p->dW_hy && N(layer_weights)(l, w.s, w.e) != BPTT_OK))
      return BPTT_EINTERRUPT;
  }
  return BPTT_OK;
}

/* Steps w->s .. w->e - 1 of all layers, and of the weights' gradients; the readout's has steps from
 * `first` on alone. */
FN bptt_status N(layers_backward)(N(plan) * q, const N(stretch) * w, idx first,
                                  const bptt_problem *p)
{
  const range with_loss = {first > w->s ? SMALLER(first, w->e) : w->s, w->e};
  bptt_thread *me = q->layer->me;
  for (N(layer) *l = N(top)(q); l >= q->layer; l -= p->directions) {
    const N(layer) *upper = l + p->directions;
    for (int d = 0; d < p->directions; d++) {
      N(above) above = N(from_readout)(q, d, first);
      if (l != N(top)(q)) above = (N(above)){NULL, upper->dx + d * l->H, upper->D, 0, 0};
      l[d].dx = q->between[(l->level + 1) % 2]; /* of level 0: the user has it */
      if (N(direction_backward)(q, l + d, &above, w, p) != BPTT_OK) return BPTT_EINTERRUPT;
    }
    if (l->level > 0 && p->dropout > 0) {
      N(dropout)(l, l->dx, l->D, l->level - 1, N(my_steps)(l, w->s, w->e), p);
      if (bptt_barrier(me)) return BPTT_EINTERRUPT;
    }
  }
  if (p->dW_hy && N(readout_weights)(&q->readout, N(top)(q), with_loss) != BPTT_OK)
    return BPTT_EINTERRUPT;
  return bptt_barrier(me) ? BPTT_EINTERRUPT : BPTT_OK;
}

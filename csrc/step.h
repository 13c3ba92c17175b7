/* step.h -- one step of a network: forward pass, loss, backpropagation through time.
 * Part of kernel.h.
 *
 * Steps are gone through in blocks that fit in memory:
 *
 *     two directions             all of them
 *     no backward pass           a few hundred steps at a time, whose tape is but a scratch pad
 *     not truncated              all of them
 *     truncated, no overlap      a few windows; the gradient is cut at each window's start
 *     truncated with overlap     a window: the steps before its own are computed again
 *
 * and back through time in parts of a block, the last one first. With `recompute` only a part is in
 * memory: the way forward keeps the state before each of them, the way back computes each again.
 * As the parts are the same either way, so are the sums over them, to the bit.
 *
 * All threads of a team run it. Between two barriers each writes what is its own and reads what was
 * written before the first of them: what one thread has to itself is
 *
 *     weights packed, lengths sorted                                  columns of the weights
 *     | x and the state before the block                              steps, numbers
 *     | forward pass, layer by layer                                  sequences (or units)
 *     | readout, losses                                               steps
 *     | backward pass, layer by layer                                 sequences (or units)
 *     | weight gradients                                              columns of the weights
 *     | ... and so on from the second line with the next block        (|: a barrier) */

/* Steps to a block, and to a part of it: of order sqrt(T), and enough for the products to be large.
 * They follow from p->T, not from the longest sequence, so that the workspace is never too small. */
static idx N(block_steps)(const bptt_problem *p, int back)
{
  const idx unit = back ? p->k1 : 1;
  if (p->directions == 2 || (back && p->k1 >= p->T)) return p->T;
  if (back && p->k2 > p->k1) return SMALLER(p->k2, p->T);
  const idx windows = (SEGMENT + unit * p->B - 1) / (unit * p->B);
  return windows > p->T / unit ? p->T : windows * unit;
}
static idx N(part_steps)(const bptt_problem *p, idx block)
{
  const idx root = (idx)ceil(sqrt((double)p->T)), enough = (SEGMENT + p->B - 1) / p->B;
  const idx part = root > enough ? root : enough;
  return block < 2 * part ? block : part;
}

/* Lays out the workspace; returns its size. Without one, only the size is found: the batch is
 * then taken as full, which needs most, and its lengths are not looked at. The workspace begins with
 * room for the plan itself and each thread's view of the layers. */
static size_t N(plan_make)(N(plan) * q, const bptt_problem *p, void *workspace)
{
  const int back = N(wants_backward)(p);
  const idx team = workspace ? N(threads)(p) : N(most_threads)(p);
  const idx count = p->layers * p->directions;
  const size_t views = sizeof *q + (size_t)(team * count) * sizeof(N(layer));
  const size_t here = (views + sizeof(idx) - 1) / sizeof(idx) * sizeof(idx);
  const size_t sorted = here + (size_t)team * sizeof *q->found;
  const size_t table = sorted + (size_t)bptt_batch_size(p) * sizeof(idx);
  N(arena) a = {workspace, (table + 63) / 64 * 64};
  N(layer) alone;

  memset(q, 0, sizeof *q);
  q->count = count;
  q->turns = p->directions == 2;
  if (workspace) {
    q->layer = (N(layer) *)(void *)((char *)workspace + sizeof *q);
    q->found = (N(finding) *)(void *)((char *)workspace + here);
    bptt_batch_make(&q->batch, p, (idx *)(void *)((char *)workspace + sorted));
  } else {
    q->batch.columns = p->B;
    q->batch.T = p->T;
    q->batch.total = p->B * p->T;
    q->batch.ragged = p->length != NULL;
  }
  q->block = N(block_steps)(p, back);
  q->part = back ? N(part_steps)(p, q->block) : q->block;
  q->overlap = back && p->k2 > p->k1 && p->k1 < p->T;
  q->piece = back && p->recompute && !q->turns ? q->part : q->block;
  const idx total = SMALLER(q->piece * p->B, q->batch.total);
  const int keeps = q->block < p->T || q->overlap || q->piece < q->block;
  const idx kept = keeps ? STATE_PARTS + (q->block + q->piece - 1) / q->piece : 0;
  idx widest = 0;
  for (idx i = 0; i < count; i++) {
    N(layer) *l = workspace ? q->layer + i : &alone;
    N(layer_shape)(l, p, i);
    const int gathers = l->level ? q->turns || p->dropout > 0 : q->batch.ragged || l->reverse;
    N(layer_memory)(l, p, &q->batch, total, kept, gathers, &a);
    if (l->level && l->D > widest) widest = l->D;
    if (i == count - p->directions) N(readout_plan)(&q->readout, l, p, total, q->piece, team, &a);
  }
  for (int i = 0; back && i < 2 && i + 1 < p->layers; i++)
    q->between[i] = N(carve)(&a, total * widest);
  return a.used;
}

static size_t N(step_bytes)(const bptt_problem *p)
{
  N(plan) q;
  return N(plan_make)(&q, p, NULL);
}

/* ------------------------------------------------------------------------------- in and out */

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
static void N(nothing)(double *a, idx n)
{
  if (a) memset(a, 0, (size_t)n * sizeof *a);
}

/* What the steps do not write, and what they add to. */
FN void N(results_start)(const bptt_batch *b, bptt_problem *p)
{
  const idx BT = p->B * p->T;
  p->bad_forward = p->bad_backward = 0;
  p->loss_value = 0;
  if (b->ragged) {
    N(fill)(p->y, p->O * (p->last ? p->B : BT), (REAL)NAN);
    N(fill)(p->h, p->directions * p->layer[(p->layers - 1) * p->directions].H * BT, (REAL)NAN);
    N(fill)(p->dx, p->D * BT, 0);
  }
  for (bptt_layer *l = p->layer; l < p->layer + p->layers * p->directions; l++) {
    const idx HB = l->H * p->B;
    if (b->ragged) {
      N(fill)(l->h_all, HB * p->T, (REAL)NAN);
      N(fill)(l->c_all, HB * p->T, (REAL)NAN);
      /* A sequence of no steps ends as it begins. */
      N(fill)(l->h_last, HB, 0);
      N(fill)(l->c_last, HB, 0);
      N(copy)(l->h_last, l->h0, HB);
      N(copy)(l->c_last, l->c0, HB);
    }
    N(fill)(l->dh0, HB, 0);
    N(fill)(l->dc0, HB, 0);
    N(nothing)(l->dh_norm, p->T);
    N(nothing)(l->dc_norm, p->T);
    N(nothing)(l->gain, p->T);
  }
}

/* The states of these steps that the user wants. */
FN void N(states_out)(const N(plan) * q, range steps, const bptt_problem *p)
{
  for (const N(layer) *l = q->layer; l < q->layer + q->count; l++) {
    N(state_out)(l);
    N(h_out)(l, steps, l->user->h_all, l->H);
    if (l->cs) N(c_out)(l, steps, l->user->c_all);
    if (l >= N(top)(q) && p->h)
      N(h_out)(l, steps, (REAL *)p->h + l->reverse * l->H, p->directions * l->H);
  }
}

/* ------------------------------------------------------------------------------- not finite */

/* Whether the states after these steps are finite, and what pads them. `seen`: h is. */
FN int N(states_finite)(const N(layer) * l, range steps, int seen)
{
  const idx from = N(state_before)(l, steps.from + 1), n = N(state_before)(l, steps.to + 1) - from;
  return (seen || N(columns_finite)(l->hs + from * l->ldh, l->ldh, n, l->U)) &&
         (!l->cs || N(all_finite)(l->cs + from * l->P * VL, n * l->P * VL));
}
/* Whether the states of column j after step t are: of units alone, as pads, which are 0 times what
 * goes in, also become NaN where a state stays finite. */
FN int N(state_finite)(const N(layer) * l, idx t, idx j)
{
  const REAL *c = l->cs ? N(c_before)(l, t + 1) + j * VL : NULL;
  int finite = N(all_finite)(N(h_after)(l, t) + j * l->ldh, l->H);
  for (idx i = 0; c && i < l->P; i++, c += l->batch->n[t] * VL)
    finite = finite && N(all_finite)(c, SMALLER(l->H - i * VL, VL));
  return finite;
}
/* The first of these steps after which a state is not finite, from 1; 0: none. States of the
 * reverse direction matter only through what they reach. `shown`: all steps have outputs, and they
 * are finite: then so is h of the topmost layer, whose every unit is a term of theirs. */
FN idx N(bad_state)(const N(plan) * q, range steps, int directions, int shown)
{
  int finite = 1;
  for (const N(layer) *l = q->layer; l < q->layer + q->count; l += directions)
    finite = finite && N(states_finite)(l, steps, shown && l >= N(top)(q));
  for (idx t = steps.from; !finite && t < steps.to; t++)
    for (const N(layer) *l = q->layer; l < q->layer + q->count; l += directions)
      for (idx j = 0; j < q->batch.n[t]; j++)
        if (!N(state_finite)(l, t, j)) return t + 1;
  return 0;
}
/* The first of these steps with an output that is not; looked for while y is still there. */
FN idx N(bad_output)(const N(plan) * q, range steps, idx O)
{
  const N(readout) *r = &q->readout;
  const range all = N(entries)(r, q->layer, steps);
  if (N(all_finite)(r->dy + all.from * O, (all.to - all.from) * O)) return 0;
  for (idx t = steps.from; t < steps.to; t++) {
    const range e = N(entries)(r, q->layer, (range){t, t + 1});
    if (!N(all_finite)(r->dy + e.from * O, (e.to - e.from) * O)) return t + 1;
  }
  return 0;
}
FAST idx N(earlier)(idx a, idx b) /* of two steps, either of which may be 0: none */
{
  return a && (!b || a < b) ? a : b;
}
FN N(finding) N(find_bad)(const N(plan) * q, range steps, const bptt_problem *p)
{
  const idx output = N(bad_output)(q, steps, p->O);
  const idx state = N(bad_state)(q, steps, p->directions, !output && !p->last);
  return (N(finding)){N(earlier)(state, output), output > 0};
}
/* What the threads have found in the steps after those before. A state may reach outputs that are
 * another thread's, or of a later block; it matters only where an output is not finite. */
FN void N(report_bad)(N(plan) * q, int threads, bptt_problem *p)
{
  for (const N(finding) *f = q->found; f < q->found + threads; f++) {
    q->suspect = N(earlier)(q->suspect, f->step);
    if (f->output) p->bad_forward = N(earlier)(q->suspect, p->bad_forward);
  }
}

/* Going back through steps s .. e - 1: the first step met with a gate gradient that is not finite,
 * in the topmost layer that has one, from 1; 0: none. */
FN idx N(bad_backward)(const N(plan) * q, idx s, idx e)
{
  for (const N(layer) *l = q->layer + q->count - 1; l >= q->layer; l--)
    for (idx t = e - 1; t >= s; t--) {
      const idx n = q->batch.n[t];
      if (N(all_finite)(N(tape_at)(l, t), n * l->P * l->pw)) continue;
      for (idx j = 0; j < n; j++)
        for (idx i = 0; i < l->P; i++)
          if (!N(all_finite)(N(tape_at)(l, t) + (i * n + j) * l->pw, l->pw))
            return N(user_step)(l, t, j) + 1;
    }
  return 0;
}

/* Whether a gradient is or has become not finite, having gone back through steps s .. e - 1; the
 * weights' sums are still packed. */
FN int N(gradient_finite)(const N(plan) * q, idx s, idx e, const bptt_problem *p)
{
  const N(readout) *r = &q->readout;
  const N(layer) *top = N(top)(q);
  int finite = 1;
  for (idx t = s; p->dx && t < e; t++)
    finite = finite && N(all_finite)((REAL *)p->dx + t * p->B * p->D, p->B * p->D);
  for (const N(layer) *l = q->layer; l < q->layer + q->count; l++) {
    /* Before they are complete, other threads may be on their way to them. */
    if (s == 0)
      finite = finite && N(all_finite)(l->user->dh0, l->H * p->B) &&
               N(all_finite)(l->user->dc0, l->H * p->B);
    if (!p->dW_hy) continue;
    finite = finite && N(all_finite)(l->dWx, l->P * l->x_count * VL * l->D) &&
             N(all_finite)(l->dbias, l->P * l->pw);
    for (int i = 0; i < l->nrec; i++)
      finite = finite && N(all_finite)(l->rec[i].dW, l->P * l->rec[i].count * VL * l->H);
  }
  finite = finite && N(all_finite)(r->db, p->dW_hy ? r->O : 0);
  /* h beyond the last vector of units is never written: only the rows of real units count. */
  for (int d = 0; p->dW_hy && d < r->directions; d++)
    for (idx m = 0; m < top->M; m++)
      for (idx o = 0; o < r->O; o++)
        finite = finite && N(all_finite)(r->dWt[d] + (m * r->O + o) * top->mb,
                                         SMALLER(top->H - m * top->mb, top->mb));
  return finite;
}

/* ------------------------------------------------------------------------------- blocks */

/* Steps s .. e - 1, with the loss of first .. e - 1; the next block begins at `next`. */
typedef struct {
  idx s, first, e, next;
} N(block);

FN void N(keep)(const N(plan) * q, idx slot, idx t)
{
  for (const N(layer) *l = q->layer; l < q->layer + q->count; l++) N(state_keep)(l, slot, t);
}
FN void N(recall)(N(plan) * q, idx slot)
{
  for (const N(layer) *l = q->layer; l < q->layer + q->count; l++) N(state_recall)(l, slot);
}
/* Steps t0 .. t1 - 1 are in memory from now on. */
FN void N(move_to)(N(plan) * q, idx t0, idx t1)
{
  for (N(layer) *l = q->layer; l < q->layer + q->count; l++) {
    l->t0 = t0;
    l->t1 = t1;
  }
}

/* Outputs and losses of steps from `first` on of those in memory. */
FN bptt_status N(outputs)(N(plan) * q, idx first, int report, bptt_problem *p)
{
  const N(layer) *l = q->layer;
  const idx from = first > l->t0 ? SMALLER(first, l->t1) : l->t0;
  const range steps = N(my_steps)(l, from, l->t1);
  N(readout) *r = &q->readout;
  bptt_thread *me = l->me;
  if (report) N(states_out)(q, steps, p);
  N(readout_input)(q, steps);
  if (N(readout_forward)(r, N(top)(q), steps, p->b_y) != BPTT_OK) return BPTT_EINTERRUPT;
  if (report) q->found[me->rank] = N(find_bad)(q, steps, p);
  if (N(losses)(r, l, steps, p, report) != BPTT_OK || bptt_barrier(me)) return BPTT_EINTERRUPT;
  if (r->dy_turned) {
    N(turn)(&q->batch, steps, r->dy_turned, r->O, r->dy, r->O, r->O);
    if (bptt_barrier(me)) return BPTT_EINTERRUPT;
  }
  if (me->rank > 0 || !report) return BPTT_OK;
  N(report_bad)(q, me->size, p);
  N(loss_sum)(r, l, (range){from, l->t1}, p);
  return BPTT_OK;
}

/* Forward through a block, in pieces of what is in memory at a time. */
FN bptt_status N(block_forward)(N(plan) * q, const N(block) * b, bptt_problem *p)
{
  const int in_parts = q->piece < b->e - b->s;
  for (idx t0 = b->s, t1, slot = STATE_NEXT; t0 < b->e; t0 = t1) {
    t1 = SMALLER(t0 + q->piece, b->e);
    N(move_to)(q, t0, t1);
    if (b->first > 0 || t0 > b->s) {
      N(recall)(q, slot);
      if (bptt_barrier(q->layer->me)) return BPTT_EINTERRUPT;
    }
    if (in_parts && t0 == b->s) N(keep)(q, slot = STATE_PARTS, t0);
    if (N(layers_forward)(q, p) != BPTT_OK) return BPTT_EINTERRUPT;
    if (b->next < q->batch.T && b->next >= t0 && b->next <= t1) N(keep)(q, STATE_NEXT, b->next);
    if (t1 < b->e) N(keep)(q, ++slot, t1);
    if (N(outputs)(q, b->first, 1, p) != BPTT_OK) return BPTT_EINTERRUPT;
  }
  return BPTT_OK;
}

/* Back through a block, part by part. */
FN bptt_status N(block_backward)(N(plan) * q, const N(block) * b, bptt_problem *p)
{
  bptt_thread *me = q->layer->me;
  N(stretch) w = {.end = b->e,
                  .start = b->s,
                  .cut = q->overlap || p->k1 >= p->T ? 0 : p->k1,
                  .seen = q->overlap ? b->first : 0};
  /* In two directions a layer goes through all parts before the one below it begins. */
  const idx part = q->turns ? b->e - b->s : q->part;
  for (idx i = (b->e - b->s + part - 1) / part - 1; i >= 0; i--) {
    w.s = b->s + i * part;
    w.e = SMALLER(w.s + part, b->e);
    if (w.s < q->layer->t0) {
      N(move_to)(q, w.s, w.e);
      N(recall)(q, STATE_PARTS + i);
      if (bptt_barrier(me) || N(layers_forward)(q, p) != BPTT_OK ||
          N(outputs)(q, b->first, 0, p) != BPTT_OK)
        return BPTT_EINTERRUPT;
    }
    if (N(layers_backward)(q, &w, b->first, p) != BPTT_OK) return BPTT_EINTERRUPT;
    if (me->rank == 0 && !p->bad_backward && !N(gradient_finite)(q, w.s, w.e, p))
      p->bad_backward = N(bad_backward)(q, w.s, w.e);
  }
  return BPTT_OK;
}

/* The block after this one. */
FN N(block) N(next_block)(const N(plan) * q, const N(block) * b, const bptt_problem *p)
{
  const idx T = q->batch.T, first = b->e;
  if (!q->overlap) {
    const idx e = SMALLER(first + q->block, T);
    return (N(block)){first, first, e, e};
  }
  /* The windows of truncated backpropagation: each takes in the loss of k1 steps (the last one of
   * what is left) and begins k2 - k1 steps before them. */
  const idx before = p->k2 - p->k1, e = SMALLER(first + p->k1, T);
  const idx next = e == T ? T : before < e ? e - before : 0;
  return (N(block)){before < first ? first - before : 0, first, e, next};
}

FN bptt_status N(step)(bptt_problem *p, void *workspace, bptt_thread *me)
{
  N(plan) q;
  N(layer) *layer;
  const int back = N(wants_backward)(p);

  /* Thread 0 makes the plan; the others have a copy. */
  if (me->rank == 0) {
    N(plan_make)(&q, p, workspace);
    N(results_start)(&q.batch, p);
    memcpy(workspace, &q, sizeof q);
  }
  if (bptt_barrier(me)) return BPTT_EINTERRUPT;
  if (me->rank > 0) memcpy(&q, workspace, sizeof q);
  layer = q.layer;
  q.layer += me->rank * q.count;
  if (me->rank > 0) memcpy(q.layer, layer, (size_t)q.count * sizeof *layer);
  /* Thread 0 does not change its own before this. */
  if (me->size > 1 && bptt_barrier(me)) return BPTT_EINTERRUPT;

  for (N(layer) *l = q.layer; l < q.layer + q.count; l++) {
    l->batch = &q.batch;
    N(layer_share)(l, me);
    N(layer_pack)(l);
    if (back) N(layer_pack_back)(l);
    N(state_in)(l);
  }
  N(readout_pack)(&q.readout, N(top)(&q), p->W_hy, p->b_y);
  if (bptt_barrier(me)) return BPTT_EINTERRUPT;
  for (N(block) b = {0}; b.e < q.batch.T;) {
    b = N(next_block)(&q, &b, p);
    if (N(block_forward)(&q, &b, p) != BPTT_OK ||
        (back && N(block_backward)(&q, &b, p) != BPTT_OK))
      return BPTT_EINTERRUPT;
  }
  for (N(layer) *l = q.layer; l < q.layer + q.count; l++) {
    if (me->rank == 0) N(flow_end)(l, p->T);
    if (p->dW_hy) N(layer_unpack)(l);
  }
  if (p->dW_hy) N(readout_unpack)(&q.readout, N(top)(&q), p->dW_hy, p->db_y);
  return BPTT_OK;
}

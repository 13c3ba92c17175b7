/* plan.h -- sizes and memory of a layer in one direction, and its weights packed for the tile.
 * Part of kernel.h.
 *
 * A panel is the group of vectors one tile covers: all gates of one vector of units (lstm, gru),
 * or several vectors of units (rnn). Slots are the vectors of a panel in the tape:
 *
 *     lstm               [i f g o]   x and h both feed slots 0..3
 *     gru, reset after   [n r z q]   x feeds 0..2 (n r z), h feeds 1..3 (r z q): they overlap
 *     gru, reset before  [n r z]     x feeds 0..2, h feeds 1..2 (r z), r * h feeds 0 (n)
 *     rnn                [a ...]     x and h feed all of them */

/* One recurrent product: slots first .. first + count - 1 += W * (state). */
typedef struct {
  idx first, count;
  REAL *W;  /* [panel][k < H][count vectors] */
  REAL *Wt; /* transposed: [m][panel, slot, lane][mb units] */
  REAL *dW; /* as W */
} N(recurrence);

typedef struct {
  const bptt_layer *user; /* its arrays in the user's layout */
  int level, reverse;     /* layers below it; its own time goes backwards */
  bptt_cell cell;
  bptt_activation activation;
  idx D, H;
  idx gates;          /* blocks of H rows in W */
  idx gate[4];        /* slot -> block of W */
  idx U, UB, P, slots; /* vectors of units; in a panel; panels; vectors in a panel's column */
  idx x_count;        /* x feeds slots 0 .. x_count - 1 */
  int nrec;           /* recurrent products: 1; gru with reset before: 2 */
  N(recurrence) rec[2];
  idx MB, M, mb;      /* products transposed: vectors of units in a panel, panels, MB VL */
  idx DB, DM, db;     /* the same for rows of dx */
  idx pw;             /* numbers in one column of a panel: slots VL */
  idx ldh;            /* column stride of hs and rs: an odd number of cache lines */
  bptt_thread *me;    /* whose view this is: each thread has its own */
  range columns;      /* its share of the recurrence: sequences, */
  range units, panels; /* panels of units as dh has them, and as the tape has them, */
  range inputs;       /* and panels of dx */
  int by_rows;        /* the threads share out units: they meet at every step */
  const bptt_batch *batch;
  idx t0, t1;         /* the block in memory: the direction's steps t0 .. t1 - 1 */
  const REAL *x;      /* input of these steps in the order of the tape, x_ld to a column */
  idx x_ld;
  REAL *xs;           /* room for it where it is gathered, or NULL */
  REAL *Wx, *Wxt, *dWx, *bias, *dbias;
  REAL *hs;           /* h before step t0, then after each real step of the block */
  REAL *cs;           /* lstm: c likewise, in panels [panel][column][VL] of each step */
  REAL *rs;           /* gru, reset before: r * h of each real step */
  REAL *tape;         /* of each real step */
  REAL *kept;         /* states that will be needed again, state_size each */
  idx state_size;
  REAL *dh;           /* [m][column][mb] */
  REAL *ds;           /* gru, reset before: d(r * h) likewise */
  REAL *dxp;          /* one step of dx: [m][column][db]; or K_PIECE of a single sequence */
  REAL *carry;        /* [vector of units][column][VL]: lstm dc; gru the direct path to h */
  REAL *dx;           /* dL/dx for the layer below, D to each column of the block */
  double flow;        /* norm of the gradient for the state of the step gone back last */
} N(layer);

/* Memory is handed out from one block; without a block its size is counted. */
typedef struct {
  char *base;
  size_t used;
} N(arena);

static REAL *N(carve)(N(arena) * a, idx n)
{
  const size_t at = a->used;
  a->used += (BYTES(n) + 63) / 64 * 64 + 64; /* + 64: equal arrays do not collide in cache */
  return a->base ? (REAL *)(void *)(a->base + at) : NULL;
}

/* Vectors per panel, 1..4, for U of them with least padding. */
static inline idx N(panel_width)(idx U)
{
  return U <= 4 ? U : (U + 3) / 4 * 4 <= (U + 2) / 3 * 3 ? 4 : 3;
}

/* Which: of p->layer. */
static void N(layer_shape)(N(layer) * q, const bptt_problem *p, idx which)
{
  memset(q, 0, sizeof *q);
  q->user = p->layer + which;
  q->level = (int)(which / p->directions);
  q->reverse = (int)(which % p->directions);
  q->cell = p->cell;
  q->activation = p->activation;
  q->D = q->level ? p->directions * p->layer[which - p->directions].H : p->D;
  q->H = q->user->H;
  q->U = (q->H + VL - 1) / VL;
  q->MB = N(panel_width)(q->U);
  q->M = (q->U + q->MB - 1) / q->MB;
  q->mb = q->MB * VL;
  q->DB = N(panel_width)((q->D + VL - 1) / VL);
  q->DM = ((q->D + VL - 1) / VL + q->DB - 1) / q->DB;
  q->db = q->DB * VL;
  q->UB = 1;
  q->nrec = 1;
  if (p->cell == BPTT_LSTM) {
    q->gates = q->slots = q->x_count = q->rec[0].count = 4;
    for (idx i = 0; i < 4; i++) q->gate[i] = i;
  } else if (p->cell == BPTT_GRU) {
    q->gates = q->x_count = 3;
    q->gate[0] = q->gate[3] = 2;
    q->gate[1] = 0;
    q->gate[2] = 1;
    q->rec[0].first = 1;
    if (p->reset == BPTT_RESET_AFTER) {
      q->slots = 4;
      q->rec[0].count = 3;
    } else {
      q->slots = 3;
      q->rec[0].count = 2;
      q->rec[1].count = 1;
      q->nrec = 2;
    }
  } else {
    q->gates = 1;
    q->UB = q->MB;
    q->slots = q->x_count = q->rec[0].count = q->UB;
  }
  q->P = (q->U + q->UB - 1) / q->UB;
  q->pw = q->slots * VL;
  const idx line = (idx)(64 / sizeof(REAL));
  q->ldh = ((q->M * q->mb + line - 1) / line | 1) * line;
}

static int N(wants_backward)(const bptt_problem *p)
{
  int wants = p->dW_hy || p->dx;
  for (idx i = 0; i < p->layers * p->directions; i++) {
    const bptt_layer *l = p->layer + i;
    wants |= l->dh0 || l->dc0 || l->dh_norm || l->dc_norm || l->gain;
  }
  return wants;
}
/* Whether what is below the layer needs its gradient. */
static int N(wants_dx)(const N(layer) * q, const bptt_problem *p)
{
  return q->level > 0 || p->dx;
}
/* total: real steps of the longest block; kept: states to keep; gathers: its input is copied. What
 * p does not want has no room. */
static void N(layer_memory)(N(layer) * q, const bptt_problem *p, const bptt_batch *b, idx total,
                            idx kept, int gathers, N(arena) * a)
{
  const idx nb = b->columns;

  q->batch = b;
  q->Wx = N(carve)(a, q->P * q->x_count * VL * q->D);
  q->bias = N(carve)(a, q->P * q->pw);
  for (int r = 0; r < q->nrec; r++)
    q->rec[r].W = N(carve)(a, q->P * q->rec[r].count * VL * q->H);
  q->hs = N(carve)(a, (total + nb) * q->ldh);
  if (q->cell == BPTT_LSTM) q->cs = N(carve)(a, (total + nb) * q->P * VL);
  if (q->nrec == 2) q->rs = N(carve)(a, total * q->ldh);
  q->tape = N(carve)(a, total * q->P * q->pw);
  q->state_size = nb * (q->ldh + (q->cell == BPTT_LSTM ? q->P * VL : 0));
  q->kept = N(carve)(a, kept * q->state_size);
  if (gathers) q->xs = N(carve)(a, total * q->D);
  if (!N(wants_backward)(p)) return;
  for (int r = 0; r < q->nrec; r++)
    q->rec[r].Wt = N(carve)(a, q->M * q->mb * q->P * q->rec[r].count * VL);
  q->dh = N(carve)(a, q->M * q->mb * nb);
  q->carry = N(carve)(a, q->M * q->mb * nb);
  if (q->nrec == 2) q->ds = N(carve)(a, q->M * q->mb * nb);
  if (N(wants_dx)(q, p)) {
    q->Wxt = N(carve)(a, q->DM * q->db * q->P * q->x_count * VL);
    q->dxp = N(carve)(a, q->DM * q->db * (nb > 1 ? nb : K_PIECE));
  }
  if (!p->dW_hy) return;
  for (int r = 0; r < q->nrec; r++)
    q->rec[r].dW = N(carve)(a, q->P * q->rec[r].count * VL * q->H);
  q->dWx = N(carve)(a, q->P * q->x_count * VL * q->D);
  q->dbias = N(carve)(a, q->P * q->pw);
}

/* ------------------------------------------------------------------------------- shares */

/* Multiply-adds of a column in each pass over it. */
static double N(column_work)(const N(layer) * q)
{
  return (double)(q->P * q->pw) * (double)(q->D + q->H);
}
/* Whether it pays to share out units. */
static int N(rows_pay)(const N(layer) * q, idx columns, int threads)
{
  return columns < 2 * threads && q->M > 1 &&
         (double)columns * N(column_work)(q) > MEETING_WORK;
}
/* How many threads are of use for so many steps of all sequences, up to those allowed. */
static int N(threads_for)(const bptt_problem *p, double steps)
{
  const int back = N(wants_backward)(p);
  double of_column = 0;
  if (p->threads < 2) return 1;
  for (idx i = 0; i < p->layers * p->directions; i++) {
    N(layer) q;
    N(layer_shape)(&q, p, i);
    /* The sums of squares of a flow are one thread's. */
    if (q.user->dh_norm || q.user->dc_norm || q.user->gain) return 1;
    /* Of one sequence whose units are not shared out, little more than the weight gradients are. */
    const double shared =
        p->B > 1 || N(rows_pay)(&q, 1, p->threads) ? 1 : back ? 0.125 : 0;
    of_column += shared * N(column_work)(&q);
    if (q.level == p->layers - 1) of_column += (double)q.H * (double)p->O;
  }
  const double most = 2 * steps * of_column * (back ? 3 : 1) / TEAM_WORK;
  return most < 2 ? 1 : most < p->threads ? (int)most : p->threads;
}
/* The same where no sequence is shorter, which is when most are of use. */
static int N(most_threads)(const bptt_problem *p)
{
  return N(threads_for)(p, (double)p->B * (double)p->T);
}
static int N(threads)(const bptt_problem *p)
{
  if (!p->length) return N(most_threads)(p);
  double steps = 0;
  for (idx j = 0; j < p->B; j++) steps += (double)p->length[j];
  return N(threads_for)(p, steps);
}
/* The panels of the tape that go with the units. */
FAST void N(share_panels)(N(layer) * q)
{
  q->panels = (range){q->units.from * q->MB / q->UB,
                      SMALLER(q->units.to * q->MB / q->UB, q->P)};
}
/* Over time every sequence goes its own way: threads share out the columns of the batch, which are
 * sorted by length, so that each has about as many real steps. Where there are too few of them
 * but many units, they share out the units, and meet at every step, while nobody else wants the
 * cores. Where there are few of both, one thread does it all. (The weight gradients come afterwards
 * and are shared out otherwise.) */
FN void N(layer_share)(N(layer) * q, bptt_thread *me)
{
  const bptt_batch *b = q->batch;
  q->me = me;
  q->units = (range){0, q->M};
  q->inputs = (range){0, q->DM};
  q->columns = (range){0, me->rank == 0 ? b->columns : 0};
  q->by_rows = me->size > 1 && N(rows_pay)(q, b->columns, me->size) && !bptt_crowded(me);
  if (q->by_rows) {
    q->columns.to = b->columns;
    q->units = share(q->M, me);
    q->inputs = share(q->DM, me);
  } else if (b->columns > 1) {
    idx j = 0, steps = 0;
    const double each = (double)b->total / me->size;
    for (; j < b->columns && (double)steps < each * me->rank; j++) steps += b->length[j];
    q->columns.from = j;
    for (; j < b->columns && (double)steps < each * (me->rank + 1); j++) steps += b->length[j];
    q->columns.to = me->rank + 1 < me->size ? j : b->columns;
  }
  N(share_panels)(q);
}
/* One thread goes on alone with what was shared by units. */
FN void N(share_no_more)(N(layer) * q)
{
  const idx all = q->me->rank == 0;
  q->by_rows = 0;
  q->units = (range){0, all * q->M};
  q->inputs = (range){0, all * q->DM};
  N(share_panels)(q);
}

/* This thread's steps of s .. e - 1, for what the steps do each for itself: about as many real steps
 * to each thread. */
FN range N(my_steps)(const N(layer) * q, idx s, idx e)
{
  const bptt_batch *b = q->batch;
  const range mine = share(b->off[e] - b->off[s], q->me);
  range r = {s, s};
  while (b->off[r.from] - b->off[s] < mine.from) r.from++;
  r.to = r.from;
  while (b->off[r.to] - b->off[s] < mine.to) r.to++;
  return r;
}

/* ------------------------------------------------------------------------------- packing */

/* A share of n zeros. */
FN void N(clear)(REAL *a, idx n, const bptt_thread *me)
{
  const range mine = share(n, me);
  memset(a + mine.from, 0, BYTES(mine.to - mine.from));
}
/* VL numbers, zero beyond n. */
FAST void N(load_rows)(REAL *to, const REAL *from, idx n)
{
  if (n >= VL)
    memcpy(to, from, VBYTES);
  else
    for (idx i = 0; i < VL; i++) to[i] = i < n ? from[i] : 0;
}
/* Back: the first n of VL numbers. */
FAST void N(store_rows)(REAL *to, const REAL *from, idx n)
{
  if (n >= VL)
    memcpy(to, from, VBYTES);
  else
    for (idx i = 0; i < n; i++) to[i] = from[i];
}
/* The first unit of a panel's slot: a panel is several vectors of units where there is one gate,
 * else one vector for all gates. */
FAST idx N(unit)(const N(layer) * q, idx panel, idx slot)
{
  return (panel * q->UB + (q->gates == 1 ? slot : 0)) * VL;
}
/* Its first row in a column of W. */
FAST idx N(row)(const N(layer) * q, idx panel, idx slot)
{
  return q->gate[slot] * q->H + N(unit)(q, panel, slot);
}
/* W (gates H x K) -> [panel][k][slots first .. first + count - 1]; a share of the columns. */
FN void N(pack)(const N(layer) * q, REAL *to, const REAL *W, idx K, idx first, idx count)
{
  const range mine = share(K, q->me);
  for (idx i = 0; i < q->P; i++)
    for (idx k = mine.from; k < mine.to; k++) {
      REAL *at = to + (i * K + k) * count * VL;
      for (idx s = first; s < first + count; s++, at += VL)
        N(load_rows)(at, W + k * q->gates * q->H + N(row)(q, i, s), q->H - N(unit)(q, i, s));
    }
}
/* and back. */
FN void N(unpack)(const N(layer) * q, const REAL *from, REAL *W, idx K, idx first, idx count)
{
  const range mine = share(K, q->me);
  for (idx i = 0; i < q->P; i++)
    for (idx k = mine.from; k < mine.to; k++) {
      const REAL *at = from + (i * K + k) * count * VL;
      for (idx s = first; s < first + count; s++, at += VL)
        N(store_rows)(W + k * q->gates * q->H + N(row)(q, i, s), at, q->H - N(unit)(q, i, s));
    }
}
/* W' -> [m][panel, slot, lane][width]: column of W = m width + r; a share of the m. */
FN void N(pack_transposed)(const N(layer) * q, REAL *to, const REAL *W, idx K, idx width,
                           idx first, idx count)
{
  const range mine = share((K + width - 1) / width, q->me);
  to += mine.from * q->P * count * VL * width;
  for (idx m = mine.from; m < mine.to; m++)
    for (idx i = 0; i < q->P; i++)
      for (idx s = first; s < first + count; s++, to += VL * width) {
        const idx rows = SMALLER(q->H - N(unit)(q, i, s), VL);
        const idx columns = SMALLER(K - m * width, width);
        const REAL *from = W + m * width * q->gates * q->H + N(row)(q, i, s);
        if (rows < VL || columns < width) memset(to, 0, BYTES(VL * width));
        for (idx r = 0; r < columns; r++, from += q->gates * q->H)
          if (rows == VL)
            UNROLL for (idx l = 0; l < VL; l++) to[l * width + r] = from[l];
          else
            for (idx l = 0; l < rows; l++) to[l * width + r] = from[l];
      }
}

/* The bias of slot 3 of a gru with reset after is b_hn. */
FAST int N(is_hidden_bias)(const N(layer) * q, idx slot)
{
  return q->cell == BPTT_GRU && slot == 3;
}

FN void N(layer_pack)(const N(layer) * q)
{
  N(pack)(q, q->Wx, q->user->W_xh, q->D, 0, q->x_count);
  for (int r = 0; r < q->nrec; r++)
    N(pack)(q, q->rec[r].W, q->user->W_hh, q->H, q->rec[r].first, q->rec[r].count);
  for (idx i = 0; q->me->rank == 0 && i < q->P; i++)
    for (idx s = 0; s < q->slots; s++) {
      const idx u = N(unit)(q, i, s);
      const REAL *b = N(is_hidden_bias)(q, s) ? (const REAL *)q->user->b_hn + u
                                              : (const REAL *)q->user->b_h + N(row)(q, i, s);
      N(load_rows)(q->bias + i * q->pw + s * VL, b, q->H - u);
    }
}

FN void N(layer_pack_back)(const N(layer) * q)
{
  for (int r = 0; r < q->nrec; r++)
    N(pack_transposed)(q, q->rec[r].Wt, q->user->W_hh, q->H, q->mb, q->rec[r].first, q->rec[r].count);
  if (q->Wxt) N(pack_transposed)(q, q->Wxt, q->user->W_xh, q->D, q->db, 0, q->x_count);
  if (!q->dWx) return;
  for (int r = 0; r < q->nrec; r++)
    N(clear)(q->rec[r].dW, q->P * q->rec[r].count * VL * q->H, q->me);
  N(clear)(q->dWx, q->P * q->x_count * VL * q->D, q->me);
  N(clear)(q->dbias, q->P * q->pw, q->me);
}

/* The gradients in the user's layout. */
FN void N(layer_unpack)(const N(layer) * q)
{
  N(unpack)(q, q->dWx, q->user->dW_xh, q->D, 0, q->x_count);
  for (int r = 0; r < q->nrec; r++)
    N(unpack)(q, q->rec[r].dW, q->user->dW_hh, q->H, q->rec[r].first, q->rec[r].count);
  for (idx i = 0; q->me->rank == 0 && i < q->P; i++)
    for (idx s = 0; s < q->slots; s++) {
      const idx u = N(unit)(q, i, s);
      REAL *b = N(is_hidden_bias)(q, s) ? (REAL *)q->user->db_hn + u
                                        : (REAL *)q->user->db_h + N(row)(q, i, s);
      N(store_rows)(b, q->dbias + i * q->pw + s * VL, q->H - u);
    }
}

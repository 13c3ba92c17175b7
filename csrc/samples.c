/* samples.c -- what a network is trained on: pieces of sequences, and gathering them into a batch.
 */
#include "samples.h"
#include <math.h>
#include <stdint.h>
#include <string.h>

static size_t size_of(bptt_dtype dtype)
{
  return dtype == BPTT_F64 ? sizeof(double) : sizeof(float);
}

static double number_at(const void *array, bptt_dtype dtype, ptrdiff_t i)
{
  return dtype == BPTT_F64 ? ((const double *)array)[i] : (double)((const float *)array)[i];
}

/* ---------------------------------------------------------------------------- material */

ptrdiff_t material_length(const material *m, ptrdiff_t sequence)
{
  return m->length ? m->length[sequence] : m->T;
}

/* What the target of one step of one sequence weighs. */
static double mass_of(const material *m, ptrdiff_t at, const void *class_weights)
{
  double mass = 0;
  for (ptrdiff_t f = 0; f < m->F; f++) {
    const double t = number_at(m->target, m->dtype, at * m->F + f);
    if (isnan(t)) continue;
    mass += class_weights ? number_at(class_weights, m->dtype, (ptrdiff_t)t - 1) : 1;
  }
  return m->weights ? mass * number_at(m->weights, m->dtype, at) : mass;
}

void material_weigh(material *m, const void *class_weights)
{
  for (ptrdiff_t b = 0; b < m->B; b++) {
    const ptrdiff_t length = material_length(m, b);
    double *mass = m->mass + b * (m->T + 1), sum = 0;
    for (ptrdiff_t t = 0; t <= m->T; t++) {
      mass[t] = sum;
      if (t >= length || (m->last && t < length - 1)) continue;
      sum += mass_of(m, m->last ? b : t * m->B + b, class_weights);
    }
  }
}

/* ----------------------------------------------------------------------------- samples */

ptrdiff_t cutting_training(const cutting *c, ptrdiff_t length)
{
  return length - (ptrdiff_t)floor(c->share * (double)length + 0.5);
}

/* Windows end where the sequence does, and every stride before: what does not fill one is the
 * oldest. Those for validation are the ones that end after its first step. */
static ptrdiff_t list_windows(const cutting *c, sample whole, bool validation, sample *list)
{
  const ptrdiff_t window = whole.steps < c->window ? whole.steps : c->window;
  ptrdiff_t first = window, n = 0; /* where the first one may end */
  if (validation && whole.skipped + 1 > first) first = whole.skipped + 1;
  const ptrdiff_t count = (whole.steps - first) / c->stride + 1;
  for (ptrdiff_t i = count - 1; list && i >= 0; i--) {
    const ptrdiff_t start = whole.steps - i * c->stride - window, skipped = whole.skipped - start;
    list[n++] = (sample){whole.sequence, start, window, skipped > 0 ? skipped : 0};
  }
  return count;
}

ptrdiff_t samples_list(const material *m, const cutting *c, ptrdiff_t from, ptrdiff_t to,
                       bool validation, sample *list)
{
  ptrdiff_t n = 0;
  for (ptrdiff_t b = from; b < to; b++) {
    const ptrdiff_t length = material_length(m, b), training = cutting_training(c, length);
    const sample whole = {b, 0, validation ? length : training, validation ? training : 0};
    if (whole.steps <= whole.skipped) continue;
    if (c->window) {
      n += list_windows(c, whole, validation, list ? list + n : NULL);
    } else {
      if (list) list[n] = whole;
      n++;
    }
  }
  return n;
}

ptrdiff_t samples_longest(const sample *list, ptrdiff_t n)
{
  ptrdiff_t longest = 0;
  for (ptrdiff_t i = 0; i < n; i++) longest = list[i].steps > longest ? list[i].steps : longest;
  return longest;
}

/* ------------------------------------------------------------------------------- batch */

/* A stretch of `numbers` numbers after what has been placed; false: more than can be counted. */
static bool add_room(size_t *used, ptrdiff_t a, ptrdiff_t b, ptrdiff_t c, size_t size)
{
  size_t bytes;
  if (__builtin_mul_overflow((size_t)a, (size_t)b, &bytes) ||
      __builtin_mul_overflow(bytes, (size_t)c, &bytes) ||
      __builtin_mul_overflow(bytes, size, &bytes) || bytes > PTRDIFF_MAX - 64 ||
      __builtin_add_overflow(*used, (bytes + 63) / 64 * 64, used)) {
    return false;
  }
  return true;
}

/* Where x, target, weights and the lengths begin, and the end; false: more than can be counted. */
static bool batch_layout(const material *m, ptrdiff_t n, ptrdiff_t T, bool last, size_t at[5])
{
  const ptrdiff_t targets = last ? 1 : T;
  const size_t size = size_of(m->dtype);
  size_t used = 0;
  at[0] = used;
  if (!add_room(&used, m->D, n, T, size)) return false;
  at[1] = used;
  if (!add_room(&used, m->F, n, targets, size)) return false;
  at[2] = used;
  if (!add_room(&used, n, targets, 1, size)) return false;
  at[3] = used;
  if (!add_room(&used, n, 1, 1, sizeof(ptrdiff_t))) return false;
  at[4] = used;
  return true;
}

size_t batch_bytes(const material *m, ptrdiff_t n, ptrdiff_t T, bool last)
{
  size_t at[5];
  return batch_layout(m, n, T, last, at) ? at[4] : (size_t)-1;
}

void batch_place(batch_room *r, const material *m, ptrdiff_t n, ptrdiff_t T, bool last,
                 char *memory)
{
  size_t at[5];
  if (!batch_layout(m, n, T, last, at)) return; /* batch_bytes() has told */
  *r = (batch_room){memory + at[0], memory + at[1], memory + at[2],
                    (ptrdiff_t *)(void *)(memory + at[3])};
}

static void copy(void *to, ptrdiff_t i, const void *from, ptrdiff_t k, ptrdiff_t n, size_t size)
{
  memcpy((char *)to + (size_t)i * size, (const char *)from + (size_t)k * size, (size_t)n * size);
}

static void set_missing(void *to, ptrdiff_t i, ptrdiff_t n, bptt_dtype dtype)
{
  for (ptrdiff_t k = i; k < i + n; k++) {
    if (dtype == BPTT_F64) {
      ((double *)to)[k] = NAN;
    } else {
      ((float *)to)[k] = NAN;
    }
  }
}

/* Sample j of n: steps `from` .. to - 1 of its sequence. */
static void gather_one(const batch_room *r, const material *m, const sample *s, ptrdiff_t j,
                       ptrdiff_t n, ptrdiff_t from, ptrdiff_t to, bool last)
{
  const size_t size = size_of(m->dtype);
  for (ptrdiff_t t = from; t < to; t++) {
    const ptrdiff_t source = t * m->B + s->sequence, place = (t - from) * n + j;
    copy(r->x, place * m->D, m->x, source * m->D, m->D, size);
    if (last && t < to - 1) continue;
    const ptrdiff_t target = m->last ? s->sequence : source, wanted = last ? j : place;
    if (t < s->start + s->skipped) {
      set_missing(r->target, wanted * m->F, m->F, m->dtype);
    } else {
      copy(r->target, wanted * m->F, m->target, target * m->F, m->F, size);
    }
    if (m->weights) copy(r->weights, wanted, m->weights, target, 1, size);
  }
}

/* What the targets that count weigh in these steps. */
static double mass_between(const material *m, const sample *s, ptrdiff_t from, ptrdiff_t to,
                           bool last)
{
  const double *mass = m->mass + s->sequence * (m->T + 1);
  const ptrdiff_t counted = s->start + s->skipped;
  if (last) from = to - 1;
  if (from < counted) from = counted;
  return from < to ? mass[to] - mass[from] : 0;
}

batch batch_gather(const batch_room *r, const material *m, const sample *list,
                   const ptrdiff_t *order, ptrdiff_t n, ptrdiff_t first, ptrdiff_t most, bool last)
{
  double mass = 0;
  for (ptrdiff_t j = 0; j < n; j++) {
    const sample *s = &list[order[j]];
    const ptrdiff_t left = s->steps - first, steps = left < 0 ? 0 : left < most ? left : most;
    const ptrdiff_t from = s->start + first;
    r->length[j] = steps;
    if (steps == 0) continue;
    gather_one(r, m, s, j, n, from, from + steps, last);
    mass += mass_between(m, s, from, from + steps, last);
  }
  return (batch){n, r->x, r->target, m->weights ? r->weights : NULL, r->length, mass};
}

batch batch_whole(const material *m)
{
  double mass = 0;
  for (ptrdiff_t i = 0; i < m->B; i++) mass += m->mass[i * (m->T + 1) + m->T];
  return (batch){m->B, m->x, m->target, m->weights, m->length, mass};
}

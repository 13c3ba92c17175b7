/* batch.c -- sorts the sequences of a batch by length and counts the real steps. */
#include "engine.h"

static idx length_of(const bptt_problem *p, idx sequence)
{
  return p->length ? p->length[sequence] : p->T;
}

idx bptt_batch_size(const bptt_problem *p)
{
  return 2 * (p->T + 1) + 2 * p->B;
}

void bptt_batch_make(bptt_batch *b, const bptt_problem *p, idx *workspace)
{
  idx shortest = p->T, at = 0;

  b->columns = p->B;
  b->n = workspace;
  b->off = b->n + p->T + 1;
  b->order = b->off + p->T + 1;
  b->length = b->order + p->B;
  b->T = 0;
  for (idx i = 0; i < p->B; i++) {
    const idx l = length_of(p, i);
    if (l > b->T) b->T = l;
    if (l < shortest) shortest = l;
  }
  b->ragged = shortest < p->T;

  /* n[t] sequences are longer than t; counted first by exact length, then summed from the end. */
  for (idx t = 0; t <= b->T; t++) b->n[t] = 0;
  for (idx i = 0; i < p->B; i++) b->n[length_of(p, i)]++;
  for (idx t = b->T - 1; t >= 0; t--) b->n[t] += b->n[t + 1];
  /* Now n[t] sequences have length t or more: sequences of length l get columns n[l+1]..n[l]-1,
   * in the user's order. off serves as the next free column of each length. */
  for (idx l = 0; l <= b->T; l++) b->off[l] = l < b->T ? b->n[l + 1] : 0;
  for (idx i = 0; i < p->B; i++) {
    const idx l = length_of(p, i), j = b->off[l]++;
    b->order[j] = i;
    b->length[j] = l;
  }
  /* A sequence runs at step t when its length is t + 1 or more. */
  for (idx t = 0; t < b->T; t++) b->n[t] = b->n[t + 1];
  b->n[b->T] = 0;
  for (idx t = 0; t < b->T; t++) {
    b->off[t] = at;
    at += b->n[t];
  }
  b->off[b->T] = b->total = at;
}

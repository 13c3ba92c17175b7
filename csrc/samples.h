/* samples.h -- what a network is trained on: pieces of sequences, and gathering them into a batch.
 */
#ifndef BPTT_SAMPLES_H
#define BPTT_SAMPLES_H
#include "bptt.h"
#include "value.h"

/* Sequences with their targets, in the engine's order. */
typedef struct {
  bptt_dtype dtype;
  ptrdiff_t D, F, B, T;         /* F: numbers of the target at a step */
  const ptrdiff_t *length;      /* of each sequence; NULL: T */
  bool last;                    /* target and weights are those of each sequence's last step */
  const void *x;                /* D x B x T */
  const void *target, *weights; /* F x B x T, B x T; where `last`, without the T. weights may be
                                   NULL */
  double *mass;                 /* T + 1 x B: what the target before a step weighs, all in all */
} material;

/* Steps start .. start + steps - 1 of a sequence. The targets of the first `skipped` of them do not
 * count. */
typedef struct {
  ptrdiff_t sequence, start, steps, skipped;
} sample;

/* How sequences are cut. */
typedef struct {
  ptrdiff_t window, stride; /* steps of a sample, and from one to the next; window 0: sequences stay
                               whole */
  double share;             /* of the steps of a sequence, the last, that are kept for validation */
} cutting;

/* Samples side by side: what a bptt_problem is to have. */
typedef struct {
  ptrdiff_t n;
  const void *x, *target, *weights; /* as of a material; weights NULL: there are none */
  const ptrdiff_t *length;
  double mass; /* of the targets that count */
} batch;

/* Where samples are put together. */
typedef struct {
  void *x, *target, *weights;
  ptrdiff_t *length;
} batch_room;

/* Steps of a sequence. */
ptrdiff_t material_length(const material *m, ptrdiff_t sequence);
/* Fills m->mass. `class_weights` of classes, or NULL; of the same dtype. */
void material_weigh(material *m, const void *class_weights);

/* The steps of a sequence of this length that are not for validation. */
ptrdiff_t cutting_training(const cutting *c, ptrdiff_t length);
/* Lists the samples of sequences from .. to - 1: those to train with, or those whose targets are
 * kept for validation. `list` NULL: only counts them. */
ptrdiff_t samples_list(const material *m, const cutting *c, ptrdiff_t from, ptrdiff_t to,
                       bool validation, sample *list);
/* Steps of the longest. */
ptrdiff_t samples_longest(const sample *list, ptrdiff_t n);

/* Bytes of room for n samples of up to T steps; (size_t)-1: more than can be counted. `last`: there
 * are targets at the last step of each sample alone. */
size_t batch_bytes(const material *m, ptrdiff_t n, ptrdiff_t T, bool last);
void batch_place(batch_room *r, const material *m, ptrdiff_t n, ptrdiff_t T, bool last,
                 char *memory);
/* Copies samples list[order[0 .. n - 1]], of each the steps from `first` on and no more than
 * `most`: where it is shorter, its length is 0. */
batch batch_gather(const batch_room *r, const material *m, const sample *list,
                   const ptrdiff_t *order, ptrdiff_t n, ptrdiff_t first, ptrdiff_t most, bool last);
/* All of it, without a copy. */
batch batch_whole(const material *m);

#endif

/* gradcheck.h -- a gradient against central differences of the loss. */
#ifndef BPTT_GRADCHECK_H
#define BPTT_GRADCHECK_H
#include "bptt.h"

typedef enum { CHECKED_PARAMETER, CHECKED_X, CHECKED_STATE } checked_kind;

/* An array that the problem reads, and the gradient for it. */
typedef struct {
  checked_kind kind;
  double *value;          /* changed meanwhile, and put back */
  const double *analytic; /* the gradient to check */
  double *numeric;        /* scratch */
  ptrdiff_t count;
  /* Results: at the element where the two differ most, counted from 0. */
  double error; /* the difference, relative to the largest element of the array */
  ptrdiff_t worst;
} checked;

typedef struct {
  void *step;          /* workspace of bptt_step() for the problem's forward pass */
  double *target;      /* as the problem's target */
  ptrdiff_t *length;   /* B each */
  double *state[2][2]; /* h and c of a step and of another, H x B each; c: lstm only */
} gradcheck_scratch;

/* Checks `count` arrays. The problem is in double and has a target; the results it asks for are
 * left alone. With truncation the gradient is that of a sum over windows: of the loss at k1 steps,
 * going back to k2 - k1 steps before them, with the state that comes into the window held fixed. */
bptt_status gradcheck(const bptt_problem *p, checked *array, ptrdiff_t count,
                      const gradcheck_scratch *scratch, const bptt_host *host);

#endif

/* gradcheck.h -- a gradient against central differences of the loss. */
#ifndef BPTT_GRADCHECK_H
#define BPTT_GRADCHECK_H
#include "bptt.h"

typedef enum { CHECKED_PARAMETER, CHECKED_X, CHECKED_STATE } checked_kind;

/* An array that the problem reads, and the gradient for it. */
typedef struct {
  checked_kind kind;
  int state;              /* CHECKED_STATE: which, see gradcheck_states() */
  double *value;          /* a parameter, x: changed meanwhile, and put back */
  const double *analytic; /* the gradient to check */
  double *numeric;        /* scratch */
  ptrdiff_t count;
  /* Results: at the element where the two differ most, counted from 0. */
  double error; /* the difference, relative to the largest element of the array */
  ptrdiff_t worst;
} checked;

typedef struct {
  void *step;        /* workspace of gradcheck_workspace() */
  ptrdiff_t targets; /* numbers of the target at one step of one sequence */
  double *target;    /* as the problem's target */
  ptrdiff_t *length; /* B */
  double **state;    /* gradcheck_states() arrays, each H x B: h of a layer in a direction, then its
                        c if it is an lstm */
  bptt_layer *layer; /* as many as the problem's */
} gradcheck_scratch;

int gradcheck_states(const bptt_problem *p);
/* Whether the gradient is truncated: then the layers' h_all (and c_all of an lstm) are needed. */
int gradcheck_needs_states(const bptt_problem *p);
/* Bytes of workspace for the problem itself and for what is run to check it. `layer` is scratch. */
size_t gradcheck_workspace(const bptt_problem *p, bptt_layer *layer);

/* Checks `count` arrays. The problem is in double and has a target, and its layers hold the states
 * of all steps if they are needed; other results that it asks for are left alone. With truncation
 * the gradient is that of a sum over windows: of the loss at k1 steps, going back to k2 - k1 steps
 * before them, with the states that come into the window, from before and from after it, held
 * fixed. */
bptt_status gradcheck(const bptt_problem *p, checked *array, ptrdiff_t count,
                      const gradcheck_scratch *scratch, const bptt_host *host);

#endif

/* lbfgs.h -- L-BFGS: the optimizer of all the data at once, which calls for losses and gradients
 * itself. */
#ifndef BPTT_LBFGS_H
#define BPTT_LBFGS_H
#include "bptt.h"

/* The loss at w and its gradient g; neither has to be finite. What is not BPTT_OK stops the step.
 */
typedef bptt_status lbfgs_evaluate(void *context, const double *w, double *loss, double *g);

/* Plain numbers, all zero before the first step. Together with the weights and the memory of
 * lbfgs_numbers() they are all that the next step depends on: whoever keeps copies of them can go
 * on from there, to the same bits. */
typedef struct {
  double iteration;   /* steps made */
  double evaluations; /* of the loss, for these steps; 0: the loss and the gradient are not known */
  double loss;        /* at the weights */
  double length;      /* of the last step, in directions */
  double pairs;       /* in use, at most as many as there is room for */
  double newest;      /* where the newest pair is */
  double scale;       /* s'y / y'y of the newest pair */
} lbfgs;

typedef enum {
  LBFGS_GOES_ON,
  LBFGS_CONVERGED, /* the gradient, or what this step has changed, is next to nothing */
  LBFGS_STOPPED,   /* evaluate() said so */
  LBFGS_NOT_FINITE /* the loss or its gradient, at the weights or wherever the step has led */
} lbfgs_outcome;

/* The doubles that n weights and room for `pairs` (1 or more) of steps and changes of the gradient
 * take; -1: more than can be counted. They are zero before the first step. */
ptrdiff_t lbfgs_numbers(ptrdiff_t n, ptrdiff_t pairs);

/* One step: a direction and a search along it. w are the weights that the last step left. When it
 * is stopped, or nothing is finite, they and what counts of the state stay as they were: the step
 * can be made again. After it has converged more steps can be made, too. */
lbfgs_outcome lbfgs_step(lbfgs *state, double *memory, ptrdiff_t n, ptrdiff_t pairs,
                         double learn_rate, double *w, lbfgs_evaluate *evaluate,
                         void *context) BPTT_MUST_CHECK;

#endif

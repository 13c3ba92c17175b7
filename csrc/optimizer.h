/* optimizer.h -- optimizers that make one step from one gradient. The one that calls for gradients
 * itself is in lbfgs.h. */
#ifndef BPTT_OPTIMIZER_H
#define BPTT_OPTIMIZER_H
#include <stdbool.h>
#include <stddef.h>

typedef enum {
  OPTIMIZER_SGD,
  OPTIMIZER_ADAM,
  OPTIMIZER_ADAMW,
  OPTIMIZER_RMSPROP,
  OPTIMIZER_ADAGRAD,
  OPTIMIZER_LBFGS
} optimizer_kind; /* in the order of the choices */

typedef struct {
  optimizer_kind kind;
  double momentum;     /* sgd, rmsprop; 0: none */
  bool nesterov;       /* sgd */
  double beta1, beta2; /* adam, adamw */
  double alpha;        /* rmsprop */
  double epsilon;      /* all but sgd */
  double weight_decay; /* times the weights, added to the gradient; adamw: apart from it */
} optimizer_options;

/* Vectors of n numbers of state, 0 to 2, all zero before the first step. Not for lbfgs. */
int optimizer_vectors(const optimizer_options *o);

/* Step number `step`, counted from 1: `next`, which overlaps nothing, becomes the weights after w,
 * whose gradient is g. `state` holds optimizer_vectors() x n numbers. Not for lbfgs. */
void optimizer_step(const optimizer_options *o, double learn_rate, double step, ptrdiff_t n,
                    const double *w, const double *g, double *state, double *next);

#endif

/* optimizer.c -- what state an optimizer keeps, and its step, which is in update.h. */
#include "optimizer.h"
#include "engine.h"

int optimizer_vectors(const optimizer_options *o)
{
  const int momentum = o->momentum != 0;
  switch (o->kind) {
  case OPTIMIZER_SGD:
    return momentum;
  case OPTIMIZER_ADAM:
  case OPTIMIZER_ADAMW:
    return 2;
  case OPTIMIZER_RMSPROP:
    return 1 + momentum;
  case OPTIMIZER_ADAGRAD:
    return 1;
  case OPTIMIZER_LBFGS:
    break;
  }
  return 0;
}

void optimizer_step(const optimizer_options *o, double learn_rate, double step, ptrdiff_t n,
                    const double *w, const double *g, double *state, double *next)
{
  bptt_update(o, learn_rate, step, n, w, g, state, next);
}

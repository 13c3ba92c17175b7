/* target.h -- what the outputs are compared with, and by which loss; or its gradient, given. */
#ifndef BPTT_TARGET_H
#define BPTT_TARGET_H
#include "call.h"
#include "series.h"

/* What of a bptt_problem is the loss. */
typedef struct {
  bptt_loss loss;
  double delta, scale;
  const double *levels;
  ptrdiff_t level_count;
  series target; /* of loss linear dL/dy */
  bool weighted;
  series weights;
  const bptt_value *class_weights; /* NULL: none */
  const bptt_value *value;         /* of the loss, where a function of the user's has computed it;
                                      else NULL */
} comparison;

/* Reads it for an input `x` and so many outputs, `last`: at the last step alone. */
bool target_read(const bptt_call *call, const series *x, ptrdiff_t outputs, bool last,
                 bptt_dtype dtype, comparison *c);

#endif

/* clip.h -- clipping a gradient, by value and by global norm. */
#ifndef BPTT_CLIP_H
#define BPTT_CLIP_H
#include "bptt.h"

/* One array of the gradient. */
typedef struct {
  void *data;
  ptrdiff_t count;
  bptt_dtype dtype;
} gradient_part;

/* The Euclidean norm of all parts together. */
double clip_norm_of(const gradient_part *part, ptrdiff_t parts);
/* Clips every element to [-value, value], then scales all so that the norm is at most `norm`.
 * Inf: does not clip. `before` is the norm they have. A norm that is not finite scales nothing:
 * whoever looks at the gradient shall see what is wrong with it. */
void clip_gradient(const gradient_part *part, ptrdiff_t parts, double before, double norm,
                   double value);

#endif

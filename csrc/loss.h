/* loss.h -- the losses and their gradients, but for mse and cross_entropy, which are in readout.h.
 */
#ifndef BPTT_LOSS_H
#define BPTT_LOSS_H
#include "bptt.h"

/* Outputs to each number of the target: 1, as many as there are levels, 2, or 3. */
ptrdiff_t bptt_loss_outputs(const bptt_problem *p);

/* One column, in double whatever the problem's type: y holds its O outputs and then scale * dL/dy;
 * target holds its O / bptt_loss_outputs() numbers. Returns L, not scaled. A missing target (NaN)
 * adds nothing to either, but to linear, whose gradient it is. Of the problem only O, loss, delta
 * and levels are read. */
double bptt_loss_column(const bptt_problem *p, double *y, const double *target, double scale);

#endif

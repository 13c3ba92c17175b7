/* init.h -- the weights of a new network. */
#ifndef BPTT_INIT_H
#define BPTT_INIT_H
#include "network.h"

/* Numbers of scratch that init_parameters() needs; false: more than can be counted. */
bool init_scratch(const network *n, ptrdiff_t *count);
/* Fills the parameters, in the order of the iterator. W_xh and W_hy: Glorot uniform (W_xh gate by
 * gate), W_hh: orthogonal gate by gate, biases zero but for the forget gate's, which is 1. */
bptt_status init_parameters(const network *n, double seed, double *const *param, double *scratch,
                            const bptt_host *host);

#endif

/* init.h -- the weights of a new network. */
#ifndef BPTT_INIT_H
#define BPTT_INIT_H
#include "network.h"

/* In the order of the choices. */
typedef enum { INIT_GLOROT, INIT_HE, INIT_ORTHOGONAL, INIT_IDENTITY } init_method;

typedef struct {
  double seed;
  init_method input, recurrent; /* of W_xh, of W_hh, gate by gate */
  double forget_bias;           /* of an lstm */
  double chrono;                /* longest dependency, above 2; 0: none in particular */
} init_options;

/* Whether the network has the gates that the options are for; else an error. */
bool init_check(bptt_error *error, const network *n, const init_options *o);
/* Numbers of scratch that init_parameters() needs; false: more than can be counted. */
bool init_scratch(const network *n, const init_options *o, ptrdiff_t *count);
/* Fills the parameters, in their order. W_hy is Glorot uniform; biases of which the options say
 * nothing are zero. */
bptt_status init_parameters(const network *n, const init_options *o, double *const *param,
                            double *scratch, const bptt_host *host);

#endif

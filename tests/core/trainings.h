/* trainings.h -- what tests of rnn_train share: options as text, and data. */
#ifndef BPTT_TEST_TRAININGS_H
#define BPTT_TEST_TRAININGS_H
#include "host.h"

/* Adds "name=value name=value" to the arguments of a call: a number, some ("4,3"), or else text. */
void add_options(host *h, bptt_value *args, const char *text);

/* A call that must work; where it does not, the program ends. */
bptt_value *must_call(host *h, const char *function, const bptt_value *args);

/* A network with `features` and `outputs`, and options as in add_options(). */
bptt_value *network_of(host *h, int features, int outputs, const char *text);

/* Numbers between -1 and 1 that repeat nowhere. */
bptt_value *waves(host *h, int ndim, const size_t *dim, double phase);

/* Whether two runs came to the same: networks, histories but for the seconds, and the rest. */
bool same_training(const bptt_value *a, const bptt_value *b);

/* What the call says, for a test that has failed. */
const char *stopped_by(const bptt_value *result, size_t i);

#endif

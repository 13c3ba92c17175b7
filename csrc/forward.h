/* forward.h -- what one network predicts; ensemble.c puts together what several do. */
#ifndef BPTT_FORWARD_H
#define BPTT_FORWARD_H
#include "pass.h"

/* rnn_predict of one network. */
bool predict_prepare(bptt_call *call);
bptt_status predict_run(bptt_call *call, char *workspace);

/* What predict_prepare() does with the predictions, once the inputs are read: they are one more
 * result, an item of `list`. */
bool predict_add(bptt_call *call, bptt_value *list, const char *name);
/* In place of it: they stay in the workspace. Not for classes. */
bool predict_keep(bptt_call *call);

/* How many outputs of O numbers there are. */
ptrdiff_t predict_columns(const pass *p);
/* After predict_run(): outputs or probabilities as the engine has them. */
bptt_value predict_outputs(const pass *p);
/* The class with the largest number of a column of O, the first of equals; of a single number
 * whether it is above the threshold; NaN where a number is. */
double predict_class(const bptt_value *y, ptrdiff_t O, ptrdiff_t column, double threshold);

#endif

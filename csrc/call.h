/* call.h -- a call between bptt_prepare() and the end of bptt_run(), and who handles it. */
#ifndef BPTT_CALL_H
#define BPTT_CALL_H
#include "option.h"

/* Checks the arguments and lays out the results; does the work. `workspace` is what the former
 * has reserved. */
typedef struct {
  const char *function;
  bool (*prepare)(bptt_call *call);
  bptt_status (*run)(bptt_call *call, char *workspace);
} handler;

struct bptt_call {
  door d;
  const handler *handler;
  options option;
  bptt_value result; /* a list */
  size_t workspace;  /* bytes reserved */
  void *job;         /* the handler's own */
  phrase warning;    /* empty: none */
  const char *warning_kind;
  bool keeps; /* see bptt_keeps() */
};

/* What the user gave for a row of the table; NULL: nothing. */
const bptt_value *call_given(const bptt_call *call, option_id row);
/* What sentences call it. */
const char *call_name(const bptt_call *call, option_id row);
/* Room for `count` things in the workspace, at this offset. */
bool call_reserve(bptt_call *call, ptrdiff_t count, size_t size, size_t *offset);
/* The same for a number of bytes; (size_t)-1 is more than can be counted. */
bool call_reserve_bytes(bptt_call *call, size_t bytes, size_t *offset);

/* Those of forward.c, ensemble.c, gradient.c, check.c, gradflow.c, metrics.c, train.c, rnnar.c,
 * param.c and file.c; the last one of each is empty. */
extern const handler forward_handlers[], ensemble_handlers[], gradient_handlers[], check_handlers[],
    flow_handlers[], metrics_handlers[], train_handlers[], rnnar_handlers[], param_handlers[],
    file_handlers[];

#endif

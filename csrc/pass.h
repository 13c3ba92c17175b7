/* pass.h -- what the functions that run a network over series share: reading their arguments into a
 * bptt_problem, making results that they have in common, running it, and warning.
 *
 * Preparing one fills a bptt_problem but for its pointers; each pointer has a transfer, which
 * says what array of the user's it stands for. If that array is in the engine's order the engine
 * works on it itself, else on a copy in the workspace. */
#ifndef BPTT_PASS_H
#define BPTT_PASS_H
#include "call.h"
#include "clip.h"
#include "network.h"
#include "series.h"

typedef enum {
  IN,
  OUT,
  WORK /* no array of the user's: room in the workspace, zero at first */
} direction;

typedef struct transfer {
  direction way;
  series s;
  void *slot;    /* where the pointer is, in the problem or in one of its layers */
  bool direct;   /* no copy */
  size_t offset; /* of the copy, in the workspace */
  struct transfer *next;
} transfer;

typedef struct {
  network net;
  const bptt_value **param; /* in the order of its parameters */
  series x;
  bptt_dtype dtype; /* of the computation */
  bptt_kind kind;   /* of the results */
  bptt_problem problem;
  size_t step; /* workspace of bptt_step() */
  transfer *first, **end;
  bptt_value *loss, *grad, *grad_norm; /* results; NULL: not wanted */
  gradient_part *part;                 /* of the gradient; scratch */
  const bptt_value *value;             /* of the loss, where it is the user's; NULL: it is not */
  ptrdiff_t targets;                   /* numbers of the target at one step of one sequence */
  series classes;                      /* rnn_predict: result of type "class" */
  size_t class_offset;                 /* room for the classes in the engine's order */
  struct check *check;                 /* rnn_gradcheck's own */
  struct flow *flow;                   /* rnn_gradflow's own */
} pass;

typedef enum { FIRST_STATE, LAST_STATE, ALL_STATES, STATE_GRADIENT } state_kind;

/* ------------------------------------------------------------------------------ slots */

/* Where the problem has the pointer to a parameter, its gradient, a field of the state. A slot
 * holds a pointer to const or not: it is read and written as bytes. */
void *problem_parameter(bptt_problem *p, const parameter *q);
void *problem_gradient(bptt_problem *p, const parameter *q);
void *problem_state(bptt_problem *p, const state_field *s, state_kind kind);
void *slot_get(const void *slot);
void slot_set(void *slot, const void *value);

/* The pointer in `slot` stands for this array of the user's. `copied`: the engine must not have the
 * array itself. */
bool pass_bind_array(bptt_call *call, direction way, const bptt_value *v, void *slot, bool copied);
/* Room of this size, which `slot` points to. */
bool pass_bind_work(bptt_call *call, ptrdiff_t features, ptrdiff_t sequences, ptrdiff_t steps,
                    void *slot);

/* -------------------------------------------------------------------------- preparing */

/* What all these functions take: net, x and state. */
bool pass_read_inputs(bptt_call *call, bool copied);
/* The same in two steps: net; x and state. */
bool pass_read_network(bptt_call *call);
bool pass_read_series(bptt_call *call, bool copied);
/* A network with dropout has another loss for every seed. */
bool pass_check_seed(const bptt_call *call);
/* How the gradient is taken: truncation, memory. */
bool pass_read_gradient_options(bptt_call *call);
/* Target, loss and weights. `last`: of the last step of each sequence alone. */
bool pass_read_target(bptt_call *call, bool last);

bool pass_open_results(bptt_call *call);
/* Results that Octave has in a struct of its own, and R beside the others. NULL: not wanted. */
bool pass_open_info(bptt_call *call, bptt_value **list);
/* Whether the caller takes one more result. */
bool pass_wants_more(const bptt_call *call, const bptt_value *list);
/* One more result, if it is wanted: a series in the form of x, `last`: without its steps; y; the
 * fields of a state; the gradient of all parameters. */
bool pass_add_series(bptt_call *call, bptt_value *list, const char *name, ptrdiff_t features,
                     bool last, void *slot);
bool pass_add_outputs(bptt_call *call, bptt_value *list);
bool pass_add_state(bptt_call *call, bptt_value *list, const char *name, state_kind kind);
bool pass_add_gradient(bptt_call *call, bptt_value *list);
/* The engine's workspace, once the problem is complete but for its pointers. */
bool pass_reserve_step(bptt_call *call);

/* ---------------------------------------------------------------------------- running */

/* Sets the pointers, and copies what goes in and is not direct. */
void pass_copy_in(pass *p, char *workspace);
/* The same, and then the engine. */
bptt_status pass_step(bptt_call *call, char *workspace);
void pass_copy_out(const pass *p);
/* Of the engine, or of the user's function. */
double pass_loss(const pass *p);

/* Of what is not finite. The gradient: before clipping, which may hide what is wrong. */
void pass_warn_output(bptt_call *call);
void pass_warn_loss(bptt_call *call);
void pass_warn_gradient(bptt_call *call, double norm);

#endif

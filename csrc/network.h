/* network.h -- a network: its fields, its parameters, from a value and to one. */
#ifndef BPTT_NETWORK_H
#define BPTT_NETWORK_H
#include "option.h"

/* What a parameter is to the engine. Those before the readout's belong to a layer in a direction.
 */
typedef enum {
  ROLE_W_XH,
  ROLE_W_HH,
  ROLE_B_H,
  ROLE_B_HN,
  ROLE_W_HY,
  ROLE_B_Y,
  ROLE_COUNT
} parameter_role;

/* A parameter. Layers count from 0; direction 1 is the reverse one. Of the readout both are 0. */
typedef struct {
  const char *name;
  parameter_role role;
  int layer, direction;
  bool bias;            /* a vector: cols is 1 */
  ptrdiff_t rows, cols; /* their product can be counted in a network that has been checked */
} parameter;

/* A field of the state: h or, of an lstm, c of a layer in a direction. */
typedef struct {
  const char *name;
  int layer, direction;
  bool cell; /* c */
  ptrdiff_t H;
} state_field;

typedef struct {
  bptt_cell cell;
  bptt_activation activation;
  bptt_reset reset;
  ptrdiff_t D, O;
  int layers, directions;
  const ptrdiff_t *H; /* units of each layer */
  bool last;          /* outputs only at the last step */
  double dropout;
  /* Set by network_complete(); in their order: */
  parameter *parameter;
  int parameters;
  state_field *state;
  int states;
} network;

/* The most that a network may have. */
#define NETWORK_MOST 2147483647.0
enum { NETWORK_MOST_LAYERS = 100 };

/* Lists the parameters and the fields of the state, once all else is set. */
bool network_complete(const door *d, network *n);
/* The parameter, the field of the state at `index`; false: there are no more. */
bool network_parameter(const network *n, int index, parameter *p);
bool network_state(const network *n, int index, state_field *s);
/* Gate blocks of a cell. */
ptrdiff_t network_gates(const network *n);
/* Numbers in all parameters. As a double, so that it does not overflow. */
double network_size(const network *n);
/* It is no more than can be. */
bool network_check_size(const door *d, const char *argument, const network *n);
/* Units of the topmost layer in all directions: what the readout reads. */
ptrdiff_t network_top(const network *n);

/* The sizes of the layers, out of a vector of whole numbers. */
bool network_read_hidden(const door *d, place at, const bptt_value *v, network *n);
/* A choice that would have no effect is a misunderstanding. */
bool network_check_choices(const door *d, const network *n, const options *o);
/* The value of `argument`: the fields of a network and, in their order, its parameters: arrays
 * with the right dims and finite numbers. */
bool network_read(const door *d, const char *argument, const bptt_value *v, network *n,
                  const bptt_value ***param);
/* The same of a file, in which the parameters may come in any order. */
bool network_read_any_order(const door *d, const char *argument, const bptt_value *v, network *n,
                            const bptt_value ***param);
/* The same of a list of parameters alone; NULL, where not all have to be there. */
bool network_read_parameters(const door *d, const char *argument, const bptt_value *list,
                             const network *n, bool all, const bptt_value ***param);
/* The initial state, the value of `argument`: a list with a matrix H x B for each of its fields;
 * NULL: it is zero. */
bool network_read_state(const door *d, const char *argument, const bptt_value *v, const network *n,
                        ptrdiff_t B, const bptt_value ***state);

/* A result: list of arrays shaped as the parameters. */
bool network_make_parameters(const door *d, bptt_value *v, const char *name, const network *n,
                             bptt_kind kind);
/* A result: the network itself; its numbers but the parameters' are set by network_set(). */
bool network_make(const door *d, bptt_value *v, const char *name, const network *n);
void network_set(bptt_value *v, const network *n);
/* The parameters in a result of network_make(). */
bptt_value *network_made_parameters(bptt_value *v);

#endif

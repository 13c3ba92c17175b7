/* network.h -- a network: its fields, its parameters, from a value and to one. */
#ifndef BPTT_NETWORK_H
#define BPTT_NETWORK_H
#include "option.h"

typedef struct {
  bptt_cell cell;
  bptt_activation activation;
  bptt_reset reset;
  ptrdiff_t D, H, O;
} network;

/* What a parameter is to the engine. */
typedef enum {
  ROLE_W_XH,
  ROLE_W_HH,
  ROLE_B_H,
  ROLE_B_HN,
  ROLE_W_HY,
  ROLE_B_Y,
  ROLE_COUNT
} parameter_role;

typedef struct {
  const char *name;
  parameter_role role;
  bool bias;            /* a vector: cols is 1 */
  ptrdiff_t rows, cols; /* their product can be counted in a network that has been checked */
} parameter;

enum { MOST_PARAMETERS = ROLE_COUNT };

/* Gate blocks of a cell. */
ptrdiff_t network_gates(const network *n);
/* The parameters in their order: the one at `index`; false: there are no more. */
bool network_parameter(const network *n, int index, parameter *p);
int network_parameter_count(const network *n);
/* Numbers in all parameters. As a double, so that it does not overflow. */
double network_size(const network *n);
/* The most that a network may have. */
#define NETWORK_MOST 2147483647.0

/* The state has one (h) or two (h, c) fields. */
int network_state_count(const network *n);
extern const char *const network_state_name[2];

/* The value of `argument`: the fields of a network and, in the order of the iterator, its
 * parameters: arrays with the right dims and finite numbers. */
bool network_read(const door *d, const char *argument, const bptt_value *v, network *n,
                  const bptt_value *param[MOST_PARAMETERS]);
/* The same of a list of parameters alone. */
bool network_read_parameters(const door *d, const char *argument, const bptt_value *list,
                             const network *n, const bptt_value *param[MOST_PARAMETERS]);
/* The initial state: a list of h and c, each H x B; state[i] is NULL where it is zero. */
bool network_read_state(const door *d, const bptt_value *v, const network *n, ptrdiff_t B,
                        const bptt_value *state[2]);

/* A result: list of arrays shaped as the parameters. */
bool network_make_parameters(const door *d, bptt_value *v, const char *name, const network *n,
                             bptt_kind kind);
/* A result: the network itself; its fields but the parameters are set by network_set(). */
bool network_make(const door *d, bptt_value *v, const char *name, const network *n);
void network_set(bptt_value *v, const network *n);
/* The parameters in a result of network_make(). */
bptt_value *network_made_parameters(bptt_value *v);

#endif

/* naming.h -- the parameters of a network under the names and in the order of other software. */
#ifndef BPTT_NAMING_H
#define BPTT_NAMING_H
#include "network.h"
#include "safetensors.h"

/* In the order of the choices. */
typedef enum { NAMING_TORCH, NAMING_KERAS, NAMING_MATLAB, NAMINGS } naming_id;

/* Where in a tensor a block of numbers is: the one at (row, col) is number
 * first + row * row_step + col * col_step. */
typedef struct {
  const tensor *t; /* NULL: there is none, and all its numbers are 0 */
  ptrdiff_t first, row_step, col_step;
} slot;

/* What a layer in a direction has: gates stacked in the order of the naming. Of two biases the
 * recurrent one belongs to the product with h. */
typedef struct {
  slot W_xh, W_hh, b_input, b_recurrent;
} layer_slots;

typedef struct {
  naming_id naming;
  layer_slots *layer; /* directions of the first layer, then of the next, ... */
  slot W_hy, b_y;
} slots;

/* Finds the network in the tensors of a file. `naming` NULL: that which the names show. `reset`
 * NULL: that which the file shows, or "after". Sets what of a network the file shows. */
bool naming_read(const door *d, const safetensors *file, const naming_id *naming,
                 const bptt_reset *reset, network *n, slots *s);
/* Names the tensors of a file for the network, of this type. */
bool naming_plan(const door *d, naming_id naming, const network *n, tensor_type type,
                 safetensors *file, slots *s);

/* All numbers from the tensors into the parameters, or back. */
void naming_get(const network *n, const slots *s, bptt_value *param);
void naming_put(const network *n, const slots *s, const bptt_value *const *param);

#endif

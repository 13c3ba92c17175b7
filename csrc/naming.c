/* naming.c -- the parameters of a network under the names and in the order of other software.
 *
 * H units, D features, G gates stacked; "x" after a size is rows x columns:
 *
 *   PyTorch   torch.nn.RNN, GRU, LSTM      weight_ih_l0 GH x D, weight_hh_l0 GH x H, bias_ih_l0 GH,
 *                                          bias_hh_l0 GH; _l1 ...; _reverse
 *             torch.nn.Linear              weight O x H, bias O
 *   Keras     SimpleRNN, GRU, LSTM         kernel D x GH, recurrent_kernel H x GH, bias GH; of GRU
 *                                          with reset_after 2 x GH: of the input, recurrent
 *             Bidirectional                forward_..., backward_...
 *             Dense                        kernel H x O, bias O
 *   MATLAB    lstmLayer, gruLayer          InputWeights GH x D, RecurrentWeights GH x H, Bias GH;
 *                                          of gruLayer with "recurrent-bias-after-multiplication"
 *                                          2GH: of the input, recurrent
 *             bilstmLayer                  the same, 2GH: forward on top of backward
 *             fullyConnectedLayer          Weights O x H, Bias O
 *
 * The gates are those of this core and in its order (i, f, g, o; r, z, n), but for the GRU of
 * Keras, whose order is z, r, n. In all of them, z is the share of the old state. */
#include "naming.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef enum { PART_W, PART_U, PART_B, PART_C, PARTS } part_id; /* C: recurrent bias */

static const char reverse_ending[] = "_reverse", forward[] = "forward_", backward[] = "backward_";

/* How the last piece of a name begins, and what it then is. Those of the parts of a layer come
 * first, in their order. */
typedef struct {
  const char *text;
  part_id part;
  bool numbered; /* the number of the layer follows, and maybe _reverse */
} ending;

static const struct {
  const char *who, *separators;
  bool transposed; /* matrices are input x output */
  const char *readout[2];
  ending ending[7];
} conventions[NAMINGS] = {
    [NAMING_TORCH] = {"PyTorch",
                      ".",
                      false,
                      {"fc.weight", "fc.bias"},
                      {{"weight_ih_l", PART_W, true},
                       {"weight_hh_l", PART_U, true},
                       {"bias_ih_l", PART_B, true},
                       {"bias_hh_l", PART_C, true},
                       {"weight", PART_W, false},
                       {"bias", PART_B, false}}},
    [NAMING_KERAS] = {"Keras",
                      "/.",
                      true,
                      {"dense/kernel", "dense/bias"},
                      {{"kernel", PART_W, false},
                       {"recurrent_kernel", PART_U, false},
                       {"bias", PART_B, false}}},
    [NAMING_MATLAB] = {"MATLAB",
                       "/.",
                       false,
                       {"fc/Weights", "fc/Bias"},
                       {{"InputWeights", PART_W, false},
                        {"RecurrentWeights", PART_U, false},
                        {"Bias", PART_B, false},
                        {"Weights", PART_W, false}}},
};

/* The tensors of a layer in both directions, or of the readout. */
typedef struct {
  const char *group; /* what their names begin with */
  ptrdiff_t number;
  const tensor *part[2][PARTS];
} block;

/* The place among the gates of a file of a gate of ours. */
static ptrdiff_t gate_place(naming_id naming, bptt_cell cell, ptrdiff_t gate)
{
  bool swapped = naming == NAMING_KERAS && cell == BPTT_GRU && gate < 2;
  return swapped ? 1 - gate : gate;
}

/* ---------------------------------------------------------------------------- numbers */

static slot matrix_slot(naming_id naming, const tensor *t, ptrdiff_t first_row)
{
  ptrdiff_t width = t->dim[1];
  return conventions[naming].transposed ? (slot){t, first_row, 1, width}
                                        : (slot){t, first_row * width, width, 1};
}

static slot vector_slot(const tensor *t, ptrdiff_t first)
{
  return (slot){t, first, 1, 0};
}

/* One bias in two halves, of the input and recurrent. */
static bool has_halves(const tensor *b, ptrdiff_t GH)
{
  return b && b->count == 2 * GH;
}

static void find_layer_slots(naming_id naming, const network *n, int layer, const block *b,
                             layer_slots *to)
{
  ptrdiff_t GH = network_gates(n) * n->H[layer];
  bool stacked = naming == NAMING_MATLAB; /* both directions in one tensor */
  for (int k = 0; k < n->directions; k++, to++) {
    const tensor *const *part = b->part[stacked ? 0 : k];
    ptrdiff_t first = stacked ? k * GH : 0;
    *to = (layer_slots){.W_xh = matrix_slot(naming, part[PART_W], first),
                        .W_hh = matrix_slot(naming, part[PART_U], first),
                        .b_input = vector_slot(part[PART_B], first),
                        .b_recurrent = vector_slot(part[PART_C], first)};
    if (n->cell == BPTT_GRU && has_halves(part[PART_B], GH)) {
      to->b_recurrent = vector_slot(part[PART_B], GH);
    }
  }
}

static bool find_slots(const door *d, const network *n, const block *layer, const block *readout,
                       slots *s)
{
  s->layer = door_alloc(d, (ptrdiff_t)n->layers * n->directions, sizeof *s->layer);
  for (int i = 0; s->layer && i < n->layers; i++) {
    find_layer_slots(s->naming, n, i, &layer[i], &s->layer[i * n->directions]);
  }
  s->W_hy = matrix_slot(s->naming, readout->part[0][PART_W], 0);
  s->b_y = vector_slot(readout->part[0][PART_B], 0);
  return s->layer != NULL;
}

static double slot_at(const slot *s, ptrdiff_t row, ptrdiff_t col)
{
  return s->t ? tensor_at(s->t, s->first + row * s->row_step + col * s->col_step) : 0;
}

static void slot_set(const slot *s, ptrdiff_t row, ptrdiff_t col, double number)
{
  if (s->t) tensor_set(s->t, s->first + row * s->row_step + col * s->col_step, number);
}

/* The places of a parameter's number: its own, and that in a second tensor which adds to it. */
typedef struct {
  slot first, second;
  ptrdiff_t row;
} places;

/* Of row `row` of parameter p. */
static places places_of(const network *n, const slots *s, const parameter *p, ptrdiff_t row)
{
  const slot none = {0};
  const layer_slots *l = &s->layer[p->layer * n->directions + p->direction];
  ptrdiff_t H = n->H[p->layer], gate = row / H;
  bool apart = n->cell == BPTT_GRU && n->reset == BPTT_RESET_AFTER; /* b_hn is not in b_h */
  ptrdiff_t theirs = gate_place(s->naming, n->cell, gate) * H + row % H;
  switch (p->role) {
  case ROLE_W_XH:
    return (places){l->W_xh, none, theirs};
  case ROLE_W_HH:
    return (places){l->W_hh, none, theirs};
  case ROLE_B_H:
    return (places){l->b_input, apart && gate == 2 ? none : l->b_recurrent, theirs};
  case ROLE_B_HN:
    return (places){l->b_recurrent, none, 2 * H + row};
  case ROLE_W_HY:
    return (places){s->W_hy, none, row};
  default:
    return (places){s->b_y, none, row};
  }
}

void naming_get(const network *n, const slots *s, bptt_value *param)
{
  for (int i = 0; i < n->parameters; i++) {
    const parameter *p = &n->parameter[i];
    for (ptrdiff_t row = 0; row < p->rows; row++) {
      places at = places_of(n, s, p, row);
      for (ptrdiff_t col = 0; col < p->cols; col++) {
        value_set(&param[i], row + col * p->rows,
                  slot_at(&at.first, at.row, col) + slot_at(&at.second, at.row, col));
      }
    }
  }
}

void naming_put(const network *n, const slots *s, const bptt_value *const *param)
{
  for (int i = 0; i < n->parameters; i++) {
    const parameter *p = &n->parameter[i];
    for (ptrdiff_t row = 0; row < p->rows; row++) {
      places at = places_of(n, s, p, row);
      for (ptrdiff_t col = 0; col < p->cols; col++) {
        slot_set(&at.first, at.row, col, value_at(param[i], row + col * p->rows));
        slot_set(&at.second, at.row, col, 0);
      }
    }
  }
}

/* ------------------------------------------------------------------------ names, read */

/* A tensor, and what its name says. */
typedef struct {
  const tensor *t;
  const char *group;
  ptrdiff_t number;
  int direction;
  part_id part;
} named;

static bool is_digit(char c)
{
  return c >= '0' && c <= '9';
}

/* The number at *at, which is stepped over; -1: there is none, or it is too large for a layer's. */
static ptrdiff_t read_number(const char **at)
{
  ptrdiff_t number = is_digit(**at) ? 0 : -1;
  for (; is_digit(**at) && number <= NETWORK_MOST_LAYERS; ++*at) number = 10 * number + **at - '0';
  return number <= NETWORK_MOST_LAYERS ? number : -1;
}

/* Whether the rest of a name, after the text of its ending, is as it may be. */
static bool read_rest(naming_id naming, const ending *e, const char *rest, named *to)
{
  to->number = -1; /* so that a readout is no part of a layer, whatever their names begin with */
  to->direction = 0;
  if (e->numbered) {
    to->number = read_number(&rest);
    if (to->number < 0) return false;
    to->direction = strcmp(rest, reverse_ending) == 0;
    if (to->direction) return true;
  }
  if (naming == NAMING_KERAS && *rest == ':') { /* "kernel:0", as Keras 2 has it */
    rest++;
    return read_number(&rest) >= 0 && !*rest;
  }
  return !*rest;
}

static const char *last_piece(naming_id naming, const char *name)
{
  const char *piece = name;
  for (const char *at = name; *at; at++) {
    if (strchr(conventions[naming].separators, *at)) piece = at + 1;
  }
  return piece;
}

/* What a name says, but for its group; NULL: nothing that the naming knows. */
static const ending *find_ending(naming_id naming, const char *name, named *to)
{
  const char *piece = last_piece(naming, name);
  for (const ending *e = conventions[naming].ending; e->text; e++) {
    size_t n = strlen(e->text);
    if (strncmp(piece, e->text, n) == 0 && read_rest(naming, e, piece + n, to)) return e;
  }
  return NULL;
}

/* Takes "forward_" or "backward_" from the pieces of a group: both directions are of one layer. */
static void find_direction(naming_id naming, char *group, named *to)
{
  char *out = group;
  for (const char *at = group; *at;) {
    bool starts = at == group || strchr(conventions[naming].separators, at[-1]);
    if (starts && strncmp(at, backward, strlen(backward)) == 0) {
      to->direction = 1;
      at += strlen(backward);
    } else if (starts && strncmp(at, forward, strlen(forward)) == 0) {
      at += strlen(forward);
    } else {
      *out++ = *at++;
    }
  }
  *out = '\0';
}

static bool read_name(const door *d, naming_id naming, const tensor *t, named *to)
{
  to->t = t;
  const ending *e = find_ending(naming, t->name, to);
  if (!e) {
    return fail(d->error, "file",
                "`file` has a tensor %s, which by the names of %s is no part of a recurrent layer "
                "or its readout",
                say_name(t->name).s, conventions[naming].who);
  }
  to->part = e->part;
  ptrdiff_t length = last_piece(naming, t->name) - t->name;
  char *group = door_alloc(d, length + 1, 1);
  if (!group) return false;
  memcpy(group, t->name, (size_t)length);
  if (naming == NAMING_KERAS) find_direction(naming, group, to);
  to->group = group;
  return true;
}

/* Numbers within a name count as numbers: "lstm_2" is before "lstm_10". */
static int natural_order(const char *a, const char *b)
{
  const char *left = a, *right = b;
  while (*a && *b) {
    if (is_digit(*a) && is_digit(*b)) {
      while (*a == '0') a++;
      while (*b == '0') b++;
      size_t n = strspn(a, "0123456789"), m = strspn(b, "0123456789");
      int order = n != m ? (n < m ? -1 : 1) : strncmp(a, b, n);
      if (order) return order;
      a += n;
      b += m;
    } else if (*a++ != *b++) {
      return (unsigned char)a[-1] < (unsigned char)b[-1] ? -1 : 1;
    }
  }
  return *a ? 1 : *b ? -1 : strcmp(left, right);
}

static int by_layer(const void *a, const void *b)
{
  const named *s = a, *t = b;
  int order = natural_order(s->group, t->group);
  return order ? order : s->number < t->number ? -1 : s->number > t->number;
}

static bool gather_blocks(const door *d, named *name, ptrdiff_t count, block *to, int *blocks)
{
  qsort(name, (size_t)count, sizeof *name, by_layer);
  *blocks = 0;
  for (ptrdiff_t i = 0; i < count; i++) {
    if (i == 0 || by_layer(&name[i - 1], &name[i]) != 0) {
      to[(*blocks)++] = (block){.group = name[i].group, .number = name[i].number};
    }
    const tensor **part = &to[*blocks - 1].part[name[i].direction][name[i].part];
    if (*part) {
      return fail(d->error, "file", "`file` has two tensors for the same: %s and %s",
                  say_name((*part)->name).s, say_name(name[i].t->name).s);
    }
    *part = name[i].t;
  }
  return true;
}

/* That of the first name of recurrent weights. */
static bool detect_naming(const door *d, const safetensors *file, naming_id *naming)
{
  named unused;
  for (int k = 0; k < NAMINGS; k++) {
    for (ptrdiff_t i = 0; i < file->tensors; i++) {
      const ending *e = find_ending((naming_id)k, file->tensor[i].name, &unused);
      *naming = (naming_id)k;
      if (e && e->part == PART_U) return true;
    }
  }
  if (safetensors_note(file, "bptt")) {
    return fail(d->error, "file", "`file` was written by rnn_save; rnn_load reads it");
  }
  return fail(d->error, "file",
              "`file` has no recurrent weights by the names of PyTorch, Keras or MATLAB");
}

/* --------------------------------------------------------------------- the network, read */

static bool is_recurrent(const block *b)
{
  return b->part[0][PART_U] || b->part[1][PART_U];
}

static const tensor *any_part(const block *b)
{
  for (int k = 0; k < 2 * PARTS; k++) {
    if (b->part[k / PARTS][k % PARTS]) return b->part[k / PARTS][k % PARTS];
  }
  return NULL;
}

static bool check_dims(const door *d, const tensor *t, int ndim, const ptrdiff_t *dim)
{
  bool same = t->ndim == ndim;
  for (int i = 0; same && i < ndim; i++) same = t->dim[i] == dim[i];
  if (same) return true;
  return wrong(d->error, (place){"file", t->name, 0}, say_dims(t->ndim, t->dim).s, "%s",
               say_dims(ndim, dim).s);
}

/* rows x cols as this core has it. */
static bool check_matrix(const door *d, naming_id naming, const tensor *t, ptrdiff_t rows,
                         ptrdiff_t cols)
{
  bool transposed = conventions[naming].transposed;
  return check_dims(d, t, 2, (ptrdiff_t[]){transposed ? cols : rows, transposed ? rows : cols});
}

/* A column is a vector, too. NULL: there is none. */
static bool check_vector(const door *d, const tensor *t, ptrdiff_t count)
{
  bool column = t && t->ndim == 2 && t->dim[1] == 1;
  return !t || check_dims(d, t, column ? 2 : 1, (ptrdiff_t[]){count, 1});
}

static bool check_finite(const door *d, const safetensors *file)
{
  for (ptrdiff_t k = 0; k < file->tensors; k++) {
    const tensor *t = &file->tensor[k];
    for (ptrdiff_t i = 0; i < t->count; i++) {
      double number = tensor_at(t, i);
      if (isfinite(number)) continue;
      phrase is = say("%s at element %td", say_number(number).s, i + 1);
      return wrong(d->error, (place){"file", t->name, 0}, is.s, "finite numbers");
    }
  }
  return true;
}

/* H, and how many times H rows the recurrent weights have. */
static bool measure(const door *d, naming_id naming, const tensor *U, ptrdiff_t *H,
                    ptrdiff_t *blocks)
{
  bool transposed = conventions[naming].transposed;
  ptrdiff_t rows = U->dim[transposed], cols = U->dim[!transposed];
  bool whole = U->ndim == 2 && cols > 0 && rows % cols == 0;
  *H = whole ? cols : 1;
  *blocks = whole ? rows / cols : 0;
  if (*blocks == 3 || *blocks == 4) return true;
  if (*blocks == (naming == NAMING_MATLAB ? 8 : 1)) return true;
  const char *cells = naming == NAMING_MATLAB
                          ? "3 (gruLayer), 4 (lstmLayer) or 8 (bilstmLayer) square matrices"
                          : "1 (rnn), 3 (gru) or 4 (lstm) square matrices";
  return wrong(d->error, (place){"file", U->name, 0}, say_dims(U->ndim, U->dim).s, "%s", cells);
}

static bool has_part(const door *d, const block *b, int direction, part_id part, const char *what)
{
  return b->part[direction][part] ||
         fail(d->error, "file", "`file` has %s, but no %s weights%s beside it",
              say_name(any_part(b)->name).s, what, direction ? " of the reverse direction" : "");
}

/* Cell and directions, from the first layer; the others must have the same. */
static bool read_kind(const door *d, const block *b, bool first, ptrdiff_t blocks, network *n)
{
  bptt_cell cell = blocks == 1 ? BPTT_RNN : blocks == 3 ? BPTT_GRU : BPTT_LSTM;
  bool reverse = blocks == 8;
  for (int i = 0; i < PARTS; i++) reverse = reverse || b->part[1][i];
  int directions = reverse ? 2 : 1;
  if (first) {
    n->cell = cell;
    n->directions = directions;
  }
  return (n->cell == cell && n->directions == directions) ||
         fail(d->error, "file",
              "`file` has layers of different kinds: %s is unlike those before it",
              say_name(any_part(b)->name).s);
}

static bool check_bias(const door *d, naming_id naming, const network *n, const tensor *b,
                       ptrdiff_t GH)
{
  bool halves = n->cell == BPTT_GRU && has_halves(b, GH);
  if (halves && naming == NAMING_KERAS) return check_dims(d, b, 2, (ptrdiff_t[]){2, GH});
  if (naming != NAMING_MATLAB) return check_vector(d, b, GH);
  return check_vector(d, b, halves ? 2 * GH : n->directions * GH);
}

/* Biases are there in both directions, and alike. */
static bool check_same_bias(const door *d, const block *b)
{
  const tensor *one = b->part[0][PART_B], *other = b->part[1][PART_B];
  if (!one && !other) return true;
  if (!one || !other) {
    return fail(d->error, "file", "`file` has %s, but no bias of the %s direction beside it",
                say_name((one ? one : other)->name).s, one ? "reverse" : "forward");
  }
  return one->count == other->count ||
         wrong(d->error, (place){"file", other->name, 0}, say_dims(other->ndim, other->dim).s,
               "%s, as in the forward direction", say_dims(one->ndim, one->dim).s);
}

/* A layer that reads `below` features. */
static bool read_layer(const door *d, naming_id naming, const block *b, bool first,
                       ptrdiff_t *below, ptrdiff_t *H, network *n)
{
  bool stacked = naming == NAMING_MATLAB, transposed = conventions[naming].transposed;
  ptrdiff_t blocks, size;
  if (!has_part(d, b, 0, PART_U, "recurrent") || !has_part(d, b, 0, PART_W, "input") ||
      !measure(d, naming, b->part[0][PART_U], H, &blocks) || !read_kind(d, b, first, blocks, n)) {
    return false;
  }
  const tensor *W = b->part[0][PART_W];
  size = W->ndim == 2 ? W->dim[!transposed] : 1;
  if (first) *below = n->D = size > 0 ? size : 1;
  ptrdiff_t GH = network_gates(n) * *H, rows = stacked ? n->directions * GH : GH;
  for (int k = 0; k < (stacked ? 1 : n->directions); k++) {
    const tensor *const *part = b->part[k];
    if (!has_part(d, b, k, PART_U, "recurrent") || !has_part(d, b, k, PART_W, "input") ||
        !check_matrix(d, naming, part[PART_W], rows, *below) ||
        !check_matrix(d, naming, part[PART_U], rows, *H) ||
        !check_bias(d, naming, n, part[PART_B], GH) || !check_vector(d, part[PART_C], GH)) {
      return false;
    }
  }
  *below = n->directions * *H;
  return stacked || n->directions == 1 || check_same_bias(d, b);
}

/* What the biases of a gru show of its reset; false: nothing. */
static bool shown_reset(naming_id naming, const network *n, const block *b, ptrdiff_t H,
                        bptt_reset *reset)
{
  const tensor *bias = b->part[0][PART_B];
  *reset = BPTT_RESET_AFTER;
  if (n->cell != BPTT_GRU) return false;
  if (naming == NAMING_TORCH || has_halves(bias, 3 * H)) return true;
  *reset = BPTT_RESET_BEFORE;
  return naming == NAMING_KERAS && bias;
}

static bool read_reset(const door *d, naming_id naming, const block *layer, const bptt_reset *told,
                       network *n)
{
  static const char *const word[] = {
      [BPTT_RESET_AFTER] = "\"after\"", [BPTT_RESET_BEFORE] = "\"before\""};
  bptt_reset shown;
  n->reset = told ? *told : BPTT_RESET_AFTER;
  for (int i = 0; i < n->layers; i++) {
    if (!shown_reset(naming, n, &layer[i], n->H[i], &shown)) continue;
    if (i == 0 && !told) n->reset = shown;
    if (shown == n->reset) continue;
    if (told)
      return wrong(d->error, place_of("reset"), word[*told], "%s, as in `file`", word[shown]);
    return fail(d->error, "file",
                "`file` has layers of different kinds: %s is unlike those before it",
                say_name(any_part(&layer[i])->name).s);
  }
  return true;
}

static bool read_readout(const door *d, naming_id naming, const block *b, ptrdiff_t below,
                         network *n)
{
  const tensor *W = b->part[0][PART_W];
  bool others = b->part[0][PART_C];
  for (int i = 0; i < PARTS; i++) others = others || b->part[1][i];
  if (others) return has_part(d, b, 0, PART_U, "recurrent");
  if (!has_part(d, b, 0, PART_W, "readout")) return false;
  ptrdiff_t rows = W->ndim == 2 ? W->dim[conventions[naming].transposed] : 1;
  n->O = rows > 0 ? rows : 1;
  return check_matrix(d, naming, W, n->O, below) && check_vector(d, b->part[0][PART_B], n->O);
}

/* A vector of weights scales, as those of layers that normalize do: it is no readout's. */
static bool check_not_scale(const door *d, const tensor *W)
{
  return !W || W->ndim != 1 ||
         fail(d->error, "file",
              "`file` has %s, a vector: it is of a layer that normalizes; expected none",
              say_name(W->name).s);
}

/* Puts the readout, the one block that is not recurrent, behind all others. */
static bool split_blocks(const door *d, block *b, int blocks, int *layers)
{
  block readout = {0};
  *layers = 0;
  for (int i = 0; i < blocks; i++) {
    const block one = b[i];
    if (is_recurrent(&one)) {
      b[(*layers)++] = one;
    } else if (!check_not_scale(d, one.part[0][PART_W])) {
      return false;
    } else if (readout.group) {
      return fail(d->error, "file", "`file` has two readouts: %s and %s; expected one",
                  say_name(any_part(&readout)->name).s, say_name(any_part(&one)->name).s);
    } else {
      readout = one;
    }
  }
  if (!readout.group) {
    return fail(d->error, "file", "`file` has no readout, a layer without recurrent weights");
  }
  if (*layers == 0 || *layers > NETWORK_MOST_LAYERS) {
    return fail(d->error, "file", "`file` has %s; expected 1 to %d",
                say_count(*layers, "recurrent layer", "recurrent layers").s, NETWORK_MOST_LAYERS);
  }
  b[*layers] = readout;
  return true;
}

/* After the numbers at its beginning, with an underscore before them or not. */
static const char *skip_numbers(const char *text)
{
  while (is_digit(*text) || (*text == '_' && is_digit(text[1]))) text++;
  return text;
}

/* Whether names differ in nothing but numbers: "lstm" and "lstm_1", "rnn1" and "rnn2". */
static bool is_akin(const char *a, const char *b)
{
  for (;; a++, b++) {
    a = skip_numbers(a);
    b = skip_numbers(b);
    if (*a != *b) return false;
    if (!*a) return true;
  }
}

/* There is this tensor, but not that part of layer `number` in its group. */
static bool lacks_numbered(const door *d, naming_id naming, const tensor *t, const char *group,
                           part_id part, ptrdiff_t number, int direction)
{
  const char *text = conventions[naming].ending[part].text;
  phrase name = say("%s%s%td%s", group, text, number, direction ? reverse_ending : "");
  return fail(d->error, "file", "`file` has %s, but no %s", say_name(t->name).s,
              say_name(name.s).s);
}

/* The names say in which order the layers are, and that none is missing. */
static bool check_order(const door *d, naming_id naming, const block *b, int layers)
{
  bool numbered = conventions[naming].ending[PART_W].numbered;
  for (int i = 0; i < layers; i++) {
    bool follows = i > 0 && strcmp(b[i - 1].group, b[i].group) == 0;
    ptrdiff_t number = follows ? b[i - 1].number + 1 : 0;
    if (numbered && b[i].number != number) {
      return lacks_numbered(d, naming, any_part(&b[i]), b[i].group, PART_W, number, 0);
    }
    if (i > 0 && !is_akin(b[i - 1].group, b[i].group)) {
      return fail(d->error, "file",
                  "`file` has recurrent layers %s and %s; expected names that differ in numbers "
                  "alone, which say the order",
                  say_name(any_part(&b[i - 1])->name).s, say_name(any_part(&b[i])->name).s);
    }
  }
  return true;
}

/* Of a layer numbered in its group, either bias in either direction; or NULL. */
static const tensor *any_bias(const block *b)
{
  for (int k = 0; k < 2; k++) {
    if (b->part[k][PART_B]) return b->part[k][PART_B];
    if (b->part[k][PART_C]) return b->part[k][PART_C];
  }
  return NULL;
}

/* A module of PyTorch has both biases in all its layers and directions, or none. */
static bool check_two_biases(const door *d, naming_id naming, const network *n, const block *b)
{
  const tensor *bias = NULL;
  if (!conventions[naming].ending[PART_W].numbered) return true;
  for (int i = 0; i < n->layers; i++) {
    if (b[i].number == 0) bias = NULL;
    for (int j = i; !bias && j < n->layers && (j == i || b[j].number > 0); j++) {
      bias = any_bias(&b[j]);
    }
    for (int k = 0; bias && k < n->directions; k++) {
      for (part_id part = PART_B; part <= PART_C; part++) {
        if (b[i].part[k][part]) continue;
        return lacks_numbered(d, naming, bias, b[i].group, part, b[i].number, k);
      }
    }
  }
  return true;
}

static bool read_network(const door *d, naming_id naming, const bptt_reset *reset, block *b,
                         int blocks, network *n)
{
  ptrdiff_t below = 0;
  if (!split_blocks(d, b, blocks, &n->layers) || !check_order(d, naming, b, n->layers))
    return false;
  ptrdiff_t *H = door_alloc(d, n->layers, sizeof *H);
  for (int i = 0; H && i < n->layers; i++) {
    if (!read_layer(d, naming, &b[i], i == 0, &below, &H[i], n)) return false;
  }
  n->H = H;
  return H && check_two_biases(d, naming, n, b) && read_reset(d, naming, b, reset, n) &&
         read_readout(d, naming, &b[n->layers], below, n);
}

bool naming_read(const door *d, const safetensors *file, const naming_id *naming,
                 const bptt_reset *reset, network *n, slots *s)
{
  int blocks;
  if (naming) s->naming = *naming;
  if (!naming && !detect_naming(d, file, &s->naming)) return false;
  named *name = door_alloc(d, file->tensors, sizeof *name);
  block *b = door_alloc(d, file->tensors, sizeof *b);
  if (!name || !b) return false;
  for (ptrdiff_t i = 0; i < file->tensors; i++) {
    if (!read_name(d, s->naming, &file->tensor[i], &name[i])) return false;
  }
  return gather_blocks(d, name, file->tensors, b, &blocks) &&
         read_network(d, s->naming, reset, b, blocks, n) && check_finite(d, file) &&
         find_slots(d, n, b, &b[n->layers], s);
}

/* --------------------------------------------------------------------- names, written */

/* Not every network can be said in the words of others. */
static bool check_sayable(const door *d, naming_id naming, const network *n)
{
  place activation = {"net", "activation", 0}, reset = {"net", "reset", 0};
  place cell = {"net", "cell", 0}, bidirectional = {"net", "bidirectional", 0};
  bool smooth = n->activation != BPTT_TANH && n->activation != BPTT_RELU;
  if (naming == NAMING_TORCH && n->cell == BPTT_RNN && smooth) {
    const char *const *word = option_choice_text(d, OPTION_ACTIVATION, (int)n->activation);
    return word && wrong(d->error, activation, say_text(*word).s,
                         "\"tanh\" or \"relu\", as torch.nn.RNN has no other");
  }
  if (naming == NAMING_TORCH && n->cell == BPTT_GRU && n->reset == BPTT_RESET_BEFORE) {
    return wrong(d->error, reset, "\"before\"", "\"after\", as torch.nn.GRU has no other");
  }
  if (naming == NAMING_MATLAB && n->cell == BPTT_RNN) {
    return wrong(d->error, cell, "\"rnn\"", "\"gru\" or \"lstm\", as MATLAB has no such layer");
  }
  if (naming == NAMING_MATLAB && n->cell == BPTT_GRU && n->directions == 2) {
    return wrong(d->error, bidirectional, d->host.habit == BPTT_R ? "TRUE" : "true",
                 "a network of cell \"lstm\", as MATLAB has no such layer");
  }
  return true;
}

/* What the names of a layer in a direction begin with, and its number. */
static phrase layer_group(naming_id naming, const network *n, int layer, int direction,
                          ptrdiff_t *number)
{
  static const char *const kind[] = {"simple_rnn", "gru", "lstm"};
  const char *cell = kind[n->cell];
  *number = 0;
  if (naming == NAMING_MATLAB) {
    return say("%s%s_%d/", n->directions == 2 ? "bi" : "", cell, layer + 1);
  }
  if (naming == NAMING_KERAS) {
    phrase which = layer ? say("_%d", layer) : say("%s", "");
    if (n->directions == 1) return say("%s%s/%s_cell/", cell, which.s, cell);
    return say("bidirectional%s/%s%s%s/%s_cell/", which.s, direction ? backward : forward, cell,
               which.s, cell);
  }
  /* All layers of a module of torch have the same size. */
  bool equal = true;
  for (int i = 1; i < n->layers; i++) equal = equal && n->H[i] == n->H[0];
  if (equal) *number = layer;
  return equal ? say("rnn.") : say("rnn%d.", layer + 1);
}

static bool add_tensor(const door *d, safetensors *file, const char *name, int ndim, ptrdiff_t rows,
                       ptrdiff_t cols, const tensor **added)
{
  size_t size = strlen(name) + 1;
  tensor *t = &file->tensor[file->tensors++];
  char *kept = door_alloc(d, (ptrdiff_t)size, 1);
  *t = (tensor){.name = kept, .ndim = ndim, .dim = {rows, cols}, .count = rows * cols};
  *added = t;
  return kept && memcpy(kept, name, size);
}

static bool plan_layer(const door *d, naming_id naming, const network *n, int layer, int direction,
                       safetensors *file, block *b)
{
  ptrdiff_t number, H = n->H[layer], GH = network_gates(n) * H;
  ptrdiff_t below = layer ? n->directions * n->H[layer - 1] : n->D;
  ptrdiff_t rows = naming == NAMING_MATLAB ? n->directions * GH : GH;
  bool halves = naming != NAMING_TORCH && n->cell == BPTT_GRU && n->reset == BPTT_RESET_AFTER;
  phrase group = layer_group(naming, n, layer, direction, &number);
  for (int i = 0; i < PARTS; i++) {
    const ending *e = &conventions[naming].ending[i];
    bool matrix = i == PART_W || i == PART_U, flat = conventions[naming].transposed;
    if (e->part != (part_id)i) break; /* there is no second bias */
    phrase name = say("%s%s", group.s, e->text);
    if (e->numbered) name = say("%s%td%s", name.s, number, direction ? reverse_ending : "");
    ptrdiff_t cols = i == PART_W ? below : i == PART_U ? H : 1;
    ptrdiff_t dim[] = {matrix && flat ? cols : rows, matrix && flat ? rows : cols};
    int ndim = matrix || naming == NAMING_MATLAB ? 2 : 1;
    if (i == PART_B && halves) {
      dim[0] = flat ? 2 : 2 * GH;
      dim[1] = flat ? GH : 1;
      ndim = 2;
    }
    if (!add_tensor(d, file, name.s, ndim, dim[0], dim[1], &b->part[direction][i])) return false;
  }
  return true;
}

static bool plan_readout(const door *d, naming_id naming, const network *n, safetensors *file,
                         block *b)
{
  bool transposed = conventions[naming].transposed;
  ptrdiff_t rows = transposed ? network_top(n) : n->O, cols = transposed ? n->O : network_top(n);
  const char *const *name = conventions[naming].readout;
  return add_tensor(d, file, name[0], 2, rows, cols, &b->part[0][PART_W]) &&
         add_tensor(d, file, name[1], naming == NAMING_MATLAB ? 2 : 1, n->O, 1,
                    &b->part[0][PART_B]);
}

bool naming_plan(const door *d, naming_id naming, const network *n, tensor_type type,
                 safetensors *file, slots *s)
{
  *file = (safetensors){0};
  s->naming = naming;
  if (!check_sayable(d, naming, n)) return false;
  block *b = door_alloc(d, n->layers + 1, sizeof *b);
  file->tensor = door_alloc(d, PARTS * (n->layers + 1) * n->directions, sizeof *file->tensor);
  if (!b || !file->tensor) return false;
  int groups = naming == NAMING_MATLAB ? 1 : n->directions;
  for (int i = 0; i < n->layers * groups; i++) {
    if (!plan_layer(d, naming, n, i / groups, i % groups, file, &b[i / groups])) return false;
  }
  if (!plan_readout(d, naming, n, file, &b[n->layers])) return false;
  for (ptrdiff_t i = 0; i < file->tensors; i++) file->tensor[i].type = type;
  return find_slots(d, n, b, &b[n->layers], s);
}

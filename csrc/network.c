/* network.c -- a network: its fields, its parameters, from a value and to one. */
#include "network.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

/* ------------------------------------------------------------------------- parameters */

ptrdiff_t network_gates(const network *n)
{
  return n->cell == BPTT_LSTM ? 4 : n->cell == BPTT_GRU ? 3 : 1;
}

ptrdiff_t network_top(const network *n)
{
  return n->directions * n->H[n->layers - 1];
}

/* `base` with the suffix of a layer and a direction: "W_hh", "W_hh_rev", "W_hh_l2"; NULL: out of
 * memory. */
static const char *name_of(const door *d, const char *base, int layer, int direction)
{
  enum { SIZE = 24 };
  const char *rev = direction ? "_rev" : "";
  if (layer == 0 && direction == 0) return base;
  char *name = door_alloc(d, SIZE, 1);
  if (name && layer == 0) snprintf(name, SIZE, "%s%s", base, rev);
  if (name && layer > 0) snprintf(name, SIZE, "%s_l%d%s", base, layer + 1, rev);
  return name;
}

static bool add_parameter(const door *d, network *n, parameter p)
{
  static const char *const base[ROLE_COUNT] = {"W_xh", "W_hh", "b_h", "b_hn", "W_hy", "b_y"};
  p.name = name_of(d, base[p.role], p.layer, p.direction);
  p.bias = p.role == ROLE_B_H || p.role == ROLE_B_HN || p.role == ROLE_B_Y;
  n->parameter[n->parameters++] = p;
  return p.name != NULL;
}

static bool add_state_field(const door *d, network *n, int layer, int direction, bool cell)
{
  const char *name = name_of(d, cell ? "c" : "h", layer, direction);
  n->state[n->states++] = (state_field){name, layer, direction, cell, n->H[layer]};
  return name != NULL;
}

/* Layer 1 reads x; one above it the units of the layer below, those of both directions. */
static bool add_layer(const door *d, network *n, int layer, int direction)
{
  ptrdiff_t H = n->H[layer], GH = network_gates(n) * H;
  ptrdiff_t below = layer == 0 ? n->D : n->directions * n->H[layer - 1];
  bool has_b_hn = n->cell == BPTT_GRU && n->reset == BPTT_RESET_AFTER;
  parameter p = {.layer = layer, .direction = direction, .rows = GH, .cols = below};
  p.role = ROLE_W_XH;
  if (!add_parameter(d, n, p)) return false;
  p.role = ROLE_W_HH, p.cols = H;
  if (!add_parameter(d, n, p)) return false;
  p.role = ROLE_B_H, p.cols = 1;
  if (!add_parameter(d, n, p)) return false;
  p.role = ROLE_B_HN, p.rows = H;
  if (has_b_hn && !add_parameter(d, n, p)) return false;
  return add_state_field(d, n, layer, direction, false) &&
         (n->cell != BPTT_LSTM || add_state_field(d, n, layer, direction, true));
}

bool network_complete(const door *d, network *n)
{
  ptrdiff_t cells = (ptrdiff_t)n->layers * n->directions;
  parameter W_hy = {.role = ROLE_W_HY, .rows = n->O, .cols = network_top(n)};
  parameter b_y = {.role = ROLE_B_Y, .rows = n->O, .cols = 1};
  n->parameter = door_alloc(d, ROLE_COUNT * cells, sizeof *n->parameter);
  n->state = door_alloc(d, 2 * cells, sizeof *n->state);
  n->parameters = n->states = 0;
  if (!n->parameter || !n->state) return false;
  for (int layer = 0; layer < n->layers; layer++) {
    for (int direction = 0; direction < n->directions; direction++) {
      if (!add_layer(d, n, layer, direction)) return false;
    }
  }
  return add_parameter(d, n, W_hy) && add_parameter(d, n, b_y);
}

bool network_parameter(const network *n, int index, parameter *p)
{
  if (index < n->parameters) *p = n->parameter[index];
  return index < n->parameters;
}

bool network_state(const network *n, int index, state_field *s)
{
  if (index < n->states) *s = n->state[index];
  return index < n->states;
}

double network_size(const network *n)
{
  double size = 0;
  for (int i = 0; i < n->parameters; i++) {
    size += (double)n->parameter[i].rows * (double)n->parameter[i].cols;
  }
  return size;
}

bool network_check_size(const door *d, const char *argument, const network *n)
{
  return network_size(n) <= NETWORK_MOST ||
         fail(d->error, argument, "`%s` has %.0f parameters; expected at most %.0f", argument,
              network_size(n), NETWORK_MOST);
}

/* ---------------------------------------------------------------------------- reading */

static bool wrong_hidden(const door *d, place at, const bptt_value *v)
{
  return wrong(d->error, at, value_describe(v).s,
               "one whole number from 1 to %.0f, or a vector of them", NETWORK_MOST);
}

/* One size for each layer. */
bool network_read_hidden(const door *d, place at, const bptt_value *v, network *n)
{
  if (!value_is_array(v) || !value_is_vector(v)) return wrong_hidden(d, at, v);
  if (v->count > NETWORK_MOST_LAYERS) {
    return fail(d->error, at.argument, "%s has %td layers; expected at most %d", say_place(at).s,
                value_count(v), NETWORK_MOST_LAYERS);
  }
  n->layers = (int)v->count;
  ptrdiff_t *H = door_alloc(d, n->layers, sizeof *H);
  for (int i = 0; H && i < n->layers; i++) {
    double size = value_at(v, i);
    if (!(size >= 1 && size <= NETWORK_MOST && size == floor(size))) {
      if (n->layers == 1) return wrong_hidden(d, at, v);
      phrase is = say("%s at layer %d", say_number(size).s, i + 1);
      return wrong(d->error, at, is.s, "a whole number from 1 to %.0f for each layer",
                   NETWORK_MOST);
    }
    H[i] = (ptrdiff_t)size;
  }
  n->H = H;
  return H != NULL;
}

/* Dropout is between layers. */
static bool check_dropout(const door *d, place at, const bptt_value *v, const network *n)
{
  return n->dropout == 0 || n->layers > 1 ||
         wrong(d->error, at, value_describe(v).s,
               "0, as there is nothing between the layers of a network of one");
}

bool network_check_choices(const door *d, const network *n, const options *o)
{
  const option_value *at = o->at;
  if (n->activation != BPTT_TANH && n->cell != BPTT_RNN) {
    return wrong(d->error, place_of("activation"), value_describe(at[OPTION_ACTIVATION].given).s,
                 "\"tanh\", as only cell \"rnn\" has a choice");
  }
  if (n->reset != BPTT_RESET_AFTER && n->cell != BPTT_GRU) {
    return wrong(d->error, place_of("reset"), "\"before\"",
                 "\"after\", as only cell \"gru\" has a choice");
  }
  return check_dropout(d, place_of("dropout"), at[OPTION_DROPOUT].given, n);
}

static const char a_network[] = "a network made by rnn_net";

/* A list of fields, and the argument it is the value of. */
typedef struct {
  const door *d;
  const char *argument;
  const bptt_value *list;
} fields;

static bool read_field(const fields *f, const char *name, const bptt_value **field)
{
  *field = value_find(f->list, name);
  return *field || fail(f->d->error, f->argument, "`%s` has no field `%s`; expected %s",
                        f->argument, name, a_network);
}

static bool read_size(const fields *f, const char *name, ptrdiff_t *size)
{
  const bptt_value *field;
  double number;
  place at = {f->argument, name, 0};
  if (!read_field(f, name, &field)) return false;
  if (!value_read_whole(f->d, at, field, 1, NETWORK_MOST, &number)) return false;
  *size = (ptrdiff_t)number;
  return true;
}

static bool read_hidden(const fields *f, network *n)
{
  const bptt_value *field;
  place at = {f->argument, "hidden", 0};
  return read_field(f, "hidden", &field) && network_read_hidden(f->d, at, field, n);
}

static bool read_flag(const fields *f, const char *name, bool *flag)
{
  const bptt_value *field;
  place at = {f->argument, name, 0};
  return read_field(f, name, &field) && option_read_flag(f->d, at, field, flag);
}

static bool read_dropout(const fields *f, network *n)
{
  const bptt_value *field;
  place at = {f->argument, "dropout", 0};
  return read_field(f, "dropout", &field) &&
         option_read_number(f->d, at, OPTION_DROPOUT, field, &n->dropout) &&
         check_dropout(f->d, at, field, n);
}

static bool read_word(const fields *f, const char *name, option_id row, int *choice)
{
  const bptt_value *field;
  place at = {f->argument, name, 0};
  return read_field(f, name, &field) && option_read_choice(f->d, at, row, field, choice);
}

/* Vectors may come with any dims, matrices with theirs. */
static bool parameter_has_shape(const parameter *p, const bptt_value *v)
{
  if (p->bias) return value_is_vector(v) && value_count(v) == p->rows;
  return value_has_dims(v, 2, (ptrdiff_t[]){p->rows, p->cols});
}

static bool wrong_shape(const door *d, place at, const parameter *p, const bptt_value *v)
{
  phrase shape = p->bias ? say_count(p->rows, "number", "numbers")
                         : say_dims(2, (ptrdiff_t[]){p->rows, p->cols});
  phrase real = p->bias ? shape : say("a real %s matrix", shape.s);
  if (!value_check_array(d, at, v, real.s)) return false;
  phrase is = value_describe(v);
  if (v->ndim == 2) is = say_dims(2, (ptrdiff_t[]){value_dim(v, 0), value_dim(v, 1)});
  return wrong(d->error, at, is.s, "%s", shape.s);
}

static bool read_parameter(const door *d, place at, const parameter *p, const bptt_value *v)
{
  if (!value_is_array(v) || !parameter_has_shape(p, v)) return wrong_shape(d, at, p, v);
  return value_check_finite(d, at, v);
}

/* An item that the network does not have, or has twice, would be left alone in silence: rather say
 * so. */
static bool refuse_others(const door *d, const char *argument, const bptt_value *list,
                          const network *n, const bptt_value *const *param)
{
  for (size_t i = 0; i < list->count; i++) {
    const char *name = list->item[i].name ? list->item[i].name : "";
    int k = 0;
    if (!*name) {
      return fail(d->error, argument,
                  "`%s` has a parameter without a name (item %zu); expected a name such as `%s`",
                  argument, i + 1, n->parameter[0].name);
    }
    while (k < n->parameters && strcmp(n->parameter[k].name, name) != 0) k++;
    if (k < n->parameters && param[k] == &list->item[i]) continue;
    if (k < n->parameters) {
      return fail(d->error, argument, "`%s` has two parameters %s; expected one", argument,
                  say_name(name).s);
    }
    const char *const *cell = option_choice_text(d, OPTION_CELL, (int)n->cell);
    return cell &&
           fail(d->error, argument,
                "`%s` has a parameter %s that a network of cell \"%s\" with %s in %s does "
                "not have",
                argument, say_name(name).s, *cell, say_count(n->layers, "layer", "layers").s,
                say_count(n->directions, "direction", "directions").s);
  }
  return true;
}

bool network_read_parameters(const door *d, const char *argument, const bptt_value *list,
                             const network *n, bool all, const bptt_value ***param)
{
  const bptt_value **found = *param = door_alloc(d, n->parameters, sizeof *found);
  for (int i = 0; found && i < n->parameters; i++) {
    const parameter *p = &n->parameter[i];
    place at = {argument, p->name, 0};
    found[i] = value_find(list, p->name);
    if (!found[i] && all) {
      return fail(d->error, argument, "`%s` has no parameter `%s`", argument, p->name);
    }
    if (found[i] && !read_parameter(d, at, p, found[i])) return false;
  }
  return found && refuse_others(d, argument, list, n, found);
}

static bool read_fields(const fields *f, network *n)
{
  int cell, activation, reset, mode;
  bool bidirectional;
  if (!read_word(f, "cell", OPTION_CELL, &cell) || !read_size(f, "input", &n->D) ||
      !read_hidden(f, n) || !read_size(f, "output", &n->O) ||
      !read_word(f, "activation", OPTION_ACTIVATION, &activation) ||
      !read_word(f, "reset", OPTION_RESET, &reset) ||
      !read_flag(f, "bidirectional", &bidirectional) ||
      !read_word(f, "output_mode", OPTION_OUTPUT_MODE, &mode) || !read_dropout(f, n)) {
    return false;
  }
  n->cell = (bptt_cell)cell;
  n->activation = (bptt_activation)activation;
  n->reset = (bptt_reset)reset;
  n->directions = bidirectional ? 2 : 1;
  n->last = mode == OUTPUT_LAST;
  return true;
}

bool network_read_any_order(const door *d, const char *argument, const bptt_value *v, network *n,
                            const bptt_value ***param)
{
  const bptt_value *list;
  const fields f = {d, argument, v};
  if (!v || v->kind != BPTT_LIST) {
    return wrong(d->error, place_of(argument), value_describe(v).s, "%s", a_network);
  }
  if (!read_fields(&f, n) || !read_field(&f, "param", &list)) return false;
  if (list->kind != BPTT_LIST) {
    place at = {argument, "param", 0};
    return wrong(d->error, at, value_describe(list).s, "a %s of parameters", fields_word(d));
  }
  return network_complete(d, n) && network_check_size(d, argument, n) &&
         network_read_parameters(d, argument, list, n, true, param);
}

/* What goes by the place of a parameter (a gradient beside it, a vector of all) would be mistaken.
 */
static bool check_order(const door *d, const char *argument, const bptt_value *list,
                        const network *n, const bptt_value *const *param)
{
  int i = 0;
  while (i < n->parameters && param[i] == &list->item[i]) i++;
  return i == n->parameters ||
         fail(d->error, argument,
              "`param` of `%s` is in another order: %s is where `%s` belongs; expected the order "
              "in which rnn_net makes them",
              argument, say_name(list->item[i].name).s, n->parameter[i].name);
}

bool network_read(const door *d, const char *argument, const bptt_value *v, network *n,
                  const bptt_value ***param)
{
  return network_read_any_order(d, argument, v, n, param) &&
         check_order(d, argument, value_find(v, "param"), n, *param);
}

/* ------------------------------------------------------------------------------ state */

/* "`h`, `c`, `h_l2` and `c_l2`"; of many, the first and the last. */
static phrase say_fields(const network *n)
{
  enum { MOST = 4 };
  phrase p = say_name(n->state[0].name);
  for (int i = 1; i < n->states; i++) {
    bool last = i == n->states - 1;
    if (n->states > MOST && i > 1 && !last) continue;
    const char *between = !last ? ", " : n->states > MOST ? ", ..., " : " and ";
    p = say("%s%s%s", p.s, between, say_name(n->state[i].name).s);
  }
  return p;
}

/* "a list with `h` and `c` (each 3 x 2)" */
static phrase say_state(const door *d, const network *n, ptrdiff_t B)
{
  bool same = true;
  for (int i = 0; i < n->states; i++) same &= n->state[i].H == n->state[0].H;
  phrase dims = same ? say_dims(2, (ptrdiff_t[]){n->state[0].H, B}) : say("units x %td", B);
  return say("a %s with %s (%s%s)", fields_word(d), say_fields(n).s, n->states > 1 ? "each " : "",
             dims.s);
}

static bool read_state_field(const fields *f, const network *n, const state_field *s, ptrdiff_t B,
                             const bptt_value **field)
{
  const ptrdiff_t dim[] = {s->H, B};
  const door *d = f->d;
  place at = {f->argument, s->name, 0};
  const bptt_value *v = *field = value_find(f->list, s->name);
  if (!v) {
    return fail(d->error, f->argument, "`%s` has no field `%s`; expected %s", f->argument, s->name,
                say_state(d, n, B).s);
  }
  phrase shape = say_dims(2, dim);
  if (!value_check_array(d, at, v, say("a real %s matrix", shape.s).s)) return false;
  bool vector = value_is_vector(v) && B == 1 && value_count(v) == s->H;
  if (!vector && !value_has_dims(v, 2, dim)) {
    return wrong(d->error, at, value_describe(v).s, "%s", shape.s);
  }
  return value_check_finite(d, at, v);
}

static bool refuse_other_fields(const fields *f, const network *n, ptrdiff_t B)
{
  for (size_t i = 0; i < f->list->count; i++) {
    const char *name = f->list->item[i].name ? f->list->item[i].name : "";
    bool found = false;
    for (int k = 0; k < n->states && !found; k++) found = strcmp(n->state[k].name, name) == 0;
    if (found) continue;
    return fail(f->d->error, f->argument, "`%s` has a field %s; expected %s", f->argument,
                say_name(name).s, say_state(f->d, n, B).s);
  }
  return true;
}

bool network_read_state(const door *d, const char *argument, const bptt_value *v, const network *n,
                        ptrdiff_t B, const bptt_value ***state)
{
  const fields f = {d, argument, v};
  *state = NULL;
  if (!value_given(v)) return true;
  if (v->kind != BPTT_LIST) {
    return wrong(d->error, place_of(argument), value_describe(v).s, "%s", say_state(d, n, B).s);
  }
  const bptt_value **field = *state = door_alloc(d, n->states, sizeof *field);
  for (int i = 0; field && i < n->states; i++) {
    if (!read_state_field(&f, n, &n->state[i], B, &field[i])) return false;
  }
  return field && refuse_other_fields(&f, n, B);
}

/* --------------------------------------------------------------------------- building */

bool network_make_parameters(const door *d, bptt_value *v, const char *name, const network *n,
                             bptt_kind kind)
{
  if (!value_make_list(d, v, name, n->parameters)) return false;
  for (int i = 0; i < n->parameters; i++) {
    const parameter *p = &n->parameter[i];
    if (p->bias) {
      value_make_vector(d, &v->item[i], p->name, kind, p->rows);
    } else {
      value_make_array(&v->item[i], p->name, kind, 2, (ptrdiff_t[]){p->rows, p->cols});
    }
  }
  return true;
}

enum {
  FIELD_CELL,
  FIELD_D,
  FIELD_H,
  FIELD_O,
  FIELD_ACTIVATION,
  FIELD_RESET,
  FIELD_BIDIRECTIONAL,
  FIELD_MODE,
  FIELD_DROPOUT,
  FIELD_PARAM,
  FIELDS
};

static bool make_word(const door *d, bptt_value *v, const char *name, option_id row, int choice)
{
  const char *const *text = option_choice_text(d, row, choice);
  if (text) value_make_text(v, name, text, 1);
  return text != NULL;
}

/* The sizes of the layers, in Octave a row. */
static void make_hidden(const door *d, bptt_value *v, const network *n)
{
  ptrdiff_t row[] = {1, n->layers};
  bool r = d->host.habit == BPTT_R;
  value_make_array(v, "hidden", BPTT_DOUBLE, r ? 1 : 2, r ? row + 1 : row);
}

bool network_make(const door *d, bptt_value *v, const char *name, const network *n)
{
  if (!value_make_list(d, v, name, FIELDS)) return false;
  bptt_value *f = v->item;
  value_make_scalar(d, &f[FIELD_D], "input", BPTT_DOUBLE);
  make_hidden(d, &f[FIELD_H], n);
  value_make_scalar(d, &f[FIELD_O], "output", BPTT_DOUBLE);
  value_make_scalar(d, &f[FIELD_DROPOUT], "dropout", BPTT_DOUBLE);
  return make_word(d, &f[FIELD_CELL], "cell", OPTION_CELL, (int)n->cell) &&
         make_word(d, &f[FIELD_ACTIVATION], "activation", OPTION_ACTIVATION, (int)n->activation) &&
         make_word(d, &f[FIELD_RESET], "reset", OPTION_RESET, (int)n->reset) &&
         value_make_flag(d, &f[FIELD_BIDIRECTIONAL], "bidirectional", n->directions == 2) &&
         make_word(d, &f[FIELD_MODE], "output_mode", OPTION_OUTPUT_MODE,
                   n->last ? OUTPUT_LAST : OUTPUT_SEQUENCE) &&
         network_make_parameters(d, &f[FIELD_PARAM], "param", n, BPTT_DOUBLE);
}

void network_set(bptt_value *v, const network *n)
{
  value_set(&v->item[FIELD_D], 0, (double)n->D);
  for (int i = 0; i < n->layers; i++) value_set(&v->item[FIELD_H], i, (double)n->H[i]);
  value_set(&v->item[FIELD_O], 0, (double)n->O);
  value_set(&v->item[FIELD_DROPOUT], 0, n->dropout);
}

bptt_value *network_made_parameters(bptt_value *v)
{
  return &v->item[FIELD_PARAM];
}

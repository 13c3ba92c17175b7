/* network.c -- a network: its fields, its parameters, from a value and to one. */
#include "network.h"
#include <string.h>

/* ------------------------------------------------------------------------- parameters */

ptrdiff_t network_gates(const network *n)
{
  return n->cell == BPTT_LSTM ? 4 : n->cell == BPTT_GRU ? 3 : 1;
}

bool network_parameter(const network *n, int index, parameter *p)
{
  ptrdiff_t D = n->D, H = n->H, O = n->O, GH = network_gates(n) * H;
  bool has_b_hn = n->cell == BPTT_GRU && n->reset == BPTT_RESET_AFTER;
  if (!has_b_hn && index >= ROLE_B_HN) index++;
  switch ((parameter_role)index) {
  case ROLE_W_XH:
    *p = (parameter){"W_xh", ROLE_W_XH, false, GH, D};
    return true;
  case ROLE_W_HH:
    *p = (parameter){"W_hh", ROLE_W_HH, false, GH, H};
    return true;
  case ROLE_B_H:
    *p = (parameter){"b_h", ROLE_B_H, true, GH, 1};
    return true;
  case ROLE_B_HN:
    *p = (parameter){"b_hn", ROLE_B_HN, true, H, 1};
    return true;
  case ROLE_W_HY:
    *p = (parameter){"W_hy", ROLE_W_HY, false, O, H};
    return true;
  case ROLE_B_Y:
    *p = (parameter){"b_y", ROLE_B_Y, true, O, 1};
    return true;
  case ROLE_COUNT:
    break;
  }
  return false;
}

int network_parameter_count(const network *n)
{
  parameter p;
  int count = 0;
  while (network_parameter(n, count, &p)) count++;
  return count;
}

double network_size(const network *n)
{
  parameter p;
  double size = 0;
  for (int i = 0; network_parameter(n, i, &p); i++) size += (double)p.rows * (double)p.cols;
  return size;
}

int network_state_count(const network *n)
{
  return n->cell == BPTT_LSTM ? 2 : 1;
}

const char *const network_state_name[2] = {"h", "c"};

/* ---------------------------------------------------------------------------- reading */

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

/* A parameter that the network does not have would be left alone in silence: rather say so. */
static bool refuse_others(const door *d, const char *argument, const bptt_value *list,
                          const network *n)
{
  parameter p;
  const char *known[MOST_PARAMETERS];
  size_t count = 0;
  while (network_parameter(n, (int)count, &p)) known[count++] = p.name;
  for (size_t i = 0; i < list->count; i++) {
    const char *name = list->item[i].name ? list->item[i].name : "";
    bool found = false;
    for (size_t k = 0; k < count && !found; k++) found = strcmp(known[k], name) == 0;
    if (!found) {
      const char *const *cell = option_choice_text(d, OPTION_CELL, (int)n->cell);
      return cell && fail(d->error, argument,
                          "`%s` has a parameter %s that a network of cell \"%s\" does not have",
                          argument, say_name(name).s, *cell);
    }
  }
  return true;
}

bool network_read_parameters(const door *d, const char *argument, const bptt_value *list,
                             const network *n, const bptt_value *param[MOST_PARAMETERS])
{
  parameter p;
  for (int i = 0; network_parameter(n, i, &p); i++) {
    place at = {argument, p.name, 0};
    param[i] = value_find(list, p.name);
    if (!param[i]) return fail(d->error, argument, "`%s` has no parameter `%s`", argument, p.name);
    if (!read_parameter(d, at, &p, param[i])) return false;
  }
  return refuse_others(d, argument, list, n);
}

bool network_read(const door *d, const char *argument, const bptt_value *v, network *n,
                  const bptt_value *param[MOST_PARAMETERS])
{
  int cell, activation, reset;
  const bptt_value *list;
  const fields f = {d, argument, v};
  if (!v || v->kind != BPTT_LIST) {
    return wrong(d->error, place_of(argument), value_describe(v).s, "%s", a_network);
  }
  if (!read_word(&f, "cell", OPTION_CELL, &cell) || !read_size(&f, "input", &n->D) ||
      !read_size(&f, "hidden", &n->H) || !read_size(&f, "output", &n->O) ||
      !read_word(&f, "activation", OPTION_ACTIVATION, &activation) ||
      !read_word(&f, "reset", OPTION_RESET, &reset) || !read_field(&f, "param", &list)) {
    return false;
  }
  n->cell = (bptt_cell)cell;
  n->activation = (bptt_activation)activation;
  n->reset = (bptt_reset)reset;
  if (list->kind != BPTT_LIST) {
    place at = {argument, "param", 0};
    return wrong(d->error, at, value_describe(list).s, "a %s of parameters", fields_word(d));
  }
  if (network_size(n) > NETWORK_MOST) {
    return fail(d->error, argument, "`%s` has %.0f parameters; expected at most %.0f", argument,
                network_size(n), NETWORK_MOST);
  }
  return network_read_parameters(d, argument, list, n, param);
}

/* "a list with `h` and `c` (each 3 x 2)" */
static phrase say_state(const door *d, const network *n, ptrdiff_t B)
{
  phrase dims = say_dims(2, (ptrdiff_t[]){n->H, B});
  const char *word = fields_word(d);
  return network_state_count(n) == 2 ? say("a %s with `h` and `c` (each %s)", word, dims.s)
                                     : say("a %s with `h` (%s)", word, dims.s);
}

static bool wrong_state(const door *d, place at, const network *n, ptrdiff_t B, const bptt_value *v)
{
  phrase shape = say_dims(2, (ptrdiff_t[]){n->H, B});
  return value_check_array(d, at, v, say("a real %s matrix", shape.s).s) &&
         wrong(d->error, at, value_describe(v).s, "%s", shape.s);
}

static bool read_state_field(const door *d, const bptt_value *list, const char *name,
                             const network *n, ptrdiff_t B, const bptt_value **field)
{
  place at = {"state", name, 0};
  const bptt_value *v = *field = value_find(list, name);
  if (!v) {
    return fail(d->error, "state", "`state` has no field `%s`; expected %s", name,
                say_state(d, n, B).s);
  }
  bool vector = value_is_vector(v) && B == 1 && value_count(v) == n->H;
  bool fits = vector || value_has_dims(v, 2, (ptrdiff_t[]){n->H, B});
  if (!value_is_array(v) || !fits) return wrong_state(d, at, n, B, v);
  return value_check_finite(d, at, v);
}

bool network_read_state(const door *d, const bptt_value *v, const network *n, ptrdiff_t B,
                        const bptt_value *state[2])
{
  state[0] = state[1] = NULL;
  if (!value_given(v)) return true;
  if (v->kind != BPTT_LIST) {
    return wrong(d->error, place_of("state"), value_describe(v).s, "%s", say_state(d, n, B).s);
  }
  for (int i = 0; i < network_state_count(n); i++) {
    if (!read_state_field(d, v, network_state_name[i], n, B, &state[i])) return false;
  }
  for (size_t i = 0; i < v->count; i++) {
    const bptt_value *item = &v->item[i];
    if (item == state[0] || item == state[1]) continue;
    return fail(d->error, "state", "`state` has a field %s; expected %s",
                say_name(item->name ? item->name : "").s, say_state(d, n, B).s);
  }
  return true;
}

/* --------------------------------------------------------------------------- building */

bool network_make_parameters(const door *d, bptt_value *v, const char *name, const network *n,
                             bptt_kind kind)
{
  parameter p;
  if (!value_make_list(d, v, name, network_parameter_count(n))) return false;
  for (int i = 0; network_parameter(n, i, &p); i++) {
    if (p.bias) {
      value_make_vector(d, &v->item[i], p.name, kind, p.rows);
    } else {
      value_make_array(&v->item[i], p.name, kind, 2, (ptrdiff_t[]){p.rows, p.cols});
    }
  }
  return true;
}

enum { FIELD_CELL, FIELD_D, FIELD_H, FIELD_O, FIELD_ACTIVATION, FIELD_RESET, FIELD_PARAM, FIELDS };

static bool make_word(const door *d, bptt_value *v, const char *name, option_id row, int choice)
{
  const char *const *text = option_choice_text(d, row, choice);
  if (text) value_make_text(v, name, text, 1);
  return text != NULL;
}

bool network_make(const door *d, bptt_value *v, const char *name, const network *n)
{
  if (!value_make_list(d, v, name, FIELDS)) return false;
  value_make_scalar(d, &v->item[FIELD_D], "input", BPTT_DOUBLE);
  value_make_scalar(d, &v->item[FIELD_H], "hidden", BPTT_DOUBLE);
  value_make_scalar(d, &v->item[FIELD_O], "output", BPTT_DOUBLE);
  bptt_value *f = v->item;
  return make_word(d, &f[FIELD_CELL], "cell", OPTION_CELL, (int)n->cell) &&
         make_word(d, &f[FIELD_ACTIVATION], "activation", OPTION_ACTIVATION, (int)n->activation) &&
         make_word(d, &f[FIELD_RESET], "reset", OPTION_RESET, (int)n->reset) &&
         network_make_parameters(d, &f[FIELD_PARAM], "param", n, BPTT_DOUBLE);
}

void network_set(bptt_value *v, const network *n)
{
  value_set(&v->item[FIELD_D], 0, (double)n->D);
  value_set(&v->item[FIELD_H], 0, (double)n->H);
  value_set(&v->item[FIELD_O], 0, (double)n->O);
}

bptt_value *network_made_parameters(bptt_value *v)
{
  return &v->item[FIELD_PARAM];
}

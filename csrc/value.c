/* value.c -- reading and building trees of bptt_value. */
#include "value.h"
#include "engine.h"
#include <float.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

void *door_alloc(const door *d, ptrdiff_t count, size_t size)
{
  size_t bytes;
  if (__builtin_mul_overflow((size_t)count, size, &bytes)) {
    fail_memory(d->error, SIZE_MAX);
    return NULL;
  }
  void *p = d->host.alloc(d->host.context, bytes ? bytes : 1);
  if (!p) {
    fail_memory(d->error, bytes);
    return NULL;
  }
  memset(p, 0, bytes);
  return p;
}

bool product(ptrdiff_t a, ptrdiff_t b, ptrdiff_t *ab)
{
  return !__builtin_mul_overflow(a, b, ab);
}

/* ---------------------------------------------------------------------------- reading */

bool value_given(const bptt_value *v)
{
  return v && v->kind != BPTT_NULL;
}

bool value_is_number(const bptt_value *v)
{
  return v && (v->kind == BPTT_DOUBLE || v->kind == BPTT_SINGLE || v->kind == BPTT_LOGICAL);
}

/* Whether the dims multiply to the count: a host's always do, up to overflow. */
static bool dims_add_up(const bptt_value *v)
{
  if (v->ndim > BPTT_MAX_DIM) return v->count <= PTRDIFF_MAX;
  size_t n = 1;
  for (int i = 0; i < v->ndim; i++) {
    if (v->dim[i] > PTRDIFF_MAX || __builtin_mul_overflow(n, v->dim[i], &n)) return false;
  }
  return n == v->count && n <= PTRDIFF_MAX / sizeof(double);
}

bool value_is_array(const bptt_value *v)
{
  return value_is_number(v) && v->count > 0 && dims_add_up(v);
}

ptrdiff_t value_count(const bptt_value *v)
{
  return (ptrdiff_t)v->count;
}

ptrdiff_t value_dim(const bptt_value *v, int i)
{
  return i < v->ndim && i < BPTT_MAX_DIM ? (ptrdiff_t)v->dim[i] : 1;
}

bool value_is_vector(const bptt_value *v)
{
  int longer = 0;
  if (v->ndim > BPTT_MAX_DIM) return false;
  for (int i = 0; i < v->ndim; i++) longer += value_dim(v, i) != 1;
  return longer <= 1;
}

bool value_has_dims(const bptt_value *v, int ndim, const ptrdiff_t *dim)
{
  if (v->ndim > BPTT_MAX_DIM) return false;
  for (int i = 0; i < v->ndim || i < ndim; i++) {
    if (value_dim(v, i) != (i < ndim ? dim[i] : 1)) return false;
  }
  return true;
}

double value_at(const bptt_value *v, ptrdiff_t i)
{
  return v->kind == BPTT_SINGLE ? (double)((const float *)v->data)[i]
                                : ((const double *)v->data)[i];
}

bptt_dtype value_dtype(const bptt_value *v)
{
  return v->kind == BPTT_SINGLE ? BPTT_F32 : BPTT_F64;
}

ptrdiff_t value_not_finite(const bptt_value *v)
{
  ptrdiff_t i = 0;
  if (bptt_all_finite(v->data, value_count(v), value_dtype(v))) return -1;
  while (isfinite(value_at(v, i))) i++;
  return i;
}

const bptt_value *value_find(const bptt_value *list, const char *name)
{
  for (size_t i = 0; i < list->count; i++) {
    const char *n = list->item[i].name;
    if (n && strcmp(n, name) == 0) return &list->item[i];
  }
  return NULL;
}

static phrase describe_array(const bptt_value *v, const char *of)
{
  ptrdiff_t dim[BPTT_MAX_DIM];
  int ndim = v->ndim < BPTT_MAX_DIM ? v->ndim : BPTT_MAX_DIM;
  for (int i = 0; i < ndim; i++) dim[i] = value_dim(v, i);
  if (v->ndim > BPTT_MAX_DIM) return say("an array of %d dims", v->ndim);
  if (v->count == 0) return say("empty (%s)", say_dims(ndim, dim).s);
  if (ndim < 2) return say("a vector of %td %s", value_count(v), of);
  return say("a %s %s", say_dims(ndim, dim).s, ndim == 2 ? "matrix" : "array");
}

phrase value_describe(const bptt_value *v)
{
  const char *what = v ? v->what : NULL;
  switch (v ? v->kind : BPTT_NULL) {
  case BPTT_DOUBLE:
  case BPTT_SINGLE:
    return v->count == 1 ? say_number(value_at(v, 0)) : describe_array(v, "numbers");
  case BPTT_LOGICAL:
    return v->count == 1 ? say("%s", what ? what : "a logical value")
                         : describe_array(v, "logical values");
  case BPTT_FACTOR:
    return say("%s", what ? what : "a factor");
  case BPTT_TEXT:
    if (v->count == 1) return say_text(v->text[0]);
    return say("%s", v->count == 0 ? "empty" : what ? what : "several strings");
  case BPTT_LIST:
    return say("%s", what ? what : "a list");
  case BPTT_NULL:
    return say("%s", what ? what : "NULL");
  case BPTT_BYTES:
  case BPTT_OTHER:
    break;
  }
  return say("%s", what ? what : "of another class");
}

phrase value_say_empty(const bptt_value *v)
{
  const char *what = v->what ? v->what : "a list";
  return say("an empty %s", what + strlen("a "));
}

const char *list_word(const door *d)
{
  return d->host.habit == BPTT_OCTAVE ? "cell array" : "list";
}

const char *fields_word(const door *d)
{
  return d->host.habit == BPTT_OCTAVE ? "struct" : "list";
}

bool value_check_array(const door *d, place at, const bptt_value *v, const char *expected)
{
  if (value_is_array(v)) return true;
  bool countless = value_is_number(v) && !dims_add_up(v);
  phrase is = countless ? say("larger than can be counted") : value_describe(v);
  return wrong(d->error, at, is.s, "%s", expected);
}

bool value_has_list(const bptt_value *list, const char *name)
{
  const bptt_value *v = list && list->kind == BPTT_LIST ? value_find(list, name) : NULL;
  return v && v->kind == BPTT_LIST;
}

ptrdiff_t value_not_single(const bptt_value *v)
{
  ptrdiff_t i = 0;
  if (v->kind == BPTT_SINGLE || bptt_fits(v->data, value_count(v), BPTT_F32)) return -1;
  while (!(fabs(value_at(v, i)) > FLT_MAX)) i++;
  return i;
}

/* `bad` is the element that is wrong, -1: none. */
static bool check_element(const door *d, place at, const bptt_value *v, ptrdiff_t bad,
                          const char *expected)
{
  if (bad < 0) return true;
  phrase is = say("%s at element %td", say_number(value_at(v, bad)).s, bad + 1);
  return wrong(d->error, at, is.s, "%s", expected);
}

bool value_check_finite(const door *d, place at, const bptt_value *v)
{
  return check_element(d, at, v, value_not_finite(v), "finite numbers");
}

bool value_check_single(const door *d, place at, const bptt_value *v)
{
  return check_element(d, at, v, value_not_single(v), "numbers that fit into single precision");
}

bool value_read_whole(const door *d, place at, const bptt_value *v, double lo, double hi,
                      double *out)
{
  double number = value_is_number(v) && v->count == 1 ? value_at(v, 0) : NAN;
  if (!(number >= lo && number <= hi && number == floor(number))) {
    return wrong(d->error, at, value_describe(v).s, "one whole number from %.15g to %.16g", lo, hi);
  }
  *out = number;
  return true;
}

/* --------------------------------------------------------------------------- building */

void value_make_array(bptt_value *v, const char *name, bptt_kind kind, int ndim,
                      const ptrdiff_t *dim)
{
  *v = (bptt_value){.kind = kind, .name = name, .ndim = ndim, .count = 1};
  for (int i = 0; i < ndim; i++) {
    v->dim[i] = (size_t)dim[i];
    v->count *= v->dim[i];
  }
}

void value_make_vector(const door *d, bptt_value *v, const char *name, bptt_kind kind, ptrdiff_t n)
{
  value_make_array(v, name, kind, d->host.habit == BPTT_R ? 1 : 2, (ptrdiff_t[]){n, 1});
}

void value_make_scalar(const door *d, bptt_value *v, const char *name, bptt_kind kind)
{
  value_make_vector(d, v, name, kind, 1);
}

void value_make_text(bptt_value *v, const char *name, const char *const *text, ptrdiff_t n)
{
  *v = (bptt_value){.kind = BPTT_TEXT, .name = name, .count = (size_t)n, .text = text};
}

void value_make_bytes(bptt_value *v, const char *name, ptrdiff_t n)
{
  value_make_array(v, name, BPTT_BYTES, 1, &n);
}

bool value_make_flag(const door *d, bptt_value *v, const char *name, bool flag)
{
  double *data = door_alloc(d, 1, sizeof *data);
  value_make_scalar(d, v, name, BPTT_LOGICAL);
  v->data = data;
  if (data) *data = flag;
  return data != NULL;
}

bool value_make_list(const door *d, bptt_value *v, const char *name, ptrdiff_t n)
{
  *v = (bptt_value){.kind = BPTT_LIST, .name = name, .count = (size_t)n};
  v->item = door_alloc(d, n, sizeof *v->item);
  return v->item != NULL;
}

bool value_open_list(const door *d, bptt_value *v, const char *name, ptrdiff_t n)
{
  bool made = value_make_list(d, v, name, n);
  v->count = 0;
  return made;
}

bptt_value *value_append(bptt_value *list)
{
  return &list->item[list->count++];
}

void value_set(bptt_value *v, ptrdiff_t i, double number)
{
  if (v->kind == BPTT_SINGLE) {
    ((float *)v->data)[i] = (float)number;
  } else {
    ((double *)v->data)[i] = number;
  }
}

/* value.h -- reading and building trees of bptt_value. */
#ifndef BPTT_VALUE_H
#define BPTT_VALUE_H
#include "bptt.h"
#include "error.h"

/* What every check needs: whom we talk to and where the sentence goes. */
typedef struct {
  bptt_host host;
  const char *function; /* being called */
  bptt_error *error;
} door;

/* Zeroed memory for `count` things that lives until the call is over; NULL: error is set. */
void *door_alloc(const door *d, ptrdiff_t count, size_t size);

/* a * b, both at least 0; false when it is more than can be counted. */
bool product(ptrdiff_t a, ptrdiff_t b, ptrdiff_t *ab);

/* ---------------------------------------------------------------------------- reading */

/* Not NULL and not BPTT_NULL. */
bool value_given(const bptt_value *v);
bool value_is_number(const bptt_value *v); /* an array of numbers: double, single or logical */
/* The same, not empty, and its dims can be trusted. */
bool value_is_array(const bptt_value *v);
ptrdiff_t value_count(const bptt_value *v);
ptrdiff_t value_dim(const bptt_value *v, int i); /* 1 beyond the last */
bool value_is_vector(const bptt_value *v);       /* at most one dim is not 1 */
/* The dims are these; trailing ones do not matter. */
bool value_has_dims(const bptt_value *v, int ndim, const ptrdiff_t *dim);
/* Element i of an array of numbers or a factor. */
double value_at(const bptt_value *v, ptrdiff_t i);
/* Of the numbers of an array. */
bptt_dtype value_dtype(const bptt_value *v);
/* First element of an array that is NaN or infinite; -1: none. */
ptrdiff_t value_not_finite(const bptt_value *v);
/* Whether a list has a list of this name. */
bool value_has_list(const bptt_value *list, const char *name);
/* First element of an array of finite numbers that is too large for single, -1: none. */
ptrdiff_t value_not_single(const bptt_value *v);
/* The item of a list with this name, or NULL. */
const bptt_value *value_find(const bptt_value *list, const char *name);
/* What it is, for a sentence: "3", "\"abc\"", "a 3 x 2 matrix", "a list". */
phrase value_describe(const bptt_value *v);

/* What the user's language calls a list of items ("list", "cell array") and one of fields. */
const char *list_word(const door *d);
const char *fields_word(const door *d);

/* "an empty list", of a list that is */
phrase value_say_empty(const bptt_value *v);

/* value_is_array(); else an error saying what was expected. */
bool value_check_array(const door *d, place at, const bptt_value *v, const char *expected);
/* All numbers of an array are finite; else an error naming the first that is not. */
bool value_check_finite(const door *d, place at, const bptt_value *v);
/* The same for numbers that have to become single. */
bool value_check_single(const door *d, place at, const bptt_value *v);
/* A whole number from lo to hi. */
bool value_read_whole(const door *d, place at, const bptt_value *v, double lo, double hi,
                      double *out);

/* --------------------------------------------------------------------------- building */

/* These fill *v, a result that the front end will make. */
void value_make_array(bptt_value *v, const char *name, bptt_kind kind, int ndim,
                      const ptrdiff_t *dim);
void value_make_scalar(const door *d, bptt_value *v, const char *name, bptt_kind kind);
/* A vector: R's have one dim, Octave's are columns. */
void value_make_vector(const door *d, bptt_value *v, const char *name, bptt_kind kind, ptrdiff_t n);
/* `text` must live as long as the call. */
void value_make_text(bptt_value *v, const char *name, const char *const *text, ptrdiff_t n);
void value_make_bytes(bptt_value *v, const char *name, ptrdiff_t n);
/* Yes or no; the front end finds its `data` set. */
bool value_make_flag(const door *d, bptt_value *v, const char *name, bool flag);
bool value_make_list(const door *d, bptt_value *v, const char *name, ptrdiff_t n);
/* An empty list with room for n, and its next item. */
bool value_open_list(const door *d, bptt_value *v, const char *name, ptrdiff_t n);
bptt_value *value_append(bptt_value *list);
/* Sets a result of one number, once the front end has made it. */
void value_set(bptt_value *v, ptrdiff_t i, double number);

#endif

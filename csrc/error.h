/* error.h -- making the sentences that a user sees.
 *
 * The pattern is "`what` is this; expected that". Functions that make a sentence return false,
 * so that a check reads `return wrong(...)`. */
#ifndef BPTT_ERROR_H
#define BPTT_ERROR_H
#include "bptt.h"
#include <stdbool.h>

/* A piece of a sentence, passed by value so that pieces nest. */
typedef struct {
  char s[200];
} phrase;

/* What a sentence is about: an argument, a field of it ("`W_hh` of `net`"), an item of it
 * ("item 2 of `x`", counted from 1), or an item's field. */
typedef struct {
  const char *argument;
  const char *field; /* NULL: the argument itself */
  ptrdiff_t item;    /* 0: none */
} place;

static inline place place_of(const char *argument)
{
  return (place){argument, NULL, 0};
}

phrase say(const char *format, ...) BPTT_PRINTF(1, 2);
phrase say_place(place at);
phrase say_number(double v);
/* In double quotes or in backquotes; cut when it is long. Text NULL: NA. */
phrase say_text(const char *text);
phrase say_name(const char *name);
phrase say_count(ptrdiff_t n, const char *one, const char *many);
phrase say_dims(int ndim, const ptrdiff_t *dim); /* "3 x 2" */

/* "`at` is `is`; expected ..." */
bool wrong(bptt_error *error, place at, const char *is, const char *expected, ...)
    BPTT_PRINTF(4, 5);
/* Any other sentence about an argument. */
bool fail(bptt_error *error, const char *argument, const char *format, ...) BPTT_PRINTF(3, 4);
bool fail_memory(bptt_error *error, size_t bytes);
bptt_status fail_interrupt(bptt_error *error);

/* The one of `count` words that `typed` is a misspelling of, or NULL. */
const char *spelling(const char *typed, const char *const *word, size_t count);

#endif

/* host.h -- a small front end for tests in C: an arena, builders of values, one call.
 *
 *   host h;
 *   host_open(&h, BPTT_R);
 *   bptt_value *args = host_list(&h), *net;
 *   host_add(&h, args, "input", host_number(&h, 3));
 *   ...
 *   if (host_call(&h, "rnn_net", args)) net = host_get(h.result, "net");
 *   else puts(h.error.message);
 *   host_close(&h);
 *
 * Everything lives until host_close(). A list is at most HOST_LIST_MOST items long. */
#ifndef BPTT_TEST_HOST_H
#define BPTT_TEST_HOST_H
#include "bptt.h"
#include <stdbool.h>

enum { HOST_LIST_MOST = 64 };

typedef struct {
  bptt_habit habit;
  int want;                /* INT_MAX at first */
  int threads;             /* 0 at first */
  int polls_left;          /* polls until one asks to stop; negative (at first): never */
  size_t allocations_left; /* allocations until one fails; (size_t)-1 at first: never */
  int reports_left;        /* calls of `callback` and `progress` until one answers; as polls_left */
  int answer;              /* what it answers, 1 at first */
  int reports;             /* calls so far */
  void *blocks;            /* of the arena */
  /* Of the last host_call(): */
  bptt_error error;
  bptt_value *result;  /* list; NULL: there was an error */
  const char *warning; /* or NULL */
  const char *warning_kind;
} host;

void host_open(host *h, bptt_habit habit);
void host_close(host *h);
void *host_alloc(host *h, size_t bytes); /* zeroed */

/* Values. A vector has one dim in R and is a column in Octave. Data are copied. */
bptt_value *host_null(host *h);
bptt_value *host_number(host *h, double number);
bptt_value *host_vector(host *h, size_t n, const double *data);
bptt_value *host_array(host *h, int ndim, const size_t *dim, const double *data);
bptt_value *host_text(host *h, const char *text);
bptt_value *host_texts(host *h, size_t n, const char *const *text);
bptt_value *host_bytes(host *h, size_t n, const void *bytes);
bptt_value *host_other(host *h, const char *what);
bptt_value *host_as(host *h, bptt_kind kind, const bptt_value *v); /* same numbers, other kind */
bptt_value *host_list(host *h);
/* Adds a copy of `item` to a list, replacing the item of this name if there is one. `name` may be
 * NULL. Returns the copy. */
bptt_value *host_add(host *h, bptt_value *list, const char *name, const bptt_value *item);
bptt_value *host_copy(host *h, const bptt_value *v); /* a list's items, not their data */

/* The item of this name; aborts when there is none. A path: "info.state.h". */
bptt_value *host_get(const bptt_value *list, const char *path);
bool host_has(const bptt_value *list, const char *name);
double host_at(const bptt_value *v, size_t i);
bool host_same(const bptt_value *a, const bptt_value *b); /* to the bit */

/* bptt_prepare(), making the results, bptt_run(). What goes in is compared afterwards with what it
 * was: the core must not write into it. */
bool host_call(host *h, const char *function, const bptt_value *args);

/* Every instruction set there is, on this machine or not. */
enum { HOST_ISAS = 4 };
extern const char *const host_isa[HOST_ISAS];

/* bptt_set_isa(), unless the environment variable BPTT_ISA asks for another one. */
bool host_use_isa(const char *name);

#endif

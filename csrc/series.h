/* series.h -- the forms in which a user holds sequences: an array in some order of dims, a
 * vector, a list of series. Reading them as features x batch x time ("CBT"), the engine's order,
 * and laying out results in the same form. */
#ifndef BPTT_SERIES_H
#define BPTT_SERIES_H
#include "value.h"

typedef enum { FEATURE, SEQUENCE, STEP, AXES } axis; /* the letters C, B and T */

/* An array: the whole of it, or one item of a list. */
typedef struct {
  const bptt_value *value;
  char form[AXES + 1];  /* its letters, in the order of its dims: "CBT", "TC", "T" */
  ptrdiff_t steps;      /* its size along STEP */
  ptrdiff_t step[AXES]; /* elements from one to the next along an axis */
} series_part;

typedef struct {
  ptrdiff_t size[AXES];    /* as the engine sees it; STEP: of the longest */
  const ptrdiff_t *length; /* steps that count, of each sequence; NULL: all */
  bool list;               /* one part for each sequence; else one part */
  series_part *part;
  const bptt_value *whole; /* the array or the list */
  const char *argument;    /* its name, for sentences */
  bool last;               /* one step for each sequence, its last: an array that has no steps */
} series;

/* What goes with an input, step by step or for each sequence's last step alone. */
typedef struct {
  const char *argument;
  ptrdiff_t features;
  bool classes; /* a factor will do */
  bool last;
} series_partner;

/* Numbers in the engine's order. */
ptrdiff_t series_count(const series *s);
/* Their bytes, as double, can be counted; else an error. */
bool series_can_be_counted(const door *d, const series *s);

/* Reads the shape of `x`, which the user knows as `argument`; `format` NULL: by shape. `lengths`:
 * those of its sequences, or NULL. */
bool series_read(const door *d, const char *argument, const bptt_value *x, const bptt_value *format,
                 const bptt_value *lengths, series *s);
/* The same of a target or weights for the input `x`. They must have the form of x, or that of
 * series_make() for the last step. */
bool series_read_partner(const door *d, const bptt_value *v, const series *x,
                         const series_partner *partner, series *s);
/* The same of what was before the series `like` and has its form, features and sequences, but steps
 * of its own. */
bool series_read_past(const door *d, const char *argument, const bptt_value *v, const series *like,
                      series *s);
/* An array that is in the engine's order already: a parameter, a state. */
bool series_of_array(const door *d, const bptt_value *v, series *s);
/* Lays out a result of so many features in the form of `x`. `last`: of the last step of each
 * sequence alone, an array without the dim of the steps; for a list sequences x features in R and
 * features x sequences in Octave. */
bool series_make(const door *d, const series *x, ptrdiff_t features, bool last, bptt_kind kind,
                 const char *name, bptt_value *v, series *s);

/* A number and where it is, counted from 1. */
typedef struct {
  double number;
  ptrdiff_t feature, sequence, step;
} series_element;

typedef bool series_check(const door *d, const series *s, const series_element *e, void *context);

/* Calls `check` with each number within the lengths, until it says no. */
bool series_each(const door *d, const series *s, series_check *check, void *context);
/* The steps of a sequence, counted from 0, that count. */
ptrdiff_t series_length(const series *s, ptrdiff_t sequence);
/* How many numbers are within the lengths. */
double series_elements(const series *s);
/* One of them, counted from 0. */
double series_at(const series *s, ptrdiff_t feature, ptrdiff_t sequence, ptrdiff_t step);
phrase series_say_where(const series *s, const series_element *e);   /* "sequence 2, step 3" */
phrase series_say_element(const series *s, const series_element *e); /* "NaN at feature 1, ..." */

/* All numbers are finite, beyond the lengths too. */
bool series_all_finite(const series *s);
/* Within the lengths, all numbers are finite. */
bool series_check_finite(const door *d, const series *s);
/* Numbers within the lengths do not become infinite when they are made single. */
bool series_check_single(const door *d, const series *s);

/* The data are an array of dtype in the engine's order: no copy is needed. */
bool series_is_direct(const series *s, bptt_dtype dtype);
/* Copies to and from the engine's order. Beyond a part's steps nothing is written. */
void series_copy_in(const series *s, void *cbt, bptt_dtype dtype);
void series_copy_out(const series *s, void *cbt, bptt_dtype dtype);

/* Where an element in the engine's order (index from 0) is in the user's data, from 0; for a list
 * as if its items stood one after the other. */
ptrdiff_t series_index(const series *s, ptrdiff_t cbt);

#endif

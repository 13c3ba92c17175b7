/* option.h -- the one table of arguments and options, and reading them. */
#ifndef BPTT_OPTION_H
#define BPTT_OPTION_H
#include "value.h"

/* The rows of the table, in its order. */
typedef enum {
  OPTION_INPUT,
  OPTION_HIDDEN,
  OPTION_OUTPUT,
  OPTION_CELL,
  OPTION_ACTIVATION,
  OPTION_RESET,
  OPTION_BIDIRECTIONAL,
  OPTION_OUTPUT_MODE,
  OPTION_DROPOUT,
  OPTION_INIT,
  OPTION_RECURRENT_INIT,
  OPTION_FORGET_BIAS,
  OPTION_CHRONO,
  OPTION_OWN_PARAM,
  OPTION_SEED,
  OPTION_NET,
  OPTION_X,
  OPTION_TARGET,
  OPTION_LOSS,
  OPTION_DELTA,
  OPTION_LEVELS,
  OPTION_CLASS_WEIGHTS,
  OPTION_WEIGHTS,
  OPTION_DY,
  OPTION_REDUCTION,
  OPTION_TRUNCATE,
  OPTION_CLIP_NORM,
  OPTION_CLIP_VALUE,
  OPTION_TYPE,
  OPTION_STATE,
  OPTION_LENGTHS,
  OPTION_FORMAT,
  OPTION_CHECKED_GRAD,
  OPTION_CHECKED_WRT,
  OPTION_WRT,
  OPTION_MEMORY,
  OPTION_PRECISION,
  OPTION_DROPOUT_SEED,
  OPTION_THREADS,
  OPTION_GRAD,
  OPTION_NORM,
  OPTION_VALUE,
  OPTION_PARAM,
  OPTION_THETA,
  OPTION_UNPACK_NET,
  OPTION_NEW_FILE,
  OPTION_NAMING,
  OPTION_FILE,
  OPTION_FOUND_NAMING,
  OPTION_FOUND_RESET,
  OPTION_FOUND_ACTIVATION,
  OPTION_FOUND_OUTPUT_MODE,
  OPTION_FOUND_DROPOUT,
  OPTION_COUNT
} option_id;

enum { OUTPUT_SEQUENCE, OUTPUT_LAST };
enum { MEMORY_STORE, MEMORY_RECOMPUTE };
enum { REDUCTION_MEAN, REDUCTION_SUM };
enum { TYPE_RESPONSE, TYPE_PROB, TYPE_CLASS };
enum { WRT_PARAM = 1, WRT_X = 2, WRT_STATE = 4 }; /* bits, in the order of the choices */

/* One argument, read. Which member counts is a matter of the row's type. */
typedef struct {
  const bptt_value *given; /* as the user gave it; NULL: left out, or nothing */
  int choice;              /* "choice", "loss": its place in the range */
  unsigned set;            /* "set": a bit for each choice */
  double number;           /* "number", "whole" */
  bool flag;               /* "flag" */
  double truncate[2];      /* "truncate": k1, k2 */
  const double *levels;    /* "levels" */
  ptrdiff_t level_count;
  bool is_initial; /* "number", "levels": it is the default, given or not */
} option_value;

typedef struct {
  option_value at[OPTION_COUNT];
} options;

/* Reads all arguments of a call; an argument that d->function does not take is an error. What it
 * does not take stays as it is in *out: zero. */
bool options_read(const door *d, const bptt_value *args, options *out);

/* The place of a word among a row's choices; an error with the choices when it is none. */
bool option_read_choice(const door *d, place at, option_id row, const bptt_value *v, int *choice);
/* A number in the range of a row. */
bool option_read_number(const door *d, place at, option_id row, const bptt_value *v,
                        double *number);
/* Yes or no: a logical value, or the number 1 or 0. */
bool option_read_flag(const door *d, place at, const bptt_value *v, bool *flag);
/* The word for it in quotes. */
phrase option_say_choice(option_id row, int choice);
/* The word for it, as a value's `text` of one string; NULL: out of memory. */
const char *const *option_choice_text(const door *d, option_id row, int choice);

#endif

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
  OPTION_COMBINE,
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
  OPTION_SCORED_TARGET,
  OPTION_PREDICTION,
  OPTION_SCORED_TYPE,
  OPTION_SCORED_LEVELS,
  OPTION_LOWER,
  OPTION_UPPER,
  OPTION_LEVEL,
  OPTION_INSAMPLE,
  OPTION_PERIOD,
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
  OPTION_OPTIMIZER,
  OPTION_LEARN_RATE,
  OPTION_MOMENTUM,
  OPTION_NESTEROV,
  OPTION_BETA1,
  OPTION_BETA2,
  OPTION_ALPHA,
  OPTION_EPSILON,
  OPTION_WEIGHT_DECAY,
  OPTION_LBFGS_PAIRS,
  OPTION_SCHEDULE,
  OPTION_SCHEDULE_EPOCHS,
  OPTION_SCHEDULE_FACTOR,
  OPTION_WARMUP,
  OPTION_TRAIN_CLIP_NORM,
  OPTION_NOISE,
  OPTION_AVERAGE,
  OPTION_BATCH_SIZE,
  OPTION_SHUFFLE,
  OPTION_WINDOW,
  OPTION_STRIDE,
  OPTION_STATEFUL,
  OPTION_VALIDATION,
  OPTION_VALIDATION_BY,
  OPTION_EPOCHS,
  OPTION_PATIENCE,
  OPTION_MAX_TIME,
  OPTION_CALLBACK,
  OPTION_PROGRESS,
  OPTION_CHECKPOINT,
  OPTION_CHECKPOINT_EVERY,
  OPTION_CHECKPOINT_MINUTES,
  OPTION_RESUME,
  OPTION_REPEATS,
  OPTION_TRAIN_SEED,
  OPTION_Y,
  OPTION_SEASONS,
  OPTION_HORIZON,
  OPTION_P,
  OPTION_SEASONAL_P,
  OPTION_SEASON,
  OPTION_LAMBDA,
  OPTION_TREND,
  OPTION_SCALE_INPUTS,
  OPTION_XREG,
  OPTION_XREG_MEAN,
  OPTION_XREG_SD,
  OPTION_AHEAD,
  OPTION_LAST,
  OPTION_COUNTS,
  OPTION_Z,
  OPTION_EACH_LAMBDA,
  OPTION_OFFSET,
  OPTION_SCALE,
  OPTION_BACK_OUTPUT,
  OPTION_BACK_BASE,
  OPTION_BACK_SPREAD,
  OPTION_BACK_LEVEL,
  OPTION_AMONG,
  OPTION_DRAWS,
  OPTION_DRAW_SEED,
  OPTION_OF,
  OPTION_DISTRIBUTION,
  OPTION_COUNT
} option_id;

enum { OUTPUT_SEQUENCE, OUTPUT_LAST };
enum { MEMORY_STORE, MEMORY_RECOMPUTE };
enum { REDUCTION_MEAN, REDUCTION_SUM };
enum { TYPE_RESPONSE, TYPE_PROB, TYPE_CLASS };
enum { BY_TIME, BY_SEQUENCE };
enum { COMBINE_MEAN, COMBINE_MEDIAN, COMBINE_ALL };
enum { WRT_PARAM = 1, WRT_X = 2, WRT_STATE = 4 }; /* bits, in the order of the choices */

/* One argument, read. Which member counts is a matter of the row's type. */
typedef struct {
  const char *name;        /* what sentences call it: "net"; of several networks "net[[2]]" */
  const bptt_value *given; /* as the user gave it; NULL: left out, or nothing */
  int choice;              /* "choice", "loss": its place in the range */
  unsigned set;            /* "set": a bit for each choice */
  double number;           /* "number", "whole" */
  bool flag;               /* "flag" */
  double truncate[2];      /* "truncate": k1, k2 */
  const double *levels;    /* "levels" */
  ptrdiff_t level_count;
  bool is_initial; /* "number", "whole", "levels": it is the default, given or not */
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
/* The row itself: its name, its type. */
const bptt_option *option_row(option_id row);
/* Whether it is an argument of a function. */
bool option_is_of(option_id row, const char *function);
/* The word for it in quotes. */
phrase option_say_choice(option_id row, int choice);
/* The word for it, as a value's `text` of one string; NULL: out of memory. */
const char *const *option_choice_text(const door *d, option_id row, int choice);

#endif

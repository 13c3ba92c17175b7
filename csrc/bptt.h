/* bptt.h -- the public interface of the core.
 *
 * The core knows neither R nor Octave; it does not print, exit, or keep state between calls
 * (the table of kernels picked once at load and waiting threads aside). It has two doors:
 *
 *   the call     bptt_prepare() / bptt_run(): named values of any shape and class in, named
 *                arrays out. Everything a user can get wrong is checked here, with one sentence
 *                for every front end. R and Octave use this one.
 *   the problem  bptt_step(): raw arrays in the layout below, nothing checked. For C programs.
 *
 * Arrays are column-major. Sequences are features x batch x time ("CBT"): x is D x B x T, the
 * target and the output y are O x B x T, a state is H x B. Gates are stacked in the order
 * rnn: one block; gru: r, z, n; lstm: i, f, g, o. */
#ifndef BPTT_H
#define BPTT_H
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#define BPTT_VERSION "0.1.0"

#if defined(__GNUC__)
#define BPTT_MUST_CHECK __attribute__((warn_unused_result))
#define BPTT_PRINTF(f, a) __attribute__((format(printf, f, a)))
#else
#define BPTT_MUST_CHECK
#define BPTT_PRINTF(f, a)
#endif

/* ------------------------------------------------------------------------------- errors */

typedef enum {
  BPTT_OK = 0,
  BPTT_EINPUT,    /* an argument is wrong: `argument` names it, `message` is for the user */
  BPTT_ENOMEM,    /* the host's allocator returned NULL */
  BPTT_EINTERRUPT /* poll() asked to stop */
} bptt_status;

typedef struct {
  bptt_status status;
  char argument[48]; /* the argument at fault, as the user wrote it ("x", "clip_norm") */
  char message[512]; /* "`x` has 2 features; the network takes 1" */
} bptt_error;

/* ------------------------------------------------------------------------------- values */

enum { BPTT_MAX_DIM = 4 };

typedef enum {
  BPTT_NULL,    /* nothing: R's NULL, Octave's [] where it stands for "not given" */
  BPTT_DOUBLE,  /* data: double, missing values are NaN */
  BPTT_SINGLE,  /* data: float */
  BPTT_LOGICAL, /* data: double 0, 1, or NaN */
  BPTT_FACTOR,  /* data: double codes 1, 2, ..., or NaN; item: its levels, a BPTT_TEXT, or NULL */
  BPTT_TEXT,    /* text: count strings */
  BPTT_BYTES,   /* data: unsigned char, the content of a file */
  BPTT_LIST,    /* item: count values, each with a name or NULL */
  BPTT_OTHER    /* anything else; `what` says what */
} bptt_kind;

/* A value that goes in (argument, option, list of either) or comes out (result). Numbers that
 * come out have `data` NULL until the front end has allocated it. */
typedef struct bptt_value {
  bptt_kind kind;
  const char *name; /* within a list; NULL where there is none */
  const char *what; /* what a user of the language calls it, with its article, for error
                       messages: "a sparse matrix", "a character vector" */
  int ndim;         /* number of dims; may exceed BPTT_MAX_DIM (then dim holds the first) */
  size_t dim[BPTT_MAX_DIM];
  size_t count;            /* elements, strings or items */
  void *data;              /* numbers; never written to when the value goes in */
  const char *const *text; /* strings */
  struct bptt_value *item; /* items */
  int fields;              /* a list of fields, as a struct is, and no list of series */
} bptt_value;

/* ------------------------------------------------------------------------------- calls */

/* In which habit vectors and matrices are read and results are shaped. */
typedef enum {
  BPTT_R,     /* a matrix is time x features; a vector has one dim; b_h is a vector */
  BPTT_OCTAVE /* a matrix is features x time; a vector is a matrix; b_h is a column */
} bptt_habit;

typedef struct {
  bptt_habit habit;
  int want;                                /* how many results the caller takes (nargout); the
                                              order is that of bptt_outputs(); INT_MAX for all */
  void *(*alloc)(void *context, size_t n); /* memory that lives until the call is over, aligned
                                              for double; may not return, or return NULL */
  int (*poll)(void *context);              /* called now and then from the calling thread;
                                              nonzero stops the call; may be NULL */
  int threads;                             /* where the call does not say; 0: 1 */
  int (*report)(void *context, const char *option, const bptt_value *state);
  /* calls the function that the user gave for an option ("callback") with a list whose `data` are
     set, from the calling thread. 1: it wants to stop; 2: it was stopped itself. May be NULL */
  void *context;
} bptt_host;

typedef struct bptt_call bptt_call;

/* Checks a call of `function` ("rnn_net", "rnn_forward", "rnn_bptt", ...) and lays out its
 * results. `args` is a list of all arguments by name; those left out have their defaults.
 * The values must stay where they are until bptt_run() has returned.
 * NULL when something is wrong; `error` says what. */
bptt_call *bptt_prepare(const bptt_host *host, const char *function, const bptt_value *args,
                        bptt_error *error) BPTT_MUST_CHECK;

/* The results: one list. The front end makes every array in it and sets `data` (for BPTT_TEXT,
 * BPTT_NULL and BPTT_LOGICAL, whose `data` are set, there is nothing to make). The strings of a
 * BPTT_TEXT are there only once bptt_run() has returned. */
bptt_value *bptt_outputs(bptt_call *call);

/* Bytes of workspace that bptt_run() needs, aligned to 64 bytes; contents do not matter. */
size_t bptt_workspace(const bptt_call *call);

/* Does the work and fills the results. Does not allocate. Of a result it may lower `count` and
 * dim[0]: then the array is to be as short. The strings of a BPTT_TEXT are there only now. */
bptt_status bptt_run(bptt_call *call, void *workspace, bptt_error *error) BPTT_MUST_CHECK;

/* After bptt_run(): a sentence to warn the user with (loss or gradient not finite: which
 * parameter, which step), or NULL; and what kind of warning it is: "nonFinite", "interrupted",
 * "unsaved". */
const char *bptt_warning(const bptt_call *call);
const char *bptt_warning_kind(const bptt_call *call);

/* Whether the call, asked by poll() to stop, ends early with what it has by then: BPTT_OK. */
int bptt_keeps(const bptt_call *call);

/* One row of the table of options. */
typedef struct {
  const char *function; /* functions that take it, separated by blanks */
  const char *name;
  const char *type;    /* "choice", "set", "number", "whole", "flag", "truncate", "data", "levels",
                          "loss": a choice, or in a front end a function; "bytes": a file, of which
                          the front end hands over the content; "function"; "text" */
  const char *initial; /* default, spelt as in R: "\"mse\"", "Inf", "NULL" */
  const char *range;   /* choices separated by "|", or an interval "(0, Inf]" */
  const char *help;    /* one line */
} bptt_option;

const bptt_option *bptt_option_table(size_t *count);

/* ------------------------------------------------------------------------------- problem */

typedef enum { BPTT_RNN, BPTT_GRU, BPTT_LSTM } bptt_cell;
typedef enum { BPTT_TANH, BPTT_RELU, BPTT_SIGMOID, BPTT_IDENTITY } bptt_activation;
typedef enum { BPTT_RESET_AFTER, BPTT_RESET_BEFORE } bptt_reset;
typedef enum {
  BPTT_MSE,
  BPTT_MAE,
  BPTT_HUBER,
  BPTT_CROSS_ENTROPY,
  BPTT_BINARY_CROSS_ENTROPY,
  BPTT_QUANTILE,
  BPTT_GAUSSIAN,
  BPTT_STUDENT_T,
  BPTT_NEGATIVE_BINOMIAL,
  BPTT_LINEAR /* sum of target * y: its gradient is dL/dy = target, a vector-Jacobian product */
} bptt_loss;
typedef enum { BPTT_F64, BPTT_F32 } bptt_dtype;

/* One layer in one direction. D here is the problem's D in the first layer, above it the units of
 * the layer below, those of its forward direction first. What is NULL is not wanted. */
typedef struct {
  ptrdiff_t H;                   /* units, at least 1; the same in both directions */
  const void *W_xh, *W_hh, *b_h; /* GH x D, GH x H, GH */
  const void *b_hn;              /* H; gru with reset after only, else NULL */
  const void *h0, *c0;           /* H x B: the state before the direction's first step; NULL: zero.
                                    c0: lstm only */
  void *h_last, *c_last;         /* H x B: state after the direction's last step, which in the
                                    reverse direction is step 1 */
  void *h_all, *c_all;           /* H x B x T: all states; NaN beyond length */
  void *dW_xh, *dW_hh, *db_h, *db_hn; /* as the parameters */
  void *dh0, *dc0;                    /* H x B */
  double *dh_norm, *dc_norm;          /* T: norms of dL/dh_t and dL/dc_t over units and sequences */
  double *gain; /* T: norm of what of dL/d(h, c) of the direction's step t arrives one step before,
                   relative to its own */
} bptt_layer;

/* Forward pass, loss and backpropagation through time of stacked recurrent layers with a linear
 * readout y_t = W_hy h_t + b_y of the topmost one. All void pointers are to arrays of the dtype.
 * No output may overlap any other array. */
typedef struct {
  bptt_cell cell;
  bptt_activation activation; /* of cell rnn */
  bptt_reset reset;           /* of cell gru */
  ptrdiff_t D, O, B, T;       /* features, outputs, batch, steps: all at least 1 */
  int layers, directions;     /* directions: 1, or 2: the other goes from each sequence's last
                                 step that counts to its first */
  bptt_layer *layer;          /* directions of the first layer, then of the next, ... */
  int last;                   /* outputs only at each sequence's last step that counts: what is
                                 said to be .. x B x T is .. x B for y, target and weights */
  double dropout;             /* share of the units of each layer but the topmost that the next
                                 layer is not shown at a step; the others are scaled up */
  double seed;                /* of dropout: a whole number */
  ptrdiff_t first_step;       /* of dropout: steps before the first one, where the sequences are
                                 the rest of longer ones */
  const ptrdiff_t *length;    /* B: steps that count, 0..T; NULL: all of them */
  int threads;                /* at most so many; 0 or 1: the calling thread alone. The results are
                                 the same, to the bit, for any number */
  int recompute;              /* of the tape of a backward pass, keep every sqrt(T)-th state and
                                 compute the rest again: the same results. Two directions keep all */

  const void *W_hy, *b_y; /* O x H (of the topmost layer; 2 H with two directions), O */
  const void *x;          /* D x B x T, not read beyond length */

  /* Loss: its formula is above its function in loss.c. target: classes of cross_entropy B x T,
   * whole numbers 1..O; else F x B x T, where O is F times the outputs to a number of the target.
   * NaN: does not count, but for linear. NULL: forward pass only. */
  bptt_loss loss;
  const void *target;
  const void *weights;       /* B x T: of each step's loss; NULL: 1 */
  const void *class_weights; /* O: cross_entropy; NULL: 1 */
  double delta;              /* huber */
  const double *levels;      /* quantile */
  ptrdiff_t level_count;
  double scale; /* loss = scale * sum over the elements that count */

  /* Truncation (Williams & Peng 1990): every k1 steps the loss of these k1 steps goes back through
   * them and the k2 - k1 steps before, k2 >= k1. Both T or more: not truncated. With two
   * directions k2 = k1. */
  ptrdiff_t k1, k2;

  /* Results; any may be NULL: not wanted. Of the weights all gradients (that exist) or none. */
  void *y;            /* O x B x T; NaN beyond length */
  void *h;            /* units of the topmost layer x B x T; NaN beyond length */
  void *dW_hy, *db_y; /* as the parameters */
  void *dx;           /* D x B x T; 0 beyond length */
  double loss_value;

  /* Where numbers stopped being finite; 0: nowhere. Steps count from 1. */
  ptrdiff_t bad_forward;  /* first step with an output, a state or a loss that is not finite. States
                             count where some output is not finite, those of the reverse direction
                             only through what they reach */
  ptrdiff_t bad_backward; /* first step met going back whose gate gradient is not finite */
} bptt_problem;

/* Bytes of workspace for bptt_step() with this many threads, aligned to 64 bytes; (size_t)-1: more
 * than can be counted. */
size_t bptt_step_workspace(const bptt_problem *p, bptt_dtype dtype);

/* One step. poll may be NULL. Returns BPTT_OK or BPTT_EINTERRUPT (results then undefined). */
bptt_status bptt_step(bptt_problem *p, bptt_dtype dtype, void *workspace,
                      int (*poll)(void *context), void *context) BPTT_MUST_CHECK;

/* Ends the threads that earlier steps have left waiting for more work: for front ends that are
 * about to unload the core. They come back when they are needed. */
void bptt_release(void);

/* Softmax over the first dim of a (O x n), in place: exp(a_i - max) / sum. */
void bptt_softmax(void *a, ptrdiff_t O, ptrdiff_t n, bptt_dtype dtype);

/* -------------------------------------------------------------------------- instruction set */

/* Picks the kernels: once, at load. The environment variable BPTT_ISA ("avx512", "avx2",
 * "neon", "portable") can ask for less than the machine has. */
void bptt_load(void);
/* The one in use: "avx512", "avx2", "neon" or "portable". */
const char *bptt_isa(void);
/* For tests: use this one from now on. 0 when this machine or build does not have it. */
int bptt_set_isa(const char *name);
/* For tests: "tanh" or "sigmoid" or "exp" of n numbers, in place. */
void bptt_apply(const char *activation, void *v, ptrdiff_t n, bptt_dtype dtype);

#ifdef __cplusplus
}
#endif
#endif

/* trainer.h -- training a network: epochs of steps of an optimizer, until it is time to stop. */
#ifndef BPTT_TRAINER_H
#define BPTT_TRAINER_H
#include "checkpoint.h"
#include "lbfgs.h"
#include "network.h"
#include "optimizer.h"
#include "samples.h"
#include "schedule.h"
#include <stdint.h>

/* Why training ended. */
typedef enum {
  STOP_NOT, /* it has not */
  STOP_EPOCHS,
  STOP_PATIENCE,
  STOP_TIME,
  STOP_CALLBACK,
  STOP_INTERRUPT,
  STOP_DIVERGED,
  STOP_CONVERGED
} stop_reason;

/* What is noted of an epoch, in the order of the history. */
typedef enum {
  NOTE_EPOCH,
  NOTE_LOSS,       /* mean over the epoch */
  NOTE_VALIDATION, /* after it; NaN: there is none */
  NOTE_RATE,       /* of its last step */
  NOTE_NORM,       /* of the gradient, before clipping: mean over the steps */
  NOTE_CLIPPED,    /* share of the steps that were clipped */
  NOTE_SECONDS,    /* since the training began */
  NOTES
} note;

typedef struct trainer trainer;

/* What all networks of a call have in common. */
typedef struct {
  const network *net;
  bptt_problem problem; /* all but sizes of a batch and pointers */
  bptt_dtype dtype;
  ptrdiff_t numbers; /* in all parameters */
  bool mean;         /* the loss of a batch is a mean */

  material training, validation; /* the latter may be the former */
  cutting cutting;
  sample *sample, *check; /* to train with, to validate with */
  ptrdiff_t samples, checks;
  ptrdiff_t batch; /* samples at a time */
  bool shuffle;
  ptrdiff_t chunk; /* stateful: steps to a chunk; 0: not */

  optimizer_options optimizer;
  ptrdiff_t pairs; /* of lbfgs */
  schedule schedule;
  double clip_norm, clip_value, noise;
  bool average;

  ptrdiff_t epochs;
  double patience, max_time;
  const char *checkpoint; /* NULL: none */
  double checkpoint_every, checkpoint_minutes;
  const double *setting; /* what a checkpoint must agree with */
  ptrdiff_t settings;

  int threads; /* of one step */
  /* Whether the user wants to stop; after an epoch, whether the callback does; now and then. */
  int (*stopped)(void *context);
  int (*report_epoch)(trainer *r, void *context);
  void (*report_progress)(trainer *r, void *context);
} training;

/* Where training is, in numbers that a checkpoint keeps. */
typedef struct {
  double seed;                             /* of the training */
  double epochs, groups, chunks;           /* done; the latter in the epoch that is under way */
  double steps;                            /* of the optimizer */
  double loss, mass, norm, clipped, taken; /* of the epoch under way: sums; the last: of steps */
  double rate;                             /* of the last step */
  double best, best_epoch;                 /* validation loss */
  double seconds;                          /* before the last resume */
  double converged;                        /* whether it has */
  plateau plateau;
  lbfgs lbfgs;
} progress;

/* What went wrong with the numbers. */
typedef struct {
  const char *what;      /* "loss", "gradient", "update"; NULL: nothing */
  const char *parameter; /* NULL: not known */
  double epoch, batch;   /* from 1 */
  ptrdiff_t step;        /* of the sequences, from 1; 0: not known */
} divergence;

/* One network on its way. */
struct trainer {
  const training *t;
  void *context; /* of the callbacks of t */
  int repeat;    /* from 0 */
  uint64_t seed;
  const char *checkpoint;
  bptt_problem problem;
  progress at;
  double *w, *next, *g, *state; /* parameters, those after the step, gradient, the optimizer's */
  double *best, *average;       /* NULL: none */
  double *history[NOTES];       /* t->epochs each */
  float *w_single, *g_single;   /* what the engine works on where it is not double */
  batch whole; /* all samples, where they are the user's sequences and one batch; n 0: not */
  batch_room room;
  ptrdiff_t *order;
  char *carried[2]; /* stateful: states before and after a chunk */
  void *work;       /* the engine's */
  divergence divergence;
  stop_reason stop;
  int unsaved; /* errno of a checkpoint that could not be written; 0: none */
  double began, polled, reported, saved; /* seconds on the clock */
};

/* Bytes that one trainer needs beside its history; (size_t)-1: more than can be counted. */
size_t trainer_bytes(const training *t);
/* Places a trainer in memory, aligned to 64 bytes, with r->layer for its problem. */
void trainer_place(trainer *r, const training *t, char *memory, bptt_layer *layer);
/* Begins anew, w being the first weights; or goes on from the numbers of a checkpoint, without the
 * settings. */
void trainer_start(trainer *r);
void trainer_resume(trainer *r, const double *numbers);
/* How far those have come. */
progress trainer_progress(const double *numbers);
/* Numbers of a checkpoint after this many epochs, the settings first. */
ptrdiff_t trainer_numbers(const training *t, double epochs);

/* Trains until it is time to stop. False: it did not begin, as there can be no checkpoint. */
bool trainer_run(trainer *r);
/* Seconds trained so far. */
double trainer_seconds(const trainer *r);
/* The weights as they are, or their mean; and those that are the result. */
const double *trainer_shown(const trainer *r);
const double *trainer_result(const trainer *r);

#endif

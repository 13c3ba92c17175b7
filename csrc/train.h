/* train.h -- a call of rnn_train: what its files share. */
#ifndef BPTT_TRAIN_H
#define BPTT_TRAIN_H
#include "engine.h"
#include "init.h"
#include "pass.h"
#include "trainer.h"

/* A network of the result. */
typedef struct {
  bptt_value *net;
  bptt_value *history; /* a list of vectors, a row for each epoch that there may be */
  double best_epoch, epochs, seed;
  bool best;           /* its weights are those with the best validation loss */
  bool begun, refused; /* refused: its checkpoint cannot be written at all */
  stop_reason stop;
  divergence divergence;
  int unsaved;
  const char *checkpoint;
  const double *resumed; /* numbers of a checkpoint; NULL: it begins anew */
} member;

/* Who trains, on one thread: a network after the other. */
typedef struct {
  struct train *job;
  bptt_thread *thread;
  trainer trainer;
  bptt_layer *layer;
  double *scratch; /* for first weights */
} lane;

typedef struct train {
  bptt_call *call;
  pass *pass, *check; /* the data to train with, and to validate with: NULL where there are none of
                         their own */
  training training;
  bool by_sequence; /* the share for validation is whole sequences */
  double share;
  init_options init;
  member *member;
  int members, lanes;
  lane *lane;
  size_t lane_bytes, scratch_bytes, lanes_at, mass_at, check_mass_at;
  int taken; /* networks that a lane has begun */
  double *setting;
  bptt_value *nets, *histories, *stopped, *best_epoch, *seed; /* results */
  const char **stopped_by;
  bptt_value *state, *state_net; /* what the callback is shown */
  double number[10];
} train;

/* Of train_setup.c: reads what is to be trained, and how, into j->training. */
bool train_read_data(train *j);
bool train_read_options(train *j);

/* Of train_resume.c: names the files of checkpoints and reads those to go on from. */
bool train_read_checkpoints(train *j);
/* Once the data are there: sets what a checkpoint must agree with, and compares. */
void train_set_settings(train *j);
bool train_check_settings(const train *j);

#endif

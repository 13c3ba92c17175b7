/* schedule.h -- the learning rate over time. */
#ifndef BPTT_SCHEDULE_H
#define BPTT_SCHEDULE_H

/* In the order of the choices. */
typedef enum {
  SCHEDULE_CONSTANT,
  SCHEDULE_STEP,
  SCHEDULE_COSINE,
  SCHEDULE_ONE_CYCLE,
  SCHEDULE_PLATEAU
} schedule_kind;

typedef struct {
  schedule_kind kind;
  double learn_rate;
  double epochs; /* of the whole training */
  double every;  /* step: epochs from one drop to the next; plateau: epochs without a better loss
                    before one */
  double factor; /* of a drop */
  double warmup; /* epochs */
} schedule;

/* What a plateau is seen by. */
typedef struct {
  double best, since, drops; /* loss; epochs since it; drops so far */
} plateau;

/* The rate of a step that begins after `begin` epochs (with a fraction) and ends after `end`. */
double schedule_rate(const schedule *s, const plateau *p, double begin, double end);
/* After an epoch with this loss. */
void schedule_watch(const schedule *s, plateau *p, double loss);

#endif

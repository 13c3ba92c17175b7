/* frame.h -- a time series as a network sees it: at each step what lies behind it and what comes
 * next, both measured from the level at that step. */
#ifndef BPTT_FRAME_H
#define BPTT_FRAME_H
#include "decompose.h"

/* What is done about seasons, in the order of the option's choices. */
typedef enum {
  SEASON_AUTO,       /* not of a frame: there is one of STL and one of differences */
  SEASON_STL,        /* they are taken out, and added again */
  SEASON_FOURIER,    /* sines and cosines are among the inputs */
  SEASON_DIFFERENCE, /* the forecast starts from the value a season before */
  SEASON_NONE
} season_kind;

/* What windows and targets are measured from, in the order of the option's choices. */
typedef enum {
  TREND_LEVEL, /* the last value */
  TREND_DRIFT, /* the last value, which goes on as it has changed in the mean */
  TREND_NONE   /* the mean of all */
} trend_kind;

enum { MOST_HARMONICS = 3 }; /* of a period */

typedef struct {
  season_kind season;
  trend_kind trend;
  bool scaled; /* inputs and targets in units of the spread */
  bool test;   /* of SEASON_STL: only where the series passes season_is_clear() */
  bool linear; /* of logarithms, their exponentials are what is measured */
  int periods; /* 0: no season */
  ptrdiff_t period[MOST_SEASONS];
  ptrdiff_t horizon; /* steps that the network forecasts at once */
  ptrdiff_t lags;    /* that are inputs: steps before the present one */
  const ptrdiff_t *lag;
  ptrdiff_t covariates;
  bool counts; /* the target is the series itself */
} frame_shape;

/* One series, and how far it is known. */
typedef struct {
  ptrdiff_t n, origin;     /* steps; those that all is estimated from */
  bool logarithm;          /* what z is */
  const double *z;         /* n: transformed, missing values filled in */
  const double *y;         /* n: as it is; NaN where it is missing */
  const double *covariate; /* covariates x known: standardized */
  ptrdiff_t known;         /* steps of the covariates */
} frame_series;

/* Where the result goes: what lies one step, or one element, further. */
typedef struct {
  double *x, *target, *base, *level; /* D, H, H and 1 numbers for each step */
  ptrdiff_t x_step, target_step, level_step;
  ptrdiff_t first; /* the step that is the room's first one; below 0: it begins with empty ones */
} frame_room;

/* What a series is measured in and from: v, mean l, its logarithm in a linear view, and g. */
typedef struct {
  double spread, mean, middle, drift;
} frame_units;

/* Inputs of a step. */
ptrdiff_t frame_inputs(const frame_shape *f);
/* Doubles of workspace for series of up to n steps; -1: more than can be counted. */
ptrdiff_t frame_numbers(const frame_shape *f, ptrdiff_t n);
/* Puts what is estimated from the steps before the origin into the workspace. */
frame_units frame_estimate(const frame_shape *f, const frame_series *s, double *workspace);
/* Fills the room, from what has been estimated of a series that is the same before the origin. */
void frame_fill(const frame_shape *f, const frame_series *s, const frame_units *unit,
                const frame_room *room, double *workspace);
/* What an output of a network says on the transformed scale: `level` is 0 where it is measured
 * there. */
double frame_back(double base, double spread, double level, double output);

#endif

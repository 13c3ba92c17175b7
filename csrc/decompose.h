/* decompose.h -- a time series taken apart: into its seasons, its trend and what is left.
 *
 * Nothing allocates: the caller brings workspace. What goes in and what comes out do not overlap.
 * The remainder is left to the caller: y less all seasons less the trend. */
#ifndef BPTT_DECOMPOSE_H
#define BPTT_DECOMPOSE_H
#include "bptt.h"
#include <stdbool.h>

typedef enum {
  DECOMPOSE_OK,
  DECOMPOSE_SHORT,      /* less than two periods, a period below 2, or all weights 0 */
  DECOMPOSE_NOT_FINITE, /* a value is missing, infinite, or too large to be added up */
  DECOMPOSE_OPTION      /* an option or a weight is not what its comment here says */
} decompose_outcome;

/* A loess smoother: it fits at every `jump`th point and draws straight lines between them. */
typedef struct {
  ptrdiff_t window; /* points that a fit looks at: odd, 3 or more */
  int degree;       /* what is fitted: 0, a constant; 1, a line */
  ptrdiff_t jump;   /* 1 or more */
} smoother;

enum { STL_PERIODIC = 0 }; /* for a window: the season is the same in every period */

typedef struct {
  ptrdiff_t period;     /* steps: 2 or more */
  smoother s, t, l;     /* of the seasons, the trend and the low-pass filter */
  bool periodic;        /* the season is replaced by its means over the periods */
  int inner;            /* passes, 1 or more */
  int outer;            /* times that robust weights are made and the inner passes repeated */
  const double *weight; /* n, from 0 to 1: of the points, in all fits. Where it is 0, y matters
                           only if a window has no other points. NULL: all 1 */
} stl_options;

/* Those that stats::stl of R chooses for a season's window (odd, or STL_PERIODIC). */
stl_options stl_defaults(ptrdiff_t n, ptrdiff_t period, ptrdiff_t s_window, bool robust);

/* The doubles of workspace that stl() and mstl() take for n points; -1: more than can be counted.
 */
ptrdiff_t decompose_numbers(ptrdiff_t n);

/* y, season, trend: n. Unless it is DECOMPOSE_OK nothing has been written. */
decompose_outcome stl(ptrdiff_t n, const double *y, const stl_options *o, double *season,
                      double *trend, double *workspace) BPTT_MUST_CHECK;

enum { MOST_SEASONS = 6 };

typedef struct {
  int count;                        /* of the periods, 1 or more */
  ptrdiff_t period[MOST_SEASONS];   /* ascending */
  ptrdiff_t s_window[MOST_SEASONS]; /* odd, or STL_PERIODIC */
  int iterate;                      /* times that each season is fitted to what the others leave */
  bool robust;
  const double *weight; /* as in stl_options */
} mstl_options;

/* As forecast::mstl of R has them, for `count` periods, at most MOST_SEASONS, in any order. Those
 * that the series has not more than two of are dropped, and what is no period: when none is left
 * the series has no season, and mstl() is not for it. */
mstl_options mstl_defaults(ptrdiff_t n, int count, const ptrdiff_t *period);

/* season: n x o->count, in the order of o->period. The trend is that beside the last of them.
 * Unless it is DECOMPOSE_OK the results are of no use. */
decompose_outcome mstl(ptrdiff_t n, const double *y, const mstl_options *o, double *season,
                       double *trend, double *workspace) BPTT_MUST_CHECK;

#endif

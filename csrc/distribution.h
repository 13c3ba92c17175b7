/* distribution.h -- random numbers from the distributions that losses are the -log densities of. */
#ifndef BPTT_DISTRIBUTION_H
#define BPTT_DISTRIBUTION_H
#include "bptt.h"
#include "random.h"

/* Counts beyond this are this: of larger ones not each is a number. */
#define DISTRIBUTION_MOST_COUNT 9007199254740992.

/* From Student's t distribution with `freedom` degrees of freedom, above 0; infinitely many: the
 * normal distribution. */
double draw_student_t(generator *g, double freedom);

/* The logarithm of a number from the gamma distribution of this shape, above 0, and scale 1: the
 * number itself may be too small for one. */
double draw_log_gamma(generator *g, double shape);

/* From the Poisson distribution: a whole number. mean: finite, 0 or more. */
double draw_poisson(generator *g, double mean);

/* From the distribution whose parameters are the outputs y_0, y_1, ... as loss.c has them, `apart`
 * numbers from one to the next; finite ones give a finite number. Loss gaussian, student_t or
 * negative_binomial. */
double draw_outputs(generator *g, bptt_loss loss, const double *y, ptrdiff_t apart);

#endif

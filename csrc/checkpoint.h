/* checkpoint.h -- a file with the state of a training run, from which it goes on. */
#ifndef BPTT_CHECKPOINT_H
#define BPTT_CHECKPOINT_H
#include "value.h"

/* A stretch of numbers of the file. */
typedef struct {
  double *data;
  ptrdiff_t count;
} stretch;

/* Writes the stretches to `path`: to a file beside it first, which then takes its place, so that
 * there is a whole file at any moment. 0, or the errno of what went wrong. */
int checkpoint_write(const char *path, const stretch *s, int stretches);

/* The numbers of a file that checkpoint_write() made, one stretch after the other. NULL:
 * `argument`, which names it, is wrong, or with `optional` there is no such file. */
const double *checkpoint_read(const door *d, const char *argument, const char *path, bool optional,
                              ptrdiff_t *count);

#endif

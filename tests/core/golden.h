/* golden.h -- reading golden files, whose format is described in tests/golden/README.md. A file
 * that is not understood is not a test that passed: it ends the program. */
#ifndef BPTT_TEST_GOLDEN_H
#define BPTT_TEST_GOLDEN_H
#include <stddef.h>

enum { MOST_ARRAYS = 128, MOST_SETTINGS = 16 };

typedef struct {
  char name[32];
  int ndim;
  size_t dim[3], count;
  double *data;
} array;

typedef struct {
  char key[32], text[32];
} setting;

typedef struct {
  char name[96];
  int settings, arrays;
  setting setting[MOST_SETTINGS];
  array array[MOST_ARRAYS];
} example;

/* Every case of a file, one after the other; it is gone when `check` returns. */
void golden_read(const char *file, void (*check)(const example *e, const char *file));

/* NULL, `otherwise`: there is none. */
const array *find_array(const example *e, const char *name);
const char *find_setting(const example *e, const char *key, const char *otherwise);

_Noreturn void give_up(const char *file, const char *why);

#endif

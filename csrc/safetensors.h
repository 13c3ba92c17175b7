/* safetensors.h -- the format safetensors: named arrays from the bytes of a file, and to them. */
#ifndef BPTT_SAFETENSORS_H
#define BPTT_SAFETENSORS_H
#include "value.h"
#include <stdint.h>

enum { TENSOR_MOST_DIMS = 8 };

typedef enum { TENSOR_F64, TENSOR_F32, TENSOR_F16, TENSOR_BF16, TENSOR_TYPES } tensor_type;

typedef struct {
  const char *name;
  tensor_type type;
  int ndim;
  ptrdiff_t dim[TENSOR_MOST_DIMS]; /* the last one runs fastest */
  ptrdiff_t count;                 /* numbers */
  ptrdiff_t begin, end;            /* bytes, from where the numbers of the file begin */
  unsigned char *data;             /* never written to when the file was read */
} tensor;

typedef struct {
  const char *key, *text;
} tensor_note;

/* What a file holds. */
typedef struct {
  tensor *tensor;
  ptrdiff_t tensors;
  tensor_note *note; /* its "__metadata__" */
  ptrdiff_t notes;
  const char *header; /* of a file to write */
} safetensors;

/* A whole file, the value of the argument `file`. The tensors come sorted by name, no two alike,
 * with all their bytes inside the file. */
bool safetensors_read(const door *d, const bptt_value *file, safetensors *s);
/* The text of a note; NULL: there is none. */
const char *safetensors_note(const safetensors *s, const char *key);

/* Lays out a file for the notes and tensors in *s, of which name, type (F64 or F32), ndim, dim
 * and count are set. Keys, texts and names need no escapes in JSON. */
bool safetensors_plan(const door *d, safetensors *s, ptrdiff_t *bytes);
/* Writes what is not numbers. These are set one by one afterwards. */
void safetensors_begin(const safetensors *s, unsigned char *bytes);

/* Number i of a tensor. */
double tensor_at(const tensor *t, ptrdiff_t i);
void tensor_set(const tensor *t, ptrdiff_t i, double number);

#endif

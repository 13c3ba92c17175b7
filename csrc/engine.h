/* engine.h -- what the kernels (one per number type and instruction set) and the engine that
 * picks among them agree on. */
#ifndef BPTT_ENGINE_H
#define BPTT_ENGINE_H
#include "bptt.h"
#include "optimizer.h"
#include "pool.h"

typedef ptrdiff_t idx;

enum { APPLY_TANH, APPLY_SIGMOID, APPLY_EXP };

typedef struct {
  size_t (*bytes)(const bptt_problem *p);
  int (*threads)(const bptt_problem *p); /* as many as are of use, up to p->threads */
  bptt_status (*step)(bptt_problem *p, void *workspace, bptt_thread *me);
  void (*softmax)(void *a, idx O, idx n);
  void (*apply)(int which, void *v, idx n);
  int (*all_finite)(const void *v, idx n);
  double (*sum_of_squares)(const void *v, idx n, double scale);
  int (*fits)(const double *v, idx n);
  void (*from_double)(void *to, const double *from, idx n);
  void (*to_double)(double *to, const void *from, idx n);
  /* The same in both tables of an instruction set: weights are updated in double. */
  void (*update)(const optimizer_options *o, double learn_rate, double step, idx n, const double *w,
                 const double *g, double *state, double *next);
} bptt_kernel;

extern const bptt_kernel bptt_kernel_f64_portable, bptt_kernel_f32_portable;
/* Not on Windows: there gcc does not align the stack for vectors of more than 16 bytes. */
#if defined(__x86_64__) && defined(__GNUC__) && !defined(_WIN32)
#define BPTT_HAVE_X86 1
extern const bptt_kernel bptt_kernel_f64_avx2, bptt_kernel_f32_avx2;
extern const bptt_kernel bptt_kernel_f64_avx512, bptt_kernel_f32_avx512;
#endif
#if defined(__aarch64__)
#define BPTT_HAVE_NEON 1
extern const bptt_kernel bptt_kernel_f64_neon, bptt_kernel_f32_neon;
#endif

/* The batch as the kernels see it: sequences sorted by falling length, so that those still
 * running at a step are its first columns, and only real steps are computed.
 *
 *     column    0  * * * * * * *      n[t]   columns at step t (n[T] = 0)
 *               1  * * * *            off[t] columns before step t: a tape of one entry per
 *               2  * *                       real step keeps column j of step t at off[t] + j
 *          step t  0 1 2 3 4 5 6 */
typedef struct {
  idx columns;  /* sequences */
  idx T;        /* steps of the longest one */
  idx total;    /* real steps, off[T] */
  int ragged;   /* some sequence is shorter than T; else column j is sequence j */
  idx *n, *off; /* T + 1 */
  idx *order;   /* column -> the user's sequence */
  idx *length;  /* of each column */
} bptt_batch;

/* Workspace in idx that bptt_batch_make() needs. */
idx bptt_batch_size(const bptt_problem *p);
void bptt_batch_make(bptt_batch *b, const bptt_problem *p, idx *workspace);

/* Whole arrays of n numbers. */
int bptt_all_finite(const void *v, idx n, bptt_dtype dtype);
double bptt_sum_of_squares(const void *v, idx n, bptt_dtype dtype, double scale); /* of scale v_i */
int bptt_fits(const double *v, idx n, bptt_dtype dtype); /* none is too large for the type */
void bptt_convert(void *to, bptt_dtype to_type, const void *from, bptt_dtype from_type, idx n);

/* optimizer_step() */
void bptt_update(const optimizer_options *o, double learn_rate, double step, idx n, const double *w,
                 const double *g, double *state, double *next);
#endif

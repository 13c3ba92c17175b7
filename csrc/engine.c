/* engine.c -- picks the kernels of this machine once, and hands problems to them. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "engine.h"

typedef struct {
  const char *name;
  const bptt_kernel *kernel[2]; /* by bptt_dtype */
} instruction_set;

static const instruction_set sets[] = {
#ifdef BPTT_HAVE_X86
    {"avx512", {&bptt_kernel_f64_avx512, &bptt_kernel_f32_avx512}},
    {"avx2", {&bptt_kernel_f64_avx2, &bptt_kernel_f32_avx2}},
#endif
#ifdef BPTT_HAVE_NEON
    {"neon", {&bptt_kernel_f64_neon, &bptt_kernel_f32_neon}},
#endif
    {"portable", {&bptt_kernel_f64_portable, &bptt_kernel_f32_portable}},
};
enum { SETS = sizeof sets / sizeof *sets };

static const instruction_set *chosen = &sets[SETS - 1];

static int has(const char *name)
{
#ifdef BPTT_HAVE_X86
  __builtin_cpu_init();
  if (!strcmp(name, "avx512"))
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  if (!strcmp(name, "avx2")) return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#endif
  return !strcmp(name, "neon") || !strcmp(name, "portable");
}

int bptt_set_isa(const char *name)
{
  for (int i = 0; i < SETS; i++)
    if (!strcmp(sets[i].name, name) && has(name)) {
      chosen = &sets[i];
      return 1;
    }
  return 0;
}

void bptt_load(void)
{
  const char *asked = getenv("BPTT_ISA");
  if (asked && bptt_set_isa(asked)) return;
  for (int i = 0; i < SETS; i++)
    if (bptt_set_isa(sets[i].name)) return;
}

const char *bptt_isa(void)
{
  return chosen->name;
}

size_t bptt_step_workspace(const bptt_problem *p, bptt_dtype dtype)
{
  /* Counted generously in floating point first: the exact count must not overflow. */
  const double columns = (double)p->B * ((double)p->T + 1) * 2;
  double numbers = columns * ((double)p->D + 64), below = (double)p->D + 64;
  for (ptrdiff_t i = 0; i < p->layers * p->directions; i++) {
    const double units = (double)p->layer[i].H + 64, outputs = (double)p->O + 64;
    numbers +=
        columns * (20 * units + 2 * below + 2 * outputs) + 16 * units * (units + below + outputs);
    if ((i + 1) % p->directions == 0) below = p->directions * units;
  }
  if (numbers * sizeof(double) > (double)PTRDIFF_MAX / 2) return (size_t)-1;
  return chosen->kernel[dtype]->bytes(p);
}

typedef struct {
  const bptt_kernel *kernel;
  bptt_problem *problem;
  void *workspace;
  bptt_status status; /* thread 0's */
} job;

static void run(bptt_thread *me, void *memory)
{
  job *j = memory;
  const bptt_status status = j->kernel->step(j->problem, j->workspace, me);
  if (me->rank == 0) j->status = status;
}

bptt_status bptt_step(bptt_problem *p, bptt_dtype dtype, void *workspace,
                      int (*poll)(void *context), void *context)
{
  job j = {chosen->kernel[dtype], p, workspace, BPTT_OK};
  const int stopped = bptt_team(j.kernel->threads(p), poll, context, run, &j);
  return stopped ? BPTT_EINTERRUPT : j.status;
}

void bptt_softmax(void *a, ptrdiff_t O, ptrdiff_t n, bptt_dtype dtype)
{
  chosen->kernel[dtype]->softmax(a, O, n);
}

void bptt_apply(const char *activation, void *v, ptrdiff_t n, bptt_dtype dtype)
{
  const int which = !strcmp(activation, "tanh")      ? APPLY_TANH
                    : !strcmp(activation, "sigmoid") ? APPLY_SIGMOID
                                                     : APPLY_EXP;
  chosen->kernel[dtype]->apply(which, v, n);
}

int bptt_all_finite(const void *v, idx n, bptt_dtype dtype)
{
  return chosen->kernel[dtype]->all_finite(v, n);
}

double bptt_sum_of_squares(const void *v, idx n, bptt_dtype dtype, double scale)
{
  return chosen->kernel[dtype]->sum_of_squares(v, n, scale);
}

int bptt_fits(const double *v, idx n, bptt_dtype dtype)
{
  return chosen->kernel[dtype]->fits(v, n);
}

void bptt_convert(void *to, bptt_dtype to_type, const void *from, bptt_dtype from_type, idx n)
{
  if (from_type == BPTT_F64)
    chosen->kernel[to_type]->from_double(to, from, n);
  else if (to_type == BPTT_F64)
    chosen->kernel[from_type]->to_double(to, from, n);
  else
    memcpy(to, from, (size_t)n * sizeof(float));
}

void bptt_update(const optimizer_options *o, double learn_rate, double step, idx n, const double *w,
                 const double *g, double *state, double *next)
{
  chosen->kernel[BPTT_F64]->update(o, learn_rate, step, n, w, g, state, next);
}

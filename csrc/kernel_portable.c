/* kernel_portable.c -- the kernels for any machine: 16-byte vectors, which the compiler lowers
 * to SSE2 or the like, or to plain code where there are none. */
#define VBYTES 16
#define NREGS 16
#define TARGET
#ifdef __SSE2__
#include <emmintrin.h>
#define VECTOR_SQRT _mm_sqrt_pd
#endif

#define REAL double
#define INT int64_t
#define N(x) x##_f64
#define KERNEL bptt_kernel_f64_portable
#include "kernel.h"

#define REAL float
#define INT int32_t
#define N(x) x##_f32
#define KERNEL bptt_kernel_f32_portable
#include "kernel.h"

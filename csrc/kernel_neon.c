/* kernel_neon.c -- the kernels for 64-bit ARM, which always has NEON: 16-byte vectors, fused
 * multiply-adds and twice the registers of kernel_portable.c. */
#include "engine.h"
#ifdef BPTT_HAVE_NEON
#include <arm_neon.h>
#define VBYTES 16
#define NREGS 32
#define TARGET
#define VECTOR_SQRT vsqrtq_f64

#define REAL double
#define INT int64_t
#define N(x) x##_f64
#define KERNEL bptt_kernel_f64_neon
#include "kernel.h"

#define REAL float
#define INT int32_t
#define N(x) x##_f32
#define KERNEL bptt_kernel_f32_neon
#include "kernel.h"
#endif

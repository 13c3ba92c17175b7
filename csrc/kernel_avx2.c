/* kernel_avx2.c -- the kernels for x86-64 with AVX2 and FMA. */
#include "engine.h"
#ifdef BPTT_HAVE_X86
#include <immintrin.h>
#define VBYTES 32
#define NREGS 16
#define TARGET __attribute__((target("avx2,fma")))
#define VECTOR_SQRT _mm256_sqrt_pd

#define REAL double
#define INT int64_t
#define N(x) x##_f64
#define KERNEL bptt_kernel_f64_avx2
#include "kernel.h"

#define REAL float
#define INT int32_t
#define N(x) x##_f32
#define KERNEL bptt_kernel_f32_avx2
#include "kernel.h"
#endif

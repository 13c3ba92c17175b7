/* kernel_avx512.c -- the kernels for x86-64 with AVX-512 (F, DQ, VL, BW). */
#include "engine.h"
#ifdef BPTT_HAVE_X86
#include <immintrin.h>
#define VBYTES 64
#define NREGS 32
#define TARGET __attribute__((target("avx512f,avx512dq,avx512vl,avx512bw,avx2,fma")))
#define VECTOR_SQRT _mm512_sqrt_pd

#define REAL double
#define INT int64_t
#define N(x) x##_f64
#define KERNEL bptt_kernel_f64_avx512
#include "kernel.h"

#define REAL float
#define INT int32_t
#define N(x) x##_f32
#define KERNEL bptt_kernel_f32_avx512
#include "kernel.h"
#endif

/* kernel.h -- the numerical core, compiled once per (number type, instruction set).
 *
 * The including file defines
 *   REAL, INT    number type and the signed integer of the same width
 *   VBYTES       vector width in bytes (64, 32 or 16)
 *   NREGS        vector registers (32 or 16): decides the register tile
 *   TARGET       function attribute that switches the instruction set on
 *   N(x)         name decoration
 *   KERNEL       name of the table of entry points
 *   VECTOR_SQRT  the instruction for square roots of a vector of doubles, if there is one
 *
 * Everything is built from one primitive, the register tile (tile.h)
 *     C[j][v] += sum_k  A[k][v] * X(k, j)        v: vector of output rows, j: column
 * where A is read as whole vectors and X one scalar at a time, with free strides:
 *     forward     A = packed W        X = h_{t-1} or x   C = gate tape of step t
 *     backward    A = packed W'       X = gate gradient  C = dh or dx
 *     weights     A = gate gradient   X = h or x         C = packed dW
 *     readout     A = packed W_hy     X = h              C = y          (and its two gradients)
 *
 * The gate tape is stored in the very panel format the tile wants, so no operand but the weights
 * is ever packed, and all gates of a vector of units lie side by side for the cell:
 *
 *     tape:   step t | panel of units | column (sequence) | gate vectors of the panel
 *             |<---------------------- n[t] columns ---------------------->|
 *             [i f g o][i f g o][i f g o] ...  lstm; VL units in each vector
 *             [n r z q][n r z q] ...           gru, reset after; q = W_hn h + b_hn
 *             [n r z][n r z] ...               gru, reset before; r * h is kept apart
 *             [a a a][a a a] ...               rnn: several vectors of units to a panel
 *
 * The forward pass leaves the activated gates there, the backward pass overwrites them with the
 * gradients of the pre-activations. Units are padded to whole vectors with zero weights.
 * Per real step and sequence: rnn 2H, gru 5H, lstm 6H numbers. */
#include <float.h>
#include <math.h>
#include <stdint.h>
#include <string.h>
#include "dropout.h"
#include "engine.h"
#include "loss.h"
#include "optimizer.h"

/* What both number types share is defined once in each file. */
#ifndef KERNEL_SHARED
#define KERNEL_SHARED
#define FN TARGET static
#define FAST TARGET static inline __attribute__((always_inline))
#if defined(__clang__)
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 32")
#endif
/* Sizes that the tests make small, so that short sequences go through every loop.
 * K_PIECE: pieces of k in the products; a piece of A (128 x 4 vectors, 32 kB) stays in L1.
 * COLUMN_PIECE: columns in the weight gradients; near it there may be twice as many.
 * READOUT_PIECE: columns of y computed at a time.
 * SEGMENT: real steps that make products large enough: blocks and parts of them (step.h) have no
 * fewer where there are as many. */
#ifndef K_PIECE
#define K_PIECE 128
#define COLUMN_PIECE 64
#define READOUT_PIECE 32
#define SEGMENT 512
#endif
/* Multiply-adds below which threads do not pay: of the whole step, because they must be woken;
 * of one time step, where they must meet at each. */
#ifndef TEAM_WORK
#define TEAM_WORK 4e6
#define MEETING_WORK 5e4
#endif
/* Vectors that go side by side through the activations, and which of them want tanh. */
enum { GROUP = 4, ALL_SIGMOID = 0, ALL_TANH = 15, TANH_THIRD = 4 };
#define SMALLER(a, b) ((a) < (b) ? (a) : (b))

/* Counts work, in multiply-adds, and asks between pieces of it, mostly every few milliseconds,
 * whether to go on. */
static inline int interrupted(bptt_thread *me, double work)
{
  const double between = 3e7;
  me->work += work;
  if (me->work < between) return 0;
  me->work = 0;
  return bptt_stopped(me);
}

/* What states are kept for: the next block, and each part of this one. */
enum { STATE_NEXT, STATE_PARTS };

/* from .. to - 1 */
typedef struct {
  idx from, to;
} range;

/* A thread's share of 0 .. n - 1. */
static inline range share(idx n, const bptt_thread *me)
{
  return (range){n * me->rank / me->size, n * (me->rank + 1) / me->size};
}
/* What of r lies in from .. from + n - 1, counted from there; empty: from == to. */
static inline range within(range r, idx from, idx n)
{
  const idx a = r.from > from ? r.from - from : 0, b = SMALLER(r.to - from, n);
  return (range){a, b > a ? b : a};
}

#include "update.h"
#endif

#define VL ((idx)(VBYTES / sizeof(REAL)))
#define HALFLINE ((idx)(32 / sizeof(REAL)))
#define BYTES(n) ((size_t)(n) * sizeof(REAL))
#define IS_DOUBLE (sizeof(REAL) == 8)

typedef REAL N(vec) __attribute__((vector_size(VBYTES), may_alias));
typedef INT N(ivec) __attribute__((vector_size(VBYTES), may_alias));
#define V N(vec)
#define IV N(ivec)

#include "array.h"
#include "activation.h"
#include "tile.h"
#include "plan.h"
#include "cell.h"
#include "state.h"
#include "flow.h"
#include "layer.h"
#include "readout.h"
#include "stack.h"
#include "step.h"

const bptt_kernel KERNEL = {N(step_bytes),  N(threads),        N(step), N(softmax),     N(apply),
                            N(all_finite), N(sum_of_squares), N(fits), N(from_double), N(to_double),
                            update};

#undef EACH
#undef SELECT
#undef TINY
#undef V
#undef SUMS
#undef WIDE
#undef IV
#undef VL
#undef HALFLINE
#undef BYTES
#undef IS_DOUBLE
#undef REAL
#undef INT
#undef N
#undef KERNEL

/* random.h -- the same random numbers everywhere, for tests that draw their problems. */
#ifndef BPTT_TEST_RANDOM_H
#define BPTT_TEST_RANDOM_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static uint64_t random_state;

/* splitmix64 (Steele, Lea & Flood 2014): in [0, 1) */
static inline double uniform(void)
{
  uint64_t z = (random_state += 0x9e3779b97f4a7c15u);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return (double)((z ^ (z >> 31)) >> 11) * 0x1p-53;
}

/* A whole number, low .. high. */
static inline ptrdiff_t whole(ptrdiff_t low, ptrdiff_t high)
{
  return low + (ptrdiff_t)(uniform() * (double)(high - low + 1));
}

static inline bool one_in(ptrdiff_t n)
{
  return whole(1, n) == 1;
}

#endif

/* random.h -- a generator of random numbers, the same on every machine. */
#ifndef BPTT_RANDOM_H
#define BPTT_RANDOM_H
#include <stddef.h>
#include <stdint.h>

/* xoshiro256++ (Blackman and Vigna 2021, ACM Trans. Math. Softw. 47:36), its state filled by
 * splitmix64 (Steele, Lea and Flood 2014). */
typedef struct {
  uint64_t s[4];
} generator;

static inline generator seeded(uint64_t seed)
{
  generator g;
  for (int i = 0; i < 4; i++) {
    uint64_t z = (seed += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    g.s[i] = z ^ (z >> 31);
  }
  return g;
}

static inline uint64_t rotate(uint64_t x, int k)
{
  return (x << k) | (x >> (64 - k));
}

static inline uint64_t next_bits(generator *g)
{
  uint64_t *s = g->s, result = rotate(s[0] + s[3], 23) + s[0], t = s[1] << 17;
  s[2] ^= s[0];
  s[3] ^= s[1];
  s[1] ^= s[2];
  s[0] ^= s[3];
  s[2] ^= t;
  s[3] = rotate(s[3], 45);
  return result;
}

/* From [0, 1). */
static inline double uniform(generator *g)
{
  return (double)(next_bits(g) >> 11) * 0x1p-53;
}

/* Close to normal: the sum of 12 uniform numbers has variance 1. */
static inline double nearly_normal(generator *g)
{
  double sum = -6;
  for (int i = 0; i < 12; i++) sum += uniform(g);
  return sum;
}

/* From 0 .. n - 1. The remainder favours none by more than n / 2^64. */
static inline ptrdiff_t uniform_index(generator *g, ptrdiff_t n)
{
  return (ptrdiff_t)(next_bits(g) % (uint64_t)n);
}
#endif

/* dropout.h -- which units a layer is not shown (Srivastava et al. 2014; between layers and not
 * along time: Zaremba, Sutskever & Vinyals 2014).
 *
 * Whether a unit is kept is a function of the seed and of its place alone: whoever asks, in
 * whatever order and as often as need be, gets the same answer. */
#ifndef BPTT_DROPOUT_H
#define BPTT_DROPOUT_H
#include <stddef.h>
#include <stdint.h>

/* splitmix64's scrambling of a number (Steele, Lea & Flood 2014) */
static inline uint64_t dropout_mix(uint64_t z)
{
  z += UINT64_C(0x9e3779b97f4a7c15);
  z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
  return z ^ (z >> 31);
}
/* Of the outputs of a layer at a step of a sequence, all counted from 0. */
static inline uint64_t dropout_key(double seed, int layer, ptrdiff_t sequence, ptrdiff_t step)
{
  const uint64_t key = dropout_mix(dropout_mix((uint64_t)seed) + (uint64_t)layer);
  return dropout_mix(dropout_mix(key + (uint64_t)sequence) + (uint64_t)step);
}
/* Random bits for two units, the even one in the lower half. */
static inline uint64_t dropout_bits(uint64_t key, ptrdiff_t unit)
{
  return dropout_mix(key + (uint64_t)(unit / 2));
}
/* A unit whose half of the bits is below this is left out. */
static inline uint64_t dropout_threshold(double share)
{
  return (uint64_t)(share * 0x1p32);
}
#endif

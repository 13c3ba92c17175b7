/* peak.c -- how fast one core can multiply and add: the peak that bench/README.md speaks of.
 *
 * Usage: peak double|single avx512|avx2|portable, then as run.R speaks to every contender. It
 * answers any setting with the milliseconds that 10^9 operations take.
 *
 * Chains a = a x + y, each waiting for itself alone, as many as the registers hold: enough that
 * every unit has work in every cycle. */
#include <stdio.h>
#include <string.h>
#include <time.h>

static double seconds(void)
{
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

#if defined(__clang__)
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 32")
#endif

/* The empty asm keeps the compiler from rolling rounds together. */
#define CHAINS(name, real, bytes, chains, target)                                                  \
  target static double name(long rounds)                                                           \
  {                                                                                                \
    typedef real vector __attribute__((vector_size(bytes)));                                       \
    vector a[chains], x = (vector){0} + (real).999, y = (vector){0} + (real)1e-9;                  \
    real sum = 0;                                                                                  \
    UNROLL for (int i = 0; i < chains; i++) a[i] = (vector){0} + (real)i;                          \
    const double start = seconds();                                                                \
    for (long k = 0; k < rounds; k++) {                                                            \
      UNROLL for (int i = 0; i < chains; i++) a[i] = a[i] * x + y;                                 \
      __asm__ volatile("");                                                                        \
    }                                                                                              \
    const double taken = seconds() - start;                                                        \
    UNROLL for (int i = 0; i < chains; i++) sum += a[i][0];                                        \
    const double operations = 2. * chains * bytes / sizeof(real) * (double)rounds;                 \
    return sum == 0 ? 0 : 1e3 * taken / (operations / 1e9);                                        \
  }

#define NONE
#define ONE_SET(set, bytes, chains, target)                                                        \
  CHAINS(double_##set, double, bytes, chains, target)                                              \
  CHAINS(single_##set, float, bytes, chains, target)

ONE_SET(portable, 16, 12, NONE)
#if defined(__x86_64__)
ONE_SET(avx2, 32, 12, __attribute__((target("avx2,fma"))))
ONE_SET(avx512, 64, 24, __attribute__((target("avx512f,fma"))))
#endif

static const struct {
  const char *name;
  double (*run[2])(long rounds); /* double, single */
} sets[] = {
#if defined(__x86_64__)
    {"avx512", {double_avx512, single_avx512}},
    {"avx2", {double_avx2, single_avx2}},
#endif
    {"portable", {double_portable, single_portable}},
};

int main(int argc, char **argv)
{
  char line[4096];
  const int single = argc > 1 && !strcmp(argv[1], "single");
  for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
    if (argc < 3 || strcmp(argv[2], sets[i].name)) continue;
    setvbuf(stdout, NULL, _IOLBF, 0);
    printf("the peak of one core, %s, %s\n", argv[1], argv[2]);
    while (fgets(line, sizeof line, stdin))
      if (*line != '\n') printf("%.6g\n", sets[i].run[single](4000000));
    return 0;
  }
  fprintf(stderr, "usage: peak double|single avx512|avx2|portable\n");
  return 2;
}

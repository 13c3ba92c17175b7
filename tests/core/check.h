/* check.h -- counts what holds and what does not, and says where. */
#ifndef BPTT_TEST_CHECK_H
#define BPTT_TEST_CHECK_H
#include <stdbool.h>
#include <stdio.h>

static long passed, failed;

#define CHECK(condition) check((condition), __FILE__, __LINE__, #condition)

static void check(bool good, const char *file, int line, const char *what)
{
  if (good) {
    passed++;
    return;
  }
  failed++;
  printf("%s:%d: %s\n", file, line, what);
}

/* The last line; what main() returns. A test that has checked nothing has failed. */
static int report(void)
{
  printf("%ld passed, %ld failed\n", passed, failed);
  return failed > 0 || passed == 0;
}

#endif

/* checkpoint.c -- a file with the state of a training run, from which it goes on.
 *
 *     "bptt run" version   8 bytes each, as is all of it
 *     count
 *     count numbers        as this machine has them
 *     checksum             of all numbers before it */
#include "checkpoint.h"
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifdef _WIN32
#include <windows.h>
#endif

static const char magic[8] = "bptt run";
static const double version = 1;

/* ---------------------------------------------------------------------------- checksum */

/* FNV-1a, a word at a time (Fowler, Noll & Vo). */
static uint64_t add_to_sum(uint64_t sum, const double *data, ptrdiff_t count)
{
  for (ptrdiff_t i = 0; i < count; i++) {
    uint64_t word;
    memcpy(&word, data + i, sizeof word);
    sum = (sum ^ word) * UINT64_C(0x100000001b3);
    sum ^= sum >> 32;
  }
  return sum;
}

static uint64_t first_sum(void)
{
  return UINT64_C(0xcbf29ce484222325);
}

/* ----------------------------------------------------------------------------- writing */

static bool write_all(FILE *f, const void *data, size_t size, ptrdiff_t count)
{
  return fwrite(data, size, (size_t)count, f) == (size_t)count;
}

static bool write_content(FILE *f, const stretch *s, int stretches)
{
  double count = 0;
  uint64_t sum = first_sum();
  for (int i = 0; i < stretches; i++) count += (double)s[i].count;
  bool good = write_all(f, magic, 1, sizeof magic) && write_all(f, &version, sizeof version, 1) &&
              write_all(f, &count, sizeof count, 1);
  for (int i = 0; good && i < stretches; i++) {
    sum = add_to_sum(sum, s[i].data, s[i].count);
    good = write_all(f, s[i].data, sizeof(double), s[i].count);
  }
  return good && write_all(f, &sum, sizeof sum, 1);
}

static int replace(const char *from, const char *to)
{
#ifdef _WIN32
  return MoveFileExA(from, to, MOVEFILE_REPLACE_EXISTING) ? 0 : EIO;
#else
  return rename(from, to) == 0 ? 0 : errno;
#endif
}

int checkpoint_write(const char *path, const stretch *s, int stretches)
{
  static const char suffix[] = ".new";
  const size_t n = strlen(path);
  char *aside = malloc(n + sizeof suffix);
  if (!aside) return ENOMEM;
  memcpy(aside, path, n);
  memcpy(aside + n, suffix, sizeof suffix);
  errno = 0;
  FILE *f = fopen(aside, "wb");
  int wrong = f ? 0 : errno ? errno : EIO;
  if (f) {
    if (!write_content(f, s, stretches)) wrong = errno ? errno : EIO;
    if (fclose(f) != 0 && !wrong) wrong = errno ? errno : EIO;
    if (!wrong) wrong = replace(aside, path);
    if (wrong) remove(aside);
  }
  free(aside);
  return wrong;
}

/* ----------------------------------------------------------------------------- reading */

/* What comes before the numbers, and after them. */
enum { OPENING = 3, CLOSING = 1 };

/* Bytes of a file, or reads so many of them; -1: it cannot, as of a folder, which can be opened
 * and has a size. The file is closed again: the allocator may not return. */
static long file_size(const char *path)
{
  FILE *f = fopen(path, "rb");
  if (!f) return -1;
  const bool readable = fgetc(f) != EOF || !ferror(f);
  const long size = readable && fseek(f, 0, SEEK_END) == 0 ? ftell(f) : -1;
  fclose(f);
  return size;
}
static bool file_read(const char *path, void *to, size_t size)
{
  FILE *f = fopen(path, "rb");
  if (!f) return false;
  const bool good = fread(to, 1, size, f) == size;
  fclose(f);
  return good;
}

/* What is wrong with the content of a file of so many words; NULL: nothing. */
static const char *damage(const double *word, ptrdiff_t words)
{
  uint64_t sum;
  if (words < OPENING + CLOSING || memcmp(word, magic, sizeof magic) != 0) {
    return "is not one of ours";
  }
  if (word[1] != version) return "was written by another version, or on another kind of machine";
  if (word[2] != (double)(words - OPENING - CLOSING)) return "is cut off";
  memcpy(&sum, word + words - CLOSING, sizeof sum);
  return sum == add_to_sum(first_sum(), word + OPENING, words - OPENING - CLOSING) ? NULL
                                                                                   : "is damaged";
}

const double *checkpoint_read(const door *d, const char *argument, const char *path, bool optional,
                              ptrdiff_t *count)
{
  errno = 0;
  const long size = file_size(path);
  if (size < 0) {
    if (!(optional && errno == ENOENT)) {
      fail(d->error, argument, "`%s` is %s, which cannot be read: %s", argument, say_text(path).s,
           strerror(errno));
    }
    return NULL;
  }
  const ptrdiff_t words = size / (long)sizeof(double);
  double *word = door_alloc(d, words + 1, sizeof *word);
  if (!word) return NULL;
  const char *wrong = file_read(path, word, (size_t)size) ? damage(word, words) : "cannot be read";
  if (!wrong && size % (long)sizeof(double) != 0) wrong = "is damaged";
  if (wrong) {
    fail(d->error, argument, "`%s`, the file %s, %s; expected a checkpoint of rnn_train", argument,
         say_text(path).s, wrong);
    return NULL;
  }
  *count = words - OPENING - CLOSING;
  return word + OPENING;
}

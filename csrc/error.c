/* error.c -- making the sentences that a user sees. */
#include "error.h"
#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* What is too long is cut between characters, not within one: R rejects half of a UTF-8
 * sequence. */
BPTT_PRINTF(3, 0) static void vprint(char *s, size_t size, const char *format, va_list args)
{
  int n = vsnprintf(s, size, format, args);
  if (n < 0 || (size_t)n < size) return;
  size_t end = size - 1;
  while (end > 0 && ((unsigned char)s[end - 1] & 0xC0) == 0x80) end--;
  if (end > 0 && ((unsigned char)s[end - 1] & 0x80)) end--;
  s[end] = '\0';
}

BPTT_PRINTF(3, 4) static void print(char *s, size_t size, const char *format, ...)
{
  va_list args;
  va_start(args, format);
  vprint(s, size, format, args);
  va_end(args);
}

phrase say(const char *format, ...)
{
  phrase p = {""};
  va_list args;
  va_start(args, format);
  vprint(p.s, sizeof p.s, format, args);
  va_end(args);
  return p;
}

phrase say_place(place at)
{
  phrase item = at.item ? say("item %td of `%s`", at.item, at.argument) : say("`%s`", at.argument);
  return at.field ? say("%s of %s", say_name(at.field).s, item.s) : item;
}

/* NA is one of the many NaN: R's has 1954 in its lower half. */
static bool is_missing(double v)
{
  const uint64_t octave = UINT64_C(0x7ff840f440000000);
  uint64_t bits;
  memcpy(&bits, &v, sizeof bits);
  return (bits & 0xffffffff) == 1954 || bits == octave;
}

phrase say_number(double v)
{
  if (isnan(v)) return say(is_missing(v) ? "NA" : "NaN");
  if (isinf(v)) return say(v > 0 ? "Inf" : "-Inf");
  return say("%.15g", v);
}

static phrase say_between(char quote, const char *text)
{
  enum { MOST = 60 };
  size_t n = strlen(text);
  if (n <= MOST) return say("%c%s%c", quote, text, quote);
  n = MOST - 3;
  while (n > 0 && ((unsigned char)text[n] & 0xC0) == 0x80) n--;
  return say("%c%.*s...%c", quote, (int)n, text, quote);
}

phrase say_text(const char *text)
{
  return text ? say_between('"', text) : say("NA");
}

phrase say_name(const char *name)
{
  return say_between('`', name);
}

phrase say_count(ptrdiff_t n, const char *one, const char *many)
{
  return say("%td %s", n, n == 1 ? one : many);
}

phrase say_dims(int ndim, const ptrdiff_t *dim)
{
  phrase p = say("%td", ndim > 0 ? dim[0] : 1);
  for (int i = 1; i < ndim; i++) p = say("%s x %td", p.s, dim[i]);
  return p;
}

bool wrong(bptt_error *error, place at, const char *is, const char *expected, ...)
{
  phrase rest = {""};
  va_list args;
  va_start(args, expected);
  vprint(rest.s, sizeof rest.s, expected, args);
  va_end(args);
  return fail(error, at.argument, "%s is %s; expected %s", say_place(at).s, is, rest.s);
}

bool fail(bptt_error *error, const char *argument, const char *format, ...)
{
  va_list args;
  *error = (bptt_error){.status = BPTT_EINPUT};
  print(error->argument, sizeof error->argument, "%s", argument);
  va_start(args, format);
  vprint(error->message, sizeof error->message, format, args);
  va_end(args);
  return false;
}

bool fail_memory(bptt_error *error, size_t bytes)
{
  error->status = BPTT_ENOMEM;
  error->argument[0] = '\0';
  snprintf(error->message, sizeof error->message, "out of memory: %zu bytes could not be had",
           bytes);
  return false;
}

bptt_status fail_interrupt(bptt_error *error)
{
  error->status = BPTT_EINTERRUPT;
  error->argument[0] = '\0';
  snprintf(error->message, sizeof error->message, "interrupted");
  return BPTT_EINTERRUPT;
}

/* ---------------------------------------------------------------------------- spelling */

enum { LONGEST_WORD = 32 };

/* Capitals are no mistake. */
static int lower(char c)
{
  return tolower((unsigned char)c);
}

/* Letters to insert, drop, replace or swap with their neighbour (optimal string alignment). */
static size_t edit_distance(const char *a, const char *b)
{
  size_t n = strlen(a), m = strlen(b);
  if (n > LONGEST_WORD || m > LONGEST_WORD) return LONGEST_WORD;
  size_t d[LONGEST_WORD + 1][LONGEST_WORD + 1];
  for (size_t i = 0; i <= n; i++) d[i][0] = i;
  for (size_t j = 0; j <= m; j++) d[0][j] = j;
  for (size_t i = 1; i <= n; i++) {
    for (size_t j = 1; j <= m; j++) {
      size_t best = d[i - 1][j - 1] + (lower(a[i - 1]) != lower(b[j - 1]));
      if (d[i - 1][j] + 1 < best) best = d[i - 1][j] + 1;
      if (d[i][j - 1] + 1 < best) best = d[i][j - 1] + 1;
      bool swapped = i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
                     lower(a[i - 2]) == lower(b[j - 1]);
      if (swapped && d[i - 2][j - 2] + 1 < best) best = d[i - 2][j - 2] + 1;
      d[i][j] = best;
    }
  }
  return d[n][m];
}

/* The one word that begins so, or NULL. */
static const char *completion(const char *typed, const char *const *word, size_t count)
{
  const char *found = NULL;
  size_t n = strlen(typed);
  for (size_t i = 0; n > 1 && i < count; i++) {
    if (strncasecmp(typed, word[i], n) != 0) continue;
    if (found) return NULL;
    found = word[i];
  }
  return found;
}

const char *spelling(const char *typed, const char *const *word, size_t count)
{
  const char *closest = NULL;
  size_t allowed = 1 + strlen(typed) / 4;
  for (size_t i = 0; i < count; i++) {
    size_t d = edit_distance(typed, word[i]);
    if (d > allowed || d >= strlen(word[i])) continue;
    closest = word[i];
    if (d == 0) break;
    allowed = d - 1;
  }
  return closest ? closest : completion(typed, word, count);
}

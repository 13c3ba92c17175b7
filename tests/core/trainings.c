/* trainings.c -- what tests of rnn_train share: options as text, and data. */
#include "trainings.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void add_options(host *h, bptt_value *args, const char *text)
{
  enum { MOST = 8 };
  char name[64], value[192];
  for (int used; sscanf(text, " %63[^= ]=%191s%n", name, value, &used) == 2; text += used) {
    double number[MOST];
    size_t count = 0;
    char *at = value, *end;
    for (; count < MOST; at = end + 1) {
      number[count] = strtod(at, &end);
      if (end == at || (*end && *end != ',')) break;
      count++;
      if (!*end) break;
    }
    const bool numbers = end > at && !*end;
    host_add(h, args, name, numbers ? host_vector(h, count, number) : host_text(h, value));
  }
}

bptt_value *must_call(host *h, const char *function, const bptt_value *args)
{
  if (host_call(h, function, args)) return h->result;
  printf("%s: %s\n", function, h->error.message);
  exit(1);
}

bptt_value *network_of(host *h, int features, int outputs, const char *text)
{
  bptt_value *args = host_list(h);
  host_add(h, args, "input", host_number(h, features));
  host_add(h, args, "output", host_number(h, outputs));
  host_add(h, args, "seed", host_number(h, 7));
  add_options(h, args, text);
  return host_get(must_call(h, "rnn_net", args), "net");
}

bptt_value *waves(host *h, int ndim, const size_t *dim, double phase)
{
  size_t n = 1;
  for (int i = 0; i < ndim; i++) n *= dim[i];
  double *data = host_alloc(h, n * sizeof *data + 1);
  for (size_t i = 0; i < n; i++) data[i] = sin(1.3 * (double)(i + 1) + phase);
  return host_array(h, ndim, dim, data);
}

/* One of them, or a list of them, but for the column of the seconds. */
static bool same_history(const bptt_value *a, const bptt_value *b)
{
  bool same = a->count == b->count;
  for (size_t i = 0; same && i < a->count; i++) {
    const bptt_value *s = &a->item[i], *t = &b->item[i];
    if (s->kind == BPTT_LIST) {
      same = same_history(s, t);
    } else if (strcmp(s->name, "seconds") != 0) {
      same = host_same(s, t);
    }
  }
  return same;
}

bool same_training(const bptt_value *a, const bptt_value *b)
{
  const bptt_value *s = host_get(a, "stopped"), *t = host_get(b, "stopped");
  bool same = s->count == t->count;
  for (size_t i = 0; same && i < s->count; i++) same = strcmp(s->text[i], t->text[i]) == 0;
  return same && host_same(host_get(a, "net"), host_get(b, "net")) &&
         same_history(host_get(a, "history"), host_get(b, "history")) &&
         host_same(host_get(a, "best_epoch"), host_get(b, "best_epoch")) &&
         host_same(host_get(a, "seed"), host_get(b, "seed"));
}

const char *stopped_by(const bptt_value *result, size_t i)
{
  const bptt_value *v = host_get(result, "stopped");
  return i < v->count ? v->text[i] : "nothing";
}

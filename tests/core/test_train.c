/* test_train.c -- the numbers of rnn_train: where 50 epochs lead, against PyTorch
 * (tests/golden/core/train.txt); which samples sequences are cut into, against a plain listing of
 * them; an epoch of every kind, against calls of rnn_bptt on batches put together by hand; the
 * learning rate, against its formulas; and what becomes of a run whose numbers do not stay finite.
 */
#include "golden.h"
#include "random.h"
#include "samples.h"
#include "trainings.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int passed, failed;

#define CHECK(condition, name) check((condition), __LINE__, #condition, name)

static bool check(bool good, int line, const char *what, const char *name)
{
  if (good) {
    passed++;
  } else {
    failed++;
    printf("test_train.c:%d (%s): %s\n", line, name, what);
  }
  return good;
}

/* The largest difference of numbers, relative to the largest of them; Inf where some is not
 * finite. */
static double distance(const double *a, const double *b, size_t n)
{
  double error = 0, most = 0;
  for (size_t i = 0; i < n; i++) {
    if (!isfinite(a[i]) || !isfinite(b[i])) return INFINITY;
    error = fmax(error, fabs(a[i] - b[i]));
    most = fmax(most, fabs(b[i]));
  }
  return most > 0 ? error / most : error;
}

/* ------------------------------------------------------------------------------ golden */

static bptt_value *array_value(host *h, const array *a)
{
  return a->ndim == 1 ? host_vector(h, a->count, a->data) : host_array(h, a->ndim, a->dim, a->data);
}

/* The arrays "param.W_xh", ... as a list of W_xh, ... */
static bptt_value *group_of(host *h, const example *e, const char *prefix)
{
  bptt_value *group = host_list(h);
  const size_t n = strlen(prefix);
  for (int i = 0; i < e->arrays; i++) {
    const array *a = &e->array[i];
    if (strncmp(a->name, prefix, n) == 0) host_add(h, group, a->name + n, array_value(h, a));
  }
  return group;
}

static double distance_of_params(const bptt_value *got, const bptt_value *want)
{
  double most = got->count == want->count ? 0 : INFINITY;
  for (size_t i = 0; i < want->count; i++) {
    const bptt_value *w = &want->item[i], *g = host_get(got, w->name);
    most = fmax(most, g->count == w->count ? distance(g->data, w->data, w->count) : INFINITY);
  }
  return most;
}

static void check_golden(const example *e, const char *file)
{
  static const char *const columns[] = {"loss", "learn_rate", "grad_norm"};
  host h;
  host_open(&h, BPTT_R);
  const array *x = find_array(e, "x"), *target = find_array(e, "target");
  const char *cell = find_setting(e, "cell", NULL);
  if (!x || !target || !cell) give_up(file, "a case without its problem");
  const char *kind = strcmp(cell, "gru") == 0 ? "cell=gru hidden=4,3" : "cell=lstm hidden=4,3";
  bptt_value *args = host_list(&h);
  bptt_value *net = network_of(&h, (int)x->dim[0], (int)target->dim[0], kind);
  host_add(&h, net, "param", group_of(&h, e, "param."));
  host_add(&h, args, "net", net);
  add_options(&h, args, "clip_norm=Inf shuffle=0 seed=1");
  for (int i = 0; i < e->settings; i++) {
    char option[80];
    if (strcmp(e->setting[i].key, "cell") == 0) continue;
    snprintf(option, sizeof option, "%s=%s", e->setting[i].key, e->setting[i].text);
    add_options(&h, args, option);
  }
  host_add(&h, args, "x", array_value(&h, x));
  host_add(&h, args, "target", array_value(&h, target));
  host_add(&h, args, "lengths", array_value(&h, find_array(e, "lengths")));
  const bptt_value *r = must_call(&h, "rnn_train", args);
  const double error = distance_of_params(host_get(r, "net.param"), group_of(&h, e, "end."));
  if (!CHECK(error <= 1e-10, e->name)) printf("  the weights are off by %g\n", error);
  CHECK(strcmp(stopped_by(r, 0), "epochs") == 0, e->name);
  for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) {
    const array *want = find_array(e, columns[i]);
    const bptt_value *got = host_get(host_get(r, "history"), columns[i]);
    if (!want) give_up(file, "a case without its history");
    const double off =
        got->count == want->count ? distance(got->data, want->data, want->count) : INFINITY;
    if (!CHECK(off <= 1e-9, e->name)) printf("  %s is off by %g\n", columns[i], off);
  }
  host_close(&h);
}

int main(void)
{
  bptt_load();
  golden_read("tests/golden/core/train.txt", check_golden);
  printf("%d passed, %d failed\n", passed, failed);
  return failed > 0 || passed == 0;
}

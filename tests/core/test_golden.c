/* test_golden.c -- runs the golden files through the call door.
 *
 *   test_golden [FILE...]            all of tests/golden by default
 *
 * Every case runs in double (within 1e-12 of PyTorch) and in single (1e-5), read in R's habit and
 * in Octave's, with every instruction set of this machine (or with that of the environment variable
 * BPTT_ISA), in a workspace full of NaN; and again with more threads and less memory, to the same
 * bits. */
#include "golden.h"
#include "host.h"
#include <glob.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* -------------------------------------------------------------------------------- call */

/* One way to compute. "single" is the data's class in Octave and an option in R. */
typedef struct {
  const char *isa, *label;
  bptt_habit habit;
  int single;
} way;

static bptt_kind kind_of(const way *w)
{
  return w->single && w->habit == BPTT_OCTAVE ? BPTT_SINGLE : BPTT_DOUBLE;
}

static bptt_value *make_array(host *h, const array *a, bptt_kind kind)
{
  bptt_value *v =
      a->ndim == 1 ? host_vector(h, a->count, a->data) : host_array(h, a->ndim, a->dim, a->data);
  return host_as(h, kind, v);
}

static void add_array(host *h, bptt_value *list, const char *name, const array *a, bptt_kind kind)
{
  if (a) host_add(h, list, name, make_array(h, a, kind));
}

/* The arrays "param.W_xh", ... as a list of W_xh, ... */
static bptt_value *make_group(host *h, const example *e, const char *prefix, bptt_kind kind)
{
  bptt_value *group = host_list(h);
  const size_t n = strlen(prefix);
  for (int i = 0; i < e->arrays; i++) {
    const array *a = &e->array[i];
    if (strncmp(a->name, prefix, n) == 0) add_array(h, group, a->name + n, a, kind);
  }
  return group;
}

/* A setting of one number or more, if there is one. */
static void add_numbers(host *h, const example *e, const char *name, bptt_value *list)
{
  enum { MOST_NUMBERS = 8 };
  double number[MOST_NUMBERS];
  size_t count = 0;
  const char *at = find_setting(e, name, "");
  for (char *end; count < MOST_NUMBERS; at = end) {
    number[count] = strtod(at, &end);
    if (end == at) break;
    count++;
  }
  if (count > 0) host_add(h, list, name, host_vector(h, count, number));
}

static void add_text(host *h, const example *e, const char *name, bptt_value *list)
{
  const char *setting = find_setting(e, name, NULL);
  if (setting) host_add(h, list, name, host_text(h, setting));
}

static bptt_value *make_net(host *h, const example *e, bptt_kind kind)
{
  bptt_value *net = host_list(h);
  const array *x = find_array(e, "x"), *b_y = find_array(e, "param.b_y");
  host_add(h, net, "input", host_number(h, (double)x->dim[0]));
  host_add(h, net, "output", host_number(h, (double)b_y->dim[0]));
  host_add(h, net, "activation", host_text(h, "tanh"));
  host_add(h, net, "reset", host_text(h, "after"));
  host_add(h, net, "bidirectional", host_number(h, 0));
  host_add(h, net, "output_mode", host_text(h, "sequence"));
  host_add(h, net, "dropout", host_number(h, 0));
  add_text(h, e, "cell", net);
  add_text(h, e, "activation", net);
  add_text(h, e, "reset", net);
  add_text(h, e, "output_mode", net);
  add_numbers(h, e, "hidden", net);
  add_numbers(h, e, "bidirectional", net);
  host_add(h, net, "param", make_group(h, e, "param.", kind));
  return net;
}

/* What all functions take. */
static bptt_value *make_inputs(host *h, const example *e, const way *w)
{
  bptt_kind kind = kind_of(w);
  bptt_value *args = host_list(h), *state = make_group(h, e, "state.", kind);
  host_add(h, args, "net", make_net(h, e, kind));
  add_array(h, args, "x", find_array(e, "x"), kind);
  add_array(h, args, "lengths", find_array(e, "lengths"), BPTT_DOUBLE);
  if (state->count > 0) host_add(h, args, "state", state);
  if (w->single && w->habit == BPTT_R) host_add(h, args, "precision", host_text(h, "single"));
  return args;
}

static bptt_value *make_arguments(host *h, const example *e, const way *w)
{
  static const char *const arrays[] = {"target", "dy", "weights", "class_weights"};
  static const char *const numbers[] = {"delta", "levels", "truncate", "clip_value", "clip_norm"};
  bptt_value *args = make_inputs(h, e, w);
  for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) {
    add_array(h, args, arrays[i], find_array(e, arrays[i]), kind_of(w));
  }
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
    add_numbers(h, e, numbers[i], args);
  }
  add_text(h, e, "loss", args);
  add_text(h, e, "reduction", args);
  return args;
}

/* A case says nothing that is left unheard. */
static void check_settings(const example *e, const char *file)
{
  static const char *const known[] = {
      "cell",  "hidden", "bidirectional", "output_mode", "loss",       "delta",    "activation",
      "reset", "levels", "reduction",     "truncate",    "clip_value", "clip_norm"};
  for (int i = 0; i < e->settings; i++) {
    bool found = false;
    for (size_t k = 0; k < sizeof known / sizeof *known; k++) {
      found |= strcmp(e->setting[i].key, known[k]) == 0;
    }
    if (!found) give_up(file, "a setting that is not known");
  }
}

/* ----------------------------------------------------------------------------- compare */

static long passed, failed;

static const bptt_value *find_value(const bptt_value *list, const char *name)
{
  return list && host_has(list, name) ? host_get(list, name) : NULL;
}

/* Octave has what follows the gradient in `info`. */
static const bptt_value *find_result(const bptt_value *results, const char *name)
{
  const bptt_value *v = find_value(results, name);
  return v ? v : find_value(find_value(results, "info"), name);
}

/* Where the results have what the file calls `name`; NULL: nowhere. */
static const bptt_value *result_of(const bptt_value *results, const char *name)
{
  static const char *const group[][2] = {
      {"grad.", "grad"}, {"last.", "state"}, {"dstate.", "dstate"}};
  for (size_t i = 0; i < sizeof group / sizeof *group; i++) {
    const size_t n = strlen(group[i][0]);
    if (strncmp(name, group[i][0], n) == 0) {
      return find_value(find_result(results, group[i][1]), name + n);
    }
  }
  return find_result(results, name);
}

static bool is_given(const char *name)
{
  static const char *const given[] = {"x", "target", "dy", "weights", "class_weights", "lengths"};
  for (size_t i = 0; i < sizeof given / sizeof *given; i++) {
    if (strcmp(name, given[i]) == 0) return true;
  }
  return strncmp(name, "param.", 6) == 0 || strncmp(name, "state.", 6) == 0;
}

/* What the forward pass has: the states of all steps, which rnn_bptt does not return, with it. */
static bool is_forward(const char *name)
{
  return strcmp(name, "y") == 0 || strcmp(name, "h") == 0 || strncmp(name, "last.", 5) == 0;
}

/* Largest error relative to the largest magnitude; Inf where one is NaN and the other is not. */
static double distance(const bptt_value *v, const array *a)
{
  double error = 0, magnitude = 0;
  for (size_t i = 0; i < a->count; i++) {
    double want = a->data[i];
    double got = host_at(v, i);
    if (isnan(want) != isnan(got)) return INFINITY;
    if (isnan(want)) continue;
    error = fmax(error, fabs(got - want));
    magnitude = fmax(magnitude, fabs(want));
  }
  return magnitude > 0 ? error / magnitude : error;
}

static void compare(const example *e, const array *a, const bptt_value *results, const way *w)
{
  const bptt_value *v = result_of(results, a->name);
  bool like = v && v->kind == kind_of(w) && v->count == a->count;
  double error = like ? distance(v, a) : INFINITY;
  if (error <= (w->single ? 1e-5 : 1e-12)) {
    passed++;
    return;
  }
  failed++;
  printf("FAILED %s (%s, %s): %s is off by %g\n", e->name, w->isa, w->label, a->name, error);
}

static void report(bool good, const example *e, const way *w, const char *what)
{
  if (good) {
    passed++;
  } else {
    failed++;
    printf("FAILED %s (%s, %s): %s\n", e->name, w->isa, w->label, what);
  }
}

static void check_forward(host *h, const example *e, const way *w)
{
  if (!host_call(h, "rnn_forward", make_inputs(h, e, w))) {
    report(false, e, w, h->error.message);
    return;
  }
  for (int i = 0; i < e->arrays; i++) {
    if (is_forward(e->array[i].name)) compare(e, &e->array[i], h->result, w);
  }
}

/* However many threads there are, and whatever is kept. */
static void check_same(host *h, const example *e, const way *w, bptt_value *args)
{
  const bptt_value *const alone = h->result;
  const bool both = strcmp(find_setting(e, "bidirectional", "0"), "1") == 0;
  for (h->threads = 2; h->threads <= 3; h->threads++) {
    const bool called = host_call(h, "rnn_bptt", args);
    report(called && host_same(h->result, alone), e, w, "otherwise with more threads");
  }
  host_add(h, args, "memory", host_text(h, "recompute"));
  for (h->threads = 1; h->threads <= 2; h->threads++) {
    const bool called = host_call(h, "rnn_bptt", args);
    if (both) {
      report(!called && strcmp(h->error.argument, "memory") == 0, e, w, "recompute is not refused");
    } else {
      report(called && host_same(h->result, alone), e, w, "otherwise with recompute");
    }
  }
}

static void check_example(const example *e, const way *w)
{
  host h;
  host_open(&h, w->habit);
  check_forward(&h, e, w);
  bptt_value *args = make_arguments(&h, e, w);
  if (!host_call(&h, "rnn_bptt", args)) {
    report(false, e, w, h.error.message);
    host_close(&h);
    return;
  }
  for (int i = 0; i < e->arrays; i++) {
    const char *name = e->array[i].name;
    if (!is_given(name) && strcmp(name, "h") != 0) compare(e, &e->array[i], h.result, w);
  }
  check_same(&h, e, w, args);
  host_close(&h);
}

static void check_every_way(const example *e, const char *file)
{
  static const way ways[] = {{NULL, "R", BPTT_R, 0},
                             {NULL, "R, single", BPTT_R, 1},
                             {NULL, "Octave", BPTT_OCTAVE, 0},
                             {NULL, "Octave, single", BPTT_OCTAVE, 1}};
  check_settings(e, file);
  for (int i = 0; i < HOST_ISAS; i++) {
    if (!host_use_isa(host_isa[i])) continue;
    for (size_t j = 0; j < sizeof ways / sizeof *ways; j++) {
      way w = ways[j];
      w.isa = host_isa[i];
      check_example(e, &w);
    }
  }
}

int main(int argc, char **argv)
{
  glob_t files;
  if (argc < 2 && glob("tests/golden/*.txt", 0, NULL, &files) == 0) {
    for (size_t i = 0; i < files.gl_pathc; i++) golden_read(files.gl_pathv[i], check_every_way);
    globfree(&files);
  }
  for (int i = 1; i < argc; i++) golden_read(argv[i], check_every_way);
  bptt_release();
  printf("%ld passed, %ld failed\n", passed, failed);
  return failed > 0 || passed == 0;
}

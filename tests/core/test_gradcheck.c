/* test_gradcheck.c -- rnn_gradcheck over every kind of network, loss and gradient there is.
 *
 *   test_gradcheck [FIRST [COUNT]]   combinations FIRST .. FIRST + COUNT - 1; 0 and 600 by default
 *
 * A combination's number is the seed that draws it from cell x depth x directions x dropout x
 * output mode x loss x reduction x weights x lengths x truncation, and is printed when it fails.
 * Each is checked for all parameters, x and all initial states. The bound is 1e-7; losses and
 * activations with kinks are kept away from them. */
#include "host.h"
#include "random.h"
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t some(ptrdiff_t low, ptrdiff_t high)
{
  return (size_t)whole(low, high);
}

static const struct {
  const char *cell, *option, *value;
} cells[] = {{"rnn", "activation", "tanh"},    {"rnn", "activation", "relu"},
             {"rnn", "activation", "sigmoid"}, {"rnn", "activation", "identity"},
             {"gru", "reset", "after"},        {"gru", "reset", "before"},
             {"lstm", "activation", "tanh"}};

/* Outputs to each number of the target; "dy": dL/dy in place of a target. */
static const struct {
  const char *name;
  size_t outputs;
} losses[] = {{"mse", 1},
              {"mae", 1},
              {"huber", 1},
              {"cross_entropy", 0},
              {"binary_cross_entropy", 1},
              {"quantile", 3},
              {"gaussian", 2},
              {"student_t", 3},
              {"negative_binomial", 2},
              {"dy", 1}};

enum { CELLS = sizeof cells / sizeof *cells, LOSSES = sizeof losses / sizeof *losses };

typedef struct {
  size_t cell, loss, depth, F, O, B, T;
  bool both, last, dropout;
} combination;

/* -------------------------------------------------------------------------------- values */

static bptt_value *flag(host *h, bool yes)
{
  return host_as(h, BPTT_LOGICAL, host_number(h, yes));
}

static bptt_value *numbers(host *h, int ndim, const size_t *dim, double low, double high)
{
  size_t n = 1;
  for (int i = 0; i < ndim; i++) n *= dim[i];
  double *data = host_alloc(h, n * sizeof *data);
  for (size_t i = 0; i < n; i++) data[i] = low + (high - low) * uniform();
  return host_array(h, ndim, dim, data);
}

/* What a step of a sequence has of something: rows x B x T, or rows x B where only the last counts;
 * rows 0: no such dim. */
static bptt_value *steps(host *h, const combination *k, size_t rows, double low, double high)
{
  const size_t dim[] = {rows, k->B, k->T}, *from = rows ? dim : dim + 1;
  return numbers(h, 3 - !rows - k->last, from, low, high);
}

static bool is(const combination *k, const char *loss)
{
  return strcmp(losses[k->loss].name, loss) == 0;
}

/* The target: whole where it has to be, far from where the loss has a kink, some of it missing. */
static bptt_value *make_target(host *h, const combination *k)
{
  const bool classes = is(k, "cross_entropy"), counts = is(k, "negative_binomial");
  const bool kink = is(k, "mae") || is(k, "huber") || is(k, "quantile");
  const double far = 3;
  bptt_value *v = steps(h, k, classes ? 0 : k->F, 0, 1);
  double *target = v->data;
  for (size_t i = 0; i < v->count; i++) {
    if (classes) target[i] = 1 + floor(target[i] * (double)k->O);
    if (counts) target[i] = floor(4 * target[i]);
    if (kink) target[i] = target[i] < .5 ? -far : far;
    if (i > 0 && !is(k, "dy") && one_in(8)) target[i] = NAN;
  }
  return v;
}

/* -------------------------------------------------------------------------------- the check */

static bptt_value *call(host *h, const char *function, const bptt_value *args)
{
  if (host_call(h, function, args)) return h->result;
  printf("%s: %s\n", function, h->error.message);
  return NULL;
}

static bptt_value *make_net(host *h, const combination *k, size_t D)
{
  double units[3];
  bptt_value *args = host_list(h);
  for (size_t l = 0; l < k->depth; l++) units[l] = (double)some(1, 3);
  host_add(h, args, "input", host_number(h, (double)D));
  host_add(h, args, "hidden", host_vector(h, k->depth, units));
  host_add(h, args, "output", host_number(h, (double)k->O));
  host_add(h, args, "cell", host_text(h, cells[k->cell].cell));
  host_add(h, args, cells[k->cell].option, host_text(h, cells[k->cell].value));
  host_add(h, args, "bidirectional", flag(h, k->both));
  host_add(h, args, "output_mode", host_text(h, k->last ? "last" : "sequence"));
  host_add(h, args, "dropout", host_number(h, k->dropout ? .3 : 0));
  host_add(h, args, "seed", host_number(h, (double)some(0, 1000)));
  bptt_value *result = call(h, "rnn_net", args);
  if (!result) return NULL;
  bptt_value *net = host_get(result, "net"), *param = host_get(net, "param");
  /* Units of relu are well on or well off: their biases outweigh the rest. Nothing holds those of
   * the identity, and differences of exp(y) go wrong where y is large. */
  const bool relu = strcmp(cells[k->cell].value, "relu") == 0;
  const bool identity = strcmp(cells[k->cell].value, "identity") == 0;
  for (size_t i = 0; i < param->count; i++) {
    double *a = param->item[i].data;
    const bool bias = param->item[i].name[0] == 'b';
    for (size_t j = 0; j < param->item[i].count; j++) {
      if (bias) a[j] += uniform() - .5;
      if (identity && !bias) a[j] *= .5;
      if (relu) a[j] = bias ? (a[j] < 0 ? -2 : 2) : .2 * a[j];
    }
  }
  return net;
}

static void add_state(host *h, bptt_value *args, const bptt_value *net, const bptt_value *x)
{
  bptt_value *forward = host_list(h), *state = host_list(h);
  host_add(h, forward, "net", net);
  host_add(h, forward, "x", x);
  bptt_value *result = call(h, "rnn_forward", forward);
  if (!result) return;
  const bptt_value *like = host_get(result, "state");
  for (size_t i = 0; i < like->count; i++) {
    host_add(h, state, like->item[i].name, numbers(h, 2, like->item[i].dim, -.5, .5));
  }
  host_add(h, args, "state", state);
}

static void add_options(host *h, bptt_value *args, const combination *k)
{
  if (is(k, "dy")) {
    host_add(h, args, "dy", make_target(h, k));
  } else {
    host_add(h, args, "loss", host_text(h, losses[k->loss].name));
    host_add(h, args, "target", make_target(h, k));
    host_add(h, args, "reduction", host_text(h, one_in(2) ? "sum" : "mean"));
    if (one_in(3)) host_add(h, args, "weights", steps(h, k, 0, .1, 1));
  }
  if (is(k, "huber")) host_add(h, args, "delta", host_number(h, one_in(2) ? .5 : 1000));
  if (is(k, "cross_entropy") && one_in(2)) {
    host_add(h, args, "class_weights", numbers(h, 1, &k->O, .1, 1));
  }
  if (one_in(2)) {
    double length[4];
    for (size_t b = 0; b < k->B; b++) length[b] = (double)some(1, (ptrdiff_t)k->T);
    host_add(h, args, "lengths", host_vector(h, k->B, length));
  }
  if (one_in(2)) {
    double truncate[2] = {(double)some(1, (ptrdiff_t)k->T)};
    truncate[1] = truncate[0] + (k->both ? 0 : (double)some(0, 3));
    host_add(h, args, "truncate", host_vector(h, 2, truncate));
  }
}

static int passed, failed;

static void check(int number)
{
  random_state = (uint64_t)number << 32;
  combination k = {.cell = (size_t)number % CELLS,
                   .loss = (size_t)number / CELLS % LOSSES,
                   .depth = some(1, 3),
                   .both = one_in(2),
                   .last = one_in(3),
                   .B = some(1, 3),
                   .T = some(1, 5)};
  host h;
  host_open(&h, one_in(2) ? BPTT_R : BPTT_OCTAVE);
  k.dropout = k.depth > 1 && one_in(2);
  k.F = some(1, 2);
  k.O = losses[k.loss].outputs ? losses[k.loss].outputs * k.F : 3;
  const size_t D = some(1, 2);
  bptt_value *args = host_list(&h), *net = make_net(&h, &k, D);
  bptt_value *x = numbers(&h, 3, (size_t[]){D, k.B, k.T}, -1, 1);
  double error = INFINITY;
  if (net) {
    host_add(&h, args, "net", net);
    host_add(&h, args, "x", x);
    host_add(&h, args, "format", host_text(&h, "CBT"));
    host_add(&h, args, "wrt", host_texts(&h, 3, (const char *const[]){"param", "x", "state"}));
    host_add(&h, args, "seed", host_number(&h, 3));
    add_options(&h, args, &k);
    if (one_in(2)) add_state(&h, args, net, x);
    bptt_value *result = call(&h, "rnn_gradcheck", args);
    if (result) error = host_at(host_get(result, "max_error"), 0);
  }
  if (error < 1e-7) {
    passed++;
  } else {
    failed++;
    printf("FAILED combination %d: error %g: %s %s, %zu layers, %d directions, %s%s, "
           "loss %s, O %zu, B %zu, T %zu\n",
           number, error, cells[k.cell].cell, cells[k.cell].value, k.depth, 1 + k.both,
           k.last ? "last" : "sequence", k.dropout ? ", dropout" : "", losses[k.loss].name, k.O,
           k.B, k.T);
  }
  host_close(&h);
}

/* At the minimum the gradient is nothing but rounding, as are the differences of the loss: that is
 * no error. The network is shown 0 and has the mean of the targets for its output. */
static void test_minimum(void)
{
  static const double around[] = {-7.1, 2.3, 4.8};
  const size_t dim[] = {1, 1, 3};
  host h;
  host_open(&h, BPTT_R);
  combination k = {.depth = 1, .O = 1};
  bptt_value *args = host_list(&h), *net = make_net(&h, &k, 1);
  double error = INFINITY;
  if (net) {
    bptt_value *param = host_get(net, "param"), *x = numbers(&h, 3, dim, 0, 0);
    bptt_value *target = numbers(&h, 3, dim, 0, 0);
    bptt_value *W_hh = host_get(param, "W_hh"), *b_h = host_get(param, "b_h");
    memset(W_hh->data, 0, W_hh->count * sizeof(double));
    memset(b_h->data, 0, b_h->count * sizeof(double));
    *(double *)host_get(param, "b_y")->data = .3;
    for (int t = 0; t < 3; t++) ((double *)target->data)[t] = .3 + around[t];
    host_add(&h, args, "net", net);
    host_add(&h, args, "x", x);
    host_add(&h, args, "target", target);
    bptt_value *result = call(&h, "rnn_gradcheck", args);
    if (result) error = host_at(host_get(result, "max_error"), 0);
  }
  if (error < 1e-7) {
    passed++;
  } else {
    failed++;
    printf("FAILED at the minimum: error %g\n", error);
  }
  host_close(&h);
}

int main(int argc, char **argv)
{
  const int first = argc > 1 ? atoi(argv[1]) : 0, count = argc > 2 ? atoi(argv[2]) : 600;
  bptt_load();
  test_minimum();
  for (int i = 0; i < count; i++) check(first + i);
  bptt_release();
  printf("%d passed, %d failed\n", passed, failed);
  return failed > 0 || passed == 0;
}

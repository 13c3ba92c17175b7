/* test_door.c -- the call: forms, results, options, errors. What the numbers should be is the
 * golden files' business; here the same problem in another form must give the same bits. */
#include "check.h"
#include "host.h"
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---------------------------------------------------------------------------- helpers */

static const char *const cells[] = {"rnn", "gru", "lstm"};

/* A call that must work. */
static bptt_value *call(host *h, const char *function, const bptt_value *args)
{
  if (host_call(h, function, args)) return h->result;
  printf("%s: %s\n", function, h->error.message);
  exit(1);
}

static bptt_value *make_net(host *h, int D, int H, int O, const char *cell)
{
  bptt_value *args = host_list(h);
  host_add(h, args, "input", host_number(h, D));
  host_add(h, args, "hidden", host_number(h, H));
  host_add(h, args, "output", host_number(h, O));
  host_add(h, args, "cell", host_text(h, cell));
  host_add(h, args, "seed", host_number(h, 7));
  return host_get(call(h, "rnn_net", args), "net");
}

/* Two layers of unequal size. */
static bptt_value *make_deep(host *h, int D, int O, const char *cell, bool both, const char *mode,
                             double dropout)
{
  bptt_value *args = host_list(h);
  host_add(h, args, "input", host_number(h, D));
  host_add(h, args, "hidden", host_vector(h, 2, (double[]){4, 3}));
  host_add(h, args, "output", host_number(h, O));
  host_add(h, args, "cell", host_text(h, cell));
  host_add(h, args, "bidirectional", host_as(h, BPTT_LOGICAL, host_number(h, both)));
  host_add(h, args, "output_mode", host_text(h, mode));
  host_add(h, args, "dropout", host_number(h, dropout));
  host_add(h, args, "seed", host_number(h, 7));
  return host_get(call(h, "rnn_net", args), "net");
}

/* Smooth numbers that repeat nowhere. */
static bptt_value *wave(host *h, int ndim, const size_t *dim, double phase)
{
  size_t n = 1;
  for (int i = 0; i < ndim; i++) n *= dim[i];
  double *data = host_alloc(h, n * sizeof *data + 1);
  for (size_t i = 0; i < n; i++) data[i] = sin(1.3 * (double)(i + 1) + phase);
  return host_array(h, ndim, dim, data);
}

/* The array with dims in another order: dim k of the result is dim order[k] of `v`. */
static bptt_value *permuted(host *h, const bptt_value *v, const int order[3])
{
  size_t dim[3], step[3], from_step[3] = {1, v->dim[0], v->dim[0] * v->dim[1]};
  for (int k = 0; k < 3; k++) {
    dim[k] = v->dim[order[k]];
    step[k] = from_step[order[k]];
  }
  bptt_value *out = host_array(h, 3, dim, v->data);
  double *to = out->data;
  for (size_t c = 0; c < dim[2]; c++) {
    for (size_t b = 0; b < dim[1]; b++) {
      for (size_t a = 0; a < dim[0]; a++) {
        *to++ = host_at(v, a * step[0] + b * step[1] + c * step[2]);
      }
    }
  }
  return out;
}

static bool same_shape(const bptt_value *a, const bptt_value *b)
{
  if (a->ndim != b->ndim) return false;
  for (int i = 0; i < a->ndim; i++) {
    if (a->dim[i] != b->dim[i]) return false;
  }
  return true;
}

static bool has_dims(const bptt_value *v, int ndim, size_t d0, size_t d1, size_t d2)
{
  size_t dim[3] = {d0, d1, d2};
  if (v->ndim != ndim) return false;
  for (int i = 0; i < ndim; i++) {
    if (v->dim[i] != dim[i]) return false;
  }
  return true;
}

/* net, x and target of a call. */
static bptt_value *arguments(host *h, const bptt_value *net, const bptt_value *x,
                             const bptt_value *target)
{
  bptt_value *args = host_list(h);
  host_add(h, args, "net", net);
  host_add(h, args, "x", x);
  if (target) host_add(h, args, "target", target);
  return args;
}

static void set(host *h, bptt_value *args, const char *name, const char *text)
{
  host_add(h, args, name, host_text(h, text));
}

/* A list with one item changed; NULL: taken away. A path leads into lists of lists. */
static bptt_value *with(host *h, const bptt_value *list, const char *path, const bptt_value *item)
{
  bptt_value *copy = host_copy(h, list);
  const char *dot = strchr(path, '.');
  if (dot) {
    char first[32];
    snprintf(first, sizeof first, "%.*s", (int)(dot - path), path);
    host_add(h, copy, first, with(h, host_get(list, first), dot + 1, item));
  } else if (item) {
    host_add(h, copy, path, item);
  } else {
    bptt_value *gone = host_get(copy, path), *end = copy->item + --copy->count;
    memmove(gone, gone + 1, (size_t)(end - gone) * sizeof *gone);
  }
  return copy;
}

/* ---------------------------------------------------------------------------- rnn_net */

static void test_check_values(bptt_habit habit)
{
  host h;
  host_open(&h, habit);
  bptt_value *net = make_net(&h, 1, 1, 1, "rnn");
  host_add(&h, net, "activation", host_text(&h, "identity"));
  bptt_value *param = host_get(net, "param");
  host_add(&h, param, "W_xh", host_number(&h, .5));
  host_add(&h, param, "W_hh", host_number(&h, 1.5));
  host_add(&h, param, "W_hy", host_number(&h, 1));
  bptt_value *args = arguments(&h, net, host_vector(&h, 2, (double[]){1, 2}),
                               host_vector(&h, 2, (double[]){2, 5}));
  set(&h, args, "reduction", "sum");
  bptt_value *r = call(&h, "rnn_bptt", args);
  CHECK(fabs(host_at(host_get(r, "loss"), 0) - 12.8125) < 1e-14);
  CHECK(fabs(host_at(host_get(r, "grad.W_hy"), 0) + 12.875) < 1e-14);
  CHECK(fabs(host_at(host_get(r, "grad.W_hh"), 0) + 3.25) < 1e-14);
  CHECK(fabs(host_at(host_get(r, "grad.W_xh"), 0) + 25.75) < 1e-14);
  host_close(&h);
}

static void test_net(bptt_habit habit)
{
  host h;
  host_open(&h, habit);
  for (int k = 0; k < 3; k++) {
    bptt_value *net = make_net(&h, 3, 5, 2, cells[k]);
    size_t gates = k == 0 ? 1 : k == 1 ? 3 : 4;
    const char *field[] = {"cell",  "input",         "hidden",      "output",  "activation",
                           "reset", "bidirectional", "output_mode", "dropout", "param"};
    for (int i = 0; i < 10; i++) CHECK(strcmp(net->item[i].name, field[i]) == 0);
    CHECK(strcmp(host_get(net, "cell")->text[0], cells[k]) == 0);
    CHECK(host_at(host_get(net, "hidden"), 0) == 5);
    CHECK(has_dims(host_get(net, "param.W_xh"), 2, gates * 5, 3, 0));
    CHECK(has_dims(host_get(net, "param.W_hy"), 2, 2, 5, 0));
    CHECK(host_has(host_get(net, "param"), "b_hn") == (k == 1));
    CHECK(has_dims(host_get(net, "param.b_h"), habit == BPTT_R ? 1 : 2, gates * 5, 1, 0));
    for (size_t i = 0; i < gates * 5; i++) {
      CHECK(host_at(host_get(net, "param.b_h"), i) == (k == 2 && i >= 5 && i < 10));
    }
    const bptt_value *W = host_get(net, "param.W_hh");
    for (size_t g = 0; g < gates; g++) {
      for (size_t i = 0; i < 5; i++) {
        for (size_t j = 0; j < 5; j++) {
          double dot = 0;
          for (size_t r = 0; r < 5; r++) {
            size_t row = g * 5 + r;
            dot += host_at(W, row + i * gates * 5) * host_at(W, row + j * gates * 5);
          }
          CHECK(fabs(dot - (i == j)) < 1e-14);
        }
      }
    }
    double limit = sqrt(6.0 / 8), most = 0;
    const bptt_value *Wx = host_get(net, "param.W_xh");
    for (size_t i = 0; i < Wx->count; i++) most = fmax(most, fabs(host_at(Wx, i)));
    CHECK(most <= limit && most > .8 * limit);
    CHECK(host_same(net, make_net(&h, 3, 5, 2, cells[k])));
  }
  host_close(&h);
}

/* The parameters of two layers in both directions, in their order. */
static void test_deep_net(bptt_habit habit)
{
  static const struct {
    const char *name;
    size_t rows, cols; /* rows in units of the gates; 0 cols: a bias */
  } want[] = {
      {"W_xh", 4, 2},     {"W_hh", 4, 4},        {"b_h", 4, 0},         {"W_xh_rev", 4, 2},
      {"W_hh_rev", 4, 4}, {"b_h_rev", 4, 0},     {"W_xh_l2", 3, 8},     {"W_hh_l2", 3, 3},
      {"b_h_l2", 3, 0},   {"W_xh_l2_rev", 3, 8}, {"W_hh_l2_rev", 3, 3}, {"b_h_l2_rev", 3, 0},
  };
  host h;
  host_open(&h, habit);
  bptt_value *net = make_deep(&h, 2, 5, "lstm", true, "last", .25);
  const bptt_value *param = host_get(net, "param"), *hidden = host_get(net, "hidden");
  CHECK(host_get(net, "bidirectional")->kind == BPTT_LOGICAL);
  CHECK(host_at(host_get(net, "bidirectional"), 0) == 1);
  CHECK(strcmp(host_get(net, "output_mode")->text[0], "last") == 0);
  CHECK(host_at(host_get(net, "dropout"), 0) == .25);
  CHECK(habit == BPTT_R ? has_dims(hidden, 1, 2, 0, 0) : has_dims(hidden, 2, 1, 2, 0));
  CHECK(host_at(hidden, 0) == 4 && host_at(hidden, 1) == 3);
  CHECK(param->count == 14);
  for (size_t i = 0; i < 12; i++) {
    const bptt_value *p = &param->item[i];
    CHECK(strcmp(p->name, want[i].name) == 0);
    CHECK(p->dim[0] == 4 * want[i].rows);
    CHECK(want[i].cols ? p->dim[1] == want[i].cols : p->count == p->dim[0]);
    for (size_t k = 0; !want[i].cols && k < p->count; k++) {
      CHECK(host_at(p, k) == (k >= want[i].rows && k < 2 * want[i].rows));
    }
  }
  CHECK(has_dims(host_get(param, "W_hy"), 2, 5, 6, 0));
  CHECK(!host_same(host_get(param, "W_hh"), host_get(param, "W_hh_rev")));

  bptt_value *args = arguments(&h, net, wave(&h, 3, (size_t[]){2, 3, 4}, 0), NULL);
  const bptt_value *state = host_get(call(&h, "rnn_forward", args), "state");
  static const char *const field[] = {"h",    "c",    "h_rev",    "c_rev",
                                      "h_l2", "c_l2", "h_l2_rev", "c_l2_rev"};
  CHECK(state->count == 8);
  for (size_t i = 0; i < 8; i++) {
    CHECK(strcmp(state->item[i].name, field[i]) == 0);
    CHECK(has_dims(&state->item[i], 2, i < 4 ? 4 : 3, 3, 0));
  }
  net = make_deep(&h, 2, 5, "gru", false, "sequence", 0);
  CHECK(host_get(net, "param")->count == 10);
  CHECK(has_dims(host_get(net, "param.b_hn_l2"), habit == BPTT_R ? 1 : 2, 3, 1, 0));
  host_close(&h);
}

/* These bits shall never change: a script's seed means them. */
static void test_seed(void)
{
  host r, o;
  host_open(&r, BPTT_R);
  host_open(&o, BPTT_OCTAVE);
  CHECK(host_same(make_net(&r, 4, 9, 3, "gru"), make_net(&o, 4, 9, 3, "gru")));
  const bptt_value *net = make_net(&r, 1, 2, 1, "rnn");
  CHECK(host_at(host_get(net, "param.W_xh"), 0) == -0x1.41f41442e5d24p+0);
  CHECK(host_at(host_get(net, "param.W_hh"), 0) == -0x1.9a611f998c88ep-3);
  host_close(&r);
  host_close(&o);
}

/* ------------------------------------------------------------------------------ forms */

enum { D = 3, H = 4, O = 2, B = 3, T = 5 };

/* The gradient of a problem as "CBT" and in other orders: the same bits, the results permuted. */
static void test_orders(bptt_habit habit, const char *cell)
{
  static const struct {
    const char *format;
    int order[3];
  } forms[] = {{"CTB", {0, 2, 1}}, {"BCT", {1, 0, 2}}, {"BTC", {1, 2, 0}},
               {"TCB", {2, 0, 1}}, {"TBC", {2, 1, 0}}, {"CBT", {0, 1, 2}}};
  host h;
  host_open(&h, habit);
  bptt_value *net = make_net(&h, D, H, O, cell);
  bptt_value *x = wave(&h, 3, (size_t[]){D, B, T}, 0);
  bptt_value *target = wave(&h, 3, (size_t[]){O, B, T}, 2);
  bptt_value *args = arguments(&h, net, x, target);
  host_add(&h, args, "lengths", host_vector(&h, B, (double[]){5, 2, 4}));
  bptt_value *want = call(&h, "rnn_bptt", args);
  const bptt_value *info = habit == BPTT_R ? want : host_get(want, "info");
  CHECK(isnan(host_at(host_get(info, "y"), (2 * B + 1) * O)));
  CHECK(host_at(host_get(info, "dx"), (2 * B + 1) * D) == 0);
  for (size_t k = 0; k < sizeof forms / sizeof forms[0]; k++) {
    host_add(&h, args, "x", permuted(&h, x, forms[k].order));
    host_add(&h, args, "target", permuted(&h, target, forms[k].order));
    set(&h, args, "format", forms[k].format);
    bptt_value *got = call(&h, "rnn_bptt", args);
    const bptt_value *its = habit == BPTT_R ? got : host_get(got, "info");
    CHECK(host_same(host_get(got, "grad"), host_get(want, "grad")));
    CHECK(host_same(host_get(its, "dstate"), host_get(info, "dstate")));
    const bptt_value *y = permuted(&h, host_get(info, "y"), forms[k].order);
    const bptt_value *dx = permuted(&h, host_get(info, "dx"), forms[k].order);
    CHECK(host_same(host_get(its, "y"), y) && same_shape(host_get(its, "y"), y));
    CHECK(host_same(host_get(its, "dx"), dx) && same_shape(host_get(its, "dx"), dx));
  }
  host_close(&h);
}

/* Series of unequal length as a list, and the same padded. */
static void test_list(bptt_habit habit, const char *cell)
{
  static const double length[B] = {2, 5, 3};
  host h;
  host_open(&h, habit);
  bptt_value *net = make_net(&h, D, H, O, cell);
  bptt_value *x = wave(&h, 3, (size_t[]){D, B, T}, 0), *xs = host_list(&h);
  bptt_value *target = wave(&h, 3, (size_t[]){O, B, T}, 2), *targets = host_list(&h);
  for (size_t b = 0; b < B; b++) {
    size_t n = (size_t)length[b], sizes[2] = {D, O};
    const bptt_value *whole[2] = {x, target};
    bptt_value *list[2] = {xs, targets};
    for (int k = 0; k < 2; k++) {
      size_t C = sizes[k], dim[2] = {C, n};
      if (habit == BPTT_R) dim[0] = n, dim[1] = C;
      bptt_value *item = wave(&h, 2, dim, 0);
      for (size_t t = 0; t < n; t++) {
        for (size_t c = 0; c < C; c++) {
          size_t at = habit == BPTT_R ? t + c * n : c + t * C;
          ((double *)item->data)[at] = host_at(whole[k], c + C * (b + B * t));
        }
      }
      host_add(&h, list[k], b == 1 ? "second" : NULL, item);
    }
  }
  xs->ndim = 2;
  xs->dim[0] = 1;
  xs->dim[1] = B;
  /* What is beyond the lengths must not matter. */
  ((double *)x->data)[D * (0 + B * 3)] = NAN;
  ((double *)target->data)[O * (0 + B * 3)] = INFINITY;
  bptt_value *args = arguments(&h, net, x, target);
  host_add(&h, args, "lengths", host_vector(&h, B, length));
  bptt_value *want = call(&h, "rnn_bptt", args);
  bptt_value *got = call(&h, "rnn_bptt", arguments(&h, net, xs, targets));
  CHECK(host_same(host_get(want, "loss"), host_get(got, "loss")));
  CHECK(host_same(host_get(want, "grad"), host_get(got, "grad")));
  const bptt_value *y = host_get(habit == BPTT_R ? got : host_get(got, "info"), "y");
  const bptt_value *padded = host_get(habit == BPTT_R ? want : host_get(want, "info"), "y");
  CHECK(y->count == B && y->ndim == 2 && y->dim[1] == B && !y->item[0].name);
  CHECK(strcmp(y->item[1].name, "second") == 0);
  for (size_t b = 0; b < B; b++) {
    size_t n = (size_t)length[b];
    CHECK(y->item[b].count == n * O);
    for (size_t t = 0; t < n; t++) {
      size_t at = habit == BPTT_R ? t : t * O;
      CHECK(host_at(&y->item[b], at) == host_at(padded, O * (b + B * t)));
    }
  }
  host_close(&h);
}

/* What shape the outputs have for each shape of x. */
static void test_shapes(void)
{
  host r, o;
  host_open(&r, BPTT_R);
  host_open(&o, BPTT_OCTAVE);
  const struct {
    host *h;
    int inputs, outputs, ndim;
    size_t dim[3];
    const char *format;
    int out_ndim;
    size_t out[3];
  } rows[] = {
      {&r, 1, 1, 1, {5}, NULL, 1, {5}},           {&r, 1, 2, 1, {5}, NULL, 2, {5, 2}},
      {&r, 1, 1, 2, {5, 1}, NULL, 2, {5, 1}},     {&r, 3, 2, 2, {5, 3}, NULL, 2, {5, 2}},
      {&r, 3, 2, 2, {3, 5}, "CT", 2, {2, 5}},     {&r, 1, 2, 2, {4, 5}, "BT", 3, {4, 5, 2}},
      {&r, 1, 1, 2, {4, 5}, "BT", 2, {4, 5}},     {&r, 3, 2, 3, {3, 4, 5}, NULL, 3, {2, 4, 5}},
      {&r, 1, 2, 1, {5}, "TC", 2, {5, 2}},        {&o, 1, 1, 2, {1, 5}, NULL, 2, {1, 5}},
      {&o, 1, 2, 2, {1, 5}, NULL, 2, {2, 5}},     {&o, 1, 1, 2, {5, 1}, NULL, 2, {5, 1}},
      {&o, 1, 2, 2, {5, 1}, NULL, 2, {5, 2}},     {&o, 1, 2, 2, {5, 1}, "T", 2, {5, 2}},
      {&o, 3, 2, 2, {3, 5}, NULL, 2, {2, 5}},     {&o, 3, 2, 2, {5, 3}, "TC", 2, {5, 2}},
      {&o, 3, 2, 2, {3, 1}, "CT", 2, {2, 1}},     {&o, 1, 2, 2, {4, 5}, "BT", 3, {2, 4, 5}},
      {&o, 3, 2, 2, {3, 4}, "CBT", 3, {2, 4, 1}}, {&o, 1, 1, 2, {1, 1}, NULL, 2, {1, 1}},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    host *h = rows[i].h;
    bptt_value *net = make_net(h, rows[i].inputs, 4, rows[i].outputs, "lstm");
    bptt_value *args = arguments(h, net, wave(h, rows[i].ndim, rows[i].dim, 0), NULL);
    if (rows[i].format) set(h, args, "format", rows[i].format);
    const bptt_value *y = host_get(call(h, "rnn_forward", args), "y");
    const size_t *out = rows[i].out;
    if (!has_dims(y, rows[i].out_ndim, out[0], out[1], out[2])) printf("row %zu: ", i);
    CHECK(has_dims(y, rows[i].out_ndim, out[0], out[1], out[2]));
    /* The output is a target that fits. */
    host_add(h, args, "target", y);
    CHECK(host_at(host_get(call(h, "rnn_bptt", args), "loss"), 0) == 0);
  }
  host_close(&r);
  host_close(&o);
}

static bool is_near(double a, double b)
{
  return fabs(a - b) <= 1e-14 * fabs(b);
}

/* Weights, and dL/dy from the user or from a function of the user's, reach the engine. */
static void test_losses(bptt_habit habit)
{
  host h;
  host_open(&h, habit);
  double weight[B * T], sum = 0, weights = 0, product = 0;
  bptt_value *target = wave(&h, 3, (size_t[]){O, B, T}, 1);
  bptt_value *args =
      arguments(&h, make_net(&h, D, H, O, "gru"), wave(&h, 3, (size_t[]){D, B, T}, 0), target);
  bptt_value *result = call(&h, "rnn_bptt", args);
  const bptt_value *y = host_get(habit == BPTT_R ? result : host_get(result, "info"), "y");
  for (size_t i = 0; i < B * T; i++) {
    weight[i] = (double)(i % 3);
    for (size_t o = 0; o < O; o++) {
      sum += weight[i] * fabs(host_at(y, o + O * i) - host_at(target, o + O * i));
      product += host_at(y, o + O * i) * host_at(target, o + O * i);
      weights += weight[i];
    }
  }
  set(&h, args, "loss", "mae");
  host_add(&h, args, "weights", host_array(&h, 2, (size_t[]){B, T}, weight));
  CHECK(is_near(host_at(host_get(call(&h, "rnn_bptt", args), "loss"), 0), sum / weights));
  set(&h, args, "reduction", "sum");
  CHECK(is_near(host_at(host_get(call(&h, "rnn_bptt", args), "loss"), 0), sum));

  args = arguments(&h, host_get(args, "net"), host_get(args, "x"), NULL);
  host_add(&h, args, "dy", target);
  bptt_value *of_dy = call(&h, "rnn_bptt", args);
  CHECK(is_near(host_at(host_get(of_dy, "loss"), 0), product));
  bptt_value *returned = host_list(&h);
  host_add(&h, returned, "dy", target);
  host_add(&h, returned, "loss", host_number(&h, 7));
  host_add(&h, args, "dy", host_null(&h));
  host_add(&h, args, "loss", returned);
  result = call(&h, "rnn_bptt", args);
  CHECK(host_at(host_get(result, "loss"), 0) == 7);
  CHECK(host_same(host_get(result, "grad"), host_get(of_dy, "grad")));
  /* What is not finite in it is warned of. */
  double numbers[O * B * T] = {0};
  numbers[3] = NAN;
  host_add(&h, returned, "dy", host_array(&h, 3, (size_t[]){O, B, T}, numbers));
  host_add(&h, args, "loss", returned);
  result = call(&h, "rnn_bptt", args);
  CHECK(host_at(host_get(result, "loss"), 0) == 7 && h.warning);
  CHECK(isnan(host_at(host_get(result, "grad.b_y"), 3 % O)));
  host_close(&h);
}

/* Targets that leave out the dim of features, vectors, classes, factors. */
static void test_targets(bptt_habit habit)
{
  host h;
  host_open(&h, habit);
  bptt_value *net = make_net(&h, D, H, 1, "gru");
  bptt_value *args =
      arguments(&h, net, wave(&h, 3, (size_t[]){D, B, T}, 0), wave(&h, 3, (size_t[]){1, B, T}, 1));
  bptt_value *want = call(&h, "rnn_bptt", args);
  host_add(&h, args, "target", wave(&h, 2, (size_t[]){B, T}, 1));
  CHECK(host_same(call(&h, "rnn_bptt", args), want));

  size_t series[2] = {T, D};
  if (habit == BPTT_OCTAVE) series[0] = D, series[1] = T;
  args = arguments(&h, net, wave(&h, 2, series, 0), wave(&h, 2, (size_t[]){1, T}, 1));
  want = call(&h, "rnn_bptt", args);
  host_add(&h, args, "target", wave(&h, 2, (size_t[]){T, 1}, 1));
  CHECK(host_same(call(&h, "rnn_bptt", args), want));
  host_add(&h, args, "target", host_vector(&h, T, wave(&h, 1, (size_t[]){T}, 1)->data));
  CHECK(host_same(call(&h, "rnn_bptt", args), want));

  net = make_net(&h, D, H, O, "gru");
  static const double classes[B * T] = {1, 2, NAN, 2, 2, 1, 1, 1, 2, 2, 1, 1, 2, 1, 2};
  args = arguments(&h, net, wave(&h, 3, (size_t[]){D, B, T}, 0),
                   host_array(&h, 2, (size_t[]){B, T}, classes));
  set(&h, args, "loss", "cross_entropy");
  want = call(&h, "rnn_bptt", args);
  host_add(&h, args, "target", host_array(&h, 3, (size_t[]){1, B, T}, classes));
  CHECK(host_same(call(&h, "rnn_bptt", args), want));
  host_add(&h, args, "target",
           host_as(&h, BPTT_FACTOR, host_array(&h, 2, (size_t[]){B, T}, classes)));
  CHECK(host_same(call(&h, "rnn_bptt", args), want));
  set(&h, args, "loss", "mse");
  CHECK(!host_call(&h, "rnn_bptt", args) && strcmp(h.error.argument, "target") == 0);
  host_close(&h);
}

/* ---------------------------------------------------------------------------- results */

static void test_want(void)
{
  host r, o;
  host_open(&r, BPTT_R);
  host_open(&o, BPTT_OCTAVE);
  host *both[] = {&r, &o};
  for (int k = 0; k < 2; k++) {
    host *h = both[k];
    bptt_value *net = make_net(h, 1, H, 1, "lstm");
    bptt_value *x = host_vector(h, 6, (double[]){1, 2, 3, 4, 5, 6});
    bptt_value *args = arguments(h, net, x, x), *result = call(h, "rnn_bptt", args);
    double loss = host_at(host_get(result, "loss"), 0);
    static const char *const names[2][7] = {
        {"loss", "grad", "grad_norm", "y", "state", "dx", "dstate"}, {"loss", "grad", "info"}};
    size_t results = k == 0 ? 7 : 3;
    CHECK(result->count == results);
    for (size_t i = 0; i < results; i++) CHECK(strcmp(result->item[i].name, names[k][i]) == 0);
    for (int want = 0; want <= 3; want++) {
      h->want = want;
      result = call(h, "rnn_bptt", args);
      CHECK(result->count == (size_t)(want ? want : 1));
      CHECK(host_at(host_get(result, "loss"), 0) == loss);
    }
    h->want = INT_MAX;
    host_add(h, args, "wrt", host_texts(h, 2, (const char *const[]){"state", "x"}));
    result = call(h, "rnn_bptt", args);
    const bptt_value *info = k == 0 ? result : host_get(result, "info");
    CHECK(host_has(info, "dx") && host_has(info, "dstate") && !host_has(info, "grad_norm"));
    CHECK(k == 0 ? !host_has(result, "grad") : host_get(result, "grad")->kind == BPTT_NULL);
    set(h, args, "wrt", "param");
    result = call(h, "rnn_bptt", args);
    info = k == 0 ? result : host_get(result, "info");
    CHECK(!host_has(info, "dx") && !host_has(info, "dstate") && host_has(info, "grad_norm"));
  }
  host_close(&r);
  host_close(&o);
}

static void test_forward_and_state(bptt_habit habit)
{
  host h;
  host_open(&h, habit);
  bptt_value *net = make_net(&h, D, H, O, "lstm");
  bptt_value *x = wave(&h, 3, (size_t[]){D, B, T}, 0);
  bptt_value *whole = call(&h, "rnn_forward", arguments(&h, net, x, NULL));
  CHECK(strcmp(whole->item[1].name, habit == BPTT_R ? "h" : "state") == 0);
  CHECK(has_dims(host_get(whole, "h"), 3, H, B, T));
  CHECK(has_dims(host_get(whole, "state.c"), 2, H, B, 0));
  /* In two parts, the state handed on. */
  bptt_value *first = host_array(&h, 3, (size_t[]){D, B, 2}, x->data);
  bptt_value *rest = host_array(&h, 3, (size_t[]){D, B, T - 2}, (double *)x->data + 2 * D * B);
  bptt_value *one = call(&h, "rnn_forward", arguments(&h, net, first, NULL));
  bptt_value *args = arguments(&h, net, rest, NULL);
  host_add(&h, args, "state", host_get(one, "state"));
  bptt_value *two = call(&h, "rnn_forward", args);
  CHECK(host_same(host_get(two, "state"), host_get(whole, "state")));
  CHECK(memcmp(host_get(two, "y")->data, (double *)host_get(whole, "y")->data + 2 * O * B,
               (T - 2) * O * B * sizeof(double)) == 0);
  host_close(&h);
}

/* The last `count` states or outputs of one array are those of another. */
static bool ends_alike(const bptt_value *a, const bptt_value *b, size_t count)
{
  const double *x = (const double *)a->data + (a->count - count);
  const double *y = (const double *)b->data + (b->count - count);
  return memcmp(x, y, count * sizeof *x) == 0;
}

/* A stack gives what its layers give one after the other. */
static void test_stack(bptt_habit habit, const char *cell)
{
  host h;
  host_open(&h, habit);
  bptt_value *net = make_deep(&h, D, O, cell, false, "sequence", 0);
  bptt_value *one = make_net(&h, D, 4, 1, cell), *two = make_net(&h, 4, 3, O, cell);
  static const char *const names[] = {"W_xh", "W_hh", "b_h", "b_hn"};
  for (int i = 0; i < 4; i++) {
    char upper[16];
    if (!host_has(host_get(net, "param"), names[i])) continue;
    snprintf(upper, sizeof upper, "%s_l2", names[i]);
    host_add(&h, host_get(one, "param"), names[i], host_get(host_get(net, "param"), names[i]));
    host_add(&h, host_get(two, "param"), names[i], host_get(host_get(net, "param"), upper));
  }
  host_add(&h, host_get(two, "param"), "W_hy", host_get(net, "param.W_hy"));
  bptt_value *x = wave(&h, 3, (size_t[]){D, B, T}, 0);
  bptt_value *lengths = host_vector(&h, B, (double[]){5, 2, 4});
  bptt_value *args = arguments(&h, net, x, NULL);
  host_add(&h, args, "lengths", lengths);
  bptt_value *whole = call(&h, "rnn_forward", args);
  args = arguments(&h, one, x, NULL);
  host_add(&h, args, "lengths", lengths);
  bptt_value *first = call(&h, "rnn_forward", args);
  args = arguments(&h, two, host_get(first, "h"), NULL);
  host_add(&h, args, "lengths", lengths);
  bptt_value *second = call(&h, "rnn_forward", args);
  CHECK(host_same(host_get(whole, "y"), host_get(second, "y")));
  CHECK(host_same(host_get(whole, "h"), host_get(second, "h")));
  CHECK(host_same(host_get(whole, "state.h"), host_get(first, "state.h")));
  CHECK(host_same(host_get(whole, "state.h_l2"), host_get(second, "state.h")));

  /* In two parts, the states handed on. */
  args = arguments(&h, net, x, NULL);
  whole = call(&h, "rnn_forward", args);
  host_add(&h, args, "x", host_array(&h, 3, (size_t[]){D, B, 2}, x->data));
  bptt_value *part = call(&h, "rnn_forward", args);
  host_add(&h, args, "x",
           host_array(&h, 3, (size_t[]){D, B, T - 2}, (double *)x->data + 2 * D * B));
  host_add(&h, args, "state", host_get(part, "state"));
  part = call(&h, "rnn_forward", args);
  CHECK(host_same(host_get(part, "state"), host_get(whole, "state")));
  CHECK(ends_alike(host_get(part, "y"), host_get(whole, "y"), (T - 2) * O * B));
  host_close(&h);
}

/* A network that reads both ways, and the same with its directions exchanged on series that are
 * turned round. */
static void test_directions(bptt_habit habit, const char *cell)
{
  static const double length[B] = {5, 2, 4};
  host h;
  host_open(&h, habit);
  bptt_value *net = make_deep(&h, D, O, cell, true, "sequence", 0), *other = host_copy(&h, net);
  bptt_value *param = host_get(net, "param"), *its = host_get(other, "param");
  for (size_t i = 0; i < param->count; i++) {
    const char *name = param->item[i].name, *rev = strstr(name, "_rev");
    char exchanged[24];
    if (strcmp(name, "W_hy") == 0 || strcmp(name, "b_y") == 0) continue;
    snprintf(exchanged, sizeof exchanged, "%.*s%s", (int)(strlen(name) - (rev ? 4 : 0)), name,
             rev ? "" : "_rev");
    host_add(&h, its, name, host_get(param, exchanged));
  }
  /* The upper layer's inputs and the readout's have the directions in the other order. */
  static const struct {
    const char *name;
    size_t half;
  } turned[] = {{"W_xh_l2", 4}, {"W_xh_l2_rev", 4}, {"W_hy", 3}};
  for (int i = 0; i < 3; i++) {
    const bptt_value *W = host_get(its, turned[i].name);
    size_t block = W->dim[0] * turned[i].half;
    bptt_value *swapped = host_array(&h, 2, W->dim, W->data);
    memcpy(swapped->data, (double *)W->data + block, block * sizeof(double));
    memcpy((double *)swapped->data + block, W->data, block * sizeof(double));
    host_add(&h, its, turned[i].name, swapped);
  }
  bptt_value *x = wave(&h, 3, (size_t[]){D, B, T}, 0), *back = host_copy(&h, x);
  back = host_array(&h, 3, x->dim, x->data);
  for (size_t b = 0; b < B; b++) {
    size_t n = (size_t)length[b];
    for (size_t t = 0; t < n; t++) {
      memcpy((double *)back->data + D * (b + B * (n - 1 - t)), (double *)x->data + D * (b + B * t),
             D * sizeof(double));
    }
  }
  bptt_value *args = arguments(&h, net, x, NULL);
  host_add(&h, args, "lengths", host_vector(&h, B, length));
  bptt_value *want = call(&h, "rnn_forward", args);
  args = arguments(&h, other, back, NULL);
  host_add(&h, args, "lengths", host_vector(&h, B, length));
  bptt_value *got = call(&h, "rnn_forward", args);
  const bptt_value *y = host_get(want, "y"), *mirrored = host_get(got, "y");
  for (size_t b = 0; b < B; b++) {
    size_t n = (size_t)length[b];
    for (size_t t = 0; t < T; t++) {
      double a = host_at(y, O * (b + B * t));
      if (t >= n) {
        CHECK(isnan(a));
      } else {
        CHECK(fabs(a - host_at(mirrored, O * (b + B * (n - 1 - t)))) < 1e-14);
      }
    }
  }
  CHECK(has_dims(host_get(want, "h"), 3, 6, B, T));
  const bptt_value *up = host_get(want, "state.h_l2"), *down = host_get(got, "state.h_l2_rev");
  for (size_t i = 0; i < up->count; i++) CHECK(fabs(host_at(up, i) - host_at(down, i)) < 1e-14);
  host_close(&h);
}

/* What there is at the last step alone is what there is at every step, at that one: outputs, losses
 * of a target that is missing before it, gradients. */
static void test_last(bptt_habit habit, bool both)
{
  static const double length[B] = {5, 2, 4};
  host h;
  host_open(&h, habit);
  bptt_value *every = make_deep(&h, D, O, "lstm", both, "sequence", 0);
  bptt_value *last = make_deep(&h, D, O, "lstm", both, "last", 0);
  bptt_value *x = wave(&h, 3, (size_t[]){D, B, T}, 0);
  bptt_value *short_target = wave(&h, 2, (size_t[]){O, B}, 1);
  double numbers[O * B * T];
  for (size_t i = 0; i < O * B * T; i++) numbers[i] = NAN;
  for (size_t b = 0; b < B; b++) {
    for (size_t o = 0; o < O; o++) {
      numbers[o + O * (b + B * ((size_t)length[b] - 1))] = host_at(short_target, o + O * b);
    }
  }
  bptt_value *args = arguments(&h, every, x, host_array(&h, 3, (size_t[]){O, B, T}, numbers));
  host_add(&h, args, "lengths", host_vector(&h, B, length));
  bptt_value *want = call(&h, "rnn_bptt", args);
  args = arguments(&h, last, x, short_target);
  host_add(&h, args, "lengths", host_vector(&h, B, length));
  bptt_value *got = call(&h, "rnn_bptt", args);
  const bptt_value *info = habit == BPTT_R ? got : host_get(got, "info");
  const bptt_value *its = habit == BPTT_R ? want : host_get(want, "info");
  CHECK(host_same(host_get(got, "loss"), host_get(want, "loss")));
  CHECK(host_same(host_get(info, "state"), host_get(its, "state")));
  for (size_t i = 0; i < host_get(got, "grad")->count; i++) {
    const bptt_value *a = &host_get(got, "grad")->item[i], *b = &host_get(want, "grad")->item[i];
    for (size_t k = 0; k < a->count; k++) CHECK(fabs(host_at(a, k) - host_at(b, k)) < 1e-15);
  }
  const bptt_value *y = host_get(info, "y"), *all = host_get(its, "y");
  CHECK(has_dims(y, 2, O, B, 0));
  for (size_t b = 0; b < B; b++) {
    size_t at = O * (b + B * ((size_t)length[b] - 1));
    CHECK(host_at(y, O * b) == host_at(all, at) && host_at(y, O * b + 1) == host_at(all, at + 1));
  }
  host_close(&h);
}

/* What shape outputs at the last step alone have for each form of x; as targets they fit. */
static void test_last_shapes(void)
{
  host r, o;
  host_open(&r, BPTT_R);
  host_open(&o, BPTT_OCTAVE);
  const struct {
    host *h;
    int inputs, outputs, list, ndim; /* list: so many items */
    size_t dim[3];
    const char *format;
    int out_ndim;
    size_t out[2];
  } rows[] = {
      {&r, 3, 2, 0, 3, {3, 4, 5}, NULL, 2, {2, 4}},  {&r, 3, 1, 0, 3, {3, 4, 5}, NULL, 2, {1, 4}},
      {&r, 3, 2, 0, 3, {4, 5, 3}, "BTC", 2, {4, 2}}, {&r, 1, 1, 0, 2, {5, 4}, "TB", 1, {4}},
      {&r, 1, 2, 0, 2, {5, 4}, "TB", 2, {4, 2}},     {&r, 3, 2, 0, 2, {5, 3}, NULL, 1, {2}},
      {&r, 3, 2, 0, 2, {3, 5}, "CT", 1, {2}},        {&r, 1, 1, 0, 1, {5}, NULL, 1, {1}},
      {&r, 1, 2, 0, 1, {5}, NULL, 1, {2}},           {&r, 3, 2, 4, 2, {5, 3}, NULL, 2, {4, 2}},
      {&r, 3, 1, 4, 2, {5, 3}, NULL, 1, {4}},        {&r, 1, 2, 1, 1, {5}, NULL, 2, {1, 2}},
      {&o, 3, 2, 0, 3, {3, 4, 5}, NULL, 2, {2, 4}},  {&o, 3, 1, 0, 3, {3, 4, 5}, NULL, 2, {1, 4}},
      {&o, 3, 2, 0, 3, {4, 5, 3}, "BTC", 2, {4, 2}}, {&o, 1, 1, 0, 2, {5, 4}, "TB", 1, {4}},
      {&o, 1, 2, 0, 2, {5, 4}, "TB", 2, {2, 4}},     {&o, 3, 2, 0, 2, {3, 5}, NULL, 2, {2, 1}},
      {&o, 3, 2, 0, 2, {5, 3}, "TC", 2, {1, 2}},     {&o, 1, 2, 0, 2, {1, 5}, NULL, 2, {2, 1}},
      {&o, 1, 2, 0, 2, {5, 1}, NULL, 2, {1, 2}},     {&o, 1, 1, 0, 2, {5, 1}, NULL, 2, {1, 1}},
      {&o, 3, 2, 4, 2, {3, 5}, NULL, 2, {2, 4}},     {&o, 3, 1, 4, 2, {3, 5}, NULL, 2, {1, 4}},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    host *h = rows[i].h;
    bptt_value *net = make_deep(h, rows[i].inputs, rows[i].outputs, "gru", true, "last", 0);
    bptt_value *x = wave(h, rows[i].ndim, rows[i].dim, 0);
    if (rows[i].list) {
      bptt_value *list = host_list(h);
      for (int b = 0; b < rows[i].list; b++) host_add(h, list, NULL, x);
      x = list;
    }
    bptt_value *args = arguments(h, net, x, NULL);
    if (rows[i].format) set(h, args, "format", rows[i].format);
    const bptt_value *y = host_get(call(h, "rnn_forward", args), "y");
    if (!has_dims(y, rows[i].out_ndim, rows[i].out[0], rows[i].out[1], 0)) printf("row %zu: ", i);
    CHECK(has_dims(y, rows[i].out_ndim, rows[i].out[0], rows[i].out[1], 0));
    /* The output is a target that fits. */
    host_add(h, args, "target", y);
    CHECK(host_at(host_get(call(h, "rnn_bptt", args), "loss"), 0) == 0);
    if (rows[i].outputs == 1) {
      host_add(h, args, "target", host_vector(h, y->count, y->data));
      CHECK(host_at(host_get(call(h, "rnn_bptt", args), "loss"), 0) == 0);
    }
  }
  host_close(&r);
  host_close(&o);
}

/* The seed decides what is left out, the forward pass shows it, and nothing is left out where it is
 * not asked for. */
static void test_dropout(bptt_habit habit)
{
  host h;
  host_open(&h, habit);
  bptt_value *net = make_deep(&h, D, O, "gru", false, "sequence", .5);
  bptt_value *whole = make_deep(&h, D, O, "gru", false, "sequence", 0);
  bptt_value *x = wave(&h, 3, (size_t[]){D, B, T}, 0);
  bptt_value *args = arguments(&h, net, x, wave(&h, 3, (size_t[]){O, B, T}, 1));
  CHECK(!host_call(&h, "rnn_bptt", args));
  CHECK(strcmp(h.error.message, "`seed` is missing; expected a whole number from 0 to 2^53") == 0);
  host_add(&h, args, "seed", host_number(&h, 3));
  bptt_value *one = call(&h, "rnn_bptt", args);
  const bptt_value *y = host_get(habit == BPTT_R ? one : host_get(one, "info"), "y");
  bptt_value *forward = arguments(&h, net, x, NULL);
  host_add(&h, forward, "seed", host_number(&h, 3));
  CHECK(host_same(host_get(call(&h, "rnn_forward", forward), "y"), y));
  host_add(&h, forward, "seed", host_number(&h, 4));
  CHECK(!host_same(host_get(call(&h, "rnn_forward", forward), "y"), y));
  const bptt_value *plain = host_get(call(&h, "rnn_forward", arguments(&h, whole, x, NULL)), "y");
  CHECK(host_same(host_get(call(&h, "rnn_forward", arguments(&h, net, x, NULL)), "y"), plain));
  CHECK(host_same(host_get(call(&h, "rnn_predict", arguments(&h, net, x, NULL)), "y"), plain));
  CHECK(!host_same(y, plain));
  CHECK(!host_call(&h, "rnn_predict", forward) && strcmp(h.error.argument, "seed") == 0);
  host_add(&h, args, "seed", host_number(&h, 4));
  CHECK(!host_same(host_get(call(&h, "rnn_bptt", args), "grad"), host_get(one, "grad")));
  host_close(&h);
}

static void test_memory(bptt_habit habit)
{
  host h;
  host_open(&h, habit);
  bptt_value *args =
      arguments(&h, make_deep(&h, D, O, "lstm", false, "sequence", .5),
                wave(&h, 3, (size_t[]){D, B, 40}, 0), wave(&h, 3, (size_t[]){O, B, 40}, 1));
  host_add(&h, args, "seed", host_number(&h, 3));
  bptt_value *stored = call(&h, "rnn_bptt", args);
  set(&h, args, "memory", "recompute");
  CHECK(host_same(call(&h, "rnn_bptt", args), stored));
  host_add(&h, args, "net", make_deep(&h, D, O, "lstm", true, "sequence", 0));
  CHECK(!host_call(&h, "rnn_bptt", args));
  CHECK(strcmp(h.error.message, "`memory` is \"recompute\"; expected \"store\", as `net` is "
                                "bidirectional") == 0);
  set(&h, args, "memory", "store");
  host_add(&h, args, "truncate", host_vector(&h, 2, (double[]){2, 3}));
  CHECK(!host_call(&h, "rnn_bptt", args));
  CHECK(strcmp(h.error.message, "`truncate` is 2 and 3; expected one number, or the same twice, as "
                                "`net` is bidirectional") == 0);
  host_add(&h, args, "truncate", host_vector(&h, 2, (double[]){2, 2}));
  call(&h, "rnn_bptt", args);
  host_close(&h);
}

/* One output tells two classes apart. */
static void test_predict_one(bptt_habit habit)
{
  host h;
  host_open(&h, habit);
  bptt_value *net = make_net(&h, D, H, 1, "gru");
  bptt_value *args = arguments(&h, net, wave(&h, 3, (size_t[]){D, B, T}, 0), NULL);
  host_add(&h, args, "lengths", host_vector(&h, B, (double[]){5, 2, 4}));
  const bptt_value *y = host_get(call(&h, "rnn_forward", args), "y");
  set(&h, args, "type", "prob");
  const bptt_value *prob = host_get(call(&h, "rnn_predict", args), "y");
  set(&h, args, "type", "class");
  const bptt_value *class = host_get(call(&h, "rnn_predict", args), "y");
  int ones = 0, count = 0;
  for (size_t i = 0; i < B * T; i++) {
    double v = host_at(y, i), p = host_at(prob, i), k = host_at(class, i);
    if (isnan(v)) {
      CHECK(isnan(p) && isnan(k));
      continue;
    }
    CHECK(fabs(p - 1 / (1 + exp(-v))) < 1e-15 && k == (p > .5));
    ones += k == 1;
    count++;
  }
  CHECK(count == 11 && ones > 0 && ones < count);
  host_close(&h);
}

static void test_predict(bptt_habit habit)
{
  host h;
  host_open(&h, habit);
  bptt_value *net = make_net(&h, D, H, 3, "gru");
  bptt_value *args = arguments(&h, net, wave(&h, 3, (size_t[]){D, B, T}, 0), NULL);
  host_add(&h, args, "lengths", host_vector(&h, B, (double[]){5, 2, 4}));
  const bptt_value *y = host_get(call(&h, "rnn_forward", args), "y");
  bptt_value *result = call(&h, "rnn_predict", args);
  CHECK(host_same(host_get(result, "y"), y));
  CHECK(host_has(result, "state"));
  set(&h, args, "type", "prob");
  const bptt_value *prob = host_get(call(&h, "rnn_predict", args), "y");
  set(&h, args, "type", "class");
  const bptt_value *class = host_get(call(&h, "rnn_predict", args), "y");
  CHECK(has_dims(class, 3, 1, B, T));
  for (size_t i = 0; i < B * T; i++) {
    double sum = 0, most = -INFINITY, best = NAN;
    for (size_t k = 0; k < 3; k++) {
      sum += host_at(prob, 3 * i + k);
      if (host_at(y, 3 * i + k) > most) most = host_at(y, 3 * i + k), best = (double)k + 1;
    }
    CHECK(isnan(sum) ? isnan(host_at(y, 3 * i)) : fabs(sum - 1) < 1e-14);
    CHECK(isnan(best) ? isnan(host_at(class, i)) : host_at(class, i) == best);
  }
  host_close(&h);
}

/* The predictions of networks of all cells, each by a call of its own. */
static void predict_each(host *h, const bptt_value *nets, bptt_value *args, const char *type,
                         const bptt_value **y)
{
  set(h, args, "combine", "mean");
  set(h, args, "type", type);
  for (size_t i = 0; i < nets->count; i++) {
    host_add(h, args, "net", &nets->item[i]);
    y[i] = host_get(call(h, "rnn_predict", args), "y");
  }
  host_add(h, args, "net", nets);
}

static const bptt_value *combined(host *h, bptt_value *args, const char *type, const char *combine)
{
  set(h, args, "type", type);
  set(h, args, "combine", combine);
  return host_get(call(h, "rnn_predict", args), "y");
}

/* The median of up to four numbers, by sorting; NaN where one is. */
static double sorted_median(size_t n, const bptt_value *const *y, size_t i)
{
  double v[4];
  for (size_t k = 0; k < n; k++) {
    double next = host_at(y[k], i);
    size_t at = k;
    if (isnan(next)) return next;
    for (; at > 0 && v[at - 1] > next; at--) v[at] = v[at - 1];
    v[at] = next;
  }
  return n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

static bool same_number(double a, double b)
{
  return a == b || (isnan(a) && isnan(b));
}

/* The class of a column of 3 numbers. */
static double largest(const double p[3])
{
  if (isnan(p[0])) return NAN;
  int best = p[1] > p[0] ? 1 : 0;
  return 1 + (p[2] > p[best] ? 2 : best);
}

static void check_combined(host *h, const bptt_value *nets, bptt_value *args)
{
  static const char *const types[] = {"response", "prob", "class"};
  const bptt_value *y[4], *mean, *median;
  size_t n = nets->count;
  for (int t = 0; t < 3; t++) {
    predict_each(h, nets, args, types[t], y);
    const bptt_value *all = combined(h, args, types[t], "all");
    CHECK(all->kind == BPTT_LIST && all->count == n);
    for (size_t k = 0; k < n; k++) CHECK(!all->item[k].name && host_same(&all->item[k], y[k]));
  }
  predict_each(h, nets, args, "response", y);
  mean = combined(h, args, "response", "mean");
  median = combined(h, args, "response", "median");
  CHECK(has_dims(mean, 3, 3, B, T) && has_dims(median, 3, 3, B, T));
  for (size_t i = 0; i < 3 * B * T; i++) {
    double sum = host_at(y[0], i);
    for (size_t k = 1; k < n; k++) sum += host_at(y[k], i);
    CHECK(same_number(host_at(mean, i), sum / (double)n));
    CHECK(same_number(host_at(median, i), sorted_median(n, y, i)));
  }
  predict_each(h, nets, args, "prob", y);
  mean = combined(h, args, "prob", "mean");
  median = combined(h, args, "prob", "median");
  const bptt_value *mean_class = combined(h, args, "class", "mean");
  const bptt_value *median_class = combined(h, args, "class", "median");
  CHECK(has_dims(mean_class, 3, 1, B, T) && has_dims(median_class, 3, 1, B, T));
  for (size_t c = 0; c < B * T; c++) {
    double p[3], m[3], total = 0;
    for (size_t o = 0; o < 3; o++) {
      p[o] = host_at(y[0], 3 * c + o);
      for (size_t k = 1; k < n; k++) p[o] += host_at(y[k], 3 * c + o);
      p[o] /= (double)n;
      m[o] = sorted_median(n, y, 3 * c + o);
      total += m[o];
    }
    for (size_t o = 0; o < 3; o++) {
      CHECK(same_number(host_at(mean, 3 * c + o), p[o]));
      CHECK(same_number(host_at(median, 3 * c + o), n > 1 ? m[o] / total : m[o]));
    }
    CHECK(same_number(host_at(mean_class, c), largest(p)));
    CHECK(same_number(host_at(median_class, c), largest(m)));
  }
}

/* Of one network in a list, of an odd and of an even number. */
static void test_ensemble(bptt_habit habit)
{
  host h;
  host_open(&h, habit);
  bptt_value *nets = host_list(&h);
  bptt_value *args = arguments(&h, nets, wave(&h, 3, (size_t[]){D, B, T}, 0), NULL);
  host_add(&h, args, "lengths", host_vector(&h, B, (double[]){5, 2, 4}));
  for (int k = 0; k < 4; k++) {
    host_add(&h, nets, NULL, make_net(&h, D, H + k, 3, cells[k % 3]));
    if (k != 1) check_combined(&h, nets, args);
  }
  set(&h, args, "combine", "all");
  bptt_value *several = call(&h, "rnn_predict", args);
  CHECK(host_has(several, "state") == (habit == BPTT_OCTAVE));
  host_add(&h, args, "net", &nets->item[2]);
  bptt_value *one = call(&h, "rnn_predict", args);
  CHECK(host_get(one, "y")->count == 1);
  CHECK(host_same(&host_get(one, "y")->item[0], &host_get(several, "y")->item[2]));
  if (habit == BPTT_OCTAVE) {
    CHECK(host_same(host_get(one, "state"), &host_get(several, "state")->item[2]));
  }
  host_close(&h);
}

/* Networks that agree on nothing: all medians are 0, and the mean stands for them. */
static void test_ensemble_certain(void)
{
  host h;
  host_open(&h, BPTT_R);
  bptt_value *nets = host_list(&h);
  for (size_t k = 0; k < 3; k++) {
    double bias[3] = {0, 0, 0};
    bias[k] = 2000;
    bptt_value *net = host_add(&h, nets, NULL, make_net(&h, 1, H, 3, "rnn"));
    *net = *with(&h, net, "param.b_y", host_vector(&h, 3, bias));
    net->name = NULL;
  }
  bptt_value *args = arguments(&h, nets, host_vector(&h, 2, (double[]){1, 2}), NULL);
  const bptt_value *median = combined(&h, args, "prob", "median");
  CHECK(host_same(median, combined(&h, args, "prob", "mean")));
  for (size_t i = 0; i < 6; i++) CHECK(fabs(host_at(median, i) - 1. / 3) < 1e-15);
  CHECK(host_at(combined(&h, args, "class", "median"), 0) == 1);
  host_close(&h);
}

/* A state for each network: the rest of a series as the whole. */
static void test_ensemble_state(void)
{
  host h;
  host_open(&h, BPTT_OCTAVE);
  bptt_value *nets = host_list(&h);
  host_add(&h, nets, NULL, make_net(&h, 1, H, 1, "gru"));
  host_add(&h, nets, NULL, make_net(&h, 1, H + 1, 1, "lstm"));
  nets->ndim = 2, nets->dim[0] = 2, nets->dim[1] = 1;
  const double x[] = {1, -2, 3, .5};
  const bptt_value *whole =
      host_get(call(&h, "rnn_predict", arguments(&h, nets, host_vector(&h, 4, x), NULL)), "y");
  bptt_value *first = call(&h, "rnn_predict", arguments(&h, nets, host_vector(&h, 2, x), NULL));
  const bptt_value *state = host_get(first, "state");
  CHECK(state->kind == BPTT_LIST && state->count == 2 && has_dims(state, 2, 2, 1, 0));
  bptt_value *args = arguments(&h, nets, host_vector(&h, 2, x + 2), NULL);
  host_add(&h, args, "state", state);
  const bptt_value *rest = host_get(call(&h, "rnn_predict", args), "y");
  for (size_t i = 0; i < 2; i++) {
    CHECK(host_at(host_get(first, "y"), i) == host_at(whole, i));
    CHECK(host_at(rest, i) == host_at(whole, i + 2));
  }
  h.want = 1;
  CHECK(call(&h, "rnn_predict", args)->count == 1);
  host_close(&h);
}

/* In Octave one network in single makes the result single. */
static void test_ensemble_single(void)
{
  host h;
  host_open(&h, BPTT_OCTAVE);
  bptt_value *nets = host_list(&h), *net = make_net(&h, D, H, 3, "gru");
  bptt_value *W_hy = host_as(&h, BPTT_SINGLE, host_get(net, "param.W_hy"));
  host_add(&h, nets, NULL, net);
  host_add(&h, nets, NULL, with(&h, net, "param.W_hy", W_hy));
  bptt_value *args = arguments(&h, nets, wave(&h, 3, (size_t[]){D, B, T}, 0), NULL);
  const bptt_value *all = combined(&h, args, "prob", "all");
  CHECK(all->item[0].kind == BPTT_DOUBLE && all->item[1].kind == BPTT_SINGLE);
  const bptt_value *mean = combined(&h, args, "prob", "mean");
  CHECK(mean->kind == BPTT_SINGLE && combined(&h, args, "class", "mean")->kind == BPTT_DOUBLE);
  for (size_t i = 0; i < 3 * B * T; i++) {
    double sum = host_at(&all->item[0], i) + host_at(&all->item[1], i);
    CHECK(host_at(mean, i) == (double)(float)(sum / 2));
  }
  host_close(&h);
}

static void test_single(void)
{
  host r, o;
  host_open(&r, BPTT_R);
  host_open(&o, BPTT_OCTAVE);
  bptt_value *net = make_net(&r, D, H, O, "gru");
  bptt_value *x = wave(&r, 3, (size_t[]){D, B, T}, 0);
  bptt_value *target = wave(&r, 3, (size_t[]){O, B, T}, 1);
  bptt_value *args = arguments(&r, net, x, target);
  bptt_value *exact = call(&r, "rnn_bptt", args);
  set(&r, args, "precision", "single");
  bptt_value *rough = call(&r, "rnn_bptt", args);
  CHECK(host_get(rough, "y")->kind == BPTT_DOUBLE);
  double y = host_at(host_get(exact, "y"), 3), rough_y = host_at(host_get(rough, "y"), 3);
  CHECK(y != rough_y && fabs(y - rough_y) < 1e-5 && rough_y == (double)(float)rough_y);
  CHECK(!host_same(host_get(exact, "grad"), host_get(rough, "grad")));

  bptt_value *octave_net = make_net(&o, D, H, O, "gru");
  bptt_value *single = arguments(&o, octave_net, host_as(&o, BPTT_SINGLE, x), target);
  bptt_value *result = call(&o, "rnn_bptt", single);
  CHECK(host_get(result, "loss")->kind == BPTT_SINGLE);
  CHECK(host_get(result, "grad.W_hh")->kind == BPTT_SINGLE);
  CHECK(host_get(result, "info.dx")->kind == BPTT_SINGLE);
  const bptt_value *a = host_get(result, "grad.W_hh"), *b = host_get(rough, "grad.W_hh");
  for (size_t i = 0; i < a->count; i++) CHECK(host_at(a, i) == host_at(b, i));
  bptt_value *W = host_get(octave_net, "param.b_y");
  host_add(&o, host_get(octave_net, "param"), "b_y", host_as(&o, BPTT_SINGLE, W));
  CHECK(host_same(call(&o, "rnn_bptt", arguments(&o, octave_net, x, target)), result));
  host_close(&r);
  host_close(&o);
}

static void test_clip(bptt_habit habit)
{
  host h;
  host_open(&h, habit);
  bptt_value *net = make_net(&h, D, H, O, "lstm");
  bptt_value *x = wave(&h, 3, (size_t[]){D, B, T}, 0);
  bptt_value *args = arguments(&h, net, x, wave(&h, 3, (size_t[]){O, B, T}, 1));
  const bptt_value *grad = host_get(call(&h, "rnn_bptt", args), "grad");
  bptt_value *clip = host_list(&h);
  host_add(&h, clip, "grad", grad);
  host_add(&h, clip, "norm", host_number(&h, .125));
  host_add(&h, clip, "value", host_number(&h, .01));
  bptt_value *clipped = call(&h, "rnn_clip", clip);
  host_add(&h, args, "clip_norm", host_number(&h, .125));
  host_add(&h, args, "clip_value", host_number(&h, .01));
  bptt_value *result = call(&h, "rnn_bptt", args);
  CHECK(host_same(host_get(result, "grad"), host_get(clipped, "grad")));
  const bptt_value *info = habit == BPTT_R ? result : host_get(result, "info");
  CHECK(host_same(host_get(info, "grad_norm"), host_get(clipped, "grad_norm")));

  bptt_value *two = host_list(&h);
  host_add(&h, two, "a", host_vector(&h, 2, (double[]){3, -4}));
  host_add(&h, two, NULL, host_number(&h, 12));
  clip = host_list(&h);
  host_add(&h, clip, "grad", two);
  host_add(&h, clip, "norm", host_number(&h, 6.5));
  result = call(&h, "rnn_clip", clip);
  CHECK(host_at(host_get(result, "grad_norm"), 0) == 13);
  CHECK(host_at(host_get(result, "grad.a"), 1) == -2);
  CHECK(host_at(&host_get(result, "grad")->item[1], 0) == 6);
  /* Numbers whose squares overflow or vanish. */
  static const double scales[] = {1e-300, 1e300};
  for (int i = 0; i < 2; i++) {
    double scale = scales[i];
    host_add(&h, two, "a", host_vector(&h, 2, (double[]){3 * scale, -4 * scale}));
    two->item[1] = *host_number(&h, 12 * scale);
    host_add(&h, clip, "grad", two);
    double norm = host_at(host_get(call(&h, "rnn_clip", clip), "grad_norm"), 0);
    CHECK(fabs(norm / scale - 13) < 1e-13);
  }
  host_close(&h);
}

static void test_pack(bptt_habit habit)
{
  host h;
  host_open(&h, habit);
  bptt_value *net = make_net(&h, D, H, O, "gru"), *args = host_list(&h);
  host_add(&h, args, "param", net);
  const bptt_value *theta = host_get(call(&h, "rnn_pack", args), "theta");
  CHECK(has_dims(theta, habit == BPTT_R ? 1 : 2, 12 * 3 + 12 * 4 + 12 + 4 + 8 + 2, 1, 0));
  CHECK(host_at(theta, 0) == host_at(host_get(net, "param.W_xh"), 0));
  host_add(&h, args, "param", host_get(net, "param"));
  CHECK(host_same(host_get(call(&h, "rnn_pack", args), "theta"), theta));
  bptt_value *back = host_list(&h);
  host_add(&h, back, "theta", theta);
  host_add(&h, back, "net", net);
  CHECK(host_same(host_get(call(&h, "rnn_unpack", back), "param"), host_get(net, "param")));
  host_close(&h);
}

/* ---------------------------------------------------------------------- rnn_gradcheck */

static void test_gradcheck(bptt_habit habit)
{
  static const double truncate[][2] = {{INFINITY, INFINITY}, {2, 2}, {2, 4}, {1, 3}, {3, INFINITY}};
  host h;
  host_open(&h, habit);
  for (int k = 0; k < 3; k++) {
    bptt_value *net = make_net(&h, 2, 3, 2, cells[k]);
    bptt_value *args = arguments(&h, net, wave(&h, 3, (size_t[]){2, 2, 5}, 0),
                                 wave(&h, 3, (size_t[]){2, 2, 5}, 1));
    host_add(&h, args, "lengths", host_vector(&h, 2, (double[]){3, 5}));
    host_add(&h, args, "wrt", host_texts(&h, 3, (const char *const[]){"param", "x", "state"}));
    for (size_t i = 0; i < sizeof truncate / sizeof truncate[0]; i++) {
      host_add(&h, args, "truncate", host_vector(&h, 2, truncate[i]));
      bptt_value *alone = call(&h, "rnn_gradcheck", args);
      double error = host_at(host_get(alone, "max_error"), 0);
      if (!(error < 1e-8))
        printf("%s, truncate %g %g: %g\n", cells[k], truncate[i][0], truncate[i][1], error);
      CHECK(error < 1e-8);
      h.threads = 2;
      CHECK(host_same(call(&h, "rnn_gradcheck", args), alone));
      h.threads = 0;
    }
    /* No sequence is as long as the array: the last windows are empty. */
    host_add(&h, args, "truncate", host_number(&h, 1));
    host_add(&h, args, "lengths", host_vector(&h, 2, (double[]){2, 3}));
    CHECK(host_at(host_get(call(&h, "rnn_gradcheck", args), "max_error"), 0) < 1e-8);
    host_add(&h, args, "lengths", host_vector(&h, 2, (double[]){3, 5}));
    host_add(&h, args, "truncate", host_null(&h));
    set(&h, args, "wrt", "param");
    host_add(&h, args, "grad", host_get(net, "param")); /* anything but the gradient */
    bptt_value *result = call(&h, "rnn_gradcheck", args);
    CHECK(host_at(host_get(result, "max_error"), 0) > .1);
    host_add(&h, args, "grad",
             host_get(call(&h, "rnn_bptt",
                           arguments(&h, net, host_get(args, "x"), host_get(args, "target"))),
                      "grad"));
    CHECK(host_at(host_get(call(&h, "rnn_gradcheck", args), "max_error"), 0) > 1e-3);
    bptt_value *same = host_list(&h);
    host_add(&h, same, "net", net);
    host_add(&h, same, "x", host_get(args, "x"));
    host_add(&h, same, "target", host_get(args, "target"));
    host_add(&h, same, "grad", host_get(args, "grad"));
    CHECK(host_at(host_get(call(&h, "rnn_gradcheck", same), "max_error"), 0) < 1e-8);
    const bptt_value *info = habit == BPTT_R ? h.result : host_get(h.result, "info");
    CHECK(strcmp(host_get(info, "name")->text[0], "W_xh") == 0);
    CHECK(host_get(info, "index")->count == host_get(net, "param")->count);
  }
  host_close(&h);
}

/* Two layers: both directions, dropout, outputs at the last step, truncation. */
static void test_gradcheck_deep(bptt_habit habit, const char *cell)
{
  static const double truncate[][2] = {{INFINITY, INFINITY}, {2, 2}, {4, 4}, {2, 3}, {1, 4}};
  host h;
  host_open(&h, habit);
  for (int variant = 0; variant < 8; variant++) {
    bool both = variant & 1, last = variant & 2, dropout = variant & 4;
    bptt_value *net = make_deep(&h, 2, 2, cell, both, last ? "last" : "sequence", dropout ? .4 : 0);
    bptt_value *target =
        last ? wave(&h, 2, (size_t[]){2, 3}, 1) : wave(&h, 3, (size_t[]){2, 3, 6}, 1);
    bptt_value *args = arguments(&h, net, wave(&h, 3, (size_t[]){2, 3, 6}, 0), target);
    bptt_value *state = host_list(&h);
    const bptt_value *names =
        host_get(call(&h, "rnn_forward", arguments(&h, net, host_get(args, "x"), NULL)), "state");
    for (size_t i = 0; i < names->count; i++) {
      host_add(&h, state, names->item[i].name, wave(&h, 2, names->item[i].dim, 4 + (double)i));
    }
    host_add(&h, args, "lengths", host_vector(&h, 3, (double[]){3, 6, 4}));
    host_add(&h, args, "state", state);
    host_add(&h, args, "wrt", host_texts(&h, 3, (const char *const[]){"param", "x", "state"}));
    host_add(&h, args, "seed", host_number(&h, 5));
    for (size_t i = 0; i < sizeof truncate / sizeof truncate[0]; i++) {
      if (both && truncate[i][0] < truncate[i][1]) continue;
      host_add(&h, args, "truncate", host_vector(&h, 2, truncate[i]));
      double error = host_at(host_get(call(&h, "rnn_gradcheck", args), "max_error"), 0);
      if (!(error < 1e-8)) {
        printf("%s, both %d, last %d, dropout %d, truncate %g %g: %g\n", cell, both, last, dropout,
               truncate[i][0], truncate[i][1], error);
      }
      CHECK(error < 1e-8);
    }
    bptt_value *result = call(&h, "rnn_gradcheck", args);
    const bptt_value *info = habit == BPTT_R ? result : host_get(result, "info");
    const bptt_value *checked = host_get(info, "name");
    CHECK(checked->count == host_get(net, "param")->count + 1 + names->count);
    CHECK(strcmp(checked->text[checked->count - 1], names->item[names->count - 1].name) == 0);
  }
  host_close(&h);
}

/* Every activation, both resets, both losses. */
static void test_gradcheck_variants(void)
{
  static const struct {
    const char *cell, *option, *value, *loss, *reduction;
  } rows[] = {
      {"rnn", "activation", "relu", "mse", "mean"},
      {"rnn", "activation", "sigmoid", "cross_entropy", "sum"},
      {"rnn", "activation", "identity", "mse", "sum"},
      {"rnn", "activation", "tanh", "cross_entropy", "mean"},
      {"gru", "reset", "before", "mse", "mean"},
      {"gru", "reset", "after", "cross_entropy", "mean"},
      {"lstm", "reset", "after", "cross_entropy", "sum"},
  };
  static const double classes[20] = {1, 2, 3, NAN, 2, 3, 1, 1, 2, 2,
                                     3, 3, 1, 2,   3, 1, 2, 3, 1, NAN};
  host h;
  host_open(&h, BPTT_R);
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    bptt_value *net = make_net(&h, 2, 4, 3, rows[i].cell);
    set(&h, net, rows[i].option, rows[i].value);
    if (strcmp(rows[i].value, "before") == 0) net = with(&h, net, "param.b_hn", NULL);
    bptt_value *args = arguments(&h, net, wave(&h, 3, (size_t[]){2, 2, 10}, 0),
                                 wave(&h, 3, (size_t[]){3, 2, 10}, 1));
    if (strcmp(rows[i].loss, "mse") != 0) {
      host_add(&h, args, "target", host_array(&h, 2, (size_t[]){2, 10}, classes));
    }
    set(&h, args, "loss", rows[i].loss);
    set(&h, args, "reduction", rows[i].reduction);
    bptt_value *state = host_list(&h);
    host_add(&h, state, "h", wave(&h, 2, (size_t[]){4, 2}, 3));
    if (strcmp(rows[i].cell, "lstm") == 0) host_add(&h, state, "c", host_get(state, "h"));
    host_add(&h, args, "state", state);
    host_add(&h, args, "wrt", host_texts(&h, 3, (const char *const[]){"param", "x", "state"}));
    for (double k = 1; k < 5; k += 3) {
      host_add(&h, args, "truncate", host_vector(&h, 2, (double[]){k, k + 2}));
      CHECK(host_at(host_get(call(&h, "rnn_gradcheck", args), "max_error"), 0) < 1e-8);
    }
  }
  host_close(&h);
}

/* ----------------------------------------------------------------------------- errors */

/* What to break, and what must be said. */
typedef struct {
  const char *function, *name;
  bptt_value *value;               /* of the argument; NULL: it is left out */
  const char *argument, *sentence; /* NULL: any sentence */
} mistake;

static bptt_value *good_arguments(host *h, const char *function)
{
  bptt_value *args = host_list(h), *net = make_net(h, 3, 4, 2, "gru");
  if (strcmp(function, "rnn_net") == 0) {
    host_add(h, args, "input", host_number(h, 3));
    host_add(h, args, "hidden", host_number(h, 4));
    host_add(h, args, "output", host_number(h, 2));
    host_add(h, args, "seed", host_number(h, 1));
  } else if (strcmp(function, "rnn_clip") == 0) {
    host_add(h, args, "grad", host_get(net, "param"));
  } else if (strcmp(function, "rnn_pack") == 0) {
    host_add(h, args, "param", net);
  } else if (strcmp(function, "rnn_unpack") == 0) {
    host_add(h, args, "theta", host_number(h, 1));
    host_add(h, args, "net", net);
  } else {
    host_add(h, args, "net", net);
    host_add(h, args, "x", wave(h, 3, (size_t[]){3, 2, 5}, 0));
    bool loss = strcmp(function, "rnn_bptt") == 0 || strcmp(function, "rnn_gradcheck") == 0;
    if (loss) host_add(h, args, "target", wave(h, 3, (size_t[]){2, 2, 5}, 1));
  }
  return args;
}

static void test_mistake(host *h, const mistake *m)
{
  bptt_value *args = good_arguments(h, m->function);
  if (m->value) {
    host_add(h, args, m->name, m->value);
  } else {
    args = with(h, args, m->name, NULL);
  }
  bool refused = !host_call(h, m->function, args);
  bool same = refused && h->error.status == BPTT_EINPUT &&
              strcmp(h->error.argument, m->argument) == 0 &&
              (!m->sentence || strcmp(h->error.message, m->sentence) == 0);
  if (!same) {
    printf("%s, %s: \"%s\"\nexpected: \"%s\"\n", m->function, m->argument, h->error.message,
           m->sentence ? m->sentence : "an error");
  }
  CHECK(same);
}

/* An array that claims these dims and has no data. */
static bptt_value *claim(host *h, size_t d0, size_t d1, size_t d2)
{
  bptt_value *v = host_array(h, 3, (size_t[]){1, 1, 1}, (double[]){0});
  size_t dim[] = {d0, d1, d2};
  memcpy(v->dim, dim, sizeof dim);
  v->count = d0 * d1 * d2;
  v->data = NULL;
  return v;
}

static bptt_value *with_element(host *h, const bptt_value *v, size_t i, double number)
{
  bptt_value *copy = host_as(h, BPTT_DOUBLE, v);
  ((double *)copy->data)[i] = number;
  return copy;
}

static void test_mistakes(void)
{
  host h;
  host_open(&h, BPTT_R);
  bptt_value *net = make_net(&h, 3, 4, 2, "gru"), *empty = host_list(&h), *series = host_list(&h);
  bptt_value *x = wave(&h, 3, (size_t[]){3, 2, 5}, 0);
  bptt_value *target = wave(&h, 3, (size_t[]){2, 2, 5}, 0), *bare = host_list(&h);
  bptt_value *state = host_list(&h);
  host_add(&h, state, "h", wave(&h, 2, (size_t[]){4, 3}, 0));
  host_add(&h, series, NULL, wave(&h, 2, (size_t[]){5, 3}, 0));
  host_add(&h, series, NULL, wave(&h, 2, (size_t[]){4, 2}, 0));
  host_add(&h, bare, "a", host_text(&h, "b"));
  bptt_value *missing = host_array(&h, 3, (size_t[]){2, 2, 5}, target->data);
  for (size_t i = 0; i < missing->count; i++) ((double *)missing->data)[i] = NAN;
#define N(v) host_number(&h, v)
#define S(t) host_text(&h, t)
  const mistake mistakes[] = {
      {"rnn_net", "cell", S("lsmt"), "cell",
       "`cell` is \"lsmt\"; expected \"rnn\", \"gru\" or \"lstm\"; did you mean \"lstm\"?"},
      {"rnn_net", "cell", N(3), "cell", "`cell` is 3; expected \"rnn\", \"gru\" or \"lstm\""},
      {"rnn_net", "input", NULL, "input", "`input` is missing; rnn_net needs it"},
      {"rnn_net", "input", N(2.5), "input",
       "`input` is 2.5; expected one whole number from 1 to 2147483647"},
      {"rnn_net", "output", N(NAN), "output",
       "`output` is NaN; expected one whole number from 1 to 2147483647"},
      {"rnn_net", "hidden", host_vector(&h, 3, (double[]){8, 4, 2.5}), "hidden",
       "`hidden` is 2.5 at layer 3; expected a whole number from 1 to 2147483647 for each layer"},
      {"rnn_net", "hidden", wave(&h, 1, (size_t[]){101}, 0), "hidden",
       "`hidden` has 101 layers; expected at most 100"},
      {"rnn_net", "hidden", wave(&h, 2, (size_t[]){2, 2}, 0), "hidden",
       "`hidden` is a 2 x 2 matrix; expected one whole number from 1 to 2147483647, or a vector of "
       "them"},
      {"rnn_net", "bidirectional", S("yes"), "bidirectional",
       "`bidirectional` is \"yes\"; expected TRUE or FALSE"},
      {"rnn_net", "bidirectional", N(2), "bidirectional",
       "`bidirectional` is 2; expected TRUE or FALSE"},
      {"rnn_net", "output_mode", S("final"), "output_mode",
       "`output_mode` is \"final\"; expected \"sequence\" or \"last\""},
      {"rnn_net", "dropout", N(1), "dropout",
       "`dropout` is 1; expected one number of at least 0 and below 1"},
      {"rnn_net", "dropout", N(.5), "dropout",
       "`dropout` is 0.5; expected 0, as there is nothing between the layers of a network of one"},
      {"rnn_net", "hidden", N(100000), "hidden",
       "`hidden` is 100000, which with 3 inputs and 2 outputs makes 10000600002 parameters; "
       "expected at most 2147483647"},
      {"rnn_net", "reset", S("before"), "reset",
       "`reset` is \"before\"; expected \"after\", as only cell \"gru\" has a choice"},
      {"rnn_net", "seed", NULL, "seed",
       "`seed` is missing; expected a whole number from 0 to 2^53"},
      {"rnn_net", "seed", N(-1), "seed",
       "`seed` is -1; expected one whole number from 0 to 9007199254740992"},
      {"rnn_net", "bias", N(1), "bias", "`bias` is not an option of rnn_net"},

      {"rnn_forward", "net", N(1), "net", "`net` is 1; expected a network made by rnn_net"},
      {"rnn_forward", "net", NULL, "net", "`net` is missing; rnn_forward needs it"},
      {"rnn_forward", "net", with(&h, net, "hidden", NULL), "net",
       "`net` has no field `hidden`; expected a network made by rnn_net"},
      {"rnn_forward", "net", with(&h, net, "cell", S("gruu")), "net",
       "`cell` of `net` is \"gruu\"; expected \"rnn\", \"gru\" or \"lstm\"; did you mean \"gru\"?"},
      {"rnn_forward", "net", with(&h, net, "hidden", N(0)), "net",
       "`hidden` of `net` is 0; expected one whole number from 1 to 2147483647, or a vector of "
       "them"},
      {"rnn_forward", "net", with(&h, net, "hidden", N(5)), "net",
       "`W_xh` of `net` is 12 x 3; expected 15 x 3"},
      {"rnn_forward", "net", with(&h, net, "param", N(5)), "net",
       "`param` of `net` is 5; expected a list of parameters"},
      {"rnn_forward", "net", with(&h, net, "param.W_hh", NULL), "net",
       "`net` has no parameter `W_hh`"},
      {"rnn_forward", "net", with(&h, net, "param.W_hh", S("a")), "net",
       "`W_hh` of `net` is \"a\"; expected a real 12 x 4 matrix"},
      {"rnn_forward", "net", with(&h, net, "param.b_h", N(1)), "net",
       "`b_h` of `net` is 1; expected 12 numbers"},
      {"rnn_forward", "net", with(&h, net, "param.W_hx", N(1)), "net",
       "`net` has a parameter `W_hx` that a network of cell \"gru\" with 1 layer in 1 direction "
       "does "
       "not have"},
      {"rnn_forward", "net",
       with(&h, net, "param.W_hy", with_element(&h, host_get(net, "param.W_hy"), 2, NAN)), "net",
       "`W_hy` of `net` is NaN at element 3; expected finite numbers"},

      {"rnn_forward", "x", NULL, "x", "`x` is missing; rnn_forward needs it"},
      {"rnn_forward", "x", host_null(&h), "x",
       "`x` is NULL; expected a real array, a vector, a matrix or a list of series"},
      {"rnn_forward", "x", host_other(&h, "a sparse matrix"), "x",
       "`x` is a sparse matrix; expected a real array, a vector, a matrix or a list of series"},
      {"rnn_forward", "x", S("abc"), "x",
       "`x` is \"abc\"; expected a real array, a vector, a matrix or a list of series"},
      {"rnn_forward", "x", host_as(&h, BPTT_FACTOR, N(1)), "x",
       "`x` is a factor; expected a real array, a vector, a matrix or a list of series"},
      {"rnn_forward", "x", host_array(&h, 3, (size_t[]){3, 0, 5}, NULL), "x",
       "`x` is empty (3 x 0 x 5); expected a real array, a vector, a matrix or a list of series"},
      {"rnn_forward", "x", host_array(&h, 4, (size_t[]){1, 1, 1, 2}, x->data), "x",
       "`x` has 4 dims; expected at most 3"},
      {"rnn_forward", "x", host_vector(&h, 4, x->data), "x",
       "`x` has 1 feature; the network takes 3"},
      {"rnn_forward", "x", with_element(&h, x, 3, NAN), "x",
       "`x` is NaN at feature 1, sequence 2, step 1; expected a finite number"},
      {"rnn_forward", "x", with_element(&h, x, 14, -INFINITY), "x",
       "`x` is -Inf at feature 3, sequence 1, step 3; expected a finite number"},
      {"rnn_forward", "x", claim(&h, (size_t)1 << 40, (size_t)1 << 40, (size_t)1 << 40), "x",
       "`x` is larger than can be counted; expected a real array, a vector, a matrix or a list of "
       "series"},
      {"rnn_forward", "x", empty, "x",
       "`x` is an empty list; expected a real array, a vector, a matrix or a list of series"},
      {"rnn_forward", "x", series, "x", "item 2 of `x` has 2 features; item 1 has 3"},
      {"rnn_forward", "x", bare, "x",
       "item 1 of `x` is \"b\"; expected a series: a real vector or matrix"},

      {"rnn_forward", "format", S("CXT"), "format",
       "`format` is \"CXT\"; expected the order of the dims: the letters C, B and T, each at most "
       "once, with T"},
      {"rnn_forward", "format", S("CB"), "format", NULL},
      {"rnn_forward", "format", S("TTC"), "format", NULL},
      {"rnn_forward", "format", N(1), "format", NULL},
      {"rnn_forward", "format", S("CT"), "x",
       "`x` is a 3 x 2 x 5 array; expected 2 dims, as `format` is \"CT\""},

      {"rnn_forward", "lengths", host_vector(&h, 2, (double[]){5, 6}), "lengths",
       "`lengths` is 6 at sequence 2; expected a whole number from 1 to 5, the steps of `x`"},
      {"rnn_forward", "lengths", host_vector(&h, 2, (double[]){-1, 5}), "lengths",
       "`lengths` is -1 at sequence 1; expected a whole number from 1 to 5, the steps of `x`"},
      {"rnn_forward", "lengths", N(5), "lengths",
       "`lengths` has 1 number; expected 2 numbers, one for each sequence"},
      {"rnn_forward", "lengths", S("5"), "lengths",
       "`lengths` is \"5\"; expected 2 numbers, one for each sequence"},

      {"rnn_forward", "state", N(0), "state", "`state` is 0; expected a list with `h` (4 x 2)"},
      {"rnn_forward", "state", bare, "state",
       "`state` has no field `h`; expected a list with `h` (4 x 2)"},
      {"rnn_forward", "state", state, "state", "`h` of `state` is a 4 x 3 matrix; expected 4 x 2"},
      {"rnn_forward", "state",
       with(&h, with(&h, state, "h", wave(&h, 2, (size_t[]){4, 2}, 0)), "c", N(1)), "state",
       "`state` has a field `c`; expected a list with `h` (4 x 2)"},
      {"rnn_forward", "state",
       with(&h, state, "h", with_element(&h, wave(&h, 2, (size_t[]){4, 2}, 0), 7, INFINITY)),
       "state", "`h` of `state` is Inf at element 8; expected finite numbers"},

      {"rnn_forward", "precision", S("singel"), "precision",
       "`precision` is \"singel\"; expected \"double\" or \"single\"; did you mean \"single\"?"},
      {"rnn_forward", "lenghts", N(1), "lenghts",
       "`lenghts` is not an option of rnn_forward; did you mean `lengths`?"},
      {"rnn_predict", "type", S("classes"), "type",
       "`type` is \"classes\"; expected \"response\", \"prob\" or \"class\"; did you mean "
       "\"class\"?"},
      {"rnn_predict", "type", host_texts(&h, 1, (const char *const[]){NULL}), "type",
       "`type` is NA; expected \"response\", \"prob\" or \"class\""},

      {"rnn_bptt", "target", NULL, "target", "`target` is missing; rnn_bptt needs it, or `dy`"},
      {"rnn_bptt", "target", wave(&h, 3, (size_t[]){2, 2, 4}, 0), "target",
       "`target` is a 2 x 2 x 4 array; expected 2 x 2 x 5"},
      {"rnn_bptt", "target", series, "target",
       "`target` is a list; expected real numbers, 2 x 2 x 5"},
      {"rnn_bptt", "target", with_element(&h, target, 2, INFINITY), "target",
       "`target` is Inf at feature 1, sequence 2, step 1; expected a finite number, or a missing "
       "one"},
      {"rnn_bptt", "target", missing, "target",
       "`target` is missing everywhere; expected some number to take the mean over"},
      {"rnn_bptt", "truncat", N(5), "truncat",
       "`truncat` is not an option of rnn_bptt; did you mean `truncate`?"},
      {"rnn_bptt", NULL, N(5), "...",
       "an argument of rnn_bptt has no name; expected one of the options"},
      {"rnn_bptt", "truncate", N(0), "truncate",
       "`truncate` is 0; expected one whole number of at least 1 or Inf, or two, the second "
       "at least as large"},
      {"rnn_bptt", "truncate", host_vector(&h, 2, (double[]){4, 2}), "truncate",
       "`truncate` is 4 and 2; expected one whole number of at least 1 or Inf, or two, the second "
       "at least as large"},
      {"rnn_bptt", "clip_norm", N(0), "clip_norm", "`clip_norm` is 0; expected one number above 0"},
      {"rnn_bptt", "clip_value", host_vector(&h, 2, (double[]){4, 2}), "clip_value",
       "`clip_value` is a vector of 2 numbers; expected one number above 0"},
      {"rnn_bptt", "clip_value", N(NAN), "clip_value",
       "`clip_value` is NaN; expected one number above 0"},
      {"rnn_bptt", "loss", S("quantiles"), "loss",
       "`loss` is \"quantiles\"; expected \"mse\", \"mae\", \"huber\", \"cross_entropy\", "
       "\"binary_cross_entropy\", \"quantile\", \"gaussian\", \"student_t\" or "
       "\"negative_binomial\"; did you mean \"quantile\"?"},
      {"rnn_bptt", "loss", host_other(&h, "a function"), "loss",
       "`loss` is a function; rnn_bptt takes what it has for dL/dy as `dy`"},
      {"rnn_bptt", "loss", host_list(&h), "loss",
       "the function `loss` returned 0 values; expected two, the loss and dL/dy"},
      {"rnn_bptt", "weights", N(1), "weights", NULL},
      {"rnn_bptt", "dy", target, "dy",
       "`dy` is given, and so is `target`; expected one of the two"},
      {"rnn_bptt", "loss", host_texts(&h, 2, (const char *const[]){"mse", "mse"}), "loss", NULL},
      {"rnn_bptt", "wrt", S("params"), "wrt",
       "`wrt` is \"params\"; expected some of \"param\", \"x\" or \"state\"; did you mean "
       "\"param\"?"},
      {"rnn_bptt", "wrt", N(1), "wrt",
       "`wrt` is 1; expected some of \"param\", \"x\" or \"state\""},
      {"rnn_gradcheck", "grad", bare, "grad", "`grad` has no parameter `W_xh`"},
      {"rnn_gradcheck", "grad", N(1), "grad", NULL},
      {"rnn_gradcheck", "wrt", host_texts(&h, 0, NULL), "wrt", NULL},
      {"rnn_gradcheck", "precision", S("single"), "precision", NULL},
      {"rnn_clip", "grad", N(1), "grad", "`grad` is 1; expected a list of real arrays"},
      {"rnn_clip", "grad", bare, "grad", "`a` of `grad` is \"b\"; expected a real array"},
      {"rnn_clip", "norm", N(-1), "norm", "`norm` is -1; expected one number above 0"},
      {"rnn_pack", "param", N(1), "param",
       "`param` is 1; expected a list of parameters or a network made by rnn_net"},
      {"rnn_pack", "param", with(&h, net, "param.W_hh", NULL), "param",
       "`param` has no parameter `W_hh`"},
      {"rnn_unpack", "theta", N(1), "theta", "`theta` is 1; expected a vector of 110 numbers"},
      {"rnn_unpack", "theta", S("a"), "theta",
       "`theta` is \"a\"; expected a vector of 110 numbers"},
      {"rnn_unpack", "net", empty, "net",
       "`net` has no field `cell`; expected a network made by rnn_net"},
  };
  for (size_t i = 0; i < sizeof mistakes / sizeof mistakes[0]; i++) test_mistake(&h, &mistakes[i]);
  host_close(&h);
}

/* Every half of an e acute has the other one. */
static bool is_utf8(const char *text)
{
  for (const char *c = text; *c; c++) {
    if (*c == '\xc3' && c[1] != '\xa9') return false;
    if (*c == '\xa9' && (c == text || c[-1] != '\xc3')) return false;
  }
  return true;
}

/* Mistakes that need more than one argument. */
static void test_more_mistakes(void)
{
  host h, o;
  host_open(&h, BPTT_R);
  host_open(&o, BPTT_OCTAVE);
  bptt_value *args = good_arguments(&h, "rnn_bptt"), *list = host_list(&h);
  set(&h, args, "loss", "cross_entropy");
  double classes[10] = {1, 2, 1, 2, 3, 1, 1, 1, 1, 1};
  host_add(&h, args, "target", host_array(&h, 2, (size_t[]){2, 5}, classes));
  CHECK(!host_call(&h, "rnn_bptt", args));
  CHECK(strcmp(h.error.message, "`target` is 3 at sequence 1, step 3; expected a class: a whole "
                                "number from 1 to 2") == 0);
  host_add(&h, args, "target", host_vector(&h, 10, classes));
  CHECK(!host_call(&h, "rnn_bptt", args));
  CHECK(strcmp(h.error.message,
               "`target` is a vector of 10 numbers; expected classes, 1 x 2 x 5 or 2 x 5") == 0);

  for (int b = 0; b < 2; b++) host_add(&h, list, NULL, wave(&h, 2, (size_t[]){5, 3}, 0));
  args = good_arguments(&h, "rnn_bptt");
  host_add(&h, args, "x", list);
  CHECK(!host_call(&h, "rnn_bptt", args));
  CHECK(strcmp(h.error.message,
               "`target` is a 2 x 2 x 5 array; expected a list of 2 series, as `x` is") == 0);
  bptt_value *targets = host_list(&h);
  host_add(&h, targets, NULL, wave(&h, 2, (size_t[]){5, 2}, 0));
  host_add(&h, args, "target", targets);
  CHECK(!host_call(&h, "rnn_bptt", args));
  CHECK(strcmp(h.error.message,
               "`target` is a list of 1; expected a list of 2 series, as `x` is") == 0);
  host_add(&h, targets, NULL, wave(&h, 2, (size_t[]){4, 2}, 0));
  host_add(&h, args, "target", targets);
  CHECK(!host_call(&h, "rnn_bptt", args));
  CHECK(strcmp(h.error.message, "item 2 of `target` is a 4 x 2 matrix; expected 5 x 2") == 0);
  host_add(&h, args, "lengths", host_vector(&h, 2, (double[]){5, 5}));
  CHECK(!host_call(&h, "rnn_bptt", args) && strcmp(h.error.argument, "lengths") == 0);
  host_add(&h, args, "lengths", host_null(&h));
  set(&h, args, "format", "BT");
  CHECK(!host_call(&h, "rnn_bptt", args) && strcmp(h.error.argument, "format") == 0);

  args = good_arguments(&h, "rnn_net");
  args->item[args->count++] = args->item[0];
  CHECK(!host_call(&h, "rnn_net", args));
  CHECK(strcmp(h.error.message, "`input` is given twice") == 0);
  CHECK(!host_call(&h, "rnn_nett", args));
  args = good_arguments(&h, "rnn_net");
  set(&h, args, "cell", "lstm");
  set(&h, args, "activation", "relu");
  CHECK(!host_call(&h, "rnn_net", args));
  CHECK(strcmp(h.error.message,
               "`activation` is \"relu\"; expected \"tanh\", as only cell \"rnn\" has a choice") ==
        0);

  args = good_arguments(&o, "rnn_forward");
  set(&o, args, "precision", "single");
  CHECK(!host_call(&o, "rnn_forward", args));
  CHECK(strcmp(o.error.message, "`precision` is not an option of rnn_forward") == 0);

  /* A name of any length, cut between characters. */
  char name[400];
  memset(name, 'x', sizeof name);
  for (size_t i = 1; i + 2 < sizeof name; i += 2) memcpy(name + i, "\xc3\xa9", 2);
  name[sizeof name - 1] = '\0';
  args = good_arguments(&h, "rnn_net");
  host_add(&h, args, name, host_number(&h, 1));
  CHECK(!host_call(&h, "rnn_net", args) && is_utf8(h.error.message) && is_utf8(h.error.argument));
  args = good_arguments(&h, "rnn_net");
  set(&h, args, "cell", name);
  CHECK(!host_call(&h, "rnn_net", args) && is_utf8(h.error.message));
  host_close(&h);
  host_close(&o);
}

/* When there is no memory, whichever allocation it is that fails. */
static void check_no_memory(host *h, const char *function, const bptt_value *args)
{
  size_t n = 0;
  for (;; n++) {
    h->allocations_left = n;
    bool done = host_call(h, function, args);
    h->allocations_left = (size_t)-1;
    if (done) break;
    CHECK(h->error.status == BPTT_ENOMEM);
    if (h->error.status != BPTT_ENOMEM) break;
  }
  CHECK(n > 1);
}

static void test_no_memory(void)
{
  host h;
  host_open(&h, BPTT_R);
  static const char *const functions[] = {"rnn_net",  "rnn_bptt", "rnn_gradcheck",
                                          "rnn_clip", "rnn_pack", "bptt_info"};
  for (size_t f = 0; f < sizeof functions / sizeof functions[0]; f++) {
    check_no_memory(&h, functions[f], f == 5 ? host_list(&h) : good_arguments(&h, functions[f]));
  }
  bptt_value *args = good_arguments(&h, "rnn_predict"), *nets = host_list(&h);
  for (int k = 0; k < 2; k++) host_add(&h, nets, NULL, host_get(args, "net"));
  host_add(&h, args, "net", nets);
  check_no_memory(&h, "rnn_predict", args);
  set(&h, args, "combine", "all");
  check_no_memory(&h, "rnn_predict", args);
  host_close(&h);
}

/* Scores of a list of quantiles and intervals with a past, and of factors with and without levels;
 * when there is no memory as well. */
static bptt_value *score(host *h, const bptt_value *args)
{
  size_t n = 0;
  for (bool done = false; !done; n++) {
    h->allocations_left = n;
    done = host_call(h, "rnn_metrics", args);
    h->allocations_left = (size_t)-1;
    CHECK(done || h->error.status == BPTT_ENOMEM);
    if (!done && h->error.status != BPTT_ENOMEM) return NULL;
  }
  CHECK(n > 1);
  return h->habit == BPTT_R ? h->result : host_get(h->result, "metrics");
}

static bool has_score(const bptt_value *scores, const char *name, size_t i, double want)
{
  return fabs(host_at(host_get(scores, name), i) - want) < 1e-14;
}

static void test_metrics(bptt_habit habit)
{
  host h;
  host_open(&h, habit);
  static const double y[] = {1, NAN, 3}, f[2][3] = {{2, 0, 3}, {0, NAN, 5}};
  static const double z[] = {1, 2, 4, NAN, 1}, l[] = {2, 0, 2}, u[] = {4, 0, 3};
  bptt_value *args = host_list(&h), *quantiles = host_list(&h);
  double both[6];
  for (size_t i = 0; i < 6; i++) both[i] = habit == BPTT_R ? f[i / 3][i % 3] : f[i % 2][i / 2];
  const size_t dim[2] = {habit == BPTT_R ? 3 : 2, habit == BPTT_R ? 2 : 3};
  host_add(&h, quantiles, NULL, host_array(&h, 2, dim, both));
  host_add(&h, args, "prediction", quantiles);
  static const struct {
    const char *name;
    size_t n;
    const double *data;
  } vector[] = {{"target", 3, y}, {"insample", 5, z}, {"lower", 3, l}, {"upper", 3, u}};
  for (size_t i = 0; i < 4; i++) {
    bptt_value *list = host_list(&h);
    host_add(&h, list, NULL, host_vector(&h, vector[i].n, vector[i].data));
    host_add(&h, args, vector[i].name, list);
  }
  host_add(&h, args, "levels", host_vector(&h, 2, (double[]){.5, .75}));
  bptt_value *scores = score(&h, args);
  if (scores) {
    CHECK(has_score(scores, "n", 0, 2) && has_score(scores, "mae", 0, .5));
    CHECK(has_score(scores, "mase", 0, .5 / 1.5));
    CHECK(has_score(scores, "pinball", 0, .25) && has_score(scores, "pinball", 1, 1.25 / 2));
    CHECK(has_score(scores, "coverage", 0, .5) && has_score(scores, "msis", 0, 43 / 2. / 1.5));
  }

  args = host_list(&h);
  bptt_value *truth = host_as(&h, BPTT_FACTOR, host_vector(&h, 3, y));
  host_add(&h, args, "target", truth);
  host_add(&h, args, "prediction",
           host_as(&h, BPTT_FACTOR, host_vector(&h, 3, (double[]){1, 2, 1})));
  scores = score(&h, args);
  if (scores) {
    CHECK(has_score(scores, "accuracy", 0, .5) && has_score(scores, "precision", 0, .5));
    CHECK(host_get(scores, "confusion")->count == 9 && has_score(scores, "confusion", 2, 1));
  }
  truth->item = host_texts(&h, 4, (const char *const[]){"a", "b", NULL, "d"});
  host_add(&h, args, "target", truth);
  scores = score(&h, args);
  if (scores) {
    CHECK(host_get(scores, "confusion")->count == 16 && has_score(scores, "confusion", 2, 1));
    CHECK(host_get(scores, "class")->kind == BPTT_TEXT && host_get(scores, "class")->count == 4);
  }
  host_close(&h);
}

/* A run over a long series can be stopped at each poll, wherever that is; counts the polls. */
static int count_polls(host *h, const bptt_value *args)
{
  for (int n = 0;; n++) {
    h->polls_left = n;
    bool done = host_call(h, "rnn_bptt", args);
    h->polls_left = -1;
    if (done) return n;
    CHECK(h->error.status == BPTT_EINTERRUPT);
    if (h->error.status != BPTT_EINTERRUPT) return n;
  }
}

static void test_interrupt_long(void)
{
  enum { LONG = 40000 };
  host h;
  host_open(&h, BPTT_R);
  double *numbers = host_alloc(&h, LONG * sizeof *numbers);
  bptt_value *args = arguments(&h, make_net(&h, 1, 16, 1, "lstm"), host_vector(&h, LONG, numbers),
                               host_vector(&h, LONG, numbers));
  /* Forward, backward and the weights' products are some 4e7 multiply-adds each. */
  CHECK(count_polls(&h, args) >= 3);
  /* Windows of 100 steps, one after each step: nearly all work is in them. */
  host_add(&h, args, "x", host_vector(&h, 2000, numbers));
  host_add(&h, args, "target", host_vector(&h, 2000, numbers));
  host_add(&h, args, "truncate", host_vector(&h, 2, (double[]){1, 100}));
  CHECK(count_polls(&h, args) >= 6);
  host_close(&h);
}

static void test_interrupt(void)
{
  host h;
  host_open(&h, BPTT_R);
  bptt_value *args = good_arguments(&h, "rnn_gradcheck");
  h.polls_left = 0;
  CHECK(!host_call(&h, "rnn_gradcheck", args) && h.error.status == BPTT_EINTERRUPT);
  args = good_arguments(&h, "rnn_net");
  host_add(&h, args, "hidden", host_number(&h, 40));
  h.polls_left = 0;
  CHECK(!host_call(&h, "rnn_net", args) && h.error.status == BPTT_EINTERRUPT);
  host_close(&h);
}

static void test_warnings(void)
{
  host h;
  host_open(&h, BPTT_R);
  bptt_value *net = make_net(&h, 1, 1, 1, "rnn"), *param = host_get(net, "param");
  host_add(&h, net, "activation", host_text(&h, "identity"));
  host_add(&h, param, "W_xh", host_number(&h, 1));
  host_add(&h, param, "W_hh", host_number(&h, 1e200));
  host_add(&h, param, "W_hy", host_number(&h, 1));
  bptt_value *x = host_vector(&h, 4, (double[]){1, 1, 1, 1});
  bptt_value *args = arguments(&h, net, x, NULL);
  call(&h, "rnn_forward", args);
  CHECK(h.warning && strcmp(h.warning, "the output is not finite: first at step 3") == 0);
  bptt_value *nets = host_list(&h);
  host_add(&h, nets, NULL, make_net(&h, 1, 1, 1, "rnn"));
  host_add(&h, nets, NULL, net);
  call(&h, "rnn_predict", arguments(&h, nets, x, NULL));
  CHECK(h.warning &&
        strcmp(h.warning, "`net[[2]]`: the output is not finite: first at step 3") == 0);
  host_add(&h, args, "target", x);
  call(&h, "rnn_bptt", args);
  CHECK(h.warning && strcmp(h.warning, "the loss is not finite: first at step 2; the gradient of "
                                       "`W_xh` is not finite: going back from the end, first at "
                                       "step 4") == 0);
  host_add(&h, args, "truncate", host_number(&h, 2));
  call(&h, "rnn_bptt", args);
  CHECK(h.warning && strstr(h.warning, "is not finite: going back, first at step "));
  host_add(&h, args, "truncate", host_number(&h, INFINITY));
  /* Only the first two steps count: h = 1, 1e200; going back, step 1 gets 1e200 * 1e200. */
  host_add(&h, args, "x", host_vector(&h, 2, (double[]){1, 1}));
  host_add(&h, args, "target", host_vector(&h, 2, (double[]){1, 2e-200}));
  host_add(&h, param, "W_hy", host_number(&h, 1e-100));
  host_add(&h, param, "W_hh", host_number(&h, 1e220));
  host_add(&h, args, "clip_norm", host_number(&h, 1));
  bptt_value *result = call(&h, "rnn_bptt", args);
  CHECK(isfinite(host_at(host_get(result, "loss"), 0)));
  CHECK(h.warning && strncmp(h.warning, "the gradient of `", 17) == 0);
  host_close(&h);
}

/* Defaults are in their ranges, and every name is a word. */
static void test_table(void)
{
  size_t count;
  const bptt_option *table = bptt_option_table(&count);
  for (size_t i = 0; i < count; i++) {
    const bptt_option *o = &table[i];
    CHECK(o->function && o->name && o->type && o->initial && o->range && o->help && *o->help);
    if (strcmp(o->type, "choice") == 0 && strcmp(o->initial, "NULL") != 0) {
      char word[32];
      snprintf(word, sizeof word, "%.*s", (int)strlen(o->initial) - 2, o->initial + 1);
      CHECK(strstr(o->range, word));
    }
  }
}

int main(void)
{
#ifdef STRIDE /* where it is slow */
  const bool fast = false;
#else
  const bool fast = true;
#endif
  bptt_load();
  for (bptt_habit habit = BPTT_R; habit <= BPTT_OCTAVE; habit++) {
    test_check_values(habit);
    test_losses(habit);
    test_net(habit);
    test_deep_net(habit);
    for (int k = 0; k < 3; k++) {
      test_stack(habit, cells[k]);
      test_directions(habit, cells[k]);
      test_orders(habit, cells[k]);
      test_list(habit, cells[k]);
    }
    test_targets(habit);
    test_forward_and_state(habit);
    test_predict(habit);
    test_predict_one(habit);
    test_ensemble(habit);
    test_metrics(habit);
    test_last(habit, false);
    test_last(habit, true);
    test_dropout(habit);
    test_memory(habit);
    test_clip(habit);
    test_pack(habit);
    test_gradcheck(habit);
  }
  if (fast) test_gradcheck_deep(BPTT_R, "lstm"); /* test_gradcheck.c has all the others */
  if (fast) test_gradcheck_deep(BPTT_OCTAVE, "gru");
  test_gradcheck_variants();
  test_seed();
  test_shapes();
  test_last_shapes();
  test_want();
  test_ensemble_certain();
  test_ensemble_state();
  test_ensemble_single();
  test_single();
  test_mistakes();
  test_more_mistakes();
  test_no_memory();
  test_interrupt();
  if (fast) test_interrupt_long();
  test_warnings();
  test_table();
  bptt_release();
  return report();
}

/* test_files.c -- rnn_save, rnn_load, rnn_export and rnn_import.
 *
 *   test_files [MUTANTS]     100000 by default
 *
 * Files go round and come back with the same bits; files written by hand in the names of others
 * give what their documentation says that they compute; files that are damaged, by hand or at
 * random, are refused with a sentence, or read as a network that is whole. */
#include "check.h"
#include "host.h"
#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---------------------------------------------------------------------------- helpers */

static uint64_t random_state = 1;

static uint64_t draw(void)
{
  random_state ^= random_state << 13;
  random_state ^= random_state >> 7;
  random_state ^= random_state << 17;
  return random_state;
}

static size_t below(size_t n)
{
  return (size_t)(draw() % n);
}

static double number(void)
{
  return (double)(draw() >> 11) * 0x1p-52 - 1;
}

static bptt_value *call(host *h, const char *function, const bptt_value *args)
{
  if (host_call(h, function, args)) return h->result;
  printf("%s: %s\n", function, h->error.message);
  exit(1);
}

static bptt_value *make_net(host *h, const char *cell, int layers, bool both, const char *reset)
{
  bptt_value *args = host_list(h);
  host_add(h, args, "input", host_number(h, 3));
  host_add(h, args, "hidden", host_vector(h, (size_t)layers, (double[]){2, 4, 3}));
  host_add(h, args, "output", host_number(h, 2));
  host_add(h, args, "cell", host_text(h, cell));
  host_add(h, args, "reset", host_text(h, reset));
  host_add(h, args, "bidirectional", host_as(h, BPTT_LOGICAL, host_number(h, both)));
  host_add(h, args, "dropout", host_number(h, layers > 1 ? 0.1 : 0));
  host_add(h, args, "seed", host_number(h, 7));
  bptt_value *net = host_get(call(h, "rnn_net", args), "net");
  bptt_value *param = host_get(net, "param");
  for (size_t i = 0; i < param->count; i++) {
    double *data = param->item[i].data;
    for (size_t k = 0; k < param->item[i].count; k++) data[k] = number();
  }
  return net;
}

static bptt_value *save(host *h, const bptt_value *net, const char *naming)
{
  bptt_value *args = host_list(h);
  host_add(h, args, "net", net);
  host_add(h, args, "file", host_text(h, "a file"));
  if (naming) host_add(h, args, "naming", host_text(h, naming));
  return host_get(call(h, naming ? "rnn_export" : "rnn_save", args), "bytes");
}

/* NULL: refused. */
static bptt_value *load(host *h, const char *function, const bptt_value *bytes)
{
  bptt_value *args = host_list(h);
  host_add(h, args, "file", bytes);
  return host_call(h, function, args) ? host_get(h->result, "net") : NULL;
}

/* ------------------------------------------------------------------------------ files */

/* A file in the making. */
typedef struct {
  char header[16384];
  unsigned char data[65536];
  size_t length, size;
} maker;

static void write_header(maker *m, const char *format, ...)
{
  va_list args;
  va_start(args, format);
  m->length += (size_t)vsnprintf(m->header + m->length, sizeof m->header - m->length, format, args);
  va_end(args);
}

/* Numbers in their order; dims as text: "3,2". */
static void add_tensor(maker *m, const char *name, const char *dims, size_t count, const double *v)
{
  write_header(m, "%s\"%s\":{\"dtype\":\"F64\",\"shape\":[%s],\"data_offsets\":[%zu,%zu]}",
               m->length ? "," : "{", name, dims, m->size, m->size + 8 * count);
  memcpy(m->data + m->size, v, 8 * count);
  m->size += 8 * count;
}

static bptt_value *file_of(host *h, const char *header, size_t size, const void *data)
{
  size_t length = strlen(header);
  unsigned char *bytes = host_alloc(h, 8 + length + size);
  for (int i = 0; i < 8; i++) bytes[i] = (unsigned char)((uint64_t)length >> 8 * i);
  memcpy(bytes + 8, header, length);
  if (size) memcpy(bytes + 8 + length, data, size);
  return host_bytes(h, 8 + length + size, bytes);
}

static bptt_value *finish(host *h, maker *m)
{
  write_header(m, "}");
  return file_of(h, m->header, m->size, m->data);
}

/* ------------------------------------------------------------------------- round trips */

static const struct {
  const char *cell, *reset;
} kinds[] = {{"rnn", "after"}, {"gru", "after"}, {"gru", "before"}, {"lstm", "after"}};
enum { KINDS = sizeof kinds / sizeof kinds[0] };

static const char *const namings[] = {"torch", "keras", "matlab"};

/* Whether the software has such a network. */
static bool sayable(int naming, int kind, bool both)
{
  bool gru = strcmp(kinds[kind].cell, "gru") == 0,
       before = strcmp(kinds[kind].reset, "before") == 0;
  if (naming == 0) return !before;
  return naming == 1 || (kind > 0 && !(gru && both) && !before);
}

static void test_round_trips(void)
{
  for (int i = 0; i < 2 * 3 * KINDS; i++) {
    host h;
    host_open(&h, i % 2 ? BPTT_R : BPTT_OCTAVE);
    int kind = i / 6, layers = 1 + i / 2 % 3;
    for (int both = 0; both < 2; both++) {
      bptt_value *net = make_net(&h, kinds[kind].cell, layers, both, kinds[kind].reset);
      bptt_value *again = load(&h, "rnn_load", save(&h, net, NULL));
      CHECK(again && host_same(net, again));
      for (int k = 0; k < 3; k++) {
        if (!sayable(k, kind, both)) continue;
        bptt_value *args = host_list(&h);
        host_add(&h, args, "file", save(&h, net, namings[k]));
        host_add(&h, args, "dropout", host_get(net, "dropout"));
        CHECK(host_same(host_get(call(&h, "rnn_import", args), "net"), net));
      }
    }
    host_close(&h);
  }
}

/* Single stays single in Octave and becomes the same numbers in R, whole files are exact. */
static void test_single(void)
{
  host h;
  host_open(&h, BPTT_OCTAVE);
  bptt_value *net = make_net(&h, "lstm", 1, false, "after"), *param = host_get(net, "param");
  host_add(&h, param, "W_hh", host_as(&h, BPTT_SINGLE, host_get(param, "W_hh")));
  bptt_value *bytes = save(&h, net, NULL);
  CHECK(host_same(load(&h, "rnn_load", bytes), net));
  h.habit = BPTT_R;
  const bptt_value *W = host_get(load(&h, "rnn_load", bytes), "param.W_hh");
  CHECK(W->kind == BPTT_DOUBLE && host_same(host_as(&h, BPTT_SINGLE, W), host_get(param, "W_hh")));
  host_close(&h);
}

/* The one file written down: names, order, row after row, notes, padding. */
static void test_layout(void)
{
  static const char header[] =
      "{\"__metadata__\":{\"bptt\":\"1\",\"cell\":\"rnn\",\"input\":\"2\",\"hidden\":\"1\","
      "\"output\":\"1\",\"activation\":\"tanh\",\"reset\":\"after\",\"bidirectional\":\"false\","
      "\"output_mode\":\"sequence\",\"dropout\":\"0\"},"
      "\"W_xh\":{\"dtype\":\"F64\",\"shape\":[1,2],\"data_offsets\":[0,16]},"
      "\"W_hh\":{\"dtype\":\"F64\",\"shape\":[1,1],\"data_offsets\":[16,24]},"
      "\"b_h\":{\"dtype\":\"F64\",\"shape\":[1],\"data_offsets\":[24,32]},"
      "\"W_hy\":{\"dtype\":\"F64\",\"shape\":[1,1],\"data_offsets\":[32,40]},"
      "\"b_y\":{\"dtype\":\"F64\",\"shape\":[1],\"data_offsets\":[40,48]}}";
  host h;
  host_open(&h, BPTT_R);
  bptt_value *args = host_list(&h);
  host_add(&h, args, "input", host_number(&h, 2));
  host_add(&h, args, "hidden", host_number(&h, 1));
  host_add(&h, args, "output", host_number(&h, 1));
  host_add(&h, args, "seed", host_number(&h, 1));
  bptt_value *net = host_get(call(&h, "rnn_net", args), "net"), *bytes = save(&h, net, NULL);
  const unsigned char *at = bytes->data;
  size_t length = sizeof header - 1, padded = (length + 7) / 8 * 8;
  CHECK(bytes->count == 8 + padded + 48 && at[0] + 256u * at[1] == padded);
  CHECK(memcmp(at + 8, header, length) == 0);
  for (size_t i = length; i < padded; i++) CHECK(at[8 + i] == ' ');
  CHECK(memcmp(at + 8 + padded, host_get(net, "param.W_xh")->data, 16) == 0);
  host_close(&h);

  /* Row after row: the file's second number is in the first row's second column. */
  host_open(&h, BPTT_R);
  net = make_net(&h, "rnn", 1, false, "after");
  bytes = save(&h, net, NULL);
  at = bytes->data;
  double second;
  memcpy(&second, at + 8 + at[0] + 256 * at[1] + 8, sizeof second);
  CHECK(second == host_at(host_get(net, "param.W_xh"), 2));
  host_close(&h);
}

/* Numbers of 16 and 32 bits. */
static void test_types(void)
{
  static const unsigned char half[] = {0x00, 0x3c, 0xff, 0x7b, 0x01, 0x00, 0x00, 0x84};
  static const double halves[] = {1, 65504, 0x1p-24, -0x1p-14};
  static const unsigned char brain[] = {0x80, 0x3f, 0x49, 0x40, 0x01, 0x00, 0x00, 0xc1};
  static const double brains[] = {1, 3.140625, 0x1p-133, -8};
  const struct {
    const char *type;
    const unsigned char *bytes;
    const double *numbers;
  } rows[] = {{"F16", half, halves}, {"BF16", brain, brains}};
  for (int i = 0; i < 2; i++) {
    host h;
    host_open(&h, BPTT_R);
    maker m = {0};
    write_header(&m,
                 "{\"a.weight_hh_l0\":{\"dtype\":\"%s\",\"shape\":[1,1],\"data_offsets\":[0,2]},"
                 "\"a.weight_ih_l0\":{\"dtype\":\"%s\",\"shape\":[1,2],\"data_offsets\":[2,6]},"
                 "\"b.weight\":{\"dtype\":\"%s\",\"shape\":[1,1],\"data_offsets\":[6,8]}",
                 rows[i].type, rows[i].type, rows[i].type);
    memcpy(m.data, rows[i].bytes, m.size = 8);
    bptt_value *net = load(&h, "rnn_import", finish(&h, &m));
    CHECK(net && host_at(host_get(net, "param.W_hh"), 0) == rows[i].numbers[0]);
    CHECK(net && host_at(host_get(net, "param.W_xh"), 0) == rows[i].numbers[1]);
    CHECK(net && host_at(host_get(net, "param.W_xh"), 1) == rows[i].numbers[2]);
    CHECK(net && host_at(host_get(net, "param.W_hy"), 0) == rows[i].numbers[3]);
    CHECK(net && host_at(host_get(net, "param.b_y"), 0) == 0);
    host_close(&h);
  }
}

/* --------------------------------------------------------------- networks of others */

/* A layer in a direction as its software has it, computed in plain loops. */
enum { D = 3, O = 2, T = 6, MOST_H = 4, MOST = 4 * MOST_H * 2 * MOST_H };

typedef struct {
  int gates, H, inputs;
  bool transposed;   /* matrices are input x output */
  const char *order; /* letters of the gates */
  bool halves, before;
  double W[MOST], U[MOST], B[2 * 4 * MOST_H]; /* B: of the input; with halves then recurrent */
} foreign;

static double logistic(double a)
{
  return 1 / (1 + exp(-a));
}

/* Row `unit` of the block of a gate times v. */
static double times(const foreign *f, const double *M, char gate, int unit, const double *v, int n)
{
  int row = (int)(strchr(f->order, gate) - f->order) * f->H + unit;
  double sum = 0;
  for (int k = 0; k < n; k++) {
    sum += (f->transposed ? M[k * f->gates * f->H + row] : M[row * n + k]) * v[k];
  }
  return sum;
}

static double input(const foreign *f, char gate, int unit, const double *x)
{
  int row = (int)(strchr(f->order, gate) - f->order) * f->H + unit;
  return times(f, f->W, gate, unit, x, f->inputs) + f->B[row];
}

static double recurrent(const foreign *f, char gate, int unit, const double *h)
{
  int row = (int)(strchr(f->order, gate) - f->order) * f->H + unit;
  return times(f, f->U, gate, unit, h, f->H) + (f->halves ? f->B[f->gates * f->H + row] : 0);
}

static double both_parts(const foreign *f, char gate, int unit, const double *x, const double *h)
{
  return input(f, gate, unit, x) + recurrent(f, gate, unit, h);
}

/* torch.nn.GRU, keras GRU, gruLayer: h = (1 - z) n + z h. */
static void step_gru(const foreign *f, const double *x, const double *old, double *h)
{
  double r[MOST_H], reset[MOST_H];
  for (int i = 0; i < f->H; i++) {
    r[i] = logistic(both_parts(f, 'r', i, x, old));
    reset[i] = r[i] * old[i];
  }
  for (int i = 0; i < f->H; i++) {
    double z = logistic(both_parts(f, 'z', i, x, old));
    double inner = f->before ? recurrent(f, 'n', i, reset) : r[i] * recurrent(f, 'n', i, old);
    h[i] = (1 - z) * tanh(input(f, 'n', i, x) + inner) + z * old[i];
  }
}

static void step(const foreign *f, const double *x, double *h, double *c)
{
  double old[MOST_H];
  memcpy(old, h, sizeof old);
  if (f->gates == 3) step_gru(f, x, old, h);
  for (int i = 0; f->gates == 1 && i < f->H; i++) h[i] = tanh(both_parts(f, 'h', i, x, old));
  for (int i = 0; f->gates == 4 && i < f->H; i++) {
    c[i] = logistic(both_parts(f, 'f', i, x, old)) * c[i] +
           logistic(both_parts(f, 'i', i, x, old)) * tanh(both_parts(f, 'g', i, x, old));
    h[i] = logistic(both_parts(f, 'o', i, x, old)) * tanh(c[i]);
  }
}

/* The layer's outputs at all steps, into columns that begin at `offset`. */
static void run(const foreign *f, bool reverse, double x[T][2 * MOST_H], int offset,
                double out[T][2 * MOST_H])
{
  double h[MOST_H] = {0}, c[MOST_H] = {0};
  for (int k = 0; k < T; k++) {
    int t = reverse ? T - 1 - k : k;
    step(f, x[t], h, c);
    memcpy(out[t] + offset, h, sizeof *h * (size_t)f->H);
  }
}

static void fill(double *v, size_t n)
{
  for (size_t i = 0; i < n; i++) v[i] = number();
}

/* The names of a layer, and its biases: one, or two in one or in two tensors. */
typedef struct {
  const char *what;
  int naming, gates;
  const char *order;
  bool both, transposed, halves, before;
  const char *prefix[2][2]; /* of each layer and direction */
  const char *part[4];      /* W, U, B and the second bias; of torch the layer's number follows */
  const char *readout[2];
  bool joined; /* both halves of the bias in one tensor */
  int sizes[2];
} dialect;

static const dialect dialects[] = {
    {"torch.nn.RNN",
     0,
     1,
     "h",
     false,
     false,
     true,
     false,
     {{"", ""}, {"", ""}},
     {"weight_ih_l", "weight_hh_l", "bias_ih_l", "bias_hh_l"},
     {"weight", "bias"},
     false,
     {3, 3}},
    {"torch.nn.GRU",
     0,
     3,
     "rzn",
     true,
     false,
     true,
     false,
     {{"m.enc.", "m.enc."}, {"m.enc.", "m.enc."}},
     {"weight_ih_l", "weight_hh_l", "bias_ih_l", "bias_hh_l"},
     {"m.head.weight", "m.head.bias"},
     false,
     {4, 4}},
    {"torch.nn.LSTM",
     0,
     4,
     "ifgo",
     true,
     false,
     true,
     false,
     {{"rnn.", "rnn."}, {"rnn.", "rnn."}},
     {"weight_ih_l", "weight_hh_l", "bias_ih_l", "bias_hh_l"},
     {"fc.weight", "fc.bias"},
     false,
     {3, 3}},
    {"SimpleRNN",
     1,
     1,
     "h",
     true,
     true,
     false,
     false,
     {{"bidirectional/forward_simple_rnn/simple_rnn_cell/",
       "bidirectional/backward_simple_rnn/simple_rnn_cell/"},
      {"bidirectional_1/forward_simple_rnn_1/simple_rnn_cell/",
       "bidirectional_1/backward_simple_rnn_1/simple_rnn_cell/"}},
     {"kernel", "recurrent_kernel", "bias", NULL},
     {"dense/kernel", "dense/bias"},
     false,
     {4, 2}},
    {"GRU",
     1,
     3,
     "zrn",
     false,
     true,
     true,
     false,
     {{"s/gru_9/gru_cell/", ""}, {"s/gru_10/gru_cell/", ""}},
     {"kernel", "recurrent_kernel", "bias", NULL},
     {"s/dense_3/kernel", "s/dense_3/bias"},
     true,
     {4, 3}},
    {"GRU, reset_after=False",
     1,
     3,
     "zrn",
     false,
     true,
     false,
     true,
     {{"gru/gru_cell/", ""}, {"gru_1/gru_cell/", ""}},
     {"kernel:0", "recurrent_kernel:0", "bias:0", NULL},
     {"dense/kernel:0", "dense/bias:0"},
     false,
     {2, 4}},
    {"LSTM",
     1,
     4,
     "ifgo",
     true,
     true,
     false,
     false,
     {{"bidirectional/forward_lstm/lstm_cell/", "bidirectional/backward_lstm/lstm_cell/"},
      {"bidirectional_1/forward_lstm_1/lstm_cell/", "bidirectional_1/backward_lstm_1/lstm_cell/"}},
     {"kernel", "recurrent_kernel", "bias", NULL},
     {"dense/kernel", "dense/bias"},
     false,
     {4, 3}},
    {"gruLayer, after-multiplication",
     2,
     3,
     "rzn",
     false,
     false,
     false,
     false,
     {{"gru_1/", ""}, {"gru_2/", ""}},
     {"InputWeights", "RecurrentWeights", "Bias", NULL},
     {"fc/Weights", "fc/Bias"},
     false,
     {4, 3}},
    {"gruLayer, recurrent-bias-after-multiplication",
     2,
     3,
     "rzn",
     false,
     false,
     true,
     false,
     {{"gru_1/", ""}, {"gru_2/", ""}},
     {"InputWeights", "RecurrentWeights", "Bias", NULL},
     {"fc/Weights", "fc/Bias"},
     true,
     {4, 3}},
    {"bilstmLayer",
     2,
     4,
     "ifgo",
     true,
     false,
     false,
     false,
     {{"bilstm_1.", ""}, {"bilstm_2.", ""}},
     {"InputWeights", "RecurrentWeights", "Bias", NULL},
     {"fc.Weights", "fc.Bias"},
     false,
     {4, 3}},
};

static void dims_text(char to[32], int rows, int cols, bool transposed)
{
  snprintf(to, 32, "%d,%d", transposed ? cols : rows, transposed ? rows : cols);
}

/* The tensors of a layer; `n` directions stacked in each. */
static void add_layer(maker *m, const dialect *d, int layer, int k, const foreign *f, int n)
{
  int rows = f->gates * f->H;
  double W[2 * MOST], U[2 * MOST], B[2 * MOST];
  char name[96], dims[32];
  size_t w = (size_t)(rows * f->inputs), u = (size_t)(rows * f->H), b = (size_t)rows;
  for (int i = 0; i < n; i++) {
    memcpy(W + (size_t)i * w, f[i].W, w * sizeof *W);
    memcpy(U + (size_t)i * u, f[i].U, u * sizeof *U);
    memcpy(B + (size_t)i * b, f[i].B, 2 * b * sizeof *B);
  }
  for (int part = 0; part < 4 && d->part[part]; part++) {
    char piece[32];
    snprintf(piece, sizeof piece, "%d%s", layer, k ? "_reverse" : "");
    snprintf(name, sizeof name, "%s%s%s", d->prefix[layer][k], d->part[part],
             d->naming == 0 ? piece : "");
    snprintf(dims, sizeof dims, "%d", n * rows);
    if (part == 2 && d->joined) dims_text(dims, 2, rows, false);
    if (part == 2 && d->joined && !d->transposed) dims_text(dims, 2 * rows, 1, false);
    if (part == 0) dims_text(dims, n * rows, f->inputs, f->transposed);
    if (part == 1) dims_text(dims, n * rows, f->H, f->transposed);
    const double *v = part == 0 ? W : part == 1 ? U : part == 2 ? B : f->B + rows;
    size_t count = part == 0 ? w : part == 1 ? u : b;
    if (part == 2 && d->joined) count = 2 * b;
    add_tensor(m, name, dims, (size_t)n * count, v);
  }
}

static void test_dialect(const dialect *d)
{
  static maker m;
  static foreign f[2][2];
  int directions = d->both ? 2 : 1, below = D;
  bool stacked = d->naming == 2 && d->both;
  double x[T][2 * MOST_H] = {{0}}, out[T][2 * MOST_H], readout[2 * MOST_H * O], b_y[O];
  char dims[32];
  host h;
  host_open(&h, BPTT_OCTAVE);
  memset(&m, 0, sizeof m);
  bptt_value *input_x = host_array(&h, 2, (size_t[]){D, T}, (double[D * T]){0});
  for (int t = 0; t < T; t++) {
    for (int i = 0; i < D; i++) x[t][i] = ((double *)input_x->data)[t * D + i] = number();
  }
  for (int l = 0; l < 2; l++) {
    for (int k = 0; k < directions; k++) {
      f[l][k] = (foreign){.gates = d->gates,
                          .H = d->sizes[l],
                          .inputs = below,
                          .transposed = d->transposed,
                          .order = d->order,
                          .halves = d->halves,
                          .before = d->before};
      fill(f[l][k].W, (size_t)(d->gates * d->sizes[l] * below));
      fill(f[l][k].U, (size_t)(d->gates * d->sizes[l] * d->sizes[l]));
      fill(f[l][k].B, (size_t)(2 * d->gates * d->sizes[l]));
      run(&f[l][k], k, x, k * d->sizes[l], out);
    }
    below = directions * d->sizes[l];
    memcpy(x, out, sizeof x);
  }
  fill(readout, (size_t)(O * below));
  fill(b_y, O);
  /* In the wrong order: it is the names that count. */
  dims_text(dims, O, below, d->transposed);
  add_tensor(&m, d->readout[0], dims, (size_t)(O * below), readout);
  add_tensor(&m, d->readout[1], "2", O, b_y);
  for (int l = 1; l >= 0; l--) {
    for (int k = 0; k < (stacked ? 1 : directions); k++) {
      add_layer(&m, d, l, k, &f[l][k], stacked ? 2 : 1);
    }
  }
  bptt_value *net = load(&h, "rnn_import", finish(&h, &m));
  if (!net) {
    printf("%s: %s\n", d->what, h.error.message);
    failed++;
    return;
  }
  bptt_value *args = host_list(&h);
  host_add(&h, args, "net", net);
  host_add(&h, args, "x", input_x);
  bptt_value *y = host_get(call(&h, "rnn_forward", args), "y");
  double worst = 0;
  for (int t = 0; t < T; t++) {
    for (int o = 0; o < O; o++) {
      double want = b_y[o];
      for (int k = 0; k < below; k++) {
        want += (d->transposed ? readout[k * O + o] : readout[o * below + k]) * x[t][k];
      }
      worst = fmax(worst, fabs(want - host_at(y, (size_t)(t * O + o))));
    }
  }
  CHECK(worst < 1e-12);
  if (!(worst < 1e-12)) printf("%s: %g\n", d->what, worst);
  host_close(&h);
}

/* ------------------------------------------------------------------------------- damage */

#define NOTES                                                                                      \
  "\"__metadata__\":{\"bptt\":\"1\",\"cell\":\"rnn\",\"input\":\"1\",\"hidden\":\"1\","            \
  "\"output\":\"1\",\"activation\":\"tanh\",\"reset\":\"after\",\"bidirectional\":\"false\","      \
  "\"output_mode\":\"sequence\",\"dropout\":\"0\"}"
#define TENSOR(name, shape, from, to)                                                              \
  "\"" name "\":{\"dtype\":\"F64\",\"shape\":[" shape "],\"data_offsets\":[" from "," to "]}"
#define TENSORS                                                                                    \
  TENSOR("W_xh", "1,1", "0", "8")                                                                  \
  "," TENSOR("W_hh", "1,1", "8", "16") "," TENSOR("b_h", "1", "16", "24") "," TENSOR(              \
      "W_hy", "1,1", "24", "32") "," TENSOR("b_y", "1", "32", "40")

/* The smallest network: 40 bytes of numbers. */
static const char whole[] = "{" NOTES "," TENSORS "}";

/* What is put in place of a piece of the header, and what is then said; NULL: nothing is wrong. */
static const struct {
  const char *old, *new, *sentence;
} damage[] = {
    {"{", " {", NULL},
    {"}}", "} }\r\n", NULL},
    {":\"rnn\"", " :\t\"r\\u006en\"", NULL},
    {"\"bptt\"", "\"\\u00e9 \\ud83d\\ude00 \\\"\\\\\\/\\b\\f\\n\\r\\t\":\"\xc3\xa9\",\"bptt\"",
     NULL},
    {"{\"__m", "\"__m",
     "`file` is not a safetensors file: its header is wrong at byte 9; expected `{`"},
    {"}}", "}", "expected `,` or `}`"},
    {"}}", "}} x", "expected nothing but blanks"},
    {"}}", "},}", "expected `\"`"},
    {"\"cell\"", "cell", "expected `\"`"},
    {"\"cell\":", "\"cell\",", "expected `:`"},
    {"\"rnn\"", "3", "expected `\"`"},
    {"\"rnn\"", "\"r\nn\"", "expected a character in UTF-8"},
    {"\"rnn\"", "\"r\xc0\x80n\"", "expected a character in UTF-8"},
    {"\"rnn\"", "\"r\xed\xa0\x80n\"", "expected a character in UTF-8"},
    {"\"rnn\"", "\"r\xf4\x90\x80\x80n\"", "expected a character in UTF-8"},
    {"\"rnn\"", "\"r\x80n\"", "expected a character in UTF-8"},
    {"\"rnn\"", "\"r\\u12n\"", "expected four hexadecimal digits"},
    {"\"rnn\"", "\"\\u0000\"", "expected a character"},
    {"\"rnn\"", "\"\\udc00\"", "expected a character"},
    {"\"rnn\"", "\"\\ud800x\"", "expected the second half of a surrogate pair"},
    {"\"rnn\"", "\"\\ud800\\u0041\"", "expected the second half of a surrogate pair"},
    {"\"rnn\"", "\"r\\xn\"", "expected an escape sequence of JSON"},
    {"\"rnn\"", "\"lstn\"",
     "`cell` of `file` is \"lstn\"; expected \"rnn\", \"gru\" or \"lstm\"; did you mean \"lstm\"?"},
    {"\"rnn\"", "\"lstm\"", "`W_xh` of `file` is 1 x 1; expected 4 x 1"},
    {"\"cell\"", "\"cells\"", "`file` lacks the metadata `cell`"},
    {"\"cell\"", "\"input\"", "`file` has the metadata `input` twice"},
    {"\"bptt\"", "\"made\"", "`file` was not written by rnn_save; rnn_import reads what others"},
    {"\"bptt\":\"1\"", "\"bptt\":\"2\"", "`file` has version \"2\" of the format; expected \"1\""},
    {"\"input\":\"1\"", "\"input\":\"one\"",
     "`input` of `file` is \"one\"; expected one whole number"},
    {"\"input\":\"1\"", "\"input\":\"1 1\"",
     "`input` of `file` is a vector of 2 numbers; expected one"},
    {"\"input\":\"1\"", "\"input\":\"\"", "`input` of `file` is \"\"; expected one whole number"},
    {"\"hidden\":\"1\"", "\"hidden\":\"1 0\"", "`hidden` of `file` is 0 at layer 2"},
    {"\"hidden\":\"1\"", "\"hidden\":\"1e9\"", "`file` has 1000000003000000000 parameters"},
    {"\"hidden\":\"1\"", "\"hidden\":\"1 1\"", "`file` has no parameter `W_xh_l2`"},
    {"\"false\"", "\"maybe\"", "`bidirectional` of `file` is \"maybe\"; expected TRUE or FALSE"},
    {"\"false\"", "\"true\"", "`file` has no parameter `W_xh_rev`"},
    {"\"dropout\":\"0\"", "\"dropout\":\"1\"", "`dropout` of `file` is 1; expected one number"},
    {"\"dropout\":\"0\"", "\"dropout\":\"nan\"", "`dropout` of `file` is \"nan\"; expected"},
    {"\"dropout\":\"0\"", "\"dropout\":\"0,5\"", "`dropout` of `file` is \"0,5\"; expected"},
    {"\"dropout\":\"0\"", "\"dropout\":\".5\"", "`dropout` of `file` is \".5\"; expected one"},
    {"\"dropout\":\"0\"", "\"dropout\":\"5e-\"", "`dropout` of `file` is \"5e-\"; expected one"},
    {"\"dropout\":\"0\"", "\"dropout\":\"0.0e-1\"", NULL},
    {"\"input\":\"1\"", "\"input\":\"0x1\"",
     "`input` of `file` is \"0x1\"; expected one whole number"},
    {"\"input\":\"1\"", "\"input\":\"1.\"", "`input` of `file` is \"1.\"; expected one whole"},
    {"\"input\":\"1\"", "\"input\":\"+1\"", "`input` of `file` is \"+1\"; expected one whole"},
    {"\"hidden\":\"1\"", "\"hidden\":\"1 infinity\"", "`hidden` of `file` is \"1 infinity\""},
    {"\"tanh\"", "\"tan\"", "`activation` of `file` is \"tan\"; expected \"tanh\""},
    {"\"b_y\"", "\"b_h\"", "`file` has the tensor `b_h` twice"},
    {"\"b_y\"", "\"__metadata__\"", "`file` has its metadata twice"},
    {"\"b_y\"", "\"b_hn\"", "`file` has no parameter `b_y`"},
    {"\"F64\"", "\"F8\"", "`W_xh` of `file` is of type \"F8\"; expected \"F64\", \"F32\""},
    {"\"F64\"", "\"F32\"",
     "`W_xh` of `file` is at bytes 0 to 8; expected as many bytes as 1 x 1 numbers"},
    {"\"F64\"", "64", "expected `\"`"},
    {"\"dtype\"", "\"type\"", "expected \"dtype\", \"shape\" and \"data_offsets\", once each"},
    {"\"dtype\":\"F64\",", "", "expected \"dtype\", \"shape\" and \"data_offsets\", once each"},
    {"\"dtype\"", "\"shape\":[1],\"dtype\"",
     "expected \"dtype\", \"shape\" and \"data_offsets\", once each"},
    {"[1,1]", "[1,2]",
     "`W_xh` of `file` is at bytes 0 to 8; expected as many bytes as 1 x 2 numbers"},
    {"[1,1]", "[1,0]",
     "`W_xh` of `file` is at bytes 0 to 8; expected as many bytes as 1 x 0 numbers"},
    {"[1,1]", "[1,-1]", "expected a whole number of at least 0"},
    {"[1,1]", "[1,01]", "expected a whole number of at least 0"},
    {"[1,1]", "[1,1.0]", "expected a whole number of at least 0"},
    {"[1,1]", "[1,1e0]", "expected a whole number of at least 0"},
    {"[1,1]", "[1,]", "expected a whole number of at least 0"},
    {"[1,1]", "[1;1]", "expected `,` or `]`"},
    {"[1,1]", "[1,1,1,1,1,1,1,1,1]", "expected at most 8 numbers"},
    {"[1,1]", "[1,18446744073709551617]", "expected a number that can be counted to"},
    {"[1,1]", "[4294967296,4294967296]", "`W_xh` of `file` is at bytes 0 to 8; expected as many"},
    {"[1,1]", "[9223372036854775807,2]", "`W_xh` of `file` is at bytes 0 to 8; expected as many"},
    {"[8,16]", "[0,8]", "is at bytes 0 to 8; expected it to begin at 8, where the one before ends"},
    {"[8,16]", "[16,24]", "is at bytes 16 to 24; expected it to begin at 8, where the one before"},
    {"[8,16]", "[16,8]", "`W_hh` of `file` is at bytes 16 to 8; expected as many bytes"},
    {"[8,16]", "[8]", "expected two offsets"},
    {"[8,16]", "[8,16,24]", "expected at most 2 numbers"},
    {"[32,40]", "[40,48]", "`b_y` of `file` is at bytes 40 to 48; expected it to begin at 32"},
    {"," TENSOR("b_y", "1", "32", "40"), "", "`file` has 8 bytes more than its tensors fill"},
};

static void damage_one(host *h, int row)
{
  static const double data[5] = {0.5, -0.5, 0.25, 2, -1};
  const char *old = damage[row].old, *sentence = damage[row].sentence;
  const char *at = strcmp(old, "}}") == 0 ? whole + strlen(whole) - 2 : strstr(whole, old);
  char header[2048];
  snprintf(header, sizeof header, "%.*s%s%s", (int)(at - whole), whole, damage[row].new,
           at + strlen(old));
  bptt_value *net = load(h, "rnn_load", file_of(h, header, sizeof data, data));
  bool right = sentence ? !net && strstr(h->error.message, sentence) : net != NULL;
  CHECK(right);
  if (!right) printf("row %d: %s\n", row, net ? "accepted" : h->error.message);
  CHECK(net || strcmp(h->error.argument, "file") == 0);
}

/* Loading a file of these numbers fails with this sentence. */
static bool fails(host *h, const char *header, size_t size, const double *data, const char *said)
{
  return !load(h, "rnn_load", file_of(h, header, size, data)) && strstr(h->error.message, said);
}

static void *alloc(void *context, size_t bytes)
{
  return host_alloc(context, bytes);
}

/* A file large enough for a header that is too long. No more of it than its beginning is there, or
 * looked at. */
static void test_long_header(host *h)
{
  const size_t length = 200000000;
  const bptt_host front = {.habit = BPTT_R, .want = 1, .alloc = alloc, .context = h};
  unsigned char begin[8] = {0};
  for (int i = 0; i < 8; i++) begin[i] = (unsigned char)(length >> 8 * i);
  bptt_value *args = host_list(h), *file = host_add(h, args, "file", host_bytes(h, 8, begin));
  file->count = file->dim[0] = 8 + length;
  bptt_error error;
  CHECK(!bptt_prepare(&front, "rnn_load", args, &error) &&
        strstr(error.message, "its header is 200000000 bytes long; expected at most 100000000"));
}

static void test_damage(void)
{
  static const double data[6] = {0.5, -0.5, 0.25, 2, -1, 0}, bad[5] = {0.5, 0, 0, NAN, INFINITY};
  host h;
  host_open(&h, BPTT_R);
  for (int i = 0; i < (int)(sizeof damage / sizeof damage[0]); i++) damage_one(&h, i);
  CHECK(load(&h, "rnn_load", file_of(&h, whole, 40, data)) != NULL);
  CHECK(fails(&h, whole, 48, data, "8 bytes more than"));
  CHECK(fails(&h, whole, 39, data, "`b_y` of `file` is at bytes 32 to 40; expected it to begin"));
  CHECK(fails(&h, whole, 40, bad, "`W_hy` of `file` is NaN at element 1; expected finite numbers"));
  CHECK(fails(&h, "{}", 0, NULL, "was not written by rnn_save"));
  bptt_value *file = file_of(&h, whole, 40, data);
  for (size_t n = 0; n < file->count; n++) {
    CHECK(!load(&h, "rnn_load", host_bytes(&h, n, file->data)));
  }
  memset(file->data, 0xff, 8);
  CHECK(!load(&h, "rnn_load", file) && strstr(h.error.message, "too short for its header"));
  test_long_header(&h);
  CHECK(!load(&h, "rnn_load", host_text(&h, "net")) &&
        strstr(h.error.message, "`file` is \"net\"; expected the name of a file that can be read"));
  CHECK(!load(&h, "rnn_import", file_of(&h, "{}", 0, NULL)) &&
        strstr(h.error.message, "no recurrent weights by the names of"));
  CHECK(!load(&h, "rnn_import", file_of(&h, whole, 40, data)) &&
        strstr(h.error.message, "rnn_load reads it"));
  host_close(&h);
}

/* A gru of one unit with two biases. */
static const char gru[] = "{" TENSOR("a.weight_ih_l0", "3,1", "0", "24") "," TENSOR(
    "a.weight_hh_l0", "3,1", "24",
    "48") "," TENSOR("a.bias_ih_l0", "3", "48",
                     "72") "," TENSOR("a.bias_hh_l0", "3", "72",
                                      "96") "," TENSOR("b.weight", "1,1", "96",
                                                       "104") "," TENSOR("b.bias", "1", "104",
                                                                         "112") "}";

/* As above, with an option of rnn_import. */
static const struct {
  const char *old, *new, *option, *value, *sentence;
} foreign_damage[] = {
    {"{", "{", NULL, NULL, NULL},
    {"{", "{", "naming", "torch", NULL},
    {"{", "{", "reset", "after", NULL},
    {"{", "{", "reset", "before", "`reset` is \"before\"; expected \"after\", as in `file`"},
    {"{", "{", "activation", "relu",
     "`activation` is \"relu\"; expected \"tanh\", as only cell \"rnn\""},
    {"{", "{", "naming", "keras",
     "`file` has a tensor `a.bias_hh_l0`, which by the names of Keras is no part of a recurrent"},
    {"a.weight_hh_l0", "a.weight_hh_lx", NULL, NULL,
     "`file` has no recurrent weights by the names"},
    {"a.weight_hh_l0", "a.weight_hh_l101", NULL, NULL, "no recurrent weights by the names"},
    {"a.weight_hh_l0", "c.weight_hh_l0", NULL, NULL,
     "`file` has two readouts: `a.weight_ih_l0` and `b.weight`; expected one"},
    {"a.weight_hh_l0", "a.weight_hh_l0_reverse", NULL, NULL,
     "`file` has `a.weight_ih_l0`, but no recurrent weights beside it"},
    {"a.bias_hh_l0", "a.bias_hh_l0_reverse", NULL, NULL,
     "but no recurrent weights of the reverse direction beside it"},
    {"a.weight_ih_l0", "a.weight_ih_l0_reverse", NULL, NULL,
     "`file` has `a.weight_hh_l0`, but no input weights beside it"},
    {"b.weight", "b.weight_ih_l0", NULL, NULL, "`file` has two readouts"},
    {"[1,1]", "[1]", NULL, NULL,
     "`file` has `b.weight`, a vector: it is of a layer that normalizes"},
    {"b.weight", "b.weights", NULL, NULL, "no part of a recurrent layer or its readout"},
    {"b.bias", "b.bias_hh_l0", NULL, NULL,
     "`file` has two readouts: `b.weight` and `b.bias_hh_l0`; expected one"},
    {"b.weight", "a.weight_hh_l00", NULL, NULL,
     "`file` has two tensors for the same: `a.weight_hh_l0` and `a.weight_hh_l00`"},
    {"b.bias", "c.bias", NULL, NULL, "`file` has two readouts: `b.weight` and `c.bias`"},
    {"[3,1]", "[1,3]", NULL, NULL, "`a.weight_ih_l0` of `file` is 1 x 3; expected 3 x 3"},
    {"[3,1],\"data_offsets\":[24", "[1,3],\"data_offsets\":[24", NULL, NULL,
     "`a.weight_hh_l0` of `file` is 1 x 3; expected 1 (rnn), 3 (gru) or 4 (lstm) square matrices"},
    {"[3],", "[1,3],", NULL, NULL, "`a.bias_ih_l0` of `file` is 1 x 3; expected 3"},
};

static void test_foreign_damage(void)
{
  static const double data[14] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14};
  host h;
  host_open(&h, BPTT_R);
  for (size_t i = 0; i < sizeof foreign_damage / sizeof foreign_damage[0]; i++) {
    const char *old = foreign_damage[i].old, *sentence = foreign_damage[i].sentence;
    const char *at = strstr(gru, old);
    char header[2048];
    snprintf(header, sizeof header, "%.*s%s%s", (int)(at - gru), gru, foreign_damage[i].new,
             at + strlen(old));
    bptt_value *args = host_list(&h);
    host_add(&h, args, "file", file_of(&h, header, sizeof data, data));
    if (foreign_damage[i].option) {
      host_add(&h, args, foreign_damage[i].option, host_text(&h, foreign_damage[i].value));
    }
    bool accepted = host_call(&h, "rnn_import", args);
    bool right = sentence ? !accepted && strstr(h.error.message, sentence) : accepted;
    CHECK(right);
    if (!right) printf("row %zu: %s\n", i, accepted ? "accepted" : h.error.message);
  }
  /* Two biases that are finite, and their sum that is not. */
  double large[14] = {0};
  large[6] = large[9] = 1.5e308;
  CHECK(!load(&h, "rnn_import", file_of(&h, gru, sizeof large, large)) &&
        strstr(h.error.message, "`b_h` of `file` is Inf at element 1; expected finite numbers"));
  host_close(&h);
}

/* ------------------------------------------------------------------------- incomplete files */

/* A network of PyTorch: layers of one unit, without the tensors of these names, and what is then
 * said; NULL: it is read. */
static const struct {
  const char *group[3]; /* of each layer; numbered within it from 0 */
  bool both;
  const char *without[4], *sentence;
} incomplete[] = {
    {{"m.", "m.", "m."}, true, {NULL}, NULL},
    {{"m1.", "m2.", "m2."}, false, {NULL}, NULL},
    {{"m.", "m."}, true, {"bias_ih", "bias_hh"}, NULL},
    {{"m1.", "m2."}, false, {"m1.bias"}, NULL},
    {{"m.", "m.", "m."}, true, {"l1"}, "`file` has `m.weight_ih_l2`, but no `m.weight_ih_l1`"},
    {{"m.", "m."}, false, {"l0"}, "`file` has `m.weight_ih_l1`, but no `m.weight_ih_l0`"},
    {{"m1.", "m2.", "m2."},
     false,
     {"m2.weight_ih_l0", "m2.weight_hh_l0", "m2.bias_ih_l0", "m2.bias_hh_l0"},
     "`file` has `m2.weight_ih_l1`, but no `m2.weight_ih_l0`"},
    {{"m."}, false, {"bias_hh"}, "`file` has `m.bias_ih_l0`, but no `m.bias_hh_l0`"},
    {{"m."}, false, {"bias_ih"}, "`file` has `m.bias_hh_l0`, but no `m.bias_ih_l0`"},
    {{"m.", "m."},
     false,
     {"bias_ih_l1", "bias_hh_l1"},
     "`file` has `m.bias_ih_l0`, but no `m.bias_ih_l1`"},
    {{"m.", "m."},
     false,
     {"bias_ih_l0", "bias_hh_l0"},
     "`file` has `m.bias_ih_l1`, but no `m.bias_ih_l0`"},
    {{"m."},
     true,
     {"bias_ih_l0_reverse", "bias_hh_l0_reverse"},
     "`file` has `m.bias_ih_l0`, but no bias of the reverse direction beside it"},
    {{"m."},
     true,
     {"bias_hh_l0_reverse"},
     "`file` has `m.bias_ih_l0`, but no `m.bias_hh_l0_reverse`"},
    {{"encoder.", "decoder."},
     false,
     {NULL},
     "`file` has recurrent layers `decoder.weight_ih_l0` and `encoder.weight_ih_l0`; expected "
     "names "
     "that differ in numbers alone"},
};

/* "m.bias_ih_l0" leaves the reverse direction alone; "bias_ih" and "l0" do not. */
static bool is_left_out(const char *const *without, const char *name)
{
  for (int i = 0; i < 4 && without[i]; i++) {
    const char *at = strstr(name, without[i]);
    bool reverse = at && strcmp(at + strlen(without[i]), "_reverse") == 0;
    if (at && !(reverse && strstr(without[i], "_l"))) return true;
  }
  return false;
}

static void test_incomplete(int row)
{
  static const char *const part[] = {"weight_ih_l", "weight_hh_l", "bias_ih_l", "bias_hh_l"};
  static const double data[12] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
  static maker m;
  const char *const *group = incomplete[row].group, *sentence = incomplete[row].sentence;
  int directions = incomplete[row].both ? 2 : 1, number = 0;
  host h;
  host_open(&h, BPTT_R);
  memset(&m, 0, sizeof m);
  for (int l = 0; l < 3 && group[l]; l++) {
    number = l > 0 && strcmp(group[l], group[l - 1]) == 0 ? number + 1 : 0;
    for (int i = 0; i < 4 * directions; i++) {
      char name[64];
      int inputs = i % 4 == 0 && l > 0 ? directions : 1;
      snprintf(name, sizeof name, "%s%s%d%s", group[l], part[i % 4], number,
               i < 4 ? "" : "_reverse");
      if (is_left_out(incomplete[row].without, name)) continue;
      add_tensor(&m, name, i % 4 > 1 ? "3" : inputs == 2 ? "3,2" : "3,1", 3 * (size_t)inputs, data);
    }
  }
  add_tensor(&m, "fc.weight", directions == 2 ? "1,2" : "1,1", (size_t)directions, data);
  bptt_value *net = load(&h, "rnn_import", finish(&h, &m));
  bool right = sentence ? !net && strstr(h.error.message, sentence) : net != NULL;
  CHECK(right);
  if (!right) printf("row %d: %s\n", row, net ? "accepted" : h.error.message);
  host_close(&h);
}

/* A gru of Keras in two directions, whose biases are not alike. */
static void test_unlike_directions(void)
{
  static const double data[6] = {1, 2, 3, 4, 5, 6};
  static const struct {
    const char *dims;
    size_t count;
    const char *sentence;
  } bias[] = {{"2,3", 6, NULL},
              {"3", 3, "bias` of `file` is 3; expected 2 x 3, as in the forward direction"},
              {NULL, 0, "but no bias of the reverse direction beside it"}};
  static maker m;
  for (int i = 0; i < 3; i++) {
    host h;
    host_open(&h, BPTT_R);
    memset(&m, 0, sizeof m);
    for (int k = 0; k < 2; k++) {
      static const char *const part[] = {"kernel", "recurrent_kernel"};
      char name[64];
      for (int j = 0; j < 2; j++) {
        snprintf(name, sizeof name, "b/%s_gru/%s", k ? "backward" : "forward", part[j]);
        add_tensor(&m, name, "1,3", 3, data);
      }
      snprintf(name, sizeof name, "b/%s_gru/bias", k ? "backward" : "forward");
      if (k == 0) add_tensor(&m, name, "2,3", 6, data);
      if (k == 1 && bias[i].dims) add_tensor(&m, name, bias[i].dims, bias[i].count, data);
    }
    add_tensor(&m, "dense/kernel", "2,1", 2, data);
    bptt_value *net = load(&h, "rnn_import", finish(&h, &m));
    bool right = bias[i].sentence ? !net && strstr(h.error.message, bias[i].sentence) : net != NULL;
    CHECK(right);
    if (!right) printf("unlike %d: %s\n", i, net ? "accepted" : h.error.message);
    host_close(&h);
  }
}

/* ------------------------------------------------------------------------------ mutants */

static size_t header_length(const unsigned char *b)
{
  return b[0] | (size_t)b[1] << 8;
}

/* Replaces `old` bytes at `at` by `new` others, and makes the header's length right. */
static size_t replace(unsigned char *b, size_t n, size_t at, size_t old, const void *with,
                      size_t new)
{
  unsigned char piece[128];
  size_t length = header_length(b) - old + new;
  memcpy(piece, with, new);
  memmove(b + at + new, b + at + old, n - at - old);
  memcpy(b + at, piece, new);
  b[0] = (unsigned char)length;
  b[1] = (unsigned char)(length >> 8);
  return n - old + new;
}

/* One change in one of several ways. There is room for 100 bytes more. */
static size_t mutate(unsigned char *b, size_t n)
{
  static const char *const token[] = {"{",
                                      "}",
                                      "[",
                                      "]",
                                      ",",
                                      ":",
                                      "\"",
                                      "\\",
                                      "0",
                                      "1",
                                      "9",
                                      "-",
                                      " ",
                                      "\\u0041",
                                      "\\ud800",
                                      "F32",
                                      "F16",
                                      "BF16",
                                      "null",
                                      "1e9",
                                      "_rev",
                                      "_l2",
                                      "\0",
                                      "[0,0]",
                                      "_reverse",
                                      "18446744073709551616",
                                      "9223372036854775807",
                                      "__metadata__",
                                      "\"shape\":[2,2]"};
  size_t end = 8 + header_length(b), at = 8 + below(end - 8), from = 8 + below(end - 8);
  size_t length = 1 + below(20);
  switch (below(9)) {
  case 0: /* any byte */
    b[below(n)] = (unsigned char)draw();
    return n;
  case 1: /* a byte of the header */
    b[at] = (unsigned char)draw();
    return n;
  case 2: /* the header's length */
    b[below(8)] ^= (unsigned char)(1u << below(8));
    return n;
  case 3: /* the end is missing */
    return below(n + 1);
  case 4: /* more at the end */
    for (size_t i = 0; i < length; i++) b[n + i] = (unsigned char)draw();
    return n + length;
  case 5: /* a digit */
    while (at + 1 < end && !(b[at] >= '0' && b[at] <= '9')) at++;
    b[at] = (unsigned char)('0' + below(10));
    return n;
  case 6: /* a piece taken out */
    return at + length > end ? n : replace(b, n, at, length, "", 0);
  case 7: /* a piece repeated elsewhere */
    length *= 4;
    return from + length > end ? n : replace(b, n, at, 0, b + from, length);
  default: { /* a token put in */
    const char *put = token[below(sizeof token / sizeof token[0])];
    return replace(b, n, at, 0, put, strlen(put));
  }
  }
}

/* A network that was accepted has finite numbers, works, and goes round. */
static bool is_whole(host *h, const bptt_value *net)
{
  bptt_value *args = host_list(h);
  const bptt_value *param = host_get(net, "param");
  for (size_t i = 0; i < param->count; i++) {
    for (size_t k = 0; k < param->item[i].count; k++) {
      if (!isfinite(host_at(&param->item[i], k))) return false;
    }
  }
  size_t D = (size_t)host_at(host_get(net, "input"), 0);
  double *x = host_alloc(h, 2 * D * sizeof *x);
  host_add(h, args, "net", net);
  host_add(h, args, "x", host_array(h, 3, (size_t[]){D, 1, 2}, x));
  if (!host_call(h, "rnn_forward", args)) return false;
  bptt_value *again = load(h, "rnn_load", save(h, net, NULL));
  return again && host_same(again, net);
}

/* Whether a mutant of a file is refused or read as a network that is whole. */
static bool test_mutant(host *h, const char *function, const bptt_value *file, bool *accepted)
{
  size_t n = file->count;
  unsigned char *bytes = malloc(n + 300);
  if (!bytes) abort();
  memcpy(bytes, file->data, n);
  for (size_t times = 1 + below(3); times > 0; times--) {
    bool can_be_changed = n > 8 && header_length(bytes) > 1 && 8 + header_length(bytes) <= n;
    if (can_be_changed) n = mutate(bytes, n);
  }
  bptt_value *net = load(h, function, host_bytes(h, n, bytes));
  free(bytes);
  *accepted = net != NULL;
  return net ? is_whole(h, net) : strcmp(h->error.argument, "file") == 0 && h->error.message[0];
}

static void test_mutants(int mutants)
{
  enum { FILES = 12 };
  int accepted[2] = {0, 0};
  bptt_value *files[FILES];
  host base;
  host_open(&base, BPTT_OCTAVE);
  for (int i = 0; i < FILES; i++) {
    bool saved = i < 4;
    int kind = saved ? i : i % 2 ? 3 : 1; /* gru and lstm have names everywhere */
    bptt_value *net =
        make_net(&base, kinds[kind].cell, 1 + i / 2 % 2, kind == 3, kinds[kind].reset);
    files[i] = save(&base, net, saved ? NULL : namings[i % 3]);
  }
  for (int i = 0; i < mutants; i++) {
    host h;
    bool read, saved = i % 2;
    host_open(&h, i % 3 ? BPTT_R : BPTT_OCTAVE);
    int file = saved ? i / 2 % 4 : 4 + i / 2 % 8;
    bool good = test_mutant(&h, saved ? "rnn_load" : "rnn_import", files[file], &read);
    accepted[saved] += read;
    CHECK(good);
    if (!good) printf("mutant %d: %s\n", i, read ? "is no network" : h.error.message);
    host_close(&h);
  }
  /* It is a test of reading as well as of refusing. */
  for (int k = 0; k < 2; k++) {
    CHECK(accepted[k] > mutants / 100 && accepted[k] < mutants * 2 / 5);
  }
  printf("%d mutants, %d read as networks\n", mutants, accepted[0] + accepted[1]);
  host_close(&base);
}

int main(int argc, char **argv)
{
#ifdef STRIDE /* where it is slow */
  int mutants = 500;
#else
  int mutants = 100000;
#endif
  if (argc > 1) mutants = atoi(argv[1]);
  test_round_trips();
  test_single();
  test_layout();
  test_types();
  for (size_t i = 0; i < sizeof dialects / sizeof dialects[0]; i++) test_dialect(&dialects[i]);
  test_damage();
  test_foreign_damage();
  for (int i = 0; i < (int)(sizeof incomplete / sizeof incomplete[0]); i++) test_incomplete(i);
  test_unlike_directions();
  test_mutants(mutants);
  return report();
}

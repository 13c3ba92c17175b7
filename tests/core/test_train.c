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

/* ----------------------------------------------------------------------------- samples */

enum { FEATURES = 2, SEQUENCES = 7, STEPS = 12, MOST_SAMPLES = SEQUENCES * STEPS };

/* How sequences become samples, in the words of the options; window 0: whole ones. */
typedef struct {
  ptrdiff_t window, stride;
  double share;
} cut;

/* One end after the other: a window ends at a step when that is whole strides before the last one
 * and it does not begin before the first. */
static ptrdiff_t plain_samples(const ptrdiff_t *lengths, cut c, ptrdiff_t from, ptrdiff_t to,
                               bool validation, sample *list)
{
  ptrdiff_t n = 0;
  for (ptrdiff_t b = from; b < to; b++) {
    const ptrdiff_t length = lengths[b], kept = (ptrdiff_t)floor(c.share * (double)length + .5);
    const ptrdiff_t training = length - kept, last = validation ? length : training;
    const ptrdiff_t first = validation ? training + 1 : 1; /* of the ends */
    if (c.window == 0) {
      if (first <= last) list[n++] = (sample){b, 0, last, validation ? training : 0};
      continue;
    }
    for (ptrdiff_t end = first; end <= last; end++) {
      const ptrdiff_t window = c.window < last ? c.window : last;
      if (end < window || (last - end) % c.stride != 0) continue;
      const ptrdiff_t start = end - window, skipped = validation ? training - start : 0;
      list[n++] = (sample){b, start, window, skipped > 0 ? skipped : 0};
    }
  }
  return n;
}

static bool same_sample(const sample *a, const sample *b)
{
  return a->sequence == b->sequence && a->start == b->start && a->steps == b->steps &&
         a->skipped == b->skipped;
}

static void check_samples(void)
{
  enum { TIMES = 3000 };
  static sample want[MOST_SAMPLES], got[MOST_SAMPLES];
  for (int k = 0; k < TIMES; k++) {
    ptrdiff_t lengths[SEQUENCES];
    for (int b = 0; b < SEQUENCES; b++) lengths[b] = one_in(8) ? 0 : whole(1, STEPS);
    cut c = {one_in(4) ? 0 : whole(1, STEPS + 2), whole(1, 4), one_in(3) ? 0 : uniform()};
    const cutting own = {c.window, c.stride, c.share};
    const material m = {.B = SEQUENCES, .T = STEPS, .length = lengths};
    const bool validation = one_in(2);
    const ptrdiff_t from = whole(0, SEQUENCES - 1), to = whole(from, SEQUENCES);
    const ptrdiff_t n = plain_samples(lengths, c, from, to, validation, want);
    bool same = samples_list(&m, &own, from, to, validation, NULL) == n &&
                samples_list(&m, &own, from, to, validation, got) == n;
    for (ptrdiff_t i = 0; same && i < n; i++) same = same_sample(&got[i], &want[i]);
    if (!CHECK(same, "samples")) {
      printf("  window %td, stride %td, share %g, validation %d, %td samples\n", c.window, c.stride,
             c.share, validation, n);
    }
  }
}

/* ------------------------------------------------------------------------------ epochs */

/* A way to train: options of the network and of the training, and of the data "classes" for the
 * target, a target of "last" steps alone, "weights", "own" data for validation. */
typedef struct {
  const char *name, *net, *options, *data;
} row;

/* The same, as the plain computation has it. */
typedef struct {
  const char *name, *net, *options;
  cut cut;
  ptrdiff_t batch, chunk; /* chunk 0: not stateful */
  bool classes, last, weights, own, by_sequence, sum;
  double warmup;
} form;

static double option_number(const char *options, const char *name, double otherwise)
{
  char sought[32];
  snprintf(sought, sizeof sought, "%s=", name);
  const char *at = strstr(options, sought);
  return at ? strtod(at + strlen(sought), NULL) : otherwise;
}

static form form_of(const row *r)
{
  const char *o = r->options;
  form f = {.name = r->name, .net = r->net, .options = o};
  const ptrdiff_t window = (ptrdiff_t)option_number(o, "window", 0);
  const bool stateful = strstr(o, "stateful=1");
  f.batch = (ptrdiff_t)option_number(o, "batch_size", 32);
  f.chunk = stateful ? window : 0;
  f.cut = (cut){stateful ? 0 : window, (ptrdiff_t)option_number(o, "stride", 1),
                option_number(o, "validation", 0)};
  f.warmup = option_number(o, "warmup", 0);
  f.sum = strstr(o, "reduction=sum");
  f.classes = strstr(r->data, "classes");
  f.last = strstr(r->data, "last");
  f.weights = strstr(r->data, "weights");
  f.own = strstr(r->data, "own");
  f.by_sequence = strstr(o, "validation_by=sequence") || (f.last && f.cut.share > 0);
  return f;
}

static const row forms[] = {
    {"whole", "cell=gru hidden=4", "", ""},
    {"batches", "cell=lstm hidden=4,3", "batch_size=3", ""},
    {"one by one", "cell=gru hidden=4", "batch_size=1", ""},
    {"windows", "cell=gru hidden=4", "window=5 stride=2 batch_size=4", ""},
    {"long windows", "cell=gru hidden=4", "window=50 batch_size=4", ""},
    {"share", "cell=gru hidden=4", "validation=.3 batch_size=3", ""},
    {"share of windows", "cell=lstm hidden=4", "validation=.3 window=4 stride=3 batch_size=5", ""},
    {"by sequence", "cell=gru hidden=4", "validation=.3 validation_by=sequence batch_size=3", ""},
    {"windows by sequence", "cell=gru hidden=4",
     "validation=.3 validation_by=sequence window=3 stride=2 batch_size=4", ""},
    {"own validation", "cell=gru hidden=4", "batch_size=3", "own"},
    {"own validation, windows", "cell=gru hidden=4", "window=4 stride=2 batch_size=6", "own"},
    {"last", "cell=gru hidden=4 output_mode=last", "batch_size=3", "last"},
    {"last, share", "cell=gru hidden=4 output_mode=last", "validation=.3 batch_size=3", "last"},
    {"last of windows", "cell=lstm hidden=4 output_mode=last",
     "window=4 stride=2 validation=.25 batch_size=6", ""},
    {"last of windows by sequence", "cell=lstm hidden=4 output_mode=last",
     "window=4 validation=.25 batch_size=6 validation_by=sequence", ""},
    {"stateful", "cell=gru hidden=4", "stateful=1 window=4 batch_size=3", ""},
    {"stateful, two layers", "cell=lstm hidden=4,3", "stateful=1 window=5 batch_size=2 warmup=1.75",
     ""},
    {"stateful, share", "cell=lstm hidden=4", "stateful=1 window=3 batch_size=4 validation=.3", ""},
    {"classes", "cell=gru hidden=4", "loss=cross_entropy class_weights=1,2,.5 batch_size=3",
     "classes"},
    {"classes of windows", "cell=gru hidden=4",
     "loss=cross_entropy class_weights=1,2,.5 window=4 batch_size=5 validation=.3",
     "classes weights"},
    {"classes of last steps", "cell=gru hidden=4 output_mode=last",
     "loss=cross_entropy batch_size=3", "classes last"},
    {"weights", "cell=gru hidden=4", "batch_size=3", "weights"},
    {"weights of windows", "cell=gru hidden=4", "window=3 batch_size=5 validation=.2", "weights"},
    {"weights of last steps", "cell=gru hidden=4 output_mode=last", "batch_size=3", "last weights"},
    {"weights, stateful", "cell=gru hidden=4", "stateful=1 window=4 batch_size=3", "weights"},
    {"sum", "cell=gru hidden=4", "reduction=sum batch_size=3 validation=.3", ""},
    {"mae", "cell=gru hidden=4", "loss=mae batch_size=3", ""},
    {"huber", "cell=gru hidden=4", "loss=huber delta=.3 batch_size=3", ""},
    {"quantile", "cell=gru hidden=4", "loss=quantile levels=.1,.5,.8 window=4 batch_size=3", ""},
    {"student_t", "cell=gru hidden=4", "loss=student_t batch_size=3", ""},
    {"truncated", "cell=lstm hidden=4,3", "truncate=2,4 batch_size=3", ""},
    {"both", "cell=gru hidden=4,3 bidirectional=1", "window=6 batch_size=4", ""},
    {"norm", "cell=gru hidden=4", "clip_norm=.25 batch_size=2", ""},
    {"value", "cell=gru hidden=4", "clip_value=.05 clip_norm=.1 batch_size=2", ""},
    {"warm-up", "cell=gru hidden=4", "warmup=1.5 batch_size=2", ""},
    {"single", "cell=lstm hidden=4,3", "precision=single window=4 batch_size=5 validation=.3", ""},
};

enum { OUTPUTS = 3 };

/* Sequences with their targets: of each step, or of each sequence. */
typedef struct {
  ptrdiff_t F, length[SEQUENCES];
  bptt_value *x, *target, *weights, *lengths;
} data;

static ptrdiff_t targets_of(const char *options)
{
  return strstr(options, "quantile") || strstr(options, "student_t") ? 1 : OUTPUTS;
}

/* Sequence 3 has no target at all, others miss some. */
static data data_of(host *h, const form *f, double phase)
{
  static const double length[SEQUENCES] = {12, 5, 9, 1, 12, 7, 10};
  data d = {.F = f->classes ? 1 : targets_of(f->options)};
  const size_t x[] = {FEATURES, SEQUENCES, STEPS}, each[] = {(size_t)d.F, SEQUENCES, STEPS};
  for (int b = 0; b < SEQUENCES; b++) d.length[b] = (ptrdiff_t)length[b];
  d.lengths = host_vector(h, SEQUENCES, length);
  d.x = waves(h, 3, x, phase);
  d.target = waves(h, f->last ? 2 : 3, each, phase + 1);
  if (f->classes) {
    d.target = waves(h, f->last ? 1 : 2, each + 1, phase + 1);
    double *class = d.target->data;
    for (size_t i = 0; i < d.target->count; i++) class[i] = floor(1 + OUTPUTS * fabs(class[i]));
  }
  double *target = d.target->data;
  for (ptrdiff_t i = 0; i < (ptrdiff_t)d.target->count; i++) {
    if (i / d.F % SEQUENCES == 3 || i % 11 == 5) target[i] = NAN;
  }
  d.weights = waves(h, f->last ? 1 : 2, each + 1, phase + 2);
  double *weight = d.weights->data;
  for (size_t i = 0; i < d.weights->count; i++) weight[i] = fabs(weight[i]) + .25;
  return d;
}

static void add_data(host *h, bptt_value *args, const form *f, const data *d)
{
  host_add(h, args, "x", d->x);
  host_add(h, args, "target", d->target);
  host_add(h, args, "lengths", d->lengths);
  if (f->weights) host_add(h, args, "weights", d->weights);
}

/* What rnn_bptt knows of the options. */
static void add_shared_options(host *h, bptt_value *args, const char *options)
{
  static const char *const names[] = {"loss",          "delta",      "levels",
                                      "class_weights", "reduction",  "truncate",
                                      "clip_norm",     "clip_value", "precision"};
  bptt_value *all = host_list(h);
  add_options(h, all, options);
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    if (host_has(all, names[i])) host_add(h, args, names[i], host_get(all, names[i]));
  }
}

static double class_weight(const form *f, double class)
{
  static const double weight[] = {1, 2, .5};
  return strstr(f->options, "class_weights") ? weight[(int)class - 1] : 1;
}

/* Adds steps first .. first + most - 1 of these samples. Returns what their targets weigh. */
static double add_batch(host *h, bptt_value *args, const form *f, const data *d, const sample *list,
                        const ptrdiff_t *order, ptrdiff_t n, ptrdiff_t first, ptrdiff_t most)
{
  const bool ends = strstr(f->net, "output_mode=last") != NULL;
  const ptrdiff_t F = d->F, T = most;
  const double *x = d->x->data, *target = d->target->data, *weight = d->weights->data;
  double *own_x = host_alloc(h, (size_t)(FEATURES * n * T) * sizeof *own_x);
  double *own_target = host_alloc(h, (size_t)(F * n * T) * sizeof *own_target);
  double *own_weight = host_alloc(h, (size_t)(n * T) * sizeof *own_weight);
  double *length = host_alloc(h, (size_t)n * sizeof *length), mass = 0;
  for (ptrdiff_t i = 0; i < F * n * T; i++) own_target[i] = NAN;
  for (ptrdiff_t j = 0; j < n; j++) {
    const sample *s = &list[order[j]];
    const ptrdiff_t left = s->steps - first, steps = left < most ? left : most;
    length[j] = steps > 0 ? (double)steps : 1; /* one that is over has a step without a target */
    for (ptrdiff_t t = 0; t < steps; t++) {
      const ptrdiff_t step = s->start + first + t, from = step * SEQUENCES + s->sequence;
      const ptrdiff_t wanted = f->last ? s->sequence : from, at = ends ? j : t * n + j;
      memcpy(own_x + (t * n + j) * FEATURES, x + from * FEATURES, FEATURES * sizeof *x);
      if (ends && t + 1 < steps) continue;
      own_weight[at] = weight[wanted];
      for (ptrdiff_t k = 0; k < F; k++) {
        const bool counts = first + t >= s->skipped && !isnan(target[wanted * F + k]);
        own_target[at * F + k] = counts ? target[wanted * F + k] : NAN;
        const double of_class = f->classes && counts ? class_weight(f, target[wanted]) : 1;
        if (counts) mass += of_class * (f->weights ? weight[wanted] : 1);
      }
    }
  }
  const size_t sizes[] = {FEATURES, (size_t)n, (size_t)T},
               targets[] = {(size_t)F, (size_t)n, (size_t)T};
  const bool classes = f->classes;
  host_add(h, args, "x", host_array(h, 3, sizes, own_x));
  host_add(h, args, "target", host_array(h, 3 - classes - ends, targets + classes, own_target));
  if (f->weights) host_add(h, args, "weights", host_array(h, 2 - ends, targets + 1, own_weight));
  host_add(h, args, "lengths", host_vector(h, (size_t)n, length));
  return mass;
}

static ptrdiff_t longest_of(const sample *list, const ptrdiff_t *order, ptrdiff_t n)
{
  ptrdiff_t longest = 0;
  for (ptrdiff_t j = 0; j < n; j++) {
    if (list[order[j]].steps > longest) longest = list[order[j]].steps;
  }
  return longest;
}

/* What is noted of an epoch. */
typedef struct {
  double loss, validation, norm, clipped;
} notes;

/* w - rate * gradient, in place. */
static void descend(const bptt_value *net, const bptt_value *grad, double rate)
{
  const bptt_value *param = host_get(net, "param");
  for (size_t i = 0; i < param->count; i++) {
    const bptt_value *g = host_get(grad, param->item[i].name);
    double *w = param->item[i].data;
    for (size_t k = 0; k < param->item[i].count; k++) w[k] -= rate * host_at(g, k);
  }
}

static bool changes(const bptt_value *grad, const bptt_value *plain)
{
  for (size_t i = 0; i < grad->count; i++) {
    if (!host_same(&grad->item[i], &plain->item[i])) return true;
  }
  return false;
}

static bptt_value *inputs_of(host *h, const bptt_value *args)
{
  static const char *const names[] = {"net", "x", "lengths", "state", "precision"};
  bptt_value *inputs = host_list(h);
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    if (host_has(args, names[i])) host_add(h, inputs, names[i], host_get(args, names[i]));
  }
  return inputs;
}

/* Plain gradient descent over the samples, batch by batch, on the network `net`. */
static notes plain_epoch(host *h, const form *f, const data *d, const bptt_value *net,
                         const sample *list, const ptrdiff_t *order, ptrdiff_t n, double epoch,
                         double rate)
{
  notes result = {0};
  double mass = 0, steps = 0;
  const double groups = ceil((double)n / (double)f->batch);
  for (ptrdiff_t i = 0; i < n; i += f->batch) {
    const ptrdiff_t size = n - i < f->batch ? n - i : f->batch;
    const ptrdiff_t longest = longest_of(list, order + i, size);
    const ptrdiff_t most = f->chunk ? f->chunk : longest;
    const bptt_value *state = NULL;
    for (ptrdiff_t first = 0; first < longest; first += most) {
      bptt_value *args = host_list(h);
      host_add(h, args, "net", net);
      add_shared_options(h, args, f->options);
      const double here = add_batch(h, args, f, d, list, order + i, size, first, most);
      if (state) host_add(h, args, "state", state);
      /* Where nothing counts, there is no mean: only the state is needed. */
      if (here == 0) {
        state = host_get(must_call(h, "rnn_forward", inputs_of(h, args)), "state");
        continue;
      }
      const bptt_value *r = must_call(h, "rnn_bptt", args);
      state = host_get(r, "state");
      const double part = (double)((first + most < longest ? first + most : longest) + most - 1);
      const double chunks = (double)((longest + most - 1) / most);
      const double end =
          epoch + ((double)(i / f->batch) + floor(part / (double)most) / chunks) / groups;
      result.loss += host_at(host_get(r, "loss"), 0) * (f->sum ? 1 : here);
      result.norm += host_at(host_get(r, "grad_norm"), 0);
      const bptt_value *grad = host_get(r, "grad");
      host_add(h, args, "clip_norm", host_number(h, INFINITY));
      host_add(h, args, "clip_value", host_number(h, INFINITY));
      result.clipped += changes(grad, host_get(must_call(h, "rnn_bptt", args), "grad"));
      descend(net, grad, end < f->warmup ? rate * end / f->warmup : rate);
      mass += here;
      steps++;
    }
  }
  if (!f->sum) result.loss /= mass;
  result.norm /= steps;
  result.clipped /= steps;
  return result;
}

/* The loss of all samples at once. */
static double plain_loss(host *h, const form *f, const data *d, const bptt_value *net,
                         const sample *list, const ptrdiff_t *order, ptrdiff_t n)
{
  bptt_value *args = host_list(h);
  host_add(h, args, "net", net);
  add_shared_options(h, args, f->options);
  add_options(h, args, "truncate=Inf");
  add_batch(h, args, f, d, list, order, n, 0, longest_of(list, order, n));
  return host_at(host_get(must_call(h, "rnn_bptt", args), "loss"), 0);
}

/* A network with parameters of its own. */
static bptt_value *separate(host *h, const bptt_value *net)
{
  bptt_value *copy = host_copy(h, net), *param = host_get(copy, "param");
  for (size_t i = 0; i < param->count; i++) {
    const bptt_value own = *host_as(h, BPTT_DOUBLE, &param->item[i]);
    param->item[i].data = own.data;
  }
  return copy;
}

static bool near(double a, double b, double tolerance)
{
  return (isnan(a) && isnan(b)) || fabs(a - b) <= tolerance * fmax(fabs(a), fabs(b));
}

static const ptrdiff_t *in_order(void)
{
  static ptrdiff_t order[MOST_SAMPLES];
  for (ptrdiff_t i = 0; i < MOST_SAMPLES; i++) order[i] = i;
  return order;
}

static int outputs_of(const char *options)
{
  return strstr(options, "quantile") || strstr(options, "student_t") ? 3 : OUTPUTS;
}

static void check_form(const row *of)
{
  const form own_form = form_of(of), *f = &own_form;
  enum { EPOCHS = 3 };
  static sample list[MOST_SAMPLES], checked[MOST_SAMPLES];
  const ptrdiff_t *order = in_order();
  const double rate = .1, tolerance = strstr(f->options, "single") ? 1e-6 : 1e-12;
  host h;
  host_open(&h, BPTT_R);
  const data d = data_of(&h, f, .5), other = data_of(&h, f, 4);
  bptt_value *args = host_list(&h), *own = host_list(&h);
  const bptt_value *net = network_of(&h, FEATURES, outputs_of(f->options), f->net);
  host_add(&h, args, "net", net);
  add_data(&h, args, f, &d);
  add_options(&h, args, "optimizer=sgd learn_rate=.1 shuffle=0 seed=1 epochs=3 clip_norm=Inf");
  add_options(&h, args, f->options);
  if (f->own) {
    own->fields = 1;
    add_data(&h, own, f, &other);
    host_add(&h, args, "validation", own);
  }
  const bptt_value *r = must_call(&h, "rnn_train", args), *history = host_get(r, "history");

  cut c = f->cut;
  ptrdiff_t kept = SEQUENCES, n, checks = 0;
  if (f->by_sequence) kept -= (ptrdiff_t)fmax(1, floor(c.share * SEQUENCES + .5));
  if (f->by_sequence) c.share = 0;
  n = plain_samples(d.length, c, 0, kept, false, list);
  if (c.share > 0) checks = plain_samples(d.length, c, 0, SEQUENCES, true, checked);
  if (f->by_sequence) checks = plain_samples(d.length, c, kept, SEQUENCES, false, checked);
  if (f->own) checks = plain_samples(other.length, c, 0, SEQUENCES, false, checked);
  bptt_value *plain = separate(&h, net);
  double best = INFINITY;
  const bptt_value *kept_net = NULL;
  for (int epoch = 0; epoch < EPOCHS; epoch++) {
    notes want = plain_epoch(&h, f, &d, plain, list, order, n, epoch, rate);
    want.validation = NAN;
    if (checks)
      want.validation = plain_loss(&h, f, f->own ? &other : &d, plain, checked, order, checks);
    if (!checks || want.validation < best) kept_net = separate(&h, plain);
    best = fmin(best, want.validation);
    const struct {
      const char *name;
      double number;
    } column[] = {{"loss", want.loss},
                  {"validation_loss", want.validation},
                  {"grad_norm", want.norm},
                  {"clipped", want.clipped}};
    for (size_t k = 0; k < sizeof column / sizeof *column; k++) {
      const double got = host_at(host_get(history, column[k].name), (size_t)epoch);
      if (!CHECK(near(got, column[k].number, 10 * tolerance), f->name)) {
        printf("  epoch %d: %s is %.17g, not %.17g\n", epoch, column[k].name, got,
               column[k].number);
      }
    }
  }
  const double off = distance_of_params(host_get(r, "net.param"), host_get(kept_net, "param"));
  if (!CHECK(off <= tolerance, f->name)) printf("  the weights are off by %g\n", off);
  host_close(&h);
}

/* Three sequences with targets, one at a time: every order there is comes up, in the first epoch
 * and in the second, and nothing else. */
static void check_shuffle(void)
{
  enum { ORDERS = 6, PAIRS = ORDERS * ORDERS, SEEDS = 400 };
  static const ptrdiff_t orders[ORDERS][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
                                              {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
  const form f = form_of(&(row){"shuffle", "cell=gru hidden=3", "batch_size=1", ""});
  static sample list[MOST_SAMPLES];
  int met[PAIRS] = {0}, other = 0;
  host h;
  host_open(&h, BPTT_R);
  const data d = data_of(&h, &f, .5);
  const ptrdiff_t n = plain_samples(d.length, (cut){0, 1, 0}, 0, 3, false, list);
  double *target = d.target->data;
  for (ptrdiff_t i = 0; i < (ptrdiff_t)d.target->count; i++) {
    if (i / d.F % SEQUENCES >= n) target[i] = NAN;
  }
  const bptt_value *net = network_of(&h, FEATURES, OUTPUTS, f.net), *want[PAIRS];
  for (int k = 0; k < PAIRS; k++) {
    want[k] = separate(&h, net);
    plain_epoch(&h, &f, &d, want[k], list, orders[k / ORDERS], n, 0, .1);
    plain_epoch(&h, &f, &d, want[k], list, orders[k % ORDERS], n, 1, .1);
  }
  for (int seed = 0; seed < SEEDS; seed++) {
    bptt_value *args = host_list(&h);
    host_add(&h, args, "net", net);
    add_data(&h, args, &f, &d);
    add_options(&h, args, "optimizer=sgd learn_rate=.1 epochs=2 batch_size=1 clip_norm=Inf");
    host_add(&h, args, "seed", host_number(&h, seed));
    const bptt_value *r = must_call(&h, "rnn_train", args);
    int found = 0;
    for (int k = 0; k < PAIRS; k++) {
      const bool same =
          distance_of_params(host_get(r, "net.param"), host_get(want[k], "param")) < 1e-12;
      met[k] += same;
      found += same;
    }
    other += found != 1;
  }
  CHECK(other == 0, "shuffle");
  for (int k = 0; k < PAIRS; k++) CHECK(met[k] > 0, "shuffle");
  host_close(&h);
}

/* --------------------------------------------------------------------------- schedules */

static double cosine(double from, double to, double p)
{
  return to + (from - to) * (1 + cos(acos(-1) * p)) / 2;
}

/* The learning rate of the last of each epoch's steps, which begins after `epoch` epochs. */
static void check_schedule(const char *options, double (*want)(double epoch))
{
  enum { EPOCHS = 20 };
  const double last = 2.0 / 3; /* of three batches */
  const form f = form_of(&(row){"schedule", "cell=rnn hidden=2", "batch_size=3", ""});
  host h;
  host_open(&h, BPTT_R);
  const data d = data_of(&h, &f, .5);
  bptt_value *args = host_list(&h);
  host_add(&h, args, "net", network_of(&h, FEATURES, OUTPUTS, f.net));
  add_data(&h, args, &f, &d);
  add_options(&h, args, "learn_rate=.01 seed=1 epochs=20 batch_size=3 shuffle=0");
  add_options(&h, args, options);
  const bptt_value *rate = host_get(must_call(&h, "rnn_train", args), "history.learn_rate");
  bool good = rate->count == EPOCHS;
  for (size_t i = 0; good && i < EPOCHS; i++) {
    good = near(host_at(rate, i), .01 * want((double)i + last), 1e-13);
    if (!good)
      printf("  epoch %zu: %g, not %g\n", i, host_at(rate, i), .01 * want((double)i + last));
  }
  CHECK(good, options);
  host_close(&h);
}

static double constant(double epoch)
{
  (void)epoch;
  return 1;
}
static double steps_down(double epoch)
{
  return epoch < 7 ? 1 : epoch < 14 ? .25 : .0625;
}
static double half_wave(double epoch)
{
  return cosine(1, 0, epoch / 20);
}
static double up_and_down(double epoch)
{
  return epoch < 6 ? cosine(.04, 1, epoch / 6) : cosine(1, 4e-6, (epoch - 6) / 14);
}
static double warm(double epoch)
{
  return epoch < 4 ? floor(epoch + 1) / 4.5 : 1;
}

static void check_schedules(void)
{
  check_schedule("", constant);
  check_schedule("schedule=step schedule_epochs=7 schedule_factor=.25", steps_down);
  check_schedule("schedule=cosine", half_wave);
  check_schedule("schedule=one_cycle", up_and_down);
  check_schedule("warmup=4.5", warm);
}

/* ------------------------------------------------------------------------------- draws */

/* Beside much noise there is no gradient: mean and variance of what the k-th step has added, and
 * what it has in common with the step before. */
static void check_noise(void)
{
  enum { MOST_STEPS = 4, MOST_WEIGHTS = 2000 };
  static double last[MOST_WEIGHTS];
  const double variance = 1e12, rate = 1e-6;
  host h;
  host_open(&h, BPTT_R);
  const form f = form_of(&(row){"noise", "cell=gru hidden=16", "", ""});
  const data d = data_of(&h, &f, .5);
  const bptt_value *before = network_of(&h, FEATURES, OUTPUTS, f.net);
  bptt_value *args = host_list(&h);
  host_add(&h, args, "net", before);
  add_data(&h, args, &f, &d);
  add_options(&h, args, "optimizer=sgd learn_rate=1e-6 noise=1e12 seed=1");
  for (int k = 1; k <= MOST_STEPS; k++) {
    host_add(&h, args, "epochs", host_number(&h, k));
    const bptt_value *after = host_get(must_call(&h, "rnn_train", args), "net");
    const bptt_value *w = host_get(before, "param"), *v = host_get(after, "param");
    const double sigma = sqrt(variance / pow(k, .55));
    double sum = 0, squares = 0, common = 0;
    size_t n = 0;
    for (size_t i = 0; i < w->count; i++) {
      for (size_t j = 0; j < w->item[i].count && n < MOST_WEIGHTS; j++) {
        const double step = (host_at(&v->item[i], j) - host_at(&w->item[i], j)) / (rate * sigma);
        sum += step;
        squares += step * step;
        common += step * last[n];
        last[n++] = step;
      }
    }
    const double size = (double)n, four_sigma = 4 / sqrt(size);
    CHECK(n > 500 && fabs(sum / size) < four_sigma, "noise");
    CHECK(fabs(squares / size - 1) < four_sigma * sqrt(2), "noise");
    CHECK(fabs(common / size) < four_sigma, "noise");
    before = after;
  }
  host_close(&h);
}

/* Where the weights stay as they are, the loss changes with the units that are left out: at every
 * step others, but for lbfgs. */
static void check_dropout(void)
{
  static const struct {
    const char *net, *options;
    bool changes;
  } cases[] = {{"cell=gru hidden=4,3", "optimizer=sgd", false},
               {"cell=gru hidden=4,3 dropout=.5", "optimizer=sgd", true},
               {"cell=gru hidden=4,3 dropout=.5", "optimizer=lbfgs epochs=2", false}};
  for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
    host h;
    host_open(&h, BPTT_R);
    const form f = form_of(&(row){"dropout", cases[c].net, "", ""});
    const data d = data_of(&h, &f, .5);
    bptt_value *args = host_list(&h);
    host_add(&h, args, "net", network_of(&h, FEATURES, OUTPUTS, f.net));
    add_data(&h, args, &f, &d);
    add_options(&h, args, "learn_rate=1e-100 epochs=5 seed=1");
    add_options(&h, args, cases[c].options);
    const bptt_value *loss = host_get(must_call(&h, "rnn_train", args), "history.loss");
    for (size_t i = 1; i < loss->count; i++) {
      CHECK((host_at(loss, i) != host_at(loss, i - 1)) == cases[c].changes, cases[c].options);
    }
    host_close(&h);
  }
}

/* -------------------------------------------------------------------------- divergence */

static bool all_finite(const bptt_value *param)
{
  for (size_t i = 0; i < param->count; i++) {
    for (size_t k = 0; k < param->item[i].count; k++) {
      if (!isfinite(host_at(&param->item[i], k))) return false;
    }
  }
  return true;
}

/* Where the numbers of a run stop being finite, training ends, with what there was before. */
typedef struct {
  const char *options, *warning;
  const char *set;  /* a parameter */
  double to;        /* set to it, all but b_y to 0 */
  double x, target; /* all of them; NaN: waves */
  size_t epochs;    /* gone through before */
} divergence_case;

static void check_divergence(const divergence_case *c, bptt_habit habit)
{
  const form f = form_of(&(row){"divergence", "cell=rnn hidden=3", "batch_size=3", ""});
  host h;
  host_open(&h, habit);
  data d = data_of(&h, &f, .5);
  double *x = d.x->data, *target = d.target->data;
  for (size_t i = 0; !isnan(c->x) && i < d.x->count; i++) x[i] = c->x;
  for (size_t i = 0; !isnan(c->target) && i < d.target->count; i++) target[i] = c->target;
  bptt_value *net = separate(&h, network_of(&h, FEATURES, OUTPUTS, f.net));
  char names[96];
  snprintf(names, sizeof names, "%s", c->set);
  for (char *name = strtok(names, " "); name; name = strtok(NULL, " ")) {
    const bptt_value *p = host_get(host_get(net, "param"), name);
    for (size_t i = 0; i < p->count; i++) ((double *)p->data)[i] = c->to;
  }
  bptt_value *args = host_list(&h);
  host_add(&h, args, "net", net);
  add_data(&h, args, &f, &d);
  add_options(&h, args, "seed=1 epochs=9 batch_size=3 shuffle=0 clip_norm=Inf");
  add_options(&h, args, c->options);
  const bptt_value *r = must_call(&h, "rnn_train", args);
  const bptt_value *info = habit == BPTT_R ? r : host_get(r, "info");
  const bptt_value *history = host_get(info, "history");
  CHECK(strcmp(stopped_by(info, 0), "diverged") == 0, c->options);
  if (!CHECK(h.warning && strstr(h.warning, c->warning), c->options)) {
    printf("  %s\n  not %s\n", h.warning ? h.warning : "no warning", c->warning);
  }
  CHECK(h.warning_kind && strcmp(h.warning_kind, "nonFinite") == 0, c->options);
  CHECK(all_finite(host_get(r, "net.param")), c->options);
  for (size_t i = 0; i < history->count; i++) {
    CHECK(history->item[i].count == c->epochs && history->item[i].dim[0] == c->epochs, c->options);
  }
  for (size_t i = 0; i < c->epochs; i++) {
    CHECK(host_at(host_get(history, "epoch"), i) == (double)i + 1, c->options);
    CHECK(isfinite(host_at(host_get(history, "loss"), i)), c->options);
  }
  host_close(&h);
}

static void check_divergences(void)
{
  static const divergence_case cases[] = {
      {"optimizer=sgd learn_rate=1e300",
       "training stopped in epoch 1, batch 2: the loss is not "
       "finite: first at step 1; the weights before that are kept",
       "", 0, NAN, NAN, 0},
      {"optimizer=sgd learn_rate=1e20", "training stopped in epoch ", "", 0, NAN, NAN, 2},
      {"optimizer=adam learn_rate=1e200", "epoch 1, batch 2: the loss", "", 0, NAN, NAN, 0},
      {"optimizer=lbfgs batch_size=99", "epoch 1, batch 1: the loss", "", 0, NAN, 1e200, 0},
      {"validation=.3 optimizer=sgd learn_rate=1e300", "epoch 1, batch 2: the loss", "", 0, NAN,
       NAN, 0},
      {"loss=mae optimizer=sgd",
       "epoch 1, batch 1: the gradient of `W_xh` is not finite: going back "
       "from the end, first at step",
       "W_hh W_hy", 1e200, 0, 1, 0},
      {"loss=mae optimizer=sgd learn_rate=1e308 reduction=sum batch_size=100",
       "epoch 1, batch 1: the update of `b_h` is not finite", "", 0, 0, 1, 0},
      {"average=1 optimizer=sgd learn_rate=1e300", "epoch 1, batch 2: the loss", "", 0, NAN, NAN,
       0},
  };
  static const divergence_case in_single[] = {
      {"optimizer=adam learn_rate=1e39 precision=single",
       "epoch 1, batch 1: the update of `W_xh` is "
       "not finite",
       "", 0, NAN, NAN, 0},
      {"optimizer=sgd learn_rate=1e30 precision=single", "epoch 1, batch 2: the gradient", "", 0,
       NAN, NAN, 0},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    check_divergence(&cases[i], BPTT_R);
    check_divergence(&cases[i], BPTT_OCTAVE);
  }
  for (size_t i = 0; i < sizeof in_single / sizeof *in_single; i++) {
    check_divergence(&in_single[i], BPTT_R);
  }
}

int main(void)
{
  bptt_load();
  random_state = 1;
  golden_read("tests/golden/core/train.txt", check_golden);
  check_samples();
  for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) check_form(&forms[i]);
  check_shuffle();
  check_schedules();
  check_noise();
  check_dropout();
  check_divergences();
  printf("%d passed, %d failed\n", passed, failed);
  return failed > 0 || passed == 0;
}

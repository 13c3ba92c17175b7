/* test_optimizer.c -- the optimizers, with every instruction set: where they are after each tenth
 * step, against PyTorch (tests/golden/core/optimizer.txt); each step for every number of weights,
 * against the equations weight by weight; and what L-BFGS does when it is stopped, restored, or led
 * to where nothing is finite. */
#include "golden.h"
#include "host.h"
#include "lbfgs.h"
#include "optimizer.h"
#include "random.h"
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static long passed, failed;
static const char *isa;

static void check(bool good, const char *name, const char *what, double value)
{
  if (good) {
    passed++;
    return;
  }
  failed++;
  printf("FAILED %s (%s): %s (%g)\n", name, isa, what, value);
}

/* ----------------------------------------------------------------------------- problem */

enum { WEIGHTS = 10, MOST_ROWS = 8, MOST_PAIRS = 100 };

/* A chain of valleys and a least squares problem; and how it fails. */
typedef struct {
  ptrdiff_t rows;
  const double *A, *b; /* rows x WEIGHTS, rows */
  int calls;
  int stops_at;        /* the call that stops; 0: none */
  int fails_from;      /* the call from which on nothing is finite; 0: none */
  double wall;         /* where a weight is larger, nothing is finite; 0: nowhere */
  double loss_there;   /* what is there instead of the loss */
  bool gradient_there; /* whether the gradient is finite there */
} problem;

/*     L = sum_i 10 (w_{i+1} - w_i^2)^2 + (1 - w_i)^2  +  |A w - b|^2 / 2 */
static double valleys(const problem *p, const double *w, double *g)
{
  double loss = 0;
  memset(g, 0, WEIGHTS * sizeof *g);
  for (int i = 0; i < WEIGHTS - 1; i++) {
    const double u = w[i + 1] - w[i] * w[i], v = 1 - w[i];
    loss += 10 * u * u + v * v;
    g[i] -= 40 * u * w[i] + 2 * v;
    g[i + 1] += 20 * u;
  }
  for (ptrdiff_t k = 0; k < p->rows; k++) {
    double r = -p->b[k];
    for (int i = 0; i < WEIGHTS; i++) r += p->A[k + i * p->rows] * w[i];
    loss += r * r / 2;
    for (int i = 0; i < WEIGHTS; i++) g[i] += p->A[k + i * p->rows] * r;
  }
  return loss;
}

static bptt_status evaluate(void *context, const double *w, double *loss, double *g)
{
  problem *p = context;
  p->calls++;
  if (p->calls == p->stops_at) return BPTT_EINTERRUPT;
  bool fails = p->fails_from > 0 && p->calls >= p->fails_from;
  for (int i = 0; i < WEIGHTS; i++) fails |= p->wall > 0 && fabs(w[i]) > p->wall;
  *loss = valleys(p, w, g);
  if (fails) *loss = p->loss_there;
  if (fails && !p->gradient_there) g[WEIGHTS / 2] = NAN;
  return BPTT_OK;
}

/* ------------------------------------------------------------------------------ golden */

static double number_of(const example *e, const char *key, const char *file)
{
  const char *text = find_setting(e, key, NULL);
  if (!text) give_up(file, "a case without one of its options");
  return strtod(text, NULL);
}

static optimizer_options options_of(const example *e, const char *file)
{
  static const char *const kinds[] = {"sgd", "adam", "adamw", "rmsprop", "adagrad", "lbfgs"};
  const char *kind = find_setting(e, "optimizer", "");
  size_t k = 0;
  while (k < sizeof kinds / sizeof *kinds && strcmp(kind, kinds[k]) != 0) k++;
  if (k == sizeof kinds / sizeof *kinds) give_up(file, "an optimizer that is not known");
  return (optimizer_options){.kind = (optimizer_kind)k,
                             .momentum = number_of(e, "momentum", file),
                             .nesterov = number_of(e, "nesterov", file) != 0,
                             .beta1 = number_of(e, "beta1", file),
                             .beta2 = number_of(e, "beta2", file),
                             .alpha = number_of(e, "alpha", file),
                             .epsilon = number_of(e, "epsilon", file),
                             .weight_decay = number_of(e, "weight_decay", file)};
}

static const array *array_of(const example *e, const char *name, ptrdiff_t count, const char *file)
{
  const array *a = find_array(e, name);
  if (!a || a->count == 0 || (count > 0 && a->count != (size_t)count)) {
    give_up(file, "a case without one of its arrays");
  }
  return a;
}

static problem problem_of(const example *e, const char *file)
{
  const array *b = array_of(e, "b", 0, file);
  const ptrdiff_t rows = (ptrdiff_t)b->count;
  return (problem){.rows = rows, .A = array_of(e, "A", rows * WEIGHTS, file)->data, .b = b->data};
}

/* Everything an optimizer goes on from. */
typedef struct {
  double w[WEIGHTS], state[2 * WEIGHTS];
  lbfgs l;
  double *memory;
  ptrdiff_t pairs;
} training;

static size_t bytes_of(const training *t)
{
  return (size_t)lbfgs_numbers(WEIGHTS, t->pairs) * sizeof *t->memory;
}

static training begin(const double *start, ptrdiff_t pairs)
{
  training t = {.pairs = pairs};
  memcpy(t.w, start, sizeof t.w);
  t.memory = malloc(bytes_of(&t));
  if (!t.memory) abort();
  memset(t.memory, 0, bytes_of(&t));
  return t;
}

static training copy(const training *from)
{
  training t = *from;
  t.memory = malloc(bytes_of(&t));
  if (!t.memory) abort();
  memcpy(t.memory, from->memory, bytes_of(&t));
  return t;
}

/* Everything but the scratch. */
static bool same(const training *a, const training *b)
{
  return memcmp(a->w, b->w, sizeof a->w) == 0 && memcmp(&a->l, &b->l, sizeof a->l) == 0;
}

static lbfgs_outcome search(training *t, double learn_rate, problem *p)
{
  return lbfgs_step(&t->l, t->memory, WEIGHTS, t->pairs, learn_rate, t->w, evaluate, p);
}

static void step(training *t, const optimizer_options *o, double learn_rate, int number, problem *p)
{
  double g[WEIGHTS], next[WEIGHTS];
  if (o->kind == OPTIMIZER_LBFGS) {
    if (search(t, learn_rate, p) == LBFGS_NOT_FINITE) t->w[0] = NAN;
    return;
  }
  valleys(p, t->w, g);
  optimizer_step(o, learn_rate, number, WEIGHTS, t->w, g, t->state, next);
  memcpy(t->w, next, sizeof t->w);
}

/* The largest difference, relative to the largest number; Inf where one is not finite. */
static double distance(const double *got, const double *want)
{
  double error = 0, magnitude = 0;
  for (int i = 0; i < WEIGHTS; i++) {
    if (!isfinite(got[i])) return INFINITY;
    error = fmax(error, fabs(got[i] - want[i]));
    magnitude = fmax(magnitude, fabs(want[i]));
  }
  return error / magnitude;
}

static void check_golden(const example *e, const char *file)
{
  enum { EVERY = 10, TIMES = 5 };
  const optimizer_options o = options_of(e, file);
  const double learn_rate = number_of(e, "learn_rate", file);
  const double *want = array_of(e, "w", WEIGHTS * TIMES, file)->data;
  const bool searches = o.kind == OPTIMIZER_LBFGS;
  const array *evaluations = searches ? array_of(e, "evaluations", TIMES, file) : NULL;
  problem p = problem_of(e, file);
  training t = begin(array_of(e, "start", WEIGHTS, file)->data,
                     searches ? (ptrdiff_t)number_of(e, "pairs", file) : 1);
  for (int k = 1; k <= EVERY * TIMES; k++) {
    step(&t, &o, learn_rate, k, &p);
    if (k % EVERY > 0) continue;
    const int at = k / EVERY - 1;
    const double error = distance(t.w, want + WEIGHTS * at);
    check(error <= 1e-10, e->name, "the weights are off", error);
    if (!evaluations) continue;
    check(t.l.evaluations == evaluations->data[at] && t.l.evaluations == p.calls, e->name,
          "as many evaluations", t.l.evaluations);
  }
  free(t.memory);
}

/* ------------------------------------------------------------------------------- steps */

enum { MOST = 40, GUARD = 8 };
static const double UNTOUCHED = -7;

/* One weight, its gradient and its state, by the equations as the papers have them. */
static double plain(const optimizer_options *o, double r, int t, double w, double g, double *a,
                    double *b)
{
  double v;
  if (o->kind != OPTIMIZER_ADAMW) g += o->weight_decay * w;
  switch (o->kind) {
  case OPTIMIZER_SGD:
    *a = t == 1 ? g : o->momentum * *a + g;
    return w - r * (o->momentum == 0 ? g : o->nesterov ? g + o->momentum * *a : *a);
  case OPTIMIZER_ADAM:
  case OPTIMIZER_ADAMW:
    if (o->kind == OPTIMIZER_ADAMW) w -= r * o->weight_decay * w;
    *a = o->beta1 * *a + (1 - o->beta1) * g;
    *b = o->beta2 * *b + (1 - o->beta2) * g * g;
    v = *b / (1 - pow(o->beta2, t));
    return w - r * (*a / (1 - pow(o->beta1, t))) / (sqrt(v) + o->epsilon);
  case OPTIMIZER_RMSPROP:
    *a = o->alpha * *a + (1 - o->alpha) * g * g;
    *b = o->momentum * *b + g / (sqrt(*a) + o->epsilon);
    return w - r * *b;
  case OPTIMIZER_ADAGRAD:
    *a += g * g;
    return w - r * g / (sqrt(*a) + o->epsilon);
  case OPTIMIZER_LBFGS:
    break;
  }
  return NAN;
}

static void check_steps(const char *name, const optimizer_options *o, int n)
{
  enum { STEPS = 4 };
  const int vectors = optimizer_vectors(o);
  double w[MOST], g[MOST], a[MOST] = {0}, b[MOST] = {0};
  double state[2 * MOST + GUARD] = {0}, next[MOST + GUARD];
  double error = 0;
  bool kept = true;
  for (int i = vectors * n; i < 2 * MOST + GUARD; i++) state[i] = UNTOUCHED;
  for (int i = n; i < MOST + GUARD; i++) next[i] = UNTOUCHED;
  for (int i = 0; i < n; i++) w[i] = 2 * uniform() - 1;
  for (int t = 1; t <= STEPS; t++) {
    for (int i = 0; i < n; i++) g[i] = one_in(8) ? 0 : 2 * uniform() - 1;
    optimizer_step(o, .01, t, n, w, g, state, next);
    for (int i = 0; i < n; i++) {
      w[i] = plain(o, .01, t, w[i], g[i], &a[i], &b[i]);
      error = fmax(error, isfinite(next[i]) ? fabs(next[i] - w[i]) : INFINITY);
      if (vectors > 0) error = fmax(error, fabs(state[i] - a[i]));
      if (vectors > 1) error = fmax(error, fabs(state[n + i] - b[i]));
      w[i] = next[i];
    }
  }
  for (int i = vectors * n; i < 2 * MOST + GUARD; i++) kept &= state[i] == UNTOUCHED;
  for (int i = n; i < MOST + GUARD; i++) kept &= next[i] == UNTOUCHED;
  check(error <= 1e-13, name, "a step is off", error);
  check(kept, name, "a step writes where it should not", n);
}

static void check_all_steps(void)
{
  static const struct {
    const char *name;
    int vectors;
    optimizer_options o;
  } all[] = {
      {"sgd", 0, {.kind = OPTIMIZER_SGD}},
      {"sgd, decay", 0, {.kind = OPTIMIZER_SGD, .weight_decay = .1}},
      {"sgd, momentum", 1, {.kind = OPTIMIZER_SGD, .momentum = .9}},
      {"sgd, nesterov", 1, {.kind = OPTIMIZER_SGD, .momentum = .9, .nesterov = true}},
      {"adam", 2, {.kind = OPTIMIZER_ADAM, .beta1 = .9, .beta2 = .99, .epsilon = 1e-3}},
      {"adamw",
       2,
       {.kind = OPTIMIZER_ADAMW, .beta1 = .5, .beta2 = .9, .epsilon = 1e-8, .weight_decay = .1}},
      {"rmsprop", 1, {.kind = OPTIMIZER_RMSPROP, .alpha = .9, .epsilon = 1e-3}},
      {"rmsprop, momentum",
       2,
       {.kind = OPTIMIZER_RMSPROP, .alpha = .9, .epsilon = 1e-3, .momentum = .9}},
      {"adagrad", 1, {.kind = OPTIMIZER_ADAGRAD, .epsilon = 1e-8}},
  };
  for (size_t k = 0; k < sizeof all / sizeof *all; k++) {
    check(optimizer_vectors(&all[k].o) == all[k].vectors, all[k].name, "vectors of state",
          optimizer_vectors(&all[k].o));
    for (int n = 1; n <= MOST; n++) check_steps(all[k].name, &all[k].o, n);
  }
}

/* ------------------------------------------------------------------------------- lbfgs */

static const double START[WEIGHTS] = {-1, .5, 0, .25, -.75, 1, .125, -.5, .5, -.25};

/* Every step from copies, and from what a step has left that was stopped at each evaluation. */
static void check_restored(ptrdiff_t pairs)
{
  problem p = {0};
  training t = begin(START, pairs);
  bool left = true, stopped = true, restored = true;
  for (int k = 0; k < 30; k++) {
    training before = copy(&t);
    p.calls = 0;
    const lbfgs_outcome outcome = search(&t, 1, &p);
    const int calls = p.calls;
    for (int at = 1; at <= calls; at++) {
      training other = copy(&before);
      problem stopping = {.stops_at = at};
      stopped &= search(&other, 1, &stopping) == LBFGS_STOPPED;
      left &= memcmp(other.w, before.w, sizeof other.w) == 0;
      left &= other.l.iteration == before.l.iteration && other.l.pairs == before.l.pairs;
      restored &= search(&other, 1, &p) == outcome && same(&other, &t);
      free(other.memory);
    }
    training other = copy(&before);
    restored &= search(&other, 1, &p) == outcome && same(&other, &t);
    free(before.memory);
    free(t.memory);
    t = other;
  }
  check(stopped, "lbfgs", "does not stop", (double)pairs);
  check(left, "lbfgs", "changes something although it is stopped", (double)pairs);
  check(restored, "lbfgs", "goes on otherwise when it is restored", (double)pairs);
  check(t.l.iteration == 30 && t.l.pairs == fmin((double)pairs, 30), "lbfgs", "counts", t.l.pairs);
  free(t.memory);
}

static void check_converged(void)
{
  problem p = {0};
  training t = begin(START, 5);
  double g[WEIGHTS], most = 0;
  int steps = 0;
  while (steps < 500 && search(&t, 1, &p) == LBFGS_GOES_ON) steps++;
  valleys(&p, t.w, g);
  for (int i = 0; i < WEIGHTS; i++) most = fmax(most, fabs(g[i]));
  check(steps < 500 && most < 1e-3, "lbfgs", "does not converge", most);
  for (int k = 0; k < 20; k++) search(&t, 1, &p);
  const training end = t;
  const int calls = p.calls;
  check(search(&t, 1, &p) == LBFGS_CONVERGED && same(&t, &end) && p.calls == calls, "lbfgs",
        "goes on at the minimum", t.l.iteration);
  free(t.memory);
}

static bptt_status descend(void *context, const double *w, double *loss, double *g)
{
  (void)context;
  *loss = -*w;
  *g = -1;
  return BPTT_OK;
}

/* Where the loss falls forever each trial is ten times as far as the last. */
static void check_endless(void)
{
  double memory[16] = {0}, w = 0;
  lbfgs l = {0};
  check(lbfgs_numbers(1, 1) <= 16, "lbfgs", "needs too much memory", 0);
  const lbfgs_outcome outcome = lbfgs_step(&l, memory, 1, 1, .5, &w, descend, NULL);
  check(outcome == LBFGS_GOES_ON && l.evaluations == 27 && fabs(w / .5e25 - 1) < 1e-12, "lbfgs",
        "is off where the loss falls forever", w);
}

static void check_at_once(const double *w, problem p, lbfgs_outcome want, const char *what)
{
  training t = begin(w, 3);
  const lbfgs_outcome got = search(&t, 1, &p);
  check(got == want && memcmp(t.w, w, sizeof t.w) == 0 && t.l.iteration == 0, "lbfgs", what, got);
  free(t.memory);
}

/* A step that leads to where nothing is finite finds a shorter one; if there is none, nothing has
 * happened. */
static void check_not_finite(double loss_there, bool gradient_there)
{
  const problem nowhere = {
      .fails_from = 1, .loss_there = loss_there, .gradient_there = gradient_there};
  problem wall = nowhere, never = nowhere, well = {0};
  const double before = valleys(&well, START, (double[WEIGHTS]){0});
  wall.fails_from = 0;
  wall.wall = 1.25;
  never.fails_from = 2;
  check_at_once(START, nowhere, LBFGS_NOT_FINITE, "goes on from what is not finite");
  check_at_once(START, never, LBFGS_NOT_FINITE, "goes to what is not finite");

  training t = begin(START, 3);
  bool finite = true;
  for (int k = 0; k < 20; k++) {
    finite &= search(&t, 1e4, &wall) == LBFGS_GOES_ON && t.l.loss < before;
    for (int i = 0; i < WEIGHTS; i++) finite &= fabs(t.w[i]) <= wall.wall;
  }
  check(finite, "lbfgs", "does not stay where everything is finite", loss_there);
  free(t.memory);

  training failing = begin(START, 3), other = begin(START, 3);
  bool left = true;
  for (int k = 0; k < 20; k++) {
    problem fails = never;
    fails.fails_from = k == 0 ? 2 : 1;
    const training kept = failing;
    left &= search(&failing, 1, &fails) == LBFGS_NOT_FINITE;
    left &= memcmp(failing.w, kept.w, sizeof kept.w) == 0;
    left &= search(&failing, 1, &well) == search(&other, 1, &well) && same(&failing, &other);
  }
  check(left, "lbfgs", "a step that is not finite changes something", loss_there);
  free(failing.memory);
  free(other.memory);
}

static void check_lbfgs(void)
{
  const double ones[WEIGHTS] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
  const problem whole = {0};
  for (ptrdiff_t pairs = 1; pairs <= MOST_PAIRS; pairs *= 10) check_restored(pairs);
  check_restored(7);
  check_converged();
  check_endless();
  check_at_once(ones, whole, LBFGS_CONVERGED, "leaves the minimum");
  check_not_finite(NAN, true);
  check_not_finite(NAN, false);
  check_not_finite(INFINITY, true);
  check_not_finite(-INFINITY, true);
  check_not_finite(1, false);
  check(lbfgs_numbers(PTRDIFF_MAX / 64, 100) == -1 && lbfgs_numbers(1, PTRDIFF_MAX / 8) == -1,
        "lbfgs", "counts what cannot be counted", 0);
}

int main(void)
{
  for (int i = 0; i < HOST_ISAS; i++) {
    isa = host_isa[i];
    if (!host_use_isa(isa)) continue;
    random_state = 1;
    golden_read("tests/golden/core/optimizer.txt", check_golden);
    check_all_steps();
    check_lbfgs();
  }
  printf("%ld passed, %ld failed\n", passed, failed);
  return failed > 0 || passed == 0;
}

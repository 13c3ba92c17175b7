/* trainer.c -- training a network: epochs of steps of an optimizer, until it is time to stop.
 *
 * All that a step depends on but the data is in the weights, in the optimizer's numbers and in
 * `progress`: batches are shuffled, units dropped and noise is drawn from generators of their own,
 * which begin anew with the number of the epoch or of the step. So a checkpoint between any two
 * steps is enough to go on to the same bits. */
#include "trainer.h"
#include "clip.h"
#include "engine.h"
#include "pass.h"
#include "random.h"
#include <math.h>
#include <string.h>
#include <time.h>

/* Between two looks at the user's wishes, and between two reports, in seconds. */
#define POLL_SECONDS 0.01
#define REPORT_SECONDS 0.1

static double clock_seconds(void)
{
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

double trainer_seconds(const trainer *r)
{
  return r->at.seconds + clock_seconds() - r->began;
}

/* ------------------------------------------------------------------------------ memory */

static ptrdiff_t state_numbers(const training *t)
{
  return t->optimizer.kind == OPTIMIZER_LBFGS ? lbfgs_numbers(t->numbers, t->pairs)
                                              : optimizer_vectors(&t->optimizer) * t->numbers;
}

static ptrdiff_t groups_of(const training *t)
{
  return (t->samples + t->batch - 1) / t->batch;
}

/* Steps of the longest batch. */
static ptrdiff_t steps_of(const training *t)
{
  const ptrdiff_t longest = samples_longest(t->sample, t->samples);
  return t->chunk && t->chunk < longest ? t->chunk : longest;
}

/* A state of all sequences of a batch, in numbers of double. */
static ptrdiff_t carried_numbers(const training *t)
{
  ptrdiff_t numbers = 0;
  state_field s;
  if (!t->chunk) return 0;
  for (int i = 0; network_state(t->net, i, &s); i++) numbers += s.H * t->batch;
  return numbers;
}

/* The sequences are those of the user, all at once, and need not be gathered. */
static bool is_whole(const training *t)
{
  if (t->chunk || t->cutting.window || t->samples != t->training.B || t->batch < t->samples ||
      t->training.last != (bool)t->problem.last) {
    return false;
  }
  for (ptrdiff_t i = 0; i < t->samples; i++) {
    if (t->sample[i].steps != material_length(&t->training, i)) return false;
  }
  return true;
}

/* Sizes of a problem of n samples of up to T steps. */
static void set_sizes(bptt_problem *p, ptrdiff_t n, ptrdiff_t T)
{
  const bool truncated = p->k1 < T;
  p->B = n;
  p->T = T;
  if (!truncated) p->k1 = p->k2 = T;
}

/* What the engine needs for n samples of up to T steps, forward alone or back as well. */
static size_t step_bytes(const training *t, ptrdiff_t n, ptrdiff_t T, bool back)
{
  bptt_layer layer[2 * NETWORK_MOST_LAYERS];
  bptt_problem p = t->problem;
  char any[1];
  const ptrdiff_t length = 0;
  state_field s;
  memset(layer, 0, sizeof layer);
  p.layer = layer;
  for (int i = 0; i < p.layers * p.directions; i++) layer[i].H = t->problem.layer[i].H;
  set_sizes(&p, n, T);
  p.length = &length;
  p.x = p.W_hy = p.b_y = p.target = any;
  p.weights = t->training.weights ? any : NULL;
  if (!back) p.k1 = p.k2 = T, p.dropout = 0, p.recompute = 0;
  for (int i = 0; i < t->net->parameters; i++) {
    slot_set(problem_parameter(&p, &t->net->parameter[i]), any);
    if (back) slot_set(problem_gradient(&p, &t->net->parameter[i]), any);
  }
  for (int i = 0; t->chunk && network_state(t->net, i, &s); i++) {
    slot_set(problem_state(&p, &s, FIRST_STATE), any);
    slot_set(problem_state(&p, &s, LAST_STATE), any);
  }
  return bptt_step_workspace(&p, t->dtype);
}

/* The most of full batches and of what is left over, and the same of validation. */
static size_t work_bytes(const training *t)
{
  const ptrdiff_t rest = t->samples % t->batch, checked = samples_longest(t->check, t->checks);
  const ptrdiff_t full = t->checks < t->batch ? t->checks : t->batch;
  const struct {
    ptrdiff_t n, T;
    bool back;
  } size[] = {{t->samples < t->batch ? t->samples : t->batch, steps_of(t), true},
              {rest, steps_of(t), true},
              {full, checked, false},
              {full ? t->checks % full : 0, checked, false}};
  size_t most = 0;
  for (size_t i = 0; i < sizeof size / sizeof *size; i++) {
    if (size[i].n == 0) continue;
    const size_t bytes = step_bytes(t, size[i].n, size[i].T, size[i].back);
    if (bytes > most) most = bytes;
  }
  return most;
}

/* Memory is handed out piece by piece; without any, only counted. */
typedef struct {
  char *memory;
  size_t used;
  bool overflows;
} room;

static void *carve_bytes(room *m, size_t bytes)
{
  const size_t at = m->used;
  m->overflows |= bytes > PTRDIFF_MAX - 64 || at > PTRDIFF_MAX - 64 - bytes;
  if (m->overflows) return NULL;
  m->used = (at + bytes + 63) / 64 * 64;
  return m->memory ? m->memory + at : NULL;
}
static void *carve(room *m, ptrdiff_t count, size_t size)
{
  size_t bytes;
  return carve_bytes(m, __builtin_mul_overflow((size_t)count, size, &bytes) ? (size_t)-1 : bytes);
}

static size_t lay_out(trainer *r, const training *t, char *memory)
{
  room m = {memory, 0, false};
  const ptrdiff_t n = t->numbers, T = steps_of(t), checked = samples_longest(t->check, t->checks);
  const ptrdiff_t longest = checked > T ? checked : T;
  const bool single = t->dtype == BPTT_F32, last = t->problem.last;
  const ptrdiff_t samples = t->samples > t->checks ? t->samples : t->checks;
  r->w = carve(&m, n, sizeof(double));
  r->next = carve(&m, n, sizeof(double));
  r->g = carve(&m, n, sizeof(double));
  r->state = carve(&m, state_numbers(t), sizeof(double));
  r->best = t->checks ? carve(&m, n, sizeof(double)) : NULL;
  r->average = t->average ? carve(&m, n, sizeof(double)) : NULL;
  r->w_single = single ? carve(&m, n, sizeof(float)) : NULL;
  r->g_single = single ? carve(&m, n, sizeof(float)) : NULL;
  r->order = carve(&m, samples, sizeof *r->order);
  for (int i = 0; i < 2; i++) r->carried[i] = carve(&m, carried_numbers(t), sizeof(double));
  char *gathered = carve_bytes(&m, batch_bytes(&t->training, t->batch, longest, last));
  if (gathered) batch_place(&r->room, &t->training, t->batch, longest, last, gathered);
  r->work = carve_bytes(&m, work_bytes(t));
  return m.overflows ? (size_t)-1 : m.used;
}

size_t trainer_bytes(const training *t)
{
  trainer r;
  return lay_out(&r, t, NULL);
}

void trainer_place(trainer *r, const training *t, char *memory, bptt_layer *layer)
{
  r->t = t;
  lay_out(r, t, memory);
  r->problem = t->problem;
  r->problem.layer = layer;
  memcpy(layer, t->problem.layer, (size_t)(t->net->layers * t->net->directions) * sizeof *layer);
}

/* --------------------------------------------------------------------------- beginning */

/* A smaller batch than others leaves a part of them alone, which a checkpoint has all the same. */
static void clear_carried(trainer *r)
{
  for (int i = 0; i < 2; i++) {
    if (r->t->chunk) memset(r->carried[i], 0, (size_t)carried_numbers(r->t) * sizeof(double));
  }
}

void trainer_start(trainer *r)
{
  const training *t = r->t;
  const size_t bytes = (size_t)t->numbers * sizeof(double);
  r->at = (progress){.seed = (double)r->seed, .best = INFINITY, .plateau.best = INFINITY};
  memset(r->state, 0, (size_t)state_numbers(t) * sizeof(double));
  clear_carried(r);
  memcpy(r->next, r->w, bytes);
  if (r->best) memcpy(r->best, r->w, bytes);
  if (r->average) memcpy(r->average, r->w, bytes);
}

enum { STRETCHES = 9 + NOTES, PROGRESS_NUMBERS = sizeof(progress) / sizeof(double) };

/* What a checkpoint consists of. Returns how many stretches there are. */
static int list_stretches(trainer *r, stretch *s)
{
  const training *t = r->t;
  const ptrdiff_t n = t->numbers, epochs = (ptrdiff_t)r->at.epochs;
  int count = 0;
  s[count++] = (stretch){(double *)&r->at, PROGRESS_NUMBERS};
  s[count++] = (stretch){r->w, n};
  s[count++] = (stretch){r->next, n};
  s[count++] = (stretch){r->state, state_numbers(t)};
  s[count++] = (stretch){(double *)(void *)r->carried[0], carried_numbers(t)};
  if (r->best) s[count++] = (stretch){r->best, n};
  if (r->average) s[count++] = (stretch){r->average, n};
  for (int i = 0; i < NOTES; i++) s[count++] = (stretch){r->history[i], epochs};
  return count;
}

ptrdiff_t trainer_numbers(const training *t, double epochs)
{
  const ptrdiff_t vectors = 2 + (t->checks > 0) + t->average;
  return t->settings + PROGRESS_NUMBERS + vectors * t->numbers + state_numbers(t) +
         carried_numbers(t) + NOTES * (ptrdiff_t)epochs;
}

progress trainer_progress(const double *numbers)
{
  progress at;
  memcpy(&at, numbers, sizeof at);
  return at;
}

void trainer_resume(trainer *r, const double *numbers)
{
  stretch s[STRETCHES];
  clear_carried(r);
  r->at = trainer_progress(numbers);
  const int count = list_stretches(r, s);
  for (int i = 0; i < count; i++) {
    if (s[i].count) memcpy(s[i].data, numbers, (size_t)s[i].count * sizeof(double));
    numbers += s[i].count;
  }
}

static void save(trainer *r)
{
  const training *t = r->t;
  stretch s[STRETCHES + 1];
  const double seconds = r->at.seconds;
  if (!r->checkpoint) return;
  r->at.seconds = trainer_seconds(r);
  s[0] = (stretch){(double *)t->setting, t->settings};
  r->unsaved = checkpoint_write(r->checkpoint, s, 1 + list_stretches(r, s + 1));
  r->at.seconds = seconds;
  r->saved = clock_seconds();
}

/* ---------------------------------------------------------------------------- problems */

/* For what random numbers are drawn. */
enum { FOR_ORDER = 1, FOR_DROPOUT, FOR_NOISE };

static generator generator_for(const trainer *r, int purpose, double number)
{
  generator of_run = seeded(r->seed);
  for (int i = 0; i < purpose; i++) next_bits(&of_run);
  return seeded(next_bits(&of_run) + (uint64_t)number);
}

/* The problem has these weights. */
static void set_weights(trainer *r, const double *w)
{
  const training *t = r->t;
  const network *n = t->net;
  const bool single = t->dtype == BPTT_F32;
  if (single) bptt_convert(r->w_single, BPTT_F32, w, BPTT_F64, t->numbers);
  for (ptrdiff_t i = 0, at = 0; i < n->parameters; i++) {
    const parameter *q = &n->parameter[i];
    void *slot = problem_parameter(&r->problem, q);
    if (single) {
      slot_set(slot, r->w_single + at);
    } else {
      slot_set(slot, w + at);
    }
    at += q->rows * q->cols;
  }
}

/* The problem's gradient goes to r->g, or nowhere. */
static void set_gradient(trainer *r, bool wanted)
{
  const network *n = r->t->net;
  for (ptrdiff_t i = 0, at = 0; i < n->parameters; i++) {
    const parameter *q = &n->parameter[i];
    void *slot = problem_gradient(&r->problem, q);
    if (!wanted) {
      slot_set(slot, NULL);
    } else if (r->g_single) {
      slot_set(slot, r->g_single + at);
    } else {
      slot_set(slot, r->g + at);
    }
    at += q->rows * q->cols;
  }
}

/* The states of n sequences before and after a batch, or none. */
static void set_states(trainer *r, ptrdiff_t n, const char *before, char *after)
{
  const size_t size = r->t->dtype == BPTT_F64 ? sizeof(double) : sizeof(float);
  size_t at = 0;
  state_field s;
  for (int i = 0; network_state(r->t->net, i, &s); i++) {
    slot_set(problem_state(&r->problem, &s, FIRST_STATE), before ? before + at : NULL);
    slot_set(problem_state(&r->problem, &s, LAST_STATE), after ? after + at : NULL);
    at += (size_t)(s.H * n) * size;
  }
}

/* The problem has this batch. A mean is one over pairs of an element and a level. */
static void set_batch(bptt_problem *p, const training *t, const batch *b)
{
  const double pairs = b->mass * (p->loss == BPTT_QUANTILE ? (double)p->level_count : 1);
  set_sizes(p, b->n, p->T);
  p->x = b->x;
  p->target = b->target;
  p->weights = b->weights;
  p->length = b->length;
  p->scale = !t->mean ? 1 : pairs > 0 ? 1 / pairs : 0;
}

static bptt_status run_engine(trainer *r)
{
  return bptt_step(&r->problem, r->t->dtype, r->work, r->t->stopped, r->context);
}

/* The loss of a batch at the weights w, and its gradient in r->g. */
static bptt_status find_gradient(trainer *r, const batch *b, const double *w, double number,
                                 double *loss)
{
  const training *t = r->t;
  generator dropped = generator_for(r, FOR_DROPOUT, number);
  r->problem.loss_value = 0;
  r->problem.seed = (double)(next_bits(&dropped) >> 11);
  set_weights(r, w);
  set_batch(&r->problem, t, b);
  const bptt_status status = run_engine(r);
  if (status != BPTT_OK) return status;
  if (r->g_single) bptt_convert(r->g, BPTT_F64, r->g_single, BPTT_F32, t->numbers);
  *loss = r->problem.loss_value;
  return BPTT_OK;
}

/* -------------------------------------------------------------------------- validation */

/* What is shown to the user and kept: the mean of the weights, if there is one. */
const double *trainer_shown(const trainer *r)
{
  return r->average ? r->average : r->w;
}

/* Of all samples for validation, without dropout. False: the user wants to stop. */
static bool find_validation_loss(trainer *r, double *loss)
{
  const training *t = r->t;
  const bptt_problem before = r->problem;
  const ptrdiff_t T = samples_longest(t->check, t->checks);
  double sum = 0, mass = 0;
  bptt_status status = BPTT_OK;
  r->problem.dropout = 0;
  r->problem.recompute = 0;
  r->problem.k1 = r->problem.k2 = r->problem.T = T;
  set_gradient(r, false);
  set_weights(r, trainer_shown(r));
  set_states(r, 0, NULL, NULL);
  for (ptrdiff_t i = 0; i < t->checks; i++) r->order[i] = i;
  for (ptrdiff_t i = 0; status == BPTT_OK && i < t->checks; i += t->batch) {
    const ptrdiff_t n = t->checks - i < t->batch ? t->checks - i : t->batch;
    const batch b =
        batch_gather(&r->room, &t->validation, t->check, r->order + i, n, 0, T, t->problem.last);
    set_batch(&r->problem, t, &b);
    r->problem.loss_value = 0;
    status = run_engine(r);
    sum += t->mean ? r->problem.loss_value * b.mass : r->problem.loss_value;
    mass += b.mass;
  }
  r->problem = before;
  set_gradient(r, true);
  *loss = t->mean ? sum / mass : sum;
  return status == BPTT_OK;
}

/* -------------------------------------------------------------------------------- step */

/* The first parameter with a number that is not finite in the precision that is computed in; NULL:
 * none. */
static const char *bad_parameter(const trainer *r, const double *numbers)
{
  const network *n = r->t->net;
  for (ptrdiff_t i = 0, at = 0; i < n->parameters; i++) {
    const parameter *q = &n->parameter[i];
    const ptrdiff_t count = q->rows * q->cols;
    const double *own = numbers + at;
    if (!bptt_all_finite(own, count, BPTT_F64) || !bptt_fits(own, count, r->t->dtype)) {
      return q->name;
    }
    at += count;
  }
  return NULL;
}

/* The weights before these led here: whoever's loss is not finite is not kept. */
static void diverge(trainer *r, const char *what, const double *numbers)
{
  const bool back = strcmp(what, "gradient") == 0;
  r->stop = STOP_DIVERGED;
  r->divergence =
      (divergence){what, numbers ? bad_parameter(r, numbers) : NULL, r->at.epochs + 1,
                   r->at.taken + 1, back ? r->problem.bad_backward : r->problem.bad_forward};
  if (strcmp(what, "update") == 0) {
    r->divergence.step = 0;
  } else {
    memcpy(r->w, r->next, (size_t)r->t->numbers * sizeof(double));
  }
}

/* Gaussian noise of variance noise / (1 + step)^.55 (Neelakantan et al. 2015). */
static void add_noise(trainer *r)
{
  const double sigma = sqrt(r->t->noise / pow(1 + r->at.steps, .55));
  generator g = generator_for(r, FOR_NOISE, r->at.steps);
  for (ptrdiff_t i = 0; i < r->t->numbers; i++) r->g[i] += sigma * nearly_normal(&g);
}

/* The mean of the weights so far, in which those of long ago count for less and less: that of a
 * thousand steps, and of fewer at first (Polyak & Juditsky 1992; the weights of the mean are those
 * of TensorFlow's ExponentialMovingAverage). */
static void add_to_average(trainer *r)
{
  const double kept = fmin(.999, (1 + r->at.steps) / (10 + r->at.steps));
  for (ptrdiff_t i = 0; i < r->t->numbers; i++) {
    r->average[i] = kept * r->average[i] + (1 - kept) * r->w[i];
  }
}

static bool exceeds(const double *g, ptrdiff_t n, double most)
{
  if (isinf(most)) return false;
  for (ptrdiff_t i = 0; i < n; i++) {
    if (fabs(g[i]) > most) return true;
  }
  return false;
}

/* When a step begins and ends, in epochs. */
typedef struct {
  double begin, end;
} span;

/* From the gradient in r->g to the next weights. */
static void update(trainer *r, span when)
{
  const training *t = r->t;
  const gradient_part all = {r->g, t->numbers, BPTT_F64};
  const double norm = clip_norm_of(&all, 1);
  if (!isfinite(norm)) {
    diverge(r, "gradient", r->g);
    return;
  }
  const bool clipped = norm > t->clip_norm || exceeds(r->g, t->numbers, t->clip_value);
  if (clipped) clip_gradient(&all, 1, norm, t->clip_norm, t->clip_value);
  if (t->noise > 0) add_noise(r);
  r->at.rate = schedule_rate(&t->schedule, &r->at.plateau, when.begin, when.end);
  optimizer_step(&t->optimizer, r->at.rate, r->at.steps + 1, t->numbers, r->w, r->g, r->state,
                 r->next);
  if (!bptt_all_finite(r->next, t->numbers, BPTT_F64) ||
      !bptt_fits(r->next, t->numbers, t->dtype)) {
    diverge(r, "update", r->next);
    return;
  }
  double *before = r->w;
  r->w = r->next;
  r->next = before;
  r->at.steps++;
  r->at.norm += norm;
  r->at.clipped += clipped;
  r->at.taken++;
  if (r->average) add_to_average(r);
}

/* A step of the optimizer on this batch. */
static void take_step(trainer *r, const batch *b, span when)
{
  const training *t = r->t;
  double loss;
  if (find_gradient(r, b, r->w, r->at.steps, &loss) != BPTT_OK) {
    r->stop = STOP_INTERRUPT;
    return;
  }
  if (!isfinite(loss)) {
    diverge(r, "loss", NULL);
    return;
  }
  if (b->mass > 0) update(r, when);
  if (r->stop) return;
  r->at.loss += t->mean ? loss * b->mass : loss;
  r->at.mass += b->mass;
}

/* Before a step: whether there is time for it. */
static void look_around(trainer *r)
{
  const training *t = r->t;
  const double now = clock_seconds();
  if (r->at.seconds + now - r->began >= t->max_time) {
    r->stop = STOP_TIME;
  } else if (now - r->polled > POLL_SECONDS) {
    r->polled = now;
    if (t->stopped(r->context)) r->stop = STOP_INTERRUPT;
  }
  if (now - r->reported > REPORT_SECONDS) {
    r->reported = now;
    t->report_progress(r, r->context);
  }
  if (now - r->saved > 60 * t->checkpoint_minutes) save(r);
}

/* ------------------------------------------------------------------------------ epochs */

/* Fisher-Yates. */
static void shuffle(trainer *r)
{
  const training *t = r->t;
  generator g = generator_for(r, FOR_ORDER, r->at.epochs);
  for (ptrdiff_t i = 0; i < t->samples; i++) r->order[i] = i;
  if (!t->shuffle || t->batch >= t->samples) return;
  for (ptrdiff_t i = t->samples - 1; i > 0; i--) {
    const ptrdiff_t k = uniform_index(&g, i + 1), other = r->order[k];
    r->order[k] = r->order[i];
    r->order[i] = other;
  }
}

/* Epochs when a part of a group is done. */
static double epochs_after(const trainer *r, ptrdiff_t group, double part)
{
  return r->at.epochs + ((double)group + part) / (double)groups_of(r->t);
}

/* One group of samples: a batch, or chunk after chunk with the state carried along. */
static void train_group(trainer *r, ptrdiff_t group)
{
  const training *t = r->t;
  const ptrdiff_t from = group * t->batch, left = t->samples - from;
  const ptrdiff_t n = left < t->batch ? left : t->batch;
  const ptrdiff_t *order = r->order + from;
  ptrdiff_t longest = 0;
  for (ptrdiff_t i = 0; i < n; i++) {
    const ptrdiff_t steps = t->sample[order[i]].steps;
    longest = steps > longest ? steps : longest;
  }
  const ptrdiff_t most = t->chunk ? t->chunk : longest;
  const double chunks = (double)((longest + most - 1) / most);
  while (r->at.chunks < chunks) {
    look_around(r);
    if (r->stop) return;
    const span when = {epochs_after(r, group, r->at.chunks / chunks),
                       epochs_after(r, group, (r->at.chunks + 1) / chunks)};
    batch b = r->whole;
    if (b.n == 0) {
      b = batch_gather(&r->room, &t->training, t->sample, order, n, (ptrdiff_t)r->at.chunks * most,
                       most, t->problem.last);
    }
    if (t->chunk) set_states(r, n, r->at.chunks > 0 ? r->carried[0] : NULL, r->carried[1]);
    take_step(r, &b, when);
    if (r->stop) return;
    char *after = r->carried[1];
    r->carried[1] = r->carried[0];
    r->carried[0] = after;
    r->at.chunks++;
  }
  r->at.chunks = 0;
  r->at.groups++;
}

static void train_batches(trainer *r)
{
  shuffle(r);
  while (r->at.groups < (double)groups_of(r->t) && !r->stop) {
    train_group(r, (ptrdiff_t)r->at.groups);
  }
}

/* ------------------------------------------------------------------------------ l-bfgs */

/* All samples, to which the penalty on large weights is added. Dropout, if there is any, leaves
 * out the same units every time. */
static bptt_status evaluate(void *context, const double *w, double *loss, double *g)
{
  trainer *r = context;
  const training *t = r->t;
  const double decay = t->optimizer.weight_decay;
  batch b = r->whole;
  if (b.n == 0) {
    b = batch_gather(&r->room, &t->training, t->sample, r->order, t->samples, 0, steps_of(t),
                     t->problem.last);
  }
  const bptt_status status = find_gradient(r, &b, w, 0, loss);
  if (status != BPTT_OK) return status;
  for (ptrdiff_t i = 0; i < t->numbers; i++) {
    *loss += decay / 2 * w[i] * w[i];
    g[i] = r->g[i] + decay * w[i];
  }
  r->at.norm = clip_norm_of(&(gradient_part){g, t->numbers, BPTT_F64}, 1);
  return BPTT_OK;
}

/* An epoch is an iteration. */
static void train_lbfgs(trainer *r)
{
  const training *t = r->t;
  for (ptrdiff_t i = 0; i < t->samples; i++) r->order[i] = i;
  r->at.rate = schedule_rate(&t->schedule, &r->at.plateau, r->at.epochs, r->at.epochs + 1);
  memcpy(r->next, r->w, (size_t)t->numbers * sizeof(double));
  const lbfgs_outcome outcome =
      lbfgs_step(&r->at.lbfgs, r->state, t->numbers, t->pairs, r->at.rate, r->w, evaluate, r);
  if (outcome == LBFGS_STOPPED) r->stop = STOP_INTERRUPT;
  if (outcome == LBFGS_NOT_FINITE) diverge(r, "loss", NULL);
  if (r->stop) return;
  r->at.converged = outcome == LBFGS_CONVERGED;
  r->at.loss = r->at.lbfgs.loss;
  r->at.mass = r->at.taken = 1;
  r->at.steps++;
  r->at.groups = 1;
  if (r->average) add_to_average(r);
}

/* ------------------------------------------------------------------------------ the run */

static void note_epoch(trainer *r, double validation)
{
  const progress *a = &r->at;
  const ptrdiff_t row = (ptrdiff_t)a->epochs;
  const double note[NOTES] = {
      [NOTE_EPOCH] = a->epochs + 1,       [NOTE_LOSS] = r->t->mean ? a->loss / a->mass : a->loss,
      [NOTE_VALIDATION] = validation,     [NOTE_RATE] = a->rate,
      [NOTE_NORM] = a->norm / a->taken,   [NOTE_CLIPPED] = a->clipped / a->taken,
      [NOTE_SECONDS] = trainer_seconds(r)};
  for (int i = 0; i < NOTES; i++) r->history[i][row] = note[i];
}

/* After the last step of an epoch. */
static void close_epoch(trainer *r)
{
  const training *t = r->t;
  progress *a = &r->at;
  double validation = NAN;
  if (t->checks) {
    if (!find_validation_loss(r, &validation)) {
      r->stop = STOP_INTERRUPT;
      return;
    }
    if (validation < a->best) {
      a->best = validation;
      a->best_epoch = a->epochs + 1;
      memcpy(r->best, trainer_shown(r), (size_t)t->numbers * sizeof(double));
    }
  }
  note_epoch(r, validation);
  schedule_watch(&t->schedule, &a->plateau,
                 t->checks ? validation : r->history[NOTE_LOSS][(ptrdiff_t)a->epochs]);
  a->loss = a->mass = a->norm = a->clipped = a->taken = a->groups = 0;
  a->epochs++;
  if (fmod(a->epochs, t->checkpoint_every) == 0) save(r);
  const int answer = t->report_epoch(r, r->context);
  if (answer && !r->stop) r->stop = answer > 1 ? STOP_INTERRUPT : STOP_CALLBACK;
}

/* Whether to begin another epoch, or to go on with the one under way. */
static bool goes_on(trainer *r)
{
  const training *t = r->t;
  const progress *a = &r->at;
  if (r->stop) return false;
  if (a->converged != 0) {
    r->stop = STOP_CONVERGED;
  } else if (a->epochs >= (double)t->epochs) {
    r->stop = STOP_EPOCHS;
  } else if (t->checks && a->epochs - a->best_epoch >= t->patience) {
    r->stop = STOP_PATIENCE;
  } else {
    look_around(r);
  }
  return !r->stop;
}

bool trainer_run(trainer *r)
{
  const training *t = r->t;
  const bool lbfgs = t->optimizer.kind == OPTIMIZER_LBFGS;
  r->stop = STOP_NOT;
  r->unsaved = 0;
  r->divergence.what = NULL;
  r->began = r->polled = r->reported = r->saved = clock_seconds();
  r->problem.T = steps_of(t);
  r->whole = is_whole(t) ? batch_whole(&t->training) : (batch){0};
  set_gradient(r, true);
  save(r);
  if (r->unsaved) return false;
  while (goes_on(r)) {
    if (lbfgs && r->at.groups == 0) {
      train_lbfgs(r);
    } else if (!lbfgs) {
      train_batches(r);
    }
    if (!r->stop) close_epoch(r);
  }
  /* What diverges goes on from before, and diverges again. */
  if (r->stop != STOP_DIVERGED) save(r);
  return true;
}

const double *trainer_result(const trainer *r)
{
  return r->best && r->at.best_epoch > 0 ? r->best : trainer_shown(r);
}

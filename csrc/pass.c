/* pass.c -- what the functions that run a network over series share. */
#include "pass.h"
#include "target.h"
#include <math.h>
#include <string.h>

/* ------------------------------------------------------------------------------ slots */

static bptt_layer *layer_of(const bptt_problem *p, int layer, int direction)
{
  return &p->layer[layer * p->directions + direction];
}

void *problem_parameter(bptt_problem *p, const parameter *q)
{
  bptt_layer *l = layer_of(p, q->layer, q->direction);
  void *const slot[ROLE_COUNT] = {
      [ROLE_W_XH] = &l->W_xh, [ROLE_W_HH] = &l->W_hh, [ROLE_B_H] = &l->b_h,
      [ROLE_B_HN] = &l->b_hn, [ROLE_W_HY] = &p->W_hy, [ROLE_B_Y] = &p->b_y,
  };
  return slot[q->role];
}

void *problem_gradient(bptt_problem *p, const parameter *q)
{
  bptt_layer *l = layer_of(p, q->layer, q->direction);
  void *const slot[ROLE_COUNT] = {
      [ROLE_W_XH] = &l->dW_xh, [ROLE_W_HH] = &l->dW_hh, [ROLE_B_H] = &l->db_h,
      [ROLE_B_HN] = &l->db_hn, [ROLE_W_HY] = &p->dW_hy, [ROLE_B_Y] = &p->db_y,
  };
  return slot[q->role];
}

void *problem_state(bptt_problem *p, const state_field *s, state_kind kind)
{
  bptt_layer *l = layer_of(p, s->layer, s->direction);
  switch (kind) {
  case FIRST_STATE:
    return s->cell ? &l->c0 : &l->h0;
  case LAST_STATE:
    return s->cell ? &l->c_last : &l->h_last;
  case ALL_STATES:
    return s->cell ? &l->c_all : &l->h_all;
  case STATE_GRADIENT:
    break;
  }
  return s->cell ? &l->dc0 : &l->dh0;
}

/* A slot holds a pointer to const or not: it is read and written as bytes. */
void *slot_get(const void *slot)
{
  void *value;
  memcpy(&value, slot, sizeof value);
  return value;
}

void slot_set(void *slot, const void *value)
{
  memcpy(slot, &value, sizeof value);
}

/* -------------------------------------------------------------------------- transfers */

static size_t size_of(bptt_dtype dtype)
{
  return dtype == BPTT_F64 ? sizeof(double) : sizeof(float);
}

/* The pointer in `slot` stands for this series. `copied`: the engine must not have the user's
 * own array. */
static bool bind(bptt_call *call, direction way, const series *s, void *slot, bool copied)
{
  pass *p = call->job;
  transfer *t = door_alloc(&call->d, 1, sizeof *t);
  if (!t) return false;
  *t = (transfer){.way = way, .s = *s, .slot = slot};
  t->direct = way != WORK && !copied && series_is_direct(s, p->dtype);
  *p->end = t;
  p->end = &t->next;
  /* Not the pointer yet, but it tells bptt_step_workspace() that there will be one. */
  slot_set(slot, t);
  return t->direct || call_reserve(call, series_count(s), size_of(p->dtype), &t->offset);
}

bool pass_bind_array(bptt_call *call, direction way, const bptt_value *v, void *slot, bool copied)
{
  series s;
  return series_of_array(&call->d, v, &s) && bind(call, way, &s, slot, copied);
}

/* Room of this size, which `slot` points to. */
bool pass_bind_work(bptt_call *call, ptrdiff_t features, ptrdiff_t sequences, ptrdiff_t steps,
                    void *slot)
{
  series s = {.size = {features, sequences, steps}, .argument = "x"};
  return series_can_be_counted(&call->d, &s) && bind(call, WORK, &s, slot, true);
}

bool pass_reserve_step(bptt_call *call)
{
  pass *p = call->job;
  return call_reserve_bytes(call, bptt_step_workspace(&p->problem, p->dtype), &p->step);
}

/* Sets the pointers, and copies what goes in and is not direct. */
void pass_copy_in(pass *p, char *workspace)
{
  for (const transfer *t = p->first; t; t = t->next) {
    void *at = t->direct ? t->s.part->value->data : workspace + t->offset;
    slot_set(t->slot, at);
    if (t->way == IN && !t->direct) series_copy_in(&t->s, at, p->dtype);
    if (t->way == WORK) memset(at, 0, (size_t)series_count(&t->s) * size_of(p->dtype));
  }
}

void pass_copy_out(const pass *p)
{
  for (const transfer *t = p->first; t; t = t->next) {
    if (t->way == OUT && !t->direct) series_copy_out(&t->s, slot_get(t->slot), p->dtype);
  }
}

/* ------------------------------------------------------------------------------ input */

/* A matrix that would fit if it were turned was made in the habit of another place. */
static const char *turned(const door *d, const pass *p)
{
  const char *form = p->x.part->form;
  if (p->x.size[STEP] != p->net.D || p->x.part->value->ndim != 2) return "";
  if (d->host.habit == BPTT_R && strcmp(form, "TC") == 0) return "; a matrix is time x features";
  if (d->host.habit == BPTT_OCTAVE && strcmp(form, "CT") == 0) {
    return "; a matrix is features x time";
  }
  return "";
}

static bool check_features(const door *d, const pass *p)
{
  ptrdiff_t features = p->x.size[FEATURE];
  return features == p->net.D ||
         fail(d->error, "x", "`x` has %s; the network takes %td%s",
              say_count(features, "feature", "features").s, p->net.D, turned(d, p));
}

/* Octave: single anywhere in x or the parameters makes everything single. R has an option. */
static void set_precision(const bptt_call *call, pass *p)
{
  bool octave = call->d.host.habit == BPTT_OCTAVE;
  bool single = call->option.at[OPTION_PRECISION].choice == 1;
  ptrdiff_t parts = p->x.list ? p->x.size[SEQUENCE] : 1;
  for (ptrdiff_t i = 0; i < parts; i++) single |= p->x.part[i].value->kind == BPTT_SINGLE;
  for (int i = 0; i < p->net.parameters; i++) single |= p->param[i]->kind == BPTT_SINGLE;
  if (strcmp(call->d.function, "rnn_gradcheck") == 0) single = false;
  p->dtype = single ? BPTT_F32 : BPTT_F64;
  p->kind = single && octave ? BPTT_SINGLE : BPTT_DOUBLE;
}

/* The host knows how many the user wants where the call does not say. */
static int threads_of(const bptt_call *call)
{
  const option_value *threads = &call->option.at[OPTION_THREADS];
  return threads->given ? (int)threads->number : call->d.host.threads;
}

static bool set_problem(const bptt_call *call, pass *p)
{
  const network *n = &p->net;
  const option_value *seed = &call->option.at[OPTION_DROPOUT_SEED];
  p->problem = (bptt_problem){
      .cell = n->cell,
      .activation = n->activation,
      .reset = n->reset,
      .D = n->D,
      .O = n->O,
      .B = p->x.size[SEQUENCE],
      .T = p->x.size[STEP],
      .layers = n->layers,
      .directions = n->directions,
      .layer = door_alloc(&call->d, n->layers * n->directions, sizeof(bptt_layer)),
      .last = n->last,
      .dropout = seed->given && n->layers > 1 ? n->dropout : 0,
      .seed = seed->given ? seed->number : 0,
      .length = p->x.length,
      .k1 = p->x.size[STEP],
      .k2 = p->x.size[STEP],
      .threads = threads_of(call),
  };
  for (int i = 0; p->problem.layer && i < n->layers * n->directions; i++) {
    p->problem.layer[i].H = n->H[i / n->directions];
  }
  return p->problem.layer != NULL;
}

/* What is computed in single must not become infinite by that. */
static bool fits_precision(const bptt_call *call, option_id row, const char *field,
                           const bptt_value *v)
{
  const pass *p = call->job;
  place at = {call_name(call, row), field, 0};
  return p->dtype == BPTT_F64 || value_check_single(&call->d, at, v);
}

static bool bind_parameters(bptt_call *call, bool copied)
{
  pass *p = call->job;
  parameter q;
  for (int i = 0; network_parameter(&p->net, i, &q); i++) {
    if (!fits_precision(call, OPTION_NET, q.name, p->param[i]) ||
        !pass_bind_array(call, IN, p->param[i], problem_parameter(&p->problem, &q), copied)) {
      return false;
    }
  }
  return true;
}

static bool bind_first_state(bptt_call *call, const bptt_value *const *state, bool copied)
{
  pass *p = call->job;
  state_field s;
  for (int i = 0; state && network_state(&p->net, i, &s); i++) {
    if (!fits_precision(call, OPTION_STATE, s.name, state[i]) ||
        !pass_bind_array(call, IN, state[i], problem_state(&p->problem, &s, FIRST_STATE), copied)) {
      return false;
    }
  }
  return true;
}

bool pass_read_network(bptt_call *call)
{
  pass *p = call->job = door_alloc(&call->d, 1, sizeof *p);
  return p && network_read(&call->d, call_name(call, OPTION_NET), call_given(call, OPTION_NET),
                           &p->net, &p->param);
}

bool pass_read_series(bptt_call *call, bool copied)
{
  const door *d = &call->d;
  const bptt_value **state;
  pass *p = call->job;
  if (!series_read(d, "x", call_given(call, OPTION_X), call_given(call, OPTION_FORMAT),
                   call_given(call, OPTION_LENGTHS), &p->x) ||
      !check_features(d, p) || !series_check_finite(d, &p->x) ||
      !network_read_state(d, call_name(call, OPTION_STATE), call_given(call, OPTION_STATE), &p->net,
                          p->x.size[SEQUENCE], &state)) {
    return false;
  }
  p->end = &p->first;
  set_precision(call, p);
  return set_problem(call, p) && bind_parameters(call, copied) &&
         bind_first_state(call, state, copied) &&
         (p->dtype == BPTT_F64 || series_check_single(d, &p->x)) &&
         bind(call, IN, &p->x, &p->problem.x, copied);
}

/* What all these functions take: net, x and state. */
bool pass_read_inputs(bptt_call *call, bool copied)
{
  return pass_read_network(call) && pass_read_series(call, copied);
}

static ptrdiff_t steps_of(double k, ptrdiff_t most)
{
  return k < (double)most ? (ptrdiff_t)k : most;
}

/* A network with dropout has another loss for every seed. */
bool pass_check_seed(const bptt_call *call)
{
  const network *n = &((pass *)call->job)->net;
  return !(n->dropout > 0 && n->layers > 1) || call_given(call, OPTION_DROPOUT_SEED) ||
         wrong(call->d.error, place_of("seed"), "missing", "a whole number from 0 to 2^53");
}

/* How the gradient is taken: truncation, memory. */
bool pass_read_gradient_options(bptt_call *call)
{
  pass *p = call->job;
  const option_value *at = call->option.at;
  bptt_problem *problem = &p->problem;
  bptt_error *error = call->d.error;
  bool both = problem->directions == 2;
  const double *k = at[OPTION_TRUNCATE].truncate;
  problem->k1 = steps_of(k[0], problem->T);
  /* A k2 of T + k1 reaches back to the first step from any other. */
  problem->k2 = steps_of(k[1], problem->T + problem->k1);
  problem->recompute = at[OPTION_MEMORY].choice == MEMORY_RECOMPUTE;
  if (both && k[1] > k[0]) {
    phrase is = say("%s and %s", say_number(k[0]).s, say_number(k[1]).s);
    return wrong(error, place_of("truncate"), is.s,
                 "one number, or the same twice, as `net` is bidirectional");
  }
  if (both && problem->recompute) {
    return wrong(error, place_of("memory"), "\"recompute\"",
                 "\"store\", as `net` is bidirectional");
  }
  return true;
}

bool pass_read_target(bptt_call *call, bool last)
{
  pass *p = call->job;
  bptt_problem *problem = &p->problem;
  comparison c;
  if (!target_read(call, &p->x, p->net.O, last, p->dtype, &c)) return false;
  p->targets = c.target.size[FEATURE];
  p->value = c.value;
  problem->loss = c.loss;
  problem->delta = c.delta;
  problem->levels = c.levels;
  problem->level_count = c.level_count;
  problem->scale = c.scale;
  return bind(call, IN, &c.target, &problem->target, false) &&
         (!c.weighted || bind(call, IN, &c.weights, &problem->weights, false)) &&
         (!c.class_weights ||
          pass_bind_array(call, IN, c.class_weights, &problem->class_weights, false));
}

/* ---------------------------------------------------------------------------- results */

/* Whether the caller takes one more result. */
bool pass_wants_more(const bptt_call *call, const bptt_value *list)
{
  return list != &call->result || call->d.host.want > (int)list->count;
}

bool pass_add_series(bptt_call *call, bptt_value *list, const char *name, ptrdiff_t features,
                     bool last, void *slot)
{
  pass *p = call->job;
  series s;
  if (!pass_wants_more(call, list)) return true;
  return series_make(&call->d, &p->x, features, last, p->kind, name, value_append(list), &s) &&
         bind(call, OUT, &s, slot, false);
}

bool pass_add_outputs(bptt_call *call, bptt_value *list)
{
  pass *p = call->job;
  return pass_add_series(call, list, "y", p->net.O, p->net.last, &p->problem.y);
}

bool pass_add_state(bptt_call *call, bptt_value *list, const char *name, state_kind kind)
{
  pass *p = call->job;
  state_field s;
  ptrdiff_t B = p->x.size[SEQUENCE], n;
  if (!pass_wants_more(call, list)) return true;
  bptt_value *state = value_append(list);
  if (!value_make_list(&call->d, state, name, p->net.states)) return false;
  for (int i = 0; network_state(&p->net, i, &s); i++) {
    if (!product(s.H, B, &n) || !product(n, (ptrdiff_t)sizeof(double), &n)) {
      return fail(call->d.error, "x", "`x` has more sequences than can be counted");
    }
    bptt_value *field = &state->item[i];
    value_make_array(field, s.name, p->kind, 2, (ptrdiff_t[]){s.H, B});
    if (!pass_bind_array(call, OUT, field, problem_state(&p->problem, &s, kind), false))
      return false;
  }
  return true;
}

bool pass_add_gradient(bptt_call *call, bptt_value *list)
{
  pass *p = call->job;
  parameter q;
  p->grad = value_append(list);
  p->part = door_alloc(&call->d, p->net.parameters, sizeof *p->part);
  if (!p->part || !network_make_parameters(&call->d, p->grad, "grad", &p->net, p->kind)) {
    return false;
  }
  for (int i = 0; network_parameter(&p->net, i, &q); i++) {
    if (!pass_bind_array(call, OUT, &p->grad->item[i], problem_gradient(&p->problem, &q), false))
      return false;
  }
  return true;
}

bool pass_open_results(bptt_call *call)
{
  enum { MOST_RESULTS = 8 };
  return value_open_list(&call->d, &call->result, NULL, MOST_RESULTS);
}

/* Results that Octave has in a struct of its own, and R beside the others. NULL: not wanted. */
bool pass_open_info(bptt_call *call, bptt_value **list)
{
  enum { MOST_FIELDS = 6 };
  bool octave = call->d.host.habit == BPTT_OCTAVE;
  bool wanted = pass_wants_more(call, &call->result);
  *list = !wanted ? NULL : octave ? value_append(&call->result) : &call->result;
  return !wanted || !octave || value_open_list(&call->d, *list, "info", MOST_FIELDS);
}

bptt_status pass_step(bptt_call *call, char *workspace)
{
  pass *p = call->job;
  const bptt_host *host = &call->d.host;
  pass_copy_in(p, workspace);
  return bptt_step(&p->problem, p->dtype, workspace + p->step, host->poll, host->context);
}

/* --------------------------------------------------------------------------- warnings */

/* One more sentence. */
static void warn(bptt_call *call, phrase sentence)
{
  const char *before = call->warning.s;
  call->warning = before[0] ? say("%s; %s", before, sentence.s) : sentence;
}

/* ": first at step 3", or nothing where the step is not known. */
static phrase say_step(const char *how, ptrdiff_t step)
{
  return step ? say(": %sfirst at step %td", how, step) : say("%s", "");
}

void pass_warn_output(bptt_call *call)
{
  ptrdiff_t step = ((pass *)call->job)->problem.bad_forward;
  if (step) warn(call, say("the output is not finite%s", say_step("", step).s));
}

/* A number as the result will hold it: a large one may not fit into single. */
static double as_result(const pass *p, double v)
{
  return p->kind == BPTT_SINGLE ? (double)(float)v : v;
}

double pass_loss(const pass *p)
{
  return p->value ? value_at(p->value, 0) : p->problem.loss_value;
}

void pass_warn_loss(bptt_call *call)
{
  const pass *p = call->job;
  if (isfinite(as_result(p, pass_loss(p)))) return;
  ptrdiff_t step = p->value ? 0 : p->problem.bad_forward;
  warn(call, say("the loss is not finite%s", say_step("", step).s));
}

/* The first parameter with a gradient that is not finite. */
static const char *bad_parameter(pass *p)
{
  parameter q;
  for (int i = 0; p->grad && network_parameter(&p->net, i, &q); i++) {
    bptt_value v = {.kind = p->dtype == BPTT_F32 ? BPTT_SINGLE : BPTT_DOUBLE,
                    .count = p->grad->item[i].count,
                    .data = slot_get(problem_gradient(&p->problem, &q))};
    if (value_not_finite(&v) >= 0) return q.name;
  }
  return NULL;
}

/* To be called before clipping, which may hide what is wrong. */
void pass_warn_gradient(bptt_call *call, double norm)
{
  pass *p = call->job;
  const char *name = isfinite(norm) ? NULL : bad_parameter(p);
  ptrdiff_t step = p->problem.bad_backward;
  if (name || step) {
    phrase of = name ? say(" of `%s`", name) : say("%s", "");
    bool truncated = p->problem.k1 < p->problem.T; /* then it goes back from many steps */
    const char *how = truncated ? "going back, " : "going back from the end, ";
    warn(call, say("the gradient%s is not finite%s", of.s, say_step(how, step).s));
  } else if (!isfinite(as_result(p, norm))) {
    warn(call, say("the norm of the gradient is not finite"));
  }
}

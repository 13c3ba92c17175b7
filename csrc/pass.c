/* pass.c -- the functions that run a network over series: rnn_forward, rnn_predict, rnn_bptt,
 * rnn_objective, rnn_gradcheck, rnn_gradflow.
 *
 * Preparing one fills a bptt_problem but for its pointers; each pointer has a transfer, which
 * says what array of the user's it stands for. If that array is in the engine's order the engine
 * works on it itself, else on a copy in the workspace. */
#include "call.h"
#include "clip.h"
#include "gradcheck.h"
#include "network.h"
#include "series.h"
#include "target.h"
#include <math.h>
#include <string.h>

typedef enum {
  IN,
  OUT,
  WORK /* no array of the user's: room in the workspace, zero at first */
} direction;

typedef struct transfer {
  direction way;
  series s;
  void *slot;    /* where the pointer is, in the problem or in one of its layers */
  bool direct;   /* no copy */
  size_t offset; /* of the copy, in the workspace */
  struct transfer *next;
} transfer;

typedef struct {
  network net;
  series x;
  bptt_dtype dtype; /* of the computation */
  bptt_kind kind;   /* of the results */
  bptt_problem problem;
  size_t step; /* workspace of bptt_step() */
  transfer *first, **end;
  bptt_value *loss, *grad, *grad_norm; /* results; NULL: not wanted */
  gradient_part *part;                 /* of the gradient; scratch */
  const bptt_value *value;             /* of the loss, where it is the user's; NULL: it is not */
  ptrdiff_t targets;                   /* numbers of the target at one step of one sequence */
  series classes;                      /* rnn_predict: result of type "class" */
  size_t class_offset;                 /* room for the classes in the engine's order */
  struct check *check;                 /* rnn_gradcheck's own */
  struct flow *flow;                   /* rnn_gradflow's own */
} pass;

/* ------------------------------------------------------------------------------ slots */

static bptt_layer *layer_of(const pass *p, int layer, int direction)
{
  return &p->problem.layer[layer * p->problem.directions + direction];
}

static void *parameter_slot(pass *p, const parameter *q)
{
  bptt_layer *l = layer_of(p, q->layer, q->direction);
  void *const slot[ROLE_COUNT] = {
      [ROLE_W_XH] = &l->W_xh, [ROLE_W_HH] = &l->W_hh,         [ROLE_B_H] = &l->b_h,
      [ROLE_B_HN] = &l->b_hn, [ROLE_W_HY] = &p->problem.W_hy, [ROLE_B_Y] = &p->problem.b_y,
  };
  return slot[q->role];
}

static void *gradient_slot(pass *p, const parameter *q)
{
  bptt_layer *l = layer_of(p, q->layer, q->direction);
  void *const slot[ROLE_COUNT] = {
      [ROLE_W_XH] = &l->dW_xh, [ROLE_W_HH] = &l->dW_hh,         [ROLE_B_H] = &l->db_h,
      [ROLE_B_HN] = &l->db_hn, [ROLE_W_HY] = &p->problem.dW_hy, [ROLE_B_Y] = &p->problem.db_y,
  };
  return slot[q->role];
}

typedef enum { FIRST_STATE, LAST_STATE, ALL_STATES, STATE_GRADIENT } state_kind;

static void *state_slot(pass *p, const state_field *s, state_kind kind)
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
static void *pointer(const void *slot)
{
  void *value;
  memcpy(&value, slot, sizeof value);
  return value;
}

static void set_pointer(void *slot, const void *value)
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
  set_pointer(slot, t);
  return t->direct || call_reserve(call, series_count(s), size_of(p->dtype), &t->offset);
}

static bool bind_array(bptt_call *call, direction way, const bptt_value *v, void *slot, bool copied)
{
  series s;
  return series_of_array(&call->d, v, &s) && bind(call, way, &s, slot, copied);
}

/* Room of this size, which `slot` points to. */
static bool bind_work(bptt_call *call, ptrdiff_t features, ptrdiff_t sequences, ptrdiff_t steps,
                      void *slot)
{
  series s = {.size = {features, sequences, steps}, .argument = "x"};
  return series_can_be_counted(&call->d, &s) && bind(call, WORK, &s, slot, true);
}

static bool reserve_step(bptt_call *call)
{
  pass *p = call->job;
  return call_reserve_bytes(call, bptt_step_workspace(&p->problem, p->dtype), &p->step);
}

/* Sets the pointers, and copies what goes in and is not direct. */
static void copy_in(pass *p, char *workspace)
{
  for (const transfer *t = p->first; t; t = t->next) {
    void *at = t->direct ? t->s.part->value->data : workspace + t->offset;
    set_pointer(t->slot, at);
    if (t->way == IN && !t->direct) series_copy_in(&t->s, at, p->dtype);
    if (t->way == WORK) memset(at, 0, (size_t)series_count(&t->s) * size_of(p->dtype));
  }
}

static void copy_out(const pass *p)
{
  for (const transfer *t = p->first; t; t = t->next) {
    if (t->way == OUT && !t->direct) series_copy_out(&t->s, pointer(t->slot), p->dtype);
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
static void set_precision(const bptt_call *call, pass *p, const bptt_value *const *param)
{
  bool octave = call->d.host.habit == BPTT_OCTAVE;
  bool single = call->option.at[OPTION_PRECISION].choice == 1;
  ptrdiff_t parts = p->x.list ? p->x.size[SEQUENCE] : 1;
  for (ptrdiff_t i = 0; i < parts; i++) single |= p->x.part[i].value->kind == BPTT_SINGLE;
  for (int i = 0; i < p->net.parameters; i++) single |= param[i]->kind == BPTT_SINGLE;
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
static bool fits_precision(const bptt_call *call, const char *argument, const char *field,
                           const bptt_value *v)
{
  const pass *p = call->job;
  place at = {argument, field, 0};
  return p->dtype == BPTT_F64 || value_check_single(&call->d, at, v);
}

static bool bind_parameters(bptt_call *call, const bptt_value *const *param, bool copied)
{
  pass *p = call->job;
  parameter q;
  for (int i = 0; network_parameter(&p->net, i, &q); i++) {
    if (!fits_precision(call, "net", q.name, param[i]) ||
        !bind_array(call, IN, param[i], parameter_slot(p, &q), copied)) {
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
    if (!fits_precision(call, "state", s.name, state[i]) ||
        !bind_array(call, IN, state[i], state_slot(p, &s, FIRST_STATE), copied)) {
      return false;
    }
  }
  return true;
}

/* What all these functions take: net, x and state. */
static bool read_inputs(bptt_call *call, bool copied)
{
  const door *d = &call->d;
  const bptt_value **param, **state;
  pass *p = call->job = door_alloc(d, 1, sizeof *p);
  if (!p || !network_read(d, "net", call_given(call, OPTION_NET), &p->net, &param) ||
      !series_read(d, call_given(call, OPTION_X), call_given(call, OPTION_FORMAT),
                   call_given(call, OPTION_LENGTHS), &p->x) ||
      !check_features(d, p) || !series_check_finite(d, &p->x) ||
      !network_read_state(d, call_given(call, OPTION_STATE), &p->net, p->x.size[SEQUENCE],
                          &state)) {
    return false;
  }
  p->end = &p->first;
  set_precision(call, p, param);
  return set_problem(call, p) && bind_parameters(call, param, copied) &&
         bind_first_state(call, state, copied) &&
         (p->dtype == BPTT_F64 || series_check_single(d, &p->x)) &&
         bind(call, IN, &p->x, &p->problem.x, copied);
}

static ptrdiff_t steps_of(double k, ptrdiff_t most)
{
  return k < (double)most ? (ptrdiff_t)k : most;
}

/* A network with dropout has another loss for every seed. */
static bool check_seed(const bptt_call *call)
{
  const network *n = &((pass *)call->job)->net;
  return !(n->dropout > 0 && n->layers > 1) || call_given(call, OPTION_DROPOUT_SEED) ||
         wrong(call->d.error, place_of("seed"), "missing", "a whole number from 0 to 2^53");
}

/* How the gradient is taken: dropout, truncation, memory. */
static bool read_gradient_options(bptt_call *call)
{
  pass *p = call->job;
  const option_value *at = call->option.at;
  bptt_problem *problem = &p->problem;
  bptt_error *error = call->d.error;
  bool both = problem->directions == 2;
  const double *k = at[OPTION_TRUNCATE].truncate;
  if (!check_seed(call)) return false;
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

static bool read_target(bptt_call *call)
{
  pass *p = call->job;
  bptt_problem *problem = &p->problem;
  comparison c;
  if (!target_read(call, &p->x, p->net.O, p->net.last, p->dtype, &c)) return false;
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
          bind_array(call, IN, c.class_weights, &problem->class_weights, false));
}

/* ---------------------------------------------------------------------------- results */

/* Whether the caller takes one more result. */
static bool wants_more(const bptt_call *call, const bptt_value *list)
{
  return list != &call->result || call->d.host.want > (int)list->count;
}

static bool add_series(bptt_call *call, bptt_value *list, const char *name, ptrdiff_t features,
                       bool last, void *slot)
{
  pass *p = call->job;
  series s;
  if (!wants_more(call, list)) return true;
  return series_make(&call->d, &p->x, features, last, p->kind, name, value_append(list), &s) &&
         bind(call, OUT, &s, slot, false);
}

static bool add_outputs(bptt_call *call, bptt_value *list)
{
  pass *p = call->job;
  return add_series(call, list, "y", p->net.O, p->net.last, &p->problem.y);
}

static bool add_state(bptt_call *call, bptt_value *list, const char *name, state_kind kind)
{
  pass *p = call->job;
  state_field s;
  ptrdiff_t B = p->x.size[SEQUENCE], n;
  if (!wants_more(call, list)) return true;
  bptt_value *state = value_append(list);
  if (!value_make_list(&call->d, state, name, p->net.states)) return false;
  for (int i = 0; network_state(&p->net, i, &s); i++) {
    if (!product(s.H, B, &n) || !product(n, (ptrdiff_t)sizeof(double), &n)) {
      return fail(call->d.error, "x", "`x` has more sequences than can be counted");
    }
    bptt_value *field = &state->item[i];
    value_make_array(field, s.name, p->kind, 2, (ptrdiff_t[]){s.H, B});
    if (!bind_array(call, OUT, field, state_slot(p, &s, kind), false)) return false;
  }
  return true;
}

static bool add_gradient(bptt_call *call, bptt_value *list)
{
  pass *p = call->job;
  parameter q;
  p->grad = value_append(list);
  p->part = door_alloc(&call->d, p->net.parameters, sizeof *p->part);
  if (!p->part || !network_make_parameters(&call->d, p->grad, "grad", &p->net, p->kind)) {
    return false;
  }
  for (int i = 0; network_parameter(&p->net, i, &q); i++) {
    if (!bind_array(call, OUT, &p->grad->item[i], gradient_slot(p, &q), false)) return false;
  }
  return true;
}

static bool open_results(bptt_call *call)
{
  enum { MOST_RESULTS = 8 };
  return value_open_list(&call->d, &call->result, NULL, MOST_RESULTS);
}

/* Results that Octave has in a struct of its own, and R beside the others. NULL: not wanted. */
static bool open_info(bptt_call *call, bptt_value **list)
{
  enum { MOST_FIELDS = 6 };
  bool octave = call->d.host.habit == BPTT_OCTAVE;
  bool wanted = wants_more(call, &call->result);
  *list = !wanted ? NULL : octave ? value_append(&call->result) : &call->result;
  return !wanted || !octave || value_open_list(&call->d, *list, "info", MOST_FIELDS);
}

static bptt_status step(bptt_call *call, char *workspace)
{
  pass *p = call->job;
  const bptt_host *host = &call->d.host;
  copy_in(p, workspace);
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

static void warn_output(bptt_call *call)
{
  ptrdiff_t step = ((pass *)call->job)->problem.bad_forward;
  if (step) warn(call, say("the output is not finite%s", say_step("", step).s));
}

/* A number as the result will hold it: a large one may not fit into single. */
static double as_result(const pass *p, double v)
{
  return p->kind == BPTT_SINGLE ? (double)(float)v : v;
}

static double loss_of(const pass *p)
{
  return p->value ? value_at(p->value, 0) : p->problem.loss_value;
}

static void warn_loss(bptt_call *call)
{
  const pass *p = call->job;
  if (isfinite(as_result(p, loss_of(p)))) return;
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
                    .data = pointer(gradient_slot(p, &q))};
    if (value_not_finite(&v) >= 0) return q.name;
  }
  return NULL;
}

/* To be called before clipping, which may hide what is wrong. */
static void warn_gradient(bptt_call *call, double norm)
{
  pass *p = call->job;
  const char *name = isfinite(norm) ? NULL : bad_parameter(p);
  ptrdiff_t step = p->problem.bad_backward;
  if (name || step) {
    phrase of = name ? say(" of `%s`", name) : say("%s", "");
    warn(call, say("the gradient%s is not finite%s", of.s,
                   say_step("going back from the end, ", step).s));
  } else if (!isfinite(as_result(p, norm))) {
    warn(call, say("the norm of the gradient is not finite"));
  }
}

/* ------------------------------------------------------------------------ rnn_forward */

static bool forward_prepare(bptt_call *call)
{
  bool octave = call->d.host.habit == BPTT_OCTAVE;
  if (!read_inputs(call, false) || !open_results(call)) return false;
  pass *p = call->job;
  bptt_value *list = &call->result;
  return add_outputs(call, list) && (!octave || add_state(call, list, "state", LAST_STATE)) &&
         add_series(call, list, "h", network_top(&p->net), false, &p->problem.h) &&
         (octave || add_state(call, list, "state", LAST_STATE)) && reserve_step(call);
}

static bptt_status forward_run(bptt_call *call, char *workspace)
{
  bptt_status status = step(call, workspace);
  if (status != BPTT_OK) return status;
  copy_out(call->job);
  warn_output(call);
  return BPTT_OK;
}

/* ------------------------------------------------------------------------ rnn_predict */

/* How many outputs of O numbers there are. */
static ptrdiff_t columns_of(const pass *p)
{
  return p->problem.B * (p->problem.last ? 1 : p->problem.T);
}

/* The result holds classes, while the engine's outputs stay in the workspace. */
static bool add_classes(bptt_call *call)
{
  pass *p = call->job;
  bptt_value *y = value_append(&call->result);
  return series_make(&call->d, &p->x, 1, p->net.last, BPTT_DOUBLE, "y", y, &p->classes) &&
         bind_work(call, p->net.O, columns_of(p), 1, &p->problem.y) &&
         call_reserve(call, series_count(&p->classes), sizeof(double), &p->class_offset);
}

static bool predict_prepare(bptt_call *call)
{
  if (!read_inputs(call, false) || !open_results(call)) return false;
  bptt_value *list = &call->result;
  bool class = call->option.at[OPTION_TYPE].choice == TYPE_CLASS;
  bool octave = call->d.host.habit == BPTT_OCTAVE;
  return (class ? add_classes(call) : add_outputs(call, list)) &&
         (!octave || add_state(call, list, "state", LAST_STATE)) && reserve_step(call);
}

/* As the engine has them. */
static bptt_value outputs_of(const pass *p)
{
  return (bptt_value){.kind = p->dtype == BPTT_F32 ? BPTT_SINGLE : BPTT_DOUBLE,
                      .count = (size_t)(columns_of(p) * p->net.O),
                      .data = p->problem.y};
}

/* The class with the largest output, the first of equals; of a single output whether it is above 0;
 * NaN where an output is. */
static double class_of(const pass *p, ptrdiff_t column)
{
  ptrdiff_t O = p->net.O, best = 0;
  bptt_value y = outputs_of(p);
  for (ptrdiff_t o = 0; o < O; o++) {
    double v = value_at(&y, column * O + o);
    if (isnan(v)) return v;
    if (v > value_at(&y, column * O + best)) best = o;
  }
  return O == 1 ? value_at(&y, column) > 0 : (double)(best + 1);
}

static void set_classes(pass *p, char *workspace)
{
  double *class = (double *)(workspace + p->class_offset);
  ptrdiff_t columns = columns_of(p);
  for (ptrdiff_t i = 0; i < columns; i++) class[i] = class_of(p, i);
  series_copy_out(&p->classes, class, BPTT_F64);
}

/* Softmax, or the logistic function of a single output: 1 / (1 + exp(-y)). */
static void set_probabilities(pass *p)
{
  ptrdiff_t columns = columns_of(p);
  bptt_value y = outputs_of(p);
  if (p->net.O > 1) bptt_softmax(p->problem.y, p->net.O, columns, p->dtype);
  for (ptrdiff_t i = 0; p->net.O == 1 && i < columns; i++) {
    value_set(&y, i, 1 / (1 + exp(-value_at(&y, i))));
  }
}

static bptt_status predict_run(bptt_call *call, char *workspace)
{
  pass *p = call->job;
  int type = call->option.at[OPTION_TYPE].choice;
  bptt_status status = step(call, workspace);
  if (status != BPTT_OK) return status;
  if (type == TYPE_PROB) set_probabilities(p);
  if (type == TYPE_CLASS) set_classes(p, workspace);
  copy_out(p);
  warn_output(call);
  return BPTT_OK;
}

/* --------------------------------------------------------------------------- rnn_bptt */

static bool add_loss(bptt_call *call)
{
  pass *p = call->job;
  p->loss = value_append(&call->result);
  value_make_scalar(&call->d, p->loss, "loss", p->kind);
  return true;
}

/* In Octave the second result is there even when `wrt` leaves it out. */
static bool add_gradient_result(bptt_call *call, bool wanted)
{
  if (wanted) return add_gradient(call, &call->result);
  if (call->d.host.habit == BPTT_OCTAVE) value_append(&call->result)->name = "grad";
  return true;
}

static bool add_rest(bptt_call *call, unsigned wrt)
{
  pass *p = call->job;
  bptt_value *list;
  if (!open_info(call, &list)) return false;
  if (!list) return true;
  if ((wrt & WRT_PARAM) && wants_more(call, list)) {
    p->grad_norm = value_append(list);
    value_make_scalar(&call->d, p->grad_norm, "grad_norm", p->kind);
  }
  return add_outputs(call, list) && add_state(call, list, "state", LAST_STATE) &&
         (!(wrt & WRT_X) || add_series(call, list, "dx", p->net.D, false, &p->problem.dx)) &&
         (!(wrt & WRT_STATE) || add_state(call, list, "dstate", STATE_GRADIENT));
}

/* rnn_objective is for optimizers: of the results, the loss and the gradient alone. */
static bool gradient_prepare(bptt_call *call)
{
  bool objective = strcmp(call->d.function, "rnn_objective") == 0;
  unsigned wrt = objective ? WRT_PARAM : call->option.at[OPTION_WRT].set;
  if (!read_inputs(call, false) || !read_gradient_options(call) || !read_target(call) ||
      !open_results(call))
    return false;
  if (!add_loss(call)) return false;
  if (call->d.host.want > 1) {
    if (!add_gradient_result(call, wrt & WRT_PARAM)) return false;
    if (!objective && !add_rest(call, wrt)) return false;
  }
  return reserve_step(call);
}

static void clip(bptt_call *call)
{
  pass *p = call->job;
  const option_value *at = call->option.at;
  parameter q;
  for (int i = 0; network_parameter(&p->net, i, &q); i++) {
    p->part[i] = (gradient_part){pointer(gradient_slot(p, &q)), q.rows * q.cols, p->dtype};
  }
  double norm = clip_norm_of(p->part, p->net.parameters);
  warn_gradient(call, norm);
  clip_gradient(p->part, p->net.parameters, norm, at[OPTION_CLIP_NORM].number,
                at[OPTION_CLIP_VALUE].number);
  if (p->grad_norm) value_set(p->grad_norm, 0, norm);
}

static bptt_status gradient_run(bptt_call *call, char *workspace)
{
  pass *p = call->job;
  bptt_status status = step(call, workspace);
  if (status != BPTT_OK) return status;
  warn_loss(call);
  if (!call->warning.s[0] && !p->value) warn_output(call); /* where no target counts */
  if (p->grad) {
    clip(call);
  } else {
    warn_gradient(call, 0);
  }
  copy_out(p);
  value_set(p->loss, 0, loss_of(p));
  return BPTT_OK;
}

/* ---------------------------------------------------------------------- rnn_gradcheck */

/* What is checked: an input of the problem, with the gradient for it. */
typedef struct {
  checked_kind kind;
  int state;         /* CHECKED_STATE: which */
  const void *value; /* slots */
  const void *gradient;
  ptrdiff_t count;
  size_t numeric; /* offset of scratch */
} subject;

struct check {
  subject *subject;
  const char **name; /* results */
  checked *array;    /* scratch, as much else */
  ptrdiff_t count;
  bool given; /* the gradient of the parameters is the user's */
  gradcheck_scratch scratch;
  size_t target, length, *state; /* offsets of scratch */
  bptt_value *max_error, *error, *analytic, *numeric, *index;
};

/* Inputs are copies in the workspace, so that they may be changed. */
static bool add_subject(bptt_call *call, const char *name, subject s)
{
  struct check *k = ((pass *)call->job)->check;
  k->name[k->count] = name;
  subject *added = &k->subject[k->count++];
  *added = s;
  return call_reserve(call, s.count, sizeof(double), &added->numeric);
}

static bool add_parameters(bptt_call *call)
{
  pass *p = call->job;
  const bptt_value *given = call_given(call, OPTION_CHECKED_GRAD), **grad;
  parameter q;
  if (given && given->kind != BPTT_LIST) {
    return wrong(call->d.error, place_of("grad"), value_describe(given).s,
                 "a %s of arrays with the names and dims of the parameters", fields_word(&call->d));
  }
  if (given && !network_read_parameters(&call->d, "grad", given, &p->net, true, &grad))
    return false;
  p->check->given = given != NULL;
  for (int i = 0; network_parameter(&p->net, i, &q); i++) {
    void *gradient = gradient_slot(p, &q);
    subject s = {.kind = CHECKED_PARAMETER,
                 .value = parameter_slot(p, &q),
                 .gradient = gradient,
                 .count = q.rows * q.cols};
    bool bound = given ? bind_array(call, IN, grad[i], gradient, true)
                       : bind_work(call, q.rows, q.cols, 1, gradient);
    if (!bound || !add_subject(call, q.name, s)) return false;
  }
  return true;
}

static bool add_x(bptt_call *call)
{
  pass *p = call->job;
  const ptrdiff_t *size = p->x.size;
  subject s = {.kind = CHECKED_X,
               .value = &p->problem.x,
               .gradient = &p->problem.dx,
               .count = series_count(&p->x)};
  return bind_work(call, size[FEATURE], size[SEQUENCE], size[STEP], &p->problem.dx) &&
         add_subject(call, "x", s);
}

static bool add_first_state(bptt_call *call)
{
  pass *p = call->job;
  ptrdiff_t B = p->x.size[SEQUENCE];
  state_field f;
  for (int i = 0; network_state(&p->net, i, &f); i++) {
    void *gradient = state_slot(p, &f, STATE_GRADIENT);
    subject s = {.kind = CHECKED_STATE,
                 .state = i,
                 .value = state_slot(p, &f, FIRST_STATE),
                 .gradient = gradient,
                 .count = f.H * B};
    if (!bind_work(call, f.H, B, 1, gradient) || !add_subject(call, f.name, s)) return false;
  }
  return true;
}

/* What gradcheck() needs besides. */
static bool add_check_scratch(bptt_call *call)
{
  pass *p = call->job;
  struct check *k = p->check;
  const door *d = &call->d;
  ptrdiff_t B = p->problem.B, T = p->problem.T;
  int states = p->net.states;
  state_field f;
  k->state = door_alloc(d, states, sizeof *k->state);
  k->scratch.state = door_alloc(d, states, sizeof *k->scratch.state);
  k->scratch.layer = door_alloc(d, p->net.layers * p->net.directions, sizeof(bptt_layer));
  if (!k->state || !k->scratch.state || !k->scratch.layer) return false;
  for (int i = 0; network_state(&p->net, i, &f); i++) {
    if (!call_reserve(call, f.H * B, sizeof(double), &k->state[i])) return false;
    if (!gradcheck_needs_states(&p->problem)) continue;
    if (!bind_work(call, f.H, B, T, state_slot(p, &f, ALL_STATES))) return false;
  }
  size_t step = gradcheck_workspace(&p->problem, k->scratch.layer);
  k->scratch.targets = p->targets;
  return call_reserve(call, p->targets * B * (p->net.last ? 1 : T), sizeof(double), &k->target) &&
         call_reserve(call, B, sizeof(ptrdiff_t), &k->length) &&
         call_reserve_bytes(call, step, &p->step);
}

static bool add_check_results(bptt_call *call)
{
  struct check *k = ((pass *)call->job)->check;
  const door *d = &call->d;
  bptt_value *list;
  k->max_error = value_append(&call->result);
  value_make_scalar(d, k->max_error, "max_error", BPTT_DOUBLE);
  if (!open_info(call, &list)) return false;
  if (!list) return true;
  value_make_text(value_append(list), "name", k->name, k->count);
  struct {
    bptt_value **result;
    const char *name;
  } column[] = {{&k->error, "error"},
                {&k->analytic, "analytic"},
                {&k->numeric, "numeric"},
                {&k->index, "index"}};
  for (size_t i = 0; i < sizeof column / sizeof column[0]; i++) {
    *column[i].result = value_append(list);
    value_make_vector(d, *column[i].result, column[i].name, BPTT_DOUBLE, k->count);
  }
  return true;
}

static bool check_wrt(const bptt_call *call, unsigned wrt)
{
  bptt_error *error = call->d.error;
  if (!wrt) return wrong(error, place_of("wrt"), "empty", "\"param\", \"x\" or \"state\"");
  if ((wrt & WRT_PARAM) || !call_given(call, OPTION_CHECKED_GRAD)) return true;
  return fail(error, "grad", "`grad` is given, but `wrt` leaves out \"param\"");
}

static bool gradcheck_prepare(bptt_call *call)
{
  const door *d = &call->d;
  unsigned wrt = call->option.at[OPTION_CHECKED_WRT].set;
  if (!read_inputs(call, true) || !read_gradient_options(call) || !read_target(call) ||
      !open_results(call))
    return false;
  pass *p = call->job;
  struct check *k = p->check = door_alloc(d, 1, sizeof *k);
  ptrdiff_t most = p->net.parameters + p->net.states + 1;
  if (!k) return false;
  k->subject = door_alloc(d, most, sizeof *k->subject);
  k->name = door_alloc(d, most, sizeof *k->name);
  k->array = door_alloc(d, most, sizeof *k->array);
  if (!k->subject || !k->name || !k->array || !check_wrt(call, wrt)) return false;
  return (!(wrt & WRT_PARAM) || add_parameters(call)) && (!(wrt & WRT_X) || add_x(call)) &&
         (!(wrt & WRT_STATE) || add_first_state(call)) && add_check_results(call) &&
         add_check_scratch(call);
}

/* The analytic gradient: all of it, or what is not the user's. */
static bptt_status analytic_gradient(bptt_call *call, char *workspace)
{
  pass *p = call->job;
  bptt_problem q = p->problem;
  int layers = q.layers * q.directions;
  if (p->check->given) {
    q.layer = p->check->scratch.layer;
    q.dW_hy = q.db_y = NULL;
    for (int i = 0; i < layers; i++) {
      q.layer[i] = p->problem.layer[i];
      q.layer[i].dW_xh = q.layer[i].dW_hh = q.layer[i].db_h = q.layer[i].db_hn = NULL;
    }
  }
  const bptt_host *host = &call->d.host;
  bptt_status status = bptt_step(&q, BPTT_F64, workspace + p->step, host->poll, host->context);
  p->problem.loss_value = q.loss_value;
  p->problem.bad_forward = q.bad_forward;
  return status;
}

static void set_check_results(const pass *p)
{
  const struct check *k = p->check;
  double most = 0;
  for (ptrdiff_t i = 0; i < k->count; i++) {
    const checked *a = &k->array[i];
    if (!isnan(most) && !(a->error <= most)) most = a->error;
    if (!k->error) continue;
    ptrdiff_t index = a->kind == CHECKED_X ? series_index(&p->x, a->worst) : a->worst;
    value_set(k->error, i, a->error);
    value_set(k->analytic, i, a->analytic[a->worst]);
    value_set(k->numeric, i, a->numeric[a->worst]);
    value_set(k->index, i, (double)(index + 1));
  }
  value_set(k->max_error, 0, most);
}

/* Where the scratch is, now that there is a workspace. */
static void place_scratch(const pass *p, char *workspace)
{
  struct check *k = p->check;
  k->scratch.step = workspace + p->step;
  k->scratch.target = (double *)(workspace + k->target);
  k->scratch.length = (ptrdiff_t *)(workspace + k->length);
  for (int i = 0; i < p->net.states; i++) {
    k->scratch.state[i] = (double *)(workspace + k->state[i]);
  }
  for (ptrdiff_t i = 0; i < k->count; i++) {
    const subject *s = &k->subject[i];
    k->array[i] = (checked){.kind = s->kind,
                            .state = s->state,
                            .value = pointer(s->value),
                            .analytic = pointer(s->gradient),
                            .numeric = (double *)(workspace + s->numeric),
                            .count = s->count};
  }
}

static bptt_status gradcheck_run(bptt_call *call, char *workspace)
{
  pass *p = call->job;
  const struct check *k = p->check;
  copy_in(p, workspace);
  place_scratch(p, workspace);
  bptt_status status = analytic_gradient(call, workspace);
  if (status != BPTT_OK) return status;
  status = gradcheck(&p->problem, k->array, k->count, &k->scratch, &call->d.host);
  if (status != BPTT_OK) return status;
  set_check_results(p);
  warn_loss(call);
  return BPTT_OK;
}

/* ----------------------------------------------------------------------- rnn_gradflow */

/* Results: a row for each step, a column for each layer and direction. */
struct flow {
  bptt_value *dh, *dc, *gain;
  bptt_value *growth, *reach; /* a number for each column */
};

static bool add_flow_matrix(bptt_call *call, bptt_value *list, const char *name, bptt_value **v)
{
  const pass *p = call->job;
  ptrdiff_t dim[] = {p->problem.T, p->net.layers * p->net.directions}, n;
  if (!product(dim[0], dim[1], &n) || !product(n, (ptrdiff_t)sizeof(double), &n)) {
    return fail(call->d.error, "x", "`x` has more steps than can be counted");
  }
  *v = value_append(list);
  value_make_array(*v, name, BPTT_DOUBLE, 2, dim);
  return true;
}

/* The columns have the names of the states. */
static bool add_flow_names(bptt_call *call, bptt_value *list)
{
  const pass *p = call->job;
  state_field s;
  ptrdiff_t count = 0;
  const char **name = door_alloc(&call->d, p->net.states, sizeof *name);
  if (!name) return false;
  for (int i = 0; network_state(&p->net, i, &s); i++) {
    if (!s.cell) name[count++] = s.name;
  }
  value_make_text(value_append(list), "name", name, count);
  return true;
}

/* What the engine is to know when it counts its workspace: the arrays are not made yet. */
static void want_flow(pass *p, const double *dh, const double *dc, const double *gain)
{
  ptrdiff_t T = p->problem.T;
  for (int i = 0; i < p->net.layers * p->net.directions; i++) {
    bptt_layer *l = &p->problem.layer[i];
    l->dh_norm = (double *)dh + i * T;
    l->dc_norm = dc ? (double *)dc + i * T : NULL;
    l->gain = (double *)gain + i * T;
  }
}

static bool flow_prepare(bptt_call *call)
{
  enum { MOST_FIELDS = 7 };
  const door *d = &call->d;
  double any = 0;
  if (!read_inputs(call, false) || !check_seed(call) || !read_target(call) ||
      !value_open_list(d, &call->result, NULL, MOST_FIELDS)) {
    return false;
  }
  pass *p = call->job;
  struct flow *f = p->flow = door_alloc(d, 1, sizeof *f);
  bptt_value *list = &call->result;
  if (!f) return false;
  if (d->host.habit == BPTT_OCTAVE) {
    list = value_append(list);
    if (!value_open_list(d, list, "flow", MOST_FIELDS)) return false;
  }
  p->loss = value_append(list);
  value_make_scalar(d, p->loss, "loss", BPTT_DOUBLE);
  if (!add_flow_names(call, list) || !add_flow_matrix(call, list, "dh", &f->dh) ||
      (p->net.cell == BPTT_LSTM && !add_flow_matrix(call, list, "dc", &f->dc)) ||
      !add_flow_matrix(call, list, "gain", &f->gain)) {
    return false;
  }
  ptrdiff_t columns = p->net.layers * p->net.directions;
  value_make_vector(d, f->growth = value_append(list), "growth", BPTT_DOUBLE, columns);
  value_make_vector(d, f->reach = value_append(list), "reach", BPTT_DOUBLE, columns);
  want_flow(p, &any, f->dc ? &any : NULL, &any);
  return reserve_step(call);
}

/* The geometric mean of the gains: what a gradient is multiplied by on its way back over a step.
 * Step 0 leads out of the sequence, and where nothing arrives there is nothing to say. */
static double growth_of(const double *gain, ptrdiff_t T)
{
  double sum = 0, count = 0;
  for (ptrdiff_t t = 1; t < T; t++) {
    if (!(gain[t] > 0) || isinf(gain[t])) continue;
    sum += log(gain[t]);
    count++;
  }
  return exp(sum / count);
}

static bptt_status flow_run(bptt_call *call, char *workspace)
{
  const double hundredfold = 100;
  pass *p = call->job;
  const struct flow *f = p->flow;
  ptrdiff_t T = p->problem.T;
  want_flow(p, f->dh->data, f->dc ? f->dc->data : NULL, f->gain->data);
  bptt_status status = step(call, workspace);
  if (status != BPTT_OK) return status;
  warn_loss(call);
  warn_gradient(call, 0);
  value_set(p->loss, 0, loss_of(p));
  for (ptrdiff_t i = 0; i < value_count(f->growth); i++) {
    double growth = growth_of((const double *)f->gain->data + i * T, T);
    value_set(f->growth, i, growth);
    value_set(f->reach, i, log(hundredfold) / fabs(log(growth)));
  }
  return BPTT_OK;
}

const handler pass_handlers[] = {
    {"rnn_forward", forward_prepare, forward_run},
    {"rnn_predict", predict_prepare, predict_run},
    {"rnn_bptt", gradient_prepare, gradient_run},
    {"rnn_objective", gradient_prepare, gradient_run},
    {"rnn_gradcheck", gradcheck_prepare, gradcheck_run},
    {"rnn_gradflow", flow_prepare, flow_run},
    {NULL, NULL, NULL},
};

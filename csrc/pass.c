/* pass.c -- the functions that run a network over series: rnn_forward, rnn_predict, rnn_bptt,
 * rnn_objective, rnn_gradcheck.
 *
 * Preparing one fills a bptt_problem but for its pointers; each pointer has a transfer, which
 * says what array of the user's it stands for. If that array is in the engine's order the engine
 * works on it itself, else on a copy in the workspace. */
#include "call.h"
#include "clip.h"
#include "gradcheck.h"
#include "network.h"
#include "series.h"
#include <math.h>
#include <string.h>

typedef enum {
  IN,
  OUT,
  WORK /* no array of the user's: room in the workspace, zero at first */
} direction;

typedef struct {
  direction way;
  series s;
  size_t field;  /* of bptt_problem: the pointer */
  bool direct;   /* no copy */
  size_t offset; /* of the copy, in the workspace */
} transfer;

enum { MOST_TRANSFERS = 32 };

typedef struct {
  network net;
  series x;
  bptt_dtype dtype; /* of the computation */
  bptt_kind kind;   /* of the results */
  bptt_problem problem;
  size_t step; /* workspace of bptt_step() */
  transfer transfer[MOST_TRANSFERS];
  int transfers;
  bptt_value *loss, *grad, *grad_norm; /* results; NULL: not wanted */
  series classes;                      /* rnn_predict: result of type "class" */
  size_t class_offset;                 /* room for the classes in the engine's order */
  struct check *check;                 /* rnn_gradcheck's own */
} pass;

#define FIELD(name) offsetof(bptt_problem, name)

static const size_t parameter_field[ROLE_COUNT] = {
    [ROLE_W_XH] = FIELD(W_xh), [ROLE_W_HH] = FIELD(W_hh), [ROLE_B_H] = FIELD(b_h),
    [ROLE_B_HN] = FIELD(b_hn), [ROLE_W_HY] = FIELD(W_hy), [ROLE_B_Y] = FIELD(b_y),
};
static const size_t gradient_field[ROLE_COUNT] = {
    [ROLE_W_XH] = FIELD(dW_xh), [ROLE_W_HH] = FIELD(dW_hh), [ROLE_B_H] = FIELD(db_h),
    [ROLE_B_HN] = FIELD(db_hn), [ROLE_W_HY] = FIELD(dW_hy), [ROLE_B_Y] = FIELD(db_y),
};
static const size_t first_state_field[2] = {FIELD(h0), FIELD(c0)};
static const size_t last_state_field[2] = {FIELD(h_last), FIELD(c_last)};
static const size_t state_gradient_field[2] = {FIELD(dh0), FIELD(dc0)};

static void *pointer(const bptt_problem *p, size_t field)
{
  void *value;
  memcpy(&value, (const char *)p + field, sizeof value);
  return value;
}

static void set_pointer(bptt_problem *p, size_t field, const void *value)
{
  memcpy((char *)p + field, &value, sizeof value);
}

/* -------------------------------------------------------------------------- transfers */

static size_t size_of(bptt_dtype dtype)
{
  return dtype == BPTT_F64 ? sizeof(double) : sizeof(float);
}

/* The pointer in `field` stands for this series. `copied`: the engine must not have the user's
 * own array. */
static bool bind(bptt_call *call, direction way, const series *s, size_t field, bool copied)
{
  pass *p = call->job;
  transfer *t = &p->transfer[p->transfers++];
  *t = (transfer){.way = way, .s = *s, .field = field};
  t->direct = way != WORK && !copied && series_is_direct(s, p->dtype);
  /* Not the pointer yet, but it tells bptt_step_workspace() that there will be one. */
  set_pointer(&p->problem, field, t);
  return t->direct || call_reserve(call, series_count(s), size_of(p->dtype), &t->offset);
}

static bool bind_array(bptt_call *call, direction way, const bptt_value *v, size_t field,
                       bool copied)
{
  series s;
  return series_of_array(&call->d, v, &s) && bind(call, way, &s, field, copied);
}

/* Room of this size, which `field` points to. */
static bool bind_work(bptt_call *call, ptrdiff_t features, ptrdiff_t sequences, ptrdiff_t steps,
                      size_t field)
{
  series s = {.size = {features, sequences, steps}, .argument = "x"};
  return series_can_be_counted(&call->d, &s) && bind(call, WORK, &s, field, true);
}

static bool reserve_step(bptt_call *call)
{
  pass *p = call->job;
  return call_reserve_bytes(call, bptt_step_workspace(&p->problem, p->dtype), &p->step);
}

/* Sets the pointers, and copies what goes in and is not direct. */
static void copy_in(pass *p, char *workspace)
{
  for (transfer *t = p->transfer; t < p->transfer + p->transfers; t++) {
    void *at = t->direct ? t->s.part->value->data : workspace + t->offset;
    set_pointer(&p->problem, t->field, at);
    if (t->way == IN && !t->direct) series_copy_in(&t->s, at, p->dtype);
    if (t->way == WORK) memset(at, 0, (size_t)series_count(&t->s) * size_of(p->dtype));
  }
}

static void copy_out(pass *p)
{
  for (transfer *t = p->transfer; t < p->transfer + p->transfers; t++) {
    if (t->way == OUT && !t->direct) {
      series_copy_out(&t->s, pointer(&p->problem, t->field), p->dtype);
    }
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
static void set_precision(const bptt_call *call, pass *p,
                          const bptt_value *const param[MOST_PARAMETERS])
{
  bool octave = call->d.host.habit == BPTT_OCTAVE;
  bool single = call->option.at[OPTION_PRECISION].choice == 1;
  ptrdiff_t parts = p->x.list ? p->x.size[SEQUENCE] : 1;
  int params = network_parameter_count(&p->net);
  for (ptrdiff_t i = 0; i < parts; i++) single |= p->x.part[i].value->kind == BPTT_SINGLE;
  for (int i = 0; i < params; i++) single |= param[i]->kind == BPTT_SINGLE;
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

static void set_problem(const bptt_call *call, pass *p)
{
  const network *n = &p->net;
  p->problem = (bptt_problem){
      .cell = n->cell,
      .activation = n->activation,
      .reset = n->reset,
      .D = n->D,
      .H = n->H,
      .O = n->O,
      .B = p->x.size[SEQUENCE],
      .T = p->x.size[STEP],
      .length = p->x.length,
      .k1 = p->x.size[STEP],
      .k2 = p->x.size[STEP],
      .threads = threads_of(call),
  };
}

/* What is computed in single must not become infinite by that. */
static bool fits_precision(const bptt_call *call, const char *argument, const char *field,
                           const bptt_value *v)
{
  const pass *p = call->job;
  place at = {argument, field, 0};
  return p->dtype == BPTT_F64 || value_check_single(&call->d, at, v);
}

/* What all four functions take: net, x and state. */
static bool read_inputs(bptt_call *call, bool copied)
{
  const door *d = &call->d;
  const bptt_value *param[MOST_PARAMETERS], *state[2];
  parameter q;
  pass *p = call->job = door_alloc(d, 1, sizeof *p);
  if (!p || !network_read(d, "net", call_given(call, OPTION_NET), &p->net, param) ||
      !series_read(d, call_given(call, OPTION_X), call_given(call, OPTION_FORMAT),
                   call_given(call, OPTION_LENGTHS), &p->x) ||
      !check_features(d, p) || !series_check_finite(d, &p->x) ||
      !network_read_state(d, call_given(call, OPTION_STATE), &p->net, p->x.size[SEQUENCE], state)) {
    return false;
  }
  set_precision(call, p, param);
  set_problem(call, p);
  for (int i = 0; network_parameter(&p->net, i, &q); i++) {
    if (!fits_precision(call, "net", q.name, param[i]) ||
        !bind_array(call, IN, param[i], parameter_field[q.role], copied)) {
      return false;
    }
  }
  for (int i = 0; i < 2 && state[i]; i++) {
    if (!fits_precision(call, "state", network_state_name[i], state[i]) ||
        !bind_array(call, IN, state[i], first_state_field[i], copied)) {
      return false;
    }
  }
  return (p->dtype == BPTT_F64 || series_check_single(d, &p->x)) &&
         bind(call, IN, &p->x, FIELD(x), copied);
}

static ptrdiff_t steps_of(double k, ptrdiff_t most)
{
  return k < (double)most ? (ptrdiff_t)k : most;
}

/* Target, loss and truncation. */
static bool read_target(bptt_call *call)
{
  pass *p = call->job;
  const option_value *at = call->option.at;
  bptt_problem *problem = &p->problem;
  bool classes = at[OPTION_LOSS].choice == BPTT_CROSS_ENTROPY;
  bool mean = at[OPTION_REDUCTION].choice == REDUCTION_MEAN;
  series target;
  double count;
  if (!series_read_target(&call->d, call_given(call, OPTION_TARGET), &p->x, classes ? 1 : p->net.O,
                          classes, &target) ||
      !series_check_target(&call->d, &target, classes ? p->net.O : 0, &count) ||
      (p->dtype == BPTT_F32 && !series_check_single(&call->d, &target))) {
    return false;
  }
  if (mean && count == 0) {
    return wrong(call->d.error, place_of("target"), "missing everywhere",
                 "some number to take the mean over");
  }
  problem->loss = (bptt_loss)at[OPTION_LOSS].choice;
  problem->scale = mean ? 1 / count : 1;
  problem->k1 = steps_of(at[OPTION_TRUNCATE].truncate[0], problem->T);
  /* A k2 of T + k1 reaches back to the first step from any other. */
  problem->k2 = steps_of(at[OPTION_TRUNCATE].truncate[1], problem->T + problem->k1);
  return bind(call, IN, &target, FIELD(target), false);
}

/* ---------------------------------------------------------------------------- results */

/* Whether the caller takes one more result. */
static bool wants_more(const bptt_call *call, const bptt_value *list)
{
  return list != &call->result || call->d.host.want > (int)list->count;
}

static bool add_series(bptt_call *call, bptt_value *list, const char *name, ptrdiff_t features,
                       size_t field)
{
  pass *p = call->job;
  series s;
  if (!wants_more(call, list)) return true;
  return series_make(&call->d, &p->x, features, p->kind, name, value_append(list), &s) &&
         bind(call, OUT, &s, field, false);
}

static bool add_state(bptt_call *call, bptt_value *list, const char *name, const size_t field[2])
{
  pass *p = call->job;
  ptrdiff_t dim[] = {p->net.H, p->x.size[SEQUENCE]}, n;
  if (!wants_more(call, list)) return true;
  if (!product(dim[0], dim[1], &n) || !product(n, (ptrdiff_t)sizeof(double), &n)) {
    return fail(call->d.error, "x", "`x` has more sequences than can be counted");
  }
  bptt_value *state = value_append(list);
  if (!value_make_list(&call->d, state, name, network_state_count(&p->net))) return false;
  for (size_t i = 0; i < state->count; i++) {
    value_make_array(&state->item[i], network_state_name[i], p->kind, 2, dim);
    if (!bind_array(call, OUT, &state->item[i], field[i], false)) return false;
  }
  return true;
}

static bool add_gradient(bptt_call *call, bptt_value *list)
{
  pass *p = call->job;
  parameter q;
  p->grad = value_append(list);
  if (!network_make_parameters(&call->d, p->grad, "grad", &p->net, p->kind)) return false;
  for (int i = 0; network_parameter(&p->net, i, &q); i++) {
    if (!bind_array(call, OUT, &p->grad->item[i], gradient_field[q.role], false)) return false;
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

static void warn_loss(bptt_call *call)
{
  const pass *p = call->job;
  if (isfinite(as_result(p, p->problem.loss_value))) return;
  warn(call, say("the loss is not finite%s", say_step("", p->problem.bad_forward).s));
}

/* The first parameter with a gradient that is not finite. */
static const char *bad_parameter(const pass *p)
{
  parameter q;
  for (int i = 0; p->grad && network_parameter(&p->net, i, &q); i++) {
    bptt_value v = {.kind = p->dtype == BPTT_F32 ? BPTT_SINGLE : BPTT_DOUBLE,
                    .count = p->grad->item[i].count,
                    .data = pointer(&p->problem, gradient_field[q.role])};
    if (value_not_finite(&v) >= 0) return q.name;
  }
  return NULL;
}

/* To be called before clipping, which may hide what is wrong. */
static void warn_gradient(bptt_call *call, double norm)
{
  const pass *p = call->job;
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
  return add_series(call, list, "y", p->net.O, FIELD(y)) &&
         (!octave || add_state(call, list, "state", last_state_field)) &&
         add_series(call, list, "h", p->net.H, FIELD(h)) &&
         (octave || add_state(call, list, "state", last_state_field)) && reserve_step(call);
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

/* The result holds classes, while the engine's outputs stay in the workspace. */
static bool add_classes(bptt_call *call)
{
  pass *p = call->job;
  const ptrdiff_t *size = p->x.size;
  bptt_value *y = value_append(&call->result);
  return series_make(&call->d, &p->x, 1, BPTT_DOUBLE, "y", y, &p->classes) &&
         bind_work(call, p->net.O, size[SEQUENCE], size[STEP], FIELD(y)) &&
         call_reserve(call, series_count(&p->classes), sizeof(double), &p->class_offset);
}

static bool predict_prepare(bptt_call *call)
{
  if (!read_inputs(call, false) || !open_results(call)) return false;
  pass *p = call->job;
  bptt_value *list = &call->result;
  bool class = call->option.at[OPTION_TYPE].choice == TYPE_CLASS;
  bool octave = call->d.host.habit == BPTT_OCTAVE;
  return (class ? add_classes(call) : add_series(call, list, "y", p->net.O, FIELD(y))) &&
         (!octave || add_state(call, list, "state", last_state_field)) && reserve_step(call);
}

/* The class with the largest output, the first of equals; NaN where an output is. */
static double class_of(const pass *p, ptrdiff_t column)
{
  ptrdiff_t O = p->net.O, best = 0;
  bptt_value y = {.kind = p->dtype == BPTT_F32 ? BPTT_SINGLE : BPTT_DOUBLE, .data = p->problem.y};
  for (ptrdiff_t o = 0; o < O; o++) {
    double v = value_at(&y, column * O + o);
    if (isnan(v)) return v;
    if (v > value_at(&y, column * O + best)) best = o;
  }
  return (double)(best + 1);
}

static bptt_status predict_run(bptt_call *call, char *workspace)
{
  pass *p = call->job;
  int type = call->option.at[OPTION_TYPE].choice;
  ptrdiff_t columns = p->problem.B * p->problem.T;
  bptt_status status = step(call, workspace);
  if (status != BPTT_OK) return status;
  if (type == TYPE_PROB) bptt_softmax(p->problem.y, p->net.O, columns, p->dtype);
  if (type == TYPE_CLASS) {
    double *class = (double *)(workspace + p->class_offset);
    for (ptrdiff_t i = 0; i < columns; i++) class[i] = class_of(p, i);
    series_copy_out(&p->classes, class, BPTT_F64);
  }
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
  return add_series(call, list, "y", p->net.O, FIELD(y)) &&
         add_state(call, list, "state", last_state_field) &&
         (!(wrt & WRT_X) || add_series(call, list, "dx", p->net.D, FIELD(dx))) &&
         (!(wrt & WRT_STATE) || add_state(call, list, "dstate", state_gradient_field));
}

/* rnn_objective is for optimizers: of the results, the loss and the gradient alone. */
static bool gradient_prepare(bptt_call *call)
{
  bool objective = strcmp(call->d.function, "rnn_objective") == 0;
  unsigned wrt = objective ? WRT_PARAM : call->option.at[OPTION_WRT].set;
  if (!read_inputs(call, false) || !read_target(call) || !open_results(call)) return false;
  if (!add_loss(call)) return false;
  if (call->d.host.want > 1) {
    if (!add_gradient_result(call, wrt & WRT_PARAM)) return false;
    if (!objective && !add_rest(call, wrt)) return false;
  }
  return reserve_step(call);
}

static void clip(bptt_call *call)
{
  const pass *p = call->job;
  const option_value *at = call->option.at;
  gradient_part part[MOST_PARAMETERS];
  parameter q;
  ptrdiff_t parts = 0;
  for (; network_parameter(&p->net, (int)parts, &q); parts++) {
    void *data = pointer(&p->problem, gradient_field[q.role]);
    part[parts] = (gradient_part){data, q.rows * q.cols, p->dtype};
  }
  double norm = clip_norm_of(part, parts);
  warn_gradient(call, norm);
  clip_gradient(part, parts, norm, at[OPTION_CLIP_NORM].number, at[OPTION_CLIP_VALUE].number);
  if (p->grad_norm) value_set(p->grad_norm, 0, norm);
}

static bptt_status gradient_run(bptt_call *call, char *workspace)
{
  pass *p = call->job;
  bptt_status status = step(call, workspace);
  if (status != BPTT_OK) return status;
  warn_loss(call);
  if (!call->warning.s[0]) warn_output(call); /* where no target counts */
  if (p->grad) {
    clip(call);
  } else {
    warn_gradient(call, 0);
  }
  copy_out(p);
  value_set(p->loss, 0, p->problem.loss_value);
  return BPTT_OK;
}

/* ---------------------------------------------------------------------- rnn_gradcheck */

enum { MOST_CHECKED = MOST_PARAMETERS + 3 };

/* What is checked: an input of the problem, with the gradient for it. */
typedef struct {
  const char *name;
  checked_kind kind;
  size_t value_field, gradient_field;
  ptrdiff_t count;
  size_t numeric; /* offset of scratch */
} subject;

struct check {
  subject subject[MOST_CHECKED];
  ptrdiff_t count;
  bool given;                     /* the gradient of the parameters is the user's */
  size_t target, length, state;   /* offsets of scratch */
  const char *name[MOST_CHECKED]; /* results */
  bptt_value *max_error, *error, *analytic, *numeric, *index;
};

/* Inputs are copies in the workspace, so that they may be changed. */
static bool add_subject(bptt_call *call, subject s)
{
  struct check *k = ((pass *)call->job)->check;
  k->name[k->count] = s.name;
  subject *added = &k->subject[k->count++];
  *added = s;
  return call_reserve(call, s.count, sizeof(double), &added->numeric);
}

static bool add_parameters(bptt_call *call)
{
  pass *p = call->job;
  const bptt_value *given = call_given(call, OPTION_CHECKED_GRAD), *grad[MOST_PARAMETERS];
  parameter q;
  if (given && given->kind != BPTT_LIST) {
    return wrong(call->d.error, place_of("grad"), value_describe(given).s,
                 "a %s of arrays with the names and dims of the parameters", fields_word(&call->d));
  }
  if (given && !network_read_parameters(&call->d, "grad", given, &p->net, grad)) return false;
  p->check->given = given != NULL;
  for (int i = 0; network_parameter(&p->net, i, &q); i++) {
    subject s = {
        q.name, CHECKED_PARAMETER, parameter_field[q.role], gradient_field[q.role], q.rows * q.cols,
        0};
    bool bound = given ? bind_array(call, IN, grad[i], s.gradient_field, true)
                       : bind_work(call, q.rows, q.cols, 1, s.gradient_field);
    if (!bound || !add_subject(call, s)) return false;
  }
  return true;
}

static bool add_x(bptt_call *call)
{
  const pass *p = call->job;
  const ptrdiff_t *size = p->x.size;
  subject s = {"x", CHECKED_X, FIELD(x), FIELD(dx), series_count(&p->x), 0};
  return bind_work(call, size[FEATURE], size[SEQUENCE], size[STEP], FIELD(dx)) &&
         add_subject(call, s);
}

static bool add_first_state(bptt_call *call)
{
  const pass *p = call->job;
  ptrdiff_t H = p->net.H, B = p->x.size[SEQUENCE];
  bool zero = !pointer(&p->problem, FIELD(h0));
  for (int i = 0; i < network_state_count(&p->net); i++) {
    subject s = {network_state_name[i],   CHECKED_STATE, first_state_field[i],
                 state_gradient_field[i], H * B,         0};
    if ((zero && !bind_work(call, H, B, 1, s.value_field)) ||
        !bind_work(call, H, B, 1, s.gradient_field) || !add_subject(call, s)) {
      return false;
    }
  }
  return true;
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
  if (!read_inputs(call, true) || !read_target(call) || !open_results(call)) return false;
  pass *p = call->job;
  struct check *k = p->check = door_alloc(d, 1, sizeof *k);
  if (!k) return false;
  if (!check_wrt(call, wrt)) return false;
  ptrdiff_t B = p->x.size[SEQUENCE], H = p->net.H;
  ptrdiff_t targets = (p->problem.loss == BPTT_MSE ? p->net.O : 1) * B * p->problem.T;
  return (!(wrt & WRT_PARAM) || add_parameters(call)) && (!(wrt & WRT_X) || add_x(call)) &&
         (!(wrt & WRT_STATE) || add_first_state(call)) && add_check_results(call) &&
         call_reserve(call, targets, sizeof(double), &k->target) &&
         call_reserve(call, B, sizeof(ptrdiff_t), &k->length) &&
         call_reserve(call, H * B, 4 * sizeof(double), &k->state) && reserve_step(call);
}

/* The analytic gradient: all of it, or what is not the user's. */
static bptt_status analytic_gradient(bptt_call *call, char *workspace)
{
  pass *p = call->job;
  bptt_problem q = p->problem;
  if (p->check->given) q.dW_xh = q.dW_hh = q.db_h = q.db_hn = q.dW_hy = q.db_y = NULL;
  const bptt_host *host = &call->d.host;
  bptt_status status = bptt_step(&q, BPTT_F64, workspace + p->step, host->poll, host->context);
  p->problem.loss_value = q.loss_value;
  p->problem.bad_forward = q.bad_forward;
  return status;
}

static void set_check_results(const pass *p, const checked *array)
{
  const struct check *k = p->check;
  double most = 0;
  for (ptrdiff_t i = 0; i < k->count; i++) {
    const checked *a = &array[i];
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

static bptt_status gradcheck_run(bptt_call *call, char *workspace)
{
  pass *p = call->job;
  const struct check *k = p->check;
  double *state = (double *)(workspace + k->state);
  ptrdiff_t HB = p->net.H * p->x.size[SEQUENCE];
  gradcheck_scratch scratch = {.step = workspace + p->step,
                               .target = (double *)(workspace + k->target),
                               .length = (ptrdiff_t *)(workspace + k->length),
                               .state = {{state, state + HB}, {state + 2 * HB, state + 3 * HB}}};
  checked array[MOST_CHECKED];
  copy_in(p, workspace);
  bptt_status status = analytic_gradient(call, workspace);
  if (status != BPTT_OK) return status;
  for (ptrdiff_t i = 0; i < k->count; i++) {
    const subject *s = &k->subject[i];
    array[i] = (checked){.kind = s->kind,
                         .value = pointer(&p->problem, s->value_field),
                         .analytic = pointer(&p->problem, s->gradient_field),
                         .numeric = (double *)(workspace + s->numeric),
                         .count = s->count};
  }
  status = gradcheck(&p->problem, array, k->count, &scratch, &call->d.host);
  if (status != BPTT_OK) return status;
  set_check_results(p, array);
  warn_loss(call);
  return BPTT_OK;
}

const handler pass_handlers[] = {
    {"rnn_forward", forward_prepare, forward_run},
    {"rnn_predict", predict_prepare, predict_run},
    {"rnn_bptt", gradient_prepare, gradient_run},
    {"rnn_objective", gradient_prepare, gradient_run},
    {"rnn_gradcheck", gradcheck_prepare, gradcheck_run},
    {NULL, NULL, NULL},
};

/* train.c -- training a network, or several from as many seeds: rnn_train. */
#include "train.h"
#include <math.h>
#include <string.h>

/* What R and Octave call the columns of the history. */
static const char *const note_name[NOTES] = {
    "epoch", "loss", "validation_loss", "learn_rate", "grad_norm", "clipped", "seconds"};

/* In the order of stop_reason. */
static const char *const stop_name[] = {"",         "epochs",    "patience", "max_time",
                                        "callback", "interrupt", "diverged", "converged"};

/* ----------------------------------------------------------------------------- results */

static bool add_history(const door *d, bptt_value *list, const training *t)
{
  if (!value_open_list(d, list, "history", NOTES)) return false;
  for (int i = 0; i < NOTES; i++) {
    value_make_vector(d, value_append(list), note_name[i], BPTT_DOUBLE, t->epochs);
  }
  return true;
}

/* Of one network itself, of several a list of them. */
static bool add_members(train *j)
{
  const door *d = &j->call->d;
  const bool many = j->members > 1;
  j->nets = value_append(&j->call->result);
  if (many && !value_make_list(d, j->nets, "net", j->members)) return false;
  for (int i = 0; i < j->members; i++) {
    bptt_value *net = j->member[i].net = many ? &j->nets->item[i] : j->nets;
    if (!network_make(d, net, many ? NULL : "net", &j->pass->net)) return false;
  }
  return true;
}

static bool add_histories(train *j, bptt_value *list)
{
  const door *d = &j->call->d;
  const bool many = j->members > 1;
  j->histories = value_append(list);
  if (many && !value_make_list(d, j->histories, "history", j->members)) return false;
  for (int i = 0; i < j->members; i++) {
    bptt_value *history = j->member[i].history = many ? &j->histories->item[i] : j->histories;
    if (!add_history(d, history, &j->training)) return false;
    if (many) history->name = NULL;
  }
  return true;
}

/* R has all results in one list, Octave all but the networks in a struct. */
static bool add_results(train *j)
{
  enum { RESULTS = 5 };
  const door *d = &j->call->d;
  bptt_value *list = &j->call->result;
  if (!value_open_list(d, list, NULL, RESULTS) || !add_members(j)) return false;
  if (d->host.habit == BPTT_OCTAVE) {
    list = value_append(list);
    if (!value_open_list(d, list, "info", RESULTS)) return false;
  }
  j->stopped_by = door_alloc(d, j->members, sizeof *j->stopped_by);
  if (!j->stopped_by || !add_histories(j, list)) return false;
  value_make_text(j->stopped = value_append(list), "stopped", j->stopped_by, j->members);
  value_make_vector(d, j->best_epoch = value_append(list), "best_epoch", BPTT_DOUBLE, j->members);
  value_make_scalar(d, j->seed = value_append(list), "seed", BPTT_DOUBLE);
  return true;
}

/* What the callback is shown: numbers, and the network as it is. */
static bool make_state(train *j)
{
  static const char *const name[] = {"repeat",          "epoch",      "epochs",    "loss",
                                     "validation_loss", "learn_rate", "grad_norm", "clipped",
                                     "seconds",         "time_left"};
  enum { NUMBERS = sizeof name / sizeof *name };
  const door *d = &j->call->d;
  bptt_value *list = j->state = door_alloc(d, 1, sizeof *list);
  if (!list || !value_open_list(d, list, NULL, NUMBERS + 1)) return false;
  for (int i = 0; i < NUMBERS; i++) {
    bptt_value *v = value_append(list);
    value_make_scalar(d, v, name[i], BPTT_DOUBLE);
    v->data = &j->number[i];
  }
  bptt_value *net = j->state_net = value_append(list);
  if (!network_make(d, net, "net", &j->pass->net)) return false;
  for (size_t i = 0; i < net->count; i++) {
    bptt_value *v = &net->item[i];
    if (v->kind != BPTT_DOUBLE) continue;
    v->data = door_alloc(d, value_count(v), sizeof(double));
    if (!v->data) return false;
  }
  network_set(net, &j->pass->net);
  return true;
}

/* ----------------------------------------------------------------------------- prepare */

static bool set_lanes(bptt_call *call, train *j)
{
  const door *d = &call->d;
  training *t = &j->training;
  const int threads = t->problem.threads > 1 ? t->problem.threads : 1;
  const bool alone = call_given(call, OPTION_CALLBACK) != NULL;
  ptrdiff_t scratch = 0;
  j->lanes = alone ? 1 : threads < j->members ? threads : j->members;
  t->threads = j->lanes > 1 ? 1 : threads;
  t->problem.threads = t->threads;
  j->lane = door_alloc(d, j->lanes, sizeof *j->lane);
  j->lane_bytes = trainer_bytes(t);
  if (!j->lane || !init_scratch(t->net, &j->init, &scratch)) return false;
  j->scratch_bytes = ((size_t)scratch * sizeof(double) + 63) / 64 * 64;
  for (int i = 0; i < j->lanes; i++) {
    j->lane[i].layer = door_alloc(d, t->net->layers * t->net->directions, sizeof(bptt_layer));
    if (!j->lane[i].layer) return false;
  }
  size_t bytes;
  if (j->lane_bytes == (size_t)-1 ||
      __builtin_mul_overflow(j->lane_bytes + j->scratch_bytes, (size_t)j->lanes, &bytes)) {
    bytes = (size_t)-1;
  }
  return call_reserve_bytes(call, bytes, &j->lanes_at) &&
         call_reserve(call, t->training.B * (t->training.T + 1), sizeof(double), &j->mass_at) &&
         (!j->check || call_reserve(call, t->validation.B * (t->validation.T + 1), sizeof(double),
                                    &j->check_mass_at));
}

static bool read_first_weights(bptt_call *call, train *j)
{
  const option_value *at = call->option.at;
  j->init = (init_options){.input = (init_method)at[OPTION_INIT].choice,
                           .recurrent = (init_method)at[OPTION_RECURRENT_INIT].choice,
                           .forget_bias = at[OPTION_FORGET_BIAS].number,
                           .chrono = at[OPTION_CHRONO].given ? at[OPTION_CHRONO].number : 0};
  return init_check(call->d.error, &j->pass->net, &j->init);
}

static bool train_prepare(bptt_call *call)
{
  train *j = door_alloc(&call->d, 1, sizeof *j);
  if (!j) return false;
  j->call = call;
  j->members = (int)call->option.at[OPTION_REPEATS].number;
  call->keeps = true;
  const bool good = train_read_data(j) && train_read_options(j) && read_first_weights(call, j) &&
                    train_read_checkpoints(j) && add_results(j) && make_state(j) &&
                    set_lanes(call, j);
  call->job = j;
  return good;
}

/* --------------------------------------------------------------------------------- run */

/* The arrays are in their places by now. */
static void set_arrays(train *j, char *workspace)
{
  training *t = &j->training;
  pass_copy_in(j->pass, workspace);
  const bptt_problem *p = &j->pass->problem;
  t->training.x = p->x;
  t->training.target = p->target;
  t->training.weights = p->weights;
  t->training.mass = (double *)(void *)(workspace + j->mass_at);
  t->problem.class_weights = p->class_weights;
  material_weigh(&t->training, p->class_weights);
  if (!j->check) {
    const material own = t->training;
    t->validation = own;
    return;
  }
  pass_copy_in(j->check, workspace);
  p = &j->check->problem;
  t->validation.x = p->x;
  t->validation.target = p->target;
  t->validation.weights = p->weights;
  t->validation.mass = (double *)(void *)(workspace + j->check_mass_at);
  material_weigh(&t->validation, p->class_weights);
}

/* Those of the user's network, or drawn from the seed: as numbers of the precision that is
 * computed in. */
static bptt_status set_first_weights(lane *l, const member *m, bool own)
{
  train *j = l->job;
  trainer *r = &l->trainer;
  const network *n = &j->pass->net;
  double *param[2 * ROLE_COUNT * NETWORK_MOST_LAYERS], *at = r->w;
  for (int i = 0; i < n->parameters; i++) {
    const parameter *q = &n->parameter[i];
    param[i] = at;
    if (own) {
      bptt_convert(at, BPTT_F64, slot_get(problem_parameter(&j->pass->problem, q)), j->pass->dtype,
                   q->rows * q->cols);
    }
    at += q->rows * q->cols;
  }
  if (own) return BPTT_OK;
  init_options init = j->init;
  init.seed = m->seed;
  const bptt_host quiet = {.poll = NULL};
  const bptt_status status = init_parameters(n, &init, param, l->scratch, &quiet);
  /* In single the user's network is rounded: so are those beside it. */
  for (double *w = l->trainer.w; j->pass->dtype == BPTT_F32 && w < at; w++) *w = (float)*w;
  return status;
}

static int lane_stopped(void *context)
{
  return bptt_stopped(((lane *)context)->thread);
}

/* ------------------------------------------------------------------------------ reports */

static void describe(train *j, const trainer *r)
{
  const training *t = r->t;
  const ptrdiff_t row = (ptrdiff_t)r->at.epochs - 1;
  const double groups = ceil((double)t->samples / (double)t->batch);
  const double done = r->at.epochs + r->at.groups / groups, seconds = trainer_seconds(r);
  const double left = seconds / done * ((double)t->epochs - done);
  double *n = j->number;
  *n++ = r->repeat + 1;
  *n++ = r->at.epochs;
  *n++ = (double)t->epochs;
  for (int i = NOTE_LOSS; i <= NOTE_CLIPPED; i++) *n++ = row >= 0 ? r->history[i][row] : NAN;
  *n++ = seconds;
  *n++ = fmin(left, fmax(0, t->max_time - seconds));
  bptt_value *list = network_made_parameters(j->state_net);
  double *w = (double *)trainer_shown(r); /* the front end copies it */
  for (size_t i = 0; i < list->count; i++) {
    list->item[i].data = w;
    w += list->item[i].count;
  }
}

/* Where there is a callback there is one lane. An interrupt, or an error, ends all of them. */
static int report(trainer *r, lane *l, option_id row)
{
  train *j = l->job;
  const bptt_host *host = &j->call->d.host;
  if (!call_given(j->call, row) || !host->report || l->thread->rank > 0) return 0;
  describe(j, r);
  const int answer = host->report(host->context, option_row(row)->name, j->state);
  if (answer > 1) bptt_stop(l->thread);
  return answer;
}
static int report_epoch(trainer *r, void *context)
{
  return report(r, context, OPTION_CALLBACK);
}
static void report_progress(trainer *r, void *context)
{
  if (report(r, context, OPTION_PROGRESS) > 1) r->stop = STOP_INTERRUPT;
}

/* ------------------------------------------------------------------------------ members */

static void set_result(const train *j, const member *m, const double *w)
{
  bptt_value *list = network_made_parameters(m->net);
  for (size_t i = 0; i < list->count; i++) {
    memcpy(list->item[i].data, w, list->item[i].count * sizeof(double));
    w += list->item[i].count;
  }
  network_set(m->net, &j->pass->net);
}

static void train_member(lane *l, int i)
{
  train *j = l->job;
  member *m = &j->member[i];
  trainer *r = &l->trainer;
  for (int k = 0; k < NOTES; k++) r->history[k] = m->history->item[k].data;
  r->context = l;
  r->repeat = i;
  r->seed = (uint64_t)m->seed;
  r->checkpoint = m->checkpoint;
  if (m->resumed) {
    trainer_resume(r, m->resumed);
  } else {
    if (set_first_weights(l, m, i == 0) != BPTT_OK) return;
    trainer_start(r);
  }
  m->begun = true;
  m->refused = !trainer_run(r);
  m->stop = r->stop;
  m->epochs = r->at.epochs;
  m->best = r->at.best_epoch > 0;
  m->best_epoch = m->best ? r->at.best_epoch : r->at.epochs;
  m->divergence = r->divergence;
  m->unsaved = r->unsaved;
  set_result(j, m, trainer_result(r));
}

static void run_lane(bptt_thread *me, void *job)
{
  train *j = job;
  lane *l = &j->lane[me->rank];
  l->thread = me;
  for (;;) {
    const int i = __atomic_fetch_add(&j->taken, 1, __ATOMIC_RELAXED);
    if (i >= j->members || (i > 0 && bptt_stopped(me))) return;
    train_member(l, i);
    if (j->member[i].refused || j->member[i].stop == STOP_INTERRUPT) return;
  }
}

/* ----------------------------------------------------------------------------- warnings */

static void warn(bptt_call *call, const char *kind, phrase sentence)
{
  const char *before = call->warning.s;
  if (!before[0]) call->warning_kind = kind;
  call->warning = before[0] ? say("%s; %s", before, sentence.s) : sentence;
}

/* "the gradient of `W_hh` is not finite, first at step 7" */
static phrase say_divergence(const divergence *v)
{
  const phrase of = v->parameter ? say(" of `%s`", v->parameter) : say("%s", "");
  const bool back = strcmp(v->what, "gradient") == 0;
  const phrase step =
      v->step ? say(": %sfirst at step %td", back ? "going back from the end, " : "", v->step)
              : say("%s", "");
  return say("the %s%s is not finite%s", v->what, of.s, step.s);
}

static void warn_of(bptt_call *call, const train *j, int i)
{
  const member *m = &j->member[i];
  const phrase who = j->members > 1 ? say("training of network %d", i + 1) : say("training");
  const char *kept = m->best ? "the best weights" : "the weights";
  if (m->stop == STOP_DIVERGED) {
    warn(call, "nonFinite",
         say("%s stopped in epoch %.0f, batch %.0f: %s; %s before that are kept", who.s,
             m->divergence.epoch, m->divergence.batch, say_divergence(&m->divergence).s, kept));
  }
  if (m->stop == STOP_INTERRUPT) {
    warn(call, "interrupted",
         say("%s was interrupted after %s; %s of then are kept", who.s,
             say_count((ptrdiff_t)m->epochs, "epoch", "epochs").s, kept));
  }
  if (m->unsaved) {
    warn(call, "unsaved",
         say("the checkpoint %s could not be written: %s", say_text(m->checkpoint).s,
             strerror(m->unsaved)));
  }
}

/* Of several networks the first that has any; of the others how many there are. */
static void set_warning(bptt_call *call, const train *j, int begun)
{
  int more = 0;
  for (int i = 0; i < begun; i++) {
    const member *m = &j->member[i];
    if (!call->warning.s[0]) {
      warn_of(call, j, i);
    } else {
      more += m->stop == STOP_DIVERGED || m->stop == STOP_INTERRUPT || m->unsaved;
    }
  }
  if (more > 0) {
    call->warning = say("%s; so it is with %s", call->warning.s,
                        say_count(more, "more network", "more networks").s);
  }
}

/* ---------------------------------------------------------------------------------- run */

/* Networks that were never begun are left out. */
static void finish_results(bptt_call *call, train *j)
{
  size_t begun = 0;
  while (begun < (size_t)j->members && j->member[begun].begun) begun++;
  for (size_t i = 0; i < begun; i++) {
    const member *m = &j->member[i];
    for (int k = 0; k < NOTES; k++) {
      bptt_value *v = &m->history->item[k];
      v->count = v->dim[0] = (size_t)m->epochs;
    }
    j->stopped_by[i] = stop_name[m->stop];
    value_set(j->best_epoch, (ptrdiff_t)i, m->best_epoch);
  }
  set_warning(call, j, (int)begun);
  if (j->members > 1) j->nets->count = j->histories->count = begun;
  j->stopped->count = j->best_epoch->count = j->best_epoch->dim[0] = begun;
  value_set(j->seed, 0, j->member[0].seed);
}

static bptt_status train_run(bptt_call *call, char *workspace)
{
  train *j = call->job;
  training *t = &j->training;
  const bptt_host *host = &call->d.host;
  set_arrays(j, workspace);
  train_set_settings(j);
  if (!train_check_settings(j)) return call->d.error->status;
  t->stopped = lane_stopped;
  t->report_epoch = report_epoch;
  t->report_progress = report_progress;
  for (int i = 0; i < j->lanes; i++) {
    lane *l = &j->lane[i];
    char *memory = workspace + j->lanes_at + (size_t)i * (j->lane_bytes + j->scratch_bytes);
    l->job = j;
    l->scratch = (double *)(void *)(memory + j->lane_bytes);
    trainer_place(&l->trainer, t, memory, l->layer);
  }
  bptt_team(j->lanes, host->poll, host->context, run_lane, j);
  for (int i = 0; i < j->members; i++) {
    if (!j->member[i].refused) continue;
    fail(call->d.error, "checkpoint", "`checkpoint` is %s, which cannot be written: %s",
         say_text(j->member[i].checkpoint).s, strerror(j->member[i].unsaved));
    return BPTT_EINPUT;
  }
  finish_results(call, j);
  return BPTT_OK;
}

const handler train_handlers[] = {
    {"rnn_train", train_prepare, train_run},
    {NULL, NULL, NULL},
};

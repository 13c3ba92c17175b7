/* train.c -- training a network, or several from as many seeds: rnn_train. */
#include "engine.h"
#include "init.h"
#include "pass.h"
#include "trainer.h"
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* What R and Octave call the columns of the history. */
static const char *const note_name[NOTES] = {
    "epoch", "loss", "validation_loss", "learn_rate", "grad_norm", "clipped", "seconds"};

/* In the order of stop_reason. */
static const char *const stop_name[] = {"",         "epochs",    "patience", "max_time",
                                        "callback", "interrupt", "diverged", "converged"};

/* A network of the result. */
typedef struct {
  bptt_value *net;
  bptt_value *history; /* a list of vectors, a row for each epoch that there may be */
  double best_epoch, epochs, seed;
  bool begun, refused; /* refused: its checkpoint cannot be written at all */
  stop_reason stop;
  divergence divergence;
  int unsaved;
  const char *checkpoint;
  const double *resumed; /* numbers of a checkpoint; NULL: it begins anew */
} member;

/* Who trains, on one thread: a network after the other. */
typedef struct {
  struct train *job;
  bptt_thread *thread;
  trainer trainer;
  bptt_layer *layer;
  double *scratch; /* for first weights */
} lane;

typedef struct train {
  bptt_call *call;
  pass *pass, *check; /* the data to train with, and to validate with: NULL where there are none of
                         their own */
  training training;
  bool by_sequence; /* the share for validation is whole sequences */
  double share;
  init_options init;
  member *member;
  int members, lanes;
  lane *lane;
  size_t lane_bytes, scratch_bytes, lanes_at, mass_at, check_mass_at;
  int taken; /* networks that a lane has begun */
  double *setting;
  bptt_value *nets, *histories, *stopped, *best_epoch, *seed; /* results */
  const char **stopped_by;
  bptt_value *state, *state_net; /* what the callback is shown */
  double number[9];
} train;

/* --------------------------------------------------------------------------- settings */

/* Options with which a run may go on from a checkpoint that was made with others. */
static bool may_differ(option_id row)
{
  switch (row) {
  case OPTION_EPOCHS:
  case OPTION_PATIENCE:
  case OPTION_MAX_TIME:
  case OPTION_CHECKPOINT_EVERY:
  case OPTION_CHECKPOINT_MINUTES:
  case OPTION_REPEATS:
  case OPTION_THREADS:
  case OPTION_MEMORY:
  case OPTION_TRAIN_SEED:
    return true;
  default:
    return false;
  }
}

/* A setting for each row of the table, then the seed and sums over the data. */
enum {
  SETTING_SEED = OPTION_COUNT,
  SETTING_NET,
  SETTING_X,
  SETTING_TARGET,
  SETTING_CHECK,
  SETTINGS
};

static double setting_of(const option_value *v, const char *type)
{
  if (strcmp(type, "choice") == 0 || strcmp(type, "loss") == 0) return v->choice;
  if (strcmp(type, "flag") == 0) return v->flag;
  if (strcmp(type, "truncate") == 0) return v->truncate[0] + 1e-3 * fmin(v->truncate[1], 1e9);
  if (strcmp(type, "number") != 0 && strcmp(type, "whole") != 0) return 0;
  return isnan(v->number) ? -1 : v->number;
}

/* A number that another array hardly has as well. */
static double sum_of(double sum, const void *data, size_t bytes)
{
  uint64_t h = UINT64_C(0xcbf29ce484222325) ^ (uint64_t)sum;
  const unsigned char *at = data;
  for (size_t i = 0; i + 4 <= bytes; i += 4) {
    uint32_t word;
    memcpy(&word, at + i, sizeof word);
    h = (h ^ word) * UINT64_C(0x100000001b3);
    h ^= h >> 29;
  }
  return (double)(h >> 11);
}

static double sum_of_array(double sum, const void *data, ptrdiff_t count, bptt_dtype dtype)
{
  return data ? sum_of(sum, data, (size_t)count * (dtype == BPTT_F64 ? 8 : 4)) : sum;
}

/* Of what counts. What is beyond the lengths may be anything. */
static double sum_of_x(const material *m)
{
  double sum = 1;
  for (ptrdiff_t t = 0; t < m->T; t++) {
    for (ptrdiff_t b = 0; b < m->B; b++) {
      if (t >= material_length(m, b)) continue;
      const size_t size = m->dtype == BPTT_F64 ? 8 : 4, at = (size_t)((t * m->B + b) * m->D) * size;
      sum = sum_of(sum + (double)b, (const char *)m->x + at, (size_t)m->D * size);
    }
  }
  return sum;
}

static double sum_of_target(const material *m)
{
  return sum_of(2, m->mass, (size_t)(m->B * (m->T + 1)) * sizeof(double)) +
         sum_of_array(3, m->target, m->last ? m->F * m->B : 0, m->dtype);
}

static double sum_of_net(const network *n)
{
  double sum = n->cell + 3 * n->activation + 17 * n->reset + 64 * n->last;
  for (int i = 0; i < n->parameters; i++) {
    const ptrdiff_t dim[] = {n->parameter[i].role, n->parameter[i].rows, n->parameter[i].cols};
    sum = sum_of(sum, dim, sizeof dim);
  }
  return sum;
}

static void make_settings(train *j, double *setting)
{
  const bptt_call *call = j->call;
  for (option_id row = 0; row < OPTION_COUNT; row++) {
    const bool counts = option_is_of(row, "rnn_train") && !may_differ(row);
    setting[row] = counts ? setting_of(&call->option.at[row], option_row(row)->type) : 0;
  }
  setting[SETTING_SEED] = j->member[0].seed;
  setting[SETTING_NET] = sum_of_net(&j->pass->net);
  setting[SETTING_X] = sum_of_x(&j->training.training);
  setting[SETTING_TARGET] = sum_of_target(&j->training.training);
  setting[SETTING_CHECK] =
      j->check ? sum_of_x(&j->training.validation) + sum_of_target(&j->training.validation) : 0;
}

/* The checkpoint was made with the same, or the run cannot go on to the same bits. */
static bool check_settings(const train *j, const double *then)
{
  static const char *const data[] = {[SETTING_NET - OPTION_COUNT] = "net",
                                     [SETTING_X - OPTION_COUNT] = "x",
                                     [SETTING_TARGET - OPTION_COUNT] = "target",
                                     [SETTING_CHECK - OPTION_COUNT] = "validation"};
  bptt_error *error = j->call->d.error;
  const double *now = j->training.setting;
  for (option_id row = 0; row < OPTION_COUNT; row++) {
    if (now[row] == then[row]) continue;
    const char *type = option_row(row)->type, *name = option_row(row)->name;
    const bool choice = strcmp(type, "choice") == 0 || strcmp(type, "loss") == 0;
    const place at = place_of(name);
    const char *as = "as when the checkpoint `resume` was made";
    if (choice) {
      return wrong(error, at, option_say_choice(row, (int)now[row]).s, "%s, %s",
                   option_say_choice(row, (int)then[row]).s, as);
    }
    return fail(error, name, "`%s` is not what it was when the checkpoint `resume` was made", name);
  }
  for (int i = SETTING_NET; i < SETTINGS; i++) {
    if (now[i] == then[i]) continue;
    const char *name = data[i - OPTION_COUNT];
    return fail(error, name, "`%s` is not what it was when the checkpoint `resume` was made", name);
  }
  return true;
}

/* ------------------------------------------------------------------------- validation */

/* Data of their own: what `x`, `target`, `weights` and `lengths` are for the training. */
static bool read_check_data(bptt_call *call, train *j, const bptt_value *list)
{
  static const struct {
    option_id row;
    const char *name;
  } part[] = {{OPTION_X, "x"},
              {OPTION_TARGET, "target"},
              {OPTION_WEIGHTS, "weights"},
              {OPTION_LENGTHS, "lengths"}};
  bptt_error *error = call->d.error;
  bptt_call inner = *call;
  inner.job = NULL;
  for (size_t i = 0; i < sizeof part / sizeof *part; i++) {
    inner.option.at[part[i].row].given = value_find(list, part[i].name);
  }
  for (size_t i = 0; i < list->count; i++) {
    const char *name = list->item[i].name;
    bool known = false;
    for (size_t k = 0; k < sizeof part / sizeof *part; k++) {
      known |= name && strcmp(name, part[k].name) == 0;
    }
    if (!known) {
      return fail(error, "validation",
                  "`validation` has an item %s; expected `x`, `target`, `weights`, `lengths`",
                  name ? say_name(name).s : "without a name");
    }
  }
  if (!inner.option.at[OPTION_X].given) {
    return fail(error, "validation", "`validation` has no `x`; expected a share or data");
  }
  if (!pass_read_inputs(&inner, false) ||
      !pass_read_target(&inner, j->pass->net.last && !call_given(call, OPTION_WINDOW))) {
    if (error->status != BPTT_EINPUT) return false;
    const bptt_error of_data = *error;
    return fail(error, "validation", "of `validation`, %s", of_data.message);
  }
  call->workspace = inner.workspace;
  j->check = inner.job;
  return j->check->dtype == j->pass->dtype ||
         fail(error, "validation", "of `validation`, `x` is %s; expected %s, as `x` itself",
              j->check->dtype == BPTT_F32 ? "single" : "double",
              j->pass->dtype == BPTT_F32 ? "single" : "double");
}

static bool read_validation(bptt_call *call, train *j)
{
  const option_value *at = call->option.at;
  const bptt_value *v = call_given(call, OPTION_VALIDATION);
  const bool by = at[OPTION_VALIDATION_BY].given != NULL;
  const bool last = j->pass->net.last && !call_given(call, OPTION_WINDOW);
  j->by_sequence = by ? at[OPTION_VALIDATION_BY].choice == BY_SEQUENCE : last;
  if (by && !j->by_sequence && last) {
    return wrong(call->d.error, place_of("validation_by"), "\"time\"",
                 "\"sequence\", as `net` has outputs at the last steps alone");
  }
  if (!v) return true;
  if (v->kind == BPTT_LIST) return read_check_data(call, j, v);
  j->share = value_is_number(v) && v->count == 1 ? value_at(v, 0) : NAN;
  return (j->share > 0 && j->share < 1) ||
         wrong(call->d.error, place_of("validation"), value_describe(v).s,
               "a share above 0 and below 1, or a %s with `x` and `target`", fields_word(&call->d));
}

/* ----------------------------------------------------------------------------- samples */

static void set_material(material *m, const pass *p, bool last)
{
  *m = (material){.dtype = p->dtype,
                  .D = p->problem.D,
                  .F = p->targets,
                  .B = p->problem.B,
                  .T = p->problem.T,
                  .length = p->x.length,
                  .last = last};
}

static bool list_samples(train *j, const material *m, ptrdiff_t from, ptrdiff_t to, bool validation,
                         sample **list, ptrdiff_t *count)
{
  const cutting *c = &j->training.cutting;
  *count = samples_list(m, c, from, to, validation, NULL);
  *list = door_alloc(&j->call->d, *count ? *count : 1, sizeof **list);
  if (!*list) return false;
  samples_list(m, c, from, to, validation, *list);
  return true;
}

static bool set_samples(train *j)
{
  training *t = &j->training;
  bptt_error *error = j->call->d.error;
  const ptrdiff_t B = t->training.B;
  ptrdiff_t kept = B;
  if (j->share > 0 && j->by_sequence) {
    kept = B - (ptrdiff_t)fmax(1, floor(j->share * (double)B + 0.5));
    if (kept < 1) {
      return fail(error, "validation", "`validation` leaves none of %s to train with",
                  say_count(B, "sequence", "sequences").s);
    }
  } else {
    t->cutting.share = j->share;
  }
  if (!list_samples(j, &t->training, 0, kept, false, &t->sample, &t->samples)) return false;
  if (t->samples == 0) {
    return fail(error, j->share > 0 ? "validation" : "x", "`x` has no steps to train with%s",
                j->share > 0 ? " beside those for `validation`" : "");
  }
  if (j->check) {
    t->cutting.share = 0;
    if (!list_samples(j, &t->validation, 0, t->validation.B, false, &t->check, &t->checks)) {
      return false;
    }
  } else if (j->by_sequence && j->share > 0) {
    if (!list_samples(j, &t->validation, kept, B, false, &t->check, &t->checks)) return false;
  } else if (j->share > 0) {
    if (!list_samples(j, &t->validation, 0, B, true, &t->check, &t->checks)) return false;
  }
  return t->checks > 0 || !call_given(j->call, OPTION_VALIDATION) ||
         fail(error, "validation", "`validation` has no steps");
}

/* ----------------------------------------------------------------------------- options */

static bool read_learning(bptt_call *call, training *t)
{
  static const double learn_rates[] = {.01, .01, .01, .01, .01, 1};
  const option_value *at = call->option.at;
  const optimizer_kind kind = (optimizer_kind)at[OPTION_OPTIMIZER].choice;
  bptt_error *error = call->d.error;
  t->optimizer = (optimizer_options){.kind = kind,
                                     .momentum = at[OPTION_MOMENTUM].number,
                                     .nesterov = at[OPTION_NESTEROV].flag,
                                     .beta1 = at[OPTION_BETA1].number,
                                     .beta2 = at[OPTION_BETA2].number,
                                     .alpha = at[OPTION_ALPHA].number,
                                     .epsilon = at[OPTION_EPSILON].given ? at[OPTION_EPSILON].number
                                                : kind == OPTIMIZER_ADAGRAD ? 1e-10
                                                                            : 1e-8,
                                     .weight_decay = at[OPTION_WEIGHT_DECAY].number};
  t->pairs = (ptrdiff_t)at[OPTION_LBFGS_PAIRS].number;
  t->schedule = (schedule){.kind = (schedule_kind)at[OPTION_SCHEDULE].choice,
                           .learn_rate = at[OPTION_LEARN_RATE].given ? at[OPTION_LEARN_RATE].number
                                                                     : learn_rates[kind],
                           .epochs = at[OPTION_EPOCHS].number,
                           .every = at[OPTION_SCHEDULE_EPOCHS].number,
                           .factor = at[OPTION_SCHEDULE_FACTOR].number,
                           .warmup = at[OPTION_WARMUP].number};
  t->clip_norm = at[OPTION_TRAIN_CLIP_NORM].number;
  t->clip_value = at[OPTION_CLIP_VALUE].number;
  t->noise = at[OPTION_NOISE].number;
  t->average = at[OPTION_AVERAGE].flag;
  if (t->optimizer.nesterov && !(t->optimizer.momentum > 0 && kind == OPTIMIZER_SGD)) {
    return fail(error, "nesterov",
                "`nesterov` is given; expected none but for optimizer \"sgd\" "
                "with a `momentum` above 0");
  }
  if (t->optimizer.momentum > 0 && kind != OPTIMIZER_SGD && kind != OPTIMIZER_RMSPROP) {
    return wrong(error, place_of("momentum"), say_number(t->optimizer.momentum).s,
                 "0, as only optimizers \"sgd\" and \"rmsprop\" have any");
  }
  return true;
}

/* What needs the loss of all data at once to be a function of the weights. */
static bool check_lbfgs(const bptt_call *call, const training *t)
{
  static const struct {
    option_id row;
    const char *name;
  } never[] = {{OPTION_NOISE, "noise"},
               {OPTION_STATEFUL, "stateful"},
               {OPTION_BATCH_SIZE, "batch_size"},
               {OPTION_TRAIN_CLIP_NORM, "clip_norm"},
               {OPTION_CLIP_VALUE, "clip_value"}};
  const option_value *at = call->option.at;
  for (size_t i = 0; i < sizeof never / sizeof *never; i++) {
    const option_value *o = &at[never[i].row];
    const bool whole = never[i].row == OPTION_BATCH_SIZE && o->number >= (double)t->samples;
    const bool off = !o->given || o->is_initial || whole ||
                     (never[i].row == OPTION_STATEFUL ? !o->flag : isinf(o->number));
    if (off) continue;
    return wrong(call->d.error, place_of(never[i].name), value_describe(o->given).s,
                 "none, as optimizer \"lbfgs\" takes all samples as they are");
  }
  return true;
}

static bool read_cutting(bptt_call *call, train *j)
{
  const option_value *at = call->option.at;
  training *t = &j->training;
  bptt_error *error = call->d.error;
  const bool window = at[OPTION_WINDOW].given != NULL;
  const ptrdiff_t T = t->training.T;
  if (at[OPTION_STRIDE].number != 1 && (!window || at[OPTION_STATEFUL].flag)) {
    return fail(error, "stride",
                "`stride` is given; expected none without a `window`, nor with "
                "`stateful`");
  }
  if (at[OPTION_STATEFUL].flag) {
    if (!window) {
      return fail(error, "window", "`window` is missing; `stateful` needs it");
    }
    if (j->pass->net.last || j->pass->net.directions == 2) {
      return fail(error, "stateful", "`stateful` is given; expected none, as `net` %s",
                  j->pass->net.last ? "has outputs at the last steps alone" : "is bidirectional");
    }
    t->chunk = (ptrdiff_t)fmin(at[OPTION_WINDOW].number, (double)T);
  } else if (window) {
    t->cutting.window = (ptrdiff_t)fmin(at[OPTION_WINDOW].number, (double)T);
    t->cutting.stride = (ptrdiff_t)fmin(at[OPTION_STRIDE].number, (double)T);
  }
  return true;
}

/* --------------------------------------------------------------------------- checkpoints */

/* "file", "file.2", "file.3": one for each network. */
static const char *member_path(const door *d, const bptt_value *v, int i)
{
  const char *path = v->text[0];
  const size_t size = strlen(path) + 16;
  if (i == 0) return path;
  char *own = door_alloc(d, (ptrdiff_t)size, 1);
  if (own) snprintf(own, size, "%s.%d", path, i + 1);
  return own;
}

/* Of a network that had not been begun there may be none, unless it is the first. */
static bool read_checkpoint(train *j, int i)
{
  const door *d = &j->call->d;
  const training *t = &j->training;
  member *m = &j->member[i];
  ptrdiff_t count;
  const char *path = member_path(d, call_given(j->call, OPTION_RESUME), i);
  if (!path) return false;
  m->resumed = checkpoint_read(d, "resume", path, i > 0, &count);
  if (!m->resumed) return d->error->status == BPTT_OK;
  const double epochs = count > SETTINGS ? m->resumed[SETTINGS] : -1;
  if (!(epochs >= 0 && epochs <= 1e7) || count < SETTINGS + 1 ||
      m->resumed[SETTING_NET] != sum_of_net(&j->pass->net) || trainer_numbers(t, epochs) != count) {
    return fail(d->error, "resume",
                "`resume`, the file %s, is of another network or kind of training",
                say_text(path).s);
  }
  if (epochs > (double)t->epochs) {
    return fail(d->error, "epochs",
                "`epochs` is %td; expected at least %.0f, which the checkpoint "
                "`resume` has gone through",
                t->epochs, epochs);
  }
  m->seed = m->resumed[SETTING_SEED];
  if (call_given(j->call, OPTION_TRAIN_SEED) &&
      j->call->option.at[OPTION_TRAIN_SEED].number + i != m->seed) {
    return fail(d->error, "seed",
                "`seed` is not what it was when the checkpoint `resume` was made");
  }
  return true;
}

static bool set_members(train *j)
{
  const bptt_call *call = j->call;
  const door *d = &call->d;
  const option_value *seed = &call->option.at[OPTION_TRAIN_SEED];
  j->member = door_alloc(d, j->members, sizeof *j->member);
  if (!j->member) return false;
  if (!seed->given && !call_given(call, OPTION_RESUME)) {
    return wrong(d->error, place_of("seed"), "missing", "a whole number from 0 to 2^53");
  }
  for (int i = 0; i < j->members; i++) {
    member *m = &j->member[i];
    m->seed = i == 0 ? seed->number : j->member[0].seed + i;
    if (call_given(call, OPTION_RESUME) && !read_checkpoint(j, i)) return false;
    if (call_given(call, OPTION_CHECKPOINT)) {
      m->checkpoint = member_path(d, call_given(call, OPTION_CHECKPOINT), i);
      if (!m->checkpoint) return false;
    }
  }
  return true;
}

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
  static const char *const name[] = {"epoch",           "epochs",     "loss",
                                     "validation_loss", "learn_rate", "grad_norm",
                                     "clipped",         "seconds",    "time_left"};
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

static bool set_training(bptt_call *call, train *j)
{
  training *t = &j->training;
  const option_value *at = call->option.at;
  const pass *p = j->pass;
  t->net = &p->net;
  t->problem = p->problem;
  t->dtype = p->dtype;
  t->numbers = (ptrdiff_t)network_size(&p->net);
  t->mean = at[OPTION_REDUCTION].choice == REDUCTION_MEAN;
  set_material(&t->training, p, p->net.last && !call_given(call, OPTION_WINDOW));
  t->validation = t->training;
  if (j->check) set_material(&t->validation, j->check, t->training.last);
  t->shuffle = at[OPTION_SHUFFLE].flag;
  t->epochs = (ptrdiff_t)at[OPTION_EPOCHS].number;
  t->patience = at[OPTION_PATIENCE].number;
  t->max_time = at[OPTION_MAX_TIME].number;
  t->checkpoint_every = at[OPTION_CHECKPOINT_EVERY].number;
  t->checkpoint_minutes = at[OPTION_CHECKPOINT_MINUTES].number;
  t->settings = SETTINGS;
  t->setting = j->setting = door_alloc(&call->d, SETTINGS, sizeof(double));
  if (!j->setting) return false;
  if (!read_cutting(call, j) || !set_samples(j) || !read_learning(call, t)) return false;
  const bool lbfgs = t->optimizer.kind == OPTIMIZER_LBFGS;
  if (lbfgs && !check_lbfgs(call, t)) return false;
  t->batch = lbfgs ? t->samples : (ptrdiff_t)fmin(at[OPTION_BATCH_SIZE].number, (double)t->samples);
  if (t->patience < INFINITY && !t->checks) {
    return wrong(call->d.error, place_of("patience"), say_number(t->patience).s,
                 "Inf without `validation`");
  }
  return true;
}

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
  const door *d = &call->d;
  train *j = door_alloc(d, 1, sizeof *j);
  if (!j || !pass_read_inputs(call, false)) return false;
  const bool each_step = call_given(call, OPTION_WINDOW) != NULL;
  j->call = call;
  j->pass = call->job;
  j->members = (int)call->option.at[OPTION_REPEATS].number;
  j->pass->problem.dropout = j->pass->net.layers > 1 ? j->pass->net.dropout : 0;
  if (!pass_read_gradient_options(call) ||
      !pass_read_target(call, j->pass->net.last && !each_step) || !read_validation(call, j) ||
      !set_training(call, j) || !read_first_weights(call, j) || !set_members(j) ||
      !add_results(j) || !make_state(j)) {
    return false;
  }
  call->job = j;
  call->keeps = true;
  return set_lanes(call, j);
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

/* Those of the user's network, or drawn from the seed. */
static bptt_status set_first_weights(lane *l, const member *m, bool own)
{
  train *j = l->job;
  const network *n = &j->pass->net;
  double *param[2 * ROLE_COUNT * NETWORK_MOST_LAYERS], *at = l->trainer.w;
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
  return init_parameters(n, &init, param, l->scratch, &quiet);
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

/* Where there is a callback there is one lane. */
static int report(trainer *r, lane *l, option_id row)
{
  train *j = l->job;
  const bptt_host *host = &j->call->d.host;
  if (!call_given(j->call, row) || !host->report || l->thread->rank > 0) return 0;
  describe(j, r);
  return host->report(host->context, option_row(row)->name, j->state);
}
static int report_epoch(trainer *r, void *context)
{
  return report(r, context, OPTION_CALLBACK);
}
static void report_progress(trainer *r, void *context)
{
  if (report(r, context, OPTION_PROGRESS)) r->stop = STOP_INTERRUPT;
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
  m->best_epoch = j->training.checks ? r->at.best_epoch : r->at.epochs;
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
  const char *kept = j->training.checks && m->best_epoch > 0 ? "the best weights" : "the weights";
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
    warn_of(call, j, (int)i);
  }
  if (j->members > 1) j->nets->count = j->histories->count = begun;
  j->stopped->count = j->best_epoch->count = j->best_epoch->dim[0] = begun;
  value_set(j->seed, 0, j->member[0].seed);
}

static bool check_resumed(train *j)
{
  for (int i = 0; i < j->members; i++) {
    if (j->member[i].resumed && !check_settings(j, j->member[i].resumed)) return false;
  }
  return true;
}

static bptt_status train_run(bptt_call *call, char *workspace)
{
  train *j = call->job;
  training *t = &j->training;
  const bptt_host *host = &call->d.host;
  call->job = j->pass;
  set_arrays(j, workspace);
  make_settings(j, j->setting);
  if (!check_resumed(j)) return call->d.error->status;
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

/* train_setup.c -- what a call of rnn_train asks for: data to train and to validate with, how they
 * are cut into samples, how the weights follow. */
#include "train.h"
#include <math.h>
#include <string.h>

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
    const bptt_value *v = value_find(list, part[i].name);
    inner.option.at[part[i].row].given = value_given(v) ? v : NULL;
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

/* ------------------------------------------------------------------------------- whole */

bool train_read_options(train *j)
{
  bptt_call *call = j->call;
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

bool train_read_data(train *j)
{
  bptt_call *call = j->call;
  const bool each_step = call_given(call, OPTION_WINDOW) != NULL;
  if (!pass_read_inputs(call, false)) return false;
  j->pass = call->job;
  j->pass->problem.dropout = j->pass->net.layers > 1 ? j->pass->net.dropout : 0;
  return pass_read_gradient_options(call) &&
         pass_read_target(call, j->pass->net.last && !each_step) && read_validation(call, j);
}

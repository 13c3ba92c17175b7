/* train_resume.c -- checkpoints of rnn_train: their files, and what a run must have in common with
 * the one that wrote them to go on to the same bits. */
#include "train.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

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

/* A setting for each row of the table, then sums over the network and the data. */
enum {
  SETTING_NET = OPTION_COUNT,
  SETTING_LENGTHS,
  SETTING_X,
  SETTING_TARGET,
  SETTING_WEIGHTS,
  SETTING_CHECK,
  SETTINGS
};

/* Numbers that other data hardly have as well (FNV-1a, a number at a time). Whatever is missing is
 * the same. */
static uint64_t add_number(uint64_t sum, double number)
{
  uint64_t word;
  if (isnan(number)) number = NAN;
  memcpy(&word, &number, sizeof word);
  sum = (sum ^ word) * UINT64_C(0x100000001b3);
  return sum ^ sum >> 29;
}

static uint64_t add_array(uint64_t sum, const void *data, bptt_dtype dtype, ptrdiff_t from,
                          ptrdiff_t count)
{
  for (ptrdiff_t i = from; i < from + count; i++) {
    sum = add_number(sum, dtype == BPTT_F64 ? ((const double *)data)[i]
                                            : (double)((const float *)data)[i]);
  }
  return sum;
}

/* As a whole number that double holds. */
static double sum_as_number(uint64_t sum)
{
  return (double)(sum >> 11);
}

static const uint64_t first_sum = UINT64_C(0xcbf29ce484222325);

/* Of a series of so many features, or of each sequence's last step: what counts. What is beyond the
 * lengths may be anything. */
static double sum_of_series(const material *m, const void *data, ptrdiff_t features, bool last)
{
  uint64_t sum = first_sum;
  for (ptrdiff_t t = 0; t < (last ? 1 : m->T); t++) {
    for (ptrdiff_t b = 0; b < m->B; b++) {
      if (t >= material_length(m, b)) continue;
      sum = add_number(sum, (double)b);
      sum = add_array(sum, data, m->dtype, (t * m->B + b) * features, features);
    }
  }
  return sum_as_number(sum);
}

static double sum_of_lengths(const material *m)
{
  uint64_t sum = first_sum;
  for (ptrdiff_t b = 0; b < m->B; b++) sum = add_number(sum, (double)material_length(m, b));
  return sum_as_number(sum);
}

static double sum_of_weights(const material *m)
{
  return sum_as_number(add_array(first_sum, m->mass, BPTT_F64, 0, m->B * (m->T + 1)));
}

static double sum_of_net(const network *n)
{
  const double kind[] = {n->cell, n->activation, n->reset, n->last, n->dropout};
  uint64_t sum = add_array(first_sum, kind, BPTT_F64, 0, sizeof kind / sizeof *kind);
  for (int i = 0; i < n->parameters; i++) {
    const parameter *q = &n->parameter[i];
    const double dim[] = {q->role, q->layer, q->direction, (double)q->rows, (double)q->cols};
    sum = add_array(sum, dim, BPTT_F64, 0, sizeof dim / sizeof *dim);
  }
  return sum_as_number(sum);
}

static double sum_of_values(const bptt_value *v)
{
  uint64_t sum = first_sum;
  for (ptrdiff_t i = 0; v && i < value_count(v); i++) sum = add_number(sum, value_at(v, i));
  return sum_as_number(sum);
}

static double setting_of(const option_value *v, const char *type)
{
  if (strcmp(type, "choice") == 0 || strcmp(type, "loss") == 0) return v->choice;
  if (strcmp(type, "flag") == 0) return v->flag;
  if (strcmp(type, "truncate") == 0) {
    return sum_as_number(add_array(first_sum, v->truncate, BPTT_F64, 0, 2));
  }
  if (strcmp(type, "levels") == 0) {
    return sum_as_number(add_array(first_sum, v->levels, BPTT_F64, 0, v->level_count));
  }
  if (strcmp(type, "number") != 0 && strcmp(type, "whole") != 0) return 0;
  return isnan(v->number) ? -1 : v->number;
}

/* Of the options and the network; data are not there yet. */
static void set_settings(train *j)
{
  const option_value *at = j->call->option.at;
  for (option_id row = 0; row < OPTION_COUNT; row++) {
    const bool counts = option_is_of(row, "rnn_train") && !may_differ(row);
    j->setting[row] = counts ? setting_of(&at[row], option_row(row)->type) : 0;
  }
  j->setting[OPTION_CLASS_WEIGHTS] = sum_of_values(call_given(j->call, OPTION_CLASS_WEIGHTS));
  j->setting[OPTION_VALIDATION] = j->check ? -1 : j->share;
  j->setting[SETTING_NET] = sum_of_net(&j->pass->net);
}

void train_set_settings(train *j)
{
  const material *m = &j->training.training, *check = &j->training.validation;
  double *setting = j->setting;
  setting[SETTING_LENGTHS] = sum_of_lengths(m);
  setting[SETTING_X] = sum_of_series(m, m->x, m->D, false);
  setting[SETTING_TARGET] = sum_of_series(m, m->target, m->F, m->last);
  setting[SETTING_WEIGHTS] = sum_of_weights(m);
  if (!j->check) return;
  const double all[] = {sum_of_series(check, check->x, check->D, false), sum_of_lengths(check),
                        sum_of_series(check, check->target, check->F, check->last),
                        sum_of_weights(check)};
  setting[SETTING_CHECK] =
      sum_as_number(add_array(first_sum, all, BPTT_F64, 0, sizeof all / sizeof *all));
}

static const char *setting_name(int row)
{
  static const char *const name[] = {[SETTING_NET - OPTION_COUNT] = "net",
                                     [SETTING_LENGTHS - OPTION_COUNT] = "lengths",
                                     [SETTING_X - OPTION_COUNT] = "x",
                                     [SETTING_TARGET - OPTION_COUNT] = "target",
                                     [SETTING_WEIGHTS - OPTION_COUNT] = "weights",
                                     [SETTING_CHECK - OPTION_COUNT] = "validation"};
  return row < OPTION_COUNT ? option_row((option_id)row)->name : name[row - OPTION_COUNT];
}

/* Settings from .. to - 1 are those of then. */
static bool check_settings(const train *j, const double *then, int from, int to)
{
  bptt_error *error = j->call->d.error;
  const double *now = j->setting;
  for (int row = from; row < to; row++) {
    if (now[row] == then[row]) continue;
    const char *type = row < OPTION_COUNT ? option_row((option_id)row)->type : "";
    const char *name = setting_name(row), *as = "when the checkpoint `resume` was made";
    if (strcmp(type, "choice") == 0 || strcmp(type, "loss") == 0) {
      return wrong(error, place_of(name), option_say_choice((option_id)row, (int)now[row]).s,
                   "%s, as %s", option_say_choice((option_id)row, (int)then[row]).s, as);
    }
    return fail(error, name, "`%s` is not what it was %s", name, as);
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
  const double *then = m->resumed;
  m->resumed += SETTINGS;
  if (count >= SETTINGS && !check_settings(j, then, 0, SETTING_NET + 1)) return false;
  const progress at = count >= trainer_numbers(t, 0) ? trainer_progress(m->resumed) : (progress){0};
  const double seed = i > 0 ? j->member[0].seed + i : at.seed;
  if (!(at.epochs >= 0 && at.epochs <= 1e7) || trainer_numbers(t, at.epochs) != count ||
      at.seed != seed) {
    return fail(d->error, "resume",
                "`resume`, the file %s, is of another network or kind of training",
                say_text(path).s);
  }
  if (at.epochs > (double)t->epochs) {
    return fail(d->error, "epochs",
                "`epochs` is %td; expected at least %.0f, which the checkpoint "
                "`resume` has gone through",
                t->epochs, at.epochs);
  }
  m->seed = seed;
  if (i == 0 && call_given(j->call, OPTION_TRAIN_SEED) &&
      j->call->option.at[OPTION_TRAIN_SEED].number != seed) {
    return fail(d->error, "seed",
                "`seed` is not what it was when the checkpoint `resume` was made");
  }
  return true;
}

bool train_read_checkpoints(train *j)
{
  const bptt_call *call = j->call;
  const door *d = &call->d;
  const option_value *seed = &call->option.at[OPTION_TRAIN_SEED];
  j->member = door_alloc(d, j->members, sizeof *j->member);
  j->setting = door_alloc(d, SETTINGS, sizeof *j->setting);
  if (!j->member || !j->setting) return false;
  j->training.setting = j->setting;
  j->training.settings = SETTINGS;
  set_settings(j);
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

bool train_check_settings(const train *j)
{
  for (int i = 0; i < j->members; i++) {
    const double *then = j->member[i].resumed ? j->member[i].resumed - SETTINGS : NULL;
    if (then && !check_settings(j, then, SETTING_NET + 1, SETTINGS)) return false;
  }
  return true;
}

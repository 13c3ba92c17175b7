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

void train_set_settings(train *j)
{
  double *setting = j->setting;
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
    if (j->member[i].resumed && !check_settings(j, j->member[i].resumed)) return false;
  }
  return true;
}

/* metrics.c -- scores of predictions against what came true: rnn_metrics. The arguments and which
 * scores there are; score.c computes them. */
#include "call.h"
#include "score.h"
#include <math.h>
#include <string.h>

/* ---------------------------------------------------------------------------- arguments */

static bool is_factor(const bptt_value *v)
{
  if (!v) return false;
  const bool list = v->kind == BPTT_LIST && v->count > 0;
  return (list ? v->item[0].kind : v->kind) == BPTT_FACTOR;
}

static int type_of(const bptt_call *call)
{
  const int type = call->option.at[OPTION_SCORED_TYPE].choice;
  const bool factor = is_factor(call_given(call, OPTION_PREDICTION));
  return type == TYPE_RESPONSE && factor ? TYPE_CLASS : type;
}

/* What there are scores of numbers for. */
static bool check_no_numbers(const bptt_call *call)
{
  static const struct {
    option_id row;
    const char *name;
  } of_numbers[] = {{OPTION_SCORED_LEVELS, "levels"},
                    {OPTION_LOWER, "lower"},
                    {OPTION_UPPER, "upper"},
                    {OPTION_INSAMPLE, "insample"}};
  for (size_t i = 0; i < sizeof of_numbers / sizeof *of_numbers; i++) {
    if (!call_given(call, of_numbers[i].row)) continue;
    const char *name = of_numbers[i].name;
    return fail(call->d.error, name, "`%s` is given; expected none, as the predictions are classes",
                name);
  }
  return true;
}

/* Options that go with others, which are not there. */
static bool check_company(const bptt_call *call)
{
  const option_value *at = call->option.at;
  const bptt_value *lower = at[OPTION_LOWER].given, *upper = at[OPTION_UPPER].given;
  bptt_error *error = call->d.error;
  if (!lower != !upper) {
    const char *name = lower ? "lower" : "upper", *other = lower ? "upper" : "lower";
    return fail(error, other, "`%s` is missing, but `%s` is given; expected both or none", other,
                name);
  }
  if (!lower && at[OPTION_LEVEL].given && !at[OPTION_LEVEL].is_initial) {
    return wrong(error, place_of("level"), say_number(at[OPTION_LEVEL].number).s,
                 "its default, as only `lower` and `upper` have one");
  }
  return at[OPTION_INSAMPLE].given || at[OPTION_PERIOD].number == 1 ||
         wrong(error, place_of("period"), say_number(at[OPTION_PERIOD].number).s,
               "its default, as only `insample` has one");
}

static bool read_prediction(const bptt_call *call, const bptt_value *v, metrics *m)
{
  return series_read(&call->d, "prediction", v, call_given(call, OPTION_FORMAT),
                     call_given(call, OPTION_LENGTHS), &m->prediction);
}

static bool read_partner(const bptt_call *call, option_id row, const char *name, ptrdiff_t features,
                         bool classes, const metrics *m, series *s)
{
  const series_partner form = {name, features, classes, false};
  return series_read_partner(&call->d, call_given(call, row), &m->prediction, &form, s);
}

static bool check_some_count(const bptt_call *call, const metrics *m)
{
  return m->count > 0 || wrong(call->d.error, place_of("target"), "missing everywhere",
                               "something to compare the predictions with");
}

/* -------------------------------------------------------------------------- numbers, read */

static bool check_beside(const door *d, const series *s, const series_element *e, ptrdiff_t feature)
{
  const series_element own = score_beside(s, e, feature);
  return isfinite(own.number) ||
         wrong(d->error, place_of(s->argument), series_say_element(s, &own).s,
               "a finite number, as the target is not missing there");
}

static bool check_interval(const door *d, const series_element *e, const metrics *m)
{
  if (!check_beside(d, &m->lower, e, e->feature) || !check_beside(d, &m->upper, e, e->feature)) {
    return false;
  }
  const series_element lower = score_beside(&m->lower, e, e->feature);
  const double upper = score_beside(&m->upper, e, e->feature).number;
  return lower.number <= upper ||
         wrong(d->error, place_of("lower"), series_say_element(&m->lower, &lower).s,
               "at most `upper`, which is %s there", say_number(upper).s);
}

static bool is_missing_or_finite(const door *d, const series *s, const series_element *e)
{
  return !isinf(e->number) || wrong(d->error, place_of(s->argument), series_say_element(s, e).s,
                                    "a finite number, or a missing one");
}

static bool check_number(const door *d, const series *s, const series_element *e, void *context)
{
  metrics *m = context;
  if (isnan(e->number)) return true;
  if (!is_missing_or_finite(d, s, e)) return false;
  for (ptrdiff_t k = 0; k < m->each; k++) {
    const ptrdiff_t feature = e->feature + k * s->size[FEATURE];
    if (!check_beside(d, &m->prediction, e, feature)) return false;
  }
  m->count += 1;
  return !m->interval || check_interval(d, e, m);
}

static bool check_past(const door *d, const series *s, const series_element *e, void *context)
{
  (void)context;
  return is_missing_or_finite(d, s, e);
}

static bool check_past_lengths(const door *d, const metrics *m)
{
  const series *s = &m->insample;
  for (ptrdiff_t b = 0; b < s->size[SEQUENCE]; b++) {
    const place at = {s->argument, NULL, s->list ? b + 1 : 0};
    if (series_length(s, b) > m->period) continue;
    return fail(d->error, s->argument, "%s has %s; expected more than `period`, which is %td",
                say_place(at).s, say_count(series_length(s, b), "step", "steps").s, m->period);
  }
  return true;
}

static bool read_insample(const bptt_call *call, metrics *m)
{
  const door *d = &call->d;
  const bptt_value *v = call_given(call, OPTION_INSAMPLE);
  m->period = (ptrdiff_t)call->option.at[OPTION_PERIOD].number;
  m->scaled = v != NULL;
  return !v || (series_read_past(d, "insample", v, &m->target, &m->insample) &&
                check_past_lengths(d, m) && series_each(d, &m->insample, check_past, NULL));
}

static bool read_levels(const bptt_call *call, metrics *m)
{
  const option_value *levels = &call->option.at[OPTION_SCORED_LEVELS];
  const ptrdiff_t features = m->prediction.size[FEATURE];
  m->each = 1;
  if (!levels->given) return true;
  m->levels = levels->levels;
  m->each = levels->level_count;
  m->point = -1;
  for (ptrdiff_t k = 0; k < m->each; k++) {
    if (m->levels[k] == .5) m->point = k;
  }
  return features % m->each == 0 ||
         fail(call->d.error, "prediction",
              "`prediction` has %s; expected %td for each feature of the target, one for each of "
              "the `levels`",
              say_count(features, "feature", "features").s, m->each);
}

static bool read_numbers(const bptt_call *call, metrics *m)
{
  const door *d = &call->d;
  const bptt_value *target = call_given(call, OPTION_SCORED_TARGET);
  if (is_factor(target)) {
    const char *is = target->kind == BPTT_LIST ? "a list of factors" : "a factor";
    return wrong(d->error, place_of("target"), is,
                 "numbers, or `type` \"class\" or \"prob\" for classes");
  }
  if (!check_company(call) || !read_prediction(call, call_given(call, OPTION_PREDICTION), m) ||
      !read_levels(call, m)) {
    return false;
  }
  const ptrdiff_t F = m->prediction.size[FEATURE] / m->each;
  m->interval = call_given(call, OPTION_LOWER) != NULL;
  m->level = call->option.at[OPTION_LEVEL].number;
  if (!read_partner(call, OPTION_SCORED_TARGET, "target", F, false, m, &m->target)) return false;
  if (m->interval && (!read_partner(call, OPTION_LOWER, "lower", F, false, m, &m->lower) ||
                      !read_partner(call, OPTION_UPPER, "upper", F, false, m, &m->upper))) {
    return false;
  }
  return series_each(d, &m->target, check_number, m) && check_some_count(call, m) &&
         read_insample(call, m);
}

/* -------------------------------------------------------------------------- classes, read */

/* A confusion matrix of more would hardly fit anywhere. */
enum { MOST_CLASSES = 10000 };

/* A factor, or a list of some, as its codes. */
static const bptt_value *codes_of(const door *d, const bptt_value *v)
{
  bptt_value *codes = door_alloc(d, 1, sizeof *codes);
  if (!codes) return NULL;
  *codes = *v;
  if (v->kind == BPTT_FACTOR) codes->kind = BPTT_DOUBLE;
  if (v->kind != BPTT_LIST) return codes;
  codes->item = door_alloc(d, value_count(v), sizeof *codes->item);
  for (size_t i = 0; codes->item && i < v->count; i++) {
    codes->item[i] = v->item[i];
    if (v->item[i].kind == BPTT_FACTOR) codes->item[i].kind = BPTT_DOUBLE;
  }
  return codes->item ? codes : NULL;
}

static bool same_text(const bptt_value *a, const bptt_value *b)
{
  bool same = a->count == b->count;
  for (size_t i = 0; same && i < a->count; i++) {
    const char *s = a->text[i], *t = b->text[i];
    same = s && t ? strcmp(s, t) == 0 : s == t;
  }
  return same;
}

/* The same codes are to mean the same classes in all factors. */
static bool read_names(const door *d, place at, const bptt_value *v, metrics *m)
{
  if (v && v->kind == BPTT_LIST) {
    for (size_t i = 0; i < v->count; i++) {
      const place item = {at.argument, NULL, (ptrdiff_t)i + 1};
      if (!read_names(d, item, &v->item[i], m)) return false;
    }
    return true;
  }
  const bool named = v && v->kind == BPTT_FACTOR && v->item && v->item->kind == BPTT_TEXT;
  if (!named) return true;
  if (!m->names) m->names = v->item;
  return same_text(v->item, m->names) ||
         wrong(d->error, at, "a factor of other levels than the one before it",
               "the same levels in the same order");
}

/* The range of classes that nobody has named. A 0 says that they are 0 and 1. */
static void see_class(metrics *m, double number)
{
  if (number == 0) m->first = 0;
  m->highest = fmax(m->highest, number);
}

static bool see_classes(const door *d, const series *s, const series_element *e, void *context)
{
  metrics *m = context;
  (void)d, (void)s;
  if (isnan(e->number)) return true;
  see_class(m, e->number);
  see_class(m, score_beside(&m->prediction, e, e->feature).number);
  return true;
}

static bool count_classes(const bptt_call *call, metrics *m)
{
  const door *d = &call->d;
  const ptrdiff_t features = m->prediction.size[FEATURE];
  m->first = 1;
  if (m->prob && features == 1) {
    m->first = 0;
    m->classes = 2;
  } else if (m->prob) {
    m->classes = features;
  } else if (m->names) {
    m->classes = value_count(m->names);
  } else {
    series_each(d, &m->target, see_classes, m);
    m->classes = m->first == 0               ? 2
                 : m->highest < MOST_CLASSES ? (ptrdiff_t)m->highest
                                             : MOST_CLASSES;
  }
  if (m->prob && m->names && (features == 1 || features != value_count(m->names))) {
    phrase is = say("a factor of %s", say_count(value_count(m->names), "level", "levels").s);
    return features == 1 ? wrong(d->error, place_of("target"), is.s,
                                 "0 and 1, as `prediction` has one feature, the probability of 1")
                         : wrong(d->error, place_of("target"), is.s,
                                 "%td levels, one for each feature of `prediction`", features);
  }
  return m->classes <= MOST_CLASSES ||
         fail(d->error, "prediction", "there are %td classes; expected at most %d", m->classes,
              MOST_CLASSES);
}

static bool check_class(const door *d, const series *s, const series_element *e, const metrics *m)
{
  const double number = e->number;
  const double most = m->first + (double)(m->classes - 1);
  if (number >= m->first && number <= most && number == floor(number)) return true;
  const phrase is = say("%s at %s", say_number(number).s, series_say_where(s, e).s);
  const place at = place_of(s->argument);
  if (m->prob && m->first == 0) return wrong(d->error, at, is.s, "a class: 0 or 1");
  if (m->prob || m->names) {
    return wrong(d->error, at, is.s, "a class: a whole number from 1 to %td", m->classes);
  }
  if (m->first == 0) {
    return wrong(d->error, at, is.s, "a class: 0 or 1, as some are 0; more than two are 1, 2, ...");
  }
  return wrong(d->error, at, is.s, "a class: a whole number from 1 to %d", MOST_CLASSES);
}

/* Probabilities may have been rounded to two digits. */
static bool check_probabilities(const door *d, const series_element *e, const metrics *m)
{
  const double rounding = 1e-6, rounded = .02;
  const series *s = &m->prediction;
  double sum = 0;
  for (ptrdiff_t c = 0; c < s->size[FEATURE]; c++) {
    const series_element p = score_beside(s, e, c + 1);
    if (!(p.number >= -rounding && p.number <= 1 + rounding)) {
      return wrong(d->error, place_of(s->argument), series_say_element(s, &p).s,
                   "a probability: a number from 0 to 1");
    }
    sum += p.number;
  }
  return m->first == 0 || fabs(sum - 1) <= rounded ||
         fail(d->error, s->argument,
              "the probabilities of `%s` add up to %s at %s; expected 1, over its features",
              s->argument, say("%.4g", sum).s, series_say_where(s, e).s);
}

static bool check_classes(const door *d, const series *s, const series_element *e, void *context)
{
  metrics *m = context;
  if (isnan(e->number)) return true;
  m->count += 1;
  if (!check_class(d, s, e, m)) return false;
  if (m->prob) return check_probabilities(d, e, m);
  const series_element predicted = score_beside(&m->prediction, e, e->feature);
  return check_class(d, &m->prediction, &predicted, m);
}

static bool read_classes(const bptt_call *call, metrics *m)
{
  const door *d = &call->d;
  const bptt_value *target = call_given(call, OPTION_SCORED_TARGET);
  const bptt_value *given = call_given(call, OPTION_PREDICTION);
  const bptt_value *v = m->prob || !given ? given : codes_of(d, given);
  if (given && !v) return false;
  if (!check_no_numbers(call) || !check_company(call) || !read_prediction(call, v, m)) return false;
  const ptrdiff_t F = m->prob ? 1 : m->prediction.size[FEATURE];
  return read_partner(call, OPTION_SCORED_TARGET, "target", F, true, m, &m->target) &&
         read_names(d, place_of("target"), target, m) &&
         read_names(d, place_of("prediction"), given, m) && count_classes(call, m) &&
         series_each(d, &m->target, check_classes, m) && check_some_count(call, m);
}

/* -------------------------------------------------------------------------------- results */

static void add_number(const bptt_call *call, metrics *m, const char *name)
{
  value_make_scalar(&call->d, value_append(m->list), name, BPTT_DOUBLE);
}

static void add_vector(const bptt_call *call, metrics *m, const char *name, ptrdiff_t n)
{
  value_make_vector(&call->d, value_append(m->list), name, BPTT_DOUBLE, n);
}

static void add_numbers(const bptt_call *call, metrics *m)
{
  add_number(call, m, "n");
  if (m->point >= 0) {
    add_number(call, m, "rmse");
    add_number(call, m, "mae");
    add_number(call, m, "smape");
    if (m->scaled) add_number(call, m, "mase");
  }
  if (m->levels) {
    add_vector(call, m, "levels", m->each);
    add_vector(call, m, "pinball", m->each);
    add_number(call, m, "mean_pinball");
  }
  if (m->interval) {
    add_number(call, m, "level");
    add_number(call, m, "coverage");
    add_number(call, m, "width");
    if (m->scaled) add_number(call, m, "msis");
  }
}

static void add_classes(const bptt_call *call, metrics *m)
{
  static const char *const of_class[] = {"precision", "recall", "f1"};
  static const char *const of_all[] = {"macro_precision", "macro_recall", "macro_f1",
                                       "micro_precision", "micro_recall", "micro_f1"};
  add_number(call, m, "n");
  add_number(call, m, "accuracy");
  if (m->names) {
    value_make_text(value_append(m->list), "class", m->names->text, m->classes);
  } else {
    add_vector(call, m, "class", m->classes);
  }
  value_make_array(value_append(m->list), "confusion", BPTT_DOUBLE, 2,
                   (ptrdiff_t[]){m->classes, m->classes});
  for (int i = 0; i < 3; i++) add_vector(call, m, of_class[i], m->classes);
  for (int i = 0; i < 6; i++) add_number(call, m, of_all[i]);
  if (m->prob) add_number(call, m, "log_loss");
}

static bool metrics_prepare(bptt_call *call)
{
  enum { MOST_FIELDS = 16 };
  const door *d = &call->d;
  metrics *m = call->job = door_alloc(d, 1, sizeof *m);
  if (!m) return false;
  const int type = type_of(call);
  m->prob = type == TYPE_PROB;
  if (!(type == TYPE_RESPONSE ? read_numbers(call, m) : read_classes(call, m)) ||
      !value_open_list(d, &call->result, NULL, MOST_FIELDS)) {
    return false;
  }
  m->list = &call->result;
  if (d->host.habit == BPTT_OCTAVE) {
    m->list = value_append(&call->result);
    if (!value_open_list(d, m->list, "metrics", MOST_FIELDS)) return false;
  }
  if (type == TYPE_RESPONSE) {
    add_numbers(call, m);
  } else {
    add_classes(call, m);
  }
  return true;
}

static bptt_status metrics_run(bptt_call *call, char *workspace)
{
  (void)workspace;
  score(&call->d, call->job);
  return BPTT_OK;
}

const handler metrics_handlers[] = {
    {"rnn_metrics", metrics_prepare, metrics_run},
    {NULL, NULL, NULL},
};

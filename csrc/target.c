/* target.c -- reading what the outputs are compared with: the loss with its options, the target and
 * weights; or in their place dL/dy.
 *
 * A loss function of the user's is called by the front end, which then passes what it returned, a
 * list of the loss and dL/dy, as `loss`. */
#include "target.h"
#include "loss.h"
#include <float.h>
#include <math.h>
#include <string.h>

/* -------------------------------------------------------------------------------- options */

/* An option that another loss than this one does not have. */
static bool check_taken(const bptt_call *call, option_id row, const char *name, bptt_loss taker)
{
  const option_value *at = call->option.at;
  if (!at[row].given || at[row].is_initial || at[OPTION_LOSS].choice == (int)taker) return true;
  return wrong(call->d.error, place_of(name), value_describe(at[row].given).s,
               "its default, as only loss %s has a choice",
               option_say_choice(OPTION_LOSS, (int)taker).s);
}

static bool check_options(const bptt_call *call)
{
  const option_value *at = call->option.at;
  if (at[OPTION_CLASS_WEIGHTS].given && at[OPTION_LOSS].choice != BPTT_CROSS_ENTROPY) {
    return fail(call->d.error, "class_weights",
                "`class_weights` is given; expected none, as only loss \"cross_entropy\" has any");
  }
  return check_taken(call, OPTION_DELTA, "delta", BPTT_HUBER) &&
         check_taken(call, OPTION_LEVELS, "levels", BPTT_QUANTILE);
}

/* What weighs losses has nothing to weigh. */
static bool check_unweighted(const bptt_call *call, const char *why)
{
  static const struct {
    option_id row;
    const char *name;
  } weight[] = {{OPTION_WEIGHTS, "weights"}, {OPTION_CLASS_WEIGHTS, "class_weights"}};
  for (size_t i = 0; i < sizeof weight / sizeof *weight; i++) {
    if (!call_given(call, weight[i].row)) continue;
    return fail(call->d.error, weight[i].name, "`%s` is given; expected none, as %s",
                weight[i].name, why);
  }
  return true;
}

/* The outputs are so many to each feature of the target. */
static bool count_features(const bptt_call *call, const comparison *c, ptrdiff_t outputs,
                           ptrdiff_t *features)
{
  const bptt_problem p = {.loss = c->loss, .level_count = c->level_count};
  const ptrdiff_t each = bptt_loss_outputs(&p);
  *features = c->loss == BPTT_CROSS_ENTROPY ? 1 : outputs / each;
  if (c->loss == BPTT_CROSS_ENTROPY && outputs == 1) { /* whatever it is, its softmax is 1 */
    return fail(call->d.error, "net",
                "`net` has 1 output; loss \"cross_entropy\" needs at least 2, one for each class: "
                "with 1 there is \"binary_cross_entropy\"");
  }
  return outputs % each == 0 ||
         fail(call->d.error, "net",
              "`net` has %s; loss %s needs %td for each feature of the target",
              say_count(outputs, "output", "outputs").s,
              option_say_choice(OPTION_LOSS, (int)c->loss).s, each);
}

static bool read_class_weights(const bptt_call *call, ptrdiff_t classes, bptt_dtype dtype,
                               comparison *c)
{
  const door *d = &call->d;
  const place at = place_of("class_weights");
  const bptt_value *v = c->class_weights = call_given(call, OPTION_CLASS_WEIGHTS);
  double most = 0;
  if (!v) return true;
  const phrase expected = say("%s, one for each class", say_count(classes, "number", "numbers").s);
  if (!value_check_array(d, at, v, expected.s)) return false;
  if (value_count(v) != classes) {
    return fail(d->error, at.argument, "`class_weights` has %s; expected %s",
                say_count(value_count(v), "number", "numbers").s, expected.s);
  }
  for (ptrdiff_t i = 0; i < classes; i++) {
    const double weight = value_at(v, i);
    if (!(weight >= 0 && weight < INFINITY)) {
      return wrong(d->error, at, say("%s at element %td", say_number(weight).s, i + 1).s,
                   "finite numbers of at least 0");
    }
    most = fmax(most, weight);
  }
  if (most == 0) return wrong(d->error, at, "0 for every class", "some number above 0");
  return dtype == BPTT_F64 || value_check_single(d, at, v);
}

/* --------------------------------------------------------------------------------- checks */

static bool check_weight(const door *d, const series *s, const series_element *e, void *context)
{
  (void)context;
  phrase is = say("%s at %s", say_number(e->number).s, series_say_where(s, e).s);
  return (e->number >= 0 && e->number < INFINITY) ||
         wrong(d->error, place_of("weights"), is.s, "a finite number of at least 0");
}

/* The target that counts, and what it weighs. */
typedef struct {
  const comparison *c;
  ptrdiff_t classes; /* outputs */
  double count, weight;
} tally;

static bool is_good(const tally *k, double t)
{
  switch (k->c->loss) {
  case BPTT_CROSS_ENTROPY:
    return t >= 1 && t <= (double)k->classes && t == floor(t);
  case BPTT_BINARY_CROSS_ENTROPY:
    return t >= 0 && t <= 1;
  case BPTT_NEGATIVE_BINOMIAL:
    return t >= 0 && t == floor(t) && t < INFINITY;
  default:
    return isfinite(t);
  }
}

static bool bad_target(const door *d, const series *s, const series_element *e, const tally *k)
{
  const bool classes = k->c->loss == BPTT_CROSS_ENTROPY;
  const phrase is = classes ? say("%s at %s", say_number(e->number).s, series_say_where(s, e).s)
                            : series_say_element(s, e);
  const place at = place_of(s->argument);
  switch (k->c->loss) {
  case BPTT_CROSS_ENTROPY:
    return wrong(d->error, at, is.s, "a class: a whole number from 1 to %td", k->classes);
  case BPTT_BINARY_CROSS_ENTROPY:
    return wrong(d->error, at, is.s, "a number from 0 to 1, or a missing one");
  case BPTT_NEGATIVE_BINOMIAL:
    return wrong(d->error, at, is.s, "a count: a whole number of at least 0, or a missing one");
  default:
    return wrong(d->error, at, is.s, "a finite number, or a missing one");
  }
}

static bool check_target(const door *d, const series *s, const series_element *e, void *context)
{
  tally *k = context;
  double weight = 1;
  if (isnan(e->number)) return true;
  if (!is_good(k, e->number)) return bad_target(d, s, e, k);
  if (k->c->weighted) weight = series_at(&k->c->weights, 0, e->sequence - 1, e->step - 1);
  if (k->c->class_weights) weight *= value_at(k->c->class_weights, (ptrdiff_t)e->number - 1);
  k->count += 1;
  k->weight += weight;
  return true;
}

/* Any finite number will do, all are, and all weigh the same: there is nothing to look at. */
static bool is_plain(const comparison *c)
{
  return c->loss != BPTT_CROSS_ENTROPY && c->loss != BPTT_BINARY_CROSS_ENTROPY &&
         c->loss != BPTT_NEGATIVE_BINOMIAL && !c->weighted && series_all_finite(&c->target);
}

/* What a mean over these elements divides by. */
static bool set_mean(const door *d, const tally *k, comparison *c)
{
  const double each = c->loss == BPTT_QUANTILE ? (double)c->level_count : 1;
  if (k->count == 0) {
    return wrong(d->error, place_of("target"), "missing everywhere",
                 "some number to take the mean over");
  }
  c->scale = 1 / (k->weight * each);
  if (isnormal(c->scale)) return true;
  const char *name = c->weighted ? "weights" : "class_weights";
  return fail(d->error, name,
              "`%s` adds up to %s where the target counts; expected a sum to divide by for a mean",
              name, say_number(k->weight).s);
}

/* -------------------------------------------------------------------------------- reading */

static bool read_weights(const bptt_call *call, const series *x, bool last, comparison *c)
{
  const door *d = &call->d;
  const bptt_value *v = call_given(call, OPTION_WEIGHTS);
  const series_partner form = {"weights", 1, false, last};
  c->weighted = v != NULL;
  return !v || (series_read_partner(d, v, x, &form, &c->weights) &&
                series_each(d, &c->weights, check_weight, NULL));
}

static bool read_loss(const bptt_call *call, const series *x, ptrdiff_t outputs, bool last,
                      bptt_dtype dtype, comparison *c)
{
  const door *d = &call->d;
  const option_value *at = call->option.at;
  ptrdiff_t features;
  c->loss = (bptt_loss)at[OPTION_LOSS].choice;
  c->delta = at[OPTION_DELTA].number;
  c->levels = at[OPTION_LEVELS].levels;
  c->level_count = at[OPTION_LEVELS].level_count;
  if (!call_given(call, OPTION_TARGET)) {
    return fail(d->error, "target", "`target` is missing; %s needs it, or `dy`", d->function);
  }
  if (!check_options(call) || !count_features(call, c, outputs, &features)) return false;
  const series_partner form = {"target", features, c->loss == BPTT_CROSS_ENTROPY, last};
  if (!series_read_partner(d, call_given(call, OPTION_TARGET), x, &form, &c->target) ||
      !read_weights(call, x, last, c) || !read_class_weights(call, outputs, dtype, c)) {
    return false;
  }
  tally k = {c, outputs, 0, 0};
  if (is_plain(c)) {
    k.count = k.weight = series_elements(&c->target);
  } else if (!series_each(d, &c->target, check_target, &k)) {
    return false;
  }
  return at[OPTION_REDUCTION].choice == REDUCTION_SUM || set_mean(d, &k, c);
}

/* L = sum dy y has this gradient. */
static bool read_gradient(const bptt_call *call, const bptt_value *v, const series *x,
                          ptrdiff_t outputs, bool last, comparison *c)
{
  const series_partner form = {"dy", outputs, false, last};
  c->loss = BPTT_LINEAR;
  return series_read_partner(&call->d, v, x, &form, &c->target);
}

/* dL/dy as the user gives it. */
static bool read_dy(const bptt_call *call, const series *x, ptrdiff_t outputs, bool last,
                    comparison *c)
{
  const door *d = &call->d;
  const option_value *at = call->option.at;
  if (call_given(call, OPTION_TARGET)) {
    return fail(d->error, "dy", "`dy` is given, and so is `target`; expected one of the two");
  }
  if (at[OPTION_LOSS].choice != BPTT_MSE) {
    return fail(d->error, "dy", "`dy` is given, and so is `loss`; expected one of the two");
  }
  return check_options(call) && check_unweighted(call, "`dy` has its weights in it") &&
         read_gradient(call, at[OPTION_DY].given, x, outputs, last, c) &&
         series_check_finite(d, &c->target);
}

/* Items `loss` and `dy`, or two without names. */
static bool find_returned(bptt_error *error, const bptt_value *list, const bptt_value **loss,
                          const bptt_value **dy)
{
  bool has_names = false;
  for (size_t i = 0; i < list->count; i++) has_names |= list->item[i].name && *list->item[i].name;
  if (list->count < 2 || (!has_names && list->count > 2)) {
    return fail(error, "loss", "the function `loss` returned %s; expected two, the loss and dL/dy",
                list->count == 1 ? "one value" : say("%zu values", list->count).s);
  }
  *loss = has_names ? value_find(list, "loss") : &list->item[0];
  *dy = has_names ? value_find(list, "dy") : &list->item[1];
  for (size_t i = 0; has_names && i < list->count; i++) {
    const bptt_value *item = &list->item[i];
    if (item == *loss || item == *dy) continue;
    return fail(error, "loss",
                "the function `loss` returned a list with %s; expected `loss` and "
                "`dy`",
                item->name && *item->name ? say_name(item->name).s : "a nameless item");
  }
  return true;
}

/* What a loss function of the user's returned.
 * Numbers that are not finite are the function's own, and take their way to a warning. */
static bool read_returned(const bptt_call *call, const series *x, ptrdiff_t outputs, bool last,
                          comparison *c)
{
  bptt_error *error = call->d.error;
  const bptt_value *list = call_given(call, OPTION_LOSS);
  const bptt_value *loss = NULL, *dy = NULL;
  if (call_given(call, OPTION_DY)) {
    return fail(error, "dy", "`dy` is given, and so is `loss`; expected one of the two");
  }
  if (!check_unweighted(call, "`loss` is a function") || !find_returned(error, list, &loss, &dy)) {
    return false;
  }
  if (!value_is_number(loss) || loss->count != 1) {
    return fail(error, "loss",
                "the loss that the function `loss` returned is %s; expected one number",
                value_describe(loss).s);
  }
  c->value = loss;
  if (read_gradient(call, dy, x, outputs, last, c)) return true;
  if (error->status != BPTT_EINPUT) return false;
  const bptt_error of_dy = *error;
  return fail(error, "loss", "of what the function `loss` returned, %s", of_dy.message);
}

bool target_read(const bptt_call *call, const series *x, ptrdiff_t outputs, bool last,
                 bptt_dtype dtype, comparison *c)
{
  const bptt_value *loss = call_given(call, OPTION_LOSS);
  const bool returned = loss && loss->kind == BPTT_LIST;
  *c = (comparison){.scale = 1};
  const bool read = returned                      ? read_returned(call, x, outputs, last, c)
                    : call_given(call, OPTION_DY) ? read_dy(call, x, outputs, last, c)
                                                  : read_loss(call, x, outputs, last, dtype, c);
  if (!read || dtype == BPTT_F64) return read;
  return (returned || series_check_single(&call->d, &c->target)) &&
         (!c->weighted || series_check_single(&call->d, &c->weights));
}

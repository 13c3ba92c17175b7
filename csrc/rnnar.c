/* rnnar.c -- what a forecasting model is trained on and forecasts from: reads the series,
 * transforms them and frames them (frame.c), once for each view of a season; turns forecasts back;
 * and draws from what networks forecast. */
#include "call.h"
#include "distribution.h"
#include "frame.h"
#include "loss.h"
#include "missing.h"
#include "random.h"
#include "series.h"
#include "transform.h"
#include <float.h>
#include <math.h>
#include <string.h>

enum { MOST_VIEWS = 3, LONGEST_LAG = 60 };

/* One way to see the series. */
typedef struct {
  frame_shape shape;
  bptt_value *x, *target, *base, *spread, *level;
} view;

typedef struct {
  series y, xreg;
  ptrdiff_t N, T, K; /* series, steps of the longest with what follows, covariates */
  int views;
  view view[MOST_VIEWS];
  bool counts;
  bool automatic; /* lambda */
  double lambda;
  const bptt_value *ahead; /* what follows, appended x paths of each series; NULL: nothing */
  ptrdiff_t appended, paths;
  bool at_end;     /* the last steps alone are framed, those of all series beside each other */
  ptrdiff_t shown; /* how many steps */
  const bptt_value *center, *unit;        /* of each covariate; NULL: from these data */
  bptt_value *lambdas, *offsets, *scales; /* results, for each series */
  bptt_value *centers, *units;            /* results, for each covariate */
  size_t numbers_at;                      /* in the workspace */
} frames;

/* ---------------------------------------------------------------------------- arguments */

/* "Inf at step 3", "Inf at step 3 of series 2" */
static phrase say_observation(const series *s, const series_element *e)
{
  phrase at = say("%s at step %td", say_number(e->number).s, e->step);
  return s->size[SEQUENCE] > 1 ? say("%s of series %td", at.s, e->sequence) : at;
}

typedef struct {
  bool counts;
  double *known; /* of each series, values that are not missing */
} census;

static bool check_observation(const door *d, const series *s, const series_element *e,
                              void *context)
{
  const census *c = context;
  if (isinf(e->number)) {
    return wrong(d->error, place_of(s->argument), say_observation(s, e).s,
                 "a finite number, or a missing one");
  }
  if (c->counts && !(isnan(e->number) || (e->number >= 0 && e->number == floor(e->number)))) {
    return wrong(d->error, place_of(s->argument), say_observation(s, e).s,
                 "a count: a whole number of at least 0, or a missing one");
  }
  c->known[e->sequence - 1] += !isnan(e->number);
  return true;
}

static bool read_series(const bptt_call *call, frames *j)
{
  enum { FEWEST = 3 };
  const door *d = &call->d;
  if (!series_read(d, "y", call_given(call, OPTION_Y), NULL, NULL, &j->y)) return false;
  j->N = j->y.size[SEQUENCE];
  j->T = j->y.size[STEP];
  if (j->y.size[FEATURE] != 1) {
    return wrong(d->error, place_of("y"),
                 say("%s of several columns", j->y.list ? list_word(d) : "a series").s,
                 "one column for each series");
  }
  double *known = door_alloc(d, j->N, sizeof *known);
  census c = {j->counts = call->option.at[OPTION_COUNTS].flag, known};
  if (!known || !series_each(d, &j->y, check_observation, &c)) return false;
  for (ptrdiff_t i = 0; i < j->N; i++) {
    if (known[i] >= FEWEST) continue;
    const place at = {"y", NULL, j->y.list ? i + 1 : 0};
    return fail(d->error, "y", "%s has %s that %s not missing; expected at least %d",
                say_place(at).s, say_count((ptrdiff_t)known[i], "value", "values").s,
                known[i] == 1 ? "is" : "are", FEWEST);
  }
  return true;
}

/* Paths of a series stand side by side. */
static bool read_ahead(const bptt_call *call, frames *j)
{
  const door *d = &call->d;
  const option_value *last = &call->option.at[OPTION_LAST];
  const bptt_value *v = j->ahead = call_given(call, OPTION_AHEAD);
  j->paths = 1;
  if (v) {
    if (!value_check_array(d, place_of("ahead"), v, "a matrix")) return false;
    j->appended = value_dim(v, 0);
    const ptrdiff_t columns = j->appended ? value_count(v) / j->appended : 0;
    j->paths = columns / j->N;
    if (j->paths == 0 || columns % j->N) {
      return wrong(d->error, place_of("ahead"), value_describe(v).s,
                   "a matrix with as many columns as there are series, or so many times as many");
    }
    if (__builtin_add_overflow(j->T, j->appended, &j->T)) {
      return fail_memory(d->error, SIZE_MAX);
    }
  }
  j->at_end = last->given;
  j->shown = j->at_end && last->number < (double)j->T ? (ptrdiff_t)last->number : j->T;
  return true;
}

static bool read_periods(const bptt_call *call, frame_shape *f)
{
  const door *d = &call->d;
  const bptt_value *v = call_given(call, OPTION_SEASONS);
  f->periods = 0;
  if (!v) return true;
  const bool fits = value_is_array(v) && value_is_vector(v) && v->count <= MOST_SEASONS;
  for (size_t i = 0; fits && i < v->count; i++) {
    const double period = value_at(v, (ptrdiff_t)i);
    if (!(period >= 1 && period <= 1e9)) break;
    const ptrdiff_t steps = (ptrdiff_t)floor(period + .5); /* 365.25 days are 365 steps */
    if (steps > 1) f->period[f->periods++] = steps;
    if (i + 1 == v->count) return true;
  }
  return wrong(d->error, place_of("period"), value_describe(v).s,
               "the steps of a season: one number of at least 1, or up to %d of them",
               MOST_SEASONS);
}

static bool check_transform(const door *d, const series *s, const series_element *e, void *context)
{
  const double lambda = *(double *)context;
  return isnan(e->number) || isfinite(box_cox(e->number, lambda)) ||
         wrong(d->error, place_of(s->argument), say_observation(s, e).s,
               "a number that a Box-Cox transformation with lambda = %s is for",
               say_number(lambda).s);
}

static bool read_lambda(const bptt_call *call, frames *j)
{
  const bptt_value *v = call_given(call, OPTION_LAMBDA);
  j->lambda = 1;
  if (!v) return true;
  j->automatic = v->kind == BPTT_TEXT && v->count == 1 && v->text[0] && !strcmp(v->text[0], "auto");
  if (j->automatic) return true;
  j->lambda = value_is_number(v) && v->count == 1 ? value_at(v, 0) : NAN;
  if (!(j->lambda >= -5 && j->lambda <= 5)) {
    return wrong(call->d.error, place_of("lambda"), value_describe(v).s,
                 "\"auto\", or one number of at least -5 and at most 5");
  }
  return j->counts || series_each(&call->d, &j->y, check_transform, &j->lambda);
}

/* Of the periods, the longest that lags can span. */
static ptrdiff_t season_of(const frame_shape *f)
{
  ptrdiff_t longest = 0;
  for (int i = 0; i < f->periods; i++) {
    if (f->period[i] > longest && f->period[i] <= LONGEST_LAG) longest = f->period[i];
  }
  return longest;
}

/* The values of the last `p` steps are inputs: lags 1 to p - 1 where they are measured from the
 * last, else 0, too; and those of the same season in the last `P` periods, as seen from the next
 * step. Where the seasons are taken out, one period is enough. */
static bool set_lags(const bptt_call *call, frame_shape *f)
{
  enum { FEWEST = 10 };
  const option_value *at = call->option.at;
  const ptrdiff_t period = season_of(f), span = f->season == SEASON_STL ? period + 1 : 2 * period;
  ptrdiff_t p = span > FEWEST ? span : FEWEST, n = 0;
  if (at[OPTION_P].given) p = (ptrdiff_t)at[OPTION_P].number;
  const ptrdiff_t P = period ? (ptrdiff_t)at[OPTION_SEASONAL_P].number : 0;
  ptrdiff_t *lag = door_alloc(&call->d, p + P + 1, sizeof *lag);
  if (!lag) return false;
  for (ptrdiff_t k = f->trend == TREND_NONE ? 0 : 1; k < p; k++) lag[n++] = k;
  for (ptrdiff_t k = 1; k <= P; k++) {
    if (k * period - 1 >= p) lag[n++] = k * period - 1;
  }
  f->lag = lag;
  f->lags = n;
  return true;
}

static bool add_view(const bptt_call *call, frames *j, frame_shape f, season_kind season)
{
  f.season = season;
  if (!set_lags(call, &f)) return false;
  j->view[j->views++].shape = f;
  return true;
}

static bool set_views(const bptt_call *call, frames *j)
{
  const option_value *at = call->option.at;
  frame_shape f = {.covariates = j->K,
                   .trend = (trend_kind)at[OPTION_TREND].choice,
                   .scaled = at[OPTION_SCALE_INPUTS].flag,
                   .counts = j->counts};
  if (!read_periods(call, &f)) return false;
  const ptrdiff_t period = season_of(&f);
  f.horizon = at[OPTION_HORIZON].given ? (ptrdiff_t)at[OPTION_HORIZON].number
              : period                 ? 2 * period
                                       : 10;
  const season_kind season = (season_kind)at[OPTION_SEASON].choice;
  if (season != SEASON_AUTO) return add_view(call, j, f, f.periods ? season : SEASON_NONE);
  frame_shape tested = f, linear = f;
  tested.test = linear.test = true;
  linear.linear = true;
  const season_kind without = f.periods ? SEASON_STL : SEASON_NONE;
  return add_view(call, j, tested, without) &&
         (!f.periods || add_view(call, j, f, SEASON_DIFFERENCE)) &&
         (!j->automatic || add_view(call, j, linear, without));
}

/* A number for each covariate, if they are given. */
static bool read_units(const bptt_call *call, const frames *j, option_id row, const bptt_value **v)
{
  *v = call_given(call, row);
  if (!*v) return true;
  const place at = place_of(call_name(call, row));
  return value_check_array(&call->d, at, *v, "numbers") && value_check_finite(&call->d, at, *v) &&
         (value_count(*v) == j->K ||
          wrong(call->d.error, at, value_describe(*v).s, "a number for each covariate"));
}

static bool read_covariates(const bptt_call *call, frames *j)
{
  const door *d = &call->d;
  const bptt_value *v = call_given(call, OPTION_XREG);
  if (!v) return true;
  if (!series_read(d, "xreg", v, NULL, NULL, &j->xreg) || !series_check_finite(d, &j->xreg)) {
    return false;
  }
  j->K = j->xreg.size[FEATURE];
  if (j->xreg.size[SEQUENCE] != j->N) {
    return fail(d->error, "xreg", "`xreg` is of %s; expected %td, as `y` is",
                say_count(j->xreg.size[SEQUENCE], "series", "series").s, j->N);
  }
  for (ptrdiff_t i = 0; i < j->N; i++) {
    const ptrdiff_t n = series_length(&j->y, i), known = series_length(&j->xreg, i);
    const place at = {"xreg", NULL, j->xreg.list ? i + 1 : 0};
    if (known >= n) continue;
    return fail(d->error, "xreg", "%s has %s; expected at least the %td of `y`", say_place(at).s,
                say_count(known, "step", "steps").s, n);
  }
  return read_units(call, j, OPTION_XREG_MEAN, &j->center) &&
         read_units(call, j, OPTION_XREG_SD, &j->unit);
}

/* ------------------------------------------------------------------------------ results */

static bool make_view(const bptt_call *call, const frames *j, bptt_value *list, view *v)
{
  const ptrdiff_t D = frame_inputs(&v->shape), H = v->shape.horizon;
  const ptrdiff_t columns = j->N * j->paths; /* of y, or of `ahead` */
  ptrdiff_t each, all;
  if (!product(D > H ? D : H, columns, &each) || !product(each, j->shown, &all)) {
    return fail_memory(call->d.error, SIZE_MAX);
  }
  if (!value_open_list(&call->d, list, NULL, 5)) return false;
  const ptrdiff_t inputs[] = {D, columns, j->shown}, outputs[] = {H, columns, j->shown};
  const ptrdiff_t steps[] = {columns, j->shown};
  value_make_array(v->x = value_append(list), "x", BPTT_DOUBLE, 3, inputs);
  value_make_array(v->target = value_append(list), "target", BPTT_DOUBLE, 3, outputs);
  value_make_array(v->base = value_append(list), "base", BPTT_DOUBLE, 3, outputs);
  value_make_vector(&call->d, v->spread = value_append(list), "spread", BPTT_DOUBLE, columns);
  value_make_array(v->level = value_append(list), "level", BPTT_DOUBLE, 2, steps);
  return true;
}

static bool make_results(bptt_call *call, frames *j)
{
  const door *d = &call->d;
  bptt_value *list = &call->result;
  enum { PARTS = 6 };
  if (!value_open_list(d, list, NULL, PARTS)) return false;
  if (d->host.habit == BPTT_OCTAVE) {
    list = value_append(list);
    if (!value_open_list(d, list, "frame", PARTS)) return false;
  }
  bptt_value *views = value_append(list);
  if (!value_make_list(d, views, "view", j->views)) return false;
  for (int i = 0; i < j->views; i++) {
    if (!make_view(call, j, &views->item[i], &j->view[i])) return false;
  }
  value_make_vector(d, j->lambdas = value_append(list), "lambda", BPTT_DOUBLE, j->N);
  value_make_vector(d, j->offsets = value_append(list), "offset", BPTT_DOUBLE, j->N);
  value_make_vector(d, j->scales = value_append(list), "scale", BPTT_DOUBLE, j->N);
  if (j->K == 0) return true;
  value_make_vector(d, j->centers = value_append(list), "xreg_mean", BPTT_DOUBLE, j->K);
  value_make_vector(d, j->units = value_append(list), "xreg_sd", BPTT_DOUBLE, j->K);
  return true;
}

static bool rnnar_prepare(bptt_call *call)
{
  frames *j = call->job = door_alloc(&call->d, 1, sizeof *j);
  if (!j || !read_series(call, j) || !read_ahead(call, j) || !read_lambda(call, j) ||
      !read_covariates(call, j) || !set_views(call, j) || !make_results(call, j)) {
    return false;
  }
  /* y, z, covariates, what fills in and what frames */
  const ptrdiff_t fill = fill_numbers(j->T, j->view[0].shape.periods);
  const ptrdiff_t known = j->xreg.size[STEP] * j->K;
  ptrdiff_t numbers = 2 * j->T + known, frame = 0;
  for (int i = 0; i < j->views; i++) {
    const ptrdiff_t n = frame_numbers(&j->view[i].shape, j->T);
    if (n < 0 || fill < 0) return fail_memory(call->d.error, SIZE_MAX);
    if (n > frame) frame = n;
  }
  numbers += frame > j->T + fill ? frame : j->T + fill;
  return call_reserve(call, numbers, sizeof(double), &j->numbers_at);
}

/* --------------------------------------------------------------------------------- work */

/* With lambda = 1 nothing is transformed: y - 1 would lose numbers far smaller than 1. */
static double there(double y, double lambda)
{
  return lambda == 1 ? y : box_cox(y, lambda);
}

static double back(double z, double lambda)
{
  return lambda == 1 ? z : box_cox_inverse(z, lambda);
}

/* Which transformation; 0 and 1 leave nothing to choose. Counts may be 0 later on if they are not
 * so far. */
static double choose_lambda(const frames *j, ptrdiff_t n, const double *y, double *offset)
{
  double lambda = j->lambda;
  *offset = 0;
  if (j->automatic) lambda = log_offset(n, y, offset) ? 0 : 1;
  if (j->counts) *offset = lambda <= 0 ? .5 : 0;
  return lambda;
}

/* The mean of |z|. Of numbers near the largest there are, the sum is infinite. */
static double mean_size(ptrdiff_t n, const double *z)
{
  double sum = 0, count = 0, mean = 0;
  for (ptrdiff_t t = 0; t < n; t++) {
    if (isnan(z[t])) continue;
    sum += fabs(z[t]);
    count += 1;
  }
  if (isfinite(sum)) return sum / count;
  for (ptrdiff_t t = 0; t < n; t++) mean += isnan(z[t]) ? 0 : fabs(z[t]) / count;
  return mean;
}

/* How a series is transformed: z = there(y + offset, lambda) / scale. */
typedef struct {
  double lambda, offset, scale;
} transformation;

/* z: y transformed, and where that is no logarithm, in units of its mean size. */
static transformation transform(const frames *j, ptrdiff_t i, ptrdiff_t n, const double *y,
                                double *z)
{
  transformation u = {.scale = 1};
  u.lambda = choose_lambda(j, n, y, &u.offset);
  for (ptrdiff_t t = 0; t < n; t++) z[t] = there(y[t] + u.offset, u.lambda);
  const double size = mean_size(n, z);
  if (u.lambda != 0 && size > 0) u.scale = size;
  for (ptrdiff_t t = 0; t < n; t++) z[t] /= u.scale;
  /* Targets that are counts are not transformed. */
  value_set(j->lambdas, i, j->counts ? 1 : u.lambda);
  value_set(j->offsets, i, j->counts ? 0 : u.offset);
  value_set(j->scales, i, j->counts ? 1 : u.scale);
  return u;
}

/* A forecast y may be such, by rounding or far out in a tail, that its transform z is not finite:
 * it is far out still. */
static double within_reach(double y, double z)
{
  const double far = 1e100;
  return isnan(z) ? copysign(far, y) : fmax(fmin(z, far), -far);
}

/* What follows a series in one of the columns: as it is, and transformed as the series has been.
 * What a transformation made infinite becomes a number that can be gone on from. */
static void append(const frames *j, ptrdiff_t column, transformation u, double *y, double *z)
{
  const double most = DBL_MAX / 1e3;
  for (ptrdiff_t t = 0; t < j->appended; t++) {
    const double v = value_at(j->ahead, t + j->appended * column);
    y[t] = v > most ? most : v < -most ? -most : v;
    z[t] = within_reach(y[t], there(y[t] + u.offset, u.lambda) / u.scale);
  }
}

/* The mean of a covariate over the steps of all series before their origins. */
static double covariate_mean(const frames *j, ptrdiff_t c)
{
  double sum = 0, count = 0;
  for (ptrdiff_t i = 0; i < j->N; i++) {
    for (ptrdiff_t t = 0; t < series_length(&j->y, i); t++) sum += series_at(&j->xreg, c, i, t);
    count += (double)series_length(&j->y, i);
  }
  return sum / count;
}

/* Its standard deviation; 1 where it does not change. */
static double covariate_deviation(const frames *j, ptrdiff_t c, double mean)
{
  double square = 0, count = 0;
  for (ptrdiff_t i = 0; i < j->N; i++) {
    for (ptrdiff_t t = 0; t < series_length(&j->y, i); t++) {
      const double from = series_at(&j->xreg, c, i, t) - mean;
      square += from * from;
    }
    count += (double)series_length(&j->y, i);
  }
  return square > 0 ? sqrt(square / count) : 1;
}

/* What makes the covariates have mean 0 and variance 1, here or where the model was fitted. */
static void set_units(const frames *j, bool scaled)
{
  for (ptrdiff_t c = 0; c < j->K; c++) {
    const double mean = j->center ? value_at(j->center, c) : scaled ? covariate_mean(j, c) : 0;
    value_set(j->centers, c, mean);
    value_set(j->units, c,
              j->unit  ? value_at(j->unit, c)
              : scaled ? covariate_deviation(j, c, mean)
                       : 1);
  }
}

static void standardize(const frames *j, ptrdiff_t i, double *to)
{
  for (ptrdiff_t t = 0; t < series_length(&j->xreg, i); t++) {
    for (ptrdiff_t c = 0; c < j->K; c++) {
      const double from = series_at(&j->xreg, c, i, t) - value_at(j->centers, c);
      to[c + j->K * t] = from / value_at(j->units, c);
    }
  }
}

static void clear(const view *v)
{
  double *target = v->target->data;
  memset(v->x->data, 0, v->x->count * sizeof(double));
  memset(v->base->data, 0, v->base->count * sizeof(double));
  memset(v->level->data, 0, v->level->count * sizeof(double));
  for (size_t k = 0; k < v->target->count; k++) target[k] = NAN;
}

static bptt_status rnnar_run(bptt_call *call, char *workspace)
{
  frames *j = call->job;
  double *y = (double *)(workspace + j->numbers_at), *z = y + j->T, *covariate = z + j->T;
  double *work = covariate + j->xreg.size[STEP] * j->K;
  for (int v = 0; v < j->views; v++) clear(&j->view[v]);
  set_units(j, j->view[0].shape.scaled);
  for (ptrdiff_t i = 0; i < j->N; i++) {
    const ptrdiff_t origin = series_length(&j->y, i), n = origin + j->appended;
    const frame_shape *first = &j->view[0].shape;
    for (ptrdiff_t t = 0; t < origin; t++) y[t] = series_at(&j->y, 0, i, t);
    const transformation u = transform(j, i, origin, y, z);
    if (j->K) standardize(j, i, covariate);
    const ptrdiff_t known = j->K ? series_length(&j->xreg, i) : 0;
    const frame_series s = {n, origin, u.lambda == 0, z, y, covariate, known};
    /* Of the numbers before the origin there are some: see read_series(). */
    memcpy(work, z, (size_t)origin * sizeof *z);
    if (fill_missing(origin, work, first->periods, first->period, z, work + origin) !=
        DECOMPOSE_OK) {
      memcpy(z, work, (size_t)origin * sizeof *z);
    }
    for (int k = 0; k < j->views; k++) {
      const view *v = &j->view[k];
      const ptrdiff_t D = frame_inputs(&v->shape), H = v->shape.horizon, B = j->N * j->paths;
      const frame_units unit = frame_estimate(&v->shape, &s, work);
      for (ptrdiff_t c = i * j->paths; c < (i + 1) * j->paths; c++) {
        const frame_room room = {.x = (double *)v->x->data + c * D,
                                 .target = (double *)v->target->data + c * H,
                                 .base = (double *)v->base->data + c * H,
                                 .level = (double *)v->level->data + c,
                                 .x_step = D * B,
                                 .target_step = H * B,
                                 .level_step = B,
                                 .first = j->at_end ? n - j->shown : 0};
        append(j, c, u, y + origin, z + origin);
        frame_fill(&v->shape, &s, &unit, &room, work);
        value_set(v->spread, c, j->counts ? 1 : unit.spread);
      }
    }
  }
  return BPTT_OK;
}

/* ----------------------------------------------------------------------- back again, draws */

typedef struct {
  const bptt_value *z, *lambda, *offset, *scale;
  bptt_value *y;
} inversion;

/* A number, or one for each column. */
static bool read_each(const bptt_call *call, option_id row, ptrdiff_t columns, const bptt_value **v)
{
  *v = call_given(call, row);
  const place at = place_of(call_name(call, row));
  if (!value_check_array(&call->d, at, *v, "numbers") || !value_check_finite(&call->d, at, *v)) {
    return false;
  }
  const ptrdiff_t n = value_count(*v);
  return n == 1 || n == columns ||
         wrong(call->d.error, at, value_describe(*v).s, "one number, or %td", columns);
}

static bool invert_prepare(bptt_call *call)
{
  const door *d = &call->d;
  inversion *j = call->job = door_alloc(d, 1, sizeof *j);
  if (!j) return false;
  j->z = call_given(call, OPTION_Z);
  if (!value_check_array(d, place_of("z"), j->z, "a matrix")) return false;
  const ptrdiff_t dim[] = {value_dim(j->z, 0), value_count(j->z) / value_dim(j->z, 0)};
  if (!read_each(call, OPTION_EACH_LAMBDA, dim[1], &j->lambda) ||
      !read_each(call, OPTION_OFFSET, dim[1], &j->offset) ||
      !read_each(call, OPTION_SCALE, dim[1], &j->scale) ||
      !value_open_list(d, &call->result, NULL, 1)) {
    return false;
  }
  value_make_array(j->y = value_append(&call->result), "y", BPTT_DOUBLE, 2, dim);
  return true;
}

/* A number for each column, or the only one. */
static double each(const bptt_value *v, ptrdiff_t column)
{
  return value_at(v, v->count == 1 ? 0 : column);
}

static bptt_status invert_run(bptt_call *call, char *workspace)
{
  (void)workspace;
  const inversion *j = call->job;
  const ptrdiff_t rows = value_dim(j->z, 0);
  for (ptrdiff_t k = 0; k < value_count(j->z); k++) {
    const ptrdiff_t i = k / rows;
    const double z = value_at(j->z, k) * each(j->scale, i);
    value_set(j->y, k, back(z, each(j->lambda, i)) - each(j->offset, i));
  }
  return BPTT_OK;
}

typedef struct {
  const bptt_value *output, *base, *spread, *level;
  bptt_value *z;
} scaling;

/* What networks say, H x N x steps, on the transformed scale. */
static bool back_prepare(bptt_call *call)
{
  const door *d = &call->d;
  scaling *j = call->job = door_alloc(d, 1, sizeof *j);
  if (!j) return false;
  j->output = call_given(call, OPTION_BACK_OUTPUT);
  j->base = call_given(call, OPTION_BACK_BASE);
  j->spread = call_given(call, OPTION_BACK_SPREAD);
  j->level = call_given(call, OPTION_BACK_LEVEL);
  if (!value_check_array(d, place_of("output"), j->output, "an array") ||
      !value_check_array(d, place_of("base"), j->base, "an array") ||
      !value_check_array(d, place_of("spread"), j->spread, "numbers") ||
      !value_check_array(d, place_of("level"), j->level, "numbers")) {
    return false;
  }
  const ptrdiff_t H = value_dim(j->output, 0), N = value_count(j->spread);
  const ptrdiff_t steps = value_count(j->level) / N, dim[] = {H, N, steps};
  if (value_count(j->output) != H * N * steps || value_count(j->base) != H * N * steps) {
    return wrong(d->error, place_of("output"), value_describe(j->output).s,
                 "%td x %td x %td numbers, as `base`", H, N, steps);
  }
  if (!value_open_list(d, &call->result, NULL, 1)) return false;
  value_make_array(j->z = value_append(&call->result), "z", BPTT_DOUBLE, 3, dim);
  return true;
}

static bptt_status back_run(bptt_call *call, char *workspace)
{
  (void)workspace;
  const scaling *j = call->job;
  const ptrdiff_t H = value_dim(j->output, 0), N = value_count(j->spread);
  for (ptrdiff_t k = 0; k < value_count(j->z); k++) {
    value_set(j->z, k,
              frame_back(value_at(j->base, k), value_at(j->spread, k / H % N),
                         value_at(j->level, k / H), value_at(j->output, k)));
  }
  return BPTT_OK;
}

typedef struct {
  bptt_value *index;
  double among;
  uint64_t seed;
} drawing;

static bool draw_prepare(bptt_call *call)
{
  const option_value *at = call->option.at;
  drawing *j = call->job = door_alloc(&call->d, 1, sizeof *j);
  if (!j || !value_open_list(&call->d, &call->result, NULL, 1)) return false;
  j->among = at[OPTION_AMONG].number;
  j->seed = (uint64_t)at[OPTION_DRAW_SEED].number;
  value_make_vector(&call->d, j->index = value_append(&call->result), "index", BPTT_DOUBLE,
                    (ptrdiff_t)at[OPTION_DRAWS].number);
  return true;
}

static bptt_status draw_run(bptt_call *call, char *workspace)
{
  (void)workspace;
  const drawing *j = call->job;
  generator g = seeded(j->seed);
  for (ptrdiff_t k = 0; k < value_count(j->index); k++) {
    value_set(j->index, k, 1 + floor(uniform(&g) * j->among));
  }
  return BPTT_OK;
}

typedef struct {
  const bptt_value *output, *base, *spread, *level, *of;
  bptt_value *z;
  bptt_loss loss;
  uint64_t seed;
} sampling;

/* Of each draw its column, from 1. */
static bool read_columns(const bptt_call *call, ptrdiff_t columns, sampling *j)
{
  const door *d = &call->d;
  j->of = call_given(call, OPTION_OF);
  if (!value_check_array(d, place_of("of"), j->of, "whole numbers")) return false;
  for (ptrdiff_t k = 0; k < value_count(j->of); k++) {
    const double c = value_at(j->of, k);
    if (c >= 1 && c <= (double)columns && c == floor(c)) continue;
    return wrong(d->error, place_of("of"), say_number(c).s, "a column, from 1 to %td", columns);
  }
  return true;
}

/* output: P H x columns, base: H x columns; z: H x draws */
static bool sample_prepare(bptt_call *call)
{
  static const bptt_loss losses[] = {BPTT_GAUSSIAN, BPTT_STUDENT_T, BPTT_NEGATIVE_BINOMIAL};
  const door *d = &call->d;
  const option_value *at = call->option.at;
  sampling *j = call->job = door_alloc(d, 1, sizeof *j);
  if (!j) return false;
  j->loss = losses[at[OPTION_DISTRIBUTION].choice];
  j->seed = (uint64_t)at[OPTION_DRAW_SEED].number;
  j->base = call_given(call, OPTION_BACK_BASE);
  j->output = call_given(call, OPTION_BACK_OUTPUT);
  if (!value_check_array(d, place_of("base"), j->base, "a matrix") ||
      !value_check_array(d, place_of("output"), j->output, "a matrix") ||
      !value_check_finite(d, place_of("output"), j->output)) {
    return false;
  }
  const ptrdiff_t H = value_dim(j->base, 0), columns = value_count(j->base) / H;
  const ptrdiff_t each = bptt_loss_outputs(&(bptt_problem){.loss = j->loss});
  const ptrdiff_t dim[] = {each * H, columns};
  if (!value_has_dims(j->output, 2, dim)) {
    return wrong(d->error, place_of("output"), value_describe(j->output).s, "a %td x %td matrix",
                 dim[0], dim[1]);
  }
  if (!read_each(call, OPTION_BACK_SPREAD, columns, &j->spread) ||
      !read_each(call, OPTION_BACK_LEVEL, columns, &j->level) || !read_columns(call, columns, j) ||
      !value_open_list(d, &call->result, NULL, 1)) {
    return false;
  }
  const ptrdiff_t drawn[] = {H, value_count(j->of)};
  value_make_array(j->z = value_append(&call->result), "z", BPTT_DOUBLE, 2, drawn);
  return true;
}

static bptt_status sample_run(bptt_call *call, char *workspace)
{
  (void)workspace;
  const sampling *j = call->job;
  const ptrdiff_t H = value_dim(j->base, 0), rows = value_dim(j->output, 0);
  enum { MOST_OUTPUTS = 3 };
  generator g = seeded(j->seed);
  for (ptrdiff_t k = 0; k < value_count(j->of); k++) {
    const ptrdiff_t column = (ptrdiff_t)value_at(j->of, k) - 1;
    for (ptrdiff_t h = 0; h < H; h++) {
      double y[MOST_OUTPUTS];
      for (ptrdiff_t p = 0; p < rows / H; p++) {
        y[p] = value_at(j->output, column * rows + p * H + h);
      }
      const double z = frame_back(value_at(j->base, column * H + h), each(j->spread, column),
                                  each(j->level, column), draw_outputs(&g, j->loss, y, 1));
      value_set(j->z, k * H + h, fmax(fmin(z, DBL_MAX), -DBL_MAX));
    }
  }
  return BPTT_OK;
}

const handler rnnar_handlers[] = {
    {"rnnar_frame", rnnar_prepare, rnnar_run},    {"rnnar_invert", invert_prepare, invert_run},
    {"rnnar_back", back_prepare, back_run},       {"rnnar_draw", draw_prepare, draw_run},
    {"rnnar_sample", sample_prepare, sample_run}, {NULL, NULL, NULL},
};

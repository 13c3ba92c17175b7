/* series.c -- the forms in which a user holds sequences. */
#include "series.h"
#include "engine.h"
#include <float.h>
#include <math.h>
#include <string.h>

static const char letters[] = "CBT";

static axis axis_of(char letter)
{
  return (axis)(strchr(letters, letter) - letters);
}

static bool has(const char *form, axis a)
{
  return strchr(form, letters[a]) != NULL;
}

ptrdiff_t series_count(const series *s)
{
  return s->size[FEATURE] * s->size[SEQUENCE] * s->size[STEP];
}

/* ------------------------------------------------------------------------------ forms */

/* Elements from one to the next along each axis of an array of this form and size. An axis that
 * the form does not name has size 1. */
static void set_steps(series_part *p, const ptrdiff_t size[AXES])
{
  ptrdiff_t stride = 1;
  memset(p->step, 0, sizeof p->step);
  for (const char *c = p->form; *c; c++) {
    p->step[axis_of(*c)] = stride;
    stride *= size[axis_of(*c)];
  }
}

/* The dims of an array of this form and size; their number. */
static int dims_of(const char *form, const ptrdiff_t size[AXES], ptrdiff_t dim[AXES])
{
  int n = 0;
  for (const char *c = form; *c; c++) dim[n++] = size[axis_of(*c)];
  return n;
}

/* The form with a place for features: R appends it, Octave puts it first. */
static void add_feature(const door *d, const char *form, char out[AXES + 1])
{
  bool r = d->host.habit == BPTT_R;
  strcpy(out, form);
  if (has(form, FEATURE)) return;
  memmove(out + !r, form, strlen(form) + 1);
  out[r ? strlen(form) : 0] = 'C';
  out[strlen(form) + 1] = '\0';
}

static void drop_feature(const char *form, char out[AXES + 1])
{
  for (const char *c = form; *c; c++) {
    if (*c != 'C') *out++ = *c;
  }
  *out = '\0';
}

static bool read_format(const door *d, const bptt_value *v, bool list, char form[AXES + 1])
{
  const char *typed = v->kind == BPTT_TEXT && v->count == 1 ? v->text[0] : NULL;
  const char *allowed = list ? "CT" : letters;
  size_t n = typed ? strlen(typed) : 0;
  bool good = typed && n <= AXES && strchr(typed, 'T');
  for (size_t i = 0; good && i < n; i++) {
    good = strchr(allowed, typed[i]) && !strchr(typed + i + 1, typed[i]);
  }
  if (!good) {
    return wrong(d->error, place_of("format"), value_describe(v).s,
                 list ? "the order of the dims of each item: \"T\", \"TC\" or \"CT\""
                      : "the order of the dims: the letters C, B and T, each at most once, with T");
  }
  strcpy(form, typed);
  return true;
}

/* How an array is read when the user does not say. */
static void usual_form(const door *d, const bptt_value *v, char form[AXES + 1])
{
  bool row = value_dim(v, 0) == 1, column = value_dim(v, 1) == 1;
  if (v->ndim == 3) {
    strcpy(form, "CBT");
  } else if (d->host.habit == BPTT_R) {
    strcpy(form, v->ndim == 2 ? "TC" : "T");
  } else {
    strcpy(form, column && !row ? "TC" : "CT");
  }
}

/* The dims of `v` in its form. An Octave vector has two dims, but "T" is all there is to say. */
static bool read_sizes(const door *d, place at, const bptt_value *v, series_part *p,
                       ptrdiff_t size[AXES])
{
  bool octave_vector = d->host.habit == BPTT_OCTAVE && v->ndim == 2 && value_is_vector(v);
  if (octave_vector && strcmp(p->form, "T") == 0) usual_form(d, v, p->form);
  int n = (int)strlen(p->form);
  for (int i = n; i < v->ndim; i++) {
    if (value_dim(v, i) == 1) continue;
    return fail(d->error, at.argument, "%s is %s; expected %s, as `format` is \"%s\"",
                say_place(at).s, value_describe(v).s, say_count(n, "dim", "dims").s, p->form);
  }
  for (int a = 0; a < AXES; a++) size[a] = 1;
  for (int i = 0; i < n; i++) size[axis_of(p->form[i])] = value_dim(v, i);
  return true;
}

/* What a series may be: the whole of `x`, or an item of a list. */
static phrase say_expected(const door *d, bool item)
{
  return item ? say("a series: a real vector or matrix")
              : say("a real array, a vector, a matrix or a %s of series", list_word(d));
}

static bool read_part(const door *d, place at, const bptt_value *v, const char *form,
                      series_part *p, ptrdiff_t size[AXES])
{
  int most = at.item ? 2 : AXES;
  if (!value_is_array(v)) return value_check_array(d, at, v, say_expected(d, at.item).s);
  if (v->ndim > most) {
    return fail(d->error, at.argument, "%s has %d dims; expected at most %d", say_place(at).s,
                v->ndim, most);
  }
  p->value = v;
  if (form) {
    strcpy(p->form, form);
  } else {
    usual_form(d, v, p->form);
  }
  if (!read_sizes(d, at, v, p, size)) return false;
  p->steps = size[STEP];
  set_steps(p, size);
  return true;
}

/* ------------------------------------------------------------------------------ input */

bool series_can_be_counted(const door *d, const series *s)
{
  const ptrdiff_t *size = s->size;
  ptrdiff_t n;
  bool counts = product(size[FEATURE], size[SEQUENCE], &n) && product(n, size[STEP], &n) &&
                product(n, (ptrdiff_t)sizeof(double), &n);
  return counts ||
         fail(d->error, s->argument,
              "`%s` is %td features x %td sequences x %td steps, more than can be counted",
              s->argument, size[FEATURE], size[SEQUENCE], size[STEP]);
}

static bool alloc_parts(const door *d, series *s, ptrdiff_t count)
{
  s->part = door_alloc(d, count, sizeof *s->part);
  return s->part != NULL;
}

/* The items' own lengths; none when all are the same. */
static bool lengths_of_items(const door *d, series *s)
{
  bool same = true;
  for (ptrdiff_t b = 0; b < s->size[SEQUENCE]; b++) same &= s->part[b].steps == s->size[STEP];
  if (same) return true;
  ptrdiff_t *length = door_alloc(d, s->size[SEQUENCE], sizeof *length);
  if (!length) return false;
  for (ptrdiff_t b = 0; b < s->size[SEQUENCE]; b++) length[b] = s->part[b].steps;
  s->length = length;
  return true;
}

static bool read_list(const door *d, const bptt_value *x, const char *form, series *s)
{
  if (x->count == 0) {
    return wrong(d->error, place_of(s->argument), value_say_empty(x).s, "%s",
                 say_expected(d, false).s);
  }
  s->list = true;
  s->size[SEQUENCE] = value_count(x);
  if (!alloc_parts(d, s, s->size[SEQUENCE])) return false;
  for (ptrdiff_t b = 0; b < s->size[SEQUENCE]; b++) {
    ptrdiff_t size[AXES];
    place at = {s->argument, NULL, b + 1};
    if (!read_part(d, at, &x->item[b], form, &s->part[b], size)) return false;
    if (b == 0) s->size[FEATURE] = size[FEATURE];
    if (size[FEATURE] != s->size[FEATURE]) {
      return fail(d->error, s->argument, "%s has %s; item 1 has %td", say_place(at).s,
                  say_count(size[FEATURE], "feature", "features").s, s->size[FEATURE]);
    }
    if (size[STEP] > s->size[STEP]) s->size[STEP] = size[STEP];
  }
  return lengths_of_items(d, s);
}

static bool read_lengths(const door *d, const bptt_value *v, series *s)
{
  place at = place_of("lengths");
  ptrdiff_t B = s->size[SEQUENCE], T = s->size[STEP];
  if (s->list) {
    return fail(d->error, "lengths",
                "`lengths` is given; expected none, as each item of `%s` has its own", s->argument);
  }
  if (!value_is_array(v) || value_count(v) != B) {
    phrase expected = say("%s, one for each sequence", say_count(B, "number", "numbers").s);
    return value_check_array(d, at, v, expected.s) &&
           fail(d->error, "lengths", "`lengths` has %s; expected %s",
                say_count(value_count(v), "number", "numbers").s, expected.s);
  }
  ptrdiff_t *length = door_alloc(d, B, sizeof *length);
  if (!length) return false;
  bool all = true;
  for (ptrdiff_t b = 0; b < B; b++) {
    double n = value_at(v, b);
    if (!(n >= 1 && n <= (double)T && n == floor(n))) {
      return wrong(d->error, at, say("%s at sequence %td", say_number(n).s, b + 1).s,
                   "a whole number from 1 to %td, the steps of `%s`", T, s->argument);
    }
    length[b] = (ptrdiff_t)n;
    all &= length[b] == T;
  }
  if (!all) s->length = length;
  return true;
}

bool series_read(const door *d, const char *argument, const bptt_value *x, const bptt_value *format,
                 const bptt_value *lengths, series *s)
{
  char form[AXES + 1];
  bool list = x && x->kind == BPTT_LIST;
  *s = (series){.whole = x, .argument = argument};
  if (list && x->fields) {
    return wrong(d->error, place_of(argument), value_describe(x).s, "%s", say_expected(d, false).s);
  }
  if (format && !read_format(d, format, list, form)) return false;
  if (list) {
    if (!read_list(d, x, format ? form : NULL, s)) return false;
  } else {
    if (!alloc_parts(d, s, 1)) return false;
    if (!read_part(d, place_of(argument), x, format ? form : NULL, s->part, s->size)) return false;
  }
  if (!series_can_be_counted(d, s)) return false;
  return !lengths || read_lengths(d, lengths, s);
}

bool series_of_array(const door *d, const bptt_value *v, series *s)
{
  *s = (series){.size = {value_count(v), 1, 1}, .whole = v, .argument = v->name};
  if (!alloc_parts(d, s, 1)) return false;
  *s->part = (series_part){.value = v, .form = "C", .steps = 1};
  set_steps(s->part, s->size);
  return true;
}

/* ----------------------------------------------------------------------------- target */

static phrase say_form(const char *form, const ptrdiff_t size[AXES])
{
  ptrdiff_t dim[AXES];
  int n = dims_of(form, size, dim);
  return n == 1 ? say("a vector of %s", say_count(dim[0], "number", "numbers").s)
                : say_dims(n, dim);
}

/* The form of what has so many features beside `x`. */
static void full_form(const door *d, const series_part *x, ptrdiff_t features, char form[AXES + 1])
{
  if (features > 1) {
    add_feature(d, x->form, form);
  } else {
    strcpy(form, x->form);
  }
}

/* The form of what there is at the last step of each sequence alone. Octave has no vectors: there
 * the features of one sequence stay along their dim. */
static void last_form(const door *d, const series *x, ptrdiff_t features, char form[AXES + 1])
{
  bool r = d->host.habit == BPTT_R;
  char base[AXES + 1], *to = base;
  const char *from = x->list ? (r ? "B" : "CB") : x->part->form;
  bool keep = !r && !has(from, SEQUENCE);
  for (; *from; from++) {
    if (*from != 'T' || keep) *to++ = *from;
  }
  *to = '\0';
  if (features > 1 || !*base) {
    add_feature(d, base, form);
  } else {
    strcpy(form, base);
  }
}

/* What a target may look like. It has the form of its input with its own number of features. If
 * that is one, the dim of features may be left out; if there is but one dim that is not 1, any
 * vector along it will do. */
typedef struct {
  char full[AXES + 1], plain[AXES + 1];
  bool may_be_plain;
  const char *vector; /* NULL: it may not be any vector */
} target_forms;

static target_forms forms_of(const door *d, const series_part *x, const ptrdiff_t size[AXES])
{
  target_forms f;
  full_form(d, x, size[FEATURE], f.full);
  drop_feature(f.full, f.plain);
  f.may_be_plain = size[FEATURE] == 1;
  f.vector = size[FEATURE] == 1 && size[SEQUENCE] == 1 ? "T" : NULL;
  return f;
}

static target_forms last_forms_of(const door *d, const series *x, const ptrdiff_t size[AXES])
{
  target_forms f;
  last_form(d, x, size[FEATURE], f.full);
  drop_feature(f.full, f.plain);
  f.may_be_plain = size[FEATURE] == 1;
  f.vector = size[SEQUENCE] == 1 ? "C" : size[FEATURE] == 1 ? "B" : NULL;
  return f;
}

static phrase say_forms(const target_forms *f, const ptrdiff_t size[AXES])
{
  phrase full = say_form(f->full, size);
  if (f->vector) {
    return strcmp(f->full, f->vector) == 0 ? full
                                           : say("%s or %s", full.s, say_form(f->vector, size).s);
  }
  if (!f->may_be_plain || strcmp(f->full, f->plain) == 0) return full;
  return say("%s or %s", full.s, say_form(f->plain, size).s);
}

static bool has_form(const bptt_value *v, const char *form, const ptrdiff_t size[AXES])
{
  ptrdiff_t dim[AXES];
  return value_has_dims(v, dims_of(form, size, dim), dim);
}

/* The form that the target has; NULL: none that it may have. */
static const char *form_of_target(const bptt_value *v, const target_forms *f,
                                  const ptrdiff_t size[AXES])
{
  if (has_form(v, f->full, size)) return f->full;
  if (f->may_be_plain && has_form(v, f->plain, size)) return f->plain;
  bool vector = f->vector && value_is_vector(v) && value_count(v) == size[axis_of(*f->vector)];
  return vector ? f->vector : NULL;
}

static bool read_target_part(const door *d, place at, const bptt_value *v, const target_forms *f,
                             const ptrdiff_t size[AXES], bool classes, series_part *p)
{
  bool factor = classes && v && v->kind == BPTT_FACTOR && v->count > 0;
  if (!factor && !value_is_array(v)) {
    phrase real = say("%s, %s", classes ? "classes" : "real numbers", say_forms(f, size).s);
    return value_check_array(d, at, v, real.s);
  }
  const char *form = form_of_target(v, f, size);
  if (!form) {
    return wrong(d->error, at, value_describe(v).s, "%s%s", classes ? "classes, " : "",
                 say_forms(f, size).s);
  }
  *p = (series_part){.value = v, .steps = size[STEP]};
  strcpy(p->form, form);
  set_steps(p, size);
  return true;
}

/* Series are paired by their place; names that say otherwise are a mistake. */
static bool check_names(const door *d, const char *argument, const bptt_value *target,
                        const series *x, ptrdiff_t b)
{
  const char *name = x->whole->item[b].name;
  if (!name || !target->name || strcmp(name, target->name) == 0) return true;
  return fail(d->error, argument,
              "`%s` has %s where `%s` has %s; expected the same names in the same order", argument,
              say_text(target->name).s, x->argument, say_text(name).s);
}

/* One series for each sequence of `x`, a list. */
static bool check_list(const door *d, const char *argument, const bptt_value *v, const series *x)
{
  ptrdiff_t parts = x->size[SEQUENCE];
  bool list = v && v->kind == BPTT_LIST && !v->fields;
  if (list && value_count(v) == parts) return true;
  phrase is = list ? say("a %s of %td", list_word(d), value_count(v)) : value_describe(v);
  return wrong(d->error, place_of(argument), is.s, "a %s of %td series, as `%s` is", list_word(d),
               parts, x->argument);
}

static bool read_target_list(const door *d, const bptt_value *v, const series *x,
                             const series_partner *partner, series *s)
{
  if (!check_list(d, partner->argument, v, x)) return false;
  for (ptrdiff_t b = 0; b < x->size[SEQUENCE]; b++) {
    ptrdiff_t size[AXES] = {partner->features, 1, x->part[b].steps};
    target_forms f = forms_of(d, &x->part[b], size);
    place at = {partner->argument, NULL, b + 1};
    if (!check_names(d, partner->argument, &v->item[b], x, b) ||
        !read_target_part(d, at, &v->item[b], &f, size, partner->classes, &s->part[b])) {
      return false;
    }
  }
  return true;
}

/* What has the sequences of `x` and features of its own. */
static series series_beside(const series *x, const char *argument, const bptt_value *whole,
                            ptrdiff_t features, bool last)
{
  series s = {.size = {features, x->size[SEQUENCE], last ? 1 : x->size[STEP]},
              .length = last ? NULL : x->length,
              .list = x->list && !last,
              .whole = whole,
              .argument = argument,
              .last = last};
  return s;
}

bool series_read_partner(const door *d, const bptt_value *v, const series *x,
                         const series_partner *partner, series *s)
{
  *s = series_beside(x, partner->argument, v, partner->features, partner->last);
  if (!series_can_be_counted(d, s) || !alloc_parts(d, s, s->list ? s->size[SEQUENCE] : 1)) {
    return false;
  }
  if (s->list) return read_target_list(d, v, x, partner, s);
  target_forms f = partner->last ? last_forms_of(d, x, s->size) : forms_of(d, x->part, s->size);
  return read_target_part(d, place_of(partner->argument), v, &f, s->size, partner->classes,
                          s->part);
}

/* ------------------------------------------------------------------------------- past */

/* The form of `like`, or, of one series of one feature, any vector. */
static bool read_past_part(const door *d, place at, const bptt_value *v, const series *like,
                           const series_part *form, series_part *p)
{
  const ptrdiff_t features = like->size[FEATURE];
  const ptrdiff_t sequences = like->list ? 1 : like->size[SEQUENCE];
  ptrdiff_t size[AXES] = {1, 1, 1};
  const phrase expected =
      say("%s x %s x any steps, in the form of `%s`", say_count(features, "feature", "features").s,
          say_count(sequences, "sequence", "sequences").s, like->argument);
  if (!value_check_array(d, at, v, expected.s)) return false;
  const bool vector = features == 1 && sequences == 1 && value_is_vector(v);
  strcpy(p->form, vector ? "T" : form->form);
  const int n = (int)strlen(p->form);
  bool good = v->ndim <= BPTT_MAX_DIM;
  for (int i = n; !vector && i < v->ndim; i++) good &= value_dim(v, i) == 1;
  for (int i = 0; i < n; i++) size[axis_of(p->form[i])] = value_dim(v, i);
  if (vector) size[STEP] = value_count(v);
  if (!good || size[FEATURE] != features || size[SEQUENCE] != sequences) {
    return wrong(d->error, at, value_describe(v).s, "%s", expected.s);
  }
  p->value = v;
  p->steps = size[STEP];
  set_steps(p, size);
  return true;
}

bool series_read_past(const door *d, const char *argument, const bptt_value *v, const series *like,
                      series *s)
{
  const ptrdiff_t parts = like->list ? like->size[SEQUENCE] : 1;
  *s = series_beside(like, argument, v, like->size[FEATURE], false);
  s->length = NULL;
  s->size[STEP] = 0;
  if (like->list && !check_list(d, argument, v, like)) return false;
  if (!alloc_parts(d, s, parts)) return false;
  for (ptrdiff_t i = 0; i < parts; i++) {
    const place at = {argument, NULL, like->list ? i + 1 : 0};
    const bptt_value *part = like->list ? &v->item[i] : v;
    if ((like->list && !check_names(d, argument, part, like, i)) ||
        !read_past_part(d, at, part, like, &like->part[i], &s->part[i])) {
      return false;
    }
    if (s->part[i].steps > s->size[STEP]) s->size[STEP] = s->part[i].steps;
  }
  return series_can_be_counted(d, s) && (!s->list || lengths_of_items(d, s));
}

/* ------------------------------------------------------------------------------ result */

static void make_part(const char *form, const ptrdiff_t size[AXES], bptt_kind kind,
                      const char *name, bptt_value *v, series_part *p)
{
  ptrdiff_t dim[AXES];
  *p = (series_part){.value = v, .steps = size[STEP]};
  strcpy(p->form, form);
  set_steps(p, size);
  int n = dims_of(p->form, size, dim);
  value_make_array(v, name, kind, n, dim);
}

bool series_make(const door *d, const series *x, ptrdiff_t features, bool last, bptt_kind kind,
                 const char *name, bptt_value *v, series *s)
{
  char form[AXES + 1];
  ptrdiff_t parts = x->list && !last ? x->size[SEQUENCE] : 1;
  *s = series_beside(x, x->argument, v, features, last);
  if (!series_can_be_counted(d, s) || !alloc_parts(d, s, parts)) return false;
  if (!s->list) {
    if (last) {
      last_form(d, x, features, form);
    } else {
      full_form(d, x->part, features, form);
    }
    make_part(form, s->size, kind, name, v, s->part);
    return true;
  }
  if (!value_make_list(d, v, name, parts)) return false;
  v->ndim = x->whole->ndim;
  memcpy(v->dim, x->whole->dim, sizeof v->dim);
  for (ptrdiff_t b = 0; b < parts; b++) {
    ptrdiff_t size[AXES] = {features, 1, x->part[b].steps};
    full_form(d, &x->part[b], features, form);
    make_part(form, size, kind, x->whole->item[b].name, &v->item[b], &s->part[b]);
  }
  return true;
}

/* ------------------------------------------------------------------------------ checks */

static const series_part *part_of(const series *s, ptrdiff_t b)
{
  return &s->part[s->list ? b : 0];
}

ptrdiff_t series_length(const series *s, ptrdiff_t b)
{
  return s->length ? s->length[b] : s->size[STEP];
}

/* Where an element is within its part. */
static ptrdiff_t offset_of(const series *s, ptrdiff_t c, ptrdiff_t b, ptrdiff_t t)
{
  const series_part *p = part_of(s, b);
  return c * p->step[FEATURE] + (s->list ? 0 : b * p->step[SEQUENCE]) + t * p->step[STEP];
}

bool series_all_finite(const series *s)
{
  ptrdiff_t parts = s->list ? s->size[SEQUENCE] : 1;
  for (ptrdiff_t i = 0; i < parts; i++) {
    if (value_not_finite(s->part[i].value) >= 0) return false;
  }
  return true;
}

double series_at(const series *s, ptrdiff_t feature, ptrdiff_t sequence, ptrdiff_t step)
{
  return value_at(part_of(s, sequence)->value, offset_of(s, feature, sequence, step));
}

bool series_each(const door *d, const series *s, series_check *check, void *context)
{
  for (ptrdiff_t b = 0; b < s->size[SEQUENCE]; b++) {
    for (ptrdiff_t t = 0; t < series_length(s, b); t++) {
      for (ptrdiff_t c = 0; c < s->size[FEATURE]; c++) {
        series_element e = {series_at(s, c, b, t), c + 1, b + 1, t + 1};
        if (!check(d, s, &e, context)) return false;
      }
    }
  }
  return true;
}

double series_elements(const series *s)
{
  double steps = 0;
  for (ptrdiff_t b = 0; b < s->size[SEQUENCE]; b++) steps += (double)series_length(s, b);
  return steps * (double)s->size[FEATURE];
}

phrase series_say_where(const series *s, const series_element *e)
{
  return s->last ? say("sequence %td", e->sequence)
                 : say("sequence %td, step %td", e->sequence, e->step);
}

phrase series_say_element(const series *s, const series_element *e)
{
  return say("%s at feature %td, %s", say_number(e->number).s, e->feature,
             series_say_where(s, e).s);
}

static bool check_input(const door *d, const series *s, const series_element *e, void *context)
{
  (void)context;
  return isfinite(e->number) ||
         wrong(d->error, place_of(s->argument), series_say_element(s, e).s, "a finite number");
}

bool series_check_finite(const door *d, const series *s)
{
  return series_all_finite(s) || series_each(d, s, check_input, NULL);
}

static bool fits_single(const series *s)
{
  ptrdiff_t parts = s->list ? s->size[SEQUENCE] : 1;
  for (ptrdiff_t i = 0; i < parts; i++) {
    if (value_not_single(s->part[i].value) >= 0) return false;
  }
  return true;
}

static bool check_single(const door *d, const series *s, const series_element *e, void *context)
{
  (void)context;
  return !(fabs(e->number) > FLT_MAX) ||
         wrong(d->error, place_of(s->argument), series_say_element(s, e).s,
               "a number that fits into single precision");
}

bool series_check_single(const door *d, const series *s)
{
  return fits_single(s) || series_each(d, s, check_single, NULL);
}

/* ---------------------------------------------------------------------------- copying */

/* An array whose elements stand in the engine's order. */
static bool is_in_order(const series *s)
{
  ptrdiff_t stride = 1;
  if (s->list) return false;
  for (axis a = FEATURE; a < AXES; a++) {
    if (s->size[a] > 1 && s->part->step[a] != stride) return false;
    stride *= s->size[a];
  }
  return true;
}

bool series_is_direct(const series *s, bptt_dtype dtype)
{
  return is_in_order(s) && value_dtype(s->part->value) == dtype;
}

/* n numbers, `step` elements apart. */
typedef struct {
  void *data;
  bptt_dtype dtype;
  ptrdiff_t at, step;
} line;

#define COPY_LINE(to_type, from_type)                                                              \
  for (ptrdiff_t i = 0; i < n; i++) {                                                              \
    ((to_type *)to.data)[to.at + i * to.step] =                                                    \
        (to_type)((const from_type *)from.data)[from.at + i * from.step];                          \
  }

static void copy_line(line to, line from, ptrdiff_t n)
{
  if (to.dtype == BPTT_F32 && from.dtype == BPTT_F32) {
    COPY_LINE(float, float)
  } else if (to.dtype == BPTT_F32) {
    COPY_LINE(float, double)
  } else if (from.dtype == BPTT_F32) {
    COPY_LINE(double, float)
  } else {
    COPY_LINE(double, double)
  }
}

typedef enum { INTO_ENGINE, OUT_OF_ENGINE } course;

static void copy_between(line user, line engine, ptrdiff_t n, course way)
{
  if (way == INTO_ENGINE) {
    copy_line(engine, user, n);
  } else {
    copy_line(user, engine, n);
  }
}

/* The lines run along the features or along the steps, whichever are more. */
static void copy_sequence(const series *s, ptrdiff_t b, void *cbt, bptt_dtype dtype, course way)
{
  const series_part *p = part_of(s, b);
  ptrdiff_t C = s->size[FEATURE], B = s->size[SEQUENCE];
  line user = {p->value->data, value_dtype(p->value), 0, p->step[FEATURE]};
  line engine = {cbt, dtype, 0, 1};
  for (ptrdiff_t t = 0; C >= p->steps && t < p->steps; t++) {
    user.at = offset_of(s, 0, b, t);
    engine.at = (t * B + b) * C;
    copy_between(user, engine, C, way);
  }
  user.step = p->step[STEP];
  engine.step = B * C;
  for (ptrdiff_t c = 0; C < p->steps && c < C; c++) {
    user.at = offset_of(s, c, b, 0);
    engine.at = b * C + c;
    copy_between(user, engine, p->steps, way);
  }
}

static void copy_all(const series *s, void *cbt, bptt_dtype dtype, course way)
{
  bool whole = is_in_order(s);
  const bptt_value *v = s->part->value;
  if (whole && way == INTO_ENGINE) {
    bptt_convert(cbt, dtype, v->data, value_dtype(v), series_count(s));
  } else if (whole) {
    bptt_convert(v->data, value_dtype(v), cbt, dtype, series_count(s));
  }
  for (ptrdiff_t b = 0; !whole && b < s->size[SEQUENCE]; b++) copy_sequence(s, b, cbt, dtype, way);
}

void series_copy_in(const series *s, void *cbt, bptt_dtype dtype)
{
  copy_all(s, cbt, dtype, INTO_ENGINE);
}

void series_copy_out(const series *s, void *cbt, bptt_dtype dtype)
{
  copy_all(s, cbt, dtype, OUT_OF_ENGINE);
}

ptrdiff_t series_index(const series *s, ptrdiff_t cbt)
{
  ptrdiff_t C = s->size[FEATURE], B = s->size[SEQUENCE];
  ptrdiff_t c = cbt % C, b = cbt / C % B, t = cbt / C / B, before = 0;
  for (ptrdiff_t i = 0; s->list && i < b; i++) before += C * s->part[i].steps;
  return before + offset_of(s, c, b, t);
}

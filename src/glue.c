/* glue.c -- the one way from R to the core and back: turns R values into bptt_value trees, makes
 * the results, lends memory, and lets the user interrupt. It checks nothing: the core does. */
#include "glue.h"
#include "bptt.h"
#include <limits.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* ------------------------------------------------------------------------------- into the core */

/* Classes whose data look like numbers or a list, but mean something else. */
static const struct {
  const char *class, *what;
} REFUSED[] = {
    {"data.frame", "a data frame"},      {"Date", "a vector of dates"},
    {"POSIXt", "a vector of times"},     {"integer64", "an integer64 vector"},
    {"sparseMatrix", "a sparse matrix"},
};

/* Memory until .Call() returns: a stretch of the stack, which is all that most calls need, then
 * R's allocator, which takes longer over each piece. */
typedef struct {
  size_t used;
  double room[4096];
} arena;

static void *lend(arena *a, size_t count, size_t size)
{
  if (size && count > (size_t)PTRDIFF_MAX / size) Rf_error("too many elements");
  size_t units = (count * size + sizeof *a->room - 1) / sizeof *a->room;
  if (units > sizeof a->room / sizeof *a->room - a->used) return R_alloc(count, (int)size);
  void *piece = a->room + a->used;
  a->used += units;
  return piece;
}

static void set_shape(bptt_value *out, SEXP v)
{
  SEXP dim = Rf_getAttrib(v, R_DimSymbol);
  out->count = (size_t)Rf_xlength(v);
  if (TYPEOF(dim) != INTSXP) {
    out->ndim = 1;
    out->dim[0] = out->count;
    return;
  }
  out->ndim = Rf_length(dim);
  for (int i = 0; i < out->ndim && i < BPTT_MAX_DIM; i++) out->dim[i] = (size_t)INTEGER(dim)[i];
}

#define FORMS(kind)                                                                                \
  {                                                                                                \
    "a " kind " vector", "a " kind " matrix", "a " kind " array"                                   \
  }
static const char *const COMPLEX_FORMS[] = FORMS("complex"), *const RAW_FORMS[] = FORMS("raw"),
                         *const CHARACTER_FORMS[] = FORMS("character");

static const char *what_of(const char *const form[], const bptt_value *shape)
{
  return form[shape->ndim > 2 ? 2 : shape->ndim == 2];
}

static void set_numbers(arena *a, bptt_value *out, SEXP v)
{
  if (TYPEOF(v) == REALSXP) {
    out->data = (void *)REAL_RO(v); /* the core does not write to it */
    return;
  }
  const int *from = TYPEOF(v) == INTSXP ? INTEGER_RO(v) : LOGICAL_RO(v);
  double *to = lend(a, out->count, sizeof *to);
  for (size_t i = 0; i < out->count; i++) to[i] = from[i] == NA_INTEGER ? NA_REAL : from[i];
  out->data = to;
}

static const char *logical_what(SEXP v)
{
  int first = LOGICAL_RO(v)[0];
  return first == NA_LOGICAL ? "NA" : first ? "TRUE" : "FALSE";
}

static void set_text(arena *a, bptt_value *out, SEXP v)
{
  const char **text = lend(a, out->count, sizeof *text);
  for (size_t i = 0; i < out->count; i++) {
    SEXP string = STRING_ELT(v, (R_xlen_t)i);
    text[i] = string == NA_STRING ? NULL : Rf_translateCharUTF8(string);
  }
  out->text = text;
}

static const char *other_what(SEXP v, const bptt_value *shape)
{
  switch (TYPEOF(v)) {
  case CPLXSXP:
    return what_of(COMPLEX_FORMS, shape);
  case CLOSXP:
  case BUILTINSXP:
  case SPECIALSXP:
    return "a function";
  case ENVSXP:
    return "an environment";
  case LISTSXP:
    return "a pairlist";
  case EXPRSXP:
    return "an expression";
  case SYMSXP:
    return "a symbol";
  case LANGSXP:
    return Rf_inherits(v, "formula") ? "a formula" : "a call";
  case EXTPTRSXP:
    return "an external pointer";
  default:
    return "an S4 object";
  }
}

/* Rf_inherits() does not know what an S4 class extends; R's own inherits() does. An S4SXP can stand
 * in a call as it is: it evaluates to itself. */
static int has_class(SEXP v, const char *class)
{
  if (TYPEOF(v) != S4SXP) return Rf_inherits(v, class);
  SEXP name = PROTECT(Rf_mkString(class));
  SEXP call = PROTECT(Rf_lang3(Rf_install("inherits"), v, name));
  int answer = Rf_asLogical(Rf_eval(call, R_BaseEnv)) == TRUE;
  UNPROTECT(2);
  return answer;
}

static const char *refused_class(SEXP v)
{
  if (!OBJECT(v)) return NULL;
  for (size_t i = 0; i < sizeof REFUSED / sizeof *REFUSED; i++)
    if (has_class(v, REFUSED[i].class)) return REFUSED[i].what;
  return NULL;
}

static bptt_value value_of(arena *a, SEXP v);

/* An item without a value, the empty symbol, is left out: an argument that was not given. */
static void set_items(arena *a, bptt_value *out, SEXP v)
{
  SEXP names = Rf_getAttrib(v, R_NamesSymbol);
  R_xlen_t count = Rf_xlength(v);
  R_CheckStack();
  out->item = lend(a, (size_t)count, sizeof *out->item);
  out->count = 0;
  for (R_xlen_t i = 0; i < count; i++) {
    SEXP element = VECTOR_ELT(v, i);
    if (element == R_MissingArg) continue;
    bptt_value *item = &out->item[out->count++];
    *item = value_of(a, element);
    const char *name = TYPEOF(names) == STRSXP ? Rf_translateCharUTF8(STRING_ELT(names, i)) : "";
    item->name = *name ? name : NULL;
  }
}

static bptt_value value_of(arena *a, SEXP v)
{
  bptt_value out = {.kind = BPTT_OTHER, .what = refused_class(v)};
  if (out.what) return out;
  if (Rf_isVector(v)) set_shape(&out, v);
  switch (TYPEOF(v)) {
  case NILSXP:
    out.kind = BPTT_NULL;
    break;
  case REALSXP:
  case INTSXP:
    out.kind = Rf_inherits(v, "factor") ? BPTT_FACTOR : BPTT_DOUBLE;
    set_numbers(a, &out, v);
    break;
  case LGLSXP:
    out.kind = BPTT_LOGICAL;
    out.what = out.count == 1 ? logical_what(v) : NULL;
    set_numbers(a, &out, v);
    break;
  case STRSXP:
    out.kind = BPTT_TEXT;
    out.what = what_of(CHARACTER_FORMS, &out);
    set_text(a, &out, v);
    break;
  case RAWSXP:
    out.kind = BPTT_BYTES;
    out.what = what_of(RAW_FORMS, &out);
    out.data = (void *)RAW_RO(v); /* the core does not write to it */
    break;
  case VECSXP:
    out.kind = BPTT_LIST;
    set_items(a, &out, v);
    break;
  default:
    out.what = other_what(v, &out);
  }
  return out;
}

/* ------------------------------------------------------------------------------- out of it */

/* The R value for a result; numbers are still to come, and `v->data` is where. */
static SEXP result_of(bptt_value *v)
{
  SEXP out = R_NilValue;
  R_xlen_t count = (R_xlen_t)v->count;
  switch (v->kind) {
  case BPTT_NULL:
    return R_NilValue;
  case BPTT_TEXT:
    out = PROTECT(Rf_allocVector(STRSXP, count));
    for (R_xlen_t i = 0; i < count; i++) SET_STRING_ELT(out, i, Rf_mkCharCE(v->text[i], CE_UTF8));
    break;
  case BPTT_LOGICAL:
    out = PROTECT(Rf_allocVector(LGLSXP, count));
    for (R_xlen_t i = 0; i < count; i++) LOGICAL(out)[i] = ((const double *)v->data)[i] != 0;
    break;
  case BPTT_LIST: {
    int named = 0;
    SEXP names = PROTECT(Rf_allocVector(STRSXP, count));
    out = PROTECT(Rf_allocVector(VECSXP, count));
    for (R_xlen_t i = 0; i < count; i++) {
      const char *name = v->item[i].name;
      named |= name != NULL;
      SET_STRING_ELT(names, i, Rf_mkCharCE(name ? name : "", CE_UTF8));
      SET_VECTOR_ELT(out, i, result_of(&v->item[i]));
    }
    if (named) Rf_setAttrib(out, R_NamesSymbol, names);
    UNPROTECT(2);
    return out;
  }
  case BPTT_BYTES:
    out = PROTECT(Rf_allocVector(RAWSXP, count));
    v->data = RAW(out);
    break;
  default:
    out = PROTECT(Rf_allocVector(REALSXP, count));
    v->data = REAL(out);
  }
  if (v->ndim > 1) {
    SEXP dim = PROTECT(Rf_allocVector(INTSXP, v->ndim));
    for (int i = 0; i < v->ndim; i++) INTEGER(dim)[i] = (int)v->dim[i];
    Rf_setAttrib(out, R_DimSymbol, dim);
    UNPROTECT(1);
  }
  UNPROTECT(1);
  return out;
}

/* A condition object without its call, which only R knows. */
static SEXP condition_of(const char *class, const char *base, const char *message,
                         const char *argument)
{
  const char *fields[] = {"message", "call", "argument", ""};
  SEXP out = PROTECT(Rf_mkNamed(VECSXP, fields));
  SEXP classes = PROTECT(Rf_allocVector(STRSXP, 3));
  SET_VECTOR_ELT(out, 0, Rf_ScalarString(Rf_mkCharCE(message, CE_UTF8)));
  if (argument) SET_VECTOR_ELT(out, 2, Rf_ScalarString(Rf_mkCharCE(argument, CE_UTF8)));
  SET_STRING_ELT(classes, 0, Rf_mkChar(class));
  SET_STRING_ELT(classes, 1, Rf_mkChar(base));
  SET_STRING_ELT(classes, 2, Rf_mkChar("condition"));
  Rf_setAttrib(out, R_ClassSymbol, classes);
  UNPROTECT(2);
  return out;
}

/* What a call has to say besides its results: an error, a warning or nothing. */
static SEXP condition_after(const bptt_call *call, bptt_status status, const bptt_error *error)
{
  const char *warning = status == BPTT_OK ? bptt_warning(call) : NULL;
  if (warning) return condition_of("bptt_nonfinite_warning", "warning", warning, NULL);
  if (status == BPTT_OK) return R_NilValue;
  if (status == BPTT_ENOMEM)
    return condition_of("bptt_memory_error", "error", error->message, NULL);
  return condition_of("bptt_input_error", "error", error->message, error->argument);
}

/* ------------------------------------------------------------------------------- workspace */

/* A workspace up to this size is kept for the next call: fetching fresh pages from the system
 * costs a small network more than its arithmetic, and a large one a fifth of it. */
enum { KEEP = 256 << 20, ALIGNMENT = 64 };

static struct {
  char *block;
  size_t size;
  int lent; /* an event handler that poll_user() runs may call the package again */
} kept;

static char *aligned(char *block)
{
  return block + (ALIGNMENT - (uintptr_t)block % ALIGNMENT) % ALIGNMENT;
}

static void free_kept(void)
{
  free(kept.block);
  kept.block = NULL;
  kept.size = 0;
}

/* The block that holds `size` bytes from aligned(block) on; NULL: no memory. */
static char *take_block(size_t size)
{
  if (size > SIZE_MAX - ALIGNMENT) return NULL;
  size += ALIGNMENT;
  if (kept.lent || size > KEEP) return malloc(size);
  if (size > kept.size) {
    free_kept();
    kept.block = malloc(size);
    if (!kept.block) return NULL;
    kept.size = size;
  }
  kept.lent = 1;
  return kept.block;
}

static void give_block(char *block)
{
  if (block == kept.block)
    kept.lent = 0;
  else
    free(block);
}

/* ------------------------------------------------------------------------------- interrupts */

/* R_CheckUserInterrupt() jumps. R_UnwindProtect() stops that jump here, the core returns in good
 * order, the workspace is given back, and R_ContinueUnwind() resumes the jump: tryCatch() and
 * on.exit() of the caller then work as for R code. */
typedef struct {
  jmp_buf back;
  arena memory;
} session;

/* What R_UnwindProtect() keeps of a jump until it is resumed, which is before there can be
 * another. */
static SEXP token;

static SEXP check_interrupt(void *unused)
{
  (void)unused;
  R_CheckUserInterrupt();
  return R_NilValue;
}

static void on_unwind(void *context, Rboolean jump)
{
  session *s = context;
  if (jump) longjmp(s->back, 1);
}

static int poll_user(void *context)
{
  session *s = context;
  if (setjmp(s->back)) return 1;
  R_UnwindProtect(check_interrupt, NULL, on_unwind, s, token);
  return 0;
}

/* ------------------------------------------------------------------------------- calls */

static void *alloc(void *context, size_t n)
{
  session *s = context;
  return lend(&s->memory, n, 1);
}

static bptt_status run(bptt_call *call, bptt_error *error)
{
  size_t size = bptt_workspace(call);
  char *block = take_block(size);
  if (!block) {
    snprintf(error->message, sizeof error->message, "no memory for a workspace of %.3g GB",
             (double)size / 1e9);
    return BPTT_ENOMEM;
  }
  bptt_status status = bptt_run(call, aligned(block), error);
  give_block(block);
  return status;
}

SEXP bptt_R_call(SEXP function, SEXP args, SEXP want)
{
  session s;
  s.memory.used = 0;
  bptt_error error;
  bptt_value in = value_of(&s.memory, args);
  bptt_host host = {.habit = BPTT_R,
                    .want = Rf_asInteger(want),
                    .alloc = alloc,
                    .poll = poll_user,
                    .context = &s};

  bptt_call *call = bptt_prepare(&host, CHAR(STRING_ELT(function, 0)), &in, &error);
  SEXP results = PROTECT(call ? result_of(bptt_outputs(call)) : R_NilValue);
  bptt_status status = call ? run(call, &error) : error.status;
  if (status == BPTT_EINTERRUPT) R_ContinueUnwind(token);

  SEXP condition = PROTECT(condition_after(call, status, &error));
  SEXP out = PROTECT(Rf_allocVector(VECSXP, 2));
  if (status == BPTT_OK) SET_VECTOR_ELT(out, 0, results);
  SET_VECTOR_ELT(out, 1, condition);
  UNPROTECT(3);
  return out;
}

SEXP bptt_R_options(void)
{
  const char *columns[] = {"function", "name", "type", "initial", "range", "help", ""};
  size_t count;
  const bptt_option *row = bptt_option_table(&count);
  SEXP out = PROTECT(Rf_mkNamed(VECSXP, columns));
  for (int j = 0; columns[j][0]; j++)
    SET_VECTOR_ELT(out, j, Rf_allocVector(STRSXP, (R_xlen_t)count));
  for (size_t i = 0; i < count; i++) {
    const char *cell[] = {row[i].function, row[i].name,  row[i].type,
                          row[i].initial,  row[i].range, row[i].help};
    for (int j = 0; columns[j][0]; j++)
      SET_STRING_ELT(VECTOR_ELT(out, j), (R_xlen_t)i, Rf_mkCharCE(cell[j], CE_UTF8));
  }
  UNPROTECT(1);
  return out;
}

void bptt_R_load(void)
{
  token = R_MakeUnwindCont();
  R_PreserveObject(token);
}

SEXP bptt_R_unload(void)
{
  bptt_release();
  R_ReleaseObject(token);
  free_kept();
  return R_NilValue;
}

/* glue.c -- the one way from R to the core and back: turns R values into bptt_value trees, makes
 * the results, lends memory, and lets the user interrupt. It checks nothing: the core does. */
#include "glue.h"
#include "bptt.h"
#include <limits.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

static bptt_value value_of(arena *a, SEXP v);

static void set_levels(arena *a, bptt_value *out, SEXP v)
{
  out->item = lend(a, 1, sizeof *out->item);
  *out->item = value_of(a, Rf_getAttrib(v, R_LevelsSymbol));
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
    if (out.kind == BPTT_FACTOR) set_levels(a, &out, v);
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

static void set_strings(SEXP out, const bptt_value *v)
{
  for (size_t i = 0; i < v->count; i++) {
    const char *text = v->text[i];
    SET_STRING_ELT(out, (R_xlen_t)i, text ? Rf_mkCharCE(text, CE_UTF8) : NA_STRING);
  }
}

/* The R value for a result. `whole`: all of it is there and is copied; else strings and numbers are
 * still to come, the latter to `v->data`. */
static SEXP result_of(bptt_value *v, int whole)
{
  SEXP out = R_NilValue;
  R_xlen_t count = (R_xlen_t)v->count;
  switch (v->kind) {
  case BPTT_NULL:
    return R_NilValue;
  case BPTT_TEXT:
    out = PROTECT(Rf_allocVector(STRSXP, count));
    if (whole) set_strings(out, v);
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
      SET_VECTOR_ELT(out, i, result_of(&v->item[i], whole));
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
    if (whole)
      memcpy(REAL(out), v->data, v->count * sizeof(double));
    else
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

/* Puts in the strings, and makes what the core has made shorter as short. */
static SEXP complete(SEXP out, const bptt_value *v)
{
  R_xlen_t count = (R_xlen_t)v->count;
  if (v->kind == BPTT_LOGICAL || v->kind == BPTT_NULL) return out;
  if (count < Rf_xlength(out)) out = Rf_xlengthgets(out, count);
  PROTECT(out);
  if (v->kind == BPTT_TEXT) set_strings(out, v);
  for (R_xlen_t i = 0; v->kind == BPTT_LIST && i < count; i++)
    SET_VECTOR_ELT(out, i, complete(VECTOR_ELT(out, i), &v->item[i]));
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

static const char *warning_class(const bptt_call *call)
{
  const char *kind = bptt_warning_kind(call);
  return strcmp(kind, "interrupted") == 0 ? "bptt_interrupted_warning"
         : strcmp(kind, "unsaved") == 0   ? "bptt_unsaved_warning"
                                          : "bptt_nonfinite_warning";
}

/* What a call has to say besides its results: an error, a warning or nothing. */
static SEXP condition_after(const bptt_call *call, bptt_status status, const bptt_error *error)
{
  const char *warning = status == BPTT_OK ? bptt_warning(call) : NULL;
  if (warning) return condition_of(warning_class(call), "warning", warning, NULL);
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

/* R_CheckUserInterrupt() jumps, and so may a function of the user's. R_UnwindProtect() stops that
 * jump here, the core returns in good order, the workspace is given back, and R_ContinueUnwind()
 * resumes the jump: tryCatch() and on.exit() of the caller then work as for R code. An interrupt of
 * a call that keeps what it has by then jumps no further than out of the core. */
typedef struct {
  jmp_buf back;
  SEXP args;
  SEXP function; /* of the user's, being called with `state` */
  const bptt_value *state;
  int jumped;
  arena memory;
} session;

/* What R_UnwindProtect() keeps of a jump until it is resumed, which is before there can be
 * another. */
static SEXP token;

static void on_unwind(void *context, Rboolean jump)
{
  session *s = context;
  if (jump) longjmp(s->back, 1);
}

static SEXP check_interrupt(void *unused)
{
  (void)unused;
  R_CheckUserInterrupt();
  return R_NilValue;
}

/* The state is made here, too: a collection of garbage may run finalizers, and with them R code. */
static SEXP call_function(void *context)
{
  session *s = context;
  SEXP state = PROTECT(result_of((bptt_value *)s->state, 1)); /* is only read */
  SEXP call = PROTECT(Rf_lang2(s->function, state));
  SEXP value = Rf_eval(call, R_GlobalEnv);
  UNPROTECT(2);
  return value;
}

/* NULL: it jumped, or did before. */
static SEXP run_protected(session *s, SEXP (*run)(void *context))
{
  if (s->jumped) return NULL;
  if (setjmp(s->back)) {
    s->jumped = 1;
    return NULL;
  }
  return R_UnwindProtect(run, s, on_unwind, s, token);
}

static int poll_user(void *context)
{
  return !run_protected(context, check_interrupt);
}

static SEXP find_item(SEXP list, const char *name)
{
  SEXP names = Rf_getAttrib(list, R_NamesSymbol);
  for (R_xlen_t i = 0; i < Rf_xlength(names); i++)
    if (strcmp(CHAR(STRING_ELT(names, i)), name) == 0) return VECTOR_ELT(list, i);
  return R_NilValue;
}

static int report(void *context, const char *option, const bptt_value *state)
{
  session *s = context;
  s->function = find_item(s->args, option);
  s->state = state;
  SEXP value = run_protected(s, call_function);
  if (!value) return 2;
  return TYPEOF(value) == LGLSXP && Rf_xlength(value) == 1 && LOGICAL(value)[0] == 1;
}

/* ------------------------------------------------------------------------------- calls */

static void *alloc(void *context, size_t n)
{
  session *s = context;
  return lend(&s->memory, n, 1);
}

/* A call that has been prepared, and what became of it. */
typedef struct {
  session *s;
  bptt_call *call;
  bptt_error *error;
  bptt_status status;
} running;

static SEXP run(void *context)
{
  running *r = context;
  size_t size = bptt_workspace(r->call);
  char *block = take_block(size);
  if (!block) {
    snprintf(r->error->message, sizeof r->error->message, "no memory for a workspace of %.3g GB",
             (double)size / 1e9);
    r->status = BPTT_ENOMEM;
    return R_NilValue;
  }
  r->status = bptt_run(r->call, aligned(block), r->error);
  give_block(block);
  if (r->s->jumped) R_ContinueUnwind(token);
  return R_NilValue;
}

static SEXP on_interrupt(SEXP condition, void *unused)
{
  (void)condition;
  (void)unused;
  return R_NilValue;
}

/* The one who catches interrupts has to be there before the first one: R may notice an interrupt
 * while it makes ready to catch it. */
static bptt_status run_call(session *s, bptt_call *call, bptt_error *error)
{
  running r = {s, call, error, BPTT_EINTERRUPT};
  if (!bptt_keeps(call)) {
    run(&r);
    return r.status;
  }
  SEXP class = PROTECT(Rf_mkString("interrupt"));
  R_tryCatch(run, &r, class, on_interrupt, NULL, NULL, NULL);
  UNPROTECT(1);
  return r.status;
}

SEXP bptt_R_call(SEXP function, SEXP args, SEXP want)
{
  session s;
  s.memory.used = 0;
  s.args = args;
  s.jumped = 0;
  bptt_error error;
  bptt_value in = value_of(&s.memory, args);
  bptt_host host = {.habit = BPTT_R,
                    .want = Rf_asInteger(want),
                    .alloc = alloc,
                    .poll = poll_user,
                    .report = report,
                    .context = &s};

  bptt_call *call = bptt_prepare(&host, CHAR(STRING_ELT(function, 0)), &in, &error);
  SEXP results = PROTECT(call ? result_of(bptt_outputs(call), 0) : R_NilValue);
  bptt_status status = call ? run_call(&s, call, &error) : error.status;

  SEXP condition = PROTECT(condition_after(call, status, &error));
  SEXP out = PROTECT(Rf_allocVector(VECSXP, 2));
  if (status == BPTT_OK) SET_VECTOR_ELT(out, 0, complete(results, bptt_outputs(call)));
  SET_VECTOR_ELT(out, 1, condition);
  UNPROTECT(3);
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

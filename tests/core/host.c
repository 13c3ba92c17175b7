/* host.c -- a small front end for tests in C. */
#include "host.h"
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------------------------------ arena */

typedef struct block {
  struct block *before;
  max_align_t data[];
} block;

void host_open(host *h, bptt_habit habit)
{
  *h = (host){.habit = habit,
              .want = INT_MAX,
              .polls_left = -1,
              .reports_left = -1,
              .answer = 1,
              .allocations_left = (size_t)-1};
}

void host_close(host *h)
{
  for (block *b = h->blocks, *before; b; b = before) {
    before = b->before;
    free(b);
  }
  h->blocks = NULL;
}

void *host_alloc(host *h, size_t bytes)
{
  block *b = calloc(1, sizeof *b + bytes);
  if (!b) abort();
  b->before = h->blocks;
  h->blocks = b;
  return b->data;
}

static void *alloc_for_core(void *context, size_t bytes)
{
  host *h = context;
  if (h->allocations_left == 0) return NULL;
  if (h->allocations_left != (size_t)-1) h->allocations_left--;
  void *p = host_alloc(h, bytes);
  memset(p, 0xa5, bytes); /* the core may not count on zeros */
  return p;
}

static int poll_for_core(void *context)
{
  host *h = context;
  if (h->polls_left < 0) return 0;
  return h->polls_left-- == 0;
}

static int report_for_core(void *context, const char *option, const bptt_value *state)
{
  host *h = context;
  (void)option;
  (void)state;
  h->reports++;
  if (h->reports_left < 0) return 0;
  return h->reports_left-- == 0 ? h->answer : 0;
}

/* ----------------------------------------------------------------------------- values */

static bptt_value *new_value(host *h, bptt_kind kind)
{
  bptt_value *v = host_alloc(h, sizeof *v);
  v->kind = kind;
  return v;
}

static const char *keep_text(host *h, const char *text)
{
  if (!text) return NULL;
  size_t n = strlen(text) + 1;
  return memcpy(host_alloc(h, n), text, n);
}

static size_t size_of(bptt_kind kind)
{
  if (kind == BPTT_BYTES) return 1;
  return kind == BPTT_SINGLE ? sizeof(float) : sizeof(double);
}

bptt_value *host_null(host *h)
{
  return new_value(h, BPTT_NULL);
}

bptt_value *host_array(host *h, int ndim, const size_t *dim, const double *data)
{
  bptt_value *v = new_value(h, BPTT_DOUBLE);
  v->ndim = ndim;
  v->count = 1;
  for (int i = 0; i < ndim; i++) {
    if (i < BPTT_MAX_DIM) v->dim[i] = dim[i];
    v->count *= dim[i];
  }
  v->data = host_alloc(h, v->count * sizeof *data);
  if (v->count) memcpy(v->data, data, v->count * sizeof *data);
  return v;
}

bptt_value *host_vector(host *h, size_t n, const double *data)
{
  size_t dim[] = {n, 1};
  return host_array(h, h->habit == BPTT_R ? 1 : 2, dim, data);
}

bptt_value *host_number(host *h, double number)
{
  return host_vector(h, 1, &number);
}

bptt_value *host_texts(host *h, size_t n, const char *const *text)
{
  bptt_value *v = new_value(h, BPTT_TEXT);
  const char **kept = host_alloc(h, n * sizeof *kept);
  for (size_t i = 0; i < n; i++) kept[i] = keep_text(h, text[i]);
  v->count = n;
  v->text = kept;
  return v;
}

bptt_value *host_text(host *h, const char *text)
{
  return host_texts(h, 1, &text);
}

bptt_value *host_bytes(host *h, size_t n, const void *bytes)
{
  bptt_value *v = new_value(h, BPTT_BYTES);
  v->ndim = 1;
  v->dim[0] = v->count = n;
  v->data = host_alloc(h, n);
  if (n) memcpy(v->data, bytes, n);
  return v;
}

bptt_value *host_other(host *h, const char *what)
{
  bptt_value *v = new_value(h, BPTT_OTHER);
  v->what = what;
  return v;
}

bptt_value *host_as(host *h, bptt_kind kind, const bptt_value *from)
{
  bptt_value *v = host_copy(h, from);
  v->kind = kind;
  v->data = host_alloc(h, v->count * size_of(kind));
  for (size_t i = 0; i < v->count; i++) {
    if (kind == BPTT_SINGLE) {
      ((float *)v->data)[i] = (float)host_at(from, i);
    } else {
      ((double *)v->data)[i] = host_at(from, i);
    }
  }
  return v;
}

bptt_value *host_list(host *h)
{
  bptt_value *v = new_value(h, BPTT_LIST);
  v->item = host_alloc(h, HOST_LIST_MOST * sizeof *v->item);
  return v;
}

static bptt_value *find(const bptt_value *list, const char *name, size_t n)
{
  for (size_t i = 0; i < list->count; i++) {
    const char *item = list->item[i].name;
    if (item && strlen(item) == n && strncmp(item, name, n) == 0) return &list->item[i];
  }
  return NULL;
}

bptt_value *host_add(host *h, bptt_value *list, const char *name, const bptt_value *item)
{
  bptt_value *at = name ? find(list, name, strlen(name)) : NULL;
  if (!at) {
    if (list->count == HOST_LIST_MOST) abort();
    at = &list->item[list->count++];
  }
  *at = *item;
  at->name = keep_text(h, name);
  return at;
}

bptt_value *host_copy(host *h, const bptt_value *from)
{
  bptt_value *v = new_value(h, from->kind);
  *v = *from;
  if (from->kind != BPTT_LIST) return v;
  v->item = host_list(h)->item;
  for (size_t i = 0; i < v->count; i++) v->item[i] = *host_copy(h, &from->item[i]);
  return v;
}

bptt_value *host_get(const bptt_value *list, const char *path)
{
  const char *dot = strchr(path, '.');
  size_t n = dot ? (size_t)(dot - path) : strlen(path);
  bptt_value *v = find(list, path, n);
  if (!v) {
    fprintf(stderr, "there is no %s\n", path);
    abort();
  }
  return dot ? host_get(v, dot + 1) : v;
}

bool host_has(const bptt_value *list, const char *name)
{
  return find(list, name, strlen(name)) != NULL;
}

double host_at(const bptt_value *v, size_t i)
{
  return v->kind == BPTT_SINGLE ? (double)((const float *)v->data)[i]
                                : ((const double *)v->data)[i];
}

bool host_same(const bptt_value *a, const bptt_value *b)
{
  if (a->kind != b->kind || a->count != b->count) return false;
  if (a->kind == BPTT_LIST) {
    for (size_t i = 0; i < a->count; i++) {
      if (!host_same(&a->item[i], &b->item[i])) return false;
    }
    return true;
  }
  if (a->kind == BPTT_TEXT) return strcmp(a->text[0], b->text[0]) == 0;
  return a->count == 0 || memcmp(a->data, b->data, a->count * size_of(a->kind)) == 0;
}

/* ------------------------------------------------------------------------------- call */

static bool is_array(const bptt_value *v)
{
  return v->kind == BPTT_BYTES || v->kind == BPTT_DOUBLE || v->kind == BPTT_SINGLE ||
         v->kind == BPTT_LOGICAL || v->kind == BPTT_FACTOR;
}

/* What is made is filled with a number that no result has, to see that all of it is written. */
static void make_results(host *h, bptt_value *v)
{
  for (size_t i = 0; v->kind == BPTT_LIST && i < v->count; i++) make_results(h, &v->item[i]);
  if (!is_array(v) || v->data) return;
  v->data = host_alloc(h, v->count * size_of(v->kind));
  for (size_t i = 0; i < v->count; i++) {
    if (v->kind == BPTT_BYTES) {
      ((unsigned char *)v->data)[i] = 0xa5;
    } else if (v->kind == BPTT_SINGLE) {
      ((float *)v->data)[i] = -12345;
    } else {
      ((double *)v->data)[i] = -12345;
    }
  }
}

/* FNV-1a over all data of a tree. Arrays that lie about their size have no data. */
static unsigned long long hash(const bptt_value *v, unsigned long long seed)
{
  for (size_t i = 0; v->kind == BPTT_LIST && i < v->count; i++) seed = hash(&v->item[i], seed);
  size_t bytes = is_array(v) && v->data ? v->count * size_of(v->kind) : 0;
  for (size_t i = 0; i < bytes; i++) {
    seed = (seed ^ ((const unsigned char *)v->data)[i]) * 1099511628211ULL;
  }
  return seed;
}

bool host_call(host *h, const char *function, const bptt_value *args)
{
  enum { ALIGNED = 64 };
  bptt_host b = {.habit = h->habit,
                 .want = h->want,
                 .threads = h->threads,
                 .alloc = alloc_for_core,
                 .poll = poll_for_core,
                 .report = report_for_core,
                 .context = h};
  unsigned long long before = hash(args, 14695981039346656037ULL);
  h->result = NULL;
  h->warning = NULL;
  bptt_call *call = bptt_prepare(&b, function, args, &h->error);
  if (!call) return false;
  bptt_value *result = bptt_outputs(call);
  make_results(h, result);
  /* A malloc of its own, so that a sanitizer sees its end. */
  size_t bytes = (bptt_workspace(call) + ALIGNED - 1) / ALIGNED * ALIGNED;
  void *workspace = bytes ? aligned_alloc(ALIGNED, bytes) : NULL;
  if (bytes && !workspace) abort();
#ifndef WORKSPACE_UNDEFINED
  /* NaN, in double and in single; for valgrind it is left undefined. */
  if (bytes) memset(workspace, 0xff, bytes);
#endif
  bool ok = bptt_run(call, workspace, &h->error) == BPTT_OK;
  free(workspace);
  if (hash(args, 14695981039346656037ULL) != before) {
    fprintf(stderr, "%s has written into its arguments\n", function);
    abort();
  }
  if (!ok) return false;
  h->result = result;
  h->warning = bptt_warning(call);
  h->warning_kind = bptt_warning_kind(call);
  return true;
}

/* -------------------------------------------------------------------- instruction set */

const char *const host_isa[HOST_ISAS] = {"portable", "neon", "avx2", "avx512"};

bool host_use_isa(const char *name)
{
  const char *only = getenv("BPTT_ISA");
  return (!only || strcmp(only, name) == 0) && bptt_set_isa(name);
}

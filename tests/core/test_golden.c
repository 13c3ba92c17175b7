/* test_golden.c -- runs the golden files through the call door.
 *
 *   test_golden [FILE...]            all of tests/golden by default
 *
 * Every case runs in double (within 1e-12 of PyTorch) and in single (1e-5), read in R's habit and
 * in Octave's, with every instruction set of this machine, in a workspace full of NaN. The format
 * of the files is described in tests/golden/README.md. */
#include "bptt.h"
#include <glob.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------------------------------- files */

enum { MOST_ARRAYS = 24, MOST_SETTINGS = 8 };

typedef struct {
  char name[32];
  int ndim;
  size_t dim[3], count;
  double *data;
} array;

typedef struct {
  char key[32], text[32];
} setting;

typedef struct {
  char name[96];
  int settings, arrays;
  setting setting[MOST_SETTINGS];
  array array[MOST_ARRAYS];
} example;

/* A file that is not understood is not a test that passed. */
static _Noreturn void give_up(const char *file, const char *why) {
  fprintf(stderr, "%s: %s\n", file, why);
  exit(2);
}

/* The next word that is not part of a comment. */
static int read_word(FILE *in, char word[32]) {
  while (fscanf(in, "%31s", word) == 1) {
    if (word[0] != '#') return 1;
    if (fscanf(in, "%*[^\n]") == EOF) return 0;
  }
  return 0;
}

static void read_array(FILE *in, const char *file, array *a) {
  char line[128];
  int used = 0;
  if (!fgets(line, sizeof line, in) || sscanf(line, "%31s%n", a->name, &used) != 1) {
    give_up(file, "an array without a name");
  }
  char *at = line + used, *end;
  a->ndim = 0;
  a->count = 1;
  for (size_t n; a->ndim < 3 && (n = strtoul(at, &end, 10)) > 0; at = end) {
    a->dim[a->ndim++] = n;
    a->count *= n;
  }
  a->data = malloc(a->count * sizeof *a->data);
  if (!a->data) give_up(file, "out of memory");
  for (size_t i = 0; i < a->count; i++) {
    if (fscanf(in, "%lf", &a->data[i]) != 1) give_up(file, "an array is short");
  }
}

static void read_example(FILE *in, const char *file, example *e) {
  char word[32];
  memset(e, 0, sizeof *e);
  if (!read_word(in, word) || strcmp(word, "case") != 0 || fscanf(in, "%95s", e->name) != 1) {
    give_up(file, "fewer cases than it says");
  }
  while (read_word(in, word) && strcmp(word, "end") != 0) {
    if (strcmp(word, "set") == 0 && e->settings < MOST_SETTINGS) {
      setting *s = &e->setting[e->settings++];
      if (fscanf(in, "%31s %31[^\n]", s->key, s->text) != 2) give_up(file, "an empty setting");
    } else if (strcmp(word, "array") == 0 && e->arrays < MOST_ARRAYS) {
      read_array(in, file, &e->array[e->arrays++]);
    } else {
      give_up(file, "a word that is not known");
    }
  }
  if (strcmp(word, "end") != 0) give_up(file, "a case without an end");
}

static void free_example(example *e) {
  for (int i = 0; i < e->arrays; i++) free(e->array[i].data);
}

static const array *find_array(const example *e, const char *name) {
  for (int i = 0; i < e->arrays; i++) {
    if (strcmp(e->array[i].name, name) == 0) return &e->array[i];
  }
  return NULL;
}

static const char *find_setting(const example *e, const char *key, const char *otherwise) {
  for (int i = 0; i < e->settings; i++) {
    if (strcmp(e->setting[i].key, key) == 0) return e->setting[i].text;
  }
  return otherwise;
}

/* -------------------------------------------------------------------------------- host */

/* Memory of one call, freed when the call is over. */
typedef struct block {
  struct block *next;
  max_align_t data[];
} block;

static void *lend(void *context, size_t n) {
  block **head = context;
  block *b = malloc(sizeof *b + n);
  if (!b) exit(2);
  b->next = *head;
  *head = b;
  return b->data;
}

static void free_blocks(block *head) {
  while (head) {
    block *next = head->next;
    free(head);
    head = next;
  }
}

static bptt_value text_value(const char *name, const char *const *text) {
  return (bptt_value){.kind = BPTT_TEXT, .name = name, .ndim = 1, .dim = {1}, .count = 1,
                      .text = text};
}

static bptt_value list_value(const char *name, bptt_value *item, size_t count) {
  return (bptt_value){.kind = BPTT_LIST, .name = name, .ndim = 1, .dim = {count}, .count = count,
                      .item = item};
}

/* Octave's vectors are columns. */
static bptt_value vector_value(const bptt_host *host, const char *name, double *data,
                               size_t count) {
  return (bptt_value){.kind = BPTT_DOUBLE, .name = name, .ndim = host->habit == BPTT_R ? 1 : 2,
                      .dim = {count, 1}, .count = count, .data = data};
}

/* An array of the file, in double or in single. */
static bptt_value array_value(const bptt_host *host, const char *name, const array *a,
                              bptt_kind kind) {
  bptt_value v = vector_value(host, name, a->data, a->count);
  v.kind = kind;
  if (a->ndim > 1) {
    v.ndim = a->ndim;
    memcpy(v.dim, a->dim, sizeof a->dim);
  }
  if (kind == BPTT_SINGLE) {
    float *to = lend(host->context, a->count * sizeof *to);
    for (size_t i = 0; i < a->count; i++) to[i] = (float)a->data[i];
    v.data = to;
  }
  return v;
}

/* Room for the numbers of a result, and of the results within it. */
static void make_results(const bptt_host *host, bptt_value *v) {
  if (v->kind == BPTT_DOUBLE) v->data = lend(host->context, v->count * sizeof(double));
  if (v->kind == BPTT_SINGLE) v->data = lend(host->context, v->count * sizeof(float));
  for (size_t i = 0; v->kind == BPTT_LIST && i < v->count; i++) make_results(host, &v->item[i]);
}

static const bptt_value *find_value(const bptt_value *list, const char *name) {
  for (size_t i = 0; list && list->kind == BPTT_LIST && i < list->count; i++) {
    if (list->item[i].name && strcmp(list->item[i].name, name) == 0) return &list->item[i];
  }
  return NULL;
}

/* -------------------------------------------------------------------------------- call */

/* One way to compute: "single" is the data's class in Octave and an option in R. */
typedef struct {
  const char *isa, *label;
  bptt_habit habit;
  int single;
} way;

enum { MOST_ITEMS = 16 };

/* A list that grows. */
typedef struct {
  bptt_value item[MOST_ITEMS];
  size_t count;
} items;

static void add(items *list, bptt_value v) {
  if (list->count == MOST_ITEMS) exit(2);
  list->item[list->count++] = v;
}

static void add_text(items *list, const char *name, const char **text) {
  add(list, text_value(name, text));
}

/* Everything that the values of a call point to. */
typedef struct {
  items args, net, param, state;
  const char *cell, *activation, *reset, *loss, *reduction, *precision;
  double size[3], truncate[2], clip_value, clip_norm;
} arguments;

static void add_net(const bptt_host *host, const example *e, bptt_kind kind, arguments *a) {
  static const char *const size_name[] = {"input", "hidden", "output"};
  const char *size_of[] = {"param.W_xh", "param.W_hh", "param.b_y"};
  a->cell = find_setting(e, "cell", "");
  a->activation = find_setting(e, "activation", "tanh");
  a->reset = find_setting(e, "reset", "after");
  add_text(&a->net, "cell", &a->cell);
  for (int i = 0; i < 3; i++) {
    const array *p = find_array(e, size_of[i]);
    a->size[i] = (double)p->dim[p->ndim - 1];
    add(&a->net, vector_value(host, size_name[i], &a->size[i], 1));
  }
  add_text(&a->net, "activation", &a->activation);
  add_text(&a->net, "reset", &a->reset);
  for (int i = 0; i < e->arrays; i++) {
    const array *p = &e->array[i];
    if (strncmp(p->name, "param.", 6) == 0) {
      add(&a->param, array_value(host, p->name + 6, p, kind));
    }
  }
  add(&a->net, list_value("param", a->param.item, a->param.count));
  add(&a->args, list_value("net", a->net.item, a->net.count));
}

static void add_arrays(const bptt_host *host, const example *e, bptt_kind kind, arguments *a) {
  static const char *const name[] = {"x", "target", "lengths"};
  for (int i = 0; i < 3; i++) {
    const array *given = find_array(e, name[i]);
    if (given) add(&a->args, array_value(host, name[i], given, i < 2 ? kind : BPTT_DOUBLE));
  }
  const array *h0 = find_array(e, "h0"), *c0 = find_array(e, "c0");
  if (h0) add(&a->state, array_value(host, "h", h0, kind));
  if (c0) add(&a->state, array_value(host, "c", c0, kind));
  if (h0) add(&a->args, list_value("state", a->state.item, a->state.count));
}

static void add_number(const bptt_host *host, const example *e, const char *name, double *number,
                       arguments *a) {
  const char *text = find_setting(e, name, NULL);
  if (!text) return;
  char *end;
  size_t count = 0;
  for (const char *at = text; *at; at = end) number[count++] = strtod(at, &end);
  add(&a->args, vector_value(host, name, number, count));
}

static void make_arguments(const bptt_host *host, const example *e, const way *w, arguments *a) {
  bptt_kind kind = w->single && w->habit == BPTT_OCTAVE ? BPTT_SINGLE : BPTT_DOUBLE;
  memset(a, 0, sizeof *a);
  add_net(host, e, kind, a);
  add_arrays(host, e, kind, a);
  a->loss = find_setting(e, "loss", "");
  a->reduction = find_setting(e, "reduction", "");
  a->precision = "single";
  add_text(&a->args, "loss", &a->loss);
  add_text(&a->args, "reduction", &a->reduction);
  if (w->single && w->habit == BPTT_R) add_text(&a->args, "precision", &a->precision);
  add_number(host, e, "truncate", a->truncate, a);
  add_number(host, e, "clip_value", &a->clip_value, a);
  add_number(host, e, "clip_norm", &a->clip_norm, a);
}

/* The results of the case; NULL with a message when the core refuses it. */
static const bptt_value *run(const bptt_host *host, const example *e, const way *w) {
  arguments a;
  bptt_error error;
  make_arguments(host, e, w, &a);
  bptt_value args = list_value(NULL, a.args.item, a.args.count);
  bptt_call *call = bptt_prepare(host, "rnn_bptt", &args, &error);
  if (call) {
    size_t bytes = bptt_workspace(call);
    char *workspace = lend(host->context, bytes + 64);
    memset(workspace, 0xff, bytes + 64); /* NaN, whatever the type */
    make_results(host, bptt_outputs(call));
    workspace += 63 - ((size_t)workspace + 63) % 64;
    if (bptt_run(call, workspace, &error) == BPTT_OK) return bptt_outputs(call);
  }
  printf("FAILED %s (%s, %s): %s\n", e->name, w->isa, w->label, error.message);
  return NULL;
}

/* ----------------------------------------------------------------------------- compare */

static long passed, failed;

/* Octave has what follows the gradient in `info`. */
static const bptt_value *find_result(const bptt_value *results, const char *name) {
  const bptt_value *v = find_value(results, name);
  return v ? v : find_value(find_value(results, "info"), name);
}

/* Where the results have what the file calls `name`; NULL: nowhere. */
static const bptt_value *result_of(const bptt_value *results, const char *name) {
  static const char *const other[][3] = {{"h_last", "state", "h"}, {"c_last", "state", "c"},
                                         {"dh0", "dstate", "h"},   {"dc0", "dstate", "c"}};
  if (strncmp(name, "grad.", 5) == 0) return find_value(find_result(results, "grad"), name + 5);
  for (size_t i = 0; i < sizeof other / sizeof *other; i++) {
    if (strcmp(name, other[i][0]) == 0) {
      return find_value(find_result(results, other[i][1]), other[i][2]);
    }
  }
  return find_result(results, name);
}

static int is_given(const char *name) {
  static const char *const given[] = {"x", "target", "lengths", "h0", "c0"};
  for (size_t i = 0; i < sizeof given / sizeof *given; i++) {
    if (strcmp(name, given[i]) == 0) return 1;
  }
  return strncmp(name, "param.", 6) == 0;
}

/* Largest error relative to the largest magnitude; Inf where one is NaN and the other is not. */
static double distance(const bptt_value *v, const array *a) {
  double error = 0, magnitude = 0;
  for (size_t i = 0; i < a->count; i++) {
    double want = a->data[i];
    double got = v->kind == BPTT_SINGLE ? (double)((const float *)v->data)[i]
                                        : ((const double *)v->data)[i];
    if (isnan(want) != isnan(got)) return INFINITY;
    if (isnan(want)) continue;
    error = fmax(error, fabs(got - want));
    magnitude = fmax(magnitude, fabs(want));
  }
  return magnitude > 0 ? error / magnitude : error;
}

static void compare(const example *e, const array *a, const bptt_value *results, const way *w) {
  const bptt_value *v = result_of(results, a->name);
  int has_numbers = v && (v->kind == BPTT_DOUBLE || v->kind == BPTT_SINGLE);
  double error = has_numbers && v->count == a->count ? distance(v, a) : INFINITY;
  if (error <= (w->single ? 1e-5 : 1e-12)) {
    passed++;
    return;
  }
  failed++;
  printf("FAILED %s (%s, %s): %s is off by %g\n", e->name, w->isa, w->label, a->name, error);
}

static void check_example(const example *e, const way *w) {
  block *memory = NULL;
  bptt_host host = {.habit = w->habit, .want = INT_MAX, .alloc = lend, .context = &memory};
  const bptt_value *results = run(&host, e, w);
  if (!results) failed++;
  for (int i = 0; results && i < e->arrays; i++) {
    if (!is_given(e->array[i].name)) compare(e, &e->array[i], results, w);
  }
  free_blocks(memory);
}

static void check_file(const char *file) {
  static const char *const isa[] = {"portable", "avx2", "avx512"};
  static const way ways[] = {{NULL, "R", BPTT_R, 0},
                             {NULL, "R, single", BPTT_R, 1},
                             {NULL, "Octave", BPTT_OCTAVE, 0},
                             {NULL, "Octave, single", BPTT_OCTAVE, 1}};
  FILE *in = fopen(file, "r");
  char word[32];
  int cases;
  if (!in) give_up(file, "cannot be opened");
  if (!read_word(in, word) || strcmp(word, "cases") != 0 || fscanf(in, "%d", &cases) != 1) {
    give_up(file, "does not say how many cases it has");
  }
  for (int k = 0; k < cases; k++) {
    example e;
    read_example(in, file, &e);
    for (size_t i = 0; i < sizeof isa / sizeof *isa; i++) {
      if (!bptt_set_isa(isa[i])) continue;
      for (size_t j = 0; j < sizeof ways / sizeof *ways; j++) {
        way w = ways[j];
        w.isa = isa[i];
        check_example(&e, &w);
      }
    }
    free_example(&e);
  }
  if (read_word(in, word)) give_up(file, "more cases than it says");
  fclose(in);
}

int main(int argc, char **argv) {
  glob_t files;
  if (argc < 2 && glob("tests/golden/*.txt", 0, NULL, &files) == 0) {
    for (size_t i = 0; i < files.gl_pathc; i++) check_file(files.gl_pathv[i]);
    globfree(&files);
  }
  for (int i = 1; i < argc; i++) check_file(argv[i]);
  printf("%ld passed, %ld failed\n", passed, failed);
  return failed > 0 || passed == 0;
}

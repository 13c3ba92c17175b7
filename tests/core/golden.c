/* golden.c -- reading golden files. */
#include "golden.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Noreturn void give_up(const char *file, const char *why)
{
  fprintf(stderr, "%s: %s\n", file, why);
  exit(2);
}

/* The next word that is not part of a comment. */
static int read_word(FILE *in, char word[32])
{
  while (fscanf(in, "%31s", word) == 1) {
    if (word[0] != '#') return 1;
    if (fscanf(in, "%*[^\n]") == EOF) return 0;
  }
  return 0;
}

static void read_array(FILE *in, const char *file, array *a)
{
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

static void read_example(FILE *in, const char *file, example *e)
{
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

static void free_example(example *e)
{
  for (int i = 0; i < e->arrays; i++) free(e->array[i].data);
}

const array *find_array(const example *e, const char *name)
{
  for (int i = 0; i < e->arrays; i++) {
    if (strcmp(e->array[i].name, name) == 0) return &e->array[i];
  }
  return NULL;
}

const char *find_setting(const example *e, const char *key, const char *otherwise)
{
  for (int i = 0; i < e->settings; i++) {
    if (strcmp(e->setting[i].key, key) == 0) return e->setting[i].text;
  }
  return otherwise;
}

void golden_read(const char *file, void (*check)(const example *e, const char *file))
{
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
    check(&e, file);
    free_example(&e);
  }
  if (read_word(in, word)) give_up(file, "more cases than it says");
  fclose(in);
}

/* test_resume.c -- what rnn_train comes to is the same to the bit, whatever has a state: with more
 * threads and less memory, for networks side by side or one by one, and when it is interrupted
 * again and again, by the user or by its files, and goes on from its checkpoint. And what is wrong
 * with a checkpoint, or with what goes on from it, is said.
 *
 *   test_resume [EVERY]   damages every bit of so many of a checkpoint; 1 by default */
#define _GNU_SOURCE
#include "random.h"
#include "trainings.h"
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static int passed, failed;

#define CHECK(condition, name) check((condition), __LINE__, #condition, name)

static bool check(bool good, int line, const char *what, const char *name)
{
  if (good) {
    passed++;
  } else {
    failed++;
    printf("test_resume.c:%d (%s): %s\n", line, name, what);
  }
  return good;
}

/* -------------------------------------------------------------------------------- time */

/* Threads that have nothing to do look at the clock as well. */
static _Atomic bool time_flies;
static _Atomic long long flown; /* nanoseconds */
static _Atomic long looks;      /* at the clock while time flew */
/* The looks from which on spoiled_file, which has ".new" behind its name, cannot be written, and
 * can be again; -1: never. */
static _Atomic long spoiled_at = -1, mended_at = -1;
static const char *_Atomic spoiled_file;

/* In place of the library's. When time flies, so much passes from one look at the clock to the next
 * that training asks after every step whether the user wants to stop, and that there is time for a
 * checkpoint. */
int clock_gettime(clockid_t id, struct timespec *t)
{
  const long long look = 20000000, second = 1000000000;
  const int answer = (int)syscall(SYS_clock_gettime, id, t);
  if (id != CLOCK_MONOTONIC) return answer;
  if (time_flies) flown += look;
  const long long ahead = flown;
  if (time_flies) {
    const long look_number = looks++;
    if (look_number == spoiled_at) mkdir(spoiled_file, 0700);
    if (look_number == mended_at) rmdir(spoiled_file);
  }
  const long long sum = t->tv_nsec + ahead;
  t->tv_sec += (time_t)(sum / second);
  t->tv_nsec = (long)(sum % second);
  return answer;
}

/* ------------------------------------------------------------------------------- files */

static char folder[32]; /* in memory, where the machine has such: a disk can be slow to rename */

static bool make_folder(void)
{
  const char *place = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
  snprintf(folder, sizeof folder, "%s/bptt.XXXXXX", place);
  return mkdtemp(folder) != NULL;
}

/* A file in the folder; the name lives until the host does. */
static const char *file_named(host *h, const char *name)
{
  char *path = host_alloc(h, sizeof folder + strlen(name) + 2);
  sprintf(path, "%s/%s", folder, name);
  return path;
}

typedef struct {
  unsigned char *byte;
  size_t size;
} content;

static content read_file(host *h, const char *path)
{
  FILE *f = fopen(path, "rb");
  content c = {0};
  if (!f || fseek(f, 0, SEEK_END) != 0) abort();
  c.size = (size_t)ftell(f);
  c.byte = host_alloc(h, c.size);
  rewind(f);
  if (fread(c.byte, 1, c.size, f) != c.size) abort();
  fclose(f);
  return c;
}

static void write_file(const char *path, const unsigned char *byte, size_t size)
{
  FILE *f = fopen(path, "wb");
  if (!f || fwrite(byte, 1, size, f) != size || fclose(f) != 0) abort();
}

static bool exists(const char *path)
{
  return access(path, F_OK) == 0;
}

/* ---------------------------------------------------------------------------- problems */

enum { FEATURES = 2, OUTPUTS = 2, SEQUENCES = 7, STEPS = 12 };

typedef struct {
  const char *name, *net, *options;
  bool no_window_last; /* targets are those of the last steps */
  bool own_validation; /* data for it */
} problem;

static const double LENGTHS[SEQUENCES] = {12, 5, 9, 1, 12, 7, 10};

static const problem problems[] = {
    {"sgd", "cell=rnn hidden=4", "optimizer=sgd batch_size=3", 0, 0},
    {"momentum", "cell=lstm hidden=4,3", "optimizer=sgd momentum=.9 batch_size=3", 0, 0},
    {"nesterov", "cell=gru hidden=4", "optimizer=sgd momentum=.9 nesterov=1 batch_size=2", 0, 0},
    {"adam", "cell=lstm hidden=4,3", "batch_size=3", 0, 0},
    {"whole", "cell=gru hidden=4,3", "epochs=15", 0, 0},
    {"adamw", "cell=gru hidden=4", "optimizer=adamw weight_decay=.1 batch_size=3", 0, 0},
    {"rmsprop", "cell=gru hidden=4", "optimizer=rmsprop momentum=.5 batch_size=3", 0, 0},
    {"adagrad", "cell=gru hidden=4", "optimizer=adagrad batch_size=3", 0, 0},
    {"lbfgs", "cell=lstm hidden=4", "optimizer=lbfgs epochs=15", 0, 0},
    {"lbfgs, all", "cell=gru hidden=4,3 dropout=.3",
     "optimizer=lbfgs lbfgs_pairs=3 weight_decay=.01 average=1 validation=.3 epochs=15", 0, 0},
    {"lbfgs, converges", "cell=gru hidden=3", "optimizer=lbfgs weight_decay=.5 epochs=60", 0, 0},
    {"average", "cell=gru hidden=4", "average=1 batch_size=3", 0, 0},
    {"noise", "cell=gru hidden=4", "noise=.1 batch_size=3", 0, 0},
    {"dropout", "cell=lstm hidden=4,3 dropout=.4", "batch_size=3", 0, 0},
    {"in order", "cell=lstm hidden=4,3", "batch_size=3 shuffle=0", 0, 0},
    {"stateful", "cell=lstm hidden=4,3", "stateful=1 window=4 batch_size=3", 0, 0},
    {"stateful dropout", "cell=gru hidden=4,3 dropout=.4", "stateful=1 window=3 batch_size=3", 0,
     0},
    {"stateful single", "cell=lstm hidden=4,3",
     "stateful=1 window=5 batch_size=2 precision=single average=1 validation=.25", 0, 0},
    {"windows", "cell=gru hidden=4", "window=5 stride=2 batch_size=4 epochs=4", 0, 0},
    {"validation", "cell=gru hidden=4", "validation=.3 batch_size=3 learn_rate=.3 patience=5", 0,
     0},
    {"average, validation", "cell=gru hidden=4", "validation=.3 average=1 batch_size=3", 0, 0},
    {"own validation", "cell=gru hidden=4", "batch_size=2 learn_rate=.2", 0, 1},
    {"by sequence", "cell=gru hidden=4",
     "validation=.3 validation_by=sequence window=4 batch_size=4 epochs=4", 0, 0},
    {"plateau", "cell=gru hidden=4",
     "schedule=plateau schedule_epochs=1 schedule_factor=.5 learn_rate=.4 batch_size=3 epochs=15",
     0, 0},
    {"plateau, validation", "cell=gru hidden=4",
     "schedule=plateau schedule_epochs=1 learn_rate=.4 batch_size=3 epochs=15 validation=.2", 0, 0},
    {"one_cycle", "cell=gru hidden=4", "schedule=one_cycle batch_size=3", 0, 0},
    {"cosine", "cell=gru hidden=4", "schedule=cosine warmup=2.5 batch_size=3", 0, 0},
    {"single", "cell=lstm hidden=4,3 dropout=.2", "precision=single batch_size=3", 0, 0},
    {"last", "cell=gru hidden=4 output_mode=last", "batch_size=3", 1, 0},
    {"last, windows", "cell=gru hidden=4 output_mode=last", "window=5 batch_size=9 epochs=4", 0, 0},
    {"last, validation", "cell=gru hidden=4 output_mode=last", "validation=.3 batch_size=2", 1, 0},
    {"both", "cell=lstm hidden=4,3 bidirectional=1", "batch_size=3 validation=.2", 0, 0},
    {"truncated", "cell=lstm hidden=4,3", "truncate=4 batch_size=3 clip_norm=.1", 0, 0},
    {"mae", "cell=gru hidden=4", "loss=mae reduction=sum clip_value=.05 batch_size=3", 0, 0},
    {"diverges", "cell=gru hidden=4", "optimizer=sgd learn_rate=1e20 clip_norm=Inf batch_size=2", 0,
     0},
};
enum { PROBLEMS = sizeof problems / sizeof *problems };

static bptt_value *target_of(host *h, bool last, double phase)
{
  const size_t each[] = {OUTPUTS, SEQUENCES, STEPS}, one[] = {OUTPUTS, SEQUENCES};
  bptt_value *v = last ? waves(h, 2, one, phase) : waves(h, 3, each, phase);
  ((double *)v->data)[5] = NAN;
  return v;
}

static bptt_value *arguments_of(host *h, const problem *p)
{
  const size_t dim[] = {FEATURES, SEQUENCES, STEPS};
  bptt_value *args = host_list(h), *own = host_list(h);
  host_add(h, args, "net", network_of(h, FEATURES, OUTPUTS, p->net));
  host_add(h, args, "x", waves(h, 3, dim, .5));
  host_add(h, args, "target", target_of(h, p->no_window_last, 1));
  host_add(h, args, "lengths", host_vector(h, SEQUENCES, LENGTHS));
  add_options(h, args, "seed=11 epochs=7");
  add_options(h, args, p->options);
  if (p->own_validation) {
    host_add(h, own, "x", waves(h, 3, dim, 2.5));
    host_add(h, own, "target", target_of(h, p->no_window_last, 3));
    own->fields = 1;
    host_add(h, args, "validation", own);
  }
  return args;
}

static bptt_value *with(host *h, const bptt_value *args, const char *options)
{
  bptt_value *copy = host_copy(h, args);
  add_options(h, copy, options);
  return copy;
}

/* ------------------------------------------------------------------------- interruptions */

static bool any_interrupted(const bptt_value *result)
{
  const bptt_value *v = host_get(result, "stopped");
  for (size_t i = 0; i < v->count; i++) {
    if (strcmp(v->text[i], "interrupt") == 0) return true;
  }
  return false;
}

/* Interrupted after each few steps, and gone on with, with other threads and memory each time,
 * until it is done. Counts the interruptions. */
static const bptt_value *train_in_pieces(host *h, const bptt_value *args, const char *file,
                                         int members, int *pieces)
{
  enum { MOST_PIECES = 2000 };
  const bptt_value *result = NULL;
  const bool both = host_at(host_get(args, "net.bidirectional"), 0) != 0;
  *pieces = 0;
  for (bool done = false; !done && *pieces < MOST_PIECES; ++*pieces) {
    bptt_value *piece = host_copy(h, args);
    host_add(h, piece, "checkpoint", host_text(h, file));
    if (*pieces > 0) host_add(h, piece, "resume", host_text(h, file));
    /* Only the caller's thread asks whether to stop: first alone, as it may find no network left.
     */
    host_add(h, piece, "threads", host_number(h, *pieces > 0 ? (double)whole(1, 3) : 1));
    if (!both && one_in(2)) add_options(h, piece, "memory=recompute");
    h->polls_left = (int)whole(0, 6);
    time_flies = true;
    result = must_call(h, "rnn_train", piece);
    time_flies = false;
    h->polls_left = -1;
    const bool stopped = any_interrupted(result);
    done = !stopped && host_get(result, "stopped")->count == (size_t)members;
    if (stopped && !h->warning) break;
  }
  return result;
}

/* Trains while `file`, once some time has passed, cannot be written any more, and perhaps later can
 * again. */
static const bptt_value *train_spoiled(host *h, const bptt_value *args, const char *file, long at,
                                       long mended)
{
  char *aside = host_alloc(h, strlen(file) + sizeof ".new");
  sprintf(aside, "%s.new", file);
  bptt_value *piece = with(h, args, "checkpoint_minutes=1e-6");
  host_add(h, piece, "checkpoint", host_text(h, file));
  looks = 0;
  spoiled_file = aside;
  spoiled_at = at;
  mended_at = mended;
  time_flies = true;
  const bptt_value *result = must_call(h, "rnn_train", piece);
  time_flies = false;
  spoiled_at = mended_at = -1;
  rmdir(aside);
  return result;
}

/* The file of a run that has ended at any moment is enough. */
static void check_last_file(const problem *p, host *h, const bptt_value *args,
                            const bptt_value *once)
{
  enum { TIMES = 4, FIRST_LOOKS = 3 };
  const char *file = file_named(h, "run");
  bptt_release(); /* nobody else is to look at the clock */
  const bptt_value *well = train_spoiled(h, args, file, -1, -1);
  CHECK(same_training(well, once), p->name);
  const bool diverges = strcmp(stopped_by(well, 0), "diverged") == 0;
  const long all = looks;
  for (int i = 0; i < TIMES; i++) {
    remove(file);
    const bptt_value *spoiled = train_spoiled(h, args, file, whole(FIRST_LOOKS, all - 2), -1);
    CHECK(same_training(spoiled, once), p->name);
    CHECK(h->warning && (diverges || strcmp(h->warning_kind, "unsaved") == 0) &&
              strstr(h->warning, file),
          p->name);
    bptt_value *rest = host_copy(h, args);
    host_add(h, rest, "resume", host_text(h, file));
    CHECK(same_training(must_call(h, "rnn_train", rest), once), p->name);
  }
  train_spoiled(h, args, file, all / 2, all / 2 + 1);
  CHECK(diverges || !h->warning, p->name);
}

static void check_problem(const problem *p)
{
  host h;
  int pieces;
  host_open(&h, BPTT_R);
  const bptt_value *args = arguments_of(&h, p);
  const bptt_value *once = must_call(&h, "rnn_train", args);
  const bool both = strstr(p->net, "bidirectional") != NULL;
  CHECK(same_training(must_call(&h, "rnn_train", args), once), p->name);
  CHECK(same_training(must_call(&h, "rnn_train", with(&h, args, "threads=2")), once), p->name);
  CHECK(same_training(must_call(&h, "rnn_train", with(&h, args, "threads=3")), once), p->name);
  if (!both) {
    const bptt_value *less = with(&h, args, "threads=2 memory=recompute");
    CHECK(same_training(must_call(&h, "rnn_train", less), once), p->name);
  }
  const char *file = file_named(&h, "run");
  const bptt_value *again = train_in_pieces(&h, args, file, 1, &pieces);
  CHECK(same_training(again, once), p->name);
  CHECK(pieces > 1, p->name);
  check_last_file(p, &h, args, once);
  CHECK(!exists(file_named(&h, "run.new")), p->name);
  remove(file);
  host_close(&h);
}

/* Networks side by side are those that are trained one by one. */
static void check_members(const problem *p)
{
  enum { MEMBERS = 3 };
  host h;
  int pieces;
  host_open(&h, BPTT_R);
  const bptt_value *args = arguments_of(&h, p);
  const bptt_value *all = must_call(&h, "rnn_train", with(&h, args, "repeats=3 threads=2"));
  const bptt_value *nets = host_get(all, "net"), *histories = host_get(all, "history");
  CHECK(nets->count == MEMBERS && histories->count == MEMBERS, p->name);
  for (size_t i = 0; i < MEMBERS; i++) {
    char seed[32], net[160];
    snprintf(seed, sizeof seed, "seed=%zu", 11 + i);
    snprintf(net, sizeof net, "%s %s", p->net, i > 0 ? seed : "");
    bptt_value *one = with(&h, args, seed);
    host_add(&h, one, "net", network_of(&h, FEATURES, OUTPUTS, net));
    const bptt_value *r = must_call(&h, "rnn_train", one);
    CHECK(host_same(host_get(r, "net"), &nets->item[i]), p->name);
    CHECK(host_same(host_get(r, "history.loss"), host_get(&histories->item[i], "loss")), p->name);
    CHECK(strcmp(stopped_by(r, 0), stopped_by(all, i)) == 0, p->name);
    CHECK(host_at(host_get(r, "best_epoch"), 0) == host_at(host_get(all, "best_epoch"), i),
          p->name);
  }
  const bptt_value *wanted = with(&h, args, "repeats=3");
  for (int threads = 1; threads <= 4; threads++) {
    bptt_value *other = with(&h, wanted, "");
    host_add(&h, other, "threads", host_number(&h, threads));
    CHECK(same_training(must_call(&h, "rnn_train", other), all), p->name);
  }
  const bptt_value *again =
      train_in_pieces(&h, wanted, file_named(&h, "members"), MEMBERS, &pieces);
  CHECK(same_training(again, all), p->name);
  CHECK(pieces > 1, p->name);
  for (int i = 1; i <= MEMBERS; i++) {
    char name[32];
    snprintf(name, sizeof name, i > 1 ? "members.%d" : "members", i);
    CHECK(exists(file_named(&h, name)), name);
    remove(file_named(&h, name));
  }
  host_close(&h);
}

/* ------------------------------------------------------------------------------ files */

/* What the error of a call is about, and says. */
static bool refuses(host *h, const bptt_value *args, const char *argument, const char *says)
{
  if (host_call(h, "rnn_train", args)) return false;
  const bool good = strcmp(h->error.argument, argument) == 0 && strstr(h->error.message, says);
  if (!good) printf("  %s: %s\n", h->error.argument, h->error.message);
  return good;
}

static bptt_value *with_text(host *h, const bptt_value *args, const char *name, const char *text)
{
  bptt_value *copy = host_copy(h, args);
  host_add(h, copy, name, host_text(h, text));
  return copy;
}

/* A file of which any bit is another one, or that ends anywhere else, is no checkpoint. */
static void check_damage(ptrdiff_t every)
{
  static const problem small = {"damage", "cell=rnn hidden=1", "epochs=2", 0, 0};
  host h;
  host_open(&h, BPTT_R);
  const char *file = file_named(&h, "whole"), *damaged = file_named(&h, "damaged");
  must_call(&h, "rnn_train", with_text(&h, arguments_of(&h, &small), "checkpoint", file));
  content c = read_file(&h, file);
  unsigned char *byte = host_alloc(&h, c.size + 16);
  memcpy(byte, c.byte, c.size);
  bool good = true;
  for (size_t i = 0; i < 8 * c.size; i += (size_t)every) {
    host own;
    host_open(&own, BPTT_R);
    byte[i / 8] ^= (unsigned char)(1u << i % 8);
    write_file(damaged, byte, c.size);
    byte[i / 8] ^= (unsigned char)(1u << i % 8);
    good &= refuses(&own, with_text(&own, arguments_of(&own, &small), "resume", damaged), "resume",
                    damaged);
    host_close(&own);
  }
  CHECK(good, "a bit is another one");
  for (size_t size = 0; size < c.size + 16; size++) {
    host own;
    if (size == c.size) continue;
    host_open(&own, BPTT_R);
    write_file(damaged, byte, size);
    good &= refuses(&own, with_text(&own, arguments_of(&own, &small), "resume", damaged), "resume",
                    damaged);
    host_close(&own);
  }
  CHECK(good, "of another size");
  write_file(damaged, byte, c.size);
  must_call(&h, "rnn_train", with_text(&h, arguments_of(&h, &small), "resume", damaged));
  CHECK(!h.warning, "as it was");
  remove(file);
  remove(damaged);
  host_close(&h);
}

static void check_files(void)
{
  static const problem p = {"files", "cell=gru hidden=3", "batch_size=3", 0, 0};
  host h;
  host_open(&h, BPTT_R);
  const bptt_value *args = arguments_of(&h, &p);
  const char *none = file_named(&h, "none"), *inside = file_named(&h, "none/run");
  const char *file = file_named(&h, "files");
  CHECK(refuses(&h, with_text(&h, args, "resume", none), "resume", "cannot be read"), "none");
  CHECK(refuses(&h, with_text(&h, args, "resume", folder), "resume", folder), "a folder");
  CHECK(refuses(&h, with_text(&h, args, "checkpoint", inside), "checkpoint", "cannot be written"),
        "in no folder");
  CHECK(refuses(&h, with_text(&h, args, "checkpoint", folder), "checkpoint", "cannot be written"),
        "a folder");
  CHECK(rmdir(strcat(strcpy(host_alloc(&h, 64), folder), ".new")) != 0 && errno == ENOENT, "aside");
  remove(strcat(strcpy(host_alloc(&h, 64), folder), ".new"));

  /* It goes on with other options that do not matter, and what was gone through is not again. */
  const bptt_value *once = must_call(&h, "rnn_train", args);
  bptt_value *half = with(&h, with_text(&h, args, "checkpoint", file), "epochs=3");
  must_call(&h, "rnn_train", half);
  const bptt_value *rest = with_text(&h, args, "resume", file);
  CHECK(same_training(must_call(&h, "rnn_train", rest), once), "more epochs");
  static const char *const free_options[] = {"threads=2", "memory=recompute", "max_time=1e6",
                                             "checkpoint_every=4", "checkpoint_minutes=3"};
  for (size_t i = 0; i < sizeof free_options / sizeof *free_options; i++) {
    const bptt_value *r = must_call(&h, "rnn_train", with(&h, rest, free_options[i]));
    CHECK(same_training(r, once), free_options[i]);
  }
  const bptt_value *same = must_call(&h, "rnn_train", with(&h, rest, "epochs=3"));
  CHECK(host_get(same, "history.loss")->count == 3, "no more epochs");
  CHECK(strcmp(stopped_by(same, 0), "epochs") == 0, "no more epochs");
  CHECK(refuses(&h, with(&h, rest, "epochs=2"), "epochs", "expected at least 3"), "fewer epochs");
  const bptt_value *no_time = must_call(&h, "rnn_train", with(&h, rest, "max_time=0"));
  CHECK(strcmp(stopped_by(no_time, 0), "max_time") == 0, "no time");
  CHECK(host_get(no_time, "history.loss")->count == 3, "no time");

  /* The seed is that of the file. */
  bptt_value *any = host_copy(&h, rest), *last = any->item;
  while (strcmp(last->name, "seed") != 0) last++;
  *last = any->item[--any->count];
  CHECK(same_training(must_call(&h, "rnn_train", any), once), "no seed");

  /* More networks than there are files of. */
  const bptt_value *three = must_call(&h, "rnn_train", with(&h, args, "repeats=3"));
  CHECK(same_training(must_call(&h, "rnn_train", with(&h, rest, "repeats=3")), three), "more");
  const char *second = file_named(&h, "files.2");
  must_call(&h, "rnn_train", with(&h, half, "repeats=2"));
  CHECK(same_training(must_call(&h, "rnn_train", with(&h, rest, "repeats=3")), three), "more");
  CHECK(exists(second), "more");
  CHECK(refuses(&h, with_text(&h, with(&h, args, "repeats=2"), "resume", second), "seed", "seed"),
        "of another seed");
  must_call(&h, "rnn_train", with(&h, half, "seed=5"));
  CHECK(refuses(&h, with(&h, any, "repeats=2"), "resume", second), "of another training");
  remove(file);
  remove(second);
  host_close(&h);
}

/* ------------------------------------------------------------------------------- stops */

/* What ends a run before its last epoch; without it, the run goes on to where it would have come.
 */
static void check_stops(void)
{
  static const problem p = {"stops", "cell=gru hidden=4", "batch_size=3 average=1", 0, 0};
  host h;
  host_open(&h, BPTT_R);
  const bptt_value *args = arguments_of(&h, &p);
  const bptt_value *once = must_call(&h, "rnn_train", args);
  const char *file = file_named(&h, "stops");
  const bptt_value *saved = with_text(&h, args, "checkpoint", file);
  const bptt_value *rest = with_text(&h, args, "resume", file);
  for (int answer = 1; answer <= 2; answer++) {
    bptt_value *called = host_copy(&h, saved);
    host_add(&h, called, "callback", host_other(&h, "a function"));
    h.reports = 0;
    h.reports_left = 2;
    h.answer = answer;
    const bptt_value *r = must_call(&h, "rnn_train", called);
    h.reports_left = -1;
    CHECK(h.reports == 3 && host_get(r, "history.loss")->count == 3, "callback");
    CHECK(strcmp(stopped_by(r, 0), answer == 1 ? "callback" : "interrupt") == 0, "callback");
    CHECK((h.warning != NULL) == (answer == 2), "callback");
    CHECK(same_training(must_call(&h, "rnn_train", rest), once), "callback");
  }
  time_flies = true;
  const bptt_value *late = must_call(&h, "rnn_train", with(&h, saved, "max_time=.5"));
  time_flies = false;
  const size_t epochs = host_get(late, "history.loss")->count;
  CHECK(strcmp(stopped_by(late, 0), "max_time") == 0 && epochs > 0 && epochs < 7, "max_time");
  CHECK(same_training(must_call(&h, "rnn_train", rest), once), "max_time");
  remove(file);

  bptt_value *patient = with(&h, args, "validation=.3 learn_rate=.3 epochs=200 patience=4");
  const bptt_value *r = must_call(&h, "rnn_train", patient);
  const bptt_value *loss = host_get(r, "history.validation_loss");
  const double best = host_at(host_get(r, "best_epoch"), 0);
  CHECK(strcmp(stopped_by(r, 0), "patience") == 0 && (double)loss->count == best + 4, "patience");
  for (size_t i = 0; i < loss->count; i++) {
    const bool better = host_at(loss, i) < host_at(loss, (size_t)best - 1);
    const bool equal = host_at(loss, i) == host_at(loss, (size_t)best - 1);
    CHECK(!better && (!equal || i + 1 >= (size_t)best), "patience");
  }
  bptt_value *until_best = with(&h, patient, "patience=Inf");
  host_add(&h, until_best, "epochs", host_number(&h, best));
  CHECK(host_same(host_get(must_call(&h, "rnn_train", until_best), "net"), host_get(r, "net")),
        "patience");
  host_close(&h);
}

/* --------------------------------------------------------------------------- settings */

/* Two runs that differ in this; the second one may not go on from a checkpoint of the first. */
static const struct {
  const char *argument, *first, *second;
} settings[] = {
    {"optimizer", "optimizer=adam", "optimizer=adamw"},
    {"optimizer", "optimizer=adam", "optimizer=sgd"},
    {"learn_rate", "learn_rate=.1", "learn_rate=.2"},
    {"learn_rate", "", "learn_rate=.2"},
    {"momentum", "optimizer=sgd momentum=.5", "optimizer=sgd momentum=.6"},
    {"momentum", "optimizer=sgd momentum=.5", "optimizer=sgd"},
    {"nesterov", "optimizer=sgd momentum=.5", "optimizer=sgd momentum=.5 nesterov=1"},
    {"beta1", "", "beta1=.8"},
    {"beta2", "", "beta2=.8"},
    {"alpha", "optimizer=rmsprop", "optimizer=rmsprop alpha=.5"},
    {"epsilon", "", "epsilon=1e-7"},
    {"weight_decay", "", "weight_decay=.1"},
    {"lbfgs_pairs", "optimizer=lbfgs", "optimizer=lbfgs lbfgs_pairs=9"},
    {"schedule", "schedule=step", "schedule=plateau"},
    {"schedule_epochs", "", "schedule_epochs=3"},
    {"schedule_factor", "", "schedule_factor=.3"},
    {"warmup", "", "warmup=1"},
    {"clip_norm", "", "clip_norm=2"},
    {"clip_value", "", "clip_value=2"},
    {"noise", "", "noise=.1"},
    {"average", "", "average=1"},
    {"batch_size", "batch_size=3", "batch_size=2"},
    {"shuffle", "", "shuffle=0"},
    {"window", "window=4", "window=5"},
    {"window", "", "window=5"},
    {"stride", "window=4", "window=4 stride=2"},
    {"stateful", "window=4", "window=4 stateful=1"},
    {"validation", "validation=.3", "validation=.4"},
    {"validation", "", "validation=.4"},
    {"validation_by", "validation=.3", "validation=.3 validation_by=sequence"},
    {"loss", "", "loss=mae"},
    {"delta", "loss=huber", "loss=huber delta=2"},
    {"levels", "loss=quantile levels=.1,.5", "loss=quantile levels=.1,.6"},
    {"reduction", "", "reduction=sum"},
    {"truncate", "", "truncate=3"},
    {"truncate", "truncate=2,2", "truncate=1,1002"},
    {"precision", "", "precision=single"},
    {"init", "", "init=he"},
    {"recurrent_init", "", "recurrent_init=glorot"},
    {"forget_bias", "", "forget_bias=2"},
    {"chrono", "", "chrono=20"},
    {"seed", "seed=11", "seed=12"},
    {"lengths", "lengths=12,5,9,1,12,7,10", "lengths=12,5,9,1,11,7,10"},
};

/* Those that may be others, and those that are tried below. */
static const char *const not_settings[] = {
    "net",      "x",          "target",   "weights",          "class_weights",
    "format",   "callback",   "progress", "epochs",           "patience",
    "max_time", "checkpoint", "resume",   "checkpoint_every", "checkpoint_minutes",
    "repeats",  "threads",    "memory"};

/* Whether each option of rnn_train is one or the other. */
static void check_every_option(void)
{
  size_t count;
  const bptt_option *table = bptt_option_table(&count);
  for (size_t i = 0; i < count; i++) {
    bool known = !strstr(table[i].function, "rnn_train");
    for (size_t k = 0; k < sizeof settings / sizeof *settings; k++) {
      known |= strcmp(settings[k].argument, table[i].name) == 0;
    }
    for (size_t k = 0; k < sizeof not_settings / sizeof *not_settings; k++) {
      known |= strcmp(not_settings[k], table[i].name) == 0;
    }
    CHECK(known, table[i].name);
  }
}

/* The same, of arguments. The file is made by the first. */
static void check_pair(host *h, const char *argument, const bptt_value *first,
                       const bptt_value *second)
{
  const char *file = file_named(h, "pair");
  must_call(h, "rnn_train", with_text(h, first, "checkpoint", file));
  must_call(h, "rnn_train", second);
  must_call(h, "rnn_train", with_text(h, first, "resume", file));
  CHECK(refuses(h, with_text(h, second, "resume", file), argument, "resume"), argument);
  remove(file);
}

static void check_options(void)
{
  static const problem p = {"options", "cell=lstm hidden=3,2", "batch_size=4 epochs=2", 0, 0};
  for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
    host h;
    host_open(&h, BPTT_R);
    bptt_value *args = arguments_of(&h, &p);
    const bool quantile = strcmp(settings[i].argument, "levels") == 0;
    if (strcmp(settings[i].argument, "lbfgs_pairs") == 0) add_options(&h, args, "batch_size=100");
    if (quantile) {
      host_add(&h, args, "target", waves(&h, 3, (size_t[]){1, SEQUENCES, STEPS}, 1));
    }
    check_pair(&h, settings[i].argument, with(&h, args, settings[i].first),
               with(&h, args, settings[i].second));
    host_close(&h);
  }
}

/* An array with one number changed. */
static bptt_value *changed(host *h, const bptt_value *v, size_t i, double number)
{
  bptt_value *copy = host_as(h, v->kind, v);
  ((double *)copy->data)[i] = number;
  return copy;
}

static bptt_value *with_item(host *h, const bptt_value *args, const char *name,
                             const bptt_value *item)
{
  bptt_value *copy = host_copy(h, args);
  host_add(h, copy, name, item);
  return copy;
}

/* One number of the data is another; what does not count may be. */
static void check_data(const problem *p)
{
  const size_t beyond = FEATURES * (SEQUENCES * 11 + 3), within = FEATURES * (SEQUENCES * 8 + 2);
  host h;
  host_open(&h, BPTT_R);
  const bptt_value *args = arguments_of(&h, p), *x = host_get(args, "x");
  const bptt_value *target = host_get(args, "target");
  const size_t some = target->count / 2, missing = 5;
  check_pair(&h, "x", args, with_item(&h, args, "x", changed(&h, x, within, .25)));
  check_pair(&h, "target", args, with_item(&h, args, "target", changed(&h, target, some, .25)));
  check_pair(&h, "target", args, with_item(&h, args, "target", changed(&h, target, missing, .25)));
  bptt_value *ones = waves(&h, 2, (size_t[]){SEQUENCES, STEPS}, 0);
  if (p->no_window_last) ones = waves(&h, 1, (size_t[]){SEQUENCES}, 0);
  for (size_t i = 0; i < ones->count; i++) ((double *)ones->data)[i] = 1;
  const bptt_value *weighted = with_item(&h, args, "weights", ones);
  check_pair(&h, "weights", weighted, with_item(&h, args, "weights", changed(&h, ones, 4, 2)));

  const char *file = file_named(&h, "data");
  must_call(&h, "rnn_train", with_text(&h, args, "checkpoint", file));
  const bptt_value *same = with_item(&h, args, "x", changed(&h, x, beyond, 100));
  must_call(&h, "rnn_train", with_text(&h, same, "resume", file));
  if (p->own_validation) {
    const bptt_value *data = host_get(args, "validation");
    bptt_value *own = host_copy(&h, data), *less = host_copy(&h, data);
    host_add(&h, own, "x", changed(&h, host_get(data, "x"), within, .25));
    check_pair(&h, "validation", args, with_item(&h, args, "validation", own));
    host_add(&h, less, "target", changed(&h, host_get(data, "target"), 4, NAN));
    check_pair(&h, "validation", args, with_item(&h, args, "validation", less));
  }
  remove(file);
  host_close(&h);
}

static void check_networks(void)
{
  static const char *const other[] = {"cell=lstm hidden=3,2 dropout=.1",
                                      "cell=gru hidden=3,2",
                                      "cell=lstm hidden=3",
                                      "cell=lstm hidden=2,3",
                                      "cell=lstm hidden=3,2 bidirectional=1",
                                      "cell=rnn hidden=12",
                                      "cell=rnn hidden=3,2 activation=relu",
                                      "cell=gru hidden=3,2 reset=before"};
  static const problem p = {"net", "cell=lstm hidden=3,2", "batch_size=4 epochs=2", 0, 0};
  host h;
  host_open(&h, BPTT_R);
  const bptt_value *args = arguments_of(&h, &p);
  for (size_t i = 0; i < sizeof other / sizeof *other; i++) {
    const bptt_value *net = network_of(&h, FEATURES, OUTPUTS, other[i]);
    check_pair(&h, "net", args, with_item(&h, args, "net", net));
  }
  host_close(&h);
}

int main(int argc, char **argv)
{
  const ptrdiff_t every = argc > 1 ? atoi(argv[1]) : 1;
  static const problem data[] = {
      {"data", "cell=gru hidden=3", "batch_size=3 epochs=2", 0, 1},
      {"data, last", "cell=gru hidden=3 output_mode=last", "batch_size=3 epochs=2", 1, 1},
      {"data, single", "cell=gru hidden=3", "batch_size=3 epochs=2 precision=single", 0, 0}};
  bptt_load();
  random_state = 1;
  if (every < 1 || !make_folder()) return 1;
  for (int i = 0; i < PROBLEMS; i++) {
    check_problem(&problems[i]);
    check_members(&problems[i]);
  }
  check_damage(every);
  check_files();
  check_stops();
  check_every_option();
  check_options();
  check_networks();
  for (size_t i = 0; i < sizeof data / sizeof *data; i++) check_data(&data[i]);
  CHECK(rmdir(folder) == 0, "left files");
  bptt_release();
  printf("%d passed, %d failed\n", passed, failed);
  return failed > 0 || passed == 0;
}

/* kill.c -- a run of rnn_train that is killed (SIGKILL) at random moments, and goes on from its
 * checkpoint each time until it is done, comes to the bits of a run that nobody killed. Checkpoints
 * are made after every step, so that many are killed while they write one.
 *
 *   kill [KILLS]   of each problem, at least so many; 50 by default */
#define _GNU_SOURCE
#include "random.h"
#include "trainings.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

typedef struct {
  const char *name, *net, *options;
} problem;

/* Checkpoints of some hundred kilobytes. */
static const problem problems[] = {
    {"adam", "cell=lstm hidden=32,24 dropout=.3", "average=1 validation=.3 batch_size=3 epochs=20"},
    {"stateful", "cell=gru hidden=48", "stateful=1 window=3 noise=.01 batch_size=3 epochs=10"},
    {"lbfgs", "cell=gru hidden=32", "optimizer=lbfgs validation=.2 epochs=30"},
    {"several", "cell=lstm hidden=24", "repeats=3 threads=2 batch_size=3 epochs=20"},
};

static char folder[32]; /* in memory, where the machine has such: a disk can be slow to rename */

static void path_of(const char *name, char path[64])
{
  snprintf(path, 64, "%s/%s", folder, name);
}

/* Every file that a run can leave. */
static void remove_files(void)
{
  static const char *const names[] = {"run", "run.2", "run.3", "run.new", "run.2.new", "run.3.new"};
  char path[64];
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    path_of(names[i], path);
    remove(path);
  }
}

/* ---------------------------------------------------------------------------- the child */

static void write_numbers(FILE *f, const bptt_value *v)
{
  for (size_t i = 0; v->kind == BPTT_LIST && i < v->count; i++) {
    if (v->item[i].name && strcmp(v->item[i].name, "seconds") == 0) continue;
    write_numbers(f, &v->item[i]);
  }
  if (v->kind == BPTT_DOUBLE && fwrite(v->data, sizeof(double), v->count, f) != v->count) _exit(1);
}

/* Trains, from the checkpoint if there is one, and writes all numbers of the result. */
_Noreturn static void train(const problem *p, const char *result)
{
  const size_t sequences = 8, steps = 12, x[] = {2, sequences, steps};
  char file[64];
  host h;
  path_of("run", file);
  host_open(&h, BPTT_R);
  bptt_value *args = host_list(&h);
  host_add(&h, args, "net", network_of(&h, 2, 2, p->net));
  host_add(&h, args, "x", waves(&h, 3, x, 0));
  host_add(&h, args, "target", waves(&h, 3, x, 1));
  host_add(&h, args, "checkpoint", host_text(&h, file));
  add_options(&h, args, "seed=1 checkpoint_minutes=1e-12");
  add_options(&h, args, p->options);
  if (access(file, F_OK) == 0) host_add(&h, args, "resume", host_text(&h, file));
  const bptt_value *r = must_call(&h, "rnn_train", args);
  FILE *f = fopen(result, "wb");
  if (!f) _exit(1);
  write_numbers(f, host_get(r, "net"));
  write_numbers(f, host_get(r, "history"));
  _exit(fclose(f) != 0);
}

/* --------------------------------------------------------------------------- the parent */

static void sleep_for(double seconds)
{
  struct timespec t = {(time_t)seconds, (long)(1e9 * (seconds - (double)(time_t)seconds))};
  nanosleep(&t, NULL);
}

static double now(void)
{
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

typedef enum { DONE, KILLED, FAILED } fate;

/* `kill_after` seconds, if it still runs then; 0: never. */
static fate run(const problem *p, const char *result, double kill_after)
{
  int status;
  const pid_t child = fork();
  if (child == 0) train(p, result);
  if (child < 0) return FAILED;
  if (kill_after > 0) {
    sleep_for(kill_after);
    kill(child, SIGKILL);
  }
  if (waitpid(child, &status, 0) != child) return FAILED;
  if (WIFSIGNALED(status)) return WTERMSIG(status) == SIGKILL ? KILLED : FAILED;
  return WEXITSTATUS(status) == 0 ? DONE : FAILED;
}

static bool same_files(const char *a, const char *b)
{
  FILE *f = fopen(a, "rb"), *g = fopen(b, "rb");
  bool same = f && g;
  for (int c = 0, d; same && c != EOF;) {
    c = getc(f);
    d = getc(g);
    same = c == d;
  }
  if (f) fclose(f);
  if (g) fclose(g);
  return same;
}

/* Runs from the beginning to the end until there were so many kills. Those come sooner after each
 * other than a whole run takes, but later and later, so that it gets to its end. */
static bool check_problem(const problem *p, int kills)
{
  char want[64], got[64];
  int killed = 0, runs = 0;
  bool good = true;
  path_of("want", want);
  path_of("got", got);
  remove_files();
  const double start = now();
  if (run(p, want, 0) != DONE) return false;
  const double whole_run = now() - start;
  for (; good && killed < kills; runs++) {
    fate f = KILLED;
    remove_files();
    for (int k = 1; f == KILLED; k++) {
      f = run(p, got, whole_run * uniform() * k / 20);
      killed += f == KILLED;
    }
    good = f == DONE && same_files(want, got);
  }
  printf("%s: %d kills of %d runs of %.3f s%s\n", p->name, killed, runs, whole_run,
         good ? "" : ": FAILED");
  remove(want);
  remove(got);
  return good;
}

int main(int argc, char **argv)
{
  const int kills = argc > 1 ? atoi(argv[1]) : 50;
  int passed = 0, failed = 0;
  snprintf(folder, sizeof folder, "%s/bptt.XXXXXX",
           access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
  if (!mkdtemp(folder)) return 1;
  random_state = 1;
  setvbuf(stdout, NULL, _IONBF, 0); /* the children would write it again */
  bptt_load();
  for (size_t i = 0; i < sizeof problems / sizeof *problems; i++) {
    const bool good = check_problem(&problems[i], kills);
    passed += good;
    failed += !good;
  }
  remove_files();
  rmdir(folder);
  printf("%d passed, %d failed\n", passed, failed);
  return failed > 0;
}

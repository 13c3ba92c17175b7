/* test_threads.c -- what threads must not change, and what must not upset them.
 *
 *   test_threads [FIRST [COUNT]]   random problems FIRST .. FIRST + COUNT - 1; 0 and 24 by default
 *
 * Problems large enough for threads give the same bits with 1, 2, 3 and 5 of them, with every
 * instruction set. Then what happens to a pool of threads: interrupts, fork(), release, calls from
 * several threads at once and from within poll. Whatever hangs is ended by an alarm.
 *
 * NO_FORK: for ThreadSanitizer and qemu, which cannot follow a process with threads into a fork. */
#include "check.h"
#include "host.h"
#include <dirent.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* ------------------------------------------------------------------------------ problems */

static uint64_t random_state;

/* xorshift64*: in [0, 1) */
static double uniform(void)
{
  random_state ^= random_state >> 12;
  random_state ^= random_state << 25;
  random_state ^= random_state >> 27;
  return (double)((random_state * 0x2545f4914f6cdd1du) >> 11) * 0x1p-53;
}

/* A whole number, low .. high. */
static ptrdiff_t whole(ptrdiff_t low, ptrdiff_t high)
{
  return low + (ptrdiff_t)(uniform() * (double)(high - low + 1));
}

/* A problem with all its results wanted, which lie one after another. */
typedef struct {
  bptt_problem p;
  bptt_dtype dtype;
  void *result;
  size_t result_bytes;
} job;

static size_t size_of(bptt_dtype dtype)
{
  return dtype == BPTT_F64 ? sizeof(double) : sizeof(float);
}

static void *numbers(host *h, bptt_dtype dtype, ptrdiff_t n, double size)
{
  void *a = host_alloc(h, (size_t)n * size_of(dtype));
  for (ptrdiff_t i = 0; i < n; i++) {
    const double v = size * (2 * uniform() - 1);
    if (dtype == BPTT_F64) {
      ((double *)a)[i] = v;
    } else {
      ((float *)a)[i] = (float)v;
    }
  }
  return a;
}

/* Results to be made, one after another. */
typedef struct {
  void **place;
  ptrdiff_t n;
} result;

enum { MOST_LAYERS = 4, RESULTS_OF_LAYER = 10, MOST_RESULTS = MOST_LAYERS * RESULTS_OF_LAYER + 5 };

/* A direction of a layer with D inputs; returns how many results are added. */
static int make_layer(host *h, const bptt_problem *p, bptt_layer *l, ptrdiff_t D, bptt_dtype dtype,
                      result *list)
{
  const ptrdiff_t H = l->H, GH = H * (p->cell == BPTT_RNN ? 1 : p->cell == BPTT_GRU ? 3 : 4);
  const ptrdiff_t b_hn = p->cell == BPTT_GRU && p->reset == BPTT_RESET_AFTER ? H : 0;
  const ptrdiff_t HB = H * p->B, c = p->cell == BPTT_LSTM ? HB : 0;
  l->W_xh = numbers(h, dtype, GH * D, 1 / sqrt((double)D));
  l->W_hh = numbers(h, dtype, GH * H, 1 / sqrt((double)H));
  l->b_h = numbers(h, dtype, GH, 0.5);
  l->b_hn = b_hn ? numbers(h, dtype, b_hn, 0.5) : NULL;
  l->h0 = numbers(h, dtype, HB, 1);
  l->c0 = c ? numbers(h, dtype, c, 1) : NULL;
  const result all[RESULTS_OF_LAYER] = {
      {&l->h_last, HB},    {&l->c_last, c},      {&l->h_all, HB * p->T}, {&l->dW_xh, GH * D},
      {&l->dW_hh, GH * H}, {&l->db_h, GH},       {&l->db_hn, b_hn},      {&l->dh0, HB},
      {&l->dc0, c},        {&l->c_all, c * p->T}};
  memcpy(list, all, sizeof all);
  return RESULTS_OF_LAYER;
}

/* `p` says the kind and the sizes. */
static job make_job(host *h, bptt_problem p, bptt_dtype dtype)
{
  const ptrdiff_t O = p.O, BT = p.B * p.T, top = p.layer[p.layers * p.directions - 1].H;
  const ptrdiff_t above = p.directions * top;
  result list[MOST_RESULTS];
  int results = 0;
  p.W_hy = numbers(h, dtype, O * above, 1 / sqrt((double)above));
  p.b_y = numbers(h, dtype, O, 0.5);
  p.x = numbers(h, dtype, p.D * BT, 1);
  p.target = numbers(h, dtype, O * BT, 1);
  p.loss = BPTT_MSE;
  p.scale = 0.1;
  if (p.k1 == 0) p.k1 = p.k2 = p.T;
  job j = {.p = p, .dtype = dtype};
  for (int i = 0; i < p.layers * p.directions; i++) {
    const ptrdiff_t below = i < p.directions ? p.D : p.directions * p.layer[i - p.directions].H;
    results += make_layer(h, &p, &p.layer[i], below, dtype, &list[results]);
  }
  const result rest[] = {{&j.p.y, O * BT},
                         {&j.p.h, above * BT},
                         {&j.p.dW_hy, O * above},
                         {&j.p.db_y, O},
                         {&j.p.dx, p.D * BT}};
  memcpy(&list[results], rest, sizeof rest);
  results += (int)(sizeof rest / sizeof *rest);

  for (int i = 0; i < results; i++) j.result_bytes += (size_t)list[i].n * size_of(dtype);
  char *at = j.result = host_alloc(h, j.result_bytes);
  for (int i = 0; i < results; i++) {
    if (list[i].n == 0) continue;
    *list[i].place = at;
    at += (size_t)list[i].n * size_of(dtype);
  }
  return j;
}

/* The workspace is a block of its own, full of NaN (or, for valgrind, undefined). */
static bptt_status run(job *j, int threads, int (*poll)(void *context), void *context)
{
  enum { ALIGNED = 64 };
  j->p.threads = threads;
  j->p.loss_value = -1;
  j->p.bad_forward = j->p.bad_backward = -1;
  memset(j->result, 0x5a, j->result_bytes);
  const size_t bytes = (bptt_step_workspace(&j->p, j->dtype) + ALIGNED - 1) / ALIGNED * ALIGNED;
  void *workspace = aligned_alloc(ALIGNED, bytes);
  if (!workspace) abort();
#ifndef WORKSPACE_UNDEFINED
  memset(workspace, 0xff, bytes);
#endif
  const bptt_status status = bptt_step(&j->p, j->dtype, workspace, poll, context);
  free(workspace);
  return status;
}

/* The job with what one thread computes, to compare with. */
static job solved(host *h, job *j)
{
  job copy = *j;
  CHECK(run(j, 1, NULL, NULL) == BPTT_OK);
  copy.p.loss_value = j->p.loss_value;
  copy.p.bad_forward = j->p.bad_forward;
  copy.p.bad_backward = j->p.bad_backward;
  copy.result = memcpy(host_alloc(h, j->result_bytes), j->result, j->result_bytes);
  return copy;
}

static bool same(const job *a, const job *b)
{
  return memcmp(a->result, b->result, a->result_bytes) == 0 &&
         memcmp(&a->p.loss_value, &b->p.loss_value, sizeof a->p.loss_value) == 0 &&
         a->p.bad_forward == b->p.bad_forward && a->p.bad_backward == b->p.bad_backward;
}

/* ---------------------------------------------------------------------------- the same bits */

static bptt_problem choose(host *h, int number)
{
  random_state = (uint64_t)(number + 1) << 32;
  for (int i = 0; i < 20; i++) uniform();
  bptt_problem p = {.cell = (bptt_cell)(number % 3),
                    .activation = (bptt_activation)whole(0, 1),
                    .reset = (bptt_reset)whole(0, 1),
                    .D = whole(1, 40),
                    .O = whole(1, 30),
                    .B = whole(1, 9),
                    .T = whole(10, 30)};
  p.layers = (int)whole(1, 2);
  p.directions = (int)whole(1, 2);
  p.layer = host_alloc(h, (size_t)(p.layers * p.directions) * sizeof *p.layer);
  for (int i = 0; i < p.layers * p.directions; i++) {
    const bool reverse = i % p.directions;
    p.layer[i].H = reverse ? p.layer[i - 1].H : whole(40, 110);
  }
  p.dropout = number % 3 ? 0 : 0.3;
  p.last = number % 5 == 2;
  if (number % 4 == 0) p.B = whole(10, 40);
  if (number % 4 == 1) { /* one long sequence */
    p.B = 1;
    p.T = whole(600, 900); /* more than a segment */
  }
  if (number % 2) {
    p.k1 = whole(1, p.T);
    p.k2 = p.k1 + (p.directions == 1 ? whole(0, p.k1) : 0);
  }
  p.recompute = p.directions == 1 && number % 3 == 1;
  if (number % 8 > 1) {
    ptrdiff_t *length = host_alloc(h, (size_t)p.B * sizeof *length);
    for (ptrdiff_t b = 0; b < p.B; b++) length[b] = whole(0, 4) ? whole(1, p.T) : 0;
    p.length = length;
  }
  return p;
}

static void test_bits(int number)
{
  static const int threads[] = {2, 3, 5};
  for (int dtype = BPTT_F64; dtype <= BPTT_F32; dtype++) {
    host h;
    host_open(&h, BPTT_R);
    job j = make_job(&h, choose(&h, number), (bptt_dtype)dtype);
    for (int isa = 0; isa < HOST_ISAS; isa++) {
      if (!host_use_isa(host_isa[isa])) continue;
      const job want = solved(&h, &j);
      for (int i = 0; i < 3; i++) {
        const bool good = run(&j, threads[i], NULL, NULL) == BPTT_OK && same(&j, &want);
        CHECK(good);
        if (!good) printf("problem %d, %s, %d threads\n", number, host_isa[isa], threads[i]);
      }
    }
    host_close(&h);
  }
  bptt_load();
}

/* ---------------------------------------------------------------------- what may happen to a pool
 */

/* Large enough to be polled for several times by each of two threads. */
static job large(host *h)
{
  random_state = 1;
  bptt_problem p = {
      .cell = BPTT_LSTM, .D = 8, .O = 2, .B = 16, .T = 100, .layers = 1, .directions = 1};
  p.layer = host_alloc(h, sizeof *p.layer);
  p.layer->H = 96;
  return make_job(h, p, BPTT_F32);
}

/* Threads of this process, or 0 where that cannot be told. */
static int tasks(void)
{
  DIR *dir = opendir("/proc/self/task");
  int n = 0;
  if (!dir) return 0;
  while (readdir(dir)) n++;
  closedir(dir);
  return n - 2; /* . and .. */
}

/* The same once it no longer changes: the system may take a moment to strike a thread off. */
static int settled_tasks(void)
{
  int n = tasks();
  for (int unchanged = 0; unchanged < 20; unchanged++) {
    usleep(10000);
    if (tasks() == n) continue;
    n = tasks();
    unchanged = 0;
  }
  return n;
}

/* What a poll counts, and does. */
typedef struct {
  pthread_t caller;
  int polls, elsewhere; /* elsewhere: polled by another thread */
  int stop_at;          /* the poll that asks to stop; 0: none */
  job *inner;           /* to be run from within the first poll, or NULL */
  const job *inner_want;
  bool inner_good;
} watch;

static int poll_watch(void *context)
{
  watch *w = context;
  w->polls++;
  if (!pthread_equal(pthread_self(), w->caller)) w->elsewhere++;
  if (w->inner && w->polls == 1) {
    w->inner_good = run(w->inner, 2, NULL, NULL) == BPTT_OK && same(w->inner, w->inner_want);
    bptt_release(); /* the threads at work stay */
  }
  return w->polls == w->stop_at;
}

static void test_interrupt(void)
{
  host h;
  host_open(&h, BPTT_R);
  job j = large(&h);
  const job want = solved(&h, &j);
  for (int threads = 1; threads <= 3; threads++) {
    watch all = {.caller = pthread_self()};
    CHECK(run(&j, threads, poll_watch, &all) == BPTT_OK && same(&j, &want));
    CHECK(all.polls > 1 && all.elsewhere == 0);
    for (int stop_at = 1; stop_at <= 2; stop_at++) {
      watch w = {.caller = pthread_self(), .stop_at = stop_at};
      CHECK(run(&j, threads, poll_watch, &w) == BPTT_EINTERRUPT);
      CHECK(w.polls == stop_at && w.elsewhere == 0);
      CHECK(run(&j, threads, NULL, NULL) == BPTT_OK && same(&j, &want));
    }
  }
  host_close(&h);
}

static void test_release(void)
{
  host h;
  host_open(&h, BPTT_R);
  job j = large(&h);
  const job want = solved(&h, &j);
  bptt_release();
  bptt_release(); /* of nothing */
  const int before = settled_tasks();
  for (int again = 0; again < 5; again++) {
    CHECK(run(&j, 2 + again % 2, NULL, NULL) == BPTT_OK && same(&j, &want));
    CHECK(before == 0 || tasks() > before);
    bptt_release();
    CHECK(settled_tasks() == before);
  }
  host_close(&h);
}

static void test_nested(void)
{
  host h;
  host_open(&h, BPTT_R);
  job j = large(&h), inner = large(&h);
  const job want = solved(&h, &j);
  for (int threads = 1; threads <= 2; threads++) {
    watch w = {.caller = pthread_self(), .inner = &inner, .inner_want = &want};
    CHECK(run(&j, threads, poll_watch, &w) == BPTT_OK && same(&j, &want));
    CHECK(w.inner_good);
  }
  host_close(&h);
}

/* Another thread of the program that computes, too. */
typedef struct {
  job j, want;
  int runs, good;
} caller;

static void *run_caller(void *memory)
{
  caller *c = memory;
  for (int i = 0; i < c->runs; i++)
    c->good += run(&c->j, 1 + i % 3, NULL, NULL) == BPTT_OK && same(&c->j, &c->want);
  return NULL;
}

enum { CALLERS = 3 };

static void test_callers(void)
{
  host h;
  host_open(&h, BPTT_R);
  caller c[CALLERS];
  pthread_t thread[CALLERS];
  for (int i = 0; i < CALLERS; i++) {
    c[i] = (caller){.j = large(&h), .runs = 12};
    c[i].want = solved(&h, &c[i].j);
  }
  for (int i = 0; i < CALLERS; i++)
    if (pthread_create(&thread[i], NULL, run_caller, &c[i]) != 0) abort();
  for (int i = 0; i < CALLERS; i++) {
    pthread_join(thread[i], NULL);
    CHECK(c[i].good == c[i].runs);
  }
  host_close(&h);
}

#ifndef NO_FORK
enum { CHILD_SECONDS = 60 };

/* Whether a child of this process can compute, with threads of its own, and end them. It goes by a
 * signal, so that nobody holds it to account for the memory of threads it does not have. */
static bool child_computes(job *j, const job *want)
{
  int status;
  const pid_t child = fork();
  if (child == 0) {
    alarm(CHILD_SECONDS);
    bool good = run(j, 2, NULL, NULL) == BPTT_OK && same(j, want);
    bptt_release();
    good = run(j, 3, NULL, NULL) == BPTT_OK && same(j, want) && good;
    raise(good ? SIGKILL : SIGTERM);
  }
  return child > 0 && waitpid(child, &status, 0) == child && WIFSIGNALED(status) &&
         WTERMSIG(status) == SIGKILL;
}

static void test_fork(void)
{
  host h;
  host_open(&h, BPTT_R);
  job j = large(&h);
  const job want = solved(&h, &j);
  CHECK(run(&j, 2, NULL, NULL) == BPTT_OK && same(&j, &want));
  CHECK(child_computes(&j, &want));
  CHECK(run(&j, 2, NULL, NULL) == BPTT_OK && same(&j, &want));
  bptt_release();
  CHECK(child_computes(&j, &want));

  /* In the midst of another thread's call. */
  caller c = {.j = large(&h), .want = want, .runs = 12};
  pthread_t thread;
  if (pthread_create(&thread, NULL, run_caller, &c) != 0) abort();
  for (int i = 0; i < 4; i++) CHECK(child_computes(&j, &want));
  pthread_join(thread, NULL);
  CHECK(c.good == c.runs);
  CHECK(run(&j, 2, NULL, NULL) == BPTT_OK && same(&j, &want));
  host_close(&h);
}
#endif

int main(int argc, char **argv)
{
  enum { PROBLEMS = 24, SECONDS = 600 };
  const int first = argc > 1 ? atoi(argv[1]) : 0;
  const int count = argc > 2 ? atoi(argv[2]) : PROBLEMS;
  setbuf(stdout, NULL); /* a child or an alarm must not write or lose what is in a buffer */
  alarm(SECONDS);
  bptt_load();
  for (int i = 0; i < count; i++) test_bits(first + i);
  test_interrupt();
  test_release();
  test_nested();
  test_callers();
#ifndef NO_FORK
  test_fork();
#endif
  bptt_release();
  return report();
}

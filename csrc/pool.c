/* pool.c -- the threads that compute, kept from call to call.
 *
 * There is one pool in a process. A team is its first threads; who comes while a team is at work
 * (another thread, or a call made from poll) computes alone. Waiting is first in a loop, for less
 * than it takes to wake a thread, then asleep, so that nobody's core is kept busy by idle ones.
 *
 * A child of fork() has none of these threads: it leaves the pool it inherited alone and makes its
 * own. Signals go to the front end's threads, never to these. */
#include "pool.h"
#include "bptt.h"
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* A thread that falls asleep at a barrier adds SLEEP to `slept`, every barrier takes 1 from it;
 * above MOST_SLEPT the machine counts as crowded for a while. */
enum { MOST_THREADS = 1024, SLEEP = 16, MOST_SLEPT = 128 };
#ifndef CROWDED_SECONDS /* the tests look no further than the call */
#define CROWDED_SECONDS 2
#endif

typedef struct pool {
  pid_t owner;
  pthread_mutex_t lock;
  pthread_cond_t changed; /* phase, stop or working */
  pthread_t thread[MOST_THREADS];
  pthread_cond_t called[MOST_THREADS]; /* jobs or quit: only the team's are woken */
  int threads;                         /* that there are, besides the caller's */

  /* Changed under the lock, read without it. */
  unsigned jobs;  /* begun so far */
  unsigned phase; /* of the barrier */
  int stop, quit;
  int working; /* threads that have not finished the job */

  int arrived; /* at the barrier */
  int slept;   /* there, in this job, as a score */
  int crowded;
  double crowded_until;
  int size; /* of the team */
  void (*run)(bptt_thread *me, void *job);
  void *job;
} pool;

static pool *kept; /* by whoever has set `busy` */
static int busy;

#define READ(at) __atomic_load_n(&(at), __ATOMIC_ACQUIRE)
#define WRITE(at, value) __atomic_store_n(&(at), value, __ATOMIC_RELEASE)

/* ------------------------------------------------------------------------------- waiting */

static double seconds(void)
{
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void pause_core(void)
{
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

typedef int condition(pool *p, unsigned before);

static int has_job(pool *p, unsigned before)
{
  return READ(p->jobs) != before || READ(p->quit);
}
static int has_passed(pool *p, unsigned before)
{
  return READ(p->phase) != before || READ(p->stop);
}
static int has_finished(pool *p, unsigned before)
{
  (void)before;
  return READ(p->working) == 0;
}

/* Thread 0 goes on polling. */
static void wait_for(pool *p, pthread_cond_t *changed, condition *done, unsigned before,
                     bptt_thread *me)
{
  const double spin = 20e-6, between_polls = 0.05;
  const double start = seconds();
  while (!done(p, before) && seconds() - start < spin) pause_core();
  if (done(p, before)) return;

  pthread_mutex_lock(&p->lock);
  if (done == has_passed) p->slept += SLEEP;
  while (!done(p, before)) {
    struct timespec t;
    if (!me || !me->poll) {
      pthread_cond_wait(changed, &p->lock);
      continue;
    }
    clock_gettime(CLOCK_REALTIME, &t);
    t.tv_nsec += (long)(1e9 * between_polls);
    if (t.tv_nsec >= 1000000000) {
      t.tv_nsec -= 1000000000;
      t.tv_sec++;
    }
    if (pthread_cond_timedwait(changed, &p->lock, &t) == 0) continue;
    pthread_mutex_unlock(&p->lock);
    bptt_stopped(me);
    pthread_mutex_lock(&p->lock);
  }
  pthread_mutex_unlock(&p->lock);
}

int bptt_barrier(bptt_thread *me)
{
  pool *p = me->pool;
  if (!p) return 0;
  const unsigned before = READ(p->phase);
  if (__atomic_add_fetch(&p->arrived, 1, __ATOMIC_ACQ_REL) < p->size) {
    wait_for(p, &p->changed, has_passed, before, me);
  } else {
    WRITE(p->arrived, 0);
    pthread_mutex_lock(&p->lock);
    if (p->slept > 0) p->slept--;
    if (p->slept > MOST_SLEPT && !p->crowded) {
      p->crowded = 1;
      p->crowded_until = seconds() + CROWDED_SECONDS;
    }
    WRITE(p->phase, before + 1);
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->lock);
  }
  return READ(p->stop);
}

int bptt_crowded(const bptt_thread *me)
{
  return me->pool && me->pool->crowded;
}

void bptt_stop(bptt_thread *me)
{
  pool *p = me->pool;
  if (!p) return;
  pthread_mutex_lock(&p->lock);
  WRITE(p->stop, 1);
  pthread_cond_broadcast(&p->changed);
  pthread_mutex_unlock(&p->lock);
}

int bptt_stopped(bptt_thread *me)
{
  pool *p = me->pool;
  if (p && READ(p->stop)) return 1;
  if (!me->poll || !me->poll(me->context)) return 0;
  bptt_stop(me);
  return 1;
}

/* ------------------------------------------------------------------------------- threads */

/* What a new thread is told. */
typedef struct {
  pool *pool;
  int rank;
  unsigned jobs; /* begun before it was there */
} place;

static void *thread_main(void *memory)
{
  const place at = *(place *)memory;
  pool *p = at.pool;
  unsigned seen = at.jobs;
  free(memory);
  for (;;) {
    wait_for(p, &p->called[at.rank - 1], has_job, seen, NULL);
    pthread_mutex_lock(&p->lock);
    bptt_thread me = {.rank = at.rank, .size = p->size, .pool = p};
    void (*run)(bptt_thread * me, void *job) = p->run;
    void *job = p->job;
    const int quit = p->quit;
    seen = p->jobs;
    pthread_mutex_unlock(&p->lock);
    if (quit) return NULL;
    if (me.rank >= me.size) continue;
    run(&me, job);
    pthread_mutex_lock(&p->lock);
    WRITE(p->working, p->working - 1);
    if (p->working == 0) pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->lock);
  }
}

static pool *make_pool(void)
{
  pool *p = calloc(1, sizeof *p);
  if (!p) return NULL;
  p->owner = getpid();
  pthread_mutex_init(&p->lock, NULL);
  pthread_cond_init(&p->changed, NULL);
  return p;
}

/* One more thread; 0: there is none to be had. */
static int add_thread(pool *p)
{
  place *at = malloc(sizeof *at);
  if (!at) return 0;
  *at = (place){p, p->threads + 1, p->jobs};
#ifndef _WIN32
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
#endif
  pthread_cond_init(&p->called[p->threads], NULL);
  const int made = pthread_create(&p->thread[p->threads], NULL, thread_main, at) == 0;
#ifndef _WIN32
  pthread_sigmask(SIG_SETMASK, &before, NULL);
#endif
  if (made) {
    p->threads++;
  } else {
    pthread_cond_destroy(&p->called[p->threads]);
    free(at);
  }
  return made;
}

/* The pool, for the caller alone, with this many threads if they can be had; NULL: it is taken. */
static pool *take(int threads)
{
  if (__atomic_exchange_n(&busy, 1, __ATOMIC_ACQUIRE)) return NULL;
  if (!kept || kept->owner != getpid()) kept = make_pool();
  while (kept && kept->threads < threads && kept->threads < MOST_THREADS && add_thread(kept)) {
  }
  if (kept && kept->threads > 0) return kept;
  WRITE(busy, 0);
  return NULL;
}

int bptt_team(int threads, int (*poll)(void *context), void *context,
              void (*run)(bptt_thread *me, void *job), void *job)
{
  bptt_thread me = {.size = 1, .poll = poll, .context = context};
  pool *p = threads > 1 ? take(threads - 1) : NULL;
  if (!p) {
    run(&me, job);
    return 0;
  }
  me.pool = p;
  me.size = threads <= p->threads ? threads : p->threads + 1;
  pthread_mutex_lock(&p->lock);
  p->size = me.size;
  p->run = run;
  p->job = job;
  p->arrived = p->slept = 0;
  p->crowded = p->crowded && seconds() < p->crowded_until;
  WRITE(p->stop, 0);
  WRITE(p->working, me.size - 1);
  WRITE(p->jobs, p->jobs + 1);
  for (int i = 0; i < me.size - 1; i++) pthread_cond_signal(&p->called[i]);
  pthread_mutex_unlock(&p->lock);
  run(&me, job);
  wait_for(p, &p->changed, has_finished, 0, &me);
  const int stopped = p->stop;
  WRITE(busy, 0);
  return stopped;
}

void bptt_release(void)
{
  if (__atomic_exchange_n(&busy, 1, __ATOMIC_ACQUIRE)) return;
  pool *p = kept;
  kept = NULL;
  if (p && p->owner == getpid()) {
    pthread_mutex_lock(&p->lock);
    WRITE(p->quit, 1);
    for (int i = 0; i < p->threads; i++) pthread_cond_signal(&p->called[i]);
    pthread_mutex_unlock(&p->lock);
    for (int i = 0; i < p->threads; i++) {
      pthread_join(p->thread[i], NULL);
      pthread_cond_destroy(&p->called[i]);
    }
    pthread_cond_destroy(&p->changed);
    pthread_mutex_destroy(&p->lock);
    free(p);
  }
  WRITE(busy, 0);
}

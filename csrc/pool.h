/* pool.h -- threads that work on one step together.
 *
 * All of them run the same function, each on its share of the work, and meet at barriers. Whoever
 * calls is thread 0 and works too; only it polls the front end. What a share is, the work decides
 * by rank and size; it must not matter to the results. */
#ifndef BPTT_POOL_H
#define BPTT_POOL_H

/* One thread of a team, as itself sees it. */
typedef struct {
  int rank, size;
  struct pool *pool;          /* NULL: alone */
  int (*poll)(void *context); /* thread 0's; may be NULL */
  void *context;
  double work; /* done since the last bptt_stopped(); the kernels' to count */
} bptt_thread;

/* Calls run(thread, job) on as many threads as asked for, or on fewer where there are no more, and
 * returns when all have. Nonzero: the user asked to stop. */
int bptt_team(int threads, int (*poll)(void *context), void *context,
              void (*run)(bptt_thread *me, void *job), void *job);

/* Waits until all threads of the team have come here. Nonzero: stop now. */
int bptt_barrier(bptt_thread *me);

/* Whether threads have lately had to wait long at barriers because other programs use the cores:
 * what meets often had better be done by one. The answer changes at barriers only, for all threads
 * at the same one. */
int bptt_crowded(const bptt_thread *me);

/* Whether to stop; thread 0 asks the front end. */
int bptt_stopped(bptt_thread *me);

/* From now on bptt_stopped() is true for all threads of the team: the front end has said so when it
 * was called for something else. */
void bptt_stop(bptt_thread *me);

#endif

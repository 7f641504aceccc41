/* What tests of checkpoints share: a directory in which work is kept, and a program that is ended
 * before its time. */
#ifndef RANKPOOL_TESTS_CHECKPOINT_JOBS_H
#define RANKPOOL_TESTS_CHECKPOINT_JOBS_H

#include "rankpool.h"

enum {
    ITEMS = 2000
};

/* A directory of all ranks for one test; work is kept in another within it, that is
 * not there yet. */
void begin_place(void);
const char *saved_in(void);

/* What was kept is gone, and the directory with it. */
void end_place(void);

bool exists(const char *path);

/* A pool that keeps its work there; open_saved() must work. */
rp_status try_open(rp_config config, rp_pool **pool);
rp_pool *open_saved(rp_resume resume);

extern int64_t computed;  /* items, by this rank */
extern int64_t breaks_at; /* the item that fails; -1: none does */

/* The sum of `computed` over the ranks, which begins anew. Collective. */
int64_t computed_by_all(void);

/* A map of ITEMS items, and what comes out of it. */
rp_map_job map_job(void);
extern double map_results[ITEMS];
double value_of(int64_t item);
void check_results(const rp_pool *pool, rp_place where);

/* The first run of a map, which ends at an item in the middle; and the second one, which finishes
 * it. They return how many items they have computed. Collective. */
int64_t break_off(const rp_map_job *job);
int64_t resume(const rp_map_job *job);

/* A reduction of them, whose result is a checksum of the way in which it came about. */
rp_reduce_job reduce_job(double *result);

/* Runs something and reads what it writes to stderr. */
void capture_stderr(void (*run)(void), char *text, size_t size);

/* resume() with map_job(). */
void resume_job(void);

#endif

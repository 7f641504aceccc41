/* Shared by the tests of checkpoints: a directory for journals, and a program that ends early. */
#ifndef RANKPOOL_TESTS_CHECKPOINT_JOBS_H
#define RANKPOOL_TESTS_CHECKPOINT_JOBS_H

#include "rankpool.h"

enum {
    ITEMS = 2000
};

/* Creates a directory for one test, the same on all ranks. The checkpoint directory is a
 * subdirectory that does not exist yet. */
void begin_place(void);
const char *saved_in(void);

/* Checks that the checkpoints have been removed, and removes the directory. */
void end_place(void);

bool exists(const char *path);

/* Opens a pool with checkpoints in that directory; open_saved() must succeed. */
rp_status try_open(rp_config config, rp_pool **pool);
rp_pool *open_saved(rp_resume resume);

extern int64_t computed;  /* items computed by this rank */
extern int64_t breaks_at; /* the item that fails; -1: none */

/* Returns the sum of `computed` over the ranks and resets it. Collective. */
int64_t computed_by_all(void);

/* A map of ITEMS items, and its results. */
rp_map_job map_job(void);
extern double map_results[ITEMS];
double value_of(int64_t item);
void check_results(const rp_pool *pool, rp_place where);

/* The first run of a map, which fails at an item in the middle, and the second one, which completes
 * it. They return the number of items computed. Collective. */
int64_t break_off(const rp_map_job *job);
int64_t resume(const rp_map_job *job);

/* A reduction of them whose result is a checksum of the order in which it was combined. */
rp_reduce_job reduce_job(double *result);

/* Runs a function and reads what it writes to stderr. */
void capture_stderr(void (*run)(void), char *text, size_t size);

/* resume() with map_job(). */
void resume_job(void);

#endif

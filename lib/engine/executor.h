/* The executor runs a job whose items a function of the program computes. It claims chunks and cuts
 * them into tiles; for each tile it fetches the inputs, calls the function and delivers the
 * results. Maps and reductions share it. */
#ifndef RANKPOOL_ENGINE_EXECUTOR_H
#define RANKPOOL_ENGINE_EXECUTOR_H

#include "data/staging.h"
#include "engine/attempt.h"
#include "engine/job.h"

struct saving;

struct executor {
    rp_pool *pool;
    struct units units;
    struct schedule_choice choice;
    const struct array *arrays;
    int array_count;
    int64_t tile_items;  /* maximum items in a tile */
    int64_t tile_border; /* no tile crosses a multiple of it; 0: no limit, as where
                            nothing is copied */
    /* Called on every rank before any rank computes, even if `error` already says that none will.
     * Reports its own errors there. May be NULL. */
    void (*begin)(struct executor *executor, rp_error *error);
    /* Computes a tile; at[i] points to its elements of array i, or is NULL if the array is absent.
     * Returns how many items to deliver, counted from the first. Failed items are among them, with
     * their old results; cancelled ones are not. */
    int64_t (*compute)(struct executor *executor, rp_range tile, void *const *at);
    /* Computes all chunks of a job in which nothing is copied or saved, so that only a claim lies
     * between two items. False: this rank gave up, with *done items of *chunk done. May be NULL. */
    bool (*run_in_place)(struct executor *executor, rp_range *chunk, int64_t *done);
    /* Called after the agreement that ends a round without an error: collects partial results. Is
     * another round needed, for work that was lost with dead ranks? Collective, with the same
     * answer on every rank. May be NULL. */
    bool (*another_round)(struct executor *executor);
    void *closure;         /* context of these callbacks */
    struct saving *saving; /* results are saved for a checkpoint: engine/save_items.h; or NULL */
    bool fragile;          /* an item that was begun cannot be repeated */
    bool keeps_going;      /* after items have failed */

    bool stopping; /* set by compute() to stop all ranks */
    struct rp_task task;
    bool careful; /* calls go through rpi_attempt() */
    struct attempts attempts;
    struct failures failures;
    struct accesses accesses;
    bool staged;                /* arrays travel between nodes */
    void *buffers[MOST_ARRAYS]; /* one tile each, for arrays in a peer's memory */
    struct staging staging;
    int stage_slot;      /* stage slot of the current chunk */
    int64_t batch_first; /* first item of its batch */
};

/* The number of items in a tile, chosen so that its elements fit in a cache. */
int64_t rpi_execute_tile(const struct array *arrays, int count);

/* Sets what follows from the options and the arrays; the rest is 0. The caller sets units, choice,
 * compute and closure, and what else it needs, before rpi_execute(). */
void rpi_executor_begin(struct executor *executor, rp_pool *pool, enum call call,
                        const rp_options *options, const struct array *arrays, int count);

/* Records that a call of the program's function has finally failed with this code, and decides
 * whether all ranks stop. Returns the status of its items. */
rp_status rpi_execution_failed(struct executor *executor, int code);

/* Runs a job that the ranks have agreed to open, up to and including the agreement that ends it.
 * Collective: every rank gets the same status. */
rp_status rpi_execute(struct executor *executor);

#endif

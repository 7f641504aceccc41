/* Checkpoints: the finished work of a pool's jobs is saved in a directory, so that a program that
 * was interrupted can be resumed.
 *
 * Each rank writes its own journal and never waits for another rank. When the pool is opened, the
 * root reads the directory once and broadcasts the index, since all ranks must agree on the work
 * that remains. Each rank reads payloads itself when it needs them.
 *
 * A resumed job is scheduled like any other. A rank that claims a saved item takes its result from
 * the journal instead of computing it: engine/save_items.h. */
#ifndef RANKPOOL_CHECKPOINT_CHECKPOINT_H
#define RANKPOOL_CHECKPOINT_CHECKPOINT_H

#include "checkpoint/journal_index.h"
#include "checkpoint/journal_writer.h"
#include "pool/pool.h"

struct checkpoint {
    char *directory;      /* absolute path; owned */
    int64_t run;          /* number of this run */
    uint64_t fingerprint; /* of executable and arguments, for the heads of journals */
    bool forced;          /* saved work of any program, build or arguments is used */
    bool made;            /* on the root: remove the directory with its last journal */
    int lock;             /* on the root: locked file descriptor; -1: none */
    double interval;      /* as in struct journal_writer */
    struct journal_index journal_index;
    int64_t jobs;    /* begun so far, of those that are saved */
    bool unfinished; /* something failed, so the checkpoint may be needed */
    bool begun;      /* this rank has created its journal */
    struct journal_writer writer;
};

/* Opens the checkpoint, if the config or the environment names one, and reads earlier journals.
 * Collective on a world that has just been created. */
rp_status rpi_checkpoint_open(rp_pool *pool, const rp_config *config, rp_error *error);

/* Checks that the job about to begin matches the job saved under the same number. Only the root
 * compares; the error spreads by the agreement that opens the job. */
rp_status rpi_checkpoint_check(const rp_pool *pool, const struct job_form *form, rp_error *error);

/* Begins a job. Returns its number. */
int64_t rpi_checkpoint_begin(rp_pool *pool, const struct job_form *form);

/* Adds an entry to this rank's journal. An error is reported once per node, and the job goes on. */
void rpi_checkpoint_add(rp_pool *pool, const struct journal_entry *entry);

/* Writes the entries that were added; call it when checkpoint_due(). */
void rpi_checkpoint_write(rp_pool *pool);

/* The head of a new journal with this path, whose seed is its own. */
struct journal_head rpi_checkpoint_head(const struct checkpoint *checkpoint, const char *path);

/* Reports an error of writing, if there is one, once per node. */
void rpi_checkpoint_report(const rp_pool *pool, const rp_error *error);

/* Ends a job with this status. */
void rpi_checkpoint_end(rp_pool *pool, rp_status status);

/* Records a failure, so that rpi_checkpoint_close() does not remove the checkpoint. */
void rpi_checkpoint_leave_unfinished(rp_pool *pool);

/* Ends this rank's journal, before the agreement that closes the pool. */
void rpi_checkpoint_seal(rp_pool *pool);

/* Frees the checkpoint, after that agreement. The root removes its files if all jobs have
 * succeeded. */
void rpi_checkpoint_close(rp_pool *pool);

/* Should rpi_checkpoint_write() be called? */
static inline bool checkpoint_due(const struct checkpoint *checkpoint, double now)
{
    return journal_due(&checkpoint->writer, now);
}

#endif

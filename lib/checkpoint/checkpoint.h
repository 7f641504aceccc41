/* Checkpoints: what the jobs of a pool have finished is kept in a directory, so that a program that
 * was ended before its time goes on where it was.
 *
 * Each rank writes a journal of its own and never waits for another. What earlier runs have kept,
 * all ranks know from the time the pool is opened: the root reads the directory once and tells the
 * others, for they must agree on what is to be done. The payloads each reads itself, when it needs
 * them.
 *
 * In a job that is resumed, all items are dealt out as ever. A rank that comes to an item which is
 * kept takes its result from the journal instead of computing it: engine/save_items.h. */
#ifndef RANKPOOL_CHECKPOINT_CHECKPOINT_H
#define RANKPOOL_CHECKPOINT_CHECKPOINT_H

#include "checkpoint/journal_index.h"
#include "checkpoint/journal_writer.h"
#include "pool/pool.h"

struct checkpoint {
    char *directory;      /* a whole path; owned */
    int64_t run;          /* the number of this run */
    uint64_t fingerprint; /* of program and arguments: in the heads of journals */
    bool forced;          /* what is kept is used, whoever kept it */
    bool made;            /* on the root: the directory goes away with the last journal in it */
    int lock;             /* on the root, open and locked; -1: there is none */
    double interval;      /* as in struct journal_writer */
    struct journal_index journal_index;
    int64_t jobs;    /* begun so far, of those that are kept */
    bool unfinished; /* something did not come to its good end */
    bool begun;      /* the journal is */
    struct journal_writer writer;
};

/* Finds out whether work is to be kept, and what has been kept before. Collective on a world that
 * has just been made. */
rp_status rpi_checkpoint_open(rp_pool *pool, const rp_config *config, rp_error *error);

/* Is the job that is about to begin the one that is kept under its number? The root finds out. */
rp_status rpi_checkpoint_check(const rp_pool *pool, const struct job_form *form, rp_error *error);

/* A job begins. Returns its number. */
int64_t rpi_checkpoint_begin(rp_pool *pool, const struct job_form *form);

/* Adds an entry to this rank's journal. What stands in the way of that is told once, and the work
 * goes on. */
void rpi_checkpoint_add(rp_pool *pool, const struct journal_entry *entry);

/* Writes what has been added, if it is time to. */
void rpi_checkpoint_write(rp_pool *pool);

/* The job is over, with this status. */
void rpi_checkpoint_end(rp_pool *pool, rp_status status);

/* Something has gone wrong, so what is kept may be needed. */
void rpi_checkpoint_leave_unfinished(rp_pool *pool);

/* Before the ranks meet to close the pool: ends this rank's journal. */
void rpi_checkpoint_seal(rp_pool *pool);

/* After that: if all jobs have come to a good end, what is kept is removed. Local. */
void rpi_checkpoint_close(rp_pool *pool);

/* Is it time to write? */
static inline bool checkpoint_due(const struct checkpoint *checkpoint, double now)
{
    return journal_due(&checkpoint->writer, now);
}

#endif
